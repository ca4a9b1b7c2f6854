package wire

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"time"
)

// A decoder sets a request's values. It takes any form that a client of the
// protocol may write; a name that the input does not have is ignored, as the
// services do.
type decoder struct{ service *Service }

// assign sets dst from a tree of map[string]any, []any, string, json.Number,
// bool and []byte.
func (d decoder) assign(dst reflect.Value, src any, m member, depth int) error {
	if src == nil {
		return nil
	}
	if depth > maxDepth {
		return fmt.Errorf("request nests too deep")
	}
	switch {
	case dst.Kind() == reflect.Pointer:
		v := reflect.New(dst.Type().Elem())
		if err := d.assign(v.Elem(), src, m, depth+1); err != nil {
			return err
		}
		dst.Set(v)
		return nil
	case dst.Type() == timeType, dst.Kind() == reflect.Slice && dst.Type().Elem().Kind() == reflect.Uint8:
		return setScalar(dst, src)
	}
	switch dst.Kind() {
	case reflect.Struct:
		return d.assignStruct(dst, src, m, depth)
	case reflect.Slice:
		return d.assignList(dst, src, m, depth)
	case reflect.Map:
		return d.assignMap(dst, src, m, depth)
	case reflect.Interface:
		return nil // unions and documents: no call that is served reads one
	}
	return setScalar(dst, src)
}

func (d decoder) assignStruct(dst reflect.Value, src any, m member, depth int) error {
	tree, ok := src.(map[string]any)
	if !ok {
		if s, empty := src.(string); empty && strings.TrimSpace(s) == "" {
			return nil
		}
		return fmt.Errorf("want a structure, got %T", src)
	}
	for _, f := range d.service.layout(dst.Type(), m.schema, true).members {
		if f.in != "" {
			continue
		}
		v, ok := tree[f.wire]
		if !ok {
			continue
		}
		if err := d.assign(dst.Field(f.index), v, f, depth+1); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

// assignList takes a list; a form's 1, 2, … with or without a word before
// them; or what XML writes, an element of items or a single item.
func (d decoder) assignList(dst reflect.Value, src any, m member, depth int) error {
	var items []any
	switch s := src.(type) {
	case []any:
		items = s
	case map[string]any:
		items = numbered(s)
	case string:
		if s == "" { // an empty list in a form
			return nil
		}
		items = []any{s}
	default:
		return fmt.Errorf("want a list, got %T", src)
	}
	out := reflect.MakeSlice(dst.Type(), len(items), len(items))
	for i, v := range items {
		if err := d.assign(out.Index(i), v, item(m), depth+1); err != nil {
			return fmt.Errorf("%d: %w", i, err)
		}
	}
	dst.Set(out)
	return nil
}

// numbered returns the values of 1, 2, … in order, also below one word.
func numbered(m map[string]any) []any {
	if len(m) == 1 {
		for k, v := range m {
			if _, err := strconv.Atoi(k); err == nil {
				break
			}
			switch v := v.(type) {
			case map[string]any:
				if out := numbered(v); out != nil {
					return out
				}
				return []any{v}
			case []any:
				return v
			default:
				return []any{v}
			}
		}
	}
	var keys []int
	for k := range m {
		i, err := strconv.Atoi(k)
		if err != nil {
			return nil
		}
		keys = append(keys, i)
	}
	sort.Ints(keys)
	out := make([]any, 0, len(keys))
	for _, k := range keys {
		if v, ok := m[strconv.Itoa(k)]; ok {
			out = append(out, v)
		}
	}
	return out
}

// assignMap takes a map, or a form's entries of a key and a value.
func (d decoder) assignMap(dst reflect.Value, src any, m member, depth int) error {
	tree, ok := src.(map[string]any)
	if !ok {
		return fmt.Errorf("want a map, got %T", src)
	}
	if d.service.Protocol == awsQuery {
		tree = entries(tree)
	}
	out := reflect.MakeMap(dst.Type())
	for k, v := range tree {
		e := reflect.New(dst.Type().Elem()).Elem()
		if err := d.assign(e, v, item(m), depth+1); err != nil {
			return fmt.Errorf("%q: %w", k, err)
		}
		out.SetMapIndex(reflect.ValueOf(k).Convert(dst.Type().Key()), e)
	}
	dst.Set(out)
	return nil
}

func entries(tree map[string]any) map[string]any {
	out := map[string]any{}
	for _, e := range numbered(tree) {
		entry, _ := e.(map[string]any)
		var key string
		var value any
		for name, v := range entry {
			if strings.EqualFold(name, "key") || strings.EqualFold(name, "name") {
				key, _ = v.(string)
			} else {
				value = v
			}
		}
		out[key] = value
	}
	return out
}

// bindings sets the members that REST puts in the path, the query string and
// headers.
func (d decoder) bindings(dst reflect.Value, req *Request, root member) error {
	for _, f := range d.service.layout(dst.Type(), root.schema, true).members {
		var src any
		switch f.in {
		case "label":
			if v, ok := req.labels[f.wire]; ok {
				src = v
			}
		case "query":
			src = queryValue(dst.Field(f.index).Type(), req.query[f.wire])
		case "header":
			if v := req.http.Header.Get(f.wire); v != "" {
				src = v
			}
		}
		if f.name == "Bucket" && req.labels["Bucket"] != "" && f.in == "" {
			src = req.labels["Bucket"] // of S3: in the path or host, bound by no serialiser
		}
		if src == nil {
			continue
		}
		if err := d.assign(dst.Field(f.index), src, f, 0); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

func queryValue(t reflect.Type, values []string) any {
	if len(values) == 0 {
		return nil
	}
	if t.Kind() != reflect.Slice {
		return values[0]
	}
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = v
	}
	return out
}

func setScalar(dst reflect.Value, src any) error {
	s := ""
	switch v := src.(type) {
	case string:
		s = v
	case json.Number:
		s = v.String()
	case bool:
		s = strconv.FormatBool(v)
	case []byte:
		if dst.Kind() == reflect.Slice {
			dst.SetBytes(v)
			return nil
		}
		s = string(v)
	default:
		return fmt.Errorf("want a %s, got %T", dst.Type(), src)
	}
	return setText(dst, s)
}

func setText(dst reflect.Value, s string) error {
	switch {
	case dst.Type() == timeType:
		t, err := parseTime(s)
		dst.Set(reflect.ValueOf(t))
		return err
	case dst.Kind() == reflect.String:
		dst.SetString(s)
		return nil
	case dst.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(s)
		dst.SetBool(b)
		return err
	case dst.CanInt():
		i, err := strconv.ParseInt(s, 10, dst.Type().Bits())
		dst.SetInt(i)
		return err
	case dst.CanFloat():
		f, err := strconv.ParseFloat(s, dst.Type().Bits())
		dst.SetFloat(f)
		return err
	case dst.Kind() == reflect.Slice:
		b, err := base64.StdEncoding.DecodeString(s)
		dst.SetBytes(b)
		return err
	}
	return fmt.Errorf("cannot read a %s", dst.Type())
}

func parseTime(s string) (time.Time, error) {
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		if f < -1<<40 || f > 1<<40 || f != f {
			return time.Time{}, fmt.Errorf("time %s is out of range", s)
		}
		return time.UnixMilli(int64(f * 1e3)).UTC(), nil
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t.UTC(), nil
	}
	return http.ParseTime(s)
}
