package tf

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sort"

	"github.com/bulwarksec/bulwark"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// module is one folder's configuration, parsed and merged but not evaluated.
type module struct {
	dir       string
	variables map[string]*variable
	locals    map[string]*hclsyntax.Attribute
	outputs   map[string]*hclsyntax.Block
	resources map[string]*block // by address within the module
	order     []string          // addresses in file order
	calls     map[string]*block
	callOrder []string
	providers []*block
	required  map[string]string // local name of a provider → source
	files     []string
	comments  []Comment
	gaps      []bulwark.Gap
	lines     int
}

// block is a top-level block with what its file said about it.
type block struct {
	*hclsyntax.Block
	partial bool // its file has a syntax error here
}

// variable is an input of a module.
type variable struct {
	name     string
	ty       cty.Type
	defaults *typeexpr.Defaults
	def      hclsyntax.Expression // nil when it must be given
	nullable bool
	pos      hcl.Range
}

// loadModule reads and merges the configuration files of a folder, or only the
// one called only. left is how many bytes may still be read.
func loadModule(ctx context.Context, fsys fs.FS, dir, only string, lim Limits, left *int64) *module {
	m := &module{
		dir: dir, variables: map[string]*variable{}, locals: map[string]*hclsyntax.Attribute{},
		outputs: map[string]*hclsyntax.Block{}, resources: map[string]*block{}, calls: map[string]*block{},
		required: map[string]string{},
	}
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		m.gap("folder", bulwark.Position{File: dir}, err.Error())
		return m
	}
	var normal, over []*configFile
	for _, e := range entries {
		if e.IsDir() || !isConfig(e.Name()) || only != "" && e.Name() != only {
			continue
		}
		if ctx.Err() != nil {
			m.gap("folder", bulwark.Position{File: dir}, ctx.Err().Error())
			break
		}
		cf := parseFile(fsys, path.Join(dir, e.Name()), lim, left)
		m.files = append(m.files, cf.name)
		m.comments = append(m.comments, cf.comments...)
		m.gaps = append(m.gaps, cf.gaps...)
		m.lines += cf.lines
		if cf.override {
			over = append(over, cf)
		} else {
			normal = append(normal, cf)
		}
	}
	for _, cf := range normal {
		m.add(cf)
	}
	for _, cf := range over {
		m.override(cf)
	}
	return m
}

func (m *module) gap(what string, at bulwark.Position, why string) {
	m.gaps = append(m.gaps, bulwark.Gap{What: what, Where: where(at), Why: why, Position: at})
}

// where writes a position as file:line.
func where(p bulwark.Position) string {
	if p.File != "" && p.Line == 0 {
		return p.File
	}
	return p.String()
}

func position(r hcl.Range, via []string) bulwark.Position {
	return bulwark.Position{File: r.Filename, Line: r.Start.Line, EndLine: endLine(r), Via: via}
}

// endLine returns the last line that a range touches: one that ends before the
// first column, as a heredoc's does, ends on the line above.
func endLine(r hcl.Range) int {
	if r.End.Column == 1 && r.End.Line > r.Start.Line {
		return r.End.Line - 1
	}
	return max(r.End.Line, r.Start.Line)
}

func blockRange(b *hclsyntax.Block) hcl.Range {
	r := b.TypeRange
	if b.CloseBraceRange.End.Line >= r.Start.Line {
		r.End = b.CloseBraceRange.End
	} else {
		r.End = b.Body.EndRange.End
	}
	return r
}

func resourceKey(b *hclsyntax.Block) string {
	if len(b.Labels) != 2 {
		return ""
	}
	addr := b.Labels[0] + "." + b.Labels[1]
	switch b.Type {
	case "data":
		return "data." + addr
	case "ephemeral":
		return "ephemeral." + addr
	}
	return addr
}

