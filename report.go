package bulwark

import (
	"cmp"
	"slices"
	"time"
)

// Report is the result of a one-shot scan, in the order that exports write:
// assets by id, assessments by asset and check, findings by severity, gaps by
// place.
type Report struct {
	Version     string // of the product
	Started     time.Time
	Ended       time.Time
	Assets      []*Asset
	Assessments []Assessment
	Findings    []Finding
	Gaps        []Gap
	Checks      map[string]*Check // of the ids that Assessments name
	Suppressed  []Suppressed      // findings that comments in source silence
}

// Suppressed is a finding that a comment in source silences.
type Suppressed struct {
	Finding Finding
	By      Suppression
}

// Asset returns the report's asset of an id, or nil.
func (r *Report) Asset(id string) *Asset {
	i, ok := slices.BinarySearchFunc(r.Assets, id, func(a *Asset, id string) int { return cmp.Compare(a.ID, id) })
	if !ok {
		return nil
	}
	return r.Assets[i]
}

// Sort puts the report in its order.
func (r *Report) Sort() {
	slices.SortStableFunc(r.Assets, func(a, b *Asset) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortStableFunc(r.Assessments, func(a, b Assessment) int {
		return cmp.Or(cmp.Compare(a.Asset, b.Asset), cmp.Compare(a.Check, b.Check))
	})
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Check, b.Check), cmp.Compare(a.Asset, b.Asset), cmp.Compare(a.Instance, b.Instance))
	})
	slices.SortStableFunc(r.Gaps, func(a, b Gap) int {
		return cmp.Or(cmp.Compare(a.Where, b.Where), cmp.Compare(a.What, b.What), cmp.Compare(a.Why, b.Why))
	})
}
