package estate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/bulwarksec/bulwark/internal/replay/gcp"
)

// GoogleOrganization is the number of the company's organisation at Google,
// which the data platform lives in.
const GoogleOrganization = "704218839905"

// project is one of the company's; care is as an account's.
type project struct {
	number, id, name, folder, env string
	care                          float64
	apps                          []app
}

// The folders of the organisation, by their numbers.
var folders = [][2]string{{"381100000001", "Data platform"}, {"381100000002", "Experiments"}}

var projects = []project{
	{"510000000101", "halden-data-prod", "Data platform production", folders[0][0], "prod", 0.6, []app{{"lake", "data", "confidential", "sbqkm"}, {"forecast", "data", "internal", "vsbf"}, {"baskets", "data", "confidential", "sbdqr"}}},
	{"510000000102", "halden-analytics", "Analytics", folders[0][0], "prod", 0.9, []app{{"dashboards", "data", "internal", "drsb"}, {"analytics", "data", "internal", "gsq"}, {"exports", "finance", "confidential", "sbf"}}},
	{"510000000103", "halden-data-test", "Data platform test", folders[0][0], "staging", 1.4, []app{{"lake", "data", "internal", "sbq"}, {"forecast", "data", "internal", "vs"}, {"baskets", "data", "internal", "dsr"}}},
	{"510000000104", "halden-ml-lab", "Machine learning lab", folders[1][0], "sandbox", 2.3, []app{{"notebooks", "data", "internal", "vs"}, {"shelf-vision", "shops", "internal", "vsfb"}, {"demand-spike", "data", "internal", "sbr"}}},
	{"510000000105", "halden-maps", "Store maps", folders[1][0], "prod", 1.6, []app{{"store-maps", "web", "public", "rsfa"}, {"routes", "shops", "internal", "ra"}}},
}

// realm is a project that is being filled.
type realm struct {
	*builder
	*project
	list *[]gcp.Resource
}

// google makes the organisation's resources.
func (b *builder) google() []gcp.Resource {
	var list []gcp.Resource
	org := "organizations/" + GoogleOrganization
	manager := "//cloudresourcemanager.googleapis.com/"
	recorded := []object{{"service": "allServices", "auditLogConfigs": []object{{"logType": "ADMIN_READ"}, {"logType": "DATA_WRITE"}}}}
	if b.since(audit2) {
		recorded = []object{{"service": "allServices", "auditLogConfigs": []object{{"logType": "ADMIN_READ"}, {"logType": "DATA_WRITE"}, {"logType": "DATA_READ"}}}}
	}
	var rules []json.RawMessage
	enforce := func(from float64, constraint string) {
		if b.since(from) {
			rules = append(rules, marshal(object{"constraint": "constraints/" + constraint, "booleanPolicy": object{"enforced": true}}))
		}
	}
	enforce(-1, "compute.skipDefaultNetworkCreation")
	enforce(audit, "storage.uniformBucketLevelAccess")
	enforce(audit+0.05, "compute.requireOsLogin")
	enforce(audit2, "iam.disableServiceAccountKeyCreation")
	list = append(list, gcp.Resource{Name: manager + org, Type: "cloudresourcemanager.googleapis.com/Organization", Ancestors: []string{org}, Data: marshal(object{"name": org, "displayName": "haldenmarkets.example"}), OrgPolicy: rules,
		IAMPolicy: marshal(object{"bindings": []object{{"role": "roles/resourcemanager.organizationAdmin", "members": []string{"group:platform@haldenmarkets.example"}}}, "auditConfigs": recorded}),
		Owned:     map[string]json.RawMessage{"contacts": marshal([]object{{"name": org + "/contacts/1", "email": "security@haldenmarkets.example", "notificationCategorySubscriptions": []string{"SECURITY"}, "validationState": "VALID"}})}})
	for _, f := range folders {
		list = append(list, gcp.Resource{Name: manager + "folders/" + f[0], Type: "cloudresourcemanager.googleapis.com/Folder", Ancestors: []string{"folders/" + f[0], org}, Data: marshal(object{"name": "folders/" + f[0], "displayName": f[1], "state": "ACTIVE"})})
	}
	list = append(list, gcp.Resource{Name: "//logging.googleapis.com/" + org + "/sinks/everything", Type: "logging.googleapis.com/LogSink", Ancestors: []string{org}, Data: marshal(object{"name": "everything", "destination": "storage.googleapis.com/halden-data-prod-audit", "includeChildren": true})})
	for i := range projects {
		r := &realm{b, &projects[i], &list}
		r.whole()
		for _, a := range r.apps {
			r.app(a)
		}
	}
	return list
}

