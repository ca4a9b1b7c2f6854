package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
)

var _ = collect(collector{
	Type: "AWS::DMS::ReplicationInstance", Service: "databasemigrationservice",
	Needs: []need{lists("dms:DescribeReplicationInstances")},
	List: func(ctx context.Context, s *session) error {
		client := dms.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.ReplicationInstance, *string, error) {
			out, err := client.DescribeReplicationInstances(ctx, &dms.DescribeReplicationInstancesInput{Marker: token, MaxRecords: aws.Int32(100)})
			if err != nil {
				return nil, nil, err
			}
			return out.ReplicationInstances, out.Marker, nil
		}, func(_ context.Context, v types.ReplicationInstance, d *draft) error {
			d.take(v, nil)
			d.set("PubliclyAccessible", v.PubliclyAccessible)
			d.ARN, d.Name = aws.ToString(v.ReplicationInstanceArn), aws.ToString(v.ReplicationInstanceIdentifier)
			return nil
		})
	},
})
