package kubernetes

import (
	"net/url"
	"strings"
)

// target is what a request's path names. Without a version it is no resource:
// /version, /healthz, /apis.
type target struct {
	group, version string
	namespace      string
	plural         string // "" for the resources of a version themselves
	name           string
	sub            string // subresource, with what follows it
}

// parsePath reads an escaped path. It is false for what can name no resource
// or version.
func parsePath(escaped string) (target, bool) {
	parts := strings.Split(strings.Trim(escaped, "/"), "/")
	if len(parts) > 12 {
		return target{}, false
	}
	for i, p := range parts {
		var err error
		if parts[i], err = url.PathUnescape(p); err != nil || parts[i] == "" || parts[i] == "." || parts[i] == ".." || strings.Contains(parts[i], "/") {
			return target{}, false
		}
	}
	var t target
	switch {
	case parts[0] == "api" && len(parts) > 1:
		t.version, parts = parts[1], parts[2:]
	case parts[0] == "apis" && len(parts) > 2:
		t.group, t.version, parts = parts[1], parts[2], parts[3:]
	default:
		return target{}, false
	}
	if len(parts) > 1 && parts[0] == "namespaces" {
		t.namespace = parts[1]
		// The namespace itself, or what belongs to it and not in it.
		if len(parts) > 2 && !ofNamespace(parts[2]) {
			parts = parts[2:]
		}
	}
	if len(parts) > 0 {
		t.plural = parts[0]
	}
	if len(parts) > 1 {
		t.name = parts[1]
	}
	if len(parts) > 2 {
		t.sub = strings.Join(parts[2:], "/")
	}
	return t, true
}

// path is the escaped path that names a target.
func (t target) path() string {
	p := "/api/" + url.PathEscape(t.version)
	if t.group != "" {
		p = "/apis/" + url.PathEscape(t.group) + "/" + url.PathEscape(t.version)
	}
	first, _, _ := strings.Cut(t.sub, "/")
	itself := t.plural == "namespaces" && t.name == t.namespace && (t.sub == "" || ofNamespace(first))
	if t.namespace != "" && !itself {
		p += "/namespaces/" + url.PathEscape(t.namespace)
	}
	for _, part := range append([]string{t.plural, t.name}, strings.Split(t.sub, "/")...) {
		if part != "" {
			p += "/" + url.PathEscape(part)
		}
	}
	return p
}

// ofNamespace reports whether a name below a namespace is a subresource of it.
func ofNamespace(s string) bool { return s == "status" || s == "finalize" }