// audit2 is when the findings of the audit that take longer are mended.
const audit2 = audit + 0.12

func (r *realm) wrong(kind, name string, base float64) bool {
	return r.slip(r.care, kind, r.id+"/"+name, base)
}

func (r *realm) put(service, typ, path, location string, data object, bindings ...object) {
	res := gcp.Resource{Name: "//" + service + ".googleapis.com/" + path, Type: service + ".googleapis.com/" + typ, Location: location, Data: marshal(data),
		Ancestors: []string{"projects/" + r.number, "folders/" + r.folder, "organizations/" + GoogleOrganization}}
	if len(bindings) > 0 {
		res.IAMPolicy = marshal(object{"bindings": bindings})
	}
	*r.list = append(*r.list, res)
}

func (r *realm) labels(a app, name string) object {
	if r.wrong("unlabelled", name, 0.2) {
		return object{"app": a.name}
	}
	return object{"owner": a.team, "env": r.env, "app": a.name, "data-classification": a.class}
}

// self is how Compute Engine names a thing.
func (r *realm) self(path string) string {
	return "https://www.googleapis.com/compute/v1/projects/" + r.id + "/" + path
}

func (r *realm) whole() {
	bindings := []object{{"role": "roles/viewer", "members": []string{"group:data@haldenmarkets.example"}}, {"role": "roles/container.developer", "members": []string{"group:platform@haldenmarkets.example"}}}
	if r.wrong("basic-roles", "project", 0.35) {
		bindings = append(bindings, object{"role": "roles/editor", "members": []string{"user:omar.haddad@haldenmarkets.example", "serviceAccount:" + r.number + "-compute@developer.gserviceaccount.com"}})
	}
	if r.wrong("token-creator", "project", 0.3) {
		bindings = append(bindings, object{"role": "roles/iam.serviceAccountTokenCreator", "members": []string{"group:data@haldenmarkets.example"}})
	}
	r.put("cloudresourcemanager", "Project", "projects/"+r.number, "", object{"projectNumber": r.number, "projectId": r.id, "name": r.name, "lifecycleState": "ACTIVE", "labels": object{"env": r.env}}, bindings...)
	r.put("compute", "Project", "projects/"+r.id, "global", object{"name": r.id, "commonInstanceMetadata": object{"items": []object{{"key": "enable-oslogin", "value": unless(r.wrong("os-login", "project", 0.4), "FALSE", "TRUE")}}}})
	net := "global/networks/halden"
	r.put("compute", "Network", "projects/"+r.id+"/"+net, "global", object{"name": "halden", "autoCreateSubnetworks": false, "selfLink": r.self(net)})
	if r.wrong("default-network", "project", 0.35) {
		r.put("compute", "Network", "projects/"+r.id+"/global/networks/default", "global", object{"name": "default", "autoCreateSubnetworks": true, "selfLink": r.self("global/networks/default")})
	}
	for i, region := range []string{"europe-west1", "europe-north1"} {
		path := "regions/" + region + "/subnetworks/" + r.env
		r.put("compute", "Subnetwork", "projects/"+r.id+"/"+path, region, object{"name": r.env, "network": r.self(net), "ipCidrRange": fmt.Sprintf("10.1%d.0.0/20", i), "privateIpGoogleAccess": !r.wrong("private-google", region, 0.3), "logConfig": object{"enable": !r.wrong("subnet-logs", region, 0.4)}, "purpose": "PRIVATE", "stackType": "IPV4_ONLY", "selfLink": r.self(path)})
	}
	rule := func(name, from, port string) {
		path := "global/firewalls/" + name
		r.put("compute", "Firewall", "projects/"+r.id+"/"+path, "global", object{"name": name, "network": r.self(net), "direction": "INGRESS", "priority": 1000, "sourceRanges": []string{from}, "allowed": []object{{"IPProtocol": "tcp", "ports": []string{port}}}, "logConfig": object{"enable": !r.wrong("rule-logs", name, 0.4)}, "selfLink": r.self(path)})
	}
	rule("allow-health-checks", "35.191.0.0/16", "8443")
	rule("allow-ssh", unless(r.wrong("ssh-open", "rule", 0.35), "0.0.0.0/0", "35.235.240.0/20"), "22")
	rule("allow-internal", "10.10.0.0/15", "0-65535")
	if r.wrong("rdp-open", "rule", 0.2) {
		rule("allow-rdp", "0.0.0.0/0", "3389")
	}
	for _, key := range []string{"data", "logs"} {
		data := object{"name": r.key(key), "purpose": "ENCRYPT_DECRYPT", "rotationPeriod": "7776000s", "versionTemplate": object{"protectionLevel": "SOFTWARE"}}
		if r.wrong("key-rotation", key, 0.35) {
			delete(data, "rotationPeriod")
		}
		r.put("cloudkms", "CryptoKey", r.key(key), "europe-west1", data, object{"role": "roles/cloudkms.cryptoKeyEncrypterDecrypter", "members": []string{"serviceAccount:service-" + r.number + "@gs-project-accounts.iam.gserviceaccount.com"}})
	}
	r.bucket(app{name: "audit", team: "security", class: "internal"}, r.id+"-audit")
	r.put("dns", "ManagedZone", "projects/"+r.id+"/managedZones/internal", "global", object{"name": "internal", "dnsName": r.id + ".halden.internal.", "visibility": "private"})
}

