package aws

import (
	"fmt"
	"reflect"

	"github.com/bulwarksec/bulwark/internal/replay/aws/wire"
)

// Most operations are of five sorts, which the functions below register.

// list serves the items of type T of the call's place, by pages, in the
// output's member of type []T. Input members that are called as an item's, or
// their plural, select; so do EC2's filters.
func list[I, O, T any](o ...option) *handler {
	field := fieldOf[O](reflect.TypeFor[[]T]())
	opt := options(o)
	return handle(func(c *Call, in *I) (*O, error) {
		items, err := selected(c, in, All[T](c.World(), opt.place(c, in)), opt)
		if err != nil {
			return nil, err
		}
		out := new(O)
		err = fill(c, in, out, field, items)
		return out, err
	})
}

// project is list for answers that hold a summary of the items.
func project[I, O, T, S any](summary func(*T) S, o ...option) *handler {
	field := fieldOf[O](reflect.TypeFor[[]S]())
	opt := options(o)
	return handle(func(c *Call, in *I) (*O, error) {
		items, err := selected(c, in, All[T](c.World(), opt.place(c, in)), opt)
		if err != nil {
			return nil, err
		}
		summaries := make([]S, len(items))
		for i := range items {
			summaries[i] = summary(&items[i])
		}
		out := new(O)
		err = fill(c, in, out, field, summaries)
		return out, err
	})
}

// names is list for answers that hold one member of each item, such as its ARN.
func names[I, O, T any](member string, o ...option) *handler {
	index := memberIndex(reflect.TypeFor[T](), member)
	return project[I, O](func(t *T) string { return text(reflect.ValueOf(t).Elem().FieldByIndex(index)) }, o...)
}

// get serves the item of type T whose member is called for by the input's, in
// the output's member of type *T.
func get[I, O, T any](asked, member string, absent *wire.Error, o ...option) *handler {
	field := fieldOf[O](reflect.TypeFor[*T]())
	ask, has := memberIndex(reflect.TypeFor[I](), asked), memberIndex(reflect.TypeFor[T](), member)
	opt := options(o)
	return handle(func(c *Call, in *I) (*O, error) {
		want := text(reflect.ValueOf(in).Elem().FieldByIndex(ask))
		items := All[T](c.World(), opt.place(c, in))
		for i := range items {
			if names := text(reflect.ValueOf(&items[i]).Elem().FieldByIndex(has)); names == want || arnName(want) == names {
				out := new(O)
				reflect.ValueOf(out).Elem().FieldByIndex(field).Set(reflect.ValueOf(&items[i]))
				return out, nil
			}
		}
		return nil, absent
	})
}

// answer serves what was set by Answer for the thing that the input's member
// names ("" for the account itself). Without, it answers absent, or an empty
// output if that is nil.
func answer[I, O any](asked string, absent *wire.Error) *handler {
	var ask []int
	if asked != "" {
		ask = memberIndex(reflect.TypeFor[I](), asked)
	}
	return handle(func(c *Call, in *I) (*O, error) {
		key := ""
		if ask != nil {
			key = text(reflect.ValueOf(in).Elem().FieldByIndex(ask))
		}
		if err := c.bucket(in); err != nil {
			return nil, err
		}
		switch out := answerOf[O](c.World(), c.Place(), key); {
		case out != nil:
			copied := *out
			return &copied, nil
		case absent != nil:
			return nil, absent
		}
		return new(O), nil
	})
}

// An option changes how a list is served.
type option func(*listing)

type listing struct {
	parent []string    // input members whose values make the place's Parent
	absent *wire.Error // answers an item that is asked for by name and is not there
}

func options(o []option) listing {
	var l listing
	for _, f := range o {
		f(&l)
	}
	return l
}

// of lists what belongs to the thing that the input's members name.
func of(members ...string) option { return func(l *listing) { l.parent = members } }

// absent is answered if nothing is left of what is asked for by name.
func absent(code string) option {
	return func(l *listing) { l.absent = notFound(code, 400) }
}

func (l listing) place(c *Call, in any) Place {
	p := c.Place()
	for i, m := range l.parent {
		if i > 0 {
			p.Parent += "/"
		}
		p.Parent += text(reflect.ValueOf(in).Elem().FieldByName(m))
	}
	return p
}

// fill puts the page of items that is asked for into the output's field.
func fill[S any](c *Call, in, out any, field []int, items []S) error {
	from, to, err := c.page(c.Service.Name+"."+c.Operation, in, out, len(items))
	if err != nil {
		return err
	}
	if to > from {
		reflect.ValueOf(out).Elem().FieldByIndex(field).Set(reflect.ValueOf(items[from:to:to]))
	}
	return nil
}

// fieldOf finds the one member of type t of O.
func fieldOf[O any](t reflect.Type) []int {
	o := reflect.TypeFor[O]()
	var found []int
	for i := range o.NumField() {
		if o.Field(i).Type == t {
			if found != nil {
				panic(fmt.Sprintf("aws: %s has several members of type %s", o, t))
			}
			found = []int{i}
		}
	}
	if found == nil {
		panic(fmt.Sprintf("aws: %s has no member of type %s", o, t))
	}
	return found
}

func memberIndex(t reflect.Type, name string) []int {
	f, ok := t.FieldByName(name)
	if !ok {
		panic(fmt.Sprintf("aws: %s has no member %s", t, name))
	}
	return f.Index
}
