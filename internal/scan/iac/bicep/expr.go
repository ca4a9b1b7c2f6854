package bicep

// strength orders the operators of two operands, the weakest first.
var strength = map[string]int{
	"??": 1, "||": 2, "&&": 3, "==": 4, "!=": 4, "=~": 4, "!~": 4, "<": 5, "<=": 5, ">": 5, ">=": 5,
	"+": 6, "-": 6, "*": 7, "/": 7, "%": 7,
}

func (p *parser) expression() *expr {
	if p.depth++; p.depth > maxDepth {
		return p.fail("expressions stand too deep in one another")
	}
	defer func() { p.depth-- }()
	e := p.binary(1)
	if !p.acceptNext("?") {
		return e
	}
	p.lines()
	yes := p.expression()
	if !p.acceptNext(":") {
		return p.fail(`":" is wanted before ` + p.peek().show())
	}
	p.lines()
	no := p.expression()
	return &expr{op: opChoice, args: []*expr{e, yes, no}, line: e.line, end: p.last()}
}

// acceptNext accepts a mark that may also begin the next line.
func (p *parser) acceptNext(mark string) bool {
	at := p.at
	for p.peek().kind == tLine {
		p.at++
	}
	if p.accept(mark) {
		return true
	}
	p.at = at
	return false
}

func (p *parser) binary(least int) *expr {
	e := p.unary()
	for n := 0; p.err == nil; n++ {
		if n > maxChainLength {
			return p.fail("an expression has too many parts; they stand too deep in one another")
		}
		at := p.at
		for p.peek().kind == tLine {
			p.at++
		}
		t := p.peek()
		s := strength[t.text]
		if t.kind != tMark || s < least || p.at > at && t.text == "-" {
			p.at = at
			return e
		}
		p.at++
		p.lines()
		right := p.binary(s + 1)
		e = &expr{op: opBinary, text: t.text, args: []*expr{e, right}, line: e.line, end: p.last()}
	}
	return e
}

func (p *parser) unary() *expr {
	t := p.peek()
	if t.kind == tMark && (t.text == "!" || t.text == "-" || t.text == "+") {
		p.at++
		if p.depth++; p.depth > maxDepth {
			return p.fail("expressions stand too deep in one another")
		}
		defer func() { p.depth-- }()
		return &expr{op: opUnary, text: t.text, args: []*expr{p.unary()}, line: t.line, end: p.last()}
	}
	return p.postfix(p.primary())
}

// postfix reads what may follow a value: members, indices, calls, assertions.
func (p *parser) postfix(e *expr) *expr {
	for n := 0; p.err == nil; n++ {
		if n > maxDepth {
			return p.fail("expressions stand too deep in one another")
		}
		line := p.peek().line
		switch {
		case p.accept("!"):
		case p.is(".") || p.is(".?"):
			safe := p.is(".?")
			p.at++
			name := p.name()
			if p.is("(") {
				e = &expr{op: opCall, text: name, on: e, args: p.arguments(), line: e.line, end: p.last()}
				continue
			}
			e = &expr{op: opMember, text: name, on: e, safe: safe, line: e.line, end: line}
		case p.accept("::"):
			e = &expr{op: opChild, text: p.name(), on: e, line: e.line, end: line}
		case p.accept("["):
			safe := p.accept("?")
			p.lines()
			i := p.expression()
			p.lines()
			p.expect("]")
			e = &expr{op: opIndex, on: e, args: []*expr{i}, safe: safe, line: e.line, end: p.last()}
		default:
			return e
		}
	}
	return e
}

// arguments reads (a, b).
func (p *parser) arguments() []*expr {
	p.expect("(")
	var out []*expr
	for p.err == nil {
		p.lines()
		if p.accept(")") {
			break
		}
		out = append(out, p.expression())
		p.lines()
		if !p.accept(",") {
			p.expect(")")
			break
		}
	}
	return out
}

func (p *parser) primary() *expr {
	t := p.peek()
	e := &expr{line: t.line, end: t.line, text: t.text}
	switch t.kind {
	case tNumber:
		e.op = opNumber
	case tText:
		return p.text(t)
	case tName:
		switch t.text {
		case "true", "false":
			e.op = opBool
		case "null":
		default:
			return p.named()
		}
	case tMark:
		switch t.text {
		case "(":
			return p.parenthesis()
		case "{":
			return p.object()
		case "[":
			return p.list()
		}
		return p.unexpected()
	default:
		return p.unexpected()
	}
	p.at++
	return e
}

