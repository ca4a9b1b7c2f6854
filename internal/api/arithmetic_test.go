package api

import (
	"cmp"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// arithmetic is the score's, written the plainest way.
type arithmetic struct{ e *estate }

func (a arithmetic) Effective(s bulwark.State, x bulwark.ExemptionCategory) bulwark.State {
	switch {
	case x == bulwark.Mitigated && s == bulwark.Unhealthy:
		return bulwark.Healthy
	case x == bulwark.Waiver:
		return bulwark.NotApplicable
	}
	return s
}

var order = map[bulwark.State]int{bulwark.NotApplicable: 0, bulwark.Healthy: 1, bulwark.Undetermined: 2, bulwark.Unhealthy: 3}

func tallyOf(s bulwark.State) bulwark.Tally {
	return [...]bulwark.Tally{bulwark.NotApplicable: {NotApplicable: 1}, bulwark.Healthy: {Healthy: 1}, bulwark.Unhealthy: {Unhealthy: 1}, bulwark.Undetermined: {Unknown: 1}}[s]
}

func (a arithmetic) count(st *bulwark.States) []bulwark.Count {
	if st == nil {
		return nil
	}
	var out []bulwark.Count
	worst := map[string]bulwark.State{}
	overall := bulwark.NotApplicable
	for i, check := range st.Checks {
		s := a.Effective(st.States[i], st.Exempt[i])
		out = append(out, bulwark.Count{CountKey: bulwark.CountKey{Scope: st.Scope, Kind: bulwark.CountCheck, ID: check}, Tally: tallyOf(s)})
		control := scoreControl(a.e.Check(check))
		if w, ok := worst[control]; control != "" && (!ok || order[s] > order[w]) {
			worst[control] = s
		}
	}
	for control, s := range worst {
		out = append(out, bulwark.Count{CountKey: bulwark.CountKey{Scope: st.Scope, Kind: bulwark.CountControl, ID: control}, Tally: tallyOf(s)})
		if s != bulwark.Undetermined && order[s] > order[overall] {
			overall = s
		}
	}
	return append(out, bulwark.Count{CountKey: bulwark.CountKey{Scope: st.Scope, Kind: bulwark.CountScope}, Tally: tallyOf(overall)})
}

func (a arithmetic) Delta(old, new *bulwark.States) []bulwark.Count {
	out := a.count(new)
	for _, c := range a.count(old) {
		out = append(out, bulwark.Count{CountKey: c.CountKey, Tally: c.Neg()})
	}
	return out
}

func (a arithmetic) Apply(counts, changes []bulwark.Count) []bulwark.Count {
	sums := map[bulwark.CountKey]bulwark.Tally{}
	for _, c := range slices.Concat(counts, changes) {
		sums[c.CountKey] = sums[c.CountKey].Add(c.Tally)
	}
	out := []bulwark.Count{}
	for k, t := range sums {
		out = append(out, bulwark.Count{CountKey: k, Tally: t})
	}
	slices.SortFunc(out, func(a, b bulwark.Count) int {
		return strings.Compare(a.Scope+a.Kind+a.ID, b.Scope+b.Kind+b.ID)
	})
	return out
}

func (a arithmetic) Fixed(st *bulwark.States, fix func(string) bool) *bulwark.States {
	out := *st
	out.States = slices.Clone(st.States)
	changed := false
	for i, check := range st.Checks {
		if st.States[i] == bulwark.Unhealthy && fix(check) {
			out.States[i], changed = bulwark.Healthy, true
		}
	}
	if !changed {
		return st
	}
	return &out
}

func (a arithmetic) Score(counts []bulwark.Count) (leaves []LeafScore, ratio float64, scored bool) {
	byScope := map[string]*LeafScore{}
	for _, c := range counts {
		l := byScope[c.Scope]
		if l == nil {
			l = &LeafScore{Scope: c.Scope}
			byScope[c.Scope] = l
		}
		switch c.Kind {
		case bulwark.CountScope:
			l.Assets, l.Weight = c.Tally, c.Healthy+c.Unhealthy
		case bulwark.CountControl:
			control, _ := bulwark.ControlByID(c.ID)
			n := c.Healthy + c.Unhealthy
			k := LeafControl{ID: c.ID, Points: control.Points, Tally: c.Tally, Counted: n > 0}
			if n > 0 {
				k.PerAsset = float64(control.Points) / float64(n)
				k.Current, k.Lost = k.PerAsset*float64(c.Healthy), k.PerAsset*float64(c.Unhealthy)
				l.Current += k.Current
				l.Max += float64(control.Points)
			}
			l.Controls = append(l.Controls, k)
		}
	}
	var weights float64
	for _, l := range byScope {
		leaves = append(leaves, *l)
		if l.Max > 0 {
			ratio += l.Current / l.Max * float64(l.Weight)
			weights += float64(l.Weight)
		}
	}
	slices.SortFunc(leaves, func(a, b LeafScore) int { return cmp.Compare(a.Scope, b.Scope) })
	if weights == 0 {
		return leaves, 0, false
	}
	return leaves, ratio / weights, true
}

func (a arithmetic) Standard(s *bulwark.Standard, counts []bulwark.Count) []ControlStatus {
	var out []ControlStatus
	for _, section := range s.Sections {
		for _, c := range section.Controls {
			k := ControlStatus{Status: string(c.Coverage())}
			for _, n := range counts {
				if n.Kind == bulwark.CountCheck && slices.Contains(c.Checks, n.ID) {
					k.Tally = k.Tally.Add(n.Tally)
				}
			}
			if len(c.Checks) > 0 {
				k.Status = "passed"
				if k.Tally.Unhealthy > 0 {
					k.Status = "failed"
				}
			}
			out = append(out, k)
		}
	}
	return out
}
