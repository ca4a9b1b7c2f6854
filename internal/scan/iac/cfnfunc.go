package iac

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark/internal/scan/iac/tf"
)

// eval returns a node with its intrinsic functions evaluated.
func (t *cfnTemplate) eval(n *tf.Node, depth int) *tf.Node {
	if !t.spent.step() || depth > 128 {
		return tooLarge(n.Pos)
	}
	switch n.Kind {
	case tf.List:
		c := &tf.Node{Kind: tf.List, Pos: n.Pos}
		for _, item := range n.Items {
			if v := t.eval(item, depth+1); v.Kind != tf.Null || item.Kind == tf.Null {
				c.Items = append(c.Items, v)
			}
		}
		return c
	case tf.Object:
		if len(n.Fields) == 1 {
			if f := n.Fields[0]; f.Name == "Ref" || strings.HasPrefix(f.Name, "Fn::") {
				c := *t.spent.text(t.intrinsic(f.Name, f.Value, depth+1))
				c.Pos = n.Pos
				for i, item := range c.Items {
					if item.Pos.File == "" { // made by the function
						it := *item
						it.Pos, c.Items[i] = n.Pos, &it
					}
				}
				return &c
			}
		}
		c := &tf.Node{Kind: tf.Object, Pos: n.Pos}
		for _, f := range n.Fields {
			if f.Name == "Fn::Transform" || strings.HasPrefix(f.Name, "Fn::ForEach::") {
				c.Open = true
				continue
			}
			if v := t.eval(f.Value, depth+1); v.Kind != tf.Null { // AWS::NoValue takes the property away
				c.Fields = append(c.Fields, tf.Field{Name: f.Name, Value: v})
			}
		}
		return c
	}
	return n
}

func (t *cfnTemplate) intrinsic(name string, arg *tf.Node, depth int) *tf.Node {
	switch name {
	case "Ref":
		return t.ref(scalarText(arg), depth)
	case "Fn::GetAtt":
		return t.getAtt(arg)
	case "Fn::Sub":
		return t.sub(arg, depth)
	case "Fn::If":
		return t.choose(arg, depth)
	case "Fn::Transform":
		return &tf.Node{Kind: tf.Unknown, Reason: "a macro makes it"}
	}
	arg = t.eval(arg, depth)
	var out *tf.Node
	switch name {
	case "Fn::Join":
		out = join(arg)
	case "Fn::Select":
		out = selectItem(arg)
	case "Fn::Split":
		out = split(arg)
	case "Fn::FindInMap":
		out = t.findInMap(arg, depth)
	case "Fn::Base64":
		return arg
	case "Fn::ImportValue":
		return cfnSymbol("import", "Fn::ImportValue", textOrSymbols(arg), nil)
	case "Fn::GetAZs":
		return &tf.Node{Kind: tf.Unknown, Reason: name + " is known after deployment"}
	case "Fn::Cidr":
		out = cidrs(arg)
	case "Fn::Length":
		if arg.Kind == tf.List && !arg.Open {
			out = numberNode(float64(len(arg.Items)), arg)
		}
	case "Fn::ToJsonString":
		out = jsonText(arg)
	}
	if out == nil {
		out = &tf.Node{Kind: tf.Unknown, Reason: name + " of what is not known"}
	}
	return out
}

func cfnSymbol(kind, address, attribute string, refs []string) *tf.Node {
	n := armSymbol(kind, address, attribute)
	n.Refs = refs
	return n
}

func (t *cfnTemplate) ref(name string, depth int) *tf.Node {
	if kind, ok := strings.CutPrefix(name, "AWS::"); ok {
		if kind == "NoValue" {
			return &tf.Node{Kind: tf.Null}
		}
		return cfnSymbol(strings.ToLower(strings.TrimSuffix(kind, "Id")), "", name, nil)
	}
	if t.defined != nil && t.defined.Get(name) != nil {
		return cfnSymbol("computed", name, "Ref", []string{name})
	}
	if p := t.root.At("Parameters", name); p != nil {
		if d := p.Get("Default"); d != nil && d.Kind != tf.Null && !strings.HasPrefix(scalarText(orNull(p.Get("Type"))), "AWS::SSM::") {
			return listParameter(p, t.eval(d, depth))
		}
		return cfnSymbol("input", "Parameters", name, nil)
	}
	return cfnSymbol("undeclared", "", name, nil)
}

