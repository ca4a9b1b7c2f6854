package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// metricAlarms returns a region's alarms on metrics.
func metricAlarms(ctx context.Context, s *session, client *cloudwatch.Client) ([]types.MetricAlarm, error) {
	return all(ctx, s, func(ctx context.Context, token *string) ([]types.MetricAlarm, *string, error) {
		out, err := client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{NextToken: token, MaxRecords: aws.Int32(100), AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm}})
		if err != nil {
			return nil, nil, err
		}
		return out.MetricAlarms, out.NextToken, nil
	})
}

var _ = collect(collector{
	Type: "AWS::CloudWatch::Alarm", Service: "cloudwatch",
	Needs: []need{lists("cloudwatch:DescribeAlarms")},
	List: func(ctx context.Context, s *session) error {
		list, err := metricAlarms(ctx, s, cloudwatch.NewFromConfig(s.cfg))
		if err != nil {
			return err
		}
		return drafts(ctx, s, list, func(_ context.Context, v types.MetricAlarm, d *draft) error {
			d.take(v, names{"AlarmArn": "Arn"})
			d.policy("StateReasonData", v.StateReasonData)
			d.ARN, d.Name = aws.ToString(v.AlarmArn), aws.ToString(v.AlarmName)
			return nil
		})
	},
})

var _ = collect(collector{
	Type: "AWS::CloudWatch::CompositeAlarm", Service: "cloudwatch",
	Needs: []need{lists("cloudwatch:DescribeAlarms")},
	List: func(ctx context.Context, s *session) error {
		client := cloudwatch.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.CompositeAlarm, *string, error) {
			out, err := client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{NextToken: token, MaxRecords: aws.Int32(100), AlarmTypes: []types.AlarmType{types.AlarmTypeCompositeAlarm}})
			if err != nil {
				return nil, nil, err
			}
			return out.CompositeAlarms, out.NextToken, nil
		}, func(_ context.Context, v types.CompositeAlarm, d *draft) error {
			d.take(v, names{"AlarmArn": "Arn"})
			d.policy("StateReasonData", v.StateReasonData)
			d.ARN, d.Name = aws.ToString(v.AlarmArn), aws.ToString(v.AlarmName)
			return nil
		})
	},
})
