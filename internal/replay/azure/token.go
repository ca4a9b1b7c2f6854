package azure

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const tokenLife = time.Hour

type token struct {
	client   string
	audience string // arm or graph; any where one address serves all
	until    time.Time
}

// caller is who makes a request.
type caller struct {
	id string
	*Client
}

// login answers what azidentity asks: where the authority's endpoints are, and
// for a token by client secret or by a signed assertion.
func (s *Server) login(r *http.Request, path string) answer {
	base := "https://" + r.Host
	tenant := strings.SplitN(strings.TrimPrefix(path, "/"), "/", 2)[0]
	switch {
	case path == "/common/discovery/instance":
		return ok(map[string]any{"api-version": "1.1", "tenant_discovery_endpoint": base + "/" + s.state.TenantID + "/v2.0/.well-known/openid-configuration",
			"metadata": []any{map[string]any{"preferred_network": r.Host, "preferred_cache": r.Host, "aliases": []string{r.Host}}}})
	case strings.HasSuffix(path, "openid-configuration"):
		return ok(map[string]any{"issuer": base + "/" + tenant + "/v2.0", "authorization_endpoint": base + "/" + tenant + "/oauth2/v2.0/authorize",
			"token_endpoint": base + "/" + tenant + "/oauth2/v2.0/token", "jwks_uri": base + "/" + tenant + "/discovery/v2.0/keys"})
	}
	if err := r.ParseForm(); err != nil || r.Method != http.MethodPost {
		return oauthError("invalid_request", "AADSTS900144: The request body must contain the following parameter: 'grant_type'.")
	}
	if tenant != s.state.TenantID {
		return oauthError("invalid_request", "AADSTS90002: Tenant '"+tenant+"' not found.")
	}
	return s.grant(r)
}

func (s *Server) grant(r *http.Request) answer {
	id := strings.ToLower(r.PostForm.Get("client_id"))
	c := s.state.Clients[id]
	switch {
	case r.PostForm.Get("grant_type") != "client_credentials":
		return oauthError("unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type.")
	case c == nil:
		return oauthError("unauthorized_client", "AADSTS700016: Application with identifier '"+id+"' was not found in the directory.")
	}
	if assertion := r.PostForm.Get("client_assertion"); assertion != "" {
		if !slices.Contains(c.Assertions, assertion) {
			return oauthError("invalid_client", "AADSTS700213: No matching federated identity record found for presented assertion.")
		}
	} else if c.Secret != "" && r.PostForm.Get("client_secret") != c.Secret {
		return oauthError("invalid_client", "AADSTS7000215: Invalid client secret provided.")
	}
	audience := audienceOf(r.PostForm.Get("scope"), r.Host)
	now := s.now()
	maps.DeleteFunc(s.tokens, func(_ string, t token) bool { return now.Sub(t.until) > tokenLife }) // for a while it is told that they are over
	s.issued++
	text := fmt.Sprintf("replay-%s-%d", audience, s.issued)
	s.tokens[text] = token{client: id, audience: audience, until: now.Add(tokenLife)}
	return ok(map[string]any{"token_type": "Bearer", "expires_in": int(tokenLife.Seconds()), "ext_expires_in": int(tokenLife.Seconds()), "access_token": text})
}

func oauthError(code, description string) answer {
	a := ok(map[string]any{"error": code, "error_description": description + " Trace ID: 0 Correlation ID: 0"})
	a.status = http.StatusBadRequest
	if code == "invalid_client" {
		a.status = http.StatusUnauthorized
	}
	return a
}

// caller returns who a request's token belongs to, or the refusal of a token
// that is missing, unknown, over, or for another service.
func (s *Server) caller(r *http.Request, service string) (*caller, answer) {
	text, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	t, known := s.tokens[text]
	graph := service == "graph"
	switch {
	case !found && !graph:
		return nil, refuse(http.StatusUnauthorized, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
	case !known || t.audience == "arm" && graph || t.audience == "graph" && !graph:
		return nil, refuse(http.StatusUnauthorized, "InvalidAuthenticationToken", "The access token is invalid.")
	case !s.now().Before(t.until):
		code := "ExpiredAuthenticationToken"
		if graph {
			code = "InvalidAuthenticationToken"
		}
		return nil, refuse(http.StatusUnauthorized, code, "The access token expiry UTC time '%s' is earlier than current UTC time.", t.until.UTC().Format(time.DateTime))
	}
	c := s.state.Clients[t.client]
	if c == nil {
		return nil, refuse(http.StatusUnauthorized, "InvalidAuthenticationToken", "The application was deleted.")
	}
	return &caller{t.client, c}, answer{}
}

// audienceOf tells which service the scope https://host/.default is for.
func audienceOf(scope, host string) string {
	switch u, err := url.Parse(scope); {
	case err == nil && u.Host == host:
		return "any"
	case err == nil && strings.Contains(u.Host, "graph"):
		return "graph"
	}
	return "arm"
}

// lacks reports whether an action or permission is denied to a caller.
func (c *caller) lacks(action string) bool {
	return slices.ContainsFunc(c.Denied, func(p string) bool { return matchStar(strings.ToLower(p), strings.ToLower(action)) })
}

// reaches reports whether a caller has a role in a subscription.
func (c *caller) reaches(id string) bool {
	return len(c.Subscriptions) == 0 || slices.Contains(c.Subscriptions, id)
}

// matchStar reports whether a pattern, in which * stands for any text, covers
// a whole name.
func matchStar(pattern, name string) bool {
	before, after, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == name
	}
	rest, found := strings.CutPrefix(name, before)
	if !found {
		return false
	}
	for i := range len(rest) + 1 {
		if matchStar(after, rest[i:]) {
			return true
		}
	}
	return false
}
