package iac

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"github.com/bulwarksec/bulwark"
)

const goodTemplate = `Resources:
  Good:
    Type: AWS::S3::Bucket
    Properties: {BucketName: good}
`

const armHead = `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", `

// doubling is a template whose functions double a text with every level.
func doubling() string {
	var b strings.Builder
	b.WriteString("Mappings:\n  M:\n    k:\n      v0: " + strings.Repeat("x", 1000) + "\n")
	for i := 1; i < 60; i++ {
		fmt.Fprintf(&b, "      v%d: !Join ['', [!FindInMap [M, k, v%d], !FindInMap [M, k, v%d]]]\n", i, i-1, i-1)
	}
	b.WriteString("Resources:\n  R:\n    Type: AWS::S3::Bucket\n    Properties: {BucketName: !FindInMap [M, k, v59]}\n")
	return b.String()
}

func armDoubling() string {
	var b strings.Builder
	b.WriteString(armHead + `"variables": {"v0": "` + strings.Repeat("x", 1000) + `"`)
	for i := 1; i < 60; i++ {
		fmt.Fprintf(&b, `, "v%d": "[concat(variables('v%d'), variables('v%d'))]"`, i, i-1, i-1)
	}
	b.WriteString(`}, "resources": [{"type": "Microsoft.Storage/storageAccounts", "name": "[variables('v59')]"}]}`)
	return b.String()
}

func yamlBomb() string {
	var b strings.Builder
	b.WriteString("Resources:\n  R:\n    Type: AWS::S3::Bucket\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [", i, i)
		for j := range 10 {
			if j > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "*a%d", i-1)
		}
		b.WriteString("]\n")
	}
	return b.String()
}

func wide(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// TestHostile scans trees with one hostile file and a good one: the scan ends
// in bounded time and memory, names the bad file and still finds the good one.
func TestHostile(t *testing.T) {
	types := realTypes(t)
	deep := strings.Repeat
	for _, c := range []struct {
		name, file, text string
		gap              string // in a gap; "" wants none
	}{
		{"deep YAML", "deep.yaml", "Resources:\n  R:\n    Type: AWS::S3::Bucket\n    Properties: " + deep("[", 10_000) + deep("]", 10_000), "deep.yaml"},
		{"deep JSON", "deep.json", `{"Resources": {"R": {"Type": "AWS::S3::Bucket", "Properties": ` + deep("[", 10_000) + deep("]", 10_000) + "}}}", "deep.json"},
		{"deep ARM", "deep.json", armHead + `"resources": ` + deep("[", 10_000) + deep("]", 10_000) + "}", "deep.json"},
		{"deep expression", "deep.json", armHead + `"resources": [{"type": "Microsoft.Storage/storageAccounts", "name": "[` + deep("concat(", 3_000) + `'x'` + deep(")", 3_000) + `]"}]}`, ""},
		{"long expression", "long.json", armHead + `"resources": [{"type": "Microsoft.Storage/storageAccounts", "name": "[f()` + deep("[0]", 100_000) + `]"}]}`, ""},
		{"deep Terraform", "deep.tf", "resource \"aws_s3_bucket\" \"b\" {\n  x = " + deep("[", 10_000) + deep("]", 10_000) + "\n}\n", "deep.tf"},
		{"deep blocks", "deep.tf", "resource \"aws_s3_bucket\" \"b\" {\n" + deep("a {\n", 10_000) + deep("}\n", 10_000) + "}\n", "deep.tf"},
		{"YAML bomb", "bomb.yaml", yamlBomb(), "bomb.yaml"},
		{"doubling texts", "double.yaml", doubling(), "double.yaml"},
		{"doubling ARM texts", "double.json", armDoubling(), "double.json"},
		{"truncated YAML", "cut.yaml", goodTemplate[:len(goodTemplate)-3], "cut.yaml"},
		{"truncated JSON", "cut.json", armHead + `"resources": [`, "cut.json"},
		{"zero bytes", "zero.yaml", "Resources:\n  R:\n    Type: AWS::S3::Bucket\n\x00\x00\x00", "zero.yaml"},
		{"no UTF-8", "latin.yaml", "Resources:\n  R:\n    Type: AWS::S3::Bucket\n    Properties: {BucketName: \xff\xfe\xfa}\n", "latin.yaml"},
		{"binary", "binary.yaml", "\x7fELF\x02\x01\x01\x00\x00\x00", ""},
		{"huge", "huge.yaml", goodTemplate + deep("# x\n", 5<<20), "huge.yaml"},
		{"many properties", "wide.yaml", "Resources:\n  R:\n    Type: AWS::S3::Bucket\n    Properties:\n" + wide(60_000, "      P%d: 1\n"), ""},
		{"many resources", "wide.yaml", "Resources:\n" + wide(20_000, "  R%d: {Type: 'AWS::S3::Bucket', Properties: {BucketName: same, LoggingConfiguration: {DestinationBucketName: same}}}\n"), ""},
		{"many copies", "many.json", armHead + `"resources": [{"type": "Microsoft.Storage/storageAccounts", "name": "[copyIndex()]", "copy": {"name": "c", "count": 2000000000}}]}`, "many.json"},
		{"deep Bicep", "deep.bicep", "var a = " + deep("[", 10_000) + deep("]", 10_000) + "\n", "deep.bicep:1"},
		{"deep Bicep texts", "deep.bicep", "var a = " + deep("'${", 10_000) + "1" + deep("}'", 10_000) + "\n", "deep.bicep:1"},
		{"loops in Bicep loops", "loops.bicep", "resource s 'Microsoft.Storage/storageAccounts@2023-01-01' = [for i in range(0, 200): {\n  name: 'a'\n  tags: {x: [for j in range(0, 200): [for k in range(0, 10000): k]]}\n}]\n", "loops.bicep"},
		{"fan-out", "fan.tf", "resource \"aws_security_group\" \"g\" {\n  ingress {\n" + wide(3_000, "    x%d = 1\n") + "    cidr_blocks = [" + wide(30_000, "\"10.0.0.%d/8\",") + "]\n  }\n}\n", "fan.tf"},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			if testing.Short() && len(c.text) > 100_000 {
				t.Skip("large input; not with -short")
			}
			fsys := fstest.MapFS{"good.yaml": {Data: []byte(goodTemplate)}, "bad/" + c.file: {Data: []byte(c.text)}}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			list := gather(t, Options{FS: fsys, Types: types})
			runtime.ReadMemStats(&after)
			if allocated := (after.TotalAlloc - before.TotalAlloc) >> 20; allocated > 3<<10 {
				t.Errorf("scanning allocated %d MiB", allocated)
			}
			wantGood(t, list)
			if gaps := gapText(list); c.gap == "" && gaps != "" || !strings.Contains(gaps, c.gap) {
				t.Errorf("gaps are %.2000s\nwant one that names %q", gaps, c.gap)
			}
		})
	}
}

