package oidc

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Attempt is what binds an answer of the issuer to the browser that asked. Its
// three parts are random, apart and secret.
type Attempt struct {
	State    string
	Nonce    string
	Verifier string // of PKCE
}

// Response is what the issuer sent the browser back with.
type Response struct {
	State, Code string
	Issuer      string // RFC 9207; "" when absent
	Error       string // RFC 6749, section 4.1.2.1; "" when absent
	Description string
}

// Refused is why the issuer or its answer lets nobody in. Reason is fit for the
// person and the audit log.
type Refused struct {
	Reason string
	Mend   string
	Err    error // for the log; may be nil
}

// Error returns the reason and what lies behind it.
func (r *Refused) Error() string {
	if r.Err == nil {
		return "oidc: " + r.Reason
	}
	return "oidc: " + r.Reason + ": " + clip(r.Err.Error())
}

// Unwrap returns what lies behind it.
func (r *Refused) Unwrap() error { return r.Err }

// Begin returns where to send a browser.
func (p *Provider) Begin(a Attempt) (string, error) {
	i, err := p.ready()
	if err != nil {
		return "", err
	}
	return i.oauth.AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)), nil
}

// Finish takes the browser's answer to an attempt and tells who it is. Every
// failure is a *Refused, but for ErrUnavailable.
func (p *Provider) Finish(ctx context.Context, a Attempt, r Response) (Person, error) {
	i, err := p.ready()
	if err != nil {
		return Person{}, err
	}
	if err := p.answered(i, a, r); err != nil {
		return Person{}, err
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.http), 2*answerTime)
	defer cancel()
	token, err := i.oauth.Exchange(ctx, r.Code, oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return Person{}, exchangeFailed(err)
	}
	id, err := p.verify(ctx, i, a, token)
	if err != nil {
		return Person{}, err
	}
	return p.person(ctx, i, id, token)
}

// answered checks the answer itself: that it is to this attempt and of this
// issuer, and no error.
func (p *Provider) answered(i *issuer, a Attempt, r Response) error {
	again := "Begin again at the sign-in page."
	if a.State == "" || subtle.ConstantTimeCompare([]byte(a.State), []byte(r.State)) != 1 {
		return &Refused{Reason: "The answer belongs to another attempt to sign in.", Mend: again}
	}
	if r.Issuer != "" && r.Issuer != p.Issuer || r.Issuer == "" && i.told.Answers {
		return &Refused{Reason: "The answer comes from another issuer than the one asked.", Mend: again, Err: fmt.Errorf("iss is %q", r.Issuer)}
	}
	if r.Error != "" {
		return &Refused{Reason: p.Name + " refused: " + clip(r.Error) + ".", Mend: clip(r.Description)}
	}
	if r.Code == "" {
		return &Refused{Reason: "The answer holds no code.", Mend: again}
	}
	return nil
}

// exchangeFailed tells a refusal of the token endpoint from its silence.
func exchangeFailed(err error) error {
	var told *oauth2.RetrieveError
	if !errors.As(err, &told) {
		return &Refused{Reason: "The issuer did not hand out a token.", Mend: "Try again; the log tells more.", Err: err}
	}
	mend := "Begin again at the sign-in page."
	if told.ErrorCode == "invalid_client" || told.ErrorCode == "unauthorized_client" {
		mend = "Check --oidc-client-id and the client's secret."
	}
	return &Refused{Reason: "The issuer refused the code.", Mend: mend, Err: err}
}

// verify checks the ID token: signature, algorithm, issuer, audience and time
// by go-oidc, then what it leaves to us (Core 1.0, section 3.1.3.7).
func (p *Provider) verify(ctx context.Context, i *issuer, a Attempt, token *oauth2.Token) (*oidc.IDToken, error) {
	refuse := func(err error) error {
		return &Refused{Reason: "The issuer's ID token is not valid here.", Mend: "Begin again; should it stay so, compare the client id, the issuer and the clocks of both machines.", Err: err}
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return nil, refuse(errors.New("there is none in the answer"))
	}
	id, err := i.verifier.Verify(ctx, raw)
	if err != nil {
		return nil, refuse(err)
	}
	var more struct {
		Party string `json:"azp"`
	}
	if err := id.Claims(&more); err != nil {
		return nil, refuse(err)
	}
	switch {
	case a.Nonce == "" || subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(a.Nonce)) != 1:
		err = errors.New("its nonce is of another attempt")
	case more.Party != "" && more.Party != p.ClientID, more.Party == "" && len(id.Audience) > 1:
		err = fmt.Errorf("it was made for %q, not for %q alone", more.Party, p.ClientID)
	case id.IssuedAt.After(p.now().Add(clockSkew)):
		err = errors.New("it was issued in the future")
	case id.Subject == "" || len(id.Subject) > 255:
		err = errors.New("it has no subject of 1 to 255 bytes")
	case id.AccessTokenHash != "":
		err = id.VerifyAccessToken(token.AccessToken)
	}
	if err != nil {
		return nil, refuse(err)
	}
	return id, nil
}

// userinfo reads the claims that the ID token lacks. Its subject must be the
// same, or the answer could be another person's (Core 1.0, section 5.3.2).
func (i *issuer) userinfo(ctx context.Context, id *oidc.IDToken, token *oauth2.Token) (claims, error) {
	info, err := i.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err == nil && info.Subject != id.Subject {
		err = errors.New("it is of another subject")
	}
	c := claims{}
	if err == nil {
		err = info.Claims(&c)
	}
	if err != nil {
		return nil, &Refused{Reason: "The issuer did not tell of the person.", Mend: "Try again; or let the issuer put groups and names into the ID token.", Err: fmt.Errorf("userinfo: %w", err)}
	}
	return c, nil
}

// person reads who signs in, from the ID token and, where it lacks something,
// from userinfo.
func (p *Provider) person(ctx context.Context, i *issuer, id *oidc.IDToken, token *oauth2.Token) (Person, error) {
	c := claims{}
	if err := id.Claims(&c); err != nil {
		return Person{}, &Refused{Reason: "The issuer's ID token cannot be read.", Err: err}
	}
	if p.lacks(c) && i.provider.UserInfoEndpoint() != "" {
		more, err := i.userinfo(ctx, id, token)
		if err != nil {
			return Person{}, err
		}
		c.fill(more)
	}
	groups, err := c.groups(p.GroupsClaim)
	if err != nil {
		return Person{}, err
	}
	name, err := c.name(p.UserClaim, id.Subject)
	if err != nil {
		return Person{}, err
	}
	slices.Sort(groups)
	return Person{Subject: p.Issuer + " " + id.Subject, Name: p.Host() + ":" + name, Groups: slices.Compact(groups)}, nil
}
