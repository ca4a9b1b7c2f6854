package iac

import (
	"regexp"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/scan/iac/tf"
	"github.com/bulwarksec/bulwark/internal/yamldoc"
)

var (
	resourcesKey = regexp.MustCompile(`(?m)^(\s*|[^\n]*\{\s*)["']?Resources["']?\s*:`)
	awsType      = regexp.MustCompile(`["']?Type["']?\s*:\s*["']?(AWS|Custom)::`)
)

// isTemplate reports whether a file's text may be a CloudFormation template.
func isTemplate(data []byte) bool { return resourcesKey.Match(data) && awsType.Match(data) }

// cfnTag names the intrinsic function of a YAML tag: !Sub is Fn::Sub.
func cfnTag(tag string) string {
	switch name := strings.TrimPrefix(tag, "!"); name {
	case "Ref", "Condition":
		return name
	case "":
		return ""
	default:
		return "Fn::" + name
	}
}

// scanTemplate reads one CloudFormation template, YAML or JSON, which stands
// alone: its file is its root and logical ids are its addresses.
func (s *Scanner) scanTemplate(data []byte, name string) ([]*bulwark.Asset, []bulwark.Gap) {
	values, err := yamldoc.Decode(data, yamldoc.Options{File: name, Tag: cfnTag, Limits: bulwark.Limits{Bytes: maxSniff, Depth: 128, Nodes: 1 << 20}})
	var gaps []bulwark.Gap
	if err != nil {
		gaps = append(gaps, bulwark.Gap{What: "CloudFormation template", Where: name, Why: err.Error(), Position: bulwark.Position{File: name}})
	}
	var assets []*bulwark.Asset
	comments := lineSuppressions(data, name)
	for _, v := range values {
		t := newCFN(fromValue(v))
		a := newAssembler(s.cfn)
		var pieces []resource
		for _, r := range t.resources() {
			if info := s.cfn.types[r.typ]; info != nil {
				e := &entry{typ: info, address: r.address, name: r.address, tree: r.body, pos: r.pos, decls: []bulwark.Declaration{{Address: r.address, Position: r.pos}}}
				a.add(e)
				continue
			}
			pieces = append(pieces, r)
		}
		a.assemble(pieces)
		more, moreGaps := s.finish(a, name, func(d bulwark.Declaration) []bulwark.Suppression {
			return append(comments.within(d.Position), t.suppressions[d.Address]...)
		})
		assets, gaps = append(assets, more...), append(gaps, moreGaps...)
	}
	return assets, gaps
}

// cfnTemplate is one template under evaluation.
type cfnTemplate struct {
	root         *tf.Node
	defined      *tf.Node         // Resources
	conditions   map[string]*bool // evaluated; nil is not known
	busy         map[string]bool  // conditions under evaluation, against cycles
	suppressions map[string][]bulwark.Suppression
	steps        int
}

const maxCFNSteps = 1 << 20

func newCFN(root *tf.Node) *cfnTemplate {
	return &cfnTemplate{root: root, defined: root.Get("Resources"), conditions: map[string]*bool{}, busy: map[string]bool{}, suppressions: map[string][]bulwark.Suppression{}}
}

// resources returns the resources in source order, without those whose
// condition is false, with the properties that Globals give.
func (t *cfnTemplate) resources() []resource {
	if t.defined == nil {
		return nil
	}
	var out []resource
	for _, f := range t.defined.Fields {
		typ := scalarText(orNull(f.Value.Get("Type")))
		if typ == "" {
			continue
		}
		if c := f.Value.Get("Condition"); c != nil {
			if v := t.condition(scalarText(c)); v != nil && !*v {
				continue
			}
		}
		body := &tf.Node{Kind: tf.Object, Pos: f.Value.Pos}
		if p := f.Value.Get("Properties"); p != nil {
			if body = t.eval(p, 0); body.Kind != tf.Object {
				body = &tf.Node{Kind: tf.Object, Pos: f.Value.Pos, Open: true}
			}
		}
		if kind, ok := strings.CutPrefix(typ, "AWS::Serverless::"); ok {
			if g := t.root.Get("Globals"); g != nil && g.Get(kind) != nil {
				mergeInto(body, t.eval(g.Get(kind), 0))
			}
		}
		if policy := f.Value.Get("DeletionPolicy"); policy != nil {
			body.SetField("_DeletionPolicy", policy)
		}
		t.suppress(f.Name, f.Value.Get("Metadata"))
		out = append(out, resource{typ: typ, address: f.Name, body: body, pos: f.Value.Pos})
	}
	return out
}

