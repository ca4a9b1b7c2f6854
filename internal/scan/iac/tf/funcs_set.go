package tf

import (
	"fmt"
	"math/big"
	"slices"
	"sort"
	"strings"
)

func (c *call) identities(i int) (map[string]bool, *Node) {
	l, failed := c.list(i)
	if failed != nil {
		return nil, failed
	}
	out := make(map[string]bool, len(l.Items))
	for _, it := range l.Items {
		out[c.ev.identity(it)] = true
	}
	return out, nil
}

func (c *call) asSet(items []*Node) *Node {
	return &Node{Kind: List, Set: true, Items: c.ev.distinct(c.ev.unify(items), true), Pos: c.args[0].Pos}
}

func setIntersection(c *call) *Node {
	l, failed := c.list(0)
	if failed != nil {
		return failed
	}
	items := l.Items
	for i := 1; i < len(c.args); i++ {
		ids, failed := c.identities(i)
		if failed != nil {
			return failed
		}
		items = slices.DeleteFunc(slices.Clone(items), func(n *Node) bool { return !ids[c.ev.identity(n)] })
	}
	return c.asSet(items)
}

func setSubtract(c *call) *Node {
	l, failed := c.list(0)
	if failed != nil {
		return failed
	}
	ids, failed := c.identities(1)
	if failed != nil {
		return failed
	}
	return c.asSet(slices.DeleteFunc(slices.Clone(l.Items), func(n *Node) bool { return ids[c.ev.identity(n)] }))
}

func setUnion(c *call) *Node {
	l := concat(c)
	if l.Kind != List {
		return l
	}
	out := c.asSet(l.Items)
	out.Open = l.Open
	return out
}

func setProduct(c *call) *Node {
	out := &Node{Kind: List, Items: []*Node{{Kind: List}}}
	for i := range c.args {
		l, failed := c.list(i)
		if failed != nil {
			return failed
		}
		if len(out.Items)*max(1, len(l.Items))*len(c.args) > c.ev.lim.ValueNodes {
			return unknown("a list grew too large")
		}
		var next []*Node
		for _, t := range out.Items {
			for _, it := range l.Items {
				next = append(next, &Node{Kind: List, Items: append(slices.Clone(t.Items), it), Pos: it.Pos})
			}
		}
		out.Items, out.Open = next, out.Open || l.Open
	}
	return out
}

// sliceList of a symbol has as many elements as are asked for: fewer are an
// error.
func sliceList(c *call) *Node {
	from, ok := c.integer(1)
	to, ok2 := c.integer(2)
	if sym := c.args[0]; sym.loneToken() && ok && ok2 && 0 <= from && from <= to && to-from <= int64(c.ev.lim.Instances) {
		out := like(sym, nil)
		for i := from; i < to; i++ {
			out.Items = append(out.Items, c.ev.child(sym, fmt.Sprintf("[%d]", i)))
		}
		return out
	}
	l, failed := c.list(0)
	if failed != nil {
		return failed
	}
	switch {
	case c.args[1].Kind == Unknown || c.args[2].Kind == Unknown || l.Open || c.args[1].Kind == Symbolic || c.args[2].Kind == Symbolic:
		return unknown("which elements are taken is not known")
	case !ok || !ok2 || from < 0 || from > to || to > int64(len(l.Items)):
		return failure("slice: the list has no such elements")
	}
	return like(l, l.Items[from:to])
}

// sortList sorts texts. With symbols among them the order is not known, and
// the result has none.
func sortList(c *call) *Node {
	l, failed := c.list(0)
	if failed != nil {
		return failed
	}
	items := make([]*Node, len(l.Items))
	known := !l.Open
	for i, it := range l.Items {
		items[i] = c.ev.convertText(it)
		if items[i].isErr() {
			return items[i]
		}
		known = known && items[i].Kind == String
	}
	sort.SliceStable(items, func(i, j int) bool { return items[i].Text < items[j].Text })
	out := like(l, items)
	out.Set = !known
	return out
}

func sum(c *call) *Node {
	l, failed := c.list(0)
	if failed != nil {
		return failed
	}
	if len(l.Items) == 0 {
		return failure("sum: the list is empty")
	}
	total := new(big.Float).SetPrec(512)
	for _, it := range l.Items {
		f := it.number()
		if f == nil {
			return failure("sum: a " + it.Kind.String() + " in the list")
		}
		total.Add(total, f)
	}
	return number(total)
}

func transpose(c *call) *Node {
	o, failed := c.object(0)
	if failed != nil {
		return failed
	}
	out := &Node{Kind: Object}
	seen := map[string]int{}
	for _, f := range o.sortedFields() {
		if f.Value.Kind != List {
			return c.bad(0)
		}
		for _, it := range f.Value.Items {
			if it.Kind != String {
				return c.bad(0)
			}
			at, dup := seen[it.Text]
			if !dup {
				at = len(out.Fields)
				out.put(seen, it.Text, &Node{Kind: List})
			}
			l := out.Fields[at].Value
			l.Items = append(l.Items, c.ev.nameNode(f))
		}
	}
	out.Fields = out.sortedFields()
	return out.indexFields()
}

func zipMap(c *call) *Node {
	ks, failed := c.list(0)
	if failed != nil {
		return failed
	}
	vs, failed := c.list(1)
	if failed != nil {
		return failed
	}
	if len(ks.Items) != len(vs.Items) && !ks.Open && !vs.Open {
		return failure("zipmap: lists of different lengths")
	}
	out := &Node{Kind: Object, Open: ks.Open || vs.Open}
	seen := map[string]int{}
	for i := range min(len(ks.Items), len(vs.Items)) {
		k := c.ev.convertText(ks.Items[i])
		if !k.isText() {
			out.Open = true
			continue
		}
		out.put(seen, k.Text, vs.Items[i])
	}
	slices.SortStableFunc(out.Fields, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	return out.indexFields()
}
