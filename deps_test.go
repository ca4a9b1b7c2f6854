package bulwark_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/bulwarksec/bulwark"

// A layer says what packages of ours a folder may import. The standard library
// and the module's dependencies are open to all but the root and what banned
// says.
type layer struct {
	name    string
	folders []string // below the module; a folder stands for all below it
	allowed []string // folders of ours it may import, besides itself and its parents; "" is all
	outside []string // modules it may import; nil is any
	why     string   // told to the person whose import is refused
}

var (
	gather = []string{"internal/provider", "internal/source", "internal/scan", "internal/sensor"}
	think  = []string{"internal/check", "internal/compliance", "internal/entitle", "internal/exposure", "internal/vuln", "internal/graph", "internal/detect"}
	keep   = []string{"internal/store", "internal/stream", "internal/archive", "internal/replay"}
	speak  = []string{"internal/export", "internal/client", "internal/onboard"}
	join   = []string{"internal/pipeline", "internal/respond"}
)

// layers holds the direction of imports of docs/architecture.md; a folder
// belongs to the first that names it. Tests may also read the real content and
// use any module. Do not change it to mend a build: move the code, or ask for the value
// through a small interface that cmd/bulwark fills.
var layers = []layer{
	{"vocabulary", []string{"."}, nil, []string{},
		"the root is plain data that everybody imports, so it imports nothing but the standard library"},
	{"content", []string{"content"}, []string{"internal/yamldoc"}, nil,
		"content decodes and lints structure only; expressions are compiled by their engines and joined in internal/pipeline"},
	{"base: expr", []string{"internal/expr"}, []string{"internal/yamldoc"}, nil,
		"expr is the one home of CEL over Value and must serve every engine alike"},
	{"base: yamldoc", []string{"internal/yamldoc"}, nil, []string{"go.yaml.in/yaml"},
		"yamldoc reads YAML into Values for anyone, so it knows nobody and brings only its YAML module"},
	{"base: quota", []string{"internal/quota"}, []string{"internal/yamldoc"}, []string{},
		"quota is the one list of providers' quotas, for those who call and those who enforce"},
	{"base: kube", []string{"internal/kube"}, []string{"internal/yamldoc"}, []string{},
		"kube knows what Kubernetes objects are and how they relate, for manifests and clusters alike"},
	{"gather: code", []string{"internal/scan/iac"}, []string{"internal/scan/iac", "internal/expr", "internal/kube", "internal/yamldoc"}, nil,
		"iac joins the languages below it; it knows no engine, store or face"},
	{"gather", gather, []string{"internal/expr", "internal/kube", "internal/quota", "internal/yamldoc"}, nil,
		"gatherers turn the world into assets and know no engine, store or face; cmd wires transports into them"},
	{"think", think, []string{"internal/expr", "internal/yamldoc"}, nil,
		"engines are pure: values in, values out, no other engine; what one needs of another arrives as facts"},
	{"keep: replay", []string{"internal/replay"}, []string{"internal/replay", "internal/quota"}, nil,
		"a replay is a provider's shape over what all replays share; it knows no gatherer, so that it cannot agree with one's mistakes"},
	{"keep", keep, []string{"internal/quota", "internal/yamldoc"}, nil,
		"stores keep values for anyone and know neither where they come from nor what they mean"},
	{"speak", speak, []string{"internal/yamldoc"}, nil,
		"exports write values out and are used by faces and joins alike"},
	{"join", join, concat(gather, think, keep, speak, []string{"content", "internal/expr", "internal/quota", "internal/yamldoc", "internal/pipeline"}), nil,
		"joins connect gatherers, engines and stores, and know no face"},
	{"face: oidc", []string{"internal/oidc"}, nil, nil,
		"oidc asks one issuer who somebody is, and knows neither sessions nor the store"},
	{"face: api", []string{"internal/api"}, []string{"web", "internal/export", "internal/oidc", "internal/yamldoc"}, nil,
		"the API sees the rest through small interfaces that it declares, so that its tests need no store or cloud"},
	{"face: web", []string{"web"}, nil, []string{},
		"web only embeds the built pages"},
	{"tools", []string{"scripts", "test", "examples", "deploy", "docs"}, []string{""}, nil,
		"tools and tests from outside import all"},
	{"wiring", []string{"cmd"}, []string{""}, nil, "cmd imports all"},
}

// A ban keeps one outside package to the folders that exist for it.
type ban struct {
	imports string   // an import path; stands for what is below it too
	only    []string // folders that may import it
	why     string
}

