package kubernetes_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/bulwarksec/bulwark/internal/replay"
	"github.com/bulwarksec/bulwark/internal/replay/kubernetes"
)

// The tests of this file run in a bubble of synctest: its clock goes on when
// everybody waits, so that minutes pass at once.

// frames opens a watch and returns its lines as they come, each as "TYPE name
// version", or "TYPE reason" for errors. It is closed when the watch ends.
func frames(t *testing.T, s *kubernetes.Server, url string, headers ...string) <-chan string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://cluster"+url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer admin")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := s.Transport().RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 200 {
		text, _ := io.ReadAll(resp.Body)
		t.Fatalf("watch %s = %d %s", url, resp.StatusCode, text)
	}
	out := make(chan string, 100)
	go func() {
		defer close(out)
		defer resp.Body.Close()
		for lines := bufio.NewReader(resp.Body); ; {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				return
			}
			out <- frame(line)
		}
	}()
	return out
}

func frame(line []byte) string {
	var e struct {
		Type   string
		Object struct {
			Kind, Reason string
			Metadata     struct {
				Name, ResourceVersion string
				Annotations           map[string]string
			}
			Rows []struct{ Cells []any }
		}
	}
	if err := json.Unmarshal(line, &e); err != nil {
		return "malformed"
	}
	switch o := e.Object; {
	case e.Type == "ERROR":
		return "ERROR " + o.Reason
	case o.Kind == "Table" && e.Type != "BOOKMARK":
		return fmt.Sprint(e.Type, " ", o.Rows[0].Cells[0], " ", o.Metadata.ResourceVersion)
	case e.Type == "BOOKMARK":
		return strings.TrimSpace("BOOKMARK " + o.Metadata.ResourceVersion + " " + o.Metadata.Annotations["k8s.io/initial-events-end"])
	default:
		return e.Type + " " + o.Metadata.Name + " " + o.Metadata.ResourceVersion
	}
}

// drain returns what came until everybody waits.
func drain(frames <-chan string) (got []string) {
	synctest.Wait()
	for {
		select {
		case f, ok := <-frames:
			if !ok {
				return append(got, "end")
			}
			got = append(got, f)
		default:
			return got
		}
	}
}

func bubble(t *testing.T, o kubernetes.Options, test func(t *testing.T, s *kubernetes.Server, w *kubernetes.World)) {
	synctest.Test(t, func(t *testing.T) {
		w := kubernetes.NewWorld(1, time.Now)
		put(t, w, shop, tills, till, secret, pod("a"), pod("b"), pod("c"))
		o.World, o.Limits = w, replay.Unlimited
		o.Users = []kubernetes.User{{Name: "admin", Token: "admin", Rules: kubernetes.Everything()}}
		s, err := kubernetes.New(o)
		if err != nil {
			t.Fatal(err)
		}
		test(t, s, w)
	})
}

func TestWatch(t *testing.T) {
	const pods = "/api/v1/namespaces/shop/pods?watch=true&"
	bubble(t, kubernetes.Options{}, func(t *testing.T, s *kubernetes.Server, w *kubernetes.World) {
		from := frames(t, s, pods+"resourceVersion=10&allowWatchBookmarks=true&timeoutSeconds=90")
		all := frames(t, s, pods+"timeoutSeconds=600")
		listed := frames(t, s, pods+"sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true")
		selected := frames(t, s, pods+"resourceVersion=11&labelSelector=app%3Da")
		table := frames(t, s, pods+"resourceVersion=11", "Accept", "application/json;as=Table;g=meta.k8s.io;v=v1")
		elsewhere := frames(t, s, "/api/v1/namespaces/default/pods?watch=1&resourceVersion=11")
		check := func(what string, ch <-chan string, want ...string) {
			t.Helper()
			if diff := cmp.Diff(want, drain(ch)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", what, diff)
			}
		}
		check("from a version", from, "ADDED c 11")
		check("from none", all, "ADDED a 9", "ADDED b 10", "ADDED c 11")
		check("with initial events", listed, "ADDED a 9", "ADDED b 10", "ADDED c 11", "BOOKMARK 11 true")
		put(t, w, pod("d"), strings.Replace(pod("a"), `"app":"a"`, `"app":"x"`, 1))
		remove(t, w, "Pod", "b")
		for what, ch := range map[string]<-chan string{"from a version": from, "from none": all, "with initial events": listed, "as tables": table} {
			check(what+", changes", ch, "ADDED d 12", "MODIFIED a 13", "DELETED b 14")
		}
		check("selected", selected, "DELETED a 13")
		put(t, w, pod("a"))
		check("selected again", selected, "ADDED a 15")
		check("of another namespace", elsewhere)
		time.Sleep(61 * time.Second)
		check("after a minute", from, "MODIFIED a 15", "BOOKMARK 15")
		time.Sleep(30 * time.Second)
		check("after its time", from, "BOOKMARK 15", "end")
		check("without bookmarks", all, "MODIFIED a 15")

		w.Schedule(time.Now().Add(time.Hour/10), func(tx *kubernetes.Tx) error { return tx.Put(object(t, pod("e"))) })
		time.Sleep(time.Hour / 10)
		time.Sleep(2 * time.Second)
		check("at a planned change", all, "ADDED e 16")
	})
}

