package aws

import (
	"net/http"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/bulwarksec/bulwark/internal/replay/aws/wire"
)

// bucket checks that the bucket that an input names, if it names one, is there
// and in the region that is called.
func (c *Call) bucket(in any) error {
	f := reflect.ValueOf(in).Elem().FieldByName("Bucket")
	if c.Service.Name != "s3" || !f.IsValid() {
		return nil
	}
	name := text(f)
	for _, b := range All[s3types.Bucket](c.World(), c.Place()) {
		if b.Name == nil || *b.Name != name {
			continue
		}
		if b.BucketRegion != nil && *b.BucketRegion != c.Region && c.Operation != "GetBucketLocation" {
			return &wire.Error{Code: "PermanentRedirect", Status: http.StatusMovedPermanently,
				Message: "The bucket you are attempting to access must be addressed using the specified endpoint: s3." + *b.BucketRegion + ".amazonaws.com"}
		}
		return nil
	}
	return &wire.Error{Code: "NoSuchBucket", Message: "The specified bucket does not exist", Status: http.StatusNotFound}
}

var (
	_ = list[s3.ListBucketsInput, s3.ListBucketsOutput, s3types.Bucket]()
	_ = handle(func(c *Call, in *s3.HeadBucketInput) (*s3.HeadBucketOutput, error) {
		if err := c.bucket(in); err != nil {
			return nil, err
		}
		region := c.Region
		return &s3.HeadBucketOutput{BucketRegion: &region}, nil
	})
	_ = answer[s3.GetBucketAclInput, s3.GetBucketAclOutput]("Bucket", nil)
	_ = answer[s3.GetBucketAccelerateConfigurationInput, s3.GetBucketAccelerateConfigurationOutput]("Bucket", nil)
	_ = answer[s3.GetBucketCorsInput, s3.GetBucketCorsOutput]("Bucket", notFound("NoSuchCORSConfiguration", 404))
	_ = answer[s3.GetBucketEncryptionInput, s3.GetBucketEncryptionOutput]("Bucket", notFound("ServerSideEncryptionConfigurationNotFoundError", 404))
	_ = answer[s3.GetBucketLifecycleConfigurationInput, s3.GetBucketLifecycleConfigurationOutput]("Bucket", notFound("NoSuchLifecycleConfiguration", 404))
	_ = answer[s3.GetBucketLocationInput, s3.GetBucketLocationOutput]("Bucket", nil)
	_ = answer[s3.GetBucketLoggingInput, s3.GetBucketLoggingOutput]("Bucket", nil)
	_ = answer[s3.GetBucketNotificationConfigurationInput, s3.GetBucketNotificationConfigurationOutput]("Bucket", nil)
	_ = answer[s3.GetBucketOwnershipControlsInput, s3.GetBucketOwnershipControlsOutput]("Bucket", notFound("OwnershipControlsNotFoundError", 404))
	_ = answer[s3.GetBucketPolicyInput, s3.GetBucketPolicyOutput]("Bucket", notFound("NoSuchBucketPolicy", 404))
	_ = answer[s3.GetBucketPolicyStatusInput, s3.GetBucketPolicyStatusOutput]("Bucket", notFound("NoSuchBucketPolicy", 404))
	_ = answer[s3.GetBucketReplicationInput, s3.GetBucketReplicationOutput]("Bucket", notFound("ReplicationConfigurationNotFoundError", 404))
	_ = answer[s3.GetBucketRequestPaymentInput, s3.GetBucketRequestPaymentOutput]("Bucket", nil)
	_ = answer[s3.GetBucketTaggingInput, s3.GetBucketTaggingOutput]("Bucket", notFound("NoSuchTagSet", 404))
	_ = answer[s3.GetBucketVersioningInput, s3.GetBucketVersioningOutput]("Bucket", nil)
	_ = answer[s3.GetBucketWebsiteInput, s3.GetBucketWebsiteOutput]("Bucket", notFound("NoSuchWebsiteConfiguration", 404))
	_ = answer[s3.GetObjectLockConfigurationInput, s3.GetObjectLockConfigurationOutput]("Bucket", notFound("ObjectLockConfigurationNotFoundError", 404))
	_ = answer[s3.GetPublicAccessBlockInput, s3.GetPublicAccessBlockOutput]("Bucket", notFound("NoSuchPublicAccessBlockConfiguration", 404))
)
