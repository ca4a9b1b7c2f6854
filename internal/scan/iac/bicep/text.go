package bicep

import (
	"strconv"
	"strings"

	"github.com/bulwarksec/bulwark/internal/scan/iac/tf"
)

// operators of two operands, as the functions of templates that they are.
var operators = map[string]string{
	"==": "equals", "&&": "and", "||": "or", "+": "add", "-": "sub", "*": "mul", "/": "div", "%": "mod",
	"<": "less", "<=": "lessOrEquals", ">": "greater", ">=": "greaterOrEquals", "??": "coalesce",
}

// tooLong stands for an expression that is too large; no template has it.
const tooLong = "tooLarge()"

// text is an expression as templates write it.
func (l *lowerer) text(e *expr) string {
	if l.steps++; l.steps > maxSteps {
		return tooLong
	}
	s := l.write(e)
	if len(s) > maxText {
		return tooLong
	}
	return s
}

func (l *lowerer) write(e *expr) string {
	switch e.op {
	case opNull:
		return "null()"
	case opBool:
		return e.text + "()"
	case opNumber:
		return e.text
	case opText:
		return l.writeText(e)
	case opName:
		return l.writeName(e.text)
	case opCall:
		return l.writeCall(e)
	case opMember:
		return l.writeMember(e)
	case opIndex:
		if e.safe {
			return call("tryGet", l.text(e.on), l.text(e.args[0]))
		}
		if d, at := l.resourceOf(e); d != nil {
			return l.id(d, at)
		}
		return l.text(e.on) + "[" + l.text(e.args[0]) + "]"
	case opChild:
		if d, at := l.resourceOf(e); d != nil {
			return l.id(d, at)
		}
	case opObject:
		return l.writeObject(e)
	case opList:
		return l.writeList(e)
	case opUnary:
		return l.writeUnary(e)
	case opBinary:
		return l.writeBinary(e)
	case opChoice:
		return call("if", l.text(e.args[0]), l.text(e.args[1]), l.text(e.args[2]))
	case opLambda:
		return "lambda()"
	}
	return "notKnown()"
}

func call(name string, args ...string) string { return name + "(" + strings.Join(args, ", ") + ")" }

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// writeText is a text, or the format() of one with holes.
func (l *lowerer) writeText(e *expr) string {
	if len(e.args) == 0 {
		return quote(e.text)
	}
	var pattern strings.Builder
	args := []string{""}
	for i, lit := range e.lits {
		pattern.WriteString(strings.NewReplacer("{", "{{", "}", "}}").Replace(lit))
		if i < len(e.args) {
			pattern.WriteString("{" + strconv.Itoa(i) + "}")
			args = append(args, l.text(e.args[i]))
		}
	}
	args[0] = quote(pattern.String())
	return call("format", args...)
}

func (l *lowerer) writeName(name string) string {
	for i := len(l.env) - 1; i >= 0; i-- {
		if l.env[i].name == name {
			return l.env[i].text
		}
	}
	d := l.decls[name]
	switch {
	case d == nil || d.kind == "var":
		return call("variables", quote(name))
	case d.kind == "param":
		return call("parameters", quote(name))
	case d.kind == "module":
		return call("reference", quote("module."+name))
	}
	return l.id(d, nil)
}

// writeCall writes a call. Functions of a namespace (az.resourceGroup) are
// called without it, and those of a resource with its id.
func (l *lowerer) writeCall(e *expr) string {
	var args []string
	if e.on != nil && (e.on.op != opName || e.on.text != "az" && e.on.text != "sys" || l.decls[e.on.text] != nil) {
		args = append(args, l.text(e.on))
	}
	for _, a := range e.args {
		args = append(args, l.text(a))
	}
	return call(e.text, args...)
}

// writeMember writes a.b, and of a resource its id, name, type or a property
// that it has once it is deployed.
func (l *lowerer) writeMember(e *expr) string {
	d, at := l.resourceOf(e.on)
	if d == nil {
		if e.safe {
			return call("tryGet", l.text(e.on), quote(e.text))
		}
		return l.text(e.on) + "." + e.text
	}
	switch e.text {
	case "id":
		return l.id(d, at)
	case "type":
		return quote(l.typeOf(d))
	case "apiVersion":
		return quote(version(d))
	case "name":
		if n := member(d.value, "name"); n != nil && d.value.op != opFor {
			return l.ownName(d, n)
		}
	}
	return call("reference", l.id(d, at)) + "." + e.text
}

// ownName is the text of a resource's name, which others may ask for often. No
// variable of a loop around them has a meaning in it.
func (l *lowerer) ownName(d *decl, name *expr) string {
	if s, ok := l.names[d]; ok {
		return s
	}
	l.names[d] = "notKnown()" // to itself
	env := l.env
	l.env = nil
	s := l.text(name)
	l.env = env
	l.names[d] = s
	return s
}

