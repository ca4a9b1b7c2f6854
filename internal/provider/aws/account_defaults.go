package aws

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"golang.org/x/sync/errgroup"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

// regionDefault is a setting that an account has in each region. The account as
// a whole has none.
type regionDefault struct {
	name, operation string
	get             func(ctx context.Context, c *ec2.Client) (any, error)
}

var regionSettings = []regionDefault{
	{"EbsEncryptionByDefault", "GetEbsEncryptionByDefault", func(ctx context.Context, c *ec2.Client) (any, error) {
		out, err := c.GetEbsEncryptionByDefault(ctx, &ec2.GetEbsEncryptionByDefaultInput{})
		if err != nil {
			return nil, err
		}
		return tree(out.EbsEncryptionByDefault), told(out.EbsEncryptionByDefault)
	}},
	{"EbsDefaultKmsKeyId", "GetEbsDefaultKmsKeyId", func(ctx context.Context, c *ec2.Client) (any, error) {
		out, err := c.GetEbsDefaultKmsKeyId(ctx, &ec2.GetEbsDefaultKmsKeyIdInput{})
		if err != nil {
			return nil, err
		}
		return tree(out.KmsKeyId), told(out.KmsKeyId)
	}},
	{"SnapshotBlockPublicAccess", "GetSnapshotBlockPublicAccessState", func(ctx context.Context, c *ec2.Client) (any, error) {
		out, err := c.GetSnapshotBlockPublicAccessState(ctx, &ec2.GetSnapshotBlockPublicAccessStateInput{})
		if err != nil || out.State == "" {
			return nil, or(err, errAnswer)
		}
		return tree(out), nil
	}},
	{"ImageBlockPublicAccess", "GetImageBlockPublicAccessState", func(ctx context.Context, c *ec2.Client) (any, error) {
		out, err := c.GetImageBlockPublicAccessState(ctx, &ec2.GetImageBlockPublicAccessStateInput{})
		if err != nil {
			return nil, err
		}
		return tree(out), told(out.ImageBlockPublicAccessState)
	}},
	{"InstanceMetadata", "GetInstanceMetadataDefaults", func(ctx context.Context, c *ec2.Client) (any, error) {
		out, err := c.GetInstanceMetadataDefaults(ctx, &ec2.GetInstanceMetadataDefaultsInput{})
		if err != nil {
			return nil, err
		}
		return tree(out), nil
	}},
}

func defaultNeeds() []need {
	var list []need
	for _, d := range regionSettings {
		list = append(list, once("ec2:"+d.operation))
	}
	return list
}

// regionDefaults keeps the settings of every region that is read. New volumes
// are encrypted by default where they are so in each: a region that does not
// say makes that unknown, unless another says no.
func regionDefaults(ctx context.Context, s *session, d *draft) error {
	var mu sync.Mutex
	byRegion := map[string]any{}
	every, unsure := true, ""
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(objects)
	for _, region := range s.account.regions {
		client := ec2.NewFromConfig(s.account.in(region))
		settings := map[string]any{}
		byRegion[region] = settings
		for _, setting := range regionSettings {
			g.Go(func() error {
				v, err := setting.get(ctx, client)
				if ended := s.ended(ctx, err); ended != nil {
					return ended
				}
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					f := s.fault(err, region)
					s.gap(setting.name, f)
					v = unknownValue(d.names, provider.Reason(f))
				}
				settings[setting.name] = v
				if setting.name != "EbsEncryptionByDefault" {
					return nil
				}
				if u, ok := v.(bulwark.Value); ok {
					unsure = u.Reason()
				} else if v != true {
					every = false
				}
				return nil
			})
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	d.observe("RegionDefaults", byRegion)
	switch {
	case unsure != "" && every:
		d.unknown("_EbsEncryptionByDefault", unsure)
	case len(byRegion) > 0:
		d.set("_EbsEncryptionByDefault", every)
	}
	return nil
}
