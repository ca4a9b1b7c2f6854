package aws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/bulwarksec/bulwark/internal/provider"
)

// The account's own keys; those that AWS manages cannot be configured.
var _ = collect(collector{
	Type: "AWS::KMS::Key", Service: "kms",
	Needs: []need{lists("kms:ListKeys"), once("kms:ListAliases"), each("kms:DescribeKey"), each("kms:GetKeyPolicy"), each("kms:GetKeyRotationStatus"), each("kms:ListResourceTags")},
	List: func(ctx context.Context, s *session) error {
		client := kms.NewFromConfig(s.cfg)
		aliases, aliasErr := keyAliases(ctx, s, client)
		if ended := s.ended(ctx, aliasErr); ended != nil {
			return ended
		}
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.KeyListEntry, *string, error) {
			out, err := client.ListKeys(ctx, &kms.ListKeysInput{Marker: token, Limit: aws.Int32(1000)})
			if err != nil {
				return nil, nil, err
			}
			next, err := more(out.Truncated, out.NextMarker)
			return out.Keys, next, err
		}, func(ctx context.Context, v types.KeyListEntry, d *draft) error {
			d.set("KeyId", v.KeyId)
			d.ARN, d.Name = aws.ToString(v.KeyArn), aws.ToString(v.KeyId)
			if aliasErr != nil {
				f := s.fault(aliasErr, s.where())
				d.unknown("_Aliases", provider.Reason(f))
				s.gap("_Aliases", f)
			} else if names := aliases[aws.ToString(v.KeyId)]; len(names) > 0 {
				d.Name = names[0]
				d.set("_Aliases", names)
			}
			return s.keyParts(ctx, client, v, d)
		})
	},
})

// keyAliases returns the names of each key, sorted.
func keyAliases(ctx context.Context, s *session, client *kms.Client) (map[string][]string, error) {
	list, err := all(ctx, s, func(ctx context.Context, token *string) ([]types.AliasListEntry, *string, error) {
		out, err := client.ListAliases(ctx, &kms.ListAliasesInput{Marker: token, Limit: aws.Int32(100)})
		if err != nil {
			return nil, nil, err
		}
		next, err := more(out.Truncated, out.NextMarker)
		return out.Aliases, next, err
	})
	byKey := map[string][]string{}
	for _, a := range list {
		if id := aws.ToString(a.TargetKeyId); id != "" {
			byKey[id] = append(byKey[id], aws.ToString(a.AliasName))
		}
	}
	for _, names := range byKey {
		slices.Sort(names)
	}
	return byKey, err
}

func (s *session) keyParts(ctx context.Context, client *kms.Client, v types.KeyListEntry, d *draft) error {
	var key *types.KeyMetadata
	renamed := names{"PendingDeletionWindowInDays": ""}
	err := s.part(ctx, d, fields[types.KeyMetadata](d, renamed)+" _KeyState", "", func() error {
		out, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: v.KeyId})
		if err != nil {
			return err
		}
		if out.KeyMetadata == nil {
			return errAnswer
		}
		key = out.KeyMetadata
		d.take(key, renamed)
		d.observe("_KeyState", key.KeyState)
		return nil
	})
	if err != nil {
		return err
	}
	if key != nil && key.KeyManager == types.KeyManagerTypeAws {
		return errSkip
	}
	if key == nil || rotates(key) {
		if err := s.part(ctx, d, "EnableKeyRotation", "", func() error {
			out, err := client.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: v.KeyId})
			if err != nil {
				return err
			}
			d.set("EnableKeyRotation", out.KeyRotationEnabled)
			d.observe("KeyRotationStatus", out)
			return nil
		}); err != nil {
			return err
		}
	}
	if err := s.part(ctx, d, "KeyPolicy", "", func() error {
		out, err := client.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: v.KeyId})
		if err != nil {
			return err
		}
		d.policy("KeyPolicy", out.Policy)
		return told(out.Policy)
	}); err != nil {
		return err
	}
	return s.part(ctx, d, "Tags", "", func() error {
		tags, err := all(ctx, s, func(ctx context.Context, token *string) ([]types.Tag, *string, error) {
			out, err := client.ListResourceTags(ctx, &kms.ListResourceTagsInput{KeyId: v.KeyId, Marker: token})
			if err != nil {
				return nil, nil, err
			}
			next, err := more(out.Truncated, out.NextMarker)
			return out.Tags, next, err
		})
		list, _ := tagList(append([]types.Tag{}, tags...))
		d.set("Tags", list)
		return err
	})
}

// rotates tells whether a key is of the sort that KMS can rotate by itself; of
// others it is an error to ask. Source: KMS Developer Guide, "Rotating keys".
func rotates(k *types.KeyMetadata) bool {
	return k.KeySpec == types.KeySpecSymmetricDefault && (k.Origin == types.OriginTypeAwsKms || k.Origin == "") && k.CustomKeyStoreId == nil
}
