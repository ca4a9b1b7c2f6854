package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
)

// watched is a cloud that tells of changes and of its scopes.
type watched struct {
	*cloud
	changes chan bulwark.Gathered // closed: the watch fails
	began   chan bool             // a watch began
	reaches []bulwark.ScopeInfo
	away    error // of Scopes
}

func newWatched(l *Loaded) *watched {
	return &watched{cloud: newCloud(l), changes: make(chan bulwark.Gathered), began: make(chan bool, 16)}
}

func (w *watched) Watch(ctx context.Context, yield func(bulwark.Gathered) error) error {
	w.began <- true
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case g, ok := <-w.changes:
			if !ok {
				return errors.New("the connection was reset")
			}
			if err := yield(g); err != nil {
				return err
			}
		}
	}
}

func (w *watched) Scopes(context.Context) ([]bulwark.ScopeInfo, error) { return w.reaches, w.away }

// running runs an engine until the test ends.
func running(t *testing.T, e *Engine) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { e.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return ctx
}

// until waits for what a running engine will do; it bounds a test that hangs.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func states(t *testing.T, e *Engine, asset string) string {
	t.Helper()
	rows, _, err := e.store.Assessments(t.Context(), bulwark.AssessmentQuery{Asset: asset})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range rows {
		out = append(out, r.Check+" "+r.State.String())
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func gapsOf(t *testing.T, e *Engine) []string {
	t.Helper()
	rows, _, err := e.store.Gaps(t.Context(), bulwark.GapQuery{})
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, g := range rows {
		out = append(out, fmt.Sprintf("%s of %q: %s: %s", g.What, g.Scope, g.Where, g.Why))
	}
	return out
}

func staleAssets(t *testing.T, e *Engine) []string {
	t.Helper()
	yes := true
	rows, _, err := e.store.Assets(t.Context(), bulwark.AssetQuery{Stale: &yes})
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, r := range rows {
		out = append(out, r.ID)
	}
	return out
}

// TestWatch sees an asset change, go and come, whatever else is being judged,
// and gathers again when the watch fails.
func TestWatch(t *testing.T) {
	l := load(t, nil)
	w := newWatched(l)
	w.fill(t, 1, 3, 1)
	e := newEngine(t, tempFile(t), l, &clock{})
	e.now = time.Now
	e.Add(Source{ID: "cloud", Kind: "test", Gatherer: w})
	running(t, e)
	<-w.began
	e.judging <- struct{}{} // somebody judges and does not end

	id := "live:aws/0/bucket/b1"
	w.bucket(t, "aws/0", "b1", "", `{"public":true}`)
	open := w.assets[id]
	w.bucket(t, "aws/0", "b1", "", `{"public":false}`)
	closed := w.assets[id]
	for _, step := range []struct {
		what string
		list []bulwark.Gathered
		ok   func() bool
	}{
		{"the bucket is opened", []bulwark.Gathered{{Asset: open}}, func() bool { return strings.Contains(states(t, e, id), "test/public unhealthy") }},
		{"of two changes the last counts", []bulwark.Gathered{{Asset: open}, {Asset: closed}}, func() bool { return strings.Contains(states(t, e, id), "test/public healthy") }},
		{"the bucket is gone", []bulwark.Gathered{{Gone: &bulwark.Gone{ID: id, Scope: "aws/0"}}}, func() bool {
			_, _, err := e.store.Asset(t.Context(), id)
			return errors.Is(err, bulwark.ErrNotFound) || states(t, e, id) == ""
		}},
		{"the bucket is back", []bulwark.Gathered{{Asset: open}}, func() bool { return strings.Contains(states(t, e, id), "test/public unhealthy") }},
		{"a listing fails", []bulwark.Gathered{{Listing: &bulwark.Listing{Scope: "aws/0", Type: "test/Bucket", Gap: &bulwark.Gap{What: "listing", Where: "w", Why: "denied"}}}},
			func() bool { return len(staleAssets(t, e)) == 3 && len(gapsOf(t, e)) == 1 }},
	} {
		began := time.Now()
		for _, g := range step.list {
			w.changes <- g
		}
		until(t, step.what, step.ok)
		t.Logf("figure: %s: visible after %v", step.what, time.Since(began).Round(time.Millisecond))
	}
	<-e.judging
	list, err := e.Connectors(t.Context())
	if err != nil || len(list) != 1 || !list[0].Watching {
		t.Errorf("Connectors = %+v, %v, want one that watches", list, err)
	}

	close(w.changes)
	until(t, "a gap of the watch", func() bool {
		return slices.ContainsFunc(gapsOf(t, e), func(g string) bool { return strings.Contains(g, "the connection was reset") })
	})
	<-w.began // it gathered again, and the watch began
	until(t, "a second run", func() bool { runs, _, _ := e.Runs(t.Context(), "cloud", bulwark.Page{}); return len(runs) >= 2 })
}

// TestDisabledDoesNotWatch shows a connector that watched and was switched off.
func TestDisabledDoesNotWatch(t *testing.T) {
	l := load(t, nil)
	w := newWatched(l)
	w.fill(t, 1, 1, 1)
	e := newEngine(t, tempFile(t), l, &clock{})
	e.now = time.Now
	e.Add(Source{ID: "cloud", Kind: "test", Gatherer: w})
	ctx := running(t, e)
	<-w.began
	watching := func() bool {
		list, err := e.Connectors(ctx)
		if err != nil || len(list) != 1 {
			t.Fatalf("Connectors = %+v, %v, want one", list, err)
		}
		return list[0].Watching
	}
	if !watching() {
		t.Error("a connector that watches does not show it")
	}
	e.Add(Source{ID: "cloud", Kind: "test", Disabled: true, Gatherer: w})
	if watching() {
		t.Error("a disabled connector shows as watching")
	}
	e.Add(Source{ID: "cloud", Kind: "test", Gatherer: w})
	<-w.began
	until(t, "the watch to show again", watching)
}

func TestBackoff(t *testing.T) {
	var got []time.Duration
	for _, n := range []int{0, 1, 2, 8, 9, 1000} {
		got = append(got, backoff(n))
	}
	want := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 256 * time.Second, maxBackoff, maxBackoff}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("backoff (-want +got):\n%s", diff)
	}
}

