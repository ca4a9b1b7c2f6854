package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"database/sql"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/store"
)

// clock is a settable time.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

// delta is a small arithmetic of counters: one control for all checks.
func delta(old, new *bulwark.States) []bulwark.Count {
	sums := map[bulwark.CountKey]bulwark.Tally{}
	add := func(s *bulwark.States, sign int64) {
		if s == nil {
			return
		}
		for i, check := range s.Checks {
			state := s.States[i]
			if i < len(s.Exempt) {
				switch s.Exempt[i] {
				case bulwark.Mitigated:
					state = bulwark.Healthy
				case bulwark.Waiver:
					state = bulwark.NotApplicable
				}
			}
			key := bulwark.CountKey{Scope: s.Scope, Kind: bulwark.CountCheck, ID: check}
			t := sums[key]
			switch state {
			case bulwark.Healthy:
				t.Healthy += sign
			case bulwark.Unhealthy:
				t.Unhealthy += sign
			case bulwark.Undetermined:
				t.Unknown += sign
			default:
				t.NotApplicable += sign
			}
			sums[key] = t
		}
	}
	add(old, -1)
	add(new, 1)
	var out []bulwark.Count
	for k, t := range sums {
		if !t.IsZero() {
			out = append(out, bulwark.Count{CountKey: k, Tally: t})
		}
	}
	return out
}

// engines runs a test against SQLite and, when BULWARK_TEST_POSTGRES names a
// server, PostgreSQL.
func engines(t *testing.T, f func(t *testing.T, open func(*clock) *store.Store)) {
	options := func(c *clock) store.Options {
		return store.Options{Delta: delta, Now: c.now, Severity: func(check string) (bulwark.Severity, bool) { return bulwark.High, check != "no" }}
	}
	t.Run("sqlite", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "b.db")
		f(t, func(c *clock) *store.Store { return openStore(t, file, options(c)) })
	})
	t.Run("postgres", func(t *testing.T) {
		base := os.Getenv("BULWARK_TEST_POSTGRES")
		if base == "" {
			t.Skip("BULWARK_TEST_POSTGRES names no server")
		}
		db, err := sql.Open("pgx", base)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		schema := fmt.Sprintf("t%d", time.Now().UnixNano())
		if _, err := db.Exec("CREATE SCHEMA " + schema); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			db, err := sql.Open("pgx", base)
			if err == nil {
				db.Exec("DROP SCHEMA " + schema + " CASCADE")
				db.Close()
			}
		})
		sep := "?"
		if strings.Contains(base, "?") {
			sep = "&"
		}
		f(t, func(c *clock) *store.Store { return openStore(t, base+sep+"search_path="+schema, options(c)) })
	})
}

