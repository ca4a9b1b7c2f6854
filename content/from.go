package content

import (
	"slices"

	"github.com/bulwarksec/bulwark"
)

func (d *decoder) from(v bulwark.Value) bulwark.From {
	var f bulwark.From
	d.fields(v, "from", map[string]func(bulwark.Value){
		"terraform":      func(v bulwark.Value) { f.Terraform = d.mappings(v) },
		"cloudformation": func(v bulwark.Value) { f.CloudFormation = d.mappings(v) },
		"arm":            func(v bulwark.Value) { f.ARM = d.mappings(v) },
	})
	return f
}

// mappings reads resource → mapping, or resource → list of mappings for a
// resource that makes several things.
func (d *decoder) mappings(v bulwark.Value) []bulwark.Mapping {
	if v.Kind() != bulwark.Object {
		d.fail(v, "write resource: {attributes}", "%s is %s, want a map", v.Name(), v.Kind())
		return nil
	}
	var list []bulwark.Mapping
	for resource, c := range v.Children() {
		items := []bulwark.Value{c}
		if c.Kind() == bulwark.List {
			items = items[:0]
			for _, item := range c.Children() {
				items = append(items, item)
			}
		}
		for _, item := range items {
			m := bulwark.Mapping{Resource: resource, Position: item.Position()}
			d.fields(item, "a mapping", map[string]func(bulwark.Value){
				"name":       d.str(&m.Name),
				"when":       d.expr(&m.When),
				"into":       func(v bulwark.Value) { m.Into = d.into(v) },
				"each":       d.strs(&m.Each),
				"attributes": func(v bulwark.Value) { m.Attributes = d.attributes(v) },
			})
			list = append(list, m)
		}
	}
	return list
}

func (d *decoder) into(v bulwark.Value) *bulwark.Into {
	in := &bulwark.Into{}
	d.fields(v, "into", map[string]func(bulwark.Value){
		"by": d.strs(&in.By), "list": d.str(&in.List), "list-from": d.str(&in.ListFrom), "key": d.strs(&in.Key), "alone": d.strs(&in.Alone),
		"list-map": func(v bulwark.Value) { in.ListMap = d.stringMap(v) },
	})
	return in
}

func (d *decoder) stringMap(v bulwark.Value) map[string]string {
	m := map[string]string{}
	if v.Kind() != bulwark.Object {
		d.fail(v, "write from: to", "%s is %s, want a map of texts", v.Name(), v.Kind())
		return m
	}
	for name, c := range v.Children() {
		var s string
		d.str(&s)(c)
		m[name] = s
	}
	return m
}

// attributes reads attribute → property, → {to, …}, or → a list of either. A
// key that begins with = labels a constant or an expression.
func (d *decoder) attributes(v bulwark.Value) []bulwark.AttributeMapping {
	if v.Kind() != bulwark.Object {
		d.fail(v, "write attribute: property", "attributes is %s, want a map", v.Kind())
		return nil
	}
	var list []bulwark.AttributeMapping
	for name, c := range v.Children() {
		if c.Kind() != bulwark.List {
			list = append(list, d.attribute(name, c))
			continue
		}
		for _, item := range c.Children() {
			list = append(list, d.attribute(name, item))
		}
	}
	return list
}

func (d *decoder) attribute(name string, v bulwark.Value) bulwark.AttributeMapping {
	a := bulwark.AttributeMapping{From: name, Position: v.Position()}
	if name != "" && name[0] == '=' {
		a.From = ""
	}
	if v.Kind() == bulwark.String {
		a.To = v.Text()
		return a
	}
	d.fields(v, "an attribute", map[string]func(bulwark.Value){
		"to":       d.str(&a.To),
		"enum":     func(v bulwark.Value) { a.Enum = d.stringMap(v) },
		"default":  func(v bulwark.Value) { a.Default = v },
		"json":     d.boolean(&a.JSON),
		"yaml":     d.boolean(&a.YAML),
		"negate":   d.boolean(&a.Negate),
		"present":  d.boolean(&a.Present),
		"constant": func(v bulwark.Value) { a.Constant = v },
		"expr":     d.expr(&a.Expr),
		"normal":   d.str(&a.Normal),
		"pairs":    d.str(&a.Pairs),
	})
	d.require(v, "an attribute", map[string]string{"to": a.To})
	if a.From == "" && a.Constant.IsAbsent() && a.Expr.Text == "" {
		d.fail(v, "add constant: or expr:", "%s has neither an attribute nor a constant nor an expression", name)
	}
	return a
}

