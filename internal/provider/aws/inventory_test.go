package aws

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/content"
)

// untold are the properties of types of Cloud Control that it does not tell, so
// that what checks say of them is unknown.
var untold = map[string]string{
	"AWS::ElasticBeanstalk::Environment OptionSettings": "written only",
	"AWS::KinesisFirehose::DeliveryStream _Encrypted":   "Terraform's own",
}

// TestInventory holds the inventory to its form: types once and sorted, each
// with a list that needs only to read.
func TestInventory(t *testing.T) {
	last, byHand := "", 0
	collects := map[string]int{}
	for _, c := range registry() {
		collects[c.Type]++
		if !c.Late {
			byHand++
		}
	}
	for _, k := range inventory() {
		if k.typ <= last {
			t.Errorf("%s follows %s", k.typ, last)
		}
		last = k.typ
		if collects[k.typ] != 1 {
			t.Errorf("%s has %d collectors", k.typ, collects[k.typ])
		}
		if k.arn != "=" && k.arn != "-" && (!strings.HasPrefix(k.arn, "arn:{partition}:") || !strings.Contains(k.arn, "{0}")) {
			t.Errorf("the ARN of %s is made by %s", k.typ, k.arn)
		}
		for _, p := range append(k.list, k.read...) {
			if service, action, ok := strings.Cut(p, ":"); !ok || service == "" || action == "" {
				t.Errorf("%s needs %q", k.typ, p)
			}
		}
	}
	if n := len(registry()) - byHand; n < 300 {
		t.Errorf("%d types are collected through Cloud Control, want 300", n)
	}
	t.Logf("%d types by hand, %d through Cloud Control", byHand, len(registry())-byHand)
}

// TestInventoryProperties wants each property that the file of a type lists to
// be told by Cloud Control, or to be known as one that is not.
func TestInventoryProperties(t *testing.T) {
	for _, k := range inventory() {
		typ := testTypes(t).Get(k.typ)
		late := false
		for _, c := range registry() {
			late = late || c.Type == k.typ && c.Late
		}
		if typ == nil || !late {
			continue
		}
		for _, p := range typ.Properties {
			first, _, _ := strings.Cut(p.Path, ".")
			first = strings.TrimRight(first, "[]{}")
			if _, ok := untold[k.typ+" "+first]; !ok && first != "Ref" && first != "Arn" && !k.tells(first) {
				t.Errorf("%s: nothing makes %s", k.typ, p.Path)
			}
		}
	}
}

// TestIdentity wants ARNs made of the identifier alone.
func TestIdentity(t *testing.T) {
	s := &session{account: &account{id: testAccount, partition: "aws"}}
	tests := map[string]struct{ arn, id, want string }{
		"is_one":  {"=", "arn:aws:kafka:eu-west-1:1:cluster/a", "arn:aws:kafka:eu-west-1:1:cluster/a"},
		"made":    {"arn:{partition}:glue:{region}:{account}:crawler/{0}", "c", "arn:aws:glue:eu-west-1:" + testAccount + ":crawler/c"},
		"parts":   {"arn:{partition}:x:{region}:{account}:a/{0}/b/{1}", "p|q", "arn:aws:x:eu-west-1:" + testAccount + ":a/p/b/q"},
		"missing": {"arn:{partition}:x:{region}:{account}:a/{0}/b/{1}", "p", "arn:aws:cloudformation:eu-west-1:" + testAccount + ":resource/AWS::X::Y/p"},
		"unknown": {"-", "p", "arn:aws:cloudformation:eu-west-1:" + testAccount + ":resource/AWS::X::Y/p"},
		"no_arn":  {"=", "p", "arn:aws:cloudformation:eu-west-1:" + testAccount + ":resource/AWS::X::Y/p"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := (stock{typ: "AWS::X::Y", arn: tt.arn}).identity(s, "eu-west-1", tt.id); got != tt.want {
				t.Errorf("identity(%s) = %s, want %s", tt.id, got, tt.want)
			}
		})
	}
}

