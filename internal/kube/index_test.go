package kube

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
)

// object makes an asset of YAML, with an id of its type and name.
func object(t *testing.T, text string) *bulwark.Asset {
	t.Helper()
	v := value(t, text)
	a := &bulwark.Asset{Type: TypeID(v.Get("apiVersion").Text(), v.Get("kind").Text()), Name: v.At("metadata", "name").Text(), Properties: v}
	a.ID = "live:" + a.Type + "/" + a.Name
	return a
}

func names(refs []Ref) string {
	var list []string
	for _, r := range refs {
		list = append(list, r.Type+" "+r.Name)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

const (
	deployment = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: till}, spec: {template: {metadata: {labels: {app: till}}}}}"
	replicaSet = "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: till-1, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: till, controller: true}]}, spec: {template: {metadata: {labels: {app: till, hash: '1'}}}}}"
	pod        = "{apiVersion: v1, kind: Pod, metadata: {name: till-1-a, labels: {app: till, hash: '1'}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: till-1, controller: true}]}, spec: {serviceAccountName: robot}}"
	lonely     = "{apiVersion: v1, kind: Pod, metadata: {name: lonely, labels: {app: till}}, spec: {serviceAccountName: robot}}"
	service    = "{apiVersion: v1, kind: Service, metadata: {name: till}, spec: {selector: {app: till}}}"
	oneHash    = "{apiVersion: v1, kind: Service, metadata: {name: canary}, spec: {selector: {app: till, hash: '1'}}}"
	account    = "{apiVersion: v1, kind: ServiceAccount, metadata: {name: robot}}"
)

// TestSelectedOnce wants what a selector matches at its top owner, and below
// it only where the owner does not match itself.
func TestSelectedOnce(t *testing.T) {
	x := NewIndex(IndexOptions{})
	for _, text := range []string{deployment, replicaSet, pod, lonely} {
		x.Add(object(t, text))
	}
	targets := func(text string) (out []string) {
		for _, r := range x.Relations(object(t, text)) {
			if r.Name == "workloads" {
				out = append(out, r.Target)
			}
		}
		return out
	}
	if diff := cmp.Diff([]string{"live:apps/v1/Deployment/till", "live:v1/Pod/lonely"}, targets(service)); diff != "" {
		t.Errorf("workloads of the service (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"live:apps/v1/ReplicaSet/till-1"}, targets(oneHash)); diff != "" {
		t.Errorf("workloads of a service for one hash (-want +got):\n%s", diff)
	}
}

// TestFollow wants to be told whose relations each change alters, and of no
// others.
func TestFollow(t *testing.T) {
	x := NewIndex(IndexOptions{Follow: true})
	steps := []struct {
		add, remove string
		want        string
	}{
		{add: service},
		{add: deployment, want: "v1/Service till"},
		{add: deployment},
		{add: replicaSet},
		{add: pod},
		{add: lonely, want: "v1/Service till"},
		{add: strings.Replace(lonely, "app: till", "app: other", 1), want: "v1/Service till"},
		{add: account, want: "v1/Pod lonely, v1/Pod till-1-a"},
		{remove: deployment, want: "v1/Service till"},
		{remove: service},
		{add: deployment},
	}
	for i, s := range steps {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			var got []Ref
			if s.add != "" {
				a := object(t, s.add)
				got = x.Add(a)
				x.Relations(a)
			} else {
				a := object(t, s.remove)
				got = x.Remove(Ref{a.Type, x.namespaceOf(a), a.Name}, a.ID)
			}
			if names(got) != s.want {
				t.Errorf("changed %q, want %q", names(got), s.want)
			}
		})
	}
}

