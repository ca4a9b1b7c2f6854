package tf

import (
	"fmt"
	"strings"

	"github.com/bulwarksec/bulwark"
	"go.yaml.in/yaml/v4"
)

// yamlEncode writes YAML as Terraform does: block style, members sorted, texts
// in double quotes or, when they have several lines, as literal blocks. The
// value is kept beside the text.
func yamlEncode(c *call) *Node {
	a := c.args[0].forced()
	if a.Kind == Unknown {
		return a
	}
	if a.loneToken() {
		return c.derived()
	}
	w := &yamlWriter{ev: c.ev}
	w.value(a, 0, false)
	if w.b.Len() > maxText {
		return unknown("a text grew too large")
	}
	n := str(w.b.String())
	n.x = &ext{json: a}
	return n
}

type yamlWriter struct {
	ev *evaluator
	b  strings.Builder
}

// value writes n; inline tells that it follows "- " or "key: " on its line.
func (w *yamlWriter) value(n *Node, indent int, inline bool) {
	n = n.forced()
	if w.b.Len() > maxText || !w.ev.step() {
		return
	}
	pad := strings.Repeat("  ", indent)
	switch {
	case n.Kind == Object && len(n.Fields) == 0:
		w.b.WriteString("{}\n")
	case n.Kind == List && len(n.Items) == 0:
		w.b.WriteString("[]\n")
	case n.Kind == Object:
		for i, f := range n.sortedFields() {
			if i > 0 || !inline {
				w.b.WriteString(pad)
			}
			w.b.Write(appendJSONText(nil, f.Name))
			w.b.WriteString(":")
			w.member(f.Value.forced(), indent)
		}
	case n.Kind == List:
		for i, it := range n.Items {
			if i > 0 || !inline {
				w.b.WriteString(pad)
			}
			w.b.WriteString("- ")
			w.value(it, indent+1, true)
		}
	default:
		w.scalar(n, indent)
	}
}

func (w *yamlWriter) member(v *Node, indent int) {
	switch {
	case v.Kind == Object && len(v.Fields) > 0:
		w.b.WriteString("\n")
		w.value(v, indent+1, false)
	case v.Kind == List && len(v.Items) > 0:
		w.b.WriteString("\n")
		w.value(v, indent, false)
	default:
		w.b.WriteString(" ")
		w.value(v, indent+1, true)
	}
}

func (w *yamlWriter) scalar(n *Node, indent int) {
	switch n.Kind {
	case Null:
		w.b.WriteString("null\n")
	case Bool, Number:
		w.b.WriteString(w.ev.textOf(n) + "\n")
	default:
		s := w.ev.textOf(n)
		if !strings.Contains(s, "\n") || strings.HasPrefix(s, " ") {
			w.b.Write(append(appendJSONText(nil, s), '\n'))
			return
		}
		w.b.WriteString("|")
		if !strings.HasSuffix(s, "\n") {
			w.b.WriteString("-")
		}
		w.b.WriteString("\n")
		for line := range strings.SplitSeq(strings.TrimSuffix(s, "\n"), "\n") {
			if line != "" {
				w.b.WriteString(strings.Repeat("  ", max(indent, 1)) + line)
			}
			w.b.WriteString("\n")
		}
	}
}

func yamlDecode(c *call) *Node {
	a := c.args[0]
	switch {
	case a.Kind == Unknown:
		return a
	case a.x != nil && a.x.json != nil:
		return a.x.json
	case a.loneToken():
		return c.derived()
	}
	s, ok := c.text(0)
	if !ok {
		return c.bad(0)
	}
	if len(s) > maxTable {
		return unknown("a text is too large to decode")
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(s), &doc); err != nil {
		if hasToken(s) {
			return unknown("a YAML text is not known whole")
		}
		return failure("yamldecode: " + err.Error())
	}
	r := &yamlReader{ev: c.ev, pos: a.Pos, left: c.ev.lim.ValueNodes}
	if a.x != nil && a.x.segs != nil {
		r.lines = lineTable(s, a.x.segs)
	}
	if doc.Kind == 0 {
		return null()
	}
	n := r.node(&doc, 0)
	c.ev.charge(c.ev.lim.ValueNodes - r.left)
	return n
}

// lineTable returns where each line of a text was written.
func lineTable(s string, segs []seg) []bulwark.Position {
	l := newLiner(s, segs)
	var out []bulwark.Position
	for off := 0; off <= len(s); {
		file, line := l.at(off)
		out = append(out, bulwark.Position{File: file, Line: line, EndLine: line})
		i := strings.IndexByte(s[off:], '\n')
		if i < 0 {
			break
		}
		off += i + 1
	}
	return out
}

type yamlReader struct {
	ev    *evaluator
	pos   bulwark.Position
	lines []bulwark.Position
	left  int
}

