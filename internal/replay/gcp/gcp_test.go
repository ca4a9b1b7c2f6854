package gcp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"github.com/bulwarksec/bulwark/internal/quota"
	"github.com/bulwarksec/bulwark/internal/replay"
	"github.com/bulwarksec/bulwark/internal/replay/gcp"
)

// world is two projects of an organisation, each with some buckets.
func world(at time.Time) *gcp.State {
	s := gcp.NewState()
	s.Set(at, gcp.Resource{Name: "//cloudresourcemanager.googleapis.com/organizations/9", Type: "cloudresourcemanager.googleapis.com/Organization", Ancestors: []string{"organizations/9"}, Data: json.RawMessage(`{"name":"organizations/9"}`),
		Owned: map[string]json.RawMessage{"contacts": json.RawMessage(`[{"email":"a@example.com"}]`)}})
	for i, id := range []string{"first-project", "second-project"} {
		up := []string{fmt.Sprintf("projects/%d", i+1), "organizations/9"}
		s.Set(at, gcp.Resource{Name: "//cloudresourcemanager.googleapis.com/" + up[0], Type: "cloudresourcemanager.googleapis.com/Project", Ancestors: up, Data: json.RawMessage(`{"projectId":"` + id + `"}`)})
		for n := range 5 {
			r := gcp.Resource{Name: fmt.Sprintf("//storage.googleapis.com/%s-%d", id, n), Type: "storage.googleapis.com/Bucket", Ancestors: up}
			if n == 0 {
				r.IAMPolicy = json.RawMessage(`{"bindings":[]}`)
			}
			s.Set(at, r)
		}
	}
	return s
}

func server(t *testing.T, o gcp.Options) *gcp.Server {
	t.Helper()
	s, err := gcp.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// contextWith makes oauth2 use a client.
func contextWith(t *testing.T, c *http.Client) context.Context {
	return context.WithValue(t.Context(), oauth2.HTTPClient, c)
}

// client is a client with a token.
func client(t *testing.T, s *gcp.Server) *http.Client {
	t.Helper()
	base := &http.Client{Transport: s.Transport()}
	jwt, err := google.JWTConfigFromJSON(s.Credential(""), "https://www.googleapis.com/auth/cloud-platform.read-only")
	if err != nil {
		t.Fatal(err)
	}
	return jwt.Client(contextWith(t, base))
}

// get returns the status and the body of an answer.
func get(t *testing.T, c *http.Client, address string) (int, string) {
	t.Helper()
	resp, err := c.Get(address)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp.StatusCode, err.Error()
	}
	return resp.StatusCode, string(data)
}

type page struct {
	Assets []struct {
		Name      string
		AssetType string
		Resource  *struct{ Parent string }
		IAMPolicy json.RawMessage `json:"iamPolicy"`
	}
	NextPageToken string
	ReadTime      time.Time
}

func read(t *testing.T, c *http.Client, q url.Values, parent string) page {
	t.Helper()
	code, body := get(t, c, "https://cloudasset.googleapis.com/v1/"+parent+"/assets?"+q.Encode())
	var p page
	if err := json.Unmarshal([]byte(body), &p); code != 200 || err != nil {
		t.Fatalf("assets.list = %d, %v: %s", code, err, body)
	}
	return p
}

func TestList(t *testing.T) {
	c := client(t, server(t, gcp.Options{State: world(time.Now().Add(-time.Hour))}))
	tests := []struct {
		name, parent string
		query        url.Values
		want         int
	}{
		{"everything", "organizations/9", url.Values{"contentType": {"RESOURCE"}}, 13},
		{"a project by id", "projects/first-project", url.Values{"contentType": {"RESOURCE"}}, 6},
		{"a project by number", "projects/2", url.Values{}, 6},
		{"a type", "organizations/9", url.Values{"contentType": {"RESOURCE"}, "assetTypes": {"storage.googleapis.com/Bucket"}}, 10},
		{"a pattern of types", "organizations/9", url.Values{"contentType": {"RESOURCE"}, "assetTypes": {"cloudresourcemanager.googleapis.com.*"}}, 3},
		{"IAM policies", "organizations/9", url.Values{"contentType": {"IAM_POLICY"}}, 2},
		{"organisation policies", "organizations/9", url.Values{"contentType": {"ORG_POLICY"}}, 0},
		{"before anything was", "organizations/9", url.Values{"contentType": {"RESOURCE"}, "readTime": {time.Now().Add(-2 * time.Hour).Format(time.RFC3339)}}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := read(t, c, tt.query, tt.parent); len(got.Assets) != tt.want || got.ReadTime.IsZero() {
				t.Errorf("%d assets, want %d: %+v", len(got.Assets), tt.want, got)
			}
		})
	}
}

