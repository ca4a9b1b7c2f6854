package main

import (
	"slices"
	"strings"
	"sync"

	"github.com/bulwarksec/bulwark"
)

// catalog is what connectors can be. Each kind is described once, when it is
// first asked for: that goes through all that its collectors declare.
type catalog struct {
	types *bulwark.Types
	kinds func() []bulwark.ConnectorKind
}

func newCatalog(types *bulwark.Types) *catalog {
	return &catalog{types, sync.OnceValue(func() []bulwark.ConnectorKind {
		out := make([]bulwark.ConnectorKind, len(providers))
		for i, k := range providers {
			out[i] = k.describe(types)
		}
		return out
	})}
}

// Kinds implements api.Catalog.
func (c *catalog) Kinds() []bulwark.ConnectorKind { return c.kinds() }

// Permissions implements api.Catalog: what connectors must be allowed in order
// to read the assets that a check judges, as their collectors declare it, by
// kind, then permission. What a check asks of related assets is not among it. A
// check of types that no connector reads live needs none.
func (c *catalog) Permissions(k *bulwark.Check) []bulwark.CheckPermission {
	judged, of := map[string]bool{}, map[string]bool{}
	for _, id := range k.Assets {
		for _, id := range append(c.types.InGroup(id), id) {
			judged[id] = true
			if t := c.types.Get(id); t != nil {
				of[t.Provider] = true
			}
		}
	}
	out := []bulwark.CheckPermission{}
	for _, about := range c.Kinds() {
		for _, a := range about.Access {
			all := len(a.Types) == 0 && of[about.Kind] // a listing of everything that the provider has
			a.Types = slices.DeleteFunc(slices.Clone(a.Types), func(id string) bool { return !judged[id] })
			if all || len(a.Types) > 0 {
				out = append(out, bulwark.CheckPermission{Kind: about.Kind, Access: a})
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

// Mend implements api.Catalog.
func (c *catalog) Mend(name string, needs []string) []bulwark.Template {
	k, err := kindOf(name)
	if err != nil || k.mend == nil {
		return nil
	}
	for _, about := range c.Kinds() {
		if about.Kind == name {
			if list := permissionsIn(about.Access, needs); len(list) > 0 {
				return k.mend(list)
			}
		}
	}
	return nil
}

// permissionsIn returns, sorted, the permissions that a gap names as what it
// needs, alone or among other words.
func permissionsIn(access []bulwark.Access, needs []string) []string {
	var out []string
	for _, a := range access {
		if slices.ContainsFunc(needs, func(n string) bool { return n == a.Permission || hasPhrase(n, a.Permission) }) {
			out = append(out, a.Permission)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// hasPhrase reports whether a text holds a phrase that does not go on in other
// letters of a permission.
func hasPhrase(text, phrase string) bool {
	for rest := text; ; {
		i := strings.Index(rest, phrase)
		if i < 0 {
			return false
		}
		before, after := text[:len(text)-len(rest)+i], rest[i+len(phrase):]
		if !endsInWord(before) && !startsInWord(after) {
			return true
		}
		rest = rest[i+1:]
	}
}

const wordLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/*-"

func endsInWord(s string) bool {
	return s != "" && strings.ContainsRune(wordLetters, rune(s[len(s)-1]))
}

func startsInWord(s string) bool { return s != "" && strings.ContainsRune(wordLetters, rune(s[0])) }
