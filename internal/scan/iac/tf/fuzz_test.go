package tf

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/tools/txtar"
)

var fuzzLimits = Limits{Instances: 20, Resources: 200, Modules: 20, ValueNodes: 5_000, Nodes: 20_000, Steps: 200_000}

// checkResult asserts what holds of every result.
func checkResult(t *testing.T, res *Result) {
	t.Helper()
	for _, r := range res.Resources {
		if r.Body == nil || r.Provider == nil || r.Address == "" {
			t.Fatalf("a resource lacks its body, provider or address: %+v", r)
		}
		r.Body.Walk(func(path string, n *Node) bool {
			switch n.Kind {
			case Symbolic:
				if len(n.Parts) == 0 {
					t.Fatalf("%s.%s is symbolic without parts", r.Address, path)
				}
			case Unknown:
				if n.Reason == "" {
					t.Fatalf("%s.%s is unknown without a reason", r.Address, path)
				}
			case Number:
				if n.Number == nil {
					t.Fatalf("%s.%s is a number without value", r.Address, path)
				}
			}
			if hasToken(n.Text) || hasToken(n.Reason) {
				t.Fatalf("%s.%s shows a token: %q", r.Address, path, n.Text+n.Reason)
			}
			if doc, ok := ParseJSONString(n); ok && doc == nil {
				t.Fatalf("%s.%s: a document is nil", r.Address, path)
			}
			if doc, ok := ParseYAMLString(n); ok && doc == nil {
				t.Fatalf("%s.%s: a YAML document is nil", r.Address, path)
			}
			return true
		})
	}
	for _, g := range res.Gaps {
		if g.Where == "" || g.Why == "" {
			t.Fatalf("a gap without place or reason: %+v", g)
		}
	}
	_ = printResult(res)
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, name := range files {
		a, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			if isConfig(file.Name) {
				f.Add(file.Data, strings.HasSuffix(file.Name, ".json"))
			}
		}
	}
	for _, c := range functionCases {
		f.Add([]byte("variable \"u\" {}\nresource \"a\" \"b\" {\n  v = "+c.expr+"\n}\n"), false)
	}
	f.Fuzz(func(t *testing.T, src []byte, isJSON bool) {
		name := "main.tf"
		if isJSON {
			name += ".json"
		}
		fsys := fstest.MapFS{name: {Data: src}, "m/main.tf": {Data: []byte("variable \"x\" {}\nresource \"a\" \"b\" {\n  x = var.x\n}\n")}}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		res, err := Evaluate(ctx, fsys, ".", Options{Limits: fuzzLimits})
		if err != nil {
			t.Fatal(err)
		}
		checkResult(t, res)
	})
}

func FuzzPlan(f *testing.F) {
	for _, name := range []string{"testdata/plan.txtar", "testdata/state.txtar"} {
		a, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(a.Files[0].Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		res, err := ReadPlan(context.Background(), data, "plan.json", fuzzLimits)
		if err == nil {
			checkResult(t, res)
		}
	})
}

// FuzzJSON reads a document, writes it, and reads it again.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,-2.5e3,true,null,"x\u00e9\ud83d\ude00\n"],"b":{}}`, `[]`, `"\ud800"`, `1e400`, `{"a":1,"a":2}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := parseJSON(string(scrub([]byte(s))), fileSegs("x.json"), nil, false)
		if err != nil {
			return
		}
		ev := newEvaluator(context.Background(), fstest.MapFS{}, ".", Limits{})
		text := string(ev.appendJSON(nil, n))
		m, err := parseJSON(text, nil, nil, false)
		if err != nil {
			t.Fatalf("what was written does not parse: %v: %q", err, text)
		}
		if again := string(ev.appendJSON(nil, m)); again != text {
			t.Errorf("written twice: %q, then %q", text, again)
		}
	})
}
