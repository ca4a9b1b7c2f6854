package api

import (
	"context"

	"github.com/bulwarksec/bulwark"
)

var _ = route(op{method: "GET", path: "/asset-types", id: "asset-types", summary: "The types of assets that the caller may read, and how many of each", tag: "inventory", allow: readers},
	func(s *Server, ctx context.Context, in *Scoped) (*Answer[List[bulwark.Facet]], error) {
		scopes, err := callerOf(ctx).readable(in.Scope)
		if err != nil {
			return nil, err
		}
		facets, _, err := s.Store.AssetFacets(ctx, bulwark.AssetQuery{Scopes: scopes})
		return answer(list(facets["type"], ""), err)
	})
