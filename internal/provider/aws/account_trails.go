package aws

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	alarmtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

func trailNeeds() []need {
	return []need{once("cloudtrail:DescribeTrails"), once("cloudtrail:GetTrailStatus"), once("cloudtrail:GetEventSelectors"),
		once("logs:DescribeMetricFilters"), once("cloudwatch:DescribeAlarms"), once("sns:ListSubscriptionsByTopic")}
}

// trails tells what records the account: the trails of all regions, and of its
// organisation, with the alarms that watch them. The trail of a single region
// that is not the home of the account is left out; no question is about it.
func trails(ctx context.Context, s *session, d *draft) error {
	var list []trailtypes.Trail
	err := s.part(ctx, d, "_CloudTrail.Trails _CloudTrail.MetricFilters", "", func() error {
		out, err := cloudtrail.NewFromConfig(s.cfg).DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{IncludeShadowTrails: aws.Bool(true)})
		if err != nil {
			return err
		}
		list = out.TrailList
		d.set("_CloudTrail.Trails", []any{})
		d.set("_CloudTrail.MetricFilters", []any{})
		return nil
	})
	if err != nil || len(list) == 0 {
		return err
	}
	facts := []any{}
	for _, v := range list {
		f, err := trailFacts(ctx, s, v, d)
		if err != nil {
			return err
		}
		facts = append(facts, f)
	}
	d.set("_CloudTrail.Trails", facts)
	return s.part(ctx, d, "_CloudTrail.MetricFilters", "", func() error {
		filters, err := trailFilters(ctx, s, list, d)
		if err == nil {
			d.set("_CloudTrail.MetricFilters", filters)
		}
		return err
	})
}

// known returns a value, or in its place why it is not known.
func (s *session) known(ctx context.Context, d *draft, property string, v any, err error) (any, error) {
	if err == nil {
		return v, nil
	}
	if ended := s.ended(ctx, err); ended != nil {
		return nil, ended
	}
	f := s.fault(err, d.ARN)
	s.gap(property, f)
	return unknownValue(d.names, provider.Reason(f)), nil
}

// home returns the configuration of a region that an answer named.
func (s *session) home(region *string) aws.Config {
	if r := aws.ToString(region); isRegion.MatchString(r) {
		return s.account.in(r)
	}
	return s.cfg
}

func trailFacts(ctx context.Context, s *session, v trailtypes.Trail, d *draft) (map[string]any, error) {
	f := map[string]any{"Name": tree(v.Name), "IsMultiRegionTrail": aws.ToBool(v.IsMultiRegionTrail), "LogGroupArn": tree(v.CloudWatchLogsLogGroupArn)}
	client := cloudtrail.NewFromConfig(s.home(v.HomeRegion))
	status, err := client.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: v.TrailARN})
	var logging any
	if err == nil {
		logging, err = tree(status.IsLogging), told(status.IsLogging)
	}
	if f["IsLogging"], err = s.known(ctx, d, "_CloudTrail.Trails", logging, err); err != nil {
		return nil, err
	}
	var management, objects any
	out, err := client.GetEventSelectors(ctx, &cloudtrail.GetEventSelectorsInput{TrailName: v.TrailARN})
	if err == nil {
		if len(out.EventSelectors)+len(out.AdvancedEventSelectors) == 0 {
			err = errAnswer
		}
		m, o := recorded(out.EventSelectors, out.AdvancedEventSelectors)
		management, objects = string(m), string(o)
	}
	if f["ManagementEvents"], err = s.known(ctx, d, "_CloudTrail.Trails", management, err); err != nil {
		return nil, err
	}
	if objects == nil {
		objects = f["ManagementEvents"] // not known for the same reason
	}
	f["S3DataEvents"] = objects
	return f, nil
}

// access is which events are recorded: None, ReadOnly, WriteOnly or All.
type access string

// and returns what two selectors record together.
func (a access) and(b access) access {
	switch {
	case a == "None" || a == b:
		return b
	case b == "None":
		return a
	}
	return "All"
}

