package helm

import (
	"strings"
	"text/template/parse"
	"unicode/utf8"
)

// Where a line of output comes from is carried through execution by marks:
// single runes of the private planes, each of which stands for a file and line.
// One stands before the first character of every line of a template's text and
// of what every action prints. It is never put beside a blank, so that trimming
// and the question whether a text is empty see no difference, and indenting
// moves it along. Marks only live in text on its way to the output: what
// include and tpl return to other functions, to variables and to conditions has
// none. clean takes them out and keeps what they said.
const (
	firstMark = '\U000F0000'
	lastMark  = '\U0010FFFD'
)

// marks gives every file and line a rune.
type marks struct {
	list []place
	ids  map[place]int
}

// place is a line of a file.
type place struct {
	file string
	line int
}

// id returns the number of a line, or -1 when there are no runes left; the
// line then passes for the one above it.
func (m *marks) id(file string, line int) int {
	pos := place{file, line}
	if id, ok := m.ids[pos]; ok {
		return id
	}
	if len(m.list) > lastMark-firstMark {
		return -1
	}
	id := len(m.list)
	m.list = append(m.list, pos)
	m.ids[pos] = id
	return id
}

func isMark(r rune) bool { return r >= firstMark && r <= lastMark }

// strip takes the marks out of a text.
func strip(text string) string {
	if !strings.ContainsFunc(text, isMark) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if isMark(r) {
			return -1
		}
		return r
	}, text)
}

// mark puts a mark before the first character of a text that is no blank.
func mark(text string, id int) string {
	rest := strings.TrimLeft(text, " \t\r\n")
	if id < 0 || rest == "" {
		return text
	}
	return text[:len(text)-len(rest)] + string(rune(firstMark+id)) + rest
}

// markText marks every line of a text that begins in a line of a file.
func (m *marks) markText(text []byte, file string, line int) []byte {
	var b strings.Builder
	for part := range strings.Lines(string(text)) {
		b.WriteString(mark(part, m.id(file, line)))
		line++
	}
	return []byte(b.String())
}

// annotate rewrites the tree of a template: its text is marked, what it prints
// goes through "bulwark_print", what it includes keeps its marks, and every
// template and loop counts its steps. With file "" nothing is marked.
type annotator struct {
	marks *marks
	file  string
	text  string
}

func (a *annotator) tree(t *parse.Tree) {
	if t == nil || t.Root == nil {
		return
	}
	a.list(t.Root)
	a.count(t.Root)
}

func (a *annotator) line(pos parse.Pos) int {
	return 1 + strings.Count(a.text[:min(int(pos), len(a.text))], "\n")
}

func (a *annotator) list(l *parse.ListNode) {
	if l == nil {
		return
	}
	for i, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.TextNode:
			if a.file != "" && strings.HasPrefix(a.text[min(int(n.Pos), len(a.text)):], string(n.Text)) {
				n.Text = a.marks.markText(n.Text, a.file, a.line(n.Pos))
			}
		case *parse.ActionNode:
			if len(n.Pipe.Decl) == 0 {
				a.print(n)
			}
		case *parse.TemplateNode:
			l.Nodes[i] = a.include(n)
		case *parse.IfNode:
			a.list(n.List)
			a.list(n.ElseList)
		case *parse.WithNode:
			a.list(n.List)
			a.list(n.ElseList)
		case *parse.RangeNode:
			a.list(n.List)
			a.list(n.ElseList)
			a.count(n.List)
		}
	}
}

// depthOf is how deep nodes lie one in the other, at the most one more than
// maxBlocks.
func depthOf(n parse.Node) int { return deeper(n, 0) }

func deeper(n parse.Node, depth int) int {
	if depth > maxBlocks {
		return depth
	}
	deepest := depth
	below := func(nodes ...parse.Node) int {
		for _, c := range nodes {
			deepest = max(deepest, deeper(c, depth+1))
		}
		return deepest
	}
	branch := func(b *parse.BranchNode) int {
		if b.ElseList != nil {
			below(b.ElseList)
		}
		return below(b.Pipe, b.List)
	}
	switch n := n.(type) {
	case *parse.ListNode:
		return below(n.Nodes...)
	case *parse.ActionNode:
		return below(n.Pipe)
	case *parse.TemplateNode:
		if n.Pipe != nil {
			return below(n.Pipe)
		}
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			below(c.Args...)
		}
	case *parse.ChainNode:
		return below(n.Node)
	case *parse.IfNode:
		return branch(&n.BranchNode)
	case *parse.WithNode:
		return branch(&n.BranchNode)
	case *parse.RangeNode:
		return branch(&n.BranchNode)
	}
	return deepest
}

