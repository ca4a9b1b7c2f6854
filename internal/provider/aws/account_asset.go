package aws

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	accountapi "github.com/aws/aws-sdk-go-v2/service/account"
	accounttypes "github.com/aws/aws-sdk-go-v2/service/account/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
)

const (
	typeAccount     = "AWS::Account"
	aliasPermission = "iam:ListAccountAliases"
)

// The account itself, to which every other asset is related.
var _ = collect(collector{
	Type: typeAccount, Service: "iam", Where: global,
	Needs: slices.Concat(defaultNeeds(), trailNeeds(), []need{once("s3:GetAccountPublicAccessBlock", "GetPublicAccessBlock"), once("iam:GetAccountSummary"),
		once(aliasPermission), once("account:GetAlternateContact").times(3), once("account:GetContactInformation"), once("iam:GetCredentialReport"), once("iam:GenerateCredentialReport"),
		once("iam:ListVirtualMFADevices"), once("iam:ListEntitiesForPolicy")}),
	List: func(ctx context.Context, s *session) error {
		d := s.draft()
		d.ARN, d.Name = s.account.root(), s.account.info().Name
		d.set("AccountId", s.account.id)
		for _, part := range []func(context.Context, *session, *draft) error{aliases, publicAccessBlock, summary, regionDefaults, contacts, rootCredentials, rootDevices, supportRole, trails} {
			if err := part(ctx, s, d); err != nil {
				return err
			}
		}
		return s.put(d)
	},
})

func aliases(ctx context.Context, s *session, d *draft) error {
	return s.part(ctx, d, "_Alias", "", func() error {
		ask := s.account.alias
		if ask == nil {
			ask = func() (string, error) { return aliasOf(ctx, s.cfg) }
		}
		alias, err := ask()
		if alias != "" {
			d.set("_Alias", alias)
		}
		return err
	})
}

func publicAccessBlock(ctx context.Context, s *session, d *draft) error {
	return s.part(ctx, d, "_PublicAccessBlock", "NoSuchPublicAccessBlockConfiguration", func() error {
		out, err := s3control.NewFromConfig(s.cfg).GetPublicAccessBlock(ctx, &s3control.GetPublicAccessBlockInput{AccountId: &s.account.id})
		if err != nil {
			return err
		}
		d.set("_PublicAccessBlock", out.PublicAccessBlockConfiguration)
		return told(out.PublicAccessBlockConfiguration)
	})
}

func summary(ctx context.Context, s *session, d *draft) error {
	return s.part(ctx, d, "_RootMFAEnabled _RootAccessKeysPresent", "", func() error {
		out, err := s.iam().GetAccountSummary(ctx, &iam.GetAccountSummaryInput{})
		if err != nil {
			return err
		}
		mfa, told := out.SummaryMap["AccountMFAEnabled"]
		keys, told2 := out.SummaryMap["AccountAccessKeysPresent"]
		if !told || !told2 {
			return errAnswer
		}
		d.set("_RootMFAEnabled", mfa > 0)
		d.set("_RootAccessKeysPresent", keys > 0)
		d.observe("SummaryMap", out.SummaryMap)
		return nil
	})
}

// contacts reads whom AWS would tell: of a person only what says that somebody
// is named.
func contacts(ctx context.Context, s *session, d *draft) error {
	client := accountapi.NewFromConfig(s.cfg)
	for _, kind := range []accounttypes.AlternateContactType{accounttypes.AlternateContactTypeSecurity, accounttypes.AlternateContactTypeOperations, accounttypes.AlternateContactTypeBilling} {
		name := "_Contacts." + strings.ToUpper(string(kind[:1])) + strings.ToLower(string(kind[1:]))
		err := s.part(ctx, d, name, "ResourceNotFoundException", func() error {
			out, err := client.GetAlternateContact(ctx, &accountapi.GetAlternateContactInput{AlternateContactType: kind})
			if err != nil {
				return err
			}
			d.set(name, out.AlternateContact != nil && aws.ToString(out.AlternateContact.EmailAddress) != "")
			return nil
		})
		if kind == accounttypes.AlternateContactTypeSecurity {
			d.set("_SecurityContactPresent", d.contact("Security"))
		}
		if err != nil {
			return err
		}
	}
	return s.part(ctx, d, "_Contacts.Primary", "", func() error {
		out, err := client.GetContactInformation(ctx, &accountapi.GetContactInformationInput{})
		if err != nil {
			return err
		}
		d.set("_Contacts.Primary", out.ContactInformation != nil && aws.ToString(out.ContactInformation.PhoneNumber) != "")
		return nil
	})
}

// contact tells whether a contact is named: false where it was answered that
// there is none.
func (d *draft) contact(name string) any {
	all, _ := d.observed["_Contacts"].(map[string]any)
	if v, ok := all[name]; ok {
		return v
	}
	return false
}
