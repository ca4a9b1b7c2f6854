package kubernetes

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
)

func TestGather(t *testing.T) {
	f := newFake(t)
	f.set("pods", fakePod("a"), fakePod("b"))
	f.set("services", `{"metadata":{"name":"till","namespace":"shop"},"spec":{"selector":{"app":"till"}}}`)
	f.set("secrets", `{"metadata":{"name":"s","namespace":"shop","managedFields":[{"fieldsV1":{"f:data":{".":{},"f:password":{}},"f:type":{}}}]},"type":"Opaque","data":{"password":"Y2xlYXI="}}`,
		`{"metadata":{"name":"old","namespace":"shop"},"type":"kubernetes.io/tls","data":{"k":"v"}}`)
	f.set("tills", `{"metadata":{"name":"t","namespace":"shop"},"spec":{"size":1}}`, fmt.Sprintf(`{"metadata":{"name":"big","namespace":"shop"},"spec":{"x":%q}}`, strings.Repeat("x", customBytes)))
	got := mustGather(t, f.open(t, Config{Name: "prod"}))

	if want := (bulwark.ScopeInfo{Path: "kubernetes/u-1", Name: "prod", Kind: "cluster"}); got.scope == nil || *got.scope != want {
		t.Errorf("scope = %v, want %v", got.scope, want)
	}
	pod := got.assets["live:k8s/u-1//Pod/shop/a"]
	if pod == nil {
		t.Fatalf("no pod among %d assets", len(got.assets))
	}
	if got, want := string(bulwark.AppendJSON(nil, pod.Properties)), `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"shop","labels":{"app":"till"},"annotations":{}},"spec":{"containers":[{"name":"c","image":"x:1"}]}}`; got != want {
		t.Errorf("properties = %s, want %s", got, want)
	}
	if got, want := string(bulwark.AppendJSON(nil, pod.Observed)), `{"uid":"p-a","status":{"phase":"Running","containerStatuses":[{"name":"c","imageID":"sha256:1"}]}}`; got != want {
		t.Errorf("observed = %s, want %s", got, want)
	}
	if !slices.Contains(pod.Relations, bulwark.Relation{Name: "namespace", Inverse: "members", Type: "v1/Namespace", Target: "live:k8s/u-1//Namespace//shop"}) ||
		!slices.Contains(pod.Relations, bulwark.Relation{Name: "account", Inverse: "objects", Type: TypeCluster, Target: "live:k8s/u-1"}) {
		t.Errorf("relations of the pod = %v", pod.Relations)
	}
	var selected []string
	for _, r := range got.assets["live:k8s/u-1//Service/shop/till"].Relations {
		if r.Name == "workloads" {
			selected = append(selected, r.Target)
		}
	}
	if diff := cmp.Diff([]string{"live:k8s/u-1//Pod/shop/a", "live:k8s/u-1//Pod/shop/b"}, selected); diff != "" {
		t.Errorf("workloads of the service (-want +got):\n%s", diff)
	}
	if got, want := string(bulwark.AppendJSON(nil, got.assets["live:k8s/u-1//Secret/shop/s"].Properties)),
		`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","namespace":"shop"},"type":"Opaque","data":{"password":{"$secret":["kubernetes-secret",""]}}}`; got != want {
		t.Errorf("secret = %s, want %s", got, want)
	}
	if got := got.assets["live:k8s/u-1//Secret/shop/old"].Properties.Get("data"); got.Kind() != bulwark.Unknown {
		t.Errorf("data of a secret whose keys nobody tells = %v, want unknown", got)
	}
	if got := got.assets["live:k8s/u-1/tills.shop/Till/shop/big"].Properties.Get("spec"); got.Kind() != bulwark.Unknown {
		t.Errorf("spec of a large custom resource has kind %v, want unknown", got.Kind())
	}
	if got.assets["live:k8s/u-1/tills.shop/Till/shop/t"].Properties.At("spec", "size").Int() != 1 {
		t.Error("the spec of a small custom resource is lost")
	}
	cluster := got.assets["live:k8s/u-1"]
	if cluster == nil || cluster.Properties.Get("version").Text() != "v1.34.4" || cluster.Observed.Get("anonymous").Text() != "refused" ||
		cluster.Properties.At("apiServer").Kind() != bulwark.Unknown || cluster.Properties.At("admission", "podSecurity", "namespaces").Int() != 2 {
		t.Errorf("cluster = %v", cluster)
	}
	for typ, l := range got.listings {
		if !l.Complete || l.Connector != "k" || l.Scope != "kubernetes/u-1" {
			t.Errorf("listing of %s = %+v, want it complete", typ, l)
		}
	}
	if len(got.gaps) != 0 {
		t.Errorf("gaps = %v, want none", got.gaps)
	}
	for _, r := range f.requests {
		if strings.Contains(r, "/events") || strings.Contains(r, "metrics.k8s.io") || !strings.HasPrefix(r, "GET ") {
			t.Errorf("it asked %s", r)
		}
	}
}

