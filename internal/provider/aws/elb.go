package aws

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
)

var _ = collect(collector{
	Type: "AWS::ElasticLoadBalancing::LoadBalancer", Service: "elasticloadbalancing",
	Needs: []need{lists("elasticloadbalancing:DescribeLoadBalancers"), each("elasticloadbalancing:DescribeLoadBalancerAttributes"),
		each("elasticloadbalancing:DescribeLoadBalancerPolicies"), each("elasticloadbalancing:DescribeTags")},
	List: func(ctx context.Context, s *session) error {
		client := elb.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.LoadBalancerDescription, *string, error) {
			out, err := client.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{Marker: token, PageSize: aws.Int32(400)})
			if err != nil {
				return nil, nil, err
			}
			return out.LoadBalancerDescriptions, out.NextMarker, nil
		}, func(ctx context.Context, v types.LoadBalancerDescription, d *draft) error {
			d.take(v, names{"ListenerDescriptions": "", "Policies": ""})
			delete(d.observed, "Policies")
			d.observe("PolicyNames", v.Policies)
			d.Name = aws.ToString(v.LoadBalancerName)
			d.set("Listeners", classicListeners(v.ListenerDescriptions))
			return classicParts(ctx, s, client, v, d)
		})
	},
})

// classicListeners writes listeners as CloudFormation has them: with the names
// of their policies among their own members.
func classicListeners(list []types.ListenerDescription) []any {
	out := []any{}
	for _, l := range list {
		item, _ := tree(l.Listener).(map[string]any)
		if item == nil {
			item = map[string]any{}
		}
		for _, port := range []string{"LoadBalancerPort", "InstancePort"} {
			if v, ok := item[port]; ok {
				item[port] = fmt.Sprint(v)
			}
		}
		item["PolicyNames"] = append([]string{}, l.PolicyNames...)
		out = append(out, item)
	}
	return out
}

func classicParts(ctx context.Context, s *session, client *elb.Client, v types.LoadBalancerDescription, d *draft) error {
	err := s.part(ctx, d, "AccessLoggingPolicy CrossZone ConnectionDrainingPolicy", "", func() error {
		out, err := client.DescribeLoadBalancerAttributes(ctx, &elb.DescribeLoadBalancerAttributesInput{LoadBalancerName: v.LoadBalancerName})
		if err != nil || out.LoadBalancerAttributes == nil {
			return or(err, errAnswer)
		}
		a := out.LoadBalancerAttributes
		d.observe("LoadBalancerAttributes", a)
		d.set("AccessLoggingPolicy", a.AccessLog)
		d.set("ConnectionDrainingPolicy", a.ConnectionDraining)
		if a.CrossZoneLoadBalancing != nil {
			d.set("CrossZone", a.CrossZoneLoadBalancing.Enabled)
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = s.part(ctx, d, "Policies", "", func() error {
		out, err := client.DescribeLoadBalancerPolicies(ctx, &elb.DescribeLoadBalancerPoliciesInput{LoadBalancerName: v.LoadBalancerName})
		if err != nil {
			return err
		}
		policies := []any{}
		for _, p := range out.PolicyDescriptions {
			attributes := []any{}
			for _, a := range p.PolicyAttributeDescriptions {
				attributes = append(attributes, map[string]any{"Name": tree(a.AttributeName), "Value": tree(a.AttributeValue)})
			}
			policies = append(policies, map[string]any{"PolicyName": tree(p.PolicyName), "PolicyType": tree(p.PolicyTypeName), "Attributes": attributes})
		}
		d.set("Policies", policies)
		return nil
	})
	if err != nil {
		return err
	}
	return s.part(ctx, d, "Tags", "", func() error {
		out, err := client.DescribeTags(ctx, &elb.DescribeTagsInput{LoadBalancerNames: []string{aws.ToString(v.LoadBalancerName)}})
		if err != nil {
			return err
		}
		for _, t := range out.TagDescriptions {
			list, _ := tagList(append([]types.Tag{}, t.Tags...))
			d.set("Tags", list)
		}
		return nil
	})
}
