// Package estates makes large estates of the sort that companies have on the
// servers of internal/replay, for measurements and tests. The same size makes
// the same estate.
package estates

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/account"
	accounttypes "github.com/aws/aws-sdk-go-v2/service/account/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"

	replay "github.com/bulwarksec/bulwark/internal/replay/aws"
)

// AWS is an organisation whose first account is the management account and
// whose reader's key is AWSKey.
type AWS struct {
	Accounts int
	Regions  []string
	Share    float64 // of a usual account's things; 1 is about 2,350 in four regions
}

// Company is the AWS organisation of 47,000 assets in 20 accounts that is
// measured by; a rest of it is in the first account.
var Company = AWS{Accounts: 20, Regions: []string{"eu-central-1", "eu-west-1", "us-east-1", "us-west-2"}, Share: 1}

// The reader's static key.
const (
	AWSKey    = "AKIAESTATESREADER001"
	AWSSecret = "made-up"
)

var made = time.Date(2025, 3, 1, 8, 0, 0, 0, time.UTC)

// AccountID returns the id of an account by its number, from 0.
func AccountID(i int) string { return fmt.Sprintf("2000000%05d", i+1) }

// Serve returns what a server of the estate is made of.
func (a AWS) Serve() replay.Options {
	o := replay.Options{World: replay.NewWorld()}
	management := AccountID(0)
	o.Keys = []replay.Key{{ID: AWSKey, Secret: AWSSecret, Principal: replay.Principal{Account: management, ARN: "arn:aws:iam::" + management + ":user/reader", UserID: "AIDAESTATESREADER001"}}}
	for i := range a.Accounts {
		id := AccountID(i)
		o.Accounts = append(o.Accounts, replay.Account{ID: id, Roles: []replay.Role{{Name: "BulwarkReader", Trusts: []string{management}}}})
		f := &filler{AWS: a, w: o.World, account: id}
		f.identities()
		f.buckets()
		f.trail()
		for _, region := range a.Regions {
			replay.Put(o.World, replay.Place{Account: id}, ec2types.Region{RegionName: aws.String(region), OptInStatus: aws.String("opt-in-not-required")})
			r := &filler{AWS: a, w: o.World, account: id, region: region}
			r.network()
			r.machines()
			r.services()
			r.defaults()
		}
	}
	a.organization(o.World)
	return o
}

func (a AWS) organization(w *replay.World) {
	at := replay.Place{Account: AccountID(0)}
	replay.Answer(w, at, "", &organizations.DescribeOrganizationOutput{Organization: &orgtypes.Organization{Id: aws.String("o-estates001"), MasterAccountId: aws.String(AccountID(0)),
		Arn: aws.String("arn:aws:organizations::" + AccountID(0) + ":organization/o-estates001"), FeatureSet: orgtypes.OrganizationFeatureSetAll}})
	replay.Put(w, at, orgtypes.Root{Id: aws.String("r-est1"), Name: aws.String("Root"), Arn: aws.String("arn:aws:organizations::" + AccountID(0) + ":root/o-estates001/r-est1")})
	for i := range a.Accounts {
		account := orgtypes.Account{Id: aws.String(AccountID(i)), Name: aws.String(fmt.Sprintf("team-%02d", i)), Status: orgtypes.AccountStatusActive, State: orgtypes.AccountStateActive,
			Arn: aws.String(fmt.Sprintf("arn:aws:organizations::%s:account/o-estates001/%s", AccountID(0), AccountID(i)))}
		replay.Put(w, at, account)
		replay.Put(w, at.In("r-est1"), account)
	}
}

// filler fills an account, or a region of it.
type filler struct {
	AWS
	w               *replay.World
	account, region string
}

// n returns how many of what a usual account has n of.
func (f *filler) n(n int) int { return max(1, int(float64(n)*f.Share+0.5)) }

func (f *filler) at() replay.Place { return replay.Place{Account: f.account, Region: f.region} }

func (f *filler) arn(service, rest string) *string {
	region := f.region
	if service == "iam" {
		region = ""
	}
	return aws.String("arn:aws:" + service + ":" + region + ":" + f.account + ":" + rest)
}

// id returns the id of a thing by its prefix and number: vpc-0000000000000001.
func id(prefix string, n int) *string { return aws.String(fmt.Sprintf("%s-%017x", prefix, n)) }

// name has a thing's kind, team and number.
func name(kind string, n int) string { return fmt.Sprintf("%s-%s-%d", kind, teams[n%len(teams)], n) }

