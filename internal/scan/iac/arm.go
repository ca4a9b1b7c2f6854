package iac

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/scan/iac/tf"
)

var armSchema = regexp.MustCompile(`"\$schema"\s*:\s*"[^"]*/(deploymentTemplate|subscriptionDeploymentTemplate|managementGroupDeploymentTemplate|tenantDeploymentTemplate)\.json`)

// isARM reports whether a file's text may be an Azure Resource Manager
// template, also one that Bicep built.
func isARM(data []byte) bool { return armSchema.Match(data) }

// scanARM reads one Azure Resource Manager template.
func (s *Scanner) scanARM(ctx context.Context, data []byte, name string) ([]*bulwark.Asset, []bulwark.Gap) {
	v, err := bulwark.DecodeJSON(stripComments(data), bulwark.DecodeOptions{File: name, Limits: bulwark.Limits{Bytes: maxFileBytes, Depth: 128, Nodes: 1 << 20}})
	if err != nil {
		return nil, []bulwark.Gap{fileGap("ARM template", name, err)}
	}
	silenced := map[string]comments{name: lineSuppressions(data, name, "//", "/*")}
	return s.evaluateARM(ctx, fromValue(v), name, silenced)
}

// evaluateARM turns a template into assets. name is its root; silenced are the
// comments of each file that its values come from.
func (s *Scanner) evaluateARM(ctx context.Context, root *tf.Node, name string, silenced map[string]comments) ([]*bulwark.Asset, []bulwark.Gap) {
	a := newAssembler(s.arm())
	t := &armTemplate{root: root, out: &armOutput{ctx: ctx, m: a.m, suppressions: map[string][]bulwark.Suppression{}}}
	t.resources(root.Get("resources"), armParent{}, 0)
	for _, e := range t.out.own {
		a.add(e)
	}
	for _, r := range t.out.maybe {
		a.conditional(r.address, r.pos)
	}
	a.assemble(t.out.pieces)
	assets, gaps := s.finish(a, name, func(d bulwark.Declaration) []bulwark.Suppression {
		return append(silenced[d.Position.File].within(d.Position), t.out.suppressions[d.Position.String()]...)
	})
	if g, over := t.out.spent.gap("ARM template", name); over {
		gaps = append(gaps, g)
	}
	return assets, append(t.out.gaps, gaps...)
}

// armTemplate is one template under evaluation: the file's, or one nested in it
// with parameters of its own.
type armTemplate struct {
	root   *tf.Node
	given  *tf.Node // values of parameters that a nested template was given
	loops  *armLoop // under evaluation, the innermost first; nil for none
	prefix string   // of the symbols in a module
	out    *armOutput
}

// armLoop is a copy loop in one of its turns.
type armLoop struct {
	name  string
	index int64
	known bool // how often it turns, and so index
	outer *armLoop
}

// turn is the template within one turn of a loop.
func (t *armTemplate) turn(name string, index int64, known bool) *armTemplate {
	in := *t
	in.loops = &armLoop{name, index, known, t.loops}
	return &in
}

// armOutput is what a template and those nested in it make, and the work that
// it took.
type armOutput struct {
	ctx          context.Context
	m            *mapper
	own          []*entry   // resources of a type that has a file
	pieces       []resource // the others, for the mappings
	maybe        []resource // own ones that may not exist
	suppressions map[string][]bulwark.Suppression
	gaps         []bulwark.Gap
	spent        budget
}

// armParent is the resource in which another is nested. Its address is that of
// an asset, or empty.
type armParent struct{ typ, name, address string }

const (
	maxNested = 16  // templates and resources, one in the other
	maxTurns  = 200 // of one resource by a copy loop
)

// resources walks a list of resources, or the map that newer templates have.
func (t *armTemplate) resources(list *tf.Node, parent armParent, depth int) {
	if list == nil {
		return
	}
	if depth > maxNested {
		t.out.gaps = append(t.out.gaps, bulwark.Gap{What: "ARM template", Where: list.Pos.String(), Why: "resources are nested too deep", Position: list.Pos})
		return
	}
	items := slices.Clone(list.Items)
	for _, f := range list.Fields {
		items = append(items, f.Value)
	}
	for _, item := range items {
		if item.Kind == tf.Object && t.out.ctx.Err() == nil {
			t.copies(item, parent, depth)
		}
	}
}

