package bulwark

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
)

// Limits bound what a decoder or Builder accepts. A zero field takes the
// default: 64 MiB, 512 levels, 4 million nodes.
type Limits struct {
	Bytes int // of input and of text held
	Depth int
	Nodes int
}

func (l Limits) orDefault() Limits {
	if l.Bytes == 0 {
		l.Bytes = 64 << 20
	}
	if l.Depth == 0 {
		l.Depth = 512
	}
	if l.Nodes == 0 {
		l.Nodes = 4 << 20
	}
	return l
}

// Builder makes a Value from calls in document order: Object or List, for
// members Key before each value, End. The first error sticks and Build returns
// it. A Builder is for one goroutine; after Build it is empty again.
type Builder struct {
	names   *Names
	limits  Limits
	nodes   []node
	text    []byte
	keys    []uint64
	recent  [64]uint32 // index+1 in keys by hash, so that most repeated local names are kept once
	spans   []span
	pend    []node // children of open containers, innermost last
	pspans  []span
	frames  []frame
	origins []Source
	lines   bool
	key     uint32
	pos     span
	err     error
}

type frame struct {
	start int    // of the children in pend
	key   uint32 // the container's own name
	kind  Kind
	pos   span
}

var builders = sync.Pool{New: func() any { return new(Builder) }}

// NewBuilder returns an empty builder whose values know names by the table,
// which may be nil.
func NewBuilder(names *Names, limits Limits) *Builder {
	b := &Builder{}
	b.reset(names, limits)
	return b
}

func (b *Builder) reset(names *Names, limits Limits) {
	b.names, b.limits = names, limits.orDefault()
	b.nodes, b.text, b.keys, b.spans = b.nodes[:0], b.text[:0], b.keys[:0], b.spans[:0]
	b.pend, b.pspans, b.frames = b.pend[:0], b.pspans[:0], b.frames[:0]
	b.origins = nil
	b.lines, b.key, b.pos, b.err = false, noName, span{}, nil
	clear(b.recent[:])
}

func (b *Builder) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf("%w: value: "+format, append([]any{ErrInvalid}, args...)...)
	}
}

// Err returns the first error so far.
func (b *Builder) Err() error { return b.err }

// At sets where the values that follow stand, until the next At. The first
// call turns positions on, and must come before the first value.
func (b *Builder) At(p Position) {
	if !b.lines {
		if len(b.pend) > 0 || len(b.frames) > 0 {
			b.fail("position set after the first value")
			return
		}
		b.lines = true
		b.origins = append(b.origins, Source{})
	}
	b.pos = span{line: uint32(p.Line), lines: uint16(min(max(p.EndLine-p.Line, 0), math.MaxUint16)), origin: b.origin(p)}
}

func (b *Builder) origin(p Position) uint16 {
	for i := len(b.origins) - 1; i >= 0; i-- {
		if o := b.origins[i]; o.File == p.File && equalStrings(o.Via, p.Via) {
			return uint16(i)
		}
	}
	if len(b.origins) > math.MaxUint16 {
		return 0
	}
	b.origins = append(b.origins, Source{File: p.File, Via: p.Via})
	return uint16(len(b.origins) - 1)
}