var teams = []string{"checkout", "search", "catalog", "orders", "identity", "reports", "mobile"}

func tags(n int) []ec2types.Tag {
	return []ec2types.Tag{{Key: aws.String("team"), Value: aws.String(teams[n%len(teams)])}, {Key: aws.String("env"), Value: aws.String([]string{"prod", "stage", "dev"}[n%3])}}
}

const (
	trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	allow = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":"arn:aws:s3:::data-*"},{"Effect":"Allow","Action":"logs:*","Resource":"*"}]}`
)

// identities are the account's users, groups, roles and policies.
func (f *filler) identities() {
	at := f.at()
	report := []string{"user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated"}
	row := func(user, arn string) {
		report = append(report, user+","+arn+",2025-03-01T08:00:00+00:00,true,2026-01-01T08:00:00+00:00,2025-03-01T08:00:00+00:00,N/A,true,true,2025-03-01T08:00:00+00:00,2026-01-01T08:00:00+00:00,eu-west-1,s3,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A")
	}
	row("<root_account>", "arn:aws:iam::"+f.account+":root")
	for i := range f.n(40) {
		user := name("user", i)
		key := fmt.Sprintf("AKIA%s%04d", f.account, i)
		row(user, *f.arn("iam", "user/"+user))
		replay.Put(f.w, at, iamtypes.UserDetail{UserName: &user, UserId: aws.String("AIDA" + f.account + fmt.Sprint(i)), Arn: f.arn("iam", "user/"+user), Path: aws.String("/"), CreateDate: &made, GroupList: []string{name("group", i%7)}})
		replay.Put(f.w, at.In(user), iamtypes.AccessKeyMetadata{UserName: &user, AccessKeyId: &key, Status: iamtypes.StatusTypeActive, CreateDate: &made})
		replay.Put(f.w, at.In(user), iamtypes.MFADevice{UserName: &user, SerialNumber: f.arn("iam", "mfa/"+user), EnableDate: &made})
		replay.Answer(f.w, at, user, &iam.GetLoginProfileOutput{LoginProfile: &iamtypes.LoginProfile{UserName: &user, CreateDate: &made}})
		replay.Answer(f.w, at, key, &iam.GetAccessKeyLastUsedOutput{UserName: &user, AccessKeyLastUsed: &iamtypes.AccessKeyLastUsed{LastUsedDate: &made, ServiceName: aws.String("s3"), Region: aws.String("eu-west-1")}})
	}
	for i := range f.n(8) {
		replay.Put(f.w, at, iamtypes.GroupDetail{GroupName: aws.String(name("group", i)), GroupId: aws.String("AGPA" + f.account + fmt.Sprint(i)), Arn: f.arn("iam", "group/"+name("group", i)), Path: aws.String("/"), CreateDate: &made})
	}
	for i := range f.n(140) {
		replay.Put(f.w, at, iamtypes.RoleDetail{RoleName: aws.String(name("role", i)), RoleId: aws.String("AROA" + f.account + fmt.Sprint(i)), Arn: f.arn("iam", "role/"+name("role", i)), Path: aws.String("/"), CreateDate: &made,
			AssumeRolePolicyDocument: aws.String(trust), RolePolicyList: []iamtypes.PolicyDetail{{PolicyName: aws.String("own"), PolicyDocument: aws.String(allow)}},
			AttachedManagedPolicies: []iamtypes.AttachedPolicy{{PolicyName: aws.String(name("policy", i%100)), PolicyArn: f.arn("iam", "policy/"+name("policy", i%100))}}})
	}
	for i := range f.n(120) {
		replay.Put(f.w, at, iamtypes.ManagedPolicyDetail{PolicyName: aws.String(name("policy", i)), PolicyId: aws.String("ANPA" + f.account + fmt.Sprint(i)), Arn: f.arn("iam", "policy/"+name("policy", i)), Path: aws.String("/"), CreateDate: &made, IsAttachable: true,
			DefaultVersionId: aws.String("v1"), PolicyVersionList: []iamtypes.PolicyVersion{{VersionId: aws.String("v1"), IsDefaultVersion: true, Document: aws.String(allow), CreateDate: &made}}})
	}
	replay.Answer(f.w, at, "", &iam.GetCredentialReportOutput{Content: []byte(strings.Join(report, "\n")), GeneratedTime: &made, ReportFormat: iamtypes.ReportFormatTypeTextCsv})
	replay.Answer(f.w, at, "", &iam.GenerateCredentialReportOutput{State: iamtypes.ReportStateTypeComplete})
	replay.Answer(f.w, at, "", &iam.GetAccountSummaryOutput{SummaryMap: map[string]int32{"AccountMFAEnabled": 1, "AccountAccessKeysPresent": 0, "AccountPasswordPresent": 1}})
	replay.Answer(f.w, at, "", &account.GetContactInformationOutput{ContactInformation: &accounttypes.ContactInformation{FullName: aws.String("Ops"), CountryCode: aws.String("DE"), City: aws.String("Berlin"), AddressLine1: aws.String("Weg 1"), PhoneNumber: aws.String("+49 30 1"), PostalCode: aws.String("10115")}})
	replay.Answer(f.w, at, "", &iam.ListAccountAliasesOutput{AccountAliases: []string{"estate-" + f.account}})
}

