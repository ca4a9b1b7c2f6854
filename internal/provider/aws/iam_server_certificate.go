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
			d.ARN, d.Name = aws.ToString(v.Arn), aws.ToString(v.ServerCertificateName)
			d.observe("_Expiration", v.Expiration)
			d.observe("_UploadDate", v.UploadDate)
			return s.part(ctx, d, "Tags", "", func() error {
				tags, err := all(ctx, s, func(ctx context.Context, token *string) ([]types.Tag, *string, error) {
					out, err := client.ListServerCertificateTags(ctx, &iam.ListServerCertificateTagsInput{ServerCertificateName: v.ServerCertificateName, Marker: token})
					if err != nil {
						return nil, nil, err
					}
					next, err := more(out.IsTruncated, out.Marker)
					return out.Tags, next, err
				})
				list, _ := tagList(append([]types.Tag{}, tags...))
				d.set("Tags", list)
				return err
			})
		})
	},
})