func (r *realm) key(name string) string {
	return "projects/" + r.id + "/locations/europe-west1/keyRings/halden/cryptoKeys/" + name
}

func (r *realm) app(a app) {
	email := a.name + "@" + r.id + ".iam.gserviceaccount.com"
	number := r.digits(21, r.id, a.name)
	account := "projects/" + r.id + "/serviceAccounts/" + number
	r.put("iam", "ServiceAccount", account, "", object{"name": "projects/" + r.id + "/serviceAccounts/" + email, "email": email, "uniqueId": number, "displayName": title(a.name), "projectId": r.id})
	if r.wrong("account-key", a.name, 0.4) {
		id := r.hex(40, "key", r.id, a.name)
		key := gcp.Resource{Name: "//iam.googleapis.com/" + account + "/keys/" + id, Type: "iam.googleapis.com/ServiceAccountKey", Parent: "//iam.googleapis.com/" + account, Ancestors: []string{"projects/" + r.number, "folders/" + r.folder, "organizations/" + GoogleOrganization},
			Data: marshal(object{"name": "projects/" + r.id + "/serviceAccounts/" + email + "/keys/" + id, "keyType": "USER_MANAGED", "keyOrigin": "GOOGLE_PROVIDED", "keyAlgorithm": "KEY_ALG_RSA_2048", "validAfterTime": r.made("key/" + r.id + a.name).Format(time.RFC3339)})}
		*r.list = append(*r.list, key)
	}
	parts := map[rune]func(a app){'s': func(a app) { r.bucket(a, "halden-"+r.env+"-"+a.name); r.bucket(a, "halden-"+r.env+"-"+a.name+"-tmp") }, 'b': r.dataset, 'q': r.topics, 'v': func(a app) { r.instances(a, email) }, 'd': r.sql, 'r': r.services, 'f': r.function, 'g': r.cluster, 'a': r.apiKey, 'm': r.memory}
	for _, letter := range a.needs { // in this order
		if part := parts[letter]; part != nil {
			part(a)
		}
	}
	r.put("artifactregistry", "Repository", "projects/"+r.id+"/locations/europe-west1/repositories/"+a.name, "europe-west1", object{"name": "projects/" + r.id + "/locations/europe-west1/repositories/" + a.name, "format": "DOCKER", "labels": r.labels(a, a.name)})
}

