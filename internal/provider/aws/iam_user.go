package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/bulwarksec/bulwark/internal/provider"
)

var _ = collect(collector{
	Type: "AWS::IAM::User", Service: "iam", Where: global,
	Needs: []need{lists("iam:GetAccountAuthorizationDetails"), once("iam:GetCredentialReport"), once("iam:GenerateCredentialReport"),
		each("iam:ListAccessKeys"), each("iam:GetAccessKeyLastUsed"), each("iam:ListMFADevices"), each("iam:GetLoginProfile")},
	List: func(ctx context.Context, s *session) error {
		all, err := s.details(ctx)
		if err != nil {
			return err
		}
		report, err := s.credentialReport(ctx)
		if ended := s.ended(ctx, err); ended != nil {
			return ended
		}
		return drafts(ctx, s, all.users, func(ctx context.Context, v types.UserDetail, d *draft) error {
			d.user(v)
			if row, ok := report.rows[d.ARN]; err == nil && ok {
				d.credentials(row)
			} else if err == nil { // made since the report
				d.unreported("absent: not in the credential report yet")
			} else {
				f := s.fault(err, s.where())
				d.unreported(provider.Reason(f))
				s.gap("CredentialReport", f)
			}
			return s.userParts(ctx, v, d)
		})
	},
})

// reported are what the credential report tells of a user, by its columns.
var reported = map[string]string{"_PasswordEnabled": "password_enabled", "_PasswordLastUsed": "password_last_used", "_PasswordLastChanged": "password_last_changed", "_MFAActive": "mfa_active"}

func (d *draft) credentials(row map[string]any) {
	d.observe("CredentialReport", row)
	for name, column := range reported {
		d.observe(name, row[column])
	}
}

func (d *draft) unreported(reason string) {
	d.observe("CredentialReport", unknownValue(d.names, reason))
	for name := range reported {
		d.observe(name, unknownValue(d.names, reason))
	}
}

func (d *draft) user(v types.UserDetail) {
	d.take(v, names{"UserPolicyList": "", "GroupList": "Groups", "PermissionsBoundary": ""})
	d.ARN, d.Name = aws.ToString(v.Arn), aws.ToString(v.UserName)
	delete(d.observed, "UserPolicyList") // its documents are texts for a URL
	d.inline(v.UserPolicyList)
	d.set("ManagedPolicyArns", attached(v.AttachedManagedPolicies))
	d.set("_AttachedDirectly", len(v.AttachedManagedPolicies) > 0)
	d.boundary(v.PermissionsBoundary)
	d.observe("_CreateDate", v.CreateDate)
}

// userParts asks for keys, MFA devices and the password of a user.
func (s *session) userParts(ctx context.Context, v types.UserDetail, d *draft) error {
	client := s.iam()
	err := s.part(ctx, d, "_AccessKeys", "", func() error {
		keys, err := all(ctx, s, func(ctx context.Context, token *string) ([]types.AccessKeyMetadata, *string, error) {
			out, err := client.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: v.UserName, Marker: token})
			if err != nil {
				return nil, nil, err
			}
			next, err := more(out.IsTruncated, out.Marker)
			return out.AccessKeyMetadata, next, err
		})
		if err != nil {
			return err
		}
		list := []any{}
		for _, k := range keys {
			item, err := s.accessKey(ctx, client, k)
			if err != nil {
				return err
			}
			list = append(list, item)
		}
		d.set("_AccessKeys", list)
		return nil
	})
	if err != nil {
		return err
	}
	err = s.part(ctx, d, "_MFADevices", "", func() error {
		devices, err := all(ctx, s, func(ctx context.Context, token *string) ([]types.MFADevice, *string, error) {
			out, err := client.ListMFADevices(ctx, &iam.ListMFADevicesInput{UserName: v.UserName, Marker: token})
			if err != nil {
				return nil, nil, err
			}
			next, err := more(out.IsTruncated, out.Marker)
			return out.MFADevices, next, err
		})
		d.set("_MFADevices", append([]types.MFADevice{}, devices...))
		return err
	})
	if err != nil {
		return err
	}
	return s.part(ctx, d, "LoginProfile", "NoSuchEntity", func() error {
		out, err := client.GetLoginProfile(ctx, &iam.GetLoginProfileInput{UserName: v.UserName})
		if err != nil {
			return err
		}
		d.set("LoginProfile", out.LoginProfile)
		return told(out.LoginProfile)
	})
}

// accessKey is a key with when it was last used, nothing for never.
func (s *session) accessKey(ctx context.Context, client *iam.Client, k types.AccessKeyMetadata) (any, error) {
	item, _ := tree(k).(map[string]any)
	out, err := client.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: k.AccessKeyId})
	if err == nil {
		err = told(out.AccessKeyLastUsed)
	}
	if ended := s.ended(ctx, err); ended != nil {
		return nil, ended
	}
	if err != nil {
		f := s.fault(err, s.where())
		s.gap("_AccessKeys.LastUsedDate", f)
		item["LastUsedDate"] = unknownValue(s.estate.options.Types.Names(), provider.Reason(f))
		return item, nil
	}
	put(item, "LastUsedDate", out.AccessKeyLastUsed.LastUsedDate)
	put(item, "LastUsedService", out.AccessKeyLastUsed.ServiceName)
	put(item, "LastUsedRegion", out.AccessKeyLastUsed.Region)
	return item, nil
}
