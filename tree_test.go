package bulwark_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
)

// maxFileLines is the length at which a file is asked to become two.
const maxFileLines = 600

// longFiles are those that were longer when this test came, with their length
// then: they may shrink, and must not grow. Split them and take them out.
var longFiles = map[string]int{
	"internal/api/fake_test.go": 602,
	"internal/expr/closure.go":  1005,
	"internal/expr/env.go":      669,
	"internal/expr/val.go":      745,
}

// TestArchitectureListsFolders keeps docs/architecture.md true: every top-level
// folder and every package right below internal/ stands in it as `name/`.
func TestArchitectureListsFolders(t *testing.T) {
	page := readFile(t, "docs/architecture.md")
	folders := map[string]bool{}
	for _, p := range treeFiles(t) {
		parts := strings.Split(p, "/")
		if len(parts) > 1 && parts[0] != "testdata" && !strings.HasPrefix(parts[0], ".") {
			folders[parts[0]+"/"] = true
		}
		if len(parts) > 2 && parts[0] == "internal" {
			folders["internal/"+parts[1]+"/"] = true
		}
	}
	for _, folder := range sortedKeys(folders) {
		if !strings.Contains(page, "`"+folder+"`") {
			t.Errorf("docs/architecture.md does not list `%s`; add its line, or move the folder", folder)
		}
	}
}

// TestFileSizes lists the files that are too long to be read in one go.
func TestFileSizes(t *testing.T) {
	for _, p := range treeFiles(t) {
		switch filepath.Ext(p) {
		case ".go", ".ts", ".tsx":
		default:
			continue
		}
		data := readFile(t, p)
		if strings.Contains("/"+p, "/testdata/") || generated(data) {
			continue
		}
		limit := max(maxFileLines, longFiles[p])
		if n := strings.Count(data, "\n"); n > limit {
			t.Errorf("%s has %d lines, over %d; split it by what its parts are about", p, n, limit)
		}
	}
}

// generated reports whether one of the first lines says that a program wrote
// the file.
func generated(data string) bool {
	lines := bufio.NewScanner(strings.NewReader(data))
	for i := 0; i < 20 && lines.Scan(); i++ {
		line := strings.ToLower(lines.Text())
		if strings.Contains(line, "code generated") || strings.Contains(line, "auto-generated") {
			return true
		}
	}
	return false
}

// TestDependenciesPage wants a line of docs/dependencies.md for every direct
// dependency of the product, and none for what is no longer one. A line stands
// for the modules below its own too: an SDK with one for each service.
func TestDependenciesPage(t *testing.T) {
	want := map[string]bool{}
	for _, m := range directModules(readFile(t, "go.mod")) {
		want[m] = true
	}
	for _, m := range pageModules(t) {
		want[m] = true
	}
	got := map[string]bool{}
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")
	for _, m := range row.FindAllStringSubmatch(readFile(t, "docs/dependencies.md"), -1) {
		got[m[1]] = true
	}
	for _, m := range sortedKeys(want) {
		if !got[m] && !hasParent(got, m) {
			t.Errorf("docs/dependencies.md has no row for %s: say what it is for, what else there was, its licence and its size", m)
		}
	}
	for _, m := range sortedKeys(got) {
		if !want[m] {
			t.Errorf("docs/dependencies.md has a row for %s, which is no direct dependency", m)
		}
	}
}

// hasParent tells whether a module above m is in the set.
func hasParent(set map[string]bool, m string) bool {
	for p := path.Dir(m); p != "."; p = path.Dir(p) {
		if set[p] {
			return true
		}
	}
	return false
}

// directModules lists the modules that a go.mod requires without "// indirect".
func directModules(mod string) []string {
	var modules []string
	inBlock := false
	for _, line := range strings.Split(mod, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "require (":
			inBlock = true
			continue
		case line == ")":
			inBlock = false
			continue
		case strings.HasPrefix(line, "require "):
			line = strings.TrimPrefix(line, "require ")
		case !inBlock:
			continue
		}
		fields := strings.Fields(line)
		if len(fields) >= 2 && !strings.Contains(line, "// indirect") {
			modules = append(modules, fields[0])
		}
	}
	return modules
}

// pageModules lists the packages that the built pages are made of.
func pageModules(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile("web/package.json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Dependencies map[string]string `json:"dependencies"`
	}
	if err := json.Unmarshal(data, &manifest); err != nil {
		t.Fatalf("parse web/package.json: %v", err)
	}
	var names []string
	for name := range manifest.Dependencies {
		names = append(names, name)
	}
	return names
}

func TestDirectModules(t *testing.T) {
	got := directModules("module x\n\ngo 1.26\n\nrequire a.b/c v1\n\nrequire (\n\td.e/f v2\n\tg.h/i v3 // indirect\n)\n\nreplace j => k v1\n")
	if strings.Join(got, " ") != "a.b/c d.e/f" {
		t.Errorf("directModules = %v, want [a.b/c d.e/f]", got)
	}
}

// forbidden is what no file may say: paths of one person's machine, and hosts
// from which packages are served, which a mirror may replace. The patterns are
// written so that they do not match themselves.
var forbidden = []struct {
	pattern *regexp.Regexp
	why     string
}{
	{regexp.MustCompile(`(^|[\s"'=(\x60:])/wor[k]/`), "a path of one machine"},
	{regexp.MustCompile(`(^|[\s"'=(\x60:])/hom[e]/(user|ubuntu|[a-z]+)/(src|go|code)/`), "a path of one machine"},
	{regexp.MustCompile(`\b(proxy|sum)\.golan[g]\.org\b`), "a host that serves packages"},
	{regexp.MustCompile(`\bregistry\.(npmj[s]\.org|yarnpk[g]\.com)\b`), "a host that serves packages"},
	{regexp.MustCompile(`\b(deb|security)\.debia[n]\.org\b`), "a host that serves packages"},
}

// TestForbiddenWords reads every file of the repository.
func TestForbiddenWords(t *testing.T) {
	for _, p := range treeFiles(t) {
		info, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > 8<<20 {
			continue
		}
		data := readFile(t, p)
		if strings.ContainsRune(data[:min(len(data), 8000)], 0) {
			continue // an image or another binary
		}
		for _, f := range forbidden {
			for i, line := range bytes.Split([]byte(data), []byte("\n")) {
				if f.pattern.Match(line) {
					t.Errorf("%s:%d: %s: %.120s", p, i+1, f.why, line)
				}
			}
		}
	}
}

// treeFiles lists the files of this module below its root, sorted, with
// slashes: what is built, downloaded or a module of its own left out.
func treeFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		p = filepath.ToSlash(p)
		if !d.IsDir() {
			if d.Type().IsRegular() && d.Name() != ".git" { // a file in a linked work tree
				files = append(files, p)
			}
			return nil
		}
		if p == "." {
			return nil
		}
		switch {
		case d.Name() == ".git", d.Name() == "node_modules", skippedFolders[p]:
			return filepath.SkipDir
		}
		if _, err := os.Stat(filepath.Join(p, "go.mod")); err == nil {
			return filepath.SkipDir
		}
		return nil
	})
	if err != nil {
		t.Fatalf("walk the module: %v", err)
	}
	sort.Strings(files)
	return files
}

// skippedFolders are written by builds and runs, and ignored by git.
var skippedFolders = map[string]bool{"bin": true, "build": true, "bulwark-data": true, "web/dist": true}

func readFile(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func sortedKeys(m map[string]bool) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
