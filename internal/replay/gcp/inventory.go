package gcp

import (
	"encoding/base64"
	"encoding/json"
	"hash/fnv"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// permissions of Cloud Asset Inventory's listings, by content type.
var listPermissions = map[string]string{
	"": "cloudasset.assets.listResource", "CONTENT_TYPE_UNSPECIFIED": "cloudasset.assets.listResource",
	"RESOURCE": "cloudasset.assets.listResource", "IAM_POLICY": "cloudasset.assets.listIamPolicy",
	"ORG_POLICY": "cloudasset.assets.listOrgPolicy", "ACCESS_POLICY": "cloudasset.assets.listAccessPolicy",
}

// routeInventory knows GET /v1/{parent}/assets.
func (s *Server) routeInventory(r *request) bool {
	parent, ok := strings.CutSuffix(strings.TrimPrefix(r.path, "/v1/"), "/assets")
	if !ok || r.Method != http.MethodGet || !isParent(parent) {
		return false
	}
	content := r.URL.Query().Get("contentType")
	r.call, r.object, r.needs, r.answer = strings.TrimSpace("cloudasset:assets.list "+content), parent, listPermissions[content], s.listAssets
	return true
}

func isParent(p string) bool {
	kind, id, ok := strings.Cut(p, "/")
	return ok && id != "" && !strings.Contains(id, "/") && (kind == "organizations" || kind == "folders" || kind == "projects")
}

// listing is a question to the inventory; its token goes on after a name, as of
// the same time.
type listing struct {
	parent, content string
	types           []*regexp.Regexp
	size            int
	at              time.Time
	after           string
	sum             uint32 // of what a token may not change
}

type pageToken struct {
	After string    `json:"a"`
	At    time.Time `json:"t"`
	Sum   uint32    `json:"s"`
}

const maxPage = 1000

func (s *Server) readListing(r *request) (*listing, *failure) {
	q := r.URL.Query()
	l := &listing{parent: r.object, content: q.Get("contentType"), size: 100, at: s.o.Now()}
	if _, ok := listPermissions[l.content]; !ok {
		return nil, invalid("Invalid value at 'content_type' (type.googleapis.com/google.cloud.asset.v1.ContentType), \"" + l.content + "\"")
	}
	h := fnv.New32a()
	for _, part := range append([]string{l.parent, l.content, q.Get("readTime")}, q["assetTypes"]...) {
		h.Write(append([]byte(part), 0))
	}
	l.sum = h.Sum32()
	for _, t := range q["assetTypes"] {
		re, err := regexp.Compile("^(?:" + t + ")$")
		if err != nil {
			return nil, invalid("Invalid asset type " + strconv.Quote(t) + ".")
		}
		l.types = append(l.types, re)
	}
	if text := q.Get("pageSize"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > maxPage {
			return nil, invalid("page_size must be between 1 and 1000.")
		}
		if n > 0 {
			l.size = n
		}
	}
	if s.o.Page > 0 {
		l.size = min(l.size, s.o.Page)
	}
	if text := q.Get("readTime"); text != "" {
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil || at.After(s.o.Now()) || at.Before(s.o.Now().AddDate(0, 0, -35)) {
			return nil, invalid("read_time must be a timestamp within the past 35 days.")
		}
		l.at = at
	}
	return l, l.readToken(q.Get("pageToken"))
}

func (l *listing) readToken(text string) *failure {
	if text == "" {
		return nil
	}
	var t pageToken
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(data, &t) != nil || t.Sum != l.sum {
		return invalid("The page token is invalid, or the request's other parameters differ from those of the call that provided it.")
	}
	l.after, l.at = t.After, t.At
	return nil
}

func (l *listing) token(after string) string {
	data, err := json.Marshal(pageToken{after, l.at, l.sum})
	if err != nil {
		panic(err) // texts and a time
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// listAssets answers a page.
func (s *Server) listAssets(w http.ResponseWriter, r *request) {
	l, f := s.readListing(r)
	if f == nil && !s.state.has(l.parent) {
		f = denied(r.needs, l.parent) // what is not there and what is forbidden answer alike
	}
	if f != nil {
		writeError(w, f)
		return
	}
	assets, next, last := []any{}, "", ""
	s.state.walk(l.parent, l.after, l.at, func(res *Resource) bool {
		if len(l.types) > 0 && !slices.ContainsFunc(l.types, func(re *regexp.Regexp) bool { return re.MatchString(res.Type) }) {
			return true
		}
		a := l.asset(res)
		if a == nil {
			return true
		}
		if len(assets) == l.size {
			next = l.token(last)
			return false
		}
		assets, last = append(assets, a), res.Name
		return true
	})
	answer := map[string]any{"readTime": l.at.UTC().Format(time.RFC3339Nano)}
	if len(assets) > 0 {
		answer["assets"] = assets
	}
	if next != "" {
		answer["nextPageToken"] = next
	}
	writeJSON(w, answer)
}

// asset is a resource as a listing of the content type tells it, or nil where
// it has nothing of that.
func (l *listing) asset(res *Resource) map[string]any {
	a := map[string]any{"name": res.Name, "assetType": res.Type, "ancestors": res.Ancestors, "updateTime": l.at.UTC().Format(time.RFC3339)}
	switch l.content {
	case "RESOURCE":
		if len(res.Access) > 0 { // access policies have a listing of their own
			return nil
		}
		resource := map[string]any{"version": "v1", "discoveryName": res.Type[strings.LastIndexByte(res.Type, '/')+1:], "parent": res.parent(), "data": orEmpty(res.Data)}
		if res.Location != "" {
			resource["location"] = res.Location
		}
		a["resource"] = resource
	case "IAM_POLICY":
		if len(res.IAMPolicy) == 0 {
			return nil
		}
		a["iamPolicy"] = res.IAMPolicy
	case "ORG_POLICY":
		if len(res.OrgPolicy) == 0 {
			return nil
		}
		a["orgPolicy"] = res.OrgPolicy
	case "ACCESS_POLICY":
		if len(res.Access) == 0 {
			return nil
		}
		for member, v := range res.Access {
			a[member] = v
		}
	}
	return a
}

func (r *Resource) parent() string {
	if r.Parent != "" || len(r.Ancestors) == 0 {
		return r.Parent
	}
	up := r.Ancestors[0]
	if r.Name == "//cloudresourcemanager.googleapis.com/"+up {
		if len(r.Ancestors) == 1 {
			return ""
		}
		up = r.Ancestors[1]
	}
	return "//cloudresourcemanager.googleapis.com/" + up
}

func orEmpty(data json.RawMessage) json.RawMessage {
	if len(data) == 0 {
		return json.RawMessage("{}")
	}
	return data
}
