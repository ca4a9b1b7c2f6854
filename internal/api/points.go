package api

import (
	"github.com/bulwarksec/bulwark"
)

// scoring is the score of the scopes that a caller asks for, and what every
// asset and control contributes to it.
//
// The score of several scopes is their weighted mean, so a point of one scope
// is worth factor points of the whole: max × weight ÷ (Σ weight × scope's max).
// With one scope the factor is 1. The controls' current and potential points
// therefore add up exactly to current and max − current.
type scoring struct {
	ratio   float64
	scored  bool
	current float64 // Σ points that the controls give, in their order
	max     float64 // Σ points of the controls that count anywhere
	leaves  []LeafScore
	factor  map[string]float64 // by leaf scope
	control map[string]ControlScore
}

// ControlScore is a control of the secure score.
type ControlScore struct {
	ID            string  `json:"id"`
	Title         string  `json:"title"`
	Points        int     `json:"points" doc:"what the control is worth in one scope"`
	Max           float64 `json:"max" doc:"points it can give here; several scopes are weighted"`
	Current       float64 `json:"current" doc:"points it gives"`
	Potential     float64 `json:"potential" doc:"points that mending everything in it would give"`
	Counted       bool    `json:"counted" doc:"false when no asset is healthy or unhealthy in it"`
	Healthy       int64   `json:"healthy"`
	Unhealthy     int64   `json:"unhealthy"`
	Unknown       int64   `json:"unknown"`
	NotApplicable int64   `json:"notApplicable"`
}

// Score is a secure score. Ratio is absent when nothing counts.
type Score struct {
	Ratio   *float64 `json:"ratio,omitempty" minimum:"0" maximum:"1"`
	Current float64  `json:"current" doc:"points"`
	Max     float64  `json:"max" doc:"points"`
}

func (s *Server) scoring(counts []bulwark.Count) *scoring {
	g := &scoring{factor: map[string]float64{}, control: map[string]ControlScore{}}
	g.leaves, g.ratio, g.scored = s.Scorer.Score(counts)
	var weights int64
	points := map[string]int{}
	for _, l := range g.leaves {
		if l.Max > 0 {
			weights += l.Weight
		}
		for _, c := range l.Controls {
			if c.Counted && l.Weight > 0 {
				points[c.ID] = c.Points
			}
		}
	}
	for _, n := range points {
		g.max += float64(n)
	}
	for _, l := range g.leaves {
		f := 0.0
		if l.Max > 0 && weights > 0 {
			f = g.max * float64(l.Weight) / (float64(weights) * l.Max)
		}
		g.factor[l.Scope] = f
		for _, c := range l.Controls {
			sum := g.control[c.ID]
			sum.add(c, f)
			g.control[c.ID] = sum
		}
	}
	if g.scored && g.max > 0 { // the same number as the scorer's, as its own sum to the last digit
		for _, c := range g.controls() {
			g.current += c.Current
		}
		g.ratio = min(1, g.current/g.max)
	}
	return g
}

func (sum *ControlScore) add(c LeafControl, factor float64) {
	sum.ID, sum.Points = c.ID, c.Points
	sum.Healthy += c.Tally.Healthy
	sum.Unhealthy += c.Tally.Unhealthy
	sum.Unknown += c.Tally.Unknown
	sum.NotApplicable += c.Tally.NotApplicable
	if c.Counted {
		sum.Counted = true
		sum.Max += factor * float64(c.Points)
		sum.Current += factor * c.Current
		sum.Potential += factor * c.Lost
	}
}

// controls returns all controls of the score in falling order of points.
func (g *scoring) controls() []ControlScore {
	out := make([]ControlScore, 0, len(bulwark.Controls))
	for _, c := range bulwark.Controls {
		sum := g.control[c.ID]
		sum.ID, sum.Title, sum.Points = c.ID, c.Title, c.Points
		out = append(out, sum)
	}
	return out
}

func (g *scoring) score() Score {
	out := Score{Max: g.max, Current: g.current}
	if g.scored {
		out.Ratio = &g.ratio
	}
	return out
}

// perAsset returns the points of the whole that one asset is worth in a
// control, by leaf scope and control.
func (g *scoring) perAsset() map[[2]string]float64 {
	out := map[[2]string]float64{}
	for _, l := range g.leaves {
		for _, c := range l.Controls {
			if c.Counted {
				out[[2]string{l.Scope, c.ID}] = g.factor[l.Scope] * c.PerAsset
			}
		}
	}
	return out
}

// scoreControl names the control that a check counts in: none for preview and
// custom checks.
func scoreControl(c *bulwark.Check) string {
	if c == nil || c.Preview || c.Custom || c.Disabled {
		return ""
	}
	return c.Control
}
