package expr

import (
	"fmt"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/bulwarksec/bulwark"
)

// tri is an answer in three-valued logic.
type tri uint8

const (
	no tri = iota
	yes
	unsure
)

func triOf(b bool) tri {
	if b {
		return yes
	}
	return no
}

func (t tri) not() tri {
	if t == unsure {
		return unsure
	}
	return t ^ 1
}

// val is what an expression yields: a node of an asset's value tree with its
// place in the type's tree, or, when r is set, something computed.
type val struct {
	v    bulwark.Value
	node *node
	r    ref.Val
}

func errVal(reason string) val { return val{r: types.NewErrFromString(reason)} }

// class is the kind of a val, across value trees and computed values.
type class uint8

const (
	cUnknown class = iota
	cNull          // the literal
	cAbsent        // a property that is not set
	cBool
	cInt
	cDouble
	cString
	cList
	cMap
	cSecret
	cSymbolic
	cTime
	cDuration
	cOther
)

var classNames = [...]string{"unknown", "null", "not set", "a boolean", "an integer", "a number", "a text", "a list", "a map", "a secret", "a text known in part", "a time", "a duration", "an opaque value"}

func (c class) String() string { return classNames[c] }

var kindClass = [...]class{bulwark.Absent: cAbsent, bulwark.Unknown: cUnknown, bulwark.Bool: cBool, bulwark.Int: cInt, bulwark.Float: cDouble,
	bulwark.String: cString, bulwark.List: cList, bulwark.Object: cMap, bulwark.Secret: cSecret, bulwark.Symbolic: cSymbolic}

func (a val) class() class {
	if a.r == nil {
		return kindClass[a.v.Kind()]
	}
	switch a.r.(type) {
	case *types.Err, *types.Unknown:
		return cUnknown
	case types.Bool:
		return cBool
	case types.Int, types.Uint:
		return cInt
	case types.Double:
		return cDouble
	case types.String:
		return cString
	case types.Null:
		return cNull
	case instant:
		return cTime
	case span:
		return cDuration
	case types.Timestamp:
		return cTime
	case types.Duration:
		return cDuration
	case traits.Lister:
		return cList
	case traits.Mapper:
		return cMap
	}
	return cOther
}

// reason returns why a, which is unknown, is.
func (a val) reason() string {
	if a.r == nil {
		return a.v.Reason()
	}
	if e, ok := a.r.(*types.Err); ok {
		return e.String()
	}
	return "unknown"
}

// unset reports whether a is null or an absent property.
func (a val) unset() bool {
	if a.r == nil {
		return a.v.Kind() == bulwark.Absent
	}
	_, null := a.r.(types.Null)
	return null
}

func (a val) text() string {
	if a.r == nil {
		return a.v.Text()
	}
	s, _ := a.r.(types.String)
	return string(s)
}

func (a val) number() (i int64, f float64, integral bool) {
	if a.r == nil {
		return a.v.Int(), a.v.Float(), a.v.Kind() == bulwark.Int
	}
	switch n := a.r.(type) {
	case types.Int:
		return int64(n), float64(n), true
	case types.Uint:
		if n <= 1<<63-1 {
			return int64(n), float64(n), true
		}
		return 0, float64(n), false
	case types.Double:
		return 0, float64(n), false
	}
	return 0, 0, false
}

// truth is a in boolean position.
func (a val) truth() tri {
	if a.r == nil {
		if a.v.Kind() == bulwark.Bool {
			return triOf(a.v.Bool())
		}
		return unsure
	}
	if b, ok := a.r.(types.Bool); ok {
		return triOf(bool(b))
	}
	return unsure
}

func (t tri) val(reason string) val {
	switch t {
	case yes:
		return val{r: types.True}
	case no:
		return val{r: types.False}
	}
	return errVal(reason)
}

// length returns the number of elements of a list, map or absent value, or of
// characters of a text; ok is false for everything else.
func (a val) length() (n int, ok bool) {
	if a.r == nil {
		switch a.v.Kind() {
		case bulwark.List, bulwark.Object:
			return a.v.Len(), true
		case bulwark.Absent:
			return 0, true
		case bulwark.String:
			return len([]rune(a.v.Text())), true
		}
		return 0, false
	}
	switch x := a.r.(type) {
	case *seq:
		return len(x.items), true
	case traits.Sizer:
		if n, ok := x.Size().(types.Int); ok {
			return int(n), true
		}
	}
	return 0, false
}

// at returns the i-th element of a list whose length the caller knows, or the
// i-th key of a map.
func (a val) at(i int) val {
	if a.r == nil {
		c := a.v.Index(i)
		if a.v.Kind() == bulwark.Object {
			return val{r: types.String(c.Name())}
		}
		return val{v: c, node: a.node.element()}
	}
	switch x := a.r.(type) {
	case *seq:
		return x.items[i]
	case traits.Lister:
		return fromRef(x.Get(types.Int(i)))
	}
	return errVal("not a list")
}

// keys lists a computed map's keys in a fixed order.
func (a val) keys() []val {
	m, ok := a.r.(traits.Mapper)
	if !ok {
		n, _ := a.length()
		list := make([]val, n)
		for i := range list {
			list[i] = a.at(i)
		}
		return list
	}
	var list []val
	for it := m.Iterator(); it.HasNext() == types.True; {
		list = append(list, fromRef(it.Next()))
	}
	sortVals(list)
	return list
}

