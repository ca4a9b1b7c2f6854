package kubernetes

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bulwarksec/bulwark/internal/replay"
)

// Options says what a server serves, to whom, and how it misbehaves.
type Options struct {
	World   *World // nil is one of its own, without objects
	Users   []User
	Cluster string        // scope of its quotas and faults; "" is "cluster"
	Version string        // v1.34.4, also with a suffix such as -eks-1a2b3c4; "" is that of kinds.txt
	Limits  replay.Limits // nil is the providers' own quotas
	Faults  []replay.Rule // their operations are as Counts has them; pages go wrong in lists only
	Seed    int64
	Wall    func() time.Time // by which quotas refill; nil is the world's
	Plain   bool             // discovery is not aggregated, as before v1.26
}

// Server answers as an API server does. It is safe for concurrent use.
type Server struct {
	world    *World
	users    map[string]*User // by token
	cluster  string
	version  string
	plain    bool
	faults   *replay.Faults
	meter    *replay.Meter
	wall     func() time.Time
	requests atomic.Uint64
}

// defaultVersion is the version that kinds.txt is of.
const defaultVersion = "v1.34.4"

// New returns a server of a world. It fails on a fault whose pattern cannot be
// read, and where two users have one token.
func New(o Options) (*Server, error) {
	faults, err := replay.NewFaults(o.Seed, o.Faults)
	if err != nil {
		return nil, err
	}
	s := &Server{world: o.World, users: map[string]*User{}, cluster: cmp.Or(o.Cluster, "cluster"), version: cmp.Or(o.Version, defaultVersion), plain: o.Plain,
		faults: faults, meter: replay.NewMeter("kubernetes", o.Limits), wall: o.Wall}
	if s.world == nil {
		s.world = NewWorld(o.Seed, nil)
	}
	if s.wall == nil {
		s.wall = s.world.now
	}
	for _, u := range o.Users {
		if had := s.users[u.Token]; had != nil {
			return nil, fmt.Errorf("kubernetes: the users %s and %s have one token", had.Name, u.Name)
		}
		if u.Token == "" {
			u.Name = "system:anonymous"
		}
		s.users[u.Token] = &u
	}
	return s, nil
}

// Transport answers requests, to whatever host, in this process.
func (s *Server) Transport() http.RoundTripper { return replay.Transport(s) }

// Counts tells how often each operation was called and throttled. An operation
// is "list pods", "watch deployments.apps" or "get /version", of the service
// "api"; the region is the namespace.
func (s *Server) Counts() map[replay.Call]replay.Count { return s.meter.Counts() }

// call is one request of a known user.
type call struct {
	*Server
	user   *User
	attrs  attributes
	target target
	fault  *replay.Rule
}

// ServeHTTP answers one call: who calls, quotas, faults, whether they may, and
// then what they asked for.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.world.Advance()
	w.Header().Set("Audit-Id", uid(s.world.seed, "request", int(s.requests.Add(1))))
	w.Header().Set("Cache-Control", "no-cache, private")
	c := &call{Server: s, user: s.user(r)}
	if c.user == nil {
		write(w, r, unauthorized())
		return
	}
	isResource := false
	c.target, isResource = parsePath(r.URL.EscapedPath())
	c.attrs = attributesOf(r, c.target, isResource)
	n, wait := s.meter.Take(c.operation(), s.wall())
	if wait > 0 {
		write(w, r, throttled(int(wait/time.Second)+1))
		return
	}
	if c.fault = s.faults.For(c.operation(), n); c.fault != nil && c.strike(w, r) {
		return
	}
	if !c.user.allowed(c.attrs) {
		write(w, r, forbidden(c.user.Name, c.attrs))
		return
	}
	if c.attrs.watched && r.Method == http.MethodGet {
		c.watch(w, r)
		return
	}
	c.deliver(w, r, c.answer(r, isResource))
}

