package aws

import (
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
)

// draft is an asset in the making. Names that the type's file lists become
// properties, all others what was observed.
type draft struct {
	ARN    string // "" is made by the type's template of native ids
	Name   string
	Region string

	typ        *bulwark.Type
	properties map[string]any
	observed   map[string]any
	relations  []bulwark.Relation
	names      *bulwark.Names
}

func newDraft(typ *bulwark.Type, names *bulwark.Names, region string) *draft {
	return &draft{typ: typ, names: names, Region: region, properties: map[string]any{}, observed: map[string]any{}}
}

// names of the API → of CloudFormation, both of the top level. A field whose
// new name is "" is observed only.
type names map[string]string

// tagFields are the fields in which services keep an asset's tags.
var tagFields = []string{"Tags", "TagSet", "TagList", "TagsList"}

// take puts every field of an answer's struct in its place: under its new name
// where the type lists that as a property, else under its own among what was
// observed.
func (d *draft) take(v any, renamed names) *draft {
	provider.Each(v, func(name string, field any) {
		if slices.Contains(tagFields, name) {
			if list, ok := tagList(field); ok {
				d.set("Tags", list)
				return
			}
		}
		to, ok := renamed[name]
		if !ok {
			to = name
		}
		if p := d.property(to); to != "" && p != nil {
			d.properties[to] = scalar(tree(field), p)
			return
		}
		d.observed[name] = tree(field)
	})
	return d
}

// fields names, for a part, the properties that take fills from a T and that the
// draft has not got from elsewhere; it has its ARN whatever is answered.
func fields[T any](d *draft, renamed names) string {
	var list []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		to, ok := renamed[f.Name]
		if !ok {
			to = f.Name
		}
		if slices.Contains(tagFields, f.Name) {
			to = "Tags"
		}
		if f.IsExported() && to != "" && to != "Arn" && d.properties[to] == nil && d.property(to) != nil {
			list = append(list, to)
		}
	}
	return strings.Join(list, " ")
}

// property returns the listed property of a top-level name, or the first of
// those below it; nil where there is none but those only observed.
func (d *draft) property(name string) *bulwark.Property {
	if d.typ == nil {
		return nil
	}
	for i := range d.typ.Properties {
		p := &d.typ.Properties[i]
		first, _, _ := strings.Cut(p.Path, ".")
		if strings.TrimRight(first, "[]{}") == name && !p.Observed {
			return p
		}
	}
	return nil
}

// set puts a value at a dotted path of objects. Nil is absent.
func (d *draft) set(path string, v any) {
	first, rest, nested := strings.Cut(path, ".")
	root := d.observed
	if p := d.property(first); p != nil {
		root = d.properties
		if !nested {
			v = scalar(tree(v), p)
		}
	}
	v = tree(v)
	if v == nil {
		delete(root, path)
		return
	}
	for nested {
		below, ok := root[first].(map[string]any)
		if !ok {
			below = map[string]any{}
			root[first] = below
		}
		root = below
		first, rest, nested = strings.Cut(rest, ".")
	}
	root[first] = v
}

// observe puts a value among what was observed.
func (d *draft) observe(name string, v any) {
	if v = tree(v); v != nil {
		d.observed[name] = v
	}
}

// get returns what a property holds, nil for nothing.
func (d *draft) get(name string) any { return d.properties[name] }

// unknown makes a value unknown.
func (d *draft) unknown(path, reason string) { d.set(path, unknownValue(d.names, reason)) }

func unknownValue(names *bulwark.Names, reason string) bulwark.Value {
	b := bulwark.NewBuilder(names, bulwark.Limits{})
	b.Unknown(reason)
	v, _ := b.Build("") // of one node, it cannot fail
	return v
}

// policy puts a JSON document, which may be written for a URL, as the value
// that it holds; a text that is no document stays a text.
func (d *draft) policy(path string, text *string) {
	if text != nil && *text != "" {
		d.set(path, document(d.names, *text))
	}
}

// document returns the value of a JSON text, or the text itself.
func document(names *bulwark.Names, text string) any {
	plain := text
	if strings.HasPrefix(plain, "%7B") || strings.HasPrefix(plain, "%5B") {
		if u, err := url.PathUnescape(plain); err == nil {
			plain = u
		}
	}
	v, err := bulwark.DecodeJSON([]byte(plain), bulwark.DecodeOptions{Names: names, Limits: bulwark.Limits{Bytes: 4 << 20, Depth: 64, Nodes: 1 << 18}})
	if err != nil || v.Kind() != bulwark.Object && v.Kind() != bulwark.List {
		return text
	}
	return v
}

// scalar gives a scalar the kind of its property where only that differs.
func scalar(v any, p *bulwark.Property) any {
	if p.Kind != bulwark.KindString || strings.ContainsAny(p.Path, ".[{") {
		return v
	}
	switch v.(type) {
	case int64, bool, float64:
		return fmt.Sprint(v)
	}
	return v
}

// tree is provider.Tree.
func tree(v any) any { return provider.Tree(v) }

// rename renames the member at the end of a path in a tree: Rules[].ID to Id.
func rename(v any, path, to string) {
	first, rest, more := strings.Cut(path, ".")
	name := strings.TrimSuffix(first, "[]")
	m, ok := v.(map[string]any)
	if !ok {
		return
	}
	child, ok := m[name]
	if !ok {
		return
	}
	if !more {
		delete(m, name)
		m[to] = child
		return
	}
	list, ok := child.([]any)
	if !ok {
		rename(child, rest, to)
		return
	}
	for _, item := range list {
		rename(item, rest, to)
	}
}

func key(pair any) string {
	m, _ := pair.(map[string]any)
	s, _ := m["Key"].(string)
	return s
}

// tagList turns tags of any service, a list of pairs or a map, into
// CloudFormation's [{Key, Value}], in order of keys: services do not keep one.
func tagList(v any) ([]any, bool) {
	switch t := tree(v).(type) {
	case map[string]any:
		list := make([]any, 0, len(t))
		for _, k := range slices.Sorted(maps.Keys(t)) {
			list = append(list, map[string]any{"Key": k, "Value": t[k]})
		}
		return list, true
	case []any:
		list := make([]any, 0, len(t))
		for _, item := range t {
			m, ok := item.(map[string]any)
			if !ok {
				return nil, false
			}
			pair := maps.Clone(m)
			for _, p := range [][2]string{{"TagKey", "Key"}, {"TagValue", "Value"}, {"key", "Key"}, {"value", "Value"}} {
				rename(pair, p[0], p[1])
			}
			list = append(list, pair)
		}
		slices.SortStableFunc(list, func(a, b any) int { return strings.Compare(key(a), key(b)) })
		return list, true
	}
	return nil, false
}

// relate adds a relation that the type's file does not derive from a property;
// an empty ARN is none.
func (d *draft) relate(name, inverse, typ, arn string) {
	if arn != "" {
		d.relations = append(d.relations, bulwark.Relation{Name: name, Inverse: inverse, Type: typ, Target: bulwark.AssetID(bulwark.Live, arn)})
	}
}

// tag returns the value of a tag, "" for none.
func (d *draft) tag(key string) string {
	list, _ := d.properties["Tags"].([]any)
	if list == nil {
		list, _ = d.observed["Tags"].([]any)
	}
	for _, item := range list {
		if m, ok := item.(map[string]any); ok && m["Key"] == key {
			s, _ := m["Value"].(string)
			return s
		}
	}
	return ""
}
