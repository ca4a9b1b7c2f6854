package estate

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func (s *site) iamARN(resource string) string { return "arn:aws:iam::" + s.id + ":" + resource }

// identities are an account's users, groups, roles and policies.
func (s *site) identities() {
	tell(s, "", &iam.ListAccountAliasesOutput{AccountAliases: []string{s.name}})
	root := int32(1)
	if s.wrong("root-mfa", "root", 0.15) {
		root = 0
	}
	keys := int32(0)
	if s.wrong("root-keys", "root", 0.12) {
		keys = 1
	}
	tell(s, "", &iam.GetAccountSummaryOutput{SummaryMap: map[string]int32{"AccountMFAEnabled": root, "AccountAccessKeysPresent": keys, "Users": int32(len(s.userNames())), "MFADevices": 2}})
	if !s.wrong("no-password-policy", "account", 0.3) {
		long := int32(14)
		if s.wrong("password-length", "account", 0.3) {
			long = 8
		}
		tell(s, "", &iam.GetAccountPasswordPolicyOutput{PasswordPolicy: &iamtypes.PasswordPolicy{MinimumPasswordLength: &long, RequireSymbols: true, RequireNumbers: true, RequireUppercaseCharacters: true, RequireLowercaseCharacters: true, AllowUsersToChangePassword: true, PasswordReusePrevention: p(int32(24)), MaxPasswordAge: p(int32(90)), ExpirePasswords: true}})
	}
	s.policies()
	s.roles()
	s.users(root == 1, keys == 1)
}

