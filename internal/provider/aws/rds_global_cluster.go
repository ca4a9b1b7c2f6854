package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// Global clusters have no region, but each region lists those that it knows;
// the home region knows all.
var _ = collect(collector{
	Type: "AWS::RDS::GlobalCluster", Service: "rds", Where: global,
	Needs: []need{lists("rds:DescribeGlobalClusters")},
	List: func(ctx context.Context, s *session) error {
		client := s.rds()
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.GlobalCluster, *string, error) {
			out, err := client.DescribeGlobalClusters(ctx, &rds.DescribeGlobalClustersInput{Marker: token, MaxRecords: aws.Int32(100)})
			if err != nil {
				return nil, nil, err
			}
			return out.GlobalClusters, out.Marker, nil
		}, func(_ context.Context, v types.GlobalCluster, d *draft) error {
			if otherService(v.Engine) {
				return errSkip
			}
			d.take(v, nil)
			d.ARN, d.Name = aws.ToString(v.GlobalClusterArn), aws.ToString(v.GlobalClusterIdentifier)
			for _, m := range v.GlobalClusterMembers {
				if aws.ToBool(m.IsWriter) {
					d.set("SourceDBClusterIdentifier", m.DBClusterArn)
				}
			}
			return nil
		})
	},
})
