package helm

import (
	"encoding/base64"
	"path"
	"strings"

	"github.com/gobwas/glob"

	"helm.sh/helm/v4/pkg/chart/common"
)

// files are what a template sees as .Files: the chart's files that are no
// templates. Names are keys, so that none leads out of the chart.
type files map[string][]byte

func newFiles(list []*common.File) files {
	out := files{}
	for _, f := range list {
		out[f.Name] = f.Data
	}
	return out
}

// Get returns a file's text, "" for one that is not there.
func (f files) Get(name string) string { return string(f[name]) }

// GetBytes is Get for bytes.
func (f files) GetBytes(name string) []byte { return f[name] }

// Glob returns the files whose names match a pattern, in which ** crosses
// folders.
func (f files) Glob(pattern string) files {
	out := files{}
	g, err := glob.Compile(pattern, '/')
	if err != nil {
		return out
	}
	for name, data := range f {
		if g.Match(name) {
			out[name] = data
		}
	}
	return out
}

// AsConfig returns the files as the YAML of a ConfigMap's data.
func (f files) AsConfig() string {
	data := map[string]string{}
	for name, text := range f {
		data[path.Base(name)] = string(text)
	}
	return toYAML(data)
}

// AsSecrets returns the files as the YAML of a Secret's data.
func (f files) AsSecrets() string {
	data := map[string]string{}
	for name, text := range f {
		data[path.Base(name)] = base64.StdEncoding.EncodeToString(text)
	}
	return toYAML(data)
}

// Lines returns a file's lines.
func (f files) Lines(name string) []string {
	if len(f[name]) == 0 {
		return []string{}
	}
	return strings.Split(strings.TrimSuffix(string(f[name]), "\n"), "\n")
}
