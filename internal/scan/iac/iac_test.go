package iac

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/content"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata")

// typesOf reads the type files of a tree's folder types, so that a golden shows
// the mapping that it tests and does not change with the product's content.
func typesOf(t testing.TB, fsys fs.FS) *bulwark.Types {
	t.Helper()
	c, problems := content.Load(content.Options{}, content.Layer{FS: fsys, Name: "content"})
	for _, p := range problems {
		t.Fatalf("type file: %s", p)
	}
	return c.Types
}

// realTypes are the product's own types.
func realTypes(t testing.TB) *bulwark.Types {
	t.Helper()
	c, problems := content.Load(content.Options{}, content.Embedded())
	for _, p := range problems {
		t.Fatalf("embedded content: %s", p)
	}
	return c.Types
}

// gather scans and returns everything that was yielded.
func gather(t testing.TB, opts Options) []bulwark.Gathered {
	t.Helper()
	out, err := tryGather(opts)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func tryGather(opts Options) ([]bulwark.Gathered, error) {
	if opts.RepositoryID == "" {
		opts.RepositoryID = "shop"
	}
	if opts.Now == nil {
		opts.Now = func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }
	}
	s, err := New(opts)
	if err != nil {
		return nil, err
	}
	var out []bulwark.Gathered
	err = s.Gather(context.Background(), func(g bulwark.Gathered) error {
		out = append(out, g)
		return nil
	})
	return out, err
}

// TestGolden scans the tree in each archive of testdata and compares what is
// gathered. The files below types/ are the type files, the comment's lines are
// settings (file: main.tf scans one file, secret-key: k), the file want is the
// outcome.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no archives in testdata: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := printGathered(gather(t, goldenOptions(t, a)))
			want := archiveFile(a, "want")
			if got == want {
				return
			}
			if !*update {
				t.Errorf("%s (-want +got):\n%s", file, gocmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
				return
			}
			setArchiveFile(a, "want", got)
			if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func goldenOptions(t testing.TB, a *txtar.Archive) Options {
	types, tree := fstest.MapFS{}, fstest.MapFS{}
	for _, f := range a.Files {
		switch {
		case f.Name == "want":
		case strings.HasPrefix(f.Name, "types/"):
			types[f.Name] = &fstest.MapFile{Data: f.Data}
		default:
			tree[f.Name] = &fstest.MapFile{Data: f.Data}
		}
	}
	opts := Options{FS: tree, Types: typesOf(t, types)}
	for line := range strings.Lines(string(a.Comment)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "file":
			opts.File = value
		case "secret-key":
			opts.SecretKey = []byte(value)
		case "var-file":
			opts.VarFiles = append(opts.VarFiles, value)
		case "helm-values":
			opts.HelmValues = append(opts.HelmValues, value)
		}
	}
	return opts
}

func archiveFile(a *txtar.Archive, name string) string {
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

func setArchiveFile(a *txtar.Archive, name, text string) {
	for i := range a.Files {
		if a.Files[i].Name == name {
			a.Files[i].Data = []byte(text)
			return
		}
	}
	a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(text)})
}

// printGathered writes what was gathered as the goldens have it: an asset and
// below it a line for each thing that it has and for each leaf of its value,
// with the file and lines where that stands.
func printGathered(list []bulwark.Gathered) string {
	var b strings.Builder
	for _, g := range list {
		switch {
		case g.Asset != nil:
			printAsset(&b, g.Asset)
		case g.Gap != nil:
			fmt.Fprintf(&b, "gap %s %s: %s", g.Gap.What, g.Gap.Where, g.Gap.Why)
			if g.Gap.Needs != "" {
				fmt.Fprintf(&b, " (%s)", g.Gap.Needs)
			}
			b.WriteString("\n")
		case g.Listing != nil:
			fmt.Fprintf(&b, "listing %s complete=%v\n", g.Listing.Scope, g.Listing.Complete)
		}
	}
	return b.String()
}

func printAsset(b *strings.Builder, a *bulwark.Asset) {
	fmt.Fprintf(b, "%s %s %q in %s @%s\n", a.ID, a.Type, a.Name, a.Scope, at(a.Position))
	for _, d := range a.Declarations {
		fmt.Fprintf(b, "  declared %s @%s\n", d.Address, at(d.Position))
	}
	for _, r := range a.Relations {
		fmt.Fprintf(b, "  %s → %s", r.Name, r.Target)
		if r.Reason != "" {
			fmt.Fprintf(b, "unknown: %s", r.Reason)
		}
		if r.Inverse != "" {
			fmt.Fprintf(b, " (inverse %s)", r.Inverse)
		}
		b.WriteString("\n")
	}
	for _, s := range a.Suppressions {
		fmt.Fprintf(b, "  suppressed %s %s %q @%s\n", s.Tool, s.ID, s.Reason, at(s.Position))
	}
	printLeaves(b, "", a.Properties)
}

func printLeaves(b *strings.Builder, path string, v bulwark.Value) {
	switch {
	case v.Kind() == bulwark.Object && v.Len() > 0:
		for name, c := range v.Children() {
			printLeaves(b, strings.TrimPrefix(path+"."+name, "."), c)
		}
		return
	case v.Kind() == bulwark.List && v.Len() > 0:
		i := 0
		for _, c := range v.Children() {
			printLeaves(b, fmt.Sprintf("%s[%d]", path, i), c)
			i++
		}
		return
	}
	fmt.Fprintf(b, "  %s = ", path)
	switch v.Kind() {
	case bulwark.Unknown:
		fmt.Fprintf(b, "unknown: %s", v.Reason())
	case bulwark.Secret:
		kind, hmac := v.SecretKind()
		fmt.Fprintf(b, "secret %s %s", kind, hmac)
	case bulwark.Symbolic:
		b.WriteString("~" + symbolicText(v.Parts()))
	default:
		b.WriteString(v.String())
	}
	fmt.Fprintf(b, " @%s\n", at(v.Position()))
}

func at(p bulwark.Position) string {
	s := p.String()
	if p.EndLine > p.Line {
		s += fmt.Sprintf("-%d", p.EndLine)
	}
	if len(p.Via) > 0 {
		s += " via " + strings.Join(p.Via, " > ")
	}
	return s
}
