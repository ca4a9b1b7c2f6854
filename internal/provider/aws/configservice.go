package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"
)

var _ = collect(collector{
	Type: "AWS::Config::ConfigurationRecorder", Service: "configservice",
	Needs: []need{lists("config:DescribeConfigurationRecorders"), each("config:DescribeConfigurationRecorderStatus")},
	List: func(ctx context.Context, s *session) error {
		client := configservice.NewFromConfig(s.cfg)
		out, err := client.DescribeConfigurationRecorders(ctx, &configservice.DescribeConfigurationRecordersInput{})
		if err != nil {
			return err
		}
		return drafts(ctx, s, out.ConfigurationRecorders, func(ctx context.Context, v types.ConfigurationRecorder, d *draft) error {
			d.take(v, nil)
			d.ARN, d.Name = aws.ToString(v.Arn), aws.ToString(v.Name)
			return s.part(ctx, d, "Status", "", func() error {
				out, err := client.DescribeConfigurationRecorderStatus(ctx, &configservice.DescribeConfigurationRecorderStatusInput{ConfigurationRecorderNames: []string{d.Name}})
				if err != nil || len(out.ConfigurationRecordersStatus) == 0 {
					return or(err, errAnswer)
				}
				d.observe("Status", out.ConfigurationRecordersStatus[0])
				return nil
			})
		})
	},
})

var _ = collect(collector{
	Type: "AWS::Config::ConfigurationAggregator", Service: "configservice",
	Needs: []need{lists("config:DescribeConfigurationAggregators")},
	List: func(ctx context.Context, s *session) error {
		client := configservice.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.ConfigurationAggregator, *string, error) {
			out, err := client.DescribeConfigurationAggregators(ctx, &configservice.DescribeConfigurationAggregatorsInput{NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return out.ConfigurationAggregators, out.NextToken, nil
		}, func(_ context.Context, v types.ConfigurationAggregator, d *draft) error {
			d.take(v, nil)
			d.ARN, d.Name = aws.ToString(v.ConfigurationAggregatorArn), aws.ToString(v.ConfigurationAggregatorName)
			return nil
		})
	},
})
