package azure

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const (
	graphPage   = 100 // without $top
	premiumCode = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"
)

// permissions of Microsoft Graph by the beginning of the path, the longest
// first. Source: Microsoft Graph permissions reference.
var permissions = []struct{ path, permission string }{
	{"reports/authenticationmethods/", "AuditLog.Read.All"},
	{"identity/conditionalaccess/", "Policy.Read.All"},
	{"policies/", "Policy.Read.All"},
	{"directoryroles", "RoleManagement.Read.Directory"},
	{"serviceprincipals", "Application.Read.All"},
	{"applications", "Application.Read.All"},
	{"organization", "Organization.Read.All"},
	{"groups", "GroupMember.Read.All"},
	{"users", "User.Read.All"},
}

// graph answers Microsoft Graph.
func (s *Server) graph(r *http.Request, c *caller, path string) answer {
	q := r.URL.Query()
	activity := strings.Contains(q.Get("$select"), "signInActivity")
	for _, p := range permissions {
		if !strings.HasPrefix(path, p.path) {
			continue
		}
		if c.lacks(p.permission) || activity && c.lacks("AuditLog.Read.All") {
			return refuse(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
		}
		break
	}
	if (activity || strings.HasPrefix(path, "reports/")) && !s.state.Premium {
		return refuse(http.StatusForbidden, premiumCode, "Neither tenant is B2C or tenant doesn't have premium license")
	}
	if raw, found := s.state.Objects[path]; found {
		return answer{status: http.StatusOK, body: raw}
	}
	items, found := s.state.Lists[path]
	if !found && strings.Contains(path, "/members") {
		return refuse(http.StatusNotFound, "Request_ResourceNotFound", "Resource '%s' does not exist or one of its queried reference-property objects are not present.", path)
	}
	if !known(path) {
		return refuse(http.StatusBadRequest, "BadRequest", "Resource not found for the segment '%s'.", path)
	}
	return s.graphList(r, q, items)
}

func known(path string) bool {
	for _, p := range permissions {
		if strings.HasPrefix(path, p.path) {
			return true
		}
	}
	return false
}

func (s *Server) graphList(r *http.Request, q url.Values, items []json.RawMessage) answer {
	most := graphPage
	for name := range q {
		switch name {
		case "$top":
			n, err := strconv.Atoi(q.Get(name))
			if err != nil || n < 1 || n > 999 || n > 500 && strings.Contains(q.Get("$select"), "signInActivity") {
				return refuse(http.StatusBadRequest, "Request_UnsupportedQuery", "The top value '%s' is not supported.", q.Get(name))
			}
			most = n
		case "$select", "$skiptoken":
		default:
			return refuse(http.StatusBadRequest, "Request_UnsupportedQuery", "The query parameter '%s' is not supported.", name)
		}
	}
	page, next, refusal := slice(s, items, q.Get("$skiptoken"), most)
	if refusal != nil {
		return *refusal
	}
	body := map[string]any{"value": selected(page, q.Get("$select"))}
	if next != "" {
		q.Set("$skiptoken", next)
		body["@odata.nextLink"] = link(r, q)
	}
	return ok(body)
}

// selected keeps the members of a $select, the id and what begins with @odata.
func selected(items []json.RawMessage, names string) []json.RawMessage {
	if names == "" {
		return items
	}
	keep := map[string]bool{"id": true}
	for name := range strings.SplitSeq(names, ",") {
		keep[name] = true
	}
	out := make([]json.RawMessage, 0, len(items))
	for _, item := range items {
		var object map[string]json.RawMessage
		if json.Unmarshal(item, &object) != nil {
			out = append(out, item)
			continue
		}
		for name := range object {
			if !keep[name] && !strings.HasPrefix(name, "@odata.") {
				delete(object, name)
			}
		}
		out = append(out, raw(object))
	}
	return out
}
