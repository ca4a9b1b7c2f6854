package export

import (
	"fmt"
	"io"
	"strings"

	"github.com/bulwarksec/bulwark"
)

var _ = format(Format{Name: "markdown", About: "findings as a table for a pull request's comment", MediaType: "text/markdown", write: writeMarkdown})

// writeMarkdown writes findings as one table; texts of the scanned code cannot
// leave their cell.
func writeMarkdown(w io.Writer, r *bulwark.Report) error {
	var b strings.Builder
	b.WriteString("| severity | where | what | why |\n|---|---|---|---|\n")
	cells := strings.NewReplacer("|", "\\|", "\n", " ", "\r", " ", "<", "&lt;", "`", "'")
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "| %s | `%s` %s | %s | %s |\n", f.Severity, locationOf(r, f), cells.Replace(assetOf(r, f.Asset).Name),
			cells.Replace(checkOf(r, f.Check).Title), cells.Replace(f.Because))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
