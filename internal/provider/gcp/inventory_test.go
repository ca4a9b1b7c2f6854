package gcp

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
	product "github.com/bulwarksec/bulwark/content"
)

func decode(t testing.TB, text string) bulwark.Value {
	t.Helper()
	v, err := bulwark.DecodeJSON([]byte(text), bulwark.DecodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestReadPage refuses pages of which a part could not be read: an asset left
// out would count as gone.
func TestReadPage(t *testing.T) {
	tests := []struct {
		name, page string
		content    content
		want       int // -1 is an error
	}{
		{"empty", `{}`, resources, 0},
		{"one", `{"assets":[{"name":"//a/b","assetType":"a/B","resource":{}}]}`, resources, 1},
		{"assets are no list", `{"assets":{}}`, resources, -1},
		{"a token that is a number", `{"nextPageToken":1}`, resources, -1},
		{"an asset that is a text", `{"assets":["x"]}`, resources, -1},
		{"no name", `{"assets":[{"assetType":"a/B"}]}`, resources, -1},
		{"a relative name", `{"assets":[{"name":"a/b","assetType":"a/B"}]}`, resources, -1},
		{"no type", `{"assets":[{"name":"//a/b"}]}`, resources, -1},
		{"a resource that is a list", `{"assets":[{"name":"//a/b","assetType":"a/B","resource":[]}]}`, resources, -1},
		{"a policy that is a text", `{"assets":[{"name":"//a/b","assetType":"a/B","iamPolicy":"p"}]}`, iamPolicies, -1},
		{"organisation policies", `{"assets":[{"name":"//a/b","assetType":"a/B","orgPolicy":[{}]}]}`, orgPolicies, 1},
		{"an organisation policy alone", `{"assets":[{"name":"//a/b","assetType":"a/B","orgPolicy":{}}]}`, orgPolicies, -1},
		{"a perimeter", `{"assets":[{"name":"//a/b","assetType":"a/B","servicePerimeter":{}}]}`, access, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := readPage(decode(t, tt.page), tt.content)
			if n := len(got); err == nil && n != tt.want || err != nil && tt.want >= 0 {
				t.Errorf("readPage = %d assets, %v; want %d", n, err, tt.want)
			}
		})
	}
}

func newGathering(t testing.TB) *gathering {
	t.Helper()
	c, _ := product.Load(product.Options{}, product.Embedded()) // its problems are its own tests' to tell
	e := &Estate{options: Options{Types: c.Types, SecretKey: []byte("k")}, types: typeInfos(c.Types), root: "projects/p", config: Config{Project: "p"}}
	g := &gathering{e: e, nodes: map[string]*node{}, accounts: map[string]string{}, policies: map[string]bulwark.Value{}, iam: newPolicyTable(),
		networks: map[string]bool{}, sinks: map[string]sinks{}, failed: map[string]*bulwark.Gap{}, told: map[string]bool{}, strange: map[string]bool{}, pages: map[content]int64{}, asks: map[string]int64{}}
	g.yield = func(bulwark.Gathered) error { return nil }
	g.nodes["projects/1"] = &node{key: "projects/1", name: managerHost + "projects/1", kind: typeProject, scope: "gcp/p", project: "p", active: true, ancestors: []string{"projects/1"}}
	return g
}

// TestShapes turns what the inventory writes into what the type files say.
func TestShapes(t *testing.T) {
	tests := []struct{ name, kind, asset, data, want string }{
		{"firewall", "compute.googleapis.com/Firewall", "//compute.googleapis.com/f", `{"allowed":[{"ipProtocol":"tcp","ports":["22"]}]}`, `{"allowed":[{"IPProtocol":"tcp","ports":["22"]}]}`},
		{"function of the second API", "cloudfunctions.googleapis.com/Function", "//cloudfunctions.googleapis.com/f", `{"serviceConfig":{"ingressSettings":"ALLOW_ALL","serviceAccountEmail":"a@b"},"buildConfig":{"runtime":"go"}}`,
			`{"serviceConfig":{"ingressSettings":"ALLOW_ALL","serviceAccountEmail":"a@b"},"buildConfig":{"runtime":"go"},"ingressSettings":"ALLOW_ALL","serviceAccountEmail":"a@b","runtime":"go","_iamBindings":[]}`},
		{"function of the first API", "cloudfunctions.googleapis.com/CloudFunction", "//cloudfunctions.googleapis.com/f", `{"ingressSettings":"ALLOW_INTERNAL_ONLY"}`, `{"ingressSettings":"ALLOW_INTERNAL_ONLY","_iamBindings":[]}`},
		{"zone", "dns.googleapis.com/ManagedZone", "//dns.googleapis.com/z", `{"name":"Zone","visibility":"PUBLIC","dnssecConfig":{"state":"ON","defaultKeySpecs":[{"algorithm":"RSASHA1","keyType":"KEY_SIGNING"}]}}`,
			`{"name":"Zone","visibility":"public","dnssecConfig":{"state":"on","defaultKeySpecs":[{"algorithm":"rsasha1","keyType":"key_signing"}]}}`},
		{"project settings", "compute.googleapis.com/Project", "//compute.googleapis.com/projects/p", `{"commonInstanceMetadata":{"items":[{"key":"enable-oslogin","value":"TRUE"},{"value":"nameless"}]}}`, `{"_metadata":{"enable-oslogin":"TRUE"}}`},
		{"cluster", "container.googleapis.com/Cluster", "//container.googleapis.com/c", `{"masterAuth":{"password":"hunter2"}}`, `{"masterAuth":{"password":{"$secret":["unlisted","62cc48d1b1ae6a7b8e5b0a0b8c1d4bb3"]}},"_initialNodePool":false}`},
		{"replica", "sqladmin.googleapis.com/Instance", "//cloudsql.googleapis.com/i", `{"masterInstanceName":"p:main"}`, `{"masterInstanceName":"p:main","_replica":"p:main"}`},
		{"spanner", "spanner.googleapis.com/Database", "//spanner.googleapis.com/d", `{"enableDropProtection":true}`, `{"enableDropProtection":true,"_dropProtection":true,"_deletionProtection":true}`},
		{"sink", "logging.googleapis.com/LogSink", "//logging.googleapis.com/projects/p/sinks/s", `{}`, `{"_project":"p"}`},
		{"sink of a folder", "logging.googleapis.com/LogSink", "//logging.googleapis.com/folders/7/sinks/s", `{}`, `{"_folder":"//cloudresourcemanager.googleapis.com/folders/7"}`},
		{"nothing told", "storage.googleapis.com/Bucket", "//storage.googleapis.com/b", `null`, `{"$unknown":"the inventory tells nothing of it"}`},
		{"cloud run of the second API", "run.googleapis.com/Service", "//run.googleapis.com/s", `{"ingress":"INGRESS_TRAFFIC_ALL"}`, `{"ingress":"INGRESS_TRAFFIC_ALL","_iamBindings":[]}`},
	}
	g := newGathering(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := g.properties(properties{id: "live:" + tt.asset, name: tt.asset, kind: tt.kind, data: decode(t, tt.data), parent: "projects/p"})
			if err != nil {
				t.Fatal(err)
			}
			if got := string(bulwark.AppendJSON(nil, v)); tt.name != "cluster" {
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Error(diff)
				}
			} else if strings.Contains(got, "hunter2") || !strings.Contains(got, `{"$secret":["unlisted",`) {
				t.Errorf("got %s, want the password's digest", got)
			}
		})
	}
}