var bans = []ban{
	{"database/sql", []string{"internal/store", "test"}, "internal/store is the only SQL"},
	{"modernc.org/sqlite", []string{"internal/store", "test", "internal/scan"}, "internal/store is the only SQL; scanners may read a database file they are given"},
	{"github.com/jackc/pgx", []string{"internal/store", "test"}, "internal/store is the only SQL"},
	{"github.com/pressly/goose", []string{"internal/store"}, "internal/store owns the migrations"},
	{"github.com/nats-io", []string{"internal/stream", "test"}, "internal/stream is the only NATS"},
	{"cel.dev/cel-go", []string{"internal/expr", "internal/check", "test"}, "internal/expr is the one home of CEL over Value"},
	{"github.com/google/cel-go", nil, "the module is cel.dev/cel-go; two copies of CEL must not be linked"},
	{"go.yaml.in/yaml", []string{"internal/yamldoc", "internal/scan/iac/tf", "cmd"}, "tf has Terraform's own yamldecode; else internal/yamldoc bounds depth, size and aliases; a bare YAML decoder does not"},
	{"gopkg.in/yaml.v3", nil, "the YAML module is go.yaml.in/yaml/v4, behind internal/yamldoc"},
	{"github.com/hashicorp/hcl", []string{"internal/scan/iac", "test"}, "Terraform is read in one place; benchmarks measure the parser alone beside it"},
	{"github.com/coreos/go-oidc", []string{"internal/oidc"}, "people sign in through internal/oidc, which bounds what an issuer answers"},
	{"github.com/spf13/cobra", []string{"cmd"}, "flags and commands belong to cmd"},
	{"github.com/stretchr/testify", nil, "tests use the standard testing package and go-cmp"},
	{"github.com/aws/aws-sdk-go-v2", []string{"internal/provider/aws", "internal/replay", "test", "scripts"}, "internal/provider is the only way to a cloud"},
	{"github.com/Azure/azure-sdk-for-go", []string{"internal/provider/azure", "test"}, "internal/provider is the only way to a cloud"},
	{"k8s.io/client-go", []string{"internal/provider/kubernetes", "test"}, "internal/provider is the only way to a cluster"},
	{"helm.sh/helm", []string{"internal/scan/iac/helm", "test"}, "charts are rendered in one place"},
	{"sigs.k8s.io/kustomize", []string{"internal/scan/iac/kustomize", "test"}, "kustomizations are built in one place"},
	{"C", nil, "the product is built without cgo"},
}

// Engines neither read nor write the world, so that each runs from a text file
// in a test, under a fuzzer and over a million assets alike.
var impure = []string{"database/sql", "log", "log/slog", "net", "net/http", "os", "os/exec"}

func TestImports(t *testing.T) {
	for _, f := range goFiles(t) {
		for _, imp := range f.imports {
			if why := refuse(f, imp); why != "" {
				t.Errorf("%s imports %q: %s", f.path, imp, why)
			}
		}
	}
}

// TestRefuse tries the rules themselves, so that a slip in a table cannot quietly
// open everything.
func TestRefuse(t *testing.T) {
	tests := []struct {
		file, imports string
		refused       bool
	}{
		{"value.go", "strings", false},
		{"value.go", module + "/internal/expr", true},
		{"value.go", "github.com/google/go-cmp/cmp", true},
		{"value_test.go", "github.com/google/go-cmp/cmp", false},
		{"value_test.go", module + "/internal/check", true},
		{"internal/check/run.go", module, false},
		{"internal/check/run.go", module + "/internal/expr", false},
		{"internal/check/run.go", module + "/internal/compliance", true},
		{"internal/check/run.go", module + "/internal/checker", true},
		{"internal/check/run.go", "os", true},
		{"internal/check/run_test.go", "os", false},
		{"internal/check/run.go", "net/netip", false},
		{"internal/check/run.go", "net/http", true},
		{"internal/provider/aws/s3_bucket.go", module + "/internal/provider", false},
		{"internal/provider/aws/s3_bucket.go", module + "/internal/provider/azure", true},
		{"internal/provider/provider.go", module + "/internal/provider/aws", true},
		{"internal/scan/iac/k8s.go", module + "/internal/yamldoc", false},
		{"internal/scan/iac/k8s.go", module + "/internal/store", true},
		{"internal/scan/iac/k8s.go", module + "/content", true},
		{"internal/scan/iac/k8s_test.go", module + "/content", false},
		{"internal/yamldoc/doc.go", "go.yaml.in/yaml/v4", false},
		{"internal/yamldoc/doc.go", "golang.org/x/text/unicode/norm", true},
		{"content/load.go", "go.yaml.in/yaml/v4", true},
		{"web/web.go", "embed", false},
		{"internal/store/store.go", "database/sql", false},
		{"internal/store/store.go", module + "/internal/expr", true},
		{"internal/store/storetest/run.go", module + "/internal/store", false},
		{"internal/store/sqlite_test.go", module + "/internal/store/storetest", false},
		{"internal/pipeline/collect.go", module + "/internal/store", false},
		{"internal/pipeline/collect.go", module + "/internal/api", true},
		{"internal/pipeline/collect.go", "database/sql", true},
		{"internal/api/findings.go", module + "/web", false},
		{"internal/api/findings.go", module + "/internal/store", true},
		{"cmd/bulwark/serve.go", module + "/internal/api", false},
		{"cmd/bulwark/serve.go", "C", true},
		{"internal/api/findings.go", module + "/cmd/bulwark", true},
		{"internal/new/new.go", module, true},
	}
	for _, tt := range tests {
		f := goFile{path: tt.file, dir: path.Dir(tt.file), test: strings.HasSuffix(tt.file, "_test.go")}
		if why := refuse(f, tt.imports); (why != "") != tt.refused {
			t.Errorf("refuse(%s, %s) = %q, want refused %v", tt.file, tt.imports, why, tt.refused)
		}
	}
}

