package aws

import (
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	accessanalyzertypes "github.com/aws/aws-sdk-go-v2/service/accessanalyzer/types"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	configservicetypes "github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	guarddutytypes "github.com/aws/aws-sdk-go-v2/service/guardduty/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secretsmanagertypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	securityhubtypes "github.com/aws/aws-sdk-go-v2/service/securityhub/types"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	wafv2types "github.com/aws/aws-sdk-go-v2/service/wafv2/types"
)

var (
	_ = list[accessanalyzer.ListAnalyzersInput, accessanalyzer.ListAnalyzersOutput, accessanalyzertypes.AnalyzerSummary]()
	_ = list[accessanalyzer.ListFindingsInput, accessanalyzer.ListFindingsOutput, accessanalyzertypes.FindingSummary](of("AnalyzerArn"))
	_ = list[accessanalyzer.ListFindingsV2Input, accessanalyzer.ListFindingsV2Output, accessanalyzertypes.FindingSummaryV2](of("AnalyzerArn"))

	_ = get[acm.DescribeCertificateInput, acm.DescribeCertificateOutput, acmtypes.CertificateDetail]("CertificateArn", "CertificateArn", notFound("ResourceNotFoundException", 400))
	_ = answer[acm.GetAccountConfigurationInput, acm.GetAccountConfigurationOutput]("", nil)
	_ = list[acm.ListCertificatesInput, acm.ListCertificatesOutput, acmtypes.CertificateSummary]()
	_ = answer[acm.ListTagsForCertificateInput, acm.ListTagsForCertificateOutput]("CertificateArn", nil)

	_ = list[configservice.DescribeAggregationAuthorizationsInput, configservice.DescribeAggregationAuthorizationsOutput, configservicetypes.AggregationAuthorization]()
	_ = list[configservice.DescribeConfigRulesInput, configservice.DescribeConfigRulesOutput, configservicetypes.ConfigRule]()
	_ = list[configservice.DescribeConfigurationAggregatorsInput, configservice.DescribeConfigurationAggregatorsOutput, configservicetypes.ConfigurationAggregator]()
	_ = list[configservice.DescribeConfigurationRecorderStatusInput, configservice.DescribeConfigurationRecorderStatusOutput, configservicetypes.ConfigurationRecorderStatus]()
	_ = list[configservice.DescribeConfigurationRecordersInput, configservice.DescribeConfigurationRecordersOutput, configservicetypes.ConfigurationRecorder]()
	_ = list[configservice.DescribeDeliveryChannelStatusInput, configservice.DescribeDeliveryChannelStatusOutput, configservicetypes.DeliveryChannelStatus]()
	_ = list[configservice.DescribeDeliveryChannelsInput, configservice.DescribeDeliveryChannelsOutput, configservicetypes.DeliveryChannel]()
	_ = list[configservice.DescribeRetentionConfigurationsInput, configservice.DescribeRetentionConfigurationsOutput, configservicetypes.RetentionConfiguration]()

	_ = answer[guardduty.DescribeOrganizationConfigurationInput, guardduty.DescribeOrganizationConfigurationOutput]("DetectorId", nil)
	_ = answer[guardduty.GetAdministratorAccountInput, guardduty.GetAdministratorAccountOutput]("DetectorId", nil)
	_ = answer[guardduty.GetDetectorInput, guardduty.GetDetectorOutput]("DetectorId", notFound("BadRequestException", 400))
	_ = list[guardduty.GetFindingsInput, guardduty.GetFindingsOutput, guarddutytypes.Finding](of("DetectorId"), by("FindingIds", "Id"))
	_ = names[guardduty.ListDetectorsInput, guardduty.ListDetectorsOutput, Detector]("ID")
	_ = names[guardduty.ListFindingsInput, guardduty.ListFindingsOutput, guarddutytypes.Finding]("Id", of("DetectorId"))
	_ = list[guardduty.ListMembersInput, guardduty.ListMembersOutput, guarddutytypes.Member](of("DetectorId"))
	_ = list[guardduty.ListPublishingDestinationsInput, guardduty.ListPublishingDestinationsOutput, guarddutytypes.Destination](of("DetectorId"))

	_ = answer[secretsmanager.DescribeSecretInput, secretsmanager.DescribeSecretOutput]("SecretId", notFound("ResourceNotFoundException", 400))
	_ = answer[secretsmanager.GetResourcePolicyInput, secretsmanager.GetResourcePolicyOutput]("SecretId", notFound("ResourceNotFoundException", 400))
	_ = answer[secretsmanager.ListSecretVersionIdsInput, secretsmanager.ListSecretVersionIdsOutput]("SecretId", notFound("ResourceNotFoundException", 400))
	_ = list[secretsmanager.ListSecretsInput, secretsmanager.ListSecretsOutput, secretsmanagertypes.SecretListEntry]()

	_ = answer[securityhub.DescribeHubInput, securityhub.DescribeHubOutput]("", notFound("InvalidAccessException", 401))
	_ = list[securityhub.DescribeStandardsControlsInput, securityhub.DescribeStandardsControlsOutput, securityhubtypes.StandardsControl](of("StandardsSubscriptionArn"))
	_ = answer[securityhub.GetAdministratorAccountInput, securityhub.GetAdministratorAccountOutput]("", nil)
	_ = list[securityhub.GetEnabledStandardsInput, securityhub.GetEnabledStandardsOutput, securityhubtypes.StandardsSubscription]()
	_ = list[securityhub.GetFindingsInput, securityhub.GetFindingsOutput, securityhubtypes.AwsSecurityFinding]()
	_ = answer[securityhub.ListEnabledProductsForImportInput, securityhub.ListEnabledProductsForImportOutput]("", nil)
	_ = list[securityhub.ListFindingAggregatorsInput, securityhub.ListFindingAggregatorsOutput, securityhubtypes.FindingAggregator]()

	_ = answer[wafv2.GetIPSetInput, wafv2.GetIPSetOutput]("Id", notFound("WAFNonexistentItemException", 400))
	_ = answer[wafv2.GetLoggingConfigurationInput, wafv2.GetLoggingConfigurationOutput]("ResourceArn", notFound("WAFNonexistentItemException", 400))
	_ = answer[wafv2.GetRuleGroupInput, wafv2.GetRuleGroupOutput]("Id", notFound("WAFNonexistentItemException", 400))
	_ = answer[wafv2.GetWebACLInput, wafv2.GetWebACLOutput]("Id", notFound("WAFNonexistentItemException", 400))
	_ = answer[wafv2.GetWebACLForResourceInput, wafv2.GetWebACLForResourceOutput]("ResourceArn", nil)
	_ = list[wafv2.ListIPSetsInput, wafv2.ListIPSetsOutput, wafv2types.IPSetSummary](of("Scope"))
	_ = list[wafv2.ListLoggingConfigurationsInput, wafv2.ListLoggingConfigurationsOutput, wafv2types.LoggingConfiguration](of("Scope"))
	_ = answer[wafv2.ListResourcesForWebACLInput, wafv2.ListResourcesForWebACLOutput]("WebACLArn", nil)
	_ = list[wafv2.ListRuleGroupsInput, wafv2.ListRuleGroupsOutput, wafv2types.RuleGroupSummary](of("Scope"))
	_ = answer[wafv2.ListTagsForResourceInput, wafv2.ListTagsForResourceOutput]("ResourceARN", nil)
	_ = list[wafv2.ListWebACLsInput, wafv2.ListWebACLsOutput, wafv2types.WebACLSummary](of("Scope"))
)

// A Detector is what GuardDuty lists: it has no type for it.
type Detector struct{ ID string }
