package kustomize

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/resource"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/scan/iac/kube"
	"github.com/bulwarksec/bulwark/internal/yamldoc"
)

const originKey = "config.kubernetes.io/origin"

// placer finds where the values of built objects stand.
type placer struct {
	b       *builder
	docs    map[string][]bulwark.Value // of resource files, by file
	patches []bulwark.Value
	root    *node
	names   *bulwark.Names
}

func newPlacer(b *builder) *placer {
	p := &placer{b: b, docs: map[string][]bulwark.Value{}, root: b.tree.nodes[b.root]}
	if b.opts.Types != nil {
		p.names = b.opts.Types.Names()
	}
	for i := len(b.nodes) - 1; i >= 0; i-- { // the outermost, which has the last word, first
		n := b.nodes[i]
		for _, name := range n.patches {
			p.patches = append(p.patches, p.read(name)...)
		}
		for _, patch := range n.doc.Get("patches").Children() {
			if text := patch.Get("patch"); text.Kind() == bulwark.String {
				values, _ := yamldoc.Decode([]byte(text.Text()), yamldoc.Options{File: n.file, Line: text.Position().Line, Limits: limits})
				p.patches = append(p.patches, values...)
			}
		}
	}
	return p
}

// read returns the objects of a file, those of lists one by one.
func (p *placer) read(name string) []bulwark.Value {
	if docs, ok := p.docs[name]; ok {
		return docs
	}
	var out []bulwark.Value
	if data, err := readFile(p.b.tree.fsys, name); err == nil {
		values, _ := yamldoc.Decode(data, yamldoc.Options{File: name, Limits: limits})
		for _, v := range values {
			if items := v.Get("items"); items.Kind() == bulwark.List {
				for _, item := range items.Children() {
					out = append(out, item)
				}
				continue
			}
			out = append(out, v)
		}
	}
	p.docs[name] = out
	return out
}

// place returns the assets of one built object.
func (p *placer) place(ctx context.Context, res *resource.Resource) ([]*bulwark.Asset, []bulwark.Gap) {
	fail := func(err error) ([]*bulwark.Asset, []bulwark.Gap) {
		return nil, []bulwark.Gap{p.root.gap(0, oneLine(err.Error()), "")}
	}
	origin, err := res.GetOrigin()
	if err != nil {
		return fail(err)
	}
	text, err := res.AsYAML()
	if err != nil {
		return fail(err)
	}
	v, err := p.one(text)
	if err != nil {
		return fail(fmt.Errorf("%s: %w", res.CurId(), err))
	}
	from, generated := p.source(origin, v)
	pos := from.Position()
	c := copier{p: p, b: bulwark.NewBuilder(p.names, bulwark.Limits{})}
	if generated {
		c.entry = pos
	}
	if pos.File == "" {
		pos = bulwark.Position{File: p.root.file, Line: 1, EndLine: 1}
	}
	c.b.At(pos)
	var patches []bulwark.Value
	for _, patch := range p.patches {
		if same(patch, v) {
			patches = append(patches, patch)
		}
	}
	c.content(v, from, patches, "")
	placed, err := c.b.Build("")
	if err != nil {
		return fail(err)
	}
	return kube.ParseValue(placed, pos.File, kube.Options{RepositoryID: p.b.opts.RepositoryID, Root: p.b.root, Types: p.b.opts.Types, SecretKey: p.b.opts.SecretKey})
}

// one decodes the YAML of one object.
func (p *placer) one(text []byte) (bulwark.Value, error) {
	values, err := yamldoc.Decode(text, yamldoc.Options{Names: p.names, Limits: bulwark.Limits{Bytes: maxFileBytes, Depth: 256, Nodes: 1 << 20}})
	if err != nil {
		return bulwark.Value{}, err
	}
	if len(values) != 1 {
		return bulwark.Value{}, fmt.Errorf("it was built into %d documents, want one", len(values))
	}
	return values[0], nil
}

// source returns what an object was before it was built: the object in its
// base's file, or the entry of the generator that made it, which generated
// tells. A patch may have replaced the annotations by which origin is known;
// the object is looked for in all files then.
func (p *placer) source(origin *resource.Origin, v bulwark.Value) (from bulwark.Value, generated bool) {
	if origin != nil && origin.Path != "" {
		from = p.find(v, path.Join(p.b.root, origin.Path))
	}
	if origin != nil && origin.ConfiguredIn != "" {
		from = p.generator(v, path.Dir(path.Join(p.b.root, origin.ConfiguredIn)))
		generated = !from.IsAbsent()
	}
	if from.IsAbsent() {
		var all []string
		for _, n := range p.b.nodes {
			all = append(all, n.yaml...)
		}
		from = p.find(v, all...)
	}
	return from, generated
}

// generator returns the entry of the generator in a folder that made v.
func (p *placer) generator(v bulwark.Value, dir string) bulwark.Value {
	var found bulwark.Value
	n := p.b.tree.nodes[dir]
	if n == nil {
		return found
	}
	field := map[string]string{"ConfigMap": "configMapGenerator", "Secret": "secretGenerator"}[v.Get("kind").Text()]
	for _, entry := range n.doc.Get(field).Children() {
		name := entry.Get("name").Text()
		if strings.Contains(nameOf(v), name) && len(name) >= len(found.Get("name").Text()) {
			found = entry
		}
	}
	return found
}

