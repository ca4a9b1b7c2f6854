package kubernetes

import (
	"testing"
)

func TestParsePath(t *testing.T) {
	for path, want := range map[string]target{
		"/api/v1":                            {version: "v1"},
		"/api/v1/pods":                       {version: "v1", plural: "pods"},
		"/api/v1/pods/":                      {version: "v1", plural: "pods"},
		"/api/v1/namespaces":                 {version: "v1", plural: "namespaces"},
		"/api/v1/namespaces/shop":            {version: "v1", namespace: "shop", plural: "namespaces", name: "shop"},
		"/api/v1/namespaces/shop/status":     {version: "v1", namespace: "shop", plural: "namespaces", name: "shop", sub: "status"},
		"/api/v1/namespaces/shop/pods":       {version: "v1", namespace: "shop", plural: "pods"},
		"/api/v1/namespaces/shop/pods/p/log": {version: "v1", namespace: "shop", plural: "pods", name: "p", sub: "log"},
		"/apis/apps/v1":                      {group: "apps", version: "v1"},
		"/apis/apps/v1/deployments":          {group: "apps", version: "v1", plural: "deployments"},
		"/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode": {group: "rbac.authorization.k8s.io", version: "v1", plural: "clusterroles", name: "system:node"},
		"/api/v1/nodes/n/proxy/a/b":                                     {version: "v1", plural: "nodes", name: "n", sub: "proxy/a/b"},
	} {
		if got, ok := parsePath(path); !ok || got != want {
			t.Errorf("parsePath(%s) = %+v, %v, want %+v", path, got, ok, want)
		}
	}
	for _, path := range []string{"", "/", "/api", "/apis", "/apis/apps", "/version", "/api/v1/namespaces/../secrets", "/api/v1/pods/a%2Fb", "/api/v1/pods/%zz", "/api//pods",
		"/api/v1/1/2/3/4/5/6/7/8/9/10/11/12"} {
		if got, ok := parsePath(path); ok {
			t.Errorf("parsePath(%s) = %+v, want that it names nothing", path, got)
		}
	}
}

// FuzzParsePath has what is read, written and read again be the same.
func FuzzParsePath(f *testing.F) {
	for _, seed := range []string{"/api/v1/namespaces/shop/pods/p/log", "/apis/apps/v1/deployments", "/api/v1/namespaces/x/status", "/api/v1/nodes/n/proxy/a%20b", "/version", "/api/v1/namespaces/namespaces/namespaces"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		got, ok := parsePath(path)
		if !ok {
			return
		}
		again, ok := parsePath(got.path())
		if !ok || again != got {
			t.Errorf("parsePath(%q) = %+v, written as %s and read as %+v, %v", path, got, got.path(), again, ok)
		}
	})
}

// FuzzToken reads any token of a page and is never confused by it.
func FuzzToken(f *testing.F) {
	f.Add("eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MjMxLCJzdGFydCI6ImMxXHUwMDAwIn0") // of a v1.34.4 server
	f.Add("abc")
	f.Fuzz(func(t *testing.T, s string) {
		tok, err := decodeToken(s)
		if err != nil {
			return
		}
		if again, err := decodeToken(tok.encode()); err != nil || again != tok {
			t.Errorf("token %+v is read again as %+v, %v", tok, again, err)
		}
	})
}
