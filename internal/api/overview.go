package api

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark"
)

// Overview is what the first page shows.
type Overview struct {
	Score      Score            `json:"score"`
	Controls   []ControlScore   `json:"controls"`
	Severities SeverityCounts   `json:"severities" doc:"open findings that are not exempt"`
	First      []Recommendation `json:"first" doc:"what to fix first"`
	Movers     []Mover          `json:"movers" doc:"what moved the score most in a week"`
	Scopes     []ScopeScore     `json:"scopes"`
	Assets     int64            `json:"assets"`
	Coverage   Covered          `json:"coverage"`
	Gaps       int64            `json:"gaps"`
}

// SeverityCounts counts findings by severity.
type SeverityCounts struct {
	Critical      int64 `json:"critical"`
	High          int64 `json:"high"`
	Medium        int64 `json:"medium"`
	Low           int64 `json:"low"`
	Informational int64 `json:"informational"`
}

// Covered tells how much was read of what was to be read.
type Covered struct {
	Complete int64 `json:"complete" doc:"listings that are complete"`
	Total    int64 `json:"total" doc:"listings"`
	Stale    int64 `json:"stale" doc:"assets last seen before their listing failed"`
}

// Mover is something that moved the score.
type Mover struct {
	At      time.Time `json:"at"`
	What    string    `json:"what"`
	Points  float64   `json:"points" doc:"at today's worth of an asset; negative is a loss"`
	Check   string    `json:"check,omitempty"`
	Asset   string    `json:"asset,omitempty"`
	Control string    `json:"control,omitempty"`
	Scope   string    `json:"scope,omitempty"`
}

// ScopeScore is how a leaf scope stands.
type ScopeScore struct {
	Path      string   `json:"path"`
	Name      string   `json:"name"`
	Kind      string   `json:"kind"`
	Ratio     *float64 `json:"ratio,omitempty"`
	Assets    int64    `json:"assets"`
	Unhealthy int64    `json:"unhealthy" doc:"assets that are unhealthy in a control"`
	Gaps      int64    `json:"gaps" doc:"listings that are not complete"`
}

const (
	firstFixes = 7
	movers     = 3
	moverTime  = 7 * 24 * time.Hour
)

var _ = route(op{method: "GET", path: "/overview", id: "overview", summary: "Score, controls, what to fix first, coverage and what moved", tag: "score", allow: readers}, (*Server).overview)

func (s *Server) overview(ctx context.Context, in *Scoped) (*Answer[Overview], error) {
	scopes, err := callerOf(ctx).readable(in.Scope)
	if err != nil {
		return nil, err
	}
	counts, err := s.Store.Counts(ctx, scopes)
	if err != nil {
		return nil, err
	}
	g := s.scoring(counts)
	out := Overview{Score: g.score(), Controls: g.controls(), First: []Recommendation{}}
	for _, r := range s.recommendationsOf(counts, g) {
		if r.Unhealthy > 0 {
			out.First = append(out.First, r)
		}
	}
	slices.SortStableFunc(out.First, func(a, b Recommendation) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(b.Potential, a.Potential), cmp.Compare(b.Unhealthy, a.Unhealthy))
	})
	out.First = out.First[:min(len(out.First), firstFixes)]
	tree, err := s.Store.Scopes(ctx)
	if err != nil {
		return nil, err
	}
	if out.Movers, err = s.movers(ctx, scopes, g, scopeNames(tree)); err != nil {
		return nil, err
	}
	if err := s.overviewCounts(ctx, scopes, &out); err != nil {
		return nil, err
	}
	if out.Scopes, err = s.scopeScores(ctx, scopes, g, tree, &out.Coverage); err != nil {
		return nil, err
	}
	return answer(out, nil)
}

