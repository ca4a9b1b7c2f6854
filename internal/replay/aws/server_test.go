package aws

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/bulwarksec/bulwark/internal/replay"
)

const testAccount = "111122223333"

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func testOptions() Options {
	return Options{
		World: NewWorld(),
		Accounts: []Account{
			{ID: testAccount, DisabledRegions: []string{"me-south-1"}},
			{ID: "444455556666", Roles: []Role{{Name: "BulwarkReader", ExternalID: "x-1", Trusts: []string{testAccount}, Deny: []string{"s3:GetBucketPolicy"}}}},
		},
		Keys:   []Key{{ID: "AKIAROOT", Secret: "secret", Principal: Principal{Account: testAccount, ARN: "arn:aws:iam::" + testAccount + ":user/reader", UserID: "AIDAREADER"}}},
		Now:    func() time.Time { return start },
		Limits: replay.Unlimited,
	}
}

func newServer(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	return ""
}

// TestOverHTTP has clients talk to a port, as they do with AWS_ENDPOINT_URL.
func TestOverHTTP(t *testing.T) {
	o := testOptions()
	at := Place{Account: testAccount, Region: "eu-west-1"}
	Put(o.World, at, ec2types.Instance{InstanceId: aws.String("i-1")}, ec2types.Instance{InstanceId: aws.String("i-2")})
	Put(o.World, at, Queue{URL: "https://sqs.eu-west-1.amazonaws.com/" + testAccount + "/q"})
	Put(o.World, at, ekstypes.Cluster{Name: aws.String("blue")})
	Put(o.World, Place{Account: testAccount}, s3types.Bucket{Name: aws.String("b"), BucketRegion: aws.String("eu-west-1")})
	Answer(o.World, Place{Account: testAccount}, "b", &s3.GetBucketPolicyOutput{Policy: aws.String("{}")})
	web := httptest.NewServer(newServer(t, o))
	defer web.Close()
	cfg := sdkConfig(web.Client().Transport, "eu-west-1")
	cfg.BaseEndpoint = &web.URL
	ctx := context.Background()

	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	if err != nil || *who.Account != testAccount {
		t.Errorf("GetCallerIdentity = %v, %v", who, err)
	}
	instances, err := ec2.NewFromConfig(cfg).DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{"i-2"}})
	if err != nil || len(instances.Reservations) != 1 || *instances.Reservations[0].Instances[0].InstanceId != "i-2" {
		t.Errorf("DescribeInstances = %v, %v", instances, err)
	}
	buckets, err := s3.NewFromConfig(cfg).ListBuckets(ctx, nil)
	if err != nil || len(buckets.Buckets) != 1 {
		t.Errorf("ListBuckets = %v, %v", buckets, err)
	}
	policy, err := s3.NewFromConfig(cfg).GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: aws.String("b")})
	if err != nil || *policy.Policy != "{}" {
		t.Errorf("GetBucketPolicy = %v, %v", policy, err)
	}
	queues, err := sqs.NewFromConfig(cfg).ListQueues(ctx, nil)
	if err != nil || len(queues.QueueUrls) != 1 {
		t.Errorf("ListQueues = %v, %v", queues, err)
	}
	cluster, err := eks.NewFromConfig(cfg).DescribeCluster(ctx, &eks.DescribeClusterInput{Name: aws.String("blue")})
	if err != nil || *cluster.Cluster.Name != "blue" {
		t.Errorf("DescribeCluster = %v, %v", cluster, err)
	}
}

func TestAssumeRole(t *testing.T) {
	o := testOptions()
	now := start
	o.Now = func() time.Time { return now }
	Put(o.World, Place{Account: "444455556666"}, s3types.Bucket{Name: aws.String("theirs")})
	s := newServer(t, o)
	cfg := sdkConfig(s.Transport(), "eu-west-1")
	ctx := context.Background()
	in := &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::444455556666:role/BulwarkReader"), RoleSessionName: aws.String("bulwark")}
	if _, err := sts.NewFromConfig(cfg).AssumeRole(ctx, in); code(err) != "AccessDenied" {
		t.Errorf("without an external id: %v, want AccessDenied", err)
	}
	in.ExternalId = aws.String("x-1")
	out, err := sts.NewFromConfig(cfg).AssumeRole(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	client := s3.NewFromConfig(cfg)
	if list, err := client.ListBuckets(ctx, nil); err != nil || len(list.Buckets) != 1 {
		t.Errorf("ListBuckets = %v, %v; want the other account's", list, err)
	}
	if _, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: aws.String("theirs")}); code(err) != "AccessDenied" {
		t.Errorf("a denied action: %v, want AccessDenied", err)
	}
	now = now.Add(2 * time.Hour)
	if _, err := client.ListBuckets(ctx, nil); code(err) != "ExpiredToken" {
		t.Errorf("an expired session: %v, want ExpiredToken", err)
	}
}

