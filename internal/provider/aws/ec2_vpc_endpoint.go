package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

var _ = collect(collector{
	Type: "AWS::EC2::VPCEndpoint", Service: "ec2",
	Needs: []need{lists("ec2:DescribeVpcEndpoints")},
	List: func(ctx context.Context, s *session) error {
		client := s.ec2()
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.VpcEndpoint, *string, error) {
			out, err := client.DescribeVpcEndpoints(ctx, &ec2.DescribeVpcEndpointsInput{NextToken: token, MaxResults: aws.Int32(pageOf)})
			if err != nil {
				return nil, nil, err
			}
			return out.VpcEndpoints, out.NextToken, nil
		}, func(ctx context.Context, v types.VpcEndpoint, d *draft) error {
			d.take(v, names{"VpcEndpointId": "Id", "Groups": "", "PolicyDocument": ""}).nameTag(v.VpcEndpointId)
			delete(d.observed, "PolicyDocument") // a text
			d.policy("PolicyDocument", v.PolicyDocument)
			groups := []string{}
			for _, g := range v.Groups {
				groups = append(groups, aws.ToString(g.GroupId))
			}
			d.set("SecurityGroupIds", groups)
			return nil
		})
	},
})
