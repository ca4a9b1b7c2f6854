package api

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bulwarksec/bulwark"
)

const password = "correct horse battery"

// linked signs in by a fresh one-time link and keeps the cookie.
func (h *harness) linked(name string) (Session, string) {
	h.t.Helper()
	link, err := h.s.OwnerLink(context.Background())
	if err != nil {
		h.t.Fatal(err)
	}
	u, err := url.Parse(link)
	if err != nil {
		h.t.Fatal(err)
	}
	token := u.Query().Get("token")
	h.secret = ""
	w := h.request("POST", prefix+"/session/link", map[string]any{"token": token, "name": name, "password": password})
	if w.Code != 200 {
		h.t.Fatalf("use link = %d: %s", w.Code, w.Body)
	}
	h.cookie = w.Result().Cookies()[0]
	var s Session
	h.call("GET", "/session", nil, 200, &s)
	return s, token
}

func TestLinkWorksOnce(t *testing.T) {
	h := newHarness(t)
	s, token := h.linked("anna")
	if s.Name != "anna" || s.Role != bulwark.Owner || s.CSRF == "" {
		t.Errorf("session = %+v, want the owner anna", s)
	}
	if c := h.cookie; !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Secure || c.Path != "/" {
		t.Errorf("cookie = %+v, want HttpOnly, SameSite=Strict", c)
	}
	h.cookie = nil
	h.refused("POST", "/session/link", map[string]any{"token": token, "name": "eve", "password": password}, 401, "bad-credentials")
	link, _ := h.s.OwnerLink(context.Background())
	_, token, _ = strings.Cut(link, "token=")
	h.refused("POST", "/session/link", map[string]any{"token": token, "name": "anna", "password": password}, 409, "conflict")
	h.refused("POST", "/session/link", map[string]any{"token": token, "name": "eve", "password": "short"}, 400, "invalid")
	h.now = h.now.Add(linkTime)
	h.refused("POST", "/session/link", map[string]any{"token": token, "name": "eve", "password": password}, 401, "bad-credentials")
}

func TestSession(t *testing.T) {
	h := newHarness(t)
	s, _ := h.linked("anna")
	body := map[string]any{"check": "t/open", "category": "waiver", "reason": "because"}
	h.refused("POST", "/exemptions", body, 403, "denied")
	h.header.Set(csrfHeader, s.CSRF)
	h.call("POST", "/exemptions", body, 201, nil)
	h.header.Set("Sec-Fetch-Site", "cross-site")
	h.refused("POST", "/exemptions", body, 403, "denied")
	h.header.Del("Sec-Fetch-Site")
	h.header.Set("Origin", "http://evil.example")
	h.refused("POST", "/exemptions", body, 403, "denied")
	h.header.Del("Origin")

	old := h.cookie
	h.call("DELETE", "/session", nil, 204, nil)
	h.refused("GET", "/assets", nil, 401, "unauthenticated")
	h.cookie = nil
	w := h.request("POST", prefix+"/session", map[string]any{"name": "anna", "password": password})
	if w.Code != 200 || w.Result().Cookies()[0].Value == old.Value {
		t.Fatalf("sign in = %d with a new cookie, got %s", w.Code, w.Body)
	}
	h.cookie = w.Result().Cookies()[0]
	h.call("GET", "/assets", nil, 200, nil)
	h.now = h.now.Add(sessionTime)
	h.refused("GET", "/assets", nil, 401, "unauthenticated")
	h.now = testNow
	u := h.e.users["anna"]
	u.Disabled = true
	h.e.users["anna"] = u
	h.refused("GET", "/assets", nil, 401, "unauthenticated")
}

// Who guesses a password at several organisations has no more attempts.
func TestSignInIsLimitedTogether(t *testing.T) {
	h := newHarness(t)
	h.linked("anna")
	h.cookie = nil
	h.e.passwords["anna"] = "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	o := h.s.Options
	o.Metrics, o.Organization = nil, "demo"
	beside, err := h.s.Beside(o)
	if err != nil {
		t.Fatal(err)
	}
	guess := map[string]any{"name": "anna", "password": "wrong"}
	for i := range attemptsByName {
		h.h = []http.Handler{h.s.Handler(), beside.Handler()}[i%2]
		h.refused("POST", "/session", guess, 401, "bad-credentials")
	}
	for _, s := range []*Server{h.s, beside} {
		h.h = s.Handler()
		h.refused("POST", "/session", guess, 429, "throttled")
	}
}

func TestSignInIsLimited(t *testing.T) {
	h := newHarness(t)
	h.linked("anna")
	h.cookie = nil
	// A hash of low cost keeps the test quick; the cost itself is tested below.
	h.e.passwords["anna"] = "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	for range attemptsByName {
		h.refused("POST", "/session", map[string]any{"name": "anna", "password": "wrong"}, 401, "bad-credentials")
	}
	h.refused("POST", "/session", map[string]any{"name": "anna", "password": password}, 429, "throttled")
	h.now = h.now.Add(attemptWindow)
	h.refused("POST", "/session", map[string]any{"name": "anna", "password": "wrong"}, 401, "bad-credentials")
	last := h.e.log[len(h.e.log)-1]
	if last.Action != "session.refuse" || last.Object != "anna" {
		t.Errorf("audit log ends with %+v, want the refused sign-in", last)
	}
}

