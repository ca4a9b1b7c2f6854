package iac

import (
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/scan/iac/tf"
)

// convert applies an attribute mapping's conversions to a value.
func (m *mapper) convert(a *attribute, n *tf.Node) *tf.Node {
	switch {
	case a.JSON:
		return document(n, tf.ParseJSONString, "the text is no JSON document")
	case a.YAML:
		return document(n, tf.ParseYAMLString, "the text is neither a YAML nor a JSON document")
	}
	if n.Kind == tf.List && n.Block && !a.isList && len(n.Items) > 0 {
		n = n.Items[0]
	}
	if len(a.Enum) > 0 {
		if to, ok := a.Enum[scalarText(n)]; ok {
			n = &tf.Node{Kind: tf.String, Text: to, Pos: n.Pos, Refs: n.Refs}
		}
	}
	if a.Negate && n.Kind != tf.Unknown {
		b := toBool(n)
		if b.Kind == tf.Bool {
			b.Bool = !b.Bool
		}
		n = b
	}
	if a.Pairs != "" && n.Kind == tf.Object {
		n = pairs(n, a.Pairs)
	}
	if a.Normal == "protocol" {
		n = normalProtocol(n)
	}
	return toKind(a, n)
}

// document is what a text holds; what is no text stays as it is.
func document(n *tf.Node, parse func(*tf.Node) (*tf.Node, bool), why string) *tf.Node {
	if doc, ok := parse(n); ok {
		doc.Refs = n.Refs
		return doc
	}
	switch {
	case n.Symbol() != nil:
		return &tf.Node{Kind: tf.Unknown, Reason: reasonOf(n), Pos: n.Pos, Refs: n.Refs}
	case n.Kind == tf.String || n.Kind == tf.Symbolic:
		return &tf.Node{Kind: tf.Unknown, Reason: why, Pos: n.Pos, Refs: n.Refs}
	}
	return n
}

// pairs turns a map into a list of {key, value} objects.
func pairs(n *tf.Node, names string) *tf.Node {
	key, value, _ := strings.Cut(names, "/")
	out := &tf.Node{Kind: tf.List, Pos: n.Pos, Refs: n.Refs, Open: n.Open}
	for _, f := range n.Fields {
		out.Items = append(out.Items, &tf.Node{Kind: tf.Object, Pos: f.Value.Pos, Fields: []tf.Field{
			{Name: key, Value: &tf.Node{Kind: tf.String, Text: f.Name, Pos: f.Value.Pos}}, {Name: value, Value: f.Value},
		}})
	}
	return out
}

