package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

var _ = collect(collector{
	Type: "AWS::EC2::VPCEndpointService", Service: "ec2",
	Needs: []need{lists("ec2:DescribeVpcEndpointServiceConfigurations")},
	List: func(ctx context.Context, s *session) error {
		client := s.ec2()
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.ServiceConfiguration, *string, error) {
			out, err := client.DescribeVpcEndpointServiceConfigurations(ctx, &ec2.DescribeVpcEndpointServiceConfigurationsInput{NextToken: token, MaxResults: aws.Int32(pageOf)})
			if err != nil {
				return nil, nil, err
			}
			return out.ServiceConfigurations, out.NextToken, nil
		}, func(ctx context.Context, v types.ServiceConfiguration, d *draft) error {
			d.take(v, nil).nameTag(v.ServiceId)
			return nil
		})
	},
})
