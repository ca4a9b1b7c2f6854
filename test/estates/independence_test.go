package estates

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	"github.com/bulwarksec/bulwark/internal/replay"
	awsreplay "github.com/bulwarksec/bulwark/internal/replay/aws"
	"github.com/bulwarksec/bulwark/internal/store"
)

// TestDetectorsDenied collects an organisation once as it is and once with no
// access to Security Hub, and to Config: but for verdicts on these services
// themselves, none changes.
func TestDetectorsDenied(t *testing.T) {
	loaded, problems := pipeline.LoadContent(pipeline.ContentOptions{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	read := func(rules ...replay.Rule) (verdicts []string) {
		st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "b.db"), store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := st.Close(); err != nil {
				t.Error(err)
			}
		}()
		o := AWS{Accounts: 2, Regions: []string{"eu-west-1"}, Share: 0.1}.Serve()
		o.Faults = rules
		server, err := awsreplay.New(o)
		if err != nil {
			t.Fatal(err)
		}
		estate, err := Reader(loaded.Content.Types, server.Transport())
		if err != nil {
			t.Fatal(err)
		}
		e := pipeline.NewEngine(st, loaded, time.Now, slog.New(slog.DiscardHandler))
		e.Add(pipeline.Source{ID: "aws", Gatherer: estate})
		if run, err := e.Collect(t.Context(), "aws"); err != nil || run.Error != "" {
			t.Fatal(run.Error, err)
		}
		return verdictsOf(t, st)
	}
	want := read()
	if len(want) < 500 {
		t.Fatalf("%d verdicts are too few to tell", len(want))
	}
	for _, service := range []string{"securityhub", "configservice"} {
		got := read(replay.Rule{Call: replay.Call{Service: service}, Kind: replay.Denied})
		own := func(v string) bool { return strings.HasPrefix(v, "aws/"+strings.TrimSuffix(service, "service")+"/") }
		before, after := slices.DeleteFunc(slices.Clone(want), own), slices.DeleteFunc(slices.Clone(got), own)
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("%s denied (-before +after):\n%s", service, diff)
		}
		if slices.Equal(want, got) {
			t.Errorf("%s denied changes not even verdicts on it: was it ever asked?", service)
		}
		t.Logf("figure: %s denied: %d verdicts of %d are as before, the others judge %s itself", service, len(after), len(got), service)
	}
}

// verdictsOf lists every check's verdict on every asset, sorted.
func verdictsOf(t *testing.T, st *store.Store) (list []string) {
	t.Helper()
	for page := (bulwark.Page{Limit: 200}); ; {
		rows, next, err := st.Assessments(t.Context(), bulwark.AssessmentQuery{Page: page})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range rows {
			list = append(list, fmt.Sprintf("%s %s %s", a.Check, a.Asset, a.State))
		}
		if page.Cursor = next; next == "" {
			slices.Sort(list)
			return list
		}
	}
}
