package tf

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/bulwarksec/bulwark"
	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// hostile are configurations that name little and describe much.
func hostile() map[string]string {
	deep := func(open, shut string, n int) string { return strings.Repeat(open, n) + "1" + strings.Repeat(shut, n) }
	var doubling, chain, wide strings.Builder
	doubling.WriteString("locals {\n  s0 = \"xxxxxxxxxxxxxxxx\"\n  l0 = [1, 2]\n  o0 = { a = 1 }\n")
	for i := range 60 {
		fmt.Fprintf(&doubling, "  s%d = \"${local.s%d}${local.s%d}\"\n", i+1, i, i)
		fmt.Fprintf(&doubling, "  l%d = [local.l%d, local.l%d]\n", i+1, i, i)
		fmt.Fprintf(&doubling, "  o%d = { a = local.o%d, b = local.o%d }\n", i+1, i, i)
		fmt.Fprintf(&doubling, "  j%d = jsonencode([local.l%d, local.l%d])\n", i+1, i, i)
	}
	doubling.WriteString("}\nresource \"t\" \"t\" {\n  s = local.s60\n  l = local.l60\n  o = local.o60\n  j = local.j60\n  e = local.l59 == local.l60\n}\n")
	chain.WriteString("locals {\n  a0 = 1\n")
	for i := range 20_000 {
		fmt.Fprintf(&chain, "  a%d = [local.a%d]\n", i+1, i)
	}
	chain.WriteString("}\nresource \"t\" \"t\" {\n  v = local.a20000\n}\n")
	wide.WriteString("resource \"t\" \"t\" {\n")
	for i := range 40 {
		fmt.Fprintf(&wide, "  v%d = flatten([for a in range(1000) : [for b in range(1000) : [for c in range(1000) : a]]])\n", i)
	}
	wide.WriteString("}\n")
	return map[string]string{
		"brackets":     "a = " + deep("[", "]", 100_000),
		"parens":       "locals {\n a = " + deep("(", ")", 100_000) + "\n}",
		"blocks":       strings.Repeat("a {\n", 100_000) + strings.Repeat("}\n", 100_000),
		"unclosed":     "resource \"a\" \"b\" {\n x = " + strings.Repeat("[{", 50_000),
		"hidden":       "locals {\n a = " + strings.Repeat("[}", 50_000),
		"templates":    "locals {\n a = " + deep("\"${", "}\"", 20_000) + "\n}",
		"ifs":          "locals {\n a = \"" + strings.Repeat("%{ if true }", 20_000) + strings.Repeat("%{ endif }", 20_000) + "\"\n}",
		"not":          "locals {\n a = " + strings.Repeat("!", 20_000) + "true\n}",
		"minus":        "locals {\n a = " + strings.Repeat("- ", 20_000) + "1\n}",
		"sum":          "locals {\n a = " + strings.Repeat("1 + ", 20_000) + "1\n}",
		"sum_lines":    "locals {\n a = (" + strings.Repeat("1 +\n", 20_000) + "1)\n}",
		"ternaries":    "locals {\n a = " + strings.Repeat("true ? 1 : ", 20_000) + "1\n}",
		"indexes":      "locals {\n a = x" + strings.Repeat("[0]", 20_000) + "\n}",
		"splats":       "locals {\n a = x" + strings.Repeat("[*].a", 20_000) + "\n}",
		"doubling":     doubling.String(),
		"chain":        chain.String(),
		"loops":        wide.String(),
		"count":        "resource \"t\" \"t\" {\n  count = 1000000000\n}",
		"for_each":     "resource \"t\" \"t\" {\n  for_each = toset([for p in setproduct(range(100), range(100)) : \"${p[0]}-${p[1]}\"])\n}",
		"width":        "resource \"t\" \"t\" {\n  a = format(\"%1000000000s\", 1)\n  b = format(\"%*d\", 1000000000, 1)\n  c = indent(1000000000, \"a\\nb\")\n  d = 1e1000000000\n  e = \"${1e100000}\"\n}",
		"product":      "resource \"t\" \"t\" {\n  a = setproduct(range(1000), range(1000), range(1000), range(1000))\n}",
		"module":       "module \"m\" {\n  source = \"./\"\n}",
		"yaml":         "resource \"t\" \"t\" {\n  a = yamldecode(\"a: &a [x,x,x,x,x,x,x,x,x]\\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\\nd: &d [*c,*c,*c,*c,*c,*c,*c]\\ne: &e [*d,*d,*d,*d,*d,*d]\\nf: [*e,*e,*e,*e,*e,*e,*e]\")\n}",
		"self":         "resource \"t\" \"t\" {\n  for_each = t.t\n  a = t.t\n}\nlocals {\n  a = local.a\n}\nvariable \"v\" {\n  default = [[[[1]]]]\n  type = list(list(list(any)))\n}",
		"bytes":        "\xff\xfe\x00resource \"\xff\" {\n a = \"\xc3\x28\"\n}",
		"template_str": "resource \"t\" \"t\" {\n  a = templatestring(\"%{ for x in range(1000) }%{ for y in range(1000) }%{ for z in range(1000) }x%{ endfor }%{ endfor }%{ endfor }\", {})\n}",
	}
}

