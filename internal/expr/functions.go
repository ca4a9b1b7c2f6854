package expr

import (
	"fmt"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/bulwarksec/bulwark"
)

// functionNames are suggested for a name that is not known.
var functionNames = []string{"related", "fact", "size", "has", "quantity", "version", "ip", "cidr", "isIP", "isCIDR", "cidrContains",
	"isOpenToInternet", "json", "timestamp", "duration", "days", "statements", "strings", "principals", "like", "sets.contains",
	"sets.intersects", "sets.equivalent", "allowsEverybody", "isOwnKey", "plainText", "written", "string", "int", "double", "dyn"}

// one declares a function of one argument of any kind.
func one(name string, to *cel.Type, f func(r *Run, a val) val) cel.EnvOption {
	return cel.Function(name, decls.DisableTypeGuards(true), cel.Overload(name+"_dyn", []*cel.Type{cel.DynType}, to,
		cel.UnaryBinding(func(a ref.Val) ref.Val {
			r := runOf(a)
			return r.toRef(f(r, fromRef(a)))
		})))
}

// pair declares a function of two arguments of any kind.
func pair(name string, to *cel.Type, f func(r *Run, a, b val) val) cel.EnvOption {
	return cel.Function(name, decls.DisableTypeGuards(true), cel.Overload(strings.ReplaceAll(name, ".", "_")+"_dyn", []*cel.Type{cel.DynType, cel.DynType}, to,
		cel.BinaryBinding(func(a, b ref.Val) ref.Val {
			r := runOf(a, b)
			return r.toRef(f(r, fromRef(a), fromRef(b)))
		})))
}

// method declares member functions of one opaque type.
func method(name string, on, to *cel.Type, f func(a ref.Val) ref.Val) cel.EnvOption {
	return cel.Function(name, cel.MemberOverload(on.TypeName()+"_"+name, []*cel.Type{on}, to, cel.UnaryBinding(f)))
}

func libraryFunctions() []cel.EnvOption {
	list := cel.ListType(cel.DynType)
	opts := []cel.EnvOption{
		one("quantity", quantityType, parsed("quantity", func(s string) (ref.Val, error) { return parseQuantity(s) })),
		one("version", versionType, parsed("version", func(s string) (ref.Val, error) { return parseVersion(s) })),
		one("ip", ipType, parsed("address", func(s string) (ref.Val, error) { return parseIP(s) })),
		one("cidr", cidrType, parsed("network", func(s string) (ref.Val, error) { return parseCIDR(s) })),
		one("isIP", cel.BoolType, tested(func(s string) bool { _, err := parseIP(s); return err == nil })),
		one("isCIDR", cel.BoolType, tested(func(s string) bool { _, err := parseCIDR(s); return err == nil })),
		one("isOpenToInternet", cel.BoolType, isOpenToInternet),
		pair("cidrContains", cel.BoolType, cidrContains),
		one("json", cel.DynType, func(r *Run, a val) val { return parseJSON(r, a) }),
		one("days", cel.DurationType, func(r *Run, a val) val {
			if n, _, ok := a.number(); ok && n >= -106000 && n <= 106000 {
				return val{r: types.Duration{Duration: time.Duration(n) * 24 * time.Hour}}
			}
			return wrong("days", a)
		}),
		one("statements", list, statements),
		one("strings", list, texts),
		one("principals", list, principals),
		one("allowsEverybody", cel.BoolType, func(r *Run, a val) val {
			if a.class() == cUnknown {
				return a
			}
			return r.allowsEverybody(a).val("a statement that is not wholly known")
		}),
		one("isOwnKey", cel.BoolType, isOwnKey),
		one("@lowerAscii", cel.StringType, cased(lowerASCII)),
		one("@upperAscii", cel.StringType, cased(upperASCII)),
		one("plainText", cel.DynType, plainText),
		one("written", cel.StringType, writtenText),
		pair("like", cel.BoolType, func(r *Run, a, b val) val { return r.like(a, b).val("a text that is not wholly known") }),
		pair("sets.contains", cel.BoolType, func(r *Run, a, b val) val { return r.setContains(a, b).val("unknown members") }),
		pair("sets.intersects", cel.BoolType, func(r *Run, a, b val) val { return r.setIntersects(a, b).val("unknown members") }),
		pair("sets.equivalent", cel.BoolType, func(r *Run, a, b val) val {
			x, y := r.setContains(a, b), r.setContains(b, a)
			return and(x, y).val("unknown members")
		}),
	}
	return append(opts, networkMethods()...)
}

