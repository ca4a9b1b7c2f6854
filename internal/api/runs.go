package api

import (
	"context"

	"github.com/bulwarksec/bulwark"
)

// RunList is the question for runs.
type RunList struct {
	Paged
	Connector string `query:"connector" maxLength:"256"`
}

// NewRun names the connector to run.
type NewRun struct {
	Body struct {
		Connector string `json:"connector" minLength:"1" maxLength:"256"`
	}
}

var (
	_ = route(op{method: "GET", path: "/runs", id: "runs", summary: "Collections and judgements, newest first, with progress", tag: "runs", allow: readers},
		func(s *Server, ctx context.Context, in *RunList) (*Answer[List[bulwark.Run]], error) {
			rows, next, err := s.Runs.Runs(ctx, in.Connector, in.page())
			return answer(list(rows, next), err)
		})

	_ = route(op{method: "POST", path: "/runs", id: "start-run", summary: "Scan now", tag: "runs", status: 202, allow: Permission{bulwark.Contributor, Somewhere}},
		func(s *Server, ctx context.Context, in *NewRun) (*Answer[bulwark.Run], error) {
			run, err := s.Runs.Start(ctx, in.Body.Connector)
			if err != nil {
				return nil, err
			}
			return answer(run, s.audit(ctx, callerOf(ctx), "run.start", run.ID, in.Body.Connector))
		})
)
