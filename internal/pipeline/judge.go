package pipeline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/check"
)

const (
	judgeBatch   = 125 // a single change waits for a batch of others
	judgeWorkers = 2
	maxFew       = 50 // assets of a run that are judged before what is being judged
)

// Judge judges every asset that is marked, whoever marked it, until none is,
// and calls note, which may be nil, after each batch. Killed anywhere it goes
// on where it stopped: a mark is taken away in the transaction that stores the
// verdict. Several calls share the work one after the other.
func (e *Engine) Judge(ctx context.Context, note func(judged int, applied Applied)) error {
	select {
	case e.judging <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-e.judging }()
	for {
		scopes, err := e.store.DirtyScopes(ctx)
		if err != nil || len(scopes) == 0 {
			return err
		}
		judged := 0
		for _, scope := range scopes {
			n, err := e.judgeScope(ctx, scope, note)
			if err != nil {
				return err
			}
			judged += n
		}
		if judged == 0 { // marks of what is no longer there
			return nil
		}
	}
}

// judgeFew judges what a run has marked when that is little, so that it does not
// wait until somebody else's many are judged. It reports whether the run is to
// judge what is marked besides, which others that go on do otherwise.
func (e *Engine) judgeFew(ctx context.Context, c *collection) (left bool, err error) {
	if c.assets == 0 || c.assets > maxFew || !e.others() {
		return true, nil
	}
	for _, scope := range slices.Sorted(maps.Keys(c.few)) {
		numbers, err := e.store.MarkedAmong(ctx, scope, c.few[scope])
		if err != nil {
			return false, err
		}
		if len(numbers) == 0 {
			continue
		}
		_, applied, err := e.judgeBatch(ctx, scope, numbers)
		if err != nil {
			return false, err
		}
		if numbers, err = e.store.MarkedAmong(ctx, scope, c.few[scope]); err != nil {
			return false, err
		}
		left = left || applied.Dirty > 0 || len(numbers) > 0
	}
	return left, nil
}

// others reports whether anything is judged, or will be by another run.
func (e *Engine) others() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.running) > 1 || len(e.judging) > 0
}

// judgeScope judges the marked assets of a scope once, in batches on
// judgeWorkers.
func (e *Engine) judgeScope(ctx context.Context, scope string, note func(int, Applied)) (total int, err error) {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(judgeWorkers)
	type result struct {
		judged  int
		applied Applied
	}
	results := make(chan result)
	done := make(chan struct{})
	go func() { // note is called by one goroutine at a time
		defer close(done)
		for r := range results {
			total += r.judged
			if note != nil {
				note(r.judged, r.applied)
			}
		}
	}()
	var behind int64
	for ctx.Err() == nil {
		numbers, err := e.store.Marked(ctx, scope, behind, judgeBatch)
		if err != nil {
			group.Go(func() error { return err })
			break
		}
		if len(numbers) == 0 {
			break
		}
		behind = numbers[len(numbers)-1]
		group.Go(func() error {
			n, applied, err := e.judgeBatch(ctx, scope, numbers)
			if err == nil {
				results <- result{n, applied}
			}
			return err
		})
	}
	err = group.Wait()
	close(results)
	<-done
	return total, err
}

// judgeBatch judges assets of a scope and stores their verdicts.
func (e *Engine) judgeBatch(ctx context.Context, scope string, numbers []int64) (int, Applied, error) {
	loaded := e.loaded.Load()
	revision := e.store.Revision() // before anything is read
	list, err := e.store.LoadMarked(ctx, scope, numbers)
	if err != nil || len(list) == 0 {
		return 0, Applied{}, err
	}
	world := newEstate(ctx, e.store, list)
	now := e.now().UTC()
	verdicts := make([]bulwark.Verdict, len(list))
	for i, a := range list {
		verdicts[i] = judgeAsset(loaded, world, a, now)
		verdicts[i].Revision = revision
		if world.err != nil {
			return 0, Applied{}, world.err
		}
		if err := ctx.Err(); err != nil {
			return 0, Applied{}, err
		}
	}
	var total Applied
	for connector, part := range byConnector(verdicts) { // nearly always one
		applied, err := e.store.ApplyJudged(ctx, scope, part)
		if err != nil {
			return 0, Applied{}, err
		}
		total = total.Add(applied)
		e.tell(scope, applied)
		e.progress(connector, func(r *bulwark.Run) {
			r.Judged += int64(len(part))
			r.Changed += applied.Verdicts
		})
	}
	return len(list), total, nil
}

func byConnector(list []bulwark.Verdict) map[string][]bulwark.Verdict {
	out := map[string][]bulwark.Verdict{}
	for _, v := range list {
		out[v.Asset.Connector] = append(out[v.Asset.Connector], v)
	}
	return out
}

// judgeAsset judges one asset. What a comment in its source silences does not
// apply to it; what another asset made is left to that one.
func judgeAsset(loaded *Loaded, world check.World, a *bulwark.Asset, now time.Time) bulwark.Verdict {
	v := bulwark.Verdict{Asset: a}
	if controlled(world, a) {
		return v
	}
	v.Assessments = loaded.Checks.Judge(a, world, now)
	for i := range v.Assessments {
		as := &v.Assessments[i]
		if !as.Until.IsZero() && (v.Until.IsZero() || as.Until.Before(v.Until)) {
			v.Until = as.Until
		}
		silence(loaded, a, as)
	}
	return v
}

// silence makes an unhealthy assessment that a comment in the asset's source
// silences not apply.
func silence(loaded *Loaded, a *bulwark.Asset, as *bulwark.Assessment) {
	if as.State != bulwark.Unhealthy || len(a.Suppressions) == 0 {
		return
	}
	if by, ok := suppressed(loaded.Check(as.Check), a); ok {
		*as = bulwark.Assessment{Check: as.Check, Asset: as.Asset, State: bulwark.NotApplicable, Because: "silenced at " + by.Position.String(), Queries: as.Queries, Until: as.Until}
	}
}

// Explain judges a stored asset by one check again, now, and returns the
// verdict with the evidence of whatever it is. It is ErrNotFound when the
// check does not judge assets of that type. Nothing is stored.
func (e *Engine) Explain(ctx context.Context, a *bulwark.Asset, id string) (bulwark.Assessment, error) {
	loaded := e.loaded.Load()
	world := newEstate(ctx, e.store, []*bulwark.Asset{a})
	if controlled(world, a) {
		return bulwark.Assessment{}, fmt.Errorf("pipeline: explain: %s is judged with the asset that made it: %w", a.ID, bulwark.ErrNotFound)
	}
	as, ok := loaded.Checks.Explain(a, world, e.now().UTC(), id)
	if world.err != nil {
		return bulwark.Assessment{}, fmt.Errorf("pipeline: explain: %w", world.err)
	}
	if !ok {
		return bulwark.Assessment{}, fmt.Errorf("pipeline: explain: check %s does not judge assets of type %s: %w", id, a.Type, bulwark.ErrNotFound)
	}
	silence(loaded, a, &as)
	return as, nil
}
