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
		each("iam:ListAccessKeys"), each("iam:ListMFADevices"), each("iam:GetLoginProfile")},
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
			if err != nil {
				f := s.fault(err, s.where())
				d.observe("CredentialReport", unknownValue(d.names, provider.Reason(f)))
				s.gap("CredentialReport", f)
			} else if row, ok := report[d.ARN]; ok {
				d.observe("CredentialReport", row)
			}
			return s.userParts(ctx, v, d)
		})
	},
})

func (d *draft) user(v types.UserDetail) {
	d.take(v, names{"UserPolicyList": "", "GroupList": "Groups", "PermissionsBoundary": ""})
	d.ARN, d.Name = aws.ToString(v.Arn), aws.ToString(v.UserName)
	delete(d.observed, "UserPolicyList") // its documents are texts for a URL
	d.inline(v.UserPolicyList)
	d.set("ManagedPolicyArns", attached(v.AttachedManagedPolicies))
	d.set("_AttachedDirectly", len(v.AttachedManagedPolicies) > 0)
	d.boundary(v.PermissionsBoundary)
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
		d.set("_AccessKeys", append([]types.AccessKeyMetadata{}, keys...))
		return err
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
