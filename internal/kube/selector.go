package kube

import "github.com/bulwarksec/bulwark"

// selector is a label selector: every label of labels must be equal and every
// requirement must hold. Without any it matches everything.
type selector struct {
	labels       bulwark.Value
	requirements bulwark.Value
}

// labelSelector reads a LabelSelector object.
func labelSelector(v bulwark.Value) selector {
	if v.Kind() == bulwark.Unknown {
		return selector{labels: v}
	}
	return selector{labels: v.Get("matchLabels"), requirements: v.Get("matchExpressions")}
}

// match reports whether the labels of a pod match. A reason says that this
// cannot be known: it depends on a value that is not.
func (s selector) match(labels bulwark.Value) (matched bool, reason string) {
	if s.labels.Kind() == bulwark.Unknown {
		return false, s.labels.Reason()
	}
	for name, want := range s.labels.Children() {
		got := labels.Get(name)
		switch {
		case want.Kind() == bulwark.Unknown:
			reason = want.Reason()
		case got.Kind() == bulwark.Unknown:
			reason = got.Reason()
		case !bulwark.Equal(got, want):
			return false, ""
		}
	}
	for _, r := range s.requirements.Children() {
		got := labels.Get(r.Get("key").Text())
		if got.Kind() == bulwark.Unknown {
			reason = got.Reason()
			continue
		}
		if !holds(r, got) {
			return false, ""
		}
	}
	return reason == "", reason
}

// holds reports whether a label, absent when the pod has none of the name,
// meets one requirement of a selector.
func holds(requirement, label bulwark.Value) bool {
	in := false
	for _, v := range requirement.Get("values").Children() {
		in = in || !label.IsAbsent() && bulwark.Equal(v, label)
	}
	switch requirement.Get("operator").Text() {
	case "In":
		return in
	case "NotIn":
		return !in
	case "Exists":
		return !label.IsAbsent()
	case "DoesNotExist":
		return label.IsAbsent()
	}
	return false
}

// selectorOf returns the selector by which an object of one of the selecting
// kinds picks pods, and what the picked workloads call it.
func selectorOf(a *bulwark.Asset) (inverse string, s selector, ok bool) {
	spec := a.Properties.Get("spec")
	switch a.Type {
	case "v1/Service":
		labels := spec.Get("selector")
		return "services", selector{labels: labels}, labels.Len() > 0 && spec.Get("type").Text() != "ExternalName"
	case "networking.k8s.io/v1/NetworkPolicy":
		return "networkPolicies", labelSelector(spec.Get("podSelector")), true
	case "policy/v1/PodDisruptionBudget":
		v := spec.Get("selector")
		return "disruptionBudgets", labelSelector(v), v.Kind() == bulwark.Object
	}
	return "", selector{}, false
}
