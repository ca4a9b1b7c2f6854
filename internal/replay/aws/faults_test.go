package aws

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/bulwarksec/bulwark/internal/quota"
	"github.com/bulwarksec/bulwark/internal/replay"
)

// faulty returns a server of three clusters whose second ListClusters goes
// wrong, after the first.
func faulty(t *testing.T, rule replay.Rule) *eks.Client {
	t.Helper()
	o := testOptions()
	for _, name := range []string{"a", "b", "c"} {
		Put(o.World, Place{Account: testAccount, Region: "eu-west-1"}, ekstypes.Cluster{Name: aws.String(name)})
	}
	rule.Call = replay.Call{Service: "eks", Operation: "ListClusters"}
	rule.Nth = 2
	o.Faults = []replay.Rule{rule}
	client := eks.NewFromConfig(sdkConfig(newServer(t, o).Transport(), "eu-west-1"))
	if out, err := client.ListClusters(context.Background(), nil); err != nil || len(out.Clusters) != 3 {
		t.Fatalf("the first call: %v, %v", out, err)
	}
	return client
}

func TestFaults(t *testing.T) {
	tests := []struct {
		rule replay.Rule
		want string // in the error
	}{
		{replay.Rule{Kind: replay.Denied}, "AccessDeniedException"},
		{replay.Rule{Kind: replay.Throttled}, "ThrottlingException"},
		{replay.Rule{Kind: replay.ServerError}, "InternalServerException"},
		{replay.Rule{Kind: replay.Malformed}, "deserialization failed"},
		{replay.Rule{Kind: replay.Truncated}, "unexpected EOF"},
		{replay.Rule{Kind: replay.Redirect, Location: "https://elsewhere.example/"}, "StatusCode: 307"},
	}
	for _, tt := range tests {
		t.Run(string(tt.rule.Kind), func(t *testing.T) {
			client := faulty(t, tt.rule)
			if _, err := client.ListClusters(context.Background(), nil); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the second call: %v, want %q", err, tt.want)
			}
			if out, err := client.ListClusters(context.Background(), nil); err != nil || len(out.Clusters) != 3 {
				t.Errorf("the third call: %v, %v", out, err)
			}
		})
	}
}

func TestTimeout(t *testing.T) {
	client := faulty(t, replay.Rule{Kind: replay.Timeout})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() {
		_, err := client.ListClusters(ctx, nil)
		done <- err
	}()
	cancel()
	if err := <-done; err == nil {
		t.Error("a call that hangs answered")
	}
}

func TestSlow(t *testing.T) {
	client := faulty(t, replay.Rule{Kind: replay.Slow, Delay: time.Hour})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := client.ListClusters(ctx, nil); err == nil {
		t.Error("an answer that is an hour late came")
	}
}

