package tf

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// IsPlan reports whether a file's beginning looks like a plan or state in JSON:
// what ReadPlan reads.
func IsPlan(head []byte) bool {
	head = head[:min(len(head), 4096)]
	t := bytes.TrimLeft(head, " \t\r\n\ufeff")
	if len(t) == 0 || t[0] != '{' {
		return false
	}
	has := func(s string) bool { return bytes.Contains(t, []byte(s)) }
	return has(`"terraform_version"`) && (has(`"format_version"`) || has(`"lineage"`) || has(`"serial"`))
}

// ReadPlan reads what terraform show -json prints of a plan or a state, or a
// state file of version 4. file is the name that positions get. Values that are
// known only after apply are symbols where they are the resource's own, and
// unknown, with their references, where they are taken from others. The error
// is of kind bulwark.ErrInvalid for what is none of the three, or too large.
func ReadPlan(ctx context.Context, data []byte, file string, lim Limits) (*Result, error) {
	lim = lim.orDefault()
	if int64(len(data)) > lim.PlanBytes {
		return nil, fmt.Errorf("tf: read %s: %w: larger than %d bytes", file, bulwark.ErrInvalid, lim.PlanBytes)
	}
	r := &jsonReader{src: string(scrub(bytes.TrimPrefix(data, []byte("\ufeff")))), limit: lim.Nodes}
	r.lines = newLiner(r.src, fileSegs(file))
	doc, err := r.document()
	if err != nil {
		return nil, fmt.Errorf("tf: read %s: %w: %w", file, bulwark.ErrInvalid, err)
	}
	p := &planReader{
		ctx: ctx, doc: doc, lim: lim, providers: map[string]*Provider{}, configs: map[string]*Node{},
		changes: map[string]*Node{}, seen: map[string]bool{},
		res: &Result{Root: file, Files: []string{file}, Lines: strings.Count(r.src, "\n") + 1},
	}
	switch {
	case doc.Get("planned_values").Get("root_module") != nil:
		p.plan()
	case doc.Get("values").Get("root_module") != nil:
		p.module(doc.Get("values").Get("root_module"), nil)
	case doc.Get("version") != nil && doc.Get("resources") != nil:
		p.state()
	case doc.Get("format_version") != nil && doc.Get("values") == nil && doc.Get("planned_values") == nil:
		// an empty state
	default:
		return nil, fmt.Errorf("tf: read %s: %w: neither a plan nor a state", file, bulwark.ErrInvalid)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("tf: read %s: %w", file, err)
	}
	p.finish()
	return p.res, nil
}

// planReader turns one document into a result.
type planReader struct {
	ctx       context.Context
	doc       *Node
	lim       Limits
	res       *Result
	providers map[string]*Provider
	configs   map[string]*Node // address without instance keys → configuration of the resource
	changes   map[string]*Node // address → its change
	seen      map[string]bool
	resolved  int // expressions resolved
}

func (n *Node) text(name string) string { return knownText(n.Get(name)) }

func (n *Node) items(name string) []*Node {
	if l := n.Get(name); l != nil && l.Kind == List {
		return l.Items
	}
	return nil
}

func (p *planReader) plan() {
	p.providerConfigs(p.doc.Get("configuration").Get("provider_config"))
	p.indexConfig(p.doc.Get("configuration").Get("root_module"), "", 0)
	for _, c := range p.doc.items("resource_changes") {
		p.changes[c.text("address")] = c.Get("change")
	}
	p.module(p.doc.Get("planned_values").Get("root_module"), nil)
	p.dataOnly(p.doc.Get("prior_state").Get("values").Get("root_module"))
}

// dataOnly adds the data sources that were read while planning.
func (p *planReader) dataOnly(root *Node) {
	if root == nil {
		return
	}
	var walk func(m *Node, depth int)
	walk = func(m *Node, depth int) {
		for _, r := range m.items("resources") {
			if r.text("mode") == string(Data) && !p.seen[r.text("address")] {
				p.resource(r, m.text("address"))
			}
		}
		for _, c := range m.items("child_modules") {
			if depth < p.lim.ModuleDepth {
				walk(c, depth+1)
			}
		}
	}
	walk(root, 0)
}

