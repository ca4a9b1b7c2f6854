package estate

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark/internal/replay/azure"
)

// The tenant, and the application that the product signs in as.
const (
	AzureTenant = "5f0c1a7e-2d44-4b1a-9f3e-6b1d70c4ae10"
	AzureClient = "c2d9e8b1-77aa-4f60-8a11-0e5b4c9d2f31"
	AzureSecret = "demonstration-only"
)

// object is JSON as Azure, Google and Kubernetes write it.
type object = map[string]any

// subscription is one of the company's; care is as an account's.
type subscription struct {
	id, name, group, env string
	care                 float64
	apps                 []app
}

var subscriptions = []subscription{
	{"0a6f3c52-8e1d-4d0c-b7f5-1c2d3e4f5a01", "Halden Retail Production", "production", "prod", 0.7,
		[]app{{"webshop", "web", "confidential", "dwskc"}, {"click-collect", "shops", "internal", "dwsk"}, {"gift-cards", "payments", "cardholder", "dwskc"}, {"promotions", "marketing", "internal", "wsq"}, {"receipts", "shops", "confidential", "dwsk"}}},
	{"0a6f3c52-8e1d-4d0c-b7f5-1c2d3e4f5a02", "Halden Corporate", "production", "prod", 1.1,
		[]app{{"people", "people", "confidential", "dwsk"}, {"payroll", "finance", "confidential", "dsvk"}, {"intranet", "people", "internal", "ws"}, {"file-shares", "platform", "confidential", "svk"}, {"rostering", "shops", "internal", "dwsv"}}},
	{"0a6f3c52-8e1d-4d0c-b7f5-1c2d3e4f5a03", "Halden Integration", "non-production", "staging", 1.3,
		[]app{{"webshop", "web", "internal", "dwsk"}, {"edi-gateway", "merchandising", "internal", "vqs"}, {"supplier-portal", "merchandising", "internal", "dws"}}},
	{"0a6f3c52-8e1d-4d0c-b7f5-1c2d3e4f5a04", "Halden Playground", "non-production", "sandbox", 2.4,
		[]app{{"lab", "data", "internal", "dvws"}, {"workshop", "people", "internal", "vws"}, {"bot-trial", "web", "internal", "wsqk"}}},
}

// land is a subscription that is being filled.
type land struct {
	*builder
	*subscription
	state *azure.State
}

// azure makes the tenant.
func (b *builder) azure() *azure.State {
	s := &azure.State{TenantID: AzureTenant, Premium: true, Clients: map[string]*azure.Client{AzureClient: {Secret: AzureSecret}},
		ManagementGroups: []azure.ManagementGroup{{ID: AzureTenant, Name: "Tenant Root Group"}, {ID: "production", Name: "Production", Parent: AzureTenant}, {ID: "non-production", Name: "Non-production", Parent: AzureTenant}},
		Rows:             map[string]json.RawMessage{}, Details: map[string]json.RawMessage{}, Lists: map[string][]json.RawMessage{}, Objects: map[string]json.RawMessage{}}
	b.directory(s)
	for i := range subscriptions {
		sub := &subscriptions[i]
		s.Subscriptions = append(s.Subscriptions, azure.Subscription{ID: sub.id, Name: sub.name, Group: sub.group})
		l := &land{b, sub, s}
		l.plan()
		for _, a := range sub.apps {
			l.app(a)
		}
	}
	return s
}

// marshal writes what is made of plain maps, lists and values.
func marshal(v any) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // it holds nothing that JSON cannot write
	}
	return data
}

func (l *land) wrong(kind, name string, base float64) bool {
	return l.slip(l.care, kind, l.id+"/"+name, base)
}

// unless is one of two values: what a mistake makes of it, or how it should be.
func unless[T any](wrong bool, bad, good T) T {
	if wrong {
		return bad
	}
	return good
}

