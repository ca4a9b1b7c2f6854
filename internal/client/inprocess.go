package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// inProcess asks a handler as a connection would: the answer is read while it
// is written, and closing it early makes the handler's writes fail.
type inProcess struct{ handler http.Handler }

func (t inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body == nil {
		req.Body = http.NoBody
	}
	ctx, cancel := context.WithCancel(req.Context())
	r := req.Clone(ctx)
	r.RequestURI, r.RemoteAddr = req.URL.RequestURI(), "127.0.0.1:0"
	body, pipe := io.Pipe()
	w := &answer{header: http.Header{}, pipe: pipe, began: make(chan struct{})}
	go func() { // ends with the handler, whose context ends with the request or when the answer is closed
		err := io.EOF
		defer cancel()
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("the answer breaks off: %v", p)
			}
			if !w.begin(http.StatusOK) && errors.Is(err, io.EOF) {
				_ = pipe.Close() // never fails
				return
			}
			_ = pipe.CloseWithError(err)
		}()
		t.handler.ServeHTTP(w, r)
	}()
	select {
	case <-w.began:
	case <-req.Context().Done():
		_ = body.Close() // never fails
		return nil, req.Context().Err()
	}
	return &http.Response{
		Status: fmt.Sprint(w.status, " ", http.StatusText(w.status)), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, Body: closer{body, cancel}, ContentLength: -1, Request: req,
	}, nil
}

// closer tells the handler that nobody reads on.
type closer struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (c closer) Close() error {
	c.cancel()
	return c.ReadCloser.Close()
}

// answer is what a handler writes.
type answer struct {
	header, sent http.Header
	status       int
	pipe         *io.PipeWriter
	began        chan struct{}
	once         sync.Once
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if status >= 200 {
		a.begin(status)
	}
}

// begin sends the header, and reports whether it was the first to.
func (a *answer) begin(status int) (first bool) {
	a.once.Do(func() {
		a.status, a.sent, first = status, a.header.Clone(), true
		close(a.began)
	})
	return first
}

func (a *answer) Write(p []byte) (int, error) {
	a.begin(http.StatusOK)
	return a.pipe.Write(p)
}

// Flush does nothing: what is written is read at once.
func (a *answer) Flush() {}
