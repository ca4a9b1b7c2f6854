package expr

import (
	"regexp"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/bulwarksec/bulwark"
)

// linter finds what the checker lets pass: null where a boolean must be,
// comparisons that can never hold, uses of now that hide when they change.
type linter struct {
	x        bulwark.Expr
	ast      *ast.AST
	at       bulwark.Problem
	problems []bulwark.Problem
}

func (l *linter) run(boolean bool) {
	root := l.ast.Expr()
	if boolean {
		if t := l.ast.GetType(root.ID()); t.Kind() != types.BoolKind && t.Kind() != types.DynKind {
			l.fail(root, "want a condition", "the expression yields %s, not a boolean", typeName(t))
		}
		l.boolean(root)
	}
	ast.PreOrderVisit(root, ast.NewExprVisitor(l.visit))
}

func (l *linter) fail(e ast.Expr, mend, format string, args ...any) {
	p := l.at
	if loc := l.ast.SourceInfo().GetStartLocation(e.ID()); p.Line > 0 {
		p.Line += max(loc.Line()-1, 0)
	}
	p.Message, p.Mend = sprintf(format, args...), mend
	l.problems = append(l.problems, p)
}

// boolean holds e, in boolean position, to a type that is never null.
func (l *linter) boolean(e ast.Expr) {
	t := l.ast.GetType(e.ID())
	if t == nil || t.Kind() != types.BoolKind || !t.IsAssignableType(types.NullType) {
		return
	}
	name := l.name(e)
	l.fail(e, "write "+name+" == true, or give the property a default", "%s may be absent, which is neither true nor false", name)
}

func (l *linter) visit(e ast.Expr) {
	if e.Kind() == ast.CallKind { // of a comprehension too: its step is && or ||
		l.call(e.AsCall(), e)
	}
}

func (l *linter) call(c ast.CallExpr, e ast.Expr) {
	args := c.Args()
	switch name := c.FunctionName(); name {
	case operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot:
		for _, arg := range args {
			l.boolean(arg)
		}
	case operators.Conditional:
		l.boolean(args[0])
	case "@eq", "@ne":
		l.comparable(args[0], args[1], e)
	case "@lt", "@le", "@gt", "@ge":
		l.ordered(args[0], args[1], e)
	case "@member":
		if t := l.ast.GetType(args[1].ID()); t != nil {
			switch t.Kind() {
			case types.ListKind, types.MapKind, types.DynKind, types.StructKind, types.NullTypeKind:
			default:
				l.fail(e, "write "+l.name(args[1])+".contains(…) for a part of a text", "in wants a list or map, not %s", typeName(t))
				return
			}
			if t.Kind() == types.ListKind {
				if a := l.ast.GetType(args[0].ID()); a != nil && !alike(a, t.Parameters()[0]) {
					l.fail(e, "compare like with like", "%s is never in a list of %s", typeName(a), typeName(t.Parameters()[0]))
				}
			}
		}
	case "@matches":
		if args[1].Kind() == ast.LiteralKind {
			if s, ok := args[1].AsLiteral().(types.String); ok {
				if _, err := regexp.Compile(string(s)); err != nil {
					l.fail(e, "see the RE2 syntax", "pattern does not compile: %v", err)
				} else if len(s) > maxPattern {
					l.fail(e, "shorten it", "pattern has more than %d bytes", maxPattern)
				}
			}
		}
	case "@add", "@sub":
	default:
		all := args
		if c.IsMemberFunction() {
			all = append([]ast.Expr{c.Target()}, args...)
		}
		for _, arg := range all {
			if isNow(arg) {
				l.fail(e, "compare times: now - duration('24h') < timestamp(…)", "%s of now hides when its answer changes", strings.TrimPrefix(name, "@"))
			}
		}
	}
}

func isNow(e ast.Expr) bool {
	return e.Kind() == ast.SelectKind && e.AsSelect().FieldName() == "now" && e.AsSelect().Operand().Kind() == ast.IdentKind && e.AsSelect().Operand().AsIdent() == varsName
}

func (l *linter) comparable(a, b, e ast.Expr) {
	x, y := l.ast.GetType(a.ID()), l.ast.GetType(b.ID())
	if x == nil || y == nil || alike(x, y) {
		return
	}
	l.fail(e, "compare like with like", "%s and %s are never equal", typeName(x), typeName(y))
}

func (l *linter) ordered(a, b, e ast.Expr) {
	x, y := l.ast.GetType(a.ID()), l.ast.GetType(b.ID())
	if x == nil || y == nil {
		return
	}
	for _, t := range []*types.Type{x, y} {
		switch t.Kind() {
		case types.ListKind, types.MapKind, types.NullTypeKind:
			l.fail(e, "compare size(…) or an element", "%s has no order", typeName(t))
			return
		}
	}
	if !alike(x, y) {
		l.fail(e, "compare like with like", "%s and %s have no common order", typeName(x), typeName(y))
	}
}

// alike reports whether values of two types can be equal.
func alike(x, y *types.Type) bool {
	kx, ky := x.Kind(), y.Kind()
	any := func(k types.Kind) bool {
		return k == types.DynKind || k == types.AnyKind || k == types.NullTypeKind || k == types.ErrorKind || k == types.TypeParamKind
	}
	number := func(k types.Kind) bool {
		return k == types.IntKind || k == types.UintKind || k == types.DoubleKind
	}
	switch {
	case any(kx) || any(ky) || number(kx) && number(ky):
		return true
	case kx == types.StructKind && ky == types.MapKind || kx == types.MapKind && ky == types.StructKind:
		return true
	case kx != ky:
		return false
	case kx == types.ListKind:
		return alike(x.Parameters()[0], y.Parameters()[0])
	case kx == types.StructKind && (strings.HasPrefix(x.TypeName(), "bulwark.") || strings.HasPrefix(y.TypeName(), "bulwark.")):
		return x.TypeName() == y.TypeName()
	}
	return true
}

func typeName(t *types.Type) string {
	switch t.Kind() {
	case types.BoolKind:
		return "a boolean"
	case types.IntKind:
		return "an integer"
	case types.DoubleKind:
		return "a number"
	case types.StringKind:
		return "a text"
	case types.ListKind:
		return "a list"
	case types.MapKind, types.StructKind:
		if name, ok := strings.CutPrefix(t.TypeName(), "bulwark."); ok {
			return "a " + name
		}
		return "an object"
	case types.TimestampKind:
		return "a time"
	case types.DurationKind:
		return "a duration"
	case types.NullTypeKind:
		return "null"
	}
	return plain(t.String())
}

// name writes a chain of selections as its author did.
func (l *linter) name(e ast.Expr) string {
	switch e.Kind() {
	case ast.IdentKind:
		return e.AsIdent()
	case ast.SelectKind:
		s := e.AsSelect()
		if s.Operand().Kind() == ast.IdentKind && s.Operand().AsIdent() == varsName {
			return s.FieldName()
		}
		return l.name(s.Operand()) + "." + s.FieldName()
	case ast.CallKind:
		if c := e.AsCall(); c.FunctionName() == "@index" {
			key := "…"
			if k := c.Args()[1]; k.Kind() == ast.LiteralKind {
				key = sprintf("%v", k.AsLiteral().Value())
			}
			return l.name(c.Args()[0]) + "[" + key + "]"
		}
	}
	return "it"
}
