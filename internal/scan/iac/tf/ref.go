package tf

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// symbol returns a value that is a symbol alone, or with the literal ends that
// all values of its attribute have.
func (ev *evaluator) symbol(s bulwark.Symbol) *Node {
	s.Address, s.Attribute = ev.syms.render(s.Address), ev.syms.render(s.Attribute)
	before := len(ev.syms.tokens)
	n := &Node{Kind: Symbolic, Text: ev.syms.token(s)}
	ev.charge(32 * (len(ev.syms.tokens) - before))
	switch s.Kind {
	case SymComputed, SymData, SymUndeclared, SymModule:
		n.Refs = []string{s.String()}
	}
	if sh, ok := shapeOf(s); ok {
		n.Text = sh.prefix + n.Text + sh.suffix
	}
	return n
}

// child returns the symbol of an attribute (".name") or element ("[0]") of a
// lone symbol n.
func (ev *evaluator) child(n *Node, step string) *Node { return ev.childOf(n, step, "") }

func (ev *evaluator) childOf(n *Node, step, kind string) *Node {
	_, _, base, ok := ev.syms.next(n.Text)
	if !ok {
		return unknown("an element of a text")
	}
	if base.Kind == SymUnknown {
		return unknown(base.Attribute).referring(n.Refs)
	}
	s := *base
	if kind != "" {
		s.Kind = kind
	}
	switch {
	case len(s.Attribute)+len(step) > 2000:
		return unknown("a reference is too long")
	case s.Attribute != "":
		s.Attribute += step
	case step[0] == '.':
		s.Attribute = step[1:]
	default:
		s.Address += step
	}
	out := ev.symbol(s)
	if out.Refs == nil {
		out.Refs = n.Refs
	}
	out.Pos = n.Pos
	return out
}

// traversal resolves a reference such as local.a.b[0].
func (ev *evaluator) traversal(e *hclsyntax.ScopeTraversalExpr, sc *scope) *Node {
	t := e.Traversal
	root := t.RootName()
	if v := sc.lookup(root); v != nil {
		return ev.steps(v, t[1:], sc)
	}
	if sc.names != nil {
		if sc.open {
			return unknown("whether a template has a variable "+root+" is not known").placed(e.SrcRange, sc)
		}
		return failure("a template has no variable "+root).placed(e.SrcRange, sc)
	}
	if root == "resource" && len(t) > 2 {
		if a, ok := t[1].(hcl.TraverseAttr); ok {
			root, t = a.Name, t[1:]
		}
	}
	name := ""
	if len(t) > 1 {
		if a, ok := t[1].(hcl.TraverseAttr); ok {
			name = a.Name
		}
	}
	if len(t) == 1 && sc.names == nil {
		return ev.bareWord(root, e.SrcRange, sc)
	}
	if name == "" {
		return failure(fmt.Sprintf("%s is no reference", root)).placed(e.SrcRange, sc)
	}
	switch root {
	case "var":
		return ev.steps(sc.mi.variable(name), t[2:], sc)
	case "local":
		return ev.steps(sc.mi.local(name), t[2:], sc)
	case "module":
		return ev.steps(sc.mi.callNode(name), t[2:], sc)
	case "path", "terraform":
		return ev.steps(ev.builtin(root, name, sc).placed(e.SrcRange, sc), t[2:], sc)
	case "each", "count", "self":
		return failure(fmt.Sprintf("%s.%s where there is none", root, name)).placed(e.SrcRange, sc)
	case "data", "ephemeral":
		if len(t) > 2 {
			if a, ok := t[2].(hcl.TraverseAttr); ok {
				return ev.steps(ev.resourceNode(sc.mi, root+"."+name+"."+a.Name), t[3:], sc)
			}
		}
		return failure(root+"."+name+" is no reference").placed(e.SrcRange, sc)
	}
	return ev.steps(ev.resourceNode(sc.mi, root+"."+name), t[2:], sc)
}

// bareWord takes a lone name, which Terraform refuses, for what its author most
// likely meant: True for true, S3 for "S3". It is a gap.
func (ev *evaluator) bareWord(word string, r hcl.Range, sc *scope) *Node {
	pos := position(r, sc.via)
	ev.gap("expression", pos, word+" refers to nothing; it is taken as if it stood in quotes")
	switch strings.ToLower(word) {
	case "true", "false":
		return boolean(len(word) == 4).at(pos)
	}
	return str(word).at(pos)
}

func (ev *evaluator) resourceNode(mi *modInst, key string) *Node {
	if r := mi.resource(key); r != nil {
		return r.node()
	}
	return ev.symbol(bulwark.Symbol{Kind: SymUndeclared, Address: joinAddress(mi.path, key)})
}

