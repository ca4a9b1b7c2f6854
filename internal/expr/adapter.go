package expr

import (
	"errors"
	"reflect"
	"slices"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/bulwarksec/bulwark"
)

// The adapter shows vals to cel-go and to functions. Lists, maps and absent
// values are types of their own: one Go type that is both a Mapper and a
// Lister is folded wrongly.

type adapted interface{ inner() val }

// base is what the adapter's types share.
type base struct {
	val
	run *Run
}

func (b *base) inner() val { return b.val }

func (b *base) ConvertToNative(reflect.Type) (any, error) {
	return nil, errors.New("expr: no native form")
}

func (b *base) equal(other ref.Val) ref.Val {
	return b.run.equal(b.val, fromRef(other)).val("not comparable").r
}

type listVal struct{ base }

func (l *listVal) Type() ref.Type                   { return types.ListType }
func (l *listVal) Value() any                       { return l }
func (l *listVal) Equal(o ref.Val) ref.Val          { return l.equal(o) }
func (l *listVal) ConvertToType(t ref.Type) ref.Val { return convert(l, t) }
func (l *listVal) Size() ref.Val                    { return types.Int(l.v.Len()) }
func (l *listVal) Contains(o ref.Val) ref.Val {
	return l.run.in(fromRef(o), l.val).val("unknown member").r
}
func (l *listVal) Iterator() traits.Iterator { return &iterator{list: l, n: l.v.Len()} }
func (l *listVal) Get(i ref.Val) ref.Val     { return l.run.toRef(l.run.index(l.val, fromRef(i))) }
func (l *listVal) Add(o ref.Val) ref.Val     { return l.run.toRef(l.run.add(l.val, fromRef(o))) }

type mapVal struct{ base }

func (m *mapVal) Type() ref.Type                   { return types.MapType }
func (m *mapVal) Value() any                       { return m }
func (m *mapVal) Equal(o ref.Val) ref.Val          { return m.equal(o) }
func (m *mapVal) ConvertToType(t ref.Type) ref.Val { return convert(m, t) }
func (m *mapVal) Size() ref.Val                    { return types.Int(m.v.Len()) }
func (m *mapVal) Contains(o ref.Val) ref.Val {
	return m.run.in(fromRef(o), m.val).val("unknown member").r
}
func (m *mapVal) Get(k ref.Val) ref.Val { return m.run.toRef(m.run.index(m.val, fromRef(k))) }
func (m *mapVal) Find(k ref.Val) (ref.Val, bool) {
	name, ok := k.(types.String)
	if !ok {
		return types.NewErr("a key that is %s", k.Type().TypeName()), true
	}
	return m.run.toRef(m.run.member(m.val, string(name))), true
}
func (m *mapVal) Iterator() traits.Iterator {
	return &iterator{list: &seq{items: m.keys(), run: m.run}, n: m.v.Len()}
}

// absentVal is a property that is not set: an empty map, list and text-less
// null in one.
type absentVal struct{ base }

func (a *absentVal) Type() ref.Type                   { return types.NullType }
func (a *absentVal) Value() any                       { return a }
func (a *absentVal) Equal(o ref.Val) ref.Val          { return a.equal(o) }
func (a *absentVal) ConvertToType(t ref.Type) ref.Val { return convert(a, t) }
func (a *absentVal) Size() ref.Val                    { return types.IntZero }
func (a *absentVal) Contains(ref.Val) ref.Val         { return types.False }
func (a *absentVal) Get(k ref.Val) ref.Val            { return a.run.toRef(a.run.index(a.val, fromRef(k))) }
func (a *absentVal) Iterator() traits.Iterator        { return &iterator{} }
func (a *absentVal) Find(k ref.Val) (ref.Val, bool) {
	name, ok := k.(types.String)
	if !ok {
		return types.NewErr("a key that is %s", k.Type().TypeName()), true
	}
	return a.run.toRef(a.run.member(a.val, string(name))), true
}

// opaqueVal is a secret, or a text known in part.
type opaqueVal struct{ base }

func (o *opaqueVal) Type() ref.Type                   { return partialType }
func (o *opaqueVal) Value() any                       { return o }
func (o *opaqueVal) Equal(x ref.Val) ref.Val          { return o.equal(x) }
func (o *opaqueVal) ConvertToType(t ref.Type) ref.Val { return convert(o, t) }

// seq is a list of computed values.
type seq struct {
	items []val
	run   *Run
}

