package aws

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/bulwarksec/bulwark"
)

func TestGather(t *testing.T) {
	e, _ := newFake(t, Config{Types: []string{"AWS::S3::Bucket", "AWS::EC2::SecurityGroup", "AWS::Account"}}, func(c call) (any, error) {
		switch c.Name {
		case "s3:ListBuckets":
			return &s3.ListBucketsOutput{Buckets: []s3types.Bucket{{Name: ptr("shop-logs"), BucketRegion: ptr("eu-west-1")}}}, nil
		case "s3:GetBucketPolicy":
			return &s3.GetBucketPolicyOutput{Policy: ptr(`{"Statement":[{"Effect":"Allow"}]}`)}, nil
		case "s3:GetBucketEncryption":
			return nil, failure("ServerSideEncryptionConfigurationNotFoundError", 404)
		case "s3:GetBucketTagging":
			return nil, failure("AccessDenied", 403)
		case "ec2:DescribeSecurityGroups":
			if c.Region != "eu-west-1" {
				return nil, failure("UnauthorizedOperation", 403)
			}
			return &ec2.DescribeSecurityGroupsOutput{SecurityGroups: []ec2types.SecurityGroup{{GroupId: ptr("sg-1"), GroupName: ptr("web"), VpcId: ptr("vpc-1"),
				IpPermissions: []ec2types.IpPermission{{IpProtocol: ptr("6"), FromPort: ptr(int32(22)), ToPort: ptr(int32(22)), IpRanges: []ec2types.IpRange{{CidrIp: ptr("0.0.0.0/0")}, {CidrIp: ptr("10.0.0.0/8")}}}}}}}, nil
		}
		return nil, nil
	})
	g := gather(t, e)

	bucket := g.assets["live:arn:aws:s3:::shop-logs"]
	if bucket == nil {
		t.Fatalf("the bucket is missing among %d assets; gaps: %v", len(g.assets), g.gaps)
	}
	if got, want := bucket.Properties.At("_Policy", "Statement").Index(0).Get("Effect").Text(), "Allow"; got != want {
		t.Errorf("Effect = %q, want %q", got, want)
	}
	if k := bucket.Properties.Get("BucketEncryption").Kind(); k != bulwark.Absent {
		t.Errorf("BucketEncryption is %s, want absent", k)
	}
	if got, want := bucket.Properties.Get("Tags").Reason(), "denied: needs s3:GetBucketTagging"; got != want {
		t.Errorf("Tags are unknown for %q, want %q", got, want)
	}
	if bucket.Region != "eu-west-1" || bucket.Scope != "aws/"+testAccount {
		t.Errorf("bucket is in %s %s", bucket.Scope, bucket.Region)
	}
	if got, want := bucket.Relations[0].Target, "live:arn:aws:iam::"+testAccount+":root"; got != want {
		t.Errorf("account = %s, want %s", got, want)
	}
	group := g.assets["live:arn:aws:ec2:eu-west-1:"+testAccount+":security-group/sg-1"]
	if group == nil {
		t.Fatal("the security group is missing")
	}
	if rules := group.Properties.Get("SecurityGroupIngress"); rules.Len() != 2 || rules.Index(0).Get("IpProtocol").Text() != "tcp" {
		t.Errorf("SecurityGroupIngress = %v", rules)
	}
	if l := g.listings["AWS::EC2::SecurityGroup us-east-1"]; l == nil || l.Complete || l.Gap.Needs != "ec2:DescribeSecurityGroups" {
		t.Errorf("the listing that was denied is %+v", l)
	}
	if l := g.listings["AWS::EC2::SecurityGroup eu-west-1"]; l == nil || !l.Complete {
		t.Errorf("the listing of eu-west-1 is %+v", l)
	}
	if a := g.assets["live:arn:aws:iam::"+testAccount+":root"]; a == nil || a.Type != typeAccount {
		t.Error("the account is no asset")
	}
}

