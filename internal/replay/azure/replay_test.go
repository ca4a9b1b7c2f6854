package azure

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bulwarksec/bulwark/internal/quota"
)

const (
	testTenant = "11111111-1111-4111-8111-111111111111"
	testSub    = "aaaaaaaa-0000-4000-8000-000000000001"
	vault      = "/subscriptions/" + testSub + "/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v"
)

func testServer(t testing.TB) *Server {
	t.Helper()
	return New(Options{Now: func() time.Time { return time.Unix(1, 0) }, Limits: func(k quota.Key) (quota.Limit, quota.Key) { return quota.Limit{Rate: 1e9, Burst: 1e9}, k },
		State: &State{TenantID: testTenant, Clients: map[string]*Client{"c": {Denied: []string{"Microsoft.KeyVault/vaults/secrets/read"}}}, Subscriptions: []Subscription{{ID: testSub, Name: "Shop"}},
			Rows:    map[string]json.RawMessage{strings.ToLower(vault): json.RawMessage(`{"id":"` + vault + `","name":"v","type":"Microsoft.KeyVault/vaults","properties":{}}`)},
			Details: map[string]json.RawMessage{strings.ToLower(vault) + "/keys/k": json.RawMessage(`{"name":"k"}`)}}})
}

// ask makes a request with a token of client c.
func ask(t testing.TB, s *Server, method, target, body string) (int, string) {
	t.Helper()
	s.mu.Lock()
	s.tokens["t"] = token{client: "c", audience: "any", until: time.Unix(3600, 0)}
	s.mu.Unlock()
	r := httptest.NewRequest("GET", "https://management.azure.com", strings.NewReader(body))
	r.Method = method // which may be no word
	r.URL.Path, r.URL.RawQuery, _ = strings.Cut(target, "?")
	r.Header.Set("Authorization", "Bearer t")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestAnswers(t *testing.T) {
	const version = "?api-version=2022-12-01"
	query := func(text string) string {
		b, err := json.Marshal(map[string]any{"query": text, "options": map[string]any{"$top": 10, "resultFormat": "objectArray"}})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	const graph = "/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01"
	tests := []struct {
		name, method, target, body string
		status                     int
		want                       string
	}{
		{"subscriptions", "GET", "/subscriptions" + version, "", 200, `"displayName":"Shop"`},
		{"no_version", "GET", "/subscriptions", "", 400, "MissingApiVersionParameter"},
		{"other_case", "GET", strings.ToUpper(vault) + version, "", 200, `"name":"v"`},
		{"children", "GET", vault + "/keys" + version, "", 200, `"name":"k"`},
		{"no_children", "GET", vault + "/providers/Microsoft.Insights/diagnosticSettings" + version, "", 200, `{"value":[]}`},
		{"denied", "GET", vault + "/secrets" + version, "", 403, "does not have authorization to perform action 'microsoft.keyvault/vaults/secrets/read'"},
		{"absent", "GET", vault + "x" + version, "", 404, "ResourceNotFound"},
		{"children_of_nothing", "GET", vault + "x/keys" + version, "", 404, "ResourceNotFound"},
		{"other_subscription", "GET", "/subscriptions/x/providers/a/b" + version, "", 404, "SubscriptionNotFound"},
		{"unknown_parameter", "GET", "/subscriptions" + version + "&$filter=x", "", 400, "InvalidParameter"},
		{"query", "POST", graph, query("resources | where type =~ 'microsoft.keyvault/vaults' | project id, name | order by id asc"), 200, `"totalRecords":1`},
		{"query_of_another_form", "POST", graph, query("resources | extend x = 1"), 400, "InvalidQuery"},
		{"query_that_cannot_be_paged", "POST", graph, query("resources | project name | order by id asc"), 400, "InvalidQuery"},
		{"query_by_get", "GET", graph, "", 400, "BadRequest"},
		{"graph_without_a_licence", "GET", "/v1.0/reports/authenticationMethods/userRegistrationDetails", "", 403, premiumCode},
		{"graph_filter", "GET", "/v1.0/users?$filter=x", "", 400, "Request_UnsupportedQuery"},
		{"graph_segment", "GET", "/v1.0/drives", "", 400, "Resource not found"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, body := ask(t, testServer(t), tt.method, tt.target, tt.body)
			if status != tt.status || !strings.Contains(body, tt.want) {
				t.Errorf("%s %s = %d %s, want %d with %s", tt.method, tt.target, status, body, tt.status, tt.want)
			}
		})
	}
}

// TestTokens refuses requests without a token, with one of nobody, of another
// service, and with one that is over.
func TestTokens(t *testing.T) {
	s := testServer(t)
	s.tokens["graph"] = token{client: "c", audience: "graph", until: time.Unix(3600, 0)}
	s.tokens["over"] = token{client: "c", audience: "arm", until: time.Unix(1, 0)}
	for header, want := range map[string]string{"": "AuthenticationFailed", "Bearer x": "InvalidAuthenticationToken", "Bearer graph": "InvalidAuthenticationToken", "Bearer over": "ExpiredAuthenticationToken"} {
		r := httptest.NewRequest("GET", "https://management.azure.com/subscriptions?api-version=1", nil)
		r.Header.Set("Authorization", header)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), want) {
			t.Errorf("with %q: %d %s, want 401 %s", header, w.Code, w.Body, want)
		}
	}
}