// TestPaging gives every asset once whatever the size of pages, as of one
// instant.
func TestPaging(t *testing.T) {
	for _, size := range []int{1, 2, 5, 13, 1000} {
		st := world(time.Now().Add(-time.Hour))
		c := client(t, server(t, gcp.Options{State: st, Limits: replay.Unlimited}))
		q := url.Values{"contentType": {"RESOURCE"}, "pageSize": {fmt.Sprint(size)}}
		var names []string
		for n := 0; ; n++ {
			p := read(t, c, q, "organizations/9")
			for _, a := range p.Assets {
				names = append(names, a.Name)
			}
			if n == 0 {
				st.Delete(time.Now(), "//storage.googleapis.com/second-project-4")
			}
			if p.NextPageToken == "" {
				break
			}
			q.Set("pageToken", p.NextPageToken)
		}
		slices.Sort(names)
		if n := len(slices.Compact(slices.Clone(names))); n != 13 || len(names) != 13 {
			t.Errorf("by pages of %d: %d names of which %d differ, want 13", size, len(names), n)
		}
	}
}

func TestRefusals(t *testing.T) {
	s := server(t, gcp.Options{State: world(time.Now()), Denied: []string{"cloudasset.assets.listIamPolicy"}, Disabled: []string{"bigquery"}})
	c := client(t, s)
	const assets = "https://cloudasset.googleapis.com/v1/organizations/9/assets"
	tests := []struct {
		name, address string
		code          int
		status, says  string
	}{
		{"a parent that is not there", "https://cloudasset.googleapis.com/v1/organizations/8/assets", 403, "PERMISSION_DENIED", "organizations/8"},
		{"a content type", assets + "?contentType=ALL", 400, "INVALID_ARGUMENT", "content_type"},
		{"a page size", assets + "?pageSize=1001", 400, "INVALID_ARGUMENT", "page_size"},
		{"a token", assets + "?pageToken=x", 400, "INVALID_ARGUMENT", "page token"},
		{"the future", assets + "?readTime=2999-01-01T00:00:00Z", 400, "INVALID_ARGUMENT", "read_time"},
		{"long ago", assets + "?readTime=2019-01-01T00:00:00Z", 400, "INVALID_ARGUMENT", "read_time"},
		{"denied", assets + "?contentType=IAM_POLICY", 403, "PERMISSION_DENIED", `"permission": "cloudasset.assets.listIamPolicy"`},
		{"off", "https://bigquery.googleapis.com/bigquery/v2/projects/p/datasets/d", 403, "PERMISSION_DENIED", "SERVICE_DISABLED"},
		{"no method", "https://cloudasset.googleapis.com/v1/other", 404, "NOT_FOUND", ""},
		{"no service", "https://other.googleapis.com/v1/x", 404, "NOT_FOUND", ""},
		{"a query that is not known", "https://cloudresourcemanager.googleapis.com/v3/projects:search?query=labels.a:b", 400, "INVALID_ARGUMENT", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, body := get(t, c, tt.address)
			var e struct {
				Error struct {
					Code   int
					Status string
				}
			}
			if err := json.Unmarshal([]byte(body), &e); err != nil || code != tt.code || e.Error.Code != tt.code || e.Error.Status != tt.status || !strings.Contains(body, tt.says) {
				t.Errorf("%d %s (%v), want %d %s with %q", code, body, err, tt.code, tt.status, tt.says)
			}
		})
	}
	if code, body := get(t, &http.Client{Transport: s.Transport()}, assets); code != 401 || !strings.Contains(body, "UNAUTHENTICATED") {
		t.Errorf("without a token: %d %s, want 401", code, body)
	}
}

