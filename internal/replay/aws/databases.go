package aws

import (
	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	dmstypes "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice/types"
	"github.com/aws/aws-sdk-go-v2/service/dax"
	daxtypes "github.com/aws/aws-sdk-go-v2/service/dax/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	elasticachetypes "github.com/aws/aws-sdk-go-v2/service/elasticache/types"
	"github.com/aws/aws-sdk-go-v2/service/opensearch"
	opensearchtypes "github.com/aws/aws-sdk-go-v2/service/opensearch/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	redshifttypes "github.com/aws/aws-sdk-go-v2/service/redshift/types"
)

var (
	_ = list[dax.DescribeClustersInput, dax.DescribeClustersOutput, daxtypes.Cluster]()

	_ = list[dms.DescribeReplicationInstancesInput, dms.DescribeReplicationInstancesOutput, dmstypes.ReplicationInstance]()

	_ = answer[dynamodb.DescribeContinuousBackupsInput, dynamodb.DescribeContinuousBackupsOutput]("TableName", notFound("TableNotFoundException", 400))
	_ = answer[dynamodb.DescribeKinesisStreamingDestinationInput, dynamodb.DescribeKinesisStreamingDestinationOutput]("TableName", nil)
	_ = get[dynamodb.DescribeTableInput, dynamodb.DescribeTableOutput, dynamodbtypes.TableDescription]("TableName", "TableName", notFound("ResourceNotFoundException", 400))
	_ = answer[dynamodb.DescribeTimeToLiveInput, dynamodb.DescribeTimeToLiveOutput]("TableName", nil)
	_ = answer[dynamodb.GetResourcePolicyInput, dynamodb.GetResourcePolicyOutput]("ResourceArn", notFound("PolicyNotFoundException", 400))
	_ = list[dynamodb.ListBackupsInput, dynamodb.ListBackupsOutput, dynamodbtypes.BackupSummary]()
	_ = list[dynamodb.ListGlobalTablesInput, dynamodb.ListGlobalTablesOutput, dynamodbtypes.GlobalTable]()
	_ = names[dynamodb.ListTablesInput, dynamodb.ListTablesOutput, dynamodbtypes.TableDescription]("TableName")
	_ = answer[dynamodb.ListTagsOfResourceInput, dynamodb.ListTagsOfResourceOutput]("ResourceArn", nil)

	_ = list[elasticache.DescribeCacheClustersInput, elasticache.DescribeCacheClustersOutput, elasticachetypes.CacheCluster](absent("CacheClusterNotFound"))
	_ = list[elasticache.DescribeCacheParameterGroupsInput, elasticache.DescribeCacheParameterGroupsOutput, elasticachetypes.CacheParameterGroup]()
	_ = list[elasticache.DescribeCacheSubnetGroupsInput, elasticache.DescribeCacheSubnetGroupsOutput, elasticachetypes.CacheSubnetGroup]()
	_ = list[elasticache.DescribeReplicationGroupsInput, elasticache.DescribeReplicationGroupsOutput, elasticachetypes.ReplicationGroup](absent("ReplicationGroupNotFoundFault"))
	_ = list[elasticache.DescribeServerlessCachesInput, elasticache.DescribeServerlessCachesOutput, elasticachetypes.ServerlessCache]()
	_ = list[elasticache.DescribeSnapshotsInput, elasticache.DescribeSnapshotsOutput, elasticachetypes.Snapshot]()
	_ = list[elasticache.DescribeUserGroupsInput, elasticache.DescribeUserGroupsOutput, elasticachetypes.UserGroup]()
	_ = list[elasticache.DescribeUsersInput, elasticache.DescribeUsersOutput, elasticachetypes.User]()
	_ = answer[elasticache.ListTagsForResourceInput, elasticache.ListTagsForResourceOutput]("ResourceName", nil)

	_ = list[rds.DescribeDBClusterParameterGroupsInput, rds.DescribeDBClusterParameterGroupsOutput, rdstypes.DBClusterParameterGroup]()
	_ = list[rds.DescribeDBClusterParametersInput, rds.DescribeDBClusterParametersOutput, rdstypes.Parameter](of("DBClusterParameterGroupName"))
	_ = answer[rds.DescribeDBClusterSnapshotAttributesInput, rds.DescribeDBClusterSnapshotAttributesOutput]("DBClusterSnapshotIdentifier", notFound("DBClusterSnapshotNotFoundFault", 404))
	_ = list[rds.DescribeDBClusterSnapshotsInput, rds.DescribeDBClusterSnapshotsOutput, rdstypes.DBClusterSnapshot]()
	_ = list[rds.DescribeDBClustersInput, rds.DescribeDBClustersOutput, rdstypes.DBCluster](absent("DBClusterNotFoundFault"))
	_ = list[rds.DescribeDBEngineVersionsInput, rds.DescribeDBEngineVersionsOutput, rdstypes.DBEngineVersion]()
	_ = list[rds.DescribeDBInstancesInput, rds.DescribeDBInstancesOutput, rdstypes.DBInstance](absent("DBInstanceNotFound"))
	_ = list[rds.DescribeDBParameterGroupsInput, rds.DescribeDBParameterGroupsOutput, rdstypes.DBParameterGroup]()
	_ = list[rds.DescribeDBParametersInput, rds.DescribeDBParametersOutput, rdstypes.Parameter](of("DBParameterGroupName"))
	_ = list[rds.DescribeDBProxiesInput, rds.DescribeDBProxiesOutput, rdstypes.DBProxy]()
	_ = list[rds.DescribeDBSecurityGroupsInput, rds.DescribeDBSecurityGroupsOutput, rdstypes.DBSecurityGroup]()
	_ = answer[rds.DescribeDBSnapshotAttributesInput, rds.DescribeDBSnapshotAttributesOutput]("DBSnapshotIdentifier", notFound("DBSnapshotNotFound", 404))
	_ = list[rds.DescribeDBSnapshotsInput, rds.DescribeDBSnapshotsOutput, rdstypes.DBSnapshot]()
	_ = list[rds.DescribeDBSubnetGroupsInput, rds.DescribeDBSubnetGroupsOutput, rdstypes.DBSubnetGroup]()
	_ = list[rds.DescribeEventSubscriptionsInput, rds.DescribeEventSubscriptionsOutput, rdstypes.EventSubscription]()
	_ = list[rds.DescribeGlobalClustersInput, rds.DescribeGlobalClustersOutput, rdstypes.GlobalCluster]()
	_ = list[rds.DescribeOptionGroupsInput, rds.DescribeOptionGroupsOutput, rdstypes.OptionGroup]()
	_ = list[rds.DescribePendingMaintenanceActionsInput, rds.DescribePendingMaintenanceActionsOutput, rdstypes.ResourcePendingMaintenanceActions]()
	_ = answer[rds.ListTagsForResourceInput, rds.ListTagsForResourceOutput]("ResourceName", nil)

	_ = list[redshift.DescribeClusterParameterGroupsInput, redshift.DescribeClusterParameterGroupsOutput, redshifttypes.ClusterParameterGroup]()
	_ = list[redshift.DescribeClusterParametersInput, redshift.DescribeClusterParametersOutput, redshifttypes.Parameter](of("ParameterGroupName"))
	_ = list[redshift.DescribeClusterSnapshotsInput, redshift.DescribeClusterSnapshotsOutput, redshifttypes.Snapshot]()
	_ = list[redshift.DescribeClusterSubnetGroupsInput, redshift.DescribeClusterSubnetGroupsOutput, redshifttypes.ClusterSubnetGroup]()
	_ = list[redshift.DescribeClustersInput, redshift.DescribeClustersOutput, redshifttypes.Cluster](absent("ClusterNotFound"))
	_ = list[redshift.DescribeEndpointAccessInput, redshift.DescribeEndpointAccessOutput, redshifttypes.EndpointAccess]()
	_ = answer[redshift.DescribeLoggingStatusInput, redshift.DescribeLoggingStatusOutput]("ClusterIdentifier", nil)
	_ = list[redshift.DescribeTagsInput, redshift.DescribeTagsOutput, redshifttypes.TaggedResource]()

	_ = get[opensearch.DescribeDomainInput, opensearch.DescribeDomainOutput, opensearchtypes.DomainStatus]("DomainName", "DomainName", notFound("ResourceNotFoundException", 409))
	_ = answer[opensearch.DescribeDomainConfigInput, opensearch.DescribeDomainConfigOutput]("DomainName", notFound("ResourceNotFoundException", 409))
	_ = list[opensearch.DescribeDomainsInput, opensearch.DescribeDomainsOutput, opensearchtypes.DomainStatus]()
	_ = list[opensearch.ListDomainNamesInput, opensearch.ListDomainNamesOutput, opensearchtypes.DomainInfo]()
	_ = answer[opensearch.ListTagsInput, opensearch.ListTagsOutput]("ARN", nil)
)
