package azure

import (
	"context"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

// A resource is one row, of Resource Graph or of a list of Resource Manager.
type resource struct {
	id    string // as Azure writes it
	typ   string // as type files write it
	scope string
	row   bulwark.Value
	extra []patch
	roles *roleNames // for role assignments
}

// resource asks for a row's details and children and hands its asset on. Its
// error is that of the context or of yield.
func (g *gathering) resource(ctx context.Context, r resource) error {
	g.saw(r.scope, r.typ, nil)
	patches, gaps, err := g.detailed(ctx, r.typ, r.id, r.row)
	if err != nil {
		return err
	}
	r.extra = append(append(r.extra, patches...), derived(r)...)
	r.extra = append(r.extra, g.ownersPatch(r)...)
	items, err := g.asset(r)
	if err != nil {
		g.saw(r.scope, r.typ, faultOf(err, r.id))
		gaps = append(gaps, faultOf(err, r.id).Gap("asset", provider.Where(g.connector, r.scope, r.typ)))
	}
	for i := range gaps {
		items = append(items, bulwark.Gathered{Gap: &gaps[i]})
	}
	if err := g.emit(items...); err != nil {
		return err
	}
	return g.children(ctx, r)
}

// children lists what lies below a resource. A list that fails makes its
// type's listing in the subscription incomplete.
func (g *gathering) children(ctx context.Context, r resource) error {
	folded := strings.ToLower(r.typ)
	for _, c := range children {
		if c.of != folded || c.when != nil && !c.when(r.row) || excluded(g.config.Exclude.Types, c.typ) {
			continue
		}
		g.saw(r.scope, c.typ, nil)
		err := g.list(ctx, r.id+c.path, c.version, c.action, func(v bulwark.Value) error {
			return g.child(r, c, v)
		})
		if err := ctx.Err(); err != nil {
			return err
		}
		if err == nil {
			continue
		}
		f := faultOf(err, r.id)
		if isUnsupported(f) {
			continue
		}
		if y, ok := err.(yieldError); ok {
			return y.error
		}
		g.saw(r.scope, c.typ, f)
	}
	return nil
}

// yieldError tells the receiver's own error from a call's.
type yieldError struct{ error }

func (g *gathering) child(r resource, c child, v bulwark.Value) error {
	id := v.Get("id").Text()
	if !checkID(id) || !strings.EqualFold(subscriptionOf(id), subscriptionOf(r.id)) {
		return malformed("GET "+r.id+c.path, oneLine(id, 200), "an element without an id in the subscription")
	}
	one := resource{id: id, typ: c.typ, scope: r.scope, row: v}
	if c.parent != "" {
		one.extra = []patch{{path: []string{c.parent}, value: text(r.id)}}
	}
	items, err := g.asset(one)
	if err != nil {
		return err
	}
	if err := g.emit(items...); err != nil {
		return yieldError{err}
	}
	return nil
}

// asset makes the asset of a row.
func (g *gathering) asset(r resource) ([]bulwark.Gathered, error) {
	a := &bulwark.Asset{ID: bulwark.AssetID(bulwark.Live, nativeID(r)), Type: r.typ, Name: strings.Clone(nameOf(r)), Scope: r.scope, Region: strings.Clone(r.row.Get("location").Text()), Connector: g.connector}
	if full := bulwark.AssetID(bulwark.Live, strings.ToLower(r.id)); full != a.ID {
		a.Aliases = []string{full}
	}
	var err error
	if a.Properties, a.Observed, err = g.types.build(r.typ, a.ID, r.row, r.extra); err != nil {
		return nil, malformed("POST /providers/Microsoft.ResourceGraph/resources", r.id, "%w", err)
	}
	a.Relations = append(g.own(r), provider.Relate(g.types.Types, a, provider.Place{Account: subscriptionOf(r.id)})...)
	a.Relations = bulwark.SortRelations(a.Relations)
	return []bulwark.Gathered{{Asset: a}}, nil
}

// own are the relations that every resource has: to its subscription, and to
// what contains it.
func (g *gathering) own(r resource) []bulwark.Relation {
	var out []bulwark.Relation
	if sub := subscriptionOf(r.id); sub != "" && r.typ != subscriptionType {
		out = append(out, bulwark.Relation{Name: bulwark.RelAccount, Type: subscriptionType, Target: bulwark.AssetID(bulwark.Live, "/subscriptions/"+sub)})
	}
	if id, typ := parentOf(r.id); id != "" {
		out = append(out, bulwark.Relation{Name: bulwark.RelParent, Type: g.types.canonical(typ), Target: bulwark.AssetID(bulwark.Live, id)})
	}
	return out
}

// nativeID is the ARM id in lower case. A role definition has one id for all
// scopes under which Azure writes it.
func nativeID(r resource) string {
	id := strings.ToLower(r.id)
	if r.typ == roleDefinition {
		return rolePath(id)
	}
	return id
}

// nameOf is what people call a resource.
func nameOf(r resource) string {
	for _, at := range [][]string{{"properties", "displayName"}, {"properties", "roleName"}} {
		if text := r.row.At(at...).Text(); text != "" && slices.Contains([]string{managementGroup, roleDefinition}, r.typ) {
			return text
		}
	}
	if name := r.row.Get("name").Text(); name != "" {
		return name
	}
	return r.id[strings.LastIndex(r.id, "/")+1:]
}
