package estate

import (
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	agtypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	ag2types "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	asgtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	backuptypes "github.com/aws/aws-sdk-go-v2/service/backup/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	cbtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	configtypes "github.com/aws/aws-sdk-go-v2/service/configservice/types"
	dmstypes "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	daxtypes "github.com/aws/aws-sdk-go-v2/service/dax/types"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	fsxtypes "github.com/aws/aws-sdk-go-v2/service/fsx/types"
	ostypes "github.com/aws/aws-sdk-go-v2/service/opensearch/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	redshifttypes "github.com/aws/aws-sdk-go-v2/service/redshift/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	waftypes "github.com/aws/aws-sdk-go-v2/service/wafv2/types"
)

// own is what single apps have beside what they are made of, by account and name.
var own = map[string]func(*site, app){
	"network/dns":                (*site).zones,
	"prod-web/storefront":        func(s *site, a app) { s.distribution(a); s.shield(a); s.files(a) },
	"prod-web/search":            (*site).searchDomain,
	"staging/search":             (*site).searchDomain,
	"prod-web/recommendations":   (*site).containers,
	"staging/loyalty":            func(s *site, a app) { s.containers(a); s.warehouse(a) },
	"dev/loyalty":                (*site).containers,
	"prod-web/loyalty":           func(s *site, a app) { s.warehouse(a); s.accelerator(a) },
	"prod-web/price-engine":      (*site).aurora,
	"prod-web/basket":            (*site).accelerator,
	"prod-web/store-locator":     (*site).httpAPI,
	"sandbox/voice-orders":       func(s *site, a app) { s.httpAPI(a); s.restAPI(a) },
	"prod-payments/payments-api": func(s *site, a app) { s.restAPI(a); s.cluster(a, "eks-payments"); s.shield(a) },
	"prod-payments/ledger":       (*site).aurora,
	"security/siem":              func(s *site, a app) { s.searchDomain(a); s.trailFilters(a); s.aggregator() },
	"dev/build":                  func(s *site, a app) { s.builds(a); s.files(a) },
	"dev/shelf-camera":           (*site).httpAPI,
	"sandbox/ml-spike":           func(s *site, a app) { s.builds(a); s.files(a) },
	"legacy-pos/till-roll":       func(s *site, a app) { s.classic(a); s.shares(a) },
	"fennel/fennel-shop":         func(s *site, a app) { s.migration(a); s.peering(a); s.classic(a) },
	"fennel/fennel-stock":        func(s *site, a app) { s.shares(a); s.migration(a) },
}

// more puts what an app has of its own, and what keeps its backups and runs by
// the clock.
func (s *site) more(a app) {
	if f := own[s.key+"/"+a.name]; f != nil {
		f(s, a)
	}
	if a.has(database) && (s.env == "prod" || s.env == "staging") {
		v := backuptypes.BackupVaultListMember{BackupVaultName: p(a.name), BackupVaultArn: p(s.arn("backup", "backup-vault:"+a.name)), CreationDate: p(s.made("vault/" + a.name)), NumberOfRecoveryPoints: 90, Locked: p(s.env == "prod" && !s.wrong("vault-lock", a.name, 0.5))}
		if !s.wrong("vault-key", a.name, 0.4) {
			v.EncryptionKeyArn = p(s.key4("data"))
		}
		put(s, v)
	}
	if a.has(functions) {
		putBelow(s, "default", eventtypes.Rule{Name: p(a.name + "-nightly"), Arn: p(s.arn("events", "rule/"+a.name+"-nightly")), EventBusName: p("default"), ScheduleExpression: p("cron(15 2 * * ? *)"), State: "ENABLED", Description: p("Runs the report of " + a.name)})
	}
}

// buses are where an account's events go: its own, and that of what it sells.
func (s *site) buses() {
	for _, name := range []string{"default", "orders"} {
		bus := eventtypes.EventBus{Name: &name, Arn: p(s.arn("events", "event-bus/"+name))}
		if name == "orders" && s.env != "prod" {
			continue
		}
		if name == "orders" {
			bus.Policy = p(`{"Version":"2012-10-17","Statement":[{"Sid":"partners","Effect":"Allow","Principal":` + unless(s.wrong("bus-open", name, 0.3), `"*"`, `{"AWS":"arn:aws:iam::`+company[0].id+`:root"}`) + `,"Action":"events:PutEvents","Resource":"` + *bus.Arn + `"}]}`)
		}
		put(s, bus)
	}
}

// aggregator gathers what Config records in all accounts.
func (s *site) aggregator() {
	put(s, configtypes.ConfigurationAggregator{ConfigurationAggregatorName: p("organization"), ConfigurationAggregatorArn: p(s.arn("config", "config-aggregator/config-aggregator-"+s.hex(8, "aggregator"))), CreationTime: p(s.made("aggregator")),
		OrganizationAggregationSource: &configtypes.OrganizationAggregationSource{RoleArn: p(s.iamARN("role/config")), AllAwsRegions: !s.wrong("aggregator-regions", "all", 1)}})
}