// TestManager answers Resource Manager's and Essential Contacts' calls.
func TestManager(t *testing.T) {
	st := world(time.Now())
	st.Set(time.Now(), gcp.Resource{Name: "//cloudresourcemanager.googleapis.com/projects/3", Type: "cloudresourcemanager.googleapis.com/Project", Ancestors: []string{"projects/3", "organizations/9"}, Data: json.RawMessage(`{"projectId":"leaving","state":"DELETE_REQUESTED"}`)})
	c := client(t, server(t, gcp.Options{State: st, Denied: []string{"storage.*"}}))
	for address, want := range map[string]string{
		"https://cloudresourcemanager.googleapis.com/v3/projects:search":                     `{"projects":[{"projectId":"first-project"},{"projectId":"second-project"}]}`,
		"https://cloudresourcemanager.googleapis.com/v3/organizations:search":                `{"organizations":[{"name":"organizations/9"}]}`,
		"https://cloudresourcemanager.googleapis.com/v3/projects/first-project":              `{"projectId":"first-project"}`,
		"https://essentialcontacts.googleapis.com/v1/organizations/9/contacts":               `{"contacts":[{"email":"a@example.com"}]}`,
		"https://essentialcontacts.googleapis.com/v1/organizations/9/contacts?pageToken=100": "",
	} {
		code, body := get(t, c, address)
		if want != "" && (code != 200 || body != want) || want == "" && code != 400 {
			t.Errorf("GET %s = %d %s, want %s", address, code, body, want)
		}
	}
	resp, err := c.Post("https://cloudresourcemanager.googleapis.com/v3/organizations/9:testIamPermissions", "application/json", strings.NewReader(`{"permissions":["storage.buckets.get","a.b.c"]}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if data, _ := io.ReadAll(resp.Body); string(data) != `{"permissions":["a.b.c"]}` {
		t.Errorf("testIamPermissions = %s", data)
	}
}

// TestQuota refuses what is over the quota, says when to come back, and lets in
// who does.
func TestQuota(t *testing.T) {
	now := time.Now()
	s := server(t, gcp.Options{State: world(now), Now: func() time.Time { return now },
		Limits: func(k quota.Key) (quota.Limit, quota.Key) {
			return quota.Limit{Rate: 0.5, Burst: 2}, quota.Key{Service: k.Service}
		}})
	c := client(t, s)
	const assets = "https://cloudasset.googleapis.com/v1/organizations/9/assets"
	var codes []int
	for range 3 {
		code, _ := get(t, c, assets)
		codes = append(codes, code)
	}
	_, body := get(t, c, assets)
	now = now.Add(2 * time.Second)
	code, _ := get(t, c, assets)
	if diff := cmp.Diff([]int{200, 200, 429, 200}, append(codes, code)); diff != "" || !strings.Contains(body, `"retryDelay": "2.000s"`) {
		t.Errorf("codes (-want +got):\n%s\n%s", diff, body)
	}
	if got := s.Counts()["cloudasset:assets.list"]; got != (replay.Count{Calls: 5, Throttled: 2}) {
		t.Errorf("counts %+v", got)
	}
}

// TestTokens issues none for an assertion that is another's, late or for
// another address, and takes none that has ended.
func TestTokens(t *testing.T) {
	now := time.Now()
	s := server(t, gcp.Options{State: world(now), Now: func() time.Time { return now }})
	other := strings.Replace(string(s.Credential("")), "bulwark@ops-tools", "other@ops-tools", 1)
	jwt, err := google.JWTConfigFromJSON([]byte(other), "scope")
	if err != nil {
		t.Fatal(err)
	}
	var refused *oauth2.RetrieveError
	if _, err := jwt.TokenSource(contextWith(t, &http.Client{Transport: s.Transport()})).Token(); !errors.As(err, &refused) || !strings.Contains(string(refused.Body), "invalid_grant") {
		t.Errorf("a token for another's assertion: %v", err)
	}
	jwt, err = google.JWTConfigFromJSON(s.Credential(""), "scope")
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.TokenSource(contextWith(t, &http.Client{Transport: s.Transport()})).Token()
	if err != nil {
		t.Fatal(err)
	}
	ask := func() int {
		req, _ := http.NewRequest(http.MethodGet, "https://cloudasset.googleapis.com/v1/organizations/9/assets", nil)
		token.SetAuthHeader(req)
		resp, err := s.Transport().RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if first := ask(); first != 200 {
		t.Errorf("a token that is new: %d", first)
	}
	if now = now.Add(2 * time.Hour); ask() != 401 {
		t.Error("a token that has ended is taken")
	}
	if _, err := jwt.TokenSource(contextWith(t, &http.Client{Transport: s.Transport()})).Token(); err == nil {
		t.Error("an assertion that is two hours old by the server's clock is taken")
	}
}

// TestState keeps what resources were as long as anybody reads.
func TestState(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := gcp.NewState()
	for n := range 100 {
		s.Set(at.Add(time.Duration(n)*time.Hour), gcp.Resource{Name: "//a/b", Type: "a/B", Location: fmt.Sprint(n)})
	}
	if r, ok := s.Get("//a/b"); !ok || r.Location != "99" {
		t.Errorf("Get = %+v, %v", r, ok)
	}
	s.Delete(at, "//a/b", "//a/c") // before the last change counts as at it
	if _, ok := s.Get("//a/b"); ok {
		t.Error("a resource that was deleted is there")
	}
}
