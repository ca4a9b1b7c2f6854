package tf

import (
	"bytes"
	"encoding/json"
	"slices"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// computing are the data sources (and one resource) whose results follow from
// their configuration alone, with the attributes that hold them.
var computing = map[string]map[string]func(i *resInst) *Node{
	"data aws_iam_policy_document": {
		"json":          func(i *resInst) *Node { return i.policyText(true) },
		"minified_json": func(i *resInst) *Node { return i.policyText(false) },
	},
	"data google_iam_policy": {"policy_data": (*resInst).googlePolicy},
	"data template_file":     {"rendered": (*resInst).template},
	"data null_data_source":  {"outputs": func(i *resInst) *Node { return i.value("inputs") }},
	"data local_file":        {"content": (*resInst).localFile},
	"managed terraform_data": {"output": func(i *resInst) *Node { return i.value("input") }},
}

// computed returns an attribute that can be told without a provider, or nil.
func (i *resInst) computed(name string) *Node {
	if f := computing[string(i.res.mode)+" "+i.res.typ][name]; f != nil {
		m := i.attrs["="+name]
		if m == nil {
			m = &memo{}
			i.attrs["="+name] = m
		}
		return i.ev().once(m, i.address+"."+name, i.placeOf(""), func() *Node { return f(i) })
	}
	if i.res.mode == Data {
		return i.scopeFact(name)
	}
	return nil
}

// results lists the computed attributes that a resource's body should show.
func (i *resInst) results() []string {
	switch i.res.typ {
	case "aws_iam_policy_document":
		return []string{"json"}
	case "google_iam_policy":
		return []string{"policy_data"}
	case "template_file":
		return []string{"rendered"}
	}
	return nil
}

// withJSON returns the text of a document in its own order of members, with
// the document beside it.
func (ev *evaluator) withJSON(doc *Node, indented bool) *Node {
	b := ev.appendOrdered(nil, doc)
	if len(b) > maxText {
		return unknown("a text grew too large")
	}
	if indented {
		var buf bytes.Buffer
		if json.Indent(&buf, b, "", "  ") == nil {
			b = buf.Bytes()
		}
	}
	n := str(string(b))
	n.Pos = doc.Pos
	n.Refs = ev.deepRefs(doc)
	n.x = &ext{json: doc}
	return n
}

func (ev *evaluator) appendOrdered(b []byte, n *Node) []byte {
	n = n.forced()
	switch n.Kind {
	case List:
		b = append(b, '[')
		for i, it := range n.Items {
			if i > 0 {
				b = append(b, ',')
			}
			b = ev.appendOrdered(b, it)
		}
		return append(b, ']')
	case Object:
		b = append(b, '{')
		for i, f := range n.Fields {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendJSONText(b, f.Name), ':')
			b = ev.appendOrdered(b, f.Value)
		}
		return append(b, '}')
	}
	return ev.appendJSON(b, n)
}

const policyVersion = "2012-10-17"

// policyText evaluates an aws_iam_policy_document: its sources, then its own
// statements, then its overrides, a statement replacing an earlier one of the
// same Sid.
func (i *resInst) policyText(indented bool) *Node {
	ev := i.ev()
	p := &policy{ev: ev, doc: &Node{Kind: Object, Pos: position(blockRange(i.res.block.Block), i.sc.via)}}
	p.statements = &Node{Kind: List, Pos: p.doc.Pos}
	p.version = str(policyVersion).at(p.doc.Pos)
	if v := i.value("version"); v.Kind != Null {
		p.version = v
	}
	own := p.version
	for _, name := range []string{"source_json", "source_policy_documents"} {
		p.mergeAll(i.value(name))
	}
	p.version = own
	if id := i.value("policy_id"); id.Kind != Null {
		p.id = id
	}
	if l := asBlocks(i.value("statement")); l != nil && l.Kind == List {
		p.statements.Open = p.statements.Open || l.Open
		for _, s := range l.Items {
			p.add(p.statement(s))
		}
	}
	for _, name := range []string{"override_json", "override_policy_documents"} {
		p.mergeAll(i.value(name))
	}
	p.doc.Fields = append(p.doc.Fields, Field{"Version", p.version})
	if p.id != nil {
		p.doc.Fields = append(p.doc.Fields, Field{"Id", p.id})
	}
	p.doc.Fields = append(p.doc.Fields, Field{"Statement", p.statements})
	return ev.withJSON(p.doc, indented)
}