func (s *site) builds(a app) {
	for _, name := range []string{a.name + "-images", a.name + "-infrastructure", a.name + "-web"} {
		variables := []cbtypes.EnvironmentVariable{{Name: p("STAGE"), Value: &s.env, Type: "PLAINTEXT"}}
		if s.wrong("build-key", name, 0.25) {
			variables = append(variables, cbtypes.EnvironmentVariable{Name: p("AWS_SECRET_ACCESS_KEY"), Value: p(s.hex(40, "build", name)), Type: "PLAINTEXT"})
		}
		logs := &cbtypes.LogsConfig{CloudWatchLogs: &cbtypes.CloudWatchLogsConfig{Status: unless(s.wrong("build-logs", name, 0.3), cbtypes.LogsConfigStatusTypeDisabled, cbtypes.LogsConfigStatusTypeEnabled)}}
		put(s, cbtypes.Project{Name: &name, Arn: p(s.arn("codebuild", "project/"+name)), ServiceRole: p(s.iamARN("role/" + a.name)), EncryptionKey: p(s.key4("data")), Created: p(s.made("project/" + name)), TimeoutInMinutes: p(int32(60)), LogsConfig: logs, ProjectVisibility: "PRIVATE",
			Source: &cbtypes.ProjectSource{Type: "GITHUB", Location: p("https://github.com/haldenmarkets/" + name + ".git")}, Artifacts: &cbtypes.ProjectArtifacts{Type: "S3", Location: p("halden-dev-build-data"), EncryptionDisabled: p(s.wrong("build-artifacts", name, 0.25))},
			Environment: &cbtypes.ProjectEnvironment{Type: "LINUX_CONTAINER", Image: p("aws/codebuild/standard:7.0"), ComputeType: "BUILD_GENERAL1_SMALL", PrivilegedMode: p(s.wrong("build-privileged", name, 0.4)), EnvironmentVariables: variables}})
	}
}

func (s *site) accelerator(a app) {
	name := a.name + "-dax"
	put(s, daxtypes.Cluster{ClusterName: &name, ClusterArn: p(s.arn("dax", "cache/"+name)), Status: p("available"), NodeType: p("dax.r5.large"), TotalNodes: p(int32(3)), ActiveNodes: p(int32(3)), IamRoleArn: p(s.iamARN("role/" + a.name)), SubnetGroup: p("private"),
		ClusterEndpointEncryptionType: unless(s.wrong("dax-tls", name, 0.4), daxtypes.ClusterEndpointEncryptionTypeNone, daxtypes.ClusterEndpointEncryptionTypeTls), SSEDescription: &daxtypes.SSEDescription{Status: unless(s.wrong("dax-clear", name, 0.4), daxtypes.SSEStatusDisabled, daxtypes.SSEStatusEnabled)}})
}

func (s *site) migration(a app) {
	name := a.name + "-migration"
	put(s, dmstypes.ReplicationInstance{ReplicationInstanceIdentifier: &name, ReplicationInstanceArn: p(s.arn("dms", "rep:"+s.hex(26, "dms", name))), ReplicationInstanceClass: p("dms.t3.medium"), ReplicationInstanceStatus: p("available"), EngineVersion: p("3.5.3"), AllocatedStorage: 50,
		PubliclyAccessible: s.wrong("dms-public", name, 0.3), AutoMinorVersionUpgrade: !s.wrong("dms-upgrade", name, 0.3), MultiAZ: false, KmsKeyId: p(s.key4("data")), InstanceCreateTime: p(s.at(0.62))})
}

// shares are Windows file servers.
func (s *site) shares(a app) {
	id := s.ref("fs", a.name, "shares")
	f := fsxtypes.FileSystem{FileSystemId: &id, ResourceARN: p(s.arn("fsx", "file-system/"+id)), FileSystemType: "WINDOWS", Lifecycle: "AVAILABLE", StorageCapacity: p(int32(300)), StorageType: "SSD", OwnerId: &s.id, VpcId: p(s.vpc()), SubnetIds: []string{s.subnet("private", "a")}, CreationTime: p(s.made(id)),
		Tags:                 tagsOf(s.tagged(a, a.name+"-shares"), func(k, v *string) fsxtypes.Tag { return fsxtypes.Tag{Key: k, Value: v} }),
		WindowsConfiguration: &fsxtypes.WindowsFileSystemConfiguration{AutomaticBackupRetentionDays: p(int32(unless(s.wrong("fsx-backups", a.name, 0.3), 0, 14))), DeploymentType: "SINGLE_AZ_2", ThroughputCapacity: p(int32(32))}}
	if !s.wrong("fsx-key", a.name, 0.3) {
		f.KmsKeyId = p(s.key4("data"))
	}
	put(s, f)
}

