package expr

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/bulwarksec/bulwark"
)

// isCall matches a call by name whose first argument is the accumulator.
func isCall(e ast.Expr, name string) bool {
	return e.Kind() == ast.CallKind && e.AsCall().FunctionName() == name
}

func isIdent(e ast.Expr, name string) bool {
	return e.Kind() == ast.IdentKind && e.AsIdent() == name
}

// quantifier compiles all, exists and exists_one, known by their shape; nil
// for every other comprehension.
func (k *compiler) quantifier(c ast.ComprehensionExpr) triFn {
	if c.HasIterVar2() || c.AccuInit().Kind() != ast.LiteralKind {
		return nil
	}
	step, accu := c.LoopStep(), c.AccuVar()
	switch init := c.AccuInit().AsLiteral().(type) {
	case types.Bool:
		op := either(bool(init), operators.LogicalAnd, operators.LogicalOr)
		if !isCall(step, op) || !isIdent(step.AsCall().Args()[0], accu) || !isIdent(c.Result(), accu) {
			return nil
		}
		each := k.val(c.IterRange())
		slot := k.push(c.IterVar())
		body := step.AsCall().Args()[1]
		f := k.tri(body)
		k.pop()
		cost := 1 + weight(body)
		if k.trace {
			return tracedQuantifier(bool(init), each, slot, f, cost)
		}
		if bool(init) {
			return all(each, slot, f, cost)
		}
		return exists(each, slot, f, cost)
	case types.Int:
		if init != 0 || !isCall(step, operators.Conditional) || !isCall(c.Result(), operators.Equals) {
			return nil
		}
		each := k.val(c.IterRange())
		slot := k.push(c.IterVar())
		body := step.AsCall().Args()[0]
		f := k.tri(body)
		k.pop()
		return existsOne(each, slot, f, 1+weight(body))
	}
	return nil
}

// span of a range: its length, and whether it is one at all.
func rangeLen(a val) (n int, ok bool) {
	switch a.class() {
	case cList, cMap, cAbsent:
		return a.length()
	}
	return 0, false
}

// put sets a slot to the i-th element, or key, of a range.
func (r *Run) put(slot int, a *val, keys []val, i int) {
	to := &r.slots[slot]
	if a.r == nil && a.v.Kind() == bulwark.List {
		to.v, to.node = a.v.Index(i), a.node.element()
		if to.r != nil {
			to.r = nil
		}
		return
	}
	*to = item(*a, keys, i)
}

func item(a val, keys []val, i int) val {
	if keys != nil {
		return keys[i]
	}
	if s, ok := a.r.(*seq); ok {
		return s.items[i]
	}
	return a.at(i)
}

func keysOf(a val) []val {
	if a.r != nil && a.class() == cMap {
		return a.keys()
	}
	return nil
}

func all(each valFn, slot int, f triFn, cost int) triFn {
	return func(r *Run) tri {
		a := each(r)
		n, ok := rangeLen(a)
		if !ok {
			return unsure
		}
		keys, answer := keysOf(a), yes
		for i := range n {
			if !r.spend(cost) {
				return unsure
			}
			r.put(slot, &a, keys, i)
			switch f(r) {
			case no:
				return no
			case unsure:
				answer = unsure
			}
		}
		return answer
	}
}

func exists(each valFn, slot int, f triFn, cost int) triFn {
	return func(r *Run) tri {
		a := each(r)
		n, ok := rangeLen(a)
		if !ok {
			return unsure
		}
		keys, answer := keysOf(a), no
		for i := range n {
			if !r.spend(cost) {
				return unsure
			}
			r.put(slot, &a, keys, i)
			switch f(r) {
			case yes:
				return yes
			case unsure:
				answer = unsure
			}
		}
		return answer
	}
}

func existsOne(each valFn, slot int, f triFn, cost int) triFn {
	return func(r *Run) tri {
		a := each(r)
		n, ok := rangeLen(a)
		if !ok {
			return unsure
		}
		keys, found, answer := keysOf(a), 0, yes
		for i := range n {
			if !r.spend(cost) {
				return unsure
			}
			r.put(slot, &a, keys, i)
			switch f(r) {
			case yes:
				found++
			case unsure:
				answer = unsure
			}
		}
		if answer == unsure {
			return unsure
		}
		return triOf(found == 1)
	}
}

// comprehension compiles filter, map and bind; others are left to cel-go.
func (k *compiler) comprehension(c ast.ComprehensionExpr) valFn {
	if c.HasIterVar2() {
		panic(errLeft)
	}
	if c.IterRange().Kind() == ast.ListKind && c.IterRange().AsList().Size() == 0 && c.LoopCondition().Kind() == ast.LiteralKind {
		init := k.val(c.AccuInit())
		slot := k.push(c.AccuVar())
		result := k.val(c.Result())
		k.pop()
		return func(r *Run) val {
			r.slots[slot] = init(r)
			return result(r)
		}
	}
	step, accu := c.LoopStep(), c.AccuVar()
	if c.AccuInit().Kind() != ast.ListKind || c.AccuInit().AsList().Size() > 0 || !isIdent(c.Result(), accu) {
		panic(errLeft)
	}
	var cond ast.Expr
	if isCall(step, operators.Conditional) {
		args := step.AsCall().Args()
		if !isIdent(args[2], accu) {
			panic(errLeft)
		}
		cond, step = args[0], args[1]
	}
	if !isCall(step, operators.Add) {
		panic(errLeft)
	}
	args := step.AsCall().Args()
	if !isIdent(args[0], accu) || args[1].Kind() != ast.ListKind || args[1].AsList().Size() != 1 {
		panic(errLeft)
	}
	each := k.val(c.IterRange())
	slot := k.push(c.IterVar())
	keep := func(*Run) tri { return yes }
	if cond != nil {
		keep = k.tri(cond)
	}
	body := args[1].AsList().Elements()[0]
	f := k.val(body)
	k.pop()
	return collect(each, slot, keep, f, 1+weight(c.LoopStep()))
}

// collect makes a list of f over the elements that keep takes.
func collect(each valFn, slot int, keep triFn, f valFn, cost int) valFn {
	return func(r *Run) val {
		a := each(r)
		n, ok := rangeLen(a)
		if !ok {
			return wrong("a list", a)
		}
		keys, out := keysOf(a), &seq{run: r}
		for i := range n {
			if !r.spend(cost) {
				return errVal(errCost)
			}
			r.put(slot, &a, keys, i)
			switch keep(r) {
			case unsure:
				return unsureVal
			case no:
				continue
			}
			v := f(r)
			if v.class() == cUnknown {
				return v
			}
			out.items = append(out.items, v)
		}
		return val{r: out}
	}
}
