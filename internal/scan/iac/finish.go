package iac

import (
	"fmt"

	"github.com/bulwarksec/bulwark"
)

// finish turns the entries of a root into assets, each with an id of its own,
// and returns the gaps with them.
func (s *Scanner) finish(a *assembler, root string, suppressions func(bulwark.Declaration) []bulwark.Suppression) ([]*bulwark.Asset, []bulwark.Gap) {
	ids := map[*entry]string{}
	count := map[string]int{}
	for _, e := range a.entries {
		address := e.address
		if count[address]++; count[address] > 1 {
			address = fmt.Sprintf("%s#%d", address, count[address])
			if !e.same {
				a.gaps = append(a.gaps, bulwark.Gap{What: "declaration", Where: e.pos.String(), Position: e.pos, Why: e.address + " is declared more than once; each is judged"})
			}
		}
		ids[e] = bulwark.AssetID(bulwark.Code, s.opts.RepositoryID+"//"+root+"//"+address)
	}
	scope := "code/" + s.opts.RepositoryID
	if root != "." {
		scope += "/" + root
	}
	var out []*bulwark.Asset
	gaps := a.gaps
	for _, e := range a.entries {
		id := ids[e]
		v, err := toValue(e.tree, valueOptions{names: s.opts.Types.Names(), asset: id, typ: e.typ, key: s.opts.SecretKey})
		if err != nil {
			gaps = append(gaps, bulwark.Gap{What: "resource", Where: e.pos.String(), Why: e.address + ": " + err.Error(), Position: e.pos})
			continue
		}
		asset := &bulwark.Asset{ID: id, Type: e.typ.ID, Name: e.name, Scope: scope, Properties: v, Position: e.pos, Declarations: e.decls}
		asset.Relations = a.relations(e, func(to *entry) string { return ids[to] })
		for _, d := range e.decls {
			asset.Suppressions = append(asset.Suppressions, suppressions(d)...)
		}
		out = append(out, asset)
	}
	return out, gaps
}
