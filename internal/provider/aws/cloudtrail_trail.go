package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

// Trails are listed in the region that they were made in; an organisation's in
// its management account.
var _ = collect(collector{
	Type: "AWS::CloudTrail::Trail", Service: "cloudtrail",
	Needs: []need{lists("cloudtrail:DescribeTrails"), each("cloudtrail:GetTrailStatus"), each("cloudtrail:GetEventSelectors"), each("cloudtrail:ListTags")},
	List: func(ctx context.Context, s *session) error {
		client := cloudtrail.NewFromConfig(s.cfg)
		out, err := client.DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{IncludeShadowTrails: aws.Bool(false)}) // it has no pages
		if err != nil {
			return err
		}
		return drafts(ctx, s, out.TrailList, func(ctx context.Context, v types.Trail, d *draft) error {
			d.take(v, names{"Name": "TrailName", "TrailARN": "Arn", "KmsKeyId": "KMSKeyId", "LogFileValidationEnabled": "EnableLogFileValidation"})
			d.ARN, d.Name = aws.ToString(v.TrailARN), aws.ToString(v.Name)
			return s.trailParts(ctx, client, v, d)
		})
	},
})

func (s *session) trailParts(ctx context.Context, client *cloudtrail.Client, v types.Trail, d *draft) error {
	err := s.part(ctx, d, "IsLogging", "", func() error {
		out, err := client.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: v.TrailARN})
		if err != nil || out.IsLogging == nil {
			return or(err, errAnswer)
		}
		d.set("IsLogging", out.IsLogging)
		d.observe("TrailStatus", out)
		return nil
	})
	if err != nil {
		return err
	}
	err = s.part(ctx, d, "EventSelectors AdvancedEventSelectors", "", func() error {
		out, err := client.GetEventSelectors(ctx, &cloudtrail.GetEventSelectorsInput{TrailName: v.TrailARN})
		if err != nil {
			return err
		}
		if len(out.EventSelectors)+len(out.AdvancedEventSelectors) == 0 {
			return errAnswer // a trail has selectors of either sort
		}
		d.set("EventSelectors", out.EventSelectors)
		d.set("AdvancedEventSelectors", out.AdvancedEventSelectors)
		return nil
	})
	if err != nil {
		return err
	}
	return s.part(ctx, d, "Tags", "", func() error {
		tags, err := all(ctx, s, func(ctx context.Context, token *string) ([]types.Tag, *string, error) {
			out, err := client.ListTags(ctx, &cloudtrail.ListTagsInput{ResourceIdList: []string{d.ARN}, NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			var list []types.Tag
			for _, r := range out.ResourceTagList {
				list = append(list, r.TagsList...)
			}
			return list, out.NextToken, nil
		})
		list, _ := tagList(append([]types.Tag{}, tags...))
		d.set("Tags", list)
		return err
	})
}
