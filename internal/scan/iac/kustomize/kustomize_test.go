package kustomize

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
)

const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"

// build builds all roots of a tree of files.
func build(files map[string]string) (assets []*bulwark.Asset, gaps []bulwark.Gap) {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	tree := Read(fsys, slices.Sorted(maps.Keys(files)))
	roots, gaps := tree.Roots()
	for _, root := range roots {
		r := tree.Build(context.Background(), root, Options{RepositoryID: "r"})
		assets, gaps = append(assets, r.Assets...), append(gaps, r.Gaps...)
	}
	return assets, gaps
}

// TestHostile builds kustomizations that are made to fetch, run, escape or
// exhaust. Each ends in a gap.
func TestHostile(t *testing.T) {
	fan := map[string]string{"d0/kustomization.yaml": "resources: [pod.yaml]", "d0/pod.yaml": pod}
	for i := 1; i < 40; i++ { // every folder names the one before under two paths
		fan[fmt.Sprintf("d%d/kustomization.yaml", i)] = fmt.Sprintf("resources: [../d%d, ../d%d/../d%d]", i-1, i-1, i-1)
	}
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += fmt.Sprintf("%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1)
	}
	for name, c := range map[string]struct {
		files map[string]string
		why   string
	}{
		"http":             {map[string]string{"kustomization.yaml": "resources: ['http://127.0.0.1:1/x.yaml']"}, "nothing is fetched"},
		"git":              {map[string]string{"kustomization.yaml": "resources: ['git@example.com:x/y.git', 'file:///etc', 'github.com/x/y']"}, "nothing is fetched"},
		"http patch":       {map[string]string{"kustomization.yaml": "resources: [p.yaml]\npatches: [{path: 'https://127.0.0.1:1/x.yaml'}]", "p.yaml": pod}, "nothing is fetched"},
		"http file":        {map[string]string{"kustomization.yaml": "configMapGenerator: [{name: a, files: ['k=https://127.0.0.1:1/x']}]"}, "nothing is fetched"},
		"http replacement": {map[string]string{"kustomization.yaml": "resources: [p.yaml]\nreplacements: [{path: 'https://127.0.0.1:1/x.yaml'}]", "p.yaml": pod}, "nothing is fetched"},
		"http schema":      {map[string]string{"kustomization.yaml": "resources: [p.yaml]\nopenapi: {path: 'https://127.0.0.1:1/x'}\ncrds: ['https://127.0.0.1:1/x']", "p.yaml": pod}, "nothing is fetched"},
		"exec":             {map[string]string{"kustomization.yaml": "resources: [p.yaml]\ngenerators: [g.yaml]\ntransformers: ['{kind: X}']", "p.yaml": pod, "g.yaml": pod}, "plugins are not run"},
		"outside":          {map[string]string{"a/kustomization.yaml": "resources: [../../x.yaml]"}, "outside of the tree"},
		"above its folder": {map[string]string{"a/kustomization.yaml": "resources: [../x.yaml]", "x.yaml": pod}, "x.yaml"},
		"itself":           {map[string]string{"kustomization.yaml": "resources: [.]"}, "names itself"},
		"circle below":     {map[string]string{"kustomization.yaml": "resources: [a]", "a/kustomization.yaml": "resources: [../b]", "b/kustomization.yaml": "resources: [../a]"}, "itself through others"},
		"fan":              {fan, "times"},
		"YAML bomb":        {map[string]string{"kustomization.yaml": "resources: [p.yaml]", "p.yaml": pod + bomb}, ""},
		"bomb itself":      {map[string]string{"kustomization.yaml": bomb}, ""},
		"no object":        {map[string]string{"kustomization.yaml": "[1, 2]"}, "not one object"},
		"no YAML":          {map[string]string{"kustomization.yaml": "a: [\n"}, ""},
		"no resource":      {map[string]string{"kustomization.yaml": "resources: [p.yaml]", "p.yaml": "just: text\n"}, ""},
		"bad patch":        {map[string]string{"kustomization.yaml": "resources: [p.yaml]\npatches: [{patch: '- op: nothing'}]", "p.yaml": pod}, ""},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			_, gaps := build(c.files)
			var text strings.Builder
			for _, g := range gaps {
				fmt.Fprintf(&text, "%s: %s\n", g.Where, g.Why)
			}
			if len(gaps) == 0 || !strings.Contains(text.String(), c.why) {
				t.Errorf("gaps are %q, want one that says %q", text.String(), c.why)
			}
		})
	}
}

