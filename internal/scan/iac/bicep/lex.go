package bicep

import (
	"strings"
	"unicode/utf8"
)

// kind is the kind of a token.
type kind uint8

const (
	tEnd kind = iota
	tLine
	tName
	tNumber
	tText
	tMark // punctuation; text holds it
	tBad  // what is no token; text says why
)

// token is one word of a file. A text with holes has parts, its literals and
// the tokens of its holes in turn.
type token struct {
	kind  kind
	text  string
	line  int
	first bool // it begins its line, without blanks, as statements do
	parts []part
}

// part is a literal, and the tokens of the hole after it; the last has none.
type part struct {
	text string
	hole []token
}

const (
	maxTokens = 1 << 20
	maxHoles  = 16 // texts one in the hole of the other
)

// lexer cuts a file into tokens. Lines matter: they end statements.
type lexer struct {
	src   string
	at    int
	line  int
	depth int // of holes
	count *int
}

// marks are the punctuation, longer ones first.
var marks = []string{"...", "=>", "==", "!=", "=~", "!~", ">=", "<=", "&&", "||", "??", ".?", "::", "{", "}", "[", "]", "(", ")", ",", ":", ".", "=", "<", ">", "+", "-", "*", "/", "%", "!", "?", "@", "|", ";"}

// tokens reads to the end of the file, or of the hole around it.
func (l *lexer) tokens() []token {
	var out []token
	open := 0
	for {
		first := l.at == 0 || l.at <= len(l.src) && l.src[l.at-1] == '\n'
		first = first && l.at < len(l.src) && l.src[l.at] != ' ' && l.src[l.at] != '\t'
		t := l.next()
		if *l.count++; *l.count > maxTokens {
			return append(out, token{kind: tBad, text: "the file has too many words", line: l.line, first: true})
		}
		t.first = first
		if t.kind == tEnd {
			return append(out, t)
		}
		if l.depth > 0 && t.kind == tMark {
			switch t.text {
			case "{":
				open++
			case "}":
				if open--; open < 0 { // the hole's end
					return append(out, token{kind: tEnd, line: t.line})
				}
			}
		}
		out = append(out, t)
	}
}

func (l *lexer) next() token {
	l.blanks()
	t := token{line: l.line}
	if l.at >= len(l.src) {
		return t
	}
	c := l.src[l.at]
	switch {
	case c == '\n':
		l.at++
		l.line++
		t.kind = tLine
	case strings.HasPrefix(l.src[l.at:], "'''"):
		return l.verbatim()
	case c == '\'':
		return l.quoted()
	case isLetter(c):
		start := l.at
		for l.at < len(l.src) && (isLetter(l.src[l.at]) || isDigit(l.src[l.at])) {
			l.at++
		}
		t.kind, t.text = tName, l.src[start:l.at]
	case isDigit(c):
		start := l.at
		for l.at < len(l.src) && isDigit(l.src[l.at]) {
			l.at++
		}
		t.kind, t.text = tNumber, l.src[start:l.at]
	default:
		for _, m := range marks {
			if strings.HasPrefix(l.src[l.at:], m) {
				l.at += len(m)
				t.kind, t.text = tMark, m
				return t
			}
		}
		_, size := utf8.DecodeRuneInString(l.src[l.at:])
		t.kind, t.text = tBad, "unexpected character "+strings.ToValidUTF8(l.src[l.at:l.at+size], "?")
		l.at += size
	}
	return t
}

func isLetter(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

// blanks passes over blanks, comments and directives such as
// #disable-next-line.
func (l *lexer) blanks() {
	for l.at < len(l.src) {
		rest := l.src[l.at:]
		switch {
		case rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\r':
			l.at++
		case strings.HasPrefix(rest, "//") || rest[0] == '#':
			end := strings.IndexByte(rest, '\n')
			if end < 0 {
				end = len(rest)
			}
			l.at += end
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest[2:], "*/")
			if end < 0 {
				end = len(rest) - 4
			}
			end = min(end+4, len(rest))
			l.line += strings.Count(rest[:end], "\n")
			l.at += end
		default:
			return
		}
	}
}

// verbatim reads a text of several lines; its first line's end is none of it.
func (l *lexer) verbatim() token {
	t := token{kind: tText, line: l.line}
	rest := l.src[l.at+3:]
	end := strings.Index(rest, "'''")
	if end < 0 {
		l.line += strings.Count(rest, "\n")
		l.at = len(l.src)
		return token{kind: tBad, text: "the text has no end", line: t.line}
	}
	for strings.HasPrefix(rest[end+3:], "'") { // quotes at the end are of the text
		end++
	}
	t.text = strings.TrimPrefix(strings.TrimPrefix(rest[:end], "\r"), "\n")
	l.line += strings.Count(rest[:end], "\n")
	l.at += 3 + end + 3
	return t
}

// quoted reads a text in quotes, with its holes.
func (l *lexer) quoted() token {
	t := token{kind: tText, line: l.line}
	var b strings.Builder
	for l.at++; l.at < len(l.src); {
		c := l.src[l.at]
		switch {
		case c == '\'':
			l.at++
			if t.text = b.String(); t.parts != nil {
				t.parts = append(t.parts, part{text: t.text})
			}
			return t
		case c == '\n':
			return token{kind: tBad, text: "the text has no end in its line", line: t.line}
		case c == '\\':
			l.escape(&b)
		case strings.HasPrefix(l.src[l.at:], "${"):
			if l.depth >= maxHoles {
				l.at += 2
				return token{kind: tBad, text: "texts stand too deep in one another", line: t.line}
			}
			in := lexer{src: l.src, at: l.at + 2, line: l.line, depth: l.depth + 1, count: l.count}
			t.parts = append(t.parts, part{b.String(), in.tokens()})
			b.Reset()
			l.at, l.line = in.at, in.line
		default:
			b.WriteByte(c)
			l.at++
		}
	}
	return token{kind: tBad, text: "the text has no end", line: t.line}
}

// escape reads \n, \r, \t, \\, \', \$ and \u{…}.
func (l *lexer) escape(b *strings.Builder) {
	rest := l.src[l.at+1:]
	l.at += 2
	switch {
	case rest == "":
		l.at--
	case rest[0] == 'n':
		b.WriteByte('\n')
	case rest[0] == 'r':
		b.WriteByte('\r')
	case rest[0] == 't':
		b.WriteByte('\t')
	case strings.HasPrefix(rest, "u{"):
		var r rune
		i := 2
		for ; i < len(rest) && i < 10 && rest[i] != '}'; i++ {
			digit := strings.IndexByte("0123456789abcdef", rest[i]|0x20)
			if digit < 0 {
				break
			}
			r = r<<4 | rune(digit)
		}
		b.WriteRune(r)
		if i < len(rest) && rest[i] == '}' {
			i++
		}
		l.at += i - 1
	case rest[0] == '\n':
		l.at--
	default:
		b.WriteByte(rest[0])
	}
}
