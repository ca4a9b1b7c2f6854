package pipeline

import (
	"cmp"
	"slices"

	"github.com/bulwarksec/bulwark"
)

// World answers checks' questions about related assets from memory. It is
// immutable and safe for concurrent use.
type World struct {
	byID    map[string]*bulwark.Asset
	inverse map[relKey][]*bulwark.Asset // who names the target so
}

type relKey struct{ target, name string }

// NewWorld indexes assets by id and by the relations between them. Of assets
// with one id the last counts.
func NewWorld(assets []*bulwark.Asset) *World {
	w := &World{byID: make(map[string]*bulwark.Asset, len(assets)), inverse: map[relKey][]*bulwark.Asset{}}
	for _, a := range assets {
		w.byID[a.ID] = a
	}
	for _, a := range assets {
		if w.byID[a.ID] != a {
			continue
		}
		for _, r := range a.Relations {
			if r.Inverse != "" && r.Target != "" {
				key := relKey{r.Target, r.Inverse}
				w.inverse[key] = append(w.inverse[key], a)
			}
		}
	}
	return w
}

// Asset returns the asset of an id, or nil.
func (w *World) Asset(id string) *bulwark.Asset { return w.byID[id] }

// Related returns the assets to which a stands in the named relation, in
// either direction, sorted by id, each once. A reason says why the relation
// could not be learned; targets that nobody gathered are left out.
func (w *World) Related(a *bulwark.Asset, relation string) (assets []*bulwark.Asset, reason string) {
	for _, r := range a.Relations {
		if r.Name != relation {
			continue
		}
		if r.Reason != "" {
			reason = r.Reason
		} else if target := w.byID[r.Target]; target != nil {
			assets = append(assets, target)
		}
	}
	assets = append(assets, w.inverse[relKey{a.ID, relation}]...)
	slices.SortFunc(assets, func(x, y *bulwark.Asset) int { return cmp.Compare(x.ID, y.ID) })
	return slices.Compact(assets), reason
}

// Fact returns the fact of a kind about an asset; engines that make facts are
// not part of a world yet, so every fact is absent.
func (w *World) Fact(*bulwark.Asset, string) bulwark.Value { return bulwark.Value{} }
