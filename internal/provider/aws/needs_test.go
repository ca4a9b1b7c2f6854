package aws

import (
	"slices"
	"strings"
	"testing"

	"github.com/bulwarksec/bulwark"
)

// only leaves an estate one type, so that its calls are its own.
func only(typ string) Config { return Config{Types: []string{typ}, Regions: []string{"eu-west-1"}} }

// ofEveryRun are calls that find accounts and their names, not assets.
var ofEveryRun = []string{"sts:GetCallerIdentity", "iam:ListAccountAliases", "ec2:DescribeRegions"}

// TestNeeds holds collectors to what they say of themselves: each operation
// that is called has its permission, each permission is used, the type has a
// file, and an estate in which every field is set gives one asset at least of
// which nothing is unknown.
func TestNeeds(t *testing.T) {
	for _, c := range tested(t) {
		t.Run(strings.ReplaceAll(c.Type, "::", "."), func(t *testing.T) {
			e, f := newFake(t, only(c.Type), made)
			g := gather(t, e)
			for _, gap := range g.gaps {
				t.Errorf("gap: %+v", gap)
			}
			var declared []string
			for _, n := range c.Needs {
				declared = append(declared, n.operations()...)
			}
			var called []string
			for _, name := range f.names() {
				service, operation, _ := strings.Cut(name, ":")
				if slices.Contains(ofEveryRun, name) && !slices.Contains(declared, operation) {
					continue
				}
				called = append(called, operation)
				p := c.permission(operation)
				if prefix, _, _ := strings.Cut(p, ":"); p == "" || !sameService(service, prefix) {
					t.Errorf("%s is called and has no permission among Needs (%q)", name, p)
				}
			}
			for _, op := range declared {
				if !slices.Contains(called, op) && op != "GenerateCredentialReport" {
					t.Errorf("%s is declared and never called", op)
				}
			}
			assets := 0
			for _, a := range g.assets {
				if a.Type != c.Type {
					t.Errorf("asset %s is of type %s", a.ID, a.Type)
				}
				assets++
				if c.Late {
					continue // what it cannot tell is unknown: see TestInventoryProperties
				}
				for _, p := range unknowns(a.Properties) {
					t.Errorf("%s of %s is unknown", p, a.ID)
				}
			}
			if assets == 0 {
				t.Error("no asset was made")
			}
			for where, l := range g.listings {
				if !l.Complete {
					t.Errorf("listing %s is not complete: %+v", where, l.Gap)
				}
			}
		})
	}
}

// unknowns returns the paths of what is unknown in a value.
func unknowns(v bulwark.Value) []string {
	if v.Kind() == bulwark.Unknown {
		return []string{v.Path() + " (" + v.Reason() + ")"}
	}
	var out []string
	for _, c := range v.Children() {
		out = append(out, unknowns(c)...)
	}
	return out
}

// TestTypes wants each collected type to have its file, and each identifier of
// a template to be a property.
func TestTypes(t *testing.T) {
	types := testTypes(t)
	for _, c := range tested(t) {
		if types.Get(c.Type) == nil && !c.Late {
			t.Errorf("%s has no type file", c.Type)
		}
	}
}

func TestAccess(t *testing.T) {
	e, _ := newFake(t, Config{Types: []string{"AWS::S3::Bucket"}}, nil)
	var got []string
	for _, a := range e.Access() {
		got = append(got, a.Permission)
	}
	if !slices.IsSorted(got) {
		t.Errorf("permissions are not sorted: %v", got)
	}
	for _, want := range []string{"s3:ListAllMyBuckets", "s3:GetEncryptionConfiguration", "sts:GetCallerIdentity", "ec2:DescribeRegions"} {
		if !slices.Contains(got, want) {
			t.Errorf("Access() lacks %s", want)
		}
	}
	for _, a := range e.Access() {
		if a.Permission == "s3:ListAllMyBuckets" && (a.Optional || !slices.Contains(a.Calls, "ListBuckets")) {
			t.Errorf("Access() has %+v", a)
		}
	}
}

// codeOnly are properties that code may have and a live asset has not: what a
// template gives only while something is made, or under another property.
var codeOnly = map[string]string{
	"AWS::AutoScaling::LaunchConfiguration _RootEncrypted":              "which device is the root is not told",
	"AWS::CloudFront::Distribution DistributionConfig.S3Origin.DNSName": "of old templates; the API has Origins",
	"AWS::ECS::TaskDefinition _Containers":                              "Terraform's text; the API has ContainerDefinitions",
	"AWS::EC2::Instance BlockDeviceMappings[].NoDevice":                 "a device of the image that is left out",
	"AWS::EC2::Instance BlockDeviceMappings[].VirtualName":              "instance stores are not described",
	"AWS::KMS::Key PendingWindowInDays":                                 "told when a key is deleted",
	"AWS::RDS::DBCluster MasterUserPassword":                            "never told",
	"AWS::RDS::DBInstance MasterUserPassword":                           "never told",
	"AWS::RDS::DBInstance DBSnapshotIdentifier":                         "what it was restored from is not told",
}

// TestProperties wants each property that a type file lists, and so a check may
// name, from a collector of the type: else a check would judge every live asset
// by the property's default.
func TestProperties(t *testing.T) {
	for _, c := range tested(t) {
		if c.Late {
			continue
		}
		e, _ := newFake(t, only(c.Type), made)
		g := gather(t, e)
		for _, p := range testTypes(t).Get(c.Type).Properties {
			if _, ok := codeOnly[c.Type+" "+p.Path]; ok || p.Path == "Ref" {
				continue
			}
			found := false
			for _, a := range g.all {
				root := a.Properties
				if p.Observed {
					root = a.Observed
				}
				found = found || has(root, strings.Split(p.Path, "."))
			}
			if !found {
				t.Errorf("%s: nothing makes %s", c.Type, p.Path)
			}
		}
	}
}

func has(v bulwark.Value, path []string) bool {
	if len(path) == 0 {
		return !v.IsAbsent()
	}
	name := strings.TrimRight(path[0], "[]{}")
	each := (len(path[0]) - len(name)) / 2
	list := []bulwark.Value{v.Get(name)}
	for range each {
		var next []bulwark.Value
		for _, x := range list {
			for _, c := range x.Children() {
				next = append(next, c)
			}
		}
		list = next
	}
	return slices.ContainsFunc(list, func(c bulwark.Value) bool { return has(c, path[1:]) })
}
