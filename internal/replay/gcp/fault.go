package gcp

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark/internal/replay"
)

// Faults that only this provider's server has.
const (
	EndlessTokens replay.Kind = "endless tokens" // a new token each time, and never an item
	Expired       replay.Kind = "expired"        // the caller's token is not taken
)

// Kinds are all there are.
var Kinds = append(slices.Clone(replay.Kinds), EndlessTokens, Expired)

// strike answers wrongly; it is false where the right answer goes on.
func (s *Server) strike(w http.ResponseWriter, r *request, rule *replay.Rule, n int) bool {
	switch rule.Kind {
	case replay.Denied:
		writeError(w, denied(r.needs, r.object))
	case replay.Throttled:
		writeError(w, exhausted(r.service, r.call, time.Second))
	case replay.Timeout:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case replay.ServerError:
		writeError(w, fail(http.StatusInternalServerError, "INTERNAL", "Internal error encountered."))
	case replay.Malformed:
		w.Write([]byte(`{"assets":[{"name":"//`))
	case replay.Truncated:
		w.Header().Set("Content-Length", "1000")
		w.Write([]byte(`{"assets":[{`))
		panic(http.ErrAbortHandler)
	case replay.RepeatedToken:
		fmt.Fprintf(w, `{"readTime":%q,"nextPageToken":"again"}`, s.o.Now().UTC().Format(time.RFC3339))
	case EndlessTokens:
		fmt.Fprintf(w, `{"readTime":%q,"nextPageToken":"page-%d"}`, s.o.Now().UTC().Format(time.RFC3339), n)
	case replay.EmptyPage:
		return s.emptyPage(w, r)
	case replay.Endless:
		for blank := []byte(strings.Repeat(" ", 1<<16)); ; {
			if _, err := w.Write(blank); err != nil {
				return true
			}
		}
	case replay.Redirect:
		http.Redirect(w, r.Request, cmp.Or(rule.Location, "https://elsewhere.example/"), http.StatusTemporaryRedirect)
	case replay.Slow:
		select {
		case <-r.Context().Done():
		case <-time.After(rule.Delay):
		}
		return false
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
