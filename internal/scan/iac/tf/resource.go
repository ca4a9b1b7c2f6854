package tf

import (
	"fmt"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// resource is a resource or data block of a module instance and, once
// expanded, its instances.
type resource struct {
	mi    *modInst
	key   string // within the module: aws_s3_bucket.logs, data.aws_region.here
	mode  Mode
	typ   string
	name  string
	block *block
	memo  memo
	insts []*resInst
	keys  []instKey
	blown bool // insts and keys are set
}

// resInst is one instance of a resource.
type resInst struct {
	res      *resource
	key      instKey
	address  string
	provider *provider
	sc       *scope
	attrs    map[string]*memo
}

// resource returns the declared resource of an address within the module.
func (mi *modInst) resource(key string) *resource {
	r := mi.resources[key]
	if r == nil {
		b := mi.mod.resources[key]
		if b == nil {
			return nil
		}
		r = &resource{mi: mi, key: key, mode: Managed, block: b, typ: b.Labels[0], name: b.Labels[1]}
		if i := strings.LastIndexByte(key, '#'); i >= 0 {
			r.name += key[i:]
		}
		switch b.Type {
		case "data":
			r.mode = Data
		case "ephemeral":
			r.mode = Ephemeral
		}
		mi.resources[key] = r
	}
	return r
}

func (r *resource) address() string { return joinAddress(r.mi.path, r.key) }

// node returns what a reference to the resource stands for.
func (r *resource) node() *Node {
	ev := r.mi.ev
	return ev.once(&r.memo, r.address(), position(blockRange(r.block.Block), r.mi.via), func() *Node {
		r.explode()
		values := make([]*Node, len(r.insts))
		for i, inst := range r.insts {
			values[i] = lazyNode(inst)
		}
		scope := ""
		if len(r.insts) > 0 {
			scope = r.insts[0].provider.Scope
		}
		return collection(r.keys, values, r.address(), scope)
	})
}

// explode makes the instances of a resource.
func (r *resource) explode() {
	if r.blown {
		return
	}
	r.blown = true
	ev := r.mi.ev
	pos := position(blockRange(r.block.Block), r.mi.via)
	for _, k := range ev.expand(r.block.Body, r.mi.scope(), r.address(), pos) {
		if !ev.take(&ev.resourceCount, ev.lim.Resources, "resources", pos) {
			break
		}
		sc := k.bind(r.mi.scope())
		addr := r.address() + k.suffix(ev.syms)
		if k.kind != keyNone {
			sc.via = appendVia(sc.via, addr)
		}
		inst := &resInst{res: r, key: k, address: addr, sc: sc, attrs: map[string]*memo{}, provider: r.mi.providerOf(r)}
		r.insts = append(r.insts, inst)
		r.keys = append(r.keys, k)
	}
}

func (i *resInst) ev() *evaluator { return i.res.mi.ev }

// symbol returns the symbol of an attribute that is not configured. attribute
// may be a path.
func (i *resInst) symbol(attribute string) bulwark.Symbol {
	kind := SymComputed
	if i.res.mode != Managed {
		kind = SymData
		if k := scopeFacts[i.res.typ][attribute]; k != "" {
			return bulwark.Symbol{Kind: k, Scope: i.provider.Scope, Attribute: canonicalFact(i.res.typ, attribute)}
		}
	}
	return bulwark.Symbol{Kind: kind, Scope: i.provider.Scope, Address: i.address, Attribute: attribute}
}

// metaArguments are the arguments of every resource that say how it is made,
// not what it is.
var metaArguments = map[string]bool{"count": true, "for_each": true, "provider": true, "depends_on": true}
var metaBlocks = map[string]bool{"lifecycle": true, "provisioner": true, "connection": true}

// attr returns an attribute of an instance: as configured, as the data source
// computes it, or the symbol of what will be known once it is created.
func (i *resInst) attr(name string) *Node {
	ev := i.ev()
	if v := i.computed(name); v != nil {
		return v.referring([]string{i.address + "." + name})
	}
	v := i.value(name)
	if v.Kind == Null {
		return ev.symbol(i.symbol(name))
	}
	return v.referring([]string{i.address + "." + name})
}

// value returns what is configured for a name, evaluated once.
func (i *resInst) value(name string) *Node {
	m := i.attrs[name]
	if m == nil {
		m = &memo{}
		i.attrs[name] = m
	}
	if m.done {
		return m.value
	}
	return i.ev().once(m, i.address+"."+name, i.placeOf(name), func() *Node { return i.configured(name) })
}

// placeOf returns where an attribute is configured, else where the resource is.
func (i *resInst) placeOf(name string) bulwark.Position {
	if a := i.res.block.Body.Attributes[name]; a != nil {
		return position(a.SrcRange, i.sc.via)
	}
	return position(blockRange(i.res.block.Block), i.sc.via)
}

// configured evaluates an attribute or the blocks called name; Null when there
// is neither.
func (i *resInst) configured(name string) *Node {
	ev, body := i.ev(), i.res.block.Body
	if a := body.Attributes[name]; a != nil && !metaArguments[name] {
		return leafAt(ev.eval(a.Expr, i.sc), position(a.SrcRange, i.sc.via))
	}
	if metaBlocks[name] {
		return null()
	}
	if l := ev.blocks(body, name, i.sc); l != nil {
		return l
	}
	return null()
}

// force makes the whole object: what is configured, and id.
func (i *resInst) force() *Node {
	n := &Node{Kind: Object, Open: true, Pos: position(blockRange(i.res.block.Block), i.sc.via)}
	for _, name := range i.names() {
		n.Fields = append(n.Fields, Field{name, i.attr(name)})
	}
	if n.Get("id") == nil {
		n.Fields = append(n.Fields, Field{"id", i.attr("id")})
	}
	return n
}

// names lists the configured attributes and block types in source order.
func (i *resInst) names() []string {
	body := i.res.block.Body
	var out []string
	for _, a := range sortedAttributes(body) {
		if !metaArguments[a.Name] {
			out = append(out, a.Name)
		}
	}
	seen := map[string]bool{}
	for _, b := range body.Blocks {
		if t := madeType(b); !seen[t] && !metaBlocks[b.Type] && body.Attributes[t] == nil {
			seen[t] = true
			out = append(out, t)
		}
	}
	return out
}

// blocks evaluates the blocks of one type in a body, dynamic ones expanded, to
// a list; nil when there are none.
func (ev *evaluator) blocks(body *hclsyntax.Body, typ string, sc *scope) *Node {
	var out *Node
	ev.charge(len(body.Blocks) / 4)
	for _, b := range body.Blocks {
		if madeType(b) != typ {
			continue
		}
		if out == nil {
			out = &Node{Kind: List, Block: true, Pos: position(blockRange(b), sc.via)}
		}
		if end := endLine(blockRange(b)); b.TypeRange.Filename == out.Pos.File && end > out.Pos.EndLine {
			out.Pos.EndLine = end
		}
		if b.Type == "dynamic" && len(b.Labels) == 1 {
			ev.dynamic(b, out, sc)
			continue
		}
		out.Items = append(out.Items, ev.body(b, sc))
	}
	return out
}

// body evaluates a nested block to an object.
func (ev *evaluator) body(b *hclsyntax.Block, sc *scope) *Node {
	n := &Node{Kind: Object, Block: true, Pos: position(blockRange(b), sc.via)}
	if !ev.step() {
		return unknown(ev.stopped)
	}
	for _, l := range b.Labels {
		n.Fields = append(n.Fields, Field{"__label", str(l).at(n.Pos)})
	}
	for _, a := range sortedAttributes(b.Body) {
		n.Fields = append(n.Fields, Field{a.Name, leafAt(ev.eval(a.Expr, sc), position(a.SrcRange, sc.via))})
	}
	seen := map[string]bool{}
	for _, nested := range b.Body.Blocks {
		t := madeType(nested)
		if seen[t] || b.Body.Attributes[t] != nil {
			continue
		}
		seen[t] = true
		n.Fields = append(n.Fields, Field{t, ev.blocks(b.Body, t, sc)})
	}
	return n
}

// dynamic expands a dynamic block into out.
func (ev *evaluator) dynamic(b *hclsyntax.Block, out *Node, sc *scope) {
	var content *hclsyntax.Block
	for _, c := range b.Body.Blocks {
		if c.Type == "content" {
			content = c
		}
	}
	each := b.Body.Attributes["for_each"]
	if content == nil || each == nil {
		out.Open = true
		return
	}
	iterator := b.Labels[0]
	if a := b.Body.Attributes["iterator"]; a != nil {
		if k := keyword(a.Expr); k != "" {
			iterator = k
		}
	}
	it := ev.iterate(ev.eval(each.Expr, sc), iterator)
	if it.failed != nil {
		out.Items = append(out.Items, unknown("a dynamic block cannot be expanded"+because(it.failed)).at(position(blockRange(b), sc.via)))
		out.Open = true
		return
	}
	out.Open = out.Open || it.open
	if len(it.pairs) > ev.lim.Instances {
		ev.gap("block", position(blockRange(b), sc.via), fmt.Sprintf("a dynamic block makes %d blocks; only %d are looked at", len(it.pairs), ev.lim.Instances))
		it.pairs, out.Open = it.pairs[:ev.lim.Instances], true
	}
	for _, p := range it.pairs {
		if !ev.step() {
			return
		}
		s := sc.bind(iterator, object(Field{"key", p.key}, Field{"value", p.value}))
		out.Items = append(out.Items, ev.body(content, s))
	}
}
