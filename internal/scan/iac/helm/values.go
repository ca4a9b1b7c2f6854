package helm

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	ci "helm.sh/helm/v4/pkg/chart"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	chartloader "helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"

	"github.com/bulwarksec/bulwark"
)

// kubeVersion is the version that charts are rendered for: the one whose kinds
// internal/scan/iac/kube knows.
const kubeVersion = "v1.34.0"

// The release that charts are rendered for, as helm template names it.
const (
	releaseName      = "release-name"
	releaseNamespace = "default"
)

// values turns dependencies on and off and returns what templates see: Chart,
// Release, Capabilities and Values.
func (l *loader) values(c *chart.Chart, t tree, files []string) (common.Values, error) {
	given := map[string]any{}
	for _, name := range files {
		data, err := readFile(l.fsys, name, maxFileBytes)
		if err == nil {
			err = soundYAML(data)
		}
		var read map[string]any
		if err == nil {
			read, err = chartloader.LoadValues(bytes.NewReader(data))
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, cause(err))
		}
		given = chartloader.MergeMaps(given, read)
	}
	if err := chartutil.ProcessDependencies(c, given); err != nil {
		return nil, err
	}
	l.missing(c)
	version, err := common.ParseKubeVersion(kubeVersion)
	if err != nil {
		return nil, err
	}
	caps := common.DefaultCapabilities.Copy()
	caps.KubeVersion = *version
	top, err := util.ToRenderValuesWithSchemaValidation(c, given,
		common.ReleaseOptions{Name: releaseName, Namespace: releaseNamespace, Revision: 1, IsInstall: true}, caps, true)
	if err != nil {
		return nil, err
	}
	if all, ok := top["Values"].(common.Values); ok {
		l.schema(c, t, all, "")
	}
	return top, nil
}

// schemaTime bounds the validation of one chart, which a hostile schema could
// draw out without end. What is still running then is left to end by itself.
const schemaTime = 5 * time.Second

// schema tells where values do not fit the chart's values.schema.json. Helm
// would refuse to install it so; it is rendered all the same, because values of
// its users may well fit.
func (l *loader) schema(c *chart.Chart, t tree, values map[string]any, prefix string) {
	if c.Schema != nil {
		done := make(chan error, 1)
		go func() { done <- validate(c.Schema, values) }()
		var err error
		select {
		case err = <-done:
		case <-time.After(schemaTime):
			err = errors.New("validation takes too long and was given up")
		}
		if err != nil {
			file := path.Join(l.dir, prefix, "values.schema.json")
			l.gap(GapValues, bulwark.Position{File: file}, "the chart's values do not fit its schema: "+oneLine(err.Error()), "give values with --helm-values")
		}
	}
	for _, sub := range c.Dependencies() {
		if v, ok := values[sub.Name()].(map[string]any); ok {
			l.schema(sub, t, v, path.Join(prefix, "charts", sub.Name()))
		}
	}
}

// noLoader refuses references out of a schema: nothing is fetched or read.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("%s is outside of the chart and is not read", url)
}

func validate(schema []byte, values map[string]any) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the schema is not understood: %v", r)
		}
	}()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return err
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(noLoader{})
	const url = "file:///values.schema.json"
	if err := compiler.AddResource(url, doc); err != nil {
		return err
	}
	s, err := compiler.Compile(url)
	if err != nil {
		return err
	}
	if err := s.Validate(values); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "jsonschema validation failed with '"+url+"#'\n"))
	}
	return nil
}

func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > 500 {
		text = strings.ToValidUTF8(text[:500], "") + " …"
	}
	return text
}

// scopes collects the templates of a chart and of those below it with what
// each sees, and returns what the chart itself sees.
func (r *renderer) scopes(c *chart.Chart, vals common.Values, depth int) (map[string]any, error) {
	a, err := ci.NewAccessor(c)
	if err != nil {
		return nil, err
	}
	meta := a.MetadataAsMap()
	meta["IsRoot"] = a.IsRoot()
	subcharts := map[string]any{}
	scope := map[string]any{
		"Chart": meta, "Files": newFiles(a.Files()), "Release": vals["Release"], "Capabilities": vals["Capabilities"],
		"Values": make(common.Values), "Subcharts": subcharts,
	}
	if depth == 0 {
		scope["Values"] = vals["Values"]
	} else if v, err := vals.Table("Values." + a.Name()); err == nil {
		scope["Values"] = v
	}
	for _, sub := range c.Dependencies() {
		if subcharts[sub.Name()], err = r.scopes(sub, scope, depth+1); err != nil {
			return nil, err
		}
	}
	for _, f := range c.Templates {
		if f == nil || a.IsLibraryChart() && !isPartial(f.Name) {
			continue
		}
		r.sources[path.Join(a.ChartFullPath(), f.Name)] = source{
			text: string(f.Data), file: r.origin[f], scope: scope, base: path.Join(a.ChartFullPath(), "templates"),
		}
	}
	return scope, nil
}
