package aws

import (
	"context"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/bulwarksec/bulwark/internal/replay"
	"github.com/bulwarksec/bulwark/internal/replay/aws/wire"
)

// wireServer answers any request with output, and keeps the input.
type wireServer struct {
	h      *handler
	output any
	err    *wire.Error
	input  any
	fault  string // what was wrong with the request
}

func (s *wireServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	where, _ := readScope(r)
	req := wire.Match(r, where.service, body)
	if req == nil || req.Operation.Service.Name != s.h.service || req.Operation.Name != s.h.operation {
		s.fault = "matched as another operation: " + r.Method + " " + r.URL.String()
		if req != nil {
			s.fault += " as " + req.Operation.Service.Name + "." + req.Operation.Name
		}
		http.Error(w, s.fault, 400)
		return
	}
	in, err := req.Input(s.h.in)
	if err != nil {
		s.fault = err.Error()
	}
	s.input = in
	if s.err != nil {
		write(w, r, req.Operation.Service.EncodeError(s.err, "id"))
		return
	}
	a, err := req.Operation.Encode(s.output, "id")
	if err != nil {
		s.fault = err.Error()
		http.Error(w, s.fault, 400)
		return
	}
	write(w, r, a)
}

var compare = cmp.Options{
	cmp.Exporter(func(reflect.Type) bool { return true }),
	cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".ResultMetadata" }, cmp.Ignore()),
	cmpopts.EquateEmpty(),
}

// TestRoundTrip has the real client of each operation that is served send an
// input with all members set, and read an output with all members set.
func TestRoundTrip(t *testing.T) {
	for _, h := range registered {
		t.Run(h.name(), func(t *testing.T) {
			f := newFiller(uint64(len(h.name())))
			out := reflect.New(h.out)
			f.fill(out.Elem(), 0)
			in := reflect.New(h.in)
			f.depth = 5
			f.fill(in.Elem(), 0)
			adjustInput(h, in.Elem())
			s := &wireServer{h: h, output: out.Interface()}
			client := sdkClient(h.service, sdkConfig(replay.Transport(s), "eu-west-1"))
			got, err := operate(client, h.operation, context.Background(), in.Interface())
			if s.fault != "" {
				t.Fatal(s.fault)
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(out.Interface(), got, compare); d != "" {
				t.Errorf("output (-sent +read):\n%s", d)
			}
			sorted := cmpopts.SortSlices(func(a, b string) bool { return a < b }) // a query string has no order
			if d := cmp.Diff(in.Interface(), s.input, compare, sorted); d != "" {
				t.Errorf("input (-sent +read):\n%s", d)
			}
		})
	}
}

// adjustInput sets what a client checks before it sends a request.
func adjustInput(h *handler, in reflect.Value) {
	if f := in.FieldByName("Bucket"); f.IsValid() && h.service == "s3" {
		name := "bucket-1"
		f.Set(reflect.ValueOf(&name))
	}
	if f := in.FieldByName("AccountId"); f.IsValid() && strings.HasPrefix(h.service, "s3") {
		id := "111122223333"
		f.Set(reflect.ValueOf(&id))
	}
}
