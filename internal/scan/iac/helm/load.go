package helm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	chart "helm.sh/helm/v4/pkg/chart/v2"
	chartloader "helm.sh/helm/v4/pkg/chart/v2/loader"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	"helm.sh/helm/v4/pkg/ignore"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/scan/iac/kube"
	"github.com/bulwarksec/bulwark/internal/yamldoc"
)

const (
	maxFiles      = 10_000   // of one chart with all that it depends on
	maxDirs       = 2_000    // of the same
	maxBytes      = 64 << 20 // of the same
	maxFileBytes  = 5 << 20  // of one file, as Helm allows
	maxTemplate   = 1 << 20  // of one template
	maxFolders    = 16       // one in the other
	maxCharts     = 200      // of one chart with all that it depends on
	maxChartDepth = 8
)

// file is one file of a chart and where it stands in what is scanned.
type file struct {
	data []byte
	at   string
}

// tree holds the files of a chart and of the charts in it by their path below
// the chart's folder. What an archive holds stands below the archive's name.
type tree map[string]file

// position returns where a file stands, which may be missing.
func (t tree) position(name, dir string) string {
	if f, ok := t[name]; ok {
		return f.at
	}
	return path.Join(dir, name)
}

// below returns the files under a folder, by their path in it.
func (t tree) below(folder string) tree {
	out := tree{}
	for name, f := range t {
		if rest, ok := strings.CutPrefix(name, folder+"/"); ok {
			out[rest] = f
		}
	}
	return out
}

// loader reads charts within limits that hold for a chart and all that it
// depends on together.
type loader struct {
	*budget
	fsys    fs.FS
	dir     string
	gaps    []bulwark.Gap
	reads   []string
	files   int
	folders int
	bytes   int
	charts  int
	full    bool
	ignore  rules
	origin  map[*common.File]string
}

func newLoader(ctx context.Context, fsys fs.FS) *loader {
	return &loader{budget: newBudget(ctx), fsys: fsys, files: maxFiles, folders: maxDirs, bytes: maxBytes, charts: maxCharts, origin: map[*common.File]string{}}
}

func (l *loader) gap(what string, pos bulwark.Position, why, needs string) {
	l.gaps = append(l.gaps, bulwark.Gap{What: what, Where: pos.String(), Why: why, Needs: needs, Position: pos})
}

// take accounts for a file of n bytes and reports whether it is still read.
// The first that is not is a gap.
func (l *loader) take(at string, n int) bool {
	if l.full {
		return false
	}
	l.files--
	l.bytes -= n
	if l.files < 0 || l.bytes < 0 {
		l.full = true
		l.gap(GapChart, bulwark.Position{File: at}, fmt.Sprintf("the chart has more than %d files or %d bytes; the rest was not read", maxFiles, maxBytes), "")
		return false
	}
	return true
}

// folder adds the files of a folder of the tree. Links are followed as far as
// the file system lets them lead; folders are counted, since a few that link to
// each other are a tree without end.
func (l *loader) folder(dir, prefix string, t tree, depth int) {
	if depth > maxFolders {
		l.gap(GapChart, bulwark.Position{File: dir}, fmt.Sprintf("more than %d folders one in the other", maxFolders), "")
		return
	}
	if l.folders--; l.folders < 0 {
		if !l.full {
			l.gap(GapChart, bulwark.Position{File: dir}, fmt.Sprintf("the chart has more than %d folders; the rest was not read", maxDirs), "")
		}
		l.full = true
		return
	}
	if depth == 0 || isChartFolder(l.fsys, dir) {
		kept := l.ignore
		l.ignore = l.ignored(dir, prefix)
		defer func() { l.ignore = kept }()
	}
	entries, err := fs.ReadDir(l.fsys, dir)
	if err != nil {
		l.gap(GapChart, bulwark.Position{File: dir}, cause(err).Error(), "")
		return
	}
	for _, e := range entries {
		name, key := path.Join(dir, e.Name()), path.Join(prefix, e.Name())
		info, err := fs.Stat(l.fsys, name)
		switch {
		case err != nil:
			l.gap(GapChart, bulwark.Position{File: name}, "the link leads nowhere in the tree", "")
		case l.full || e.Name() == ".git" || l.ignore.skip(key, info):
		case info.IsDir():
			l.folder(name, key, t, depth+1)
		case info.Mode().IsRegular():
			if info.Size() > maxFileBytes {
				l.gap(GapChart, bulwark.Position{File: name}, fmt.Sprintf("%d bytes, more than the %d that are read", info.Size(), maxFileBytes), "")
				continue
			}
			data, err := readFile(l.fsys, name, maxFileBytes)
			if err != nil {
				l.gap(GapChart, bulwark.Position{File: name}, cause(err).Error(), "")
			} else if l.take(name, len(data)) {
				t[key] = file{data, name}
			}
		}
	}
}

