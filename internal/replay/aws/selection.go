package aws

import (
	"reflect"
	"strconv"
	"strings"

	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// selected returns the items that an input asks for. An input's member selects
// if an item has one of its name, or of the name that it is the plural of.
func selected[T any](c *Call, in any, items []T, opt listing) ([]T, error) {
	v := reflect.ValueOf(in).Elem()
	item := reflect.TypeFor[T]()
	asked := false
	for i := range v.NumField() {
		name, f := v.Type().Field(i).Name, v.Field(i)
		index, ok := selector(item, name, opt.by[name])
		want := wanted(f)
		if !ok || len(want) == 0 || contains(opt.parent, name) {
			continue
		}
		asked = asked || !strings.HasPrefix(name, "Owner") // of whose things there may be none
		for j, w := range want {
			if w == "self" && strings.HasPrefix(name, "Owner") {
				want[j] = c.Account
			}
		}
		items = keep(items, func(t *T) bool {
			has := text(reflect.ValueOf(t).Elem().FieldByIndex(index))
			for _, w := range want {
				if sameName(w, has) {
					return true
				}
			}
			return false
		})
	}
	if asked && len(items) == 0 && opt.absent != nil {
		return nil, opt.absent
	}
	if f := v.FieldByName("Filters"); f.IsValid() {
		if filters, ok := f.Interface().([]ec2types.Filter); ok {
			return filtered(c, items, filters)
		}
	}
	return items, nil
}

// selector finds the item's member that an input's member selects by.
func selector(item reflect.Type, name, by string) ([]int, bool) {
	for _, n := range []string{by, name, strings.TrimSuffix(name, "s"), strings.TrimSuffix(name, "List")} {
		if f, ok := item.FieldByName(n); ok && n != "" && isText(f.Type) {
			return f.Index, true
		}
	}
	return nil, false
}

func isText(t reflect.Type) bool {
	return t.Kind() == reflect.String || t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.String
}

// wanted returns the texts of an input's member.
func wanted(f reflect.Value) []string {
	if isText(f.Type()) {
		if s := text(f); s != "" {
			return []string{s}
		}
		return nil
	}
	if f.Kind() != reflect.Slice || f.Type().Elem().Kind() != reflect.String {
		return nil
	}
	var out []string
	for i := range f.Len() {
		out = append(out, f.Index(i).String())
	}
	return out
}

// filtered applies EC2's filters: tag:KEY, or the name of a member of the item
// in kebab case. A filter that the item has no member for is refused, as a
// wrong answer would not be seen.
func filtered[T any](c *Call, items []T, filters []ec2types.Filter) ([]T, error) {
	for _, f := range filters {
		name := text(reflect.ValueOf(f.Name))
		get, ok := filterMember(reflect.TypeFor[T](), name)
		if !ok {
			return nil, invalid(c.Service, "The filter '"+name+"' is invalid")
		}
		items = keep(items, func(t *T) bool {
			return contains(f.Values, get(reflect.ValueOf(t).Elem()))
		})
	}
	return items, nil
}

func filterMember(item reflect.Type, name string) (func(reflect.Value) string, bool) {
	if key, ok := strings.CutPrefix(name, "tag:"); ok {
		f, ok := item.FieldByName("Tags")
		return func(v reflect.Value) string { return tagValue(v.FieldByIndex(f.Index), key) }, ok
	}
	camel := ""
	for _, word := range strings.Split(name, "-") {
		if word != "" {
			camel += strings.ToUpper(word[:1]) + word[1:]
		}
	}
	f, ok := item.FieldByName(camel)
	if !ok || f.Type.Kind() != reflect.Bool && !isText(f.Type) && f.Type != reflect.TypeFor[*bool]() {
		return nil, false
	}
	return func(v reflect.Value) string { return text(v.FieldByIndex(f.Index)) }, true
}

func tagValue(tags reflect.Value, key string) string {
	list, _ := tags.Interface().([]ec2types.Tag)
	for _, t := range list {
		if t.Key != nil && *t.Key == key && t.Value != nil {
			return *t.Value
		}
	}
	return "\x00" // no value is that
}

func keep[T any](items []T, f func(*T) bool) []T {
	var out []T
	for i := range items {
		if f(&items[i]) {
			out = append(out, items[i])
		}
	}
	return out
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// text returns a string, number or boolean, or "" for what is not there.
func text(v reflect.Value) string {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	switch {
	case v.Kind() == reflect.String:
		return v.String()
	case v.Kind() == reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10)
	}
	return ""
}

// sameName tells whether a thing with a name or ARN is the one that is asked for
// by name or ARN.
func sameName(want, has string) bool {
	return want == has || arnName(want) == has || want == arnName(has)
}

// arnName returns the name at an ARN's end, where services take either.
func arnName(s string) string {
	if !strings.HasPrefix(s, "arn:") {
		return s
	}
	return s[strings.LastIndexAny(s, ":/")+1:]
}
