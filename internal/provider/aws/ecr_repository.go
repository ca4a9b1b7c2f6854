package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

var _ = collect(collector{
	Type: "AWS::ECR::Repository", Service: "ecr",
	Needs: []need{lists("ecr:DescribeRepositories"), each("ecr:GetRepositoryPolicy"), each("ecr:GetLifecyclePolicy")},
	List: func(ctx context.Context, s *session) error {
		client := ecr.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.Repository, *string, error) {
			out, err := client.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{NextToken: token, MaxResults: aws.Int32(1000)})
			if err != nil {
				return nil, nil, err
			}
			return out.Repositories, out.NextToken, nil
		}, func(ctx context.Context, v types.Repository, d *draft) error {
			d.take(v, names{"RepositoryArn": "Arn"})
			d.ARN, d.Name = aws.ToString(v.RepositoryArn), aws.ToString(v.RepositoryName)
			if err := s.part(ctx, d, "RepositoryPolicyText", "RepositoryPolicyNotFoundException", func() error {
				out, err := client.GetRepositoryPolicy(ctx, &ecr.GetRepositoryPolicyInput{RepositoryName: v.RepositoryName, RegistryId: v.RegistryId})
				if err != nil {
					return err
				}
				d.policy("RepositoryPolicyText", out.PolicyText)
				return told(out.PolicyText)
			}); err != nil {
				return err
			}
			return s.part(ctx, d, "LifecyclePolicy", "LifecyclePolicyNotFoundException", func() error {
				out, err := client.GetLifecyclePolicy(ctx, &ecr.GetLifecyclePolicyInput{RepositoryName: v.RepositoryName, RegistryId: v.RegistryId})
				if err != nil {
					return err
				}
				d.set("LifecyclePolicy", map[string]any{"LifecyclePolicyText": tree(out.LifecyclePolicyText), "RegistryId": tree(out.RegistryId)})
				return told(out.LifecyclePolicyText)
			})
		})
	},
})
