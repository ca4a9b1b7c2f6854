package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/bulwarksec/bulwark"
)

// asHeader names the user for whom somebody with the data folder acts.
const asHeader = "X-Bulwark-As"

type localKey struct{}

// LocalHandler answers who has the data folder itself, by a socket in it or in
// the same process: an owner without a name, or the user whom the header
// X-Bulwark-As names, with that user's rights. The audit log calls them local.
// It must not be reachable in any other way.
func (s *Server) LocalHandler() http.Handler {
	inner := s.measure(s.mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), localKey{}, true)))
	})
}

// ServeLocal answers on a socket that only the owner of the data folder can
// reach, until ctx ends; it then returns nil.
func (s *Server) ServeLocal(ctx context.Context, l net.Listener) error {
	if l.Addr().Network() != "unix" {
		return fmt.Errorf("api: serve locally on %s: %w: want a socket file", l.Addr(), bulwark.ErrInvalid)
	}
	return s.answer(ctx, l, nil, s.LocalHandler())
}

// byFolder returns who makes a request to LocalHandler.
func (s *Server) byFolder(r *http.Request) (*caller, error) {
	name := r.Header.Get(asHeader)
	if name == "" {
		return &caller{actor: "local", local: true, grants: []bulwark.Grant{{Role: bulwark.Owner}}}, nil
	}
	user, _, err := s.Store.User(r.Context(), name)
	if err != nil {
		if errors.Is(err, bulwark.ErrNotFound) {
			return nil, &Problem{Status: http.StatusNotFound, Code: "not-found", Message: "No user has this name.", Detail: name, Mend: "List the users."}
		}
		return nil, err
	}
	if user.Disabled {
		return nil, errNobody
	}
	return &caller{actor: "local:" + user.Name, local: true, user: user.Name, grants: s.kept(user), issued: user.Subject != ""}, nil
}
