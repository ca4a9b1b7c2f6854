package aws

import (
	"bytes"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark/internal/replay"
	"github.com/bulwarksec/bulwark/internal/replay/aws/wire"
)

// strike injects a fault that stands in for the answer. It returns false for
// those that change the answer.
func (s *Server) strike(w http.ResponseWriter, r *http.Request, c *Call, f *replay.Rule, id string) bool {
	switch f.Kind {
	case replay.Denied:
		write(w, r, c.Service.EncodeError(denied(c.Service, c.Principal, actionOf(c.Service, c.Operation)), id))
	case replay.Throttled:
		write(w, r, c.Service.EncodeError(throttled(c.Service), id))
	case replay.ServerError:
		write(w, r, c.Service.EncodeError(internalError(c.Service), id))
	case replay.Timeout:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case replay.Redirect:
		w.Header().Set("Location", f.Location)
		w.WriteHeader(http.StatusTemporaryRedirect)
	case replay.Slow:
		t := time.NewTimer(f.Delay)
		defer t.Stop()
		select {
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		case <-t.C:
		}
		return false
	default:
		return false
	}
	return true
}

// deliver writes an answer, or what a fault leaves of it.
func deliver(w http.ResponseWriter, r *http.Request, a *wire.Answer, f *replay.Rule) {
	kind := replay.Kind("")
	if f != nil {
		kind = f.Kind
	}
	switch kind {
	case replay.Malformed:
		a.Body = []byte(`<{"malformed`)
		write(w, r, a)
	case replay.Truncated:
		truncate(w, a)
	case replay.Endless:
		endless(w, r, a)
	default:
		write(w, r, a)
	}
}

func truncate(w http.ResponseWriter, a *wire.Answer) {
	for k, v := range a.Header {
		w.Header()[k] = v
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body[:len(a.Body)/2])
	panic(http.ErrAbortHandler)
}

// endless begins as the protocol does and never ends: the client must leave.
func endless(w http.ResponseWriter, r *http.Request, a *wire.Answer) {
	for k, v := range a.Header {
		w.Header()[k] = v
	}
	w.WriteHeader(a.Status)
	start := "<a>"
	if strings.Contains(a.Header.Get("Content-Type"), "json") {
		start = `{"a":"`
	}
	chunk := append([]byte(start), bytes.Repeat([]byte("aaaaaaaa"), 4096)...)
	for r.Context().Err() == nil {
		if _, err := w.Write(chunk); err != nil {
			return
		}
		chunk = chunk[len(start):]
		start = ""
	}
}

// spoilPage returns an output without its items but with a token that leads
// back to them, or with a token that leads to the same page for ever.
func spoilPage(kind replay.Kind, h *handler, in, out any) any {
	if kind != replay.EmptyPage && kind != replay.RepeatedToken {
		return out
	}
	spoiled := reflect.New(reflect.TypeOf(out).Elem())
	spoiled.Elem().Set(reflect.ValueOf(out).Elem())
	holder, token := tokenOf(spoiled.Elem())
	if !token.IsValid() {
		if kind == replay.EmptyPage {
			return reflect.New(reflect.TypeOf(out).Elem()).Interface()
		}
		return out
	}
	here := encodeToken(h.name(), offsetOf(h.name(), in))
	token.Set(reflect.ValueOf(&here))
	setMore(holder, true)
	if kind == replay.EmptyPage {
		emptyLists(holder)
	}
	return spoiled.Interface()
}

// emptyLists clears the lists of a page.
func emptyLists(v reflect.Value) {
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Slice && f.CanSet() {
			f.Set(reflect.MakeSlice(f.Type(), 0, 0))
		}
	}
}
