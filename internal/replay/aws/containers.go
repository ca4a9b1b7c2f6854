package aws

import (
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"
)

var (
	_ = names[eks.ListClustersInput, eks.ListClustersOutput, ekstypes.Cluster]("Name")
	_ = get[eks.DescribeClusterInput, eks.DescribeClusterOutput, ekstypes.Cluster]("Name", "Name", notFound("ResourceNotFoundException", 404))
	_ = names[eks.ListNodegroupsInput, eks.ListNodegroupsOutput, ekstypes.Nodegroup]("NodegroupName", of("ClusterName"))
	_ = get[eks.DescribeNodegroupInput, eks.DescribeNodegroupOutput, ekstypes.Nodegroup]("NodegroupName", "NodegroupName", notFound("ResourceNotFoundException", 404), of("ClusterName"))
)
