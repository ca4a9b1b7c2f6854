package wire

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"reflect"
	"strings"
)

const xmlHeader = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

// namespaces of the query protocols' answers; clients do not read them.
func (s *Service) namespace() string {
	if s.Protocol == ec2Query {
		return "http://ec2.amazonaws.com/doc/" + s.target + "/"
	}
	return "https://" + s.Signing + ".amazonaws.com/doc/" + s.target + "/"
}

// encodeQuery writes an answer of the query protocols.
func (o *Operation) encodeQuery(v reflect.Value, requestID string) ([]byte, error) {
	s := o.Service
	x := xmlWriter{service: s}
	x.buf.WriteString(xmlHeader)
	fmt.Fprintf(&x.buf, "<%sResponse xmlns=%q>", o.Name, s.namespace())
	if s.Protocol == ec2Query {
		fmt.Fprintf(&x.buf, "<requestId>%s</requestId>", requestID)
		if err := x.members(v, s.root(v, fact{})); err != nil {
			return nil, err
		}
	} else {
		if err := x.value(o.Name+"Result", v, s.root(v, fact{})); err != nil {
			return nil, err
		}
		fmt.Fprintf(&x.buf, "<ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata>", requestID)
	}
	fmt.Fprintf(&x.buf, "</%sResponse>", o.Name)
	return x.buf.Bytes(), nil
}

type xmlWriter struct {
	service *Service
	buf     bytes.Buffer
}

// value writes v as an element, or as several where it is a flattened list or
// map.
func (x *xmlWriter) value(name string, v reflect.Value, m member) error {
	v = indirect(v)
	switch {
	case v.Type() == timeType || v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
	case v.Kind() == reflect.Struct:
		return x.structure(name, v, m)
	case v.Kind() == reflect.Slice:
		return x.list(name, v, m)
	case v.Kind() == reflect.Map:
		return x.mapping(name, v, m)
	}
	t, err := scalar(v, m.time)
	if err == nil {
		x.open(name, "")
		escape(&x.buf, t)
		x.close(name)
	}
	return err
}

func (x *xmlWriter) structure(name string, v reflect.Value, m member) error {
	if variant, value, ok := x.service.variant(v, m.schema); ok {
		x.open(name, "")
		defer x.close(name)
		return x.value(variant.wire, value, variant)
	}
	x.open(name, x.attributes(v, m))
	defer x.close(name)
	return x.members(v, m)
}

func (x *xmlWriter) attributes(v reflect.Value, m member) string {
	var b bytes.Buffer
	for _, f := range x.service.layout(v.Type(), m.schema, false).members {
		if f.in != "attr" || isEmpty(v.Field(f.index)) {
			continue
		}
		if strings.HasPrefix(f.wire, "xsi:") {
			b.WriteString(` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"`)
		}
		t, _ := scalar(indirect(v.Field(f.index)), f.time)
		b.WriteString(" " + f.wire + `="`)
		escape(&b, t)
		b.WriteString(`"`)
	}
	return b.String()
}

func (x *xmlWriter) members(v reflect.Value, m member) error {
	for _, f := range x.service.layout(v.Type(), m.schema, false).members {
		if f.in != "" || isEmpty(v.Field(f.index)) {
			continue
		}
		if err := x.value(f.wire, v.Field(f.index), f); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

func (x *xmlWriter) list(name string, v reflect.Value, m member) error {
	inner := name
	if !m.flat {
		inner = x.service.itemName(m)
		x.open(name, "")
		defer x.close(name)
	}
	for i := range v.Len() {
		if err := x.value(inner, v.Index(i), item(m)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) itemName(m member) string {
	switch {
	case len(m.item) > 0:
		return m.item[0]
	case s.Protocol == ec2Query:
		return "item"
	}
	return "member"
}

func (x *xmlWriter) mapping(name string, v reflect.Value, m member) error {
	entry, key, value := "entry", m.key, m.value
	if m.flat {
		entry = name
	} else {
		x.open(name, "")
		defer x.close(name)
	}
	if key == "" {
		key = "key"
	}
	if value == "" {
		value = "value"
	}
	for _, k := range sortedKeys(v) {
		x.open(entry, "")
		x.buf.Write(appendElement(nil, key, "", text(k.String())))
		held := item(m)
		held.item = m.item // a table's names are those of the lists that it holds
		if err := x.value(value, v.MapIndex(k), held); err != nil {
			return err
		}
		x.close(entry)
	}
	return nil
}

func (x *xmlWriter) open(name, attrs string) { x.buf.WriteString("<" + name + attrs + ">") }
func (x *xmlWriter) close(name string)       { x.buf.WriteString("</" + name + ">") }

func appendElement(b []byte, name, attrs string, content []byte) []byte {
	b = append(b, "<"+name+attrs+">"...)
	b = append(b, content...)
	return append(b, "</"+name+">"...)
}

// escape writes text; what XML cannot hold becomes U+FFFD.
func escape(b *bytes.Buffer, s string) { _ = xml.EscapeText(b, []byte(s)) } // a Buffer takes everything
