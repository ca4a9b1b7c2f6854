package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bulwarksec/bulwark"
)

// watching is a Watch that goes on while a test feeds it.
type watching struct {
	t    *testing.T
	f    *fake
	out  chan bulwark.Gathered
	stop context.CancelFunc
	err  chan error
}

// watchFake gathers from the fake and then watches it.
func watchFake(t *testing.T, f *fake, c *Cluster) *watching {
	t.Helper()
	mustGather(t, c)
	return startWatch(t, f, c)
}

// startWatch watches what was gathered.
func startWatch(t *testing.T, f *fake, c *Cluster) *watching {
	ctx, cancel := context.WithCancel(context.Background())
	w := &watching{t: t, f: f, out: make(chan bulwark.Gathered, 1000), stop: cancel, err: make(chan error, 1)}
	go func() {
		w.err <- c.Watch(ctx, func(g bulwark.Gathered) error { w.out <- g; return nil })
	}()
	t.Cleanup(func() { w.stop() })
	return w
}

// next is the next thing that is yielded. The timeout is for a test that fails.
func (w *watching) next() bulwark.Gathered {
	w.t.Helper()
	select {
	case g := <-w.out:
		return g
	case err := <-w.err:
		w.t.Fatalf("the watch ended: %v", err)
	case <-time.After(30 * time.Second):
		w.t.Fatal("nothing was yielded")
	}
	return bulwark.Gathered{}
}

func (w *watching) asset(id string) *bulwark.Asset {
	w.t.Helper()
	g := w.next()
	if g.Asset == nil || g.Asset.ID != id {
		w.t.Fatalf("yielded %s, want the asset %s", describe(g), id)
	}
	return g.Asset
}

func (w *watching) gone(id string) {
	w.t.Helper()
	if g := w.next(); g.Gone == nil || *g.Gone != (bulwark.Gone{ID: id, Scope: "kubernetes/u-1"}) {
		w.t.Fatalf("yielded %s, want that %s is gone", describe(g), id)
	}
}

func describe(g bulwark.Gathered) string {
	switch {
	case g.Asset != nil:
		return "asset " + g.Asset.ID
	case g.Gone != nil:
		return "gone " + g.Gone.ID
	case g.Gap != nil:
		return fmt.Sprintf("gap %+v", *g.Gap)
	case g.Listing != nil:
		return fmt.Sprintf("listing %+v", *g.Listing)
	}
	return fmt.Sprintf("%+v", g)
}

func change(kind, object string) string { return fmt.Sprintf(`{"type":%q,"object":%s}`, kind, object) }

const podB = "live:k8s/u-1//Pod/shop/b"

