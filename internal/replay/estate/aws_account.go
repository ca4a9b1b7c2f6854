package estate

import (
	"strings"

	aatypes "github.com/aws/aws-sdk-go-v2/service/accessanalyzer/types"
	accountapi "github.com/aws/aws-sdk-go-v2/service/account"
	accounttypes "github.com/aws/aws-sdk-go-v2/service/account/types"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	configtypes "github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	gdtypes "github.com/aws/aws-sdk-go-v2/service/guardduty/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	s3ctypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"

	"github.com/bulwarksec/bulwark/internal/replay/aws"
)

// Ids of the organisation.
const (
	orgID  = "o-halden4d2k"
	rootID = "r-hm01"
)

// organization fills in the organisation: its units, accounts and policies.
func (b *builder) organization(w *aws.World) {
	master := company[0]
	prefix := "arn:aws:organizations::" + master.id + ":"
	org := &organizations.DescribeOrganizationOutput{Organization: &orgtypes.Organization{Id: p(orgID), Arn: p(prefix + "organization/" + orgID), FeatureSet: "ALL", MasterAccountId: p(master.id), MasterAccountEmail: p("aws@haldenmarkets.example"),
		MasterAccountArn: p(prefix + "account/" + orgID + "/" + master.id), AvailablePolicyTypes: []orgtypes.PolicyTypeSummary{{Type: "SERVICE_CONTROL_POLICY", Status: "ENABLED"}}}}
	s := &site{b, &company[0], w, ""}
	put(s, orgtypes.Root{Id: p(rootID), Name: p("Root"), Arn: p(prefix + "root/" + orgID + "/" + rootID), PolicyTypes: []orgtypes.PolicyTypeSummary{{Type: "SERVICE_CONTROL_POLICY", Status: "ENABLED"}}})
	for _, unit := range []string{"security", "infrastructure", "production", "non-production", "sandbox", "acquisitions"} {
		if unit == "acquisitions" && !b.since(0.6) {
			continue
		}
		put(s, orgtypes.OrganizationalUnit{Id: p(unitID(b, unit)), Name: p(title(unit)), Arn: p(prefix + "ou/" + orgID + "/" + unitID(b, unit))})
		putBelow(s, rootID, orgtypes.OrganizationalUnit{Id: p(unitID(b, unit)), Name: p(title(unit)), Arn: p(prefix + "ou/" + orgID + "/" + unitID(b, unit))})
	}
	for _, a := range company {
		if a.opened > 0 && !b.since(a.opened) {
			continue
		}
		state := orgtypes.AccountStateActive
		if !b.serves(&a) {
			state = orgtypes.AccountStateSuspended
		}
		item := orgtypes.Account{Id: p(a.id), Name: p(a.name), Email: p("aws+" + a.key + "@haldenmarkets.example"), Arn: p(prefix + "account/" + orgID + "/" + a.id), State: state, Status: orgtypes.AccountStatus(state), JoinedMethod: "CREATED", JoinedTimestamp: p(b.made("account/" + a.key))}
		if a.opened > 0 {
			item.JoinedMethod, item.JoinedTimestamp = "INVITED", p(b.at(a.opened))
		}
		put(s, item)
		parent := rootID
		if a.unit != "root" {
			parent = unitID(b, a.unit)
		}
		putBelow(s, parent, item)
		aws.Answer(w, aws.Place{Account: a.id}, "", org)
	}
	s.controlPolicies(prefix)
}

func unitID(b *builder, unit string) string { return "ou-hm01-" + b.hex(8, "unit", unit) }

// controlPolicies are the organisation's guard rails.
func (s *site) controlPolicies(prefix string) {
	for _, rail := range [][2]string{
		{"keep-trails", `{"Effect":"Deny","Action":["cloudtrail:StopLogging","cloudtrail:DeleteTrail"],"Resource":"*"}`},
		{"known-regions", `{"Effect":"Deny","NotAction":["iam:*","organizations:*","route53:*","cloudfront:*","sts:*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1","eu-central-1","us-east-1"]}}}`},
		{"no-root", `{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::*:root"}}}`},
	} {
		name, statement := rail[0], rail[1]
		id := "p-" + s.hex(8, "scp", name)
		summary := orgtypes.PolicySummary{Id: &id, Name: p(name), Arn: p(prefix + "policy/" + orgID + "/service_control_policy/" + id), Type: "SERVICE_CONTROL_POLICY", AwsManaged: false, Description: p("Guard rail: " + strings.ReplaceAll(name, "-", " "))}
		put(s, summary)
		tell(s, id, &organizations.DescribePolicyOutput{Policy: &orgtypes.Policy{PolicySummary: &summary, Content: p(`{"Version":"2012-10-17","Statement":[` + statement + `]}`)}})
		putBelow(s, id, orgtypes.PolicyTargetSummary{TargetId: p(rootID), Arn: p(prefix + "root/" + orgID + "/" + rootID), Name: p("Root"), Type: "ROOT"})
	}
}

