package export

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// jsonStream writes JSON as encoding/json does with an indentation of two, and
// holds one item of it at a time. It begins within an object. The first error
// stays. Names of members must need no escape.
type jsonStream struct {
	w     io.Writer
	buf   bytes.Buffer
	err   error
	ends  []byte // of what is open, outermost first
	begun bool   // the innermost has an item
}

func newJSONStream(w io.Writer) *jsonStream {
	s := &jsonStream{w: w, ends: []byte{'}'}}
	s.buf.WriteByte('{')
	return s
}

func (s *jsonStream) indent() string { return strings.Repeat("  ", len(s.ends)) }

// next begins an item of the innermost object, by its name, or list.
func (s *jsonStream) next(name string) {
	if s.begun {
		s.buf.WriteByte(',')
	}
	s.begun = true
	s.buf.WriteString("\n" + s.indent())
	if s.ends[len(s.ends)-1] == '}' {
		s.buf.WriteString(`"` + name + `": `)
	}
}

// open begins an item that is an object or, where start is [, a list.
func (s *jsonStream) open(name string, start byte) {
	s.next(name)
	s.buf.WriteByte(start)
	s.ends = append(s.ends, start+2) // of brackets and braces alike the end stands two behind the start
	s.begun = false
}

// close ends the innermost object or list.
func (s *jsonStream) close() {
	end := s.ends[len(s.ends)-1]
	s.ends = s.ends[:len(s.ends)-1]
	if s.begun {
		s.buf.WriteString("\n" + s.indent())
	}
	s.begun = true
	s.buf.WriteByte(end)
	if len(s.ends) == 0 {
		s.buf.WriteByte('\n')
	}
	s.flush()
}

// item writes a whole item.
func (s *jsonStream) item(name string, v any) {
	if s.err != nil {
		return
	}
	s.next(name)
	enc := json.NewEncoder(&s.buf)
	enc.SetIndent(s.indent(), "  ")
	if s.err = enc.Encode(v); s.err != nil {
		return
	}
	s.buf.Truncate(s.buf.Len() - 1) // the encoder's newline
	s.flush()
}

// list writes an item that is a list of n, asked for one by one.
func (s *jsonStream) list(name string, n int, at func(i int) any) {
	s.open(name, '[')
	for i := 0; i < n && s.err == nil; i++ {
		s.item("", at(i))
	}
	s.close()
}

func (s *jsonStream) flush() {
	if s.err == nil {
		_, s.err = s.w.Write(s.buf.Bytes())
	}
	s.buf.Reset()
}
