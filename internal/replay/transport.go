package replay

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// Transport answers requests by a handler in this process, without a port. A
// body streams: the client may leave in the middle, and the handler's writes
// then fail. A panic of the handler breaks the answer off, as net/http's server
// does; http.ErrAbortHandler is the one that is meant.
func Transport(h http.Handler) http.RoundTripper { return transport{h} }

type transport struct{ handler http.Handler }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r = r.Clone(r.Context())
		r.Body = http.NoBody
	}
	ctx, leave := context.WithCancel(r.Context())
	in := r.Clone(ctx)
	in.RequestURI = in.URL.RequestURI()
	if in.Host == "" {
		in.Host = in.URL.Host
	}
	body, w := io.Pipe()
	a := &answer{header: http.Header{}, body: w, ready: make(chan struct{}), status: http.StatusOK}
	stop := context.AfterFunc(ctx, func() { w.CloseWithError(ctx.Err()) })
	go func() {
		defer leave()
		defer stop()
		a.serve(t.handler, in)
	}()
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case <-a.ready:
	}
	if a.broken != nil {
		return nil, a.broken
	}
	return &http.Response{
		Status: http.StatusText(a.status), StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.sent, Body: left{body, leave}, ContentLength: -1, Request: r,
	}, nil
}

// left is a body whose reader may leave: the handler's request then ends, as it
// does when a connection is closed.
type left struct {
	io.ReadCloser
	leave context.CancelFunc
}

func (l left) Close() error {
	defer l.leave()
	return l.ReadCloser.Close()
}

// answer is the ResponseWriter of one request.
type answer struct {
	header, sent http.Header
	status       int
	body         *io.PipeWriter
	once         sync.Once
	ready        chan struct{} // closed when status and sent are set
	broken       error         // the handler broke off before it answered
}

func (a *answer) serve(h http.Handler, r *http.Request) {
	defer r.Body.Close()
	defer func() {
		if p := recover(); p != nil {
			err := io.ErrUnexpectedEOF
			if p != http.ErrAbortHandler {
				err = fmt.Errorf("replay: answer %s %s: panic: %v", r.Method, r.URL, p)
			}
			a.once.Do(func() { a.broken = err; close(a.ready) })
			a.body.CloseWithError(err)
			return
		}
		a.WriteHeader(http.StatusOK)
		a.body.Close()
	}()
	h.ServeHTTP(a, r)
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	a.once.Do(func() {
		a.status, a.sent = status, a.header.Clone()
		close(a.ready)
	})
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

// Flush does nothing: a write returns only when the client has read it.
func (a *answer) Flush() {}
