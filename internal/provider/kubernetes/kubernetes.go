// Package kubernetes reads a running cluster: every object that is judged, by
// the API of any conformant cluster, and then its changes as they happen.
//
// An object is the same asset, of the same type and with the same relations,
// as one of a manifest (see internal/kube), with the id
// k8s/<uid of the namespace kube-system>/<group>/<kind>/<namespace>/<name>.
// Objects are decoded one by one as they arrive; what stays in memory of them
// is their names, the labels of pods and a digest. The contents of Secrets are
// never asked for. The provider only reads; see Access for what.
package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
	"github.com/bulwarksec/bulwark/internal/quota"
)

// Config says which cluster is read and how much of it; it is what a person
// configures. Without a server, a kubeconfig or InCluster the kubeconfig of
// the person at this machine is read, where that is allowed.
type Config struct {
	Name       string     `json:"name,omitempty"`       // what people call the cluster; else what the kubeconfig does
	Kubeconfig string     `json:"kubeconfig,omitempty"` // path of a file; see Options.Local
	Context    string     `json:"context,omitempty"`    // of the kubeconfig; else its current one
	InCluster  bool       `json:"inCluster,omitempty"`  // the service account of the pod that this runs in
	Server     string     `json:"server,omitempty"`     // https://host:port, with Secret.Token
	CA         string     `json:"ca,omitempty"`         // PEM certificates that the server's own is checked by
	Namespaces Namespaces `json:"namespaces,omitzero"`
	Types      Types      `json:"types,omitzero"`
}

// Namespaces limits what is read. Include takes names; with it, namespaced
// objects are listed a namespace at a time, which needs no role in the others.
// Exclude takes patterns of path.Match.
type Namespaces struct {
	Include []string `json:"include,omitempty"`
	Exclude []string `json:"exclude,omitempty"`
}

// Types limits what is read by type. Exclude takes patterns of path.Match over
// type ids (v1/ConfigMap, cert-manager.io/*/*).
type Types struct {
	Exclude []string `json:"exclude,omitempty"`
}

// Secret is the secret part of a configuration.
type Secret struct {
	Kubeconfig string `json:"kubeconfig,omitempty"` // the text of a kubeconfig
	Token      string `json:"token,omitempty"`      // of a service account, for Config.Server
}

// Options are what the program gives a cluster's reader.
type Options struct {
	Secret    Secret
	Types     *bulwark.Types // names of properties and which are secret; may be nil
	Limiter   *quota.Limiter // may be nil
	Now       func() time.Time
	SecretKey []byte // keys the digests of secret values
	Connector string // written on assets and listings

	// Transport answers for Config.Server in place of the network, such as a
	// server in this process; nil is the network.
	Transport http.RoundTripper

	// Local says that the configuration is of the person who runs this process:
	// a kubeconfig may then name files and run a program for its credentials.
	// A configuration that came from elsewhere may do neither.
	Local bool
}

// Cluster reads one cluster. Gather and Watch are for one goroutine at a time.
type Cluster struct {
	config Config
	opts   Options
	api    *client
	rest   *rest.Config
	names  []string // what kubeconfigs call it, for Managed

	mu  sync.Mutex
	run *run // the last complete Gather, from which Watch goes on
}

// New checks a configuration and returns the reader of its cluster. It asks
// the cluster nothing.
func New(c Config, o Options) (*Cluster, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	cfg, names, err := connect(c, o)
	if err != nil {
		return nil, err
	}
	cfg.UserAgent = userAgent
	cfg.Wrap(func(base http.RoundTripper) http.RoundTripper { return provider.Transport(base) })
	httpClient, err := rest.HTTPClientFor(cfg)
	if err != nil {
		return nil, fmt.Errorf("kubernetes: connect to %s: %w: %w", cfg.Host, bulwark.ErrInvalid, err)
	}
	httpClient.CheckRedirect = provider.NoRedirects
	httpClient.Timeout = 0 // a watch stays open; each call has a deadline of its own
	api, err := newClient(httpClient, cfg, o)
	if err != nil {
		return nil, err
	}
	return &Cluster{config: c, opts: o, api: api, rest: cfg, names: names}, nil
}

// userAgent tells these calls from others in the cluster's audit log.
const userAgent = "bulwark"

func (c Config) check() error {
	for _, ns := range c.Namespaces.Include {
		if !plainName(ns) {
			return fmt.Errorf("kubernetes: %w: namespaces.include: %q is no name of a namespace", bulwark.ErrInvalid, ns)
		}
	}
	for _, p := range slices.Concat(c.Namespaces.Exclude, c.Types.Exclude) {
		if _, err := path.Match(p, ""); err != nil {
			return fmt.Errorf("kubernetes: %w: exclude: %q: %w", bulwark.ErrInvalid, p, err)
		}
	}
	ways := 0
	for _, set := range []bool{c.InCluster, c.Server != "", c.Kubeconfig != ""} {
		if set {
			ways++
		}
	}
	if ways > 1 {
		return fmt.Errorf("kubernetes: %w: give one of kubeconfig, server and inCluster", bulwark.ErrInvalid)
	}
	return nil
}

// excluded reports whether a namespace is left out; what lives in none is not.
func (c Config) excluded(namespace string) bool {
	return namespace != "" && (matchAny(c.Namespaces.Exclude, namespace) ||
		len(c.Namespaces.Include) > 0 && !slices.Contains(c.Namespaces.Include, namespace))
}

func matchAny(patterns []string, s string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, _ := path.Match(p, s)
		return ok
	})
}

// Scopes returns the cluster's scope: one small call.
func (c *Cluster) Scopes(ctx context.Context) ([]bulwark.ScopeInfo, error) {
	uid, err := c.uid(ctx)
	if err != nil {
		return nil, err
	}
	return []bulwark.ScopeInfo{c.scope(uid)}, nil
}

func (c *Cluster) scope(uid string) bulwark.ScopeInfo {
	name := c.config.Name
	if name == "" {
		name = c.names[0]
	}
	return bulwark.ScopeInfo{Path: "kubernetes/" + uid, Name: name, Kind: "cluster"}
}

// uid returns the uid of the namespace kube-system: every cluster has it, and
// it lives as long as the cluster does.
func (c *Cluster) uid(ctx context.Context) (string, error) {
	var ns struct {
		Metadata struct {
			UID string `json:"uid"`
		} `json:"metadata"`
	}
	err := c.api.get(ctx, "/api/v1/namespaces/kube-system", nil, "get namespaces (core)", &ns)
	if err != nil {
		return "", fmt.Errorf("kubernetes: identify the cluster: %w", err)
	}
	if !plainName(ns.Metadata.UID) {
		return "", fmt.Errorf("kubernetes: identify the cluster: %w", &bulwark.Fault{Kind: bulwark.FaultMalformed, Call: "GET /api/v1/namespaces/kube-system",
			Object: c.api.base.Host, Err: errors.New("the namespace has no uid")})
	}
	return ns.Metadata.UID, nil
}
