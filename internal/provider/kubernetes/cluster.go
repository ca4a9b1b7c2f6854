package kubernetes

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"k8s.io/client-go/rest"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

// TypeCluster is the type of the asset that stands for the cluster itself.
const TypeCluster = "kubernetes/Cluster"

// facts are what the objects of a cluster tell of the whole.
type facts struct {
	flags      map[string]string // of the API server, where its pod can be seen
	apiServers int
	nodes      map[string]bool // kubelet versions
	providers  map[string]bool // provider ids of nodes
	groups     map[string]bool // node groups' labels that managed services write
	regions    map[string]bool
	namespaces int
	enforcing  map[string]int // pod security level → namespaces
	webhooks   map[string]int // kind → configurations
	policies   int
}

// learn takes what an asset says of the cluster.
func (f *facts) learn(a *bulwark.Asset) {
	meta := a.Properties.Get("metadata")
	switch a.Type {
	case "v1/Node":
		put(&f.nodes, a.Observed.At("status", "nodeInfo", "kubeletVersion").Text())
		put(&f.providers, a.Properties.At("spec", "providerID").Text())
		put(&f.groups, meta.At("labels", "kubernetes.azure.com/cluster").Text())
		put(&f.regions, meta.At("labels", "topology.kubernetes.io/region").Text())
	case "v1/Namespace":
		f.namespaces++
		if level := meta.At("labels", "pod-security.kubernetes.io/enforce").Text(); level != "" {
			count(&f.enforcing, level)
		}
	case "v1/Pod":
		f.apiServer(a)
	case "admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration":
		count(&f.webhooks, "validating")
	case "admissionregistration.k8s.io/v1/MutatingWebhookConfiguration":
		count(&f.webhooks, "mutating")
	case "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy":
		f.policies++
	}
}

// maxDistinct bounds what is remembered of each fact.
const maxDistinct = 1_000

func put(set *map[string]bool, s string) {
	if s == "" || len(*set) >= maxDistinct {
		return
	}
	if *set == nil {
		*set = map[string]bool{}
	}
	(*set)[strings.Clone(s)] = true
}

func count(m *map[string]int, s string) {
	if *m == nil {
		*m = map[string]int{}
	}
	if _, ok := (*m)[s]; ok || len(*m) < maxDistinct {
		(*m)[strings.Clone(s)]++
	}
}

// apiServer takes the flags of a static pod of the API server. Of several the
// flags are those that all have alike; others are noted to differ.
func (f *facts) apiServer(a *bulwark.Asset) {
	meta := a.Properties.Get("metadata")
	if meta.Get("namespace").Text() != "kube-system" || meta.At("labels", "component").Text() != "kube-apiserver" ||
		meta.At("annotations", "kubernetes.io/config.source").Text() == "api" {
		return
	}
	flags := map[string]string{}
	for _, c := range a.Properties.At("spec", "containers").Children() {
		for _, list := range []string{"command", "args"} {
			for _, arg := range c.Get(list).Children() {
				if flag, ok := strings.CutPrefix(arg.Text(), "--"); ok {
					name, value, has := strings.Cut(flag, "=")
					if !has {
						value = "true"
					}
					flags[strings.Clone(name)] = strings.Clone(value)
				}
			}
		}
	}
	if f.apiServers++; f.apiServers == 1 {
		f.flags = flags
		return
	}
	for name := range maps.Keys(f.flags) {
		if _, ok := flags[name]; !ok {
			f.flags[name] = differs
		}
	}
	for name, value := range flags {
		if have, ok := f.flags[name]; !ok || have != value {
			if !address(name) {
				f.flags[name] = differs
			}
		}
	}
}

// differs stands for the value of a flag that is not the same on all servers.
const differs = "differs between servers"

// address reports whether a flag is of one server by its nature.
func address(flag string) bool { return flag == "advertise-address" || flag == "bind-address" }

func (r *run) clusterID() string {
	return bulwark.AssetID(bulwark.Live, "k8s/"+r.dec.cluster)
}

// version is an answer of /version.
type version struct {
	Major      string `json:"major"`
	Minor      string `json:"minor"`
	GitVersion string `json:"gitVersion"`
	Platform   string `json:"platform"`
	GoVersion  string `json:"goVersion"`
	BuildDate  string `json:"buildDate"`
}