// TestOwned reads what a later kind owns without asking twice.
func TestOwned(t *testing.T) {
	f := newFake(t)
	f.set("serviceaccounts", `{"metadata":{"name":"a","namespace":"shop","ownerReferences":[{"apiVersion":"tills.shop/v1","kind":"Till","name":"t","controller":true}]}}`)
	f.set("tills", `{"metadata":{"name":"t","namespace":"shop","ownerReferences":[{"apiVersion":"apps/v1","kind":"Deployment","name":"d","controller":true}]}}`)
	f.set("deployments", `{"metadata":{"name":"d","namespace":"shop"}}`)
	got := mustGather(t, f.open(t, Config{}))
	for id, owner := range map[string]string{"live:k8s/u-1//ServiceAccount/shop/a": "live:k8s/u-1/tills.shop/Till/shop/t", "live:k8s/u-1/tills.shop/Till/shop/t": "live:k8s/u-1/apps/Deployment/shop/d"} {
		if !slices.ContainsFunc(got.assets[id].Relations, func(r bulwark.Relation) bool { return r.Name == "owner" && r.Target == owner }) {
			t.Errorf("relations of %s = %v, want owner %s", id, got.assets[id].Relations, owner)
		}
	}
	for _, r := range f.requests {
		if strings.Contains(r, "fieldSelector") {
			t.Errorf("it asked again: %s", r)
		}
	}
}

// TestPages lists more than a page, in order and once each.
func TestPages(t *testing.T) {
	f := newFake(t)
	var pods []string
	for i := range 2*pageSize + 3 {
		pods = append(pods, fakePod(fmt.Sprintf("p%d", i)))
	}
	f.set("pods", pods...)
	got := mustGather(t, f.open(t, Config{}))
	n := 0
	for id := range got.assets {
		if strings.Contains(id, "/Pod/") {
			n++
		}
	}
	if n != len(pods) || !got.listings["v1/Pod"].Complete {
		t.Errorf("%d pods, listing %+v, want %d and complete", n, got.listings["v1/Pod"], len(pods))
	}
}

