package helm

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"

	chart "helm.sh/helm/v4/pkg/chart/v2"

	"helm.sh/helm/v4/pkg/chart/common"

	"github.com/bulwarksec/bulwark"
)

// source is one template of a chart.
type source struct {
	text  string
	file  string // in positions
	scope map[string]any
	base  string
}

// renderer executes the templates of one chart.
type renderer struct {
	*loader
	objects *objects
	sources map[string]source // by the name that templates know them by
	root    *template.Template
	marks   marks
	done    map[*parse.Tree]bool
	depth   int
	left    int      // bytes of output
	unset   []string // why a value is unknown, by the rune that stands for it
}

func newRenderer(l *loader, o *objects) *renderer {
	r := &renderer{loader: l, objects: o, sources: map[string]source{}, done: map[*parse.Tree]bool{}, left: maxOutput, marks: marks{ids: map[place]int{}}}
	r.root = template.New("chart").Option("missingkey=zero")
	r.root.Funcs(r.functions())
	return r
}

// run parses all templates and executes them one by one, those of charts below
// first and each in the order of names, as Helm does.
func (r *renderer) run(c *chart.Chart, top common.Values) {
	if _, err := r.scopes(c, top, 0); err != nil {
		r.gap(GapChart, bulwark.Position{File: r.dir}, err.Error(), "")
		return
	}
	names := slices.SortedFunc(maps.Keys(r.sources), func(a, b string) int {
		return -cmp.Or(strings.Count(a, "/")-strings.Count(b, "/"), strings.Compare(a, b))
	})
	parsed := map[string]bool{}
	for _, name := range names {
		parsed[name] = r.parse(name)
	}
	for _, name := range names {
		if !parsed[name] || isPartial(name) || isNotes(name) {
			continue
		}
		if err := r.ctx.Err(); err != nil {
			r.gap(GapChart, bulwark.Position{File: r.dir}, err.Error(), "")
			return
		}
		s := r.sources[name]
		s.scope["Template"] = common.Values{"Name": name, "BasePath": s.base}
		text, err := r.execute(r.root, name, s.scope)
		if err != nil {
			r.failed(name, err)
			continue
		}
		r.objects.rendered(r, text, s)
	}
}

// parse adds one template and annotates what it defines.
func (r *renderer) parse(name string) bool {
	s := r.sources[name]
	if _, err := r.root.New(name).Parse(s.text); err != nil {
		r.failed(name, err)
		return false
	}
	if err := r.annotate(r.root, s.text, s.file); err != nil {
		r.failed(name, err)
		return false
	}
	return true
}

// annotate rewrites the trees that were added since it was called last. One that
// is too deep to be executed is emptied.
func (r *renderer) annotate(t *template.Template, text, file string) error {
	a := annotator{marks: &r.marks, file: file, text: text}
	var failed error
	for _, d := range t.Templates() {
		if d.Tree == nil || r.done[d.Tree] {
			continue
		}
		r.done[d.Tree] = true
		if depthOf(d.Tree.Root) > maxBlocks {
			d.Tree.Root.Nodes = nil
			failed = fmt.Errorf("template: %s:1: blocks and parentheses one in the other deeper than %d", d.Tree.ParseName, maxBlocks)
		}
		a.tree(d.Tree)
	}
	return failed
}

// execute runs a template and returns its text with marks.
func (r *renderer) execute(t *template.Template, name string, data any) (text string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the template could not be executed: %v", p)
		}
	}()
	r.depth++
	defer func() { r.depth-- }()
	if r.depth > maxInclude {
		return "", fmt.Errorf("templates one in the other deeper than %d", maxInclude)
	}
	out := output{left: &r.left}
	if err := t.ExecuteTemplate(&out, name, data); err != nil {
		return "", err
	}
	return strings.ReplaceAll(string(out.text), "<no value>", ""), nil
}

// include returns the function of that name for the templates of t.
func (r *renderer) include(t *template.Template) func(string, any) (string, error) {
	return func(name string, data any) (string, error) {
		if err := r.step(1); err != nil {
			return "", err
		}
		left := r.left // text that is included counts where it is printed
		text, err := r.execute(t, name, data)
		r.left = left
		if err == nil {
			err = r.make(len(text))
		}
		return text, err
	}
}

// tpl returns the function of that name for the templates of t: it executes a
// text as a template, which sees all others and whose definitions only it sees.
func (r *renderer) tpl(t *template.Template) func(string, any) (string, error) {
	return func(text string, data any) (string, error) {
		if !strings.Contains(text, "{{") {
			return text, nil
		}
		if len(text) > maxTemplate {
			return "", fmt.Errorf("a template of %d bytes, more than the %d that are executed", len(text), maxTemplate)
		}
		if err := r.step(100 + len(r.sources) + len(text)/100); err != nil {
			return "", err
		}
		inner, err := t.Clone()
		if err != nil {
			return "", err
		}
		inner.Option("missingkey=zero").Funcs(r.includes(inner))
		if inner, err = inner.New(t.Name()).Parse(text); err != nil {
			return "", err
		}
		if err := r.annotate(inner, text, ""); err != nil {
			return "", err
		}
		return r.include(inner)(inner.Name(), data)
	}
}

// includes are the functions that execute templates. What those named bulwark
// return keeps its marks.
func (r *renderer) includes(t *template.Template) template.FuncMap {
	plain := func(fn func(string, any) (string, error)) func(string, any) (string, error) {
		return func(name string, data any) (string, error) {
			text, err := fn(name, data)
			return strip(text), err
		}
	}
	include, tpl := r.include(t), r.tpl(t)
	return template.FuncMap{"include": plain(include), "tpl": plain(tpl), "bulwark_include": include, "bulwark_tpl": tpl}
}

var errorPlace = regexp.MustCompile(`template: ([^\n:]+):(\d+)(?::\d+)?: `)

// failed tells why a template was not parsed or executed, at the line of the
// template itself, or else of the one it includes.
func (r *renderer) failed(name string, err error) {
	pos := bulwark.Position{File: r.sources[name].file}
	text := err.Error()
	for _, m := range errorPlace.FindAllStringSubmatch(text, 50) {
		if s, ok := r.sources[m[1]]; ok && s.file == pos.File {
			pos.Line, _ = strconv.Atoi(m[2])
			pos.Line = min(pos.Line, 1+strings.Count(s.text, "\n"))
			break
		}
	}
	if at := errorPlace.FindAllStringIndex(text, -1); len(at) > 0 { // the innermost says why
		last := at[len(at)-1]
		place := errorPlace.FindStringSubmatch(text[last[0]:])
		text = text[last[1]:]
		if s, ok := r.sources[place[1]]; ok && s.file != pos.File {
			text += " (in " + s.file + ":" + place[2] + ")"
		}
	}
	if cause := errors.Unwrap(err); errors.Is(err, errBudget) && cause != nil {
		text = errBudget.Error()
	}
	r.gap(GapTemplate, pos, oneLine(text), "")
}