// policy is a policy document being put together.
type policy struct {
	ev         *evaluator
	doc        *Node
	version    *Node
	id         *Node
	statements *Node
}

func (p *policy) mergeAll(n *Node) {
	switch n.Kind {
	case Null:
	case List:
		for _, d := range n.Items {
			p.merge(d)
		}
		p.statements.Open = p.statements.Open || n.Open
	default:
		p.merge(n)
	}
}

// merge adds the statements of a document given as text. One that is not known
// leaves an unknown statement.
func (p *policy) merge(n *Node) {
	if n.Kind == Null || n.Kind == String && strings.TrimSpace(n.Text) == "" {
		return
	}
	c := &call{ev: p.ev, fn: functions["jsondecode"], args: []*Node{n}}
	doc := jsonDecode(c).forced()
	if doc.Kind != Object {
		why := "a source document is not known" + p.ev.why(n)
		if doc.Kind == Unknown {
			why = doc.Reason
		}
		p.statements.Items = append(p.statements.Items, unknown(why).referring(n.Refs).at(n.Pos))
		p.statements.Open = true
		return
	}
	if v := doc.Get("Version"); v != nil && v.Kind == String && p.version.Kind == String && v.Text > p.version.Text {
		p.version = v
	}
	if id := doc.Get("Id"); id != nil && id.Kind != Null {
		p.id = id
	}
	if s := doc.Get("Statement"); s != nil {
		for _, one := range elements(s) {
			p.add(one)
		}
		p.statements.Open = p.statements.Open || s.Open
	}
}

func (p *policy) add(s *Node) {
	if sid := s.Get("Sid"); sid != nil && sid.isText() && sid.Text != "" {
		for i, old := range p.statements.Items {
			if o := old.Get("Sid"); o != nil && o.isText() && o.Text == sid.Text {
				p.statements.Items[i] = s
				return
			}
		}
	}
	p.statements.Items = append(p.statements.Items, s)
}

// statement turns a statement block into a statement of the policy language.
func (p *policy) statement(b *Node) *Node {
	if b.Kind != Object {
		return b
	}
	s := &Node{Kind: Object, Pos: b.Pos}
	set := func(name string, v *Node) {
		if v != nil && v.Kind != Null {
			s.Fields = append(s.Fields, Field{name, v})
		}
	}
	if sid := b.Get("sid"); sid != nil && !(sid.Kind == String && sid.Text == "") {
		set("Sid", sid)
	}
	if e := b.Get("effect"); e != nil && e.Kind != Null {
		set("Effect", e)
	} else {
		set("Effect", str("Allow").at(b.Pos))
	}
	set("Action", p.values(b.Get("actions"), false))
	set("NotAction", p.values(b.Get("not_actions"), false))
	set("Resource", p.values(b.Get("resources"), true))
	set("NotResource", p.values(b.Get("not_resources"), true))
	set("Principal", p.principals(b.Get("principals")))
	set("NotPrincipal", p.principals(b.Get("not_principals")))
	set("Condition", p.conditions(b.Get("condition")))
	return s
}

// values returns a list as the data source writes it: one value alone without
// its list, several sorted backwards, and &{ for what should be ${.
func (p *policy) values(n *Node, variables bool) *Node {
	if n == nil || n.Kind != List {
		return n
	}
	if len(n.Items) == 0 && !n.Open {
		return nil
	}
	items := slices.Clone(n.Items)
	known := true
	for i, it := range items {
		if variables && it.isText() && strings.Contains(it.Text, "&{") {
			c := *it
			c.Text = strings.ReplaceAll(it.Text, "&{", "${")
			items[i] = &c
		}
		known = known && it.Kind == String
	}
	if len(items) == 1 && !n.Open {
		return items[0]
	}
	if known {
		sort.SliceStable(items, func(i, j int) bool { return items[i].Text > items[j].Text })
	}
	return &Node{Kind: List, Items: items, Open: n.Open, Pos: n.Pos, Refs: n.Refs}
}

// asBlocks returns the blocks of one type as a list, also where JSON has an
// object for the only one.
func asBlocks(n *Node) *Node {
	if n != nil && n.Kind == Object {
		return &Node{Kind: List, Items: []*Node{n}, Pos: n.Pos, Refs: n.Refs}
	}
	return n
}

