package aws

import (
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/route53"
)

var _ sqs.ListQueuesOutput
var _ sts.GetCallerIdentityOutput
var _ eks.ListClustersOutput
var _ s3.GetBucketAclOutput
var _ s3.HeadObjectOutput
var _ s3.GetBucketEncryptionOutput
var _ s3.ListBucketsOutput
var _ s3.ListBucketAnalyticsConfigurationsOutput
var _ ec2.DescribeInstancesOutput
var _ ec2.DescribeSecurityGroupsOutput
var _ cloudtrail.DescribeTrailsOutput
var _ redshift.DescribeClustersOutput
var _ accessanalyzer.ListAnalyzersOutput
var _ cloudfront.ListDistributionsOutput
var _ cloudwatch.DescribeAlarmsOutput
var _ route53.ListResourceRecordSetsOutput