// TestPanics wants an answer that a collector panics about, in whatever
// goroutine, to cost its listing or the setting it is about alone.
func TestPanics(t *testing.T) {
	tests := map[string]func(ctx context.Context, s *session) error{
		"list": func(context.Context, *session) error { panic("list") },
		"item": func(ctx context.Context, s *session) error {
			return drafts(ctx, s, []int{1}, func(context.Context, int, *draft) error { panic("item") })
		},
		"parent": func(ctx context.Context, s *session) error {
			return within(ctx, s, []int{1}, func(context.Context, int) error { panic("parent") })
		},
	}
	for name, list := range tests {
		t.Run(name, func(t *testing.T) {
			e, _ := newFake(t, only("AWS::EC2::VPC"), nil)
			p := &place{account: &account{id: testAccount}, region: "eu-west-1", memo: &memo{}}
			var got *bulwark.Listing
			s := e.session(p, &collector{Type: "AWS::EC2::VPC", Service: "ec2", List: list}, func(g bulwark.Gathered) error {
				got = g.Listing
				return nil
			})
			if err := e.run(t.Context(), p, s); err != nil {
				t.Fatal(err)
			}
			if got == nil || got.Complete || !strings.Contains(got.Gap.Why, name) {
				t.Errorf("the listing is %+v", got)
			}
		})
	}
}

// TestBounds wants no more calls at once than collectors and helpers may make,
// and every asset of a page although there is no helper.
func TestBounds(t *testing.T) {
	const items = 100
	var mu sync.Mutex
	var now, most, done int
	e, _ := newFake(t, only("AWS::EC2::VPC"), nil)
	p := &place{account: &account{id: testAccount}, region: "eu-west-1", memo: &memo{}, helpers: make(slots, 2)}
	s := e.session(p, &collector{Type: "AWS::EC2::VPC", Service: "ec2"}, nil)
	one := func(_ context.Context, nested []int) error {
		return aside(t.Context(), s, nested, func(context.Context, int) error {
			mu.Lock()
			now, done = now+1, done+1
			most = max(most, now)
			mu.Unlock()
			runtime.Gosched()
			mu.Lock()
			now--
			mu.Unlock()
			return nil
		})
	}
	pages := slices.Repeat([][]int{make([]int, 10)}, items/10)
	if err := aside(t.Context(), s, pages, one); err != nil {
		t.Fatal(err)
	}
	if done != items || most > 3 {
		t.Errorf("%d of %d were read, %d at once; want all by two helpers and the caller", done, items, most)
	}
	if err := aside(t.Context(), s, []int{1, 2, 3}, func(_ context.Context, n int) error {
		if n == 2 {
			return errAnswer
		}
		return nil
	}); !errors.Is(err, errAnswer) || len(p.helpers) > 0 {
		t.Errorf("aside() = %v with %d helpers left over, want the error of the second", err, len(p.helpers))
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := aside(ended, s, []int{1}, func(context.Context, int) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("aside() after the end = %v, want it to say so", err)
	}
}

// TestPlaces wants the places of a region, of all accounts, to share what is
// read at once, and no others to: one region that hangs is to hold up no other.
func TestPlaces(t *testing.T) {
	var roles []string
	e, _ := newFake(t, Config{Organization: true, Exclude: []string{"0000*"}, Regions: []string{"eu-west-1", "us-east-1"}}, organisation(t, &roles))
	found, err := e.accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list, err := e.places(t.Context(), found, func(bulwark.Gathered) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	of, shared := map[slots]string{}, map[string]int{}
	for _, p := range list {
		key := map[where]string{global: "global"}[p.where]
		if key == "" {
			key = p.region
		}
		for _, s := range []slots{p.runs, p.helpers} {
			if k, ok := of[s]; ok && k != key {
				t.Errorf("%s and %s share slots", k, key)
			}
			of[s] = key
		}
		shared[key]++
	}
	if len(of) != 6 || shared["global"] != 2 || shared["eu-west-1"] != 2 || shared["us-east-1"] != 2 {
		t.Errorf("%d kinds of slots, places %v; want two kinds each of global and of two regions", len(of), shared)
	}
}