func and(x, y tri) tri {
	switch {
	case x == no || y == no:
		return no
	case x == unsure || y == unsure:
		return unsure
	}
	return yes
}

func wrong(function string, a val) val {
	if a.class() == cUnknown {
		return a
	}
	return errVal(function + " of " + a.class().String())
}

// parsed makes a function that reads a text or number as something opaque.
func parsed(name string, parse func(string) (ref.Val, error)) func(*Run, val) val {
	return func(r *Run, a val) val {
		var s string
		switch a.class() {
		case cString:
			s = a.text()
		case cInt, cDouble:
			s = textOf(a)
		case cOther:
			return a
		default:
			return wrong(name, a)
		}
		if len(s) > 256 {
			return errVal(name + " of a text of more than 256 bytes")
		}
		v, err := parse(s)
		if err != nil {
			return errVal(err.Error())
		}
		return val{r: v}
	}
}

func tested(f func(string) bool) func(*Run, val) val {
	return func(r *Run, a val) val {
		if s, ok := literal(a); ok {
			return val{r: types.Bool(f(s))}
		}
		if a.unset() {
			return val{r: types.False}
		}
		return wrong("test", a)
	}
}

// parseJSON reads a text as a document; what already is one stays.
func parseJSON(r *Run, a val) val {
	switch a.class() {
	case cList, cMap, cAbsent, cNull:
		return a
	case cString:
		s := a.text()
		if !r.spend(len(s) / 16) {
			return errVal(errCost)
		}
		v, err := bulwark.DecodeJSON([]byte(s), bulwark.DecodeOptions{Limits: bulwark.Limits{Bytes: 1 << 20, Depth: 64, Nodes: 1 << 16}})
		if err != nil {
			return errVal(err.Error())
		}
		return val{v: v}
	}
	return wrong("json", a)
}

// listOf makes a list of what may be one value or a list of them; an absent
// value is an empty list.
func listOf(r *Run, a val) val {
	switch a.class() {
	case cUnknown, cList:
		return a
	case cAbsent, cNull:
		return val{r: &seq{run: r}}
	}
	return val{r: &seq{items: []val{a}, run: r}}
}

// texts makes a list of what may be one value or a list of them. Numbers and
// booleans become texts, since policies may be written either way.
func texts(r *Run, a val) val {
	list := listOf(r, a)
	if list.class() == cUnknown {
		return list
	}
	n, _ := list.length()
	for i := range n {
		if c := list.at(i).class(); c == cBool || c == cInt || c == cDouble {
			return textsOf(r, list, n)
		}
	}
	return list
}

func textsOf(r *Run, list val, n int) val {
	out := &seq{run: r}
	for i := range n {
		v := list.at(i)
		if c := v.class(); c == cBool || c == cInt || c == cDouble {
			v = val{r: types.String(textOf(v))}
		}
		out.items = append(out.items, v)
	}
	return val{r: out}
}

// statements returns an IAM policy document's statements as a list, whether
// they are written as one object or many, as a document or its JSON text.
func statements(r *Run, a val) val {
	doc := parseJSON(r, a)
	switch doc.class() {
	case cAbsent, cNull:
		return listOf(r, doc)
	case cMap:
		return listOf(r, r.sel(doc, "Statement"))
	}
	return wrong("statements", doc)
}

// principals returns all principals of a policy statement, of whatever kind,
// as a list of texts; "*" is one.
func principals(r *Run, a val) val {
	if a.class() != cMap {
		return wrong("principals", a)
	}
	p := r.sel(a, "Principal")
	if p.class() != cMap {
		return listOf(r, p)
	}
	out := &seq{run: r}
	for _, k := range p.keys() {
		one := listOf(r, r.index(p, k))
		if one.class() == cUnknown {
			return one
		}
		n, _ := one.length()
		for i := range n {
			out.items = append(out.items, one.at(i))
		}
	}
	return val{r: out}
}

