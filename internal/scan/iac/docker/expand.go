package docker

import (
	"strconv"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// A value that only a build knows (an argument without default, a variable of
// the base image) travels through texts as a token of private-use runes: the
// index of its symbol between tokenOpen and tokenClose, in digits from
// tokenZero. These runes are taken out of the input first.
const (
	tokenOpen  = '\uE000'
	tokenClose = '\uE001'
	tokenZero  = '\uE010'
)

func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r == tokenOpen || r == tokenClose || r >= tokenZero && r < tokenZero+10 {
			return '\uFFFD'
		}
		return r
	}, text)
}

// symbols numbers the symbols of one file.
type symbols struct {
	list []bulwark.Symbol
	ids  map[bulwark.Symbol]int
}

// token returns the text that stands for a variable.
func (s *symbols) token(file, variable string) string {
	sym := bulwark.Symbol{Kind: "input", Scope: file, Address: "$" + variable}
	id, ok := s.ids[sym]
	if !ok {
		if s.ids == nil {
			s.ids = map[bulwark.Symbol]int{}
		}
		id = len(s.list)
		s.list = append(s.list, sym)
		s.ids[sym] = id
	}
	t := []rune{tokenOpen}
	for _, d := range strconv.Itoa(id) {
		t = append(t, d-'0'+tokenZero)
	}
	return string(append(t, tokenClose))
}

func hasToken(text string) bool { return strings.ContainsRune(text, tokenOpen) }

// parts cuts a text with tokens into literals and symbols.
func (s *symbols) parts(text string) []bulwark.Part {
	var parts []bulwark.Part
	for text != "" {
		before, rest, ok := strings.Cut(text, string(tokenOpen))
		if before != "" {
			parts = append(parts, bulwark.Part{Literal: before})
		}
		if !ok {
			break
		}
		digits, after, _ := strings.Cut(rest, string(tokenClose))
		id := 0
		for _, r := range digits {
			id = id*10 + int(r-tokenZero)
		}
		if id < len(s.list) {
			parts = append(parts, bulwark.Part{Symbol: &s.list[id]})
		}
		text = after
	}
	return parts
}

// environment holds the variables known at one place of a Dockerfile.
type environment struct {
	vars map[string]string
	file string
	syms *symbols
	esc  byte
}

func (e *environment) clone() *environment {
	c := &environment{vars: make(map[string]string, len(e.vars)), file: e.file, syms: e.syms, esc: e.esc}
	for k, v := range e.vars {
		c.vars[k] = v
	}
	return c
}

// set gives a variable its value; variables beyond the bound stay unknown.
func (e *environment) set(name, value string) {
	if _, ok := e.vars[name]; ok || len(e.vars) < maxVariables {
		e.vars[name] = value
	}
}

const (
	maxExpanded = 64 << 10 // bytes of one expanded text
	maxNested   = 16       // ${a:-${b:-…}}
	maxBraces   = 1 << 10  // bytes between ${ and }
)

// expand replaces variables as the builder does and removes quotes; a variable
// that is not known becomes its symbol's token.
func (e *environment) expand(text string) string {
	var b strings.Builder
	e.write(&b, text, true, 0)
	return b.String()
}

// write appends text with variables replaced. Quotes are removed when unquote
// is set.
func (e *environment) write(b *strings.Builder, text string, unquote bool, depth int) {
	double := false
	for i := 0; i < len(text) && b.Len() < maxExpanded; {
		c := text[i]
		switch {
		case c == '\'' && unquote && !double:
			end := strings.IndexByte(text[i+1:], '\'')
			if end < 0 {
				end = len(text) - i - 1
			}
			b.WriteString(text[i+1 : i+1+end])
			i += end + 2
		case c == '"' && unquote:
			double = !double
			i++
		case c == e.esc && i+1 < len(text):
			if double && text[i+1] != '"' && text[i+1] != '$' && text[i+1] != e.esc {
				b.WriteByte(c)
			}
			b.WriteByte(text[i+1])
			i += 2
		case c == '$':
			i += e.variable(b, text[i:], depth)
		default:
			b.WriteByte(c)
			i++
		}
	}
}

// variable appends the value of the variable with which text begins, and
// returns how many bytes that took.
func (e *environment) variable(b *strings.Builder, text string, depth int) int {
	if len(text) < 2 || depth > maxNested {
		b.WriteString(text[:1])
		return 1
	}
	if text[1] != '{' {
		n := nameLen(text[1:])
		if n == 0 {
			b.WriteByte('$')
			return 1
		}
		b.WriteString(e.lookup(text[1 : 1+n]))
		return 1 + n
	}
	end := braceEnd(text)
	if end < 0 {
		b.WriteString(text[:1])
		return 1
	}
	body := text[2:end]
	n := nameLen(body)
	name, op := body[:n], body[n:]
	value, known := e.vars[name]
	known = known && !hasToken(value)
	switch word := strings.TrimPrefix(op, ":"); {
	case op == "":
		b.WriteString(e.lookup(name))
	case strings.HasPrefix(word, "-"):
		if known && (value != "" || op[0] == '-') {
			b.WriteString(value)
		} else {
			e.write(b, word[1:], false, depth+1)
		}
	case strings.HasPrefix(word, "+"):
		if known && (value != "" || op[0] == '+') {
			e.write(b, word[1:], false, depth+1)
		}
	case strings.HasPrefix(word, "?"):
		b.WriteString(e.lookup(name))
	default: // ${name#pattern} and its like
		b.WriteString(e.syms.token(e.file, "{"+body+"}"))
	}
	return end + 1
}

func (e *environment) lookup(name string) string {
	if v, ok := e.vars[name]; ok {
		return v
	}
	return e.syms.token(e.file, name)
}

func nameLen(s string) int {
	for i := range len(s) {
		if c := s[i]; c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return i
		}
	}
	return len(s)
}

// braceEnd returns the index of the brace that closes ${, or -1.
func braceEnd(text string) int {
	depth := 0
	for i := 1; i < min(len(text), maxBraces); i++ {
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		case '\\':
			i++
		}
	}
	return -1
}
