package expr

import (
	"slices"
	"strings"

	"cel.dev/cel-go/common"

	"github.com/bulwarksec/bulwark"
)

// report turns cel-go's errors into problems that name what is nearest.
func (e *Env) report(x bulwark.Expr, sc *Scope, errs []*common.Error) []bulwark.Problem {
	var problems []bulwark.Problem
	missed := e.prov.missed
	for _, err := range errs {
		p := bulwark.Problem{File: x.Position.File, Line: x.Position.Line}
		if p.Line > 0 {
			p.Line += max(err.Location.Line()-1, 0)
		}
		p.Message = plain(err.Message)
		if name, ok := quoted(p.Message, "undeclared reference to '"); ok {
			p.Message = name + " is not known here"
			p.Mend = suggest(nearest(name, append(sc.varNames(), functionNames...)), sc.varNames())
		}
		if name, ok := quoted(p.Message, "undefined field '"); ok {
			for _, m := range missed {
				if m.field == name {
					p.Message, p.Mend = m.describe(e)
					break
				}
			}
		}
		problems = append(problems, p)
		if len(problems) == 8 {
			break
		}
	}
	return problems
}

func suggest(near string, all []string) string {
	if near != "" {
		return "did you mean " + near + "?"
	}
	slices.Sort(all)
	if len(all) > 12 {
		all = append(slices.Clone(all[:12]), "…")
	}
	return "known are " + strings.Join(all, ", ")
}

func quoted(message, prefix string) (string, bool) {
	rest, ok := strings.CutPrefix(message, prefix)
	name, _, found := strings.Cut(rest, "'")
	return name, ok && found
}

// plain takes our inner names out of a message.
var plainer = strings.NewReplacer("'@eq'", "'=='", "'@ne'", "'!='", "'@lt'", "'<'", "'@le'", "'<='", "'@gt'", "'>'", "'@ge'", "'>='",
	"'@member'", "'in'", "'@add'", "'+'", "'@sub'", "'-'", "'@index'", "'[]'", "'@size'", "'size'", "'@has'", "'has'", "'@startsWith'", "'startsWith'",
	"'@endsWith'", "'endsWith'", "'@contains'", "'contains'", "'@matches'", "'matches'", "'@lowerAscii'", "'lowerAscii'", "'@upperAscii'", "'upperAscii'", "wrapper(", "nullable(", "T:", "")

func plain(s string) string { return plainer.Replace(s) }

type missedField struct {
	node  *node
	vars  bool
	field string
}

func (m missedField) describe(e *Env) (message, mend string) {
	if rel, ok := strings.CutPrefix(m.field, relField); ok {
		return "related(…, '" + rel + "') of what is no asset", "give related an asset"
	}
	if _, ok := strings.CutPrefix(m.field, factField); ok {
		return "fact of what is no asset", "give fact an asset"
	}
	if m.node == nil {
		return "no " + m.field, ""
	}
	names := make([]string, 0, len(m.node.fields))
	for name := range m.node.fields {
		names = append(names, name)
	}
	where := "the parameters"
	switch {
	case m.node.asset != nil:
		where = m.node.asset.ID
	case m.node.path != "":
		where = m.node.path
	}
	return "no property " + m.field + " in " + where, suggest(nearest(m.field, names), names)
}