func TestLimiterIsBounded(t *testing.T) {
	l := newLimiter()
	for i := range attemptKeys + 10 {
		l.allow(string(rune(i)), 1, testNow)
	}
	if len(l.counts) > attemptKeys {
		t.Errorf("limiter remembers %d keys, want at most %d", len(l.counts), attemptKeys)
	}
}

func TestPassword(t *testing.T) {
	hash := hashPassword(password)
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=65536,t=2,p=1$") || !verifyPassword(hash, password) || verifyPassword(hash, password+"!") {
		t.Errorf("hash %s does not verify its password alone", hash)
	}
	if hashPassword(password) == hash {
		t.Error("two hashes of one password are equal; want a salt")
	}
	for _, bad := range []string{"", "$argon2id$", "$argon2i$v=19$m=64,t=1,p=1$AAAA$AAAA", "$argon2id$v=19$m=99999999,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=19$m=64,t=0,p=1$AA$AA"} {
		if verifyPassword(bad, "") {
			t.Errorf("hash %q matches", bad)
		}
	}
	for _, weak := range []string{"short", "aaaaaaaaaaaaaaaa", "anna-of-the-hill", strings.Repeat("ab", 600)} {
		if checkPassword("anna-of-the-hill", weak) == nil {
			t.Errorf("password %q is accepted", weak)
		}
	}
}

func TestTokens(t *testing.T) {
	h := newHarness(t)
	h.refused("POST", "/tokens", map[string]any{"name": "ci", "role": "reader", "expires": testNow.Add(time.Hour)}, 403, "denied") // a token makes no tokens
	s, _ := h.linked("anna")
	h.header.Set(csrfHeader, s.CSRF)
	h.refused("POST", "/tokens", map[string]any{"name": "ci", "role": "reader", "expires": testNow.Add(2 * tokenTime)}, 400, "invalid")
	h.refused("POST", "/tokens", map[string]any{"name": "ci", "role": "king", "expires": testNow.Add(time.Hour)}, 422, "invalid")
	var made MadeToken
	h.call("POST", "/tokens", map[string]any{"name": "ci", "role": "contributor", "scope": "aws/1", "expires": testNow.Add(time.Hour)}, 201, &made)
	if !strings.HasPrefix(made.Secret, "bwk_") {
		t.Errorf("secret = %q, want the mark bwk_", made.Secret)
	}
	session := h.cookie
	h.cookie, h.secret = nil, made.Secret
	h.call("GET", "/assets?scope=aws/1", nil, 200, nil)
	h.refused("GET", "/assets?scope=aws/2", nil, 403, "denied")
	h.refused("GET", "/users", nil, 403, "denied")
	h.e.users["anna"] = bulwark.User{Name: "anna", Grants: []bulwark.Grant{{Role: bulwark.Reader, Scope: "aws/2"}}}
	h.refused("GET", "/assets", nil, 403, "denied") // the maker lost aws/1
	h.e.users["anna"] = bulwark.User{Name: "anna", Grants: []bulwark.Grant{{Role: bulwark.Reader}}}
	h.refused("POST", "/runs", map[string]any{"connector": "c1"}, 403, "denied") // and the role
	h.now = h.now.Add(time.Hour)
	h.refused("GET", "/assets", nil, 401, "unauthenticated")
	h.now = testNow
	h.cookie, h.secret = session, ""
	h.call("DELETE", "/tokens/"+made.ID, nil, 204, nil)
	h.cookie, h.secret = nil, made.Secret
	h.refused("GET", "/assets", nil, 401, "unauthenticated")
}

func TestUsers(t *testing.T) {
	h := newHarness(t)
	h.refused("DELETE", "/users/olga", nil, 409, "conflict")
	var invited Invited
	h.call("POST", "/users", map[string]any{"name": "ben", "role": "reader", "scope": "aws/1"}, 201, &invited)
	link, err := url.Parse(invited.Link)
	if err != nil || link.Path != "/sign-in" || link.Query().Get("name") != "ben" {
		t.Errorf("link = %s, %v, want one to /sign-in that names ben", invited.Link, err)
	}
	token := link.Query().Get("token")
	h.refused("POST", "/users", map[string]any{"name": "olga", "role": "reader"}, 409, "conflict")
	h.refused("POST", "/users", map[string]any{"name": "a/b", "role": "reader"}, 400, "invalid")
	owner := h.secret
	h.secret = ""
	var s Session
	h.call("POST", "/session/link", map[string]any{"token": token, "name": "eve", "password": password}, 200, &s)
	if s.Name != "ben" || s.Role != bulwark.Reader || s.Grants[0].Scope != "aws/1" {
		t.Errorf("session = %+v, want the invited reader ben", s)
	}
	h.secret = owner
	var users List[User]
	h.call("GET", "/users", nil, 200, &users)
	if len(users.Items) != 2 || users.Items[0].Name != "ben" {
		t.Errorf("users = %+v, want ben and olga", users.Items)
	}
	h.call("DELETE", "/users/ben", nil, 204, nil)
}

