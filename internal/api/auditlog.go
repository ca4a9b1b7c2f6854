package api

import (
	"context"

	"github.com/bulwarksec/bulwark"
)

var _ = route(op{method: "GET", path: "/audit", id: "audit", summary: "Who did what, newest first, chained by hashes", tag: "accounts", allow: owners},
	func(s *Server, ctx context.Context, in *Paged) (*Answer[List[bulwark.AuditEntry]], error) {
		rows, next, err := s.Store.AuditLog(ctx, in.page())
		return answer(list(rows, next), err)
	})