// files are a file system that an app's instances share.
func (s *site) files(a app) {
	id := s.ref("fs", a.name)
	f := efstypes.FileSystemDescription{FileSystemId: &id, FileSystemArn: p(s.arn("elasticfilesystem", "file-system/"+id)), Name: &a.name, CreationToken: &a.name, CreationTime: p(s.made(id)), LifeCycleState: "available", OwnerId: &s.id, NumberOfMountTargets: 0, PerformanceMode: "generalPurpose", ThroughputMode: "elastic",
		SizeInBytes: &efstypes.FileSystemSize{Value: 1 << 30}, Encrypted: p(!s.wrong("efs-clear", a.name, 0.3)), Tags: tagsOf(s.tagged(a, a.name), func(k, v *string) efstypes.Tag { return efstypes.Tag{Key: k, Value: v} })}
	if *f.Encrypted {
		f.KmsKeyId = p(s.key4("data"))
	}
	put(s, f)
	tell(s, id, &efs.DescribeBackupPolicyOutput{BackupPolicy: &efstypes.BackupPolicy{Status: unless(s.wrong("efs-backup", a.name, 0.4), efstypes.StatusDisabled, efstypes.StatusEnabled)}})
	point := s.ref("fsap", a.name)
	access := efstypes.AccessPointDescription{AccessPointId: &point, AccessPointArn: p(s.arn("elasticfilesystem", "access-point/"+point)), FileSystemId: &id, Name: &a.name, LifeCycleState: "available", OwnerId: &s.id, RootDirectory: &efstypes.RootDirectory{Path: p(unless(s.wrong("efs-root", a.name, 0.4), "/", "/"+a.name))}}
	if !s.wrong("efs-user", a.name, 0.4) {
		access.PosixUser = &efstypes.PosixUser{Uid: p(int64(1000)), Gid: p(int64(1000))}
	}
	put(s, access)
}

func (s *site) warehouse(a app) {
	name, group := a.name+"-warehouse", a.name+"-parameters"
	r := redshifttypes.Cluster{ClusterIdentifier: &name, ClusterStatus: p("available"), NodeType: p("ra3.large"), NumberOfNodes: p(int32(2)), MasterUsername: p(unless(s.wrong("warehouse-admin", name, 0.4), "awsuser", "halden")), DBName: p("loyalty"), VpcId: p(s.vpc()), ClusterSubnetGroupName: p("private"), ClusterCreateTime: p(s.made(name)),
		Encrypted: p(true), KmsKeyId: p(s.key4("data")), PubliclyAccessible: p(s.wrong("warehouse-public", name, 0.15)), EnhancedVpcRouting: p(!s.wrong("warehouse-routing", name, 0.5)), AllowVersionUpgrade: p(true), AutomatedSnapshotRetentionPeriod: p(int32(7)), ClusterParameterGroups: []redshifttypes.ClusterParameterGroupStatus{{ParameterGroupName: &group}},
		Tags: tagsOf(s.tagged(a, name), func(k, v *string) redshifttypes.Tag { return redshifttypes.Tag{Key: k, Value: v} })}
	put(s, r)
	logged := !s.wrong("warehouse-audit", name, 0.5)
	tell(s, name, &redshift.DescribeLoggingStatusOutput{LoggingEnabled: &logged, BucketName: unless(logged, p("halden-flow-archive-data"), nil)})
	put(s, redshifttypes.ClusterParameterGroup{ParameterGroupName: &group, ParameterGroupFamily: p("redshift-1.0"), Description: p("Parameters of " + name)})
	putBelow(s, group, redshifttypes.Parameter{ParameterName: p("require_ssl"), ParameterValue: p(unless(s.wrong("warehouse-tls", name, 0.4), "false", "true")), Source: p("user"), DataType: p("boolean")})
}

func (s *site) searchDomain(a app) {
	name := a.name + "-" + s.env
	d := ostypes.DomainStatus{DomainName: &name, DomainId: p(s.id + "/" + name), ARN: p(s.arn("es", "domain/"+name)), EngineVersion: p("OpenSearch_2.17"), Created: p(true), Deleted: p(false), ClusterConfig: &ostypes.ClusterConfig{InstanceType: "m6g.large.search", InstanceCount: p(int32(3)), DedicatedMasterEnabled: p(s.env == "prod"), ZoneAwarenessEnabled: p(true)},
		EncryptionAtRestOptions: &ostypes.EncryptionAtRestOptions{Enabled: p(!s.wrong("search-clear", name, 0.25)), KmsKeyId: p(s.key4("data"))}, NodeToNodeEncryptionOptions: &ostypes.NodeToNodeEncryptionOptions{Enabled: p(!s.wrong("search-nodes", name, 0.4))},
		DomainEndpointOptions:   &ostypes.DomainEndpointOptions{EnforceHTTPS: p(!s.wrong("search-http", name, 0.2)), TLSSecurityPolicy: "Policy-Min-TLS-1-2-2019-07"},
		AdvancedSecurityOptions: &ostypes.AdvancedSecurityOptions{Enabled: p(!s.wrong("search-rights", name, 0.4))}, VPCOptions: &ostypes.VPCDerivedInfo{VPCId: p(s.vpc()), SubnetIds: []string{s.subnet("private", "a"), s.subnet("private", "b")}}}
	if !s.wrong("search-audit", name, 0.5) {
		d.LogPublishingOptions = map[string]ostypes.LogPublishingOption{"AUDIT_LOGS": {Enabled: p(true), CloudWatchLogsLogGroupArn: p(s.arn("logs", "log-group:/halden/"+a.name))}}
	}
	put(s, d)
	put(s, ostypes.DomainInfo{DomainName: &name, EngineType: "OpenSearch"})
}

