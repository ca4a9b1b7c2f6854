package pipeline

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/store"
	"github.com/bulwarksec/bulwark/internal/stream"
)

// The estate that a child collects, twice: as it is at first and as it is when
// something has changed, come and gone.
const (
	killScopes  = 4
	killBuckets = 500
)

func killCloud(t testing.TB, l *Loaded, changed bool) *cloud {
	c := newCloud(l)
	c.fill(t, killScopes, killBuckets, 7)
	if changed {
		for s := range killScopes {
			scope := fmt.Sprintf("aws/%d", s)
			c.account(t, scope, "a", "", s%2 == 0)
			c.bucket(t, scope, "new", "live:"+scope+"/account/a", `{"public":true}`)
			for b := range killBuckets / 5 {
				delete(c.assets, fmt.Sprintf("live:%s/bucket/b%d", scope, b*5))
			}
		}
	}
	return c
}

// fatal is the little of a test that a child needs.
type fatal struct{ testing.TB }

func (fatal) Helper()                   {}
func (fatal) Fatal(args ...any)         { panic(fmt.Sprint(args...)) }
func (fatal) Fatalf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }

// killChild collects and judges in a folder, and publishes, until all is done;
// with pumping it publishes all the while.
func killChild(dir string, pumping bool) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	err := func() error {
		l := load(fatal{}, nil)
		at := newClock()
		st, err := store.Open(ctx, killAddress(dir), store.Options{Now: at.now})
		if err != nil {
			return err
		}
		sm, err := stream.Open(ctx, stream.Options{Dir: filepath.Join(dir, "stream")})
		if err != nil {
			return err
		}
		pumped := make(chan error, 1)
		if pumping {
			go func() { pumped <- pumpSlowly(ctx, st, sm) }()
		}
		e := NewEngine(st, l, at.now, slog.New(slog.NewTextHandler(io.Discard, nil)))
		e.Add(Source{ID: "before", Gatherer: killCloud(fatal{}, l, false)})
		for _, changed := range []bool{false, true} {
			name := fmt.Sprintf("done-%v", changed)
			if done, err := st.Setting(ctx, name); err != nil || done != nil {
				if err != nil {
					return err
				}
				continue
			}
			e.Add(Source{ID: "before", Gatherer: killCloud(fatal{}, l, changed)})
			if _, err := e.Collect(ctx, "before"); err != nil {
				return err
			}
			if err := st.SetSetting(ctx, name, []byte("1")); err != nil {
				return err
			}
		}
		if err := killWatched(ctx, e, l); err != nil {
			return err
		}
		if err := e.Judge(ctx, nil); err != nil {
			return err
		}
		if pumping {
			cancel()
			if err := <-pumped; err != nil {
				return err
			}
		}
		if _, err := sm.Drain(context.WithoutCancel(ctx), outbox{st}); err != nil {
			return err
		}
		return errors.Join(sm.Close(), st.Close())
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 3
	}
	return 0
}

// killWatched takes up what a watch would yield: assets that are gone, one that
// comes and goes, and some that change, in many small batches. Killed, it begins
// again, as a watch does after the full run that follows.
func killWatched(ctx context.Context, e *Engine, l *Loaded) error {
	if err := e.prepare(ctx); err != nil { // as the run that a watch follows
		return err
	}
	c := killCloud(fatal{}, l, true)
	for b := range killBuckets / 10 {
		var list []bulwark.Gathered
		for s := range killScopes {
			scope := fmt.Sprintf("aws/%d", s)
			name := fmt.Sprintf("b%d", b*5+1)
			id := fmt.Sprintf("live:%s/bucket/b%d", scope, b*5+2)
			c.bucket(fatal{}, scope, name, "live:"+scope+"/account/a", fmt.Sprintf(`{"public":%v}`, b%2 == 0))
			list = append(list, bulwark.Gathered{Asset: c.assets[id]}, bulwark.Gathered{Gone: &bulwark.Gone{ID: id, Scope: scope}},
				bulwark.Gathered{Asset: c.assets["live:"+scope+"/bucket/"+name]})
		}
		if err := e.absorb(ctx, "before", list); err != nil {
			return err
		}
	}
	return nil
}

// killAddress is where a child's store is: in its folder, or where a file in it
// says.
func killAddress(dir string) string {
	if data, err := os.ReadFile(filepath.Join(dir, "address")); err == nil {
		return strings.TrimSpace(string(data))
	}
	return filepath.Join(dir, "bulwark.db")
}

// child runs a child and kills it after a while; it reports whether the child
// was done before.
func child(t *testing.T, dir string, after time.Duration, env ...string) (done bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), "BULWARK_KILL_CHILD="+dir), env...)
	var out strings.Builder
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() }) // it may have ended
	err := cmd.Wait()
	killed := !timer.Stop()
	if err == nil {
		return true
	}
	if !killed {
		t.Fatalf("child ended by itself: %v\n%s", err, out.String())
	}
	return false
}

