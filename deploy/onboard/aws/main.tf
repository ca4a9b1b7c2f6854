# A role by which Bulwark reads this account. It can change nothing.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "principal" {
  description = "ARN of the role or user that Bulwark runs as."
  type        = string
}

variable "external_id" {
  description = "A text that Bulwark tells when it assumes the role, and nobody else knows."
  type        = string
  sensitive   = true
}

variable "role_name" {
  description = "Name of the role."
  type        = string
  default     = "BulwarkReader"
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [var.principal]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [var.external_id]
    }
  }
}

resource "aws_iam_role" "reader" {
  name                 = var.role_name
  description          = "Bulwark reads this account by it"
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.trust.json
}

data "aws_iam_policy_document" "read1" {
  statement {
    sid       = "BulwarkReads"
    resources = ["*"]

    actions = [
      "access-analyzer:ListAnalyzers",
      "account:GetAlternateContact",
      "account:GetContactInformation",
      "account:ListRegions",
      "acm:DescribeCertificate",
      "acm:ListCertificates",
      "airflow:GetEnvironment",
      "airflow:ListEnvironments",
      "apigateway:GET",
      "appsync:GetGraphqlApi",
      "appsync:GetGraphqlApiEnvironmentVariables",
      "appsync:ListGraphqlApis",
      "appsync:ListTagsForResource",
      "athena:GetWorkGroup",
      "athena:ListTagsForResource",
      "athena:ListWorkGroups",
      "autoscaling:DescribeAutoScalingGroups",
      "autoscaling:DescribeLaunchConfigurations",
      "backup:GetBackupVaultAccessPolicy",
      "backup:ListBackupVaults",
      "bedrock:GetAgent",
      "bedrock:GetAgentActionGroup",
      "bedrock:GetAgentCollaborator",
      "bedrock:GetAgentKnowledgeBase",
      "bedrock:GetGuardrail",
      "bedrock:ListAgentActionGroups",
      "bedrock:ListAgentCollaborators",
      "bedrock:ListAgentKnowledgeBases",
      "bedrock:ListAgents",
      "bedrock:ListGuardrails",
      "bedrock:ListTagsForResource",
      "cloudformation:GetResource",
      "cloudformation:ListResources",
      "cloudfront:GetDistributionConfig",
      "cloudfront:ListDistributions",
      "cloudtrail:DescribeTrails",
      "cloudtrail:GetEventDataStore",
      "cloudtrail:GetEventSelectors",
      "cloudtrail:GetTrailStatus",
      "cloudtrail:ListEventDataStores",
      "cloudtrail:ListTags",
      "cloudwatch:DescribeAlarms",
      "codeartifact:DescribeDomain",
      "codeartifact:GetDomainPermissionsPolicy",
      "codeartifact:ListDomains",
      "codeartifact:ListTagsForResource",
      "codebuild:BatchGetProjects",
      "codebuild:ListProjects",
      "cognito-identity:DescribeIdentityPool",
      "cognito-identity:ListIdentityPools",
      "cognito-identity:ListTagsForResource",
      "cognito-idp:DescribeUserPool",
      "cognito-idp:GetUserPoolMfaConfig",
      "cognito-idp:ListUserPools",
      "config:DescribeConfigurationAggregators",
      "config:DescribeConfigurationRecorderStatus",
      "config:DescribeConfigurationRecorders",
      "dax:DescribeClusters",
      "dms:DescribeReplicationInstances",
      "dynamodb:DescribeContinuousBackups",
      "dynamodb:DescribeTable",
      "dynamodb:GetResourcePolicy",
      "dynamodb:ListTables",
      "dynamodb:ListTagsOfResource",
      "ec2:DescribeAddresses",
      "ec2:DescribeFlowLogs",
      "ec2:DescribeImageAttribute",
      "ec2:DescribeImages",
      "ec2:DescribeInstanceAttribute",
      "ec2:DescribeInstances",
      "ec2:DescribeInternetGateways",
      "ec2:DescribeLaunchTemplateVersions",
      "ec2:DescribeLaunchTemplates",
      "ec2:DescribeNatGateways",
      "ec2:DescribeNetworkAcls",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeRegions",
      "ec2:DescribeRouteTables",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSnapshots",
      "ec2:DescribeSubnets",
      "ec2:DescribeVolumes",
      "ec2:DescribeVpcAttribute",
      "ec2:DescribeVpcEndpointServiceConfigurations",
      "ec2:DescribeVpcEndpoints",
      "ec2:DescribeVpcPeeringConnections",
      "ec2:DescribeVpcs",
      "ec2:GetEbsDefaultKmsKeyId",
      "ec2:GetEbsEncryptionByDefault",
      "ec2:GetImageBlockPublicAccessState",
      "ec2:GetInstanceMetadataDefaults",
      "ec2:GetSnapshotBlockPublicAccessState",
      "ecr:DescribeRepositories",
      "ecr:GetLifecyclePolicy",
      "ecr:GetRepositoryPolicy",
      "ecs:DescribeClusters",
      "ecs:DescribeServices",
      "ecs:DescribeTaskDefinition",
      "ecs:ListClusters",
      "ecs:ListServices",
      "ecs:ListTaskDefinitions",
      "eks:DescribeAccessEntry",
      "eks:DescribeAddon",
      "eks:DescribeCluster",
      "eks:DescribeNodegroup",
      "eks:ListAccessEntries",
      "eks:ListAddons",
      "eks:ListAssociatedAccessPolicies",
      "eks:ListClusters",
      "eks:ListNodegroups",
      "elasticache:DescribeCacheClusters",
      "elasticache:DescribeReplicationGroups",
      "elasticbeanstalk:DescribeConfigurationSettings",
      "elasticbeanstalk:DescribeEnvironments",
      "elasticbeanstalk:ListTagsForResource",
      "elasticfilesystem:DescribeAccessPoints",
      "elasticfilesystem:DescribeBackupPolicy",
      "elasticfilesystem:DescribeFileSystemPolicy",
      "elasticfilesystem:DescribeFileSystems",
      "elasticfilesystem:DescribeMountTargets",
      "elasticloadbalancing:DescribeListeners",
      "elasticloadbalancing:DescribeLoadBalancerAttributes",
      "elasticloadbalancing:DescribeLoadBalancerPolicies",
      "elasticloadbalancing:DescribeLoadBalancers",
      "elasticloadbalancing:DescribeTags",
      "elasticloadbalancing:DescribeTargetGroups",
      "elasticmapreduce:DescribeSecurityConfiguration",
      "elasticmapreduce:ListSecurityConfigurations",
      "es:DescribeDomains",
      "es:ListDomainNames",
      "events:ListEventBuses",
      "events:ListRules",
      "events:ListTargetsByRule",
      "firehose:DescribeDeliveryStream",
      "firehose:ListDeliveryStreams",
      "firehose:ListTagsForDeliveryStream",
      "fsx:DescribeFileSystems",
      "glue:GetCrawler",
      "glue:GetJob",
      "glue:GetTags",
      "glue:ListCrawlers",
      "glue:ListJobs",
      "guardduty:GetDetector",
      "guardduty:ListDetectors",
      "iam:GenerateCredentialReport",
      "iam:GetAccessKeyLastUsed",
      "iam:GetAccountAuthorizationDetails",
      "iam:GetAccountPasswordPolicy",
      "iam:GetAccountSummary",
      "iam:GetCredentialReport",
      "iam:GetLoginProfile",
      "iam:ListAccessKeys",
      "iam:ListAccountAliases",
      "iam:ListEntitiesForPolicy",
      "iam:ListInstanceProfiles",
      "iam:ListMFADevices",
      "iam:ListRoles",
      "iam:ListServerCertificateTags",
      "iam:ListServerCertificates",
      "iam:ListVirtualMFADevices",
      "kafka:DescribeCluster",
      "kafka:ListClusters",
      "kendra:DescribeIndex",
      "kendra:ListIndices",
      "kendra:ListTagsForResource",
      "kinesis:DescribeStreamSummary",
      "kinesis:ListStreams",
      "kinesis:ListTagsForResource",
      "kinesis:ListTagsForStream",
      "kms:DescribeKey",
      "kms:GetKeyPolicy",
      "kms:GetKeyRotationStatus",
      "kms:ListAliases",
      "kms:ListKeys",
      "kms:ListResourceTags",
      "lambda:GetFunctionCodeSigningConfig",
      "lambda:GetFunctionConcurrency",
      "lambda:GetPolicy",
      "lambda:ListFunctionUrlConfigs",
      "lambda:ListFunctions",
      "lambda:ListTags",
      "logs:DescribeDeliveries",
      "logs:DescribeDeliverySources",
      "logs:DescribeLogGroups",
      "logs:DescribeMetricFilters",
      "logs:ListTagsForResource",
      "macie2:GetMacieSession",
      "memorydb:DescribeClusters",
      "memorydb:ListTags",
      "mq:DescribeBroker",
    ]
  }
}

