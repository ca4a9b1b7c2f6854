package helm

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/engine"
	"sigs.k8s.io/yaml"

	"github.com/bulwarksec/bulwark"
)

// TestOracle renders templates here and with Helm's engine: but for marks, the
// output is the same.
func TestOracle(t *testing.T) {
	a, err := txtar.ParseFile("testdata/functions.txtar")
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{}
	for _, f := range a.Files {
		fsys[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	load := func() (*loader, *renderer, map[string]string) {
		l := newLoader(context.Background(), fsys)
		tr := tree{}
		l.folder(".", "", tr, 0)
		c, err := l.chart(tr, 0)
		if err != nil {
			t.Fatal(err)
		}
		top, err := l.values(c, nil)
		if err != nil {
			t.Fatal(err)
		}
		want, err := engine.Engine{}.RenderWithContext(context.Background(), c, top)
		if err != nil {
			t.Fatalf("Helm's engine: %v", err)
		}
		r := newRenderer(l, &objects{ctx: context.Background(), files: map[string][]byte{}})
		r.run(c, top)
		return l, r, want
	}
	l, r, want := load()
	for _, g := range l.gaps {
		t.Errorf("gap %s %s: %s", g.What, g.Where, g.Why)
	}
	for name, text := range want {
		s := r.sources[name]
		s.scope["Template"] = common.Values{"Name": name, "BasePath": s.base}
		got, err := r.execute(r.root, name, s.scope)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		clean, lines := r.marks.clean(got, s.file)
		if diff := gocmp.Diff(text, clean); diff != "" {
			t.Errorf("%s (-Helm +here):\n%s", name, diff)
		}
		if n := strings.Count(clean, "\n"); n > len(lines) {
			t.Errorf("%s: %d lines are known of %d", name, len(lines), n)
		}
		var v any
		if err := yaml.Unmarshal([]byte(clean), &v); err != nil {
			t.Errorf("%s is no YAML: %v", name, err)
		}
	}
	if len(want) < 2 {
		t.Errorf("Helm rendered %d templates", len(want))
	}
}

// TestHostile renders charts that are made to hang, exhaust or escape. Each
// ends in a gap, and the template beside it is rendered.
func TestHostile(t *testing.T) {
	deep := strings.Repeat("(", 20_000) + "1" + strings.Repeat(")", 20_000)
	for name, c := range map[string]struct{ text, why string }{
		"endless include":     {`{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}`, "deeper than"},
		"endless template":    {`{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}`, "deeper than"},
		"endless tpl":         {`{{ $t := "{{ tpl .t . }}" }}{{ tpl $t (dict "t" $t) }}`, "deeper than"},
		"doubling include":    {`{{ define "a" }}{{ if . }}{{ include "a" (sub . 1) }}{{ include "a" (sub . 1) }}{{ end }}{{ end }}{{ include "a" 40 }}`, ""},
		"loops in loops":      {`{{ range 100000 }}{{ range 100000 }}x{{ end }}{{ end }}`, "more work"},
		"much output":         {`{{ $s := repeat 1000000 "x" }}{{ range 1000 }}{{ $s }}{{ end }}`, "output"},
		"repeat":              {`{{ repeat 2000000000 "xxxxxxxx" }}`, "a text of"},
		"until":               {`{{ until 2000000000 }}`, "numbers"},
		"untilStep":           {`{{ untilStep 0 2000000000 1 }}`, "numbers"},
		"seq":                 {`{{ seq 1 1 2000000000 }}`, "numbers"},
		"indent":              {`{{ indent 2000000000 "x" }}`, "a text of"},
		"doubling text":       {`{{ $s := "xx" }}{{ range 100 }}{{ $s = print $s $s }}{{ end }}{{ $s }}`, "texts of more"},
		"doubling list":       {`{{ $l := list 1 }}{{ range 100 }}{{ $l = concat $l $l }}{{ end }}`, "values"},
		"growing replacement": {`{{ $s := "x" }}{{ range 100 }}{{ $s = replace "x" "xxxxxxxxxx" $s }}{{ end }}`, "a text of"},
		"holds itself":        {`{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ toYaml $d }}`, "deeper than"},
		"merged into itself":  {`{{ $d := dict "x" 1 }}{{ $_ := merge $d (dict "d" $d) }}{{ $d }}`, "deeper than"},
		"doubling value":      {`{{ $d := dict }}{{ range 60 }}{{ $d = dict "a" $d "b" $d }}{{ end }}{{ toYaml $d }}`, "values"},
		"doubling printed":    {`{{ $d := dict }}{{ range 60 }}{{ $d = list $d $d }}{{ end }}{{ $d }}`, "values"},
		"YAML bomb":           {`{{ fromYaml "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]" | required "x" }}{{ fail "stop" }}`, "stop"},
		"wide printf":         {`{{ printf "` + strings.Repeat("%1000000d", 20) + `" 1 }}`, "a text of"},
		"precise printf":      {`{{ printf "` + strings.Repeat("%.1000000d", 20) + `" 1 }}`, "a text of"},
		"starred printf":      {`{{ printf "` + strings.Repeat("%[1]*[1]d", 20) + `" 1000000 }}`, "a text of"},
		"repeated printf":     {`{{ printf "` + strings.Repeat("%[1]s", 20) + `" (repeat 1000000 "x") }}`, "a text of"},
		"quoted printf":       {`{{ printf "%+q" (repeat 2000000 "é") }}`, "a text of"},
		"untilStep around":    {`{{ untilStep -9223372036854775807 9223372036854775807 1 }}`, "beyond"},
		"untilStep past":      {`{{ untilStep 9223372036854775806 9223372036854775807 5 }}`, "beyond"},
		"must replacement":    {`{{ mustRegexReplaceAll "x" (repeat 1000000 "x") (repeat 1000 "y") }}`, "a text of"},
		"must literal":        {`{{ mustRegexReplaceAllLiteral "x" (repeat 1000000 "x") (repeat 1000 "y") }}`, "a text of"},
		"replaced by groups":  {`{{ regexReplaceAll ".*" (repeat 30000 "x") (repeat 2000 "$0") }}`, "a text of"},
		"TOML brackets":       {`{{ (fromToml (print "a = " (repeat 8000000 "["))).Error | fail }}`, "of TOML"},
		"TOML dots":           {`{{ (fromToml (print (repeat 4000000 "a.") "a = 1")).Error | fail }}`, "of TOML"},
		"uniq":                {`{{ uniq (until 60000) }}`, "against all"},
		"must uniq":           {`{{ mustUniq (until 60000) }}`, "against all"},
		"without":             {`{{ without (until 60000) ` + strings.Repeat("1 ", 10_000) + ` }}`, "at <without"},
		"deep blocks":         {strings.Repeat("{{ if true }}", 300) + "x" + strings.Repeat("{{ end }}", 300), "one in the other deeper"},
		"deep tpl":            {`{{ tpl (print (repeat 300 "{{ if true }}") (repeat 300 "{{ end }}")) . }}`, "one in the other deeper"},
		"deep calls":          {`{{ ` + strings.Repeat("(print ", 300) + "1" + strings.Repeat(")", 300) + ` }}`, "one in the other deeper"},
		"deep parentheses":    {`{{ ` + deep + ` }}`, "depth"},
		"environment":         {`{{ env "HOME" }}`, "not defined"},
		"expanded":            {`{{ expandenv "$HOME" }}`, "not defined"},
		"failing":             {`{{ fail "no" }}`, "no"},
		"panicking":           {`{{ substr 5 1 "abc" }}`, ""},
		"key that is a mark":  {"a\U000F0001b: {{ .Values.x }}\U0010FFFD", ""},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			if testing.Short() && (c.why == "more work" || c.why == "output" || name == "doubling include") {
				t.Skip("takes seconds; not with -short")
			}
			const good = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\n"
			fsys := fstest.MapFS{
				"Chart.yaml":             {Data: []byte("apiVersion: v2\nname: c\nversion: 1.0.0\n")},
				"templates/a-good.yaml":  {Data: []byte(good)},
				"templates/bad.yaml":     {Data: []byte(c.text)},
				"templates/z-alone.yaml": {Data: []byte("{{ getHostByName \"example.com\" }}\n{{ (lookup \"v1\" \"Pod\" \"\" \"\").items }}\n" + strings.ReplaceAll(good, "good", "also"))},
			}
			result := Render(context.Background(), fsys, ".", Options{RepositoryID: "r"})
			var why []string
			for _, g := range result.Gaps {
				if g.Position.File != "templates/bad.yaml" && g.What == GapTemplate && !strings.Contains(g.Why, "more work") && !strings.Contains(g.Why, "bytes of output") {
					t.Errorf("gap at %s: %s", g.Where, g.Why)
				}
				why = append(why, g.Why)
			}
			if text := strings.Join(why, "\n"); c.why != "" && !strings.Contains(text, c.why) {
				t.Errorf("gaps are %q, want one that says %q", text, c.why)
			}
			if !hasName(result.Assets, "also") {
				t.Errorf("the template that is rendered before is missing: %v", why)
			}
		})
	}
}

