package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"
)

// Web ACLs of a region, and in the home region also those of CloudFront, which
// are listed there only.
var _ = collect(collector{
	Type: "AWS::WAFv2::WebACL", Service: "wafv2",
	Needs: []need{lists("wafv2:ListWebACLs"), each("wafv2:GetWebACL"), each("wafv2:GetLoggingConfiguration")},
	List: func(ctx context.Context, s *session) error {
		scopes := []types.Scope{types.ScopeRegional}
		if s.region == homes["aws"] {
			scopes = append(scopes, types.ScopeCloudfront)
		}
		client := wafv2.NewFromConfig(s.cfg)
		for _, scope := range scopes {
			err := assets(ctx, s, func(ctx context.Context, token *string) ([]types.WebACLSummary, *string, error) {
				out, err := client.ListWebACLs(ctx, &wafv2.ListWebACLsInput{Scope: scope, NextMarker: token, Limit: aws.Int32(100)})
				if err != nil {
					return nil, nil, err
				}
				if len(out.WebACLs) == 0 {
					out.NextMarker = nil // a marker is told on the last page too
				}
				return out.WebACLs, out.NextMarker, nil
			}, func(ctx context.Context, v types.WebACLSummary, d *draft) error {
				d.take(v, names{"ARN": "Arn"})
				d.ARN, d.Name = aws.ToString(v.ARN), aws.ToString(v.Name)
				d.set("Scope", scope)
				return webACLParts(ctx, s, client, v, scope, d)
			})
			if err != nil {
				return err
			}
		}
		return nil
	},
})

func webACLParts(ctx context.Context, s *session, client *wafv2.Client, v types.WebACLSummary, scope types.Scope, d *draft) error {
	renamed := names{"ARN": "Arn"}
	if err := s.part(ctx, d, fields[types.WebACL](d, renamed), "", func() error {
		out, err := client.GetWebACL(ctx, &wafv2.GetWebACLInput{Id: v.Id, Name: v.Name, Scope: scope})
		if err != nil || out.WebACL == nil {
			return or(err, errAnswer)
		}
		d.take(out.WebACL, renamed)
		d.set("Rules", append([]types.Rule{}, out.WebACL.Rules...))
		return nil
	}); err != nil {
		return err
	}
	d.set("_Logged", false)
	return s.part(ctx, d, "_Logged", "WAFNonexistentItemException", func() error {
		out, err := client.GetLoggingConfiguration(ctx, &wafv2.GetLoggingConfigurationInput{ResourceArn: v.ARN})
		if err != nil {
			return err
		}
		if out.LoggingConfiguration == nil {
			return errAnswer
		}
		d.observe("LoggingConfiguration", out.LoggingConfiguration)
		d.set("_Logged", true)
		return nil
	})
}
