package kube

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/kube"
)

// Link makes the ids of assets distinct and relates the assets to each other.
// It takes all assets of a tree, in any order, and changes them; what they
// refer to is looked for in their own root first, then in the others. A name
// that nothing declares makes a relation with a reason, since the object may
// well exist in the cluster. The gaps tell of objects declared twice.
func Link(assets []*bulwark.Asset) []bulwark.Gap {
	gaps := number(assets)
	x := kube.NewIndex(kube.IndexOptions{})
	for _, a := range assets {
		x.Add(a)
	}
	for _, a := range assets {
		a.Relations = x.Relations(a)
	}
	return gaps
}

// number appends #2, #3 … to ids that repeat, in the order of files and lines.
func number(assets []*bulwark.Asset) []bulwark.Gap {
	byID := map[string][]*bulwark.Asset{}
	for _, a := range assets {
		byID[a.ID] = append(byID[a.ID], a)
	}
	var gaps []bulwark.Gap
	for _, list := range byID {
		if len(list) < 2 {
			continue
		}
		slices.SortStableFunc(list, func(a, b *bulwark.Asset) int {
			return cmp.Or(strings.Compare(a.Position.File, b.Position.File), a.Position.Line-b.Position.Line)
		})
		for i, a := range list[1:] {
			id := fmt.Sprintf("%s#%d", a.ID, i+2)
			b := bulwark.NewBuilder(a.Properties.Names(), bulwark.Limits{})
			if p := a.Properties.Position(); p.File != "" {
				b.At(p)
			}
			b.Copy(a.Properties)
			if v, err := b.Build(id); err == nil {
				a.Properties = v
			}
			a.ID = id
			gaps = append(gaps, bulwark.Gap{What: "manifest", Where: a.Position.String(),
				Why: fmt.Sprintf("%s %q is declared at %s already; both are judged", a.Type, a.Name, list[0].Position), Position: a.Position})
		}
	}
	slices.SortFunc(gaps, func(a, b bulwark.Gap) int {
		return cmp.Or(strings.Compare(a.Position.File, b.Position.File), a.Position.Line-b.Position.Line)
	})
	return gaps
}
