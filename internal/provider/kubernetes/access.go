package kubernetes

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/kube"
	"github.com/bulwarksec/bulwark/internal/provider"
	"github.com/bulwarksec/bulwark/internal/quota"
)

// A Rule is one permission that a cluster's reader uses, as a rule of a
// ClusterRole has it.
type Rule struct {
	Group, Resource string
	Name            string // the one object that it is needed for; "" is all
	Verbs           []string
	Types           []string // of the assets that are read with it
	Optional        bool
}

// Rules returns all permissions, sorted by group and resource. None of them
// changes anything, and none is a wildcard. Custom resources that are only
// listed for the inventory are not among them: whoever wants those lists names
// their groups.
func Rules() []Rule {
	list := []Rule{{Resource: "namespaces", Name: "kube-system", Verbs: []string{"get"}, Types: []string{TypeCluster}}}
	for _, b := range slices.Concat(builtins, judged) {
		version := "v1"
		if b.group == "argoproj.io" {
			version = "v1alpha1"
		}
		if b.group != "" {
			version = b.group + "/" + version
		}
		list = append(list, Rule{Group: b.group, Resource: b.plural, Verbs: []string{"list", "watch"}, Types: []string{kube.TypeID(version, b.kind)}, Optional: b.optional})
	}
	slices.SortStableFunc(list, func(a, b Rule) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Resource, b.Resource), cmp.Compare(b.Name, a.Name))
	})
	return list
}

// Access returns the permissions that a run uses, and those that a watch does.
func Access() []bulwark.Access {
	var list []bulwark.Access
	for _, r := range Rules() {
		for _, verb := range r.Verbs {
			list = append(list, accessOf(r, verb))
		}
	}
	return list
}

// Access is the function of that name.
func (c *Cluster) Access() []bulwark.Access { return Access() }

// review is a SelfSubjectAccessReview: it asks what the caller may do, and
// changes nothing.
type review struct {
	APIVersion string       `json:"apiVersion"`
	Kind       string       `json:"kind"`
	Spec       reviewSpec   `json:"spec"`
	Status     reviewStatus `json:"status,omitzero"`
}

type reviewSpec struct {
	Attributes reviewAttributes `json:"resourceAttributes"`
}

type reviewAttributes struct {
	Namespace string `json:"namespace,omitempty"`
	Verb      string `json:"verb"`
	Group     string `json:"group,omitempty"`
	Resource  string `json:"resource"`
	Name      string `json:"name,omitempty"`
}

type reviewStatus struct {
	Allowed bool   `json:"allowed"`
	Denied  bool   `json:"denied"`
	Reason  string `json:"reason"`
}

