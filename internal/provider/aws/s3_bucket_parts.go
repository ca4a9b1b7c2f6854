package aws

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// bucketPart is one call for each bucket: the properties it fills, the
// permission and operation, and the error codes of a bucket without that part.
type bucketPart struct {
	properties, permission, operation, absent string
	get                                       func(ctx context.Context, c *s3.Client, bucket *string, d *draft) error
}

func bucketNeeds() []need {
	var list []need
	for _, p := range bucketParts {
		list = append(list, each(p.permission, p.operation))
	}
	return list
}

// Source of the permissions: Service Authorization Reference, Amazon S3; of the
// codes: Amazon S3 API Reference, the operations' errors.
var bucketParts = []bucketPart{
	{"PublicAccessBlockConfiguration", "s3:GetBucketPublicAccessBlock", "GetPublicAccessBlock", "NoSuchPublicAccessBlockConfiguration",
		func(ctx context.Context, c *s3.Client, bucket *string, d *draft) error {
			out, err := c.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: bucket})
			if err != nil {
				return err
			}
			d.set("PublicAccessBlockConfiguration", out.PublicAccessBlockConfiguration)
			return told(out.PublicAccessBlockConfiguration)
		}},
	{"BucketEncryption", "s3:GetEncryptionConfiguration", "GetBucketEncryption", "ServerSideEncryptionConfigurationNotFoundError",
		func(ctx context.Context, c *s3.Client, bucket *string, d *draft) error {
			out, err := c.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: bucket})
			if err != nil || out.ServerSideEncryptionConfiguration == nil {
				return or(err, errAnswer)
			}
			list := tree(out.ServerSideEncryptionConfiguration)
			rename(list, "Rules[].ApplyServerSideEncryptionByDefault", "ServerSideEncryptionByDefault")
			rename(list, "Rules", "ServerSideEncryptionConfiguration")
			d.set("BucketEncryption", list)
			return nil
		}},
	{"VersioningConfiguration _MFADelete", "s3:GetBucketVersioning", "GetBucketVersioning", "",
		func(ctx context.Context, c *s3.Client, bucket *string, d *draft) error {
			out, err := c.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: bucket})
			if err != nil {
				return err
			}
			if out.Status != "" {
				d.set("VersioningConfiguration.Status", out.Status)
			}
			if out.MFADelete != "" {
				d.set("_MFADelete", out.MFADelete)
			}
			return nil
		}},
	{"LoggingConfiguration", "s3:GetBucketLogging", "GetBucketLogging", "",
		func(ctx context.Context, c *s3.Client, bucket *string, d *draft) error {
			out, err := c.GetBucketLogging(ctx, &s3.GetBucketLoggingInput{Bucket: bucket})
			if err != nil || out.LoggingEnabled == nil {
				return err
			}
			list := tree(out.LoggingEnabled)
			rename(list, "TargetBucket", "DestinationBucketName")
			rename(list, "TargetPrefix", "LogFilePrefix")
			d.set("LoggingConfiguration", list)
			return nil
		}},
	{"OwnershipControls", "s3:GetBucketOwnershipControls", "GetBucketOwnershipControls", "OwnershipControlsNotFoundError",
		func(ctx context.Context, c *s3.Client, bucket *string, d *draft) error {
			out, err := c.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: bucket})
			if err != nil {
				return err
			}
			d.set("OwnershipControls", out.OwnershipControls)
			return told(out.OwnershipControls)
		}},
	{"LifecycleConfiguration", "s3:GetLifecycleConfiguration", "GetBucketLifecycleConfiguration", "NoSuchLifecycleConfiguration",
		func(ctx context.Context, c *s3.Client, bucket *string, d *draft) error {
			out, err := c.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: bucket})
			if err != nil {
				return err
			}
			rules := []any{}
			for _, r := range out.Rules {
				rules = append(rules, lifecycleRule(r))
			}
			d.set("LifecycleConfiguration.Rules", rules)
			if v := out.TransitionDefaultMinimumObjectSize; v != "" {
				d.set("LifecycleConfiguration.TransitionDefaultMinimumObjectSize", v)
			}
			return nil
		}},
	{"ReplicationConfiguration", "s3:GetReplicationConfiguration", "GetBucketReplication", "ReplicationConfigurationNotFoundError",
		func(ctx context.Context, c *s3.Client, bucket *string, d *draft) error {
			out, err := c.GetBucketReplication(ctx, &s3.GetBucketReplicationInput{Bucket: bucket})
			if err != nil {
				return err
			}
			list := tree(out.ReplicationConfiguration)
			rename(list, "Rules[].ID", "Id")
			d.set("ReplicationConfiguration", list)
			return told(out.ReplicationConfiguration)
		}},
	{"NotificationConfiguration", "s3:GetBucketNotification", "GetBucketNotificationConfiguration", "",
		func(ctx context.Context, c *s3.Client, bucket *string, d *draft) error {
			out, err := c.GetBucketNotificationConfiguration(ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: bucket})
			if err != nil {
				return err
			}
			if list, ok := tree(out).(map[string]any); ok && len(list) > 0 {
				d.set("NotificationConfiguration", list)
			}
			return nil
		}},
	{"WebsiteConfiguration", "s3:GetBucketWebsite", "GetBucketWebsite", "NoSuchWebsiteConfiguration",
		func(ctx context.Context, c *s3.Client, bucket *string, d *draft) error {
			out, err := c.GetBucketWebsite(ctx, &s3.GetBucketWebsiteInput{Bucket: bucket})
			if err != nil {
				return err
			}
			site, _ := tree(out).(map[string]any)
			if out.IndexDocument != nil {
				put(site, "IndexDocument", out.IndexDocument.Suffix)
			}
			if out.ErrorDocument != nil {
				put(site, "ErrorDocument", out.ErrorDocument.Key)
			}
			d.set("WebsiteConfiguration", site)
			return nil
		}},
	{"ObjectLockConfiguration ObjectLockEnabled", "s3:GetBucketObjectLockConfiguration", "GetObjectLockConfiguration", "ObjectLockConfigurationNotFoundError",
		func(ctx context.Context, c *s3.Client, bucket *string, d *draft) error {
			out, err := c.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: bucket})
			if err != nil || out.ObjectLockConfiguration == nil {
				return or(err, errAnswer)
			}
			d.set("ObjectLockConfiguration", out.ObjectLockConfiguration)
			d.set("ObjectLockEnabled", out.ObjectLockConfiguration.ObjectLockEnabled == types.ObjectLockEnabledEnabled)
			return nil
		}},
	{"_Policy", "s3:GetBucketPolicy", "GetBucketPolicy", "NoSuchBucketPolicy",
		func(ctx context.Context, c *s3.Client, bucket *string, d *draft) error {
			out, err := c.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: bucket})
			if err != nil {
				return err
			}
			d.policy("_Policy", out.Policy)
			return told(out.Policy)
		}},
	{"_Grants AccessControl", "s3:GetBucketAcl", "GetBucketAcl", "",
		func(ctx context.Context, c *s3.Client, bucket *string, d *draft) error {
			out, err := c.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: bucket})
			if err != nil {
				return err
			}
			d.observe("Acl", out)
			grants := []any{}
			for _, g := range out.Grants {
				grant := map[string]any{"Permission": string(g.Permission)}
				if g.Grantee != nil {
					put(grant, "URI", g.Grantee.URI)
				}
				grants = append(grants, grant)
			}
			d.set("_Grants", grants)
			if name := canned(out.Grants); name != "" {
				d.set("AccessControl", name)
			}
			return nil
		}},
	{"Tags", "s3:GetBucketTagging", "GetBucketTagging", "NoSuchTagSet",
		func(ctx context.Context, c *s3.Client, bucket *string, d *draft) error {
			out, err := c.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: bucket})
			if err != nil {
				return err
			}
			list, _ := tagList(out.TagSet)
			d.set("Tags", list)
			return nil
		}},
}

