package aws

import (
	"cmp"
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

var _ = collect(collector{
	Type: "AWS::EC2::Image", Service: "ec2",
	Needs: []need{lists("ec2:DescribeImages"), each("ec2:DescribeImageAttribute")},
	List: func(ctx context.Context, s *session) error {
		client := s.ec2()
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.Image, *string, error) {
			out, err := client.DescribeImages(ctx, &ec2.DescribeImagesInput{NextToken: token, MaxResults: aws.Int32(pageOf), Owners: []string{"self"}})
			if err != nil {
				return nil, nil, err
			}
			return out.Images, out.NextToken, nil
		}, func(ctx context.Context, v types.Image, d *draft) error {
			d.take(v, names{"Public": "_Public", "SourceImageId": ""}).nameTag(v.ImageId)
			d.Name = cmp.Or(aws.ToString(v.Name), d.Name)
			d.set("_Copy", v.SourceImageId != nil)
			d.observe("SourceImageId", v.SourceImageId)
			d.set("Encrypted", encrypted(v.BlockDeviceMappings))
			for _, disk := range v.BlockDeviceMappings {
				if disk.Ebs != nil && disk.Ebs.KmsKeyId != nil {
					d.set("KmsKeyId", disk.Ebs.KmsKeyId)
					break
				}
			}
			return s.part(ctx, d, "_LaunchPermissions", "", func() error {
				out, err := client.DescribeImageAttribute(ctx, &ec2.DescribeImageAttributeInput{ImageId: v.ImageId, Attribute: types.ImageAttributeNameLaunchPermission})
				if err != nil {
					return err
				}
				d.set("_LaunchPermissions", append([]types.LaunchPermission{}, out.LaunchPermissions...))
				return nil
			})
		})
	},
})

// encrypted tells whether every disk of an image is; nil where it has none.
func encrypted(disks []types.BlockDeviceMapping) any {
	found := false
	for _, disk := range disks {
		if disk.Ebs == nil {
			continue
		}
		found = true
		if !aws.ToBool(disk.Ebs.Encrypted) {
			return false
		}
	}
	if !found {
		return nil
	}
	return true
}