// TestCut makes unknown what may be missing of an asset of which the inventory
// left a part out: members at any depth, further elements, and what follows from
// what is not there.
func TestCut(t *testing.T) {
	const lost = `{"$unknown":"the inventory left out a part of the asset"}`
	tests := []struct {
		name, kind, data string
		want             map[string]string // by dotted path
	}{
		{"top", typeBucket, `{"name":"b","labels":{}}`, map[string]string{"name": `"b"`, "labels": lost, "iamConfiguration": lost, "versioning": lost, "logging": lost, "encryption": lost}},
		{"below", typeBucket, `{"name":"b","iamConfiguration":{"publicAccessPrevention":"enforced"}}`,
			map[string]string{"iamConfiguration.publicAccessPrevention": `"enforced"`, "iamConfiguration.uniformBucketLevelAccess": lost}},
		{"elements", "compute.googleapis.com/Firewall", `{"allowed":[{"ipProtocol":"tcp"}]}`, map[string]string{"allowed": `[{"IPProtocol":"tcp","ports":` + lost + `},` + lost + `]`, "sourceRanges": lost}},
		{"map", "compute.googleapis.com/Instance", `{"metadata":{"items":[{"key":"a","value":"b"}]}}`, map[string]string{"_metadata": lost, "_shielded": lost}},
		{"what is there", "compute.googleapis.com/Instance", `{"shieldedInstanceConfig":{}}`, map[string]string{"_shielded": `true`}},
		{"a flag", "spanner.googleapis.com/Database", `{}`, map[string]string{"_dropProtection": lost, "_deletionProtection": lost}},
		{"a flag that is there", "spanner.googleapis.com/Database", `{"enableDropProtection":true}`, map[string]string{"_dropProtection": `true`}},
		{"a text", "sqladmin.googleapis.com/Instance", `{}`, map[string]string{"_replica": lost}},
		{"a copy", "cloudfunctions.googleapis.com/Function", `{"buildConfig":{"runtime":"go"}}`, map[string]string{"runtime": `"go"`, "ingressSettings": lost, "_iamBindings": `[]`}},
		{"the name", "container.googleapis.com/NodePool", `{}`, map[string]string{"_cluster": `"//b"`}},
	}
	g := newGathering(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := g.properties(properties{id: "live://b", name: "//b/nodePools/p", kind: tt.kind, data: decode(t, tt.data), cut: true})
			if err != nil {
				t.Fatal(err)
			}
			for path, want := range tt.want {
				if got := string(bulwark.AppendJSON(nil, v.At(strings.Split(path, ".")...))); got != want {
					t.Errorf("%s is %s, want %s", path, got, want)
				}
			}
		})
	}
}