func wantGood(t *testing.T, list []bulwark.Gathered) {
	t.Helper()
	for _, g := range list {
		if g.Asset != nil && g.Asset.ID == "code:shop//good.yaml//Good" {
			return
		}
	}
	t.Error("the good file's bucket is missing")
}

func gapText(list []bulwark.Gathered) string {
	var b strings.Builder
	for _, g := range list {
		if g.Gap != nil {
			fmt.Fprintf(&b, "%s %s: %s\n", g.Gap.What, g.Gap.Where, g.Gap.Why)
		}
	}
	return b.String()
}

// TestHostileTree scans a real folder with links in circles and out of the
// tree, a pipe, a file of 200 MB, one that may not be read, and UTF-16.
func TestHostileTree(t *testing.T) {
	dir := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(filepath.Join(dir, "good.yaml"), []byte(goodTemplate), 0o644))
	must(os.Mkdir(filepath.Join(dir, "sub"), 0o755))
	must(os.Symlink("..", filepath.Join(dir, "sub", "up")))
	must(os.Symlink("circle.yaml", filepath.Join(dir, "circle.yaml")))
	must(os.Symlink("/etc/hostname", filepath.Join(dir, "out.yaml")))
	must(os.Symlink("good.yaml", filepath.Join(dir, "again.yaml")))
	must(os.Symlink("odd-name", filepath.Join(dir, "Dockerfile")))
	must(os.WriteFile(filepath.Join(dir, "odd-name"), []byte("FROM scratch\n"), 0o644))
	must(syscall.Mkfifo(filepath.Join(dir, "pipe.yaml"), 0o644))
	must(os.WriteFile(filepath.Join(dir, "huge.json"), nil, 0o644))
	must(os.Truncate(filepath.Join(dir, "huge.json"), 200<<20))
	wideText := "\xff\xfe"
	for _, r := range strings.ReplaceAll(goodTemplate, "Good", "Wide") {
		wideText += string([]byte{byte(r), 0})
	}
	must(os.WriteFile(filepath.Join(dir, "wide.yaml"), []byte(wideText), 0o644))
	must(os.WriteFile(filepath.Join(dir, "locked.yaml"), []byte(goodTemplate), 0))

	root, err := os.OpenRoot(dir)
	must(err)
	defer root.Close()
	list := gather(t, Options{FS: root.FS(), Types: realTypes(t)})
	wantGood(t, list)
	var ids []string
	for _, g := range list {
		if g.Asset != nil {
			ids = append(ids, strings.TrimPrefix(g.Asset.ID, "code:shop//"))
		}
	}
	want := []string{"Dockerfile//", "good.yaml//Good", "wide.yaml//Wide"}
	wantGaps := []string{"circle.yaml", "huge.json", "out.yaml"}
	if os.Getuid() == 0 {
		want = []string{"Dockerfile//", "good.yaml//Good", "locked.yaml//Good", "wide.yaml//Wide"}
	} else {
		wantGaps = append(wantGaps, "locked.yaml")
	}
	if diff := gocmp.Diff(want, ids); diff != "" {
		t.Errorf("assets (-want +got):\n%s", diff)
	}
	for _, name := range wantGaps {
		if !strings.Contains(gapText(list), "file "+name+": ") {
			t.Errorf("no gap names %s:\n%s", name, gapText(list))
		}
	}
	if last := list[len(list)-1].Listing; last == nil || last.Complete {
		t.Errorf("listing is %+v, want an incomplete one", last)
	}
}

