package gcp

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

// Access returns what a run of this configuration calls, by the permissions
// that it needs on the root: all are part of roles/cloudasset.viewer but the
// last two. The caller's quota project also needs serviceusage.services.use.
func (e *Estate) Access() []bulwark.Access {
	list := []bulwark.Access{
		{Permission: listCalls[resources].permission, Calls: calls(listCalls[resources])},
		{Permission: listCalls[iamPolicies].permission, Calls: calls(listCalls[iamPolicies]), Optional: true},
		{Permission: listCalls[orgPolicies].permission, Calls: calls(listCalls[orgPolicies]), Types: []string{typeOrganization, typeFolder, typeProject}, Optional: true},
	}
	if e.config.Organization != "" && e.parents()[0] == e.root {
		list = append(list,
			bulwark.Access{Permission: listCalls[access].permission, Calls: calls(listCalls[access]), Types: []string{typeOrganization}, Optional: true},
			bulwark.Access{Permission: contactsCall.permission, Calls: calls(contactsCall), Types: []string{typeOrganization}, Optional: true})
	}
	for _, kind := range asked() {
		if q := edits[kind].ask; e.wantsType(kind) {
			list = append(list, bulwark.Access{Permission: q.call.permission, Calls: calls(q.call), Types: []string{typeOf(kind)}, Optional: true})
		}
	}
	return list
}

func calls(k call) []string { return []string{k.String()} }

// asked are the types of which an owning API tells something, sorted.
func asked() []string {
	var kinds []string
	for kind, edit := range edits {
		if edit.ask != nil {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}

var testCall = call{"cloudresourcemanager", "testIamPermissions", ""}

// Probe tries each permission at each parent: it asks which are granted, and
// then for a page of one asset of every listing, which also shows a service that
// is not enabled and a perimeter that refuses.
func (e *Estate) Probe(ctx context.Context, yield func(bulwark.Probe) error) error {
	for _, parent := range e.parents() {
		granted, testErr := e.granted(ctx, parent)
		for _, a := range e.Access() {
			p := bulwark.Probe{Access: a, Where: "gcp/" + parent}
			err := e.try(ctx, a.Permission, parent)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			switch {
			case err != nil:
				p.State, p.Why = stateOf(provider.FaultOf(err, a.Calls[0], parent))
			case e.tried(a.Permission):
				p.State = bulwark.ProbeAllowed
			case testErr != nil:
				p.State, p.Why = bulwark.ProbeUntried, testErr.Error()
			case slices.Contains(granted, a.Permission):
				p.State = bulwark.ProbeAllowed
			default:
				p.State, p.Why = bulwark.ProbeDenied, "the permission is not granted on "+parent
			}
			if err := yield(p); err != nil {
				return err
			}
		}
	}
	return nil
}

func stateOf(f *bulwark.Fault) (bulwark.ProbeState, string) {
	switch f.Kind {
	case bulwark.FaultDenied, bulwark.FaultDisabled, bulwark.FaultCredentials, bulwark.FaultAbsent:
		return bulwark.ProbeDenied, f.Error()
	}
	return bulwark.ProbeUnreachable, f.Error()
}

// granted asks which permissions the caller has on a parent.
func (e *Estate) granted(ctx context.Context, parent string) ([]string, error) {
	var want []string
	for _, a := range e.Access() {
		want = append(want, a.Permission)
	}
	body, err := json.Marshal(map[string][]string{"permissions": want})
	if err != nil {
		return nil, fmt.Errorf("gcp: test permissions: %w", err)
	}
	v, err := e.client.post(ctx, testCall, parent, "/v3/"+parent+":testIamPermissions", body)
	if err != nil {
		return nil, err
	}
	var have []string
	for _, p := range v.Get("permissions").Children() {
		have = append(have, p.Text())
	}
	return have, nil
}

// tried reports whether a permission is tried by a call that needs no object.
func (e *Estate) tried(permission string) bool {
	return strings.HasPrefix(permission, "cloudasset.") || permission == contactsCall.permission
}

// try makes the smallest call under a permission, where that needs no object.
func (e *Estate) try(ctx context.Context, permission, parent string) error {
	if permission == contactsCall.permission {
		_, err := e.client.get(ctx, contactsCall, parent, "/v1/"+parent+"/contacts", map[string][]string{"pageSize": {"1"}})
		return err
	}
	for c, k := range listCalls {
		if k.permission == permission {
			q := query{parent: parent, content: c, size: 1}
			_, err := e.client.get(ctx, k, parent+" "+string(c), "/v1/"+parent+"/assets", q.values(""))
			return err
		}
	}
	return nil
}
