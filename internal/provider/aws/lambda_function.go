package aws

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/bulwarksec/bulwark"
)

// GetFunction is not asked: with it comes a function's code.
var _ = collect(collector{
	Type: "AWS::Lambda::Function", Service: "lambda",
	Needs: []need{lists("lambda:ListFunctions"), each("lambda:GetPolicy"), each("lambda:GetFunctionConcurrency"), each("lambda:GetFunctionCodeSigningConfig"),
		each("lambda:ListFunctionUrlConfigs"), each("lambda:ListTags")},
	List: func(ctx context.Context, s *session) error {
		client := lambda.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.FunctionConfiguration, *string, error) {
			out, err := client.ListFunctions(ctx, &lambda.ListFunctionsInput{Marker: token})
			if err != nil {
				return nil, nil, err
			}
			return out.Functions, out.NextMarker, nil
		}, func(ctx context.Context, v types.FunctionConfiguration, d *draft) error {
			d.take(v, names{"FunctionArn": "Arn", "KMSKeyArn": "KmsKeyArn", "Layers": ""})
			d.ARN, d.Name = aws.ToString(v.FunctionArn), aws.ToString(v.FunctionName)
			layers := []string{}
			for _, l := range v.Layers {
				layers = append(layers, aws.ToString(l.Arn))
			}
			d.observe("LayerVersions", v.Layers)
			d.set("Layers", layers)
			if e := v.Environment; e != nil && e.Error != nil {
				d.unknown("Environment.Variables", "denied: "+aws.ToString(e.Error.ErrorCode))
			}
			return s.functionParts(ctx, client, v, d)
		})
	},
})

func (s *session) functionParts(ctx context.Context, client *lambda.Client, v types.FunctionConfiguration, d *draft) error {
	const gone = "ResourceNotFoundException" // the part, as the function was just listed
	parts := []struct {
		properties, absent string
		get                func() error
	}{
		{"_Permissions", gone, func() error {
			out, err := client.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: v.FunctionName})
			if err != nil || out.Policy == nil {
				return or(err, errAnswer)
			}
			doc, ok := document(d.names, *out.Policy).(bulwark.Value)
			if !ok {
				return errAnswer
			}
			d.observe("Policy", doc)
			d.observe("PolicyRevisionId", out.RevisionId)
			d.set("_Permissions", permissions(doc))
			return nil
		}},
		{"ReservedConcurrentExecutions", "", func() error {
			out, err := client.GetFunctionConcurrency(ctx, &lambda.GetFunctionConcurrencyInput{FunctionName: v.FunctionName})
			if err == nil {
				d.set("ReservedConcurrentExecutions", out.ReservedConcurrentExecutions)
			}
			return err
		}},
		{"CodeSigningConfigArn", gone, func() error {
			if v.PackageType == types.PackageTypeImage {
				return nil // images have none
			}
			out, err := client.GetFunctionCodeSigningConfig(ctx, &lambda.GetFunctionCodeSigningConfigInput{FunctionName: v.FunctionName})
			if err == nil {
				d.set("CodeSigningConfigArn", out.CodeSigningConfigArn)
			}
			return err
		}},
		{"_UrlAuthType", gone, func() error {
			list, err := all(ctx, s, func(ctx context.Context, token *string) ([]types.FunctionUrlConfig, *string, error) {
				out, err := client.ListFunctionUrlConfigs(ctx, &lambda.ListFunctionUrlConfigsInput{FunctionName: v.FunctionName, Marker: token})
				if err != nil {
					return nil, nil, err
				}
				return out.FunctionUrlConfigs, out.NextMarker, nil
			})
			if err == nil && len(list) > 0 {
				d.observe("FunctionUrlConfigs", list)
				d.set("_UrlAuthType", weakest(list))
			}
			return err
		}},
		{"Tags", "", func() error {
			out, err := client.ListTags(ctx, &lambda.ListTagsInput{Resource: v.FunctionArn})
			if err != nil {
				return err
			}
			list, _ := tagList(out.Tags)
			d.set("Tags", list)
			return nil
		}},
	}
	for _, p := range parts {
		if err := s.part(ctx, d, p.properties, p.absent, p.get); err != nil {
			return err
		}
	}
	return nil
}

