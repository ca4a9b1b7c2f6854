// Package bicep reads Bicep files into the tree of the Azure Resource Manager
// template that they stand for, every value with its file and line.
//
// A file is cut into tokens (lex.go), parsed into statements (parse.go, expr.go)
// and lowered (lower.go, text.go): what is written out stays a value, and every
// other expression becomes the text of a template's expression, which package
// iac evaluates. Three things go beyond what templates have. A resource's member
// _symbol is the name by which the file calls it and _parent refers to the one
// it belongs to; symbolicId('type', 'symbol') is the id of such a resource; and
// an object with the one member $copy is the list that a loop makes.
//
// Local modules are read where they are called, as nested templates. Nothing is
// run and no registry is asked. Files are hostile: words, depth, expressions,
// modules and the work of lowering are bounded, and a statement that is not
// understood is a gap that costs no other.
package bicep

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/scan/iac/tf"
)

const (
	maxModules = 256 // files of one root
	maxChain   = 16  // modules, one in the other
)

// Template is what a file stands for.
type Template struct {
	Root  *tf.Node          // an object with parameters, variables and resources
	Gaps  []bulwark.Gap     // what was not understood or not read
	Files map[string][]byte // the file and the modules that it calls, by name
}

// Read reads a file and the local modules that it calls, with the function that
// reads a file of the tree. The error is of reading the file itself.
func Read(name string, read func(name string) ([]byte, error)) (*Template, error) {
	r := &reader{read: read, lowered: map[string]*tf.Node{}, out: &Template{Files: map[string][]byte{}}}
	root, err := r.template(name)
	if err != nil {
		return nil, err
	}
	r.out.Root = root
	return r.out, nil
}

// Modules returns the local files that a file calls as modules, sorted.
func Modules(name string, data []byte) []string {
	var out []string
	for _, d := range parse(name, string(data)).decls {
		if file, ok := local(name, d.typ); ok && d.kind == "module" {
			out = append(out, file)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// local returns the file of the tree that a module's path names.
func local(from, to string) (string, bool) {
	if strings.Contains(to, ":") || path.Ext(to) != ".bicep" || path.IsAbs(to) {
		return "", false
	}
	file := path.Join(path.Dir(from), to)
	return file, fs.ValidPath(file)
}

// reader reads one root.
type reader struct {
	read    func(string) ([]byte, error)
	lowered map[string]*tf.Node // by file: what it is does not depend on who calls
	chain   []string            // files under way, from the root on
	out     *Template
}

func (r *reader) gap(what string, pos bulwark.Position, why string) {
	r.out.Gaps = append(r.out.Gaps, bulwark.Gap{What: what, Where: pos.String(), Why: why, Position: pos})
}

// template reads and lowers a file, once.
func (r *reader) template(name string) (*tf.Node, error) {
	if n := r.lowered[name]; n != nil {
		return n, nil
	}
	data, err := r.read(name)
	if err != nil {
		return nil, err
	}
	r.out.Files[name] = data
	s := parse(name, string(data))
	for _, p := range s.problems {
		r.gap("Bicep file", bulwark.Position{File: name, Line: p.line}, p.why+"; the statement is passed over")
	}
	r.chain = append(r.chain, name)
	n := newLowerer(r, s).template()
	r.chain = r.chain[:len(r.chain)-1]
	r.lowered[name] = n
	return n, nil
}

// module returns the template of a module's file, or nil and a gap.
func (r *reader) module(from string, d *decl) *tf.Node {
	pos := bulwark.Position{File: from, Line: d.line, EndLine: d.end}
	file, ok := local(from, d.typ)
	switch {
	case path.Ext(d.typ) == ".json" && !strings.Contains(d.typ, ":"):
		r.gap("module", pos, fmt.Sprintf("%.100s is judged by itself, without the parameters that are given here", d.typ))
		return nil
	case !ok:
		r.gap("module", pos, fmt.Sprintf("%.100s is not a file of the tree", d.typ))
		return nil
	case slices.Contains(r.chain, file):
		at := slices.Index(r.chain, file)
		r.gap("module", pos, "modules call each other in a circle: "+strings.Join(append(slices.Clone(r.chain[at:]), file), " → "))
		return nil
	case len(r.chain) >= maxChain || len(r.out.Files) >= maxModules && r.lowered[file] == nil:
		r.gap("module", pos, "there are too many modules")
		return nil
	}
	n, err := r.template(file)
	if err != nil {
		r.gap("module", pos, fmt.Sprintf("%s: %v", file, err))
		return nil
	}
	return n
}
