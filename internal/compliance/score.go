package compliance

import (
	"cmp"
	"slices"

	"github.com/bulwarksec/bulwark"
)

// ControlScore is a control of the secure score in a scope, with its points
// explained: Current + Lost is Max whenever an asset counts.
type ControlScore struct {
	bulwark.Control
	bulwark.Tally
	PerAsset float64 `json:"perAsset"` // points that one asset is worth; 0 when none counts
	Current  float64 `json:"current"`  // points
	Lost     float64 `json:"lost"`     // points: what mending every unhealthy asset would give
	Counted  bool    `json:"counted"`  // false when no asset is healthy or unhealthy: in neither sum
	Passed   bool    `json:"passed"`   // counted, nothing unhealthy, nothing unknown
}

// ScopeScore is the secure score of one scope, in points.
type ScopeScore struct {
	Scope    string         `json:"scope"`
	Current  float64        `json:"current"`
	Max      float64        `json:"max"`
	Weight   int64          `json:"weight"` // assets that are healthy or unhealthy in a control
	Assets   bulwark.Tally  `json:"assets"` // by their state in all controls together
	Controls []ControlScore `json:"controls"`
}

// Ratio returns the score in [0, 1], and false when nothing counts.
func (s ScopeScore) Ratio() (float64, bool) {
	if s.Max == 0 {
		return 0, false
	}
	return s.Current / s.Max, true
}

// Control computes a control's points from its counts:
//
//	current = max ÷ (healthy + unhealthy) × healthy
//
// as one division of integers, so that it is exact to the last digit.
func Control(c bulwark.Control, t bulwark.Tally) ControlScore {
	s := ControlScore{Control: c, Tally: t}
	n := t.Healthy + t.Unhealthy
	if n <= 0 {
		return s
	}
	s.Counted = true
	s.Passed = t.Unhealthy == 0 && t.Unknown == 0
	s.PerAsset = float64(c.Points) / float64(n)
	s.Current = float64(int64(c.Points)*t.Healthy) / float64(n)
	s.Lost = float64(int64(c.Points)*t.Unhealthy) / float64(n)
	return s
}

// Score computes the score of one scope from its counters; those of other
// scopes must have been summed into it or left out by the caller. Controls
// come in the order of bulwark.Controls, all of them; one in which no asset
// counts is in neither sum.
func Score(scope string, counts []bulwark.Count) ScopeScore {
	s := ScopeScore{Scope: scope}
	sums := map[string]bulwark.Tally{}
	for _, c := range counts {
		switch c.Kind {
		case bulwark.CountControl:
			sums[c.ID] = sums[c.ID].Add(c.Tally)
		case bulwark.CountScope:
			s.Assets = s.Assets.Add(c.Tally)
		}
	}
	s.Weight = s.Assets.Healthy + s.Assets.Unhealthy
	for _, control := range bulwark.Controls {
		cs := Control(control, sums[control.ID])
		s.Controls = append(s.Controls, cs)
		if cs.Counted {
			s.Current += cs.Current
			s.Max += float64(control.Points)
		}
	}
	return s
}

// ByScope computes the score of each leaf scope, sorted by scope.
func ByScope(counts []bulwark.Count) []ScopeScore {
	groups := map[string][]bulwark.Count{}
	for _, c := range counts {
		groups[c.Scope] = append(groups[c.Scope], c)
	}
	list := make([]ScopeScore, 0, len(groups))
	for scope, group := range groups {
		list = append(list, Score(scope, group))
	}
	slices.SortFunc(list, func(a, b ScopeScore) int { return cmp.Compare(a.Scope, b.Scope) })
	return list
}

// Overall is the score over several scopes.
type Overall struct {
	Ratio    float64        `json:"ratio"`    // in [0, 1]
	Scored   bool           `json:"scored"`   // false when nothing counts anywhere
	Scopes   []ScopeScore   `json:"scopes"`   // what it is made of
	Controls []ControlScore `json:"controls"` // counts of all scopes together, for reading; not what Ratio is made of
}

// Over weights the scopes' scores by their assets that count:
//
//	Σ score × weight ÷ Σ weight
//
// Scopes in which nothing counts have no weight.
func Over(counts []bulwark.Count) Overall {
	o := Overall{Scopes: ByScope(counts), Controls: Score("", counts).Controls}
	var sum, weights float64
	for _, s := range o.Scopes {
		if r, ok := s.Ratio(); ok {
			sum += r * float64(s.Weight)
			weights += float64(s.Weight)
		}
	}
	if weights > 0 {
		o.Ratio, o.Scored = sum/weights, true
	}
	return o
}
