package tf

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/bulwarksec/bulwark"
)

const (
	maxJSONDepth = 512
	maxJSONNodes = 2_000_000
)

// liner tells the file and line of growing offsets in a text.
type liner struct {
	src  string
	segs []seg
	next int // segs[next-1] is where off lies
	off  int
	line int
}

func newLiner(src string, segs []seg) *liner { return &liner{src: src, segs: segs} }

// at returns where the byte at off was written. Offsets must not fall.
func (l *liner) at(off int) (file string, line int) {
	for l.next < len(l.segs) && l.segs[l.next].off <= off {
		l.off, l.line = l.segs[l.next].off, l.segs[l.next].line
		l.next++
	}
	if l.next == 0 {
		return "", 0
	}
	s := l.segs[l.next-1]
	if s.counts && off > l.off {
		l.line += strings.Count(l.src[l.off:min(off, len(l.src))], "\n")
		l.off = off
	}
	return s.file, l.line
}

// jsonReader decodes one JSON text to nodes with positions. Where tokens is
// set, a token may stand for a whole value.
type jsonReader struct {
	src    string
	i      int
	lines  *liner
	via    []string
	tokens bool
	loose  bool // a comma before a closing bracket is passed over
	depth  int
	nodes  int
	limit  int
}

// parseJSON reads a JSON document written where segs say.
func parseJSON(src string, segs []seg, via []string, tokens bool) (*Node, error) {
	return (&jsonReader{src: src, lines: newLiner(src, segs), via: via, tokens: tokens}).document()
}

func (r *jsonReader) document() (*Node, error) {
	n, err := r.value()
	if err == nil {
		r.space()
		if r.i < len(r.src) {
			err = errors.New("more text after the document")
		}
	}
	if err != nil {
		_, line := r.lines.at(r.i)
		return nil, fmt.Errorf("json: line %d: %w", line, err)
	}
	return n, nil
}

// fileSegs is the seg list of a text that is a file from its first line on.
func fileSegs(file string) []seg { return []seg{{0, file, 1, true}} }

func (r *jsonReader) space() {
	for r.i < len(r.src) {
		switch r.src[r.i] {
		case ' ', '\t', '\n', '\r':
			r.i++
		default:
			return
		}
	}
}

func (r *jsonReader) value() (*Node, error) {
	r.space()
	if r.nodes++; r.nodes > cmp.Or(r.limit, maxJSONNodes) {
		return nil, errors.New("too many values")
	}
	if r.i >= len(r.src) {
		return nil, errors.New("unexpected end")
	}
	file, line := r.lines.at(r.i)
	n, err := r.bare()
	if err != nil {
		return nil, err
	}
	_, end := r.lines.at(r.i - 1)
	n.Pos = bulwark.Position{File: file, Line: line, EndLine: end, Via: r.via}
	return n, nil
}

func (r *jsonReader) bare() (*Node, error) {
	rest := r.src[r.i:]
	switch c := rest[0]; {
	case c == '{' || c == '[':
		if r.depth++; r.depth > maxJSONDepth {
			return nil, errors.New("nested too deep")
		}
		defer func() { r.depth-- }()
		if c == '{' {
			return r.object()
		}
		return r.list()
	case c == '"':
		s, err := r.text()
		return str(s), err
	case strings.HasPrefix(rest, "true"):
		r.i += 4
		return boolean(true), nil
	case strings.HasPrefix(rest, "false"):
		r.i += 5
		return boolean(false), nil
	case strings.HasPrefix(rest, "null"):
		r.i += 4
		return null(), nil
	case c == '-' || c >= '0' && c <= '9':
		return r.number()
	case r.tokens && strings.HasPrefix(rest, tokenOpenText) && len(rest) >= tokenRunes:
		r.i += tokenRunes
		return str(rest[:tokenRunes]), nil
	}
	return nil, fmt.Errorf("unexpected %q", firstRune(rest))
}

func firstRune(s string) rune {
	c, _ := utf8.DecodeRuneInString(s)
	return c
}

func (r *jsonReader) number() (*Node, error) {
	start := r.i
	for r.i < len(r.src) && strings.IndexByte("+-0123456789.eE", r.src[r.i]) >= 0 {
		r.i++
	}
	f, err := parseNumber(r.src[start:r.i])
	if err != nil {
		return nil, err
	}
	return number(f), nil
}

