package aws

import (
	"slices"
	"testing"

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
	e, f := newFake(t, Config{Types: []string{"AWS::EC2::VPC", "AWS::S3::Bucket"}, Regions: []string{"eu-west-1", "us-east-1"}}, made)
	plan, err := e.Plan(t.Context(), map[string]int64{"AWS::S3::Bucket": 250})
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
	// Fixed: once a region, or once an account. By object: 250 known buckets;
	// one VPC on the first page of one region, so one in each.
	for what, want := range map[string]int64{"DescribeVpcs fixed": 2, "DescribeVpcAttribute assumed": 4, "ListBuckets fixed": 1, "ListBuckets counted": 2, "GetBucketAcl counted": 250} {
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
	c := Config{Types: []string{"AWS::EC2::Subnet", "AWS::EC2::VPC", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::CloudTrail::Trail"}, Regions: []string{"eu-west-1"}}
	e, _ := newFake(t, c, made)
	plan, err := e.Plan(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	run, f := newFake(t, c, made)
	gather(t, run)
	for _, n := range plan.Calls {
		name := n.Service + ":" + n.Call
		if n.Call == "DescribeRegions" || n.Call == "ListRegions" || n.Call == "AssumeRole" {
			continue
		}
		want := int64(f.calls[name])
		if n.Count != want {
			t.Errorf("%s is planned %d times (%s) and was called %d times", name, n.Count, n.Basis, want)
		}
	}
}
