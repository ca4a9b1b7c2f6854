package aws

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bulwarksec/bulwark/internal/replay"
	"github.com/bulwarksec/bulwark/internal/replay/aws/wire"
)

// Options says what a server serves, to whom, and how it misbehaves.
type Options struct {
	World    *World
	Accounts []Account
	Keys     []Key
	Now      func() time.Time // nil is the wall clock
	Wall     func() time.Time // by which sessions of roles end, as the SDK has it, and quotas refill; nil is Now
	Limits   replay.Limits    // nil is the providers' own quotas
	Faults   []replay.Rule
	Seed     int64
	PageSize int // items a page where the caller asks for no size; 0 is 100
}

// Server answers as AWS does. It is safe for concurrent use.
type Server struct {
	world    *World
	keys     *keyring
	now      func() time.Time
	wall     func() time.Time
	faults   *replay.Faults
	meter    *replay.Meter
	pageSize int
	requests atomic.Uint64
}

// New returns a server of a world. It fails on a fault whose pattern cannot be
// read.
func New(o Options) (*Server, error) {
	faults, err := replay.NewFaults(o.Seed, o.Faults)
	if err != nil {
		return nil, err
	}
	s := &Server{world: o.World, keys: newKeyring(o), now: o.Now, wall: o.Wall, faults: faults, meter: replay.NewMeter("aws", o.Limits), pageSize: o.PageSize}
	if s.world == nil {
		s.world = NewWorld()
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.wall == nil {
		s.wall = s.now
	}
	if s.pageSize <= 0 {
		s.pageSize = 100
	}
	return s, nil
}

// Transport answers the SDK's requests, to whatever host, in this process.
func (s *Server) Transport() http.RoundTripper { return replay.Transport(s) }

// Counts tells how often each operation was called and throttled.
func (s *Server) Counts() map[replay.Call]replay.Count { return s.meter.Counts() }

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := fmt.Sprintf("%08x-0000-4000-8000-000000000000", s.requests.Add(1))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, wire.MaxBody))
	if err != nil {
		http.Error(w, "the request's body cannot be read", http.StatusBadRequest)
		return
	}
	where, ok := readScope(r)
	if ok && where.service == "macie2" {
		macie(w)
		return
	}
	service := wire.ServiceOf(r, where.service)
	if !ok || service == nil {
		http.Error(w, "the request is not signed for a service that is served", http.StatusForbidden)
		return
	}
	req := wire.Match(r, where.service, body)
	if req == nil {
		write(w, r, service.EncodeError(unknownOperation(service), id))
		return
	}
	c := &Call{ctx: r.Context(), server: s, Service: req.Operation.Service, Operation: req.Operation.Name, Region: where.region}
	s.serve(w, r, c, req, where, id)
}

// serve answers a call that is recognised: who calls, faults and quotas first,
// then the operation itself.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, c *Call, req *wire.Request, where scope, id string) {
	now := s.now()
	s.world.advance(now)
	principal, why := s.keys.find(where, r.Header.Get("X-Amz-Security-Token"), s.wall())
	if why != "" {
		write(w, r, c.Service.EncodeError(badKey(c.Service, why), id))
		return
	}
	c.Principal = principal
	call := replay.Call{Scope: principal.Account, Region: c.Region, Service: c.Service.Name, Operation: c.Operation}
	n, wait := s.meter.Take(call, s.wall())
	if wait > 0 {
		write(w, r, c.Service.EncodeError(throttled(c.Service), id))
		return
	}
	fault := s.faults.For(call, n)
	if fault != nil && s.strike(w, r, c, fault, id) {
		return
	}
	answer := s.answer(c, req, id, fault)
	deliver(w, r, answer, fault)
}

// answer runs the operation and encodes what it returns. The world stands
// still until that is done.
func (s *Server) answer(c *Call, req *wire.Request, id string, fault *replay.Rule) *wire.Answer {
	h := handlers()[c.Service.Name+"."+c.Operation]
	if action := actionOf(c.Service, c.Operation); c.Principal.denied(action) {
		return c.Service.EncodeError(denied(c.Service, c.Principal, action), id)
	}
	in, err := req.Input(h.in)
	if err != nil {
		return c.Service.EncodeError(invalid(c.Service, err.Error()), id)
	}
	s.world.mu.RLock()
	defer s.world.mu.RUnlock()
	if err := c.organized(); err != nil {
		return c.Service.EncodeError(asError(c.Service, err), id)
	}
	out, err := h.call(c, in)
	if err != nil {
		return c.Service.EncodeError(asError(c.Service, err), id)
	}
	if fault != nil {
		out = spoilPage(fault.Kind, h, in, out)
	}
	a, err := req.Operation.Encode(out, id)
	if err != nil {
		return c.Service.EncodeError(internalError(c.Service), id)
	}
	return a
}

func asError(s *wire.Service, err error) *wire.Error {
	var e *wire.Error
	if errors.As(err, &e) {
		return e
	}
	return internalError(s)
}

func write(w http.ResponseWriter, r *http.Request, a *wire.Answer) {
	for k, v := range a.Header {
		w.Header()[k] = v
	}
	if r.Method == http.MethodHead {
		w.WriteHeader(a.Status)
		return
	}
	if strings.HasPrefix(r.Header.Get("X-Amz-Target"), "DynamoDB_") { // whose client checks it
		w.Header().Set("X-Amz-Crc32", fmt.Sprint(crc32.ChecksumIEEE(a.Body)))
	}
	if w.Header().Get("Content-Length") == "" {
		w.Header().Set("Content-Length", fmt.Sprint(len(a.Body)))
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // the client may have left
}
