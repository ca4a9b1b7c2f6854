package bicep

import "fmt"

// op is what an expression does.
type op uint8

const (
	opNull   op = iota
	opBool      // text is true or false
	opNumber    // text
	opText      // text, or lits with args between them
	opName      // text
	opCall      // text of args, or of on and args
	opMember    // on.text
	opIndex     // on[args[0]]
	opChild     // on::text, a nested resource
	opObject    // fields
	opList      // args
	opSpread    // ...args[0]
	opFor       // for text, index in args[0]: args[1]
	opIf        // if (args[0]) args[1], of a resource
	opUnary     // text args[0]
	opBinary    // args[0] text args[1]
	opChoice    // args[0] ? args[1] : args[2]
	opLambda    // names => args[0]
)

// expr is an expression; line and end are where it begins and ends.
type expr struct {
	op     op
	text   string
	index  string // of a loop
	names  []string
	lits   []string
	on     *expr
	args   []*expr
	fields []field
	safe   bool // .? and [?
	line   int
	end    int
}

// field is a member of an object: a value, or a nested resource.
type field struct {
	key   *expr
	value *expr
	child *decl
}

// decl is a statement that declares something.
type decl struct {
	kind     string // param, var, resource, module, output
	name     string
	typ      string // of a resource with @version; of a module its path
	existing bool
	value    *expr // default, value or body; nil for none
	children []*decl
	parent   *decl // in whose body it stands
	line     int
	end      int
}

// problem is a statement that was not understood.
type problem struct {
	line int
	why  string
}

// source is a file that was parsed.
type source struct {
	name     string
	decls    []*decl
	problems []problem
}

const (
	maxDepth       = 100 // expressions one in the other
	maxChainLength = 400 // operators of one strength in a row
	maxProblems    = 100 // of one file, after each of which the rest is read again
)

type parser struct {
	toks  []token
	at    int
	depth int
	err   *problem
}

// parse reads the statements of a file. One that is not understood is a problem
// and costs no other.
func parse(name, text string) *source {
	count := 0
	p := &parser{toks: (&lexer{src: text, line: 1, count: &count}).tokens()}
	s := &source{name: name}
	for failed := 0; ; {
		p.lines()
		if p.peek().kind == tEnd {
			return s
		}
		start := p.at
		d := p.statement()
		if d != nil && p.err == nil && !p.ends() {
			p.unexpected()
		}
		if p.err == nil {
			if d != nil {
				s.decls = append(s.decls, d)
			}
			continue
		}
		if failed++; failed > maxProblems {
			s.problems = append(s.problems, problem{p.err.line, "there are too many mistakes; the rest is passed over"})
			return s
		}
		if n := len(s.problems); n == 0 || s.problems[n-1] != *p.err { // once for a statement and its decorators
			s.problems = append(s.problems, *p.err)
		}
		p.err, p.depth = nil, 0
		for p.at = start + 1; p.at < len(p.toks)-1 && !p.toks[p.at].begins(); p.at++ {
		}
	}
}

// begins reports whether a statement may begin at a token.
func (t token) begins() bool { return t.first && (t.kind == tName || t.text == "@" && t.kind == tMark) }

func (t token) show() string {
	switch t.kind {
	case tEnd:
		return "end"
	case tLine:
		return "end of line"
	case tText:
		return "text"
	case tBad:
		return t.text
	}
	return fmt.Sprintf("%.40q", t.text)
}

func (p *parser) fail(why string) *expr {
	if p.err == nil {
		p.err = &problem{p.toks[min(p.at, len(p.toks)-1)].line, why}
	}
	return &expr{}
}

func (p *parser) unexpected() *expr {
	if t := p.peek(); t.kind != tBad {
		return p.fail("unexpected " + t.show())
	}
	return p.fail(p.peek().text)
}

// peek is the next token; there is none after a failure.
func (p *parser) peek() token {
	if p.err != nil || p.at >= len(p.toks) {
		return token{kind: tEnd, line: p.toks[len(p.toks)-1].line}
	}
	return p.toks[p.at]
}

