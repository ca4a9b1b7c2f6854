package bulwark

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// DecodeOptions say how DecodeJSON reads a document.
type DecodeOptions struct {
	Names  *Names // table of property names, may be nil
	Limits Limits
	Asset  string // id of the asset whose configuration this is
	File   string // when set, every value keeps its lines in this file

	// Marks reads the forms that AppendJSON writes for what JSON lacks
	// ({"$unknown": reason} and its like). It is for our own stores only: a
	// cloud's answer must not be able to make a value unknown.
	Marks bool
}

// DecodeJSON reads one JSON document into a Value. JSON null is Absent; of
// repeated keys the last wins; text that is not UTF-8 becomes U+FFFD; numbers
// without fraction or exponent that fit 64 bits are Int. It takes one pass and
// three allocations. The error is of kind ErrInvalid and names the line.
func DecodeJSON(data []byte, opts DecodeOptions) (Value, error) {
	b := builders.Get().(*Builder)
	defer func() {
		if cap(b.text) <= 4<<20 && cap(b.nodes) <= 1<<18 {
			builders.Put(b)
		}
	}()
	b.reset(opts.Names, opts.Limits)
	if len(data) > b.limits.Bytes {
		return Value{}, fmt.Errorf("%w: json: %d bytes, more than %d", ErrInvalid, len(data), b.limits.Bytes)
	}
	d := decoder{b: b, data: data, line: 1}
	if opts.File != "" {
		b.At(Position{File: opts.File, Line: 1})
		d.lines, d.origin = true, b.pos.origin
	}
	if err := d.document(); err != nil {
		b.reset(nil, Limits{})
		return Value{}, fmt.Errorf("%w: json: line %d: %w", ErrInvalid, d.line, err)
	}
	v, err := b.Build(opts.Asset)
	if err != nil || !opts.Marks {
		return v, err
	}
	return readMarks(v, opts)
}

type decoder struct {
	b      *Builder
	data   []byte
	i      int
	line   uint32
	lines  bool
	origin uint16
}

var errTruncated = errors.New("unexpected end")

// document reads the one value, keeping open containers on the builder's own
// stack: no recursion, so nesting costs no goroutine stack.
func (d *decoder) document() error {
	for {
		if err := d.value(); err != nil {
			return err
		}
		for { // after a value: close containers, or go on to the next value
			d.space()
			if len(d.b.frames) == 0 {
				if d.i < len(d.data) {
					return fmt.Errorf("unexpected %q after the value", d.data[d.i])
				}
				return d.b.err
			}
			if d.i >= len(d.data) {
				return errTruncated
			}
			object := d.b.frames[len(d.b.frames)-1].kind == Object
			c := d.data[d.i]
			d.i++
			if c == ',' {
				if object {
					if err := d.key(); err != nil {
						return err
					}
				}
				break
			}
			if object && c == '}' || !object && c == ']' {
				d.b.end(d.line)
				if d.b.err != nil {
					return d.b.err
				}
				continue
			}
			return fmt.Errorf("unexpected %q", c)
		}
	}
}

// value reads one scalar, or opens containers down to the first scalar or an
// empty container.
func (d *decoder) value() error {
	for {
		d.space()
		if d.i >= len(d.data) {
			return errTruncated
		}
		if d.lines {
			d.b.pos = span{line: d.line, origin: d.origin}
		}
		switch c := d.data[d.i]; {
		case c == '{':
			d.i++
			d.b.open(Object)
			if d.b.err != nil {
				return d.b.err
			}
			if d.space(); d.i < len(d.data) && d.data[d.i] == '}' {
				return nil // document closes it
			}
			if err := d.key(); err != nil {
				return err
			}
		case c == '[':
			d.i++
			d.b.open(List)
			if d.b.err != nil {
				return d.b.err
			}
			if d.space(); d.i < len(d.data) && d.data[d.i] == ']' {
				return nil
			}
		case c == '"':
			off, err := d.text()
			if err != nil {
				return err
			}
			d.b.addText(String, off)
			return d.b.err
		case c == '-' || c >= '0' && c <= '9':
			return d.number()
		default:
			return d.literal()
		}
	}
}

func (d *decoder) space() {
	for d.i < len(d.data) {
		switch d.data[d.i] {
		case ' ', '\t', '\r':
		case '\n':
			d.line++
		default:
			return
		}
		d.i++
	}
}

