package storetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/store"
)

func testGaps(t *testing.T, open Open) {
	c := newClock()
	s := open(options(c))
	gap := func(where string) bulwark.GapRow {
		return bulwark.GapRow{Gap: bulwark.Gap{What: "listing", Where: where, Why: "denied", Needs: "s3:ListBuckets"}, Connector: "c1", Scope: scopeA}
	}
	other := bulwark.GapRow{Gap: bulwark.Gap{What: "file", Where: "x", Why: "cut short"}, Connector: "c2"}
	report := func(run string, list ...bulwark.GapRow) {
		t.Helper()
		if err := s.ReportGaps(ctx(t), run, list); err != nil {
			t.Fatal(err)
		}
	}
	report("r1", gap("w1"), gap("w2"), gap("w2"))
	report("r1", other)
	c.advance(time.Hour)
	report("r2", gap("w2"), gap("w3"))
	if err := s.EndGaps(ctx(t), "c1", "r2"); err != nil {
		t.Fatal(err)
	}
	rows, next, err := s.Gaps(ctx(t), bulwark.GapQuery{Page: bulwark.Page{Limit: 2}})
	if err != nil || len(rows) != 2 || next == "" || rows[0].Where != "w2" || !rows[0].At.Equal(newClock().now) || rows[0].Needs != "s3:ListBuckets" {
		t.Fatalf("Gaps = %+v, %q, %v", rows, next, err)
	}
	rows, next, err = s.Gaps(ctx(t), bulwark.GapQuery{Page: bulwark.Page{Limit: 2, Cursor: next}})
	if err != nil || len(rows) != 1 || next != "" || rows[0].Connector != "c2" {
		t.Errorf("second page = %+v, %q, %v", rows, next, err)
	}
	if one, _, err := s.Gaps(ctx(t), bulwark.GapQuery{ID: rows[0].ID}); err != nil || len(one) != 1 || !cmp.Equal(one[0], rows[0]) {
		t.Errorf("Gaps of id %q = %+v, %v, want it alone", rows[0].ID, one, err)
	}
	if _, _, err := s.Gaps(ctx(t), bulwark.GapQuery{ID: "x"}); !errors.Is(err, bulwark.ErrInvalid) {
		t.Errorf("Gaps of id x: %v, want invalid", err)
	}
	for _, tt := range []struct {
		q    bulwark.GapQuery
		want int64
	}{{bulwark.GapQuery{Scopes: []string{"aws"}}, 2}, {bulwark.GapQuery{What: []string{"file"}}, 1}, {bulwark.GapQuery{Connectors: []string{"c2"}}, 1}, {bulwark.GapQuery{Text: "DENIED"}, 2}, {bulwark.GapQuery{Needs: []string{"s3:ListBuckets"}}, 2}, {bulwark.GapQuery{Needs: []string{"x"}}, 0}} {
		if _, n, err := s.GapFacets(ctx(t), tt.q); err != nil || n != tt.want {
			t.Errorf("GapFacets(%+v) = %d, %v, want %d", tt.q, n, err, tt.want)
		}
	}
	facets, _, err := s.GapFacets(ctx(t), bulwark.GapQuery{})
	if diff := cmp.Diff([]bulwark.Facet{{Value: "s3:ListBuckets", Count: 2}}, facets["needs"]); diff != "" || err != nil {
		t.Errorf("facet needs: %v (-want +got):\n%s", err, diff)
	}
	if err := s.EndGapsOf(ctx(t), "c1", "listing"); err != nil {
		t.Fatal(err)
	}
	if rows, _, err := s.Gaps(ctx(t), bulwark.GapQuery{}); err != nil || len(rows) != 1 || rows[0].What != "file" {
		t.Errorf("after EndGapsOf Gaps = %+v, %v, want the other connector's", rows, err)
	}
}

