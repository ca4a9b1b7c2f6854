package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/bulwarksec/bulwark"
)

func openTest(t *testing.T, file string) *Store {
	t.Helper()
	s, err := Open(t.Context(), file, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// limitPages lets the database grow to n pages more; 0 lifts the limit.
func limitPages(t *testing.T, s *Store, n int64) {
	t.Helper()
	err := s.w.do(t.Context(), s.w.single, &job{before: func(ctx context.Context, c conn) error {
		limit := int64(1 << 30)
		if n > 0 {
			if _, err := one(ctx, c, "PRAGMA page_count", nil, &limit); err != nil {
				return err
			}
			limit += n
		}
		_, err := one(ctx, c, fmt.Sprintf("PRAGMA max_page_count = %d", limit), nil, new(int64))
		return err
	}, change: func(context.Context, conn) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
}

// TestDiskFull fills the disk: writing is refused and said so, reading goes on,
// and with room again so does writing.
func TestDiskFull(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "b.db"))
	put := func(name string) error {
		id := "live:" + name
		noise := make([]byte, 3000)
		rng := rand.New(rand.NewPCG(uint64(len(name)), 7))
		for i := range noise {
			noise[i] = 'a' + byte(rng.IntN(26))
		}
		v, err := bulwark.DecodeJSON(fmt.Appendf(nil, `{"k":%q}`, noise), bulwark.DecodeOptions{Asset: id})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Put(t.Context(), "aws/1", []*bulwark.Asset{{ID: id, Type: "T", Name: name, Scope: "aws/1", Properties: v}})
		return err
	}
	if err := put("first"); err != nil {
		t.Fatal(err)
	}
	limitPages(t, s, 6)
	var err error
	n := 0
	for ; err == nil && n < 200; n++ {
		err = put(fmt.Sprint("more", n))
	}
	if !errors.Is(err, bulwark.ErrUnavailable) || s.ReadOnly() == "" || !errors.Is(s.Ping(t.Context()), bulwark.ErrUnavailable) {
		t.Fatalf("after %d assets: %v, read-only %q, want unavailable and said so", n, err, s.ReadOnly())
	}
	if _, _, err := s.Asset(t.Context(), "live:first"); err != nil {
		t.Errorf("reading with a full disk: %v", err)
	}
	if err := s.AddUser(t.Context(), bulwark.User{Name: "anna"}, "x"); err != nil && !errors.Is(err, bulwark.ErrUnavailable) {
		t.Errorf("a small change with a full disk = %v, want it done or unavailable", err)
	}
	limitPages(t, s, 0)
	if err := put("last"); err != nil || s.ReadOnly() != "" || s.Ping(t.Context()) != nil {
		t.Errorf("with room again: %v, read-only %q", err, s.ReadOnly())
	}
	_, total, err := s.AssetFacets(t.Context(), bulwark.AssetQuery{})
	if rows, _, _ := s.Assets(t.Context(), bulwark.AssetQuery{Page: bulwark.Page{Limit: 1000}}); err != nil || int64(len(rows)) != total {
		t.Errorf("%d assets listed, %d counted, %v", len(rows), total, err)
	}
}

// TestTamperedAudit finds a changed entry, though the database refuses to
// change one.
func TestTamperedAudit(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "b.db"))
	for i := range 5 {
		if err := s.Audit(t.Context(), bulwark.AuditEntry{Actor: "user:a", Action: "test", Object: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range []string{"UPDATE audit SET object = 'x' WHERE number = 3", "DELETE FROM audit WHERE number = 5"} {
		if err := s.write(t.Context(), func(ctx context.Context, c conn) error { return c.exec(ctx, text) }); err == nil {
			t.Errorf("%s was not refused", text)
		}
	}
	err := s.write(t.Context(), func(ctx context.Context, c conn) error {
		if err := c.exec(ctx, "DROP TRIGGER audit_no_update"); err != nil {
			return err
		}
		return c.exec(ctx, "UPDATE audit SET object = 'x' WHERE number = 3")
	})
	if err != nil {
		t.Fatal(err)
	}
	if n, _, err := s.VerifyAudit(t.Context()); !errors.Is(err, bulwark.ErrConflict) || n != 2 {
		t.Errorf("VerifyAudit = %d, %v, want a conflict behind entry 2", n, err)
	}
}

// TestRecountFindsABug changes a counter by hand.
func TestRecountFindsABug(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "b.db"))
	k := Knowledge{Delta: func(_, new *bulwark.States) []bulwark.Count {
		if new == nil {
			return nil
		}
		return []bulwark.Count{{CountKey: bulwark.CountKey{Scope: new.Scope, Kind: bulwark.CountScope}, Tally: bulwark.Tally{Healthy: 1}}}
	}}
	if again, err := s.Use(t.Context(), k, "v1"); err != nil || !again {
		t.Fatalf("Use = %v, %v, want a recount", again, err)
	}
	if again, err := s.Use(t.Context(), k, "v1"); err != nil || again {
		t.Errorf("Use of the same = %v, %v, want no recount", again, err)
	}
	a := &bulwark.Asset{ID: "live:a", Type: "T", Scope: "aws/1"}
	if _, err := s.Apply(t.Context(), "aws/1", []bulwark.Verdict{{Asset: a, Revision: s.Revision()}}); err != nil {
		t.Fatal(err)
	}
	if diff, err := s.Recount(t.Context(), "aws/1"); err != nil || len(diff) != 0 {
		t.Errorf("Recount = %+v, %v, want no difference", diff, err)
	}
	if err := s.write(t.Context(), func(ctx context.Context, c conn) error { return c.exec(ctx, "UPDATE counts SET healthy = 7") }); err != nil {
		t.Fatal(err)
	}
	diff, err := s.Recount(t.Context(), "aws/1")
	if err != nil || len(diff) != 1 || diff[0].Stored.Healthy != 7 || diff[0].Counted.Healthy != 1 {
		t.Errorf("Recount = %+v, %v, want 7 instead of 1", diff, err)
	}
	if _, err := s.Use(t.Context(), k, "v2"); err != nil {
		t.Fatal(err)
	}
	if diff, err := s.Recount(t.Context(), "aws/1"); err != nil || len(diff) != 0 {
		t.Errorf("after counting afresh: %+v, %v", diff, err)
	}
}

// TestPriority lets a single change go before bulk ones that wait.
func TestPriority(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "b.db"))
	var order []string
	hold, started := make(chan struct{}), make(chan struct{})
	results := make(chan error, 4)
	run := func(queue chan *job, name string, first bool) {
		go func() {
			results <- s.w.do(t.Context(), queue, &job{change: func(context.Context, conn) error {
				if first {
					close(started)
					<-hold
				}
				order = append(order, name)
				return nil
			}})
		}()
	}
	run(s.w.bulk, "first", true)
	<-started
	run(s.w.bulk, "bulk", false)
	run(s.w.bulk, "bulk", false)
	for len(s.w.bulk) < 2 {
	}
	run(s.w.single, "single", false)
	for len(s.w.single) < 1 {
	}
	close(hold)
	for range 4 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if fmt.Sprint(order) != "[first single bulk bulk]" {
		t.Errorf("order = %v, want the single change before waiting bulk", order)
	}
}

