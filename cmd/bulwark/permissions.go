package main

import (
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// permissionsOf returns what connectors must be allowed in order to read the
// assets that a check judges, as their collectors declare it: by kind, then
// permission. What a check asks of related assets is not among it. A check of
// types that no connector reads live needs none.
func permissionsOf(c *bulwark.Check, types *bulwark.Types) []bulwark.CheckPermission {
	judged := map[string]bool{}
	for _, id := range c.Assets {
		judged[id] = true
		for _, member := range types.InGroup(id) {
			judged[member] = true
		}
	}
	out := []bulwark.CheckPermission{}
	for _, k := range providers {
		if k.access == nil {
			continue
		}
		for _, a := range k.access(types) {
			a.Types = slices.DeleteFunc(slices.Clone(a.Types), func(id string) bool { return !judged[id] })
			if len(a.Types) > 0 {
				out = append(out, bulwark.CheckPermission{Kind: k.name, Access: a})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b bulwark.CheckPermission) int {
		if a.Kind != b.Kind {
			return strings.Compare(a.Kind, b.Kind)
		}
		return strings.Compare(a.Permission, b.Permission)
	})
	return out
}
