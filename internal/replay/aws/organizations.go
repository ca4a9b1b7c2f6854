package aws

import (
	"github.com/aws/aws-sdk-go-v2/service/account"
	accounttypes "github.com/aws/aws-sdk-go-v2/service/account/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	organizationstypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
)

var (
	_ = answer[account.GetAccountInformationInput, account.GetAccountInformationOutput]("", nil)
	_ = answer[account.GetAlternateContactInput, account.GetAlternateContactOutput]("AlternateContactType", notFound("ResourceNotFoundException", 404))
	_ = answer[account.GetContactInformationInput, account.GetContactInformationOutput]("", notFound("ResourceNotFoundException", 404))
	_ = list[account.ListRegionsInput, account.ListRegionsOutput, accounttypes.Region]()

	_ = answer[organizations.DescribeOrganizationInput, organizations.DescribeOrganizationOutput]("", notFound("AWSOrganizationsNotInUseException", 400))
	_ = get[organizations.DescribeOrganizationalUnitInput, organizations.DescribeOrganizationalUnitOutput, organizationstypes.OrganizationalUnit]("OrganizationalUnitId", "Id", notFound("OrganizationalUnitNotFoundException", 400))
	_ = answer[organizations.DescribePolicyInput, organizations.DescribePolicyOutput]("PolicyId", notFound("PolicyNotFoundException", 400))
	_ = answer[organizations.DescribeResourcePolicyInput, organizations.DescribeResourcePolicyOutput]("", notFound("ResourcePolicyNotFoundException", 400))
	_ = list[organizations.ListAWSServiceAccessForOrganizationInput, organizations.ListAWSServiceAccessForOrganizationOutput, organizationstypes.EnabledServicePrincipal]()
	_ = list[organizations.ListAccountsInput, organizations.ListAccountsOutput, organizationstypes.Account]()
	_ = list[organizations.ListAccountsForParentInput, organizations.ListAccountsForParentOutput, organizationstypes.Account](of("ParentId"))
	_ = list[organizations.ListChildrenInput, organizations.ListChildrenOutput, organizationstypes.Child](of("ParentId"), by("ChildType", "Type"))
	_ = list[organizations.ListDelegatedAdministratorsInput, organizations.ListDelegatedAdministratorsOutput, organizationstypes.DelegatedAdministrator]()
	_ = list[organizations.ListOrganizationalUnitsForParentInput, organizations.ListOrganizationalUnitsForParentOutput, organizationstypes.OrganizationalUnit](of("ParentId"))
	_ = list[organizations.ListParentsInput, organizations.ListParentsOutput, organizationstypes.Parent](of("ChildId"))
	_ = list[organizations.ListPoliciesInput, organizations.ListPoliciesOutput, organizationstypes.PolicySummary](by("Filter", "Type"))
	_ = list[organizations.ListPoliciesForTargetInput, organizations.ListPoliciesForTargetOutput, organizationstypes.PolicySummary](of("TargetId"), by("Filter", "Type"))
	_ = list[organizations.ListRootsInput, organizations.ListRootsOutput, organizationstypes.Root]()
	_ = answer[organizations.ListTagsForResourceInput, organizations.ListTagsForResourceOutput]("ResourceId", nil)
	_ = list[organizations.ListTargetsForPolicyInput, organizations.ListTargetsForPolicyOutput, organizationstypes.PolicyTargetSummary](of("PolicyId"))
)

// organized checks that the caller is in an organisation, and, but for looking
// at that itself, is its management account.
func (c *Call) organized() error {
	if c.Service.Name != "organizations" {
		return nil
	}
	out := answerOf[organizations.DescribeOrganizationOutput](c.World(), c.Place(), "")
	switch {
	case out == nil || out.Organization == nil:
		return notFound("AWSOrganizationsNotInUseException", 400)
	case c.Operation != "DescribeOrganization" && (out.Organization.MasterAccountId == nil || *out.Organization.MasterAccountId != c.Account):
		return denied(c.Service, c.Principal, "organizations:"+c.Operation)
	}
	return nil
}
