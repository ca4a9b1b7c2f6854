package iac

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/expr"
	"github.com/bulwarksec/bulwark/internal/scan/iac/tf"
)

// target is one mapping of a resource type, with the type that it makes.
type target struct {
	typ     *typeInfo
	mapping *bulwark.Mapping
	when    *expr.Program
	attrs   []attribute
}

// attribute is an attribute mapping with its paths parsed.
type attribute struct {
	*bulwark.AttributeMapping
	from, to []segment
	prop     *bulwark.Property // at to; nil when the type lists only what is below it
	isList   bool              // the property is a list of scalars or objects
	expr     *expr.Program
}

// segment is one step of a path; list marks a step through the elements.
type segment struct {
	name string
	list bool
}

func parsePath(s string) []segment {
	var out []segment
	for part := range strings.SplitSeq(s, ".") {
		name, list := strings.CutSuffix(part, "[]")
		out = append(out, segment{name, list})
	}
	return out
}

// typeInfo is a type with its properties by path without [] and {}.
type typeInfo struct {
	*bulwark.Type
	props map[string]*bulwark.Property
	lists map[string]bool // paths that are lists
}

func newTypeInfo(t *bulwark.Type) *typeInfo {
	info := &typeInfo{t, map[string]*bulwark.Property{}, map[string]bool{}}
	plain := strings.NewReplacer("[]", "", "{}", "")
	for i := range t.Properties {
		p := &t.Properties[i]
		info.props[plain.Replace(p.Path)] = p
		at := ""
		for part := range strings.SplitSeq(p.Path, ".") {
			name := plain.Replace(part)
			if at += "." + name; strings.HasSuffix(part, "[]") {
				info.lists[at[1:]] = true
			}
		}
	}
	return info
}

// mapper turns resources of one language into assets by the types' mappings.
// It is immutable and safe for concurrent use.
type mapper struct {
	types   map[string]*typeInfo
	targets map[string][]*target // by resource type
	scope   *expr.Scope
}

// newMapper indexes the mappings that of selects. A mapping whose expression
// does not compile is a bug in the content and an error.
func newMapper(types *bulwark.Types, of func(bulwark.From) []bulwark.Mapping) (*mapper, error) {
	env, err := expr.New(types)
	if err != nil {
		return nil, fmt.Errorf("iac: %w", err)
	}
	m := &mapper{types: map[string]*typeInfo{}, targets: map[string][]*target{}, scope: env.Free("resource")}
	for _, t := range types.All() {
		info := newTypeInfo(t)
		m.types[t.ID] = info
		mappings := of(t.From)
		for i := range mappings {
			tg, err := m.target(info, &mappings[i])
			if err != nil {
				return nil, err
			}
			m.targets[mappings[i].Resource] = append(m.targets[mappings[i].Resource], tg)
		}
	}
	return m, nil
}

// fold returns the type of an id regardless of case, as Azure compares, or nil.
func (m *mapper) fold(id string) *typeInfo {
	if info := m.types[id]; info != nil {
		return info
	}
	for have, info := range m.types {
		if strings.EqualFold(have, id) {
			return info
		}
	}
	return nil
}

// resourceFold returns a mapped resource type as the mappings write it.
func (m *mapper) resourceFold(id string) string {
	for have := range m.targets {
		if strings.EqualFold(have, id) {
			return have
		}
	}
	return id
}

func (m *mapper) target(info *typeInfo, mapping *bulwark.Mapping) (*target, error) {
	tg := &target{typ: info, mapping: mapping}
	var err error
	if tg.when, err = m.compile(mapping.When); err != nil {
		return nil, err
	}
	prefix := ""
	if mapping.Into != nil && mapping.Into.List != "" {
		prefix = strings.ReplaceAll(mapping.Into.List, "[]", "") + "."
	}
	for i := range mapping.Attributes {
		a := attribute{AttributeMapping: &mapping.Attributes[i]}
		a.from, a.to = parsePath(a.From), parsePath(a.To)
		full := prefix + strings.ReplaceAll(a.To, "[]", "")
		a.prop, a.isList = info.props[full], info.lists[full]
		if a.expr, err = m.compile(a.Expr); err != nil {
			return nil, err
		}
		tg.attrs = append(tg.attrs, a)
	}
	return tg, nil
}

