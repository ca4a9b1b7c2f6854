package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"net/url"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/kube"
	"github.com/bulwarksec/bulwark/internal/provider"
)

const (
	concurrent = 4     // listings at once
	maxRefresh = 1_000 // objects that are read again at the end of a Gather
)

// run is what is known of the cluster since a Gather began. It is shared by
// the goroutines of a Gather or a Watch; mu is held while anything below it is
// read or written, and while assets are yielded.
type run struct {
	c    *Cluster
	dec  decoder
	list []resource

	mu       sync.Mutex
	yield    func(bulwark.Gathered) error
	index    *kube.Index
	digests  map[string]uint64          // of what was last yielded, by asset id
	versions map[place]string           // from which a watch goes on
	unlisted map[string]map[string]bool // type → namespaces, "" for all, of which not all could be listed
	changed  map[kube.Ref]bool          // whose relations are to be made again
	denied   map[string][]string        // custom group → kinds that may not be listed
	about    facts                      // what goes into the cluster's own asset
	scoped   map[string]bool            // type → lives in no namespace
	seed     maphash.Seed
	reading  kube.Ref      // that one is reading again
	passed   bool          // it was told of by another way meanwhile, which may be newer
	wake     chan struct{} // the changed are to be read again; nil without a watch
}

// place is one listing: a resource in a namespace, "" for all.
type place struct {
	resource  *resource
	namespace string
}

// Gather lists everything and yields it: the scope, each object with its
// relations, a Listing for each type, gaps, and the cluster itself. Listings
// that fail cost only themselves. The error is ctx's, yield's, or that of a
// cluster of which nothing can be learned.
func (c *Cluster) Gather(ctx context.Context, yield func(bulwark.Gathered) error) error {
	uid, err := c.uid(ctx)
	if err != nil {
		return err
	}
	info := c.scope(uid)
	if err := yield(bulwark.Gathered{Scope: &info}); err != nil {
		return err
	}
	served, gaps, err := c.discover(ctx)
	if err != nil {
		return err
	}
	r := c.newRun(uid, resources(served, c.config.Types.Exclude), yield)
	for i := range gaps {
		gaps[i].Where = provider.Where(c.opts.Connector, r.dec.scope, gaps[i].Where)
		if err := yield(bulwark.Gathered{Gap: &gaps[i]}); err != nil {
			return err
		}
	}
	if err := r.all(ctx); err != nil {
		return err
	}
	if err := r.cluster(ctx); err != nil {
		return err
	}
	r.yield = nil
	c.mu.Lock()
	c.run = r
	c.mu.Unlock()
	return nil
}

func (c *Cluster) newRun(uid string, list []resource, yield func(bulwark.Gathered) error) *run {
	r := &run{c: c, list: list, yield: yield, digests: map[string]uint64{}, versions: map[place]string{}, unlisted: map[string]map[string]bool{},
		changed: map[kube.Ref]bool{}, denied: map[string][]string{}, scoped: map[string]bool{}, seed: maphash.MakeSeed(),
		dec: decoder{cluster: uid, scope: "kubernetes/" + uid, connector: c.opts.Connector, types: c.opts.Types, key: c.opts.SecretKey,
			regions: len(c.config.Namespaces.Include) > 0}}
	for _, res := range list {
		r.scoped[res.typ] = !res.namespaced
	}
	r.index = kube.NewIndex(kube.IndexOptions{ClusterScoped: r.clusterScoped, Missing: r.missing, Unlisted: r.unread, ID: r.idOf, Follow: true})
	return r
}

func (r *run) clusterScoped(typ string) bool {
	if scoped, ok := r.scoped[typ]; ok {
		return scoped
	}
	return kube.ClusterScoped(typ)
}

// idOf is the id of an object of a kind that is listed, "" for others.
func (r *run) idOf(ref kube.Ref) string {
	res := r.resourceOf(ref.Type)
	if res == nil || r.unknown(ref.Type, ref.Namespace) != "" || !objectName(ref.Name) {
		return ""
	}
	return res.id(r.dec.cluster, ref.Namespace, ref.Name)
}

// missing says why an object that another names is not known.
func (r *run) missing(ref kube.Ref) string {
	kind := ref.Type[strings.LastIndexByte(ref.Type, '/')+1:]
	if why := r.unread(ref.Type, ref.Namespace); why != "" {
		return fmt.Sprintf("%s %q is not known: %s", kind, ref.Name, why)
	}
	if _, listed := r.scoped[ref.Type]; !listed {
		return fmt.Sprintf("%s %q is not known: %s is not read", kind, ref.Name, ref.Type)
	}
	return fmt.Sprintf("%s %q is not in the cluster", kind, ref.Name)
}

