package aws

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/bulwarksec/bulwark"
)

// recordings are answers of AWS's read calls as another library decoded them.
const recordings = "../../../../shared/corpora/aws-recordings"

// recording is a line of a file of recordings.
type recording struct {
	Call   string          `json:"call"`
	Flight string          `json:"flight"`
	Page   int             `json:"page"`
	Status json.RawMessage `json:"status"`
	Data   json.RawMessage `json:"data"`
}

func (r recording) failed() bool {
	n, err := strconv.Atoi(string(r.Status))
	return err == nil && n >= 400
}

// services has the SDK's names of services that the recordings call otherwise.
var services = map[string]string{"access-analyzer": "accessanalyzer", "s3-control": "s3control", "elb": "elasticloadbalancing", "elbv2": "elasticloadbalancingv2",
	"logs": "cloudwatchlogs", "config": "configservice", "events": "eventbridge", "es": "opensearch", "monitoring": "cloudwatch", "dms": "databasemigrationservice", "elasticfilesystem": "efs", "memory-db": "memorydb"}

func readRecordings(t *testing.T) []recording {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(recordings, "*.jsonl"))
	if len(files) == 0 {
		t.Skipf("no recordings in %s", recordings)
	}
	var out []recording
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 64<<20)
		for lines.Scan() {
			var r recording
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			service, op, _ := strings.Cut(r.Call, ".")
			if to, ok := services[service]; ok {
				service = to
			}
			r.Call = strings.ReplaceAll(generation(service, op, string(r.Data)), "-", "") + ":" + op
			out = append(out, r)
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
	}
	return out
}

// generation tells the second of two services of one name, which the recordings
// do not, by members that only its answers have.
func generation(service, op, data string) string {
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return strings.Contains(data, `"`+n+`"`) })
	}
	switch {
	case service == "elasticloadbalancing" && !has("LoadBalancerDescriptions", "PolicyDescriptions", "LoadBalancerAttributes", "LoadBalancerName") || has("LoadBalancerArn"):
		return "elasticloadbalancingv2"
	case service == "apigateway" && (op == "GetApis" || op == "GetApi" || op == "GetStages" && has("Items")):
		return "apigatewayv2"
	}
	return service
}

// reads returns the collector whose assets an operation makes or adds to, with
// what it needs it for; nil for a call that is not made, or only looked at.
func reads(call string) (*collector, need) {
	service, op, _ := strings.Cut(call, ":")
	list := slices.Clone(registry()) // the account asks last: it looks at what others collect
	slices.SortStableFunc(list, func(a, b *collector) int {
		return cmp.Compare(strings.Count(a.Type, ":"), strings.Count(b.Type, ":")) * -1
	})
	for _, c := range list {
		if service == "s3control" && c.Type != typeAccount || service == "s3" && c.Type == typeAccount {
			continue
		}
		if c.Type != typeAccount && c.Service != service {
			continue
		}
		for _, n := range c.Needs {
			prefix, _, _ := strings.Cut(n.Permission, ":")
			if slices.Contains(n.operations(), op) && sameService(service, prefix) && (!n.Optional || n.Each || oneCall(c)) && !strings.HasPrefix(c.Type, "AWS::Organizations") {
				return c, n
			}
		}
	}
	return nil, need{}
}

