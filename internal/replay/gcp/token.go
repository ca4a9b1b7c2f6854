package gcp

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// account is the service account whose key the server makes.
const account = "bulwark@ops-tools.iam.gserviceaccount.com"

// pair is the account's key pair, made at its first use: it takes a tenth of a
// second, so all servers of a process share it.
var pair = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return key
})

// addressOf is where a service is reached by who reaches the server at an
// address, "" for Google's own hosts.
func addressOf(address, service, path string) string {
	host := service + ".googleapis.com"
	if address != "" {
		return strings.TrimSuffix(address, "/") + "/" + host + path
	}
	return "https://" + host + path
}

// Credential returns a service account's key file that the server takes, which
// is reached at an address, "" for Google's own hosts.
func (s *Server) Credential(address string) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(pair())
	if err != nil {
		panic(err) // the key is the package's own
	}
	return mustJSON(map[string]string{
		"type": "service_account", "project_id": "ops-tools", "private_key_id": "1", "client_email": account, "client_id": "100000000000000000001",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "token_uri": addressOf(address, "oauth2", "/token"),
	})
}

// Federation returns a workload identity federation file that the server takes:
// the subject's token is in a file. The address is as Credential's.
func (s *Server) Federation(address, subjectFile string) []byte {
	return mustJSON(map[string]any{
		"type": "external_account", "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": addressOf(address, "sts", "/v1/token"),
		"audience":          "//iam.googleapis.com/projects/" + consumer + "/locations/global/workloadIdentityPools/p/providers/q",
		"credential_source": map[string]string{"file": subjectFile},
	})
}

func mustJSON(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of texts
	}
	return data
}

// refuse answers an error of OAuth 2.0. Source: RFC 6749, section 5.2.
func refuse(w http.ResponseWriter, reason, description string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusBadRequest)
	w.Write(mustJSON(map[string]string{"error": reason, "error_description": description}))
}

// issue makes a token.
func (s *Server) issue() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.o.Now()
	for t, end := range s.tokens {
		if end.Before(now) {
			delete(s.tokens, t)
		}
	}
	s.issued++
	token := fmt.Sprintf("ya29.replay-%d", s.issued)
	s.tokens[token] = now.Add(tokenLife)
	return token
}

// known reports whether a request bears a token that is still good.
func (s *Server) known(r *http.Request) bool {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	defer s.mu.Unlock()
	end, issued := s.tokens[token]
	return ok && issued && s.o.Now().Before(end)
}

// routeToken knows POST /token with a signed assertion (RFC 7523).
func (s *Server) routeToken(r *request) bool {
	r.call, r.open = "oauth2:token", true
	r.answer = func(w http.ResponseWriter, r *request) {
		if r.FormValue("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
			refuse(w, "unsupported_grant_type", "Invalid grant_type: "+r.FormValue("grant_type"))
			return
		}
		if why := s.verify(r.FormValue("assertion"), r.audience()); why != "" {
			refuse(w, "invalid_grant", why)
			return
		}
		writeJSON(w, map[string]any{"access_token": s.issue(), "expires_in": int(tokenLife / time.Second), "token_type": "Bearer"})
	}
	return r.Method == http.MethodPost && r.path == "/token"
}

// audience is where a token was asked for, by Google's own host or another's.
func (r *request) audience() string {
	if strings.HasSuffix(r.Host, ".googleapis.com") {
		return addressOf("", "oauth2", r.path)
	}
	return addressOf("http://"+r.Host, "oauth2", r.path)
}

// verify judges an assertion: RS256 by the account's key, for an audience, and
// in its time. It returns what Google says of one that it refuses.
func (s *Server) verify(assertion, audience string) (why string) {
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		return fmt.Sprintf("Invalid JWT: the assertion has %d parts", len(parts))
	}
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return "Invalid JWT: " + err.Error()
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(&pair().PublicKey, crypto.SHA256, sum[:], sig) != nil {
		return "Invalid JWT Signature."
	}
	var claims struct {
		Iss, Aud, Scope string
		Iat, Exp        int64
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(data, &claims) != nil || claims.Iss != account || claims.Aud != audience || claims.Scope == "" {
		return "Invalid JWT: the claims do not fit"
	}
	if now := s.o.Now().Unix(); claims.Exp < now || claims.Iat > now+60 || claims.Exp-claims.Iat > 3600 {
		return "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim."
	}
	return ""
}

// routeExchange knows POST /v1/token of Security Token Service (RFC 8693).
func (s *Server) routeExchange(r *request) bool {
	r.call, r.open = "sts:token", true
	r.answer = func(w http.ResponseWriter, r *request) {
		switch {
		case r.FormValue("grant_type") != "urn:ietf:params:oauth:grant-type:token-exchange":
			refuse(w, "unsupported_grant_type", "Invalid grant_type.")
		case s.o.Subject == "" || r.FormValue("subject_token") != s.o.Subject:
			refuse(w, "invalid_grant", "The subject token is not valid.")
		default:
			writeJSON(w, map[string]any{"access_token": s.issue(), "expires_in": int(tokenLife / time.Second), "token_type": "Bearer", "issued_token_type": "urn:ietf:params:oauth:token-type:access_token"})
		}
	}
	return r.Method == http.MethodPost && r.path == "/v1/token"
}

// routeImpersonate knows POST …/serviceAccounts/{account}:generateAccessToken.
func (s *Server) routeImpersonate(r *request) bool {
	name, ok := strings.CutSuffix(strings.TrimPrefix(r.path, "/v1/projects/-/serviceAccounts/"), ":generateAccessToken")
	r.call, r.object, r.needs = "iamcredentials:generateAccessToken", name, "iam.serviceAccounts.getAccessToken"
	r.answer = func(w http.ResponseWriter, r *request) {
		writeJSON(w, map[string]any{"accessToken": s.issue(), "expireTime": s.o.Now().Add(tokenLife).UTC().Format(time.RFC3339)})
	}
	return ok && r.Method == http.MethodPost && strings.Contains(name, "@")
}
