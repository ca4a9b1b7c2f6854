// Package onboard writes what gives a connector its permissions on the
// provider's side: policies, roles, manifests and commands, made from the
// permissions that the provider's package declares, so that they never grant
// more than is used. A file for each kind of provider.
package onboard

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// permissions returns the permissions of a list, sorted, each once.
func permissions(access []bulwark.Access) []string {
	out := make([]string, len(access))
	for i, a := range access {
		out[i] = a.Permission
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// indented writes JSON as people read it. The values are maps, lists and texts.
func indented(v any) string {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		panic("onboard: " + err.Error())
	}
	return string(data) + "\n"
}

// each writes a line for each text by a format with one verb.
func each(format string, list []string) string {
	var b strings.Builder
	for _, s := range list {
		fmt.Fprintf(&b, format, s)
	}
	return b.String()
}

// filled replaces the marks «name» of a text by values, pairwise.
func filled(text string, pairs ...string) string {
	return strings.TrimPrefix(strings.NewReplacer(pairs...).Replace(text), "\n")
}
