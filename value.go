package bulwark

import (
	"encoding/binary"
	"iter"
	"math"
	"slices"
	"strconv"
)

// Kind is what a Value is.
type Kind uint8

// The kinds of a Value. Absent is a property known not to be set (JSON null
// is absent); Unknown one whose value could not be learned, with a reason.
// Secret stands for a sensitive text of which only a keyed digest is kept.
// Symbolic is a text that is known in part: literals and names of values that
// exist only once deployed.
const (
	Absent Kind = iota
	Unknown
	Bool
	Int
	Float
	String
	List
	Object
	Secret
	Symbolic
)

var kindNames = [...]string{"absent", "unknown", "bool", "int", "float", "string", "list", "object", "secret", "symbolic"}

// String returns the kind's name in lower case.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "kind(" + strconv.Itoa(int(k)) + ")"
}

// Value is one node of an immutable Doc: a property of an asset, or a whole
// configuration. It is two words, is passed by value, and is safe for
// concurrent use. The zero Value is absent.
//
// Accessors of the wrong kind return the zero of their result and never
// panic, so that hostile shapes cost a caller one Kind test and no more.
type Value struct {
	doc *Doc
	at  uint32
}

// Doc owns the nodes of one value tree: pointer-free arrays that are decoded
// once and read in place. A node takes 12 bytes, and 8 more with positions.
type Doc struct {
	names   *Names
	nodes   []node
	text    string
	keys    []uint64 // offset<<32 | length in text, of names that Names lacks
	spans   []span   // nil when the source has no lines
	origins []Source
	asset   string
	root    uint32
}

// node is 12 bytes: name, kind (4 bits) and n (28 bits), ref. For List and
// Object n counts children and ref is the first one's index; for texts n is
// the length in bytes and ref the offset; for Int n and ref are a 60-bit
// two's complement number unless wide; for Float ref is an offset of 8 bytes.
type node struct {
	name uint32
	kn   uint32
	ref  uint32
}

const (
	kindShift = 28
	maxN      = 1<<kindShift - 1
	localName = 1 << 31 // name is an index in Doc.keys
	noName    = localName - 1
	wideInt   = Kind(15) // an Int of more than 60 bits: 8 bytes in text
)

func (n node) kind() Kind { return Kind(n.kn >> kindShift) }
func (n node) n() uint32  { return n.kn & maxN }

// Kind returns what v is.
func (v Value) Kind() Kind {
	if v.doc == nil {
		return Absent
	}
	if k := v.doc.nodes[v.at].kind(); k != wideInt {
		return k
	}
	return Int
}

// IsAbsent reports whether v is known not to be set.
func (v Value) IsAbsent() bool { return v.Kind() == Absent }

// Doc returns the document that owns v, nil for the zero Value.
func (v Value) Doc() *Doc { return v.doc }

// Asset returns the id of the asset whose configuration v belongs to, or "".
func (v Value) Asset() string {
	if v.doc == nil {
		return ""
	}
	return v.doc.asset
}

// Root returns the top of the document that owns v.
func (v Value) Root() Value {
	if v.doc == nil {
		return Value{}
	}
	return Value{v.doc, v.doc.root}
}

// Path returns where v stands in its document: spec.containers[0].image, and ""
// for a root. A Builder writes children before what holds them, so the holders
// are found in one pass over the nodes that follow. O(nodes).
func (v Value) Path() string {
	if v.doc == nil {
		return ""
	}
	nodes := v.doc.nodes
	type step struct{ at, first uint32 } // a node and its first sibling, from v outward
	var steps [16]step
	path := steps[:0]
	for at, i := v.at, v.at+1; at != v.doc.root && int(i) < len(nodes); i++ {
		n := nodes[i]
		if k := n.kind(); (k == List || k == Object) && at-n.ref < n.n() { // below ref it wraps round and is large
			path = append(path, step{at, n.ref})
			at = i
		}
	}
	out := make([]byte, 0, 64)
	for _, s := range slices.Backward(path) {
		switch n := nodes[s.at]; {
		case n.name == noName:
			out = append(out, '[')
			out = strconv.AppendUint(out, uint64(s.at-s.first), 10)
			out = append(out, ']')
		case len(out) == 0:
			out = append(out, v.doc.name(n.name)...)
		default:
			out = append(append(out, '.'), v.doc.name(n.name)...)
		}
	}
	return string(out)
}

// Len returns the number of children of a list or object, the length in bytes
// of a string, and 0 otherwise.
func (v Value) Len() int {
	if v.doc == nil {
		return 0
	}
	n := v.doc.nodes[v.at]
	switch n.kind() {
	case List, Object, String:
		return int(n.n())
	}
	return 0
}

// Index returns the i-th child of a list or object in source order; it is
// absent when i is out of range or v has no children.
func (v Value) Index(i int) Value {
	if v.doc == nil {
		return Value{}
	}
	n := v.doc.nodes[v.at]
	if k := n.kind(); (k != List && k != Object) || i < 0 || i >= int(n.n()) {
		return Value{}
	}
	return Value{v.doc, n.ref + uint32(i)}
}

