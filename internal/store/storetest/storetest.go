// Package storetest is the contract that a store must keep on either engine.
package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/store"
)

// Open opens the same empty database each time that it is called within one
// test.
type Open func(opts store.Options) *store.Store

// Run runs the contract; open makes a new database for each test.
func Run(t *testing.T, open func(t *testing.T) Open) {
	tests := []struct {
		name string
		run  func(t *testing.T, open Open)
	}{
		{"assets", testAssets}, {"asset_lists", testAssetLists}, {"hostile_texts", testHostileTexts},
		{"findings_live", testFindingLife}, {"partial_keeps", testPartial}, {"equal_writes_nothing", testEqual}, {"older_revision_is_dropped", testOlder},
		{"marks", testMarks}, {"changed_meanwhile", testMeanwhile}, {"judged_too_late", testJudgedTooLate}, {"gone_and_back", testGone}, {"failed_listing", testFailedListing},
		{"moved", testMoved}, {"history", testHistory}, {"exemptions", testExemptions}, {"finding_lists", testFindingLists}, {"many_findings", testManyFindings},
		{"assessments", testAssessments}, {"gaps", testGaps}, {"people", testPeople}, {"audit", testAudit}, {"secrets", testSecrets},
		{"connectors", testConnectors}, {"removed", testRemove}, {"unlisted", testUnlisted}, {"scope_names", testScopeNames},
		{"runs", testRuns}, {"score_points", testScorePoints}, {"outbox", testOutbox}, {"backup", testBackup}, {"concurrent", testConcurrent},
		{"counts_by_deltas", testCounts},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, open(t)) })
	}
}

// clock is a time that tests move.
type clock struct{ now time.Time }

