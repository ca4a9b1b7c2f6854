package tf

import (
	"context"
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
	ctyjson "github.com/zclconf/go-cty/cty/json"
	"pgregory.net/rapid"
)

// exprGen generates expressions over known values, most of them well typed.
type exprGen struct {
	t     *rapid.T
	bound []string // names of loops around, numbers or texts
}

func (g exprGen) one(of ...string) string { return rapid.SampledFrom(of).Draw(g.t, "form") }

func (g exprGen) num(d int) string {
	if d <= 0 {
		return g.one(append(g.bound, `1`, `0`, `2.5`, `-3`, `"12"`, `local.b.x`, `local.a[0]`)...)
	}
	switch g.one("op", "neg", "cond", "abs", "index", "leaf") {
	case "op":
		return "(" + g.num(d-1) + g.one(" + ", " - ", " * ", " / 4 + ", " % 3 - ") + g.num(d-1) + ")" // dividing by zero is infinity to the library, and an error to us
	case "neg":
		return "-(" + g.num(d-1) + ")"
	case "cond":
		// a branch is never evaluated for its type alone, so both are numbers
		return "(" + g.boolean(d-1) + " ? 1 + " + g.num(d-1) + " : 2 * " + g.num(d-1) + ")"
	case "abs":
		return "abs(" + g.num(d-1) + ")"
	case "index":
		return "{ k = " + g.num(d-1) + `, "l" = ` + g.any(d-1) + " }" + g.one(".k", `["k"]`)
	}
	return g.num(0)
}

func (g exprGen) str(d int) string {
	if d <= 0 {
		return g.one(append(g.bound, `"a"`, `""`, `"b-c"`, `"é"`, `local.a[1]`, `local.b.y.z`, `local.c[0]`)...)
	}
	switch g.one("tmpl", "if", "fn", "cond", "for", "leaf") {
	case "tmpl":
		return `"x${` + g.scalar(d-1) + `}y${` + g.str(d-1) + `}"`
	case "if":
		return `"%{ if ` + g.boolean(d-1) + ` }t%{ else }f${` + g.scalar(d-1) + `}%{ endif }"`
	case "fn":
		return g.one("upper", "strrev", "trimspace", "chomp") + "(" + g.str(d-1) + ")"
	case "cond":
		return "(" + g.boolean(d-1) + " ? " + g.scalar(d-1) + ` : "x${` + g.str(d-1) + `}")`
	case "for":
		in, v := g.inner()
		return `"%{ for ` + v + ` in ` + g.list(d-1) + ` }${jsonencode(` + v + `)}${` + in.str(d-1) + `}%{ endfor ~}  z"`
	}
	return g.str(0)
}

func (g exprGen) boolean(d int) string {
	if d <= 0 {
		return g.one(`true`, `false`, `local.a[2]`, `"true"`)
	}
	switch g.one("cmp", "eq", "logic", "not", "leaf") {
	case "cmp":
		return "(" + g.num(d-1) + g.one(" < ", " >= ", " > ", " <= ") + g.num(d-1) + ")"
	case "eq":
		return "(" + g.any(d-1) + g.one(" == ", " != ") + g.any(d-1) + ")"
	case "logic":
		return "(" + g.boolean(d-1) + g.one(" && ", " || ") + g.boolean(d-1) + ")"
	case "not":
		return "!(" + g.boolean(d-1) + ")"
	}
	return g.boolean(0)
}

func (g exprGen) list(d int) string {
	if d <= 0 {
		return g.one(`[]`, `local.a`, `local.c`, `[1, 2]`)
	}
	switch g.one("tuple", "for", "splat", "splatone", "leaf") {
	case "tuple":
		return "[" + g.any(d-1) + ", " + g.any(d-1) + "]"
	case "for":
		in, v := g.inner()
		return "[for " + v + " in [" + g.num(d-1) + ", " + g.str(d-1) + "] : " + in.any(d-1) + " if " + g.boolean(d-1) + "]"
	case "splat":
		return "[{ k = " + g.any(d-1) + " }, { k = " + g.any(d-1) + " }]" + g.one("[*].k", "[*]", "[*][\"k\"]", ".*.k")
	case "splatone":
		return "(" + g.obj(d-1) + ")[*]"
	}
	return g.list(0)
}

func (g exprGen) obj(d int) string {
	if d <= 0 {
		return g.one(`{}`, `local.b`, `{ k = 1 }`)
	}
	switch g.one("obj", "for", "leaf") {
	case "obj":
		return "{ k = " + g.any(d-1) + `, "l" = ` + g.any(d-1) + ", (" + g.str(d-1) + ") = " + g.any(d-1) + " }"
	case "for":
		in, v := g.inner()
		return "{ for k" + v + ", " + v + " in { a = " + g.num(d-1) + ", b = " + g.str(d-1) + ` } : "n${k` + v + `}" => ` + in.any(d-1) + g.one("", "...") + " if " + g.boolean(d-1) + " }"
	}
	return g.obj(0)
}

