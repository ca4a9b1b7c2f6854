package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/stream"
)

// testLog fails a test on an error.
func testLog(t testing.TB) *slog.Logger { return slog.New(failing{t}) }

type failing struct{ t testing.TB }

func (failing) Enabled(context.Context, slog.Level) bool { return true }
func (f failing) Handle(_ context.Context, r slog.Record) error {
	if r.Level >= slog.LevelError && r.Message != "run failed" {
		r.Attrs(func(a slog.Attr) bool { f.t.Logf("%s=%v", a.Key, a.Value); return true })
		f.t.Errorf("logged %s", r.Message)
	}
	return nil
}
func (f failing) WithAttrs([]slog.Attr) slog.Handler { return f }
func (f failing) WithGroup(string) slog.Handler      { return f }

func collect(t testing.TB, e *Engine, id string) bulwark.Run {
	t.Helper()
	run, err := e.Collect(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// TestIncrementalEqualsFull changes a cloud at random and holds an engine that
// judges what changed to one that begins from nothing.
func TestIncrementalEqualsFull(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	worlds, steps := 4, 25
	if testing.Short() {
		worlds, steps = 2, 12
	}
	l := load(t, nil)
	var judged, all int64
	for n := range worlds {
		rng := rand.New(rand.NewPCG(seed, uint64(n)))
		c, at := newCloud(l), newClock()
		e := newEngine(t, tempFile(t), l, at)
		e.Add(Source{ID: "cloud", Kind: "test", Gatherer: c})
		for step := range steps {
			what := ""
			for range 1 + rng.IntN(3) {
				what += c.step(t, rng, at) + "; "
			}
			run := collect(t, e, "cloud")
			judged += run.Judged
			if err := e.Tend(t.Context()); err != nil {
				t.Fatal(err)
			}
			fresh := newEngine(t, tempFile(t), l, at)
			fresh.Add(Source{ID: "cloud", Kind: "test", Gatherer: c})
			all += collect(t, fresh, "cloud").Judged
			got, want := strip(dump(t, e.store)), strip(dump(t, fresh.store))
			if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
				t.Fatalf("world %d, step %d (%s): incremental differs from full (-full +incremental):\n%s", n, step, what, diff)
			}
		}
	}
	t.Logf("%d judged, %d in full runs", judged, all)
	if judged*2 > all {
		t.Errorf("%d of %d judged again: nothing is incremental", judged, all)
	}
}

// strip removes what a store that knew an earlier state may rightly know beside:
// that a finding is unverified.
func strip(s string) string {
	var out []string
	for _, line := range strings.Split(s, "\n") {
		if strings.HasPrefix(line, "finding ") && strings.HasSuffix(line, ",true]") {
			continue
		}
		if strings.HasPrefix(line, "asset ") { // the highest severity counts unverified findings
			line, _, _ = strings.Cut(line, `,"highest"`)
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

func (c *cloud) step(t testing.TB, rng *rand.Rand, at *clock) string {
	scope := fmt.Sprintf("aws/%d", rng.IntN(3))
	account := fmt.Sprintf("live:aws/%d/account/a%d", rng.IntN(3), rng.IntN(2))
	switch op := rng.IntN(10); {
	case op < 3:
		name := fmt.Sprintf("a%d", rng.IntN(2))
		parent := account
		if rng.IntN(3) == 0 {
			parent = ""
		}
		c.account(t, scope, name, parent, rng.IntN(2) == 0)
		return "account " + scope + " " + name
	case op < 7:
		name := fmt.Sprintf("b%d", rng.IntN(4))
		expires := at.now().Add(time.Duration(rng.IntN(200)) * time.Hour).Format(time.RFC3339)
		c.bucket(t, scope, name, []string{account, account, "", "denied"}[rng.IntN(4)], fmt.Sprintf(`{"public":%s,"expires":%s,"used":"%d"}`,
			[]string{"true", "true", "false", `{"$unknown":"denied"}`}[rng.IntN(4)], []string{"null", `"` + expires + `"`}[rng.IntN(2)], rng.IntN(9)))
		return "bucket " + scope + " " + name
	case op < 8:
		for id := range c.assets {
			delete(c.assets, id)
			return "delete " + id
		}
	}
	at.advance(time.Duration(rng.IntN(60)) * time.Hour)
	return "time"
}

func TestUnchangedIsNotJudged(t *testing.T) {
	l := load(t, nil)
	c := newCloud(l)
	c.fill(t, 3, 300, 1)
	e := newEngine(t, tempFile(t), l, newClock())
	e.Add(Source{ID: "cloud", Gatherer: c})
	if run := collect(t, e, "cloud"); run.Assets != 903 || run.Judged != 903 || run.Changed != 903 || run.Ended.IsZero() {
		t.Errorf("first run = %+v, want 903 gathered, judged and changed", run)
	}
	if run := collect(t, e, "cloud"); run.Judged != 0 || run.Changed != 0 {
		t.Errorf("second run = %+v, want nothing judged", run)
	}
	blocked := c.assets["live:aws/0/account/a"].Properties.Get("blocked").Bool()
	c.account(t, "aws/0", "a", "", !blocked)
	if run := collect(t, e, "cloud"); run.Judged < 20 || run.Judged > 300 {
		t.Errorf("after one account changed = %+v, want it and those that asked for it judged: its public buckets", run)
	}
	again := newEngine(t, tempFile(t), l, newClock())
	again.Add(Source{ID: "cloud", Gatherer: c})
	collect(t, again, "cloud")
	if diff := cmp.Diff(dump(t, again.store), dump(t, e.store)); diff != "" {
		t.Errorf("state differs from a fresh one (-fresh +got):\n%s", diff)
	}
}

func TestDeniedAndFailed(t *testing.T) {
	l := load(t, nil)
	c := newCloud(l)
	c.fill(t, 2, 5, 1)
	e := newEngine(t, tempFile(t), l, newClock())
	e.Add(Source{ID: "cloud", Gatherer: c})
	collect(t, e, "cloud")
	yes := true
	stale := func() int64 {
		_, n, err := e.store.AssetFacets(t.Context(), bulwark.AssetQuery{Stale: &yes})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	gaps := func() int64 {
		_, n, err := e.store.GapFacets(t.Context(), bulwark.GapQuery{})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	c.denied["aws/1"] = true
	collect(t, e, "cloud")
	if stale() != 6 || gaps() != 2 {
		t.Errorf("denied in one scope: %d stale, %d gaps, want 6 and 2", stale(), gaps())
	}
	c.denied = map[string]bool{}
	collect(t, e, "cloud")
	if stale() != 0 || gaps() != 0 {
		t.Errorf("allowed again: %d stale, %d gaps, want none", stale(), gaps())
	}
	clear(c.assets)
	c.fail = errors.New("the cloud is away")
	if run, err := e.Collect(t.Context(), "cloud"); err == nil || run.Error == "" {
		t.Errorf("failed run = %+v, %v, want an error", run, err)
	}
	if stale() != 12 || gaps() != 1 {
		t.Errorf("failed: %d stale, %d gaps, want all 12 and one", stale(), gaps())
	}
	c.fail = nil
	c.fill(t, 1, 5, 1)
	c.denied["aws/1"] = true
	collect(t, e, "cloud")
	if _, n, _ := e.store.AssetFacets(t.Context(), bulwark.AssetQuery{}); n != 12 {
		t.Errorf("%d assets, want the 6 that cannot be listed to stay", n)
	}
	delete(c.denied, "aws/1")
	c.put(&bulwark.Asset{ID: "live:x", Type: "test/Bucket", Name: "x", Scope: "aws/1"})
	collect(t, e, "cloud")
	if _, n, _ := e.store.AssetFacets(t.Context(), bulwark.AssetQuery{}); n != 7 {
		t.Errorf("%d assets, want 7: those of aws/1 are gone", n)
	}
}

// TestFailedInPart ends a gathering before it came to all that it listed before:
// what it did not come to is stale.
func TestFailedInPart(t *testing.T) {
	l := load(t, nil)
	c := newCloud(l)
	c.fill(t, 2, 1, 1)
	e := newEngine(t, tempFile(t), l, newClock())
	e.Add(Source{ID: "cloud", Gatherer: c})
	collect(t, e, "cloud")
	own := &bulwark.Gap{What: "listing", Where: "aws/0/test/Bucket", Why: "denied"}
	e.Add(Source{ID: "cloud", Gatherer: failingAfter{
		{Listing: &bulwark.Listing{Scope: "aws/0", Type: "test/Account", Complete: true}},
		{Listing: &bulwark.Listing{Scope: "aws/0", Type: "test/Bucket", Gap: own}},
	}})
	if _, err := e.Collect(t.Context(), "cloud"); err == nil {
		t.Fatal("the gathering did not fail")
	}
	want := []string{"live:aws/0/account/a", "live:aws/0/bucket/b0", "live:aws/1/account/a", "live:aws/1/bucket/b0"}
	got := staleAssets(t, e)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stale (-want +got):\n%s", diff)
	}
	list, err := e.store.Listings(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range list {
		if l.Complete || l.Gap == nil || (l.Scope == "aws/0" && l.Type == "test/Bucket") != (l.Gap.Why == own.Why) {
			t.Errorf("listing %s of %s: complete %v, gap %v", l.Type, l.Scope, l.Complete, l.Gap)
		}
	}
}

// failingAfter yields a list and then fails.
type failingAfter []bulwark.Gathered

func (f failingAfter) Gather(ctx context.Context, yield func(bulwark.Gathered) error) error {
	if err := fixed(f).Gather(ctx, yield); err != nil {
		return err
	}
	return errors.New("the connection was reset")
}

// TestScopesBeyondBound tells how many scopes bear no name.
func TestScopesBeyondBound(t *testing.T) {
	e := newEngine(t, tempFile(t), load(t, nil), newClock())
	c := &collection{e: e, source: "cloud", run: "r"}
	for i := range maxScopes + 3 {
		c.take(bulwark.Gathered{Scope: &bulwark.ScopeInfo{Path: fmt.Sprint("aws/", i)}})
	}
	if err := c.storeGaps(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`scopes of "": cloud: 3 more scopes bear no name`}, gapsOf(t, e)); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}

// TestSlowSourceHoldsNobody runs two sources, one of which hangs.
func TestSlowSourceHoldsNobody(t *testing.T) {
	l := load(t, nil)
	slow, quick := newCloud(l), newCloud(l)
	slow.gate = make(chan struct{})
	quick.fill(t, 1, 30, 1)
	e := newEngine(t, tempFile(t), l, &clock{at: time.Now()})
	e.now = time.Now
	e.Add(Source{ID: "slow", Gatherer: slow, Interval: time.Hour})
	e.Add(Source{ID: "quick", Gatherer: quick, Interval: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	notices := e.Subscribe(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { e.Run(ctx) })
	kinds := map[string]bool{}
	deadline := time.After(20 * time.Second)
	for !kinds["run quick ended"] || !kinds["score"] {
		select {
		case n := <-notices:
			kinds[n.Kind] = true
			if n.Run != nil && !n.Run.Ended.IsZero() {
				kinds["run "+n.Run.Connector+" ended"] = true
			}
		case <-deadline:
			t.Fatalf("the quick source did not end; notices %v", kinds)
		}
	}
	for _, k := range []string{"run", "assets", "findings", "gaps"} {
		if !kinds[k] {
			t.Errorf("no notice of kind %s among %v", k, kinds)
		}
	}
	if run, err := e.Start(ctx, "slow"); err != nil || !run.Ended.IsZero() {
		t.Errorf("Start(slow) = %+v, %v, want the run that is going on", run, err)
	}
	if _, err := e.Start(ctx, "nobody"); !errors.Is(err, bulwark.ErrNotFound) {
		t.Errorf("Start(nobody) = %v, want not found", err)
	}
	first, err := e.Start(ctx, "quick")
	if err != nil {
		t.Fatal(err)
	}
	for { // on demand it runs again
		runs, _, err := e.Runs(ctx, "quick", bulwark.Page{})
		if err != nil {
			t.Fatal(err)
		}
		if len(runs) == 2 && runs[0].ID == first.ID && !runs[0].Ended.IsZero() {
			break
		}
		select {
		case <-deadline:
			t.Fatalf("no second run: %+v", runs)
		case <-time.After(20 * time.Millisecond):
		}
	}
	cancel()
	wg.Wait()
	list, err := e.Connectors(t.Context())
	if err != nil || len(list) != 2 || list[1].LastRun == nil || list[1].NextRun.IsZero() {
		t.Errorf("Connectors = %+v, %v", list, err)
	}
}

// TestTime judges again when an answer no longer holds.
func TestTime(t *testing.T) {
	l := load(t, nil)
	c, at := newCloud(l), newClock()
	c.bucket(t, "aws/0", "b", "", fmt.Sprintf(`{"expires":%q}`, at.now().Add(72*time.Hour).Format(time.RFC3339)))
	c.bucket(t, "aws/0", "never", "", `{}`)
	e := newEngine(t, tempFile(t), l, at)
	e.Add(Source{ID: "cloud", Gatherer: c})
	collect(t, e, "cloud")
	open := func() int64 {
		_, n, err := e.store.FindingFacets(t.Context(), bulwark.FindingQuery{States: []bulwark.FindingState{bulwark.Open}})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, step := range []struct {
		advance time.Duration
		want    int64
	}{{0, 0}, {23 * time.Hour, 0}, {2 * time.Hour, 1}} {
		at.advance(step.advance)
		if err := e.Tend(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := open(); got != step.want {
			t.Errorf("after %v more: %d open findings, want %d", step.advance, got, step.want)
		}
	}
	history, err := e.store.ScoreHistory(t.Context(), "", time.Time{})
	if err != nil || len(history) != 2 {
		t.Errorf("ScoreHistory = %+v, %v, want two points: it changed once", history, err)
	}
}

// TestTendLeavesScores judges what is due and leaves the scores to whoever
// records them, so that many changes are recorded once.
func TestTendLeavesScores(t *testing.T) {
	l := load(t, nil)
	c, at := newCloud(l), newClock()
	c.bucket(t, "aws/0", "b", "", fmt.Sprintf(`{"expires":%q}`, at.now().Add(72*time.Hour).Format(time.RFC3339)))
	e := newEngine(t, tempFile(t), l, at)
	e.Add(Source{ID: "cloud", Gatherer: c})
	collect(t, e, "cloud")
	points := func() int {
		list, err := e.store.ScoreHistory(t.Context(), "", time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	before := points()
	at.advance(25 * time.Hour)
	for _, want := range []bool{true, false} {
		if changed, err := e.tend(t.Context()); err != nil || changed != want || points() != before {
			t.Errorf("tend = %v, %v with %d points, want %v and the %d points of before", changed, err, points(), want, before)
		}
	}
	if err := e.recordScores(t.Context()); err != nil || points() != before+1 {
		t.Errorf("recorded: %d points, %v, want %d", points(), err, before+1)
	}
}

// TestAdopt judges only the types that a change of content touches.
func TestAdopt(t *testing.T) {
	l := load(t, nil)
	c := newCloud(l)
	c.fill(t, 2, 50, 1)
	file := tempFile(t)
	e := newEngine(t, file, l, newClock())
	e.Add(Source{ID: "cloud", Gatherer: c})
	collect(t, e, "cloud")
	if err := e.takeUp(t.Context(), load(t, nil)); err != nil {
		t.Fatal(err)
	}
	if n, _ := e.store.CountDirty(t.Context()); n != 0 {
		t.Errorf("equal content marks %d assets, want none", n)
	}
	changed := load(t, map[string]string{
		"checks/test/children.yaml": checkText("test/Account", "critical", "enable-mfa", "related(asset, 'buckets').all(b, b.public != true)"),
	})
	if err := e.takeUp(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	if n, _ := e.store.CountDirty(t.Context()); n != 2 {
		t.Errorf("a changed check of accounts marks %d assets, want 2", n)
	}
	for _, l := range []*Loaded{changed, load(t, map[string]string{"checks/test/public.yaml": "", "checks/test/new.yaml": checkText("test/Bucket", "low", "enable-mfa", "asset.public == false")})} {
		if err := errors.Join(e.Adopt(t.Context(), l), e.Judge(t.Context(), nil)); err != nil {
			t.Fatal(err)
		}
		fresh := newEngine(t, tempFile(t), l, newClock())
		fresh.Add(Source{ID: "cloud", Gatherer: c})
		collect(t, fresh, "cloud")
		if diff := cmp.Diff(strings.Split(dump(t, fresh.store), "\n"), strings.Split(dump(t, e.store), "\n")); diff != "" {
			t.Errorf("after new content the state differs from a fresh one (-fresh +got):\n%s", diff)
		}
	}
}

// TestPublish hands what changed to the stream, once.
func TestPublish(t *testing.T) {
	l := load(t, nil)
	c := newCloud(l)
	c.fill(t, 1, 10, 1)
	e := newEngine(t, tempFile(t), l, newClock())
	e.Add(Source{ID: "cloud", Gatherer: c})
	s, err := stream.Open(t.Context(), stream.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	e.UseStream(s)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() { e.Run(ctx) })
	n := 0
	err = s.Subscribe(ctx, "test", "events.verdicts", func(_ context.Context, m stream.Message) error {
		if n++; strings.Contains(string(m.Data), `"opened"`) {
			cancel()
		}
		return nil
	})
	wg.Wait()
	if err != nil || n == 0 || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Errorf("%d messages, %v %v, want some that tell of findings", n, err, ctx.Err())
	}
}

func TestMain(m *testing.M) {
	if dir := os.Getenv("BULWARK_KILL_CHILD"); dir != "" {
		os.Exit(killChild(dir, os.Getenv("BULWARK_KILL_PUMP") != ""))
	}
	os.Exit(m.Run())
}

// TestFewDoNotWait collects a few assets while somebody else judges and does not
// end: the run ends, and its verdicts are there.
func TestFewDoNotWait(t *testing.T) {
	l := load(t, nil)
	few := newCloud(l)
	few.fill(t, 1, 3, 1)
	e := newEngine(t, tempFile(t), l, &clock{at: time.Now()})
	e.Add(Source{ID: "few", Gatherer: few})
	e.judging <- struct{}{}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	run, err := e.Collect(ctx, "few")
	if err != nil || run.Judged != 4 {
		t.Fatalf("%d assets judged, %v, want the account and three buckets", run.Judged, err)
	}
	rows, _, err := e.store.Assessments(ctx, bulwark.AssessmentQuery{})
	if err != nil || len(rows) == 0 {
		t.Errorf("%d assessments, %v, want some", len(rows), err)
	}
	if n, err := e.store.CountDirty(ctx); err != nil || n != 0 {
		t.Errorf("%d assets are left to be judged, %v, want none", n, err)
	}
	<-e.judging
}
