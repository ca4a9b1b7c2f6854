package aws

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	gatewaytypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

// text returns a tree as JSON, its keys sorted.
func asText(t *testing.T, v any) string {
	t.Helper()
	value, err := provider.ValueOf(nil, "", v)
	if err != nil {
		t.Fatal(err)
	}
	return value.String()
}

func same(t *testing.T, got any, want string) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal([]byte(asText(t, got)), &g); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(w, g); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestRules(t *testing.T) {
	same(t, rules([]ec2types.IpPermission{
		{IpProtocol: ptr("-1"), UserIdGroupPairs: []ec2types.UserIdGroupPair{{GroupId: ptr("sg-1")}, {GroupId: ptr("sg-2"), UserId: ptr("444455556666"), Description: ptr("peer")}}},
		{IpProtocol: ptr("TCP"), FromPort: ptr(int32(443)), ToPort: ptr(int32(443)), Ipv6Ranges: []ec2types.Ipv6Range{{CidrIpv6: ptr("::/0")}}, PrefixListIds: []ec2types.PrefixListId{{PrefixListId: ptr("pl-1")}}},
	}, ptr("sg-1"), "Source"), `[
		{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIpv6": "::/0"},
		{"IpProtocol": "-1", "SourceSecurityGroupId": "sg-2", "SourceSecurityGroupOwnerId": "444455556666", "Description": "peer", "_Self": false},
		{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "SourcePrefixListId": "pl-1"},
		{"IpProtocol": "-1", "SourceSecurityGroupId": "sg-1", "_Self": true}]`)
}

func TestPermissions(t *testing.T) {
	doc := document(nil, `{"Statement": [
		{"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "lambda:InvokeFunction", "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::shop"}, "StringEquals": {"AWS:SourceAccount": "1"}}},
		{"Effect": "Allow", "Principal": "*", "Action": ["a", "b"], "Condition": {"StringNotEquals": {"aws:SourceAccount": "1"}, "StringEquals": {"aws:principalorgid": "o-1"}}},
		{"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::1:root", "arn:aws:iam::2:root"]}, "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": "1"}}},
		{"Effect": "Allow", "Principal": "*", "Condition": {"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-1"}}},
		{"Effect": "Allow", "Principal": "*", "Condition": {"StringLike": {"aws:PrincipalOrgID": "*", "aws:SourceAccount": ["1", "*"]}, "ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:shop"}}},
		{"Effect": "Allow", "Principal": "*", "Condition": {"StringLike": {"aws:SourceArn": "*"}, "ArnLike": {"aws:SourceArn": "arn:aws:sns:*:111122223333:*"}}},
		{"Effect": "Allow", "Principal": "*", "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}, "ForAnyValue:StringLike": {"aws:PrincipalOrgID": "o-1"}}},
		{"Effect": "Deny", "Principal": "*"}]}`).(bulwark.Value)
	same(t, permissions(doc), `[
		{"Principal": "s3.amazonaws.com", "Action": "lambda:InvokeFunction", "SourceArn": "arn:aws:s3:::shop", "SourceAccount": "1"},
		{"Principal": "*", "Action": "a,b", "PrincipalOrgID": "o-1"},
		{"Principal": "arn:aws:iam::1:root"}, {"Principal": "arn:aws:iam::2:root"},
		{"Principal": "*"},
		{"Principal": "*"},
		{"Principal": "*", "SourceArn": "arn:aws:sns:*:111122223333:*"},
		{"Principal": "*", "PrincipalOrgID": "o-1"}]`)
}