// containers are a cluster of ECS with a service.
func (s *site) containers(a app) {
	cluster := s.arn("ecs", "cluster/"+a.name)
	put(s, ecstypes.Cluster{ClusterArn: &cluster, ClusterName: &a.name, Status: p("ACTIVE"), ActiveServicesCount: 1, RunningTasksCount: 2, Settings: []ecstypes.ClusterSetting{{Name: "containerInsights", Value: p(unless(s.wrong("ecs-insights", a.name, 0.5), "disabled", "enabled"))}}})
	task := s.arn("ecs", "task-definition/"+a.name+":7")
	put(s, ecstypes.TaskDefinition{TaskDefinitionArn: &task})
	container := ecstypes.ContainerDefinition{Name: &a.name, Image: p("856613290427.dkr.ecr.eu-west-1.amazonaws.com/halden/" + a.name + ":2026.4"), Essential: p(true), Memory: p(int32(512)), Privileged: p(s.wrong("ecs-privileged", a.name, 0.15)), ReadonlyRootFilesystem: p(!s.wrong("ecs-writable", a.name, 0.5)), User: unless(s.wrong("ecs-root", a.name, 0.4), nil, p("1000")),
		PortMappings: []ecstypes.PortMapping{{ContainerPort: p(int32(8443)), Protocol: "tcp"}}}
	if !s.wrong("ecs-logs", a.name, 0.3) {
		container.LogConfiguration = &ecstypes.LogConfiguration{LogDriver: "awslogs", Options: map[string]string{"awslogs-group": "/halden/" + a.name}}
	}
	if s.wrong("ecs-secret", a.name, 0.2) {
		container.Environment = []ecstypes.KeyValuePair{{Name: p("DB_PASSWORD"), Value: p(s.hex(20, "ecs", a.name))}}
	}
	tell(s, task, &ecs.DescribeTaskDefinitionOutput{TaskDefinition: &ecstypes.TaskDefinition{TaskDefinitionArn: &task, Family: &a.name, Revision: 7, Status: "ACTIVE", NetworkMode: "awsvpc", RequiresCompatibilities: []ecstypes.Compatibility{"FARGATE"}, Cpu: p("512"), Memory: p("1024"),
		TaskRoleArn: p(s.iamARN("role/" + a.name)), ExecutionRoleArn: p(s.iamARN("role/" + a.name)), ContainerDefinitions: []ecstypes.ContainerDefinition{container}}})
	putBelow(s, a.name, ecstypes.Service{ServiceArn: p(s.arn("ecs", "service/"+a.name+"/"+a.name)), ServiceName: &a.name, ClusterArn: &cluster, Status: p("ACTIVE"), TaskDefinition: &task, DesiredCount: 2, RunningCount: 2, LaunchType: "FARGATE", PlatformVersion: p("LATEST"), CreatedAt: p(s.made("service/" + a.name)),
		NetworkConfiguration: &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{Subnets: []string{s.subnet("private", "a")}, SecurityGroups: []string{s.ref("sg", a.name+"-app")}, AssignPublicIp: unless(s.wrong("ecs-public", a.name, 0.3), ecstypes.AssignPublicIpEnabled, ecstypes.AssignPublicIpDisabled)}}})
}

