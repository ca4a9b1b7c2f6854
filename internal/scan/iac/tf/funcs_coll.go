package tf

import (
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

func registerCollections() {
	register(
		fn{"alltrue", 1, 1, symRaw, func(c *call) *Node { return c.quantify(true) }},
		fn{"anytrue", 1, 1, symRaw, func(c *call) *Node { return c.quantify(false) }},
		fn{"chunklist", 2, 2, symRaw, chunkList},
		fn{"coalesce", 1, -1, symRaw, coalesce},
		fn{"coalescelist", 1, -1, symRaw, coalesceList},
		fn{"compact", 1, 1, symRaw, compact},
		fn{"concat", 1, -1, symRaw, concat},
		fn{"contains", 2, 2, symRaw, contains},
		fn{"distinct", 1, 1, symRaw, distinct},
		fn{"element", 2, 2, symRaw, element},
		fn{"flatten", 1, 1, symRaw, flatten},
		fn{"index", 2, 2, symRaw, indexOf},
		fn{"keys", 1, 1, symRaw, keys},
		fn{"values", 1, 1, symRaw, values},
		fn{"length", 1, 1, symRaw, length},
		fn{"lookup", 2, 3, symRaw, lookup},
		fn{"matchkeys", 3, 3, symDerive, matchKeys},
		fn{"merge", 0, -1, symRaw, merge},
		fn{"one", 1, 1, symRaw, one},
		fn{"range", 1, 3, symUnknown, library(stdlib.RangeFunc)},
		fn{"reverse", 1, 1, symRaw, reverse},
		fn{"setintersection", 1, -1, symDerive, setIntersection},
		fn{"setproduct", 1, -1, symRaw, setProduct},
		fn{"setsubtract", 2, 2, symDerive, setSubtract},
		fn{"setunion", 1, -1, symRaw, setUnion},
		fn{"slice", 3, 3, symRaw, sliceList},
		fn{"sort", 1, 1, symRaw, sortList},
		fn{"sum", 1, 1, symUnknown, sum},
		fn{"tobool", 1, 1, symRaw, func(c *call) *Node { return c.to(cty.Bool) }},
		fn{"tolist", 1, 1, symRaw, func(c *call) *Node { return c.to(cty.List(cty.DynamicPseudoType)) }},
		fn{"tomap", 1, 1, symRaw, func(c *call) *Node { return c.to(cty.Map(cty.DynamicPseudoType)) }},
		fn{"toset", 1, 1, symRaw, toSet},
		fn{"transpose", 1, 1, symDerive, transpose},
		fn{"zipmap", 2, 2, symRaw, zipMap},
		fn{"sensitive", 1, 1, symRaw, func(c *call) *Node { return c.args[0] }},
		fn{"nonsensitive", 1, 1, symRaw, func(c *call) *Node { return c.args[0] }},
		fn{"ephemeralasnull", 1, 1, symRaw, func(c *call) *Node { return c.args[0] }},
		fn{"issensitive", 1, 1, symRaw, func(c *call) *Node { return unknown("whether a value is sensitive is not tracked") }},
	)
}

// list returns an argument as a list. The second result, when not nil, is the
// call's: an unknown, a symbol derived from one, or a failure.
func (c *call) list(i int) (*Node, *Node) {
	n := c.args[i].forced()
	switch {
	case n.Kind == List:
		return n, nil
	case n.Kind == Unknown:
		return nil, n
	case n.loneToken():
		return nil, c.derived()
	}
	return nil, c.bad(i)
}

func (c *call) object(i int) (*Node, *Node) {
	n := c.args[i].forced()
	switch {
	case n.Kind == Object:
		return n, nil
	case n.Kind == Unknown:
		return nil, n
	case n.loneToken():
		return nil, c.derived()
	}
	return nil, c.bad(i)
}

func (c *call) to(ty cty.Type) *Node {
	n := c.ev.convert(c.args[0], ty)
	if n == c.args[0] && n.loneToken() && ty == cty.Bool {
		return unknown("a boolean is not known" + c.ev.why(n))
	}
	return n
}

// toSet makes a set. One of something unknown has a symbol for its elements,
// which is also their key.
func toSet(c *call) *Node {
	if c.args[0].loneToken() {
		return c.ev.openSet(c.args[0])
	}
	return c.to(cty.Set(cty.DynamicPseudoType))
}

func (ev *evaluator) openSet(sym *Node) *Node {
	return &Node{Kind: List, Set: true, Open: true, Items: []*Node{ev.child(sym, "[*]")}, Pos: sym.Pos, Refs: sym.Refs}
}

// like returns a list of items with the place of another.
func like(l *Node, items []*Node) *Node {
	return &Node{Kind: List, Items: items, Open: l.Open, Pos: l.Pos, Refs: l.Refs}
}

func (c *call) quantify(all bool) *Node {
	l, failed := c.list(0)
	if failed != nil {
		if failed.Kind == Symbolic {
			return unknown("a condition is not known" + c.ev.why(failed))
		}
		return failed
	}
	open := l.Open
	for _, it := range l.Items {
		if it.isErr() {
			return it
		}
		v, known := c.ev.truth(it)
		if !known && it.Kind != Null {
			open = true
		} else if v != all {
			return boolean(!all)
		}
	}
	if open {
		return unknown("a condition is not known")
	}
	return boolean(all)
}

func chunkList(c *call) *Node {
	l, failed := c.list(0)
	if failed != nil {
		return failed
	}
	n, ok := c.integer(1)
	if !ok || n < 0 {
		return c.bad(1)
	}
	if l.Open {
		return unknown("how long a list is is not known")
	}
	if n == 0 {
		return list(l)
	}
	out := &Node{Kind: List}
	for chunk := range slices.Chunk(l.Items, int(min(n, int64(len(l.Items)+1)))) {
		out.Items = append(out.Items, like(l, chunk))
	}
	return out
}

func coalesce(c *call) *Node {
	for _, a := range c.args {
		switch {
		case a.Kind == Null, a.Kind == String && a.Text == "":
		case a.Kind == Unknown && !a.isErr():
			u := unknown(a.Reason).referring(a.Refs)
			u.x = &ext{alts: alternatives(c.args...)}
			return u
		default:
			return c.ev.unify(append([]*Node{a}, c.args...))[0]
		}
	}
	return failure("coalesce: there is no value")
}

func coalesceList(c *call) *Node {
	for i := range c.args {
		if c.args[i].Kind == Null {
			continue
		}
		l, failed := c.list(i)
		switch {
		case failed != nil && failed.isErr():
			return failed
		case failed != nil:
			return c.args[i]
		case len(l.Items) > 0:
			return l
		case l.Open:
			return unknown("whether a list is empty is not known")
		}
	}
	return failure("coalescelist: there is no list with elements")
}

func compact(c *call) *Node {
	l, failed := c.list(0)
	if failed != nil {
		return failed
	}
	var out []*Node
	for _, it := range l.Items {
		if it.Kind == Null || it.Kind == String && it.Text == "" {
			continue
		}
		out = append(out, it)
	}
	return like(l, out)
}

// concat joins lists. One that is not known stands as an element of a list that
// may have more.
func concat(c *call) *Node {
	out := &Node{Kind: List}
	for i, a := range c.args {
		a = a.forced()
		switch {
		case a.isErr():
			return a
		case a.opaque():
			out.Open = true
			out.Items = append(out.Items, c.spliced(a)...)
		case a.Kind == List:
			out.Open = out.Open || a.Open
			out.Items = append(out.Items, a.Items...)
		default:
			return c.bad(i)
		}
		if len(out.Items) > c.ev.lim.ValueNodes {
			return unknown("a list grew too large")
		}
	}
	if len(c.args) > 0 {
		out.Pos = c.args[0].Pos
	}
	return out
}

func (c *call) spliced(a *Node) []*Node {
	if a.loneToken() {
		return []*Node{c.ev.child(a, "[*]")}
	}
	return []*Node{a}
}

func contains(c *call) *Node {
	l, failed := c.list(0)
	if failed != nil {
		if failed.Kind == Symbolic {
			return unknown("whether a list contains a value is not known" + c.ev.why(c.args[0]))
		}
		return failed
	}
	if c.args[1].isErr() {
		return c.args[1]
	}
	open := l.Open
	for _, it := range l.Items {
		switch c.ev.equal(it, c.args[1]) {
		case yes:
			return boolean(true)
		case maybe:
			open = true
		}
	}
	if open {
		return unknown("whether a list contains a value is not known" + c.ev.why(c.args[1]))
	}
	return boolean(false)
}

func distinct(c *call) *Node {
	l, failed := c.list(0)
	if failed != nil {
		return failed
	}
	return like(l, c.ev.distinct(l.Items, false))
}

func element(c *call) *Node {
	l := c.args[0].forced()
	if l.Kind != List || l.x != nil && l.x.only {
		return c.ev.index(l, c.args[1])
	}
	i, ok := c.args[1].Int()
	switch {
	case !ok || l.Open:
		return c.ev.anyElement(l, c.args[1])
	case len(l.Items) == 0:
		return failure("element: the list is empty")
	}
	n := int64(len(l.Items))
	return l.Items[((i%n)+n)%n]
}

func flatten(c *call) *Node {
	l, failed := c.list(0)
	if failed != nil {
		return failed
	}
	out := like(l, nil)
	var add func(n *Node, depth int) bool
	add = func(n *Node, depth int) bool {
		if n.Kind != List {
			out.Items = append(out.Items, n)
			return len(out.Items) <= c.ev.lim.ValueNodes
		}
		out.Open = out.Open || n.Open
		for _, it := range n.Items {
			if depth > 1000 || !c.ev.step() || !add(it, depth+1) {
				return false
			}
		}
		return true
	}
	if !add(l, 0) {
		return unknown("a list grew too large")
	}
	return out
}

func indexOf(c *call) *Node {
	l, failed := c.list(0)
	if failed != nil {
		return failed
	}
	for i, it := range l.Items {
		switch c.ev.equal(it, c.args[1]) {
		case yes:
			return integer(int64(i))
		case maybe:
			return unknown("where a value stands in a list is not known")
		}
	}
	if l.Open {
		return unknown("where a value stands in a list is not known")
	}
	return failure("index: the list has no such element")
}

func keys(c *call) *Node {
	o, failed := c.object(0)
	if failed != nil {
		return failed
	}
	out := like(o, nil)
	for _, f := range o.sortedFields() {
		out.Items = append(out.Items, c.ev.nameNode(f))
	}
	return out
}

func values(c *call) *Node {
	o, failed := c.object(0)
	if failed != nil {
		return failed
	}
	out := like(o, nil)
	for _, f := range o.sortedFields() {
		out.Items = append(out.Items, f.Value)
	}
	return out
}

func length(c *call) *Node {
	a := c.args[0].forced()
	switch {
	case a.Kind == Unknown:
		return c.ev.throughAlts(a, func(n *Node) *Node { return length(&call{ev: c.ev, sc: c.sc, fn: c.fn, args: []*Node{n}}) })
	case a.Kind == Symbolic || a.Open:
		return unknown("how long a value is is not known" + c.ev.why(a))
	case a.Kind == List:
		return integer(int64(len(a.Items)))
	case a.Kind == Object:
		return integer(int64(len(a.Fields)))
	case a.Kind == String:
		return library(stdlib.StrlenFunc)(c)
	}
	return c.bad(0)
}

func lookup(c *call) *Node {
	o, failed := c.object(0)
	if failed != nil {
		return failed
	}
	k := c.ev.convertText(c.args[1])
	switch {
	case k.Kind == Symbolic && o.Get(k.Text) != nil && !c.ev.syms.indeterminate(k.Text):
		return o.Get(k.Text)
	case k.isErr():
		return k
	case len(o.Fields) == 0 && !o.Open && len(c.args) == 3:
		return c.args[2]
	case k.Kind == Symbolic || k.Kind == Unknown:
		u := unknown("which element is not known" + c.ev.why(k)).referring(k.Refs)
		return u
	case k.Kind != String:
		return c.bad(1)
	}
	if v := o.Get(k.Text); v != nil {
		return v
	}
	if o.Open {
		return unknown(fmt.Sprintf("whether there is an element %q is not known", k.Text))
	}
	if len(c.args) == 3 {
		return c.args[2]
	}
	return failure(fmt.Sprintf("lookup: there is no element %q", k.Text))
}

func matchKeys(c *call) *Node {
	for i := range 3 {
		if c.args[i].Kind != List {
			return c.bad(i)
		}
	}
	vs, ks := c.args[0], c.args[1]
	if len(vs.Items) != len(ks.Items) {
		return failure("matchkeys: lists of different lengths")
	}
	out := like(vs, nil)
	for i, k := range ks.Items {
		for _, want := range c.args[2].Items {
			if c.ev.equal(k, want) == yes {
				out.Items = append(out.Items, vs.Items[i])
				break
			}
		}
	}
	return out
}

// merge lays objects over one another. What an unknown one may override is
// unknown, and what it may add leaves the result open.
func merge(c *call) *Node {
	out := &Node{Kind: Object}
	seen := map[string]int{}
	for i, a := range c.args {
		a = a.forced()
		switch {
		case a.isErr():
			return a
		case a.Kind == Null:
		case a.Kind == Object:
			for _, f := range a.Fields {
				out.put(seen, f.Name, f.Value)
			}
			out.Open = out.Open || a.Open
			if out.Pos.File == "" {
				out.Pos = a.Pos
			}
		case a.opaque():
			c.mergeUnknown(out, a)
		default:
			return c.bad(i)
		}
	}
	out.Fields = slices.Clone(out.sortedFields())
	return out.indexFields()
}

func (c *call) mergeUnknown(out, a *Node) {
	out.Open = true
	may := map[string]bool{}
	all := a.Kind != Unknown || a.x == nil || len(a.x.alts) == 0
	if !all {
		for _, alt := range a.x.alts {
			alt = alt.forced()
			all = all || alt.Kind != Object && alt.Kind != Null || alt.Open
			for _, f := range alt.Fields {
				may[f.Name] = true
			}
		}
	}
	for i, f := range out.Fields {
		if all || may[f.Name] {
			u := unknown("it may be overridden"+c.ev.why(a)).referring(f.Value.Refs, a.Refs)
			u.Pos = f.Value.Pos
			u.x = &ext{alts: []*Node{f.Value}}
			out.Fields[i].Value = u
		}
	}
}

func one(c *call) *Node {
	a := c.args[0]
	if a.loneToken() {
		return c.ev.child(a, "[*]")
	}
	l, failed := c.list(0)
	switch {
	case a.Kind == Null:
		return a
	case failed != nil:
		return failed
	case l.x != nil && l.x.only:
		return l.Items[0]
	case l.Open:
		return unknown("whether a list has one element is not known")
	case len(l.Items) == 0:
		return null()
	case len(l.Items) == 1:
		return l.Items[0]
	}
	return failure("one: the list has several elements")
}

func reverse(c *call) *Node {
	l, failed := c.list(0)
	if failed != nil {
		return failed
	}
	items := slices.Clone(l.Items)
	slices.Reverse(items)
	return like(l, items)
}
