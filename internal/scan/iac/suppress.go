package iac

import (
	"regexp"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// suppressionForms are the comments that silence checks, ours and those of the
// tools that checks name under equivalents. ids may be several, with commas.
var suppressionForms = []struct {
	tool string
	mark string // what a text must contain, for speed
	re   *regexp.Regexp
}{
	{"bulwark", "bulwark:ignore", regexp.MustCompile(`bulwark:ignore[ =:]+([A-Za-z0-9_./*-]+(?:, ?[A-Za-z0-9_./*-]+)*)[ :]*(.*)`)},
	{"checkov", ":skip=", regexp.MustCompile(`(?:checkov|bridgecrew|cortex):skip=([A-Za-z0-9_]+(?:,[A-Za-z0-9_]+)*):?(.*)`)},
	{"trivy", "trivy:ignore:", regexp.MustCompile(`trivy:ignore:([A-Za-z0-9_./*-]+)([^:]*)`)},
	{"tfsec", "tfsec:ignore:", regexp.MustCompile(`tfsec:ignore:([A-Za-z0-9_./*-]+)([^:]*)`)},
	{"hadolint", "hadolint", regexp.MustCompile(`hadolint\s+(?:global\s+)?ignore=([A-Z0-9]+(?:,\s*[A-Z0-9]+)*)(.*)`)},
	{"kics", "kics-scan", regexp.MustCompile(`kics-scan\s+disable=([0-9a-f-]+(?:,[0-9a-f-]+)*)(.*)`)},
}

// parseSuppressions returns what a comment silences.
func parseSuppressions(text string, pos bulwark.Position) []bulwark.Suppression {
	var out []bulwark.Suppression
	for _, f := range suppressionForms {
		if !strings.Contains(text, f.mark) {
			continue
		}
		for _, m := range f.re.FindAllStringSubmatch(text, 8) {
			reason := strings.TrimSpace(m[2])
			if i := strings.Index(reason, f.mark); i >= 0 { // two in one comment
				reason = reason[:i]
			}
			reason = strings.Trim(strings.TrimSuffix(reason, "*/"), " \t:#")
			for id := range strings.SplitSeq(m[1], ",") {
				out = append(out, bulwark.Suppression{Tool: f.tool, ID: strings.TrimSpace(id), Reason: reason, Position: pos})
			}
		}
	}
	return out
}

// comment is a suppression and whether it stands alone in its line, so that it
// can speak for what stands below.
type comment struct {
	bulwark.Suppression
	alone bool
}

// comments are the suppressions of one file, by line.
type comments []comment

func (l comments) sort() {
	slices.SortStableFunc(l, func(a, b comment) int { return a.Position.Line - b.Position.Line })
}

// commentLine is longer than any line with a comment that people write.
const commentLine = 4096

// lineSuppressions finds the comments of a file that silence checks: what
// stands after one of the marks in a line and has one of the forms.
func lineSuppressions(data []byte, name string, marks ...string) comments {
	var out comments
	n := 0
	for text := range strings.Lines(string(data)) {
		n++
		if len(text) > commentLine {
			continue
		}
		at := -1
		for _, mark := range marks {
			if i := strings.Index(text, mark); i >= 0 && (at < 0 || i < at) {
				at = i
			}
		}
		if at >= 0 {
			alone := strings.TrimSpace(text[:at]) == ""
			for _, s := range parseSuppressions(text[at:], bulwark.Position{File: name, Line: n, EndLine: n}) {
				out = append(out, comment{s, alone})
			}
		}
	}
	return out
}

// within returns those that stand in a declaration, or alone in the lines right
// above it.
func (l comments) within(p bulwark.Position) []bulwark.Suppression {
	byLine := func(c comment, line int) int { return c.Position.Line - line }
	first, _ := slices.BinarySearchFunc(l, p.Line, byLine)
	for line := p.Line - 1; ; line-- {
		i, found := slices.BinarySearchFunc(l, line, byLine)
		if !found || !l[i].alone {
			break
		}
		first = i
	}
	var out []bulwark.Suppression
	for i := first; i < len(l) && l[i].Position.Line <= max(p.EndLine, p.Line); i++ {
		out = append(out, l[i].Suppression)
	}
	return out
}

// suppressLines attaches the comments of a manifest or Dockerfile to the assets
// that they stand in, and a manifest's annotations to theirs. A Dockerfile is
// one asset, so each of its comments counts. data is read when it is nil.
func (s *Scanner) suppressLines(assets []*bulwark.Asset, name string, data []byte) {
	if len(assets) == 0 {
		return
	}
	whole := data == nil
	if whole {
		var err error
		if data, err = readFile(s.opts.FS, name); err != nil {
			return // the parser read it a moment ago and has told what is wrong
		}
	}
	list := lineSuppressions(data, name, "#")
	for _, a := range assets {
		if whole {
			for _, c := range list {
				a.Suppressions = append(a.Suppressions, c.Suppression)
			}
			continue
		}
		a.Suppressions = append(a.Suppressions, list.within(a.Position)...)
		a.Suppressions = append(a.Suppressions, annotationSuppressions(a.Properties.At("metadata", "annotations"))...)
	}
}

// annotationSuppressions reads the annotations by which Kubernetes objects
// silence checks: bulwark.io/ignore1 and checkov.io/skip1, of the form ID=reason,
// and those of kube-linter, whose names end in the check's.
func annotationSuppressions(annotations bulwark.Value) []bulwark.Suppression {
	if annotations.Kind() != bulwark.Object {
		return nil
	}
	var out []bulwark.Suppression
	for name, v := range annotations.Children() {
		if v.Kind() != bulwark.String {
			continue
		}
		if strings.HasPrefix(name, "checkov.io/skip") {
			id, reason, _ := strings.Cut(v.Text(), "=")
			out = append(out, bulwark.Suppression{Tool: "checkov", ID: strings.TrimSpace(id), Reason: strings.TrimSpace(reason), Position: v.Position()})
		} else if id, ok := strings.CutPrefix(name, "ignore-check.kube-linter.io/"); ok {
			out = append(out, bulwark.Suppression{Tool: "kubelinter", ID: id, Reason: v.Text(), Position: v.Position()})
		} else if strings.HasPrefix(name, "bulwark.io/ignore") {
			id, reason, _ := strings.Cut(v.Text(), "=")
			out = append(out, bulwark.Suppression{Tool: "bulwark", ID: strings.TrimSpace(id), Reason: strings.TrimSpace(reason), Position: v.Position()})
		}
	}
	return out
}