// find returns the object of some files that may have become v. Of several that
// a prefix could have made, the longest name is meant.
func (p *placer) find(v bulwark.Value, files ...string) bulwark.Value {
	var found bulwark.Value
	for _, name := range files {
		for _, doc := range p.read(name) {
			if same(doc, v) && len(nameOf(doc)) >= len(nameOf(found)) {
				found = doc
			}
		}
	}
	return found
}

func nameOf(v bulwark.Value) string { return v.At("metadata", "name").Text() }

// same reports whether a built object may have been the other before: names
// only ever gain a prefix and a suffix.
func same(before, built bulwark.Value) bool {
	return before.Get("kind").Text() == built.Get("kind").Text() && strings.Contains(nameOf(built), nameOf(before))
}

// copier copies a built object with the places that its values come from, and
// without what was built in to tell them.
type copier struct {
	p     *placer
	b     *bulwark.Builder
	entry bulwark.Position // of the generator that made the object
}

// value adds v, which came from the value from and was changed by patches. What
// neither holds was written by the kustomization itself.
func (c *copier) value(v, from bulwark.Value, patches []bulwark.Value, key string) {
	container := v.Kind() == bulwark.Object || v.Kind() == bulwark.List
	pos := bulwark.Position{}
	for _, candidate := range append([]bulwark.Value{from}, patches...) {
		if candidate.Kind() == v.Kind() && (container || candidate.String() == v.String()) {
			pos = candidate.Position()
			break
		}
	}
	if pos.File == "" {
		pos = c.p.writer(key, c.entry)
	}
	c.b.At(pos)
	c.content(v, from, patches, key)
}

func (c *copier) content(v, from bulwark.Value, patches []bulwark.Value, key string) {
	below := func(find func(bulwark.Value) bulwark.Value) (bulwark.Value, []bulwark.Value) {
		var changed []bulwark.Value
		for _, p := range patches {
			if q := find(p); !q.IsAbsent() {
				changed = append(changed, q)
			}
		}
		return find(from), changed
	}
	switch v.Kind() {
	case bulwark.Object:
		c.b.Object()
		for name, child := range v.Children() {
			if name == originKey || name == "annotations" && child.Len() == 1 && !child.Get(originKey).IsAbsent() {
				continue
			}
			next := name
			if key == "labels" || key == "matchLabels" || key == "annotations" {
				next = key
			}
			src, changed := below(func(v bulwark.Value) bulwark.Value { return v.Get(name) })
			c.b.Key(name)
			c.value(child, src, changed, next)
		}
		c.b.End()
	case bulwark.List:
		c.b.List()
		i := 0
		for _, child := range v.Children() {
			src, changed := below(func(v bulwark.Value) bulwark.Value { return element(v, child, i) })
			c.value(child, src, changed, key)
			i++
		}
		c.b.End()
	default:
		c.b.Copy(v)
	}
}

// mergeKeys tell elements of a list apart when objects are merged.
var mergeKeys = []string{"name", "mountPath", "containerPort", "port", "ip", "key", "topologyKey"}

// element returns the element of a list that became child, which is the i-th.
func element(list, child bulwark.Value, i int) bulwark.Value {
	if list.Kind() != bulwark.List {
		return bulwark.Value{}
	}
	for _, key := range mergeKeys {
		want := child.Get(key)
		if want.IsAbsent() {
			continue
		}
		for _, e := range list.Children() {
			if e.Get(key).Kind() == want.Kind() && e.Get(key).String() == want.String() {
				return e
			}
		}
		return bulwark.Value{}
	}
	if i < list.Len() {
		return list.Index(i)
	}
	return bulwark.Value{}
}

// writers are the fields of a kustomization that write a key of objects.
var writers = map[string][]string{
	"namespace": {"namespace"}, "name": {"namePrefix", "nameSuffix"}, "image": {"images"}, "replicas": {"replicas"},
	"labels": {"labels", "commonLabels"}, "matchLabels": {"labels", "commonLabels"}, "selector": {"labels", "commonLabels"}, "annotations": {"commonAnnotations"},
}

// writer returns the line of the root's kustomization that wrote a key, or else
// the entry of the generator that made the object.
func (p *placer) writer(key string, entry bulwark.Position) bulwark.Position {
	fields := writers[key]
	if entry.File == "" {
		fields = append(slices.Clone(fields), "patches", "patchesJson6902", "patchesStrategicMerge", "replacements")
		entry = bulwark.Position{File: p.root.file, Line: 1, EndLine: 1}
	}
	for _, field := range fields {
		if v := p.root.doc.Get(field); v.Position().Line > 0 {
			line := v.Position().Line
			return bulwark.Position{File: p.root.file, Line: line, EndLine: line}
		}
	}
	return entry
}
