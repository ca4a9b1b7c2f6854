package kubernetes

import (
	"fmt"
	"net/url"
	"slices"

	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

// selection is which objects of a kind a list or watch is about.
type selection struct {
	namespace string
	labels    labels.Selector
	fields    fields.Selector
}

// selectable are the fields that selectors may name beside an object's name and
// namespace. Source: Kubernetes documentation, "Field Selectors".
var selectable = map[string][][]string{
	"pods": {{"spec", "nodeName"}, {"spec", "restartPolicy"}, {"spec", "schedulerName"}, {"spec", "serviceAccountName"}, {"spec", "hostNetwork"},
		{"status", "phase"}, {"status", "podIP"}, {"status", "nominatedNodeName"}},
	"secrets":    {{"type"}},
	"namespaces": {{"status", "phase"}},
	"nodes":      {{"spec", "unschedulable"}},
}

func (c *call) selection(q url.Values, res resource) (selection, *errors.StatusError) {
	s := selection{labels: labels.Everything(), fields: fields.Everything()}
	if res.namespaced {
		s.namespace = c.target.namespace
	}
	var err error
	if s.labels, err = labels.Parse(q.Get("labelSelector")); err != nil {
		return s, badRequest("%v", err)
	}
	if s.fields, err = fields.ParseSelector(q.Get("fieldSelector")); err != nil {
		return s, badRequest("%v", err)
	}
	for _, req := range s.fields.Requirements() {
		if req.Field != "metadata.name" && req.Field != "metadata.namespace" && fieldOf(res, req.Field) == nil {
			if selectable[res.qualified()] == nil {
				return s, badRequest(`%q is not a known field selector: only "metadata.name", "metadata.namespace"`, req.Field)
			}
			return s, badRequest("field label not supported: %s", req.Field)
		}
	}
	return s, nil
}

// all reports whether nothing but a namespace narrows the selection.
func (s selection) all() bool { return s.labels.Empty() && s.fields.Empty() }

func (s selection) matches(r resource, o *object) bool {
	if o == nil || s.namespace != "" && o.namespace != s.namespace || !s.labels.Matches(labels.Set(o.labels)) {
		return false
	}
	return !slices.ContainsFunc(s.fields.Requirements(), func(req fields.Requirement) bool {
		return (valueOf(r, o, req.Field) == req.Value) == (req.Operator == "!=")
	})
}

func fieldOf(r resource, name string) []string {
	for _, path := range selectable[r.qualified()] {
		if name == dotted(path) {
			return path
		}
	}
	return nil
}

func dotted(path []string) string {
	s := path[0]
	for _, p := range path[1:] {
		s += "." + p
	}
	return s
}

func valueOf(r resource, o *object, field string) string {
	switch field {
	case "metadata.name":
		return o.name
	case "metadata.namespace":
		return o.namespace
	}
	switch v := at(o.body, fieldOf(r, field)...).(type) {
	case nil:
		return map[string]string{"spec.hostNetwork": "false", "spec.unschedulable": "false"}[field]
	default:
		return fmt.Sprint(v)
	}
}

// selectedName is the one name that a field selector asks for, or "".
func selectedName(selector string) string {
	s, err := fields.ParseSelector(selector)
	if err != nil {
		return ""
	}
	name, _ := s.RequiresExactMatch("metadata.name")
	return name
}
