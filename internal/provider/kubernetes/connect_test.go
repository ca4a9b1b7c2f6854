package kubernetes

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bulwarksec/bulwark"
)

const kubeconfig = `
apiVersion: v1
kind: Config
current-context: shop
contexts:
- {name: shop, context: {cluster: prod, user: robot}}
- {name: arn:aws:eks:eu-west-1:123456789012:cluster/shop, context: {cluster: prod, user: robot}}
clusters:
- {name: prod, cluster: {server: "https://api.shop.example:6443"CLUSTER}}
users:
- {name: robot, user: {USER}}
`

func config(cluster, user string) string {
	return strings.NewReplacer("CLUSTER", cluster, "USER", user).Replace(kubeconfig)
}

// TestConnect tells what a configuration may say, and what it may not where it
// is not of the person at this machine.
func TestConnect(t *testing.T) {
	tests := []struct {
		name   string
		config Config
		secret Secret
		local  bool // whether the command line would take it
		remote bool // whether a stored connector would
		why    string
	}{
		{"token", Config{}, Secret{Kubeconfig: config("", "token: t")}, true, true, ""},
		{"context", Config{Context: "arn:aws:eks:eu-west-1:123456789012:cluster/shop"}, Secret{Kubeconfig: config("", "token: t")}, true, true, ""},
		{"no_context", Config{Context: "other"}, Secret{Kubeconfig: config("", "token: t")}, false, false, `no context "other"`},
		{"program", Config{}, Secret{Kubeconfig: config("", "exec: {apiVersion: client.authentication.k8s.io/v1, command: sh, interactiveMode: Never}")}, true, false, "exec runs a program"},
		{"token_file", Config{}, Secret{Kubeconfig: config("", "tokenFile: /etc/passwd")}, true, false, "names files"},
		{"key_file", Config{}, Secret{Kubeconfig: config("", "client-key: /nowhere/key, client-certificate: /nowhere/crt")}, false, false, "names files"},
		{"authority_file", Config{}, Secret{Kubeconfig: config(`, certificate-authority: /etc/passwd`, "token: t")}, false, false, "certificate-authority names a file"},
		{"anyone", Config{}, Secret{Kubeconfig: config(`, insecure-skip-tls-verify: true`, "token: t")}, true, false, "insecure-skip-tls-verify"},
		{"plain_text", Config{}, Secret{Kubeconfig: strings.Replace(config("", "token: t"), "https:", "http:", 1)}, true, false, "https only"},
		{"no_kubeconfig", Config{}, Secret{Kubeconfig: "{"}, false, false, "no kubeconfig"},
		{"large", Config{}, Secret{Kubeconfig: strings.Repeat("#", maxKubeconfig+1)}, false, false, "more than"},
		{"server", Config{Server: "https://api.shop.example:6443"}, Secret{Token: "t"}, true, true, ""},
		{"server_without_scheme", Config{Server: "api.shop.example"}, Secret{Token: "t"}, false, false, "no address"},
		{"server_in_the_clear", Config{Server: "http://api.shop.example"}, Secret{Token: "t"}, false, false, "https only"},
		{"server_with_password", Config{Server: "https://u:p@api.shop.example"}, Secret{Token: "t"}, false, false, "no address"},
		{"bad_authority", Config{Server: "https://api.shop.example", CA: "no PEM"}, Secret{Token: "t"}, false, false, ""},
		{"two_ways", Config{Server: "https://api.shop.example", InCluster: true}, Secret{}, false, false, "give one of"},
		{"no_pod", Config{InCluster: true}, Secret{}, false, false, "service account"},
		{"namespace", Config{Server: "https://a.example", Namespaces: Namespaces{Include: []string{"../x"}}}, Secret{}, false, false, "no name of a namespace"},
		{"pattern", Config{Server: "https://a.example", Types: Types{Exclude: []string{"["}}}, Secret{}, false, false, "exclude"},
	}
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	for _, tt := range tests {
		for _, local := range []bool{true, false} {
			want := tt.remote
			if local {
				want = tt.local
			}
			_, err := New(tt.config, Options{Secret: tt.secret, Local: local})
			if (err == nil) != want {
				t.Errorf("%s (local %v): New = %v, want taken %v", tt.name, local, err, want)
			}
			if err != nil && (!errors.Is(err, bulwark.ErrInvalid) || !local && !strings.Contains(err.Error(), tt.why)) {
				t.Errorf("%s: New = %v, want that it is invalid: %s", tt.name, err, tt.why)
			}
			if err != nil && strings.Contains(err.Error(), "root:") {
				t.Errorf("%s: the error tells of a file: %v", tt.name, err)
			}
		}
	}
}

// TestKubeconfigFile reads a file only for the person at this machine.
func TestKubeconfigFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(config("", "token: t")), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := New(Config{Kubeconfig: path}, Options{Local: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.scope("u").Name; got != "shop" || c.rest.BearerToken != "t" {
		t.Errorf("name = %q, token %q, want shop and t", got, c.rest.BearerToken)
	}
	if _, err := New(Config{Kubeconfig: path}, Options{}); !errors.Is(err, bulwark.ErrInvalid) {
		t.Errorf("New of a stored connector = %v, want that the file is refused", err)
	}
	t.Setenv("KUBECONFIG", path)
	if _, err := New(Config{}, Options{Local: true}); err != nil {
		t.Errorf("New without anything = %v, want the person's own kubeconfig", err)
	}
	if _, err := New(Config{}, Options{}); !errors.Is(err, bulwark.ErrInvalid) {
		t.Errorf("New of a stored connector without anything = %v, want an error", err)
	}
}
