package kubernetes

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/bulwarksec/bulwark"
)

// retain is how long old versions are kept: pages and watches from before have
// expired. As in a real server, versions are forgotten in one go, so that some
// are kept for twice as long.
const retain = 5 * time.Minute

// A World is the objects of one cluster, with the changes of the last minutes.
// It is safe for concurrent use. A world has the namespaces default,
// kube-system, kube-public and kube-node-lease; a CustomResourceDefinition that
// is put is served.
type World struct {
	seed int64
	now  func() time.Time

	mu      sync.RWMutex // guards what follows
	kinds   []*kind
	objects map[*kind]map[string]*object // by key
	made    map[string]int               // kind and key → objects of that name so far
	version uint64                       // of the last change
	log     []event                      // versions forgot+1 … version
	forgot  uint64                       // changes up to here are forgotten
	mark    uint64                       // changes up to here are forgotten next
	marked  time.Time
	changed chan struct{} // closed and renewed by each change
	planned []plan        // in order of time
	err     error         // of the first planned change that failed
}

// event is one change: old or current may be nil.
type event struct {
	kind     *kind
	old, new *object
	version  uint64
}

type plan struct {
	at time.Time
	do func(*Tx) error
}

// A Tx changes the world, within Update or a planned change.
type Tx struct {
	w   *World
	now time.Time
}

// NewWorld returns a world whose uids depend on the seed. A nil clock is the
// wall's.
func NewWorld(seed int64, now func() time.Time) *World {
	if now == nil {
		now = time.Now
	}
	w := &World{seed: seed, now: now, kinds: builtins(), objects: map[*kind]map[string]*object{}, made: map[string]int{}, changed: make(chan struct{}), marked: now()}
	for _, name := range []string{"default", "kube-node-lease", "kube-public", "kube-system"} {
		err := w.Update(func(tx *Tx) error {
			return tx.Put(map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name}})
		})
		if err != nil {
			panic(err) // of our own objects
		}
	}
	return w
}

// Update changes the world at once. What f changed before it failed stays.
func (w *World) Update(f func(*Tx) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return f(&Tx{w, w.now()})
}

// Schedule has f change the world at a time of the world's clock: before the
// first call after it, and within a second where somebody watches. Changes of
// one time keep their order. An error is told by Err.
func (w *World) Schedule(at time.Time, f func(*Tx) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := sort.Search(len(w.planned), func(i int) bool { return w.planned[i].at.After(at) })
	w.planned = slices.Insert(w.planned, i, plan{at, f})
}

// Err returns the error of the first planned change that failed.
func (w *World) Err() error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.err
}

// Advance applies the changes that are due and forgets old ones. The server
// does so itself; a test that has moved the clock need not wait for it.
func (w *World) Advance() {
	now := w.now()
	w.mu.RLock()
	due := len(w.planned) > 0 && !w.planned[0].at.After(now) || now.Sub(w.marked) >= retain
	w.mu.RUnlock()
	if !due {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.planned) > 0 && !w.planned[0].at.After(now) {
		p := w.planned[0]
		w.planned = w.planned[1:]
		if err := p.do(&Tx{w, p.at}); err != nil && w.err == nil {
			w.err = err
		}
	}
	if now.Sub(w.marked) >= retain {
		w.log = slices.Clone(w.log[w.mark-w.forgot:])
		w.forgot, w.mark, w.marked = w.mark, w.version, now
	}
}

// Put creates an object or replaces the one of its name. The object has
// apiVersion, kind and metadata.name, and metadata.namespace if it lives in
// one; the world adds uid, creationTimestamp, resourceVersion, generation and
// managedFields where they are not given. An object that is as it was is no
// change. It does not keep what it is given.
func (tx *Tx) Put(in map[string]any) error {
	r, err := tx.w.kindOf(text(in, "apiVersion"), text(in, "kind"))
	if err != nil {
		return err
	}
	body, err := copyJSON(in)
	if err != nil {
		return fmt.Errorf("kubernetes: put %s: %w", r.kind.kind, err)
	}
	if err := tx.put(r, body); err != nil {
		return fmt.Errorf("kubernetes: put %s %s/%s: %w", r.kind.kind, text(in, "metadata", "namespace"), text(in, "metadata", "name"), err)
	}
	return nil
}

