package api

import (
	"cmp"
	"context"
	"slices"

	"github.com/bulwarksec/bulwark"
)

// Gaps is the question for gaps.
type Gaps struct {
	Scoped
	Paged
	Text      string   `query:"text" maxLength:"200" doc:"in where or why"`
	What      []string `query:"what"`
	Connector []string `query:"connector"`
	Needs     []string `query:"needs" doc:"permissions or changes that would mend them"`
	ID        string   `query:"id" maxLength:"32" doc:"just this one"`
}

// GapPermissions is the question for what gaps need.
type GapPermissions struct {
	Scoped
	Connector []string `query:"connector"`
}

// ConnectorNeeds is what a connector lacks.
type ConnectorNeeds struct {
	Connector string             `json:"connector"`
	Kind      string             `json:"kind,omitempty" doc:"absent when the connector is gone"`
	Name      string             `json:"name,omitempty"`
	Needs     []bulwark.Facet    `json:"needs" doc:"permissions or changes, with the gaps that each would mend, the most first"`
	Mend      []bulwark.Template `json:"mend,omitempty" doc:"policies that together give all these permissions"`
}

var (
	_ = route(op{method: "GET", path: "/gaps", id: "gaps", summary: "What could not be read, why, and what would mend it", tag: "posture", allow: readers},
		func(s *Server, ctx context.Context, in *Gaps) (*Answer[List[bulwark.GapRow]], error) {
			scopes, err := callerOf(ctx).readable(in.Scope)
			if err != nil {
				return nil, err
			}
			q := bulwark.GapQuery{Scopes: scopes, What: in.What, Connectors: in.Connector, Needs: in.Needs, Text: in.Text, ID: in.ID, Page: in.page()}
			rows, next, err := s.Store.Gaps(ctx, q)
			if err != nil {
				return nil, err
			}
			out := list(rows, next)
			facets, total, err := s.Store.GapFacets(ctx, q)
			out.Facets, out.Total = facets, &total
			return answer(out, err)
		})

	_ = route(op{method: "GET", path: "/gaps/permissions", id: "gap-permissions", summary: "What each connector lacks, with the policy that gives it", tag: "posture", allow: readers}, (*Server).gapPermissions)
)

func (s *Server) gapPermissions(ctx context.Context, in *GapPermissions) (*Answer[List[ConnectorNeeds]], error) {
	scopes, err := callerOf(ctx).readable(in.Scope)
	if err != nil {
		return nil, err
	}
	facets, _, err := s.Store.GapFacets(ctx, bulwark.GapQuery{Scopes: scopes, Connectors: in.Connector})
	if err != nil {
		return nil, err
	}
	running, err := s.Runs.Connectors(ctx)
	if err != nil {
		return nil, err
	}
	rows := []ConnectorNeeds{}
	for _, f := range facets["connector"] {
		row := ConnectorNeeds{Connector: f.Value}
		own, _, err := s.Store.GapFacets(ctx, bulwark.GapQuery{Scopes: scopes, Connectors: []string{f.Value}})
		if err != nil {
			return nil, err
		}
		if row.Needs = own["needs"]; len(row.Needs) == 0 {
			continue
		}
		if i := slices.IndexFunc(running, func(c bulwark.Connector) bool { return c.ID == f.Value }); i >= 0 {
			row.Kind, row.Name = running[i].Kind, running[i].Name
			row.Mend = s.mend(row.Kind, row.Needs)
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b ConnectorNeeds) int { return cmp.Compare(a.Connector, b.Connector) })
	return answer(list(rows, ""), nil)
}

// mend returns the policies that give what gaps need, nil where there are none.
func (s *Server) mend(kind string, needs []bulwark.Facet) []bulwark.Template {
	if s.Catalog == nil {
		return nil
	}
	var list []string
	for _, n := range needs {
		list = append(list, n.Value)
	}
	return s.Catalog.Mend(kind, list)
}
