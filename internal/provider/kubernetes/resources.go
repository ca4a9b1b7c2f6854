package kubernetes

import (
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/kube"
)

// A resource is a kind of object that the cluster serves, in the version in
// which it is listed.
type resource struct {
	group, version string
	plural, kind   string
	namespaced     bool
	watchable      bool

	typ    string // id of the type of its assets
	stage  int    // resources that others name are listed in an earlier stage
	status bool   // what the status says is kept as observed
	custom bool   // listed for the inventory only: name and a bounded spec
}

// The stages of a listing: what is named is listed before who names it, so
// that relations are known when an asset is yielded.
const (
	stageFirst      = iota // namespaces, nodes, storage classes
	stagePlain             // what workloads name
	stageAccounts          // service accounts and claims, which name secrets and volumes; custom resources
	stageWorkloads         // what makes others
	stageMade              // replica sets and jobs
	stagePods              // pods
	stageSelectors         // what selects pods
	stageConnectors        // what names services, roles and workloads
	stages
)

// builtin is a kind of Kubernetes' own that is judged or bears on security.
type builtin struct {
	group, plural, kind string
	stage               int
	status              bool
	optional            bool // without it only something is unknown
}

// builtins are all kinds of Kubernetes' own that are read. Left out are events,
// leases, endpoints and others that change all the time or repeat what another
// object says. Source: Kubernetes API reference, v1.34.
var builtins = []builtin{
	{"", "namespaces", "Namespace", stageFirst, true, false},
	{"", "nodes", "Node", stageFirst, true, false},
	{"storage.k8s.io", "storageclasses", "StorageClass", stageFirst, false, false},

	{"", "configmaps", "ConfigMap", stagePlain, false, false},
	{"", "limitranges", "LimitRange", stagePlain, false, false},
	{"", "persistentvolumes", "PersistentVolume", stagePlain, true, false},
	{"", "resourcequotas", "ResourceQuota", stagePlain, false, false},
	{"", "secrets", "Secret", stagePlain, false, true},
	{"admissionregistration.k8s.io", "validatingadmissionpolicies", "ValidatingAdmissionPolicy", stagePlain, false, false},
	{"admissionregistration.k8s.io", "mutatingadmissionpolicies", "MutatingAdmissionPolicy", stagePlain, false, false},
	{"apiextensions.k8s.io", "customresourcedefinitions", "CustomResourceDefinition", stagePlain, false, false},
	{"certificates.k8s.io", "certificatesigningrequests", "CertificateSigningRequest", stagePlain, true, false},
	{"networking.k8s.io", "ingressclasses", "IngressClass", stagePlain, false, false},
	{"node.k8s.io", "runtimeclasses", "RuntimeClass", stagePlain, false, false},
	{"policy", "podsecuritypolicies", "PodSecurityPolicy", stagePlain, false, true}, // gone with v1.25
	{"rbac.authorization.k8s.io", "clusterroles", "ClusterRole", stagePlain, false, false},
	{"rbac.authorization.k8s.io", "roles", "Role", stagePlain, false, false},
	{"scheduling.k8s.io", "priorityclasses", "PriorityClass", stagePlain, false, false},
	{"storage.k8s.io", "csidrivers", "CSIDriver", stagePlain, false, false},

	{"", "persistentvolumeclaims", "PersistentVolumeClaim", stageAccounts, true, false},
	{"", "serviceaccounts", "ServiceAccount", stageAccounts, false, false},

	{"", "replicationcontrollers", "ReplicationController", stageWorkloads, false, false},
	{"apps", "daemonsets", "DaemonSet", stageWorkloads, false, false},
	{"apps", "deployments", "Deployment", stageWorkloads, false, false},
	{"apps", "statefulsets", "StatefulSet", stageWorkloads, false, false},
	{"batch", "cronjobs", "CronJob", stageWorkloads, false, false},

	{"apps", "replicasets", "ReplicaSet", stageMade, false, false},
	{"batch", "jobs", "Job", stageMade, false, false},

	{"", "pods", "Pod", stagePods, true, false},

	{"", "services", "Service", stageSelectors, true, false},
	{"networking.k8s.io", "networkpolicies", "NetworkPolicy", stageSelectors, false, false},
	{"policy", "poddisruptionbudgets", "PodDisruptionBudget", stageSelectors, false, false},

	{"admissionregistration.k8s.io", "mutatingadmissionpolicybindings", "MutatingAdmissionPolicyBinding", stageConnectors, false, false},
	{"admissionregistration.k8s.io", "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", stageConnectors, false, false},
	{"admissionregistration.k8s.io", "validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding", stageConnectors, false, false},
	{"admissionregistration.k8s.io", "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", stageConnectors, false, false},
	{"apiregistration.k8s.io", "apiservices", "APIService", stageConnectors, false, false},
	{"autoscaling", "horizontalpodautoscalers", "HorizontalPodAutoscaler", stageConnectors, false, false},
	{"networking.k8s.io", "ingresses", "Ingress", stageConnectors, true, false},
	{"rbac.authorization.k8s.io", "clusterrolebindings", "ClusterRoleBinding", stageConnectors, false, false},
	{"rbac.authorization.k8s.io", "rolebindings", "RoleBinding", stageConnectors, false, false},
}

