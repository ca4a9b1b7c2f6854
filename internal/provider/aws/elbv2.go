package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func (s *session) elb() *elb.Client { return elb.NewFromConfig(s.cfg) }

// loadBalancers returns the region's application, network and gateway load
// balancers.
func (s *session) loadBalancers(ctx context.Context) ([]types.LoadBalancer, error) {
	return shared(ctx, s, "load balancers", func() ([]types.LoadBalancer, error) {
		client := s.elb()
		return all(ctx, s, func(ctx context.Context, token *string) ([]types.LoadBalancer, *string, error) {
			out, err := client.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{Marker: token, PageSize: aws.Int32(400)})
			if err != nil {
				return nil, nil, err
			}
			return out.LoadBalancers, out.NextMarker, nil
		})
	})
}

var _ = collect(collector{
	Type: "AWS::ElasticLoadBalancingV2::LoadBalancer", Service: "elasticloadbalancingv2",
	Needs: []need{lists("elasticloadbalancing:DescribeLoadBalancers"), each("elasticloadbalancing:DescribeLoadBalancerAttributes"), each("elasticloadbalancing:DescribeTags")},
	List: func(ctx context.Context, s *session) error {
		list, err := s.loadBalancers(ctx)
		if err != nil {
			return err
		}
		client := s.elb()
		return drafts(ctx, s, list, func(ctx context.Context, v types.LoadBalancer, d *draft) error {
			d.take(v, names{"LoadBalancerName": "Name"})
			d.ARN, d.Name = aws.ToString(v.LoadBalancerArn), aws.ToString(v.LoadBalancerName)
			subnets := []string{}
			for _, z := range v.AvailabilityZones {
				if z.SubnetId != nil {
					subnets = append(subnets, *z.SubnetId)
				}
			}
			d.set("Subnets", subnets)
			if err := loadBalancerAttributes(ctx, s, client, v, d); err != nil {
				return err
			}
			return s.part(ctx, d, "Tags", "", func() error {
				out, err := client.DescribeTags(ctx, &elb.DescribeTagsInput{ResourceArns: []string{d.ARN}})
				if err != nil {
					return err
				}
				for _, t := range out.TagDescriptions {
					if aws.ToString(t.ResourceArn) != d.ARN {
						continue
					}
					tags, _ := tagList(append([]types.Tag{}, t.Tags...))
					d.set("Tags", tags)
				}
				return nil
			})
		})
	},
})

// ofAttribute has the properties of ours that an attribute tells. Source:
// Elastic Load Balancing API Reference, LoadBalancerAttribute.
var ofAttribute = map[string]string{
	"access_logs.s3.enabled":                          "_AccessLogs",
	"deletion_protection.enabled":                     "_DeletionProtection",
	"load_balancing.cross_zone.enabled":               "_CrossZone",
	"routing.http.desync_mitigation_mode":             "_DesyncMitigation",
	"routing.http.drop_invalid_header_fields.enabled": "_DropInvalidHeaders",
}

func loadBalancerAttributes(ctx context.Context, s *session, client *elb.Client, v types.LoadBalancer, d *draft) error {
	return s.part(ctx, d, "LoadBalancerAttributes _AccessLogs _DeletionProtection _CrossZone _DesyncMitigation _DropInvalidHeaders", "", func() error {
		out, err := client.DescribeLoadBalancerAttributes(ctx, &elb.DescribeLoadBalancerAttributesInput{LoadBalancerArn: v.LoadBalancerArn})
		if err != nil || len(out.Attributes) == 0 {
			return or(err, errAnswer) // each sort has some
		}
		d.set("LoadBalancerAttributes", out.Attributes)
		for _, a := range out.Attributes {
			switch to := ofAttribute[aws.ToString(a.Key)]; to {
			case "":
			case "_DesyncMitigation":
				d.set(to, a.Value)
			default:
				d.set(to, aws.ToString(a.Value) == "true")
			}
		}
		return nil
	})
}

var _ = collect(collector{
	Type: "AWS::ElasticLoadBalancingV2::Listener", Service: "elasticloadbalancingv2",
	Needs: []need{lists("elasticloadbalancing:DescribeLoadBalancers"), lists("elasticloadbalancing:DescribeListeners")},
	List: func(ctx context.Context, s *session) error {
		parents, err := s.loadBalancers(ctx)
		if err != nil {
			return err
		}
		client := s.elb()
		return within(ctx, s, parents, func(ctx context.Context, parent types.LoadBalancer) error {
			return assets(ctx, s, func(ctx context.Context, token *string) ([]types.Listener, *string, error) {
				out, err := client.DescribeListeners(ctx, &elb.DescribeListenersInput{LoadBalancerArn: parent.LoadBalancerArn, Marker: token, PageSize: aws.Int32(400)})
				if err != nil {
					return nil, nil, err
				}
				return out.Listeners, out.NextMarker, nil
			}, func(_ context.Context, v types.Listener, d *draft) error {
				d.take(v, nil)
				d.ARN, d.Name = aws.ToString(v.ListenerArn), aws.ToString(parent.LoadBalancerName)
				return nil
			})
		})
	},
})

var _ = collect(collector{
	Type: "AWS::ElasticLoadBalancingV2::TargetGroup", Service: "elasticloadbalancingv2",
	Needs: []need{lists("elasticloadbalancing:DescribeTargetGroups")},
	List: func(ctx context.Context, s *session) error {
		client := s.elb()
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.TargetGroup, *string, error) {
			out, err := client.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{Marker: token, PageSize: aws.Int32(400)})
			if err != nil {
				return nil, nil, err
			}
			return out.TargetGroups, out.NextMarker, nil
		}, func(_ context.Context, v types.TargetGroup, d *draft) error {
			d.take(v, names{"TargetGroupName": "Name"})
			d.ARN, d.Name = aws.ToString(v.TargetGroupArn), aws.ToString(v.TargetGroupName)
			return nil
		})
	},
})
