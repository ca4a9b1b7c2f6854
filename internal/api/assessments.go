package api

import (
	"context"
	"fmt"

	"github.com/bulwarksec/bulwark"
)

// Assessment is one check on one asset.
type Assessment struct {
	ID        string             `json:"id"`
	Check     string             `json:"check"`
	Title     string             `json:"title" doc:"of the check"`
	Severity  bulwark.Severity   `json:"severity" enum:"critical,high,medium,low,informational"`
	Control   string             `json:"control"`
	Asset     string             `json:"asset"`
	State     bulwark.State      `json:"state" enum:"healthy,unhealthy,unknown,not applicable"`
	Because   string             `json:"because,omitempty"`
	Evidence  []bulwark.Evidence `json:"evidence"`
	Instances []bulwark.Instance `json:"instances" doc:"places within the asset; empty is the asset as a whole"`
	Exemption string             `json:"exemption,omitempty" doc:"id of the one in force"`
	Category  string             `json:"category,omitempty" enum:"waiver,mitigated"`
	Row       *bulwark.AssetRow  `json:"row,omitempty"`
}

// Assessments is the question for assessments.
type Assessments struct {
	Scoped
	Paged
	Check string   `query:"check" maxLength:"512" doc:"id of a check"`
	Asset string   `query:"asset" maxLength:"2048" doc:"id of an asset"`
	State []string `query:"state" enum:"healthy,unhealthy,unknown,not applicable"`
	Text  string   `query:"text" maxLength:"200" doc:"in the asset's name or id"`
}

var _ = route(op{method: "GET", path: "/assessments", id: "assessments", summary: "The assets of a check, or the checks of an asset, with evidence", tag: "posture", allow: readers}, (*Server).assessments)

func (s *Server) assessments(ctx context.Context, in *Assessments) (*Answer[List[Assessment]], error) {
	if in.Check == "" && in.Asset == "" {
		return nil, invalid("Neither a check nor an asset is named.", "Give check or asset.")
	}
	scopes, err := callerOf(ctx).readable(in.Scope)
	if err != nil {
		return nil, err
	}
	q := bulwark.AssessmentQuery{Scopes: scopes, Check: in.Check, Asset: in.Asset, Text: in.Text, Page: in.page()}
	for _, text := range in.State {
		state, err := bulwark.ParseState(text)
		if err != nil {
			return nil, err
		}
		q.States = append(q.States, state)
	}
	rows, next, err := s.Store.Assessments(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("list assessments: %w", err)
	}
	items := make([]Assessment, 0, len(rows))
	for _, r := range rows {
		items = append(items, s.assessment(r, true))
	}
	return answer(list(items, next), nil)
}

func (s *Server) assessment(r bulwark.AssessmentRow, withRow bool) Assessment {
	out := Assessment{
		ID: bulwark.AssessmentID(r.Check, r.Asset), Check: r.Check, Title: r.Check, Asset: r.Asset, State: r.State, Because: r.Because,
		Evidence: r.Evidence, Instances: r.Instances, Exemption: r.Exemption, Category: string(r.Category),
	}
	if c := s.Content.Check(r.Check); c != nil {
		out.Title, out.Severity, out.Control = c.Title, c.Severity, c.Control
	}
	if out.Evidence == nil {
		out.Evidence = []bulwark.Evidence{}
	}
	if out.Instances == nil {
		out.Instances = []bulwark.Instance{}
	}
	if withRow {
		out.Row = &r.Row
	}
	return out
}
