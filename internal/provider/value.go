package provider

import (
	"encoding/base64"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark"
)

const maxDepth = 64 // of structs, lists and maps inside each other

// Tree turns a client library's value into the tree that the provider's own JSON
// would be, of maps, slices and scalars, which can be changed. A struct is a map
// of its exported fields that are set: a nil pointer, slice, map or interface
// and an empty text are not; ResultMetadata is passed over, and a member of a
// union is its value under the member's name. Times are RFC 3339 in UTC, bytes
// are base64, names of an enumeration are text. Values of the product stay.
func Tree(v any) any { return tree(reflect.ValueOf(v), 0) }

// Set writes a key and its value, unless there is none: nil, or a text that is
// empty.
func Set(b *bulwark.Builder, name string, v any) { member(b, name, Tree(v)) }

// ValueOf returns a library's value, or a tree, as a value. Members of maps are
// sorted; those that are nil or an empty text are left out.
func ValueOf(names *bulwark.Names, asset string, v any) (bulwark.Value, error) {
	b := bulwark.NewBuilder(names, bulwark.Limits{})
	write(b, v)
	return b.Build(asset)
}

// Each yields the exported fields of a struct, or of a pointer to one, that
// are set, in order.
func Each(v any, yield func(name string, value any)) {
	r, ok := settle(reflect.ValueOf(v))
	if !ok || r.Kind() != reflect.Struct {
		return
	}
	fields(r, func(name string, f reflect.Value) { yield(name, f.Interface()) })
}

func member(b *bulwark.Builder, name string, v any) {
	if v == nil || v == "" {
		return
	}
	b.Key(name)
	write(b, v)
}

func write(b *bulwark.Builder, v any) {
	switch x := v.(type) {
	case nil:
		b.Null()
	case bool:
		b.Bool(x)
	case int64:
		b.Int(x)
	case float64:
		b.Float(x)
	case string:
		b.String(x)
	case bulwark.Value:
		b.Copy(x)
	case []any:
		b.List()
		for _, item := range x {
			write(b, item)
		}
		b.End()
	case map[string]any:
		b.Object()
		for _, k := range slices.Sorted(maps.Keys(x)) {
			member(b, k, x[k])
		}
		b.End()
	default:
		write(b, Tree(x))
	}
}

// settle follows pointers and interfaces; it is false where there is nothing.
func settle(v reflect.Value) (reflect.Value, bool) {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return v, false
		}
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Invalid:
		return v, false
	case reflect.Slice, reflect.Map:
		return v, !v.IsNil()
	}
	return v, true
}

func tree(v reflect.Value, depth int) any {
	v, ok := settle(v)
	switch {
	case !ok:
		return nil
	case depth > maxDepth:
		return unknown("nested too deeply")
	}
	switch x := v.Interface().(type) {
	case time.Time:
		return x.UTC().Format(time.RFC3339)
	case bulwark.Value:
		return x
	}
	switch v.Kind() {
	case reflect.Bool:
		return v.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return int64(v.Uint())
	case reflect.Uint64:
		return float64(v.Uint())
	case reflect.Float32, reflect.Float64:
		return v.Float()
	case reflect.String:
		return v.String()
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 && v.Kind() == reflect.Slice {
			return base64.StdEncoding.EncodeToString(v.Bytes())
		}
		list := make([]any, 0, v.Len())
		for i := range v.Len() {
			list = append(list, tree(v.Index(i), depth+1))
		}
		return list
	case reflect.Map:
		out := make(map[string]any, v.Len())
		for k, item := range v.Seq2() {
			if x := tree(item, depth+1); x != nil {
				out[fmt.Sprint(k.Interface())] = x
			}
		}
		return out
	case reflect.Struct:
		out := map[string]any{}
		fields(v, func(name string, f reflect.Value) { out[name] = tree(f, depth+1) })
		if m := union(v.Type()); m != "" {
			return map[string]any{m: out["Value"]}
		}
		return out
	}
	return unknown("a value of kind " + v.Kind().String())
}

func unknown(reason string) bulwark.Value {
	b := bulwark.NewBuilder(nil, bulwark.Limits{})
	b.Unknown(reason)
	v, _ := b.Build("") // of one node, it cannot fail
	return v
}

// fields yields the exported fields of a struct that are set.
func fields(v reflect.Value, yield func(name string, f reflect.Value)) {
	t := v.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() || f.Name == "ResultMetadata" {
			continue
		}
		if value, ok := settle(v.Field(i)); ok && (value.Kind() != reflect.String || value.Len() > 0) {
			yield(f.Name, value)
		}
	}
}

// union returns the name of a union's member whose struct this is: the library
// names it <Union>Member<Name>, with one field Value.
func union(t reflect.Type) string {
	_, member, ok := strings.Cut(t.Name(), "Member")
	if f, has := t.FieldByName("Value"); !ok || !has || f.Index[0] != 0 {
		return ""
	}
	return member
}
