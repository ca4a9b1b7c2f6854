package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

var _ = collect(collector{
	Type: "AWS::EC2::KeyPair", Service: "ec2",
	Needs: []need{lists("ec2:DescribeKeyPairs")},
	List: func(ctx context.Context, s *session) error {
		out, err := s.ec2().DescribeKeyPairs(ctx, &ec2.DescribeKeyPairsInput{}) // it has no pages
		if err != nil {
			return err
		}
		return drafts(ctx, s, out.KeyPairs, func(_ context.Context, v types.KeyPairInfo, d *draft) error {
			d.take(v, nil)
			d.nameTag(v.KeyName)
			d.Name = aws.ToString(v.KeyName)
			return nil
		})
	},
})