// whole fills in what an account has as a whole.
func (s *site) whole() {
	for _, r := range awsRegions {
		put(s, ec2types.Region{RegionName: p(r), OptInStatus: p("opt-in-not-required"), Endpoint: p("ec2." + r + ".amazonaws.com")})
	}
	if !s.wrong("account-block", "s3", 0.3) {
		yes := p(true)
		tell(s, "", &s3control.GetPublicAccessBlockOutput{PublicAccessBlockConfiguration: &s3ctypes.PublicAccessBlockConfiguration{BlockPublicAcls: yes, BlockPublicPolicy: yes, IgnorePublicAcls: yes, RestrictPublicBuckets: yes}})
	}
	for _, kind := range []accounttypes.AlternateContactType{"SECURITY", "OPERATIONS", "BILLING"} {
		if !s.wrong("contact", string(kind), 0.3) {
			tell(s, string(kind), &accountapi.GetAlternateContactOutput{AlternateContact: &accounttypes.AlternateContact{AlternateContactType: kind, EmailAddress: p(strings.ToLower(string(kind)) + "@haldenmarkets.example"), Name: p("Cloud " + strings.ToLower(string(kind))), PhoneNumber: p("+000000000"), Title: p("Duty")}})
		}
	}
	tell(s, "", &accountapi.GetContactInformationOutput{ContactInformation: &accounttypes.ContactInformation{FullName: p("Halden Markets"), PhoneNumber: p("+000000000"), City: p("Halden"), CountryCode: p("NO"), PostalCode: p("0000"), AddressLine1: p("Demonstration street 1")}})
	s.identities()
}

// watched fills in what watches over a region, and the keys that it holds.
func (s *site) watched() {
	s.defaults()
	s.keys()
	if s.region == awsRegions[0] || s.wide {
		if !s.wrong("analyzer", "region", 0.35) {
			put(s, aatypes.AnalyzerSummary{Arn: p(s.arn("access-analyzer", "analyzer/account")), Name: p("account"), Type: "ACCOUNT", Status: "ACTIVE", CreatedAt: p(s.made("analyzer"))})
		}
	}
	if !s.wrong("no-detector", "guardduty", 0.3) {
		id := s.hex(32, "detector", s.key, s.region)
		put(s, aws.Detector{ID: id})
		feature := func(name gdtypes.DetectorFeatureResult) gdtypes.DetectorFeatureConfigurationResult {
			status := gdtypes.FeatureStatusEnabled
			if s.wrong("detector-feature", string(name), 0.4) {
				status = gdtypes.FeatureStatusDisabled
			}
			return gdtypes.DetectorFeatureConfigurationResult{Name: name, Status: status}
		}
		tell(s, id, &guardduty.GetDetectorOutput{Status: "ENABLED", FindingPublishingFrequency: "FIFTEEN_MINUTES", ServiceRole: p(s.iamARN("role/aws-service-role/guardduty.amazonaws.com/AWSServiceRoleForAmazonGuardDuty")), CreatedAt: p("2024-05-06T07:08:09Z"),
			Features: []gdtypes.DetectorFeatureConfigurationResult{feature("S3_DATA_EVENTS"), feature("EKS_AUDIT_LOGS"), feature("EBS_MALWARE_PROTECTION"), feature("RDS_LOGIN_EVENTS"), feature("LAMBDA_NETWORK_LOGS"), feature("RUNTIME_MONITORING")}})
	}
	if !s.wrong("no-hub", "securityhub", 0.4) {
		tell(s, "", &securityhub.DescribeHubOutput{HubArn: p(s.arn("securityhub", "hub/default")), AutoEnableControls: p(true), SubscribedAt: p("2024-05-06T07:08:09.000Z"), ControlFindingGenerator: "SECURITY_CONTROL"})
	}
	if !s.wrong("no-recorder", "config", 0.3) {
		put(s, configtypes.ConfigurationRecorder{Name: p("default"), Arn: p(s.arn("config", "configuration-recorder/default/"+s.hex(8, s.key, s.region))), RoleARN: p(s.iamARN("role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig")),
			RecordingGroup: &configtypes.RecordingGroup{AllSupported: true, IncludeGlobalResourceTypes: s.region == awsRegions[0]}})
		put(s, configtypes.ConfigurationRecorderStatus{Name: p("default"), Recording: true, LastStatus: "SUCCESS"})
	}
	if s.region == awsRegions[0] {
		s.trail()
		put(s, acmtypes.CertificateSummary{CertificateArn: p(s.certificate()), DomainName: p("*.haldenmarkets.example"), Status: "ISSUED", Type: "AMAZON_ISSUED", KeyAlgorithm: "RSA_2048", InUse: p(true), NotBefore: p(s.now.Add(-100 * day).Truncate(30 * day)), NotAfter: p(s.now.Add(260 * day).Truncate(30 * day))})
		put(s, acmtypes.CertificateDetail{CertificateArn: p(s.certificate()), DomainName: p("*.haldenmarkets.example"), Status: "ISSUED", Type: "AMAZON_ISSUED", KeyAlgorithm: "RSA_2048", NotBefore: p(s.now.Add(-100 * day).Truncate(30 * day)), NotAfter: p(s.now.Add(260 * day).Truncate(30 * day)),
			RenewalEligibility: "ELIGIBLE"})
	}
}

