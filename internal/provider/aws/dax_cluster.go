package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dax"
	"github.com/aws/aws-sdk-go-v2/service/dax/types"
)

var _ = collect(collector{
	Type: "AWS::DAX::Cluster", Service: "dax",
	Needs: []need{lists("dax:DescribeClusters")},
	List: func(ctx context.Context, s *session) error {
		client := dax.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.Cluster, *string, error) {
			out, err := client.DescribeClusters(ctx, &dax.DescribeClustersInput{NextToken: token, MaxResults: aws.Int32(100)})
			if err != nil {
				return nil, nil, err
			}
			return out.Clusters, out.NextToken, nil
		}, func(_ context.Context, v types.Cluster, d *draft) error {
			d.take(v, names{"ClusterArn": "Arn", "SSEDescription": ""})
			d.ARN, d.Name = aws.ToString(v.ClusterArn), aws.ToString(v.ClusterName)
			d.observe("SSEDescription", v.SSEDescription)
			d.set("SSESpecification.SSEEnabled", v.SSEDescription != nil && (v.SSEDescription.Status == types.SSEStatusEnabled || v.SSEDescription.Status == types.SSEStatusEnabling))
			return nil
		})
	},
})