// add adds what a file declares.
func (m *module) add(cf *configFile) {
	for _, b := range cf.body.Blocks {
		blk := &block{b, cf.brokenAt(b.TypeRange.Start.Line)}
		switch b.Type {
		case "resource", "data", "ephemeral":
			if key := resourceKey(b); key != "" {
				m.addResource(key, blk)
			}
		case "module":
			if len(b.Labels) == 1 && !m.repeated(m.calls[b.Labels[0]] != nil, "module", b) {
				m.calls[b.Labels[0]] = blk
				m.callOrder = append(m.callOrder, b.Labels[0])
			}
		case "provider":
			if len(b.Labels) == 1 {
				m.providers = append(m.providers, blk)
			}
		case "variable":
			if len(b.Labels) == 1 && !m.repeated(m.variables[b.Labels[0]] != nil, "variable", b) {
				m.variables[b.Labels[0]] = m.variable(b)
			}
		case "output":
			if len(b.Labels) == 1 && !m.repeated(m.outputs[b.Labels[0]] != nil, "output", b) {
				m.outputs[b.Labels[0]] = b
			}
		case "locals":
			for name, a := range b.Body.Attributes {
				if old := m.locals[name]; old == nil || before(a.SrcRange, old.SrcRange) {
					m.locals[name] = a
				}
			}
		case "terraform":
			m.requirements(b)
		}
	}
}

// before orders two places; of names given twice the first counts, whatever
// order a map yields them in.
func before(a, b hcl.Range) bool {
	if a.Filename != b.Filename {
		return a.Filename < b.Filename
	}
	return a.Start.Byte < b.Start.Byte
}

func (m *module) repeated(yes bool, what string, b *hclsyntax.Block) bool {
	if yes {
		m.gap(what, position(blockRange(b), nil), fmt.Sprintf("%s %q is declared twice; the first counts", what, b.Labels[0]))
	}
	return yes
}

// addResource adds a resource. An address that is taken gets #2 and so on, so
// that nothing declared is lost.
func (m *module) addResource(key string, b *block) {
	name := key
	for i := 2; m.resources[name] != nil; i++ {
		name = fmt.Sprintf("%s#%d", key, i)
	}
	if name != key {
		m.gap("resource", position(blockRange(b.Block), nil), fmt.Sprintf("%s is declared more than once; this one is called %s", key, name))
	}
	m.resources[name] = b
	m.order = append(m.order, name)
}

func (m *module) requirements(b *hclsyntax.Block) {
	for _, rp := range b.Body.Blocks {
		if rp.Type != "required_providers" {
			continue
		}
		for name, a := range rp.Body.Attributes {
			obj, ok := a.Expr.(*hclsyntax.ObjectConsExpr)
			if !ok {
				continue
			}
			for _, it := range obj.Items {
				if literalText(it.KeyExpr) == "source" {
					m.required[name] = literalText(it.ValueExpr)
				}
			}
		}
	}
}

// literalText returns the text of an expression that is one: a keyword, or a
// quoted text without interpolation. Else it returns "".
func literalText(e hclsyntax.Expression) string {
	switch e := e.(type) {
	case *hclsyntax.ObjectConsKeyExpr:
		if k := hcl.ExprAsKeyword(e.Wrapped); k != "" {
			return k
		}
		return literalText(e.Wrapped)
	case *hclsyntax.LiteralValueExpr:
		if e.Val.Type() == cty.String && e.Val.IsKnown() && !e.Val.IsNull() {
			return e.Val.AsString()
		}
	case *hclsyntax.TemplateExpr:
		if len(e.Parts) == 1 {
			return literalText(e.Parts[0])
		}
	}
	return ""
}

func (m *module) variable(b *hclsyntax.Block) *variable {
	v := &variable{name: b.Labels[0], ty: cty.DynamicPseudoType, nullable: true, pos: blockRange(b)}
	if a := b.Body.Attributes["type"]; a != nil {
		ty, defs, diags := typeexpr.TypeConstraintWithDefaults(legacyType(a.Expr))
		if diags.HasErrors() {
			m.gap("variable", position(a.SrcRange, nil), "its type is not one: "+lowerFirst(firstError(diags).Summary))
		} else {
			v.ty, v.defaults = ty, defs
		}
	}
	if a := b.Body.Attributes["default"]; a != nil {
		v.def = a.Expr
	}
	if a := b.Body.Attributes["nullable"]; a != nil {
		if l, ok := a.Expr.(*hclsyntax.LiteralValueExpr); ok && l.Val.Type() == cty.Bool && l.Val.False() {
			v.nullable = false
		}
	}
	return v
}

