package aws

import (
	"cmp"
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

var _ = collect(collector{
	Type: "AWS::EC2::LaunchTemplate", Service: "ec2",
	Needs: []need{lists("ec2:DescribeLaunchTemplates"), once("ec2:DescribeLaunchTemplateVersions")},
	List: func(ctx context.Context, s *session) error {
		client := s.ec2()
		newest, fault, err := s.templateVersions(ctx)
		if err != nil {
			return err
		}
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.LaunchTemplate, *string, error) {
			out, err := client.DescribeLaunchTemplates(ctx, &ec2.DescribeLaunchTemplatesInput{NextToken: token, MaxResults: aws.Int32(pageOf)})
			if err != nil {
				return nil, nil, err
			}
			return out.LaunchTemplates, out.NextToken, nil
		}, func(ctx context.Context, v types.LaunchTemplate, d *draft) error {
			d.take(v, nil).nameTag(v.LaunchTemplateId)
			d.Name = cmp.Or(aws.ToString(v.LaunchTemplateName), d.Name)
			id := aws.ToString(v.LaunchTemplateId)
			if fault != nil {
				d.unknown("LaunchTemplateData", provider.Reason(fault))
				s.gap("LaunchTemplateData", fault)
				return nil
			}
			for _, n := range newest[id] {
				if aws.ToBool(n.DefaultVersion) {
					d.observe("DefaultVersion", n)
				}
				if aws.ToInt64(n.VersionNumber) == aws.ToInt64(v.LatestVersionNumber) {
					d.observe("LatestVersion", n)
					d.set("LaunchTemplateData", n.LaunchTemplateData)
				}
			}
			if d.get("LaunchTemplateData") == nil {
				d.unknown("LaunchTemplateData", "malformed: its latest version was not told")
			}
			return nil
		})
	},
})

// templateVersions returns the latest and the default version of every launch
// template by id, by one list rather than a call for each template.
func (s *session) templateVersions(ctx context.Context) (map[string][]types.LaunchTemplateVersion, *bulwark.Fault, error) {
	client := s.ec2()
	list, err := all(ctx, s, func(ctx context.Context, token *string) ([]types.LaunchTemplateVersion, *string, error) {
		out, err := client.DescribeLaunchTemplateVersions(ctx, &ec2.DescribeLaunchTemplateVersionsInput{NextToken: token, Versions: []string{"$Latest", "$Default"}})
		if err != nil {
			return nil, nil, err
		}
		return out.LaunchTemplateVersions, out.NextToken, nil
	})
	if err != nil {
		if ended := s.ended(ctx, err); ended != nil {
			return nil, nil, ended
		}
		return nil, s.fault(err, s.where()), nil
	}
	byID := map[string][]types.LaunchTemplateVersion{}
	for _, v := range list {
		id := aws.ToString(v.LaunchTemplateId)
		byID[id] = append(byID[id], v)
	}
	return byID, nil, nil
}
