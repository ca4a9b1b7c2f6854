package api

import (
	"context"
	"time"

	"github.com/bulwarksec/bulwark"
)

// Connector is a configured source of assets.
type Connector struct {
	ID       string       `json:"id"`
	Kind     string       `json:"kind"`
	Name     string       `json:"name"`
	Enabled  bool         `json:"enabled"`
	Interval string       `json:"interval,omitempty" doc:"between runs, as 4h0m0s; absent is on demand"`
	LastRun  *bulwark.Run `json:"lastRun,omitempty"`
	NextRun  *time.Time   `json:"nextRun,omitempty"`
}

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
	_ = route(op{method: "GET", path: "/connectors", id: "connectors", summary: "Configured sources of assets", tag: "runs", allow: readers},
		func(s *Server, ctx context.Context, _ *None) (*Answer[List[Connector]], error) {
			rows, err := s.Runs.Connectors(ctx)
			items := make([]Connector, 0, len(rows))
			for _, r := range rows {
				c := Connector{ID: r.ID, Kind: r.Kind, Name: r.Name, Enabled: r.Enabled, LastRun: r.LastRun}
				if r.Interval > 0 {
					c.Interval = r.Interval.String()
				}
				if !r.NextRun.IsZero() {
					c.NextRun = &r.NextRun
				}
				items = append(items, c)
			}
			return answer(list(items, ""), err)
		})

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