// resource puts a resource below a group, or below another resource, and
// returns its id. typ is its whole type.
func (l *land) resource(parent, typ, name string, body object) string {
	own := typ
	if i := strings.LastIndex(typ, "/"); strings.Contains(parent, "/providers/") {
		own = typ[i+1:]
	} else {
		own = "providers/" + typ
	}
	id := parent + "/" + own + "/" + name
	row := object{"id": id, "name": name, "type": typ, "location": "westeurope"}
	for k, v := range body {
		row[k] = v
	}
	l.state.Rows[strings.ToLower(id)] = marshal(row)
	return id
}

// detail puts what Resource Manager alone tells of a resource.
func (l *land) detail(id, path, name string, properties object) {
	whole := id + "/" + path + "/" + name
	l.state.Details[strings.ToLower(whole)] = marshal(object{"id": whole, "name": name, "properties": properties})
}

func (l *land) tags(a app, name string) object {
	t := object{"owner": a.team, "env": l.env, "app": a.name, "data-classification": a.class}
	if l.wrong("untagged", name, 0.2) {
		return object{"app": a.name}
	}
	return t
}

func (l *land) group(name string, a app) string {
	id := "/subscriptions/" + l.id + "/resourceGroups/" + name
	l.state.Rows[strings.ToLower(id)] = marshal(object{"id": id, "name": name, "type": "Microsoft.Resources/resourceGroups", "location": "westeurope", "tags": l.tags(a, name), "properties": object{"provisioningState": "Succeeded"}})
	return id
}

// plan is what a subscription has as a whole: Defender's plans, contacts, its
// network and who may do what.
func (l *land) plan() {
	sub := "/subscriptions/" + l.id
	for _, name := range []string{"VirtualMachines", "SqlServers", "AppServices", "StorageAccounts", "KeyVaults", "Containers", "Arm", "OpenSourceRelationalDatabases", "CosmosDbs"} {
		l.detail(sub, "providers/Microsoft.Security/pricings", name, object{"pricingTier": unless(l.wrong("plan", name, 0.4), "Free", "Standard")})
	}
	contact := object{"emails": "security@haldenmarkets.example", "alertNotifications": object{"state": "On", "minimalSeverity": "High"}, "notificationsByRole": object{"state": "On", "roles": []string{"Owner"}}}
	if l.wrong("contact", "subscription", 0.3) {
		contact["emails"] = ""
	}
	l.detail(sub, "providers/Microsoft.Security/securityContacts", "default", contact)
	if !l.wrong("activity-log", "subscription", 0.3) {
		l.detail(sub, "providers/Microsoft.Insights/diagnosticSettings", "to-archive", l.logs("Administrative", "Security", "Alert", "Policy"))
	}
	for i, role := range []string{"8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "b24988ac-6180-42a0-ab88-20f7382dd24c", "acdd72a7-3385-48ef-bd42-f606fba81ae7"} {
		l.assign(sub, role, l.uuid("entra group", teams[i]), "Group")
	}
	if l.wrong("many-owners", "subscription", 0.4) {
		for _, p := range l.people(150)[:4] {
			l.assign(sub, "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", l.uuid("entra user", p.login), "User")
		}
	}
	l.network()
}

func (l *land) assign(scope, role, principal, kind string) {
	name := l.uuid("assignment", scope, role, principal)
	id := scope + "/providers/Microsoft.Authorization/roleAssignments/" + name
	l.state.Rows[strings.ToLower(id)] = marshal(object{"id": id, "name": name, "type": "Microsoft.Authorization/roleAssignments",
		"properties": object{"roleDefinitionId": scope + "/providers/Microsoft.Authorization/roleDefinitions/" + role, "principalId": principal, "principalType": kind, "scope": scope}})
}

