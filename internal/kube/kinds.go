// Package kube knows what Kubernetes objects are, for manifests and clusters
// alike: under which type each kind is judged, what must not be kept of an
// object, and how objects relate to each other: workloads to their service
// accounts, services to the pods they select, bindings to roles.
package kube

import (
	"slices"
	"strings"
)

// current has the group and version under which each kind of Kubernetes' own
// is judged, whatever older version a manifest is written in. Source:
// Kubernetes API reference, v1.34; PodSecurityPolicy left with v1.25.
var current = map[string]string{
	"Binding": "v1", "ConfigMap": "v1", "Endpoints": "v1", "Event": "v1", "LimitRange": "v1", "Namespace": "v1", "Node": "v1",
	"PersistentVolume": "v1", "PersistentVolumeClaim": "v1", "Pod": "v1", "PodTemplate": "v1", "ReplicationController": "v1",
	"ResourceQuota": "v1", "Secret": "v1", "Service": "v1", "ServiceAccount": "v1",
	"ControllerRevision": "apps/v1", "DaemonSet": "apps/v1", "Deployment": "apps/v1", "ReplicaSet": "apps/v1", "StatefulSet": "apps/v1",
	"CronJob": "batch/v1", "Job": "batch/v1",
	"HorizontalPodAutoscaler":    "autoscaling/v2",
	"PodDisruptionBudget":        "policy/v1",
	"PodSecurityPolicy":          "policy/v1beta1",
	"Ingress":                    "networking.k8s.io/v1",
	"IngressClass":               "networking.k8s.io/v1",
	"NetworkPolicy":              "networking.k8s.io/v1",
	"ClusterRole":                "rbac.authorization.k8s.io/v1",
	"ClusterRoleBinding":         "rbac.authorization.k8s.io/v1",
	"Role":                       "rbac.authorization.k8s.io/v1",
	"RoleBinding":                "rbac.authorization.k8s.io/v1",
	"CSIDriver":                  "storage.k8s.io/v1",
	"CSINode":                    "storage.k8s.io/v1",
	"StorageClass":               "storage.k8s.io/v1",
	"VolumeAttachment":           "storage.k8s.io/v1",
	"PriorityClass":              "scheduling.k8s.io/v1",
	"RuntimeClass":               "node.k8s.io/v1",
	"Lease":                      "coordination.k8s.io/v1",
	"EndpointSlice":              "discovery.k8s.io/v1",
	"CertificateSigningRequest":  "certificates.k8s.io/v1",
	"APIService":                 "apiregistration.k8s.io/v1",
	"CustomResourceDefinition":   "apiextensions.k8s.io/v1",
	"ValidatingAdmissionPolicy":  "admissionregistration.k8s.io/v1",
	"FlowSchema":                 "flowcontrol.apiserver.k8s.io/v1",
	"PriorityLevelConfiguration": "flowcontrol.apiserver.k8s.io/v1",

	"MutatingWebhookConfiguration":     "admissionregistration.k8s.io/v1",
	"ValidatingAdmissionPolicyBinding": "admissionregistration.k8s.io/v1",
	"ValidatingWebhookConfiguration":   "admissionregistration.k8s.io/v1",
}

var builtinGroups = []string{"", "apps", "autoscaling", "batch", "extensions", "policy"}

// clusterScoped are the types whose objects live in no namespace.
var clusterScoped = func() map[string]bool {
	scoped := map[string]bool{}
	for _, kind := range []string{
		"APIService", "CSIDriver", "CSINode", "CertificateSigningRequest", "ClusterRole", "ClusterRoleBinding",
		"CustomResourceDefinition", "FlowSchema", "IngressClass", "MutatingWebhookConfiguration", "Namespace", "Node",
		"PersistentVolume", "PodSecurityPolicy", "PriorityClass", "PriorityLevelConfiguration", "RuntimeClass",
		"StorageClass", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration",
		"VolumeAttachment",
	} {
		scoped[current[kind]+"/"+kind] = true
	}
	for _, t := range []string{
		"cert-manager.io/ClusterIssuer", "kyverno.io/ClusterPolicy", "gateway.networking.k8s.io/GatewayClass",
		"karpenter.sh/NodePool", "external-secrets.io/ClusterSecretStore", "snapshot.storage.k8s.io/VolumeSnapshotClass",
		"templates.gatekeeper.sh/ConstraintTemplate",
	} {
		scoped[t] = true
	}
	return scoped
}()

// TypeID returns the type of objects of an apiVersion and kind. Kinds of
// Kubernetes' own are one type in every version: a Deployment written for
// extensions/v1beta1 is an apps/v1/Deployment.
func TypeID(apiVersion, kind string) string {
	if now, ok := current[kind]; ok && IsBuiltin(Group(apiVersion)) {
		return now + "/" + kind
	}
	return apiVersion + "/" + kind
}

// Group returns the API group of an apiVersion, "" for the core group.
func Group(apiVersion string) string {
	g, _, ok := strings.Cut(apiVersion, "/")
	if !ok {
		return ""
	}
	return g
}

// IsBuiltin reports whether an API group is one of Kubernetes' own.
func IsBuiltin(group string) bool {
	return slices.Contains(builtinGroups, group) || strings.HasSuffix(group, ".k8s.io") && strings.Count(group, ".") <= 3 &&
		group != "gateway.networking.k8s.io"
}

// ClusterScoped reports whether objects of a type live in no namespace. Kinds
// that are not known are taken to live in one, as most do.
func ClusterScoped(typ string) bool {
	if clusterScoped[typ] {
		return true
	}
	if parts := strings.Split(typ, "/"); len(parts) == 3 {
		return clusterScoped[parts[0]+"/"+parts[2]] || parts[0] == "constraints.gatekeeper.sh"
	}
	return false
}

// IsObject tells objects of a cluster from files that only look like one:
// settings that tools keep in files of their own.
func IsObject(apiVersion, kind string) bool {
	switch g := Group(apiVersion); {
	case g == "kustomize.config.k8s.io", g == "kubeadm.k8s.io", g == "kubelet.config.k8s.io", g == "kubeproxy.config.k8s.io",
		g == "apiserver.config.k8s.io", g == "audit.k8s.io", g == "client.authentication.k8s.io", g == "cli.kyverno.io",
		g == "kind.x-k8s.io", g == "skaffold", g == "test.gatekeeper.sh":
		return false
	case g == "" && kind == "Config": // a kubeconfig
		return false
	}
	return !strings.ContainsAny(apiVersion+kind, " \t\r\n{}")
}

// KindName is a type's kind as addresses write it: with its group where that
// is not one of Kubernetes' own, so that two kinds of one name stay apart.
func KindName(typ string) string {
	kind := typ[strings.LastIndexByte(typ, '/')+1:]
	if _, ok := current[kind]; ok && current[kind]+"/"+kind == typ {
		return kind
	}
	g, _, _ := strings.Cut(typ, "/")
	return kind + "." + g
}
