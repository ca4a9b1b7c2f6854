package azure

import (
	"bytes"
	"net/http"
	"strings"
)

// FaultKind is how a call goes wrong.
type FaultKind string

// The kinds of fault.
const (
	Denied    FaultKind = "denied"
	Throttle  FaultKind = "throttled"
	Expired   FaultKind = "expired"   // the token is over
	Hang      FaultKind = "hang"      // no answer until the client leaves
	Broken    FaultKind = "broken"    // 500
	Malformed FaultKind = "malformed" // a body that is no JSON
	Truncated FaultKind = "truncated" // the connection breaks in the body
	Empty     FaultKind = "empty"     // a page without elements that says there are more
	Repeated  FaultKind = "repeated"  // a page that is its own next page
	Endless   FaultKind = "endless"   // a body without end
	Redirect  FaultKind = "redirect"  // to another host
	Missing   FaultKind = "missing"   // 404 of something in between, without an error's code
)

// Fault makes calls fail. The zero Nth is every call that matches.
type Fault struct {
	Kind FaultKind
	Path string // part of the path, regardless of case; "" is every path
	Body string // part of the request's body; "" is any
	Nth  int    // the call among those that match, from 1
	seen int
}

// Fail adds a fault.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// fault returns the first fault that befalls a request. The request's body can
// be read again afterwards.
func (s *Server) fault(r *http.Request) *Fault {
	if len(s.faults) == 0 {
		return nil
	}
	body := readBody(r)
	for _, f := range s.faults {
		if !strings.Contains(strings.ToLower(r.URL.Path), strings.ToLower(f.Path)) || !bytes.Contains(body, []byte(f.Body)) {
			continue
		}
		f.seen++
		if f.Nth == 0 || f.Nth == f.seen {
			return f
		}
	}
	return nil
}

// write answers as the fault has it; a is what the answer would have been.
func (f *Fault) write(w http.ResponseWriter, r *http.Request, a answer) {
	switch f.Kind {
	case Denied:
		code := "AuthorizationFailed"
		if strings.HasPrefix(r.URL.Path, "/v1.0/") {
			code = "Authorization_RequestDenied"
		}
		refuse(http.StatusForbidden, code, "The client does not have authorization to perform the action.").write(w)
	case Throttle:
		throttled("arm", 0).write(w)
	case Expired:
		refuse(http.StatusUnauthorized, "ExpiredAuthenticationToken", "The access token expiry UTC time is earlier than current UTC time.").write(w)
	case Hang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case Broken:
		refuse(http.StatusInternalServerError, "InternalServerError", "The server has encountered an internal error.").write(w)
	case Missing:
		answer{status: http.StatusNotFound, body: []byte("<html>not found</html>")}.write(w)
	case Malformed:
		answer{status: http.StatusOK, body: []byte(`{"value": [}`)}.write(w)
	case Truncated:
		f.truncate(w, a)
	case Empty, Repeated:
		ok(f.page(r)).write(w)
	case Endless:
		answer{status: http.StatusOK, body: []byte(`{"value":[0`)}.write(w)
		for chunk := bytes.Repeat([]byte(",0"), 1<<15); ; {
			if _, err := w.Write(chunk); err != nil || r.Context().Err() != nil {
				return
			}
		}
	case Redirect:
		w.Header().Set("Location", "https://elsewhere.example"+r.URL.Path)
		w.WriteHeader(http.StatusFound)
	}
}

// truncate breaks the connection in the middle of the body.
func (f *Fault) truncate(w http.ResponseWriter, a answer) {
	half := a
	half.body = a.body[:len(a.body)/2]
	half.write(w)
	if flusher, can := w.(http.Flusher); can {
		flusher.Flush()
	}
	panic(http.ErrAbortHandler) // net/http's way to break a connection
}

// page is a page of every service at once: none has elements, all have a next.
func (f *Fault) page(r *http.Request) map[string]any {
	next := "https://" + r.Host + r.URL.Path + "?api-version=2022-12-01&$skiptoken=again"
	return map[string]any{"value": []any{}, "nextLink": next, "@odata.nextLink": next, "data": []any{}, "count": 0, "totalRecords": 5, "resultTruncated": "true", "$skipToken": "again"}
}
