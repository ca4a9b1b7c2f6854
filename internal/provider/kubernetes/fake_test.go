package kubernetes

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bulwarksec/bulwark"
)

// fake is an API server with just enough of one to be wrong in all the ways
// that a real one cannot be made to: discovery, lists with pages and field
// selectors, tables of Secrets, and watches that a test feeds.
type fake struct {
	*httptest.Server
	mu       sync.Mutex
	objects  map[string][]string // plural → objects
	events   map[string]chan string
	wrong    func(w http.ResponseWriter, r *http.Request) bool // true: it has answered
	requests []string
	version  int
}

// served is what the fake's discovery tells: group/version → resources.
var served = map[string][]resource{
	"v1": {{plural: "namespaces", kind: "Namespace"}, {plural: "nodes", kind: "Node"}, {plural: "pods", kind: "Pod", namespaced: true},
		{plural: "secrets", kind: "Secret", namespaced: true}, {plural: "serviceaccounts", kind: "ServiceAccount", namespaced: true},
		{plural: "services", kind: "Service", namespaced: true}, {plural: "events", kind: "Event", namespaced: true}},
	"apps/v1":                {{plural: "deployments", kind: "Deployment", namespaced: true}, {plural: "replicasets", kind: "ReplicaSet", namespaced: true}},
	"tills.shop/v1":          {{plural: "tills", kind: "Till", namespaced: true}},
	"metrics.k8s.io/v1beta1": {{plural: "pods", kind: "PodMetrics", namespaced: true}},
}

func newFake(t testing.TB) *fake {
	t.Helper()
	f := &fake{objects: map[string][]string{}, events: map[string]chan string{}, version: 100}
	f.objects["namespaces"] = []string{`{"metadata":{"name":"kube-system","uid":"u-1"}}`, `{"metadata":{"name":"shop","uid":"u-2"}}`}
	f.Server = httptest.NewUnstartedServer(http.HandlerFunc(f.serve))
	f.Server.EnableHTTP2 = true
	f.Server.StartTLS()
	t.Cleanup(func() { f.Server.CloseClientConnections(); f.Server.Close() })
	return f
}

