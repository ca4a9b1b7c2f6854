package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer/types"
)

var _ = collect(collector{
	Type: "AWS::AccessAnalyzer::Analyzer", Service: "accessanalyzer",
	Needs: []need{lists("access-analyzer:ListAnalyzers")},
	List: func(ctx context.Context, s *session) error {
		client := accessanalyzer.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.AnalyzerSummary, *string, error) {
			out, err := client.ListAnalyzers(ctx, &accessanalyzer.ListAnalyzersInput{NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return out.Analyzers, out.NextToken, nil
		}, func(_ context.Context, v types.AnalyzerSummary, d *draft) error {
			d.take(v, names{"Name": "AnalyzerName"})
			d.ARN, d.Name = aws.ToString(v.Arn), aws.ToString(v.Name)
			return nil
		})
	},
})
