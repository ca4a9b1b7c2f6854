package api

import (
	"context"
	"fmt"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// Check is everything about a check, and its counts.
type Check struct {
	Recommendation
	Risk        string              `json:"risk"`
	Remediation bulwark.Remediation `json:"remediation"`
	Attack      []string            `json:"attack" doc:"ATT&CK techniques"`
	Equivalents map[string][]string `json:"equivalents" doc:"other tools' ids by tool"`
	References  []string            `json:"references"`
	Standards   []CheckStandard     `json:"standards" doc:"controls of standards that it assesses"`
	Source      string              `json:"source" doc:"its expressions"`
	File        string              `json:"file"`
	Line        int                 `json:"line"`
	Tests       []CheckTest         `json:"tests"`
	Parameters  []Parameter         `json:"parameters"`
	Was         []string            `json:"was" doc:"earlier ids"`

	Permissions []bulwark.CheckPermission `json:"permissions" doc:"what connectors need in order to read the assets that it judges"`
	Exact       *float64                  `json:"exact,omitempty" doc:"points that mending it alone would give; absent when nothing counts"`
}

// CheckStandard is a control of a standard.
type CheckStandard struct {
	Standard string `json:"standard"`
	Control  string `json:"control"`
	Title    string `json:"title" doc:"of the standard"`
}

// CheckTest is one inline test.
type CheckTest struct {
	Name string        `json:"name"`
	Want bulwark.State `json:"want" enum:"healthy,unhealthy,unknown,not applicable"`
}

// Parameter is a setting of a check.
type Parameter struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Default     string `json:"default" doc:"JSON"`
}

// ByID is the question for one thing.
type ByID struct {
	Scoped
	ID string `query:"id" required:"true" minLength:"1" maxLength:"2048"`
}

// Checks is the question for checks.
type Checks struct {
	Scoped
	Paged
	Text     string   `query:"text" maxLength:"200" doc:"in title or id"`
	Provider []string `query:"provider" doc:"first part of the id"`
	Service  []string `query:"service" doc:"second part of the id"`
	Severity []string `query:"severity" enum:"critical,high,medium,low,informational"`
	Control  []string `query:"control"`
	Found    []string `query:"found" enum:"yes,no" doc:"an asset within the scopes is unhealthy"`
	Custom   []string `query:"custom" enum:"yes,no" doc:"your own"`
}

var (
	_ = route(op{method: "GET", path: "/check", id: "check", summary: "A check: why, how to mend it, its source, tests and counts", tag: "posture", allow: readers}, (*Server).check)
	_ = route(op{method: "GET", path: "/checks", id: "checks", summary: "All checks that the product knows, judged assets or none", tag: "posture", allow: readers}, (*Server).checks)
)

func (s *Server) checks(ctx context.Context, in *Checks) (*Answer[List[Recommendation]], error) {
	counts, err := s.readableCounts(ctx, in.Scope)
	if err != nil {
		return nil, err
	}
	judged := map[string]Recommendation{}
	for _, r := range s.recommendationsOf(counts, s.scoring(counts)) {
		judged[r.ID] = r
	}
	all, rows := []Recommendation{}, []Recommendation{}
	for _, c := range s.Content.Checks() {
		r, ok := judged[c.ID]
		if !ok {
			r = recommendationOf(c, bulwark.Tally{})
		}
		if all = append(all, r); in.wants(r) {
			rows = append(rows, r)
		}
	}
	total := int64(len(rows))
	rows, next, err := paged(rows, in.page(), "id", checkKeys)
	if err != nil {
		return nil, err
	}
	out := list(rows, next)
	out.Total = &total
	out.Facets = map[string][]bulwark.Facet{
		"provider": facet(all, func(r Recommendation) []string { return []string{r.provider()} }),
		"service":  facet(all, Recommendation.services),
		"severity": facet(all, func(r Recommendation) []string { return []string{r.Severity.String()} }),
		"control":  facet(all, func(r Recommendation) []string { return []string{r.Control} }),
		"found":    facet(all, func(r Recommendation) []string { return []string{yesNo(r.Unhealthy > 0)} }),
		"custom":   facet(all, func(r Recommendation) []string { return []string{yesNo(r.Custom)} }),
	}
	return answer(out, nil)
}

var checkKeys = map[string]func(Recommendation) sortKey{
	"id":        func(r Recommendation) sortKey { return sortKey{ID: r.ID} },
	"title":     recommendationKeys["title"],
	"severity":  recommendationKeys["severity"],
	"unhealthy": recommendationKeys["unhealthy"],
}

