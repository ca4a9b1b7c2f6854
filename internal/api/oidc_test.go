package api

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/oidc"
	"github.com/bulwarksec/bulwark/internal/oidc/oidctest"
)

// issued is a harness with an issuer where Anna, in the group shop, signs in.
type issued struct {
	*harness
	i    *oidctest.Issuer
	host string // of the issuer, which begins names
}

func newIssued(t *testing.T) *issued {
	t.Helper()
	h := newHarness(t)
	h.secret = ""
	i := oidctest.New(t, func() time.Time { return h.now })
	i.Claims = map[string]any{"groups": []string{"shop"}, "email": "anna@example.com", "email_verified": true}
	p, err := oidc.New(oidc.Config{Issuer: i.URL, ClientID: oidctest.ClientID, Secret: oidctest.Secret, Redirect: h.s.URL + CallbackPath, GroupsClaim: "groups", Name: "Example",
		Grants: []oidc.GroupGrant{{Group: "shop", Grant: bulwark.Grant{Role: bulwark.Reader, Scope: "aws/1"}}, {Group: "platform", Grant: bulwark.Grant{Role: bulwark.Owner}}}},
		oidc.Options{Now: func() time.Time { return h.now }})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Discover(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.s.OIDC = p
	return &issued{h, i, p.Host()}
}

// begin starts an attempt and returns its cookie and what the issuer sends the
// browser back with.
func (h *issued) begin(next string) (*http.Cookie, url.Values) {
	h.t.Helper()
	w := h.request("POST", prefix+"/auth/oidc", map[string]any{"next": next})
	if w.Code != 200 {
		h.t.Fatalf("begin = %d: %s", w.Code, w.Body)
	}
	_, text, _ := strings.Cut(w.Body.String(), `"location":"`)
	text, _, _ = strings.Cut(text, `"`)
	return w.Result().Cookies()[0], h.i.Login(strings.ReplaceAll(text, `\u0026`, "&"))
}

// back is the browser that the issuer sends back: from another site, with the
// cookie of the attempt alone.
func (h *issued) back(cookie *http.Cookie, q url.Values) *http.Response {
	h.t.Helper()
	r := httptest.NewRequest("GET", "http://127.0.0.1:8080"+CallbackPath+"?"+q.Encode(), nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if cookie != nil {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	h.h.ServeHTTP(w, r)
	if w.Code != http.StatusSeeOther {
		h.t.Fatalf("callback = %d: %s, want a redirect to a page", w.Code, w.Body)
	}
	return w.Result()
}

func cookieOf(r *http.Response, name string) *http.Cookie {
	for _, c := range r.Cookies() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// enter signs in and uses the session.
func (h *issued) enter() Session {
	h.t.Helper()
	resp := h.back(h.begin("/"))
	if h.cookie = cookieOf(resp, sessionCookie); h.cookie == nil {
		h.t.Fatalf("no session: %s", h.why(resp))
	}
	var s Session
	h.call("GET", "/session", nil, 200, &s)
	return s
}

// why asks, as the sign-in page does, why a browser was refused.
func (h *issued) why(resp *http.Response) string {
	h.t.Helper()
	refused := cookieOf(resp, refusalCookie)
	if refused == nil || !strings.HasPrefix(resp.Header.Get("Location"), "/sign-in?refused=") || cookieOf(resp, sessionCookie) != nil {
		h.t.Fatalf("callback leads to %s with %v, want it refused", resp.Header.Get("Location"), resp.Cookies())
	}
	old := h.cookie
	defer func() { h.cookie = old }()
	h.cookie = refused
	var m SignInMethods
	h.call("GET", "/auth/methods", nil, 200, &m)
	if m.Refused == nil {
		h.t.Fatal("nothing tells why")
	}
	return m.Refused.Message + " " + m.Refused.Detail + " " + m.Refused.Mend
}

func (h *issued) lastAudit() (action, object, detail string) {
	e := h.e.log[len(h.e.log)-1]
	return e.Action, e.Object, e.Detail
}

func TestOIDCSignIn(t *testing.T) {
	h := newIssued(t)
	cookie, q := h.begin("/recommendations?scope=aws/1")
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/api/v1/auth" || cookie.MaxAge != 600 {
		t.Errorf("cookie of the attempt = %+v", cookie)
	}
	resp := h.back(cookie, q)
	if to := resp.Header.Get("Location"); to != "/recommendations?scope=aws/1" {
		t.Errorf("callback leads to %s, want the page that was wanted", to)
	}
	if c := cookieOf(resp, attemptCookie); c == nil || c.MaxAge >= 0 {
		t.Errorf("the cookie of the attempt stays: %+v", c)
	}
	h.cookie = cookieOf(resp, sessionCookie)
	if c := h.cookie; c == nil || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.MaxAge != int(issuerTime/time.Second) {
		t.Fatalf("session cookie = %+v", c)
	}
	var s Session
	h.call("GET", "/session", nil, 200, &s)
	want := Session{Name: h.host + ":anna@example.com", Role: bulwark.Reader, Grants: []bulwark.Grant{{Role: bulwark.Reader, Scope: "aws/1"}}, CSRF: s.CSRF}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Errorf("session (-want +got):\n%s", diff)
	}
	h.call("GET", "/assets?scope=aws/1", nil, 200, nil)
	h.refused("GET", "/assets?scope=aws/2", nil, 403, "denied")
	h.refused("GET", "/auth/oidc", nil, 403, "denied")
	if action, object, detail := h.lastAudit(); action != "session.create" || object != s.Name || detail != "by OpenID Connect" {
		t.Errorf("audit log ends with %s %s %s", action, object, detail)
	}
	h.now = h.now.Add(issuerTime)
	h.refused("GET", "/session", nil, 401, "unauthenticated")
}

// TestOIDCNeedsItsBrowser lets an answer work once, soon, and in the browser
// that asked.
func TestOIDCNeedsItsBrowser(t *testing.T) {
	h := newIssued(t)
	cookie, q := h.begin("/")
	mine, theirs := h.begin("/")
	tests := []struct {
		name   string
		cookie *http.Cookie
		q      url.Values
	}{
		{"no cookie", nil, q},
		{"answer to another's attempt", mine, q},
		{"changed cookie", &http.Cookie{Name: attemptCookie, Value: "A" + cookie.Value}, q},
		{"cookie of another kind", &http.Cookie{Name: attemptCookie, Value: h.s.seal(refusalCookie, attempt{Secret: "x", Expires: h.now.Add(time.Hour).Unix()})}, q},
		{"huge cookie", &http.Cookie{Name: attemptCookie, Value: strings.Repeat("A", 5000)}, q},
		{"no state", cookie, url.Values{"code": q["code"], "iss": q["iss"]}},
	}
	for _, tt := range tests {
		resp := h.back(tt.cookie, tt.q)
		if why := h.why(resp); !strings.Contains(why, "has not begun") {
			t.Errorf("%s: %s", tt.name, why)
		}
		if cookieOf(resp, attemptCookie) != nil {
			t.Errorf("%s: an attempt ends by an answer that is not its own", tt.name)
		}
	}
	if n := h.i.Asked["/token"]; n != 0 {
		t.Errorf("the issuer was asked %d times for such answers", n)
	}
	if resp := h.back(cookie, q); cookieOf(resp, sessionCookie) == nil {
		t.Fatalf("after all that the attempt does not work: %s", h.why(resp))
	}
	if why := h.why(h.back(cookie, q)); !strings.Contains(why, "used already") {
		t.Errorf("a replayed answer: %s", why)
	}
	if n := h.i.Asked["/token"]; n != 1 {
		t.Errorf("the issuer was asked %d times for one answer", n)
	}
	if action, object, _ := h.lastAudit(); action != "session.refuse" || object != h.host {
		t.Errorf("audit log ends with %s %s, want the replay", action, object)
	}
	h.now = h.now.Add(attemptTime)
	if why := h.why(h.back(mine, theirs)); !strings.Contains(why, "ten minutes") {
		t.Errorf("an old answer: %s", why)
	}
}

func TestOIDCWithoutGroups(t *testing.T) {
	h := newIssued(t)
	h.i.Claims["groups"] = []string{"others"}
	resp := h.back(h.begin("/score"))
	if to := resp.Header.Get("Location"); to != "/sign-in?refused=denied&next=%2Fscore" {
		t.Errorf("refused, the browser goes to %s", to)
	}
	why := h.why(resp)
	for _, want := range []string{"None of your groups", "anna@example.com", "shop (reader on aws/1)", "platform (owner on everything)", "Example"} {
		if !strings.Contains(why, want) {
			t.Errorf("%q lacks %q", why, want)
		}
	}
	if len(h.e.users) != 1 {
		t.Errorf("users = %v, want nobody added", h.e.users)
	}
	if action, object, detail := h.lastAudit(); action != "session.refuse" || object != h.host+":anna@example.com" || detail == "" {
		t.Errorf("audit log ends with %s %s %s", action, object, detail)
	}
	refused := cookieOf(resp, refusalCookie)
	h.now = h.now.Add(refusalTime)
	h.cookie = refused
	var m SignInMethods
	h.call("GET", "/auth/methods", nil, 200, &m)
	if m.Refused != nil {
		t.Errorf("an old refusal is told: %+v", m.Refused)
	}
}

// TestOIDCGroupsChange gives what the groups of the last sign-in give, and no
// more than the configuration still does.
func TestOIDCGroupsChange(t *testing.T) {
	h := newIssued(t)
	s := h.enter()
	h.header.Set(csrfHeader, s.CSRF)
	h.refused("POST", "/tokens", map[string]any{"name": "ci", "role": "reader", "scope": "aws/1", "expires": testNow.Add(40 * 24 * time.Hour)}, 400, "invalid")
	var made MadeToken
	h.call("POST", "/tokens", map[string]any{"name": "ci", "role": "reader", "scope": "aws/1", "expires": testNow.Add(30 * 24 * time.Hour)}, 201, &made)

	h.i.Claims["groups"] = []string{"shop", "platform"}
	if s := h.enter(); s.Role != bulwark.Owner || len(s.Grants) != 2 {
		t.Errorf("after joining platform: %+v", s)
	}
	all := h.s.OIDC.Grants
	h.s.OIDC.Grants = all[:1]
	var again Session
	h.call("GET", "/session", nil, 200, &again)
	if again.Role != bulwark.Reader {
		t.Errorf("the owner of a group that grants nothing any more is %s", again.Role)
	}
	h.s.OIDC.Grants = all

	h.i.Claims["groups"] = []string{}
	old := h.cookie
	h.why(h.back(h.begin("/")))
	h.cookie = old
	h.refused("GET", "/assets", nil, 403, "denied") // the session that was there
	h.cookie, h.secret = nil, made.Secret
	h.refused("GET", "/assets?scope=aws/1", nil, 403, "denied") // and the token

	h.secret = ""
	h.i.Claims["groups"] = []string{"shop"}
	h.enter()
	issuer := h.s.OIDC
	h.s.OIDC = nil
	h.refused("GET", "/assets", nil, 403, "denied")
	h.s.OIDC = issuer
	h.call("GET", "/assets?scope=aws/1", nil, 200, nil)
}

// TestOIDCTakesOverNobody keeps people apart whatever name the issuer gives.
func TestOIDCTakesOverNobody(t *testing.T) {
	h := newIssued(t)
	anna := h.enter()
	h.i.Claims["sub"] = "s-2"
	if why := h.why(h.back(h.begin("/"))); !strings.Contains(why, "somebody else") {
		t.Errorf("another subject of the same name: %s", why)
	}
	h.i.Claims["sub"], h.i.Claims["email"] = "s-1", "renamed@example.com"
	if s := h.enter(); s.Name != anna.Name {
		t.Errorf("renamed, the same subject is %s, want still %s", s.Name, anna.Name)
	}
	h.i.Claims["sub"], h.i.Claims["email"] = "s-3", "olga"
	if s := h.enter(); s.Name != h.host+":olga" || s.Role != bulwark.Reader {
		t.Errorf("who is called as the local owner is %+v", s)
	}
	h.cookie = nil
	h.refused("POST", "/session", map[string]any{"name": anna.Name, "password": password}, 401, "bad-credentials")

	u := h.e.users[anna.Name]
	u.Disabled = true
	h.e.users[anna.Name] = u
	h.i.Claims["sub"], h.i.Claims["email"] = "s-1", "anna@example.com"
	if why := h.why(h.back(h.begin("/"))); !strings.Contains(why, "disabled") {
		t.Errorf("a disabled user: %s", why)
	}
}

func TestOIDCNext(t *testing.T) {
	for next, want := range map[string]string{
		"": "/", "/": "/", "/score?scope=a/b#x": "/score?scope=a/b#x", "/o/demo/gaps": "/o/demo/gaps",
		"https://evil.example": "/", "//evil.example": "/", "/\\evil.example": "/", "/\t/evil.example": "/", "\\\\evil.example": "/", "javascript:alert(1)": "/", "evil": "/", "/a b": "/", "/%zz": "/", "/\r\nSet-Cookie: a=b": "/",
	} {
		if got := ownPath(next); got != want {
			t.Errorf("ownPath(%q) = %q, want %q", next, got, want)
		}
	}
}

func FuzzOwnPath(f *testing.F) {
	for _, s := range []string{"/", "//a", "/\\a", "/a?b#c", "http:a"} {
		f.Add(s)
	}
	base, err := url.Parse("https://bulwark.example/api/v1/auth/oidc/callback")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, next string) {
		got := ownPath(next)
		u, err := base.Parse(got)
		if err != nil || u.Host != base.Host || u.Scheme != base.Scheme || strings.ContainsAny(got, "\\\r\n\t") {
			t.Errorf("ownPath(%q) = %q, which leads to %v, %v", next, got, u, err)
		}
	})
}

