package wire

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// appendJSON appends v, as the member m is written.
func (s *Service) appendJSON(b []byte, v reflect.Value, m member) ([]byte, error) {
	if d, ok := v.Interface().(document); ok && !isEmpty(v) {
		raw, err := d.MarshalSmithyDocument()
		return append(b, raw...), err
	}
	v = indirect(v)
	if isNil(v) {
		return append(b, "null"...), nil
	}
	if t, ok := v.Interface().(time.Time); ok {
		return appendJSONTime(b, t, m.time), nil
	}
	switch v.Kind() {
	case reflect.Struct:
		return s.appendObject(b, v, m)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return appendString(b, base64.StdEncoding.EncodeToString(v.Bytes())), nil
		}
		return s.appendArray(b, v, m)
	case reflect.Map:
		return s.appendMap(b, v, m)
	case reflect.String:
		return appendString(b, v.String()), nil
	case reflect.Float32, reflect.Float64:
		return strconv.AppendFloat(b, v.Float(), 'g', -1, v.Type().Bits()), nil
	}
	t, err := scalar(v, "")
	return append(b, t...), err
}

// A document is a value without a schema, which writes itself as JSON.
type document interface {
	MarshalSmithyDocument() ([]byte, error)
}

func isNil(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
		return v.IsNil()
	}
	return false
}

func appendString(b []byte, s string) []byte {
	raw, _ := json.Marshal(s) // a string always marshals
	return append(b, raw...)
}

func appendJSONTime(b []byte, t time.Time, format string) []byte {
	if format == "" || format == "epoch-seconds" {
		return append(b, formatTime(t, "epoch-seconds")...)
	}
	return appendString(b, formatTime(t, format))
}

func (s *Service) appendObject(b []byte, v reflect.Value, m member) ([]byte, error) {
	if variant, value, ok := s.variant(v, m.schema); ok {
		b = append(appendString(append(b, '{'), variant.wire), ':')
		b, err := s.appendJSON(b, value, variant)
		return append(b, '}'), err
	}
	b = append(b, '{')
	comma := false
	for _, f := range s.layout(v.Type(), m.schema, false).members {
		if f.in != "" || isEmpty(v.Field(f.index)) {
			continue
		}
		if comma {
			b = append(b, ',')
		}
		comma = true
		b = append(appendString(b, f.wire), ':')
		var err error
		if b, err = s.appendJSON(b, v.Field(f.index), f); err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return append(b, '}'), nil
}

// item returns what is known of the items of a list or map.
func item(m member) member {
	i := member{schema: elem(m.schema), fact: fact{time: m.time}}
	if len(m.item) > 1 {
		i.item = m.item[1:]
	}
	return i
}

func (s *Service) appendArray(b []byte, v reflect.Value, m member) ([]byte, error) {
	b = append(b, '[')
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = s.appendJSON(b, v.Index(i), item(m)); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func (s *Service) appendMap(b []byte, v reflect.Value, m member) ([]byte, error) {
	b = append(b, '{')
	for i, k := range sortedKeys(v) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, k.String()), ':')
		var err error
		if b, err = s.appendJSON(b, v.MapIndex(k), item(m)); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// sortedKeys returns a map's keys in order: answers are deterministic.
func sortedKeys(v reflect.Value) []reflect.Value {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int {
		if a.String() < b.String() {
			return -1
		}
		return 1
	})
	return keys
}
