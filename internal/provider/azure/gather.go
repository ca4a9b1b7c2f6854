package azure

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

const (
	columns = "project id, name, type, kind, location, managedBy, sku, plan, properties, tags, identity, zones, extendedLocation | order by id asc"

	resourcesQuery   = "resources | " + columns
	containersQuery  = "resourcecontainers | where type in~ ('microsoft.resources/subscriptions', 'microsoft.resources/subscriptions/resourcegroups') | " + columns
	assignmentsQuery = "authorizationresources | where type =~ 'microsoft.authorization/roleassignments' | project id, name, type, properties | order by id asc"
	rolesQuery       = "authorizationresources | where type =~ 'microsoft.authorization/roledefinitions' | project id, name, type, properties | order by id asc"
	groupsQuery      = "resourcecontainers | where type =~ 'microsoft.management/managementgroups' | project id, name, type, properties | order by id asc"

	batchSize = 50 // subscriptions of a query
	parallel  = 16 // assets whose details are asked for at once
)

// Gather reads all that the configuration reaches. Assets come in no order,
// listings after the assets of their subscription. It fails as a whole only
// when the subscriptions cannot be listed or the context ends.
func (e *Estate) Gather(ctx context.Context, yield func(bulwark.Gathered) error) error {
	subs, missing, err := e.subscriptions(ctx)
	if err != nil {
		return fmt.Errorf("azure: list subscriptions: %w", err)
	}
	g := &gathering{Estate: e, yield: yield, places: map[string]*place{}}
	for _, id := range missing {
		gap := bulwark.Gap{What: "subscription", Where: provider.Where(e.connector, subscriptionScope(id)), Why: "it is configured, and the credential does not reach it", Needs: needsReader + " on /subscriptions/" + id}
		if err := g.emit(bulwark.Gathered{Gap: &gap}); err != nil {
			return err
		}
	}
	for _, s := range subs {
		info := s.info()
		if err := g.emit(bulwark.Gathered{Scope: &info}); err != nil {
			return err
		}
	}
	info := e.tenantInfo()
	if err := g.emit(bulwark.Gathered{Scope: &info}); err != nil {
		return err
	}
	roles, err := g.tenant(ctx)
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(subs, batchSize) {
		if err := g.batch(ctx, batch, roles); err != nil {
			return err
		}
	}
	if e.config.Entra {
		return g.entra(ctx)
	}
	return nil
}

// gathering is one run of Gather.
type gathering struct {
	*Estate
	mu     sync.Mutex
	yield  func(bulwark.Gathered) error
	places map[string]*place // of the batch under way, by scope
}

// place is what is known of the listings of one scope.
type place struct {
	failed *bulwark.Fault            // of the scope as a whole
	types  map[string]bool           // that were seen
	faults map[string]*bulwark.Fault // by type: of its listing alone
	rights rights                    // nil: unknown or not asked
	owners []string                  // principals that own the subscription; nil: not asked for
	why    string                    // the owners are not all known
	own    bool                      // the subscription's own row was seen
}

func newPlace() *place { return &place{types: map[string]bool{}, faults: map[string]*bulwark.Fault{}} }

// emit hands an item on, one at a time.
func (g *gathering) emit(items ...bulwark.Gathered) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, item := range items {
		if err := g.yield(item); err != nil {
			return err
		}
	}
	return nil
}

// saw notes that a type was seen in a scope, or that its listing there is not
// whole.
func (g *gathering) saw(scope, typ string, fault *bulwark.Fault) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.places[scope]
	if p == nil {
		return
	}
	p.types[typ] = true
	if fault != nil && p.faults[typ] == nil {
		p.faults[typ] = fault
	}
}