// listParameter splits the default of a parameter that is a list.
func listParameter(p, d *tf.Node) *tf.Node {
	typ := scalarText(orNull(p.Get("Type")))
	if typ != "CommaDelimitedList" && !strings.HasPrefix(typ, "List<") || d.Kind != tf.String {
		return d
	}
	out := &tf.Node{Kind: tf.List, Pos: d.Pos}
	for part := range strings.SplitSeq(d.Text, ",") {
		out.Items = append(out.Items, &tf.Node{Kind: tf.String, Text: strings.TrimSpace(part), Pos: d.Pos})
	}
	return out
}

func (t *cfnTemplate) getAtt(arg *tf.Node) *tf.Node {
	var logical, attribute string
	if arg.Kind == tf.List && len(arg.Items) == 2 {
		logical, attribute = scalarText(arg.Items[0]), scalarText(arg.Items[1])
	} else {
		logical, attribute, _ = strings.Cut(scalarText(arg), ".")
	}
	if attribute == "" {
		attribute = "?"
	}
	return cfnSymbol("computed", logical, attribute, []string{logical + "." + attribute})
}

const maxHoles = 1000 // in one Fn::Sub

var subHole = regexp.MustCompile(`\$\{(!?)([^}]*)\}`)

// sub fills the holes of a text with values and symbols.
func (t *cfnTemplate) sub(arg *tf.Node, depth int) *tf.Node {
	text, own := arg, (*tf.Node)(nil)
	if arg.Kind == tf.List && len(arg.Items) == 2 {
		text, own = arg.Items[0], t.eval(arg.Items[1], depth)
	}
	if text.Kind != tf.String {
		return &tf.Node{Kind: tf.Unknown, Reason: "Fn::Sub of what is no text"}
	}
	var args []*tf.Node
	last := 0
	holes := subHole.FindAllStringSubmatchIndex(text.Text, maxHoles+1)
	if len(holes) > maxHoles {
		return tooLarge(text.Pos)
	}
	lit := func(s string) { args = append(args, &tf.Node{Kind: tf.String, Text: s}) }
	for _, m := range holes {
		lit(text.Text[last:m[0]])
		last = m[1]
		name := strings.TrimSpace(text.Text[m[4]:m[5]])
		switch {
		case m[3] > m[2]:
			lit("${" + name + "}")
		case own != nil && own.Get(name) != nil:
			args = append(args, own.Get(name))
		case strings.Contains(name, "."):
			args = append(args, t.getAtt(&tf.Node{Kind: tf.String, Text: name}))
		default:
			args = append(args, t.ref(name, depth))
		}
	}
	lit(text.Text[last:])
	return joined(args)
}

// joined concatenates texts and symbols and keeps what they refer to.
func joined(args []*tf.Node) *tf.Node {
	out := concat(args)
	if out == nil {
		return &tf.Node{Kind: tf.Unknown, Reason: "a text with a part that is not known"}
	}
	for _, a := range args {
		for _, r := range a.Refs {
			if len(out.Refs) < maxParents && !slices.Contains(out.Refs, r) {
				out.Refs = append(out.Refs, r)
			}
		}
	}
	return out
}

func join(arg *tf.Node) *tf.Node {
	if arg.Kind != tf.List || len(arg.Items) != 2 || arg.Items[1].Kind != tf.List {
		return nil
	}
	var args []*tf.Node
	for i, item := range arg.Items[1].Items {
		if i > 0 {
			args = append(args, &tf.Node{Kind: tf.String, Text: scalarText(arg.Items[0])})
		}
		args = append(args, item)
	}
	return joined(args)
}

