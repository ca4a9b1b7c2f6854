package aws

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/bulwarksec/bulwark"
)

// organisation answers of an organisation of four accounts, of which one is
// suspended and one has no role to assume.
func organisation(t *testing.T, roles *[]string) func(c call) (any, error) {
	return func(c call) (any, error) {
		switch c.Name {
		case "organizations:ListAccounts":
			return &organizations.ListAccountsOutput{Accounts: []orgtypes.Account{
				{Id: ptr("444455556666"), Name: ptr("shop"), State: orgtypes.AccountStateActive},
				{Id: ptr(testAccount), Name: ptr("management"), Status: orgtypes.AccountStatusActive},
				{Id: ptr("777788889999"), Name: ptr("closed"), State: orgtypes.AccountStateSuspended},
				{Id: ptr("000011112222"), Name: ptr("sandbox"), State: orgtypes.AccountStateActive},
			}}, nil
		case "sts:AssumeRole":
			in := c.Input.(*sts.AssumeRoleInput)
			if *in.RoleSessionName != SessionName {
				t.Errorf("RoleSessionName = %q", *in.RoleSessionName)
			}
			*roles = append(*roles, *in.RoleArn)
			if strings.Contains(*in.RoleArn, "000011112222") {
				return nil, failure("AccessDenied", 403)
			}
			return &sts.AssumeRoleOutput{Credentials: &ststypes.Credentials{AccessKeyId: ptr("ASIA"), SecretAccessKey: ptr("y"), SessionToken: ptr("z"), Expiration: ptr(time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC))}}, nil
		}
		return nil, nil
	}
}

func TestOrganization(t *testing.T) {
	var roles []string
	e, _ := newFake(t, Config{Organization: true, Types: []string{"AWS::EC2::VPC"}, Regions: []string{"eu-west-1"}}, organisation(t, &roles))
	scopes, err := e.Scopes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range scopes {
		got = append(got, s.Path+" "+s.Name)
	}
	if want := []string{"aws/000011112222 sandbox", "aws/" + testAccount + " management", "aws/444455556666 shop"}; !slices.Equal(got, want) {
		t.Errorf("Scopes() = %v, want %v", got, want)
	}
	if len(roles) > 0 {
		t.Errorf("Scopes() assumed %v", roles)
	}
	g := gather(t, e)
	if len(g.scopes) != 3 || len(g.listings) != 1 { // the listings of two accounts have the same key here
		t.Errorf("%d scopes, %d listings", len(g.scopes), len(g.listings))
	}
	slices.Sort(roles)
	if want := []string{"arn:aws:iam::000011112222:role/BulwarkReader", "arn:aws:iam::444455556666:role/BulwarkReader"}; !slices.Equal(slices.Compact(roles), want) {
		t.Errorf("roles = %v, want %v", roles, want)
	}
	if len(g.gaps) != 1 || g.gaps[0].What != "account" || g.gaps[0].Needs != "sts:AssumeRole" || !strings.Contains(g.gaps[0].Where, "000011112222") {
		t.Errorf("gaps = %+v, want one of the account without a role", g.gaps)
	}
}

// TestDelegatedAdministrator wants an organisation to be read from an account
// that administers it for the management account: once, by that account, and
// with a gap for the management account, in which it has no role.
func TestDelegatedAdministrator(t *testing.T) {
	const management = "000011112222"
	var roles []string
	accounts := organisation(t, &roles)
	e, f := newFake(t, Config{Organization: true, Types: []string{"AWS::Organizations::Root", "AWS::Organizations::OrganizationalUnit", "AWS::Organizations::Account", "AWS::Organizations::Policy"}}, func(c call) (any, error) {
		out, err := accounts(c)
		if out != nil || err != nil {
			return out, err
		}
		if out, err = made(c); err == nil {
			if o, ok := out.(*organizations.DescribeOrganizationOutput); ok {
				o.Organization.MasterAccountId = ptr(management)
			}
		}
		return out, err
	})
	g := gather(t, e)
	types := map[string]int{}
	for _, a := range g.all {
		types[a.Type]++
		if a.Scope != "aws/"+testAccount {
			t.Errorf("%s is in %s", a.ID, a.Scope)
		}
	}
	for _, want := range []string{"AWS::Organizations::Root", "AWS::Organizations::OrganizationalUnit", "AWS::Organizations::Account", "AWS::Organizations::Policy"} {
		if types[want] == 0 || !g.listings[want].Complete {
			t.Errorf("%d of %s, listing %+v", types[want], want, g.listings[want])
		}
	}
	if n := f.calls["organizations:ListRoots"]; n != 1 {
		t.Errorf("the roots were listed %d times", n)
	}
	if len(g.gaps) != 1 || !strings.Contains(g.gaps[0].Where, management) || g.gaps[0].Needs != "sts:AssumeRole" {
		t.Errorf("gaps = %+v, want one of the management account", g.gaps)
	}
}

