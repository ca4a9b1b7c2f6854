package expr

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/bulwarksec/bulwark"
)

// testType has every kind of property, defaults, lists and maps.
func testTypes(t testing.TB) *bulwark.Types {
	t.Helper()
	yes := decode(t, `true`, nil)
	word := decode(t, `"dflt"`, nil)
	prop := func(path string, kind bulwark.PropertyKind, d ...bulwark.Default) bulwark.Property {
		return bulwark.Property{Path: path, Kind: kind, Defaults: d}
	}
	return bulwark.NewTypes([]*bulwark.Type{
		{ID: "test/Thing", Properties: []bulwark.Property{
			prop("s", "string"), prop("t", "string"), prop("b", "boolean"), prop("i", "integer"), prop("n", "number"), prop("x", "any"),
			prop("db", "boolean", bulwark.Default{Value: yes}),
			prop("ds", "string", bulwark.Default{Origin: bulwark.Live, Since: "2024-01-01", Value: word}),
			prop("o.s", "string"), prop("o.b", "boolean", bulwark.Default{Value: yes}), prop("o.i", "integer"), prop("o.p.s", "string"),
			prop("l[]", "string"), prop("li[]", "integer"),
			prop("c[].name", "string"), prop("c[].b", "boolean"), prop("c[].i", "integer"), prop("c[].l[]", "string"), prop("c[].o.b", "boolean"),
			prop("d[].name", "string"), prop("d[].b", "boolean"),
			prop("m{}", "string"), prop("ref", "string"),
		}, References: []bulwark.Reference{{Name: "peer", Inverse: "peers", Property: "ref", To: "test/Thing", By: "s"}},
			Views: []bulwark.NamedExpr{{Name: "view", Expr: bulwark.Expr{Text: "asset.o"}}, {Name: "both", Expr: bulwark.Expr{Text: "asset.c + asset.d"}}}},
	})
}

func decode(t testing.TB, s string, names *bulwark.Names) bulwark.Value {
	t.Helper()
	v, err := bulwark.DecodeJSON([]byte(s), bulwark.DecodeOptions{Names: names, Marks: true, Asset: "live:1"})
	if err != nil {
		t.Fatalf("decode %s: %v", s, err)
	}
	return v
}

// generator makes random expressions that mostly type-check, and values.
type generator struct {
	*rand.Rand
	vars []string // element variables of object type
}

func (g *generator) pick(list ...string) string { return list[g.IntN(len(list))] }

func (g *generator) boolean(depth int) string {
	if depth <= 0 {
		return g.pick("true", "false", "asset.db", "view.b", "asset.b == true", "asset.x == null", "has(asset.s)", "asset.o.b")
	}
	d := depth - 1
	switch g.IntN(22) {
	case 0, 1:
		return "(" + g.boolean(d) + " && " + g.boolean(d) + ")"
	case 2, 3:
		return "(" + g.boolean(d) + " || " + g.boolean(d) + ")"
	case 4:
		return "!(" + g.boolean(d) + ")"
	case 5:
		return "(" + g.boolean(d) + " ? " + g.boolean(d) + " : " + g.boolean(d) + ")"
	case 6:
		return "(" + g.text(d) + g.pick(" == ", " != ") + g.text(d) + ")"
	case 7:
		return "(" + g.number(d) + g.pick(" == ", " != ", " < ", " <= ", " > ", " >= ") + g.number(d) + ")"
	case 8:
		return "(" + g.any(d) + g.pick(" == ", " != ") + g.pick("null", "''", "0", "true", "[]", "{}", "asset.x") + ")"
	case 9:
		return "(" + g.text(d) + " in " + g.texts(d) + ")"
	case 10:
		return g.text(d) + "." + g.pick("startsWith", "endsWith", "contains", "matches") + "(" + g.pick("'a'", "'b'", "''", "'ab'", g.text(d)) + ")"
	case 11, 12, 13:
		v := fmt.Sprintf("v%d", len(g.vars))
		list := g.objects(d)
		g.vars = append(g.vars, v)
		body := g.boolean(d)
		g.vars = g.vars[:len(g.vars)-1]
		return list + "." + g.pick("all", "exists", "exists_one") + "(" + v + ", " + body + ")"
	case 14:
		return g.texts(d) + "." + g.pick("all", "exists", "exists_one") + "(w, w" + g.pick(" == ", " != ") + g.text(d) + ")"
	case 15:
		return "has(" + g.any(d) + ")"
	case 16:
		return "(" + g.pick("'a'", g.text(d)) + " in asset.m)"
	case 17:
		return "(" + g.pick("now - timestamp('2024-06-01T00:00:00Z')", "timestamp(asset.t) - now", "duration('1h')") + g.pick(" < ", " > ", " == ") + "duration('24h'))"
	case 18:
		return g.pick("sets.contains", "sets.intersects", "sets.equivalent") + "(" + g.texts(d) + ", " + g.texts(d) + ")"
	case 19:
		return "related(asset, 'peer').exists(p, p.s == " + g.text(d) + ")"
	case 20:
		if len(g.vars) > 0 {
			return "(" + g.vars[g.IntN(len(g.vars))] + g.pick(".b == true)", ".b != null)", ".name == 'a')")
		}
	}
	return g.boolean(0)
}

