package azure

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

const (
	roleAssignment  = "Microsoft.Authorization/roleAssignments"
	roleDefinition  = "Microsoft.Authorization/roleDefinitions"
	managementGroup = "Microsoft.Management/managementGroups"
)

// rolePath is the one native id of a role definition, whose GUID is its own in
// the tenant, whatever scope stands before it.
func rolePath(id string) string {
	return "/providers/microsoft.authorization/roledefinitions/" + strings.ToLower(id[strings.LastIndex(id, "/")+1:])
}

// tenant reads what belongs to no subscription: management groups, role
// definitions, and role assignments above subscriptions. It returns the names
// of roles. Built-in roles become assets only where they are
// assigned above subscriptions or are of the few that may do everything.
func (g *gathering) tenant(ctx context.Context) (*roleNames, error) {
	scope := g.tenantScope()
	g.places = map[string]*place{scope: newPlace()}
	p := g.places[scope]
	roles := &roleNames{byID: map[string]string{}}
	each := func(text, typ string, keep func(row bulwark.Value, id string) bool) error {
		out := excluded(g.config.Exclude.Types, typ)
		if out && typ != roleDefinition { // whose names assignments bear
			return nil
		}
		p.types[typ] = !out
		_, err := g.rows(ctx, query{text: text}, func(row bulwark.Value) error {
			id := row.Get("id").Text()
			if !checkID(id) {
				return malformed("POST /providers/Microsoft.ResourceGraph/resources", oneLine(id, 200), "a row without an id that can be read")
			}
			if !keep(row, id) || out {
				return nil
			}
			r := resource{id: id, typ: typ, scope: scope, row: row, roles: roles}
			r.extra = derived(r)
			items, err := g.asset(r)
			if err != nil {
				return err
			}
			if err := g.emit(items...); err != nil {
				return yieldError{err}
			}
			return nil
		})
		if err := ctx.Err(); err != nil {
			return err
		}
		if y, ok := err.(yieldError); ok {
			return y.error
		}
		if err != nil {
			p.faults[typ] = faultOf(err, text)
		}
		return nil
	}
	if err := each(rolesQuery, roleDefinition, func(row bulwark.Value, id string) bool {
		name := id[strings.LastIndex(id, "/")+1:]
		roles.byID[strings.Clone(strings.ToLower(name))] = strings.Clone(row.At("properties", "roleName").Text())
		return strings.EqualFold(row.At("properties", "type").Text(), "CustomRole") || isAllPowerful(strings.ToLower(name))
	}); err != nil {
		return nil, err
	}
	if f := p.faults[roleDefinition]; f != nil {
		roles.why = provider.Reason(f)
	}
	root := false // the root management group bears the tenant's id
	if err := each(groupsQuery, managementGroup, func(row bulwark.Value, _ string) bool {
		root = root || strings.EqualFold(row.Get("name").Text(), g.config.TenantID)
		return true
	}); err != nil {
		return nil, err
	}
	if err := each(assignmentsQuery, roleAssignment, func(_ bulwark.Value, id string) bool { return subscriptionOf(id) == "" }); err != nil {
		return nil, err
	}
	return roles, g.tenantListings(p, root)
}

// tenantListings tells how the listings of the tenant went. They are complete
// only for who sees the root management group: another caller is not told what
// was left out.
func (g *gathering) tenantListings(p *place, root bool) error {
	for _, typ := range []string{roleDefinition, managementGroup, roleAssignment} {
		if !p.types[typ] {
			continue
		}
		if p.faults[typ] == nil && !root {
			p.faults[typ] = &bulwark.Fault{Kind: bulwark.FaultDenied, Call: "POST /providers/Microsoft.ResourceGraph/resources", Object: "the root management group", Needs: needsReader + " on the root management group",
				Err: errors.New("what lies above the subscriptions is told only to who may read the root management group")}
		}
		l := &bulwark.Listing{Connector: g.connector, Scope: g.tenantScope(), Type: typ, Complete: p.faults[typ] == nil, At: g.now().UTC()}
		if f := p.faults[typ]; f != nil {
			gap := f.Gap("listing", provider.Where(g.connector, g.tenantScope(), typ))
			l.Gap = &gap
		}
		if err := g.emit(bulwark.Gathered{Listing: l}); err != nil {
			return err
		}
	}
	return nil
}

// roleNames are the names of role definitions by their GUID, and why some may
// be missing.
type roleNames struct {
	byID map[string]string
	why  string
}

