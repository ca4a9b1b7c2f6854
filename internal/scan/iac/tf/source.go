package tf

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"sort"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Comment is a comment in a source file that may silence a check.
type Comment struct {
	File string
	Line int
	Text string // with its marker
}

// configFile is one parsed configuration file.
type configFile struct {
	name     string // path in the tree
	override bool
	body     *hclsyntax.Body
	comments []Comment
	gaps     []bulwark.Gap
	broken   [][2]int // line ranges whose contents are not all known
	lines    int
}

// isConfig reports whether a file's name is one that Terraform reads as
// configuration.
func isConfig(name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") || strings.HasPrefix(name, "#") {
		return false
	}
	return strings.HasSuffix(name, ".tf") || strings.HasSuffix(name, ".tf.json")
}

func isOverride(name string) bool {
	base := strings.TrimSuffix(strings.TrimSuffix(name, ".json"), ".tf")
	return base == "override" || strings.HasSuffix(base, "_override")
}

// readFile reads a file of at most limit bytes. It never reads more than that,
// whatever the file's size is said to be.
func readFile(fsys fs.FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("tf: read %s: not a regular file", name)
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("tf: read %s: larger than %d bytes", name, limit)
	}
	var buf bytes.Buffer
	buf.Grow(int(info.Size()) + 1)
	n, err := io.Copy(&buf, io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if n > limit {
		return nil, fmt.Errorf("tf: read %s: larger than %d bytes", name, limit)
	}
	return buf.Bytes(), nil
}

// parseFile parses one configuration file. What cannot be parsed is a gap. The
// file's size is taken off what is left of the bytes that may be read.
func parseFile(fsys fs.FS, name string, lim Limits, left *int64) *configFile {
	cf := &configFile{name: name, override: isOverride(path.Base(name)), body: &hclsyntax.Body{}}
	src, err := readFile(fsys, name, min(lim.FileBytes, max(*left, 0)))
	if err != nil {
		cf.gap(0, 0, err.Error())
		return cf
	}
	*left -= int64(len(src))
	src = scrub(bytes.TrimPrefix(src, []byte("\ufeff")))
	cf.lines = bytes.Count(src, []byte("\n")) + 1
	if strings.HasSuffix(name, ".json") {
		cf.parseJSON(src)
	} else {
		cf.parseHCL(src, lim)
	}
	return cf
}

func (cf *configFile) gap(line, end int, why string) {
	where := cf.name
	if line > 0 {
		where = fmt.Sprintf("%s:%d", cf.name, line)
	}
	if end > line {
		where = fmt.Sprintf("%s-%d", where, end)
	}
	cf.gaps = append(cf.gaps, bulwark.Gap{
		What: "file", Where: where, Why: why,
		Position: bulwark.Position{File: cf.name, Line: line, EndLine: max(line, end)},
	})
}

func (cf *configFile) parseHCL(src []byte, lim Limits) {
	start := hcl.Pos{Line: 1, Column: 1}
	if roughTokens(src) > maxTokens {
		cf.gap(1, cf.lines, fmt.Sprintf("more than %d words and signs", maxTokens))
		return
	}
	tokens, _ := hclsyntax.LexConfig(src, cf.name, start)
	if line := tooDeep(tokens, lim.Nesting); line > 0 {
		cf.gap(line, cf.lines, fmt.Sprintf("nested deeper than %d levels", lim.Nesting))
		return
	}
	cf.comments = suppressions(tokens, cf.name)
	body, diags := parseConfig(src, cf.name, start)
	if !diags.HasErrors() {
		cf.body = body
		return
	}
	cf.recover(src)
}

// maxTokens bounds the words and signs of a file: each takes the parser some
// hundred bytes.
const maxTokens = 1_500_000

// roughTokens returns at least as many as a source has tokens, comments apart.
func roughTokens(src []byte) int {
	n := 0
	word, fresh, comment := false, true, false
	for i, c := range src {
		switch {
		case c == '\n':
			n++
			word, fresh, comment = false, true, false
		case comment:
		case c == ' ' || c == '\t' || c == '\r':
			word = false
		case fresh && (c == '#' || c == '/' && i+1 < len(src) && src[i+1] == '/'):
			comment = true
		case c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z':
			if !word {
				n++
			}
			word, fresh = true, false
		default:
			n++
			word, fresh = false, false
		}
	}
	return n
}

