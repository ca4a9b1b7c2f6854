package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"
)

var _ = collect(collector{
	Type: "AWS::CertificateManager::Certificate", Service: "acm",
	Needs: []need{lists("acm:ListCertificates"), each("acm:DescribeCertificate")},
	List: func(ctx context.Context, s *session) error {
		client := acm.NewFromConfig(s.cfg)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.CertificateSummary, *string, error) {
			// Without key types only RSA keys of 1024 and 2048 bits are listed.
			out, err := client.ListCertificates(ctx, &acm.ListCertificatesInput{NextToken: token, MaxItems: aws.Int32(1000), Includes: &types.Filters{KeyTypes: types.KeyAlgorithm("").Values()}})
			if err != nil {
				return nil, nil, err
			}
			return out.CertificateSummaryList, out.NextToken, nil
		}, func(ctx context.Context, v types.CertificateSummary, d *draft) error {
			renamed := names{"CertificateArn": "Arn"}
			d.take(v, renamed)
			d.ARN, d.Name = aws.ToString(v.CertificateArn), aws.ToString(v.DomainName)
			return s.part(ctx, d, fields[types.CertificateDetail](d, renamed)+" ValidationMethod CertificateTransparencyLoggingPreference", "", func() error {
				out, err := client.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: v.CertificateArn})
				if err != nil || out.Certificate == nil {
					return or(err, errAnswer)
				}
				c := out.Certificate
				d.take(c, renamed)
				if o := c.Options; o != nil {
					//lint:ignore SA1019 certificates from before that have it off
					d.set("CertificateTransparencyLoggingPreference", o.CertificateTransparencyLoggingPreference)
				}
				for _, o := range c.DomainValidationOptions {
					d.set("ValidationMethod", o.ValidationMethod)
				}
				return nil
			})
		})
	},
})
