package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// httpAPIs returns the region's HTTP and WebSocket APIs.
func (s *session) httpAPIs(ctx context.Context) ([]types.Api, error) {
	return shared(ctx, s, "http apis", func() ([]types.Api, error) {
		client := apigatewayv2.NewFromConfig(s.cfg)
		return all(ctx, s, func(ctx context.Context, token *string) ([]types.Api, *string, error) {
			out, err := client.GetApis(ctx, &apigatewayv2.GetApisInput{NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return out.Items, out.NextToken, nil
		})
	})
}

var _ = collect(collector{
	Type: "AWS::ApiGatewayV2::Api", Service: "apigatewayv2",
	Needs: []need{lists(apigatewayGet, "GetApis")},
	List: func(ctx context.Context, s *session) error {
		list, err := s.httpAPIs(ctx)
		if err != nil {
			return err
		}
		return drafts(ctx, s, list, func(_ context.Context, v types.Api, d *draft) error {
			d.take(v, nil)
			d.ARN, d.Name = s.gateway("apis", v.ApiId), aws.ToString(v.Name)
			return nil
		})
	},
})

var _ = collect(collector{
	Type: "AWS::ApiGatewayV2::Stage", Service: "apigatewayv2",
	Needs: []need{lists(apigatewayGet, "GetApis", "GetStages")},
	List: func(ctx context.Context, s *session) error {
		parents, err := s.httpAPIs(ctx)
		if err != nil {
			return err
		}
		client := apigatewayv2.NewFromConfig(s.cfg)
		return within(ctx, s, parents, func(ctx context.Context, api types.Api) error {
			return assets(ctx, s, func(ctx context.Context, token *string) ([]types.Stage, *string, error) {
				out, err := client.GetStages(ctx, &apigatewayv2.GetStagesInput{ApiId: api.ApiId, NextToken: token})
				if err != nil {
					return nil, nil, err
				}
				return out.Items, out.NextToken, nil
			}, func(_ context.Context, v types.Stage, d *draft) error {
				d.take(v, nil)
				d.set("ApiId", api.ApiId)
				d.ARN = s.gateway("apis", api.ApiId) + "/stages/" + aws.ToString(v.StageName)
				d.Name = aws.ToString(api.Name) + "/" + aws.ToString(v.StageName)
				return nil
			})
		})
	},
})
