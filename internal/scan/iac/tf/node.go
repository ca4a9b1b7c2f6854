package tf

import (
	"math/big"
	"slices"
	"sort"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// Kind is what a Node is.
type Kind uint8

// The kinds of a Node. Unknown is a value that could not be computed, with a
// reason; Symbolic a text of literals and symbols, at least one of the latter.
// A lone symbol may stand for a value of any type (an input without a value, a
// computed list): the attribute's schema, not the Node, tells which.
const (
	Null Kind = iota
	Bool
	Number
	String
	List
	Object
	Unknown
	Symbolic
)

var kindNames = [...]string{"null", "bool", "number", "string", "list", "object", "unknown", "symbolic"}

// String returns the kind's name in lower case.
func (k Kind) String() string { return kindNames[k] }

// Node is one value of a resource's configuration. Nodes of a Result belong to
// it alone and to one resource: a caller may change them. Which fields are set
// depends on Kind, the last group apart, which is set for all.
type Node struct {
	Kind   Kind
	Bool   bool
	Block  bool // written as blocks: a List of the blocks of one type, or the Object of one block
	Set    bool // a List that is a Terraform set: sorted, without duplicates
	Open   bool // a List or Object that may have further children, which could not be known
	Number *big.Float
	Text   string         // String: the text. Symbolic: the text with ${…} for each symbol
	Parts  []bulwark.Part // Symbolic: literals and symbols in order
	Items  []*Node        // List
	Fields []Field        // Object, in source order, names distinct
	Reason string         // Unknown: why

	Pos  bulwark.Position // where it was written; Via names the module calls and instances that led there
	Refs []string         // what its expression refers to: aws_s3_bucket.logs.id, module.net.aws_vpc.main[0].arn; sorted

	x *ext
}

// Field is a member of an Object.
type Field struct {
	Name  string
	Value *Node
}

// ext holds what few nodes have.
type ext struct {
	lazy  lazyValue        // an object whose attributes are evaluated when asked for
	json  *Node            // what a text was encoded from, as JSON
	syms  *symbols         // of the tokens in json, once exported
	segs  []seg            // where the bytes of a text were written
	alts  []*Node          // values that an Unknown may have
	isErr bool             // an Unknown that Terraform itself would refuse: try falls through
	only  bool             // the only instance of what has unknown keys: any key means it
	coll  string           // address of the resource or module call whose instances these are
	scope string           // its provider scope
	index map[string]*Node // of a big object
}

// lazyValue is an object of which only the attributes asked for are evaluated:
// a resource or a module instance.
type lazyValue interface {
	attr(name string) *Node
	force() *Node
}

// seg says that the bytes of a text from off on were written in file from line
// on; counts tells whether a newline in the text is a newline in the file.
type seg struct {
	off    int
	file   string
	line   int
	counts bool
}

// Get returns the member called name of an object, or nil.
func (n *Node) Get(name string) *Node {
	if n == nil || n.Kind != Object {
		return nil
	}
	if n.x != nil && n.x.index != nil {
		return n.x.index[name]
	}
	for i := range n.Fields {
		if n.Fields[i].Name == name {
			return n.Fields[i].Value
		}
	}
	return nil
}

// At follows member names and returns what stands there, or nil. It looks into
// the only element of a list of blocks, so that a nested block that may stand
// once is read as an object.
func (n *Node) At(path ...string) *Node {
	for _, name := range path {
		if n != nil && n.Kind == List && n.Block && len(n.Items) == 1 {
			n = n.Items[0]
		}
		n = n.Get(name)
	}
	return n
}

// Set gives an object's member called name the value v, in its place if there
// is one, else at the end.
func (n *Node) SetField(name string, v *Node) {
	if n.x != nil && n.x.index != nil {
		n.x.index[name] = v
	}
	for i := range n.Fields {
		if n.Fields[i].Name == name {
			n.Fields[i].Value = v
			return
		}
	}
	n.Fields = append(n.Fields, Field{name, v})
}

// Delete removes an object's member called name.
func (n *Node) Delete(name string) {
	if n.x != nil {
		n.x.index = nil
	}
	n.Fields = slices.DeleteFunc(n.Fields, func(f Field) bool { return f.Name == name })
}

// Int returns a Number that is an integer of 64 bits, or a String that spells
// one, as Terraform converts it.
func (n *Node) Int() (int64, bool) {
	f := n.number()
	if f == nil {
		return 0, false
	}
	i, acc := f.Int64()
	return i, acc == big.Exact
}

// Float returns a Number, or a String that spells one, as the nearest float.
func (n *Node) Float() (float64, bool) {
	f := n.number()
	if f == nil {
		return 0, false
	}
	v, _ := f.Float64()
	return v, true
}

func (n *Node) number() *big.Float {
	switch {
	case n == nil:
		return nil
	case n.Kind == Number:
		return n.Number
	case n.Kind == String:
		f, err := parseNumber(n.Text)
		if err != nil {
			return nil
		}
		return f
	}
	return nil
}

// Symbol returns the symbol of a Symbolic that is nothing else, or nil.
func (n *Node) Symbol() *bulwark.Symbol {
	if n != nil && n.Kind == Symbolic && len(n.Parts) == 1 {
		return n.Parts[0].Symbol
	}
	return nil
}

// Clone returns a deep copy of n.
func (n *Node) Clone() *Node {
	if n == nil {
		return nil
	}
	c := *n
	if n.x != nil {
		x := *n.x
		x.index = nil
		c.x = &x
	}
	c.Items = cloneAll(n.Items)
	if n.Fields != nil {
		c.Fields = make([]Field, len(n.Fields))
		for i, f := range n.Fields {
			c.Fields[i] = Field{f.Name, f.Value.Clone()}
		}
	}
	return &c
}

func cloneAll(list []*Node) []*Node {
	if list == nil {
		return nil
	}
	out := make([]*Node, len(list))
	for i, n := range list {
		out[i] = n.Clone()
	}
	return out
}

// Walk calls f for n and all below it in document order, with the dotted path
// from n; below a node for which f returns false it does not go.
func (n *Node) Walk(f func(path string, n *Node) bool) { n.walk("", f) }

func (n *Node) walk(path string, f func(string, *Node) bool) {
	if n == nil || !f(path, n) {
		return
	}
	for _, it := range n.Items {
		it.walk(path+"[]", f)
	}
	for _, m := range n.Fields {
		p := m.Name
		if path != "" {
			p = path + "." + m.Name
		}
		m.Value.walk(p, f)
	}
}

// each calls f for n and all below it until f returns false.
func (n *Node) each(f func(n *Node) bool) bool {
	if !f(n) {
		return false
	}
	for _, it := range n.Items {
		if !it.each(f) {
			return false
		}
	}
	for i := range n.Fields {
		if !n.Fields[i].Value.each(f) {
			return false
		}
	}
	return true
}

// AllRefs returns the references of n and all below it, sorted and distinct.
func (n *Node) AllRefs() []string {
	var out []string
	n.Walk(func(_ string, n *Node) bool {
		out = append(out, n.Refs...)
		return true
	})
	sort.Strings(out)
	return slices.Compact(out)
}

// The constructors that evaluation uses.

func null() *Node                { return &Node{Kind: Null} }
func boolean(b bool) *Node       { return &Node{Kind: Bool, Bool: b} }
func number(f *big.Float) *Node  { return &Node{Kind: Number, Number: f} }
func integer(i int64) *Node      { return number(new(big.Float).SetPrec(512).SetInt64(i)) }
func list(items ...*Node) *Node  { return &Node{Kind: List, Items: items} }
func object(fs ...Field) *Node   { return &Node{Kind: Object, Fields: fs} }
func unknown(why string) *Node   { return &Node{Kind: Unknown, Reason: why} }
func failure(why string) *Node   { return &Node{Kind: Unknown, Reason: why, x: &ext{isErr: true}} }
func lazyNode(v lazyValue) *Node { return &Node{Kind: Object, Open: true, x: &ext{lazy: v}} }

// str returns a text, Symbolic when it holds a token.
func str(s string) *Node {
	if hasToken(s) {
		return &Node{Kind: Symbolic, Text: s}
	}
	return &Node{Kind: String, Text: s}
}

func (n *Node) isErr() bool { return n.Kind == Unknown && n.x != nil && n.x.isErr }
func (n *Node) isText() bool {
	return n.Kind == String || n.Kind == Symbolic
}

// loneToken reports whether n is one symbol and nothing else, during
// evaluation, when texts still hold tokens.
func (n *Node) loneToken() bool {
	return n.Kind == Symbolic && isLoneToken(n.Text)
}

// opaque reports whether nothing is known of n's content.
func (n *Node) opaque() bool { return n.Kind == Unknown || n.loneToken() }

// forced returns n, or the whole object that a lazy n stands for.
func (n *Node) forced() *Node {
	if n.x != nil && n.x.lazy != nil {
		return n.x.lazy.force()
	}
	return n
}

// with returns a copy of n that stands at p.
func (n *Node) at(p bulwark.Position) *Node {
	c := *n
	c.Pos = p
	return &c
}

// referring returns n with further references.
func (n *Node) referring(refs ...[]string) *Node {
	all := mergeRefs(append([][]string{n.Refs}, refs...)...)
	if len(all) == len(n.Refs) {
		return n
	}
	c := *n
	c.Refs = all
	return &c
}

const maxRefs = 64

// mergeRefs returns the union of sorted lists, cut to maxRefs.
func mergeRefs(lists ...[]string) []string {
	var first []string
	same := true
	for _, l := range lists {
		switch {
		case len(l) == 0:
		case first == nil:
			first = l
		case !slices.Equal(first, l):
			same = false
		}
	}
	if same {
		return first
	}
	var out []string
	for _, l := range lists {
		out = append(out, l...)
	}
	sort.Strings(out)
	out = slices.Compact(out)
	if len(out) > maxRefs {
		out = out[:maxRefs]
	}
	return out
}

// deepRefs returns the references of n and what is below it, to a bound.
func (ev *evaluator) deepRefs(n *Node) []string {
	if len(n.Items) == 0 && len(n.Fields) == 0 {
		return n.Refs
	}
	var out []string
	seen := 0
	n.each(func(m *Node) bool {
		seen++
		out = append(out, m.Refs...)
		return seen < 10_000 && len(out) < 4*maxRefs
	})
	ev.charge(seen)
	out = sortedCopy(out)
	return out[:min(len(out), maxRefs)]
}

func sortedCopy(l []string) []string {
	c := slices.Clone(l)
	sort.Strings(c)
	return slices.Compact(c)
}

// sortedFields returns an object's members in the order in which Terraform
// iterates over them.
func (n *Node) sortedFields() []Field {
	byName := func(a, b Field) int { return strings.Compare(a.Name, b.Name) }
	if slices.IsSortedFunc(n.Fields, byName) {
		return n.Fields
	}
	fs := slices.Clone(n.Fields)
	slices.SortStableFunc(fs, byName)
	return fs
}

// indexFields gives a big object a table of its members.
func (n *Node) indexFields() *Node {
	if len(n.Fields) < 32 {
		return n
	}
	if n.x == nil {
		n.x = &ext{}
	}
	n.x.index = make(map[string]*Node, len(n.Fields))
	for _, f := range n.Fields {
		n.x.index[f.Name] = f.Value
	}
	return n
}
