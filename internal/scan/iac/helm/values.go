package helm

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

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

// The release that charts are rendered for, as helm template names it. Its
// namespace is not known before it is installed: templates see a text that
// stands for it. That is an unknown value where nothing else stands beside it;
// in names, by which objects find each other, and within other texts it is
// releaseNamespace.
const (
	releaseName      = "release-name"
	releaseNamespace = "default"
	namespaceMark    = string(unsetMark) + string(rune(firstUnset+maxUnset))
	namespaceReason  = "the release's namespace, which is chosen when the chart is installed"
)

// values turns dependencies on and off and returns what templates see: Chart,
// Release, Capabilities and Values.
func (l *loader) values(c *chart.Chart, files []string) (common.Values, error) {
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
		common.ReleaseOptions{Name: releaseName, Namespace: namespaceMark, Revision: 1, IsInstall: true}, caps, true)
	if err != nil {
		return nil, err
	}
	if all, ok := top["Values"].(common.Values); ok {
		l.schema(c, all, "")
	}
	return top, nil
}

// schema tells where values do not fit the chart's values.schema.json. Helm
// would refuse to install it so; it is rendered all the same, because values of
// its users may well fit.
func (l *loader) schema(c *chart.Chart, values map[string]any, prefix string) {
	if c.Schema != nil {
		if err := l.validate(c.Schema, values); err != nil {
			file := path.Join(l.dir, prefix, "values.schema.json")
			l.gap(GapValues, bulwark.Position{File: file}, "the chart's values do not fit its schema: "+oneLine(err.Error()), "give values with --helm-values")
		}
	}
	for _, sub := range c.Dependencies() {
		if v, ok := values[sub.Name()].(map[string]any); ok {
			l.schema(sub, v, path.Join(prefix, "charts", sub.Name()))
		}
	}
}

// noLoader refuses references out of a schema: nothing is fetched or read.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("%s is outside of the chart and is not read", url)
}

// stopped carries an error out of a validation, which cannot be ended otherwise.
type stopped struct{ error }

// validate holds values against a schema, within the chart's budget.
func (l *loader) validate(schema []byte, values map[string]any) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case stopped:
			err = r.error
		default:
			err = fmt.Errorf("the schema is not understood: %v", r)
		}
	}()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return err
	}
	for _, v := range []any{doc, values} {
		if err := l.measure(v); err != nil {
			return err
		}
	}
	m := meter{items: maxSchema, bytes: maxText}
	if err := m.value(doc, 0); err != nil {
		return fmt.Errorf("the schema has more than the %d values that are read", maxSchema)
	}
	n := maxSchema - m.items
	if err := l.step(n * n / 16_384); err != nil { // each schema is looked for among all when they are compiled
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
	if err := l.count(s, map[*jsonschema.Schema]bool{}); err != nil {
		return err
	}
	err = s.Validate(values)
	if invalid, ok := errors.AsType[*jsonschema.ValidationError](err); ok {
		return misfits(invalid)
	}
	return err
}

// misfits tells a few of the values that do not fit: each repeats what its
// schema wants, which may be long.
func misfits(err *jsonschema.ValidationError) error {
	var list []*jsonschema.ValidationError
	var collect func(e *jsonschema.ValidationError)
	collect = func(e *jsonschema.ValidationError) {
		if len(e.Causes) == 0 && len(list) < 1000 {
			list = append(list, e)
		}
		for _, c := range e.Causes {
			if len(list) == 1000 {
				return
			}
			collect(c)
		}
	}
	collect(err)
	slices.SortStableFunc(list, func(a, b *jsonschema.ValidationError) int {
		return slices.Compare(a.InstanceLocation, b.InstanceLocation)
	})
	var texts []string
	for _, e := range list[:min(3, len(list))] {
		texts = append(texts, e.Error())
	}
	return errors.New(strings.Join(texts, "; "))
}

// count makes a schema, and each below it, take steps whenever a value is held
// against it: schemas that name each other take time without end otherwise. The
// check of a format is the first of all that recurs, so steps are taken there.
func (l *loader) count(s *jsonschema.Schema, done map[*jsonschema.Schema]bool) error {
	if s == nil || done[s] {
		return nil
	}
	done[s] = true
	if s.DynamicRef != nil || s.RecursiveRef != nil {
		return errors.New("a schema with $dynamicRef or $recursiveRef is not followed")
	}
	below := []*jsonschema.Schema{s.Ref, s.Not, s.If, s.Then, s.Else, s.PropertyNames, s.UnevaluatedProperties, s.Contains, s.Items2020, s.UnevaluatedItems, s.ContentSchema}
	below = slices.Concat(below, s.AllOf, s.AnyOf, s.OneOf, s.PrefixItems)
	for _, set := range []map[string]*jsonschema.Schema{s.Properties, s.DependentSchemas} {
		below = slices.AppendSeq(below, maps.Values(set))
	}
	below = slices.AppendSeq(below, maps.Values(s.PatternProperties))
	for _, v := range slices.AppendSeq([]any{s.AdditionalProperties, s.Items, s.AdditionalItems}, maps.Values(s.Dependencies)) {
		switch v := v.(type) {
		case *jsonschema.Schema:
			below = append(below, v)
		case []*jsonschema.Schema:
			below = append(below, v...)
		}
	}
	work, each := 1+len(below), 1+len(s.PatternProperties)
	if s.Enum != nil {
		work += len(s.Enum.Values)
	}
	format := jsonschema.Format{}
	if s.Format != nil {
		format = *s.Format
	}
	s.Format = &jsonschema.Format{Name: format.Name, Validate: func(v any) error {
		n := work
		switch v := v.(type) {
		case map[string]any:
			n += len(v) * each
		case []any:
			n += len(v)
		}
		if err := l.step(n); err != nil {
			panic(stopped{err})
		}
		if format.Validate == nil {
			return nil
		}
		return format.Validate(v)
	}}
	for _, c := range below {
		if err := l.count(c, done); err != nil {
			return err
		}
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