func TestWatch(t *testing.T) {
	f := newFake(t)
	f.set("pods", fakePod("a"))
	f.set("services", `{"metadata":{"name":"till","namespace":"shop"},"spec":{"selector":{"app":"till"}}}`)
	w := watchFake(t, f, f.open(t, Config{}))
	pods := f.feed("pods")

	f.set("pods", fakePod("a"), fakePod("b"))
	pods <- change("ADDED", fakePod("b"))
	w.asset(podB)
	// The service that selects it has a new relation.
	service := w.asset("live:k8s/u-1//Service/shop/till")
	if !slices.ContainsFunc(service.Relations, func(r bulwark.Relation) bool { return r.Name == "workloads" && r.Target == podB }) {
		t.Errorf("relations of the service = %v, want one to %s", service.Relations, podB)
	}

	// What only counts up is no change; an image is.
	pods <- change("MODIFIED", strings.NewReplacer(`"resourceVersion":"7"`, `"resourceVersion":"8"`, `"restartCount":3`, `"restartCount":4`).Replace(fakePod("b")))
	pods <- change("MODIFIED", strings.Replace(fakePod("b"), "x:1", "x:2", 1))
	if image := w.asset(podB).Properties.At("spec", "containers").Index(0).Get("image").Text(); image != "x:2" {
		t.Errorf("image = %s, want x:2", image)
	}

	f.set("pods", fakePod("a"))
	pods <- change("DELETED", fakePod("b"))
	w.gone(podB)
	w.asset("live:k8s/u-1//Service/shop/till")
	pods <- change("DELETED", fakePod("b")) // a second time says nothing

	f.feed("secrets") <- change("ADDED", `{"kind":"Table","columnDefinitions":[{"name":"Name"},{"name":"Type"},{"name":"Data"}],"rows":[`+
		tableRow(`{"metadata":{"name":"s","namespace":"shop","managedFields":[{"fieldsV1":{"f:data":{"f:k":{}}}}]},"type":"Opaque","data":{"k":"v"}}`)+`]}`)
	if v := w.asset("live:k8s/u-1//Secret/shop/s").Properties.At("data", "k"); v.Kind() != bulwark.Secret {
		t.Errorf("data of the secret = %v", v)
	}

	// It goes on from the last version where the server ends the watch.
	pods <- `{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"777"}}}`
	pods <- "end"
	pods <- change("ADDED", fakePod("c"))
	w.asset("live:k8s/u-1//Pod/shop/c")
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.ContainsFunc(f.requests, func(r string) bool {
		return strings.Contains(r, "/pods?") && strings.Contains(r, "resourceVersion=777")
	}) {
		t.Error("the watch did not go on from its bookmark")
	}
}

// TestWatchExpired loses changes: the resource is listed again, alone, and what
// is no longer there is gone.
func TestWatchExpired(t *testing.T) {
	for _, how := range []string{"status", "event"} {
		t.Run(how, func(t *testing.T) {
			f := newFake(t)
			f.set("pods", fakePod("a"), fakePod("b"))
			w := watchFake(t, f, f.open(t, Config{}))
			pods := f.feed("pods")
			f.set("pods", fakePod("a"), fakePod("c"))
			f.mu.Lock()
			f.requests = nil
			f.mu.Unlock()
			if how == "event" {
				pods <- `{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old resource version"}}`
			} else {
				var once atomic.Bool
				f.answer(func(rw http.ResponseWriter, r *http.Request) bool {
					if r.URL.Path != "/api/v1/pods" || r.URL.Query().Get("watch") == "" || once.Swap(true) {
						return false
					}
					fail(rw, 410, "Expired")
					return true
				})
				pods <- "end"
			}
			w.asset("live:k8s/u-1//Pod/shop/c")
			w.gone(podB)
			pods <- change("ADDED", fakePod("d"))
			w.asset("live:k8s/u-1//Pod/shop/d")
			f.mu.Lock()
			defer f.mu.Unlock()
			for _, r := range f.requests {
				if !strings.Contains(r, "watch=1") && !strings.Contains(r, "/pods?") {
					t.Errorf("it asked %s, want pods alone", r)
				}
			}
		})
	}
}