func (r *realm) bucket(a app, name string) {
	data := object{"name": name, "location": "EUROPE-WEST1", "labels": r.labels(a, name), "iamConfiguration": object{"uniformBucketLevelAccess": object{"enabled": !r.wrong("acls", name, 0.25)}, "publicAccessPrevention": unless(r.wrong("public-possible", name, 0.4), "inherited", "enforced")}, "versioning": object{"enabled": !r.wrong("versions", name, 0.35)}}
	if !r.wrong("bucket-logs", name, 0.4) {
		data["logging"] = object{"logBucket": r.id + "-audit"}
	}
	if a.class == "confidential" {
		data["encryption"] = object{"defaultKmsKeyName": r.key("data")}
	}
	members := []string{"group:" + a.team + "@haldenmarkets.example"}
	if r.wrong("bucket-public", name, 0.06) {
		members = append(members, "allUsers")
	}
	r.put("storage", "Bucket", name, "EUROPE-WEST1", data, object{"role": "roles/storage.objectViewer", "members": members})
}

func (r *realm) dataset(a app) {
	name := "projects/" + r.id + "/datasets/" + a.name
	data := object{"datasetReference": object{"projectId": r.id, "datasetId": a.name}, "location": "EU", "labels": r.labels(a, a.name)}
	if !r.wrong("dataset-key", a.name, 0.5) {
		data["defaultEncryptionConfiguration"] = object{"kmsKeyName": r.key("data")}
	}
	access := []object{{"role": "OWNER", "groupByEmail": "data@haldenmarkets.example"}}
	if r.wrong("dataset-public", a.name, 0.1) {
		access = append(access, object{"role": "READER", "specialGroup": "allAuthenticatedUsers"})
	}
	*r.list = append(*r.list, gcp.Resource{Name: "//bigquery.googleapis.com/" + name, Type: "bigquery.googleapis.com/Dataset", Location: "EU", Data: marshal(data), Owned: map[string]json.RawMessage{"access": marshal(access)},
		Ancestors: []string{"projects/" + r.number, "folders/" + r.folder, "organizations/" + GoogleOrganization}})
	for _, t := range []string{"events", "daily", "customers"} {
		table := object{"tableReference": object{"projectId": r.id, "datasetId": a.name, "tableId": t}, "type": "TABLE"}
		if !r.wrong("table-key", a.name+t, 0.4) {
			table["encryptionConfiguration"] = object{"kmsKeyName": r.key("data")}
		}
		r.put("bigquery", "Table", name+"/tables/"+t, "EU", table)
	}
}

func (r *realm) topics(a app) {
	for _, t := range []string{"events", "errors"} {
		data := object{"name": "projects/" + r.id + "/topics/" + a.name + "-" + t, "labels": r.labels(a, t)}
		if !r.wrong("topic-key", a.name+t, 0.5) {
			data["kmsKeyName"] = r.key("data")
		}
		r.put("pubsub", "Topic", "projects/"+r.id+"/topics/"+a.name+"-"+t, "", data)
	}
}

func (r *realm) instances(a app, email string) {
	for i := range 3 {
		name := fmt.Sprintf("%s-%d", a.name, i+1)
		if _, ok := r.lives(r.id + name); !ok {
			continue
		}
		zone := "europe-west1-" + zones[i]
		path := "zones/" + zone + "/instances/" + name
		nic := object{"network": r.self("global/networks/halden"), "subnetwork": r.self("regions/europe-west1/subnetworks/" + r.env), "networkIP": fmt.Sprintf("10.10.0.%d", r.between(5, 250, name))}
		if r.wrong("public-address", name, 0.3) {
			nic["accessConfigs"] = []object{{"name": "External NAT", "type": "ONE_TO_ONE_NAT", "natIP": fmt.Sprintf("203.0.113.%d", r.between(5, 250, name, "nat"))}}
		}
		scopes := []string{"https://www.googleapis.com/auth/logging.write"}
		if r.wrong("all-scopes", name, 0.35) {
			scopes, email = []string{"https://www.googleapis.com/auth/cloud-platform"}, r.number+"-compute@developer.gserviceaccount.com"
		}
		disk := object{}
		if !r.wrong("disk-key", name, 0.5) {
			disk = object{"kmsKeyName": r.key("data")}
		}
		r.put("compute", "Instance", "projects/"+r.id+"/"+path, zone, object{"name": name, "selfLink": r.self(path), "labels": r.labels(a, name), "machineType": "n2-standard-4", "status": "RUNNING", "canIpForward": false, "networkInterfaces": []object{nic}, "serviceAccounts": []object{{"email": email, "scopes": scopes}},
			"shieldedInstanceConfig": object{"enableSecureBoot": !r.wrong("secure-boot", name, 0.4), "enableVtpm": true, "enableIntegrityMonitoring": true}, "metadata": object{"items": []object{{"key": "block-project-ssh-keys", "value": unless(r.wrong("project-keys", name, 0.4), "false", "true")}, {"key": "serial-port-enable", "value": unless(r.wrong("serial", name, 0.15), "true", "false")}}},
			"disks": []object{{"boot": true, "type": "PERSISTENT", "diskEncryptionKey": disk, "source": r.self("zones/" + zone + "/disks/" + name)}}})
		r.put("compute", "Disk", "projects/"+r.id+"/zones/"+zone+"/disks/"+name, zone, object{"name": name, "sizeGb": "100", "diskEncryptionKey": disk, "labels": r.labels(a, name), "selfLink": r.self("zones/" + zone + "/disks/" + name)})
	}
}

