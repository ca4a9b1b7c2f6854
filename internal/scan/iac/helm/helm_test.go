package helm

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
)

// chartOf is a chart of files, which lacks nothing else.
func chartOf(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{"Chart.yaml": {Data: []byte("apiVersion: v2\nname: c\nversion: 1.0.0\n")}}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

func render(files map[string]string) Result {
	return Render(context.Background(), chartOf(files), ".", Options{RepositoryID: "r"})
}

func manifest(kind, name, more string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: %s\nmetadata: {name: %s%s}\n", kind, name, more)
}

func (r Result) names() []string {
	var out []string
	for _, a := range r.Assets {
		out = append(out, a.Name)
	}
	slices.Sort(out)
	return out
}

func (r Result) why() string {
	var out []string
	for _, g := range r.Gaps {
		out = append(out, g.Where+": "+g.Why)
	}
	return strings.Join(out, "\n")
}

// TestTests leaves out what is installed to test a release, by its hooks, and
// nothing for the name of a folder or chart.
func TestTests(t *testing.T) {
	hook := func(name, hooks string) string {
		return manifest("Pod", name, `, annotations: {helm.sh/hook: "`+hooks+`"}`)
	}
	r := render(map[string]string{
		"Chart.yaml":                    "apiVersion: v2\nname: tests\nversion: 1.0.0\n",
		"templates/a.yaml":              manifest("Pod", "own", ""),
		"templates/tests/b.yaml":        manifest("Pod", "folder", ""),
		"templates/c.yaml":              hook("tested", "test"),
		"templates/d.yaml":              hook("tested-both", "test-success, test-failure"),
		"templates/e.yaml":              hook("installed-and-tested", "pre-install,test"),
		"templates/NOTES.txt":           manifest("Pod", "notes", ""),
		"charts/tests/Chart.yaml":       "apiVersion: v2\nname: tests\nversion: 1.0.0\n",
		"charts/tests/templates/a.yaml": manifest("Pod", "below", ""),
	})
	if diff := gocmp.Diff([]string{"below", "folder", "installed-and-tested", "own"}, r.names()); diff != "" {
		t.Errorf("objects (-want +got):\n%s\n%s", diff, r.why())
	}
}

// TestNamespace knows a namespace that the chart names, and not the release's,
// however it is named.
func TestNamespace(t *testing.T) {
	r := render(map[string]string{"templates/a.yaml": `apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Namespace }}-a
  namespace: {{ .Release.Namespace | quote }}
data:
  whole: {{ .Release.Namespace }}
  encoded: {{ .Release.Namespace | b64enc }}
  among: a.{{ .Release.Namespace }}.svc
  name: {{ .Release.Namespace }}
  {{ .Release.Namespace }}: key
---
apiVersion: v1
kind: ConfigMap
metadata: {name: b, namespace: default}
---
apiVersion: v1
kind: Pod
metadata: {name: c}
{{ if eq .Release.Namespace "default" }}
spec: {hostNetwork: true}
{{ end }}
`})
	if len(r.Assets) != 3 {
		t.Fatalf("%d objects: %s", len(r.Assets), r.why())
	}
	a, b, c := r.Assets[0], r.Assets[1], r.Assets[2]
	const unknown = `{"$unknown":"the release's namespace, which is chosen when the chart is installed"}`
	for _, tt := range []struct {
		of   *bulwark.Asset
		path string
		want string
	}{
		{a, "metadata.name", `"default-a"`},
		{a, "metadata.namespace", unknown},
		{a, "data.whole", unknown},
		{a, "data.encoded", unknown},
		{a, "data.among", `"a.default.svc"`},
		{a, "data.name", `"default"`},
		{a, "data.default", `"key"`},
		{b, "metadata.namespace", `"default"`},
		{c, "metadata.namespace", unknown},
		{c, "spec", `null`},
	} {
		if got := string(bulwark.AppendJSON(nil, tt.of.Properties.At(strings.Split(tt.path, ".")...))); got != tt.want {
			t.Errorf("%s of %s = %s, want %s", tt.path, tt.of.Name, got, tt.want)
		}
	}
	if a.ID != "code:r////default/ConfigMap/default-a" {
		t.Errorf("id %s", a.ID)
	}
}

// TestSchema tells what does not fit, and ends schemas that take time without
// end, within the one budget that templates have too.
func TestSchema(t *testing.T) {
	doubling := func(form string) string {
		var defs []string
		for i := range 60 {
			next := fmt.Sprintf("#/$defs/n%d", i+1)
			defs = append(defs, fmt.Sprintf(`"n%d": `+form, i, next, next))
		}
		return `{"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "#/$defs/n0", "$defs": {` + strings.Join(defs, ",") + `, "n60": {"type": "string"}}}`
	}
	for name, tt := range map[string]struct{ schema, why string }{
		"fits":         {`{"properties": {"a": {"type": "integer"}}}`, ""},
		"does_not_fit": {`{"properties": {"a": {"type": "string"}}}`, "at '/a': got number, want string"},
		"long_wants":   {`{"properties": {"a": {"const": "` + strings.Repeat("x", 100_000) + `"}}}`, "…"},
		"elsewhere":    {`{"$ref": "https://elsewhere.example/s.json"}`, "is not read"},
		"dynamic":      {`{"$dynamicRef": "#a", "$defs": {"a": {"$dynamicAnchor": "a"}}}`, "not followed"},
		"all_of":       {doubling(`{"allOf": [{"$ref": "%s"}, {"$ref": "%s"}]}`), "more work"},
		"one_of":       {doubling(`{"oneOf": [{"$ref": "%s"}, {"$ref": "%s"}]}`), "more work"},
		"not":          {doubling(`{"not": {"dependencies": {"a": {"$ref": "%s"}, "b": {"$ref": "%s"}}}}`), "more work"},
		"large":        {`{"enum": [` + strings.Repeat("1,", 30_000) + `1]}`, "more than the"},
		"deep":         {strings.Repeat(`{"not":`, 5000) + "true" + strings.Repeat("}", 5000), "deeper"},
		"metaschema":   {`{"properties": {"a": {"$ref": "http://json-schema.org/draft-07/schema#"}}}`, "want boolean or object"},
		"format":       {`{"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"c": {"format": "ipv4"}}}`, "not valid ipv4"},
		"no_schema":    {`{`, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			r := render(map[string]string{"values.yaml": "a: 1\nb: 2\nc: x\n", "values.schema.json": tt.schema, "templates/a.yaml": manifest("Pod", "p", "")})
			if why := r.why(); tt.why == "" && why != "" || !strings.Contains(why, tt.why) || len(why) > 2000 {
				t.Errorf("gaps are %.3000q, want one that says %q", why, tt.why)
			}
			if len(r.Assets) != 1 && tt.why != "more work" {
				t.Error("the template was not rendered")
			}
		})
	}
}

