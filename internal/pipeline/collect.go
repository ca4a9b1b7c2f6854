package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/store"
)

// Applied is what a transaction of the store changed.
type Applied = store.Applied

const (
	putBatch   = 250
	putWorkers = 2
	maxGaps    = 50_000 // of one run
)

// listed is where assets of a type were seen.
type listed struct{ scope, typ, region string }

// collection is one run's gathering: assets go to the store in batches of one
// scope as they come; of each only a digest of its id stays in memory, to tell
// what is gone.
type collection struct {
	e      *Engine
	source string
	run    string
	ctx    context.Context // of the workers
	work   *errgroup.Group

	mu       sync.Mutex // the workers report here
	applied  Applied
	pending  map[string][]*bulwark.Asset // by scope
	held     int
	seen     map[listed]*store.Seen
	listings []bulwark.Listing
	gaps     []bulwark.Gap
	untold   int64 // gaps beyond maxGaps
	assets   int64
	few      map[string][]string // ids by scope, while they are at most maxFew
}

// gather runs a gatherer. Its error is returned apart: what came before it is
// stored all the same, and nothing is gone.
func (e *Engine) gather(ctx context.Context, s Source, run string, note func(assets, gaps int64)) (c *collection, failed, err error) {
	work, wctx := errgroup.WithContext(ctx)
	work.SetLimit(putWorkers)
	c = &collection{e: e, source: s.ID, run: run, ctx: wctx, work: work, pending: map[string][]*bulwark.Asset{}, seen: map[listed]*store.Seen{}, few: map[string][]string{}}
	failed = s.Gatherer.Gather(ctx, func(g bulwark.Gathered) error {
		if err := wctx.Err(); err != nil {
			return err
		}
		c.take(g)
		note(c.assets, int64(len(c.gaps)))
		return nil
	})
	for scope := range c.pending {
		c.flush(scope)
	}
	if err := work.Wait(); err != nil {
		return c, nil, err
	}
	if err := ctx.Err(); err != nil {
		return c, nil, err
	}
	return c, failed, nil
}

// take keeps one item of what a gatherer yields, under the connector's name.
func (c *collection) take(g bulwark.Gathered) {
	switch {
	case g.Asset != nil:
		a := *g.Asset
		a.Connector = c.source
		key := listed{a.Scope, a.Type, a.Region}
		if c.seen[key] == nil {
			c.seen[key] = &store.Seen{}
		}
		c.seen[key].Add(a.ID)
		c.assets++
		c.held++
		if c.assets <= maxFew {
			c.few[a.Scope] = append(c.few[a.Scope], a.ID)
		}
		c.pending[a.Scope] = append(c.pending[a.Scope], &a)
		switch {
		case len(c.pending[a.Scope]) >= putBatch:
			c.flush(a.Scope)
		case c.held >= 4*putBatch: // many small scopes
			c.flush(c.largest())
		}
	case g.Gap != nil:
		if len(c.gaps) < maxGaps {
			c.gaps = append(c.gaps, *g.Gap)
		} else {
			c.untold++
		}
	case g.Listing != nil:
		l := *g.Listing
		l.Connector = c.source
		c.listings = append(c.listings, l)
	}
}

func (c *collection) largest() string {
	best := ""
	for scope, list := range c.pending {
		if n, m := len(list), len(c.pending[best]); n > m || n == m && scope < best {
			best = scope
		}
	}
	return best
}

// flush hands a scope's pending assets to a worker, waiting for one.
func (c *collection) flush(scope string) {
	list := c.pending[scope]
	if len(list) == 0 {
		return
	}
	delete(c.pending, scope)
	c.held -= len(list)
	c.work.Go(func() error {
		applied, err := c.e.store.Put(c.ctx, scope, list)
		if err != nil {
			return err
		}
		c.mu.Lock()
		c.applied = c.applied.Add(applied)
		c.mu.Unlock()
		c.e.tell(scope, applied)
		return nil
	})
}

// finish completes the listings and stores the gaps. After a failed gathering
// no listing is complete.
func (c *collection) finish(ctx context.Context, failed error) error {
	if failed != nil {
		gap := bulwark.Gap{What: "connector", Where: c.source, Why: failed.Error()}
		c.gaps = append(c.gaps, gap)
		for i := range c.listings {
			if c.listings[i].Complete {
				c.listings[i].Complete, c.listings[i].Gap = false, &gap
			}
		}
		if len(c.listings) == 0 {
			if err := c.staleBefore(ctx, &gap); err != nil {
				return err
			}
		}
	}
	for _, l := range c.listings {
		if l.Gap != nil && failed == nil {
			c.gaps = append(c.gaps, *l.Gap)
		}
		if l.At.IsZero() {
			l.At = c.e.now()
		}
		applied, err := c.e.store.CompleteListing(ctx, l, c.seenBy(l))
		if err != nil {
			return err
		}
		c.applied = c.applied.Add(applied)
		c.e.tell(l.Scope, applied)
	}
	return c.storeGaps(ctx, failed)
}

