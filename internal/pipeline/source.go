package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bulwarksec/bulwark"
)

// Source is a connector and what gathers for it.
type Source struct {
	ID       string // host, iac:shop
	Kind     string
	Name     string
	Interval time.Duration // between runs; 0 is on demand only
	Disabled bool          // it is known, and not run
	Gatherer Gatherer
	Calls    func() int64 // API calls that it has made; nil is not known
}

// Watcher is a Gatherer that, after a Gather, goes on to yield what changes:
// assets, those that are gone, gaps, scopes and listings (of which only one that
// failed says anything). Nothing may be lost between the two. It returns when
// ctx ends; an error before that is followed by another Gather, and nil says
// that there is nothing to watch.
type Watcher interface {
	Watch(ctx context.Context, yield func(bulwark.Gathered) error) error
}

// Discoverer is a Gatherer that tells cheaply which scopes it reaches now.
type Discoverer interface {
	Scopes(ctx context.Context) ([]bulwark.ScopeInfo, error)
}

// source is a connector in use. What is mutable is guarded by Engine.mu.
type source struct {
	Source
	life context.Context // ends when it is replaced or removed
	stop context.CancelCauseFunc

	watch  *watch          // nil while it does not watch
	failed int             // watches, one after the other
	asked  time.Time       // when its scopes were asked for
	asking bool            // they are being asked for
	known  map[string]bool // scopes that have started a run
}

var (
	errRemoved  = errors.New("the connector was removed")
	errReplaced = errors.New("the connector was changed")
)

// within returns ctx as long as the source is in use.
func (s *source) within(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	detach := context.AfterFunc(s.life, func() { cancel(context.Cause(s.life)) })
	return ctx, func() { detach(); cancel(context.Canceled) }
}

func (s *source) calls() int64 {
	if s.Calls == nil {
		return 0
	}
	return s.Calls()
}

// find is called with the lock held; it returns nil for none.
func (e *Engine) find(id string) *source {
	i := slices.IndexFunc(e.sources, func(s *source) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	return e.sources[i]
}

// Add adds a connector, or replaces the one of its id: a run and a watch of that
// end, and what it gathered stays. It runs soon, unless it is disabled.
func (e *Engine) Add(v Source) {
	s := &source{Source: v, known: map[string]bool{}, asked: e.now()}
	s.life, s.stop = context.WithCancelCause(context.Background()) // it ends by Add or Remove
	e.mu.Lock()
	defer e.mu.Unlock()
	if old := e.find(v.ID); old != nil {
		old.stop(errReplaced)
		s.watch = old.watch // the next run waits for its end
		e.sources[slices.Index(e.sources, old)] = s
	} else {
		e.sources = append(e.sources, s)
	}
	delete(e.next, v.ID)
	if !v.Disabled {
		e.next[v.ID] = e.now()
	}
}

// Remove takes a connector away, waits until its run and its watch have ended,
// and says so to the store: its assets are stale and its gaps end. One that the
// engine does not know is taken away in the store alone. Killed in between, the
// store has it still.
func (e *Engine) Remove(ctx context.Context, id string) error {
	e.mu.Lock()
	s := e.find(id)
	if s != nil {
		s.stop(errRemoved)
		e.sources = slices.DeleteFunc(e.sources, func(x *source) bool { return x == s })
		delete(e.next, id)
	}
	e.mu.Unlock()
	select {
	case <-e.ended(id):
	case <-ctx.Done():
		return fmt.Errorf("pipeline: remove connector %s: its run does not end: %w", id, ctx.Err())
	}
	if s != nil {
		e.endWatch(s)
	}
	if err := e.store.RemoveConnector(ctx, id); err != nil {
		return fmt.Errorf("pipeline: %w", err)
	}
	e.notify(bulwark.Notice{Kind: "gaps"})
	e.notify(bulwark.Notice{Kind: "assets"})
	return nil
}
