package bicep

import (
	"math/big"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/scan/iac/tf"
)

// lowerer turns the statements of one file into a template.
type lowerer struct {
	r      *reader
	src    *source
	decls  map[string]*decl
	env    []binding // variables of loops and lambdas, innermost last
	steps  int
	names  map[*decl]string // texts of names that were asked for
	naming int              // full names under way, one in the other
}

// binding is a variable, with the text of the expression that it is.
type binding struct{ name, text string }

const (
	maxSteps = 1 << 19  // expressions lowered, of one file
	maxText  = 24 << 10 // of one expression, as Azure itself allows
)

func newLowerer(r *reader, s *source) *lowerer {
	l := &lowerer{r: r, src: s, decls: map[string]*decl{}, names: map[*decl]string{}}
	for _, d := range s.decls {
		if d.kind != "output" && l.decls[d.name] == nil {
			l.decls[d.name] = d
		}
	}
	return l
}

func (l *lowerer) pos(line, end int) bulwark.Position {
	p := bulwark.Position{File: l.src.name, Line: line}
	if end > line {
		p.EndLine = end
	}
	return p
}

func (l *lowerer) object(line, end int, fields ...tf.Field) *tf.Node {
	return &tf.Node{Kind: tf.Object, Pos: l.pos(line, end), Fields: fields}
}

func (l *lowerer) string(text string, line int) *tf.Node {
	return &tf.Node{Kind: tf.String, Text: text, Pos: l.pos(line, line)}
}

// expression is a template's expression of the text.
func (l *lowerer) expression(text string, line int) *tf.Node { return l.string("["+text+"]", line) }

func (l *lowerer) template() *tf.Node {
	params, vars := l.object(1, 1), l.object(1, 1)
	resources := &tf.Node{Kind: tf.List, Pos: l.pos(1, 1)}
	for _, d := range l.src.decls {
		switch d.kind {
		case "param":
			p := l.object(d.line, d.end)
			if d.value != nil {
				p.SetField("defaultValue", l.value(d.value))
			}
			params.SetField(d.name, p)
		case "var":
			if d.value != nil {
				vars.SetField(d.name, l.value(d.value))
			}
		case "resource":
			l.resource(d, resources)
		case "module":
			l.module(d, resources)
		}
	}
	return l.object(1, 1, tf.Field{Name: "parameters", Value: params}, tf.Field{Name: "variables", Value: vars}, tf.Field{Name: "resources", Value: resources})
}

// header begins the object of a resource or module with its loop and condition,
// and returns its body. What it binds holds until unbind.
func (l *lowerer) header(d *decl, n *tf.Node) (body *expr) {
	body = d.value
	if body.op == opFor {
		over := l.text(body.args[0])
		n.SetField("copy", l.object(body.line, body.line, tf.Field{Name: "name", Value: l.string(d.name, body.line)},
			tf.Field{Name: "count", Value: l.expression("length("+over+")", body.line)}))
		l.bind(body, over, d.name)
		body = body.args[1]
	}
	if body.op == opIf {
		n.SetField("condition", l.value(body.args[0]))
		body = body.args[1]
	}
	return body
}

// bind binds the variables of a loop.
func (l *lowerer) bind(e *expr, over, name string) {
	index := "copyIndex(" + quote(name) + ")"
	l.env = append(l.env, binding{e.text, over + "[" + index + "]"})
	if e.index != "" {
		l.env = append(l.env, binding{e.index, index})
	}
}

// resource adds a resource and those nested in it. One that exists already is
// none of this file's, but what is nested in it may be.
func (l *lowerer) resource(d *decl, out *tf.Node) {
	bound := len(l.env)
	if !d.existing {
		n := l.object(d.line, d.end)
		for _, f := range []tf.Field{{Name: "type", Value: l.string(l.typeOf(d), d.line)}, {Name: "apiVersion", Value: l.string(version(d), d.line)}, {Name: "_symbol", Value: l.string(d.name, d.line)}} {
			n.SetField(f.Name, f.Value)
		}
		body := l.header(d, n)
		if parent, at := l.parentOf(d); parent != nil {
			n.SetField("_parent", l.parentRef(parent, at, d.line))
		}
		n.SetField("name", l.nameOf(d))
		if body.op == opObject {
			l.members(n, body)
		}
		out.Items = append(out.Items, n)
	} else {
		l.header(d, l.object(d.line, d.end))
	}
	for _, child := range d.children {
		l.resource(child, out)
	}
	l.env = l.env[:bound]
}