// staleBefore notes that what the connector listed before was not listed now.
func (c *collection) staleBefore(ctx context.Context, gap *bulwark.Gap) error {
	list, err := c.e.store.Listings(ctx, nil)
	if err != nil {
		return err
	}
	for _, l := range list {
		if l.Connector == c.source {
			l.Complete, l.Gap, l.At = false, gap, c.e.now()
			c.listings = append(c.listings, l)
		}
	}
	return nil
}

// seenBy joins the sets of all types and regions that a listing covers.
func (c *collection) seenBy(l bulwark.Listing) *store.Seen {
	out := &store.Seen{}
	for key, s := range c.seen {
		if key.scope == l.Scope && (l.Type == "" || l.Type == key.typ) && (l.Region == "" || l.Region == key.region) {
			out.Union(s)
		}
	}
	return out
}

// storeGaps stores the run's gaps; those of earlier runs end unless this one
// failed.
func (c *collection) storeGaps(ctx context.Context, failed error) error {
	scope := ""
	for i, l := range c.listings { // a gap says where it is in words; its scope is the run's, if that has one
		if i > 0 && l.Scope != scope {
			scope = ""
			break
		}
		scope = l.Scope
	}
	if c.untold > 0 {
		c.gaps = append(c.gaps, bulwark.Gap{What: "gaps", Where: c.source, Why: fmt.Sprintf("%d more are not listed", c.untold), Needs: "mend some of those that are"})
	}
	slices.SortFunc(c.gaps, func(a, b bulwark.Gap) int {
		return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Where, b.Where), cmp.Compare(a.Why, b.Why))
	})
	rows := make([]bulwark.GapRow, len(c.gaps))
	for i, g := range c.gaps {
		rows[i] = bulwark.GapRow{Gap: g, Connector: c.source, Scope: scope, At: c.e.now()}
	}
	for part := range slices.Chunk(rows, 500) {
		if err := c.e.store.ReportGaps(ctx, c.run, part); err != nil {
			return err
		}
	}
	if failed != nil {
		return nil
	}
	return c.e.store.EndGaps(ctx, c.source, c.run)
}

// Collect runs a connector once, now, and returns its run; it waits for one
// that is going on. The run's error is also returned.
func (e *Engine) Collect(ctx context.Context, connector string) (bulwark.Run, error) {
	if err := e.prepare(ctx); err != nil {
		return bulwark.Run{}, err
	}
	for {
		s, run, err := e.begin(connector)
		if err != nil {
			return bulwark.Run{}, err
		}
		if s == nil { // one is going on
			select {
			case <-ctx.Done():
				return *run, ctx.Err()
			case <-e.ended(connector):
			}
			continue
		}
		return e.collect(ctx, *s)
	}
}

// collect is one run of a connector that has begun.
func (e *Engine) collect(ctx context.Context, s Source) (bulwark.Run, error) {
	run := e.current(s.ID)
	e.saveRun(ctx, run)
	err := e.runOnce(ctx, s, run.ID)
	final := e.end(s.ID, err)
	if err != nil && !errors.Is(err, context.Canceled) {
		e.log.Error("run failed", "connector", s.ID, "error", err)
	}
	e.saveRun(context.WithoutCancel(ctx), final)
	e.log.Info("run ended", "connector", s.ID, "assets", final.Assets, "judged", final.Judged, "changed", final.Changed, "gaps", final.Gaps)
	return final, err
}

func (e *Engine) runOnce(ctx context.Context, s Source, run string) error {
	c, failed, err := e.gather(ctx, s, run, func(assets, gaps int64) {
		e.progress(s.ID, func(r *bulwark.Run) { r.Assets, r.Gaps = assets, gaps })
	})
	if err != nil {
		return err
	}
	left, err := e.judgeFew(ctx, c)
	if err != nil {
		return err
	}
	if err := c.finish(ctx, failed); err != nil {
		return err
	}
	e.progress(s.ID, func(r *bulwark.Run) { r.Assets, r.Gaps = c.assets, int64(len(c.gaps)) })
	e.notify(bulwark.Notice{Kind: "gaps"})
	if left || c.applied.Dirty > 0 {
		if err := e.Judge(ctx, nil); err != nil {
			return err
		}
	}
	if err := e.recordScores(ctx); err != nil {
		return err
	}
	if failed != nil {
		return fmt.Errorf("gather: %w", failed)
	}
	return nil
}
