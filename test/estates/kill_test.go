package estates

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark/internal/pipeline"
	awsreplay "github.com/bulwarksec/bulwark/internal/replay/aws"
	"github.com/bulwarksec/bulwark/internal/store"
)

// TestMain makes the test binary the process that TestKill kills.
func TestMain(m *testing.M) {
	if dir := os.Getenv("BULWARK_KILL_CHILD"); dir != "" {
		if err := collectOnce(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// collectOnce collects a small organisation from a server shaped like AWS into
// a folder, and judges it.
func collectOnce(dir string) (err error) {
	ctx := context.Background()
	loaded, problems := pipeline.LoadContent(pipeline.ContentOptions{})
	if len(problems) > 0 {
		return fmt.Errorf("content: %v", problems)
	}
	server, err := awsreplay.New(killed.Serve())
	if err != nil {
		return err
	}
	estate, err := Reader(loaded.Content.Types, server.Transport())
	if err != nil {
		return err
	}
	st, err := store.Open(ctx, filepath.Join(dir, "b.db"), store.Options{})
	if err != nil {
		return err
	}
	e := pipeline.NewEngine(st, loaded, time.Now, slog.New(slog.DiscardHandler))
	e.Add(pipeline.Source{ID: "aws", Gatherer: estate})
	if err := os.WriteFile(filepath.Join(dir, "began"), nil, 0o600); err != nil {
		return err
	}
	if run, err := e.Collect(ctx, "aws"); err != nil || run.Error != "" {
		return fmt.Errorf("collect: %s %w", run.Error, err)
	}
	if err := e.Judge(ctx, nil); err != nil {
		return err
	}
	return st.Close()
}

var killed = AWS{Accounts: 2, Regions: []string{"eu-west-1"}, Share: 0.1}

// killsOfOne is how often the collection into one folder is killed; then it may
// finish.
const killsOfOne = 10

// TestKill kills a process at random points while it collects a live estate and
// judges it, and lets it begin again: in the end its assets, findings and
// counts are those of a process that nobody disturbed. BULWARK_KILLS says how
// often, 20 times when absent.
func TestKill(t *testing.T) {
	kills := 20
	if text := os.Getenv("BULWARK_KILLS"); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	if testing.Short() {
		kills = 3
	}
	quiet := t.TempDir()
	whole, done := collecting(t, quiet, time.Hour)
	if !done {
		t.Fatal("the undisturbed process was killed")
	}
	want := outcome(t, quiet)
	if strings.Count(want, "\n") < 100 {
		t.Fatalf("only %d assets and findings to lose", strings.Count(want, "\n"))
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d; undisturbed %v", seed, whole)
	rng := rand.New(rand.NewPCG(seed, 0))
	n := 0
	for n < kills {
		dir := t.TempDir()
		for range min(killsOfOne, kills-n) {
			took, done := collecting(t, dir, time.Duration(rng.Int64N(int64(whole))))
			if done { // the machine has become quicker
				whole = min(whole, took)
				continue
			}
			n++
		}
		if _, done := collecting(t, dir, time.Hour); !done {
			t.Fatal("the last process was killed")
		}
		if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(outcome(t, dir), "\n")); diff != "" {
			t.Fatalf("after kills (-undisturbed +killed):\n%s", diff)
		}
	}
	t.Logf("figure: %d kills of a live collection of %d assets and findings: the end is as undisturbed", n, strings.Count(want, "\n"))
}

// collecting runs a process in a folder and kills it a while after it began to
// collect. It returns how long it collected, and whether it ended before.
func collecting(t *testing.T, dir string, after time.Duration) (took time.Duration, done bool) {
	t.Helper()
	began := filepath.Join(dir, "began")
	if err := os.Remove(began); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "BULWARK_KILL_CHILD="+dir)
	var out strings.Builder
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for waiting := true; waiting; {
		if _, err := os.Stat(began); err == nil {
			break
		}
		select {
		case err := <-ended:
			t.Fatalf("the process ended before it began: %v\n%s", err, out.String())
		case <-time.After(5 * time.Millisecond):
		}
	}
	from := time.Now()
	select {
	case err := <-ended:
		if err != nil {
			t.Fatalf("the process ended by itself: %v\n%s", err, out.String())
		}
		return time.Since(from), true
	case <-time.After(after):
		_ = cmd.Process.Kill() // it may have ended
		return after, <-ended == nil
	}
}

// outcome lists what a folder holds: assets with their verdicts' counts, and
// open findings.
func outcome(t *testing.T, dir string) string {
	t.Helper()
	st, err := store.Open(t.Context(), filepath.Join(dir, "b.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}()
	if n, err := st.CountDirty(t.Context()); err != nil || n != 0 {
		t.Errorf("%d still to be judged, %v", n, err)
	}
	assets, findings := held(t, st)
	verdicts := verdictsOf(t, st)
	var b strings.Builder
	for _, id := range assets {
		fmt.Fprintln(&b, "asset", id)
	}
	for _, id := range findings {
		fmt.Fprintln(&b, "finding", id)
	}
	for _, v := range verdicts {
		fmt.Fprintln(&b, "verdict", v)
	}
	return b.String()
}
