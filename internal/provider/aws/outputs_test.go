package aws

import (
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	accountapi "github.com/aws/aws-sdk-go-v2/service/account"
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
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/dax"
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
	"github.com/aws/aws-sdk-go-v2/service/fsx"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
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

// clients are those of the services that collectors call.
var clients = map[string]any{
	acm.ServiceID:                      &acm.Client{},
	apigateway.ServiceID:               &apigateway.Client{},
	apigatewayv2.ServiceID:             &apigatewayv2.Client{},
	autoscaling.ServiceID:              &autoscaling.Client{},
	backup.ServiceID:                   &backup.Client{},
	cloudfront.ServiceID:               &cloudfront.Client{},
	cloudwatch.ServiceID:               &cloudwatch.Client{},
	cloudwatchlogs.ServiceID:           &cloudwatchlogs.Client{},
	configservice.ServiceID:            &configservice.Client{},
	dynamodb.ServiceID:                 &dynamodb.Client{},
	ecr.ServiceID:                      &ecr.Client{},
	ecs.ServiceID:                      &ecs.Client{},
	efs.ServiceID:                      &efs.Client{},
	eks.ServiceID:                      &eks.Client{},
	elasticache.ServiceID:              &elasticache.Client{},
	elasticloadbalancing.ServiceID:     &elasticloadbalancing.Client{},
	elasticloadbalancingv2.ServiceID:   &elasticloadbalancingv2.Client{},
	eventbridge.ServiceID:              &eventbridge.Client{},
	guardduty.ServiceID:                &guardduty.Client{},
	opensearch.ServiceID:               &opensearch.Client{},
	redshift.ServiceID:                 &redshift.Client{},
	route53.ServiceID:                  &route53.Client{},
	secretsmanager.ServiceID:           &secretsmanager.Client{},
	securityhub.ServiceID:              &securityhub.Client{},
	codebuild.ServiceID:                &codebuild.Client{},
	databasemigrationservice.ServiceID: &databasemigrationservice.Client{},
	dax.ServiceID:                      &dax.Client{},
	fsx.ServiceID:                      &fsx.Client{},
	sns.ServiceID:                      &sns.Client{},
	sqs.ServiceID:                      &sqs.Client{},
	macie2.ServiceID:                   &macie2.Client{},
	ssm.ServiceID:                      &ssm.Client{},
	wafv2.ServiceID:                    &wafv2.Client{},
	cloudcontrol.ServiceID:             &cloudcontrol.Client{},
	accessanalyzer.ServiceID:           &accessanalyzer.Client{},
	accountapi.ServiceID:               &accountapi.Client{},
	cloudtrail.ServiceID:               &cloudtrail.Client{},
	ec2.ServiceID:                      &ec2.Client{},
	iam.ServiceID:                      &iam.Client{},
	kms.ServiceID:                      &kms.Client{},
	lambda.ServiceID:                   &lambda.Client{},
	organizations.ServiceID:            &organizations.Client{},
	rds.ServiceID:                      &rds.Client{},
	s3.ServiceID:                       &s3.Client{},
	s3control.ServiceID:                &s3control.Client{},
	sts.ServiceID:                      &sts.Client{},
}

var allOutputs = sync.OnceValue(func() map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for service, client := range clients {
		t := reflect.TypeOf(client)
		for m := range t.Methods() {
			if f := m.Type; f.NumOut() == 2 && strings.HasSuffix(f.Out(0).String(), m.Name+"Output") {
				out[serviceName(service)+":"+m.Name] = f.Out(0)
			}
		}
	}
	return out
})

// outputs returns the type that each operation returns, by service:Operation.
func outputs(t testing.TB) map[string]reflect.Type {
	t.Helper()
	return allOutputs()
}
