package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/content"
)

// decodeStrict decodes JSON of a configuration into a struct. A field that the
// struct lacks, also by its case, is an error that names it and the nearest;
// what is where a field's value belongs is told by the field's name.
func decodeStrict(name string, data json.RawMessage, into any) error {
	if len(data) == 0 {
		return nil
	}
	if err := checkFields(name, data, reflect.TypeOf(into).Elem()); err != nil {
		return err
	}
	err := json.Unmarshal(data, into)
	if wrong := new(json.UnmarshalTypeError); errors.As(err, &wrong) {
		at := name
		if wrong.Field != "" {
			at += "." + wrong.Field
		}
		return fmt.Errorf("%w: %s: want %s, got %s", bulwark.ErrInvalid, at, wordFor(wrong.Type), wrong.Value)
	}
	if err != nil {
		return fmt.Errorf("%w: %s: %w", bulwark.ErrInvalid, name, err)
	}
	return nil
}

// checkFields refuses the fields that a type lacks, at every depth.
func checkFields(name string, data json.RawMessage, t reflect.Type) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	if bytes.Equal(bytes.TrimSpace(data), []byte("null")) {
		return nil
	}
	var have map[string]json.RawMessage
	if err := json.Unmarshal(data, &have); err != nil {
		return fmt.Errorf("%w: %s: want an object", bulwark.ErrInvalid, name)
	}
	types := map[string]reflect.Type{}
	var names []string
	for i := range t.NumField() {
		if tag := tagOf(t.Field(i)); tag != "" {
			types[tag] = t.Field(i).Type
			names = append(names, tag)
		}
	}
	keys := make([]string, 0, len(have))
	for key := range have {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		if types[key] == nil {
			return fmt.Errorf("%w: %s.%s is no field: %s", bulwark.ErrInvalid, name, key, content.DidYouMean(key, names))
		}
		if err := checkFields(name+"."+key, have[key], types[key]); err != nil {
			return err
		}
	}
	return nil
}

// tagOf is the name of a field in JSON, "" for one that has none.
func tagOf(f reflect.StructField) string {
	tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if tag == "-" || !f.IsExported() {
		return ""
	}
	if tag == "" {
		return f.Name
	}
	return tag
}

// fieldOf is a field of a configuration, by its name with dots.
type fieldOf struct{ name, kind string }

// fieldsOf lists the fields of a struct, those of structs in it by dots.
func fieldsOf(t reflect.Type, prefix string) []fieldOf {
	var out []fieldOf
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name := tagOf(f)
		if name == "" {
			continue
		}
		ft := f.Type
		for ft.Kind() == reflect.Pointer {
			ft = ft.Elem()
		}
		if ft.Kind() == reflect.Struct {
			out = append(out, fieldsOf(ft, prefix+name+".")...)
			continue
		}
		out = append(out, fieldOf{prefix + name, kindWord(ft)})
	}
	return out
}

func kindWord(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[json.RawMessage]():
		return "object"
	case t == reflect.TypeFor[[]byte](): // in base64
		return "text"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.String:
		return "text"
	case reflect.Slice, reflect.Array:
		return "list"
	case reflect.Map, reflect.Struct:
		return "object"
	}
	return "number"
}

func wordFor(t reflect.Type) string {
	switch w := kindWord(t); w {
	case "list":
		return "a list of texts"
	case "object":
		return "an object"
	case "text":
		return "text"
	default:
		return "a " + w
	}
}