func (m *mapper) compile(x bulwark.Expr) (*expr.Program, error) {
	if x.Text == "" {
		return nil, nil
	}
	p, problems := m.scope.Compile(x)
	if len(problems) > 0 {
		return nil, fmt.Errorf("iac: %s", problems[0])
	}
	return p, nil
}

// eval evaluates an expression over a resource's attributes.
func (m *mapper) eval(p *expr.Program, body *tf.Node) *tf.Node {
	v, err := toValue(body, valueOptions{})
	if err != nil {
		return &tf.Node{Kind: tf.Unknown, Reason: err.Error(), Pos: body.Pos}
	}
	run := &expr.Run{}
	run.ResetFree(m.scope, map[string]bulwark.Value{"resource": v}, time.Time{})
	n := fromValue(p.Eval(run))
	n.Pos = body.Pos
	n.Refs = body.AllRefs()
	return n
}

// applies reports whether a mapping's when holds; unknown counts as true, so
// that nothing is lost.
func (m *mapper) applies(tg *target, body *tf.Node) bool {
	if tg.when == nil {
		return true
	}
	n := m.eval(tg.when, body)
	return n.Kind != tf.Bool || n.Bool
}

// build makes the object of a mapping from a resource's attributes.
func (m *mapper) build(tg *target, body *tf.Node) *tf.Node {
	out := &tf.Node{Kind: tf.Object, Pos: body.Pos}
	for i := range tg.attrs {
		a := &tg.attrs[i]
		switch {
		case a.expr != nil:
			if n := m.eval(a.expr, body); n.Kind != tf.Null {
				place(out, a.to, m.convert(a, n))
			}
		case !a.Constant.IsAbsent():
			n := fromValue(a.Constant)
			n.Pos = body.Pos
			place(out, a.to, n)
		default:
			m.copy(a, body, a.from, out, a.to)
		}
	}
	return out
}

// copy places what stands at from below src at to below dst. Where from steps
// through a list, to does too, element by element.
func (m *mapper) copy(a *attribute, src *tf.Node, from []segment, dst *tf.Node, to []segment) {
	n := src
	for i, s := range from {
		n = descend(n, s.name)
		if !s.list {
			continue
		}
		j := slices.IndexFunc(to, func(t segment) bool { return t.list })
		if n == nil || n.Kind == tf.Null || j < 0 {
			return
		}
		items := n.Items
		if n.Kind != tf.List {
			items = []*tf.Node{n}
		}
		list := ensure(dst, to[:j+1], tf.List, n.Pos)
		if list.Kind != tf.List {
			return
		}
		list.Open = list.Open || n.Open
		for k, item := range items {
			if item.Kind == tf.Unknown || item.Symbol() != nil {
				item = &tf.Node{Kind: tf.Unknown, Reason: reasonOf(item), Pos: item.Pos}
			}
			for len(list.Items) <= k {
				list.Items = append(list.Items, &tf.Node{Kind: tf.Object, Pos: item.Pos})
			}
			if item.Kind == tf.Unknown {
				place(list.Items[k], to[j+1:], item)
				continue
			}
			m.copy(a, item, from[i+1:], list.Items[k], to[j+1:])
		}
		return
	}
	m.set(a, n, src, dst, to)
}

func reasonOf(n *tf.Node) string {
	switch {
	case n.Kind == tf.Unknown:
		return n.Reason
	case n.Symbol() != nil:
		return n.Symbol().String() + " is known after deployment"
	}
	return "not known"
}

// descend returns the member called name, looking into the first of a list of
// blocks; nil is absent. Below what is unknown everything is unknown.
func descend(n *tf.Node, name string) *tf.Node {
	if n == nil {
		return nil
	}
	if n.Kind == tf.List && len(n.Items) > 0 {
		n = n.Items[0]
	}
	switch {
	case n.Kind == tf.Unknown || n.Symbol() != nil:
		return &tf.Node{Kind: tf.Unknown, Reason: reasonOf(n), Pos: n.Pos, Refs: n.Refs}
	case n.Kind != tf.Object:
		return nil
	}
	c := n.Get(name)
	if c == nil && n.Open {
		return &tf.Node{Kind: tf.Unknown, Reason: "the block could not be read whole", Pos: n.Pos}
	}
	return c
}

