package tf

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strings"
	"sync"

	"github.com/bulwarksec/bulwark"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Mode tells managed resources from data sources.
type Mode string

// The modes.
const (
	Managed   Mode = "managed"
	Data      Mode = "data"
	Ephemeral Mode = "ephemeral"
)

// Resource is one instance of a resource or data source.
type Resource struct {
	Address     string // module.net["a"].aws_subnet.s[0]; an unknown key is [*] or ["${…}"]
	Module      string // address of the module instance, "" for the root
	Mode        Mode
	Type        string
	Name        string // within its module; a repeated one ends in #2, #3 …
	Key         string // of count or for_each, "" without
	Provider    *Provider
	Conditional bool // whether it exists, or how often, could not be decided
	Partial     bool // a syntax error in it: what Body lacks is not known to be absent
	Body        *Node
	Pos         bulwark.Position
}

// ModuleCall is a module block and where it led.
type ModuleCall struct {
	Address   string // without the key of its instances
	Source    string
	Dir       string   // folder of the module, "" when it was not evaluated
	Instances []string // addresses
	Pos       bulwark.Position
}

// Result is what a folder, plan or state describes.
type Result struct {
	Root      string
	Files     []string // configuration files read, sorted
	Lines     int      // in those
	Resources []*Resource
	Modules   []ModuleCall
	Providers []*Provider
	Gaps      []bulwark.Gap
	Comments  []Comment // that may silence a check, by file and line
}

// Limits bound what evaluation reads and makes. A zero field takes the default.
type Limits struct {
	FileBytes   int64 // of one file of configuration: 16 MiB
	TreeBytes   int64 // of all files of configuration of one evaluation: 48 MiB
	PlanBytes   int64 // of a plan or state: 128 MiB
	Nesting     int   // of brackets, quotes and templates: 200
	Instances   int   // of one resource, module call or dynamic block: 1,000
	Resources   int   // instances in all: 200,000
	Modules     int   // instances in all: 5,000
	ModuleDepth int   // 32
	ValueNodes  int   // of one value: 200,000
	Nodes       int   // of all resources, or of a plan: 2 million
	Steps       int   // units of work, an expression being one: 20 million
}

func (l Limits) orDefault() Limits {
	set := func(v *int, def int) {
		if *v <= 0 {
			*v = def
		}
	}
	if l.FileBytes <= 0 {
		l.FileBytes = 16 << 20
	}
	if l.TreeBytes <= 0 {
		l.TreeBytes = 48 << 20
	}
	if l.PlanBytes <= 0 {
		l.PlanBytes = 128 << 20
	}
	set(&l.Nesting, 200)
	set(&l.Instances, 1_000)
	set(&l.Resources, 200_000)
	set(&l.Modules, 5_000)
	set(&l.ModuleDepth, 32)
	set(&l.ValueNodes, 200_000)
	set(&l.Nodes, 2_000_000)
	set(&l.Steps, 20_000_000)
	return l
}

// Options say how a folder is evaluated.
type Options struct {
	Limits Limits

	// VarFiles are paths in the tree of further files of variable values, of
	// which later ones win. terraform.tfvars and *.auto.tfvars of the root, and
	// their .json forms, are read in any case and count less.
	VarFiles []string

	// Cache, when set, keeps the modules that are called, parsed, for other
	// evaluations of the same tree with the same limits.
	Cache *Cache

	// File, when set, is the name of the only configuration file of the root
	// folder to read; others in it are taken not to be there.
	File string
}

// evaluator is one evaluation of one root folder. It is for one goroutine.
type evaluator struct {
	ctx     context.Context
	fsys    fs.FS
	root    string
	lim     Limits
	syms    *symbols
	modules map[string]*module
	cache   *Cache

	bytesLeft int64 // of configuration files to read

	gaps    []bulwark.Gap
	gapSeen map[string]bool
	frames  []frame
	depth   int
	left    int    // steps
	look    int    // value of left at which the context is looked at
	stopped string // why evaluation was cut short

	providers     []*provider
	moduleCount   int
	resourceCount int
	templates     map[string]*parsedTemplate
	manifest      map[string]string // of installed modules: key → folder
}

func newEvaluator(ctx context.Context, fsys fs.FS, root string, lim Limits) *evaluator {
	lim = lim.orDefault()
	return &evaluator{
		ctx: ctx, fsys: fsys, root: root, lim: lim, syms: newSymbols(), modules: map[string]*module{},
		gapSeen: map[string]bool{}, bytesLeft: lim.TreeBytes, left: lim.Steps, look: lim.Steps, templates: map[string]*parsedTemplate{},
	}
}

