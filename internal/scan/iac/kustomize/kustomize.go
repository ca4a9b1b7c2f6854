// Package kustomize builds kustomizations into the Kubernetes objects that they
// would apply, each value with the line of the base, patch or kustomization
// that wrote it. Kustomize's own packages build them, on a file system in
// memory that holds no more than what was read here.
//
// Kustomizations are hostile input. Before one is built, whatever could lead
// out of the tree or run something is taken out and becomes a gap: remote
// resources, plugins, charts. Files, their growth, and the number of times that
// bases are built are bounded.
package kustomize

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/bulwarksec/bulwark"
)

// Gap is the kind of gap of a kustomization. Assets may be missing.
const Gap = "kustomization"

const (
	maxFileBytes = 4 << 20
	maxBytes     = 32 << 20 // of all files of one root
	maxBuilds    = 300      // of bases for one root, each as often as it is named
	maxObjects   = 5_000    // of one root
	maxTime      = 30 * time.Second
)

// names are those that kustomize looks for, in its order.
var names = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// IsKustomization reports whether a file's name is that of a kustomization.
func IsKustomization(name string) bool { return slices.Contains(names, path.Base(name)) }

// Options say whose kustomizations are built.
type Options struct {
	RepositoryID string
	Types        *bulwark.Types // names of properties and which are secret; may be nil
	SecretKey    []byte         // keys the digests of secret values; nil leaves digests empty
}

// Result is what one root would apply.
type Result struct {
	Assets []*bulwark.Asset // in kustomize's order; without relations until kube.Link
	Gaps   []bulwark.Gap
	Files  []string // that were read for it: kustomizations, resources, patches
}

// Tree holds the kustomizations of a tree of files.
type Tree struct {
	fsys  fs.FS
	nodes map[string]*node // by folder
}

// Read reads the kustomizations among the files of fsys.
func Read(fsys fs.FS, files []string) *Tree {
	t := &Tree{fsys: fsys, nodes: map[string]*node{}}
	for _, name := range files {
		if dir := path.Dir(name); IsKustomization(name) && t.nodes[dir] == nil {
			t.nodes[dir] = &node{dir: dir, file: t.file(dir)}
		}
	}
	for _, n := range t.nodes {
		t.read(n)
	}
	return t
}

// file returns the kustomization that kustomize would read in a folder.
func (t *Tree) file(dir string) string {
	for _, name := range names {
		if info, err := fs.Stat(t.fsys, path.Join(dir, name)); err == nil && info.Mode().IsRegular() {
			return path.Join(dir, name)
		}
	}
	return path.Join(dir, names[0])
}

// Roots returns the folders whose kustomization no other names, in their order,
// without components, which are built only through others. Of a circle none is
// a root; it is a gap.
func (t *Tree) Roots() ([]string, []bulwark.Gap) {
	named, reached := map[string]bool{}, map[string]bool{}
	for _, n := range t.nodes {
		for _, dir := range n.folders {
			named[dir] = true
		}
	}
	var roots []string
	var visit func(dir string)
	visit = func(dir string) {
		if n := t.nodes[dir]; n != nil && !reached[dir] {
			reached[dir] = true
			for _, d := range n.folders {
				visit(d)
			}
		}
	}
	for dir, n := range t.nodes {
		if !named[dir] {
			visit(dir)
			if n.k.Kind != "Component" {
				roots = append(roots, dir)
			}
		}
	}
	slices.Sort(roots)
	var gaps []bulwark.Gap
	for dir, n := range t.nodes {
		if !reached[dir] {
			gaps = append(gaps, n.gap(0, "it is named only by kustomizations that it names itself", "break the circle"))
		}
	}
	slices.SortFunc(gaps, func(a, b bulwark.Gap) int { return strings.Compare(a.Where, b.Where) })
	return roots, gaps
}

// Build builds the kustomization of a folder. With an error that is a gap there
// are no assets and no files.
func (t *Tree) Build(ctx context.Context, root string, opts Options) Result {
	b := &builder{tree: t, root: root, opts: opts, mem: filesys.MakeFsInMemory(), left: maxBytes, builds: maxBuilds, added: map[string]bool{}}
	n := t.nodes[root]
	if n.err != nil {
		return Result{Gaps: []bulwark.Gap{n.gap(0, n.err.Error(), "")}}
	}
	if err := b.add(n, nil); err != nil {
		return Result{Gaps: append(b.gaps, n.gap(0, err.Error(), ""))}
	}
	built, err := b.run(ctx)
	if err != nil {
		return Result{Gaps: append(b.gaps, n.gap(0, oneLine(err.Error()), "mend it until kustomize build works"))}
	}
	r := Result{Gaps: b.gaps}
	for _, n := range b.nodes { // without the files of generators, which are data here and may be something else besides
		r.Files = slices.Concat(r.Files, []string{n.file}, n.yaml, n.patches, n.plugins)
	}
	slices.Sort(r.Files)
	r.Files = slices.Compact(r.Files)
	p := newPlacer(b)
	for i, res := range built.Resources() {
		if i >= maxObjects {
			r.Gaps = append(r.Gaps, n.gap(0, fmt.Sprintf("more than %d objects; the rest is left out", maxObjects), ""))
			break
		}
		assets, gaps := p.place(ctx, res)
		r.Assets, r.Gaps = append(r.Assets, assets...), append(r.Gaps, gaps...)
	}
	return r
}

// run builds what was added. Kustomize cannot be stopped: what takes longer
// than maxTime is left to end by itself, on work that is bounded.
func (b *builder) run(ctx context.Context) (resmap.ResMap, error) {
	type result struct {
		built resmap.ResMap
		err   error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if p := recover(); p != nil {
				r = result{nil, fmt.Errorf("kustomize gave up: %v", p)}
			}
			done <- r
		}()
		r.built, r.err = krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(b.mem, path.Join("/", b.root))
	}()
	timer := time.NewTimer(maxTime)
	defer timer.Stop()
	select {
	case r := <-done:
		return r.built, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-timer.C:
		return nil, errors.New("it takes longer to build than is waited for")
	}
}

func readFile(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, errors.New("it is not there")
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, errors.New("it cannot be opened")
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err == nil && len(data) > maxFileBytes {
		err = fmt.Errorf("it has more than the %d bytes that are read", maxFileBytes)
	}
	return data, err
}

func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > 500 {
		text = strings.ToValidUTF8(text[:500], "") + " …"
	}
	return text
}
