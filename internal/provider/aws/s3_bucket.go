package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

var _ = collect(collector{
	Type: "AWS::S3::Bucket", Service: "s3", Where: global,
	Needs: append([]need{lists("s3:ListAllMyBuckets", "ListBuckets"), each("s3:GetBucketLocation")}, bucketNeeds()...),
	List: func(ctx context.Context, s *session) error {
		client := s.s3(s.region)
		return assets(ctx, s, func(ctx context.Context, token *string) ([]types.Bucket, *string, error) {
			out, err := client.ListBuckets(ctx, &s3.ListBucketsInput{ContinuationToken: token, MaxBuckets: aws.Int32(1000)})
			if err != nil {
				return nil, nil, err
			}
			return out.Buckets, out.ContinuationToken, nil
		}, s.bucket)
	},
})

// s3 returns a client for the buckets of a region. A configured endpoint is
// asked by paths, since its name has no buckets below it.
func (s *session) s3(region string) *s3.Client {
	return s3.NewFromConfig(s.account.in(region), func(o *s3.Options) {
		o.UsePathStyle = o.UsePathStyle || o.BaseEndpoint != nil
	})
}

func (s *session) bucket(ctx context.Context, v types.Bucket, d *draft) error {
	d.take(v, names{"Name": "BucketName", "BucketArn": "Arn"})
	d.Name = aws.ToString(v.Name)
	region, err := s.bucketRegion(ctx, v)
	if err != nil {
		if ended := s.ended(ctx, err); ended != nil {
			return ended
		}
		f := s.fault(err, d.Name)
		for _, p := range bucketParts {
			if err := s.part(ctx, d, p.properties, "", func() error { return f }); err != nil {
				return err
			}
		}
		return nil
	}
	if !s.estate.inRegion(region) {
		return errSkip
	}
	d.Region = region
	client := s.s3(region)
	for _, p := range bucketParts {
		err := s.part(ctx, d, p.properties, p.absent, func() error { return p.get(ctx, client, v.Name, d) })
		if err != nil {
			return err
		}
	}
	return nil
}

// bucketRegion returns a bucket's region, which lists of older services leave
// out. Buckets of us-east-1 have no location, the oldest of Ireland are in "EU".
func (s *session) bucketRegion(ctx context.Context, v types.Bucket) (string, error) {
	if r := aws.ToString(v.BucketRegion); isRegion.MatchString(r) {
		return r, nil
	}
	out, err := s.s3(s.region).GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: v.Name})
	if err != nil {
		return "", err
	}
	switch r := string(out.LocationConstraint); r {
	case "":
		return homes["aws"], nil
	case "EU":
		return "eu-west-1", nil
	default:
		if !isRegion.MatchString(r) {
			return "", errAnswer
		}
		return r, nil
	}
}