func joinAddress(module, local string) string {
	if module == "" {
		return local
	}
	return module + "." + local
}

func (ev *evaluator) builtin(root, name string, sc *scope) *Node {
	switch root + "." + name {
	case "path.module":
		return str(relative(ev.root, sc.mi.mod.dir))
	case "path.root":
		return str(".")
	case "terraform.workspace":
		return ev.symbol(bulwark.Symbol{Kind: SymWorkspace, Address: "terraform", Attribute: "workspace"})
	case "path.cwd":
		return str(ev.cwd())
	}
	return failure(root + "." + name + " does not exist")
}

// relative returns the path of a folder from another one, both in the tree.
func relative(from, to string) string {
	if from == to {
		return "."
	}
	a, b := split(from), split(to)
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	return path.Join(strings.Repeat("../", len(a)), path.Join(b...))
}

func split(p string) []string {
	if p == "." || p == "" {
		return nil
	}
	return strings.Split(p, "/")
}

// steps follows the rest of a reference. Below a resource, what its
// configuration does not say is an attribute that exists once it is created.
func (ev *evaluator) steps(v *Node, t hcl.Traversal, sc *scope) *Node {
	var base *resInst
	at := ""
	for _, s := range t {
		var next *Node
		var step string
		switch s := s.(type) {
		case hcl.TraverseAttr:
			step = "." + s.Name
			if v.x != nil && v.x.lazy != nil {
				base, _ = v.x.lazy.(*resInst)
				at = ""
			}
			next = ev.attr(v, s.Name)
		case hcl.TraverseIndex:
			key := ev.fromCty(s.Key)
			step = "[" + quoteKey(key) + "]"
			next = ev.index(v, key)
		default:
			return unknown("an unsupported step in a reference")
		}
		at += step
		if base != nil && (next.isErr() || next.Kind == Null) {
			next = ev.symbol(base.symbol(strings.TrimPrefix(at, ".")))
		}
		if base != nil && next.Kind != Symbolic && len(next.Refs) == 0 {
			next = next.referring([]string{base.address + at})
		}
		v = next
	}
	return v
}

func quoteKey(k *Node) string {
	if k.Kind == Number {
		return formatNumber(k.Number)
	}
	return strconv.Quote(k.Text)
}

// attr returns an attribute of a value.
func (ev *evaluator) attr(n *Node, name string) *Node {
	if n.x != nil && n.x.lazy != nil {
		if v := n.x.lazy.attr(name); v != nil {
			return v
		}
		return failure("there is no attribute " + name)
	}
	switch n.Kind {
	case Object:
		if v := n.Get(name); v != nil {
			return v
		}
		if n.Open {
			return unknown("whether there is an attribute " + name + " is not known").referring(n.Refs)
		}
		return failure("there is no attribute " + name)
	case Symbolic:
		if n.loneToken() {
			return ev.child(n, "."+name)
		}
	case Unknown:
		return ev.throughAlts(n, func(a *Node) *Node { return ev.attr(a, name) })
	}
	return failure(fmt.Sprintf("a %s has no attribute %s", n.Kind, name))
}

// throughAlts applies f to the values that an unknown may have: what they
// agree on is known.
func (ev *evaluator) throughAlts(n *Node, f func(*Node) *Node) *Node {
	if n.x == nil || len(n.x.alts) == 0 || !ev.step() {
		return n
	}
	var out []*Node
	for _, a := range n.x.alts {
		if v := f(a); !v.isErr() {
			out = append(out, v)
		}
	}
	if len(out) == 0 {
		return n
	}
	for _, v := range out[1:] {
		if ev.equal(out[0], v) != yes {
			u := unknown(n.Reason).referring(n.Refs)
			u.Pos, u.x = n.Pos, &ext{alts: alternatives(out...)}
			return u
		}
	}
	if len(out) < len(n.x.alts) {
		u := unknown(n.Reason).referring(n.Refs)
		u.Pos, u.x = n.Pos, &ext{alts: out}
		return u
	}
	return out[0]
}

// index returns an element of a value.
func (ev *evaluator) index(n, key *Node) *Node {
	if n.x != nil && n.x.lazy != nil {
		if n.x.only {
			return n
		}
		if key.Kind == String {
			return ev.attr(n, key.Text)
		}
		if key.Kind == Symbolic || key.Kind == Unknown {
			return ev.anyElement(n, key)
		}
		return failure("an element is asked for by what is no key")
	}
	switch n.Kind {
	case Unknown:
		return ev.throughAlts(n, func(a *Node) *Node { return ev.index(a, key) })
	case Symbolic:
		if !n.loneToken() {
			return failure("a text has no elements")
		}
		if key.Kind == Unknown || key.Kind == Symbolic {
			return ev.child(n, "[*]")
		}
		if key.Kind == Number || key.Kind == String {
			return ev.child(n, "["+quoteKey(key)+"]")
		}
		return failure("an element is asked for by what is no key")
	case Object:
		return ev.indexObject(n, key)
	case List:
		return ev.indexList(n, key)
	}
	return failure("a " + n.Kind.String() + " has no elements")
}

