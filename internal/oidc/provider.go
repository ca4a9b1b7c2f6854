package oidc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/bulwarksec/bulwark"
)

// How often the issuer's own description is read: again after a failure, the
// wait doubling up to the longer one, and while it is well.
const (
	retryFirst = 2 * time.Second
	retryMost  = time.Minute
	refresh    = time.Hour
)

// Options are what a Provider needs beside its configuration.
type Options struct {
	Now       func() time.Time  // nil is time.Now
	Log       *slog.Logger      // nil discards
	Transport http.RoundTripper // nil is the system's, with its proxies
}

// Provider signs people in at one issuer. It is safe for concurrent use.
type Provider struct {
	Config
	now  func() time.Time
	log  *slog.Logger
	http *http.Client

	mu     sync.Mutex
	issuer *issuer // nil until the issuer was read
	state  State
}

// State is how it goes with the issuer.
type State struct {
	Ready   bool      // it was read; people can sign in
	Error   string    // of the last attempt to read it; "" when it went well
	Checked time.Time // the last attempt; zero before the first
	Logout  string    // where people sign out of the issuer itself; "" when it has no such page
}

// issuer is what the issuer says of itself, checked.
type issuer struct {
	oauth    oauth2.Config
	verifier *oidc.IDTokenVerifier
	provider *oidc.Provider
	told     told
}

// told are members of the discovery document that go-oidc does not read.
// Sources: Discovery 1.0, section 3; RFC 9207, section 3; RP-Initiated Logout
// 1.0, section 2.1.
type told struct {
	TokenAuth  []string `json:"token_endpoint_auth_methods_supported"`
	Methods    []string `json:"code_challenge_methods_supported"`
	Answers    bool     `json:"authorization_response_iss_parameter_supported"`
	EndSession string   `json:"end_session_endpoint"`
	KeysURL    string   `json:"jwks_uri"`
}

// New returns a provider that has not asked its issuer yet: Run does. A wrong
// configuration is ErrInvalid and tells all that is wrong.
func New(c Config, o Options) (*Provider, error) {
	c.Scopes = scopes(c.Scopes)
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.Name == "" {
		c.Name = c.Host()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Provider{Config: c, now: o.Now, log: o.Log, http: client(o.Transport)}, nil
}

// scopes puts openid first and drops what stands twice.
func scopes(list []string) []string {
	out := []string{oidc.ScopeOpenID}
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// Run keeps what the issuer says of itself until ctx ends. An issuer that does
// not answer is asked again; what it said before goes on to hold.
func (p *Provider) Run(ctx context.Context) {
	wait := retryFirst
	for {
		err := p.Discover(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			p.log.Info("OpenID Connect issuer read", "issuer", p.Issuer)
			wait = retryFirst
		default:
			p.log.Warn("OpenID Connect issuer not read", "issuer", p.Issuer, "error", err, "again_in", wait)
		}
		pause := refresh
		if err != nil {
			pause, wait = wait, min(2*wait, retryMost)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// Discover reads what the issuer says of itself, once.
func (p *Provider) Discover(ctx context.Context) error {
	found, err := p.discover(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.Checked = p.now().UTC()
	if err != nil {
		p.state.Error = clip(err.Error())
		return fmt.Errorf("oidc: read issuer %s: %w", p.Issuer, errors.New(p.state.Error))
	}
	p.issuer = found
	p.state.Ready, p.state.Error, p.state.Logout = true, "", found.told.EndSession
	return nil
}

// State tells how it goes with the issuer.
func (p *Provider) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

func (p *Provider) discover(ctx context.Context) (*issuer, error) {
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.http), answerTime)
	defer cancel()
	found, err := oidc.NewProvider(ctx, p.Issuer)
	var other *oidc.IssuerMismatchError
	if errors.As(err, &other) {
		return nil, fmt.Errorf("it calls itself %s: give --oidc-issuer exactly that, down to the last slash; where many tenants share an address, name your own tenant's", clip(other.Discovered))
	}
	if err != nil {
		return nil, err
	}
	i := &issuer{provider: found}
	if err := found.Claims(&i.told); err != nil {
		return nil, err
	}
	endpoint := found.Endpoint()
	if err := i.check(endpoint); err != nil {
		return nil, err
	}
	endpoint.AuthStyle = authStyle(p.Secret, i.told.TokenAuth)
	i.oauth = oauth2.Config{ClientID: p.ClientID, ClientSecret: p.Secret, Endpoint: endpoint, RedirectURL: p.Redirect, Scopes: p.Scopes}
	i.verifier = found.Verifier(&oidc.Config{ClientID: p.ClientID, Now: p.now})
	return i, nil
}

// check refuses endpoints that others could listen at, and an issuer that
// cannot do what the flow needs. A page for signing out is left out instead.
func (i *issuer) check(endpoint oauth2.Endpoint) error {
	needed := map[string]string{"authorization_endpoint": endpoint.AuthURL, "token_endpoint": endpoint.TokenURL, "jwks_uri": i.told.KeysURL}
	if u := i.provider.UserInfoEndpoint(); u != "" {
		needed["userinfo_endpoint"] = u
	}
	var errs []error
	for name, address := range needed {
		if err := safeURL(address); err != nil {
			errs = append(errs, fmt.Errorf("its %s %q: %w", name, clip(address), err))
		}
	}
	if len(i.told.Methods) > 0 && !slices.Contains(i.told.Methods, "S256") {
		errs = append(errs, errors.New("it does not support PKCE by S256"))
	}
	if safeURL(i.told.EndSession) != nil {
		i.told.EndSession = ""
	}
	return errors.Join(errs...)
}

// authStyle says how the client proves itself at the token endpoint; an issuer
// that does not say takes HTTP Basic (Discovery 1.0, section 3).
func authStyle(secret string, methods []string) oauth2.AuthStyle {
	if secret == "" || len(methods) > 0 && !slices.Contains(methods, "client_secret_basic") {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}

// ready returns the issuer, or ErrUnavailable before it was read.
func (p *Provider) ready() (*issuer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.issuer == nil {
		return nil, fmt.Errorf("oidc: %s does not answer: %w", p.Name, bulwark.ErrUnavailable)
	}
	return p.issuer, nil
}

// clip makes one short line of what the issuer wrote.
func clip(s string) string {
	const most = 300 // bytes
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + " …"
}