func (r *realm) sql(a app) {
	name := a.name + "-" + r.env
	flags := []object{{"name": "log_checkpoints", "value": "on"}, {"name": "log_connections", "value": unless(r.wrong("sql-connections", name, 0.4), "off", "on")}, {"name": "log_disconnections", "value": "on"}, {"name": "log_lock_waits", "value": unless(r.wrong("sql-locks", name, 0.4), "off", "on")}, {"name": "cloudsql.enable_pgaudit", "value": "on"}}
	networks := []object{}
	if r.wrong("sql-everybody", name, 0.2) {
		networks = append(networks, object{"value": "0.0.0.0/0", "name": "anywhere"})
	}
	r.put("sqladmin", "Instance", "projects/"+r.id+"/instances/"+name, "europe-west1", object{"name": name, "databaseVersion": "POSTGRES_16", "region": "europe-west1", "state": "RUNNABLE", "instanceType": "CLOUD_SQL_INSTANCE", "selfLink": "https://sqladmin.googleapis.com/sql/v1beta4/projects/" + r.id + "/instances/" + name,
		"settings": object{"userLabels": r.labels(a, name), "ipConfiguration": object{"ipv4Enabled": r.wrong("sql-public", name, 0.35), "requireSsl": !r.wrong("sql-ssl", name, 0.3), "sslMode": unless(r.wrong("sql-ssl", name, 0.3), "ALLOW_UNENCRYPTED_AND_ENCRYPTED", "ENCRYPTED_ONLY"), "authorizedNetworks": networks, "privateNetwork": "projects/" + r.id + "/global/networks/halden"},
			"backupConfiguration": object{"enabled": !r.wrong("sql-backups", name, 0.25), "pointInTimeRecoveryEnabled": true}, "databaseFlags": flags}})
}

func (r *realm) services(a app) {
	for _, what := range []string{"api", "web"} {
		name := a.name + "-" + what
		members := []string{"serviceAccount:" + a.name + "@" + r.id + ".iam.gserviceaccount.com"}
		if r.wrong("run-public", name, 0.3) {
			members = []string{"allUsers"}
		}
		r.put("run", "Service", "projects/"+r.id+"/locations/europe-west1/services/"+name, "europe-west1", object{"metadata": object{"name": name, "labels": r.labels(a, name), "annotations": object{"run.googleapis.com/ingress": unless(r.wrong("run-ingress", name, 0.4), "all", "internal-and-cloud-load-balancing")}}}, object{"role": "roles/run.invoker", "members": members})
	}
}

func (r *realm) function(a app) {
	name := "projects/" + r.id + "/locations/europe-west1/functions/" + a.name + "-load"
	r.put("cloudfunctions", "Function", name, "europe-west1", object{"name": name, "state": "ACTIVE", "buildConfig": object{"runtime": "python312"}, "serviceConfig": object{"ingressSettings": unless(r.wrong("function-ingress", a.name, 0.4), "ALLOW_ALL", "ALLOW_INTERNAL_ONLY")}, "labels": r.labels(a, a.name)}, object{"role": "roles/cloudfunctions.invoker", "members": []string{unless(r.wrong("function-public", a.name, 0.2), "allUsers", "group:data@haldenmarkets.example")}})
}

