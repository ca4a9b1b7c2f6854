package iac

import (
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/scan/iac/tf"
)

// declaredElsewhere is why the properties of an asset that is declared in part
// are unknown.
const declaredElsewhere = "declared elsewhere"

// resource is one resource of a template or configuration, of any language.
type resource struct {
	typ     string
	address string
	scope   string // account scope: two of different scopes may live apart
	body    *tf.Node
	pos     bulwark.Position
	partial bool // what body lacks is not known to be absent
}

// entry is an asset in the making.
type entry struct {
	typ     *typeInfo
	address string
	scope   string
	name    string
	tree    *tf.Node
	pos     bulwark.Position
	decls   []bulwark.Declaration
}

// assembler turns the resources of one root into assets: first those that are
// assets of their own, then the pieces folded into them, then relations.
type assembler struct {
	m         *mapper
	entries   []*entry
	byAddress map[string][]*entry
	byIdent   map[identKey][]*entry
	gaps      []bulwark.Gap
}

type identKey struct{ typ, value string }

func newAssembler(m *mapper) *assembler {
	return &assembler{m: m, byAddress: map[string][]*entry{}, byIdent: map[identKey][]*entry{}}
}

// assemble makes entries of resources, in their order.
func (a *assembler) assemble(resources []resource) {
	var pieces []func()
	for i := range resources {
		r := &resources[i]
		for _, tg := range a.m.targets[r.typ] {
			if !a.m.applies(tg, r.body) {
				continue
			}
			if tg.mapping.Into != nil {
				pieces = append(pieces, func() { a.fold(tg, r) })
				continue
			}
			a.own(tg, r)
		}
	}
	for _, fold := range pieces {
		fold()
	}
}

// own makes the entries of a resource that is an asset of its own.
func (a *assembler) own(tg *target, r *resource) {
	for _, body := range splitBodies(r.body, tg.mapping.Each) {
		e := &entry{typ: tg.typ, address: r.address, scope: r.scope, pos: r.pos, tree: a.m.build(tg, body)}
		e.tree.Pos = r.pos
		e.decls = []bulwark.Declaration{{Address: r.address, Position: r.pos}}
		e.name = r.address
		if tg.mapping.Name != "" {
			if n := pathNode(body, tg.mapping.Name); n != nil && n.Kind == tf.String && n.Text != "" {
				e.name = n.Text
			}
		}
		if r.partial || body.Open {
			fillUnknown(e.typ, e.tree, "the resource could not be read whole")
		}
		a.add(e)
	}
}

func (a *assembler) add(e *entry) {
	if same := a.byAddress[e.address]; len(same) > 0 && same[0].typ != e.typ {
		e.address += "/" + e.typ.Name
	}
	a.entries = append(a.entries, e)
	a.byAddress[e.address] = append(a.byAddress[e.address], e)
	for _, ident := range e.typ.Identifiers {
		if n := pathNode(e.tree, ident); n != nil && n.Kind == tf.String && n.Text != "" {
			key := identKey{e.typ.ID, n.Text}
			a.byIdent[key] = append(a.byIdent[key], e)
		}
	}
}

// pathNode returns the node at a dotted path, or nil.
func pathNode(n *tf.Node, path string) *tf.Node {
	for name := range strings.SplitSeq(path, ".") {
		n = descend(n, name)
	}
	return n
}

// find returns the entries of a type that a value refers to: by what its
// expression names, by its symbol, or by the value of an identifier within the
// same scope.
func (a *assembler) find(n *tf.Node, typ, scope string) []*entry {
	var out []*entry
	take := func(list []*entry) {
		for _, e := range list {
			if e.typ.ID == typ && !slices.Contains(out, e) {
				out = append(out, e)
			}
		}
	}
	for _, ref := range n.Refs {
		for at := ref; at != ""; {
			take(a.byAddress[at])
			i := strings.LastIndexByte(at, '.')
			if i < 0 {
				break
			}
			at = at[:i]
		}
	}
	for _, p := range n.Parts {
		if p.Symbol != nil {
			take(a.byAddress[p.Symbol.Address])
		}
	}
	if len(out) == 0 && n.Kind == tf.String {
		list := a.byIdent[identKey{typ, n.Text}]
		near := slices.DeleteFunc(slices.Clone(list), func(e *entry) bool { return e.scope != scope })
		if len(near) == 0 {
			near = list
		}
		take(near)
	}
	return out
}

// fold adds a piece to every asset that it belongs to. A piece whose asset is
// not declared here makes one of which only the piece is known.
func (a *assembler) fold(tg *target, r *resource) {
	in := tg.mapping.Into
	var parents []*entry
	named := ""
	for _, by := range in.By {
		n := pathNode(r.body, by)
		if n == nil || n.Kind == tf.Null {
			continue
		}
		items := []*tf.Node{n}
		if n.Kind == tf.List {
			items = n.Items
		}
		for _, item := range items {
			if item.Kind == tf.String && named == "" {
				named = item.Text
			}
			for _, e := range a.find(item, tg.typ.ID, r.scope) {
				if !slices.Contains(parents, e) {
					parents = append(parents, e)
				}
			}
		}
	}
	if len(parents) == 0 {
		e := &entry{typ: tg.typ, address: r.address, scope: r.scope, pos: r.pos, tree: &tf.Node{Kind: tf.Object, Pos: r.pos}, name: named}
		if e.name == "" {
			e.name = r.address
		}
		a.entries = append(a.entries, e)
		a.byAddress[e.address] = append(a.byAddress[e.address], e)
		parents = append(parents, e)
		defer fillUnknown(tg.typ, e.tree, declaredElsewhere)
	}
	for _, e := range parents {
		for _, body := range splitBodies(r.body, tg.mapping.Each) {
			a.foldInto(e, tg, body)
		}
		e.decls = append(e.decls, bulwark.Declaration{Address: r.address, Position: r.pos})
	}
}

