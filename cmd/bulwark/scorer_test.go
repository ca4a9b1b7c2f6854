package main

import (
	"math"
	"testing"

	"github.com/bulwarksec/bulwark"
)

// TestScorerKeepsEveryPoint: what the API adds up is what compliance computes.
func TestScorerKeepsEveryPoint(t *testing.T) {
	controls := map[string]string{"a": "enable-mfa", "b": "secure-management-ports"}
	s := scorer{control: func(check string) string { return controls[check] }}
	states := func(asset, scope string, a, b bulwark.State) *bulwark.States {
		return &bulwark.States{Asset: asset, Scope: scope, Checks: []string{"a", "b"}, States: []bulwark.State{a, b}}
	}
	broken := states("1", "aws/1", bulwark.Unhealthy, bulwark.Healthy)
	var counts []bulwark.Count
	for _, st := range []*bulwark.States{broken, states("2", "aws/1", bulwark.Healthy, bulwark.Healthy), states("3", "aws/2", bulwark.Healthy, bulwark.Unhealthy)} {
		counts = s.Apply(counts, s.Delta(nil, st))
	}
	leaves, ratio, scored := s.Score(counts)
	if !scored || len(leaves) != 2 {
		t.Fatalf("Score = %v, %v, %v, want two scopes", leaves, ratio, scored)
	}
	var sum, weights float64
	for _, l := range leaves {
		var current, top float64
		for _, c := range l.Controls {
			current += c.Current
			if c.Counted {
				top += float64(c.Points)
			}
			if c.Counted && math.Abs(c.Current+c.Lost-float64(c.Points)) > 1e-9 {
				t.Errorf("%s %s: %v current and %v lost, want %d together", l.Scope, c.ID, c.Current, c.Lost, c.Points)
			}
		}
		if math.Abs(current-l.Current) > 1e-9 || top != l.Max {
			t.Errorf("%s: controls add up to %v of %v, want %v of %v", l.Scope, current, top, l.Current, l.Max)
		}
		sum += l.Current / l.Max * float64(l.Weight)
		weights += float64(l.Weight)
	}
	if math.Abs(sum/weights-ratio) > 1e-9 {
		t.Errorf("ratio = %v, want %v", ratio, sum/weights)
	}
	fixed := s.Fixed(broken, func(check string) bool { return check == "a" })
	if _, after, _ := s.Score(s.Apply(counts, s.Delta(broken, fixed))); after <= ratio {
		t.Errorf("mending moves the ratio from %v to %v, want it higher", ratio, after)
	}
	if s.Effective(bulwark.Unhealthy, bulwark.Mitigated) != bulwark.Healthy || s.Effective(bulwark.Unhealthy, bulwark.Waiver) != bulwark.NotApplicable {
		t.Error("exemptions do not count as their categories say")
	}
	standard := &bulwark.Standard{Sections: []bulwark.StandardSection{{Controls: []bulwark.StandardControl{{ID: "1", Checks: []string{"a"}}, {ID: "2", Manual: "why"}, {ID: "3"}}}}}
	got := s.Standard(standard, counts)
	if len(got) != 3 || got[0].Status != "failed" || got[0].Tally.Unhealthy != 1 || got[1].Status != "manual" || got[2].Status != "not covered" {
		t.Errorf("Standard = %+v, want failed, manual, not covered", got)
	}
}