// named reads a name, a call, or a lambda of one variable.
func (p *parser) named() *expr {
	line := p.peek().line
	name := p.name()
	switch {
	case p.is("("):
		return &expr{op: opCall, text: name, args: p.arguments(), line: line, end: p.last()}
	case p.accept("=>"):
		p.lines()
		return &expr{op: opLambda, names: []string{name}, args: []*expr{p.expression()}, line: line, end: p.last()}
	}
	return &expr{op: opName, text: name, line: line, end: line}
}

// parenthesis reads (a), or a lambda (a, b) => c.
func (p *parser) parenthesis() *expr {
	line := p.peek().line
	at := p.at
	p.at++
	var names []string
	for p.peek().kind == tName {
		names = append(names, p.name())
		if !p.accept(",") {
			break
		}
	}
	if p.accept(")") && p.accept("=>") {
		p.lines()
		return &expr{op: opLambda, names: names, args: []*expr{p.expression()}, line: line, end: p.last()}
	}
	p.at = at + 1
	p.lines()
	e := p.expression()
	p.lines()
	p.expect(")")
	return e
}

// text makes an expression of a text; the tokens of its holes are parsed apart.
func (p *parser) text(t token) *expr {
	p.at++
	e := &expr{op: opText, text: t.text, line: t.line, end: t.line}
	for _, part := range t.parts {
		e.lits = append(e.lits, part.text)
		if part.hole == nil {
			continue
		}
		in := &parser{toks: part.hole, depth: p.depth}
		in.lines()
		arg := in.expression()
		in.lines()
		if in.err == nil && in.peek().kind != tEnd {
			in.unexpected()
		}
		if in.err != nil && p.err == nil {
			p.err = in.err
		}
		e.args = append(e.args, arg)
	}
	return e
}

// list reads [a, b], with lines for commas, or [for x in y: z].
func (p *parser) list() *expr {
	e := &expr{op: opList, line: p.peek().line}
	p.expect("[")
	p.lines()
	if p.isName("for") {
		return p.loop(e.line)
	}
	for p.err == nil && !p.accept("]") {
		line := p.peek().line
		if p.accept("...") {
			e.args = append(e.args, &expr{op: opSpread, args: []*expr{p.expression()}, line: line, end: p.last()})
		} else {
			e.args = append(e.args, p.expression())
		}
		p.separator("]")
	}
	e.end = p.last()
	return e
}

// separator passes over the commas and lines between elements.
func (p *parser) separator(end string) {
	if !p.is(",") && !p.is(end) && p.peek().kind != tLine {
		p.unexpected()
	}
	for p.err == nil && (p.accept(",") || p.peek().kind == tLine) {
		p.lines()
	}
}

func (p *parser) loop(line int) *expr {
	e := &expr{op: opFor, line: line}
	p.at++
	if p.accept("(") {
		e.text = p.name()
		p.expect(",")
		e.index = p.name()
		p.expect(")")
	} else {
		e.text = p.name()
	}
	if p.name() != "in" {
		p.fail("\"in\" is wanted")
	}
	over := p.expression()
	p.expect(":")
	p.lines()
	e.args = []*expr{over, p.body()}
	p.lines()
	p.expect("]")
	e.end = p.last()
	return e
}

func (p *parser) object() *expr {
	e := &expr{op: opObject, line: p.peek().line}
	p.expect("{")
	p.lines()
	for p.err == nil && !p.accept("}") {
		e.fields = append(e.fields, p.field())
		p.separator("}")
	}
	e.end = p.last()
	return e
}

func (p *parser) field() field {
	for p.accept("@") {
		p.expression()
		p.lines()
	}
	t := p.peek()
	key := &expr{op: opText, text: t.text, line: t.line, end: t.line}
	switch {
	case p.accept("..."):
		return field{value: &expr{op: opSpread, args: []*expr{p.expression()}, line: t.line, end: p.last()}}
	case t.kind == tName && t.text == "resource" && p.at+1 < len(p.toks) && p.toks[p.at+1].kind == tName:
		p.at++
		d := &decl{kind: "resource", line: t.line}
		p.declaration(d)
		return field{child: d}
	case t.kind == tText:
		key = p.text(t)
	case t.kind == tName || t.kind == tNumber:
		p.at++
	default:
		p.unexpected()
	}
	p.expect(":")
	p.lines()
	return field{key: key, value: p.expression()}
}
