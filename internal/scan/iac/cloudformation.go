package iac

import (
	"regexp"

	"github.com/bulwarksec/bulwark"
)

var resourcesKey = regexp.MustCompile(`(?m)^(\s*|[^\n]*\{\s*)["']?Resources["']?\s*:`)
var awsType = regexp.MustCompile(`["']?Type["']?\s*:\s*["']?(AWS|Custom)::`)

// isTemplate reports whether a file's text may be a CloudFormation template.
func isTemplate(data []byte) bool { return resourcesKey.Match(data) && awsType.Match(data) }

// scanTemplate reads one CloudFormation template.
func (s *Scanner) scanTemplate(data []byte, name string) ([]*bulwark.Asset, []bulwark.Gap) {
	return nil, nil
}