func TestLifecycleRule(t *testing.T) {
	tests := map[string]struct {
		rule s3types.LifecycleRule
		want string
	}{
		"all":    {s3types.LifecycleRule{ID: ptr("a"), Filter: &s3types.LifecycleRuleFilter{Prefix: ptr("")}}, `{"Id": "a", "Filter": {}}`},
		"prefix": {s3types.LifecycleRule{Filter: &s3types.LifecycleRuleFilter{Prefix: ptr("logs/")}}, `{"Prefix": "logs/", "Filter": {"Prefix": "logs/"}}`},
		"tag":    {s3types.LifecycleRule{Filter: &s3types.LifecycleRuleFilter{Tag: &s3types.Tag{Key: ptr("k"), Value: ptr("v")}}}, `{"TagFilters": [{"Key": "k", "Value": "v"}], "Filter": {"Tag": {"Key": "k", "Value": "v"}}}`},
		"both": {s3types.LifecycleRule{Filter: &s3types.LifecycleRuleFilter{And: &s3types.LifecycleRuleAndOperator{Prefix: ptr("p"), Tags: []s3types.Tag{{Key: ptr("k"), Value: ptr("v")}}}}},
			`{"Prefix": "p", "TagFilters": [{"Key": "k", "Value": "v"}], "Filter": {"And": {"Prefix": "p", "Tags": [{"Key": "k", "Value": "v"}]}}}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { same(t, lifecycleRule(tt.rule), tt.want) })
	}
}

func TestCanned(t *testing.T) {
	owner := s3types.Grant{Grantee: &s3types.Grantee{Type: s3types.TypeCanonicalUser, ID: ptr("o")}, Permission: s3types.PermissionFullControl}
	group := func(name string, p s3types.Permission) s3types.Grant {
		return s3types.Grant{Grantee: &s3types.Grantee{Type: s3types.TypeGroup, URI: ptr("http://acs.amazonaws.com/groups/global/" + name)}, Permission: p}
	}
	for want, grants := range map[string][]s3types.Grant{
		"Private":         {owner},
		"PublicRead":      {owner, group("AllUsers", "READ")},
		"PublicReadWrite": {owner, group("AllUsers", "WRITE"), group("AllUsers", "READ")},
		"":                {owner, group("AllUsers", "FULL_CONTROL")},
	} {
		if got := canned(grants); got != want {
			t.Errorf("canned(%v) = %q, want %q", grants, got, want)
		}
	}
	if got := canned([]s3types.Grant{owner, owner}); got != "" {
		t.Errorf("an ACL with another user is %q", got)
	}
}

func TestWeakest(t *testing.T) {
	list := []lambdatypes.FunctionUrlConfig{{AuthType: lambdatypes.FunctionUrlAuthTypeAwsIam}, {AuthType: lambdatypes.FunctionUrlAuthTypeNone}}
	if got := weakest(list); got != "NONE" {
		t.Errorf("weakest() = %s, want NONE", got)
	}
}

func TestAttachments(t *testing.T) {
	policy := []iamtypes.AttachedPolicy{{PolicyArn: ptr("arn:p")}}
	l := &details{users: []iamtypes.UserDetail{{UserName: ptr("ann"), AttachedManagedPolicies: policy}}, roles: []iamtypes.RoleDetail{{RoleName: ptr("web"), AttachedManagedPolicies: policy}}}
	want := map[string]map[string][]string{"arn:p": {"Users": {"ann"}, "Roles": {"web"}}}
	if d := cmp.Diff(want, l.attachments()); d != "" {
		t.Error(d)
	}
}

// TestTake wants fields where a type file lists them under their new names, and
// all others among what was observed; tags are pairs whatever the service has.
func TestTake(t *testing.T) {
	typ := &bulwark.Type{ID: "AWS::Made::Thing", Properties: []bulwark.Property{{Path: "ThingName", Kind: bulwark.KindString}, {Path: "Port", Kind: bulwark.KindString},
		{Path: "Rules[].Id", Kind: bulwark.KindString}, {Path: "State", Kind: bulwark.KindString, Observed: true}, {Path: "Tags[].Key", Kind: bulwark.KindString}}}
	type rule struct{ ID *string }
	d := newDraft(typ, nil, "eu-west-1")
	d.take(struct {
		Name  *string
		Port  *int32
		Rules []rule
		State string
		Extra []byte
		Nil   *string
		Tags  map[string]string
	}{ptr("a"), ptr(int32(80)), []rule{{ptr("r")}}, "up", []byte("x"), nil, map[string]string{"b": "2", "a": "1"}}, names{"Name": "ThingName"})
	rename(d.properties, "Rules[].ID", "Id")
	same(t, d.properties, `{"ThingName": "a", "Port": "80", "Rules": [{"Id": "r"}], "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]}`)
	same(t, d.observed, `{"State": "up", "Extra": "eA=="}`)
}

// TestSecrets wants what a type file marks as a secret to be kept as its keyed
// digest, wherever it stands below the marked path.
func TestSecrets(t *testing.T) {
	e, _ := newFake(t, Config{}, nil)
	typ := &bulwark.Type{ID: "AWS::Made::Thing", Native: "arn:{partition}:made:::{Name}", Properties: []bulwark.Property{{Path: "Name"}, {Path: "Variables{}", Secret: "password"}, {Path: "Hidden.Word", Secret: "token", Observed: true}}}
	s := &session{estate: e, account: &account{id: testAccount, partition: "aws"}, collector: &collector{Type: typ.ID}, typ: typ}
	d := newDraft(typ, nil, "")
	d.set("Name", "a")
	d.set("Variables", map[string]string{"PASSWORD": "hunter2"})
	d.set("Hidden", map[string]string{"Word": "open", "Other": "shown"})
	a, err := s.asset(d)
	if err != nil {
		t.Fatal(err)
	}
	kind, digest := a.Properties.At("Variables", "PASSWORD").SecretKind()
	if kind != "password" || len(digest) != 32 {
		t.Errorf("the variable is %v", a.Properties)
	}
	if k := a.Observed.At("Hidden", "Word").Kind(); k != bulwark.Secret || a.Observed.At("Hidden", "Other").Text() != "shown" {
		t.Errorf("observed is %v", a.Observed)
	}
}

// TestUnion wants a member of a union under its name.
func TestUnion(t *testing.T) {
	type ConfigMemberUnusedAccess struct{ Value struct{ Days int } }
	v := struct{ Configuration any }{&ConfigMemberUnusedAccess{struct{ Days int }{90}}}
	same(t, tree(v), `{"Configuration": {"UnusedAccess": {"Days": 90}}}`)
}

// TestGatewayPolicy wants the policy of a REST API, which is told with escaped
// quotation marks, as the document that it is.
func TestGatewayPolicy(t *testing.T) {
	e, _ := newFake(t, only("AWS::ApiGateway::RestApi"), func(c call) (any, error) {
		if c.Name != "apigateway:GetRestApis" {
			return nil, nil
		}
		return &apigateway.GetRestApisOutput{Items: []gatewaytypes.RestApi{{Id: ptr("a1"), Name: ptr("shop"), Policy: ptr(`{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\"}]}`)}}}, nil
	})
	a := gather(t, e).assets["live:arn:aws:apigateway:eu-west-1::/restapis/a1"]
	if a == nil || a.Properties.At("Policy", "Statement").Index(0).Get("Effect").Text() != "Deny" {
		t.Errorf("the API is %+v", a)
	}
}

// TestRecorded wants what selectors of trails record.
func TestRecorded(t *testing.T) {
	field := func(name string, equals ...string) trailtypes.AdvancedFieldSelector {
		return trailtypes.AdvancedFieldSelector{Field: &name, Equals: equals}
	}
	advanced := func(f ...trailtypes.AdvancedFieldSelector) []trailtypes.AdvancedEventSelector {
		return []trailtypes.AdvancedEventSelector{{FieldSelectors: f}}
	}
	objects := func(values ...string) []trailtypes.DataResource {
		return []trailtypes.DataResource{{Type: ptr("AWS::S3::Object"), Values: values}}
	}
	tests := map[string]struct {
		basic               []trailtypes.EventSelector
		advanced            []trailtypes.AdvancedEventSelector
		management, objects access
	}{
		"as_made":     {basic: []trailtypes.EventSelector{{ReadWriteType: "All", IncludeManagementEvents: ptr(true)}}, management: "All", objects: "None"},
		"data_only":   {basic: []trailtypes.EventSelector{{ReadWriteType: "WriteOnly", IncludeManagementEvents: ptr(false), DataResources: objects("arn:aws:s3:::")}}, management: "None", objects: "WriteOnly"},
		"one_bucket":  {basic: []trailtypes.EventSelector{{ReadWriteType: "All", DataResources: objects("arn:aws:s3:::shop/")}}, management: "All", objects: "None"},
		"two_halves":  {basic: []trailtypes.EventSelector{{ReadWriteType: "ReadOnly", DataResources: objects("arn:aws:s3")}, {ReadWriteType: "WriteOnly", DataResources: objects("arn:aws:s3")}}, management: "All", objects: "All"},
		"advanced":    {advanced: slices.Concat(advanced(field("eventCategory", "Management")), advanced(field("eventCategory", "Data"), field("resources.type", "AWS::S3::Object"), field("readOnly", "true"))), management: "All", objects: "ReadOnly"},
		"narrowed":    {advanced: advanced(field("eventCategory", "Data"), field("resources.type", "AWS::S3::Object"), field("resources.ARN", "arn:aws:s3:::shop/")), management: "None", objects: "None"},
		"without_kms": {advanced: advanced(field("eventCategory", "Management"), trailtypes.AdvancedFieldSelector{Field: ptr("eventSource"), NotEquals: []string{"kms.amazonaws.com"}}), management: "All", objects: "None"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if m, o := recorded(tt.basic, tt.advanced); m != tt.management || o != tt.objects {
				t.Errorf("recorded() = %s, %s, want %s, %s", m, o, tt.management, tt.objects)
			}
		})
	}
}