func (l *land) logs(categories ...string) object {
	var list []object
	for _, c := range categories {
		list = append(list, object{"category": c, "enabled": true})
	}
	return object{"workspaceId": "/subscriptions/" + subscriptions[1].id + "/resourceGroups/platform/providers/Microsoft.OperationalInsights/workspaces/halden-logs", "logs": list}
}

func (l *land) network() {
	g := l.group("network", shared)
	var subnets []object
	vnet := g + "/providers/Microsoft.Network/virtualNetworks/halden-" + l.env
	for i, name := range []string{"apps", "data", "servers", "aks"} {
		rules := []object{l.rule("from-front-door", 100, "Allow", "443", "AzureFrontDoor.Backend")}
		if name == "servers" && l.wrong("ssh-open", name, 0.3) {
			rules = append(rules, l.rule("temp-ssh", 200, "Allow", "22", "*"))
		}
		if name == "servers" && l.wrong("rdp-open", name, 0.35) {
			rules = append(rules, l.rule("vendor-rdp", 210, "Allow", "3389", "Internet"))
		}
		nsg := l.resource(g, "Microsoft.Network/networkSecurityGroups", "nsg-"+name, object{"tags": l.tags(shared, "nsg-"+name), "properties": object{"securityRules": rules, "provisioningState": "Succeeded"}})
		subnets = append(subnets, object{"id": vnet + "/subnets/" + name, "name": name, "properties": object{"addressPrefix": fmt.Sprintf("10.2%d.%d.0/24", len(l.env), i), "networkSecurityGroup": object{"id": nsg}}})
	}
	l.resource(g, "Microsoft.Network/virtualNetworks", "halden-"+l.env, object{"tags": l.tags(shared, "vnet"), "properties": object{"addressSpace": object{"addressPrefixes": []string{fmt.Sprintf("10.2%d.0.0/16", len(l.env))}}, "subnets": subnets}})
	watcher := l.resource(l.group("NetworkWatcherRG", shared), "Microsoft.Network/networkWatchers", "NetworkWatcher_westeurope", object{"properties": object{"provisioningState": "Succeeded"}})
	if !l.wrong("flow-logs", "vnet", 0.3) {
		l.resource(watcher, "Microsoft.Network/networkWatchers/flowLogs", "halden-"+l.env, object{"properties": object{"targetResourceId": vnet, "enabled": true, "retentionPolicy": object{"enabled": true, "days": unless(l.wrong("flow-days", "vnet", 0.4), 30, 120)}}})
	}
}

func (l *land) rule(name string, priority int, access, port, from string) object {
	return object{"name": name, "properties": object{"access": access, "direction": "Inbound", "protocol": "Tcp", "priority": priority, "sourceAddressPrefix": from, "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": port}}
}

// app fills in what an app is made of: s storage, w web sites, d databases, v
// machines, k a key vault, q messages, c a cache.
func (l *land) app(a app) {
	g := l.group(a.name, a)
	for letter, make := range map[string]func(g string, a app){"s": l.storage, "w": l.sites, "d": l.database, "v": l.machines, "k": l.vault, "q": l.messages, "c": l.cacheOf} {
		if a.has(letter) {
			make(g, a)
		}
	}
	l.assign(g, "b24988ac-6180-42a0-ab88-20f7382dd24c", l.uuid("entra group", a.team), "Group")
}

