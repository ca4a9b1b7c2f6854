// Command awsinventory writes internal/provider/aws/inventory.tsv: the types
// that AWS Cloud Control can list without being told of a parent.
//
//	go run ./scripts/awsinventory -schemas DIR -spec db.json.gz -types content/types/aws > internal/provider/aws/inventory.tsv
//
// DIR holds the schemas of the CloudFormation registry, a JSON file a type, as
// AWS publishes them in CloudformationSchema.zip. db.json.gz comes with the npm
// package @aws-cdk/aws-service-spec and tells how ARNs are made. A line is: type;
// regional or global; the ARN, in which {0} is the first part of the identifier,
// or = where the identifier is one, or - where neither source tells; the
// permissions of its list; and for types that have a file the properties that can
// be read, and the permissions of reading one.
package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

type schema struct {
	TypeName          string
	Properties        map[string]json.RawMessage
	PrimaryIdentifier []string
	WriteOnly         []string `json:"writeOnlyProperties"`
	Handlers          map[string]struct {
		Permissions   []string
		HandlerSchema struct {
			Required            []string
			OneOf, AnyOf, AllOf []struct{ Required []string }
		}
	}
}

func main() {
	schemas := flag.String("schemas", "", "folder of registry schemas")
	spec := flag.String("spec", "", "db.json.gz of the service specification")
	types := flag.String("types", "content/types/aws", "folder of type files")
	flag.Parse()
	if err := run(*schemas, *spec, *types); err != nil {
		fmt.Fprintln(os.Stderr, "awsinventory:", err)
		os.Exit(1)
	}
}

func run(schemas, spec, types string) error {
	arns, err := arnTemplates(spec)
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(schemas, "*.json"))
	if err != nil {
		return err
	}
	var lines []string
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		var s schema
		if err := json.Unmarshal(data, &s); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if strings.HasPrefix(s.TypeName, "AWS::") && s.lists() && !piece.MatchString(s.TypeName) {
			_, err := os.Stat(filepath.Join(types, strings.ReplaceAll(s.TypeName, "::", ".")+".yaml"))
			lines = append(lines, s.line(arns[s.TypeName], err == nil))
		}
	}
	slices.Sort(lines)
	w := bufio.NewWriter(os.Stdout)
	for _, l := range lines {
		fmt.Fprintln(w, l)
	}
	return w.Flush()
}

// arnTemplates reads how the ARN of each type is made.
func arnTemplates(name string) (map[string]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	var db struct {
		Schema struct {
			Resource struct {
				Entities []struct{ CloudFormationType, ArnTemplate string }
			}
		}
	}
	if err := json.NewDecoder(z).Decode(&db); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, e := range db.Schema.Resource.Entities {
		out[e.CloudFormationType] = e.ArnTemplate
	}
	return out, nil
}

// piece matches types that only join others, or are a part of one.
var piece = regexp.MustCompile(`(Association|Attachment|SecurityGroupIngress|SecurityGroupEgress|CidrBlock|SnapshotBlockPublicAccess|SubnetNetworkAcl)$`)

// lists tells whether a type can be listed without being told of a parent.
func (s *schema) lists() bool {
	l, ok := s.Handlers["list"]
	if !ok || len(l.HandlerSchema.Required) > 0 {
		return false
	}
	for _, alternatives := range [][]struct{ Required []string }{l.HandlerSchema.OneOf, l.HandlerSchema.AnyOf, l.HandlerSchema.AllOf} {
		if len(alternatives) > 0 && !slices.ContainsFunc(alternatives, func(a struct{ Required []string }) bool { return len(a.Required) == 0 }) {
			return false
		}
	}
	return true
}

// globals are services that have one list for all regions.
var globals = []string{"Billing", "BillingConductor", "Budgets", "CE", "CloudFront", "CUR", "IAM", "Organizations", "Route53", "Shield"}

func (s *schema) line(template string, filed bool) string {
	where := "regional"
	if slices.Contains(globals, strings.Split(s.TypeName, "::")[1]) {
		where = "global"
	}
	fields := []string{s.TypeName, where, s.arn(template), strings.Join(reads(s.Handlers["list"].Permissions), " "), "", ""}
	if filed {
		var names []string
		for name := range s.Properties {
			if !slices.Contains(s.WriteOnly, "/properties/"+name) {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		fields[4], fields[5] = strings.Join(names, " "), strings.Join(reads(s.Handlers["read"].Permissions), " ")
	}
	return strings.TrimRight(strings.Join(fields, "\t"), "\t")
}

var variable = regexp.MustCompile(`\$\{(\w+)\}`)

// arn returns the template of an ARN with parts of the identifier as variables.
// A variable is a part of the same name, or the only one if its name ends in
// the part's, as DetectorId does in Id.
func (s *schema) arn(template string) string {
	var parts []string
	for _, p := range s.PrimaryIdentifier {
		parts = append(parts, strings.ToLower(p[strings.LastIndexByte(p, '/')+1:]))
	}
	if len(parts) == 1 && strings.HasSuffix(parts[0], "arn") {
		return "="
	}
	if template == "" {
		return "-"
	}
	used, known := 0, true
	template = strings.Replace(template, "arn:aws:", "arn:${Partition}:", 1)
	out := variable.ReplaceAllStringFunc(template, func(v string) string {
		name := v[2 : len(v)-1]
		switch name {
		case "Partition", "Region", "Account":
			return "{" + strings.ToLower(name) + "}"
		}
		used++
		low := strings.ToLower(name)
		for i, p := range parts {
			if low == p || len(parts) == 1 && (p == "id" || p == "name" || strings.HasSuffix(p, low)) && strings.HasSuffix(low, p) {
				return fmt.Sprintf("{%d}", i)
			}
		}
		known = false
		return v
	})
	if !known || used != len(parts) {
		return "-"
	}
	return out
}

// secrets are permissions that handlers ask for and that tell what nobody need
// know to list resources.
var secrets = []string{"kms:Decrypt", "s3:GetObject", "secretsmanager:GetSecretValue", "ssm:GetParameter", "ssm:GetParameters", "lambda:GetFunction", "ecr:GetAuthorizationToken"}

// reads leaves those permissions that only read, sorted.
func reads(permissions []string) []string {
	var out []string
	for _, p := range permissions {
		_, action, _ := strings.Cut(p, ":")
		if strings.Contains(p, "*") || slices.Contains(secrets, p) {
			continue
		}
		for _, verb := range []string{"List", "Describe", "Get", "Search", "Lookup", "View"} {
			if strings.HasPrefix(action, verb) {
				out = append(out, p)
				break
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
