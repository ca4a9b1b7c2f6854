package pipeline

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/store"
	"github.com/bulwarksec/bulwark/internal/stream"
)

// Engine runs connectors: it gathers, stores, judges what changed and
// publishes, on schedule and on demand, one run of a connector at a time and
// connectors side by side, so that a slow or failing one does not hold the
// others. It is safe for concurrent use, and connectors may come, change and go
// while it runs.
//
// Its state is the store's: assets, and marks on those to be judged. A process
// killed anywhere goes on from there.
type Engine struct {
	store   *store.Store
	stream  *stream.Stream // nil publishes nothing
	loaded  atomic.Pointer[Loaded]
	now     func() time.Time
	log     *slog.Logger
	judging chan struct{} // held by the one that judges
	ready   struct {
		sync.Mutex
		done bool
	}

	mu        sync.Mutex
	sources   []*source
	running   map[string]*going
	next      map[string]time.Time
	listeners map[chan bulwark.Notice]bool
	wake      chan *source // whose run has begun on demand
	pump      chan struct{}
	marked    chan struct{}   // a watch has left something to be judged, or the score to be recorded
	life      context.Context // of Run; nil while it does not run
	work      sync.WaitGroup  // of Run
}

// going is a run under way.
type going struct {
	bulwark.Run
	told time.Time
	done chan struct{}
}

// NewEngine returns an engine over a store and loaded content.
func NewEngine(st *store.Store, loaded *Loaded, now func() time.Time, log *slog.Logger) *Engine {
	e := &Engine{store: st, now: now, log: log, judging: make(chan struct{}, 1), running: map[string]*going{}, next: map[string]time.Time{},
		listeners: map[chan bulwark.Notice]bool{}, wake: make(chan *source, 64), pump: make(chan struct{}, 1), marked: make(chan struct{}, 1)}
	e.loaded.Store(loaded)
	return e
}

// UseStream publishes what the outbox holds, before Run is called.
func (e *Engine) UseStream(s *stream.Stream) { e.stream = s }

// prepare takes up the content and ends what a killed process left open, once.
func (e *Engine) prepare(ctx context.Context) error {
	e.ready.Lock()
	defer e.ready.Unlock()
	if e.ready.done {
		return nil
	}
	if err := e.takeUp(ctx, e.loaded.Load()); err != nil {
		return fmt.Errorf("pipeline: take up content: %w", err)
	}
	if err := e.store.EndRuns(ctx, "the process ended before the run did"); err != nil {
		return fmt.Errorf("pipeline: %w", err)
	}
	e.ready.done = true
	return nil
}

// Run runs connectors when they are due until ctx ends, and waits for those
// under way. It is called once.
func (e *Engine) Run(ctx context.Context) {
	defer e.work.Wait()
	for {
		err := e.prepare(ctx)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return
		}
		e.log.Error("pipeline not started: trying again", "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(5 * time.Second):
		}
	}
	e.mu.Lock()
	e.life = ctx
	e.mu.Unlock()
	e.work.Go(func() { e.publish(ctx) })
	e.work.Go(func() { e.maintain(ctx) })
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		for _, s := range e.due() {
			e.work.Go(func() { _, _ = e.collect(ctx, s) }) // its error is in the run and the log
		}
		for _, s := range e.toDiscover() {
			e.work.Go(func() { e.discover(ctx, s) })
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case s := <-e.wake:
			e.work.Go(func() { _, _ = e.collect(ctx, s) })
		}
	}
}

// due begins the runs whose time has come, and plans their next with a jitter of
// a tenth.
func (e *Engine) due() []*source {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now()
	var out []*source
	for _, s := range e.sources {
		at, planned := e.next[s.ID]
		if planned && !s.Disabled && !at.After(now) && e.running[s.ID] == nil {
			e.start(s)
			out = append(out, s)
		}
	}
	return out
}

// start notes a run as going on; it is called with the lock held.
func (e *Engine) start(s *source) *going {
	now := e.now()
	delete(e.next, s.ID)
	if s.Interval > 0 {
		e.next[s.ID] = now.Add(s.Interval + time.Duration(mathrand.Int64N(int64(s.Interval)/10+1)))
	}
	g := &going{Run: bulwark.Run{ID: rand.Text(), Connector: s.ID, Started: now.UTC()}, done: make(chan struct{})}
	e.running[s.ID] = g
	return g
}

// begin starts a run; without a source it returns the one that is going on.
func (e *Engine) begin(connector string) (*source, *bulwark.Run, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.find(connector)
	switch {
	case s == nil:
		return nil, nil, fmt.Errorf("pipeline: start connector %q: %w", connector, bulwark.ErrNotFound)
	case s.Disabled:
		return nil, nil, fmt.Errorf("pipeline: start connector %q: %w: it is disabled", connector, bulwark.ErrConflict)
	}
	if g := e.running[connector]; g != nil {
		run := g.Run
		return nil, &run, nil
	}
	run := e.start(s).Run
	return s, &run, nil
}

// ended is closed when the run that is going on ends.
func (e *Engine) ended(connector string) <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	if g := e.running[connector]; g != nil {
		return g.done
	}
	c := make(chan struct{})
	close(c)
	return c
}

