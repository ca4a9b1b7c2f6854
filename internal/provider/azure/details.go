package azure

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

// A detail is one call for each asset of a type, for what Resource Graph does
// not tell of it. Its failure makes one property unknown and nothing else.
type detail struct {
	of       string // types, in lower case
	path     string // below the asset's id
	version  string
	action   string // that it needs
	property string // where its answer goes, a dotted path
	take     string // member of the answer that goes there; "" is all of it
	list     bool   // the answer is pages of a list, of which each element is flattened
	optional bool   // it may not be there; else its absence is a failure like any other
	when     func(row bulwark.Value) bool
}

// details of each type, the diagnostic settings last.
var details = slices.Concat(ownDetails, diagnosticDetails())

// ownDetails are what each type alone has. The versions are the ones whose answers the type files
// describe. Source: Azure REST API reference, the operation's page.
var ownDetails = []detail{
	{of: "microsoft.storage/storageaccounts", path: "/blobServices/default", version: "2023-05-01", property: "_blobServices", take: "properties",
		action: "Microsoft.Storage/storageAccounts/blobServices/read", when: hasBlobs},
	{of: "microsoft.storage/storageaccounts", path: "/fileServices/default", version: "2023-05-01", property: "_fileServices", take: "properties",
		action: "Microsoft.Storage/storageAccounts/fileServices/read", when: hasFiles},

	{of: "microsoft.sql/servers", path: "/auditingSettings/default", version: "2021-11-01", property: "_auditing", take: "properties",
		action: "Microsoft.Sql/servers/auditingSettings/read"},
	{of: "microsoft.sql/servers", path: "/securityAlertPolicies/default", version: "2021-11-01", property: "_securityAlertPolicies", take: "properties",
		action: "Microsoft.Sql/servers/securityAlertPolicies/read"},
	{of: "microsoft.sql/servers", path: "/vulnerabilityAssessments/default", version: "2021-11-01", property: "_vulnerabilityAssessments", take: "properties", optional: true,
		action: "Microsoft.Sql/servers/vulnerabilityAssessments/read"},
	{of: "microsoft.sql/servers", path: "/firewallRules", version: "2021-11-01", property: "_firewallRules", list: true,
		action: "Microsoft.Sql/servers/firewallRules/read"},
	{of: "microsoft.sql/servers", path: "/administrators", version: "2021-11-01", property: "_administrators", list: true,
		action: "Microsoft.Sql/servers/administrators/read"},
	{of: "microsoft.sql/servers/databases", path: "/auditingSettings/default", version: "2021-11-01", property: "_auditing", take: "properties",
		action: "Microsoft.Sql/servers/databases/auditingSettings/read"},
	{of: "microsoft.sql/servers/databases", path: "/transparentDataEncryption/current", version: "2021-11-01", property: "_transparentDataEncryption", take: "properties",
		action: "Microsoft.Sql/servers/databases/transparentDataEncryption/read", when: notMaster},

	{of: "microsoft.web/sites", path: "/config/web", version: "2023-12-01", property: "properties.siteConfig", take: "properties",
		action: "Microsoft.Web/sites/config/read"},
	{of: "microsoft.web/sites", path: "/config/authsettingsV2", version: "2023-12-01", property: "_authSettings", take: "properties.platform",
		action: "Microsoft.Web/sites/config/read"},
	{of: "microsoft.web/sites", path: "/basicPublishingCredentialsPolicies", version: "2023-12-01", property: "_basicPublishing", list: true,
		action: "Microsoft.Web/sites/basicPublishingCredentialsPolicies/read"},
}

// diagnosed are the types whose diagnostic settings are read: those of which
// Azure says that their logs tell who used them.
var diagnosed = []string{"microsoft.keyvault/vaults", "microsoft.sql/servers/databases", "microsoft.containerservice/managedclusters", "microsoft.network/networksecuritygroups",
	"microsoft.network/applicationgateways", "microsoft.network/azurefirewalls", "microsoft.web/sites", "microsoft.eventhub/namespaces", "microsoft.servicebus/namespaces",
	"microsoft.logic/workflows", "microsoft.cognitiveservices/accounts", "microsoft.machinelearningservices/workspaces", "microsoft.search/searchservices",
	"microsoft.batch/batchaccounts", "microsoft.streamanalytics/streamingjobs", "microsoft.devices/iothubs", "microsoft.resources/subscriptions"}

func diagnosticDetails() []detail {
	var out []detail
	for _, typ := range diagnosed {
		out = append(out, detail{of: typ, path: "/providers/Microsoft.Insights/diagnosticSettings", version: "2021-05-01-preview",
			property: "_diagnosticSettings", list: true, action: "Microsoft.Insights/diagnosticSettings/read"})
	}
	return out
}

// A child is a list below each asset of a type whose elements are assets too.
type child struct {
	of      string // type, in lower case
	path    string // of the list, below the asset's id
	version string
	action  string
	typ     string // of the elements
	parent  string // property of an element that holds the asset's id; "" is none
	when    func(row bulwark.Value) bool
}