func (p *policy) principals(l *Node) *Node {
	l = asBlocks(l)
	if l == nil || l.Kind != List || len(l.Items) == 0 {
		return l
	}
	out := &Node{Kind: Object, Pos: l.Pos, Open: l.Open}
	for _, b := range l.Items {
		typ, ids := b.Get("type"), b.Get("identifiers")
		if b.Kind != Object || typ == nil || !typ.isText() || ids == nil {
			out.Open = true
			continue
		}
		if typ.Text == "*" && len(l.Items) == 1 && ids.Kind == List && len(ids.Items) == 1 {
			return ids.Items[0]
		}
		out.gather(typ.Text, ids)
	}
	for i, f := range out.Fields {
		out.Fields[i].Value = p.values(f.Value, true)
	}
	return out
}

// gather adds the elements of ids to the member called name.
func (n *Node) gather(name string, ids *Node) {
	old := n.Get(name)
	switch {
	case old == nil:
		n.SetField(name, ids)
	case old.Kind == List && ids.Kind == List:
		c := *old
		c.Items = append(slices.Clone(old.Items), ids.Items...)
		c.Open = old.Open || ids.Open
		n.SetField(name, &c)
	default:
		n.SetField(name, &Node{Kind: List, Items: append(slices.Clone(elements(old)), elements(ids)...), Open: true, Pos: old.Pos})
	}
}

func (p *policy) conditions(l *Node) *Node {
	l = asBlocks(l)
	if l == nil || l.Kind != List || len(l.Items) == 0 {
		return l
	}
	out := &Node{Kind: Object, Pos: l.Pos, Open: l.Open}
	for _, b := range l.Items {
		test, variable, vals := b.Get("test"), b.Get("variable"), b.Get("values")
		if b.Kind != Object || test == nil || !test.isText() || variable == nil || !variable.isText() || vals == nil {
			out.Open = true
			continue
		}
		m := out.Get(test.Text)
		if m == nil {
			m = &Node{Kind: Object, Pos: b.Pos}
			out.SetField(test.Text, m)
		}
		m.gather(variable.Text, vals)
	}
	for _, t := range out.Fields {
		for i, f := range t.Value.Fields {
			t.Value.Fields[i].Value = p.values(f.Value, true)
		}
	}
	return out
}

// googlePolicy evaluates a google_iam_policy.
func (i *resInst) googlePolicy() *Node {
	doc := &Node{Kind: Object, Pos: position(blockRange(i.res.block.Block), i.sc.via)}
	bindings := &Node{Kind: List, Pos: doc.Pos}
	if l := asBlocks(i.value("binding")); l.Kind == List {
		bindings.Open = l.Open
		for _, b := range l.Items {
			one := &Node{Kind: Object, Pos: b.Pos}
			if b.Kind != Object {
				one = b
			}
			for _, name := range []string{"role", "members", "condition"} {
				v := b.Get(name)
				if v != nil && v.Block && len(v.Items) == 1 {
					v = v.Items[0]
				}
				if v != nil && v.Kind != Null {
					one.Fields = append(one.Fields, Field{name, v})
				}
			}
			bindings.Items = append(bindings.Items, one)
		}
	}
	doc.Fields = []Field{{"bindings", bindings}}
	return i.ev().withJSON(doc, false)
}

// template evaluates a template_file.
func (i *resInst) template() *Node {
	text := i.value("template")
	if text.Kind == Null {
		text = i.value("filename")
	}
	vars := i.value("vars")
	if vars.Kind == Null {
		vars = object()
	}
	c := &call{ev: i.ev(), sc: i.sc, fn: functions["templatestring"], args: []*Node{text, vars}}
	if text.x != nil && len(text.x.segs) > 0 && text.Kind == String {
		at := text.x.segs[0]
		e, err := parseTemplateText([]byte(text.Text), at.file, hcl.Pos{Line: at.line, Column: 1}, c.ev.lim.Nesting)
		if err != nil {
			return failure(err.Error())
		}
		return c.renderTemplate(e)
	}
	return c.run()
}

func (i *resInst) localFile() *Node {
	c := &call{ev: i.ev(), sc: i.sc, fn: functions["file"], args: []*Node{i.value("filename")}}
	return c.run()
}
