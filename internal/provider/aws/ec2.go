package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// pageOf is how many items a page of EC2 has; without it EC2 gives all in one
// answer, or refuses.
const pageOf = 500

func (s *session) ec2() *ec2.Client { return ec2.NewFromConfig(s.cfg) }

// protocol returns a protocol as type files have it: a name in lower case, -1
// for every one. Source: IANA, Assigned Internet Protocol Numbers.
func protocol(p *string) any {
	if p == nil {
		return nil
	}
	switch v := strings.ToLower(*p); v {
	case "all", "-1":
		return "-1"
	case "1":
		return "icmp"
	case "6":
		return "tcp"
	case "17":
		return "udp"
	case "58":
		return "icmpv6"
	default:
		return v
	}
}

// nameTag names a draft by its Name tag, else by its id.
func (d *draft) nameTag(id *string) {
	if d.Name = d.tag("Name"); d.Name == "" {
		d.Name = aws.ToString(id)
	}
}

// volumes returns the region's volumes by id; instances tell by them which of
// their disks are encrypted.
func (s *session) volumes(ctx context.Context) ([]types.Volume, error) {
	return shared(ctx, s, "volumes", func() ([]types.Volume, error) {
		client := s.ec2()
		return all(ctx, s, func(ctx context.Context, token *string) ([]types.Volume, *string, error) {
			out, err := client.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{NextToken: token, MaxResults: aws.Int32(pageOf)})
			if err != nil {
				return nil, nil, err
			}
			return out.Volumes, out.NextToken, nil
		})
	})
}
