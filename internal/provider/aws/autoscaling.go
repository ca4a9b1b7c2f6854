package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
)

var _ = collect(collector{
	Type: "AWS::AutoScaling::AutoScalingGroup", Service: "autoscaling",
	Needs: []need{lists("autoscaling:DescribeAutoScalingGroups")},
	List: func(ctx context.Context, s *session) error {
		client := autoscaling.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.AutoScalingGroup, *string, error) {
			out, err := client.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{NextToken: token, MaxRecords: aws.Int32(100)})
			if err != nil {
				return nil, nil, err
			}
			return out.AutoScalingGroups, out.NextToken, nil
		}, func(_ context.Context, v types.AutoScalingGroup, d *draft) error {
			d.take(v, names{"VPCZoneIdentifier": ""})
			d.ARN, d.Name = aws.ToString(v.AutoScalingGroupARN), aws.ToString(v.AutoScalingGroupName)
			subnets := []string{} // told in one text
			for id := range strings.SplitSeq(aws.ToString(v.VPCZoneIdentifier), ",") {
				if id = strings.TrimSpace(id); id != "" {
					subnets = append(subnets, id)
				}
			}
			d.set("VPCZoneIdentifier", subnets)
			return nil
		})
	},
})

var _ = collect(collector{
	Type: "AWS::AutoScaling::LaunchConfiguration", Service: "autoscaling",
	Needs: []need{lists("autoscaling:DescribeLaunchConfigurations")},
	List: func(ctx context.Context, s *session) error {
		client := autoscaling.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.LaunchConfiguration, *string, error) {
			out, err := client.DescribeLaunchConfigurations(ctx, &autoscaling.DescribeLaunchConfigurationsInput{NextToken: token, MaxRecords: aws.Int32(100)})
			if err != nil {
				return nil, nil, err
			}
			return out.LaunchConfigurations, out.NextToken, nil
		}, func(_ context.Context, v types.LaunchConfiguration, d *draft) error {
			d.take(v, nil)
			d.ARN, d.Name = aws.ToString(v.LaunchConfigurationARN), aws.ToString(v.LaunchConfigurationName)
			return nil
		})
	},
})
