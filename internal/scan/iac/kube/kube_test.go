package kube

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/bulwarksec/bulwark"
)

var update = flag.Bool("update", false, "rewrite the golden parts of testdata")

// golden runs each testdata file: all parts but "want" are files of a tree.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no testdata: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			fsys := fstest.MapFS{}
			var names []string
			want := -1
			for i, f := range ar.Files {
				if f.Name == "want" {
					want = i
					continue
				}
				fsys[f.Name] = &fstest.MapFile{Data: f.Data}
				names = append(names, f.Name)
			}
			var assets []*bulwark.Asset
			var gaps []bulwark.Gap
			for _, name := range names {
				a, g := Parse(context.Background(), fsys, name, Options{RepositoryID: "shop", SecretKey: []byte("k")})
				assets, gaps = append(assets, a...), append(gaps, g...)
			}
			gaps = append(gaps, Link(assets)...)
			got := render(assets, gaps, strings.Contains(string(ar.Comment), "properties"))
			if *update {
				if want < 0 {
					ar.Files = append(ar.Files, txtar.File{Name: "want"})
					want = len(ar.Files) - 1
				}
				ar.Files[want].Data = got
				if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(ar.Files[want].Data), string(got)); diff != "" {
				t.Errorf("output differs (-want +got):\n%s", diff)
			}
		})
	}
}

func render(assets []*bulwark.Asset, gaps []bulwark.Gap, properties bool) []byte {
	var b bytes.Buffer
	for _, a := range assets {
		fmt.Fprintf(&b, "%s %s %s-%d\n", a.ID, a.Type, a.Position, a.Position.EndLine)
		if a.Properties.Asset() != a.ID {
			fmt.Fprintf(&b, "  WRONG DOCUMENT %s\n", a.Properties.Asset())
		}
		if properties {
			fmt.Fprintf(&b, "  %s\n", a.Properties)
		}
		for _, r := range a.Relations {
			fmt.Fprintf(&b, "  %s/%s %s %s%s\n", r.Name, r.Inverse, r.Type, r.Target, r.Reason)
		}
	}
	for _, g := range gaps {
		fmt.Fprintf(&b, "gap %s at %s: %s\n", g.What, g.Where, g.Why)
	}
	return b.Bytes()
}

func TestPositions(t *testing.T) {
	src := "# a comment\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: c\n    image: x:1\n"
	assets, gaps := ParseBytes(context.Background(), []byte(src), "a/p.yaml", Options{RepositoryID: "r"})
	if len(assets) != 1 || len(gaps) != 0 {
		t.Fatalf("ParseBytes = %d assets, gaps %v", len(assets), gaps)
	}
	image := assets[0].Properties.At("spec", "containers").Index(0).Get("image")
	if got, want := image.Position().String(), "a/p.yaml:9"; got != want {
		t.Errorf("position of the image = %s, want %s", got, want)
	}
	if got, want := assets[0].ID, "code:r//a//default/Pod/p"; got != want {
		t.Errorf("id = %s, want %s", got, want)
	}
}

