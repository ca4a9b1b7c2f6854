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
	rows := s.rows(q, c, request.Subscriptions)
	page, next, refusal := s.slice(rows, request.Options.SkipToken, request.Options.Top)
	if refusal != nil {
		return *refusal
	}
	body := map[string]any{"totalRecords": len(rows), "count": len(page), "data": page, "facets": []any{}, "resultTruncated": "false"}
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

// rows runs a query for a caller, sorted by id.
func (s *Server) rows(q kql, c *caller, subscriptions []string) []json.RawMessage {
	type found struct {
		id  string
		row json.RawMessage
	}
	var out []found
	add := func(id string, resource map[string]json.RawMessage, typ string) {
		sub := subscriptionOf(strings.ToLower(id))
		switch {
		case len(q.types) > 0 && !slices.Contains(q.types, typ), c.lacks(typ + "/read"):
			return
		case sub == "" && len(subscriptions) > 0, sub != "" && !c.reaches(sub):
			return
		case sub != "" && len(subscriptions) > 0 && !slices.ContainsFunc(subscriptions, func(s string) bool { return strings.EqualFold(s, sub) }):
			return
		}
		row := map[string]json.RawMessage{}
		for _, name := range q.columns {
			row[name] = columnOf(name, id, typ, resource)
		}
		out = append(out, found{strings.ToLower(id), raw(row)})
	}
	for id, body := range s.state.Rows {
		var resource map[string]json.RawMessage
		if json.Unmarshal(body, &resource) != nil {
			continue
		}
		var spelled, typ string
		if json.Unmarshal(resource["id"], &spelled) != nil || json.Unmarshal(resource["type"], &typ) != nil {
			spelled = id
		}
		if typ, table := place(typ); table == q.table {
			add(spelled, resource, typ)
		}
	}
	if q.table == "resourcecontainers" {
		s.containers(add)
	}
	slices.SortFunc(out, func(a, b found) int { return strings.Compare(a.id, b.id) })
	rows := make([]json.RawMessage, len(out))
	for i, f := range out {
		rows[i] = f.row
	}
	return rows
}

// containers adds subscriptions and management groups.
func (s *Server) containers(add func(id string, resource map[string]json.RawMessage, typ string)) {
	for _, sub := range s.state.Subscriptions {
		add("/subscriptions/"+sub.ID, map[string]json.RawMessage{"name": raw(sub.Name), "properties": raw(map[string]any{"state": sub.stateName(), "managementGroupAncestorsChain": s.chain(sub.Group)})}, "microsoft.resources/subscriptions")
	}
	for _, m := range s.state.ManagementGroups {
		properties := map[string]any{"displayName": m.Name, "tenantId": s.state.TenantID}
		if m.Parent != "" {
			properties["details"] = map[string]any{"parent": map[string]any{"id": "/providers/Microsoft.Management/managementGroups/" + m.Parent, "name": m.Parent}}
		}
		add("/providers/Microsoft.Management/managementGroups/"+m.ID, map[string]json.RawMessage{"name": raw(m.ID), "properties": raw(properties)}, "microsoft.management/managementgroups")
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

// place returns the type of a row as Resource Graph spells it, and its table.
func place(typ string) (row, table string) {
	switch typ = strings.ToLower(typ); {
	case typ == "microsoft.resources/resourcegroups":
		return "microsoft.resources/subscriptions/resourcegroups", "resourcecontainers"
	case typ == "microsoft.authorization/roleassignments", typ == "microsoft.authorization/roledefinitions":
		return typ, "authorizationresources"
	}
	return typ, "resources"
}

// columnOf is a resource's value in a column; texts that are not there are
// empty, and everything else is null.
func columnOf(name, id, typ string, resource map[string]json.RawMessage) json.RawMessage {
	switch name {
	case "id":
		return raw(id)
	case "type":
		return raw(typ)
	case "subscriptionId":
		return raw(subscriptionOf(strings.ToLower(id)))
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
