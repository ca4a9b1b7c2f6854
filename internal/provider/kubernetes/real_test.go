package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/content"
	"github.com/bulwarksec/bulwark/internal/yamldoc"
)

// The tests of this file run against a real API server, which scripts/with-cluster
// starts. There is no node and no controller, so tests make all objects.

// marker stands in everything that must never be read.
const marker = "bWFya2VyLW9mLWEtc2VjcmV0"

// real is a namespace of its own on the real server.
type real struct {
	t    testing.TB
	c    *Cluster
	api  dynamic.Interface
	ns   string
	opts Options
}

func openReal(t testing.TB) *real {
	t.Helper()
	path := os.Getenv("BULWARK_TEST_KUBECONFIG")
	if path == "" {
		t.Skip("BULWARK_TEST_KUBECONFIG is not set; run through scripts/with-cluster")
	}
	all, problems := content.Load(content.Options{}, content.Embedded())
	if all == nil {
		t.Fatal(problems)
	}
	var err error
	r := &real{t: t, opts: Options{Connector: "k", Local: true, Types: all.Types, SecretKey: []byte("k")}}
	if r.c, err = New(Config{Kubeconfig: path}, r.opts); err != nil {
		t.Fatal(err)
	}
	fast := rest.CopyConfig(r.c.rest)
	fast.QPS = -1
	if r.api, err = dynamic.NewForConfig(fast); err != nil {
		t.Fatal(err)
	}
	r.ns = r.create("v1", "namespaces", `{kind: Namespace, metadata: {generateName: test-}}`).GetName()
	t.Cleanup(func() {
		_ = r.api.Resource(schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}).Delete(context.Background(), r.ns, metav1.DeleteOptions{})
	})
	r.create("v1", "serviceaccounts", `{kind: ServiceAccount, metadata: {name: default}}`)
	return r
}

// resource returns the client of a resource, in the test's namespace unless it
// lives in none.
func (r *real) resource(apiVersion, plural string) dynamic.ResourceInterface {
	gv, err := schema.ParseGroupVersion(apiVersion)
	if err != nil {
		r.t.Fatal(err)
	}
	c := r.api.Resource(gv.WithResource(plural))
	switch plural {
	case "namespaces", "clusterroles", "clusterrolebindings", "nodes", "customresourcedefinitions":
		return c
	}
	return c.Namespace(r.ns)
}

func (r *real) create(apiVersion, plural, yaml string) *unstructured.Unstructured {
	r.t.Helper()
	list, err := yamldoc.Decode([]byte(yaml), yamldoc.Options{})
	if err != nil {
		r.t.Fatalf("%s: %v", yaml, err)
	}
	o := &unstructured.Unstructured{}
	text := strings.Replace(string(bulwark.AppendJSON(nil, list[0])), "{", fmt.Sprintf(`{"apiVersion":%q,`, apiVersion), 1)
	if err := o.UnmarshalJSON([]byte(text)); err != nil {
		r.t.Fatalf("%s: %v", text, err)
	}
	got, err := r.resource(apiVersion, plural).Create(context.Background(), o, metav1.CreateOptions{})
	if err != nil {
		r.t.Fatalf("create %s: %v", text, err)
	}
	return got
}

func (r *real) delete(apiVersion, plural, name string) {
	r.t.Helper()
	now := int64(0)
	if err := r.resource(apiVersion, plural).Delete(context.Background(), name, metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		r.t.Fatal(err)
	}
}

// token returns a token of a service account.
func (r *real) token(account string) string {
	r.t.Helper()
	list := r.resource("v1", "serviceaccounts")
	o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": map[string]any{}}}
	got, err := list.Create(context.Background(), withName(o, account), metav1.CreateOptions{}, "token")
	if err != nil {
		r.t.Fatal(err)
	}
	text, _, _ := unstructured.NestedString(got.Object, "status", "token")
	return text
}

func withName(o *unstructured.Unstructured, name string) *unstructured.Unstructured {
	o.SetName(name)
	return o
}