func decodeStandard(l *loader, f file, v bulwark.Value) (*bulwark.Standard, []bulwark.Problem) {
	d := &decoder{file: f.name()}
	s := &bulwark.Standard{ID: f.id, Position: bulwark.Position{File: f.name(), Line: 1}}
	d.fields(v, "a standard", map[string]func(bulwark.Value){
		"title": d.str(&s.Title), "version": d.str(&s.Version), "publisher": d.str(&s.Publisher),
		"references": d.strs(&s.References), "description": d.str(&s.Description), "connectors": d.strs(&s.Connectors),
		"sections": func(v bulwark.Value) {
			for _, c := range v.Children() {
				s.Sections = append(s.Sections, d.section(c))
			}
		},
	})
	d.require(v, "a standard", map[string]string{"title": s.Title, "publisher": s.Publisher})
	if len(s.Sections) == 0 {
		d.fail(v, "add sections:", "a standard lacks sections")
	}
	seen := map[string]bool{}
	for _, section := range s.Sections {
		for _, c := range section.Controls {
			if seen[c.ID] {
				d.problems = append(d.problems, bulwark.Problem{File: d.file, Line: c.Position.Line, Message: "control " + c.ID + " stands twice", Mend: "keep one"})
			}
			seen[c.ID] = true
		}
	}
	return s, d.problems
}

func (d *decoder) section(v bulwark.Value) bulwark.StandardSection {
	var s bulwark.StandardSection
	d.fields(v, "a section", map[string]func(bulwark.Value){
		"id": d.str(&s.ID), "title": d.str(&s.Title),
		"controls": func(v bulwark.Value) {
			for _, c := range v.Children() {
				k := bulwark.StandardControl{Position: c.Position()}
				d.fields(c, "a control", map[string]func(bulwark.Value){
					"id": d.str(&k.ID), "title": d.str(&k.Title), "checks": d.strs(&k.Checks), "manual": d.str(&k.Manual),
				})
				d.require(c, "a control", map[string]string{"id": k.ID, "title": k.Title})
				if len(k.Checks) > 0 && k.Manual != "" {
					d.fail(c, "keep one of the two", "control %s has both checks and manual", k.ID)
				}
				slices.Sort(k.Checks)
				s.Controls = append(s.Controls, k)
			}
		},
	})
	d.require(v, "a section", map[string]string{"id": s.ID, "title": s.Title})
	return s
}

// checkStandards resolves old check ids and reports ids that no check has.
func (l *loader) checkStandards(c *Content) {
	now := map[string]string{}
	ids := make([]string, 0, len(c.Checks))
	for _, k := range c.Checks {
		ids = append(ids, k.ID)
		now[k.ID] = k.ID
		for _, old := range k.Was {
			now[old] = k.ID
		}
	}
	for _, s := range c.Standards {
		for i := range s.Sections {
			for j := range s.Sections[i].Controls {
				k := &s.Sections[i].Controls[j]
				kept := k.Checks[:0]
				for _, id := range k.Checks {
					if now[id] == "" {
						l.report(bulwark.Problem{File: k.Position.File, Line: k.Position.Line, Message: "control " + k.ID + " names check " + id + ", which has no file", Mend: DidYouMean(id, ids)})
						continue
					}
					kept = append(kept, now[id])
				}
				k.Checks = kept
			}
		}
	}
}