// cluster is one of Kubernetes as AWS shows it.
func (s *site) cluster(a app, name string) {
	role := p(s.iamARN("role/" + a.name))
	open := s.wrong("eks-public", name, 1)
	put(s, ekstypes.Cluster{Name: &name, Arn: p(s.arn("eks", "cluster/"+name)), Version: p("1.33"), PlatformVersion: p("eks.9"), Status: "ACTIVE", CreatedAt: p(s.made("eks/" + name)), RoleArn: role, Endpoint: p("https://" + name + ".example"),
		ResourcesVpcConfig: &ekstypes.VpcConfigResponse{VpcId: p(s.vpc()), SubnetIds: []string{s.subnet("private", "a"), s.subnet("private", "b")}, EndpointPrivateAccess: true, EndpointPublicAccess: open, PublicAccessCidrs: unless(open, []string{"0.0.0.0/0"}, nil)}, AccessConfig: &ekstypes.AccessConfigResponse{AuthenticationMode: "API"},
		Logging:          &ekstypes.Logging{ClusterLogging: []ekstypes.LogSetup{{Enabled: p(true), Types: unless(s.wrong("eks-logs", name, 1), []ekstypes.LogType{"api"}, []ekstypes.LogType{"api", "audit", "authenticator", "controllerManager", "scheduler"})}}},
		EncryptionConfig: []ekstypes.EncryptionConfig{{Resources: []string{"secrets"}, Provider: &ekstypes.Provider{KeyArn: p(s.key4("data"))}}}, Tags: s.tagged(a, name)})
	for _, group := range []string{"system", "payments"} {
		putBelow(s, name, ekstypes.Nodegroup{NodegroupName: &group, NodegroupArn: p(s.arn("eks", "nodegroup/"+name+"/"+group+"/"+s.uuid("nodes", group))), ClusterName: &name, Status: "ACTIVE", Version: p("1.33"), AmiType: "BOTTLEROCKET_x86_64", CapacityType: "ON_DEMAND", InstanceTypes: []string{"m6i.large"}, NodeRole: role, Subnets: []string{s.subnet("private", "a")},
			CreatedAt: p(s.made("nodes/" + group)), ScalingConfig: &ekstypes.NodegroupScalingConfig{MinSize: p(int32(2)), MaxSize: p(int32(6)), DesiredSize: p(int32(3))}})
	}
	for _, addon := range []string{"vpc-cni", "coredns", "kube-proxy"} {
		putBelow(s, name, ekstypes.Addon{AddonName: &addon, AddonArn: p(s.arn("eks", "addon/"+name+"/"+addon+"/"+s.uuid("addon", addon))), ClusterName: &name, AddonVersion: p("v1.11.4-eksbuild.2"), Status: "ACTIVE", CreatedAt: p(s.made("addon/" + addon))})
	}
	principal := s.iamARN("role/deploy")
	putBelow(s, name, ekstypes.AccessEntry{PrincipalArn: &principal, ClusterName: &name, AccessEntryArn: p(s.arn("eks", "access-entry/"+name+"/role/"+s.id+"/deploy/"+s.uuid("entry", name))), Type: p("STANDARD"), Username: p("deploy"), KubernetesGroups: []string{"deployers"}, CreatedAt: p(s.made("entry/" + name))})
	putBelow(s, name+"/"+principal, ekstypes.AssociatedAccessPolicy{PolicyArn: p("arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy"), AccessScope: &ekstypes.AccessScope{Type: "cluster"}})
}

func (s *site) aurora(a app) {
	name := a.name + "-aurora"
	c := rdstypes.DBCluster{DBClusterIdentifier: &name, DBClusterArn: p(s.arn("rds", "cluster:"+name)), DbClusterResourceId: p("cluster-" + s.hex(26, name)), Engine: p("aurora-postgresql"), EngineVersion: p("16.6"), Status: p("available"), MasterUsername: p("halden"), ClusterCreateTime: p(s.made(name)), MultiAZ: p(true), AllocatedStorage: p(int32(1)),
		StorageEncrypted: p(true), KmsKeyId: p(s.key4("data")), BackupRetentionPeriod: p(int32(14)), DeletionProtection: p(!s.wrong("aurora-protection", name, 0.6)), IAMDatabaseAuthenticationEnabled: p(!s.wrong("aurora-iam", name, 0.6)), CopyTagsToSnapshot: p(true), AutoMinorVersionUpgrade: p(true), EnabledCloudwatchLogsExports: []string{"postgresql"},
		DBSubnetGroup: p("private"), TagList: tagsOf(s.tagged(a, name), func(k, v *string) rdstypes.Tag { return rdstypes.Tag{Key: k, Value: v} })}
	put(s, c)
	id := name + "-before-upgrade"
	put(s, rdstypes.DBClusterSnapshot{DBClusterSnapshotIdentifier: &id, DBClusterSnapshotArn: p(s.arn("rds", "cluster-snapshot:"+id)), DBClusterIdentifier: &name, Engine: c.Engine, Status: p("available"), SnapshotType: p("manual"), StorageEncrypted: p(!s.wrong("aurora-copy", name, 0.3)), SnapshotCreateTime: p(s.made(id)), AllocatedStorage: p(int32(1))})
	tell(s, id, &rds.DescribeDBClusterSnapshotAttributesOutput{DBClusterSnapshotAttributesResult: &rdstypes.DBClusterSnapshotAttributesResult{DBClusterSnapshotIdentifier: &id, DBClusterSnapshotAttributes: []rdstypes.DBClusterSnapshotAttribute{{AttributeName: p("restore")}}}})
}

