package kube

import (
	"cmp"
	"slices"

	"github.com/bulwarksec/bulwark"
)

// The relations that Relations makes. The inverse is what the target calls it.
//
//	serviceAccount / workloads          workload → ServiceAccount
//	configMaps / workloads              workload → ConfigMap
//	secrets / workloads                 workload → Secret (from a ServiceAccount: serviceAccounts)
//	persistentVolumeClaims / workloads  workload → PersistentVolumeClaim
//	namespace / members                 anything in a namespace → Namespace
//	workloads / services                Service → workload
//	workloads / networkPolicies         NetworkPolicy → workload
//	workloads / disruptionBudgets       PodDisruptionBudget → workload
//	services / ingresses                Ingress → Service
//	services / webhooks                 webhook configuration → Service
//	target / autoscalers                HorizontalPodAutoscaler → workload
//	role / bindings                     binding → Role or ClusterRole
//	subjects / bindings                 binding → ServiceAccount
//	storageClass / users                volume or claim → StorageClass
//	volume / claims                     claim → PersistentVolume
//	controller / controlled             workload → the workload that made it
//	owner / owned                       object → what else made it
//	node / pods                         Pod → the Node that it is bound to

// Relations returns what an asset is related to, sorted. What it names is
// looked for in the index, in the asset's own scope first; a name that is not
// there makes a relation with a reason.
func (x *Index) Relations(a *bulwark.Asset) []bulwark.Relation {
	l := linker{Index: x, a: a, ns: x.namespaceOf(a)}
	x.unnamed(Ref{a.Type, l.ns, a.Name})
	l.all()
	return bulwark.SortRelations(l.out)
}

// podMakers are the types whose objects make pods of a template.
var podMakers = []string{"batch/v1/CronJob", "apps/v1/Deployment", "apps/v1/StatefulSet", "apps/v1/DaemonSet", "apps/v1/ReplicaSet", "v1/ReplicationController", "batch/v1/Job",
	"argoproj.io/v1alpha1/Rollout", "serving.knative.dev/v1/Service"}

func makesPods(typ string) bool { return slices.Contains(podMakers, typ) }

// podTemplate returns the object whose metadata and spec pods are made from:
// a Pod itself, or the template of a kind that makes pods.
func podTemplate(a *bulwark.Asset) bulwark.Value {
	switch a.Type {
	case "v1/Pod":
		return a.Properties
	case "batch/v1/CronJob":
		return a.Properties.At("spec", "jobTemplate", "spec", "template")
	case "v1/PodTemplate":
		return a.Properties.Get("template")
	}
	if makesPods(a.Type) {
		return a.Properties.At("spec", "template")
	}
	return bulwark.Value{}
}

// linker collects the relations of one asset.
type linker struct {
	*Index
	a   *bulwark.Asset
	ns  string
	out []bulwark.Relation
}

func (l *linker) all() {
	spec := l.a.Properties.Get("spec")
	if l.ns != "" {
		l.named("namespace", "members", "v1/Namespace", "", l.ns)
	}
	l.owners()
	if t := podTemplate(l.a); !t.IsAbsent() {
		l.pod(t.Get("spec"))
	}
	if inverse, s, ok := selectorOf(l.a); ok {
		l.selects(inverse, s)
	}
	switch l.a.Type {
	case "networking.k8s.io/v1/Ingress":
		l.ingress(spec)
	case "rbac.authorization.k8s.io/v1/RoleBinding", "rbac.authorization.k8s.io/v1/ClusterRoleBinding":
		l.binding()
	case "autoscaling/v2/HorizontalPodAutoscaler":
		t := spec.Get("scaleTargetRef")
		l.value("target", "autoscalers", TypeID(t.Get("apiVersion").Text(), t.Get("kind").Text()), l.ns, t.Get("name"))
	case "v1/PersistentVolumeClaim":
		l.value("volume", "claims", "v1/PersistentVolume", "", spec.Get("volumeName"))
		l.value("storageClass", "users", "storage.k8s.io/v1/StorageClass", "", spec.Get("storageClassName"))
	case "v1/PersistentVolume":
		l.value("storageClass", "users", "storage.k8s.io/v1/StorageClass", "", spec.Get("storageClassName"))
	case "v1/ServiceAccount":
		for _, list := range []string{"secrets", "imagePullSecrets"} {
			for _, s := range l.a.Properties.Get(list).Children() {
				l.value("secrets", "serviceAccounts", "v1/Secret", l.ns, s.Get("name"))
			}
		}
	case "admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration", "admissionregistration.k8s.io/v1/MutatingWebhookConfiguration":
		for _, w := range l.a.Properties.Get("webhooks").Children() {
			s := w.At("clientConfig", "service")
			l.value("services", "webhooks", "v1/Service", cmp.Or(s.Get("namespace").Text(), "default"), s.Get("name"))
		}
	}
}

