package api

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/oidc"
)

// CallbackPath is where an issuer sends browsers back to, below the server's
// address.
const CallbackPath = prefix + "/auth/oidc/callback"

const (
	attemptCookie = "bulwark_oidc"         // an attempt that goes on
	refusalCookie = "bulwark_oidc_refused" // why the last one let nobody in
	attemptTime   = 10 * time.Minute       // within attemptWindow, so that used states are remembered as long
	refusalTime   = 2 * time.Minute
	issuerTime    = 8 * time.Hour // a session lasts; groups are read at its beginning only
)

// BeginOIDC asks where to go.
type BeginOIDC struct {
	Body struct {
		Next string `json:"next,omitempty" maxLength:"1024" doc:"path of this server to come back to; / when absent or elsewhere"`
	}
}

// OIDCAddress is where the browser goes next, with the cookie that binds the
// answer to it.
type OIDCAddress struct {
	Cookie *http.Cookie `header:"Set-Cookie"`
	Body   struct {
		Location string `json:"location" doc:"at the issuer"`
	}
}

var _ = route(op{method: "POST", path: "/auth/oidc", id: "begin-oidc", summary: "Begin to sign in by OpenID Connect", tag: "session", allow: Permission{On: Public}}, (*Server).beginOIDC)

// attempt is what the cookie of an attempt holds. State, nonce and verifier
// are derived from its secret.
type attempt struct {
	Secret  string `json:"s"`
	Next    string `json:"n"`
	Expires int64  `json:"e"` // Unix seconds
}

func (a attempt) derive(what string) string {
	mac := hmac.New(sha256.New, []byte(a.Secret))
	mac.Write([]byte(what))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (a attempt) parts() oidc.Attempt {
	return oidc.Attempt{State: a.derive("state"), Nonce: a.derive("nonce"), Verifier: a.derive("verifier")}
}

func (s *Server) beginOIDC(ctx context.Context, in *BeginOIDC) (*OIDCAddress, error) {
	if s.OIDC == nil {
		return nil, errNoIssuer
	}
	// The issuer sends the browser back to the one address that it knows; a
	// cookie of another would not be there.
	own, err := url.Parse(s.URL)
	if host, _ := ctx.Value(hostKey{}).(string); err != nil || !strings.EqualFold(host, own.Host) {
		return nil, invalid("Signing in by "+s.OIDC.Name+" works at one address of this server.", "Open "+s.URL+"/sign-in instead; a proxy before the server must pass the Host header on.")
	}
	address, _ := ctx.Value(addressKey{}).(string)
	if !s.attempt.allow("host\x00"+address, attemptsByHost, s.Now()) {
		return nil, errTooOften
	}
	a := attempt{Secret: newSecret(""), Next: ownPath(in.Body.Next), Expires: s.Now().Add(attemptTime).Unix()}
	out := &OIDCAddress{}
	if out.Body.Location, err = s.OIDC.Begin(a.parts()); err != nil {
		return nil, &Problem{Status: http.StatusServiceUnavailable, Code: "unavailable", Message: s.OIDC.Name + " does not answer.", Mend: "Try again in a minute; an owner sees the reason in the log and in Settings."}
	}
	out.Cookie = s.oidcCookie(attemptCookie, s.seal(attemptCookie, a), attemptTime)
	return out, nil
}

var errNoIssuer = &Problem{Status: http.StatusNotFound, Code: "not-found", Message: "Signing in by OpenID Connect is not set up.", Mend: "An owner sets it up by --oidc-issuer."}

// ownPath returns a path of this server, and / for what a browser would take
// for another's.
func ownPath(next string) string {
	u, err := url.Parse(next)
	odd := func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsFunc(next, odd) {
		return "/"
	}
	return next
}

// oidcCookie is sent when the issuer sends the browser back, which Strict
// would not be.
func (s *Server) oidcCookie(name, value string, valid time.Duration) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: prefix + "/auth", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.Secure, MaxAge: int(valid / time.Second)}
}

