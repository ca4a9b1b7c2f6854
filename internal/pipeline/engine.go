package pipeline

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math"
	mathrand "math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/compliance"
	"github.com/bulwarksec/bulwark/internal/store"
)

// Source is a configured connector and what gathers for it.
type Source struct {
	ID       string // host, iac:shop
	Kind     string
	Name     string
	Interval time.Duration // between runs; 0 is on demand only
	Gatherer Gatherer
}

// Engine runs connectors: it gathers, judges and stores, on schedule and on
// demand, one run of a connector at a time and connectors side by side, so that
// a slow or failing one does not hold the others. It is safe for concurrent
// use.
type Engine struct {
	store  *store.Store
	loaded atomic.Pointer[Loaded]
	now    func() time.Time
	log    *slog.Logger

	mu        sync.Mutex
	sources   []Source
	running   map[string]*bulwark.Run
	next      map[string]time.Time
	listeners map[chan bulwark.Notice]bool
	wake      chan string
}

// NewEngine returns an engine over a store and loaded content.
func NewEngine(st *store.Store, loaded *Loaded, now func() time.Time, log *slog.Logger) *Engine {
	e := &Engine{store: st, now: now, log: log, running: map[string]*bulwark.Run{}, next: map[string]time.Time{}, listeners: map[chan bulwark.Notice]bool{}, wake: make(chan string, 64)}
	e.loaded.Store(loaded)
	return e
}

// Add adds a connector.
func (e *Engine) Add(s Source) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sources = append(e.sources, s)
	e.next[s.ID] = e.now()
}

// Run runs connectors when they are due until ctx ends, and waits for those
// under way.
func (e *Engine) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	audit := e.now()
	for {
		for _, s := range e.due() {
			wg.Go(func() { e.collect(ctx, s) })
		}
		if _, err := e.store.ExpireExemptions(ctx); err != nil && ctx.Err() == nil {
			e.log.Error("exemptions not expired", "error", err)
		}
		if e.now().Sub(audit) > time.Minute {
			audit = e.now()
			e.recount(ctx)
			e.rejudgeDue(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case id := <-e.wake:
			e.mu.Lock()
			e.next[id] = e.now()
			e.mu.Unlock()
		}
	}
}

// due returns the connectors whose time has come, and plans their next run
// with a jitter of a tenth.
func (e *Engine) due() []Source {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now()
	var out []Source
	for _, s := range e.sources {
		at, planned := e.next[s.ID]
		if !planned || at.After(now) || e.running[s.ID] != nil {
			continue
		}
		delete(e.next, s.ID)
		if s.Interval > 0 {
			e.next[s.ID] = now.Add(s.Interval + time.Duration(mathrand.Int64N(int64(s.Interval)/10+1)))
		}
		e.running[s.ID] = &bulwark.Run{ID: rand.Text(), Connector: s.ID, Started: now}
		out = append(out, s)
	}
	return out
}

// recount checks the counters of one scope at random against a recount; a
// difference is a bug, and is said so.
func (e *Engine) recount(ctx context.Context) {
	scopes, err := e.store.Scopes(ctx)
	if err != nil || len(scopes) == 0 {
		return
	}
	scope := scopes[mathrand.IntN(len(scopes))].Path
	diff, err := e.store.Recount(ctx, scope)
	if err == nil && len(diff) > 0 {
		e.log.Error("counters differ from a recount: this is a bug", "scope", scope, "counters", len(diff), "first", fmt.Sprintf("%+v", diff[0]))
	}
}

// rejudgeDue starts the connectors of assets whose verdict may change with
// time alone.
func (e *Engine) rejudgeDue(ctx context.Context) {
	ids, err := e.store.Due(ctx, e.now(), 100)
	if err != nil || len(ids) == 0 {
		return
	}
	rows, err := e.store.AssetRows(ctx, ids)
	if err != nil {
		return
	}
	for _, r := range rows {
		e.mu.Lock()
		if _, planned := e.next[r.Connector]; !planned {
			e.next[r.Connector] = e.now()
		}
		e.mu.Unlock()
	}
}

// collect is one run of a connector.
func (e *Engine) collect(ctx context.Context, s Source) {
	e.mu.Lock()
	run := e.running[s.ID]
	e.mu.Unlock()
	e.saveRun(ctx, *run)
	err := e.gatherAndJudge(ctx, s, run)
	e.mu.Lock()
	run.Ended = e.now()
	if err != nil {
		run.Error = err.Error()
	}
	final := *run
	delete(e.running, s.ID)
	e.mu.Unlock()
	if err != nil && !errors.Is(err, context.Canceled) {
		e.log.Error("run failed", "connector", s.ID, "error", err)
	}
	e.saveRun(context.WithoutCancel(ctx), final)
	e.log.Info("run ended", "connector", s.ID, "assets", final.Assets, "changed", final.Changed, "gaps", final.Gaps)
}

