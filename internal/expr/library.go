package expr

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"
)

// celOptions make the one environment: the standard library, with operators
// and functions that meet absent, unknown, symbolic and secret values as
// functions of ours.
func celOptions(p *provider) []cel.EnvOption {
	opts := []cel.EnvOption{
		cel.CustomTypeProvider(p), cel.CustomTypeAdapter(p.Registry),
		cel.StdLib(), ext.Strings(ext.StringsVersion(3)), ext.Encoders(), ext.Bindings(),
		cel.ParserRecursionLimit(100), cel.ParserExpressionSizeLimit(maxExpr),
		cel.Macros(macros()...),
		cel.Variable(varsName, types.NewObjectType(varsName)),
	}
	opts = append(opts, operatorFunctions()...)
	return append(opts, libraryFunctions()...)
}

// renamed are operators and functions that macros turn into ours.
var renamed = []struct {
	from, to string
	args     int
	receiver bool
}{
	{operators.Equals, "@eq", 2, false},
	{operators.NotEquals, "@ne", 2, false},
	{operators.Less, "@lt", 2, false},
	{operators.LessEquals, "@le", 2, false},
	{operators.Greater, "@gt", 2, false},
	{operators.GreaterEquals, "@ge", 2, false},
	{operators.In, "@member", 2, false},
	{operators.Add, "@add", 2, false},
	{operators.Subtract, "@sub", 2, false},
	{operators.Index, "@index", 2, false},
	{"has", "@has", 1, false},
	{"size", "@size", 1, false},
	{"size", "@size", 0, true},
	{"lowerAscii", "@lowerAscii", 0, true},
	{"upperAscii", "@upperAscii", 0, true},
	{"startsWith", "@startsWith", 1, true},
	{"endsWith", "@endsWith", 1, true},
	{"contains", "@contains", 1, true},
	{"matches", "@matches", 1, true},
	{"matches", "@matches", 2, false},
}

func macros() []cel.Macro {
	list := []cel.Macro{cel.AllMacro, cel.ExistsMacro, cel.ExistsOneMacro, cel.MapMacro, cel.MapFilterMacro, cel.FilterMacro}
	for _, m := range renamed {
		to := m.to
		expand := func(eh cel.MacroExprFactory, target ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
			if target != nil {
				args = append([]ast.Expr{target}, args...)
			}
			if to == "@index" && args[1].Kind() == ast.LiteralKind && args[0].Kind() != ast.MapKind { // a['b'] is a.b, of objects too
				if name, ok := args[1].AsLiteral().(types.String); ok && name != "" && name[0] != '@' {
					return eh.NewSelect(args[0], string(name)), nil
				}
			}
			return eh.NewCall(to, args...), nil
		}
		if m.receiver {
			list = append(list, cel.ReceiverMacro(m.from, m.args, expand))
			continue
		}
		list = append(list, cel.GlobalMacro(m.from, m.args, expand))
	}
	member := func(name, prefix string) cel.Macro {
		return cel.GlobalMacro(name, 2, func(eh cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
			if args[1].Kind() == ast.LiteralKind {
				if s, ok := args[1].AsLiteral().(types.String); ok && s != "" {
					return eh.NewSelect(args[0], prefix+string(s)), nil
				}
			}
			return nil, eh.NewError(args[1].ID(), name+" wants a literal text in quotes as its second argument")
		})
	}
	return append(list, member("related", relField), member("fact", factField))
}

