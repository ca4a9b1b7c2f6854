package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

var _ = collect(collector{
	Type: "AWS::EC2::NatGateway", Service: "ec2",
	Needs: []need{lists("ec2:DescribeNatGateways")},
	List: func(ctx context.Context, s *session) error {
		client := s.ec2()
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.NatGateway, *string, error) {
			out, err := client.DescribeNatGateways(ctx, &ec2.DescribeNatGatewaysInput{NextToken: token, MaxResults: aws.Int32(pageOf)})
			if err != nil {
				return nil, nil, err
			}
			return out.NatGateways, out.NextToken, nil
		}, func(ctx context.Context, v types.NatGateway, d *draft) error {
			d.take(v, nil).nameTag(v.NatGatewayId)
			if v.State == types.NatGatewayStateDeleted {
				return errSkip
			}
			return nil
		})
	},
})
