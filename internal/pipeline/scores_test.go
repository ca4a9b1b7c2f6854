package pipeline

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
)

// TestScorePoints: a path's point is that of what lies below it, weighted by
// assets, and a path that only begins alike is another.
func TestScorePoints(t *testing.T) {
	control := bulwark.Controls[0]
	var counts []bulwark.Count
	for scope, tally := range map[string]bulwark.Tally{
		"org/a":   {Healthy: 1, Unhealthy: 1},
		"org/b":   {Healthy: 6},
		"org/b-2": {Unhealthy: 2},
		"org/c":   {Unknown: 3},
	} {
		counts = append(counts, bulwark.Count{CountKey: bulwark.CountKey{Scope: scope, Kind: bulwark.CountControl, ID: control.ID}, Tally: tally},
			bulwark.Count{CountKey: bulwark.CountKey{Scope: scope, Kind: bulwark.CountScope}, Tally: tally})
	}
	max := float64(control.Points)
	point := func(scope string, ratio float64) bulwark.ScorePoint {
		return bulwark.ScorePoint{Scope: scope, Current: ratio * max, Max: max}
	}
	want := map[string]bulwark.ScorePoint{
		"":        point("", 0.7), // (0.5*2 + 1*6 + 0*2) / 10
		"org":     point("org", 0.7),
		"org/a":   point("org/a", 0.5),
		"org/b":   point("org/b", 1),
		"org/b-2": point("org/b-2", 0),
	}
	if diff := cmp.Diff(want, scorePoints(counts)); diff != "" {
		t.Errorf("scorePoints (-want +got):\n%s", diff)
	}
}