func testPeople(t *testing.T, open Open) {
	c := newClock()
	s := open(options(c))
	alice := bulwark.User{Name: "alice", Grants: []bulwark.Grant{{Role: bulwark.Owner}, {Role: bulwark.Reader, Scope: scopeA}}, Created: c.now}
	link := bulwark.Link{Hash: "h1", Grants: alice.Grants, Expires: c.now.Add(time.Hour)}
	if err := s.AddLink(ctx(t), link); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Link(ctx(t), "h1"); err != nil || !cmp.Equal(got, link) {
		t.Errorf("Link = %+v, %v", got, err)
	}
	if err := s.TakeLink(ctx(t), "h1", alice, "hash"); err != nil {
		t.Fatal(err)
	}
	if err := s.TakeLink(ctx(t), "h1", bulwark.User{Name: "mallory"}, "x"); !errors.Is(err, bulwark.ErrNotFound) {
		t.Errorf("second TakeLink = %v, want not found", err)
	}
	if err := s.AddLink(ctx(t), bulwark.Link{Hash: "h2", Expires: c.now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if err := s.TakeLink(ctx(t), "h2", alice, "x"); !errors.Is(err, bulwark.ErrConflict) {
		t.Errorf("TakeLink for a taken name = %v, want conflict", err)
	}
	if _, err := s.Link(ctx(t), "h2"); err != nil {
		t.Errorf("the link of a refused name is gone: %v", err)
	}
	if u, pw, err := s.User(ctx(t), "alice"); err != nil || pw != "hash" || !cmp.Equal(u, alice) {
		t.Errorf("User = %+v %q, %v", u, pw, err)
	}
	if err := s.AddUser(ctx(t), alice, ""); !errors.Is(err, bulwark.ErrConflict) {
		t.Errorf("AddUser twice = %v, want conflict", err)
	}
	testSubjects(t, s, c)
	session := bulwark.Session{Hash: "s1", User: "alice", Created: c.now, Expires: c.now.Add(time.Hour)}
	token := bulwark.Token{ID: "t1", Name: "ci", Hash: "th", Grant: bulwark.Grant{Role: bulwark.Reader, Scope: scopeA}, User: "alice", Created: c.now, Expires: c.now.Add(time.Hour)}
	if err := errors.Join(s.AddSession(ctx(t), session), s.AddToken(ctx(t), token)); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Session(ctx(t), "s1"); err != nil || !cmp.Equal(got, session) {
		t.Errorf("Session = %+v, %v", got, err)
	}
	if err := s.AddToken(ctx(t), token); !errors.Is(err, bulwark.ErrConflict) {
		t.Errorf("AddToken twice = %v, want conflict", err)
	}
	for _, step := range []struct{ at, want time.Duration }{{time.Minute, time.Minute}, {90 * time.Second, time.Minute}, {2 * time.Minute, 2 * time.Minute}} {
		got, err := s.Token(ctx(t), "th", c.now.Add(step.at))
		if err != nil || !got.LastUsed.Equal(c.now.Add(step.want)) || got.Grant != token.Grant {
			t.Errorf("Token after %v = %+v, %v, want used at %v", step.at, got, err, step.want)
		}
	}
	if list := must[[]bulwark.Token](t)(s.Tokens(ctx(t))); len(list) != 1 {
		t.Errorf("Tokens = %+v", list)
	}
	if err := s.DeleteUser(ctx(t), "alice"); err != nil {
		t.Fatal(err)
	}
	_, e1 := s.Session(ctx(t), "s1")
	_, e2 := s.Token(ctx(t), "th", c.now)
	_, _, e3 := s.User(ctx(t), "alice")
	for _, err := range []error{e1, e2, e3, s.DeleteUser(ctx(t), "alice"), s.DeleteToken(ctx(t), "t1")} {
		if !errors.Is(err, bulwark.ErrNotFound) {
			t.Errorf("after DeleteUser: %v, want not found", err)
		}
	}
	if list := must[[]bulwark.User](t)(s.Users(ctx(t))); len(list) != 0 {
		t.Errorf("Users = %+v, want none", list)
	}
}

// testSubjects wants a subject to be one user, whatever the name, and leaves
// none behind.
func testSubjects(t *testing.T, s *store.Store, c *clock) {
	ben := bulwark.User{Name: "issuer:ben", Subject: "https://issuer 1", Grants: []bulwark.Grant{}, Created: c.now}
	if err := s.AddUser(ctx(t), ben, ""); err != nil {
		t.Fatal(err)
	}
	if u, err := s.UserBySubject(ctx(t), ben.Subject); err != nil || !cmp.Equal(u, ben) {
		t.Errorf("UserBySubject = %+v, %v", u, err)
	}
	if err := s.AddUser(ctx(t), bulwark.User{Name: "issuer:other", Subject: ben.Subject}, ""); !errors.Is(err, bulwark.ErrConflict) {
		t.Errorf("AddUser of a taken subject = %v, want conflict", err)
	}
	for _, subject := range []string{"", "https://issuer 2"} {
		if u, err := s.UserBySubject(ctx(t), subject); !errors.Is(err, bulwark.ErrNotFound) {
			t.Errorf("UserBySubject(%q) = %+v, %v, want not found", subject, u, err)
		}
	}
	ben.Grants, ben.Disabled = []bulwark.Grant{{Role: bulwark.Reader, Scope: scopeA}}, true
	if err := errors.Join(s.SetGrants(ctx(t), ben.Name, ben.Grants), s.SetDisabled(ctx(t), ben.Name, true)); err != nil {
		t.Fatal(err)
	}
	if u, _, err := s.User(ctx(t), ben.Name); err != nil || !cmp.Equal(u, ben) {
		t.Errorf("after SetGrants and SetDisabled User = %+v, %v", u, err)
	}
	for _, err := range []error{s.SetGrants(ctx(t), "nobody", nil), s.SetDisabled(ctx(t), "nobody", true)} {
		if !errors.Is(err, bulwark.ErrNotFound) {
			t.Errorf("a change of nobody = %v, want not found", err)
		}
	}
	if err := s.DeleteUser(ctx(t), ben.Name); err != nil {
		t.Fatal(err)
	}
}

func testAudit(t *testing.T, open Open) {
	s := open(options(newClock()))
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 5 {
				if err := s.Audit(t.Context(), bulwark.AuditEntry{Actor: fmt.Sprint("user:", i), Action: "test", Object: fmt.Sprint(j)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	n, head, err := s.VerifyAudit(ctx(t))
	if err != nil || n != 20 || len(head) != 64 {
		t.Fatalf("VerifyAudit = %d %q, %v, want 20", n, head, err)
	}
	list, next, err := s.AuditLog(ctx(t), bulwark.Page{Limit: 8})
	if err != nil || len(list) != 8 || list[0].Number != 20 || list[0].Hash != head || next == "" {
		t.Errorf("AuditLog = %+v, %q, %v", list, next, err)
	}
}

func testSecrets(t *testing.T, open Open) {
	o := options(newClock())
	o.KeyFile = filepath.Join(t.TempDir(), "keys")
	s := open(o)
	for name, text := range map[string]string{"a": "one", "b": ""} {
		if err := s.Seal(ctx(t), name, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.RotateKeys(ctx(t)); err != nil {
		t.Fatal(err)
	}
	again := open(o)
	if got, err := again.Unseal(ctx(t), "a"); err != nil || string(got) != "one" {
		t.Errorf("Unseal = %q, %v, want one", got, err)
	}
	if got, err := again.Unseal(ctx(t), "b"); err != nil || len(got) != 0 {
		t.Errorf("Unseal = %q, %v, want nothing", got, err)
	}
	data, err := os.ReadFile(o.KeyFile)
	if err != nil || strings.Count(string(data), "\n") != 2 {
		t.Errorf("key file = %q, %v, want two keys", data, err)
	}
	if _, err := s.Unseal(ctx(t), "none"); !errors.Is(err, bulwark.ErrNotFound) {
		t.Errorf("Unseal(none) = %v, want not found", err)
	}
	o.KeyFile = filepath.Join(t.TempDir(), "others")
	if _, err := open(o).Unseal(ctx(t), "a"); err == nil {
		t.Error("another key opens the secret")
	}
	o.KeyFile = ""
	if err := open(o).Seal(ctx(t), "a", nil); !errors.Is(err, bulwark.ErrUnavailable) {
		t.Errorf("Seal without keys = %v, want unavailable", err)
	}
}

func testRuns(t *testing.T, open Open) {
	c := newClock()
	s := open(options(c))
	for i := range 5 {
		r := bulwark.Run{ID: fmt.Sprint("r", i), Connector: "c1", Started: c.now}
		if err := s.SaveRun(ctx(t), r); err != nil {
			t.Fatal(err)
		}
		r.Assets, r.Calls, r.Error = 7, 31, "x"
		if i < 4 {
			r.Ended = c.now
		}
		if err := s.SaveRun(ctx(t), r); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.EndRuns(ctx(t), "killed"); err != nil {
		t.Fatal(err)
	}
	runs, next, err := s.Runs(ctx(t), "c1", bulwark.Page{Limit: 2})
	if err != nil || len(runs) != 2 || next == "" || runs[0].ID != "r4" || runs[0].Error != "killed" || runs[1].Assets != 7 || runs[1].Calls != 31 {
		t.Errorf("Runs = %+v, %q, %v", runs, next, err)
	}
	if got := must[[]byte](t)(s.Setting(ctx(t), "x")); got != nil {
		t.Errorf("Setting = %v, want none", got)
	}
	if err := s.SetSetting(ctx(t), "x", []byte("1")); err != nil {
		t.Fatal(err)
	}
	if got := must[[]byte](t)(s.Setting(ctx(t), "x")); string(got) != "1" {
		t.Errorf("Setting = %q, want 1", got)
	}
	for id, on := range map[string]bool{"mcsb-v1": true, "custom/own": false} {
		for _, v := range []bool{!on, on} { // the last counts
			if err := s.ChooseStandard(ctx(t), id, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff(map[string]bool{"mcsb-v1": true, "custom/own": false}, must[map[string]bool](t)(s.StandardChoices(ctx(t)))); diff != "" {
		t.Errorf("StandardChoices (-want +got):\n%s", diff)
	}
}

func testScorePoints(t *testing.T, open Open) {
	c := newClock()
	s := open(options(c))
	var added []bool
	for _, v := range []float64{10, 10, 11.5, 10} {
		c.advance(time.Hour)
		ok, err := s.AddScorePoint(ctx(t), bulwark.ScorePoint{At: c.now, Scope: "", Current: v, Max: 58})
		if err != nil {
			t.Fatal(err)
		}
		added = append(added, ok)
	}
	if !cmp.Equal(added, []bool{true, false, true, true}) {
		t.Errorf("added = %v, want only changes", added)
	}
	got := must[[]bulwark.ScorePoint](t)(s.ScoreHistory(ctx(t), "", newClock().now.Add(2*time.Hour)))
	if len(got) != 2 || got[0].Current != 11.5 || !got[1].At.Equal(c.now) {
		t.Errorf("ScoreHistory = %+v", got)
	}
}

func testOutbox(t *testing.T, open Open) {
	s := open(options(newClock()))
	a := asset(t, scopeA, "a", `{}`)
	apply(t, s, verdict(a, s.Revision(), unhealthy))
	list := must[[]store.Message](t)(s.Outbox(ctx(t), 10))
	if len(list) != 1 || len(list[0].ID) != 32 {
		t.Fatalf("Outbox = %+v, want one message", list)
	}
	var e store.Event
	if err := json.Unmarshal(list[0].Data, &e); err != nil {
		t.Fatal(err)
	}
	want := store.Event{Scope: scopeA, Assets: []string{a.ID}, Opened: []string{bulwark.FindingID("t/a", a.ID, "")}, Counts: true}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	if err := s.DeleteOutbox(ctx(t), []string{list[0].ID}); err != nil {
		t.Fatal(err)
	}
	if list := must[[]store.Message](t)(s.Outbox(ctx(t), 10)); len(list) != 0 {
		t.Errorf("Outbox = %+v, want none", list)
	}
}

// writtenFirst is how many assets a load writes before a backup begins.
const writtenFirst = 20

// testBackup backs up under load and restores into a store that is emptied by
// hand: the caller's other database.
func testBackup(t *testing.T, open Open) {
	s := open(options(newClock()))
	for i := range 300 {
		apply(t, s, verdict(asset(t, scopeA, fmt.Sprint("n", i), fmt.Sprintf(`{"v": %d}`, i)), s.Revision(), unhealthy, healthy))
	}
	if err := errors.Join(s.Audit(ctx(t), bulwark.AuditEntry{Actor: "a"}), s.AddUser(ctx(t), bulwark.User{Name: "u"}, "p")); err != nil {
		t.Fatal(err)
	}
	loaded, quiet := backupUnderLoad(t, s)
	if diff := cmp.Diff(everything(t, s), everything(t, restored(t, quiet))); diff != "" {
		t.Errorf("the restored state differs (-backed up +restored):\n%s", diff)
	}
	if err := s.Restore(ctx(t), bytes.NewReader(loaded)); !errors.Is(err, bulwark.ErrConflict) {
		t.Errorf("Restore over a store in use = %v, want conflict", err)
	}
	empty := restored(t, nil)
	for _, bad := range [][]byte{loaded[:len(loaded)/2], []byte("no backup"), nil} {
		if err := empty.Restore(ctx(t), bytes.NewReader(bad)); err == nil {
			t.Error("Restore of a damaged backup = nil, want an error")
		}
	}
	if err := empty.Restore(ctx(t), bytes.NewReader(loaded)); err != nil {
		t.Fatal(err)
	}
	sound(t, empty)
	written := 0 // one after the other, so that what one instant held is the first of them
	for _, line := range everything(t, empty) {
		if strings.HasPrefix(line, "asset ") && strings.Contains(line, scopeB) {
			written++
		}
	}
	for i := range written {
		if _, _, err := empty.Asset(ctx(t), asset(t, scopeB, fmt.Sprint("m", i), `{}`).ID); err != nil {
			t.Errorf("of %d written meanwhile number %d is missing: %v", written, i, err)
		}
	}
	if written < writtenFirst {
		t.Errorf("the backup holds %d of the writes before it, want all %d", written, writtenFirst)
	}
	t.Logf("figure: a backup under load holds the first %d writes, whole", written)
	if n, _, err := empty.VerifyAudit(ctx(t)); err != nil || n != 1 {
		t.Errorf("audit log after restore: %d, %v", n, err)
	}
	got, _, err := empty.Asset(ctx(t), asset(t, scopeA, "n77", `{}`).ID)
	if err != nil || got.Properties.At("v").Int() != 77 {
		t.Errorf("asset after restore = %v, %v", got, err)
	}
	if again := apply(t, empty, verdict(got, empty.Revision(), unhealthy, healthy)); again != (store.Applied{}) {
		t.Errorf("equal verdict after restore = %+v, want nothing", again)
	}
	if fresh := apply(t, empty, verdict(asset(t, scopeA, "fresh", `{}`), empty.Revision(), unhealthy)); fresh.Opened != 1 {
		t.Errorf("new verdict after restore = %+v", fresh)
	}
	sound(t, empty)
}

// backupUnderLoad backs up while assets are written one after the other, and
// again when none is.
func backupUnderLoad(t *testing.T, s *store.Store) (loaded, quiet []byte) {
	t.Helper()
	stop, stopped, busy := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			if i == writtenFirst {
				close(busy)
			}
			select {
			case <-stop:
				return
			default:
			}
			if _, err := s.Put(t.Context(), scopeB, []*bulwark.Asset{asset(t, scopeB, fmt.Sprint("m", i), `{}`)}); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	select {
	case <-busy:
	case <-stopped:
		t.Fatal("the load has ended")
	}
	var one, two bytes.Buffer
	err := s.Backup(ctx(t), &one)
	close(stop)
	<-stopped
	if err = errors.Join(err, s.Backup(ctx(t), &two)); err != nil {
		t.Fatal(err)
	}
	return one.Bytes(), two.Bytes()
}

// restored opens a new store, filled from a backup if there is one.
func restored(t *testing.T, backup []byte) *store.Store {
	t.Helper()
	s, err := store.Open(ctx(t), filepath.Join(t.TempDir(), "restored.db"), options(newClock()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if backup != nil {
		if err := s.Restore(ctx(t), bytes.NewReader(backup)); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// everything returns a store's assets with their configuration, verdicts,
// findings, counts and users, a line each.
func everything(t *testing.T, s *store.Store) []string {
	t.Helper()
	out := findings(t, s, bulwark.FindingQuery{})
	add := func(kind string, v any) {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, kind+" "+string(data))
	}
	for cursor := ""; ; {
		rows, next, err := s.Assets(ctx(t), bulwark.AssetQuery{Page: bulwark.Page{Limit: 1000, Cursor: cursor}})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			a, _, err := s.Asset(ctx(t), r.ID)
			if err != nil {
				t.Fatal(err)
			}
			add("asset", []any{r, a.Properties.String()})
		}
		if cursor = next; next == "" {
			break
		}
	}
	if err := s.EachStates(ctx(t), nil, func(st *bulwark.States) error { add("states", st); return nil }); err != nil {
		t.Fatal(err)
	}
	add("counts", must[[]bulwark.Count](t)(s.Counts(ctx(t), nil)))
	add("users", must[[]bulwark.User](t)(s.Users(ctx(t))))
	return out
}

// testConcurrent writes to several scopes at once, and reads meanwhile.
func testConcurrent(t *testing.T, open Open) {
	s := open(options(newClock()))
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			scope := fmt.Sprintf("aws/%d", w%2)
			for round := range 5 {
				var list []bulwark.Verdict
				for i := range 40 {
					list = append(list, verdict(asset(t, scope, fmt.Sprint("n", i), fmt.Sprintf(`{"r": %d}`, round)), s.Revision(), bulwark.State((i+w+round)%4), unhealthy))
				}
				if _, err := s.Apply(t.Context(), scope, list); err != nil {
					t.Error(err)
				}
				if _, _, err := s.Findings(t.Context(), bulwark.FindingQuery{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	sound(t, s)
}
