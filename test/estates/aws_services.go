package estates

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cloudtrailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	cloudwatchlogstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	replay "github.com/bulwarksec/bulwark/internal/replay/aws"
)

// buckets are an account's, spread over its regions.
func (f *filler) buckets() {
	at := f.at()
	for i := range f.n(60) {
		bucket := f.account + "-" + name("data", i)
		region := f.Regions[i%len(f.Regions)]
		replay.Put(f.w, at, s3types.Bucket{Name: &bucket, BucketRegion: &region, CreationDate: &made})
		replay.Answer(f.w, at, bucket, &s3.GetBucketEncryptionOutput{ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{
			Rules: []s3types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: &s3types.ServerSideEncryptionByDefault{SSEAlgorithm: s3types.ServerSideEncryptionAes256}}}}})
		replay.Answer(f.w, at, bucket, &s3.GetBucketTaggingOutput{TagSet: []s3types.Tag{{Key: aws.String("team"), Value: aws.String(teams[i%len(teams)])}}})
		replay.Answer(f.w, at, bucket, &s3.GetBucketAclOutput{Owner: &s3types.Owner{ID: &f.account}})
		if i%10 != 0 {
			replay.Answer(f.w, at, bucket, &s3.GetPublicAccessBlockOutput{PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{
				BlockPublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true), IgnorePublicAcls: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true)}})
		}
		if i%3 == 0 {
			replay.Answer(f.w, at, bucket, &s3.GetBucketPolicyOutput{Policy: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::` + bucket + `/*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`)})
		}
	}
}

// trail records an account's calls in all regions.
func (f *filler) trail() {
	home := *f
	home.region = "us-east-1"
	arn := home.arn("cloudtrail", "trail/all")
	at := home.at()
	replay.Put(f.w, at, cloudtrailtypes.Trail{Name: aws.String("all"), TrailARN: arn, HomeRegion: aws.String("us-east-1"), IsMultiRegionTrail: aws.Bool(true), LogFileValidationEnabled: aws.Bool(true), S3BucketName: aws.String(f.account + "-" + name("data", 0))})
	replay.Answer(f.w, at, *arn, &cloudtrail.GetTrailStatusOutput{IsLogging: aws.Bool(true)})
	replay.Answer(f.w, at, *arn, &cloudtrail.GetEventSelectorsOutput{TrailARN: arn, EventSelectors: []cloudtrailtypes.EventSelector{{ReadWriteType: cloudtrailtypes.ReadWriteTypeAll, IncludeManagementEvents: aws.Bool(true)}}})
}

// defaults are what a region does by itself.
func (f *filler) defaults() {
	at := f.at()
	replay.Answer(f.w, at, "", &ec2.GetEbsEncryptionByDefaultOutput{EbsEncryptionByDefault: aws.Bool(true)})
	replay.Answer(f.w, at, "", &ec2.GetEbsDefaultKmsKeyIdOutput{KmsKeyId: aws.String("alias/aws/ebs")})
	replay.Answer(f.w, at, "", &ec2.GetImageBlockPublicAccessStateOutput{ImageBlockPublicAccessState: aws.String("block-new-sharing")})
	replay.Answer(f.w, at, "", &ec2.GetSnapshotBlockPublicAccessStateOutput{State: ec2types.SnapshotBlockPublicAccessStateBlockAllSharing})
	replay.Answer(f.w, at, "", &ec2.GetSerialConsoleAccessStatusOutput{SerialConsoleAccessEnabled: aws.Bool(false)})
	replay.Answer(f.w, at, "", &ec2.GetInstanceMetadataDefaultsOutput{AccountLevel: &ec2types.InstanceMetadataDefaultsResponse{HttpTokens: ec2types.HttpTokensStateRequired}})
}

// services are what runs without machines of one's own.
func (f *filler) services() {
	at := f.at()
	for i := range f.n(12) {
		key := fmt.Sprintf("%08d-0000-4000-8000-000000000000", i)
		replay.Put(f.w, at, kmstypes.KeyMetadata{KeyId: &key, Arn: f.arn("kms", "key/"+key), AWSAccountId: &f.account, KeyManager: kmstypes.KeyManagerTypeCustomer, KeyState: kmstypes.KeyStateEnabled, Enabled: true,
			KeySpec: kmstypes.KeySpecSymmetricDefault, KeyUsage: kmstypes.KeyUsageTypeEncryptDecrypt, Origin: kmstypes.OriginTypeAwsKms, CreationDate: &made})
		replay.Answer(f.w, at, key, &kms.GetKeyPolicyOutput{Policy: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + f.account + `:root"},"Action":"kms:*","Resource":"*"}]}`)})
		replay.Answer(f.w, at, key, &kms.GetKeyRotationStatusOutput{KeyId: &key, KeyRotationEnabled: i%4 != 0})
	}
	for i := range f.n(6) {
		db := name("db", i)
		replay.Put(f.w, at, rdstypes.DBInstance{DBInstanceIdentifier: &db, DBInstanceArn: f.arn("rds", "db:"+db), Engine: aws.String("postgres"), EngineVersion: aws.String("16.4"), DBInstanceStatus: aws.String("available"), StorageEncrypted: aws.Bool(i%3 != 0),
			PubliclyAccessible: aws.Bool(i == 0), MultiAZ: aws.Bool(i%2 == 0), BackupRetentionPeriod: aws.Int32(7), DeletionProtection: aws.Bool(true), DBInstanceClass: aws.String("db.m7g.large"), AllocatedStorage: aws.Int32(200)})
	}
	for i := range f.n(20) {
		snapshot := name("dbsnap", i)
		replay.Put(f.w, at, rdstypes.DBSnapshot{DBSnapshotIdentifier: &snapshot, DBSnapshotArn: f.arn("rds", "snapshot:"+snapshot), DBInstanceIdentifier: aws.String(name("db", i%6)), Engine: aws.String("postgres"), SnapshotType: aws.String("manual"), Encrypted: aws.Bool(i%3 != 0), Status: aws.String("available")})
		replay.Answer(f.w, at, snapshot, &rds.DescribeDBSnapshotAttributesOutput{DBSnapshotAttributesResult: &rdstypes.DBSnapshotAttributesResult{DBSnapshotIdentifier: &snapshot,
			DBSnapshotAttributes: []rdstypes.DBSnapshotAttribute{{AttributeName: aws.String("restore")}}}})
	}
	for i := range f.n(40) {
		fn := name("function", i)
		replay.Put(f.w, at, lambdatypes.FunctionConfiguration{FunctionName: &fn, FunctionArn: f.arn("lambda", "function:"+fn), Runtime: lambdatypes.RuntimePython312, Handler: aws.String("main.handle"), MemorySize: aws.Int32(256), Timeout: aws.Int32(30),
			Role: aws.String("arn:aws:iam::" + f.account + ":role/" + name("role", i)), PackageType: lambdatypes.PackageTypeZip, LastModified: aws.String("2025-03-01T08:00:00.000+0000"), Version: aws.String("$LATEST")})
		replay.Answer(f.w, at, *f.arn("lambda", "function:"+fn), &lambda.ListTagsOutput{Tags: map[string]string{"team": teams[i%len(teams)]}})
	}
	f.queues()
}

// queues are the small things that every service leaves behind.
func (f *filler) queues() {
	at := f.at()
	for i := range f.n(20) {
		url := "https://sqs." + f.region + ".amazonaws.com/" + f.account + "/" + name("queue", i)
		replay.Put(f.w, at, replay.Queue{URL: url})
		replay.Answer(f.w, at, url, &sqs.GetQueueAttributesOutput{Attributes: map[string]string{"QueueArn": *f.arn("sqs", name("queue", i)), "SqsManagedSseEnabled": fmt.Sprint(i%3 != 0)}})
		topic := f.arn("sns", name("topic", i))
		if i < 10 {
			replay.Put(f.w, at, snstypes.Topic{TopicArn: topic})
			replay.Answer(f.w, at, *topic, &sns.GetTopicAttributesOutput{Attributes: map[string]string{"TopicArn": *topic, "Owner": f.account}})
			table := name("table", i)
			replay.Put(f.w, at, dynamodbtypes.TableDescription{TableName: &table, TableArn: f.arn("dynamodb", "table/"+table), TableStatus: dynamodbtypes.TableStatusActive, DeletionProtectionEnabled: aws.Bool(i%2 == 0)})
			replay.Answer(f.w, at, table, &dynamodb.DescribeContinuousBackupsOutput{ContinuousBackupsDescription: &dynamodbtypes.ContinuousBackupsDescription{ContinuousBackupsStatus: dynamodbtypes.ContinuousBackupsStatusEnabled}})
		}
	}
	for i := range f.n(50) {
		group := "/aws/lambda/" + name("function", i)
		replay.Put(f.w, at, cloudwatchlogstypes.LogGroup{LogGroupName: &group, Arn: f.arn("logs", "log-group:"+group+":*"), LogGroupArn: f.arn("logs", "log-group:"+group), RetentionInDays: aws.Int32(90)})
	}
}
