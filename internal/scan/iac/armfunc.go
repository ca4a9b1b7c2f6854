package iac

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/scan/iac/tf"
)

// armFunctions are the functions of templates that are the same wherever they
// are called. Each gets its arguments; nil is what cannot be known.
var armFunctions = map[string]func(args armArgs) *tf.Node{
	"concat":          func(a armArgs) *tf.Node { return concat(a) },
	"true":            func(armArgs) *tf.Node { return boolNode(true) },
	"false":           func(armArgs) *tf.Node { return boolNode(false) },
	"null":            func(armArgs) *tf.Node { return &tf.Node{Kind: tf.Null} },
	"createarray":     func(a armArgs) *tf.Node { return &tf.Node{Kind: tf.List, Items: a} },
	"createobject":    armCreateObject,
	"if":              armIf,
	"not":             func(a armArgs) *tf.Node { return armTruth(a.at(0), func(b bool) bool { return !b }) },
	"and":             func(a armArgs) *tf.Node { return armAll(a, false) },
	"or":              func(a armArgs) *tf.Node { return armAll(a, true) },
	"equals":          armEquals,
	"less":            armCompare(func(c int) bool { return c < 0 }),
	"lessorequals":    armCompare(func(c int) bool { return c <= 0 }),
	"greater":         armCompare(func(c int) bool { return c > 0 }),
	"greaterorequals": armCompare(func(c int) bool { return c >= 0 }),
	"add":             armCompute(func(x, y int64) (int64, bool) { return x + y, true }),
	"sub":             armCompute(func(x, y int64) (int64, bool) { return x - y, true }),
	"mul":             armCompute(func(x, y int64) (int64, bool) { return x * y, true }),
	"div":             armCompute(func(x, y int64) (int64, bool) { return x / max(y, 1), y > 0 }),
	"mod":             armCompute(func(x, y int64) (int64, bool) { return x % max(y, 1), y > 0 }),
	"string":          armString,
	"bool":            func(a armArgs) *tf.Node { return toBool(a.at(0)) },
	"int":             armInt,
	"json":            armJSON,
	"tolower":         armText(strings.ToLower),
	"toupper":         armText(strings.ToUpper),
	"trim":            armText(strings.TrimSpace),
	"format":          armFormat,
	"replace":         armReplace,
	"split":           armSplit,
	"join":            armJoin,
	"startswith":      armTest(func(s, part string) bool { return strings.HasPrefix(strings.ToLower(s), strings.ToLower(part)) }),
	"endswith":        armTest(func(s, part string) bool { return strings.HasSuffix(strings.ToLower(s), strings.ToLower(part)) }),
	"contains":        armContains,
	"empty":           armEmpty,
	"length":          armLength,
	"coalesce":        armCoalesce,
	"first":           func(a armArgs) *tf.Node { return armElement(a.at(0), 0) },
	"last":            func(a armArgs) *tf.Node { return armElement(a.at(0), -1) },
	"range":           armRange,
	"union":           armUnion,
	"tryget":          armTryGet,
}

type armArgs []*tf.Node

// at is an argument; one that is not given is null.
func (a armArgs) at(i int) *tf.Node {
	if i < len(a) {
		return a[i]
	}
	return &tf.Node{Kind: tf.Null}
}

func known(n *tf.Node) bool { return n.Kind != tf.Unknown && n.Kind != tf.Symbolic }

func textNode(s string) *tf.Node   { return &tf.Node{Kind: tf.String, Text: s} }
func boolNode(b bool) *tf.Node     { return &tf.Node{Kind: tf.Bool, Bool: b} }
func integerNode(i int64) *tf.Node { return numberNode(float64(i), &tf.Node{}) }

// function evaluates a function; nil is not known.
func (p *armParser) function(name string, args []*tf.Node) *tf.Node {
	a := armArgs(args)
	switch name {
	case "parameters":
		return p.t.parameter(scalarText(a.at(0)), p.depth)
	case "variables":
		return p.t.variable(scalarText(a.at(0)), p.depth)
	case "copyindex":
		return p.copyIndex(args)
	case "resourceid", "subscriptionresourceid", "extensionresourceid":
		return armSymbol("computed", p.t.resourceAddress(args), "id")
	case "symbolicid":
		return armSymbol("computed", p.t.prefix+p.t.resourceAddress(args), "id")
	case "reference":
		if s := a.at(0).Symbol(); s != nil && s.Kind == "computed" {
			return armSymbol("computed", s.Address, "")
		}
		if text := scalarText(a.at(0)); strings.HasPrefix(text, "module.") {
			return armSymbol("computed", p.t.prefix+text, "")
		}
	}
	if f := armFunctions[name]; f != nil {
		return f(a)
	}
	return nil
}

