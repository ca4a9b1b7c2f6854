package iac

import (
	"fmt"
	"maps"
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
	written string // the address with the type as written, where address lacks it
	scope   string // account scope: two of different scopes may live apart
	body    *tf.Node
	pos     bulwark.Position
	partial bool // what body lacks is not known to be absent
	maybe   bool // whether it exists, or how often, is not known
}

// declared is the declaration by which people find the resource in the code.
func (r *resource) declared() bulwark.Declaration {
	if r.written != "" {
		return bulwark.Declaration{Address: r.written, Position: r.pos}
	}
	return bulwark.Declaration{Address: r.address, Position: r.pos}
}

// entry is an asset in the making.
type entry struct {
	typ     *typeInfo
	address string
	alias   string // another address that expressions may give; "" for none
	scope   string
	name    string
	tree    *tf.Node
	pos     bulwark.Position
	decls   []bulwark.Declaration
	pieces  []string // resource types of the pieces folded in
	same    bool     // one of several that one resource makes: a repeated address is no fault
}

// assembler turns the resources of one root into assets: first those that are
// assets of their own, then the pieces folded into them, then relations.
type assembler struct {
	m         *mapper
	entries   []*entry
	byAddress map[string][]*entry
	byIdent   map[identKey][]*entry
	gaps      []bulwark.Gap
	fragments map[fragmentKey][]*entry // assets of pieces alone
	alone     []*entry                 // the same, in order
	copies    int                      // nodes copied by fan-out
	told      map[*bulwark.Mapping]bool
}

const (
	maxCopies  = 4 << 20 // nodes copied by fan-out in one root
	maxParents = 256     // assets that one value may refer to
	maxSame    = 16      // assets of one name of which a value may be meant
)

type identKey struct{ typ, value string }

// fragmentKey names a parent that is not declared, by what refers to it.
type fragmentKey struct{ typ, scope, ref string }

func newAssembler(m *mapper) *assembler {
	return &assembler{m: m, byAddress: map[string][]*entry{}, byIdent: map[identKey][]*entry{}, fragments: map[fragmentKey][]*entry{}, told: map[*bulwark.Mapping]bool{}}
}

// assemble makes entries of resources, in their order.
func (a *assembler) assemble(resources []resource) {
	var pieces []func()
	for i := range resources {
		r := &resources[i]
		used := false
		for _, tg := range a.m.targets[r.typ] {
			if !a.usable(tg) || !a.m.applies(tg, r.body) {
				continue
			}
			used = true
			if tg.mapping.Into != nil {
				pieces = append(pieces, func() { a.fold(tg, r) })
				continue
			}
			a.own(tg, r)
		}
		if used && r.maybe {
			a.conditional(r.address, r.pos)
		}
	}
	for _, fold := range pieces {
		fold()
	}
	for _, e := range a.alone {
		fillUnknown(e.typ, e.tree, declaredElsewhere)
	}
}

// conditional says that a resource is judged though it may not exist.
func (a *assembler) conditional(address string, pos bulwark.Position) {
	a.gaps = append(a.gaps, bulwark.Gap{What: "resource", Where: pos.String(), Position: pos,
		Why:   "whether " + address + " exists, or how often, depends on inputs; it is judged as one that does",
		Needs: "give the inputs a value, or scan the finished plan"})
}

// usable reports whether a mapping has no mistake, and tells each one once.
func (a *assembler) usable(tg *target) bool {
	problems := a.m.ready(tg)
	if len(problems) > 0 && !a.told[tg.mapping] {
		a.told[tg.mapping] = true
		for _, p := range problems {
			a.gaps = append(a.gaps, bulwark.Gap{What: "type file", Where: fmt.Sprintf("%s:%d", p.File, p.Line), Why: p.Message, Needs: p.Mend})
		}
	}
	return len(problems) == 0
}

