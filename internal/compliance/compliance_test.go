package compliance

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/bulwarksec/bulwark"
)

const (
	na        = bulwark.NotApplicable
	healthy   = bulwark.Healthy
	unhealthy = bulwark.Unhealthy
	unknown   = bulwark.Undetermined
)

var controlOf = map[string]string{
	"mfa/a": "enable-mfa", "mfa/b": "enable-mfa", "ports/a": "secure-management-ports",
	"updates/a": "apply-system-updates", "best/a": "implement-security-best-practices", "custom/x": "",
}

func control(check string) string { return controlOf[check] }

// TestWorkedExample is the product documentation's own: a control worth 6 points with 4
// healthy of 78 assets.
func TestWorkedExample(t *testing.T) {
	c, _ := bulwark.ControlByID("apply-system-updates")
	got := Control(c, bulwark.Tally{Healthy: 4, Unhealthy: 74})
	if got.PerAsset != 6.0/78 || got.Current != 0.3076923076923077 || got.Lost != 444.0/78 {
		t.Errorf("Control(6 points, 4 of 78) = %v per asset, %v current, %v lost, want 0.07692307692307693, 0.3076923076923077, 5.6923076923076925", got.PerAsset, got.Current, got.Lost)
	}
	if s := fmt.Sprintf("%.4f %.2f", got.PerAsset, got.Current); s != "0.0769 0.31" {
		t.Errorf("rounded = %s, want 0.0769 0.31", s)
	}
}

func TestControlPointsAddUp(t *testing.T) {
	sum := 0
	for _, c := range bulwark.Controls {
		sum += c.Points
	}
	if sum != 58 {
		t.Errorf("sum of maximum points = %d, want 58", sum)
	}
}

func TestDelta(t *testing.T) {
	tests := []struct {
		name     string
		old, new []bulwark.State // of mfa/a, mfa/b, ports/a, custom/x
		exempt   []bulwark.ExemptionCategory
		want     map[string]bulwark.Tally
	}{
		{"first", nil, []bulwark.State{healthy, unhealthy, healthy, unhealthy}, nil, map[string]bulwark.Tally{
			"check mfa/a": {Healthy: 1}, "check mfa/b": {Unhealthy: 1}, "check ports/a": {Healthy: 1}, "check custom/x": {Unhealthy: 1},
			"control enable-mfa": {Unhealthy: 1}, "control secure-management-ports": {Healthy: 1}, "scope ": {Unhealthy: 1},
		}},
		{"unknown_beats_healthy", nil, []bulwark.State{healthy, unknown, na, na}, nil, map[string]bulwark.Tally{
			"check mfa/a": {Healthy: 1}, "check mfa/b": {Unknown: 1}, "check ports/a": {NotApplicable: 1}, "check custom/x": {NotApplicable: 1},
			"control enable-mfa": {Unknown: 1}, "control secure-management-ports": {NotApplicable: 1}, "scope ": {Unknown: 1},
		}},
		{"mended", []bulwark.State{healthy, unhealthy, na, na}, []bulwark.State{healthy, healthy, na, na}, nil, map[string]bulwark.Tally{
			"check mfa/b":        {Healthy: 1, Unhealthy: -1},
			"control enable-mfa": {Healthy: 1, Unhealthy: -1}, "scope ": {Healthy: 1, Unhealthy: -1},
		}},
		{"mitigated_counts_healthy", []bulwark.State{healthy, unhealthy, na, na}, []bulwark.State{healthy, unhealthy, na, na}, []bulwark.ExemptionCategory{"", bulwark.Mitigated, "", ""}, map[string]bulwark.Tally{
			"check mfa/b":        {Healthy: 1, Unhealthy: -1},
			"control enable-mfa": {Healthy: 1, Unhealthy: -1}, "scope ": {Healthy: 1, Unhealthy: -1},
		}},
		{"waived_leaves_the_counts", []bulwark.State{na, unhealthy, na, na}, []bulwark.State{na, unhealthy, na, na}, []bulwark.ExemptionCategory{"", bulwark.Waiver, "", ""}, map[string]bulwark.Tally{
			"check mfa/b":        {NotApplicable: 1, Unhealthy: -1},
			"control enable-mfa": {NotApplicable: 1, Unhealthy: -1}, "scope ": {NotApplicable: 1, Unhealthy: -1},
		}},
		{"gone", []bulwark.State{healthy, healthy, healthy, healthy}, nil, nil, map[string]bulwark.Tally{
			"check mfa/a": {Healthy: -1}, "check mfa/b": {Healthy: -1}, "check ports/a": {Healthy: -1}, "check custom/x": {Healthy: -1},
			"control enable-mfa": {Healthy: -1}, "control secure-management-ports": {Healthy: -1}, "scope ": {Healthy: -1},
		}},
		{"same", []bulwark.State{healthy, unhealthy, na, na}, []bulwark.State{healthy, unhealthy, na, na}, nil, map[string]bulwark.Tally{}},
	}
	checks := []string{"mfa/a", "mfa/b", "ports/a", "custom/x"}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			states := func(list []bulwark.State, exempt []bulwark.ExemptionCategory) *bulwark.States {
				if list == nil {
					return nil
				}
				return &bulwark.States{Scope: "s", Checks: checks, States: list, Exempt: exempt}
			}
			got := map[string]bulwark.Tally{}
			for _, c := range Delta(states(tt.old, nil), states(tt.new, tt.exempt), control) {
				got[c.Kind+" "+c.ID] = c.Tally
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Delta (-want +got):\n%s", diff)
			}
		})
	}
}

