package wire

import (
	"fmt"
	"reflect"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
)

func (s *Service) encodeCBOR(v reflect.Value) ([]byte, error) {
	c, err := s.cbor(v, s.root(v, fact{}))
	if err != nil {
		return nil, err
	}
	return cbor.Encode(c), nil
}

func (s *Service) cbor(v reflect.Value, m member) (cbor.Value, error) {
	v = indirect(v)
	if isNil(v) {
		return &cbor.Nil{}, nil
	}
	if t, ok := v.Interface().(time.Time); ok {
		return &cbor.Tag{ID: 1, Value: cbor.Float64(float64(t.UnixMilli()) / 1e3)}, nil
	}
	switch v.Kind() {
	case reflect.String:
		return cbor.String(v.String()), nil
	case reflect.Bool:
		return cbor.Bool(v.Bool()), nil
	case reflect.Float32, reflect.Float64:
		return cbor.Float64(v.Float()), nil
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Int:
		return cborInt(v.Int()), nil
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return cbor.Slice(v.Bytes()), nil
		}
		return s.cborList(v, m)
	case reflect.Map:
		return s.cborMap(v, m)
	case reflect.Struct:
		return s.cborStruct(v, m)
	}
	return nil, fmt.Errorf("cannot write a %s", v.Type())
}

func cborInt(i int64) cbor.Value {
	if i < 0 {
		return cbor.NegInt(uint64(-i)) // the encoder subtracts the one
	}
	return cbor.Uint(uint64(i))
}

func (s *Service) cborList(v reflect.Value, m member) (cbor.Value, error) {
	out := cbor.List{}
	for i := range v.Len() {
		c, err := s.cbor(v.Index(i), item(m))
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func (s *Service) cborMap(v reflect.Value, m member) (cbor.Value, error) {
	out := cbor.Map{}
	for it := v.MapRange(); it.Next(); {
		c, err := s.cbor(it.Value(), item(m))
		if err != nil {
			return nil, err
		}
		out[it.Key().String()] = c
	}
	return out, nil
}

func (s *Service) cborStruct(v reflect.Value, m member) (cbor.Value, error) {
	if variant, value, ok := s.variant(v, m.schema); ok {
		c, err := s.cbor(value, variant)
		return cbor.Map{variant.wire: c}, err
	}
	out := cbor.Map{}
	for _, f := range s.layout(v.Type(), m.schema, false).members {
		if isEmpty(v.Field(f.index)) {
			continue
		}
		c, err := s.cbor(v.Field(f.index), f)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		out[f.wire] = c
	}
	return out, nil
}
