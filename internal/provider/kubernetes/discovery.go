package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// What a cluster may serve at the most.
const (
	maxGroups    = 2_000
	maxResources = 20_000
)

const aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"

// discovery is an answer of /api or /apis: of all groups with their resources
// where the server aggregates them (v1.26 on), else of their names.
type discovery struct {
	Items []struct {
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
		Versions []struct {
			Version   string `json:"version"`
			Freshness string `json:"freshness"`
			Resources []struct {
				Resource     string `json:"resource"`
				ResponseKind struct {
					Group   string `json:"group"`
					Version string `json:"version"`
					Kind    string `json:"kind"`
				} `json:"responseKind"`
				Scope string   `json:"scope"`
				Verbs []string `json:"verbs"`
			} `json:"resources"`
		} `json:"versions"`
	} `json:"items"`

	Versions []string `json:"versions"` // of /api, not aggregated
	Groups   []struct {
		Name     string `json:"name"`
		Versions []struct {
			Version string `json:"version"`
		} `json:"versions"`
	} `json:"groups"` // of /apis, not aggregated
}

// discover returns all resources that can be listed, the preferred version of
// each first. A group that does not answer is a gap; the error is for a
// cluster of which nothing can be learned.
func (c *Cluster) discover(ctx context.Context) ([]resource, []bulwark.Gap, error) {
	var list []resource
	var gaps []bulwark.Gap
	for _, root := range []string{"/api", "/apis"} {
		var d discovery
		err := c.api.do(ctx, request{method: "GET", path: root, accept: aggregated, needs: "get /api and /apis (non-resource URLs)"},
			func(body io.Reader) error {
				d = discovery{}
				return json.NewDecoder(body).Decode(&d)
			})
		if err != nil {
			return nil, nil, fmt.Errorf("kubernetes: discover resources: %w", err)
		}
		found, missing, err := c.read(ctx, root, &d)
		if err != nil {
			return nil, nil, err
		}
		list, gaps = append(list, found...), append(gaps, missing...)
	}
	if len(list) == 0 || len(list) > maxResources {
		return nil, nil, fmt.Errorf("kubernetes: discover resources: %w", &bulwark.Fault{Kind: bulwark.FaultMalformed, Call: "GET /apis", Object: c.api.base.Host,
			Err: fmt.Errorf("%d resources", len(list))})
	}
	return list, gaps, nil
}

func (c *Cluster) read(ctx context.Context, root string, d *discovery) (list []resource, gaps []bulwark.Gap, err error) {
	for _, g := range d.Items {
		for _, v := range g.Versions {
			if v.Freshness == "Stale" {
				gaps = append(gaps, c.groupGap(g.Metadata.Name, v.Version, errors.New("the server behind it does not answer")))
			}
			for _, r := range v.Resources {
				list = appendResource(list, resource{group: g.Metadata.Name, version: v.Version, plural: r.Resource, kind: r.ResponseKind.Kind,
					namespaced: r.Scope == "Namespaced"}, r.Verbs)
			}
		}
	}
	if len(d.Items) > 0 {
		return list, gaps, nil
	}
	type place struct{ path, group, version string }
	var places []place
	for _, v := range d.Versions {
		places = append(places, place{root + "/" + v, "", v})
	}
	for _, g := range d.Groups {
		for _, v := range g.Versions {
			places = append(places, place{root + "/" + g.Name + "/" + v.Version, g.Name, v.Version})
		}
	}
	if len(places) > maxGroups {
		return nil, nil, fmt.Errorf("kubernetes: discover resources: %w", &bulwark.Fault{Kind: bulwark.FaultMalformed, Call: "GET " + root, Object: c.api.base.Host,
			Err: fmt.Errorf("%d groups", len(places))})
	}
	for _, p := range places {
		found, err := c.group(ctx, p.path, p.group, p.version)
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if err != nil {
			gaps = append(gaps, c.groupGap(p.group, p.version, err))
			continue
		}
		list = append(list, found...)
	}
	return list, gaps, nil
}

// group reads the resources of one version of a group (meta/v1
// APIResourceList).
func (c *Cluster) group(ctx context.Context, path, group, version string) ([]resource, error) {
	if !pathPart(group) && group != "" || !pathPart(version) {
		return nil, fmt.Errorf("%w: group %q, version %q", bulwark.ErrInvalid, clip(group), clip(version))
	}
	var answer struct {
		Resources []struct {
			Name       string   `json:"name"`
			Kind       string   `json:"kind"`
			Namespaced bool     `json:"namespaced"`
			Verbs      []string `json:"verbs"`
		} `json:"resources"`
	}
	if err := c.api.get(ctx, path, nil, "get /apis (non-resource URL)", &answer); err != nil {
		return nil, err
	}
	var list []resource
	for _, r := range answer.Resources {
		list = appendResource(list, resource{group: group, version: version, plural: r.Name, kind: r.Kind, namespaced: r.Namespaced}, r.Verbs)
	}
	return list, nil
}

// appendResource adds what can be listed, is no part of another resource and
// has names that can stand in paths and ids.
func appendResource(list []resource, r resource, verbs []string) []resource {
	if !slices.Contains(verbs, "list") || !pathPart(r.plural) || !pathPart(r.version) || !pathPart(r.kind) || r.group != "" && !pathPart(r.group) {
		return list
	}
	r.watchable = slices.Contains(verbs, "watch")
	return append(list, r)
}

func (c *Cluster) groupGap(group, version string, err error) bulwark.Gap {
	return bulwark.Gap{What: "resources", Where: strings.TrimPrefix(group+"/"+version, "/"), Why: fmt.Sprintf("the cluster does not say what it serves: %v", err)}
}

// pathPart reports whether a name can stand as one part of a path: letters,
// digits, dots and hyphens, and not dots alone.
func pathPart(s string) bool {
	if s == "" || len(s) > 253 || strings.Trim(s, ".") == "" {
		return false
	}
	for _, c := range s {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '-':
		default:
			return false
		}
	}
	return true
}

// plainName reports whether a name is one of a namespace or a uid.
func plainName(s string) bool { return pathPart(s) }