// unknown says why objects of a type may be there that are not known, in a
// namespace or, for "", in any; it is "" where none may. mu is held.
func (r *run) unknown(typ, namespace string) string {
	of := r.unlisted[typ]
	if of[""] || of[namespace] || namespace == "" && len(of) > 0 {
		return "not all of its kind could be listed"
	}
	return ""
}

// unread is unknown, and also for what is configured not to be read.
func (r *run) unread(typ, namespace string) string {
	if matchAny(r.c.config.Types.Exclude, typ) || r.c.config.excluded(namespace) {
		return typ + " is not read"
	}
	return r.unknown(typ, namespace)
}

// complete notes whether all of a place could be listed, with mu held.
func (r *run) complete(p place, all bool) {
	of := r.unlisted[p.resource.typ]
	switch {
	case all:
		delete(of, p.namespace)
	case of == nil:
		r.unlisted[p.resource.typ] = map[string]bool{p.namespace: true}
	default:
		of[p.namespace] = true
	}
}

// all lists every resource, a stage at a time.
func (r *run) all(ctx context.Context) error {
	for stage := range stages {
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(concurrent)
		for i := range r.list {
			res := &r.list[i]
			if res.stage != stage {
				continue
			}
			for _, p := range r.places(res) {
				g.Go(func() error { return r.listing(ctx, p) })
			}
		}
		if err := g.Wait(); err != nil {
			return err
		}
	}
	if err := r.deniedGaps(); err != nil {
		return err
	}
	if err := r.refresh(ctx); err != nil || len(r.changed) == 0 {
		return err
	}
	gap := bulwark.Gap{What: "relations", Where: provider.Where(r.c.opts.Connector, r.dec.scope), Needs: "a watch, or another run",
		Why: fmt.Sprintf("more than %d objects were to be related again after what they name had changed; %d were not", maxRefresh, len(r.changed))}
	return r.yield(bulwark.Gathered{Gap: &gap})
}

func (r *run) places(res *resource) []place {
	if !res.namespaced || len(r.c.config.Namespaces.Include) == 0 {
		return []place{{res, ""}}
	}
	var list []place
	for _, ns := range r.c.config.Namespaces.Include {
		if !r.c.config.excluded(ns) {
			list = append(list, place{res, ns})
		}
	}
	return list
}

// listing lists one place and says how complete that is.
func (r *run) listing(ctx context.Context, p place) error {
	var stopped error // by yield
	out, err := r.c.api.list(ctx, &r.dec, p.resource, p.namespace, nil, func(assets []*bulwark.Asset) error {
		stopped = r.put(assets)
		return stopped
	})
	if stopped != nil {
		return stopped
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.outcome(p, out, err)
	if r.complete(p, l.Complete); l.Complete {
		r.versions[p] = out.version
	}
	return r.yield(bulwark.Gathered{Listing: l})
}

// outcome is the listing that a place's answer makes. What may not be listed
// of a custom group is gathered into one gap.
func (r *run) outcome(p place, out listed, err error) *bulwark.Listing {
	l := &bulwark.Listing{Connector: r.c.opts.Connector, Scope: r.dec.scope, Type: p.resource.typ, Region: p.namespace, At: r.c.opts.Now()}
	where := provider.Where(l.Connector, l.Scope, l.Type, l.Region)
	if err == nil {
		l.Gap = out.gap(p.resource, where)
		l.Complete = l.Gap == nil
		return l
	}
	f := provider.FaultOf(err, "GET "+p.resource.path(p.namespace), r.c.api.base.Host)
	if f.Kind == bulwark.FaultDenied && p.resource.custom {
		r.denied[p.resource.group] = append(r.denied[p.resource.group], p.resource.plural)
		return l
	}
	gap := f.Gap("listing", where)
	l.Gap = &gap
	return l
}

func (r *run) deniedGaps() error {
	groups := make([]string, 0, len(r.denied))
	for g := range r.denied {
		groups = append(groups, g)
	}
	slices.Sort(groups)
	for _, g := range groups {
		list := slices.Compact(slices.Sorted(slices.Values(r.denied[g])))
		gap := bulwark.Gap{What: "listing", Where: provider.Where(r.c.opts.Connector, r.dec.scope, g), Needs: rule("list", strings.Join(list, ","), g),
			Why: "custom resources of the group may not be listed"}
		if err := r.yield(bulwark.Gathered{Gap: &gap}); err != nil {
			return err
		}
	}
	return nil
}

// put is add without mu held.
func (r *run) put(assets []*bulwark.Asset) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.add(assets)
}

