package aws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

var _ = collect(collector{
	Type: "AWS::RDS::DBSnapshot", Service: "rds",
	Needs: []need{lists("rds:DescribeDBSnapshots"), each("rds:DescribeDBSnapshotAttributes")},
	List: func(ctx context.Context, s *session) error {
		client := s.rds()
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.DBSnapshot, *string, error) {
			out, err := client.DescribeDBSnapshots(ctx, &rds.DescribeDBSnapshotsInput{Marker: token, MaxRecords: aws.Int32(100)})
			if err != nil {
				return nil, nil, err
			}
			return out.DBSnapshots, out.Marker, nil
		}, func(ctx context.Context, v types.DBSnapshot, d *draft) error {
			d.take(v, nil)
			d.ARN, d.Name = aws.ToString(v.DBSnapshotArn), aws.ToString(v.DBSnapshotIdentifier)
			if aws.ToString(v.SnapshotType) != "manual" {
				d.set("_SharedWith", []string{}) // only those can be shared
				d.set("_Public", false)
				return nil
			}
			return s.part(ctx, d, "_SharedWith _Public", "", func() error {
				out, err := client.DescribeDBSnapshotAttributes(ctx, &rds.DescribeDBSnapshotAttributesInput{DBSnapshotIdentifier: v.DBSnapshotIdentifier})
				if err != nil || out.DBSnapshotAttributesResult == nil {
					return or(err, errAnswer)
				}
				with := []string{}
				for _, a := range out.DBSnapshotAttributesResult.DBSnapshotAttributes {
					if aws.ToString(a.AttributeName) == "restore" {
						with = append(with, a.AttributeValues...)
					}
				}
				slices.Sort(with)
				d.set("_SharedWith", with)
				d.set("_Public", slices.Contains(with, "all"))
				return nil
			})
		})
	},
})