// suppress reads the skips that tools keep in a resource's metadata.
func (t *cfnTemplate) suppress(address string, meta *tf.Node) {
	if meta == nil {
		return
	}
	if skip := meta.At("checkov", "skip"); skip != nil {
		for _, item := range skip.Items {
			t.suppressions[address] = append(t.suppressions[address], bulwark.Suppression{Tool: "checkov", ID: scalarText(orNull(item.Get("id"))),
				Reason: scalarText(orNull(item.Get("comment"))), Position: item.Pos})
		}
	}
	if skip := meta.At("guard", "SuppressedRules"); skip != nil {
		for _, item := range skip.Items {
			t.suppressions[address] = append(t.suppressions[address], bulwark.Suppression{Tool: "awsconfig", ID: scalarText(item), Position: item.Pos})
		}
	}
}

// eval returns a node with its intrinsic functions evaluated.
func (t *cfnTemplate) eval(n *tf.Node, depth int) *tf.Node {
	if t.steps++; t.steps > maxCFNSteps || depth > 128 {
		return &tf.Node{Kind: tf.Unknown, Reason: "the template is too large to evaluate", Pos: n.Pos}
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
				c := *t.intrinsic(f.Name, f.Value, depth+1)
				c.Pos = n.Pos
				return &c
			}
		}
		c := &tf.Node{Kind: tf.Object, Pos: n.Pos}
		for _, f := range n.Fields {
			if f.Name == "Fn::Transform" {
				c.Open = true
				continue
			}
			if v := t.eval(f.Value, depth+1); v.Kind != tf.Null { // AWS::NoValue takes the property away
				c.SetField(f.Name, v)
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
	case "Fn::GetAZs", "Fn::Cidr":
		return &tf.Node{Kind: tf.Unknown, Reason: name + " is known after deployment"}
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
	lit := func(s string) { args = append(args, &tf.Node{Kind: tf.String, Text: s}) }
	for _, m := range subHole.FindAllStringSubmatchIndex(text.Text, 1000) {
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
		out.Refs = append(out.Refs, a.Refs...)
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
		if n = n.Get(scalarText(key)); n == nil {
			return nil
		}
	}
	return t.eval(n, depth)
}

// choose evaluates Fn::If; both branches count when the condition is not known
// and they are the same.
func (t *cfnTemplate) choose(arg *tf.Node, depth int) *tf.Node {
	if arg.Kind != tf.List || len(arg.Items) != 3 {
		return &tf.Node{Kind: tf.Unknown, Reason: "malformed Fn::If"}
	}
	c := t.condition(scalarText(arg.Items[0]))
	switch {
	case c == nil:
		return &tf.Node{Kind: tf.Unknown, Reason: "condition " + scalarText(arg.Items[0]) + " depends on inputs"}
	case *c:
		return t.eval(arg.Items[1], depth)
	}
	return t.eval(arg.Items[2], depth)
}

// condition evaluates a condition by name; nil is not known.
func (t *cfnTemplate) condition(name string) *bool {
	if v, ok := t.conditions[name]; ok || t.busy[name] {
		return v
	}
	t.busy[name] = true
	defer delete(t.busy, name)
	var v *bool
	if n := t.root.At("Conditions", name); n != nil {
		v = t.truth(n, 0)
	}
	t.conditions[name] = v
	return v
}

func (t *cfnTemplate) truth(n *tf.Node, depth int) *bool {
	if depth > 32 || n.Kind != tf.Object || len(n.Fields) != 1 {
		return nil
	}
	yes, no := true, false
	name, arg := n.Fields[0].Name, n.Fields[0].Value
	switch name {
	case "Condition":
		return t.condition(scalarText(arg))
	case "Fn::Not":
		if len(arg.Items) == 1 {
			if v := t.truth(arg.Items[0], depth+1); v != nil {
				v := !*v
				return &v
			}
		}
	case "Fn::And", "Fn::Or":
		decides := name == "Fn::Or"
		known := true
		for _, item := range arg.Items {
			v := t.truth(item, depth+1)
			if v == nil {
				known = false
			} else if *v == decides {
				return v
			}
		}
		if known {
			v := !decides
			return &v
		}
	case "Fn::Equals":
		v := t.eval(arg, depth+1)
		if len(v.Items) == 2 {
			a, b := v.Items[0], v.Items[1]
			if s := a.Symbol(); s != nil && b.Symbol() != nil && *s == *b.Symbol() {
				return &yes
			}
			if a.Kind != tf.Unknown && a.Kind != tf.Symbolic && b.Kind != tf.Unknown && b.Kind != tf.Symbolic {
				if scalarText(a) == scalarText(b) {
					return &yes
				}
				return &no
			}
		}
	}
	return nil
}
