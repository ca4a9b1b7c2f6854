package kustomize

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/yamldoc"
)

// node is one kustomization, of which no more is left than may be built.
type node struct {
	dir, file string
	k         types.Kustomization
	doc       bulwark.Value // as written, with lines
	err       error
	gaps      []bulwark.Gap
	folders   []string // bases and components
	yaml      []string // resources and other files of objects or settings
	patches   []string // files of patches
	data      []string // files of generators
	plugins   []string // files that say how plugins run; they are no objects
}

func (n *node) gap(line int, why, needs string) bulwark.Gap {
	pos := bulwark.Position{File: n.file, Line: line}
	return bulwark.Gap{What: Gap, Where: pos.String(), Why: why, Needs: needs, Position: pos}
}

// leave notes that something of the kustomization is left out.
func (n *node) leave(field, entry, why, needs string) {
	n.gaps = append(n.gaps, n.gap(n.line(field, entry), fmt.Sprintf("%s %s is left out: %s", field, entry, why), needs))
}

// line returns where a field, or the entry of it that names something, stands.
func (n *node) line(field, entry string) int {
	v := n.doc.Get(field)
	for _, item := range v.Children() {
		if item.Text() == entry || item.Get("path").Text() == entry || item.Get("name").Text() == entry {
			return item.Position().Line
		}
	}
	return v.Position().Line
}

var limits = bulwark.Limits{Bytes: maxFileBytes, Depth: 100, Nodes: 200_000}

// read decodes a kustomization and takes out what may not be built.
func (t *Tree) read(n *node) {
	data, err := readFile(t.fsys, n.file)
	if err != nil {
		n.err = err
		return
	}
	values, err := yamldoc.Decode(data, yamldoc.Options{File: n.file, Limits: limits})
	if err != nil {
		n.err = errors.New(oneLine(err.Error()))
		return
	}
	if len(values) != 1 || values[0].Kind() != bulwark.Object {
		n.err = errors.New("it is not one object")
		return
	}
	n.doc = values[0]
	if err := n.k.Unmarshal(data); err != nil {
		n.err = errors.New(oneLine(err.Error()))
		return
	}
	t.clean(n)
}

// clean keeps what is in the tree.
func (t *Tree) clean(n *node) {
	n.k.FixKustomization()
	for _, c := range n.k.HelmCharts {
		n.leave("helmCharts", c.Name, "charts are not fetched for a kustomization", "scan the output of kustomize build --enable-helm as well")
	}
	n.k.HelmCharts, n.k.HelmGlobals = nil, nil
	for _, f := range []struct {
		name string
		list *[]string
	}{{"generators", &n.k.Generators}, {"transformers", &n.k.Transformers}, {"validators", &n.k.Validators}} {
		for _, entry := range *f.list {
			n.leave(f.name, oneLine(entry), "plugins are not run", "scan the output of kustomize build as well")
			if _, to, _, why := t.local(n, entry, false); why == "" {
				n.plugins = append(n.plugins, to)
			}
		}
		*f.list = nil
	}
	n.k.Resources = t.keep(n, "resources", n.k.Resources, true)
	n.k.Components = t.keep(n, "components", n.k.Components, true)
	n.k.Crds = t.keep(n, "crds", n.k.Crds, false)
	n.k.Configurations = t.keep(n, "configurations", n.k.Configurations, false)
	if p := n.k.OpenAPI["path"]; p != "" {
		n.leave("openapi", p, "schemas of their own are not read", "")
	}
	n.k.OpenAPI = nil
	t.cleanPatches(n)
	for i := range n.k.ConfigMapGenerator {
		t.cleanSources(n, "configMapGenerator", &n.k.ConfigMapGenerator[i].KvPairSources)
	}
	for i := range n.k.SecretGenerator {
		t.cleanSources(n, "secretGenerator", &n.k.SecretGenerator[i].KvPairSources)
	}
	n.k.BuildMetadata = []string{types.OriginAnnotations}
}

// local returns a path as kustomize takes for nothing else, and where it leads,
// or why it is left out.
func (t *Tree) local(n *node, entry string, folders bool) (as, to string, isFolder bool, why string) {
	to = path.Join(n.dir, entry)
	if strings.Contains(entry, "://") || strings.HasPrefix(entry, "git@") || strings.ContainsAny(entry, "?\n") {
		return "", "", false, "it is not in the tree, and nothing is fetched"
	}
	if path.IsAbs(entry) || !fs.ValidPath(to) {
		return "", "", false, "it lies outside of the tree"
	}
	info, err := fs.Stat(t.fsys, to)
	switch {
	case err != nil:
		return "", "", false, "it is not in the tree, and nothing is fetched"
	case info.IsDir() && folders && t.nodes[to] == nil:
		return "", "", false, "there is no kustomization in the folder"
	case info.IsDir() != folders && info.IsDir(), !info.IsDir() && !info.Mode().IsRegular():
		return "", "", false, "it is no file"
	}
	if as = path.Clean(entry); !strings.HasPrefix(as, "../") && as != ".." {
		as = "./" + as
	}
	return as, to, info.IsDir(), ""
}

