package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/api"
	"github.com/bulwarksec/bulwark/internal/oidc"
)

// secretVariable may hold the client's secret itself, where a file would be
// one more thing to mount.
const secretVariable = "BULWARK_OIDC_CLIENT_SECRET"

// signInFlags say how people sign in.
type signInFlags struct {
	local      bool
	issuer     string
	clientID   string
	secretFile string
	name       string
	scopes     []string
	groups     string
	user       string
	grants     []string
}

func (f *signInFlags) add(flags *pflag.FlagSet) {
	flags.BoolVar(&f.local, "local-sign-in", true, "let local users sign in by password or one-time link")
	flags.StringVar(&f.issuer, "oidc-issuer", "", "URL of an OpenID Connect issuer to sign in at, as it writes itself")
	flags.StringVar(&f.clientID, "oidc-client-id", "", "id of Bulwark at the issuer")
	flags.StringVar(&f.secretFile, "oidc-client-secret-file", "", "file of the client's secret (or "+secretVariable+" holds it; a public client has none)")
	flags.StringVar(&f.name, "oidc-name", "", "what the sign-in button calls the issuer (default: its host)")
	flags.StringArrayVar(&f.scopes, "oidc-scopes", []string{"profile", "email"}, "scope to ask for beside openid (repeatable)")
	flags.StringVar(&f.groups, "oidc-groups-claim", "groups", "claim that holds a person's groups")
	flags.StringVar(&f.user, "oidc-user-claim", "", "claim that names a person (default: email when verified, else sub)")
	flags.StringArrayVar(&f.grants, "oidc-grant", nil, "GROUP=ROLE or GROUP=ROLE@SCOPE: what members of a group may do (repeatable)")
}

// provider returns the issuer to sign in at, which sends browsers back to the
// server's address; nil when there is none. It asks nobody yet.
func (f *signInFlags) provider(address string, log *slog.Logger) (*oidc.Provider, error) {
	if f.issuer == "" {
		switch {
		case f.clientID != "" || f.secretFile != "" || len(f.grants) > 0 || f.name != "":
			return nil, fmt.Errorf("sign in by OpenID Connect: %w: --oidc-issuer is missing", bulwark.ErrInvalid)
		case !f.local:
			return nil, fmt.Errorf("--local-sign-in=false: %w: nobody could sign in: set up --oidc-issuer", bulwark.ErrInvalid)
		}
		return nil, nil
	}
	c := oidc.Config{Issuer: f.issuer, ClientID: f.clientID, Redirect: address + api.CallbackPath, Scopes: f.scopes, Name: f.name, GroupsClaim: f.groups, UserClaim: f.user}
	var errs []error
	for _, text := range f.grants {
		g, err := oidc.ParseGrant(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("--oidc-grant %w", err))
		}
		c.Grants = append(c.Grants, g)
	}
	secret, err := f.secret()
	if errs = append(errs, err); errors.Join(errs...) != nil {
		return nil, errors.Join(errs...)
	}
	c.Secret = secret
	return oidc.New(c, oidc.Options{Log: log})
}

// secret reads the client's secret from the file or the environment.
func (f *signInFlags) secret() (string, error) {
	text := os.Getenv(secretVariable)
	if f.secretFile == "" {
		return text, nil
	}
	if text != "" {
		return "", fmt.Errorf("--oidc-client-secret-file: %w: %s holds a secret as well; give one", bulwark.ErrInvalid, secretVariable)
	}
	data, err := readBounded(f.secretFile, 4<<10)
	if err != nil {
		return "", fmt.Errorf("read the client's secret: %w", err)
	}
	if text = strings.TrimSpace(string(data)); text == "" {
		return "", fmt.Errorf("read the client's secret: %s: %w: it is empty", f.secretFile, bulwark.ErrInvalid)
	}
	return text, nil
}

// checkSignIn refuses a wrong configuration before anything is opened.
func (f *serveFlags) checkSignIn(secure bool) error {
	if f.newLink && !f.signIn.local {
		return fmt.Errorf("--new-owner-link: %w: a link signs a local user in; leave --local-sign-in=false out", bulwark.ErrInvalid)
	}
	address, err := f.publicURL(f.listen, secure)
	if err == nil {
		_, err = f.signIn.provider(address, nil)
	}
	return err
}

// publicURL returns how people reach the server: what --url says, else the
// address that it listens on.
func (f *serveFlags) publicURL(listen string, secure bool) (string, error) {
	if f.url == "" {
		scheme := "http://"
		if secure {
			scheme = "https://"
		}
		host, _, err := net.SplitHostPort(listen)
		if a, e := netip.ParseAddr(host); f.signIn.issuer != "" && err == nil && (host == "" || e == nil && a.IsUnspecified()) {
			return "", fmt.Errorf("sign in by OpenID Connect: %w: %s is no address that an issuer can send browsers back to: give --url https://…", bulwark.ErrInvalid, listen)
		}
		return scheme + listen, nil
	}
	u, err := url.Parse(f.url)
	if err != nil || u.Host == "" || u.User != nil || strings.TrimSuffix(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("--url %q: %w: want https://host or https://host:port", f.url, bulwark.ErrInvalid)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || api.CheckListen(net.JoinHostPort(u.Hostname(), "0"), false) != nil) {
		return "", fmt.Errorf("--url %q: %w: beyond loopback it must be https", f.url, bulwark.ErrInvalid)
	}
	return u.Scheme + "://" + u.Host, nil
}
