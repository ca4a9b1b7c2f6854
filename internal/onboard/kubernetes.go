package onboard

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// Kubernetes returns the role of a connector of kind kubernetes as manifests.
func Kubernetes(access []bulwark.Access) []bulwark.Template {
	var open, secret []string
	for _, p := range permissions(access) {
		if strings.HasSuffix(p, " secrets (core)") {
			secret = append(secret, p)
		} else {
			open = append(open, p)
		}
	}
	out := []bulwark.Template{
		{Name: "reader.yaml", ContentType: "application/yaml", Text: kubernetesAccount + "---\n" + kubernetesRole("bulwark-reader", kubernetesRules(open)) + kubernetesBinding("bulwark-reader"),
			About: "A service account that may read the cluster, and change nothing: kubectl create namespace bulwark, then kubectl apply -f reader.yaml. A server in the cluster uses it as its own."},
		{Name: "token.yaml", ContentType: "application/yaml", Text: kubernetesToken,
			About: "A token of that account for a server outside the cluster: kubectl apply -f token.yaml, then kubectl -n bulwark get secret bulwark-reader-token -o jsonpath='{.data.token}' | base64 -d. Where a short one is enough: kubectl -n bulwark create token bulwark-reader."},
	}
	if len(secret) > 0 {
		out = append(out, bulwark.Template{Name: "secrets.yaml", ContentType: "application/yaml",
			Text:  "# bulwark:ignore kubernetes/rbac/secrets_not_readable only names and labels are asked for, which no role can say\n" + kubernetesRole("bulwark-secrets", kubernetesRules(secret)) + kubernetesBinding("bulwark-secrets"),
			About: "Optional: lets secrets be listed, of which only metadata is asked for. A role cannot say that, so whoever holds the account's token could read their contents; without it secrets are a gap."})
	}
	return out
}

// KubernetesRole returns a role with the permissions.
func KubernetesRole(list []string) []bulwark.Template {
	return []bulwark.Template{{Name: "role.yaml", ContentType: "application/yaml", Text: kubernetesRole("bulwark-reader", kubernetesRules(list)),
		About: "Add these rules to the ClusterRole that Bulwark reads with."}}
}

// kubernetesRule is a rule of a role: what may be done to resources of a group.
type kubernetesRule struct {
	group     string
	resources []string
	verbs     []string
}

// kubernetesRules reads permissions of the form "list pods (core)", a verb, a
// resource and its group, and joins those of one group that have the same verbs.
// What is of another form is left out.
func kubernetesRules(list []string) []kubernetesRule {
	type key struct{ group, resource string }
	verbs := map[key][]string{}
	for _, p := range list {
		words := strings.Fields(p)
		if len(words) != 3 || !strings.HasPrefix(words[2], "(") {
			continue
		}
		group := strings.Trim(words[2], "()")
		if group == "core" {
			group = ""
		}
		k := key{group, words[1]}
		verbs[k] = append(verbs[k], words[0])
	}
	type same struct{ group, verbs string }
	rules := map[same]*kubernetesRule{}
	for k, v := range verbs {
		slices.Sort(v)
		v = slices.Compact(v)
		s := same{k.group, strings.Join(v, ",")}
		if rules[s] == nil {
			rules[s] = &kubernetesRule{group: k.group, verbs: v}
		}
		rules[s].resources = append(rules[s].resources, k.resource)
	}
	out := make([]kubernetesRule, 0, len(rules))
	for _, r := range rules {
		slices.Sort(r.resources)
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b kubernetesRule) int {
		return cmp.Or(cmp.Compare(a.group, b.group), cmp.Compare(a.resources[0], b.resources[0]))
	})
	return out
}

func kubernetesRole(name string, rules []kubernetesRule) string {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: %s\nrules:\n", name)
	for _, r := range rules {
		fmt.Fprintf(&b, "  - apiGroups: [%q]\n    resources:\n%s    verbs: [%s]\n", r.group, each("      - %s\n", r.resources), strings.Join(r.verbs, ", "))
	}
	return b.String()
}

const kubernetesAccount = `apiVersion: v1
kind: ServiceAccount
metadata:
  name: bulwark-reader
  namespace: bulwark
automountServiceAccountToken: false
`

func kubernetesBinding(name string) string {
	return filled(kubernetesBindingText, "«name»", name)
}

const kubernetesBindingText = `---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: «name»
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: «name»
subjects:
  - kind: ServiceAccount
    name: bulwark-reader
    namespace: bulwark
`

const kubernetesToken = `# bulwark:ignore kubernetes/rbac/account_without_lasting_secret a server outside the cluster has no other credential
apiVersion: v1
kind: Secret
metadata:
  name: bulwark-reader-token
  namespace: bulwark
  annotations:
    kubernetes.io/service-account.name: bulwark-reader
type: kubernetes.io/service-account-token
`
