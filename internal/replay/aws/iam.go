package aws

import (
	"net/url"
	"slices"
	"sort"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// IAM's users, roles, groups and policies are put as the details that
// GetAccountAuthorizationDetails answers; the other operations are made from
// these. Policy documents are put as text: IAM's answers have them URL-encoded.

var noEntity = notFound("NoSuchEntity", 404)

var (
	_ = answer[iam.GenerateCredentialReportInput, iam.GenerateCredentialReportOutput]("", nil)
	_ = answer[iam.GetAccessKeyLastUsedInput, iam.GetAccessKeyLastUsedOutput]("AccessKeyId", noEntity)
	_ = answer[iam.GetAccountPasswordPolicyInput, iam.GetAccountPasswordPolicyOutput]("", noEntity)
	_ = answer[iam.GetAccountSummaryInput, iam.GetAccountSummaryOutput]("", nil)
	_ = answer[iam.GetCredentialReportInput, iam.GetCredentialReportOutput]("", notFound("ReportNotPresent", 410))
	_ = answer[iam.GetLoginProfileInput, iam.GetLoginProfileOutput]("UserName", noEntity)
	_ = answer[iam.GetOpenIDConnectProviderInput, iam.GetOpenIDConnectProviderOutput]("OpenIDConnectProviderArn", noEntity)
	_ = answer[iam.ListAccountAliasesInput, iam.ListAccountAliasesOutput]("", nil)
	_ = list[iam.ListAccessKeysInput, iam.ListAccessKeysOutput, iamtypes.AccessKeyMetadata](of("UserName"))
	_ = list[iam.ListInstanceProfilesInput, iam.ListInstanceProfilesOutput, iamtypes.InstanceProfile]()
	_ = list[iam.ListMFADevicesInput, iam.ListMFADevicesOutput, iamtypes.MFADevice](of("UserName"))
	_ = list[iam.ListOpenIDConnectProvidersInput, iam.ListOpenIDConnectProvidersOutput, iamtypes.OpenIDConnectProviderListEntry]()
	_ = answer[iam.ListOrganizationsFeaturesInput, iam.ListOrganizationsFeaturesOutput]("", nil)
	_ = list[iam.ListSAMLProvidersInput, iam.ListSAMLProvidersOutput, iamtypes.SAMLProviderListEntry]()
	_ = list[iam.ListSSHPublicKeysInput, iam.ListSSHPublicKeysOutput, iamtypes.SSHPublicKeyMetadata](of("UserName"))
	_ = list[iam.ListServerCertificatesInput, iam.ListServerCertificatesOutput, iamtypes.ServerCertificateMetadata]()
	_ = list[iam.ListServiceSpecificCredentialsInput, iam.ListServiceSpecificCredentialsOutput, iamtypes.ServiceSpecificCredentialMetadata](of("UserName"))
	_ = list[iam.ListSigningCertificatesInput, iam.ListSigningCertificatesOutput, iamtypes.SigningCertificate](of("UserName"))
	_ = list[iam.ListVirtualMFADevicesInput, iam.ListVirtualMFADevicesOutput, iamtypes.VirtualMFADevice]()
)

var (
	_ = project[iam.ListUsersInput, iam.ListUsersOutput](user)
	_ = project[iam.ListRolesInput, iam.ListRolesOutput](role)
	_ = project[iam.ListGroupsInput, iam.ListGroupsOutput](group)
	_ = find[iam.GetUserInput]("UserName", "UserName", noEntity, func(d *iamtypes.UserDetail, out *iam.GetUserOutput) { u := user(d); out.User = &u })
	_ = find[iam.GetRoleInput]("RoleName", "RoleName", noEntity, func(d *iamtypes.RoleDetail, out *iam.GetRoleOutput) { r := role(d); out.Role = &r })
	_ = find[iam.GetPolicyInput]("PolicyArn", "Arn", noEntity, func(d *iamtypes.ManagedPolicyDetail, out *iam.GetPolicyOutput) { p := policy(d); out.Policy = &p })

	_ = find[iam.ListAttachedUserPoliciesInput]("UserName", "UserName", noEntity,
		func(d *iamtypes.UserDetail, out *iam.ListAttachedUserPoliciesOutput) {
			out.AttachedPolicies = d.AttachedManagedPolicies
		})
	_ = find[iam.ListAttachedRolePoliciesInput]("RoleName", "RoleName", noEntity,
		func(d *iamtypes.RoleDetail, out *iam.ListAttachedRolePoliciesOutput) {
			out.AttachedPolicies = d.AttachedManagedPolicies
		})
	_ = find[iam.ListAttachedGroupPoliciesInput]("GroupName", "GroupName", noEntity,
		func(d *iamtypes.GroupDetail, out *iam.ListAttachedGroupPoliciesOutput) {
			out.AttachedPolicies = d.AttachedManagedPolicies
		})
	_ = find[iam.ListUserPoliciesInput]("UserName", "UserName", noEntity,
		func(d *iamtypes.UserDetail, out *iam.ListUserPoliciesOutput) {
			out.PolicyNames = policyNames(d.UserPolicyList)
		})
	_ = find[iam.ListRolePoliciesInput]("RoleName", "RoleName", noEntity,
		func(d *iamtypes.RoleDetail, out *iam.ListRolePoliciesOutput) {
			out.PolicyNames = policyNames(d.RolePolicyList)
		})
	_ = find[iam.ListGroupPoliciesInput]("GroupName", "GroupName", noEntity,
		func(d *iamtypes.GroupDetail, out *iam.ListGroupPoliciesOutput) {
			out.PolicyNames = policyNames(d.GroupPolicyList)
		})
	_ = find[iam.ListUserTagsInput]("UserName", "UserName", noEntity, func(d *iamtypes.UserDetail, out *iam.ListUserTagsOutput) { out.Tags = d.Tags })
	_ = find[iam.ListRoleTagsInput]("RoleName", "RoleName", noEntity, func(d *iamtypes.RoleDetail, out *iam.ListRoleTagsOutput) { out.Tags = d.Tags })
)

// ListPolicies has AWS's own policies under the account "aws", as their ARNs do.
var _ = handle(func(c *Call, in *iam.ListPoliciesInput) (*iam.ListPoliciesOutput, error) {
	var policies []iamtypes.Policy
	for _, d := range All[iamtypes.ManagedPolicyDetail](c.World(), c.Place()) {
		managed := d.Arn != nil && strings.HasPrefix(*d.Arn, "arn:aws:iam::aws:")
		switch {
		case in.Scope == iamtypes.PolicyScopeTypeLocal && managed, in.Scope == iamtypes.PolicyScopeTypeAws && !managed:
		case in.OnlyAttached && (d.AttachmentCount == nil || *d.AttachmentCount == 0):
		default:
			policies = append(policies, policy(&d))
		}
	}
	out := &iam.ListPoliciesOutput{}
	from, to, err := c.page("iam.ListPolicies", in, out, len(policies))
	if err != nil {
		return nil, err
	}
	out.Policies = policies[from:to]
	return out, nil
})

var _ = handle(func(c *Call, in *iam.GetPolicyVersionInput) (*iam.GetPolicyVersionOutput, error) {
	for _, d := range All[iamtypes.ManagedPolicyDetail](c.World(), c.Place()) {
		if in.PolicyArn == nil || in.VersionId == nil || d.Arn == nil || *d.Arn != *in.PolicyArn {
			continue
		}
		for _, v := range d.PolicyVersionList {
			if v.VersionId != nil && *v.VersionId == *in.VersionId {
				v.Document = encoded(v.Document)
				return &iam.GetPolicyVersionOutput{PolicyVersion: &v}, nil
			}
		}
	}
	return nil, noEntity
})

var _ = handle(func(c *Call, in *iam.GetGroupInput) (*iam.GetGroupOutput, error) {
	for _, d := range All[iamtypes.GroupDetail](c.World(), c.Place()) {
		if in.GroupName == nil || d.GroupName == nil || *d.GroupName != *in.GroupName {
			continue
		}
		g := group(&d)
		out := &iam.GetGroupOutput{Group: &g}
		for _, u := range All[iamtypes.UserDetail](c.World(), c.Place()) {
			if slices.Contains(u.GroupList, *in.GroupName) {
				out.Users = append(out.Users, user(&u))
			}
		}
		return out, nil
	}
	return nil, noEntity
})

// GetAccountAuthorizationDetails pages over users, roles, groups and policies
// as over one list, as IAM does.
var _ = handle(func(c *Call, in *iam.GetAccountAuthorizationDetailsInput) (*iam.GetAccountAuthorizationDetailsOutput, error) {
	want := func(kinds ...iamtypes.EntityType) bool {
		return len(in.Filter) == 0 || slices.ContainsFunc(kinds, func(k iamtypes.EntityType) bool { return slices.Contains(in.Filter, k) })
	}
	at := c.Place()
	out := &iam.GetAccountAuthorizationDetailsOutput{}
	var take []func()
	if want(iamtypes.EntityTypeUser) {
		for _, d := range All[iamtypes.UserDetail](c.World(), at) {
			take = append(take, func() { out.UserDetailList = append(out.UserDetailList, encodedUser(d)) })
		}
	}
	if want(iamtypes.EntityTypeGroup) {
		for _, d := range All[iamtypes.GroupDetail](c.World(), at) {
			take = append(take, func() {
				d.GroupPolicyList = encodedList(d.GroupPolicyList)
				out.GroupDetailList = append(out.GroupDetailList, d)
			})
		}
	}
	if want(iamtypes.EntityTypeRole) {
		for _, d := range All[iamtypes.RoleDetail](c.World(), at) {
			take = append(take, func() { out.RoleDetailList = append(out.RoleDetailList, encodedRole(d)) })
		}
	}
	for _, d := range All[iamtypes.ManagedPolicyDetail](c.World(), at) {
		managed := d.Arn != nil && strings.HasPrefix(*d.Arn, "arn:aws:iam::aws:")
		if managed && want(iamtypes.EntityTypeAWSManagedPolicy) || !managed && want(iamtypes.EntityTypeLocalManagedPolicy) {
			take = append(take, func() { out.Policies = append(out.Policies, encodedPolicy(d)) })
		}
	}
	from, to, err := c.page("iam.GetAccountAuthorizationDetails", in, out, len(take))
	if err != nil {
		return nil, err
	}
	for _, f := range take[from:to] {
		f()
	}
	return out, nil
})

var _ = handle(func(c *Call, in *iam.ListEntitiesForPolicyInput) (*iam.ListEntitiesForPolicyOutput, error) {
	if in.PolicyArn == nil {
		return nil, invalid(c.Service, "PolicyArn is required")
	}
	attached := func(list []iamtypes.AttachedPolicy) bool {
		return slices.ContainsFunc(list, func(p iamtypes.AttachedPolicy) bool { return p.PolicyArn != nil && *p.PolicyArn == *in.PolicyArn })
	}
	out := &iam.ListEntitiesForPolicyOutput{}
	for _, d := range All[iamtypes.UserDetail](c.World(), c.Place()) {
		if attached(d.AttachedManagedPolicies) {
			out.PolicyUsers = append(out.PolicyUsers, iamtypes.PolicyUser{UserId: d.UserId, UserName: d.UserName})
		}
	}
	for _, d := range All[iamtypes.RoleDetail](c.World(), c.Place()) {
		if attached(d.AttachedManagedPolicies) {
			out.PolicyRoles = append(out.PolicyRoles, iamtypes.PolicyRole{RoleId: d.RoleId, RoleName: d.RoleName})
		}
	}
	for _, d := range All[iamtypes.GroupDetail](c.World(), c.Place()) {
		if attached(d.AttachedManagedPolicies) {
			out.PolicyGroups = append(out.PolicyGroups, iamtypes.PolicyGroup{GroupId: d.GroupId, GroupName: d.GroupName})
		}
	}
	return out, nil
})

var _ = handle(func(c *Call, in *iam.ListGroupsForUserInput) (*iam.ListGroupsForUserOutput, error) {
	for _, u := range All[iamtypes.UserDetail](c.World(), c.Place()) {
		if in.UserName == nil || u.UserName == nil || *u.UserName != *in.UserName {
			continue
		}
		out := &iam.ListGroupsForUserOutput{}
		for _, g := range All[iamtypes.GroupDetail](c.World(), c.Place()) {
			if g.GroupName != nil && slices.Contains(u.GroupList, *g.GroupName) {
				out.Groups = append(out.Groups, group(&g))
			}
		}
		return out, nil
	}
	return nil, noEntity
})

func user(d *iamtypes.UserDetail) iamtypes.User {
	return iamtypes.User{Arn: d.Arn, CreateDate: d.CreateDate, Path: d.Path, UserId: d.UserId, UserName: d.UserName, PermissionsBoundary: d.PermissionsBoundary, Tags: d.Tags}
}

func role(d *iamtypes.RoleDetail) iamtypes.Role {
	return iamtypes.Role{Arn: d.Arn, CreateDate: d.CreateDate, Path: d.Path, RoleId: d.RoleId, RoleName: d.RoleName,
		AssumeRolePolicyDocument: encoded(d.AssumeRolePolicyDocument), PermissionsBoundary: d.PermissionsBoundary, RoleLastUsed: d.RoleLastUsed, Tags: d.Tags}
}

func group(d *iamtypes.GroupDetail) iamtypes.Group {
	return iamtypes.Group{Arn: d.Arn, CreateDate: d.CreateDate, GroupId: d.GroupId, GroupName: d.GroupName, Path: d.Path}
}

func policy(d *iamtypes.ManagedPolicyDetail) iamtypes.Policy {
	return iamtypes.Policy{Arn: d.Arn, AttachmentCount: d.AttachmentCount, CreateDate: d.CreateDate, DefaultVersionId: d.DefaultVersionId, Description: d.Description,
		IsAttachable: d.IsAttachable, Path: d.Path, PermissionsBoundaryUsageCount: d.PermissionsBoundaryUsageCount, PolicyId: d.PolicyId, PolicyName: d.PolicyName, UpdateDate: d.UpdateDate}
}

func policyNames(list []iamtypes.PolicyDetail) []string {
	var out []string
	for _, p := range list {
		if p.PolicyName != nil {
			out = append(out, *p.PolicyName)
		}
	}
	sort.Strings(out)
	return out
}

// encoded writes a policy document as IAM's answers have it (RFC 3986).
func encoded(document *string) *string {
	if document == nil {
		return nil
	}
	s := strings.ReplaceAll(url.QueryEscape(*document), "+", "%20")
	return &s
}

func encodedList(list []iamtypes.PolicyDetail) []iamtypes.PolicyDetail {
	out := slices.Clone(list)
	for i := range out {
		out[i].PolicyDocument = encoded(out[i].PolicyDocument)
	}
	return out
}

func encodedUser(d iamtypes.UserDetail) iamtypes.UserDetail {
	d.UserPolicyList = encodedList(d.UserPolicyList)
	return d
}

func encodedRole(d iamtypes.RoleDetail) iamtypes.RoleDetail {
	d.AssumeRolePolicyDocument = encoded(d.AssumeRolePolicyDocument)
	d.RolePolicyList = encodedList(d.RolePolicyList)
	return d
}

func encodedPolicy(d iamtypes.ManagedPolicyDetail) iamtypes.ManagedPolicyDetail {
	d.PolicyVersionList = slices.Clone(d.PolicyVersionList)
	for i := range d.PolicyVersionList {
		d.PolicyVersionList[i].Document = encoded(d.PolicyVersionList[i].Document)
	}
	return d
}
