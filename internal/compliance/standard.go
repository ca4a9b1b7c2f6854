package compliance

import "github.com/bulwarksec/bulwark"

// Status is how a standard's control stands.
type Status string

// The statuses of a control. An unknown is never a pass, a manual control
// waits for a person, and one that no check covers says so.
const (
	Passed        Status = "passed"
	Failed        Status = "failed"
	Unverified    Status = "unknown"
	Inapplicable  Status = "not applicable" // automated, but no asset is in scope
	NeedsAttested Status = "manual"
	Uncovered     Status = "not covered"
)

// ControlStatus is a standard's control in a scope. Assets are counted once a
// check, so one asset may count several times.
type ControlStatus struct {
	bulwark.StandardControl
	Status Status
	Tally  bulwark.Tally
}

// SectionStatus is a section with its controls.
type SectionStatus struct {
	ID, Title string
	Controls  []ControlStatus
}

// StandardStatus is a standard in a scope.
type StandardStatus struct {
	Standard *bulwark.Standard
	Sections []SectionStatus
	Counts   map[Status]int // controls by status
	Controls int
}

// AutomatedRatio returns the share of controls that checks assess, in [0, 1].
func (s StandardStatus) AutomatedRatio() float64 {
	if s.Controls == 0 {
		return 0
	}
	return float64(s.Controls-s.Counts[NeedsAttested]-s.Counts[Uncovered]) / float64(s.Controls)
}

// PassedRatio returns the share of passed among passed, failed and unknown
// controls, and false when there is none of them.
func (s StandardStatus) PassedRatio() (float64, bool) {
	n := s.Counts[Passed] + s.Counts[Failed] + s.Counts[Unverified]
	if n == 0 {
		return 0, false
	}
	return float64(s.Counts[Passed]) / float64(n), true
}

// Standard computes the status of every control of a standard from the check
// counters of a scope (or several, which are summed).
func Standard(s *bulwark.Standard, counts []bulwark.Count) StandardStatus {
	sums := map[string]bulwark.Tally{}
	for _, c := range counts {
		if c.Kind == bulwark.CountCheck {
			sums[c.ID] = sums[c.ID].Add(c.Tally)
		}
	}
	out := StandardStatus{Standard: s, Counts: map[Status]int{}}
	for _, section := range s.Sections {
		ss := SectionStatus{ID: section.ID, Title: section.Title}
		for _, c := range section.Controls {
			k := ControlStatus{StandardControl: c}
			for _, id := range c.Checks {
				k.Tally = k.Tally.Add(sums[id])
			}
			k.Status = controlStatus(c, k.Tally)
			out.Counts[k.Status]++
			out.Controls++
			ss.Controls = append(ss.Controls, k)
		}
		out.Sections = append(out.Sections, ss)
	}
	return out
}

func controlStatus(c bulwark.StandardControl, t bulwark.Tally) Status {
	switch c.Coverage() {
	case bulwark.Manual:
		return NeedsAttested
	case bulwark.NotCovered:
		return Uncovered
	}
	switch {
	case t.Unhealthy > 0:
		return Failed
	case t.Unknown > 0:
		return Unverified
	case t.Healthy > 0:
		return Passed
	}
	return Inapplicable
}
