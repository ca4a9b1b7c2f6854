package kubernetes

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed kinds.txt
var kindsText string

// A kind is what a resource is called and where its objects live. Its objects
// are the same in all versions.
type kind struct {
	group      string
	versions   []string // preferred first
	plural     string
	kind       string
	list       string // kind of its lists
	singular   string
	namespaced bool
	short      []string
	categories []string
	custom     bool // of a CustomResourceDefinition
}

// resource is a kind in one version.
type resource struct {
	*kind
	version string
}

func (r resource) apiVersion() string { return apiVersion(r.group, r.version) }

func apiVersion(group, version string) string {
	if group == "" {
		return version
	}
	return group + "/" + version
}

// qualified is the resource as messages and permissions write it:
// deployments.apps.
func (k *kind) qualified() string { return qualified(k.plural, k.group) }

func qualified(plural, group string) string {
	if group == "" {
		return plural
	}
	return plural + "." + group
}

// builtins returns the kinds that the server itself has, in discovery's order.
// kinds.txt has a line for each: group and version, plural, kind, singular,
// scope, short names, categories. Source: discovery of a v1.34.4 server, of all
// that can be watched.
func builtins() []*kind {
	var list []*kind
	for line := range strings.Lines(kindsText) {
		f := strings.Fields(line)
		if len(f) != 7 {
			panic(fmt.Sprintf("kubernetes: kinds.txt: %q", line)) // the program's own; a test reads it
		}
		group, version := splitVersion(f[0])
		if i := slices.IndexFunc(list, func(k *kind) bool { return k.group == group && k.plural == f[1] }); i >= 0 {
			list[i].versions = append(list[i].versions, version)
			continue
		}
		list = append(list, &kind{group: group, versions: []string{version}, plural: f[1], kind: f[2], list: f[2] + "List", singular: f[3],
			namespaced: f[4] == "Namespaced", short: words(f[5]), categories: words(f[6])})
	}
	return list
}

func words(s string) []string {
	if s == "-" {
		return nil
	}
	return strings.Split(s, ",")
}

func splitVersion(apiVersion string) (group, version string) {
	group, version, ok := strings.Cut(apiVersion, "/")
	if !ok {
		return "", apiVersion
	}
	return group, version
}

// customKind reads what a CustomResourceDefinition declares; it is nil for one
// that serves nothing.
func customKind(crd map[string]any) (*kind, error) {
	names := func(field string) string { return text(crd, "spec", "names", field) }
	k := &kind{group: text(crd, "spec", "group"), plural: names("plural"), kind: names("kind"), custom: true,
		list: cmp.Or(names("listKind"), names("kind")+"List"), singular: cmp.Or(names("singular"), strings.ToLower(names("kind"))),
		namespaced: text(crd, "spec", "scope") == "Namespaced", short: texts(at(crd, "spec", "names", "shortNames")), categories: texts(at(crd, "spec", "names", "categories"))}
	if k.group == "" || k.plural == "" || k.kind == "" || text(crd, "metadata", "name") != k.qualified() {
		return nil, fmt.Errorf("the definition %q has to name its group, plural and kind, and be called <plural>.<group>", text(crd, "metadata", "name"))
	}
	versions, _ := at(crd, "spec", "versions").([]any)
	for _, v := range versions {
		if m, ok := v.(map[string]any); ok && m["served"] == true {
			k.versions = append(k.versions, text(m, "name"))
		}
	}
	if len(k.versions) == 0 {
		return nil, nil
	}
	return k, nil
}

// at returns what is at a path of a JSON object, or nil.
func at(v any, path ...string) any {
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

func text(v any, path ...string) string {
	s, _ := at(v, path...).(string)
	return s
}

func texts(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, x := range list {
		if s, ok := x.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
