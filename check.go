package bulwark

import (
	"fmt"
	"strings"
	"time"
)

// State is the answer of one check on one asset.
type State uint8

// The states. Unknown never counts as a pass.
const (
	NotApplicable State = iota
	Healthy
	Unhealthy
	Undetermined // written "unknown"
)

var stateNames = [...]string{"not applicable", "healthy", "unhealthy", "unknown"}

// String returns the state as people and formats write it.
func (s State) String() string { return stateNames[s&3] }

// ParseState reads what String writes.
func ParseState(s string) (State, error) {
	for i, name := range stateNames {
		if s == name {
			return State(i), nil
		}
	}
	return 0, fmt.Errorf("%w: state %q: want one of %s", ErrInvalid, s, strings.Join(stateNames[:], ", "))
}

// MarshalText writes the state's name.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the state's name.
func (s *State) UnmarshalText(b []byte) (err error) {
	*s, err = ParseState(string(b))
	return err
}

// Severity is how bad a check's or detection's subject is in itself. Risk, on
// one asset, uses the same scale.
type Severity uint8

// The severities in rising order.
const (
	Informational Severity = iota
	Low
	Medium
	High
	Critical
)

var severityNames = [...]string{"informational", "low", "medium", "high", "critical"}

// String returns the severity as people and formats write it.
func (s Severity) String() string {
	if int(s) < len(severityNames) {
		return severityNames[s]
	}
	return fmt.Sprintf("severity(%d)", uint8(s))
}

// ParseSeverity reads what String writes.
func ParseSeverity(s string) (Severity, error) {
	for i, name := range severityNames {
		if s == name {
			return Severity(i), nil
		}
	}
	return 0, fmt.Errorf("%w: severity %q: want one of %s", ErrInvalid, s, strings.Join(severityNames[:], ", "))
}

// MarshalText writes the severity's name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the severity's name.
func (s *Severity) UnmarshalText(b []byte) (err error) {
	*s, err = ParseSeverity(string(b))
	return err
}

// Expr is a CEL expression with the place it was written.
type Expr struct {
	Text     string
	Position Position
}

// NamedExpr is an expression that others may use by name.
type NamedExpr struct {
	Name string
	Expr
}

// Check is one rule as its file has it: content/checks/<id>.yaml. The format
// is described in docs/formats/check.md.
type Check struct {
	ID          string // the file's path below checks/, without .yaml
	Title       string
	Assets      []string // type ids, or one group such as workloads
	Severity    Severity
	Control     string // id of the secure-score control it counts in, or ""
	Preview     bool   // shown, never counted in the score
	Parameters  []Parameter
	When        Expr // empty text means always
	Let         []NamedExpr
	Healthy     Expr
	Because     Expr // a text with {{expression}} holes
	Risk        string
	Remediation Remediation
	Attack      []string            // ATT&CK technique ids
	Equivalents map[string][]string // other tools' ids by tool
	References  []string            // https addresses
	Was         []string            // earlier ids
	Overrides   string              // id of the check of which this file changes severity, parameters or enabled
	Disabled    bool
	Custom      bool // from a user's folder; never counted in the score
	Tests       []CheckTest
	Position    Position
}

// Parameter is a documented setting of a check, `parameters.<name>` in its
// expressions.
type Parameter struct {
	Name        string
	Description string
	Default     Value
}

// Remediation says how to mend what a check finds, by way of working. All
// texts are Markdown; empty ones do not apply.
type Remediation struct {
	Console        string `json:"console,omitempty"`
	CLI            string `json:"cli,omitempty"`
	Terraform      string `json:"terraform,omitempty"`
	CloudFormation string `json:"cloudformation,omitempty"`
	ARM            string `json:"arm,omitempty"`
	Kubernetes     string `json:"kubernetes,omitempty"`
	Dockerfile     string `json:"dockerfile,omitempty"`
	Shell          string `json:"shell,omitempty"` // on a host
	Fix            string `json:"fix,omitempty"`   // id of a playbook
}

// CheckTest is one inline case of a check.
type CheckTest struct {
	Name       string
	Type       string // of the asset; "" means the check's first
	Origin     Origin // "" means live
	Asset      Value  // properties
	Observed   Value
	Related    map[string]Value // relation → list of properties, or unknown
	Facts      map[string]Value // kind → value
	Parameters map[string]Value
	Now        time.Time
	Want       State
	Position   Position
}

// Problem is what is wrong with a file of content, where, and how to mend it.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`
	Message string `json:"message"`
	Mend    string `json:"mend,omitempty"`
}

// String returns file:line: message; mend.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	b.WriteString(": " + p.Message)
	if p.Mend != "" {
		b.WriteString("; " + p.Mend)
	}
	return b.String()
}

// Evidence is one value that decided a verdict, with what it is and where it
// stands.
type Evidence struct {
	Asset    string   `json:"asset"` // the asset it belongs to
	Path     string   `json:"path"`  // spec.containers[0].securityContext.privileged
	Value    string   `json:"value"` // JSON, cut to 256 bytes
	Reason   string   `json:"reason,omitempty"`
	Position Position `json:"position,omitzero"`
}

// Instance is one place within an asset at which a check fails: a container,
// a rule, a package. Key is stable and is the finding's sub-key.
type Instance struct {
	Key      string   `json:"key"`
	Path     string   `json:"path,omitempty"`
	Location Position `json:"location,omitzero"`
}

// Assessment is one check on one asset.
type Assessment struct {
	Check     string     `json:"check"`
	Asset     string     `json:"asset"`
	State     State      `json:"state"`
	Because   string     `json:"because,omitempty"` // why it is unhealthy, or unknown
	Evidence  []Evidence `json:"evidence,omitempty"`
	Instances []Instance `json:"instances,omitempty"` // empty means the asset as a whole
	Partial   bool       `json:"-"`                   // elements beside the instances are unknown: more may be at fault
	Queries   []string   `json:"-"`                   // what it read: asset:, rel:, fact: keys, sorted
	Until     time.Time  `json:"-"`                   // earliest instant at which the answer can change; zero is never
}