// writeObject writes createObject(), or the union of what is spread.
func (l *lowerer) writeObject(e *expr) string {
	var parts, own []string
	for _, f := range e.fields {
		switch {
		case f.child != nil:
		case f.key == nil:
			parts = append(parts, call("createObject", own...), l.text(f.value.args[0]))
			own = nil
		default:
			own = append(own, l.text(f.key), l.text(f.value))
		}
	}
	if parts == nil {
		return call("createObject", own...)
	}
	return call("union", append(parts, call("createObject", own...))...)
}

func (l *lowerer) writeList(e *expr) string {
	var parts, own []string
	for _, a := range e.args {
		if a.op != opSpread {
			own = append(own, l.text(a))
			continue
		}
		parts = append(parts, call("createArray", own...), l.text(a.args[0]))
		own = nil
	}
	if parts == nil {
		return call("createArray", own...)
	}
	return call("concat", append(parts, call("createArray", own...))...)
}

func (l *lowerer) writeUnary(e *expr) string {
	a := l.text(e.args[0])
	switch {
	case e.text == "!":
		return call("not", a)
	case e.text == "+":
		return a
	case e.args[0].op == opNumber:
		return "-" + a
	}
	return call("sub", "0", a)
}

func (l *lowerer) writeBinary(e *expr) string {
	a, b := l.text(e.args[0]), l.text(e.args[1])
	switch e.text {
	case "!=":
		return call("not", call("equals", a, b))
	case "=~":
		return call("equals", call("toLower", a), call("toLower", b))
	case "!~":
		return call("not", call("equals", call("toLower", a), call("toLower", b)))
	}
	return call(operators[e.text], a, b)
}

// resourceOf returns the resource that an expression names, and the index where
// it is one of a loop's.
func (l *lowerer) resourceOf(e *expr) (*decl, *expr) {
	switch e.op {
	case opName:
		for _, b := range l.env {
			if b.name == e.text {
				return nil, nil
			}
		}
		if d := l.decls[e.text]; d != nil && d.kind == "resource" {
			return d, nil
		}
	case opIndex:
		if e.on.op == opName {
			if d, _ := l.resourceOf(e.on); d != nil && d.value.op == opFor {
				return d, e.args[0]
			}
		}
	case opChild:
		if d, at := l.resourceOf(e.on); d != nil {
			for _, child := range d.children {
				if child.name == e.text {
					return child, at
				}
			}
		}
	}
	return nil, nil
}

// id refers to a resource by its symbol.
func (l *lowerer) id(d *decl, at *expr) string {
	symbol := quote(d.name)
	if at != nil {
		symbol = call("format", quote(d.name+"[{0}]"), l.text(at))
	}
	return call("symbolicId", quote(l.typeOf(d)), symbol)
}

// parentOf returns the resource in which another is nested, or which its body
// names as its parent.
func (l *lowerer) parentOf(d *decl) (*decl, *expr) {
	if d.parent != nil {
		return d.parent, nil
	}
	if p := member(d.value, "parent"); p != nil {
		return l.resourceOf(p)
	}
	return nil, nil
}

// typeOf is a resource's type, with that of what it is nested in before it.
func (l *lowerer) typeOf(d *decl) string {
	typ, _, _ := strings.Cut(d.typ, "@")
	for depth := 0; d.parent != nil && depth < maxChain; depth++ {
		d = d.parent
		outer, _, _ := strings.Cut(d.typ, "@")
		if strings.HasPrefix(strings.ToLower(typ), strings.ToLower(outer)+"/") {
			break
		}
		typ = outer + "/" + typ
	}
	return typ
}

// version is a resource's API version, that of what it is nested in where it
// says none.
func version(d *decl) string {
	for ; d != nil; d = d.parent {
		if _, v, ok := strings.Cut(d.typ, "@"); ok {
			return v
		}
	}
	return ""
}

// nameOf is the name of a resource, with those of its parents before it.
func (l *lowerer) nameOf(d *decl) *tf.Node { return l.fullName(d, d.line) }

func (l *lowerer) fullName(d *decl, line int) *tf.Node {
	own := member(d.value, "name")
	if own == nil {
		own = &expr{op: opText, line: line, end: line}
	}
	parent, _ := l.parentOf(d)
	if parent == nil || l.naming >= maxChain {
		return l.value(own)
	}
	l.naming++
	defer func() { l.naming-- }()
	outer := l.fullName(parent, line)
	inner := l.value(own)
	if isPlain(outer) && isPlain(inner) {
		return l.string(outer.Text+"/"+inner.Text, own.line)
	}
	return l.expression(call("format", quote("{0}/{1}"), plainText(outer), plainText(inner)), own.line)
}

// isPlain reports whether a value is a text and no expression.
func isPlain(n *tf.Node) bool { return n.Kind == tf.String && !strings.HasPrefix(n.Text, "[") }

// plainText is a value's text within an expression.
func plainText(n *tf.Node) string {
	switch {
	case n.Kind == tf.String && strings.HasPrefix(n.Text, "[["):
		return quote(n.Text[1:])
	case n.Kind == tf.String && strings.HasPrefix(n.Text, "["):
		return strings.TrimSuffix(n.Text[1:], "]")
	case n.Kind == tf.String:
		return quote(n.Text)
	}
	return "notKnown()"
}
