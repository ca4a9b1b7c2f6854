package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/bulwarksec/bulwark"
)

// backupStall is how long a reader of a backup may take nothing.
const backupStall = time.Minute

var _ = route(op{method: "GET", path: "/backup", id: "backup", summary: "The whole state as of one instant, password hashes and sealed secrets included, as bulwark restore reads it", tag: "server", allow: owners, bytes: true},
	func(s *Server, ctx context.Context, _ *None) (*huma.StreamResponse, error) {
		if s.Backup == nil {
			return nil, fmt.Errorf("back up: %w", bulwark.ErrUnavailable)
		}
		if err := s.audit(ctx, callerOf(ctx), "backup", "", ""); err != nil { // before the state is read, so that it is in it
			return nil, err
		}
		return &huma.StreamResponse{Body: func(h huma.Context) {
			r, w := humago.Unwrap(h)
			w.Header().Set("Content-Type", "application/octet-stream")
			w.Header().Set("Content-Disposition", `attachment; filename="bulwark.backup"`)
			if err := s.Backup(r.Context(), &patient{w, http.NewResponseController(w)}); err != nil {
				s.log.Error("backup not written", "error", err)
				panic(http.ErrAbortHandler) // the reader must not take what came for the whole
			}
		}}, nil
	})

// patient lets each write take its time, and not all of them together.
type patient struct {
	w       io.Writer
	control *http.ResponseController
}

func (p *patient) Write(data []byte) (int, error) {
	p.control.SetWriteDeadline(time.Now().Add(backupStall)) // where there is no connection there is no limit either
	return p.w.Write(data)
}
