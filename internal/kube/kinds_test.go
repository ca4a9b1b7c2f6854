package kube

import "testing"

func TestTypeID(t *testing.T) {
	tests := []struct{ apiVersion, kind, want string }{
		{"apps/v1", "Deployment", "apps/v1/Deployment"},
		{"extensions/v1beta1", "Deployment", "apps/v1/Deployment"},
		{"v1", "Deployment", "apps/v1/Deployment"},
		{"networking.k8s.io/v1beta1", "Ingress", "networking.k8s.io/v1/Ingress"},
		{"serving.knative.dev/v1", "Service", "serving.knative.dev/v1/Service"},
		{"rbac.authorization.k8s.io/v1beta1", "ClusterRole", "rbac.authorization.k8s.io/v1/ClusterRole"},
		{"gateway.networking.k8s.io/v1", "Gateway", "gateway.networking.k8s.io/v1/Gateway"},
	}
	for _, tt := range tests {
		if got := TypeID(tt.apiVersion, tt.kind); got != tt.want {
			t.Errorf("TypeID(%q, %q) = %q, want %q", tt.apiVersion, tt.kind, got, tt.want)
		}
	}
}
