package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/store"
)

func testAssets(t *testing.T, open Open) {
	c := newClock()
	s := open(options(c))
	a := asset(t, scopeA, "logs", `{"A": [1, 2.5, true, null, "x"], "U": {"$unknown": "denied"}, "S": {"$secret": ["key", "ab"]}, "$$x": {"B": "ü"}}`)
	a.Observed = value(t, a.ID, `{"LastUsed": "2026-01-01"}`)
	a.Relations = []bulwark.Relation{{Name: "key", Inverse: "buckets", Type: "AWS::KMS::Key", Target: "live:key1"}, {Name: "role", Reason: "denied"}}
	a.Aliases = []string{"live:other"}
	code := &bulwark.Asset{ID: "code:repo//infra//aws_s3_bucket.b", Type: bucket, Name: "b", Scope: "code/repo/infra", Connector: "c1",
		Position:     bulwark.Position{File: "main.tf", Line: 3, EndLine: 9, Via: []string{"module.x"}},
		Declarations: []bulwark.Declaration{{Address: "aws_s3_bucket.b", Position: bulwark.Position{File: "main.tf", Line: 3}}},
		Suppressions: []bulwark.Suppression{{Tool: "checkov", ID: "CKV_AWS_1", Reason: "why", Position: bulwark.Position{File: "main.tf", Line: 4}}}}
	var err error
	code.Properties, err = bulwark.DecodeJSON([]byte("{\n\"A\":\n {\"B\": [\n1]}}"), bulwark.DecodeOptions{File: "main.tf", Asset: code.ID})
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, a)
	put(t, s, code)
	for _, want := range []*bulwark.Asset{a, code} {
		got, row, err := s.Asset(ctx(t), want.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !bulwark.Equal(got.Properties, want.Properties) || !bulwark.Equal(got.Observed, want.Observed) {
			t.Errorf("Asset(%s) = %v %v, want %v %v", want.ID, got.Properties, got.Observed, want.Properties, want.Observed)
		}
		g, w := *got, *want
		g.Properties, g.Observed, w.Properties, w.Observed = bulwark.Value{}, bulwark.Value{}, bulwark.Value{}, bulwark.Value{}
		if diff := cmp.Diff(w, g, cmp.Comparer(bulwark.Equal)); diff != "" {
			t.Errorf("Asset(%s) (-want +got):\n%s", want.ID, diff)
		}
		if p, q := got.Properties.At("A", "B").Index(0).Position(), want.Properties.At("A", "B").Index(0).Position(); !cmp.Equal(p, q) {
			t.Errorf("position = %v, want %v", p, q)
		}
		wantRow := bulwark.AssetRow{ID: want.ID, Type: bucket, Name: want.Name, Scope: want.Scope, Origin: want.Origin(), Region: want.Region, Connector: "c1", FirstSeen: c.now, Changed: c.now}
		if diff := cmp.Diff(wantRow, row); diff != "" {
			t.Errorf("row of %s (-want +got):\n%s", want.ID, diff)
		}
	}
	if _, _, err := s.Asset(ctx(t), "live:nobody"); !errors.Is(err, bulwark.ErrNotFound) {
		t.Errorf("Asset(nobody) = %v, want not found", err)
	}
	if got := must[[]string](t)(s.Sources(ctx(t), "live:key1", "buckets", 10)); len(got) != 1 || got[0] != a.ID {
		t.Errorf("Sources = %v, want %s", got, a.ID)
	}
	rel := must[[]bulwark.Relation](t)(s.RelationsTo(ctx(t), "live:key1", 10))
	if diff := cmp.Diff([]bulwark.Relation{{Name: "key", Inverse: "buckets", Type: bucket, Target: a.ID}}, rel); diff != "" {
		t.Errorf("RelationsTo (-want +got):\n%s", diff)
	}
	if got := put(t, s, a); got != (store.Applied{}) {
		t.Errorf("second Put = %+v, want nothing", got)
	}
	b := *a
	b.Relations = nil
	if got := put(t, s, &b); got.Assets != 1 {
		t.Errorf("Put without relations = %+v, want 1 asset", got)
	}
	if got := must[[]string](t)(s.Sources(ctx(t), "live:key1", "buckets", 10)); len(got) != 0 {
		t.Errorf("Sources after = %v, want none", got)
	}
}

