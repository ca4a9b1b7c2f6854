package expr

import (
	"errors"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/functions"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/bulwarksec/bulwark"
)

// The evaluator: a checked tree becomes closures, those of conditions apart
// from those of values, so that a condition allocates nothing. The tracing
// form of the same tree is made when it is first asked for.
type (
	triFn func(*Run) tri
	valFn func(*Run) val
)

// errLeft is why a tree is left to cel-go.
var errLeft = errors.New("left to cel-go")

var unsureVal = errVal("unknown")

type compiler struct {
	p      *Program
	locals []local
	next   int // slot
	most   int
	trace  bool
}

type local struct {
	name string
	slot int
}

// code is a compiled tree.
type code struct {
	tri triFn
	val valFn
}

func (p *Program) closures(trace bool) (c code, slots int, err error) {
	defer func() {
		if v := recover(); v != nil {
			if e, ok := v.(error); ok && errors.Is(e, errLeft) {
				err = e
				return
			}
			panic(v)
		}
	}()
	k := &compiler{p: p, next: p.scope.first, most: p.scope.first, trace: trace}
	root := p.ast.NativeRep().Expr()
	if t := p.ast.NativeRep().GetType(root.ID()); t != nil && t.Kind() == types.BoolKind {
		c.tri = k.tri(root)
	} else {
		c.val = k.val(root)
	}
	return c, k.most, nil
}

func (k *compiler) push(name string) int {
	slot := k.next
	k.locals = append(k.locals, local{name, slot})
	k.next++
	k.most = max(k.most, k.next)
	return slot
}

func (k *compiler) pop() {
	k.locals = k.locals[:len(k.locals)-1]
	k.next--
}

func (k *compiler) slot(name string) (int, bool) {
	for i := len(k.locals) - 1; i >= 0; i-- {
		if k.locals[i].name == name {
			return k.locals[i].slot, true
		}
	}
	return 0, false
}

// weight is the cost of a tree without its loops' repetitions.
func weight(e ast.Expr) int {
	n := 0
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(ast.Expr) { n++ }))
	return n
}

// tri compiles a condition.
func (k *compiler) tri(e ast.Expr) triFn {
	switch e.Kind() {
	case ast.LiteralKind:
		if b, ok := e.AsLiteral().(types.Bool); ok {
			t := triOf(bool(b))
			return func(*Run) tri { return t }
		}
	case ast.CallKind:
		if f := k.triCall(e.AsCall()); f != nil {
			return f
		}
	case ast.ComprehensionKind:
		if f := k.quantifier(e.AsComprehension()); f != nil {
			return f
		}
	}
	f := k.val(e)
	if k.trace {
		return func(r *Run) tri {
			m := r.tr.mark()
			v := f(r)
			t := v.truth()
			r.tr.explain(t, m, v)
			return t
		}
	}
	return func(r *Run) tri { return f(r).truth() }
}

func (k *compiler) triCall(c ast.CallExpr) triFn {
	args := c.Args()
	switch c.FunctionName() {
	case operators.LogicalAnd:
		return k.and(k.flatten(c, nil))
	case operators.LogicalOr:
		return k.or(k.flatten(c, nil))
	case operators.LogicalNot:
		f := k.tri(args[0])
		if k.trace {
			return func(r *Run) tri {
				r.tr.negated = !r.tr.negated
				t := f(r).not()
				r.tr.negated = !r.tr.negated
				return t
			}
		}
		return func(r *Run) tri { return f(r).not() }
	case operators.Conditional:
		return k.choice(args)
	case "@eq":
		return k.leaf(args, k.equality(args[0], args[1]), (*Run).equal)
	case "@ne":
		f := k.equality(args[0], args[1])
		return k.leaf(args, func(r *Run) tri { return f(r).not() }, func(r *Run, a, b val) tri { return r.equal(a, b).not() })
	case "@member":
		return k.leaf(args, k.member(args[0], args[1]), (*Run).in)
	case "@lt":
		return k.order(args, func(c int) bool { return c < 0 })
	case "@le":
		return k.order(args, func(c int) bool { return c <= 0 })
	case "@gt":
		return k.order(args, func(c int) bool { return c > 0 })
	case "@ge":
		return k.order(args, func(c int) bool { return c >= 0 })
	case "@has":
		f := k.val(args[0])
		if l := k.plain(args[0]); l != nil {
			return func(r *Run) tri {
				if v, ok := l.value(r); ok {
					switch v.Kind() {
					case bulwark.Absent:
						return no
					case bulwark.Unknown:
						return unsure
					}
					return yes
				}
				return has(f(r))
			}
		}
		return func(r *Run) tri { return has(f(r)) }
	case "@startsWith":
		return k.text(args, (*Run).startsWith)
	case "@endsWith":
		return k.text(args, (*Run).endsWith)
	case "@contains":
		return k.text(args, (*Run).contains)
	case "@matches":
		return k.pattern(args)
	}
	return nil
}

