package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

var _ = collect(collector{
	Type: "AWS::IAM::ServerCertificate", Service: "iam", Where: global,
	Needs: []need{lists("iam:ListServerCertificates"), each("iam:ListServerCertificateTags")},
	List: func(ctx context.Context, s *session) error {
		client := s.iam()
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.ServerCertificateMetadata, *string, error) {
			out, err := client.ListServerCertificates(ctx, &iam.ListServerCertificatesInput{Marker: token, MaxItems: aws.Int32(iamPage)})
			if err != nil {
				return nil, nil, err
			}
			next, err := more(out.IsTruncated, out.Marker)
			return out.ServerCertificateMetadataList, next, err
		}, func(ctx context.Context, v types.ServerCertificateMetadata, d *draft) error {
			d.take(v, nil)
			d.set("_UploadDate", v.UploadDate)
			d.set("_Expiration", v.Expiration)
			d.ARN, d.Name = aws.ToString(v.Arn), aws.ToString(v.ServerCertificateName)
			return s.part(ctx, d, "Tags", "", func() error {
				out, err := client.ListServerCertificateTags(ctx, &iam.ListServerCertificateTagsInput{ServerCertificateName: v.ServerCertificateName})
				if err != nil {
					return err
				}
				list, _ := tagList(append([]types.Tag{}, out.Tags...))
				d.set("Tags", list)
				return nil
			})
		})
	},
})