func newClock() *clock { return &clock{time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time          { return c.now }
func (c *clock) advance(d time.Duration) { c.now = c.now.Add(d) }

func ctx(t *testing.T) context.Context { return t.Context() }

// options count by the plainest arithmetic: an asset in each check by its
// effective state, and in control c1 by the worst.
func options(c *clock) store.Options {
	return store.Options{Now: c.Now, Delta: Delta, Severity: func(check string) (bulwark.Severity, bool) {
		if check == "t/critical" {
			return bulwark.Critical, true
		}
		return bulwark.High, true
	}}
}

// Delta counts states the plainest way.
func Delta(old, new *bulwark.States) []bulwark.Count {
	sums := map[bulwark.CountKey]bulwark.Tally{}
	add := func(s *bulwark.States, sign func(bulwark.Tally) bulwark.Tally) {
		if s == nil {
			return
		}
		worst := bulwark.NotApplicable
		for i, check := range s.Checks {
			st := s.States[i]
			if s.Exempt != nil {
				switch s.Exempt[i] {
				case bulwark.Mitigated:
					st = bulwark.Healthy
				case bulwark.Waiver:
					st = bulwark.NotApplicable
				}
			}
			k := bulwark.CountKey{Scope: s.Scope, Kind: bulwark.CountCheck, ID: check}
			sums[k] = sums[k].Add(sign(tallyOf(st)))
			if rank[st] > rank[worst] {
				worst = st
			}
		}
		k := bulwark.CountKey{Scope: s.Scope, Kind: bulwark.CountControl, ID: "test-control"}
		sums[k] = sums[k].Add(sign(tallyOf(worst)))
	}
	add(old, bulwark.Tally.Neg)
	add(new, func(t bulwark.Tally) bulwark.Tally { return t })
	var out []bulwark.Count
	for k, n := range sums {
		if !n.IsZero() {
			out = append(out, bulwark.Count{CountKey: k, Tally: n})
		}
	}
	return out
}

var rank = map[bulwark.State]int{bulwark.Healthy: 1, bulwark.Undetermined: 2, bulwark.Unhealthy: 3}

func tallyOf(s bulwark.State) bulwark.Tally {
	switch s {
	case bulwark.Healthy:
		return bulwark.Tally{Healthy: 1}
	case bulwark.Unhealthy:
		return bulwark.Tally{Unhealthy: 1}
	case bulwark.Undetermined:
		return bulwark.Tally{Unknown: 1}
	}
	return bulwark.Tally{NotApplicable: 1}
}

// value reads properties.
func value(t testing.TB, id, text string) bulwark.Value {
	t.Helper()
	v, err := bulwark.DecodeJSON([]byte(text), bulwark.DecodeOptions{Asset: id, Marks: true})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

const (
	scopeA = "aws/111111111111"
	scopeB = "aws/222222222222"
	bucket = "AWS::S3::Bucket"
)

// asset makes a bucket of a scope.
func asset(t testing.TB, scope, name, properties string) *bulwark.Asset {
	t.Helper()
	id := "live:arn:aws:s3:::" + scope + "/" + name
	return &bulwark.Asset{ID: id, Type: bucket, Name: name, Scope: scope, Region: "eu-west-1", Connector: "c1", Properties: value(t, id, properties)}
}

// verdict judges an asset: states of the checks t/a, t/b, ….
func verdict(a *bulwark.Asset, revision int64, states ...bulwark.State) bulwark.Verdict {
	v := bulwark.Verdict{Asset: a, Revision: revision, Digest: bulwark.Digest(a.Properties, nil)}
	for i, st := range states {
		as := bulwark.Assessment{Check: "t/" + string(rune('a'+i)), Asset: a.ID, State: st, Queries: []string{"asset:" + a.ID}}
		if st == bulwark.Unhealthy || st == bulwark.Undetermined {
			as.Because = "because of " + as.Check
			as.Evidence = []bulwark.Evidence{{Asset: a.ID, Path: "p", Value: "1", Position: a.Position}}
		}
		v.Assessments = append(v.Assessments, as)
	}
	return v
}

const (
	na        = bulwark.NotApplicable
	healthy   = bulwark.Healthy
	unhealthy = bulwark.Unhealthy
	unknown   = bulwark.Undetermined
)

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func apply(t *testing.T, s *store.Store, verdicts ...bulwark.Verdict) store.Applied {
	t.Helper()
	a, err := s.Apply(ctx(t), verdicts[0].Asset.Scope, verdicts)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func put(t *testing.T, s *store.Store, assets ...*bulwark.Asset) store.Applied {
	t.Helper()
	a, err := s.Put(ctx(t), assets[0].Scope, assets)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// findings returns all findings as "check instance state" lines with what is
// notable about them, sorted.
func findings(t *testing.T, s *store.Store, q bulwark.FindingQuery) []string {
	t.Helper()
	q.Limit = 1000
	list, _, err := s.Findings(ctx(t), q)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, f := range list {
		line := fmt.Sprintf("%s %s %s %s", f.Row.Name, f.Check, f.Instance, f.State)
		if f.Reopened > 0 {
			line += fmt.Sprintf(" reopened %d", f.Reopened)
		}
		if !f.UnverifiedSince.IsZero() {
			line += " unverified"
		}
		if f.Exemption != "" {
			line += " exempt " + f.Exemption
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

// sound recounts every scope and fails when counters differ.
func sound(t *testing.T, s *store.Store) {
	t.Helper()
	scopes := must[[]bulwark.Scope](t)(s.Scopes(ctx(t)))
	for _, sc := range scopes {
		if sc.Kind == "group" {
			continue
		}
		diff, err := s.Recount(ctx(t), sc.Path)
		if err != nil {
			t.Fatal(err)
		}
		if len(diff) > 0 {
			t.Errorf("counters of %s differ from a recount: %+v", sc.Path, diff)
		}
	}
	_, counted, err := s.FindingFacets(ctx(t), bulwark.FindingQuery{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(findings(t, s, bulwark.FindingQuery{})); counted < 1000 && int64(n) != counted {
		t.Errorf("counters say %d findings, there are %d", counted, n)
	}
}