// TestDiscover finds an account that no run has seen.
func TestDiscover(t *testing.T) {
	l := load(t, nil)
	w, at := newWatched(l), newClock()
	w.fill(t, 1, 2, 1)
	w.reaches = []bulwark.ScopeInfo{{Path: "aws/0", Name: "production", Kind: "account"}}
	e := newEngine(t, tempFile(t), l, at)
	e.Add(Source{ID: "cloud", Gatherer: w, Interval: 24 * time.Hour})
	collect(t, e, "cloud")
	due := func() bool { return len(e.due()) == 1 }
	ask := func(want bool, what string) {
		t.Helper()
		list := e.toDiscover()
		for _, s := range list {
			e.discover(t.Context(), s)
		}
		if (len(list) > 0) != want {
			t.Errorf("%s: asked %v, want %v", what, len(list) > 0, want)
		}
	}
	ask(false, "at once")
	at.advance(discoverEvery)
	ask(true, "after four minutes")
	ask(false, "again at once")
	if due() {
		t.Error("a scope that was gathered starts a run")
	}
	w.reaches = append(w.reaches, bulwark.ScopeInfo{Path: "aws/7", Name: "new", Kind: "account"})
	at.advance(discoverEvery)
	ask(true, "with a new account")
	if !due() {
		t.Fatal("a new account starts no run")
	}
	e.end("cloud", nil)
	at.advance(discoverEvery)
	ask(true, "once more")
	if due() {
		t.Error("an account that could not be gathered starts a second run")
	}
	w.away = errors.New("the credentials have expired")
	at.advance(discoverEvery)
	ask(true, "without credentials")
	if diff := cmp.Diff([]string{`scopes of "": cloud: the credentials have expired`}, gapsOf(t, e)); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
	w.away = nil
	at.advance(discoverEvery)
	ask(true, "with credentials again")
	if gaps := gapsOf(t, e); len(gaps) != 0 {
		t.Errorf("gaps = %v, want none", gaps)
	}
	at.advance(discoverEvery)
	list := e.toDiscover()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	w.away = context.Canceled
	e.discover(ended, list[0])
	if gaps := gapsOf(t, e); len(gaps) != 0 {
		t.Errorf("gaps = %v, want none because the process ends", gaps)
	}
	names := map[string]string{}
	scopes, err := e.store.Scopes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scopes {
		names[s.Path] = s.Name
	}
	if names["aws/0"] != "production" || names["aws/7"] != "new" {
		t.Errorf("names of scopes = %v, want those that were told", names)
	}
}

