package store

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// filter is the condition of a query with its parameters.
type filter struct {
	conds []string
	args  []any
}

// arg adds a parameter and returns its place.
func (f *filter) arg(v any) string {
	f.args = append(f.args, v)
	return fmt.Sprintf("$%d", len(f.args))
}

// add adds a condition in which each ? stands for a parameter.
func (f *filter) add(cond string, args ...any) {
	var b strings.Builder
	for _, a := range args {
		before, after, _ := strings.Cut(cond, "?")
		b.WriteString(before)
		b.WriteString(f.arg(a))
		cond = after
	}
	b.WriteString(cond)
	f.conds = append(f.conds, b.String())
}

// in adds that a column has one of the values; no values do not restrict.
func in[T any](f *filter, column string, values []T) {
	if len(values) == 0 {
		return
	}
	f.add(column+" IN ("+strings.TrimSuffix(strings.Repeat("?,", len(values)), ",")+")", anys(values)...)
}

// words adds that a column of words is one of the texts.
func (f *filter) words(column string, texts []string) {
	if len(texts) == 0 {
		return
	}
	f.add(column+" IN (SELECT id FROM words WHERE word IN ("+strings.TrimSuffix(strings.Repeat("?,", len(texts)), ",")+"))", anys(texts)...)
}

// scopes adds that a column of scopes lies below one of the paths.
func (f *filter) scopes(column string, paths []string) {
	var conds []string
	var args []any
	for _, p := range paths {
		if p == "" {
			return
		}
		conds = append(conds, "path = ? OR path >= ? AND path < ?")
		args = append(args, p, p+"/", p+"0") // 0 follows / in ASCII
	}
	if len(conds) > 0 {
		f.add(column+" IN (SELECT id FROM scopes WHERE "+strings.Join(conds, " OR ")+")", args...)
	}
}

// text adds that one of the columns holds a text, whatever the case of ASCII
// letters.
func (f *filter) text(text string, columns ...string) {
	if text = clean(text); text == "" {
		return
	}
	pattern := "%" + strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(lowerASCII(text)) + "%"
	var conds []string
	var args []any
	for _, c := range columns {
		conds = append(conds, "LOWER("+c+") LIKE ? ESCAPE '!'")
		args = append(args, pattern)
	}
	f.add("("+strings.Join(conds, " OR ")+")", args...)
}

func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

func (f *filter) where() string {
	if len(f.conds) == 0 {
		return "1 = 1"
	}
	return strings.Join(f.conds, " AND ")
}

// sortColumn is what a list may be sorted by.
type sortColumn struct {
	column string
	desc   bool // of the list's own order, without a sign
	number bool
}

// selection is a page of a list: sorted by a column and an id, going on behind
// the last row of the page before.
type selection struct {
	sort   string
	id     string
	by     sortColumn
	limit  int
	behind []any // the column's value and the id; nil from the start
}

const maxPage = 1000

// newSelect reads a page's bounds. "" among the columns is the list's own
// order.
func newSelect(p bulwark.Page, id string, columns map[string]sortColumn) (*selection, error) {
	s := &selection{sort: p.Sort, id: id, limit: p.Limit}
	if s.limit <= 0 {
		s.limit = 100
	}
	s.limit = min(s.limit, maxPage)
	name, desc := strings.CutPrefix(p.Sort, "-")
	by, ok := columns[name]
	if !ok || p.Sort == "-" {
		return nil, fmt.Errorf("%w: the list cannot be sorted by %q", bulwark.ErrInvalid, p.Sort)
	}
	if name != "" {
		by.desc = desc
	}
	s.by = by
	if p.Cursor == "" {
		return s, nil
	}
	return s, s.read(p.Cursor)
}

// mark is what a cursor holds.
type mark struct {
	Sort   string `json:"s,omitempty"`
	Text   string `json:"t,omitempty"`
	Number int64  `json:"n,omitempty"`
	ID     int64  `json:"i"`
}

func (s *selection) read(cursor string) error {
	var m mark
	data, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	if err != nil || m.Sort != s.sort {
		return fmt.Errorf("%w: the cursor is not of this list and sort", bulwark.ErrInvalid)
	}
	if s.by.number {
		s.after(m.Number, m.ID)
	} else {
		s.after(clean(m.Text), m.ID)
	}
	return nil
}

// after goes on behind a row.
func (s *selection) after(value any, id int64) { s.behind = []any{value, id} }

// cursor returns where the page behind a row begins.
func (s *selection) cursor(value any, id int64) string {
	m := mark{Sort: s.sort, ID: id}
	switch v := value.(type) {
	case int64:
		m.Number = v
	case string:
		m.Text = v
	}
	data, _ := json.Marshal(m) // of plain texts and numbers
	return base64.RawURLEncoding.EncodeToString(data)
}

// clause returns the rest of a query behind FROM: the filter, the rows behind
// the cursor, the order, and one row more than the page has.
func (s *selection) clause(f *filter) string {
	g := &filter{conds: f.conds[:len(f.conds):len(f.conds)], args: f.args}
	if s.behind != nil {
		op := ">"
		if s.by.desc {
			op = "<"
		}
		g.add("("+s.by.column+", "+s.id+") "+op+" (?, ?)", s.behind...)
	}
	f.args = g.args
	order := s.by.column + ", " + s.id
	if s.by.desc {
		order = s.by.column + " DESC, " + s.id + " DESC"
	}
	return fmt.Sprintf("WHERE %s ORDER BY %s LIMIT %d", g.where(), order, s.limit+1)
}
