package aws

import (
	"cmp"
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/bulwarksec/bulwark"
)

// tree of an organisation: accounts and units with what contains them.
type organization struct {
	roots    []types.Root
	units    []child[types.OrganizationalUnit]
	accounts []child[types.Account]
}

type child[T any] struct {
	item   T
	parent string // ARN
	id     string // of the parent
}

// maxUnits bounds an organisation's tree; AWS allows 2,000 units, five deep.
const maxUnits = 20_000

// organizes tells whether the account is where its organisation is read: the one
// whose credentials list its accounts, else the management account.
func (s *session) organizes(ctx context.Context) (bool, error) {
	return shared(ctx, s, "organizes", func() (bool, error) {
		if s.account.organizer != "" && s.account.organizer != s.account.id {
			return false, nil
		}
		out, err := organizations.NewFromConfig(s.cfg).DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
		switch {
		case code(err) == "AWSOrganizationsNotInUseException":
			return false, nil
		case err != nil:
			return false, err
		case out.Organization == nil || out.Organization.MasterAccountId == nil:
			return false, errAnswer
		}
		return s.account.id == cmp.Or(s.account.organizer, *out.Organization.MasterAccountId), nil
	})
}

// organization returns the organisation that is read in the account, nil for
// none.
func (s *session) organization(ctx context.Context) (*organization, error) {
	return shared(ctx, s, "organization", func() (*organization, error) {
		reads, err := s.organizes(ctx)
		if err != nil || !reads {
			return nil, err
		}
		client := organizations.NewFromConfig(s.cfg)
		o := &organization{}
		o.roots, err = all(ctx, s, func(ctx context.Context, token *string) ([]types.Root, *string, error) {
			out, err := client.ListRoots(ctx, &organizations.ListRootsInput{NextToken: token})
			if err != nil {
				return nil, nil, err
			}
			return out.Roots, out.NextToken, nil
		})
		if err != nil {
			return nil, err
		}
		for _, r := range o.roots {
			if err := o.below(ctx, s, client, aws.ToString(r.Id), aws.ToString(r.Arn)); err != nil {
				return nil, err
			}
		}
		return o, nil
	})
}

// below adds what a root or unit contains.
func (o *organization) below(ctx context.Context, s *session, client *organizations.Client, id, arn string) error {
	accounts, err := all(ctx, s, func(ctx context.Context, token *string) ([]types.Account, *string, error) {
		out, err := client.ListAccountsForParent(ctx, &organizations.ListAccountsForParentInput{ParentId: &id, NextToken: token})
		if err != nil {
			return nil, nil, err
		}
		return out.Accounts, out.NextToken, nil
	})
	if err != nil {
		return err
	}
	for _, a := range accounts {
		o.accounts = append(o.accounts, child[types.Account]{a, arn, id})
	}
	units, err := all(ctx, s, func(ctx context.Context, token *string) ([]types.OrganizationalUnit, *string, error) {
		out, err := client.ListOrganizationalUnitsForParent(ctx, &organizations.ListOrganizationalUnitsForParentInput{ParentId: &id, NextToken: token})
		if err != nil {
			return nil, nil, err
		}
		return out.OrganizationalUnits, out.NextToken, nil
	})
	if err != nil {
		return err
	}
	for _, u := range units {
		if len(o.units) >= maxUnits {
			return errAnswer
		}
		o.units = append(o.units, child[types.OrganizationalUnit]{u, arn, id})
		if s.trial != nil {
			return nil
		}
		if err := o.below(ctx, s, client, aws.ToString(u.Id), aws.ToString(u.Arn)); err != nil {
			return err
		}
	}
	return nil
}

// parentType tells a root from a unit by its id.
func parentType(id string) string {
	if len(id) > 2 && id[:2] == "r-" {
		return "AWS::Organizations::Root"
	}
	return "AWS::Organizations::OrganizationalUnit"
}

// organizationNeeds are the permissions by which the tree is read.
func organizationNeeds(more ...need) []need {
	return append([]need{lists("organizations:DescribeOrganization"), lists("organizations:ListRoots"), lists("organizations:ListAccountsForParent"), lists("organizations:ListOrganizationalUnitsForParent")}, more...)
}

var _ = collect(collector{
	Type: "AWS::Organizations::Root", Service: "organizations", Where: global,
	Needs: organizationNeeds(),
	List: func(ctx context.Context, s *session) error {
		o, err := s.organization(ctx)
		if err != nil || o == nil {
			return err
		}
		return drafts(ctx, s, o.roots, func(_ context.Context, v types.Root, d *draft) error {
			d.take(v, nil)
			d.ARN, d.Name = aws.ToString(v.Arn), aws.ToString(v.Name)
			return nil
		})
	},
})

var _ = collect(collector{
	Type: "AWS::Organizations::OrganizationalUnit", Service: "organizations", Where: global,
	Needs: organizationNeeds(),
	List: func(ctx context.Context, s *session) error {
		o, err := s.organization(ctx)
		if err != nil || o == nil {
			return err
		}
		return drafts(ctx, s, o.units, func(_ context.Context, v child[types.OrganizationalUnit], d *draft) error {
			d.take(v.item, nil)
			d.ARN, d.Name = aws.ToString(v.item.Arn), aws.ToString(v.item.Name)
			d.set("ParentId", v.id)
			d.relate(bulwark.RelParent, "children", parentType(v.id), v.parent)
			return nil
		})
	},
})

var _ = collect(collector{
	Type: "AWS::Organizations::Account", Service: "organizations", Where: global,
	Needs: organizationNeeds(),
	List: func(ctx context.Context, s *session) error {
		o, err := s.organization(ctx)
		if err != nil || o == nil {
			return err
		}
		return drafts(ctx, s, o.accounts, func(_ context.Context, v child[types.Account], d *draft) error {
			d.take(v.item, names{"Id": "AccountId", "Name": "AccountName"})
			d.ARN, d.Name = aws.ToString(v.item.Arn), aws.ToString(v.item.Name)
			d.set("ParentIds", []string{v.id})
			d.relate(bulwark.RelParent, "children", parentType(v.id), v.parent)
			return nil
		})
	},
})