// TestWatchForgotten tells that a version is too old, at the start.
func TestWatchForgotten(t *testing.T) {
	bubble(t, kubernetes.Options{}, func(t *testing.T, s *kubernetes.Server, w *kubernetes.World) {
		time.Sleep(6 * time.Minute)
		w.Advance()
		time.Sleep(6 * time.Minute)
		w.Advance()
		for url, want := range map[string]string{
			"resourceVersion=3": "ERROR Expired",
			"resourceVersion=99999&sendInitialEvents=true&resourceVersionMatch=NotOlderThan": "ERROR Timeout",
		} {
			if got := drain(frames(t, s, "/api/v1/pods?watch=1&"+url)); len(got) == 0 || got[0] != want || got[len(got)-1] != "end" {
				t.Errorf("watch with %s = %v, want %s and the end", url, got, want)
			}
		}
		if got := drain(frames(t, s, "/api/v1/pods?watch=1&resourceVersion=11&timeoutSeconds=5")); len(got) != 0 {
			t.Errorf("watch from the newest version = %v, want nothing yet", got)
		}
	})
}

// TestManyWatchers has each of a hundred see every change, in order.
func TestManyWatchers(t *testing.T) {
	bubble(t, kubernetes.Options{}, func(t *testing.T, s *kubernetes.Server, w *kubernetes.World) {
		var all []<-chan string
		for range 100 {
			all = append(all, frames(t, s, "/api/v1/pods?watch=1&resourceVersion=11&timeoutSeconds=10"))
		}
		var want []string
		for i := range 50 {
			put(t, w, pod(fmt.Sprintf("n%02d", i)))
			want = append(want, fmt.Sprintf("ADDED n%02d %d", i, 12+i))
		}
		for i, ch := range all {
			if diff := cmp.Diff(want, drain(ch)); diff != "" {
				t.Fatalf("watcher %d (-want +got):\n%s", i, diff)
			}
		}
	})
}

// TestInformers has the real client's informers follow the world, also where
// the server loses their versions.
func TestInformers(t *testing.T) {
	bubble(t, kubernetes.Options{}, func(t *testing.T, s *kubernetes.Server, w *kubernetes.World) {
		ctx, cancel := context.WithCancel(t.Context())
		api, err := dynamic.NewForConfig(&rest.Config{Host: "http://cluster", BearerToken: "admin", Transport: s.Transport(), QPS: -1})
		if err != nil {
			t.Fatal(err)
		}
		factory := dynamicinformer.NewDynamicSharedInformerFactory(api, 0)
		seen := make(chan string, 1000)
		note := func(what string) func(any) {
			return func(o any) {
				if last, ok := o.(cache.DeletedFinalStateUnknown); ok {
					o = last.Obj
				}
				u := o.(*unstructured.Unstructured)
				seen <- what + " " + u.GetKind() + " " + u.GetName()
			}
		}
		for _, r := range []schema.GroupVersionResource{{Version: "v1", Resource: "pods"}, {Group: "shop.example", Version: "v1", Resource: "tills"}} {
			_, err := factory.ForResource(r).Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: note("add"), DeleteFunc: note("delete"),
				UpdateFunc: func(old, new any) {
					if old.(*unstructured.Unstructured).GetResourceVersion() != new.(*unstructured.Unstructured).GetResourceVersion() {
						note("change")(new)
					}
				}})
			if err != nil {
				t.Fatal(err)
			}
		}
		factory.Start(ctx.Done())
		for r, ok := range factory.WaitForCacheSync(ctx.Done()) {
			if !ok {
				t.Errorf("%v did not sync", r)
			}
		}
		check := func(what string, want ...string) {
			t.Helper()
			got := map[string]int{}
			for _, f := range drain(seen) {
				got[f]++
			}
			wanted := map[string]int{}
			for _, f := range want {
				wanted[f] = 1
			}
			if diff := cmp.Diff(wanted, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", what, diff)
			}
		}
		check("at first", "add Pod a", "add Pod b", "add Pod c", "add Till t")
		put(t, w, pod("d"), strings.Replace(pod("a"), "x:1", "x:2", 1), strings.Replace(till, `"size":1`, `"size":2`, 1))
		remove(t, w, "Pod", "b")
		check("changes", "add Pod d", "change Pod a", "change Till t", "delete Pod b")
		time.Sleep(3 * time.Hour) // many watches long
		put(t, w, pod("e"))
		time.Sleep(time.Minute)
		check("hours later", "add Pod e")
		list, err := api.Resource(schema.GroupVersionResource{Version: "v1", Resource: "pods"}).Namespace("shop").List(ctx, metav1.ListOptions{Limit: 2})
		if err != nil || len(list.Items) != 2 || list.GetContinue() == "" {
			t.Errorf("a page of two = %v, %v", list, err)
		}
		cancel()
		factory.Shutdown()
	})
}