// TestFiles builds a kustomization at the top of the tree, and tells which files
// are judged through it: none that it has as data, which may be something else
// besides.
func TestFiles(t *testing.T) {
	fsys := fstest.MapFS{}
	for name, text := range map[string]string{
		"kustomization.yaml":      "resources: [base, p.yaml]\npatches: [{path: patch.yaml}]\nconfigMapGenerator: [{name: c, files: [Dockerfile, key=data.yaml], envs: [e.env]}]\nsecretGenerator: [{name: s, files: [q.yaml]}]\n",
		"base/kustomization.yaml": "resources: [q.yaml]\nconfigMapGenerator: [{name: d, files: [q.yaml]}]\n",
		"base/q.yaml":             strings.ReplaceAll(pod, "name: p", "name: q"),
		"p.yaml":                  pod, "patch.yaml": pod + "spec: {hostNetwork: true}\n", "data.yaml": pod, "q.yaml": pod, "Dockerfile": "FROM x\n", "e.env": "a=b\n",
	} {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	tree := Read(fsys, []string{"base/kustomization.yaml", "kustomization.yaml"})
	r := tree.Build(context.Background(), ".", Options{RepositoryID: "r"})
	if diff := cmp.Diff([]string{"base/kustomization.yaml", "base/q.yaml", "kustomization.yaml", "p.yaml", "patch.yaml"}, r.Files); diff != "" || len(r.Assets) != 5 {
		t.Errorf("%d assets, gaps %v, files (-want +got):\n%s", len(r.Assets), r.Gaps, diff)
	}
	for _, a := range r.Assets {
		want := map[string]string{"v1/Pod p": "p.yaml", "v1/Pod q": "base/q.yaml"}[a.Type+" "+a.Name]
		if want != "" && a.Position.File != want {
			t.Errorf("%s stands at %s, want %s", a.ID, a.Position, want)
		}
		if v := a.Properties.At("spec", "hostNetwork"); a.Name == "p" && a.Type == "v1/Pod" && v.Position().File != "patch.yaml" {
			t.Errorf("hostNetwork stands at %s", v.Position())
		}
	}
}

// TestOne refuses what a resource's YAML cannot be.
func TestOne(t *testing.T) {
	for _, text := range []string{"", pod + "---\n" + pod} {
		if v, err := (&placer{}).one([]byte(text)); err == nil {
			t.Errorf("one(%q) = %s, want an error", text, v)
		}
	}
}

// FuzzBuild builds an overlay over a base with a patch.
func FuzzBuild(f *testing.F) {
	f.Add("resources: [base]\nnamePrefix: a-\npatches: [{path: patch.yaml}]", "resources: [p.yaml]", pod, pod+"spec: {hostNetwork: true}")
	f.Add("resources: [base]\nconfigMapGenerator: [{name: c, literals: [a=b]}]", "commonLabels: {a: b}\nresources: [p.yaml]", pod, "")
	f.Fuzz(func(t *testing.T, overlay, base, object, patch string) {
		if len(overlay)+len(base)+len(object)+len(patch) > 16<<10 {
			return
		}
		files := map[string]string{"kustomization.yaml": overlay, "base/kustomization.yaml": base, "base/p.yaml": object, "patch.yaml": patch}
		assets, _ := build(files)
		for _, a := range assets {
			if text, ok := files[a.Position.File]; !ok || a.Position.Line > 1+strings.Count(text, "\n") {
				t.Errorf("%s stands at %s, which is no line of a file", a.ID, a.Position)
			}
		}
	})
}
