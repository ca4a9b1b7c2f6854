package oidc_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/oidc"
	"github.com/bulwarksec/bulwark/internal/oidc/oidctest"
)

var at = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func now() time.Time { return at }

var attempt = oidc.Attempt{State: strings.Repeat("s", 43), Nonce: strings.Repeat("n", 43), Verifier: strings.Repeat("v", 43)}

func config(issuer string) oidc.Config {
	return oidc.Config{Issuer: issuer, ClientID: oidctest.ClientID, Secret: oidctest.Secret, Redirect: "http://127.0.0.1:8080/back", Scopes: []string{"email", "openid"}, GroupsClaim: "groups",
		Grants: []oidc.GroupGrant{{Group: "readers", Grant: bulwark.Grant{Role: bulwark.Reader, Scope: "aws/1"}}, {Group: "owners", Grant: bulwark.Grant{Role: bulwark.Owner}}}}
}

// open returns a provider that has read the issuer.
func open(t *testing.T, i *oidctest.Issuer) *oidc.Provider {
	t.Helper()
	p, err := oidc.New(config(i.URL), oidc.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Discover(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

// signIn walks the flow; change may alter the browser's answer.
func signIn(t *testing.T, p *oidc.Provider, i *oidctest.Issuer, change func(url.Values)) (oidc.Person, error) {
	t.Helper()
	address, err := p.Begin(attempt)
	if err != nil {
		t.Fatal(err)
	}
	back := i.Login(address)
	if change != nil {
		change(back)
	}
	return p.Finish(t.Context(), attempt, response(back))
}

func response(q url.Values) oidc.Response {
	return oidc.Response{State: q.Get("state"), Code: q.Get("code"), Issuer: q.Get("iss"), Error: q.Get("error"), Description: q.Get("error_description")}
}

func TestSignIn(t *testing.T) {
	i := oidctest.New(t, now)
	i.Claims = map[string]any{"groups": []string{"owners", "everyone", "owners"}, "email": "anna@example.com", "email_verified": true}
	p := open(t, i)
	got, err := signIn(t, p, i, nil)
	if err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(i.URL, "http://")
	want := oidc.Person{Subject: i.URL + " s-1", Name: host + ":anna@example.com", Groups: []string{"everyone", "owners"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("person (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]bulwark.Grant{{Role: bulwark.Owner}}, p.Granted(got.Groups)); diff != "" {
		t.Errorf("grants (-want +got):\n%s", diff)
	}
	if s := p.State(); !s.Ready || s.Error != "" || s.Logout != i.URL+"/logout" || !s.Checked.Equal(at) {
		t.Errorf("state = %+v", s)
	}
}

// TestHostile lets nobody in whatever the issuer or somebody between answers.
func TestHostile(t *testing.T) {
	tests := []struct {
		name   string
		issuer func(*oidctest.Issuer)
		answer func(url.Values)
		want   string // in the error
	}{
		{"wrong nonce", func(i *oidctest.Issuer) { i.Claims["nonce"] = "of another attempt" }, nil, "nonce"},
		{"no nonce", func(i *oidctest.Issuer) { i.Claims["nonce"] = nil }, nil, "nonce"},
		{"alg none", func(i *oidctest.Issuer) { i.Alg = "none" }, nil, "ID token is not valid"},
		{"alg hmac by the public key", func(i *oidctest.Issuer) { i.Alg = "HS256" }, nil, "ID token is not valid"},
		{"alg none that discovery allows", func(i *oidctest.Issuer) {
			i.Alg, i.Metadata["id_token_signing_alg_values_supported"] = "none", []string{"none", "HS256"}
		}, nil, "ID token is not valid"},
		{"expired", func(i *oidctest.Issuer) { i.Claims["exp"] = at.Add(-time.Second).Unix() }, nil, "expired"},
		{"no expiry", func(i *oidctest.Issuer) { i.Claims["exp"] = nil }, nil, "expired"},
		{"not yet valid", func(i *oidctest.Issuer) { i.Claims["nbf"] = at.Add(time.Hour).Unix() }, nil, "nbf"},
		{"issued in the future", func(i *oidctest.Issuer) { i.Claims["iat"] = at.Add(time.Hour).Unix() }, nil, "future"},
		{"other audience", func(i *oidctest.Issuer) { i.Claims["aud"] = "another" }, nil, "audience"},
		{"two audiences, no party", func(i *oidctest.Issuer) { i.Claims["aud"] = []string{"another", oidctest.ClientID} }, nil, "not for"},
		{"another party", func(i *oidctest.Issuer) { i.Claims["azp"] = "another" }, nil, "not for"},
		{"other issuer in the token", func(i *oidctest.Issuer) { i.Claims["iss"] = "https://evil.example" }, nil, "different provider"},
		{"no subject", func(i *oidctest.Issuer) { i.Claims["sub"] = nil }, nil, "subject"},
		{"wrong hash of the access token", func(i *oidctest.Issuer) { i.Claims["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA" }, nil, "access token hash"},
		{"answer of another issuer", func(i *oidctest.Issuer) { i.Iss = "https://evil.example" }, nil, "another issuer"},
		{"answer without the issuer that it promises", func(i *oidctest.Issuer) { i.Iss = "-" }, nil, "another issuer"},
		{"other state", nil, func(q url.Values) { q.Set("state", strings.Repeat("x", 43)) }, "another attempt"},
		{"no state", nil, func(q url.Values) { q.Del("state") }, "another attempt"},
		{"no code", nil, func(q url.Values) { q.Del("code") }, "no code"},
		{"invented code", nil, func(q url.Values) { q.Set("code", "invented") }, "refused the code"},
		{"error of the issuer", nil, func(q url.Values) { q.Set("error", "access_denied\r\n") }, "access_denied"},
		{"redirecting token endpoint", func(i *oidctest.Issuer) { redirect(i, "/token") }, nil, "not followed"},
		{"redirecting keys", func(i *oidctest.Issuer) { redirect(i, "/keys") }, nil, "not followed"},
		{"huge token", func(i *oidctest.Issuer) { huge(i, "/token") }, nil, "bytes"},
		{"huge keys", func(i *oidctest.Issuer) { huge(i, "/keys") }, nil, "bytes"},
		{"token endpoint that speaks no JSON", func(i *oidctest.Issuer) {
			i.Override["/token"] = func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }
		}, nil, "token"},
		{"answer without an ID token", func(i *oidctest.Issuer) {
			i.Override["/token"] = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprint(w, `{"access_token":"a","token_type":"Bearer"}`)
			}
		}, nil, "there is none"},
		{"keys that are gone", func(i *oidctest.Issuer) {
			i.Override["/keys"] = func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"keys":[]}`) }
		}, nil, "signature"},
		{"userinfo of another person", func(i *oidctest.Issuer) {
			i.Userinfo = map[string]any{"sub": "s-2", "groups": []string{"owners"}}
		}, nil, "another subject"},
		{"userinfo that fails", func(i *oidctest.Issuer) {
			i.Userinfo = map[string]any{}
			i.Override["/userinfo"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }
		}, nil, "userinfo"},
		{"groups that are no list", func(i *oidctest.Issuer) { i.Claims["groups"] = map[string]any{"a": 1} }, nil, "no list of names"},
		{"too many groups for the token", func(i *oidctest.Issuer) {
			i.Claims["_claim_names"] = map[string]any{"groups": "src1"}
			i.Claims["_claim_sources"] = map[string]any{"src1": map[string]any{"endpoint": "https://evil.example/groups"}}
		}, nil, "too many groups"},
	}
	for _, tt := range tests {
		t.Run(strings.ReplaceAll(tt.name, " ", "_"), func(t *testing.T) {
			i := oidctest.New(t, now)
			if tt.issuer != nil {
				tt.issuer(i)
			}
			p := open(t, i)
			got, err := signIn(t, p, i, tt.answer)
			var refused *oidc.Refused
			if !errors.As(err, &refused) || refused.Reason == "" {
				t.Fatalf("Finish = %+v, %v, want it refused with a reason", got, err)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Finish = %v, want %q in it", err, tt.want)
			}
			if strings.ContainsAny(refused.Reason+refused.Mend, "\r\n\x00") || len(err.Error()) > 1000 {
				t.Errorf("the issuer's text passes unbounded: %q", err)
			}
		})
	}
}

func redirect(i *oidctest.Issuer, path string) {
	i.Override[path] = func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, i.URL+"/elsewhere", http.StatusTemporaryRedirect)
	}
}

func huge(i *oidctest.Issuer, path string) {
	i.Override[path] = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token":"`)
		for line := strings.Repeat("a", 64<<10); ; {
			if _, err := fmt.Fprint(w, line); err != nil {
				return // the client is gone
			}
		}
	}
}

func TestCodeWorksOnce(t *testing.T) {
	i := oidctest.New(t, now)
	p := open(t, i)
	address, err := p.Begin(attempt)
	if err != nil {
		t.Fatal(err)
	}
	back := response(i.Login(address))
	if _, err := p.Finish(t.Context(), attempt, back); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Finish(t.Context(), attempt, back); err == nil {
		t.Error("the same answer works twice")
	}
	back = response(i.Login(address))
	other := attempt
	other.Verifier = strings.Repeat("w", 43)
	if _, err := p.Finish(t.Context(), other, back); err == nil {
		t.Error("a code works without the verifier of its attempt")
	}
}

func TestClaims(t *testing.T) {
	tests := []struct {
		name         string
		change       func(*oidc.Config)
		claims, info map[string]any
		person       string // after the host
		groups       []string
		want         string // in the error
	}{
		{name: "subject alone", person: "s-1"},
		{name: "email that nobody verified", claims: map[string]any{"email": "anna@example.com"}, person: "s-1"},
		{name: "verified as text", claims: map[string]any{"email": "anna@example.com", "email_verified": "true"}, person: "anna@example.com"},
		{name: "userinfo fills", info: map[string]any{"groups": []string{"readers"}, "email": "anna@example.com", "email_verified": true}, person: "anna@example.com", groups: []string{"readers"}},
		{name: "token over userinfo", claims: map[string]any{"groups": []string{"readers"}}, info: map[string]any{"groups": []string{"owners"}}, person: "s-1", groups: []string{"readers"}},
		{name: "one group as text", claims: map[string]any{"groups": "readers"}, person: "s-1", groups: []string{"readers"}},
		{name: "null groups", claims: map[string]any{"groups": []any{}}, person: "s-1"},
		{name: "chosen claims", change: func(c *oidc.Config) { c.UserClaim, c.GroupsClaim = "preferred_username", "https://example.com/roles" },
			claims: map[string]any{"preferred_username": "anna", "https://example.com/roles": []string{"owners"}}, person: "anna", groups: []string{"owners"}},
		{name: "chosen email, unverified", change: func(c *oidc.Config) { c.UserClaim = "email" }, claims: map[string]any{"email": "anna@example.com", "email_verified": false}, want: "not verified"},
		{name: "chosen claim absent", change: func(c *oidc.Config) { c.UserClaim = "upn" }, want: "does not name"},
		{name: "name with a colon", change: func(c *oidc.Config) { c.UserClaim = "upn" }, claims: map[string]any{"upn": "other.example:root"}, want: "does not name"},
		{name: "name of many bytes", change: func(c *oidc.Config) { c.UserClaim = "upn" }, claims: map[string]any{"upn": strings.Repeat("a", 129)}, want: "does not name"},
		{name: "name in another alphabet", change: func(c *oidc.Config) { c.UserClaim = "upn" }, claims: map[string]any{"upn": "аnna"}, want: "does not name"},
	}
	for _, tt := range tests {
		t.Run(strings.ReplaceAll(tt.name, " ", "_"), func(t *testing.T) {
			i := oidctest.New(t, now)
			i.Claims, i.Userinfo = tt.claims, tt.info
			c := config(i.URL)
			if tt.change != nil {
				tt.change(&c)
			}
			p, err := oidc.New(c, oidc.Options{Now: now})
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Discover(t.Context()); err != nil {
				t.Fatal(err)
			}
			got, err := signIn(t, p, i, nil)
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("Finish = %+v, %v, want %q", got, err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := oidc.Person{Subject: i.URL + " s-1", Name: strings.TrimPrefix(i.URL, "http://") + ":" + tt.person, Groups: tt.groups}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("person (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDiscovery(t *testing.T) {
	tests := []struct {
		name   string
		change func(*oidctest.Issuer)
		want   string
	}{
		{"calls itself otherwise", func(i *oidctest.Issuer) { i.Metadata["issuer"] = i.URL + "/" }, "--oidc-issuer"},
		{"token endpoint in the clear", func(i *oidctest.Issuer) { i.Metadata["token_endpoint"] = "http://login.example.com/token" }, "https"},
		{"keys in a file", func(i *oidctest.Issuer) { i.Metadata["jwks_uri"] = "file:///etc/passwd" }, "jwks_uri"},
		{"page that is a script", func(i *oidctest.Issuer) { i.Metadata["authorization_endpoint"] = "javascript:alert(1)" }, "authorization_endpoint"},
		{"no PKCE", func(i *oidctest.Issuer) { i.Metadata["code_challenge_methods_supported"] = []string{"plain"} }, "PKCE"},
		{"redirect", func(i *oidctest.Issuer) { redirect(i, "/.well-known/openid-configuration") }, "not followed"},
		{"huge", func(i *oidctest.Issuer) { huge(i, "/.well-known/openid-configuration") }, "bytes"},
		{"fails", func(i *oidctest.Issuer) {
			i.Override["/.well-known/openid-configuration"] = func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(500)
				fmt.Fprint(w, strings.Repeat("sorry\n", 10_000))
			}
		}, "500"},
	}
	for _, tt := range tests {
		t.Run(strings.ReplaceAll(tt.name, " ", "_"), func(t *testing.T) {
			i := oidctest.New(t, now)
			tt.change(i)
			p, err := oidc.New(config(i.URL), oidc.Options{Now: now})
			if err != nil {
				t.Fatal(err)
			}
			err = p.Discover(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) || len(err.Error()) > 500 || strings.Contains(err.Error(), "\n") {
				t.Errorf("Discover = %v, want one short line with %q", err, tt.want)
			}
			if s := p.State(); s.Ready || s.Error == "" {
				t.Errorf("state = %+v, want the error", s)
			}
			if _, err := p.Begin(attempt); !errors.Is(err, bulwark.ErrUnavailable) {
				t.Errorf("Begin = %v, want unavailable", err)
			}
		})
	}
}

// TestOutage keeps what an issuer said while it does not answer, and takes what
// it says when it does again.
func TestOutage(t *testing.T) {
	i := oidctest.New(t, now)
	down := true
	i.Override["/.well-known/openid-configuration"] = func(w http.ResponseWriter, r *http.Request) {
		if down {
			w.WriteHeader(503)
			return
		}
		h := i.Override[r.URL.Path]
		delete(i.Override, r.URL.Path)
		defer func() { i.Override[r.URL.Path] = h }()
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":"%s/authorize","token_endpoint":"%s/token","jwks_uri":"%s/keys"}`, i.URL, i.URL, i.URL, i.URL)
	}
	p, err := oidc.New(config(i.URL), oidc.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ down, ready, failed bool }{{true, false, true}, {false, true, false}, {true, true, true}} {
		down = step.down
		_ = p.Discover(t.Context()) // its outcome is the state
		if s := p.State(); s.Ready != step.ready || (s.Error != "") != step.failed {
			t.Errorf("down %v: state = %+v, want ready %v, failed %v", step.down, s, step.ready, step.failed)
		}
	}
	if _, err := signIn(t, p, i, nil); err != nil {
		t.Errorf("sign in while discovery fails = %v, want what was read before to hold", err)
	}
}

func TestRunEnds(t *testing.T) {
	p, err := oidc.New(config("http://127.0.0.1:1"), oidc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p.Run(ctx)
}

// TestClientProvesItself by what the issuer says that it takes.
func TestClientProvesItself(t *testing.T) {
	for method, want := range map[string]string{"client_secret_basic": "basic", "client_secret_post": "post"} {
		i := oidctest.New(t, now)
		i.Metadata["token_endpoint_auth_methods_supported"] = []string{method}
		var got string
		i.Override["/token"] = func(w http.ResponseWriter, r *http.Request) {
			if _, _, ok := r.BasicAuth(); ok {
				got = "basic"
			} else if r.FormValue("client_secret") == oidctest.Secret {
				got = "post"
			}
			w.WriteHeader(400)
		}
		p := open(t, i)
		if _, err := signIn(t, p, i, nil); err == nil || got != want {
			t.Errorf("%s: the client proves itself by %q, want %q; %v", method, got, want, err)
		}
		if i.Asked["/token"] != 1 {
			t.Errorf("%s: the token endpoint was asked %d times for one code", method, i.Asked["/token"])
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	tests := []struct {
		change func(*oidc.Config)
		want   string
	}{
		{func(c *oidc.Config) { c.Issuer = "" }, "issuer"},
		{func(c *oidc.Config) { c.Issuer = "login.example.com" }, "issuer"},
		{func(c *oidc.Config) { c.Issuer = "http://login.example.com" }, "https"},
		{func(c *oidc.Config) { c.Issuer = "https://user:pw@login.example.com" }, "user name"},
		{func(c *oidc.Config) { c.Issuer = "https://login.example.com/?a=b" }, "query"},
		{func(c *oidc.Config) { c.Redirect = "http://bulwark.example.com/x" }, "address of this server"},
		{func(c *oidc.Config) { c.ClientID = "" }, "redirect URI"},
		{func(c *oidc.Config) { c.Grants = nil }, "no group"},
		{func(c *oidc.Config) { c.Scopes = []string{"email profile"} }, "one word"},
		{func(c *oidc.Config) { c.GroupsClaim = "" }, "groups claim"},
	}
	for _, tt := range tests {
		c := config("https://login.example.com")
		tt.change(&c)
		if _, err := oidc.New(c, oidc.Options{}); !errors.Is(err, bulwark.ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("New = %v, want invalid with %q", err, tt.want)
		}
	}
}

func TestParseGrant(t *testing.T) {
	grant := func(group string, role bulwark.Role, scope string) oidc.GroupGrant {
		return oidc.GroupGrant{Group: group, Grant: bulwark.Grant{Role: role, Scope: scope}}
	}
	for text, want := range map[string]oidc.GroupGrant{
		"platform-team=owner":                           grant("platform-team", bulwark.Owner, ""),
		"shop=contributor@aws/123456789012":             grant("shop", bulwark.Contributor, "aws/123456789012"),
		"cn=sec,ou=groups,dc=example=security-admin":    grant("cn=sec,ou=groups,dc=example", bulwark.SecurityAdmin, ""),
		"8b1f6c9e-0d1c-4c5e-9d3c-000000000001=reader@k": grant("8b1f6c9e-0d1c-4c5e-9d3c-000000000001", bulwark.Reader, "k"),
		"a@example.com=reader":                          grant("a@example.com", bulwark.Reader, ""),
	} {
		if got, err := oidc.ParseGrant(text); err != nil || got != want {
			t.Errorf("ParseGrant(%q) = %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "a", "=reader", " =reader", "a=", "a=king", "a=reader@", "a=reader@/aws", "a=reader@aws/"} {
		if got, err := oidc.ParseGrant(text); !errors.Is(err, bulwark.ErrInvalid) {
			t.Errorf("ParseGrant(%q) = %+v, %v, want invalid", text, got, err)
		}
	}
}

// TestStill takes a grant away that the configuration no longer gives.
func TestStill(t *testing.T) {
	c := config("https://login.example.com")
	got := c.Still([]bulwark.Grant{{Role: bulwark.Owner}, {Role: bulwark.Reader}, {Role: bulwark.Reader, Scope: "aws/1"}})
	want := []bulwark.Grant{{Role: bulwark.Owner}, {Role: bulwark.Reader, Scope: "aws/1"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Still (-want +got):\n%s", diff)
	}
}

// FuzzIssuer lets an issuer answer anything at its three endpoints.
func FuzzIssuer(f *testing.F) {
	f.Add([]byte(`{"issuer":"x","authorization_endpoint":"http://127.0.0.1/a"}`), []byte(`{"access_token":"a","id_token":"a.b.c"}`), []byte(`{"keys":[{"kty":"RSA"}]}`))
	f.Add([]byte(`[`), []byte(`access_token=a&id_token=b`), []byte(`{"keys":null}`))
	f.Fuzz(func(t *testing.T, about, token, keys []byte) {
		bodies := map[string][]byte{"/.well-known/openid-configuration": about, "/token": token, "/keys": keys}
		p, err := oidc.New(config("https://issuer.example"), oidc.Options{Now: now, Transport: answers(bodies)})
		if err != nil {
			t.Fatal(err)
		}
		if p.Discover(t.Context()) == nil {
			t.Skip("a description that is accepted by chance")
		}
		bodies["/.well-known/openid-configuration"] = []byte(`{"issuer":"https://issuer.example","authorization_endpoint":"https://issuer.example/a","token_endpoint":"https://issuer.example/token","jwks_uri":"https://issuer.example/keys"}`)
		if err := p.Discover(t.Context()); err != nil {
			t.Fatal(err)
		}
		if who, err := p.Finish(t.Context(), attempt, oidc.Response{State: attempt.State, Code: "c"}); err == nil {
			t.Errorf("an unsigned answer signs in %+v", who)
		}
	})
}

// answers is a transport without a network.
type answers map[string][]byte

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(a[r.URL.Path])
	return w.Result(), nil
}
