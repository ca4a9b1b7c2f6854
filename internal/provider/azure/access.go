package azure

import (
	"cmp"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// Access returns the Azure actions that a run needs, and the application
// permissions of Microsoft Graph where Entra is read, sorted. The actions are
// all part of the built-in role Reader.
func (e *Estate) Access() []bulwark.Access { return Access(e.types.Types, e.config.Entra) }

// Access is what Estate.Access returns, before there is an Estate.
func Access(types *bulwark.Types, entra bool) []bulwark.Access {
	list := []bulwark.Access{
		{Permission: "Microsoft.Resources/subscriptions/read", Calls: []string{"GET /subscriptions"}, Types: []string{subscriptionType}},
		{Permission: "Microsoft.Management/managementGroups/descendants/read", Calls: []string{"GET /providers/Microsoft.Management/managementGroups/{id}/descendants"}, Optional: true},
		{Permission: "Microsoft.Management/managementGroups/read", Calls: []string{"POST /providers/Microsoft.ResourceGraph/resources"}, Types: []string{managementGroup}, Optional: true},
		{Permission: "Microsoft.Authorization/permissions/read", Calls: []string{"GET /subscriptions/{id}/providers/Microsoft.Authorization/permissions"}},
	}
	for _, t := range types.All() {
		if inSubscription(t.ID) && t.ID != subscriptionType && !isChild(t.ID) || t.ID == roleDefinition {
			list = append(list, bulwark.Access{Permission: t.ID + "/read", Calls: []string{"POST /providers/Microsoft.ResourceGraph/resources"}, Types: []string{t.ID}})
		}
	}
	spell := newTypeTable(types, nil)
	for _, d := range details {
		list = append(list, bulwark.Access{Permission: d.action, Calls: []string{"GET {id}" + d.path}, Types: []string{spell.canonical(d.of)}, Optional: true})
	}
	for _, c := range children {
		list = append(list, bulwark.Access{Permission: c.action, Calls: []string{"GET {id}" + c.path}, Types: []string{c.typ}})
	}
	if entra {
		for _, en := range entraEntities {
			list = append(list, bulwark.Access{Permission: en.permission, Calls: []string{"GET " + pathOnly(en.path)}, Types: []string{en.typ}})
		}
		list = append(list,
			bulwark.Access{Permission: "AuditLog.Read.All", Calls: []string{"GET " + pathOnly(registration), "GET /users?$select=signInActivity"}, Types: []string{userEntity.typ}, Optional: true},
			bulwark.Access{Permission: "Policy.Read.All", Calls: []string{"GET /policies/authorizationPolicy", "GET /policies/identitySecurityDefaultsEnforcementPolicy"}, Types: []string{organizationEntity.typ}})
	}
	return merge(list)
}

func isChild(typ string) bool {
	return slices.ContainsFunc(children, func(c child) bool { return c.typ == typ })
}

func pathOnly(path string) string {
	before, _, _ := strings.Cut(path, "?")
	return before
}

// merge makes one entry of those with one permission.
func merge(list []bulwark.Access) []bulwark.Access {
	slices.SortStableFunc(list, func(a, b bulwark.Access) int { return cmp.Compare(a.Permission, b.Permission) })
	var out []bulwark.Access
	for _, a := range list {
		n := len(out) - 1
		if n < 0 || out[n].Permission != a.Permission {
			out = append(out, a)
			continue
		}
		out[n].Calls = append(out[n].Calls, a.Calls...)
		out[n].Types = append(out[n].Types, a.Types...)
		out[n].Optional = out[n].Optional && a.Optional
	}
	for i := range out {
		slices.Sort(out[i].Calls)
		slices.Sort(out[i].Types)
		out[i].Calls, out[i].Types = slices.Compact(out[i].Calls), slices.Compact(out[i].Types)
	}
	return out
}
