package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
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
	maxScopes  = 50_000 // likewise
)

// listed is what of a scope was seen or listed; "" is every one, or none.
type listed struct{ typ, region string }

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
	seen     map[string]map[listed]*store.Seen // by scope
	listings []bulwark.Listing
	gone     []string
	scopes   []bulwark.ScopeInfo
	gaps     []bulwark.GapRow
	untold   int64 // gaps beyond maxGaps
	unnamed  int64 // scopes beyond maxScopes
	assets   int64
	few      map[string][]string // ids by scope, while they are at most maxFew
}

// gather runs a gatherer. Its error is returned apart: what came before it is
// stored all the same, and nothing is gone.
func (e *Engine) gather(ctx context.Context, s *source, run string, note func(assets, gaps int64)) (c *collection, failed, err error) {
	work, wctx := errgroup.WithContext(ctx)
	work.SetLimit(putWorkers)
	c = &collection{e: e, source: s.ID, run: run, ctx: wctx, work: work, pending: map[string][]*bulwark.Asset{}, seen: map[string]map[listed]*store.Seen{}, few: map[string][]string{}}
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
		c.seenAt(a.Scope, listed{a.Type, a.Region}).Add(a.ID)
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
		c.gap(*g.Gap, "")
	case g.Listing != nil:
		l := *g.Listing
		l.Connector = c.source
		c.listings = append(c.listings, l)
	case g.Scope != nil && len(c.scopes) >= maxScopes:
		c.unnamed++
	case g.Scope != nil:
		c.scopes = append(c.scopes, *g.Scope)
	case g.Gone != nil:
		c.gone = append(c.gone, g.Gone.ID)
	}
}

// gap keeps a gap of a scope, "" where it is not known yet.
func (c *collection) gap(g bulwark.Gap, scope string) {
	if len(c.gaps) >= maxGaps {
		c.untold++
		return
	}
	c.gaps = append(c.gaps, bulwark.GapRow{Gap: g, Connector: c.source, Scope: scope, At: c.e.now()})
}