// as opens the cluster with a token.
func (r *real) as(token string, c Config) *Cluster {
	r.t.Helper()
	c.Server, c.CA = r.c.rest.Host, string(r.c.rest.CAData)
	o := r.opts
	o.Local, o.Secret = false, Secret{Token: token}
	k, err := New(c, o)
	if err != nil {
		r.t.Fatal(err)
	}
	return k
}

func (r *real) id(group, kind, name string) string {
	return "live:k8s/" + r.uid() + "/" + group + "/" + kind + "/" + r.ns + "/" + name
}

func (r *real) uid() string {
	uid, err := r.c.uid(context.Background())
	if err != nil {
		r.t.Fatal(err)
	}
	return uid
}

func realPod(name, labels string, privileged bool) string {
	return fmt.Sprintf(`{kind: Pod, metadata: {name: %s, labels: {%s}}, spec: {containers: [{name: c, image: "registry.example/till:1", securityContext: {privileged: %v}}]}}`, name, labels, privileged)
}

// TestReal reads a few hundred objects, good and bad, and finds them all with
// their relations; nothing of a secret is read.
func TestReal(t *testing.T) {
	r := openReal(t)
	for i := range 60 {
		r.create("apps/v1", "deployments", fmt.Sprintf(`{kind: Deployment, metadata: {name: d%d}, spec: {selector: {matchLabels: {app: d%d}}, template: {metadata: {labels: {app: d%d}}, spec: {hostNetwork: %v, containers: [{name: c, image: x}]}}}}`, i, i, i, i%2 == 0))
		r.create("v1", "services", fmt.Sprintf(`{kind: Service, metadata: {name: s%d}, spec: {selector: {app: d%d}, ports: [{port: 80}]}}`, i, i))
		r.create("v1", "configmaps", fmt.Sprintf(`{kind: ConfigMap, metadata: {name: c%d}, data: {a: b}}`, i))
		r.create("v1", "pods", realPod(fmt.Sprintf("p%d", i), "app: lonely", i%3 == 0))
		r.create("v1", "secrets", fmt.Sprintf(`{kind: Secret, metadata: {name: k%d}, type: Opaque, data: {password: %s, user: %s}}`, i, marker, marker))
	}
	r.create("rbac.authorization.k8s.io/v1", "roles", `{kind: Role, metadata: {name: all}, rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]}`)
	r.create("rbac.authorization.k8s.io/v1", "rolebindings", `{kind: RoleBinding, metadata: {name: all}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: all}, subjects: [{kind: ServiceAccount, name: default}]}`)
	r.create("networking.k8s.io/v1", "networkpolicies", `{kind: NetworkPolicy, metadata: {name: lonely}, spec: {podSelector: {matchLabels: {app: lonely}}}}`)
	r.create("v1", "nodes", fmt.Sprintf(`{kind: Node, metadata: {name: node-%s}, spec: {providerID: "gce://shop/europe-west1-b/node-1"}}`, r.ns))
	t.Cleanup(func() { r.delete("v1", "nodes", "node-"+r.ns) })
	r.create("apiextensions.k8s.io/v1", "customresourcedefinitions", fmt.Sprintf(`{kind: CustomResourceDefinition, metadata: {name: tills.%s.shop.example}, spec: {group: %s.shop.example, scope: Namespaced, names: {plural: tills, singular: till, kind: Till}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]}}`, r.ns, r.ns))
	t.Cleanup(func() {
		r.delete("apiextensions.k8s.io/v1", "customresourcedefinitions", "tills."+r.ns+".shop.example")
	})
	r.eventually(func() bool {
		_, err := r.resource(r.ns+".shop.example/v1", "tills").List(context.Background(), metav1.ListOptions{})
		return err == nil
	})
	r.create(r.ns+".shop.example/v1", "tills", `{kind: Till, metadata: {name: t}, spec: {size: 1}}`)

	got := mustGather(t, r.c)
	for _, g := range got.gaps {
		t.Errorf("gap %+v", g)
	}
	for typ, l := range got.listings {
		if !l.Complete {
			t.Errorf("listing of %s is not complete", typ)
		}
	}
	for i := range 60 {
		for _, o := range [][3]string{{"apps", "Deployment", "d"}, {"", "Service", "s"}, {"", "ConfigMap", "c"}, {"", "Pod", "p"}, {"", "Secret", "k"}} {
			if got.assets[r.id(o[0], o[1], fmt.Sprint(o[2], i))] == nil {
				t.Errorf("%s %s%d was not found", o[1], o[2], i)
			}
		}
	}
	secret := got.assets[r.id("", "Secret", "k7")]
	if text := secret.Properties.String(); secret.Properties.Get("type").Text() != "Opaque" || secret.Properties.Get("data").Len() != 2 || secret.Properties.At("data", "user").Kind() != bulwark.Secret {
		t.Errorf("secret = %s, want its type and two keys", text)
	}
	for id, a := range got.assets {
		if text := a.Properties.String() + a.Observed.String(); strings.Contains(text, marker) || strings.Contains(text, "managedFields") {
			t.Errorf("%s has what should not be read: %s", id, text)
		}
	}
	for _, want := range []struct{ from, relation, to string }{
		{r.id("", "Service", "s3"), "workloads", r.id("apps", "Deployment", "d3")},
		{r.id("networking.k8s.io", "NetworkPolicy", "lonely"), "workloads", r.id("", "Pod", "p9")},
		{r.id("", "Pod", "p9"), "serviceAccount", r.id("", "ServiceAccount", "default")},
		{r.id("rbac.authorization.k8s.io", "RoleBinding", "all"), "role", r.id("rbac.authorization.k8s.io", "Role", "all")},
		{r.id("rbac.authorization.k8s.io", "RoleBinding", "all"), "subjects", r.id("", "ServiceAccount", "default")},
		{"live:k8s/" + r.uid() + "//Node//node-" + r.ns, "same as", "live://compute.googleapis.com/projects/shop/zones/europe-west1-b/instances/node-1"},
	} {
		if a := got.assets[want.from]; a == nil || !slices.ContainsFunc(a.Relations, func(rel bulwark.Relation) bool { return rel.Name == want.relation && rel.Target == want.to }) {
			t.Errorf("%s has no relation %s to %s", want.from, want.relation, want.to)
		}
	}
	till := got.assets["live:k8s/"+r.uid()+"/"+r.ns+".shop.example/Till/"+r.ns+"/t"]
	if till == nil || till.Properties.At("spec", "size").Int() != 1 {
		t.Errorf("custom resource = %v", till)
	}
	cluster := got.assets["live:k8s/"+r.uid()]
	if cluster.Properties.Get("version").Text() != "v1.34.4" || cluster.Observed.Get("anonymous").Text() != "unauthorized" {
		t.Errorf("cluster = %s %s", cluster.Properties, cluster.Observed)
	}
	t.Logf("%d assets, %d listings", len(got.assets), len(got.listings))
}

