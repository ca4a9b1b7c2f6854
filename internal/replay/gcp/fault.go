package gcp

import (
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"
)

// Kind is a way in which a call goes wrong.
type Kind string

// What may happen to a call.
const (
	Denied        Kind = "denied"
	Throttled     Kind = "throttled"
	Hang          Kind = "hang"           // no answer until the client leaves
	ServerError   Kind = "server error"   // status 500 with the provider's body
	Malformed     Kind = "malformed"      // a body that is not JSON
	Truncated     Kind = "truncated"      // the connection ends in the middle of the body
	EmptyPage     Kind = "empty page"     // nothing, and a token for the first page
	RepeatedToken Kind = "repeated token" // every page has the same token
	Endless       Kind = "endless"        // a token each time, and never an item
	Flood         Kind = "flood"          // a body without end
	Redirect      Kind = "redirect"       // to another host
	Expired       Kind = "expired"        // the caller's token is not taken
)

// Kinds are all there are.
var Kinds = []Kind{Denied, Throttled, Hang, ServerError, Malformed, Truncated, EmptyPage, RepeatedToken, Endless, Flood, Redirect, Expired}

// Rule makes calls go wrong.
type Rule struct {
	Call  string // pattern of path.Match: cloudasset:assets.list IAM_POLICY, bigquery:*
	Kind  Kind
	After int // calls that pass before it begins
	Times int // calls that go wrong, then it ends; 0 is all
}

// rule returns what goes wrong with a request, or nil.
func (s *Server) rule(r *request) *Rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.o.Faults {
		rule := &s.o.Faults[i]
		if ok, _ := path.Match(rule.Call, r.call); !ok {
			continue
		}
		s.struck[i]++
		if n := s.struck[i] - rule.After; n > 0 && (rule.Times == 0 || n <= rule.Times) {
			return rule
		}
	}
	return nil
}

// strike answers wrongly; it is false where the right answer goes on.
func (s *Server) strike(w http.ResponseWriter, r *request, rule *Rule) bool {
	switch rule.Kind {
	case Denied:
		writeError(w, denied(r.needs, r.object))
	case Throttled:
		writeError(w, exhausted(r.service, r.call, time.Second))
	case Hang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case ServerError:
		writeError(w, fail(http.StatusInternalServerError, "INTERNAL", "Internal error encountered."))
	case Malformed:
		w.Write([]byte(`{"assets":[{"name":"//`))
	case Truncated:
		w.Header().Set("Content-Length", "1000")
		w.Write([]byte(`{"assets":[{`))
		panic(http.ErrAbortHandler)
	case RepeatedToken:
		fmt.Fprintf(w, `{"readTime":%q,"nextPageToken":"again"}`, s.o.Now().UTC().Format(time.RFC3339))
	case Endless:
		fmt.Fprintf(w, `{"readTime":%q,"nextPageToken":"page-%d"}`, s.o.Now().UTC().Format(time.RFC3339), s.Counts()[r.call].Calls)
	case EmptyPage:
		return s.emptyPage(w, r)
	case Flood:
		for blank := []byte(strings.Repeat(" ", 1<<16)); ; {
			if _, err := w.Write(blank); err != nil {
				return true
			}
		}
	case Redirect:
		http.Redirect(w, r.Request, "https://elsewhere.example/", http.StatusTemporaryRedirect)
	case Expired:
		writeError(w, unauthenticated())
	}
	return true
}

// emptyPage answers a listing's first page without assets and with a token for
// what should have been in it.
func (s *Server) emptyPage(w http.ResponseWriter, r *request) bool {
	if r.service != "cloudasset" || r.URL.Query().Get("pageToken") != "" {
		return false
	}
	l, f := s.readListing(r)
	if f != nil {
		return false
	}
	fmt.Fprintf(w, `{"readTime":%q,"nextPageToken":%q}`, l.at.UTC().Format(time.RFC3339Nano), l.token(""))
	return true
}
