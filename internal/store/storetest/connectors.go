package storetest

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/store"
)

func testConnectors(t *testing.T, open Open) {
	o := options(newClock())
	o.KeyFile = filepath.Join(t.TempDir(), "key")
	s := open(o)
	c1 := bulwark.ConnectorSpec{ID: "c1", Kind: "aws", Name: "All accounts", Enabled: true, Interval: time.Hour, Config: []byte(`{"regions":["eu-west-1"]}`)}
	c2 := bulwark.ConnectorSpec{ID: "c2", Kind: "iac", Name: "examples", Config: []byte(`{}`)}
	for _, err := range []error{s.SaveConnector(ctx(t), c2, nil), s.SaveConnector(ctx(t), c1, []byte("hush"))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]bulwark.ConnectorSpec{c1, c2}, must[[]bulwark.ConnectorSpec](t)(s.Connectors(ctx(t)))); diff != "" {
		t.Errorf("Connectors (-want +got):\n%s", diff)
	}
	secret := func() string {
		t.Helper()
		plain, err := s.Unseal(ctx(t), store.SecretOf("c1"))
		if err != nil && !errors.Is(err, bulwark.ErrNotFound) {
			t.Fatal(err)
		}
		return string(plain)
	}
	for _, step := range []struct {
		secret []byte
		want   string
	}{{nil, "hush"}, {[]byte("other"), "other"}, {[]byte{}, ""}, {[]byte("again"), "again"}} {
		c1.Enabled = !c1.Enabled
		if err := s.SaveConnector(ctx(t), c1, step.secret); err != nil {
			t.Fatal(err)
		}
		if got := secret(); got != step.want {
			t.Errorf("after a secret of %q: %q is sealed, want %q", step.secret, got, step.want)
		}
	}
	if list := must[[]bulwark.ConnectorSpec](t)(s.Connectors(ctx(t))); len(list) != 2 || list[0].Enabled != c1.Enabled {
		t.Errorf("Connectors = %+v, want two, c1 changed", list)
	}

	if diff := cmp.Diff([]string{store.SecretOf("c1")}, must[[]string](t)(s.Secrets(ctx(t)))); diff != "" {
		t.Errorf("Secrets (-want +got):\n%s", diff)
	}
	a, b := must[[]byte](t)(s.Subkey("a")), must[[]byte](t)(s.Subkey("b"))
	if err := s.RotateKeys(ctx(t)); err != nil {
		t.Fatal(err)
	}
	if got := must[[]byte](t)(open(o).Subkey("a")); len(a) != 32 || string(a) == string(b) || string(got) != string(a) {
		t.Errorf("subkeys %x and %x, after a rotation %x; want two of 32 bytes that last", a, b, got)
	}

	put(t, s, asset(t, scopeA, "a", `{}`))
	gap := bulwark.GapRow{Gap: bulwark.Gap{What: "listing", Where: "w", Why: "denied"}, Connector: "c1", Scope: scopeA}
	_, err := completeListing(t, s, bulwark.Listing{Connector: "c1", Scope: scopeB, Complete: true}, nil)
	if err = errors.Join(err, s.ReportGaps(ctx(t), "r", []bulwark.GapRow{gap})); err != nil {
		t.Fatal(err)
	}
	scopes := must[map[string][]bulwark.ConnectorScope](t)(s.ConnectorScopes(ctx(t)))
	if list := scopes["c1"]; len(list) != 2 || list[0].Path != scopeA || list[0].Assets != 1 || list[0].Stale != 0 || list[0].Gaps != 1 || list[1].Path != scopeB || list[1].Assets != 0 {
		t.Errorf("ConnectorScopes = %+v, want both scopes, an asset and a gap in one", list)
	}

	if err := s.RemoveConnector(ctx(t), "c1"); err != nil {
		t.Fatal(err)
	}
	if got := secret(); got != "" {
		t.Errorf("the secret of a removed connector is %q, want none", got)
	}
	if rows, _, err := s.Gaps(ctx(t), bulwark.GapQuery{}); err != nil || len(rows) != 0 {
		t.Errorf("gaps of a removed connector = %+v, %v, want none", rows, err)
	}
	yes := true
	if rows, _, err := s.Assets(ctx(t), bulwark.AssetQuery{Stale: &yes}); err != nil || len(rows) != 1 {
		t.Errorf("stale assets of a removed connector = %+v, %v, want its one", rows, err)
	}
	scopes = must[map[string][]bulwark.ConnectorScope](t)(s.ConnectorScopes(ctx(t)))
	if list := scopes["c1"]; len(list) != 1 || list[0].Stale != 1 {
		t.Errorf("ConnectorScopes after removal = %+v, want the stale asset's", list)
	}
	o.KeyFile = ""
	if err := open(o).SaveConnector(ctx(t), c1, []byte("x")); !errors.Is(err, bulwark.ErrUnavailable) {
		t.Errorf("SaveConnector with a secret and no keys = %v, want unavailable", err)
	}
}

