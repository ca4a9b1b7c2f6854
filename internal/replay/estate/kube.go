package estate

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/replay/kubernetes"
)

// KubernetesToken is what the product shows to the clusters.
const KubernetesToken = "demonstration-only"

// A Cluster is one of the company's.
type Cluster struct {
	Name     string // as the clouds call it
	registry string
	env      string
	care     float64
	apps     []app
}

// Clusters are all of them.
var Clusters = []Cluster{
	{"eks-payments", "856613290427.dkr.ecr.eu-west-1.amazonaws.com/halden", "prod", 0.35,
		[]app{{"payments-api", "payments", "cardholder", "i"}, {"tokenizer", "payments", "cardholder", ""}, {"settlement", "payments", "confidential", "j"}, {"fraud-score", "payments", "confidential", ""}, {"ledger", "payments", "confidential", "s"}, {"terminal-gateway", "payments", "cardholder", "i"}, {"refunds", "payments", "confidential", "j"}, {"reconcile", "finance", "confidential", "j"}, {"card-vault", "payments", "cardholder", "s"}}},
	{"aks-shop", "hmwebshop.azurecr.io", "prod", 0.9,
		[]app{{"webshop", "web", "confidential", "i"}, {"basket", "web", "internal", ""}, {"checkout", "web", "confidential", "i"}, {"catalogue", "merchandising", "public", ""}, {"search", "web", "public", "s"}, {"images", "web", "public", "i"}, {"stock", "shops", "internal", "j"}, {"loyalty-api", "loyalty", "confidential", "i"}, {"emails", "marketing", "internal", "j"}, {"store-pickup", "shops", "internal", ""}}},
	{"gke-analytics", "europe-west1-docker.pkg.dev/halden-analytics/analytics", "prod", 1.7,
		[]app{{"airflow", "data", "internal", "is"}, {"spark-history", "data", "internal", ""}, {"jupyter", "data", "internal", "is"}, {"superset", "data", "confidential", "i"}, {"feature-store", "data", "confidential", "s"}, {"model-serving", "data", "internal", "i"}, {"ingest", "data", "internal", "j"}, {"dbt", "data", "internal", "j"}, {"quality", "data", "internal", "j"}}},
}

// cluster is one that is being filled.
type cluster struct {
	*builder
	*Cluster
	objects []object
}

// kubernetes makes the objects of a cluster, namespaces first.
func (b *builder) kubernetes(of *Cluster) []object {
	c := &cluster{builder: b, Cluster: of}
	c.namespace("platform", shared)
	c.namespace("monitoring", shared)
	for _, a := range of.apps {
		c.namespace(a.name, a)
	}
	c.nodes()
	c.system()
	for _, a := range of.apps {
		c.app(a)
	}
	return c.objects
}

func (c *cluster) wrong(kind, name string, base float64) bool {
	return c.slip(c.care, kind, c.Name+"/"+name, base)
}

// put adds an object; body has what stands beside its metadata.
func (c *cluster) put(version, kind, namespace, name string, labels object, body object) {
	meta := object{"name": name, "labels": labels, "creationTimestamp": c.made(c.Name + kind + namespace + name).Format(time.RFC3339)}
	if namespace != "" {
		meta["namespace"] = namespace
	}
	o := object{"apiVersion": version, "kind": kind, "metadata": meta}
	for k, v := range body {
		o[k] = v
	}
	c.objects = append(c.objects, o)
}

func (c *cluster) labels(a app) object {
	return object{"app.kubernetes.io/name": a.name, "owner": a.team, "env": c.env, "data-classification": a.class}
}

func (c *cluster) namespace(name string, a app) {
	l := c.labels(a)
	l["pod-security.kubernetes.io/enforce"] = unless(c.wrong("pod-security", name, 0.5), "privileged", "restricted")
	c.put("v1", "Namespace", "", name, l, nil)
}

func (c *cluster) nodes() {
	for i := range 5 {
		name := fmt.Sprintf("%s-node-%d", c.Name, i+1)
		c.put("v1", "Node", "", name, object{"kubernetes.io/hostname": name, "node.kubernetes.io/instance-type": "4x16"}, object{"spec": object{"providerID": "demo:///" + name},
			"status": object{"nodeInfo": object{"kubeletVersion": "v1.33.3", "osImage": "Linux", "kernelVersion": "6.12.0", "containerRuntimeVersion": "containerd://2.1.3", "architecture": "amd64", "operatingSystem": "linux"}, "conditions": []object{{"type": "Ready", "status": "True"}}}})
	}
}

