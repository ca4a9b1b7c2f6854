package expr

import (
	"sync/atomic"

	"cel.dev/cel-go/common/ast"

	"github.com/bulwarksec/bulwark"
)

// loader follows a chain of members from a base: one closure for a.b.c.
type loader struct {
	base  func(*Run) val // nil when slot or asset
	slot  int
	asset bool
	view  int // from 1
	names []string
	ids   []bulwark.NameID
	known []bool // names that have an id in table
	table *bulwark.Names
	quiet bool // no property of an asset: not evidence
	ends  atomic.Pointer[[]ends]
}

// ends remembers where a chain leads from one node.
type ends struct {
	from, end *node
	defaults  bool // of some node on the way
}

func (k *compiler) load(e ast.Expr) *loader {
	l := &loader{slot: -1, table: k.p.scope.env.types.Names()}
	for e.Kind() == ast.SelectKind {
		s := e.AsSelect()
		if s.IsTestOnly() {
			panic(errLeft)
		}
		if o := s.Operand(); o.Kind() == ast.IdentKind && o.AsIdent() == varsName {
			k.variable(l, s.FieldName())
			break
		}
		if name := s.FieldName(); name[0] == '@' {
			inner := k.val(s.Operand())
			l.base = func(r *Run) val { return r.special(inner(r), name) }
			break
		}
		l.names = append(l.names, s.FieldName())
		e = s.Operand()
	}
	if l.base == nil && !l.asset && l.view == 0 {
		switch e.Kind() {
		case ast.IdentKind:
			slot, ok := k.slot(e.AsIdent())
			if !ok {
				panic(errLeft) // the name of a type
			}
			l.slot = slot
		default:
			l.base = k.val(e)
		}
	}
	for i, j := 0, len(l.names)-1; i < j; i, j = i+1, j-1 {
		l.names[i], l.names[j] = l.names[j], l.names[i]
	}
	for _, n := range l.names {
		id, ok := l.table.ID(n)
		l.ids, l.known = append(l.ids, id), append(l.known, ok)
	}
	return l
}

// loaded is load as a closure.
func (k *compiler) loaded(e ast.Expr) valFn {
	l := k.load(e)
	switch {
	case k.trace:
		return l.traced
	case len(l.names) > 0:
		return l.get
	case l.base != nil:
		return l.base
	}
	return func(r *Run) val { return *l.from(r) }
}

// plain returns a loader when e is a chain of members whose value a
// comparison may read directly; nil otherwise, and for tracing.
func (k *compiler) plain(e ast.Expr) *loader {
	if k.trace || e.Kind() != ast.SelectKind && e.Kind() != ast.IdentKind {
		return nil
	}
	if l := k.load(e); l.base == nil {
		return l
	}
	return nil
}

// variable makes a name of the scope the loader's base.
func (k *compiler) variable(l *loader, name string) {
	sc := k.p.scope
	if i := indexOf(sc.names, name); i >= 0 {
		if k.trace { // so that what it reads is seen each time
			let := sc.lets[i]
			l.base = func(r *Run) val { return let.traced(r) }
			return
		}
		l.base = func(r *Run) val { return r.let(sc, i) }
		return
	}
	if i := indexOf(sc.free, name); i >= 0 {
		l.base = func(r *Run) val { return val{v: r.Vars[name]} }
		return
	}
	if i := indexOf(sc.Space.names, name); i >= 0 {
		l.view = i + 1
		return
	}
	switch name {
	case "asset":
		l.asset = true
	case "observed":
		l.base = func(r *Run) val { return r.obs }
	case "parameters":
		l.base, l.quiet = func(r *Run) val { return r.params }, true
	case "now":
		l.base = (*Run).now
	default:
		panic(errLeft)
	}
}

func indexOf(list []string, s string) int {
	for i, x := range list {
		if x == s {
			return i
		}
	}
	return -1
}

// from returns the base, to be read before anything else is evaluated.
func (l *loader) from(r *Run) *val {
	switch {
	case l.slot >= 0:
		return &r.slots[l.slot]
	case l.asset:
		return &r.asset
	case l.view > 0:
		return r.view(l.view - 1)
	}
	r.tmp = l.base(r)
	return &r.tmp
}

// value is get for comparisons, which need no node: ok is false when only get
// can tell, because the base is computed or something on the way is odd.
func (l *loader) value(r *Run) (v bulwark.Value, ok bool) {
	a := l.from(r)
	if a.r != nil || a.v.Names() != l.table {
		return v, false
	}
	v = a.v
	for i, id := range l.ids {
		if !l.known[i] {
			return v, false
		}
		next := v.GetID(id)
		if next.Doc() == nil {
			if k := v.Kind(); k != bulwark.Object && k != bulwark.Absent || l.reach(a.node).defaults {
				return v, false
			}
			return bulwark.Value{}, true
		}
		v = next
	}
	if v.Kind() == bulwark.Absent && l.reach(a.node).defaults {
		return v, false
	}
	return v, true
}

func (l *loader) get(r *Run) val {
	base := l.from(r)
	if base.r != nil || base.v.Names() != l.table {
		a := *base
		for _, name := range l.names {
			a = r.sel(a, name)
		}
		return a
	}
	a := base
	v := a.v
	for i, id := range l.ids {
		var next bulwark.Value
		if l.known[i] {
			next = v.GetID(id)
		} else {
			next = v.Get(l.names[i])
		}
		if next.Doc() == nil { // not there, or v has no members
			return l.odd(r, *a, v, i)
		}
		v = next
	}
	switch v.Kind() {
	case bulwark.Absent:
		return r.defaulted(l.node(a.node))
	case bulwark.Object, bulwark.List:
		return val{v: v, node: l.node(a.node)}
	}
	return val{v: v}
}

// odd ends a chain at v, the i-th value of it, which lacks the next member.
func (l *loader) odd(r *Run, a val, v bulwark.Value, i int) val {
	switch v.Kind() {
	case bulwark.Object, bulwark.Absent:
		to := l.reach(a.node)
		if !to.defaults {
			return val{node: to.end}
		}
	}
	n := a.node
	for _, name := range l.names[:i] {
		n = n.field(name)
	}
	at := val{v: v, node: n}
	if v.Kind() == bulwark.Absent {
		at = r.defaulted(n)
	}
	for _, name := range l.names[i:] {
		at = r.sel(at, name)
	}
	return at
}

// node is where the chain leads from a node.
func (l *loader) node(from *node) *node { return l.reach(from).end }

// reach is node, with whether any node on the way has a default. Lists of
// several origins have elements of several nodes, so a few are remembered.
func (l *loader) reach(from *node) ends {
	if from == nil {
		return ends{}
	}
	known := l.ends.Load()
	if known != nil {
		for i := range *known {
			if e := &(*known)[i]; e.from == from {
				return *e
			}
		}
	}
	e := ends{from: from, end: from}
	for _, name := range l.names {
		e.end = e.end.field(name)
		e.defaults = e.defaults || e.end != nil && len(e.end.defaults) > 0
	}
	if known == nil {
		l.ends.Store(&[]ends{e})
	} else if len(*known) < 8 {
		more := append(append(make([]ends, 0, len(*known)+1), *known...), e)
		l.ends.Store(&more)
	}
	return e
}
