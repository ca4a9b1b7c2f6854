package aws

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// Keys are put as the metadata that DescribeKey answers.
var (
	_ = project[kms.ListKeysInput, kms.ListKeysOutput](func(k *kmstypes.KeyMetadata) kmstypes.KeyListEntry {
		return kmstypes.KeyListEntry{KeyArn: k.Arn, KeyId: k.KeyId}
	})
	_ = list[kms.ListAliasesInput, kms.ListAliasesOutput, kmstypes.AliasListEntry](by("KeyId", "TargetKeyId"))
	_ = answer[kms.GetKeyPolicyInput, kms.GetKeyPolicyOutput]("KeyId", notFound("NotFoundException", 400))
	_ = answer[kms.GetKeyRotationStatusInput, kms.GetKeyRotationStatusOutput]("KeyId", nil)
	_ = list[kms.ListGrantsInput, kms.ListGrantsOutput, kmstypes.GrantListEntry](ofName("KeyId"))
	_ = list[kms.ListResourceTagsInput, kms.ListResourceTagsOutput, kmstypes.Tag](ofName("KeyId"))
)

// DescribeKey takes a key's id or ARN, or an alias's name or ARN.
var _ = handle(func(c *Call, in *kms.DescribeKeyInput) (*kms.DescribeKeyOutput, error) {
	want := keyOf(in, "KeyId")
	if i := strings.Index(want, "alias/"); i >= 0 {
		for _, a := range All[kmstypes.AliasListEntry](c.World(), c.Place()) {
			if a.AliasName != nil && *a.AliasName == want[i:] && a.TargetKeyId != nil {
				want = *a.TargetKeyId
			}
		}
	}
	for _, k := range All[kmstypes.KeyMetadata](c.World(), c.Place()) {
		if k.KeyId != nil && sameName(want, *k.KeyId) {
			return &kms.DescribeKeyOutput{KeyMetadata: &k}, nil
		}
	}
	return nil, notFound("NotFoundException", 400)
})