func (l *land) storage(g string, a app) {
	for _, what := range []string{"data", "web"} {
		name := strings.ReplaceAll("hm"+l.env[:1]+a.name+what, "-", "")
		if _, ok := l.lives(l.id + name); !ok {
			continue
		}
		id := l.resource(g, "Microsoft.Storage/storageAccounts", name, object{"kind": "StorageV2", "sku": object{"name": unless(l.wrong("one-copy", name, 0.4), "Standard_LRS", "Standard_GRS"), "tier": "Standard"}, "tags": l.tags(a, name),
			"properties": object{"supportsHttpsTrafficOnly": !l.wrong("plain-storage", name, 0.1), "minimumTlsVersion": unless(l.wrong("storage-tls", name, 0.2), "TLS1_0", "TLS1_2"), "allowBlobPublicAccess": l.wrong("blob-public", name, 0.2), "allowSharedKeyAccess": l.wrong("shared-key", name, 0.5),
				"publicNetworkAccess": unless(l.wrong("storage-public", name, 0.3), "Enabled", "Disabled"), "networkAcls": object{"defaultAction": unless(l.wrong("storage-open", name, 0.35), "Allow", "Deny"), "bypass": "AzureServices", "ipRules": []any{}, "virtualNetworkRules": []any{}}}})
		l.detail(id, "blobServices", "default", object{"isVersioningEnabled": !l.wrong("blob-versions", name, 0.4), "deleteRetentionPolicy": object{"enabled": !l.wrong("blob-delete", name, 0.25), "days": 14}, "containerDeleteRetentionPolicy": object{"enabled": true, "days": 14}})
		l.detail(id, "fileServices", "default", object{"shareDeleteRetentionPolicy": object{"enabled": true, "days": 7}})
		for _, c := range []string{"files", "exports"} {
			l.detail(id, "blobServices/default/containers", c, object{"publicAccess": unless(l.wrong("container-public", name+c, 0.08), "Blob", "None")})
		}
	}
}

func (l *land) sites(g string, a app) {
	for _, what := range []string{"app", "func"} {
		name := "hm-" + l.env + "-" + a.name + "-" + what
		kind := unless(what == "func", "functionapp,linux", "app,linux")
		id := l.resource(g, "Microsoft.Web/sites", name, object{"kind": kind, "tags": l.tags(a, name), "identity": unless(l.wrong("no-identity", name, 0.25), object{}, object{"type": "SystemAssigned"}),
			"properties": object{"httpsOnly": !l.wrong("plain-site", name, 0.2), "clientCertEnabled": l.care < 0.9, "publicNetworkAccess": "Enabled", "state": "Running", "defaultHostName": name + ".azurewebsites.net"}})
		l.detail(id, "config", "web", object{"minTlsVersion": unless(l.wrong("site-tls", name, 0.15), "1.0", "1.2"), "ftpsState": unless(l.wrong("ftp", name, 0.3), "AllAllowed", "Disabled"), "http20Enabled": !l.wrong("http2", name, 0.4), "remoteDebuggingEnabled": l.wrong("site-debug", name, 0.1), "alwaysOn": true, "healthCheckPath": "/healthz",
			"detailedErrorLoggingEnabled": true, "requestTracingEnabled": true, "httpLoggingEnabled": !l.wrong("site-logs", name, 0.35), "pythonVersion": unless(l.wrong("old-python", name, 0.2), "3.8", "3.12"), "cors": object{"allowedOrigins": unless(l.wrong("cors", name, 0.12), []string{"*"}, []string{"https://haldenmarkets.example"})}})
		l.detail(id, "config", "authsettingsV2", object{"platform": object{"enabled": !l.wrong("site-auth", name, 0.5)}})
		l.detail(id, "basicPublishingCredentialsPolicies", "ftp", object{"allow": l.wrong("basic-ftp", name, 0.4)})
		l.detail(id, "basicPublishingCredentialsPolicies", "scm", object{"allow": l.wrong("basic-scm", name, 0.4)})
		if !l.wrong("site-diagnostics", name, 0.35) {
			l.detail(id, "providers/Microsoft.Insights/diagnosticSettings", "to-logs", l.logs("AppServiceHTTPLogs", "AppServiceAuditLogs"))
		}
	}
}

