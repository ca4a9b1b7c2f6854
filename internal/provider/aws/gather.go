package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

// How much of an estate is read at once: regions of accounts, and collectors of
// each service there. Each region of an account and each service has quotas of
// its own, so that what is read one after the other is time lost: the calls wait
// in the limiter, not here. A call that waits costs some 30 KB of stack, so in
// each region of all accounts only so many collectors run at once, and as many
// helpers for the assets of their pages; a region that hangs holds up itself
// alone. Global services have the most to tell for each of their quotas.
const (
	placesAtOnce     = 256
	collectorsAtOnce = 4
	globalAtOnce     = 256
	regionalAtOnce   = 96
)

// slots bounds something that is done at once.
type slots chan struct{}

// take waits for a slot, or until ctx ends.
func (s slots) take(ctx context.Context) error {
	select {
	case s <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// try takes a slot if there is one.
func (s slots) try() bool {
	select {
	case s <- struct{}{}:
		return true
	default:
		return false
	}
}

func (s slots) free() { <-s }

// silent is after how many listings in a row without any answer a region is
// taken to be out of reach, so that the rest of it is not waited for.
const silent = 3

// place is the part of an estate that is read as one: an account's global
// services, or one of its regions.
type place struct {
	account *account
	region  string
	where   where
	memo    *memo // while it is read

	runs, helpers slots // of the region in all accounts

	mu      sync.Mutex
	reached bool
	silent  int
	last    *bulwark.Fault
}

// Gather reads all accounts and yields their names, assets, gaps, and a listing
// for each type in each account and region. yield is called by one goroutine at
// a time; its error ends the run. What could not be read is a gap: Gather's own
// error means that nothing was reached, or that it was ended.
func (e *Estate) Gather(ctx context.Context, yield func(bulwark.Gathered) error) error {
	found, err := e.accounts(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex
	emit := func(g bulwark.Gathered) error {
		mu.Lock()
		defer mu.Unlock()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		err := yield(g)
		if err != nil {
			cancel(err)
		}
		return err
	}
	places, err := e.places(ctx, found, emit)
	if err == nil {
		err = e.absent(found, emit)
	}
	if err == nil {
		err = e.read(ctx, places, emit)
	}
	if cause := context.Cause(ctx); cause != nil && err != nil {
		err = cause
	}
	if err != nil {
		return fmt.Errorf("aws: gather: %w", err)
	}
	return nil
}

// places opens accounts, yields their names, and returns what is to be read of
// them. An account that cannot be opened is a gap.
func (e *Estate) places(ctx context.Context, found []*account, emit func(bulwark.Gathered) error) ([]*place, error) {
	gaps := make([]*bulwark.Gap, len(found))
	errs := make([]error, len(found))
	var g errgroup.Group
	g.SetLimit(cmp.Or(e.options.Places, placesAtOnce))
	for i, a := range found {
		g.Go(func() error {
			errs[i] = safely(func() (string, string) { return "aws:account", a.scope() }, func() (err error) {
				gaps[i], err = e.open(ctx, a)
				return err
			})()
			return nil
		})
	}
	_ = g.Wait() // its functions return none
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var out, regions []*place
	runs, helpers := map[string]slots{"": make(slots, globalAtOnce)}, map[string]slots{"": make(slots, globalAtOnce)}
	for i, a := range found {
		info := a.info()
		if err := emit(bulwark.Gathered{Scope: &info}); err != nil {
			return nil, err
		}
		if errs[i] != nil {
			gap := faultOf(errs[i], a.scope()).Gap("account", provider.Where(e.options.Connector, a.scope()))
			gaps[i] = &gap
		}
		if gaps[i] != nil {
			if err := emit(bulwark.Gathered{Gap: gaps[i]}); err != nil {
				return nil, err
			}
		}
		if errs[i] != nil {
			continue
		}
		out = append(out, &place{account: a, region: a.home, where: global, runs: runs[""], helpers: helpers[""]})
		for _, r := range a.regions {
			if runs[r] == nil {
				runs[r], helpers[r] = make(slots, regionalAtOnce), make(slots, regionalAtOnce)
			}
			regions = append(regions, &place{account: a, region: r, where: regional, runs: runs[r], helpers: helpers[r]})
		}
	}
	return append(out, regions...), nil
}

// absent yields a gap for each configured account that was not found.
func (e *Estate) absent(found []*account, emit func(bulwark.Gathered) error) error {
	for _, id := range e.config.AccountIDs {
		if e.excluded(id) || slices.ContainsFunc(found, func(a *account) bool { return a.id == id }) {
			continue
		}
		gap := &bulwark.Gap{What: "account", Where: provider.Where(e.options.Connector, "aws/"+id), Why: id + " is no active account of the organisation"}
		if err := emit(bulwark.Gathered{Gap: gap}); err != nil {
			return err
		}
	}
	return nil
}

func (e *Estate) read(ctx context.Context, places []*place, emit func(bulwark.Gathered) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(cmp.Or(e.options.Places, placesAtOnce))
	for _, p := range places {
		g.Go(func() error { return e.readPlace(ctx, p, emit) })
	}
	return g.Wait()
}

// readPlace reads a place's services side by side, and of each a few types;
// those that are late after all others.
func (e *Estate) readPlace(ctx context.Context, p *place, emit func(bulwark.Gathered) error) error {
	p.memo = &memo{}
	defer func() { p.memo = nil }()
	for _, late := range []bool{false, true} {
		services := map[string][]*collector{}
		for _, c := range e.collectors() {
			if c.Where == p.where && c.Late == late {
				services[c.Service] = append(services[c.Service], c)
			}
		}
		g, ctx := errgroup.WithContext(ctx)
		for _, list := range services {
			g.Go(func() error { return e.readService(ctx, p, list, emit) })
		}
		if err := g.Wait(); err != nil {
			return err
		}
	}
	return nil
}

func (e *Estate) readService(ctx context.Context, p *place, list []*collector, emit func(bulwark.Gathered) error) error {
	g, inner := errgroup.WithContext(ctx)
	own := make(slots, collectorsAtOnce)
	for _, c := range list {
		if own.take(inner) != nil || p.runs.take(inner) != nil {
			break
		}
		g.Go(func() error {
			defer own.free()
			defer p.runs.free()
			return e.run(inner, p, e.session(p, c, emit))
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

func (e *Estate) session(p *place, c *collector, emit func(bulwark.Gathered) error) *session {
	typ := e.options.Types.Get(c.Type)
	if typ == nil && c.Late {
		typ = &bulwark.Type{ID: c.Type} // all that is told of it is observed
	}
	return &session{estate: e, account: p.account, region: p.region, cfg: p.account.in(p.region), collector: c,
		typ: typ, memo: p.memo, helpers: p.helpers, yield: emit}
}

// run lists one type in one place and yields its listing. It returns only what
// ends the whole run.
func (e *Estate) run(ctx context.Context, p *place, s *session) error {
	listing := &bulwark.Listing{Connector: e.options.Connector, Scope: s.account.scope(), Type: s.collector.Type, Region: s.region, At: e.options.Now().UTC()}
	if p.where == global {
		listing.Region = ""
	}
	f := p.unreachable()
	if f == nil {
		err := list(ctx, s)
		if ended := s.ended(ctx, err); ended != nil {
			return ended
		}
		if err != nil {
			f = s.fault(err, s.where())
		}
		p.tell(f)
	}
	if f == nil {
		f = s.holes
	}
	if err := s.flush(); err != nil {
		return err
	}
	listing.Complete = f == nil
	if f != nil {
		gap := f.Gap("listing", s.where())
		listing.Gap = &gap
	}
	return s.yield(bulwark.Gathered{Listing: listing})
}

// list runs a collector.
func list(ctx context.Context, s *session) error {
	if s.typ == nil {
		return errors.New("the type has no file")
	}
	return safely(s.asks, func() error { return s.collector.List(ctx, s) })()
}

// safely returns f as a function that does not panic: what f panics about in a
// hostile answer is a fault of what asks tells, the call and its object. Every
// goroutine needs its own.
func safely(asks func() (call, object string), f func() error) func() error {
	return func() (err error) {
		defer func() {
			if r := recover(); r != nil {
				call, object := asks()
				err = &bulwark.Fault{Kind: bulwark.FaultMalformed, Call: call, Object: object, Err: fmt.Errorf("the answer was not foreseen: %v", r)}
			}
		}()
		return f()
	}
}

func (s *session) asks() (call, object string) { return s.collector.call(), s.where() }

// unreachable returns why a place is not asked any more.
func (p *place) unreachable() *bulwark.Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reached || p.silent < silent {
		return nil
	}
	return p.last
}

// tell counts listings that had no answer.
func (p *place) tell(f *bulwark.Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f == nil || f.Kind != bulwark.FaultTimeout && f.Kind != bulwark.FaultUnreachable {
		p.reached = true
		return
	}
	p.silent++
	p.last = f
}
