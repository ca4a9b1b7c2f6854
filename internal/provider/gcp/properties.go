package gcp

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

// properties is what an asset's properties are written from.
type properties struct {
	id, name, kind string // kind as the inventory has it
	parent         string // in whose listing it is
	data           bulwark.Value
	told           answer
	cut            bool                                   // the inventory left something out
	more           func(w *writer, lists map[string]bool) // members of ours for the hierarchy
}

// properties writes the resource as its API does, with what the inventory tells
// apart from it: _iamBindings and _auditConfigs of its IAM policy.
func (g *gathering) properties(p properties) (bulwark.Value, error) {
	edit := edits[p.kind]
	info := g.e.types[typeOf(p.kind)]
	if info == nil {
		info = &typeInfo{}
	}
	w := &writer{b: bulwark.NewBuilder(g.e.options.Types.Names(), bulwark.Limits{}), secrets: g.e.options.SecretKey, rename: edit.rename, lower: edit.lower, cut: p.cut, written: map[string]bool{}}
	if p.data.Kind() != bulwark.Object {
		w.b.Unknown("the inventory tells nothing of it")
		return w.b.Build(p.id)
	}
	w.b.Object()
	for member, v := range p.data.Children() {
		if !slices.Contains(edit.drop, member) {
			w.member(member)
			w.copy(v, member, info.shape.step(member), "")
		}
	}
	if edit.add != nil {
		edit.add(w, p.name, p.data, info.shape)
	}
	w.cut = false // what comes now was told apart from the asset
	if q := edit.ask; q != nil {
		switch {
		case p.told.fault != nil:
			w.unknown(q.property, provider.Reason(p.told.fault))
		default:
			w.as(q.property, p.told.value, info.shape)
		}
	}
	g.policy(w, p, info)
	if p.more != nil {
		p.more(w, info.lists)
	}
	if p.cut {
		for _, member := range slices.Sorted(maps.Keys(info.lists)) {
			if !w.written[member] {
				w.unknown(member, cutReason)
			}
		}
	}
	w.b.End()
	return w.b.Build(p.id)
}

// policy writes what the IAM policy says. A type whose file names bindings has
// them always: none is an empty list, and one that was not told is unknown.
func (g *gathering) policy(w *writer, p properties, info *typeInfo) {
	policy, reason := g.iam.get(p.parent, p.name)
	for _, m := range [...]struct{ ours, theirs string }{{"_iamBindings", "bindings"}, {"_auditConfigs", "auditConfigs"}} {
		v := policy.Get(m.theirs)
		switch {
		case reason != "":
			if info.lists[m.ours] {
				w.unknown(m.ours, reason)
			}
		case v.Kind() == bulwark.List:
			w.as(m.ours, v, info.shape)
		case !v.IsAbsent():
			w.unknown(m.ours, "malformed: "+m.theirs+" of the IAM policy is "+v.Kind().String())
		case info.lists[m.ours]:
			w.member(m.ours)
			w.b.List()
			w.b.End()
		}
	}
}

var contactsCall = call{"essentialcontacts", "contacts.list", "essentialcontacts.contacts.list"}

const maxContacts = 100 // pages of an organisation's contacts

// hierarchyAsset yields an organisation, folder or project.
func (g *gathering) hierarchyAsset(ctx context.Context, n *node) error {
	if !g.e.wantsType(n.kind) {
		return nil
	}
	id := bulwark.AssetID(bulwark.Live, n.name)
	contacts, err := g.contacts(ctx, n)
	if err != nil {
		return err
	}
	a := &bulwark.Asset{ID: id, Type: n.kind, Name: n.title, Scope: n.scope, Connector: g.e.options.Connector}
	a.Properties, err = g.properties(properties{id: id, name: n.name, kind: n.kind, parent: g.parentFor(n), data: n.data, cut: n.cut, more: func(w *writer, lists map[string]bool) {
		g.ours(w, n, lists, contacts)
	}})
	if err != nil {
		return err
	}
	if a.Observed, err = g.observe(n, id); err != nil {
		return err
	}
	for _, key := range n.ancestors {
		if key != n.key {
			a.Relations = append(a.Relations, bulwark.Relation{Name: bulwark.RelParent, Type: kindOfKey(key), Target: bulwark.AssetID(bulwark.Live, parentOf(key))})
		}
	}
	a.Relations = bulwark.SortRelations(append(a.Relations, provider.Relate(g.e.options.Types, a, g.place(n.project, ""))...))
	return g.yield(bulwark.Gathered{Asset: a})
}

