package api

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
)

var update = flag.Bool("update", false, "rewrite golden files")

var testNow = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func value(t testing.TB, text string) bulwark.Value {
	t.Helper()
	v, err := bulwark.DecodeJSON([]byte(text), bulwark.DecodeOptions{Marks: true, File: "main.tf"})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// newEstate returns three assets in two accounts and one of code:
//
//	b1 aws/1 open unhealthy, log unhealthy   b2 aws/1 healthy, unknown
//	b3 aws/2 unhealthy, healthy              c1 code/shop: only the preview check
func newEstate(t testing.TB) *estate {
	const h, u, k = bulwark.Healthy, bulwark.Unhealthy, bulwark.Undetermined
	e := &estate{
		checks: []*bulwark.Check{
			{ID: "t/log", Title: "Things should keep logs", Severity: bulwark.Low, Control: "enable-auditing-and-logging", Assets: []string{"T"}},
			{ID: "t/open", Title: "Things should be closed", Severity: bulwark.High, Control: "restrict-unauthorized-network-access", Assets: []string{"T"},
				Healthy: bulwark.Expr{Text: "asset.open == false"}, Because: bulwark.Expr{Text: "open is {{asset.open}}"}, Remediation: bulwark.Remediation{CLI: "close it", Fix: "t/close"},
				Tests: []bulwark.CheckTest{{Name: "closed", Want: h}}, Parameters: []bulwark.Parameter{{Name: "days", Description: "d"}}},
			{ID: "t/preview", Title: "A preview", Severity: bulwark.Critical, Control: "enable-mfa", Preview: true, Assets: []string{"T"}},
		},
		standards: []*bulwark.Standard{{ID: "std", Title: "A standard", Sections: []bulwark.StandardSection{{ID: "1", Title: "One", Controls: []bulwark.StandardControl{
			{ID: "1.1", Title: "Closed", Checks: []string{"t/open"}}, {ID: "1.2", Title: "Trained", Manual: "people are trained"}, {ID: "1.3", Title: "Nothing"},
		}}}}},
		states: map[string]*bulwark.States{}, versions: map[string][]bulwark.Value{},
		gaps:  []bulwark.GapRow{{Gap: bulwark.Gap{What: "listing", Where: "aws/2/T", Why: "access denied", Needs: "t:List"}, Scope: "aws/2", Connector: "c1"}},
		users: map[string]bulwark.User{}, passwords: map[string]string{}, sessions: map[string]bulwark.Session{}, tokens: map[string]bulwark.Token{}, links: map[string]bulwark.Link{},
		notices: make(chan bulwark.Notice, 8),
	}
	add := func(id, scope, properties string, relations []bulwark.Relation, checks []string, states ...bulwark.State) {
		e.assets = append(e.assets, &bulwark.Asset{ID: id, Type: "T", Name: strings.ToUpper(id[len(id)-2:]), Scope: scope, Properties: value(t, properties), Relations: relations})
		e.states[id] = &bulwark.States{Asset: id, Scope: scope, Checks: checks, States: states}
	}
	both := []string{"t/open", "t/log"}
	add("live:b1", "aws/1", `{"open":true,"tags":[{"k":"a b"}],"pw":{"$secret":["password","00"]}}`, []bulwark.Relation{{Name: "role", Inverse: "buckets", Target: "live:b3"}, {Name: "key", Reason: "denied"}}, both, u, u)
	add("live:b2", "aws/1", `{"open":false}`, nil, both, h, k)
	add("live:b3", "aws/2", `{"open":true}`, nil, both, u, h)
	add("code:c1", "code/shop", `{}`, nil, []string{"t/preview"}, u)
	e.versions["live:b1"] = []bulwark.Value{value(t, `{"open":false,"old":1,"tags":[]}`), e.assets[0].Properties}
	return e
}

// harness is a server over an estate, with a token of an owner.
type harness struct {
	t      testing.TB
	e      *estate
	s      *Server
	h      http.Handler
	now    time.Time
	secret string // of the bearer token
	cookie *http.Cookie
	header http.Header
}

func newHarness(t testing.TB) *harness {
	t.Helper()
	h := &harness{t: t, e: newEstate(t), now: testNow, header: http.Header{}}
	pages := fstest.MapFS{"index.html": {Data: []byte("<!doctype html><title>Bulwark</title>")}, "assets/app-1a2b.js": {Data: []byte("export {}\n")}}
	var err error
	h.s, err = New(Options{Store: h.e, Content: h.e, Runs: h.e, Scorer: arithmetic{h.e}, Web: pages, Version: "1.2.3", Now: func() time.Time { return h.now }, URL: "http://127.0.0.1:8080", Loopback: true})
	if err != nil {
		t.Fatal(err)
	}
	h.h = h.s.Handler()
	h.user("olga", bulwark.Grant{Role: bulwark.Owner})
	h.as("olga", bulwark.Grant{Role: bulwark.Owner})
	return h
}

func (h *harness) user(name string, grants ...bulwark.Grant) {
	h.e.users[name] = bulwark.User{Name: name, Grants: grants}
}

// as makes the following requests by a token of a user.
func (h *harness) as(user string, grant bulwark.Grant) {
	h.secret = newSecret("bwk_")
	h.e.tokens[hashSecret(h.secret)] = bulwark.Token{ID: "t-" + user, Name: "test", User: user, Grant: grant, Hash: hashSecret(h.secret), Expires: testNow.Add(time.Hour)}
}

// reader makes the following requests by a new user with a role on a scope.
func (h *harness) reader(role bulwark.Role, scope string) {
	g := bulwark.Grant{Role: role, Scope: scope}
	h.user("rita", g)
	h.as("rita", g)
}

func (h *harness) request(method, path string, body any) *httptest.ResponseRecorder {
	h.t.Helper()
	var r io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			h.t.Fatal(err)
		}
		r = bytes.NewReader(data)
	}
	req := httptest.NewRequest(method, "http://127.0.0.1:8080"+path, r)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range h.header {
		req.Header[k] = v
	}
	if host := h.header.Get("Host"); host != "" {
		req.Host = host
	}
	if h.secret != "" {
		req.Header.Set("Authorization", "Bearer "+h.secret)
	}
	if h.cookie != nil {
		req.AddCookie(h.cookie)
	}
	w := httptest.NewRecorder()
	h.h.ServeHTTP(w, req)
	return w
}

