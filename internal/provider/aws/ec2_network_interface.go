package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

var _ = collect(collector{
	Type: "AWS::EC2::NetworkInterface", Service: "ec2",
	Needs: []need{lists("ec2:DescribeNetworkInterfaces")},
	List: func(ctx context.Context, s *session) error {
		client := s.ec2()
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.NetworkInterface, *string, error) {
			out, err := client.DescribeNetworkInterfaces(ctx, &ec2.DescribeNetworkInterfacesInput{NextToken: token, MaxResults: aws.Int32(pageOf)})
			if err != nil {
				return nil, nil, err
			}
			return out.NetworkInterfaces, out.NextToken, nil
		}, func(ctx context.Context, v types.NetworkInterface, d *draft) error {
			d.take(v, names{"NetworkInterfaceId": "Id", "Groups": ""}).nameTag(v.NetworkInterfaceId)
			groups := []string{}
			for _, g := range v.Groups {
				groups = append(groups, aws.ToString(g.GroupId))
			}
			d.set("GroupSet", groups)
			if v.Attachment != nil {
				d.set("_InstanceId", v.Attachment.InstanceId)
			}
			if v.Association != nil {
				d.set("_PublicIp", v.Association.PublicIp)
			}
			return nil
		})
	},
})
