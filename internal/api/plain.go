package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/bulwarksec/bulwark"
)

// plainRoutes are what is answered outside /api/v1, for the list of routes.
// They tell nothing of assets.
var plainRoutes = []struct {
	pattern string
	allow   Permission
}{
	{"GET /", Permission{On: Public}},
	{"GET /healthz", Permission{On: Public}},
	{"GET /metrics", Permission{bulwark.Reader, Everywhere}},
	{"GET /readyz", Permission{On: Public}},
	{"GET " + prefix + "/", Permission{On: Public}},
	{"GET " + CallbackPath, Permission{On: Public}},
	{"GET " + prefix + "/openapi.json", Permission{On: Public}},
}

// plain puts the routes on the mux that are not of the API itself.
func (s *Server) plain() {
	metrics := promhttp.HandlerFor(s.Metrics, promhttp.HandlerOpts{})
	handlers := map[string]http.HandlerFunc{
		"GET /":                           s.pages.serve,
		"GET /healthz":                    s.healthy,
		"GET /readyz":                     s.ready,
		"GET /metrics":                    metrics.ServeHTTP,
		"GET " + prefix + "/":             s.nothing,
		"GET " + CallbackPath:             s.callback,
		"GET " + prefix + "/openapi.json": s.describe,
	}
	for _, p := range plainRoutes {
		s.mux.HandleFunc(p.pattern, s.permitPlain(p.allow, handlers[p.pattern]))
	}
}

// permitPlain guards a route outside the API. Metrics may be read on loopback
// without a token when people reach the server there alone, and not through a
// proxy under another name: whoever can connect is on this machine.
func (s *Server) permitPlain(p Permission, next http.HandlerFunc) http.HandlerFunc {
	if p.On == Public {
		return next
	}
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := s.authenticate(r)
		if err == nil && !c.permits(p) {
			err = bulwark.ErrDenied
		}
		if err != nil && !s.local() {
			writeProblem(w, problemOf(err))
			return
		}
		next(w, r)
	}
}

// local reports whether only this machine reaches the server.
func (s *Server) local() bool {
	u, err := url.Parse(s.URL)
	return s.Loopback && err == nil && bulwark.IsLoopback(u.Hostname())
}

func writeProblem(w http.ResponseWriter, p *Problem) {
	body, err := json.Marshal(p)
	if err != nil { // plain strings always marshal
		panic("api: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(p.Status)
	w.Write(append(body, '\n'))
}

func (s *Server) nothing(w http.ResponseWriter, r *http.Request) {
	writeProblem(w, &Problem{Status: http.StatusNotFound, Code: "not-found", Message: "No route answers this.", Detail: r.Method + " " + r.URL.Path, Mend: "See " + prefix + "/openapi.json."})
}

func (s *Server) healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintln(w, "ok")
}

// ready tells whether the server can do its work, and logs why not: the reason
// may name files and hosts.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if s.Ready != nil {
		if err := s.Ready(r.Context()); err != nil {
			s.log.Warn("not ready", "error", err)
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintln(w, "not ready")
			return
		}
	}
	fmt.Fprintln(w, "ok")
}

func (s *Server) describe(w http.ResponseWriter, _ *http.Request) {
	data, err := s.OpenAPI()
	if err != nil {
		writeProblem(w, problemOf(err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(data)
}

func openapi(o *huma.OpenAPI) ([]byte, error) {
	data, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("api: describe: %w", err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, data, "", "  "); err != nil {
		return nil, fmt.Errorf("api: describe: %w", err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// meters are what /metrics tells of the server itself.
type meters struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMeters(to *prometheus.Registry) (*meters, error) {
	m := &meters{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "bulwark_http_requests_total", Help: "Requests answered, by route and status."}, []string{"route", "status"}),
		seconds:  prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "bulwark_http_request_seconds", Help: "Time to answer, by route.", Buckets: []float64{.001, .005, .02, .1, .5, 2, 10}}, []string{"route"}),
	}
	for _, c := range []prometheus.Collector{m.requests, m.seconds} {
		if err := to.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// measure counts answers by the pattern that matched, so that no request can
// add series.
func (s *Server) measure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(rec, r)
		_, pattern := s.mux.Handler(r)
		if pattern == "" {
			pattern = "none"
		}
		s.meters.requests.WithLabelValues(pattern, strconv.Itoa(rec.status)).Inc()
		s.meters.seconds.WithLabelValues(pattern).Observe(time.Since(start).Seconds())
	})
}

// recorder keeps the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
