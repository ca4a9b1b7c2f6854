package azure

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// query answers Resource Graph. It runs the few forms of query that are sent:
//
//	table | where type =~ 'x' and … | project a, b | order by id asc
//	table | where type in~ ('x', 'y') | …
//
// and refuses all others as Resource Graph refuses what it cannot parse. Rows
// that the caller may not read are left out.
func (s *Server) query(r *http.Request, c *caller) answer {
	if r.Method != http.MethodPost || r.URL.Query().Get("api-version") == "" {
		return refuse(http.StatusBadRequest, "BadRequest", "The request is invalid.")
	}
	var request struct {
		Subscriptions []string `json:"subscriptions"`
		Query         string   `json:"query"`
		Options       struct {
			Top          int    `json:"$top"`
			SkipToken    string `json:"$skipToken"`
			ResultFormat string `json:"resultFormat"`
		} `json:"options"`
	}
	if err := json.Unmarshal(readBody(r), &request); err != nil || request.Options.ResultFormat != "objectArray" || request.Options.Top < 1 || request.Options.Top > 1000 {
		return refuse(http.StatusBadRequest, "BadRequest", "The request body is invalid.")
	}
	q, valid := parse(request.Query)
	if !valid {
		a := ok(map[string]any{"error": map[string]any{"code": "BadRequest", "message": "Please provide below info when asking for support.",
			"details": []any{map[string]any{"code": "InvalidQuery", "message": "Query is invalid. Please refer to the documentation for the Azure Resource Graph service and fix the error before retrying."}}}})
		a.status = http.StatusBadRequest
		return a
	}
	for _, id := range request.Subscriptions {
		if s.subscription(strings.ToLower(id)) == nil {
			return refuse(http.StatusBadRequest, "BadRequest", "The subscription '%s' is invalid.", id)
		}
	}
	records := s.records(q, c, request.Subscriptions)
	page, next, refusal := slice(s, records, request.Options.SkipToken, request.Options.Top)
	if refusal != nil {
		return *refusal
	}
	rows := make([]json.RawMessage, len(page))
	for i, r := range page {
		rows[i] = r.row(q.columns)
	}
	body := map[string]any{"totalRecords": len(records), "count": len(rows), "data": rows, "facets": []any{}, "resultTruncated": "false"}
	if next != "" {
		body["resultTruncated"], body["$skipToken"] = "true", next
	}
	return ok(body)
}

// kql is a query that can be run.
type kql struct {
	table   string
	types   []string // none is every type
	columns []string
}

var (
	equalType = regexp.MustCompile(`^type =~ '([a-z0-9./-]+)'$`)
	inTypes   = regexp.MustCompile(`^type in~ \(('[a-z0-9./-]+'(?:, ?'[a-z0-9./-]+')*)\)$`)
	column    = regexp.MustCompile(`^[a-zA-Z]+$`)
)

func parse(text string) (kql, bool) {
	stages := strings.Split(text, " | ")
	q := kql{table: stages[0]}
	if !slices.Contains([]string{"resources", "resourcecontainers", "authorizationresources"}, q.table) || len(stages) < 3 || stages[len(stages)-1] != "order by id asc" {
		return q, false
	}
	for _, stage := range stages[1 : len(stages)-1] {
		verb, rest, _ := strings.Cut(stage, " ")
		switch verb {
		case "where":
			if m := equalType.FindStringSubmatch(rest); m != nil {
				q.types = []string{m[1]}
			} else if m := inTypes.FindStringSubmatch(rest); m != nil {
				for one := range strings.SplitSeq(m[1], ",") {
					q.types = append(q.types, strings.Trim(one, " '"))
				}
			} else {
				return q, false
			}
		case "project":
			for one := range strings.SplitSeq(rest, ",") {
				if one = strings.TrimSpace(one); !column.MatchString(one) {
					return q, false
				}
				q.columns = append(q.columns, one)
			}
		default:
			return q, false
		}
	}
	return q, slices.Contains(q.columns, "id")
}

// A record is a resource that a query finds, before its row is written.
type record struct {
	id, typ string          // the id in lower case
	body    json.RawMessage // as Resource Manager writes it
}

