package pipeline

import (
	"context"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/compliance"
)

// recordScores records the score of every scope, of everything above it and of
// all together, where it changed. Points are kept for each path, since those of
// several scopes cannot be added up afterwards: their weights are not kept.
func (e *Engine) recordScores(ctx context.Context) error {
	counts, err := e.store.Counts(ctx, nil)
	if err != nil {
		return err
	}
	points := scorePoints(counts)
	now, changed := e.now(), false
	for _, scope := range slices.Sorted(maps.Keys(points)) {
		p := points[scope]
		p.At = now
		added, err := e.store.AddScorePoint(ctx, p)
		if err != nil {
			return err
		}
		changed = changed || added
	}
	if changed {
		e.notify(bulwark.Notice{Kind: "score"})
	}
	return nil
}

// scorePoints returns the score by path: of each scope that has one, of every
// path above it, and of everything under "".
func scorePoints(counts []bulwark.Count) map[string]bulwark.ScorePoint {
	below := map[string][]bulwark.Count{"": counts}
	for _, c := range counts {
		for path := c.Scope; path != ""; path = above(path) {
			below[path] = append(below[path], c)
		}
	}
	points := map[string]bulwark.ScorePoint{}
	for path, counts := range below {
		if p, ok := scorePoint(compliance.Over(counts)); ok {
			p.Scope = path
			points[path] = p
		}
	}
	return points
}

// above returns the path that contains a path, "" for the topmost.
func above(path string) string {
	return path[:max(strings.LastIndexByte(path, '/'), 0)]
}

// scorePoint is one scope's own score, and of several the weighted ratio over
// the points that their controls can give, rounded to a billionth.
func scorePoint(o compliance.Overall) (bulwark.ScorePoint, bool) {
	if !o.Scored {
		return bulwark.ScorePoint{}, false
	}
	if len(o.Scopes) == 1 {
		return bulwark.ScorePoint{Current: o.Scopes[0].Current, Max: o.Scopes[0].Max}, true
	}
	var maximum float64
	for _, c := range o.Controls {
		if c.Counted {
			maximum += float64(c.Points)
		}
	}
	return bulwark.ScorePoint{Current: math.Round(o.Ratio*maximum*1e9) / 1e9, Max: maximum}, true
}
