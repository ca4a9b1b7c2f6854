package aws

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
)

// Every read of API Gateway needs the permission to GET.
const apigatewayGet = "apigateway:GET"

func (s *session) apigateway() *apigateway.Client { return apigateway.NewFromConfig(s.cfg) }

// gateway is the ARN of a path of API Gateway, which has no account. Source:
// API Gateway Developer Guide, "ARN reference".
func (s *session) gateway(path string, more ...*string) string {
	arn := "arn:" + s.account.partition + ":apigateway:" + s.region + "::/" + path
	for _, m := range more {
		arn += "/" + aws.ToString(m)
	}
	return arn
}

// restAPIs returns the region's REST APIs.
func (s *session) restAPIs(ctx context.Context) ([]types.RestApi, error) {
	return shared(ctx, s, "rest apis", func() ([]types.RestApi, error) {
		client := s.apigateway()
		return all(ctx, s, func(ctx context.Context, token *string) ([]types.RestApi, *string, error) {
			out, err := client.GetRestApis(ctx, &apigateway.GetRestApisInput{Position: token, Limit: aws.Int32(500)})
			if err != nil {
				return nil, nil, err
			}
			return out.Items, out.Position, nil
		})
	})
}

var _ = collect(collector{
	Type: "AWS::ApiGateway::RestApi", Service: "apigateway",
	Needs: []need{lists(apigatewayGet, "GetRestApis")},
	List: func(ctx context.Context, s *session) error {
		list, err := s.restAPIs(ctx)
		if err != nil {
			return err
		}
		return drafts(ctx, s, list, func(_ context.Context, v types.RestApi, d *draft) error {
			d.take(v, names{"Policy": ""})
			d.ARN, d.Name = s.gateway("restapis", v.Id), aws.ToString(v.Name)
			d.set("Ref", v.Id)
			delete(d.observed, "Policy")
			if v.Policy != nil {
				// It comes as a JSON text within which quotation marks are escaped.
				d.policy("Policy", aws.String(strings.ReplaceAll(*v.Policy, `\"`, `"`)))
			}
			return nil
		})
	},
})

var _ = collect(collector{
	Type: "AWS::ApiGateway::Stage", Service: "apigateway",
	Needs: []need{lists(apigatewayGet, "GetRestApis", "GetStages")},
	List: func(ctx context.Context, s *session) error {
		parents, err := s.restAPIs(ctx)
		if err != nil {
			return err
		}
		client := s.apigateway()
		return within(ctx, s, parents, func(ctx context.Context, api types.RestApi) error {
			out, err := client.GetStages(ctx, &apigateway.GetStagesInput{RestApiId: api.Id})
			if err != nil {
				return err
			}
			return drafts(ctx, s, out.Item, func(_ context.Context, v types.Stage, d *draft) error {
				d.take(v, names{"MethodSettings": "", "AccessLogSettings": "AccessLogSetting"})
				delete(d.observed, "MethodSettings")
				d.ARN, d.Name = s.gateway("restapis", api.Id)+"/stages/"+aws.ToString(v.StageName), aws.ToString(api.Name)+"/"+aws.ToString(v.StageName)
				d.set("MethodSettings", methodSettings(v.MethodSettings))
				d.set("_MethodSettings", len(v.MethodSettings) > 0)
				d.observe("RestApiId", api.Id)
				return nil
			})
		})
	},
})

// methodSettings writes a map of settings by method, path/VERB, as the list that
// CloudFormation has. In a path ~1 stands for a slash.
func methodSettings(byMethod map[string]types.MethodSetting) []any {
	out := []any{}
	for _, method := range slices.Sorted(maps.Keys(byMethod)) {
		item, _ := tree(byMethod[method]).(map[string]any)
		if i := strings.LastIndex(method, "/"); i >= 0 {
			item["ResourcePath"] = "/" + strings.TrimPrefix(strings.ReplaceAll(method[:i], "~1", "/"), "/")
			item["HttpMethod"] = method[i+1:]
		} else {
			item["HttpMethod"] = method
		}
		out = append(out, item)
	}
	return out
}

var _ = collect(collector{
	Type: "AWS::ApiGateway::Method", Service: "apigateway",
	Needs: []need{lists(apigatewayGet, "GetRestApis", "GetResources")},
	List: func(ctx context.Context, s *session) error {
		parents, err := s.restAPIs(ctx)
		if err != nil {
			return err
		}
		client := s.apigateway()
		return within(ctx, s, parents, func(ctx context.Context, api types.RestApi) error {
			return assets(ctx, s, func(ctx context.Context, token *string) ([]methodOf, *string, error) {
				out, err := client.GetResources(ctx, &apigateway.GetResourcesInput{RestApiId: api.Id, Position: token, Limit: aws.Int32(500), Embed: []string{"methods"}})
				if err != nil {
					return nil, nil, err
				}
				return methods(out.Items), out.Position, nil
			}, func(_ context.Context, v methodOf, d *draft) error {
				d.take(v.method, nil)
				d.set("HttpMethod", v.verb)
				d.ARN = fmt.Sprintf("%s/methods/%s", s.gateway("restapis", api.Id, aws.String("resources"), v.resource.Id), v.verb)
				d.Name = v.verb + " " + aws.ToString(v.resource.Path)
				d.observe("RestApiId", api.Id)
				v.resource.ResourceMethods = nil
				d.observe("Resource", v.resource)
				d.relate("rest-api", "methods", "AWS::ApiGateway::RestApi", s.gateway("restapis", api.Id))
				return nil
			})
		})
	},
})

// methodOf is a method of a resource of an API.
type methodOf struct {
	resource types.Resource
	verb     string
	method   types.Method
}

func methods(resources []types.Resource) []methodOf {
	var out []methodOf
	for _, r := range resources {
		for _, verb := range slices.Sorted(maps.Keys(r.ResourceMethods)) {
			out = append(out, methodOf{r, verb, r.ResourceMethods[verb]})
		}
	}
	return out
}

var _ = collect(collector{
	Type: "AWS::ApiGateway::DomainName", Service: "apigateway",
	Needs: []need{lists(apigatewayGet, "GetDomainNames")},
	List: func(ctx context.Context, s *session) error {
		client := s.apigateway()
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.DomainName, *string, error) {
			out, err := client.GetDomainNames(ctx, &apigateway.GetDomainNamesInput{Position: token, Limit: aws.Int32(500)})
			if err != nil {
				return nil, nil, err
			}
			return out.Items, out.Position, nil
		}, func(_ context.Context, v types.DomainName, d *draft) error {
			d.take(v, names{"DomainName": "DomainName", "Policy": ""})
			d.ARN, d.Name = s.gateway("domainnames", v.DomainName), aws.ToString(v.DomainName)
			return nil
		})
	},
})
