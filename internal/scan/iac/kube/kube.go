// Package kube reads Kubernetes manifests, YAML or JSON, into assets: one for
// each object, of the type <group>/<version>/<Kind>, with the lines of every
// value. Parse reads one file; Link then numbers objects that are declared
// twice and relates the objects of a whole tree to each other, as internal/kube
// knows how.
//
// Manifests are hostile input. Sizes, depth and node counts are bounded, one
// bad document costs neither its neighbours nor the file, and the contents of
// Secrets never enter an asset in the clear.
package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/kube"
	"github.com/bulwarksec/bulwark/internal/yamldoc"
)

// Options say whose manifests Parse reads and how.
type Options struct {
	RepositoryID string
	Root         string         // folder that is the root of asset ids; "" takes the file's own folder
	Types        *bulwark.Types // names of properties and which are secret; may be nil
	Limits       bulwark.Limits // of one file; zero fields take 16 MiB, 256 levels, 1 million nodes
	SecretKey    []byte         // keys the digests of secret values; nil leaves digests empty
}

const (
	maxObjects  = 20_000 // in one file
	maxListings = 4      // List inside List
)

func (o Options) limits() bulwark.Limits {
	l := o.Limits
	if l.Bytes == 0 {
		l.Bytes = 16 << 20
	}
	if l.Depth == 0 {
		l.Depth = 256
	}
	if l.Nodes == 0 {
		l.Nodes = 1 << 20
	}
	return l
}

func (o Options) names() *bulwark.Names {
	if o.Types == nil {
		return nil
	}
	return o.Types.Names()
}

var (
	apiVersionKey = regexp.MustCompile(`(?m)(^|[{,\s])["']?apiVersion["']?\s*:`)
	kindKey       = regexp.MustCompile(`(?m)(^|[{,\s])["']?kind["']?\s*:`)
	templateUse   = regexp.MustCompile(`\{\{-?\s*(/\*|\$|\(|\.(Values|Release|Chart|Capabilities|Files|Template|Subcharts)\b|(include|template|tpl|toYaml|quote|default|printf|required|if|else|end|range|with|define|block)\b)`)
)

// IsManifest reports whether a file's text may hold Kubernetes objects: it
// names both an apiVersion and a kind. It is a cheap test before Parse.
func IsManifest(data []byte) bool {
	return apiVersionKey.Match(data) && kindKey.Match(data)
}

// Parse reads the objects of one file of fsys, in the order in which they
// stand. What cannot be read is a gap; documents that are no Kubernetes
// objects are passed over. Assets have no relations until Link.
func Parse(ctx context.Context, fsys fs.FS, name string, opts Options) ([]*bulwark.Asset, []bulwark.Gap) {
	data, err := readFile(fsys, name, opts.limits().Bytes)
	if err != nil {
		return nil, []bulwark.Gap{{What: "file", Where: name, Why: err.Error(), Position: bulwark.Position{File: name}}}
	}
	assets, gaps := ParseBytes(ctx, data, name, opts)
	if len(assets) > 0 && isPatch(fsys, name) {
		return nil, append(gaps, bulwark.Gap{What: "kustomize patch", Where: name, Why: "a patch is no object of its own; what it changes in its base is not judged",
			Needs: "scan the output of kustomize build as well", Position: bulwark.Position{File: name}})
	}
	return assets, gaps
}

// ParseValue is Parse for one object that was read already, such as the
// manifest in a Terraform resource; it keeps the lines that the value has.
func ParseValue(v bulwark.Value, name string, opts Options) ([]*bulwark.Asset, []bulwark.Gap) {
	p := &parser{ctx: context.Background(), file: name, opts: opts, root: opts.Root}
	if p.root == "" {
		p.root = path.Dir(name)
	}
	p.object(v, "", 0)
	return p.assets, p.gaps
}

// ParseBytes is Parse for a file that was read already.
func ParseBytes(ctx context.Context, data []byte, name string, opts Options) ([]*bulwark.Asset, []bulwark.Gap) {
	p := &parser{ctx: ctx, file: name, opts: opts, root: opts.Root}
	if p.root == "" {
		p.root = path.Dir(name)
	}
	if strings.EqualFold(path.Ext(name), ".json") {
		p.json(data)
	} else {
		p.yaml(data)
	}
	return p.assets, p.gaps
}

func readFile(fsys fs.FS, name string, limit int) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	data, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if len(data) > limit {
		return nil, fmt.Errorf("more than %d bytes", limit)
	}
	return data, nil
}

type parser struct {
	ctx    context.Context
	file   string
	root   string
	opts   Options
	assets []*bulwark.Asset
	gaps   []bulwark.Gap
	full   bool
}

func (p *parser) gap(what string, line int, why, needs string) {
	pos := bulwark.Position{File: p.file, Line: line}
	p.gaps = append(p.gaps, bulwark.Gap{What: what, Where: pos.String(), Why: why, Needs: needs, Position: pos})
}

func (p *parser) json(data []byte) {
	if !IsManifest(data) {
		return
	}
	v, err := bulwark.DecodeJSON(data, bulwark.DecodeOptions{Names: p.opts.names(), Limits: p.opts.limits(), File: p.file})
	if err != nil {
		p.gap("manifest", lineOf(err), err.Error(), "mend the JSON")
		return
	}
	p.object(v, "", 0)
}