// left says which recorded members are not kept, and why; with the call where
// only that one's are left.
var left = map[string]string{
	"apigateway:GetResources id": "of a path without methods", "apigateway:GetResources parentid": "of a path without methods", "apigateway:GetResources path": "of a path without methods", "apigateway:GetResources pathpart": "of a path without methods",
	"cloudfront:GetDistributionConfig quantity": "the length of a list", "ecs:ListServices servicearns": "described by another call", "elasticloadbalancing:DescribeTags loadbalancername": "asked for",
	"ecs:DescribeClusters reason": "of a cluster that is gone", "ecs:DescribeClusters arn": "of a cluster that is gone",
	"elasticloadbalancingv2:DescribeTags key": "of another load balancer or target group", "elasticloadbalancingv2:DescribeTags value": "of another load balancer or target group", "elasticloadbalancingv2:DescribeTags resourcearn": "asked for",
	"maxitems": "page", "cloudfront:ListDistributions quantity": "the length of a list",
	"apigateway:GetRestApis policy":   "escaped in a way of its own: see TestGatewayPolicy",
	"codebuild:ListProjects projects": "described by another call",
	"ecs:ListClusters clusterarns":    "described by another call", "opensearch:ListDomainNames domainname": "described by another call", "opensearch:ListDomainNames enginetype": "described by another call",
	"efs:DescribeFileSystemPolicy filesystemid": "asked for", "secretsmanager:GetResourcePolicy arn": "asked for", "secretsmanager:GetResourcePolicy name": "asked for",
	"macie2:GetMacieSession createdat": "only whether it runs is kept", "macie2:GetMacieSession updatedat": "only whether it runs is kept", "macie2:GetMacieSession servicerole": "only whether it runs is kept",
	"macie2:GetMacieSession findingpublishingfrequency": "only whether it runs is kept", "macie2:GetMacieSession status": "only whether it runs is kept",
	"wafv2:GetWebACL locktoken": "of the answer: for a change that follows", "wafv2:ListWebACLs locktoken": "of the answer: for a change that follows", "wafv2:GetWebACL searchstring": "bytes, which the recordings have in base64 already",
	"nexttoken": "page", "marker": "page", "istruncated": "page", "nextmarker": "page", "truncated": "page", "continuationtoken": "page", "responsemetadata": "transport",
	"iam:GetCredentialReport content": "read by TestRecordedReports", "iam:GetCredentialReport generatedtime": "of the report", "iam:GetCredentialReport reportformat": "of the report",
	"s3:GetBucketLocation locationconstraint": "the asset's region",
	"s3:ListBuckets id":                       "the owner of the list, who is the account", "s3:ListBuckets displayname": "the owner of the list, who is the account",
	"cloudtrail:GetEventSelectors trailarn": "asked for", "ec2:DescribeInstanceAttribute instanceid": "asked for", "ec2:DescribeImageAttribute imageid": "asked for",
	"ec2:DescribeVpcAttribute vpcid": "asked for", "rds:DescribeDBSnapshotAttributes dbsnapshotidentifier": "asked for",
	"rds:DescribeDBClusterSnapshotAttributes dbclustersnapshotidentifier": "asked for", "rds:DescribeDBSnapshotAttributes attributename": "the property's name",
	"rds:DescribeDBClusterSnapshotAttributes attributename": "the property's name",
}

// renamed are members that are kept under another name.
var renamed = map[string]string{
	"apigateway:GetStages env": "value", "apigatewayv2:GetStages env": "value", "apigateway:GetStages set-wafv2": "value", "eks:DescribeCluster env": "value", // tags
	"cloudfront:GetDistributionConfig items": "locations", "eks:ListNodegroups nodegroups": "nodegroupname", "elasticloadbalancing:DescribeLoadBalancerPolicies attributevalue": "value",
	"eks:ListClusters clusters": "name", "elasticache:DescribeCacheClusters cacheclusterid": "clustername", "elasticloadbalancingv2:DescribeLoadBalancers loadbalancername": "name",
	"ssm:DescribeDocumentPermission accountids": "_sharedwith",
	"iam:ListAccountAliases accountaliases":     "_alias",
	"ec2:DescribeSecurityGroups groupid":        "sourcesecuritygroupid destinationsecuritygroupid", "ec2:DescribeSecurityGroups userid": "sourcesecuritygroupownerid",
	"ec2:DescribeSecurityGroups description": "groupdescription", "rds:DescribeDBSnapshotAttributes attributevalues": "_sharedwith", "rds:DescribeDBClusterSnapshotAttributes attributevalues": "_sharedwith",
	"ec2:DescribeVpcAttribute value": "enablednssupport enablednshostnames", "ec2:DescribeInstanceAttribute value": "disableapitermination", "ec2:DescribeImageAttribute value": "_launchpermissions",
	"cloudtrail:DescribeTrails logfilevalidationenabled":       "enablelogfilevalidation",
	"ec2:DescribeVpcs isdefault":                               "_default",
	"ec2:DescribeImages public":                                "_public",
	"rds:DescribeDBInstances performanceinsightsenabled":       "enableperformanceinsights",
	"rds:DescribeDBInstances iamdatabaseauthenticationenabled": "enableiamdatabaseauthentication",
	"rds:DescribeDBClusters performanceinsightsenabled":        "enableperformanceinsights",
	"rds:DescribeDBClusters iamdatabaseauthenticationenabled":  "enableiamdatabaseauthentication",
}