func operatorFunctions() []cel.EnvOption {
	dyn, A, B := cel.DynType, cel.TypeParamType("A"), cel.TypeParamType("B")
	listA, mapAB := cel.ListType(A), cel.MapType(A, B)
	fn := func(name string, opts ...cel.FunctionOpt) cel.EnvOption {
		return cel.Function(name, append(opts, decls.DisableTypeGuards(true))...)
	}
	// answer makes a function of two values that yields three answers. Eager
	// ones see unknown values themselves.
	answer := func(name string, eager bool, f func(r *Run, a, b val) tri) cel.EnvOption {
		opts := []cel.OverloadOpt{cel.BinaryBinding(func(a, b ref.Val) ref.Val {
			return f(runOf(a, b), fromRef(a), fromRef(b)).val("no answer").r
		})}
		if eager {
			opts = append(opts, cel.OverloadIsNonStrict())
		}
		return fn(name, cel.Overload(name+"_dyn", []*cel.Type{dyn, dyn}, cel.BoolType, opts...))
	}
	two := func(id string, a, b, to *cel.Type) cel.FunctionOpt {
		return cel.Overload(id, []*cel.Type{a, b}, to)
	}
	value := func(f func(r *Run, a, b val) val) cel.FunctionOpt {
		return cel.SingletonBinaryBinding(func(a, b ref.Val) ref.Val {
			r := runOf(a, b)
			return r.toRef(f(r, fromRef(a), fromRef(b)))
		})
	}
	text := func(name string, f func(r *Run, a, b val) tri) cel.EnvOption {
		return fn(name, cel.Overload(name+"_string", []*cel.Type{cel.StringType, cel.StringType}, cel.BoolType,
			cel.BinaryBinding(func(a, b ref.Val) ref.Val { return f(runOf(a, b), fromRef(a), fromRef(b)).val("no answer").r })))
	}
	ts, dur := cel.TimestampType, cel.DurationType
	return []cel.EnvOption{
		answer("@eq", true, (*Run).equal),
		answer("@ne", true, func(r *Run, a, b val) tri { return r.equal(a, b).not() }),
		answer("@member", true, (*Run).in),
		answer("@lt", false, func(r *Run, a, b val) tri { return r.ordered(a, b, func(c int) bool { return c < 0 }) }),
		answer("@le", false, func(r *Run, a, b val) tri { return r.ordered(a, b, func(c int) bool { return c <= 0 }) }),
		answer("@gt", false, func(r *Run, a, b val) tri { return r.ordered(a, b, func(c int) bool { return c > 0 }) }),
		answer("@ge", false, func(r *Run, a, b val) tri { return r.ordered(a, b, func(c int) bool { return c >= 0 }) }),
		fn("@has", cel.Overload("@has_dyn", []*cel.Type{dyn}, cel.BoolType, cel.UnaryBinding(func(a ref.Val) ref.Val {
			return has(fromRef(a)).val("unknown").r
		}))),
		fn("@size", cel.Overload("@size_dyn", []*cel.Type{dyn}, cel.IntType, cel.UnaryBinding(func(a ref.Val) ref.Val {
			return (*Run)(nil).size(fromRef(a)).r
		}))),
		fn("@index", two("@index_list", listA, cel.IntType, A), two("@index_map", mapAB, A, B), value((*Run).index)),
		fn("@add", two("@add_int", cel.IntType, cel.IntType, cel.IntType), two("@add_double", cel.DoubleType, cel.DoubleType, cel.DoubleType),
			two("@add_string", cel.StringType, cel.StringType, cel.StringType), two("@add_bytes", cel.BytesType, cel.BytesType, cel.BytesType),
			two("@add_list", listA, listA, listA), two("@add_time", ts, dur, ts), two("@add_duration_time", dur, ts, ts),
			two("@add_duration", dur, dur, dur), value((*Run).add)),
		fn("@sub", two("@sub_int", cel.IntType, cel.IntType, cel.IntType), two("@sub_double", cel.DoubleType, cel.DoubleType, cel.DoubleType),
			two("@sub_times", ts, ts, dur), two("@sub_time", ts, dur, ts), two("@sub_duration", dur, dur, dur), value((*Run).subtract)),
		text("@startsWith", (*Run).startsWith), text("@endsWith", (*Run).endsWith),
		text("@contains", (*Run).contains), text("@matches", (*Run).matches),
	}
}

// runOf finds the run that one of the arguments belongs to, nil when none
// does.
func runOf(args ...ref.Val) *Run {
	for _, a := range args {
		switch x := a.(type) {
		case interface{ owner() *Run }:
			if r := x.owner(); r != nil {
				return r
			}
		case instant:
			if x.run != nil {
				return x.run
			}
		case span:
			if x.run != nil {
				return x.run
			}
		}
	}
	return nil
}

func (b *base) owner() *Run { return b.run }
func (s *seq) owner() *Run  { return s.run }

func has(a val) tri {
	if a.class() == cUnknown {
		return unsure
	}
	return triOf(!a.unset())
}

func (r *Run) ordered(a, b val, want func(c int) bool) tri {
	c, ok := r.compare(a, b)
	if ok == unsure {
		return unsure
	}
	return triOf(want(c))
}