// overviewCounts fills in what facets count.
func (s *Server) overviewCounts(ctx context.Context, scopes []string, out *Overview) error {
	exempt := false
	facets, _, err := s.Store.FindingFacets(ctx, bulwark.FindingQuery{Scopes: scopes, States: []bulwark.FindingState{bulwark.Open}, Exempt: &exempt})
	if err != nil {
		return err
	}
	bySeverity := map[string]*int64{
		bulwark.Critical.String(): &out.Severities.Critical, bulwark.High.String(): &out.Severities.High, bulwark.Medium.String(): &out.Severities.Medium,
		bulwark.Low.String(): &out.Severities.Low, bulwark.Informational.String(): &out.Severities.Informational,
	}
	for _, f := range facets["severity"] {
		if n := bySeverity[f.Value]; n != nil {
			*n = f.Count
		}
	}
	facets, out.Assets, err = s.Store.AssetFacets(ctx, bulwark.AssetQuery{Scopes: scopes})
	if err != nil {
		return err
	}
	for _, f := range facets["stale"] {
		if f.Value == "yes" {
			out.Coverage.Stale = f.Count
		}
	}
	_, out.Gaps, err = s.Store.GapFacets(ctx, bulwark.GapQuery{Scopes: scopes})
	return err
}

// movers are the turns of a week that weigh most, at today's worth of an asset.
func (s *Server) movers(ctx context.Context, scopes []string, g *scoring, names map[string]string) ([]Mover, error) {
	turns, err := s.Store.Turns(ctx, scopes, s.Now().Add(-moverTime))
	if err != nil {
		return nil, err
	}
	worth := g.perAsset()
	out := []Mover{}
	for _, t := range turns {
		check := s.Content.Check(t.Check)
		control := scoreControl(check)
		points := float64(t.Resolved-t.Opened) * worth[[2]string{t.Scope, control}]
		if control == "" || points == 0 {
			continue
		}
		out = append(out, Mover{At: t.At, What: moved(t, check, names[t.Scope]), Points: points, Check: t.Check, Asset: t.Asset, Control: control, Scope: t.Scope})
	}
	slices.SortFunc(out, func(a, b Mover) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Points), math.Abs(a.Points)), b.At.Compare(a.At), cmp.Compare(a.Check, b.Check), cmp.Compare(a.Scope, b.Scope))
	})
	return out[:min(len(out), movers)], nil
}

// scopeNames returns what people call each scope, by its path.
func scopeNames(tree []bulwark.Scope) map[string]string {
	names := make(map[string]string, len(tree))
	for _, t := range tree {
		if !strings.Contains(t.Path, t.Name) { // else the path says more
			names[t.Path] = t.Name
		}
	}
	return names
}

// moved tells a turn in words.
func moved(t bulwark.Turn, c *bulwark.Check, scope string) string {
	n, verb := t.Resolved-t.Opened, "resolved"
	if n < 0 {
		n, verb = -n, "opened"
	}
	noun := "problems"
	if n == 1 {
		noun = "problem"
	}
	return fmt.Sprintf("%d %s %s in %s: %s", n, noun, verb, cmp.Or(scope, t.Scope), c.Title)
}

// scopeScores returns how each leaf scope stands, and counts listings.
func (s *Server) scopeScores(ctx context.Context, scopes []string, g *scoring, tree []bulwark.Scope, covered *Covered) ([]ScopeScore, error) {
	listings, err := s.Store.Listings(ctx, scopes)
	if err != nil {
		return nil, err
	}
	failed := map[string]int64{}
	for _, l := range listings {
		covered.Total++
		if l.Complete {
			covered.Complete++
		} else {
			failed[l.Scope]++
		}
	}
	known := make(map[string]bulwark.Scope, len(tree))
	for _, sc := range tree {
		known[sc.Path] = sc
	}
	out := []ScopeScore{}
	for _, l := range g.leaves {
		sc := known[l.Scope]
		row := ScopeScore{Path: l.Scope, Name: sc.Name, Kind: sc.Kind, Assets: sc.Assets, Unhealthy: l.Assets.Unhealthy, Gaps: failed[l.Scope]}
		if l.Max > 0 {
			r := l.Current / l.Max
			row.Ratio = &r
		}
		out = append(out, row)
	}
	return out, nil
}