func (p *parser) lines() {
	for p.peek().kind == tLine || p.is(";") {
		p.at++
	}
}

func (p *parser) ends() bool {
	k := p.peek().kind
	return k == tLine || k == tEnd
}

func (p *parser) is(mark string) bool {
	t := p.peek()
	return t.kind == tMark && t.text == mark
}

func (p *parser) isName(name string) bool {
	t := p.peek()
	return t.kind == tName && t.text == name
}

func (p *parser) accept(mark string) bool {
	if p.is(mark) {
		p.at++
		return true
	}
	return false
}

func (p *parser) expect(mark string) {
	if !p.accept(mark) {
		p.fail(fmt.Sprintf("%q is wanted before %s", mark, p.peek().show()))
	}
}

func (p *parser) name() string {
	t := p.peek()
	if t.kind != tName {
		p.fail("a name is wanted before " + t.show())
		return ""
	}
	p.at++
	return t.text
}

// literal reads a text without holes.
func (p *parser) literal() string {
	t := p.peek()
	if t.kind != tText || t.parts != nil {
		p.fail("a text is wanted before " + t.show())
		return ""
	}
	p.at++
	return t.text
}

// statement reads one statement with its decorators; nil is one that declares
// nothing that can be judged.
func (p *parser) statement() *decl {
	for p.accept("@") {
		p.expression()
		p.lines()
	}
	line := p.peek().line
	word := p.name()
	d := &decl{kind: word, line: line}
	switch word {
	case "param", "var", "output":
		d.name = p.name()
		p.passType(true)
		if p.accept("=") {
			p.lines()
			d.value = p.expression()
		}
	case "resource", "module":
		p.declaration(d)
	default: // targetScope, type, func, import, using, metadata, extension …
		p.passType(false)
		return nil
	}
	d.end = p.last()
	return d
}

// declaration reads a resource or module after its keyword.
func (p *parser) declaration(d *decl) {
	d.name, d.typ = p.name(), p.literal()
	if p.isName("existing") {
		p.at++
		d.existing = true
	}
	p.expect("=")
	p.lines()
	d.value = p.body()
	d.end = p.last()
	d.adopt(d.value)
}

// adopt lists the resources that are nested in a body.
func (d *decl) adopt(body *expr) {
	switch body.op {
	case opIf, opFor:
		d.adopt(body.args[1])
	case opObject:
		for _, f := range body.fields {
			if f.child != nil {
				f.child.parent = d
				d.children = append(d.children, f.child)
			}
		}
	}
}

// body is an expression that a condition may stand before.
func (p *parser) body() *expr {
	if !p.isName("if") {
		return p.expression()
	}
	e := &expr{op: opIf, line: p.peek().line}
	p.at++
	p.expect("(")
	p.lines()
	c := p.expression()
	p.lines()
	p.expect(")")
	p.lines()
	e.args = []*expr{c, p.expression()}
	e.end = p.last()
	return e
}

// last is the line of the token read last.
func (p *parser) last() int { return p.toks[min(max(p.at-1, 0), len(p.toks)-1)].line }

// passType passes over a type, or the rest of a statement, to the end of the
// line or, where value is set, to the equals sign outside of brackets.
func (p *parser) passType(value bool) {
	open := 0
	for {
		t := p.peek()
		switch {
		case t.kind == tEnd && open > 0:
			p.fail("a bracket is not closed")
			return
		case t.kind == tEnd || t.kind == tLine && open <= 0 && !p.continued():
			return
		case t.kind == tBad:
			p.fail(t.text)
			return
		case t.kind == tMark && t.text == "=" && open <= 0 && value:
			return
		case t.kind == tMark && (t.text == "{" || t.text == "[" || t.text == "("):
			open++
		case t.kind == tMark && (t.text == "}" || t.text == "]" || t.text == ")"):
			open--
		}
		p.at++
	}
}

// continued reports whether the next line goes on with a union of types.
func (p *parser) continued() bool {
	for i := p.at; i < len(p.toks); i++ {
		if p.toks[i].kind != tLine {
			return p.toks[i].kind == tMark && p.toks[i].text == "|"
		}
	}
	return false
}