func (tx *Tx) put(r resource, body map[string]any) error {
	w := tx.w
	meta, _ := body["metadata"].(map[string]any)
	name, namespace := text(meta, "name"), text(meta, "namespace")
	switch {
	case name == "" || strings.ContainsAny(name, "/%") || name == "." || name == "..":
		return fmt.Errorf("%w: the name %q cannot stand in a path", bulwark.ErrInvalid, name)
	case r.namespaced != (namespace != ""):
		return fmt.Errorf("%w: it lives in a namespace: %v", bulwark.ErrInvalid, r.namespaced)
	case r.namespaced && w.find("", "namespaces", namespace) == nil:
		return fmt.Errorf("%w: there is no namespace %q", bulwark.ErrNotFound, namespace)
	}
	delete(body, "apiVersion")
	delete(body, "kind")
	isNamespace := r.group == "" && r.plural == "namespaces"
	if isNamespace {
		labelNamespace(meta, name)
	}
	old := w.objects[r.kind][(&object{namespace: namespace, name: name}).key()]
	tx.stamp(r, body, meta, old)
	if isNamespace {
		namespaceDefaults(body)
	}
	o, err := newObject(body, w.version+1)
	if err != nil {
		return err
	}
	if old != nil && same(old.body, o.body) {
		return nil
	}
	if r.group == "apiextensions.k8s.io" && r.plural == "customresourcedefinitions" {
		if err := w.define(body); err != nil {
			return err
		}
	}
	w.record(r.kind, old, o)
	return nil
}

// labelNamespace gives a namespace its name as a label, as the server does.
func labelNamespace(meta map[string]any, name string) {
	labels, _ := meta["labels"].(map[string]any)
	if labels == nil {
		labels = map[string]any{}
	}
	labels["kubernetes.io/metadata.name"] = name
	meta["labels"] = labels
}

// namespaceDefaults are what the server gives every namespace, in no writer's
// name.
func namespaceDefaults(body map[string]any) {
	if body["spec"] == nil {
		body["spec"] = map[string]any{"finalizers": []any{"kubernetes"}}
	}
	if body["status"] == nil {
		body["status"] = map[string]any{"phase": "Active"}
	}
}

// stamp fills in what the server writes into metadata.
func (tx *Tx) stamp(r resource, body, meta map[string]any, old *object) {
	w := tx.w
	id := r.qualified() + "/" + (&object{namespace: text(meta, "namespace"), name: text(meta, "name")}).key()
	delete(meta, "resourceVersion")
	if old != nil {
		before, _ := old.body["metadata"].(map[string]any)
		for _, field := range []string{"uid", "creationTimestamp", "generation"} {
			if v, ok := before[field]; ok {
				meta[field] = v
			}
		}
		if v, ok := before["managedFields"]; ok && meta["managedFields"] == nil && same(without(body, "status"), without(old.body, "status")) {
			meta["managedFields"] = v
		}
		if body["spec"] != nil && !reflect.DeepEqual(body["spec"], old.body["spec"]) {
			meta["generation"] = next(before["generation"])
		}
	} else {
		if meta["uid"] == nil {
			meta["uid"] = uid(w.seed, id, w.made[id])
		}
		w.made[id]++
		if meta["creationTimestamp"] == nil {
			meta["creationTimestamp"] = stamp(tx.now)
		}
		if body["spec"] != nil && meta["generation"] == nil && r.plural != "namespaces" {
			meta["generation"] = next(nil)
		}
	}
	if meta["managedFields"] == nil {
		meta["managedFields"] = managedFields(r.apiVersion(), body, tx.now)
	}
}

// same reports whether two bodies differ in nothing that a person wrote.
func same(a, b map[string]any) bool {
	strip := func(m map[string]any) map[string]any {
		out := maps.Clone(m)
		meta, _ := m["metadata"].(map[string]any)
		meta = maps.Clone(meta)
		delete(meta, "resourceVersion")
		delete(meta, "managedFields")
		out["metadata"] = meta
		return out
	}
	return reflect.DeepEqual(strip(a), strip(b))
}

func without(m map[string]any, field string) map[string]any {
	out := maps.Clone(m)
	delete(out, field)
	return out
}

// Remove deletes an object; with a namespace goes what lives in it, and with a
// CustomResourceDefinition the objects of its kind.
func (tx *Tx) Remove(apiVersion, kindName, namespace, name string) error {
	r, err := tx.w.kindOf(apiVersion, kindName)
	if err != nil {
		return err
	}
	o := tx.w.find(r.group, r.plural, (&object{namespace: namespace, name: name}).key())
	if o == nil {
		return fmt.Errorf("kubernetes: remove %s %s/%s: %w", kindName, namespace, name, bulwark.ErrNotFound)
	}
	tx.w.remove(r.kind, o)
	return nil
}