// TestWatchWrong has what follows an expired watch go wrong: nothing is gone.
func TestWatchWrong(t *testing.T) {
	for name, answer := range map[string]func(w http.ResponseWriter){
		"denied":    func(w http.ResponseWriter) { fail(w, 403, "Forbidden") },
		"error":     func(w http.ResponseWriter) { fail(w, 500, "InternalError") },
		"malformed": func(w http.ResponseWriter) { fmt.Fprint(w, `{"items":`) },
		"bad": func(w http.ResponseWriter) {
			fmt.Fprint(w, `{"metadata":{"resourceVersion":"9"},"items":[{"metadata":{"name":"%"}}]}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.set("pods", fakePod("a"), fakePod("b"))
			w := watchFake(t, f, f.open(t, Config{}))
			f.feed("pods") <- change("ADDED", fakePod("c"))
			w.asset("live:k8s/u-1//Pod/shop/c")
			var asked atomic.Int32
			enough := make(chan bool)
			f.answer(func(rw http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != "/api/v1/pods" || r.URL.Query().Get("watch") != "" {
					return false
				}
				answer(rw)
				if asked.Add(1) == 1 {
					close(enough)
				}
				return true
			})
			f.feed("pods") <- `{"type":"ERROR","object":{"kind":"Status","code":410}}`
			<-enough
			f.feed("services") <- change("ADDED", `{"metadata":{"name":"till","namespace":"shop"},"spec":{}}`)
			for {
				g := w.next()
				if g.Gone != nil {
					t.Fatalf("%s is gone", g.Gone.ID)
				}
				if g.Asset != nil {
					return
				}
			}
		})
	}
}

func TestWatchDenied(t *testing.T) {
	f := newFake(t)
	f.answer(func(rw http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("watch") == "" || r.URL.Path != "/api/v1/pods" {
			return false
		}
		fail(rw, 403, "Forbidden")
		return true
	})
	w := watchFake(t, f, f.open(t, Config{}))
	if g := w.next(); g.Gap == nil || g.Gap.Needs != "watch pods (core)" {
		t.Errorf("yielded %s, want a gap that needs watch pods (core)", describe(g))
	}
	f.feed("services") <- change("ADDED", `{"metadata":{"name":"till","namespace":"shop"},"spec":{}}`)
	w.asset("live:k8s/u-1//Service/shop/till")
}

func TestWatchEnds(t *testing.T) {
	t.Run("credentials", func(t *testing.T) {
		f := newFake(t)
		w := watchFake(t, f, f.open(t, Config{}))
		f.feed("pods") <- change("ADDED", fakePod("b"))
		w.asset(podB)
		f.answer(func(rw http.ResponseWriter, r *http.Request) bool { fail(rw, 401, "Unauthorized"); return true })
		f.feed("pods") <- "end"
		if err := <-w.err; !errors.Is(err, bulwark.ErrDenied) {
			t.Errorf("Watch = %v, want that the credentials are refused", err)
		}
	})
	t.Run("context", func(t *testing.T) {
		f := newFake(t)
		w := watchFake(t, f, f.open(t, Config{}))
		w.stop()
		if err := <-w.err; !errors.Is(err, context.Canceled) {
			t.Errorf("Watch = %v, want %v", err, context.Canceled)
		}
	})
	t.Run("receiver", func(t *testing.T) {
		f := newFake(t)
		c := f.open(t, Config{})
		mustGather(t, c)
		full := errors.New("full")
		done := make(chan error, 1)
		go func() { done <- c.Watch(t.Context(), func(bulwark.Gathered) error { return full }) }()
		f.feed("pods") <- change("ADDED", fakePod("a"))
		if err := <-done; !errors.Is(err, full) {
			t.Errorf("Watch = %v, want %v", err, full)
		}
	})
	t.Run("nothing_gathered", func(t *testing.T) {
		f := newFake(t)
		if err := f.open(t, Config{}).Watch(t.Context(), nil); !errors.Is(err, bulwark.ErrInvalid) {
			t.Errorf("Watch = %v, want %v", err, bulwark.ErrInvalid)
		}
	})
}

// TestWatchMalformed breaks a watch in its middle: it goes on.
func TestWatchMalformed(t *testing.T) {
	for _, bad := range []string{"no json", `{"type":"ADDED","object":7}`, `{"type":"ADDED","object":{"metadata":{"name":"../x"}}}`, `{"type":"SUNG","object":{}}`, `{"type":"ERROR","object":"x"}`} {
		t.Run(bad[:7], func(t *testing.T) {
			f := newFake(t)
			w := watchFake(t, f, f.open(t, Config{}))
			f.feed("pods") <- bad
			f.feed("pods") <- "end"
			f.feed("pods") <- change("ADDED", fakePod("b"))
			for {
				g := w.next()
				if g.Gone != nil {
					t.Fatalf("%s is gone", g.Gone.ID)
				}
				if g.Asset != nil && g.Asset.ID == podB {
					return
				}
			}
		})
	}
}

// TestWatchRefresh has an object change while it is read again for its
// relations: what the watch told stands, and not what was read before.
func TestWatchRefresh(t *testing.T) {
	service := func(name, port string) string {
		return fmt.Sprintf(`{"metadata":{"name":%q,"namespace":"shop"},"spec":{"selector":{"app":%q},"clusterIP":%q}}`, name, name, port)
	}
	const till = "live:k8s/u-1//Service/shop/till"
	for _, how := range []string{"DELETED", "MODIFIED"} {
		t.Run(how, func(t *testing.T) {
			f := newFake(t)
			f.set("services", service("till", "1"), service("other", "1"))
			w := watchFake(t, f, f.open(t, Config{}))
			reading, read := make(chan bool), make(chan bool)
			f.answer(func(rw http.ResponseWriter, r *http.Request) bool {
				if r.URL.Query().Get("fieldSelector") != "metadata.name=till" {
					return false
				}
				reading <- true
				<-read
				fmt.Fprintf(rw, `{"metadata":{"resourceVersion":"1"},"items":[%s]}`, service("till", "1"))
				return true
			})
			f.feed("pods") <- change("ADDED", fakePod("a"))
			w.asset("live:k8s/u-1//Pod/shop/a")
			<-reading
			f.feed("services") <- change(how, service("till", "2"))
			if how == "DELETED" {
				w.gone(till)
			} else if a := w.asset(till); len(a.Relations) != 3 {
				t.Errorf("relations of what the watch told = %v, want the pod among them", a.Relations)
			}
			f.feed("pods") <- change("ADDED", strings.Replace(fakePod("b"), `"app":"till"`, `"app":"other"`, 1))
			w.asset(podB)
			close(read)
			w.asset("live:k8s/u-1//Service/shop/other") // read after, and told next
		})
	}
}

// TestWatchManyRelations changes the relations of more objects than are read
// again at once: all of them are, in the end.
func TestWatchManyRelations(t *testing.T) {
	f := newFake(t)
	var services []string
	for i := range maxRefresh + 200 {
		services = append(services, fmt.Sprintf(`{"metadata":{"name":"s%d","namespace":"shop"},"spec":{"selector":{"app":"till"}}}`, i))
	}
	f.set("services", services...)
	w := watchFake(t, f, f.open(t, Config{}))
	f.feed("pods") <- change("ADDED", fakePod("b"))
	w.asset(podB)
	told := map[string]bool{}
	for len(told) < len(services) {
		if g := w.next(); g.Asset != nil {
			told[g.Asset.ID] = true
		}
	}
}

// TestGatherManyRelations has more relations change during a run than it makes
// again: a gap says so, and a watch makes the rest.
func TestGatherManyRelations(t *testing.T) {
	f := newFake(t)
	const left = 20
	owned := func(i int) string {
		return fmt.Sprintf(`{"metadata":{"name":"d%d","namespace":"shop","ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"r","controller":true}]}}`, i)
	}
	var deployments []string
	for i := range maxRefresh + left { // deployments are listed before replica sets
		deployments = append(deployments, owned(i))
	}
	f.set("deployments", deployments...)
	f.set("replicasets", `{"metadata":{"name":"r","namespace":"shop"}}`)
	c := f.open(t, Config{})
	got := mustGather(t, c)
	if len(got.gaps) != 1 || got.gaps[0].What != "relations" || !strings.Contains(got.gaps[0].Why, fmt.Sprint(left)) {
		t.Errorf("gaps = %v, want one of the relations", got.gaps)
	}
	related := func(a *bulwark.Asset) bool {
		return slices.ContainsFunc(a.Relations, func(r bulwark.Relation) bool { return r.Name == "controller" && r.Target != "" })
	}
	want := map[string]bool{}
	for id, a := range got.assets {
		if a.Type == "apps/v1/Deployment" && !related(a) {
			want[id] = true
		}
	}
	if len(want) != left {
		t.Fatalf("%d deployments are not related, want %d", len(want), left)
	}
	w := startWatch(t, f, c)
	for len(want) > 0 {
		g := w.next()
		if g.Asset == nil || !want[g.Asset.ID] || !related(g.Asset) {
			t.Fatalf("yielded %s, want one of %v, related", describe(g), want)
		}
		delete(want, g.Asset.ID)
	}
}

// TestWatchFails has a watch fail in each way, for ever: it is told once, and
// the changes come when it is mended.
func TestWatchFails(t *testing.T) {
	event := func(text string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { fmt.Fprintln(w, text) }
	}
	var versions atomic.Int64
	for name, answer := range map[string]func(w http.ResponseWriter){
		"error":     func(w http.ResponseWriter) { fail(w, 500, "InternalError") },
		"throttled": func(w http.ResponseWriter) { fail(w, 429, "TooManyRequests") },
		"hangs_up":  func(w http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"expired":   func(w http.ResponseWriter) { fail(w, 410, "Expired") },
		"malformed": event("<html>"),
		"no_object": event(`{"type":"ADDED","object":7}`),
		"unknown":   event(`{"type":"SUNG","object":{}}`),
		"malformed_after_progress": func(w http.ResponseWriter) {
			fmt.Fprintf(w, `{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9%d"}}}`+"\n<html>", versions.Add(1))
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			c := f.open(t, Config{})
			f.answer(func(rw http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != "/api/v1/pods" || r.URL.Query().Get("watch") == "" {
					return false
				}
				answer(rw)
				return true
			})
			w := watchFake(t, f, c)
			if g := w.next(); g.Gap == nil || g.Gap.What != "changes" || g.Gap.Where != "k/kubernetes/u-1/v1/Pod" {
				t.Fatalf("yielded %s, want a gap of the changes of pods", describe(g))
			}
			f.answer(nil)
			f.feed("pods") <- change("ADDED", fakePod("b"))
			w.asset(podB)
		})
	}
}

// TestWatchMalformedRelists wants the change that an event that cannot be read
// was to tell.
func TestWatchMalformedRelists(t *testing.T) {
	f := newFake(t)
	w := watchFake(t, f, f.open(t, Config{}))
	f.set("pods", fakePod("b"))
	f.feed("pods") <- `{"type":"ADDED","object":7}`
	w.asset(podB)
}

// TestWatchBadObjects bounds what is told of objects that cannot be read.
func TestWatchBadObjects(t *testing.T) {
	f := newFake(t)
	w := watchFake(t, f, f.open(t, Config{}))
	for i := range 3 * maxBad {
		f.feed("pods") <- change("ADDED", fmt.Sprintf(`{"metadata":{"name":"%%%d","namespace":"shop"}}`, i))
	}
	f.feed("pods") <- change("ADDED", fakePod("b"))
	for range maxBad {
		if g := w.next(); g.Gap == nil {
			t.Fatalf("yielded %s, want a gap", describe(g))
		}
	}
	w.asset(podB)
}

func FuzzEvent(f *testing.F) {
	f.Add([]byte(`{"metadata":{"name":"a","namespace":"b","resourceVersion":"1"}}`))
	f.Add([]byte(`{"columnDefinitions":[{"name":"Type"}],"rows":[{"cells":["x"],"object":{"metadata":{"name":"a"}}}]}`))
	f.Fuzz(func(t *testing.T, object []byte) {
		for _, r := range []resource{{version: "v1", plural: "pods"}, {version: "v1", plural: "secrets"}} {
			var columns []string
			raw, _, err := unpack(&r, object, &columns)
			if err == nil && len(raw) == 0 {
				t.Errorf("an object of nothing from %q", object)
			}
		}
	})
}