// system is what runs beside the apps: agents on every node, and roles.
func (c *cluster) system() {
	for _, agent := range []string{"log-agent", "node-exporter", "csi-driver"} {
		labels := object{"app": agent, "owner": "platform"}
		pod := c.pod(app{name: agent, team: "platform"}, agent, "monitoring")
		if agent == "csi-driver" {
			pod["containers"].([]object)[0]["securityContext"] = object{"privileged": true}
			pod["hostPID"] = c.wrong("host-pid", agent, 0.5)
		}
		pod["volumes"] = []object{{"name": "host", "hostPath": object{"path": "/var/log"}}}
		c.put("apps/v1", "DaemonSet", "monitoring", agent, labels, object{"spec": object{"selector": object{"matchLabels": labels}, "template": object{"metadata": object{"labels": labels}, "spec": pod}}})
		c.put("v1", "ServiceAccount", "monitoring", agent, labels, object{"automountServiceAccountToken": true})
	}
	role := func(name string, rules ...object) {
		c.put("rbac.authorization.k8s.io/v1", "ClusterRole", "", name, object{"owner": "platform"}, object{"rules": rules})
	}
	rule := func(groups, resources, verbs string) object {
		return object{"apiGroups": strings.Split(groups, ","), "resources": strings.Split(resources, ","), "verbs": strings.Split(verbs, ",")}
	}
	role("cluster-admin", rule("*", "*", "*"))
	role("halden-developer", rule(",apps,batch", "pods,deployments,jobs,services", "get,list,watch,create,update,patch"))
	role("halden-viewer", rule(",apps,batch", "pods,deployments,jobs,services", "get,list,watch"))
	role("deployer", rule(",apps", unless(c.wrong("deployer-secrets", "role", 0.6), "*", "deployments,services"), "*"))
	if c.wrong("wildcard-role", "operator", 0.6) {
		role("legacy-operator", rule("*", "*", "*"))
		c.bind("legacy-operator", "legacy-operator", object{"kind": "ServiceAccount", "name": "default", "namespace": "platform"})
	}
	c.bind("platform-admins", "cluster-admin", object{"kind": "Group", "name": "platform", "apiGroup": "rbac.authorization.k8s.io"})
	c.bind("developers", "halden-developer", object{"kind": "Group", "name": "developers", "apiGroup": "rbac.authorization.k8s.io"})
	if c.wrong("default-admin", "binding", 0.4) {
		c.bind("temporary", "cluster-admin", object{"kind": "ServiceAccount", "name": "default", "namespace": "default"})
	}
	c.put("storage.k8s.io/v1", "StorageClass", "", "encrypted", object{"owner": "platform"}, object{"provisioner": "csi.halden.example", "parameters": object{"encrypted": "true"}, "reclaimPolicy": "Delete", "volumeBindingMode": "WaitForFirstConsumer"})
}

