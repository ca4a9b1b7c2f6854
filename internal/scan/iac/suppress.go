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
