package kubernetes

import (
	"fmt"
	"net/url"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/bulwarksec/bulwark"
)

const maxKubeconfig = 1 << 20 // bytes

// connect returns how to reach the cluster, and what it is called, best name
// first.
func connect(c Config, o Options) (*rest.Config, []string, error) {
	switch {
	case c.InCluster:
		cfg, err := rest.InClusterConfig()
		if err != nil {
			return nil, nil, fmt.Errorf("kubernetes: read the pod's service account: %w: %w", bulwark.ErrInvalid, err)
		}
		return cfg, []string{"in-cluster"}, nil
	case c.Server != "":
		cfg, err := explicit(c, o)
		if err != nil {
			return nil, nil, err
		}
		return cfg, []string{host(cfg.Host)}, nil
	case o.Secret.Kubeconfig != "":
		if len(o.Secret.Kubeconfig) > maxKubeconfig {
			return nil, nil, fmt.Errorf("kubernetes: read the kubeconfig: %w: more than %d bytes", bulwark.ErrInvalid, maxKubeconfig)
		}
		file, err := clientcmd.Load([]byte(o.Secret.Kubeconfig))
		if err != nil {
			return nil, nil, fmt.Errorf("kubernetes: read the kubeconfig: %w: it is no kubeconfig", bulwark.ErrInvalid)
		}
		return fromKubeconfig(file, clientcmd.NewNonInteractiveClientConfig(*file, c.Context, &clientcmd.ConfigOverrides{}, nil), c, o)
	case !o.Local:
		return nil, nil, fmt.Errorf("kubernetes: %w: give the text of a kubeconfig, a server and token, or inCluster; a file of this machine is read only by its own command line", bulwark.ErrInvalid)
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = c.Kubeconfig
	deferred := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: c.Context})
	file, err := deferred.RawConfig()
	if err != nil {
		return nil, nil, fmt.Errorf("kubernetes: read the kubeconfig: %w: %w", bulwark.ErrInvalid, err)
	}
	return fromKubeconfig(&file, deferred, c, o)
}

// explicit is a server with a bearer token.
func explicit(c Config, o Options) (*rest.Config, error) {
	u, err := url.Parse(c.Server)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("kubernetes: %w: server: %q is no address such as https://host:6443", bulwark.ErrInvalid, c.Server)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !bulwark.IsLoopback(u.Hostname())) {
		return nil, fmt.Errorf("kubernetes: %w: server: %q: credentials are sent over https only", bulwark.ErrInvalid, c.Server)
	}
	cfg := &rest.Config{Host: c.Server, BearerToken: o.Secret.Token, Transport: o.Transport}
	if o.Transport == nil {
		cfg.CAData = []byte(c.CA)
	}
	return cfg, nil
}

func host(server string) string {
	if u, err := url.Parse(server); err == nil && u.Host != "" {
		return u.Host
	}
	return server
}

// fromKubeconfig returns the connection of a kubeconfig's context. A file that
// is not of the person at this machine may not name files or programs of it,
// nor leave out who the server is.
func fromKubeconfig(file *clientcmdapi.Config, cc clientcmd.ClientConfig, c Config, o Options) (*rest.Config, []string, error) {
	name := c.Context
	if name == "" {
		name = file.CurrentContext
	}
	context := file.Contexts[name]
	if context == nil {
		return nil, nil, fmt.Errorf("kubernetes: read the kubeconfig: %w: it has no context %q", bulwark.ErrInvalid, name)
	}
	if !o.Local {
		if err := selfContained(file.Clusters[context.Cluster], file.AuthInfos[context.AuthInfo]); err != nil {
			return nil, nil, fmt.Errorf("kubernetes: read the kubeconfig: context %q: %w: %w", name, bulwark.ErrInvalid, err)
		}
	}
	cfg, err := cc.ClientConfig()
	if err != nil {
		return nil, nil, fmt.Errorf("kubernetes: read the kubeconfig: context %q: %w: %w", name, bulwark.ErrInvalid, err)
	}
	return cfg, []string{name, context.Cluster, host(cfg.Host)}, nil
}

func selfContained(cluster *clientcmdapi.Cluster, user *clientcmdapi.AuthInfo) error {
	if cluster != nil {
		switch {
		case cluster.CertificateAuthority != "":
			return fmt.Errorf("certificate-authority names a file; give certificate-authority-data (kubectl config view --flatten)")
		case cluster.InsecureSkipTLSVerify:
			return fmt.Errorf("insecure-skip-tls-verify would give the credentials to anyone; give certificate-authority-data")
		}
		u, err := url.Parse(cluster.Server)
		if err != nil || u.Scheme != "https" && !bulwark.IsLoopback(u.Hostname()) {
			return fmt.Errorf("server: credentials are sent over https only")
		}
	}
	if user != nil {
		switch {
		case user.Exec != nil:
			return fmt.Errorf("exec runs a program of this machine; give the token of a service account (bulwark connect kubernetes prints how)")
		case user.AuthProvider != nil:
			return fmt.Errorf("auth-provider is not supported; give the token of a service account")
		case user.ClientCertificate != "", user.ClientKey != "", user.TokenFile != "":
			return fmt.Errorf("the user names files; give the data itself (kubectl config view --flatten)")
		}
	}
	return nil
}
