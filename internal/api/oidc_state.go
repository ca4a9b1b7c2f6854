package api

import (
	"context"
	"net/http"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/oidc"
)

// SignInMethods are the ways to sign in that the page offers.
type SignInMethods struct {
	Password bool          `json:"password" doc:"by name and password, and by one-time links"`
	OIDC     *IssuerMethod `json:"oidc,omitempty" doc:"absent when it is not set up"`
	Refused  *Problem      `json:"refused,omitempty" doc:"why this browser's last attempt by OpenID Connect let nobody in"`
}

// IssuerMethod is signing in at an issuer.
type IssuerMethod struct {
	Name   string `json:"name" doc:"what people call the issuer"`
	Ready  bool   `json:"ready" doc:"false while the issuer has not answered yet"`
	Logout string `json:"logout,omitempty" doc:"where to sign out of the issuer itself"`
}

// AskMethods carries the cookie of a refusal.
type AskMethods struct {
	Refused string `cookie:"bulwark_oidc_refused" hidden:"true"`
}

// IssuerState is how sign-in by OpenID Connect is set up, and how it goes.
type IssuerState struct {
	Configured  bool              `json:"configured"`
	Password    bool              `json:"password" doc:"local users may sign in too"`
	Issuer      string            `json:"issuer,omitempty"`
	Name        string            `json:"name,omitempty"`
	ClientID    string            `json:"clientId,omitempty"`
	Redirect    string            `json:"redirect,omitempty" doc:"the redirect URI to register at the issuer"`
	Scopes      []string          `json:"scopes"`
	GroupsClaim string            `json:"groupsClaim,omitempty"`
	UserClaim   string            `json:"userClaim,omitempty" doc:"absent: a verified email address, else the subject"`
	Grants      []oidc.GroupGrant `json:"grants" doc:"what members of groups may do"`
	Hours       float64           `json:"sessionHours,omitempty" doc:"a session lasts so long; groups are read when it begins"`
	Ready       bool              `json:"ready"`
	Error       string            `json:"error,omitempty" doc:"why the issuer could not be read at the last attempt"`
	Checked     *time.Time        `json:"checked,omitempty"`
	Logout      bool              `json:"logout" doc:"the issuer has a page to sign out of it"`
}

var (
	_ = route(op{method: "GET", path: "/auth/methods", id: "sign-in-methods", summary: "How people sign in here", tag: "session", allow: Permission{On: Public}},
		func(s *Server, _ context.Context, in *AskMethods) (*Answer[SignInMethods], error) {
			out := SignInMethods{Password: !s.NoPasswords, Refused: s.refusalOf(in.Refused)}
			if s.OIDC != nil {
				state := s.OIDC.State()
				out.OIDC = &IssuerMethod{Name: s.OIDC.Name, Ready: state.Ready, Logout: state.Logout}
				if state.Logout != "" {
					out.OIDC.Logout = logoutAddress(state.Logout, s.OIDC.ClientID)
				}
			}
			return answer(out, nil)
		})

	_ = route(op{method: "GET", path: "/auth/oidc", id: "oidc", summary: "How sign-in by OpenID Connect is set up, without the secret", tag: "accounts", allow: owners},
		func(s *Server, _ context.Context, _ *None) (*Answer[IssuerState], error) {
			if s.OIDC == nil {
				return answer(IssuerState{Password: true, Scopes: []string{}, Grants: []oidc.GroupGrant{}}, nil)
			}
			c, state := s.OIDC.Config, s.OIDC.State()
			out := IssuerState{Configured: true, Password: !s.NoPasswords, Issuer: c.Issuer, Name: c.Name, ClientID: c.ClientID, Redirect: c.Redirect, Scopes: c.Scopes,
				GroupsClaim: c.GroupsClaim, UserClaim: c.UserClaim, Grants: c.Grants, Hours: issuerTime.Hours(), Ready: state.Ready, Error: state.Error, Logout: state.Logout != ""}
			if !state.Checked.IsZero() {
				out.Checked = &state.Checked
			}
			return answer(out, nil)
		})
)

// refusal is what the cookie of a refusal holds.
type refusal struct {
	*Problem
	Expires int64 `json:"e"` // Unix seconds
}

func (s *Server) refusalOf(cookie string) *Problem {
	var r refusal
	if cookie == "" || !s.unseal(refusalCookie, cookie, &r) || s.Now().Unix() >= r.Expires {
		return nil
	}
	return r.Problem
}

// kept returns what a user may do. Who comes from an issuer has no more than
// the configuration still gives, so that a changed one holds at once, for
// sessions and tokens alike.
func (s *Server) kept(u bulwark.User) []bulwark.Grant {
	switch {
	case u.Subject == "":
		return u.Grants
	case s.OIDC == nil:
		return nil
	}
	return s.OIDC.Still(u.Grants)
}

// out reports whether a user may not be signed in at all.
func (s *Server) out(u bulwark.User) bool {
	return u.Disabled || u.Subject == "" && s.NoPasswords
}

var errNoPasswords = &Problem{Status: http.StatusForbidden, Code: "denied", Message: "Local users do not sign in here.", Mend: "Sign in by OpenID Connect; who has the machine can start the server without --local-sign-in=false."}
