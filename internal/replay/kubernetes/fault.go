package kubernetes

import (
	"bytes"
	"errors"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/bulwarksec/bulwark/internal/replay"
)

// strike injects a fault that stands in for the answer. It returns false for
// those that change the answer.
func (c *call) strike(w http.ResponseWriter, r *http.Request) bool {
	switch c.fault.Kind {
	case replay.Denied:
		write(w, r, forbidden(c.user.Name, c.attrs))
	case replay.Throttled:
		write(w, r, throttled(int(c.fault.Delay/time.Second)))
	case replay.ServerError:
		write(w, r, statusAnswer(apierrors.NewInternalError(errors.New("the storage does not answer"))))
	case replay.Timeout:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case replay.Redirect:
		w.Header().Set("Location", c.fault.Location)
		w.WriteHeader(http.StatusTemporaryRedirect)
	case replay.Slow:
		t := time.NewTimer(c.fault.Delay)
		defer t.Stop()
		select {
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		case <-t.C:
		}
		return false
	default:
		return false
	}
	return true
}

// deliver writes an answer, or what a fault leaves of it.
func (c *call) deliver(w http.ResponseWriter, r *http.Request, a *answer) {
	if c.fault == nil {
		write(w, r, a)
		return
	}
	switch c.fault.Kind {
	case replay.Malformed:
		a.body = []byte(malformed)
		write(w, r, a)
	case replay.Truncated:
		w.Header().Set("Content-Type", a.media)
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body[:len(a.body)/2])
		flush(w)
		panic(http.ErrAbortHandler)
	case replay.Endless:
		w.Header().Set("Content-Type", a.media)
		w.WriteHeader(a.status)
		endless(w, r)
	default:
		write(w, r, a)
	}
}

// malformed is no JSON, but begins as some.
const malformed = `{"kind":"List","items":[<html>` + "\n"

// endless begins as JSON does and never ends: the client must leave.
func endless(w http.ResponseWriter, r *http.Request) {
	if _, err := w.Write([]byte(`{"a":"`)); err != nil {
		return
	}
	chunk := bytes.Repeat([]byte("aaaaaaaa"), 4096)
	for r.Context().Err() == nil {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

func flush(w http.ResponseWriter) {
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
}