func TestHostHeader(t *testing.T) {
	h := newHarness(t)
	for host, want := range map[string]int{"127.0.0.1:8080": 200, "localhost:8080": 200, "[::1]:8080": 200, "evil.example": 421, "127.0.0.1.evil.example": 421, "": 421} {
		req := httptest.NewRequest("GET", "/healthz", nil)
		req.Host = host
		w := httptest.NewRecorder()
		h.h.ServeHTTP(w, req)
		if w.Code != want {
			t.Errorf("Host %q = %d, want %d", host, w.Code, want)
		}
	}
}

func TestCheckListen(t *testing.T) {
	for address, ok := range map[string]bool{"127.0.0.1:8080": true, "localhost:0": true, "[::1]:80": true, ":8080": false, "0.0.0.0:80": false, "192.0.2.1:80": false, "example.org:80": false, "8080": false} {
		if err := CheckListen(address, false); (err == nil) != ok {
			t.Errorf("CheckListen(%q) = %v, want ok %v", address, err, ok)
		}
	}
	if err := CheckListen("0.0.0.0:443", true); err != nil {
		t.Errorf("CheckListen with TLS = %v", err)
	}
}

func TestPages(t *testing.T) {
	h := newHarness(t)
	w := h.request("GET", "/recommendations/aws", nil)
	if w.Code != 200 || !strings.Contains(w.Body.String(), "Bulwark") || w.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("a page's path = %d %v %s, want index.html", w.Code, w.Header(), w.Body)
	}
	csp := w.Header().Get("Content-Security-Policy")
	if !strings.Contains(csp, "script-src 'self';") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy = %q, want no inline script", csp)
	}
	w = h.request("GET", "/assets/app-1a2b.js", nil)
	if w.Code != 200 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/javascript") {
		t.Errorf("an asset = %d %v", w.Code, w.Header())
	}
	h.header.Set("If-None-Match", w.Header().Get("ETag"))
	if w = h.request("GET", "/assets/app-1a2b.js", nil); w.Code != 304 {
		t.Errorf("an asset known already = %d, want 304", w.Code)
	}
	for _, path := range []string{"/assets/none.js", "/favicon.ico", "/../../etc/passwd.txt"} {
		if w := h.request("GET", path, nil); w.Code != 404 && w.Code != 301 && w.Code != 307 {
			t.Errorf("%s = %d, want 404", path, w.Code)
		}
	}
}

func TestCompression(t *testing.T) {
	h := newHarness(t)
	h.header.Set("Accept-Encoding", "br, gzip;q=0.5")
	w := h.request("GET", prefix+"/assets", nil)
	if w.Header().Get("Content-Encoding") != "gzip" {
		t.Fatalf("headers = %v, want gzip", w.Header())
	}
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(z); err != nil || !strings.Contains(string(data), "live:b1") {
		t.Errorf("body = %s, %v", data, err)
	}
	for _, path := range []string{prefix + "/session"} {
		if w := h.request("GET", path, nil); w.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s is compressed; it holds a secret", path)
		}
	}
	h.header.Set("Accept-Encoding", "gzip;q=0")
	if w := h.request("GET", prefix+"/assets", nil); w.Header().Get("Content-Encoding") != "" {
		t.Error("compressed for who refuses it")
	}
}

func TestProbesAndMetrics(t *testing.T) {
	h := newHarness(t)
	h.secret = ""
	h.request("GET", prefix+"/assets", nil)
	w := h.request("GET", "/metrics", nil)
	if w.Code != 200 || !strings.Contains(w.Body.String(), `bulwark_http_requests_total{route="GET /api/v1/assets",status="401"} 1`) {
		t.Errorf("metrics on loopback = %d %s", w.Code, w.Body)
	}
	h.s.URL = "https://bulwark.example.com"
	if w := h.request("GET", "/metrics", nil); w.Code != 401 {
		t.Errorf("metrics behind a proxy as nobody = %d, want 401", w.Code)
	}
	h.s.Loopback, h.s.Hosts = false, nil
	if w := h.request("GET", "/metrics", nil); w.Code != 401 {
		t.Errorf("metrics beyond loopback as nobody = %d, want 401", w.Code)
	}
	h.s.Ready = func(context.Context) error { return errBroken }
	if w := h.request("GET", "/readyz", nil); w.Code != 503 || strings.Contains(w.Body.String(), "disk") {
		t.Errorf("readyz = %d %s, want 503 without the reason", w.Code, w.Body)
	}
	if w := h.request("GET", "/healthz", nil); w.Code != 200 {
		t.Errorf("healthz = %d, want 200", w.Code)
	}
}
