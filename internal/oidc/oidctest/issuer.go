// Package oidctest is a small OpenID Connect issuer on loopback for tests, which
// checks what a client sends and can be told to answer wrongly.
package oidctest

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

// ClientID and Secret are those of the only client.
const (
	ClientID = "bulwark"
	Secret   = "a client's secret: with + and %"
)

// Issuer answers at URL. Its fields may be changed between requests.
type Issuer struct {
	URL string
	Now func() time.Time

	Claims   map[string]any // of the ID token, over iss, sub, aud, nonce, iat and exp
	Userinfo map[string]any // beside sub; nil has no such endpoint
	Metadata map[string]any // over the discovery document's own
	Alg      string         // RS256, none, HS256 (by the public key, as an attacker would)
	Iss      string         // the answer's iss; "" is the issuer's, "-" sends none
	Override map[string]http.HandlerFunc

	t     testing.TB
	key   *rsa.PrivateKey
	mu    sync.Mutex
	codes map[string]url.Values // code → the authorization request's query
	Asked map[string]int        // requests by path
}

// New starts an issuer that ends with the test.
func New(t testing.TB, now func() time.Time) *Issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &Issuer{Now: now, t: t, key: key, Alg: "RS256", Claims: map[string]any{}, Metadata: map[string]any{}, Override: map[string]http.HandlerFunc{}, codes: map[string]url.Values{}, Asked: map[string]int{}}
	server := httptest.NewServer(i)
	t.Cleanup(server.Close)
	i.URL = server.URL
	return i
}

// ServeHTTP answers everything but the page where people sign in: Login is it.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.Asked[r.URL.Path]++
	if h := i.Override[r.URL.Path]; h != nil {
		h(w, r)
		return
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		reply(w, 200, i.discovery())
	case "/keys":
		n := base64.RawURLEncoding.EncodeToString(i.key.N.Bytes())
		e := base64.RawURLEncoding.EncodeToString(big.NewInt(int64(i.key.E)).Bytes())
		reply(w, 200, map[string]any{"keys": []any{map[string]any{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "k1", "n": n, "e": e}}})
	case "/token":
		i.token(w, r)
	case "/userinfo":
		if r.Header.Get("Authorization") != "Bearer access" || i.Userinfo == nil {
			reply(w, 401, map[string]any{"error": "invalid_token"})
			return
		}
		reply(w, 200, over(map[string]any{"sub": "s-1"}, i.Userinfo))
	default:
		http.NotFound(w, r)
	}
}

func (i *Issuer) discovery() map[string]any {
	doc := map[string]any{
		"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
		"id_token_signing_alg_values_supported": []string{"RS256"}, "code_challenge_methods_supported": []string{"S256"},
		"authorization_response_iss_parameter_supported": true, "end_session_endpoint": i.URL + "/logout",
	}
	if i.Userinfo != nil {
		doc["userinfo_endpoint"] = i.URL + "/userinfo"
	}
	return over(doc, i.Metadata)
}

// Login is a person who signs in at the issuer: it takes the address that a
// browser was sent to and returns the query that it comes back with.
func (i *Issuer) Login(address string) url.Values {
	i.t.Helper()
	u, err := url.Parse(address)
	if err != nil || u.Scheme+"://"+u.Host+u.Path != i.URL+"/authorize" {
		i.t.Fatalf("the browser was sent to %s, %v", address, err)
	}
	q := u.Query()
	for name, want := range map[string]string{"response_type": "code", "client_id": ClientID, "code_challenge_method": "S256"} {
		if q.Get(name) != want {
			i.t.Errorf("authorization request: %s = %q, want %q", name, q.Get(name), want)
		}
	}
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if len(q.Get(name)) < 32 {
			i.t.Errorf("authorization request: %s = %q is too short to be random", name, q.Get(name))
		}
	}
	code := rand.Text()
	i.mu.Lock()
	i.codes[code] = q
	i.mu.Unlock()
	back := url.Values{"code": {code}, "state": {q.Get("state")}}
	switch i.Iss {
	case "-":
	case "":
		back.Set("iss", i.URL)
	default:
		back.Set("iss", i.Iss)
	}
	return back
}

// token takes a code once, with its verifier and the client's secret.
func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	asked, ok := i.codes[r.FormValue("code")]
	delete(i.codes, r.FormValue("code"))
	id, secret, _ := r.BasicAuth()
	id, _ = url.QueryUnescape(id)
	secret, _ = url.QueryUnescape(secret)
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	switch {
	case id != ClientID || secret != Secret:
		reply(w, 401, map[string]any{"error": "invalid_client"})
	case !ok, asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]), asked.Get("redirect_uri") != r.FormValue("redirect_uri"):
		reply(w, 400, map[string]any{"error": "invalid_grant"})
	default:
		now := i.Now()
		token := over(map[string]any{"iss": i.URL, "sub": "s-1", "aud": ClientID, "nonce": asked.Get("nonce"), "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}, i.Claims)
		reply(w, 200, map[string]any{"access_token": "access", "token_type": "Bearer", "expires_in": 300, "id_token": i.sign(token)})
	}
}

// sign writes a token by the algorithm that the test wants.
func (i *Issuer) sign(token map[string]any) string {
	part := func(v any) string {
		data, err := json.Marshal(v)
		if err != nil {
			panic(err) // plain values
		}
		return base64.RawURLEncoding.EncodeToString(data)
	}
	text := part(map[string]any{"alg": i.Alg, "kid": "k1", "typ": "JWT"}) + "." + part(token)
	var signature []byte
	switch i.Alg {
	case "RS256":
		sum := sha256.Sum256([]byte(text))
		var err error
		if signature, err = rsa.SignPKCS1v15(nil, i.key, crypto.SHA256, sum[:]); err != nil {
			panic(err)
		}
	case "HS256":
		mac := hmac.New(sha256.New, i.key.N.Bytes())
		mac.Write([]byte(text))
		signature = mac.Sum(nil)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// over returns a with the members of b; a nil value takes one away.
func over(a, b map[string]any) map[string]any {
	for name, v := range b {
		if v == nil {
			delete(a, name)
			continue
		}
		a[name] = v
	}
	return a
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may be gone
}
