package expr

import (
	"encoding/base64"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"cel.dev/cel-go/common/types"

	"github.com/bulwarksec/bulwark"
)

// literal returns the text of a value that is wholly known.
func literal(a val) (string, bool) {
	if a.class() != cString {
		return "", false
	}
	return a.text(), true
}

// cased changes the letters of a text; of what is not set there are none.
func cased(change func(string) string) func(*Run, val) val {
	return func(r *Run, a val) val {
		if a.unset() {
			return a
		}
		s, ok := literal(a)
		if !ok || !r.spend(1+len(s)/64) {
			return wrong("the letters", a)
		}
		return val{r: types.String(change(s))}
	}
}

// lowerASCII and upperASCII change the letters a to z alone.
func lowerASCII(s string) string {
	return strings.Map(func(c rune) rune {
		if 'A' <= c && c <= 'Z' {
			return c + 'a' - 'A'
		}
		return c
	}, s)
}

func upperASCII(s string) string {
	return strings.Map(func(c rune) rune {
		if 'a' <= c && c <= 'z' {
			return c - 'a' + 'A'
		}
		return c
	}, s)
}

// startsWith, as the other tests of texts, is false of what is not set.
func (r *Run) startsWith(a, b val) tri {
	p, ok := literal(b)
	if !ok {
		return unsure
	}
	if a.unset() {
		return no
	}
	if s, ok := literal(a); ok {
		return triOf(strings.HasPrefix(s, p))
	}
	if a.class() != cSymbolic {
		return unsure
	}
	known, _ := literalEnds(a.v)
	if len(known) >= len(p) {
		return triOf(strings.HasPrefix(known, p))
	}
	if !strings.HasPrefix(p, known) {
		return no
	}
	return unsure
}

func (r *Run) endsWith(a, b val) tri {
	p, ok := literal(b)
	if !ok {
		return unsure
	}
	if a.unset() {
		return no
	}
	if s, ok := literal(a); ok {
		return triOf(strings.HasSuffix(s, p))
	}
	if a.class() != cSymbolic {
		return unsure
	}
	_, known := literalEnds(a.v)
	if len(known) >= len(p) {
		return triOf(strings.HasSuffix(known, p))
	}
	if !strings.HasSuffix(p, known) {
		return no
	}
	return unsure
}

// contains is yes for a partly known text when one literal part holds the
// whole of what is sought.
func (r *Run) contains(a, b val) tri {
	p, ok := literal(b)
	if !ok {
		return unsure
	}
	if a.unset() {
		return no
	}
	if s, ok := literal(a); ok {
		r.spend(len(s) / 64)
		return triOf(strings.Contains(s, p))
	}
	if a.class() == cSymbolic {
		for _, part := range a.v.Parts() {
			if part.Symbol == nil && strings.Contains(part.Literal, p) {
				return yes
			}
		}
	}
	return unsure
}

// maxPattern bounds a regular expression's text.
const maxPattern = 2048

func (r *Run) matches(a, b val) tri {
	p, okp := literal(b)
	if okp && a.unset() {
		return no
	}
	s, ok := literal(a)
	if !ok || !okp {
		return unsure
	}
	re := pattern(p)
	if re == nil || !r.spend(1+len(s)/16) {
		return unsure
	}
	return triOf(re.MatchString(s))
}

var patterns struct {
	sync.Mutex
	m map[string]*regexp.Regexp
}

// pattern compiles a regular expression once; at most 1024 are kept.
func pattern(text string) *regexp.Regexp {
	if len(text) > maxPattern {
		return nil
	}
	patterns.Lock()
	defer patterns.Unlock()
	re, ok := patterns.m[text]
	if !ok {
		re, _ = regexp.Compile(text)
		if patterns.m == nil || len(patterns.m) > 1024 {
			patterns.m = map[string]*regexp.Regexp{}
		}
		patterns.m[text] = re
	}
	return re
}

// textOf is the text by which a message shows a value.
func textOf(a val) string {
	switch a.class() {
	case cString:
		return a.text()
	case cNull, cAbsent:
		return "not set"
	case cUnknown:
		return "unknown (" + a.reason() + ")"
	case cSymbolic:
		return written(a.v)
	case cSecret:
		kind, _ := a.v.SecretKind()
		return "secret (" + kind + ")"
	}
	if v, err := export(a); err == nil {
		return string(bulwark.AppendJSON(nil, v))
	}
	return a.class().String()
}

// plainText is the function plainText: the text that a base64 text encodes; what
// encodes none stays as it is. A text of fewer than 16 bytes is not taken for
// base64, since many a word is valid there.
func plainText(r *Run, a val) val {
	s, ok := literal(a)
	if !ok || len(s) < 16 || !r.spend(1+len(s)/16) {
		return a
	}
	data, err := base64.StdEncoding.DecodeString(strings.TrimSpace(s))
	if err != nil || !utf8.Valid(data) {
		return a
	}
	if strings.ContainsFunc(string(data), func(c rune) bool { return c < ' ' && c != '\n' && c != '\r' && c != '\t' }) {
		return a
	}
	return val{r: types.String(data)}
}

// written is a text as it stands in code: ${…} for each part that is known only
// once deployed.
func written(v bulwark.Value) string {
	var b strings.Builder
	for _, p := range v.Parts() {
		if p.Symbol != nil {
			b.WriteString("${" + p.Symbol.String() + "}")
			continue
		}
		b.WriteString(p.Literal)
	}
	return b.String()
}

// writtenText is the function written, for checks of what people wrote rather
// than of what it becomes. A part that could not be computed may hold what
// people wrote, so that nothing is said of the text.
func writtenText(_ *Run, a val) val {
	switch a.class() {
	case cSymbolic:
		for _, p := range a.v.Parts() {
			if p.Symbol != nil && (p.Symbol.Kind == "derived" || p.Symbol.Kind == "unknown") {
				return errVal("a text of which a part could not be computed")
			}
		}
		return val{r: types.String(written(a.v))}
	case cString, cAbsent, cNull:
		return a
	}
	return wrong("written", a)
}
