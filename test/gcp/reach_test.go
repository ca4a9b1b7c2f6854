package gcp_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	godiff "github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider/gcp"
	"github.com/bulwarksec/bulwark/internal/replay"
	replaygcp "github.com/bulwarksec/bulwark/internal/replay/gcp"
)

// TestRoots reads parts of the estate by every kind of root and filter.
func TestRoots(t *testing.T) {
	tests := []struct {
		name   string
		config gcp.Config
		scopes []string // with listings; all complete
		assets int
	}{
		{"organization", gcp.Config{Organization: "900"}, []string{"gcp/folders/700", "gcp/lab-test", "gcp/old-thing", "gcp/organizations/900", "gcp/shop-prod"}, 15},
		{"folder", gcp.Config{Folder: "700"}, []string{"gcp/folders/700", "gcp/shop-prod"}, 9},
		{"project by id", gcp.Config{Project: "shop-prod"}, []string{"gcp/shop-prod"}, 8},
		{"project by number", gcp.Config{Project: "102"}, []string{"gcp/lab-test"}, 4},
		{"chosen projects", gcp.Config{Organization: "900", Projects: []string{"lab-test", "shop-prod"}}, []string{"gcp/lab-test", "gcp/shop-prod"}, 12},
		{"without a project", gcp.Config{Organization: "900", Exclude: gcp.Exclude{Projects: []string{"shop-*"}}}, []string{"gcp/folders/700", "gcp/lab-test", "gcp/old-thing", "gcp/organizations/900", "gcp/shop-prod"}, 7},
		{"without types", gcp.Config{Project: "shop-prod", Exclude: gcp.Exclude{Types: []string{"iam.googleapis.com/*", "compute.googleapis.com/Network"}}}, []string{"gcp/shop-prod"}, 5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := gather(t, estate(t, server(t, replaygcp.Options{State: state(t)}), tt.config))
				var scopes []string
				for scope, l := range r.listings {
					scopes = append(scopes, scope)
					if !l.Complete || l.Type != "" || l.Connector != "c" || l.At.IsZero() {
						t.Errorf("listing %+v, want a complete one of every type", l)
					}
				}
				slices.Sort(scopes)
				if diff := godiff.Diff(tt.scopes, scopes); diff != "" || r.err != nil || len(r.gaps) > 0 {
					t.Errorf("Gather = %v, gaps %v; scopes (-want +got):\n%s", r.err, r.gaps, diff)
				}
				if len(r.assets) != tt.assets {
					t.Errorf("%d assets, want %d:\n%s", len(r.assets), tt.assets, r)
				}
			})
		})
	}
}

// TestAbove says of policies above the root that they are unknown.
func TestAbove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := gather(t, estate(t, server(t, replaygcp.Options{State: state(t)}), gcp.Config{Folder: "700"}))
		got := string(bulwark.AppendJSON(nil, r.assets["live://cloudresourcemanager.googleapis.com/projects/101"].Observed))
		want := `{"constraints":[{"$unknown":"the policies of organizations/900 are outside of what the connector reads"}],` +
			`"auditLogs":[{"$unknown":"the audit configurations of organizations/900 are outside of what the connector reads"}],` +
			`"auditExemptMembers":[{"$unknown":"the audit configurations of organizations/900 are outside of what the connector reads"}],` +
			`"logsExported":{"$unknown":"the log sinks of organizations/900 are outside of what the connector reads"}}`
		if got != want {
			t.Errorf("observed\n%s, want\n%s", got, want)
		}
	})
}

// TestOneProjectFails keeps what the others tell.
func TestOneProjectFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := gcp.Config{Organization: "900", Projects: []string{"absent-project", "lab-test"}}
		r := gather(t, estate(t, server(t, replaygcp.Options{State: state(t)}), config))
		if r.err != nil || !r.listings["gcp/lab-test"].Complete || len(r.assets) != 4 {
			t.Errorf("Gather = %v, want the project that is there:\n%s", r.err, r)
		}
		if l := r.listings["gcp/absent-project"]; l.Complete || l.Gap == nil || l.Gap.Needs != "cloudasset.assets.listResource" {
			t.Errorf("listing of the project that is not there: %+v, want its gap", l)
		}
	})
}

// TestSnapshot reads one instant while the estate changes under the pages.
func TestSnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		want, _ := clean(t)
		st := state(t)
		s := server(t, replaygcp.Options{State: st, Page: 2, Limits: replay.Unlimited})
		e := estate(t, s, gcp.Config{})
		n := 0
		got := result{assets: map[string]*bulwark.Asset{}, listings: map[string]bulwark.Listing{}}
		got.err = e.Gather(t.Context(), func(g bulwark.Gathered) error {
			if g.Asset != nil {
				got.assets[g.Asset.ID] = g.Asset
				if n++; n == 1 {
					time.Sleep(time.Second)
					st.Delete(time.Now(), "//storage.googleapis.com/shop-logs")
					st.Set(time.Now(), replaygcp.Resource{Name: "//storage.googleapis.com/shop-new", Type: "storage.googleapis.com/Bucket", Ancestors: []string{"projects/101", "folders/700", "organizations/900"}})
				}
			}
			return nil
		})
		if got.err != nil || len(got.assets) != len(want.assets) || got.assets["live://storage.googleapis.com/shop-logs"] == nil {
			t.Errorf("Gather = %v, want the estate as it was:\n%s", got.err, got)
		}
		next := gather(t, e)
		if next.assets["live://storage.googleapis.com/shop-logs"] != nil || next.assets["live://storage.googleapis.com/shop-new"] == nil {
			t.Errorf("the next run tells\n%s, want the change", next)
		}
	})
}

