package tf

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"unicode/utf8"

	"github.com/bulwarksec/bulwark"
)

// The kinds of symbol that evaluation makes.
const (
	SymComputed   = "computed"   // an attribute that a resource has only once it is created
	SymData       = "data"       // an attribute of a data source
	SymInput      = "input"      // a variable without a value
	SymUndeclared = "undeclared" // a name that no file declares
	SymAccount    = "account"    // the account, subscription, project or caller of a provider scope
	SymRegion     = "region"     // a provider scope's region
	SymPartition  = "partition"  // a provider scope's partition, or what follows from it
	SymModule     = "module"     // an output of a module that could not be loaded
	SymWorkspace  = "workspace"  // terraform.workspace
	SymIteration  = "iteration"  // the key or value of a loop over something unknown
	SymDerived    = "derived"    // a function of the content of other symbols
	SymUnknown    = "unknown"    // a part of a text that could not be computed; Attribute is the reason
)

// A symbol travels through interpolation, functions and JSON as a token: the
// private-use rune U+E000, ten runes that are a digest's bytes, and U+E001.
// Private-use runes survive NFC and JSON, and no digit or letter of a token can
// be taken for text. Input is cleared of the two delimiters (see scrub).
const (
	tokenOpen  = '\ue000'
	tokenClose = '\ue001'
	tokenByte  = 0xE100 // rune of the byte 0
	tokenLen   = 10     // bytes of digest

	tokenRunes = (tokenLen + 2) * 3 // length in bytes, three a rune
)

const tokenOpenText = "\ue000"

func hasToken(s string) bool { return strings.Contains(s, tokenOpenText) }

func isLoneToken(s string) bool {
	return len(s) == tokenRunes && strings.HasPrefix(s, tokenOpenText)
}

// symbols maps tokens to what they stand for, for one evaluation.
type symbols struct {
	byToken map[string]*bulwark.Symbol
	tokens  map[bulwark.Symbol]string
	failed  map[string]bool // tokens of errors: try falls through on them
}

func newSymbols() *symbols {
	return &symbols{
		byToken: map[string]*bulwark.Symbol{},
		tokens:  map[bulwark.Symbol]string{},
		failed:  map[string]bool{},
	}
}

// token returns the token of a symbol. It depends on the symbol alone, so that
// sets of tokens sort the same way in every run.
func (t *symbols) token(s bulwark.Symbol) string {
	if tok, ok := t.tokens[s]; ok {
		return tok
	}
	var salt byte
	for {
		tok := makeToken(s, salt)
		if _, taken := t.byToken[tok]; !taken {
			t.byToken[tok] = &s
			t.tokens[s] = tok
			return tok
		}
		salt++
	}
}

func makeToken(s bulwark.Symbol, salt byte) string {
	h := sha256.New()
	for _, f := range []string{s.Kind, s.Scope, s.Address, s.Attribute} {
		h.Write([]byte(f))
		h.Write([]byte{0})
	}
	h.Write([]byte{salt})
	var sum [sha256.Size]byte
	b := make([]byte, 0, tokenRunes)
	b = utf8.AppendRune(b, tokenOpen)
	for _, c := range h.Sum(sum[:0])[:tokenLen] {
		b = utf8.AppendRune(b, tokenByte+rune(c))
	}
	return string(utf8.AppendRune(b, tokenClose))
}

// next returns the first token in s with its place, or ok false.
func (t *symbols) next(s string) (start, end int, sym *bulwark.Symbol, ok bool) {
	from := 0
	for {
		i := strings.Index(s[from:], tokenOpenText)
		if i < 0 {
			return 0, 0, nil, false
		}
		i += from
		if i+tokenRunes <= len(s) {
			if sym := t.byToken[s[i:i+tokenRunes]]; sym != nil {
				return i, i + tokenRunes, sym, true
			}
		}
		from = i + 3
	}
}

// decode splits a text into its literals and symbols.
func (t *symbols) decode(s string) []bulwark.Part {
	var parts []bulwark.Part
	for {
		i, j, sym, ok := t.next(s)
		if !ok {
			break
		}
		if i > 0 {
			parts = append(parts, bulwark.Part{Literal: s[:i]})
		}
		parts = append(parts, bulwark.Part{Symbol: sym})
		s = s[j:]
	}
	if s != "" {
		parts = append(parts, bulwark.Part{Literal: s})
	}
	return parts
}

// render returns s with ${symbol} for each token.
func (t *symbols) render(s string) string {
	if !hasToken(s) {
		return s
	}
	return renderParts(t.decode(s))
}

func renderParts(parts []bulwark.Part) string {
	var b strings.Builder
	for _, p := range parts {
		if p.Symbol == nil {
			b.WriteString(p.Literal)
			continue
		}
		b.WriteString("${")
		if p.Symbol.Kind == SymUnknown {
			b.WriteString("unknown: ")
		}
		b.WriteString(p.Symbol.String())
		b.WriteString("}")
	}
	return b.String()
}

// indeterminate reports whether a text has a part of which not even the
// identity is known, so that it is not equal to itself.
func (t *symbols) indeterminate(s string) bool {
	for {
		_, j, sym, ok := t.next(s)
		if !ok {
			return false
		}
		if sym.Kind == SymUnknown {
			return true
		}
		s = s[j:]
	}
}

// hasFailed reports whether a text has a part that is an error.
func (t *symbols) hasFailed(s string) bool {
	for {
		i, j, _, ok := t.next(s)
		if !ok {
			return false
		}
		if t.failed[s[i:j]] {
			return true
		}
		s = s[j:]
	}
}

// literalEnds returns the text before the first token and after the last.
func (t *symbols) literalEnds(s string) (prefix, suffix string) {
	i, j, _, ok := t.next(s)
	if !ok {
		return s, s
	}
	prefix = s[:i]
	for ok {
		s = s[j:]
		_, j, _, ok = t.next(s)
	}
	return prefix, s
}

// scrub replaces the runes that delimit tokens by U+FFFD, which is as long, so
// that a hostile file cannot write a token and every offset stays.
func scrub(b []byte) []byte {
	if !bytes.Contains(b, []byte("\ue000")) && !bytes.Contains(b, []byte("\ue001")) {
		return b
	}
	b = bytes.ReplaceAll(b, []byte("\ue000"), []byte("\ufffd"))
	return bytes.ReplaceAll(b, []byte("\ue001"), []byte("\ufffd"))
}

func scrubText(s string) string {
	if strings.Contains(s, "\ue000") || strings.Contains(s, "\ue001") {
		return string(scrub([]byte(s)))
	}
	return s
}