func (r *realm) memory(a app) {
	name := "projects/" + r.id + "/locations/europe-west1/instances/" + a.name
	r.put("redis", "Instance", name, "europe-west1", object{"name": name, "tier": "STANDARD_HA", "authEnabled": !r.wrong("redis-auth", a.name, 0.4), "transitEncryptionMode": unless(r.wrong("redis-tls", a.name, 0.4), "DISABLED", "SERVER_AUTHENTICATION"), "labels": r.labels(a, a.name)})
}

func (r *realm) apiKey(a app) {
	name := "projects/" + r.number + "/locations/global/keys/" + r.uuid("api key", r.id, a.name)
	data := object{"name": name, "displayName": title(a.name), "createTime": r.made("api key/" + a.name).Format(time.RFC3339), "restrictions": object{"browserKeyRestrictions": object{"allowedReferrers": []string{"https://haldenmarkets.example/*"}}, "apiTargets": []object{{"service": "maps-backend.googleapis.com"}}}}
	if r.wrong("key-unbound", a.name, 0.5) {
		delete(data, "restrictions")
	}
	r.put("apikeys", "Key", name, "global", data)
}

func (r *realm) cluster(a app) {
	path := "projects/" + r.id + "/locations/europe-west1/clusters/gke-analytics"
	node := object{"imageType": "COS_CONTAINERD", "serviceAccount": a.name + "@" + r.id + ".iam.gserviceaccount.com", "oauthScopes": []string{"https://www.googleapis.com/auth/cloud-platform"}, "workloadMetadataConfig": object{"mode": "GKE_METADATA"}, "shieldedInstanceConfig": object{"enableSecureBoot": true, "enableIntegrityMonitoring": true}, "metadata": object{"disable-legacy-endpoints": "true"}}
	r.put("container", "Cluster", path, "europe-west1", object{"name": "gke-analytics", "location": "europe-west1", "selfLink": "https://container.googleapis.com/v1/" + path, "resourceLabels": r.labels(a, "gke"), "privateClusterConfig": object{"enablePrivateNodes": true, "enablePrivateEndpoint": false}, "masterAuthorizedNetworksConfig": object{"enabled": !r.wrong("gke-open", "cluster", 0.5), "cidrBlocks": []object{{"cidrBlock": "198.51.100.16/28"}}},
		"networkConfig": object{"datapathProvider": "ADVANCED_DATAPATH", "enableIntraNodeVisibility": false}, "ipAllocationPolicy": object{"useIpAliases": true}, "databaseEncryption": object{"state": unless(r.wrong("gke-secrets", "cluster", 0.6), "DECRYPTED", "ENCRYPTED"), "keyName": r.key("data")}, "releaseChannel": object{"channel": "REGULAR"}, "workloadIdentityConfig": object{"workloadPool": r.id + ".svc.id.goog"}, "shieldedNodes": object{"enabled": true},
		"loggingService": "logging.googleapis.com/kubernetes", "monitoringService": "monitoring.googleapis.com/kubernetes", "currentMasterVersion": "1.33.4-gke.100", "nodeConfig": node})
	for _, pool := range []string{"default", "spark"} {
		*r.list = append(*r.list, gcp.Resource{Name: "//container.googleapis.com/" + path + "/nodePools/" + pool, Type: "container.googleapis.com/NodePool", Parent: "//container.googleapis.com/" + path, Location: "europe-west1",
			Ancestors: []string{"projects/" + r.number, "folders/" + r.folder, "organizations/" + GoogleOrganization}, Data: marshal(object{"name": pool, "config": node, "management": object{"autoRepair": true, "autoUpgrade": !r.wrong("pool-upgrade", pool, 0.4)}})})
	}
}

// differences has a state become what the list says: only what differs is
// written, since a state keeps what was.
func differences(s *gcp.State, old map[string][]byte, list []gcp.Resource, at time.Time) map[string][]byte {
	next := map[string][]byte{}
	var changed []gcp.Resource
	for _, r := range list {
		data := marshal(r)
		next[r.Name] = data
		if !bytes.Equal(old[r.Name], data) {
			changed = append(changed, r)
		}
	}
	var gone []string
	for name := range old {
		if next[name] == nil {
			gone = append(gone, name)
		}
	}
	s.Set(at, changed...)
	s.Delete(at, gone...)
	return next
}
