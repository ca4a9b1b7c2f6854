package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

func (s *session) rds() *rds.Client { return rds.NewFromConfig(s.cfg) }

// rdsNames are the names that CloudFormation has for what RDS tells.
var rdsNames = names{
	"IAMDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication", "PerformanceInsightsEnabled": "EnablePerformanceInsights",
	"EnabledCloudwatchLogsExports": "EnableCloudwatchLogsExports", "ReadReplicaSourceDBInstanceIdentifier": "SourceDBInstanceIdentifier",
	"DBClusterParameterGroup": "DBClusterParameterGroupName",
}

// otherService tells of engines that RDS lists although they are services of
// their own.
func otherService(engine *string) bool {
	e := aws.ToString(engine)
	return strings.HasPrefix(e, "docdb") || strings.HasPrefix(e, "neptune")
}

// clusters returns the region's clusters of all engines.
func (s *session) clusters(ctx context.Context) ([]types.DBCluster, error) {
	return shared(ctx, s, "clusters", func() ([]types.DBCluster, error) {
		client := s.rds()
		return all(ctx, s, func(ctx context.Context, token *string) ([]types.DBCluster, *string, error) {
			out, err := client.DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{Marker: token, MaxRecords: aws.Int32(100)})
			if err != nil {
				return nil, nil, err
			}
			return out.DBClusters, out.Marker, nil
		})
	})
}

// clusterNames are those of DocumentDB and Neptune.
var clusterNames = names{"IAMDatabaseAuthenticationEnabled": "IamAuthEnabled", "EnabledCloudwatchLogsExports": "EnableCloudwatchLogsExports"}

// dbCluster is a collector of the clusters of some engines.
func dbCluster(typ string, renamed names, ours func(engine *string) bool) collector {
	return collector{
		Type: typ, Service: "rds",
		Needs: []need{lists("rds:DescribeDBClusters")},
		List: func(ctx context.Context, s *session) error {
			list, err := s.clusters(ctx)
			if err != nil {
				return err
			}
			return drafts(ctx, s, list, func(_ context.Context, v types.DBCluster, d *draft) error {
				if !ours(v.Engine) {
					return errSkip
				}
				d.take(v, renamed)
				d.ARN, d.Name = aws.ToString(v.DBClusterArn), aws.ToString(v.DBClusterIdentifier)
				return nil
			})
		},
	}
}

func hasPrefix(prefix string) func(*string) bool {
	return func(s *string) bool { return strings.HasPrefix(aws.ToString(s), prefix) }
}
