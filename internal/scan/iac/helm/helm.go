// Package helm renders Helm charts into the Kubernetes objects that they would
// install, each value with the line of the template that wrote it. Charts are
// loaded, and their values and dependencies resolved, by Helm's own packages;
// the templates are executed here, because Helm's engine neither tells where a
// line of its output comes from nor can it be stopped.
//
// Charts are hostile input. Nothing is fetched, looked up or run, and files,
// archives, recursion, loops, texts and output are bounded. A template that
// fails costs its own objects and no other's.
package helm

import (
	"context"
	"io/fs"
	"path"
	"strings"

	chart "helm.sh/helm/v4/pkg/chart/v2"

	"github.com/bulwarksec/bulwark"
)

// The kinds of gap of a chart. Assets may be missing for each but the last.
const (
	GapChart      = "Helm chart"
	GapTemplate   = "Helm template"
	GapDependency = "Helm dependency"
	GapValues     = "Helm values"
)

// Options say whose charts are rendered and how.
type Options struct {
	RepositoryID string
	Types        *bulwark.Types // names of properties and which are secret; may be nil
	SecretKey    []byte         // keys the digests of secret values; nil leaves digests empty
	Values       []string       // files of values that override the chart's, the last one first
}

// Result is what a chart would install.
type Result struct {
	Assets []*bulwark.Asset // in the order of templates; without relations until kube.Link
	Gaps   []bulwark.Gap
	Files  map[string][]byte // the text of each template and CRD, by its path in positions
	Reads  []string          // files that are judged through the chart and say nothing by themselves
}

// Render renders the chart in a folder of fsys with its default values and
// those of opts.Values. The root of the assets is the folder.
func Render(ctx context.Context, fsys fs.FS, dir string, opts Options) Result {
	l := newLoader(ctx, fsys)
	t := tree{}
	l.folder(dir, "", t, 0)
	return l.render(t, dir, dir, opts)
}

// RenderArchive renders a packaged chart, a gzipped tar whose text is data. The
// root of the assets is the file; positions go on below it, as in
// shop-1.2.0.tgz/templates/web.yaml.
func RenderArchive(ctx context.Context, fsys fs.FS, name string, data []byte, opts Options) Result {
	l := newLoader(ctx, fsys)
	t := tree{}
	if err := l.archive(data, name, "", t); err != nil {
		l.gap(GapChart, bulwark.Position{File: name}, err.Error(), "")
		return Result{Gaps: l.gaps}
	}
	return l.render(t, name, name, opts)
}

// render loads the chart of a tree, whose Chart.yaml stands at the top, and
// renders it.
func (l *loader) render(t tree, dir, root string, opts Options) Result {
	l.dir = dir
	c, err := l.chart(t, 0)
	if err != nil {
		l.gap(GapChart, bulwark.Position{File: t.position("Chart.yaml", dir)}, err.Error(), "")
		return Result{Gaps: l.gaps, Reads: l.reads}
	}
	top, err := l.values(c, opts.Values)
	if err != nil {
		l.gap(GapValues, bulwark.Position{File: t.position("Chart.yaml", dir)}, err.Error(), "")
		l.gap(GapChart, bulwark.Position{File: t.position("Chart.yaml", dir)}, "its values could not be put together", "")
		return Result{Gaps: l.gaps, Reads: l.reads}
	}
	o := &objects{ctx: l.ctx, opts: opts, root: root, files: map[string][]byte{}}
	o.crds(l, c)
	if c.Metadata.Type != "library" {
		newRenderer(l, o).run(c, top)
	}
	return Result{Assets: o.assets, Gaps: append(l.gaps, o.gaps...), Files: o.files, Reads: l.reads}
}

// isPartial reports whether a template only defines what others include.
func isPartial(name string) bool {
	return strings.HasPrefix(path.Base(name), "_")
}

// isNotes reports whether a template says to people what to do next. What tests
// a release is told by its hooks (see isTest) and not by its folder, which Helm
// installs as any other.
func isNotes(name string) bool { return strings.HasSuffix(name, "NOTES.txt") }

// crds adds the definitions in the crds folders of a chart and of those below
// it, which Helm installs as they are.
func (o *objects) crds(l *loader, c *chart.Chart) {
	for _, f := range c.CRDObjects() {
		file := l.origin[f.File]
		o.files[file] = f.File.Data
		o.plain(f.File.Data, file)
	}
}