// network is what stands around machines.
func (f *filler) network() {
	at := f.at()
	for v := range f.n(3) {
		vpc := id("vpc", v)
		replay.Put(f.w, at, ec2types.Vpc{VpcId: vpc, CidrBlock: aws.String(fmt.Sprintf("10.%d.0.0/16", v)), State: ec2types.VpcStateAvailable, OwnerId: &f.account, Tags: tags(v)})
		for _, k := range []ec2types.VpcAttributeName{ec2types.VpcAttributeNameEnableDnsSupport, ec2types.VpcAttributeNameEnableDnsHostnames} {
			replay.Answer(f.w, at, *vpc+"/"+string(k), &ec2.DescribeVpcAttributeOutput{VpcId: vpc, EnableDnsSupport: &ec2types.AttributeBooleanValue{Value: aws.Bool(true)}, EnableDnsHostnames: &ec2types.AttributeBooleanValue{Value: aws.Bool(true)}})
		}
		replay.Put(f.w, at, ec2types.InternetGateway{InternetGatewayId: id("igw", v), OwnerId: &f.account, Attachments: []ec2types.InternetGatewayAttachment{{VpcId: vpc, State: "available"}}})
		replay.Put(f.w, at, ec2types.NatGateway{NatGatewayId: id("nat", v), VpcId: vpc, SubnetId: id("subnet", v*6), State: ec2types.NatGatewayStateAvailable})
		replay.Put(f.w, at, ec2types.NetworkAcl{NetworkAclId: id("acl", v), VpcId: vpc, OwnerId: &f.account, IsDefault: aws.Bool(true)})
		replay.Put(f.w, at, ec2types.VpcEndpoint{VpcEndpointId: id("vpce", v), VpcId: vpc, ServiceName: aws.String("com.amazonaws." + f.region + ".s3"), VpcEndpointType: ec2types.VpcEndpointTypeGateway, OwnerId: &f.account})
	}
	for i := range f.n(18) {
		replay.Put(f.w, at, ec2types.Subnet{SubnetId: id("subnet", i), VpcId: id("vpc", i/6), CidrBlock: aws.String(fmt.Sprintf("10.%d.%d.0/24", i/6, i%6)), MapPublicIpOnLaunch: aws.Bool(i%6 == 0), OwnerId: &f.account, Tags: tags(i),
			SubnetArn: f.arn("ec2", "subnet/"+*id("subnet", i)), AvailabilityZone: aws.String(f.region + "a")})
		replay.Put(f.w, at, ec2types.RouteTable{RouteTableId: id("rtb", i), VpcId: id("vpc", i/6), OwnerId: &f.account, Routes: []ec2types.Route{{DestinationCidrBlock: aws.String("0.0.0.0/0"), NatGatewayId: id("nat", i/6)}}})
	}
	for i := range f.n(60) {
		open := "10.0.0.0/8"
		if i%20 == 0 {
			open = "0.0.0.0/0"
		}
		replay.Put(f.w, at, ec2types.SecurityGroup{GroupId: id("sg", i), GroupName: aws.String(name("sg", i)), Description: aws.String("of a service"), VpcId: id("vpc", i%3), OwnerId: &f.account, Tags: tags(i),
			SecurityGroupArn:    f.arn("ec2", "security-group/"+*id("sg", i)),
			IpPermissions:       []ec2types.IpPermission{{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(443), ToPort: aws.Int32(443), IpRanges: []ec2types.IpRange{{CidrIp: &open}}}},
			IpPermissionsEgress: []ec2types.IpPermission{{IpProtocol: aws.String("-1"), IpRanges: []ec2types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}}}})
	}
	for i := range f.n(80) {
		replay.Put(f.w, at, ec2types.NetworkInterface{NetworkInterfaceId: id("eni", i), VpcId: id("vpc", i%3), SubnetId: id("subnet", i%18), OwnerId: &f.account, Status: ec2types.NetworkInterfaceStatusInUse,
			Groups: []ec2types.GroupIdentifier{{GroupId: id("sg", i%60), GroupName: aws.String(name("sg", i%60))}}, PrivateIpAddress: aws.String(fmt.Sprintf("10.0.1.%d", i))})
	}
}

