package content

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// decoder reads the members of maps strictly and collects what is wrong.
type decoder struct {
	file     string
	problems []bulwark.Problem
}

func (d *decoder) fail(at bulwark.Value, mend, format string, args ...any) {
	line := at.Position().Line
	d.problems = append(d.problems, bulwark.Problem{File: d.file, Line: max(line, 1), Message: fmt.Sprintf(format, args...), Mend: mend})
}

// fields calls the reader of each member of the map v, in source order, and
// reports members that have none.
func (d *decoder) fields(v bulwark.Value, what string, readers map[string]func(bulwark.Value)) {
	if v.Kind() != bulwark.Object {
		d.fail(v, "see docs/formats", "%s is %s, want a map", what, v.Kind())
		return
	}
	for name, c := range v.Children() {
		read, ok := readers[name]
		if !ok {
			keys := make([]string, 0, len(readers))
			for k := range readers {
				keys = append(keys, k)
			}
			d.fail(c, DidYouMean(name, keys), "%s has no key %q", what, name)
			continue
		}
		read(c)
	}
}

func (d *decoder) str(to *string) func(bulwark.Value) {
	return func(v bulwark.Value) {
		switch v.Kind() {
		case bulwark.String:
			*to = strings.TrimSpace(v.Text())
		case bulwark.Bool, bulwark.Int, bulwark.Float:
			*to = v.String()
		default:
			d.fail(v, "write a text", "%s is %s, want a text", v.Name(), v.Kind())
		}
	}
}

func (d *decoder) boolean(to *bool) func(bulwark.Value) {
	return func(v bulwark.Value) {
		if v.Kind() != bulwark.Bool {
			d.fail(v, "write true or false", "%s is %s, want true or false", v.Name(), v.Kind())
		}
		*to = v.Bool()
	}
}

// strs reads a list of texts; one text is a list of one.
func (d *decoder) strs(to *[]string) func(bulwark.Value) {
	return func(v bulwark.Value) {
		if v.Kind() == bulwark.String {
			*to = []string{v.Text()}
			return
		}
		if v.Kind() != bulwark.List {
			d.fail(v, "write [a, b]", "%s is %s, want a list of texts", v.Name(), v.Kind())
			return
		}
		for _, c := range v.Children() {
			var s string
			d.str(&s)(c)
			*to = append(*to, s)
		}
	}
}

func (d *decoder) expr(to *bulwark.Expr) func(bulwark.Value) {
	return func(v bulwark.Value) {
		to.Position = v.Position()
		d.str(&to.Text)(v)
	}
}

// named reads a map of name → expression in source order.
func (d *decoder) named(to *[]bulwark.NamedExpr) func(bulwark.Value) {
	return func(v bulwark.Value) {
		if v.Kind() != bulwark.Object {
			d.fail(v, "write name: expression", "%s is %s, want a map of expressions", v.Name(), v.Kind())
			return
		}
		for name, c := range v.Children() {
			e := bulwark.NamedExpr{Name: name}
			d.expr(&e.Expr)(c)
			*to = append(*to, e)
		}
	}
}

// values reads a map of name → any value.
func (d *decoder) values(to *map[string]bulwark.Value) func(bulwark.Value) {
	return func(v bulwark.Value) {
		if v.Kind() != bulwark.Object {
			d.fail(v, "write name: value", "%s is %s, want a map", v.Name(), v.Kind())
			return
		}
		*to = map[string]bulwark.Value{}
		for name, c := range v.Children() {
			(*to)[name] = c
		}
	}
}

// require reports texts that are missing.
func (d *decoder) require(at bulwark.Value, what string, texts map[string]string) {
	names := make([]string, 0, len(texts))
	for name := range texts {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if texts[name] == "" {
			d.fail(at, fmt.Sprintf("add %s:", name), "%s lacks %s", what, name)
		}
	}
}

// DidYouMean returns a mend that names the nearest of the candidates, or all
// of them when none is near and they are not many. It sorts the candidates.
func DidYouMean(got string, candidates []string) string {
	if len(candidates) == 0 {
		return "there is none"
	}
	slices.Sort(candidates)
	best, bestDistance := "", 1+len(got)/2
	for _, c := range candidates {
		if n := distance(strings.ToLower(got), strings.ToLower(c)); n < bestDistance {
			best, bestDistance = c, n
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %s?", best)
	}
	if len(candidates) > 40 {
		return "it is not known"
	}
	return "want one of " + strings.Join(candidates, ", ")
}

// distance is the Levenshtein distance of two short texts, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
