package bulwark

import (
	"encoding/json"
	"strings"
	"time"
)

// DefaultInterval is the time between runs of a connector for which nobody
// chose another.
const DefaultInterval = time.Hour

// ConnectorSpec is a connector as a person configures it. Its secret is kept
// apart and never shown.
type ConnectorSpec struct {
	ID       string          `json:"id"`
	Kind     string          `json:"kind"` // iac, host, kubernetes, aws …
	Name     string          `json:"name"`
	Enabled  bool            `json:"enabled"`
	Interval time.Duration   `json:"interval,omitempty"` // between runs; 0 is on demand only
	Config   json.RawMessage `json:"config,omitempty"`   // an object of the kind's own
}

// Connector is a source of assets with what has come of it.
type Connector struct {
	ID       string           `json:"id"`
	Kind     string           `json:"kind"`
	Name     string           `json:"name"`
	Enabled  bool             `json:"enabled"`
	Interval time.Duration    `json:"interval,omitempty"` // between runs; 0 is on demand only
	LastRun  *Run             `json:"lastRun,omitempty"`
	NextRun  time.Time        `json:"nextRun,omitzero"`
	Watching bool             `json:"watching,omitempty"` // changes are seen as they come
	Scopes   []ConnectorScope `json:"scopes,omitempty"`
}

// ConnectorScope is a scope that a connector has gathered from.
type ConnectorScope struct {
	ScopeInfo
	Assets int64 `json:"assets"`
	Stale  int64 `json:"stale,omitempty"` // of these
	Gaps   int64 `json:"gaps,omitempty"`
}

// Access is one call that a connector makes, or a group of calls under one
// permission, with what the permission is for.
type Access struct {
	Permission string   `json:"permission"`         // s3:GetBucketPolicy, Microsoft.Storage/storageAccounts/read, get pods
	Calls      []string `json:"calls,omitempty"`    // API calls that need it, where they bear other names
	Types      []string `json:"types,omitempty"`    // of the assets that are read with it
	Optional   bool     `json:"optional,omitempty"` // without it only something is unknown
}

// CheckPermission is a permission with which a kind of connector reads the
// assets that a check judges. Types are those of the check, or none where the
// permission is for everything that the kind reads.
type CheckPermission struct {
	Kind string `json:"kind"` // aws, kubernetes …
	Access
}

// Probe is the answer of one permission that was tried.
type Probe struct {
	Access
	State ProbeState `json:"state"`
	Where string     `json:"where,omitempty"` // scope and region that were tried
	Why   string     `json:"why,omitempty"`   // unless allowed
}

// ProbeState says how a tried permission answered.
type ProbeState string

// The states of a probe. Untried is what cannot be tried without an object
// that is not there; unreachable is no answer, or none that tells.
const (
	ProbeAllowed     ProbeState = "allowed"
	ProbeDenied      ProbeState = "denied"
	ProbeUntried     ProbeState = "untried"
	ProbeUnreachable ProbeState = "unreachable"
)

// CallPlan is how many API calls a run is expected to make, before it is made.
type CallPlan struct {
	Scopes  []ScopeInfo `json:"scopes"`
	Regions []string    `json:"regions,omitempty"`
	Calls   []CallCount `json:"calls"`
	Total   int64       `json:"total"`
	Logged  int64       `json:"logged"`           // of these, written to the provider's audit log
	Seconds float64     `json:"seconds"`          // at the least, by the provider's quotas
	Filter  []LogFilter `json:"filter,omitempty"` // how a log tells these calls from others
}

// CallCount is how often a call is made in a run. Fixed calls are made once
// for each scope and region; those by object once for each asset of a type, or
// page of assets, and their number is what earlier runs or a first page show.
type CallCount struct {
	Service string `json:"service"`
	Call    string `json:"call"`
	Count   int64  `json:"count"`
	Logged  bool   `json:"logged,omitempty"`
	Basis   string `json:"basis,omitempty"` // fixed, counted, assumed
}

// LogFilter is a field of an audit record and the value that a connector's
// calls have there.
type LogFilter struct {
	Log   string `json:"log"`   // CloudTrail, Azure Activity Log, Kubernetes audit log
	Field string `json:"field"` // userAgent, userIdentity.sessionContext.…
	Value string `json:"value"`
}

// Fault is the failure of one call to a provider, of one kind.
type Fault struct {
	Kind   FaultKind
	Call   string // service:Operation, or method and path
	Object string // what it was asked of: scope, region, name
	Needs  string // the permission or change that would mend it
	Err    error
}

// FaultKind is what a failure means to people and to the next attempt.
type FaultKind string

// The kinds of fault. Absent is no failure: the object, or the part asked for,
// is not there. Disabled is a service or region that is not in use.
const (
	FaultDenied      FaultKind = "denied"
	FaultThrottled   FaultKind = "throttled"
	FaultCredentials FaultKind = "credentials" // missing, expired, or a clock that is wrong
	FaultAbsent      FaultKind = "absent"
	FaultDisabled    FaultKind = "disabled"
	FaultTimeout     FaultKind = "timeout"
	FaultUnreachable FaultKind = "unreachable"
	FaultMalformed   FaultKind = "malformed" // an answer that cannot be read, is too large, or repeats a page
	FaultFailed      FaultKind = "failed"    // the provider's own error
)

// Error names the call and the object before what went wrong.
func (f *Fault) Error() string {
	s := f.Call
	if f.Object != "" && !strings.HasSuffix(f.Call, f.Object) { // the call of Azure ends with a path that may name it
		s += " " + f.Object
	}
	s += ": " + string(f.Kind)
	if f.Err != nil {
		s += ": " + f.Err.Error()
	}
	return s
}

func (f *Fault) Unwrap() error { return f.Err }

// Is makes faults the kinds of error that the program knows.
func (f *Fault) Is(target error) bool {
	switch f.Kind {
	case FaultDenied, FaultCredentials:
		return target == ErrDenied
	case FaultThrottled:
		return target == ErrThrottled
	case FaultAbsent:
		return target == ErrNotFound
	case FaultMalformed:
		return target == ErrInvalid
	}
	return target == ErrUnavailable
}

// Gap is the fault as a coverage gap of something (listing, property …) in a
// place.
func (f *Fault) Gap(what, where string) Gap {
	return Gap{What: what, Where: where, Why: f.Error(), Needs: f.Needs}
}
