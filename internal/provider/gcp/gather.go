package gcp

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

const askers = 8 // calls at once to the APIs that own what the inventory lacks

var errTooMany = fmt.Errorf("more than %d MiB of different policies", maxPolicies>>20)

// gathering is one run. Its tables hold what streaming resources are joined
// with; a resource itself is not kept.
type gathering struct {
	e     *Estate
	yield func(bulwark.Gathered) error
	over  error // yield's, which ends the run

	at           string // of the snapshot
	nodes        map[string]*node
	accounts     map[string]string // full names of service accounts by e-mail, of projects by id
	policies     map[string]bulwark.Value
	policyReason string // why an organisation policy that is not there is unknown
	access       bulwark.Value
	iam          *policyTable
	networks     map[string]bool         // keys of projects that have the default network; false: perhaps
	sinks        map[string]sinks        // by key of what they are in
	failed       map[string]*bulwark.Gap // why a parent's listing is not complete
	told         map[string]bool         // gaps of properties that were yielded
	strange      map[string]bool         // containers that the survey did not tell
	pages        map[content]int64       // read, but of the survey
	asks         map[string]int64        // by type
}

// Gather yields every asset below the root as of one instant, then a listing for
// each scope. Its error is that nothing could be listed, the context's or
// yield's; what fails in part is a gap, an unknown value or a listing that is
// not complete.
func (e *Estate) Gather(ctx context.Context, yield func(bulwark.Gathered) error) error {
	g := &gathering{e: e, nodes: map[string]*node{}, accounts: map[string]string{}, policies: map[string]bulwark.Value{},
		iam: newPolicyTable(), networks: map[string]bool{}, sinks: map[string]sinks{}, failed: map[string]*bulwark.Gap{}, told: map[string]bool{}, strange: map[string]bool{}, pages: map[content]int64{}, asks: map[string]int64{}}
	g.yield = func(item bulwark.Gathered) error {
		g.over = yield(item)
		return g.over
	}
	if err := g.prepare(ctx); err != nil {
		return err
	}
	for _, parent := range e.parents() {
		if g.failed[parent] != nil {
			continue
		}
		if err := g.ended(ctx, parent, g.stream(ctx, parent)); err != nil {
			return err
		}
	}
	return g.finish(ctx)
}

// prepare reads what resources are joined with. With several parents, one that
// cannot be surveyed does not cost the others.
func (g *gathering) prepare(ctx context.Context) error {
	var faults []error
	parents := g.e.parents()
	for _, parent := range parents {
		err := g.survey(ctx, parent)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			faults = append(faults, err)
			g.failed[parent] = g.listingGap(parent, err)
		}
	}
	if len(faults) == len(parents) {
		return fmt.Errorf("gcp: list projects: %w", errors.Join(faults...))
	}
	for _, n := range g.sorted() {
		if n.active {
			info := n.info()
			if err := g.yield(bulwark.Gathered{Scope: &info}); err != nil {
				return err
			}
		}
	}
	for _, parent := range parents {
		if g.failed[parent] != nil {
			continue
		}
		if err := g.readPolicies(ctx, parent); err != nil {
			return err
		}
		if err := g.readOrgPolicies(ctx, parent); err != nil {
			return err
		}
	}
	if g.e.config.Organization != "" && parents[0] == g.e.root {
		return g.readAccess(ctx, g.e.root)
	}
	return nil
}

// ended keeps why a parent's listing failed; the error is that the run is over.
func (g *gathering) ended(ctx context.Context, parent string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case g.over != nil:
		return g.over
	}
	g.failed[parent] = g.listingGap(parent, err)
	return nil
}

func (g *gathering) listingGap(parent string, err error) *bulwark.Gap {
	gap := provider.FaultOf(err, listCalls[resources].String(), parent).Gap("listing", g.e.where("gcp", parent))
	return &gap
}

func (g *gathering) gap(gap bulwark.Gap) error { return g.yield(bulwark.Gathered{Gap: &gap}) }