var children = []child{
	{of: "microsoft.storage/storageaccounts", path: "/blobServices/default/containers", version: "2023-05-01", typ: "Microsoft.Storage/storageAccounts/blobServices/containers",
		parent: "_storageAccount", action: "Microsoft.Storage/storageAccounts/blobServices/containers/read", when: hasBlobs},
	{of: "microsoft.keyvault/vaults", path: "/keys", version: "2023-07-01", typ: "Microsoft.KeyVault/vaults/keys",
		parent: "_vault", action: "Microsoft.KeyVault/vaults/keys/read"},
	{of: "microsoft.keyvault/vaults", path: "/secrets", version: "2023-07-01", typ: "Microsoft.KeyVault/vaults/secrets",
		parent: "_vault", action: "Microsoft.KeyVault/vaults/secrets/read"},
	{of: "microsoft.resources/subscriptions", path: "/providers/Microsoft.Security/pricings", version: "2024-01-01", typ: "Microsoft.Security/pricings",
		action: "Microsoft.Security/pricings/read"},
	{of: "microsoft.resources/subscriptions", path: "/providers/Microsoft.Security/securityContacts", version: "2020-01-01-preview", typ: "Microsoft.Security/securityContacts",
		action: "Microsoft.Security/securityContacts/read"},
}

// untold are properties that a check names and that no call of Azure Resource
// Manager tells.
var untold = []struct{ of, property, reason string }{
	{"microsoft.storage/storageaccounts", "_queueServices", "classic logging is told by the queue endpoint alone, which is not asked"},
}

func hasBlobs(row bulwark.Value) bool { return row.Get("kind").Text() != "FileStorage" }

func hasFiles(row bulwark.Value) bool {
	return row.Get("kind").Text() != "BlobStorage" && row.Get("kind").Text() != "BlockBlobStorage"
}

// notMaster leaves out the database in which a server keeps its logins, whose
// encryption nobody sets.
func notMaster(row bulwark.Value) bool { return row.Get("name").Text() != "master" }

// detailed asks for the details of a row and returns what is to be put in it,
// and a gap for each that could not be read. Its error is the context's.
func (e *Estate) detailed(ctx context.Context, typ, id string, row bulwark.Value) ([]patch, []bulwark.Gap, error) {
	folded := strings.ToLower(typ)
	var patches []patch
	var gaps []bulwark.Gap
	for _, d := range details {
		if d.of != folded || d.when != nil && !d.when(row) {
			continue
		}
		p, err := e.detail(ctx, d, id)
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		if err != nil {
			f := faultOf(err, id)
			if f.Kind == bulwark.FaultAbsent && d.optional || isUnsupported(f) {
				continue
			}
			p = &patch{reason: provider.Reason(f)}
			gaps = append(gaps, f.Gap("property "+d.property, provider.Where(e.connector, subscriptionScope(subscriptionOf(id)), typ)))
		}
		if p != nil {
			p.path = strings.Split(d.property, ".")
			patches = append(patches, *p)
		}
	}
	for _, u := range untold {
		if u.of == folded {
			patches = append(patches, patch{path: strings.Split(u.property, "."), reason: u.reason})
		}
	}
	return patches, gaps, nil
}

// isUnsupported reports whether an account of this kind lacks what was asked
// for, so that it is as if it were off.
func isUnsupported(f *bulwark.Fault) bool {
	var e *apiError
	return errors.As(f, &e) && strings.EqualFold(e.code, "FeatureNotSupportedForAccount")
}

// actionOn is the action that a detail needs on an asset: that of a slot of an
// app bears a longer name.
func (d detail) actionOn(id string) string {
	if rest, ok := strings.CutPrefix(d.action, "Microsoft.Web/sites/"); ok && strings.Contains(strings.ToLower(id), "/slots/") {
		return "Microsoft.Web/sites/slots/" + rest
	}
	return d.action
}

func (e *Estate) detail(ctx context.Context, d detail, id string) (*patch, error) {
	if d.list {
		b := bulwark.NewBuilder(e.types.Names(), answerLimits)
		b.List()
		if err := e.list(ctx, id+d.path, d.version, d.actionOn(id), func(v bulwark.Value) error {
			flatten(b, v)
			return b.Err()
		}); err != nil {
			return nil, err
		}
		b.End()
		v, err := b.Build(id)
		if err != nil {
			return nil, malformed("GET "+d.path, id, "%w", err)
		}
		return &patch{value: v}, nil
	}
	v, err := e.get(ctx, id+d.path, d.version, d.actionOn(id))
	if err != nil {
		return nil, err
	}
	if d.take != "" {
		v = v.At(strings.Split(d.take, ".")...)
	}
	if v.Kind() != bulwark.Object {
		return nil, malformed("GET "+id+d.path, id, "%s is %s, want an object", d.take, v.Kind())
	}
	return &patch{value: v}, nil
}

// flatten writes {name, properties: {…}} as {name, …}.
func flatten(b *bulwark.Builder, v bulwark.Value) {
	b.Object()
	b.Key("name")
	b.String(v.Get("name").Text())
	for name, c := range v.Get("properties").Children() {
		if name != "" && name != "name" {
			b.Key(name)
			b.Copy(c)
		}
	}
	b.End()
}