// own makes the entries of a resource that is an asset of its own.
func (a *assembler) own(tg *target, r *resource) {
	for i, body := range a.split(r.body, tg.mapping.Each) {
		e := &entry{typ: tg.typ, address: r.address, scope: r.scope, pos: r.pos, tree: a.m.build(tg, body), same: i > 0}
		e.tree.Pos = r.pos
		e.decls = []bulwark.Declaration{r.declared()}
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

// add takes an entry in. A second asset of another type at one address gets the
// type into its own.
func (a *assembler) add(e *entry) {
	if same := a.byAddress[e.address]; len(same) > 0 && same[0].typ != e.typ {
		e.address += "/" + e.typ.ID
	}
	a.entries = append(a.entries, e)
	a.byAddress[e.address] = append(a.byAddress[e.address], e)
	if e.alias != "" && e.alias != e.address {
		a.byAddress[e.alias] = append(a.byAddress[e.alias], e)
	}
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
			if len(out) < maxParents && e.typ.ID == typ && !slices.Contains(out, e) {
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
		for _, e := range list {
			if len(out) < maxSame && e.scope == scope {
				out = append(out, e)
			}
		}
		if len(out) == 0 {
			out = append(out, list[:min(len(list), maxSame)]...)
		}
	}
	return out
}

// fold adds a piece to every asset that it belongs to. A piece whose asset is
// not declared here makes one of which only the piece is known.
func (a *assembler) fold(tg *target, r *resource) {
	var parents []*entry
	var ref *tf.Node
	for _, by := range tg.mapping.Into.By {
		n := pathNode(r.body, by)
		if n == nil || n.Kind == tf.Null {
			continue
		}
		items := []*tf.Node{n}
		if n.Kind == tf.List {
			items = n.Items
		}
		for _, item := range items {
			if ref == nil && reference(item) != "" {
				ref = item
			}
			for _, e := range a.find(item, tg.typ.ID, r.scope) {
				if len(parents) < maxParents && !slices.Contains(parents, e) {
					parents = append(parents, e)
				}
			}
		}
	}
	if len(parents) == 0 {
		parents = append(parents, a.fragment(tg, r, ref))
	}
	for _, e := range parents {
		for _, body := range a.split(r.body, tg.mapping.Each) {
			a.foldInto(e, tg, body)
		}
		e.decls = append(e.decls, r.declared())
		e.pieces = append(e.pieces, r.typ)
	}
}

// fragment returns the asset that stands for a parent that is not declared: a
// new one, or, for a piece that is merged into its parent, that of other pieces
// which refer to the same parent and are not of the same type.
func (a *assembler) fragment(tg *target, r *resource, ref *tf.Node) *entry {
	in := tg.mapping.Into
	key := fragmentKey{tg.typ.ID, r.scope, reference(ref)}
	merged := in.List == "" && in.ListFrom == "" && key.ref != ""
	if merged {
		for _, e := range a.fragments[key] {
			if !slices.Contains(e.pieces, r.typ) {
				return e
			}
		}
	}
	e := &entry{typ: tg.typ, address: r.address, scope: r.scope, pos: r.pos, tree: &tf.Node{Kind: tf.Object, Pos: r.pos}, name: r.address}
	if ref != nil && ref.Kind == tf.String {
		e.name = ref.Text
	}
	for _, list := range in.Alone {
		ensure(e.tree, parsePath(list), tf.List, r.pos)
	}
	a.add(e)
	a.alone = append(a.alone, e)
	if merged && len(a.fragments[key]) < maxSame {
		a.fragments[key] = append(a.fragments[key], e)
	}
	return e
}

// reference is what names the asset that a value refers to: its text, or the
// address of the resource or input that it comes from; "" for neither.
func reference(n *tf.Node) string {
	if n == nil {
		return ""
	}
	if n.Kind == tf.String {
		return n.Text
	}
	s := n.Symbol()
	if s == nil || s.Address == "" {
		return ""
	}
	if s.Kind == tf.SymModule {
		return s.Kind + " " + s.String()
	}
	return s.Kind + " " + s.Address
}

func (a *assembler) foldInto(e *entry, tg *target, body *tf.Node) {
	in := tg.mapping.Into
	piece := a.m.build(tg, body)
	path := in.List
	if in.ListFrom != "" {
		n := pathNode(body, in.ListFrom)
		if n != nil && (n.Kind == tf.Unknown || n.Kind == tf.Symbolic) {
			addUnknown(e, in, n)
			return
		}
		if path = in.ListMap[scalarText(orNull(n))]; path == "" {
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

// addUnknown adds an element that is not known to every list to which a piece
// may belong.
func addUnknown(e *entry, in *bulwark.Into, why *tf.Node) {
	lists := slices.Sorted(maps.Values(in.ListMap))
	for _, path := range slices.Compact(lists) {
		if list := ensure(e.tree, parsePath(path), tf.List, why.Pos); list.Kind == tf.List {
			list.Items = append(list.Items, &tf.Node{Kind: tf.Unknown, Reason: reasonOf(why), Pos: why.Pos})
		}
	}
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
			c := at.Get(plainPath.Replace(name))
			if c == nil {
				at.SetField(plainPath.Replace(name), &tf.Node{Kind: tf.Unknown, Reason: reason, Pos: tree.Pos})
				break
			}
			if name != plainPath.Replace(name) || i == len(names)-1 {
				break
			}
			at = c
		}
	}
}

// split makes one copy of a resource for each element of the attributes in
// each (fan-out); a path of the form block[].attribute splits the blocks.
func (a *assembler) split(body *tf.Node, each []string) []*tf.Node {
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
		c := *body
		c.Fields = slices.Clone(body.Fields)
		body = &c
		for i, f := range c.Fields {
			attrs, list := blocks[f.Name], f.Value
			if len(attrs) == 0 || list.Kind != tf.List && list.Kind != tf.Object {
				continue
			}
			items := list.Items
			if list.Kind == tf.Object { // one block, as JSON syntax has it
				items = []*tf.Node{list}
			}
			many := &tf.Node{Kind: tf.List, Block: list.Block, Open: list.Open && list.Kind == tf.List, Pos: list.Pos, Refs: list.Refs}
			for _, item := range items {
				many.Items = append(many.Items, a.splitOne(item, attrs)...)
			}
			c.Fields[i].Value = many
		}
	}
	return a.splitOne(body, own)
}

// splitOne makes one object for each element of the attributes in each, with
// that element alone and all that is not in each.
func (a *assembler) splitOne(body *tf.Node, each []string) []*tf.Node {
	if len(each) == 0 || body.Kind != tf.Object {
		return []*tf.Node{body}
	}
	bare := *body
	bare.Fields = slices.DeleteFunc(slices.Clone(body.Fields), func(f tf.Field) bool { return slices.Contains(each, f.Name) })
	var out []*tf.Node
	one := func(name string, item *tf.Node) {
		c := &tf.Node{Kind: tf.Object, Block: bare.Block, Open: bare.Open, Pos: bare.Pos, Refs: bare.Refs}
		c.Fields = append(slices.Clone(bare.Fields), tf.Field{Name: name, Value: item})
		out = append(out, c)
	}
	for _, e := range each {
		n := body.Get(e)
		if n == nil || n.Kind == tf.Null || n.Kind == tf.Bool && !n.Bool {
			continue
		}
		items := []*tf.Node{n}
		if n.Kind == tf.List {
			if items = n.Items; n.Open {
				items = append(slices.Clone(items), &tf.Node{Kind: tf.Unknown, Reason: "further elements could not be known", Pos: n.Pos})
			}
		}
		for _, item := range items {
			if a.copies += 1 + len(bare.Fields); a.copies > maxCopies {
				a.gaps = append(a.gaps, bulwark.Gap{What: "resource", Where: n.Pos.String(), Position: n.Pos, Why: e + " has more elements than are looked at"})
				one(e, &tf.Node{Kind: tf.Unknown, Reason: "there are more elements than are looked at", Pos: n.Pos})
				return out
			}
			one(e, item)
		}
	}
	if len(out) == 0 {
		return []*tf.Node{&bare}
	}
	return out
}