// operation is the call as faults and counts name it.
func (c *call) operation() replay.Call {
	what := c.attrs.path
	if c.attrs.resource != "" {
		what = qualified(c.attrs.resource, c.attrs.group)
	}
	return replay.Call{Scope: c.cluster, Region: c.attrs.namespace, Service: "api", Operation: c.attrs.verb + " " + what}
}

// verbs of the methods on objects and on what is no resource.
var verbs = map[string]string{http.MethodGet: "get", http.MethodHead: "get", http.MethodPost: "create", http.MethodPut: "update", http.MethodPatch: "patch", http.MethodDelete: "delete"}

// attributesOf says what a request wants to do.
func attributesOf(r *http.Request, t target, isResource bool) attributes {
	if !isResource || t.plural == "" {
		return attributes{verb: strings.ToLower(r.Method), path: r.URL.Path}
	}
	a := attributes{verb: verbs[r.Method], group: t.group, resource: t.plural, sub: t.sub, namespace: t.namespace, name: t.name}
	q := r.URL.Query()
	if a.verb == "get" && a.name == "" {
		a.name = selectedName(q.Get("fieldSelector")) // a rule for one name allows such a list
		a.verb, a.listed = "list", true
		if isTrue(q.Get("watch")) {
			a.verb, a.watched = "watch", true
		}
	}
	if a.verb == "delete" && t.name == "" {
		a.verb = "deletecollection"
	}
	return a
}

// isTrue reads a flag as the API does: only "", "0" and "false" are false.
func isTrue(s string) bool { return s != "" && s != "0" && !strings.EqualFold(s, "false") }

// answer returns what is sent for a call that is allowed.
func (c *call) answer(r *http.Request, isResource bool) *answer {
	if !isResource || c.target.plural == "" {
		return c.unresourced(r)
	}
	if c.target.group == reviewGroup && c.target.version == "v1" {
		return c.review(r)
	}
	c.world.mu.RLock()
	defer c.world.mu.RUnlock()
	res, refused := c.resource()
	switch {
	case refused != nil:
		return refused
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return notAllowed()
	case c.attrs.listed:
		return c.list(r, res)
	}
	return c.get(r, res)
}

// resource returns what the path names, or why not; mu is held for reading.
func (c *call) resource() (resource, *answer) {
	t := c.target
	// A version of which nothing is served, and what a custom one does not have,
	// is no path at all.
	known := t.group == "" || slices.ContainsFunc(c.world.kinds, func(k *kind) bool { return !k.custom && k.group == t.group && slices.Contains(k.versions, t.version) })
	k := c.world.kind(t.group, t.plural)
	if k == nil || !slices.Contains(k.versions, t.version) || t.sub != "" || !k.namespaced && t.namespace != "" && t.plural != "namespaces" ||
		k.namespaced && t.name != "" && t.namespace == "" {
		if !known {
			return resource{}, notThere()
		}
		return resource{}, notServed()
	}
	return resource{k, t.version}, nil
}

// get answers with one object.
func (c *call) get(r *http.Request, res resource) *answer {
	f, ok := formOf(r, "PartialObjectMetadata")
	if !ok {
		return notAcceptable()
	}
	o := c.world.objects[res.kind][c.key(res)]
	if o == nil {
		return notFound(res, c.target.name)
	}
	body, err := f.object(o, res, c.world.now(), true)
	if err != nil {
		return statusAnswer(err)
	}
	return &answer{status: http.StatusOK, media: jsonMedia, body: append(body, '\n')}
}

// key is that of the object that the path names.
func (c *call) key(res resource) string {
	o := object{name: c.target.name}
	if res.namespaced {
		o.namespace = c.target.namespace
	}
	return o.key()
}

func write(w http.ResponseWriter, r *http.Request, a *answer) {
	for k, v := range a.header {
		w.Header()[k] = v
	}
	w.Header().Set("Content-Type", a.media)
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.body) // the client may have left
	}
}