// TestCutBelow does not conclude from what was told in part that a project's
// logs are exported, nor that it lacks the default network or a policy.
func TestCutBelow(t *testing.T) {
	const cut = `"assetExceptions":[{"exceptionType":"TRUNCATION"}]`
	tests := []struct {
		name, asset    string
		network, sinks bulwark.Kind // of what follows
	}{
		{"nothing", ``, bulwark.Bool, bulwark.Bool},
		{"a sink", `{"name":"//logging.googleapis.com/projects/p/sinks/s","assetType":"logging.googleapis.com/LogSink","ancestors":["projects/1"],` + cut + `,"resource":{"data":{"name":"s"}}}`, bulwark.Bool, bulwark.Unknown},
		{"a sink without data", `{"name":"//logging.googleapis.com/projects/p/sinks/s","assetType":"logging.googleapis.com/LogSink","ancestors":["projects/1"],"resource":{}}`, bulwark.Bool, bulwark.Unknown},
		{"a network", `{"name":"//compute.googleapis.com/n","assetType":"compute.googleapis.com/Network","ancestors":["projects/1"],` + cut + `,"resource":{"data":{"name":"default"}}}`, bulwark.Unknown, bulwark.Bool},
		{"a network without a name", `{"name":"//compute.googleapis.com/n","assetType":"compute.googleapis.com/Network","ancestors":["projects/1"],` + cut + `,"resource":{"data":{"autoCreateSubnetworks":true}}}`, bulwark.Unknown, bulwark.Bool},
		{"another network", `{"name":"//compute.googleapis.com/n","assetType":"compute.googleapis.com/Network","ancestors":["projects/1"],` + cut + `,"resource":{"data":{"name":"other"}}}`, bulwark.Bool, bulwark.Bool},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGathering(t)
			n := g.nodes["projects/1"]
			n.data = decode(t, `{"projectId":"p"}`)
			if tt.asset != "" {
				if err := g.resource("projects/p", decode(t, tt.asset), answer{}); err != nil {
					t.Fatal(err)
				}
			}
			var project *bulwark.Asset
			g.yield = func(item bulwark.Gathered) error { project = item.Asset; return nil }
			if err := g.hierarchyAsset(t.Context(), n); err != nil {
				t.Fatal(err)
			}
			if got := project.Properties.Get("_autoCreateNetwork"); got.Kind() != tt.network || got.Bool() {
				t.Errorf("_autoCreateNetwork = %s", bulwark.AppendJSON(nil, got))
			}
			if got := project.Observed.Get("logsExported"); got.Kind() != tt.sinks || got.Bool() {
				t.Errorf("logsExported = %s", bulwark.AppendJSON(nil, got))
			}
		})
	}
	t.Run("a policy", func(t *testing.T) {
		g := newGathering(t)
		g.iam.byName[nameKey("//b")] = ""
		v, err := g.properties(properties{id: "live://b", name: "//b", kind: typeBucket, data: decode(t, `{}`), parent: "projects/p"})
		if got := v.Get("_iamBindings"); err != nil || got.Kind() != bulwark.Unknown {
			t.Errorf("_iamBindings = %s, %v, want unknown", bulwark.AppendJSON(nil, got), err)
		}
	})
}

