package aws

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/bulwarksec/bulwark"
)

// TestEbsEncryption wants an account to be encrypted by default where every
// region is: one that says no decides, one that does not say leaves it unknown.
func TestEbsEncryption(t *testing.T) {
	no, yes := false, true
	tests := map[string]struct {
		us, eu *bool // nil is denied
		want   any   // nil is unknown
	}{
		"all":            {&yes, &yes, true},
		"one_is_off":     {&yes, &no, false},
		"one_is_unknown": {nil, &yes, nil},
		"off_decides":    {nil, &no, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e, _ := newFake(t, Config{Types: []string{typeAccount}}, func(c call) (any, error) {
				if c.Name != "ec2:GetEbsEncryptionByDefault" {
					return nil, nil
				}
				on := tt.eu
				if c.Region == "us-east-1" {
					on = tt.us
				}
				if on == nil {
					return nil, failure("UnauthorizedOperation", 403)
				}
				return &ec2.GetEbsEncryptionByDefaultOutput{EbsEncryptionByDefault: on}, nil
			})
			a := gather(t, e).assets["live:arn:aws:iam::"+testAccount+":root"]
			got := a.Properties.Get("_EbsEncryptionByDefault")
			if tt.want == nil {
				if got.Kind() != bulwark.Unknown {
					t.Errorf("_EbsEncryptionByDefault = %v, want it unknown", got)
				}
				return
			}
			if got.Kind() != bulwark.Bool || got.Bool() != tt.want {
				t.Errorf("_EbsEncryptionByDefault = %v, want %v", got, tt.want)
			}
		})
	}
}

// TestRegionsUnlisted wants an account of which it is not known which regions it
// has to be judged by what is known: a region that says no decides, all others
// may.
func TestRegionsUnlisted(t *testing.T) {
	yes := true
	e, _ := newFake(t, Config{Types: []string{typeAccount}}, func(c call) (any, error) {
		switch c.Name {
		case "ec2:DescribeRegions", "account:ListRegions":
			return nil, failure("AccessDeniedException", 403)
		case "ec2:GetEbsEncryptionByDefault":
			return &ec2.GetEbsEncryptionByDefaultOutput{EbsEncryptionByDefault: &yes}, nil
		}
		return nil, nil
	})
	g := gather(t, e)
	a := g.assets["live:arn:aws:iam::"+testAccount+":root"]
	if v := a.Properties.Get("_EbsEncryptionByDefault"); v.Kind() != bulwark.Unknown {
		t.Errorf("_EbsEncryptionByDefault = %v, want it unknown", v)
	}
	regions := a.Observed.Get("_Regions")
	if regions.Len() != 2 || regions.Index(0).Get("Name").Text() != "us-east-1" || regions.Index(1).Kind() != bulwark.Unknown {
		t.Errorf("_Regions = %v, want the home region and one that is unknown", regions)
	}
	for _, where := range []string{"regions", "_Regions", "_EbsEncryptionByDefault"} {
		if !slices.ContainsFunc(g.gaps, func(g bulwark.Gap) bool {
			return strings.HasSuffix(g.Where, "/"+where) && g.Needs == "ec2:DescribeRegions"
		}) {
			t.Errorf("no gap tells of %s: %+v", where, g.gaps)
		}
	}
}

// TestOff wants a service to be off where it says so itself, and not where
// somebody answers that there is nothing.
func TestOff(t *testing.T) {
	for code, want := range map[string]bulwark.Kind{"InvalidAccessException": bulwark.Bool, "ResourceNotFoundException": bulwark.Bool, "UnknownError": bulwark.Unknown} {
		e, _ := newFake(t, Config{Types: []string{typeAccount, "AWS::SecurityHub::Hub"}, Regions: []string{"eu-west-1"}}, func(c call) (any, error) {
			if c.Name == "securityhub:DescribeHub" {
				return nil, failure(code, 404)
			}
			return nil, nil
		})
		g := gather(t, e)
		got := g.assets["live:arn:aws:iam::"+testAccount+":root"].Observed.Get("_Regions").Index(0).Get("SecurityHubEnabled")
		if got.Kind() != want || got.Kind() == bulwark.Bool && got.Bool() {
			t.Errorf("after %s SecurityHubEnabled = %v", code, got)
		}
		if l := g.listings["AWS::SecurityHub::Hub eu-west-1"]; l.Complete != (want == bulwark.Bool) {
			t.Errorf("after %s the listing is %+v", code, l)
		}
	}
}

// TestAliasOnce wants an account to be asked once for its alias, which names it
// and is a property of it.
func TestAliasOnce(t *testing.T) {
	e, f := newFake(t, only(typeAccount), made)
	g := gather(t, e)
	if a := g.all[0]; a.Name != "made" || a.Properties.Get("_Alias").Text() != "made" || f.calls[aliasPermission] != 1 {
		t.Errorf("%s has the alias %v after %d calls", a.Name, a.Properties.Get("_Alias"), f.calls[aliasPermission])
	}
}
