// Package azure is a server with the shape of Azure: it answers token requests
// of Microsoft Entra ID, Azure Resource Manager, Azure Resource Graph and
// Microsoft Graph from plain resources in memory, within the quotas of the real
// services, and fails where it is told to. Tests and the demo talk to it with
// the real clients, over a port or in this process.
//
// One handler serves all four services; the path tells which is meant:
//
//	/{tenant}/oauth2/v2.0/token, /{tenant}/v2.0/.well-known/…, /common/discovery/instance
//	/v1.0/…                                          Microsoft Graph
//	/providers/Microsoft.ResourceGraph/resources      Resource Graph
//	everything else                                   Resource Manager
package azure

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bulwarksec/bulwark/internal/quota"
)

// State is what the server tells of. Paths are keys in lower case.
type State struct {
	TenantID         string
	Premium          bool // the tenant has Entra ID P1: sign-in activity, registration report
	Clients          map[string]*Client
	Subscriptions    []Subscription
	ManagementGroups []ManagementGroup

	// Rows are the resources that Resource Graph knows, as Resource Manager
	// writes them (id, name, type, properties …), by id.
	Rows map[string]json.RawMessage
	// Details are what Resource Manager alone tells, by id: the settings of a
	// blob service, a firewall rule. What is not there answers as Azure does for
	// a resource on which nothing was ever set.
	Details map[string]json.RawMessage

	Lists   map[string][]json.RawMessage // of Microsoft Graph: users, groups/{id}/members
	Objects map[string]json.RawMessage   // of Microsoft Graph: policies/authorizationpolicy
}

// Client is an application that may sign in.
type Client struct {
	Secret     string   // "" lets any secret in
	Assertions []string // federated tokens that are accepted
	// Denied are the actions and application permissions that it lacks of the
	// role Reader and of all that Graph asks for; * stands for any text.
	Denied        []string
	Subscriptions []string // that it reaches; none is all
}

// Subscription is one subscription.
type Subscription struct {
	ID, Name, State string // State "" is Enabled
	Group           string // id of the management group that it is in
}

// ManagementGroup is one management group.
type ManagementGroup struct{ ID, Name, Parent string }

// Options are how a Server is made.
type Options struct {
	State  *State
	Now    func() time.Time                         // nil is time.Now
	Limits func(quota.Key) (quota.Limit, quota.Key) // nil is quota.For
	Page   int                                      // elements of a page at the most; 0 is the service's own
}

// Server answers as Azure does. It is safe for concurrent use.
type Server struct {
	now    func() time.Time
	limits func(quota.Key) (quota.Limit, quota.Key)
	page   int

	mu      sync.Mutex
	state   *State
	buckets map[quota.Key]*quota.Bucket
	tokens  map[string]token
	issued  int // tokens so far
	faults  []*Fault
	counts  Counts
	calls   []string
}

// Counts are what the server has counted since it was made.
type Counts struct {
	Tokens, ARM, Queries, Graph int
	Throttled                   int
}

// New returns a server of a state.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Limits == nil {
		o.Limits = quota.For
	}
	if o.State == nil {
		o.State = &State{}
	}
	return &Server{now: o.Now, limits: o.Limits, page: o.Page, state: o.State, buckets: map[quota.Key]*quota.Bucket{}, tokens: map[string]token{}}
}

// Change lets a function change the state while no request is answered.
func (s *Server) Change(change func(*State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.state)
}

// Counts returns the counters.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// maxCalls bounds how many calls are kept.
const maxCalls = 1 << 16

// Calls returns the calls so far as method and path, in the order of arrival; of
// very many, the later ones.
func (s *Server) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.calls...)
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, a := s.answer(r)
	if f != nil {
		f.write(w, r, a)
		return
	}
	a.write(w)
}

// answer makes the answer to a request, and the fault that befalls it.
func (s *Server) answer(r *http.Request) (*Fault, answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.calls) == maxCalls {
		s.calls = slices.Delete(s.calls, 0, maxCalls/2)
	}
	s.calls = append(s.calls, r.Method+" "+r.URL.Path)
	f := s.fault(r)
	path := strings.TrimRight(strings.ToLower(r.URL.Path), "/")
	switch {
	case strings.HasSuffix(path, "/oauth2/v2.0/token"), strings.HasSuffix(path, "/.well-known/openid-configuration"), path == "/common/discovery/instance":
		s.counts.Tokens++
		return f, s.login(r, path)
	case strings.HasPrefix(path, "/v1.0/"):
		s.counts.Graph++
		return f, s.guarded(r, "graph", func(c *caller) answer { return s.graph(r, c, strings.TrimPrefix(path, "/v1.0/")) })
	case path == "/providers/microsoft.resourcegraph/resources":
		s.counts.Queries++
		return f, s.guarded(r, "resourcegraph", func(c *caller) answer { return s.query(r, c) })
	}
	s.counts.ARM++
	return f, s.guarded(r, "arm", func(c *caller) answer { return s.arm(r, c, path) })
}

// guarded answers a request that has a token and is within the quota.
func (s *Server) guarded(r *http.Request, service string, serve func(*caller) answer) answer {
	c, refusal := s.caller(r, service)
	if c == nil {
		return refusal
	}
	scope := s.state.TenantID
	if sub := subscriptionOf(strings.ToLower(r.URL.Path)); sub != "" {
		scope = sub
	}
	limit, key := s.limits(quota.Key{Provider: "azure", Scope: scope, Service: service})
	b := s.buckets[key]
	if b == nil {
		b = quota.NewBucket(limit, s.now())
		s.buckets[key] = b
	}
	if d := b.Take(s.now()); d > 0 {
		s.counts.Throttled++
		return throttled(service, d)
	}
	return serve(c)
}