// eventually waits for what the server does on its own.
func (r *real) eventually(ok func() bool) {
	r.t.Helper()
	for range 600 {
		if ok() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	r.t.Fatal("it did not come about in 30 s")
}

// TestRealRestricted reads with an account that may only list the pods of one
// namespace: what it may not is a gap that names the rule, and not gone.
func TestRealRestricted(t *testing.T) {
	r := openReal(t)
	r.create("v1", "pods", realPod("p", "app: a", true))
	r.create("v1", "serviceaccounts", `{kind: ServiceAccount, metadata: {name: reader}}`)
	r.create("rbac.authorization.k8s.io/v1", "roles", `{kind: Role, metadata: {name: reader}, rules: [{apiGroups: [""], resources: [pods], verbs: [list]}]}`)
	r.create("rbac.authorization.k8s.io/v1", "rolebindings", `{kind: RoleBinding, metadata: {name: reader}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}, subjects: [{kind: ServiceAccount, name: reader}]}`)
	token := r.token("reader")
	if _, err := gather(t, r.as(token, Config{})); !errors.Is(err, bulwark.ErrDenied) || !strings.Contains(err.Error(), "namespaces/kube-system") {
		t.Errorf("Gather without a way to know the cluster = %v, want that it is denied", err)
	}
	r.create("rbac.authorization.k8s.io/v1", "clusterroles", fmt.Sprintf(`{kind: ClusterRole, metadata: {name: %s}, rules: [{apiGroups: [""], resources: [namespaces], resourceNames: [kube-system], verbs: [get]}]}`, r.ns))
	r.create("rbac.authorization.k8s.io/v1", "clusterrolebindings", fmt.Sprintf(`{kind: ClusterRoleBinding, metadata: {name: %s}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: %s}, subjects: [{kind: ServiceAccount, name: reader, namespace: %s}]}`, r.ns, r.ns, r.ns))
	t.Cleanup(func() {
		r.delete("rbac.authorization.k8s.io/v1", "clusterrolebindings", r.ns)
		r.delete("rbac.authorization.k8s.io/v1", "clusterroles", r.ns)
	})
	r.eventually(func() bool { _, err := r.as(token, Config{}).Scopes(context.Background()); return err == nil })

	got := mustGather(t, r.as(token, Config{}))
	if l := got.listings["v1/Pod"]; l.Complete || l.Gap.Needs != "list pods (core)" {
		t.Errorf("listing of all pods = %+v, want that it needs list pods (core)", l)
	}
	got = mustGather(t, r.as(token, Config{Namespaces: Namespaces{Include: []string{r.ns}}}))
	if l := got.listings["v1/Pod"]; !l.Complete || l.Region != r.ns || got.assets[r.id("", "Pod", "p")] == nil {
		t.Errorf("listing of the pods of one namespace = %+v", l)
	}
	for typ, l := range got.listings {
		if typ != "v1/Pod" && typ != TypeCluster && l.Complete {
			t.Errorf("listing of %s is complete", typ)
		}
	}
	for _, a := range got.assets {
		if a.Type != "v1/Pod" && a.Type != TypeCluster {
			t.Errorf("asset %s of what may not be listed", a.ID)
		}
	}
	states := map[string]bulwark.ProbeState{}
	if err := r.as(token, Config{Namespaces: Namespaces{Include: []string{r.ns}}}).Probe(context.Background(), func(p bulwark.Probe) error { states[p.Permission] = p.State; return nil }); err != nil {
		t.Fatal(err)
	}
	if states["list pods (core)"] != bulwark.ProbeAllowed || states["watch pods (core)"] != bulwark.ProbeDenied || states["list services (core)"] != bulwark.ProbeDenied ||
		states["get namespaces (core)"] != bulwark.ProbeAllowed || states["list rollouts (argoproj.io)"] != bulwark.ProbeUntried {
		t.Errorf("probes = %v", states)
	}
}

// TestRealWatch sees a privileged pod and its end, after a watch whose version
// the server no longer knows.
func TestRealWatch(t *testing.T) {
	r := openReal(t)
	r.create("v1", "pods", realPod("before", "app: a", false))
	mustGather(t, r.c)
	r.delete("v1", "pods", "before")
	for p := range r.c.run.versions { // as after a long time away
		if p.resource.plural == "pods" {
			r.c.run.versions[p] = "1"
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	seen := make(chan bulwark.Gathered, 1000)
	done := make(chan error, 1)
	go func() { done <- r.c.Watch(ctx, func(g bulwark.Gathered) error { seen <- g; return nil }) }()
	wait := func(what string, want func(bulwark.Gathered) bool) {
		t.Helper()
		for {
			select {
			case g := <-seen:
				if want(g) {
					return
				}
			case err := <-done:
				t.Fatalf("the watch ended: %v", err)
			case <-time.After(60 * time.Second):
				t.Fatalf("%s was not seen", what)
			}
		}
	}
	wait("the pod that went while nobody looked", func(g bulwark.Gathered) bool { return g.Gone != nil && g.Gone.ID == r.id("", "Pod", "before") })
	bad := r.id("", "Pod", "bad")
	var delays []time.Duration
	for i := range 20 {
		start := time.Now()
		r.create("v1", "pods", realPod("bad", "app: a", true))
		wait("the privileged pod", func(g bulwark.Gathered) bool {
			return g.Asset != nil && g.Asset.ID == bad && g.Asset.Properties.At("spec", "containers").Index(0).At("securityContext", "privileged").Bool()
		})
		if i > 0 { // the first may wait for the watch to begin
			delays = append(delays, time.Since(start))
		}
		r.delete("v1", "pods", "bad")
		wait("the pod's end", func(g bulwark.Gathered) bool { return g.Gone != nil && g.Gone.ID == bad })
	}
	slices.Sort(delays)
	t.Logf("from the request that creates a pod to its asset: median %v, longest %v", delays[len(delays)/2], delays[len(delays)-1])
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Watch = %v, want %v", err, context.Canceled)
	}
}

// TestRealRefusesContents asks for Secrets as the provider does and looks at
// the bytes that come.
func TestRealRefusesContents(t *testing.T) {
	r := openReal(t)
	r.create("v1", "secrets", fmt.Sprintf(`{kind: Secret, metadata: {name: k}, data: {password: %s}}`, marker))
	res := resource{version: "v1", plural: "secrets", kind: "Secret", namespaced: true, typ: "v1/Secret"}
	err := r.c.api.do(context.Background(), request{method: http.MethodGet, path: res.path(r.ns), accept: res.accept()}, func(body io.Reader) error {
		text, err := io.ReadAll(body)
		if strings.Contains(string(text), marker) || !strings.Contains(string(text), "f:password") {
			t.Errorf("the answer is %s", text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestRealRole reads with the role of deploy/kubernetes: all but Secrets.
func TestRealRole(t *testing.T) {
	r := openReal(t)
	text, err := os.ReadFile(deployed)
	if err != nil {
		t.Fatal(err)
	}
	docs, err := yamldoc.Decode(text, yamldoc.Options{})
	if err != nil || len(docs) == 0 {
		t.Fatalf("%s: %v", deployed, err)
	}
	rules := string(bulwark.AppendJSON(nil, docs[0].Get("rules")))
	r.create("v1", "serviceaccounts", `{kind: ServiceAccount, metadata: {name: bulwark}}`)
	r.create("rbac.authorization.k8s.io/v1", "clusterroles", fmt.Sprintf(`{kind: ClusterRole, metadata: {name: %s}, rules: %s}`, r.ns, rules))
	r.create("rbac.authorization.k8s.io/v1", "clusterrolebindings", fmt.Sprintf(`{kind: ClusterRoleBinding, metadata: {name: %s}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: %s}, subjects: [{kind: ServiceAccount, name: bulwark, namespace: %s}]}`, r.ns, r.ns, r.ns))
	t.Cleanup(func() {
		r.delete("rbac.authorization.k8s.io/v1", "clusterrolebindings", r.ns)
		r.delete("rbac.authorization.k8s.io/v1", "clusterroles", r.ns)
	})
	c := r.as(r.token("bulwark"), Config{})
	r.eventually(func() bool { _, err := c.Scopes(context.Background()); return err == nil })
	got := mustGather(t, c)
	for _, g := range got.gaps {
		if g.Needs != "list secrets (core)" {
			t.Errorf("gap %+v", g)
		}
	}
	for typ, l := range got.listings {
		if l.Complete == (typ == "v1/Secret") {
			t.Errorf("listing of %s: complete %v", typ, l.Complete)
		}
	}
	denied := map[string]string{}
	if err := c.Probe(context.Background(), func(p bulwark.Probe) error {
		if p.State != bulwark.ProbeAllowed && p.State != bulwark.ProbeUntried {
			denied[p.Permission] = p.Why
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(denied) != 2 || denied["list secrets (core)"] == "" || denied["watch secrets (core)"] == "" {
		t.Errorf("denied = %v, want what concerns secrets", denied)
	}
	plan, err := c.Plan(context.Background())
	if err != nil || plan.Total < int64(len(got.listings)) {
		t.Errorf("Plan = %+v, %v", plan, err)
	}
}