// call wants a status and decodes the answer into out, which may be nil.
func (h *harness) call(method, path string, body any, status int, out any) {
	h.t.Helper()
	w := h.request(method, prefix+path, body)
	if w.Code != status {
		h.t.Fatalf("%s %s = %d, want %d: %s", method, path, w.Code, status, w.Body)
	}
	if out != nil {
		if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
			h.t.Fatalf("%s %s: %v: %s", method, path, err, w.Body)
		}
	}
}

// refused wants a problem with a code.
func (h *harness) refused(method, path string, body any, status int, code string) {
	h.t.Helper()
	var p Problem
	h.call(method, path, body, status, &p)
	if p.Code != code || p.Message == "" {
		h.t.Errorf("%s %s: problem %+v, want code %q and a message", method, path, p, code)
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), go test ./internal/api -update rewrites it:\n%s", file, diff)
	}
}

func TestRoutesGolden(t *testing.T) {
	var b strings.Builder
	for _, p := range plainRoutes {
		method, path, _ := strings.Cut(p.pattern, " ")
		fmt.Fprintf(&b, "%-6s %-32s %s\n", method, path, p.allow)
	}
	for _, r := range sortedRoutes() {
		fmt.Fprintf(&b, "%-6s %-32s %s\n", r.method, prefix+r.path, r.allow)
	}
	golden(t, "testdata/routes.golden", b.String())
}

func TestOpenAPIGolden(t *testing.T) {
	s, err := New(Options{Store: &estate{}, Content: &estate{}, Runs: &estate{}, Scorer: arithmetic{}, Version: "1"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "../../docs/openapi.json", string(got))
}

// TestEveryRouteNeedsAPermission asks every route as nobody, and as a reader of
// a scope where no asset is.
func TestEveryRouteNeedsAPermission(t *testing.T) {
	h := newHarness(t)
	for _, r := range sortedRoutes() {
		path := prefix + strings.ReplaceAll(r.path, "{id}", "x")
		if r.allow == (Permission{}) || ranks[r.allow.Role] == 0 && r.allow.On != Public {
			t.Errorf("%s %s declares no permission", r.method, r.path)
		}
		if r.allow.On == Public {
			continue
		}
		h.secret = ""
		if w := h.request(r.method, path, nil); w.Code != http.StatusUnauthorized {
			t.Errorf("%s %s as nobody = %d, want 401", r.method, path, w.Code)
		}
		if r.allow.On == Everywhere || r.allow.Role != bulwark.Reader {
			h.reader(bulwark.Reader, "aws/1")
			if w := h.request(r.method, path, nil); w.Code != http.StatusForbidden {
				t.Errorf("%s %s as a reader of aws/1 = %d, want 403", r.method, path, w.Code)
			}
		}
	}
	if (&caller{grants: []bulwark.Grant{{Role: bulwark.Owner}}}).permits(Permission{}) {
		t.Error("the zero permission lets an owner in; it must let nobody in")
	}
}

func TestProblems(t *testing.T) {
	h := newHarness(t)
	h.refused("GET", "/nothing", nil, 404, "not-found")
	h.refused("GET", "/assets?limit=0", nil, 422, "invalid")
	h.refused("GET", "/assets?unheard=1", nil, 422, "invalid")
	h.refused("GET", "/assets?cursor=x", nil, 400, "invalid")
	h.refused("GET", "/recommendations?sort=colour", nil, 400, "invalid")
	h.refused("GET", "/check?id=none", nil, 404, "not-found")
	h.refused("POST", "/exemptions", map[string]any{"reason": strings.Repeat("x", 70<<10)}, 413, "too-large")
	h.e.fail = fmt.Errorf("store: read counts: %w", bulwark.ErrUnavailable)
	h.refused("GET", "/score", nil, 503, "unavailable")
	h.e.fail = errBroken
	h.refused("GET", "/score", nil, 500, "internal")
	if body := h.request("GET", prefix+"/score", nil).Body.String(); strings.Contains(body, "disk") {
		t.Errorf("an internal error tells its text: %s", body)
	}
}

func TestFirstLink(t *testing.T) {
	h := newHarness(t)
	if link, err := h.s.FirstLink(context.Background()); link != "" || err != nil {
		t.Errorf("FirstLink with a user = %q, %v, want none", link, err)
	}
	clear(h.e.users)
	link, err := h.s.FirstLink(context.Background())
	if err != nil || !strings.HasPrefix(link, "http://127.0.0.1:8080/sign-in?token=") {
		t.Fatalf("FirstLink = %q, %v", link, err)
	}
}