func (s *site) restAPI(a app) {
	id := s.hex(10, "rest", s.key, a.name)
	api := agtypes.RestApi{Id: &id, Name: &a.name, Description: p(title(a.name)), CreatedDate: p(s.made("api/" + id)), ApiKeySource: "HEADER", EndpointConfiguration: &agtypes.EndpointConfiguration{Types: []agtypes.EndpointType{"REGIONAL"}}}
	put(s, api)
	stage := agtypes.Stage{StageName: p("v1"), DeploymentId: p(s.hex(6, "deployment", id)), CreatedDate: api.CreatedDate, TracingEnabled: !s.wrong("api-tracing", a.name, 0.5), WebAclArn: p(s.acl2(a)),
		MethodSettings: map[string]agtypes.MethodSetting{"*/*": {LoggingLevel: p(unless(s.wrong("api-logs", a.name, 0.5), "OFF", "INFO")), MetricsEnabled: true, DataTraceEnabled: s.wrong("api-trace", a.name, 0.3)}}}
	if !s.wrong("api-access-logs", a.name, 0.5) {
		stage.AccessLogSettings = &agtypes.AccessLogSettings{DestinationArn: p(s.arn("logs", "log-group:/halden/"+a.name)), Format: p("$context.requestId")}
	}
	putBelow(s, id, stage)
	tell(s, id+"/v1", &apigateway.GetStageOutput{StageName: stage.StageName})
	for _, path := range []string{"orders", "cards"} {
		method := agtypes.Method{HttpMethod: p("POST"), AuthorizationType: p(unless(s.wrong("api-open", a.name+"/"+path, 0.3), "NONE", "AWS_IAM")), ApiKeyRequired: p(false)}
		putBelow(s, id, agtypes.Resource{Id: p(s.hex(6, "resource", id, path)), Path: p("/" + path), PathPart: p(path), ResourceMethods: map[string]agtypes.Method{"POST": method}})
	}
	put(s, agtypes.DomainName{DomainName: p(a.name + ".haldenmarkets.example"), DomainNameStatus: "AVAILABLE", SecurityPolicy: unless(s.wrong("api-tls", a.name, 0.5), agtypes.SecurityPolicyTls10, agtypes.SecurityPolicyTls12), RegionalCertificateArn: p(s.certificate()), EndpointConfiguration: api.EndpointConfiguration})
}

func (s *site) httpAPI(a app) {
	id := s.hex(10, "http", s.key, a.name)
	put(s, ag2types.Api{ApiId: &id, Name: &a.name, ProtocolType: "HTTP", ApiEndpoint: p("https://" + id + ".execute-api." + s.region + ".amazonaws.com"), RouteSelectionExpression: p("$request.method $request.path"), CreatedDate: p(s.made("api/" + id)), DisableExecuteApiEndpoint: p(true), Tags: s.tagged(a, a.name)})
	stage := ag2types.Stage{StageName: p("$default"), AutoDeploy: p(true), CreatedDate: p(s.made("api/" + id)), DefaultRouteSettings: &ag2types.RouteSettings{ThrottlingRateLimit: p(100.0), ThrottlingBurstLimit: p(int32(200))}}
	if !s.wrong("api-access-logs", a.name, 0.5) {
		stage.AccessLogSettings = &ag2types.AccessLogSettings{DestinationArn: p(s.arn("logs", "log-group:/halden/"+a.name)), Format: p("$context.requestId")}
	}
	putBelow(s, id, stage)
}

// acl2 is the ARN of the web ACL before an app.
func (s *site) acl2(a app) string {
	return s.arn("wafv2", "regional/webacl/"+a.name+"/"+s.uuid("webacl", s.key, a.name))
}

// shield is a web ACL.
func (s *site) shield(a app) {
	id, arn := s.uuid("webacl", s.key, a.name), s.acl2(a)
	putBelow(s, "REGIONAL", waftypes.WebACLSummary{Id: &id, Name: &a.name, ARN: &arn, Description: p("Before " + a.name), LockToken: p(s.uuid("lock", id))})
	seen := &waftypes.VisibilityConfig{CloudWatchMetricsEnabled: true, MetricName: &a.name, SampledRequestsEnabled: true}
	w := &waftypes.WebACL{Id: &id, Name: &a.name, ARN: &arn, Capacity: 700, DefaultAction: &waftypes.DefaultAction{Allow: &waftypes.AllowAction{}}, VisibilityConfig: seen}
	if !s.wrong("waf-empty", a.name, 0.3) {
		w.Rules = []waftypes.Rule{{Name: p("common"), Priority: 1, VisibilityConfig: seen, OverrideAction: &waftypes.OverrideAction{None: &waftypes.NoneAction{}}, Statement: &waftypes.Statement{ManagedRuleGroupStatement: &waftypes.ManagedRuleGroupStatement{VendorName: p("AWS"), Name: p("AWSManagedRulesCommonRuleSet")}}}}
	}
	tell(s, id, &wafv2.GetWebACLOutput{WebACL: w, LockToken: p(s.uuid("lock", id))})
	if !s.wrong("waf-logs", a.name, 0.5) {
		tell(s, arn, &wafv2.GetLoggingConfigurationOutput{LoggingConfiguration: &waftypes.LoggingConfiguration{ResourceArn: &arn, LogDestinationConfigs: []string{"arn:aws:s3:::halden-flow-archive-data"}}})
	}
}