// TestErrors tells what ends a scan: the tree's root, the context, the caller.
func TestErrors(t *testing.T) {
	types := bulwark.NewTypes(nil)
	if _, err := New(Options{}); !errors.Is(err, bulwark.ErrInvalid) {
		t.Errorf("New without a tree: got %v, want an invalid one", err)
	}
	if _, err := tryGather(Options{FS: os.DirFS("testdata/nowhere"), Types: types}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing folder: got %v", err)
	}
	if _, err := tryGather(Options{FS: fstest.MapFS{}, File: "no.tf", Types: types}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: got %v", err)
	}
	s, err := New(Options{FS: fstest.MapFS{"good.yaml": {Data: []byte(goodTemplate)}}, Types: realTypes(t)})
	if err != nil {
		t.Fatal(err)
	}
	stop := errors.New("enough")
	if err := s.Gather(context.Background(), func(bulwark.Gathered) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("yield's error: got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Gather(ctx, func(bulwark.Gathered) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
}

// TestLint holds the product's mappings to expressions that compile.
func TestLint(t *testing.T) {
	for _, p := range Lint(realTypes(t)) {
		t.Error(p)
	}
	bad := &bulwark.Type{ID: "T", From: bulwark.From{Terraform: []bulwark.Mapping{
		{Resource: "t", When: bulwark.Expr{Text: "resource.(", Position: bulwark.Position{File: "t.yaml", Line: 3}}},
	}}}
	types := bulwark.NewTypes([]*bulwark.Type{bad})
	if problems := Lint(types); len(problems) != 1 || problems[0].File != "t.yaml" {
		t.Errorf("a malformed expression gives %v, want one problem", problems)
	}
	list := gather(t, Options{FS: fstest.MapFS{"main.tf": {Data: []byte("resource \"t\" \"x\" {}\nresource \"t\" \"y\" {}\n")}}, Types: types})
	if got := gapText(list); strings.Count(got, "type file t.yaml:3: ") != 1 {
		t.Errorf("gaps are %q, want one of the type file", got)
	}
}

// shuffled lists folders in an order of its own.
type shuffled struct {
	fstest.MapFS
	seed uint64
}

func (f shuffled) ReadDir(name string) ([]fs.DirEntry, error) {
	list, err := f.MapFS.ReadDir(name)
	rand.New(rand.NewPCG(f.seed, 1)).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list, err
}

// TestOrder scans the goldens' trees as file systems list them in any order,
// and twice with one scanner: the outcome is the same.
func TestOrder(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		opts := goldenOptions(t, a)
		tree := opts.FS.(fstest.MapFS)
		rapid.Check(t, func(rt *rapid.T) {
			opts.FS = shuffled{tree, rapid.Uint64().Draw(rt, "seed")}
			if got, want := printGathered(gather(t, opts)), archiveFile(a, "want"); got != want {
				rt.Fatalf("%s (-want +got):\n%s", file, gocmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
			}
		})
	}
}

// TestPlacement spreads the blocks of a configuration over files in any way:
// the assets and what is known about them stay the same.
func TestPlacement(t *testing.T) {
	a, err := txtar.ParseFile("testdata/terraform_fold.txtar")
	if err != nil {
		t.Fatal(err)
	}
	opts := goldenOptions(t, a)
	var blocks []string
	for _, name := range []string{"main.tf", "pieces.tf"} {
		for block := range strings.SplitSeq(archiveFile(a, name), "\n\n") {
			if !strings.Contains(block, `"second"`) { // of two that set one property the first counts
				blocks = append(blocks, block)
			}
		}
	}
	outcome := func(t testing.TB, place func(i int) string) string {
		tree := fstest.MapFS{}
		for i, block := range blocks {
			name := place(i)
			if tree[name] == nil {
				tree[name] = &fstest.MapFile{}
			}
			tree[name].Data = append(tree[name].Data, block+"\n\n"...)
		}
		opts.FS = tree
		byID := map[string]string{}
		for _, g := range gather(t, opts) {
			if g.Asset != nil {
				var b bytes.Buffer
				members := map[string]string{}
				for name, v := range g.Asset.Properties.Children() {
					members[name] = v.String()
				}
				fmt.Fprint(&b, g.Asset.Name, members, g.Asset.Relations)
				byID[g.Asset.ID] = b.String()
			}
		}
		return fmt.Sprint(byID)
	}
	want := outcome(t, func(int) string { return "main.tf" })
	rapid.Check(t, func(rt *rapid.T) {
		got := outcome(t, func(int) string { return rapid.SampledFrom([]string{"a.tf", "b.tf", "c.tf"}).Draw(rt, "file") })
		if got != want {
			rt.Fatalf("got  %s\nwant %s", got, want)
		}
	})
}
