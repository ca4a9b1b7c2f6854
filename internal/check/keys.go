package check

import (
	"slices"

	"github.com/bulwarksec/bulwark"
)

// Keys returns the queries whose answers a change of an asset may alter,
// sorted: its own, and those of its old and new relations at both ends. One
// of old and new may be nil, for an asset that comes or goes. A changed fact
// is fact:<kind>/<asset id>. Verdicts that asked any of them must be judged
// again; all others hold until their Until.
func (s *Set) Keys(old, new *bulwark.Asset) []string {
	var keys []string
	for _, a := range []*bulwark.Asset{old, new} {
		if a == nil {
			continue
		}
		keys = append(keys, "asset:"+a.ID)
		for _, r := range a.Relations {
			keys = s.relationKeys(keys, a.ID, a.Type, r.Name, r.Type)
			if r.Target != "" && r.Inverse != "" {
				keys = s.relationKeys(keys, r.Target, r.Type, r.Inverse, a.Type)
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// relationKeys names a relation in each form in which a check may have asked
// for it: by the type that type files give its other end, by the type that
// stands there, and by none.
func (s *Set) relationKeys(keys []string, id, typ, relation, other string) []string {
	at := "rel:" + id + "/" + relation + "/"
	return append(keys, at, at+other, at+s.env.RelationType(typ, relation))
}