// judged are the custom resources that are read in full: they make pods, and
// have type files.
var judged = []builtin{
	{"argoproj.io", "rollouts", "Rollout", stageWorkloads, false, true},
	{"serving.knative.dev", "services", "Service", stageWorkloads, false, true},
}

// ignored are groups whose objects are measurements or bookkeeping.
var ignored = []string{"metrics.k8s.io", "custom.metrics.k8s.io", "external.metrics.k8s.io", "events.k8s.io", "coordination.k8s.io",
	"discovery.k8s.io", "flowcontrol.apiserver.k8s.io", "internal.apiserver.k8s.io", "storagemigration.k8s.io", "resource.k8s.io"}

// resources chooses what is listed of all that the cluster serves: of each
// kind one version, that of its type where it is served, else the cluster's
// preferred one. The order is that of stages, then of names.
func resources(served []resource, excluded []string) []resource {
	byKind := map[[2]string]resource{}
	for _, r := range served {
		if !choose(&r) || matchAny(excluded, r.typ) {
			continue
		}
		k := [2]string{r.group, r.plural}
		if have, ok := byKind[k]; !ok || !have.own() && r.own() {
			byKind[k] = r
		}
	}
	list := make([]resource, 0, len(byKind))
	for _, r := range byKind {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b resource) int {
		if a.stage != b.stage {
			return a.stage - b.stage
		}
		return strings.Compare(a.group+"/"+a.plural, b.group+"/"+b.plural)
	})
	return list
}

// choose fills in how a resource is read, and is false for what is not.
func choose(r *resource) bool {
	known := func(list []builtin) *builtin {
		for i := range list {
			if b := &list[i]; b.group == r.group && b.plural == r.plural && b.kind == r.kind {
				return b
			}
		}
		return nil
	}
	r.typ = kube.TypeID(r.apiVersion(), r.kind)
	if b := known(builtins); b != nil {
		r.stage, r.status = b.stage, b.status
		return true
	}
	if b := known(judged); b != nil {
		r.stage = b.stage
		return true
	}
	if kernel(r.group) || slices.Contains(ignored, r.group) {
		return false
	}
	r.stage, r.custom = stageAccounts, true
	return true
}

// kernel reports whether a group is served by the API server itself; every
// kind of such a group that is read stands in builtins.
func kernel(group string) bool {
	return !strings.Contains(group, ".") || slices.ContainsFunc(builtins, func(b builtin) bool { return b.group == group }) ||
		group == "authentication.k8s.io" || group == "authorization.k8s.io"
}

func (r *resource) apiVersion() string {
	if r.group == "" {
		return r.version
	}
	return r.group + "/" + r.version
}

// own reports whether a resource is of the version that its type is named by.
func (r *resource) own() bool { return r.apiVersion()+"/"+r.kind == r.typ }

// path returns the path of the resource's list, of all namespaces for "".
func (r *resource) path(namespace string) string {
	p := "/api/" + r.version
	if r.group != "" {
		p = "/apis/" + r.group + "/" + r.version
	}
	if namespace != "" {
		p += "/namespaces/" + namespace
	}
	return p + "/" + r.plural
}

// needs is the rule of a role that allows a verb: list pods (core).
func (r *resource) needs(verb string) string { return rule(verb, r.plural, r.group) }

func rule(verb, plural, group string) string {
	if group == "" {
		group = "core"
	}
	return verb + " " + plural + " (" + group + ")"
}

// id returns the id of the asset of an object.
func (r *resource) id(cluster, namespace, name string) string {
	return bulwark.AssetID(bulwark.Live, "k8s/"+cluster+"/"+r.group+"/"+r.kind+"/"+namespace+"/"+name)
}

// secrets reports whether the resource is Secret, of which only the metadata
// is asked for.
func (r *resource) secrets() bool { return r.group == "" && r.plural == "secrets" }