// Evaluate evaluates the Terraform configuration in the folder root of fsys,
// with the local modules that it calls, anywhere in fsys. What cannot be read
// or evaluated is a gap or an Unknown; the error is of ctx or of opening root.
//
// A configuration may name any path. fsys must not lead out of the tree through
// symbolic links: use os.Root.FS rather than os.DirFS on trees of others.
func Evaluate(ctx context.Context, fsys fs.FS, root string, opts Options) (*Result, error) {
	root = path.Clean(root)
	if info, err := fs.Stat(fsys, root); err != nil {
		return nil, fmt.Errorf("tf: open folder %s: %w", root, err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("tf: open folder %s: %w: not a folder", root, bulwark.ErrInvalid)
	}
	ev := newEvaluator(ctx, fsys, root, opts.Limits)
	ev.cache = opts.Cache
	ev.modules[root] = loadModule(ctx, fsys, root, opts.File, ev.lim, &ev.bytesLeft)
	mi := ev.newModInst(ev.modules[root])
	mi.inputs = ev.readInputs(mi, opts.VarFiles)
	mi.configureProviders()

	res := &Result{Root: root}
	x := &exporter{syms: ev.syms, left: ev.lim.Nodes}
	ev.walk(mi, res, x)
	res.Providers = ev.sortedProviders(x)
	if x.left <= 0 {
		ev.gap("resource", bulwark.Position{File: root}, "there are more values than are looked at; the rest is unknown")
	}
	if ev.stopped != "" {
		ev.gap("folder", bulwark.Position{File: root}, ev.stopped)
	}
	ev.collect(res)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("tf: evaluate %s: %w", root, err)
	}
	return res, nil
}

// step counts one expression; false when evaluation must stop.
func (ev *evaluator) step() bool {
	if ev.stopped != "" {
		return false
	}
	ev.left--
	if ev.left <= 0 {
		ev.stopped = fmt.Sprintf("evaluation was stopped after %d steps", ev.lim.Steps)
		return false
	}
	if ev.left <= ev.look {
		ev.look = ev.left - 4096
		if ev.ctx.Err() == nil {
			return true
		}
		ev.stopped = ev.ctx.Err().Error()
		return false
	}
	return true
}

// charge counts further work of an expression, so that what one of them may
// cost is bounded too.
func (ev *evaluator) charge(n int) { ev.left -= n }

// take counts one more of what is limited; the first that is too many is a gap.
func (ev *evaluator) take(count *int, limit int, what string, pos bulwark.Position) bool {
	if *count >= limit {
		ev.gap(what, pos, fmt.Sprintf("there are more than %d %s; the rest is not looked at", limit, what))
		return false
	}
	*count++
	return true
}

func (ev *evaluator) gap(what string, pos bulwark.Position, why string) {
	key := what + "\x00" + where(pos) + "\x00" + why
	if ev.gapSeen[key] || len(ev.gaps) > 10_000 {
		return
	}
	ev.gapSeen[key] = true
	ev.gaps = append(ev.gaps, bulwark.Gap{What: what, Where: where(pos), Why: ev.syms.render(why), Position: pos})
}

// loadModule returns a folder's configuration, parsed once.
func (ev *evaluator) loadModule(dir string) *module {
	m := ev.modules[dir]
	if m == nil {
		m = ev.cache.get(dir)
	}
	if m == nil {
		m = loadModule(ev.ctx, ev.fsys, dir, "", ev.lim, &ev.bytesLeft)
		if ev.ctx.Err() == nil {
			ev.cache.put(m)
		}
	}
	ev.modules[dir] = m
	return m
}

// Cache keeps parsed modules, since many folders call the same few. The zero
// Cache is empty; it is safe for concurrent use.
type Cache struct {
	mu      sync.Mutex
	modules map[string]*module
	lines   int
}

// maxCacheLines bounds how much a Cache holds: a line takes some 2 KB.
const maxCacheLines = 200_000

func (c *Cache) get(dir string) *module {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.modules[dir]
}

func (c *Cache) put(m *module) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.modules == nil {
		c.modules = map[string]*module{}
	}
	if c.lines+m.lines <= maxCacheLines {
		c.lines += m.lines
		c.modules[m.dir] = m
	}
}

// walk adds a module instance's resources, in file order, then those of the
// modules that it calls.
func (ev *evaluator) walk(mi *modInst, res *Result, x *exporter) {
	for _, key := range mi.mod.order {
		r := mi.resource(key)
		r.node()
		r.explode()
		for _, inst := range r.insts {
			if ev.stopped != "" {
				return
			}
			res.Resources = append(res.Resources, inst.export(x))
		}
	}
	for _, name := range mi.mod.callOrder {
		mi.callNode(name)
		c := mi.call(name)
		mc := ModuleCall{Address: mi.name("module", name), Source: c.source, Pos: position(blockRange(c.block.Block), mi.via)}
		if c.mod != nil {
			mc.Dir = c.mod.dir
		}
		for _, child := range c.insts {
			mc.Instances = append(mc.Instances, child.path)
		}
		res.Modules = append(res.Modules, mc)
		for _, child := range c.insts {
			ev.walk(child, res, x)
		}
	}
}

