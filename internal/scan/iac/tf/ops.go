package tf

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// tri is a truth value that may be unknown.
type tri uint8

const (
	no tri = iota
	yes
	maybe
)

// textOf writes a value as part of a text. What is unknown, or cannot be a
// text, becomes a token that holds the reason.
func (ev *evaluator) textOf(n *Node) string {
	switch n.Kind {
	case String, Symbolic:
		return n.Text
	case Number:
		return formatNumber(n.Number)
	case Bool:
		if n.Bool {
			return "true"
		}
		return "false"
	case Unknown:
		return ev.unknownToken(n.Reason, n.isErr())
	}
	return ev.unknownToken("a "+n.Kind.String()+" stands in a text", true)
}

func (ev *evaluator) unknownToken(reason string, failed bool) string {
	tok := ev.syms.token(bulwark.Symbol{Kind: SymUnknown, Attribute: ev.syms.render(reason)})
	if failed {
		ev.syms.failed[tok] = true
	}
	return tok
}

// convertText converts to a text as Terraform does; unknowns stay what they
// are, and what cannot be converted is a failure.
func (ev *evaluator) convertText(n *Node) *Node {
	switch n.Kind {
	case Number, Bool:
		c := *n
		c.Kind, c.Text, c.Number = String, ev.textOf(n), nil
		return &c
	case List, Object:
		return failure("a " + n.Kind.String() + " stands where a text should")
	}
	return n
}

// truth converts to a boolean; known is false for unknowns and failures.
func (ev *evaluator) truth(n *Node) (value, known bool) {
	switch n.Kind {
	case Bool:
		return n.Bool, true
	case String:
		switch n.Text {
		case "true", "1":
			return true, true
		case "false", "0":
			return false, true
		}
	}
	return false, false
}

// equal compares two values as == does. A symbol is the same as itself, and is
// neither null nor empty; else what it equals is not known, unless the literal
// text around it already differs.
func (ev *evaluator) equal(a, b *Node) tri {
	a, b = a.forced(), b.forced()
	ev.charge(1)
	switch {
	case a.Kind == Unknown || b.Kind == Unknown:
		return maybe
	case a.Kind == Symbolic || b.Kind == Symbolic:
		return ev.equalSymbolic(a, b)
	case a.Kind != b.Kind:
		return no
	}
	switch a.Kind {
	case Bool:
		return triOf(a.Bool == b.Bool)
	case Number:
		return triOf(a.Number.Cmp(b.Number) == 0)
	case String:
		return triOf(a.Text == b.Text)
	case List:
		return ev.equalLists(a, b)
	case Object:
		return ev.equalObjects(a, b)
	}
	return yes
}

func triOf(b bool) tri {
	if b {
		return yes
	}
	return no
}

func (ev *evaluator) equalSymbolic(a, b *Node) tri {
	if b.Kind == Symbolic && a.Kind != Symbolic {
		a, b = b, a
	}
	switch {
	case b.Kind == Null:
		return no
	case !b.isText():
		if a.loneToken() {
			return maybe
		}
		return no
	case b.Text == "":
		if ev.syms.indeterminate(a.Text) {
			return maybe
		}
		return no
	case a.Text == b.Text:
		if ev.syms.indeterminate(a.Text) {
			return maybe
		}
		return yes
	}
	ap, as := ev.syms.literalEnds(a.Text)
	bp, bs := ev.syms.literalEnds(b.Text)
	if !strings.HasPrefix(ap, bp) && !strings.HasPrefix(bp, ap) || !strings.HasSuffix(as, bs) && !strings.HasSuffix(bs, as) {
		return no
	}
	return maybe
}

func (ev *evaluator) equalLists(a, b *Node) tri {
	if !a.Open && !b.Open && len(a.Items) != len(b.Items) {
		return no
	}
	out := yes
	for i := range min(len(a.Items), len(b.Items)) {
		switch ev.equal(a.Items[i], b.Items[i]) {
		case no:
			return no
		case maybe:
			out = maybe
		}
	}
	if a.Open || b.Open {
		return maybe
	}
	return out
}

func (ev *evaluator) equalObjects(a, b *Node) tri {
	if a.Open || b.Open {
		return maybe
	}
	if len(a.Fields) != len(b.Fields) {
		return no
	}
	out := yes
	for _, f := range a.Fields {
		other := b.Get(f.Name)
		if other == nil {
			return no
		}
		switch ev.equal(f.Value, other) {
		case no:
			return no
		case maybe:
			out = maybe
		}
	}
	return out
}

func (ev *evaluator) binary(e *hclsyntax.BinaryOpExpr, sc *scope) *Node {
	switch e.Op {
	case hclsyntax.OpLogicalAnd, hclsyntax.OpLogicalOr:
		return ev.logical(e, sc)
	}
	a, b := ev.eval(e.LHS, sc), ev.eval(e.RHS, sc)
	refs := mergeRefs(a.Refs, b.Refs)
	switch e.Op {
	case hclsyntax.OpEqual, hclsyntax.OpNotEqual:
		return ev.comparison(a, b, e.Op == hclsyntax.OpNotEqual).referring(refs)
	}
	return ev.arithmetic(e.Op, a, b).referring(refs)
}

func (ev *evaluator) comparison(a, b *Node, negate bool) *Node {
	if a.isErr() {
		return a
	}
	if b.isErr() {
		return b
	}
	switch r := ev.equal(a, b); r {
	case maybe:
		return unknown("whether two values are equal is not known" + ev.either(a, b))
	default:
		return boolean((r == yes) != negate)
	}
}

func (ev *evaluator) either(a, b *Node) string {
	if a.Kind == Symbolic || a.Kind == Unknown {
		return ev.why(a)
	}
	return ev.why(b)
}