// copies walks a resource once for each turn of its copy loop, or once.
func (t *armTemplate) copies(item *tf.Node, parent armParent, depth int) {
	loop := item.Get("copy")
	if loop == nil || loop.Kind != tf.Object {
		t.resource(item, parent, depth, false)
		return
	}
	n, ok := t.eval(orNull(loop.Get("count")), 0).Int()
	switch {
	case !ok:
		t.resource(item, parent, depth, true)
		return
	case n > maxTurns:
		t.out.gaps = append(t.out.gaps, bulwark.Gap{What: "resource", Where: item.Pos.String(), Why: fmt.Sprintf("%d copies, of which %d are judged", n, maxTurns), Position: item.Pos})
		n = maxTurns
	}
	for i := range n {
		t.turn(scalarText(orNull(loop.Get("name"))), i, true).resource(item, parent, depth, false)
	}
}

func (t *armTemplate) resource(item *tf.Node, parent armParent, depth int, maybe bool) {
	typ := scalarText(orNull(item.Get("type")))
	if typ == "" {
		return
	}
	if c := item.Get("condition"); c != nil {
		v := toBool(t.eval(c, 0))
		if v.Kind == tf.Bool && !v.Bool {
			return
		}
		maybe = maybe || v.Kind != tf.Bool
	}
	if strings.EqualFold(typ, "Microsoft.Resources/deployments") {
		t.nested(item, depth)
		return
	}
	children := item.Get("resources")
	bare := *item
	bare.Fields = slices.DeleteFunc(slices.Clone(item.Fields), func(f tf.Field) bool {
		return f.Name == "resources" || f.Name == "copy" || f.Name == "_symbol"
	})
	body := t.eval(&bare, 0)
	name := textOrSymbols(orNull(body.Get("name")))
	if parent.typ != "" {
		if !strings.HasPrefix(strings.ToLower(typ), strings.ToLower(parent.typ)+"/") {
			typ = parent.typ + "/" + typ
		}
		if !strings.HasPrefix(name, parent.name+"/") {
			name = parent.name + "/" + name
		}
	}
	info := t.out.m.types.folded[strings.ToLower(typ)]
	if info != nil {
		typ = info.ID
	} else {
		typ = t.out.m.resourceFold(typ)
	}
	r := resource{typ: typ, body: body, pos: item.Pos, maybe: maybe}
	t.locate(&r, item, name, parent)
	t.suppress(item)
	inner := armParent{typ: typ, name: name}
	if info != nil {
		inner.address = r.address
		tree := conform(body, info.shape().root, true)
		oldDefaults(info, tree)
		t.out.own = append(t.out.own, &entry{typ: info, address: r.address, alias: typ + "." + last(name), name: name, tree: tree, pos: item.Pos,
			decls: []bulwark.Declaration{r.declared()}})
		if maybe {
			t.out.maybe = append(t.out.maybe, r)
		}
	} else {
		t.out.pieces = append(t.out.pieces, r)
	}
	t.resources(children, inner, depth+1)
}

// locate gives a resource its address, which ends in its name or the symbol by
// which the file calls it, and says whose child it is.
func (t *armTemplate) locate(r *resource, item *tf.Node, name string, parent armParent) {
	r.address = r.typ + "." + last(name)
	if symbol := scalarText(orNull(item.Get("_symbol"))); symbol != "" {
		r.written = r.typ + "." + symbol
		if r.address = t.prefix + r.written; t.loops != nil && item.Get("copy") != nil {
			r.address += fmt.Sprintf("[%d]", t.loops.index)
		}
	}
	switch i := strings.LastIndexByte(name, '/'); {
	case r.body.Get("_parent") != nil: // said by the file
	case parent.address != "":
		p := armSymbol("computed", parent.address, "name")
		p.Pos = item.Pos
		r.body.SetField("_parent", p)
	case i >= 0:
		r.body.SetField("_parent", &tf.Node{Kind: tf.String, Text: name[:i], Pos: item.Pos})
	}
}

