package kubernetes_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark/internal/replay/kubernetes"
)

func TestList(t *testing.T) {
	s, w, _ := estate(t, kubernetes.Options{})
	put(t, w, `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"z","namespace":"default"},"spec":{"nodeName":"n2"},"status":{"phase":"Pending"}}`)
	for query, want := range map[string]string{
		"":                                    "z a b c", // in order of namespace and name
		"labelSelector=app%3Da":               "a",
		"labelSelector=app+in+(a,b),app!%3Da": "b",
		"labelSelector=!app":                  "z",
		"fieldSelector=metadata.name%3Db":     "b",
		"fieldSelector=metadata.name!%3Db":    "z a c",
		"fieldSelector=metadata.namespace%3Dshop,status.phase%3DRunning": "a b c",
		"fieldSelector=spec.nodeName%3Dn2":                               "z",
		"fieldSelector=spec.hostNetwork%3Dfalse":                         "z a b c",
		"resourceVersion=0&limit=1":                                      "z a b c",
		"resourceVersion=11&resourceVersionMatch=Exact":                  "a b c",
		"resourceVersion=9&resourceVersionMatch=Exact":                   "a",
		"resourceVersion=9":                                              "z a b c",
		"limit=2":                                                        "z a",
	} {
		got := get(t, s, "/api/v1/pods?"+query)
		if names := strings.Join(got.items(), " "); names != want || got.body["kind"] != "PodList" {
			t.Errorf("pods?%s = %q of %v, want %q", query, names, got.body["kind"], want)
		}
	}
	if got := get(t, s, "/api/v1/namespaces/shop/pods").items(); strings.Join(got, " ") != "a b c" {
		t.Errorf("pods of shop = %v", got)
	}
	if got := get(t, s, "/api/v1/namespaces").items(); strings.Join(got, " ") != "default kube-node-lease kube-public kube-system shop" {
		t.Errorf("namespaces = %v", got)
	}
	if got := get(t, s, "/apis/shop.example/v1/namespaces/shop/tills/t"); got.body["kind"] != "Till" || got.at("metadata", "generation") != 1.0 {
		t.Errorf("custom resource = %s", got.text)
	}
	if got := get(t, s, "/apis/shop.example/v1alpha1/tills"); got.status != 404 {
		t.Errorf("a version that is not served = %d", got.status)
	}
}

// pages lists the pods of shop one a page and returns the names and the last
// answer.
func pages(t *testing.T, s *kubernetes.Server, between func()) ([]string, reply) {
	t.Helper()
	var names []string
	token := ""
	for {
		r := get(t, s, "/api/v1/namespaces/shop/pods?limit=1&continue="+url.QueryEscape(token))
		if r.status != 200 {
			return names, r
		}
		names = append(names, r.items()...)
		if token, _ = r.at("metadata", "continue").(string); token == "" {
			return names, r
		}
		between()
	}
}

// TestPages lists what was there at the first page, however it changes; when
// that is forgotten the answer is 410 with a token for the rest.
func TestPages(t *testing.T) {
	s, w, clock := estate(t, kubernetes.Options{})
	if r := get(t, s, "/api/v1/namespaces/shop/pods?limit=1"); r.at("metadata", "remainingItemCount") != 2.0 {
		t.Errorf("remainingItemCount of the first of three = %v", r.at("metadata", "remainingItemCount"))
	}
	if r := get(t, s, "/api/v1/namespaces/shop/pods?limit=1&labelSelector=app"); r.at("metadata", "remainingItemCount") != nil || r.at("metadata", "continue") == nil {
		t.Errorf("of a selection what remains is not counted: %v", r.at("metadata"))
	}
	n := 0
	got, _ := pages(t, s, func() {
		if n++; n == 1 {
			remove(t, w, "Pod", "b")
			put(t, w, pod("bb"))
		}
	})
	if diff := cmp.Diff([]string{"a", "b", "c"}, got); diff != "" {
		t.Errorf("pages of a changing list (-want +got):\n%s", diff)
	}
	got, last := pages(t, s, func() {
		clock.advance(6 * time.Minute)
		put(t, w, pod("x"+fmt.Sprint(clock.now().Minute())))
		get(t, s, "/version")
	})
	if last.status != 410 || last.body["reason"] != "Expired" || len(got) == 0 {
		t.Fatalf("pages that last 12 minutes = %v, then %d %s, want 410 Expired", got, last.status, last.text)
	}
	rest := get(t, s, "/api/v1/namespaces/shop/pods?continue="+url.QueryEscape(fmt.Sprint(last.at("metadata", "continue"))))
	if names := rest.items(); rest.status != 200 || !slices.Contains(names, "c") || slices.Contains(names, got[0]) {
		t.Errorf("the rest after an expired token = %d %v", rest.status, names)
	}
	if r := get(t, s, "/api/v1/pods?resourceVersion=1&resourceVersionMatch=Exact"); r.status != 410 {
		t.Errorf("a forgotten version = %d, want 410", r.status)
	}
}

