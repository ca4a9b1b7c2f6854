package iac

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/scan/iac/tf"
)

var armSchema = regexp.MustCompile(`"\$schema"\s*:\s*"[^"]*/(deploymentTemplate|subscriptionDeploymentTemplate|managementGroupDeploymentTemplate|tenantDeploymentTemplate)\.json`)

// isARM reports whether a file's text may be an Azure Resource Manager
// template, also one that Bicep built.
func isARM(data []byte) bool { return armSchema.Match(data) }

// scanARM reads one Azure Resource Manager template.
func (s *Scanner) scanARM(data []byte, name string) ([]*bulwark.Asset, []bulwark.Gap) {
	v, err := bulwark.DecodeJSON(stripComments(data), bulwark.DecodeOptions{File: name, Limits: bulwark.Limits{Bytes: maxSniff, Depth: 128, Nodes: 1 << 20}})
	if err != nil {
		return nil, []bulwark.Gap{{What: "ARM template", Where: name, Why: err.Error(), Position: bulwark.Position{File: name}}}
	}
	t := &armTemplate{root: fromValue(v), types: s.arm}
	t.resources(t.root.Get("resources"), "", "", 0)
	a := newAssembler(s.arm)
	for _, r := range t.own {
		a.add(r)
	}
	a.assemble(t.pieces)
	return s.finish(a, name, func(d bulwark.Declaration) []bulwark.Suppression { return nil })
}

// armTemplate is one template under evaluation.
type armTemplate struct {
	root   *tf.Node
	types  *mapper
	own    []*entry   // resources of a type that has a file
	pieces []resource // the others, for the mappings
	steps  int
}

const maxARMSteps = 1 << 20

// resources walks a list of resources, or the map that newer templates have.
func (t *armTemplate) resources(list *tf.Node, parentType, parentName string, depth int) {
	if list == nil || depth > 16 {
		return
	}
	items := list.Items
	for _, f := range list.Fields {
		items = append(items, f.Value)
	}
	for _, item := range items {
		if item.Kind == tf.Object {
			t.resource(item, parentType, parentName, depth)
		}
	}
}

func (t *armTemplate) resource(item *tf.Node, parentType, parentName string, depth int) {
	typ := scalarText(orNull(item.Get("type")))
	if typ == "" {
		return
	}
	children := item.Get("resources")
	body := t.eval(item, 0)
	body.Delete("resources")
	name := textOrSymbols(orNull(body.Get("name")))
	if parentType != "" {
		if !strings.HasPrefix(strings.ToLower(typ), strings.ToLower(parentType)+"/") {
			typ = parentType + "/" + typ
		}
		if !strings.HasPrefix(name, parentName+"/") {
			name = parentName + "/" + name
		}
	}
	if typ == "Microsoft.Resources/deployments" {
		if inner := item.Get("properties").Get("template"); inner != nil {
			nested := &armTemplate{root: inner, types: t.types}
			nested.resources(inner.Get("resources"), "", "", depth+1)
			t.own, t.pieces = append(t.own, nested.own...), append(t.pieces, nested.pieces...)
		}
		return
	}
	address := typ + "." + name
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		body.SetField("_parent", &tf.Node{Kind: tf.String, Text: name[:i], Pos: item.Pos})
		address = typ + "." + name[i+1:]
	}
	if info := t.types.fold(typ); info != nil {
		t.own = append(t.own, &entry{typ: info, address: address, name: name, tree: body, pos: item.Pos,
			decls: []bulwark.Declaration{{Address: address, Position: item.Pos}}})
	} else {
		t.pieces = append(t.pieces, resource{typ: t.types.resourceFold(typ), address: address, body: body, pos: item.Pos})
	}
	t.resources(children, typ, name, depth+1)
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
	if t.steps++; t.steps > maxARMSteps || depth > 64 {
		return &tf.Node{Kind: tf.Unknown, Reason: "the template is too large to evaluate", Pos: n.Pos}
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
		c := tf.Node{Kind: tf.Object, Pos: n.Pos}
		for _, f := range n.Fields {
			c.SetField(f.Name, t.eval(f.Value, depth+1))
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
	}
	p := &armParser{text: s[1 : len(s)-1], t: t, depth: depth}
	out := p.expression()
	if p.err != nil || strings.TrimSpace(p.text[p.at:]) != "" {
		out = &tf.Node{Kind: tf.Unknown, Reason: fmt.Sprintf("expression %.80s is not understood", s)}
	}
	c := *out
	c.Pos = n.Pos
	return &c
}

// parameter returns the default of a parameter, or the symbol of an input.
func (t *armTemplate) parameter(name string, depth int) *tf.Node {
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