func TestUnknownKeysAndRegions(t *testing.T) {
	s := newServer(t, testOptions())
	ctx := context.Background()
	off := sdkConfig(s.Transport(), "me-south-1")
	if _, err := ec2.NewFromConfig(off).DescribeInstances(ctx, nil); code(err) != "AuthFailure" {
		t.Errorf("a disabled region: %v, want AuthFailure", err)
	}
	if _, err := eks.NewFromConfig(off).ListClusters(ctx, nil); code(err) != "UnrecognizedClientException" {
		t.Errorf("a disabled region: %v, want UnrecognizedClientException", err)
	}
	bad := sdkConfig(s.Transport(), "eu-west-1")
	bad.Credentials = credentials.NewStaticCredentialsProvider("AKIAOTHER", "x", "")
	if _, err := s3.NewFromConfig(bad).ListBuckets(ctx, nil); code(err) != "InvalidAccessKeyId" {
		t.Errorf("an unknown key: %v, want InvalidAccessKeyId", err)
	}
}

func TestPages(t *testing.T) {
	o := testOptions()
	at := Place{Account: testAccount, Region: "eu-west-1"}
	for i := range 23 {
		Put(o.World, at, ekstypes.Cluster{Name: aws.String("c" + string(rune('a'+i)))})
	}
	s := newServer(t, o)
	p := eks.NewListClustersPaginator(eks.NewFromConfig(sdkConfig(s.Transport(), "eu-west-1")), &eks.ListClustersInput{MaxResults: aws.Int32(5)})
	var got []string
	pages := 0
	for p.HasMorePages() {
		out, err := p.NextPage(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		pages++
		got = append(got, out.Clusters...)
	}
	if len(got) != 23 || pages != 5 || got[0] != "ca" || got[22] != "cw" {
		t.Errorf("read %v in %d pages, want 23 in 5", got, pages)
	}
}

func bucketIn(name, region string) s3types.Bucket {
	return s3types.Bucket{Name: &name, BucketRegion: &region}
}

// TestOrganizations has accounts outside an organisation, and its members,
// refused.
func TestOrganizations(t *testing.T) {
	o := testOptions()
	at := Place{Account: testAccount}
	Put(o.World, at, orgtypes.Account{Id: aws.String(testAccount), Status: orgtypes.AccountStatusActive})
	client := organizations.NewFromConfig(sdkConfig(newServer(t, o).Transport(), "us-east-1"))
	ctx := context.Background()
	if _, err := client.ListAccounts(ctx, nil); code(err) != "AWSOrganizationsNotInUseException" {
		t.Errorf("without an organisation: %v", err)
	}
	for master, want := range map[string]string{"999999999999": "AccessDeniedException", testAccount: ""} {
		o.World.Update(func(w *World) {
			Answer(w, at, "", &organizations.DescribeOrganizationOutput{Organization: &orgtypes.Organization{MasterAccountId: aws.String(master)}})
		})
		if out, err := client.ListAccounts(ctx, nil); code(err) != want || err == nil && len(out.Accounts) != 1 {
			t.Errorf("managed by %s: %v, %v; want %q", master, out, err, want)
		}
	}
}

// TestIAM has one set of details answer all of IAM's operations, with policy
// documents encoded as IAM does.
func TestIAM(t *testing.T) {
	o := testOptions()
	at := Place{Account: testAccount}
	for i := range 3 {
		Put(o.World, at, iamtypes.UserDetail{UserName: aws.String("u" + string(rune('0'+i))), GroupList: []string{"g"},
			UserPolicyList: []iamtypes.PolicyDetail{{PolicyName: aws.String("own"), PolicyDocument: aws.String(`{"a": 1}`)}}})
	}
	Put(o.World, at, iamtypes.GroupDetail{GroupName: aws.String("g")})
	Put(o.World, at, iamtypes.ManagedPolicyDetail{Arn: aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")}, iamtypes.ManagedPolicyDetail{Arn: aws.String("arn:aws:iam::" + testAccount + ":policy/p")})
	client := iam.NewFromConfig(sdkConfig(newServer(t, o).Transport(), "us-east-1"))
	ctx := context.Background()
	var users, groups, policies int
	p := iam.NewGetAccountAuthorizationDetailsPaginator(client, &iam.GetAccountAuthorizationDetailsInput{MaxItems: aws.Int32(2)})
	for p.HasMorePages() {
		out, err := p.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		users, groups, policies = users+len(out.UserDetailList), groups+len(out.GroupDetailList), policies+len(out.Policies)
		for _, u := range out.UserDetailList {
			if got := *u.UserPolicyList[0].PolicyDocument; got != "%7B%22a%22%3A%201%7D" {
				t.Errorf("a document is written %s", got)
			}
		}
	}
	if users != 3 || groups != 1 || policies != 2 {
		t.Errorf("read %d users, %d groups, %d policies; want 3, 1, 2", users, groups, policies)
	}
	local, err := client.ListPolicies(ctx, &iam.ListPoliciesInput{Scope: iamtypes.PolicyScopeTypeLocal})
	if err != nil || len(local.Policies) != 1 {
		t.Errorf("local policies = %v, %v; want one", local, err)
	}
	group, err := client.GetGroup(ctx, &iam.GetGroupInput{GroupName: aws.String("g")})
	if err != nil || len(group.Users) != 3 {
		t.Errorf("GetGroup = %v, %v; want three users", group, err)
	}
	if _, err := client.GetUser(ctx, &iam.GetUserInput{UserName: aws.String("nobody")}); code(err) != "NoSuchEntity" {
		t.Errorf("an absent user: %v", err)
	}
}
