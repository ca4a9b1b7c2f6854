package check

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/bulwarksec/bulwark"
)

var update = flag.Bool("update", false, "rewrite the expected output of tests")

func TestSemantics(t *testing.T) {
	for _, lazy := range []bool{false, true} {
		checks, types := load(t, "semantics.txtar")
		s, problems := Compile(checks, types, Options{Lazy: lazy})
		for _, p := range append(problems, s.Test()...) {
			t.Error(p)
		}
		if len(s.Checks()) != len(checks) {
			t.Errorf("lazy %v: %d checks in the set, want %d", lazy, len(s.Checks()), len(checks))
		}
	}
}

// TestTestReports makes each inline test want something else, and holds Test
// to reporting every one.
func TestTestReports(t *testing.T) {
	checks, types := load(t, "semantics.txtar")
	n := 0
	for _, c := range checks {
		for i := range c.Tests {
			c.Tests[i].Want = (c.Tests[i].Want + 1) % 4
			n++
		}
	}
	s, _ := Compile(checks, types, Options{})
	got := s.Test()
	if len(got) != n {
		t.Errorf("Test() reports %d problems, want %d", len(got), n)
	}
	for _, p := range got {
		if p.File == "" || p.Line == 0 || p.Mend == "" {
			t.Errorf("problem %q lacks file, line or mend", p)
		}
	}
}

// golden compares with a file of an archive, and rewrites it with -update.
func golden(t *testing.T, file, name, got string) {
	t.Helper()
	path := "testdata/" + file
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range a.Files {
		if a.Files[i].Name != name {
			continue
		}
		if *update {
			a.Files[i].Data = []byte(got)
			if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
				t.Fatal(err)
			}
			return
		}
		if diff := cmp.Diff(string(a.Files[i].Data), got); diff != "" {
			t.Errorf("%s of %s differs (-want +got):\n%s", name, file, diff)
		}
		return
	}
	t.Fatalf("%s has no %s", file, name)
}

func TestProblems(t *testing.T) {
	checks, types := load(t, "problems.txtar")
	s, problems := Compile(checks, types, Options{})
	var b strings.Builder
	for _, p := range problems {
		fmt.Fprintln(&b, p)
	}
	golden(t, "problems.txtar", "want", b.String())
	if got := s.For("test/Bucket"); len(got) != 1 || got[0].ID != "a_good" || got[0].Severity != bulwark.Critical {
		t.Errorf("For(test/Bucket) = %v, want a_good alone, with the override's severity", got)
	}
}

// TestEvidence writes out what Judge says of one asset, with where it stands.
func TestEvidence(t *testing.T) {
	checks, types := load(t, "evidence.txtar")
	s, problems := Compile(checks, types, Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	a, err := txtar.ParseFile("testdata/evidence.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range a.Files {
		if !strings.HasSuffix(f.Name, ".json") {
			continue
		}
		v, err := bulwark.DecodeJSON(f.Data, bulwark.DecodeOptions{Names: types.Names(), Marks: true, Asset: "code:a", File: f.Name})
		if err != nil {
			t.Fatal(err)
		}
		asset := &bulwark.Asset{ID: "code:a", Type: "apps/v1/Deployment", Properties: v, Position: bulwark.Position{File: f.Name, Line: 1}}
		for _, got := range s.Judge(asset, nil, time.Time{}) {
			fmt.Fprintf(&b, "%s: %s", got.Check, got.State)
			if got.Because != "" {
				fmt.Fprintf(&b, ": %s", got.Because)
			}
			b.WriteString("\n")
			for _, e := range got.Evidence {
				fmt.Fprintf(&b, "  evidence %s %s = %s %s\n", e.Position, e.Path, e.Value, e.Reason)
			}
			for _, in := range got.Instances {
				fmt.Fprintf(&b, "  instance %s at %s %s\n", in.Key, in.Location, in.Path)
			}
		}
	}
	golden(t, "evidence.txtar", "want", b.String())
}

func TestPanicIsUnknown(t *testing.T) {
	checks, types := load(t, "semantics.txtar")
	s, _ := Compile(checks, types, Options{})
	v, err := bulwark.DecodeJSON([]byte(`{"account":"1"}`), bulwark.DecodeOptions{Names: types.Names()})
	if err != nil {
		t.Fatal(err)
	}
	a := &bulwark.Asset{ID: "live:1", Type: "test/Bucket", Properties: v}
	for i, got := range s.Judge(a, panicking{}, time.Time{}) {
		if s.For("test/Bucket")[i].ID == "relation" && (got.State != bulwark.Undetermined || !strings.Contains(got.Because, "boom")) {
			t.Errorf("Judge of a panicking world = %s (%s), want unknown with the reason", got.State, got.Because)
		}
	}
}

type panicking struct{}

func (panicking) Related(*bulwark.Asset, string) ([]*bulwark.Asset, string) { panic("boom") }
func (panicking) Fact(*bulwark.Asset, string) bulwark.Value                 { panic("boom") }

// TestPositionOfParameters holds faults of live assets to no place: the list
// that a parameter gives stands in the check's file, where nothing is wrong.
func TestPositionOfParameters(t *testing.T) {
	b := bulwark.NewBuilder(nil, bulwark.Limits{})
	b.At(bulwark.Position{File: "check.yaml", Line: 7})
	b.String("owner")
	parameter, err := b.Build("")
	if err != nil {
		t.Fatal(err)
	}
	live := &bulwark.Asset{ID: "live:a"}
	if got := position(live, parameter); got.File != "" {
		t.Errorf("the fault of a live asset stands at %s, want nowhere", got)
	}
	code := &bulwark.Asset{ID: "code:a", Position: bulwark.Position{File: "main.tf", Line: 3}}
	if got := position(code, parameter); got.File != "main.tf" {
		t.Errorf("the fault of an asset of code stands at %s, want main.tf:3", got)
	}
}

// TestPartial tells verdicts that name all that is at fault from those beside
// which something is unknown.
func TestPartial(t *testing.T) {
	checks, types := load(t, "evidence.txtar")
	s, problems := Compile(checks, types, Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, tt := range []struct {
		pod     string
		partial bool
	}{
		{`{"spec":{"template":{"spec":{"containers":[{"name":"a","securityContext":{"privileged":true}},{"name":"b","securityContext":{"privileged":true}}]}}}}`, false},
		{`{"spec":{"template":{"spec":{"containers":[{"name":"a","securityContext":{"privileged":true}},{"name":"b","securityContext":{"privileged":{"$unknown":"denied"}}}]}}}}`, true},
	} {
		v, err := bulwark.DecodeJSON([]byte(tt.pod), bulwark.DecodeOptions{Names: types.Names(), Marks: true, Asset: "code:a"})
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, a := range s.Judge(&bulwark.Asset{ID: "code:a", Type: "apps/v1/Deployment", Properties: v}, nil, time.Time{}) {
			if a.Check == "privileged" || a.Check == "negated" {
				found = a.State == bulwark.Unhealthy
				if a.Partial != tt.partial {
					t.Errorf("%s: %s is partial: %v, want %v", tt.pod, a.Check, a.Partial, tt.partial)
				}
			}
		}
		if !found {
			t.Errorf("%s: the check is not unhealthy", tt.pod)
		}
	}
}
