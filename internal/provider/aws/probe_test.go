package aws

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/bulwarksec/bulwark"
)

func TestProbe(t *testing.T) {
	e, f := newFake(t, Config{Types: []string{"AWS::S3::Bucket", "AWS::KMS::Key", "AWS::EC2::VPC"}, Regions: []string{"eu-west-1"}}, func(c call) (any, error) {
		switch c.Name {
		case "s3:GetBucketPolicy":
			return nil, failure("NoSuchBucketPolicy", 404) // it may be asked
		case "s3:GetBucketAcl":
			return nil, failure("AccessDenied", 403)
		case "kms:ListKeys":
			return nil, nil // there are none to ask about
		case "ec2:DescribeVpcs":
			return nil, failure("InternalError", 500)
		}
		return made(c)
	})
	probes, err := e.Probe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bulwark.ProbeState{}
	for _, p := range probes {
		got[p.Permission] = p.State
		if (p.State == bulwark.ProbeAllowed) != (p.Why == "") {
			t.Errorf("%s is %s because of %q", p.Permission, p.State, p.Why)
		}
	}
	want := map[string]bulwark.ProbeState{"s3:ListAllMyBuckets": bulwark.ProbeAllowed, "s3:GetBucketPolicy": bulwark.ProbeAllowed, "s3:GetBucketAcl": bulwark.ProbeDenied,
		"kms:ListKeys": bulwark.ProbeAllowed, "kms:DescribeKey": bulwark.ProbeUntried, "ec2:DescribeVpcs": bulwark.ProbeUnreachable, "sts:GetCallerIdentity": bulwark.ProbeAllowed}
	for permission, state := range want {
		if got[permission] != state {
			t.Errorf("%s is %q, want %s", permission, got[permission], state)
		}
	}
	for name, n := range f.calls {
		if n > 1 && name != "ec2:DescribeVpcs" { // which is tried again
			t.Errorf("%s was called %d times", name, n)
		}
	}
}

func TestPlan(t *testing.T) {
	e, f := newFake(t, Config{Types: []string{"AWS::EC2::VPC", "AWS::S3::Bucket"}, Regions: []string{"eu-west-1", "us-east-1"}}, func(c call) (any, error) {
		out, err := made(c)
		if list, ok := out.(*s3.ListBucketsOutput); ok {
			list.Buckets = slices.Repeat(list.Buckets, 250)
		}
		return out, err
	})
	plan, err := e.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int64{}
	for _, c := range plan.Calls {
		count[c.Call+" "+c.Basis] += c.Count
		if !c.Logged {
			t.Errorf("%s is not logged", c.Call)
		}
	}
	// Fixed: once a region, or once an account. By object: 250 buckets on the
	// first page; one VPC on that of one region, so one in each.
	for what, want := range map[string]int64{"DescribeVpcs fixed": 2, "DescribeVpcAttribute assumed": 4, "ListBuckets fixed": 1, "ListBuckets assumed": 2, "GetBucketAcl assumed": 250} {
		if count[what] != want {
			t.Errorf("%s = %d, want %d", what, count[what], want)
		}
	}
	if plan.Total != plan.Logged || plan.Total < 3000 || plan.Seconds <= 0 || len(plan.Filter) == 0 || len(plan.Scopes) != 1 || !slices.Equal(plan.Regions, []string{"eu-west-1", "us-east-1"}) {
		t.Errorf("plan = %+v", plan)
	}
	if f.calls["s3:GetBucketAcl"] != 1 {
		t.Errorf("planning asked %d buckets for their ACL, want one", f.calls["s3:GetBucketAcl"])
	}
}

// TestPlanMatchesRun wants the plan of an estate that is known to be the calls
// that a run then makes.
func TestPlanMatchesRun(t *testing.T) {
	for name, c := range map[string]Config{
		"assets":  {Types: []string{"AWS::EC2::Subnet", "AWS::EC2::VPC", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::CloudTrail::Trail"}, Regions: []string{"eu-west-1"}},
		"account": {Types: []string{typeAccount}, Regions: []string{"eu-west-1", "eu-west-2", "us-east-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			e, _ := newFake(t, c, made)
			plan, err := e.Plan(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			run, f := newFake(t, c, made)
			gather(t, run)
			for _, n := range plan.Calls {
				name := n.Service + ":" + n.Call
				if slices.Contains([]string{"DescribeRegions", "ListRegions", "AssumeRole", "GenerateCredentialReport"}, n.Call) {
					continue
				}
				want := int64(f.calls[name])
				if n.Count != want {
					t.Errorf("%s is planned %d times (%s) and was called %d times", name, n.Count, n.Basis, want)
				}
			}
		})
	}
}

// TestProbeRoles wants sts:AssumeRole to be told as it is in every account, and
// not at all where no role is assumed.
func TestProbeRoles(t *testing.T) {
	of := func(t *testing.T, c Config, answer func(c call) (any, error)) (p bulwark.Probe) {
		t.Helper()
		c.Types, c.Regions = []string{"AWS::EC2::VPC"}, []string{"eu-west-1"}
		e, _ := newFake(t, c, answer)
		probes, err := e.Probe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p = range probes {
			if p.Permission == assumeRole {
				return p
			}
		}
		t.Fatalf("%s is not told of", assumeRole)
		return p
	}
	var roles []string
	if p := of(t, Config{Organization: true}, organisation(t, &roles)); p.State != bulwark.ProbeDenied || p.Where != "aws/000011112222" || p.Why == "" {
		t.Errorf("with an account that has no role it is %+v, want it denied there", p)
	}
	if p := of(t, Config{Organization: true, Exclude: []string{"0000*"}}, organisation(t, &roles)); p.State != bulwark.ProbeAllowed {
		t.Errorf("with roles in all accounts it is %+v", p)
	}
	if p := of(t, Config{AccountIDs: []string{testAccount}}, nil); p.State != bulwark.ProbeUntried {
		t.Errorf("with the own account alone it is %+v, want it untried", p)
	}
}