// cluster yields the asset of the cluster itself and its listing.
func (r *run) cluster(ctx context.Context) error {
	var v version
	versionErr := r.c.api.get(ctx, "/version", nil, "get /version (non-resource URL)", &v)
	anonymous, anonymousErr := r.c.anonymous(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	a := &bulwark.Asset{ID: r.clusterID(), Type: TypeCluster, Name: r.c.scope(r.dec.cluster).Name, Scope: r.dec.scope, Connector: r.c.opts.Connector}
	var err error
	if a.Properties, err = r.clusterProperties(a.ID, v, versionErr); err != nil {
		return err
	}
	if a.Observed, err = r.clusterObserved(a.ID, v, versionErr, anonymous, anonymousErr); err != nil {
		return err
	}
	a.Relations = bulwark.SortRelations(managed(append([]string{r.c.config.Name}, r.c.names...), r.c.api.base.Hostname(), &r.about))
	gaps := []*bulwark.Gap{}
	for what, err := range map[string]error{"version": versionErr, "anonymous access": anonymousErr} {
		if err != nil {
			gap := provider.FaultOf(err, "GET /version", r.c.api.base.Host).Gap(what, provider.Where(a.Connector, a.Scope, TypeCluster))
			gaps = append(gaps, &gap)
		}
	}
	slices.SortFunc(gaps, func(a, b *bulwark.Gap) int { return cmp.Compare(a.What, b.What) })
	for _, g := range gaps {
		if err := r.yield(bulwark.Gathered{Gap: g}); err != nil {
			return err
		}
	}
	if err := r.yield(bulwark.Gathered{Asset: a}); err != nil {
		return err
	}
	return r.yield(bulwark.Gathered{Listing: &bulwark.Listing{Connector: a.Connector, Scope: a.Scope, Type: TypeCluster, Complete: true, At: r.c.opts.Now()}})
}

// clusterProperties is how the cluster is set up, as far as it shows.
func (r *run) clusterProperties(id string, v version, versionErr error) (bulwark.Value, error) {
	b := bulwark.NewBuilder(r.dec.names(), objectLimits)
	b.Object()
	b.Key("name")
	b.String(r.c.scope(r.dec.cluster).Name)
	b.Key("server")
	b.String(r.c.api.base.String())
	b.Key("version")
	if versionErr != nil {
		b.Unknown(provider.Reason(provider.FaultOf(versionErr, "GET /version", "")))
	} else {
		b.String(v.GitVersion)
	}
	b.Key("distribution")
	if name := distribution(v.GitVersion, r.c.api.base.Hostname(), &r.about); name == "" && versionErr != nil {
		b.Unknown(provider.Reason(provider.FaultOf(versionErr, "GET /version", "")))
	} else {
		b.String(cmp.Or(name, "kubernetes"))
	}
	b.Key("apiServer")
	r.writeFlags(b)
	b.Key("admission")
	r.writeAdmission(b)
	b.End()
	return b.Build(id)
}

// writeFlags writes the API server's flags, which only a cluster that runs it
// as a pod shows.
func (r *run) writeFlags(b *bulwark.Builder) {
	if why := r.hidden(); why != "" {
		b.Unknown(why)
		return
	}
	b.Object()
	b.Key("servers")
	b.Int(int64(r.about.apiServers))
	b.Key("flags")
	b.Object()
	for _, name := range slices.Sorted(maps.Keys(r.about.flags)) {
		b.Key(name)
		if value := r.about.flags[name]; value == differs {
			b.Unknown(differs)
		} else {
			b.String(value)
		}
	}
	b.End()
	b.End()
}

// hidden says why the API server's flags are not known, "" where they are.
func (r *run) hidden() string {
	switch {
	case r.about.apiServers == 0:
		return "the pods of the control plane cannot be seen"
	case r.unknown("v1/Pod", "kube-system") != "":
		return "not all pods of the control plane could be listed"
	}
	return ""
}

// writeAdmission writes what stands between a request and the store.
func (r *run) writeAdmission(b *bulwark.Builder) {
	b.Object()
	for _, list := range [][2]string{{"pluginsEnabled", "enable-admission-plugins"}, {"pluginsDisabled", "disable-admission-plugins"}} {
		b.Key(list[0])
		switch text, ok := r.about.flags[list[1]]; {
		case r.hidden() != "":
			b.Unknown(r.hidden())
		case text == differs:
			b.Unknown(differs)
		default:
			b.List()
			if ok && text != "" {
				for name := range strings.SplitSeq(text, ",") {
					b.String(name)
				}
			}
			b.End()
		}
	}
	for _, n := range []struct {
		key, typ string
		count    int
	}{
		{"validatingWebhooks", "admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration", r.about.webhooks["validating"]},
		{"mutatingWebhooks", "admissionregistration.k8s.io/v1/MutatingWebhookConfiguration", r.about.webhooks["mutating"]},
		{"validatingPolicies", "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy", r.about.policies},
	} {
		b.Key(n.key)
		r.writeCount(b, n.count, n.typ)
	}
	b.Key("podSecurity")
	b.Object()
	b.Key("namespaces")
	r.writeCount(b, r.about.namespaces, "v1/Namespace")
	for _, level := range []string{"privileged", "baseline", "restricted"} {
		b.Key(level)
		r.writeCount(b, r.about.enforcing[level], "v1/Namespace")
	}
	b.End()
	b.End()
}

// writeCount writes the number of a type's objects.
func (r *run) writeCount(b *bulwark.Builder, n int, typ string) {
	if why := r.uncounted(typ); why != "" {
		b.Unknown(why)
		return
	}
	b.Int(int64(n))
}

// uncounted says why a type's objects are not all known: a listing failed, or
// they are not read, because that is configured or because the cluster does not
// say that it has them. It is "" where they are.
func (r *run) uncounted(typ string) string {
	if _, listed := r.scoped[typ]; !listed {
		return typ + " is not read"
	}
	return r.unknown(typ, "")
}

func (r *run) clusterObserved(id string, v version, versionErr error, anonymous string, anonymousErr error) (bulwark.Value, error) {
	b := bulwark.NewBuilder(r.dec.names(), objectLimits)
	b.Object()
	b.Key("uid")
	b.String(r.dec.cluster)
	for _, p := range [][2]string{{"version", v.GitVersion}, {"platform", v.Platform}, {"buildDate", v.BuildDate}, {"goVersion", v.GoVersion}} {
		if versionErr == nil {
			provider.Set(b, p[0], p[1])
			continue
		}
		b.Key(p[0])
		b.Unknown(provider.Reason(provider.FaultOf(versionErr, "GET /version", "")))
	}
	b.Key("anonymous")
	if anonymousErr != nil {
		b.Unknown(provider.Reason(provider.FaultOf(anonymousErr, "GET /api/v1/namespaces", "")))
	} else {
		b.String(anonymous)
	}
	b.Key("kubelets")
	if why := r.uncounted("v1/Node"); why != "" {
		b.Unknown(why)
	} else {
		b.List()
		for _, version := range slices.Sorted(maps.Keys(r.about.nodes)) {
			b.String(version)
		}
		b.End()
	}
	b.End()
	return b.Build(id)
}

// anonymous asks for one namespace without credentials and says what the
// cluster makes of that: "refused" (401), "unauthorized" (403: anonymous
// requests are taken but this one is not allowed) or "allowed".
func (c *Cluster) anonymous(ctx context.Context) (string, error) {
	cfg := rest.AnonymousClientConfig(c.rest)
	cfg.UserAgent = userAgent
	cfg.Transport = c.opts.Transport
	cfg.Wrap(func(base http.RoundTripper) http.RoundTripper { return provider.Transport(base) })
	h, err := rest.HTTPClientFor(cfg)
	if err != nil {
		return "", fmt.Errorf("kubernetes: connect without credentials: %w", err)
	}
	h.CheckRedirect = provider.NoRedirects
	bare := *c.api
	bare.http = h
	var list struct {
		Kind  string `json:"kind"`
		Items []any  `json:"items"`
	}
	err = bare.get(ctx, "/api/v1/namespaces", map[string][]string{"limit": {"1"}}, "", &list)
	switch code := codeOf(err); {
	case err == nil && list.Kind == "NamespaceList":
		return "allowed", nil
	case err == nil:
		return "", &bulwark.Fault{Kind: bulwark.FaultMalformed, Call: "GET /api/v1/namespaces", Object: c.api.base.Host, Err: errors.New("the answer is no list")}
	case code == http.StatusUnauthorized:
		return "refused", nil
	case code == http.StatusForbidden:
		return "unauthorized", nil
	}
	return "", err
}
