package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

var _ = collect(collector{
	Type: "AWS::EC2::RouteTable", Service: "ec2",
	Needs: []need{lists("ec2:DescribeRouteTables")},
	List: func(ctx context.Context, s *session) error {
		client := s.ec2()
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.RouteTable, *string, error) {
			out, err := client.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{NextToken: token, MaxResults: aws.Int32(pageOf)})
			if err != nil {
				return nil, nil, err
			}
			return out.RouteTables, out.NextToken, nil
		}, func(ctx context.Context, v types.RouteTable, d *draft) error {
			d.take(v, names{"Routes": "_Routes", "Associations": "_Associations"}).nameTag(v.RouteTableId)
			return nil
		})
	},
})