func testAssetLists(t *testing.T, open Open) {
	s := open(options(newClock()))
	for _, scope := range []string{scopeA, scopeB, "aws/1111111111110"} {
		var list []*bulwark.Asset
		for i := range 7 {
			a := asset(t, scope, fmt.Sprintf("n%d", i%4), `{}`)
			a.ID += fmt.Sprintf("/%d", i)
			if i == 6 {
				a.Type, a.Region = "AWS::IAM::Role", ""
			}
			list = append(list, a)
		}
		put(t, s, list...)
	}
	for _, sort := range []string{"", "name", "-name", "type", "-type", "unhealthy", "-highest", "changed", "-changed"} {
		seen := map[string]bool{}
		last := ""
		q := bulwark.AssetQuery{Scopes: []string{scopeA, scopeB}, Page: bulwark.Page{Limit: 3, Sort: sort}}
		for pages := 0; ; pages++ {
			rows, next, err := s.Assets(ctx(t), q)
			if err != nil {
				t.Fatalf("sort %q: %v", sort, err)
			}
			for _, r := range rows {
				if seen[r.ID] {
					t.Errorf("sort %q: %s twice", sort, r.ID)
				}
				seen[r.ID] = true
				switch sort {
				case "", "name":
					if r.Name < last {
						t.Errorf("sort %q: %s after %s", sort, r.Name, last)
					}
					last = r.Name
				case "-type":
					if last != "" && r.Type > last {
						t.Errorf("sort %q: %s after %s", sort, r.Type, last)
					}
					last = r.Type
				}
			}
			if next == "" {
				break
			}
			q.Cursor = next
		}
		if len(seen) != 14 {
			t.Errorf("sort %q: %d assets over all pages, want 14", sort, len(seen))
		}
	}
	filterAssets(t, s)
}

// filterAssets holds lists, counts and facets of the same query to each other.
func filterAssets(t *testing.T, s *store.Store) {
	t.Helper()
	for _, page := range []bulwark.Page{{Sort: "nothing"}, {Cursor: "???"}, {Sort: "-"}} {
		if _, _, err := s.Assets(ctx(t), bulwark.AssetQuery{Page: page}); !errors.Is(err, bulwark.ErrInvalid) {
			t.Errorf("Assets(%+v) = %v, want invalid", page, err)
		}
	}
	for _, tt := range []struct {
		q    bulwark.AssetQuery
		want int64
	}{
		{bulwark.AssetQuery{}, 21}, {bulwark.AssetQuery{Scopes: []string{"aws"}}, 21}, {bulwark.AssetQuery{Scopes: []string{scopeA}}, 7},
		{bulwark.AssetQuery{Scopes: []string{"aw"}}, 0}, {bulwark.AssetQuery{Types: []string{bucket}}, 18}, {bulwark.AssetQuery{Regions: []string{"eu-west-1"}, Types: []string{"AWS::IAM::Role"}}, 0},
		{bulwark.AssetQuery{Text: "N3"}, 3}, {bulwark.AssetQuery{Text: "100%_"}, 0}, {bulwark.AssetQuery{Origins: []bulwark.Origin{bulwark.Code}}, 0},
		{bulwark.AssetQuery{Stale: new(bool)}, 21},
	} {
		facets, n, err := s.AssetFacets(ctx(t), tt.q)
		if err != nil {
			t.Fatal(err)
		}
		tt.q.Limit = 1000
		rows, _, err := s.Assets(ctx(t), tt.q)
		if err != nil {
			t.Fatal(err)
		}
		var byType int64
		for _, f := range facets["type"] {
			byType += f.Count
		}
		if n != tt.want || int64(len(rows)) != n || byType != n {
			t.Errorf("%+v: %d counted, %d by type, %d listed, want %d", tt.q, n, byType, len(rows), tt.want)
		}
	}
	if got := must[[]bulwark.AssetRow](t)(s.AssetRows(ctx(t), []string{"live:arn:aws:s3:::" + scopeA + "/n0/0", "live:nobody"})); len(got) != 1 {
		t.Errorf("AssetRows = %v, want one", got)
	}
}

