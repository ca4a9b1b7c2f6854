package kubernetes

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the roles of deploy/")

const (
	deployed = "../../../deploy/kubernetes/cluster-role.yaml"
	charted  = "../../../deploy/helm/bulwark/templates/cluster-role.yaml"
)

// TestRoles wants the roles that we tell people to give to be what is used: no
// more, no less.
func TestRoles(t *testing.T) {
	for path, want := range map[string][]byte{deployed: plainRole(), charted: chartRole()} {
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is not what Rules says; run with -update (-want +got):\n%s", path, diff)
		}
	}
}

func plainRole() []byte {
	var b bytes.Buffer
	b.WriteString("# What a Bulwark that runs in the cluster may read of it. Made from the program's own list\n" +
		"# of what it asks for. Secrets are not among it: see README.md.\n")
	writeRole(&b, "bulwark-reader", "")
	b.WriteString("---\n")
	writeBinding(&b, "bulwark-reader", "bulwark", "bulwark", "")
	return b.Bytes()
}

func chartRole() []byte {
	const labels = "  labels: {{- include \"bulwark.labels\" . | nindent 4 }}\n"
	var b bytes.Buffer
	b.WriteString("{{- /* Made from the program's own list of what it asks for; see Rules in internal/provider/kubernetes. */ -}}\n{{- if .Values.cluster.read }}\n")
	writeRole(&b, "{{ .Release.Name }}-reader", labels)
	b.WriteString("  {{- if .Values.cluster.secrets }}\n")
	writeRule(&b, "", []string{"secrets"}, "", []string{"list", "watch"})
	b.WriteString("  {{- end }}\n  {{- with .Values.cluster.customRules }}\n  {{- toYaml . | nindent 2 }}\n  {{- end }}\n---\n")
	writeBinding(&b, "{{ .Release.Name }}-reader", "{{ .Release.Name }}", "{{ .Release.Namespace }}", labels)
	b.WriteString("{{- end }}\n")
	return b.Bytes()
}

func writeRole(b *bytes.Buffer, name, labels string) {
	fmt.Fprintf(b, "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: %s\n%srules:\n", name, labels)
	type class struct{ group, name, verbs string }
	resources := map[class][]string{}
	var order []class
	for _, r := range Rules() {
		if r.Resource == "secrets" {
			continue
		}
		c := class{r.Group, r.Name, strings.Join(r.Verbs, " ")}
		if resources[c] == nil {
			order = append(order, c)
		}
		resources[c] = append(resources[c], r.Resource)
	}
	for _, c := range order {
		writeRule(b, c.group, resources[c], c.name, strings.Fields(c.verbs))
	}
}

func writeRule(b *bytes.Buffer, group string, resources []string, name string, verbs []string) {
	fmt.Fprintf(b, "  - apiGroups: [%s]\n    resources:\n", quoteEmpty(group))
	for _, r := range resources {
		fmt.Fprintf(b, "      - %s\n", r)
	}
	if name != "" {
		fmt.Fprintf(b, "    resourceNames: [%s]\n", name)
	}
	fmt.Fprintf(b, "    verbs: [%s]\n", strings.Join(verbs, ", "))
}

func quoteEmpty(s string) string {
	if s == "" {
		return `""`
	}
	return s
}

func writeBinding(b *bytes.Buffer, name, account, namespace, labels string) {
	fmt.Fprintf(b, "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata:\n  name: %s\n%sroleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: ClusterRole\n  name: %s\n"+
		"subjects:\n  - kind: ServiceAccount\n    name: %s\n    namespace: %s\n", name, labels, name, account, namespace)
}

// TestRulesReadOnly wants no permission that changes anything and no wildcard.
func TestRulesReadOnly(t *testing.T) {
	for _, r := range Rules() {
		for _, v := range r.Verbs {
			if !slices.Contains([]string{"get", "list", "watch"}, v) {
				t.Errorf("%s may be changed: %s", r.Resource, v)
			}
		}
		if strings.Contains(r.Group+r.Resource, "*") || strings.Contains(r.Resource, "/") {
			t.Errorf("%s (%s) is too wide", r.Resource, r.Group)
		}
		if r.Resource == "secrets" && !r.Optional {
			t.Error("secrets are required")
		}
	}
}
