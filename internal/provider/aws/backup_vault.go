package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	"github.com/aws/aws-sdk-go-v2/service/backup/types"
)

var _ = collect(collector{
	Type: "AWS::Backup::BackupVault", Service: "backup",
	Needs: []need{lists("backup:ListBackupVaults"), each("backup:GetBackupVaultAccessPolicy")},
	List: func(ctx context.Context, s *session) error {
		client := backup.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.BackupVaultListMember, *string, error) {
			out, err := client.ListBackupVaults(ctx, &backup.ListBackupVaultsInput{NextToken: token, MaxResults: aws.Int32(1000)})
			if err != nil {
				return nil, nil, err
			}
			return out.BackupVaultList, out.NextToken, nil
		}, func(ctx context.Context, v types.BackupVaultListMember, d *draft) error {
			d.take(v, nil)
			d.ARN, d.Name = aws.ToString(v.BackupVaultArn), aws.ToString(v.BackupVaultName)
			return s.part(ctx, d, "AccessPolicy", "ResourceNotFoundException", func() error {
				out, err := client.GetBackupVaultAccessPolicy(ctx, &backup.GetBackupVaultAccessPolicyInput{BackupVaultName: v.BackupVaultName})
				if err != nil {
					return err
				}
				d.policy("AccessPolicy", out.Policy)
				return told(out.Policy)
			})
		})
	},
})
