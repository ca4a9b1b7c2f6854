package api

import (
	"context"

	"github.com/bulwarksec/bulwark"
)

// Finding is a problem with an identity over time.
type Finding struct {
	bulwark.Finding
	Title string            `json:"title" doc:"of the check"`
	Row   *bulwark.AssetRow `json:"row,omitempty"`
}

// Findings is the question for findings.
type Findings struct {
	Scoped
	Paged
	Text     string   `query:"text" maxLength:"200" doc:"in the asset's name or id, or the check's"`
	Severity []string `query:"severity" enum:"critical,high,medium,low,informational"`
	State    []string `query:"state" enum:"open,resolved"`
	Check    []string `query:"check"`
	Asset    string   `query:"asset" maxLength:"2048"`
	Exempt   []string `query:"exempt" enum:"yes,no"`
}

var (
	_ = route(op{method: "GET", path: "/findings", id: "findings", summary: "Problems with their life", tag: "posture", allow: readers}, (*Server).findings)
	_ = route(op{method: "GET", path: "/finding", id: "finding", summary: "One problem", tag: "posture", allow: readers}, (*Server).finding)
)

func (s *Server) findings(ctx context.Context, in *Findings) (*Answer[List[Finding]], error) {
	scopes, err := callerOf(ctx).readable(in.Scope)
	if err != nil {
		return nil, err
	}
	q := bulwark.FindingQuery{Scopes: scopes, Checks: in.Check, Asset: in.Asset, Text: in.Text, Exempt: yes(in.Exempt), Page: in.page()}
	for _, text := range in.Severity {
		severity, err := bulwark.ParseSeverity(text)
		if err != nil {
			return nil, err
		}
		q.Severities = append(q.Severities, severity)
	}
	for _, text := range in.State {
		q.States = append(q.States, bulwark.FindingState(text))
	}
	rows, next, err := s.Store.Findings(ctx, q)
	if err != nil {
		return nil, err
	}
	items := make([]Finding, 0, len(rows))
	for _, r := range rows {
		items = append(items, s.findingOf(r))
	}
	out := list(items, next)
	facets, total, err := s.Store.FindingFacets(ctx, q)
	out.Facets, out.Total = facets, &total
	return answer(out, err)
}

func (s *Server) finding(ctx context.Context, in *ByID) (*Answer[Finding], error) {
	r, err := s.visibleFinding(ctx, in.ID, bulwark.Reader)
	if err != nil {
		return nil, err
	}
	return answer(s.findingOf(r), nil)
}

// visibleFinding returns a finding on whose scope the caller has a role.
func (s *Server) visibleFinding(ctx context.Context, id string, role bulwark.Role) (bulwark.FindingRow, error) {
	r, err := s.Store.Finding(ctx, id)
	if err != nil {
		return r, err
	}
	c := callerOf(ctx)
	if !c.may(bulwark.Reader, r.Row.Scope) {
		return r, notFound("finding", id)
	}
	if !c.may(role, r.Row.Scope) {
		return r, bulwark.ErrDenied
	}
	return r, nil
}

func (s *Server) findingOf(r bulwark.FindingRow) Finding {
	out := Finding{Finding: r.Finding, Title: r.Check, Row: &r.Row}
	if c := s.Content.Check(r.Check); c != nil {
		out.Title = c.Title
	}
	return out
}
