package tf

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
)

// convert converts a value to a type constraint as Terraform does for module
// inputs. Unknowns and lone symbols, whose type is not known, stay as they are.
func (ev *evaluator) convert(n *Node, ty cty.Type) *Node {
	if n.Kind == Null || n.opaque() || ty == cty.DynamicPseudoType || !ev.step() {
		return n
	}
	switch {
	case ty == cty.String:
		return ev.convertText(n).from(n)
	case ty == cty.Number:
		return toNumber(n).from(n)
	case ty == cty.Bool:
		v, ok := ev.truth(n)
		if n.Kind == Bool {
			return n
		}
		if !ok {
			return failure("a " + n.Kind.String() + " stands where true or false should").from(n)
		}
		return boolean(v).from(n)
	}
	n = n.forced()
	switch {
	case ty.IsListType() || ty.IsSetType() || ty.IsTupleType():
		return ev.convertList(n, ty)
	case ty.IsMapType():
		return ev.convertMap(n, ty)
	case ty.IsObjectType():
		return ev.convertObject(n, ty)
	}
	return n
}

// from gives a converted value the place and references of the original.
func (n *Node) from(o *Node) *Node {
	if n == o {
		return n
	}
	c := *n
	c.Pos, c.Refs = o.Pos, mergeRefs(n.Refs, o.Refs)
	return &c
}

func toNumber(n *Node) *Node {
	if n.Kind == Number {
		return n
	}
	if n.Kind == Symbolic {
		return unknown("a number is not known")
	}
	f := n.number()
	if f == nil {
		return failure("a " + n.Kind.String() + " stands where a number should")
	}
	return number(f)
}

func (ev *evaluator) convertList(n *Node, ty cty.Type) *Node {
	if n.Kind != List {
		return failure("a " + n.Kind.String() + " stands where a list should").from(n)
	}
	c := *n
	c.Set = ty.IsSetType()
	c.Items = make([]*Node, len(n.Items))
	for i, it := range n.Items {
		et := cty.DynamicPseudoType
		if ty.IsTupleType() {
			if ets := ty.TupleElementTypes(); i < len(ets) {
				et = ets[i]
			}
		} else {
			et = ty.ElementType()
		}
		c.Items[i] = ev.convert(it, et)
	}
	if !ty.IsTupleType() && ty.ElementType() == cty.DynamicPseudoType {
		c.Items = ev.unify(c.Items)
	}
	if c.Set {
		c.Items = ev.distinct(c.Items, true)
	}
	return &c
}

func (ev *evaluator) convertMap(n *Node, ty cty.Type) *Node {
	if n.Kind != Object {
		return failure("a " + n.Kind.String() + " stands where a map should").from(n)
	}
	c := *n
	c.x = nil
	c.Fields = make([]Field, len(n.Fields))
	values := make([]*Node, len(n.Fields))
	for i, f := range n.Fields {
		values[i] = ev.convert(f.Value, ty.ElementType())
	}
	if ty.ElementType() == cty.DynamicPseudoType {
		values = ev.unify(values)
	}
	for i, f := range n.Fields {
		c.Fields[i] = Field{f.Name, values[i]}
	}
	return c.indexFields()
}