func (r *jsonReader) list() (*Node, error) {
	n := &Node{Kind: List}
	r.i++
	for first := true; ; first = false {
		r.space()
		if r.i < len(r.src) && r.src[r.i] == ']' && (first || r.loose) {
			break
		}
		v, err := r.value()
		if err != nil {
			return nil, err
		}
		n.Items = append(n.Items, v)
		r.space()
		if r.i < len(r.src) && r.src[r.i] == ',' {
			r.i++
			continue
		}
		if r.i < len(r.src) && r.src[r.i] == ']' {
			break
		}
		return nil, errors.New("expected , or ]")
	}
	r.i++
	return n, nil
}

func (r *jsonReader) object() (*Node, error) {
	n := &Node{Kind: Object}
	seen := map[string]int{}
	r.i++
	for first := true; ; first = false {
		r.space()
		if r.i < len(r.src) && r.src[r.i] == '}' && (first || r.loose) {
			break
		}
		if r.i >= len(r.src) || r.src[r.i] != '"' {
			return nil, errors.New("a member's name is missing")
		}
		name, err := r.text()
		if err != nil {
			return nil, err
		}
		r.space()
		if r.i >= len(r.src) || r.src[r.i] != ':' {
			return nil, errors.New("a colon is missing after a name")
		}
		r.i++
		v, err := r.value()
		if err != nil {
			return nil, err
		}
		if at, dup := seen[name]; dup {
			n.Fields[at].Value = v
		} else {
			seen[name] = len(n.Fields)
			n.Fields = append(n.Fields, Field{name, v})
		}
		r.space()
		if r.i < len(r.src) && r.src[r.i] == ',' {
			r.i++
			continue
		}
		if r.i < len(r.src) && r.src[r.i] == '}' {
			break
		}
		return nil, errors.New("expected , or }")
	}
	r.i++
	return n, nil
}

// text reads a string literal. Control characters are taken as they are, since
// texts that templates made are often careless about them.
func (r *jsonReader) text() (string, error) {
	start := r.i + 1
	for i := start; i < len(r.src); i++ {
		switch r.src[i] {
		case '"':
			r.i = i + 1
			return r.src[start:i], nil
		case '\\':
			return r.escaped(start, i)
		}
	}
	return "", errors.New("a text is not closed")
}

func (r *jsonReader) escaped(start, i int) (string, error) {
	b := []byte(r.src[start:i])
	for i < len(r.src) {
		c := r.src[i]
		if c == '"' {
			r.i = i + 1
			return string(b), nil
		}
		if c != '\\' {
			b = append(b, c)
			i++
			continue
		}
		if i+1 >= len(r.src) {
			break
		}
		i += 2
		switch c := r.src[i-1]; c {
		case '"', '\\', '/':
			b = append(b, c)
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u':
			c, n := unicodeEscape(r.src[i:])
			if n == 0 {
				return "", errors.New(`bad \u escape`)
			}
			if c == tokenOpen || c == tokenClose {
				c = utf8.RuneError
			}
			b = utf8.AppendRune(b, c)
			i += n
		default:
			return "", fmt.Errorf("bad escape \\%c", c)
		}
	}
	return "", errors.New("a text is not closed")
}

// unicodeEscape reads the digits after \u, and a low surrogate's whole escape
// after a high one's. It returns the bytes read, 0 for none.
func unicodeEscape(s string) (rune, int) {
	c, ok := hex4(s)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(c) {
		if len(s) >= 10 && s[4] == '\\' && s[5] == 'u' {
			if low, ok := hex4(s[6:]); ok {
				if full := utf16.DecodeRune(c, low); full != utf8.RuneError {
					return full, 10
				}
			}
		}
		return utf8.RuneError, 4
	}
	return c, 4
}

func hex4(s string) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	v, err := strconv.ParseUint(s[:4], 16, 32)
	return rune(v), err == nil
}

// parseNumber reads a decimal number with the precision that Terraform keeps.
func parseNumber(s string) (*big.Float, error) {
	if len(s) > 8192 || s == "" || strings.ContainsAny(s, "xXpPoObB_iInN") {
		return nil, fmt.Errorf("%.20q is no number", s)
	}
	f, _, err := big.ParseFloat(s, 10, 512, big.ToNearestEven)
	if err != nil || f.IsInf() || tooWide(f) {
		return nil, fmt.Errorf("%.20q is no number", s)
	}
	return f, nil
}

