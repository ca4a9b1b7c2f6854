package api

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// caller is who makes a request.
type caller struct {
	actor  string // user:alice, token:ci
	user   string
	grants []bulwark.Grant
	secret string // of the session; "" with a token
	local  bool   // has the data folder itself
	issued bool   // signed in by OpenID Connect
}

type callerKey struct{}

// callerOf returns who makes the request; nobody has no grants.
func callerOf(ctx context.Context) *caller {
	if c, ok := ctx.Value(callerKey{}).(*caller); ok {
		return c
	}
	return &caller{}
}

var ranks = map[bulwark.Role]int{bulwark.Reader: 1, bulwark.Contributor: 2, bulwark.SecurityAdmin: 3, bulwark.Owner: 4}

// atLeast reports whether a role has the rights of another. An unknown role
// has none and is never enough.
func atLeast(role, want bulwark.Role) bool {
	return ranks[want] > 0 && ranks[role] >= ranks[want]
}

// under reports whether a scope path is a prefix's or below it.
func under(path, prefix string) bool {
	return prefix == "" || path == prefix || strings.HasPrefix(path, prefix+"/")
}

// may reports whether the caller has at least the role on a scope.
func (c *caller) may(role bulwark.Role, scope string) bool {
	return slices.ContainsFunc(c.grants, func(g bulwark.Grant) bool { return atLeast(g.Role, role) && under(scope, g.Scope) })
}

// permits reports whether the caller passes a route's permission.
func (c *caller) permits(p Permission) bool {
	switch p.On {
	case Public:
		return true
	case Everywhere:
		return c.may(p.Role, "")
	case Somewhere:
		return slices.ContainsFunc(c.grants, func(g bulwark.Grant) bool { return atLeast(g.Role, p.Role) })
	}
	return false
}

// readable returns the scopes of a question: what the caller may read, within
// each of the wanted lists, of which an empty one does not restrict. nil is
// everything. It is ErrDenied when nothing is left, so that a store never
// takes "nothing" for "everything".
func (c *caller) readable(wanted ...[]string) ([]string, error) {
	scopes := []string{}
	for _, g := range c.grants {
		if atLeast(g.Role, bulwark.Reader) {
			scopes = append(scopes, g.Scope)
		}
	}
	for _, w := range wanted {
		if len(w) > 0 {
			scopes = intersect(scopes, w)
		}
	}
	scopes = compact(scopes)
	if len(scopes) == 0 {
		return nil, fmt.Errorf("read these scopes: %w", bulwark.ErrDenied)
	}
	if scopes[0] == "" {
		return nil, nil
	}
	return scopes, nil
}

// intersect returns the prefixes of what both lists of prefixes cover.
func intersect(a, b []string) []string {
	out := []string{}
	for _, x := range a {
		for _, y := range b {
			switch {
			case under(x, y):
				out = append(out, x)
			case under(y, x):
				out = append(out, y)
			}
		}
	}
	return out
}

// compact sorts prefixes and drops those that others cover.
func compact(list []string) []string {
	slices.Sort(list)
	out := list[:0:0]
	for _, s := range list {
		if !slices.ContainsFunc(out, func(p string) bool { return under(s, p) }) {
			out = append(out, s)
		}
	}
	return out
}

// within returns the grants that another's grants cover: what a token keeps
// when its maker's rights shrink.
func within(g bulwark.Grant, of []bulwark.Grant) []bulwark.Grant {
	var out []bulwark.Grant
	for _, o := range of {
		role := g.Role
		if !atLeast(o.Role, role) {
			role = o.Role
		}
		for _, scope := range intersect([]string{g.Scope}, []string{o.Scope}) {
			out = append(out, bulwark.Grant{Role: role, Scope: scope})
		}
	}
	return out
}
