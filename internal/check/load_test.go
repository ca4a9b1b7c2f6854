package check

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/yamldoc"
)

// load reads checks and types from a text archive in the layout of content/,
// with what tests of the engine need of the format.
func load(t testing.TB, file string) ([]*bulwark.Check, *bulwark.Types) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, txtar.Parse(data))
}

func parse(t testing.TB, a *txtar.Archive) ([]*bulwark.Check, *bulwark.Types) {
	t.Helper()
	var checks []*bulwark.Check
	var list []*bulwark.Type
	for _, f := range a.Files {
		if !strings.HasSuffix(f.Name, ".yaml") {
			continue
		}
		docs, err := yamldoc.Decode(f.Data, yamldoc.Options{File: f.Name, Marks: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range docs {
			if strings.HasPrefix(f.Name, "types/") {
				list = append(list, typeOf(v))
				continue
			}
			id := strings.TrimSuffix(strings.TrimPrefix(f.Name, "checks/"), ".yaml")
			checks = append(checks, checkOf(t, id, f.Name, v))
		}
	}
	return checks, bulwark.NewTypes(list)
}

func typeOf(v bulwark.Value) *bulwark.Type {
	typ := &bulwark.Type{ID: v.Get("id").Text(), Groups: texts(v.Get("groups")), Views: named(v.Get("views"))}
	for path, p := range v.Get("properties").Children() {
		prop := bulwark.Property{Path: path, Kind: bulwark.PropertyKind(p.Text()), Position: p.Position()}
		if p.Kind() == bulwark.Object {
			prop.Kind, prop.Observed = bulwark.PropertyKind(p.Get("kind").Text()), p.Get("observed").Bool()
			if d := p.Get("default"); !d.IsAbsent() {
				prop.Defaults = []bulwark.Default{{Since: p.Get("since").Text(), Value: d}}
			}
		}
		typ.Properties = append(typ.Properties, prop)
	}
	for name, r := range v.Get("references").Children() {
		typ.References = append(typ.References, bulwark.Reference{Name: name, Inverse: r.Get("inverse").Text(), Property: r.Get("property").Text(), To: r.Get("to").Text(), By: r.Get("by").Text()})
	}
	return typ
}

func checkOf(t testing.TB, id, file string, v bulwark.Value) *bulwark.Check {
	c := &bulwark.Check{ID: id, Title: v.Get("title").Text(), Assets: texts(v.Get("asset")), When: exprOf(v.Get("when")), Let: named(v.Get("let")),
		Healthy: exprOf(v.Get("healthy")), Because: exprOf(v.Get("because")), Overrides: v.Get("overrides").Text(), Position: bulwark.Position{File: file, Line: 1}}
	c.Severity, _ = bulwark.ParseSeverity(v.Get("severity").Text())
	c.Disabled = v.Get("enabled").Kind() == bulwark.Bool && !v.Get("enabled").Bool()
	for name, p := range v.Get("parameters").Children() {
		c.Parameters = append(c.Parameters, bulwark.Parameter{Name: name, Default: p})
	}
	for _, x := range v.Get("tests").Children() {
		test := bulwark.CheckTest{Name: x.Get("name").Text(), Type: x.Get("type").Text(), Origin: bulwark.Origin(x.Get("origin").Text()), Asset: x.Get("asset"), Observed: x.Get("observed"), Position: x.Position(),
			Related: members(x.Get("related")), Facts: members(x.Get("facts")), Parameters: members(x.Get("parameters"))}
		var err error
		if test.Want, err = bulwark.ParseState(x.Get("want").Text()); err != nil {
			t.Fatal(err)
		}
		if now := x.Get("now").Text(); now != "" {
			if test.Now, err = time.Parse(time.RFC3339, now); err != nil {
				t.Fatal(err)
			}
		}
		c.Tests = append(c.Tests, test)
	}
	return c
}

func texts(v bulwark.Value) []string {
	if v.Kind() == bulwark.String {
		return []string{v.Text()}
	}
	var list []string
	for _, c := range v.Children() {
		list = append(list, c.Text())
	}
	return list
}

func exprOf(v bulwark.Value) bulwark.Expr {
	text := v.Text()
	if v.Kind() == bulwark.Bool {
		text = v.String()
	}
	return bulwark.Expr{Text: text, Position: v.Position()}
}

func named(v bulwark.Value) []bulwark.NamedExpr {
	var list []bulwark.NamedExpr
	for name, c := range v.Children() {
		list = append(list, bulwark.NamedExpr{Name: name, Expr: exprOf(c)})
	}
	return list
}

func members(v bulwark.Value) map[string]bulwark.Value {
	m := map[string]bulwark.Value{}
	for name, c := range v.Children() {
		m[name] = c
	}
	return m
}

// deployment decodes the sample Deployment n times, as assets of their own.
func deployment(t testing.TB, types *bulwark.Types, n int) []*bulwark.Asset {
	t.Helper()
	data, err := os.ReadFile("../../testdata/deployment.json")
	if err != nil {
		t.Fatal(err)
	}
	list := make([]*bulwark.Asset, n)
	for i := range list {
		v, err := bulwark.DecodeJSON(data, bulwark.DecodeOptions{Names: types.Names(), Asset: "live:d"})
		if err != nil {
			t.Fatal(err)
		}
		list[i] = &bulwark.Asset{ID: "live:d", Type: "apps/v1/Deployment", Properties: v}
	}
	return list
}

func incrementalSet(t testing.TB) *Set {
	t.Helper()
	checks, types := parse(t, txtar.Parse([]byte(incrementalContent)))
	s, problems := Compile(checks, types, Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return s
}
