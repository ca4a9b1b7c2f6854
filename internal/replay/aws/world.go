package aws

import (
	"reflect"
	"sort"
	"sync"
	"time"
)

// A Place is where things are listed: an account, its region ("" for services
// without regions), and, for things that belong to another, that one's key.
type Place struct {
	Account, Region, Parent string
}

// In returns the place of what belongs to a parent, such as a cluster.
func (p Place) In(parent string) Place {
	p.Parent = parent
	return p
}

// A World is what the server knows: lists of the SDK's values by place, and
// whole answers by place and key. Fill it before it is served; afterwards change
// it in Update or Schedule only. Values that were put must not be written to.
type World struct {
	mu      sync.RWMutex
	lists   map[listKey]any // []T
	answers map[answerKey]any
	changes []change // in order of time
}

type listKey struct {
	Place
	t reflect.Type
}

type answerKey struct {
	Account, Region, key string
	t                    reflect.Type
}

type change struct {
	at time.Time
	do func(*World)
}

// NewWorld returns an empty world.
func NewWorld() *World {
	return &World{lists: map[listKey]any{}, answers: map[answerKey]any{}}
}

// Put appends items to the list of their type in a place.
func Put[T any](w *World, at Place, items ...T) {
	k := listKey{at, reflect.TypeFor[T]()}
	old, _ := w.lists[k].([]T)
	w.lists[k] = append(old, items...)
}

// Replace sets the list of T in a place to what f makes of it; f must not
// write to the items that it is given.
func Replace[T any](w *World, at Place, f func([]T) []T) {
	k := listKey{at, reflect.TypeFor[T]()}
	old, _ := w.lists[k].([]T)
	w.lists[k] = f(old)
}

// All returns the list of T in a place.
func All[T any](w *World, at Place) []T {
	items, _ := w.lists[listKey{at, reflect.TypeFor[T]()}].([]T)
	return items
}

// Answer sets the whole answer of an operation, known by its output's type,
// about the thing with the key, such as a bucket's name. A nil output removes
// it. at.Parent is not used.
func Answer[O any](w *World, at Place, key string, output *O) {
	k := answerKey{at.Account, at.Region, key, reflect.TypeFor[O]()}
	if output == nil {
		delete(w.answers, k)
		return
	}
	w.answers[k] = output
}

func answerOf[O any](w *World, at Place, key string) *O {
	out, _ := w.answers[answerKey{at.Account, at.Region, key, reflect.TypeFor[O]()}].(*O)
	return out
}

// Update changes the world while it is served.
func (w *World) Update(f func(*World)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(w)
}

// Schedule has f change the world before the first call at or after a time of
// the server's clock. Changes of one time keep their order.
func (w *World) Schedule(at time.Time, f func(*World)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := sort.Search(len(w.changes), func(i int) bool { return w.changes[i].at.After(at) })
	w.changes = append(w.changes, change{})
	copy(w.changes[i+1:], w.changes[i:])
	w.changes[i] = change{at, f}
}

// advance applies the changes that are due.
func (w *World) advance(now time.Time) {
	w.mu.RLock()
	due := len(w.changes) > 0 && !w.changes[0].at.After(now)
	w.mu.RUnlock()
	if !due {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.changes) > 0 && !w.changes[0].at.After(now) {
		c := w.changes[0]
		w.changes = w.changes[1:]
		c.do(w)
	}
}

// Become has the world be another, which must not be used any more, while it is
// served. Changes that are due later are the other's.
func (w *World) Become(other *World) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lists, w.answers, w.changes = other.lists, other.answers, other.changes
}