// TestDepthIsGivenBack leaves as deep a way to the next template as to the one
// that went too deep.
func TestDepthIsGivenBack(t *testing.T) {
	l, tr := newLoader(context.Background(), chartOf(map[string]string{"templates/a.yaml": `{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}`})), tree{}
	l.folder(".", "", tr, 0)
	c, err := l.chart(tr, 0)
	if err != nil {
		t.Fatal(err)
	}
	top, err := l.values(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := newRenderer(l, &objects{ctx: context.Background(), files: map[string][]byte{}})
	if r.run(c, top); r.depth != 0 || len(l.gaps) != 1 {
		t.Errorf("depth %d after the run, with gaps %v", r.depth, l.gaps)
	}
}

// TestLinks reads a chart whose folders link to each other.
func TestLinks(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n")
	write("templates/a.yaml", manifest("Pod", "p", ""))
	for _, name := range []string{"x", "y", "z"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, to := range []string{"x", "y", "z"} {
			if err := os.Symlink("../"+to, filepath.Join(dir, name, to)); err != nil {
				t.Skipf("no symbolic links here: %v", err)
			}
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	r := Render(context.Background(), root.FS(), ".", Options{RepositoryID: "r"})
	if !strings.Contains(r.why(), "more than 2000 folders") {
		t.Errorf("gaps are %.500q", r.why())
	}
}

// packed is a gzipped tar.
func packed(t *testing.T, entries ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, h := range entries {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, h.Size)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestArchive unpacks no more than is read, of entries that are passed over
// neither.
func TestArchive(t *testing.T) {
	file := func(name string, size int64) tar.Header {
		return tar.Header{Name: name, Mode: 0o644, Size: size, Typeflag: tar.TypeReg}
	}
	many := slices.Repeat([]tar.Header{file("top", 4<<20)}, 20)
	for name, tt := range map[string]struct {
		entries []tar.Header
		why     string
		files   int
	}{
		"sound":                 {[]tar.Header{file("c/a", 1), file("c/b", 2)}, "", 2},
		"one passed over":       {[]tar.Header{file("top", maxBytes+1), file("c/a", 1)}, errFull.Error(), 0},
		"many passed over":      {append(many, file("c/a", 1)), errFull.Error(), 0},
		"names that lead out":   {[]tar.Header{file("c/../../x", 1), file("c/a", 1)}, "", 1},
		"one that is too large": {[]tar.Header{file("c/a", maxFileBytes+1)}, "more than the", 0},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			l, got := newLoader(context.Background(), fstest.MapFS{}), tree{}
			err := l.archive(packed(t, tt.entries...), "c.tgz", "", got)
			if text := fmt.Sprint(err); tt.why == "" && err != nil || !strings.Contains(text, tt.why) || len(got) != tt.files {
				t.Errorf("archive = %v with %d files, want %q with %d", err, len(got), tt.why, tt.files)
			}
		})
	}
	t.Run("headers_alone", func(t *testing.T) {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		record := make([]byte, 1<<20) // "1048576 comment=aaa…\n"
		copy(record, bytes.Repeat([]byte("a"), len(record)))
		copy(record, fmt.Sprintf("%d comment=", len(record)))
		record[len(record)-1] = '\n'
		block := make([]byte, 512)
		copy(block, "x")
		copy(block[124:], fmt.Sprintf("%011o", len(record)))
		block[156] = 'x' // an extended header of the entry that follows
		copy(block[257:], "ustar\x0000")
		copy(block[148:], "        ")
		sum := 0
		for _, c := range block {
			sum += int(c)
		}
		copy(block[148:], fmt.Sprintf("%06o\x00 ", sum))
		for range 2 * (maxBytes + maxHeaders) >> 20 {
			for _, part := range [][]byte{block, record} {
				if _, err := z.Write(part); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		l := newLoader(context.Background(), fstest.MapFS{})
		if err := l.archive(b.Bytes(), "c.tgz", "", tree{}); !errors.Is(err, errFull) || l.bytes >= 0 {
			t.Errorf("archive = %v with %d bytes left, want %v", err, l.bytes, errFull)
		}
	})
	t.Run("one_after_the_other", func(t *testing.T) {
		l := newLoader(context.Background(), fstest.MapFS{})
		data, n := packed(t, slices.Repeat([]tar.Header{file("top", 1<<20)}, 10)...), 0
		for n < 100 && l.archive(data, "c.tgz", "", tree{}) == nil {
			n++
		}
		if n > maxBytes/(10<<20) {
			t.Errorf("%d archives of 10 MiB are unpacked, more than is read of a chart", n)
		}
	})
}

// TestReads claims what is judged through the chart, and leaves the rest of its
// folders to others.
func TestReads(t *testing.T) {
	pod := manifest("Pod", "p", "")
	r := render(map[string]string{
		"values.yaml": "a: 1\n", "README.md": "x", ".helmignore": "templates/ignored.yaml\n",
		"templates/a.yaml": pod, "templates/b.yaml": "{{ if .Values.b }}x: y{{ end }}", "templates/_h.tpl": `{{ define "x" }}{{ end }}`,
		"templates/Dockerfile": "FROM x\n", "templates/main.tf": `resource "a" "b" {}`, "templates/stack.yaml": "AWSTemplateFormatVersion: '2010-09-09'\nResources: {}\n", "templates/ignored.yaml": pod,
		"crds/c.yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: c}\n", "crds/Dockerfile": "FROM x\n",
		"charts/s/Chart.yaml": "apiVersion: v2\nname: s\nversion: 1.0.0\n", "charts/s/templates/a.yaml": pod, "charts/s/Dockerfile": "FROM x\n",
		"charts/none/templates/a.yaml": pod,
	})
	slices.Sort(r.Reads)
	want := []string{"Chart.yaml", "charts/s/Chart.yaml", "charts/s/templates/a.yaml", "crds/c.yaml", "templates/_h.tpl", "templates/a.yaml", "templates/b.yaml", "values.yaml"}
	if diff := gocmp.Diff(want, r.Reads); diff != "" {
		t.Errorf("Reads (-want +got):\n%s", diff)
	}
}