func (ev *evaluator) anyElement(n, key *Node) *Node {
	if n.x != nil && n.x.coll != "" {
		kind := SymComputed
		if strings.HasPrefix(n.x.coll, "module.") && strings.Count(n.x.coll, ".") == 1 {
			kind = SymModule
		}
		return ev.symbol(bulwark.Symbol{Kind: kind, Scope: n.x.scope, Address: n.x.coll + "[*]"})
	}
	return unknown("which element is not known"+ev.why(key)).referring(n.Refs, key.Refs)
}

func (ev *evaluator) indexObject(n, key *Node) *Node {
	k := ev.convertText(key)
	if k.isText() {
		if v := n.Get(k.Text); v != nil {
			return v
		}
	}
	switch {
	case n.x != nil && n.x.only && len(n.Fields) == 1:
		return n.Fields[0].Value
	case k.Kind == Unknown && k.isErr():
		return k
	case k.Kind == Symbolic || k.Kind == Unknown:
		return ev.anyElement(n, k)
	case k.Kind != String:
		return failure("an element is asked for by what is no key")
	case n.Open:
		return unknown("whether there is an element " + strconv.Quote(ev.syms.render(k.Text)) + " is not known").referring(n.Refs)
	}
	return failure("there is no element " + strconv.Quote(k.Text))
}

func (ev *evaluator) indexList(n, key *Node) *Node {
	if n.x != nil && n.x.only && len(n.Items) == 1 {
		return n.Items[0]
	}
	if key.isErr() {
		return key
	}
	if key.Kind == Symbolic || key.Kind == Unknown {
		return ev.anyElement(n, key)
	}
	i, ok := key.Int()
	switch {
	case !ok || i < 0:
		return failure("an element of a list is asked for by what is no index")
	case n.Set:
		return failure("a set has no order")
	case i < int64(len(n.Items)):
		return n.Items[i]
	case n.Open:
		return unknown(fmt.Sprintf("whether there is an element %d is not known", i)).referring(n.Refs)
	}
	return failure(fmt.Sprintf("there is no element %d", i))
}

// fromCty converts a value of the HCL library.
func (ev *evaluator) fromCty(v cty.Value) *Node {
	v, _ = v.Unmark()
	ty := v.Type()
	switch {
	case !v.IsKnown():
		return unknown("a value is not known")
	case v.IsNull():
		return null()
	case ty == cty.String:
		return str(v.AsString())
	case ty == cty.Number:
		f := v.AsBigFloat()
		if f.IsInf() || tooWide(f) {
			return failure("a number is out of range")
		}
		return number(f)
	case ty == cty.Bool:
		return boolean(v.True())
	case ty.IsListType() || ty.IsSetType() || ty.IsTupleType():
		n := &Node{Kind: List, Set: ty.IsSetType()}
		for it := v.ElementIterator(); it.Next(); {
			_, e := it.Element()
			n.Items = append(n.Items, ev.fromCty(e))
		}
		return n
	case ty.IsMapType() || ty.IsObjectType():
		n := &Node{Kind: Object}
		for it := v.ElementIterator(); it.Next(); {
			k, e := it.Element()
			n.Fields = append(n.Fields, Field{k.AsString(), ev.fromCty(e)})
		}
		return n.indexFields()
	}
	return unknown("a value of an unsupported type")
}

// toCty converts for a library function. Unknowns become unknown values; what
// a text holds of tokens stays in it.
func (ev *evaluator) toCty(n *Node) cty.Value {
	n = n.forced()
	switch n.Kind {
	case Null:
		return cty.NullVal(cty.DynamicPseudoType)
	case Bool:
		return cty.BoolVal(n.Bool)
	case Number:
		return cty.NumberVal(n.Number)
	case String, Symbolic:
		return cty.StringVal(n.Text)
	case List:
		if len(n.Items) == 0 {
			return cty.EmptyTupleVal
		}
		vs := make([]cty.Value, len(n.Items))
		for i, it := range n.Items {
			vs[i] = ev.toCty(it)
		}
		return cty.TupleVal(vs)
	case Object:
		vs := make(map[string]cty.Value, len(n.Fields))
		for _, f := range n.Fields {
			vs[f.Name] = ev.toCty(f.Value)
		}
		return cty.ObjectVal(vs)
	}
	return cty.DynamicVal
}
