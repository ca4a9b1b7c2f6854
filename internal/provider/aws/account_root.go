package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// rootCredentials are the root user's row of the credential report, and when it
// was last used in any way.
func rootCredentials(ctx context.Context, s *session, d *draft) error {
	return s.part(ctx, d, "CredentialReport _RootLastUsed", "", func() error {
		report, err := s.credentialReport(ctx)
		if err != nil {
			return err
		}
		row := report.rows[d.ARN]
		if row == nil {
			return errAnswer
		}
		d.observe("CredentialReport", row)
		d.observe("_CredentialReportTime", report.made)
		last := ""
		for _, column := range []string{"password_last_used", "access_key_1_last_used_date", "access_key_2_last_used_date"} {
			if at, ok := row[column].(string); ok {
				last = max(last, at) // all are of one form and zone
			}
		}
		if last != "" {
			d.observe("_RootLastUsed", last)
		}
		return nil
	})
}

// rootDevices tells whether the root user's MFA device is a virtual one, which
// lists name although the user has none.
func rootDevices(ctx context.Context, s *session, d *draft) error {
	return s.part(ctx, d, "_RootMFAVirtual", "", func() error {
		client := s.iam()
		devices, err := all(ctx, s, func(ctx context.Context, token *string) ([]types.VirtualMFADevice, *string, error) {
			out, err := client.ListVirtualMFADevices(ctx, &iam.ListVirtualMFADevicesInput{AssignmentStatus: types.AssignmentStatusTypeAssigned, Marker: token})
			if err != nil {
				return nil, nil, err
			}
			next, err := more(out.IsTruncated, out.Marker)
			return out.VirtualMFADevices, next, err
		})
		if err != nil {
			return err
		}
		virtual := false
		for i, v := range devices {
			devices[i].Base32StringSeed, devices[i].QRCodePNG = nil, nil // secrets, if ever they are told
			virtual = virtual || strings.HasSuffix(aws.ToString(v.SerialNumber), ":mfa/root-account-mfa-device") || v.User != nil && aws.ToString(v.User.Arn) == d.ARN
		}
		d.set("_RootMFAVirtual", virtual)
		d.observe("VirtualMFADevices", devices)
		return nil
	})
}

// supportRole tells whether somebody may open cases with AWS Support.
func supportRole(ctx context.Context, s *session, d *draft) error {
	return s.part(ctx, d, "_SupportRolePresent", "NoSuchEntity", func() error {
		out, err := s.iam().ListEntitiesForPolicy(ctx, &iam.ListEntitiesForPolicyInput{PolicyArn: aws.String("arn:" + s.account.partition + ":iam::aws:policy/AWSSupportAccess")})
		if err != nil {
			return err
		}
		d.set("_SupportRolePresent", len(out.PolicyRoles)+len(out.PolicyGroups)+len(out.PolicyUsers) > 0)
		return nil
	})
}
