package aws

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// An instance profile is how an instance gets a role.
var _ = collect(collector{
	Type: "AWS::IAM::InstanceProfile", Service: "iam", Where: global,
	Needs: []need{lists("iam:ListInstanceProfiles")},
	List: func(ctx context.Context, s *session) error {
		client := s.iam()
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.InstanceProfile, *string, error) {
			out, err := client.ListInstanceProfiles(ctx, &iam.ListInstanceProfilesInput{Marker: token, MaxItems: aws.Int32(iamPage)})
			if err != nil {
				return nil, nil, err
			}
			next, err := more(out.IsTruncated, out.Marker)
			return out.InstanceProfiles, next, err
		}, func(_ context.Context, v types.InstanceProfile, d *draft) error {
			d.take(v, names{"Roles": ""})
			d.ARN, d.Name = aws.ToString(v.Arn), aws.ToString(v.InstanceProfileName)
			delete(d.observed, "Roles") // which are assets of their own
			byName := map[string]bool{}
			for _, r := range v.Roles {
				byName[aws.ToString(r.RoleName)] = true
				d.relate("role", "instance-profiles", "AWS::IAM::Role", aws.ToString(r.Arn))
			}
			d.set("Roles", slices.Sorted(maps.Keys(byName)))
			return nil
		})
	},
})