// copyIndex is the turn of the loop that a function names, or of the innermost,
// plus an offset.
func (p *armParser) copyIndex(args []*tf.Node) *tf.Node {
	loop := p.t.loops
	if len(args) > 0 && args[0].Kind == tf.String {
		for loop != nil && !strings.EqualFold(args[0].Text, loop.name) {
			loop = loop.outer
		}
		args = args[1:]
	}
	if loop == nil || !loop.known {
		return nil
	}
	offset, _ := armArgs(args).at(0).Int()
	return integerNode(loop.index + offset)
}

// resourceAddress is the address of the resource that resourceId names.
func (t *armTemplate) resourceAddress(args []*tf.Node) string {
	for i, a := range args {
		if a.Kind == tf.String && strings.Contains(a.Text, "/") && i+1 < len(args) {
			typ := a.Text
			if info := t.out.m.types.folded[strings.ToLower(typ)]; info != nil {
				typ = info.ID
			}
			return typ + "." + textOrSymbols(args[len(args)-1])
		}
	}
	return "resourceId"
}

func armCreateObject(a armArgs) *tf.Node {
	o := &tf.Node{Kind: tf.Object}
	for i := 0; i+1 < len(a); i += 2 {
		if a[i].Kind != tf.String {
			o.Open = true
			continue
		}
		o.SetField(a[i].Text, a[i+1])
	}
	return o
}

func armIf(a armArgs) *tf.Node {
	switch c := a.at(0); {
	case c.Kind == tf.Bool && c.Bool:
		return a.at(1)
	case c.Kind == tf.Bool:
		return a.at(2)
	}
	if text := scalarText(a.at(1)); text != "" && a.at(1).Kind == a.at(2).Kind && text == scalarText(a.at(2)) {
		return a.at(1)
	}
	if a.at(1).Kind == tf.Object || a.at(1).Kind == tf.List || a.at(1).Kind == tf.Bool || a.at(1).Kind == tf.Number {
		return &tf.Node{Kind: tf.Unknown, Reason: "a condition depends on inputs"}
	}
	return nil
}

func armTruth(n *tf.Node, f func(bool) bool) *tf.Node {
	if n.Kind != tf.Bool {
		return nil
	}
	return boolNode(f(n.Bool))
}

// armAll is and, or where decides is true or.
func armAll(a armArgs, decides bool) *tf.Node {
	all := true
	for _, n := range a {
		if n.Kind == tf.Bool && n.Bool == decides {
			return n
		}
		all = all && n.Kind == tf.Bool
	}
	if !all {
		return nil
	}
	return boolNode(!decides)
}

func armEquals(a armArgs) *tf.Node {
	x, y := a.at(0), a.at(1)
	if s := x.Symbol(); s != nil && y.Symbol() != nil && *s == *y.Symbol() {
		return boolNode(true)
	}
	switch {
	case !known(x) || !known(y) || x.Kind == tf.List || x.Kind == tf.Object:
		return nil
	case x.Kind != y.Kind:
		return boolNode(false)
	}
	return boolNode(strings.EqualFold(scalarText(x), scalarText(y)))
}

func armCompare(want func(int) bool) func(armArgs) *tf.Node {
	return func(a armArgs) *tf.Node {
		x, y := a.at(0), a.at(1)
		switch {
		case x.Kind == tf.Number && y.Kind == tf.Number:
			return boolNode(want(x.Number.Cmp(y.Number)))
		case x.Kind == tf.String && y.Kind == tf.String:
			return boolNode(want(strings.Compare(x.Text, y.Text)))
		}
		return nil
	}
}

func armCompute(f func(x, y int64) (int64, bool)) func(armArgs) *tf.Node {
	return func(a armArgs) *tf.Node {
		x, okx := a.at(0).Int()
		y, oky := a.at(1).Int()
		if !okx || !oky {
			return nil
		}
		if z, ok := f(x, y); ok {
			return integerNode(z)
		}
		return nil
	}
}

