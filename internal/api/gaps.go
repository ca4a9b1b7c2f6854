package api

import (
	"context"

	"github.com/bulwarksec/bulwark"
)

// Gaps is the question for gaps.
type Gaps struct {
	Scoped
	Paged
	Text      string   `query:"text" maxLength:"200" doc:"in where or why"`
	What      []string `query:"what"`
	Connector []string `query:"connector"`
}

var _ = route(op{method: "GET", path: "/gaps", id: "gaps", summary: "What could not be read, why, and what would mend it", tag: "posture", allow: readers},
	func(s *Server, ctx context.Context, in *Gaps) (*Answer[List[bulwark.GapRow]], error) {
		scopes, err := callerOf(ctx).readable(in.Scope)
		if err != nil {
			return nil, err
		}
		q := bulwark.GapQuery{Scopes: scopes, What: in.What, Connectors: in.Connector, Text: in.Text, Page: in.page()}
		rows, next, err := s.Store.Gaps(ctx, q)
		if err != nil {
			return nil, err
		}
		out := list(rows, next)
		facets, total, err := s.Store.GapFacets(ctx, q)
		out.Facets, out.Total = facets, &total
		return answer(out, err)
	})
