package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// Of a secret its description is read, never its value.
var _ = collect(collector{
	Type: "AWS::SecretsManager::Secret", Service: "secretsmanager",
	Needs: []need{lists("secretsmanager:ListSecrets"), each("secretsmanager:GetResourcePolicy")},
	List: func(ctx context.Context, s *session) error {
		client := secretsmanager.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.SecretListEntry, *string, error) {
			out, err := client.ListSecrets(ctx, &secretsmanager.ListSecretsInput{NextToken: token, MaxResults: aws.Int32(100)})
			if err != nil {
				return nil, nil, err
			}
			return out.SecretList, out.NextToken, nil
		}, func(ctx context.Context, v types.SecretListEntry, d *draft) error {
			d.take(v, names{"ARN": "Arn"})
			d.ARN, d.Name = aws.ToString(v.ARN), aws.ToString(v.Name)
			d.set("_RotationEnabled", aws.ToBool(v.RotationEnabled))
			if v.RotationRules != nil {
				d.set("_RotationDays", v.RotationRules.AutomaticallyAfterDays)
			}
			return s.part(ctx, d, "_ResourcePolicy", "", func() error {
				out, err := client.GetResourcePolicy(ctx, &secretsmanager.GetResourcePolicyInput{SecretId: v.ARN})
				if err == nil {
					d.policy("_ResourcePolicy", out.ResourcePolicy)
				}
				return err
			})
		})
	},
})
