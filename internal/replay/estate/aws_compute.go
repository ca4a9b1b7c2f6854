package estate

import (
	"encoding/base64"
	"fmt"
	"time"

	asgtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// app fills in what an app is made of.
func (s *site) app(a app) {
	if a.has(servers) {
		s.fleet(a)
	}
	if a.has(functions) {
		s.functions(a)
	}
	if a.has(database) {
		s.databases(a)
	}
	if a.has(table) {
		s.tables(a)
	}
	if a.has(queues) {
		s.queues(a)
	}
	if a.has(cache) {
		s.caches(a)
	}
	if a.has(buckets) {
		s.buckets(a)
	}
	s.supplies(a)
	s.more(a)
}

// fleet is a load balancer with instances behind it.
func (s *site) fleet(a app) {
	front := s.group(s.vpc(), a.name+"-lb", a, tcp(443, "0.0.0.0/0", "customers"))
	in := []ec2types.IpPermission{s.fromGroup(8443, front, "the load balancer")}
	if s.wrong("ssh-open", a.name, 0.14) || s.story("ssh-open", a) {
		in = append(in, tcp(22, "0.0.0.0/0", ""))
	}
	if s.wrong("debug-port-open", a.name, 0.08) || s.key == "dev" && s.flicker("debug/"+a.name, 11*time.Minute) {
		in = append(in, tcp(9229, "0.0.0.0/0", "debugging, remove afterwards"))
	}
	if s.wrong("rdp-open", a.name, 0.05) {
		in = append(in, tcp(3389, "0.0.0.0/0", "vendor"))
	}
	back := s.group(s.vpc(), a.name+"-app", a, in...)
	n := map[string]int{"prod": 4, "staging": 2}[s.env]
	if n == 0 {
		n = 2
	}
	for i := range n {
		name := fmt.Sprintf("%s-%d", a.name, i+1)
		if since, ok := s.lives(s.key + "/" + name); ok {
			s.instance(a, name, zones[i%3], back, since)
		}
	}
	s.template(a, back)
	s.balancer(a, front)
}

func (s *site) image(a app) string { return s.ref("ami", a.name) }

func (s *site) instance(a app, name, zone, group string, since time.Time) {
	id, volume, eni := s.ref("i", name), s.ref("vol", name, "root"), s.ref("eni", name)
	private := s.host(name)
	tokens, exposed := ec2types.HttpTokensStateRequired, s.wrong("public-address", name, 0.12)
	if s.wrong("imds-v1", name, 0.28) {
		tokens = ec2types.HttpTokensStateOptional
	}
	tags := ec2Tags(s.tagged(a, name))
	nic := ec2types.InstanceNetworkInterface{NetworkInterfaceId: &eni, SubnetId: p(s.subnet("private", zone)), VpcId: p(s.vpc()), PrivateIpAddress: &private, Status: "in-use", OwnerId: &s.id, Groups: []ec2types.GroupIdentifier{{GroupId: &group, GroupName: p(a.name + "-app")}}}
	i := ec2types.Instance{InstanceId: &id, ImageId: p(s.image(a)), InstanceType: pick(s.builder, []ec2types.InstanceType{"t3.medium", "m6i.large", "c6i.large", "t3.small"}, a.name, s.key), LaunchTime: &since, State: &ec2types.InstanceState{Name: "running", Code: p(int32(16))},
		VpcId: p(s.vpc()), SubnetId: p(s.subnet("private", zone)), PrivateIpAddress: &private, Architecture: "x86_64", RootDeviceName: p("/dev/xvda"), RootDeviceType: "ebs", Tags: tags, EbsOptimized: p(true),
		Placement: &ec2types.Placement{AvailabilityZone: p(s.region + zone), Tenancy: "default"}, PlatformDetails: p("Linux/UNIX"), VirtualizationType: "hvm", Hypervisor: "xen",
		Monitoring:      &ec2types.Monitoring{State: pick(s.builder, []ec2types.MonitoringState{"enabled", "enabled", "disabled"}, "monitoring", s.key, a.name)},
		MetadataOptions: &ec2types.InstanceMetadataOptionsResponse{HttpTokens: tokens, HttpEndpoint: "enabled", HttpPutResponseHopLimit: p(int32(2)), State: "applied", InstanceMetadataTags: "disabled", HttpProtocolIpv6: "disabled"},
		SecurityGroups:  nic.Groups, SourceDestCheck: p(true),
		BlockDeviceMappings: []ec2types.InstanceBlockDeviceMapping{{DeviceName: p("/dev/xvda"), Ebs: &ec2types.EbsInstanceBlockDevice{VolumeId: &volume, DeleteOnTermination: p(true), Status: "attached", AttachTime: &since}}}}
	if !s.wrong("no-profile", name, 0.15) {
		i.IamInstanceProfile = &ec2types.IamInstanceProfile{Arn: p(s.iamARN("instance-profile/" + a.name)), Id: p("AIPA" + s.digits(16, s.key, a.name))}
	}
	if exposed {
		i.PublicIpAddress, i.SubnetId, nic.SubnetId = p(s.public(name)), p(s.subnet("public", zone)), p(s.subnet("public", zone))
		nic.Association = &ec2types.InstanceNetworkInterfaceAssociation{PublicIp: i.PublicIpAddress, IpOwnerId: p("amazon")}
	}
	i.NetworkInterfaces = []ec2types.InstanceNetworkInterface{nic}
	put(s, i)
	eniItem := ec2types.NetworkInterface{NetworkInterfaceId: &eni, VpcId: p(s.vpc()), SubnetId: i.SubnetId, PrivateIpAddress: &private, Status: "in-use", InterfaceType: "interface", OwnerId: &s.id, AvailabilityZone: p(s.region + zone),
		Groups: nic.Groups, SourceDestCheck: p(true), TagSet: tags, Attachment: &ec2types.NetworkInterfaceAttachment{InstanceId: &id, Status: "attached", DeviceIndex: p(int32(0)), AttachmentId: p(s.ref("eni-attach", name))}}
	if exposed {
		eniItem.Association = &ec2types.NetworkInterfaceAssociation{PublicIp: i.PublicIpAddress, IpOwnerId: p("amazon")}
	}
	put(s, eniItem)
	s.volume(a, name, volume, zone, &id, since)
	s.instanceAttributes(a, name, id)
}

func (s *site) instanceAttributes(a app, name, id string) {
	keep := s.env == "prod" && !s.wrong("termination", name, 0.4)
	tell(s, id+"/disableApiTermination", &ec2.DescribeInstanceAttributeOutput{InstanceId: &id, DisableApiTermination: &ec2types.AttributeBooleanValue{Value: &keep}})
	start := "#!/bin/sh\nset -e\ndnf install -y " + a.name + "\nsystemctl enable --now " + a.name + "\n"
	if s.wrong("secret-in-user-data", name, 0.07) {
		start += "export DB_PASSWORD=" + s.hex(16, "password", name) + "\n"
	}
	tell(s, id+"/userData", &ec2.DescribeInstanceAttributeOutput{InstanceId: &id, UserData: &ec2types.AttributeValue{Value: p(base64.StdEncoding.EncodeToString([]byte(start)))}})
}

func (s *site) volume(a app, name, id, zone string, instance *string, since time.Time) {
	v := ec2types.Volume{VolumeId: &id, Size: p(int32(40)), VolumeType: "gp3", State: "in-use", AvailabilityZone: p(s.region + zone), Encrypted: p(true), KmsKeyId: p(s.key4("data")), CreateTime: &since, Iops: p(int32(3000)), MultiAttachEnabled: p(false),
		Tags: ec2Tags(s.tagged(a, name)), Attachments: []ec2types.VolumeAttachment{{InstanceId: instance, VolumeId: &id, Device: p("/dev/xvda"), State: "attached", DeleteOnTermination: p(true), AttachTime: &since}}}
	if s.wrong("volume-clear", name, 0.18) {
		v.Encrypted, v.KmsKeyId = p(false), nil
	}
	put(s, v)
	if s.ratio("snapshot", s.key, name) < 0.5 {
		snapshot := s.ref("snap", name)
		if s.wrong("snapshot-shared", name, 0.04) {
			tell(s, snapshot+"/createVolumePermission", &ec2.DescribeSnapshotAttributeOutput{SnapshotId: &snapshot, CreateVolumePermissions: []ec2types.CreateVolumePermission{{Group: ec2types.PermissionGroupAll}}})
		}
		put(s, ec2types.Snapshot{SnapshotId: &snapshot, VolumeId: &id, VolumeSize: v.Size, State: "completed", OwnerId: &s.id, Encrypted: v.Encrypted, KmsKeyId: v.KmsKeyId, StartTime: &since, Progress: p("100%"), Description: p("nightly"), Tags: ec2Tags(s.tagged(a, name))})
	}
}

// template is the launch template and the group that scales an app.
func (s *site) template(a app, group string) {
	id, name := s.ref("lt", a.name), a.name+"-"+s.env
	put(s, ec2types.Image{ImageId: p(s.image(a)), Name: p(a.name + "-base"), OwnerId: &s.id, State: "available", Public: p(s.story("public-image", a)), Architecture: "x86_64", CreationDate: p(s.made("ami/" + a.name).Format("2006-01-02T15:04:05.000Z")),
		RootDeviceName: p("/dev/xvda"), RootDeviceType: "ebs", VirtualizationType: "hvm", Hypervisor: "xen", ImageType: "machine", Tags: ec2Tags(s.tagged(a, a.name)),
		BlockDeviceMappings: []ec2types.BlockDeviceMapping{{DeviceName: p("/dev/xvda"), Ebs: &ec2types.EbsBlockDevice{VolumeSize: p(int32(40)), VolumeType: "gp3", Encrypted: p(true), SnapshotId: p(s.ref("snap", "ami", a.name))}}}})
	put(s, ec2types.LaunchTemplate{LaunchTemplateId: &id, LaunchTemplateName: &name, LatestVersionNumber: p(int64(3)), DefaultVersionNumber: p(int64(3)), CreateTime: p(s.made("lt/" + a.name)), CreatedBy: p(s.iamARN("role/terraform")), Tags: ec2Tags(s.tagged(a, name))})
	tokens := ec2types.LaunchTemplateHttpTokensStateRequired
	if s.wrong("template-imds-v1", name, 0.25) {
		tokens = ec2types.LaunchTemplateHttpTokensStateOptional
	}
	put(s, ec2types.LaunchTemplateVersion{LaunchTemplateId: &id, LaunchTemplateName: &name, VersionNumber: p(int64(3)), DefaultVersion: p(true), CreateTime: p(s.made("lt/" + a.name)),
		LaunchTemplateData: &ec2types.ResponseLaunchTemplateData{ImageId: p(s.image(a)), InstanceType: "t3.medium", SecurityGroupIds: []string{group}, Monitoring: &ec2types.LaunchTemplatesMonitoring{Enabled: p(true)},
			MetadataOptions:     &ec2types.LaunchTemplateInstanceMetadataOptions{HttpTokens: tokens, HttpEndpoint: "enabled"},
			BlockDeviceMappings: []ec2types.LaunchTemplateBlockDeviceMapping{{DeviceName: p("/dev/xvda"), Ebs: &ec2types.LaunchTemplateEbsBlockDevice{VolumeSize: p(int32(40)), Encrypted: p(!s.wrong("template-clear", name, 0.2))}}}}})
	put(s, asgtypes.AutoScalingGroup{AutoScalingGroupName: &name, AutoScalingGroupARN: p(s.arn("autoscaling", "autoScalingGroup:"+s.uuid(s.key, name)+":autoScalingGroupName/"+name)), MinSize: p(int32(2)), MaxSize: p(int32(8)), DesiredCapacity: p(int32(2)),
		AvailabilityZones: []string{s.region + "a", s.region + "b"}, HealthCheckType: pick(s.builder, []*string{p("ELB"), p("ELB"), p("EC2")}, "health", s.key, name), DefaultCooldown: p(int32(300)), CreatedTime: p(s.made("asg/" + name)),
		LaunchTemplate: &asgtypes.LaunchTemplateSpecification{LaunchTemplateId: &id, LaunchTemplateName: &name, Version: p("3")}, TargetGroupARNs: []string{s.targets(a)}, VPCZoneIdentifier: p(s.subnet("private", "a") + "," + s.subnet("private", "b"))})
}

func (s *site) targets(a app) string {
	return s.arn("elasticloadbalancing", "targetgroup/"+a.name+"-"+s.env+"/"+s.hex(16, "tg", s.key, a.name))
}

// balancer is an application load balancer with HTTPS.
func (s *site) balancer(a app, group string) {
	name := a.name + "-" + s.env
	arn := s.arn("elasticloadbalancing", "loadbalancer/app/"+name+"/"+s.hex(16, "lb", s.key, a.name))
	scheme := elbtypes.LoadBalancerSchemeEnumInternal
	if a.class == "public" || a.name == "payments-api" {
		scheme = elbtypes.LoadBalancerSchemeEnumInternetFacing
	}
	put(s, elbtypes.LoadBalancer{LoadBalancerArn: &arn, LoadBalancerName: &name, Type: "application", Scheme: scheme, VpcId: p(s.vpc()), SecurityGroups: []string{group}, State: &elbtypes.LoadBalancerState{Code: "active"}, CreatedTime: p(s.made("lb/" + name)), IpAddressType: "ipv4",
		DNSName: p(name + "." + s.region + ".elb.amazonaws.com"), AvailabilityZones: []elbtypes.AvailabilityZone{{SubnetId: p(s.subnet("public", "a")), ZoneName: p(s.region + "a")}, {SubnetId: p(s.subnet("public", "b")), ZoneName: p(s.region + "b")}}})
	attribute := func(key string, wrong bool) elbtypes.LoadBalancerAttribute {
		return elbtypes.LoadBalancerAttribute{Key: &key, Value: p(fmt.Sprint(!wrong))}
	}
	tell(s, arn, &elb.DescribeLoadBalancerAttributesOutput{Attributes: []elbtypes.LoadBalancerAttribute{attribute("deletion_protection.enabled", s.env != "prod" || s.wrong("lb-protection", name, 0.3)),
		attribute("access_logs.s3.enabled", s.wrong("lb-logs", name, 0.35)), {Key: p("access_logs.s3.bucket"), Value: p("halden-flow-archive-data")},
		attribute("routing.http.drop_invalid_header_fields.enabled", s.wrong("lb-headers", name, 0.45)), {Key: p("routing.http.desync_mitigation_mode"), Value: p("defensive")}}})
	put(s, elbtypes.TargetGroup{TargetGroupArn: p(s.targets(a)), TargetGroupName: &name, Protocol: "HTTPS", Port: p(int32(8443)), VpcId: p(s.vpc()), TargetType: "instance", HealthCheckEnabled: p(true), HealthCheckPath: p("/healthz"), HealthCheckProtocol: "HTTPS", LoadBalancerArns: []string{arn}})
	listener := elbtypes.Listener{ListenerArn: p(arn + "/" + s.hex(16, "listener", s.key, name)), LoadBalancerArn: &arn, Port: p(int32(443)), Protocol: "HTTPS", SslPolicy: p("ELBSecurityPolicy-TLS13-1-2-2021-06"),
		Certificates: []elbtypes.Certificate{{CertificateArn: p(s.certificate())}}, DefaultActions: []elbtypes.Action{{Type: "forward", TargetGroupArn: p(s.targets(a))}}}
	if s.wrong("old-tls", name, 0.2) {
		listener.SslPolicy = p("ELBSecurityPolicy-2016-08")
	}
	items := []elbtypes.Listener{listener}
	if s.wrong("plain-http", name, 0.15) {
		items = append(items, elbtypes.Listener{ListenerArn: p(arn + "/" + s.hex(16, "plain", s.key, name)), LoadBalancerArn: &arn, Port: p(int32(80)), Protocol: "HTTP", DefaultActions: listener.DefaultActions})
	}
	put(s, items...)
}

// functions are an app's Lambda functions.
func (s *site) functions(a app) {
	for _, job := range []string{"ingest", "notify", "report"} {
		name := a.name + "-" + job
		since, ok := s.lives(s.key + "/" + name)
		if !ok {
			continue
		}
		arn := s.arn("lambda", "function:"+name)
		runtime := pick(s.builder, []lambdatypes.Runtime{"nodejs22.x", "python3.13", "python3.12", "java21"}, "runtime", s.key, name)
		if s.wrong("old-runtime", name, 0.2) {
			runtime = "python3.8"
		}
		f := lambdatypes.FunctionConfiguration{FunctionArn: &arn, FunctionName: &name, Runtime: runtime, Handler: p("main.handle"), Role: p(s.iamARN("role/" + a.name)), MemorySize: p(int32(256)), Timeout: p(int32(30)), PackageType: "Zip", CodeSize: int64(s.between(20000, 9000000, name)),
			LastModified: p(since.Format("2006-01-02T15:04:05.000+0000")), CodeSha256: p(base64.StdEncoding.EncodeToString([]byte(s.hex(32, "code", name)))), Version: p("$LATEST"), State: "Active", Architectures: []lambdatypes.Architecture{"arm64"},
			EphemeralStorage: &lambdatypes.EphemeralStorage{Size: p(int32(512))}, TracingConfig: &lambdatypes.TracingConfigResponse{Mode: pick(s.builder, []lambdatypes.TracingMode{"Active", "PassThrough"}, "tracing", s.key, name)},
			Environment: &lambdatypes.EnvironmentResponse{Variables: map[string]string{"STAGE": s.env, "TABLE": a.name}}}
		if s.env == "prod" {
			f.VpcConfig = &lambdatypes.VpcConfigResponse{VpcId: p(s.vpc()), SubnetIds: []string{s.subnet("private", "a"), s.subnet("private", "b")}, SecurityGroupIds: []string{s.ref("sg", "bastion")}}
			f.DeadLetterConfig = &lambdatypes.DeadLetterConfig{TargetArn: p(s.arn("sqs", a.name+"-dead"))}
		}
		if s.wrong("key-in-environment", name, 0.06) {
			f.Environment.Variables["AWS_SECRET_ACCESS_KEY"] = s.hex(40, "environment", name)
		}
		put(s, f)
		s.functionParts(a, name, arn)
	}
}

func (s *site) functionParts(a app, name, arn string) {
	tell(s, arn, &lambda.ListTagsOutput{Tags: s.tagged(a, name)})
	if s.env == "prod" {
		tell(s, name, &lambda.GetFunctionConcurrencyOutput{ReservedConcurrentExecutions: p(int32(50))})
	}
	principal := `"Service":"events.amazonaws.com"`
	source := `,"Condition":{"ArnLike":{"AWS:SourceArn":"` + s.arn("events", "rule/"+a.name) + `"}}`
	if s.wrong("function-public", name, 0.05) {
		principal, source = `"AWS":"*"`, ""
	}
	tell(s, name, &lambda.GetPolicyOutput{RevisionId: p(s.uuid("policy", s.key, name)), Policy: p(`{"Version":"2012-10-17","Id":"default","Statement":[{"Sid":"invoke","Effect":"Allow","Principal":{` + principal + `},"Action":"lambda:InvokeFunction","Resource":"` + arn + `"` + source + `}]}`)})
	if name[len(name)-6:] == "notify" && s.ratio("url", s.key, name) < 0.5 {
		auth := lambdatypes.FunctionUrlAuthTypeAwsIam
		if s.wrong("open-url", name, 0.3) {
			auth = lambdatypes.FunctionUrlAuthTypeNone
		}
		putBelow(s, name, lambdatypes.FunctionUrlConfig{FunctionArn: &arn, FunctionUrl: p("https://" + s.hex(20, "url", name) + ".lambda-url." + s.region + ".on.aws/"), AuthType: auth, CreationTime: p("2025-01-02T03:04:05Z"), LastModifiedTime: p("2025-01-02T03:04:05Z")})
	}
}
