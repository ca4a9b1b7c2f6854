package estates

import (
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	"github.com/bulwarksec/bulwark/internal/replay"
	awsreplay "github.com/bulwarksec/bulwark/internal/replay/aws"
	"github.com/bulwarksec/bulwark/internal/store"
)

// TestHostileAWS collects an estate into a store, once as it is, once from a
// server of which every call goes wrong in one way, and once as it is again. By
// what goes wrong no asset may be gone and no finding resolved, and afterwards
// all is as before.
func TestHostileAWS(t *testing.T) {
	loaded, problems := pipeline.LoadContent(pipeline.ContentOptions{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	sound := replay.Rule{Call: replay.Call{Service: "sts"}, Kind: replay.Slow} // without it nobody gets as far as to call anything
	faults := []fault{
		{name: "a region hangs", rules: []replay.Rule{{Call: replay.Call{Region: "us-west-2"}, Kind: replay.Timeout}}},
		{name: "half of all throttled", rules: []replay.Rule{{Chance: 0.5, Kind: replay.Throttled}}, madeUp: true},
		{name: "nobody may assume a role", rules: []replay.Rule{{Call: replay.Call{Service: "sts", Operation: "AssumeRole"}, Kind: replay.Denied}}},
		{name: "a key that is not known", key: "AKIAOTHER"},
	}
	for _, k := range []replay.Kind{replay.Denied, replay.ServerError, replay.Malformed, replay.Truncated, replay.EmptyPage, replay.Redirect, replay.Timeout} {
		faults = append(faults, fault{name: "every call " + string(k), rules: []replay.Rule{sound, {Kind: k, Location: "https://elsewhere.example/"}}})
	}
	calls := 0
	for _, f := range faults {
		dir := t.TempDir()
		t.Run(f.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { calls += hostile(t, loaded, filepath.Join(dir, "b.db"), f) })
		})
	}
	t.Logf("figure: %d faults, %d calls", len(faults), calls)
}

// fault is what goes wrong in a run.
type fault struct {
	name   string
	rules  []replay.Rule
	key    string // the reader's, where it is another
	madeUp bool   // by trying again: no gap is left
}

func hostile(t *testing.T, loaded *pipeline.Loaded, file string, f fault) (calls int) {
	st, err := store.Open(t.Context(), file, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}()
	e := pipeline.NewEngine(st, loaded, time.Now, slog.New(slog.DiscardHandler))
	collect := func(f fault) *Read {
		o := AWS{Accounts: 2, Regions: []string{"eu-west-1", "us-west-2"}, Share: 0.02}.Serve()
		o.Faults = f.rules
		if f.key != "" {
			o.Keys[0].ID = f.key
		}
		server, err := awsreplay.New(o)
		if err != nil {
			t.Fatal(err)
		}
		estate, err := Reader(loaded.Content.Types, server.Transport())
		if err != nil {
			t.Fatal(err)
		}
		r := &Read{}
		e.Add(pipeline.Source{ID: "aws", Gatherer: r.Count(estate)})
		run, err := e.Collect(t.Context(), "aws")
		if run.Error != "" {
			r.Gaps = append(r.Gaps, run.Error)
		} else if err != nil {
			t.Fatal(err)
		}
		for _, n := range server.Counts() {
			calls += n.Calls
		}
		return r
	}
	collect(fault{})
	assets, findings := held(t, st)
	if len(assets) < 50 || len(findings) < 20 {
		t.Fatalf("%d assets and %d findings are too few to lose", len(assets), len(findings))
	}
	if r := collect(f); (len(r.Gaps) == 0) != f.madeUp {
		t.Errorf("%d gaps tell of it", len(r.Gaps))
	}
	a, open := held(t, st)
	if lost := without(assets, a); len(lost) > 0 {
		t.Errorf("%d assets are gone, such as %s", len(lost), lost[0])
	}
	if lost := without(findings, open); len(lost) > 0 {
		t.Errorf("%d findings are resolved: %s", len(lost), lost)
	}
	if r := collect(fault{}); len(r.Gaps) > 0 {
		t.Errorf("afterwards %s", r.Gaps[0])
	}
	if a, f := held(t, st); !slices.Equal(a, assets) || !slices.Equal(f, findings) {
		t.Errorf("afterwards %d assets and %d findings, before %d and %d", len(a), len(f), len(assets), len(findings))
	}
	return calls
}

// held returns the ids of the assets and of the open findings, sorted.
func held(t *testing.T, st *store.Store) (assets, findings []string) {
	t.Helper()
	for page := (bulwark.Page{Limit: 200}); ; {
		list, next, err := st.Findings(t.Context(), bulwark.FindingQuery{States: []bulwark.FindingState{bulwark.Open}, Page: page})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range list {
			findings = append(findings, f.Check+" "+f.Asset+" "+f.ID)
		}
		if page.Cursor = next; next == "" {
			break
		}
	}
	for page := (bulwark.Page{Limit: 200}); ; {
		list, next, err := st.Assets(t.Context(), bulwark.AssetQuery{Page: page})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range list {
			assets = append(assets, a.ID)
		}
		if page.Cursor = next; next == "" {
			break
		}
	}
	slices.Sort(assets)
	slices.Sort(findings)
	return assets, findings
}

func without(had, has []string) (lost []string) {
	for _, id := range had {
		if _, ok := slices.BinarySearch(has, id); !ok {
			lost = append(lost, id)
		}
	}
	return lost
}