// TestUnlistedIsStale lets an account leave and a region be disabled: what they
// held is stale, never gone, and a gap tells.
func TestUnlistedIsStale(t *testing.T) {
	l := load(t, nil)
	c := newCloud(l)
	c.fill(t, 2, 1, 1)
	var list []bulwark.Gathered
	asset := func(scope, region, name string) {
		id := "live:" + scope + "/" + region + "/" + name
		list = append(list, bulwark.Gathered{Asset: &bulwark.Asset{ID: id, Type: "test/Bucket", Name: name, Scope: scope, Region: region, Properties: c.decode(t, id, `{"public":true}`)}},
			bulwark.Gathered{Listing: &bulwark.Listing{Scope: scope, Type: "test/Bucket", Region: region, Complete: true}})
	}
	asset("aws/1", "eu", "a")
	asset("aws/1", "us", "b")
	asset("aws/1", "", "global")
	asset("aws/2", "eu", "c")
	all := list
	e := newEngine(t, tempFile(t), l, newClock())
	run := func(list ...bulwark.Gathered) {
		t.Helper()
		e.Add(Source{ID: "cloud", Gatherer: fixed(list)})
		collect(t, e, "cloud")
	}
	run(all...)
	run(append(slices.Clone(all[:2]), bulwark.Gathered{Asset: all[4].Asset})...)
	if diff := cmp.Diff([]string{"live:aws/1/us/b", "live:aws/2/eu/c"}, staleAssets(t, e)); diff != "" {
		t.Errorf("stale (-want +got):\n%s", diff)
	}
	want := []string{
		`listing of "aws/1": cloud/aws/1/us: the region was listed before and was not now: it is disabled, or the connector's settings leave it out`,
		`listing of "aws/2": cloud/aws/2: the whole scope was listed before and was not now: it has left, or the connector's settings leave it out`,
	}
	if diff := cmp.Diff(want, gapsOf(t, e)); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
	run(all[:2]...)
	if _, n, _ := e.store.AssetFacets(t.Context(), bulwark.AssetQuery{}); n != 4 || len(staleAssets(t, e)) != 3 {
		t.Errorf("%d assets, stale %v, want all four to stay and the global one stale too", n, staleAssets(t, e))
	}
	run(all...)
	if n, gaps := len(staleAssets(t, e)), gapsOf(t, e); n != 0 || len(gaps) != 0 {
		t.Errorf("listed again: %d stale, gaps %v, want none", n, gaps)
	}
}

// TestWholeListing lets a repository lose a chart, which is a scope of its own:
// what was in it is gone by the one listing of the repository, and after a
// listing that failed all of the repository is stale, with one gap.
func TestWholeListing(t *testing.T) {
	l := load(t, nil)
	c := newCloud(l)
	c.fill(t, 1, 1, 1)
	asset := func(scope, name string) bulwark.Gathered {
		id := "live:" + scope + "/" + name
		return bulwark.Gathered{Asset: &bulwark.Asset{ID: id, Type: "test/Bucket", Name: name, Scope: scope, Properties: c.decode(t, id, `{"public":true}`)}}
	}
	whole := func(gap *bulwark.Gap) bulwark.Gathered {
		return bulwark.Gathered{Listing: &bulwark.Listing{Scope: "code/r", Whole: true, Complete: gap == nil, Gap: gap}}
	}
	top, chart, other := asset("code/r", "a"), asset("code/r/chart", "b"), asset("aws/5", "c")
	e := newEngine(t, tempFile(t), l, newClock())
	run := func(list ...bulwark.Gathered) {
		t.Helper()
		e.Add(Source{ID: "code", Gatherer: fixed(list)})
		collect(t, e, "code")
	}
	run(top, chart, other, whole(nil))
	run(top, other, whole(&bulwark.Gap{What: "file", Where: "r/chart", Why: "unreadable"}))
	if diff := cmp.Diff([]string{"live:code/r/a", "live:code/r/chart/b", "live:aws/5/c"}, staleAssets(t, e)); diff != "" {
		t.Errorf("stale after a failed listing (-want +got):\n%s", diff)
	}
	if gaps := gapsOf(t, e); len(gaps) != 1 {
		t.Errorf("gaps = %v, want one", gaps)
	}
	run(top, whole(nil))
	if _, n, _ := e.store.AssetFacets(t.Context(), bulwark.AssetQuery{}); n != 1 || len(staleAssets(t, e)) != 0 || len(gapsOf(t, e)) != 0 {
		t.Errorf("%d assets, stale %v, gaps %v, want only what is left", n, staleAssets(t, e), gapsOf(t, e))
	}
}

// fixed yields a list.
type fixed []bulwark.Gathered

func (f fixed) Gather(_ context.Context, yield func(bulwark.Gathered) error) error {
	for _, g := range f {
		if err := yield(g); err != nil {
			return err
		}
	}
	return nil
}