// progress changes the numbers of a run and, at most four times a second, tells
// listeners.
func (e *Engine) progress(run *bulwark.Run, last *time.Time, change func(*bulwark.Run)) {
	e.mu.Lock()
	change(run)
	now := e.now()
	tell := now.Sub(*last) >= 250*time.Millisecond
	if tell {
		*last = now
	}
	copied := *run
	e.mu.Unlock()
	if tell {
		e.notify(bulwark.Notice{Kind: "run", Run: &copied})
	}
}

func (e *Engine) saveRun(ctx context.Context, run bulwark.Run) {
	if err := e.store.SaveRun(ctx, run); err != nil && ctx.Err() == nil {
		e.log.Error("run not saved", "connector", run.Connector, "error", err)
	}
	e.notify(bulwark.Notice{Kind: "run", Run: &run})
}

func (e *Engine) gatherAndJudge(ctx context.Context, s Source, run *bulwark.Run) error {
	var assets []*bulwark.Asset
	var gaps []bulwark.Gap
	var listings []bulwark.Listing
	seen := map[string]bool{}
	var last time.Time
	gatherErr := s.Gatherer.Gather(ctx, func(g bulwark.Gathered) error {
		switch {
		case g.Asset != nil && !seen[g.Asset.ID]:
			g.Asset.Connector = s.ID
			seen[g.Asset.ID] = true
			assets = append(assets, g.Asset)
		case g.Gap != nil:
			gaps = append(gaps, *g.Gap)
		case g.Listing != nil:
			g.Listing.Connector = s.ID
			listings = append(listings, *g.Listing)
		}
		e.progress(run, &last, func(r *bulwark.Run) { r.Assets, r.Gaps = int64(len(assets)), int64(len(gaps)) })
		return ctx.Err()
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if gatherErr != nil { // what was gathered is kept; nothing is gone
		gaps = append(gaps, bulwark.Gap{What: "connector", Where: s.ID, Why: gatherErr.Error()})
		for i := range listings {
			listings[i].Complete = false
		}
	}
	if err := e.judgeAndStore(ctx, assets, run, &last); err != nil {
		return err
	}
	scope := ""
	for _, l := range listings {
		scope = l.Scope
		if _, err := e.store.FinishListing(ctx, l, seen); err != nil {
			return err
		}
	}
	if err := e.store.ReplaceGaps(ctx, s.ID, scope, gaps); err != nil {
		return err
	}
	e.notify(bulwark.Notice{Kind: "gaps"})
	if err := e.recordScores(ctx); err != nil {
		return err
	}
	return gatherErr
}

// judgeAndStore judges assets on all processors and stores them by scope, in
// batches.
func (e *Engine) judgeAndStore(ctx context.Context, assets []*bulwark.Asset, run *bulwark.Run, last *time.Time) error {
	loaded := e.loaded.Load()
	world := NewWorld(assets)
	byScope := map[string][]*bulwark.Asset{}
	for _, a := range assets {
		byScope[a.Scope] = append(byScope[a.Scope], a)
	}
	scopes := make([]string, 0, len(byScope))
	for scope := range byScope {
		scopes = append(scopes, scope)
	}
	slices.Sort(scopes)
	now := e.now().UTC()
	for _, scope := range scopes {
		for batch := range slices.Chunk(byScope[scope], 200) {
			verdicts := make([]bulwark.Verdict, len(batch))
			parallel(len(batch), func(i int) { verdicts[i] = judgeAsset(loaded, world, batch[i], now) })
			applied, err := e.store.Apply(ctx, scope, verdicts)
			if err != nil {
				return err
			}
			e.progress(run, last, func(r *bulwark.Run) {
				r.Judged += int64(len(batch))
				r.Changed += int64(applied.Changed)
			})
			if applied.Changed > 0 {
				e.notify(bulwark.Notice{Kind: "assets", Scope: scope})
			}
			if applied.Opened+applied.Resolved > 0 {
				e.notify(bulwark.Notice{Kind: "findings", Scope: scope})
			}
		}
	}
	return ctx.Err()
}

// parallel calls f for 0 to n-1 on all processors.
func parallel(n int, f func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				f(i)
			}
		})
	}
	wg.Wait()
}

// judgeAsset judges one asset. What a comment in its source silences does not
// apply to it; what another asset made is left to that one.
func judgeAsset(loaded *Loaded, world *World, a *bulwark.Asset, now time.Time) bulwark.Verdict {
	v := bulwark.Verdict{Asset: a, Digest: digest(loaded, a), Revision: now.UnixMicro()}
	if controlled(world, a) {
		return v
	}
	v.Assessments = loaded.Checks.Judge(a, world, now)
	for i := range v.Assessments {
		as := &v.Assessments[i]
		if !as.Until.IsZero() && (v.Until.IsZero() || as.Until.Before(v.Until)) {
			v.Until = as.Until
		}
		if as.State != bulwark.Unhealthy || len(a.Suppressions) == 0 {
			continue
		}
		if by, ok := suppressed(loaded.Check(as.Check), a, bulwark.Position{}); ok {
			*as = bulwark.Assessment{Check: as.Check, Asset: as.Asset, State: bulwark.NotApplicable, Because: "silenced at " + by.Position.String()}
		}
	}
	return v
}

