package expr

import (
	"slices"
	"strings"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
)

// rewrite turns names of the scope into members of its one variable, so that
// one environment serves all scopes.
func rewrite(a *ast.AST, sc *Scope) {
	w := &rewriter{a: a, names: map[string]bool{}, next: ast.MaxID(a), fac: ast.NewExprFactory()}
	for _, n := range sc.varNames() {
		w.names[n] = true
	}
	w.walk(a.Expr(), nil)
}

type rewriter struct {
	a     *ast.AST
	names map[string]bool
	next  int64
	fac   ast.ExprFactory
}

func (w *rewriter) walk(e ast.Expr, bound []string) {
	switch e.Kind() {
	case ast.IdentKind:
		name := e.AsIdent()
		if !w.names[name] || slices.Contains(bound, name) {
			return
		}
		w.next++
		if o, ok := w.a.SourceInfo().GetOffsetRange(e.ID()); ok {
			w.a.SourceInfo().SetOffsetRange(w.next, o)
		}
		e.SetKindCase(w.fac.NewSelect(e.ID(), w.fac.NewIdent(w.next, varsName), name))
	case ast.SelectKind:
		w.walk(e.AsSelect().Operand(), bound)
	case ast.CallKind:
		c := e.AsCall()
		if c.IsMemberFunction() {
			w.walk(c.Target(), bound)
		}
		for _, arg := range c.Args() {
			w.walk(arg, bound)
		}
	case ast.ListKind:
		for _, c := range e.AsList().Elements() {
			w.walk(c, bound)
		}
	case ast.MapKind:
		for _, c := range e.AsMap().Entries() {
			w.walk(c.AsMapEntry().Key(), bound)
			w.walk(c.AsMapEntry().Value(), bound)
		}
	case ast.StructKind:
		for _, c := range e.AsStruct().Fields() {
			w.walk(c.AsStructField().Value(), bound)
		}
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		w.walk(c.IterRange(), bound)
		w.walk(c.AccuInit(), bound)
		inner := append(slices.Clone(bound), c.IterVar(), c.AccuVar())
		if c.HasIterVar2() {
			inner = append(inner, c.IterVar2())
		}
		w.walk(c.LoopCondition(), inner)
		w.walk(c.LoopStep(), inner)
		w.walk(c.Result(), append(slices.Clone(bound), c.AccuVar()))
	}
}

// looseJoins wraps the operands of + in dyn where lists of two object types
// are joined, and reports whether it did.
func looseJoins(a *ast.AST, errs []*common.Error) bool {
	for _, err := range errs {
		if !strings.Contains(err.Message, "'@add' applied to '(list(") {
			return false
		}
	}
	fac, next, done := ast.NewExprFactory(), ast.MaxID(a), false
	ast.PostOrderVisit(a.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != "@add" {
			return
		}
		args := e.AsCall().Args()
		for i, arg := range args {
			if arg.Kind() == ast.CallKind && arg.AsCall().FunctionName() == "dyn" {
				continue
			}
			copied := fac.CopyExpr(arg)
			next++
			args[i].SetKindCase(fac.NewCall(arg.ID(), "dyn", copied))
			renumber(copied, &next)
			done = true
		}
	}))
	return done
}

// renumber gives the copied top of a tree an id of its own.
func renumber(e ast.Expr, next *int64) {
	first := true
	e.RenumberIDs(func(id int64) int64 {
		if first && id != 0 {
			first = false
			*next++
			return *next
		}
		return id
	})
}

// joinedType returns the type of a chain of joined lists: a list of elements
// with the members of all.
func (e *Env) joinedType(a *ast.AST) *types.Type {
	var merged *node
	ok := true
	var walk func(x ast.Expr)
	walk = func(x ast.Expr) {
		if x.Kind() == ast.CallKind {
			switch c := x.AsCall(); c.FunctionName() {
			case "@add", "dyn":
				for _, arg := range c.Args() {
					walk(arg)
				}
				return
			}
		}
		t := a.GetType(x.ID())
		if t == nil || t.Kind() != types.ListKind || e.prov.nodes[t.Parameters()[0].TypeName()] == nil {
			ok = false
			return
		}
		n := e.prov.nodes[t.Parameters()[0].TypeName()]
		if merged == nil {
			merged = n
			return
		}
		merged = merge(merged, n)
	}
	walk(a.Expr())
	if !ok || merged == nil {
		return nil
	}
	copied := *merged
	copied.cel = nil
	return types.NewListType(copied.celType(e.prov.register, false))
}