func (in *Checks) wants(r Recommendation) bool {
	return holds(in.Text, r.Title, r.ID) && wanted(in.Provider, r.provider()) && wanted(in.Service, r.services()...) && wanted(in.Severity, r.Severity.String()) &&
		wanted(in.Control, r.Control) && wanted(in.Found, yesNo(r.Unhealthy > 0)) && wanted(in.Custom, yesNo(r.Custom))
}

func (s *Server) check(ctx context.Context, in *ByID) (*Answer[Check], error) {
	c := s.Content.Check(in.ID)
	if c == nil {
		return nil, &Problem{Status: 404, Code: "not-found", Message: "No check has this id.", Detail: in.ID, Mend: "It may have been renamed: search for its title."}
	}
	scopes, err := callerOf(ctx).readable(in.Scope)
	if err != nil {
		return nil, err
	}
	counts, err := s.Store.Counts(ctx, scopes)
	if err != nil {
		return nil, err
	}
	g := s.scoring(counts)
	out := described(c)
	for _, r := range s.recommendationsOf(counts, g) {
		if r.ID == c.ID {
			out.Recommendation = r
		}
	}
	out.Standards = s.standardsOf(c.ID)
	if s.Catalog != nil {
		out.Permissions = s.Catalog.Permissions(c)
	}
	if len(c.Tests) == 0 && s.Editor != nil {
		out.Tests = testsOf(s.Editor.Tests(c.ID))
	}
	if g.scored && scoreControl(c) != "" && out.Unhealthy > 0 {
		after, _, err := s.mended(ctx, scopes, counts, map[string]bool{c.ID: true}, nil)
		if err != nil {
			return nil, err
		}
		h := s.scoring(after)
		gain := (h.ratio - g.ratio) * g.max
		out.Exact = &gain
	}
	return answer(out, nil)
}

func (s *Server) standardsOf(check string) []CheckStandard {
	out := []CheckStandard{}
	for _, st := range s.Content.Standards() {
		for _, section := range st.Sections {
			for _, control := range section.Controls {
				for _, id := range control.Checks {
					if id == check {
						out = append(out, CheckStandard{Standard: st.ID, Control: control.ID, Title: st.Title})
					}
				}
			}
		}
	}
	return out
}

// described returns what a check's file says.
func described(c *bulwark.Check) Check {
	out := Check{
		Recommendation: recommendationOf(c, bulwark.Tally{}), Risk: c.Risk, Remediation: c.Remediation,
		Attack: filled(c.Attack), References: filled(c.References), Was: filled(c.Was), Equivalents: c.Equivalents,
		Source: sourceOf(c), File: c.Position.File, Line: c.Position.Line, Tests: []CheckTest{}, Parameters: []Parameter{}, Permissions: []bulwark.CheckPermission{},
	}
	if out.Equivalents == nil {
		out.Equivalents = map[string][]string{}
	}
	out.Tests = testsOf(c.Tests)
	for _, p := range c.Parameters {
		out.Parameters = append(out.Parameters, Parameter{p.Name, p.Description, p.Default.String()})
	}
	return out
}

func testsOf(list []bulwark.CheckTest) []CheckTest {
	out := []CheckTest{}
	for _, t := range list {
		out = append(out, CheckTest{t.Name, t.Want})
	}
	return out
}

func filled(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// sourceOf writes a check's expressions as its file does.
func sourceOf(c *bulwark.Check) string {
	var b strings.Builder
	write := func(key, text string) {
		text = strings.TrimSpace(text)
		if text == "" {
			return
		}
		if strings.Contains(text, "\n") || strings.ContainsAny(text, ":#{}[]&*!|>'\"%@`") {
			fmt.Fprintf(&b, "%s: |\n", key)
			indent := strings.Repeat(" ", len(key)-len(strings.TrimLeft(key, " "))+2)
			for line := range strings.Lines(text) {
				b.WriteString(indent + strings.TrimRight(line, "\n") + "\n")
			}
			return
		}
		fmt.Fprintf(&b, "%s: %s\n", key, text)
	}
	write("when", c.When.Text)
	if len(c.Let) > 0 {
		b.WriteString("let:\n")
	}
	for _, l := range c.Let {
		write("  "+l.Name, l.Text)
	}
	write("healthy", c.Healthy.Text)
	write("because", c.Because.Text)
	return b.String()
}