// testRemove takes assets out by their ids, as a watch does.
func testRemove(t *testing.T, open Open) {
	s := open(options(newClock()))
	a, b, other := asset(t, scopeA, "a", `{}`), asset(t, scopeB, "b", `{}`), asset(t, scopeA, "c", `{}`)
	other.Connector = "c2"
	for _, x := range []*bulwark.Asset{a, b, other} {
		apply(t, s, verdict(x, s.Revision(), unhealthy))
	}
	ids := []string{a.ID, b.ID, other.ID, "live:nobody"}
	if got, err := s.Remove(ctx(t), "c1", ids); err != nil || got.Gone != 2 || got.Resolved != 2 {
		t.Fatalf("Remove = %+v, %v, want two gone and two findings resolved", got, err)
	}
	sound(t, s)
	if got, err := s.Remove(ctx(t), "c1", ids); err != nil || got != (store.Applied{}) {
		t.Errorf("second Remove = %+v, %v, want nothing", got, err)
	}
	if rows, _, err := s.Assets(ctx(t), bulwark.AssetQuery{}); err != nil || len(rows) != 1 || rows[0].ID != other.ID {
		t.Errorf("assets left = %+v, %v, want the other connector's", rows, err)
	}
	put(t, s, a)
	if list := must[[]bulwark.Version](t)(s.Versions(ctx(t), a.ID)); len(list) != 3 || !list[1].Gone {
		t.Errorf("versions of what came back = %+v, want three, the second gone", list)
	}
	sound(t, s)
}

// completeListing notes a listing and takes out what it did not name.
func completeListing(t *testing.T, s *store.Store, l bulwark.Listing, seen *store.Seen) (store.Applied, error) {
	if err := s.NoteListings(ctx(t), []bulwark.Listing{l}); err != nil {
		return store.Applied{}, err
	}
	return s.Absent(ctx(t), l, seen)
}

func testUnlisted(t *testing.T, open Open) {
	s := open(options(newClock()))
	eu, us := asset(t, scopeA, "a", `{}`), asset(t, scopeA, "b", `{}`)
	us.Region = "us-east-1"
	put(t, s, eu, us)
	at := func(region string, complete bool) bulwark.Listing {
		return bulwark.Listing{Connector: "c1", Scope: scopeA, Type: bucket, Region: region, Complete: complete}
	}
	if err := s.NoteListings(ctx(t), []bulwark.Listing{at("eu-west-1", true), at("us-east-1", true), at("us-west-2", true)}); err != nil {
		t.Fatal(err)
	}
	listed := func(p store.Place) bool { return p.Region == "eu-west-1" }
	for range 2 { // what is stale already is told again
		got, err := s.Unlisted(ctx(t), "c1", listed)
		if diff := cmp.Diff([]store.Place{{Scope: scopeA, Type: bucket, Region: "us-east-1"}}, got); diff != "" || err != nil {
			t.Errorf("Unlisted: %v (-want +got):\n%s", err, diff)
		}
	}
	var left []bulwark.Listing
	for _, l := range must[[]bulwark.Listing](t)(s.Listings(ctx(t), nil)) {
		left = append(left, at(l.Region, l.Complete))
	}
	if diff := cmp.Diff([]bulwark.Listing{at("eu-west-1", true), at("us-east-1", false)}, left); diff != "" {
		t.Errorf("listings: one that is not made any more is complete, or stands for nothing (-want +got):\n%s", diff)
	}
	yes := true
	if rows, _, err := s.Assets(ctx(t), bulwark.AssetQuery{Stale: &yes}); err != nil || len(rows) != 1 || rows[0].ID != us.ID {
		t.Errorf("stale = %+v, %v, want what was not listed", rows, err)
	}
	if got, err := s.Unlisted(ctx(t), "c2", func(store.Place) bool { return false }); err != nil || len(got) != 0 {
		t.Errorf("Unlisted of another connector = %v, %v, want none", got, err)
	}
	if err := s.NoteListings(ctx(t), []bulwark.Listing{{Connector: "c1", Scope: scopeA, Type: bucket, Region: "us-east-1", Complete: true}}); err != nil {
		t.Fatal(err)
	}
	if rows, _, err := s.Assets(ctx(t), bulwark.AssetQuery{Stale: &yes}); err != nil || len(rows) != 0 {
		t.Errorf("stale after it was listed again = %+v, %v, want none", rows, err)
	}
}

func testScopeNames(t *testing.T, open Open) {
	s := open(options(newClock()))
	put(t, s, asset(t, scopeA, "a", `{}`))
	name := func(list ...bulwark.ScopeInfo) {
		t.Helper()
		if err := s.NameScopes(ctx(t), list); err != nil {
			t.Fatal(err)
		}
	}
	name(bulwark.ScopeInfo{Path: scopeA, Name: "payments", Kind: "account"}, bulwark.ScopeInfo{Path: "azure/tenant-1", Name: "contoso", Kind: "tenant"})
	name(bulwark.ScopeInfo{Path: scopeA, Name: "payments-prod"}) // its kind stays
	got := map[string]string{}
	for _, v := range must[[]bulwark.Scope](t)(open(options(newClock())).Scopes(ctx(t))) {
		got[v.Path] = v.Kind + " " + v.Name
	}
	for path, want := range map[string]string{scopeA: "account payments-prod", "azure/tenant-1": "tenant contoso"} {
		if got[path] != want {
			t.Errorf("scope %s is %q, want %q", path, got[path], want)
		}
	}
}