func hasName(assets []*bulwark.Asset, name string) bool {
	for _, a := range assets {
		if a.Name == name {
			return true
		}
	}
	return false
}

// FuzzRender renders one template with a helper and values.
func FuzzRender(f *testing.F) {
	f.Add("{{ include \"h\" . | nindent 2 }}", "{{ define \"h\" }}a: {{ .Values.a }}{{ end }}", "a: 1")
	f.Add("{{ range $k, $v := .Values }}{{ $k }}: {{ toYaml $v | indent 2 }}{{ end }}", "", "a: {b: [1]}")
	f.Add("apiVersion: v1\nkind: Secret\nmetadata: {name: {{ required \"n\" .Values.n }}}\n---\n{{ tpl .Values.t . }}", "", "t: '{{ randAlpha 3 }}'")
	f.Fuzz(func(t *testing.T, text, helper, values string) {
		if len(text)+len(helper)+len(values) > 16<<10 {
			return
		}
		fsys := fstest.MapFS{
			"Chart.yaml":             {Data: []byte("apiVersion: v2\nname: c\nversion: 1.0.0\n")},
			"values.yaml":            {Data: []byte(values)},
			"templates/_helpers.tpl": {Data: []byte(helper)},
			"templates/a.yaml":       {Data: []byte(text)},
		}
		for _, a := range Render(context.Background(), fsys, ".", Options{RepositoryID: "r"}).Assets {
			for v := range walk(a.Properties) {
				pos := v.Position()
				source, ok := fsys[pos.File]
				if !ok || pos.Line < 1 || pos.Line > 1+strings.Count(string(source.Data), "\n") {
					t.Fatalf("%s stands at %s, which is no line of a template", v.Path(), pos)
				}
			}
		}
	})
}

func walk(v bulwark.Value) func(func(bulwark.Value) bool) {
	return func(yield func(bulwark.Value) bool) {
		if !yield(v) {
			return
		}
		for _, child := range v.Children() {
			for w := range walk(child) {
				if !yield(w) {
					return
				}
			}
		}
	}
}

// FuzzArchive reads an archive.
func FuzzArchive(f *testing.F) {
	f.Add([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 64<<10 {
			RenderArchive(context.Background(), fstest.MapFS{}, "c.tgz", data, Options{RepositoryID: "r"})
		}
	})
}