func (ev *evaluator) convertObject(n *Node, ty cty.Type) *Node {
	if n.Kind != Object {
		return failure("a " + n.Kind.String() + " stands where an object should").from(n)
	}
	c := &Node{Kind: Object, Pos: n.Pos, Refs: n.Refs}
	atys := ty.AttributeTypes()
	for _, f := range n.Fields {
		if at, ok := atys[f.Name]; ok {
			c.Fields = append(c.Fields, Field{f.Name, ev.convert(f.Value, at)})
		}
	}
	names := make([]string, 0, len(atys))
	for name := range atys {
		if n.Get(name) == nil {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		v := null()
		switch {
		case n.Open:
			v = unknown("whether there is an attribute " + name + " is not known")
		case !ty.AttributeOptional(name):
			v = failure("the attribute " + name + " is required")
		}
		c.Fields = append(c.Fields, Field{name, v.at(n.Pos)})
	}
	return c.indexFields()
}

// applyDefaults fills in the optional attributes that a value leaves out.
func (ev *evaluator) applyDefaults(d *typeexpr.Defaults, n *Node) *Node {
	if n.Kind == Null || n.opaque() || len(d.DefaultValues) == 0 && len(d.Children) == 0 || !ev.step() {
		return n
	}
	n = n.forced()
	c := *n
	switch n.Kind {
	case List:
		c.Items = slices.Clone(n.Items)
		for i, it := range c.Items {
			if sub := childDefaults(d, strconv.Itoa(i)); sub != nil {
				c.Items[i] = ev.applyDefaults(sub, it)
			}
		}
	case Object:
		c.x = nil
		c.Fields = slices.Clone(n.Fields)
		names := make([]string, 0, len(d.DefaultValues))
		for name := range d.DefaultValues {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			if v := c.Get(name); v == nil && !n.Open || v != nil && v.Kind == Null {
				c.SetField(name, ev.fromCty(d.DefaultValues[name]).at(n.Pos))
			}
		}
		for i, f := range c.Fields {
			if sub := childDefaults(d, f.Name); sub != nil {
				c.Fields[i].Value = ev.applyDefaults(sub, f.Value)
			}
		}
		c.indexFields()
	}
	return &c
}

func childDefaults(d *typeexpr.Defaults, key string) *typeexpr.Defaults {
	if d.Type.IsCollectionType() {
		key = ""
	}
	return d.Children[key]
}

// inputOf shapes the symbol of an input without value by its declared type, so
// that the attributes of an object are symbols of their own.
func (ev *evaluator) inputOf(ty cty.Type, sym *Node, depth int) *Node {
	if ty.IsSetType() {
		return ev.openSet(sym)
	}
	if !ty.IsObjectType() || depth > 8 {
		return sym
	}
	names := make([]string, 0, len(ty.AttributeTypes()))
	for name := range ty.AttributeTypes() {
		names = append(names, name)
	}
	sort.Strings(names)
	n := &Node{Kind: Object, Pos: sym.Pos}
	for _, name := range names {
		n.Fields = append(n.Fields, Field{name, ev.inputOf(ty.AttributeType(name), ev.child(sym, "."+name), depth+1)})
	}
	return n.indexFields()
}

// unify converts the elements of a list or map to one type where they are of
// several simple ones: to texts, as Terraform does.
func (ev *evaluator) unify(items []*Node) []*Node {
	kinds := map[Kind]bool{}
	for _, it := range items {
		switch it.Kind {
		case Null, Unknown:
		case Symbolic:
			if !it.loneToken() {
				kinds[String] = true
			}
		default:
			kinds[it.Kind] = true
		}
	}
	if len(kinds) < 2 || kinds[List] || kinds[Object] {
		return items
	}
	out := make([]*Node, len(items))
	for i, it := range items {
		out[i] = ev.convertText(it)
	}
	return out
}

// distinct drops repeated elements; sorted puts them in the order of a set.
func (ev *evaluator) distinct(items []*Node, sorted bool) []*Node {
	seen := make(map[string]bool, len(items))
	type keyed struct {
		key string
		n   *Node
	}
	var out []keyed
	for i, it := range items {
		k := ev.identity(it)
		if it.Kind == Unknown {
			k += strconv.Itoa(i)
		}
		if !seen[k] {
			seen[k] = true
			out = append(out, keyed{k, it})
		}
	}
	if sorted {
		slices.SortStableFunc(out, func(a, b keyed) int {
			if a.n.Kind == Number && b.n.Kind == Number {
				return a.n.Number.Cmp(b.n.Number)
			}
			return strings.Compare(a.key, b.key)
		})
	}
	ns := make([]*Node, len(out))
	for i, k := range out {
		ns[i] = k.n
	}
	return ns
}

// identity returns a text that is equal for equal values.
func (ev *evaluator) identity(n *Node) string {
	if n.isText() {
		return "\"" + n.Text
	}
	return string(ev.appendJSON(nil, n))
}