func openStore(t *testing.T, dsn string, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), dsn, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func value(t testing.TB, text string) bulwark.Value {
	t.Helper()
	v, err := bulwark.DecodeJSON([]byte(text), bulwark.DecodeOptions{File: "main.tf"})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// verdict is one asset with the states of its checks a, b, ….
func verdict(t testing.TB, id, config string, revision int64, states ...bulwark.State) bulwark.Verdict {
	a := &bulwark.Asset{ID: "code:" + id, Type: "T", Name: id, Scope: "code/r", Connector: "iac:r", Properties: value(t, config),
		Relations: []bulwark.Relation{{Name: "role", Inverse: "users", Target: "code:role"}}}
	v := bulwark.Verdict{Asset: a, Digest: bulwark.Digest(a.Properties, nil), Revision: revision}
	for i, s := range states {
		as := bulwark.Assessment{Check: string(rune('a' + i)), Asset: a.ID, State: s}
		if s == bulwark.Unhealthy || s == bulwark.Undetermined {
			as.Because = "because"
			as.Evidence = []bulwark.Evidence{{Asset: a.ID, Path: "x", Value: "1", Position: bulwark.Position{File: "main.tf", Line: 3}}}
		}
		v.Assessments = append(v.Assessments, as)
	}
	return v
}

func apply(t testing.TB, s *store.Store, vs ...bulwark.Verdict) store.Applied {
	t.Helper()
	got, err := s.Apply(context.Background(), "code/r", vs)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

const (
	healthy   = bulwark.Healthy
	unhealthy = bulwark.Unhealthy
	unknown   = bulwark.Undetermined
)

// TestFindingLife walks a finding through its life.
func TestFindingLife(t *testing.T) {
	engines(t, func(t *testing.T, open func(*clock) *store.Store) {
		c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
		s, ctx := open(c), context.Background()
		steps := []struct {
			name       string
			state      bulwark.State
			want       string
			unverified bool
		}{
			{"opens", unhealthy, "open reopened=0", false},
			{"unknown keeps it", unknown, "open reopened=0", true},
			{"unhealthy again verifies it", unhealthy, "open reopened=0", false},
			{"healthy resolves it", healthy, "resolved reopened=0", false},
			{"unhealthy reopens it", unhealthy, "open reopened=1", false},
			{"not applicable resolves it", bulwark.NotApplicable, "resolved reopened=1", false},
		}
		for i, step := range steps {
			c.t = c.t.Add(time.Hour)
			apply(t, s, verdict(t, "x", `{"k":1}`, int64(i+1), step.state))
			f, err := s.Finding(ctx, bulwark.FindingID("a", "code:x", ""))
			if err != nil {
				t.Fatalf("%s: %v", step.name, err)
			}
			if got := fmt.Sprintf("%s reopened=%d", f.State, f.Reopened); got != step.want || f.UnverifiedSince.IsZero() == step.unverified {
				t.Errorf("%s: finding is %s, unverified since %v, want %s, %v", step.name, got, f.UnverifiedSince, step.want, step.unverified)
			}
			if f.Location.Line != 3 || f.Row.Name != "x" || f.Severity != bulwark.High {
				t.Errorf("%s: finding %+v lacks its place, asset or severity", step.name, f)
			}
		}
	})
}

// TestApplyTwice: a batch that arrives twice changes nothing, and an older one
// is dropped.
func TestApplyTwice(t *testing.T) {
	engines(t, func(t *testing.T, open func(*clock) *store.Store) {
		c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
		s := open(c)
		v := verdict(t, "x", `{"k":1}`, 5, healthy, unhealthy)
		if got := apply(t, s, v); got.Changed != 1 || got.Opened != 1 {
			t.Errorf("first Apply = %+v, want one change, one opened", got)
		}
		if got := apply(t, s, v); got != (store.Applied{}) {
			t.Errorf("second Apply = %+v, want nothing", got)
		}
		if got := apply(t, s, verdict(t, "x", `{"k":2}`, 4, healthy, healthy)); got.Dropped != 1 || got.Changed != 0 {
			t.Errorf("older Apply = %+v, want it dropped", got)
		}
		if _, err := s.Apply(context.Background(), "code/r", make([]bulwark.Verdict, store.MaxBatch+1)); !errors.Is(err, bulwark.ErrInvalid) {
			t.Errorf("Apply of too many = %v, want ErrInvalid", err)
		}
	})
}

// TestHistory keeps every configuration and returns it exactly.
func TestHistory(t *testing.T) {
	engines(t, func(t *testing.T, open func(*clock) *store.Store) {
		c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
		s, ctx := open(c), context.Background()
		for i := 1; i <= 5; i++ {
			c.t = c.t.Add(time.Hour)
			apply(t, s, verdict(t, "x", fmt.Sprintf(`{"k":%d,"long":"%s"}`, i, strings.Repeat("y", i*100)), int64(i), healthy))
		}
		versions, err := s.Versions(ctx, "code:x")
		if err != nil || len(versions) != 5 || versions[0].Number != 5 {
			t.Fatalf("Versions = %+v, %v, want five, the newest first", versions, err)
		}
		for i := 1; i <= 5; i++ {
			v, err := s.ConfigAt(ctx, "code:x", int64(i))
			if err != nil || v.Get("k").Int() != int64(i) || v.Get("long").Len() != i*100 {
				t.Errorf("ConfigAt(%d) = %v, %v", i, v, err)
			}
		}
		if _, err := s.ConfigAt(ctx, "code:x", 9); !errors.Is(err, bulwark.ErrNotFound) {
			t.Errorf("ConfigAt(9) = %v, want ErrNotFound", err)
		}
		a, row, err := s.Asset(ctx, "code:x")
		if err != nil || a.Properties.Get("k").Position().Line != 1 || row.Name != "x" || len(a.Relations) != 1 {
			t.Errorf("Asset = %+v %+v %v, want its lines and relations", a, row, err)
		}
		to, err := s.RelationsTo(ctx, "code:role", 10)
		if err != nil || len(to) != 1 || to[0].Target != "code:x" || to[0].Inverse != "users" {
			t.Errorf("RelationsTo = %+v, %v, want the one from code:x", to, err)
		}
	})
}

// TestGone: only a complete listing makes an asset gone; it comes back as the
// same.
func TestGone(t *testing.T) {
	engines(t, func(t *testing.T, open func(*clock) *store.Store) {
		c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
		s, ctx := open(c), context.Background()
		apply(t, s, verdict(t, "x", `{}`, 1, unhealthy), verdict(t, "y", `{}`, 1, healthy))
		list := bulwark.Listing{Connector: "iac:r", Scope: "code/r", At: c.t}
		seen := map[string]bool{"code:y": true}
		if gone, err := s.FinishListing(ctx, list, seen); err != nil || gone != 0 {
			t.Fatalf("an incomplete listing made %d gone, %v", gone, err)
		}
		rows, _, err := s.Assets(ctx, bulwark.AssetQuery{})
		if err != nil || len(rows) != 2 || !rows[0].Stale || rows[1].Stale {
			t.Errorf("assets after an incomplete listing = %+v, %v, want x stale", rows, err)
		}
		list.Complete = true
		if gone, err := s.FinishListing(ctx, list, seen); err != nil || gone != 1 {
			t.Fatalf("a complete listing made %d gone, %v, want 1", gone, err)
		}
		if f, err := s.Finding(ctx, bulwark.FindingID("a", "code:x", "")); err != nil || f.State != bulwark.Resolved {
			t.Errorf("finding of a gone asset is %s, %v, want resolved", f.State, err)
		}
		want := []bulwark.Count{{CountKey: bulwark.CountKey{Scope: "code/r", Kind: "check", ID: "a"}, Tally: bulwark.Tally{Healthy: 1}}}
		if got, _ := s.Counts(ctx, nil); !cmp.Equal(got, want) {
			t.Errorf("counters = %+v, want %+v", got, want)
		}
		apply(t, s, verdict(t, "x", `{}`, 2, unhealthy))
		if f, _ := s.Finding(ctx, bulwark.FindingID("a", "code:x", "")); f.State != bulwark.Open || f.Reopened != 1 {
			t.Errorf("finding of an asset that came back = %+v, want reopened", f.Finding)
		}
	})
}

// TestExemptions change counters and findings at once, and back.
func TestExemptions(t *testing.T) {
	engines(t, func(t *testing.T, open func(*clock) *store.Store) {
		c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
		s, ctx := open(c), context.Background()
		apply(t, s, verdict(t, "x", `{}`, 1, unhealthy), verdict(t, "y", `{}`, 1, unhealthy))
		count := func() bulwark.Tally {
			counts, err := s.Counts(ctx, []string{"code"})
			if err != nil || len(counts) != 1 {
				t.Fatalf("Counts = %+v, %v", counts, err)
			}
			return counts[0].Tally
		}
		add := func(e bulwark.Exemption) {
			if err := s.AddExemption(ctx, e); err != nil {
				t.Fatal(err)
			}
		}
		add(bulwark.Exemption{ID: "1", Asset: "code:x", Check: "a", Category: bulwark.Mitigated, Created: c.t, Expires: c.t.Add(time.Hour)})
		if got, want := count(), (bulwark.Tally{Healthy: 1, Unhealthy: 1}); got != want {
			t.Errorf("counters with x mitigated = %+v, want %+v", got, want)
		}
		add(bulwark.Exemption{ID: "2", Scope: "code", Check: "a", Category: bulwark.Waiver, Created: c.t})
		if got, want := count(), (bulwark.Tally{Healthy: 1, NotApplicable: 1}); got != want {
			t.Errorf("counters with the rest waived = %+v, want %+v", got, want)
		}
		yes := true
		if rows, _, err := s.Findings(ctx, bulwark.FindingQuery{Exempt: &yes}); err != nil || len(rows) != 2 {
			t.Errorf("exempt findings = %d, %v, want 2", len(rows), err)
		}
		c.t = c.t.Add(2 * time.Hour)
		if ended, err := s.ExpireExemptions(ctx); err != nil || len(ended) != 1 {
			t.Errorf("ExpireExemptions = %+v, %v, want the one of x", ended, err)
		}
		if got, want := count(), (bulwark.Tally{NotApplicable: 2}); got != want {
			t.Errorf("counters after x's expired = %+v, want the waiver on both: %+v", got, want)
		}
		if err := s.DeleteExemption(ctx, "2"); err != nil {
			t.Fatal(err)
		}
		if got, want := count(), (bulwark.Tally{Unhealthy: 2}); got != want {
			t.Errorf("counters without exemptions = %+v, want %+v", got, want)
		}
		if diff, err := s.Recount(ctx, "code/r"); err != nil || len(diff) != 0 {
			t.Errorf("Recount = %+v, %v, want no difference", diff, err)
		}
	})
}

// TestPages: every order pages through all rows once.
func TestPages(t *testing.T) {
	engines(t, func(t *testing.T, open func(*clock) *store.Store) {
		c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
		s, ctx := open(c), context.Background()
		for i := range 37 {
			states := []bulwark.State{healthy, unhealthy}
			if i%3 == 0 {
				states[0] = unhealthy
			}
			apply(t, s, verdict(t, fmt.Sprintf("asset%02d", i), `{}`, 1, states...))
		}
		for _, sort := range []string{"", "-name", "type", "-unhealthy", "highest", "-changed"} {
			seen, cursor := map[string]bool{}, ""
			for {
				rows, next, err := s.Assets(ctx, bulwark.AssetQuery{Page: bulwark.Page{Limit: 5, Sort: sort, Cursor: cursor}})
				if err != nil {
					t.Fatalf("Assets by %q: %v", sort, err)
				}
				for _, r := range rows {
					if seen[r.ID] {
						t.Fatalf("Assets by %q: %s comes twice", sort, r.ID)
					}
					seen[r.ID] = true
				}
				if cursor = next; next == "" {
					break
				}
			}
			if len(seen) != 37 {
				t.Errorf("Assets by %q: %d rows, want 37", sort, len(seen))
			}
		}
		n, cursor := 0, ""
		for {
			rows, next, err := s.Assessments(ctx, bulwark.AssessmentQuery{Check: "a", States: []bulwark.State{unhealthy}, Page: bulwark.Page{Limit: 4, Cursor: cursor}})
			if err != nil {
				t.Fatal(err)
			}
			n += len(rows)
			if cursor = next; next == "" {
				break
			}
		}
		if n != 13 {
			t.Errorf("unhealthy assessments of a = %d, want 13", n)
		}
		if _, _, err := s.Assets(ctx, bulwark.AssetQuery{Page: bulwark.Page{Cursor: "junk"}}); !errors.Is(err, bulwark.ErrInvalid) {
			t.Errorf("a malformed cursor = %v, want ErrInvalid", err)
		}
		_, total, err := s.AssetFacets(ctx, bulwark.AssetQuery{Text: "ASSET0"})
		if err != nil || total != 10 {
			t.Errorf("assets with ASSET0 = %d, %v, want 10", total, err)
		}
	})
}

// TestAuditChain tells a changed entry.
func TestAuditChain(t *testing.T) {
	engines(t, func(t *testing.T, open func(*clock) *store.Store) {
		c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
		s, ctx := open(c), context.Background()
		for i := range 5 {
			if err := s.Audit(ctx, bulwark.AuditEntry{Actor: "user:a", Action: "exempt", Object: fmt.Sprint(i), Detail: "a\x00b\xff"}); err != nil {
				t.Fatal(err)
			}
		}
		if bad, err := s.VerifyAudit(ctx); err != nil || bad != 0 {
			t.Errorf("VerifyAudit = %d, %v, want a whole chain", bad, err)
		}
		log, next, err := s.AuditLog(ctx, bulwark.Page{Limit: 3})
		if err != nil || len(log) != 3 || log[0].Number != 5 || next == "" {
			t.Errorf("AuditLog = %+v, %q, %v", log, next, err)
		}
	})
}

// TestAccounts: a link works once, and deleting a user ends what is theirs.
func TestAccounts(t *testing.T) {
	engines(t, func(t *testing.T, open func(*clock) *store.Store) {
		c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
		s, ctx := open(c), context.Background()
		u := bulwark.User{Name: "alice", Grants: []bulwark.Grant{{Role: bulwark.Owner}}}
		if err := s.AddLink(ctx, bulwark.Link{Hash: "h", Expires: c.t.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		if err := s.TakeLink(ctx, "h", u, "pw"); err != nil {
			t.Fatal(err)
		}
		if err := s.TakeLink(ctx, "h", bulwark.User{Name: "bob"}, "pw"); !errors.Is(err, bulwark.ErrNotFound) {
			t.Errorf("a link used twice = %v, want ErrNotFound", err)
		}
		if err := s.AddUser(ctx, u, "pw"); !errors.Is(err, bulwark.ErrConflict) {
			t.Errorf("a taken name = %v, want ErrConflict", err)
		}
		if err := s.AddSession(ctx, bulwark.Session{Hash: "s", User: "alice", Created: c.t, Expires: c.t.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		if err := s.DeleteUser(ctx, "alice"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Session(ctx, "s"); !errors.Is(err, bulwark.ErrNotFound) {
			t.Errorf("session of a deleted user = %v, want ErrNotFound", err)
		}
	})
}

// TestCountersEqualARecount applies random batches, listings and exemptions,
// closes and opens the store between, and recounts.
func TestCountersEqualARecount(t *testing.T) {
	file := filepath.Join(t.TempDir(), "b.db")
	c := &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	s := openStore(t, file, store.Options{Delta: delta, Now: c.now, Severity: func(string) (bulwark.Severity, bool) { return bulwark.Low, true }})
	ctx := context.Background()
	revision := int64(0)
	rapid.Check(t, func(rt *rapid.T) {
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			revision++
			c.t = c.t.Add(time.Minute)
			switch rapid.IntRange(0, 5).Draw(rt, "what") {
			case 0:
				seen := map[string]bool{}
				for i := range 6 {
					seen[fmt.Sprintf("code:n%d", i)] = rapid.Bool().Draw(rt, "seen")
				}
				if _, err := s.FinishListing(ctx, bulwark.Listing{Connector: "iac:r", Scope: "code/r", Complete: rapid.Bool().Draw(rt, "complete"), At: c.t}, seen); err != nil {
					rt.Fatal(err)
				}
			case 1:
				e := bulwark.Exemption{ID: fmt.Sprint("e", revision), Check: rapid.SampledFrom([]string{"a", "b", ""}).Draw(rt, "check"), Scope: "code",
					Category: rapid.SampledFrom([]bulwark.ExemptionCategory{bulwark.Waiver, bulwark.Mitigated}).Draw(rt, "category"), Created: c.t, Expires: c.t.Add(3 * time.Minute)}
				if err := s.AddExemption(ctx, e); err != nil {
					rt.Fatal(err)
				}
			case 2:
				if _, err := s.ExpireExemptions(ctx); err != nil {
					rt.Fatal(err)
				}
			default:
				id := fmt.Sprintf("n%d", rapid.IntRange(0, 5).Draw(rt, "asset"))
				var states []bulwark.State
				for range rapid.IntRange(1, 3).Draw(rt, "checks") {
					states = append(states, bulwark.State(rapid.IntRange(0, 3).Draw(rt, "state")))
				}
				apply(t, s, verdict(t, id, fmt.Sprintf(`{"k":%d}`, rapid.IntRange(0, 3).Draw(rt, "config")), revision, states...))
			}
		}
		diff, err := s.Recount(ctx, "code/r")
		if err != nil || len(diff) > 0 {
			rt.Fatalf("counters differ from a recount: %+v, %v", diff, err)
		}
	})
}

// BenchmarkApply stores assets of one scope in batches of 500.
func BenchmarkApply(b *testing.B) {
	s, err := store.Open(context.Background(), filepath.Join(b.TempDir(), "b.db"), store.Options{Delta: delta, Severity: func(string) (bulwark.Severity, bool) { return bulwark.Low, true }})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	data, err := os.ReadFile("../../testdata/deployment.json")
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for b.Loop() {
		var vs []bulwark.Verdict
		for range 500 {
			n++
			states := make([]bulwark.State, 30)
			for i := range states {
				states[i] = healthy
			}
			states[n%30], states[(n+7)%30] = unhealthy, unhealthy
			v := verdict(b, fmt.Sprint(n), string(data), 1, states...)
			v.Digest += fmt.Sprint(n)
			vs = append(vs, v)
		}
		if _, err := s.Apply(context.Background(), "code/r", vs); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "assets/s")
}
