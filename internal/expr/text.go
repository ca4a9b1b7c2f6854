package expr

import (
	"regexp"
	"strings"
	"sync"

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

func (r *Run) startsWith(a, b val) tri {
	p, ok := literal(b)
	if !ok {
		return unsure
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
	s, ok := literal(a)
	p, okp := literal(b)
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
// than of what it becomes.
func writtenText(_ *Run, a val) val {
	switch a.class() {
	case cSymbolic:
		return val{r: types.String(written(a.v))}
	case cString, cAbsent, cNull:
		return a
	}
	return wrong("written", a)
}