// gone tells of recorded items that are no assets: what is deleted already, and
// what belongs to another service or to AWS.
func gone(call string, item map[string]any) bool {
	text := func(path ...string) string {
		var v any = item
		for _, name := range path {
			m, _ := v.(map[string]any)
			v = m[name]
		}
		s, _ := v.(string)
		return s
	}
	switch call {
	case "ec2:DescribeInstances":
		list, reservation := item["Instances"].([]any)
		return text("State", "Name") == "terminated" || reservation && len(list) == 0
	case "ec2:DescribeNatGateways":
		return text("State") == "deleted"
	case "ec2:DescribeVpcPeeringConnections":
		return text("Status", "Code") == "deleted"
	case "iam:ListInstanceProfiles":
		return text("RoleId") != "" // a role, which is an asset of its own
	case "kms:DescribeKey":
		return text("KeyManager") == "AWS"
	case "rds:DescribeDBInstances":
		return strings.HasPrefix(text("Engine"), "docdb") || strings.HasPrefix(text("Engine"), "neptune")
	}
	return false
}

// attributes are those that collectors ask for, where a call answers one of many.
var attributes = map[string][]string{
	"ec2:DescribeInstanceAttribute": {"DisableApiTermination", "UserData"},
	"ec2:DescribeVpcAttribute":      {"EnableDnsSupport", "EnableDnsHostnames"},
	"ec2:DescribeImageAttribute":    {"LaunchPermissions"},
}

func asked(r recording) bool {
	names, ok := attributes[r.Call]
	return !ok || slices.ContainsFunc(names, func(name string) bool { return strings.Contains(string(r.Data), `"`+name+`"`) })
}

// without returns a recording's data without what is gone.
func without(call string, v any) any {
	switch x := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, item := range x {
			item = without(call, item)
			if m, ok := item.(map[string]any); !ok || !gone(call, m) {
				out[k] = item
			}
		}
		return out
	case []any:
		out := []any{}
		for _, item := range x {
			item = without(call, item)
			if m, ok := item.(map[string]any); !ok || !gone(call, m) {
				out = append(out, item)
			}
		}
		return out
	}
	return v
}

// types returns the types whose collectors make a call.
func typesOf(call string) []string {
	var out []string
	service, op, _ := strings.Cut(call, ":")
	for _, c := range registry() {
		if p, _, _ := strings.Cut(c.permission(op), ":"); p != "" && sameService(service, p) && c.Service == service {
			out = append(out, c.Type)
		}
	}
	return out
}

// TestRecordings feeds each recorded answer of a call that a collector makes
// through it: each item becomes an asset and no leaf of the answer is lost.
func TestRecordings(t *testing.T) {
	all := readRecordings(t)
	seeds := seedsOf(all)
	answers, leaves, assets, skipped := map[string]int{}, 0, 0, map[string]int{}
	for _, r := range all {
		if r.failed() {
			continue
		}
		c, n := reads(r.Call)
		if c == nil || !asked(r) {
			continue
		}
		out, err := decode(r, allOutputs()[r.Call])
		if err != nil {
			t.Errorf("%s %s: decode: %v", r.Call, r.Flight, err)
			continue
		}
		if n.Each && !oneCall(c) && !seeds.has(c) {
			skipped[r.Call+" (nothing to ask about)"]++
			continue
		}
		e, f := newFake(t, only(c.Type), seeded(r, out, c, seeds))
		if c.Where == global {
			e.config.Regions = nil
		}
		if !n.Each {
			e.config.Types = typesOf(r.Call)
		}
		g := gather(t, e)
		if f.calls[r.Call] == 0 {
			skipped[r.Call+" (not called)"]++
			continue
		}
		answers[r.Call]++
		for where, l := range g.listings {
			if !l.Complete && !n.Each && !goesOn(c, r.Call) && batches[r.Call] == "" && strings.HasPrefix(where, c.Type) {
				t.Errorf("%s %s: listing %s: %s", r.Call, r.Flight, where, l.Gap.Why)
			}
		}
		assets += len(g.all)
		leaves += lossless(t, r, allOutputs()[r.Call], g)
	}
	total := 0
	for _, call := range slices.Sorted(keysOf(answers)) {
		total += answers[call]
		t.Logf("%5d %s", answers[call], call)
	}
	for _, call := range slices.Sorted(keysOf(skipped)) {
		t.Logf("%5d passed over: %s", skipped[call], call)
	}
	t.Logf("%d answers of %d calls, %d assets, %d leaves", total, len(answers), assets, leaves)
}

