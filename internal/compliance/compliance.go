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
	changes := map[bulwark.CountKey]bulwark.Tally{}
	count(changes, old, control, bulwark.Tally.Neg)
	count(changes, new, control, func(t bulwark.Tally) bulwark.Tally { return t })
	list := make([]bulwark.Count, 0, len(changes))
	for key, t := range changes {
		if !t.IsZero() {
			list = append(list, bulwark.Count{CountKey: key, Tally: t})
		}
	}
	slices.SortFunc(list, func(a, b bulwark.Count) int { return compareKeys(a.CountKey, b.CountKey) })
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

func count(to map[bulwark.CountKey]bulwark.Tally, s *bulwark.States, control func(string) string, sign func(bulwark.Tally) bulwark.Tally) {
	if s == nil {
		return
	}
	add := func(kind, id string, state bulwark.State) {
		key := bulwark.CountKey{Scope: s.Scope, Kind: kind, ID: id}
		to[key] = to[key].Add(sign(tally(state)))
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
