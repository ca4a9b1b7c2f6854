package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

var _ = collect(collector{
	Type: "AWS::EC2::EIP", Service: "ec2",
	Needs: []need{lists("ec2:DescribeAddresses")},
	List: func(ctx context.Context, s *session) error {
		out, err := s.ec2().DescribeAddresses(ctx, &ec2.DescribeAddressesInput{}) // it has no pages
		if err != nil {
			return err
		}
		return drafts(ctx, s, out.Addresses, func(_ context.Context, v types.Address, d *draft) error {
			d.take(v, nil)
			id := v.AllocationId
			if id == nil { // an address of EC2-Classic
				id = v.PublicIp
				d.set("AllocationId", id)
			}
			d.nameTag(v.PublicIp)
			d.Name = aws.ToString(v.PublicIp)
			return nil
		})
	},
})
