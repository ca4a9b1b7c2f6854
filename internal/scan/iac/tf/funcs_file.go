package tf

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"io/fs"
	"path"
	"regexp"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/bulwarksec/bulwark"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

func registerFiles() {
	digest := func(name string, h func() hash.Hash, enc func([]byte) string) fn {
		return fn{name, 1, 1, symRaw, func(c *call) *Node {
			b, failed := c.read(0)
			if failed != nil {
				return failed
			}
			return str(sumOf(h, b, enc))
		}}
	}
	register(
		fn{"file", 1, 1, symRaw, fileText},
		fn{"filebase64", 1, 1, symRaw, func(c *call) *Node {
			b, failed := c.read(0)
			if failed != nil {
				return failed
			}
			return str(base64.StdEncoding.EncodeToString(b))
		}},
		fn{"fileexists", 1, 1, symRaw, fileExists},
		fn{"fileset", 2, 2, symRaw, fileSet},
		fn{"templatefile", 2, 2, symRaw, templateFile},
		fn{"templatestring", 2, 2, symRaw, templateString},
		digest("filemd5", md5.New, hex.EncodeToString),
		digest("filesha1", sha1.New, hex.EncodeToString),
		digest("filesha256", sha256.New, hex.EncodeToString),
		digest("filesha512", sha512.New, hex.EncodeToString),
		digest("filebase64sha256", sha256.New, base64.StdEncoding.EncodeToString),
		digest("filebase64sha512", sha512.New, base64.StdEncoding.EncodeToString),
		fn{"abspath", 1, 1, symRaw, absPath},
		fn{"pathexpand", 1, 1, symRaw, func(c *call) *Node {
			if s, ok := c.text(0); ok && !strings.HasPrefix(s, "~") {
				return c.args[0]
			}
			return c.elsewhere()
		}},
		fn{"basename", 1, 1, symDerive, textual(func(a ...string) (string, error) { return path.Base(a[0]), nil })},
		fn{"dirname", 1, 1, symDerive, textual(func(a ...string) (string, error) { return path.Dir(a[0]), nil })},
	)
}

// absPath puts the folder in which Terraform runs, a symbol, before a path.
func absPath(c *call) *Node {
	s, ok := c.text(0)
	if !ok {
		return c.bad(0)
	}
	if hasToken(s) || path.IsAbs(s) {
		return c.args[0]
	}
	return str(path.Join(c.ev.cwd(), s))
}

// cwd returns the token of the folder in which Terraform runs.
func (ev *evaluator) cwd() string {
	return ev.syms.token(bulwark.Symbol{Kind: SymWorkspace, Address: "path", Attribute: "cwd"})
}

// elsewhere is a function whose result depends on the machine it runs on.
func (c *call) elsewhere() *Node {
	if c.args[0].Kind == Unknown {
		return c.args[0]
	}
	return c.derived()
}

var errOutside = errors.New("it lies outside of the tree")

// path returns the path in the tree that an argument names. A relative one is
// meant from the root folder, where Terraform is run.
func (c *call) path(i int) (string, *Node) {
	a := c.ev.convertText(c.args[i])
	if rest, ok := strings.CutPrefix(a.Text, c.ev.cwd()+"/"); ok && a.Kind == Symbolic {
		a = str(rest)
	}
	switch {
	case a.Kind == Unknown:
		return "", a
	case a.Kind == Symbolic:
		return "", unknown("which file is meant is not known" + c.ev.why(a))
	case a.Kind != String:
		return "", c.bad(i)
	}
	p := path.Join(c.ev.root, a.Text)
	if path.IsAbs(a.Text) || strings.HasPrefix(a.Text, "~") || p == ".." || strings.HasPrefix(p, "../") || !fs.ValidPath(p) {
		return "", unknown("the file " + clip(a.Text) + " is not read: " + errOutside.Error())
	}
	return p, nil
}

func clip(s string) string {
	if len(s) > 200 {
		return strings.ToValidUTF8(s[:200], "") + "…"
	}
	return s
}

func (c *call) read(i int) ([]byte, *Node) {
	p, failed := c.path(i)
	if failed != nil {
		return nil, failed
	}
	b, err := readFile(c.ev.fsys, p, min(c.ev.lim.FileBytes, maxText))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, failure("the file " + clip(p) + " does not exist")
	case err != nil:
		return nil, unknown("the file " + clip(p) + " could not be read: " + err.Error())
	}
	return b, nil
}

func fileText(c *call) *Node {
	b, failed := c.read(0)
	if failed != nil {
		return failed
	}
	if !utf8.Valid(b) {
		return failure("file: " + errNotText.Error())
	}
	p, _ := c.path(0)
	n := str(string(scrub(b)))
	n.x = &ext{segs: fileSegs(p)}
	return n
}

func fileExists(c *call) *Node {
	p, failed := c.path(0)
	if failed != nil {
		return failed
	}
	info, err := fs.Stat(c.ev.fsys, p)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return boolean(false)
	case err != nil:
		return unknown("whether the file " + clip(p) + " exists is not known: " + err.Error())
	case !info.Mode().IsRegular():
		return failure("fileexists: " + clip(p) + " is no regular file")
	}
	return boolean(true)
}