// rules are those of the .helmignore of the chart at base.
type rules struct {
	*ignore.Rules
	base string
}

func (r rules) skip(key string, info fs.FileInfo) bool {
	if r.base != "" {
		key = strings.TrimPrefix(key, r.base+"/")
	}
	return r.Ignore(key, info)
}

// ignored returns the rules of a chart's .helmignore.
func (l *loader) ignored(dir, base string) rules {
	r := ignore.Empty()
	if data, err := readFile(l.fsys, path.Join(dir, ".helmignore"), 1<<16); err == nil {
		if parsed, err := ignore.Parse(bytes.NewReader(data)); err == nil {
			r = parsed
		}
	}
	r.AddDefaults()
	return rules{r, base}
}

func isChartFolder(fsys fs.FS, dir string) bool {
	info, err := fs.Stat(fsys, path.Join(dir, "Chart.yaml"))
	return err == nil && info.Mode().IsRegular()
}

func readFile(fsys fs.FS, name string, limit int64) ([]byte, error) {
	info, err := fs.Stat(fsys, name) // before opening, which would wait for a pipe
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("more than the %d bytes that are read", limit)
	}
	return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), err
}

// cause is an error without the path that it names.
func cause(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

// chart loads the chart at the top of a tree with those that it depends on.
func (l *loader) chart(t tree, depth int) (*chart.Chart, error) {
	if l.charts--; l.charts < 0 {
		return nil, fmt.Errorf("more than %d charts one in the other", maxCharts)
	}
	if _, ok := t["Chart.yaml"]; !ok {
		return nil, errors.New("there is no Chart.yaml")
	}
	for _, name := range []string{"Chart.yaml", "values.yaml", "requirements.yaml"} {
		if f, ok := t[name]; ok {
			if err := soundYAML(f.data); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	var files []*archive.BufferedFile
	for _, name := range slices.Sorted(maps.Keys(t)) {
		if skippedFile(t, name) {
			continue
		}
		f := t[name]
		if strings.HasPrefix(name, "templates/") && len(f.data) > maxTemplate {
			l.gap(GapTemplate, bulwark.Position{File: f.at}, fmt.Sprintf("%d bytes, more than the %d that are read", len(f.data), maxTemplate), "")
			continue
		}
		files = append(files, &archive.BufferedFile{Name: name, Data: f.data})
	}
	c, err := chartloader.LoadFiles(files)
	if err != nil {
		return nil, errors.New(strings.TrimSpace(err.Error()))
	}
	for _, list := range [][]*common.File{c.Templates, c.Files, c.Raw} {
		for _, f := range list {
			l.origin[f] = t[f.Name].at
		}
	}
	l.read(t)
	l.dependencies(c, t, depth)
	return c, nil
}

// read notes the files of a chart that are judged through it: its values, its
// templates, and the manifests among them. What else stands in its folders, such
// as a Dockerfile, is for others to read.
func (l *loader) read(t tree) {
	for name, f := range t {
		folder, _, below := strings.Cut(name, "/")
		switch {
		case !below:
			if name != "Chart.yaml" && name != "values.yaml" {
				continue
			}
		case folder != "templates" && folder != "crds", !isYAML(name), !bytes.Contains(f.data, []byte("{{")) && !kube.IsManifest(f.data):
			continue
		}
		l.reads = append(l.reads, f.at)
	}
}

// isYAML reports whether a file is named as templates of objects are.
func isYAML(name string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json", ".tpl"}, path.Ext(name))
}

// skippedFile reports whether Helm's loader need not see a file: charts are
// loaded one by one, and locks say nothing about what is installed. A v2 chart
// has its dependencies in Chart.yaml.
func skippedFile(t tree, name string) bool {
	switch {
	case strings.HasPrefix(name, "charts/"), name == "Chart.lock", name == "requirements.lock":
		return true
	case name == "requirements.yaml":
		return bytes.Contains(t["Chart.yaml"].data, []byte("apiVersion: v2"))
	}
	return false
}

// soundYAML refuses YAML that would grow beyond measure when it is read.
func soundYAML(data []byte) error {
	_, err := yamldoc.Decode(data, yamldoc.Options{Limits: bulwark.Limits{Bytes: maxFileBytes, Depth: 100, Nodes: 200_000}})
	return err
}

// dependencies loads the charts in a chart's charts folder and those that it
// names by file://, and tells which are missing.
func (l *loader) dependencies(c *chart.Chart, t tree, depth int) {
	if depth >= maxChartDepth {
		l.gap(GapDependency, bulwark.Position{File: t["Chart.yaml"].at}, fmt.Sprintf("charts one in the other deeper than %d", maxChartDepth), "")
		return
	}
	inside := t.below("charts")
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(inside)) {
		top, _, isFolder := strings.Cut(name, "/")
		if seen[top] || strings.IndexAny(top, "_.") == 0 || !isFolder && path.Ext(top) != ".tgz" {
			continue
		}
		seen[top] = true
		sub, at := inside.below(top), path.Join(path.Dir(t["Chart.yaml"].at), "charts", top)
		if !isFolder {
			sub, at = tree{}, inside[name].at
			if err := l.archive(inside[name].data, at, "", sub); err != nil {
				l.gap(GapDependency, bulwark.Position{File: at}, err.Error(), "")
				continue
			}
			l.reads = append(l.reads, at)
		}
		l.add(c, sub, at, depth)
	}
	for _, d := range c.Metadata.Dependencies {
		if d == nil || slices.ContainsFunc(c.Dependencies(), func(s *chart.Chart) bool { return s.Name() == d.Name }) {
			continue
		}
		if dir, ok := strings.CutPrefix(d.Repository, "file://"); ok {
			l.beside(c, t, dir, depth)
		}
	}
}

// add loads one chart as a dependency of another.
func (l *loader) add(c *chart.Chart, sub tree, at string, depth int) {
	child, err := l.chart(sub, depth+1)
	if err != nil {
		l.gap(GapDependency, bulwark.Position{File: at}, err.Error(), "")
		return
	}
	c.AddDependency(child)
}

// beside loads the chart of a folder that Chart.yaml names by file://, when it
// lies in the tree that is scanned.
func (l *loader) beside(c *chart.Chart, t tree, dir string, depth int) {
	dir = path.Join(path.Dir(t["Chart.yaml"].at), dir)
	if !fs.ValidPath(dir) || !isChartFolder(l.fsys, dir) {
		return
	}
	sub := tree{}
	l.folder(dir, "", sub, 0)
	l.add(c, sub, dir, depth)
}

// missing tells which dependencies are turned on and not there. It is asked
// once values have decided which are on.
func (l *loader) missing(c *chart.Chart) {
	file := ""
	for _, f := range c.Raw {
		if f.Name == "Chart.yaml" {
			file = l.origin[f]
		}
	}
	for _, d := range c.Metadata.Dependencies {
		if d != nil && d.Enabled && !slices.ContainsFunc(c.Dependencies(), func(s *chart.Chart) bool { return s.Name() == d.Name }) {
			l.gap(GapDependency, bulwark.Position{File: file}, fmt.Sprintf("the chart %q is not in the charts folder; what it installs is not judged", d.Name), "run helm dependency build")
		}
	}
	for _, sub := range c.Dependencies() {
		l.missing(sub)
	}
}
