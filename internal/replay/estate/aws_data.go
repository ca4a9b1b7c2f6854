package estate

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	ectypes "github.com/aws/aws-sdk-go-v2/service/elasticache/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/bulwarksec/bulwark/internal/replay/aws"
)

// buckets are an app's own: its data, and what it keeps of it elsewhere.
func (s *site) buckets(a app) {
	for _, what := range []string{"data", "exports", "assets"} {
		name := "halden-" + a.name + "-" + what
		if s.env != "prod" && s.env != "shared" {
			name = "halden-" + s.env + "-" + a.name + "-" + what
		}
		if since, ok := s.lives(name); ok {
			s.bucket(a, name, what, since)
		}
	}
}

func (s *site) bucket(a app, name, what string, since time.Time) {
	whole := &site{s.builder, s.account, s.w, ""} // buckets are listed together
	put(whole, s3types.Bucket{Name: &name, BucketRegion: &s.region, CreationDate: &since})
	open := s.wrong("bucket-public", name, 0.05) || s.story("bucket-public", app{name: name}) || s.key == "sandbox" && s.flicker(name, 17*time.Minute)
	block := &s3types.PublicAccessBlockConfiguration{BlockPublicAcls: p(true), BlockPublicPolicy: p(!open), IgnorePublicAcls: p(true), RestrictPublicBuckets: p(!open)}
	if !open || s.ratio("block-left", name) < 0.5 {
		tell(s, name, &s3.GetPublicAccessBlockOutput{PublicAccessBlockConfiguration: block})
	}
	rule := s3types.ServerSideEncryptionRule{ApplyServerSideEncryptionByDefault: &s3types.ServerSideEncryptionByDefault{SSEAlgorithm: "AES256"}, BucketKeyEnabled: p(true)}
	if a.class == "cardholder" || a.class == "confidential" && !s.wrong("own-key", name, 0.4) {
		rule.ApplyServerSideEncryptionByDefault = &s3types.ServerSideEncryptionByDefault{SSEAlgorithm: "aws:kms", KMSMasterKeyID: p(s.key4("data"))}
	}
	tell(s, name, &s3.GetBucketEncryptionOutput{ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{Rules: []s3types.ServerSideEncryptionRule{rule}}})
	if !s.wrong("versioning", name, 0.3) {
		tell(s, name, &s3.GetBucketVersioningOutput{Status: "Enabled"})
	}
	if !s.wrong("access-logs", name, 0.4) {
		tell(s, name, &s3.GetBucketLoggingOutput{LoggingEnabled: &s3types.LoggingEnabled{TargetBucket: p("halden-flow-archive-data"), TargetPrefix: p(name + "/")}})
	}
	tell(s, name, &s3.GetBucketOwnershipControlsOutput{OwnershipControls: &s3types.OwnershipControls{Rules: []s3types.OwnershipControlsRule{{ObjectOwnership: "BucketOwnerEnforced"}}}})
	owner := s.hex(64, "owner", s.key)
	tell(s, name, &s3.GetBucketAclOutput{Owner: &s3types.Owner{ID: &owner}, Grants: []s3types.Grant{{Permission: "FULL_CONTROL", Grantee: &s3types.Grantee{ID: &owner, Type: "CanonicalUser"}}}})
	if !s.wrong("lifecycle", name, 0.4) {
		tell(s, name, &s3.GetBucketLifecycleConfigurationOutput{Rules: []s3types.LifecycleRule{{ID: p("tidy"), Status: "Enabled", Filter: &s3types.LifecycleRuleFilter{Prefix: p("")},
			AbortIncompleteMultipartUpload: &s3types.AbortIncompleteMultipartUpload{DaysAfterInitiation: p(int32(7))}, NoncurrentVersionExpiration: &s3types.NoncurrentVersionExpiration{NoncurrentDays: p(int32(90))}}}})
	}
	tell(s, name, &s3.GetBucketTaggingOutput{TagSet: tagsOf(s.tagged(a, name), func(k, v *string) s3types.Tag { return s3types.Tag{Key: k, Value: v} })})
	s.bucketPolicy(name, open)
}

func (s *site) bucketPolicy(name string, open bool) {
	var statements []string
	if !s.wrong("bucket-tls", name, 0.3) {
		statements = append(statements, `{"Sid":"TLSOnly","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::`+name+`","arn:aws:s3:::`+name+`/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`)
	}
	if open {
		statements = append(statements, `{"Sid":"Share","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::`+name+`/*"}`)
	}
	if len(statements) > 0 {
		tell(s, name, &s3.GetBucketPolicyOutput{Policy: p(`{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`)})
	}
}