// TestWrong has one list go wrong in each way. However it does, the rest is
// listed, that one is not complete, and a gap says why.
func TestWrong(t *testing.T) {
	const podsPath = "/api/v1/pods"
	status := func(code int, headers ...string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			for i := 0; i+1 < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			fail(w, code, "wrong")
		}
	}
	body := func(text string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, text) }
	}
	tests := []struct {
		name   string
		answer func(w http.ResponseWriter, r *http.Request)
		kind   bulwark.FaultKind
		needs  string
		pods   int // that are seen all the same
	}{
		{"denied", status(403), bulwark.FaultDenied, "list pods (core)", 0},
		{"credentials", status(401), bulwark.FaultCredentials, "a token or certificate that the cluster accepts", 0},
		{"throttled_for_ever", status(429, "Retry-After", "1"), bulwark.FaultThrottled, "", 0},
		{"server_error", status(500), bulwark.FaultFailed, "", 0},
		{"overloaded", status(503), bulwark.FaultUnreachable, "", 0},
		{"timed_out", status(504), bulwark.FaultTimeout, "", 0},
		{"absent", status(404), bulwark.FaultAbsent, "", 0},
		{"no_json", body("<html>"), bulwark.FaultMalformed, "", 0},
		{"no_list", body(`{"kind":"Pod"}`), bulwark.FaultMalformed, "", 0},
		{"not_an_object", body(`[]`), bulwark.FaultMalformed, "", 0},
		{"breaks_off", body(`{"items":[` + fakePod("a") + `,{"metadata":`), bulwark.FaultUnreachable, "", 0},
		{"token_repeats", body(`{"metadata":{"continue":"x"},"items":[` + fakePod("a") + `]}`), bulwark.FaultMalformed, "", 1},
		{"redirects", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		}, bulwark.FaultFailed, "", 0},
		{"hangs_up", func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }, bulwark.FaultUnreachable, "", 0},
		{"endless", endless, bulwark.FaultMalformed, "", 0},
		{"bad_object", body(`{"items":[` + fakePod("a") + `,{"metadata":{"name":"../x","namespace":"shop"}},7]}`), "", "", 1},
		{"object_of_another_namespace_form", body(`{"items":[{"metadata":{"name":"x"}}]}`), "", "", 0},
		{"pages_expire", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("continue") != "" {
				fail(w, 410, "Expired")
				return
			}
			fmt.Fprint(w, `{"metadata":{"continue":"x"},"items":[`+fakePod("a")+`]}`)
		}, bulwark.FaultFailed, "", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			f.set("services", `{"metadata":{"name":"till","namespace":"shop"},"spec":{}}`)
			f.answer(func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == podsPath {
					tt.answer(w, r)
					return true
				}
				return false
			})
			got := mustGather(t, f.open(t, Config{}))
			l := got.listings["v1/Pod"]
			if l == nil || l.Complete || l.Gap == nil {
				t.Fatalf("listing = %+v, want an incomplete one with a gap", l)
			}
			if tt.kind != "" && !strings.Contains(l.Gap.Why, ": "+string(tt.kind)) || l.Gap.Needs != tt.needs {
				t.Errorf("gap = %+v, want %s that needs %q", l.Gap, tt.kind, tt.needs)
			}
			pods := 0
			for _, a := range got.assets {
				if a.Type == "v1/Pod" {
					pods++
				}
			}
			if pods != tt.pods {
				t.Errorf("%d pods, want %d", pods, tt.pods)
			}
			if got.assets["live:k8s/u-1//Service/shop/till"] == nil || !got.listings["v1/Service"].Complete || len(got.gone) != 0 {
				t.Errorf("the other listings suffered: %+v, gone %v", got.listings["v1/Service"], got.gone)
			}
		})
	}
}

func endless(w http.ResponseWriter, r *http.Request) {
	fmt.Fprint(w, `{"items":[{"metadata":{"name":"`)
	chunk := strings.Repeat("x", 1<<20)
	for r.Context().Err() == nil {
		if _, err := fmt.Fprint(w, chunk); err != nil {
			return
		}
	}
}

// TestUncertain has the calls fail on which everything hangs: an error, and
// nothing is yielded that could be taken for an empty cluster.
func TestUncertain(t *testing.T) {
	for _, path := range []string{"/api/v1/namespaces/kube-system", "/api", "/apis"} {
		for _, code := range []int{401, 403, 404, 500, 503} {
			f := newFake(t)
			f.answer(func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == path {
					fail(w, code, "wrong")
					return true
				}
				return false
			})
			got, err := gather(t, f.open(t, Config{}))
			if err == nil || len(got.listings) != 0 || len(got.assets) != 0 {
				t.Errorf("%s %d: error %v, %d listings, %d assets; want an error alone", path, code, err, len(got.listings), len(got.assets))
			}
		}
	}
}

