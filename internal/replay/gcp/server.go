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

	"github.com/bulwarksec/bulwark/internal/quota"
)

// Options say how a server answers.
type Options struct {
	State    *State
	Now      func() time.Time // nil is time.Now
	Denied   []string         // permissions that the caller has not; patterns of path.Match
	Disabled []string         // services that are not enabled: cloudasset
	Limits   Limits           // nil is quota.For
	Faults   []Rule           // the first that matches counts
	Page     int              // most assets that a page has; 0 is as many as asked for
	Address  string           // that clients reach it by, where that is not Google's own hosts
	Subject  string           // token that workload identity federation takes; none takes no one
}

// Limits returns a call's limit and the bucket that it shares.
type Limits func(quota.Key) (quota.Limit, quota.Key)

// Unlimited is a limit that nobody reaches.
func Unlimited(k quota.Key) (quota.Limit, quota.Key) { return quota.Limit{Rate: 1e9, Burst: 1e9}, k }

// Count is how often a call was made, and how often it was refused for its quota.
type Count struct{ Calls, Throttled int }

// Server is an http.Handler, safe for concurrent use.
type Server struct {
	o     Options
	state *State

	mu      sync.Mutex // guards what follows
	buckets map[quota.Key]*quota.Bucket
	counts  map[string]Count
	tokens  map[string]time.Time // that were issued, with their ends
	struck  map[int]int          // how often each rule matched
	issued  int
}

// New returns a server.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Limits == nil {
		o.Limits = quota.For
	}
	if o.State == nil {
		o.State = NewState()
	}
	return &Server{o: o, state: o.State, buckets: map[quota.Key]*quota.Bucket{}, counts: map[string]Count{}, tokens: map[string]time.Time{}, struck: map[int]int{}}
}

// Counts returns a copy of what was counted, by call: cloudasset:assets.list
// RESOURCE.
func (s *Server) Counts() map[string]Count {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[string]Count, len(s.counts))
	for k, c := range s.counts {
		out[k] = c
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
	wait := s.take(r)
	if rule := s.rule(r); rule != nil && s.strike(w, r, rule) {
		return
	}
	switch {
	case !r.open && !s.known(hr):
		writeError(w, unauthenticated())
	case slices.Contains(s.o.Disabled, r.service):
		writeError(w, disabled(r.service))
	case wait > 0:
		writeError(w, exhausted(r.service, r.call, wait))
	case r.needs != "" && s.denies(r.needs):
		writeError(w, denied(r.needs, r.object))
	default:
		r.answer(w, r)
	}
}

// take counts a call and returns how long until its quota has room.
func (s *Server) take(r *request) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.counts[r.call]
	c.Calls++
	defer func() { s.counts[r.call] = c }()
	if r.open {
		return 0
	}
	action, _, _ := strings.Cut(strings.TrimPrefix(r.call, r.service+":"), " ")
	limit, key := s.o.Limits(quota.Key{Provider: "gcp", Service: r.service, Action: action})
	b := s.buckets[key]
	if b == nil {
		b = quota.NewBucket(limit, s.o.Now())
		s.buckets[key] = b
	}
	wait := b.Take(s.o.Now())
	if wait > 0 {
		c.Throttled++
	}
	return wait
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