func armString(a armArgs) *tf.Node {
	if t := scalarText(a.at(0)); t != "" {
		return textNode(t)
	}
	if a.at(0).Kind == tf.List || a.at(0).Kind == tf.Object {
		return jsonText(a.at(0))
	}
	return nil
}

func armInt(a armArgs) *tf.Node {
	if f, ok := a.at(0).Float(); ok {
		return numberNode(f, a.at(0))
	}
	return nil
}

func armJSON(a armArgs) *tf.Node {
	if a.at(0).Kind != tf.String {
		return nil
	}
	v, err := bulwark.DecodeJSON([]byte(a.at(0).Text), bulwark.DecodeOptions{Limits: bulwark.Limits{Bytes: maxExpression, Depth: 64, Nodes: 1 << 12}})
	if err != nil {
		return nil
	}
	return fromValue(v)
}

func armText(f func(string) string) func(armArgs) *tf.Node {
	return func(a armArgs) *tf.Node {
		if a.at(0).Kind != tf.String {
			return nil
		}
		return textNode(f(a.at(0).Text))
	}
}

func armTest(f func(s, part string) bool) func(armArgs) *tf.Node {
	return func(a armArgs) *tf.Node {
		if a.at(0).Kind != tf.String || a.at(1).Kind != tf.String {
			return nil
		}
		return boolNode(f(a.at(0).Text, a.at(1).Text))
	}
}

// armFormat fills the holes {0}, {1:…} of a text; {{ and }} are brackets.
func armFormat(a armArgs) *tf.Node {
	if a.at(0).Kind != tf.String {
		return nil
	}
	var parts []*tf.Node
	var lit strings.Builder
	for s := a.at(0).Text; s != ""; {
		switch {
		case strings.HasPrefix(s, "{{") || strings.HasPrefix(s, "}}"):
			lit.WriteByte(s[0])
			s = s[2:]
		case s[0] == '{':
			hole, rest, ok := strings.Cut(s[1:], "}")
			digits, form, _ := strings.Cut(hole, ":")
			i, err := strconv.Atoi(digits)
			if !ok || err != nil || i < 0 || i+1 >= len(a) {
				return nil
			}
			value := a[i+1]
			if form != "" && known(value) { // a way to write numbers that is not followed
				return nil
			}
			parts = append(parts, textNode(lit.String()), value)
			lit.Reset()
			s = rest
		default:
			lit.WriteByte(s[0])
			s = s[1:]
		}
	}
	return concat(append(parts, textNode(lit.String())))
}

func armReplace(a armArgs) *tf.Node {
	s, old, with := a.at(0), a.at(1), a.at(2)
	if s.Kind != tf.String || old.Kind != tf.String || with.Kind != tf.String || old.Text == "" || len(s.Text)*max(len(with.Text), 1) > maxText {
		return nil
	}
	return textNode(strings.ReplaceAll(s.Text, old.Text, with.Text))
}

func armSplit(a armArgs) *tf.Node {
	if a.at(0).Kind != tf.String || a.at(1).Kind != tf.String || a.at(1).Text == "" {
		return nil
	}
	out := &tf.Node{Kind: tf.List}
	for part := range strings.SplitSeq(a.at(0).Text, a.at(1).Text) {
		out.Items = append(out.Items, textNode(part))
	}
	return out
}

func armJoin(a armArgs) *tf.Node {
	list := a.at(0)
	if list.Kind != tf.List || list.Open || a.at(1).Kind != tf.String {
		return nil
	}
	var parts []*tf.Node
	for i, item := range list.Items {
		if i > 0 {
			parts = append(parts, a.at(1))
		}
		parts = append(parts, item)
	}
	return concat(append([]*tf.Node{textNode("")}, parts...))
}

func armContains(a armArgs) *tf.Node {
	in, what := a.at(0), a.at(1)
	text := scalarText(what)
	switch {
	case !known(what) || what.Kind == tf.List || what.Kind == tf.Object:
	case in.Kind == tf.String:
		return boolNode(strings.Contains(in.Text, text))
	case in.Kind == tf.Object && (!in.Open || memberFold(in, text) != nil):
		return boolNode(memberFold(in, text) != nil)
	case in.Kind == tf.List:
		if slices.ContainsFunc(in.Items, func(n *tf.Node) bool { return n.Kind == what.Kind && scalarText(n) == text }) {
			return boolNode(true)
		}
		if !in.Open && !slices.ContainsFunc(in.Items, func(n *tf.Node) bool { return !known(n) }) {
			return boolNode(false)
		}
	}
	return nil
}