func (g *generator) text(depth int) string {
	if len(g.vars) > 0 && g.IntN(3) == 0 {
		return g.vars[g.IntN(len(g.vars))] + ".name"
	}
	if depth <= 0 {
		return g.pick("'a'", "'b'", "''", "asset.s", "asset.t", "asset.ds", "asset.o.s", "view.p.s", "asset.m['a']", "asset.m.b", "dyn(asset.x).s")
	}
	switch g.IntN(6) {
	case 0:
		return "(" + g.text(depth-1) + " + " + g.text(depth-1) + ")"
	case 1:
		return g.texts(depth-1) + "[" + g.pick("0", "1", "-1", g.number(depth-1)) + "]"
	case 2:
		return g.text(depth-1) + "." + g.pick("lowerAscii()", "trim()", "replace('a','b')", "substring(1)")
	}
	return g.text(0)
}

func (g *generator) number(depth int) string {
	if depth <= 0 {
		return g.pick("0", "1", "2", "asset.i", "asset.o.i", "size(asset.l)", "size(asset.c)", "size(asset.s)", "asset.n")
	}
	return g.pick("size("+g.texts(depth-1)+")", "size("+g.objects(depth-1)+")", "asset.li[0]", g.number(0))
}

func (g *generator) texts(depth int) string {
	if depth <= 0 {
		return g.pick("asset.l", "['a','b']", "strings(asset.x)", "dyn(asset.x)", "[asset.s, 'b']")
	}
	return g.pick("asset.l", "(asset.l + ['a'])", g.objects(depth-1)+".map(q, q.name)", "asset.l.filter(q, q != "+g.text(depth-1)+")", "strings("+g.text(depth-1)+")", g.texts(0))
}

func (g *generator) objects(depth int) string {
	if depth <= 0 {
		return g.pick("asset.c", "asset.d", "both", "asset.c")
	}
	return g.pick("asset.c", "both", "asset.c.filter(f, f.b == true)", "asset.c.filter(f, f.name != "+g.text(depth-1)+")")
}

func (g *generator) any(depth int) string {
	return g.pick("asset.x", "asset.x.y", "asset.x.y.z", "asset.s", "asset.b", "asset.i", "asset.o", "asset.l", "asset.c", "asset.m", "asset.n", "view.p", g.text(depth), g.number(depth), g.texts(depth))
}

// value writes a random document in which everything goes wrong at times.
func (g *generator) value() string {
	var b strings.Builder
	b.WriteString("{")
	first := true
	put := func(name string, choices ...string) {
		if g.IntN(4) == 0 {
			return
		}
		if !first {
			b.WriteString(",")
		}
		first = false
		v := g.pick(choices...)
		if g.IntN(8) == 0 {
			v = g.odd()
		}
		b.WriteString(`"` + name + `":` + v)
	}
	text := []string{`"a"`, `"b"`, `"ab"`, `""`, `"A b"`}
	put("s", text...)
	put("t", `"a"`, `"2024-06-02T00:00:00Z"`)
	put("b", "true", "false")
	put("i", "0", "1", "2", "-5")
	put("n", "1", "1.5")
	put("x", `"a"`, `["a","b"]`, `{"s":"a","y":{"z":1}}`, "3", "[]", "null")
	put("db", "true", "false")
	put("ds", text...)
	put("o", `{"s":"a","b":false,"i":1}`, `{"p":{"s":"b"}}`, `{}`)
	put("l", `["a","b"]`, `[]`, `["b"]`, `["a",{"$unknown":"denied"}]`)
	put("li", `[1,2]`, `[]`)
	el := func() string {
		return `{"name":` + g.pick(append(text, g.odd())...) + `,"b":` + g.pick("true", "false", g.odd()) + `,"l":["a"]}`
	}
	put("c", "["+el()+"]", "["+el()+","+el()+"]", "[]", "["+el()+","+g.odd()+"]")
	put("d", "["+el()+"]", "[]")
	put("m", `{"a":"a"}`, `{"b":"b","c":null}`, `{}`)
	b.WriteString("}")
	return b.String()
}

