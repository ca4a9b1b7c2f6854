package gcp

import (
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// verdict is what one policy says of its constraint where it is set.
type verdict int

const (
	silent     verdict = iota // nothing: ask the parent
	open                      // not enforced, everything allowed, or the constraint's default
	restricted                // enforced, or values denied or listed
)

// judge reads a policy of Organization Policy API v1. A list that inherits and
// has no values of its own says nothing; a policy that is restored to the
// default ends inheritance, and the defaults of the constraints that the product
// names are open.
func judge(policy bulwark.Value) verdict {
	list := policy.Get("listPolicy")
	switch {
	case policy.Get("booleanPolicy").Get("enforced").Bool():
		return restricted
	case policy.Get("booleanPolicy").Kind() == bulwark.Object, policy.Get("restoreDefault").Kind() == bulwark.Object:
		return open
	case list.Get("allValues").Text() == "DENY", list.Get("allowedValues").Len() > 0, list.Get("deniedValues").Len() > 0:
		return restricted
	case list.Get("inheritFromParent").Bool():
		return silent
	case list.Kind() == bulwark.Object:
		return open
	}
	return silent
}

// effective returns the constraints that hold for a node by the nearest policy
// from it up, sorted, without constraints/, and the ancestors whose policies
// were not read, so that others may hold too.
// Source: Resource Manager, Understanding hierarchy evaluation.
func (g *gathering) effective(n *node) (hold []string, unread []string) {
	decided := map[string]bool{}
	for _, key := range n.ancestors {
		if g.nodes[key] == nil {
			unread = append(unread, key)
			continue
		}
		for _, policy := range g.policies[managerHost+key].Children() {
			name := strings.TrimPrefix(policy.Get("constraint").Text(), "constraints/")
			v := judge(policy)
			if name == "" || decided[name] || v == silent {
				continue
			}
			if decided[name] = true; v == restricted && len(unread) == 0 {
				hold = append(hold, name)
			}
		}
	}
	slices.Sort(hold)
	return hold, unread
}