// TestThrottled is throttled twice and then let through: no gap.
func TestThrottled(t *testing.T) {
	f := newFake(t)
	f.set("pods", fakePod("a"))
	n := 0
	f.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/api/v1/pods" {
			return false
		}
		if n++; n > 2 {
			return false
		}
		w.Header().Set("Retry-After", "1")
		fail(w, 429, "TooManyRequests")
		return true
	})
	got := mustGather(t, f.open(t, Config{}))
	if !got.listings["v1/Pod"].Complete || got.assets["live:k8s/u-1//Pod/shop/a"] == nil || len(got.gaps) != 0 {
		t.Errorf("listing %+v, gaps %v, want it complete", got.listings["v1/Pod"], got.gaps)
	}
}

// TestLargeObjects shrinks its pages where 500 objects are more than an answer
// may hold.
func TestLargeObjects(t *testing.T) {
	if testing.Short() {
		t.Skip("serves 300 MB")
	}
	f := newFake(t)
	var big []string
	for i := range 80 {
		big = append(big, fmt.Sprintf(`{"metadata":{"name":"s%d","namespace":"shop","annotations":{"x":%q}}}`, i, strings.Repeat("x", 1<<20)))
	}
	f.set("serviceaccounts", big...)
	got := mustGather(t, f.open(t, Config{}))
	n := 0
	for _, a := range got.assets {
		if a.Type == "v1/ServiceAccount" {
			n++
		}
	}
	if l := got.listings["v1/ServiceAccount"]; n != len(big) || !l.Complete {
		t.Errorf("%d service accounts, listing %+v, want %d and complete", n, l, len(big))
	}
}

func TestNamespaces(t *testing.T) {
	f := newFake(t)
	f.set("pods", fakePod("a"))
	got := mustGather(t, f.open(t, Config{Namespaces: Namespaces{Exclude: []string{"sh*"}}}))
	if got.assets["live:k8s/u-1//Pod/shop/a"] != nil {
		t.Error("a pod of an excluded namespace was yielded")
	}
	got = mustGather(t, f.open(t, Config{Namespaces: Namespaces{Include: []string{"shop"}}}))
	a := got.assets["live:k8s/u-1//Pod/shop/a"]
	if l := got.listings["v1/Pod"]; a == nil || a.Region != "shop" || l.Region != "shop" || !l.Complete {
		t.Errorf("pod %v, listing %+v, want both in the region shop", a, l)
	}
	if got.listings["v1/Node"].Region != "" {
		t.Error("nodes are listed in a namespace")
	}
	for _, r := range f.requests[len(f.requests)-10:] {
		if strings.HasPrefix(r, "GET /api/v1/pods?") {
			t.Errorf("it asked for pods of all namespaces: %s", r)
		}
	}
}

// TestNamespaceDenied has a listing of one of two namespaces fail: what is not
// known of the one is known of the other.
func TestNamespaceDenied(t *testing.T) {
	f := newFake(t)
	pod := func(namespace string) string {
		return fmt.Sprintf(`{"metadata":{"name":"p","namespace":%q},"spec":{"serviceAccountName":"robot","containers":[]}}`, namespace)
	}
	f.set("pods", pod("bar"), pod("shop"))
	f.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/api/v1/namespaces/bar/serviceaccounts" {
			return false
		}
		fail(w, 403, "Forbidden")
		return true
	})
	got := mustGather(t, f.open(t, Config{Namespaces: Namespaces{Include: []string{"bar", "shop"}}}))
	for namespace, want := range map[string]string{"bar": `ServiceAccount "robot" is not known: not all of its kind could be listed`, "shop": `ServiceAccount "robot" is not in the cluster`} {
		var reason string
		for _, r := range got.assets["live:k8s/u-1//Pod/"+namespace+"/p"].Relations {
			if r.Name == "serviceAccount" {
				reason = r.Reason
			}
		}
		if reason != want {
			t.Errorf("in %s: %q, want %q", namespace, reason, want)
		}
	}
	r := &run{unlisted: map[string]map[string]bool{}}
	accounts := &resource{typ: "v1/ServiceAccount"}
	for _, step := range []struct {
		namespace string
		all       bool
		known     string // which of bar, shop and all are, each with a slash
	}{{"bar", false, "shop/"}, {"shop", false, ""}, {"bar", true, "bar/"}, {"shop", true, "bar/ shop/ /"}, {"", false, ""}} {
		r.complete(place{accounts, step.namespace}, step.all)
		var known []string
		for _, namespace := range []string{"bar", "shop", ""} {
			if r.unknown("v1/ServiceAccount", namespace) == "" {
				known = append(known, namespace+"/")
			}
		}
		if got := strings.Join(known, " "); got != step.known {
			t.Errorf("after %+v %q is known, want %q", step, got, step.known)
		}
	}
}

