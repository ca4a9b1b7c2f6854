package pipeline

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/content"
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
	got, err := e.TryCheck(t.Context(), "test/public", triedText("asset.public != true"), nil, nil)
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
	within, err := e.TryCheck(t.Context(), "custom/test/new", triedText("asset.public != true"), []string{"aws/2"}, nil)
	if err != nil || within.InForce || within.Assets != 1 || within.Changes != 1 || within.Changed[0].Name != "open" {
		t.Errorf("a new check within aws/2 = %+v, %v, want one asset, which it finds", within, err)
	}
}

// What an author may not read is unknown to a tried check, in either direction
// of a relation, and not in its answer.
func TestTryCheckReadsOnlyWhatMayBeRead(t *testing.T) {
	l := load(t, nil)
	c := newCloud(l)
	c.account(t, "aws/secret", "a", "", true)
	c.bucket(t, "aws/1", "mine", "live:aws/secret/account/a", `{"public":true,"account":"a"}`)
	c.account(t, "aws/1", "b", "", true)
	c.bucket(t, "aws/secret", "theirs", "live:aws/1/account/b", `{"public":true,"account":"b"}`)
	e := newEngine(t, tempFile(t), l, newClock())
	e.Add(Source{ID: "cloud", Gatherer: c})
	collect(t, e, "cloud")
	buckets := triedText("asset.public != true || related(asset, 'account').all(a, a.id != 'a')")
	accounts := checkText("test/Account", "high", "restrict-unauthorized-network-access", "related(asset, 'buckets').all(b, b.account != 'b')") + `tests:
  - {name: none, asset: {id: b}, want: healthy}
  - {name: one, asset: {id: b}, related: {buckets: [{account: b}]}, want: unhealthy}
  - {name: denied, asset: {id: b}, related: {buckets: !unknown denied}, want: unknown}
`
	mine, all := []string{"aws/1"}, []string(nil)
	tests := []struct {
		name, text string
		readable   []string
		want       bulwark.Tally
	}{
		{"an account elsewhere", buckets, mine, bulwark.Tally{Unknown: 1}},
		{"an account elsewhere that may be read", buckets, all, bulwark.Tally{Unhealthy: 1}},
		{"a bucket elsewhere", accounts, mine, bulwark.Tally{Unknown: 1}},
		{"a bucket elsewhere that may be read", accounts, all, bulwark.Tally{Unhealthy: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := e.TryCheck(t.Context(), "custom/test/new", tt.text, mine, tt.readable)
			if err != nil || len(got.Problems) > 0 || got.Tried != tt.want {
				t.Errorf("TryCheck = %+v, %v, want %+v", got, err, tt.want)
			}
		})
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
			got, err := e.TryCheck(t.Context(), "custom/test/new", tt.text, nil, nil)
			if err != nil || len(got.Problems) == 0 || got.Assets != 0 {
				t.Fatalf("TryCheck = %+v, %v, want problems and no asset judged", got, err)
			}
			if p := got.Problems[0]; !strings.Contains(strings.ToLower(p.Message), strings.ToLower(tt.message)) {
				t.Errorf("problem = %v, want it to name %s", p, tt.message)
			}
		})
	}
	failing, err := e.TryCheck(t.Context(), "custom/test/new", strings.Replace(triedText("asset.public != true"), "{public: false}", "{public: true}", 1), nil, nil)
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

// A check that is kept is taken up, though whoever kept it has gone meanwhile.
func TestEditorSaveOutlivesItsRequest(t *testing.T) {
	e := trialEngine(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	problems, err := NewEditor(e, t.TempDir()).Save(ctx, "custom/test/mine", triedText("asset.public != true"))
	if err != nil || len(problems) > 0 || e.Check("custom/test/mine") == nil {
		t.Errorf("Save = %v, %v, in force %v, want it in force", problems, err, e.Check("custom/test/mine") != nil)
	}
	if n, err := e.store.CountDirty(t.Context()); err != nil || n != 3 {
		t.Errorf("%d assets are to be judged by it, %v, want 3", n, err)
	}
}

// Whatever its id, a saved check is found again beside those that were there.
func TestEditorSaveIsLoadedAgain(t *testing.T) {
	text := triedText("asset.public != true")
	for _, folder := range []string{"flat", "of kinds"} {
		for _, id := range []string{"custom/mine", "custom/checks/mine", "custom/types/mine", "custom/standards/x/mine", "custom/custom/mine", "custom/checks"} {
			t.Run(folder+"/"+id, func(t *testing.T) {
				e, dir := trialEngine(t), t.TempDir()
				there := filepath.Join(dir, "there.yaml")
				if folder == "of kinds" {
					there = filepath.Join(dir, "checks", "there.yaml")
				}
				if err := errors.Join(os.MkdirAll(filepath.Dir(there), 0o755), os.WriteFile(there, []byte(text), 0o644)); err != nil {
					t.Fatal(err)
				}
				if problems, err := NewEditor(e, dir).Save(t.Context(), id, text); err != nil || len(problems) > 0 {
					t.Fatalf("Save = %v, %v", problems, err)
				}
				tinyFS := fstest.MapFS{}
				for name, text := range tiny {
					tinyFS[name] = &fstest.MapFile{Data: []byte(text)}
				}
				c, problems := content.Load(content.Options{}, content.Layer{FS: tinyFS, Name: "tiny"}, content.Layer{FS: os.DirFS(dir), Name: dir, Custom: true})
				if len(problems) > 0 {
					t.Errorf("loading again: %v", problems)
				}
				for _, want := range []string{id, "custom/there"} {
					if !slices.ContainsFunc(c.Checks, func(k *bulwark.Check) bool { return k.ID == want }) {
						t.Errorf("check %s is not found again", want)
					}
				}
			})
		}
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
	if _, err := d.Try(t.Context(), "custom/test/mine", text, nil, nil); !errors.Is(err, bulwark.ErrThrottled) {
		t.Errorf("a second trial = %v, want ErrThrottled", err)
	}
}