func equalStrings(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// Key names the next value; it is required in an object and refused in a list.
func (b *Builder) Key(name string) {
	if len(b.frames) == 0 || b.frames[len(b.frames)-1].kind != Object {
		b.fail("key %q outside an object", clip(name))
		return
	}
	if b.key != noName {
		b.fail("key %q follows a key without a value", clip(name))
		return
	}
	b.setKey(name)
}

func (b *Builder) setKey(name string) {
	off := len(b.text)
	b.text = append(b.text, name...)
	b.keyFrom(off)
}

// keyFrom makes the text from off the name of the next value, and takes it
// back from the text when the name is known already.
func (b *Builder) keyFrom(off int) {
	name := b.text[off:]
	hash := hashName(name)
	if id, ok := b.names.lookup(name, hash); ok {
		b.text, b.key = b.text[:off], uint32(id)
		return
	}
	seen := &b.recent[hash%uint32(len(b.recent))]
	if i := *seen; i > 0 {
		if k := b.keys[i-1]; string(b.text[k>>32:k>>32+k&math.MaxUint32]) == string(name) {
			b.text, b.key = b.text[:off], (i-1)|localName
			return
		}
	}
	if len(b.text) > b.limits.Bytes {
		b.fail("more than %d bytes of text", b.limits.Bytes)
		return
	}
	b.keys = append(b.keys, uint64(off)<<32|uint64(len(name)))
	*seen = uint32(len(b.keys))
	b.key = *seen - 1 | localName
}

func (b *Builder) add(k Kind, n, ref uint32) {
	if b.err != nil {
		return
	}
	if len(b.frames) == 0 && len(b.pend) > 0 {
		b.fail("more than one root")
		return
	}
	if len(b.frames) > 0 && (b.frames[len(b.frames)-1].kind == Object) != (b.key != noName) {
		b.fail("a member without a key")
		return
	}
	if len(b.nodes)+len(b.pend) >= b.limits.Nodes {
		b.fail("more than %d nodes", b.limits.Nodes)
		return
	}
	b.pend = append(b.pend, node{b.key, uint32(k)<<kindShift | n, ref})
	if b.lines {
		b.pspans = append(b.pspans, b.pos)
	}
	b.key = noName
}

// addText adds a node whose payload is the text from off.
func (b *Builder) addText(k Kind, off int) {
	n := len(b.text) - off
	if n > maxN || len(b.text) > b.limits.Bytes {
		b.fail("more than %d bytes of text", b.limits.Bytes)
		return
	}
	b.add(k, uint32(n), uint32(off))
}

// Null adds an absent value that has a position.
func (b *Builder) Null() { b.add(Absent, 0, 0) }

// Unknown adds a value that could not be learned.
func (b *Builder) Unknown(reason string) {
	off := len(b.text)
	b.text = append(b.text, reason...)
	b.addText(Unknown, off)
}

// Bool adds a boolean.
func (b *Builder) Bool(v bool) {
	var ref uint32
	if v {
		ref = 1
	}
	b.add(Bool, 0, ref)
}

// Int adds an integer.
func (b *Builder) Int(v int64) {
	if v<<4>>4 == v {
		b.add(Int, uint32(uint64(v)>>32)&maxN, uint32(v))
		return
	}
	b.word(wideInt, uint64(v))
}

// Float adds a number; an infinite one or no number is an error.
func (b *Builder) Float(v float64) {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		b.fail("number %v has no JSON form", v)
		return
	}
	b.word(Float, math.Float64bits(v))
}

func (b *Builder) word(k Kind, w uint64) {
	off := len(b.text)
	b.text = binary.LittleEndian.AppendUint64(b.text, w)
	b.add(k, 0, uint32(off))
}

// String adds a text; bytes that are not UTF-8 become U+FFFD.
func (b *Builder) String(s string) {
	off := len(b.text)
	b.text = append(b.text, strings.ToValidUTF8(s, "\uFFFD")...)
	b.addText(String, off)
}

// Secret adds a sensitive text's stand-in: its kind and keyed digest.
func (b *Builder) Secret(kind, hmac string) {
	off := len(b.text)
	b.text = append(append(append(b.text, kind...), 0), hmac...)
	b.addText(Secret, off)
}

// Symbolic adds a text known in part. Literals alone become a String.
func (b *Builder) Symbolic(parts []Part) {
	literal := true
	for _, p := range parts {
		literal = literal && p.Symbol == nil
	}
	off := len(b.text)
	if literal {
		for _, p := range parts {
			b.text = append(b.text, p.Literal...)
		}
		b.addText(String, off)
		return
	}
	b.text = appendParts(b.text, parts)
	b.addText(Symbolic, off)
}

// Object opens an object.
func (b *Builder) Object() { b.open(Object) }

// List opens a list.
func (b *Builder) List() { b.open(List) }

func (b *Builder) open(k Kind) {
	if b.err != nil {
		return
	}
	if len(b.frames) >= b.limits.Depth {
		b.fail("nested deeper than %d", b.limits.Depth)
		return
	}
	if len(b.frames) == 0 && len(b.pend) > 0 {
		b.fail("more than one root")
		return
	}
	if len(b.frames) > 0 && (b.frames[len(b.frames)-1].kind == Object) != (b.key != noName) {
		b.fail("a member without a key")
		return
	}
	b.frames = append(b.frames, frame{len(b.pend), b.key, k, b.pos})
	b.key = noName
}

// End closes the innermost object or list. Of members with one name the last
// stays, as in encoding/json.
func (b *Builder) End() { b.end(0) }

