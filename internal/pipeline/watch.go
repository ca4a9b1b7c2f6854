package pipeline

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/bulwarksec/bulwark"
)

const (
	coalesce   = 50 * time.Millisecond // changes that come within it are stored together
	maxChanges = 500                   // stored together
	maxBackoff = 5 * time.Minute       // before a watch that failed is tried again
)

// watch is a watch under way.
type watch struct {
	cancel context.CancelFunc
	done   chan struct{}
	life   context.Context // of the source that it was begun for
}

// beginWatch watches what a source has just gathered, while Run runs.
func (e *Engine) beginWatch(s *source) {
	w, ok := s.Gatherer.(Watcher)
	if !ok {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.life == nil || e.life.Err() != nil || s.life.Err() != nil || s.watch != nil {
		return
	}
	ctx, release := s.within(e.life)
	ctx, cancel := context.WithCancel(ctx)
	going := &watch{cancel, make(chan struct{}), s.life}
	s.watch = going
	e.work.Go(func() {
		defer release()
		defer cancel()
		began := e.now()
		err := e.follow(ctx, s.ID, w)
		e.mu.Lock()
		if s.watch == going {
			s.watch = nil
		}
		e.mu.Unlock()
		if err != nil && ctx.Err() == nil {
			e.watchFailed(ctx, s, err, e.now().Sub(began))
		}
		close(going.done)
	})
}

// endWatch ends a source's watch and waits for it.
func (e *Engine) endWatch(s *source) {
	e.mu.Lock()
	w := s.watch
	s.watch = nil
	e.mu.Unlock()
	if w != nil {
		w.cancel()
		<-w.done
	}
}

// watchFailed notes that changes are missed from now on and plans a full run. A
// watch that held for as long as it would now have to wait begins afresh.
func (e *Engine) watchFailed(ctx context.Context, s *source, err error, held time.Duration) {
	e.log.Warn("watch failed: gathering again", "connector", s.ID, "error", err)
	gap := bulwark.GapRow{Gap: bulwark.Gap{What: "watch", Where: s.ID, Why: err.Error()}, Connector: s.ID, At: e.now()}
	if err := e.store.ReportGaps(ctx, "watch", []bulwark.GapRow{gap}); err != nil && ctx.Err() == nil {
		e.log.Error("gap of a watch not stored", "connector", s.ID, "error", err)
	}
	e.notify(bulwark.Notice{Kind: "gaps"})
	e.mu.Lock()
	if held > backoff(s.failed) {
		s.failed = 0
	}
	e.mu.Unlock()
	e.retryWatched(s)
}

// retryWatched plans a source's next run sooner than its schedule, if it
// watches: what it has is known to be out of date.
func (e *Engine) retryWatched(s *source) {
	if _, ok := s.Gatherer.(Watcher); !ok {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	at := e.now().Add(backoff(s.failed))
	s.failed++
	if next, planned := e.next[s.ID]; e.find(s.ID) == s && !s.Disabled && (!planned || at.Before(next)) {
		e.next[s.ID] = at
	}
}

// backoff is how long to wait after a number of failures: a second, doubled by
// each.
func backoff(failures int) time.Duration {
	return min(time.Second<<min(failures, 20), maxBackoff)
}

// follow takes up what a watch yields until it ends. What is not stored when it
// fails is seen by the full run that follows.
func (e *Engine) follow(ctx context.Context, id string, w Watcher) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	items := make(chan bulwark.Gathered, maxChanges)
	ended := make(chan error, 1)
	go func() {
		ended <- w.Watch(ctx, func(g bulwark.Gathered) error {
			select {
			case items <- g:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		close(items)
	}()
	for {
		list, more := gatherChanges(ctx, items)
		if len(list) > 0 {
			if err := e.absorb(ctx, id, list); err != nil {
				cancel()
				<-ended
				return err
			}
		}
		if !more {
			cancel()
			return <-ended
		}
	}
}

// gatherChanges waits for an item and returns it with those that follow soon.
func gatherChanges(ctx context.Context, items <-chan bulwark.Gathered) (list []bulwark.Gathered, more bool) {
	var soon <-chan time.Time
	for len(list) < maxChanges {
		select {
		case <-ctx.Done():
			return nil, false
		case g, ok := <-items:
			if !ok {
				return list, false
			}
			list = append(list, g)
			if soon == nil {
				t := time.NewTimer(coalesce)
				defer t.Stop()
				soon = t.C
			}
		case <-soon:
			return list, true
		}
	}
	return list, true
}

// absorb stores what a watch has yielded and judges it at once. Of several
// changes of one asset the last counts.
func (e *Engine) absorb(ctx context.Context, id string, list []bulwark.Gathered) error {
	c := changesOf(id, list)
	if err := e.store.NameScopes(ctx, c.scopes); err != nil {
		return err
	}
	var total Applied
	for _, scope := range slices.Sorted(maps.Keys(c.assets)) {
		for part := range slices.Chunk(c.assets[scope], putBatch) {
			applied, err := e.store.Put(ctx, scope, part)
			if err != nil {
				return err
			}
			total = total.Add(applied)
			e.tell(scope, applied)
		}
	}
	gone, err := e.store.Remove(ctx, id, c.gone)
	if err != nil {
		return err
	}
	e.tell("", gone)
	total = total.Add(gone)
	if err := e.store.NoteListings(ctx, c.listings); err != nil {
		return err
	}
	for i := range c.gaps {
		c.gaps[i].At = e.now()
	}
	if err := e.store.ReportGaps(ctx, "watch", c.gaps); err != nil {
		return err
	}
	if len(c.gaps) > 0 {
		e.notify(bulwark.Notice{Kind: "gaps"})
	}
	for scope, assets := range c.assets {
		applied, err := e.judgeNow(ctx, scope, assets)
		if err != nil {
			return err
		}
		total = total.Add(applied)
	}
	if total != (Applied{}) {
		select {
		case e.marked <- struct{}{}:
		default: // it is awake
		}
	}
	return nil
}

// judgeNow judges those of a scope's assets that are marked, before whatever
// else is being judged.
func (e *Engine) judgeNow(ctx context.Context, scope string, assets []*bulwark.Asset) (total Applied, err error) {
	ids := make([]string, len(assets))
	for i, a := range assets {
		ids[i] = a.ID
	}
	numbers, err := e.store.MarkedAmong(ctx, scope, ids)
	if err != nil {
		return total, err
	}
	for part := range slices.Chunk(numbers, judgeBatch) {
		_, applied, err := e.judgeBatch(ctx, scope, part)
		if err != nil {
			return total, err
		}
		total = total.Add(applied)
	}
	return total, nil
}

// changes are what a watch has yielded, each asset once.
type changes struct {
	assets   map[string][]*bulwark.Asset // by scope
	gone     []string
	scopes   []bulwark.ScopeInfo
	listings []bulwark.Listing // that failed
	gaps     []bulwark.GapRow
}

func changesOf(connector string, list []bulwark.Gathered) changes {
	c := changes{assets: map[string][]*bulwark.Asset{}}
	last := map[string]*bulwark.Asset{} // nil is gone
	for _, g := range list {
		switch {
		case g.Asset != nil:
			a := *g.Asset
			a.Connector = connector
			last[a.ID] = &a
		case g.Gone != nil:
			last[g.Gone.ID] = nil
		case g.Scope != nil:
			c.scopes = append(c.scopes, *g.Scope)
		case g.Gap != nil:
			c.gaps = append(c.gaps, bulwark.GapRow{Gap: *g.Gap, Connector: connector})
		case g.Listing != nil && !g.Listing.Complete:
			l := *g.Listing
			l.Connector = connector
			c.listings = append(c.listings, l)
			if l.Gap != nil {
				c.gaps = append(c.gaps, bulwark.GapRow{Gap: *l.Gap, Connector: connector, Scope: l.Scope})
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(last)) {
		if a := last[id]; a != nil {
			c.assets[a.Scope] = append(c.assets[a.Scope], a)
		} else {
			c.gone = append(c.gone, id)
		}
	}
	return c
}