// stream yields the resources below a parent as their pages come.
func (g *gathering) stream(ctx context.Context, parent string) error {
	_, err := g.e.list(ctx, query{parent: parent, content: resources, at: g.at}, func(assets []bulwark.Value) error {
		g.pages[resources]++
		answers, err := g.ask(ctx, assets)
		if err != nil {
			return err
		}
		for i, a := range assets {
			if err := g.resource(parent, a, answers[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// answer is what an owning API told of a page's asset, or why it did not.
type answer struct {
	value bulwark.Value
	fault *bulwark.Fault
}

// ask asks the owning APIs for what a page's assets lack, some at a time.
func (g *gathering) ask(ctx context.Context, assets []bulwark.Value) ([]answer, error) {
	answers := make([]answer, len(assets))
	work, wctx := errgroup.WithContext(ctx)
	work.SetLimit(askers)
	for i, a := range assets {
		kind := a.Get("assetType").Text()
		q := edits[kind].ask
		if q == nil || !g.e.wantsType(kind) || !q.when(a.Get("resource").Get("data")) || g.container(a) == nil {
			continue
		}
		g.asks[strings.Clone(kind)]++
		work.Go(func() error {
			name := a.Get("name").Text()
			v, err := g.e.client.get(wctx, q.call, name, q.path(name), nil)
			if wctx.Err() != nil {
				return wctx.Err()
			}
			answers[i] = answer{v.Get(q.property), provider.FaultOf(err, q.call.String(), name)}
			if err == nil && answers[i].value.IsAbsent() {
				answers[i].fault = &bulwark.Fault{Kind: bulwark.FaultMalformed, Call: q.call.String(), Object: name, Err: errors.New("the answer has no " + q.property)}
			}
			return nil
		})
	}
	return answers, work.Wait()
}

// container returns the node whose scope an asset is in, nil where it is left
// out: its project is not active or not chosen.
func (g *gathering) container(a bulwark.Value) *node {
	keys := ancestorsOf(a, "")
	if len(keys) == 0 {
		return nil
	}
	n := g.nodes[keys[0]]
	if n != nil && n.active {
		return n
	}
	return nil
}

// resource yields an asset of the inventory, unless it is of the hierarchy,
// which finish yields, or left out.
func (g *gathering) resource(parent string, a bulwark.Value, told answer) error {
	kind := a.Get("assetType").Text()
	if isNode(kind) {
		return nil
	}
	n := g.container(a)
	if n == nil {
		return g.outside(a)
	}
	g.note(n, kind, a.Get("resource").Get("data"), isCut(a) || a.Get("resource").Get("data").Kind() != bulwark.Object)
	if !g.e.wantsType(kind) {
		return nil
	}
	asset, err := g.asset(parent, n, a, told)
	if err != nil {
		return &bulwark.Fault{Kind: bulwark.FaultMalformed, Call: listCalls[resources].String(), Object: clip(a.Get("name").Text()), Err: err}
	}
	if f := told.fault; f != nil {
		where := g.e.where(n.scope, kind, edits[kind].ask.property)
		if key := where + string(f.Kind) + f.Needs; !g.told[key] { // one gap for all of a scope
			g.told[key] = true
			if err := g.gap(f.Gap("property", where)); err != nil {
				return err
			}
		}
	}
	return g.yield(bulwark.Gathered{Asset: asset})
}

// outside makes a gap of an asset whose container the survey did not tell; one
// that is known and left out is no gap.
func (g *gathering) outside(a bulwark.Value) error {
	key := "nothing"
	if keys := ancestorsOf(a, ""); len(keys) > 0 {
		key = keys[0]
	}
	if g.nodes[key] != nil || g.strange[key] || len(g.strange) >= 100 {
		return nil
	}
	g.strange[key] = true
	return g.gap(bulwark.Gap{What: "assets", Where: g.e.where("gcp", key), Why: "the inventory has assets in it and does not list it"})
}

// note keeps what the projects' own properties follow from. cut is that data
// may lack a part.
func (g *gathering) note(n *node, kind string, data bulwark.Value, cut bool) {
	if kind == "logging.googleapis.com/LogSink" {
		g.noteSink(n, data, cut)
	}
	if kind == "compute.googleapis.com/Network" {
		name, auto := data.Get("name"), data.Get("autoCreateSubnetworks")
		switch {
		case name.Text() == "default" && auto.Bool():
			g.networks[n.key] = true
		case cut && (name.IsAbsent() || name.Text() == "default") && (auto.IsAbsent() || auto.Bool()):
			if !g.networks[n.key] {
				g.networks[n.key] = false // which is there, unlike none
			}
		}
	}
}

// asset makes the asset of a resource.
func (g *gathering) asset(parent string, n *node, a bulwark.Value, told answer) (*bulwark.Asset, error) {
	name, kind := strings.Clone(a.Get("name").Text()), strings.Clone(a.Get("assetType").Text())
	resource := a.Get("resource")
	data := resource.Get("data")
	id := bulwark.AssetID(bulwark.Live, name)
	out := &bulwark.Asset{ID: id, Type: typeOf(kind), Name: titleOf(name, data), Scope: n.scope, Region: strings.Clone(resource.Get("location").Text()), Connector: g.e.options.Connector}
	var err error
	out.Properties, err = g.properties(properties{id: id, name: name, kind: kind, data: data, parent: parent, told: told, cut: isCut(a)})
	if err != nil {
		return nil, err
	}
	if kind == typeAccount && n.project != "" {
		if email := data.Get("email").Text(); email != "" && !strings.HasSuffix(name, "/"+email) {
			out.Aliases = []string{bulwark.AssetID(bulwark.Live, "//iam.googleapis.com/projects/"+n.project+"/serviceAccounts/"+email)}
		}
	}
	out.Relations = g.relations(n, out, resource.Get("parent").Text())
	return out, nil
}

// relations are those of the type's references, the project, and what contains
// the asset where that is something else.
func (g *gathering) relations(n *node, a *bulwark.Asset, parent string) []bulwark.Relation {
	list := provider.Relate(g.e.options.Types, a, g.place(n.project, a.Region))
	if n.kind == typeProject {
		list = append(list, bulwark.Relation{Name: bulwark.RelAccount, Type: typeProject, Target: bulwark.AssetID(bulwark.Live, n.name)})
	}
	switch {
	case !strings.HasPrefix(parent, managerHost) && strings.HasPrefix(parent, "//"):
		list = append(list, bulwark.Relation{Name: bulwark.RelParent, Target: bulwark.AssetID(bulwark.Live, strings.Clone(parent))})
	case n.kind != typeProject:
		list = append(list, bulwark.Relation{Name: bulwark.RelParent, Type: n.kind, Target: bulwark.AssetID(bulwark.Live, n.name)})
	}
	return bulwark.SortRelations(list)
}

// titleOf is what people call a resource.
func titleOf(name string, data bulwark.Value) string {
	for _, member := range []string{"displayName", "email"} {
		if text := data.Get(member).Text(); text != "" {
			return strings.Clone(text)
		}
	}
	return strings.Clone(lastPart(orElse(data.Get("name").Text(), name)))
}

// finish yields the hierarchy, of which some properties follow from what lies
// below it, and the listings.
func (g *gathering) finish(ctx context.Context) error {
	for _, n := range g.sorted() {
		if !n.active {
			continue
		}
		if err := g.hierarchyAsset(ctx, n); err != nil {
			return err
		}
	}
	g.e.count(g.pages, g.asks)
	at := g.e.options.Now()
	for _, l := range g.listings() {
		l.Connector, l.At = g.e.options.Connector, at
		if err := g.yield(bulwark.Gathered{Listing: &l}); err != nil {
			return err
		}
	}
	return nil
}

// listings says of each scope whether all assets of all types came. A project
// that is being deleted, or was left out, has none any more.
func (g *gathering) listings() []bulwark.Listing {
	var list []bulwark.Listing
	known := map[string]bool{}
	for _, n := range g.sorted() {
		gap := g.failed[g.parentFor(n)]
		known[n.scope] = true
		list = append(list, bulwark.Listing{Scope: n.scope, Complete: gap == nil, Gap: gap})
	}
	for _, parent := range g.e.parents() { // chosen projects that could not even be surveyed
		if project, ok := strings.CutPrefix(parent, "projects/"); ok && g.failed[parent] != nil && !known["gcp/"+project] {
			list = append(list, bulwark.Listing{Scope: "gcp/" + project, Gap: g.failed[parent]})
		}
	}
	return list
}

// parentFor is the parent in whose listing a node's assets are.
func (g *gathering) parentFor(n *node) string {
	if len(g.e.config.Projects) == 0 || g.e.config.Project != "" {
		return g.e.root
	}
	return "projects/" + n.project
}
