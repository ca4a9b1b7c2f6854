package iac

import (
	"regexp"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// suppressionForms are the comments that silence a check, ours and those of
// the tools that checks name under equivalents.
var suppressionForms = []struct {
	tool string
	re   *regexp.Regexp
}{
	{"bulwark", regexp.MustCompile(`bulwark:ignore[ =:]+([A-Za-z0-9_./*-]+)[ :]*(.*)`)},
	{"checkov", regexp.MustCompile(`(?:checkov|bridgecrew):skip=([A-Za-z0-9_]+):?(.*)`)},
	{"trivy", regexp.MustCompile(`trivy:ignore:([A-Za-z0-9_./-]+)(.*)`)},
	{"tfsec", regexp.MustCompile(`tfsec:ignore:([A-Za-z0-9_./*-]+)(.*)`)},
	{"hadolint", regexp.MustCompile(`hadolint\s+ignore=([A-Z0-9]+)(.*)`)},
}

// parseSuppressions returns what a comment silences.
func parseSuppressions(text string, pos bulwark.Position) []bulwark.Suppression {
	var out []bulwark.Suppression
	for _, f := range suppressionForms {
		for _, m := range f.re.FindAllStringSubmatch(text, 8) {
			reason := strings.Trim(strings.TrimSuffix(strings.TrimSpace(m[2]), "*/"), " \t:")
			out = append(out, bulwark.Suppression{Tool: f.tool, ID: m[1], Reason: reason, Position: pos})
		}
	}
	return out
}

// suppressionList are the suppressions of one file, by line.
type suppressionList []bulwark.Suppression

// lineSuppressions finds the comments of a YAML or JSON file that silence
// checks: everything after a # or // that has one of the forms.
func lineSuppressions(data []byte, name string) suppressionList {
	var out suppressionList
	n := 0
	for text := range strings.Lines(string(data)) {
		n++
		i := strings.IndexByte(text, '#')
		if i < 0 || len(text) > 4096 {
			continue
		}
		out = append(out, parseSuppressions(text[i:], bulwark.Position{File: name, Line: n, EndLine: n})...)
	}
	return out
}

// within returns those that stand in a declaration or right above it.
func (l suppressionList) within(p bulwark.Position) []bulwark.Suppression {
	var out []bulwark.Suppression
	for _, s := range l {
		if s.Position.Line >= p.Line-1 && s.Position.Line <= p.EndLine {
			out = append(out, s)
		}
	}
	return out
}