// distribution is the shop's, which is listed with all regions.
func (s *site) distribution(a app) {
	whole := &site{s.builder, s.account, s.w, ""}
	none := func(n int32) *int32 { return &n }(0)
	for _, host := range []string{"www", "images"} {
		id := "E" + s.digits(13, "distribution", host)
		alias, arn := host+".haldenmarkets.example", "arn:aws:cloudfront::"+s.id+":distribution/"+id
		behavior := &cftypes.DefaultCacheBehavior{TargetOriginId: p("origin"), ViewerProtocolPolicy: unless(s.wrong("cdn-http", host, 0.4), cftypes.ViewerProtocolPolicyAllowAll, cftypes.ViewerProtocolPolicyRedirectToHttps), Compress: p(true)}
		origins := &cftypes.Origins{Quantity: p(int32(1)), Items: []cftypes.Origin{{Id: p("origin"), DomainName: p("storefront-prod." + s.region + ".elb.amazonaws.com"),
			CustomOriginConfig: &cftypes.CustomOriginConfig{HTTPPort: p(int32(80)), HTTPSPort: p(int32(443)), OriginProtocolPolicy: unless(s.wrong("cdn-origin", host, 0.4), cftypes.OriginProtocolPolicyMatchViewer, cftypes.OriginProtocolPolicyHttpsOnly), OriginSslProtocols: &cftypes.OriginSslProtocols{Quantity: p(int32(1)), Items: []cftypes.SslProtocol{"TLSv1.2"}}}}}}
		config := &cftypes.DistributionConfig{CallerReference: &host, Comment: p("Halden Markets, " + host), Enabled: p(true), Aliases: &cftypes.Aliases{Quantity: p(int32(1)), Items: []string{alias}}, DefaultCacheBehavior: behavior, Origins: origins, DefaultRootObject: unless(s.wrong("cdn-root", host, 0.5), p(""), p("index.html")),
			ViewerCertificate: &cftypes.ViewerCertificate{ACMCertificateArn: p(s.certificate()), SSLSupportMethod: "sni-only", MinimumProtocolVersion: unless(s.wrong("cdn-tls", host, 0.4), cftypes.MinimumProtocolVersionTLSv1, cftypes.MinimumProtocolVersionTLSv122021)}, PriceClass: "PriceClass_100", HttpVersion: "http2",
			Logging:      &cftypes.LoggingConfig{Enabled: p(!s.wrong("cdn-logs", host, 0.5)), Bucket: p("halden-flow-archive-data.s3.amazonaws.com"), IncludeCookies: p(false), Prefix: p(host)},
			WebACLId:     unless(s.wrong("cdn-waf", host, 0.5), p(""), p(s.acl2(a))),
			Restrictions: &cftypes.Restrictions{GeoRestriction: &cftypes.GeoRestriction{RestrictionType: "none", Quantity: none}}}
		put(whole, cftypes.DistributionSummary{Id: &id, ARN: &arn, Status: p("Deployed"), DomainName: p("d" + s.hex(13, "cdn", host) + ".cloudfront.net"), LastModifiedTime: p(s.made("cdn/" + host)), Enabled: p(true), Aliases: config.Aliases, Origins: origins, Comment: config.Comment, PriceClass: config.PriceClass,
			DefaultCacheBehavior: behavior, CacheBehaviors: &cftypes.CacheBehaviors{Quantity: none}, CustomErrorResponses: &cftypes.CustomErrorResponses{Quantity: none}, Restrictions: config.Restrictions, ViewerCertificate: config.ViewerCertificate, WebACLId: config.WebACLId, HttpVersion: config.HttpVersion, IsIPV6Enabled: p(true), Staging: p(false)})
		tell(whole, id, &cloudfront.GetDistributionConfigOutput{DistributionConfig: config, ETag: p("E1")})
	}
}

// zones are the company's in the domain name system.
func (s *site) zones(app) {
	whole := &site{s.builder, s.account, s.w, ""}
	for _, name := range []string{"haldenmarkets.example", "halden.internal.example"} {
		id := "Z" + s.digits(13, "zone", name)
		zone := r53types.HostedZone{Id: p("/hostedzone/" + id), Name: p(name + "."), CallerReference: p(name), ResourceRecordSetCount: p(int64(3)), Config: &r53types.HostedZoneConfig{PrivateZone: name != "haldenmarkets.example"}}
		put(whole, zone)
		told := &route53.GetHostedZoneOutput{HostedZone: &zone}
		if zone.Config.PrivateZone {
			told.VPCs = []r53types.VPC{{VPCId: p(s.vpc()), VPCRegion: r53types.VPCRegion(s.region)}}
		}
		tell(whole, "/hostedzone/"+id, told)
		tell(whole, id, told)
		for _, host := range []string{"www", "images", "loyalty", "payments"} {
			putBelow(whole, id, r53types.ResourceRecordSet{Name: p(host + "." + name + "."), Type: "CNAME", TTL: p(int64(300)), ResourceRecords: []r53types.ResourceRecord{{Value: p(host + "-prod.eu-west-1.elb.amazonaws.com")}}})
		}
		if s.wrong("forgotten-record", name, 0.6) {
			putBelow(whole, id, r53types.ResourceRecordSet{Name: p("campaign." + name + "."), Type: "CNAME", TTL: p(int64(300)), ResourceRecords: []r53types.ResourceRecord{{Value: p("halden-campaign.s3-website-eu-west-1.amazonaws.com")}}})
		}
	}
}