func TestForms(t *testing.T) {
	s, _, clock := estate(t, kubernetes.Options{})
	clock.advance(90 * time.Second)
	const list, one, table = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json", "application/json;as=Table;g=meta.k8s.io;v=v1"
	partial := get(t, s, "/api/v1/namespaces/shop/secrets", "Accept", list)
	if partial.body["kind"] != "PartialObjectMetadataList" || strings.Contains(partial.text, "eA==") || len(partial.items()) != 1 {
		t.Errorf("metadata of secrets = %s", partial.text)
	}
	if got := get(t, s, "/api/v1/namespaces/shop/secrets/s", "Accept", one); got.body["kind"] != "PartialObjectMetadata" || strings.Contains(got.text, "eA==") {
		t.Errorf("metadata of a secret = %s", got.text)
	}
	if got := get(t, s, "/api/v1/namespaces/shop/secrets/s"); got.at("data", "password") != "eA==" {
		t.Errorf("secret = %s", got.text)
	}
	cells := func(url string) string {
		r := get(t, s, url, "Accept", table)
		rows, _ := r.body["rows"].([]any)
		if len(rows) == 0 || strings.Contains(r.text, "eA==") {
			t.Fatalf("table %s = %s", url, r.text)
		}
		return fmt.Sprint(rows[0].(map[string]any)["cells"])
	}
	for url, want := range map[string]string{
		"/api/v1/namespaces/shop/secrets":                     "[s Opaque 1 90s]",
		"/api/v1/namespaces/shop/secrets/s":                   "[s Opaque 1 90s]",
		"/api/v1/namespaces/shop/pods?includeObject=Object":   "[a 0/1 Running 0 90s <none> n1 <none> <none>]",
		"/api/v1/namespaces?fieldSelector=metadata.name=shop": "[shop Active 90s]",
		"/apis/shop.example/v1/tills":                         "[t 90s]",
	} {
		if got := cells(url); got != want {
			t.Errorf("table %s = %s, want %s", url, got, want)
		}
	}
	if got := get(t, s, "/api/v1/namespaces/shop/pods?includeObject=No", "Accept", table); got.status != 400 {
		t.Errorf("includeObject=No = %d, want 400", got.status)
	}
}

// TestWorld holds what the world adds to objects.
func TestWorld(t *testing.T) {
	s, w, clock := estate(t, kubernetes.Options{})
	before := get(t, s, "/api/v1/namespaces/shop/pods/a")
	put(t, w, pod("a")) // as it was
	if got := get(t, s, "/api/v1/namespaces/shop/pods/a"); got.text != before.text {
		t.Errorf("an object that is put again changed:\n%s\n%s", before.text, got.text)
	}
	clock.advance(time.Minute)
	put(t, w, strings.Replace(pod("a"), "x:1", "x:2", 1))
	after := get(t, s, "/api/v1/namespaces/shop/pods/a")
	if after.at("metadata", "uid") != before.at("metadata", "uid") || after.at("metadata", "creationTimestamp") != before.at("metadata", "creationTimestamp") ||
		after.at("metadata", "generation") != 2.0 || after.at("metadata", "resourceVersion") == before.at("metadata", "resourceVersion") {
		t.Errorf("metadata after a change = %v, before %v", after.at("metadata"), before.at("metadata"))
	}
	remove(t, w, "Pod", "a")
	put(t, w, pod("a"))
	again := get(t, s, "/api/v1/namespaces/shop/pods/a")
	if again.at("metadata", "uid") == before.at("metadata", "uid") || again.at("metadata", "generation") != 1.0 {
		t.Errorf("metadata of one made anew = %v", again.at("metadata"))
	}
	if other, _, _ := estate(t, kubernetes.Options{}); get(t, other, "/api/v1/namespaces/shop/pods/a").text != before.text {
		t.Error("the same seed and changes give another object")
	}
	if fields := get(t, s, "/api/v1/namespaces/shop/secrets/s").text; !strings.Contains(fields, `"f:data":{".":{},"f:password":{}}`) {
		t.Errorf("the record of fields lacks the keys of a secret: %s", fields)
	}
	for _, bad := range []string{
		`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}}`,
		`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"none"}}`,
		`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p/q","namespace":"shop"}}`,
		`{"apiVersion":"v1","kind":"Node","metadata":{"name":"n","namespace":"shop"}}`,
		`{"apiVersion":"v1","kind":"Nonsense","metadata":{"name":"n"}}`,
		`{"apiVersion":"v1","kind":"Node"}`,
		`{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"x"},"spec":{"group":"g.example","names":{"plural":"things","kind":"Thing"},"versions":[]}}`,
	} {
		if err := w.Update(func(tx *kubernetes.Tx) error { return tx.Put(object(t, bad)) }); err == nil {
			t.Errorf("put %s succeeded", bad)
		}
	}
	err := w.Update(func(tx *kubernetes.Tx) error { return tx.Remove("v1", "Namespace", "", "shop") })
	if got := get(t, s, "/api/v1/namespaces/shop/pods").items(); err != nil || len(got) != 0 {
		t.Errorf("pods of a namespace that is gone = %v, %v", got, err)
	}
}

// TestSchedule changes the world at times of the clock.
func TestSchedule(t *testing.T) {
	s, w, clock := estate(t, kubernetes.Options{})
	at := clock.now().Add(time.Hour)
	w.Schedule(at, func(tx *kubernetes.Tx) error { return tx.Put(object(t, pod("later"))) })
	w.Schedule(at.Add(time.Hour), func(tx *kubernetes.Tx) error { return tx.Remove("v1", "Pod", "shop", "none") })
	if got := get(t, s, "/api/v1/namespaces/shop/pods/later"); got.status != 404 {
		t.Errorf("before its time it is %d", got.status)
	}
	clock.advance(90 * time.Minute)
	if got := get(t, s, "/api/v1/namespaces/shop/pods/later"); got.at("metadata", "creationTimestamp") != "2026-11-26T13:00:00Z" {
		t.Errorf("after its time it is %s", got.text)
	}
	if w.Err() != nil {
		t.Errorf("Err = %v", w.Err())
	}
	clock.advance(time.Hour)
	if w.Advance(); w.Err() == nil {
		t.Error("a planned change that fails is not told")
	}
}