// Probe tries every permission and yields each one's answer. Where namespaces
// are included, what lives in one is tried in each. Kinds that the cluster does
// not serve are untried.
func (c *Cluster) Probe(ctx context.Context, yield func(bulwark.Probe) error) error {
	scope := "kubernetes"
	if uid, err := c.uid(ctx); err == nil {
		scope = c.scope(uid).Path
	} else if ctx.Err() != nil {
		return ctx.Err()
	}
	served, _, err := c.discover(ctx)
	if err != nil {
		return err
	}
	for _, rule := range Rules() {
		i := slices.IndexFunc(served, func(s resource) bool { return s.group == rule.Group && s.plural == rule.Resource })
		for _, verb := range rule.Verbs {
			p := bulwark.Probe{Access: accessOf(rule, verb), Where: scope}
			if i < 0 {
				p.State, p.Why = bulwark.ProbeUntried, "the cluster does not serve it"
			} else {
				p.State, p.Why = c.try(ctx, rule, verb, served[i].namespaced)
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := yield(p); err != nil {
				return err
			}
		}
	}
	return nil
}

func accessOf(r Rule, verb string) bulwark.Access {
	return bulwark.Access{Permission: rule(verb, r.Resource, r.Group), Types: r.Types, Optional: r.Optional || verb == "watch"}
}

// try asks for one permission everywhere it is needed; the first place where
// it is not given is the answer.
func (c *Cluster) try(ctx context.Context, r Rule, verb string, namespaced bool) (bulwark.ProbeState, string) {
	namespaces := []string{""}
	if namespaced && len(c.config.Namespaces.Include) > 0 {
		namespaces = c.config.Namespaces.Include
	}
	for _, ns := range namespaces {
		answer, err := c.ask(ctx, reviewAttributes{Namespace: ns, Verb: verb, Group: r.Group, Resource: r.Resource, Name: r.Name})
		switch {
		case err != nil:
			return bulwark.ProbeUnreachable, err.Error()
		case !answer.Allowed:
			why := "no role allows it"
			if ns != "" {
				why += " in the namespace " + ns
			}
			if answer.Reason != "" {
				why += ": " + clip(answer.Reason)
			}
			return bulwark.ProbeDenied, why
		}
	}
	return bulwark.ProbeAllowed, ""
}

func (c *Cluster) ask(ctx context.Context, what reviewAttributes) (reviewStatus, error) {
	const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
	body, err := json.Marshal(review{APIVersion: "authorization.k8s.io/v1", Kind: "SelfSubjectAccessReview", Spec: reviewSpec{what}})
	if err != nil {
		return reviewStatus{}, err
	}
	var got review
	err = c.api.do(ctx, request{method: http.MethodPost, path: path, body: body, needs: rule("create", "selfsubjectaccessreviews", "authorization.k8s.io")},
		func(r io.Reader) error {
			got = review{}
			return json.NewDecoder(r).Decode(&got)
		})
	if err == nil && got.Kind != "SelfSubjectAccessReview" {
		err = &bulwark.Fault{Kind: bulwark.FaultMalformed, Call: "POST " + path, Object: c.api.base.Host, Err: errors.New("the answer is no review")}
	}
	return got.Status, err
}

// Plan counts the calls of a Gather: a page of one of each listing tells how
// many objects there are. All of them are in an audit log that records reads.
func (c *Cluster) Plan(ctx context.Context) (bulwark.CallPlan, error) {
	uid, err := c.uid(ctx)
	if err != nil {
		return bulwark.CallPlan{}, err
	}
	served, _, err := c.discover(ctx)
	if err != nil {
		return bulwark.CallPlan{}, err
	}
	plan := bulwark.CallPlan{Scopes: []bulwark.ScopeInfo{c.scope(uid)},
		Filter: []bulwark.LogFilter{{Log: "Kubernetes audit log", Field: "userAgent", Value: userAgent}}}
	add := func(call string, n int64, basis string) {
		plan.Calls = append(plan.Calls, bulwark.CallCount{Service: "api", Call: call, Count: n, Logged: true, Basis: basis})
		plan.Total += n
	}
	add("get namespaces kube-system, /api, /apis, /version; list namespaces without credentials", 5, "fixed")
	r := c.newRun(uid, resources(served, c.config.Types.Exclude), nil)
	for i := range r.list {
		res := &r.list[i]
		var pages int64
		basis := "counted"
		for _, p := range r.places(res) {
			n, err := c.countObjects(ctx, p)
			if ctx.Err() != nil {
				return plan, ctx.Err()
			}
			if err != nil {
				basis = "assumed"
			}
			pages += max(1, (n+pageSize-1)/pageSize)
		}
		add(res.needs("list"), pages, basis)
	}
	plan.Logged = plan.Total
	limit, _ := quota.For(c.api.key)
	plan.Seconds = max(0, float64(plan.Total)-limit.Burst) / limit.Rate
	return plan, nil
}

// countObjects asks for one object of a listing, and so learns how many are
// left.
func (c *Cluster) countObjects(ctx context.Context, p place) (int64, error) {
	var n int64
	err := c.api.do(ctx, request{method: http.MethodGet, path: p.resource.path(p.namespace), query: url.Values{"limit": {"1"}}, accept: p.resource.accept(), needs: p.resource.needs("list")},
		func(body io.Reader) error {
			n = 0
			meta, err := readPage(body, func([]byte) error { n++; return nil })
			if meta.Remaining != nil {
				n += max(0, *meta.Remaining)
			}
			return err
		})
	if err != nil {
		return 0, provider.FaultOf(err, "GET "+p.resource.path(p.namespace), c.api.base.Host)
	}
	return n, nil
}
