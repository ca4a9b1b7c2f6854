package main

import (
	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/api"
	"github.com/bulwarksec/bulwark/internal/compliance"
)

// scorer lends the API the arithmetic of compliance. control names the control
// of the secure score that a check counts in, "" for none.
type scorer struct {
	control func(check string) string
}

var _ api.Scorer = scorer{}

// Score returns each leaf scope's score and their weighted ratio.
func (scorer) Score(counts []bulwark.Count) (leaves []api.LeafScore, ratio float64, scored bool) {
	o := compliance.Over(counts)
	for _, s := range o.Scopes {
		leaf := api.LeafScore{Scope: s.Scope, Current: s.Current, Max: s.Max, Weight: s.Weight, Assets: s.Assets}
		for _, c := range s.Controls {
			leaf.Controls = append(leaf.Controls, api.LeafControl{
				ID: c.ID, Points: c.Points, Tally: c.Tally, PerAsset: c.PerAsset, Current: c.Current, Lost: c.Lost, Counted: c.Counted,
			})
		}
		leaves = append(leaves, leaf)
	}
	return leaves, o.Ratio, o.Scored
}

// Delta returns how counts change when an asset's states do.
func (s scorer) Delta(old, new *bulwark.States) []bulwark.Count {
	return compliance.Delta(old, new, s.control)
}

// Apply returns counts with the changes added.
func (scorer) Apply(counts, changes []bulwark.Count) []bulwark.Count {
	return compliance.Apply(counts, changes)
}

// Fixed returns the states with the unhealthy ones that fix names mended.
func (scorer) Fixed(s *bulwark.States, fix func(check string) bool) *bulwark.States {
	return compliance.Fixed(s, fix)
}

// Effective returns the state with which an exempt assessment counts.
func (scorer) Effective(s bulwark.State, exempt bulwark.ExemptionCategory) bulwark.State {
	return compliance.Effective(s, exempt)
}

// Standard returns the status of each control, in order.
func (scorer) Standard(s *bulwark.Standard, counts []bulwark.Count) []api.ControlStatus {
	var out []api.ControlStatus
	for _, section := range compliance.Standard(s, counts).Sections {
		for _, c := range section.Controls {
			out = append(out, api.ControlStatus{Status: string(c.Status), Tally: c.Tally})
		}
	}
	return out
}