func (g *generator) odd() string {
	return g.pick("null", "3", `"a"`, "true", "[]", "{}", `{"$unknown":"denied"}`, `{"$secret":["password","ab"]}`,
		`{"$symbol":["a",{"kind":"computed","scope":"","address":"r.x","attribute":"arn"}]}`, `{"$symbol":[{"kind":"input","scope":"","address":"var.y","attribute":""}]}`)
}

type pairWorld struct{ peers []*bulwark.Asset }

func (w pairWorld) Related(a *bulwark.Asset, relation string) ([]*bulwark.Asset, string) {
	if a.ID != "live:1" {
		return nil, "not known"
	}
	return w.peers, ""
}
func (w pairWorld) Fact(*bulwark.Asset, string) bulwark.Value { return bulwark.Value{} }

// TestClosuresEqualCEL compares both evaluators, and the tracing closures, on
// random expressions and values. Ranging over an empty text is left out:
// there plain CEL yields an empty range, and we an unknown.
func TestClosuresEqualCEL(t *testing.T) {
	expressions, values := 20_000, 8
	if testing.Short() {
		expressions = 1500
	}
	seed := uint64(time.Now().UnixNano())
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 1))}
	t.Logf("seed %d", seed)
	types := testTypes(t)
	env, err := New(types)
	if err != nil {
		t.Fatal(err)
	}
	space, problems := env.Space("test/Thing")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	now := time.Date(2024, 6, 2, 0, 0, 0, 0, time.UTC)
	var compiled, closures, wrong int
	answers := map[Answer]int{}
	run, plain := &Run{}, &Run{}
	for range expressions {
		text := g.boolean(1 + g.IntN(4))
		scope := space.Scope(nil)
		p, problems := scope.CompileBool(bulwark.Expr{Text: text})
		if len(problems) > 0 {
			continue
		}
		compiled++
		if p.Compiled() {
			closures++
		}
		for range values {
			doc := g.value()
			a := &bulwark.Asset{ID: g.pick("live:1", "code:1"), Type: "test/Thing", Properties: decode(t, doc, types.Names())}
			w := pairWorld{[]*bulwark.Asset{{ID: "live:2", Type: "test/Thing", Properties: decode(t, g.value(), types.Names())}}}
			run.Reset(space, a, w, now)
			run.Begin(scope, bulwark.Value{})
			got, _ := p.Ask(run)
			plain.Reset(space, a, w, now)
			plain.Begin(scope, bulwark.Value{})
			v := p.interpret(plain)
			want := Unknown
			switch v.truth() {
			case yes:
				want = True
			case no:
				want = False
			}
			run.Begin(scope, bulwark.Value{})
			traced, _ := p.Trace(run)
			answers[got]++
			if got != want || traced != want {
				t.Errorf("%s\non %s:\nclosures %v, traced %v, cel-go %v (%v)", text, doc, got, traced, want, v.r)
				if wrong++; wrong > 5 {
					t.FailNow()
				}
			}
		}
	}
	t.Logf("%d of %d expressions compile, %d to closures; answers %v", compiled, expressions, closures, answers)
	if compiled < expressions/2 || closures < compiled*95/100 {
		t.Errorf("%d of %d expressions compile, %d to closures: too few to compare", compiled, expressions, closures)
	}
	for _, a := range []Answer{True, False, Unknown} {
		if answers[a] < compiled*values/20 {
			t.Errorf("answer %v came %d times in %d: too seldom", a, answers[a], compiled*values)
		}
	}
}