// databases are an app's PostgreSQL instances.
func (s *site) databases(a app) {
	group := s.group(s.vpc(), a.name+"-db", a, s.fromGroup(5432, s.ref("sg", a.name+"-app"), "the app"))
	for _, role := range []string{"main", "replica"} {
		name := a.name + "-" + role
		if role == "replica" && s.env != "prod" {
			continue
		}
		since, ok := s.lives(s.key + "/db/" + name)
		if !ok && role == "replica" {
			continue
		}
		own := s.key4("data")
		d := rdstypes.DBInstance{DBInstanceIdentifier: &name, DBInstanceArn: p(s.arn("rds", "db:"+name)), Engine: p("postgres"), EngineVersion: p(pick(s.builder, []string{"16.4", "17.2", "15.8"}, "engine", name)), DBInstanceClass: p("db.m6g.large"), DBInstanceStatus: p("available"),
			AllocatedStorage: p(int32(200)), StorageType: p("gp3"), MasterUsername: p("halden"), DBName: p(strings.ReplaceAll(a.name, "-", "_")), InstanceCreateTime: &since, DbiResourceId: p("db-" + strings.ToUpper(s.hex(26, s.key, name))), AvailabilityZone: p(s.region + "a"),
			MultiAZ: p(s.env == "prod" && !s.wrong("single-zone", name, 0.25)), PubliclyAccessible: p(s.wrong("db-public", name, 0.1)), StorageEncrypted: p(!s.wrong("db-clear", name, 0.15)), BackupRetentionPeriod: p(int32(14)), DeletionProtection: p(!s.wrong("db-protection", name, 0.35)),
			AutoMinorVersionUpgrade: p(!s.wrong("db-upgrade", name, 0.2)), CopyTagsToSnapshot: p(true), IAMDatabaseAuthenticationEnabled: p(!s.wrong("db-iam", name, 0.5)), PerformanceInsightsEnabled: p(s.env == "prod"), MonitoringInterval: p(int32(60)),
			MonitoringRoleArn: p(s.iamARN("role/rds-monitoring")), CACertificateIdentifier: p("rds-ca-rsa2048-g1"), Endpoint: &rdstypes.Endpoint{Address: p(name + "." + s.region + ".rds.amazonaws.com"), Port: p(int32(5432))}, EnabledCloudwatchLogsExports: []string{"postgresql", "upgrade"},
			VpcSecurityGroups: []rdstypes.VpcSecurityGroupMembership{{VpcSecurityGroupId: &group, Status: p("active")}}, DBSubnetGroup: &rdstypes.DBSubnetGroup{DBSubnetGroupName: p("private"), VpcId: p(s.vpc())},
			TagList: tagsOf(s.tagged(a, name), func(k, v *string) rdstypes.Tag { return rdstypes.Tag{Key: k, Value: v} })}
		if *d.StorageEncrypted {
			d.KmsKeyId = &own
		}
		if *d.PerformanceInsightsEnabled {
			d.PerformanceInsightsKMSKeyId = &own
		}
		if s.env != "prod" || s.wrong("db-backups", name, 0.1) {
			d.BackupRetentionPeriod = p(int32(s.between(0, 7, "retention", s.key, name)))
		}
		put(s, d)
		s.databaseSnapshot(a, name, d)
	}
}

func (s *site) databaseSnapshot(a app, name string, d rdstypes.DBInstance) {
	id := name + "-before-upgrade"
	put(s, rdstypes.DBSnapshot{DBSnapshotIdentifier: &id, DBSnapshotArn: p(s.arn("rds", "snapshot:"+id)), DBInstanceIdentifier: &name, Engine: d.Engine, EngineVersion: d.EngineVersion, SnapshotType: p("manual"), Status: p("available"), Encrypted: d.StorageEncrypted, KmsKeyId: d.KmsKeyId,
		SnapshotCreateTime: p(d.InstanceCreateTime.Add(40 * day)), InstanceCreateTime: d.InstanceCreateTime, AllocatedStorage: d.AllocatedStorage, VpcId: p(s.vpc()), TagList: d.TagList})
	attribute := rdstypes.DBSnapshotAttribute{AttributeName: p("restore")}
	if s.wrong("snapshot-public", name, 0.04) || s.story("snapshot-public", a) {
		attribute.AttributeValues = []string{"all"}
	}
	tell(s, id, &rds.DescribeDBSnapshotAttributesOutput{DBSnapshotAttributesResult: &rdstypes.DBSnapshotAttributesResult{DBSnapshotIdentifier: &id, DBSnapshotAttributes: []rdstypes.DBSnapshotAttribute{attribute}}})
}

