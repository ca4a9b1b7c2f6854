package main

import (
	"encoding/json"
	"fmt"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/onboard"
	"github.com/bulwarksec/bulwark/internal/provider/gcp"
)

// gcpSecret is a credential file: a key, or of workload identity federation.
type gcpSecret struct {
	File json.RawMessage `json:"file"`
}

// text returns the file, which stands in the secret as it is or as a text.
func (s *gcpSecret) text() string {
	var text string
	if json.Unmarshal(s.File, &text) == nil {
		return text
	}
	return string(s.File)
}

var gcpKind = describe(kind{
	title: "Google Cloud",
	about: "An organisation, a folder or a project, with the projects below it as they come, read by Cloud Asset Inventory.",
	fields: map[string]string{
		"organization":           "number of an organisation: all below it",
		"folder":                 "number of a folder: all below it",
		"project":                "id of a project",
		"projects":               "only these projects below it",
		"exclude.projects":       "projects to leave out; * is any text at an end",
		"exclude.types":          "types of assets to leave out; * is any text at an end",
		"credential.kind":        "default, key or metadata; on the command line also federation",
		"credential.impersonate": "e-mail address of a service account to act as",
		"credential.delegates":   "service accounts between, first to last",
		"credential.account":     "account of the metadata server",
		"quotaProject":           "project whose quota the calls use",
		"endpoint":               "another server that answers for all of Google's",
		"secret.file":            "a service account's key file, or on the command line a workload identity federation file, as it is",
	},
	address: []string{"endpoint", "credential"},
	access: func(types *bulwark.Types) []bulwark.Access {
		e, err := gcp.New(gcp.Config{Organization: "1"}, gcp.Options{Types: types})
		if err != nil {
			return nil // it asks nothing of the world: the types are there
		}
		return e.Access()
	},
	templates: onboard.GCP,
	mend:      onboard.GCPRole,
}, func(d deps, c gcp.Config, s *gcpSecret) (*gcp.Estate, error) {
	if !d.local && c.Endpoint != "" && c.Credential.Kind != gcp.CredentialKey {
		// What the server itself has must not be sent to where an admin says.
		return nil, fmt.Errorf("%w: config.endpoint: another server is reached with a key of its own, not with the server's credentials", bulwark.ErrInvalid)
	}
	o := gcp.Options{Connector: d.connector, Types: d.types, Limiter: d.limiter, Now: d.now, SecretKey: d.secretKey, Local: d.local}
	if s != nil {
		o.Secret = &gcp.Secret{File: s.text()}
	}
	return gcp.New(c, o)
})