func genStates(scope string) *rapid.Generator[*bulwark.States] {
	return rapid.Custom(func(t *rapid.T) *bulwark.States {
		s := &bulwark.States{Scope: scope}
		for _, check := range []string{"mfa/a", "mfa/b", "ports/a", "updates/a", "best/a", "custom/x"} {
			s.Checks = append(s.Checks, check)
			s.States = append(s.States, bulwark.State(rapid.IntRange(0, 3).Draw(t, "state")))
			s.Exempt = append(s.Exempt, rapid.SampledFrom([]bulwark.ExemptionCategory{"", "", "", bulwark.Waiver, bulwark.Mitigated}).Draw(t, "exempt"))
		}
		return s
	})
}

// TestDeltasEqualARecount applies random changes by deltas and counts the end
// state afresh.
func TestDeltasEqualARecount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := map[int]*bulwark.States{}
		var counts []bulwark.Count
		for range rapid.IntRange(1, 30).Draw(t, "changes") {
			id := rapid.IntRange(0, 5).Draw(t, "asset")
			var next *bulwark.States
			if rapid.IntRange(0, 4).Draw(t, "gone") > 0 {
				next = genStates(fmt.Sprint("scope", rapid.IntRange(0, 2).Draw(t, "scope"))).Draw(t, "states")
			}
			counts = Apply(counts, Delta(now[id], next, control))
			now[id] = next
		}
		var fresh []bulwark.Count
		for _, s := range now {
			fresh = Apply(fresh, Delta(nil, s, control))
		}
		if diff := cmp.Diff(fresh, counts); diff != "" && len(fresh)+len(counts) > 0 {
			t.Fatalf("counts by deltas differ from a recount (-recount +deltas):\n%s", diff)
		}
	})
}

// TestScoreProperties: a score is a ratio, every point is accounted for, and
// mending something never lowers it.
func TestScoreProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		assets := rapid.SliceOfN(genStates("s"), 1, 20).Draw(t, "assets")
		fix := rapid.SampledFrom([]string{"mfa/a", "mfa/b", "ports/a", "updates/a"}).Draw(t, "fix")
		var before, after []bulwark.Count
		for _, s := range assets {
			before = Apply(before, Delta(nil, s, control))
			after = Apply(after, Delta(nil, Fixed(s, func(check string) bool { return check == fix }), control))
		}
		was, is := Score("s", before), Score("s", after)
		for _, s := range []ScopeScore{was, is} {
			if r, _ := s.Ratio(); r < 0 || r > 1 {
				t.Fatalf("ratio %v is outside [0, 1]", r)
			}
			var lost float64
			for _, c := range s.Controls {
				lost += c.Lost
				if c.Passed && (c.Unknown > 0 || c.Unhealthy > 0) {
					t.Fatalf("control %s passed with %+v", c.ID, c.Tally)
				}
			}
			if math.Abs(s.Current+lost-s.Max) > 1e-9 {
				t.Fatalf("current %v + lost %v is not max %v", s.Current, lost, s.Max)
			}
		}
		a, _ := was.Ratio()
		b, _ := is.Ratio()
		if b < a-1e-12 {
			t.Fatalf("mending %s lowered the score from %v to %v", fix, a, b)
		}
	})
}

