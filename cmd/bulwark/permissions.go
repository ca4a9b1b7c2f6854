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
	judged, of := map[string]bool{}, map[string]bool{}
	for _, id := range c.Assets {
		for _, id := range append(types.InGroup(id), id) {
			judged[id] = true
			if t := types.Get(id); t != nil {
				of[t.Provider] = true
			}
		}
	}
	out := []bulwark.CheckPermission{}
	for _, k := range providers {
		if k.access == nil {
			continue
		}
		for _, a := range k.access(types) {
			all := len(a.Types) == 0 && of[k.name] // a listing of everything that the provider has
			a.Types = slices.DeleteFunc(slices.Clone(a.Types), func(id string) bool { return !judged[id] })
			if all || len(a.Types) > 0 {
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
