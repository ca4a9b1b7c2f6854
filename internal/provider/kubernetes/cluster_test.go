package kubernetes

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
)

func TestManaged(t *testing.T) {
	node := func(provider, group, region string) *facts {
		return &facts{providers: map[string]bool{provider: true}, groups: map[string]bool{group: true}, regions: map[string]bool{region: true}}
	}
	const vm = "azure:///subscriptions/1111/resourceGroups/mc_shop_till_westeurope/providers/Microsoft.Compute/virtualMachineScaleSets/x/virtualMachines/0"
	tests := []struct {
		name  string
		names []string
		host  string
		facts *facts
		want  string // type, and target or reason
	}{
		{"eks_by_context", []string{"arn:aws:eks:eu-west-1:123456789012:cluster/shop", "x"}, "x", &facts{}, "AWS::EKS::Cluster live:arn:aws:eks:eu-west-1:123456789012:cluster/shop"},
		{"eks_by_host", []string{"shop"}, "0123456789abcdef0123456789abcdef.gr7.eu-west-1.eks.amazonaws.com", &facts{}, "AWS::EKS::Cluster the cluster does not say in which account it is; name the connector by the cluster's ARN"},
		{"gke_by_context", []string{"gke_shop-prod_europe-west1_till"}, "34.1.2.3", &facts{}, "container.googleapis.com/Cluster live://container.googleapis.com/projects/shop-prod/locations/europe-west1/clusters/till"},
		{"aks_by_nodes", []string{"till"}, "till-1.hcp.westeurope.azmk8s.io", node(vm, "MC_shop_till_westeurope", "westeurope"), "Microsoft.ContainerService/managedClusters live:/subscriptions/1111/resourcegroups/shop/providers/microsoft.containerservice/managedclusters/till"},
		{"aks_two_ways", []string{"till"}, "till-1.hcp.westeurope.azmk8s.io", node(vm, "MC_shop_a_till_westeurope", "westeurope"), "Microsoft.ContainerService/managedClusters the nodes do not say which cluster they belong to"},
		{"aks_of_another_cloud", []string{"till"}, "x", node("aws:///eu-west-1a/i-0", "MC_shop_till_westeurope", "westeurope"), ""},
		{"own", []string{"kubernetes-admin@kubernetes"}, "10.0.0.1", &facts{}, ""},
		{"hostile_context", []string{"arn:aws:eks:eu-west-1:123456789012:cluster/shop/../x"}, "x", &facts{}, ""},
	}
	for _, tt := range tests {
		got := ""
		for _, r := range managed(tt.names, tt.host, tt.facts) {
			got = r.Type + " " + r.Target + r.Reason
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestControlPlane reads the flags of API servers that run as pods; where two
// differ, they are unknown, as is the number of what the cluster does not serve.
func TestControlPlane(t *testing.T) {
	f := newFake(t)
	server := func(name, flags string) string {
		return fmt.Sprintf(`{"metadata":{"name":%q,"namespace":"kube-system","labels":{"component":"kube-apiserver"}},"spec":{"containers":[{"name":"a","command":["kube-apiserver",%s]}]}}`, name, flags)
	}
	f.set("pods", server("a", `"--anonymous-auth=false","--advertise-address=10.0.0.1","--enable-admission-plugins=NodeRestriction,PodSecurity","--profiling"`),
		server("b", `"--anonymous-auth=false","--advertise-address=10.0.0.2","--enable-admission-plugins=NodeRestriction,PodSecurity","--audit-log-path=-"`))
	f.set("namespaces", `{"metadata":{"name":"kube-system","uid":"u-1","labels":{"pod-security.kubernetes.io/enforce":"privileged"}}}`, `{"metadata":{"name":"shop","labels":{"pod-security.kubernetes.io/enforce":"restricted"}}}`)
	got := mustGather(t, f.open(t, Config{Name: "prod"})).assets["live:k8s/u-1"]
	want := `{"servers":2,"flags":{"advertise-address":"10.0.0.1","anonymous-auth":"false","audit-log-path":{"$unknown":"differs between servers"},"enable-admission-plugins":"NodeRestriction,PodSecurity","profiling":{"$unknown":"differs between servers"}}}`
	if diff := cmp.Diff(want, string(bulwark.AppendJSON(nil, got.Properties.Get("apiServer")))); diff != "" {
		t.Errorf("API servers (-want +got):\n%s", diff)
	}
	want = `{"pluginsEnabled":["NodeRestriction","PodSecurity"],"pluginsDisabled":[],"validatingWebhooks":{"$unknown":"admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration is not read"},"mutatingWebhooks":{"$unknown":"admissionregistration.k8s.io/v1/MutatingWebhookConfiguration is not read"},"validatingPolicies":{"$unknown":"admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy is not read"},"podSecurity":{"namespaces":2,"privileged":1,"baseline":0,"restricted":1}}`
	if diff := cmp.Diff(want, string(bulwark.AppendJSON(nil, got.Properties.Get("admission")))); diff != "" {
		t.Errorf("admission (-want +got):\n%s", diff)
	}
}

// TestUncertainCluster wants what the cluster's asset says of objects that are
// not all read to be unknown, and never none.
func TestUncertainCluster(t *testing.T) {
	const server = `{"metadata":{"name":"a","namespace":"kube-system","labels":{"component":"kube-apiserver"}},"spec":{"containers":[{"name":"a","command":["kube-apiserver","--profiling=false"]}]}}`
	paths := map[string][]string{"nodes": {"kubelets"}, "namespaces": {"admission", "podSecurity", "restricted"}, "pods": {"apiServer"}}
	for plural, path := range paths {
		for _, how := range []string{"read", "excluded", "denied"} {
			t.Run(plural+"_"+how, func(t *testing.T) {
				f := newFake(t)
				f.set("pods", server)
				config := Config{}
				switch how {
				case "excluded":
					config.Types.Exclude = []string{"v1/" + map[string]string{"nodes": "Node", "namespaces": "Namespace", "pods": "Pod"}[plural]}
				case "denied":
					f.answer(func(w http.ResponseWriter, r *http.Request) bool {
						if r.URL.Path != "/api/v1/"+plural || r.URL.Query().Get("limit") == "1" {
							return false
						}
						if plural == "pods" && r.URL.Query().Get("continue") == "" { // one server is seen all the same
							fmt.Fprint(w, `{"metadata":{"continue":"x"},"items":[`+server+`]}`)
							return true
						}
						fail(w, 403, "Forbidden")
						return true
					})
				}
				a := mustGather(t, f.open(t, config)).assets["live:k8s/u-1"]
				from := a.Properties
				if plural == "nodes" {
					from = a.Observed
				}
				if v := from.At(path...); (v.Kind() == bulwark.Unknown) != (how != "read") {
					t.Errorf("%v = %s where %s are %s", path, v, plural, how)
				}
			})
		}
	}
	t.Run("version", func(t *testing.T) {
		f := newFake(t)
		f.answer(func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != "/version" {
				return false
			}
			fail(w, 403, "Forbidden")
			return true
		})
		if v := mustGather(t, f.open(t, Config{})).assets["live:k8s/u-1"].Properties.Get("distribution"); v.Kind() != bulwark.Unknown {
			t.Errorf("distribution = %s without a version, want unknown", v)
		}
	})
}

// TestNamedByARN has a person say which cluster of a provider it is.
func TestNamedByARN(t *testing.T) {
	const arn = "arn:aws:eks:eu-west-1:123456789012:cluster/shop"
	a := mustGather(t, newFake(t).open(t, Config{Name: arn})).assets["live:k8s/u-1"]
	want := []bulwark.Relation{{Name: "managedBy", Inverse: "kubernetes", Type: "AWS::EKS::Cluster", Target: "live:" + arn}}
	if diff := cmp.Diff(want, a.Relations); diff != "" {
		t.Errorf("relations (-want +got):\n%s", diff)
	}
}