func (l *land) database(g string, a app) {
	name := "hm-" + l.env + "-" + a.name + "-sql"
	id := l.resource(g, "Microsoft.Sql/servers", name, object{"tags": l.tags(a, name), "properties": object{"minimalTlsVersion": "1.2", "publicNetworkAccess": unless(l.wrong("sql-public", name, 0.3), "Enabled", "Disabled"), "administratorLogin": "haldenadmin",
		"administrators": object{"azureADOnlyAuthentication": !l.wrong("sql-passwords", name, 0.4), "login": "Database administrators"}}})
	l.detail(id, "auditingSettings", "default", object{"state": unless(l.wrong("sql-audit", name, 0.25), "Disabled", "Enabled"), "retentionDays": unless(l.wrong("sql-audit-days", name, 0.3), 30, 120)})
	l.detail(id, "securityAlertPolicies", "default", object{"state": unless(l.wrong("sql-alerts", name, 0.3), "Disabled", "Enabled"), "emailAccountAdmins": true, "emailAddresses": []string{"security@haldenmarkets.example"}, "disabledAlerts": []string{}})
	l.detail(id, "administrators", "ActiveDirectory", object{"login": "Database administrators", "sid": l.uuid("entra group", "data"), "tenantId": AzureTenant})
	if l.wrong("sql-everybody", name, 0.15) {
		l.detail(id, "firewallRules", "everybody", object{"startIpAddress": "0.0.0.0", "endIpAddress": "255.255.255.255"})
	} else {
		l.detail(id, "firewallRules", "office", object{"startIpAddress": "198.51.100.16", "endIpAddress": "198.51.100.31"})
	}
	for _, db := range []string{"main", "reporting"} {
		d := l.resource(id, "Microsoft.Sql/servers/databases", db, object{"kind": "v12.0,user,vcore", "tags": l.tags(a, db), "properties": object{"zoneRedundant": l.env == "prod" && !l.wrong("sql-zone", name+db, 0.5), "status": "Online"}})
		l.detail(d, "auditingSettings", "default", object{"state": "Enabled", "retentionDays": 120})
		l.detail(d, "transparentDataEncryption", "current", object{"state": unless(l.wrong("sql-tde", name+db, 0.07), "Disabled", "Enabled")})
		if !l.wrong("sql-diagnostics", name+db, 0.3) {
			l.detail(d, "providers/Microsoft.Insights/diagnosticSettings", "to-logs", l.logs("SQLInsights", "Errors"))
		}
	}
}

func (l *land) machines(g string, a app) {
	for i := range 2 {
		name := fmt.Sprintf("vm-%s-%s-%d", l.env, a.name, i+1)
		disk := l.resource(g, "Microsoft.Compute/disks", name+"-os", object{"tags": l.tags(a, name), "sku": object{"name": "Premium_LRS"}, "properties": object{"diskSizeGB": 64, "diskState": "Attached", "encryption": object{"type": unless(l.wrong("disk-key", name, 0.5), "EncryptionAtRestWithPlatformKey", "EncryptionAtRestWithCustomerKey")},
			"publicNetworkAccess": unless(l.wrong("disk-public", name, 0.4), "Enabled", "Disabled"), "networkAccessPolicy": unless(l.wrong("disk-public", name, 0.4), "AllowAll", "DenyAll")}})
		l.resource(g, "Microsoft.Compute/virtualMachines", name, object{"tags": l.tags(a, name), "identity": object{"type": "SystemAssigned"}, "properties": object{"hardwareProfile": object{"vmSize": "Standard_D2s_v5"},
			"osProfile":       object{"computerName": name, "adminUsername": "halden", "linuxConfiguration": object{"disablePasswordAuthentication": !l.wrong("vm-password", name, 0.3), "provisionVMAgent": true}},
			"storageProfile":  object{"osDisk": object{"osType": "Linux", "name": name + "-os", "managedDisk": object{"id": disk, "storageAccountType": "Premium_LRS"}}, "imageReference": object{"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"}},
			"securityProfile": object{"encryptionAtHost": !l.wrong("vm-host", name, 0.4), "securityType": "TrustedLaunch", "uefiSettings": object{"secureBootEnabled": !l.wrong("secure-boot", name, 0.25), "vTpmEnabled": true}}}})
	}
}