// TestQuota answers 429 with how long to wait, and lets the call through then.
func TestQuota(t *testing.T) {
	at := time.Unix(1, 0)
	s := testServer(t)
	s.now = func() time.Time { return at }
	s.limits = func(k quota.Key) (quota.Limit, quota.Key) { return quota.Limit{Rate: 1, Burst: 1}, k }
	const target = "/subscriptions?api-version=1"
	if status, _ := ask(t, s, "GET", target, ""); status != 200 {
		t.Fatalf("the first call = %d", status)
	}
	if status, body := ask(t, s, "GET", target, ""); status != 429 || !strings.Contains(body, "SubscriptionRequestsThrottled") {
		t.Fatalf("the second call = %d %s", status, body)
	}
	at = at.Add(time.Second)
	if status, _ := ask(t, s, "GET", target, ""); status != 200 {
		t.Fatalf("the call after a second = %d", status)
	}
	if n := s.Counts().Throttled; n != 1 {
		t.Errorf("throttled %d, want 1", n)
	}
}

// TestTransport breaks a body in the middle, as a connection would.
func TestTransport(t *testing.T) {
	s := testServer(t)
	s.tokens["t"] = token{client: "c", audience: "any", until: time.Unix(3600, 0)}
	s.Fail(Fault{Kind: Truncated, Path: "/subscriptions"})
	req, err := http.NewRequestWithContext(t.Context(), "GET", "https://management.azure.com/subscriptions?api-version=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer t")
	resp, err := s.Transport().RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != io.ErrUnexpectedEOF || len(body) == 0 {
		t.Errorf("read %q, %v, want half a body and an unexpected end", body, err)
	}
}

// FuzzRequest sends whatever somebody may send: no panic, and JSON in return.
func FuzzRequest(f *testing.F) {
	f.Add("GET", "/subscriptions?api-version=1&$skiptoken=t9", "")
	f.Add("POST", "/providers/microsoft.resourcegraph/resources?api-version=1", `{"query":"resources | project id | order by id asc","options":{"$top":1,"resultFormat":"objectArray","$skipToken":"t-1"}}`)
	f.Add("GET", vault+"/keys/?api-version=1", "")
	f.Add("GET", "/subscriptions/"+testSub+"/providers/?api-version=1", "")
	f.Add("GET", "/providers/microsoft.management/managementgroups//descendants?api-version=1", "")
	f.Add("GET", "/v1.0/users?$top=0", "")
	f.Add("POST", "/"+testTenant+"/oauth2/v2.0/token", "grant_type=client_credentials&client_id=c&scope=%zz")
	f.Add("GET", "?api-version=1", "")
	s := testServer(f)
	f.Fuzz(func(t *testing.T, method, target, body string) {
		if status, got := ask(t, s, method, target, body); status < 200 || !json.Valid([]byte(got)) {
			t.Errorf("%s %q = %d %q", method, target, status, got)
		}
	})
}