# bulwark:ignore aws/iam/no_wildcards it reads whatever there is, and its actions only read
resource "aws_iam_policy" "read1" {
  name        = "${var.role_name}-1"
  description = "What Bulwark reads"
  policy      = data.aws_iam_policy_document.read1.json
}

resource "aws_iam_role_policy_attachment" "read1" {
  role       = aws_iam_role.reader.name
  policy_arn = aws_iam_policy.read1.arn
}

data "aws_iam_policy_document" "read2" {
  statement {
    sid       = "BulwarkReads"
    resources = ["*"]

    actions = [
      "mq:DescribeSharedResources",
      "mq:ListBrokers",
      "organizations:DescribeOrganization",
      "organizations:DescribePolicy",
      "organizations:ListAccounts",
      "organizations:ListAccountsForParent",
      "organizations:ListOrganizationalUnitsForParent",
      "organizations:ListPolicies",
      "organizations:ListRoots",
      "organizations:ListTargetsForPolicy",
      "rds:DescribeDBClusterSnapshotAttributes",
      "rds:DescribeDBClusterSnapshots",
      "rds:DescribeDBClusters",
      "rds:DescribeDBInstances",
      "rds:DescribeDBSnapshotAttributes",
      "rds:DescribeDBSnapshots",
      "rds:DescribeGlobalClusters",
      "redshift:DescribeClusterParameterGroups",
      "redshift:DescribeClusterParameters",
      "redshift:DescribeClusters",
      "redshift:DescribeLoggingStatus",
      "route53:GetHostedZone",
      "route53:ListHostedZones",
      "route53:ListQueryLoggingConfigs",
      "route53:ListResourceRecordSets",
      "s3:GetAccessPoint",
      "s3:GetAccessPointPolicy",
      "s3:GetAccessPointPolicyStatus",
      "s3:GetAccountPublicAccessBlock",
      "s3:GetBucketAcl",
      "s3:GetBucketLocation",
      "s3:GetBucketLogging",
      "s3:GetBucketNotification",
      "s3:GetBucketObjectLockConfiguration",
      "s3:GetBucketOwnershipControls",
      "s3:GetBucketPolicy",
      "s3:GetBucketPublicAccessBlock",
      "s3:GetBucketTagging",
      "s3:GetBucketVersioning",
      "s3:GetBucketWebsite",
      "s3:GetEncryptionConfiguration",
      "s3:GetLifecycleConfiguration",
      "s3:GetReplicationConfiguration",
      "s3:ListAccessPoints",
      "s3:ListAllMyBuckets",
      "sagemaker:DescribeApp",
      "sagemaker:DescribeDataQualityJobDefinition",
      "sagemaker:DescribeDomain",
      "sagemaker:DescribeImage",
      "sagemaker:DescribeImageVersion",
      "sagemaker:DescribeModel",
      "sagemaker:DescribeUserProfile",
      "sagemaker:ListDataQualityJobDefinitions",
      "sagemaker:ListDomains",
      "sagemaker:ListModels",
      "sagemaker:ListTags",
      "secretsmanager:GetResourcePolicy",
      "secretsmanager:ListSecrets",
      "securityhub:DescribeHub",
      "sns:GetTopicAttributes",
      "sns:ListSubscriptionsByTopic",
      "sns:ListTagsForResource",
      "sns:ListTopics",
      "sqs:GetQueueAttributes",
      "sqs:ListQueueTags",
      "sqs:ListQueues",
      "ssm:DescribeDocumentPermission",
      "ssm:DescribeInstanceInformation",
      "ssm:DescribeParameters",
      "ssm:GetDocument",
      "ssm:ListDocuments",
      "states:DescribeStateMachine",
      "states:ListStateMachines",
      "states:ListTagsForResource",
      "sts:AssumeRole",
      "sts:GetCallerIdentity",
      "timestream:DescribeDatabase",
      "timestream:DescribeEndpoints",
      "timestream:ListDatabases",
      "timestream:ListTagsForResource",
      "transfer:DescribeServer",
      "transfer:ListServers",
      "wafv2:GetLoggingConfiguration",
      "wafv2:GetWebACL",
      "wafv2:ListWebACLs",
      "workspaces:DescribeTags",
      "workspaces:DescribeWorkspaces",
    ]
  }
}

# bulwark:ignore aws/iam/no_wildcards it reads whatever there is, and its actions only read
resource "aws_iam_policy" "read2" {
  name        = "${var.role_name}-2"
  description = "What Bulwark reads"
  policy      = data.aws_iam_policy_document.read2.json
}

resource "aws_iam_role_policy_attachment" "read2" {
  role       = aws_iam_role.reader.name
  policy_arn = aws_iam_policy.read2.arn
}

output "role_arn" {
  value = aws_iam_role.reader.arn
}
