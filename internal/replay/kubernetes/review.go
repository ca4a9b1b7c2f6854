package kubernetes

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"

	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

const (
	reviewGroup = "authorization.k8s.io"
	maxReview   = 1 << 20 // bytes of a request
)

// reviews are what the caller may ask about itself.
var reviews = []*kind{
	{group: reviewGroup, versions: []string{"v1"}, plural: "selfsubjectaccessreviews", kind: "SelfSubjectAccessReview", singular: "selfsubjectaccessreview"},
	{group: reviewGroup, versions: []string{"v1"}, plural: "selfsubjectrulesreviews", kind: "SelfSubjectRulesReview", singular: "selfsubjectrulesreview"},
}

// reviewSpec is what both reviews ask (authorization.k8s.io/v1).
type reviewSpec struct {
	Resource *struct {
		Namespace   string `json:"namespace,omitempty"`
		Verb        string `json:"verb,omitempty"`
		Group       string `json:"group,omitempty"`
		Version     string `json:"version,omitempty"`
		Resource    string `json:"resource,omitempty"`
		Subresource string `json:"subresource,omitempty"`
		Name        string `json:"name,omitempty"`
	} `json:"resourceAttributes,omitempty"`
	NonResource *struct {
		Path string `json:"path,omitempty"`
		Verb string `json:"verb,omitempty"`
	} `json:"nonResourceAttributes,omitempty"`
	Namespace string `json:"namespace,omitempty"`
}

type review struct {
	Kind       string     `json:"kind"`
	APIVersion string     `json:"apiVersion"`
	Metadata   struct{}   `json:"metadata"`
	Spec       reviewSpec `json:"spec"`
	Status     any        `json:"status"`
}

// review answers what the caller may do.
func (c *call) review(r *http.Request) *answer {
	i := slices.IndexFunc(reviews, func(k *kind) bool { return k.plural == c.target.plural })
	switch {
	case i < 0 || c.target.name != "" || c.target.namespace != "":
		return notServed()
	case r.Method != http.MethodPost:
		return notAllowed()
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxReview+1))
	if err != nil {
		return statusAnswer(badRequest("%v", err))
	}
	if len(body) > maxReview {
		return statusAnswer(errors.NewRequestEntityTooLargeError("limit is 1048576"))
	}
	k := reviews[i]
	var in review
	if err := json.Unmarshal(body, &in); err != nil || in.Kind != "" && in.Kind != k.kind {
		return statusAnswer(badRequest("the object provided is unrecognized (must be of type %s): %v", k.kind, err))
	}
	out := review{Kind: k.kind, APIVersion: reviewGroup + "/v1"}
	if k.kind == "SelfSubjectRulesReview" {
		if in.Spec.Namespace == "" {
			return statusAnswer(badRequest("no namespace on request"))
		}
		out.Status = c.user.rulesIn(in.Spec.Namespace)
		return jsonAnswer(http.StatusCreated, out)
	}
	if (in.Spec.Resource == nil) == (in.Spec.NonResource == nil) {
		return statusAnswer(errors.NewInvalid(schema.GroupKind{Group: reviewGroup, Kind: k.kind}, "", field.ErrorList{field.Invalid(field.NewPath("spec").Child("resourceAttributes"),
			nil, "exactly one of nonResourceAttributes or resourceAttributes must be specified")}))
	}
	out.Spec = in.Spec
	out.Spec.Namespace = ""
	out.Status = map[string]bool{"allowed": c.user.allowed(in.Spec.attributes())}
	return jsonAnswer(http.StatusCreated, out)
}

// attributes are those of the request that a review asks about.
func (s reviewSpec) attributes() attributes {
	if s.NonResource != nil {
		return attributes{verb: s.NonResource.Verb, path: s.NonResource.Path}
	}
	r := s.Resource
	return attributes{verb: r.Verb, group: r.Group, resource: r.Resource, sub: r.Subresource, namespace: r.Namespace, name: r.Name}
}

// rulesStatus is what a caller may do in a namespace.
type rulesStatus struct {
	Resources    []resourceRule    `json:"resourceRules"`
	NonResources []nonResourceRule `json:"nonResourceRules"`
	Incomplete   bool              `json:"incomplete"`
}

type resourceRule struct {
	Verbs     []string `json:"verbs"`
	Groups    []string `json:"apiGroups"`
	Resources []string `json:"resources"`
	Names     []string `json:"resourceNames,omitempty"`
}

type nonResourceRule struct {
	Verbs []string `json:"verbs"`
	URLs  []string `json:"nonResourceURLs"`
}

func (u *User) rulesIn(namespace string) rulesStatus {
	s := rulesStatus{Resources: []resourceRule{}, NonResources: []nonResourceRule{}}
	for _, r := range u.rules() {
		if len(r.Resources) > 0 && (len(r.Namespaces) == 0 || slices.Contains(r.Namespaces, namespace)) {
			s.Resources = append(s.Resources, resourceRule{r.Verbs, r.Groups, r.Resources, r.Names})
		}
		if len(r.URLs) > 0 {
			s.NonResources = append(s.NonResources, nonResourceRule{r.Verbs, r.URLs})
		}
	}
	return s
}
