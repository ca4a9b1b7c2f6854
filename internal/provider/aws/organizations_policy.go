package aws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
)

// The policies that bound what accounts may do: of services and of resources.
var _ = collect(collector{
	Type: "AWS::Organizations::Policy", Service: "organizations", Where: global,
	Needs: []need{lists("organizations:DescribeOrganization"), lists("organizations:ListPolicies").times(2), each("organizations:DescribePolicy"), each("organizations:ListTargetsForPolicy")},
	List: func(ctx context.Context, s *session) error {
		if reads, err := s.organizes(ctx); err != nil || !reads {
			return err
		}
		client := organizations.NewFromConfig(s.cfg)
		for _, kind := range []types.PolicyType{types.PolicyTypeServiceControlPolicy, types.PolicyTypeResourceControlPolicy} {
			err := assets(ctx, s, func(ctx context.Context, token *string) ([]types.PolicySummary, *string, error) {
				out, err := client.ListPolicies(ctx, &organizations.ListPoliciesInput{Filter: kind, NextToken: token})
				if err != nil {
					return nil, nil, err
				}
				return out.Policies, out.NextToken, nil
			}, func(ctx context.Context, v types.PolicySummary, d *draft) error {
				return s.organizationPolicy(ctx, client, v, d)
			})
			if err != nil {
				return err
			}
		}
		return nil
	},
})

func (s *session) organizationPolicy(ctx context.Context, client *organizations.Client, v types.PolicySummary, d *draft) error {
	d.take(v, nil)
	d.ARN, d.Name = aws.ToString(v.Arn), aws.ToString(v.Name)
	err := s.part(ctx, d, "Content", "", func() error {
		out, err := client.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: v.Id})
		if err != nil || out.Policy == nil || out.Policy.Content == nil {
			return or(err, errAnswer)
		}
		d.policy("Content", out.Policy.Content)
		return nil
	})
	if err != nil {
		return err
	}
	return s.part(ctx, d, "TargetIds", "", func() error {
		targets, err := all(ctx, s, func(ctx context.Context, token *string) ([]types.PolicyTargetSummary, *string, error) {
			out, err := client.ListTargetsForPolicy(ctx, &organizations.ListTargetsForPolicyInput{PolicyId: v.Id, NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return out.Targets, out.NextToken, nil
		})
		ids := []string{}
		for _, t := range targets {
			ids = append(ids, aws.ToString(t.TargetId))
		}
		slices.Sort(ids)
		d.set("TargetIds", ids)
		d.observe("Targets", targets)
		return err
	})
}
