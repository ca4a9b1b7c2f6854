package pipeline

import (
	"bytes"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark/internal/store"
	"github.com/bulwarksec/bulwark/internal/stream"
)

// image is a folder's files as a power loss finds them.
type image map[string][]byte

func takeImage(t *testing.T, dir string) image {
	t.Helper()
	out := image{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		out[name], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// torn is a state between two: of what grew, a random part of the growth is
// there. What was written over is the earlier or the later.
func torn(before, after image, want func(name string) bool, rng *rand.Rand) image {
	out := image{}
	for name, data := range after {
		was, had := before[name]
		switch {
		case !want(name):
			out[name] = data
		case had && bytes.HasPrefix(data, was):
			out[name] = data[:len(was)+rng.IntN(len(data)-len(was)+1)]
		case had && rng.IntN(2) == 0:
			out[name] = was
		case had || rng.IntN(2) == 0: // a new file may not be there yet
			out[name] = data
		}
	}
	return out
}

func (i image) write(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range i {
		if strings.HasSuffix(name, "-shm") { // memory, gone with the power
			continue
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestPowerLoss loses the power at random points between a transaction, the
// stream's having its row, and the row's deletion: of what was not synced then,
// any part may be gone. The end is that of an undisturbed run: every row is
// handed on, and none twice.
func TestPowerLoss(t *testing.T) {
	dir := t.TempDir()
	st, sm := openFolder(t, dir)
	l, at := load(t, nil), newClock()
	e := NewEngine(st, l, at.now, testLog(t))
	e.Add(Source{ID: "before", Gatherer: killCloud(t, l, false)})
	if _, err := e.Collect(t.Context(), "before"); err != nil {
		t.Fatal(err)
	}
	box := outbox{st}
	first, err := box.Next(t.Context(), 5)
	if err != nil || len(first) < 5 {
		t.Fatalf("outbox = %d rows, %v, want some", len(first), err)
	}
	if err := sm.Publish(t.Context(), first...); err != nil { // handed on and deleted: what must not come back
		t.Fatal(err)
	}
	if err := box.Done(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	rows, err := box.Next(t.Context(), 10_000)
	if err != nil || len(rows) == 0 {
		t.Fatalf("outbox = %d rows, %v, want more", len(rows), err)
	}
	synced := takeImage(t, dir)
	if err := sm.Publish(t.Context(), rows...); err != nil {
		t.Fatal(err)
	}
	published := takeImage(t, dir)
	if err := box.Done(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	deleted := takeImage(t, dir)
	closeFolder(t, st, sm)
	want, events := result(t, dir)

	points := 40
	if testing.Short() {
		points = 8
	}
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 0))
	inStream := func(name string) bool { return strings.HasSuffix(name, ".blk") }
	inLog := func(name string) bool { return strings.HasSuffix(name, "-wal") }
	again, lost := 0, 0
	for n := range points {
		cut := torn(synced, published, inStream, rng)
		if n%2 == 1 {
			cut = torn(published, deleted, inLog, rng)
		}
		for name, data := range cut {
			lost += len(deleted[name]) - len(data)
		}
		lostDir := cut.write(t)
		st, sm := openFolder(t, lostDir)
		handed, err := sm.Drain(t.Context(), outbox{st})
		if err != nil {
			t.Fatalf("seed %d, point %d: %v", seed, n, err)
		}
		if handed > 0 {
			again++
		}
		if n%2 == 0 && handed != len(rows) {
			t.Errorf("seed %d, point %d: %d rows handed on after the loss, want %d", seed, n, handed, len(rows))
		}
		closeFolder(t, st, sm)
		got, had := result(t, lostDir)
		if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
			t.Fatalf("seed %d, point %d: the state differs (-undisturbed +lost):\n%s", seed, n, diff)
		}
		if diff := cmp.Diff(events, had); diff != "" {
			t.Fatalf("seed %d, point %d: the stream differs (-undisturbed +lost):\n%s", seed, n, diff)
		}
	}
	if again == 0 || lost == 0 {
		t.Errorf("%d bytes lost, rows handed on again at %d points: nothing was tried", lost, again)
	}
	t.Logf("figure: power lost at %d points, %d bytes of unsynced tails cut, %d times rows handed on again; none lost, none doubled", points, lost, again)
}

func openFolder(t *testing.T, dir string) (*store.Store, *stream.Stream) {
	t.Helper()
	st, err := store.Open(t.Context(), filepath.Join(dir, "bulwark.db"), store.Options{Now: newClock().now})
	if err != nil {
		t.Fatal(err)
	}
	sm, err := stream.Open(t.Context(), stream.Options{Dir: filepath.Join(dir, "stream")})
	if err != nil {
		t.Fatal(err)
	}
	return st, sm
}

func closeFolder(t *testing.T, st *store.Store, sm *stream.Stream) {
	t.Helper()
	if err := sm.Close(); err != nil {
		t.Error(err)
	}
	if err := st.Close(); err != nil {
		t.Error(err)
	}
}