// Key returns the name of the i-th member of an object, or "".
func (v Value) Key(i int) string { return v.Index(i).Name() }

// Name returns the name under which v stands in its object, or "" for an
// element of a list and for a root.
func (v Value) Name() string {
	if v.doc == nil {
		return ""
	}
	return v.doc.name(v.doc.nodes[v.at].name)
}

func (d *Doc) name(id uint32) string {
	switch {
	case id == noName:
		return ""
	case id&localName != 0:
		k := d.keys[id&^localName]
		return d.text[k>>32 : k>>32+k&math.MaxUint32]
	}
	return d.names.list[id]
}

// Get returns the member called name of an object. An unknown v yields v
// itself, so that a reason travels; everything else yields absent.
func (v Value) Get(name string) Value {
	if v.doc == nil {
		return Value{}
	}
	if id, ok := v.doc.names.ID(name); ok {
		return v.GetID(id)
	}
	n := v.doc.nodes[v.at]
	switch n.kind() {
	case Unknown:
		return v
	case Object:
		for i, end := n.ref, n.ref+n.n(); i < end; i++ {
			if id := v.doc.nodes[i].name; id&localName != 0 && v.doc.name(id) == name {
				return Value{v.doc, i}
			}
		}
	}
	return Value{}
}

// GetID is Get by a name of the document's own Names: a scan of integers.
func (v Value) GetID(id NameID) Value {
	if v.doc == nil {
		return Value{}
	}
	n := v.doc.nodes[v.at]
	switch n.kind() {
	case Unknown:
		return v
	case Object:
		for i, end := n.ref, n.ref+n.n(); i < end; i++ {
			if v.doc.nodes[i].name == uint32(id) {
				return Value{v.doc, i}
			}
		}
	}
	return Value{}
}

// Names returns the table in which v's document looks names up; it may be nil.
func (v Value) Names() *Names {
	if v.doc == nil {
		return nil
	}
	return v.doc.names
}

// At follows a path of names and returns what stands there; with no names it
// returns v. It stops at the first absent or unknown value.
func (v Value) At(path ...string) Value {
	for _, name := range path {
		v = v.Get(name)
	}
	return v
}

// Children yields the members of an object with their names, or the elements
// of a list with empty names, in source order.
func (v Value) Children() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if k := v.Kind(); k != List && k != Object {
			return
		}
		for i := range v.Len() {
			c := v.Index(i)
			if !yield(c.Name(), c) {
				return
			}
		}
	}
}

// Bool returns a Bool's value, and false otherwise.
func (v Value) Bool() bool {
	return v.doc != nil && v.doc.nodes[v.at].kind() == Bool && v.doc.nodes[v.at].ref == 1
}

// Int returns an Int's value, a Float's when it is integral, and 0 otherwise.
func (v Value) Int() int64 {
	if v.doc == nil {
		return 0
	}
	n := v.doc.nodes[v.at]
	switch n.kind() {
	case Int:
		return int64(uint64(n.n())<<36|uint64(n.ref)<<4) >> 4
	case wideInt:
		return int64(v.doc.word(n.ref))
	case Float:
		if f := math.Float64frombits(v.doc.word(n.ref)); f == math.Trunc(f) && math.Abs(f) < 1<<62 {
			return int64(f)
		}
	}
	return 0
}

// Float returns the value of an Int or Float, and 0 otherwise.
func (v Value) Float() float64 {
	if v.Kind() == Float {
		return math.Float64frombits(v.doc.word(v.doc.nodes[v.at].ref))
	}
	return float64(v.Int())
}

func (d *Doc) word(off uint32) uint64 {
	return binary.LittleEndian.Uint64([]byte(d.text[off : off+8]))
}

// raw returns the text of a node whose n and ref are a length and an offset.
func (v Value) raw() string {
	n := v.doc.nodes[v.at]
	return v.doc.text[n.ref : n.ref+n.n()]
}

// Text returns a String's text without copying it, and "" otherwise.
func (v Value) Text() string {
	if v.Kind() != String {
		return ""
	}
	return v.raw()
}

// Reason returns why an Unknown is unknown, and "" otherwise.
func (v Value) Reason() string {
	if v.Kind() != Unknown {
		return ""
	}
	return v.raw()
}