// digest tells whether what is stored of an asset differs: its data without
// volatile properties, its relations and name and, for code, its lines.
func digest(loaded *Loaded, a *bulwark.Asset) string {
	h := sha256.New()
	var volatile []string
	if t := loaded.Content.Types.Get(a.Type); t != nil {
		for _, p := range t.Properties {
			if p.Volatile {
				volatile = append(volatile, strings.NewReplacer("[]", "", "{}", "").Replace(p.Path))
			}
		}
	}
	skip := func(path string) bool { return slices.Contains(volatile, path) }
	if len(volatile) == 0 {
		skip = nil
	}
	fmt.Fprintf(h, "%s\n%s\n%s\n%s\n", bulwark.Digest(a.Properties, skip), bulwark.Digest(a.Observed, skip), a.Name, a.Position)
	for _, r := range a.Relations {
		fmt.Fprintf(h, "%s\x00%s\x00%s\x00%s\n", r.Name, r.Inverse, r.Target, r.Reason)
	}
	h.Write(bulwark.AppendPositions(nil, a.Properties))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// recordScores records the score of every leaf scope and of everything, where
// it changed.
func (e *Engine) recordScores(ctx context.Context) error {
	counts, err := e.store.Counts(ctx, nil)
	if err != nil {
		return err
	}
	now := e.now()
	overall := compliance.Over(counts)
	for _, s := range overall.Scopes {
		if s.Max > 0 {
			if err := e.store.AddScore(ctx, bulwark.ScorePoint{At: now, Scope: s.Scope, Current: s.Current, Max: s.Max}); err != nil {
				return err
			}
		}
	}
	if overall.Scored {
		var maximum float64
		for _, c := range overall.Controls {
			if c.Counted {
				maximum += float64(c.Points)
			}
		}
		point := bulwark.ScorePoint{At: now, Current: math.Round(overall.Ratio*maximum*1e9) / 1e9, Max: maximum}
		if err := e.store.AddScore(ctx, point); err != nil {
			return err
		}
	}
	e.notify(bulwark.Notice{Kind: "score"})
	return nil
}

// Connectors returns the configured connectors with their last run.
func (e *Engine) Connectors(ctx context.Context) ([]bulwark.Connector, error) {
	e.mu.Lock()
	sources := slices.Clone(e.sources)
	e.mu.Unlock()
	out := []bulwark.Connector{}
	for _, s := range sources {
		c := bulwark.Connector{ID: s.ID, Kind: s.Kind, Name: s.Name, Enabled: true, Interval: s.Interval}
		runs, _, err := e.Runs(ctx, s.ID, bulwark.Page{Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(runs) > 0 {
			c.LastRun = &runs[0]
		}
		e.mu.Lock()
		c.NextRun = e.next[s.ID]
		e.mu.Unlock()
		out = append(out, c)
	}
	return out, nil
}

// Runs returns the newest runs first, with the numbers of those going on.
func (e *Engine) Runs(ctx context.Context, connector string, p bulwark.Page) ([]bulwark.Run, string, error) {
	list, next, err := e.store.Runs(ctx, connector, p)
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range list {
		if r := e.running[list[i].Connector]; r != nil && r.ID == list[i].ID {
			list[i] = *r
		}
	}
	return list, next, err
}

// Start begins a run of a connector, or returns the one that is going on.
func (e *Engine) Start(ctx context.Context, connector string) (bulwark.Run, error) {
	e.mu.Lock()
	known := slices.ContainsFunc(e.sources, func(s Source) bool { return s.ID == connector })
	run := e.running[connector]
	e.mu.Unlock()
	switch {
	case !known:
		return bulwark.Run{}, fmt.Errorf("pipeline: start connector %q: %w", connector, bulwark.ErrNotFound)
	case run != nil:
		return *run, nil
	}
	select {
	case e.wake <- connector:
	case <-ctx.Done():
		return bulwark.Run{}, ctx.Err()
	}
	for { // until the run has begun
		e.mu.Lock()
		run := e.running[connector]
		e.mu.Unlock()
		if run != nil {
			return *run, nil
		}
		runs, _, err := e.store.Runs(ctx, connector, bulwark.Page{Limit: 1})
		if err == nil && len(runs) > 0 && e.now().Sub(runs[0].Started) < 5*time.Second {
			return runs[0], nil // it has ended already
		}
		select {
		case <-ctx.Done():
			return bulwark.Run{}, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
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
