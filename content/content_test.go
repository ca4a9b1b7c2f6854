package content

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/bulwarksec/bulwark"
)

// TestLoad reads each testdata/*.txtar: content files, then the file "want"
// that lists what was loaded and every problem. BULWARK_UPDATE=1 rewrites it.
func TestLoad(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no testdata: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			layers := map[string]fstest.MapFS{}
			want := -1
			for i, f := range ar.Files {
				if f.Name == "want" {
					want = i
					continue
				}
				layer, path, _ := strings.Cut(f.Name, "/")
				if layers[layer] == nil {
					layers[layer] = fstest.MapFS{}
				}
				layers[layer][path] = &fstest.MapFile{Data: f.Data}
			}
			got := render(Load(Options{Tests: true}, Layer{FS: layers["own"], Name: "own"}, Layer{FS: or(layers["user"]), Name: "user", Custom: true}))
			if os.Getenv("BULWARK_UPDATE") != "" {
				ar.Files[want].Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(ar.Files[want].Data), got); diff != "" {
				t.Errorf("Load (-want +got):\n%s", diff)
			}
		})
	}
}

func or(m fstest.MapFS) fs.FS {
	if m == nil {
		return fstest.MapFS{}
	}
	return m
}

func render(c *Content, problems []bulwark.Problem) string {
	var b strings.Builder
	for _, t := range c.Types.All() {
		fmt.Fprintf(&b, "type %s (%s): %d properties, %d mappings\n", t.ID, t.Provider, len(t.Properties), len(t.From.Terraform))
	}
	for _, k := range c.Checks {
		fmt.Fprintf(&b, "check %s %s: %d tests\n", k.ID, k.Severity, len(k.Tests))
	}
	for _, s := range c.Standards {
		for _, section := range s.Sections {
			for _, k := range section.Controls {
				fmt.Fprintf(&b, "standard %s %s %s %v\n", s.ID, k.ID, k.Coverage(), k.Checks)
			}
		}
	}
	for _, p := range problems {
		fmt.Fprintf(&b, "problem %s\n", p)
	}
	return b.String()
}

// twoSentences matches a text in which something follows a sentence's end.
var twoSentences = regexp.MustCompile(`[.!?]"?\s+\S`)

// TestEmbedded holds the product's own content to the structure it demands of
// users'.
func TestEmbedded(t *testing.T) {
	c, problems := Load(Options{Tests: true}, Embedded())
	for _, p := range problems {
		t.Errorf("%s", p)
	}
	titles := map[string]string{}
	for _, check := range c.Checks {
		if other := titles[check.Title]; other != "" {
			t.Errorf("%s and %s have one title, so a list of recommendations looks as if it repeats itself: %s", check.ID, other, check.Title)
		}
		titles[check.Title] = check.ID
		if !twoSentences.MatchString(check.Risk) {
			t.Errorf("%s says its risk in less than two sentences: %s", check.ID, check.Risk)
		}
	}
	t.Logf("%d types, %d checks, %d standards", len(c.Types.All()), len(c.Checks), len(c.Standards))
}

func BenchmarkLoadEmbedded(b *testing.B) {
	for b.Loop() {
		c, _ := Load(Options{}, Embedded())
		b.ReportMetric(float64(len(c.Checks)*b.N)/b.Elapsed().Seconds(), "checks/s")
	}
}

func FuzzLoadCheck(f *testing.F) {
	f.Add([]byte(goodCheck))
	f.Add([]byte("overrides: x\nseverity: low\n"))
	f.Add([]byte("tests: [{related: {a: !unknown x}}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		own := fstest.MapFS{"checks/aws/x.yaml": {Data: data}, "types/aws/AWS.S3.Bucket.yaml": {Data: []byte("id: AWS::S3::Bucket\nname: S3 bucket\nproperties: {BucketName: string}\n")}}
		c, problems := Load(Options{Tests: true}, Layer{FS: own, Name: "own"})
		if len(c.Checks) == 0 && len(problems) == 0 {
			t.Fatalf("a file vanished without a problem: %q", data)
		}
		for _, p := range problems {
			if p.File == "" || p.Message == "" || p.Mend == "" {
				t.Fatalf("problem %+v lacks file, message or mend", p)
			}
		}
	})
}

const goodCheck = `title: t
asset: AWS::S3::Bucket
severity: high
healthy: asset.BucketName != null
because: no name
risk: r
remediation: {cli: x}
references: [https://example.com]
tests:
  - {name: a, asset: {BucketName: x}, want: healthy}
  - {name: b, asset: {}, want: unhealthy}
  - {name: c, asset: {BucketName: !unknown denied}, want: unknown}
`