func testHostileTexts(t *testing.T, open Open) {
	s := open(options(newClock()))
	a := asset(t, scopeA, "n\x00\xff"+strings.Repeat("長", 400), `{"k": "a\u0000b"}`)
	a.ID, a.Region, a.Connector, a.Type = "live:\xff\x00x", "r\x00", "c\xff", "T\x00"
	a.Relations = []bulwark.Relation{{Name: "r\x00", Target: "live:\x00t"}}
	v := verdict(a, 1, unhealthy)
	v.Assessments[0].Because = "bad \xff\x00"
	v.Assessments[0].Instances = []bulwark.Instance{{Key: strings.Repeat("k", 5000) + "\x00"}, {Key: strings.Repeat("k", 5000) + "1"}, {Key: "'; DROP TABLE assets; --"}}
	apply(t, s, v)
	if got, row, err := s.Asset(ctx(t), a.ID); err != nil || got.Properties.At("k").Text() != "a\x00b" || row.Type != "T" {
		t.Errorf("Asset = %v %+v, %v", got, row, err)
	}
	if got := findings(t, s, bulwark.FindingQuery{}); len(got) != 3 {
		t.Errorf("%d findings, want 3", len(got))
	}
	err := s.Audit(ctx(t), bulwark.AuditEntry{Actor: "a\x00", Action: "b\xff"})
	if err != nil {
		t.Error(err)
	}
	if _, _, err := s.VerifyAudit(ctx(t)); err != nil {
		t.Error(err)
	}
}

func testGone(t *testing.T, open Open) {
	c := newClock()
	s := open(options(c))
	a, b := asset(t, scopeA, "a", `{"v": 1}`), asset(t, scopeA, "b", `{}`)
	apply(t, s, verdict(a, s.Revision(), unhealthy, healthy), verdict(b, s.Revision(), unhealthy, unknown))
	other := asset(t, scopeB, "o", `{}`)
	apply(t, s, verdict(other, s.Revision(), unhealthy))
	listing := bulwark.Listing{Connector: "c1", Scope: scopeA, Type: bucket, Region: "eu-west-1", Complete: true, At: c.now}
	var seen store.Seen
	seen.Add(b.ID)
	c.advance(time.Hour)
	got, err := completeListing(t, s, listing, &seen)
	if err != nil || got.Gone != 1 || got.Resolved != 1 {
		t.Fatalf("Absent = %+v, %v, want one gone, one resolved", got, err)
	}
	if diff := cmp.Diff([]string{"a t/a  resolved", "b t/a  open", "o t/a  open"}, findings(t, s, bulwark.FindingQuery{})); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if rows, _, _ := s.Assets(ctx(t), bulwark.AssetQuery{Scopes: []string{scopeA}}); len(rows) != 1 {
		t.Errorf("%d assets listed, want 1", len(rows))
	}
	sound(t, s)
	if got, err := completeListing(t, s, listing, &seen); err != nil || got != (store.Applied{}) {
		t.Errorf("again = %+v, %v, want nothing", got, err)
	}
	c.advance(time.Hour)
	apply(t, s, verdict(a, s.Revision(), unhealthy, healthy))
	if diff := cmp.Diff([]string{"a t/a  open reopened 1", "b t/a  open", "o t/a  open"}, findings(t, s, bulwark.FindingQuery{})); diff != "" {
		t.Errorf("findings when back (-want +got):\n%s", diff)
	}
	var history []string
	for _, v := range must[[]bulwark.Version](t)(s.Versions(ctx(t), a.ID)) {
		history = append(history, fmt.Sprintf("%d %v %s", v.Number, v.Gone, v.At.Format("15:04")))
	}
	if diff := cmp.Diff([]string{"3 false 14:00", "2 true 13:00", "1 false 12:00"}, history); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
	if _, err := s.ConfigAt(ctx(t), a.ID, 2); !errors.Is(err, bulwark.ErrNotFound) {
		t.Errorf("ConfigAt(gone) = %v, want not found", err)
	}
	if v, err := s.ConfigAt(ctx(t), a.ID, 1); err != nil || v.At("v").Int() != 1 {
		t.Errorf("ConfigAt(1) = %v, %v", v, err)
	}
	sound(t, s)
	// A listing of all types in all regions.
	if got, err := completeListing(t, s, bulwark.Listing{Connector: "c1", Scope: scopeA, Complete: true}, nil); err != nil || got.Gone != 2 {
		t.Errorf("Absent of everything = %+v, %v, want 2 gone", got, err)
	}
	sound(t, s)
	if list := must[[]bulwark.Listing](t)(s.Listings(ctx(t), []string{scopeA})); len(list) != 2 || list[0].Type == list[1].Type {
		t.Errorf("Listings = %+v, want two", list)
	}
}