// logical evaluates && and || in three values: a deciding side decides even
// where the other is unknown.
func (ev *evaluator) logical(e *hclsyntax.BinaryOpExpr, sc *scope) *Node {
	decides := e.Op == hclsyntax.OpLogicalOr
	a := ev.eval(e.LHS, sc)
	av, aok := ev.truth(a)
	if aok && av == decides {
		return boolean(decides).referring(a.Refs)
	}
	b := ev.eval(e.RHS, sc)
	bv, bok := ev.truth(b)
	refs := mergeRefs(a.Refs, b.Refs)
	switch {
	case bok && bv == decides:
		return boolean(decides).referring(refs)
	case aok && bok:
		return boolean(!decides).referring(refs)
	}
	for _, n := range []*Node{a, b} {
		if n.isErr() {
			return n
		}
		if _, ok := ev.truth(n); !ok && n.Kind != Unknown && n.Kind != Symbolic {
			return failure("a " + n.Kind.String() + " stands where true or false should")
		}
	}
	return unknown("a condition is not known" + ev.either(a, b)).referring(refs)
}

func (ev *evaluator) unary(e *hclsyntax.UnaryOpExpr, sc *scope) *Node {
	n := ev.eval(e.Val, sc)
	if n.Kind == Unknown {
		return n
	}
	if n.Kind == Symbolic {
		return unknown("an operand is not known" + ev.why(n)).referring(n.Refs)
	}
	if e.Op == hclsyntax.OpLogicalNot {
		v, ok := ev.truth(n)
		if !ok {
			return failure("a " + n.Kind.String() + " stands where true or false should")
		}
		return boolean(!v).referring(n.Refs)
	}
	f := n.number()
	if f == nil {
		return failure("a " + n.Kind.String() + " stands where a number should")
	}
	return number(new(big.Float).SetPrec(512).Neg(f)).referring(n.Refs)
}

func (ev *evaluator) arithmetic(op *hclsyntax.Operation, a, b *Node) *Node {
	for _, n := range []*Node{a, b} {
		if n.Kind == Unknown {
			return n
		}
		if n.Kind == Symbolic {
			return unknown("an operand is not known" + ev.why(n))
		}
		if n.number() == nil {
			return failure("a " + n.Kind.String() + " stands where a number should")
		}
	}
	x, y := a.number(), b.number()
	z := new(big.Float).SetPrec(512)
	switch op {
	case hclsyntax.OpAdd:
		z.Add(x, y)
	case hclsyntax.OpSubtract:
		z.Sub(x, y)
	case hclsyntax.OpMultiply:
		z.Mul(x, y)
	case hclsyntax.OpDivide, hclsyntax.OpModulo:
		if y.Sign() == 0 && op == hclsyntax.OpModulo {
			return number(x) // as the library has it
		}
		if y.Sign() == 0 {
			return failure("a division by zero")
		}
		z.Quo(x, y)
		if op == hclsyntax.OpModulo {
			whole, _ := z.Int(nil)
			q := new(big.Float).SetPrec(512).SetInt(whole)
			z.Sub(x, q.Mul(q, y))
		}
	case hclsyntax.OpGreaterThan:
		return boolean(x.Cmp(y) > 0)
	case hclsyntax.OpGreaterThanOrEqual:
		return boolean(x.Cmp(y) >= 0)
	case hclsyntax.OpLessThan:
		return boolean(x.Cmp(y) < 0)
	case hclsyntax.OpLessThanOrEqual:
		return boolean(x.Cmp(y) <= 0)
	default:
		return unknown("an unsupported operator")
	}
	if z.IsInf() || tooWide(z) {
		return failure("a number is out of range")
	}
	return number(z)
}

// pair is one step of an iteration.
type pair struct{ key, value *Node }

// iteration is what a collection yields. Over something unknown it has one pair
// of symbols and open is true. failed is set when nothing can be iterated.
type iteration struct {
	pairs  []pair
	open   bool
	failed *Node
}

// iterate lists the pairs of a collection in Terraform's order. what names the
// loop in symbols.
func (ev *evaluator) iterate(n *Node, what string) iteration {
	n = n.forced()
	ev.charge((len(n.Items) + len(n.Fields)) / 4)
	switch n.Kind {
	case List:
		it := iteration{open: n.Open}
		for i, v := range n.Items {
			k := v
			if !n.Set {
				k = integer(int64(i))
			}
			it.pairs = append(it.pairs, pair{k, v})
		}
		return it
	case Object:
		it := iteration{open: n.Open}
		for _, f := range n.sortedFields() {
			it.pairs = append(it.pairs, pair{ev.nameNode(f), f.Value})
		}
		return it
	case Symbolic:
		if !n.loneToken() {
			break
		}
		return iteration{open: true, pairs: []pair{{ev.childOf(n, "[*].key", SymIteration), ev.child(n, "[*]")}}}
	case Unknown:
		if n.isErr() {
			return iteration{failed: n}
		}
		if n.x != nil {
			for _, alt := range n.x.alts {
				if it := ev.iterate(alt, what); it.failed == nil && len(it.pairs) > 0 {
					it.open = true
					return it
				}
			}
		}
		k := unknown(fmt.Sprintf("the keys of a loop are not known%s", ev.why(n))).referring(n.Refs)
		return iteration{open: true, pairs: []pair{{k, k}}}
	}
	return iteration{failed: failure("a " + n.Kind.String() + " cannot be iterated over")}
}

func (ev *evaluator) nameNode(f Field) *Node {
	n := str(f.Name)
	n.Pos = f.Value.Pos
	return n
}
