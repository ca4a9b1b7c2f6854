// Package compliance counts verdicts and turns counts into scores: the secure
// score of scopes with every point explained, what a fix would change, and
// the status of a standard's controls. It is pure: counts are integers that
// change by deltas, ratios are computed when read.
//
// Source of the formulas: Microsoft Defender for Cloud, "Secure score security
// controls" (classic score).
package compliance

import (
	"cmp"
	"slices"

	"github.com/bulwarksec/bulwark"
)

// Delta returns how the counters of a leaf scope change when an asset's states
// go from old to new; nil is an asset that is not there. control names the
// secure-score control that a check counts in, "" for one that does not count
// (none, preview or custom). Zero changes are left out; the result is sorted by
// scope, kind and id.
//
// In a control an asset is unhealthy if any of its assessments there is; else
// unknown if any is; else healthy if any is; else not applicable. A mitigated
// assessment counts as healthy and a waived one as not applicable.
func Delta(old, new *bulwark.States, control func(check string) string) []bulwark.Count {
	before, after := counts(old, control), counts(new, control)
	list := make([]bulwark.Count, 0, len(before)+len(after))
	add := func(c bulwark.Count) {
		if !c.IsZero() {
			list = append(list, c)
		}
	}
	for len(before)+len(after) > 0 { // both are sorted
		order := 0
		switch {
		case len(before) == 0:
			order = 1
		case len(after) == 0:
			order = -1
		default:
			order = compareKeys(before[0].CountKey, after[0].CountKey)
		}
		switch {
		case order < 0:
			add(bulwark.Count{CountKey: before[0].CountKey, Tally: before[0].Neg()})
			before = before[1:]
		case order > 0:
			add(after[0])
			after = after[1:]
		default:
			add(bulwark.Count{CountKey: after[0].CountKey, Tally: after[0].Add(before[0].Neg())})
			before, after = before[1:], after[1:]
		}
	}
	return list
}

func compareKeys(a, b bulwark.CountKey) int {
	return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID))
}

// Effective returns the state with which an assessment counts under an
// exemption of the category, "" for none.
func Effective(s bulwark.State, exempt bulwark.ExemptionCategory) bulwark.State {
	switch exempt {
	case bulwark.Mitigated:
		return bulwark.Healthy
	case bulwark.Waiver:
		return bulwark.NotApplicable
	}
	return s
}

// rank orders states by which of several decides: unhealthy, then unknown,
// then healthy, then not applicable.
var rank = [4]int{bulwark.NotApplicable: 0, bulwark.Healthy: 1, bulwark.Undetermined: 2, bulwark.Unhealthy: 3}

func worse(a, b bulwark.State) bulwark.State {
	if rank[b] > rank[a] {
		return b
	}
	return a
}

// counts returns an asset's counters of one each, sorted by kind and id, each
// key once.
func counts(s *bulwark.States, control func(string) string) []bulwark.Count {
	if s == nil {
		return nil
	}
	list := make([]bulwark.Count, 0, len(s.Checks)+9)
	add := func(kind, id string, state bulwark.State) {
		list = append(list, bulwark.Count{CountKey: bulwark.CountKey{Scope: s.Scope, Kind: kind, ID: id}, Tally: tally(state)})
	}
	var ids [8]string // an asset counts in few controls: no map
	var states [8]bulwark.State
	controls, worst := ids[:0], states[:0]
	for i, check := range s.Checks {
		state := s.States[i]
		if i < len(s.Exempt) {
			state = Effective(state, s.Exempt[i])
		}
		add(bulwark.CountCheck, check, state)
		id := control(check)
		if id == "" {
			continue
		}
		if at := slices.Index(controls, id); at >= 0 {
			worst[at] = worse(worst[at], state)
		} else {
			controls, worst = append(controls, id), append(worst, state)
		}
	}
	for i, id := range controls {
		add(bulwark.CountControl, id, worst[i])
	}
	add(bulwark.CountScope, "", overall(worst))
	return normal(list)
}

// normal sorts counters and joins those of one key. Those of a scope's asset
// are nearly sorted: the checks of a layout are.
func normal(list []bulwark.Count) []bulwark.Count {
	order := func(a, b bulwark.Count) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID)) }
	checks := len(list)
	for i, c := range list {
		if c.Kind != bulwark.CountCheck {
			checks = i
			break
		}
	}
	if !slices.IsSortedFunc(list[:checks], order) {
		slices.SortFunc(list[:checks], order)
	}
	slices.SortFunc(list[checks:], order)
	out := list[:0]
	for _, c := range list {
		if n := len(out); n > 0 && out[n-1].CountKey == c.CountKey {
			out[n-1].Tally = out[n-1].Add(c.Tally)
			continue
		}
		out = append(out, c)
	}
	return out
}

// overall is an asset's state in the controls together: it weighs in its
// scope when it is healthy or unhealthy in at least one.
func overall(states []bulwark.State) bulwark.State {
	switch {
	case slices.Contains(states, bulwark.Unhealthy):
		return bulwark.Unhealthy
	case slices.Contains(states, bulwark.Healthy):
		return bulwark.Healthy
	case slices.Contains(states, bulwark.Undetermined):
		return bulwark.Undetermined
	}
	return bulwark.NotApplicable
}

func tally(s bulwark.State) bulwark.Tally {
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

// Apply returns the counts with changes added, sorted by key, zero ones left
// out. Neither argument is changed.
func Apply(counts, changes []bulwark.Count) []bulwark.Count {
	sums := make(map[bulwark.CountKey]bulwark.Tally, len(counts)+len(changes))
	for _, list := range [][]bulwark.Count{counts, changes} {
		for _, c := range list {
			sums[c.CountKey] = sums[c.CountKey].Add(c.Tally)
		}
	}
	out := make([]bulwark.Count, 0, len(sums))
	for key, t := range sums {
		if !t.IsZero() {
			out = append(out, bulwark.Count{CountKey: key, Tally: t})
		}
	}
	slices.SortFunc(out, func(a, b bulwark.Count) int { return compareKeys(a.CountKey, b.CountKey) })
	return out
}

// Fixed returns the states as they would be if the unhealthy assessments that
// fix names were mended. It returns s itself when nothing differs.
func Fixed(s *bulwark.States, fix func(check string) bool) *bulwark.States {
	fixed := s
	for i, check := range s.Checks {
		if s.States[i] != bulwark.Unhealthy || !fix(check) {
			continue
		}
		if fixed == s {
			c := *s
			c.States = slices.Clone(s.States)
			fixed = &c
		}
		fixed.States[i] = bulwark.Healthy
	}
	return fixed
}
