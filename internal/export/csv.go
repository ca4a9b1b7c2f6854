package export

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"github.com/bulwarksec/bulwark"
)

var _ = format(Format{Name: "csv", About: "findings as a table for spreadsheets", MediaType: "text/csv", write: writeCSV})

func writeCSV(w io.Writer, r *bulwark.Report) error {
	out := csv.NewWriter(w)
	rows := [][]string{{"severity", "risk", "check", "title", "asset", "type", "name", "scope", "file", "line", "instance", "because", "id"}}
	for _, f := range r.Findings {
		a, p := assetOf(r, f.Asset), locationOf(r, f)
		line := ""
		if p.Line > 0 {
			line = strconv.Itoa(p.Line)
		}
		rows = append(rows, []string{f.Severity.String(), f.Risk.String(), f.Check, checkOf(r, f.Check).Title, a.ID, a.Type, a.Name, a.Scope, p.File, line, f.Instance, f.Because, f.ID})
	}
	for _, row := range rows {
		for i := range row {
			row[i] = cell(row[i])
		}
	}
	return out.WriteAll(rows)
}

// cell keeps a spreadsheet from taking a text for a formula.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
