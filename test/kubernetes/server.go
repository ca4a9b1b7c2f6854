//go:build never

// Package kubernetes pins the API server that tests run against. It is a module
// of its own, so that nothing of it reaches the product's.
package kubernetes

import _ "k8s.io/kubernetes/cmd/kube-apiserver"
