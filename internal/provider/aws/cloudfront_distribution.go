package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

var _ = collect(collector{
	Type: "AWS::CloudFront::Distribution", Service: "cloudfront", Where: global,
	Needs: []need{lists("cloudfront:ListDistributions"), each("cloudfront:GetDistributionConfig")},
	List: func(ctx context.Context, s *session) error {
		client := cloudfront.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.DistributionSummary, *string, error) {
			out, err := client.ListDistributions(ctx, &cloudfront.ListDistributionsInput{Marker: token, MaxItems: aws.Int32(100)})
			if err != nil || out.DistributionList == nil {
				return nil, nil, or(err, errAnswer)
			}
			next, err := more(aws.ToBool(out.DistributionList.IsTruncated), out.DistributionList.NextMarker)
			return out.DistributionList.Items, next, err
		}, func(ctx context.Context, v types.DistributionSummary, d *draft) error {
			d.take(v, names{"ARN": "Arn"})
			d.ARN, d.Name = aws.ToString(v.ARN), aws.ToString(v.Id)
			if v.Aliases != nil && len(v.Aliases.Items) > 0 {
				d.Name = v.Aliases.Items[0]
			}
			return s.part(ctx, d, "DistributionConfig", "", func() error {
				out, err := client.GetDistributionConfig(ctx, &cloudfront.GetDistributionConfigInput{Id: v.Id})
				if err != nil || out.DistributionConfig == nil {
					return or(err, errAnswer)
				}
				d.set("DistributionConfig", distribution(out.DistributionConfig))
				d.observe("ETag", out.ETag)
				return nil
			})
		})
	},
})

// distribution writes a configuration as CloudFormation has it: lists without
// their counts, but for the groups of origins, which are the same there.
func distribution(c *types.DistributionConfig) map[string]any {
	out, _ := tree(c).(map[string]any)
	for _, list := range []string{"Aliases", "CacheBehaviors", "CustomErrorResponses", "Origins"} {
		flatten(out, list)
	}
	if r, ok := out["Restrictions"].(map[string]any); ok {
		if geo, ok := r["GeoRestriction"].(map[string]any); ok {
			geo["Locations"] = geo["Items"]
			delete(geo, "Items")
			delete(geo, "Quantity")
		}
	}
	origins, _ := out["Origins"].([]any)
	for _, o := range origins {
		origin, _ := o.(map[string]any)
		rename(origin, "CustomHeaders", "OriginCustomHeaders")
		flatten(origin, "OriginCustomHeaders")
		if custom, ok := origin["CustomOriginConfig"].(map[string]any); ok {
			rename(custom, "OriginSslProtocols", "OriginSSLProtocols")
			flatten(custom, "OriginSSLProtocols")
		}
	}
	behaviors, _ := out["CacheBehaviors"].([]any)
	for _, b := range append(behaviors, out["DefaultCacheBehavior"]) {
		behavior, _ := b.(map[string]any)
		for _, list := range []string{"LambdaFunctionAssociations", "FunctionAssociations", "TrustedSigners", "TrustedKeyGroups"} {
			flatten(behavior, list)
		}
	}
	return out
}

// flatten puts a list in the place of an object of its items and their count.
func flatten(m map[string]any, name string) {
	object, ok := m[name].(map[string]any)
	if !ok {
		return
	}
	items, ok := object["Items"].([]any)
	if !ok {
		items = []any{}
	}
	m[name] = items
}