func keysOf[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func oneCall(c *collector) bool { return c.Type == typeAccount }

// principalSeeds makes the answer that collectors list users and roles by from the
// recorded lists of them: their members have the same names.
func principalSeeds(all []recording, seeds seedMap) {
	for call, to := range map[string][2]string{"iam:ListUsers": {"Users", "UserDetailList"}, "iam:ListRoles": {"Roles", "RoleDetailList"}} {
		for _, r := range all {
			var data map[string]any
			if r.Call != call || r.failed() || json.Unmarshal(r.Data, &data) != nil {
				continue
			}
			out := &iam.GetAccountAuthorizationDetailsOutput{}
			assign(reflect.ValueOf(out).Elem(), map[string]any{to[1]: data[to[0]]})
			if listed(reflect.ValueOf(out).Elem()) {
				seeds[map[string]string{"iam:ListUsers": "AWS::IAM::User", "iam:ListRoles": "AWS::IAM::Role"}[call]] = out
				break
			}
		}
	}
}

// seedMap has an output that lists something for each call that lists assets,
// so that there is what others may be asked about. One that tells of several
// types is kept by the type.
type seedMap map[string]any

func seedsOf(all []recording) seedMap {
	seeds := seedMap{}
	for _, r := range all {
		c, n := reads(r.Call)
		if c == nil || n.Each || r.failed() || seeds[r.Call] != nil {
			continue
		}
		out, err := decode(r, allOutputs()[r.Call])
		if err == nil && listed(reflect.ValueOf(out).Elem()) {
			seeds[r.Call] = untoken(out)
		}
	}
	principalSeeds(all, seeds)
	return seeds
}

// has tells whether there is something to ask a collector's later calls about.
func (m seedMap) has(c *collector) bool { return m[c.Type] != nil || m[c.call()] != nil }

// before returns the calls by which a collector lists what it asks another about.
func before(c *collector, name string) []string {
	var out []string
	for _, n := range c.Needs {
		for _, op := range n.operations() {
			call := c.Service + ":" + op
			if call == name || strings.HasSuffix(name, ":"+op) {
				return out
			}
			if !n.Optional {
				out = append(out, call)
			}
		}
	}
	return out
}

// batches are calls that describe some things at once: a recording is of others
// than those that were listed for it, so that some are missing.
var batches = map[string]string{"ecs:DescribeClusters": "ecs:ListClusters", "ecs:DescribeServices": "ecs:ListServices", "opensearch:DescribeDomains": "opensearch:ListDomainNames", "codebuild:BatchGetProjects": "codebuild:ListProjects"}

// goesOn tells whether a collector needs other calls after one.
func goesOn(c *collector, name string) bool {
	found := false
	for _, n := range c.Needs {
		for _, op := range n.operations() {
			if found && !n.Optional {
				return true
			}
			found = found || strings.HasSuffix(name, ":"+op)
		}
	}
	return false
}

func listed(v reflect.Value) bool {
	for i := range v.NumField() {
		f := v.Field(i)
		if f.Kind() == reflect.Slice && f.Len() > 0 || f.Kind() == reflect.Pointer && !f.IsNil() && f.Elem().Kind() == reflect.Struct && f.Elem().Type() != timeType && listed(f.Elem()) {
			return true
		}
	}
	return false
}

// seeded answers with one recording, and with what lists assets for it.
func seeded(r recording, out any, c *collector, seeds seedMap) func(call) (any, error) {
	return func(call call) (any, error) {
		if token(call.Input) != "" {
			return nil, nil
		}
		if call.Name == r.Call {
			return untoken(out), nil
		}
		if !slices.Contains(before(c, r.Call), call.Name) {
			return nil, nil
		}
		if seed := seeds[c.Type]; seed != nil && reflect.TypeOf(seed) == call.Output {
			return seed, nil
		}
		return seeds[call.Name], nil
	}
}

func token(in any) string {
	v := reflect.ValueOf(in).Elem()
	for _, name := range []string{"NextToken", "Marker", "ContinuationToken"} {
		if f := v.FieldByName(name); f.IsValid() {
			if s, ok := f.Interface().(*string); ok && s != nil {
				return *s
			}
		}
	}
	return ""
}

// untoken makes an answer the last page: the recordings' pages belong to runs
// of their own.
func untoken(out any) any {
	v := reflect.ValueOf(out)
	if !v.IsValid() || v.IsNil() {
		return out
	}
	v = v.Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if isToken(name) || name == "IsTruncated" || name == "Truncated" {
			v.Field(i).SetZero()
		}
	}
	return out
}

