package export

import (
	_ "embed"
	"html/template"
	"io"
	"net/url"

	"github.com/bulwarksec/bulwark"
)

var _ = format(Format{Name: "html", About: "a page for people, in one file, without scripts", MediaType: "text/html; charset=utf-8", write: writeHTML})

//go:embed report.html
var reportHTML string

var reportTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"link": func(s string) bool {
		u, err := url.Parse(s)
		return err == nil && u.Scheme == "https" && u.Host != ""
	},
}).Parse(reportHTML))

type htmlReport struct {
	*bulwark.Report
	Counts  []htmlCount
	Groups  []*htmlGroup
	Unknown int
}

type htmlCount struct {
	Name string
	N    int
}

// htmlGroup is a check with its findings.
type htmlGroup struct {
	Check    *bulwark.Check
	Severity string
	Remedies []remedy
	Rows     []htmlRow
}

type htmlRow struct{ Asset, Type, Where, Why string }

func writeHTML(w io.Writer, r *bulwark.Report) error {
	out := htmlReport{Report: r, Unknown: unknowns(r)}
	n := severities(r)
	for s := bulwark.Critical; ; s-- {
		out.Counts = append(out.Counts, htmlCount{s.String(), n[s]})
		if s == bulwark.Informational {
			break
		}
	}
	groups := map[string]*htmlGroup{}
	for _, f := range r.Findings {
		g := groups[f.Check]
		if g == nil {
			c := checkOf(r, f.Check)
			g = &htmlGroup{Check: c, Severity: f.Severity.String(), Remedies: remedies(c)}
			groups[f.Check] = g
			out.Groups = append(out.Groups, g)
		}
		a := assetOf(r, f.Asset)
		where := locationOf(r, f).String()
		if f.Instance != "" {
			where += " [" + f.Instance + "]"
		}
		name := a.Name
		if name == "" {
			name = a.ID
		}
		g.Rows = append(g.Rows, htmlRow{name, a.Type, where, f.Because})
	}
	return reportTemplate.Execute(w, out)
}