// end closes the innermost container, which reaches to the line endLine when
// that is not 0.
func (b *Builder) end(endLine uint32) {
	if b.err != nil {
		return
	}
	if len(b.frames) == 0 {
		b.fail("end without a beginning")
		return
	}
	if b.key != noName {
		b.fail("a key without a value")
		return
	}
	f := b.frames[len(b.frames)-1]
	b.frames = b.frames[:len(b.frames)-1]
	if f.kind == Object && len(b.pend)-f.start > 1 {
		b.dropRepeated(f.start)
	}
	children := b.pend[f.start:]
	if len(children) > maxN {
		b.fail("more than %d members", maxN)
		return
	}
	first := len(b.nodes)
	b.nodes = append(b.nodes, children...)
	b.pend = append(b.pend[:f.start], node{f.key, uint32(f.kind)<<kindShift | uint32(len(children)), uint32(first)})
	if b.lines {
		b.spans = append(b.spans, b.pspans[f.start:]...)
		if endLine > f.pos.line {
			f.pos.lines = uint16(min(endLine-f.pos.line, math.MaxUint16))
		}
		b.pspans = append(b.pspans[:f.start], f.pos)
	}
}

// dropRepeated removes all but the last of the pending members from start on
// that share a name.
func (b *Builder) dropRepeated(start int) {
	members := b.pend[start:]
	repeated := false
	if len(members) <= 24 {
		for i := 1; i < len(members) && !repeated; i++ {
			for j := range i {
				if b.sameName(members[i].name, members[j].name) {
					repeated = true
					break
				}
			}
		}
		if !repeated {
			return
		}
	}
	last := make(map[string]int, len(members))
	for i, m := range members {
		last[b.nameText(m.name)] = i
	}
	if len(last) == len(members) {
		return
	}
	to := start
	for i, m := range members {
		if last[b.nameText(m.name)] != i {
			continue
		}
		b.pend[to] = m
		if b.lines {
			b.pspans[to] = b.pspans[start+i]
		}
		to++
	}
	b.pend = b.pend[:to]
	if b.lines {
		b.pspans = b.pspans[:to]
	}
}

func (b *Builder) sameName(x, y uint32) bool {
	if x == y || x&localName == 0 || y&localName == 0 {
		return x == y
	}
	kx, ky := b.keys[x&^localName], b.keys[y&^localName]
	return uint32(kx) == uint32(ky) && b.nameText(x) == b.nameText(y)
}

func (b *Builder) nameText(id uint32) string {
	if id&localName == 0 {
		return b.names.list[id]
	}
	k := b.keys[id&^localName]
	return string(b.text[k>>32 : k>>32+k&math.MaxUint32])
}

// Copy adds v and all below it, with its positions where it has some and the
// builder keeps them.
func (b *Builder) Copy(v Value) {
	if b.lines {
		if p := v.Position(); p.File != "" || p.Line != 0 {
			kept := b.pos
			b.At(p)
			defer func() { b.pos = kept }()
		}
	}
	switch v.Kind() {
	case Absent:
		b.Null()
	case Bool:
		b.Bool(v.Bool())
	case Int:
		b.Int(v.Int())
	case Float:
		b.Float(v.Float())
	case Object:
		b.Object()
		for name, c := range v.Children() {
			b.Key(name)
			b.Copy(c)
		}
		b.End()
	case List:
		b.List()
		for _, c := range v.Children() {
			b.Copy(c)
		}
		b.End()
	default:
		off := len(b.text)
		b.text = append(b.text, v.raw()...)
		b.addText(v.Kind(), off)
	}
}

var errNoValue = errors.New("no value was added")

// Build returns the value as the configuration of the asset with the given id
// (which may be ""), and empties the builder.
func (b *Builder) Build(asset string) (Value, error) {
	defer b.reset(b.names, b.limits)
	if b.err != nil {
		return Value{}, b.err
	}
	if len(b.frames) > 0 {
		return Value{}, fmt.Errorf("%w: value: %d containers left open", ErrInvalid, len(b.frames))
	}
	if len(b.pend) != 1 {
		return Value{}, fmt.Errorf("%w: value: %w", ErrInvalid, errNoValue)
	}
	d := &Doc{names: b.names, text: string(b.text), asset: asset, root: uint32(len(b.nodes))}
	d.nodes = append(make([]node, 0, len(b.nodes)+1), b.nodes...)
	d.nodes = append(d.nodes, b.pend[0])
	if len(b.keys) > 0 {
		d.keys = append([]uint64(nil), b.keys...)
	}
	if b.lines {
		d.spans = append(make([]span, 0, len(b.spans)+1), b.spans...)
		d.spans = append(d.spans, b.pspans[0])
		d.origins = b.origins
	}
	return Value{d, d.root}, nil
}

// clip shortens hostile text for an error message.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
