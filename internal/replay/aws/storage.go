package aws

import (
	"github.com/aws/aws-sdk-go-v2/service/backup"
	backuptypes "github.com/aws/aws-sdk-go-v2/service/backup/types"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"
	"github.com/aws/aws-sdk-go-v2/service/fsx"
	fsxtypes "github.com/aws/aws-sdk-go-v2/service/fsx/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	s3controltypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"
)

var (
	_ = list[fsx.DescribeFileSystemsInput, fsx.DescribeFileSystemsOutput, fsxtypes.FileSystem]()

	_ = answer[backup.DescribeBackupVaultInput, backup.DescribeBackupVaultOutput]("BackupVaultName", notFound("ResourceNotFoundException", 400))
	_ = answer[backup.DescribeGlobalSettingsInput, backup.DescribeGlobalSettingsOutput]("", nil)
	_ = answer[backup.DescribeRegionSettingsInput, backup.DescribeRegionSettingsOutput]("", nil)
	_ = answer[backup.GetBackupPlanInput, backup.GetBackupPlanOutput]("BackupPlanId", notFound("ResourceNotFoundException", 400))
	_ = answer[backup.GetBackupSelectionInput, backup.GetBackupSelectionOutput]("BackupPlanId SelectionId", notFound("ResourceNotFoundException", 400))
	_ = answer[backup.GetBackupVaultAccessPolicyInput, backup.GetBackupVaultAccessPolicyOutput]("BackupVaultName", notFound("ResourceNotFoundException", 400))
	_ = answer[backup.GetBackupVaultNotificationsInput, backup.GetBackupVaultNotificationsOutput]("BackupVaultName", notFound("ResourceNotFoundException", 400))
	_ = list[backup.ListBackupPlansInput, backup.ListBackupPlansOutput, backuptypes.BackupPlansListMember]()
	_ = list[backup.ListBackupSelectionsInput, backup.ListBackupSelectionsOutput, backuptypes.BackupSelectionsListMember](of("BackupPlanId"))
	_ = list[backup.ListBackupVaultsInput, backup.ListBackupVaultsOutput, backuptypes.BackupVaultListMember]()
	_ = list[backup.ListFrameworksInput, backup.ListFrameworksOutput, backuptypes.Framework]()
	_ = list[backup.ListProtectedResourcesInput, backup.ListProtectedResourcesOutput, backuptypes.ProtectedResource]()
	_ = list[backup.ListRecoveryPointsByBackupVaultInput, backup.ListRecoveryPointsByBackupVaultOutput, backuptypes.RecoveryPointByBackupVault](of("BackupVaultName"))
	_ = list[backup.ListRecoveryPointsByResourceInput, backup.ListRecoveryPointsByResourceOutput, backuptypes.RecoveryPointByResource](of("ResourceArn"))
	_ = list[backup.ListReportPlansInput, backup.ListReportPlansOutput, backuptypes.ReportPlan]()
	_ = answer[backup.ListTagsInput, backup.ListTagsOutput]("ResourceArn", nil)

	_ = list[efs.DescribeAccessPointsInput, efs.DescribeAccessPointsOutput, efstypes.AccessPointDescription]()
	_ = answer[efs.DescribeBackupPolicyInput, efs.DescribeBackupPolicyOutput]("FileSystemId", notFound("PolicyNotFound", 404))
	_ = answer[efs.DescribeFileSystemPolicyInput, efs.DescribeFileSystemPolicyOutput]("FileSystemId", notFound("PolicyNotFound", 404))
	_ = list[efs.DescribeFileSystemsInput, efs.DescribeFileSystemsOutput, efstypes.FileSystemDescription](absent("FileSystemNotFound"))
	_ = answer[efs.DescribeLifecycleConfigurationInput, efs.DescribeLifecycleConfigurationOutput]("FileSystemId", nil)
	_ = answer[efs.DescribeMountTargetSecurityGroupsInput, efs.DescribeMountTargetSecurityGroupsOutput]("MountTargetId", nil)
	_ = list[efs.DescribeMountTargetsInput, efs.DescribeMountTargetsOutput, efstypes.MountTargetDescription]()
	_ = list[efs.DescribeReplicationConfigurationsInput, efs.DescribeReplicationConfigurationsOutput, efstypes.ReplicationConfigurationDescription]()
	_ = answer[efs.ListTagsForResourceInput, efs.ListTagsForResourceOutput]("ResourceId", nil)

	_ = answer[s3control.GetAccessPointInput, s3control.GetAccessPointOutput]("Name", notFound("NoSuchAccessPoint", 404))
	_ = answer[s3control.GetAccessPointPolicyInput, s3control.GetAccessPointPolicyOutput]("Name", notFound("NoSuchAccessPointPolicy", 404))
	_ = answer[s3control.GetAccessPointPolicyStatusInput, s3control.GetAccessPointPolicyStatusOutput]("Name", notFound("NoSuchAccessPointPolicy", 404))
	_ = answer[s3control.GetPublicAccessBlockInput, s3control.GetPublicAccessBlockOutput]("", notFound("NoSuchPublicAccessBlockConfiguration", 404))
	_ = list[s3control.ListAccessPointsInput, s3control.ListAccessPointsOutput, s3controltypes.AccessPoint]()
)
