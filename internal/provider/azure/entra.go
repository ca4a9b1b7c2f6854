package azure

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

// An entity is a kind of object that Microsoft Graph lists.
type entity struct {
	typ        string
	set        string // in native ids: /providers/microsoft.graph/<set>/<id>
	path       string
	permission string // an application permission
	most       int    // objects; more are a listing that is not whole
}

// The entities. Source: Microsoft Graph REST API v1.0, each object's "List".
var (
	userEntity = entity{typ: "microsoft.graph/user", set: "users", permission: "User.Read.All", most: 2_000_000,
		path: "/users?$select=id,displayName,userPrincipalName,accountEnabled,userType,createdDateTime,externalUserState,onPremisesSyncEnabled&$top=999"}
	groupEntity = entity{typ: "microsoft.graph/group", set: "groups", permission: "GroupMember.Read.All", most: 500_000,
		path: "/groups?$select=id,displayName,securityEnabled,groupTypes,isAssignableToRole,membershipRule,visibility&$top=999"}
	applicationEntity = entity{typ: "microsoft.graph/application", set: "applications", permission: "Application.Read.All", most: 500_000,
		path: "/applications?$select=id,appId,displayName,signInAudience,createdDateTime,passwordCredentials,keyCredentials&$top=999"}
	principalEntity = entity{typ: "microsoft.graph/servicePrincipal", set: "serviceprincipals", permission: "Application.Read.All", most: 500_000,
		path: "/servicePrincipals?$select=id,appId,displayName,servicePrincipalType,accountEnabled,appOwnerOrganizationId,passwordCredentials,keyCredentials&$top=999"}
	roleEntity = entity{typ: "microsoft.graph/directoryRole", set: "directoryroles", permission: "RoleManagement.Read.Directory", most: 10_000,
		path: "/directoryRoles"}
	policyEntity = entity{typ: "microsoft.graph/conditionalAccessPolicy", set: "conditionalaccesspolicies", permission: "Policy.Read.All", most: 10_000,
		path: "/identity/conditionalAccess/policies"}
	organizationEntity = entity{typ: "microsoft.graph/organization", set: "organizations", permission: "Organization.Read.All", most: 10,
		path: "/organization?$select=id,displayName,tenantType,createdDateTime"}
)

const (
	usersActive  = "/users?$select=id,displayName,userPrincipalName,accountEnabled,userType,createdDateTime,externalUserState,onPremisesSyncEnabled,signInActivity&$top=500"
	registration = "/reports/authenticationMethods/userRegistrationDetails?$select=id,isAdmin,isMfaCapable,isMfaRegistered,methodsRegistered&$top=999"
)

// entraEntities are all of them, in the order in which they are read.
var entraEntities = []entity{roleEntity, groupEntity, userEntity, applicationEntity, principalEntity, policyEntity, organizationEntity}

// directory is what later objects need of earlier ones.
type directory struct {
	*gathering
	registered   map[string]bulwark.Value // by user; nil where the report could not be read
	unregistered string                   // why
	roles        map[string][]string      // names of directory roles, by member
	rolesUnknown string                   // why they are not known
	assignable   map[string][]string      // members of groups that roles may be given to
	apps         map[string]string        // object ids of applications by appId
	appsUnknown  string                   // why some may be missing
	policies     *patch                   // the conditional access policies, for the organization
}

