package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

var _ = collect(collector{
	Type: "AWS::RDS::DBInstance", Service: "rds",
	Needs: []need{lists("rds:DescribeDBInstances")},
	List: func(ctx context.Context, s *session) error {
		client := s.rds()
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.DBInstance, *string, error) {
			out, err := client.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{Marker: token, MaxRecords: aws.Int32(100)})
			if err != nil {
				return nil, nil, err
			}
			return out.DBInstances, out.Marker, nil
		}, func(_ context.Context, v types.DBInstance, d *draft) error {
			if otherService(v.Engine) {
				return errSkip
			}
			d.take(v, rdsNames)
			d.ARN, d.Name = aws.ToString(v.DBInstanceArn), aws.ToString(v.DBInstanceIdentifier)
			if v.Endpoint != nil {
				d.set("Port", v.Endpoint.Port)
			}
			return nil
		})
	},
})