// TestKill kills a process at random points while it collects, judges and
// publishes, and lets it go on, until it is done: nothing may be lost or
// doubled. BULWARK_KILLS says how often, 100 times when absent.
func TestKill(t *testing.T) {
	kills := 100
	if text := os.Getenv("BULWARK_KILLS"); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	if testing.Short() {
		kills = 12
	}
	testKill(t, kills, func(t *testing.T) string { return t.TempDir() })
}

// TestKillPostgres does so against the server that BULWARK_TEST_POSTGRES names.
func TestKillPostgres(t *testing.T) {
	server := os.Getenv("BULWARK_TEST_POSTGRES")
	if server == "" {
		t.Skip("BULWARK_TEST_POSTGRES is not set: no PostgreSQL to test with")
	}
	kills := 30
	if testing.Short() {
		kills = 4
	}
	db, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // after the schemas are dropped
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	testKill(t, kills, func(t *testing.T) string {
		dir, name := t.TempDir(), fmt.Sprintf("kill%d", time.Now().UnixNano())
		if _, err := db.ExecContext(t.Context(), "CREATE SCHEMA "+name); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if _, err := db.ExecContext(context.WithoutCancel(t.Context()), "DROP SCHEMA "+name+" CASCADE"); err != nil {
				t.Error(err)
			}
		})
		u, err := url.Parse(server)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		q.Set("search_path", name)
		u.RawQuery = q.Encode()
		if err := os.WriteFile(filepath.Join(dir, "address"), []byte(u.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return dir
	})
}

// killsOfOne is how often the work in one folder is disturbed; then it may
// finish.
const killsOfOne = 8

func testKill(t *testing.T, kills int, folder func(t *testing.T) string) {
	undisturbed := folder(t)
	began := time.Now()
	if !child(t, undisturbed, time.Hour) {
		t.Fatal("the undisturbed child was killed")
	}
	whole := time.Since(began)
	if whole < 200*time.Millisecond {
		t.Fatal("the child is too quick to be killed")
	}
	want, events := result(t, undisturbed)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d; undisturbed %v", seed, whole)
	rng := rand.New(rand.NewPCG(seed, 0))
	n, folders := 0, 0
	for ; n < kills && folders < kills; folders++ {
		dir := folder(t)
		for left := killsOfOne; ; left-- {
			after := time.Duration(rng.Int64N(int64(whole)))
			if left == 0 {
				after = time.Hour
			}
			began := time.Now()
			if child(t, dir, after) {
				if left == killsOfOne { // the machine has become quicker
					whole = min(whole, time.Since(began))
				}
				break
			}
			n++
		}
		got, had := result(t, dir)
		if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
			t.Fatalf("after kills the state differs (-undisturbed +killed):\n%s", diff)
		}
		// Events may be cut into other transactions, but tell of the same
		// findings.
		if diff := cmp.Diff(events, had); diff != "" {
			t.Fatalf("after kills the stream differs (-undisturbed +killed):\n%s", diff)
		}
	}
	if n < kills {
		t.Errorf("only %d kills of %d hit: the children end too quickly", n, kills)
	}
	t.Logf("figure: %d kills at random points of %d runs: state and stream as undisturbed", n, folders)
}

// result is a folder's state, and how often the stream tells that each finding
// opened or was resolved.
func result(t *testing.T, dir string) (state string, told map[string]int) {
	t.Helper()
	st, err := store.Open(t.Context(), killAddress(dir), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}()
	state = dump(t, st)
	l := load(t, nil)
	if _, err := st.Use(t.Context(), l.Knowledge(), l.arithmetic()); err != nil {
		t.Fatal(err)
	}
	for s := range killScopes {
		if diff, err := st.Recount(t.Context(), fmt.Sprintf("aws/%d", s)); err != nil || len(diff) > 0 {
			t.Errorf("recount of aws/%d: %+v, %v", s, diff, err)
		}
	}
	if n, err := st.CountDirty(t.Context()); err != nil || n != 0 {
		t.Errorf("%d still marked, %v", n, err)
	}
	return state, tellings(t, filepath.Join(dir, "stream"), st)
}

func tellings(t *testing.T, dir string, st *store.Store) map[string]int {
	t.Helper()
	sm, err := stream.Open(t.Context(), stream.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := sm.Close(); err != nil {
			t.Error(err)
		}
	}()
	if list, err := st.Outbox(t.Context(), 1); err != nil || len(list) > 0 {
		t.Errorf("the outbox still holds %d, %v", len(list), err)
	}
	if err := sm.Publish(t.Context(), stream.Message{Subject: "events.end"}); err != nil {
		t.Fatal(err)
	}
	told := map[string]int{}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err = sm.Subscribe(ctx, "tellings", "events.>", func(_ context.Context, m stream.Message) error {
		if m.Subject == "events.end" {
			cancel()
			return nil
		}
		var e store.Event
		if err := json.Unmarshal(m.Data, &e); err != nil {
			return err
		}
		for kind, list := range map[string][]string{"opened": e.Opened, "reopened": e.Reopened, "resolved": e.Resolved, "gone": e.Gone} {
			for _, id := range list {
				told[kind+" "+id]++
			}
		}
		return nil
	})
	if err != nil || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Fatalf("stream not read: %v %v", err, ctx.Err())
	}
	return told
}
