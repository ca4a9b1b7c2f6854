package api

import (
	"context"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// Recommendation is a check with all the assets that it judges.
type Recommendation struct {
	ID            string           `json:"id" doc:"of the check"`
	Title         string           `json:"title"`
	Severity      bulwark.Severity `json:"severity" enum:"critical,high,medium,low,informational"`
	Control       string           `json:"control" doc:"of the secure score, or empty"`
	Preview       bool             `json:"preview"`
	Custom        bool             `json:"custom"`
	Fix           bool             `json:"fix" doc:"a playbook can mend it"`
	Types         []string         `json:"types" doc:"asset types, or a group of them"`
	Potential     float64          `json:"potential" doc:"points that mending it can give at most; exactly these when nothing else of the control fails on the same assets"`
	Healthy       int64            `json:"healthy"`
	Unhealthy     int64            `json:"unhealthy"`
	Unknown       int64            `json:"unknown"`
	NotApplicable int64            `json:"notApplicable"`
}

// Recommendations is the question for recommendations.
type Recommendations struct {
	Scoped
	Paged
	Text     string   `query:"text" maxLength:"200" doc:"in title or id"`
	Severity []string `query:"severity" enum:"critical,high,medium,low,informational"`
	State    []string `query:"state" enum:"healthy,unhealthy,unknown,not applicable" doc:"with an asset in this state"`
	Control  []string `query:"control"`
	Type     []string `query:"type"`
	Provider []string `query:"provider" doc:"first part of the id"`
	Fix      []string `query:"fix" enum:"yes,no"`
}

var _ = route(op{method: "GET", path: "/recommendations", id: "recommendations", summary: "Checks with the assets that they judge, counted", tag: "posture", allow: readers}, (*Server).recommendations)

func (s *Server) recommendations(ctx context.Context, in *Recommendations) (*Answer[List[Recommendation]], error) {
	scopes, err := callerOf(ctx).readable(in.Scope)
	if err != nil {
		return nil, err
	}
	counts, err := s.Store.Counts(ctx, scopes)
	if err != nil {
		return nil, err
	}
	all := s.recommendationsOf(counts, s.scoring(counts))
	rows := make([]Recommendation, 0, len(all))
	for _, r := range all {
		if in.wants(r) {
			rows = append(rows, r)
		}
	}
	total := int64(len(rows))
	rows, next, err := paged(rows, in.page(), "-severity", recommendationKeys)
	if err != nil {
		return nil, err
	}
	out := list(rows, next)
	out.Total = &total
	out.Facets = map[string][]bulwark.Facet{
		"severity": facet(all, func(r Recommendation) []string { return []string{r.Severity.String()} }),
		"state":    facet(all, Recommendation.states),
		"control":  facet(all, func(r Recommendation) []string { return []string{r.Control} }),
		"provider": facet(all, func(r Recommendation) []string { return []string{r.provider()} }),
		"type":     facet(all, func(r Recommendation) []string { return r.Types }),
		"fix":      facet(all, func(r Recommendation) []string { return []string{yesNo(r.Fix)} }),
	}
	return answer(out, nil)
}

var recommendationKeys = map[string]func(Recommendation) sortKey{
	"severity": func(r Recommendation) sortKey {
		return sortKey{N: float64(r.Severity)*1e12 + float64(r.Unhealthy), ID: r.ID}
	},
	"title":     func(r Recommendation) sortKey { return sortKey{S: strings.ToLower(r.Title), ID: r.ID} },
	"healthy":   func(r Recommendation) sortKey { return sortKey{N: float64(r.Healthy), ID: r.ID} },
	"unhealthy": func(r Recommendation) sortKey { return sortKey{N: float64(r.Unhealthy), ID: r.ID} },
	"unknown":   func(r Recommendation) sortKey { return sortKey{N: float64(r.Unknown), ID: r.ID} },
	"gain":      func(r Recommendation) sortKey { return sortKey{N: r.Potential, ID: r.ID} },
}

func (r Recommendation) provider() string {
	id := strings.TrimPrefix(r.ID, "custom/")
	provider, _, _ := strings.Cut(id, "/")
	return provider
}

func (r Recommendation) states() []string {
	var out []string
	for _, s := range []struct {
		n     int64
		state bulwark.State
	}{{r.Unhealthy, bulwark.Unhealthy}, {r.Unknown, bulwark.Undetermined}, {r.Healthy, bulwark.Healthy}, {r.NotApplicable, bulwark.NotApplicable}} {
		if s.n > 0 {
			out = append(out, s.state.String())
		}
	}
	return out
}

func (in *Recommendations) wants(r Recommendation) bool {
	return holds(in.Text, r.Title, r.ID) && wanted(in.Severity, r.Severity.String()) && wanted(in.State, r.states()...) &&
		wanted(in.Control, r.Control) && wanted(in.Type, r.Types...) && wanted(in.Provider, r.provider()) && wanted(in.Fix, yesNo(r.Fix))
}

// recommendationsOf returns the checks that judge at least one counted asset,
// sorted by id.
func (s *Server) recommendationsOf(counts []bulwark.Count, g *scoring) []Recommendation {
	worth := g.perAsset()
	inControl := map[[2]string]int64{}
	for _, l := range g.leaves {
		for _, c := range l.Controls {
			inControl[[2]string{l.Scope, c.ID}] = c.Tally.Unhealthy
		}
	}
	type sum struct {
		tally     bulwark.Tally
		potential float64
	}
	sums := map[string]*sum{}
	control := map[string]string{}
	checks := s.Content.Checks()
	for _, c := range checks {
		control[c.ID] = scoreControl(c)
	}
	for _, c := range counts {
		if c.Kind != bulwark.CountCheck {
			continue
		}
		to := sums[c.ID]
		if to == nil {
			to = &sum{}
			sums[c.ID] = to
		}
		to.tally = to.tally.Add(c.Tally)
		key := [2]string{c.Scope, control[c.ID]}
		to.potential += float64(min(c.Unhealthy, inControl[key])) * worth[key]
	}
	out := make([]Recommendation, 0, len(sums))
	for _, c := range checks {
		if n := sums[c.ID]; n != nil && !n.tally.IsZero() {
			r := recommendationOf(c, n.tally)
			r.Potential = n.potential
			out = append(out, r)
		}
	}
	return out
}

func recommendationOf(c *bulwark.Check, t bulwark.Tally) Recommendation {
	types := c.Assets
	if types == nil {
		types = []string{}
	}
	return Recommendation{
		ID: c.ID, Title: c.Title, Severity: c.Severity, Control: c.Control, Preview: c.Preview, Custom: c.Custom,
		Fix: c.Remediation.Fix != "", Types: types,
		Healthy: t.Healthy, Unhealthy: t.Unhealthy, Unknown: t.Unknown, NotApplicable: t.NotApplicable,
	}
}
