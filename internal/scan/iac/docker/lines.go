package docker

import (
	"regexp"
	"strings"
)

// line is one instruction as written: its continuation lines joined, comments
// between them dropped. marks tell on which line of the file each part of text
// begins.
type line struct {
	text  string
	first int // lines of the file, from 1
	last  int
	marks []mark
	docs  []heredoc
}

type mark struct{ offset, line int }

// at returns the line of the file on which the byte at offset stands.
func (l *line) at(offset int) int {
	n := l.first
	for _, m := range l.marks {
		if m.offset > offset {
			break
		}
		n = m.line
	}
	return n
}

type heredoc struct {
	name  string
	body  string
	first int  // line of the body's first line
	tabs  bool // leading tabs are dropped (<<-)
}

var (
	directive   = regexp.MustCompile(`^#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(\S.*?)\s*$`)
	heredocMark = regexp.MustCompile(`(^|[^<\d])\d*<<(-?)\s*(?:"([A-Za-z_][\w.]*)"|'([A-Za-z_][\w.]*)'|([A-Za-z_][\w.]*))`)
)

// source is a Dockerfile cut into instructions.
type source struct {
	directives map[string]string // syntax, escape, check
	lines      []line
	unclosed   []heredoc
}

// scan cuts a Dockerfile into instructions. Source of the rules: Dockerfile
// reference, "Format", "Parser directives" and "Here-Documents".
func scan(text string) source {
	src := source{directives: map[string]string{}}
	rows := strings.Split(strings.ReplaceAll(strings.TrimPrefix(text, "\uFEFF"), "\r\n", "\n"), "\n")
	i := 0
	if len(rows) > 0 && strings.HasPrefix(rows[0], "#!") {
		i++
	}
	for ; i < len(rows); i++ {
		m := directive.FindStringSubmatch(rows[i])
		if m == nil {
			break
		}
		name := strings.ToLower(m[1])
		if _, ok := src.directives[name]; ok || name != "syntax" && name != "escape" && name != "check" {
			break
		}
		src.directives[name] = m[2]
	}
	escape := `\`
	if src.directives["escape"] == "`" {
		escape = "`"
	}
	for i < len(rows) {
		if blank(rows[i]) {
			i++
			continue
		}
		var l line
		if l, i = join(rows, i, escape); l.text == "" {
			continue
		}
		i = src.heredocs(&l, rows, i)
		src.lines = append(src.lines, l)
	}
	return src
}

func blank(row string) bool {
	t := strings.TrimSpace(row)
	return t == "" || t[0] == '#'
}

// join reads the instruction that begins at row i and returns the row after
// it. Blank rows and comments inside a continued instruction are dropped.
func join(rows []string, i int, escape string) (line, int) {
	l := line{first: i + 1, last: i + 1}
	var b strings.Builder
	for more := true; more && i < len(rows); i++ {
		row := rows[i]
		if b.Len() > 0 && blank(row) {
			continue
		}
		row, more = strings.CutSuffix(strings.TrimRight(row, " \t"), escape)
		if b.Len() == 0 {
			row = strings.TrimLeft(row, " \t")
		}
		l.marks = append(l.marks, mark{b.Len(), i + 1})
		b.WriteString(row)
		l.last = i + 1
	}
	l.text = strings.TrimRight(b.String(), " \t")
	return l, i
}

// heredocs reads the here-documents that l announces, which begin at row i,
// and returns the row after them.
func (src *source) heredocs(l *line, rows []string, i int) int {
	word, rest, _ := strings.Cut(l.text, " ")
	switch strings.ToUpper(word) {
	case "RUN", "COPY", "ADD":
	case "ONBUILD":
		switch w, _, _ := strings.Cut(strings.TrimSpace(rest), " "); strings.ToUpper(w) {
		case "RUN", "COPY", "ADD":
		default:
			return i
		}
	default:
		return i
	}
	for _, m := range heredocMark.FindAllStringSubmatch(rest, 16) {
		d := heredoc{name: m[3] + m[4] + m[5], tabs: m[2] == "-", first: i + 1}
		var body []string
		closed := false
		for ; i < len(rows) && !closed; i++ {
			row := rows[i]
			if d.tabs {
				row = strings.TrimLeft(row, "\t")
			}
			if closed = row == d.name; !closed {
				body = append(body, row)
			}
		}
		d.body = strings.Join(body, "\n")
		if !closed {
			src.unclosed = append(src.unclosed, d)
		}
		l.docs = append(l.docs, d)
		l.last = i
	}
	return i
}
