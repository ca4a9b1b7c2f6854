package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/redshift/types"
)

var _ = collect(collector{
	Type: "AWS::Redshift::Cluster", Service: "redshift",
	Needs: []need{lists("redshift:DescribeClusters"), each("redshift:DescribeLoggingStatus")},
	List: func(ctx context.Context, s *session) error {
		client := redshift.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.Cluster, *string, error) {
			out, err := client.DescribeClusters(ctx, &redshift.DescribeClustersInput{Marker: token, MaxRecords: aws.Int32(100)})
			if err != nil {
				return nil, nil, err
			}
			return out.Clusters, out.Marker, nil
		}, func(ctx context.Context, v types.Cluster, d *draft) error {
			d.take(v, nil)
			d.Name = aws.ToString(v.ClusterIdentifier)
			d.ARN = s.arn("redshift", "cluster:"+d.Name)
			for _, g := range v.ClusterParameterGroups {
				d.set("ClusterParameterGroupName", g.ParameterGroupName)
			}
			return s.part(ctx, d, "LoggingProperties _LoggingEnabled", "", func() error {
				out, err := client.DescribeLoggingStatus(ctx, &redshift.DescribeLoggingStatusInput{ClusterIdentifier: v.ClusterIdentifier})
				if err != nil || out.LoggingEnabled == nil {
					return or(err, errAnswer)
				}
				d.observe("LoggingStatus", out)
				d.set("_LoggingEnabled", *out.LoggingEnabled)
				if *out.LoggingEnabled {
					d.set("LoggingProperties", map[string]any{"BucketName": tree(out.BucketName), "S3KeyPrefix": tree(out.S3KeyPrefix),
						"LogDestinationType": tree(out.LogDestinationType), "LogExports": tree(out.LogExports)})
				}
				return nil
			})
		})
	},
})

var _ = collect(collector{
	Type: "AWS::Redshift::ClusterParameterGroup", Service: "redshift",
	Needs: []need{lists("redshift:DescribeClusterParameterGroups"), each("redshift:DescribeClusterParameters")},
	List: func(ctx context.Context, s *session) error {
		client := redshift.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.ClusterParameterGroup, *string, error) {
			out, err := client.DescribeClusterParameterGroups(ctx, &redshift.DescribeClusterParameterGroupsInput{Marker: token, MaxRecords: aws.Int32(100)})
			if err != nil {
				return nil, nil, err
			}
			return out.ParameterGroups, out.Marker, nil
		}, func(ctx context.Context, v types.ClusterParameterGroup, d *draft) error {
			d.take(v, nil)
			d.Name = aws.ToString(v.ParameterGroupName)
			d.ARN = s.arn("redshift", "parametergroup:"+d.Name)
			return s.part(ctx, d, "Parameters", "", func() error {
				list, err := all(ctx, s, func(ctx context.Context, token *string) ([]types.Parameter, *string, error) {
					out, err := client.DescribeClusterParameters(ctx, &redshift.DescribeClusterParametersInput{ParameterGroupName: v.ParameterGroupName, Marker: token, MaxRecords: aws.Int32(100)})
					if err != nil {
						return nil, nil, err
					}
					return out.Parameters, out.Marker, nil
				})
				if err == nil && len(list) == 0 {
					return errAnswer // every group has some
				}
				d.set("Parameters", list)
				return err
			})
		})
	},
})