// trailFilters are what wakes somebody when the trail tells of it.
func (s *site) trailFilters(a app) {
	for name, pattern := range map[string]string{"root-use": `{ $.userIdentity.type = "Root" }`, "no-mfa": `{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") }`, "policy-change": `{ ($.eventName=DeleteGroupPolicy) }`} {
		put(s, logtypes.MetricFilter{FilterName: &name, FilterPattern: &pattern, LogGroupName: p("/halden/" + a.name), CreationTime: p(s.made("filter/" + name).UnixMilli()), MetricTransformations: []logtypes.MetricTransformation{{MetricName: &name, MetricNamespace: p("Halden/Trail"), MetricValue: p("1")}}})
	}
}

// classic is a load balancer of the first kind, with the launch configuration
// that it had then.
func (s *site) classic(a app) {
	name := a.name + "-classic"
	protocol, certificate := "HTTPS", p(s.certificate())
	if s.wrong("classic-http", name, 0.3) {
		protocol, certificate = "HTTP", nil
	}
	put(s, elbtypes.LoadBalancerDescription{LoadBalancerName: &name, DNSName: p(name + "." + s.region + ".elb.amazonaws.com"), Scheme: p("internet-facing"), VPCId: p(s.vpc()), Subnets: []string{s.subnet("public", "a")}, AvailabilityZones: []string{s.region + "a", s.region + "b"}, SecurityGroups: []string{s.ref("sg", a.name+"-lb")}, CreatedTime: p(s.made(name)),
		ListenerDescriptions: []elbtypes.ListenerDescription{{Listener: &elbtypes.Listener{Protocol: &protocol, LoadBalancerPort: unless(protocol == "HTTP", int32(80), 443), InstanceProtocol: p("HTTP"), InstancePort: p(int32(8080)), SSLCertificateId: certificate}}}})
	tell(s, name, &elb.DescribeLoadBalancerAttributesOutput{LoadBalancerAttributes: &elbtypes.LoadBalancerAttributes{AccessLog: &elbtypes.AccessLog{Enabled: !s.wrong("classic-logs", name, 0.3)}, ConnectionDraining: &elbtypes.ConnectionDraining{Enabled: !s.wrong("classic-drain", name, 0.3), Timeout: p(int32(300))}, CrossZoneLoadBalancing: &elbtypes.CrossZoneLoadBalancing{Enabled: true}}})
	put(s, asgtypes.LaunchConfiguration{LaunchConfigurationName: p(a.name), LaunchConfigurationARN: p(s.arn("autoscaling", "launchConfiguration:"+s.uuid("launch", s.key, a.name)+":launchConfigurationName/"+a.name)), ImageId: p(s.image(a)), InstanceType: p("t3.medium"), CreatedTime: p(s.made("launch/" + a.name)), AssociatePublicIpAddress: p(s.wrong("launch-public", a.name, 0.3)),
		MetadataOptions: &asgtypes.InstanceMetadataOptions{HttpTokens: unless(s.wrong("launch-imds", a.name, 0.4), asgtypes.InstanceMetadataHttpTokensStateOptional, asgtypes.InstanceMetadataHttpTokensStateRequired), HttpEndpoint: "enabled"}, BlockDeviceMappings: []asgtypes.BlockDeviceMapping{{DeviceName: p("/dev/xvda"), Ebs: &asgtypes.Ebs{VolumeSize: p(int32(40)), Encrypted: p(!s.wrong("launch-clear", a.name, 0.4))}}}})
}

// peering joins an account's network to that of the network team.
func (s *site) peering(a app) {
	put(s, ec2types.VpcPeeringConnection{VpcPeeringConnectionId: p(s.ref("pcx", a.name)), Status: &ec2types.VpcPeeringConnectionStateReason{Code: "active"}, Tags: ec2Tags(s.tagged(a, a.name)), RequesterVpcInfo: &ec2types.VpcPeeringConnectionVpcInfo{VpcId: p(s.vpc()), OwnerId: &s.id, Region: &s.region, CidrBlock: p(s.cidr() + ".0.0/16")},
		AccepterVpcInfo: &ec2types.VpcPeeringConnectionVpcInfo{VpcId: p("vpc-0" + s.hex(16, "network", s.region, "vpc", "main")), OwnerId: p("633402157893"), Region: &s.region, CidrBlock: p("10.40.0.0/16")}})
}
