package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/bulwarksec/bulwark/internal/provider"
)

var _ = collect(collector{
	Type: "AWS::Logs::LogGroup", Service: "cloudwatchlogs",
	Needs: []need{lists("logs:DescribeLogGroups"), each("logs:ListTagsForResource")},
	List: func(ctx context.Context, s *session) error {
		client := cloudwatchlogs.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.LogGroup, *string, error) {
			out, err := client.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{NextToken: token, Limit: aws.Int32(50)})
			if err != nil {
				return nil, nil, err
			}
			return out.LogGroups, out.NextToken, nil
		}, func(ctx context.Context, v types.LogGroup, d *draft) error {
			d.take(v, nil)
			d.Name = aws.ToString(v.LogGroupName)
			d.ARN = s.arn("logs", "log-group:"+d.Name)
			return s.part(ctx, d, "Tags", "", func() error {
				out, err := client.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: &d.ARN})
				if err != nil {
					return err
				}
				list, _ := tagList(out.Tags)
				d.set("Tags", list)
				return nil
			})
		})
	},
})

// metricFilters returns a region's filters, or those of one group.
func metricFilters(ctx context.Context, s *session, client *cloudwatchlogs.Client, group *string) ([]types.MetricFilter, error) {
	return all(ctx, s, func(ctx context.Context, token *string) ([]types.MetricFilter, *string, error) {
		out, err := client.DescribeMetricFilters(ctx, &cloudwatchlogs.DescribeMetricFiltersInput{LogGroupName: group, NextToken: token, Limit: aws.Int32(50)})
		if err != nil {
			return nil, nil, err
		}
		return out.MetricFilters, out.NextToken, nil
	})
}

// A metric filter has no ARN of its own: ours adds its name to the group's.
var _ = collect(collector{
	Type: "AWS::Logs::MetricFilter", Service: "cloudwatchlogs",
	Needs: []need{lists("logs:DescribeMetricFilters")},
	List: func(ctx context.Context, s *session) error {
		list, err := metricFilters(ctx, s, cloudwatchlogs.NewFromConfig(s.cfg), nil)
		if err != nil {
			return err
		}
		return drafts(ctx, s, list, func(_ context.Context, v types.MetricFilter, d *draft) error {
			d.take(v, nil)
			d.Name = aws.ToString(v.FilterName)
			d.ARN = s.arn("logs", "log-group:"+aws.ToString(v.LogGroupName)+":metric-filter:"+d.Name)
			return nil
		})
	},
})

var _ = collect(collector{
	Type: "AWS::Logs::DeliverySource", Service: "cloudwatchlogs",
	Needs: []need{lists("logs:DescribeDeliverySources"), once("logs:DescribeDeliveries")},
	List: func(ctx context.Context, s *session) error {
		client := cloudwatchlogs.NewFromConfig(s.cfg)
		deliveries, deliveryErr := all(ctx, s, func(ctx context.Context, token *string) ([]types.Delivery, *string, error) {
			out, err := client.DescribeDeliveries(ctx, &cloudwatchlogs.DescribeDeliveriesInput{NextToken: token, Limit: aws.Int32(50)})
			if err != nil {
				return nil, nil, err
			}
			return out.Deliveries, out.NextToken, nil
		})
		if ended := s.ended(ctx, deliveryErr); ended != nil {
			return ended
		}
		delivered := map[string]bool{}
		for _, v := range deliveries {
			delivered[aws.ToString(v.DeliverySourceName)] = true
		}
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.DeliverySource, *string, error) {
			out, err := client.DescribeDeliverySources(ctx, &cloudwatchlogs.DescribeDeliverySourcesInput{NextToken: token, Limit: aws.Int32(50)})
			if err != nil {
				return nil, nil, err
			}
			return out.DeliverySources, out.NextToken, nil
		}, func(_ context.Context, v types.DeliverySource, d *draft) error {
			d.take(v, nil)
			d.ARN, d.Name = aws.ToString(v.Arn), aws.ToString(v.Name)
			if len(v.ResourceArns) > 0 {
				d.set("ResourceArn", v.ResourceArns[0])
			}
			if deliveryErr != nil {
				f := s.fault(deliveryErr, s.where())
				d.unknown("_Delivered", provider.Reason(f))
				s.gap("_Delivered", f)
				return nil
			}
			d.set("_Delivered", delivered[d.Name])
			return nil
		})
	},
})

// groupOf returns the name of the group that a log group's ARN names, and the
// region that it is in.
func groupOf(arn string) (region, group string) {
	parts := strings.SplitN(strings.TrimSuffix(arn, ":*"), ":", 7)
	if len(parts) < 7 {
		return "", ""
	}
	return parts[3], parts[6]
}