// TestGapScopes finds the scopes of gaps by where they are.
func TestGapScopes(t *testing.T) {
	e := newEngine(t, tempFile(t), load(t, nil), newClock())
	gap := func(where string) bulwark.Gathered {
		return bulwark.Gathered{Gap: &bulwark.Gap{What: "property", Where: where, Why: "denied"}}
	}
	e.Add(Source{ID: "c", Gatherer: fixed{
		{Scope: &bulwark.ScopeInfo{Path: "aws/1", Name: "one", Kind: "account"}}, {Scope: &bulwark.ScopeInfo{Path: "aws/12", Name: "twelve", Kind: "account"}},
		gap("c/aws/1/T/eu"), gap("aws/12/T"), gap("c/aws/3/T"), gap("elsewhere"),
		{Listing: &bulwark.Listing{Scope: "aws/3", Type: "T", Gap: &bulwark.Gap{What: "listing", Where: "x", Why: "denied"}}},
		{Listing: &bulwark.Listing{Scope: "aws/1", Type: "T", Complete: true}},
	}})
	collect(t, e, "c")
	want := []string{
		`property of "aws/12": aws/12/T: denied`, `property of "aws/1": c/aws/1/T/eu: denied`, `property of "aws/3": c/aws/3/T: denied`,
		`property of "": elsewhere: denied`, `listing of "aws/3": x: denied`,
	}
	if diff := cmp.Diff(want, gapsOf(t, e)); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}

// TestSourcesComeAndGo adds, changes, disables and removes a connector whose run
// does not end by itself.
func TestSourcesComeAndGo(t *testing.T) {
	l := load(t, nil)
	c := newCloud(l)
	c.fill(t, 1, 3, 1)
	e := newEngine(t, tempFile(t), l, &clock{})
	e.now = time.Now
	ctx := running(t, e)
	e.Add(Source{ID: "cloud", Name: "first", Gatherer: c})
	ended := func(n int) func() bool {
		return func() bool {
			runs, _, err := e.Runs(ctx, "cloud", bulwark.Page{})
			return err == nil && len(runs) == n && !runs[0].Ended.IsZero()
		}
	}
	until(t, "the first run", ended(1))

	slow := newCloud(l)
	slow.gate = make(chan struct{})
	e.Add(Source{ID: "cloud", Name: "second", Gatherer: slow})
	until(t, "the run that hangs", func() bool { run, err := e.Start(ctx, "cloud"); return err == nil && run.Ended.IsZero() })
	e.Add(Source{ID: "cloud", Name: "third", Disabled: true, Gatherer: c})
	until(t, "the end of the run that was replaced", ended(2))
	runs, _, _ := e.Runs(ctx, "cloud", bulwark.Page{})
	if runs[0].Error != errReplaced.Error() {
		t.Errorf("run of a replaced connector ends with %q, want %q", runs[0].Error, errReplaced)
	}
	if _, err := e.Start(ctx, "cloud"); !errors.Is(err, bulwark.ErrConflict) {
		t.Errorf("Start of a disabled connector = %v, want a conflict", err)
	}
	if list, err := e.Connectors(ctx); err != nil || len(list) != 1 || list[0].Enabled || list[0].Name != "third" || list[0].LastRun == nil || len(list[0].Scopes) != 1 || list[0].Scopes[0].Assets != 4 {
		t.Errorf("Connectors = %+v, %v, want one, disabled, with its history", list, err)
	}
	e.Add(Source{ID: "a", Kind: "lab", Disabled: true})
	e.Add(Source{ID: "b", Kind: "lab", Disabled: true})
	if got := e.Kinds(); !slices.Equal(got, []string{"", "lab"}) {
		t.Errorf("Kinds = %q, want each once", got)
	}
	for _, id := range []string{"a", "b"} {
		if err := e.Remove(ctx, id); err != nil {
			t.Fatal(err)
		}
	}

	e.Add(Source{ID: "cloud", Name: "fourth", Gatherer: slow})
	until(t, "another run that hangs", func() bool { run, err := e.Start(ctx, "cloud"); return err == nil && run.Ended.IsZero() })
	if err := e.Remove(ctx, "cloud"); err != nil {
		t.Fatal(err)
	}
	if runs, _, _ := e.Runs(ctx, "cloud", bulwark.Page{}); len(runs) != 3 || runs[0].Error != errRemoved.Error() {
		t.Errorf("runs of a removed connector = %+v, want the last to end with %q", runs, errRemoved)
	}
	if n := len(staleAssets(t, e)); n != 4 {
		t.Errorf("%d stale assets of a removed connector, want all 4", n)
	}
	if _, err := e.Start(ctx, "cloud"); !errors.Is(err, bulwark.ErrNotFound) {
		t.Errorf("Start of a removed connector = %v, want not found", err)
	}
}