// module adds the resources of a module and those below it.
func (p *planReader) module(m *Node, above []string) {
	if p.ctx.Err() != nil {
		return
	}
	for _, r := range m.items("resources") {
		p.resource(r, m.text("address"))
	}
	for _, c := range m.items("child_modules") {
		if len(above) >= p.lim.ModuleDepth {
			p.gap("module", c.Pos, fmt.Sprintf("modules are nested deeper than %d", p.lim.ModuleDepth))
			return
		}
		p.module(c, append(above, c.text("address")))
	}
}

func (p *planReader) gap(what string, at bulwark.Position, why string) {
	p.res.Gaps = append(p.res.Gaps, bulwark.Gap{What: what, Where: where(at), Why: why, Position: at})
}

// modulePath returns the chain of module instances in an address, outermost
// first: module.a, module.a.module.b["x"].
func modulePath(module string) []string {
	var out []string
	depth := 0
	for i := 0; i <= len(module); i++ {
		switch {
		case i == len(module) && i > 0, i < len(module) && depth == 0 && strings.HasPrefix(module[i:], ".module."):
			out = append(out, module[:i])
		case module[i:] == "":
		case module[i] == '[':
			depth++
		case module[i] == ']':
			depth--
		}
	}
	return out
}

func (p *planReader) resource(r *Node, module string) {
	address, values := r.text("address"), r.Get("values")
	if address == "" || values == nil || values.Kind != Object && values.Kind != Null {
		p.gap("resource", r.Pos, "a resource without address or values")
		return
	}
	if len(p.res.Resources) >= p.lim.Resources {
		return
	}
	p.seen[address] = true
	out := &Resource{
		Address: address, Module: module, Mode: Mode(r.text("mode")), Type: r.text("type"), Name: r.text("name"),
		Pos: r.Pos, Key: indexKey(r.Get("index")),
	}
	config := p.configs[withoutKeys(address)]
	out.Provider = p.provider(config.text("provider_config_key"), r.text("provider_name"))
	body := values
	if values.Kind == Null {
		body = &Node{Kind: Object, Pos: values.Pos}
	}
	out.Pos.Via = modulePath(module)
	body.Walk(func(_ string, n *Node) bool {
		n.Pos.Via = out.Pos.Via
		return true
	})
	if c := p.changes[address]; c != nil {
		p.unknowns(body, c.Get("after_unknown"), out, "")
	}
	p.references(body, config.Get("expressions"), module)
	out.Body = body
	p.res.Resources = append(p.res.Resources, out)
}

func indexKey(n *Node) string {
	switch {
	case n == nil:
		return ""
	case n.Kind == Number:
		return formatNumber(n.Number)
	}
	return n.Text
}

// unknowns adds what will be known only after apply: true in after_unknown
// stands for a value that is missing in values, or null.
func (p *planReader) unknowns(body, after *Node, r *Resource, path string) {
	if after == nil {
		return
	}
	switch after.Kind {
	case Object:
		for _, f := range after.Fields {
			at := strings.TrimPrefix(path+"."+f.Name, ".")
			child := body.Get(f.Name)
			if isTrue(f.Value) {
				if child == nil || child.Kind == Null {
					body.SetField(f.Name, p.later(r, at, body.Pos))
				}
				continue
			}
			if child != nil {
				p.unknowns(child, f.Value, r, at)
			}
		}
	case List:
		for i, a := range after.Items {
			at := fmt.Sprintf("%s[%d]", path, i)
			for body.Kind == List && isTrue(a) && len(body.Items) <= i {
				body.Items = append(body.Items, p.later(r, at, body.Pos))
			}
			if body.Kind != List || i >= len(body.Items) {
				continue
			}
			if isTrue(a) {
				body.Items[i] = p.later(r, at, body.Pos)
			} else {
				p.unknowns(body.Items[i], a, r, at)
			}
		}
	}
}

func isTrue(n *Node) bool { return n.Kind == Bool && n.Bool }

// later is a value that the resource will have.
func (p *planReader) later(r *Resource, path string, at bulwark.Position) *Node {
	s := bulwark.Symbol{Kind: SymComputed, Scope: r.Provider.Scope, Address: r.Address, Attribute: path}
	if r.Mode == Data {
		s.Kind = SymData
	}
	n := &Node{Kind: Symbolic, Parts: []bulwark.Part{{Symbol: &s}}, Pos: at}
	if sh, ok := shapeOf(s); ok {
		n.Parts = sh.around(n.Parts)
	}
	n.Text = renderParts(n.Parts)
	return n
}