const trustEC2 = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["ec2.amazonaws.com","lambda.amazonaws.com"]},"Action":"sts:AssumeRole"}]}`

func attach(names ...string) []iamtypes.AttachedPolicy {
	var out []iamtypes.AttachedPolicy
	for _, n := range names {
		out = append(out, iamtypes.AttachedPolicy{PolicyArn: p(n), PolicyName: p(n[strings.LastIndex(n, "/")+1:])})
	}
	return out
}

func (s *site) policies() {
	for _, a := range append([]app{{name: "deploy", team: "platform"}, {name: "read-logs", team: "security"}}, s.apps...) {
		statement := `{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::halden-` + a.name + `-data/*"}`
		switch {
		case s.wrong("wildcard-policy", a.name, 0.1):
			statement = `{"Effect":"Allow","Action":"*","Resource":"*"}`
		case s.wrong("service-policy", a.name, 0.15):
			statement = `{"Effect":"Allow","Action":["s3:*","kms:Decrypt"],"Resource":"*"}`
		}
		name := "halden-" + a.name
		put(s, iamtypes.ManagedPolicyDetail{PolicyName: &name, PolicyId: p("ANPA" + strings.ToUpper(s.hex(17, s.key, name))), Arn: p(s.iamARN("policy/" + name)), Path: p("/"), DefaultVersionId: p("v2"), AttachmentCount: p(int32(1)), PermissionsBoundaryUsageCount: p(int32(0)), IsAttachable: true,
			CreateDate: p(s.made("policy/" + name)), UpdateDate: p(s.made("policy/" + name)), PolicyVersionList: []iamtypes.PolicyVersion{{VersionId: p("v2"), IsDefaultVersion: true, CreateDate: p(s.made("policy/" + name)), Document: p(`{"Version":"2012-10-17","Statement":[` + statement + `]}`)}}})
	}
}

func (s *site) roles() {
	for _, a := range s.apps {
		profile := iamtypes.InstanceProfile{InstanceProfileName: p(a.name), InstanceProfileId: p("AIPA" + strings.ToUpper(s.hex(17, s.key, "profile", a.name))), Arn: p(s.iamARN("instance-profile/" + a.name)), Path: p("/"), CreateDate: p(s.made("role/" + a.name))}
		role := s.role(a.name, trustEC2, []string{s.iamARN("policy/halden-" + a.name)}, profile)
		profile.Roles = []iamtypes.Role{{RoleName: role.RoleName, RoleId: role.RoleId, Arn: role.Arn, Path: role.Path, CreateDate: role.CreateDate}}
		put(s, profile)
	}
	sso := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"` + s.iamARN("saml-provider/entra") + `"},"Action":"sts:AssumeRoleWithSAML","Condition":{"StringEquals":{"SAML:aud":"https://signin.aws.amazon.com/saml"}}}]}`
	s.role("administrator", sso, []string{"arn:aws:iam::aws:policy/AdministratorAccess"})
	s.role("developer", sso, []string{"arn:aws:iam::aws:policy/PowerUserAccess"})
	if !s.wrong("no-support", "role", 0.35) {
		s.role("support", sso, []string{"arn:aws:iam::aws:policy/AWSSupportAccess"})
	}
	s.role(Reader, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::`+company[0].id+`:user/bulwark"},"Action":"sts:AssumeRole"}]}`, []string{"arn:aws:iam::aws:policy/SecurityAudit"})
	github := `"Condition":{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"},"StringLike":{"token.actions.githubusercontent.com:sub":"repo:halden-markets/infrastructure:*"}}`
	if s.wrong("github-trust", "terraform", 0.15) {
		github = `"Condition":{"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"}}`
	}
	s.role("terraform", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"`+s.iamARN("oidc-provider/token.actions.githubusercontent.com")+`"},"Action":"sts:AssumeRoleWithWebIdentity",`+github+`}]}`, []string{s.iamARN("policy/halden-deploy")})
	if s.wrong("role-for-all", "partner", 0.12) {
		s.role("partner-upload", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`, []string{s.iamARN("policy/halden-read-logs")})
	}
}

func (s *site) role(name, trust string, policies []string, profiles ...iamtypes.InstanceProfile) iamtypes.RoleDetail {
	used := s.now.Truncate(7 * day).Add(-time.Duration(s.between(0, 5, "used", s.key, name)) * day)
	r := iamtypes.RoleDetail{RoleName: &name, RoleId: p("AROA" + strings.ToUpper(s.hex(17, s.key, "role", name))), Arn: p(s.iamARN("role/" + name)), Path: p("/"), CreateDate: p(s.made("role/" + s.key + name)), AssumeRolePolicyDocument: &trust, AttachedManagedPolicies: attach(policies...),
		InstanceProfileList: profiles, RoleLastUsed: &iamtypes.RoleLastUsed{LastUsedDate: &used, Region: p(awsRegions[0])}, Tags: tagsOf(s.tagged(shared, name), func(k, v *string) iamtypes.Tag { return iamtypes.Tag{Key: k, Value: v} })}
	if s.ratio("unused", s.key, name) < 0.12 {
		r.RoleLastUsed = &iamtypes.RoleLastUsed{}
	}
	put(s, r)
	return r
}

// userNames are those who have a user of their own, rather than signing in by
// the directory: robots, and in some accounts people.
func (s *site) userNames() []string {
	names := []string{"ci-deploy", "backup-agent"}
	if s.care > 1 {
		for i, person := range s.people(40) {
			if s.ratio("user", s.key, person.login) < 0.14*s.care/2 && (person.left == 0 || !s.since(person.left+0.08)) && (person.joined == 0 || s.since(person.joined)) && i < 40 {
				names = append(names, person.login)
			}
		}
	}
	return names
}

// users fills in users with their keys, and the credential report that tells
// of them.
func (s *site) users(rootMFA, rootKeys bool) {
	report := []string{"user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service," +
		"access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated",
		fmt.Sprintf("<root_account>,%s,%s,not_supported,%s,not_supported,not_supported,%t,%t,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A", s.iamARN("root"), stamp(s.ago(1200)), stamp(s.ago(s.between(10, 300, "root used", s.key))), rootMFA, rootKeys)}
	groups := []string{"administrators", "developers"}
	for _, g := range groups {
		put(s, iamtypes.GroupDetail{GroupName: p(g), GroupId: p("AGPA" + strings.ToUpper(s.hex(17, s.key, "group", g))), Arn: p(s.iamARN("group/" + g)), Path: p("/"), CreateDate: p(s.ago(900)), AttachedManagedPolicies: attach(s.iamARN("policy/halden-deploy"))})
	}
	for _, name := range s.userNames() {
		report = append(report, s.user(name, groups))
	}
	tell(s, "", &iam.GetCredentialReportOutput{Content: []byte(strings.Join(report, "\n") + "\n"), ReportFormat: "text/csv", GeneratedTime: p(s.now)})
	tell(s, "", &iam.GenerateCredentialReportOutput{State: "COMPLETE"})
}

// user puts a user and returns its line of the credential report.
func (s *site) user(name string, groups []string) string {
	human := strings.Contains(name, ".")
	made := s.made("user/" + s.key + name)
	d := iamtypes.UserDetail{UserName: &name, UserId: p("AIDA" + strings.ToUpper(s.hex(17, s.key, "user", name))), Arn: p(s.iamARN("user/" + name)), Path: p("/"), CreateDate: &made, GroupList: []string{pick(s.builder, groups, "group", s.key, name)}}
	if s.wrong("direct-policy", name, 0.25) {
		d.AttachedManagedPolicies = attach("arn:aws:iam::aws:policy/AmazonS3FullAccess")
	}
	put(s, d)
	rotated := made
	if !s.wrong("old-key", name, 0.45) { // it is changed every ten weeks
		rotated = s.now.Add(-time.Duration(int64(s.now.Sub(made)) % int64(70*day))).Truncate(day)
	}
	key := "AKIA" + strings.ToUpper(s.hex(16, "key", s.key, name, rotated.String()))
	second := human && s.wrong("two-keys", name, 0.2)
	items := []iamtypes.AccessKeyMetadata{{UserName: &name, AccessKeyId: &key, Status: "Active", CreateDate: &rotated}}
	if second {
		items = append(items, iamtypes.AccessKeyMetadata{UserName: &name, AccessKeyId: p("AKIA" + strings.ToUpper(s.hex(16, "second", s.key, name))), Status: "Active", CreateDate: &made})
	}
	putBelow(s, name, items...)
	used := s.now.Truncate(7 * day)
	if s.wrong("idle-user", name, 0.15) {
		used = made.Add(30 * day)
	}
	for _, k := range items {
		tell(s, *k.AccessKeyId, &iam.GetAccessKeyLastUsedOutput{UserName: &name, AccessKeyLastUsed: &iamtypes.AccessKeyLastUsed{LastUsedDate: &used, Region: p(awsRegions[0]), ServiceName: p("s3")}})
	}
	mfa := human && !s.wrong("user-mfa", name, 0.3)
	if mfa {
		putBelow(s, name, iamtypes.MFADevice{UserName: &name, SerialNumber: p(s.iamARN("mfa/" + name)), EnableDate: &made})
	}
	if human {
		tell(s, name, &iam.GetLoginProfileOutput{LoginProfile: &iamtypes.LoginProfile{UserName: &name, CreateDate: &made, PasswordResetRequired: false}})
	}
	password := "N/A,N/A,N/A"
	if human {
		password = stamp(used) + "," + stamp(made) + "," + stamp(used.Add(60*day))
	}
	return fmt.Sprintf("%s,%s,%s,%t,%s,%t,true,%s,%s,%s,s3,%t,N/A,N/A,N/A,N/A,false,N/A,false,N/A", name, *d.Arn, stamp(made), human, password, mfa, stamp(rotated), stamp(used), awsRegions[0], second)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05+00:00") }