func (l *land) vault(g string, a app) {
	name := "kv-" + l.env + "-" + a.name
	id := l.resource(g, "Microsoft.KeyVault/vaults", name, object{"tags": l.tags(a, name), "properties": object{"enableSoftDelete": true, "enablePurgeProtection": !l.wrong("purge", name, 0.35), "enableRbacAuthorization": !l.wrong("vault-policies", name, 0.4), "softDeleteRetentionInDays": 90, "tenantId": AzureTenant,
		"publicNetworkAccess": unless(l.wrong("vault-public", name, 0.35), "Enabled", "Disabled"), "networkAcls": object{"defaultAction": unless(l.wrong("vault-open", name, 0.35), "Allow", "Deny"), "bypass": "AzureServices"}}})
	if !l.wrong("vault-logs", name, 0.3) {
		l.detail(id, "providers/Microsoft.Insights/diagnosticSettings", "to-logs", l.logs("AuditEvent"))
	}
	end := l.until.AddDate(0, 5, 0).Truncate(day).Unix()
	for _, k := range []string{"encrypt", "sign"} {
		attributes := object{"enabled": true, "exp": end}
		if l.wrong("key-forever", name+k, 0.35) {
			delete(attributes, "exp")
		}
		l.detail(id, "keys", k, object{"kty": "RSA", "keySize": 3072, "attributes": attributes})
	}
	for _, s := range []string{"db", "partner-api", "smtp"} {
		attributes := object{"enabled": true, "exp": end}
		if l.wrong("secret-forever", name+s, 0.4) {
			delete(attributes, "exp")
		}
		l.detail(id, "secrets", s, object{"contentType": unless(l.wrong("secret-type", name+s, 0.4), "", "text/plain"), "attributes": attributes})
	}
}

func (l *land) messages(g string, a app) {
	for _, typ := range []string{"Microsoft.EventHub/namespaces", "Microsoft.ServiceBus/namespaces"} {
		name := "hm-" + l.env + "-" + a.name
		id := l.resource(g, typ, name, object{"tags": l.tags(a, name), "sku": object{"name": "Premium"}, "identity": object{"type": "SystemAssigned"}, "properties": object{"minimumTlsVersion": "1.2", "publicNetworkAccess": unless(l.wrong("bus-public", typ+name, 0.4), "Enabled", "Disabled"), "disableLocalAuth": !l.wrong("bus-keys", typ+name, 0.5)}})
		if !l.wrong("bus-logs", typ+name, 0.4) {
			l.detail(id, "providers/Microsoft.Insights/diagnosticSettings", "to-logs", l.logs("OperationalLogs"))
		}
	}
}

