package wire

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"time"
)

// An Answer is what goes back over HTTP.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Encode writes an operation's output, a pointer to the SDK's output struct.
func (o *Operation) Encode(output any, requestID string) (*Answer, error) {
	v := reflect.ValueOf(output)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return nil, fmt.Errorf("wire: encode %s: want a struct, got %T", o.Name, output)
	}
	s := o.Service
	a := &Answer{Status: http.StatusOK, Header: http.Header{}}
	var err error
	switch s.Protocol {
	case awsQuery, ec2Query:
		a.Header.Set("Content-Type", "text/xml;charset=UTF-8")
		a.Body, err = o.encodeQuery(v.Elem(), requestID)
	case json10, json11:
		a.Header.Set("Content-Type", "application/x-amz-json-1."+s.Protocol[len(s.Protocol)-1:])
		a.Body, err = s.appendJSON(nil, v.Elem(), s.root(v.Elem(), fact{}))
	case rpcCBOR:
		a.Header.Set("Content-Type", "application/cbor")
		a.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
		a.Body, err = s.encodeCBOR(v.Elem())
	default:
		err = o.encodeREST(a, v.Elem())
	}
	if err != nil {
		return nil, fmt.Errorf("wire: encode %s: %w", o.Name, err)
	}
	requestHeader(s, a.Header, requestID)
	return a, nil
}

// requestHeader puts the request's id where the service's client looks for it.
func requestHeader(s *Service, h http.Header, id string) {
	if s.Name == "s3" || s.Name == "s3control" {
		h.Set("X-Amz-Request-Id", id)
		h.Set("X-Amz-Id-2", id)
		return
	}
	h.Set("X-Amzn-Requestid", id)
}

// root returns what is known of a whole structure.
func (s *Service) root(v reflect.Value, f fact) member {
	m := member{fact: f}
	if s.schemas {
		m.schema = schemaOf(v.Type())
	}
	return m
}

// encodeREST writes bound members to the status and headers, and the payload
// member, or all the others, to the body.
func (o *Operation) encodeREST(a *Answer, v reflect.Value) error {
	s := o.Service
	a.Header.Set("Content-Type", "application/json")
	if s.Protocol == restXML {
		a.Header.Set("Content-Type", "application/xml")
	}
	var payload member
	for _, m := range s.layout(v.Type(), nil, false).members {
		f := v.Field(m.index)
		if m.in == "payload" {
			payload = m
		}
		if isEmpty(f) {
			continue
		}
		switch m.in {
		case "status":
			a.Status = int(indirect(f).Int())
		case "header", "prefix":
			if err := setHeader(a.Header, f, m); err != nil {
				return err
			}
		}
	}
	switch {
	case payload.in == "":
		return o.encodeBody(a, v)
	case isEmpty(v.Field(payload.index)):
		return nil
	}
	return s.encodePayload(a, v.Field(payload.index), payload)
}

// encodeBody writes the members that are bound to nothing else.
func (o *Operation) encodeBody(a *Answer, v reflect.Value) error {
	s := o.Service
	body := false
	for _, m := range s.layout(v.Type(), nil, false).members {
		body = body || m.in == "" || m.in == "attr"
	}
	var err error
	switch {
	case !body:
	case s.Protocol == restJSON:
		a.Body, err = s.appendJSON(nil, v, s.root(v, fact{}))
	case o.Name == "GetBucketLocation":
		// The client takes the constraint from the root element's text.
		a.Body = appendElement(nil, "LocationConstraint", ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/"`, text(v.FieldByName("LocationConstraint").String()))
	default:
		x := xmlWriter{service: s}
		err = x.value(o.Name+"Result", v, s.root(v, fact{}))
		a.Body = x.buf.Bytes()
	}
	return err
}

// encodePayload writes a member that is the whole body.
func (s *Service) encodePayload(a *Answer, f reflect.Value, m member) error {
	switch p := f.Interface().(type) {
	case []byte:
		a.Body = p
		return nil
	case io.Reader:
		var err error
		a.Body, err = io.ReadAll(p)
		return err
	}
	f = indirect(f)
	var err error
	switch {
	case f.Kind() == reflect.String:
		a.Body = []byte(f.String())
	case s.Protocol == restJSON:
		a.Body, err = s.appendJSON(nil, f, m)
	default:
		name := m.wire
		if f.Kind() == reflect.Struct {
			name = f.Type().Name()
		}
		x := xmlWriter{service: s}
		err = x.value(name, f, m)
		a.Body = x.buf.Bytes()
	}
	return err
}

func setHeader(h http.Header, v reflect.Value, m member) error {
	v = indirect(v)
	if m.in == "prefix" {
		for it := v.MapRange(); it.Next(); {
			h.Set(m.wire+it.Key().String(), it.Value().String())
		}
		return nil
	}
	if m.time == "" {
		m.time = "http-date"
	}
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8 {
		for i := range v.Len() {
			t, err := scalar(indirect(v.Index(i)), m.time)
			if err != nil {
				return err
			}
			h.Add(m.wire, t)
		}
		return nil
	}
	t, err := scalar(v, m.time)
	if err == nil {
		h.Set(m.wire, t)
	}
	return err
}

var timeType = reflect.TypeFor[time.Time]()

// isEmpty tells whether a member is left out: a nil, or an enum without value.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
		return v.IsNil()
	case reflect.String:
		return v.Len() == 0
	}
	return false
}

func indirect(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return v
		}
		v = v.Elem()
	}
	return v
}

// scalar writes a value as XML, headers and forms have it. A time's format is
// the given one.
func scalar(v reflect.Value, format string) (string, error) {
	switch {
	case v.Type() == timeType:
		return formatTime(v.Interface().(time.Time), format), nil
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		return base64.StdEncoding.EncodeToString(v.Bytes()), nil
	case v.Kind() == reflect.String:
		return v.String(), nil
	case v.Kind() == reflect.Bool:
		return strconv.FormatBool(v.Bool()), nil
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10), nil
	case v.CanFloat():
		return strconv.FormatFloat(v.Float(), 'f', -1, v.Type().Bits()), nil
	}
	return "", fmt.Errorf("cannot write a %s", v.Type())
}

// formatTime writes a timestamp; protocols keep milliseconds.
func formatTime(t time.Time, format string) string {
	t = t.UTC()
	switch format {
	case "epoch-seconds":
		return strconv.FormatFloat(float64(t.UnixMilli())/1e3, 'f', -1, 64)
	case "http-date":
		return t.Format(http.TimeFormat)
	}
	return t.Format("2006-01-02T15:04:05.999Z")
}

func text(s string) []byte {
	var b bytes.Buffer
	escape(&b, s)
	return b.Bytes()
}