// parseConfig parses HCL. The parser panics where its own bookkeeping fails,
// which is an error of the file to us.
func parseConfig(src []byte, name string, start hcl.Pos) (body *hclsyntax.Body, diags hcl.Diagnostics) {
	defer func() {
		if p := recover(); p != nil {
			body = &hclsyntax.Body{}
			diags = hcl.Diagnostics{{Severity: hcl.DiagError, Summary: fmt.Sprintf("the parser failed: %v", p)}}
		}
	}()
	f, diags := hclsyntax.ParseConfig(src, name, start)
	return f.Body.(*hclsyntax.Body), diags
}

// blockStart matches a line that begins a top-level block. In a file with a
// syntax error such lines are where reading starts again.
var blockStart = regexp.MustCompile(`(?m)^(resource|data|ephemeral|module|variable|output|locals|provider|terraform|moved|import|removed|check)\b[^=\n]*\{`)

// recover reads a file with syntax errors piece by piece, each top-level block
// apart, so that an error costs no more than the block it is in.
func (cf *configFile) recover(src []byte) {
	cuts := []int{0}
	for _, m := range blockStart.FindAllIndex(src, -1) {
		if m[0] > 0 {
			cuts = append(cuts, m[0])
		}
	}
	cuts = append(cuts, len(src))
	line := 1
	for i := 0; i+1 < len(cuts); i++ {
		piece := src[cuts[i]:cuts[i+1]]
		cf.piece(piece, line, cuts[i])
		line += bytes.Count(piece, []byte("\n"))
	}
}

func (cf *configFile) piece(src []byte, line, offset int) {
	body, diags := parseConfig(src, cf.name, hcl.Pos{Line: line, Column: 1, Byte: offset})
	if diags.HasErrors() {
		d := firstError(diags)
		at, end := line, line+bytes.Count(trimTail(src), []byte("\n"))
		if body != nil {
			for _, b := range body.Blocks {
				b.CloseBraceRange.End = hcl.Pos{Line: end, Column: 2}
			}
		}
		cf.broken = append(cf.broken, [2]int{at, end})
		why := d.Summary
		if d.Subject != nil && d.Subject.Start.Line > 0 {
			why = fmt.Sprintf("%s (line %d)", d.Summary, d.Subject.Start.Line)
		}
		cf.gap(at, end, "syntax error: "+lowerFirst(why))
	}
	if body == nil {
		return
	}
	if cf.body.Attributes == nil {
		cf.body.Attributes = hclsyntax.Attributes{}
	}
	for k, a := range body.Attributes {
		cf.body.Attributes[k] = a
	}
	cf.body.Blocks = append(cf.body.Blocks, body.Blocks...)
}

// trimTail cuts blank lines and comments off the end of a piece: they belong to
// what follows.
func trimTail(src []byte) []byte {
	for {
		src = bytes.TrimRight(src, " \t\r\n")
		i := bytes.LastIndexByte(src, '\n')
		last := bytes.TrimSpace(src[i+1:])
		if i < 0 || !bytes.HasPrefix(last, []byte("#")) && !bytes.HasPrefix(last, []byte("//")) {
			return src
		}
		src = src[:i]
	}
}

func firstError(diags hcl.Diagnostics) *hcl.Diagnostic {
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			return d
		}
	}
	return diags[0]
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// brokenAt reports whether a line lies where the file has a syntax error.
func (cf *configFile) brokenAt(line int) bool {
	i := sort.Search(len(cf.broken), func(i int) bool { return cf.broken[i][1] >= line })
	return i < len(cf.broken) && cf.broken[i][0] <= line
}

const maxChain = 5_000

