package export

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bulwarksec/bulwark"
)

var _ = format(Format{Name: "table", About: "for people at a terminal", MediaType: "text/plain; charset=utf-8", write: writeTable})

const shownGaps = 20

// writeTable writes findings from the worst down, where they are, and what
// could not be read.
func writeTable(w io.Writer, r *bulwark.Report) error {
	var rows [][]string
	for _, f := range r.Findings {
		rows = append(rows, []string{f.Severity.String(), place(r, f), checkOf(r, f.Check).Title, f.Because})
	}
	if len(rows) > 0 {
		if err := printTable(w, []string{"SEVERITY", "WHERE", "CHECK", "WHY"}, rows); err != nil {
			return err
		}
	}
	n := severities(r)
	var b strings.Builder
	if len(rows) > 0 {
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%s, %s: %s (%d critical, %d high, %d medium, %d low), %d unknown\n",
		counted(len(r.Assets), "asset"), counted(len(r.Assessments), "assessment"), counted(len(r.Findings), "finding"), n[bulwark.Critical], n[bulwark.High], n[bulwark.Medium], n[bulwark.Low]+n[bulwark.Informational], unknowns(r))
	if len(r.Suppressed) > 0 {
		fmt.Fprintf(&b, "%s silenced by comments\n", counted(len(r.Suppressed), "finding"))
	}
	if len(r.Gaps) > 0 {
		fmt.Fprintf(&b, "%s, what could not be read:\n", counted(len(r.Gaps), "gap"))
		for i, g := range r.Gaps {
			if i == shownGaps {
				fmt.Fprintf(&b, "  … and %d more (-o json lists all)\n", len(r.Gaps)-i)
				break
			}
			fmt.Fprintf(&b, "  %s %s: %s\n", printable(g.What), printable(g.Where), printable(g.Why))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// place says where a finding is: its file and line, else the asset.
func place(r *bulwark.Report, f bulwark.Finding) string {
	a := assetOf(r, f.Asset)
	where := locationOf(r, f).String()
	switch {
	case where == "":
		where = a.Name
	case a.Name != "" && a.Origin() == bulwark.Code:
		where += " " + a.Name
	}
	if f.Instance != "" {
		where += " [" + f.Instance + "]"
	}
	return where
}

// printTable writes rows under headers in aligned columns, two spaces apart.
// The last column is not padded.
func printTable(w io.Writer, headers []string, rows [][]string) error {
	widths := make([]int, len(headers))
	for i, h := range headers {
		widths[i] = utf8.RuneCountInString(h)
	}
	for _, row := range rows {
		for i := range row {
			row[i] = printable(row[i])
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	var b strings.Builder
	for _, row := range append([][]string{headers}, rows...) {
		b.Reset()
		for i, text := range row {
			b.WriteString(text)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text)+2))
			}
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(b.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

// printable makes a text safe for one line of a terminal: control and
// direction-changing characters become U+FFFD.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return utf8.RuneError
		}
		return r
	}, s)
}

// counted writes a number with its noun: 1 gap, 2 gaps.
func counted(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
