package expr

import (
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/common/types"

	"github.com/bulwarksec/bulwark"
)

// node is one place in a type's tree of properties. Values carry theirs at
// run time, so that an absent property finds its default however it is
// reached.
type node struct {
	asset    *bulwark.Type // the type, on roots of asset properties
	path     string        // dotted, for messages
	kind     bulwark.PropertyKind
	fields   map[string]*node // of an object
	elem     *node            // of a list
	vals     *node            // of a map with free keys
	defaults []nodeDefault
	cel      *types.Type // nil until typed
}

type nodeDefault struct {
	origin bulwark.Origin
	since  time.Time
	value  bulwark.Value
}

// Nullable scalars are instances of their own, told apart by identity; the
// checker takes them wherever it takes the scalar.
var (
	nullBool = types.NewNullableType(types.BoolType)
	nullInt  = types.NewNullableType(types.IntType)

	nullString = types.NewNullableType(types.StringType)
)

// buildNodes returns the trees of a type's declarative and observed
// properties.
func buildNodes(t *bulwark.Type) (asset, observed *node) {
	asset, observed = &node{asset: t, fields: map[string]*node{}}, &node{fields: map[string]*node{}}
	for _, p := range t.Properties {
		root := asset
		if p.Observed {
			root = observed
		}
		root.add(p)
	}
	return asset, observed
}

func (n *node) add(p bulwark.Property) {
	at := n
	for part := range strings.SplitSeq(p.Path, ".") {
		name := strings.TrimRight(part, "[]{}")
		next := at.child(name)
		for marks := part[len(name):]; len(marks) >= 2; marks = marks[2:] {
			if len(marks) == 2 && p.Path[len(p.Path)-len(part):] == part && len(p.Defaults) > 0 {
				next.setDefaults(p.Defaults)
			}
			if marks[0] == '[' {
				if next.elem == nil {
					next.elem = &node{path: next.path + "[]"}
				}
				next = next.elem
				continue
			}
			if next.vals == nil {
				next.vals = &node{path: next.path + "{}"}
			}
			next = next.vals
		}
		at = next
	}
	at.kind = p.Kind
	if !strings.HasSuffix(p.Path, "]") && !strings.HasSuffix(p.Path, "}") {
		at.setDefaults(p.Defaults)
	}
}

func (n *node) setDefaults(list []bulwark.Default) {
	n.defaults = nil
	for _, d := range list {
		since, _ := time.Parse(time.DateOnly, d.Since) // content has checked it; none is always
		n.defaults = append(n.defaults, nodeDefault{d.Origin, since, d.Value})
	}
	// The latest first, and those of one origin before those of every one.
	slices.SortStableFunc(n.defaults, func(a, b nodeDefault) int {
		if c := b.since.Compare(a.since); c != 0 {
			return c
		}
		return strings.Compare(string(b.origin), string(a.origin))
	})
}

func (n *node) child(name string) *node {
	if n.fields == nil {
		n.fields = map[string]*node{}
	}
	c := n.fields[name]
	if c == nil {
		c = &node{path: strings.TrimPrefix(n.path+"."+name, ".")}
		n.fields[name] = c
	}
	return c
}

// field returns the node of a member, nil where nothing is known of it.
func (n *node) field(name string) *node {
	if n == nil {
		return nil
	}
	if c := n.fields[name]; c != nil {
		return c
	}
	return n.vals
}

func (n *node) element() *node {
	if n == nil {
		return nil
	}
	return n.elem
}

// celType returns the node's CEL type; object types are registered with reg
// under names that no identifier can have, so that they shadow nothing.
// The nullable form is for members; elements of lists are not null.
func (n *node) celType(reg func(*node) string, nullable bool) *types.Type {
	if n == nil {
		return types.DynType
	}
	switch {
	case n.kind == bulwark.KindAny:
		return types.DynType
	case n.elem != nil:
		return types.NewListType(n.elem.celType(reg, false))
	case n.vals != nil && len(n.fields) == 0:
		return types.NewMapType(types.StringType, n.vals.celType(reg, true))
	case n.vals != nil:
		return types.DynType
	case len(n.fields) > 0 || n.kind == "":
		if n.cel == nil {
			n.cel = types.NewObjectType(reg(n))
		}
		return n.cel
	}
	nullable = nullable && !slices.ContainsFunc(n.defaults, func(d nodeDefault) bool { return d.origin == "" && d.since.IsZero() })
	switch n.kind {
	case bulwark.KindBoolean:
		return either(nullable, nullBool, types.BoolType)
	case bulwark.KindInteger:
		return either(nullable, nullInt, types.IntType)
	case bulwark.KindNumber:
		return types.DynType // JSON writes 1 and 1.0 alike
	case bulwark.KindString:
		return either(nullable, nullString, types.StringType)
	}
	return types.DynType
}

func either[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}

// shape is a text that is equal for nodes of one structure, whose lists may
// be joined.
func (n *node) shape(b *strings.Builder) {
	switch {
	case n.kind == bulwark.KindAny:
		b.WriteByte('*')
	case n.elem != nil:
		b.WriteByte('[')
		n.elem.shape(b)
		b.WriteByte(']')
	case n.vals != nil:
		b.WriteByte('<')
		n.vals.shape(b)
		b.WriteByte('>')
	case len(n.fields) > 0 || n.kind == "":
		b.WriteByte('{')
		names := make([]string, 0, len(n.fields))
		for name := range n.fields {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			b.WriteString(name)
			b.WriteByte(':')
			n.fields[name].shape(b)
			b.WriteByte(',')
		}
		b.WriteByte('}')
	default:
		b.WriteString(string(n.kind))
		if len(n.defaults) > 0 {
			b.WriteByte('=')
		}
	}
}

// merge returns a node that has the members of both, for the elements of
// lists that are joined; kinds that disagree become any.
func merge(a, b *node) *node {
	if a == nil || b == nil || a == b {
		return either(a == b, a, nil)
	}
	m := &node{path: a.path, kind: a.kind}
	switch {
	case a.elem != nil && b.elem != nil:
		m.elem = merge(a.elem, b.elem)
	case a.vals != nil && b.vals != nil:
		m.vals = merge(a.vals, b.vals)
	case len(a.fields) > 0 && len(b.fields) > 0:
		m.fields = map[string]*node{}
		for name, c := range a.fields {
			m.fields[name] = c
		}
		for name, c := range b.fields {
			if was := m.fields[name]; was != nil && was != c {
				c = merge(was, c)
			}
			m.fields[name] = c
		}
	case a.kind != b.kind || a.elem != nil || b.elem != nil || a.vals != nil || b.vals != nil || len(a.fields)+len(b.fields) > 0:
		m.kind = bulwark.KindAny
	default:
		if len(b.defaults) > 0 {
			m.defaults = a.defaults
		}
	}
	return m
}

// nearest returns the name most like the one given, or "".
func nearest(name string, among []string) string {
	best, bestD := "", max(2, len(name)/3)+1
	slices.Sort(among)
	for _, s := range among {
		if strings.EqualFold(s, name) {
			return s
		}
		if d := distance(strings.ToLower(name), strings.ToLower(s), bestD); d < bestD {
			best, bestD = s, d
		}
	}
	return best
}

// distance is the number of single edits between two texts, or limit when it
// is not less.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit || len(a) > 200 || len(b) > 200 {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diag := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diag
			if a[i-1] != b[j-1] {
				cost = 1 + min(diag, row[j], row[j-1])
			}
			diag, row[j] = row[j], cost
		}
	}
	return min(row[len(b)], limit)
}
