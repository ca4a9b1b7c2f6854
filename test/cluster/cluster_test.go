// Package cluster_test has the reader of clusters and the server that is shaped
// like one meet. It runs in bubbles of synctest: waits and hours take no time.
package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
	provider "github.com/bulwarksec/bulwark/internal/provider/kubernetes"
	"github.com/bulwarksec/bulwark/internal/replay"
	"github.com/bulwarksec/bulwark/internal/replay/kubernetes"
	"github.com/bulwarksec/bulwark/internal/yamldoc"
)

const estate = `
{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: baseline}}}
---
{apiVersion: v1, kind: Node, metadata: {name: n1}, spec: {providerID: "gce://shop/europe-west1-b/n1"}, status: {nodeInfo: {kubeletVersion: v1.34.4}}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: till, namespace: shop}}
---
{apiVersion: v1, kind: Secret, metadata: {name: key, namespace: shop}, type: Opaque, data: {password: bWFya2Vy}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: till, namespace: shop}, spec: {replicas: 1, selector: {matchLabels: {app: till}}, template: {metadata: {labels: {app: till}}, spec: {serviceAccountName: till, containers: [{name: c, image: "x:1"}]}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: till, namespace: shop}, spec: {selector: {app: till}}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: shop}, data: {log: info}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: shop}}
---
{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: fast}, provisioner: csi.example}
---
{apiVersion: v1, kind: PersistentVolume, metadata: {name: v1}, spec: {storageClassName: fast, capacity: {storage: 1Gi}}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, namespace: shop}, spec: {storageClassName: fast, volumeName: v1}}
---
{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: ledger, namespace: shop}, spec: {replicas: 1, selector: {matchLabels: {app: ledger}}, template: {metadata: {labels: {app: ledger}}, spec: {volumes: [{name: d, persistentVolumeClaim: {claimName: data}}, {name: s, secret: {secretName: key, optional: true}}], containers: [{name: c, image: "x:1", envFrom: [{configMapRef: {name: settings}}]}]}}}}
---
{apiVersion: batch/v1, kind: CronJob, metadata: {name: nightly, namespace: shop}, spec: {schedule: 0 1 * * *, jobTemplate: {spec: {template: {metadata: {labels: {app: nightly}}, spec: {containers: [{name: c, image: "x:1"}]}}}}}}
---
{apiVersion: batch/v1, kind: Job, metadata: {name: nightly-1, namespace: shop, ownerReferences: [{apiVersion: batch/v1, kind: CronJob, name: nightly, uid: u, controller: true}]}, spec: {template: {metadata: {labels: {app: nightly}}, spec: {containers: [{name: c, image: "x:1"}]}}}}
---
{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: till, namespace: shop}, spec: {minAvailable: 1, selector: {matchLabels: {app: till}}}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: till, namespace: shop}, spec: {podSelector: {matchLabels: {app: till}}}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: till, namespace: shop}, spec: {defaultBackend: {service: {name: till, port: {number: 80}}}}}
---
{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: till, namespace: shop}, spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: till}, maxReplicas: 2}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: all}, rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: all}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: all}, subjects: [{kind: ServiceAccount, name: till, namespace: shop}]}
---
{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: guard}, webhooks: [{name: guard.example, clientConfig: {service: {namespace: shop, name: till}}}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: till, namespace: shop}, rules: [{apiGroups: [""], resources: [pods], verbs: [list]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: till, namespace: shop}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: till}, subjects: [{kind: ServiceAccount, name: till}]}
---
{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: tills.shop.example}, spec: {group: shop.example, scope: Namespaced, names: {plural: tills, kind: Till}, versions: [{name: v1, served: true}]}}
---
{apiVersion: shop.example/v1, kind: Till, metadata: {name: t, namespace: shop}, spec: {size: 1}}
`

