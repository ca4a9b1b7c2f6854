package aws

import (
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"
)

var (
	_ = list[ecr.DescribeImagesInput, ecr.DescribeImagesOutput, ecrtypes.ImageDetail](of("RepositoryName"))
	_ = list[ecr.DescribePullThroughCacheRulesInput, ecr.DescribePullThroughCacheRulesOutput, ecrtypes.PullThroughCacheRule]()
	_ = answer[ecr.DescribeRegistryInput, ecr.DescribeRegistryOutput]("", nil)
	_ = list[ecr.DescribeRepositoriesInput, ecr.DescribeRepositoriesOutput, ecrtypes.Repository](absent("RepositoryNotFoundException"))
	_ = answer[ecr.GetLifecyclePolicyInput, ecr.GetLifecyclePolicyOutput]("RepositoryName", notFound("LifecyclePolicyNotFoundException", 400))
	_ = answer[ecr.GetRegistryPolicyInput, ecr.GetRegistryPolicyOutput]("", notFound("RegistryPolicyNotFoundException", 400))
	_ = answer[ecr.GetRegistryScanningConfigurationInput, ecr.GetRegistryScanningConfigurationOutput]("", nil)
	_ = answer[ecr.GetRepositoryPolicyInput, ecr.GetRepositoryPolicyOutput]("RepositoryName", notFound("RepositoryPolicyNotFoundException", 400))
	_ = list[ecr.ListImagesInput, ecr.ListImagesOutput, ecrtypes.ImageIdentifier](of("RepositoryName"))
	_ = answer[ecr.ListTagsForResourceInput, ecr.ListTagsForResourceOutput]("ResourceArn", nil)

	_ = list[ecs.DescribeClustersInput, ecs.DescribeClustersOutput, ecstypes.Cluster](by("Clusters", "ClusterArn"))
	_ = list[ecs.DescribeCapacityProvidersInput, ecs.DescribeCapacityProvidersOutput, ecstypes.CapacityProvider]()
	_ = list[ecs.DescribeContainerInstancesInput, ecs.DescribeContainerInstancesOutput, ecstypes.ContainerInstance](ofName("Cluster"), by("ContainerInstances", "ContainerInstanceArn"))
	_ = list[ecs.DescribeServicesInput, ecs.DescribeServicesOutput, ecstypes.Service](ofName("Cluster"), by("Services", "ServiceArn"))
	_ = answer[ecs.DescribeTaskDefinitionInput, ecs.DescribeTaskDefinitionOutput]("TaskDefinition", notFound("ClientException", 400))
	_ = list[ecs.DescribeTasksInput, ecs.DescribeTasksOutput, ecstypes.Task](ofName("Cluster"), by("Tasks", "TaskArn"))
	_ = names[ecs.ListClustersInput, ecs.ListClustersOutput, ecstypes.Cluster]("ClusterArn")
	_ = names[ecs.ListContainerInstancesInput, ecs.ListContainerInstancesOutput, ecstypes.ContainerInstance]("ContainerInstanceArn", ofName("Cluster"))
	_ = names[ecs.ListServicesInput, ecs.ListServicesOutput, ecstypes.Service]("ServiceArn", ofName("Cluster"))
	_ = answer[ecs.ListTagsForResourceInput, ecs.ListTagsForResourceOutput]("ResourceArn", nil)
	_ = names[ecs.ListTaskDefinitionsInput, ecs.ListTaskDefinitionsOutput, ecstypes.TaskDefinition]("TaskDefinitionArn")
	_ = names[ecs.ListTasksInput, ecs.ListTasksOutput, ecstypes.Task]("TaskArn", ofName("Cluster"))

	_ = get[eks.DescribeAccessEntryInput, eks.DescribeAccessEntryOutput, ekstypes.AccessEntry]("PrincipalArn", "PrincipalArn", notFound("ResourceNotFoundException", 404), of("ClusterName"))
	_ = get[eks.DescribeAddonInput, eks.DescribeAddonOutput, ekstypes.Addon]("AddonName", "AddonName", notFound("ResourceNotFoundException", 404), of("ClusterName"))
	_ = get[eks.DescribeClusterInput, eks.DescribeClusterOutput, ekstypes.Cluster]("Name", "Name", notFound("ResourceNotFoundException", 404))
	_ = get[eks.DescribeFargateProfileInput, eks.DescribeFargateProfileOutput, ekstypes.FargateProfile]("FargateProfileName", "FargateProfileName", notFound("ResourceNotFoundException", 404), of("ClusterName"))
	_ = get[eks.DescribeNodegroupInput, eks.DescribeNodegroupOutput, ekstypes.Nodegroup]("NodegroupName", "NodegroupName", notFound("ResourceNotFoundException", 404), of("ClusterName"))
	_ = get[eks.DescribePodIdentityAssociationInput, eks.DescribePodIdentityAssociationOutput, ekstypes.PodIdentityAssociation]("AssociationId", "AssociationId", notFound("ResourceNotFoundException", 404), of("ClusterName"))
	_ = names[eks.ListAccessEntriesInput, eks.ListAccessEntriesOutput, ekstypes.AccessEntry]("PrincipalArn", of("ClusterName"))
	_ = names[eks.ListAddonsInput, eks.ListAddonsOutput, ekstypes.Addon]("AddonName", of("ClusterName"))
	_ = list[eks.ListAssociatedAccessPoliciesInput, eks.ListAssociatedAccessPoliciesOutput, ekstypes.AssociatedAccessPolicy](of("ClusterName", "PrincipalArn"))
	_ = names[eks.ListClustersInput, eks.ListClustersOutput, ekstypes.Cluster]("Name")
	_ = names[eks.ListFargateProfilesInput, eks.ListFargateProfilesOutput, ekstypes.FargateProfile]("FargateProfileName", of("ClusterName"))
	_ = list[eks.ListIdentityProviderConfigsInput, eks.ListIdentityProviderConfigsOutput, ekstypes.IdentityProviderConfig](of("ClusterName"))
	_ = names[eks.ListNodegroupsInput, eks.ListNodegroupsOutput, ekstypes.Nodegroup]("NodegroupName", of("ClusterName"))
	_ = list[eks.ListPodIdentityAssociationsInput, eks.ListPodIdentityAssociationsOutput, ekstypes.PodIdentityAssociationSummary](of("ClusterName"))
)
