package oidc

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// Config is what an owner says of the issuer. Issuer, ClientID, Redirect and
// Grants are required.
type Config struct {
	Issuer   string // https://login.example.com, exactly as the issuer writes itself
	ClientID string
	Secret   string   // "" for a public client, which PKCE alone protects
	Redirect string   // where the issuer sends browsers back to, as registered there
	Scopes   []string // asked for; openid is always among them
	Name     string   // what people call the issuer; its host when ""

	GroupsClaim string       // the claim that holds a person's groups
	UserClaim   string       // the claim that names a person; "" is a verified email, else sub
	Grants      []GroupGrant // what groups may do
}

// GroupGrant gives a role to the members of a group.
type GroupGrant struct {
	Group string `json:"group"`
	bulwark.Grant
}

// roles are what a grant may name.
var roles = []bulwark.Role{bulwark.Reader, bulwark.Contributor, bulwark.SecurityAdmin, bulwark.Owner}

// ParseGrant reads GROUP=ROLE or GROUP=ROLE@SCOPE. The group may itself hold =,
// as a distinguished name does: the last one counts.
func ParseGrant(text string) (GroupGrant, error) {
	at := strings.LastIndexByte(text, '=')
	if at <= 0 {
		return GroupGrant{}, fmt.Errorf("%q: %w: want GROUP=ROLE or GROUP=ROLE@SCOPE", text, bulwark.ErrInvalid)
	}
	role, scope, scoped := strings.Cut(text[at+1:], "@")
	g := GroupGrant{Group: strings.TrimSpace(text[:at]), Grant: bulwark.Grant{Role: bulwark.Role(role), Scope: scope}}
	switch {
	case g.Group == "":
		return GroupGrant{}, fmt.Errorf("%q: %w: the group is empty", text, bulwark.ErrInvalid)
	case !slices.Contains(roles, g.Role):
		return GroupGrant{}, fmt.Errorf("%q: %w: %q is no role; use reader, contributor, security-admin or owner", text, bulwark.ErrInvalid, role)
	case scoped && (scope == "" || strings.HasPrefix(scope, "/") || strings.HasSuffix(scope, "/")):
		return GroupGrant{}, fmt.Errorf("%q: %w: the scope %q is no path such as aws/123456789012; leave @ out for everything", text, bulwark.ErrInvalid, scope)
	}
	return g, nil
}

// check tells everything that is wrong with a configuration, and what to do.
func (c *Config) check() error {
	var errs []error
	wrong := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("oidc: %w: "+format, append([]any{bulwark.ErrInvalid}, args...)...))
	}
	if err := safeURL(c.Issuer); err != nil {
		wrong("issuer %q: %w", c.Issuer, err)
	} else if u, _ := url.Parse(c.Issuer); u.RawQuery != "" || u.Fragment != "" {
		wrong("issuer %q: an issuer has no query and no fragment", c.Issuer)
	}
	if err := safeURL(c.Redirect); err != nil {
		wrong("address of this server %q: %w", c.Redirect, err)
	}
	if c.ClientID == "" {
		wrong("the client id is missing: register Bulwark at the issuer with the redirect URI %s", c.Redirect)
	}
	if c.GroupsClaim == "" {
		wrong("the groups claim is missing")
	}
	if len(c.Grants) == 0 {
		wrong("no group is granted a role, so that nobody could sign in: grant one, for example platform-team=owner")
	}
	for _, s := range c.Scopes {
		if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
			wrong("scope %q: a scope is one word", s)
		}
	}
	return errors.Join(errs...)
}

// safeURL wants https, or http on loopback, where nobody listens in between.
func safeURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return errors.New("it is no URL")
	case u.Host == "" || u.Opaque != "":
		return errors.New("it names no host; want https://host/path")
	case u.User != nil:
		return errors.New("it holds a user name")
	case u.Scheme == "https", u.Scheme == "http" && bulwark.IsLoopback(u.Hostname()):
		return nil
	}
	return errors.New("it must be https (http is taken on loopback alone)")
}

// Granted returns what members of the groups may do, in the order of the
// configuration.
func (c *Config) Granted(groups []string) []bulwark.Grant {
	out := []bulwark.Grant{}
	for _, g := range c.Grants {
		if slices.Contains(groups, g.Group) && !slices.Contains(out, g.Grant) {
			out = append(out, g.Grant)
		}
	}
	return out
}

// Still returns those of a person's grants that the configuration can give: it
// may have changed since they were computed.
func (c *Config) Still(grants []bulwark.Grant) []bulwark.Grant {
	out := []bulwark.Grant{}
	for _, g := range grants {
		if slices.ContainsFunc(c.Grants, func(m GroupGrant) bool { return m.Grant == g }) {
			out = append(out, g)
		}
	}
	return out
}

// Host returns the host of the issuer, with its port, which begins the names of
// its people.
func (c *Config) Host() string {
	u, err := url.Parse(c.Issuer)
	if err != nil { // it was checked
		return ""
	}
	return u.Host
}