func testFailedListing(t *testing.T, open Open) {
	s := open(options(newClock()))
	put(t, s, asset(t, scopeA, "a", `{}`))
	listing := bulwark.Listing{Connector: "c1", Scope: scopeA, Type: bucket, Region: "eu-west-1", Gap: &bulwark.Gap{What: "listing", Where: "here", Why: "denied"}}
	if got, err := completeListing(t, s, listing, nil); err != nil || got != (store.Applied{}) {
		t.Fatalf("failed listing = %+v, %v", got, err)
	}
	yes := true
	stale := func() int { rows, _, _ := s.Assets(ctx(t), bulwark.AssetQuery{Stale: &yes}); return len(rows) }
	if n := stale(); n != 1 {
		t.Errorf("%d stale, want 1", n)
	}
	if l := must[[]bulwark.Listing](t)(s.Listings(ctx(t), nil)); len(l) != 1 || l[0].Gap == nil || l[0].Gap.Why != "denied" {
		t.Errorf("Listings = %+v", l)
	}
	listing.Complete, listing.Gap = true, nil
	var seen store.Seen
	seen.Add(asset(t, scopeA, "a", `{}`).ID)
	if _, err := completeListing(t, s, listing, &seen); err != nil {
		t.Fatal(err)
	}
	if n := stale(); n != 0 {
		t.Errorf("%d stale after a whole listing, want 0", n)
	}
	if err := s.RemoveConnector(ctx(t), "c1"); err != nil {
		t.Fatal(err)
	}
	if n := stale(); n != 1 {
		t.Errorf("%d stale without connector, want 1", n)
	}
}

func testMoved(t *testing.T, open Open) {
	s := open(options(newClock()))
	a := asset(t, scopeA, "a", `{}`)
	apply(t, s, verdict(a, s.Revision(), unhealthy))
	b := *a
	b.Scope = scopeB
	put(t, s, &b)
	sound(t, s)
	if got := must[[]string](t)(s.DirtyScopes(ctx(t))); len(got) != 1 || got[0] != scopeB {
		t.Errorf("DirtyScopes = %v, want %s", got, scopeB)
	}
	apply(t, s, verdict(&b, s.Revision(), healthy))
	if got := findings(t, s, bulwark.FindingQuery{Scopes: []string{scopeB}}); len(got) != 1 || got[0] != "a t/a  resolved" {
		t.Errorf("findings = %v, want one resolved", got)
	}
	sound(t, s)
}

func testHistory(t *testing.T, open Open) {
	c := newClock()
	o := options(c)
	o.HistoryVersions = 10
	s := open(o)
	var a *bulwark.Asset
	for i := range 15 {
		c.advance(time.Minute)
		a = asset(t, scopeA, "a", fmt.Sprintf(`{"v": %d, "same": "%s"}`, i, strings.Repeat("x", 200)))
		put(t, s, a)
		put(t, s, a)
	}
	list := must[[]bulwark.Version](t)(s.Versions(ctx(t), a.ID))
	if len(list) != 10 || list[0].Number != 15 || list[9].Number != 6 {
		t.Fatalf("Versions = %+v, want 15 … 6", list)
	}
	for _, v := range list {
		got, err := s.ConfigAt(ctx(t), a.ID, v.Number)
		if err != nil || got.At("v").Int() != v.Number-1 || bulwark.Digest(got, nil) != v.Digest {
			t.Errorf("ConfigAt(%d) = %v, %v", v.Number, got, err)
		}
	}
	for _, n := range []int64{0, 5, 16} {
		if _, err := s.ConfigAt(ctx(t), a.ID, n); !errors.Is(err, bulwark.ErrNotFound) {
			t.Errorf("ConfigAt(%d) = %v, want not found", n, err)
		}
	}
	c.advance(401 * 24 * time.Hour)
	put(t, s, asset(t, scopeA, "a", `{"v": "new"}`))
	if list := must[[]bulwark.Version](t)(s.Versions(ctx(t), a.ID)); len(list) != 1 {
		t.Errorf("after 401 days Versions = %+v, want the newest alone", list)
	}
}