var closers = map[hclsyntax.TokenType]hclsyntax.TokenType{
	hclsyntax.TokenOBrace:          hclsyntax.TokenCBrace,
	hclsyntax.TokenOBrack:          hclsyntax.TokenCBrack,
	hclsyntax.TokenOParen:          hclsyntax.TokenCParen,
	hclsyntax.TokenOQuote:          hclsyntax.TokenCQuote,
	hclsyntax.TokenOHeredoc:        hclsyntax.TokenCHeredoc,
	hclsyntax.TokenTemplateInterp:  hclsyntax.TokenTemplateSeqEnd,
	hclsyntax.TokenTemplateControl: hclsyntax.TokenTemplateSeqEnd,
}

// tooDeep returns the line at which brackets, quotes or templates nest deeper
// than limit, or operators follow each other without end, and 0 if nowhere. The
// parser recurses on the former and evaluation on both; a stack that overflows
// cannot be recovered from. A closer that closes something else is passed over,
// so that a stray one cannot hide depth.
func tooDeep(tokens hclsyntax.Tokens, limit int) int {
	type level struct {
		close hclsyntax.TokenType
		chain int
	}
	stack := []level{{close: hclsyntax.TokenEOF}}
	for _, t := range tokens {
		top := &stack[len(stack)-1]
		if t.Type == top.close {
			if len(stack) > 1 {
				stack = stack[:len(stack)-1]
			}
			continue
		}
		step := 1
		switch t.Type {
		case hclsyntax.TokenComma:
			top.chain = 0
			step = 0
		case hclsyntax.TokenNewline:
			if top.close == hclsyntax.TokenCBrace || top.close == hclsyntax.TokenEOF {
				top.chain = 0
			}
			step = 0
		case hclsyntax.TokenIdent, hclsyntax.TokenNumberLit, hclsyntax.TokenQuotedLit, hclsyntax.TokenStringLit,
			hclsyntax.TokenComment, hclsyntax.TokenTemplateInterp, hclsyntax.TokenOQuote, hclsyntax.TokenEqual:
			step = 0
		}
		if top.chain += step; top.chain > maxChain {
			return t.Range.Start.Line
		}
		if c, opens := closers[t.Type]; opens {
			if stack = append(stack, level{close: c}); len(stack) > limit {
				return t.Range.Start.Line
			}
		}
	}
	return 0
}

var suppressionWords = []string{"ignore", "skip", "nosec"}

func suppressions(tokens hclsyntax.Tokens, file string) []Comment {
	var out []Comment
	for _, t := range tokens {
		if t.Type != hclsyntax.TokenComment {
			continue
		}
		low := bytes.ToLower(t.Bytes)
		for _, w := range suppressionWords {
			if bytes.Contains(low, []byte(w)) {
				out = append(out, Comment{file, t.Range.Start.Line, strings.TrimSpace(string(t.Bytes))})
				break
			}
		}
	}
	return out
}

// parseTemplateText parses a template, within the nesting limit.
func parseTemplateText(src []byte, name string, at hcl.Pos, nesting int) (hclsyntax.Expression, error) {
	src = scrub(src)
	if roughTokens(src) > maxTokens {
		return nil, fmt.Errorf("tf: template %s: more than %d words and signs", name, maxTokens)
	}
	tokens, _ := hclsyntax.LexTemplate(src, name, at)
	if line := tooDeep(tokens, nesting); line > 0 {
		return nil, fmt.Errorf("tf: template %s:%d: nested deeper than %d levels", name, line, nesting)
	}
	e, diags := hclsyntax.ParseTemplate(src, name, at)
	if diags.HasErrors() {
		return nil, fmt.Errorf("tf: template %s: %s", name, lowerFirst(firstError(diags).Summary))
	}
	return e, nil
}

// parseExprText parses an expression, within the nesting limit.
func parseExprText(src []byte, name string, at hcl.Pos, nesting int) (hclsyntax.Expression, error) {
	tokens, _ := hclsyntax.LexExpression(src, name, at)
	if line := tooDeep(tokens, nesting); line > 0 {
		return nil, fmt.Errorf("tf: expression %s:%d: nested deeper than %d levels", name, line, nesting)
	}
	e, diags := hclsyntax.ParseExpression(src, name, at)
	if diags.HasErrors() {
		return nil, fmt.Errorf("tf: expression %s: %s", name, lowerFirst(firstError(diags).Summary))
	}
	return e, nil
}