// recorded tells which events of management, and of the objects in all buckets,
// selectors record. A selector that is narrowed in another way is not counted.
func recorded(basic []trailtypes.EventSelector, advanced []trailtypes.AdvancedEventSelector) (management, objects access) {
	management, objects = "None", "None"
	for _, s := range basic {
		kind := access(s.ReadWriteType)
		if kind == "" {
			kind = "All"
		}
		if s.IncludeManagementEvents == nil || *s.IncludeManagementEvents {
			management = management.and(kind)
		}
		for _, r := range s.DataResources {
			if aws.ToString(r.Type) == "AWS::S3::Object" && slices.ContainsFunc(r.Values, allBuckets) {
				objects = objects.and(kind)
			}
		}
	}
	for _, s := range advanced {
		category, typ, kind := "", "", access("All")
		narrowed := false
		for _, f := range s.FieldSelectors {
			switch field := aws.ToString(f.Field); {
			case field == "eventCategory" && len(f.Equals) == 1:
				category = f.Equals[0]
			case field == "resources.type" && len(f.Equals) == 1:
				typ = f.Equals[0]
			case field == "readOnly" && len(f.Equals) == 1:
				kind = map[bool]access{true: "ReadOnly", false: "WriteOnly"}[f.Equals[0] == "true"]
			case field == "eventSource" && len(f.NotEquals) > 0 && len(f.Equals) == 0: // leaves out the many calls of KMS
			default:
				narrowed = true
			}
		}
		switch {
		case narrowed:
		case category == "Management":
			management = management.and(kind)
		case category == "Data" && typ == "AWS::S3::Object":
			objects = objects.and(kind)
		}
	}
	return management, objects
}

// allBuckets tells whether a resource of a selector is every object: an ARN of
// S3 that names no bucket.
func allBuckets(arn string) bool {
	parts := strings.SplitN(arn, ":", 6)
	return len(parts) >= 3 && parts[0] == "arn" && parts[2] == "s3" && (len(parts) < 6 || parts[5] == "")
}

// trailFilters returns the metric filters of the log groups that trails write
// to in this account, and whether an alarm on their metric tells somebody.
func trailFilters(ctx context.Context, s *session, list []trailtypes.Trail, d *draft) ([]any, error) {
	filters := []any{}
	seen := map[string]bool{}
	alarms := map[string][]alarmtypes.MetricAlarm{}
	for _, v := range list {
		arn := aws.ToString(v.CloudWatchLogsLogGroupArn)
		region, group := groupOf(arn)
		if group == "" || seen[arn] || !strings.Contains(arn, ":"+s.account.id+":") {
			continue
		}
		seen[arn] = true
		cfg := s.home(&region)
		found, err := metricFilters(ctx, s, cloudwatchlogs.NewFromConfig(cfg), &group)
		if err != nil {
			return nil, err
		}
		if _, ok := alarms[region]; !ok && len(found) > 0 {
			if alarms[region], err = metricAlarms(ctx, s, cloudwatch.NewFromConfig(cfg)); err != nil {
				return nil, err
			}
		}
		for _, f := range found {
			alarmed := false
			var failure error
			for _, t := range f.MetricTransformations {
				for _, a := range alarms[region] {
					if aws.ToString(a.MetricName) == aws.ToString(t.MetricName) && aws.ToString(a.Namespace) == aws.ToString(t.MetricNamespace) && !alarmed {
						if alarmed, err = s.rings(ctx, a); err != nil {
							failure = err
						}
					}
				}
			}
			item := map[string]any{"Name": tree(f.FilterName), "LogGroupName": group, "FilterPattern": tree(f.FilterPattern)}
			if alarmed {
				failure = nil
			}
			if item["Alarmed"], err = s.known(ctx, d, "_CloudTrail.MetricFilters", alarmed, failure); err != nil {
				return nil, err
			}
			filters = append(filters, item)
		}
	}
	return filters, nil
}

// rings tells whether an alarm tells somebody: its actions are on, and one is
// not a topic, or a topic to which someone has subscribed.
func (s *session) rings(ctx context.Context, a alarmtypes.MetricAlarm) (bool, error) {
	if !aws.ToBool(a.ActionsEnabled) {
		return false, nil
	}
	for _, action := range a.AlarmActions {
		parts := strings.SplitN(action, ":", 6)
		if len(parts) < 6 || parts[2] != "sns" {
			return true, nil
		}
		heard, err := shared(ctx, s, "subscribers of "+action, func() (bool, error) { return s.subscribed(ctx, action, parts[3]) })
		if err != nil || heard {
			return heard, err
		}
	}
	return false, nil
}

// subscribed tells whether a topic has a subscription that was confirmed.
func (s *session) subscribed(ctx context.Context, topic, region string) (bool, error) {
	client := sns.NewFromConfig(s.home(&region))
	list, err := all(ctx, s, func(ctx context.Context, token *string) ([]snstypes.Subscription, *string, error) {
		out, err := client.ListSubscriptionsByTopic(ctx, &sns.ListSubscriptionsByTopicInput{TopicArn: &topic, NextToken: token})
		if err != nil {
			return nil, nil, err
		}
		return out.Subscriptions, out.NextToken, nil
	})
	if err != nil {
		if faultOf(err, topic).Kind == bulwark.FaultAbsent {
			return false, nil // the topic is gone
		}
		return false, err
	}
	return slices.ContainsFunc(list, func(v snstypes.Subscription) bool { return strings.HasPrefix(aws.ToString(v.SubscriptionArn), "arn:") }), nil
}
