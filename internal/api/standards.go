package api

import (
	"context"

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

var (
	_ = route(op{method: "GET", path: "/standards", id: "standards", summary: "Standards with their controls counted by status", tag: "standards", allow: readers},
		func(s *Server, ctx context.Context, in *Scoped) (*Answer[List[Standard]], error) {
			counts, err := s.readableCounts(ctx, in.Scope)
			if err != nil {
				return nil, err
			}
			items := []Standard{}
			for _, st := range s.Content.Standards() {
				row := s.standard(st, counts)
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
			for _, st := range s.Content.Standards() {
				if st.ID == in.ID {
					return answer(s.standard(st, counts), nil)
				}
			}
			return nil, notFound("standard", in.ID)
		})
)

func (s *Server) readableCounts(ctx context.Context, scope []string) ([]bulwark.Count, error) {
	scopes, err := callerOf(ctx).readable(scope)
	if err != nil {
		return nil, err
	}
	return s.Store.Counts(ctx, scopes)
}

func (s *Server) standard(st *bulwark.Standard, counts []bulwark.Count) Standard {
	out := Standard{ID: st.ID, Title: st.Title, Version: st.Version, Publisher: st.Publisher, Description: st.Description, References: filled(st.References), Sections: []StandardSection{}}
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
