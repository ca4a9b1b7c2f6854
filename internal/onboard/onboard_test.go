package onboard

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
	"golang.org/x/tools/txtar"

	"github.com/bulwarksec/bulwark"
)

var update = flag.Bool("update", false, "rewrite golden files")

func access(list ...string) []bulwark.Access {
	var out []bulwark.Access
	for _, p := range list {
		out = append(out, bulwark.Access{Permission: p})
	}
	return out
}

// TestTemplates writes each kind's templates from few permissions, out of order
// and one twice.
func TestTemplates(t *testing.T) {
	for kind, list := range map[string][]bulwark.Template{
		"aws":        AWS(access("s3:ListAllMyBuckets", "ec2:DescribeInstances", "s3:ListAllMyBuckets")),
		"azure":      Azure(access("Policy.Read.All", "Microsoft.Web/sites/read", "Microsoft.Sql/servers/read")),
		"gcp":        GCP(access("cloudasset.assets.searchAllResources", "resourcemanager.projects.get", "cloudasset.assets.listResource")),
		"kubernetes": Kubernetes(access("list pods (core)", "watch pods (core)", "list deployments (apps)", "watch deployments (apps)", "get namespaces (core)", "list daemonsets (apps)", "watch daemonsets (apps)", "list secrets (core)")),
	} {
		t.Run(kind, func(t *testing.T) {
			got := &txtar.Archive{}
			for _, tt := range list {
				if tt.About == "" || tt.ContentType == "" || !strings.HasSuffix(tt.Text, "\n") || strings.Contains(tt.Text, "«") {
					t.Errorf("template %s says nothing of itself, or is not whole", tt.Name)
				}
				check(t, tt)
				got.Files = append(got.Files, txtar.File{Name: tt.Name, Data: []byte(tt.Text)})
			}
			file := filepath.Join("testdata", kind+".txtar")
			if *update {
				if err := os.WriteFile(file, txtar.Format(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(txtar.Format(got))); diff != "" {
				t.Errorf("%s (-want +got), -update rewrites it:\n%s", file, diff)
			}
		})
	}
}

// check reads a template as its content type says.
func check(t *testing.T, tt bulwark.Template) {
	t.Helper()
	switch tt.ContentType {
	case "application/json":
		if !json.Valid([]byte(tt.Text)) {
			t.Errorf("%s is not JSON", tt.Name)
		}
	case "application/yaml":
		for _, doc := range strings.Split(tt.Text, "---\n") {
			var v yaml.Node
			if err := yaml.Unmarshal([]byte(doc), &v); err != nil {
				t.Errorf("%s is not YAML: %v", tt.Name, err)
			}
		}
	}
}

// TestLongPolicyIsCut keeps every policy below what IAM takes, and loses no
// action.
func TestLongPolicyIsCut(t *testing.T) {
	var list []string
	for i := range 600 {
		list = append(list, fmt.Sprintf("service%03d:DescribeSomethingOfSomeLength", i))
	}
	var seen int
	policies := 0
	for _, tt := range AWS(access(list...)) {
		if !strings.HasPrefix(tt.Name, "policy-") {
			continue
		}
		policies++
		var doc struct {
			Statement []struct{ Action []string }
		}
		if err := json.Unmarshal([]byte(tt.Text), &doc); err != nil {
			t.Fatal(err)
		}
		seen += len(doc.Statement[0].Action)
		if n := len(strings.Join(strings.Fields(tt.Text), "")); n > 6144 {
			t.Errorf("%s has %d characters, IAM takes 6144", tt.Name, n)
		}
	}
	if seen != len(list) || policies < 2 {
		t.Errorf("%d policies hold %d actions of %d", policies, seen, len(list))
	}
}

// TestMend writes what mends a few gaps.
func TestMend(t *testing.T) {
	for name, tt := range map[string]struct {
		got  bulwark.Template
		want string
	}{
		"aws":        {AWSPolicy([]string{"s3:GetBucketPolicy"}), `"s3:GetBucketPolicy"`},
		"azure":      {AzureRole([]string{"Microsoft.Web/sites/read", "Policy.Read.All"}), `"Microsoft.Web/sites/read"`},
		"graph":      {AzureRole([]string{"Policy.Read.All"}), "for name in Policy.Read.All;"},
		"gcp":        {GCPRole([]string{"cloudasset.assets.listResource"}), "- cloudasset.assets.listResource\n"},
		"kubernetes": {KubernetesRole([]string{"list pods (core)", "anything"}), "resources:\n      - pods\n    verbs: [list]\n"},
	} {
		if !strings.Contains(tt.got.Text, tt.want) || tt.got.About == "" {
			t.Errorf("%s: %+v, want %q in it", name, tt.got, tt.want)
		}
		check(t, tt.got)
	}
}
