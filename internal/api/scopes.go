package api

import (
	"context"
	"slices"

	"github.com/bulwarksec/bulwark"
)

var _ = route(op{method: "GET", path: "/scopes", id: "scopes", summary: "The tree of scopes, as far as the caller may read it", tag: "posture", allow: readers},
	func(s *Server, ctx context.Context, _ *None) (*Answer[List[bulwark.Scope]], error) {
		c := callerOf(ctx)
		tree, err := s.Store.Scopes(ctx)
		tree = slices.DeleteFunc(tree, func(sc bulwark.Scope) bool { return !c.may(bulwark.Reader, sc.Path) })
		return answer(list(tree, ""), err)
	})