func TestExcludedTypes(t *testing.T) {
	f := newFake(t)
	got := mustGather(t, f.open(t, Config{Types: Types{Exclude: []string{"v1/Pod", "tills.shop/*/*"}}}))
	if got.listings["v1/Pod"] != nil || got.listings["tills.shop/v1/Till"] != nil || got.listings["v1/Service"] == nil {
		t.Errorf("listings = %v", got.listings)
	}
}

// TestCustomDenied wants one gap for a custom group, whatever it has.
func TestCustomDenied(t *testing.T) {
	f := newFake(t)
	f.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/apis/tills.shop/") {
			fail(w, 403, "Forbidden")
			return true
		}
		return false
	})
	got := mustGather(t, f.open(t, Config{}))
	if len(got.gaps) != 1 || got.gaps[0].Needs != "list tills (tills.shop)" || got.listings["tills.shop/v1/Till"].Complete {
		t.Errorf("gaps = %v, listing %+v", got.gaps, got.listings["tills.shop/v1/Till"])
	}
}

func TestManyCustom(t *testing.T) {
	f := newFake(t)
	var tills []string
	for i := range maxCustom + 700 {
		tills = append(tills, fmt.Sprintf(`{"metadata":{"name":"t%d","namespace":"shop"}}`, i))
	}
	f.set("tills", tills...)
	got := mustGather(t, f.open(t, Config{}))
	l := got.listings["tills.shop/v1/Till"]
	if l.Complete || l.Gap == nil || !strings.Contains(l.Gap.Why, "has 2700 objects; the first 2000 are kept") {
		t.Errorf("listing = %+v, gap %v", l, l.Gap)
	}
}

// TestPlainDiscovery reads a server that does not aggregate discovery, one of
// whose groups does not answer.
func TestPlainDiscovery(t *testing.T) {
	f := newFake(t)
	f.set("pods", fakePod("a"))
	f.answer(func(w http.ResponseWriter, r *http.Request) bool {
		switch r.URL.Path {
		case "/api":
			fmt.Fprint(w, `{"kind":"APIVersions","versions":["v1"]}`)
		case "/apis":
			fmt.Fprint(w, `{"kind":"APIGroupList","groups":[{"name":"apps","versions":[{"version":"v1"}]},{"name":"broken.example","versions":[{"version":"v1"}]}]}`)
		case "/api/v1":
			fmt.Fprint(w, `{"resources":[{"name":"pods","kind":"Pod","namespaced":true,"verbs":["list","watch"]},{"name":"pods/log","kind":"Pod","namespaced":true,"verbs":["get","list"]},{"name":"../secrets","kind":"Secret","verbs":["list"]}]}`)
		case "/apis/apps/v1":
			fmt.Fprint(w, `{"resources":[{"name":"deployments","kind":"Deployment","namespaced":true,"verbs":["list","watch"]}]}`)
		case "/apis/broken.example/v1":
			fail(w, 503, "ServiceUnavailable")
		default:
			return false
		}
		return true
	})
	got := mustGather(t, f.open(t, Config{}))
	if !got.listings["v1/Pod"].Complete || !got.listings["apps/v1/Deployment"].Complete || len(got.listings) != 3 {
		t.Errorf("listings = %v", got.listings)
	}
	if len(got.gaps) != 1 || got.gaps[0].Where != "k/kubernetes/u-1/broken.example/v1" {
		t.Errorf("gaps = %v, want one for the broken group", got.gaps)
	}
}