// print ends an action's pipeline in bulwark_print.
func (a *annotator) print(n *parse.ActionNode) {
	keepMarks(n.Pipe)
	id := -1
	if a.file != "" {
		id = a.marks.id(a.file, a.line(n.Pos))
	}
	n.Pipe.Cmds = append(n.Pipe.Cmds, command(n.Pos, "bulwark_print", number(n.Pos, id)))
}

// include turns {{template}} into the function, which counts how deep it goes.
func (a *annotator) include(n *parse.TemplateNode) parse.Node {
	var data parse.Node = &parse.NilNode{NodeType: parse.NodeNil, Pos: n.Pos}
	if n.Pipe != nil {
		data = n.Pipe
	}
	name := &parse.StringNode{NodeType: parse.NodeString, Pos: n.Pos, Quoted: `"` + n.Name + `"`, Text: n.Name}
	return action(n.Pos, n.Line, command(n.Pos, "bulwark_include", name, data))
}

// count puts a counted step before all else.
func (a *annotator) count(l *parse.ListNode) {
	l.Nodes = append([]parse.Node{action(l.Pos, 0, command(l.Pos, "bulwark_step"))}, l.Nodes...)
}

// keepMarks lets a pipeline that does nothing but include, indent and trim keep
// the marks of what it includes.
func keepMarks(p *parse.PipeNode) {
	if len(p.Decl) > 0 {
		return
	}
	for _, c := range p.Cmds[1:] {
		if name := function(c); name != "indent" && name != "nindent" && name != "trim" {
			return
		}
	}
	first := p.Cmds[0]
	switch name := function(first); name {
	case "include", "tpl":
		first.Args[0] = parse.NewIdentifier("bulwark_" + name).SetPos(first.Pos)
	case "indent", "nindent", "trim":
		if inner, ok := first.Args[len(first.Args)-1].(*parse.PipeNode); ok {
			keepMarks(inner)
		}
	case "":
		if inner, ok := first.Args[0].(*parse.PipeNode); ok && len(first.Args) == 1 {
			keepMarks(inner)
		}
	}
}

// function returns the name of the function that a command calls, or "".
func function(c *parse.CommandNode) string {
	if id, ok := c.Args[0].(*parse.IdentifierNode); ok {
		return id.Ident
	}
	return ""
}

func action(pos parse.Pos, line int, c *parse.CommandNode) *parse.ActionNode {
	pipe := &parse.PipeNode{NodeType: parse.NodePipe, Pos: pos, Line: line, Cmds: []*parse.CommandNode{c}}
	return &parse.ActionNode{NodeType: parse.NodeAction, Pos: pos, Line: line, Pipe: pipe}
}

func command(pos parse.Pos, name string, args ...parse.Node) *parse.CommandNode {
	return &parse.CommandNode{NodeType: parse.NodeCommand, Pos: pos, Args: append([]parse.Node{parse.NewIdentifier(name).SetPos(pos)}, args...)}
}

func number(pos parse.Pos, n int) *parse.NumberNode {
	return &parse.NumberNode{NodeType: parse.NodeNumber, Pos: pos, IsInt: true, Int64: int64(n), Text: "0"}
}

// line is where a line of output comes from: pos from the mark nearest to its
// first character, own from a mark of the template that was rendered, which is
// 0 when there is none in or before it.
type line struct {
	pos place
	own int
}

// clean takes the marks out of a template's output and returns where each of
// its lines comes from. A line without a mark comes from where the one above
// does.
func (m *marks) clean(output, file string) (string, []line) {
	var b strings.Builder
	b.Grow(len(output))
	current := line{pos: place{file, 1}}
	var lines []line
	for text := range strings.Lines(output) {
		begun, own := false, 0
		for i := 0; i < len(text); {
			r, size := utf8.DecodeRuneInString(text[i:])
			if isMark(r) {
				if id := int(r - firstMark); id < len(m.list) {
					pos := m.list[id]
					if !begun {
						current.pos = pos
					}
					if pos.file == file && own == 0 {
						own = pos.line
					}
				}
			} else {
				begun = begun || !strings.ContainsRune(" \t\r\n", r)
				b.WriteString(text[i : i+size])
			}
			i += size
		}
		if own > 0 {
			current.own = own
		}
		lines = append(lines, current)
	}
	return b.String(), lines
}