// node converts a YAML node. Aliases are followed, within a bound on how many
// values they make.
func (r *yamlReader) node(y *yaml.Node, depth int) *Node {
	if r.left--; r.left <= 0 || depth > maxJSONDepth {
		return unknown("a YAML text is too large or nested too deep")
	}
	var n *Node
	switch y.Kind {
	case yaml.DocumentNode:
		if len(y.Content) == 0 {
			return null()
		}
		return r.node(y.Content[0], depth)
	case yaml.AliasNode:
		return r.node(y.Alias, depth+1)
	case yaml.SequenceNode:
		n = &Node{Kind: List}
		for _, it := range y.Content {
			n.Items = append(n.Items, r.node(it, depth+1))
		}
	case yaml.MappingNode:
		n = r.mapping(y, depth)
	default:
		n = r.scalar(y)
	}
	n.Pos = r.pos
	if i := y.Line - 1; i >= 0 && i < len(r.lines) {
		n.Pos = r.lines[i]
		n.Pos.Via = r.pos.Via
		n.extend()
	}
	return n
}

// extend makes a node end where its last child does.
func (n *Node) extend() {
	last := n
	if k := len(n.Items); k > 0 {
		last = n.Items[k-1]
	} else if k := len(n.Fields); k > 0 {
		last = n.Fields[k-1].Value
	}
	if last.Pos.File == n.Pos.File && last.Pos.EndLine > n.Pos.EndLine {
		n.Pos.EndLine = last.Pos.EndLine
	}
}

func (r *yamlReader) mapping(y *yaml.Node, depth int) *Node {
	n := &Node{Kind: Object}
	seen := map[string]int{}
	var merged []*Node
	for i := 0; i+1 < len(y.Content); i += 2 {
		k, v := y.Content[i], r.node(y.Content[i+1], depth+1)
		if at := k.Line - 1; at >= 0 && at < len(r.lines) && r.lines[at].File == v.Pos.File && r.lines[at].Line < v.Pos.Line {
			v.Pos.Line = r.lines[at].Line
		}
		if k.Kind == yaml.ScalarNode && k.Value == "<<" {
			merged = append(merged, elements(v)...)
			continue
		}
		key := r.node(k, depth+1)
		if key.Kind == List || key.Kind == Object || key.Kind == Null {
			return failure("yamldecode: a key is a " + key.Kind.String())
		}
		n.put(seen, r.ev.textOf(key), v)
	}
	for _, m := range merged {
		for _, f := range m.Fields {
			if _, own := seen[f.Name]; !own {
				n.put(seen, f.Name, f.Value)
			}
		}
	}
	return n.indexFields()
}

func (r *yamlReader) scalar(y *yaml.Node) *Node {
	switch y.ShortTag() {
	case "!!null":
		return null()
	case "!!bool":
		var b bool
		if y.Decode(&b) == nil {
			return boolean(b)
		}
	case "!!int", "!!float":
		if f, err := parseNumber(strings.ReplaceAll(y.Value, "_", "")); err == nil {
			return number(f)
		}
		var i int64
		if y.Decode(&i) == nil {
			return integer(i)
		}
		return failure(fmt.Sprintf("yamldecode: %.40q is no number", y.Value))
	}
	return str(scrubTokens(r.ev, y.Value))
}

// scrubTokens clears the delimiters of tokens unless they are of a real one:
// YAML's escapes can spell them.
func scrubTokens(ev *evaluator, s string) string {
	if !hasToken(s) {
		return s
	}
	if _, _, _, ok := ev.syms.next(s); ok {
		return s
	}
	return scrubText(s)
}

// ParseYAMLString reads the YAML or JSON document that a text holds, as
// ParseJSONString does. It returns false for what is no text, for one of more
// than 1 MiB, and where the document is neither a map nor a list.
func ParseYAMLString(n *Node) (*Node, bool) {
	if doc, ok := ParseJSONString(n); ok {
		return doc, true
	}
	if n == nil || n.Kind != String && n.Kind != Symbolic || n.Symbol() != nil || len(n.Text) > maxTable {
		return nil, false
	}
	text, segs, syms := reimport(n)
	if syms == nil {
		syms = newSymbols()
	}
	doc, err := parseYAML(text)
	if err != nil || doc.Kind == 0 {
		return nil, false
	}
	r := &yamlReader{ev: &evaluator{syms: syms}, pos: n.Pos, left: maxJSONNodes / 16, lines: lineTable(text, segs)}
	out := r.node(doc, 0)
	if out.Kind != Object && out.Kind != List {
		return nil, false
	}
	x := exporter{syms: syms, left: maxJSONNodes}
	return x.export(out), true
}

// parseYAML turns a panic of the parser, which reads hostile text, into an
// error.
func parseYAML(text string) (doc *yaml.Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("yaml: %v", p)
		}
	}()
	doc = &yaml.Node{}
	return doc, yaml.Unmarshal([]byte(text), doc)
}
