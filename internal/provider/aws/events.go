package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// eventBuses returns the region's buses.
func (s *session) eventBuses(ctx context.Context) ([]types.EventBus, error) {
	return shared(ctx, s, "event buses", func() ([]types.EventBus, error) {
		client := eventbridge.NewFromConfig(s.cfg)
		return all(ctx, s, func(ctx context.Context, token *string) ([]types.EventBus, *string, error) {
			out, err := client.ListEventBuses(ctx, &eventbridge.ListEventBusesInput{NextToken: token, Limit: aws.Int32(100)})
			if err != nil {
				return nil, nil, err
			}
			return out.EventBuses, out.NextToken, nil
		})
	})
}

var _ = collect(collector{
	Type: "AWS::Events::EventBus", Service: "eventbridge",
	Needs: []need{lists("events:ListEventBuses")},
	List: func(ctx context.Context, s *session) error {
		list, err := s.eventBuses(ctx)
		if err != nil {
			return err
		}
		return drafts(ctx, s, list, func(_ context.Context, v types.EventBus, d *draft) error {
			d.take(v, names{"Policy": ""})
			d.policy("Policy", v.Policy)
			d.ARN, d.Name = aws.ToString(v.Arn), aws.ToString(v.Name)
			return nil
		})
	},
})

var _ = collect(collector{
	Type: "AWS::Events::Rule", Service: "eventbridge",
	Needs: []need{lists("events:ListEventBuses"), lists("events:ListRules"), each("events:ListTargetsByRule")},
	List: func(ctx context.Context, s *session) error {
		parents, err := s.eventBuses(ctx)
		if err != nil {
			return err
		}
		client := eventbridge.NewFromConfig(s.cfg)
		return within(ctx, s, parents, func(ctx context.Context, bus types.EventBus) error {
			return assets(ctx, s, func(ctx context.Context, token *string) ([]types.Rule, *string, error) {
				out, err := client.ListRules(ctx, &eventbridge.ListRulesInput{EventBusName: bus.Name, NextToken: token, Limit: aws.Int32(100)})
				if err != nil {
					return nil, nil, err
				}
				return out.Rules, out.NextToken, nil
			}, func(ctx context.Context, v types.Rule, d *draft) error {
				d.take(v, names{"EventPattern": ""})
				d.policy("EventPattern", v.EventPattern)
				d.ARN, d.Name = aws.ToString(v.Arn), aws.ToString(v.Name)
				return s.part(ctx, d, "Targets", "", func() error {
					targets, err := all(ctx, s, func(ctx context.Context, token *string) ([]types.Target, *string, error) {
						out, err := client.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: v.Name, EventBusName: bus.Name, NextToken: token, Limit: aws.Int32(100)})
						if err != nil {
							return nil, nil, err
						}
						return out.Targets, out.NextToken, nil
					})
					d.set("Targets", append([]types.Target{}, targets...))
					return err
				})
			})
		})
	},
})
