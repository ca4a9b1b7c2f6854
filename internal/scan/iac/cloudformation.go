package iac

import (
	"bytes"
	"context"
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
func isTemplate(data []byte) bool {
	return bytes.Contains(data, []byte("Resources")) && awsType.Match(data) && resourcesKey.Match(data)
}

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
func (s *Scanner) scanTemplate(ctx context.Context, data []byte, name string) ([]*bulwark.Asset, []bulwark.Gap) {
	values, err := yamldoc.Decode(data, yamldoc.Options{File: name, Tag: cfnTag, Limits: bulwark.Limits{Bytes: maxFileBytes, Depth: 128, Nodes: 1 << 20}})
	var gaps []bulwark.Gap
	if err != nil {
		gaps = append(gaps, fileGap("CloudFormation template", name, err))
	}
	var assets []*bulwark.Asset
	silenced := lineSuppressions(data, name, "#", "//")
	lines := strings.Split(string(data), "\n")
	for _, v := range values {
		if v.Get("Resources").Kind() != bulwark.Object {
			continue // another document in the same file
		}
		t := newCFN(ctx, fromValue(v))
		t.lines = lines
		a := newAssembler(s.cfn())
		resources := t.resources()
		for _, r := range resources {
			if info := a.m.types.byID[r.typ]; info != nil {
				tree := conform(r.body.Clone(), info.shape().root, false)
				if r.partial {
					fillUnknown(info, tree, "the resource could not be read whole")
				}
				a.add(&entry{typ: info, address: r.address, name: r.address, tree: tree, pos: r.pos, decls: []bulwark.Declaration{r.declared()}})
				if r.maybe {
					a.conditional(r.address, r.pos)
				}
			}
		}
		a.assemble(resources)
		if g, over := t.spent.gap("CloudFormation template", name); over {
			gaps = append(gaps, g)
		}
		more, moreGaps := s.finish(a, name, func(d bulwark.Declaration) []bulwark.Suppression {
			return append(silenced.within(d.Position), t.suppressions[d.Address]...)
		})
		assets, gaps = append(assets, more...), append(append(gaps, t.gaps...), moreGaps...)
	}
	return assets, gaps
}

// cfnTemplate is one template under evaluation.
type cfnTemplate struct {
	ctx          context.Context
	root         *tf.Node
	defined      *tf.Node         // Resources
	conditions   map[string]*bool // evaluated; nil is not known
	busy         map[string]bool  // conditions under evaluation, against cycles
	suppressions map[string][]bulwark.Suppression
	gaps         []bulwark.Gap
	lines        []string // of the file
	spent        budget
}

// budget bounds the work and the texts of one template's evaluation, which
// could double with every level.
type budget struct{ steps, bytes int }

const (
	maxSteps = 1 << 20
	maxText  = 16 << 20 // bytes that functions write
)

// step counts one value; false when there is no more to spend.
func (b *budget) step() bool {
	b.steps++
	return b.steps <= maxSteps && b.bytes <= maxText
}

// text counts what a function wrote, and takes what is too much.
func (b *budget) text(n *tf.Node) *tf.Node {
	if n == nil {
		return nil
	}
	if b.bytes += len(n.Text); b.bytes > maxText {
		return tooLarge(n.Pos)
	}
	return n
}

// gap says that there was no more to spend.
func (b *budget) gap(what, name string) (bulwark.Gap, bool) {
	return bulwark.Gap{What: what, Where: name, Why: "the template is too large to evaluate; what was not is unknown", Position: bulwark.Position{File: name}},
		b.steps > maxSteps || b.bytes > maxText
}

func tooLarge(pos bulwark.Position) *tf.Node {
	return &tf.Node{Kind: tf.Unknown, Reason: "the template is too large to evaluate", Pos: pos}
}

func newCFN(ctx context.Context, root *tf.Node) *cfnTemplate {
	return &cfnTemplate{ctx: ctx, root: root, defined: root.Get("Resources"), conditions: map[string]*bool{}, busy: map[string]bool{}, suppressions: map[string][]bulwark.Suppression{}}
}

// resources returns the resources in source order, without those whose
// condition is false, with the properties that Globals give.
func (t *cfnTemplate) resources() []resource {
	var out []resource
	for _, f := range t.loops(t.defined, 0) {
		if t.ctx.Err() != nil {
			break
		}
		typ := scalarText(orNull(f.Value.Get("Type")))
		if typ == "" {
			continue
		}
		r := resource{typ: typ, address: f.Name, written: typ + "." + f.Name, pos: t.keyed(f)}
		if c := f.Value.Get("Condition"); c != nil {
			v := t.condition(scalarText(c))
			if v != nil && !*v {
				continue
			}
			r.maybe = v == nil
		}
		r.body = &tf.Node{Kind: tf.Object, Pos: f.Value.Pos}
		if p := f.Value.Get("Properties"); p != nil && p.Kind != tf.Null {
			if r.body = t.eval(p, 0); r.body.Kind != tf.Object {
				r.body = &tf.Node{Kind: tf.Object, Pos: f.Value.Pos, Open: true}
			}
		}
		r.partial = r.body.Open
		if kind, ok := strings.CutPrefix(typ, "AWS::Serverless::"); ok {
			if g := t.root.At("Globals", kind); g != nil {
				mergeInto(r.body, t.eval(g, 0))
			}
		}
		if policy := f.Value.Get("DeletionPolicy"); policy != nil {
			r.body.SetField("_DeletionPolicy", policy)
		}
		t.suppress(r.written, f.Value.Get("Metadata"))
		out = append(out, r)
	}
	return out
}

// keyed is a resource's position from the line with its logical id on, which
// stands above its body in YAML.
func (t *cfnTemplate) keyed(f tf.Field) bulwark.Position {
	p := f.Value.Pos
	for line := p.Line; line > 0 && line > p.Line-10 && line <= len(t.lines); line-- {
		text := strings.TrimLeft(t.lines[line-1], " \t\"'")
		if rest, ok := strings.CutPrefix(text, f.Name); ok && strings.HasPrefix(strings.TrimLeft(rest, "\"' \t"), ":") {
			if p.EndLine < p.Line {
				p.EndLine = p.Line
			}
			p.Line = line
			break
		}
	}
	return p
}

// maxLoop is how many times an Fn::ForEach may go round.
const maxLoop = 1000

// loops returns the members of Resources with each Fn::ForEach::name: [variable,
// list, {key: body}] written out.
func (t *cfnTemplate) loops(n *tf.Node, depth int) []tf.Field {
	if n == nil {
		return nil
	}
	var out []tf.Field
	for _, f := range n.Fields {
		if !strings.HasPrefix(f.Name, "Fn::ForEach::") {
			out = append(out, f)
			continue
		}
		gap := bulwark.Gap{What: "resource", Where: f.Value.Pos.String(), Why: f.Name + " goes over what is not known before deployment; its resources are not judged", Position: f.Value.Pos}
		if f.Value.Kind != tf.List || len(f.Value.Items) != 3 || depth > 8 {
			gap.Why = f.Name + " is malformed; its resources are not judged"
			t.gaps = append(t.gaps, gap)
			continue
		}
		over := t.eval(f.Value.Items[1], 0)
		if over.Kind != tf.List || len(over.Items) > maxLoop {
			t.gaps = append(t.gaps, gap)
			continue
		}
		for _, item := range over.Items {
			if item.Kind != tf.String && item.Kind != tf.Number || !t.spent.step() {
				t.gaps = append(t.gaps, gap)
				break
			}
			out = append(out, t.loops(t.replace(f.Value.Items[2], scalarText(f.Value.Items[0]), scalarText(item)), depth+1)...)
		}
	}
	return out
}

// replace copies a node with a loop's variable in names and texts replaced.
func (t *cfnTemplate) replace(n *tf.Node, name, value string) *tf.Node {
	if !t.spent.step() {
		return tooLarge(n.Pos)
	}
	c := *n
	alnum := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r|0x20 >= 'a' && r|0x20 <= 'z' {
			return r
		}
		return -1
	}, value)
	texts := strings.NewReplacer("${"+name+"}", value, "&{"+name+"}", alnum)
	switch n.Kind {
	case tf.String:
		c.Text = texts.Replace(n.Text)
		return t.spent.text(&c)
	case tf.List:
		c.Items = make([]*tf.Node, len(n.Items))
		for i, item := range n.Items {
			c.Items[i] = t.replace(item, name, value)
		}
	case tf.Object:
		if len(n.Fields) == 1 && n.Fields[0].Name == "Ref" && scalarText(n.Fields[0].Value) == name {
			return &tf.Node{Kind: tf.String, Text: value, Pos: n.Pos}
		}
		c.Fields = make([]tf.Field, len(n.Fields))
		for i, f := range n.Fields {
			c.Fields[i] = tf.Field{Name: texts.Replace(f.Name), Value: t.replace(f.Value, name, value)}
		}
	}
	return &c
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
	if skip := meta.At("cfn_nag", "rules_to_suppress"); skip != nil {
		for _, item := range skip.Items {
			t.suppressions[address] = append(t.suppressions[address], bulwark.Suppression{Tool: "cfn-nag", ID: scalarText(orNull(item.Get("id"))),
				Reason: scalarText(orNull(item.Get("reason"))), Position: item.Pos})
		}
	}
	if skip := meta.At("guard", "SuppressedRules"); skip != nil {
		for _, item := range skip.Items {
			t.suppressions[address] = append(t.suppressions[address], bulwark.Suppression{Tool: "awsconfig", ID: scalarText(item), Position: item.Pos})
		}
	}
}