// TestForget has objects come and go, each with names and labels of its own,
// and wants nothing to be left of them.
func TestForget(t *testing.T) {
	x := NewIndex(IndexOptions{Follow: true})
	x.Add(object(t, deployment))
	x.Relations(object(t, deployment))
	x.Add(object(t, service))
	for i := range 4 * minSweep {
		a := object(t, lonely)
		ns := fmt.Sprintf("ns%d", i/100)
		b := bulwark.NewBuilder(nil, bulwark.Limits{})
		b.Object()
		b.Key("metadata")
		b.Object()
		b.Key("namespace")
		b.String(ns)
		b.Key("labels")
		b.Object()
		b.Key("job")
		b.String(fmt.Sprint(i))
		b.End()
		b.End()
		b.Key("spec")
		b.Copy(a.Properties.Get("spec"))
		b.End()
		var err error
		if a.Properties, err = b.Build(""); err != nil {
			t.Fatal(err)
		}
		x.Add(a)
		x.Relations(a)
		if i%2 == 0 {
			s := object(t, service)
			s.Properties, s.Name = a.Properties, "s"
			x.Add(s)
			x.Relations(s)
			x.Remove(Ref{s.Type, ns, s.Name}, s.ID)
		}
		x.Remove(Ref{a.Type, ns, a.Name}, a.ID)
	}
	for what, n := range map[string][2]int{"names": {x.Len(), 2}, "namespaces of workloads": {len(x.workloads), 1}, "namespaces of selectors": {len(x.selectors), 1},
		"missing names": {len(x.wanted), 1}, "who named them": {len(x.wants), 1}, "namings": {x.wanting, 1}} {
		if n[0] != n[1] {
			t.Errorf("%d %s, want %d", n[0], what, n[1])
		}
	}
	if n := len(x.labels) + len(x.common); n > minSweep {
		t.Errorf("%d copies of texts are kept, want at most %d", n, minSweep)
	}
	if got := names(x.Remove(Ref{"apps/v1/Deployment", "default", "till"}, "live:apps/v1/Deployment/till")); got != "v1/Service till" {
		t.Errorf("after the sweeps a removal changes %q, want the service", got)
	}
}

// TestNamesNoLonger wants who ceases to name what is missing not to be told
// when it comes.
func TestNamesNoLonger(t *testing.T) {
	x := NewIndex(IndexOptions{Follow: true})
	for _, text := range []string{lonely, strings.Replace(lonely, "robot", "other", 1)} {
		a := object(t, text)
		x.Add(a)
		x.Relations(a)
	}
	if got := names(x.Add(object(t, account))); got != "" {
		t.Errorf("changed %q, want none", got)
	}
}

func TestCopyDrops(t *testing.T) {
	c := Copier{Paths: append(SecretPaths(nil, "v1/Secret"), Drop("status"), Drop("metadata", "managedFields"), Drop("list", "[]", "at"))}
	got, err := c.Copy(value(t, "{metadata: {name: a, managedFields: [b], annotations: {"+LastApplied+": clear}}, data: {k: clear}, status: {x: y}, list: [{at: now, is: b}]}"), "")
	if err != nil {
		t.Fatal(err)
	}
	want := `{"metadata":{"name":"a","annotations":{"` + LastApplied + `":{"$secret":["kubernetes-secret",""]}}},"data":{"k":{"$secret":["kubernetes-secret",""]}},"list":[{"is":"b"}]}`
	if text := string(bulwark.AppendJSON(nil, got)); text != want {
		t.Errorf("Copy = %s, want %s", text, want)
	}
}

// TestOwners wants verdicts to be inherited from workloads only: nothing says
// whether a node or a custom resource makes good pods.
func TestOwners(t *testing.T) {
	x := NewIndex(IndexOptions{})
	owned := func(apiVersion, kind, name string) *bulwark.Asset {
		return object(t, fmt.Sprintf("{apiVersion: v1, kind: Pod, metadata: {name: p, ownerReferences: [{apiVersion: %s, kind: %s, name: %s, controller: true}]}, spec: {nodeName: n}}", apiVersion, kind, name))
	}
	for _, text := range []string{replicaSet, "{apiVersion: v1, kind: Node, metadata: {name: n}}", "{apiVersion: shop.example/v1, kind: Till, metadata: {name: t}}"} {
		x.Add(object(t, text))
	}
	for _, tt := range []struct{ apiVersion, kind, name, want string }{
		{"apps/v1", "ReplicaSet", "till-1", "controller live:apps/v1/ReplicaSet/till-1"},
		{"v1", "Node", "n", "owner live:v1/Node/n"},
		{"shop.example/v1", "Till", "t", "owner live:shop.example/v1/Till/t"},
	} {
		var got []string
		for _, r := range x.Relations(owned(tt.apiVersion, tt.kind, tt.name)) {
			if r.Name == "controller" || r.Name == "owner" || r.Name == "node" {
				got = append(got, r.Name+" "+r.Target)
			}
		}
		want := []string{tt.want, "node live:v1/Node/n"}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.kind, diff)
		}
	}
}