func (c *cluster) bind(name, role string, subject object) {
	c.put("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "", name, object{"owner": "platform"}, object{"roleRef": object{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}, "subjects": []object{subject}})
}

// pod is the specification of an app's pods.
func (c *cluster) pod(a app, name, namespace string) object {
	tag := fmt.Sprintf("2026.%d.%d", c.between(1, 9, "tag", c.Name, name), c.between(0, 30, "patch", c.Name, name))
	if c.wrong("latest", name, 0.15) {
		tag = "latest"
	}
	container := object{"name": a.name, "image": c.registry + "/" + a.name + ":" + tag, "imagePullPolicy": "IfNotPresent", "ports": []object{{"name": "https", "containerPort": 8443, "protocol": "TCP"}},
		"securityContext": object{"runAsNonRoot": !c.wrong("as-root", name, 0.3), "allowPrivilegeEscalation": c.wrong("escalation", name, 0.3), "readOnlyRootFilesystem": !c.wrong("writable-root", name, 0.45), "capabilities": object{"drop": unless(c.wrong("capabilities", name, 0.35), []string{}, []string{"ALL"})}, "seccompProfile": object{"type": "RuntimeDefault"}},
		"env":             []object{{"name": "STAGE", "value": c.env}}}
	if !c.wrong("no-limits", name, 0.3) {
		container["resources"] = object{"limits": object{"memory": "512Mi", "cpu": "1"}, "requests": object{"memory": "256Mi", "cpu": "100m"}}
	}
	if !c.wrong("no-probes", name, 0.3) {
		probe := object{"httpGet": object{"path": "/healthz", "port": 8443, "scheme": "HTTPS"}}
		container["livenessProbe"], container["readinessProbe"] = probe, probe
	}
	if c.wrong("secret-in-env", name, 0.1) {
		container["env"] = append(container["env"].([]object), object{"name": "DB_PASSWORD", "value": c.hex(18, "password", c.Name, name)})
	}
	return object{"serviceAccountName": unless(c.wrong("default-account", name, 0.2), "default", a.name), "automountServiceAccountToken": c.wrong("token", name, 0.4), "containers": []object{container}, "restartPolicy": "Always", "hostNetwork": c.wrong("host-network", name, 0.06)}
}

// app puts an app's objects: what every one has, and i an ingress, j a job by
// the clock, s a store of its own.
func (c *cluster) app(a app) {
	labels := c.labels(a)
	choose := object{"app.kubernetes.io/name": a.name}
	n := 2
	if c.env == "prod" && !c.wrong("one-replica", a.name, 0.2) {
		n = 3
	}
	spec := c.pod(a, a.name, a.name)
	template := object{"metadata": object{"labels": labels}, "spec": spec}
	c.put("apps/v1", "Deployment", a.name, a.name, labels, object{"spec": object{"replicas": n, "selector": object{"matchLabels": choose}, "template": template}})
	for i := range n {
		running := object{"nodeName": fmt.Sprintf("%s-node-%d", c.Name, c.between(1, 5, "node", c.Name, a.name, fmt.Sprint(i)))}
		for k, v := range spec {
			running[k] = v
		}
		c.put("v1", "Pod", a.name, fmt.Sprintf("%s-%s", a.name, c.hex(10, "pod", c.Name, a.name, fmt.Sprint(i))), labels, object{"spec": running, "status": object{"phase": "Running"}})
	}
	c.put("v1", "Service", a.name, a.name, labels, object{"spec": object{"type": unless(c.wrong("load-balancer", a.name, 0.1), "LoadBalancer", "ClusterIP"), "selector": choose, "ports": []object{{"name": "https", "port": 443, "targetPort": 8443, "protocol": "TCP"}}}})
	c.put("v1", "ServiceAccount", a.name, a.name, labels, object{"automountServiceAccountToken": false})
	for _, what := range []string{"settings", "features", "certificates"} {
		c.put("v1", "ConfigMap", a.name, a.name+"-"+what, labels, object{"data": object{"STAGE": c.env, "LOG_LEVEL": "info"}})
	}
	c.put("v1", "Secret", a.name, a.name+"-credentials", labels, object{"type": "Opaque", "data": object{"password": "ZGVtb25zdHJhdGlvbg=="}})
	if !c.wrong("no-policy", a.name, 0.35) {
		c.put("networking.k8s.io/v1", "NetworkPolicy", a.name, "default-deny", labels, object{"spec": object{"podSelector": object{}, "policyTypes": []string{"Ingress", "Egress"}}})
		c.put("networking.k8s.io/v1", "NetworkPolicy", a.name, "from-gateway", labels, object{"spec": object{"podSelector": object{"matchLabels": choose}, "policyTypes": []string{"Ingress"}, "ingress": []object{{"from": []object{{"namespaceSelector": object{"matchLabels": object{"kubernetes.io/metadata.name": "platform"}}}}}}}})
	}
	c.put("autoscaling/v2", "HorizontalPodAutoscaler", a.name, a.name, labels, object{"spec": object{"scaleTargetRef": object{"apiVersion": "apps/v1", "kind": "Deployment", "name": a.name}, "minReplicas": n, "maxReplicas": 10, "metrics": []object{{"type": "Resource", "resource": object{"name": "cpu", "target": object{"type": "Utilization", "averageUtilization": 70}}}}}})
	c.put("policy/v1", "PodDisruptionBudget", a.name, a.name, labels, object{"spec": object{"minAvailable": 1, "selector": object{"matchLabels": choose}}})
	c.put("rbac.authorization.k8s.io/v1", "Role", a.name, "operator", labels, object{"rules": []object{{"apiGroups": []string{"", "apps"}, "resources": unless(c.wrong("role-secrets", a.name, 0.3), []string{"pods", "secrets"}, []string{"pods", "deployments"}), "verbs": unless(c.wrong("role-star", a.name, 0.15), []string{"*"}, []string{"get", "list", "watch"})}}})
	c.put("rbac.authorization.k8s.io/v1", "RoleBinding", a.name, "operators", labels, object{"roleRef": object{"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "operator"}, "subjects": []object{{"kind": "Group", "name": a.team, "apiGroup": "rbac.authorization.k8s.io"}}})
	if strings.Contains(a.needs, "i") {
		body := object{"rules": []object{{"host": a.name + ".haldenmarkets.example", "http": object{"paths": []object{{"path": "/", "pathType": "Prefix", "backend": object{"service": object{"name": a.name, "port": object{"number": 443}}}}}}}}}
		if !c.wrong("ingress-tls", a.name, 0.2) {
			body["tls"] = []object{{"hosts": []string{a.name + ".haldenmarkets.example"}, "secretName": a.name + "-tls"}}
		}
		c.put("networking.k8s.io/v1", "Ingress", a.name, a.name, labels, object{"spec": body})
	}
	if strings.Contains(a.needs, "j") {
		job := c.pod(a, a.name+"-nightly", a.name)
		job["restartPolicy"] = "Never"
		c.put("batch/v1", "CronJob", a.name, a.name+"-nightly", labels, object{"spec": object{"schedule": "15 2 * * *", "jobTemplate": object{"spec": object{"template": object{"metadata": object{"labels": labels}, "spec": job}}}}})
	}
	if strings.Contains(a.needs, "s") {
		store := app{name: a.name + "-store", team: a.team, class: a.class}
		own := object{"app.kubernetes.io/name": store.name}
		c.put("apps/v1", "StatefulSet", a.name, store.name, labels, object{"spec": object{"serviceName": store.name, "replicas": 2, "selector": object{"matchLabels": own}, "template": object{"metadata": object{"labels": own}, "spec": c.pod(store, store.name, a.name)}}})
		c.put("v1", "PersistentVolumeClaim", a.name, "data-"+store.name+"-0", labels, object{"spec": object{"accessModes": []string{"ReadWriteOnce"}, "storageClassName": "encrypted", "resources": object{"requests": object{"storage": "50Gi"}}}})
	}
	if a.name == "catalogue" && c.flicker("preview", 7*time.Minute) { // somebody tries something out
		preview := c.pod(app{name: "catalogue-preview"}, "catalogue-preview", a.name)
		preview["containers"].([]object)[0]["securityContext"] = object{"privileged": true}
		c.put("v1", "Pod", a.name, "catalogue-preview", labels, object{"spec": preview})
	}
}

// become has a world hold these objects in place of those that it was made to
// hold before, and writes down in held which it does: after an error both some
// of the new and all of the old.
func become(w *kubernetes.World, held map[string]object, list []object) error {
	return w.Update(func(tx *kubernetes.Tx) error {
		next := map[string]bool{}
		for _, o := range list {
			meta := o["metadata"].(object)
			key := fmt.Sprint(o["apiVersion"], "/", o["kind"], "/", meta["namespace"], "/", meta["name"])
			if err := tx.Put(o); err != nil {
				return err
			}
			next[key], held[key] = true, o
		}
		for key, o := range held {
			if next[key] {
				continue
			}
			meta := o["metadata"].(object)
			namespace, _ := meta["namespace"].(string)
			err := tx.Remove(o["apiVersion"].(string), o["kind"].(string), namespace, meta["name"].(string))
			if err != nil && !errors.Is(err, bulwark.ErrNotFound) { // it went with its namespace
				return err
			}
			delete(held, key)
		}
		return nil
	})
}
