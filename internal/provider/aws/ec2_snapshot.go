package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

var _ = collect(collector{
	Type: "AWS::EC2::Snapshot", Service: "ec2",
	Needs: []need{lists("ec2:DescribeSnapshots").times(2)},
	List: func(ctx context.Context, s *session) error {
		client := s.ec2()
		public, publicFault, err := s.publicSnapshots(ctx)
		if err != nil {
			return err
		}
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.Snapshot, *string, error) {
			out, err := client.DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{NextToken: token, MaxResults: aws.Int32(pageOf), OwnerIds: []string{"self"}})
			if err != nil {
				return nil, nil, err
			}
			return out.Snapshots, out.NextToken, nil
		}, func(ctx context.Context, v types.Snapshot, d *draft) error {
			d.take(v, nil).nameTag(v.SnapshotId)
			if publicFault != nil {
				d.unknown("_Public", provider.Reason(publicFault))
				s.gap("_Public", publicFault)
				return nil
			}
			d.set("_Public", public[aws.ToString(v.SnapshotId)])
			return nil
		})
	},
})

// publicSnapshots returns the account's snapshots that everybody may copy, by
// one list rather than a call for each snapshot.
func (s *session) publicSnapshots(ctx context.Context) (map[string]bool, *bulwark.Fault, error) {
	client := s.ec2()
	public := map[string]bool{}
	err := s.pages(ctx, func(ctx context.Context, token *string) (*string, error) {
		out, err := client.DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{NextToken: token, MaxResults: aws.Int32(pageOf), OwnerIds: []string{"self"}, RestorableByUserIds: []string{"all"}})
		if err != nil {
			return nil, err
		}
		for _, v := range out.Snapshots {
			public[aws.ToString(v.SnapshotId)] = true
		}
		return out.NextToken, nil
	})
	if err == nil {
		return public, nil, nil
	}
	if ended := s.ended(ctx, err); ended != nil {
		return nil, nil, ended
	}
	return nil, s.fault(err, s.where()), nil
}