// entra reads the tenant's directory. What cannot be read is a gap, and
// unknown in the objects that it belongs to; the error is the context's or the
// receiver's.
func (g *gathering) entra(ctx context.Context) error {
	g.places = map[string]*place{g.tenantScope(): newPlace()}
	d := &directory{gathering: g, registered: map[string]bulwark.Value{}, roles: map[string][]string{}, assignable: map[string][]string{}, apps: map[string]string{}}
	for _, step := range []func(context.Context) error{d.readRegistration, d.readRoles, d.readGroups, d.readUsers, d.readApplications, d.readPrincipals, d.readPolicies, d.readOrganization} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// graphList yields the objects of a list of Microsoft Graph.
func (e *Estate) graphList(ctx context.Context, path, permission string, most int, yield func(bulwark.Value) error) error {
	n := 0
	return e.linked(ctx, e.cloud.Graph+"/v1.0"+path, "@odata.nextLink", func(address string) call { return e.graphCall(address, permission) }, func(v bulwark.Value) error {
		if n++; n > most {
			return malformed("GET /v1.0"+path, "", "more than %d objects", most)
		}
		return yield(v)
	})
}

func (e *Estate) graphCall(address, permission string) call {
	object, _, _ := strings.Cut(strings.TrimPrefix(address, e.cloud.Graph), "?")
	return call{service: "graph", audience: e.cloud.graphScope, method: "GET", url: address, scope: e.config.TenantID, object: object, needs: permission + " (application permission of Microsoft Graph)"}
}

// each lists an entity, makes an asset of each object with what extra adds,
// and tells how the listing went.
func (d *directory) each(ctx context.Context, en entity, extra func(v bulwark.Value) ([]patch, error)) error {
	if excluded(d.config.Exclude.Types, en.typ) {
		return nil
	}
	err := d.graphList(ctx, en.path, en.permission, en.most, func(v bulwark.Value) error { return d.object(en, v, extra) })
	return d.listed(ctx, en, err)
}

// listed tells how an entity's listing went.
func (d *directory) listed(ctx context.Context, en entity, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var y yieldError
	if errors.As(err, &y) {
		return y.error
	}
	l := &bulwark.Listing{Connector: d.connector, Scope: d.tenantScope(), Type: en.typ, Complete: err == nil, At: d.now().UTC()}
	if err != nil {
		gap := faultOf(err, en.path).Gap("listing", provider.Where(d.connector, d.tenantScope(), en.typ))
		l.Gap = &gap
	}
	return d.emit(bulwark.Gathered{Listing: l})
}

func (d *directory) object(en entity, v bulwark.Value, extra func(v bulwark.Value) ([]patch, error)) error {
	id := strings.ToLower(strings.Clone(v.Get("id").Text()))
	if !guid.MatchString(id) {
		return malformed("GET /v1.0"+en.path, oneLine(id, 100), "an object without a GUID for its id")
	}
	var patches []patch
	if extra != nil {
		var err error
		if patches, err = extra(v); err != nil {
			return err
		}
	}
	a := &bulwark.Asset{ID: graphID(en, id), Type: en.typ, Name: strings.Clone(v.Get("displayName").Text()), Scope: d.tenantScope(), Connector: d.connector}
	if a.Name == "" {
		a.Name = id
	}
	var err error
	if a.Properties, a.Observed, err = d.types.build(en.typ, a.ID, v, patches); err != nil {
		return malformed("GET /v1.0"+en.path, id, "%w", err)
	}
	a.Relations = provider.Relate(d.types.Types, a, provider.Place{})
	if en.typ != organizationEntity.typ {
		a.Relations = append(a.Relations, bulwark.Relation{Name: bulwark.RelAccount, Type: organizationEntity.typ, Target: graphID(organizationEntity, d.config.TenantID)})
	}
	a.Relations = bulwark.SortRelations(a.Relations)
	if err := d.emit(bulwark.Gathered{Asset: a}); err != nil {
		return yieldError{err}
	}
	return nil
}

func graphID(en entity, id string) string {
	return bulwark.AssetID(bulwark.Live, "/providers/microsoft.graph/"+en.set+"/"+id)
}

// unread yields the gap of a property that could not be read and returns why
// it is unknown.
func (d *directory) unread(ctx context.Context, err error, property string, en entity) (string, error) {
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	f := faultOf(err, property)
	gap := f.Gap("property "+property, provider.Where(d.connector, d.tenantScope(), en.typ))
	return provider.Reason(f), d.emit(bulwark.Gathered{Gap: &gap})
}

// readRegistration reads who has registered which methods to sign in. It needs
// a licence (Entra ID P1).
func (d *directory) readRegistration(ctx context.Context) error {
	if excluded(d.config.Exclude.Types, userEntity.typ) {
		return nil
	}
	err := d.graphList(ctx, registration, "AuditLog.Read.All", userEntity.most, func(v bulwark.Value) error {
		b := bulwark.NewBuilder(d.types.Names(), answerLimits) // a copy, so that the page can go
		b.Copy(v)
		own, err := b.Build("")
		d.registered[strings.Clone(strings.ToLower(v.Get("id").Text()))] = own
		return err
	})
	if err == nil {
		return nil
	}
	d.unregistered, err = d.unread(ctx, err, "_registration", userEntity)
	return err
}

// members returns the ids of an object's members by the kind of member: user,
// group, servicePrincipal.
func (d *directory) members(ctx context.Context, path, permission string) (map[string][]string, error) {
	out := map[string][]string{}
	err := d.graphList(ctx, path+"/members?$select=id,displayName&$top=999", permission, 100_000, func(v bulwark.Value) error {
		kind, ok := strings.CutPrefix(v.Get("@odata.type").Text(), "#microsoft.graph.")
		id := strings.ToLower(strings.Clone(v.Get("id").Text()))
		if !ok || !guid.MatchString(id) {
			return malformed("GET /v1.0"+path+"/members", oneLine(id, 100), "a member without a kind and a GUID for its id")
		}
		out[strings.Clone(kind)] = append(out[kind], id)
		return nil
	})
	for _, ids := range out {
		slices.Sort(ids)
	}
	return out, err
}

func (d *directory) readRoles(ctx context.Context) error {
	if excluded(d.config.Exclude.Types, roleEntity.typ) {
		d.rolesUnknown = "directory roles are left out by the configuration"
		return nil
	}
	byGroup := map[string][]string{}
	err := d.graphList(ctx, roleEntity.path, roleEntity.permission, roleEntity.most, func(v bulwark.Value) error {
		return d.object(roleEntity, v, func(v bulwark.Value) ([]patch, error) {
			name := strings.Clone(v.Get("displayName").Text())
			members, err := d.members(ctx, "/directoryRoles/"+strings.ToLower(v.Get("id").Text()), roleEntity.permission)
			if err != nil {
				if d.rolesUnknown, err = d.unread(ctx, err, "_members", roleEntity); err != nil {
					return nil, yieldError{err}
				}
				return []patch{{path: []string{"_members"}, reason: d.rolesUnknown}, {path: []string{"_groups"}, reason: d.rolesUnknown},
					{path: []string{"_servicePrincipals"}, reason: d.rolesUnknown}}, nil
			}
			for _, id := range slices.Concat(members["user"], members["servicePrincipal"]) {
				d.roles[id] = append(d.roles[id], name)
			}
			for _, id := range members["group"] {
				byGroup[id] = append(byGroup[id], name)
			}
			return []patch{{path: []string{"_members"}, value: textList(members["user"])}, {path: []string{"_groups"}, value: textList(members["group"])},
				{path: []string{"_servicePrincipals"}, value: textList(members["servicePrincipal"])}}, nil
		})
	})
	for group, names := range byGroup {
		if err := d.inherit(ctx, group, names); err != nil {
			return err
		}
	}
	if err != nil && d.rolesUnknown == "" {
		d.rolesUnknown = provider.Reason(faultOf(err, roleEntity.path))
	}
	return d.listed(ctx, roleEntity, err)
}

// inherit gives the members of a group the directory roles that it holds.
// Groups that hold roles cannot be nested.
func (d *directory) inherit(ctx context.Context, group string, names []string) error {
	members, err := d.members(ctx, "/groups/"+group, groupEntity.permission)
	if err != nil {
		d.rolesUnknown, err = d.unread(ctx, err, "_members", groupEntity)
		return err
	}
	for _, id := range slices.Concat(members["user"], members["servicePrincipal"]) {
		d.roles[id] = append(d.roles[id], names...)
	}
	d.assignable[group] = members["user"]
	return nil
}

func (d *directory) readGroups(ctx context.Context) error {
	return d.each(ctx, groupEntity, func(v bulwark.Value) ([]patch, error) {
		if !v.Get("isAssignableToRole").Bool() {
			return nil, nil
		}
		id := strings.ToLower(v.Get("id").Text())
		if ids, ok := d.assignable[id]; ok {
			return []patch{{path: []string{"_members"}, value: textList(ids)}}, nil
		}
		members, err := d.members(ctx, "/groups/"+id, groupEntity.permission)
		if err != nil {
			why, err := d.unread(ctx, err, "_members", groupEntity)
			if err != nil {
				return nil, yieldError{err}
			}
			return []patch{{path: []string{"_members"}, reason: why}}, nil
		}
		return []patch{{path: []string{"_members"}, value: textList(members["user"])}}, nil
	})
}

// readUsers reads users with their last sign-in, and without it where a
// permission or licence for that is missing.
func (d *directory) readUsers(ctx context.Context) error {
	active := userEntity
	active.path, active.permission = usersActive, "AuditLog.Read.All, User.Read.All"
	if excluded(d.config.Exclude.Types, active.typ) {
		return nil
	}
	var why string
	extra := func(v bulwark.Value) ([]patch, error) { return d.userPatches(v, why), nil }
	err := d.graphList(ctx, active.path, active.permission, active.most, func(v bulwark.Value) error { return d.object(active, v, extra) })
	f := faultOf(err, active.path)
	if err == nil || f.Kind != bulwark.FaultDenied && f.Kind != bulwark.FaultDisabled {
		return d.listed(ctx, active, err)
	}
	if why, err = d.unread(ctx, err, "signInActivity", userEntity); err != nil {
		return err
	}
	return d.each(ctx, userEntity, extra)
}

func (d *directory) userPatches(v bulwark.Value, inactive string) []patch {
	id := strings.ToLower(v.Get("id").Text())
	var out []patch
	switch r, ok := d.registered[id]; {
	case d.unregistered != "":
		out = append(out, patch{path: []string{"_registration"}, reason: d.unregistered})
	case ok:
		out = append(out, patch{path: []string{"_registration"}, value: r})
	default: // the report lags behind by up to a day
		out = append(out, patch{path: []string{"_registration"}, reason: "the report of registered methods does not name the user yet"})
	}
	if d.rolesUnknown != "" {
		out = append(out, patch{path: []string{"_roles"}, reason: d.rolesUnknown})
	} else {
		names := slices.Clone(d.roles[id])
		slices.Sort(names)
		out = append(out, patch{path: []string{"_roles"}, value: textList(slices.Compact(names))})
	}
	if inactive != "" {
		out = append(out, patch{path: []string{"signInActivity"}, reason: inactive})
	}
	return out
}

func (d *directory) readApplications(ctx context.Context) error {
	if excluded(d.config.Exclude.Types, applicationEntity.typ) {
		d.appsUnknown = "applications are left out by the configuration"
		return nil
	}
	err := d.graphList(ctx, applicationEntity.path, applicationEntity.permission, applicationEntity.most, func(v bulwark.Value) error {
		d.apps[strings.Clone(v.Get("appId").Text())] = strings.ToLower(strings.Clone(v.Get("id").Text()))
		return d.object(applicationEntity, v, nil)
	})
	if err != nil {
		d.appsUnknown = provider.Reason(faultOf(err, applicationEntity.path))
	}
	return d.listed(ctx, applicationEntity, err)
}

func (d *directory) readPrincipals(ctx context.Context) error {
	return d.each(ctx, principalEntity, func(v bulwark.Value) ([]patch, error) {
		app, ok := d.apps[v.Get("appId").Text()]
		switch {
		case ok:
			return []patch{{path: []string{"_application"}, value: text(app)}}, nil
		case d.appsUnknown != "" && strings.EqualFold(v.Get("appOwnerOrganizationId").Text(), d.config.TenantID):
			return []patch{{path: []string{"_application"}, reason: d.appsUnknown}}, nil
		}
		return nil, nil // of another tenant, or a managed identity
	})
}

func (d *directory) readPolicies(ctx context.Context) error {
	d.policies = &patch{path: []string{"_conditionalAccessPolicies"}}
	if excluded(d.config.Exclude.Types, policyEntity.typ) {
		d.policies.reason = "conditional access policies are left out by the configuration"
		return nil
	}
	b := bulwark.NewBuilder(d.types.Names(), answerLimits)
	b.List()
	err := d.graphList(ctx, policyEntity.path, policyEntity.permission, policyEntity.most, func(v bulwark.Value) error {
		b.Copy(v)
		return d.object(policyEntity, v, nil)
	})
	b.End()
	if err != nil {
		d.policies.reason = provider.Reason(faultOf(err, policyEntity.path))
	} else if d.policies.value, err = b.Build(""); err != nil {
		d.policies.reason = err.Error()
	}
	return d.listed(ctx, policyEntity, err)
}

// readOrganization makes the tenant's own asset, with the policies of which
// there is one each.
func (d *directory) readOrganization(ctx context.Context) error {
	if excluded(d.config.Exclude.Types, organizationEntity.typ) {
		return nil
	}
	patches := []patch{*d.policies}
	for _, p := range []struct{ property, path string }{
		{"_authorizationPolicy", "/policies/authorizationPolicy"},
		{"_securityDefaults", "/policies/identitySecurityDefaultsEnforcementPolicy"},
	} {
		v, _, err := d.client.do(ctx, d.graphCall(d.cloud.Graph+"/v1.0"+p.path, "Policy.Read.All"))
		if err == nil && v.Get("id").Text() == "" {
			err = malformed("GET /v1.0"+p.path, "", "the answer is no policy: it has no id")
		}
		one := patch{path: []string{p.property}, value: v}
		if err != nil {
			if one.reason, err = d.unread(ctx, err, p.property, organizationEntity); err != nil {
				return err
			}
		}
		patches = append(patches, one)
	}
	return d.each(ctx, organizationEntity, func(bulwark.Value) ([]patch, error) { return patches, nil })
}

func text(s string) bulwark.Value {
	b := bulwark.NewBuilder(nil, bulwark.Limits{})
	b.String(s)
	v, err := b.Build("")
	if err != nil {
		return bulwark.Value{} // longer than a value may be: absent
	}
	return v
}

func textList(list []string) bulwark.Value {
	b := bulwark.NewBuilder(nil, bulwark.Limits{})
	b.List()
	for _, s := range list {
		b.String(s)
	}
	b.End()
	v, err := b.Build("")
	if err != nil {
		return bulwark.Value{}
	}
	return v
}