func (c *collection) seenAt(scope string, at listed) *store.Seen {
	if c.seen[scope] == nil {
		c.seen[scope] = map[listed]*store.Seen{}
	}
	if c.seen[scope][at] == nil {
		c.seen[scope][at] = &store.Seen{}
	}
	return c.seen[scope][at]
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

// finish names the scopes, completes the listings and stores the gaps. After a
// failed gathering no listing is complete.
func (c *collection) finish(ctx context.Context, failed error) error {
	if err := c.e.store.NameScopes(ctx, c.scopes); err != nil {
		return err
	}
	if err := c.widen(ctx); err != nil {
		return err
	}
	applied, err := c.e.store.Remove(ctx, c.source, c.gone)
	if err != nil {
		return err
	}
	c.applied = c.applied.Add(applied)
	c.e.tell("", applied)
	if failed != nil {
		gap := bulwark.Gap{What: "connector", Where: c.source, Why: failed.Error()}
		c.gap(gap, "")
		for i := range c.listings {
			if c.listings[i].Complete {
				c.listings[i].Complete, c.listings[i].Gap = false, &gap
			}
		}
		if err := c.staleBefore(ctx, &gap); err != nil {
			return err
		}
	}
	told := map[*bulwark.Gap]bool{}
	for i := range c.listings {
		l := &c.listings[i]
		if l.Gap != nil && failed == nil && !told[l.Gap] {
			told[l.Gap] = true
			c.gap(*l.Gap, l.Scope)
		}
		if l.At.IsZero() {
			l.At = c.e.now()
		}
	}
	if err := c.e.store.NoteListings(ctx, c.listings); err != nil {
		return err
	}
	for _, l := range c.listings {
		applied, err := c.e.store.Absent(ctx, l, c.seenBy(l))
		if err != nil {
			return err
		}
		c.applied = c.applied.Add(applied)
		c.e.tell(l.Scope, applied)
	}
	if failed == nil {
		if err := c.unlisted(ctx); err != nil {
			return err
		}
	}
	return c.storeGaps(ctx, failed)
}

// widen writes a listing of all that the connector has as one for each scope
// that it has something in now or had before.
func (c *collection) widen(ctx context.Context) error {
	at := slices.IndexFunc(c.listings, func(l bulwark.Listing) bool { return l.Whole })
	if at < 0 {
		return nil
	}
	whole := c.listings[at]
	c.listings[at].Whole = false
	places, err := c.e.store.Places(ctx, c.source)
	if err != nil {
		return err
	}
	scopes := map[string]bool{}
	for _, p := range places {
		scopes[p.Scope] = true
	}
	for scope := range c.seen {
		scopes[scope] = true
	}
	delete(scopes, whole.Scope)
	for _, scope := range slices.Sorted(maps.Keys(scopes)) {
		l := whole
		l.Scope, l.Whole = scope, false
		c.listings = append(c.listings, l)
	}
	return nil
}

// unlisted makes stale, with a gap, what earlier runs listed and this one, which
// succeeded, did not: an account that left, a region that was disabled. Whether
// it still exists is not known, so that it is never gone.
func (c *collection) unlisted(ctx context.Context) error {
	reached := c.reached()
	places, err := c.e.store.Unlisted(ctx, c.source, func(p store.Place) bool {
		in := reached[p.Scope]
		return c.seen[p.Scope][listed{p.Type, p.Region}] != nil || in[listed{p.Type, p.Region}] || in[listed{p.Type, ""}] || in[listed{"", p.Region}] || in[listed{}]
	})
	if err != nil {
		return err
	}
	told := map[string]bool{}
	for _, p := range places {
		gap := bulwark.Gap{What: "listing", Needs: "let the connector reach it again; what is left of it stays as last seen"}
		switch in := reached[p.Scope]; {
		case in == nil:
			gap.Where = where(c.source, p.Scope)
			gap.Why = "the whole scope was listed before and was not now: it has left, or the connector's settings leave it out"
		case p.Region != "" && !slices.ContainsFunc(slices.Collect(maps.Keys(in)), func(at listed) bool { return at.region == p.Region }):
			gap.Where = where(c.source, p.Scope, p.Region)
			gap.Why = "the region was listed before and was not now: it is disabled, or the connector's settings leave it out"
		default:
			gap.Where = where(c.source, p.Scope, p.Type, p.Region)
			gap.Why = "assets of this type were listed before and were not now"
		}
		if !told[gap.Where] {
			told[gap.Where] = true
			c.gap(gap, p.Scope)
		}
	}
	return nil
}

// reached returns what this run saw and what its listings told of, by scope.
func (c *collection) reached() map[string]map[listed]bool {
	out := map[string]map[listed]bool{}
	add := func(scope string, at listed) {
		if out[scope] == nil {
			out[scope] = map[listed]bool{}
		}
		out[scope][at] = true
	}
	for _, l := range c.listings {
		add(l.Scope, listed{l.Type, l.Region})
	}
	for scope, at := range c.seen {
		if out[scope] == nil {
			out[scope] = map[listed]bool{}
		}
		for key := range at {
			if key.region != "" { // one of no region is no listing of all of them
				out[scope][key] = true
			}
		}
	}
	return out
}

// where writes a place as gaps name it, without what is empty.
func where(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "/")
}

// staleBefore notes that what the connector listed before and did not come to
// now was not listed.
func (c *collection) staleBefore(ctx context.Context, gap *bulwark.Gap) error {
	list, err := c.e.store.Listings(ctx, nil)
	if err != nil {
		return err
	}
	place := func(l bulwark.Listing) store.Place {
		return store.Place{Scope: l.Scope, Type: l.Type, Region: l.Region}
	}
	now := map[store.Place]bool{}
	for _, l := range c.listings {
		now[place(l)] = true
	}
	for _, l := range list {
		if l.Connector == c.source && !now[place(l)] {
			l.Complete, l.Gap, l.At = false, gap, c.e.now()
			c.listings = append(c.listings, l)
		}
	}
	return nil
}

