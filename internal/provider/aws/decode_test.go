package aws

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// decode reads a recording as the output of its operation. Unions and documents
// are left out: the recordings do not tell their members' types.
func decode(r recording, t reflect.Type) (any, error) {
	if t == nil {
		return nil, fmt.Errorf("no output type")
	}
	out := reflect.New(t.Elem())
	var raw any
	if err := json.Unmarshal(r.Data, &raw); err != nil {
		return nil, err
	}
	assign(out.Elem(), raw)
	return out.Interface(), nil
}

// assign sets what a decoded JSON value says; names are compared without case.
func assign(v reflect.Value, raw any) {
	if raw == nil {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		assign(p.Elem(), raw)
		v.Set(p)
	case reflect.Struct:
		if v.Type() == timeType {
			if at, ok := parseTime(raw); ok {
				v.Set(reflect.ValueOf(at))
			}
			return
		}
		m, _ := raw.(map[string]any)
		for name, item := range m {
			if f := v.FieldByNameFunc(func(s string) bool { return strings.EqualFold(s, name) }); f.IsValid() && f.CanSet() {
				assign(f, item)
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			if s, ok := raw.(string); ok {
				v.SetBytes([]byte(s))
			}
			return
		}
		list, _ := raw.([]any)
		v.Set(reflect.MakeSlice(v.Type(), len(list), len(list)))
		for i, item := range list {
			assign(v.Index(i), item)
		}
	case reflect.Map:
		m, _ := raw.(map[string]any)
		out := reflect.MakeMap(v.Type())
		for k, item := range m {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			key.SetString(k)
			assign(value, item)
			out.SetMapIndex(key, value)
		}
		v.Set(out)
	case reflect.String:
		if s, ok := raw.(string); ok {
			v.SetString(s)
		} else if b, err := json.Marshal(raw); err == nil { // a document that was decoded already
			v.SetString(string(b))
		}
	case reflect.Bool:
		b, _ := raw.(bool)
		v.SetBool(b)
	case reflect.Int, reflect.Int32, reflect.Int64:
		n, _ := raw.(float64)
		v.SetInt(int64(n))
	case reflect.Float32, reflect.Float64:
		n, _ := raw.(float64)
		v.SetFloat(n)
	}
}

func parseTime(raw any) (time.Time, bool) {
	switch x := raw.(type) {
	case string:
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999-07:00", "2006-01-02T15:04:05.999999"} {
			if at, err := time.Parse(layout, x); err == nil {
				return at, true
			}
		}
	case float64:
		return time.Unix(int64(x), 0), true
	}
	return time.Time{}, false
}