func armEmpty(a armArgs) *tf.Node {
	switch n := a.at(0); {
	case n.Kind == tf.Null:
		return boolNode(true)
	case n.Kind == tf.String:
		return boolNode(n.Text == "")
	case n.Kind == tf.List && (len(n.Items) > 0 || !n.Open):
		return boolNode(len(n.Items) == 0)
	case n.Kind == tf.Object && (len(n.Fields) > 0 || !n.Open):
		return boolNode(len(n.Fields) == 0)
	}
	return nil
}

func armLength(a armArgs) *tf.Node {
	switch n := a.at(0); {
	case n.Kind == tf.String:
		return integerNode(int64(len([]rune(n.Text))))
	case n.Kind == tf.List && !n.Open:
		return integerNode(int64(len(n.Items)))
	case n.Kind == tf.Object && !n.Open:
		return integerNode(int64(len(n.Fields)))
	}
	return nil
}

func armCoalesce(a armArgs) *tf.Node {
	for _, n := range a {
		switch {
		case n.Kind == tf.Null:
		case known(n) || n.Kind == tf.Symbolic && n.Symbol() == nil:
			return n
		default: // may be null
			return nil
		}
	}
	return &tf.Node{Kind: tf.Null}
}

// armElement is an element of a list, from its end where i is negative.
func armElement(n *tf.Node, i int) *tf.Node {
	if n.Kind != tf.List || n.Open || len(n.Items) == 0 {
		return nil
	}
	return n.Items[(i+len(n.Items))%len(n.Items)]
}

func armRange(a armArgs) *tf.Node {
	from, ok := a.at(0).Int()
	n, okn := a.at(1).Int()
	if !ok || !okn || n < 0 || n > 10_000 {
		return nil
	}
	out := &tf.Node{Kind: tf.List}
	for i := range n {
		out.Items = append(out.Items, integerNode(from+i))
	}
	return out
}

// armUnion joins lists without what is there twice, or objects, of which the
// later count.
func armUnion(a armArgs) *tf.Node {
	out := &tf.Node{Kind: a.at(0).Kind}
	have := map[string]bool{}
	for _, n := range a {
		switch {
		case !known(n):
			out.Open = true
		case n.Kind == tf.List && (out.Kind == tf.List || !known(out)):
			out.Kind, out.Open = tf.List, out.Open || n.Open
			for _, item := range n.Items {
				key := fmt.Sprint(item.Kind, scalarText(item))
				if scalarText(item) == "" || !have[key] {
					have[key] = true
					out.Items = append(out.Items, item)
				}
			}
		case n.Kind == tf.Object && (out.Kind == tf.Object || !known(out)):
			out.Kind, out.Open = tf.Object, out.Open || n.Open
			for _, f := range n.Fields {
				out.SetField(f.Name, armMerged(out.Get(f.Name), f.Value, 0))
			}
		default:
			return nil
		}
	}
	if !known(out) {
		return nil
	}
	return out
}

// armMerged is the later of two members of objects that are joined; objects
// among them are joined too.
func armMerged(old, later *tf.Node, depth int) *tf.Node {
	if old == nil || old.Kind != tf.Object || later.Kind != tf.Object || depth > maxNested {
		return later
	}
	out := &tf.Node{Kind: tf.Object, Pos: later.Pos, Open: old.Open || later.Open, Fields: slices.Clone(old.Fields)}
	for _, f := range later.Fields {
		out.SetField(f.Name, armMerged(out.Get(f.Name), f.Value, depth+1))
	}
	return out
}

func armTryGet(a armArgs) *tf.Node {
	n := a.at(0)
	if n.Kind == tf.Null {
		return n
	}
	if i, ok := a.at(1).Int(); ok && n.Kind == tf.List && !n.Open {
		if i >= 0 && i < int64(len(n.Items)) {
			return n.Items[i]
		}
		return &tf.Node{Kind: tf.Null}
	}
	if c := memberFold(n, scalarText(a.at(1))); c != nil {
		return c
	}
	if n.Kind == tf.Object && !n.Open {
		return &tf.Node{Kind: tf.Null}
	}
	return nil
}
