package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	guarddutytypes "github.com/aws/aws-sdk-go-v2/service/guardduty/types"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	macietypes "github.com/aws/aws-sdk-go-v2/service/macie2/types"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

// configRecording tells whether a recorder of AWS Config runs in a region.
func configRecording(ctx context.Context, cfg aws.Config) (any, error) {
	out, err := configservice.NewFromConfig(cfg).DescribeConfigurationRecorderStatus(ctx, &configservice.DescribeConfigurationRecorderStatusInput{})
	if err != nil {
		return nil, err
	}
	for _, r := range out.ConfigurationRecordersStatus {
		if r.Recording {
			return true, nil
		}
	}
	return false, nil
}

// securityHubEnabled tells whether Security Hub is in use in a region.
func securityHubEnabled(ctx context.Context, cfg aws.Config) (any, error) {
	out, err := securityhub.NewFromConfig(cfg).DescribeHub(ctx, &securityhub.DescribeHubInput{})
	if off(err) {
		return false, nil
	}
	if err != nil || out.HubArn == nil {
		return nil, or(err, errAnswer)
	}
	return true, nil
}

// guardDutyEnabled tells whether a detector of GuardDuty runs in a region.
func guardDutyEnabled(ctx context.Context, cfg aws.Config) (any, error) {
	client := guardduty.NewFromConfig(cfg)
	runs := false
	err := provider.Pages(ctx, "guardduty:ListDetectors", cfg.Region, provider.MaxPages, func(ctx context.Context, token string) (string, error) {
		in := &guardduty.ListDetectorsInput{}
		if token != "" {
			in.NextToken = &token
		}
		page, err := client.ListDetectors(ctx, in)
		if err != nil {
			return "", err
		}
		for _, id := range page.DetectorIds {
			out, err := client.GetDetector(ctx, &guardduty.GetDetectorInput{DetectorId: aws.String(id)})
			if err != nil || out.Status == "" {
				return "", or(err, errAnswer)
			}
			runs = runs || out.Status == guarddutytypes.DetectorStatusEnabled
		}
		return aws.ToString(page.NextToken), nil
	})
	if err != nil {
		return nil, err
	}
	return runs, nil
}

// macieEnabled tells whether Macie runs in a region. Where it was never turned
// on it refuses to answer, in words that tell this from a missing permission.
func macieEnabled(ctx context.Context, cfg aws.Config) (any, error) {
	out, err := macie2.NewFromConfig(cfg).GetMacieSession(ctx, &macie2.GetMacieSessionInput{})
	if err != nil {
		if f := faultOf(err, ""); f.Kind == bulwark.FaultDenied && strings.Contains(f.Err.Error(), "Macie is not enabled") {
			return false, nil
		}
		return nil, err
	}
	if out.Status == "" {
		return nil, errAnswer
	}
	return out.Status == macietypes.MacieStatusEnabled, nil
}