// yaml reads the documents one by one, so that a bad one is one gap.
func (p *parser) yaml(data []byte) {
	for _, d := range split(data) {
		if err := p.ctx.Err(); err != nil {
			p.gap("file", d.line+1, err.Error(), "")
			return
		}
		if !IsManifest(d.text) {
			continue
		}
		values, err := yamldoc.Decode(d.text, yamldoc.Options{Names: p.opts.names(), Limits: p.opts.limits(), File: p.file, Line: d.line})
		for _, v := range values {
			p.object(v, "", 0)
		}
		switch {
		case err == nil:
		case templateUse.Match(d.text):
			p.gap("helm template", d.first(), "the document is a template and is no YAML before it is rendered", "scan the rendered manifests as well")
		default:
			p.gap("manifest", max(lineOf(err), d.first()), err.Error(), "mend the YAML")
		}
	}
}

// document is one part of a YAML stream; line counts the lines before it.
type document struct {
	text []byte
	line int
}

// first is the number of the document's first line with content.
func (d document) first() int {
	n := d.line + 1
	for l := range bytes.Lines(d.text) {
		if t := bytes.TrimSpace(l); len(t) > 0 && t[0] != '#' && !bytes.HasPrefix(t, []byte("---")) {
			return n
		}
		n++
	}
	return d.line + 1
}

// split cuts a stream at lines that begin a document. Such a line cannot stand
// inside a block scalar, which is indented, and only marks ever begin with ---
// in the first column.
func split(data []byte) []document {
	var docs []document
	start, line, offset, first := 0, 0, 0, 0
	for l := range bytes.Lines(data) {
		if isMark(l) && offset > start {
			if !onlyDirectives(data[start:offset]) {
				docs = append(docs, document{data[start:offset], first})
			}
			start, first = offset, line
		}
		offset += len(l)
		line++
	}
	return append(docs, document{data[start:], first})
}

func isMark(l []byte) bool {
	l, ok := bytes.CutPrefix(l, []byte("---"))
	return ok && (len(l) == 0 || l[0] == ' ' || l[0] == '\t' || l[0] == '\n' || l[0] == '\r')
}

func onlyDirectives(text []byte) bool {
	for l := range bytes.Lines(text) {
		if t := bytes.TrimSpace(l); len(t) > 0 && t[0] != '#' && l[0] != '%' {
			return false
		}
	}
	return true
}

var lineNumber = regexp.MustCompile(`line (\d{1,7})`)

func lineOf(err error) int {
	n := 0
	if m := lineNumber.FindStringSubmatch(err.Error()); m != nil {
		for _, c := range m[1] {
			n = n*10 + int(c-'0')
		}
	}
	return n
}

// object adds the asset of one object, or of each object in a list kind, whose
// items may leave out the kind that the list's name tells.
func (p *parser) object(v bulwark.Value, itemType string, depth int) {
	if v.Kind() != bulwark.Object || p.full {
		return
	}
	apiVersion, kind := v.Get("apiVersion").Text(), v.Get("kind").Text()
	if kind == "" && itemType != "" {
		apiVersion, kind = path.Dir(itemType), path.Base(itemType)
	}
	if apiVersion == "" || kind == "" {
		return
	}
	if items := v.Get("items"); strings.HasSuffix(kind, "List") && items.Kind() == bulwark.List {
		if depth >= maxListings {
			p.gap("manifest", v.Position().Line, fmt.Sprintf("lists inside lists deeper than %d", maxListings), "")
			return
		}
		for _, item := range items.Children() {
			p.object(item, apiVersion+"/"+strings.TrimSuffix(kind, "List"), depth+1)
		}
		return
	}
	if !kube.IsObject(apiVersion, kind) {
		return
	}
	if len(p.assets) >= maxObjects {
		p.full = true
		p.gap("file", v.Position().Line, fmt.Sprintf("more than %d objects; the rest is left out", maxObjects), "split the file")
		return
	}
	p.add(v, kube.TypeID(apiVersion, kind))
}

func (p *parser) add(v bulwark.Value, typ string) {
	meta := v.Get("metadata")
	name := meta.Get("name").Text()
	if name == "" {
		name = meta.Get("generateName").Text()
	}
	namespace := ""
	if !kube.ClusterScoped(typ) {
		if namespace = meta.Get("namespace").Text(); namespace == "" {
			namespace = "default"
		}
	}
	a := &bulwark.Asset{
		ID:       bulwark.AssetID(bulwark.Code, p.opts.RepositoryID+"//"+folder(p.root)+"//"+namespace+"/"+kube.KindName(typ)+"/"+name),
		Type:     typ,
		Name:     name,
		Scope:    scope(p.opts.RepositoryID, folder(p.root)),
		Position: v.Position(),
	}
	c := kube.Copier{Names: p.opts.names(), Limits: p.opts.limits(), Key: p.opts.SecretKey, Paths: kube.SecretPaths(p.opts.Types, typ), Unknown: template}
	var err error
	if a.Properties, err = c.Copy(v, a.ID); err != nil {
		p.gap("manifest", v.Position().Line, err.Error(), "")
		return
	}
	p.assets = append(p.assets, a)
}

// folder returns a root as ids write it: "" for the top.
func folder(root string) string {
	if root = path.Clean(root); root == "." || root == "/" {
		return ""
	}
	return strings.Trim(root, "/")
}

func scope(repository, root string) string {
	if root == "" {
		return "code/" + repository
	}
	return "code/" + repository + "/" + root
}

// template is the reason why a text is unknown: a template would change it.
func template(text string) string {
	if strings.Contains(text, "{{") && templateUse.MatchString(text) {
		return "helm template"
	}
	return ""
}