func TestScopes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got, err := estate(t, server(t, replaygcp.Options{State: state(t)}), gcp.Config{}).Scopes(t.Context())
		want := []bulwark.ScopeInfo{{Path: "gcp/folders/700", Name: "Production", Kind: "folder"}, {Path: "gcp/lab-test", Name: "Lab", Kind: "project"},
			{Path: "gcp/organizations/900", Name: "shop.example", Kind: "organization"}, {Path: "gcp/shop-prod", Name: "Shop", Kind: "project"}}
		if diff := godiff.Diff(want, got); diff != "" || err != nil {
			t.Errorf("Scopes = %v (-want +got):\n%s", err, diff)
		}
	})
}

// TestProbe tries permissions that are there, denied, of a service that is off,
// and that cannot be tried.
func TestProbe(t *testing.T) {
	tests := []struct {
		name string
		o    replaygcp.Options
		want string
	}{
		{"all", replaygcp.Options{}, `cloudasset.assets.listResource allowed
cloudasset.assets.listIamPolicy allowed
cloudasset.assets.listOrgPolicy allowed
cloudasset.assets.listAccessPolicy allowed
essentialcontacts.contacts.list allowed
bigquery.datasets.get allowed`},
		{"some denied", replaygcp.Options{Denied: []string{"cloudasset.assets.listIamPolicy", "bigquery.*"}}, `cloudasset.assets.listResource allowed
cloudasset.assets.listIamPolicy denied
cloudasset.assets.listOrgPolicy allowed
cloudasset.assets.listAccessPolicy allowed
essentialcontacts.contacts.list allowed
bigquery.datasets.get denied`},
		{"services off", replaygcp.Options{Disabled: []string{"essentialcontacts", "cloudresourcemanager"}}, `cloudasset.assets.listResource allowed
cloudasset.assets.listIamPolicy allowed
cloudasset.assets.listOrgPolicy allowed
cloudasset.assets.listAccessPolicy allowed
essentialcontacts.contacts.list denied
bigquery.datasets.get untried`},
		{"not reached", replaygcp.Options{Faults: []replay.Rule{{Kind: replay.Timeout}}}, `cloudasset.assets.listResource unreachable
cloudasset.assets.listIamPolicy unreachable
cloudasset.assets.listOrgPolicy unreachable
cloudasset.assets.listAccessPolicy unreachable
essentialcontacts.contacts.list unreachable
bigquery.datasets.get untried`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tt.o.State = state(t)
				var got []string
				err := estate(t, server(t, tt.o), gcp.Config{}).Probe(t.Context(), func(p bulwark.Probe) error {
					got = append(got, p.Permission+" "+string(p.State))
					if p.State != bulwark.ProbeAllowed && p.Why == "" {
						t.Errorf("%s is %s and does not say why", p.Permission, p.State)
					}
					return nil
				})
				if diff := godiff.Diff(tt.want, strings.Join(got, "\n")); diff != "" || err != nil {
					t.Errorf("Probe = %v (-want +got):\n%s", err, diff)
				}
			})
		})
	}
}

// TestPlan foresees what a run then calls.
func TestPlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server(t, replaygcp.Options{State: state(t)})
		e := estate(t, s, gcp.Config{})
		plan, err := e.Plan(t.Context())
		if err != nil || plan.Total != 6 || len(plan.Scopes) != 4 {
			t.Fatalf("Plan = %+v, %v, want 6 calls over 4 scopes", plan, err)
		}
		gather(t, e)
		before := e.Calls()
		if plan, err = e.Plan(t.Context()); err != nil {
			t.Fatal(err)
		}
		planned := e.Calls()
		gather(t, e)
		if made := e.Calls() - planned; made != plan.Total || plan.Logged != 1 || planned == before {
			t.Errorf("a run makes %d calls, want the %d that were planned: %+v", made, plan.Total, plan.Calls)
		}
	})
}

// TestAccess has a permission for every call of a run.
func TestAccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server(t, replaygcp.Options{State: state(t)})
		e := estate(t, s, gcp.Config{})
		gather(t, e)
		var listed []string
		for _, a := range e.Access() {
			listed = append(listed, a.Calls...)
		}
		for call := range s.Counts() {
			name, _, _ := strings.Cut(call, " ")
			if name != "oauth2:token" && !slices.Contains(listed, name) {
				t.Errorf("a run calls %s, for which Access has no permission", call)
			}
		}
	})
}