// set converts a leaf and places it; what is absent takes the language's
// default.
func (m *mapper) set(a *attribute, n, src, dst *tf.Node, to []segment) {
	absent := n == nil || n.Kind == tf.Null || n.Kind == tf.List && len(n.Items) == 0 && (n.Block || a.Present) && !n.Open
	if a.Present && !absent {
		b := &tf.Node{Kind: tf.Bool, Bool: true, Pos: n.Pos, Refs: n.Refs}
		if n.Kind == tf.Unknown || n.Kind == tf.List && len(n.Items) == 0 {
			b = &tf.Node{Kind: tf.Unknown, Reason: reasonOf(n), Pos: n.Pos}
		}
		n = b
	}
	if absent {
		if a.Default.IsAbsent() {
			return
		}
		n = fromValue(a.Default)
		n.Pos = src.Pos
		place(dst, to, n)
		return
	}
	place(dst, to, m.convert(a, n))
}

// convert applies an attribute mapping's conversions to a value.
func (m *mapper) convert(a *attribute, n *tf.Node) *tf.Node {
	if a.JSON {
		if doc, ok := tf.ParseJSONString(n); ok {
			doc.Refs = n.Refs
			return doc
		}
		if n.Kind == tf.String {
			return &tf.Node{Kind: tf.Unknown, Reason: "the text is no JSON document", Pos: n.Pos, Refs: n.Refs}
		}
		return n
	}
	if n.Kind == tf.List && n.Block && !a.isList && len(n.Items) > 0 {
		n = n.Items[0]
	}
	if len(a.Enum) > 0 {
		if to, ok := a.Enum[scalarText(n)]; ok {
			n = &tf.Node{Kind: tf.String, Text: to, Pos: n.Pos, Refs: n.Refs}
		}
	}
	if a.Negate && n.Kind != tf.Unknown {
		b := toBool(n)
		if b.Kind == tf.Bool {
			b.Bool = !b.Bool
		}
		n = b
	}
	if a.Pairs != "" && n.Kind == tf.Object {
		n = pairs(n, a.Pairs)
	}
	if a.Normal == "protocol" {
		n = normalProtocol(n)
	}
	return toKind(a, n)
}

// pairs turns a map into a list of {key, value} objects.
func pairs(n *tf.Node, names string) *tf.Node {
	key, value, _ := strings.Cut(names, "/")
	out := &tf.Node{Kind: tf.List, Pos: n.Pos, Refs: n.Refs, Open: n.Open}
	for _, f := range n.Fields {
		out.Items = append(out.Items, &tf.Node{Kind: tf.Object, Pos: f.Value.Pos, Fields: []tf.Field{
			{Name: key, Value: &tf.Node{Kind: tf.String, Text: f.Name, Pos: f.Value.Pos}}, {Name: value, Value: f.Value},
		}})
	}
	return out
}

