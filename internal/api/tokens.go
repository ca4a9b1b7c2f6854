package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark"
)

// Token lets a program use the API.
type Token struct {
	ID       string       `json:"id"`
	Name     string       `json:"name"`
	Role     bulwark.Role `json:"role"`
	Scope    string       `json:"scope"`
	User     string       `json:"user" doc:"who made it; the token has no right that this user lacks"`
	Created  time.Time    `json:"created"`
	Expires  time.Time    `json:"expires"`
	LastUsed *time.Time   `json:"lastUsed,omitempty"`
}

// NewToken asks for a token.
type NewToken struct {
	Body struct {
		Name    string       `json:"name" minLength:"1" maxLength:"64"`
		Role    bulwark.Role `json:"role" enum:"reader,contributor,security-admin,owner"`
		Scope   string       `json:"scope,omitempty" maxLength:"1024" doc:"everything when absent"`
		Expires time.Time    `json:"expires" doc:"within a year; within a month for who signs in by OpenID Connect"`
	}
}

// MadeToken holds the secret of a new token.
type MadeToken struct {
	ID     string `json:"id"`
	Secret string `json:"secret" doc:"shown only now; send it as Authorization: Bearer"`
}

// A token lives for a year; one of a person of an issuer for a month, since
// nothing tells when that person leaves.
const (
	tokenTime       = 366 * 24 * time.Hour
	issuedTokenTime = 31 * 24 * time.Hour
)

var (
	_ = route(op{method: "GET", path: "/tokens", id: "tokens", summary: "The caller's tokens; an owner sees all", tag: "accounts", allow: readers},
		func(s *Server, ctx context.Context, _ *None) (*Answer[List[Token]], error) {
			tokens, err := s.Store.Tokens(ctx)
			items := []Token{}
			for _, t := range tokens {
				if !mayManage(callerOf(ctx), t) {
					continue
				}
				row := Token{ID: t.ID, Name: t.Name, Role: t.Grant.Role, Scope: t.Grant.Scope, User: t.User, Created: t.Created, Expires: t.Expires}
				if !t.LastUsed.IsZero() {
					row.LastUsed = &t.LastUsed
				}
				items = append(items, row)
			}
			return answer(list(items, ""), err)
		})
	_ = route(op{method: "POST", path: "/tokens", id: "make-token", summary: "Make a token with at most the caller's rights", tag: "accounts", status: http.StatusCreated, allow: readers}, (*Server).makeToken)
	_ = route(op{method: "DELETE", path: "/tokens/{id}", id: "delete-token", summary: "Delete a token", tag: "accounts", status: http.StatusNoContent, allow: readers}, (*Server).deleteToken)
)

func mayManage(c *caller, t bulwark.Token) bool { return t.User == c.user || c.permits(owners) }

func (s *Server) makeToken(ctx context.Context, in *NewToken) (*Answer[MadeToken], error) {
	c, b, now := callerOf(ctx), in.Body, s.Now().UTC()
	if err := checkRole(b.Role); err != nil {
		return nil, err
	}
	if c.local && c.user == "" {
		return nil, invalid("A token belongs to a user.", "Name one with --as.")
	}
	if c.secret == "" && !c.local {
		return nil, fmt.Errorf("a token cannot make tokens: %w", bulwark.ErrDenied)
	}
	if !c.may(b.Role, b.Scope) {
		return nil, fmt.Errorf("a token as %s on %s needs the same role: %w", b.Role, scopeName(b.Scope), bulwark.ErrDenied)
	}
	if c.issued && b.Expires.After(now.Add(issuedTokenTime)) {
		return nil, invalid("The token of who signs in by OpenID Connect must expire within a month from now.", "Choose another time, or let a local user make the token.")
	}
	if !b.Expires.After(now) || b.Expires.After(now.Add(tokenTime)) {
		return nil, invalid("The token must expire within a year from now.", "Choose another time.")
	}
	name := strings.TrimSpace(b.Name)
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
		return nil, invalid("The token needs a name in one line.", "")
	}
	secret := newSecret("bwk_")
	token := bulwark.Token{ID: newID("t"), Name: name, Hash: hashSecret(secret), Grant: bulwark.Grant{Role: b.Role, Scope: b.Scope}, User: c.user, Created: now, Expires: b.Expires.UTC()}
	if err := s.Store.AddToken(ctx, token); err != nil {
		return nil, err
	}
	return answer(MadeToken{token.ID, secret}, s.audit(ctx, c, "token.create", token.ID, token.Name+": "+string(b.Role)+" on "+scopeName(b.Scope)))
}

func (s *Server) deleteToken(ctx context.Context, in *InPath) (*Empty, error) {
	c := callerOf(ctx)
	tokens, err := s.Store.Tokens(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(tokens, func(t bulwark.Token) bool { return t.ID == in.ID && mayManage(c, t) })
	if i < 0 {
		return nil, notFound("token", in.ID)
	}
	if err := s.Store.DeleteToken(ctx, in.ID); err != nil {
		return nil, err
	}
	return &Empty{}, s.audit(ctx, c, "token.delete", in.ID, tokens[i].Name)
}