func TestOverWeighsScopes(t *testing.T) {
	counts := []bulwark.Count{
		{CountKey: bulwark.CountKey{Scope: "a", Kind: bulwark.CountControl, ID: "enable-mfa"}, Tally: bulwark.Tally{Healthy: 10}},
		{CountKey: bulwark.CountKey{Scope: "a", Kind: bulwark.CountScope}, Tally: bulwark.Tally{Healthy: 10}},
		{CountKey: bulwark.CountKey{Scope: "b", Kind: bulwark.CountControl, ID: "enable-mfa"}, Tally: bulwark.Tally{Healthy: 15, Unhealthy: 15}},
		{CountKey: bulwark.CountKey{Scope: "b", Kind: bulwark.CountScope}, Tally: bulwark.Tally{Healthy: 15, Unhealthy: 15}},
		{CountKey: bulwark.CountKey{Scope: "c", Kind: bulwark.CountControl, ID: "enable-mfa"}, Tally: bulwark.Tally{NotApplicable: 99}},
		{CountKey: bulwark.CountKey{Scope: "c", Kind: bulwark.CountScope}, Tally: bulwark.Tally{NotApplicable: 99}},
	}
	if got, want := Over(counts).Ratio, (1.0*10+0.5*30)/40; got != want {
		t.Errorf("Over = %v, want %v", got, want)
	}
	if Over(counts[4:]).Scored {
		t.Error("a scope in which nothing counts has a score")
	}
}

func TestStandardStatus(t *testing.T) {
	s := &bulwark.Standard{Sections: []bulwark.StandardSection{{ID: "1", Controls: []bulwark.StandardControl{
		{ID: "pass", Checks: []string{"a"}}, {ID: "fail", Checks: []string{"a", "b"}}, {ID: "unknown", Checks: []string{"c"}},
		{ID: "none", Checks: []string{"d"}}, {ID: "manual", Manual: "ask"}, {ID: "uncovered"},
	}}}}
	count := func(id string, t bulwark.Tally) bulwark.Count {
		return bulwark.Count{CountKey: bulwark.CountKey{Scope: "s", Kind: bulwark.CountCheck, ID: id}, Tally: t}
	}
	got := Standard(s, []bulwark.Count{count("a", bulwark.Tally{Healthy: 2}), count("b", bulwark.Tally{Unhealthy: 1, Unknown: 1}), count("c", bulwark.Tally{Healthy: 5, Unknown: 1})})
	want := []Status{Passed, Failed, Unverified, Inapplicable, NeedsAttested, Uncovered}
	for i, c := range got.Sections[0].Controls {
		if c.Status != want[i] {
			t.Errorf("status of %s = %s, want %s", c.ID, c.Status, want[i])
		}
	}
	if r, ok := got.PassedRatio(); !ok || r != 1.0/3 || got.AutomatedRatio() != 4.0/6 {
		t.Errorf("ratios = %v %v, want 1/3 passed and 4/6 automated", r, got.AutomatedRatio())
	}
}

func BenchmarkDelta(b *testing.B) {
	checks := make([]string, 30)
	a, c := make([]bulwark.State, 30), make([]bulwark.State, 30)
	for i := range checks {
		checks[i] = []string{"mfa/a", "ports/a", "updates/a", "custom/x"}[i%4]
		a[i], c[i] = bulwark.State(i%4), bulwark.State((i+i/7)%4)
	}
	old, new := &bulwark.States{Scope: "s", Checks: checks, States: a}, &bulwark.States{Scope: "s", Checks: checks, States: c}
	b.ReportAllocs()
	for b.Loop() {
		Delta(old, new, control)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "assets/s")
}
