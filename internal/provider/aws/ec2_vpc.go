package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

var _ = collect(collector{
	Type: "AWS::EC2::VPC", Service: "ec2",
	Needs: []need{lists("ec2:DescribeVpcs"), each("ec2:DescribeVpcAttribute").times(2)},
	List: func(ctx context.Context, s *session) error {
		client := s.ec2()
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.Vpc, *string, error) {
			out, err := client.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{NextToken: token, MaxResults: aws.Int32(pageOf)})
			if err != nil {
				return nil, nil, err
			}
			return out.Vpcs, out.NextToken, nil
		}, func(ctx context.Context, v types.Vpc, d *draft) error {
			d.take(v, names{"IsDefault": "_Default"}).nameTag(v.VpcId)
			err := s.part(ctx, d, "EnableDnsSupport", "", func() error {
				out, err := client.DescribeVpcAttribute(ctx, &ec2.DescribeVpcAttributeInput{VpcId: v.VpcId, Attribute: types.VpcAttributeNameEnableDnsSupport})
				if err != nil {
					return err
				}
				return d.attribute("EnableDnsSupport", out.EnableDnsSupport)
			})
			if err != nil {
				return err
			}
			return s.part(ctx, d, "EnableDnsHostnames", "", func() error {
				out, err := client.DescribeVpcAttribute(ctx, &ec2.DescribeVpcAttributeInput{VpcId: v.VpcId, Attribute: types.VpcAttributeNameEnableDnsHostnames})
				if err != nil {
					return err
				}
				return d.attribute("EnableDnsHostnames", out.EnableDnsHostnames)
			})
		})
	},
})

// attribute puts an attribute that was asked for by name; an answer without it
// tells nothing.
func (d *draft) attribute(property string, v *types.AttributeBooleanValue) error {
	if v == nil || v.Value == nil {
		return errAnswer
	}
	d.set(property, v.Value)
	return nil
}
