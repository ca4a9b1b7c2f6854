package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	"github.com/aws/aws-sdk-go-v2/service/efs/types"
)

var _ = collect(collector{
	Type: "AWS::EFS::FileSystem", Service: "efs",
	Needs: []need{lists("elasticfilesystem:DescribeFileSystems"), each("elasticfilesystem:DescribeBackupPolicy"), each("elasticfilesystem:DescribeFileSystemPolicy"), each("elasticfilesystem:DescribeMountTargets")},
	List: func(ctx context.Context, s *session) error {
		client := efs.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.FileSystemDescription, *string, error) {
			out, err := client.DescribeFileSystems(ctx, &efs.DescribeFileSystemsInput{Marker: token, MaxItems: aws.Int32(100)})
			if err != nil {
				return nil, nil, err
			}
			return out.FileSystems, out.NextMarker, nil
		}, func(ctx context.Context, v types.FileSystemDescription, d *draft) error {
			d.take(v, nil)
			d.ARN, d.Name = aws.ToString(v.FileSystemArn), aws.ToString(v.Name)
			if d.Name == "" {
				d.Name = aws.ToString(v.FileSystemId)
			}
			return fileSystemParts(ctx, s, client, v, d)
		})
	},
})

func fileSystemParts(ctx context.Context, s *session, client *efs.Client, v types.FileSystemDescription, d *draft) error {
	if err := s.part(ctx, d, "BackupPolicy", "PolicyNotFound", func() error {
		out, err := client.DescribeBackupPolicy(ctx, &efs.DescribeBackupPolicyInput{FileSystemId: v.FileSystemId})
		if err != nil {
			return err
		}
		d.set("BackupPolicy", out.BackupPolicy)
		return told(out.BackupPolicy)
	}); err != nil {
		return err
	}
	if err := s.part(ctx, d, "FileSystemPolicy", "PolicyNotFound", func() error {
		out, err := client.DescribeFileSystemPolicy(ctx, &efs.DescribeFileSystemPolicyInput{FileSystemId: v.FileSystemId})
		if err != nil {
			return err
		}
		d.policy("FileSystemPolicy", out.Policy)
		return told(out.Policy)
	}); err != nil {
		return err
	}
	return s.part(ctx, d, "MountTargets", "", func() error {
		list, err := all(ctx, s, func(ctx context.Context, token *string) ([]types.MountTargetDescription, *string, error) {
			out, err := client.DescribeMountTargets(ctx, &efs.DescribeMountTargetsInput{FileSystemId: v.FileSystemId, Marker: token, MaxItems: aws.Int32(100)})
			if err != nil {
				return nil, nil, err
			}
			return out.MountTargets, out.NextMarker, nil
		})
		d.observe("MountTargets", append([]types.MountTargetDescription{}, list...))
		return err
	})
}

var _ = collect(collector{
	Type: "AWS::EFS::AccessPoint", Service: "efs",
	Needs: []need{lists("elasticfilesystem:DescribeAccessPoints")},
	List: func(ctx context.Context, s *session) error {
		client := efs.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.AccessPointDescription, *string, error) {
			out, err := client.DescribeAccessPoints(ctx, &efs.DescribeAccessPointsInput{NextToken: token, MaxResults: aws.Int32(100)})
			if err != nil {
				return nil, nil, err
			}
			return out.AccessPoints, out.NextToken, nil
		}, func(_ context.Context, v types.AccessPointDescription, d *draft) error {
			d.take(v, names{"AccessPointArn": "Arn"})
			d.ARN, d.Name = aws.ToString(v.AccessPointArn), aws.ToString(v.Name)
			return nil
		})
	},
})