// seenBy joins the sets of all types and regions that a listing covers.
func (c *collection) seenBy(l bulwark.Listing) *store.Seen {
	out := &store.Seen{}
	for key, s := range c.seen[l.Scope] {
		if (l.Type == "" || l.Type == key.typ) && (l.Region == "" || l.Region == key.region) {
			out.Union(s)
		}
	}
	return out
}

// storeGaps stores the run's gaps; those of earlier runs end unless this one
// failed.
func (c *collection) storeGaps(ctx context.Context, failed error) error {
	if c.untold > 0 {
		c.gaps = append(c.gaps, bulwark.GapRow{Connector: c.source, At: c.e.now(),
			Gap: bulwark.Gap{What: "gaps", Where: c.source, Why: fmt.Sprintf("%d more are not listed", c.untold), Needs: "mend some of those that are"}})
	}
	if c.unnamed > 0 {
		c.gaps = append(c.gaps, bulwark.GapRow{Connector: c.source, At: c.e.now(),
			Gap: bulwark.Gap{What: "scopes", Where: c.source, Why: fmt.Sprintf("%d more scopes bear no name", c.unnamed), Needs: "read them by several connectors"}})
	}
	c.placeGaps()
	slices.SortFunc(c.gaps, func(a, b bulwark.GapRow) int {
		return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Where, b.Where), cmp.Compare(a.Why, b.Why))
	})
	for part := range slices.Chunk(c.gaps, 500) {
		if err := c.e.store.ReportGaps(ctx, c.run, part); err != nil {
			return err
		}
	}
	if failed != nil {
		return nil
	}
	return c.e.store.EndGaps(ctx, c.source, c.run)
}

// placeGaps finds the scopes of gaps that came apart from a listing: the scope
// of this run that begins where the gap is (connector/scope/type/region), else
// the run's own, if it has just one.
func (c *collection) placeGaps() {
	scopes := map[string]bool{}
	for _, l := range c.listings {
		scopes[l.Scope] = true
	}
	only := ""
	if len(scopes) == 1 {
		only = c.listings[0].Scope
	}
	for _, s := range c.scopes {
		scopes[s.Path] = true
	}
	for i := range c.gaps {
		if g := &c.gaps[i]; g.Scope == "" {
			g.Scope = cmp.Or(scopeIn(strings.TrimPrefix(g.Where, c.source+"/"), scopes), only)
		}
	}
}

// scopeIn returns the longest of the scopes that a place begins with, or "".
func scopeIn(place string, scopes map[string]bool) string {
	for path := place; path != ""; path = above(path) {
		if scopes[path] {
			return path
		}
	}
	return ""
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
		return e.collect(ctx, s)
	}
}

// collect is one run of a connector that has begun. A watch of the connector
// ends before it and, if it went well, goes on behind it.
func (e *Engine) collect(ctx context.Context, s *source) (bulwark.Run, error) {
	ctx, release := s.within(ctx)
	defer release()
	e.endWatch(s)
	run := e.current(s.ID)
	e.saveRun(ctx, run)
	before := s.calls()
	err := e.runOnce(ctx, s, run.ID)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	e.progress(s.ID, func(r *bulwark.Run) { r.Calls = s.calls() - before })
	final := e.end(s.ID, err)
	switch {
	case err == nil:
		e.beginWatch(s)
	case ctx.Err() == nil:
		e.log.Error("run failed", "connector", s.ID, "error", err)
		e.retryWatched(s)
	}
	e.saveRun(context.WithoutCancel(ctx), final)
	e.log.Info("run ended", "connector", s.ID, "assets", final.Assets, "judged", final.Judged, "changed", final.Changed, "gaps", final.Gaps)
	return final, err
}

func (e *Engine) runOnce(ctx context.Context, s *source, run string) error {
	before := s.calls()
	c, failed, err := e.gather(ctx, s, run, func(assets, gaps int64) {
		e.progress(s.ID, func(r *bulwark.Run) { r.Assets, r.Gaps, r.Calls = assets, gaps, s.calls()-before })
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