// legacyType reads the quoted types of old configurations.
func legacyType(e hclsyntax.Expression) hclsyntax.Expression {
	var text string
	switch literalText(e) {
	case "string":
		text = "string"
	case "list":
		text = "list(any)"
	case "map":
		text = "map(any)"
	default:
		return e
	}
	t, diags := hclsyntax.ParseExpression([]byte(text), e.Range().Filename, e.Range().Start)
	if diags.HasErrors() {
		return e
	}
	return t
}

// override merges a file whose blocks change those declared elsewhere.
func (m *module) override(cf *configFile) {
	for _, b := range cf.body.Blocks {
		switch b.Type {
		case "resource", "data", "ephemeral":
			m.overrideBlock(m.resources[resourceKey(b)], b)
		case "module":
			if len(b.Labels) == 1 {
				m.overrideBlock(m.calls[b.Labels[0]], b)
			}
		case "variable":
			m.overrideVariable(b)
		case "output":
			if len(b.Labels) == 1 && m.outputs[b.Labels[0]] != nil {
				m.outputs[b.Labels[0]].Body = mergeBodies(m.outputs[b.Labels[0]].Body, b.Body)
			}
		case "locals":
			for name, a := range b.Body.Attributes {
				m.locals[name] = a
			}
		case "provider":
			m.overrideProvider(b)
		case "terraform":
			m.requirements(b)
		}
	}
}

func (m *module) overrideBlock(base *block, over *hclsyntax.Block) {
	if base == nil {
		m.gap("override", position(blockRange(over), nil), "it overrides a block that is not declared")
		return
	}
	c := *base.Block
	c.Body = mergeBodies(c.Body, over.Body)
	base.Block = &c
}

func (m *module) overrideVariable(b *hclsyntax.Block) {
	if len(b.Labels) != 1 || m.variables[b.Labels[0]] == nil {
		return
	}
	v, o := m.variables[b.Labels[0]], m.variable(b)
	if b.Body.Attributes["type"] != nil {
		v.ty, v.defaults = o.ty, o.defaults
	}
	if o.def != nil {
		v.def = o.def
	}
	if b.Body.Attributes["nullable"] != nil {
		v.nullable = o.nullable
	}
}

func (m *module) overrideProvider(b *hclsyntax.Block) {
	if len(b.Labels) != 1 {
		return
	}
	alias := blockAlias(b)
	for _, p := range m.providers {
		if p.Labels[0] == b.Labels[0] && blockAlias(p.Block) == alias {
			m.overrideBlock(p, b)
			return
		}
	}
	m.providers = append(m.providers, &block{Block: b})
}

func blockAlias(b *hclsyntax.Block) string {
	if a := b.Body.Attributes["alias"]; a != nil {
		return literalText(a.Expr)
	}
	return ""
}

// mergeBodies lays over upon base: attributes are replaced one by one, and the
// blocks of a type all together, dynamic ones counted with those they make.
func mergeBodies(base, over *hclsyntax.Body) *hclsyntax.Body {
	out := *base
	out.Attributes = hclsyntax.Attributes{}
	for k, a := range base.Attributes {
		out.Attributes[k] = a
	}
	for k, a := range over.Attributes {
		out.Attributes[k] = a
	}
	replaced := map[string]bool{}
	for _, b := range over.Blocks {
		replaced[madeType(b)] = true
	}
	out.Blocks = slices.DeleteFunc(slices.Clone(base.Blocks), func(b *hclsyntax.Block) bool { return replaced[madeType(b)] })
	out.Blocks = append(out.Blocks, over.Blocks...)
	return &out
}

func madeType(b *hclsyntax.Block) string {
	if b.Type == "dynamic" && len(b.Labels) == 1 {
		return b.Labels[0]
	}
	return b.Type
}

// sortedAttributes returns a body's attributes in source order, those that an
// override replaced at its end.
func sortedAttributes(b *hclsyntax.Body) []*hclsyntax.Attribute {
	out := make([]*hclsyntax.Attribute, 0, len(b.Attributes))
	for _, a := range b.Attributes {
		out = append(out, a)
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i].SrcRange, out[j].SrcRange
		if a.Filename == b.Filename && a.Start.Line == b.Start.Line && a.Start.Byte == b.Start.Byte {
			return out[i].Name < out[j].Name
		}
		return before(a, b) || !before(b, a) && a.Start.Line < b.Start.Line
	})
	return out
}