// records runs a query for a caller, sorted by id. A resource's type is the one
// that its id tells, so that no body is read for rows of other pages.
func (s *Server) records(q kql, c *caller, subscriptions []string) []record {
	var out []record
	add := func(id, typ string, body json.RawMessage) {
		sub := subscriptionOf(id)
		switch {
		case len(q.types) > 0 && !slices.Contains(q.types, typ):
			return
		case sub == "" && len(subscriptions) > 0, sub != "" && !c.reaches(sub):
			return
		case sub != "" && len(subscriptions) > 0 && !slices.ContainsFunc(subscriptions, func(s string) bool { return strings.EqualFold(s, sub) }):
			return
		case c.lacks(typ + "/read"):
			return
		}
		out = append(out, record{id, typ, body})
	}
	for id, body := range s.state.Rows {
		if typ, table := place(id); table == q.table {
			add(id, typ, body)
		}
	}
	if q.table == "resourcecontainers" {
		s.containers(add)
	}
	slices.SortFunc(out, func(a, b record) int { return strings.Compare(a.id, b.id) })
	return out
}

// row writes a record's columns.
func (r record) row(columns []string) json.RawMessage {
	var resource map[string]json.RawMessage
	if json.Unmarshal(r.body, &resource) != nil {
		resource = nil
	}
	row := map[string]json.RawMessage{}
	for _, name := range columns {
		row[name] = columnOf(name, r, resource)
	}
	return raw(row)
}

// containers adds subscriptions and management groups.
func (s *Server) containers(add func(id, typ string, body json.RawMessage)) {
	for _, sub := range s.state.Subscriptions {
		id := "/subscriptions/" + sub.ID
		add(id, "microsoft.resources/subscriptions", raw(map[string]any{"id": id, "name": sub.Name, "properties": map[string]any{"state": sub.stateName(), "managementGroupAncestorsChain": s.chain(sub.Group)}}))
	}
	for _, m := range s.state.ManagementGroups {
		properties := map[string]any{"displayName": m.Name, "tenantId": s.state.TenantID}
		if m.Parent != "" {
			properties["details"] = map[string]any{"parent": map[string]any{"id": "/providers/Microsoft.Management/managementGroups/" + m.Parent, "name": m.Parent}}
		}
		id := "/providers/Microsoft.Management/managementGroups/" + m.ID
		add(strings.ToLower(id), "microsoft.management/managementgroups", raw(map[string]any{"id": id, "name": m.ID, "properties": properties}))
	}
}

// chain is the management groups above a subscription, the nearest first.
func (s *Server) chain(group string) []any {
	out := []any{}
	for range len(s.state.ManagementGroups) {
		for _, m := range s.state.ManagementGroups {
			if strings.EqualFold(m.ID, group) {
				out = append(out, map[string]any{"name": m.ID, "displayName": m.Name})
				group = m.Parent
				break
			}
		}
		if group == "" {
			break
		}
	}
	return out
}

// place returns the type that an id tells, as Resource Graph spells it, and the
// table in which such rows are.
func place(id string) (typ, table string) {
	if !strings.Contains(id, "/providers/") {
		return "microsoft.resources/subscriptions/resourcegroups", "resourcecontainers"
	}
	typ, _ = typeOf(id)
	if typ == "microsoft.authorization/roleassignments" || typ == "microsoft.authorization/roledefinitions" {
		return typ, "authorizationresources"
	}
	return typ, "resources"
}

// columnOf is a resource's value in a column; texts that are not there are
// empty, and everything else is null.
func columnOf(name string, r record, resource map[string]json.RawMessage) json.RawMessage {
	switch name {
	case "id":
		if resource["id"] == nil {
			return raw(r.id)
		}
	case "type":
		return raw(r.typ)
	case "subscriptionId":
		return raw(subscriptionOf(r.id))
	case "name", "kind", "location", "managedBy":
		if resource[name] == nil {
			return raw("")
		}
	}
	if v := resource[name]; v != nil {
		return v
	}
	return json.RawMessage("null")
}
