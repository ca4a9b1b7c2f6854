package tf

import (
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// scope is where an expression is evaluated: a module instance, the names that
// loops and instances bind, and the chain that its values are reached through.
type scope struct {
	mi   *modInst
	via  []string
	vars *binding

	names map[string]*Node // of a template: only these and what loops bind exist
	open  bool             // and which ones is not all known
}

// binding is a linked list of names bound by loops; the innermost comes first.
// A splat binds its item by the expression that stands for it.
type binding struct {
	name   string
	anon   *hclsyntax.AnonSymbolExpr
	value  *Node
	parent *binding
}

func (s *scope) bind(name string, v *Node) *scope {
	c := *s
	c.vars = &binding{name: name, value: v, parent: s.vars}
	return &c
}

func (s *scope) lookup(name string) *Node {
	for b := s.vars; b != nil; b = b.parent {
		if b.name == name && b.anon == nil {
			return b.value
		}
	}
	return s.names[name]
}

// maxText bounds every text that evaluation makes.
const maxText = 4 << 20

// maxDepth bounds how deep evaluation recurses: a stack that overflows cannot
// be recovered from.
const maxDepth = 20_000

// eval evaluates an expression. It never returns nil: what cannot be computed
// is an Unknown with a reason, at the leaf where it arose.
func (ev *evaluator) eval(e hclsyntax.Expression, sc *scope) *Node {
	if !ev.step() {
		return unknown(ev.stopped)
	}
	if ev.depth >= maxDepth {
		return unknown("an expression is nested too deep")
	}
	ev.depth++
	n := ev.evalOne(e, sc)
	ev.depth--
	return n
}

func (ev *evaluator) evalOne(e hclsyntax.Expression, sc *scope) *Node {
	switch e := e.(type) {
	case *hclsyntax.LiteralValueExpr:
		return ev.literal(e.Val, e.SrcRange, sc)
	case *hclsyntax.TemplateExpr:
		return ev.template(e, sc)
	case *hclsyntax.TemplateWrapExpr:
		return ev.eval(e.Wrapped, sc)
	case *hclsyntax.ScopeTraversalExpr:
		return ev.traversal(e, sc)
	case *hclsyntax.ObjectConsExpr:
		return ev.object(e, sc)
	case *hclsyntax.TupleConsExpr:
		n := &Node{Kind: List, Items: make([]*Node, len(e.Exprs)), Pos: position(e.SrcRange, sc.via)}
		for i, x := range e.Exprs {
			n.Items[i] = ev.element(x, x.Range(), sc)
		}
		return n
	case *hclsyntax.FunctionCallExpr:
		return ev.call(e, sc).placed(e.Range(), sc)
	case *hclsyntax.ConditionalExpr:
		return ev.conditional(e, sc)
	case *hclsyntax.BinaryOpExpr:
		return ev.binary(e, sc).placed(e.SrcRange, sc)
	case *hclsyntax.UnaryOpExpr:
		return ev.unary(e, sc).placed(e.SrcRange, sc)
	case *hclsyntax.ParenthesesExpr:
		return ev.eval(e.Expression, sc)
	case *hclsyntax.ForExpr:
		return ev.loop(e, sc).placed(e.SrcRange, sc)
	case *hclsyntax.IndexExpr:
		return ev.indexExpr(e, sc)
	case *hclsyntax.RelativeTraversalExpr:
		return ev.steps(ev.eval(e.Source, sc), e.Traversal, sc)
	case *hclsyntax.SplatExpr:
		return ev.splat(e, sc).placed(e.SrcRange, sc)
	case *hclsyntax.AnonSymbolExpr:
		for b := sc.vars; b != nil; b = b.parent {
			if b.anon == e {
				return b.value
			}
		}
		return failure("a splat's item outside of it")
	case *hclsyntax.TemplateJoinExpr:
		return ev.templateJoin(e, sc)
	case *hclsyntax.ObjectConsKeyExpr:
		return ev.key(e, sc)
	case *badExpr:
		return unknown(e.why)
	case *hclsyntax.ExprSyntaxError:
		return unknown("syntax error")
	}
	return unknown("an expression of an unsupported kind")
}

// placed gives a fresh value its position, unless it brought one.
func (n *Node) placed(r hcl.Range, sc *scope) *Node {
	if n.Pos.File != "" {
		return n
	}
	return n.at(position(r, sc.via))
}

func (ev *evaluator) literal(v cty.Value, r hcl.Range, sc *scope) *Node {
	n := &Node{Pos: position(r, sc.via)}
	switch {
	case !v.IsKnown():
		n.Kind, n.Reason = Unknown, "syntax error"
	case v.IsNull():
	case v.Type() == cty.String:
		n.Kind, n.Text = String, scrubText(v.AsString())
	case v.Type() == cty.Number:
		n.Kind, n.Number = Number, v.AsBigFloat()
		if n.Number.IsInf() || tooWide(n.Number) {
			return failure("a number is out of range").at(n.Pos)
		}
	case v.Type() == cty.Bool:
		n.Kind, n.Bool = Bool, v.True()
	default:
		c := ev.fromCty(v)
		c.Pos = n.Pos
		return c
	}
	return n
}

// element evaluates a member of a list or object. A value that is no container
// stands where it is used, not where a local or variable had it from.
func (ev *evaluator) element(e hclsyntax.Expression, r hcl.Range, sc *scope) *Node {
	return leafAt(ev.eval(e, sc), position(r, sc.via))
}

func leafAt(n *Node, p bulwark.Position) *Node {
	if n.Kind == List || n.Kind == Object {
		if n.Pos.File != "" {
			return n
		}
	}
	if n.Pos.File == p.File && n.Pos.Line == p.Line && n.Pos.EndLine == p.EndLine && len(n.Pos.Via) == len(p.Via) {
		return n
	}
	if n.isText() && n.x == nil && n.Pos.File != "" && n.Pos.EndLine > n.Pos.Line {
		n = n.at(n.Pos)
		n.x = &ext{segs: []seg{{0, n.Pos.File, n.Pos.Line, false}}}
	}
	return n.at(p)
}

func (ev *evaluator) object(e *hclsyntax.ObjectConsExpr, sc *scope) *Node {
	n := &Node{Kind: Object, Fields: make([]Field, 0, len(e.Items)), Pos: position(e.SrcRange, sc.via)}
	var seen map[string]int
	if len(e.Items) > 16 {
		seen = make(map[string]int, len(e.Items))
	}
	for _, it := range e.Items {
		name, ok := ev.fieldName(it.KeyExpr, sc)
		if !ok {
			n.Open = true
			continue
		}
		r := it.KeyExpr.Range()
		r.End = it.ValueExpr.Range().End
		v := ev.element(it.ValueExpr, r, sc)
		n.put(seen, name, v)
	}
	return n.indexFields()
}

// put sets a member while an object is built; seen may be nil for a small one.
func (n *Node) put(seen map[string]int, name string, v *Node) {
	if seen == nil {
		n.SetField(name, v)
		return
	}
	if i, dup := seen[name]; dup {
		n.Fields[i].Value = v
		return
	}
	seen[name] = len(n.Fields)
	n.Fields = append(n.Fields, Field{name, v})
}

// fieldName evaluates an object's key; false when it cannot be known.
func (ev *evaluator) fieldName(e hclsyntax.Expression, sc *scope) (string, bool) {
	if k, ok := e.(*hclsyntax.ObjectConsKeyExpr); ok && !k.ForceNonLiteral {
		if name := hcl.ExprAsKeyword(k.Wrapped); name != "" {
			return name, true
		}
	}
	n := ev.convertText(ev.eval(e, sc))
	if !n.isText() {
		return "", false
	}
	return n.Text, true
}

func (ev *evaluator) key(e *hclsyntax.ObjectConsKeyExpr, sc *scope) *Node {
	if !e.ForceNonLiteral {
		if name := hcl.ExprAsKeyword(e.Wrapped); name != "" {
			return str(name).placed(e.Range(), sc)
		}
	}
	return ev.eval(e.Wrapped, sc)
}

// template evaluates a text with interpolation. What cannot be known is a part
// of the text, and the rest survives.
func (ev *evaluator) template(e *hclsyntax.TemplateExpr, sc *scope) *Node {
	pos := position(e.SrcRange, sc.via)
	if len(e.Parts) == 1 {
		if l, ok := e.Parts[0].(*hclsyntax.LiteralValueExpr); ok {
			n := ev.literal(l.Val, l.SrcRange, sc)
			if l.SrcRange.Start.Line != l.SrcRange.End.Line {
				n.x = &ext{segs: []seg{{0, pos.File, l.SrcRange.Start.Line, true}}}
			}
			n.Pos = pos
			return n
		}
	}
	var b strings.Builder
	var refs [][]string
	var segs []seg
	multi := pos.EndLine > pos.Line
	for _, p := range e.Parts {
		r := p.Range()
		if l, ok := p.(*hclsyntax.LiteralValueExpr); ok && l.Val.Type() == cty.String && l.Val.IsKnown() && !l.Val.IsNull() {
			if multi {
				segs = append(segs, seg{b.Len(), r.Filename, r.Start.Line, r.Start.Line != r.End.Line})
			}
			b.WriteString(scrubText(l.Val.AsString()))
			continue
		}
		v := ev.eval(p, sc)
		if multi {
			segs = append(segs, partSegs(v, b.Len(), r)...)
		}
		b.WriteString(ev.textOf(v))
		refs = append(refs, ev.deepRefs(v))
		if b.Len() > maxText {
			return unknown("a text grew too large").placed(e.SrcRange, sc)
		}
	}
	ev.charge(b.Len() / 16)
	n := str(b.String())
	n.Pos, n.Refs = pos, mergeRefs(refs...)
	if segs != nil {
		n.x = &ext{segs: segs}
	}
	return n
}

// partSegs says where an interpolated text's bytes come from: where they were
// written if that is known, else the interpolation.
func partSegs(v *Node, off int, r hcl.Range) []seg {
	if v.x != nil && len(v.x.segs) > 0 && v.isText() {
		out := make([]seg, len(v.x.segs))
		for i, s := range v.x.segs {
			s.off += off
			out[i] = s
		}
		return out
	}
	return []seg{{off, r.Filename, r.Start.Line, false}}
}

func (ev *evaluator) templateJoin(e *hclsyntax.TemplateJoinExpr, sc *scope) *Node {
	l := ev.eval(e.Tuple, sc)
	if l.Kind != List {
		return l
	}
	var b strings.Builder
	var refs [][]string
	for _, it := range l.Items {
		b.WriteString(ev.textOf(it))
		refs = append(refs, it.Refs)
		if b.Len() > maxText {
			return unknown("a text grew too large")
		}
	}
	n := str(b.String())
	n.Pos, n.Refs = l.Pos, mergeRefs(refs...)
	return n
}

// conditional evaluates a ? b : c. When the condition is not known, equal
// branches still decide; else the result may be either.
func (ev *evaluator) conditional(e *hclsyntax.ConditionalExpr, sc *scope) *Node {
	c := ev.eval(e.Condition, sc)
	switch v, known := ev.truth(c); {
	case known && v:
		return ev.branch(e.TrueResult, e.FalseResult, sc).referring(c.Refs)
	case known:
		return ev.branch(e.FalseResult, e.TrueResult, sc).referring(c.Refs)
	case c.isErr() || c.Kind != Unknown && c.Kind != Symbolic:
		return failure("a condition is neither true nor false"+because(c)).placed(e.SrcRange, sc)
	}
	t, f := ev.eval(e.TrueResult, sc), ev.eval(e.FalseResult, sc)
	if ev.equal(t, f) == yes {
		return t.referring(c.Refs)
	}
	n := unknown("a condition is not known" + ev.why(c))
	n.x = &ext{alts: alternatives(t, f)}
	n.Refs = mergeRefs(c.Refs, ev.deepRefs(t), ev.deepRefs(f))
	return n.placed(e.SrcRange, sc)
}

// branch evaluates the branch taken. Both have one type in Terraform: beside a
// quoted text, a number or boolean is a text too. Other expressions are not
// evaluated for their type alone.
func (ev *evaluator) branch(taken, other hclsyntax.Expression, sc *scope) *Node {
	n := ev.eval(taken, sc)
	if _, quoted := other.(*hclsyntax.TemplateExpr); quoted && (n.Kind == Number || n.Kind == Bool) {
		return ev.convertText(n)
	}
	return n
}

func alternatives(ns ...*Node) []*Node {
	var out []*Node
	for _, n := range ns {
		if n.Kind == Unknown && n.x != nil && n.x.alts != nil {
			out = append(out, n.x.alts...)
		} else {
			out = append(out, n)
		}
	}
	if len(out) > 8 {
		out = out[:8]
	}
	return out
}

func because(n *Node) string {
	if n.Kind == Unknown && n.Reason != "" {
		return ": " + n.Reason
	}
	return ""
}

// why names what an unknown depends on, for a reason.
func (ev *evaluator) why(n *Node) string {
	switch {
	case n.Kind == Symbolic:
		return ": " + clip(ev.syms.render(n.Text[:min(len(n.Text), 2000)]))
	case n.Kind == Unknown && n.Reason != "":
		return ": " + clip(strings.TrimPrefix(n.Reason, "a condition is not known: "))
	}
	return ""
}

// loop evaluates a for expression. Over something unknown it makes one element
// with a symbolic item, and says that there may be others.
func (ev *evaluator) loop(e *hclsyntax.ForExpr, sc *scope) *Node {
	coll := ev.eval(e.CollExpr, sc)
	it := ev.iterate(coll, "each")
	if it.failed != nil {
		return it.failed
	}
	out := &Node{Kind: List, Open: it.open}
	if e.KeyExpr != nil {
		out.Kind = Object
	}
	seen := map[string]int{}
	left := ev.lim.ValueNodes
	for _, p := range it.pairs {
		if !ev.step() {
			return unknown(ev.stopped)
		}
		s := sc.bind(e.ValVar, p.value)
		if e.KeyVar != "" {
			s = s.bind(e.KeyVar, p.key)
		}
		if e.CondExpr != nil {
			c := ev.eval(e.CondExpr, s)
			keep, known := ev.truth(c)
			if c.isErr() {
				return c
			}
			if !known {
				out.Open = true
			} else if !keep {
				continue
			}
		}
		v := ev.element(e.ValExpr, e.ValExpr.Range(), s)
		had := left
		if !v.shallow(&left, maxValueDepth) {
			return unknown("a value grew too large")
		}
		ev.charge(had - left)
		if e.KeyExpr == nil {
			out.Items = append(out.Items, v)
			continue
		}
		name, ok := ev.fieldName(e.KeyExpr, s)
		switch at, dup := seen[name]; {
		case !ok:
			out.Open = true
		case e.Group && dup:
			g := out.Fields[at].Value
			g.Items = append(g.Items, v)
		case e.Group:
			g := list(v)
			g.Pos = v.Pos
			out.put(seen, name, g)
		case dup:
			return failure("two elements have the key " + ev.syms.render(name))
		default:
			out.put(seen, name, v)
		}
	}
	if out.Kind == Object {
		out.Fields = out.sortedFields()
	}
	return out.indexFields()
}

// splat evaluates source[*].…: over a list each item, over null nothing, over
// another value that value alone.
func (ev *evaluator) splat(e *hclsyntax.SplatExpr, sc *scope) *Node {
	src := ev.eval(e.Source, sc)
	item := func(v *Node) *Node {
		c := *sc
		c.vars = &binding{anon: e.Item, value: v, parent: sc.vars}
		return ev.eval(e.Each, &c)
	}
	switch {
	case src.Kind == Null:
		return list()
	case src.Kind == List:
		out := &Node{Kind: List, Open: src.Open}
		for _, it := range src.Items {
			out.Items = append(out.Items, item(it))
		}
		if src.x != nil && src.x.only {
			out.x = &ext{only: true}
		}
		return out
	case src.Kind == Unknown:
		return src
	case src.loneToken():
		out := list(item(ev.child(src, "[*]")))
		out.Open = true
		return out
	}
	return list(item(src))
}

func (ev *evaluator) indexExpr(e *hclsyntax.IndexExpr, sc *scope) *Node {
	coll := ev.eval(e.Collection, sc)
	return ev.index(coll, ev.eval(e.Key, sc))
}