func TestAccountIDs(t *testing.T) {
	var roles []string
	e, _ := newFake(t, Config{Organization: true, AccountIDs: []string{"444455556666", "123123123123"}, Types: []string{"AWS::EC2::VPC"}, Regions: []string{"eu-west-1"}}, organisation(t, &roles))
	g := gather(t, e)
	if len(g.scopes) != 1 || g.scopes[0].Path != "aws/444455556666" || g.scopes[0].Name != "shop" {
		t.Errorf("scopes = %+v", g.scopes)
	}
	if len(g.gaps) != 1 || !strings.Contains(g.gaps[0].Where, "123123123123") {
		t.Errorf("gaps = %+v, want one of the account that is not there", g.gaps)
	}
}

func TestExclude(t *testing.T) {
	var roles []string
	e, _ := newFake(t, Config{Organization: true, Exclude: []string{"0000*", "us-*", "AWS::S3::*", "AWS::IAM::*"}}, organisation(t, &roles))
	g := gather(t, e)
	if len(g.scopes) != 2 {
		t.Errorf("scopes = %v", g.scopes)
	}
	for where := range g.listings {
		if strings.Contains(where, " us-") || strings.HasPrefix(where, "AWS::S3::") || strings.HasPrefix(where, "AWS::IAM::") {
			t.Errorf("%s was listed", where)
		}
	}
	if len(g.listings) == 0 {
		t.Error("nothing was listed")
	}
}

func TestRegions(t *testing.T) {
	for name, tt := range map[string]struct {
		err     error
		listing string
		gaps    int
	}{
		"asked":  {nil, "AWS::EC2::VPC eu-west-1", 0},
		"denied": {failure("UnauthorizedOperation", 403), "AWS::EC2::VPC us-east-1", 1},
	} {
		t.Run(name, func(t *testing.T) {
			e, _ := newFake(t, Config{Types: []string{"AWS::EC2::VPC"}}, func(c call) (any, error) {
				if c.Name == "ec2:DescribeRegions" {
					return nil, tt.err
				}
				if c.Name == "ec2:DescribeVpcs" {
					return &ec2.DescribeVpcsOutput{}, nil
				}
				if c.Name == "account:ListRegions" {
					return nil, failure("AccessDeniedException", 403)
				}
				return nil, nil
			})
			g := gather(t, e)
			if g.listings[tt.listing] == nil || len(g.gaps) != tt.gaps {
				t.Errorf("listings %v, gaps %+v", g.listings, g.gaps)
			}
		})
	}
}

func TestNew(t *testing.T) {
	types := testTypes(t)
	for name, tt := range map[string]struct {
		c Config
		o Options
	}{
		"account":  {Config{AccountIDs: []string{"12"}}, Options{Types: types}},
		"pattern":  {Config{Exclude: []string{"["}}, Options{Types: types}},
		"no_types": {Config{}, Options{}},
		"no_type":  {Config{Types: []string{"AWS::Nothing"}}, Options{Types: types}},
		"half_key": {Config{}, Options{Types: types, Secret: &Secret{AccessKeyID: "AKIA"}}},
	} {
		if _, err := New(tt.c, tt.o); !errors.Is(err, bulwark.ErrInvalid) {
			t.Errorf("%s: New() = %v, want it invalid", name, err)
		}
	}
}

func TestCredentials(t *testing.T) {
	e, _ := newFake(t, Config{}, func(c call) (any, error) {
		if c.Name == "sts:GetCallerIdentity" {
			return nil, failure("InvalidClientTokenId", 403)
		}
		return nil, nil
	})
	err := e.Gather(t.Context(), func(bulwark.Gathered) error { return nil })
	var f *bulwark.Fault
	if !errors.As(err, &f) || f.Kind != bulwark.FaultCredentials || !errors.Is(err, bulwark.ErrDenied) {
		t.Errorf("Gather() = %v, want a fault of credentials", err)
	}
}

// TestYieldEnds wants an error of who takes the assets to end the run with it.
func TestYieldEnds(t *testing.T) {
	full := errors.New("the disk is full")
	e, _ := newFake(t, Config{}, made)
	n := 0
	err := e.Gather(t.Context(), func(bulwark.Gathered) error {
		if n++; n > 5 {
			return full
		}
		return nil
	})
	if !errors.Is(err, full) || n != 6 {
		t.Errorf("Gather() = %v after %d, want the error at once", err, n)
	}
}

// TestDisabledRegion wants keys that a region does not know, while the home
// region does, to be told as a region that is not in use.
func TestDisabledRegion(t *testing.T) {
	e, _ := newFake(t, Config{Types: []string{"AWS::EC2::VPC"}, Regions: []string{"af-south-1"}}, func(c call) (any, error) {
		if c.Name == "ec2:DescribeVpcs" {
			return nil, failure("AuthFailure", 401)
		}
		if c.Name == "iam:ListAccountAliases" {
			return &iam.ListAccountAliasesOutput{AccountAliases: []string{"shop"}}, nil
		}
		return nil, nil
	})
	g := gather(t, e)
	if l := g.listings["AWS::EC2::VPC af-south-1"]; l.Complete || !strings.Contains(l.Gap.Why, string(bulwark.FaultDisabled)) {
		t.Errorf("listing = %+v", l)
	}
	if g.scopes[0].Name != "shop" {
		t.Errorf("scope = %+v, want it by its alias", g.scopes[0])
	}
}