// callback is where the issuer sends the browser back to. It always leads to a
// page: the one that was wanted, or the sign-in page, which asks why.
func (s *Server) callback(w http.ResponseWriter, r *http.Request) {
	a, err := s.attemptOf(r)
	if err == nil {
		http.SetCookie(w, s.oidcCookie(attemptCookie, "", -time.Second))
		var session *http.Cookie
		if session, err = s.finishOIDC(r.Context(), a, r); err == nil {
			http.SetCookie(w, session)
			http.Redirect(w, r, a.Next, http.StatusSeeOther)
			return
		}
	}
	p := problemOf(err)
	if p.Code == "internal" {
		s.log.Error("sign-in by OpenID Connect failed", "error", err)
	}
	http.SetCookie(w, s.oidcCookie(refusalCookie, s.seal(refusalCookie, refusal{p, s.Now().Add(refusalTime).Unix()}), refusalTime))
	to := "/sign-in?refused=" + url.QueryEscape(p.Code)
	if a.Next != "" && a.Next != "/" {
		to += "&next=" + url.QueryEscape(a.Next)
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// attemptOf returns the attempt that a browser comes back with. An answer to
// another one leaves the cookie, so that nobody can end an attempt from afar.
func (s *Server) attemptOf(r *http.Request) (attempt, error) {
	if s.OIDC == nil {
		return attempt{}, errNoIssuer
	}
	var a attempt
	cookie, err := r.Cookie(attemptCookie)
	if err != nil || !s.unseal(attemptCookie, cookie.Value, &a) || s.Now().Unix() >= a.Expires ||
		subtle.ConstantTimeCompare([]byte(r.URL.Query().Get("state")), []byte(a.parts().State)) != 1 {
		return attempt{}, &Problem{Status: http.StatusBadRequest, Code: "invalid", Message: "This browser has not begun that sign-in, or more than ten minutes ago.", Mend: "Begin again."}
	}
	return a, nil
}

// finishOIDC takes the issuer's answer once and starts a session.
func (s *Server) finishOIDC(ctx context.Context, a attempt, r *http.Request) (*http.Cookie, error) {
	if !s.attempt.allow("state\x00"+a.parts().State, 1, s.Now()) {
		return nil, s.refuse(ctx, "", &Problem{Status: http.StatusUnauthorized, Code: "bad-credentials", Message: "That answer of the issuer was used already.", Mend: "Begin again."})
	}
	q := r.URL.Query()
	person, err := s.OIDC.Finish(ctx, a.parts(), oidc.Response{State: q.Get("state"), Code: q.Get("code"), Issuer: q.Get("iss"), Error: q.Get("error"), Description: q.Get("error_description")})
	var refused *oidc.Refused
	if errors.As(err, &refused) {
		s.log.Warn("sign-in by OpenID Connect refused", "error", err)
		return nil, s.refuse(ctx, "", &Problem{Status: http.StatusUnauthorized, Code: "bad-credentials", Message: refused.Reason, Mend: refused.Mend})
	}
	if err != nil {
		return nil, err
	}
	user, err := s.userOf(ctx, person)
	if err != nil {
		return nil, err
	}
	out, err := s.started(ctx, user, issuerTime)
	if err != nil {
		return nil, err
	}
	s.attempt.clear("host\x00" + clientAddress(r))
	return out.Cookie, nil
}

// refuse writes the audit log and returns why nobody is let in.
func (s *Server) refuse(ctx context.Context, name string, p *Problem) error {
	if name == "" {
		name = s.OIDC.Host()
	}
	if err := s.audit(ctx, &caller{actor: "anonymous"}, "session.refuse", name, p.Message); err != nil {
		return err
	}
	return p
}

// userOf returns the user who a person is, with what the groups grant now. A
// person is known by issuer and subject: a name that the issuer hands to
// somebody else opens nothing of the first one's.
func (s *Server) userOf(ctx context.Context, p oidc.Person) (bulwark.User, error) {
	grants := s.OIDC.Granted(p.Groups)
	user, err := s.Store.UserBySubject(ctx, p.Subject)
	known := err == nil
	if err != nil && !errors.Is(err, bulwark.ErrNotFound) {
		return user, err
	}
	if user.Disabled {
		return user, s.refuse(ctx, user.Name, &Problem{Status: http.StatusForbidden, Code: "denied", Message: "This account is disabled here.", Detail: user.Name, Mend: "Ask an owner of Bulwark to enable it."})
	}
	if known && !sameGrants(user.Grants, grants) { // also when none is left: tokens end with them
		if err := s.Store.SetGrants(ctx, user.Name, grants); err != nil {
			return user, err
		}
		if err := s.audit(ctx, &caller{actor: "user:" + user.Name}, "user.grants", user.Name, grantsText(grants)); err != nil {
			return user, err
		}
	}
	if len(grants) == 0 {
		return user, s.refuse(ctx, p.Name, s.noAccess(p))
	}
	if known {
		user.Grants = grants
		return user, nil
	}
	return s.addPerson(ctx, p, grants)
}

// addPerson adds who signs in for the first time.
func (s *Server) addPerson(ctx context.Context, p oidc.Person, grants []bulwark.Grant) (bulwark.User, error) {
	user := bulwark.User{Name: p.Name, Subject: p.Subject, Grants: grants, Created: s.Now().UTC()}
	switch err := s.Store.AddUser(ctx, user, ""); {
	case errors.Is(err, bulwark.ErrConflict):
		if again, e := s.Store.UserBySubject(ctx, p.Subject); e == nil && !again.Disabled { // a second window was quicker
			return again, nil
		}
		return user, s.refuse(ctx, p.Name, &Problem{Status: http.StatusConflict, Code: "conflict", Message: "The name belongs to somebody else here.", Detail: p.Name, Mend: "If the other one is gone, an owner deletes that user; else name people by another claim: --oidc-user-claim."})
	case err != nil:
		return user, err
	}
	return user, s.audit(ctx, &caller{actor: "user:" + user.Name}, "user.create", user.Name, "by OpenID Connect: "+grantsText(grants))
}

// noAccess names the groups that would grant access, at most as many as a
// cookie holds.
func (s *Server) noAccess(p oidc.Person) *Problem {
	const most = 1500 // bytes
	text := ""
	for _, g := range s.OIDC.Grants {
		line := g.Group + " (" + string(g.Role) + " on " + scopeName(g.Scope) + ")"
		if len(text)+len(line) > most {
			text += ", …"
			break
		}
		if text != "" {
			text += ", "
		}
		text += line
	}
	return &Problem{Status: http.StatusForbidden, Code: "denied", Message: "None of your groups grants access to Bulwark.", Detail: "You are " + p.Name + ". Access is granted to: " + text + ".",
		Mend: "Ask to be added to one of these groups at " + s.OIDC.Name + ", then sign in again."}
}
