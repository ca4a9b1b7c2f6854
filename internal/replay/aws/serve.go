package aws

import (
	"fmt"
	"reflect"
	"strings"

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

// get serves the item of type T whose member is called as the input's asks, in
// the output's member of type *T.
func get[I, O, T any](asked, member string, absent *wire.Error, o ...option) *handler {
	field := fieldOf[O](reflect.TypeFor[*T]())
	return find[I](asked, member, absent, func(t *T, out *O) { reflect.ValueOf(out).Elem().FieldByIndex(field).Set(reflect.ValueOf(t)) }, o...)
}

// find is get for outputs that are made from the item.
func find[I, O, T any](asked, member string, absent *wire.Error, fill func(*T, *O), o ...option) *handler {
	has := memberIndex(reflect.TypeFor[T](), member)
	opt := options(o)
	return handle(func(c *Call, in *I) (*O, error) {
		want := keyOf(in, asked)
		items := All[T](c.World(), opt.place(c, in))
		for i := range items {
			if sameName(want, text(reflect.ValueOf(&items[i]).Elem().FieldByIndex(has))) {
				out := new(O)
				fill(&items[i], out)
				return out, nil
			}
		}
		return nil, absent
	})
}

// answer serves what was set by Answer for the thing that the input's members
// name, such as "Bucket" or "VpcId Attribute" ("" for the account itself): in
// the call's region, or else in no region. Without, it answers absent, or an
// empty output if that is nil.
func answer[I, O any](asked string, absent *wire.Error) *handler {
	return handle(func(c *Call, in *I) (*O, error) {
		if err := c.bucket(in); err != nil {
			return nil, err
		}
		key := keyOf(in, asked)
		for _, at := range []Place{c.Place(), {Account: c.Account}} {
			for _, k := range []string{key, arnName(key)} {
				if out := answerOf[O](c.World(), at, k); out != nil {
					copied := *out
					return &copied, nil
				}
			}
		}
		if absent != nil {
			return nil, absent
		}
		return new(O), nil
	})
}

// keyOf joins the texts of an input's members by slashes; those that are not
// set are left out.
func keyOf(in any, members string) string {
	var parts []string
	for _, m := range strings.Fields(members) {
		if s := text(reflect.ValueOf(in).Elem().FieldByIndex(memberIndex(reflect.TypeOf(in).Elem(), m))); s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, "/")
}

// An option changes how a list is served.
type option func(*listing)

type listing struct {
	parent     []string          // input members whose values make the place's Parent
	named      bool              // the parent is known by its name, even if its ARN is given
	everywhere bool              // an account's things are the same in each region
	by         map[string]string // input member → the item's that it selects by
	absent     *wire.Error       // answers an item that is asked for by name and is not there
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

// ofName is of for a thing that callers give by name or ARN; its place has the
// name.
func ofName(member string) option {
	return func(l *listing) { l.parent, l.named = []string{member}, true }
}

// everywhere lists what was put in no region.
func everywhere(l *listing) { l.everywhere = true }

// by has an input's member select by an item's of another name.
func by(asked, member string) option {
	return func(l *listing) {
		if l.by == nil {
			l.by = map[string]string{}
		}
		l.by[asked] = member
	}
}

// absent is answered if nothing is left of what is asked for by name.
func absent(code string) option {
	return func(l *listing) { l.absent = notFound(code, 400) }
}

func (l listing) place(c *Call, in any) Place {
	p := c.Place()
	if l.everywhere {
		p.Region = ""
	}
	p.Parent = keyOf(in, strings.Join(l.parent, " "))
	if l.named {
		p.Parent = arnName(p.Parent)
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