func (s *site) certificate() string {
	return s.arn("acm", "certificate/"+s.uuid("certificate", s.key))
}

// defaults are the settings that an account has in each region.
func (s *site) defaults() {
	tell(s, "", &ec2.GetEbsEncryptionByDefaultOutput{EbsEncryptionByDefault: p(!s.wrong("ebs-default", "region", 0.35))})
	tell(s, "", &ec2.GetEbsDefaultKmsKeyIdOutput{KmsKeyId: p("alias/aws/ebs")})
	state := ec2types.SnapshotBlockPublicAccessStateBlockAllSharing
	if s.wrong("snapshot-sharing", "region", 0.4) {
		state = ec2types.SnapshotBlockPublicAccessStateUnblocked
	}
	tell(s, "", &ec2.GetSnapshotBlockPublicAccessStateOutput{State: state})
	tell(s, "", &ec2.GetImageBlockPublicAccessStateOutput{ImageBlockPublicAccessState: p("block-new-sharing")})
	tell(s, "", &ec2.GetInstanceMetadataDefaultsOutput{AccountLevel: &ec2types.InstanceMetadataDefaultsResponse{HttpTokens: "required"}})
}

// key4 is the ARN of the key for a purpose.
func (s *site) key4(purpose string) string {
	return s.arn("kms", "key/"+s.uuid("key", s.key, s.region, purpose))
}

func (s *site) keys() {
	purposes := []string{"data", "logs"}
	if s.region != awsRegions[0] {
		purposes = purposes[:1]
	}
	for _, purpose := range purposes {
		id := s.uuid("key", s.key, s.region, purpose)
		arn := s.key4(purpose)
		put(s, kmstypes.KeyMetadata{KeyId: &id, Arn: &arn, AWSAccountId: &s.id, Enabled: true, KeyState: "Enabled", KeyManager: "CUSTOMER", KeySpec: "SYMMETRIC_DEFAULT", KeyUsage: "ENCRYPT_DECRYPT", Origin: "AWS_KMS", CreationDate: p(s.made("key/" + id)), Description: p("Encrypts " + purpose), MultiRegion: p(false)})
		put(s, kmstypes.AliasListEntry{AliasName: p("alias/halden-" + purpose), AliasArn: p(s.arn("kms", "alias/halden-"+purpose)), TargetKeyId: &id})
		tell(s, id, &kms.GetKeyRotationStatusOutput{KeyRotationEnabled: !s.wrong("key-rotation", purpose, 0.3), KeyId: &id})
		principal := "arn:aws:iam::" + s.id + ":root"
		if s.wrong("key-open", purpose, 0.06) {
			principal = "*"
		}
		tell(s, id, &kms.GetKeyPolicyOutput{PolicyName: p("default"), Policy: p(`{"Version":"2012-10-17","Statement":[{"Sid":"Administer","Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":"kms:*","Resource":"*"}]}`)})
		putBelow(s, id, tagsOf(s.tagged(shared, "halden-"+purpose), func(k, v *string) kmstypes.Tag { return kmstypes.Tag{TagKey: k, TagValue: v} })...)
	}
}

// trail records the account's calls, but for the two that came from elsewhere.
func (s *site) trail() {
	if s.care > 1.8 && s.wrong("no-trail", "account", 0.5) {
		return
	}
	name := "halden-" + s.key
	arn := s.arn("cloudtrail", "trail/"+name)
	t := cttypes.Trail{Name: &name, TrailARN: &arn, HomeRegion: &s.region, IsMultiRegionTrail: p(!s.wrong("trail-one-region", name, 0.2)), IncludeGlobalServiceEvents: p(true), LogFileValidationEnabled: p(!s.wrong("trail-validation", name, 0.3)), S3BucketName: p("halden-org-trail-data"),
		IsOrganizationTrail: p(s.key == "management"), HasCustomEventSelectors: p(true), KmsKeyId: p(s.key4("logs"))}
	if s.wrong("trail-key", name, 0.35) {
		t.KmsKeyId = nil
	}
	if !s.wrong("trail-group", name, 0.35) {
		t.CloudWatchLogsLogGroupArn, t.CloudWatchLogsRoleArn = p(s.arn("logs", "log-group:/halden/trail:*")), p(s.iamARN("role/trail-to-logs"))
	}
	put(s, t)
	tell(s, arn, &cloudtrail.GetTrailStatusOutput{IsLogging: p(true), LatestDeliveryTime: p(s.now.Truncate(day)), StartLoggingTime: p(s.made("trail/" + name))})
	tell(s, arn, &cloudtrail.GetEventSelectorsOutput{TrailARN: &arn, EventSelectors: []cttypes.EventSelector{{IncludeManagementEvents: p(true), ReadWriteType: "All"}}})
	put(s, cttypes.ResourceTag{ResourceId: &arn, TagsList: tagsOf(s.tagged(shared, name), func(k, v *string) cttypes.Tag { return cttypes.Tag{Key: k, Value: v} })})
}