func FuzzEvidence(f *testing.F) {
	f.Add(packEvidence("a", []bulwark.Assessment{{State: bulwark.Unhealthy, Because: "b", Evidence: []bulwark.Evidence{{Asset: "x", Path: "p", Value: "v", Position: bulwark.Position{File: "f", Line: 1, Via: []string{"m"}}}}, Instances: []bulwark.Instance{{Key: "k"}}}}))
	f.Add([]byte{1, 0, 255, 255, 255, 255, 15})
	f.Fuzz(func(t *testing.T, data []byte) {
		list := make([]bulwark.Assessment, 4)
		if err := fillEvidence(data, "a", list); err != nil {
			return
		}
		for i := range list {
			list[i].State = bulwark.Unhealthy
		}
		again := make([]bulwark.Assessment, 4)
		if err := fillEvidence(packEvidence("a", list), "a", again); err != nil {
			t.Fatalf("packed again: %v", err)
		}
	})
}

func FuzzBody(f *testing.F) {
	v, err := bulwark.DecodeJSON([]byte(`{"a":[1,"x"]}`), bulwark.DecodeOptions{})
	if err != nil {
		f.Fatal(err)
	}
	body, _, err := encodeBody(&bulwark.Asset{Properties: v, Relations: []bulwark.Relation{{Name: "r", Target: "t"}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body, []byte{})
	f.Fuzz(func(t *testing.T, body, positions []byte) {
		a := &bulwark.Asset{}
		if err := decodeBody(a, body, positions, nil); err != nil {
			return
		}
		again, _, err := encodeBody(a)
		if err != nil {
			t.Fatal(err)
		}
		b := &bulwark.Asset{}
		if err := decodeBody(b, again, nil, nil); err != nil || !bulwark.Equal(a.Properties, b.Properties) {
			t.Fatalf("encoded again: %v, %v and %v", err, a.Properties, b.Properties)
		}
	})
}
