package api

import (
	"context"
	"net/http"

	"github.com/bulwarksec/bulwark"
)

// Standard is a standard in the caller's scopes. Controls are counted by
// status; what no check can judge is never counted as passed.
type Standard struct {
	ID            string            `json:"id"`
	Title         string            `json:"title"`
	Version       string            `json:"version"`
	Publisher     string            `json:"publisher"`
	Description   string            `json:"description,omitempty"`
	References    []string          `json:"references"`
	InUse         bool              `json:"inUse" doc:"by a connector of one of its kinds, or as somebody chose"`
	Chosen        bool              `json:"chosen,omitempty" doc:"somebody put it into use, or out of it; connecting does not change that"`
	Connectors    []string          `json:"connectors" doc:"kinds of connectors with which it comes into use"`
	Passed        int               `json:"passed"`
	Failed        int               `json:"failed"`
	Unknown       int               `json:"unknown"`
	NotApplicable int               `json:"notApplicable"`
	Manual        int               `json:"manual"`
	NotCovered    int               `json:"notCovered"`
	Sections      []StandardSection `json:"sections" doc:"empty in the list"`
}

// StandardSection groups controls.
type StandardSection struct {
	ID       string            `json:"id"`
	Title    string            `json:"title"`
	Controls []StandardControl `json:"controls"`
}

// StandardControl is one requirement, judged. An asset counts once a check.
type StandardControl struct {
	ID            string   `json:"id"`
	Title         string   `json:"title"`
	Coverage      string   `json:"coverage" enum:"automated,manual,not covered"`
	Status        string   `json:"status" enum:"passed,failed,unknown,not applicable,manual,not covered"`
	Manual        string   `json:"manual,omitempty" doc:"why a person must attest it"`
	Checks        []string `json:"checks"`
	Healthy       int64    `json:"healthy"`
	Unhealthy     int64    `json:"unhealthy"`
	Unknown       int64    `json:"unknown"`
	NotApplicable int64    `json:"notApplicable"`
}

// ChosenStandard puts a standard into use, or out of it.
type ChosenStandard struct {
	ID   string `query:"id" required:"true" minLength:"1" maxLength:"512"`
	Body struct {
		InUse bool `json:"inUse"`
	}
}

var (
	_ = route(op{method: "GET", path: "/standards", id: "standards", summary: "Standards with their controls counted by status", tag: "standards", allow: readers},
		func(s *Server, ctx context.Context, in *Scoped) (*Answer[List[Standard]], error) {
			counts, err := s.readableCounts(ctx, in.Scope)
			if err != nil {
				return nil, err
			}
			choices, err := s.Store.StandardChoices(ctx)
			if err != nil {
				return nil, err
			}
			items := []Standard{}
			for _, st := range s.Content.Standards() {
				row := s.standard(st, counts, choices)
				row.Sections = []StandardSection{}
				items = append(items, row)
			}
			return answer(list(items, ""), nil)
		})

	_ = route(op{method: "GET", path: "/standard", id: "standard", summary: "A standard with every control's status", tag: "standards", allow: readers},
		func(s *Server, ctx context.Context, in *ByID) (*Answer[Standard], error) {
			counts, err := s.readableCounts(ctx, in.Scope)
			if err != nil {
				return nil, err
			}
			choices, err := s.Store.StandardChoices(ctx)
			if err != nil {
				return nil, err
			}
			st := s.standardByID(in.ID)
			if st == nil {
				return nil, notFound("standard", in.ID)
			}
			return answer(s.standard(st, counts, choices), nil)
		})

	_ = route(op{method: "PUT", path: "/standard", id: "choose-standard", summary: "Put a standard into use, or out of it", tag: "standards", status: http.StatusNoContent, allow: connectorAdmins},
		func(s *Server, ctx context.Context, in *ChosenStandard) (*Empty, error) {
			if s.standardByID(in.ID) == nil {
				return nil, notFound("standard", in.ID)
			}
			if err := s.Store.ChooseStandard(ctx, in.ID, in.Body.InUse); err != nil {
				return nil, err
			}
			return &Empty{}, s.audit(ctx, callerOf(ctx), "standard.choose", in.ID, map[bool]string{true: "in use", false: "not in use"}[in.Body.InUse])
		})
)

func (s *Server) standardByID(id string) *bulwark.Standard {
	for _, st := range s.Content.Standards() {
		if st.ID == id {
			return st
		}
	}
	return nil
}

func (s *Server) readableCounts(ctx context.Context, scope []string) ([]bulwark.Count, error) {
	scopes, err := callerOf(ctx).readable(scope)
	if err != nil {
		return nil, err
	}
	return s.Store.Counts(ctx, scopes)
}

func (s *Server) standard(st *bulwark.Standard, counts []bulwark.Count, choices map[string]bool) Standard {
	out := Standard{ID: st.ID, Title: st.Title, Version: st.Version, Publisher: st.Publisher, Description: st.Description, References: filled(st.References), Sections: []StandardSection{},
		InUse: st.InUse(s.Runs.Kinds(), choices), Connectors: filled(st.Connectors)}
	_, out.Chosen = choices[st.ID]
	judged := s.Scorer.Standard(st, counts)
	byStatus := map[string]*int{"passed": &out.Passed, "failed": &out.Failed, "unknown": &out.Unknown, "not applicable": &out.NotApplicable, "manual": &out.Manual, "not covered": &out.NotCovered}
	i := 0
	for _, section := range st.Sections {
		sec := StandardSection{ID: section.ID, Title: section.Title, Controls: []StandardControl{}}
		for _, c := range section.Controls {
			k := judged[i]
			i++
			if n := byStatus[k.Status]; n != nil {
				*n++
			}
			sec.Controls = append(sec.Controls, StandardControl{
				ID: c.ID, Title: c.Title, Coverage: string(c.Coverage()), Status: k.Status, Manual: c.Manual, Checks: filled(c.Checks),
				Healthy: k.Tally.Healthy, Unhealthy: k.Tally.Unhealthy, Unknown: k.Tally.Unknown, NotApplicable: k.Tally.NotApplicable,
			})
		}
		out.Sections = append(out.Sections, sec)
	}
	return out
}
