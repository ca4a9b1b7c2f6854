package wire

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"sort"
	"strings"
	"sync"

	"github.com/aws/smithy-go/encoding/cbor"
)

// MaxBody bounds a request's body, in bytes.
const MaxBody = 1 << 20

// maxDepth bounds how deep a request's values nest.
const maxDepth = 32

// A Request is one call, as far as it is known before its input's type is.
type Request struct {
	Operation *Operation
	http      *http.Request
	body      []byte
	form      url.Values        // of the query protocols
	labels    map[string]string // of REST paths
	query     url.Values        // of REST
}

// Match tells which operation a request calls. signing is the service's name
// in the signature's scope. It returns nil if none is served.
func Match(r *http.Request, signing string, body []byte) *Request {
	req := &Request{http: r, body: body}
	for _, s := range bySigning()[signing] {
		if s.match(req) {
			return req
		}
	}
	return nil
}

// ServiceOf returns a service with the signing name whose protocol the request
// seems to speak, to answer it in; or nil.
func ServiceOf(r *http.Request, signing string) *Service {
	services := bySigning()[signing]
	for _, s := range services {
		if s.speaks(r) {
			return s
		}
	}
	if len(services) > 0 {
		return services[0]
	}
	return nil
}

// bySigning has the services by their names in signing scopes; two generations
// may share one.
var bySigning = sync.OnceValue(func() map[string][]*Service {
	out := map[string][]*Service{}
	for _, name := range sortedNames(Services()) {
		s := Services()[name]
		out[s.Signing] = append(out[s.Signing], s)
	}
	return out
})

func (s *Service) speaks(r *http.Request) bool {
	if s.Name == "s3control" {
		return strings.HasPrefix(r.URL.Path, "/v20180820/")
	}
	if s.Name == "s3" {
		return !strings.HasPrefix(r.URL.Path, "/v20180820/")
	}
	return true
}

func (s *Service) match(req *Request) bool {
	r := req.http
	switch s.Protocol {
	case awsQuery, ec2Query:
		form, err := url.ParseQuery(string(req.body))
		if err != nil || form.Get("Version") != s.target {
			return false
		}
		req.form, req.Operation = form, s.ops[form.Get("Action")]
	case json10, json11:
		service, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		if service != s.target {
			return false
		}
		req.Operation = s.ops[op]
	case rpcCBOR:
		op, ok := strings.CutPrefix(r.URL.Path, "/service/"+s.target+"/operation/")
		if !ok || r.Header.Get("Smithy-Protocol") != "rpc-v2-cbor" {
			return false
		}
		req.Operation = s.ops[op]
	default:
		if s.speaks(r) {
			s.matchPath(req)
		}
	}
	return req.Operation != nil
}

// Input decodes the request into a new value of the operation's input type,
// the struct type t. An error is of the caller's making.
func (req *Request) Input(t reflect.Type) (any, error) {
	in := reflect.New(t)
	s := req.Operation.Service
	root := member{}
	if s.schemas {
		root.schema = schemaOf(t)
	}
	d := decoder{s}
	if src, err := req.bodyTree(); err != nil {
		return nil, err
	} else if src != nil {
		if err := d.assign(in.Elem(), src, root, 0); err != nil {
			return nil, err
		}
	}
	if err := d.bindings(in.Elem(), req, root); err != nil {
		return nil, err
	}
	return in.Interface(), nil
}

// bodyTree decodes a body into maps, lists and scalars.
func (req *Request) bodyTree() (any, error) {
	switch {
	case req.form != nil:
		return formTree(req.form)
	case len(req.body) == 0:
		return nil, nil
	case req.Operation.Service.json():
		d := json.NewDecoder(bytes.NewReader(req.body))
		d.UseNumber()
		var v any
		if err := d.Decode(&v); err != nil {
			return nil, fmt.Errorf("read JSON: %w", err)
		}
		return v, nil
	case req.Operation.Service.Protocol == rpcCBOR:
		v, err := cbor.Decode(req.body)
		if err != nil {
			return nil, fmt.Errorf("read CBOR: %w", err)
		}
		return cborTree(v, 0)
	case req.Operation.Service.Protocol == restXML:
		return xmlTree(req.body)
	}
	return nil, nil
}

// formTree turns a.1.b=c into nested maps. Action and Version go along: no
// input has members of these names.
func formTree(form url.Values) (any, error) {
	root := map[string]any{}
	for k, values := range form {
		parts := strings.Split(k, ".")
		if len(parts) > maxDepth {
			return nil, fmt.Errorf("parameter %q nests too deep", k)
		}
		at := root
		for _, p := range parts[:len(parts)-1] {
			next, ok := at[p].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[p] = next
			}
			at = next
		}
		last := parts[len(parts)-1]
		if _, nested := at[last].(map[string]any); !nested && len(values) > 0 {
			at[last] = values[0]
		}
	}
	return root, nil
}

func cborTree(v cbor.Value, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("CBOR nests too deep")
	}
	switch v := v.(type) {
	case cbor.Map:
		out := map[string]any{}
		for k, e := range v {
			x, err := cborTree(e, depth+1)
			if err != nil {
				return nil, err
			}
			out[k] = x
		}
		return out, nil
	case cbor.List:
		var out []any
		for _, e := range v {
			x, err := cborTree(e, depth+1)
			if err != nil {
				return nil, err
			}
			out = append(out, x)
		}
		return out, nil
	case *cbor.Tag:
		return cborTree(v.Value, depth+1)
	case cbor.String:
		return string(v), nil
	case cbor.Slice:
		return []byte(v), nil
	case cbor.Bool:
		return bool(v), nil
	case cbor.Uint:
		return json.Number(fmt.Sprint(uint64(v))), nil
	case cbor.NegInt:
		return json.Number(fmt.Sprint(-int64(v))), nil
	case cbor.Float32:
		return json.Number(fmt.Sprint(float32(v))), nil
	case cbor.Float64:
		return json.Number(fmt.Sprint(float64(v))), nil
	}
	return nil, nil
}

// xmlTree reads an element's children: those of one name become a list.
func xmlTree(body []byte) (any, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	for {
		t, err := d.Token()
		if err == io.EOF {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read XML: %w", err)
		}
		if _, ok := t.(xml.StartElement); ok {
			return xmlElement(d, 0)
		}
	}
}

func xmlElement(d *xml.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("XML nests too deep")
	}
	children := map[string]any{}
	var chars strings.Builder
	for {
		t, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("read XML: %w", err)
		}
		switch t := t.(type) {
		case xml.CharData:
			chars.Write(t)
		case xml.StartElement:
			v, err := xmlElement(d, depth+1)
			if err != nil {
				return nil, err
			}
			switch have := children[t.Name.Local].(type) {
			case nil:
				children[t.Name.Local] = v
			case []any:
				children[t.Name.Local] = append(have, v)
			default:
				children[t.Name.Local] = []any{have, v}
			}
		case xml.EndElement:
			if len(children) == 0 {
				return chars.String(), nil
			}
			return children, nil
		}
	}
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for k := range m {
		names = append(names, k)
	}
	sort.Strings(names)
	return names
}