// Roles that may do everything, or give themselves what they lack. Source:
// Azure documentation, "Azure built-in roles".
var allPowerful = []string{
	ownerRole,
	"b24988ac-6180-42a0-ab88-20f7382dd24c", // Contributor
	"18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", // User Access Administrator
	"f58310d9-a9f6-439a-9e8d-f62e7b41a168", // Role Based Access Control Administrator
}

func isAllPowerful(id string) bool {
	for _, p := range allPowerful {
		if p == id {
			return true
		}
	}
	return false
}

// derived are properties of ours that follow from a row: the role of an
// assignment by its name and one id, who holds it, and where; the server of a
// database; what a flow log records.
func derived(r resource) []patch {
	var out []patch
	set := func(name, s string) {
		if s != "" {
			out = append(out, patch{path: []string{name}, value: text(s)})
		}
	}
	switch strings.ToLower(r.typ) {
	case "microsoft.authorization/roleassignments":
		role := r.row.At("properties", "roleDefinitionId").Text()
		if role != "" {
			set("_role", rolePath(role))
			switch name := r.roles.byID[strings.ToLower(role[strings.LastIndex(role, "/")+1:])]; {
			case name == "" && r.roles.why != "":
				out = append(out, patch{path: []string{"_roleName"}, reason: r.roles.why})
			default:
				set("_roleName", name)
			}
		}
		id := r.row.At("properties", "principalId").Text()
		switch strings.ToLower(r.row.At("properties", "principalType").Text()) {
		case "user":
			set("_user", id)
		case "group":
			set("_group", id)
		case "serviceprincipal":
			set("_servicePrincipal", id)
		}
		if scope := r.row.At("properties", "scope").Text(); strings.EqualFold(scope, "/subscriptions/"+subscriptionOf(scope)) {
			set("_subscription", scope)
		}
	case "microsoft.sql/servers/databases":
		server, _ := parentOf(r.id)
		set("_server", server)
	case "microsoft.network/networkwatchers/flowlogs":
		target := r.row.At("properties", "targetResourceId").Text()
		switch folded := strings.ToLower(target); {
		case strings.Contains(folded, "/networksecuritygroups/"):
			set("_securityGroup", target)
		case strings.Contains(folded, "/subnets/"):
			network, _, _ := strings.Cut(folded, "/subnets/")
			set("_network", network)
		case strings.Contains(folded, "/virtualnetworks/"):
			set("_network", target)
		}
	}
	return out
}

const ownerRole = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"

// ownerOf returns the subscription whose owner an assignment makes somebody,
// and whom. It is nothing for other roles, and for scopes above and below.
func ownerOf(row bulwark.Value) (subscription, principal string) {
	p := row.Get("properties")
	scope := p.Get("scope").Text()
	sub := subscriptionOf(scope)
	if sub == "" || !strings.EqualFold(scope, "/subscriptions/"+sub) || !strings.HasSuffix(strings.ToLower(p.Get("roleDefinitionId").Text()), "/"+ownerRole) {
		return "", ""
	}
	return sub, p.Get("principalId").Text()
}

// owners adds an owner of a subscription; with "" they are to be known.
func (g *gathering) owners(id, principal string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.places[subscriptionScope(id)]
	switch {
	case p == nil:
	case p.owners == nil:
		p.owners = []string{}
		fallthrough
	default:
		if principal != "" && !slices.Contains(p.owners, principal) {
			p.owners = append(p.owners, strings.Clone(principal))
		}
	}
}

// ownersRead tells how the question for role assignments went. Who may not
// read them all is not told what was left out.
func (g *gathering) ownersRead(id string, f *bulwark.Fault) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.places[subscriptionScope(id)]
	action := roleAssignment + "/read"
	switch {
	case f != nil:
		p.types[roleAssignment], p.faults[roleAssignment], p.why = true, f, provider.Reason(f)
	case !p.rights.permits(action):
		p.why = provider.Reason(&bulwark.Fault{Kind: bulwark.FaultDenied, Needs: needsAction(action)})
	}
	slices.Sort(p.owners)
}

// ownersPatch are the owners of a subscription, for its own row.
func (g *gathering) ownersPatch(r resource) []patch {
	if r.typ != subscriptionType {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch p := g.places[r.scope]; {
	case p.why != "":
		return []patch{{path: []string{"_owners"}, reason: p.why}}
	case p.owners == nil:
		return []patch{{path: []string{"_owners"}, reason: "role assignments are left out by the configuration"}}
	default:
		return []patch{{path: []string{"_owners"}, value: textList(p.owners)}}
	}
}
