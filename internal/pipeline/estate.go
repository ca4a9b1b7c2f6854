package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/store"
)

// estate answers checks' questions about related assets from the store. It is
// made for one batch, after the batch's revision was taken, and is for one
// goroutine: what it has read it keeps, up to a bound.
type estate struct {
	ctx     context.Context // of the batch
	store   *store.Store
	scopes  []string                  // what is outside them is unknown; none is everything
	assets  map[string]*bulwark.Asset // nil for what is not stored
	sources map[relKey][]string
	bytes   int
	err     error // the first that reading met: the batch's answers are void
}

const (
	maxEstate  = 64 << 20 // bytes of values kept
	maxSources = 20_000   // assets at the other end of one relation
)

func newEstate(ctx context.Context, st *store.Store, batch []*bulwark.Asset) *estate {
	e := &estate{ctx: ctx, store: st, sources: map[relKey][]string{}}
	e.forget()
	for _, a := range batch {
		e.assets[a.ID] = a
	}
	return e
}

func (e *estate) forget() { e.assets, e.bytes = map[string]*bulwark.Asset{}, 0 }

// Related is World.Related over what is stored. Of assets outside the estate's
// scopes only that there are some is told.
func (e *estate) Related(a *bulwark.Asset, relation string) (assets []*bulwark.Asset, reason string) {
	var ids []string
	for _, r := range a.Relations {
		if r.Name != relation {
			continue
		}
		if r.Reason != "" {
			reason = r.Reason
		} else if r.Target != "" {
			ids = append(ids, r.Target)
		}
	}
	key := relKey{a.ID, relation}
	from, known := e.sources[key]
	if !known {
		var err error
		if from, err = e.store.Sources(e.ctx, a.ID, relation, maxSources+1); err != nil {
			return nil, e.fail(err)
		}
		e.sources[key] = from
	}
	if len(from) > maxSources {
		return nil, fmt.Sprintf("more than %d assets stand in the relation %s", maxSources, relation)
	}
	ids = append(ids, from...)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if err := e.load(ids); err != nil {
		return nil, e.fail(err)
	}
	for _, id := range ids {
		switch t := e.assets[id]; {
		case t == nil:
		case e.within(t):
			assets = append(assets, t)
		default:
			reason = cmp.Or(reason, "it leads into a scope that may not be read")
		}
	}
	slices.SortFunc(assets, func(x, y *bulwark.Asset) int { return cmp.Compare(x.ID, y.ID) })
	return assets, reason
}

func (e *estate) within(a *bulwark.Asset) bool {
	return len(e.scopes) == 0 || slices.ContainsFunc(e.scopes, func(s string) bool {
		return s == "" || a.Scope == s || strings.HasPrefix(a.Scope, s+"/")
	})
}

func (e *estate) fail(err error) string {
	if e.err == nil {
		e.err = err
	}
	return "the store cannot be read"
}

// load makes sure that all ids are known.
func (e *estate) load(ids []string) error {
	var missing []string
	for _, id := range ids {
		if _, ok := e.assets[id]; !ok {
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if e.bytes > maxEstate {
		e.forget()
		missing = ids
	}
	list, err := e.store.Load(e.ctx, missing)
	if err != nil {
		return err
	}
	for _, id := range missing {
		e.assets[id] = nil
	}
	for _, a := range list {
		e.assets[a.ID] = a
		e.bytes += a.Properties.Size() + a.Observed.Size() + 512
	}
	return nil
}

// Fact is absent: engines that make facts are not part of an estate yet.
func (e *estate) Fact(*bulwark.Asset, string) bulwark.Value { return bulwark.Value{} }
