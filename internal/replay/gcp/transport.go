package gcp

import (
	"context"
	"io"
	"net/http"
	"sync"
)

// Transport answers requests in this process, without a port. Bodies stream, as
// over a connection: a client that leaves ends the handler's writes.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

type transport struct{ handler http.Handler }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.RequestURI = in.URL.RequestURI()
	in.Host = in.URL.Host
	if in.Body == nil {
		in.Body = http.NoBody
	}
	body, pipe := io.Pipe()
	w := &writer{header: http.Header{}, pipe: pipe, ready: make(chan struct{})}
	stop := context.AfterFunc(r.Context(), func() { pipe.CloseWithError(r.Context().Err()) })
	go func() {
		defer stop()
		w.serve(t.handler, in)
	}()
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case <-w.ready:
	}
	if w.broken {
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{StatusCode: w.status, Status: http.StatusText(w.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: w.sent, Body: body, ContentLength: -1, Request: r}, nil
}

// writer is the ResponseWriter of one request.
type writer struct {
	header, sent http.Header
	pipe         *io.PipeWriter
	status       int
	broken       bool // the handler ended before it answered
	once         sync.Once
	ready        chan struct{} // closed once status, sent and broken are set
}

func (w *writer) serve(h http.Handler, r *http.Request) {
	defer r.Body.Close()
	defer func() {
		switch p := recover(); p {
		case nil:
			w.WriteHeader(http.StatusOK)
			w.pipe.Close()
		case http.ErrAbortHandler:
			w.once.Do(func() { w.broken = true; close(w.ready) })
			w.pipe.CloseWithError(io.ErrUnexpectedEOF)
		default:
			panic(p)
		}
	}()
	h.ServeHTTP(w, r)
}

func (w *writer) Header() http.Header { return w.header }

func (w *writer) WriteHeader(status int) {
	w.once.Do(func() {
		w.status, w.sent = status, w.header.Clone()
		close(w.ready)
	})
}

func (w *writer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.pipe.Write(p)
}