// weakest returns the way in that asks the least: a function may have an
// address for each alias.
func weakest(list []types.FunctionUrlConfig) string {
	for _, c := range list {
		if c.AuthType == types.FunctionUrlAuthTypeNone {
			return string(c.AuthType)
		}
	}
	return string(list[0].AuthType)
}

// permissions writes a function's policy as CloudFormation has permissions: one
// for each principal of each statement that allows.
func permissions(policy bulwark.Value) []any {
	out := []any{}
	for _, st := range items(policy.Get("Statement")) {
		if st.Get("Effect").Text() != "Allow" {
			continue
		}
		for _, principal := range principals(st.Get("Principal")) {
			p := map[string]any{"Principal": principal}
			if a := texts(st.Get("Action")); len(a) > 0 {
				p["Action"] = strings.Join(a, ",")
			}
			for key, to := range map[string]string{"aws:sourcearn": "SourceArn", "aws:sourceaccount": "SourceAccount", "aws:principalorgid": "PrincipalOrgID", "lambda:functionurlauthtype": "FunctionUrlAuthType"} {
				if v := condition(st.Get("Condition"), key); v != "" {
					p[to] = v
				}
			}
			out = append(out, p)
		}
	}
	return out
}

// items returns a list's elements, or the value itself where it is one object.
func items(v bulwark.Value) []bulwark.Value {
	switch v.Kind() {
	case bulwark.List:
		var out []bulwark.Value
		for _, c := range v.Children() {
			out = append(out, c)
		}
		return out
	case bulwark.Absent:
		return nil
	}
	return []bulwark.Value{v}
}

func texts(v bulwark.Value) []string {
	var out []string
	for _, c := range items(v) {
		if c.Kind() == bulwark.String {
			out = append(out, c.Text())
		}
	}
	return out
}

// principals returns the names of a statement's principals, of every kind.
func principals(v bulwark.Value) []string {
	if v.Kind() != bulwark.Object {
		return texts(v)
	}
	var out []string
	for _, c := range v.Children() {
		out = append(out, texts(c)...)
	}
	slices.Sort(out)
	return out
}

// condition returns the values of which a statement demands one of a key, which
// is written in any case. Of what also holds where the key is missing, or for
// any account, nothing is demanded. Source: IAM User Guide, "Condition operators"
// and "Set operators for multivalued context keys".
func condition(v bulwark.Value, key string) string {
	for operator, keys := range v.Children() {
		o := strings.ToLower(operator)
		if strings.Contains(o, "not") || strings.HasSuffix(o, "ifexists") || strings.HasPrefix(o, "forallvalues:") || o == "null" {
			continue
		}
		for k, c := range keys.Children() {
			if v := texts(c); strings.EqualFold(k, key) && !slices.ContainsFunc(v, boundless) {
				return strings.Join(v, ",")
			}
		}
	}
	return ""
}

// boundless tells whether a demanded value is a pattern that things of any
// account match: wildcards alone, or an ARN that has them in its account or, as
// buckets have no account in theirs, in the bucket's name.
func boundless(pattern string) bool {
	if !strings.HasPrefix(pattern, "arn:") && !strings.HasPrefix(pattern, "arn*") {
		return strings.Trim(pattern, "*?:") == ""
	}
	parts := strings.SplitN(pattern, ":", 6)
	if len(parts) < 6 {
		return true // a wildcard stands for the rest
	}
	owner := parts[4]
	if owner == "" {
		owner, _, _ = strings.Cut(parts[5], "/")
	}
	return strings.ContainsAny(owner, "*?")
}