func TestProbeAndPlan(t *testing.T) {
	f := newFake(t)
	f.set("pods", fakePod("a"))
	c := f.open(t, Config{})
	states := map[string]bulwark.ProbeState{}
	if err := c.Probe(t.Context(), func(p bulwark.Probe) error { states[p.Permission] = p.State; return nil }); err != nil {
		t.Fatal(err)
	}
	for permission, want := range map[string]bulwark.ProbeState{"list pods (core)": bulwark.ProbeAllowed, "watch pods (core)": bulwark.ProbeAllowed, "list secrets (core)": bulwark.ProbeDenied,
		"list jobs (batch)": bulwark.ProbeUntried, "get namespaces (core)": bulwark.ProbeAllowed} {
		if states[permission] != want {
			t.Errorf("probe of %s = %q, want %q", permission, states[permission], want)
		}
	}
	if len(states) != len(Access()) {
		t.Errorf("%d probes, want one for each of %d permissions", len(states), len(Access()))
	}
	plan, err := c.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	f.requests = nil
	f.mu.Unlock()
	mustGather(t, c)
	if got, want := int64(len(f.requests)), plan.Total; got != want {
		t.Errorf("a run made %d calls, planned were %d:\n%s", got, want, strings.Join(f.requests, "\n"))
	}
}

func FuzzObject(f *testing.F) {
	f.Add([]byte(fakePod("a")))
	f.Add([]byte(`{"metadata":{"name":"a","namespace":"b","managedFields":[{"fieldsV1":{"f:data":{"f:k":{}}}}]},"data":{"k":"v"}}`))
	f.Add([]byte(`{"object":{"metadata":{"name":"a","namespace":"b"}},"bulwark":{"Type":"Opaque","Data":1}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		d := decoder{cluster: "u", scope: "kubernetes/u"}
		for _, r := range []resource{{version: "v1", plural: "pods", kind: "Pod", typ: "v1/Pod", namespaced: true, status: true}, {version: "v1", plural: "secrets", kind: "Secret", typ: "v1/Secret", namespaced: true},
			{group: "a.b", version: "v1", plural: "cs", kind: "C", typ: "a.b/v1/C", custom: true}} {
			a, err := d.object(&r, raw)
			if err != nil {
				continue
			}
			if strings.Count(a.ID, "/") != 5 || a.Name == "" {
				t.Errorf("id %q, name %q", a.ID, a.Name)
			}
			if m := a.Properties.Get("metadata"); !m.Get("managedFields").IsAbsent() || !m.Get("resourceVersion").IsAbsent() {
				t.Errorf("noise is kept: %v", a.Properties)
			}
			if r.kind == "Secret" {
				for _, v := range a.Properties.Get("data").Children() {
					if v.Kind() != bulwark.Secret {
						t.Errorf("a secret in the clear: %v", a.Properties)
					}
				}
			}
		}
	})
}

func FuzzPage(f *testing.F) {
	f.Add(`{"kind":"PodList","metadata":{"resourceVersion":"1","continue":"x"},"items":[{"metadata":{}},{}]}`)
	f.Add(`{"metadata":{},"columnDefinitions":[{"name":"Type"}],"rows":[{"cells":["a"],"object":{"metadata":{"name":"a"}}}]}`)
	f.Add(`{"items":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		n := 0
		_, err := readPage(strings.NewReader(text), func(raw []byte) error {
			n++
			if !json.Valid(raw) {
				t.Errorf("an object that is no JSON: %q", raw)
			}
			return nil
		})
		if err == nil && !strings.Contains(text, "{") {
			t.Errorf("read %d objects of %q", n, text)
		}
	})
}