func (l *linker) add(name, inverse, typ, target, reason string) {
	l.out = append(l.out, bulwark.Relation{Name: name, Inverse: inverse, Type: typ, Target: target, Reason: reason})
}

// named relates the asset to the object of a name, as often as it is declared.
func (l *linker) named(relation, inverse, typ, namespace, name string) {
	ref := Ref{typ, namespace, name}
	targets := nearest(l.byName[ref], l.a.Scope)
	for _, t := range targets {
		l.add(relation, inverse, typ, t.id, "")
	}
	if len(targets) == 0 {
		l.want(ref, Ref{l.a.Type, l.ns, l.a.Name})
		l.add(relation, inverse, typ, "", l.missing(ref))
	}
}

// present relates the asset to an object that need not be declared to be there:
// where it is not known, and nothing of its type is missing, that is left out.
func (l *linker) present(relation, inverse, typ, namespace, name string) {
	if len(l.byName[Ref{typ, namespace, name}]) > 0 || l.unlisted(typ, namespace) != "" {
		l.named(relation, inverse, typ, namespace, name)
	}
}

// value is named by a value of the manifest, which may be absent or unknown.
func (l *linker) value(relation, inverse, typ, namespace string, name bulwark.Value) {
	switch name.Kind() {
	case bulwark.String:
		if name.Text() != "" {
			l.named(relation, inverse, typ, namespace, name.Text())
		}
	case bulwark.Unknown:
		l.add(relation, inverse, typ, "", name.Reason())
	}
}

// owners relates an object to the one that made it. A workload that another
// workload made is controlled by it and has its verdict; an owner of another
// kind (the Node of a static pod, the custom resource of an operator) has no
// verdict on pods, so what it made is judged by itself.
func (l *linker) owners() {
	for _, o := range l.a.Properties.At("metadata", "ownerReferences").Children() {
		if !o.Get("controller").Bool() {
			continue
		}
		typ, ns := TypeID(o.Get("apiVersion").Text(), o.Get("kind").Text()), l.ns
		if l.clusterScoped(typ) {
			ns = ""
		}
		if makesPods(typ) && (makesPods(l.a.Type) || l.a.Type == "v1/Pod") {
			l.value(bulwark.RelController, "controlled", typ, ns, o.Get("name"))
		} else if id := l.id(Ref{typ, ns, o.Get("name").Text()}); id != "" {
			l.add("owner", "owned", typ, id, "")
		} else {
			l.value("owner", "owned", typ, ns, o.Get("name"))
		}
	}
}