func TestOIDCIsLimited(t *testing.T) {
	h := newIssued(t)
	for range attemptsByHost {
		h.call("POST", "/auth/oidc", map[string]any{}, 200, nil)
	}
	h.refused("POST", "/auth/oidc", map[string]any{}, 429, "throttled")
	h.now = h.now.Add(attemptWindow)
	h.enter()
	if n := h.s.attempt.counts["host\x00192.0.2.1"].n; n != 0 {
		t.Errorf("after signing in %d attempts are counted", n)
	}
}

// TestOIDCOutage tells that the issuer does not answer, and lets local users in.
func TestOIDCOutage(t *testing.T) {
	h := newIssued(t)
	p, err := oidc.New(oidc.Config{Issuer: "http://127.0.0.1:1", ClientID: "x", Redirect: h.s.URL + CallbackPath, GroupsClaim: "groups", Grants: h.s.OIDC.Grants}, oidc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Discover(t.Context()); err == nil {
		t.Fatal("port 1 answers")
	}
	h.s.OIDC = p
	var m SignInMethods
	h.call("GET", "/auth/methods", nil, 200, &m)
	if diff := cmp.Diff(SignInMethods{Password: true, OIDC: &IssuerMethod{Name: "127.0.0.1:1"}}, m); diff != "" {
		t.Errorf("methods (-want +got):\n%s", diff)
	}
	h.refused("POST", "/auth/oidc", map[string]any{}, 503, "unavailable")
	h.linked("ben")
	var state IssuerState
	h.call("GET", "/auth/oidc", nil, 200, &state)
	if state.Ready || state.Error == "" || state.Checked == nil {
		t.Errorf("state = %+v, want the reason", state)
	}
}

func TestOIDCState(t *testing.T) {
	h := newIssued(t)
	var m SignInMethods
	h.call("GET", "/auth/methods", nil, 200, &m)
	if m.OIDC == nil || m.OIDC.Name != "Example" || !m.OIDC.Ready || m.OIDC.Logout != h.i.URL+"/logout?client_id=bulwark" {
		t.Errorf("methods = %+v", m.OIDC)
	}
	h.as("olga", bulwark.Grant{Role: bulwark.Owner})
	w := h.request("GET", prefix+"/auth/oidc", nil)
	if w.Code != 200 || strings.Contains(w.Body.String(), "secret") || !strings.Contains(w.Body.String(), `{"group":"shop","role":"reader","scope":"aws/1"}`) || !strings.Contains(w.Body.String(), h.s.URL+CallbackPath) {
		t.Errorf("state = %d %s", w.Code, w.Body)
	}
	h.header.Set("Host", "localhost:8080")
	h.refused("POST", "/auth/oidc", map[string]any{}, 400, "invalid") // the cookie would not come back
	h.header.Del("Host")
	h.s.OIDC = nil
	h.call("GET", "/auth/oidc", nil, 200, nil)
	h.refused("POST", "/auth/oidc", map[string]any{}, 404, "not-found")
}

func TestNoPasswords(t *testing.T) {
	h := newIssued(t)
	h.linked("ben")
	local := h.cookie
	h.s.NoPasswords = true
	h.refused("GET", "/session", nil, 401, "unauthenticated")
	h.cookie = nil
	h.refused("POST", "/session", map[string]any{"name": "ben", "password": password}, 403, "denied")
	h.refused("POST", "/session/link", map[string]any{"token": "x", "name": "eve", "password": password}, 403, "denied")
	h.as("olga", bulwark.Grant{Role: bulwark.Owner})
	h.call("GET", "/assets", nil, 200, nil) // tokens of local users serve programs
	h.refused("POST", "/users", map[string]any{"name": "eve", "role": "reader"}, 403, "denied")
	h.secret = ""
	h.enter()
	h.s.NoPasswords = false
	h.cookie = local
	h.call("GET", "/session", nil, 200, nil)
}

func TestDisableUser(t *testing.T) {
	h := newHarness(t)
	h.refused("PATCH", "/users/olga", map[string]any{"disabled": true}, 409, "conflict")
	h.user("ben", bulwark.Grant{Role: bulwark.Owner})
	owner := h.secret
	h.as("ben", bulwark.Grant{Role: bulwark.Owner})
	ben := h.secret
	h.secret = owner
	h.call("PATCH", "/users/ben", map[string]any{"disabled": true}, 204, nil)
	h.secret = ben
	h.refused("GET", "/assets", nil, 401, "unauthenticated")
	h.secret = owner
	h.refused("PATCH", "/users/nobody", map[string]any{"disabled": true}, 404, "not-found")
	h.call("PATCH", "/users/ben", map[string]any{"disabled": false}, 204, nil)
	h.secret = ben
	h.call("GET", "/assets", nil, 200, nil)
}