func (g exprGen) inner() (exprGen, string) {
	v := fmt.Sprintf("v%d", len(g.bound))
	return exprGen{g.t, append(g.bound[:len(g.bound):len(g.bound)], v)}, v
}

func (g exprGen) scalar(d int) string {
	switch g.one("num", "str", "bool") {
	case "num":
		return g.num(d)
	case "str":
		return g.str(d)
	}
	return g.boolean(d)
}

func (g exprGen) any(d int) string {
	switch g.one("scalar", "scalar", "list", "obj", "null") {
	case "list":
		return g.list(d)
	case "obj":
		return g.obj(d)
	case "null":
		return "null"
	}
	return g.scalar(d)
}

// TestAgainstHCL holds our evaluation of known values against the library's.
func TestAgainstHCL(t *testing.T) {
	const locals = `{ a = [1, "two", true], b = { x = 1, y = { z = "q" } }, c = ["k"] }`
	vals, diags := hclsyntax.ParseExpression([]byte(locals), "l", hcl.Pos{Line: 1, Column: 1})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	lv, _ := vals.Value(nil)
	ctx := &hcl.EvalContext{
		Variables: map[string]cty.Value{"local": lv},
		Functions: map[string]function.Function{
			"upper": stdlib.UpperFunc, "strrev": stdlib.ReverseFunc, "trimspace": stdlib.TrimSpaceFunc, "abs": stdlib.AbsoluteFunc, "chomp": stdlib.ChompFunc, "jsonencode": stdlib.JSONEncodeFunc,
		},
	}
	agreed, failedBoth := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		src := exprGen{t: rt}.any(4)
		e, diags := hclsyntax.ParseExpression([]byte(src), "e", hcl.Pos{Line: 1, Column: 1})
		if diags.HasErrors() {
			rt.Fatalf("%s does not parse: %v", src, diags)
		}
		want, diags := e.Value(ctx)
		conf := "locals {\n  a = [1, \"two\", true]\n  b = { x = 1, y = { z = \"q\" } }\n  c = [\"k\"]\n}\nresource \"t\" \"t\" {\n  v = " + src + "\n}\n"
		res, err := Evaluate(context.Background(), fstest.MapFS{"main.tf": {Data: []byte(conf)}}, ".", Options{})
		if err != nil {
			rt.Fatal(err)
		}
		got := res.Resources[0].Body.Get("v")
		bad := false
		got.Walk(func(_ string, n *Node) bool {
			bad = bad || n.Kind == Unknown || n.Kind == Symbolic
			return true
		})
		infinite := false
		_ = cty.Walk(want, func(_ cty.Path, v cty.Value) (bool, error) {
			infinite = infinite || v.Type() == cty.Number && v.IsKnown() && !v.IsNull() && v.AsBigFloat().IsInf()
			return true, nil
		})
		if diags.HasErrors() || !want.IsWhollyKnown() || infinite {
			failedBoth++
			return // where the library fails we fail at the leaf, or are more lenient
		}
		if bad {
			rt.Fatalf("%s = %s, want %#v", src, show(got), want)
		}
		agreed++
		ev := newEvaluator(context.Background(), fstest.MapFS{}, ".", Limits{})
		wantJSON, err := ctyjson.Marshal(want, want.Type())
		if err != nil {
			rt.Fatal(err)
		}
		gotJSON := string(ev.appendJSON(nil, got))
		if norm(t, string(wantJSON)) != norm(t, gotJSON) {
			rt.Fatalf("%s = %s, want %s", src, gotJSON, wantJSON)
		}
	})
	t.Logf("%d expressions agreed; %d are errors to the library", agreed, failedBoth)
}

// norm writes JSON anew, texts that are numbers or booleans as those, since a
// conditional of the library converts its branches to one type.
func norm(t *testing.T, s string) string {
	n, err := parseJSON(s, nil, nil, false)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	n.Walk(func(_ string, n *Node) bool {
		if n.Kind == String {
			if f := n.number(); f != nil {
				n.Kind, n.Number = Number, f
			} else if n.Text == "true" || n.Text == "false" {
				n.Kind, n.Bool = Bool, n.Text == "true"
			}
		}
		return true
	})
	ev := newEvaluator(context.Background(), fstest.MapFS{}, ".", Limits{})
	return string(ev.appendJSON(nil, n))
}
