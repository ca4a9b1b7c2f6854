package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/check"
)

// What a trial may take.
const (
	trialTime   = 10 * time.Second
	trialAssets = 5000
	trialPage   = 250
	maxChanged  = 50
)

// TryCheck judges stored assets within the scopes by a check that is not
// stored, in place of the one of id, and stores nothing. Of other assets the
// text sees those within readable alone, of which none is everything: its
// author writes the answer. What is wrong with the text is in the answer; an
// error is a failure to read the store.
func (e *Engine) TryCheck(ctx context.Context, id, text string, scopes, readable []string) (bulwark.Trial, error) {
	loaded := e.loaded.Load()
	var trial bulwark.Trial
	k, set, problems := compileAlone(loaded, id, id+".yaml", text)
	if len(problems) > 0 {
		trial.Problems = problems
		return trial, nil
	}
	trial.Tests = resultsOf(k, set)
	types := typesOf(loaded, set)
	ctx, cancel := context.WithTimeout(ctx, trialTime)
	defer cancel()
	t := &trialRun{e: e, loaded: loaded, readable: readable, set: set, tried: set.Checks()[0], now: e.now().UTC(), out: &trial}
	t.inForce = loaded.Check(t.tried.ID)
	trial.InForce = t.inForce != nil
	whole, err := t.judge(ctx, bulwark.AssetQuery{Scopes: scopes, Types: types, Page: bulwark.Page{Limit: trialPage}})
	if err != nil && ctx.Err() == nil {
		return trial, fmt.Errorf("pipeline: try check %s: %w", id, err)
	}
	trial.Whole = whole && err == nil
	return trial, nil
}

// compileAlone compiles the text of a file as the one check of a set. An
// override is compiled over what it overrides.
func compileAlone(l *Loaded, id, file, text string) (*bulwark.Check, *check.Set, []bulwark.Problem) {
	k, problems := l.Content.ParseCheck(id, file, []byte(text))
	if len(problems) > 0 {
		return nil, nil, problems
	}
	list := []*bulwark.Check{k}
	if k.Overrides != "" {
		i := slices.IndexFunc(l.Content.Checks, func(c *bulwark.Check) bool { return c.ID == k.Overrides })
		if i >= 0 {
			list = append(list, l.Content.Checks[i])
		}
	}
	set, problems := check.Compile(list, l.Content.Types, check.Options{})
	if len(problems) == 0 && len(set.Checks()) == 0 {
		problems = []bulwark.Problem{{File: file, Line: 1, Message: "the check is switched off", Mend: "write enabled: true to try it"}}
	}
	return k, set, problems
}

// resultsOf runs the tests that the text itself has.
func resultsOf(k *bulwark.Check, set *check.Set) []bulwark.TestResult {
	var out []bulwark.TestResult
	for i, p := range set.Results(k.ID) {
		t := k.Tests[i]
		r := bulwark.TestResult{Name: t.Name, Want: t.Want, Line: t.Position.Line}
		if p != nil {
			r.Problem = p.Message
		}
		out = append(out, r)
	}
	return out
}

func typesOf(l *Loaded, set *check.Set) []string {
	return slices.DeleteFunc(l.typeIDs(), func(id string) bool { return len(set.For(id)) == 0 })
}

// trialRun judges assets by a tried check and by the one that is in force.
type trialRun struct {
	e        *Engine
	loaded   *Loaded
	readable []string   // scopes; none is everything
	set      *check.Set // of the tried one alone
	tried    *bulwark.Check
	inForce  *bulwark.Check // nil when there is none
	now      time.Time
	out      *bulwark.Trial
}

// judge reports whether it came to the end of the assets.
func (t *trialRun) judge(ctx context.Context, q bulwark.AssetQuery) (whole bool, err error) {
	for {
		rows, next, err := t.e.store.Assets(ctx, q)
		if err != nil {
			return false, err
		}
		ids := make([]string, len(rows))
		for i, r := range rows {
			ids[i] = r.ID
		}
		list, err := t.e.store.Load(ctx, ids)
		if err != nil {
			return false, err
		}
		slices.SortFunc(list, func(a, b *bulwark.Asset) int { return cmp.Compare(a.ID, b.ID) })
		world := newEstate(ctx, t.e.store, list)
		world.scopes = t.readable
		for _, a := range list {
			if err := ctx.Err(); err != nil {
				return false, err
			}
			t.asset(world, a)
			if world.err != nil {
				return false, world.err
			}
		}
		if next == "" || t.out.Assets >= trialAssets {
			return next == "", nil
		}
		q.Cursor = next
	}
}

// asset notes what both checks say of an asset. What another asset made is left
// to that one.
func (t *trialRun) asset(world *estate, a *bulwark.Asset) {
	if controlled(world, a) || world.err != nil {
		return
	}
	got, ok := t.set.Explain(a, world, t.now, t.tried.ID)
	if !ok {
		return
	}
	got = heard(t.tried, a, got)
	t.out.Assets++
	count(&t.out.Tried, got.State)
	now := bulwark.NotApplicable
	if t.inForce != nil {
		if was, ok := t.loaded.Checks.Explain(a, world, t.now, t.inForce.ID); ok {
			now = heard(t.inForce, a, was).State
		}
		count(&t.out.Now, now)
	}
	if now == got.State || t.inForce == nil && got.State == bulwark.Healthy {
		return
	}
	t.out.Changes++
	if len(t.out.Changed) < maxChanged {
		t.out.Changed = append(t.out.Changed, bulwark.VerdictChange{Asset: a.ID, Type: a.Type, Name: a.Name, Scope: a.Scope, Now: now, Tried: got.State, Because: got.Because})
	}
}

// heard is an assessment as it counts: what a comment in the source silences
// does not apply.
func heard(c *bulwark.Check, a *bulwark.Asset, as bulwark.Assessment) bulwark.Assessment {
	if as.State == bulwark.Unhealthy && len(a.Suppressions) > 0 {
		if _, ok := suppressed(c, a); ok {
			return bulwark.Assessment{Check: as.Check, Asset: as.Asset, State: bulwark.NotApplicable}
		}
	}
	return as
}

func count(t *bulwark.Tally, s bulwark.State) {
	switch s {
	case bulwark.Healthy:
		t.Healthy++
	case bulwark.Unhealthy:
		t.Unhealthy++
	case bulwark.Undetermined:
		t.Unknown++
	default:
		t.NotApplicable++
	}
}
