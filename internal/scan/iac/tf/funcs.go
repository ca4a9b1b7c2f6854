package tf

import (
	"crypto/sha256"
	"fmt"
	"sort"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// symRule says what a function makes of symbols in its arguments.
type symRule uint8

const (
	symDerive  symRule = iota // its result is a derived symbol: a text, or a list to take elements of
	symUnknown                // its result is not known
	symPass                   // it treats texts as a whole, so tokens pass through
	symRaw                    // it sees to unknowns and symbols itself
)

// fn is a function of the Terraform language.
type fn struct {
	name string
	min  int
	max  int // -1 is any number
	sym  symRule
	call func(c *call) *Node
}

// call is one call of a function.
type call struct {
	ev   *evaluator
	sc   *scope
	fn   *fn
	args []*Node
}

var functions = map[string]*fn{}

func register(fs ...fn) {
	for i := range fs {
		functions[fs[i].name] = &fs[i]
	}
}

func init() {
	registerText()
	registerCollections()
	registerEncodings()
	registerNumbers()
	registerFiles()
	registerNetworks()
}

// call evaluates a function call.
func (ev *evaluator) call(e *hclsyntax.FunctionCallExpr, sc *scope) *Node {
	name := strings.TrimPrefix(e.Name, "core::")
	switch name {
	case "try", "can":
		return ev.try(e, sc, name == "can")
	}
	f := functions[name]
	c := &call{ev: ev, sc: sc, fn: f, args: make([]*Node, 0, len(e.Args))}
	for i, a := range e.Args {
		v := ev.eval(a, sc)
		if !e.ExpandFinal || i < len(e.Args)-1 {
			c.args = append(c.args, v)
			continue
		}
		if v.Kind != List || v.Open {
			if v.isErr() || v.Kind != Unknown && v.Kind != Symbolic && v.Kind != List {
				return failure("what is expanded into arguments is no list" + because(v))
			}
			return unknown("how many arguments a function has is not known" + ev.why(v)).referring(ev.deepRefs(v))
		}
		c.args = append(c.args, v.Items...)
	}
	refs := make([][]string, len(c.args))
	for i, a := range c.args {
		refs[i] = ev.deepRefs(a)
	}
	if f == nil {
		return unknown("the function " + e.Name + " is not one of Terraform's own").referring(refs...)
	}
	for _, a := range c.args {
		ev.charge(len(a.Text)/16 + len(a.Items) + len(a.Fields))
	}
	out := c.run()
	ev.charge(len(out.Text)/16 + len(out.Items) + len(out.Fields))
	if keepsRefs[f.name] && out.Kind != Unknown {
		return out
	}
	return out.referring(refs...)
}

// keepsRefs are the functions whose results are elements of their arguments, or
// made of them: each brings its own references, and those of the others are
// none of it.
var keepsRefs = map[string]bool{
	"chunklist": true, "coalesce": true, "coalescelist": true, "compact": true, "concat": true, "distinct": true,
	"element": true, "flatten": true, "lookup": true, "merge": true, "one": true, "reverse": true, "setproduct": true,
	"setunion": true, "slice": true, "sort": true, "tolist": true, "tomap": true, "toset": true, "values": true,
	"zipmap": true, "sensitive": true, "nonsensitive": true, "ephemeralasnull": true,
}

func (c *call) run() (out *Node) {
	if len(c.args) < c.fn.min || c.fn.max >= 0 && len(c.args) > c.fn.max {
		return failure("wrong number of arguments for " + c.fn.name)
	}
	defer func() {
		if p := recover(); p != nil { // the library's functions panic on some odd values
			out = unknown(fmt.Sprintf("%s failed: %v", c.fn.name, p))
		}
	}()
	if c.fn.sym == symRaw {
		return c.fn.call(c)
	}
	symbolic := false
	for _, a := range c.args {
		switch {
		case a.isErr():
			return a
		case a.Kind == Unknown:
			return unknown("an argument of " + c.fn.name + " is not known" + c.ev.why(a))
		case c.fn.sym != symPass && c.ev.symbolic(a):
			symbolic = true
		}
	}
	if symbolic {
		if c.fn.sym == symDerive {
			return c.derived()
		}
		return unknown("an argument of " + c.fn.name + " is not known" + c.ev.whyAny(c.args))
	}
	return c.fn.call(c)
}

// symbolic reports whether a value holds a symbol, or is not all known.
func (ev *evaluator) symbolic(n *Node) bool {
	if n.Kind == Symbolic || n.Kind == Unknown || n.Open {
		return true
	}
	found := false
	seen := 0
	n.each(func(m *Node) bool {
		seen++
		found = m.Kind == Symbolic || m.Kind == Unknown || m.Open
		return !found
	})
	ev.charge(seen)
	return found
}

func (ev *evaluator) whyAny(args []*Node) string {
	for _, a := range args {
		if w := ev.why(a); w != "" {
			return w
		}
	}
	return ""
}

// derived returns the symbol of a function of symbols. Two calls with equal
// arguments are the same symbol.
func (c *call) derived() *Node {
	texts := make([]string, len(c.args))
	refs := make([][]string, len(c.args))
	for i, a := range c.args {
		refs[i] = c.ev.deepRefs(a)
		if a.isErr() {
			return a
		}
		if a.Kind == Unknown {
			return unknown("an argument of " + c.fn.name + " is not known" + c.ev.why(a))
		}
		b := c.ev.appendJSON(nil, a)
		if len(b) > maxText {
			return unknown("a text grew too large")
		}
		if c.ev.syms.indeterminate(string(b)) {
			return unknown("an argument of " + c.fn.name + " is not known whole")
		}
		texts[i] = c.ev.syms.render(string(b))
	}
	all := strings.Join(texts, ", ")
	if len(all) > 200 {
		all = fmt.Sprintf("%.120s… %x", strings.ToValidUTF8(all[:120], ""), sha256.Sum256([]byte(all)))[:150]
	}
	return c.ev.symbol(bulwark.Symbol{Kind: SymDerived, Address: c.fn.name + "(" + all + ")"}).referring(refs...)
}

// try evaluates its arguments in turn and returns the first without an error.
// A symbol is no error: what it will be is not known, but it will be.
func (ev *evaluator) try(e *hclsyntax.FunctionCallExpr, sc *scope, can bool) *Node {
	var last *Node
	for _, a := range e.Args {
		last = ev.eval(a, sc)
		failed := ev.failed(last)
		if can {
			return boolean(!failed)
		}
		if !failed {
			return last
		}
	}
	if last == nil {
		return failure("wrong number of arguments for " + e.Name)
	}
	return last
}

// failed reports whether an error lies anywhere in a value.
func (ev *evaluator) failed(n *Node) bool {
	found := false
	seen := 0
	n.each(func(m *Node) bool {
		seen++
		found = m.isErr() || m.Kind == Symbolic && ev.syms.hasFailed(m.Text)
		return !found
	})
	ev.charge(seen)
	return found
}

// library makes a function of one of the HCL library's.
func library(f function.Function) func(c *call) *Node {
	return func(c *call) *Node {
		args := make([]cty.Value, len(c.args))
		params := f.Params()
		for i, a := range c.args {
			p := f.VarParam()
			if i < len(params) {
				p = &params[i]
			}
			if p != nil {
				a = c.ev.convert(a, p.Type)
				if a.isErr() {
					return a
				}
			}
			args[i] = c.listArg(a, p)
		}
		v, err := f.Call(args)
		if err != nil {
			return failure(c.fn.name + ": " + lowerFirst(err.Error()))
		}
		return c.ev.fromCty(v)
	}
}

// listArg converts an argument; for a parameter that is a list of one type it
// makes one, since a tuple will not do.
func (c *call) listArg(a *Node, p *function.Parameter) cty.Value {
	v := c.ev.toCty(a)
	if p != nil && p.Type.IsListType() && a.Kind == List {
		if len(a.Items) == 0 {
			et := p.Type.ElementType()
			if et == cty.DynamicPseudoType {
				et = cty.String
			}
			return cty.ListValEmpty(et)
		}
		vs := v.AsValueSlice()
		if cty.CanListVal(vs) {
			return cty.ListVal(vs)
		}
	}
	return v
}

// text returns an argument as a text; ok is false when it cannot be one.
func (c *call) text(i int) (string, bool) {
	n := c.ev.convertText(c.args[i])
	return n.Text, n.isText()
}

func (c *call) integer(i int) (int64, bool) { return c.args[i].Int() }

func (c *call) bad(i int) *Node {
	if c.args[i].isErr() {
		return c.args[i]
	}
	return failure(fmt.Sprintf("argument %d of %s is a %s", i+1, c.fn.name, c.args[i].Kind))
}

// textual makes a function of texts to a text.
func textual(f func(args ...string) (string, error)) func(c *call) *Node {
	return func(c *call) *Node {
		args := make([]string, len(c.args))
		for i := range c.args {
			s, ok := c.text(i)
			if !ok {
				return c.bad(i)
			}
			args[i] = s
		}
		s, err := f(args...)
		if err != nil {
			return failure(c.fn.name + ": " + err.Error())
		}
		if len(s) > maxText {
			return unknown("a text grew too large")
		}
		return str(s)
	}
}

// FunctionNames lists the functions that evaluation knows, sorted.
func FunctionNames() []string {
	out := []string{"try", "can"}
	for n := range functions {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}
