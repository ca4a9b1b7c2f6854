package azure

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"time"
)

// An answer is a status, headers and a body of JSON.
type answer struct {
	status int
	header map[string]string
	body   []byte
}

func (a answer) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.status)
	// An error here is a client that left, and nobody is there to be told.
	_, _ = w.Write(a.body)
}

// ok is an answer of a value that JSON can write.
func ok(v any) answer {
	body, err := json.Marshal(v)
	if err != nil {
		return refuse(http.StatusInternalServerError, "InternalServerError", "%v", err)
	}
	return answer{status: http.StatusOK, body: body}
}

// refuse is an answer with the error that all of Azure writes.
func refuse(status int, code, format string, args ...any) answer {
	body, err := json.Marshal(map[string]any{"error": map[string]any{"code": code, "message": fmt.Sprintf(format, args...)}})
	if err != nil {
		body = []byte(`{}`)
	}
	return answer{status: status, body: body}
}

// throttled is how each service says that a quota is spent.
func throttled(service string, d time.Duration) answer {
	seconds := int(math.Ceil(d.Seconds()))
	var a answer
	switch service {
	case "resourcegraph":
		a = refuse(http.StatusTooManyRequests, "RateLimiting", "Client application has been throttled and should not attempt to repeat the request until an amount of time has elapsed.")
		a.header = map[string]string{"x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": fmt.Sprintf("%02d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)}
	case "graph":
		a = refuse(http.StatusTooManyRequests, "TooManyRequests", "Too many requests.")
		a.header = map[string]string{"Retry-After": strconv.Itoa(seconds)}
	default:
		a = refuse(http.StatusTooManyRequests, "SubscriptionRequestsThrottled", "Number of requests for the subscription exceeded the limit. Please try again after '%d' seconds.", seconds)
		a.header = map[string]string{"Retry-After": strconv.Itoa(seconds)}
	}
	return a
}

// Transport answers in this process, without a port.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

type transport struct{ handler http.Handler }

// RoundTrip runs the handler beside the reader of its body, so that a body may
// be without end and a handler may wait for its client to leave.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	body, out := io.Pipe()
	w := &pipeWriter{header: http.Header{}, out: out, ready: make(chan int, 1)}
	in := req.Clone(req.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	go func() {
		defer out.Close()
		defer in.Body.Close()
		t.handler.ServeHTTP(w, in)
		w.WriteHeader(http.StatusOK)
		if w.cut {
			out.CloseWithError(io.ErrUnexpectedEOF)
		}
	}()
	select {
	case <-req.Context().Done():
		body.CloseWithError(req.Context().Err())
		return nil, req.Context().Err()
	case status := <-w.ready:
		return &http.Response{Status: strconv.Itoa(status) + " " + http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: w.header, Body: body, ContentLength: -1, Request: req}, nil
	}
}

// pipeWriter is a response whose body is read while it is written.
type pipeWriter struct {
	header http.Header
	out    *io.PipeWriter
	ready  chan int
	told   bool
	cut    bool
}

func (w *pipeWriter) Header() http.Header { return w.header }

func (w *pipeWriter) WriteHeader(status int) {
	if w.told {
		return
	}
	w.told = true
	w.header = w.header.Clone()
	w.ready <- status
}

func (w *pipeWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.out.Write(p)
}