func (s *site) tables(a app) {
	for _, what := range []string{"sessions", "events"} {
		name := a.name + "-" + what
		t := ddbtypes.TableDescription{TableName: &name, TableArn: p(s.arn("dynamodb", "table/"+name)), TableId: p(s.uuid("table", s.key, name)), TableStatus: "ACTIVE", CreationDateTime: p(s.made("table/" + name)), DeletionProtectionEnabled: p(!s.wrong("table-protection", name, 0.5)),
			BillingModeSummary: &ddbtypes.BillingModeSummary{BillingMode: "PAY_PER_REQUEST"}, KeySchema: []ddbtypes.KeySchemaElement{{AttributeName: p("id"), KeyType: "HASH"}}, AttributeDefinitions: []ddbtypes.AttributeDefinition{{AttributeName: p("id"), AttributeType: "S"}}}
		if a.class != "internal" && a.class != "public" {
			t.SSEDescription = &ddbtypes.SSEDescription{Status: "ENABLED", SSEType: "KMS", KMSMasterKeyArn: p(s.key4("data"))}
		}
		put(s, t)
		state := ddbtypes.PointInTimeRecoveryStatusEnabled
		if s.wrong("table-recovery", name, 0.35) {
			state = ddbtypes.PointInTimeRecoveryStatusDisabled
		}
		tell(s, name, &dynamodb.DescribeContinuousBackupsOutput{ContinuousBackupsDescription: &ddbtypes.ContinuousBackupsDescription{ContinuousBackupsStatus: "ENABLED", PointInTimeRecoveryDescription: &ddbtypes.PointInTimeRecoveryDescription{PointInTimeRecoveryStatus: state}}})
		tell(s, *t.TableArn, &dynamodb.ListTagsOfResourceOutput{Tags: tagsOf(s.tagged(a, name), func(k, v *string) ddbtypes.Tag { return ddbtypes.Tag{Key: k, Value: v} })})
	}
}

func (s *site) queues(a app) {
	for _, what := range []string{"orders", "dead"} {
		name := a.name + "-" + what
		url := "https://sqs." + s.region + ".amazonaws.com/" + s.id + "/" + name
		attributes := map[string]string{"QueueArn": s.arn("sqs", name), "VisibilityTimeout": "30", "MessageRetentionPeriod": "345600", "SqsManagedSseEnabled": "true", "CreatedTimestamp": "1700000000"}
		if s.wrong("queue-clear", name, 0.2) {
			attributes["SqsManagedSseEnabled"] = "false"
		}
		principal := `{"AWS":"arn:aws:iam::` + s.id + `:root"}`
		if s.wrong("queue-open", name, 0.07) {
			principal = `"*"`
		}
		attributes["Policy"] = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal + `,"Action":"sqs:SendMessage","Resource":"` + s.arn("sqs", name) + `"}]}`
		put(s, aws.Queue{URL: url})
		tell(s, url, &sqs.GetQueueAttributesOutput{Attributes: attributes})
		tell(s, url, &sqs.ListQueueTagsOutput{Tags: s.tagged(a, name)})
	}
	name := a.name + "-events"
	arn := s.arn("sns", name)
	put(s, snstypes.Topic{TopicArn: &arn})
	attributes := map[string]string{"TopicArn": arn, "Owner": s.id, "DisplayName": title(a.name), "Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + s.id + `:root"},"Action":"sns:Publish","Resource":"` + arn + `"}]}`}
	if !s.wrong("topic-clear", name, 0.4) {
		attributes["KmsMasterKeyId"] = s.key4("data")
	}
	tell(s, arn, &sns.GetTopicAttributesOutput{Attributes: attributes})
	tell(s, arn, &sns.ListTagsForResourceOutput{Tags: tagsOf(s.tagged(a, name), func(k, v *string) snstypes.Tag { return snstypes.Tag{Key: k, Value: v} })})
}

func (s *site) caches(a app) {
	name := a.name + "-cache"
	put(s, ectypes.ReplicationGroup{ReplicationGroupId: &name, ARN: p(s.arn("elasticache", "replicationgroup:"+name)), Description: p(title(a.name)), Status: p("available"), AtRestEncryptionEnabled: p(!s.wrong("cache-clear", name, 0.2)), TransitEncryptionEnabled: p(!s.wrong("cache-tls", name, 0.3)),
		AuthTokenEnabled: p(!s.wrong("cache-auth", name, 0.4)), AutomaticFailover: "enabled", MultiAZ: "enabled", SnapshotRetentionLimit: p(int32(7)), CacheNodeType: p("cache.m6g.large"), Engine: p("redis"), AutoMinorVersionUpgrade: p(true), MemberClusters: []string{name + "-001"}, ClusterEnabled: p(false)})
	put(s, ectypes.CacheCluster{CacheClusterId: p(name + "-001"), ARN: p(s.arn("elasticache", "cluster:"+name+"-001")), ReplicationGroupId: &name, Engine: p("redis"), EngineVersion: p("7.1.0"), CacheClusterStatus: p("available"), CacheNodeType: p("cache.m6g.large"), NumCacheNodes: p(int32(1)),
		AutoMinorVersionUpgrade: p(true), CacheSubnetGroupName: p("private"), SnapshotRetentionLimit: p(int32(7)), TransitEncryptionEnabled: p(true), AtRestEncryptionEnabled: p(true)})
}