func (l *land) cacheOf(g string, a app) {
	name := "hm-" + l.env + "-" + a.name + "-cache"
	l.resource(g, "Microsoft.Cache/redis", name, object{"tags": l.tags(a, name), "properties": object{"enableNonSslPort": l.wrong("redis-plain", name, 0.2), "minimumTlsVersion": "1.2", "publicNetworkAccess": unless(l.wrong("redis-public", name, 0.3), "Enabled", "Disabled"), "sku": object{"name": "Premium"}}})
	registry := strings.ReplaceAll("hm"+a.name, "-", "")
	l.resource(g, "Microsoft.ContainerRegistry/registries", registry, object{"tags": l.tags(a, registry), "sku": object{"name": "Premium"}, "properties": object{"adminUserEnabled": l.wrong("acr-admin", registry, 0.4), "anonymousPullEnabled": false, "publicNetworkAccess": unless(l.wrong("acr-public", registry, 0.4), "Enabled", "Disabled"),
		"policies": object{"quarantinePolicy": object{"status": "disabled"}, "retentionPolicy": object{"status": "enabled"}, "trustPolicy": object{"status": "disabled"}}}})
	if a.name == "webshop" {
		l.resource(g, "Microsoft.ContainerService/managedClusters", "aks-shop", object{"tags": l.tags(a, "aks-shop"), "sku": object{"name": "Base", "tier": "Standard"}, "identity": object{"type": "SystemAssigned"}, "properties": object{"kubernetesVersion": "1.33.3", "enableRBAC": true, "disableLocalAccounts": !l.wrong("aks-local", "aks", 0.6), "fqdn": "aks-shop.example",
			"aadProfile": object{"managed": true, "enableAzureRBAC": true}, "apiServerAccessProfile": object{"enablePrivateCluster": false, "authorizedIPRanges": []string{"198.51.100.16/28"}}, "networkProfile": object{"networkPlugin": "azure", "networkPolicy": "cilium"}, "autoUpgradeProfile": object{"upgradeChannel": "patch"},
			"addonProfiles":     object{"azurepolicy": object{"enabled": true}, "omsagent": object{"enabled": true}, "azureKeyvaultSecretsProvider": object{"enabled": true, "config": object{"enableSecretRotation": "true"}}},
			"agentPoolProfiles": []object{{"name": "system", "count": 3, "maxPods": 60, "type": "VirtualMachineScaleSets", "enableNodePublicIP": false, "enableEncryptionAtHost": true}, {"name": "shop", "count": 5, "maxPods": 60, "type": "VirtualMachineScaleSets", "enableNodePublicIP": false, "enableEncryptionAtHost": false}}}})
	}
}

