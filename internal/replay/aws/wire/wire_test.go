package wire

import (
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// DescribeInstancesInput and the others below stand for the SDK's types of
// their names, by which model.txt knows them.
type DescribeInstancesInput struct {
	Filters     []Filter
	InstanceIds []string
	DryRun      *bool
	MaxResults  *int32
}

type Filter struct {
	Name   *string
	Values []string
}

type ListTagsForResourcesInput struct {
	ResourceIds  []string
	ResourceType string
}

type ListResourcesInput struct {
	TypeName   *string
	MaxResults *int32
	Times      []time.Time
	Map        map[string]*int64
	Blob       []byte
}

var inputs = map[string]reflect.Type{
	"ec2.DescribeInstances":        reflect.TypeFor[DescribeInstancesInput](),
	"route53.ListTagsForResources": reflect.TypeFor[ListTagsForResourcesInput](),
	"cloudcontrol.ListResources":   reflect.TypeFor[ListResourcesInput](),
}

func request(t *testing.T, method, uri, target string) *http.Request {
	t.Helper()
	u, err := url.Parse(uri)
	if err != nil {
		t.Skip(err)
	}
	r := &http.Request{Method: method, URL: u, Host: "x.amazonaws.com", Header: http.Header{}}
	r.Header.Set("X-Amz-Target", target)
	r.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
	return r
}

func TestInput(t *testing.T) {
	yes, five, name := true, int32(5), "vpc-id"
	at := time.Unix(1_600_000_000, 500_000_000).UTC()
	one := int64(1)
	tests := []struct {
		name, signing, method, uri, target, body string
		want                                     any
	}{
		{"form", "ec2", "POST", "/", "", "Action=DescribeInstances&Version=2016-11-15&DryRun=true&Filter.1.Name=vpc-id&Filter.1.Value.2=b&Filter.1.Value.1=a&InstanceId.1=i&MaxResults=5",
			&DescribeInstancesInput{DryRun: &yes, MaxResults: &five, InstanceIds: []string{"i"}, Filters: []Filter{{Name: &name, Values: []string{"a", "b"}}}}},
		{"XML and a label", "route53", "POST", "/2013-04-01/tags/hostedzone", "", "<R><ResourceIds><ResourceId>a</ResourceId><ResourceId>b</ResourceId></ResourceIds></R>",
			&ListTagsForResourcesInput{ResourceType: "hostedzone", ResourceIds: []string{"a", "b"}}},
		{"JSON", "cloudcontrolapi", "POST", "/", "CloudApiService.ListResources", `{"TypeName":"vpc-id","MaxResults":5,"Times":[1600000000.5,"2020-09-13T12:26:40.5Z"],"Map":{"a":1},"Blob":"YQ==","Other":[]}`,
			&ListResourcesInput{TypeName: &name, MaxResults: &five, Times: []time.Time{at, at}, Map: map[string]*int64{"a": &one}, Blob: []byte("a")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req := Match(request(t, tt.method, tt.uri, tt.target), tt.signing, []byte(tt.body))
			if req == nil {
				t.Fatal("matched no operation")
			}
			got, err := req.Input(reflect.TypeOf(tt.want).Elem())
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("input (-want +got):\n%s", d)
			}
		})
	}
}

func TestMatchPaths(t *testing.T) {
	tests := []struct{ signing, host, method, uri, want string }{
		{"s3", "s3.eu-west-1.amazonaws.com", "GET", "/?x-id=ListBuckets", "ListBuckets"},
		{"s3", "s3.eu-west-1.amazonaws.com", "GET", "/", "ListBuckets"},
		{"s3", "127.0.0.1:80", "GET", "/b?acl", "GetBucketAcl"},
		{"s3", "b.s3.eu-west-1.amazonaws.com", "GET", "/?policy", "GetBucketPolicy"},
		{"s3", "b.c.s3.eu-west-1.amazonaws.com", "GET", "/?policyStatus", "GetBucketPolicyStatus"},
		{"s3", "b.s3.eu-west-1.amazonaws.com", "GET", "/", ""},
		{"s3", "1.s3-control.eu-west-1.amazonaws.com", "GET", "/v20180820/configuration/publicAccessBlock", "GetPublicAccessBlock"},
		{"eks", "x", "GET", "/clusters", "ListClusters"},
		{"eks", "x", "GET", "/clusters/a%2Fb", "DescribeCluster"},
		{"eks", "x", "POST", "/clusters", ""},
		{"apigateway", "x", "GET", "/restapis", "GetRestApis"},
		{"apigateway", "x", "GET", "/v2/apis", "GetApis"},
	}
	for _, tt := range tests {
		t.Run(tt.host+tt.uri, func(t *testing.T) {
			r := request(t, tt.method, tt.uri, "")
			r.Host = tt.host
			got := ""
			if req := Match(r, tt.signing, nil); req != nil {
				got = req.Operation.Name
			}
			if got != tt.want {
				t.Errorf("Match = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	e := &Error{Code: "Co<de", Message: "a & b", QueryCode: "Query"}
	for service, want := range map[string]string{
		"ec2": "<Code>Co&lt;de</Code><Message>a &amp; b</Message>", "iam": "<ErrorResponse><Error><Type>Sender</Type><Code>Co&lt;de",
		"s3": "<Error><Code>Co&lt;de", "kms": `"__type":"com.amazonaws.kms#Co\u003cde"`, "eks": `"message":"a \u0026 b"`, "cloudwatch": "com.amazonaws.cloudwatch#Co<de",
	} {
		a := Services()[service].EncodeError(e, "id")
		if !strings.Contains(string(a.Body), want) || a.Status != 400 {
			t.Errorf("%s: status %d, body %s; want %s", service, a.Status, a.Body, want)
		}
	}
	if got := Services()["sqs"].EncodeError(e, "id").Header.Get("X-Amzn-Query-Error"); got != "Query;Sender" {
		t.Errorf("sqs: query error %q", got)
	}
}

// FuzzInput decodes what a hostile caller may send: no panic, and nothing that
// grows beyond the request.
func FuzzInput(f *testing.F) {
	f.Add("ec2", "POST", "/", "", "Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=a&Filter.99999999.Value.1=b&InstanceId.x=i")
	f.Add("route53", "POST", "/2013-04-01/tags/z", "", "<R><ResourceIds><ResourceId>a</ResourceId></ResourceIds></R>")
	f.Add("cloudcontrolapi", "POST", "/", "CloudApiService.ListResources", `{"TypeName":"a","Times":[1e99,"x"],"Map":{"a":null},"Blob":"="}`)
	f.Add("monitoring", "POST", "/service/GraniteServiceVersion20100801/operation/DescribeAlarms", "", "\xbf\x61a\x9f\xff\xff")
	f.Add("s3", "GET", "/b/%zz?acl&acl=1", "", "")
	f.Fuzz(func(t *testing.T, signing, method, uri, target, body string) {
		req := Match(request(t, method, uri, target), signing, []byte(body))
		if req == nil {
			return
		}
		typ, ok := inputs[req.Operation.Service.Name+"."+req.Operation.Name]
		if !ok {
			_, _ = req.bodyTree()
			return
		}
		in, err := req.Input(typ)
		if err != nil {
			return
		}
		if in, ok := in.(*DescribeInstancesInput); ok && len(in.InstanceIds)+len(in.Filters) > len(body) {
			t.Errorf("%d bytes became %d items", len(body), len(in.InstanceIds)+len(in.Filters))
		}
	})
}
