package gcp

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// routeManager knows of Resource Manager v3 GET /v3/{kind}:search, GET
// /v3/{name} and POST /v3/{name}:testIamPermissions.
func (s *Server) routeManager(r *request) bool {
	name := strings.TrimPrefix(r.path, "/v3/")
	if parent, ok := strings.CutSuffix(name, ":testIamPermissions"); ok && r.Method == http.MethodPost && isParent(parent) {
		r.call, r.object, r.answer = "cloudresourcemanager:testIamPermissions", parent, s.testPermissions
		return true
	}
	if kind, ok := strings.CutSuffix(name, ":search"); ok && r.Method == http.MethodGet && managed[kind] != "" {
		r.call, r.object, r.answer = "cloudresourcemanager:"+kind+".search", kind, s.search // it shows what the caller may get
		return true
	}
	if r.Method == http.MethodGet && isParent(name) {
		kind, _, _ := strings.Cut(name, "/")
		r.call, r.object, r.needs = "cloudresourcemanager:"+kind+".get", name, "resourcemanager."+kind+".get"
		r.answer = func(w http.ResponseWriter, r *request) {
			s.state.mu.RLock()
			key := s.state.key(name)
			s.state.mu.RUnlock()
			if res, ok := s.state.Get("//cloudresourcemanager.googleapis.com/" + key); ok {
				writeJSON(w, orEmpty(res.Data))
				return
			}
			writeError(w, denied(r.needs, name))
		}
		return true
	}
	return false
}

var managed = map[string]string{
	"projects": "cloudresourcemanager.googleapis.com/Project", "folders": "cloudresourcemanager.googleapis.com/Folder",
	"organizations": "cloudresourcemanager.googleapis.com/Organization",
}

// search answers all of a kind, a page at a time. Of queries it knows none but
// state:ACTIVE.
func (s *Server) search(w http.ResponseWriter, r *request) {
	q := r.URL.Query()
	if query := q.Get("query"); query != "" && query != "state:ACTIVE" {
		writeError(w, invalid("The query is invalid."))
		return
	}
	var found []json.RawMessage
	s.state.mu.RLock()
	now := s.o.Now()
	for _, name := range s.state.names {
		if res := s.state.at(name, now); res != nil && res.Type == managed[r.object] && active(res.Data) {
			found = append(found, orEmpty(res.Data))
		}
	}
	s.state.mu.RUnlock()
	page(w, q.Get("pageToken"), r.object, found, 500)
}

func active(data json.RawMessage) bool {
	var d struct{ State, LifecycleState string }
	return json.Unmarshal(data, &d) == nil && (d.State == "" || d.State == "ACTIVE") && (d.LifecycleState == "" || d.LifecycleState == "ACTIVE")
}

// page answers a part of a list; a token is the place of its first element.
func page(w http.ResponseWriter, token, member string, list []json.RawMessage, size int) {
	from := 0
	if token != "" {
		if json.Unmarshal([]byte(token), &from) != nil || from < 0 || from > len(list) {
			writeError(w, invalid("The page token is invalid."))
			return
		}
	}
	to := min(from+size, len(list))
	answer := map[string]any{member: list[from:to]}
	if to < len(list) {
		next, err := json.Marshal(to)
		if err != nil {
			panic(err) // a number
		}
		answer["nextPageToken"] = string(next)
	}
	writeJSON(w, answer)
}

// testPermissions answers which of the permissions are not denied.
func (s *Server) testPermissions(w http.ResponseWriter, r *request) {
	var ask struct {
		Permissions []string `json:"permissions"`
	}
	if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
		writeError(w, invalid("Invalid JSON payload received."))
		return
	}
	if !s.state.has(r.object) {
		writeError(w, denied("resourcemanager.projects.get", r.object))
		return
	}
	have := slices.DeleteFunc(ask.Permissions, s.denies)
	answer := map[string]any{}
	if len(have) > 0 {
		answer["permissions"] = have
	}
	writeJSON(w, answer)
}

// routeContacts knows of Essential Contacts GET /v1/{parent}/contacts.
func (s *Server) routeContacts(r *request) bool {
	parent, ok := strings.CutSuffix(strings.TrimPrefix(r.path, "/v1/"), "/contacts")
	if !ok || r.Method != http.MethodGet || !isParent(parent) {
		return false
	}
	r.call, r.object, r.needs = "essentialcontacts:contacts.list", parent, "essentialcontacts.contacts.list"
	r.answer = func(w http.ResponseWriter, r *request) {
		res, ok := s.state.Get("//cloudresourcemanager.googleapis.com/" + parent)
		var list []json.RawMessage
		if owned := res.Owned["contacts"]; !ok || len(owned) > 0 && json.Unmarshal(owned, &list) != nil {
			writeError(w, denied(r.needs, parent))
			return
		}
		page(w, r.URL.Query().Get("pageToken"), "contacts", list, 100)
	}
	return true
}

// routeBigQuery knows of BigQuery v2 GET /bigquery/v2/projects/{p}/datasets/{d}.
func (s *Server) routeBigQuery(r *request) bool {
	name := strings.TrimPrefix(r.path, "/bigquery/v2/")
	if p := strings.Split(name, "/"); r.Method != http.MethodGet || len(p) != 4 || p[0] != "projects" || p[2] != "datasets" {
		return false
	}
	r.call, r.object, r.needs = "bigquery:datasets.get", name, "bigquery.datasets.get"
	r.answer = func(w http.ResponseWriter, r *request) {
		res, ok := s.state.Get("//bigquery.googleapis.com/" + name)
		if !ok {
			writeError(w, fail(http.StatusNotFound, "NOT_FOUND", "Not found: Dataset "+name))
			return
		}
		whole := map[string]json.RawMessage{}
		if err := json.Unmarshal(orEmpty(res.Data), &whole); err != nil {
			writeError(w, fail(http.StatusInternalServerError, "INTERNAL", err.Error()))
			return
		}
		for member, v := range res.Owned {
			whole[member] = v
		}
		writeJSON(w, whole)
	}
	return true
}

// tokenLife is how long an issued token is good for.
const tokenLife = time.Hour