// SecretKind returns what sort of secret a Secret was ("aws-access-key") and
// the keyed digest that tells equal ones; both are "" otherwise.
func (v Value) SecretKind() (kind, hmac string) {
	if v.Kind() != Secret {
		return "", ""
	}
	s := v.raw()
	for i := range len(s) {
		if s[i] == 0 {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// Symbol names a value that exists only once deployed, such as the ARN of a
// bucket still to be made. Two symbols are the same value exactly when they
// are equal.
type Symbol struct {
	Kind      string // computed, input, account, region, undeclared, derived …
	Scope     string // provider or module scope, "" for the root's
	Address   string // aws_s3_bucket.logs
	Attribute string // arn
}

// String returns the symbol as people write it: aws_s3_bucket.logs.arn.
func (s Symbol) String() string {
	switch {
	case s.Attribute == "":
		return s.Address
	case s.Address == "":
		return s.Attribute
	}
	return s.Address + "." + s.Attribute
}

// Part is one piece of a Symbolic: a literal text, or a symbol when Symbol is
// not nil.
type Part struct {
	Literal string
	Symbol  *Symbol
}

// Parts returns the pieces of a Symbolic in order, one literal part for a
// String, and nil otherwise.
func (v Value) Parts() []Part {
	switch v.Kind() {
	case String:
		return []Part{{Literal: v.raw()}}
	case Symbolic:
		return decodeParts(v.raw())
	}
	return nil
}

func appendParts(dst []byte, parts []Part) []byte {
	str := func(s string) {
		dst = binary.AppendUvarint(dst, uint64(len(s)))
		dst = append(dst, s...)
	}
	for _, p := range parts {
		if p.Symbol == nil {
			dst = append(dst, 'L')
			str(p.Literal)
			continue
		}
		dst = append(dst, 'S')
		str(p.Symbol.Kind)
		str(p.Symbol.Scope)
		str(p.Symbol.Address)
		str(p.Symbol.Attribute)
	}
	return dst
}

func decodeParts(s string) []Part {
	var parts []Part
	str := func() string {
		n, w := binary.Uvarint([]byte(s[:min(len(s), binary.MaxVarintLen64)]))
		if w <= 0 || n > uint64(len(s)-w) {
			s = ""
			return ""
		}
		t := s[w : w+int(n)]
		s = s[w+int(n):]
		return t
	}
	for len(s) > 0 {
		tag := s[0]
		s = s[1:]
		if tag == 'L' {
			parts = append(parts, Part{Literal: str()})
			continue
		}
		parts = append(parts, Part{Symbol: &Symbol{Kind: str(), Scope: str(), Address: str(), Attribute: str()}})
	}
	return parts
}

// Source is where lines of a Doc come from: a file, and the chain of module
// calls and loop instances that led to it, outermost first.
type Source struct {
	File string
	Via  []string
}

// Position is where a value stands in its source. Lines count from 1; a
// position without a file is unknown.
type Position struct {
	File    string   `json:"file,omitempty"`
	Line    int      `json:"line,omitempty"`
	EndLine int      `json:"endLine,omitempty"`
	Via     []string `json:"via,omitempty"` // module calls and for_each chain, outermost first
}

// String returns file:line, or "" for no position.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return p.File + ":" + strconv.Itoa(p.Line)
}

// span is a position packed into 8 bytes; more than 65,535 lines saturate.
type span struct {
	line   uint32
	lines  uint16
	origin uint16
}

// Position returns where v stands, and the zero Position for values without
// one (live assets, and properties that are absent).
func (v Value) Position() Position {
	if v.doc == nil || v.doc.spans == nil {
		return Position{}
	}
	s := v.doc.spans[v.at]
	if s.line == 0 && s.origin == 0 {
		return Position{}
	}
	o := v.doc.origins[s.origin]
	return Position{File: o.File, Line: int(s.line), EndLine: int(s.line) + int(s.lines), Via: o.Via}
}

// Size returns the bytes of memory that v's whole document holds.
func (v Value) Size() int {
	if v.doc == nil {
		return 0
	}
	d := v.doc
	return 12*len(d.nodes) + 8*len(d.spans) + len(d.text) + 8*len(d.keys) + 32*len(d.origins) + 160
}

// Equal reports whether a and b hold the same data: objects regardless of
// member order, numbers by value, positions apart. Unknown values are equal
// when their reasons are: it compares data and is no judgement.
func Equal(a, b Value) bool {
	ka, kb := a.Kind(), b.Kind()
	if ka != kb {
		return (ka == Int && kb == Float || ka == Float && kb == Int) && a.Float() == b.Float()
	}
	switch ka {
	case Absent:
		return true
	case Bool:
		return a.Bool() == b.Bool()
	case Int:
		return a.Int() == b.Int()
	case Float:
		return a.Float() == b.Float()
	case List, Object:
		return equalChildren(a, b, ka == Object)
	}
	return a.raw() == b.raw()
}

func equalChildren(a, b Value, byName bool) bool {
	if a.Len() != b.Len() {
		return false
	}
	for i := range a.Len() {
		x, y := a.Index(i), b.Index(i)
		if byName {
			if y.Name() != x.Name() {
				y = b.Get(x.Name())
			}
			if y.doc == nil { // absent with no node: the member is missing
				return false
			}
		}
		if !Equal(x, y) {
			return false
		}
	}
	return true
}
