package azure

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
)

const (
	subscriptionsVersion = "2022-12-01"
	descendantsVersion   = "2020-05-01"
	permissionsVersion   = "2022-04-01"
)

// A subscription as Azure lists it.
type subscription struct {
	id    string // lower case
	name  string
	state string
}

// Scopes returns the subscriptions that are reached now, sorted, and the tenant
// where Entra is read: one or two calls for each thousand.
func (e *Estate) Scopes(ctx context.Context) ([]bulwark.ScopeInfo, error) {
	subs, _, err := e.subscriptions(ctx)
	if err != nil {
		return nil, fmt.Errorf("azure: list subscriptions: %w", err)
	}
	var out []bulwark.ScopeInfo
	for _, s := range subs {
		out = append(out, s.info())
	}
	return append(out, e.tenantInfo()), nil
}

func (s subscription) info() bulwark.ScopeInfo {
	return bulwark.ScopeInfo{Path: subscriptionScope(s.id), Name: s.name, Kind: "subscription"}
}

func (e *Estate) tenantInfo() bulwark.ScopeInfo {
	return bulwark.ScopeInfo{Path: e.tenantScope(), Name: "Tenant " + e.config.TenantID, Kind: "tenant"}
}

// subscriptions returns those that the configuration wants and that are
// reached, sorted by id, and those that it names but that are not reached.
// Deleted ones are left out.
func (e *Estate) subscriptions(ctx context.Context) (reached []subscription, missing []string, err error) {
	wanted := map[string]bool{}
	for _, id := range e.config.Subscriptions {
		wanted[id] = true
	}
	if e.config.ManagementGroup != "" {
		if err := e.descendants(ctx, func(id string) { wanted[id] = true }); err != nil {
			return nil, nil, err
		}
	}
	all := len(e.config.Subscriptions) == 0 && e.config.ManagementGroup == ""
	err = e.list(ctx, "/subscriptions", subscriptionsVersion, "Microsoft.Resources/subscriptions/read", func(v bulwark.Value) error {
		s := subscription{id: strings.ToLower(strings.Clone(v.Get("subscriptionId").Text())), name: strings.Clone(v.Get("displayName").Text()), state: v.Get("state").Text()}
		if !guid.MatchString(s.id) { // one that is left out would count as gone
			return malformed("GET /subscriptions", oneLine(s.id, 100), "a subscription without a GUID for its id")
		}
		if s.state == "Deleted" || slices.Contains(e.config.Exclude.Subscriptions, s.id) {
			return nil
		}
		if all || wanted[s.id] {
			reached = append(reached, s)
		}
		delete(wanted, s.id)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	for id := range wanted {
		if !slices.Contains(e.config.Exclude.Subscriptions, id) {
			missing = append(missing, id)
		}
	}
	slices.Sort(missing)
	slices.SortFunc(reached, func(a, b subscription) int { return cmp.Compare(a.id, b.id) })
	return slices.CompactFunc(reached, func(a, b subscription) bool { return a.id == b.id }), missing, nil
}

// descendants yields the subscriptions below the configured management group,
// at whatever depth.
func (e *Estate) descendants(ctx context.Context, yield func(id string)) error {
	path := "/providers/Microsoft.Management/managementGroups/" + e.config.ManagementGroup + "/descendants"
	return e.list(ctx, path, descendantsVersion, "Microsoft.Management/managementGroups/descendants/read", func(v bulwark.Value) error {
		typ, id := strings.ToLower(v.Get("type").Text()), strings.ToLower(strings.Clone(v.Get("name").Text()))
		switch {
		case typ == "", strings.HasSuffix(typ, "/subscriptions") && !guid.MatchString(id):
			return malformed("GET "+path, oneLine(id, 100), "a descendant without a type, or a subscription without a GUID for its name")
		case strings.HasSuffix(typ, "/subscriptions"):
			yield(id)
		}
		return nil
	})
}

// rights are the actions that the caller may do on a whole subscription, as
// patterns.
type rights []grant

type grant struct{ actions, not []string }

// permits reports whether an action is granted and not taken back.
func (r rights) permits(action string) bool {
	return slices.ContainsFunc(r, func(g grant) bool { return excluded(g.actions, action) && !excluded(g.not, action) })
}

// rightsOn asks what the caller may do on a subscription. Resource Graph
// leaves out, without a word, what its caller may not read: only who may read
// a type in the whole subscription may conclude from its answer that a resource
// is gone.
func (e *Estate) rightsOn(ctx context.Context, id string) (rights, error) {
	var out rights
	path := "/subscriptions/" + id + "/providers/Microsoft.Authorization/permissions"
	err := e.list(ctx, path, permissionsVersion, "Microsoft.Authorization/permissions/read", func(v bulwark.Value) error {
		var g grant
		for name, list := range map[string]*[]string{"actions": &g.actions, "notActions": &g.not} {
			var err error
			if *list, err = texts(v.Get(name)); err != nil {
				return malformed("GET "+path, id, "%s: %w", name, err)
			}
		}
		out = append(out, g)
		return nil
	})
	return out, err
}

// texts reads a list of texts, which may be absent.
func texts(list bulwark.Value) ([]string, error) {
	if k := list.Kind(); k != bulwark.List && k != bulwark.Absent {
		return nil, fmt.Errorf("it is %s, want a list", k)
	}
	var out []string
	for _, c := range list.Children() {
		if c.Kind() != bulwark.String {
			return nil, fmt.Errorf("an element is %s, want a string", c.Kind())
		}
		out = append(out, strings.Clone(c.Text()))
	}
	return out, nil
}
