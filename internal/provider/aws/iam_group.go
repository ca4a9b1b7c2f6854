package aws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

var _ = collect(collector{
	Type: "AWS::IAM::Group", Service: "iam", Where: global,
	Needs: []need{lists("iam:GetAccountAuthorizationDetails")},
	List: func(ctx context.Context, s *session) error {
		all, err := s.details(ctx)
		if err != nil {
			return err
		}
		members := map[string][]string{}
		for _, u := range all.users {
			for _, g := range u.GroupList {
				members[g] = append(members[g], aws.ToString(u.UserName))
			}
		}
		return drafts(ctx, s, all.groups, func(_ context.Context, v types.GroupDetail, d *draft) error {
			d.take(v, names{"GroupPolicyList": ""})
			d.ARN, d.Name = aws.ToString(v.Arn), aws.ToString(v.GroupName)
			delete(d.observed, "GroupPolicyList") // its documents are texts for a URL
			d.inline(v.GroupPolicyList)
			d.set("ManagedPolicyArns", attached(v.AttachedManagedPolicies))
			list := slices.Clone(members[d.Name])
			slices.Sort(list)
			d.set("_Members", append([]string{}, list...))
			return nil
		})
	},
})
