package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/bulwarksec/bulwark"
)

// Session is who is signed in.
type Session struct {
	Name   string          `json:"name"`
	Role   bulwark.Role    `json:"role" doc:"the highest that is held anywhere"`
	Grants []bulwark.Grant `json:"grants"`
	CSRF   string          `json:"csrf" doc:"to be sent in X-CSRF-Token with every change; empty with a token"`
}

// CookieAnswer sets or clears the session's cookie.
type CookieAnswer struct {
	Cookie *http.Cookie `header:"Set-Cookie"`
	Body   Session
}

// SignIn is a name and a password.
type SignIn struct {
	Body struct {
		Name     string `json:"name" minLength:"1" maxLength:"64"`
		Password string `json:"password" minLength:"1" maxLength:"1024"`
	}
}

// UseLink uses up a one-time link.
type UseLink struct {
	Body struct {
		Token    string `json:"token" minLength:"1" maxLength:"256" doc:"of the link"`
		Name     string `json:"name,omitempty" maxLength:"64" doc:"the new user's; an invitation has its own"`
		Password string `json:"password" minLength:"1" maxLength:"1024"`
	}
}

var _ = route(op{method: "GET", path: "/session", id: "session", summary: "Who is signed in", tag: "session", allow: Permission{On: Public}},
	func(s *Server, ctx context.Context, _ *None) (*Answer[Session], error) {
		c := callerOf(ctx)
		if c.actor == "" {
			return nil, errNobody
		}
		return answer(sessionOf(c), nil)
	})

var _ = route(op{method: "POST", path: "/session", id: "sign-in", summary: "Sign in with name and password", tag: "session", allow: Permission{On: Public}}, (*Server).passwordSignIn)

var _ = route(op{method: "POST", path: "/session/link", id: "sign-in-by-link", summary: "Use a one-time link to choose a name and password", tag: "session", allow: Permission{On: Public}}, (*Server).linkSignIn)

var _ = route(op{method: "DELETE", path: "/session", id: "sign-out", summary: "Sign out", tag: "session", status: http.StatusNoContent, allow: Permission{bulwark.Reader, Somewhere}},
	func(s *Server, ctx context.Context, _ *None) (*struct {
		Cookie *http.Cookie `header:"Set-Cookie"`
	}, error) {
		c := callerOf(ctx)
		if c.secret == "" {
			return nil, invalid("A token has no session to end.", "Delete the token instead.")
		}
		if err := s.Store.DeleteSession(ctx, hashSecret(c.secret)); err != nil && !errors.Is(err, bulwark.ErrNotFound) {
			return nil, err
		}
		out := &struct {
			Cookie *http.Cookie `header:"Set-Cookie"`
		}{s.cookie("", -1)}
		return out, s.audit(ctx, c, "session.delete", c.user, "")
	})

func sessionOf(c *caller) Session {
	out := Session{Name: c.user, Grants: c.grants}
	if out.Grants == nil {
		out.Grants = []bulwark.Grant{}
	}
	for _, g := range c.grants {
		if ranks[g.Role] > ranks[out.Role] {
			out.Role = g.Role
		}
	}
	if c.secret != "" {
		out.CSRF = csrfToken(c.secret)
	}
	return out
}

// admit counts an attempt to sign in against the limits and returns what takes
// it back.
func (s *Server) admit(ctx context.Context, name string) (succeeded func(), err error) {
	address, _ := ctx.Value(addressKey{}).(string)
	both := "both\x00" + address + "\x00" + name
	now := s.Now()
	if !s.attempt.allow("host\x00"+address, attemptsByHost, now) || !s.attempt.allow(both, attemptsByName, now) || !s.attempt.allow("name\x00"+name, attemptsAnywhere, now) {
		return nil, errTooOften
	}
	return func() {
		s.attempt.clear("host\x00" + address)
		s.attempt.clear(both)
	}, nil
}

func (s *Server) passwordSignIn(ctx context.Context, in *SignIn) (*CookieAnswer, error) {
	if s.NoPasswords {
		return nil, errNoPasswords
	}
	name := in.Body.Name
	succeeded, err := s.admit(ctx, name)
	if err != nil {
		return nil, err
	}
	user, hash, err := s.Store.User(ctx, name)
	missing := errors.Is(err, bulwark.ErrNotFound)
	if err != nil && !missing {
		return nil, err
	}
	if missing || user.Disabled || hash == "" {
		hash = nobody
	}
	ok, err := s.verify(ctx, hash, in.Body.Password)
	if err != nil {
		return nil, err
	}
	if !ok || hash == nobody {
		if err := s.audit(ctx, &caller{actor: "anonymous"}, "session.refuse", name, ""); err != nil {
			return nil, err
		}
		return nil, &Problem{Status: http.StatusUnauthorized, Code: "bad-credentials", Message: "Name and password do not match."}
	}
	succeeded()
	return s.started(ctx, user, sessionTime)
}

func (s *Server) linkSignIn(ctx context.Context, in *UseLink) (*CookieAnswer, error) {
	if s.NoPasswords {
		return nil, errNoPasswords
	}
	succeeded, err := s.admit(ctx, "")
	if err != nil {
		return nil, err
	}
	spent := &Problem{Status: http.StatusUnauthorized, Code: "bad-credentials", Message: "The link was used already, or is too old.", Mend: "Ask for a new one."}
	hash := hashSecret(in.Body.Token)
	link, err := s.Store.Link(ctx, hash)
	if errors.Is(err, bulwark.ErrNotFound) || err == nil && !s.Now().Before(link.Expires) {
		return nil, spent
	}
	if err != nil {
		return nil, err
	}
	user := bulwark.User{Name: link.User, Grants: link.Grants, Created: s.Now().UTC()}
	if user.Name == "" {
		user.Name = in.Body.Name
	}
	if err := errors.Join(checkName(user.Name), checkPassword(user.Name, in.Body.Password)); err != nil {
		return nil, err
	}
	password, err := s.hash(ctx, in.Body.Password)
	if err != nil {
		return nil, err
	}
	err = s.Store.TakeLink(ctx, hash, user, password)
	switch {
	case errors.Is(err, bulwark.ErrNotFound):
		return nil, spent
	case errors.Is(err, bulwark.ErrConflict):
		return nil, &Problem{Status: http.StatusConflict, Code: "conflict", Message: "The name is taken.", Mend: "Choose another."}
	case err != nil:
		return nil, err
	}
	succeeded()
	if err := s.audit(ctx, &caller{actor: "user:" + user.Name}, "user.create", user.Name, "by one-time link"); err != nil {
		return nil, err
	}
	return s.started(ctx, user, sessionTime)
}

func (s *Server) started(ctx context.Context, user bulwark.User, valid time.Duration) (*CookieAnswer, error) {
	cookie, err := s.signIn(ctx, user.Name, valid)
	if err != nil {
		return nil, fmt.Errorf("sign in: %w", err)
	}
	c := &caller{actor: "user:" + user.Name, user: user.Name, grants: user.Grants, secret: cookie.Value}
	how := ""
	if user.Subject != "" {
		how = "by OpenID Connect"
	}
	if err := s.audit(ctx, c, "session.create", user.Name, how); err != nil {
		return nil, err
	}
	return &CookieAnswer{Cookie: cookie, Body: sessionOf(c)}, nil
}