func TestEndless(t *testing.T) {
	o := testOptions()
	o.Faults = []replay.Rule{{Kind: replay.Endless}}
	const bound = 1 << 20
	var read int64
	bounded := roundTripper(func(r *http.Request) (*http.Response, error) {
		resp, err := newServer(t, o).Transport().RoundTrip(r)
		if err == nil {
			body := resp.Body
			resp.Body = struct {
				io.Reader
				io.Closer
			}{io.TeeReader(io.LimitReader(body, bound), counter{&read}), body}
		}
		return resp, err
	})
	if _, err := eks.NewFromConfig(sdkConfig(bounded, "eu-west-1")).ListClusters(context.Background(), nil); err == nil || read != bound {
		t.Errorf("read %d bytes, error %v; want %d and an error", read, err, bound)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type counter struct{ n *int64 }

func (c counter) Write(p []byte) (int, error) {
	*c.n += int64(len(p))
	return len(p), nil
}

func TestSpoiledPages(t *testing.T) {
	ctx := context.Background()
	empty := faulty(t, replay.Rule{Kind: replay.EmptyPage})
	out, err := empty.ListClusters(ctx, nil)
	if err != nil || len(out.Clusters) != 0 || out.NextToken == nil {
		t.Fatalf("an empty page = %v, %v; want a token only", out, err)
	}
	if out, err = empty.ListClusters(ctx, &eks.ListClustersInput{NextToken: out.NextToken}); err != nil || len(out.Clusters) != 3 {
		t.Errorf("after the empty page: %v, %v; want what it left out", out, err)
	}
	again := faulty(t, replay.Rule{Kind: replay.RepeatedToken})
	out, err = again.ListClusters(ctx, nil)
	if err != nil || len(out.Clusters) != 3 || out.NextToken == nil {
		t.Fatalf("a page with a repeated token = %v, %v", out, err)
	}
}

func TestQuota(t *testing.T) {
	o := testOptions()
	now := start
	o.Now = func() time.Time { return now }
	o.Limits = func(k quota.Key) (quota.Limit, quota.Key) { return quota.Limit{Rate: 1, Burst: 2}, k }
	s := newServer(t, o)
	client := ec2.NewFromConfig(sdkConfig(s.Transport(), "eu-west-1"))
	for i, want := range []string{"", "", "RequestLimitExceeded"} {
		if _, err := client.DescribeInstances(context.Background(), nil); code(err) != want {
			t.Errorf("call %d: %v, want %q", i, err, want)
		}
	}
	now = now.Add(time.Second)
	if _, err := client.DescribeInstances(context.Background(), nil); err != nil {
		t.Errorf("after a second: %v", err)
	}
	call := replay.Call{Scope: testAccount, Region: "eu-west-1", Service: "ec2", Operation: "DescribeInstances"}
	if got := s.Counts()[call]; got != (replay.Count{Calls: 4, Throttled: 1}) {
		t.Errorf("counts = %+v, want 4 calls, 1 throttled", got)
	}
}

func TestSchedule(t *testing.T) {
	o := testOptions()
	now := start
	o.Now = func() time.Time { return now }
	at := Place{Account: testAccount, Region: "eu-west-1"}
	Put(o.World, at, ec2types.Volume{VolumeId: aws.String("vol-1")})
	o.World.Schedule(start.Add(time.Hour), func(w *World) {
		Replace(w, at, func([]ec2types.Volume) []ec2types.Volume { return nil })
	})
	client := ec2.NewFromConfig(sdkConfig(newServer(t, o).Transport(), "eu-west-1"))
	for _, want := range []int{1, 0} {
		out, err := client.DescribeVolumes(context.Background(), nil)
		if err != nil || len(out.Volumes) != want {
			t.Errorf("at %s: %v, %v; want %d", now, out, err, want)
		}
		now = now.Add(time.Hour)
	}
}

func TestSelection(t *testing.T) {
	o := testOptions()
	at := Place{Account: testAccount, Region: "eu-west-1"}
	Put(o.World, at,
		ec2types.Snapshot{SnapshotId: aws.String("snap-1"), OwnerId: aws.String(testAccount), VolumeId: aws.String("vol-1")},
		ec2types.Snapshot{SnapshotId: aws.String("snap-2"), OwnerId: aws.String("amazon")})
	client := ec2.NewFromConfig(sdkConfig(newServer(t, o).Transport(), "eu-west-1"))
	ctx := context.Background()
	tests := []struct {
		name string
		in   *ec2.DescribeSnapshotsInput
		want string // the ids, or the error's code
	}{
		{"all", &ec2.DescribeSnapshotsInput{}, "snap-1 snap-2"},
		{"own", &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}}, "snap-1"},
		{"by id", &ec2.DescribeSnapshotsInput{SnapshotIds: []string{"snap-2"}}, "snap-2"},
		{"absent", &ec2.DescribeSnapshotsInput{SnapshotIds: []string{"snap-9"}}, "InvalidSnapshot.NotFound"},
		{"filter", &ec2.DescribeSnapshotsInput{Filters: []ec2types.Filter{{Name: aws.String("volume-id"), Values: []string{"vol-1"}}}}, "snap-1"},
		{"unknown filter", &ec2.DescribeSnapshotsInput{Filters: []ec2types.Filter{{Name: aws.String("colour"), Values: []string{"red"}}}}, "InvalidParameterValue"},
		{"another's token", &ec2.DescribeSnapshotsInput{NextToken: aws.String("eks")}, "InvalidNextToken"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := client.DescribeSnapshots(ctx, tt.in)
			got := code(err)
			if err == nil {
				var ids []string
				for _, s := range out.Snapshots {
					ids = append(ids, *s.SnapshotId)
				}
				got = strings.Join(ids, " ")
			}
			if got != tt.want {
				t.Errorf("got %q (%v), want %q", got, err, tt.want)
			}
		})
	}
}

// TestParents has the groups of one cluster kept apart from another's.
func TestParents(t *testing.T) {
	o := testOptions()
	at := Place{Account: testAccount, Region: "eu-west-1"}
	Put(o.World, at.In("blue"), ekstypes.Nodegroup{NodegroupName: aws.String("n")})
	client := eks.NewFromConfig(sdkConfig(newServer(t, o).Transport(), "eu-west-1"))
	ctx := context.Background()
	for cluster, want := range map[string]int{"blue": 1, "green": 0} {
		out, err := client.ListNodegroups(ctx, &eks.ListNodegroupsInput{ClusterName: &cluster})
		if err != nil || len(out.Nodegroups) != want {
			t.Errorf("ListNodegroups(%s) = %v, %v; want %d", cluster, out, err, want)
		}
	}
	_, err := client.DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: aws.String("green"), NodegroupName: aws.String("n")})
	if code(err) != "ResourceNotFoundException" {
		t.Errorf("another cluster's group: %v", err)
	}
}

