package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

var _ = collect(collector{
	Type: "AWS::EC2::Volume", Service: "ec2",
	Needs: []need{lists("ec2:DescribeVolumes")},
	List: func(ctx context.Context, s *session) error {
		volumes, err := s.volumes(ctx)
		if err != nil {
			return err
		}
		return drafts(ctx, s, volumes, func(_ context.Context, v types.Volume, d *draft) error {
			d.take(v, nil).nameTag(v.VolumeId)
			return nil
		})
	},
})