// batch reads some subscriptions.
func (g *gathering) batch(ctx context.Context, subs []subscription, roles *roleNames) error {
	g.places = map[string]*place{}
	for _, s := range subs {
		g.places[subscriptionScope(s.id)] = newPlace()
	}
	work, inner := errgroup.WithContext(ctx)
	work.SetLimit(parallel)
	for _, s := range subs {
		work.Go(func() error { return g.readRights(inner, s.id) })
	}
	if err := work.Wait(); err != nil {
		return err
	}
	work, inner = errgroup.WithContext(ctx)
	work.SetLimit(parallel)
	ask := &asking{g: g, work: work, ctx: inner, roles: roles}
	if !excluded(g.config.Exclude.Types, roleAssignment) {
		ask.each(subs, ask.assignments, g.ownersRead)
	}
	ask.each(subs, ask.tables, g.fail)
	if err := work.Wait(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, s := range subs {
		if err := g.listings(s.id); err != nil {
			return err
		}
	}
	return nil
}

// isOfOne reports whether a failure may be due to one of several subscriptions.
func isOfOne(f *bulwark.Fault) bool {
	switch f.Kind {
	case bulwark.FaultThrottled, bulwark.FaultCredentials, bulwark.FaultTimeout, bulwark.FaultUnreachable:
		return false
	}
	return true
}

// fail notes why nothing may be concluded of a subscription; nil is no reason.
func (g *gathering) fail(id string, f *bulwark.Fault) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p := g.places[subscriptionScope(id)]; p.failed == nil {
		p.failed = f
	}
}

// readRights learns what may be concluded from a subscription's listings.
func (g *gathering) readRights(ctx context.Context, id string) error {
	r, err := g.rightsOn(ctx, id)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		g.fail(id, faultOf(err, id))
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.places[subscriptionScope(id)].rights = r
	return nil
}

// asking runs the queries of a batch; each row becomes work.
type asking struct {
	g     *gathering
	work  *errgroup.Group
	ctx   context.Context
	roles *roleNames
}

// each asks a question about some subscriptions at once. When that fails, each
// is asked about alone, so that one that is broken costs only itself. told is
// called once for each, with nil where the question was answered.
func (a *asking) each(subs []subscription, ask func([]subscription) *bulwark.Fault, told func(id string, f *bulwark.Fault)) {
	fault := ask(subs)
	for _, s := range subs {
		f := fault
		if f != nil && a.ctx.Err() == nil && len(subs) > 1 && isOfOne(f) {
			f = ask([]subscription{s})
		}
		told(s.id, f)
	}
}

// assignments asks who holds which role. Its failure makes those listings and
// the owners of the subscriptions unknown, and nothing else.
func (a *asking) assignments(subs []subscription) *bulwark.Fault {
	ids := make([]string, len(subs))
	for i, s := range subs {
		ids[i] = s.id
		a.g.owners(s.id, "")
	}
	_, err := a.g.rows(a.ctx, query{text: assignmentsQuery, subscriptions: ids}, func(row bulwark.Value) error {
		if sub, principal := ownerOf(row); principal != "" {
			a.g.owners(sub, principal)
		}
		a.row(row, ids)
		return a.ctx.Err()
	})
	if err != nil {
		return faultOf(err, assignmentsQuery)
	}
	return nil
}

// tables asks for the resources of some subscriptions and returns the first
// fault.
func (a *asking) tables(subs []subscription) *bulwark.Fault {
	ids := make([]string, len(subs))
	for i, s := range subs {
		ids[i] = s.id
	}
	for _, text := range []string{containersQuery, resourcesQuery} {
		_, err := a.g.rows(a.ctx, query{text: text, subscriptions: ids}, func(row bulwark.Value) error {
			a.row(row, ids)
			return a.ctx.Err()
		})
		if err != nil {
			return faultOf(err, text)
		}
	}
	return nil
}

