package iac

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/expr"
	"github.com/bulwarksec/bulwark/internal/scan/iac/tf"
)

// target is one mapping of a resource type, with the type that it makes. What
// ready fills is read after ready alone.
type target struct {
	typ     *typeInfo
	mapping *bulwark.Mapping

	once     sync.Once
	problems []bulwark.Problem
	when     *expr.Program
	attrs    []attribute
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

// mapper turns resources of one language into assets by the types' mappings.
// It is safe for concurrent use.
type mapper struct {
	types   *typeIndex
	all     []*target            // in order of types and of their files
	targets map[string][]*target // by resource type
	folded  map[string]string    // resource type in lower case → as written
	env     func() (*expr.Env, error)
	scope   func() (*expr.Scope, error)
	// emptyUnset says that an empty text is the same as none: the provider SDK of
	// most Terraform providers tells an attribute set to "" from one that is not
	// set no more than their APIs do.
	emptyUnset bool
	compile    sync.Mutex // expressions are compiled one by one
}

// newMapper indexes the mappings that of selects.
func newMapper(types *typeIndex, env func() (*expr.Env, error), of func(bulwark.From) []bulwark.Mapping) *mapper {
	m := &mapper{types: types, targets: map[string][]*target{}, folded: map[string]string{}, env: env}
	m.scope = sync.OnceValues(func() (*expr.Scope, error) {
		e, err := env()
		if err != nil {
			return nil, fmt.Errorf("iac: expressions of mappings: %w", err)
		}
		return e.Free("resource"), nil
	})
	ids := make([]string, 0, len(types.byID))
	for id := range types.byID {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		info := types.byID[id]
		mappings := of(info.From)
		for i := range mappings {
			resource := mappings[i].Resource
			tg := &target{typ: info, mapping: &mappings[i]}
			m.all = append(m.all, tg)
			m.targets[resource] = append(m.targets[resource], tg)
			m.folded[strings.ToLower(resource)] = resource
		}
	}
	return m
}

// resourceFold returns a mapped resource type as the mappings write it.
func (m *mapper) resourceFold(id string) string {
	if have, ok := m.folded[strings.ToLower(id)]; ok {
		return have
	}
	return id
}

// ready parses a target's paths and compiles its expressions, once, and returns
// the mistakes in them. A target with mistakes must not be used.
func (m *mapper) ready(tg *target) []bulwark.Problem {
	tg.once.Do(func() {
		tg.when = m.program(tg, tg.mapping.When)
		prefix := ""
		if in := tg.mapping.Into; in != nil && in.List != "" {
			prefix = strings.ReplaceAll(in.List, "[]", "") + "."
		}
		for i := range tg.mapping.Attributes {
			a := attribute{AttributeMapping: &tg.mapping.Attributes[i]}
			a.from, a.to = parsePath(a.From), parsePath(a.To)
			full := prefix + strings.ReplaceAll(a.To, "[]", "")
			a.prop, a.isList = tg.typ.shape().props[full], tg.typ.shape().lists[full]
			a.expr = m.program(tg, a.Expr)
			tg.attrs = append(tg.attrs, a)
		}
	})
	return tg.problems
}

func (m *mapper) program(tg *target, x bulwark.Expr) *expr.Program {
	if x.Text == "" {
		return nil
	}
	scope, err := m.scope()
	if err != nil {
		tg.problems = append(tg.problems, bulwark.Problem{File: x.Position.File, Line: x.Position.Line, Message: err.Error()})
		return nil
	}
	m.compile.Lock()
	defer m.compile.Unlock()
	p, problems := scope.Compile(x)
	tg.problems = append(tg.problems, problems...)
	return p
}

// subject is a resource's attributes as expressions see them, made when the
// first one asks.
type subject struct {
	body  *tf.Node
	value func() (bulwark.Value, error)
}

func newSubject(body *tf.Node) *subject {
	return &subject{body, sync.OnceValues(func() (bulwark.Value, error) { return toValue(body, valueOptions{}) })}
}

// eval evaluates an expression over a resource's attributes.
func (m *mapper) eval(p *expr.Program, s *subject) *tf.Node {
	v, err := s.value()
	if err != nil {
		return &tf.Node{Kind: tf.Unknown, Reason: err.Error(), Pos: s.body.Pos}
	}
	scope, err := m.scope()
	if err != nil {
		return &tf.Node{Kind: tf.Unknown, Reason: err.Error(), Pos: s.body.Pos}
	}
	run := &expr.Run{}
	run.ResetFree(scope, map[string]bulwark.Value{"resource": v}, time.Time{})
	n := fromValue(p.Eval(run))
	n.Pos = s.body.Pos
	for _, item := range n.Items { // what an expression makes has no place of its own
		if item.Pos.File == "" {
			item.Pos = s.body.Pos
		}
	}
	n.Refs = s.body.AllRefs()
	return n
}

// applies reports whether a mapping's when holds; unknown counts as true, so
// that nothing is lost.
func (m *mapper) applies(tg *target, body *tf.Node) bool {
	if tg.when == nil {
		return true
	}
	n := m.eval(tg.when, newSubject(body))
	return n.Kind != tf.Bool || n.Bool
}

// build makes the object of a mapping from a resource's attributes.
func (m *mapper) build(tg *target, body *tf.Node) *tf.Node {
	out := &tf.Node{Kind: tf.Object, Pos: body.Pos}
	s := newSubject(body)
	for i := range tg.attrs {
		a := &tg.attrs[i]
		switch {
		case a.expr != nil:
			if n := m.eval(a.expr, s); n.Kind != tf.Null {
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
		if i < len(from)-1 {
			a, n = m.unfold(a, n)
		}
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

// unfold reads a text that an attribute's path goes on inside. What follows is
// converted as any other node.
func (m *mapper) unfold(a *attribute, n *tf.Node) (*attribute, *tf.Node) {
	if !a.JSON && !a.YAML || n == nil {
		return a, n
	}
	doc := m.convert(a, n)
	if doc == n {
		return a, n
	}
	plain, within := *a.AttributeMapping, *a
	plain.JSON, plain.YAML = false, false
	within.AttributeMapping = &plain
	return &within, doc
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
	case n.Kind == tf.Null || n.Kind == tf.List:
		return nil
	case n.Kind != tf.Object:
		return &tf.Node{Kind: tf.Unknown, Reason: "a " + n.Kind.String() + " where a block is wanted", Pos: n.Pos}
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
	absent := n == nil || n.Kind == tf.Null || m.emptyUnset && n.Kind == tf.String && n.Text == "" || n.Kind == tf.List && len(n.Items) == 0 && (n.Block || a.Present) && !n.Open
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
	if n.Kind == tf.List || n.Kind == tf.Object {
		n = n.Clone() // what is placed may be changed, and the resource may make more
	}
	place(dst, to, m.convert(a, n))
}
