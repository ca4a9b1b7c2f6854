package onboard

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

// TestLongPolicyIsCut keeps every policy of every template below what IAM takes,
// white space left out, and loses no action. What mends gaps is cut as well.
func TestLongPolicyIsCut(t *testing.T) {
	var list []string
	for i := range 600 {
		list = append(list, fmt.Sprintf("service%03d:DescribeSomethingOfSomeLength", i))
	}
	action := regexp.MustCompile(`service\d{3}:DescribeSomethingOfSomeLength`)
	for name, templates := range map[string][]bulwark.Template{"onboarding": AWS(access(list...)), "mending": AWSPolicy(list)} {
		parts := map[string][]string{} // the texts of policies, by the kind of template
		for _, tt := range templates {
			switch {
			case strings.HasPrefix(tt.Name, "policy-"):
				parts["json"] = append(parts["json"], tt.Text)
			case tt.Name == "role.cfn.yaml":
				parts[tt.Name] = strings.Split(tt.Text, "Type: AWS::IAM::ManagedPolicy")[1:]
			case tt.Name == "main.tf":
				parts[tt.Name] = strings.Split(tt.Text, `data "aws_iam_policy_document" "read`)[1:]
			default:
				t.Errorf("%s: template %s is not looked at", name, tt.Name)
			}
		}
		if name == "onboarding" && len(parts) != 3 || len(parts["json"]) < 2 {
			t.Errorf("%s: policies in %d kinds of templates, %d of them JSON", name, len(parts), len(parts["json"]))
		}
		for kind, texts := range parts {
			seen := 0
			for i, text := range texts {
				actions := action.FindAllString(text, -1)
				seen += len(actions)
				document := strings.Join(strings.Fields(awsPolicy(actions)), "")
				if kind == "json" {
					document = strings.Join(strings.Fields(text), "")
				}
				if len(document) > 6144 {
					t.Errorf("%s: policy %d of %s has %d characters, IAM takes 6144", name, i+1, kind, len(document))
				}
			}
			if seen != len(list) {
				t.Errorf("%s: the policies of %s hold %d actions of %d", name, kind, seen, len(list))
			}
		}
	}
}

// TestMend writes what mends a few gaps.
func TestMend(t *testing.T) {
	for name, tt := range map[string]struct {
		got  []bulwark.Template
		want string
	}{
		"aws":        {AWSPolicy([]string{"s3:GetBucketPolicy"}), `"s3:GetBucketPolicy"`},
		"azure":      {AzureRole([]string{"Microsoft.Web/sites/read", "Policy.Read.All"}), `"Microsoft.Web/sites/read"`},
		"both":       {AzureRole([]string{"Microsoft.Web/sites/read", "Policy.Read.All"}), "for name in Policy.Read.All;"},
		"graph":      {AzureRole([]string{"Policy.Read.All"}), "for name in Policy.Read.All;"},
		"gcp":        {GCPRole([]string{"cloudasset.assets.listResource"}), "- cloudasset.assets.listResource\n"},
		"kubernetes": {KubernetesRole([]string{"list pods (core)", "anything"}), "resources:\n      - pods\n    verbs: [list]\n"},
	} {
		if !slices.ContainsFunc(tt.got, func(got bulwark.Template) bool { return strings.Contains(got.Text, tt.want) }) {
			t.Errorf("%s: %+v, want %q in it", name, tt.got, tt.want)
		}
		for _, got := range tt.got {
			if got.About == "" {
				t.Errorf("%s says nothing of itself", got.Name)
			}
			check(t, got)
		}
	}
}