// like matches with * for any texts and ? for one character, as policies do.
func (r *Run) like(a, b val) tri {
	s, ok := literal(a)
	p, okp := literal(b)
	if !okp {
		return unsure
	}
	if !ok {
		if a.class() == cSymbolic && strings.Trim(p, "*") == "" && p != "" {
			return yes
		}
		return unsure
	}
	if !r.spend(1 + len(s)/8) {
		return unsure
	}
	return triOf(glob(p, s))
}

// glob matches in O(len(p)·len(s)) time and no space.
func glob(p, s string) bool {
	i, j, star, mark := 0, 0, -1, 0
	for j < len(s) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == s[j]):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}

// setContains reports whether every member of b is one of a.
func (r *Run) setContains(a, b val) tri {
	n, ok := members(b)
	if _, oka := members(a); !ok || !oka {
		return unsure
	}
	answer := yes
	for i := range n {
		switch r.in(b.at(i), a) {
		case no:
			return no
		case unsure:
			answer = unsure
		}
	}
	return answer
}

func (r *Run) setIntersects(a, b val) tri {
	n, ok := members(b)
	if _, oka := members(a); !ok || !oka {
		return unsure
	}
	answer := no
	for i := range n {
		switch r.in(b.at(i), a) {
		case yes:
			return yes
		case unsure:
			answer = unsure
		}
	}
	return answer
}

// members returns the number of elements of a list or absent value.
func members(a val) (int, bool) {
	if c := a.class(); c != cList && c != cAbsent && c != cNull {
		return 0, false
	}
	n, _ := a.length()
	return n, true
}

// export makes a value of a val: times and durations as their texts.
func export(a val) (bulwark.Value, error) {
	if a.r == nil {
		return a.v, nil
	}
	b := bulwark.NewBuilder(nil, bulwark.Limits{Bytes: 4 << 20, Depth: 64, Nodes: 1 << 18})
	if err := exportTo(b, a, 0); err != nil {
		return bulwark.Value{}, err
	}
	return b.Build("")
}

func exportTo(b *bulwark.Builder, a val, depth int) error {
	if depth > 64 {
		return fmt.Errorf("%w: expr: a result nested deeper than 64", bulwark.ErrInvalid)
	}
	if a.r == nil {
		b.Copy(a.v)
		return nil
	}
	switch x := a.r.(type) {
	case *types.Err, *types.Unknown:
		b.Unknown(a.reason())
	case types.Null:
		b.Null()
	case types.Bool:
		b.Bool(bool(x))
	case types.Int:
		b.Int(int64(x))
	case types.Uint:
		b.Float(float64(x))
	case types.Double:
		b.Float(float64(x))
	case types.String:
		b.String(string(x))
	case types.Bytes:
		b.String(string(x))
	case instant:
		b.String(x.Time.UTC().Format(time.RFC3339))
	case types.Timestamp:
		b.String(x.Time.UTC().Format(time.RFC3339))
	case span:
		b.String(x.Duration.Duration.String())
	case types.Duration:
		b.String(x.Duration.String())
	case fmt.Stringer:
		if _, list := a.r.(traits.Lister); !list {
			b.String(x.String())
			return nil
		}
		return exportList(b, a, depth)
	case traits.Lister:
		return exportList(b, a, depth)
	case traits.Mapper:
		b.Object()
		for _, k := range a.keys() {
			b.Key(textOf(k))
			c, _ := x.Find(k.r)
			if err := exportTo(b, fromRef(c), depth+1); err != nil {
				return err
			}
		}
		b.End()
	default:
		return fmt.Errorf("%w: expr: a result of type %s has no data form", bulwark.ErrInvalid, a.r.Type().TypeName())
	}
	return b.Err()
}

func exportList(b *bulwark.Builder, a val, depth int) error {
	b.List()
	n, _ := a.length()
	for i := range n {
		if err := exportTo(b, a.at(i), depth+1); err != nil {
			return err
		}
	}
	b.End()
	return b.Err()
}