// pod relates a workload to what its pods use.
func (l *linker) pod(spec bulwark.Value) {
	account := spec.Get("serviceAccountName")
	if account.IsAbsent() {
		account = spec.Get("serviceAccount") // its deprecated name
	}
	if account.IsAbsent() || account.Text() == "default" {
		// Every namespace has this account whether it is declared or not.
		l.present("serviceAccount", "workloads", "v1/ServiceAccount", l.ns, "default")
	} else {
		l.value("serviceAccount", "workloads", "v1/ServiceAccount", l.ns, account)
	}
	if node := spec.Get("nodeName"); node.Kind() == bulwark.String {
		l.present("node", "pods", "v1/Node", "", node.Text())
	}
	for _, s := range spec.Get("imagePullSecrets").Children() {
		l.uses("secrets", "v1/Secret", s, "name")
	}
	for _, v := range spec.Get("volumes").Children() {
		l.volume(v)
	}
	for _, list := range []string{"containers", "initContainers", "ephemeralContainers"} {
		for _, c := range spec.Get(list).Children() {
			for _, e := range c.Get("env").Children() {
				l.uses("configMaps", "v1/ConfigMap", e.At("valueFrom", "configMapKeyRef"), "name")
				l.uses("secrets", "v1/Secret", e.At("valueFrom", "secretKeyRef"), "name")
			}
			for _, e := range c.Get("envFrom").Children() {
				l.uses("configMaps", "v1/ConfigMap", e.Get("configMapRef"), "name")
				l.uses("secrets", "v1/Secret", e.Get("secretRef"), "name")
			}
		}
	}
}

func (l *linker) volume(v bulwark.Value) {
	l.uses("configMaps", "v1/ConfigMap", v.Get("configMap"), "name")
	l.uses("secrets", "v1/Secret", v.Get("secret"), "secretName")
	l.uses("persistentVolumeClaims", "v1/PersistentVolumeClaim", v.Get("persistentVolumeClaim"), "claimName")
	for _, s := range v.At("projected", "sources").Children() {
		l.uses("configMaps", "v1/ConfigMap", s.Get("configMap"), "name")
		l.uses("secrets", "v1/Secret", s.Get("secret"), "name")
	}
}

// uses relates a workload to what a reference names. What is optional and not
// declared is left out.
func (l *linker) uses(relation, typ string, ref bulwark.Value, field string) {
	name := ref.Get(field)
	if ref.Get("optional").Bool() && name.Kind() == bulwark.String && len(l.byName[Ref{typ, l.ns, name.Text()}]) == 0 && l.unlisted(typ, l.ns) == "" {
		return
	}
	l.value(relation, "workloads", typ, l.ns, name)
}

func (l *linker) ingress(spec bulwark.Value) {
	backend := func(b bulwark.Value) {
		l.value("services", "ingresses", "v1/Service", l.ns, b.At("service", "name"))
		l.value("services", "ingresses", "v1/Service", l.ns, b.Get("serviceName")) // before networking.k8s.io/v1
	}
	backend(spec.Get("defaultBackend"))
	backend(spec.Get("backend"))
	for _, r := range spec.Get("rules").Children() {
		for _, p := range r.At("http", "paths").Children() {
			backend(p.Get("backend"))
		}
	}
}

func (l *linker) binding() {
	ref := l.a.Properties.Get("roleRef")
	typ, ns := TypeID("rbac.authorization.k8s.io/v1", ref.Get("kind").Text()), l.ns
	if l.clusterScoped(typ) {
		ns = ""
	}
	l.value("role", "bindings", typ, ns, ref.Get("name"))
	for _, s := range l.a.Properties.Get("subjects").Children() {
		if s.Get("kind").Text() != "ServiceAccount" {
			continue
		}
		ns := s.Get("namespace").Text()
		if ns == "" {
			ns = cmp.Or(l.ns, "default")
		}
		l.value("subjects", "bindings", "v1/ServiceAccount", ns, s.Get("name"))
	}
}

// selects relates the asset to the workloads of its namespace whose pods a
// selector matches. What a workload that matches made is left out: it matches
// because its maker does.
func (l *linker) selects(inverse string, s selector) {
	for _, w := range l.near(l.ns, l.a.Scope) {
		switch matched, reason := s.match(w.labels); {
		case reason != "":
			l.add("workloads", inverse, w.ref.Type, "", reason)
		case matched && !l.ownerMatches(w, s):
			l.add("workloads", inverse, w.ref.Type, w.id, "")
		}
	}
	for _, typ := range append([]string{"v1/Pod"}, podMakers...) {
		if why := l.unlisted(typ, l.ns); why != "" {
			l.add("workloads", inverse, typ, "", why)
		}
	}
}