// maxFileSet bounds how many entries fileset looks at.
const maxFileSet = 100_000

func fileSet(c *call) *Node {
	dir, failed := c.path(0)
	if failed != nil {
		return failed
	}
	pattern, ok := c.text(1)
	if !ok || hasToken(pattern) {
		return unknown("which files are meant is not known")
	}
	re, err := globPattern(pattern)
	if err != nil {
		return failure("fileset: " + err.Error())
	}
	var names []string
	seen := 0
	err = fs.WalkDir(c.ev.fsys, dir, func(p string, d fs.DirEntry, err error) error {
		if seen++; seen > maxFileSet {
			return errors.New("too many files")
		}
		if err != nil || c.ev.ctx.Err() != nil {
			return errors.Join(err, c.ev.ctx.Err())
		}
		rel := strings.TrimPrefix(strings.TrimPrefix(p, dir), "/")
		if dir == "." {
			rel = p
		}
		if d.Type().IsRegular() && re.MatchString(rel) {
			names = append(names, rel)
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unknown("fileset: " + err.Error())
	}
	sort.Strings(names)
	out := &Node{Kind: List, Set: true}
	for _, n := range names {
		out.Items = append(out.Items, str(scrubText(n)))
	}
	return out
}

// globPattern translates a pattern of *, **, ?, [a-z] and {a,b}.
func globPattern(p string) (*regexp.Regexp, error) {
	var b strings.Builder
	b.WriteString("^(?s:")
	braces := 0
	for i := 0; i < len(p); i++ {
		switch ch := p[i]; {
		case strings.HasPrefix(p[i:], "**/"):
			b.WriteString("(?:[^/]+/)*")
			i += 2
		case strings.HasPrefix(p[i:], "**"):
			b.WriteString(".*")
			i++
		case ch == '*':
			b.WriteString("[^/]*")
		case ch == '?':
			b.WriteString("[^/]")
		case ch == '[':
			end := strings.IndexByte(p[i+1:], ']')
			if end < 0 {
				return nil, errors.New("a bracket is not closed")
			}
			set := p[i+1 : i+1+end]
			if strings.HasPrefix(set, "!") {
				set = "^" + set[1:]
			}
			b.WriteString("[" + set + "]")
			i += end + 1
		case ch == '{':
			braces++
			b.WriteString("(?:")
		case ch == '}' && braces > 0:
			braces--
			b.WriteString(")")
		case ch == ',' && braces > 0:
			b.WriteString("|")
		case ch == '\\' && i+1 < len(p):
			i++
			b.WriteString(regexp.QuoteMeta(p[i : i+1]))
		default:
			b.WriteString(regexp.QuoteMeta(p[i : i+1]))
		}
	}
	b.WriteString(")$")
	return regexp.Compile(b.String())
}

// parsedTemplate is a template file, parsed once.
type parsedTemplate struct {
	expr   hclsyntax.Expression
	failed *Node
}

func templateFile(c *call) *Node {
	p, failed := c.path(0)
	if failed != nil {
		return failed
	}
	t := c.ev.templates[p]
	if t == nil {
		t = &parsedTemplate{}
		c.ev.templates[p] = t
		b, failed := c.read(0)
		if failed == nil && !utf8.Valid(b) {
			failed = failure("templatefile: " + errNotText.Error())
		}
		t.failed = failed
		if failed == nil {
			e, err := parseTemplateText(b, p, hcl.Pos{Line: 1, Column: 1}, c.ev.lim.Nesting)
			if err != nil {
				t.failed = failure(err.Error())
				c.ev.gap("file", bulwark.Position{File: p}, err.Error())
			}
			t.expr = e
		}
	}
	if t.failed != nil {
		return t.failed
	}
	return c.renderTemplate(t.expr)
}

func templateString(c *call) *Node {
	s, ok := c.text(0)
	if !ok {
		return c.bad(0)
	}
	if hasToken(s) {
		return c.derived()
	}
	at := hcl.Pos{Line: max(1, c.args[0].Pos.Line), Column: 1}
	e, err := parseTemplateText([]byte(s), c.args[0].Pos.File, at, c.ev.lim.Nesting)
	if err != nil {
		return failure(err.Error())
	}
	return c.renderTemplate(e)
}

// renderTemplate evaluates a template with its variables, and no others.
func (c *call) renderTemplate(e hclsyntax.Expression) *Node {
	if c.sc.names != nil {
		return failure(c.fn.name + " inside of a template")
	}
	vars := c.args[1].forced()
	if vars.isErr() {
		return vars
	}
	sc := &scope{mi: c.sc.mi, via: c.sc.via, names: map[string]*Node{}}
	switch {
	case vars.Kind == Object:
		sc.open = vars.Open
		for _, f := range vars.Fields {
			sc.names[f.Name] = f.Value
		}
	case vars.opaque():
		sc.open = true
	default:
		return c.bad(1)
	}
	n := c.ev.convertText(c.ev.eval(e, sc))
	if len(n.Text) > maxText {
		return unknown("a text grew too large")
	}
	return n
}
