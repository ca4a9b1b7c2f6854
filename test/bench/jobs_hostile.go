package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// What an attacker may put into a tree, each beside a good file and scanned by
// the program itself: the scan ends, names what it could not read, still finds
// the good one's problem, and the most memory that it held is told.
var _ = register(job{name: "hostile", run: benchHostile})

// hostileTree makes a tree below dir. A scan of it has a gap that names gap,
// where that is not "".
type hostileTree struct {
	name, gap string
	make      func(dir string) error
}

const goodTerraform = `resource "aws_security_group" "good" {
  name = "good"
  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
`

var hostileTrees = []hostileTree{
	{"none, the good file alone", "", func(string) error { return nil }},
	{"a file of 200 MB", "huge.tf", writeHuge},
	{"nested 10,000 deep: YAML, JSON, Terraform", "deep.yaml", writeDeep},
	{"a YAML bomb of 10^12 leaves", "bomb.yaml", writeBomb},
	{"modules in a circle", "", writeCircle},
	{"links in circles and out of the tree", "loop.tf", writeLinks},
	{"a count of 10^9 and 2^40 by modules", "many", writeCounts},
	{"a file of 15 MB of aliases", "", writeAliases},
}

func writeHuge(dir string) error {
	f, err := os.Create(filepath.Join(dir, "huge.tf"))
	if err != nil {
		return err
	}
	block := strings.Repeat("resource \"aws_s3_bucket\" \"b\" {\n  bucket = \"b\"\n}\n", 20_000)
	for written := 0; written < 200<<20; written += len(block) {
		if _, err := f.WriteString(block); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return f.Close()
}

func writeDeep(dir string) error {
	nest := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	return writeFiles(dir, map[string]string{
		"deep.yaml":          "apiVersion: v1\nkind: Pod\nspec: " + nest + "\n",
		"deep.json":          `{"Resources": {"R": {"Type": "AWS::S3::Bucket", "Properties": ` + nest + "}}}",
		"deep/main.tf":       "resource \"aws_s3_bucket\" \"b\" {\n  tags = " + nest + "\n}\n",
		"deep/calls/m.tf":    "locals {\n  x = " + strings.Repeat("upper(", 10_000) + "\"x\"" + strings.Repeat(")", 10_000) + "\n}\n",
		"deep/blocks/m.tf":   strings.Repeat("a {\n", 10_000) + strings.Repeat("}\n", 10_000),
		"deep/block.yaml":    "kind: Pod\napiVersion: v1\nspec:\n" + indented(2_000),
		"deep/template.tf":   "locals {\n  y = \"" + strings.Repeat("${\"", 3_000) + strings.Repeat("\"}", 3_000) + "\"\n}\n",
		"deep/unfinished.tf": strings.Repeat("a {\n", 10_000),
	})
}

// indented is a map in a map, so many times.
func indented(depth int) string {
	var b strings.Builder
	for i := range depth {
		b.WriteString(strings.Repeat(" ", i+1) + "a:\n")
	}
	return b.String()
}

func writeBomb(dir string) error {
	var b strings.Builder
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	b.WriteString("apiVersion: v1\nkind: Pod\nmetadata: {name: bomb}\nspec: *a11\n")
	return writeFiles(dir, map[string]string{"bomb.yaml": b.String()})
}

func writeCircle(dir string) error {
	call := func(to string) string { return "module \"next\" {\n  source = \"" + to + "\"\n}\n" }
	return writeFiles(dir, map[string]string{
		"a/main.tf":    call("../b"),
		"b/main.tf":    call("../c"),
		"c/main.tf":    call("../a"),
		"self/main.tf": call("./") + call("./."),
		"locals.tf":    "locals {\n  a = local.b\n  b = local.c\n  c = local.a\n}\nresource \"aws_s3_bucket\" \"x\" {\n  bucket = local.a\n}\n",
	})
}

func writeLinks(dir string) error {
	sub := filepath.Join(dir, "sub")
	return errors.Join(os.MkdirAll(sub, 0o755),
		os.Symlink("..", filepath.Join(sub, "up")),
		os.Symlink(".", filepath.Join(sub, "here")),
		os.Symlink("loop.tf", filepath.Join(dir, "loop.tf")),
		os.Symlink("/dev/zero", filepath.Join(dir, "zero.yaml")),
		os.Symlink("/", filepath.Join(dir, "root")),
		os.Symlink("/etc/passwd", filepath.Join(dir, "Dockerfile")),
		writeFiles(dir, map[string]string{"linked/main.tf": "module \"m\" {\n  source = \"../sub/up/sub/up/linked\"\n}\n"}))
}

// writeCounts writes a resource that is meant a thousand million times, and
// modules that each call the next twice, forty in a row.
func writeCounts(dir string) error {
	files := map[string]string{"many/main.tf": "resource \"aws_s3_bucket\" \"b\" {\n  count  = 1000000000\n  bucket = \"b${count.index}\"\n}\n" +
		"resource \"aws_s3_bucket\" \"c\" {\n  for_each = toset([for i in range(1000000000) : tostring(i)])\n}\n"}
	for i := range 40 {
		text := "resource \"aws_s3_bucket\" \"b\" {}\n"
		if i < 39 {
			for _, name := range []string{"x", "y"} {
				text += fmt.Sprintf("module %q {\n  source = \"../m%d\"\n}\n", name, i+1)
			}
		}
		files[fmt.Sprintf("m%d/main.tf", i)] = text
	}
	return writeFiles(dir, files)
}

func writeAliases(dir string) error {
	return writeFiles(dir, map[string]string{"alias.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nx: &x {a: 1, b: 2, c: 3}\ndata:\n" + strings.Repeat("- *x\n", 3<<20)})
}

func writeFiles(dir string, files map[string]string) error {
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func benchHostile(log io.Writer) ([]row, error) {
	bin, err := product()
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, h := range hostileTrees {
		u, gaps, err := scanHostile(bin, h)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", h.name, err)
		}
		fmt.Fprintf(log, "  %s: %s; %d gaps\n", h.name, u, gaps)
		rows = append(rows, row{"hostile tree: " + h.name, round(float64(u.RSSBytes) / (1 << 20)), "MB", nil})
	}
	return rows, nil
}

// scanHostile scans a tree and holds the report to what it must have.
func scanHostile(bin string, h hostileTree) (u usage, gaps int, err error) {
	dir, err := os.MkdirTemp("", "bulwark-bench")
	if err != nil {
		return u, 0, err
	}
	defer os.RemoveAll(dir)
	tree, report := filepath.Join(dir, "tree"), filepath.Join(dir, "report.json")
	if err := writeFiles(tree, map[string]string{"good/main.tf": goodTerraform}); err != nil {
		return u, 0, err
	}
	if err := h.make(tree); err != nil {
		return u, 0, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if u, err = runProcess(exec.CommandContext(ctx, bin, "scan", "iac", tree, "-o", "json", "--out", report, "--fail-on", "none", "-q")); err != nil {
		return u, 0, err
	}
	data, err := os.ReadFile(report)
	if err != nil {
		return u, 0, err
	}
	var r struct {
		Findings []struct{ Asset string }
		Gaps     []struct{ What, Where, Why string }
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return u, 0, fmt.Errorf("report: %w", err)
	}
	found, named := false, h.gap == ""
	for _, f := range r.Findings {
		found = found || strings.Contains(f.Asset, "aws_security_group.good")
	}
	for _, g := range r.Gaps {
		named = named || strings.Contains(g.Where+g.Why, h.gap)
	}
	if !found || !named {
		return u, 0, fmt.Errorf("the good file's problem is found: %v; a gap names %q: %v; gaps %.1000v", found, h.gap, named, r.Gaps)
	}
	return u, len(r.Gaps), nil
}
