package export

import (
	"encoding/xml"
	"fmt"
	"io"

	"github.com/bulwarksec/bulwark"
)

var _ = format(Format{Name: "junit", About: "JUnit XML: a suite a check, a test an asset", MediaType: "application/xml", write: writeJUnit})

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Line    int           `xml:"line,attr,omitempty"`
	Failure *junitFailure `xml:"failure,omitempty"`
	Skipped *junitSkipped `xml:"skipped,omitempty"`
}

type junitFailure struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

type junitSkipped struct {
	Message string `xml:"message,attr"`
}

// writeJUnit writes healthy assessments as passed, unhealthy ones as failed
// unless every finding of theirs is silenced, and unknown ones as skipped with
// the reason: they are not a pass. What does not apply is left out.
func writeJUnit(w io.Writer, r *bulwark.Report) error {
	kept := map[[2]string]bool{}
	for _, f := range r.Findings {
		kept[[2]string{f.Check, f.Asset}] = true
	}
	out := junitSuites{Name: "Bulwark " + r.Version}
	index := map[string]int{}
	for _, a := range r.Assessments {
		if a.State == bulwark.NotApplicable {
			continue
		}
		i, ok := index[a.Check]
		if !ok {
			i = len(out.Suites)
			index[a.Check] = i
			out.Suites = append(out.Suites, junitSuite{Name: checkOf(r, a.Check).Title})
		}
		s := &out.Suites[i]
		c := junitCaseOf(r, a, kept[[2]string{a.Check, a.Asset}])
		s.Tests++
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Skipped != nil:
			s.Skipped++
		}
		s.Cases = append(s.Cases, c)
	}
	for _, s := range out.Suites {
		out.Tests += s.Tests
		out.Failures += s.Failures
		out.Skipped += s.Skipped
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(out); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}

func junitCaseOf(r *bulwark.Report, a bulwark.Assessment, counts bool) junitCase {
	asset := assetOf(r, a.Asset)
	c := junitCase{Class: a.Check, Name: asset.ID, File: asset.Position.File, Line: asset.Position.Line}
	switch a.State {
	case bulwark.Unhealthy:
		if !counts {
			c.Skipped = &junitSkipped{"silenced in the source, or known already"}
			break
		}
		text := a.Because
		for _, i := range a.Instances {
			text += "\n" + i.Key
			if p := i.Location.String(); p != "" {
				text += " at " + p
			}
		}
		c.Failure = &junitFailure{checkOf(r, a.Check).Severity.String(), a.Because, text}
	case bulwark.Undetermined:
		c.Skipped = &junitSkipped{"unknown: " + a.Because}
	}
	return c
}