// open returns a reader of the fake that never really waits.
func (f *fake) open(t testing.TB, c Config) *Cluster {
	t.Helper()
	c.Server = f.URL
	c.CA = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.Certificate().Raw}))
	k, err := New(c, Options{Secret: Secret{Token: "t"}, Connector: "k", Now: func() time.Time { return time.Unix(0, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	k.api.sleep = func(ctx context.Context, d time.Duration) error { return ctx.Err() }
	return k
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.requests = append(f.requests, r.Method+" "+r.URL.RequestURI())
	wrong := f.wrong
	f.mu.Unlock()
	if r.Header.Get("Authorization") == "" {
		fail(w, 401, "Unauthorized")
		return
	}
	if wrong != nil && wrong(w, r) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/version":
		fmt.Fprint(w, `{"major":"1","minor":"34","gitVersion":"v1.34.4","platform":"linux/amd64"}`)
	case "/api", "/apis":
		f.discovery(w, r.URL.Path)
	case "/api/v1/namespaces/kube-system":
		fmt.Fprint(w, f.objects["namespaces"][0])
	case "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews":
		var in review
		_ = json.NewDecoder(r.Body).Decode(&in)
		in.Status.Allowed = in.Spec.Attributes.Resource != "secrets"
		_ = json.NewEncoder(w).Encode(in)
	default:
		f.list(w, r)
	}
}

func fail(w http.ResponseWriter, code int, reason string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"it is %s","reason":%q,"code":%d}`, reason, reason, code)
}

func (f *fake) discovery(w http.ResponseWriter, root string) {
	var groups []string
	for gv, list := range served {
		group, version, ok := strings.Cut(gv, "/")
		if !ok {
			group, version = "", gv
		}
		if (root == "/api") != (group == "") {
			continue
		}
		var rs []string
		for _, r := range list {
			scope := "Cluster"
			if r.namespaced {
				scope = "Namespaced"
			}
			rs = append(rs, fmt.Sprintf(`{"resource":%q,"responseKind":{"group":%q,"version":%q,"kind":%q},"scope":%q,"verbs":["get","list","watch"]}`, r.plural, group, version, r.kind, scope))
		}
		groups = append(groups, fmt.Sprintf(`{"metadata":{"name":%q},"versions":[{"version":%q,"freshness":"Current","resources":[%s]}]}`, group, version, strings.Join(rs, ",")))
	}
	slices.Sort(groups)
	fmt.Fprintf(w, `{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","metadata":{},"items":[%s]}`, strings.Join(groups, ","))
}

// list answers a list or a watch of any resource.
func (f *fake) list(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(r.URL.Path, "/")
	plural := parts[len(parts)-1]
	q := r.URL.Query()
	if q.Get("watch") != "" {
		f.watch(w, r, plural)
		return
	}
	f.mu.Lock()
	objects, version := slices.Clone(f.objects[plural]), f.version
	f.mu.Unlock()
	if len(parts) > 2 && parts[len(parts)-3] == "namespaces" {
		objects = slices.DeleteFunc(objects, func(o string) bool { return !strings.Contains(o, `"namespace":"`+parts[len(parts)-2]+`"`) })
	}
	if name, ok := strings.CutPrefix(q.Get("fieldSelector"), "metadata.name="); ok {
		objects = slices.DeleteFunc(objects, func(o string) bool { return !strings.Contains(o, `"name":"`+name+`"`) })
	}
	from, _ := strconv.Atoi(q.Get("continue"))
	limit, _ := strconv.Atoi(q.Get("limit"))
	next := ""
	left := len(objects) - from
	if limit > 0 && left > limit {
		left -= limit
		next = fmt.Sprintf(`,"continue":"%d","remainingItemCount":%d`, from+limit, left)
		objects = objects[:from+limit]
	}
	objects = objects[min(from, len(objects)):]
	if strings.Contains(r.Header.Get("Accept"), "as=Table") {
		for i, o := range objects {
			objects[i] = tableRow(o)
		}
		fmt.Fprintf(w, `{"kind":"Table","metadata":{"resourceVersion":"%d"%s},"columnDefinitions":[{"name":"Name"},{"name":"Type"},{"name":"Data"}],"rows":[%s]}`, version, next, strings.Join(objects, ","))
		return
	}
	fmt.Fprintf(w, `{"kind":"List","metadata":{"resourceVersion":"%d"%s},"items":[%s]}`, version, next, strings.Join(objects, ","))
}

// tableRow is a Secret as a table shows it.
func tableRow(object string) string {
	var o struct {
		Metadata json.RawMessage   `json:"metadata"`
		Type     string            `json:"type"`
		Data     map[string]string `json:"data"`
	}
	if err := json.Unmarshal([]byte(object), &o); err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"cells":["x",%q,%d],"object":{"kind":"PartialObjectMetadata","metadata":%s}}`, o.Type, len(o.Data), o.Metadata)
}

func (f *fake) watch(w http.ResponseWriter, r *http.Request, plural string) {
	ch := f.feed(plural)
	w.WriteHeader(200)
	w.(http.Flusher).Flush()
	for {
		select {
		case <-r.Context().Done():
			return
		case e, ok := <-ch:
			if !ok || e == "end" {
				return
			}
			fmt.Fprintln(w, e)
			w.(http.Flusher).Flush()
			if strings.HasPrefix(e, `{"type":"ERROR"`) {
				return
			}
		}
	}
}

// feed is the channel of a resource's events; "end" ends one watch.
func (f *fake) feed(plural string) chan string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.events[plural] == nil {
		f.events[plural] = make(chan string)
	}
	return f.events[plural]
}

func (f *fake) set(plural string, objects ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.objects[plural] = objects
	f.version += 100
}

func (f *fake) answer(wrong func(w http.ResponseWriter, r *http.Request) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wrong = wrong
}

// gathered is all that a Gather yielded.
type gathered struct {
	assets   map[string]*bulwark.Asset
	listings map[string]*bulwark.Listing // by type
	gaps     []bulwark.Gap
	scope    *bulwark.ScopeInfo
	gone     []string
}

func gather(t testing.TB, c *Cluster) (*gathered, error) {
	t.Helper()
	out := &gathered{assets: map[string]*bulwark.Asset{}, listings: map[string]*bulwark.Listing{}}
	err := c.Gather(context.Background(), func(g bulwark.Gathered) error {
		switch {
		case g.Asset != nil:
			out.assets[g.Asset.ID] = g.Asset
		case g.Listing != nil:
			if g.Listing.Gap != nil {
				out.gaps = append(out.gaps, *g.Listing.Gap)
			}
			if have := out.listings[g.Listing.Type]; have == nil || have.Complete {
				out.listings[g.Listing.Type] = g.Listing
			}
		case g.Gap != nil:
			out.gaps = append(out.gaps, *g.Gap)
		case g.Scope != nil:
			out.scope = g.Scope
		case g.Gone != nil:
			out.gone = append(out.gone, g.Gone.ID)
		}
		return nil
	})
	return out, err
}

func mustGather(t testing.TB, c *Cluster) *gathered {
	t.Helper()
	out, err := gather(t, c)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func fakePod(name string) string {
	return fmt.Sprintf(`{"metadata":{"name":%q,"namespace":"shop","uid":"p-%s","resourceVersion":"7","labels":{"app":"till"},"managedFields":[{}],"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}"}},"spec":{"containers":[{"name":"c","image":"x:1"}]},"status":{"phase":"Running","containerStatuses":[{"name":"c","imageID":"sha256:1","restartCount":3}]}}`, name, name)
}