func (w *World) remove(k *kind, o *object) {
	switch k.qualified() {
	case "namespaces":
		for _, inner := range w.kinds {
			for _, x := range sorted(w.objects[inner]) {
				if x.namespace == o.name {
					w.record(inner, x, nil)
				}
			}
		}
	case "customresourcedefinitions.apiextensions.k8s.io":
		if i := w.custom(o.name); i >= 0 {
			for _, x := range sorted(w.objects[w.kinds[i]]) {
				w.record(w.kinds[i], x, nil)
			}
			w.kinds = slices.Delete(slices.Clone(w.kinds), i, i+1)
		}
	}
	w.record(k, o, nil)
}

// Get returns a copy of an object, with apiVersion and kind; it is nil where
// there is none.
func (tx *Tx) Get(apiVersion, kindName, namespace, name string) map[string]any {
	r, err := tx.w.kindOf(apiVersion, kindName)
	if err != nil {
		return nil
	}
	o := tx.w.find(r.group, r.plural, (&object{namespace: namespace, name: name}).key())
	if o == nil {
		return nil
	}
	out, err := copyJSON(o.body)
	if err != nil {
		return nil
	}
	out["apiVersion"], out["kind"] = apiVersion, kindName
	return out
}

// record makes a change, with mu held.
func (w *World) record(k *kind, old, new *object) {
	w.version++
	of := w.objects[k]
	if of == nil {
		of = map[string]*object{}
		w.objects[k] = of
	}
	if new != nil {
		of[new.key()] = new
	} else {
		delete(of, old.key())
	}
	w.log = append(w.log, event{k, old, new, w.version})
	close(w.changed)
	w.changed = make(chan struct{})
}

// define serves what a CustomResourceDefinition declares, with mu held.
func (w *World) define(crd map[string]any) error {
	k, err := customKind(crd)
	if err != nil {
		return fmt.Errorf("%w: %w", bulwark.ErrInvalid, err)
	}
	i := w.custom(text(crd, "metadata", "name"))
	switch {
	case i >= 0 && k == nil:
		w.kinds = slices.Delete(slices.Clone(w.kinds), i, i+1)
	case i >= 0 && k != nil:
		had := w.kinds[i]
		w.kinds = slices.Clone(w.kinds)
		w.kinds[i] = k
		w.objects[k] = w.objects[had]
		delete(w.objects, had)
		w.log = slices.Clone(w.log) // watches read the one that was
		for j := range w.log {
			if w.log[j].kind == had {
				w.log[j].kind = k
			}
		}
	case k != nil && w.kind(k.group, k.plural) != nil:
		return fmt.Errorf("%w: %s is served already", bulwark.ErrInvalid, k.qualified())
	case k != nil:
		w.kinds = append(slices.Clip(w.kinds), k)
	}
	return nil
}

func (w *World) custom(name string) int {
	return slices.IndexFunc(w.kinds, func(k *kind) bool { return k.custom && k.qualified() == name })
}

func (w *World) kind(group, plural string) *kind {
	for _, k := range w.kinds {
		if k.group == group && k.plural == plural {
			return k
		}
	}
	return nil
}

func (w *World) kindOf(apiVersion, kindName string) (resource, error) {
	group, version := splitVersion(apiVersion)
	for _, k := range w.kinds {
		if k.group == group && k.kind == kindName && slices.Contains(k.versions, version) {
			return resource{k, version}, nil
		}
	}
	return resource{}, fmt.Errorf("kubernetes: %w: %s %s is not served; put its CustomResourceDefinition first", bulwark.ErrInvalid, apiVersion, kindName)
}

func (w *World) find(group, plural, key string) *object { return w.objects[w.kind(group, plural)][key] }

// errForgotten says that a version is too old to be told apart.
var errForgotten = errors.New("the version is forgotten")

// snapshot returns the objects of a kind as they were at a version, in order of
// their keys; mu is held for reading.
func (w *World) snapshot(k *kind, version uint64) ([]*object, error) {
	if version < w.forgot {
		return nil, errForgotten
	}
	of := w.objects[k]
	if version < w.version {
		of = maps.Clone(of)
		if of == nil {
			of = map[string]*object{}
		}
		for _, e := range slices.Backward(w.log[version-w.forgot:]) {
			switch {
			case e.kind != k:
			case e.old == nil:
				delete(of, e.new.key())
			default:
				of[e.old.key()] = e.old
			}
		}
	}
	return sorted(of), nil
}

func sorted(of map[string]*object) []*object {
	list := make([]*object, 0, len(of))
	for _, key := range slices.Sorted(maps.Keys(of)) {
		list = append(list, of[key])
	}
	return list
}
