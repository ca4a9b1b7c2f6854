package kubernetes

import (
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// unresourced answers what is no resource: who the server is and what it has.
func (c *call) unresourced(r *http.Request) *answer {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return notAllowed()
	}
	c.world.mu.RLock()
	defer c.world.mu.RUnlock()
	if c.target.version != "" {
		return c.versionResources(c.target.group, c.target.version)
	}
	path := strings.TrimSuffix(r.URL.Path, "/")
	switch path {
	case "/version":
		return jsonAnswer(http.StatusOK, versionOf(c.version))
	case "/healthz", "/livez", "/readyz":
		return textAnswer(http.StatusOK, "ok")
	case "/api", "/apis":
		if media, ok := aggregated(r); ok && !c.plain {
			a := jsonAnswer(http.StatusOK, c.allGroups(path == "/api"))
			a.media = media
			return a
		}
		if path == "/api" {
			return jsonAnswer(http.StatusOK, map[string]any{"kind": "APIVersions", "versions": []string{"v1"},
				"serverAddressByClientCIDRs": []any{map[string]string{"clientCIDR": "0.0.0.0/0", "serverAddress": "192.0.2.1:6443"}}})
		}
		return c.groupList()
	}
	if group, ok := strings.CutPrefix(path, "/apis/"); ok {
		if g := c.group(group); g != nil {
			g.TypeMeta = metav1.TypeMeta{Kind: "APIGroup", APIVersion: "v1"}
			return jsonAnswer(http.StatusOK, g)
		}
	}
	return notThere()
}

func versionOf(git string) map[string]string {
	major, minor := "", ""
	if parts := strings.SplitN(strings.TrimPrefix(git, "v"), ".", 3); len(parts) == 3 {
		major, minor = parts[0], parts[1]
	}
	return map[string]string{"major": major, "minor": minor, "gitVersion": git, "gitCommit": "", "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z",
		"goVersion": "go1.24.6", "compiler": "gc", "platform": "linux/amd64"}
}

// aggregated returns the form in which a client takes all groups in one answer,
// if it does.
func aggregated(r *http.Request) (media string, ok bool) {
	for one := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		media, p, err := mime.ParseMediaType(one)
		if err != nil || media != jsonMedia {
			continue
		}
		if p["as"] == "" {
			return "", false
		}
		if p["as"] == "APIGroupDiscoveryList" && p["g"] == "apidiscovery.k8s.io" && (p["v"] == "v2" || p["v"] == "v2beta1") {
			return fmt.Sprintf("%s;g=apidiscovery.k8s.io;v=%s;as=APIGroupDiscoveryList", media, p["v"]), true
		}
	}
	return "", false
}

// The shapes of apidiscovery.k8s.io/v2.
type (
	groupDiscoveryList struct {
		Kind       string            `json:"kind"`
		APIVersion string            `json:"apiVersion"`
		Metadata   struct{}          `json:"metadata"`
		Items      []*groupDiscovery `json:"items"`
	}
	groupDiscovery struct {
		Metadata struct {
			Name string `json:"name,omitempty"`
		} `json:"metadata"`
		Versions []*versionDiscovery `json:"versions"`
	}
	versionDiscovery struct {
		Version   string              `json:"version"`
		Resources []resourceDiscovery `json:"resources"`
		Freshness string              `json:"freshness"`
	}
	resourceDiscovery struct {
		Resource     string                  `json:"resource"`
		ResponseKind metav1.GroupVersionKind `json:"responseKind"`
		Scope        string                  `json:"scope"`
		Singular     string                  `json:"singularResource"`
		Verbs        []string                `json:"verbs"`
		ShortNames   []string                `json:"shortNames,omitempty"`
		Categories   []string                `json:"categories,omitempty"`
	}
)

// allGroups is what the server has, of the core group or of the named ones.
func (c *call) allGroups(core bool) groupDiscoveryList {
	out := groupDiscoveryList{Kind: "APIGroupDiscoveryList", APIVersion: "apidiscovery.k8s.io/v2", Items: []*groupDiscovery{}}
	for _, r := range c.served() {
		if (r.group == "") != core {
			continue
		}
		g := find(out.Items, func(g *groupDiscovery) bool { return g.Metadata.Name == r.group })
		if g == nil {
			g = &groupDiscovery{}
			g.Metadata.Name = r.group
			out.Items = append(out.Items, g)
		}
		v := find(g.Versions, func(v *versionDiscovery) bool { return v.Version == r.version })
		if v == nil {
			v = &versionDiscovery{Version: r.version, Freshness: "Current"}
			g.Versions = append(g.Versions, v)
		}
		scope := "Cluster"
		if r.namespaced {
			scope = "Namespaced"
		}
		response := metav1.GroupVersionKind{Kind: r.kind.kind} // of the version itself
		if r.custom {
			response.Group, response.Version = r.group, r.version
		}
		v.Resources = append(v.Resources, resourceDiscovery{Resource: r.plural, ResponseKind: response, Scope: scope, Singular: r.singular, Verbs: r.verbs(), ShortNames: r.short, Categories: r.categories})
	}
	return out
}

// find returns the first of a list that is so, or nil.
func find[T any](list []*T, is func(*T) bool) *T {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i]
	}
	return nil
}

// served are all resources in all versions, in the order of discovery.
func (c *call) served() []resource {
	var list []resource
	for _, k := range slices.Concat(c.world.kinds, reviews) {
		for _, v := range k.versions {
			list = append(list, resource{k, v})
		}
	}
	return list
}

// verbs are what discovery says of a resource; only reads are served.
func (r resource) verbs() []string {
	switch {
	case r.group == reviewGroup:
		return []string{"create"}
	case r.qualified() == "namespaces":
		return []string{"create", "delete", "get", "list", "patch", "update", "watch"}
	}
	return []string{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}
}

// versionResources is what a version of a group has (meta/v1 APIResourceList).
func (c *call) versionResources(group, version string) *answer {
	list := metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: apiVersion(group, version)}
	for _, r := range c.served() {
		if r.group == group && r.version == version {
			list.APIResources = append(list.APIResources, metav1.APIResource{Name: r.plural, SingularName: r.singular, Namespaced: r.namespaced, Kind: r.kind.kind,
				Verbs: r.verbs(), ShortNames: r.short, Categories: r.categories})
		}
	}
	switch {
	case len(list.APIResources) > 0:
		return jsonAnswer(http.StatusOK, list)
	case group == "":
		return notServed()
	}
	return notThere()
}

// group is a group that has a resource, or nil.
func (c *call) group(name string) *metav1.APIGroup {
	g := &metav1.APIGroup{Name: name}
	for _, r := range c.served() {
		v := metav1.GroupVersionForDiscovery{GroupVersion: r.apiVersion(), Version: r.version}
		if r.group == name && name != "" && !slices.Contains(g.Versions, v) {
			g.Versions = append(g.Versions, v)
		}
	}
	if len(g.Versions) == 0 {
		return nil
	}
	g.PreferredVersion = g.Versions[0]
	return g
}

func (c *call) groupList() *answer {
	list := metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}, Groups: []metav1.APIGroup{}}
	for _, r := range c.served() {
		if r.group != "" && !slices.ContainsFunc(list.Groups, func(g metav1.APIGroup) bool { return g.Name == r.group }) {
			list.Groups = append(list.Groups, *c.group(r.group))
		}
	}
	return jsonAnswer(http.StatusOK, list)
}