// keep returns the entries of a field that lead to files or folders of the tree.
func (t *Tree) keep(n *node, field string, entries []string, folders bool) []string {
	var out []string
	for _, entry := range entries {
		as, to, isFolder, why := t.local(n, entry, folders)
		switch {
		case why != "":
			n.leave(field, oneLine(entry), why, "scan the output of kustomize build as well")
			continue
		case isFolder:
			n.folders = append(n.folders, to)
		default:
			n.yaml = append(n.yaml, to)
		}
		out = append(out, as)
	}
	return out
}

// cleanPatches brings the three fields of patches into one, and keeps patches
// and replacements that stand in the tree.
func (t *Tree) cleanPatches(n *node) {
	file := func(field, entry string) string {
		as, to, _, why := t.local(n, entry, false)
		if why != "" {
			n.leave(field, oneLine(entry), why, "")
			return ""
		}
		n.patches = append(n.patches, to)
		return as
	}
	var patches []types.Patch
	//lint:ignore SA1019 old kustomizations have them
	for _, p := range slices.Concat(n.k.Patches, n.k.PatchesJson6902) {
		if p.Path != "" {
			if p.Path = file("patches", p.Path); p.Path == "" {
				continue
			}
		}
		patches = append(patches, p)
	}
	//lint:ignore SA1019 old kustomizations have them
	for _, entry := range n.k.PatchesStrategicMerge {
		text := string(entry)
		if strings.Contains(text, "\n") {
			patches = append(patches, types.Patch{Patch: text})
		} else if as := file("patchesStrategicMerge", text); as != "" {
			patches = append(patches, types.Patch{Path: as})
		}
	}
	//lint:ignore SA1019 they are among the patches now
	n.k.Patches, n.k.PatchesJson6902, n.k.PatchesStrategicMerge = patches, nil, nil
	if err := n.k.FixKustomizationPreMarshalling(filesys.MakeFsInMemory()); err != nil {
		n.err = err
	}
	var replacements []types.ReplacementField
	for _, r := range n.k.Replacements {
		if r.Path != "" {
			as, to, _, why := t.local(n, r.Path, false)
			if why != "" {
				n.leave("replacements", oneLine(r.Path), why, "")
				continue
			}
			r.Path = as
			n.yaml = append(n.yaml, to)
		}
		replacements = append(replacements, r)
	}
	n.k.Replacements = replacements
}

// cleanSources keeps the files of a generator that stand in the tree. An entry
// may name the key: key=path.
func (t *Tree) cleanSources(n *node, field string, s *types.KvPairSources) {
	keep := func(entries []string) []string {
		var out []string
		for _, entry := range entries {
			key, name, keyed := strings.Cut(entry, "=")
			if !keyed {
				name = entry
			}
			as, to, _, why := t.local(n, name, false)
			if why != "" {
				n.leave(field, oneLine(entry), why, "")
				continue
			}
			n.data = append(n.data, to)
			if keyed {
				as = key + "=" + as
			}
			out = append(out, as)
		}
		return out
	}
	s.FileSources, s.EnvSources = keep(s.FileSources), keep(s.EnvSources)
}

// builder puts what one root needs into memory.
type builder struct {
	tree   *Tree
	root   string
	opts   Options
	mem    filesys.FileSystem
	left   int
	builds int
	added  map[string]bool
	nodes  []*node
	gaps   []bulwark.Gap
}

// add adds a kustomization with all that it names. Every time that one is named
// counts, since each is built.
func (b *builder) add(n *node, above []string) error {
	if b.builds--; b.builds < 0 {
		return fmt.Errorf("bases are built more than %d times", maxBuilds)
	}
	if slices.Contains(above, n.dir) {
		return fmt.Errorf("%s names itself through others", n.file)
	}
	if n.err != nil {
		return fmt.Errorf("%s: %w", n.file, n.err)
	}
	for _, dir := range n.folders {
		if err := b.add(b.tree.nodes[dir], append(above, n.dir)); err != nil {
			return err
		}
	}
	if b.added[n.file] {
		return nil
	}
	b.added[n.file] = true
	b.nodes = append(b.nodes, n)
	b.gaps = append(b.gaps, n.gaps...)
	text, err := yaml.Marshal(n.k)
	if err != nil {
		return err
	}
	if err := b.mem.WriteFile("/"+path.Join(n.dir, names[0]), text); err != nil {
		return err
	}
	for i, list := range [][]string{n.yaml, n.patches, n.data} {
		for _, name := range list {
			if err := b.file(name, i < 2); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

// file adds a file; one of YAML must not grow beyond measure when it is read.
func (b *builder) file(name string, isYAML bool) error {
	if b.added[name] {
		return nil
	}
	data, err := readFile(b.tree.fsys, name)
	if err != nil {
		return err
	}
	if b.left -= len(data); b.left < 0 {
		return fmt.Errorf("the files of one kustomization have more than %d bytes", maxBytes)
	}
	if isYAML {
		if _, err := yamldoc.Decode(data, yamldoc.Options{Limits: limits}); err != nil {
			return errors.New(oneLine(err.Error()))
		}
	}
	b.added[name] = true
	return b.mem.WriteFile("/"+name, data)
}
