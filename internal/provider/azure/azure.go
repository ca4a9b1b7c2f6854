// Package azure reads what runs in Azure and in the Entra tenant behind it.
// Azure Resource Graph lists every resource of all subscriptions in few calls;
// Azure Resource Manager tells the details that it lacks, one call an object;
// Microsoft Graph tells users, groups, applications and policies. It only
// reads, and of secrets it never asks for more than their names.
package azure

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
	"github.com/bulwarksec/bulwark/internal/quota"
)

// Config is what a person configures. What is secret stands in Secret.
type Config struct {
	TenantID        string         `json:"tenantId"`
	ClientID        string         `json:"clientId,omitempty"`        // of the service principal or the user-assigned identity
	Credential      CredentialKind `json:"credential,omitempty"`      // "" is default
	TokenFile       string         `json:"tokenFile,omitempty"`       // of a federated credential; "" is AZURE_FEDERATED_TOKEN_FILE
	Subscriptions   []string       `json:"subscriptions,omitempty"`   // ids; none is every one that is reached
	ManagementGroup string         `json:"managementGroup,omitempty"` // id; onboards all subscriptions below it
	Exclude         Exclude        `json:"exclude,omitzero"`
	Cloud           string         `json:"cloud,omitempty"`     // public (the default), china, usgovernment
	Endpoints       *Endpoints     `json:"endpoints,omitempty"` // of another cloud than these
	Entra           bool           `json:"entra,omitempty"`     // read users, groups, applications and policies too
}

// Exclude names what is left out, regardless of case.
type Exclude struct {
	Subscriptions  []string `json:"subscriptions,omitempty"`  // ids
	ResourceGroups []string `json:"resourceGroups,omitempty"` // names; * stands for any text
	Types          []string `json:"types,omitempty"`          // Microsoft.Web/sites; * stands for any text
}

// Secret is what authenticates and must be kept sealed.
type Secret struct {
	ClientSecret        string `json:"clientSecret,omitempty"`
	Certificate         []byte `json:"certificate,omitempty"` // PEM or PKCS #12, with its private key
	CertificatePassword string `json:"certificatePassword,omitempty"`
}

// Options are what the program gives an Estate.
type Options struct {
	Secret    Secret
	Types     *bulwark.Types    // the type files; never nil
	Limiter   *quota.Limiter    // shared with others who call the same tenant; nil makes one
	HTTP      http.RoundTripper // nil is the network
	Now       func() time.Time  // nil is time.Now
	SecretKey []byte            // keys the digests of secret values; nil leaves them empty
	Connector string            // written on assets and listings; "" is azure

	// Sleep waits before an attempt is repeated; nil waits by the clock.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Estate is the part of a tenant that one Config reaches. It is safe for
// concurrent use.
type Estate struct {
	config    Config
	cloud     cloudEndpoints
	client    *client
	types     *typeTable
	now       func() time.Time
	connector string
}

// New checks a Config and returns its Estate. It makes no call.
func New(config Config, o Options) (*Estate, error) {
	config, err := config.clean()
	if err != nil {
		return nil, err
	}
	endpoints, err := endpointsOf(config)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Limiter == nil {
		o.Limiter = quota.NewLimiter()
	}
	if o.Sleep == nil {
		o.Sleep = quota.Sleep
	}
	if o.Connector == "" {
		o.Connector = "azure"
	}
	transport := &http.Client{Transport: provider.Transport(o.HTTP), CheckRedirect: provider.NoRedirects}
	cred, err := newCredential(config, o.Secret, endpoints, transport)
	if err != nil {
		return nil, err
	}
	return newEstate(config, endpoints, o, transport, cred), nil
}

func newEstate(config Config, endpoints cloudEndpoints, o Options, transport *http.Client, cred azcore.TokenCredential) *Estate {
	c := &client{http: transport, cred: cred, limiter: o.Limiter, now: o.Now, sleep: o.Sleep, names: o.Types.Names(), tenant: config.TenantID}
	return &Estate{config: config, cloud: endpoints, client: c, types: newTypeTable(o.Types, o.SecretKey), now: o.Now, connector: o.Connector}
}

var (
	guid      = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	groupName = regexp.MustCompile(`^[0-9A-Za-z_().-]{1,90}$`)
)

// clean checks ids, which go into URLs and queries, and lowers their case.
func (c Config) clean() (Config, error) {
	c.TenantID, c.ClientID = strings.ToLower(strings.TrimSpace(c.TenantID)), strings.ToLower(strings.TrimSpace(c.ClientID))
	if !guid.MatchString(c.TenantID) {
		return c, fmt.Errorf("azure: read configuration: %w: tenantId %q is not the GUID of a tenant", bulwark.ErrInvalid, c.TenantID)
	}
	if c.ClientID != "" && !guid.MatchString(c.ClientID) {
		return c, fmt.Errorf("azure: read configuration: %w: clientId %q is not the GUID of an application", bulwark.ErrInvalid, c.ClientID)
	}
	for _, list := range []*[]string{&c.Subscriptions, &c.Exclude.Subscriptions} {
		lowered := slices.Clone(*list)
		for i, id := range lowered {
			lowered[i] = strings.ToLower(strings.TrimPrefix(id, "/subscriptions/"))
			if !guid.MatchString(lowered[i]) {
				return c, fmt.Errorf("azure: read configuration: %w: %q is not the GUID of a subscription", bulwark.ErrInvalid, id)
			}
		}
		*list = lowered
	}
	if c.ManagementGroup != "" && !groupName.MatchString(c.ManagementGroup) {
		return c, fmt.Errorf("azure: read configuration: %w: %q is not the id of a management group", bulwark.ErrInvalid, c.ManagementGroup)
	}
	return c, nil
}

// tenantScope is the scope of what belongs to no subscription.
func (e *Estate) tenantScope() string { return "azure/tenant-" + e.config.TenantID }

func subscriptionScope(id string) string { return "azure/" + id }

// excluded reports whether a name matches one of the patterns, regardless of
// case.
func excluded(patterns []string, name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(patterns, func(p string) bool { return matchStar(strings.ToLower(p), name) })
}

// matchStar reports whether a pattern, in which * stands for any text, covers
// a whole name. O(len(pattern) × len(name)) at worst.
func matchStar(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == name
	}
	rest, ok := strings.CutPrefix(name, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		_, after, ok := strings.Cut(rest, part)
		if !ok {
			return false
		}
		rest = after
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}
