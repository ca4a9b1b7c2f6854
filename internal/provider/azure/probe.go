package azure

import (
	"context"
	"fmt"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// Probe tries each permission of Access once: in the first subscription, and
// where a call needs an object, on the first of its type. It fails as a whole
// only where the subscriptions cannot be listed, the context ends, or yield
// fails.
func (e *Estate) Probe(ctx context.Context, yield func(bulwark.Probe) error) error {
	subs, _, err := e.subscriptions(ctx)
	if err != nil {
		return fmt.Errorf("azure: list subscriptions: %w", err)
	}
	p := &probing{Estate: e, subs: subs, objects: map[string]string{}}
	if len(subs) > 0 {
		p.rights, p.rightsErr = e.rightsOn(ctx, subs[0].id)
	}
	for _, a := range e.Access() {
		probe := p.try(ctx, a)
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := yield(probe); err != nil {
			return err
		}
	}
	return nil
}

type probing struct {
	*Estate
	subs      []subscription
	rights    rights
	rightsErr error
	objects   map[string]string // id of one asset by type in lower case; "" where there is none
}

func (p *probing) try(ctx context.Context, a bulwark.Access) bulwark.Probe {
	out := bulwark.Probe{Access: a, State: bulwark.ProbeUntried}
	if !strings.Contains(a.Permission, "/") {
		out.Where = p.tenantScope()
		return verdict(out, p.tryGraph(ctx, a.Permission))
	}
	if strings.HasPrefix(a.Permission, "Microsoft.Management/") {
		out.Where = p.tenantScope()
		return p.tryGroups(ctx, out)
	}
	if len(p.subs) == 0 {
		out.Why = "no subscription is reached"
		return out
	}
	out.Where = subscriptionScope(p.subs[0].id)
	if p.rightsErr != nil {
		return verdict(out, p.rightsErr)
	}
	if !p.rights.permits(a.Permission) { // the least that is certain
		out.State, out.Why = bulwark.ProbeDenied, "the action is not granted on the whole subscription"
		return out
	}
	for _, d := range details {
		if d.action == a.Permission {
			return p.tryOn(ctx, out, d.of, d.path, d.version, a.Permission, d.optional)
		}
	}
	for _, c := range children {
		if c.action == a.Permission {
			return p.tryOn(ctx, out, c.of, c.path, c.version, a.Permission, false)
		}
	}
	out.State = bulwark.ProbeAllowed
	return out
}

// tryOn makes a call on one asset of a type.
func (p *probing) tryOn(ctx context.Context, out bulwark.Probe, typ, path, version, action string, optional bool) bulwark.Probe {
	id, err := p.object(ctx, typ)
	if err != nil {
		return verdict(out, err)
	}
	if id == "" {
		out.Why = "there is no " + typ + " to try it on"
		return out
	}
	_, err = p.get(ctx, id+path, version, action)
	if f := faultOf(err, id); err != nil && (f.Kind == bulwark.FaultAbsent && optional || isUnsupported(f)) {
		err = nil
	}
	return verdict(out, err)
}

// object returns the id of one asset of a type in the probed subscription.
func (p *probing) object(ctx context.Context, typ string) (string, error) {
	if typ == strings.ToLower(subscriptionType) {
		return "/subscriptions/" + p.subs[0].id, nil
	}
	id, ok := p.objects[typ]
	if ok {
		return id, nil
	}
	_, err := p.rows(ctx, typeQuery(typ, []string{p.subs[0].id}), func(row bulwark.Value) error {
		if text := row.Get("id").Text(); checkID(text) {
			id = text
		}
		return nil
	})
	if err == nil {
		p.objects[typ] = id
	}
	return id, err
}

// typeQuery asks for one asset of a type; its answer also tells how many there
// are.
func typeQuery(typ string, subscriptions []string) query {
	return query{text: "resources | where type =~ '" + typ + "' | project id, name, type | order by id asc", subscriptions: subscriptions, top: 1, first: true}
}

func (p *probing) tryGroups(ctx context.Context, out bulwark.Probe) bulwark.Probe {
	if strings.HasSuffix(out.Permission, "/descendants/read") {
		if p.config.ManagementGroup == "" {
			out.Why = "no management group is configured"
			return out
		}
		return verdict(out, p.descendants(ctx, func(string) {}))
	}
	seen := false
	_, err := p.rows(ctx, query{text: groupsQuery, top: 1, first: true}, func(bulwark.Value) error { seen = true; return nil })
	if err == nil && !seen {
		out.State, out.Why = bulwark.ProbeDenied, "no management group is visible"
		return out
	}
	return verdict(out, err)
}

// tryGraph makes one call that needs an application permission.
func (p *probing) tryGraph(ctx context.Context, permission string) error {
	path := "/policies/authorizationPolicy"
	if permission == "AuditLog.Read.All" {
		path = pathOnly(registration) + "?$top=1"
	}
	for _, en := range entraEntities {
		if en.permission == permission && en.typ != policyEntity.typ {
			path = pathOnly(en.path)
			if en.typ != roleEntity.typ && en.typ != organizationEntity.typ {
				path += "?$top=1"
			}
			break
		}
	}
	_, _, err := p.client.do(ctx, p.graphCall(p.cloud.Graph+"/v1.0"+path, permission))
	return err
}

// verdict writes what a tried call's error means.
func verdict(out bulwark.Probe, err error) bulwark.Probe {
	if err == nil {
		out.State = bulwark.ProbeAllowed
		return out
	}
	f := faultOf(err, "")
	out.Why = f.Error()
	switch f.Kind {
	case bulwark.FaultDenied, bulwark.FaultCredentials:
		out.State = bulwark.ProbeDenied
	default:
		out.State = bulwark.ProbeUnreachable
	}
	return out
}
