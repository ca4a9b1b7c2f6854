package bulwark

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// readMarks rebuilds v with the forms that AppendJSON writes for unknowns,
// secrets and symbols turned back into what they stand for. It returns v
// itself when there are none.
func readMarks(v Value, opts DecodeOptions) (Value, error) {
	if !hasMarks(v) {
		return v, nil
	}
	b := NewBuilder(opts.Names, opts.Limits)
	if opts.File != "" {
		b.At(v.Position())
	}
	if err := copyMarked(b, v); err != nil {
		return Value{}, err
	}
	return b.Build(opts.Asset)
}

func hasMarks(v Value) bool {
	for name, c := range v.Children() {
		if strings.HasPrefix(name, "$") || hasMarks(c) {
			return true
		}
	}
	return false
}

func copyMarked(b *Builder, v Value) error {
	if b.lines {
		b.At(v.Position())
	}
	switch v.Kind() {
	case Object:
		if name := v.Key(0); v.Len() == 1 && strings.HasPrefix(name, "$") && !strings.HasPrefix(name, "$$") {
			return copyMark(b, name, v.Index(0))
		}
		b.Object()
		for name, c := range v.Children() {
			b.Key(strings.TrimPrefix(name, "$"))
			if err := copyMarked(b, c); err != nil {
				return err
			}
		}
		b.End()
	case List:
		b.List()
		for _, c := range v.Children() {
			if err := copyMarked(b, c); err != nil {
				return err
			}
		}
		b.End()
	default:
		b.Copy(v)
	}
	return nil
}

func copyMark(b *Builder, name string, v Value) error {
	switch name {
	case "$unknown":
		b.Unknown(v.Text())
	case "$secret":
		b.Secret(v.Index(0).Text(), v.Index(1).Text())
	case "$symbol":
		var parts []Part
		for _, c := range v.Children() {
			if c.Kind() == String {
				parts = append(parts, Part{Literal: c.Text()})
				continue
			}
			parts = append(parts, Part{Symbol: &Symbol{c.Get("kind").Text(), c.Get("scope").Text(), c.Get("address").Text(), c.Get("attribute").Text()}})
		}
		b.Symbolic(parts)
	default:
		return fmt.Errorf("%w: json: unknown mark %q", ErrInvalid, clip(name))
	}
	return nil
}

// AppendPositions appends v's positions in document order as a compact form
// that WithPositions reads: the table of origins, then for each node the
// change of line, the number of further lines, and the origin. It appends
// nothing when v has no positions.
func AppendPositions(dst []byte, v Value) []byte {
	if v.doc == nil || v.doc.spans == nil {
		return dst
	}
	str := func(s string) {
		dst = binary.AppendUvarint(dst, uint64(len(s)))
		dst = append(dst, s...)
	}
	dst = binary.AppendUvarint(dst, uint64(len(v.doc.origins)))
	for _, o := range v.doc.origins {
		str(o.File)
		dst = binary.AppendUvarint(dst, uint64(len(o.Via)))
		for _, via := range o.Via {
			str(via)
		}
	}
	var last int64
	walk(v, func(at uint32) {
		s := v.doc.spans[at]
		dst = binary.AppendVarint(dst, int64(s.line)-last)
		dst = binary.AppendUvarint(dst, uint64(s.lines))
		dst = binary.AppendUvarint(dst, uint64(s.origin))
		last = int64(s.line)
	})
	return dst
}

func walk(v Value, visit func(at uint32)) {
	visit(v.at)
	if k := v.Kind(); k != List && k != Object {
		return
	}
	for i := range v.Len() {
		walk(v.Index(i), visit)
	}
}

// WithPositions returns v, a whole document, with the positions that
// AppendPositions wrote for an equal one; empty data returns v unchanged.
func WithPositions(v Value, data []byte) (Value, error) {
	if len(data) == 0 || v.doc == nil {
		return v, nil
	}
	r := &posReader{data: data}
	d := *v.doc
	d.origins = make([]Source, 0, min(r.count(), 1<<16))
	for range cap(d.origins) {
		o := Source{File: r.str()}
		for range r.count() {
			o.Via = append(o.Via, r.str())
		}
		d.origins = append(d.origins, o)
	}
	d.spans = make([]span, len(d.nodes))
	var line int64
	walk(v, func(at uint32) {
		line += r.varint()
		s := span{line: uint32(line), lines: uint16(r.count16()), origin: uint16(r.count16())}
		if int(s.origin) >= len(d.origins) {
			r.bad = true
			return
		}
		d.spans[at] = s
	})
	if r.bad || len(r.data) > 0 {
		return Value{}, fmt.Errorf("%w: positions do not fit the value", ErrInvalid)
	}
	return Value{&d, v.at}, nil
}

type posReader struct {
	data []byte
	bad  bool
}

func (r *posReader) uvarint() uint64 {
	n, w := binary.Uvarint(r.data)
	if w <= 0 {
		r.bad, r.data = true, nil
		return 0
	}
	r.data = r.data[w:]
	return n
}

func (r *posReader) varint() int64 {
	n, w := binary.Varint(r.data)
	if w <= 0 {
		r.bad, r.data = true, nil
		return 0
	}
	r.data = r.data[w:]
	return n
}

// count reads a number of things that take at least a byte each.
func (r *posReader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.data)) {
		r.bad, r.data = true, nil
		return 0
	}
	return int(n)
}

func (r *posReader) count16() uint64 {
	n := r.uvarint()
	if n > 1<<16-1 {
		r.bad = true
		return 0
	}
	return n
}

func (r *posReader) str() string {
	n := r.count()
	s := string(r.data[:n])
	r.data = r.data[n:]
	return s
}

// Digest returns 32 hexadecimal digits that are equal exactly for values of
// equal data, whatever the order of members and the positions (SHA-256 of a
// canonical form, cut to 16 bytes). A member is left out when skip, which may
// be nil, says so of its dotted path; elements of lists add no step to it.
func Digest(v Value, skip func(path string) bool) string {
	sum := sha256.Sum256(appendCanonical(make([]byte, 0, 1024), v, "", skip))
	return hex.EncodeToString(sum[:16])
}

func appendCanonical(dst []byte, v Value, path string, skip func(string) bool) []byte {
	switch v.Kind() {
	case Object:
		order := make([]int, v.Len())
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(a, b int) int { return strings.Compare(v.Key(a), v.Key(b)) })
		dst = append(dst, '{')
		for _, i := range order {
			c := v.Index(i)
			name := c.Name()
			at := name
			if skip != nil {
				if path != "" {
					at = path + "." + name
				}
				if skip(at) {
					continue
				}
			}
			if c.Kind() == Absent {
				continue
			}
			dst = append(appendKey(dst, name), ':')
			dst = append(appendCanonical(dst, c, at, skip), ',')
		}
		return append(dst, '}')
	case List:
		dst = append(dst, '[')
		for i := range v.Len() {
			dst = append(appendCanonical(dst, v.Index(i), path, skip), ',')
		}
		return append(dst, ']')
	}
	return AppendJSON(dst, v)
}
