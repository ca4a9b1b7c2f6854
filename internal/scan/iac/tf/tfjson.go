package tf

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// parseJSON reads a .tf.json file into the same syntax tree as HCL: texts are
// templates, and the levels of objects that stand for block labels become
// labels. Within a resource an object stays an attribute, since only the
// provider's schema tells it from a block.
func (cf *configFile) parseJSON(src []byte) {
	doc, err := parseJSON(string(src), fileSegs(cf.name), nil, false)
	if err != nil {
		cf.gap(1, cf.lines, err.Error())
		return
	}
	for _, root := range elements(doc) {
		for _, f := range root.Fields {
			cf.jsonBlock(f.Name, f.Value)
		}
	}
}

var jsonLabels = map[string]int{
	"resource": 2, "data": 2, "ephemeral": 2, "module": 1, "variable": 1, "output": 1, "provider": 1,
	"locals": 0, "terraform": 0,
}

func (cf *configFile) jsonBlock(kind string, n *Node) {
	labels, ok := jsonLabels[kind]
	if !ok {
		return
	}
	cf.jsonLabels(kind, nil, labels, n)
}

func (cf *configFile) jsonLabels(kind string, labels []string, left int, n *Node) {
	for _, e := range elements(n) {
		if e.Kind != Object {
			continue
		}
		if left == 0 {
			cf.body.Blocks = append(cf.body.Blocks, cf.block(kind, labels, e))
			continue
		}
		for _, f := range e.Fields {
			cf.jsonLabels(kind, append(labels[:len(labels):len(labels)], f.Name), left-1, f.Value)
		}
	}
}

// elements returns a list's items, or the node itself.
func elements(n *Node) []*Node {
	if n.Kind == List {
		return n.Items
	}
	return []*Node{n}
}

func (cf *configFile) block(kind string, labels []string, n *Node) *hclsyntax.Block {
	rng := cf.rng(n)
	b := &hclsyntax.Block{Type: kind, Labels: labels, TypeRange: rng, OpenBraceRange: rng, CloseBraceRange: rng}
	b.CloseBraceRange.Start = rng.End
	b.Body = &hclsyntax.Body{Attributes: hclsyntax.Attributes{}, SrcRange: rng, EndRange: rng}
	for _, f := range n.Fields {
		if f.Name == "//" {
			continue
		}
		if cf.nestedBlock(kind, f, b.Body) {
			continue
		}
		b.Body.Attributes[f.Name] = &hclsyntax.Attribute{
			Name: f.Name, Expr: cf.attribute(kind, f), SrcRange: cf.rng(f.Value), NameRange: cf.rng(f.Value), EqualsRange: cf.rng(f.Value),
		}
	}
	return b
}

// nestedBlock handles the members that are blocks in any case.
func (cf *configFile) nestedBlock(kind string, f Field, body *hclsyntax.Body) bool {
	switch {
	case f.Name == "dynamic" && kind != "locals" && f.Value.Kind != String:
		for _, e := range elements(f.Value) {
			for _, d := range e.Fields {
				for _, one := range elements(d.Value) {
					body.Blocks = append(body.Blocks, cf.block("dynamic", []string{d.Name}, one))
				}
			}
		}
		return true
	case kind == "dynamic" && f.Name == "content", kind == "terraform" && f.Name == "required_providers":
		for _, e := range elements(f.Value) {
			body.Blocks = append(body.Blocks, cf.block(f.Name, nil, e))
		}
		return true
	}
	return false
}

func (cf *configFile) attribute(kind string, f Field) hclsyntax.Expression {
	if kind == "variable" && f.Name == "type" && f.Value.Kind == String {
		e, err := parseExprText([]byte(f.Value.Text), cf.name, cf.rng(f.Value).Start, maxTypeNesting)
		if err == nil {
			return e
		}
	}
	return cf.expr(f.Value, kind != "variable")
}

const maxTypeNesting = 100

func (cf *configFile) rng(n *Node) hcl.Range {
	return hcl.Range{
		Filename: cf.name,
		Start:    hcl.Pos{Line: n.Pos.Line, Column: 1},
		End:      hcl.Pos{Line: n.Pos.EndLine, Column: 1},
	}
}

func (cf *configFile) expr(n *Node, templates bool) hclsyntax.Expression {
	rng := cf.rng(n)
	lit := func(v cty.Value) hclsyntax.Expression { return &hclsyntax.LiteralValueExpr{Val: v, SrcRange: rng} }
	switch n.Kind {
	case Bool:
		return lit(cty.BoolVal(n.Bool))
	case Number:
		return lit(cty.NumberVal(n.Number))
	case String:
		if templates && (strings.Contains(n.Text, "${") || strings.Contains(n.Text, "%{")) {
			e, err := parseTemplateText([]byte(n.Text), cf.name, rng.Start, maxJSONDepth)
			if err == nil {
				return e
			}
			cf.gap(n.Pos.Line, n.Pos.EndLine, err.Error())
			return &badExpr{hclsyntax.LiteralValueExpr{Val: cty.DynamicVal, SrcRange: rng}, err.Error()}
		}
		return lit(cty.StringVal(n.Text))
	case List:
		e := &hclsyntax.TupleConsExpr{SrcRange: rng, OpenRange: rng}
		for _, it := range n.Items {
			e.Exprs = append(e.Exprs, cf.expr(it, templates))
		}
		return e
	case Object:
		e := &hclsyntax.ObjectConsExpr{SrcRange: rng, OpenRange: rng}
		for _, f := range n.Fields {
			if f.Name == "//" {
				continue
			}
			key := &Node{Kind: String, Text: f.Name, Pos: f.Value.Pos}
			e.Items = append(e.Items, hclsyntax.ObjectConsItem{
				KeyExpr:   &hclsyntax.ObjectConsKeyExpr{Wrapped: cf.expr(key, templates)},
				ValueExpr: cf.expr(f.Value, templates),
			})
		}
		return e
	}
	return lit(cty.NullVal(cty.DynamicPseudoType))
}

// badExpr stands for an expression that could not be parsed.
type badExpr struct {
	hclsyntax.LiteralValueExpr
	why string
}