// add takes assets that were just read or told of: it indexes them all, relates
// them and yields them. mu is held.
func (r *run) add(assets []*bulwark.Asset) error {
	kept := assets[:0]
	for _, a := range assets {
		ref := refOf(a)
		if r.c.config.excluded(ref.Namespace) {
			continue
		}
		r.pass(ref)
		kept = append(kept, a)
		r.note(r.index.Add(a))
		if _, seen := r.digests[a.ID]; !seen {
			r.about.learn(a)
		}
	}
	for _, a := range kept {
		if err := r.tell(a); err != nil {
			return err
		}
	}
	return nil
}

func refOf(a *bulwark.Asset) kube.Ref {
	return kube.Ref{Type: a.Type, Namespace: a.Properties.At("metadata", "namespace").Text(), Name: a.Name}
}

// pass notes that an object was told of, so that a reading of it that is under
// way and may be older is not taken. mu is held.
func (r *run) pass(ref kube.Ref) { r.passed = r.passed || ref == r.reading }

// note remembers whose relations a change alters and wakes the watch, if there
// is one, to make them again. mu is held.
func (r *run) note(refs []kube.Ref) {
	for _, ref := range refs {
		r.changed[ref] = true
	}
	if len(r.changed) > 0 && r.wake != nil {
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
}

// tell relates an asset and yields it, unless it is as it was last yielded.
func (r *run) tell(a *bulwark.Asset) error {
	a.Relations = append(r.index.Relations(a), bulwark.Relation{Name: bulwark.RelAccount, Inverse: "objects", Type: TypeCluster, Target: r.clusterID()})
	a.Relations = bulwark.SortRelations(append(a.Relations, sameAs(a)...))
	sum := r.digest(a)
	if have, ok := r.digests[a.ID]; ok && have == sum {
		return nil
	}
	r.digests[a.ID] = sum
	return r.say(bulwark.Gathered{Asset: a})
}

func (r *run) digest(a *bulwark.Asset) uint64 {
	var h maphash.Hash
	h.SetSeed(r.seed)
	buf := bulwark.AppendJSON(nil, a.Properties)
	buf = bulwark.AppendJSON(buf, a.Observed)
	h.Write(buf)
	for _, rel := range a.Relations {
		for _, s := range []string{rel.Name, rel.Target, rel.Reason} {
			h.WriteString(s)
			h.WriteByte(0)
		}
	}
	return h.Sum64()
}

// refresh reads the objects again whose relations have changed since they were
// yielded, maxRefresh of them at the most; the others stay among the changed.
func (r *run) refresh(ctx context.Context) error {
	r.mu.Lock()
	refs := make([]kube.Ref, 0, min(len(r.changed), maxRefresh))
	for ref := range r.changed {
		if len(refs) == maxRefresh {
			break
		}
		refs = append(refs, ref)
		delete(r.changed, ref)
	}
	r.mu.Unlock()
	for _, ref := range refs {
		if err := r.one(ctx, ref); err != nil {
			return err
		}
	}
	return nil
}

// one reads one object by its name and takes it, unless the watch tells of it
// meanwhile: that is related anew in any case, and may be newer. What fails is
// left as it was yielded before.
func (r *run) one(ctx context.Context, ref kube.Ref) error {
	res := r.resourceOf(ref.Type)
	if res == nil || ref.Namespace != "" && !plainName(ref.Namespace) {
		return nil
	}
	r.mu.Lock()
	r.reading, r.passed = ref, false
	r.mu.Unlock()
	id := res.id(r.dec.cluster, ref.Namespace, ref.Name)
	var stopped error
	_, err := r.c.api.list(ctx, &r.dec, res, ref.Namespace, url.Values{"fieldSelector": {"metadata.name=" + selectorText.Replace(ref.Name)}}, func(assets []*bulwark.Asset) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		if !r.passed {
			stopped = r.add(slices.DeleteFunc(assets, func(a *bulwark.Asset) bool { return a.ID != id }))
		}
		return stopped
	})
	if stopped != nil {
		return stopped
	}
	if err != nil && ctx.Err() == nil && !errors.Is(err, bulwark.ErrNotFound) {
		gap := provider.FaultOf(err, "GET "+res.path(ref.Namespace), r.c.api.base.Host).Gap("relations", provider.Where(r.c.opts.Connector, r.dec.scope, ref.Type, ref.Namespace, ref.Name))
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.yield(bulwark.Gathered{Gap: &gap})
	}
	return ctx.Err()
}

func (r *run) resourceOf(typ string) *resource {
	for i := range r.list {
		if r.list[i].typ == typ {
			return &r.list[i]
		}
	}
	return nil
}

// selectorText escapes a value of a field selector.
var selectorText = strings.NewReplacer(`\`, `\\`, `,`, `\,`, `=`, `\=`)
