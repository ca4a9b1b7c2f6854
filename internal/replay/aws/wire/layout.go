package wire

import (
	"reflect"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/traits"
)

// A layout is how one struct type of a service is on the wire.
type layout struct {
	members []member
}

// A member is a field of a layout's struct.
type member struct {
	index  int
	name   string // of the Go field
	schema *smithy.Schema
	fact
}

type layoutKey struct {
	service string
	input   bool
	t       reflect.Type
}

var layouts sync.Map // layoutKey → *layout

// layout returns how the struct type t is on the wire. The schema is t's, for
// services whose clients carry schemas; nil asks the type itself, which only
// inputs and outputs can answer.
func (s *Service) layout(t reflect.Type, schema *smithy.Schema, input bool) *layout {
	key := layoutKey{s.Name, input, t}
	if l, ok := layouts.Load(key); ok {
		return l.(*layout)
	}
	if s.schemas && schema == nil {
		schema = schemaOf(t)
	}
	l := &layout{}
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() || f.Name == "ResultMetadata" {
			continue
		}
		m := member{index: i, name: f.Name}
		if s.schemas {
			if m.schema = memberOf(schema, f.Name); m.schema == nil {
				continue
			}
			m.fact = s.schemaFact(m.schema, input)
		} else {
			m.fact = s.tableFact(t.Name(), f.Name, input)
		}
		l.members = append(l.members, m)
	}
	layouts.Store(key, l)
	return l
}

func (s *Service) tableFact(typ, name string, input bool) fact {
	if f, ok := s.facts[input][typ][name]; ok {
		return f
	}
	if s.lower[input] {
		r, n := utf8.DecodeRuneInString(name)
		name = string(unicode.ToLower(r)) + name[n:]
	}
	return fact{wire: name}
}

// schemaOf returns the schema that a value of t says it is written with.
func schemaOf(t reflect.Type) *smithy.Schema {
	v, ok := reflect.New(t).Interface().(smithy.Serializable)
	if !ok {
		return nil
	}
	var r schemaRecorder
	v.Serialize(&r)
	return r.schema
}

// schemaRecorder notes the first structure that is written to it; an empty
// value writes nothing else.
type schemaRecorder struct {
	smithy.ShapeSerializer
	schema *smithy.Schema
}

func (r *schemaRecorder) WriteStruct(s *smithy.Schema) { r.schema = s }
func (r *schemaRecorder) CloseStruct()                 {}

// memberOf returns the schema's member that the SDK calls name in Go.
func memberOf(s *smithy.Schema, name string) *smithy.Schema {
	if s == nil {
		return nil
	}
	members := s.Members()
	if m := members[name]; m != nil {
		return m
	}
	r, n := utf8.DecodeRuneInString(name)
	if m := members[string(unicode.ToLower(r))+name[n:]]; m != nil {
		return m
	}
	for k, m := range members {
		if strings.EqualFold(k, name) {
			return m
		}
	}
	return nil
}

func has[T smithy.Trait](s *smithy.Schema) bool {
	_, ok := smithy.SchemaTrait[T](s)
	return ok
}

// schemaFact reads a member's traits; which of them count depends on the
// protocol, as in smithy-go/transport/http/protocol.
func (s *Service) schemaFact(m *smithy.Schema, input bool) fact {
	f := fact{wire: m.MemberName()}
	switch s.Protocol {
	case restJSON:
		if t, ok := smithy.SchemaTrait[*traits.JSONName](m); ok {
			f.wire = t.Name
		}
	case awsQuery, ec2Query, restXML:
		xmlFact(&f, m, input)
	}
	if t, ok := smithy.SchemaTrait[*traits.TimestampFormat](leaf(m)); ok && s.Protocol != rpcCBOR {
		f.time = t.Format
	}
	if s.Protocol == restJSON || s.Protocol == restXML {
		bind(&f, m)
	}
	return f
}

// bind reads where HTTP bindings put a member.
func bind(f *fact, m *smithy.Schema) {
	if t, ok := smithy.SchemaTrait[*traits.HTTPHeader](m); ok {
		f.in, f.wire = "header", t.Name
	}
	if t, ok := smithy.SchemaTrait[*traits.HTTPPrefixHeaders](m); ok {
		f.in, f.wire = "prefix", t.Prefix
	}
	if t, ok := smithy.SchemaTrait[*traits.HTTPQuery](m); ok {
		f.in, f.wire = "query", t.Name
	}
	switch {
	case has[*traits.HTTPQueryParams](m):
		f.in = "params"
	case has[*traits.HTTPLabel](m):
		f.in, f.wire = "label", m.MemberName()
	case has[*traits.HTTPPayload](m):
		f.in = "payload"
	case has[*traits.HTTPResponseCode](m):
		f.in = "status"
	}
}

func xmlFact(f *fact, m *smithy.Schema, input bool) {
	name := smithy.SchemaDirectTrait[*traits.XMLName]
	if input {
		name = smithy.SchemaTrait[*traits.XMLName]
	}
	if t, ok := name(m); ok {
		f.wire = t.Name
	}
	f.flat = has[*traits.XMLFlattened](m)
	if has[*traits.XMLAttribute](m) {
		f.in = "attr"
	}
	for l := m; l.Type() == smithy.ShapeTypeList && l.ListMember() != nil; l = l.ListMember() {
		f.item = append(f.item, xmlName(l.ListMember(), "member"))
	}
	if m.Type() == smithy.ShapeTypeMap {
		f.key, f.value = xmlName(m.MapKey(), "key"), xmlName(m.MapValue(), "value")
	}
}

func xmlName(s *smithy.Schema, habit string) string {
	if t, ok := smithy.SchemaTrait[*traits.XMLName](s); ok {
		return t.Name
	}
	return habit
}

// leaf returns what a list or map holds in the end.
func leaf(s *smithy.Schema) *smithy.Schema {
	for range 8 {
		switch {
		case s.Type() == smithy.ShapeTypeList && s.ListMember() != nil:
			s = s.ListMember()
		case s.Type() == smithy.ShapeTypeMap && s.MapValue() != nil:
			s = s.MapValue()
		default:
			return s
		}
	}
	return s
}

// elem returns the schema of what a list or map holds.
func elem(s *smithy.Schema) *smithy.Schema {
	switch {
	case s == nil:
		return nil
	case s.Type() == smithy.ShapeTypeMap:
		return s.MapValue()
	}
	return s.ListMember()
}

// variant returns the member that a union's value is: v is the SDK's struct
// UnionMemberName{Value}.
func (s *Service) variant(v reflect.Value, schema *smithy.Schema) (member, reflect.Value, bool) {
	t := v.Type()
	if t.Kind() != reflect.Struct || t.NumField() == 0 || t.Field(0).Name != "Value" {
		return member{}, reflect.Value{}, false
	}
	m := member{name: "Value"}
	if !s.schemas {
		m.fact = s.tableFact(t.Name(), "Value", false)
		return m, v.Field(0), strings.Contains(t.Name(), "Member")
	}
	if schema == nil || schema.Type() != smithy.ShapeTypeUnion {
		return member{}, reflect.Value{}, false
	}
	for name := t.Name(); ; { // a union's own name may have a Member in it
		_, rest, ok := strings.Cut(name, "Member")
		if !ok {
			return member{}, reflect.Value{}, false
		}
		if m.schema = memberOf(schema, rest); m.schema != nil {
			break
		}
		name = rest
	}
	m.fact = s.schemaFact(m.schema, false)
	return m, v.Field(0), true
}
