package tf

import (
	"fmt"
	"path"
	"sort"
	"strconv"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// modInst is one instance of a module: the root, or what a module call makes.
type modInst struct {
	ev        *evaluator
	mod       *module
	path      string // module.net["a"], "" for the root
	via       []string
	parent    *modInst
	depth     int
	maybe     bool             // whether it exists, or how often, could not be decided
	args      *hclsyntax.Body  // of the call, nil for the root
	argScope  *scope           // where args are evaluated
	inputs    map[string]*Node // values given to the root's variables
	providers map[string]*provider

	vars      map[string]*memo
	locals    map[string]*memo
	outs      map[string]*memo
	resources map[string]*resource
	calls     map[string]*callState
}

func (ev *evaluator) newModInst(m *module) *modInst {
	return &modInst{
		ev: ev, mod: m, providers: map[string]*provider{}, vars: map[string]*memo{}, locals: map[string]*memo{},
		outs: map[string]*memo{}, resources: map[string]*resource{}, calls: map[string]*callState{},
	}
}

func (mi *modInst) scope() *scope { return &scope{mi: mi, via: mi.via} }

// memo holds a value that is evaluated once, when first asked for.
type memo struct {
	done   bool
	active bool
	cyclic bool
	value  *Node
}

// frame is a memo under evaluation.
type frame struct {
	m    *memo
	name string
	pos  bulwark.Position
}

// maxFrames bounds how deep one value may lead to another.
const maxFrames = 2_000

// once returns the memo's value, evaluating it the first time. A value that
// leads to itself is unknown, and so is every value on the way round: which of
// them was asked for first makes no difference.
func (ev *evaluator) once(m *memo, name string, pos bulwark.Position, f func() *Node) *Node {
	if m.done {
		return m.value
	}
	if m.active {
		return ev.cycle(m)
	}
	if len(ev.frames) >= maxFrames {
		return unknown("references are too deep at " + name)
	}
	m.active = true
	ev.frames = append(ev.frames, frame{m, name, pos})
	v := f()
	ev.frames = ev.frames[:len(ev.frames)-1]
	m.active = false
	if m.cyclic {
		v = m.value
	} else if !ev.fits(v) {
		v = unknown(name + " is too large or nested too deep")
	}
	if v.Pos.File == "" {
		v = v.at(pos)
	}
	m.done, m.value = true, v
	return v
}

func (ev *evaluator) cycle(m *memo) *Node {
	var names []string
	start := len(ev.frames) - 1
	for start > 0 && ev.frames[start].m != m {
		start--
	}
	for _, f := range ev.frames[start:] {
		names = append(names, f.name)
	}
	first := 0
	for i, n := range names {
		if n < names[first] {
			first = i
		}
	}
	names = append(names[first:len(names):len(names)], names[:first]...)
	why := "a cycle: " + strings.Join(append(names, names[0]), " → ")
	if len(why) > 1000 {
		why = why[:1000] + "…"
	}
	for _, f := range ev.frames[start:] {
		f.m.cyclic = true
		f.m.value = unknown(why)
	}
	ev.gap("reference", ev.frames[start+first].pos, why)
	return m.value
}

// fits reports whether a value is of a size worth handling: a few lines of
// configuration can describe one of astronomical size.
func (ev *evaluator) fits(n *Node) bool {
	if len(n.Items) == 0 && len(n.Fields) == 0 {
		return true
	}
	left := ev.lim.ValueNodes
	ok := n.shallow(&left, maxValueDepth)
	ev.charge(ev.lim.ValueNodes - left)
	return ok
}

const maxValueDepth = 1_000

// shallow counts the nodes of a value down and reports whether they are few
// and nested less than depth.
func (n *Node) shallow(left *int, depth int) bool {
	if *left--; *left <= 0 || depth == 0 {
		return false
	}
	for _, it := range n.Items {
		if !it.shallow(left, depth-1) {
			return false
		}
	}
	for i := range n.Fields {
		if !n.Fields[i].Value.shallow(left, depth-1) {
			return false
		}
	}
	return true
}

func (mi *modInst) name(kind, name string) string { return joinAddress(mi.path, kind+"."+name) }

func (mi *modInst) local(name string) *Node {
	a := mi.mod.locals[name]
	if a == nil {
		return mi.ev.symbol(bulwark.Symbol{Kind: SymUndeclared, Address: mi.name("local", name)})
	}
	m := mi.locals[name]
	if m == nil {
		m = &memo{}
		mi.locals[name] = m
	}
	if m.done {
		return m.value
	}
	return mi.ev.once(m, mi.name("local", name), position(a.SrcRange, mi.via), func() *Node {
		return leafAt(mi.ev.eval(a.Expr, mi.scope()), position(a.SrcRange, mi.via))
	})
}

func (mi *modInst) variable(name string) *Node {
	v := mi.mod.variables[name]
	if v == nil {
		if n := mi.inputs[name]; n != nil {
			return n
		}
		return mi.ev.symbol(bulwark.Symbol{Kind: SymUndeclared, Address: mi.name("var", name)})
	}
	m := mi.vars[name]
	if m == nil {
		m = &memo{}
		mi.vars[name] = m
	}
	if m.done {
		return m.value
	}
	return mi.ev.once(m, mi.name("var", name), position(v.pos, mi.via), func() *Node { return mi.evalVariable(v) })
}

// evalVariable returns a variable's value: what was given, else its default,
// else a symbol.
func (mi *modInst) evalVariable(v *variable) *Node {
	ev := mi.ev
	var given *Node
	switch {
	case mi.args != nil && mi.args.Attributes[v.name] != nil:
		a := mi.args.Attributes[v.name]
		given = leafAt(ev.eval(a.Expr, mi.argScope), position(a.SrcRange, mi.argScope.via))
	case mi.args == nil:
		given = mi.inputs[v.name]
	}
	if given != nil && (given.Kind != Null || v.nullable) {
		return ev.convertVariable(v, given)
	}
	if v.def != nil {
		def := leafAt(ev.eval(v.def, mi.scope()), position(v.def.Range(), mi.via))
		return ev.convertVariable(v, def)
	}
	if mi.args != nil && given == nil {
		return failure(fmt.Sprintf("the module call does not set %s", v.name)).at(position(v.pos, mi.via))
	}
	return ev.inputOf(v.ty, ev.symbol(bulwark.Symbol{Kind: SymInput, Address: mi.name("var", v.name)}).at(position(v.pos, mi.via)), 0)
}

func (ev *evaluator) convertVariable(v *variable, n *Node) *Node {
	pos := n.Pos
	if v.defaults != nil {
		n = ev.applyDefaults(v.defaults, n)
	}
	n = ev.convert(n, v.ty)
	if n.Pos.File == "" {
		n = n.at(pos)
	}
	return n
}

func (mi *modInst) output(name string) *Node {
	b := mi.mod.outputs[name]
	if b == nil {
		return nil
	}
	a := b.Body.Attributes["value"]
	if a == nil {
		return unknown("an output without value")
	}
	m := mi.outs[name]
	if m == nil {
		m = &memo{}
		mi.outs[name] = m
	}
	return mi.ev.once(m, mi.name("output", name), position(a.SrcRange, mi.via), func() *Node {
		return leafAt(mi.ev.eval(a.Expr, mi.scope()), position(a.SrcRange, mi.via))
	})
}

// attr and force make a module instance the object of its outputs.
func (mi *modInst) attr(name string) *Node { return mi.output(name) }

func (mi *modInst) force() *Node {
	names := make([]string, 0, len(mi.mod.outputs))
	for n := range mi.mod.outputs {
		names = append(names, n)
	}
	sort.Strings(names)
	out := &Node{Kind: Object}
	for _, n := range names {
		out.Fields = append(out.Fields, Field{n, mi.output(n)})
	}
	return out.indexFields()
}

// callState is a module call and, once expanded, its instances.
type callState struct {
	name     string
	block    *block
	memo     memo
	source   string
	mod      *module // nil when it could not be loaded
	insts    []*modInst
	instKeys []instKey
}

// call returns a module call's state, expanded.
func (mi *modInst) call(name string) *callState {
	c := mi.calls[name]
	if c == nil {
		b := mi.mod.calls[name]
		if b == nil {
			return nil
		}
		c = &callState{name: name, block: b}
		mi.calls[name] = c
	}
	return c
}

// callNode returns what module.name stands for.
func (mi *modInst) callNode(name string) *Node {
	ev := mi.ev
	addr := mi.name("module", name)
	c := mi.call(name)
	if c == nil {
		return ev.symbol(bulwark.Symbol{Kind: SymUndeclared, Address: addr})
	}
	return ev.once(&c.memo, addr, position(blockRange(c.block.Block), mi.via), func() *Node {
		mi.expandCall(c)
		if c.mod == nil {
			return ev.symbol(bulwark.Symbol{Kind: SymModule, Address: addr})
		}
		values := make([]*Node, len(c.insts))
		for i, inst := range c.insts {
			values[i] = &Node{Kind: Object, x: &ext{lazy: inst}}
		}
		return collection(c.instKeys, values, addr, "")
	})
}

// collection makes the value of a resource or module call of its instances.
func collection(keys []instKey, values []*Node, addr, scope string) *Node {
	if len(keys) == 1 && keys[0].kind == keyNone {
		return values[0]
	}
	n := &Node{Kind: List, x: &ext{coll: addr, scope: scope}}
	if len(keys) > 0 {
		n.Open = keys[0].open
		n.x.only = keys[0].open && len(keys) == 1
	}
	if len(keys) == 0 || keys[0].kind == keyIndex {
		n.Items = values
		return n
	}
	n.Kind = Object
	for i, k := range keys {
		n.Fields = append(n.Fields, Field{k.name, values[i]})
	}
	return n.indexFields()
}

// expandCall loads a call's module and makes its instances.
func (mi *modInst) expandCall(c *callState) {
	ev := mi.ev
	pos := position(blockRange(c.block.Block), mi.via)
	dir, why := ev.moduleDir(mi, c)
	if why == "" && mi.depth >= ev.lim.ModuleDepth {
		why = fmt.Sprintf("modules are nested deeper than %d", ev.lim.ModuleDepth)
	}
	for p := mi; p != nil && why == ""; p = p.parent {
		if p.mod.dir == dir {
			why = "the module calls itself, directly or through others"
		}
	}
	if why == "" {
		c.mod = ev.loadModule(dir)
		if len(c.mod.files) == 0 {
			c.mod, why = nil, fmt.Sprintf("there is no configuration in %s", dir)
		}
	}
	if why != "" {
		ev.gap("module", pos, fmt.Sprintf("%s is not evaluated: %s", mi.name("module", c.name), why))
		return
	}
	keys := ev.expand(c.block.Body, mi.scope(), mi.name("module", c.name), pos)
	for _, k := range keys {
		if !ev.take(&ev.moduleCount, ev.lim.Modules, "module instances", pos) {
			break
		}
		c.instKeys = append(c.instKeys, k)
		c.insts = append(c.insts, mi.newChild(c, k, pos))
	}
}

func (mi *modInst) newChild(c *callState, k instKey, pos bulwark.Position) *modInst {
	child := mi.ev.newModInst(c.mod)
	child.parent, child.depth, child.maybe = mi, mi.depth+1, mi.maybe || k.open
	child.path = mi.name("module", c.name) + k.suffix(mi.ev.syms)
	child.via = appendVia(mi.via, where(bulwark.Position{File: pos.File, Line: pos.Line})+" "+child.path)
	child.args = c.block.Body
	child.argScope = k.bind(mi.scope())
	child.providers = mi.childProviders(c, child)
	return child
}

func appendVia(via []string, s string) []string {
	return append(via[:len(via):len(via)], s)
}

// moduleDir returns the folder of a call's module, or why there is none here.
func (ev *evaluator) moduleDir(mi *modInst, c *callState) (dir, why string) {
	a := c.block.Body.Attributes["source"]
	if a == nil {
		return "", "it has no source"
	}
	n := ev.eval(a.Expr, mi.scope())
	if n.Kind != String {
		return "", "its source is not known"
	}
	c.source = n.Text
	if strings.HasPrefix(n.Text, "./") || strings.HasPrefix(n.Text, "../") || n.Text == "." || n.Text == ".." {
		dir = path.Join(mi.mod.dir, n.Text)
		if dir == ".." || strings.HasPrefix(dir, "../") {
			return "", "its folder lies outside of the tree"
		}
		return dir, ""
	}
	if dir := ev.installed(mi, c.name); dir != "" {
		return dir, ""
	}
	return "", "its source " + strconv.Quote(n.Text) + " is not a folder of this tree"
}

// keyKind is how an instance is told from its siblings.
type keyKind uint8

const (
	keyNone keyKind = iota
	keyIndex
	keyName
)

// instKey is the key of one instance of a resource or module call.
type instKey struct {
	kind  keyKind
	name  string // of for_each; may hold tokens
	index int
	key   *Node // each.key or count.index
	value *Node // each.value
	open  bool  // how many instances there are is not known
}

// suffix returns the key as it stands in addresses: ["name"], [0], or [*] where
// it is not known.
func (k instKey) suffix(syms *symbols) string {
	switch {
	case k.kind == keyNone:
		return ""
	case k.kind == keyIndex && k.key.Kind == Number:
		return "[" + strconv.Itoa(k.index) + "]"
	case k.kind == keyIndex || k.key.Kind == Unknown:
		return "[*]"
	}
	return "[" + strconv.Quote(syms.render(k.name)) + "]"
}

// bind adds each or count to a scope.
func (k instKey) bind(sc *scope) *scope {
	switch k.kind {
	case keyIndex:
		return sc.bind("count", object(Field{"index", k.key}))
	case keyName:
		return sc.bind("each", object(Field{"key", k.key}, Field{"value", k.value}))
	}
	return sc
}

// expand evaluates count and for_each of a block and returns a key an instance.
func (ev *evaluator) expand(b *hclsyntax.Body, sc *scope, addr string, pos bulwark.Position) []instKey {
	if a := b.Attributes["for_each"]; a != nil {
		return ev.expandEach(ev.eval(a.Expr, sc), addr, pos)
	}
	if a := b.Attributes["count"]; a != nil {
		return ev.expandCount(ev.eval(a.Expr, sc), addr, pos)
	}
	return []instKey{{}}
}

func (ev *evaluator) expandCount(n *Node, addr string, pos bulwark.Position) []instKey {
	if b, ok := ev.truth(n); ok && n.Kind == Bool {
		n = integer(int64(map[bool]int{true: 1}[b]))
	}
	c, ok := n.Int()
	if !ok || c < 0 {
		key := ev.symbol(bulwark.Symbol{Kind: SymIteration, Address: addr, Attribute: "count.index"})
		return []instKey{{kind: keyIndex, key: key, open: true}}
	}
	if c > int64(ev.lim.Instances) {
		ev.gap("resource", pos, fmt.Sprintf("%s has %d instances; only %d are looked at", addr, c, ev.lim.Instances))
		c = int64(ev.lim.Instances)
	}
	keys := make([]instKey, c)
	for i := range keys {
		keys[i] = instKey{kind: keyIndex, index: i, key: integer(int64(i))}
	}
	return keys
}

func (ev *evaluator) expandEach(n *Node, addr string, pos bulwark.Position) []instKey {
	it := ev.iterate(n, addr)
	if it.failed != nil {
		ev.gap("resource", pos, addr+" has a for_each that cannot be evaluated"+because(it.failed))
		it.open, it.pairs = true, []pair{{it.failed, it.failed}}
	}
	if len(it.pairs) > ev.lim.Instances {
		ev.gap("resource", pos, fmt.Sprintf("%s has %d instances; only %d are looked at", addr, len(it.pairs), ev.lim.Instances))
		it.pairs = it.pairs[:ev.lim.Instances]
	}
	keys := make([]instKey, 0, len(it.pairs))
	for _, p := range it.pairs {
		k := instKey{kind: keyName, key: p.key, value: p.value, open: it.open}
		if n.forced().Kind == List {
			k.key = ev.convertText(p.value)
			k.value = k.key
		}
		if k.key.isText() {
			k.name = k.key.Text
		}
		keys = append(keys, k)
	}
	return keys
}
