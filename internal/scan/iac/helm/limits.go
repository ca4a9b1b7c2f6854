package helm

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"
)

const (
	maxSteps   = 2_000_000       // templates, turns of loops and calls of one chart
	maxOutput  = 32 << 20        // bytes of one chart's output
	maxMade    = 512 << 20       // bytes of text that functions make for one chart
	maxText    = 8 << 20         // bytes of one text, or of all in one value
	maxItems   = 100_000         // of one list, or values in one value
	maxSchema  = 20_000          // values in one schema
	maxNesting = 100             // of one value
	maxInclude = 500             // templates one in the other
	maxBlocks  = 200             // blocks and parentheses of one template one in the other: maxInclude × maxBlocks fit in a stack
	maxTime    = 2 * time.Minute // of one chart
)

// budget is what is left for one chart with all that it depends on, for its
// schemas and its templates together. It is for one goroutine.
type budget struct {
	ctx      context.Context
	deadline time.Time
	steps    int
	made     int
}

func newBudget(ctx context.Context) *budget {
	return &budget{ctx: ctx, deadline: time.Now().Add(maxTime), steps: maxSteps, made: maxMade}
}

var errBudget = errors.New("the chart takes more work than is done for one")

// step takes n steps.
func (b *budget) step(n int) error {
	before := b.steps
	b.steps -= n
	if b.steps < 0 {
		return errBudget
	}
	if before>>6 != b.steps>>6 { // now and then
		if err := b.ctx.Err(); err != nil {
			return err
		}
		if time.Now().After(b.deadline) {
			return errBudget
		}
	}
	return nil
}

// make accounts for a text of n bytes.
func (b *budget) make(n int) error {
	if n > maxText {
		return fmt.Errorf("a text of %d bytes, more than the %d that are made", n, maxText)
	}
	if b.made -= n; b.made < 0 {
		return errBudget
	}
	return nil
}

// measure refuses a value that is too deep, which one that holds itself is, or
// too large to be walked.
func (b *budget) measure(v any) error {
	m := meter{items: maxItems, bytes: maxText}
	err := m.value(v, 0)
	if err == nil {
		err = b.step((maxItems - m.items) / 64)
	}
	return err
}

type meter struct{ items, bytes int }

func (m *meter) value(v any, depth int) error {
	if m.items--; m.items < 0 {
		return fmt.Errorf("a value of more than %d values", maxItems)
	}
	if depth > maxNesting {
		return fmt.Errorf("a value deeper than %d levels", maxNesting)
	}
	switch v := v.(type) {
	case nil, bool, int, int64, float64:
		return nil
	case string:
		return m.text(len(v))
	case map[string]any:
		for name, child := range v {
			if err := m.text(len(name)); err != nil {
				return err
			}
			if err := m.value(child, depth+1); err != nil {
				return err
			}
		}
		return nil
	case []any:
		for _, child := range v {
			if err := m.value(child, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return m.other(reflect.ValueOf(v), depth)
}

func (m *meter) text(n int) error {
	if m.bytes -= n; m.bytes < 0 {
		return fmt.Errorf("texts of more than %d bytes", maxText)
	}
	return nil
}

// other measures values of types that templates seldom meet.
func (m *meter) other(v reflect.Value, depth int) error {
	switch v.Kind() {
	case reflect.String:
		return m.text(v.Len())
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return m.text(v.Len())
		}
		for i := range v.Len() {
			if e := v.Index(i); e.CanInterface() {
				if err := m.value(e.Interface(), depth+1); err != nil {
					return err
				}
			}
		}
	case reflect.Map:
		for iter := v.MapRange(); iter.Next(); {
			for _, e := range []reflect.Value{iter.Key(), iter.Value()} {
				if e.CanInterface() {
					if err := m.value(e.Interface(), depth+1); err != nil {
						return err
					}
				}
			}
		}
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() && v.Elem().CanInterface() {
			return m.value(v.Elem().Interface(), depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanInterface() {
				if err := m.value(f.Interface(), depth+1); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// bounded returns a function that measures its arguments before it calls fn and
// its result after. The result is of fn's type, always with an error.
func (b *budget) bounded(fn any) any {
	f := reflect.ValueOf(fn)
	t := f.Type()
	in := make([]reflect.Type, t.NumIn())
	for i := range in {
		in[i] = t.In(i)
	}
	failure := reflect.TypeFor[error]()
	out := reflect.FuncOf(in, []reflect.Type{t.Out(0), failure}, t.IsVariadic())
	return reflect.MakeFunc(out, func(args []reflect.Value) []reflect.Value {
		result, err := b.call(f, args)
		if err != nil {
			return []reflect.Value{reflect.Zero(t.Out(0)), reflect.ValueOf(&err).Elem()}
		}
		return []reflect.Value{result, reflect.Zero(failure)}
	}).Interface()
}

func (b *budget) call(f reflect.Value, args []reflect.Value) (reflect.Value, error) {
	if err := b.step(1); err != nil {
		return reflect.Value{}, err
	}
	for _, a := range args {
		if a.CanInterface() {
			if err := b.measure(a.Interface()); err != nil {
				return reflect.Value{}, err
			}
		}
	}
	var out []reflect.Value
	if f.Type().IsVariadic() {
		out = f.CallSlice(args)
	} else {
		out = f.Call(args)
	}
	if len(out) > 1 && !out[1].IsNil() {
		return reflect.Value{}, out[1].Interface().(error)
	}
	m := meter{items: maxItems, bytes: maxText}
	if err := m.value(out[0].Interface(), 0); err != nil {
		return reflect.Value{}, err
	}
	return out[0], b.make(maxText - m.bytes)
}

// output collects what a template writes. It refuses more than is left, which
// ends the execution.
type output struct {
	text []byte
	left *int
}

func (o *output) Write(p []byte) (int, error) {
	if *o.left -= len(p); *o.left < 0 {
		return 0, fmt.Errorf("more than %d bytes of output", maxOutput)
	}
	o.text = append(o.text, p...)
	return len(p), nil
}