// collect adds what was read to the result, in order.
func (ev *evaluator) collect(res *Result) {
	res.Gaps = ev.gaps
	dirs := make([]string, 0, len(ev.modules))
	for dir := range ev.modules {
		dirs = append(dirs, dir)
	}
	sort.Strings(dirs)
	for _, dir := range dirs {
		m := ev.modules[dir]
		res.Files = append(res.Files, m.files...)
		res.Lines += m.lines
		res.Gaps = append(res.Gaps, m.gaps...)
		res.Comments = append(res.Comments, m.comments...)
	}
	sort.Strings(res.Files)
	sort.SliceStable(res.Gaps, func(i, j int) bool {
		a, b := res.Gaps[i].Position, res.Gaps[j].Position
		if a.File != b.File {
			return a.File < b.File
		}
		return a.Line < b.Line
	})
	sort.SliceStable(res.Comments, func(i, j int) bool {
		a, b := res.Comments[i], res.Comments[j]
		return a.File < b.File || a.File == b.File && a.Line < b.Line
	})
}

func (i *resInst) export(x *exporter) *Resource {
	r := i.res
	out := &Resource{
		Address: i.address, Module: r.mi.path, Mode: r.mode, Type: r.typ, Name: r.name, Provider: &i.provider.Provider,
		Conditional: i.key.open || r.mi.maybe, Partial: r.block.partial, Pos: position(blockRange(r.block.Block), i.sc.via),
	}
	if k := i.key.suffix(x.syms); k != "" {
		out.Key = strings.TrimSuffix(strings.TrimPrefix(k, "["), "]")
		if i.key.kind == keyName && i.key.key.isText() {
			out.Key = x.syms.render(i.key.name)
		}
	}
	body := &Node{Kind: Object, Pos: out.Pos, Open: out.Partial}
	for _, name := range i.names() {
		body.Fields = append(body.Fields, Field{name, x.below(i.value(name), i.placeOf(name))})
	}
	for _, name := range i.results() {
		if body.Get(name) == nil {
			body.Fields = append(body.Fields, Field{name, x.below(i.attr(name), out.Pos)})
		}
	}
	out.Body = body
	return out
}

// exporter turns values under evaluation into those of a result: copies of
// their own, with symbols for tokens.
type exporter struct {
	syms *symbols
	left int
}

func (x *exporter) export(n *Node) *Node { return x.below(n, n.Pos) }

// below exports a node; one that has no place of its own stands where the node
// above it does.
func (x *exporter) below(n *Node, above bulwark.Position) *Node {
	if x.left -= 1 + len(n.Text)/64*boolInt(n.Kind == Symbolic); x.left <= 0 {
		return &Node{Kind: Unknown, Reason: "there are more values than are looked at", Pos: above}
	}
	c := *n
	if c.Pos.File == "" {
		c.Pos = above
	}
	c.x = nil
	if n.x != nil {
		if n.x.lazy != nil {
			return x.reference(n)
		}
		if n.x.json != nil || n.x.segs != nil {
			c.x = &ext{json: n.x.json, segs: n.x.segs, syms: x.syms}
		}
	}
	switch n.Kind {
	case Symbolic:
		x.decode(&c)
	case Unknown:
		c.Reason = x.syms.render(n.Reason)
	case List:
		c.Items = make([]*Node, len(n.Items))
		for i, it := range n.Items {
			c.Items[i] = x.below(it, c.Pos)
		}
	case Object:
		c.Fields = make([]Field, len(n.Fields))
		for i, f := range n.Fields {
			c.Fields[i] = Field{x.syms.render(f.Name), x.below(f.Value, c.Pos)}
		}
	}
	return &c
}

// reference stands for a whole resource or module, which is no plain value.
func (x *exporter) reference(n *Node) *Node {
	s := bulwark.Symbol{Kind: SymModule}
	switch l := n.x.lazy.(type) {
	case *resInst:
		s = l.symbol("")
	case *modInst:
		s.Address = l.path
	}
	c := &Node{Kind: Symbolic, Parts: []bulwark.Part{{Symbol: &s}}, Pos: n.Pos, Refs: mergeRefs(n.Refs, []string{s.String()})}
	c.Text = renderParts(c.Parts)
	return c
}

