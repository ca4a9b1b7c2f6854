package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

var _ = collect(collector{
	Type: "AWS::EC2::NetworkAcl", Service: "ec2",
	Needs: []need{lists("ec2:DescribeNetworkAcls")},
	List: func(ctx context.Context, s *session) error {
		client := s.ec2()
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.NetworkAcl, *string, error) {
			out, err := client.DescribeNetworkAcls(ctx, &ec2.DescribeNetworkAclsInput{NextToken: token, MaxResults: aws.Int32(pageOf)})
			if err != nil {
				return nil, nil, err
			}
			return out.NetworkAcls, out.NextToken, nil
		}, func(ctx context.Context, v types.NetworkAcl, d *draft) error {
			d.take(v, names{"Entries": ""}).nameTag(v.NetworkAclId)
			delete(d.observed, "Entries") // with numbers of protocols
			entries := []any{}
			for _, e := range v.Entries {
				entry, _ := tree(e).(map[string]any)
				entry["Protocol"] = protocol(e.Protocol)
				entries = append(entries, entry)
			}
			d.set("_Entries", entries)
			return nil
		})
	},
})
