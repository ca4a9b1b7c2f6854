package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/guardduty/types"
)

var _ = collect(collector{
	Type: "AWS::GuardDuty::Detector", Service: "guardduty",
	Needs: []need{lists("guardduty:ListDetectors"), each("guardduty:GetDetector")},
	List: func(ctx context.Context, s *session) error {
		client := guardduty.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]string, *string, error) {
			out, err := client.ListDetectors(ctx, &guardduty.ListDetectorsInput{NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return out.DetectorIds, out.NextToken, nil
		}, func(ctx context.Context, id string, d *draft) error {
			d.set("Id", id)
			d.Name = id
			return s.part(ctx, d, fields[guardduty.GetDetectorOutput](d, nil)+" Enable", "", func() error {
				out, err := client.GetDetector(ctx, &guardduty.GetDetectorInput{DetectorId: aws.String(id)})
				if err != nil || out.Status == "" {
					return or(err, errAnswer)
				}
				d.take(out, nil)
				d.set("Features", append([]types.DetectorFeatureConfigurationResult{}, out.Features...))
				d.set("Enable", out.Status == types.DetectorStatusEnabled)
				return nil
			})
		})
	},
})