func (a *assembler) foldInto(e *entry, tg *target, body *tf.Node) {
	in := tg.mapping.Into
	piece := a.m.build(tg, body)
	path := in.List
	if in.ListFrom != "" {
		if n := pathNode(body, in.ListFrom); n != nil {
			path = in.ListMap[scalarText(n)]
		}
		if path == "" {
			return
		}
	}
	if path == "" {
		if n := mergeInto(e.tree, piece); n > 0 {
			a.gaps = append(a.gaps, bulwark.Gap{What: "declaration", Where: body.Pos.String(), Position: body.Pos,
				Why: "sets what " + e.address + " sets too; the first counts"})
		}
		return
	}
	list := ensure(e.tree, parsePath(path), tf.List, piece.Pos)
	if list.Kind == tf.Unknown && list.Reason == declaredElsewhere {
		*list = tf.Node{Kind: tf.List, Pos: piece.Pos}
	}
	if list.Kind != tf.List {
		return
	}
	for _, item := range list.Items {
		if len(in.Key) > 0 && sameKey(item, piece, in.Key) {
			mergeInto(item, piece)
			return
		}
	}
	list.Items = append(list.Items, piece)
}

func sameKey(a, b *tf.Node, key []string) bool {
	for _, k := range key {
		x, y := pathNode(a, k), pathNode(b, k)
		if x == nil || y == nil || scalarText(x) == "" || scalarText(x) != scalarText(y) {
			return false
		}
	}
	return true
}

// fillUnknown makes every property of a type that the tree lacks unknown.
func fillUnknown(typ *typeInfo, tree *tf.Node, reason string) {
	plain := strings.NewReplacer("[]", "", "{}", "")
	for _, p := range typ.Properties {
		if p.Observed {
			continue
		}
		at := tree
		names := strings.Split(p.Path, ".")
		for i, name := range names {
			if at.Kind != tf.Object {
				break
			}
			c := at.Get(plain.Replace(name))
			if c == nil {
				at.SetField(plain.Replace(name), &tf.Node{Kind: tf.Unknown, Reason: reason, Pos: tree.Pos})
				break
			}
			if name != plain.Replace(name) || i == len(names)-1 {
				break
			}
			at = c
		}
	}
}

// splitBodies makes one copy of a resource for each element of the attributes
// in each (fan-out); a path of the form block[].attribute splits the blocks.
func splitBodies(body *tf.Node, each []string) []*tf.Node {
	var own []string
	blocks := map[string][]string{}
	for _, e := range each {
		if block, attr, ok := strings.Cut(e, "[]."); ok {
			blocks[block] = append(blocks[block], attr)
		} else {
			own = append(own, e)
		}
	}
	if len(blocks) > 0 {
		body = body.Clone()
		for block, attrs := range blocks {
			list := body.Get(block)
			if list == nil || list.Kind != tf.List {
				continue
			}
			var items []*tf.Node
			for _, item := range list.Items {
				items = append(items, splitOne(item, attrs)...)
			}
			list.Items = items
		}
	}
	return splitOne(body, own)
}

func splitOne(body *tf.Node, each []string) []*tf.Node {
	if len(each) == 0 || body.Kind != tf.Object {
		return []*tf.Node{body}
	}
	bare := body.Clone()
	for _, e := range each {
		bare.Delete(e)
	}
	var out []*tf.Node
	for _, e := range each {
		n := body.Get(e)
		if n == nil || n.Kind == tf.Null || n.Kind == tf.Bool && !n.Bool {
			continue
		}
		items := []*tf.Node{n}
		if n.Kind == tf.List {
			items = n.Items
		}
		for _, item := range items {
			c := bare.Clone()
			c.SetField(e, item)
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return []*tf.Node{bare}
	}
	return out
}

// relations resolves the references of an entry's type within the root. What
// refers to something that is not declared here is a relation that is unknown.
func (a *assembler) relations(e *entry, id func(*entry) string) []bulwark.Relation {
	var out []bulwark.Relation
	for _, ref := range e.typ.References {
		for _, n := range nodesAt(e.tree, parsePath(ref.Property)) {
			if n.Kind == tf.Null {
				continue
			}
			found := a.find(n, ref.To, e.scope)
			for _, to := range found {
				if to != e {
					out = append(out, bulwark.Relation{Name: ref.Name, Inverse: ref.Inverse, Type: ref.To, Target: id(to)})
				}
			}
			if len(found) == 0 {
				reason := reasonOf(n)
				if n.Kind == tf.String {
					reason = n.Text + " is not declared here"
				}
				out = append(out, bulwark.Relation{Name: ref.Name, Inverse: ref.Inverse, Type: ref.To, Reason: reason})
			}
		}
	}
	slices.SortFunc(out, func(x, y bulwark.Relation) int {
		return strings.Compare(x.Name+"\x00"+x.Target+"\x00"+x.Reason, y.Name+"\x00"+y.Target+"\x00"+y.Reason)
	})
	return slices.Compact(out)
}

// nodesAt returns all nodes at a path, stepping through lists.
func nodesAt(n *tf.Node, path []segment) []*tf.Node {
	if n == nil {
		return nil
	}
	if n.Kind == tf.List {
		var out []*tf.Node
		for _, item := range n.Items {
			out = append(out, nodesAt(item, path)...)
		}
		return out
	}
	if len(path) == 0 {
		return []*tf.Node{n}
	}
	if n.Kind == tf.Unknown {
		return []*tf.Node{n}
	}
	return nodesAt(n.Get(path[0].name), path[1:])
}
