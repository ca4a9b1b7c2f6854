package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/elasticache/types"
)

// Clusters of their own: the members of a replication group are told by it.
var _ = collect(collector{
	Type: "AWS::ElastiCache::CacheCluster", Service: "elasticache",
	Needs: []need{lists("elasticache:DescribeCacheClusters")},
	List: func(ctx context.Context, s *session) error {
		client := elasticache.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.CacheCluster, *string, error) {
			out, err := client.DescribeCacheClusters(ctx, &elasticache.DescribeCacheClustersInput{Marker: token, MaxRecords: aws.Int32(100), ShowCacheNodeInfo: aws.Bool(true), ShowCacheClustersNotInReplicationGroups: aws.Bool(true)})
			if err != nil {
				return nil, nil, err
			}
			return out.CacheClusters, out.Marker, nil
		}, func(_ context.Context, v types.CacheCluster, d *draft) error {
			d.take(v, names{"CacheClusterId": "ClusterName"})
			d.ARN, d.Name = aws.ToString(v.ARN), aws.ToString(v.CacheClusterId)
			return nil
		})
	},
})

var _ = collect(collector{
	Type: "AWS::ElastiCache::ReplicationGroup", Service: "elasticache",
	Needs: []need{lists("elasticache:DescribeReplicationGroups")},
	List: func(ctx context.Context, s *session) error {
		client := elasticache.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.ReplicationGroup, *string, error) {
			out, err := client.DescribeReplicationGroups(ctx, &elasticache.DescribeReplicationGroupsInput{Marker: token, MaxRecords: aws.Int32(100)})
			if err != nil {
				return nil, nil, err
			}
			return out.ReplicationGroups, out.Marker, nil
		}, func(_ context.Context, v types.ReplicationGroup, d *draft) error {
			d.take(v, nil)
			d.ARN, d.Name = aws.ToString(v.ARN), aws.ToString(v.ReplicationGroupId)
			d.set("AutomaticFailoverEnabled", v.AutomaticFailover == types.AutomaticFailoverStatusEnabled || v.AutomaticFailover == types.AutomaticFailoverStatusEnabling)
			d.set("MultiAZEnabled", v.MultiAZ == types.MultiAZStatusEnabled)
			if aws.ToBool(v.AuthTokenEnabled) || len(v.UserGroupIds) > 0 {
				d.set("AuthToken", "set") // which it is, is not told
			}
			return nil
		})
	},
})
