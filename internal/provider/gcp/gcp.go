// Package gcp reads an organisation, folder or project of Google Cloud.
//
// Cloud Asset Inventory lists every asset of every service below a root, one
// page of a thousand after the other and all as of one instant: the resources
// as their own APIs write them, their IAM policies and the organisation
// policies. The last two are read first, into compact tables, and joined to the
// resources as these stream by. What the inventory lacks is asked of the API
// that owns it. All is plain REST over golang.org/x/oauth2; nothing is written.
//
// A scope, gcp/<project id>, gcp/folders/<number> or gcp/organizations/<number>,
// has one listing for every type, since the inventory's pages come in one stream
// that is whole or is not.
package gcp

import (
	"fmt"
	"net/http"
	"regexp"
	"sync"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/provider"
	"github.com/bulwarksec/bulwark/internal/quota"
)

// Config says what is read and how it is reached. Exactly one of Organization,
// Folder and Project is set.
type Config struct {
	Organization string     `json:"organization,omitempty"` // number
	Folder       string     `json:"folder,omitempty"`       // number
	Project      string     `json:"project,omitempty"`      // id or number
	Projects     []string   `json:"projects,omitempty"`     // ids: only these below the root; none is every one
	Exclude      Exclude    `json:"exclude,omitzero"`
	Credential   Credential `json:"credential,omitzero"`
	QuotaProject string     `json:"quotaProject,omitempty"` // whose quota the calls use; none is the credential's own project
	Endpoint     string     `json:"endpoint,omitempty"`     // of a server on this machine, which is called as <endpoint>/<service host>/<path>: for tests and demos
}

// Exclude says what is passed over below the root. * at an end is any text.
type Exclude struct {
	Projects []string `json:"projects,omitempty"` // ids
	Types    []string `json:"types,omitempty"`    // k8s.io/*, run.googleapis.com/Revision
}

// Secret is kept apart from Config, which may be shown.
type Secret struct {
	File string `json:"file"` // the JSON of a service account's key file, or of a workload identity federation file
}

// Options is what the program gives a configured estate.
type Options struct {
	Connector string            // written on assets and listings
	Secret    *Secret           // for the kinds of credential that have one
	Types     *bulwark.Types    // schema of assets
	Limiter   *quota.Limiter    // shared by all connectors; nil is one of its own
	HTTP      http.RoundTripper // nil is a transport of its own
	Now       func() time.Time
	SecretKey []byte // of the digests that stand for secrets
	Local     bool   // configured by the person who runs this process: a federation file may name what is on this machine
}

// Estate is what a configuration reaches. It is safe for concurrent use.
type Estate struct {
	config  Config
	options Options
	client  *client
	types   map[string]*typeInfo
	root    string // organizations/1, folders/2, projects/shop

	mu    sync.Mutex
	pages map[content]int64 // of the last run's listings; guarded by mu
	asks  map[string]int64  // of the last run, by type; guarded by mu
}

var (
	number    = regexp.MustCompile(`^[0-9]{1,20}$`)
	projectID = regexp.MustCompile(`^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$`)
)

// New returns the estate of a configuration; it makes no call. Its error is of
// kind ErrInvalid.
func New(config Config, o Options) (*Estate, error) {
	e := &Estate{config: config, options: o}
	if err := e.setRoot(); err != nil {
		return nil, fmt.Errorf("gcp: read configuration: %w: %w", bulwark.ErrInvalid, err)
	}
	if e.options.Now == nil {
		e.options.Now = time.Now
	}
	if e.options.Types == nil {
		e.options.Types = bulwark.NewTypes(nil)
	}
	if e.options.Limiter == nil {
		e.options.Limiter = quota.NewLimiter()
	}
	var err error
	if e.client, err = newClient(config, e.options, e.root); err != nil {
		return nil, fmt.Errorf("gcp: read credential: %w: %w", bulwark.ErrInvalid, err)
	}
	e.types = typeInfos(e.options.Types)
	return e, nil
}

func (e *Estate) setRoot() error {
	c := e.config
	set := 0
	for _, s := range []string{c.Organization, c.Folder, c.Project} {
		if s != "" {
			set++
		}
	}
	switch {
	case set != 1:
		return fmt.Errorf("set one of organization, folder and project, not %d", set)
	case c.Organization != "":
		e.root = "organizations/" + c.Organization
		if !number.MatchString(c.Organization) {
			return fmt.Errorf("organization %q is not a number", c.Organization)
		}
	case c.Folder != "":
		e.root = "folders/" + c.Folder
		if !number.MatchString(c.Folder) {
			return fmt.Errorf("folder %q is not a number", c.Folder)
		}
	default:
		e.root = "projects/" + c.Project
		if !number.MatchString(c.Project) && !projectID.MatchString(c.Project) {
			return fmt.Errorf("project %q is neither an id nor a number", c.Project)
		}
	}
	for _, p := range c.Projects {
		if !projectID.MatchString(p) {
			return fmt.Errorf("project %q of projects is not an id", p)
		}
	}
	return nil
}

// parents are what is listed: the root, or the chosen projects alone, so that a
// few projects of a large organisation cost a few calls.
func (e *Estate) parents() []string {
	if len(e.config.Projects) == 0 || e.config.Project != "" {
		return []string{e.root}
	}
	list := make([]string, len(e.config.Projects))
	for i, p := range e.config.Projects {
		list[i] = "projects/" + p
	}
	return list
}

// where writes a place as gaps name it.
func (e *Estate) where(parts ...string) string {
	return provider.Where(append([]string{e.options.Connector}, parts...)...)
}