func (s *seq) Type() ref.Type { return types.ListType }
func (s *seq) Value() any     { return s }
func (s *seq) Equal(o ref.Val) ref.Val {
	return s.run.equal(val{r: s}, fromRef(o)).val("not comparable").r
}
func (s *seq) ConvertToType(t ref.Type) ref.Val { return convert(s, t) }
func (s *seq) Size() ref.Val                    { return types.Int(len(s.items)) }
func (s *seq) Contains(o ref.Val) ref.Val {
	return s.run.in(fromRef(o), val{r: s}).val("unknown member").r
}
func (s *seq) Iterator() traits.Iterator { return &iterator{list: s, n: len(s.items)} }
func (s *seq) Get(i ref.Val) ref.Val     { return s.run.toRef(s.run.index(val{r: s}, fromRef(i))) }
func (s *seq) Add(o ref.Val) ref.Val     { return s.run.toRef(s.run.add(val{r: s}, fromRef(o))) }
func (s *seq) ConvertToNative(reflect.Type) (any, error) {
	return nil, errors.New("expr: no native form")
}

func convert(v ref.Val, t ref.Type) ref.Val {
	switch t {
	case v.Type():
		return v
	case types.TypeType:
		return v.Type().(ref.Val)
	}
	return types.NewErr("cannot make %s of %s", t.TypeName(), v.Type().TypeName())
}

type iterator struct {
	list traits.Indexer
	i, n int
}

func (it *iterator) HasNext() ref.Val { return types.Bool(it.i < it.n) }
func (it *iterator) Next() ref.Val {
	it.i++
	return it.list.Get(types.Int(it.i - 1))
}
func (it *iterator) ConvertToNative(reflect.Type) (any, error) {
	return nil, errors.New("expr: no native form")
}
func (it *iterator) ConvertToType(ref.Type) ref.Val {
	return types.NewErr("an iterator has no other form")
}
func (it *iterator) Equal(ref.Val) ref.Val { return types.False }
func (it *iterator) Type() ref.Type        { return types.IteratorType }
func (it *iterator) Value() any            { return it }

// toRef shows a val to cel-go.
func (r *Run) toRef(a val) ref.Val {
	if a.r != nil {
		return a.r
	}
	switch a.v.Kind() {
	case bulwark.Absent:
		return &absentVal{base{a, r}}
	case bulwark.Unknown:
		return types.NewErrFromString(a.v.Reason())
	case bulwark.Bool:
		return types.Bool(a.v.Bool())
	case bulwark.Int:
		return types.Int(a.v.Int())
	case bulwark.Float:
		return types.Double(a.v.Float())
	case bulwark.String:
		return types.String(a.v.Text())
	case bulwark.List:
		return &listVal{base{a, r}}
	case bulwark.Object:
		return &mapVal{base{a, r}}
	}
	return &opaqueVal{base{a, r}}
}

// fromRef takes a val back from cel-go.
func fromRef(v ref.Val) val {
	switch x := v.(type) {
	case adapted:
		return x.inner()
	case nil:
		return errVal("no value")
	}
	return val{r: v}
}

// member selects one, a relation or a fact.
func (r *Run) member(a val, name string) val {
	if strings.HasPrefix(name, "@") && (strings.HasPrefix(name, relField) || strings.HasPrefix(name, factField)) {
		return r.special(a, name)
	}
	return r.sel(a, name)
}

// sortVals orders keys: by class, then in the order of their class.
func sortVals(list []val) {
	slices.SortFunc(list, func(a, b val) int {
		ca, cb := a.class(), b.class()
		if ca != cb {
			return int(ca) - int(cb)
		}
		if ca == cString {
			return strings.Compare(a.text(), b.text())
		}
		_, x, _ := a.number()
		_, y, _ := b.number()
		return sign(x < y, x > y)
	})
}

// partialType is the type of secrets and partly known texts: functions of
// texts refuse it, so that their answers are unknown.
var partialType = types.NewOpaqueType("bulwark.partial")

// varsVal is the variable that all of a scope's names are members of.
type varsVal struct {
	run   *Run
	scope *Scope
}

func (v *varsVal) Type() ref.Type                   { return types.NewObjectType(varsName) }
func (v *varsVal) Value() any                       { return v }
func (v *varsVal) Equal(ref.Val) ref.Val            { return types.False }
func (v *varsVal) ConvertToType(t ref.Type) ref.Val { return convert(v, t) }
func (v *varsVal) ConvertToNative(reflect.Type) (any, error) {
	return nil, errors.New("expr: no native form")
}