// TestEffective works policies out by the hierarchy.
func TestEffective(t *testing.T) {
	const restrict, allowAll, inherit, reset = `{"allowedValues":["C0"]}`, `{"allValues":"ALLOW"}`, `{"inheritFromParent":true}`, ``
	boolean := func(on string) string {
		return `[{"constraint":"constraints/b","booleanPolicy":{"enforced":` + on + `}}]`
	}
	list := func(p string) string { return `[{"constraint":"constraints/l","listPolicy":` + p + `}]` }
	tests := []struct {
		name, project, folder, organization string
		want                                []string
	}{
		{"nothing", reset, reset, reset, nil},
		{"from the top", reset, reset, boolean("true"), []string{"b"}},
		{"own over the top's", boolean("false"), reset, boolean("true"), nil},
		{"own", boolean("true"), boolean("false"), reset, []string{"b"}},
		{"the nearer of two above", reset, boolean("true"), boolean("false"), []string{"b"}},
		{"a list from the top", reset, reset, list(restrict), []string{"l"}},
		{"a list that inherits", reset, list(inherit), list(restrict), []string{"l"}},
		{"a list that allows everything", list(allowAll), reset, list(restrict), nil},
		{"nothing allowed", list(`{"allValues":"DENY"}`), reset, reset, []string{"l"}},
		{"back to the default", `[{"constraint":"constraints/b","restoreDefault":{}}]`, reset, boolean("true"), nil},
		{"an empty list policy", list(`{}`), reset, list(restrict), nil},
		{"two", boolean("true"), reset, list(restrict), []string{"b", "l"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := &gathering{nodes: map[string]*node{}, policies: map[string]bulwark.Value{}}
			n := &node{ancestors: []string{"projects/1", "folders/2", "organizations/3"}}
			for i, p := range []string{tt.project, tt.folder, tt.organization} {
				g.nodes[n.ancestors[i]] = &node{}
				if p != "" {
					g.policies[managerHost+n.ancestors[i]] = decode(t, p)
				}
			}
			got, unread := g.effective(n)
			if diff := cmp.Diff(tt.want, got); diff != "" || unread != nil {
				t.Errorf("effective (-want +got, unread %v):\n%s", unread, diff)
			}
		})
	}
}

