package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

var _ = collect(collector{
	Type: "AWS::EC2::Subnet", Service: "ec2",
	Needs: []need{lists("ec2:DescribeSubnets")},
	List: func(ctx context.Context, s *session) error {
		client := s.ec2()
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.Subnet, *string, error) {
			out, err := client.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{NextToken: token, MaxResults: aws.Int32(pageOf)})
			if err != nil {
				return nil, nil, err
			}
			return out.Subnets, out.NextToken, nil
		}, func(ctx context.Context, v types.Subnet, d *draft) error {
			d.take(v, nil).nameTag(v.SubnetId)
			d.ARN = aws.ToString(v.SubnetArn)
			return nil
		})
	},
})