func (e *Engine) current(connector string) bulwark.Run {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.running[connector].Run
}

// end ends a run.
func (e *Engine) end(connector string, err error) bulwark.Run {
	e.mu.Lock()
	defer e.mu.Unlock()
	g := e.running[connector]
	g.Ended = e.now().UTC()
	if err != nil {
		g.Error = err.Error()
	}
	delete(e.running, connector)
	close(g.done)
	return g.Run
}

// Start begins a run of a connector, or returns the one that is going on. Run
// must be running.
func (e *Engine) Start(ctx context.Context, connector string) (bulwark.Run, error) {
	s, run, err := e.begin(connector)
	if err != nil || s == nil {
		if run == nil {
			run = &bulwark.Run{}
		}
		return *run, err
	}
	select {
	case e.wake <- s:
		return *run, nil
	case <-ctx.Done():
		e.end(connector, ctx.Err())
		return bulwark.Run{}, ctx.Err()
	}
}

// progress changes the numbers of a connector's run, if one is going on, and, at
// most four times a second, tells listeners.
func (e *Engine) progress(connector string, change func(*bulwark.Run)) {
	e.mu.Lock()
	g := e.running[connector]
	if g == nil {
		e.mu.Unlock()
		return
	}
	change(&g.Run)
	now := e.now()
	tell := now.Sub(g.told) >= 250*time.Millisecond
	if tell {
		g.told = now
	}
	run := g.Run
	e.mu.Unlock()
	if tell {
		e.notify(bulwark.Notice{Kind: "run", Run: &run})
	}
}

func (e *Engine) saveRun(ctx context.Context, run bulwark.Run) {
	if err := e.store.SaveRun(ctx, run); err != nil && ctx.Err() == nil {
		e.log.Error("run not saved", "connector", run.Connector, "error", err)
	}
	e.notify(bulwark.Notice{Kind: "run", Run: &run})
}

// tell hands on what a transaction changed.
func (e *Engine) tell(scope string, a Applied) {
	if a.Assets+a.Gone+a.Verdicts > 0 {
		e.notify(bulwark.Notice{Kind: "assets", Scope: scope})
	}
	if a.Opened+a.Reopened+a.Resolved > 0 {
		e.notify(bulwark.Notice{Kind: "findings", Scope: scope})
	}
	if a != (Applied{}) {
		select {
		case e.pump <- struct{}{}:
		default: // it is awake
		}
	}
}

// Connectors returns the connectors in use with their last run and scopes, in
// the order in which they were added.
func (e *Engine) Connectors(ctx context.Context) ([]bulwark.Connector, error) {
	scopes, err := e.store.ConnectorScopes(ctx)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	sources := slices.Clone(e.sources)
	e.mu.Unlock()
	out := []bulwark.Connector{}
	for _, s := range sources {
		c := bulwark.Connector{ID: s.ID, Kind: s.Kind, Name: s.Name, Enabled: !s.Disabled, Interval: s.Interval, Scopes: scopes[s.ID]}
		runs, _, err := e.Runs(ctx, s.ID, bulwark.Page{Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(runs) > 0 {
			c.LastRun = &runs[0]
		}
		e.mu.Lock()
		c.NextRun, c.Watching = e.next[s.ID], s.watch != nil && s.watch.life.Err() == nil
		e.mu.Unlock()
		out = append(out, c)
	}
	return out, nil
}

// Kinds returns the kinds of the connectors that there are, sorted.
func (e *Engine) Kinds() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []string
	for _, s := range e.sources {
		out = append(out, s.Kind)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Runs returns the newest runs first, with the numbers of those going on.
func (e *Engine) Runs(ctx context.Context, connector string, p bulwark.Page) ([]bulwark.Run, string, error) {
	list, next, err := e.store.Runs(ctx, connector, p)
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range list {
		if r := e.running[list[i].Connector]; r != nil && r.ID == list[i].ID {
			list[i] = r.Run
		}
	}
	return list, next, err
}

// Subscribe returns notices until ctx ends, then closes the channel. A listener
// that does not keep up loses notices.
func (e *Engine) Subscribe(ctx context.Context) <-chan bulwark.Notice {
	c := make(chan bulwark.Notice, 64)
	e.mu.Lock()
	e.listeners[c] = true
	e.mu.Unlock()
	context.AfterFunc(ctx, func() {
		e.mu.Lock()
		delete(e.listeners, c)
		e.mu.Unlock()
		close(c)
	})
	return c
}

func (e *Engine) notify(n bulwark.Notice) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for c := range e.listeners {
		select {
		case c <- n:
		default:
		}
	}
}

// Checks returns the checks in use, sorted by id.
func (e *Engine) Checks() []*bulwark.Check { return e.loaded.Load().Checks.Checks() }

// Check returns the check of an id, or nil.
func (e *Engine) Check(id string) *bulwark.Check { return e.loaded.Load().Check(id) }

// Standards returns the standards in use, sorted by id.
func (e *Engine) Standards() []*bulwark.Standard { return e.loaded.Load().Content.Standards }
