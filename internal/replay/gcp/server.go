// Package gcp is a server shaped like Google Cloud: OAuth 2.0 tokens, Cloud
// Asset Inventory, Resource Manager, and of the other services what a connector
// asks them. It answers from a State of plain resources that may change while it
// serves, enforces the quotas of internal/quota, denies by permission, and goes
// wrong by rule. It serves the tests of the connector and the demo estate.
//
// A service is told by the request's host, cloudasset.googleapis.com, or on any
// other host by the first part of the path:
// http://127.0.0.1:9000/cloudasset.googleapis.com/v1/….
package gcp

import (
	"encoding/json"
	"net"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bulwarksec/bulwark/internal/replay"
)

// Options say how a server answers.
type Options struct {
	State    *State
	Now      func() time.Time // nil is time.Now
	Denied   []string         // permissions that the caller has not; patterns of path.Match
	Disabled []string         // services that are not enabled: cloudasset
	Limits   replay.Limits    // nil is quota.For
	Faults   []replay.Rule    // the first that matches counts; an operation is assets.list RESOURCE
	Seed     int64            // of faults by chance
	Page     int              // most assets that a page has; 0 is as many as asked for
	Subject  string           // token that workload identity federation takes; none takes no one
}

// Server is an http.Handler, safe for concurrent use.
type Server struct {
	o      Options
	state  *State
	meter  *replay.Meter
	faults *replay.Faults

	mu     sync.Mutex           // guards what follows
	tokens map[string]time.Time // that were issued, with their ends
	issued int
}

// New returns a server. Its error is a pattern of a fault that is none.
func New(o Options) (*Server, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.State == nil {
		o.State = NewState()
	}
	faults, err := replay.NewFaults(o.Seed, o.Faults)
	if err != nil {
		return nil, err
	}
	return &Server{o: o, state: o.State, meter: replay.NewMeter("gcp", o.Limits), faults: faults, tokens: map[string]time.Time{}}, nil
}

// Transport answers requests in this process, without a port.
func (s *Server) Transport() http.RoundTripper { return replay.Transport(s) }

// Counts returns how often each call was made and throttled, by its name:
// cloudasset:assets.list RESOURCE.
func (s *Server) Counts() map[string]replay.Count {
	out := map[string]replay.Count{}
	for c, n := range s.meter.Counts() {
		out[c.Service+":"+c.Operation] = n
	}
	return out
}

// request is a call that was understood.
type request struct {
	*http.Request
	service string // cloudasset
	path    string // below the service
	call    string // cloudasset:assets.list RESOURCE
	needs   string // permission
	object  string // what it is asked of: organizations/1
	answer  func(w http.ResponseWriter, r *request)
	open    bool // needs no token
}

// ServeHTTP answers a call.
func (s *Server) ServeHTTP(w http.ResponseWriter, hr *http.Request) {
	r := s.route(hr)
	if r == nil {
		writeError(w, fail(http.StatusNotFound, "NOT_FOUND", "Method not found."))
		return
	}
	hr.Body = http.MaxBytesReader(w, hr.Body, 1<<20)
	_, operation, _ := strings.Cut(r.call, ":")
	call := replay.Call{Service: r.service, Operation: operation}
	n, wait := s.meter.Take(call, s.o.Now())
	if rule := s.faults.For(call, n); rule != nil && s.strike(w, r, rule, n) {
		return
	}
	switch {
	case !r.open && !s.known(hr):
		writeError(w, unauthenticated())
	case slices.Contains(s.o.Disabled, r.service):
		writeError(w, disabled(r.service))
	case wait > 0 && !r.open:
		writeError(w, exhausted(r.service, r.call, wait))
	case r.needs != "" && s.denies(r.needs):
		writeError(w, denied(r.needs, r.object))
	default:
		r.answer(w, r)
	}
}

func (s *Server) denies(permission string) bool {
	return slices.ContainsFunc(s.o.Denied, func(p string) bool { ok, _ := path.Match(p, permission); return ok })
}

// route understands a request, or returns nil.
func (s *Server) route(hr *http.Request) *request {
	host := hr.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	r := &request{Request: hr, path: hr.URL.Path}
	if !strings.HasSuffix(host, ".googleapis.com") {
		host, r.path, _ = strings.Cut(strings.TrimPrefix(r.path, "/"), "/")
		r.path = "/" + r.path
	}
	var ok bool
	if r.service, ok = strings.CutSuffix(host, ".googleapis.com"); !ok {
		return nil
	}
	if routed := routes[r.service]; routed == nil || !routed(s, r) {
		return nil
	}
	return r
}

// routes fill in a request of a service; they are false for what is no call.
var routes = map[string]func(s *Server, r *request) bool{
	"oauth2": (*Server).routeToken, "sts": (*Server).routeExchange, "iamcredentials": (*Server).routeImpersonate,
	"cloudasset": (*Server).routeInventory, "cloudresourcemanager": (*Server).routeManager,
	"essentialcontacts": (*Server).routeContacts, "bigquery": (*Server).routeBigQuery,
}

func writeJSON(w http.ResponseWriter, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		writeError(w, fail(http.StatusInternalServerError, "INTERNAL", err.Error()))
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Write(data)
}
