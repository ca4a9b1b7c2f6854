package bulwark

import "time"

// Verdict is all that was decided of one asset in one judgement: its
// assessments in the order of its type's checks, and what it was judged from.
// The store keeps states as two bits each, and evidence only where a state is
// unhealthy or unknown.
type Verdict struct {
	Asset       *Asset
	Digest      string // of the asset's data, volatile properties left out
	Revision    int64  // grows with every judgement of the asset; an older one is dropped
	Assessments []Assessment
	Until       time.Time // earliest Until of the assessments; zero is never
}

// States is an asset's verdict as counting sees it: parallel slices of check
// ids, states and the exemptions in force ("" for none).
type States struct {
	Asset  string
	Scope  string
	Checks []string
	States []State
	Exempt []ExemptionCategory
}

// Tally counts assets by state. Exempt ones are counted where their category
// puts them: mitigated in Healthy, waiver in NotApplicable. All fields may be
// negative where a Tally is a change.
type Tally struct {
	Healthy       int64 `json:"healthy"`
	Unhealthy     int64 `json:"unhealthy"`
	Unknown       int64 `json:"unknown"`
	NotApplicable int64 `json:"notApplicable"`
}

// Add returns the sum of two tallies.
func (t Tally) Add(u Tally) Tally {
	return Tally{t.Healthy + u.Healthy, t.Unhealthy + u.Unhealthy, t.Unknown + u.Unknown, t.NotApplicable + u.NotApplicable}
}

// Neg returns the tally that undoes t.
func (t Tally) Neg() Tally {
	return Tally{-t.Healthy, -t.Unhealthy, -t.Unknown, -t.NotApplicable}
}

// IsZero reports whether nothing is counted.
func (t Tally) IsZero() bool { return t == Tally{} }

// CountKey names one counter of the assets of a leaf scope.
type CountKey struct {
	Scope string `json:"scope"`
	Kind  string `json:"kind"` // control, check or scope
	ID    string `json:"id"`   // "" for scope
}

// The kinds of counter: assets of a scope by their state in a control of the
// secure score, by their state under a check, and by their state in all
// controls together (the scope's weight among others).
const (
	CountControl = "control"
	CountCheck   = "check"
	CountScope   = "scope"
)

// Count is a counter and its value, or its change.
type Count struct {
	CountKey
	Tally
}
