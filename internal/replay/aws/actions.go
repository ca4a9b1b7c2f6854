package aws

import "github.com/bulwarksec/bulwark/internal/replay/aws/wire"

// prefixes are the services whose IAM actions do not begin with the signing
// name. Source: Service Authorization Reference.
var prefixes = map[string]string{
	"cloudcontrol": "cloudformation",
	"cloudwatch":   "cloudwatch",
}

// actions are the operations whose IAM action is not called as they are.
// Source: Service Authorization Reference, "Actions, resources, and condition
// keys for Amazon S3".
var actions = map[string]string{
	"s3.ListBuckets":                        "s3:ListAllMyBuckets",
	"s3.HeadBucket":                         "s3:ListBucket",
	"s3.ListObjectsV2":                      "s3:ListBucket",
	"s3.HeadObject":                         "s3:GetObject",
	"s3.GetBucketEncryption":                "s3:GetEncryptionConfiguration",
	"s3.GetBucketLifecycleConfiguration":    "s3:GetLifecycleConfiguration",
	"s3.GetBucketReplication":               "s3:GetReplicationConfiguration",
	"s3.GetBucketCors":                      "s3:GetBucketCORS",
	"s3.GetPublicAccessBlock":               "s3:GetBucketPublicAccessBlock",
	"s3.GetBucketNotificationConfiguration": "s3:GetBucketNotification",
	"s3.GetObjectLockConfiguration":         "s3:GetBucketObjectLockConfiguration",
	"s3.GetBucketAccelerateConfiguration":   "s3:GetAccelerateConfiguration",
	"s3control.GetPublicAccessBlock":        "s3:GetAccountPublicAccessBlock",
}

// actionOf returns the IAM action that a call needs.
func actionOf(s *wire.Service, operation string) string {
	if a := actions[s.Name+"."+operation]; a != "" {
		return a
	}
	if s.Name == "apigateway" || s.Name == "apigatewayv2" {
		return "apigateway:GET"
	}
	prefix := s.Signing
	if p := prefixes[s.Name]; p != "" {
		prefix = p
	}
	return prefix + ":" + operation
}
