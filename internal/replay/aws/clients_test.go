package aws

import (
	"net/http"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/aws/aws-sdk-go-v2/service/account"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/opensearch"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
)

// sdkConfig is a client's configuration: every request goes to t, once.
func sdkConfig(t http.RoundTripper, region string) aws.Config {
	return aws.Config{
		Region:      region,
		HTTPClient:  &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		Credentials: credentials.NewStaticCredentialsProvider("AKIAROOT", "secret", ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// sdkClients returns a client of each service that is served.
func sdkClients(c aws.Config) map[string]any {
	return map[string]any{
		"accessanalyzer":         accessanalyzer.NewFromConfig(c),
		"account":                account.NewFromConfig(c),
		"acm":                    acm.NewFromConfig(c),
		"apigateway":             apigateway.NewFromConfig(c),
		"apigatewayv2":           apigatewayv2.NewFromConfig(c),
		"autoscaling":            autoscaling.NewFromConfig(c),
		"backup":                 backup.NewFromConfig(c),
		"cloudcontrol":           cloudcontrol.NewFromConfig(c),
		"cloudfront":             cloudfront.NewFromConfig(c),
		"cloudtrail":             cloudtrail.NewFromConfig(c),
		"cloudwatch":             cloudwatch.NewFromConfig(c),
		"cloudwatchlogs":         cloudwatchlogs.NewFromConfig(c),
		"configservice":          configservice.NewFromConfig(c),
		"dynamodb":               dynamodb.NewFromConfig(c),
		"ec2":                    ec2.NewFromConfig(c),
		"ecr":                    ecr.NewFromConfig(c),
		"ecs":                    ecs.NewFromConfig(c),
		"efs":                    efs.NewFromConfig(c),
		"eks":                    eks.NewFromConfig(c),
		"elasticache":            elasticache.NewFromConfig(c),
		"elasticloadbalancing":   elasticloadbalancing.NewFromConfig(c),
		"elasticloadbalancingv2": elasticloadbalancingv2.NewFromConfig(c),
		"eventbridge":            eventbridge.NewFromConfig(c),
		"guardduty":              guardduty.NewFromConfig(c),
		"iam":                    iam.NewFromConfig(c),
		"kms":                    kms.NewFromConfig(c),
		"lambda":                 lambda.NewFromConfig(c),
		"opensearch":             opensearch.NewFromConfig(c),
		"organizations":          organizations.NewFromConfig(c),
		"rds":                    rds.NewFromConfig(c),
		"redshift":               redshift.NewFromConfig(c),
		"route53":                route53.NewFromConfig(c),
		"s3":                     s3.NewFromConfig(c),
		"s3control":              s3control.NewFromConfig(c),
		"secretsmanager":         secretsmanager.NewFromConfig(c),
		"securityhub":            securityhub.NewFromConfig(c),
		"sns":                    sns.NewFromConfig(c),
		"sqs":                    sqs.NewFromConfig(c),
		"ssm":                    ssm.NewFromConfig(c),
		"sts":                    sts.NewFromConfig(c),
		"wafv2":                  wafv2.NewFromConfig(c),
	}
}

// operate calls a client's operation by its name.
func operate(client any, operation string, args ...any) (any, error) {
	in := make([]reflect.Value, len(args))
	for i, a := range args {
		in[i] = reflect.ValueOf(a)
	}
	out := reflect.ValueOf(client).MethodByName(operation).Call(in)
	err, _ := out[1].Interface().(error)
	return out[0].Interface(), err
}
