package bulwark

import "time"

// Page bounds a listing. Cursor is opaque: what the previous page returned as
// Next, or "" for the first. A Limit of 0 means 100; at most 1000. Sort names
// a field of the row, with - before it for falling order; "" is the list's own
// order, and a field that the list cannot sort by is ErrInvalid. A cursor holds
// only for the Sort that it was made under.
type Page struct {
	Cursor string
	Limit  int
	Sort   string
}

// AssetQuery selects assets. Empty fields do not restrict. Scopes are
// prefixes of the scope path, and match at / boundaries; one asset matches
// when any of several values in one field does.
type AssetQuery struct {
	Scopes  []string
	Types   []string
	Origins []Origin
	Regions []string
	Text    string // in name or id, case-insensitive
	Stale   *bool
	Page
}

// AssetRow is an asset in a list.
type AssetRow struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	Name      string    `json:"name"`
	Scope     string    `json:"scope"`
	Origin    Origin    `json:"origin"`
	Region    string    `json:"region,omitempty"`
	Connector string    `json:"connector,omitempty"`
	Stale     bool      `json:"stale,omitempty"` // its last listing failed, or its connector is gone
	FirstSeen time.Time `json:"firstSeen,omitzero"`
	Changed   time.Time `json:"changed,omitzero"`
	Unhealthy int       `json:"unhealthy"` // assessments
	Unknown   int       `json:"unknown"`
	Highest   Severity  `json:"highest"` // of its open findings
}

// AssessmentQuery selects assessments. Empty fields do not restrict.
type AssessmentQuery struct {
	Scopes []string
	Check  string
	Asset  string
	States []State
	Text   string // in the asset's name or id
	Page
}

// AssessmentRow is an assessment with its asset, in a list.
type AssessmentRow struct {
	Assessment
	Row       AssetRow          `json:"assetRow"`
	Exemption string            `json:"exemption,omitempty"`
	Category  ExemptionCategory `json:"category,omitempty"`
}

// FindingQuery selects findings. Empty fields do not restrict.
type FindingQuery struct {
	Scopes     []string
	Checks     []string
	Asset      string
	States     []FindingState
	Severities []Severity
	Exempt     *bool
	Text       string
	Page
}

// FindingRow is a finding with its asset, in a list.
type FindingRow struct {
	Finding
	Row AssetRow `json:"assetRow"`
}

// Turn counts the findings of one check in one leaf scope that opened (or
// opened again) and that were resolved since an instant.
type Turn struct {
	Check    string
	Scope    string
	Asset    string // of the latest
	Opened   int64
	Resolved int64
	At       time.Time // of the latest
}

// GapQuery selects coverage gaps. Empty fields do not restrict.
type GapQuery struct {
	Scopes     []string
	What       []string
	Connectors []string
	Needs      []string // permissions or changes that would mend them
	Text       string   // in where or why
	ID         string   // just this one
	Page
}

// GapRow is a gap in a list. Its ID is made by the store of its connector,
// scope, what, where and why, and lasts as long as the gap does.
type GapRow struct {
	Gap
	ID        string    `json:"id,omitempty"`
	Connector string    `json:"connector,omitempty"`
	Scope     string    `json:"scope,omitempty"`
	At        time.Time `json:"at,omitzero"`
}

// Version is one kept configuration of an asset.
type Version struct {
	Number int64     `json:"number"` // 1 is the first seen
	At     time.Time `json:"at"`
	Digest string    `json:"digest"`
	Gone   bool      `json:"gone,omitempty"`
}

// ScorePoint is the score of a scope at a time.
type ScorePoint struct {
	At      time.Time `json:"at"`
	Scope   string    `json:"scope"`
	Current float64   `json:"current"` // points
	Max     float64   `json:"max"`     // points
}

// Scope is a node of the tree of scopes, named by its path.
type Scope struct {
	Path   string `json:"path"`
	Name   string `json:"name"`
	Kind   string `json:"kind"` // account, subscription, project, cluster, repository, root, host, group
	Assets int64  `json:"assets"`
}

// Facet is the number of rows of each value of a field.
type Facet struct {
	Value string `json:"value"`
	Count int64  `json:"count"`
}

// Run is one collection and judgement by a connector.
type Run struct {
	ID        string    `json:"id"`
	Connector string    `json:"connector"`
	Started   time.Time `json:"started"`
	Ended     time.Time `json:"ended,omitzero"`
	Assets    int64     `json:"assets"`  // gathered so far
	Judged    int64     `json:"judged"`  // so far
	Changed   int64     `json:"changed"` // verdicts that differ
	Gaps      int64     `json:"gaps"`
	Calls     int64     `json:"calls,omitempty"` // to the provider's API
	Error     string    `json:"error,omitempty"`
}

// Notice tells listeners that something changed, so that they read it again.
type Notice struct {
	Kind  string `json:"kind"`            // run, score, assets, findings, gaps, exemptions
	Scope string `json:"scope,omitempty"` // "" concerns everybody
	Run   *Run   `json:"run,omitempty"`   // of kind run
}

// User is a person who may sign in.
type User struct {
	Name     string    `json:"name"`
	Grants   []Grant   `json:"grants"`
	Created  time.Time `json:"created"`
	Disabled bool      `json:"disabled,omitempty"`
	Subject  string    `json:"subject,omitempty"` // issuer and subject of who signs in by OpenID Connect; "" with a password
}

// Grant gives a role on a scope and all below it; Scope "" is everything.
type Grant struct {
	Role  Role   `json:"role"`
	Scope string `json:"scope"`
}

// Session is a signed-in browser. Only the hash of its secret is kept.
type Session struct {
	Hash    string // SHA-256 of the secret, hexadecimal
	User    string
	Created time.Time
	Expires time.Time
}

// Token lets a program use the API. Only the hash of its secret is kept.
type Token struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Hash     string    `json:"-"` // SHA-256 of the secret, hexadecimal
	Grant    Grant     `json:"grant"`
	User     string    `json:"user"` // who made it
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires"`
	LastUsed time.Time `json:"lastUsed,omitzero"`
}

// Link signs somebody in once: the first owner, or an invited user. Only the
// hash of its secret is kept.
type Link struct {
	Hash    string // SHA-256 of the secret, hexadecimal
	User    string // "" lets the person choose a name
	Grants  []Grant
	Expires time.Time
}

// Role is what a user or token may do.
type Role string

// The roles, each with the rights of those before it. A Reader reads; a
// Contributor also scans and assigns; a Security admin also exempts, changes
// rules and configures connectors; an Owner also manages users.
const (
	Reader        Role = "reader"
	Contributor   Role = "contributor"
	SecurityAdmin Role = "security-admin"
	Owner         Role = "owner"
)

// AuditEntry is one action in the append-only log. Hash covers the entry and
// the previous entry's hash.
type AuditEntry struct {
	Number int64     `json:"number"`
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"` // user:alice, token:ci, system
	Action string    `json:"action"`
	Object string    `json:"object"`
	Detail string    `json:"detail,omitempty"`
	Hash   string    `json:"hash"`
}