// directory fills in the tenant's Entra directory.
func (b *builder) directory(s *azure.State) {
	add := func(list string, o object) { s.Lists[list] = append(s.Lists[list], marshal(o)) }
	add("organization", object{"id": AzureTenant, "displayName": "Halden Markets", "tenantType": "AAD", "createdDateTime": "2017-03-01T08:00:00Z"})
	care := 1.0
	for _, p := range b.people(150) {
		if p.joined > 0 && !b.since(p.joined) || p.left > 0 && b.since(p.left+0.15) {
			continue
		}
		id := b.uuid("entra user", p.login)
		gone := p.left > 0 && b.since(p.left)
		seen := b.now.Truncate(7 * day).Add(-time.Duration(b.between(0, 5, "seen", p.login)) * day)
		if b.slip(care, "idle", p.login, 0.06) {
			seen = b.ago(40)
		}
		add("users", object{"id": id, "displayName": p.first + " " + p.last, "userPrincipalName": p.login + "@haldenmarkets.example", "accountEnabled": !gone || b.slip(1, "left-enabled", p.login, 0.3), "userType": "Member", "createdDateTime": b.made(p.login).Format(time.RFC3339), "signInActivity": object{"lastSignInDateTime": seen.Format(time.RFC3339)}})
		mfa := !b.slip(care, "entra-mfa", p.login, 0.12)
		add("reports/authenticationmethods/userregistrationdetails", object{"id": id, "isMfaRegistered": mfa, "isMfaCapable": mfa, "isAdmin": p.team == "platform", "methodsRegistered": unless(mfa, []string{"microsoftAuthenticatorPush"}, []string{"password"})})
		add("groups/"+b.uuid("entra group", p.team)+"/members", object{"@odata.type": "#microsoft.graph.user", "id": id})
	}
	for _, guest := range []string{"auditor", "till-vendor", "agency"} {
		add("users", object{"id": b.uuid("entra user", guest), "displayName": title(guest), "userPrincipalName": guest + "_partner.example#EXT#@haldenmarkets.example", "accountEnabled": true, "userType": "Guest", "externalUserState": "Accepted", "createdDateTime": b.made(guest).Format(time.RFC3339)})
	}
	for _, t := range teams {
		add("groups", object{"id": b.uuid("entra group", t), "displayName": title(t), "securityEnabled": true, "isAssignableToRole": t == "platform", "groupTypes": []string{}, "visibility": "Private"})
	}
	for i, role := range []string{"Global Administrator", "Security Reader", "User Administrator"} {
		id := b.uuid("entra role", role)
		add("directoryroles", object{"id": id, "displayName": role, "roleTemplateId": []string{"62e90394-69f5-4237-9190-012177145e10", "5d6b6bb7-de71-4623-b4af-96380a352509", "fe930be7-5e62-47db-91af-98c3a49a38b1"}[i]})
		n := unless(role == "Global Administrator" && !b.since(audit), 7, 3)
		for _, p := range b.people(150)[i*10 : i*10+n] {
			if p.joined == 0 && p.left == 0 {
				add("directoryroles/"+id+"/members", object{"@odata.type": "#microsoft.graph.user", "id": b.uuid("entra user", p.login)})
			}
		}
	}
	for _, name := range []string{"webshop", "payroll", "edi-gateway", "bulwark", "monitoring", "till-sync"} {
		id, appID := b.uuid("entra app", name), b.uuid("entra appid", name)
		secret := object{"keyId": b.uuid("entra secret", name), "displayName": "ci", "endDateTime": b.until.AddDate(0, 6, 0).Format(time.RFC3339), "startDateTime": b.made(name).Format(time.RFC3339)}
		if b.slip(1, "app-secret", name, 0.4) {
			secret["endDateTime"] = b.ago(30).Format(time.RFC3339)
		}
		add("applications", object{"id": id, "appId": appID, "displayName": title(name), "signInAudience": unless(b.slip(1, "audience", name, 0.2), "AzureADMultipleOrgs", "AzureADMyOrg"), "createdDateTime": b.made(name).Format(time.RFC3339), "passwordCredentials": []object{secret}, "keyCredentials": []object{}})
		add("serviceprincipals", object{"id": b.uuid("entra principal", name), "appId": appID, "displayName": title(name), "servicePrincipalType": "Application", "accountEnabled": true, "appOwnerOrganizationId": AzureTenant, "passwordCredentials": []object{}, "keyCredentials": []object{}})
	}
	policy := func(name, state string, users, controls []string) {
		add("identity/conditionalaccess/policies", object{"id": b.uuid("entra policy", name), "displayName": name, "state": state, "conditions": object{"users": object{"includeUsers": users}, "applications": object{"includeApplications": []string{"All"}}, "clientAppTypes": []string{"all"}}, "grantControls": object{"operator": "OR", "builtInControls": controls}})
	}
	policy("Require MFA for everybody", unless(b.since(audit+0.05), "enabled", "enabledForReportingButNotEnforced"), []string{"All"}, []string{"mfa"})
	policy("Block old clients", "enabled", []string{"All"}, []string{"block"})
	s.Objects["policies/authorizationpolicy"] = marshal(object{"id": "authorizationPolicy", "allowInvitesFrom": unless(b.since(audit), "adminsAndGuestInviters", "everyone"), "guestUserRoleId": "10dae51f-b6af-4016-8d66-8c2a99b929b3", "defaultUserRolePermissions": object{"allowedToCreateApps": !b.since(audit + 0.1)}})
	s.Objects["policies/identitysecuritydefaultsenforcementpolicy"] = marshal(object{"id": b.uuid("entra defaults"), "isEnabled": false})
	for id, name := range map[string]string{"8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner", "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor", "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader"} {
		whole := "/providers/Microsoft.Authorization/RoleDefinitions/" + id
		s.Rows[strings.ToLower(whole)] = marshal(object{"id": whole, "name": id, "type": "Microsoft.Authorization/roleDefinitions", "properties": object{"roleName": name, "type": "BuiltInRole", "assignableScopes": []string{"/"}, "permissions": []object{{"actions": []string{unless(name == "Reader", "*/read", "*")}, "notActions": []string{}}}}})
	}
}
