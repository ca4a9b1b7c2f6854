package provider

import (
	"encoding/base64"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark"
)

const maxDepth = 64 // of structs, lists and maps inside each other

// Write writes a client library's value as the tree that the provider's own
// JSON would be: a struct is an object of its exported fields that are set, in
// order; a nil pointer, slice, map or interface is left out, an empty list is
// kept; times are RFC 3339 in UTC, bytes are base64, and names of an
// enumeration are text. Fields whose name begins with ResultMetadata or that
// are not exported are passed over. Map keys are sorted.
func Write(b *bulwark.Builder, v any) { write(b, reflect.ValueOf(v), 0) }

// Set writes a key and its value, unless there is none: nil, or a string that
// is empty.
func Set(b *bulwark.Builder, name string, v any) {
	r, ok := settle(reflect.ValueOf(v))
	if !ok {
		return
	}
	b.Key(name)
	write(b, r, 0)
}

var timeType = reflect.TypeFor[time.Time]()

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
	case reflect.String: // an enumeration that is not set is empty
		return v, v.String() != ""
	}
	return v, true
}

func write(b *bulwark.Builder, v reflect.Value, depth int) {
	v, ok := settle(v)
	switch {
	case !ok:
		b.Null()
		return
	case depth > maxDepth:
		b.Unknown("nested too deeply")
		return
	case v.Type() == timeType:
		b.String(v.Interface().(time.Time).UTC().Format(time.RFC3339))
		return
	}
	if value, ok := v.Interface().(bulwark.Value); ok {
		b.Copy(value)
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		b.Bool(v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		b.Int(v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32:
		b.Int(int64(v.Uint()))
	case reflect.Uint64:
		b.Float(float64(v.Uint()))
	case reflect.Float32, reflect.Float64:
		b.Float(v.Float())
	case reflect.String:
		b.String(v.String())
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 && v.Kind() == reflect.Slice {
			b.String(base64.StdEncoding.EncodeToString(v.Bytes()))
			return
		}
		b.List()
		for i := range v.Len() {
			write(b, v.Index(i), depth+1)
		}
		b.End()
	case reflect.Map:
		b.Object()
		keys := v.MapKeys()
		slices.SortFunc(keys, func(x, y reflect.Value) int { return strings.Compare(fmt.Sprint(x), fmt.Sprint(y)) })
		for _, k := range keys {
			if item, ok := settle(v.MapIndex(k)); ok {
				b.Key(fmt.Sprint(k))
				write(b, item, depth+1)
			}
		}
		b.End()
	case reflect.Struct:
		b.Object()
		fields(v, func(name string, f reflect.Value) {
			b.Key(name)
			write(b, f, depth+1)
		})
		b.End()
	default:
		b.Unknown("a value of kind " + v.Kind().String())
	}
}

// fields yields the exported fields of a struct that are set. A member of a
// union, a struct with one field named Value, is written as the library has it.
func fields(v reflect.Value, yield func(name string, f reflect.Value)) {
	t := v.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() || f.Name == "ResultMetadata" {
			continue
		}
		if value, ok := settle(v.Field(i)); ok {
			yield(f.Name, value)
		}
	}
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

// ValueOf is Write into a value of its own.
func ValueOf(names *bulwark.Names, asset string, v any) (bulwark.Value, error) {
	b := bulwark.NewBuilder(names, bulwark.Limits{})
	Write(b, v)
	return b.Build(asset)
}
