package api

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/bulwarksec/bulwark"
)

const (
	sessionCookie = "bulwark_session"
	csrfHeader    = "X-CSRF-Token"
	sessionTime   = 12 * time.Hour
	linkTime      = time.Hour
	inviteTime    = 72 * time.Hour
)

var errNobody = &Problem{Status: http.StatusUnauthorized, Code: "unauthenticated", Message: "Nobody is signed in.", Mend: "Sign in, or use an API token."}

// permit lets through who has the permission, and tells the handler who it is.
func (s *Server) permit(p Permission) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		c, err := s.authenticate(r)
		var refused *Problem
		if p.On == Public && errors.As(err, &refused) { // sign-in needs no session, nor a session's CSRF token
			c, err = &caller{}, nil
		}
		if err == nil && !c.permits(p) {
			err = fmt.Errorf("%s needs the role %s: %w", ctx.Operation().OperationID, p, bulwark.ErrDenied)
		}
		if err != nil {
			pr := problemOf(err)
			if pr.Code == "internal" {
				s.log.Error("authentication failed", "error", err)
			}
			writeProblem(w, pr)
			return
		}
		ctx = huma.WithValue(ctx, callerKey{}, c)
		ctx = huma.WithValue(ctx, addressKey{}, clientAddress(r))
		next(huma.WithValue(ctx, hostKey{}, r.Host))
	}
}

type (
	addressKey struct{}
	hostKey    struct{}
)

// clientAddress returns the peer's address; forwarding headers are not
// believed.
func clientAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// authenticate returns who makes a request: by having the data folder, else by
// bearer token, else by session
// cookie, which must come with the session's CSRF token where it changes
// something.
func (s *Server) authenticate(r *http.Request) (*caller, error) {
	if r.Context().Value(localKey{}) != nil {
		return s.byFolder(r)
	}
	if auth := r.Header.Get("Authorization"); auth != "" {
		secret, ok := strings.CutPrefix(auth, "Bearer ")
		if !ok || len(secret) > 256 {
			return nil, errNobody
		}
		return s.byToken(r.Context(), secret)
	}
	cookie, err := r.Cookie(sessionCookie)
	if err != nil || len(cookie.Value) > 256 {
		return nil, errNobody
	}
	c, err := s.bySession(r.Context(), cookie.Value)
	if err != nil {
		return nil, err
	}
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead
	if !safe && subtle.ConstantTimeCompare([]byte(r.Header.Get(csrfHeader)), []byte(csrfToken(cookie.Value))) != 1 {
		return nil, &Problem{Status: http.StatusForbidden, Code: "denied", Message: "The request lacks the session's CSRF token.", Mend: "Send what GET " + prefix + "/session returns as csrf in the header " + csrfHeader + "."}
	}
	return c, nil
}

// csrfToken is derived from the session's secret, so that nothing need be kept.
func csrfToken(secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("csrf"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// known turns "there is no such session" into "nobody is signed in".
func known(err error) error {
	if errors.Is(err, bulwark.ErrNotFound) {
		return errNobody
	}
	return err
}

func (s *Server) bySession(ctx context.Context, secret string) (*caller, error) {
	session, err := s.Store.Session(ctx, hashSecret(secret))
	if err != nil {
		return nil, known(err)
	}
	if !s.Now().Before(session.Expires) {
		return nil, errNobody
	}
	user, _, err := s.Store.User(ctx, session.User)
	if err != nil {
		return nil, known(err)
	}
	if s.out(user) {
		return nil, errNobody
	}
	return &caller{actor: "user:" + user.Name, user: user.Name, grants: s.kept(user), secret: secret, issued: user.Subject != ""}, nil
}

// byToken gives a token its grant as far as its maker still has it.
func (s *Server) byToken(ctx context.Context, secret string) (*caller, error) {
	token, err := s.Store.Token(ctx, hashSecret(secret), s.Now())
	if err != nil {
		return nil, known(err)
	}
	if !s.Now().Before(token.Expires) {
		return nil, errNobody
	}
	user, _, err := s.Store.User(ctx, token.User)
	if err != nil {
		return nil, known(err)
	}
	if user.Disabled {
		return nil, errNobody
	}
	return &caller{actor: "token:" + token.Name, user: user.Name, grants: within(token.Grant, s.kept(user))}, nil
}

// signIn makes a session and its cookie.
func (s *Server) signIn(ctx context.Context, user string, valid time.Duration) (*http.Cookie, error) {
	secret := newSecret("")
	now := s.Now().UTC()
	err := s.Store.AddSession(ctx, bulwark.Session{Hash: hashSecret(secret), User: user, Created: now, Expires: now.Add(valid)})
	if err != nil {
		return nil, err
	}
	return s.cookie(secret, int(valid/time.Second)), nil
}

func (s *Server) cookie(secret string, seconds int) *http.Cookie {
	return &http.Cookie{Name: sessionCookie, Value: secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: s.Secure, MaxAge: seconds}
}

// verify compares a password at bounded memory for all requests together.
func (s *Server) verify(ctx context.Context, hash, password string) (bool, error) {
	select {
	case s.hashing <- struct{}{}:
		defer func() { <-s.hashing }()
		return verifyPassword(hash, password), nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// hash hashes a new password at the same bound.
func (s *Server) hash(ctx context.Context, password string) (string, error) {
	select {
	case s.hashing <- struct{}{}:
		defer func() { <-s.hashing }()
		return hashPassword(password), nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// link keeps a one-time link and returns its address.
func (s *Server) link(ctx context.Context, user string, grants []bulwark.Grant, valid time.Duration) (string, error) {
	secret := newSecret("")
	err := s.Store.AddLink(ctx, bulwark.Link{Hash: hashSecret(secret), User: user, Grants: grants, Expires: s.Now().UTC().Add(valid)})
	if err != nil {
		return "", err
	}
	address := strings.TrimSuffix(s.URL, "/") + "/sign-in?token=" + url.QueryEscape(secret)
	if user != "" { // the page then asks for a password only
		address += "&name=" + url.QueryEscape(user)
	}
	return address, nil
}

// FirstLink returns a one-time link that makes an owner, valid for an hour,
// when there is no user yet; else "".
func (s *Server) FirstLink(ctx context.Context) (string, error) {
	users, err := s.Store.Users(ctx)
	if err != nil {
		return "", fmt.Errorf("api: first link: %w", err)
	}
	if len(users) > 0 {
		return "", nil
	}
	return s.OwnerLink(ctx)
}

// OwnerLink returns a one-time link that makes a further owner, valid for an
// hour: the way back in for who has the machine. It is written to the audit
// log.
func (s *Server) OwnerLink(ctx context.Context) (string, error) {
	address, err := s.link(ctx, "", []bulwark.Grant{{Role: bulwark.Owner}}, linkTime)
	if err != nil {
		return "", fmt.Errorf("api: owner link: %w", err)
	}
	return address, s.audit(ctx, &caller{actor: "system"}, "link.create", "owner", "")
}

// audit writes who did what. A change whose entry cannot be written is told as
// failed, though it was made.
func (s *Server) audit(ctx context.Context, c *caller, action, object, detail string) error {
	err := s.Store.Audit(ctx, bulwark.AuditEntry{At: s.Now().UTC(), Actor: c.actor, Action: action, Object: object, Detail: detail})
	if err != nil {
		return fmt.Errorf("write the audit log: %w", err)
	}
	return nil
}
