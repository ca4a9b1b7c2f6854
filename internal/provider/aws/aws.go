// Package aws reads live AWS accounts with the typed clients of the AWS SDK.
//
// One file holds the collector of one type of asset, or of a few that come from
// the same answers. A collector registers itself (see collect), names the IAM
// permissions it needs, and lists its assets in one account and region. What a
// type file lists becomes a property under CloudFormation's names; all else that
// the provider said is kept in Observed under the API's own names. A part of an
// asset that could not be read is unknown, and a list that could not be read to
// its end is an incomplete listing: nothing is taken as deleted by it.
//
// Every call is a read. Calls are spaced by internal/quota and bear the
// application id bulwark, by which an audit log tells them from others.
package aws

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/middleware"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/quota"
)

// SessionName is the session name of assumed roles and the application id of
// every call: userAgent in CloudTrail ends in app/bulwark.
const SessionName = "bulwark"

// DefaultRole is the role that is assumed in member accounts, unless the
// configuration names another.
const DefaultRole = "BulwarkReader"

// Config says which accounts are read and how they are reached. Without any of
// it, the account of the ordinary credentials is read in all its regions.
type Config struct {
	AccountIDs       []string `json:"accountIds,omitempty"`       // only these; none is every account that is reached
	Profile          string   `json:"profile,omitempty"`          // of the shared configuration files
	RoleARN          string   `json:"roleArn,omitempty"`          // assumed from the first credentials
	ExternalID       string   `json:"externalId,omitempty"`       // told when a role is assumed
	Organization     bool     `json:"organization,omitempty"`     // read all accounts of the organisation
	OrganizationRole string   `json:"organizationRole,omitempty"` // name of the role assumed in other accounts
	Regions          []string `json:"regions,omitempty"`          // none is every region that is enabled
	Exclude          []string `json:"exclude,omitempty"`          // account ids, regions and types; * is any text
	Types            []string `json:"types,omitempty"`            // only these; * is any text
	Inventory        bool     `json:"inventory,omitempty"`        // list also the types that have no file: see inventory.go
}

// Secret is a static key. It is kept apart from Config, which may be shown.
type Secret struct {
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey string `json:"secretAccessKey"`
	SessionToken    string `json:"sessionToken,omitempty"`
}

// Options is what the program gives a configured estate.
type Options struct {
	Connector string            // written on assets and listings
	Secret    *Secret           // nil is the SDK's ordinary chain
	Types     *bulwark.Types    // schema of assets
	Limiter   *quota.Limiter    // shared by all connectors; nil is one of its own
	HTTP      http.RoundTripper // nil is a transport of its own
	Now       func() time.Time
	SecretKey []byte // of the digests that stand for secrets
	// Places are how many accounts, and regions of them, are read at once: 0 is
	// what hides the time that calls take to be answered.
	Places int
}

// Estate is what a configuration reaches. It is safe for concurrent use.
type Estate struct {
	config  Config
	options Options

	mu   sync.Mutex // guards base
	base *aws.Config

	// Set by tests, which neither wait nor connect.
	limiter limiter
	api     []func(*middleware.Stack) error
	attempt time.Duration                   // bound of one attempt of a call
	backoff func(attempt int) time.Duration // before the next one
}

type limiter interface {
	Wait(ctx context.Context, k quota.Key) error
	Done(k quota.Key, throttled bool)
}

// New returns the estate of a configuration. It connects to nothing. Its errors
// are of the kind ErrInvalid.
func New(c Config, o Options) (*Estate, error) {
	for _, p := range slices.Concat(c.Exclude, c.Types) {
		if _, err := path.Match(p, ""); err != nil {
			return nil, fmt.Errorf("aws: read pattern %q: %w: %w", p, bulwark.ErrInvalid, err)
		}
	}
	for _, id := range c.AccountIDs {
		if !isAccountID(id) {
			return nil, fmt.Errorf("aws: read account id %q: %w: want 12 digits", id, bulwark.ErrInvalid)
		}
	}
	if o.Types == nil {
		return nil, fmt.Errorf("aws: %w: the types of assets are missing", bulwark.ErrInvalid)
	}
	if s := o.Secret; s != nil && (s.AccessKeyID == "" || s.SecretAccessKey == "") {
		return nil, fmt.Errorf("aws: %w: a static key needs an id and a secret", bulwark.ErrInvalid)
	}
	if o.Limiter == nil {
		o.Limiter = quota.NewLimiter()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if c.OrganizationRole == "" {
		c.OrganizationRole = DefaultRole
	}
	e := &Estate{config: c, options: o, limiter: o.Limiter, attempt: time.Minute, backoff: backoff}
	if len(e.collectors()) == 0 {
		return nil, fmt.Errorf("aws: %w: no type is left to collect", bulwark.ErrInvalid)
	}
	return e, nil
}

func isAccountID(s string) bool {
	if len(s) != 12 {
		return false
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// excluded tells whether a pattern leaves out an account id, region or type.
func (e *Estate) excluded(name string) bool { return matches(e.config.Exclude, name) }

// inRegion tells whether a region is read.
func (e *Estate) inRegion(region string) bool {
	return (len(e.config.Regions) == 0 || slices.Contains(e.config.Regions, region)) && !e.excluded(region)
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, _ := path.Match(p, name) // New has tried the patterns
		return ok
	})
}

// collectors returns those whose types are not left out, in order of types.
func (e *Estate) collectors() []*collector {
	var out []*collector
	for _, c := range registry() {
		if c.Late && !e.config.Inventory && len(e.config.Types) == 0 && e.options.Types.Get(c.Type) == nil {
			continue
		}
		if (len(e.config.Types) == 0 || matches(e.config.Types, c.Type)) && !e.excluded(c.Type) {
			out = append(out, c)
		}
	}
	return out
}
