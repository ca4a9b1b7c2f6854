package api

import (
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

// TestScoreIsExplained: aws/1 has network 4/2×1 = 2 of 4 and logging 1/1×0 = 0
// of 1, so 2/5 at weight 2 (b1 and b2 count); aws/2 has 0 of 4 and 1 of 1, so
// 1/5 at weight 1; together (2×2/5 + 1×1/5) / 3 = 1/3.
func TestScoreIsExplained(t *testing.T) {
	h := newHarness(t)
	var got Explanation
	h.call("GET", "/score?scope=aws", nil, 200, &got)
	if got.Ratio == nil || !near(*got.Ratio, 1.0/3) {
		t.Fatalf("ratio = %v, want 1/3", got.Ratio)
	}
	if !near(got.Max, 5) || !near(got.Current, 5.0/3) {
		t.Errorf("current, max = %v, %v, want 5/3, 5", got.Current, got.Max)
	}
	var current, potential, lost float64
	for _, c := range got.Controls {
		current += c.Current
		potential += c.Potential
		for _, l := range c.Losing {
			lost += l.Points
		}
	}
	if !near(current, got.Current) || !near(potential, got.Max-got.Current) || !near(lost, potential) {
		t.Errorf("controls add up to %v current, %v potential, %v lost by assets; want %v, %v and the same", current, potential, lost, got.Current, got.Max-got.Current)
	}
	h.call("GET", "/score?scope=aws/1&control=restrict-unauthorized-network-access", nil, 200, &got)
	want := []Loss{{Asset: "live:b1", Name: "B1", Scope: "aws/1", Points: 2, Checks: []string{"t/open"}}}
	if len(got.Controls) != 1 || cmp.Diff(want, got.Controls[0].Losing) != "" {
		t.Errorf("losing in aws/1 = %+v, want %+v", got.Controls, want)
	}
}

// TestWhatIfEqualsTheFix compares what is foretold with what exempting as
// mitigated, which counts the same, then does.
func TestWhatIfEqualsTheFix(t *testing.T) {
	h := newHarness(t)
	var told WhatIfAnswer
	h.call("POST", "/score/what-if", map[string]any{"checks": []string{"t/open"}}, 200, &told)
	if told.Changed != 2 || told.Before.Ratio == nil || told.After.Ratio == nil || *told.After.Ratio <= *told.Before.Ratio {
		t.Fatalf("what-if = %+v, want two assets changed and a higher score", told)
	}
	var check Check
	h.call("GET", "/check?id=t/open", nil, 200, &check)
	if check.Exact == nil || !near(*check.Exact, told.After.Current-told.Before.Current) {
		t.Errorf("check's exact gain = %v, want %v", check.Exact, told.After.Current-told.Before.Current)
	}
	var done Exempted
	h.call("POST", "/exemptions", map[string]any{"check": "t/open", "category": "mitigated", "reason": "behind a gateway"}, 201, &done)
	if done.Before == nil || done.After == nil || !near(*done.Before, *told.Before.Ratio) || !near(*done.After, *told.After.Ratio) {
		t.Errorf("exemption moved the score from %v to %v, want %v to %v", done.Before, done.After, *told.Before.Ratio, *told.After.Ratio)
	}
	h.call("DELETE", "/exemptions/"+done.ID, nil, 200, &done)
	if !near(*done.After, *told.Before.Ratio) {
		t.Errorf("ending it leaves the score at %v, want %v", *done.After, *told.Before.Ratio)
	}
	var log List[bulwark.AuditEntry]
	h.call("GET", "/audit?limit=2", nil, 200, &log)
	if len(log.Items) != 2 || log.Items[0].Action != "exemption.delete" || log.Items[1].Action != "exemption.create" || log.Items[0].Actor != "token:test" {
		t.Errorf("audit log = %+v, want both changes by token:test", log.Items)
	}
}

func TestOverview(t *testing.T) {
	h := newHarness(t)
	var got Overview
	h.call("GET", "/overview", nil, 200, &got)
	if got.Assets != 4 || got.Gaps != 1 || got.Coverage.Complete != 1 || got.Coverage.Total != 2 {
		t.Errorf("assets %d, gaps %d, coverage %+v; want 4, 1, 1 of 2", got.Assets, got.Gaps, got.Coverage)
	}
	if want := (SeverityCounts{Critical: 1, High: 2, Low: 1}); got.Severities != want {
		t.Errorf("severities = %+v, want %+v", got.Severities, want)
	}
	if len(got.First) != 3 || got.First[0].ID != "t/preview" || got.First[0].Potential != 0 || got.First[1].Potential == 0 {
		t.Errorf("first = %+v; want the critical one first, worth nothing since it is a preview", got.First)
	}
	if len(got.Movers) != 1 || got.Movers[0].Check != "t/open" || got.Movers[0].Points >= 0 || !strings.Contains(got.Movers[0].What, "1 problem opened in aws/1") {
		t.Errorf("movers = %+v, want the one opened problem that counts", got.Movers)
	}
}

func TestRecommendationsPage(t *testing.T) {
	h := newHarness(t)
	var ids []string
	cursor := ""
	for range 5 {
		var page List[Recommendation]
		h.call("GET", "/recommendations?sort=title&limit=1&cursor="+cursor, nil, 200, &page)
		if page.Total == nil || *page.Total != 3 || len(page.Facets["severity"]) != 3 {
			t.Fatalf("page = %+v, want a total of 3 and facets", page)
		}
		for _, r := range page.Items {
			ids = append(ids, r.ID)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if got, want := strings.Join(ids, " "), "t/preview t/open t/log"; got != want {
		t.Errorf("pages hold %s, want %s", got, want)
	}
	var some List[Recommendation]
	h.call("GET", "/recommendations?state=unknown&severity=low,high", nil, 200, &some)
	if len(some.Items) != 1 || some.Items[0].ID != "t/log" {
		t.Errorf("with an unknown asset: %+v, want t/log", some.Items)
	}
}

func TestAsset(t *testing.T) {
	h := newHarness(t)
	var got Asset
	h.call("GET", "/asset?id=live:b1", nil, 200, &got)
	if s := string(got.Properties); !strings.Contains(s, `{"$secret":["password","00"]}`) {
		t.Errorf("properties = %s, want the secret's mark", s)
	}
	for _, path := range []string{"open", "tags[0].k", "pw"} {
		if got.Positions[path].File != "main.tf" {
			t.Errorf("positions[%q] = %+v, want main.tf", path, got.Positions[path])
		}
	}
	want := []Relation{{Name: "role", Target: "live:b3", TargetName: "B3"}, {Name: "key", Reason: "denied"}}
	if diff := cmp.Diff(want, got.Relations); diff != "" {
		t.Errorf("relations (-want +got):\n%s", diff)
	}
	if len(got.Assessments) != 2 || got.Assessments[0].Title != "Things should be closed" || got.Assessments[0].State != bulwark.Unhealthy {
		t.Errorf("assessments = %+v", got.Assessments)
	}
	h.call("GET", "/asset?id=live:b3", nil, 200, &got)
	if len(got.Relations) != 1 || !got.Relations[0].Inverse || got.Relations[0].Name != "buckets" || got.Relations[0].TargetName != "B1" {
		t.Errorf("relations of the target = %+v, want its buckets", got.Relations)
	}
	var diff List[Change]
	h.call("GET", "/asset/diff?id=live:b1&from=1&to=2", nil, 200, &diff)
	var text []string
	for _, c := range diff.Items {
		text = append(text, c.Path+": "+string(c.Before)+" → "+string(c.After))
	}
	if got, want := strings.Join(text, "; "), `open: false → true; old: 1 → ; tags[0]:  → {"k":"a b"}; pw:  → {"$secret":["password","00"]}`; got != want {
		t.Errorf("diff = %s, want %s", got, want)
	}
	h.refused("GET", "/asset/diff?id=live:b1&from=1&to=9", nil, 404, "not-found")
}

func TestMemberPath(t *testing.T) {
	for name, want := range map[string]string{"a1": "p.a1", "_x": "p._x", "1a": `p["1a"]`, "a-b": "p.a-b", "-b": `p["-b"]`, "a b": `p["a b"]`, `q"<`: `p["q\"<"]`, "": `p[""]`, "$x": `p["$$x"]`} {
		if got := memberPath("p", name); got != want {
			t.Errorf("memberPath(p, %q) = %s, want %s", name, got, want)
		}
	}
}

// TestEvidencePaths: evidence joins names with dots, pages quote them.
func TestEvidencePaths(t *testing.T) {
	p := paths{at: map[string]bulwark.Position{}, odd: map[string]string{}}
	p.walk(value(t, `{"labels":{"app.io/name":[1],"plain":2}}`), "", "")
	as := Assessment{Asset: "x", Evidence: []bulwark.Evidence{{Asset: "x", Path: "labels.app.io/name[0]"}, {Asset: "y", Path: "labels.app.io/name"}, {Path: "labels.plain"}}}
	p.rewrite(&as)
	var got []string
	for _, e := range as.Evidence {
		got = append(got, e.Path)
	}
	if got, want := strings.Join(got, " "), `labels["app.io/name"][0] labels.app.io/name labels.plain`; got != want {
		t.Errorf("paths = %s, want %s", got, want)
	}
	if _, ok := p.at[`labels["app.io/name"]`]; !ok {
		t.Errorf("positions = %v, want the quoted path", p.at)
	}
}

func TestStandard(t *testing.T) {
	h := newHarness(t)
	var got Standard
	h.call("GET", "/standard?id=std&scope=aws/1", nil, 200, &got)
	if got.Failed != 1 || got.Manual != 1 || got.NotCovered != 1 || got.Passed != 0 || got.Sections[0].Controls[0].Unhealthy != 1 {
		t.Errorf("standard = %+v, want one failed, one manual, one not covered", got)
	}
	h.refused("GET", "/standard?id=none", nil, 404, "not-found")
}

// TestScopes asks everything as somebody who may read aws/1 only.
func TestScopes(t *testing.T) {
	h := newHarness(t)
	h.reader(bulwark.SecurityAdmin, "aws/1")
	for path, absent := range map[string]string{
		"/assets": "live:b3", "/scopes": "aws/2", "/findings": "live:b3", "/assessments?check=t/open": "live:b3", "/gaps": "aws/2",
		"/score": "live:b3", "/overview": "aws/2", "/asset?id=live:b1": `"targetName"`, "/recommendations": "t/preview",
	} {
		w := h.request("GET", prefix+path, nil)
		if w.Code != 200 || strings.Contains(w.Body.String(), absent) {
			t.Errorf("%s = %d and tells %s: %s", path, w.Code, absent, w.Body)
		}
	}
	h.refused("GET", "/asset?id=live:b3", nil, 404, "not-found")
	h.refused("GET", "/finding?id="+bulwark.FindingID("t/open", "live:b3", ""), nil, 404, "not-found")
	h.refused("GET", "/assets?scope=aws/2", nil, 403, "denied")
	h.refused("GET", "/assets?in=aws/12", nil, 403, "denied")
	h.refused("POST", "/exemptions", map[string]any{"check": "t/open", "category": "waiver", "reason": "everywhere"}, 403, "denied")
	h.refused("POST", "/exemptions", map[string]any{"asset": "live:b3", "category": "waiver", "reason": "not mine"}, 404, "not-found")
	h.refused("POST", "/exemptions", map[string]any{"scope": "aws/1", "category": "waiver", "reason": "late", "expires": "2020-01-01T00:00:00Z"}, 400, "invalid")
	var done Exempted
	h.call("POST", "/exemptions", map[string]any{"finding": bulwark.FindingID("t/open", "live:b1", ""), "category": "waiver", "reason": "mine"}, 201, &done)
	if done.Scope != "aws/1" || done.Asset != "live:b1" || done.Check != "t/open" {
		t.Errorf("exemption = %+v, want it located", done.Exemption)
	}
	var facets List[bulwark.AssetRow]
	h.call("GET", "/assets", nil, 200, &facets)
	if cmp.Diff([]bulwark.Facet{{Value: "aws/1", Count: 2}}, facets.Facets["in"]) != "" {
		t.Errorf("facet in = %+v, want aws/1 alone", facets.Facets["in"])
	}
}

func TestIntersect(t *testing.T) {
	tests := []struct {
		grants []string
		wanted [][]string
		want   string // "" is denied, "*" everything
	}{
		{[]string{""}, nil, "*"},
		{[]string{""}, [][]string{{"aws"}}, "aws"},
		{[]string{"aws/1", "aws/1/x", "gcp"}, nil, "aws/1 gcp"},
		{[]string{"aws/1"}, [][]string{{"aws"}}, "aws/1"},
		{[]string{"aws/1"}, [][]string{{"aws/10"}}, ""},
		{[]string{"aws"}, [][]string{{"aws/1", "gcp"}, {"aws/1/r", "aws/2"}}, "aws/1/r"},
		{nil, nil, ""},
		{nil, [][]string{{""}}, ""},
	}
	for _, tt := range tests {
		c := &caller{}
		for _, g := range tt.grants {
			c.grants = append(c.grants, bulwark.Grant{Role: bulwark.Reader, Scope: g})
		}
		scopes, err := c.readable(tt.wanted...)
		got := strings.Join(scopes, " ")
		if err == nil && scopes == nil {
			got = "*"
		}
		if got != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("readable(%v, %v) = %q, %v, want %q", tt.grants, tt.wanted, got, err, tt.want)
		}
	}
}

func TestRunsAndEvents(t *testing.T) {
	h := newHarness(t)
	h.call("POST", "/runs", map[string]any{"connector": "c1"}, http.StatusAccepted, nil)
	h.refused("POST", "/runs", map[string]any{"connector": "none"}, 404, "not-found")
	h.reader(bulwark.Reader, "aws/1")
	h.e.notices <- bulwark.Notice{Kind: "assets", Scope: "aws/2"}
	h.e.notices <- bulwark.Notice{Kind: "score", Scope: "aws/1"}
	close(h.e.notices)
	w := h.request("GET", prefix+"/events", nil)
	want := ": hello\n\nevent: score\ndata: {\"kind\":\"score\",\"scope\":\"aws/1\"}\n\n"
	if w.Body.String() != want || w.Header().Get("Content-Type") != "text/event-stream" {
		t.Errorf("events = %q, want %q", w.Body, want)
	}
}
