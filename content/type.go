package content

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark"
)

var propertyPattern = regexp.MustCompile(`^[^.\[\]{}\s]+(\[\]|\{\})*(\.[^.\[\]{}\s]+(\[\]|\{\})*)*$`)

var kinds = []string{"any", "boolean", "integer", "number", "string"}

func decodeType(l *loader, f file, v bulwark.Value) (*bulwark.Type, []bulwark.Problem) {
	d := &decoder{file: f.name()}
	provider, _, _ := strings.Cut(f.id, "/")
	t := &bulwark.Type{Provider: provider, Position: bulwark.Position{File: f.name(), Line: 1}}
	d.fields(v, "a type", map[string]func(bulwark.Value){
		"id":          d.str(&t.ID),
		"name":        d.str(&t.Name),
		"groups":      d.strs(&t.Groups),
		"identifiers": d.strs(&t.Identifiers),
		"properties":  func(v bulwark.Value) { t.Properties = d.properties(v) },
		"references":  func(v bulwark.Value) { t.References = d.references(v) },
		"views":       d.named(&t.Views),
		"native":      d.str(&t.Native),
		"from":        func(v bulwark.Value) { t.From = d.from(v) },
	})
	d.require(v, "a type", map[string]string{"id": t.ID, "name": t.Name})
	if want := strings.NewReplacer("::", ".", "/", ".").Replace(t.ID); t.ID != "" && path.Base(f.id) != want {
		d.fail(v.Get("id"), "name it "+want+".yaml", "file %s does not bear the name of type %s", path.Base(f.id)+".yaml", t.ID)
	}
	return t, d.problems
}

// properties reads path → kind, or path → {kind, default, …}.
func (d *decoder) properties(v bulwark.Value) []bulwark.Property {
	if v.Kind() != bulwark.Object {
		d.fail(v, "write path: kind", "properties is %s, want a map", v.Kind())
		return nil
	}
	var list []bulwark.Property
	for name, c := range v.Children() {
		p := bulwark.Property{Path: name, Position: c.Position()}
		var kind, since string
		var defaults bulwark.Value
		if c.Kind() == bulwark.Object {
			d.fields(c, "a property", map[string]func(bulwark.Value){
				"kind":     d.str(&kind),
				"default":  func(v bulwark.Value) { defaults = v },
				"since":    d.str(&since),
				"volatile": d.boolean(&p.Volatile),
				"secret":   d.str(&p.Secret),
				"observed": d.boolean(&p.Observed),
			})
		} else {
			d.str(&kind)(c)
		}
		if !slices.Contains(kinds, kind) {
			d.fail(c, DidYouMean(kind, slices.Clone(kinds)), "kind %q of %s is not known", kind, name)
		}
		if !propertyPattern.MatchString(name) {
			d.fail(c, "write a.b[].c or a.labels{}", "property path %q is malformed", name)
		}
		p.Kind = bulwark.PropertyKind(kind)
		p.Defaults = d.defaults(c, defaults, since)
		list = append(list, p)
	}
	return list
}

// defaults reads one value, or one by origin.
func (d *decoder) defaults(at, v bulwark.Value, since string) []bulwark.Default {
	if since != "" {
		if _, err := time.Parse(time.DateOnly, since); err != nil {
			d.fail(at, "write 2023-04-30", "since %q is no date", since)
		}
	}
	if v.IsAbsent() {
		return nil
	}
	if v.Kind() != bulwark.Object {
		return []bulwark.Default{{Since: since, Value: v}}
	}
	var list []bulwark.Default
	for name, c := range v.Children() {
		if o := bulwark.Origin(name); o != bulwark.Live && o != bulwark.Code {
			d.fail(c, "want code or live", "default for origin %q", name)
		}
		list = append(list, bulwark.Default{Origin: bulwark.Origin(name), Since: since, Value: c})
	}
	return list
}

// references reads relation name → {property, to, by, inverse}, or a list of
// such for a relation that several properties or target types make.
func (d *decoder) references(v bulwark.Value) []bulwark.Reference {
	if v.Kind() != bulwark.Object {
		d.fail(v, "write name: {property, to, by, inverse}", "references is %s, want a map", v.Kind())
		return nil
	}
	var list []bulwark.Reference
	for name, c := range v.Children() {
		items := []bulwark.Value{c}
		if c.Kind() == bulwark.List {
			items = items[:0]
			for _, item := range c.Children() {
				items = append(items, item)
			}
		}
		for _, item := range items {
			r := bulwark.Reference{Name: name, Position: item.Position()}
			d.fields(item, "a reference", map[string]func(bulwark.Value){
				"property": d.str(&r.Property), "to": d.str(&r.To), "by": d.str(&r.By), "inverse": d.str(&r.Inverse),
			})
			d.require(item, "a reference", map[string]string{"property": r.Property, "to": r.To})
			list = append(list, r)
		}
	}
	return list
}

// checkReferences reports references to types and properties that no type
// file has.
func (l *loader) checkReferences(types []*bulwark.Type) {
	for _, t := range types {
		paths := make([]string, 0, len(t.Properties))
		for _, p := range t.Properties {
			paths = append(paths, p.Path)
		}
		for _, r := range t.References {
			at := bulwark.Problem{File: r.Position.File, Line: r.Position.Line}
			if l.index.Get(r.To) == nil {
				at.Message, at.Mend = "reference "+r.Name+" names type "+r.To+", which has no file", DidYouMean(r.To, typeIDs(l.index))
				l.report(at)
			}
			if !slices.Contains(paths, r.Property) {
				at.Message, at.Mend = "reference "+r.Name+" names property "+r.Property+", which the type lacks", DidYouMean(r.Property, paths)
				l.report(at)
			}
		}
	}
}