// last is the last segment of a name.
func last(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// oldDefaults writes out what absent means in a version of the API that is older
// than the default: a switch that is on since then was off.
func oldDefaults(info *typeInfo, tree *tf.Node) {
	version := scalarText(orNull(tree.Get("apiVersion")))
	if len(version) < len("2006-01-02") {
		return
	}
	for i := range info.Properties {
		p := &info.Properties[i]
		for _, d := range p.Defaults {
			if d.Since == "" || version[:10] >= d.Since || d.Value.Kind() != bulwark.Bool || strings.ContainsAny(p.Path, "[{") {
				continue
			}
			path := parsePath(p.Path)
			if n := pathNode(tree, p.Path); n == nil || n.Kind == tf.Null {
				place(tree, path, &tf.Node{Kind: tf.Bool, Bool: !d.Value.Bool(), Pos: tree.Pos})
			}
		}
	}
}

// nested walks the template of a deployment. Its expressions see the outer
// template's parameters and variables unless it says otherwise.
func (t *armTemplate) nested(item *tf.Node, depth int) {
	props := item.Get("properties")
	inner := props.Get("template")
	if inner == nil {
		if link := props.At("templateLink"); link != nil {
			t.out.gaps = append(t.out.gaps, bulwark.Gap{What: "module", Where: item.Pos.String(), Why: "a linked template is not part of this file", Position: item.Pos})
		}
		return
	}
	if strings.EqualFold(scalarText(orNull(props.At("expressionEvaluationOptions", "scope"))), "inner") {
		n := &armTemplate{root: inner, given: &tf.Node{Kind: tf.Object}, prefix: t.prefix, out: t.out}
		if symbol := scalarText(orNull(item.Get("_symbol"))); symbol != "" {
			n.prefix += "module." + symbol
			if t.loops != nil && item.Get("copy") != nil {
				n.prefix += fmt.Sprintf("[%d]", t.loops.index)
			}
			n.prefix += "."
		}
		if given := props.Get("parameters"); given != nil && given.Kind == tf.Object {
			n.given = t.eval(given, 0)
		}
		n.resources(inner.Get("resources"), armParent{}, depth+1)
		return
	}
	t.resources(inner.Get("resources"), armParent{}, depth+1)
}

// suppress reads the skips that tools keep in a resource's metadata.
func (t *armTemplate) suppress(item *tf.Node) {
	skip := item.Get("metadata").Get("checkov").Get("skip")
	if skip == nil {
		return
	}
	for _, s := range skip.Items {
		at := item.Pos.String()
		t.out.suppressions[at] = append(t.out.suppressions[at], bulwark.Suppression{Tool: "checkov", ID: scalarText(orNull(s.Get("id"))),
			Reason: scalarText(orNull(s.Get("comment"))), Position: s.Pos})
	}
}

func orNull(n *tf.Node) *tf.Node {
	if n == nil {
		return &tf.Node{Kind: tf.Null}
	}
	return n
}

// textOrSymbols is a text as an address shows it.
func textOrSymbols(n *tf.Node) string {
	switch n.Kind {
	case tf.String:
		return n.Text
	case tf.Symbolic:
		if s := n.Symbol(); s != nil {
			return s.Attribute
		}
		return n.Text
	}
	return scalarText(n)
}

// eval returns a copy of a node with its expressions evaluated.
func (t *armTemplate) eval(n *tf.Node, depth int) *tf.Node {
	if !t.out.spent.step() || depth > 64 {
		return tooLarge(n.Pos)
	}
	switch n.Kind {
	case tf.String:
		return t.text(n, depth)
	case tf.List:
		c := *n
		c.Items = nil
		for _, item := range n.Items {
			c.Items = append(c.Items, t.eval(item, depth+1))
		}
		return &c
	case tf.Object:
		if loop := n.Get("$copy"); loop != nil && len(n.Fields) == 1 {
			return t.list(loop, depth+1)
		}
		c := tf.Node{Kind: tf.Object, Pos: n.Pos, Open: n.Open}
		for _, f := range n.Fields {
			if f.Name == "copy" && f.Value.Kind == tf.List {
				t.properties(&c, f.Value, depth+1)
				continue
			}
			c.Fields = append(c.Fields, tf.Field{Name: f.Name, Value: t.eval(f.Value, depth+1)})
		}
		return &c
	}
	return n
}

// text evaluates a text that is an expression; [[ stands for a bracket.
func (t *armTemplate) text(n *tf.Node, depth int) *tf.Node {
	s := n.Text
	switch {
	case strings.HasPrefix(s, "[["):
		return &tf.Node{Kind: tf.String, Text: s[1:], Pos: n.Pos}
	case len(s) < 3 || s[0] != '[' || s[len(s)-1] != ']':
		return n
	case len(s) > maxExpression:
		return tooLarge(n.Pos)
	}
	p := &armParser{text: s[1 : len(s)-1], t: t, depth: depth}
	out := p.expression()
	if p.err != nil || strings.TrimSpace(p.text[p.at:]) != "" {
		out = &tf.Node{Kind: tf.Unknown, Reason: fmt.Sprintf("expression %.80s is not understood", s)}
	}
	c := *t.out.spent.text(out)
	c.Pos = n.Pos
	return &c
}

// maxExpression bounds one expression; Azure itself takes 24,576 characters.
const maxExpression = 32 << 10

// properties evaluates the loops that a list called copy has: each makes a
// property, a list of what its input is in each turn.
func (t *armTemplate) properties(dst *tf.Node, loops *tf.Node, depth int) {
	for _, loop := range loops.Items {
		name := scalarText(orNull(loop.Get("name")))
		if name == "" || loop.Get("input") == nil {
			continue
		}
		dst.Fields = append(dst.Fields, tf.Field{Name: name, Value: t.list(loop, depth)})
	}
}

// list is what a loop's input is in each of its turns.
func (t *armTemplate) list(loop *tf.Node, depth int) *tf.Node {
	list := &tf.Node{Kind: tf.List, Pos: loop.Pos}
	n, ok := t.eval(orNull(loop.Get("count")), depth).Int()
	if list.Open = !ok || n > maxTurns; list.Open {
		n = min(max(n, 1), maxTurns)
	}
	for i := range n {
		list.Items = append(list.Items, t.turn(scalarText(orNull(loop.Get("name"))), i, ok).eval(orNull(loop.Get("input")), depth+1))
	}
	return list
}

// parameter returns the value that a parameter was given, its default, or the
// symbol of an input.
func (t *armTemplate) parameter(name string, depth int) *tf.Node {
	if g := memberFold(t.given, name); g != nil {
		if v := g.Get("value"); v != nil {
			return v
		}
		return armSymbol("input", "parameters", name) // a reference to a vault
	}
	p := memberFold(t.root.Get("parameters"), name)
	if p != nil {
		if d := p.Get("defaultValue"); d != nil {
			return t.eval(d, depth+1)
		}
	}
	return armSymbol("input", "parameters", name)
}

func (t *armTemplate) variable(name string, depth int) *tf.Node {
	if v := memberFold(t.root.Get("variables"), name); v != nil {
		return t.eval(v, depth+1)
	}
	return armSymbol("undeclared", "variables", name)
}

// memberFold finds a member by name regardless of case, as ARM does.
func memberFold(n *tf.Node, name string) *tf.Node {
	if n == nil {
		return nil
	}
	for _, f := range n.Fields {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return nil
}

func armSymbol(kind, address, attribute string) *tf.Node {
	s := &bulwark.Symbol{Kind: kind, Address: address, Attribute: attribute}
	parts := []bulwark.Part{{Symbol: s}}
	return &tf.Node{Kind: tf.Symbolic, Parts: parts, Text: symbolicText(parts)}
}

// stripComments blanks // and /* */ comments, which ARM allows, keeping lines.
func stripComments(data []byte) []byte {
	out := make([]byte, len(data))
	copy(out, data)
	for i := 0; i < len(out); i++ {
		switch {
		case out[i] == '"':
			for i++; i < len(out) && out[i] != '"'; i++ {
				if out[i] == '\\' {
					i++
				}
			}
		case out[i] == '/' && i+1 < len(out) && out[i+1] == '/':
			for ; i < len(out) && out[i] != '\n'; i++ {
				out[i] = ' '
			}
		case out[i] == '/' && i+1 < len(out) && out[i+1] == '*':
			for ; i < len(out); i++ {
				end := out[i] == '/' && i > 0 && data[i-1] == '*'
				if out[i] != '\n' {
					out[i] = ' '
				}
				if end {
					break
				}
			}
		}
	}
	return out
}
