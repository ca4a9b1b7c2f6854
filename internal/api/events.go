package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/bulwarksec/bulwark"
)

const (
	maxStreams = 256
	heartbeat  = 20 * time.Second
)

var _ = route(op{method: "GET", path: "/events", id: "events", summary: "Server-sent events: run, score, assets, findings, gaps, exemptions; each tells to read again", tag: "server", allow: readers, events: true},
	func(s *Server, ctx context.Context, _ *None) (*huma.StreamResponse, error) {
		if s.streams.Add(1) > maxStreams {
			s.streams.Add(-1)
			return nil, fmt.Errorf("%d event streams are open: %w", maxStreams, bulwark.ErrThrottled)
		}
		c := callerOf(ctx)
		return &huma.StreamResponse{Body: func(h huma.Context) {
			defer s.streams.Add(-1)
			r, w := humago.Unwrap(h)
			s.stream(w, r, c)
		}}, nil
	})

// stream writes notices that concern the caller until it leaves or its right
// to be here ends.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, c *caller) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	control := http.NewResponseController(w)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	control.SetReadDeadline(time.Time{}) // the request is read; the server's limit was for that
	notices := s.Runs.Subscribe(ctx)
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	send := func(text string) bool {
		control.SetWriteDeadline(time.Now().Add(heartbeat)) // a recorder in tests has none
		if _, err := io.WriteString(w, text); err != nil {
			return false
		}
		return control.Flush() == nil
	}
	if !send(": hello\n\n") {
		return
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			fresh, err := s.authenticate(r) // grants may have changed, the session may have ended
			if err != nil || !send(": still here\n\n") {
				return
			}
			c = fresh
		case n, ok := <-notices:
			if !ok {
				return
			}
			if n.Scope != "" && !c.may(bulwark.Reader, n.Scope) {
				continue
			}
			data, err := json.Marshal(n)
			if err != nil || !send("event: "+n.Kind+"\ndata: "+string(data)+"\n\n") {
				return
			}
		}
	}
}
