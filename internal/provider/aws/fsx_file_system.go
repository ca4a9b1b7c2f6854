package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/fsx"
	"github.com/aws/aws-sdk-go-v2/service/fsx/types"
)

var _ = collect(collector{
	Type: "AWS::FSx::FileSystem", Service: "fsx",
	Needs: []need{lists("fsx:DescribeFileSystems")},
	List: func(ctx context.Context, s *session) error {
		client := fsx.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.FileSystem, *string, error) {
			out, err := client.DescribeFileSystems(ctx, &fsx.DescribeFileSystemsInput{NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return out.FileSystems, out.NextToken, nil
		}, func(_ context.Context, v types.FileSystem, d *draft) error {
			d.take(v, nil)
			d.ARN = aws.ToString(v.ResourceARN)
			if d.Name = d.tag("Name"); d.Name == "" {
				d.Name = aws.ToString(v.FileSystemId)
			}
			return nil
		})
	},
})