// groups of an ACL's grantees and what they may do → the canned ACL that grants
// it. Source: Amazon S3 User Guide, "Canned ACL".
var cannedACLs = map[string]string{
	"": "Private", "AllUsers READ": "PublicRead", "AllUsers READ, AllUsers WRITE": "PublicReadWrite",
	"AuthenticatedUsers READ": "AuthenticatedRead", "LogDelivery READ_ACP, LogDelivery WRITE": "LogDeliveryWrite",
}

// canned returns the name of the canned ACL that an ACL is, "" for none: beside
// the owner's own grant it may have those of groups alone.
func canned(grants []types.Grant) string {
	var groups []string
	users := 0
	for _, g := range grants {
		switch {
		case g.Grantee == nil:
			return ""
		case g.Grantee.Type == types.TypeGroup:
			groups = append(groups, lastPart(aws.ToString(g.Grantee.URI))+" "+string(g.Permission))
		default:
			users++
		}
	}
	if users > 1 {
		return ""
	}
	slices.Sort(groups)
	return cannedACLs[strings.Join(groups, ", ")]
}

// or returns the first error that is one.
func or(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// told is an error where an answer lacks what it was asked for.
func told[T any](v *T) error {
	if v == nil {
		return errAnswer
	}
	return nil
}

// lifecycleRule writes a rule as CloudFormation has it: the filter's prefix and
// tags stand beside it.
func lifecycleRule(r types.LifecycleRule) any {
	rule, _ := tree(r).(map[string]any)
	rename(rule, "ID", "Id")
	f := r.Filter
	if f == nil {
		return rule
	}
	put(rule, "Prefix", f.Prefix)
	var tags []types.Tag
	if f.Tag != nil {
		tags = append(tags, *f.Tag)
	}
	if f.And != nil {
		put(rule, "Prefix", f.And.Prefix)
		tags = append(tags, f.And.Tags...)
	}
	if len(tags) > 0 {
		rule["TagFilters"] = tree(tags)
	}
	if aws.ToString(f.Prefix) == "" && f.And == nil && f.Tag == nil {
		delete(rule, "Prefix")
	}
	return rule
}