// parentRef is what says whose child a resource is: the reference, or for one
// that exists already its name.
func (l *lowerer) parentRef(parent *decl, at *expr, line int) *tf.Node {
	if parent.existing {
		return l.fullName(parent, line)
	}
	return l.expression(l.id(parent, at), line)
}

// members adds a body's members, but those that are lowered apart.
func (l *lowerer) members(n *tf.Node, body *expr) {
	o := l.value(body)
	if o.Kind != tf.Object {
		return
	}
	for _, f := range o.Fields {
		if f.Name != "name" && f.Name != "parent" && n.Get(f.Name) == nil {
			n.SetField(f.Name, f.Value)
		}
	}
}

// module adds a module as a nested template with parameters of its own.
func (l *lowerer) module(d *decl, out *tf.Node) {
	inner := l.r.module(l.src.name, d)
	if inner == nil {
		return
	}
	bound := len(l.env)
	n := l.object(d.line, d.end, tf.Field{Name: "type", Value: l.string("Microsoft.Resources/deployments", d.line)}, tf.Field{Name: "_symbol", Value: l.string(d.name, d.line)})
	body := l.header(d, n)
	given := l.object(d.line, d.end)
	if p := member(body, "params"); p != nil && p.op == opObject {
		for _, f := range p.fields {
			if f.key != nil && f.key.args == nil {
				given.SetField(f.key.text, l.object(f.key.line, f.value.end, tf.Field{Name: "value", Value: l.value(f.value)}))
			}
		}
	}
	n.SetField("properties", l.object(d.line, d.end,
		tf.Field{Name: "expressionEvaluationOptions", Value: l.object(d.line, d.line, tf.Field{Name: "scope", Value: l.string("inner", d.line)})},
		tf.Field{Name: "parameters", Value: given}, tf.Field{Name: "template", Value: inner}))
	out.Items = append(out.Items, n)
	l.env = l.env[:bound]
}

// member returns an object's member, or nil.
func member(e *expr, name string) *expr {
	if e.op == opIf || e.op == opFor {
		return member(e.args[1], name)
	}
	for _, f := range e.fields {
		if f.key != nil && f.key.args == nil && f.key.text == name {
			return f.value
		}
	}
	return nil
}

// value is an expression as a value: what is written out, or the text of a
// template's expression.
func (l *lowerer) value(e *expr) *tf.Node {
	pos := l.pos(e.line, e.end)
	switch e.op {
	case opNull:
		return &tf.Node{Kind: tf.Null, Pos: pos}
	case opBool:
		return &tf.Node{Kind: tf.Bool, Bool: e.text == "true", Pos: pos}
	case opNumber:
		if f, ok := new(big.Float).SetPrec(512).SetString(e.text); ok && len(e.text) < 64 {
			return &tf.Node{Kind: tf.Number, Number: f, Pos: pos}
		}
	case opText:
		if len(e.args) == 0 {
			n := l.string(e.text, e.line)
			if strings.HasPrefix(e.text, "[") { // no expression
				n.Text = "[" + e.text
			}
			return n
		}
	case opObject:
		if !spreads(e) {
			return l.objectValue(e)
		}
	case opList:
		if !spreads(e) {
			n := &tf.Node{Kind: tf.List, Pos: pos}
			for _, item := range e.args {
				n.Items = append(n.Items, l.value(item))
			}
			return n
		}
	case opFor:
		return l.loopValue(e)
	case opIf:
		return l.value(e.args[1])
	}
	return l.expression(l.text(e), e.line)
}

func (l *lowerer) objectValue(e *expr) *tf.Node {
	n := l.object(e.line, e.end)
	for _, f := range e.fields {
		switch {
		case f.child != nil:
		case len(f.key.args) > 0: // a name that is computed
			n.Open = true
		default:
			n.SetField(f.key.text, l.value(f.value))
		}
	}
	return n
}

// loopValue is the list that a loop makes.
func (l *lowerer) loopValue(e *expr) *tf.Node {
	bound := len(l.env)
	name := "loop" + string(rune('a'+bound%26))
	over := l.text(e.args[0])
	l.bind(e, over, name)
	input := l.value(e.args[1])
	l.env = l.env[:bound]
	return l.object(e.line, e.end, tf.Field{Name: "$copy", Value: l.object(e.line, e.end,
		tf.Field{Name: "name", Value: l.string(name, e.line)},
		tf.Field{Name: "count", Value: l.expression("length("+over+")", e.line)},
		tf.Field{Name: "input", Value: input})})
}

func spreads(e *expr) bool {
	for _, a := range e.args {
		if a.op == opSpread {
			return true
		}
	}
	for _, f := range e.fields {
		if f.child == nil && f.key == nil {
			return true
		}
	}
	return false
}