// TestCredentials reaches the server over a port by every kind of credential
// that needs no machine of the provider.
func TestCredentials(t *testing.T) {
	s := server(t, replaygcp.Options{State: state(t), Subject: "subject-1", Limits: replay.Unlimited})
	front := httptest.NewServer(s)
	defer front.Close()
	file := filepath.Join(t.TempDir(), "subject")
	if err := os.WriteFile(file, []byte("subject-1"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name       string
		credential gcp.Credential
		secret     []byte
		want       bulwark.FaultKind
	}{
		{"key", gcp.Credential{Kind: gcp.CredentialKey}, s.Credential(front.URL), ""},
		{"federation", gcp.Credential{Kind: gcp.CredentialFederation}, s.Federation(front.URL, file), ""},
		{"impersonation", gcp.Credential{Kind: gcp.CredentialKey, Impersonate: "reader@ops-tools.iam.gserviceaccount.com"}, s.Credential(front.URL), ""},
		{"key of another", gcp.Credential{Kind: gcp.CredentialKey}, []byte(strings.Replace(string(s.Credential(front.URL)), "bulwark@", "other@", 1)), bulwark.FaultCredentials},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := gcp.New(gcp.Config{Organization: "900", Endpoint: front.URL, Credential: tt.credential}, gcp.Options{Connector: "c", Secret: &gcp.Secret{File: string(tt.secret)}, Types: types, SecretKey: []byte("k"), Local: true})
			if err != nil {
				t.Fatal(err)
			}
			r := gather(t, e)
			var f *bulwark.Fault
			errors.As(r.err, &f)
			switch {
			case tt.want == "" && r.err == nil:
				if diff := godiff.Diff(string(section(readArchive(t), "want").Data), r.String()); diff != "" {
					t.Errorf("Gather (-want +got):\n%s", diff)
				}
			case f == nil || f.Kind != tt.want:
				t.Errorf("Gather = %v, want %s", r.err, cmp.Or(string(tt.want), "no error"))
			}
		})
	}
}

// TestRefusedConfig says what is wrong before any call is made.
func TestRefusedConfig(t *testing.T) {
	s := server(t, replaygcp.Options{})
	key := func(field, value string) []byte {
		var m map[string]any
		if err := json.Unmarshal(s.Credential(""), &m); err != nil {
			t.Fatal(err)
		}
		m[field] = value
		data, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	tests := []struct {
		name   string
		config gcp.Config
		secret []byte
		want   string
	}{
		{"no root", gcp.Config{}, nil, "set one of organization, folder and project, not 0"},
		{"two roots", gcp.Config{Organization: "1", Folder: "2"}, nil, "not 2"},
		{"a path", gcp.Config{Project: "a/../b"}, nil, "neither an id nor a number"},
		{"a name for a number", gcp.Config{Organization: "shop.example"}, nil, "is not a number"},
		{"endpoint", gcp.Config{Organization: "1", Endpoint: "file:///etc"}, nil, "is not the address of a server"},
		{"endpoint elsewhere", gcp.Config{Organization: "1", Endpoint: "https://elsewhere.example"}, nil, "is not a loopback address"},
		{"no key", gcp.Config{Organization: "1", Credential: gcp.Credential{Kind: gcp.CredentialKey}}, []byte("{}"), "no private key"},
		{"a key whose tokens come from elsewhere", gcp.Config{Organization: "1", Credential: gcp.Credential{Kind: gcp.CredentialKey}}, key("token_uri", "https://elsewhere.example/token"), "want an address below https://*.googleapis.com"},
		{"federation by a program", gcp.Config{Organization: "1", Credential: gcp.Credential{Kind: gcp.CredentialFederation}}, []byte(`{"type":"external_account","credential_source":{"executable":{"command":"x"}}}`), "runs a program"},
		{"federation by another's service", gcp.Config{Organization: "1", Credential: gcp.Credential{Kind: gcp.CredentialFederation}}, []byte(`{"type":"external_account","token_url":"https://sts.elsewhere.example/"}`), "token_url is"},
		{"an unknown kind", gcp.Config{Organization: "1", Credential: gcp.Credential{Kind: "guess"}}, nil, "credential kind"},
		{"an account that is none", gcp.Config{Organization: "1", Credential: gcp.Credential{Kind: gcp.CredentialKey, Impersonate: "x/y@z"}}, s.Credential(""), "is not the e-mail address"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := gcp.New(tt.config, gcp.Options{Secret: &gcp.Secret{File: string(tt.secret)}, Local: true})
			if !errors.Is(err, bulwark.ErrInvalid) || !strings.Contains(fmt.Sprint(err), tt.want) {
				t.Errorf("New = %v, want one of kind ErrInvalid that says %q", err, tt.want)
			}
		})
	}
}
