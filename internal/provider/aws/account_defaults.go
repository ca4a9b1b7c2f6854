package aws

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

// regionDefault is a setting that an account has in each region. The account as
// a whole has none.
type regionDefault struct {
	name  string
	needs []need
	get   func(ctx context.Context, cfg aws.Config) (any, error)
}

var regionSettings = []regionDefault{
	{"EbsEncryptionByDefault", []need{once("ec2:GetEbsEncryptionByDefault")}, func(ctx context.Context, cfg aws.Config) (any, error) {
		out, err := ec2.NewFromConfig(cfg).GetEbsEncryptionByDefault(ctx, &ec2.GetEbsEncryptionByDefaultInput{})
		if err != nil {
			return nil, err
		}
		return tree(out.EbsEncryptionByDefault), told(out.EbsEncryptionByDefault)
	}},
	{"EbsDefaultKmsKeyId", []need{once("ec2:GetEbsDefaultKmsKeyId")}, func(ctx context.Context, cfg aws.Config) (any, error) {
		out, err := ec2.NewFromConfig(cfg).GetEbsDefaultKmsKeyId(ctx, &ec2.GetEbsDefaultKmsKeyIdInput{})
		if err != nil {
			return nil, err
		}
		return tree(out.KmsKeyId), told(out.KmsKeyId)
	}},
	{"SnapshotBlockPublicAccess", []need{once("ec2:GetSnapshotBlockPublicAccessState")}, func(ctx context.Context, cfg aws.Config) (any, error) {
		out, err := ec2.NewFromConfig(cfg).GetSnapshotBlockPublicAccessState(ctx, &ec2.GetSnapshotBlockPublicAccessStateInput{})
		if err != nil || out.State == "" {
			return nil, or(err, errAnswer)
		}
		return tree(out), nil
	}},
	{"ImageBlockPublicAccess", []need{once("ec2:GetImageBlockPublicAccessState")}, func(ctx context.Context, cfg aws.Config) (any, error) {
		out, err := ec2.NewFromConfig(cfg).GetImageBlockPublicAccessState(ctx, &ec2.GetImageBlockPublicAccessStateInput{})
		if err != nil {
			return nil, err
		}
		return tree(out), told(out.ImageBlockPublicAccessState)
	}},
	{"InstanceMetadata", []need{once("ec2:GetInstanceMetadataDefaults")}, func(ctx context.Context, cfg aws.Config) (any, error) {
		out, err := ec2.NewFromConfig(cfg).GetInstanceMetadataDefaults(ctx, &ec2.GetInstanceMetadataDefaultsInput{})
		if err != nil {
			return nil, err
		}
		return tree(out), nil
	}},
	{"ExternalAccessAnalyzer", []need{once("access-analyzer:ListAnalyzers")}, externalAnalyzer},
	{"ConfigRecording", []need{once("config:DescribeConfigurationRecorderStatus")}, configRecording},
	{"SecurityHubEnabled", []need{once("securityhub:DescribeHub")}, securityHubEnabled},
	{"GuardDutyEnabled", []need{once("guardduty:ListDetectors"), once("guardduty:GetDetector")}, guardDutyEnabled},
	{"MacieEnabled", []need{once("macie2:GetMacieSession")}, macieEnabled},
}

// externalAnalyzer tells whether access from outside is analysed in a region.
func externalAnalyzer(ctx context.Context, cfg aws.Config) (any, error) {
	found := false
	err := provider.Pages(ctx, "accessanalyzer:ListAnalyzers", cfg.Region, provider.MaxPages, func(ctx context.Context, token string) (string, error) {
		in := &accessanalyzer.ListAnalyzersInput{}
		if token != "" {
			in.NextToken = &token
		}
		out, err := accessanalyzer.NewFromConfig(cfg).ListAnalyzers(ctx, in)
		if err != nil {
			return "", err
		}
		for _, a := range out.Analyzers {
			external := a.Type == types.TypeAccount || a.Type == types.TypeOrganization
			found = found || external && a.Status == types.AnalyzerStatusActive
		}
		return aws.ToString(out.NextToken), nil
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

func defaultNeeds() []need {
	var list []need
	for _, d := range regionSettings {
		for _, n := range d.needs {
			n.Regions = true
			list = append(list, n)
		}
	}
	return list
}

// regionDefaults keeps the settings of every region that is read. New volumes
// are encrypted by default where they are so in each: a region that does not
// say makes that unknown, unless another says no. Where it is not known which
// regions there are, one more stands among them of which nothing is known.
func regionDefaults(ctx context.Context, s *session, d *draft) error {
	var mu sync.Mutex
	byRegion := map[string]any{}
	every, unsure := true, ""
	type asked struct {
		regionDefault
		region string
	}
	var list []asked
	for _, region := range s.account.regions {
		byRegion[region] = map[string]any{}
		for _, setting := range regionSettings {
			list = append(list, asked{setting, region})
		}
	}
	err := aside(ctx, s, list, func(ctx context.Context, q asked) error {
		var v any
		err := safely(s.asks, func() (err error) {
			v, err = q.get(ctx, s.account.in(q.region))
			return err
		})()
		if ended := s.ended(ctx, err); ended != nil {
			return ended
		}
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			f := s.fault(err, q.region)
			s.gap(q.name, f)
			v = unknownValue(d.names, provider.Reason(f))
		}
		settings, _ := byRegion[q.region].(map[string]any)
		settings[q.name] = v
		if q.name != "EbsEncryptionByDefault" {
			return nil
		}
		if u, ok := v.(bulwark.Value); ok {
			unsure = u.Reason()
		} else if v != true {
			every = false
		}
		return nil
	})
	if err != nil {
		return err
	}
	d.observe("RegionDefaults", byRegion)
	regions := []any{}
	for _, region := range slices.Sorted(maps.Keys(byRegion)) {
		settings, _ := byRegion[region].(map[string]any)
		facts := map[string]any{"Name": region}
		for _, name := range []string{"EbsEncryptionByDefault", "ExternalAccessAnalyzer", "ConfigRecording", "SecurityHubEnabled", "GuardDutyEnabled", "MacieEnabled"} {
			facts[name] = settings[name]
		}
		regions = append(regions, facts)
	}
	if f := s.account.unlisted; f != nil {
		unsure = provider.Reason(f)
		regions = append(regions, unknownValue(d.names, unsure))
		s.gap("_Regions", f)
		s.gap("_EbsEncryptionByDefault", f)
	}
	d.observe("_Regions", regions)
	switch {
	case unsure != "" && every:
		d.unknown("_EbsEncryptionByDefault", unsure)
	case len(byRegion) > 0:
		d.set("_EbsEncryptionByDefault", every)
	}
	return nil
}
