package azure

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	armPage = 200
	maxBody = 1 << 20
)

// readBody reads a request's body and puts it back.
func readBody(r *http.Request) []byte {
	if r.Body == nil {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		body = nil
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body
}

// arm answers Resource Manager.
func (s *Server) arm(r *http.Request, c *caller, path string) answer {
	if r.Method != http.MethodGet {
		return refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "The request method is not supported.")
	}
	if r.URL.Query().Get("api-version") == "" {
		return refuse(http.StatusBadRequest, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.")
	}
	if path == "/subscriptions" {
		return s.paged(r, s.subscriptionItems(c), armPage)
	}
	if id := subscriptionOf(path); id != "" && (s.subscription(id) == nil || !c.reaches(id)) {
		return refuse(http.StatusNotFound, "SubscriptionNotFound", "The subscription '%s' could not be found.", id)
	}
	if group, found := strings.CutSuffix(path, "/descendants"); found {
		return s.descendants(r, c, strings.TrimPrefix(group, "/providers/microsoft.management/managementgroups/"))
	}
	if scope, found := strings.CutSuffix(path, "/providers/microsoft.authorization/permissions"); found {
		return s.permissions(c, scope)
	}
	typ, isList := typeOf(path)
	if action := typ + "/read"; c.lacks(action) {
		return deny(c, action, path)
	}
	if isList {
		if parent := parentOf(path); !s.exists(parent) {
			return notFound(parent)
		}
		return s.paged(r, s.below(path), armPage)
	}
	for _, from := range []map[string]json.RawMessage{s.state.Rows, s.state.Details} {
		if raw, found := from[path]; found {
			return answer{status: http.StatusOK, body: raw}
		}
	}
	if raw := unset(path); raw != nil && s.exists(parentOf(path[:strings.LastIndex(path, "/")])) {
		return answer{status: http.StatusOK, body: raw}
	}
	return notFound(path)
}

func deny(c *caller, action, scope string) answer {
	return refuse(http.StatusForbidden, "AuthorizationFailed", "The client '%s' with object id '%s' does not have authorization to perform action '%s' over scope '%s' or the scope is invalid. If access was recently granted, please refresh your credentials.", c.id, c.id, action, scope)
}

func notFound(path string) answer {
	typ, _ := typeOf(path)
	return refuse(http.StatusNotFound, "ResourceNotFound", "The Resource '%s/%s' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix", typ, path[strings.LastIndex(path, "/")+1:])
}

func (s *Server) subscription(id string) *Subscription {
	for i := range s.state.Subscriptions {
		if s.state.Subscriptions[i].ID == id {
			return &s.state.Subscriptions[i]
		}
	}
	return nil
}

func (s *Server) subscriptionItems(c *caller) []json.RawMessage {
	var out []json.RawMessage
	for _, sub := range s.state.Subscriptions {
		if c.reaches(sub.ID) && !c.lacks("Microsoft.Resources/subscriptions/read") {
			out = append(out, raw(map[string]any{"id": "/subscriptions/" + sub.ID, "subscriptionId": sub.ID, "tenantId": s.state.TenantID, "displayName": sub.Name, "state": sub.stateName(),
				"subscriptionPolicies": map[string]any{"locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off"}}))
		}
	}
	return out
}

func (s *Subscription) stateName() string {
	if s.State == "" {
		return "Enabled"
	}
	return s.State
}

// exists reports whether there is a resource, subscription or resource group.
func (s *Server) exists(path string) bool {
	if id := subscriptionOf(path); id != "" && strings.Count(path, "/") == 2 {
		return s.subscription(id) != nil
	}
	return s.state.Rows[path] != nil || s.state.Details[path] != nil || strings.HasSuffix(path, "/default")
}

// below returns the resources right below the path of a list, sorted by id.
func (s *Server) below(path string) []json.RawMessage {
	var ids []string
	for _, from := range []map[string]json.RawMessage{s.state.Rows, s.state.Details} {
		for id := range from {
			if rest, found := strings.CutPrefix(id, path+"/"); found && !strings.Contains(rest, "/") {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	out := make([]json.RawMessage, 0, len(ids))
	for _, id := range slices.Compact(ids) {
		if raw := s.state.Rows[id]; raw != nil {
			out = append(out, raw)
		} else {
			out = append(out, s.state.Details[id])
		}
	}
	return out
}

// permissions tells what a caller may do on a scope.
func (s *Server) permissions(c *caller, scope string) answer {
	if !s.exists(scope) {
		return notFound(scope)
	}
	not := c.Denied
	if not == nil {
		not = []string{}
	}
	return ok(map[string]any{"value": []any{map[string]any{"actions": []string{"*/read"}, "notActions": not, "dataActions": []string{}, "notDataActions": []string{}}}})
}

// descendants lists the groups and subscriptions below a management group.
func (s *Server) descendants(r *http.Request, c *caller, group string) answer {
	if c.lacks("Microsoft.Management/managementGroups/descendants/read") {
		return deny(c, "Microsoft.Management/managementGroups/descendants/read", "/providers/Microsoft.Management/managementGroups/"+group)
	}
	if !slices.ContainsFunc(s.state.ManagementGroups, func(m ManagementGroup) bool { return strings.EqualFold(m.ID, group) }) {
		return refuse(http.StatusNotFound, "NotFound", "The management group '%s' cannot be found.", group)
	}
	var out []json.RawMessage
	s.descend(strings.ToLower(group), map[string]bool{}, &out)
	return s.paged(r, out, armPage)
}

func (s *Server) descend(group string, seen map[string]bool, out *[]json.RawMessage) {
	if seen[group] {
		return
	}
	seen[group] = true
	const prefix = "/providers/Microsoft.Management/managementGroups/"
	parent := map[string]any{"id": prefix + group}
	for _, sub := range s.state.Subscriptions {
		if strings.EqualFold(sub.Group, group) {
			*out = append(*out, raw(map[string]any{"id": "/subscriptions/" + sub.ID, "type": "/subscriptions", "name": sub.ID, "properties": map[string]any{"displayName": sub.Name, "parent": parent}}))
		}
	}
	for _, m := range s.state.ManagementGroups {
		if strings.EqualFold(m.Parent, group) {
			*out = append(*out, raw(map[string]any{"id": prefix + m.ID, "type": "Microsoft.Management/managementGroups", "name": m.ID, "properties": map[string]any{"displayName": m.Name, "parent": parent}}))
			s.descend(strings.ToLower(m.ID), seen, out)
		}
	}
}

// paged answers a page of a list, with a link to the next.
func (s *Server) paged(r *http.Request, items []json.RawMessage, most int) answer {
	q := r.URL.Query()
	for name := range q {
		if name != "api-version" && name != "$skiptoken" {
			return refuse(http.StatusBadRequest, "InvalidParameter", "The query parameter '%s' is not supported.", name)
		}
	}
	page, next, refusal := slice(s, items, q.Get("$skiptoken"), most)
	if refusal != nil {
		return *refusal
	}
	body := map[string]any{"value": page}
	if next != "" {
		body["nextLink"] = link(r, url.Values{"api-version": q["api-version"], "$skiptoken": {next}})
	}
	return ok(body)
}

// slice cuts a page out of a list. Tokens are opaque to clients: an offset.
func slice[T any](s *Server, items []T, token string, most int) (page []T, next string, refusal *answer) {
	if s.page > 0 {
		most = min(most, s.page)
	}
	from := 0
	if token != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(token, "t"))
		if err != nil || n < 0 || n > len(items) {
			a := refuse(http.StatusBadRequest, "InvalidSkipToken", "The skip token '%s' is invalid.", token)
			return nil, "", &a
		}
		from = n
	}
	to := min(from+most, len(items))
	page = items[from:to]
	if page == nil {
		page = []T{}
	}
	if to < len(items) {
		next = "t" + strconv.Itoa(to)
	}
	return page, next, nil
}

// link is the address of a request with another query.
func link(r *http.Request, q url.Values) string {
	scheme := "https"
	if r.URL.Scheme == "http" || r.URL.Scheme == "" && r.TLS == nil {
		scheme = "http"
	}
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	return scheme + "://" + host + r.URL.EscapedPath() + "?" + q.Encode()
}

func raw(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage("null")
	}
	return b
}

// subscriptionOf returns the subscription in a lower-cased path, or "".
func subscriptionOf(path string) string {
	rest, found := strings.CutPrefix(path, "/subscriptions/")
	if !found {
		return ""
	}
	id, _, _ := strings.Cut(rest, "/")
	return id
}

// typeOf returns the type of what a path names, and whether it names a list of
// it: /…/providers/microsoft.sql/servers/a/firewallrules is a list of
// microsoft.sql/servers/firewallrules.
func typeOf(path string) (typ string, isList bool) {
	at := strings.LastIndex(path, "/providers/")
	if at < 0 {
		return "microsoft.resources/subscriptions", false
	}
	parts := strings.Split(path[at+len("/providers/"):], "/")
	typ = parts[0]
	for i := 1; i < len(parts); i += 2 {
		typ += "/" + parts[i]
	}
	return typ, len(parts)%2 == 0
}

// parentOf returns the resource in which a list lies.
func parentOf(path string) string {
	at := strings.LastIndex(path, "/providers/")
	if at < 0 {
		return path
	}
	if strings.Count(path[at+len("/providers/"):], "/") == 1 { // a list right below a scope
		return path[:at]
	}
	return path[:strings.LastIndex(path, "/")]
}

// unset is what Azure answers for settings that were never set, by the end of
// the path. Source: Azure REST API reference, examples of each operation.
func unset(path string) json.RawMessage {
	for suffix, body := range settings {
		if strings.HasSuffix(path, suffix) {
			return json.RawMessage(body)
		}
	}
	return nil
}

var settings = map[string]string{
	"/blobservices/default":              `{"name":"default","properties":{"deleteRetentionPolicy":{"enabled":false},"containerDeleteRetentionPolicy":{"enabled":false}}}`,
	"/fileservices/default":              `{"name":"default","properties":{"shareDeleteRetentionPolicy":{"enabled":true,"days":7}}}`,
	"/auditingsettings/default":          `{"name":"Default","properties":{"state":"Disabled","retentionDays":0,"auditActionsAndGroups":[]}}`,
	"/securityalertpolicies/default":     `{"name":"Default","properties":{"state":"Disabled","disabledAlerts":[""],"emailAddresses":[""],"emailAccountAdmins":false}}`,
	"/transparentdataencryption/current": `{"name":"current","properties":{"state":"Enabled"}}`,
	"/config/web":                        `{"name":"web","properties":{"minTlsVersion":"1.2","ftpsState":"FtpsOnly","http20Enabled":false,"remoteDebuggingEnabled":false}}`,
	"/config/authsettingsv2":             `{"name":"authsettingsV2","properties":{"platform":{"enabled":false,"runtimeVersion":"~1"}}}`,
}
