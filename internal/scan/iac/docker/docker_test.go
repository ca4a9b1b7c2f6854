package docker

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/bulwarksec/bulwark"
)

var update = flag.Bool("update", false, "rewrite the golden parts of testdata")

// TestGolden reads the part "Dockerfile" of each testdata file. Its comment's
// first word says what the golden part shows: stages, instructions, commands.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no testdata: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			fsys := fstest.MapFS{"app/Dockerfile": {Data: ar.Files[0].Data}}
			assets, gaps := Parse(context.Background(), fsys, "app/Dockerfile", Options{RepositoryID: "shop"})
			shows, _, _ := strings.Cut(string(ar.Comment), ":")
			got := render(assets, gaps, shows)
			if *update {
				ar.Files = append(ar.Files[:1], txtar.File{Name: "want", Data: got})
				if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(ar.Files[1].Data), string(got)); diff != "" {
				t.Errorf("output differs (-want +got):\n%s", diff)
			}
		})
	}
}

func render(assets []*bulwark.Asset, gaps []bulwark.Gap, shows string) []byte {
	var b bytes.Buffer
	for _, a := range assets {
		fmt.Fprintf(&b, "%s %s %s-%d\n", a.ID, a.Scope, a.Position, a.Position.EndLine)
		p := a.Properties
		switch shows {
		case "stages":
			for _, s := range p.Get("stages").Children() {
				fmt.Fprintf(&b, "%d-%d %s\n", s.Position().Line, s.Position().EndLine, s)
			}
		case "instructions":
			for _, in := range p.Get("instructions").Children() {
				fmt.Fprintf(&b, "%d-%d stage %s %s args %s", in.Position().Line, in.Position().EndLine, in.Get("stage"), in.Get("instruction").Text(), in.Get("args"))
				for _, k := range []string{"flags", "pairs"} {
					if in.Get(k).Len() > 0 {
						fmt.Fprintf(&b, " %s %s", k, in.Get(k))
					}
				}
				for _, k := range []string{"json", "onbuild", "heredoc"} {
					if in.Get(k).Bool() {
						fmt.Fprintf(&b, " %s", k)
					}
				}
				b.WriteByte('\n')
			}
		case "commands":
			for _, in := range p.Get("instructions").Children() {
				for _, c := range in.Get("commands").Children() {
					fmt.Fprintf(&b, "%d %s %s via %s pipes %s\n", c.Position().Line, c.Get("name").Text(), c.Get("args"), c.Get("via"), c.Get("pipes"))
				}
			}
		}
	}
	for _, g := range gaps {
		fmt.Fprintf(&b, "gap at %s: %s\n", g.Where, g.Why)
	}
	return b.Bytes()
}

func TestIsDockerfile(t *testing.T) {
	for name, want := range map[string]bool{
		"Dockerfile": true, "a/Dockerfile.prod": true, "web.Dockerfile": true, "Containerfile": true, "dockerfile": true,
		"Dockerfile.dockerignore": false, "Dockerfile.md": false, "docker.go": false, "Dockerfiles/x": false,
	} {
		if got := IsDockerfile(name); got != want {
			t.Errorf("IsDockerfile(%q) = %v, want %v", name, got, want)
		}
	}
}

func TestParseImage(t *testing.T) {
	tests := []struct{ text, registry, name, tag, digest string }{
		{"debian", "docker.io", "library/debian", "", ""},
		{"debian:12", "docker.io", "library/debian", "12", ""},
		{"team/app@sha256:00", "docker.io", "team/app", "", "sha256:00"},
		{"localhost:5000/app:1", "localhost:5000", "app", "1", ""},
		{"registry.example.com/a/b:1@sha256:00", "registry.example.com", "a/b", "1", "sha256:00"},
	}
	for _, tt := range tests {
		got := parseImage(tt.text)
		want := image{text: tt.text, registry: tt.registry, name: tt.name, tag: tt.tag, digest: tt.digest}
		if got != want {
			t.Errorf("parseImage(%q) = %+v, want %+v", tt.text, got, want)
		}
	}
}

func TestNotRead(t *testing.T) {
	fsys := fstest.MapFS{
		"Dockerfile":       {Data: []byte("RUN x\n")},
		"big/Dockerfile":   {Data: bytes.Repeat([]byte("#"), 2<<20)},
		"many/Dockerfile":  {Data: []byte("FROM a\n" + strings.Repeat("USER b\n", 20_000))},
		"twice/Dockerfile": {Data: []byte("FROM a\nENV A=aaaaaaaaaaaaaaaa\n" + strings.Repeat("ENV A=$A$A\n", 200))},
	}
	for name, want := range map[string]int{"Dockerfile": 0, "big/Dockerfile": 0, "none": 0, "many/Dockerfile": 1, "twice/Dockerfile": 1} {
		assets, gaps := Parse(context.Background(), fsys, name, Options{RepositoryID: "r"})
		if len(assets) != want || len(gaps) == 0 {
			t.Errorf("Parse(%s) = %d assets and %d gaps, want %d assets and a gap", name, len(assets), len(gaps), want)
		}
	}
}

// TestCorpora reads every labelled Dockerfile: each makes one asset.
func TestCorpora(t *testing.T) {
	root := os.Getenv("BULWARK_CORPORA")
	if root == "" {
		root = "../../../../../../shared/corpora"
	}
	data, err := os.ReadFile(filepath.Join(root, "iac-snippets/index.jsonl"))
	if err != nil {
		t.Skipf("no corpora at %s; set BULWARK_CORPORA", root)
	}
	read := 0
	for l := range bytes.Lines(data) {
		var row struct{ Check, Kind, Text string }
		if err := json.Unmarshal(l, &row); err != nil {
			t.Fatal(err)
		}
		if row.Kind != "dockerfile" {
			continue
		}
		assets, gaps := ParseBytes([]byte(row.Text), row.Check, Options{})
		if len(assets) != 1 || len(gaps) > 0 {
			t.Errorf("%s: %d assets, gaps %v", row.Check, len(assets), gaps)
		}
		read++
	}
	err = fs.WalkDir(os.DirFS(root), "iac-resources", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !IsDockerfile(p) {
			return err
		}
		assets, gaps := Parse(context.Background(), os.DirFS(root), p, Options{})
		if len(assets) != 1 || len(gaps) > 0 {
			t.Errorf("%s: %d assets, gaps %v", p, len(assets), gaps)
		}
		read++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d Dockerfiles", read)
	if read < 50 {
		t.Errorf("%d Dockerfiles in the corpora, want at least 50", read)
	}
}

// FuzzParse holds the parser to its promises on any input: no panic, bounded
// output, lines inside the file.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, file := range files {
		if ar, err := txtar.ParseFile(file); err == nil {
			f.Add(ar.Files[0].Data)
		}
	}
	f.Add([]byte("FROM a\nRUN `a $(b \"${c\" ')' <<EOF\nx\nEOF\n"))
	f.Add([]byte("# escape=`\nFROM a`\n:b\nONBUILD RUN [\"x\"]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		assets, _ := ParseBytes(data, "Dockerfile", Options{})
		lines := 2 + bytes.Count(data, []byte("\n"))
		for _, a := range assets {
			for _, in := range a.Properties.Get("instructions").Children() {
				for _, c := range in.Get("commands").Children() {
					if n := c.Position().Line; n < 1 || n > lines {
						t.Errorf("a command on line %d of %d", n, lines)
					}
				}
			}
		}
	})
}