// leaf is a scalar of an answer with the name of the member that holds it.
type leaf struct{ name, text string }

// lossless wants each leaf of a recording in one of the assets, and returns how
// many there are.
func lossless(t *testing.T, r recording, typ reflect.Type, g *gathered) int {
	t.Helper()
	var raw any
	if err := json.Unmarshal(r.Data, &raw); err != nil {
		t.Fatal(err)
	}
	raw = without(r.Call, raw)
	kept, texts := map[leaf]bool{}, map[string]bool{}
	for _, a := range g.all {
		for _, v := range []bulwark.Value{a.Properties, a.Observed} {
			valueLeaves(v, "", func(l leaf) {
				kept[l] = true
				texts[l.text] = true
			})
		}
	}
	n := 0
	lost := map[string]bool{}
	rawLeaves(raw, typ, "", func(l leaf) {
		n++
		if left[l.name] != "" || left[r.Call+" "+l.name] != "" || kept[l] || kept[leaf{l.name, bulwark.SecretDigest([]byte("k"), l.text)}] || len(l.text) > 4 && texts[l.text] {
			return
		}
		if to, ok := renamed[r.Call+" "+l.name]; ok {
			for _, name := range strings.Fields(to) {
				if kept[leaf{name, l.text}] {
					return
				}
			}
		}
		lost[fmt.Sprintf("%s = %.80s", l.name, l.text)] = true
	})
	for _, what := range slices.Sorted(keysOf(lost)) {
		t.Errorf("%s %s: lost %s", r.Call, r.Flight, what)
	}
	return n
}

// rawLeaves yields the scalars of a recording that the SDK's type has.
func rawLeaves(raw any, t reflect.Type, name string, yield func(leaf)) {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch x := raw.(type) {
	case map[string]any:
		for k, item := range x {
			switch {
			case t == nil: // inside of a document
				rawLeaves(item, nil, strings.ToLower(k), yield)
			case t.Kind() == reflect.Map:
				rawLeaves(item, t.Elem(), strings.ToLower(k), yield)
			case t.Kind() == reflect.String:
				rawLeaves(item, nil, strings.ToLower(k), yield)
			case t.Kind() == reflect.Struct:
				if f, ok := t.FieldByNameFunc(func(s string) bool { return strings.EqualFold(s, k) }); ok && f.IsExported() {
					rawLeaves(item, f.Type, strings.ToLower(k), yield)
				}
			}
		}
	case []any:
		var elem reflect.Type
		if t != nil && t.Kind() == reflect.Slice {
			elem = t.Elem()
		}
		for _, item := range x {
			rawLeaves(item, elem, name, yield)
		}
	case string:
		if t == timeType {
			if at, ok := parseTime(x); ok {
				yield(leaf{name, at.UTC().Format(time.RFC3339)})
			}
			return
		}
		if doc, ok := document(nil, x).(bulwark.Value); ok {
			valueLeaves(doc, name, yield)
			return
		}
		if x != "" {
			yield(leaf{name, x})
		}
	case bool, float64:
		if t != timeType {
			yield(leaf{name, fmt.Sprint(x)})
		}
	}
}

func valueLeaves(v bulwark.Value, name string, yield func(leaf)) {
	switch v.Kind() {
	case bulwark.Object:
		for k, c := range v.Children() {
			valueLeaves(c, strings.ToLower(k), yield)
		}
	case bulwark.List:
		for _, c := range v.Children() {
			valueLeaves(c, name, yield)
		}
	case bulwark.String:
		yield(leaf{name, v.Text()})
	case bulwark.Int:
		yield(leaf{name, fmt.Sprint(float64(v.Int()))})
	case bulwark.Float:
		yield(leaf{name, fmt.Sprint(v.Float())})
	case bulwark.Bool:
		yield(leaf{name, fmt.Sprint(v.Bool())})
	case bulwark.Secret:
		_, digest := v.SecretKind()
		yield(leaf{name, digest})
	}
}
