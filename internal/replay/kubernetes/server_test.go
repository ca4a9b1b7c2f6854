package kubernetes_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bulwarksec/bulwark/internal/replay"
	"github.com/bulwarksec/bulwark/internal/replay/kubernetes"
)

// clock is set by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// object reads an object from JSON.
func object(t testing.TB, text string) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return o
}

func pod(name string) string {
	return fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":%q,"namespace":"shop","labels":{"app":%q}},"spec":{"nodeName":"n1","containers":[{"name":"c","image":"x:1"}]},"status":{"phase":"Running"}}`, name, name)
}

const (
	shop  = `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop"}}`
	tills = `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"tills.shop.example"},"spec":{"group":"shop.example","scope":"Namespaced",
		"names":{"plural":"tills","kind":"Till"},"versions":[{"name":"v1","served":true},{"name":"v1alpha1","served":false}]}}`
	till   = `{"apiVersion":"shop.example/v1","kind":"Till","metadata":{"name":"t","namespace":"shop"},"spec":{"size":1}}`
	secret = `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","namespace":"shop"},"type":"Opaque","data":{"password":"eA=="}}`
)

func put(t testing.TB, w *kubernetes.World, objects ...string) {
	t.Helper()
	err := w.Update(func(tx *kubernetes.Tx) error {
		for _, text := range objects {
			if err := tx.Put(object(t, text)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func remove(t testing.TB, w *kubernetes.World, kind, name string) {
	t.Helper()
	if err := w.Update(func(tx *kubernetes.Tx) error { return tx.Remove("v1", kind, "shop", name) }); err != nil {
		t.Fatal(err)
	}
}

// estate is a world with a few objects, and its server with an administrator
// (token "admin") and somebody who may list the pods of one namespace and get
// one namespace (token "reader").
func estate(t testing.TB, o kubernetes.Options) (*kubernetes.Server, *kubernetes.World, *clock) {
	t.Helper()
	c := newClock()
	w := kubernetes.NewWorld(1, c.now)
	put(t, w, shop, tills, till, secret, pod("a"), pod("b"), pod("c"))
	o.World = w
	if o.Limits == nil {
		o.Limits = replay.Unlimited
	}
	o.Users = append(o.Users, kubernetes.User{Name: "admin", Token: "admin", Rules: kubernetes.Everything()},
		kubernetes.User{Name: "reader", Token: "reader", Rules: []kubernetes.Rule{
			{Verbs: []string{"list"}, Groups: []string{""}, Resources: []string{"pods"}, Namespaces: []string{"shop"}},
			{Verbs: []string{"get", "list"}, Groups: []string{""}, Resources: []string{"namespaces"}, Names: []string{"kube-system"}}}})
	s, err := kubernetes.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s, w, c
}

// reply is what came back.
type reply struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

func (r reply) at(path ...string) any {
	var v any = r.body
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

func (r reply) items() (names []string) {
	list, _ := r.body["items"].([]any)
	for _, o := range list {
		meta, _ := o.(map[string]any)["metadata"].(map[string]any)
		names = append(names, fmt.Sprint(meta["name"]))
	}
	return names
}

// ask makes one request; headers are pairs.
func ask(t testing.TB, s *kubernetes.Server, method, url, token, body string, headers ...string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://cluster"+url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := s.Transport().RoundTrip(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	r := reply{status: resp.StatusCode, header: resp.Header, text: string(text)}
	_ = json.Unmarshal(text, &r.body) // not all answers are JSON
	return r
}

func get(t testing.TB, s *kubernetes.Server, url string, headers ...string) reply {
	t.Helper()
	return ask(t, s, http.MethodGet, url, "admin", "", headers...)
}

// TestRefusals are the bodies that a v1.34.4 server writes for the same calls.
func TestRefusals(t *testing.T) {
	s, _, _ := estate(t, kubernetes.Options{Users: []kubernetes.User{{}}})
	strict, _, _ := estate(t, kubernetes.Options{})
	tests := []struct {
		name          string
		server        *kubernetes.Server
		method, url   string
		token, body   string
		status        int
		message, want string // message, and all of the rest of the Status as JSON
	}{
		{"bad token", s, "GET", "/api/v1/pods", "bad", "", 401, "Unauthorized", `{"apiVersion":"v1","code":401,"kind":"Status","metadata":{},"reason":"Unauthorized","status":"Failure"}`},
		{"no token", strict, "GET", "/version", "", "", 401, "Unauthorized", `{"apiVersion":"v1","code":401,"kind":"Status","metadata":{},"reason":"Unauthorized","status":"Failure"}`},
		{"anonymous list", s, "GET", "/api/v1/pods", "", "", 403, `pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" at the cluster scope`,
			`{"apiVersion":"v1","code":403,"details":{"kind":"pods"},"kind":"Status","metadata":{},"reason":"Forbidden","status":"Failure"}`},
		{"anonymous get", s, "GET", "/apis/shop.example/v1/namespaces/shop/tills/t", "", "", 403, `tills.shop.example "t" is forbidden: User "system:anonymous" cannot get resource "tills" in API group "shop.example" in the namespace "shop"`,
			`{"apiVersion":"v1","code":403,"details":{"group":"shop.example","kind":"tills","name":"t"},"kind":"Status","metadata":{},"reason":"Forbidden","status":"Failure"}`},
		{"anonymous log", s, "GET", "/api/v1/namespaces/shop/pods/a/log", "", "", 403, `pods "a" is forbidden: User "system:anonymous" cannot get resource "pods/log" in API group "" in the namespace "shop"`,
			`{"apiVersion":"v1","code":403,"details":{"kind":"pods","name":"a"},"kind":"Status","metadata":{},"reason":"Forbidden","status":"Failure"}`},
		{"anonymous namespace", s, "GET", "/api/v1/namespaces/kube-system", "", "", 403, `namespaces "kube-system" is forbidden: User "system:anonymous" cannot get resource "namespaces" in API group "" in the namespace "kube-system"`,
			`{"apiVersion":"v1","code":403,"details":{"kind":"namespaces","name":"kube-system"},"kind":"Status","metadata":{},"reason":"Forbidden","status":"Failure"}`},
		{"anonymous watch", s, "GET", "/api/v1/pods?watch=1", "", "", 403, `pods is forbidden: User "system:anonymous" cannot watch resource "pods" in API group "" at the cluster scope`,
			`{"apiVersion":"v1","code":403,"details":{"kind":"pods"},"kind":"Status","metadata":{},"reason":"Forbidden","status":"Failure"}`},
		{"anonymous path", s, "GET", "/api", "", "", 403, `forbidden: User "system:anonymous" cannot get path "/api"`, `{"apiVersion":"v1","code":403,"details":{},"kind":"Status","metadata":{},"reason":"Forbidden","status":"Failure"}`},
		{"no object", s, "GET", "/api/v1/namespaces/shop/pods/none", "admin", "", 404, `pods "none" not found`, `{"apiVersion":"v1","code":404,"details":{"kind":"pods","name":"none"},"kind":"Status","metadata":{},"reason":"NotFound","status":"Failure"}`},
		{"no resource", s, "GET", "/api/v1/nonsense", "admin", "", 404, "the server could not find the requested resource", `{"apiVersion":"v1","code":404,"details":{},"kind":"Status","metadata":{},"reason":"NotFound","status":"Failure"}`},
		{"no namespace in the path", s, "GET", "/api/v1/pods/a", "admin", "", 404, "the server could not find the requested resource", `{"apiVersion":"v1","code":404,"details":{},"kind":"Status","metadata":{},"reason":"NotFound","status":"Failure"}`},
		{"write", s, "DELETE", "/api/v1/pods", "admin", "", 405, "the server does not allow this method on the requested resource", `{"apiVersion":"v1","code":405,"details":{},"kind":"Status","metadata":{},"reason":"MethodNotAllowed","status":"Failure"}`},
		{"bad limit", s, "GET", "/api/v1/pods?limit=x", "admin", "", 400, `strconv.ParseInt: parsing "x": invalid syntax`, `{"apiVersion":"v1","code":400,"kind":"Status","metadata":{},"reason":"BadRequest","status":"Failure"}`},
		{"bad token of a page", s, "GET", "/api/v1/pods?continue=abc", "admin", "", 400, "invalid continue token: continue key is not valid: invalid character 'i' looking for beginning of value", `{"apiVersion":"v1","code":400,"kind":"Status","metadata":{},"reason":"BadRequest","status":"Failure"}`},
		{"unknown field", s, "GET", "/api/v1/pods?fieldSelector=a%3Db", "admin", "", 400, "field label not supported: a", `{"apiVersion":"v1","code":400,"kind":"Status","metadata":{},"reason":"BadRequest","status":"Failure"}`},
		{"bad labels", s, "GET", "/api/v1/pods?labelSelector=a%3D%3D%3D", "admin", "", 400, "unable to parse requirement: found '=', expected: identifier", `{"apiVersion":"v1","code":400,"kind":"Status","metadata":{},"reason":"BadRequest","status":"Failure"}`},
		{"bad version", s, "GET", "/api/v1/pods?resourceVersion=x", "admin", "", 400, `invalid resource version: resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax`, `{"apiVersion":"v1","code":400,"kind":"Status","metadata":{},"reason":"BadRequest","status":"Failure"}`},
		{"version to come", s, "GET", "/api/v1/pods?resourceVersion=9999999", "admin", "", 504, "Timeout: Too large resource version: 9999999, current: 11",
			`{"apiVersion":"v1","code":504,"details":{"causes":[{"message":"Too large resource version","reason":"ResourceVersionTooLarge"}],"retryAfterSeconds":1},"kind":"Status","metadata":{},"reason":"Timeout","status":"Failure"}`},
		{"match without version", s, "GET", "/api/v1/pods?resourceVersionMatch=Exact", "admin", "", 422, `ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided`,
			`{"apiVersion":"v1","code":422,"details":{"causes":[{"field":"resourceVersionMatch","message":"Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided","reason":"FieldValueForbidden"}],"group":"meta.k8s.io","kind":"ListOptions"},"kind":"Status","metadata":{},"reason":"Invalid","status":"Failure"}`},
		{"initial events without match", s, "GET", "/api/v1/pods?watch=1&sendInitialEvents=true", "admin", "", 422, `ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan`,
			`{"apiVersion":"v1","code":422,"details":{"causes":[{"field":"resourceVersionMatch","message":"Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan","reason":"FieldValueForbidden"}],"group":"meta.k8s.io","kind":"ListOptions"},"kind":"Status","metadata":{},"reason":"Invalid","status":"Failure"}`},
		{"rules of no namespace", s, "POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", "admin", `{"spec":{}}`, 400, "no namespace on request", `{"apiVersion":"v1","code":400,"kind":"Status","metadata":{},"reason":"BadRequest","status":"Failure"}`},
		{"review read", s, "GET", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "admin", "", 405, "the server does not allow this method on the requested resource", `{"apiVersion":"v1","code":405,"details":{},"kind":"Status","metadata":{},"reason":"MethodNotAllowed","status":"Failure"}`},
	}
	for _, tt := range tests {
		t.Run(strings.ReplaceAll(tt.name, " ", "_"), func(t *testing.T) {
			got := ask(t, tt.server, tt.method, tt.url, tt.token, tt.body)
			message := got.body["message"]
			delete(got.body, "message")
			rest, err := json.Marshal(got.body)
			if err != nil {
				t.Fatal(err)
			}
			if got.status != tt.status || message != tt.message || string(rest) != tt.want {
				t.Errorf("%s %s = %d %v %s, want %d %s %s", tt.method, tt.url, got.status, message, rest, tt.status, tt.message, tt.want)
			}
			if got.header.Get("Content-Type") != "application/json" || got.header.Get("Audit-Id") == "" {
				t.Errorf("headers = %v", got.header)
			}
		})
	}
	if got := get(t, s, "/apis/nope/v1/things"); got.status != 404 || got.text != "404 page not found\n" {
		t.Errorf("a group that is not served = %d %q, want 404 and plain text", got.status, got.text)
	}
	if got := get(t, s, "/api/v1/pods", "Accept", "application/vnd.kubernetes.protobuf"); got.status != 406 || got.body["reason"] != "NotAcceptable" {
		t.Errorf("a client without JSON = %d %s, want 406", got.status, got.text)
	}
}

// TestRights has rules allow what they name and nothing else.
func TestRights(t *testing.T) {
	s, _, _ := estate(t, kubernetes.Options{})
	for url, want := range map[string]int{
		"/api/v1/namespaces/shop/pods":                                 200,
		"/api/v1/namespaces/shop/pods?watch=1&timeoutSeconds=1":        403,
		"/api/v1/namespaces/default/pods":                              403,
		"/api/v1/pods":                                                 403,
		"/api/v1/namespaces/shop/pods/a":                               403,
		"/api/v1/namespaces/kube-system":                               200,
		"/api/v1/namespaces/shop":                                      403,
		"/api/v1/namespaces":                                           403,
		"/api/v1/namespaces?fieldSelector=metadata.name%3Dkube-system": 200,
		"/apis": 200, "/version": 200, "/api/v1": 200, "/apis/apps/v1": 200, "/metrics": 403,
	} {
		if got := ask(t, s, "GET", url, "reader", ""); got.status != want {
			t.Errorf("GET %s = %d %s, want %d", url, got.status, got.text, want)
		}
	}
	review := func(attributes string) any {
		r := ask(t, s, "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "reader", `{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{`+attributes+`}}`)
		if r.status != http.StatusCreated || r.body["kind"] != "SelfSubjectAccessReview" {
			t.Fatalf("review = %d %s", r.status, r.text)
		}
		return r.at("status", "allowed")
	}
	for attributes, want := range map[string]bool{
		`"resourceAttributes":{"verb":"list","resource":"pods","namespace":"shop"}`:        true,
		`"resourceAttributes":{"verb":"list","resource":"pods"}`:                           false,
		`"resourceAttributes":{"verb":"watch","resource":"pods","namespace":"shop"}`:       false,
		`"resourceAttributes":{"verb":"get","resource":"namespaces","name":"kube-system"}`: true,
		`"nonResourceAttributes":{"verb":"get","path":"/version"}`:                         true,
		`"nonResourceAttributes":{"verb":"get","path":"/metrics"}`:                         false,
	} {
		if got := review(attributes); got != want {
			t.Errorf("review of %s = %v, want %v", attributes, got, want)
		}
	}
	rules := func(namespace string) int {
		r := ask(t, s, "POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", "reader", `{"spec":{"namespace":"`+namespace+`"}}`)
		list, _ := r.at("status", "resourceRules").([]any)
		return len(list)
	}
	if in, out := rules("shop"), rules("default"); in != out+1 {
		t.Errorf("%d rules in the namespace of a rule, %d in another, want one more", in, out)
	}
}