func (d *decoder) literal() error {
	rest := d.data[d.i:]
	switch {
	case hasPrefix(rest, "true"):
		d.i += 4
		d.b.Bool(true)
	case hasPrefix(rest, "false"):
		d.i += 5
		d.b.Bool(false)
	case hasPrefix(rest, "null"):
		d.i += 4
		d.b.Null()
	default:
		return fmt.Errorf("unexpected %q", rest[0])
	}
	return d.b.err
}

func hasPrefix(b []byte, s string) bool { return len(b) >= len(s) && string(b[:len(s)]) == s }

// key reads a member's name and its colon.
func (d *decoder) key() error {
	d.space()
	if d.i >= len(d.data) {
		return errTruncated
	}
	if d.data[d.i] != '"' {
		return fmt.Errorf("unexpected %q where a key should be", d.data[d.i])
	}
	off, err := d.text()
	if err != nil {
		return err
	}
	if d.b.keyFrom(off); d.b.err != nil {
		return d.b.err
	}
	d.space()
	if d.i >= len(d.data) {
		return errTruncated
	}
	if d.data[d.i] != ':' {
		return fmt.Errorf("unexpected %q where a colon should be", d.data[d.i])
	}
	d.i++
	return nil
}

// plain marks the bytes of a string that stand for themselves.
var plain = func() (t [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// text appends the string at d.i to the builder's text and returns where it
// begins.
func (d *decoder) text() (off int, err error) {
	off = len(d.b.text)
	data, i := d.data, d.i+1
	start := i
	for {
		for i < len(data) && plain[data[i]] {
			i++
		}
		if i >= len(data) {
			d.i = i
			return off, errTruncated
		}
		switch c := data[i]; {
		case c == '"':
			d.b.text = append(d.b.text, data[start:i]...)
			d.i = i + 1
			return off, nil
		case c == '\\':
			d.b.text = append(d.b.text, data[start:i]...)
			d.i = i
			if err := d.escape(); err != nil {
				return off, err
			}
			i, start = d.i, d.i
		case c < ' ':
			d.i = i
			return off, fmt.Errorf("control character %q in a string", c)
		default:
			r, w := utf8.DecodeRune(data[i:])
			if r == utf8.RuneError && w == 1 {
				d.b.text = append(d.b.text, data[start:i]...)
				d.b.text = append(d.b.text, "\uFFFD"...)
				start = i + 1
			}
			i += w
		}
	}
}

func (d *decoder) escape() error {
	if d.i+1 >= len(d.data) {
		return errTruncated
	}
	c := d.data[d.i+1]
	d.i += 2
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		r, ok := d.hex4(d.i)
		if !ok {
			return errors.New("\\u needs four hexadecimal digits")
		}
		d.i += 4
		if utf16.IsSurrogate(r) {
			low, ok := rune(0), false
			if d.i+1 < len(d.data) && d.data[d.i] == '\\' && d.data[d.i+1] == 'u' {
				low, ok = d.hex4(d.i + 2)
			}
			if r = utf16.DecodeRune(r, low); ok && r != utf8.RuneError {
				d.i += 6
			}
		}
		d.b.text = utf8.AppendRune(d.b.text, r)
		return nil
	default:
		return fmt.Errorf("unknown escape \\%c", c)
	}
	d.b.text = append(d.b.text, c)
	return nil
}

func (d *decoder) hex4(i int) (rune, bool) {
	if i+4 > len(d.data) {
		return 0, false
	}
	var r rune
	for _, c := range d.data[i : i+4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// number reads a JSON number by its exact grammar.
func (d *decoder) number() error {
	start, i := d.i, d.i
	digits := func() bool {
		from := i
		for i < len(d.data) && d.data[i] >= '0' && d.data[i] <= '9' {
			i++
		}
		return i > from
	}
	if d.data[i] == '-' {
		i++
	}
	whole := i
	if !digits() || d.data[whole] == '0' && i > whole+1 {
		return errors.New("malformed number")
	}
	integral := true
	if i < len(d.data) && d.data[i] == '.' {
		i, integral = i+1, false
		if !digits() {
			return errors.New("malformed number")
		}
	}
	if i < len(d.data) && (d.data[i] == 'e' || d.data[i] == 'E') {
		i, integral = i+1, false
		if i < len(d.data) && (d.data[i] == '+' || d.data[i] == '-') {
			i++
		}
		if !digits() {
			return errors.New("malformed number")
		}
	}
	d.i = i
	if integral && i-whole < 19 {
		var n int64
		for _, c := range d.data[whole:i] {
			n = n*10 + int64(c-'0')
		}
		if whole > start {
			n = -n
		}
		d.b.Int(n)
		return d.b.err
	}
	s := string(d.data[start:i])
	if n, err := strconv.ParseInt(s, 10, 64); integral && err == nil {
		d.b.Int(n)
		return d.b.err
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) {
		return fmt.Errorf("number %s is out of range", clip(s))
	}
	d.b.Float(f)
	return d.b.err
}

const hexDigits = "0123456789abcdef"

// AppendJSON appends v as compact JSON, members in source order. What JSON
// lacks takes the forms {"$unknown": reason}, {"$secret": [kind, hmac]} and
// {"$symbol": [literal | {"kind", "scope", "address", "attribute"}, …]}; a
// member's own name that begins with $ gets a second one, so that DecodeJSON
// with Marks returns an equal value.
func AppendJSON(dst []byte, v Value) []byte {
	switch v.Kind() {
	case Absent:
		return append(dst, "null"...)
	case Bool:
		return strconv.AppendBool(dst, v.Bool())
	case Int:
		return strconv.AppendInt(dst, v.Int(), 10)
	case Float:
		return appendFloat(dst, v.Float())
	case String:
		return appendQuoted(dst, v.raw())
	case Unknown:
		dst = append(dst, `{"$unknown":`...)
		return append(appendQuoted(dst, v.raw()), '}')
	case Secret:
		kind, hmac := v.SecretKind()
		dst = append(appendQuoted(append(dst, `{"$secret":[`...), kind), ',')
		return append(appendQuoted(dst, hmac), "]}"...)
	case Symbolic:
		return appendSymbolic(dst, v)
	}
	object := v.Kind() == Object
	open, end := byte('['), byte(']')
	if object {
		open, end = '{', '}'
	}
	dst = append(dst, open)
	for i := range v.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		c := v.Index(i)
		if object {
			dst = append(appendKey(dst, c.Name()), ':')
		}
		dst = AppendJSON(dst, c)
	}
	return append(dst, end)
}

func appendKey(dst []byte, name string) []byte {
	if len(name) > 0 && name[0] == '$' {
		name = "$" + name
	}
	return appendQuoted(dst, name)
}

func appendFloat(dst []byte, f float64) []byte {
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		return strconv.AppendFloat(dst, f, 'f', 1, 64)
	}
	return strconv.AppendFloat(dst, f, 'g', -1, 64)
}

func appendSymbolic(dst []byte, v Value) []byte {
	dst = append(dst, `{"$symbol":[`...)
	for i, p := range v.Parts() {
		if i > 0 {
			dst = append(dst, ',')
		}
		if p.Symbol == nil {
			dst = appendQuoted(dst, p.Literal)
			continue
		}
		for j, s := range []string{p.Symbol.Kind, p.Symbol.Scope, p.Symbol.Address, p.Symbol.Attribute} {
			dst = append(dst, [...]string{`{"kind":`, `,"scope":`, `,"address":`, `,"attribute":`}[j]...)
			dst = appendQuoted(dst, s)
		}
		dst = append(dst, '}')
	}
	return append(dst, "]}"...)
}

// appendQuoted appends s as a JSON string. The line separators U+2028 and
// U+2029 and < > & are escaped, so that the text is safe inside a page.
func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= 0x20 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' {
				i++
				continue
			}
			dst = append(dst, s[start:i]...)
			switch c {
			case '"', '\\':
				dst = append(dst, '\\', c)
			case '\n':
				dst = append(dst, `\n`...)
			case '\t':
				dst = append(dst, `\t`...)
			case '\r':
				dst = append(dst, `\r`...)
			default:
				dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
			i++
			start = i
			continue
		}
		r, w := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && w == 1 || r == '\u2028' || r == '\u2029' {
			dst = append(dst, s[start:i]...)
			if w == 1 {
				dst = append(dst, "\uFFFD"...)
			} else {
				dst = append(dst, `\u202`...)
				dst = append(dst, hexDigits[r&15])
			}
			start = i + w
		}
		i += w
	}
	return append(append(dst, s[start:]...), '"')
}

// MarshalJSON writes v as AppendJSON does.
func (v Value) MarshalJSON() ([]byte, error) { return AppendJSON(nil, v), nil }

// String returns v as JSON, for messages.
func (v Value) String() string { return string(AppendJSON(nil, v)) }
