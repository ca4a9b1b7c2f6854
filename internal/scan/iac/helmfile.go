package iac

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/scan/iac/helm"
)

// scanCharts renders the charts of the tree: every folder with a Chart.yaml
// that does not stand in another chart's charts folder. It returns their
// objects, which are related when all are there, and notes the files that are
// judged through a chart as read.
func (s *Scanner) scanCharts(ctx context.Context, files []string, read map[string]bool, out *output) ([]*bulwark.Asset, error) {
	var dirs []string
	for _, name := range files {
		if path.Base(name) == "Chart.yaml" {
			dirs = append(dirs, path.Dir(name))
		}
	}
	var objects []*bulwark.Asset
	for _, dir := range dirs {
		if isSubchart(dir, dirs) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("iac: scan %s: %w", dir, err)
		}
		result := helm.Render(ctx, s.opts.FS, dir, s.chartOptions(dir, dirs))
		s.suppressCharts(result)
		objects = append(objects, result.Assets...)
		out.gaps = append(out.gaps, result.Gaps...)
		for _, name := range result.Reads {
			read[name] = true
		}
	}
	return objects, nil
}

// isSubchart reports whether a chart stands in another's charts folder.
func isSubchart(dir string, dirs []string) bool {
	for _, other := range dirs {
		if strings.HasPrefix(dir, path.Join(other, "charts")+"/") {
			return true
		}
	}
	return false
}

// chartOptions give a chart the files of values that lie in it, and those that
// lie in no chart.
func (s *Scanner) chartOptions(dir string, dirs []string) helm.Options {
	opts := helm.Options{RepositoryID: s.opts.RepositoryID, Types: s.opts.Types, SecretKey: s.opts.SecretKey}
	for _, name := range s.opts.HelmValues {
		holder := ""
		for _, d := range dirs {
			if (d == "." || strings.HasPrefix(name, d+"/")) && len(d) > len(holder) {
				holder = d
			}
		}
		if holder == "" || holder == dir {
			opts.Values = append(opts.Values, name)
		}
	}
	return opts
}

// isPackagedChart tells by its beginning whether an archive is a chart.
func (s *Scanner) isPackagedChart(name string) bool {
	info, err := fs.Stat(s.opts.FS, name)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := s.opts.FS.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, 64<<10))
	return err == nil && helm.IsArchive(head)
}

// scanArchive renders a packaged chart.
func (s *Scanner) scanArchive(ctx context.Context, data []byte, name string) ([]*bulwark.Asset, []bulwark.Gap) {
	result := helm.RenderArchive(ctx, s.opts.FS, name, data, s.chartOptions("", nil))
	s.suppressCharts(result)
	return result.Assets, result.Gaps
}

// suppressCharts attaches the comments of templates to the objects that they
// write, and the annotations of objects.
func (s *Scanner) suppressCharts(result helm.Result) {
	silenced := map[string]comments{}
	for name, data := range result.Files {
		silenced[name] = lineSuppressions(data, name, "#", "{{/*", "{{- /*")
	}
	for _, a := range result.Assets {
		a.Suppressions = append(a.Suppressions, silenced[a.Position.File].within(a.Position)...)
		a.Suppressions = append(a.Suppressions, annotationSuppressions(a.Properties.At("metadata", "annotations"))...)
	}
}