// row starts the work on one row. One whose id or type cannot be read leaves
// open what it was, so that no listing of the batch is whole.
func (a *asking) row(row bulwark.Value, subs []string) {
	id, typ := strings.Clone(row.Get("id").Text()), strings.Clone(row.Get("type").Text())
	sub := subscriptionOf(id)
	if !checkID(id) || typ == "" {
		for _, s := range subs {
			a.g.fail(s, malformed("POST /providers/Microsoft.ResourceGraph/resources", oneLine(id, 200), "a row without an id and type that can be read"))
		}
		return
	}
	if !slices.Contains(subs, sub) {
		return // an assignment above the subscriptions, which is read once for all
	}
	r := resource{id: id, typ: a.g.types.canonical(typ), scope: subscriptionScope(sub), row: row, roles: a.roles}
	if r.typ == subscriptionType { // it was told of, also where it is left out
		a.g.mu.Lock()
		a.g.places[r.scope].own = true
		a.g.mu.Unlock()
	}
	if a.g.leftOut(r) {
		return
	}
	a.work.Go(func() error { return a.g.resource(a.ctx, r) })
}

// leftOut reports whether the configuration leaves a resource out.
func (e *Estate) leftOut(r resource) bool {
	if excluded(e.config.Exclude.Types, r.typ) {
		return true
	}
	parts := strings.SplitN(r.id, "/", 6)
	return len(parts) >= 5 && strings.EqualFold(parts[3], "resourceGroups") && excluded(e.config.Exclude.ResourceGroups, parts[4])
}

// listings tells how the listing of each type in a subscription went: those
// seen now and those that type files know.
func (g *gathering) listings(id string) error {
	scope := subscriptionScope(id)
	p := g.places[scope]
	if p.failed == nil && !p.own {
		p.failed = malformed("POST /providers/Microsoft.ResourceGraph/resources", id, "the subscription itself was not among the records")
	}
	if p.failed != nil {
		gap := p.failed.Gap("listing", provider.Where(g.connector, scope))
		return g.emit(bulwark.Gathered{Listing: &bulwark.Listing{Connector: g.connector, Scope: scope, Gap: &gap, At: g.now().UTC()}})
	}
	for _, t := range g.types.All() {
		if inSubscription(t.ID) && !excluded(g.config.Exclude.Types, t.ID) {
			p.types[t.ID] = true
		}
	}
	for typ := range p.types {
		if action := typ + "/read"; p.faults[typ] == nil && !p.rights.permits(action) {
			p.faults[typ] = &bulwark.Fault{Kind: bulwark.FaultDenied, Call: "POST /providers/Microsoft.ResourceGraph/resources", Object: id, Needs: needsAction(action),
				Err: fmt.Errorf("%s is not granted on the whole subscription, and Resource Graph leaves out what may not be read", action)}
		}
	}
	for _, c := range children { // what lies below assets that are not all known is not all known
		of := g.types.canonical(c.of)
		if excluded(g.config.Exclude.Types, of) { // nor asked for
			delete(p.types, c.typ)
		}
		if f := p.faults[of]; f != nil && p.faults[c.typ] == nil {
			p.faults[c.typ] = f
		}
	}
	types := make([]string, 0, len(p.types))
	for typ := range p.types {
		types = append(types, typ)
	}
	slices.Sort(types)
	for _, typ := range types {
		fault := p.faults[typ]
		l := &bulwark.Listing{Connector: g.connector, Scope: scope, Type: typ, Complete: fault == nil, At: g.now().UTC()}
		if fault != nil {
			gap := fault.Gap("listing", provider.Where(g.connector, scope, typ))
			l.Gap = &gap
		}
		if err := g.emit(bulwark.Gathered{Listing: l}); err != nil {
			return err
		}
	}
	return nil
}

// inSubscription reports whether assets of a type lie in subscriptions: the
// resource providers' types but those of the tenant.
func inSubscription(typ string) bool {
	folded := strings.ToLower(typ)
	return strings.HasPrefix(folded, "microsoft.") && !strings.HasPrefix(folded, "microsoft.graph/") && !slices.Contains(tenantTypes, typ)
}

// tenantTypes are of the tenant as a whole.
var tenantTypes = []string{managementGroup, roleDefinition}
