// Command gen derives the wire facts of the AWS operations that the replay
// serves from the sources of the SDK's own clients, so that the server speaks
// what the clients read. It writes ../model.txt; run it with
//
//	go generate ./internal/replay/aws/wire
//
// What is served is what the handlers name: every XInput and XOutput type of a
// service's package in ../../*.go. Clients come in two kinds. Newer ones carry
// schemas that wire reads at run time: of these only the protocol and, for
// REST, the method and path of an operation are written. Older ones have
// (de)serialisers as code: those are read as syntax trees, and of each member
// only what differs from its protocol's habit is written.
package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

const servicePrefix = "github.com/aws/aws-sdk-go-v2/service/"

func main() {
	root := "../../../.." // go generate runs in wire
	out, err := Generate(root)
	if err == nil {
		err = os.WriteFile("model.txt", out, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// Generate returns model.txt for the handlers below the module's root.
func Generate(root string) ([]byte, error) {
	served, err := operations(filepath.Join(root, "internal/replay/aws"))
	if err != nil {
		return nil, err
	}
	versions, err := moduleVersions(filepath.Join(root, "go.mod"))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.WriteString("# Generated from the sources of the AWS SDK by gen; see gen/main.go. Do not edit.\n")
	for _, name := range sortedKeys(served) {
		dir := filepath.Join(moduleCache(), filepath.FromSlash(servicePrefix+name)+"@"+versions[name])
		s, err := load(name, dir)
		if err != nil {
			return nil, err
		}
		if err := s.write(&out, sortedKeys(served[name])); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return out.Bytes(), nil
}

// operations returns each service's operations whose input or output the
// package in dir names.
func operations(dir string) (map[string]map[string]bool, error) {
	files, err := parseDir(dir)
	if err != nil {
		return nil, err
	}
	out := map[string]map[string]bool{}
	for _, f := range files {
		imports := map[string]string{}
		for _, spec := range f.Imports {
			p, _ := strconv.Unquote(spec.Path.Value)
			if name, ok := strings.CutPrefix(p, servicePrefix); ok && !strings.Contains(name, "/") {
				local := name
				if spec.Name != nil {
					local = spec.Name.Name
				}
				imports[local] = name
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, _ := sel.X.(*ast.Ident)
			if x == nil || imports[x.Name] == "" {
				return true
			}
			for _, suffix := range []string{"Input", "Output"} {
				if op, ok := strings.CutSuffix(sel.Sel.Name, suffix); ok {
					service := imports[x.Name]
					if out[service] == nil {
						out[service] = map[string]bool{}
					}
					out[service][op] = true
				}
			}
			return true
		})
	}
	return out, nil
}

var requirement = regexp.MustCompile(`(?m)^\s*` + regexp.QuoteMeta(servicePrefix) + `([a-z0-9]+) (v[^\s]+)`)

func moduleVersions(gomod string) (map[string]string, error) {
	data, err := os.ReadFile(gomod)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, m := range requirement.FindAllStringSubmatch(string(data), -1) {
		out[m[1]] = m[2]
	}
	return out, nil
}

func moduleCache() string {
	if dir := os.Getenv("GOMODCACHE"); dir != "" {
		return dir
	}
	return filepath.Join(filepath.SplitList(build.Default.GOPATH)[0], "pkg", "mod")
}

// parseDir parses the Go files of a folder that are not tests.
func parseDir(dir string) ([]*ast.File, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	var out []*ast.File
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, filepath.Join(dir, e.Name()), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