func TestHostile(t *testing.T) {
	lim := Limits{Steps: 4_000_000} // a fifth of the default, for the time that it takes
	if testing.Short() {
		lim.Steps = 1_000_000
	}
	for name, src := range hostile() {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			res, err := Evaluate(context.Background(), fstest.MapFS{"main.tf": {Data: []byte(src)}}, ".", Options{Limits: lim})
			if err != nil {
				t.Fatal(err)
			}
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			t.Logf("%d bytes: %v, %d MB allocated, %d MB heap, %d resources, %d gaps", len(src), took.Round(time.Millisecond),
				(after.TotalAlloc-before.TotalAlloc)>>20, after.HeapSys>>20, len(res.Resources), len(res.Gaps))
			if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 1<<30 {
				t.Errorf("the heap grew by %d MB", grown>>20)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	src := "resource \"t\" \"t\" {\n  count = 5\n}\nmodule \"m\" {\n  source = \"./m\"\n  count = 3\n}\n"
	fsys := fstest.MapFS{
		"main.tf": {Data: []byte(src)}, "m/main.tf": {Data: []byte("module \"n\" {\n  source = \"./n\"\n}\n")},
		"m/n/main.tf": {Data: []byte("resource \"u\" \"u\" {}\n")}, "big.tf": {Data: []byte("#" + strings.Repeat("x", 2000))},
	}
	tests := []struct {
		lim  Limits
		want string // of one gap
		n    int    // resources
	}{
		{Limits{}, "", 8},
		{Limits{FileBytes: 1000}, "larger than 1000 bytes", 8},
		{Limits{TreeBytes: 2050}, "larger than", 0},
		{Limits{Instances: 2}, "only 2 are looked at", 4},
		{Limits{Resources: 3}, "more than 3 resources", 3},
		{Limits{Modules: 2}, "more than 2 module instances", 5},
		{Limits{ModuleDepth: 1}, "nested deeper than 1", 5},
		{Limits{Steps: 5}, "stopped after 5 steps", 0},
		{Limits{Nesting: 1}, "nested deeper than 1 levels", 0},
	}
	for _, tt := range tests {
		res, err := Evaluate(context.Background(), fsys, ".", Options{Limits: tt.lim})
		if err != nil {
			t.Fatal(err)
		}
		found := tt.want == ""
		for _, g := range res.Gaps {
			found = found || strings.Contains(g.Why, tt.want)
			if tt.want == "" {
				t.Errorf("%+v: gap %s: %s", tt.lim, g.Where, g.Why)
			}
		}
		if !found {
			t.Errorf("%+v: no gap says %q: %v", tt.lim, tt.want, res.Gaps)
		}
		if tt.n > 0 && len(res.Resources) != tt.n {
			t.Errorf("%+v: %d resources, want %d", tt.lim, len(res.Resources), tt.n)
		}
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Evaluate(ctx, fstest.MapFS{"main.tf": {Data: []byte("resource \"t\" \"t\" {}")}}, ".", Options{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Evaluate with a cancelled context: %v, want context.Canceled", err)
	}
	if _, err := FindRoots(ctx, fstest.MapFS{"main.tf": {}}, ".", Limits{}); !errors.Is(err, context.Canceled) {
		t.Errorf("FindRoots with a cancelled context: %v, want context.Canceled", err)
	}
	if _, err := Evaluate(context.Background(), fstest.MapFS{}, "nowhere", Options{}); err == nil {
		t.Error("Evaluate of a folder that does not exist: no error")
	}
}

func TestFindRoots(t *testing.T) {
	mod := func(src string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("module \"m\" {\n  source = \"" + src + "\"\n}\n")}
	}
	fsys := fstest.MapFS{
		"live/a/main.tf": mod("../../modules/x"), "live/b/main.tf.json": {Data: []byte(`{"module": {"m": {"source": "../../modules/y"}}}`)},
		"modules/x/main.tf": mod("./inner"), "modules/x/inner/main.tf": {}, "modules/y/main.tf": {}, "modules/unused/main.tf": {},
		"circle/a/main.tf": mod("../b"), "circle/b/main.tf": mod("../a"), "self/main.tf": mod("./"), "docs/x.md": {},
		"live/a/.terraform/modules/z/main.tf": {}, "broken/main.tf": {Data: []byte("resource \"a\" {\nmodule \"m\" {\n  source = \"../called\"\n}\n")},
		"web/node_modules/pkg/main.tf": {}, "called/main.tf": {}, "git/main.tf": mod("git::https://example.com/x"),
	}
	got, err := FindRoots(context.Background(), fsys, ".", Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"broken", "circle/a", "git", "live/a", "live/b", "modules/unused", "self"}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("FindRoots (-want +got):\n%s", diff)
	}
}

// TestDeterminism evaluates twice and compares all that is printed.
func TestDeterminism(t *testing.T) {
	src := "variable \"a\" {}\nvariable \"b\" {}\nresource \"t\" \"t\" {\n  for_each = toset([var.b, var.a, \"x\", t.u.id])\n  v = sort([var.b, var.a])\n  w = setunion([var.a], [var.b])\n}\nresource \"t\" \"u\" {\n  z = 1\n  b = 2\n  a = 3\n  c {}\n  a2 {}\n}\n"
	first := printResult(evaluate(t, src))
	for range 20 {
		if diff := gocmp.Diff(first, printResult(evaluate(t, src))); diff != "" {
			t.Fatalf("two evaluations differ:\n%s", diff)
		}
	}
}

// TestOwnNodes changes every node of one resource and finds others unchanged.
func TestOwnNodes(t *testing.T) {
	src := "locals {\n  tags = { a = [\"b\"] }\n  doc = jsonencode({ a = [\"b\"] })\n}\nresource \"t\" \"t\" {\n  count = 2\n  tags = local.tags\n  doc = local.doc\n}\n"
	res := evaluate(t, src)
	want := show(res.Resources[1].Body)
	var all []*Node
	res.Resources[0].Body.Walk(func(_ string, n *Node) bool {
		all = append(all, n)
		return true
	})
	for _, n := range all {
		n.Text = "changed"
		n.Fields = append(n.Fields, Field{"new", &Node{}})
		n.Items = append(n.Items, &Node{})
	}
	if got := show(res.Resources[1].Body); got != want {
		t.Errorf("another resource changed: %s, want %s", got, want)
	}
	a, _ := ParseJSONString(res.Resources[1].Body.Get("doc"))
	a.Get("a").Items[0].Text = "changed"
	b, ok := ParseJSONString(res.Resources[1].Body.Get("doc"))
	if !ok || b.Get("a").Items[0].Text != "b" {
		t.Error("ParseJSONString returned the same nodes twice")
	}
}

func TestReadPlanRefuses(t *testing.T) {
	for _, src := range []string{"", "[]", "{}", "{", `{"version": 4}`, strings.Repeat("[", 100_000), `{"planned_values": 1}`} {
		if _, err := ReadPlan(context.Background(), []byte(src), "x.json", Limits{}); !errors.Is(err, bulwark.ErrInvalid) {
			t.Errorf("ReadPlan(%.20q): %v, want ErrInvalid", src, err)
		}
	}
	if _, err := ReadPlan(context.Background(), make([]byte, 100), "x.json", Limits{PlanBytes: 10}); !errors.Is(err, bulwark.ErrInvalid) {
		t.Errorf("a plan that is too large: %v, want ErrInvalid", err)
	}
	if !IsPlan([]byte(" {\"format_version\":\"1.2\",\"terraform_version\":\"1\"")) || IsPlan([]byte(`{"Resources": {}}`)) {
		t.Error("IsPlan is wrong")
	}
}

// TestCache evaluates with and without a cache, at the same time.
func TestCache(t *testing.T) {
	a, err := txtar.ParseFile("testdata/modules.txtar")
	if err != nil {
		t.Fatal(err)
	}
	fsys := archiveFS(a)
	want, err := Evaluate(context.Background(), fsys, "live", Options{})
	if err != nil {
		t.Fatal(err)
	}
	var cache Cache
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			got, err := Evaluate(context.Background(), fsys, "live", Options{Cache: &cache})
			if err != nil {
				t.Error(err)
				return
			}
			if diff := gocmp.Diff(printResult(want), printResult(got)); diff != "" {
				t.Errorf("with a cache (-want +got):\n%s", diff)
			}
		})
	}
	wg.Wait()
	if cache.get("modules/app") == nil {
		t.Error("the cache does not hold a module that was called")
	}
}

func TestSingleFile(t *testing.T) {
	fsys := fstest.MapFS{"a.tf": {Data: []byte("resource \"t\" \"a\" {}\n")}, "b.tf": {Data: []byte("resource \"t\" \"b\" {}\n")}}
	res, err := Evaluate(context.Background(), fsys, ".", Options{File: "b.tf"})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Resources) != 1 || res.Resources[0].Address != "t.b" {
		t.Errorf("one file: %d resources, want t.b alone", len(res.Resources))
	}
}
