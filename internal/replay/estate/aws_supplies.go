package estate

import (
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// supplies are what every app has: its logs, alarm, secret, parameter and
// repository of images.
func (s *site) supplies(a app) {
	group := logtypes.LogGroup{LogGroupName: p("/halden/" + a.name), Arn: p(s.arn("logs", "log-group:/halden/"+a.name+":*")), LogGroupArn: p(s.arn("logs", "log-group:/halden/"+a.name)), CreationTime: p(s.made("log/" + a.name).UnixMilli()), StoredBytes: p(int64(4096)), LogGroupClass: "STANDARD", RetentionInDays: p(int32(400)), KmsKeyId: p(s.key4("logs"))}
	if s.wrong("log-retention", a.name, 0.35) {
		group.RetentionInDays = nil
	}
	if s.wrong("log-key", a.name, 0.4) {
		group.KmsKeyId = nil
	}
	put(s, group)
	tell(s, *group.LogGroupArn, &cloudwatchlogs.ListTagsForResourceOutput{Tags: s.tagged(a, a.name)})
	put(s, cwtypes.MetricAlarm{AlarmName: p(a.name + "-errors"), AlarmArn: p(s.arn("cloudwatch", "alarm:"+a.name+"-errors")), ActionsEnabled: p(true), AlarmActions: []string{s.arn("sns", "oncall")}, Namespace: p("Halden"), MetricName: p("Errors"), StateValue: "OK", ComparisonOperator: "GreaterThanThreshold", Threshold: p(5.0), EvaluationPeriods: p(int32(3)), Period: p(int32(60))})
	name := s.env + "/" + a.name + "/credentials"
	secret := smtypes.SecretListEntry{Name: &name, ARN: p(s.arn("secretsmanager", "secret:"+name+"-"+s.hex(6, "secret", s.key, name))), RotationEnabled: p(!s.wrong("secret-rotation", name, 0.5)), CreatedDate: p(s.made("secret/" + name)), KmsKeyId: p(s.key4("data")), Tags: tagsOf(s.tagged(a, name), func(k, v *string) smtypes.Tag { return smtypes.Tag{Key: k, Value: v} })}
	if *secret.RotationEnabled {
		secret.RotationRules = &smtypes.RotationRulesType{AutomaticallyAfterDays: p(int64(30))}
		secret.LastRotatedDate = p(s.now.Truncate(30 * day))
	}
	put(s, secret)
	tell(s, *secret.ARN, &secretsmanager.GetResourcePolicyOutput{ARN: secret.ARN, Name: &name})
	put(s, ssmtypes.ParameterMetadata{Name: p("/" + s.env + "/" + a.name + "/endpoint"), ARN: p(s.arn("ssm", "parameter/"+s.env+"/"+a.name+"/endpoint")), Type: "String", Tier: "Standard", DataType: p("text"), Version: 3, LastModifiedDate: p(s.made("parameter/" + a.name))})
	if s.env == "prod" || s.key == "dev" {
		s.repository(a)
	}
}

func (s *site) repository(a app) {
	name := "halden/" + a.name
	r := ecrtypes.Repository{RepositoryName: &name, RepositoryArn: p(s.arn("ecr", "repository/"+name)), RegistryId: &s.id, RepositoryUri: p(s.id + ".dkr.ecr." + s.region + ".amazonaws.com/" + name), CreatedAt: p(s.made("ecr/" + name)), ImageTagMutability: "IMMUTABLE",
		ImageScanningConfiguration: &ecrtypes.ImageScanningConfiguration{ScanOnPush: !s.wrong("ecr-scan", name, 0.3)}, EncryptionConfiguration: &ecrtypes.EncryptionConfiguration{EncryptionType: "AES256"}}
	if s.wrong("ecr-mutable", name, 0.45) {
		r.ImageTagMutability = "MUTABLE"
	}
	put(s, r)
	if !s.wrong("ecr-lifecycle", name, 0.4) {
		tell(s, name, &ecr.GetLifecyclePolicyOutput{RepositoryName: &name, RegistryId: &s.id, LifecyclePolicyText: p(`{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":"sinceImagePushed","countUnit":"days","countNumber":14},"action":{"type":"expire"}}]}`)})
	}
}