// TestCloudControl wants properties under a type's names, all else observed, a
// type without a file observed as a whole, and what the service itself denied
// told with its permission.
func TestCloudControl(t *testing.T) {
	e, f := newFake(t, Config{Types: []string{"AWS::Kinesis::Stream", "AWS::AIOps::InvestigationGroup", "AWS::AmazonMQ::Configuration"}, Regions: []string{"eu-west-1"}}, func(c call) (any, error) {
		switch in := c.Input.(type) {
		case *cloudcontrol.ListResourcesInput:
			switch *in.TypeName {
			case "AWS::Kinesis::Stream":
				return &cloudcontrol.ListResourcesOutput{ResourceDescriptions: []types.ResourceDescription{{Identifier: ptr("clicks"), Properties: ptr(`{"Name":"clicks"}`)}}}, nil
			case "AWS::AmazonMQ::Configuration":
				return nil, failure("TypeNotFoundException", 400)
			}
			return &cloudcontrol.ListResourcesOutput{ResourceDescriptions: []types.ResourceDescription{{Identifier: ptr("arn:aws:aiops:eu-west-1:1:group/g"), Properties: ptr(`{"Name":"g","Tags":[{"Key":"a","Value":"b"}]}`)}}}, nil
		case *cloudcontrol.GetResourceInput:
			return &cloudcontrol.GetResourceOutput{ResourceDescription: &types.ResourceDescription{Identifier: in.Identifier, Properties: ptr(`{"Name":"clicks","RetentionPeriodHours":24,"StreamEncryption":{"EncryptionType":"KMS"},"ShardCount":2}`)}}, nil
		}
		return nil, nil
	})
	g := gather(t, e)
	stream := g.assets["live:arn:aws:kinesis:eu-west-1:"+testAccount+":stream/clicks"]
	if stream == nil || stream.Properties.At("StreamEncryption", "EncryptionType").Text() != "KMS" || stream.Observed.Get("ShardCount").Int() != 2 {
		t.Errorf("the stream is %+v of %d assets", stream, len(g.assets))
	}
	group := g.assets["live:arn:aws:aiops:eu-west-1:1:group/g"]
	if group == nil || group.Observed.Get("Name").Text() != "g" || group.Type != "AWS::AIOps::InvestigationGroup" {
		t.Errorf("the group is %+v", group)
	}
	if n := f.calls["cloudcontrol:GetResource"]; n != 1 {
		t.Errorf("GetResource was called %d times, want once, for the type that has a file", n)
	}
	if l := g.listings["AWS::AmazonMQ::Configuration eu-west-1"]; l.Complete || !strings.Contains(l.Gap.Why, string(bulwark.FaultDisabled)) {
		t.Errorf("a type that the region does not know has the listing %+v", l)
	}
}

// TestHandlerDenied wants the permission that the service wanted, not that of
// Cloud Control.
func TestHandlerDenied(t *testing.T) {
	e, _ := newFake(t, only("AWS::Kinesis::Stream"), func(c call) (any, error) {
		if c.Name == "cloudcontrol:ListResources" {
			return nil, says("AccessDeniedException", 400, "User: arn:aws:iam::1:user/a is not authorized to perform: kinesis:ListStreams because no policy allows it")
		}
		return nil, nil
	})
	l := gather(t, e).listings["AWS::Kinesis::Stream eu-west-1"]
	if l == nil || l.Complete || l.Gap.Needs != "kinesis:ListStreams" {
		t.Errorf("the listing is %+v", l)
	}
}

// TestInventoryAsked wants types without a file to be listed where they are
// asked for, and there alone.
func TestInventoryAsked(t *testing.T) {
	for want, c := range map[bool]Config{false: {}, true: {Inventory: true}} {
		e, _ := newFake(t, c, nil)
		found := false
		for _, c := range e.collectors() {
			found = found || c.Type == "AWS::AIOps::InvestigationGroup"
		}
		if found != want {
			t.Errorf("with %+v the type is collected: %v", c, found)
		}
	}
}

// uncollected are the types about which something is checked in code, and that
// are not read live: Cloud Control cannot list them.
var uncollected = map[string]string{
	"AWS::Athena::Database":            "of Terraform; databases are of the Glue catalogue",
	"AWS::CodeBuild::Project":          "not read yet",
	"AWS::DAX::Cluster":                "not read yet",
	"AWS::DMS::ReplicationInstance":    "not read yet",
	"AWS::FSx::FileSystem":             "not read yet",
	"AWS::Glue::DevEndpoint":           "not read yet",
	"AWS::Glue::SecurityConfiguration": "not read yet",
	"AWS::IAM::Policy":                 "read as a part of its principal",
	"AWS::QLDB::Ledger":                "the service ended in 2025",
	"AWS::SageMaker::EndpointConfig":   "not read yet",
	"AWS::SageMaker::NotebookInstance": "not read yet",
	"AWS::WAF::WebACL":                 "the service ended in 2025",
	"AWS::WAFRegional::WebACL":         "the service ended in 2025",
}

// TestChecked wants each type that a check is about to be collected.
func TestChecked(t *testing.T) {
	c, _ := content.Load(content.Options{}, content.Embedded())
	collects := map[string]bool{}
	for _, k := range registry() {
		collects[k.Type] = true
	}
	asked := map[string]bool{}
	for _, check := range c.Checks {
		for _, typ := range check.Assets {
			if !strings.HasPrefix(typ, "AWS::") || asked[typ] {
				continue
			}
			asked[typ] = true
			if _, ok := uncollected[typ]; ok == collects[typ] {
				t.Errorf("%s, of check %s: collected %v, known not to be %v", typ, check.ID, collects[typ], ok)
			}
		}
	}
	t.Logf("%d types are asked about, of which %d are not read", len(asked), len(uncollected))
}
