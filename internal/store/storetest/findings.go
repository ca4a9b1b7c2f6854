package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/store"
)

func testFindingLife(t *testing.T, open Open) {
	c := newClock()
	s := open(options(c))
	a := asset(t, scopeA, "a", `{}`)
	instances := func(states []bulwark.State, keys ...string) bulwark.Verdict {
		v := verdict(a, s.Revision(), states...)
		for _, k := range keys {
			v.Assessments[0].Instances = append(v.Assessments[0].Instances, bulwark.Instance{Key: k})
		}
		return v
	}
	steps := []struct {
		name string
		v    bulwark.Verdict
		want []string
	}{
		{"two_instances", instances([]bulwark.State{unhealthy, healthy}, "p1", "p2"), []string{"a t/a p1 open", "a t/a p2 open"}},
		{"one_mended", instances([]bulwark.State{unhealthy, healthy}, "p2"), []string{"a t/a p1 resolved", "a t/a p2 open"}},
		{"unknown_keeps", instances([]bulwark.State{unknown, healthy}), []string{"a t/a p1 resolved", "a t/a p2 open unverified"}},
		{"verified_again", instances([]bulwark.State{unhealthy, unknown}, "p2"), []string{"a t/a p1 resolved", "a t/a p2 open"}},
		{"back", instances([]bulwark.State{unhealthy, healthy}, "p1", "p1", "p2"), []string{"a t/a p1 open reopened 1", "a t/a p2 open"}},
		{"not_applicable_resolves", instances([]bulwark.State{na, unhealthy}), []string{"a t/a p1 resolved reopened 1", "a t/a p2 resolved", "a t/b  open"}},
		{"check_removed", verdict(a, s.Revision(), healthy), []string{"a t/a p1 resolved reopened 1", "a t/a p2 resolved", "a t/b  resolved"}},
	}
	for _, st := range steps {
		c.advance(time.Hour)
		st.v.Revision = s.Revision()
		apply(t, s, st.v)
		if diff := cmp.Diff(st.want, findings(t, s, bulwark.FindingQuery{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", st.name, diff)
		}
		sound(t, s)
	}
	id := bulwark.FindingID("t/a", a.ID, "p1")
	f, err := s.Finding(ctx(t), id)
	if err != nil || f.ID != id || !f.FirstSeen.Equal(newClock().now.Add(time.Hour)) || !f.ResolvedAt.Equal(newClock().now.Add(6*time.Hour)) {
		t.Errorf("Finding(%s) = %+v, %v", id, f, err)
	}
	if _, err := s.Finding(ctx(t), "f123"); !errors.Is(err, bulwark.ErrNotFound) {
		t.Errorf("Finding(f123) = %v, want not found", err)
	}
	turns := must[[]bulwark.Turn](t)(s.Turns(ctx(t), nil, newClock().now.Add(6*time.Hour)))
	want := []bulwark.Turn{{Check: "t/b", Scope: scopeA, Asset: a.ID, Opened: 1, Resolved: 1, At: c.now}, {Check: "t/a", Scope: scopeA, Asset: a.ID, Resolved: 2, At: newClock().now.Add(6 * time.Hour)}}
	if diff := cmp.Diff(want, turns); diff != "" {
		t.Errorf("Turns (-want +got):\n%s", diff)
	}
}

// testPartial holds findings whose part of an asset could not be judged to be
// unverified, not resolved, and to be resolved once it could, though nothing
// else of the verdict differs.
func testPartial(t *testing.T, open Open) {
	c := newClock()
	s := open(options(c))
	a := asset(t, scopeA, "a", `{}`)
	for _, st := range []struct {
		name    string
		keys    []string
		partial bool
		want    []string
	}{
		{"both_seen", []string{"p1", "p2"}, false, []string{"a t/a p1 open", "a t/a p2 open"}},
		{"one_not_seen", []string{"p2"}, true, []string{"a t/a p1 open unverified", "a t/a p2 open"}},
		{"both_seen_again", []string{"p1", "p2"}, false, []string{"a t/a p1 open", "a t/a p2 open"}},
		{"not_seen_again", []string{"p2"}, true, []string{"a t/a p1 open unverified", "a t/a p2 open"}},
		{"mended", []string{"p2"}, false, []string{"a t/a p1 resolved", "a t/a p2 open"}},
	} {
		c.advance(time.Hour)
		v := verdict(a, s.Revision(), unhealthy)
		v.Assessments[0].Partial = st.partial
		for _, k := range st.keys {
			v.Assessments[0].Instances = append(v.Assessments[0].Instances, bulwark.Instance{Key: k})
		}
		apply(t, s, v)
		if diff := cmp.Diff(st.want, findings(t, s, bulwark.FindingQuery{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", st.name, diff)
		}
		sound(t, s)
	}
}

func testEqual(t *testing.T, open Open) {
	s := open(options(newClock()))
	a := asset(t, scopeA, "a", `{}`)
	first := apply(t, s, verdict(a, s.Revision(), unhealthy, healthy))
	if first != (store.Applied{Assets: 1, Verdicts: 1, Opened: 1}) {
		t.Errorf("first = %+v", first)
	}
	n := len(must[[]store.Message](t)(s.Outbox(ctx(t), 100)))
	if again := apply(t, s, verdict(a, s.Revision(), unhealthy, healthy)); again != (store.Applied{}) {
		t.Errorf("again = %+v, want nothing", again)
	}
	if m := len(must[[]store.Message](t)(s.Outbox(ctx(t), 100))); m != n {
		t.Errorf("outbox grew from %d to %d", n, m)
	}
	other := verdict(a, s.Revision(), unhealthy, healthy)
	other.Assessments[0].Because = "another reason"
	if got := apply(t, s, other); got != (store.Applied{Verdicts: 1}) {
		t.Errorf("other evidence = %+v, want one verdict", got)
	}
	if f := must[[]bulwark.FindingRow](t)(first2(s.Findings(ctx(t), bulwark.FindingQuery{}))); len(f) != 1 || f[0].Because != "another reason" {
		t.Errorf("findings = %+v", f)
	}
	if _, err := s.Apply(ctx(t), scopeB, []bulwark.Verdict{other}); !errors.Is(err, bulwark.ErrInvalid) {
		t.Errorf("Apply in another scope = %v, want invalid", err)
	}
}

func first2[T, U any](v T, _ U, err error) (T, error) { return v, err }

func testOlder(t *testing.T, open Open) {
	s := open(options(newClock()))
	a := asset(t, scopeA, "a", `{}`)
	r := s.Revision()
	apply(t, s, verdict(a, r+5, healthy))
	if got := apply(t, s, verdict(a, r, unhealthy)); got != (store.Applied{Dropped: 1}) {
		t.Errorf("older = %+v, want it dropped", got)
	}
	if got := findings(t, s, bulwark.FindingQuery{}); len(got) != 0 {
		t.Errorf("findings = %v, want none", got)
	}
}

// drain judges what is marked, all healthy, and returns the names.
func drain(t *testing.T, s *store.Store, queries func(a *bulwark.Asset) []string) []string {
	t.Helper()
	var names []string
	for _, scope := range must[[]string](t)(s.DirtyScopes(ctx(t))) {
		var behind int64
		for {
			revision := s.Revision()
			list, last, err := s.Dirty(ctx(t), scope, behind, 2)
			if err != nil {
				t.Fatal(err)
			}
			if len(list) == 0 {
				break
			}
			behind = last
			var verdicts []bulwark.Verdict
			for _, a := range list {
				names = append(names, a.Name)
				v := verdict(a, revision, healthy)
				if queries != nil {
					v.Assessments[0].Queries = queries(a)
				}
				verdicts = append(verdicts, v)
			}
			if _, err := s.ApplyJudged(ctx(t), scope, verdicts); err != nil {
				t.Fatal(err)
			}
		}
	}
	slices.Sort(names)
	return names
}

func testMarks(t *testing.T, open Open) {
	c := newClock()
	s := open(options(c))
	var list []*bulwark.Asset
	for i := range 5 {
		list = append(list, asset(t, scopeA, fmt.Sprint("n", i), `{}`))
	}
	put(t, s, list...)
	far := asset(t, scopeB, "far", `{}`)
	put(t, s, far)
	all := []string{"far", "n0", "n1", "n2", "n3", "n4"}
	// far's verdict rests on n1.
	queries := func(a *bulwark.Asset) []string {
		if a.Name == "far" {
			return []string{"asset:" + far.ID, "asset:" + list[1].ID}
		}
		return []string{"asset:" + a.ID}
	}
	if got := drain(t, s, queries); !cmp.Equal(got, all) {
		t.Errorf("judged %v, want %v", got, all)
	}
	if got := drain(t, s, queries); len(got) != 0 {
		t.Errorf("judged again %v, want none", got)
	}
	changed := asset(t, scopeA, "n1", `{"x": 1}`)
	if got := put(t, s, changed, list[0]); got.Assets != 1 || got.Dirty != 1 {
		t.Errorf("Put = %+v, want 1 asset, 1 dependent", got)
	}
	if got := drain(t, s, queries); !cmp.Equal(got, []string{"far", "n1"}) {
		t.Errorf("judged %v, want far and n1", got)
	}
	if err := s.MarkTypes(ctx(t), []string{"T::None"}); err != nil {
		t.Fatal(err)
	}
	if n := must[int64](t)(s.CountDirty(ctx(t))); n != 0 {
		t.Errorf("%d marked by an unknown type", n)
	}
	if err := s.MarkTypes(ctx(t), []string{bucket}); err != nil {
		t.Fatal(err)
	}
	if got := drain(t, s, queries); !cmp.Equal(got, all) {
		t.Errorf("judged by type %v, want %v", got, all)
	}
	v := verdict(list[2], s.Revision(), healthy)
	v.Until = c.now.Add(time.Hour)
	apply(t, s, v)
	if next := must[time.Time](t)(s.MarkDue(ctx(t))); !next.Equal(v.Until) {
		t.Errorf("MarkDue = %v, want %v", next, v.Until)
	}
	c.advance(time.Hour)
	if next := must[time.Time](t)(s.MarkDue(ctx(t))); !next.IsZero() {
		t.Errorf("MarkDue = %v, want never", next)
	}
	if got := drain(t, s, queries); !cmp.Equal(got, []string{"n2"}) {
		t.Errorf("judged when due %v, want n2", got)
	}
	// What is gone dirties, too.
	var seen store.Seen
	seen.Add(list[0].ID)
	if _, err := completeListing(t, s, bulwark.Listing{Connector: "c1", Scope: scopeA, Complete: true}, &seen); err != nil {
		t.Fatal(err)
	}
	if got := drain(t, s, queries); !cmp.Equal(got, []string{"far"}) {
		t.Errorf("judged when gone %v, want far", got)
	}
}

// testMeanwhile changes an asset between the judgement of another that rests
// on it and the storing of that verdict.
func testMeanwhile(t *testing.T, open Open) {
	s := open(options(newClock()))
	a, b := asset(t, scopeA, "a", `{}`), asset(t, scopeA, "b", `{}`)
	put(t, s, a, b)
	revision := s.Revision()
	put(t, s, asset(t, scopeA, "b", `{"new": true}`))
	v := verdict(a, revision, healthy)
	v.Assessments[0].Queries = []string{"asset:" + b.ID}
	apply(t, s, v, verdict(b, revision, healthy))
	if got := drain(t, s, nil); !cmp.Equal(got, []string{"a", "b"}) {
		t.Errorf("to be judged: %v, want a, whose answer is old, and b, which changed", got)
	}
}

// testJudgedTooLate applies verdicts of assets that have changed or are gone.
func testJudgedTooLate(t *testing.T, open Open) {
	s := open(options(newClock()))
	a, b, c := asset(t, scopeA, "a", `{}`), asset(t, scopeA, "b", `{}`), asset(t, scopeA, "c", `{}`)
	put(t, s, a, b, c)
	revision := s.Revision()
	put(t, s, asset(t, scopeA, "a", `{"new": true}`))
	var seen store.Seen
	seen.Add(a.ID)
	seen.Add(c.ID)
	if _, err := completeListing(t, s, bulwark.Listing{Connector: "c1", Scope: scopeA, Complete: true}, &seen); err != nil {
		t.Fatal(err)
	}
	never := asset(t, scopeA, "never", `{}`)
	got, err := s.ApplyJudged(ctx(t), scopeA, []bulwark.Verdict{verdict(a, revision, unhealthy), verdict(b, revision, unhealthy), verdict(c, revision, unhealthy), verdict(never, revision, unhealthy)})
	if err != nil || got != (store.Applied{Verdicts: 1, Dropped: 3, Opened: 1}) {
		t.Errorf("ApplyJudged = %+v, %v, want the verdict of c alone", got, err)
	}
	if got, _, err := s.Asset(ctx(t), a.ID); err != nil || !got.Properties.At("new").Bool() {
		t.Errorf("the changed asset = %v, %v, want it kept", got, err)
	}
	if got := drain(t, s, nil); !cmp.Equal(got, []string{"a"}) {
		t.Errorf("to be judged: %v, want a", got)
	}
	sound(t, s)
}

func testExemptions(t *testing.T, open Open) {
	c := newClock()
	s := open(options(c))
	a, b, far := asset(t, scopeA, "a", `{}`), asset(t, scopeA, "b", `{}`), asset(t, scopeB, "far", `{}`)
	va := verdict(a, s.Revision(), unhealthy, unhealthy)
	va.Assessments[1].Instances = []bulwark.Instance{{Key: "1"}, {Key: "2"}}
	apply(t, s, va, verdict(b, s.Revision(), unhealthy, healthy))
	apply(t, s, verdict(far, s.Revision(), unhealthy, healthy))
	tally := func(check string) bulwark.Tally {
		var n bulwark.Tally
		for _, k := range must[[]bulwark.Count](t)(s.Counts(ctx(t), nil)) {
			if k.Kind == bulwark.CountCheck && k.ID == check {
				n = n.Add(k.Tally)
			}
		}
		return n
	}
	add := func(e bulwark.Exemption) {
		t.Helper()
		e.Reason, e.Author, e.Created = "why", "me", c.now
		if err := s.AddExemption(ctx(t), e); err != nil {
			t.Fatal(err)
		}
		sound(t, s)
	}
	add(bulwark.Exemption{ID: "x1", Check: "t/a", Scope: scopeA, Category: bulwark.Waiver, Expires: c.now.Add(time.Hour)})
	if got := tally("t/a"); got != (bulwark.Tally{NotApplicable: 2, Unhealthy: 1}) {
		t.Errorf("t/a waived in a scope: %+v", got)
	}
	add(bulwark.Exemption{ID: "x2", Asset: a.ID, Category: bulwark.Mitigated})
	if got := tally("t/a"); got != (bulwark.Tally{NotApplicable: 1, Unhealthy: 1, Healthy: 1}) {
		t.Errorf("t/a mitigated on an asset: %+v", got)
	}
	if err := s.DeleteExemption(ctx(t), "x2"); err != nil {
		t.Fatal(err)
	}
	add(bulwark.Exemption{ID: "x3", Finding: bulwark.FindingID("t/b", a.ID, "1"), Category: bulwark.Mitigated})
	if got := tally("t/b"); got.Unhealthy != 1 {
		t.Errorf("t/b with one of two findings exempt: %+v", got)
	}
	add(bulwark.Exemption{ID: "x4", Finding: bulwark.FindingID("t/b", a.ID, "2"), Category: bulwark.Mitigated})
	if got := tally("t/b"); got.Unhealthy != 0 || got.Healthy != 3 {
		t.Errorf("t/b with both findings exempt: %+v", got)
	}
	want := []string{"a t/a  open exempt x1", "a t/b 1 open exempt x3", "a t/b 2 open exempt x4", "b t/a  open exempt x1", "far t/a  open"}
	if diff := cmp.Diff(want, findings(t, s, bulwark.FindingQuery{})); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	// A third instance comes: the assessment is no longer wholly exempt. What
	// is new under an exempt scope is exempt at once.
	va.Assessments[1].Instances = append(va.Assessments[1].Instances, bulwark.Instance{Key: "3"})
	va.Revision = s.Revision()
	apply(t, s, va, verdict(asset(t, scopeA, "new", `{}`), s.Revision(), unhealthy, healthy))
	if got := tally("t/b"); got.Unhealthy != 1 {
		t.Errorf("t/b with a third finding: %+v", got)
	}
	sound(t, s)
	endExemptions(t, open, s, c, a, tally)
}

// endExemptions lets one expire, and reads and refuses others.
func endExemptions(t *testing.T, open Open, s *store.Store, c *clock, a *bulwark.Asset, tally func(string) bulwark.Tally) {
	t.Helper()
	yes := true
	if got := findings(t, s, bulwark.FindingQuery{Exempt: &yes}); len(got) != 5 {
		t.Errorf("exempt findings = %v, want 5", got)
	}
	c.advance(2 * time.Hour)
	if n, err := s.ExpireExemptions(ctx(t)); err != nil || len(n) != 1 {
		t.Errorf("ExpireExemptions = %v, %v, want one", n, err)
	}
	sound(t, s)
	if got := tally("t/a"); got != (bulwark.Tally{Unhealthy: 4}) {
		t.Errorf("t/a after expiry: %+v", got)
	}
	if e, err := s.Exemption(ctx(t), "x3"); err != nil || e.Asset != a.ID || e.Check != "t/b" || e.Scope != scopeA {
		t.Errorf("Exemption(x3) = %+v, %v", e, err)
	}
	if list, _, err := s.Exemptions(ctx(t), []string{scopeA}, bulwark.Page{}); err != nil || len(list) != 3 || list[0].ID != "x4" {
		t.Errorf("Exemptions = %+v, %v, want x4 x3 x1", list, err)
	}
	if list, _, _ := s.Exemptions(ctx(t), []string{scopeB}, bulwark.Page{}); len(list) != 0 {
		t.Errorf("Exemptions of another scope = %+v", list)
	}
	for _, e := range []bulwark.Exemption{{ID: "x3", Asset: a.ID, Category: bulwark.Waiver}, {ID: "x9", Asset: "live:nobody", Category: bulwark.Waiver}, {ID: "x9", Category: bulwark.Waiver}, {ID: "x9", Asset: a.ID}} {
		if err := s.AddExemption(ctx(t), e); err == nil {
			t.Errorf("AddExemption(%+v) = nil, want an error", e)
		}
	}
	if err := s.DeleteExemption(ctx(t), "x9"); !errors.Is(err, bulwark.ErrNotFound) {
		t.Errorf("DeleteExemption(x9) = %v, want not found", err)
	}
	again := open(options(c))
	if got := len(must[[]bulwark.Exemption](t)(first2(again.Exemptions(ctx(t), nil, bulwark.Page{})))); got != 3 {
		t.Errorf("%d exemptions when opened again, want 3", got)
	}
	sound(t, again)
}

// testManyFindings opens in one transaction more findings than one statement
// inserts.
func testManyFindings(t *testing.T, open Open) {
	s := open(options(newClock()))
	var verdicts []bulwark.Verdict
	var want []string
	for i := range 50 {
		name := fmt.Sprintf("n%02d", i)
		verdicts = append(verdicts, verdict(asset(t, scopeA, name, `{}`), s.Revision(), unhealthy, unhealthy))
		want = append(want, name+" t/a  open", name+" t/b  open")
	}
	if got := apply(t, s, verdicts...); got.Opened != 100 {
		t.Errorf("Apply = %+v, want 100 findings opened", got)
	}
	if diff := cmp.Diff(want, findings(t, s, bulwark.FindingQuery{})); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	sound(t, s)
}

func testFindingLists(t *testing.T, open Open) {
	c := newClock()
	s := open(options(c))
	for i := range 30 {
		c.advance(time.Minute)
		a := asset(t, []string{scopeA, scopeB}[i%2], fmt.Sprintf("n%02d", i), `{}`)
		v := verdict(a, s.Revision(), unhealthy, unhealthy)
		v.Assessments[1].Check = "t/critical"
		apply(t, s, v)
	}
	for _, sort := range []string{"", "severity", "-severity", "firstSeen", "-firstSeen"} {
		q := bulwark.FindingQuery{States: []bulwark.FindingState{bulwark.Open}, Page: bulwark.Page{Limit: 7, Sort: sort}}
		seen := map[string]bool{}
		var order []int64
		for {
			rows, next, err := s.Findings(ctx(t), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				seen[r.ID] = true
				if sort == "firstSeen" || sort == "-firstSeen" {
					order = append(order, r.FirstSeen.Unix())
				} else {
					order = append(order, int64(r.Severity))
				}
			}
			if q.Cursor = next; next == "" {
				break
			}
		}
		if sort == "" || sort[0] == '-' {
			slices.Reverse(order)
		}
		if len(seen) != 60 || len(order) != 60 || !slices.IsSorted(order) {
			t.Errorf("sort %q: %d findings, order %v", sort, len(seen), order)
		}
	}
	for _, tt := range []struct {
		q    bulwark.FindingQuery
		want int
	}{
		{bulwark.FindingQuery{}, 60}, {bulwark.FindingQuery{Scopes: []string{scopeA}}, 30}, {bulwark.FindingQuery{Checks: []string{"t/critical"}, Scopes: []string{"aws"}}, 30},
		{bulwark.FindingQuery{Severities: []bulwark.Severity{bulwark.Critical}}, 30}, {bulwark.FindingQuery{States: []bulwark.FindingState{bulwark.Resolved}}, 0},
		{bulwark.FindingQuery{Text: "N07"}, 2}, {bulwark.FindingQuery{Text: "critical", Scopes: []string{scopeB}}, 15}, {bulwark.FindingQuery{Asset: "live:arn:aws:s3:::" + scopeA + "/n04"}, 2},
		{bulwark.FindingQuery{Exempt: new(bool)}, 60}, {bulwark.FindingQuery{States: []bulwark.FindingState{"odd"}}, 0},
	} {
		got := findings(t, s, tt.q)
		_, n, err := s.FindingFacets(ctx(t), tt.q)
		if err != nil || len(got) != tt.want || n != int64(tt.want) {
			t.Errorf("%+v: %d listed, %d counted, %v, want %d", tt.q, len(got), n, err, tt.want)
		}
	}
	facets, _, _ := s.FindingFacets(ctx(t), bulwark.FindingQuery{Scopes: []string{scopeA}})
	want := map[string][]bulwark.Facet{"severity": {{Value: "critical", Count: 15}, {Value: "high", Count: 15}}, "state": {{Value: "open", Count: 30}}, "check": {{Value: "t/a", Count: 15}, {Value: "t/critical", Count: 15}}, "exempt": {{Value: "no", Count: 30}}}
	if diff := cmp.Diff(want, facets); diff != "" {
		t.Errorf("facets (-want +got):\n%s", diff)
	}
	if rows, _, _ := s.Assets(ctx(t), bulwark.AssetQuery{Text: "n01"}); len(rows) != 1 || rows[0].Unhealthy != 2 || rows[0].Highest != bulwark.Critical {
		t.Errorf("asset row = %+v", rows)
	}
}

func testAssessments(t *testing.T, open Open) {
	s := open(options(newClock()))
	var verdicts []bulwark.Verdict
	for i := range 25 {
		a := asset(t, scopeA, fmt.Sprintf("n%02d", i), `{}`)
		a.Position = bulwark.Position{File: "f.tf", Line: i + 1, EndLine: i + 2}
		verdicts = append(verdicts, verdict(a, s.Revision(), []bulwark.State{healthy, unhealthy, unknown, na}[i%4], unhealthy))
	}
	apply(t, s, verdicts...)
	for _, tt := range []struct {
		q    bulwark.AssessmentQuery
		want int
	}{
		{bulwark.AssessmentQuery{}, 50}, {bulwark.AssessmentQuery{Check: "t/a"}, 25}, {bulwark.AssessmentQuery{Check: "t/a", States: []bulwark.State{unhealthy}}, 6},
		{bulwark.AssessmentQuery{Check: "t/a", States: []bulwark.State{healthy, unknown}}, 13}, {bulwark.AssessmentQuery{Check: "t/none"}, 0},
		{bulwark.AssessmentQuery{Scopes: []string{scopeB}}, 0}, {bulwark.AssessmentQuery{Text: "n1"}, 20}, {bulwark.AssessmentQuery{Asset: verdicts[3].Asset.ID}, 2},
	} {
		var got []bulwark.AssessmentRow
		tt.q.Limit = 4
		for {
			rows, next, err := s.Assessments(ctx(t), tt.q)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, rows...)
			if tt.q.Cursor = next; next == "" {
				break
			}
		}
		if len(got) != tt.want {
			t.Errorf("%+v: %d assessments, want %d", tt.q, len(got), tt.want)
		}
	}
	rows, _, err := s.Assessments(ctx(t), bulwark.AssessmentQuery{Asset: verdicts[1].Asset.ID})
	if err != nil || len(rows) != 2 {
		t.Fatalf("assessments = %+v, %v", rows, err)
	}
	want := verdicts[1].Assessments[0]
	want.Queries = nil
	if diff := cmp.Diff(want, rows[0].Assessment); diff != "" {
		t.Errorf("assessment (-want +got):\n%s", diff)
	}
	if err := s.AddExemption(ctx(t), bulwark.Exemption{ID: "x", Check: "t/b", Asset: verdicts[1].Asset.ID, Category: bulwark.Waiver}); err != nil {
		t.Fatal(err)
	}
	rows, _, _ = s.Assessments(ctx(t), bulwark.AssessmentQuery{Asset: verdicts[1].Asset.ID})
	if rows[0].Category != "" || rows[1].Category != bulwark.Waiver || rows[1].Exemption != "x" {
		t.Errorf("exempt assessments = %+v", rows)
	}
	n := 0
	err = s.EachStates(ctx(t), []string{scopeA}, func(st *bulwark.States) error {
		n++
		if st.Asset == verdicts[1].Asset.ID && (st.Exempt == nil || st.Exempt[1] != bulwark.Waiver) {
			t.Errorf("states of the exempt asset = %+v", st)
		}
		return nil
	})
	if err != nil || n != 25 {
		t.Errorf("EachStates yielded %d, %v, want 25", n, err)
	}
}

// testCounts makes random changes and recounts after each.
func testCounts(t *testing.T, open Open) {
	c := newClock()
	s := open(options(c))
	rapid.Check(t, func(r *rapid.T) {
		scope := rapid.SampledFrom([]string{scopeA, scopeB}).Draw(r, "scope")
		var list []bulwark.Verdict
		for range rapid.IntRange(1, 4).Draw(r, "n") {
			a := asset(t, scope, rapid.SampledFrom([]string{"a", "b", "c"}).Draw(r, "asset"), rapid.SampledFrom([]string{`{}`, `{"x":1}`}).Draw(r, "config"))
			var states []bulwark.State
			for range rapid.IntRange(0, 3).Draw(r, "checks") {
				states = append(states, bulwark.State(rapid.IntRange(0, 3).Draw(r, "state")))
			}
			v := verdict(a, s.Revision(), states...)
			for i := range v.Assessments {
				if v.Assessments[i].State == unhealthy && rapid.Bool().Draw(r, "instances") {
					v.Assessments[i].Instances = []bulwark.Instance{{Key: rapid.SampledFrom([]string{"1", "2"}).Draw(r, "key")}}
				}
			}
			list = append(list, v)
		}
		c.advance(time.Minute)
		switch rapid.IntRange(0, 5).Draw(r, "what") {
		case 0:
			if _, err := completeListing(t, s, bulwark.Listing{Connector: "c1", Scope: scope, Complete: true}, nil); err != nil {
				r.Fatal(err)
			}
		case 1:
			id := rapid.SampledFrom([]string{"x1", "x2"}).Draw(r, "exemption")
			e := bulwark.Exemption{ID: id, Check: "t/a", Scope: scope, Category: rapid.SampledFrom([]bulwark.ExemptionCategory{bulwark.Waiver, bulwark.Mitigated}).Draw(r, "category")}
			if err := s.AddExemption(t.Context(), e); errors.Is(err, bulwark.ErrConflict) {
				err = s.DeleteExemption(t.Context(), id)
				if err != nil {
					r.Fatal(err)
				}
			} else if err != nil {
				r.Fatal(err)
			}
		default:
			if _, err := s.Apply(t.Context(), scope, list); err != nil {
				r.Fatal(err)
			}
		}
		for _, sc := range []string{scopeA, scopeB} {
			if diff, err := s.Recount(t.Context(), sc); err != nil && !errors.Is(err, bulwark.ErrNotFound) || len(diff) > 0 {
				r.Fatalf("recount of %s: %+v, %v", sc, diff, err)
			}
		}
		list2, _, err := s.Findings(t.Context(), bulwark.FindingQuery{Page: bulwark.Page{Limit: 1000}})
		_, counted, err2 := s.FindingFacets(t.Context(), bulwark.FindingQuery{})
		if err != nil || err2 != nil || int64(len(list2)) != counted {
			r.Fatalf("%d findings, %d counted, %v %v", len(list2), counted, err, err2)
		}
	})
}