func TestParseValue(t *testing.T) {
	v, err := bulwark.DecodeJSON([]byte(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"c"}]}}`), bulwark.DecodeOptions{File: "main.tf"})
	if err != nil {
		t.Fatal(err)
	}
	assets, gaps := ParseValue(v, "infra/main.tf", Options{RepositoryID: "r"})
	if len(assets) != 1 || len(gaps) != 0 || assets[0].ID != "code:r//infra//default/Pod/p" || assets[0].Position.File != "main.tf" {
		t.Errorf("ParseValue = %v, gaps %v", assets, gaps)
	}
}

func TestLimits(t *testing.T) {
	deep := "apiVersion: v1\nkind: ConfigMap\ndata: " + strings.Repeat("[", 2000) + strings.Repeat("]", 2000)
	bomb := "apiVersion: v1\nkind: ConfigMap\na: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for i := 'b'; i < 'k'; i++ {
		bomb += fmt.Sprintf("%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", i, i, i-1, i-1, i-1, i-1, i-1, i-1, i-1, i-1)
	}
	for name, src := range map[string]string{"deep": deep, "bomb": bomb} {
		assets, gaps := ParseBytes(context.Background(), []byte(src), "x.yaml", Options{})
		if len(assets) != 0 || len(gaps) != 1 {
			t.Errorf("%s: %d assets, gaps %v, want one gap alone", name, len(assets), gaps)
		}
	}
	fsys := fstest.MapFS{"big.yaml": {Data: make([]byte, 1000)}, "dir/x": {}}
	for _, name := range []string{"big.yaml", "dir", "none.yaml"} {
		if assets, gaps := Parse(context.Background(), fsys, name, Options{Limits: bulwark.Limits{Bytes: 999}}); len(assets) != 0 || len(gaps) != 1 {
			t.Errorf("%s: %d assets, gaps %v, want one gap alone", name, len(assets), gaps)
		}
	}
}

func TestSecretsNeverInClear(t *testing.T) {
	src := `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"hunter2"}},
		"data":{"a":"hunter2","n":2},"stringData":{"b":"hunter2"}}`
	assets, _ := ParseBytes(context.Background(), []byte(src), "s.json", Options{})
	if len(assets) != 1 {
		t.Fatalf("%d assets, want 1", len(assets))
	}
	if s := assets[0].Properties.String(); strings.Contains(s, "hunter2") {
		t.Errorf("the secret stands in %s", s)
	}
	for _, path := range [][]string{{"data", "a"}, {"data", "n"}, {"stringData", "b"}} {
		if k := assets[0].Properties.At(path...).Kind(); k != bulwark.Secret {
			t.Errorf("%v is %s, want secret", path, k)
		}
	}
}

// TestCorpora reads every manifest of the labelled corpora: all resources that
// a row names are found, and nothing but deliberate templates is a gap.
func TestCorpora(t *testing.T) {
	root := os.Getenv("BULWARK_CORPORA")
	if root == "" {
		root = "../../../../../../shared/corpora"
	}
	for _, dir := range []string{"kubernetes-policies", "admission"} {
		fsys := os.DirFS(filepath.Join(root, dir))
		if _, err := fs.Stat(fsys, "index.jsonl"); err != nil {
			t.Skipf("no corpora at %s; set BULWARK_CORPORA", root)
		}
		files, objects := 0, 0
		var gaps []bulwark.Gap
		err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(p)) {
				return err
			}
			a, g := Parse(context.Background(), fsys, p, Options{RepositoryID: "c"})
			files++
			objects += len(a)
			gaps = append(gaps, g...)
			Link(a)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d files, %d objects, %d gaps", dir, files, objects, len(gaps))
		if objects < files {
			t.Errorf("%s: %d objects in %d files", dir, objects, files)
		}
		for _, g := range gaps {
			t.Logf("gap %s at %s: %s", g.What, g.Where, g.Why)
		}
		if len(gaps) > files/100 {
			t.Errorf("%s: %d gaps in %d files", dir, len(gaps), files)
		}
	}
}

// FuzzParse holds Parse and Link to their promises on any input: no panic,
// distinct ids, and documents that know their asset.
func FuzzParse(f *testing.F) {
	f.Add([]byte("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"), false)
	f.Add([]byte("apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Service, spec: {selector: {a: b}}}]"), false)
	f.Add([]byte(`{"apiVersion":"v1","kind":"PodList","items":[{"metadata":{"name":"x","ownerReferences":[{"controller":true}]}}]}`), true)
	f.Add([]byte("%YAML 1.2\n---\na: &a {apiVersion: v1, kind: x}\n<<: *a\n"), false)
	f.Fuzz(func(t *testing.T, data []byte, json bool) {
		name := "f.yaml"
		if json {
			name = "f.json"
		}
		assets, _ := ParseBytes(context.Background(), data, name, Options{Limits: bulwark.Limits{Nodes: 10_000}})
		Link(assets)
		seen := map[string]bool{}
		for _, a := range assets {
			if seen[a.ID] {
				t.Errorf("id %q twice", a.ID)
			}
			seen[a.ID] = true
			if a.Properties.Asset() != a.ID {
				t.Errorf("document of %q, want %q", a.Properties.Asset(), a.ID)
			}
		}
	})
}