// put puts YAML documents into a world.
func put(t testing.TB, w *kubernetes.World, yaml string) {
	t.Helper()
	docs, err := yamldoc.Decode([]byte(yaml), yamldoc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = w.Update(func(tx *kubernetes.Tx) error {
		for _, d := range docs {
			if err := tx.Put(plain(d).(map[string]any)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// plain is a value as encoding/json has it.
func plain(v bulwark.Value) any {
	switch v.Kind() {
	case bulwark.Object:
		m := map[string]any{}
		for name, x := range v.Children() {
			m[name] = plain(x)
		}
		return m
	case bulwark.List:
		list := []any{}
		for _, x := range v.Children() {
			list = append(list, plain(x))
		}
		return list
	case bulwark.Bool:
		return v.Bool()
	case bulwark.Int:
		return v.Int()
	}
	return v.Text()
}

func pod(name string, privileged bool) string {
	return fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {name: %s, namespace: shop, labels: {app: till}}, spec: {serviceAccountName: till, nodeName: n1, containers: [{name: c, image: "x:1", securityContext: {privileged: %v}}]}, status: {phase: Running}}`, name, privileged)
}

// serve returns a server of the estate with n pods and its reader.
func serve(t testing.TB, n int, o kubernetes.Options, users ...kubernetes.User) (*kubernetes.Server, *kubernetes.World, *provider.Cluster) {
	t.Helper()
	w := kubernetes.NewWorld(1, time.Now)
	put(t, w, estate)
	for i := range n {
		put(t, w, pod(fmt.Sprintf("p%04d", i), false))
	}
	o.World = w
	if o.Users = users; users == nil {
		o.Users = []kubernetes.User{{Name: "reader", Token: "token", Rules: reads()}}
	}
	if o.Limits == nil {
		o.Limits = replay.Unlimited
	}
	s, err := kubernetes.New(o)
	if err != nil {
		t.Fatal(err)
	}
	c, err := provider.New(provider.Config{Name: "prod", Server: "https://cluster.example:6443"},
		provider.Options{Secret: provider.Secret{Token: "token"}, Connector: "k", Transport: s.Transport(), SecretKey: []byte("k")})
	if err != nil {
		t.Fatal(err)
	}
	return s, w, c
}

// reads are the rules that the reader says it needs, and the custom resources.
func reads() []kubernetes.Rule {
	list := []kubernetes.Rule{{Verbs: []string{"list"}, Groups: []string{"shop.example"}, Resources: []string{"tills"}}}
	for _, r := range provider.Rules() {
		rule := kubernetes.Rule{Verbs: r.Verbs, Groups: []string{r.Group}, Resources: []string{r.Resource}}
		if r.Name != "" {
			rule.Names = []string{r.Name}
		}
		list = append(list, rule)
	}
	return list
}

// gathered is what a Gather yielded.
type gathered struct {
	assets   map[string]*bulwark.Asset
	complete map[string]bool // type → every listing of it is complete
	gaps     []bulwark.Gap
}

func gather(t testing.TB, c *provider.Cluster) (*gathered, error) {
	t.Helper()
	g := &gathered{assets: map[string]*bulwark.Asset{}, complete: map[string]bool{}}
	err := c.Gather(t.Context(), func(x bulwark.Gathered) error {
		switch {
		case x.Asset != nil:
			g.assets[x.Asset.ID] = x.Asset
		case x.Gap != nil:
			g.gaps = append(g.gaps, *x.Gap)
		case x.Listing != nil:
			had, told := g.complete[x.Listing.Type]
			g.complete[x.Listing.Type] = x.Listing.Complete && (had || !told)
			if x.Listing.Gap != nil {
				g.gaps = append(g.gaps, *x.Listing.Gap)
			}
		}
		return nil
	})
	return g, err
}

func (g *gathered) named(typ string) (names []string) {
	for _, a := range g.assets {
		if a.Type == typ {
			names = append(names, a.Name)
		}
	}
	return names
}

// TestGather reads the estate, over more than one page, with no more rights
// than the reader asks for.
func TestGather(t *testing.T) {
	for _, plain := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s, _, c := serve(t, 1003, kubernetes.Options{Plain: plain})
			got, err := gather(t, c)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.gaps) > 0 {
				t.Errorf("gaps = %v, want none", got.gaps)
			}
			for typ, ok := range got.complete {
				if !ok {
					t.Errorf("the listing of %s is not complete", typ)
				}
			}
			if pods := got.named("v1/Pod"); len(pods) != 1003 {
				t.Errorf("%d pods, want 1003", len(pods))
			}
			for typ, n := range map[string]int{"v1/Secret": 1, "apps/v1/Deployment": 1, "shop.example/v1/Till": 1, "v1/Namespace": 5, provider.TypeCluster: 1} {
				if names := got.named(typ); len(names) != n {
					t.Errorf("%s = %v, want %d", typ, names, n)
				}
			}
			for id, a := range got.assets {
				if text := a.Properties.String() + a.Observed.String(); strings.Contains(text, "bWFya2Vy") {
					t.Errorf("%s has the contents of a secret: %s", id, text)
				}
				if a.Type == provider.TypeCluster && (a.Properties.Get("version").Text() != "v1.34.4" || a.Observed.Get("anonymous").Text() != "refused") {
					t.Errorf("cluster = %s %s", a.Properties, a.Observed)
				}
			}
			for call := range s.Counts() {
				if !strings.HasPrefix(call.Operation, "list ") && !strings.HasPrefix(call.Operation, "get ") {
					t.Errorf("it called %s", call.Operation)
				}
			}
		})
	}
}

// TestRights takes one right after another away: exactly that listing is not
// complete.
func TestRights(t *testing.T) {
	for i, missing := range reads() {
		if len(missing.Names) > 0 || missing.Groups[0] == "argoproj.io" || missing.Groups[0] == "serving.knative.dev" || missing.Resources[0] == "podsecuritypolicies" ||
			strings.HasPrefix(missing.Resources[0], "mutatingadmissionpolic") {
			continue // not a listing, or not served
		}
		synctest.Test(t, func(t *testing.T) {
			rules := reads()
			rules = append(rules[:i], rules[i+1:]...)
			_, _, c := serve(t, 1, kubernetes.Options{}, kubernetes.User{Name: "reader", Token: "token", Rules: rules})
			got, err := gather(t, c)
			if err != nil {
				t.Fatal(err)
			}
			var incomplete []string
			for typ, ok := range got.complete {
				if !ok {
					incomplete = append(incomplete, typ)
				}
			}
			if len(incomplete) != 1 || len(got.gaps) != 1 || !strings.Contains(got.gaps[0].Needs, missing.Resources[0]) {
				t.Errorf("without %v: incomplete %v, gaps %v", missing, incomplete, got.gaps)
			}
		})
	}
}

// TestFaults breaks the list of pods in each way, for ever and once. Whatever
// breaks, the rest is read, and the listing is complete only with every pod.
func TestFaults(t *testing.T) {
	const pods = 501 // two pages
	for _, kind := range replay.Kinds {
		for _, nth := range []int{0, 1, 2} {
			rule := replay.Rule{Call: replay.Call{Operation: "list pods"}, Kind: kind, Nth: nth, Delay: 2 * time.Second, Location: "http://elsewhere.example/"}
			t.Run(fmt.Sprintf("%s %d", kind, nth), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					_, _, c := serve(t, pods, kubernetes.Options{Faults: []replay.Rule{rule}})
					got, err := gather(t, c)
					if err != nil {
						t.Fatal(err)
					}
					n := len(got.named("v1/Pod"))
					if got.complete["v1/Pod"] != (n == pods && len(got.gaps) == 0) || !got.complete["v1/Pod"] && len(got.gaps) == 0 {
						t.Errorf("%d of %d pods, complete %v, gaps %v", n, pods, got.complete["v1/Pod"], got.gaps)
					}
					if nth == 0 && kind != replay.Slow && got.complete["v1/Pod"] {
						t.Errorf("the listing is complete although each answer is %s", kind)
					}
					for typ, ok := range got.complete {
						if !ok && typ != "v1/Pod" {
							t.Errorf("the listing of %s is not complete", typ)
						}
					}
				})
			})
		}
	}
}

// TestWatch follows changes, over hours and over faults, and misses none.
func TestWatch(t *testing.T) {
	for _, fault := range []replay.Kind{"", replay.Truncated, replay.Throttled, replay.ServerError, replay.Malformed} {
		t.Run(string(fault), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var rules []replay.Rule
				if fault != "" {
					rules = []replay.Rule{{Call: replay.Call{Operation: "watch pods"}, Kind: fault, Chance: 0.5}}
				}
				_, w, c := serve(t, 2, kubernetes.Options{Faults: rules, Seed: 7})
				if _, err := gather(t, c); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				state := map[string]string{"p0000": "there", "p0001": "there"}
				done := make(chan error, 1)
				go func() {
					done <- c.Watch(ctx, func(g bulwark.Gathered) error {
						switch {
						case g.Asset != nil && g.Asset.Type == "v1/Pod":
							state[g.Asset.Name] = fmt.Sprintf("privileged %v", g.Asset.Properties.At("spec", "containers").Index(0).At("securityContext", "privileged").Bool())
						case g.Gone != nil:
							delete(state, g.Gone.ID[strings.LastIndexByte(g.Gone.ID, '/')+1:])
						}
						return nil
					})
				}()
				for i := range 12 {
					put(t, w, pod(fmt.Sprintf("q%d", i), i%2 == 0))
					w.Schedule(time.Now().Add(time.Minute), func(tx *kubernetes.Tx) error { return tx.Remove("v1", "Pod", "shop", fmt.Sprintf("q%d", i-3)) })
					time.Sleep(11 * time.Minute)
				}
				synctest.Wait()
				want := map[string]string{"p0000": "there", "p0001": "there", "q9": "privileged false", "q10": "privileged true", "q11": "privileged false"}
				for _, name := range []string{"p0000", "p0001"} { // told again where pods were listed again
					if _, ok := state[name]; ok {
						state[name] = "there"
					}
				}
				if diff := cmp.Diff(want, state); diff != "" {
					t.Errorf("pods (-want +got):\n%s", diff)
				}
				cancel()
				if err := <-done; !errors.Is(err, context.Canceled) {
					t.Errorf("Watch = %v, want %v", err, context.Canceled)
				}
			})
		})
	}
}
