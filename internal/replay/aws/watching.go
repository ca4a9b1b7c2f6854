package aws

import (
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cloudtrailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	cloudwatchlogstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

var (
	_ = list[cloudtrail.DescribeTrailsInput, cloudtrail.DescribeTrailsOutput, cloudtrailtypes.Trail](by("TrailNameList", "TrailARN"))
	_ = answer[cloudtrail.GetEventDataStoreInput, cloudtrail.GetEventDataStoreOutput]("EventDataStore", notFound("EventDataStoreNotFoundException", 400))
	_ = answer[cloudtrail.GetEventSelectorsInput, cloudtrail.GetEventSelectorsOutput]("TrailName", notFound("TrailNotFoundException", 400))
	_ = answer[cloudtrail.GetInsightSelectorsInput, cloudtrail.GetInsightSelectorsOutput]("TrailName", notFound("InsightNotEnabledException", 400))
	_ = get[cloudtrail.GetTrailInput, cloudtrail.GetTrailOutput, cloudtrailtypes.Trail]("Name", "TrailARN", notFound("TrailNotFoundException", 400))
	_ = answer[cloudtrail.GetTrailStatusInput, cloudtrail.GetTrailStatusOutput]("Name", notFound("TrailNotFoundException", 400))
	_ = list[cloudtrail.ListEventDataStoresInput, cloudtrail.ListEventDataStoresOutput, cloudtrailtypes.EventDataStore]()
	_ = list[cloudtrail.ListTagsInput, cloudtrail.ListTagsOutput, cloudtrailtypes.ResourceTag](by("ResourceIdList", "ResourceId"))
	_ = list[cloudtrail.ListTrailsInput, cloudtrail.ListTrailsOutput, cloudtrailtypes.TrailInfo]()
	_ = list[cloudtrail.LookupEventsInput, cloudtrail.LookupEventsOutput, cloudtrailtypes.Event]()

	_ = list[cloudwatch.DescribeAlarmsInput, cloudwatch.DescribeAlarmsOutput, cloudwatchtypes.MetricAlarm]()
	_ = list[cloudwatch.ListDashboardsInput, cloudwatch.ListDashboardsOutput, cloudwatchtypes.DashboardEntry]()
	_ = list[cloudwatch.ListMetricStreamsInput, cloudwatch.ListMetricStreamsOutput, cloudwatchtypes.MetricStreamEntry]()
	_ = answer[cloudwatch.ListTagsForResourceInput, cloudwatch.ListTagsForResourceOutput]("ResourceARN", nil)

	_ = list[cloudwatchlogs.DescribeAccountPoliciesInput, cloudwatchlogs.DescribeAccountPoliciesOutput, cloudwatchlogstypes.AccountPolicy]()
	_ = list[cloudwatchlogs.DescribeDeliveriesInput, cloudwatchlogs.DescribeDeliveriesOutput, cloudwatchlogstypes.Delivery]()
	_ = list[cloudwatchlogs.DescribeDeliveryDestinationsInput, cloudwatchlogs.DescribeDeliveryDestinationsOutput, cloudwatchlogstypes.DeliveryDestination]()
	_ = list[cloudwatchlogs.DescribeDeliverySourcesInput, cloudwatchlogs.DescribeDeliverySourcesOutput, cloudwatchlogstypes.DeliverySource]()
	_ = list[cloudwatchlogs.DescribeDestinationsInput, cloudwatchlogs.DescribeDestinationsOutput, cloudwatchlogstypes.Destination]()
	_ = list[cloudwatchlogs.DescribeLogGroupsInput, cloudwatchlogs.DescribeLogGroupsOutput, cloudwatchlogstypes.LogGroup]()
	_ = list[cloudwatchlogs.DescribeMetricFiltersInput, cloudwatchlogs.DescribeMetricFiltersOutput, cloudwatchlogstypes.MetricFilter]()
	_ = list[cloudwatchlogs.DescribeResourcePoliciesInput, cloudwatchlogs.DescribeResourcePoliciesOutput, cloudwatchlogstypes.ResourcePolicy]()
	_ = list[cloudwatchlogs.DescribeSubscriptionFiltersInput, cloudwatchlogs.DescribeSubscriptionFiltersOutput, cloudwatchlogstypes.SubscriptionFilter]()
	_ = answer[cloudwatchlogs.ListTagsForResourceInput, cloudwatchlogs.ListTagsForResourceOutput]("ResourceArn", nil)

	_ = list[ssm.DescribeDocumentPermissionInput, ssm.DescribeDocumentPermissionOutput, ssmtypes.AccountSharingInfo](of("Name"))
	_ = list[ssm.DescribeInstanceInformationInput, ssm.DescribeInstanceInformationOutput, ssmtypes.InstanceInformation]()
	_ = list[ssm.DescribeInstancePatchStatesInput, ssm.DescribeInstancePatchStatesOutput, ssmtypes.InstancePatchState]()
	_ = list[ssm.DescribeMaintenanceWindowsInput, ssm.DescribeMaintenanceWindowsOutput, ssmtypes.MaintenanceWindowIdentity]()
	_ = list[ssm.DescribeParametersInput, ssm.DescribeParametersOutput, ssmtypes.ParameterMetadata]()
	_ = list[ssm.DescribePatchBaselinesInput, ssm.DescribePatchBaselinesOutput, ssmtypes.PatchBaselineIdentity]()
	_ = get[ssm.DescribeDocumentInput, ssm.DescribeDocumentOutput, ssmtypes.DocumentDescription]("Name", "Name", notFound("InvalidDocument", 400))
	_ = answer[ssm.GetDocumentInput, ssm.GetDocumentOutput]("Name", notFound("InvalidDocument", 400))
	_ = answer[ssm.GetResourcePoliciesInput, ssm.GetResourcePoliciesOutput]("ResourceArn", nil)
	_ = answer[ssm.GetServiceSettingInput, ssm.GetServiceSettingOutput]("SettingId", notFound("ServiceSettingNotFound", 400))
	_ = list[ssm.ListAssociationsInput, ssm.ListAssociationsOutput, ssmtypes.Association]()
	_ = list[ssm.ListComplianceSummariesInput, ssm.ListComplianceSummariesOutput, ssmtypes.ComplianceSummaryItem]()
	_ = list[ssm.ListDocumentsInput, ssm.ListDocumentsOutput, ssmtypes.DocumentIdentifier]()
	_ = list[ssm.ListResourceComplianceSummariesInput, ssm.ListResourceComplianceSummariesOutput, ssmtypes.ResourceComplianceSummaryItem]()
	_ = list[ssm.ListResourceDataSyncInput, ssm.ListResourceDataSyncOutput, ssmtypes.ResourceDataSyncItem]()
	_ = answer[ssm.ListTagsForResourceInput, ssm.ListTagsForResourceOutput]("ResourceType ResourceId", nil)
)