// sel selects a member by name.
func (r *Run) sel(a val, name string) val {
	if a.r != nil {
		return r.selComputed(a, name)
	}
	switch a.v.Kind() {
	case bulwark.Object:
		if c := r.get(a.v, name); c.Kind() != bulwark.Absent {
			return val{v: c, node: a.node.field(name)}
		}
		fallthrough
	case bulwark.Absent:
		return r.defaulted(a.node.field(name))
	case bulwark.Unknown:
		return a
	}
	return errVal("." + name + " of " + a.class().String())
}

func (r *Run) get(v bulwark.Value, name string) bulwark.Value { return v.Get(name) }

func (r *Run) selComputed(a val, name string) val {
	switch x := a.r.(type) {
	case *types.Err:
		return a
	case types.Null:
		return val{}
	case traits.Mapper:
		if c, ok := x.Find(types.String(name)); ok {
			return fromRef(c)
		}
		return val{}
	}
	return errVal("." + name + " of " + a.class().String())
}

// defaulted is what an absent property stands for.
func (r *Run) defaulted(n *node) val {
	if n == nil || len(n.defaults) == 0 {
		return val{node: n}
	}
	for i := range n.defaults {
		d := &n.defaults[i]
		if d.origin != "" && d.origin != r.origin {
			continue
		}
		if d.since.After(r.Now) {
			r.flips(d.since)
			continue
		}
		return val{v: d.value, node: n}
	}
	return val{node: n}
}

// index is a[b] of a list or map. An absent map's member is absent; a list's
// index out of range is unknown.
func (r *Run) index(a, b val) val {
	ca, cb := a.class(), b.class()
	switch {
	case ca == cUnknown:
		return a
	case cb == cUnknown:
		return b
	case cb == cString && (ca == cMap || ca == cAbsent || ca == cNull):
		return r.sel(a, b.text())
	case cb == cInt && (ca == cList || ca == cAbsent):
		i, _, _ := b.number()
		n, _ := a.length()
		if i < 0 || i >= int64(n) {
			return errVal(fmt.Sprintf("index %d is out of range of %d elements", i, n))
		}
		return a.at(int(i))
	case ca == cMap && a.r != nil:
		if c, ok := a.r.(traits.Mapper).Find(r.toRef(b)); ok {
			return fromRef(c)
		}
		return val{}
	}
	return errVal("index of " + ca.String() + " by " + cb.String())
}

// size is size(a) as a value.
func (r *Run) size(a val) val {
	if n, ok := a.length(); ok {
		return val{r: types.Int(n)}
	}
	if a.class() == cUnknown {
		return a
	}
	return errVal("size of " + a.class().String())
}

// add is a + b: numbers, texts, lists (of which absent ones are empty), times
// and durations.
func (r *Run) add(a, b val) val {
	ca, cb := a.class(), b.class()
	switch {
	case ca == cUnknown:
		return a
	case cb == cUnknown:
		return b
	case ca == cList || cb == cList:
		if (ca != cList && ca != cAbsent) || (cb != cList && cb != cAbsent) {
			break
		}
		return r.concat(a, b)
	case ca == cAbsent && cb == cAbsent:
		return a
	case ca == cTime || ca == cDuration:
		return r.shift(a, b, 1)
	case cb == cTime:
		return r.shift(b, a, 1)
	case ca == cSymbolic || cb == cSymbolic:
		return r.addSymbolic(a, b, ca, cb)
	case ca == cb && (ca == cInt || ca == cDouble || ca == cString || ca == cOther):
		if x, ok := r.toRef(a).(traits.Adder); ok {
			return fromRef(x.Add(r.toRef(b)))
		}
	case (ca == cInt || ca == cDouble) && (cb == cInt || cb == cDouble):
		_, x, _ := a.number()
		_, y, _ := b.number()
		return val{r: types.Double(x + y)}
	}
	return errVal(ca.String() + " + " + cb.String())
}

func (r *Run) concat(a, b val) val {
	n, _ := a.length()
	m, _ := b.length()
	if n == 0 {
		return b
	}
	if m == 0 {
		return a
	}
	if !r.spend(n + m) {
		return errVal(errCost)
	}
	items := make([]val, 0, n+m)
	for i := range n {
		items = append(items, a.at(i))
	}
	for i := range m {
		items = append(items, b.at(i))
	}
	return val{r: &seq{items: items, run: r}}
}

func (r *Run) addSymbolic(a, b val, ca, cb class) val {
	if (ca != cString && ca != cSymbolic) || (cb != cString && cb != cSymbolic) {
		return errVal(ca.String() + " + " + cb.String())
	}
	parts := func(x val) []bulwark.Part {
		if x.r != nil {
			return []bulwark.Part{{Literal: x.text()}}
		}
		return x.v.Parts()
	}
	bu := bulwark.NewBuilder(nil, bulwark.Limits{Bytes: 1 << 20})
	bu.Symbolic(append(parts(a), parts(b)...))
	v, err := bu.Build("")
	if err != nil {
		return errVal(err.Error())
	}
	return val{v: v}
}

// subtract is a - b.
func (r *Run) subtract(a, b val) val {
	ca, cb := a.class(), b.class()
	switch {
	case ca == cUnknown:
		return a
	case cb == cUnknown:
		return b
	case ca == cTime || ca == cDuration:
		return r.shift(a, b, -1)
	case ca == cInt && cb == cInt || ca == cDouble && cb == cDouble || ca == cOther && cb == cOther:
		if x, ok := r.toRef(a).(traits.Subtractor); ok {
			return fromRef(x.Subtract(r.toRef(b)))
		}
	case (ca == cInt || ca == cDouble) && (cb == cInt || cb == cDouble):
		_, x, _ := a.number()
		_, y, _ := b.number()
		return val{r: types.Double(x - y)}
	}
	return errVal(ca.String() + " - " + cb.String())
}
