package azure

import (
	"context"
	"net/url"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

// needsReader is the role that holds every Azure action of this package.
const needsReader = "*/read (role Reader)"

// needsAction names one action and the role that people give for it.
func needsAction(action string) string { return action + " (role Reader)" }

// get reads one object of Azure Resource Manager.
func (e *Estate) get(ctx context.Context, path, version, action string) (bulwark.Value, error) {
	v, _, err := e.client.do(ctx, e.armCall(e.cloud.ARM+escapePath(path)+"?api-version="+version, path, action))
	return v, err
}

func (e *Estate) armCall(address, path, action string) call {
	return call{service: "arm", audience: e.cloud.armScope, method: "GET", url: address, scope: quotaScope(path, e.config.TenantID), object: path, needs: needsAction(action)}
}

// list yields the elements of all pages of a list. Addresses of further pages
// must be the same list's, on the same host.
func (e *Estate) list(ctx context.Context, path, version, action string, yield func(bulwark.Value) error) error {
	first := e.cloud.ARM + escapePath(path) + "?api-version=" + version
	return e.linked(ctx, first, "nextLink", func(address string) call { return e.armCall(address, path, action) }, yield)
}

// linked yields the elements of pages of {"value": […], link: address}.
func (e *Estate) linked(ctx context.Context, first, link string, of func(address string) call, yield func(bulwark.Value) error) error {
	name, object := of(first).name(), of(first).object
	return provider.Pages(ctx, name, object, provider.MaxPages, func(ctx context.Context, token string) (string, error) {
		address := first
		if token != "" {
			if !sameList(first, token) {
				return "", malformed(name, object, "the next page is at another address")
			}
			address = token
		}
		v, _, err := e.client.do(ctx, of(address))
		if err != nil {
			return "", err
		}
		items := v.Get("value")
		if items.Kind() != bulwark.List {
			return "", malformed(name, object, "value is %s, want a list", items.Kind())
		}
		for _, item := range items.Children() {
			if err := yield(item); err != nil {
				return "", err
			}
		}
		return nextOf(v, link, name, object)
	})
}

// nextOf is where the next page is: "" after the last. What is no text is not
// the end of a list.
func nextOf(v bulwark.Value, link, name, object string) (string, error) {
	next := v.Get(link)
	if k := next.Kind(); k != bulwark.String && k != bulwark.Absent {
		return "", malformed(name, object, "%s is %s, want a string", link, k)
	}
	return next.Text(), nil
}

// sameList reports whether the address of a next page is on the host, and at
// the path, of the first: it is sent a token. ARM writes paths in other cases.
func sameList(first, next string) bool {
	a, err := url.Parse(first)
	if err != nil {
		return false
	}
	b, err := url.Parse(next)
	return err == nil && a.Scheme == b.Scheme && strings.EqualFold(strings.TrimSuffix(a.Host, ":443"), strings.TrimSuffix(b.Host, ":443")) && b.User == nil &&
		strings.EqualFold(strings.TrimRight(a.Path, "/"), strings.TrimRight(b.Path, "/"))
}

// escapePath escapes an ARM id's segments for a URL.
func escapePath(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}

// quotaScope is whose quota a path spends: its subscription's, else the
// tenant's.
func quotaScope(path, tenant string) string {
	if id := subscriptionOf(path); id != "" {
		return id
	}
	return tenant
}

// subscriptionOf returns the lower-cased subscription in an ARM id, or "".
func subscriptionOf(id string) string {
	parts := strings.SplitN(id, "/", 4)
	if len(parts) < 3 || parts[0] != "" || !strings.EqualFold(parts[1], "subscriptions") {
		return ""
	}
	if s := strings.ToLower(parts[2]); guid.MatchString(s) {
		return s
	}
	return ""
}

// checkID reports whether a text is an ARM id that can be asked for: absolute,
// of modest length, without empty or dotted segments.
func checkID(id string) bool {
	if !strings.HasPrefix(id, "/") || len(id) > 2048 {
		return false
	}
	for _, part := range strings.Split(id[1:], "/") {
		if part == "" || part == "." || part == ".." || strings.ContainsAny(part, "?#%\\") {
			return false
		}
	}
	return true
}

// parentOf returns the id, in lower case, and the type of what contains a
// resource: the resource that it is nested in, else its resource group, else
// nothing.
func parentOf(id string) (parent, typ string) {
	id = strings.ToLower(id)
	at := strings.LastIndex(id, "/providers/")
	if at < 0 {
		return "", ""
	}
	names := strings.Split(id[at+len("/providers/"):], "/")
	switch {
	case len(names) > 3:
		typ = names[0]
		for i := 1; i < len(names)-2; i += 2 {
			typ += "/" + names[i]
		}
		parent = id[:at] + "/providers/" + strings.Join(names[:len(names)-2], "/")
		if strings.HasSuffix(parent, "/default") && len(names) > 5 { // a service of which a resource has one: no asset
			return parentOf(parent)
		}
		return parent, typ
	case strings.Count(id[:at], "/") == 4 && strings.Contains(id[:at], "/resourcegroups/"):
		return id[:at], resourceGroup
	}
	return "", ""
}