func TestS3Hosts(t *testing.T) {
	o := testOptions()
	Put(o.World, Place{Account: testAccount}, bucketIn("here.b", "eu-west-1"), bucketIn("there", "us-east-1"))
	Answer(o.World, Place{Account: testAccount}, "here.b", &s3.GetBucketVersioningOutput{Status: "Enabled"})
	s := newServer(t, o)
	for _, pathStyle := range []bool{false, true} {
		client := s3.NewFromConfig(sdkConfig(s.Transport(), "eu-west-1"), func(o *s3.Options) { o.UsePathStyle = pathStyle })
		out, err := client.GetBucketVersioning(context.Background(), &s3.GetBucketVersioningInput{Bucket: aws.String("here.b")})
		if err != nil || out.Status != "Enabled" {
			t.Errorf("path style %v: %v, %v", pathStyle, out, err)
		}
		_, err = client.GetBucketVersioning(context.Background(), &s3.GetBucketVersioningInput{Bucket: aws.String("there")})
		if code(err) != "PermanentRedirect" {
			t.Errorf("a bucket elsewhere: %v, want PermanentRedirect", err)
		}
		_, err = client.GetBucketPolicy(context.Background(), &s3.GetBucketPolicyInput{Bucket: aws.String("none")})
		if code(err) != "NoSuchBucket" {
			t.Errorf("no such bucket: %v", err)
		}
	}
}

// TestDeterminism has the same faults strike whatever the order of calls.
func TestDeterminism(t *testing.T) {
	f, err := replay.NewFaults(7, []replay.Rule{{Kind: replay.Throttled, Chance: 0.3}})
	if err != nil {
		t.Fatal(err)
	}
	c := replay.Call{Scope: testAccount, Region: "eu-west-1", Service: "ec2", Operation: "DescribeVpcs"}
	hits := 0
	for n := range 1000 {
		first, second := f.For(c, n+1), f.For(c, n+1)
		if (first == nil) != (second == nil) {
			t.Fatal("the same call drew twice")
		}
		if first != nil {
			hits++
		}
	}
	if hits < 250 || hits > 350 {
		t.Errorf("%d of 1000 calls struck, want about 300", hits)
	}
	other, _ := replay.NewFaults(8, []replay.Rule{{Kind: replay.Throttled, Chance: 0.3}})
	same := 0
	for n := range 1000 {
		if (f.For(c, n+1) == nil) == (other.For(c, n+1) == nil) {
			same++
		}
	}
	if same > 800 {
		t.Errorf("seeds 7 and 8 agree on %d of 1000 calls", same)
	}
}

func FuzzRequest(f *testing.F) {
	f.Add("sqs", "POST", "/", "AmazonSQS.ListQueues", `{"MaxResults":1,"QueueNamePrefix":"a"}`)
	f.Add("ec2", "POST", "/", "", "Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=vpc-id&Filter.1.Value.1=x&InstanceId.1=i")
	f.Add("iam", "POST", "/", "", "Action=ListUsers&Version=2010-05-08&MaxItems=9")
	f.Add("s3", "GET", "/bucket/?acl", "", "")
	f.Add("route53", "POST", "/2013-04-01/tags/hostedzone", "", "<a><ResourceIds><ResourceId>z</ResourceId></ResourceIds></a>")
	f.Add("eks", "GET", "/clusters?maxResults=5&nextToken=x", "", "")
	f.Add("monitoring", "POST", "/service/GraniteServiceVersion20100801/operation/DescribeAlarms", "", "\xa1dNextaA")
	o := testOptions()
	s, err := New(o)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, service, method, uri, target, body string) {
		r, err := http.NewRequest(method, "https://x.amazonaws.com/", strings.NewReader(body))
		if err != nil {
			return
		}
		if r.URL, err = r.URL.Parse(uri); err != nil || r.URL.Host != "x.amazonaws.com" {
			return
		}
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAROOT/20260102/eu-west-1/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
		r.Header.Set("X-Amz-Target", target)
		r.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
		resp, err := s.Transport().RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode >= 500 {
			t.Errorf("status %d: %s", resp.StatusCode, answer)
		}
		if strings.Contains(resp.Header.Get("Content-Type"), "json") && len(answer) > 0 && !json.Valid(answer) {
			t.Errorf("not JSON: %s", answer)
		}
	})
}
