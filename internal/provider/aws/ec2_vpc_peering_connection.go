package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

var _ = collect(collector{
	Type: "AWS::EC2::VPCPeeringConnection", Service: "ec2",
	Needs: []need{lists("ec2:DescribeVpcPeeringConnections")},
	List: func(ctx context.Context, s *session) error {
		client := s.ec2()
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.VpcPeeringConnection, *string, error) {
			out, err := client.DescribeVpcPeeringConnections(ctx, &ec2.DescribeVpcPeeringConnectionsInput{NextToken: token, MaxResults: aws.Int32(pageOf)})
			if err != nil {
				return nil, nil, err
			}
			return out.VpcPeeringConnections, out.NextToken, nil
		}, func(ctx context.Context, v types.VpcPeeringConnection, d *draft) error {
			d.take(v, names{"VpcPeeringConnectionId": "Id"}).nameTag(v.VpcPeeringConnectionId)
			if r := v.RequesterVpcInfo; r != nil {
				d.set("VpcId", r.VpcId)
			}
			if a := v.AccepterVpcInfo; a != nil {
				d.set("PeerVpcId", a.VpcId)
				d.set("PeerOwnerId", a.OwnerId)
				d.set("PeerRegion", a.Region)
			}
			if v.Status != nil && v.Status.Code == types.VpcPeeringConnectionStateReasonCodeDeleted {
				return errSkip
			}
			return nil
		})
	},
})