// TestPolicies keeps equal policies once, and tells none from not told.
func TestPolicies(t *testing.T) {
	table := newPolicyTable()
	policy := decode(t, `{"bindings":[{"role":"r","members":["allUsers"]}],"$odd":1}`)
	for _, name := range []string{"//a", "//b"} {
		if !table.add(name, policy) {
			t.Fatal("add refuses")
		}
	}
	if len(table.texts) != 1 || table.bytes > 200 {
		t.Errorf("%d texts of %d bytes, want one", len(table.texts), table.bytes)
	}
	if got, why := table.get("p", "//b"); why != "" || !bulwark.Equal(got, policy) {
		t.Errorf("get = %s, %s", bulwark.AppendJSON(nil, got), why)
	}
	if got, why := table.get("p", "//c"); why != "" || !got.IsAbsent() {
		t.Errorf("get of none = %s, %q", got.Kind(), why)
	}
	table.reasons["p"] = "denied"
	if _, why := table.get("p", "//c"); why != "denied" {
		t.Errorf("get of one that was not told: %q, want why", why)
	}
	table.bytes = maxPolicies
	if table.add("//d", decode(t, `{"bindings":[]}`)) {
		t.Error("a table that is full takes another policy")
	}
}

// FuzzPage takes any answer of the inventory: no panic, no asset without an id,
// a type and a scope, and properties that can be written.
func FuzzPage(f *testing.F) {
	f.Add([]byte(`{"assets":[{"name":"//compute.googleapis.com/i","assetType":"compute.googleapis.com/Instance","ancestors":["projects/1"],"resource":{"data":{"metadata":{"items":[{"key":"a","value":1}]},"networkInterfaces":[{"network":"x"}]}}}]}`))
	f.Add([]byte(`{"assets":[{"name":"//cloudresourcemanager.googleapis.com/projects/2","assetType":"cloudresourcemanager.googleapis.com/Project","ancestors":[1],"resource":{"data":[]}}],"nextPageToken":"t"}`))
	f.Add([]byte(`{"assets":[{"name":"//a","assetType":"a/B","iamPolicy":{"bindings":7},"orgPolicy":[{"constraint":1}]}]}`))
	f.Add([]byte(`{"assets":[{"name":"//logging.googleapis.com/projects/1/sinks/s","assetType":"logging.googleapis.com/LogSink","ancestors":["projects/1"],"resource":{"parent":"//x","data":{"exclusions":[{}]}}}]}`))
	shared := newGathering(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		v, err := bulwark.DecodeJSON(body, bulwark.DecodeOptions{Names: shared.e.options.Types.Names(), Limits: bulwark.Limits{Bytes: 1 << 16, Depth: 128}})
		if err != nil {
			return
		}
		g := *shared
		g.iam = newPolicyTable()
		g.yield = func(item bulwark.Gathered) error {
			if a := item.Asset; a != nil && (!strings.HasPrefix(a.ID, "live://") || a.Type == "" || a.Scope != "gcp/p" || a.Properties.Kind() != bulwark.Object && a.Properties.Kind() != bulwark.Unknown) {
				t.Errorf("asset %+v", a)
			}
			return nil
		}
		for _, c := range []content{iamPolicies, orgPolicies, resources} {
			assets, err := readPage(v, c)
			if err != nil {
				continue
			}
			for _, a := range assets {
				if c == iamPolicies {
					g.iam.add(a.Get("name").Text(), a.Get("iamPolicy"))
				}
				if n, err := g.e.node(a); err == nil && n != nil && (n.scope == "" || n.name == "") {
					t.Errorf("node %+v", n)
				}
				for _, p := range a.Get("orgPolicy").Children() {
					judge(p)
				}
				if err := g.resource("projects/p", a, answer{}); err != nil {
					t.Errorf("resource: %v", err)
				}
			}
		}
	})
}

// TestAskNothing asks no API for what is left out: such calls are logged.
func TestAskNothing(t *testing.T) {
	g := newGathering(t) // without a client
	g.e.config.Exclude.Types = []string{"bigquery.googleapis.com/*"}
	answers, err := g.ask(t.Context(), []bulwark.Value{decode(t, `{"name":"//bigquery.googleapis.com/projects/p/datasets/d","assetType":"bigquery.googleapis.com/Dataset","ancestors":["projects/1"],"resource":{"data":{}}}`)})
	if err != nil || answers[0].fault != nil || len(g.asks) != 0 {
		t.Errorf("ask = %v, %v", answers, err)
	}
}
