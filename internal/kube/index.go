package kube

import (
	"fmt"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// Ref names an object; Namespace is "" for what lives in none.
type Ref struct{ Type, Namespace, Name string }

// Index is what relating objects takes to know of all of them: their names and
// ids, the labels of the pods that workloads make, and who selects pods. It
// holds a few hundred bytes an object and none of the objects themselves. It
// is not safe for concurrent use.
type Index struct {
	byName        map[Ref][]entry
	workloads     map[string]map[string]workload // by namespace and id
	selectors     map[string]map[Ref]selector    // by namespace; only where followed
	wanted        map[Ref]map[Ref]bool           // missing name → who named it; only where followed
	wants         map[Ref]map[Ref]bool           // who → the missing that it named: wanted the other way round
	labels        map[string]bulwark.Value       // one copy of each set of labels
	common        map[string]string              // one copy of each type and namespace
	clusterScoped func(typ string) bool
	missing       func(Ref) string
	unlisted      func(typ, namespace string) string
	id            func(Ref) string
	follow        bool
	wanting       int // names in wanted
	sweepAt       int // size of labels and common at which those of nobody are dropped
}

// IndexOptions say how an index answers. Zero fields take what manifests need.
type IndexOptions struct {
	ClusterScoped func(typ string) bool // by default the function of that name
	Missing       func(Ref) string      // why a name is not there

	// Unlisted tells why objects of a type and namespace may be there that are not
	// in the index, "" where none may, as always by default.
	Unlisted func(typ, namespace string) string

	// ID tells the id of an object that need not be in the index yet, "" where
	// that cannot be told. Owners are found by it: any kind may own any other, so
	// no order of adding has them all there in time.
	ID func(Ref) string

	// Follow keeps who selects pods and who names what is missing, so that Add
	// and Remove can tell whose relations they change.
	Follow bool
}

// maxWanted bounds how many are remembered who named what was missing.
const maxWanted = 20_000

type entry struct{ id, scope string }

type workload struct {
	entry
	ref    Ref
	labels bulwark.Value
	owner  Ref // the object that made it
}

// NewIndex returns an empty index.
func NewIndex(opts IndexOptions) *Index {
	x := &Index{byName: map[Ref][]entry{}, workloads: map[string]map[string]workload{}, labels: map[string]bulwark.Value{}, common: map[string]string{},
		clusterScoped: opts.ClusterScoped, missing: opts.Missing, unlisted: opts.Unlisted, id: opts.ID, follow: opts.Follow, sweepAt: minSweep}
	if x.clusterScoped == nil {
		x.clusterScoped = ClusterScoped
	}
	if x.missing == nil {
		x.missing = func(r Ref) string {
			return fmt.Sprintf("%s %q is not declared here", r.Type[strings.LastIndexByte(r.Type, '/')+1:], r.Name)
		}
	}
	if x.unlisted == nil {
		x.unlisted = func(string, string) string { return "" }
	}
	if x.id == nil {
		x.id = func(Ref) string { return "" }
	}
	if x.follow {
		x.selectors, x.wanted, x.wants = map[string]map[Ref]selector{}, map[Ref]map[Ref]bool{}, map[Ref]map[Ref]bool{}
	}
	return x
}

// Add puts an object into the index, in place of what has its id. Where the
// index follows, it returns whose relations this changes: who named the object
// before it was there, and who begins or ceases to select it.
func (x *Index) Add(a *bulwark.Asset) (changed []Ref) {
	ref := x.own(Ref{a.Type, x.namespaceOf(a), a.Name})
	ns := ref.Namespace
	e := entry{a.ID, a.Scope}
	list := x.byName[ref]
	known := false
	for _, have := range list {
		known = known || have.id == e.id
	}
	if !known {
		x.byName[ref] = append(list, e)
		for who := range x.wanted[ref] {
			changed = append(changed, who)
			x.unwant(ref, who)
		}
	}
	if t := podTemplate(a); !t.IsAbsent() {
		w := workload{entry: e, ref: ref, labels: x.intern(t.At("metadata", "labels")), owner: x.own(x.ownerOf(a, ns))}
		old, had := x.workloads[ns][e.id]
		changed = append(changed, x.reselected(ns, old, had, w, true)...)
		if x.workloads[ns] == nil {
			x.workloads[ns] = map[string]workload{}
		}
		x.workloads[ns][e.id] = w
	}
	if x.follow {
		x.keepSelector(a, ref)
	}
	x.sweep()
	return changed
}

// Remove takes the object of an id out of the index, and returns who selected
// it where the index follows.
func (x *Index) Remove(ref Ref, id string) (changed []Ref) {
	list := x.byName[ref]
	for i, e := range list {
		if e.id == id {
			x.byName[ref] = append(list[:i:i], list[i+1:]...)
		}
	}
	if len(x.byName[ref]) == 0 {
		delete(x.byName, ref)
	}
	if old, had := x.workloads[ref.Namespace][id]; had {
		changed = x.reselected(ref.Namespace, old, true, workload{}, false)
		if delete(x.workloads[ref.Namespace], id); len(x.workloads[ref.Namespace]) == 0 {
			delete(x.workloads, ref.Namespace)
		}
	}
	x.dropSelector(ref)
	x.unnamed(ref)
	x.sweep()
	return changed
}

// Refs yields the objects of a type, with their ids.
func (x *Index) Refs(typ string) map[Ref]string {
	out := map[Ref]string{}
	for ref, list := range x.byName {
		if ref.Type == typ && len(list) > 0 {
			out[ref] = list[0].id
		}
	}
	return out
}

// Len is the number of names in the index.
func (x *Index) Len() int { return len(x.byName) }

func (x *Index) keepSelector(a *bulwark.Asset, ref Ref) {
	_, s, ok := selectorOf(a)
	if !ok {
		x.dropSelector(ref)
		return
	}
	if x.selectors[ref.Namespace] == nil {
		x.selectors[ref.Namespace] = map[Ref]selector{}
	}
	x.selectors[ref.Namespace][ref] = selector{labels: x.intern(s.labels), requirements: x.intern(s.requirements)}
}

func (x *Index) dropSelector(ref Ref) {
	if delete(x.selectors[ref.Namespace], ref); len(x.selectors[ref.Namespace]) == 0 {
		delete(x.selectors, ref.Namespace)
	}
}

// reselected returns who selects a workload before and not after a change, or
// the other way round.
func (x *Index) reselected(ns string, before workload, had bool, after workload, has bool) (changed []Ref) {
	for ref, s := range x.selectors[ns] {
		if x.picks(s, before, had) != x.picks(s, after, has) {
			changed = append(changed, ref)
		}
	}
	return changed
}

func (x *Index) picks(s selector, w workload, there bool) bool {
	if !there {
		return false
	}
	matched, _ := s.match(w.labels)
	return matched && !x.ownerMatches(w, s)
}

// ownerMatches reports whether the object that made a workload is one that the
// selector matches too.
func (x *Index) ownerMatches(w workload, s selector) bool {
	if w.owner.Name == "" {
		return false
	}
	for _, e := range x.byName[w.owner] {
		if owner, ok := x.workloads[w.owner.Namespace][e.id]; ok {
			if matched, _ := s.match(owner.labels); matched {
				return true
			}
		}
	}
	return false
}

func (x *Index) want(missing, who Ref) {
	if !x.follow {
		return
	}
	if x.wanting >= maxWanted || x.wanted[missing][who] {
		return
	}
	missing, who = x.own(missing), x.own(who)
	if x.wanted[missing] == nil {
		x.wanted[missing] = map[Ref]bool{}
	}
	if x.wants[who] == nil {
		x.wants[who] = map[Ref]bool{}
	}
	x.wanted[missing][who], x.wants[who][missing] = true, true
	x.wanting++
}

// unwant forgets that an object named a missing one.
func (x *Index) unwant(missing, who Ref) {
	x.wanting--
	if delete(x.wanted[missing], who); len(x.wanted[missing]) == 0 {
		delete(x.wanted, missing)
	}
	if delete(x.wants[who], missing); len(x.wants[who]) == 0 {
		delete(x.wants, who)
	}
}

// unnamed forgets all that an object named and that was missing.
func (x *Index) unnamed(who Ref) {
	for missing := range x.wants[who] {
		x.unwant(missing, who)
	}
}

// minSweep is the size below which nothing is swept.
const minSweep = 1_000

// sweep drops the copies of labels and names that nobody has any longer, once
// there are twice as many as were left by the last sweep.
func (x *Index) sweep() {
	if len(x.labels)+len(x.common) < x.sweepAt {
		return
	}
	labels, common := x.labels, x.common
	x.labels, x.common = make(map[string]bulwark.Value, len(labels)/2), make(map[string]string, len(common)/2)
	keep := func(v bulwark.Value) {
		if !v.IsAbsent() {
			x.labels[string(bulwark.AppendJSON(nil, v))] = v
		}
	}
	for _, of := range x.workloads {
		for _, w := range of {
			keep(w.labels)
		}
	}
	for _, of := range x.selectors {
		for _, s := range of {
			keep(s.labels)
			keep(s.requirements)
		}
	}
	for ref := range x.byName {
		x.common[ref.Type], x.common[ref.Namespace] = ref.Type, ref.Namespace
	}
	x.sweepAt = max(minSweep, 2*(len(x.labels)+len(x.common)))
}

// own returns a ref that holds no document in memory, as texts of values do.
func (x *Index) own(r Ref) Ref {
	return Ref{x.shared(r.Type), x.shared(r.Namespace), strings.Clone(r.Name)}
}

func (x *Index) shared(s string) string {
	if have, ok := x.common[s]; ok {
		return have
	}
	s = strings.Clone(s)
	x.common[s] = s
	return s
}

// near returns the workloads of a namespace that are in the scope, else all.
func (x *Index) near(ns, scope string) []workload {
	all := x.workloads[ns]
	list := make([]workload, 0, len(all))
	for _, w := range all {
		if w.scope == scope {
			list = append(list, w)
		}
	}
	if len(list) > 0 {
		return list
	}
	for _, w := range all {
		list = append(list, w)
	}
	return list
}

// nearest returns those of the candidates that are in the scope, else all.
func nearest(candidates []entry, scope string) []entry {
	var near []entry
	for _, c := range candidates {
		if c.scope == scope {
			near = append(near, c)
		}
	}
	if len(near) > 0 {
		return near
	}
	return candidates
}

// intern returns a copy of a value that holds nothing else in memory; equal
// values share one.
func (x *Index) intern(v bulwark.Value) bulwark.Value {
	if v.IsAbsent() {
		return bulwark.Value{}
	}
	text := bulwark.AppendJSON(nil, v)
	if have, ok := x.labels[string(text)]; ok {
		return have
	}
	b := bulwark.NewBuilder(nil, bulwark.Limits{})
	b.Copy(v)
	own, err := b.Build("")
	if err != nil {
		return v
	}
	x.labels[string(text)] = own
	return own
}

// namespaceOf returns the namespace that an asset lives in, "" for none.
func (x *Index) namespaceOf(a *bulwark.Asset) string {
	if x.clusterScoped(a.Type) {
		return ""
	}
	if ns := a.Properties.At("metadata", "namespace").Text(); ns != "" {
		return ns
	}
	return "default"
}

// ownerOf returns the object that made one, or a Ref without a name.
func (x *Index) ownerOf(a *bulwark.Asset, ns string) Ref {
	for _, o := range a.Properties.At("metadata", "ownerReferences").Children() {
		if !o.Get("controller").Bool() {
			continue
		}
		ref := Ref{TypeID(o.Get("apiVersion").Text(), o.Get("kind").Text()), ns, o.Get("name").Text()}
		if x.clusterScoped(ref.Type) {
			ref.Namespace = ""
		}
		return ref
	}
	return Ref{}
}
