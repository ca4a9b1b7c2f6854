// Package export writes reports in the formats that people and other tools
// read. One file holds one format and ends in `var _ = format(…)`. Formats
// write what a report holds, in its order; the same report gives the same
// bytes. Names, ids and texts in a report come from clouds and code and are
// hostile: each format escapes them for its reader.
package export

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// Format is a way to write a report.
type Format struct {
	Name      string // -o NAME
	About     string // one line for people
	MediaType string
	write     func(io.Writer, *bulwark.Report) error
}

var formats []Format

func format(f Format) struct{} {
	formats = append(formats, f)
	return struct{}{}
}

// Formats returns all formats, sorted by name.
func Formats() []Format {
	list := slices.Clone(formats)
	slices.SortFunc(list, func(a, b Format) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// ByName returns a format; the error, of kind ErrInvalid, names them all.
func ByName(name string) (Format, error) {
	var names []string
	for _, f := range Formats() {
		if f.Name == name {
			return f, nil
		}
		names = append(names, f.Name)
	}
	return Format{}, fmt.Errorf("output %q: %w: want one of %s", name, bulwark.ErrInvalid, strings.Join(names, ", "))
}

// Write writes a report, which must be sorted as Report.Sort does.
func (f Format) Write(w io.Writer, r *bulwark.Report) error {
	b := bufio.NewWriterSize(w, 64<<10)
	err := f.write(b, r)
	if err == nil {
		err = b.Flush()
	}
	if err != nil {
		return fmt.Errorf("write %s report: %w", f.Name, err)
	}
	return nil
}

// checkOf returns what the report knows of a check; one it does not know has
// its id as title.
func checkOf(r *bulwark.Report, id string) *bulwark.Check {
	if c := r.Checks[id]; c != nil {
		return c
	}
	return &bulwark.Check{ID: id, Title: id}
}

// assetOf returns the report's asset of an id; one it does not know has its id
// as name.
func assetOf(r *bulwark.Report, id string) *bulwark.Asset {
	if a := r.Asset(id); a != nil {
		return a
	}
	return &bulwark.Asset{ID: id, Name: id}
}

// locationOf returns where a finding is: its own place, else its asset's.
func locationOf(r *bulwark.Report, f bulwark.Finding) bulwark.Position {
	if f.Location.File != "" {
		return f.Location
	}
	return assetOf(r, f.Asset).Position
}

// reason returns why a finding is one, or its check's title.
func reason(r *bulwark.Report, f bulwark.Finding) string {
	if f.Because != "" {
		return f.Because
	}
	return checkOf(r, f.Check).Title
}

// severities counts findings by severity.
func severities(r *bulwark.Report) (n [bulwark.Critical + 1]int) {
	for _, f := range r.Findings {
		if int(f.Severity) < len(n) {
			n[f.Severity]++
		}
	}
	return n
}

// unknowns counts assessments without an answer.
func unknowns(r *bulwark.Report) int {
	n := 0
	for _, a := range r.Assessments {
		if a.State == bulwark.Undetermined {
			n++
		}
	}
	return n
}

// remedy is one way to mend what a check finds.
type remedy struct{ Name, Text string }

// remedies returns the ways that a check's file describes, in a fixed order.
func remedies(c *bulwark.Check) []remedy {
	m := c.Remediation
	var out []remedy
	for _, w := range []remedy{
		{"Console", m.Console}, {"Command line", m.CLI}, {"Terraform", m.Terraform}, {"CloudFormation", m.CloudFormation},
		{"ARM", m.ARM}, {"Kubernetes", m.Kubernetes}, {"Dockerfile", m.Dockerfile}, {"Shell", m.Shell},
	} {
		if w.Text != "" {
			out = append(out, w)
		}
	}
	return out
}
