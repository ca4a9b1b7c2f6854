package iac

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"github.com/bulwarksec/bulwark"
)

// fuzzLimit keeps single inputs small, so that many are tried.
const fuzzLimit = 64 << 10

// invariants hold for whatever is scanned: ids are distinct, every value and
// relation can be read, the end is one listing, and a second run gives the same.
func invariants(t *testing.T, opts Options) {
	list, err := tryGather(opts)
	if err != nil {
		return
	}
	seen := map[string]bool{}
	listings := 0
	for _, g := range list {
		switch {
		case g.Asset != nil:
			if seen[g.Asset.ID] {
				t.Errorf("two assets have the id %s", g.Asset.ID)
			}
			seen[g.Asset.ID] = true
			if g.Asset.Type == "" || g.Asset.Scope == "" || g.Asset.Position.File == "" {
				t.Errorf("%s has type %q, scope %q and stands in %q", g.Asset.ID, g.Asset.Type, g.Asset.Scope, g.Asset.Position.File)
			}
			for _, r := range g.Asset.Relations {
				if (r.Target == "") == (r.Reason == "") {
					t.Errorf("%s has a relation %s with target %q and reason %q", g.Asset.ID, r.Name, r.Target, r.Reason)
				}
			}
		case g.Listing != nil:
			listings++
		}
	}
	if listings != 1 {
		t.Errorf("%d listings, want one", listings)
	}
	again, err := tryGather(opts)
	if err != nil {
		t.Fatalf("a second run: %v", err)
	}
	if a, b := printGathered(list), printGathered(again); a != b {
		t.Errorf("two runs differ:\n%s\n%s", a, b)
	}
}

var fuzzTypes = sync.OnceValue(func() func(testing.TB) *bulwark.Types {
	var once sync.Once
	var types *bulwark.Types
	return func(t testing.TB) *bulwark.Types {
		once.Do(func() { types = realTypes(t) })
		return types
	}
})()

// seeds adds the files of the goldens that end in one of the extensions.
func seeds(f *testing.F, add func(name, text string), extensions ...string) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, in := range a.Files {
			for _, ext := range extensions {
				if strings.HasSuffix(in.Name, ext) && !strings.HasPrefix(in.Name, "types/") {
					// the types of goldens are not those of the fuzzer
					add(in.Name, strings.NewReplacer("AWS::Test::Thing", "AWS::S3::Bucket", "AWS::Test::Bucket", "AWS::S3::Bucket", "Microsoft.Test/things", "Microsoft.Sql/servers",
						"test_bucket", "aws_s3_bucket", "test_group", "aws_security_group", "test_thing", "aws_s3_bucket").Replace(string(in.Data)))
				}
			}
		}
	}
}

func FuzzTemplate(f *testing.F) {
	seeds(f, func(_, text string) { f.Add(text) }, "template.yaml", "template.json", "stack.template")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > fuzzLimit || !isTemplate([]byte(text)) {
			return
		}
		invariants(t, Options{FS: fstest.MapFS{"t.yaml": {Data: []byte(text)}}, Types: fuzzTypes(t)})
	})
}

func FuzzARM(f *testing.F) {
	seeds(f, func(_, text string) { f.Add(text) }, "template.json")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > fuzzLimit || !isARM([]byte(text)) {
			return
		}
		invariants(t, Options{FS: fstest.MapFS{"t.json": {Data: []byte(text)}}, Types: fuzzTypes(t)})
	})
}

// FuzzBicep scans a file and the modules that it calls, of which every one is
// the file itself under another name.
func FuzzBicep(f *testing.F) {
	seeds(f, func(_, text string) { f.Add(text) }, ".bicep")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > fuzzLimit {
			return
		}
		invariants(t, Options{FS: fstest.MapFS{"main.bicep": {Data: []byte(text)}, "modules/part.bicep": {Data: []byte(text)}}, Types: fuzzTypes(t)})
	})
}

// FuzzScan scans one file of any name together with one that is sound.
func FuzzScan(f *testing.F) {
	seeds(f, func(name, text string) { f.Add(filepath.Base(name), text) }, "")
	for _, file := range []string{"iac.go", "testdata/mixed.txtar"} {
		if data, err := os.ReadFile(file); err == nil {
			f.Add("main.tf", string(data))
		}
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		if len(text) > fuzzLimit || name == "good.yaml" || name != filepath.Base(name) || strings.ContainsAny(name, "\x00/\\") || name == "." || name == ".." || name == "" {
			return
		}
		opts := Options{FS: fstest.MapFS{name: {Data: []byte(text)}, "good.yaml": {Data: []byte(goodTemplate)}}, Types: fuzzTypes(t)}
		invariants(t, opts)
		list, err := tryGather(opts)
		if err != nil {
			return // a name that the file system refuses
		}
		wantGood(t, list)
	})
}
