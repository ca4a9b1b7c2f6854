package kubernetes_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/bulwarksec/bulwark/internal/replay"
	"github.com/bulwarksec/bulwark/internal/replay/kubernetes"
)

// TestReal puts the same objects into a real API server, which
// scripts/with-cluster starts, and into a world, asks both the same and
// compares the shapes of the answers: every member and its kind of value, and
// the values of those that say what an answer is.
func TestReal(t *testing.T) {
	path := os.Getenv("BULWARK_TEST_KUBECONFIG")
	if path == "" {
		t.Skip("BULWARK_TEST_KUBECONFIG is not set; run through scripts/with-cluster")
	}
	cfg, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatal(err)
	}
	client, err := rest.HTTPClientFor(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ns := fmt.Sprintf("replay-%d", time.Now().UnixNano())
	in := func(text string) string { return strings.ReplaceAll(text, "shop", ns) }
	real := &realServer{t, client, cfg.Host}
	w := kubernetes.NewWorld(1, nil)
	s, err := kubernetes.New(kubernetes.Options{World: w, Limits: replay.Unlimited, Users: []kubernetes.User{{Name: "admin", Token: "admin", Rules: kubernetes.Everything()}}})
	if err != nil {
		t.Fatal(err)
	}
	put(t, w, in(shop), in(tills), in(secret))
	real.ask("POST", "/api/v1/namespaces", in(shop))
	t.Cleanup(func() {
		real.ask("DELETE", "/api/v1/namespaces/"+ns, "")
		real.ask("DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"+in("tills.shop.example"), "")
	})
	crd := strings.ReplaceAll(in(tills), `,{"name":"v1alpha1","served":false}`, "")
	real.ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", strings.ReplaceAll(crd, `"served":true`,
		`"served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}`))
	real.ask("POST", "/api/v1/namespaces/"+ns+"/secrets", in(secret))
	for _, name := range []string{"a", "b", "c"} {
		c := in(fmt.Sprintf(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":%q,"namespace":"shop","labels":{"app":%q}},"data":{"k":"v"}}`, name, name))
		put(t, w, c)
		real.ask("POST", "/api/v1/namespaces/"+ns+"/configmaps", c)
	}
	put(t, w, in(till))
	group := in("shop.example")
	for tries := 0; real.ask("POST", "/apis/"+group+"/v1/namespaces/"+ns+"/tills", in(till)).status != 201; tries++ {
		if tries > 100 {
			t.Fatal("the custom resource is not served")
		}
		time.Sleep(50 * time.Millisecond)
	}
	const table, list, one = "application/json;as=Table;g=meta.k8s.io;v=v1", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
	below := "/api/v1/namespaces/" + ns
	for _, url := range []string{"/api", "/apis/" + group, "/apis/" + group + "/v1", "/apis/apps", below, below + "/configmaps", below + "/configmaps?limit=1", below + "/configmaps?limit=2&labelSelector=app",
		below + "/configmaps?resourceVersion=0&limit=1", below + "/configmaps/a", below + "/configmaps/none", below + "/secrets", below + "/pods", "/api/v1/configmaps/a", below + "/nonsense",
		below + "/configmaps?continue=x", below + "/configmaps?limit=x", below + "/configmaps?fieldSelector=x%3Dy", below + "/configmaps?fieldSelector=metadata.name%3Da", below + "/configmaps?labelSelector=%3D",
		below + "/configmaps?resourceVersionMatch=Exact", below + "/configmaps?resourceVersion=99999999", below + "/configmaps?resourceVersion=x",
		"/apis/" + group + "/v1/tills", "/apis/" + group + "/v1/namespaces/" + ns + "/tills/t", "/apis/" + group + "/v1/tills/t", "/apis/nope.example/v1/x", "/nope"} {
		for _, accept := range []string{"", table, list, one} {
			if accept != "" && (!strings.Contains(url, below) && !strings.Contains(url, "/tills") || accept == list && !strings.HasSuffix(strings.Split(url, "?")[0], "s") || accept == one && strings.HasSuffix(strings.Split(url, "?")[0], "s")) {
				continue
			}
			want := real.ask("GET", url, "", "Accept", accept)
			got := get(t, s, url, "Accept", accept)
			if want.status != got.status || want.header.Get("Content-Type") != got.header.Get("Content-Type") {
				t.Errorf("GET %s as %q = %d %s, want %d %s", url, accept, got.status, got.header.Get("Content-Type"), want.status, want.header.Get("Content-Type"))
			}
			if diff := cmp.Diff(shape("", want.body), shape("", got.body)); diff != "" {
				t.Errorf("GET %s as %q (-real +replay):\n%s", url, accept, diff)
			}
		}
	}
}

// realServer asks the real one as the administrator.
type realServer struct {
	t      *testing.T
	client *http.Client
	base   string
}

func (s *realServer) ask(method, url, body string, headers ...string) reply {
	s.t.Helper()
	req, err := http.NewRequest(method, s.base+url, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	r := reply{status: resp.StatusCode, header: resp.Header, text: string(text)}
	_ = json.Unmarshal(text, &r.body)
	return r
}

// telling are the members whose values both have to have.
var telling = []string{"kind", "apiVersion", "reason", "status", "code", "message", "name", "remainingItemCount", "type", "field", "verbs", "operation", "fieldsType", "groupVersion"}

// shape writes what a value has, a line for each member: its path, and its
// value or the kind of it. What the server alone knows is left out.
func shape(at string, v any) []string {
	switch v := v.(type) {
	case map[string]any:
		var lines []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			switch {
			case name == "storageVersionHash", name == "serverAddress", name == "manager", name == "description", strings.HasSuffix(at, "fieldsV1") && name == "f:status":
			case slices.Contains(telling, name) && !version(v[name]):
				value, _ := json.Marshal(v[name])
				if name == "verbs" {
					value = []byte(fmt.Sprint(len(v[name].([]any))))
				}
				lines = append(lines, at+"."+name+" = "+string(value))
			default:
				lines = append(lines, shape(at+"."+name, v[name])...)
			}
		}
		if len(v) == 0 {
			return []string{at + " {}"}
		}
		return lines
	case []any:
		if len(v) == 0 {
			return []string{at + " []"}
		}
		var lines []string
		for i, x := range v {
			lines = append(lines, shape(fmt.Sprintf("%s[%d]", at, i), x)...)
		}
		return lines
	}
	return []string{fmt.Sprintf("%s %T", at, v)}
}

// version reports whether a message names a version of this moment.
func version(v any) bool {
	s, _ := v.(string)
	return strings.Contains(s, "current: ")
}