func (x *exporter) decode(c *Node) {
	parts := x.syms.decode(c.Text)
	if len(parts) == 1 && parts[0].Symbol != nil && parts[0].Symbol.Kind == SymUnknown {
		c.Kind, c.Text, c.Reason = Unknown, "", parts[0].Symbol.Attribute
		return
	}
	known := true
	var refs []string
	for _, p := range parts {
		if p.Symbol == nil {
			continue
		}
		known = false
		switch p.Symbol.Kind {
		case SymComputed, SymData, SymUndeclared, SymModule:
			refs = append(refs, p.Symbol.String())
		}
	}
	if known {
		c.Kind = String
		return
	}
	c.Parts, c.Text = parts, renderParts(parts)
	if c.Refs == nil && refs != nil {
		c.Refs = sortedCopy(refs)
	}
}

// readInputs reads the files of variable values that count for a root folder.
func (ev *evaluator) readInputs(mi *modInst, more []string) map[string]*Node {
	in := map[string]*Node{}
	entries, err := fs.ReadDir(ev.fsys, ev.root)
	if err != nil {
		return in
	}
	var auto []string
	for _, name := range []string{"terraform.tfvars", "terraform.tfvars.json"} {
		for _, e := range entries {
			if e.Name() == name {
				auto = append(auto, path.Join(ev.root, name))
			}
		}
	}
	for _, e := range entries { // ReadDir sorts by name
		if n := e.Name(); !e.IsDir() && (strings.HasSuffix(n, ".auto.tfvars") || strings.HasSuffix(n, ".auto.tfvars.json")) {
			auto = append(auto, path.Join(ev.root, n))
		}
	}
	for _, name := range append(auto, more...) {
		ev.readVarFile(mi, name, in)
	}
	return in
}

func (ev *evaluator) readVarFile(mi *modInst, name string, in map[string]*Node) {
	src, err := readFile(ev.fsys, name, ev.lim.FileBytes)
	if err != nil {
		ev.gap("file", bulwark.Position{File: name}, err.Error())
		return
	}
	src = scrub(src)
	if strings.HasSuffix(name, ".json") {
		doc, err := parseJSON(string(src), fileSegs(name), nil, false)
		if err != nil || doc.Kind != Object {
			ev.gap("file", bulwark.Position{File: name}, fmt.Sprintf("it is no file of variable values: %v", err))
			return
		}
		for _, f := range doc.Fields {
			in[f.Name] = f.Value
		}
		return
	}
	start := hcl.Pos{Line: 1, Column: 1}
	if roughTokens(src) > maxTokens {
		ev.gap("file", bulwark.Position{File: name}, fmt.Sprintf("more than %d words and signs", maxTokens))
		return
	}
	tokens, _ := hclsyntax.LexConfig(src, name, start)
	if line := tooDeep(tokens, ev.lim.Nesting); line > 0 {
		ev.gap("file", bulwark.Position{File: name, Line: line}, fmt.Sprintf("nested deeper than %d levels", ev.lim.Nesting))
		return
	}
	body, diags := parseConfig(src, name, start)
	if diags.HasErrors() {
		d := firstError(diags)
		p := bulwark.Position{File: name}
		if d.Subject != nil {
			p = position(*d.Subject, nil)
		}
		ev.gap("file", p, "syntax error: "+lowerFirst(d.Summary))
	}
	for _, a := range sortedAttributes(body) {
		in[a.Name] = leafAt(ev.eval(a.Expr, mi.scope()), position(a.SrcRange, nil))
	}
}

// installed returns the folder into which terraform init put a module that is
// not a local one, if it lies in the tree.
func (ev *evaluator) installed(mi *modInst, name string) string {
	if ev.manifest == nil {
		ev.manifest = map[string]string{}
		src, err := readFile(ev.fsys, path.Join(ev.root, ".terraform/modules/modules.json"), ev.lim.FileBytes)
		var doc struct {
			Modules []struct{ Key, Dir string }
		}
		if err == nil && json.Unmarshal(src, &doc) == nil {
			for _, m := range doc.Modules {
				ev.manifest[m.Key] = m.Dir
			}
		}
	}
	key := name
	for p, at := mi.parent, mi; p != nil; p, at = p.parent, p {
		key = at.callName() + "." + key
	}
	dir, ok := ev.manifest[key]
	if !ok || path.IsAbs(dir) {
		return ""
	}
	dir = path.Join(ev.root, dir)
	if dir == ".." || strings.HasPrefix(dir, "../") {
		return ""
	}
	return dir
}

// callName returns the name by which a module instance was called.
func (mi *modInst) callName() string {
	last := strings.TrimPrefix(mi.path, mi.parent.path)
	last = strings.TrimPrefix(strings.TrimPrefix(last, "."), "module.")
	name, _, _ := strings.Cut(last, "[")
	return name
}