// flatten lists the operands of nested && or ||.
func (k *compiler) flatten(c ast.CallExpr, list []triFn) []triFn {
	for _, arg := range c.Args() {
		if arg.Kind() == ast.CallKind && arg.AsCall().FunctionName() == c.FunctionName() {
			list = k.flatten(arg.AsCall(), list)
			continue
		}
		list = append(list, k.tri(arg))
	}
	return list
}

func (k *compiler) and(list []triFn) triFn {
	if k.trace {
		return tracedAnd(list)
	}
	if len(list) == 2 {
		a, b := list[0], list[1]
		return func(r *Run) tri {
			x := a(r)
			if x == no {
				return no
			}
			if y := b(r); y != yes {
				return y
			}
			return x
		}
	}
	return func(r *Run) tri {
		answer := yes
		for _, f := range list {
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

func (k *compiler) or(list []triFn) triFn {
	if k.trace {
		return tracedOr(list)
	}
	if len(list) == 2 {
		a, b := list[0], list[1]
		return func(r *Run) tri {
			x := a(r)
			if x == yes {
				return yes
			}
			if y := b(r); y != no {
				return y
			}
			return x
		}
	}
	return func(r *Run) tri {
		answer := no
		for _, f := range list {
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

func (k *compiler) choice(args []ast.Expr) triFn {
	c, a, b := k.tri(args[0]), k.tri(args[1]), k.tri(args[2])
	return func(r *Run) tri {
		switch c(r) {
		case yes:
			return a(r)
		case no:
			return b(r)
		}
		return unsure
	}
}

// leaf chooses between a fast comparison and, for tracing, a general one that
// can say why it is unsure.
func (k *compiler) leaf(args []ast.Expr, fast triFn, general func(r *Run, a, b val) tri) triFn {
	if !k.trace {
		return fast
	}
	x, y := k.val(args[0]), k.val(args[1])
	return func(r *Run) tri {
		m := r.tr.mark()
		a, b := x(r), y(r)
		t := general(r, a, b)
		r.tr.explainPair(t, m, a, b)
		return t
	}
}

func (k *compiler) text(args []ast.Expr, f func(r *Run, a, b val) tri) triFn {
	x, y := k.val(args[0]), k.val(args[1])
	fast := func(r *Run) tri { return f(r, x(r), y(r)) }
	if args[1].Kind() == ast.LiteralKind {
		lit := val{r: args[1].AsLiteral()}
		fast = func(r *Run) tri { return f(r, x(r), lit) }
	}
	return k.leaf(args, fast, f)
}

// pattern compiles a constant regular expression once.
func (k *compiler) pattern(args []ast.Expr) triFn {
	if args[1].Kind() == ast.LiteralKind && !k.trace {
		if p, ok := args[1].AsLiteral().(types.String); ok {
			if re := pattern(string(p)); re != nil {
				x, match := k.val(args[0]), matcher(re)
				return func(r *Run) tri {
					v := x(r)
					s, ok := literal(v)
					if !ok && v.unset() {
						return no
					}
					if !ok || !r.spend(1+len(s)/16) {
						return unsure
					}
					return triOf(match(s))
				}
			}
		}
	}
	return k.text(args, (*Run).matches)
}

func (k *compiler) order(args []ast.Expr, want func(c int) bool) triFn {
	x, y := k.val(args[0]), k.val(args[1])
	return k.leaf(args, func(r *Run) tri {
		c, ok := r.compare(x(r), y(r))
		if ok == unsure {
			return unsure
		}
		return triOf(want(c))
	}, func(r *Run, a, b val) tri { return r.ordered(a, b, want) })
}

// val compiles a value.
func (k *compiler) val(e ast.Expr) valFn {
	switch e.Kind() {
	case ast.LiteralKind:
		v := val{r: e.AsLiteral()}
		return func(*Run) val { return v }
	case ast.IdentKind, ast.SelectKind:
		return k.loaded(e)
	case ast.CallKind:
		return k.call(e)
	case ast.ListKind:
		return k.list(e.AsList())
	case ast.MapKind:
		return k.mapping(e.AsMap())
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		if f := k.quantifier(c); f != nil {
			return func(r *Run) val { return boxed(f(r)) }
		}
		return k.comprehension(c)
	}
	panic(errLeft)
}

func boxed(t tri) val {
	switch t {
	case yes:
		return val{r: types.True}
	case no:
		return val{r: types.False}
	}
	return unsureVal
}

func (k *compiler) call(e ast.Expr) valFn {
	c := e.AsCall()
	if f := k.triCall(c); f != nil && c.FunctionName() != operators.Conditional {
		return func(r *Run) val { return boxed(f(r)) }
	}
	args := c.Args()
	two := func(f func(r *Run, a, b val) val) valFn {
		x, y := k.val(args[0]), k.val(args[1])
		return func(r *Run) val { return f(r, x(r), y(r)) }
	}
	switch c.FunctionName() {
	case operators.Conditional:
		cond, a, b := k.tri(args[0]), k.val(args[1]), k.val(args[2])
		return func(r *Run) val {
			switch cond(r) {
			case yes:
				return a(r)
			case no:
				return b(r)
			}
			return unsureVal
		}
	case "@index":
		return two((*Run).index)
	case "@add":
		return two((*Run).add)
	case "@sub":
		return two((*Run).subtract)
	case "@size":
		x := k.val(args[0])
		return func(r *Run) val { return r.size(x(r)) }
	case "dyn":
		return k.val(args[0])
	}
	return k.function(e)
}

// function calls a function's binding, as cel-go would.
func (k *compiler) function(e ast.Expr) valFn {
	c := e.AsCall()
	overload := ""
	if ids := k.p.ast.NativeRep().GetOverloadIDs(e.ID()); len(ids) == 1 {
		overload = ids[0]
	}
	impl := k.p.scope.env.binding(c.FunctionName(), overload)
	if impl == nil {
		panic(errLeft)
	}
	exprs := c.Args()
	if c.IsMemberFunction() {
		exprs = append([]ast.Expr{c.Target()}, exprs...)
	}
	args := make([]valFn, len(exprs))
	for i, x := range exprs {
		args[i] = k.val(x)
	}
	switch {
	case len(args) == 1 && impl.Unary != nil:
		return func(r *Run) val {
			if !r.spend(2) {
				return unsureVal
			}
			a := args[0](r)
			if a.class() == cUnknown {
				return a
			}
			return fromRef(impl.Unary(r.toRef(a)))
		}
	case len(args) == 2 && impl.Binary != nil:
		return func(r *Run) val {
			if !r.spend(2) {
				return unsureVal
			}
			a, b := args[0](r), args[1](r)
			if a.class() == cUnknown {
				return a
			}
			if b.class() == cUnknown {
				return b
			}
			return fromRef(impl.Binary(r.toRef(a), r.toRef(b)))
		}
	case impl.Function != nil:
		return func(r *Run) val {
			if !r.spend(2) {
				return unsureVal
			}
			refs := make([]ref.Val, len(args))
			for i, f := range args {
				a := f(r)
				if a.class() == cUnknown {
					return a
				}
				refs[i] = r.toRef(a)
			}
			return fromRef(impl.Function(refs...))
		}
	}
	panic(errLeft)
}

// binding finds a function's implementation: of the one overload that the
// checker chose, else the dispatcher over all.
func (e *Env) binding(name, overload string) *functions.Overload {
	key := name + "\x00" + overload
	if b, ok := e.bindings[key]; ok {
		return b
	}
	var found *functions.Overload
	if f := e.cel.Functions()[name]; f != nil {
		if all, err := f.Bindings(); err == nil {
			for _, o := range all {
				if o.Operator == overload || found == nil && (o.Operator == name || len(all) == 1) {
					found = o
				}
			}
		}
	}
	if found != nil && found.NonStrict {
		found = nil
	}
	e.bindings[key] = found
	return found
}

func (k *compiler) list(l ast.ListExpr) valFn {
	if len(l.OptionalIndices()) > 0 {
		panic(errLeft)
	}
	elems := make([]valFn, l.Size())
	constant := true
	for i, e := range l.Elements() {
		elems[i] = k.val(e)
		constant = constant && e.Kind() == ast.LiteralKind
	}
	if constant {
		s := &seq{}
		for _, f := range elems {
			s.items = append(s.items, f(nil))
		}
		return func(*Run) val { return val{r: s} }
	}
	return func(r *Run) val {
		if !r.spend(len(elems)) {
			return unsureVal
		}
		s := &seq{items: make([]val, 0, len(elems)), run: r}
		for _, f := range elems {
			v := f(r)
			if v.class() == cUnknown {
				return v
			}
			s.items = append(s.items, v)
		}
		return val{r: s}
	}
}

func (k *compiler) mapping(m ast.MapExpr) valFn {
	type entry struct{ key, val valFn }
	var entries []entry
	for _, e := range m.Entries() {
		me := e.AsMapEntry()
		if me.IsOptional() {
			panic(errLeft)
		}
		entries = append(entries, entry{k.val(me.Key()), k.val(me.Value())})
	}
	return func(r *Run) val {
		if !r.spend(2 * len(entries)) {
			return unsureVal
		}
		out := make(map[ref.Val]ref.Val, len(entries))
		for _, e := range entries {
			key := e.key(r)
			if c := key.class(); c == cUnknown {
				return key
			} else if c != cString && c != cInt && c != cBool {
				return errVal("a map's key is " + c.String())
			}
			v := e.val(r)
			if v.class() == cUnknown {
				return v
			}
			ref := r.toRef(key)
			if _, repeated := out[ref]; repeated {
				return errVal("a map has a key twice")
			}
			out[ref] = r.toRef(v)
		}
		return val{r: types.NewRefValMap(types.DefaultTypeAdapter, out)}
	}
}
