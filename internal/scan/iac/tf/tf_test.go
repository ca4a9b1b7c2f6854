package tf

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/bulwarksec/bulwark"
	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata")

// printResult writes a result as the goldens have it: a line a leaf, with its
// line where that is not its parent's.
func printResult(r *Result) string {
	var b strings.Builder
	for _, p := range r.Providers {
		fmt.Fprintf(&b, "provider %s", p.Scope)
		if p.Region != "" {
			fmt.Fprintf(&b, " region=%s", p.Region)
		}
		if p.Account != "" {
			fmt.Fprintf(&b, " account=%s", p.Account)
		}
		if p.Implied {
			b.WriteString(" implied")
		}
		b.WriteString("\n")
	}
	for _, m := range r.Modules {
		fmt.Fprintf(&b, "module %s source=%s dir=%s %s\n", m.Address, m.Source, m.Dir, strings.Join(m.Instances, " "))
	}
	for _, res := range r.Resources {
		printResource(&b, res)
	}
	for _, g := range r.Gaps {
		fmt.Fprintf(&b, "gap %s %s: %s\n", g.What, g.Where, g.Why)
	}
	for _, c := range r.Comments {
		fmt.Fprintf(&b, "comment %s:%d %s\n", c.File, c.Line, c.Text)
	}
	return b.String()
}

func printResource(b *strings.Builder, r *Resource) {
	fmt.Fprintf(b, "%s", r.Address)
	if r.Mode != Managed {
		fmt.Fprintf(b, " mode=%s", r.Mode)
	}
	if r.Provider != nil {
		fmt.Fprintf(b, " in %s", r.Provider.Scope)
	}
	if r.Key != "" {
		fmt.Fprintf(b, " key=%s", r.Key)
	}
	if r.Conditional {
		b.WriteString(" conditional")
	}
	if r.Partial {
		b.WriteString(" partial")
	}
	fmt.Fprintf(b, " @%s\n", at(r.Pos))
	for _, v := range r.Pos.Via {
		fmt.Fprintf(b, "  via %s\n", v)
	}
	printFields(b, "  ", r.Body)
}

func at(p bulwark.Position) string {
	if p.EndLine > p.Line {
		return fmt.Sprintf("%s:%d-%d", p.File, p.Line, p.EndLine)
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

func printFields(b *strings.Builder, indent string, n *Node) {
	for _, f := range n.Fields {
		printNode(b, indent, f.Name+" = ", f.Value)
	}
}

func printNode(b *strings.Builder, indent, name string, n *Node) {
	b.WriteString(indent + name)
	if doc, ok := ParseJSONString(n); ok {
		b.WriteString("json ")
		n = doc
	}
	flags := ""
	if n.Block {
		flags += " block"
	}
	if n.Set {
		flags += " set"
	}
	if n.Open {
		flags += " open"
	}
	where := " @" + at(n.Pos)
	if len(n.Refs) > 0 {
		where += " refs=" + strings.Join(n.Refs, ",")
	}
	switch n.Kind {
	case Null:
		fmt.Fprintf(b, "null%s\n", where)
	case Bool:
		fmt.Fprintf(b, "%v%s\n", n.Bool, where)
	case Number:
		fmt.Fprintf(b, "%s%s\n", formatNumber(n.Number), where)
	case String:
		fmt.Fprintf(b, "%q%s\n", n.Text, where)
	case Symbolic:
		fmt.Fprintf(b, "~%s%s\n", symbolicText(n), where)
	case Unknown:
		fmt.Fprintf(b, "unknown: %s%s\n", n.Reason, where)
	case List:
		fmt.Fprintf(b, "list%s%s\n", flags, where)
		for _, it := range n.Items {
			printNode(b, indent+"  ", "- ", it)
		}
	case Object:
		fmt.Fprintf(b, "object%s%s\n", flags, where)
		printFields(b, indent+"  ", n)
	}
}

func symbolicText(n *Node) string {
	var b strings.Builder
	for _, p := range n.Parts {
		if p.Symbol == nil {
			fmt.Fprintf(&b, "%q", p.Literal)
			continue
		}
		fmt.Fprintf(&b, "<%s %s", p.Symbol.Kind, p.Symbol)
		if p.Symbol.Scope != "" {
			fmt.Fprintf(&b, " in %s", p.Symbol.Scope)
		}
		b.WriteString(">")
	}
	return b.String()
}

func archiveFS(a *txtar.Archive) fstest.MapFS {
	fsys := fstest.MapFS{}
	for _, f := range a.Files {
		if f.Name != "want" {
			fsys[f.Name] = &fstest.MapFile{Data: f.Data}
		}
	}
	return fsys
}

// setting returns what an archive's comment sets: the root folder, or the plan
// or state to read.
func setting(a *txtar.Archive, name string) string {
	for line := range strings.Lines(string(a.Comment)) {
		if v, ok := strings.CutPrefix(line, name+": "); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var res *Result
			if f := setting(a, "plan"); f != "" {
				res, err = ReadPlan(context.Background(), archiveFS(a)[f].Data, f, Limits{})
			} else {
				res, err = Evaluate(context.Background(), archiveFS(a), cmp.Or(setting(a, "root"), "."), Options{})
			}
			if err != nil {
				t.Fatal(err)
			}
			compareGolden(t, name, a, printResult(res))
		})
	}
}

func compareGolden(t *testing.T, name string, a *txtar.Archive, got string) {
	t.Helper()
	want, found := "", false
	for i, f := range a.Files {
		if f.Name == "want" {
			want, found = string(f.Data), true
			a.Files[i].Data = []byte(got)
		}
	}
	if *update {
		if !found {
			a.Files = append(a.Files, txtar.File{Name: "want", Data: []byte(got)})
		}
		if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// evaluate evaluates one file main.tf.
func evaluate(t testing.TB, src string) *Result {
	t.Helper()
	res, err := Evaluate(context.Background(), fstest.MapFS{"main.tf": {Data: []byte(src)}}, ".", Options{})
	if err != nil {
		t.Fatal(err)
	}
	return res
}