// tooWide reports whether writing f out would take thousands of digits.
func tooWide(f *big.Float) bool {
	e := f.MantExp(nil)
	return e > 4096 || e < -4096
}

func formatNumber(f *big.Float) string { return f.Text('f', -1) }

// appendJSON writes n as Terraform's jsonencode does: members sorted, no
// spaces, and <, >, & escaped. What is unknown becomes a token.
func (ev *evaluator) appendJSON(b []byte, n *Node) []byte {
	n = n.forced()
	ev.charge(1)
	if len(b) > maxText {
		return b
	}
	switch n.Kind {
	case Null:
		return append(b, "null"...)
	case Bool:
		return strconv.AppendBool(b, n.Bool)
	case Number:
		return append(b, formatNumber(n.Number)...)
	case String, Symbolic:
		return appendJSONText(b, n.Text)
	case List:
		b = append(b, '[')
		for i, it := range n.Items {
			if i > 0 {
				b = append(b, ',')
			}
			b = ev.appendJSON(b, it)
		}
		return append(b, ']')
	case Object:
		b = append(b, '{')
		for i, f := range n.sortedFields() {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendJSONText(b, f.Name), ':')
			b = ev.appendJSON(b, f.Value)
		}
		return append(b, '}')
	}
	return appendJSONText(b, ev.textOf(n))
}

func appendJSONText(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\r':
			b = append(b, '\\', 'r')
		case c == '\t':
			b = append(b, '\\', 't')
		case c == '\b':
			b = append(b, '\\', 'b')
		case c == '\f':
			b = append(b, '\\', 'f')
		case c < 0x20 || c == '<' || c == '>' || c == '&':
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c < utf8.RuneSelf:
			b = append(b, c)
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == '\u2028' || r == '\u2029' {
				b = append(b, `\u202`...)
				b = append(b, hex[r&15])
			} else {
				b = utf8.AppendRune(b, r)
			}
			i += n
			continue
		}
		i++
	}
	return append(b, '"')
}

// ParseJSONString reads the JSON document that a text holds: a policy that
// jsonencode or a policy-document data source made, keeps the positions of the
// expressions it was made from; one in a heredoc or file those of its lines.
// Symbols inside stay symbols, and a comma too many before a closing bracket is
// passed over. It returns false for what is no JSON text: an
// unknown, a lone symbol, a malformed document.
func ParseJSONString(n *Node) (*Node, bool) {
	if n == nil || n.Kind != String && n.Kind != Symbolic || n.Symbol() != nil {
		return nil, false
	}
	if n.x != nil && n.x.json != nil {
		x := exporter{syms: n.x.syms, left: maxJSONNodes}
		return x.export(n.x.json), true
	}
	return parseExported(n)
}

// parseExported parses a text whose symbols are parts and no longer tokens: it
// writes tokens of its own and decodes them again.
func parseExported(n *Node) (*Node, bool) {
	text, segs, syms := reimport(n)
	trimmed := strings.TrimLeft(text, " \t\r\n")
	if trimmed == "" || trimmed[0] != '{' && trimmed[0] != '[' {
		return nil, false
	}
	r := &jsonReader{src: text, lines: newLiner(text, segs), via: n.Pos.Via, tokens: syms != nil, loose: true}
	out, err := r.document()
	if err != nil {
		return nil, false
	}
	if syms != nil {
		x := exporter{syms: syms, left: maxJSONNodes}
		out = x.export(out)
	}
	return out, true
}

// reimport returns an exported text with a token for each symbol (syms is nil
// where there is none), and where its bytes were written.
func reimport(n *Node) (text string, segs []seg, syms *symbols) {
	text = n.Text
	if n.Kind == Symbolic {
		syms = newSymbols()
		var b strings.Builder
		for _, p := range n.Parts {
			if p.Symbol == nil {
				b.WriteString(p.Literal)
			} else {
				b.WriteString(syms.token(*p.Symbol))
			}
		}
		text = b.String()
	}
	if n.x != nil {
		segs = n.x.segs
	}
	if segs == nil {
		segs = []seg{{0, n.Pos.File, n.Pos.Line, false}}
	}
	return text, segs, syms
}
