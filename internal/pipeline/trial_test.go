package pipeline

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
)

// triedText is a check of buckets with its tests.
func triedText(healthy string) string {
	return checkText("test/Bucket", "high", "restrict-unauthorized-network-access", healthy) + `tests:
  - {name: closed, asset: {public: false}, want: healthy}
  - {name: open, asset: {public: true}, want: unhealthy}
  - {name: denied, asset: {public: !unknown denied}, want: unknown}
`
}

func trialEngine(t *testing.T) *Engine {
	t.Helper()
	l := load(t, nil)
	c := newCloud(l)
	c.account(t, "aws/1", "a", "", true)
	c.bucket(t, "aws/1", "guarded", "live:aws/1/account/a", `{"public":true,"account":"a"}`)
	c.bucket(t, "aws/1", "closed", "live:aws/1/account/a", `{"public":false,"account":"a"}`)
	c.bucket(t, "aws/2", "open", "", `{"public":true}`)
	e := newEngine(t, tempFile(t), l, newClock())
	e.Add(Source{ID: "cloud", Gatherer: c})
	collect(t, e, "cloud")
	return e
}

// A tried check is compared with the one in force on stored assets.
func TestTryCheck(t *testing.T) {
	e := trialEngine(t)
	got, err := e.TryCheck(t.Context(), "test/public", triedText("asset.public != true"), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := bulwark.Trial{
		Tests:  []bulwark.TestResult{{Name: "closed", Want: bulwark.Healthy}, {Name: "open", Want: bulwark.Unhealthy}, {Name: "denied", Want: bulwark.Undetermined}},
		Assets: 3, Whole: true, InForce: true,
		Now: bulwark.Tally{Healthy: 2, Unhealthy: 1}, Tried: bulwark.Tally{Healthy: 1, Unhealthy: 2}, Changes: 1,
		Changed: []bulwark.VerdictChange{{Asset: "live:aws/1/bucket/guarded", Type: "test/Bucket", Name: "guarded", Scope: "aws/1", Now: bulwark.Healthy, Tried: bulwark.Unhealthy, Because: "it is not"}},
	}
	for i := range got.Tests {
		got.Tests[i].Line = 0
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("trial (-want +got):\n%s", diff)
	}
	within, err := e.TryCheck(t.Context(), "custom/test/new", triedText("asset.public != true"), []string{"aws/2"})
	if err != nil || within.InForce || within.Assets != 1 || within.Changes != 1 || within.Changed[0].Name != "open" {
		t.Errorf("a new check within aws/2 = %+v, %v, want one asset, which it finds", within, err)
	}
}

// What is wrong with a text is told with its line, and nothing is judged.
func TestTryCheckProblems(t *testing.T) {
	e := trialEngine(t)
	tests := []struct{ name, text, message string }{
		{"yaml", "title: [", "YAML"},
		{"property", triedText("asset.pubic != true"), "pubic"},
		{"no tests", checkText("test/Bucket", "high", "none", "asset.public != true"), "lacks a test"},
		{"type", strings.Replace(triedText("true"), "asset: test/Bucket", "asset: test/Bukcet", 1), "Bukcet"},
		{"switched off", "overrides: test/public\nenabled: false\n", "switched off"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := e.TryCheck(t.Context(), "custom/test/new", tt.text, nil)
			if err != nil || len(got.Problems) == 0 || got.Assets != 0 {
				t.Fatalf("TryCheck = %+v, %v, want problems and no asset judged", got, err)
			}
			if p := got.Problems[0]; !strings.Contains(strings.ToLower(p.Message), strings.ToLower(tt.message)) {
				t.Errorf("problem = %v, want it to name %s", p, tt.message)
			}
		})
	}
	failing, err := e.TryCheck(t.Context(), "custom/test/new", strings.Replace(triedText("asset.public != true"), "{public: false}", "{public: true}", 1), nil)
	if err != nil || len(failing.Tests) != 3 || failing.Tests[0].Problem == "" {
		t.Errorf("a failing test = %+v, %v, want its problem", failing.Tests, err)
	}
}

// A saved check is in the folder, in force, and judges what is stored.
func TestEditorSave(t *testing.T) {
	e, dir := trialEngine(t), t.TempDir()
	d := NewEditor(e, dir)
	if problems, err := d.Save(t.Context(), "custom/test/mine", triedText("asset.pubic != true")); err != nil || len(problems) == 0 {
		t.Fatalf("saving a wrong check = %v, %v, want problems", problems, err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 0 {
		t.Fatalf("a wrong check left %v, %v", list, err)
	}
	text := triedText("asset.public != true")
	if problems, err := d.Save(t.Context(), "custom/test/mine", text); err != nil || len(problems) > 0 {
		t.Fatalf("Save = %v, %v", problems, err)
	}
	if data, err := os.ReadFile(filepath.Join(dir, "test/mine.yaml")); err != nil || string(data) != text {
		t.Errorf("the file has %q, %v", data, err)
	}
	if err := e.Judge(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	rows, _, err := e.store.Assessments(t.Context(), bulwark.AssessmentQuery{Check: "custom/test/mine", States: []bulwark.State{bulwark.Unhealthy}, Page: bulwark.Page{Limit: 10}})
	if err != nil || len(rows) != 2 {
		t.Errorf("%d assets are unhealthy by the saved check, %v, want 2", len(rows), err)
	}
	if problems, err := d.Save(t.Context(), "custom/test/mine", triedText("asset.public == false")); err != nil || len(problems) > 0 {
		t.Errorf("saving again = %v, %v", problems, err)
	}
	if list, err := os.ReadDir(filepath.Join(dir, "test")); err != nil || len(list) != 1 {
		t.Errorf("the folder holds %v, %v, want the one file", list, err)
	}
}

func TestEditorRefuses(t *testing.T) {
	e := trialEngine(t)
	text := triedText("asset.public != true")
	tests := []struct {
		folder, id string
		want       error
	}{
		{t.TempDir(), "aws/test/mine", bulwark.ErrInvalid},
		{t.TempDir(), "custom/../../etc/x", bulwark.ErrInvalid},
		{t.TempDir(), "custom/test/.hidden", bulwark.ErrInvalid},
		{"", "custom/test/mine", bulwark.ErrConflict},
	}
	for _, tt := range tests {
		if _, err := NewEditor(e, tt.folder).Save(t.Context(), tt.id, text); !errors.Is(err, tt.want) {
			t.Errorf("Save(%s) in %q = %v, want %v", tt.id, tt.folder, err, tt.want)
		}
	}
	d := NewEditor(e, "")
	d.trying <- struct{}{}
	if _, err := d.Try(t.Context(), "custom/test/mine", text, nil); !errors.Is(err, bulwark.ErrThrottled) {
		t.Errorf("a second trial = %v, want ErrThrottled", err)
	}
}
