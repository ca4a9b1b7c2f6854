package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/s3control/types"
)

var _ = collect(collector{
	Type: "AWS::S3::AccessPoint", Service: "s3control",
	Needs: []need{lists("s3:ListAccessPoints"), each("s3:GetAccessPoint"), each("s3:GetAccessPointPolicy"), each("s3:GetAccessPointPolicyStatus")},
	List: func(ctx context.Context, s *session) error {
		client := s3control.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.AccessPoint, *string, error) {
			out, err := client.ListAccessPoints(ctx, &s3control.ListAccessPointsInput{AccountId: &s.account.id, NextToken: token, MaxResults: 1000})
			if err != nil {
				return nil, nil, err
			}
			return out.AccessPointList, out.NextToken, nil
		}, func(ctx context.Context, v types.AccessPoint, d *draft) error {
			d.take(v, names{"AccessPointArn": "Arn"})
			d.ARN, d.Name = aws.ToString(v.AccessPointArn), aws.ToString(v.Name)
			return s.accessPointParts(ctx, client, v, d)
		})
	},
})

func (s *session) accessPointParts(ctx context.Context, client *s3control.Client, v types.AccessPoint, d *draft) error {
	const none = "NoSuchAccessPointPolicy"
	for _, p := range []struct {
		properties, absent string
		get                func() error
	}{
		{"PublicAccessBlockConfiguration", "", func() error {
			out, err := client.GetAccessPoint(ctx, &s3control.GetAccessPointInput{AccountId: &s.account.id, Name: v.Name})
			if err != nil {
				return err
			}
			d.take(out, names{"AccessPointArn": "Arn"})
			return told(out.PublicAccessBlockConfiguration)
		}},
		{"Policy", none, func() error {
			out, err := client.GetAccessPointPolicy(ctx, &s3control.GetAccessPointPolicyInput{AccountId: &s.account.id, Name: v.Name})
			if err != nil {
				return err
			}
			d.policy("Policy", out.Policy)
			return told(out.Policy)
		}},
		{"PolicyStatus", none, func() error {
			out, err := client.GetAccessPointPolicyStatus(ctx, &s3control.GetAccessPointPolicyStatusInput{AccountId: &s.account.id, Name: v.Name})
			if err != nil {
				return err
			}
			d.observe("PolicyStatus", out.PolicyStatus)
			return told(out.PolicyStatus)
		}},
	} {
		if err := s.part(ctx, d, p.properties, p.absent, p.get); err != nil {
			return err
		}
	}
	return nil
}