// references notes on values what the configuration's expressions refer to. A
// value to come that is taken from elsewhere is not the resource's own: it is
// unknown, or that other one's attribute where the expression can be no more.
func (p *planReader) references(body, exprs *Node, module string) {
	if exprs == nil || body == nil || exprs.Kind != Object {
		return
	}
	for _, f := range exprs.Fields {
		v := body.Get(f.Name)
		if v == nil {
			continue
		}
		if f.Value.Kind == List { // nested blocks
			if v.Kind == List {
				v.Block = true
				for i, b := range f.Value.Items {
					if i < len(v.Items) && len(v.Items) == len(f.Value.Items) {
						v.Items[i].Block = v.Items[i].Kind == Object
						p.references(v.Items[i], b, module)
					}
				}
			}
			continue
		}
		if f.Value.Get("references") == nil {
			if f.Value.Get("constant_value") == nil && v.Kind == Object {
				p.references(v, f.Value, module)
			}
			continue
		}
		refs := p.resolve(f.Value, module, 0)
		v.Refs = refs
		if v.Symbol() != nil {
			pos := v.Pos
			*v = Node{Kind: Unknown, Reason: "it is known only after apply", Pos: pos, Refs: refs}
		}
	}
}

// resolve returns the resource attributes that an expression refers to, through
// the variables and outputs of modules, as absolute addresses.
func (p *planReader) resolve(expr *Node, module string, depth int) []string {
	if p.resolved++; depth > 16 || p.resolved > 10*p.lim.Nodes {
		return nil
	}
	var out []string
	var last string
	for _, it := range expr.items("references") {
		ref := knownText(it)
		if ref == "" || strings.HasPrefix(last, ref+".") || strings.HasPrefix(last, ref+"[") {
			continue // each reference is followed by its own prefixes
		}
		last = ref
		f := strings.SplitN(ref, ".", 4)
		switch {
		case len(f) < 2 || len(out) > maxRefs:
		case f[0] == "var":
			if i := strings.LastIndex(module, "module."); i >= 0 {
				parent := strings.TrimSuffix(module[:i], ".")
				call := p.call(module)
				out = append(out, p.resolve(call.Get("expressions").Get(f[1]), parent, depth+1)...)
			}
		case f[0] == "module" && len(f) > 2:
			inner := joinAddress(module, "module."+f[1])
			name, _, _ := strings.Cut(f[2], "[")
			call := p.call(inner)
			out = append(out, p.resolve(call.Get("module").Get("outputs").Get(name).Get("expression"), inner, depth+1)...)
		case f[0] == "local" || f[0] == "each" || f[0] == "count" || f[0] == "path" || f[0] == "terraform" || f[0] == "self":
		default:
			out = append(out, joinAddress(module, ref))
		}
	}
	return sortedCopy(out)
}

// call returns the configuration of the module call that made an instance.
func (p *planReader) call(module string) *Node {
	n := p.doc.Get("configuration").Get("root_module")
	var call *Node
	for _, part := range strings.Split("."+withoutKeys(module), ".module.") {
		if part == "" {
			continue
		}
		if call != nil {
			n = call.Get("module")
		}
		call = n.Get("module_calls").Get(part)
	}
	return call
}

// withoutKeys drops the instance keys of an address.
func withoutKeys(address string) string {
	if !strings.Contains(address, "[") {
		return address
	}
	var b strings.Builder
	quoted, depth := false, 0
	for i := 0; i < len(address); i++ {
		switch c := address[i]; {
		case depth > 0 && c == '\\' && quoted:
			i++
		case depth > 0 && c == '"':
			quoted = !quoted
		case quoted:
		case c == '[':
			depth++
		case c == ']':
			depth--
		case depth == 0:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// indexConfig lists the configuration of every resource by address, and the
// module calls.
func (p *planReader) indexConfig(m *Node, path string, depth int) {
	if m == nil || depth > p.lim.ModuleDepth {
		return
	}
	for _, r := range m.items("resources") {
		p.configs[joinAddress(path, r.text("address"))] = r
	}
	calls := m.Get("module_calls")
	if calls == nil || calls.Kind != Object {
		return
	}
	for _, c := range calls.sortedFields() {
		addr := joinAddress(path, "module."+c.Name)
		pos := c.Value.Pos
		p.res.Modules = append(p.res.Modules, ModuleCall{Address: addr, Source: c.Value.text("source"), Pos: pos})
		p.indexConfig(c.Value.Get("module"), addr, depth+1)
	}
}
