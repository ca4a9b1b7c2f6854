package api

import (
	"cmp"
	"slices"

	"github.com/bulwarksec/bulwark"
)

// ScopePoints is what a leaf scope adds to the score of several.
type ScopePoints struct {
	Scope   string   `json:"scope"`
	Ratio   *float64 `json:"ratio,omitempty"`
	Current float64  `json:"current" doc:"points, in this scope alone"`
	Max     float64  `json:"max" doc:"points, in this scope alone"`
	Weight  int64    `json:"weight" doc:"assets that are healthy or unhealthy in a control"`
}

// LeftOut is why assessments of a check add nothing, or not what they say.
type LeftOut struct {
	Control string `json:"control"`
	Check   string `json:"check"`
	Why     string `json:"why" enum:"unknown,waiver,mitigated,preview,custom,no control" doc:"mitigated counts as healthy; the others are in neither count"`
	Assets  int64  `json:"assets"`
}

// Gain is what mending one check everywhere would give.
type Gain struct {
	Control string  `json:"control"`
	Check   string  `json:"check"`
	Title   string  `json:"title"`
	Assets  int64   `json:"assets" doc:"on which it fails"`
	Points  float64 `json:"points" doc:"that mending it alone would give; less than the control's where other checks fail on the same assets"`
	Ratio   float64 `json:"ratio" doc:"of the score then"`
}

// detail gathers, over all states, what is left out of the score and what
// mending each check alone would change.
type detail struct {
	s      *Server
	out    map[LeftOut]int64
	fails  map[string]int64
	change map[string]map[bulwark.CountKey]bulwark.Tally
}

func (s *Server) newDetail() *detail {
	return &detail{s: s, out: map[LeftOut]int64{}, fails: map[string]int64{}, change: map[string]map[bulwark.CountKey]bulwark.Tally{}}
}

func (d *detail) add(st *bulwark.States) {
	failing := map[string]bool{} // by control
	for i, id := range st.Checks {
		if control := scoreControl(d.s.Content.Check(id)); control != "" && d.effective(st, i) == bulwark.Unhealthy {
			failing[control] = true
		}
	}
	for i, id := range st.Checks {
		c := d.s.Content.Check(id)
		if c == nil {
			continue
		}
		if why := d.why(st, i, c, failing); why != "" {
			d.out[LeftOut{Control: c.Control, Check: id, Why: why}]++
		}
		if scoreControl(c) == "" || d.effective(st, i) != bulwark.Unhealthy {
			continue
		}
		d.fails[id]++
		sums := d.change[id]
		if sums == nil {
			sums = map[bulwark.CountKey]bulwark.Tally{}
			d.change[id] = sums
		}
		for _, x := range d.s.Scorer.Delta(st, d.s.Scorer.Fixed(st, func(check string) bool { return check == id })) {
			sums[x.CountKey] = sums[x.CountKey].Add(x.Tally)
		}
	}
}

func exemptAt(st *bulwark.States, i int) bulwark.ExemptionCategory {
	if i < len(st.Exempt) {
		return st.Exempt[i]
	}
	return ""
}

func (d *detail) effective(st *bulwark.States, i int) bulwark.State {
	return d.s.Scorer.Effective(st.States[i], exemptAt(st, i))
}

// why says why an assessment is left out, "" when it is not. One that is not
// applicable is left out by its nature, and only counted with its control.
func (d *detail) why(st *bulwark.States, i int, c *bulwark.Check, failing map[string]bool) string {
	exempt := exemptAt(st, i)
	switch {
	case st.States[i] == bulwark.NotApplicable:
		return ""
	case c.Preview:
		return "preview"
	case c.Custom:
		return "custom"
	case scoreControl(c) == "":
		return "no control"
	case exempt != "" && st.States[i] != bulwark.Healthy:
		return string(exempt)
	case d.effective(st, i) == bulwark.Undetermined && !failing[c.Control]: // else the asset counts as unhealthy
		return "unknown"
	}
	return ""
}

func (d *detail) leftOut() []LeftOut {
	list := make([]LeftOut, 0, len(d.out))
	for l, n := range d.out {
		l.Assets = n
		list = append(list, l)
	}
	slices.SortFunc(list, func(a, b LeftOut) int {
		return cmp.Or(cmp.Compare(a.Why, b.Why), cmp.Compare(a.Control, b.Control), cmp.Compare(a.Check, b.Check))
	})
	return list
}

// gains returns what each failing check would give, the most first.
func (d *detail) gains(counts []bulwark.Count, now *scoring) []Gain {
	list := make([]Gain, 0, len(d.change))
	for id, sums := range d.change {
		deltas := make([]bulwark.Count, 0, len(sums))
		for key, t := range sums {
			deltas = append(deltas, bulwark.Count{CountKey: key, Tally: t})
		}
		then := d.s.scoring(d.s.Scorer.Apply(counts, deltas))
		c := d.s.Content.Check(id)
		list = append(list, Gain{Control: c.Control, Check: id, Title: c.Title, Assets: d.fails[id], Points: (then.ratio - now.ratio) * now.max, Ratio: then.ratio})
	}
	slices.SortFunc(list, func(a, b Gain) int {
		return cmp.Or(cmp.Compare(b.Points, a.Points), cmp.Compare(b.Assets, a.Assets), cmp.Compare(a.Check, b.Check))
	})
	return list
}

func (g *scoring) scopes() []ScopePoints {
	list := []ScopePoints{}
	for _, l := range g.leaves {
		p := ScopePoints{Scope: l.Scope, Current: l.Current, Max: l.Max, Weight: l.Weight}
		if l.Max > 0 {
			r := l.Current / l.Max
			p.Ratio = &r
		}
		list = append(list, p)
	}
	return list
}