func selectItem(arg *tf.Node) *tf.Node {
	if arg.Kind != tf.List || len(arg.Items) != 2 || arg.Items[1].Kind != tf.List {
		return nil
	}
	if i, ok := arg.Items[0].Int(); ok && i >= 0 && i < int64(len(arg.Items[1].Items)) {
		return arg.Items[1].Items[i]
	}
	return nil
}

func split(arg *tf.Node) *tf.Node {
	if arg.Kind != tf.List || len(arg.Items) != 2 || arg.Items[1].Kind != tf.String || scalarText(arg.Items[0]) == "" {
		return nil
	}
	out := &tf.Node{Kind: tf.List}
	for part := range strings.SplitSeq(arg.Items[1].Text, scalarText(arg.Items[0])) {
		out.Items = append(out.Items, &tf.Node{Kind: tf.String, Text: part})
	}
	return out
}

func (t *cfnTemplate) findInMap(arg *tf.Node, depth int) *tf.Node {
	if arg.Kind != tf.List || len(arg.Items) < 3 {
		return nil
	}
	n := t.root.Get("Mappings")
	for _, key := range arg.Items[:3] {
		if key.Kind == tf.Symbolic || key.Kind == tf.Unknown {
			return &tf.Node{Kind: tf.Unknown, Reason: reasonOf(key)}
		}
		if n = n.Get(scalarText(key)); n == nil {
			if len(arg.Items) > 3 {
				return arg.Items[3].Get("DefaultValue")
			}
			return nil
		}
	}
	return t.eval(n, depth)
}

// choose evaluates Fn::If; where the condition is not known the value is only if
// both branches are the same.
func (t *cfnTemplate) choose(arg *tf.Node, depth int) *tf.Node {
	if arg.Kind != tf.List || len(arg.Items) != 3 {
		return &tf.Node{Kind: tf.Unknown, Reason: "malformed Fn::If"}
	}
	c := t.condition(scalarText(arg.Items[0]))
	if c == nil {
		yes, no := t.eval(arg.Items[1], depth), t.eval(arg.Items[2], depth)
		if text := scalarText(yes); text != "" && yes.Kind == no.Kind && text == scalarText(no) {
			return yes
		}
		return &tf.Node{Kind: tf.Unknown, Reason: "condition " + scalarText(arg.Items[0]) + " depends on inputs"}
	}
	if *c {
		return t.eval(arg.Items[1], depth)
	}
	return t.eval(arg.Items[2], depth)
}

// cidrs computes Fn::Cidr: count blocks that leave bits for hosts, of a literal
// IPv4 block.
func cidrs(arg *tf.Node) *tf.Node {
	if arg.Kind != tf.List || len(arg.Items) < 2 || len(arg.Items) > 3 || arg.Items[0].Kind != tf.String {
		return nil
	}
	block, err := netip.ParsePrefix(arg.Items[0].Text)
	count, ok := arg.Items[1].Int()
	bits := int64(8)
	if len(arg.Items) == 3 {
		var known bool
		bits, known = arg.Items[2].Int()
		ok = ok && known
	}
	if err != nil || !ok || !block.Addr().Is4() || count < 1 || count > 256 || bits < 1 || bits > 32-int64(block.Bits()) || count > 1<<(32-int64(block.Bits())-bits) {
		return nil
	}
	first := block.Masked().Addr().As4()
	out := &tf.Node{Kind: tf.List}
	for i := range count {
		var ip [4]byte
		binary.BigEndian.PutUint32(ip[:], binary.BigEndian.Uint32(first[:])+uint32(i<<bits))
		out.Items = append(out.Items, &tf.Node{Kind: tf.String, Text: fmt.Sprintf("%s/%d", netip.AddrFrom4(ip), 32-bits)})
	}
	return out
}

// jsonText is the JSON text of a value in which everything is known.
func jsonText(n *tf.Node) *tf.Node {
	known := true
	n.Walk(func(_ string, c *tf.Node) bool {
		known = known && c.Kind != tf.Unknown && c.Kind != tf.Symbolic && !c.Open
		return known
	})
	if !known {
		return nil
	}
	v, err := toValue(n, valueOptions{})
	if err != nil {
		return nil
	}
	return &tf.Node{Kind: tf.String, Text: v.String()}
}
