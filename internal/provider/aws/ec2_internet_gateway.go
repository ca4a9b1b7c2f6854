package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

var _ = collect(collector{
	Type: "AWS::EC2::InternetGateway", Service: "ec2",
	Needs: []need{lists("ec2:DescribeInternetGateways")},
	List: func(ctx context.Context, s *session) error {
		client := s.ec2()
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.InternetGateway, *string, error) {
			out, err := client.DescribeInternetGateways(ctx, &ec2.DescribeInternetGatewaysInput{NextToken: token, MaxResults: aws.Int32(pageOf)})
			if err != nil {
				return nil, nil, err
			}
			return out.InternetGateways, out.NextToken, nil
		}, func(ctx context.Context, v types.InternetGateway, d *draft) error {
			d.take(v, names{"Attachments": "_Attachments"}).nameTag(v.InternetGatewayId)
			return nil
		})
	},
})
