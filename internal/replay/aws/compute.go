package aws

import (
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apigatewaytypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	apigatewayv2types "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	autoscalingtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	codebuildtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	elasticloadbalancingtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elasticloadbalancingv2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

var (
	_ = list[codebuild.BatchGetProjectsInput, codebuild.BatchGetProjectsOutput, codebuildtypes.Project](by("Names", "Name"))
	_ = names[codebuild.ListProjectsInput, codebuild.ListProjectsOutput, codebuildtypes.Project]("Name")

	_ = list[autoscaling.DescribeAutoScalingGroupsInput, autoscaling.DescribeAutoScalingGroupsOutput, autoscalingtypes.AutoScalingGroup]()
	_ = list[autoscaling.DescribeLaunchConfigurationsInput, autoscaling.DescribeLaunchConfigurationsOutput, autoscalingtypes.LaunchConfiguration]()
	_ = list[autoscaling.DescribePoliciesInput, autoscaling.DescribePoliciesOutput, autoscalingtypes.ScalingPolicy]()

	_ = answer[elasticloadbalancing.DescribeLoadBalancerAttributesInput, elasticloadbalancing.DescribeLoadBalancerAttributesOutput]("LoadBalancerName", notFound("LoadBalancerNotFound", 400))
	_ = list[elasticloadbalancing.DescribeLoadBalancerPoliciesInput, elasticloadbalancing.DescribeLoadBalancerPoliciesOutput, elasticloadbalancingtypes.PolicyDescription](of("LoadBalancerName"))
	_ = list[elasticloadbalancing.DescribeLoadBalancersInput, elasticloadbalancing.DescribeLoadBalancersOutput, elasticloadbalancingtypes.LoadBalancerDescription](absent("LoadBalancerNotFound"))
	_ = list[elasticloadbalancing.DescribeTagsInput, elasticloadbalancing.DescribeTagsOutput, elasticloadbalancingtypes.TagDescription]()

	_ = answer[elasticloadbalancingv2.DescribeListenerAttributesInput, elasticloadbalancingv2.DescribeListenerAttributesOutput]("ListenerArn", notFound("ListenerNotFound", 400))
	_ = list[elasticloadbalancingv2.DescribeListenersInput, elasticloadbalancingv2.DescribeListenersOutput, elasticloadbalancingv2types.Listener](absent("ListenerNotFound"))
	_ = answer[elasticloadbalancingv2.DescribeLoadBalancerAttributesInput, elasticloadbalancingv2.DescribeLoadBalancerAttributesOutput]("LoadBalancerArn", notFound("LoadBalancerNotFound", 400))
	_ = list[elasticloadbalancingv2.DescribeLoadBalancersInput, elasticloadbalancingv2.DescribeLoadBalancersOutput, elasticloadbalancingv2types.LoadBalancer](absent("LoadBalancerNotFound"), by("Names", "LoadBalancerName"))
	_ = list[elasticloadbalancingv2.DescribeRulesInput, elasticloadbalancingv2.DescribeRulesOutput, elasticloadbalancingv2types.Rule](of("ListenerArn"))
	_ = list[elasticloadbalancingv2.DescribeTagsInput, elasticloadbalancingv2.DescribeTagsOutput, elasticloadbalancingv2types.TagDescription]()
	_ = answer[elasticloadbalancingv2.DescribeTargetGroupAttributesInput, elasticloadbalancingv2.DescribeTargetGroupAttributesOutput]("TargetGroupArn", notFound("TargetGroupNotFound", 400))
	_ = list[elasticloadbalancingv2.DescribeTargetGroupsInput, elasticloadbalancingv2.DescribeTargetGroupsOutput, elasticloadbalancingv2types.TargetGroup](by("Names", "TargetGroupName"))
	_ = answer[elasticloadbalancingv2.DescribeTargetHealthInput, elasticloadbalancingv2.DescribeTargetHealthOutput]("TargetGroupArn", nil)

	_ = answer[lambda.GetFunctionCodeSigningConfigInput, lambda.GetFunctionCodeSigningConfigOutput]("FunctionName", nil)
	_ = answer[lambda.GetFunctionConcurrencyInput, lambda.GetFunctionConcurrencyOutput]("FunctionName", nil)
	_ = answer[lambda.GetFunctionConfigurationInput, lambda.GetFunctionConfigurationOutput]("FunctionName", notFound("ResourceNotFoundException", 404))
	_ = answer[lambda.GetFunctionEventInvokeConfigInput, lambda.GetFunctionEventInvokeConfigOutput]("FunctionName", notFound("ResourceNotFoundException", 404))
	_ = answer[lambda.GetFunctionUrlConfigInput, lambda.GetFunctionUrlConfigOutput]("FunctionName", notFound("ResourceNotFoundException", 404))
	_ = answer[lambda.GetLayerVersionPolicyInput, lambda.GetLayerVersionPolicyOutput]("LayerName VersionNumber", notFound("ResourceNotFoundException", 404))
	_ = answer[lambda.GetPolicyInput, lambda.GetPolicyOutput]("FunctionName", notFound("ResourceNotFoundException", 404))
	_ = answer[lambda.GetRuntimeManagementConfigInput, lambda.GetRuntimeManagementConfigOutput]("FunctionName", nil)
	_ = list[lambda.ListAliasesInput, lambda.ListAliasesOutput, lambdatypes.AliasConfiguration](ofName("FunctionName"))
	_ = list[lambda.ListEventSourceMappingsInput, lambda.ListEventSourceMappingsOutput, lambdatypes.EventSourceMappingConfiguration](by("FunctionName", "FunctionArn"))
	_ = list[lambda.ListFunctionUrlConfigsInput, lambda.ListFunctionUrlConfigsOutput, lambdatypes.FunctionUrlConfig](ofName("FunctionName"))
	_ = list[lambda.ListFunctionsInput, lambda.ListFunctionsOutput, lambdatypes.FunctionConfiguration]()
	_ = list[lambda.ListLayerVersionsInput, lambda.ListLayerVersionsOutput, lambdatypes.LayerVersionsListItem](ofName("LayerName"))
	_ = list[lambda.ListLayersInput, lambda.ListLayersOutput, lambdatypes.LayersListItem]()
	_ = answer[lambda.ListTagsInput, lambda.ListTagsOutput]("Resource", nil)
	_ = list[lambda.ListVersionsByFunctionInput, lambda.ListVersionsByFunctionOutput, lambdatypes.FunctionConfiguration](ofName("FunctionName"))

	_ = answer[apigateway.GetAccountInput, apigateway.GetAccountOutput]("", nil)
	_ = list[apigateway.GetApiKeysInput, apigateway.GetApiKeysOutput, apigatewaytypes.ApiKey]()
	_ = list[apigateway.GetAuthorizersInput, apigateway.GetAuthorizersOutput, apigatewaytypes.Authorizer](of("RestApiId"))
	_ = list[apigateway.GetBasePathMappingsInput, apigateway.GetBasePathMappingsOutput, apigatewaytypes.BasePathMapping](of("DomainName"))
	_ = list[apigateway.GetClientCertificatesInput, apigateway.GetClientCertificatesOutput, apigatewaytypes.ClientCertificate]()
	_ = list[apigateway.GetDomainNamesInput, apigateway.GetDomainNamesOutput, apigatewaytypes.DomainName]()
	_ = answer[apigateway.GetMethodInput, apigateway.GetMethodOutput]("RestApiId ResourceId HttpMethod", notFound("NotFoundException", 404))
	_ = list[apigateway.GetResourcesInput, apigateway.GetResourcesOutput, apigatewaytypes.Resource](of("RestApiId"))
	_ = answer[apigateway.GetRestApiInput, apigateway.GetRestApiOutput]("RestApiId", notFound("NotFoundException", 404))
	_ = list[apigateway.GetRestApisInput, apigateway.GetRestApisOutput, apigatewaytypes.RestApi]()
	_ = answer[apigateway.GetStageInput, apigateway.GetStageOutput]("RestApiId StageName", notFound("NotFoundException", 404))
	_ = list[apigateway.GetStagesInput, apigateway.GetStagesOutput, apigatewaytypes.Stage](of("RestApiId"))
	_ = answer[apigateway.GetTagsInput, apigateway.GetTagsOutput]("ResourceArn", nil)
	_ = list[apigateway.GetUsagePlansInput, apigateway.GetUsagePlansOutput, apigatewaytypes.UsagePlan]()
	_ = list[apigateway.GetVpcLinksInput, apigateway.GetVpcLinksOutput, apigatewaytypes.VpcLink]()

	_ = answer[apigatewayv2.GetApiInput, apigatewayv2.GetApiOutput]("ApiId", notFound("NotFoundException", 404))
	_ = list[apigatewayv2.GetApisInput, apigatewayv2.GetApisOutput, apigatewayv2types.Api]()
	_ = list[apigatewayv2.GetAuthorizersInput, apigatewayv2.GetAuthorizersOutput, apigatewayv2types.Authorizer](of("ApiId"))
	_ = list[apigatewayv2.GetDomainNamesInput, apigatewayv2.GetDomainNamesOutput, apigatewayv2types.DomainName]()
	_ = list[apigatewayv2.GetIntegrationsInput, apigatewayv2.GetIntegrationsOutput, apigatewayv2types.Integration](of("ApiId"))
	_ = list[apigatewayv2.GetRoutesInput, apigatewayv2.GetRoutesOutput, apigatewayv2types.Route](of("ApiId"))
	_ = list[apigatewayv2.GetStagesInput, apigatewayv2.GetStagesOutput, apigatewayv2types.Stage](of("ApiId"))
	_ = list[apigatewayv2.GetVpcLinksInput, apigatewayv2.GetVpcLinksOutput, apigatewayv2types.VpcLink]()
)

// GetFunction has the configuration that ListFunctions has, and the tags that
// ListTags has; where the code lies is nobody's business here.
var _ = find[lambda.GetFunctionInput]("FunctionName", "FunctionArn", notFound("ResourceNotFoundException", 404),
	func(f *lambdatypes.FunctionConfiguration, out *lambda.GetFunctionOutput) { out.Configuration = f })
