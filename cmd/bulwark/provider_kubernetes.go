package main

import (
	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/onboard"
	"github.com/bulwarksec/bulwark/internal/provider/kubernetes"
)

var kubernetesKind = describe(kind{
	title: "Kubernetes",
	about: "A cluster of any make, watched: what changes in it shows within a second.",
	fields: map[string]string{
		"name":               "what people call the cluster; what the kubeconfig calls it when absent",
		"kubeconfig":         "a kubeconfig file, on the command line alone; a server takes its text as the secret",
		"context":            "of the kubeconfig; its current one when absent",
		"inCluster":          "the service account of the pod that Bulwark runs in",
		"server":             "address of the API server: https://host:port, with a token as the secret",
		"ca":                 "certificates, PEM, by which the API server's own is checked",
		"namespaces.include": "only these namespaces",
		"namespaces.exclude": "namespaces to leave out; * is any text",
		"types.exclude":      "types to leave out; * is any text",
		"secret.kubeconfig":  "the text of a kubeconfig",
		"secret.token":       "of a service account",
	},
	address:   []string{"server", "ca", "context"},
	access:    func(*bulwark.Types) []bulwark.Access { return kubernetes.Access() },
	templates: onboard.Kubernetes,
	mend:      onboard.KubernetesRole,
}, func(d deps, c kubernetes.Config, s *kubernetes.Secret) (*kubernetes.Cluster, error) {
	o := kubernetes.Options{Types: d.types, Limiter: d.limiter, Now: d.now, SecretKey: d.secretKey, Connector: d.connector, Local: d.local}
	if s != nil {
		o.Secret = *s
	}
	return kubernetes.New(c, o)
})