// normalProtocol writes IP protocols one way: -1 for all, names in lower case.
func normalProtocol(n *tf.Node) *tf.Node {
	names := map[string]string{"all": "-1", "-1": "-1", "6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}
	text := strings.ToLower(scalarText(n))
	if to, ok := names[text]; ok {
		text = to
	}
	if text == "" {
		return n
	}
	return &tf.Node{Kind: tf.String, Text: text, Pos: n.Pos, Refs: n.Refs}
}

// scalarText is a known scalar as Terraform writes it in a text, else "".
func scalarText(n *tf.Node) string {
	switch n.Kind {
	case tf.String:
		return n.Text
	case tf.Bool:
		if n.Bool {
			return "true"
		}
		return "false"
	case tf.Number:
		return n.Number.Text('f', -1)
	}
	return ""
}

func toBool(n *tf.Node) *tf.Node {
	switch strings.ToLower(scalarText(n)) {
	case "true", "1":
		return &tf.Node{Kind: tf.Bool, Bool: true, Pos: n.Pos, Refs: n.Refs}
	case "false", "0":
		return &tf.Node{Kind: tf.Bool, Pos: n.Pos, Refs: n.Refs}
	}
	return &tf.Node{Kind: tf.Unknown, Reason: "neither true nor false", Pos: n.Pos, Refs: n.Refs}
}

// toKind gives a scalar the kind that the property has, as Terraform converts
// between texts, numbers and booleans, and makes a lone scalar a list where a
// list is wanted.
func toKind(a *attribute, n *tf.Node) *tf.Node {
	if a.isList && n.Kind != tf.List && n.Kind != tf.Unknown && n.Symbol() == nil && n.Kind != tf.Object {
		n = &tf.Node{Kind: tf.List, Items: []*tf.Node{n}, Pos: n.Pos, Refs: n.Refs}
	}
	if n.Kind == tf.Symbolic && n.Symbol() != nil && (a.isList || a.prop != nil && a.prop.Kind != bulwark.KindString && a.prop.Kind != bulwark.KindAny) {
		return &tf.Node{Kind: tf.Unknown, Reason: reasonOf(n), Pos: n.Pos, Refs: n.Refs}
	}
	switch {
	case a.prop == nil:
		return n
	case n.Kind == tf.List && a.isList:
		for i, item := range n.Items {
			n.Items[i] = toScalarKind(a, item)
		}
		return n
	case n.Kind == tf.Object && strings.HasSuffix(a.prop.Path, "{}"):
		for i, f := range n.Fields {
			n.Fields[i].Value = toScalarKind(a, f.Value)
		}
		return n
	}
	return toScalarKind(a, n)
}

// toScalarKind converts one scalar; all else stays as it is.
func toScalarKind(a *attribute, n *tf.Node) *tf.Node {
	switch a.prop.Kind {
	case bulwark.KindBoolean:
		if n.Kind == tf.String || n.Kind == tf.Number {
			return toBool(n)
		}
	case bulwark.KindInteger, bulwark.KindNumber:
		if n.Kind == tf.String {
			if f, ok := n.Float(); ok {
				return numberNode(f, n)
			}
		}
	case bulwark.KindString:
		if n.Kind == tf.Bool || n.Kind == tf.Number {
			return &tf.Node{Kind: tf.String, Text: scalarText(n), Pos: n.Pos, Refs: n.Refs}
		}
	}
	return n
}

// ensure returns the node at a path below dst, making objects on the way and
// an empty node of the kind at the end.
func ensure(dst *tf.Node, path []segment, kind tf.Kind, pos bulwark.Position) *tf.Node {
	for i, s := range path {
		if dst.Kind != tf.Object {
			return dst
		}
		c := dst.Get(s.name)
		if c == nil || c.Kind == tf.Null {
			c = &tf.Node{Kind: tf.Object, Pos: pos}
			if i == len(path)-1 {
				c.Kind = kind
			}
			dst.SetField(s.name, c)
		}
		dst = c
	}
	return dst
}

// place puts n at a path below dst. Objects that meet are merged; else the
// later counts, since mappings list older attribute names first.
func place(dst *tf.Node, path []segment, n *tf.Node) {
	if len(path) == 0 {
		return
	}
	parent := dst
	if len(path) > 1 {
		parent = ensure(dst, path[:len(path)-1], tf.Object, n.Pos)
	}
	if parent.Kind != tf.Object {
		return
	}
	name := path[len(path)-1].name
	if old := parent.Get(name); old != nil && old.Kind == tf.Object && n.Kind == tf.Object {
		mergeInto(old, n)
		return
	}
	parent.SetField(name, n)
}

// mergeInto adds n's members to old: objects merge, lists append, and what is
// there already stays.
func mergeInto(old, n *tf.Node) (conflicts int) {
	for _, f := range n.Fields {
		have := old.Get(f.Name)
		switch {
		case have == nil || have.Kind == tf.Null || have.Kind == tf.Unknown && have.Reason == declaredElsewhere:
			old.SetField(f.Name, f.Value)
		case have.Kind == tf.Object && f.Value.Kind == tf.Object:
			conflicts += mergeInto(have, f.Value)
		case have.Kind == tf.List && f.Value.Kind == tf.List:
			have.Items = append(have.Items, f.Value.Items...)
			have.Open = have.Open || f.Value.Open
		default:
			conflicts++
		}
	}
	return conflicts
}
