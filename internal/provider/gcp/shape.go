package gcp

import (
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

// edit is how the inventory's form of a type becomes that of its type file,
// which is what the service's API takes.
type edit struct {
	as     string            // the type that it is: an older API's name for the same thing
	drop   []string          // members at the top that add writes in another form
	rename map[string]string // members, at any depth
	lower  map[string]bool   // members whose enumerations the API writes in lower case
	add    func(w *writer, name string, data bulwark.Value, s *shape)
	ask    *ask
}

// ask is a property that the inventory lacks and the owning API tells.
type ask struct {
	call     call
	property string
	when     func(data bulwark.Value) bool
	path     func(name string) string // of the request, by the asset's full name
}

var edits = map[string]edit{
	"bigquery.googleapis.com/Dataset": {ask: &ask{
		call:     call{"bigquery", "datasets.get", "bigquery.datasets.get"},
		property: "access",
		when:     func(data bulwark.Value) bool { return data.Get("access").IsAbsent() },
		path: func(name string) string {
			return "/bigquery/v2/" + strings.TrimPrefix(name, "//bigquery.googleapis.com/")
		},
	}},
	"cloudfunctions.googleapis.com/CloudFunction": {as: "cloudfunctions.googleapis.com/Function"},
	"cloudfunctions.googleapis.com/Function": {add: func(w *writer, _ string, data bulwark.Value, s *shape) {
		if data.Get("ingressSettings").IsAbsent() {
			w.as("ingressSettings", data.Get("serviceConfig").Get("ingressSettings"), s)
		}
		if data.Get("serviceAccountEmail").IsAbsent() {
			w.as("serviceAccountEmail", data.Get("serviceConfig").Get("serviceAccountEmail"), s)
		}
		if data.Get("runtime").IsAbsent() {
			w.as("runtime", data.Get("buildConfig").Get("runtime"), s)
		}
	}},
	"compute.googleapis.com/Firewall": {rename: map[string]string{"ipProtocol": "IPProtocol"}},
	"compute.googleapis.com/Instance": {drop: []string{"metadata"}, add: func(w *writer, _ string, data bulwark.Value, s *shape) {
		w.metadata(data.Get("metadata"), s)
		w.flag("_shielded", data.Get("shieldedInstanceConfig"), data.Get("shieldedInstanceConfig").Kind() == bulwark.Object)
	}},
	"compute.googleapis.com/Project": {drop: []string{"commonInstanceMetadata"}, add: func(w *writer, _ string, data bulwark.Value, s *shape) {
		w.metadata(data.Get("commonInstanceMetadata"), s)
	}},
	"container.googleapis.com/Cluster": {add: func(w *writer, _ string, _ bulwark.Value, _ *shape) {
		w.setBool("_initialNodePool", false) // node pools are assets of their own and judged as such
	}},
	"container.googleapis.com/NodePool": {add: func(w *writer, name string, _ bulwark.Value, _ *shape) {
		if i := strings.LastIndex(name, "/nodePools/"); i > 0 {
			w.set("_cluster", name[:i])
		}
	}},
	"dns.googleapis.com/ManagedZone": {lower: map[string]bool{"visibility": true, "state": true, "algorithm": true, "keyType": true}},
	"logging.googleapis.com/LogSink": {add: func(w *writer, name string, _ bulwark.Value, _ *shape) {
		if i := strings.LastIndex(name, "/sinks/"); i > 0 {
			w.holder(strings.TrimPrefix(name[:i], "//logging.googleapis.com/"))
		}
	}},
	"iam.googleapis.com/ServiceAccountKey": {add: func(w *writer, name string, _ bulwark.Value, _ *shape) {
		if i := strings.LastIndex(name, "/keys/"); i > 0 {
			w.set("_account", name[:i])
		}
	}},
	"run.googleapis.com/Service": {add: func(w *writer, _ string, data bulwark.Value, _ *shape) {
		if data.Get("ingress").IsAbsent() {
			w.set("ingress", ingress[data.Get("metadata").Get("annotations").Get("run.googleapis.com/ingress").Text()])
		}
	}},
	"spanner.googleapis.com/Database": {add: func(w *writer, _ string, data bulwark.Value, _ *shape) {
		on := data.Get("enableDropProtection")
		w.flag("_dropProtection", on, on.Bool())
		w.flag("_deletionProtection", on, on.Bool()) // what Terraform keeps to itself the API has not
	}},
	"sqladmin.googleapis.com/Instance": {add: func(w *writer, _ string, data bulwark.Value, _ *shape) {
		w.set("_replica", data.Get("masterInstanceName").Text())
	}},
	typeBucket: {drop: []string{"acl"}, add: func(w *writer, _ string, data bulwark.Value, s *shape) {
		w.as("_acl", data.Get("acl"), s)
	}},
}

// holder writes which project, folder or organisation something is in.
func (w *writer) holder(key string) {
	kind, id, _ := strings.Cut(key, "/")
	switch kind {
	case "projects":
		w.set("_project", id)
	case "folders", "organizations":
		w.set("_"+strings.TrimSuffix(kind, "s"), managerHost+key)
	}
}

// ingress are the values of Cloud Run's first API as the second has them.
// Source: Cloud Run, Restrict network ingress.
var ingress = map[string]string{
	"all": "INGRESS_TRAFFIC_ALL", "internal": "INGRESS_TRAFFIC_INTERNAL_ONLY",
	"internal-and-cloud-load-balancing": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
}

// metadata writes Compute Engine's list of items as a map. A value whose key
// says that it is a secret is one.
func (w *writer) metadata(v bulwark.Value, s *shape) {
	if w.cut {
		w.unknown("_metadata", cutReason)
		return
	}
	w.member("_metadata")
	if v.Kind() == bulwark.Unknown {
		w.b.Copy(v)
		return
	}
	w.b.Object()
	for _, item := range v.Get("items").Children() {
		key := item.Get("key").Text()
		if key == "" {
			continue
		}
		w.b.Key(key)
		secret := ""
		if provider.SecretName(key) {
			secret = "metadata"
		}
		w.copy(item.Get("value"), key, s.step("_metadata").step(key), secret)
	}
	w.b.End()
}

// typeOf is the type of an asset of the inventory.
func typeOf(kind string) string { return orElse(edits[kind].as, kind) }