// normalProtocol writes IP protocols one way: -1 for all, names in lower case.
func normalProtocol(n *tf.Node) *tf.Node {
	names := map[string]string{"all": "-1", "-1": "-1", "6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}
	text := strings.ToLower(scalarText(n))
	if to, ok := names[text]; ok {
		text = to
	}
	if text == "" {
		return n
	}
	return &tf.Node{Kind: tf.String, Text: text, Pos: n.Pos, Refs: n.Refs}
}

// scalarText is a known scalar as Terraform writes it in a text, else "".
func scalarText(n *tf.Node) string {
	switch n.Kind {
	case tf.String:
		return n.Text
	case tf.Bool:
		if n.Bool {
			return "true"
		}
		return "false"
	case tf.Number:
		if e := n.Number.MantExp(nil); e > 4096 || e < -4096 { // never a text of a billion digits
			return n.Number.Text('g', -1)
		}
		return n.Number.Text('f', -1)
	}
	return ""
}

func toBool(n *tf.Node) *tf.Node {
	switch strings.ToLower(scalarText(n)) {
	case "true", "1":
		return &tf.Node{Kind: tf.Bool, Bool: true, Pos: n.Pos, Refs: n.Refs}
	case "false", "0":
		return &tf.Node{Kind: tf.Bool, Pos: n.Pos, Refs: n.Refs}
	}
	why := "neither true nor false"
	if n.Kind == tf.Unknown || n.Symbol() != nil {
		why = reasonOf(n)
	}
	return &tf.Node{Kind: tf.Unknown, Reason: why, Pos: n.Pos, Refs: n.Refs}
}

// toKind gives a scalar the kind that the property has, as Terraform converts
// between texts, numbers and booleans, and makes a lone scalar a list where a
// list is wanted.
func toKind(a *attribute, n *tf.Node) *tf.Node {
	free := a.prop != nil && strings.HasSuffix(a.prop.Path, "{}")
	if n.Symbol() != nil && (a.isList || free) {
		return &tf.Node{Kind: tf.Unknown, Reason: reasonOf(n), Pos: n.Pos, Refs: n.Refs}
	}
	if a.isList && n.Kind != tf.List && n.Kind != tf.Unknown && n.Kind != tf.Object {
		n = &tf.Node{Kind: tf.List, Items: []*tf.Node{n}, Pos: n.Pos, Refs: n.Refs}
	}
	switch {
	case a.prop == nil:
		return n
	case n.Kind == tf.List && a.isList:
		for i, item := range n.Items {
			n.Items[i] = toScalarKind(a.prop, item)
		}
		return n
	case n.Kind == tf.Object && free:
		for i, f := range n.Fields {
			n.Fields[i].Value = toScalarKind(a.prop, f.Value)
		}
		return n
	}
	return toScalarKind(a.prop, n)
}

// toScalarKind converts one scalar to the kind of a property; a symbol cannot
// stand for a number or boolean, and an empty list is no text. All else stays
// as it is.
func toScalarKind(p *bulwark.Property, n *tf.Node) *tf.Node {
	if n.Symbol() != nil && p.Kind != bulwark.KindString && p.Kind != bulwark.KindAny {
		return &tf.Node{Kind: tf.Unknown, Reason: reasonOf(n), Pos: n.Pos, Refs: n.Refs}
	}
	switch p.Kind {
	case bulwark.KindBoolean:
		if n.Kind == tf.String || n.Kind == tf.Number {
			return toBool(n)
		}
	case bulwark.KindInteger, bulwark.KindNumber:
		if n.Kind == tf.String {
			if f, ok := n.Float(); ok {
				return numberNode(f, n)
			}
		}
	case bulwark.KindString:
		if n.Kind == tf.List && len(n.Items) == 0 && !n.Open { // holds no text
			return &tf.Node{Kind: tf.Null, Pos: n.Pos, Refs: n.Refs}
		}
		if n.Kind == tf.Bool || n.Kind == tf.Number {
			return &tf.Node{Kind: tf.String, Text: scalarText(n), Pos: n.Pos, Refs: n.Refs}
		}
	}
	return n
}

// conform gives what a template writes in the provider's own schema the kinds
// that the type lists: a number that stands in quotes, one element where a list
// is wanted. Where fold is set, names and the words of enumerations are found
// regardless of case.
func conform(n *tf.Node, p *propNode, fold bool) *tf.Node {
	if p == nil {
		return n
	}
	if p.list && n.Kind != tf.List && n.Kind != tf.Unknown && n.Kind != tf.Null {
		if n.Symbol() != nil {
			return &tf.Node{Kind: tf.Unknown, Reason: reasonOf(n), Pos: n.Pos, Refs: n.Refs}
		}
		n = &tf.Node{Kind: tf.List, Items: []*tf.Node{n}, Pos: n.Pos, Refs: n.Refs}
	}
	switch n.Kind {
	case tf.List:
		if p.list {
			one := *p
			one.list = false
			for i, item := range n.Items {
				n.Items[i] = conform(item, &one, fold)
			}
		} else if p.prop != nil && p.children == nil {
			return toScalarKind(p.prop, n)
		}
	case tf.Object:
		for i := range n.Fields {
			f := &n.Fields[i]
			if name, ok := p.folded[strings.ToLower(f.Name)]; fold && ok && p.children[f.Name] == nil {
				f.Name = name
			}
			if c := p.step(f.Name); c != p {
				f.Value = conform(f.Value, c, fold)
			}
		}
	default:
		if p.prop != nil && p.children == nil {
			n = toScalarKind(p.prop, n)
			if fold && n.Kind == tf.String {
				c := *n
				c.Text = p.word(n.Text)
				n = &c
			}
			return n
		}
	}
	return n
}