// ours writes the members of a node that are not its API's.
func (g *gathering) ours(w *writer, n *node, lists map[string]bool, contacts bulwark.Value) {
	switch v, ok := g.policies[n.name]; {
	case ok:
		w.as("_orgPolicies", v, nil)
	case g.policyReason != "":
		w.unknown("_orgPolicies", g.policyReason)
	default:
		w.member("_orgPolicies")
		w.b.List()
		w.b.End()
	}
	w.as("_contacts", contacts, nil)
	if n.kind == typeOrganization {
		w.as("_accessPolicies", g.access, nil)
	}
	if lists["_autoCreateNetwork"] {
		has, perhaps := g.networks[n.key]
		if gap := g.failed[g.parentFor(n)]; !has && (perhaps || gap != nil) {
			w.unknown("_autoCreateNetwork", "the project's networks were not all told")
		} else {
			w.setBool("_autoCreateNetwork", has)
		}
	}
}

// contacts reads an organisation's essential contacts, which the inventory has
// only where somebody set them; absent for folders and projects. What fails is a
// gap and an unknown value; the error is that the run is over.
func (g *gathering) contacts(ctx context.Context, n *node) (bulwark.Value, error) {
	if n.kind != typeOrganization {
		return bulwark.Value{}, nil
	}
	b := bulwark.NewBuilder(g.e.options.Types.Names(), bulwark.Limits{})
	b.List()
	err := provider.Pages(ctx, contactsCall.String(), n.key, maxContacts, func(ctx context.Context, token string) (string, error) {
		q := map[string][]string{"pageSize": {"100"}}
		if token != "" {
			q["pageToken"] = []string{token}
		}
		v, err := g.e.client.get(ctx, contactsCall, n.key, "/v1/"+n.key+"/contacts", q)
		if err != nil {
			return "", err
		}
		list, next := v.Get("contacts"), v.Get("nextPageToken")
		if k, l := list.Kind(), next.Kind(); k != bulwark.List && k != bulwark.Absent || l != bulwark.String && l != bulwark.Absent {
			return "", &bulwark.Fault{Kind: bulwark.FaultMalformed, Call: contactsCall.String(), Object: n.key, Err: fmt.Errorf("contacts is %s and nextPageToken %s", k, l)}
		}
		for _, c := range list.Children() {
			b.Copy(c)
		}
		return next.Text(), nil
	})
	b.End()
	if err == nil {
		return b.Build("")
	}
	if ctx.Err() != nil {
		return bulwark.Value{}, ctx.Err()
	}
	f := provider.FaultOf(err, contactsCall.String(), n.key)
	if err := g.gap(f.Gap("property", g.e.where(n.scope, n.kind, "_contacts"))); err != nil {
		return bulwark.Value{}, err
	}
	b = bulwark.NewBuilder(nil, bulwark.Limits{})
	b.Unknown(provider.Reason(f))
	return b.Build("")
}

// kindOfKey is the type of what a key of the hierarchy stands for.
func kindOfKey(key string) string {
	switch {
	case len(key) > 8 && key[:8] == "folders/":
		return typeFolder
	case len(key) > 14 && key[:14] == "organizations/":
		return typeOrganization
	}
	return typeProject
}