// machines are instances with disks, images and backups of them.
func (f *filler) machines() {
	at := f.at()
	for i := range f.n(60) {
		instance := id("i", i)
		replay.Put(f.w, at, ec2types.Instance{InstanceId: instance, InstanceType: "m7g.large", ImageId: id("ami", i%6), VpcId: id("vpc", i%3), SubnetId: id("subnet", i%18), State: &ec2types.InstanceState{Name: ec2types.InstanceStateNameRunning, Code: aws.Int32(16)},
			LaunchTime: &made, Tags: tags(i), RootDeviceName: aws.String("/dev/xvda"), SecurityGroups: []ec2types.GroupIdentifier{{GroupId: id("sg", i%60)}},
			MetadataOptions:     &ec2types.InstanceMetadataOptionsResponse{HttpTokens: []ec2types.HttpTokensState{"required", "optional"}[i%2], HttpEndpoint: "enabled"},
			BlockDeviceMappings: []ec2types.InstanceBlockDeviceMapping{{DeviceName: aws.String("/dev/xvda"), Ebs: &ec2types.EbsInstanceBlockDevice{VolumeId: id("vol", i)}}}})
		replay.Answer(f.w, at, *instance+"/disableApiTermination", &ec2.DescribeInstanceAttributeOutput{InstanceId: instance, DisableApiTermination: &ec2types.AttributeBooleanValue{Value: aws.Bool(i%4 == 0)}})
		replay.Answer(f.w, at, *instance+"/userData", &ec2.DescribeInstanceAttributeOutput{InstanceId: instance, UserData: &ec2types.AttributeValue{}})
	}
	for i := range f.n(90) {
		replay.Put(f.w, at, ec2types.Volume{VolumeId: id("vol", i), Encrypted: aws.Bool(i%5 != 0), Size: aws.Int32(100), State: ec2types.VolumeStateInUse, VolumeType: ec2types.VolumeTypeGp3, CreateTime: &made, Tags: tags(i),
			Attachments: []ec2types.VolumeAttachment{{InstanceId: id("i", i%60), State: ec2types.VolumeAttachmentStateAttached}}})
	}
	for i := range f.n(60) {
		replay.Put(f.w, at, ec2types.Snapshot{SnapshotId: id("snap", i), VolumeId: id("vol", i%90), OwnerId: &f.account, Encrypted: aws.Bool(i%5 != 0), State: ec2types.SnapshotStateCompleted, StartTime: &made, VolumeSize: aws.Int32(100)})
	}
	for i := range f.n(6) {
		replay.Put(f.w, at, ec2types.Image{ImageId: id("ami", i), Name: aws.String(name("image", i)), OwnerId: &f.account, State: ec2types.ImageStateAvailable, CreationDate: aws.String("2025-03-01T08:00:00.000Z")})
		replay.Put(f.w, at, ec2types.Address{AllocationId: id("eipalloc", i), PublicIp: aws.String(fmt.Sprintf("203.0.113.%d", i)), Domain: ec2types.DomainTypeVpc, InstanceId: id("i", i)})
		replay.Put(f.w, at, ec2types.LaunchTemplate{LaunchTemplateId: id("lt", i), LaunchTemplateName: aws.String(name("template", i)), LatestVersionNumber: aws.Int64(1), DefaultVersionNumber: aws.Int64(1), CreateTime: &made})
		replay.Put(f.w, at, ec2types.LaunchTemplateVersion{LaunchTemplateId: id("lt", i), VersionNumber: aws.Int64(1), DefaultVersion: aws.Bool(true), LaunchTemplateData: &ec2types.ResponseLaunchTemplateData{ImageId: id("ami", i), InstanceType: "m7g.large"}})
	}
}
