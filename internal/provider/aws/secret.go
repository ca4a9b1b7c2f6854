package aws

import (
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

// copyPaths returns the paths that a type's file lists, of properties or of what
// is observed, if a value has a secret at one or by the name of a member.
func copyPaths(t *bulwark.Type, observed bool, v bulwark.Value) (list []bulwark.CopyPath, secrets bool) {
	for i := range t.Properties {
		p := &t.Properties[i]
		secrets = secrets || p.Secret != "" && p.Observed == observed
	}
	if !secrets && !namesSecret(v) {
		return nil, false
	}
	for i := range t.Properties {
		if p := &t.Properties[i]; p.Observed == observed {
			list = append(list, p.CopyPath())
		}
	}
	return list, true
}

// unlisted returns the kind of secret that a member is by its name, where no
// type file lists it: texts that are called so, and environments, which are
// given secrets under any name. What is an ARN names a secret and is none.
func unlisted(name string, v bulwark.Value) string {
	switch v.Kind() {
	case bulwark.String:
		if provider.SecretName(name) && !strings.HasPrefix(v.Text(), "arn:") {
			return "unlisted"
		}
	case bulwark.List, bulwark.Object:
		if provider.SecretName(name) && v.Kind() == bulwark.List || strings.HasSuffix(name, "EnvironmentVariables") || name == "Variables" || name == "Environment" && settings(v) {
			return "unlisted"
		}
	}
	return ""
}

// settings tells whether a value is a list, or a map of texts alone.
func settings(v bulwark.Value) bool {
	if v.Kind() == bulwark.List {
		return true
	}
	for _, c := range v.Children() {
		if c.Kind() != bulwark.String {
			return false
		}
	}
	return true
}

// namesSecret tells whether a value has a member that is secret by its name.
func namesSecret(v bulwark.Value) bool {
	for name, c := range v.Children() {
		if unlisted(name, c) != "" || namesSecret(c) {
			return true
		}
	}
	return false
}