// TestPackageComments wants one comment that begins "Package x" or, for a
// program, "Command x" in each package.
func TestPackageComments(t *testing.T) {
	type pkg struct {
		dir, name string
	}
	documented := map[pkg]bool{}
	for _, f := range goFiles(t) {
		p := pkg{f.dir, f.name}
		if f.test {
			continue
		}
		want := "Package " + f.name + " "
		if f.name == "main" {
			want = "Command " + path.Base(f.dir) + " "
		}
		documented[p] = documented[p] || strings.HasPrefix(f.doc, want)
	}
	for p, ok := range documented {
		if !ok {
			t.Errorf("%s: package %s has no comment that begins with \"Package %s …\" (\"Command …\" for a program)", p.dir, p.name, p.name)
		}
	}
}

// refuse says why f may not import imp, or nothing if it may.
func refuse(f goFile, imp string) string {
	for _, b := range bans {
		if within(imp, b.imports) && !inAny(f.dir, b.only) && !(f.test && imp != "C" && len(b.only) > 0) {
			return b.why
		}
	}
	l := layerOf(f.dir)
	if l == nil {
		return "the folder " + f.dir + " is in no layer; add it to layers in deps_test.go and to docs/architecture.md"
	}
	if !within(imp, module) {
		return refuseOutside(f, l, imp)
	}
	target := strings.TrimPrefix(strings.TrimPrefix(imp, module), "/")
	if target == "" {
		target = "."
	}
	switch {
	case contains(l.allowed, ""): // all of ours
		return ""
	case target == "." && f.dir != "web":
		return ""
	case target == f.dir || strings.HasPrefix(f.dir, target+"/"): // itself (external tests) or a parent
		return ""
	case f.test && strings.HasPrefix(target, f.dir+"/"): // its own contract tests and fixtures
		return ""
	case f.test && target == "content":
		return ""
	case inAny(target, l.allowed):
		return ""
	}
	return fmt.Sprintf("%s (layer %q may import %s)", l.why, l.name, strings.Join(append([]string{"the root"}, l.allowed...), ", "))
}

// refuseOutside judges an import that is not ours.
func refuseOutside(f goFile, l *layer, imp string) string {
	std := !strings.Contains(strings.SplitN(imp, "/", 2)[0], ".")
	switch {
	case f.test:
		return ""
	case !std && l.outside != nil && !inAny(imp, l.outside):
		return l.why
	case inAny(f.dir, think) && contains(impure, imp):
		return "engines are pure: no network, files, SQL or logger"
	}
	return ""
}

func layerOf(dir string) *layer {
	for i, l := range layers {
		for _, folder := range l.folders {
			if dir == folder || folder != "." && strings.HasPrefix(dir, folder+"/") {
				return &layers[i]
			}
		}
	}
	return nil
}

// A goFile is what the rules need to know of one file.
type goFile struct {
	path, dir string // below the root of the module, with slashes
	name      string // the package's
	doc       string // the package comment in this file
	test      bool
	imports   []string
}

// goFiles parses the imports of every Go file of this module.
func goFiles(t *testing.T) []goFile {
	t.Helper()
	var files []goFile
	fset := token.NewFileSet()
	for _, p := range treeFiles(t) {
		if !strings.HasSuffix(p, ".go") || strings.Contains("/"+p, "/testdata/") {
			continue
		}
		src, err := parser.ParseFile(fset, filepath.FromSlash(p), nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			t.Errorf("parse %s: %v", p, err)
			continue
		}
		f := goFile{path: p, dir: path.Dir(p), name: src.Name.Name, doc: src.Doc.Text(), test: strings.HasSuffix(p, "_test.go")}
		for _, spec := range src.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatalf("%s: import %s: %v", p, spec.Path.Value, err)
			}
			f.imports = append(f.imports, imp)
		}
		files = append(files, f)
	}
	if len(files) == 0 {
		t.Fatal("found no Go file; the tests must run at the root of the module")
	}
	return files
}

func within(p, folder string) bool { return p == folder || strings.HasPrefix(p, folder+"/") }

func inAny(p string, folders []string) bool {
	for _, f := range folders {
		if within(p, f) {
			return true
		}
	}
	return false
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func concat(lists ...[]string) []string {
	var all []string
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}
