package tf

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// state reads a state file of version 4.
func (p *planReader) state() {
	if v, ok := p.doc.Get("version").Int(); !ok || v != 4 {
		p.gap("file", p.doc.Get("version").Pos, "only state files of version 4 are read")
		return
	}
	for _, r := range p.doc.items("resources") {
		if p.ctx.Err() != nil {
			return
		}
		for i, inst := range r.items("instances") {
			p.instance(r, inst, i)
		}
	}
}

func (p *planReader) instance(r, inst *Node, i int) {
	if len(p.res.Resources) >= p.lim.Resources {
		return
	}
	if inst.Get("deposed") != nil {
		return // what is left of an instance that was replaced
	}
	body := inst.Get("attributes")
	if body == nil || body.Kind != Object {
		p.gap("resource", inst.Pos, fmt.Sprintf("%s: instance %d has no attributes", joinAddress(r.text("module"), r.text("type")+"."+r.text("name")), i))
		return
	}
	out := &Resource{
		Module: r.text("module"), Mode: Mode(r.text("mode")), Type: r.text("type"), Name: r.text("name"),
		Key: indexKey(inst.Get("index_key")), Pos: inst.Pos, Body: body,
	}
	local := out.Type + "." + out.Name
	if out.Mode == Data {
		local = "data." + local
	}
	out.Address = joinAddress(out.Module, local)
	switch k := inst.Get("index_key"); {
	case k == nil || k.Kind == Null:
	case k.Kind == Number:
		out.Address += "[" + out.Key + "]"
	default:
		out.Address += "[" + strconv.Quote(out.Key) + "]"
	}
	key, source := stateProvider(r.text("provider"))
	out.Provider = p.provider(key, source)
	out.Pos.Via = modulePath(out.Module)
	body.Walk(func(_ string, n *Node) bool {
		n.Pos.Via = out.Pos.Via
		return true
	})
	for _, d := range inst.items("dependencies") {
		body.Refs = append(body.Refs, knownText(d))
	}
	sort.Strings(body.Refs)
	body.Refs = slices.Compact(body.Refs)
	p.res.Resources = append(p.res.Resources, out)
}

// stateProvider reads module.a.provider["registry.terraform.io/hashicorp/aws"].west.
func stateProvider(s string) (key, source string) {
	i := strings.Index(s, `provider["`)
	if i < 0 {
		return "", ""
	}
	module := strings.TrimSuffix(s[:i], ".")
	source, rest, _ := strings.Cut(s[i+len(`provider["`):], `"]`)
	name := source[strings.LastIndexByte(source, '/')+1:]
	return joinAddress(module, name+rest), source
}

// providerConfigs reads the provider configurations of a plan.
func (p *planReader) providerConfigs(n *Node) {
	if n == nil || n.Kind != Object {
		return
	}
	for _, f := range n.sortedFields() {
		c := f.Value
		scope := strings.Replace(f.Name, ":", ".", 1)
		pr := &Provider{Name: c.text("name"), Alias: c.text("alias"), Scope: scope, Source: c.text("full_name"), Pos: c.Pos}
		e := c.Get("expressions")
		pr.Region = p.constant(e.Get("region"))
		for _, name := range []string{"subscription_id", "project"} {
			if s := p.constant(e.Get(name)); s != "" && pr.Account == "" {
				pr.Account = s
			}
		}
		if l := e.Get("allowed_account_ids").Get("constant_value"); l != nil && len(l.Items) == 1 && pr.Account == "" {
			pr.Account = knownText(l.Items[0])
		}
		if roles := e.items("assume_role"); len(roles) == 1 && pr.Account == "" {
			if arn := strings.Split(p.constant(roles[0].Get("role_arn")), ":"); len(arn) >= 6 {
				pr.Account = arn[4]
			}
		}
		p.providers[scope] = pr
	}
}

// constant returns the text of an expression that is one, or that is a variable
// with a value in the plan.
func (p *planReader) constant(e *Node) string {
	if s := knownText(e.Get("constant_value")); s != "" {
		return s
	}
	if refs := e.items("references"); len(refs) == 1 {
		if name, ok := strings.CutPrefix(knownText(refs[0]), "var."); ok {
			return knownText(p.doc.Get("variables").Get(name).Get("value"))
		}
	}
	return ""
}

// provider returns the scope of a resource by its configuration's key, else by
// the provider's name.
func (p *planReader) provider(key, source string) *Provider {
	if key == "" {
		key = source[strings.LastIndexByte(source, '/')+1:]
	}
	scope := strings.Replace(key, ":", ".", 1)
	if pr := p.providers[scope]; pr != nil {
		return pr
	}
	last := scope
	if i := strings.LastIndex(scope, "module."); i >= 0 {
		_, last, _ = strings.Cut(scope[i+len("module."):], ".")
	}
	name, alias, _ := strings.Cut(last, ".")
	pr := &Provider{Name: name, Alias: alias, Scope: scope, Source: source, Implied: true}
	p.providers[scope] = pr
	return pr
}

func (p *planReader) finish() {
	for _, pr := range p.providers {
		p.res.Providers = append(p.res.Providers, pr)
	}
	sort.Slice(p.res.Providers, func(i, j int) bool { return p.res.Providers[i].Scope < p.res.Providers[j].Scope })
	if len(p.res.Resources) >= p.lim.Resources {
		p.gap("resource", p.doc.Pos, fmt.Sprintf("there are more than %d resources; the rest is not looked at", p.lim.Resources))
	}
}
