package bulwark

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Origin is where knowledge of an asset comes from; it begins every asset id.
type Origin string

// The origins. A live asset was read from a provider, a code asset from
// infrastructure code, an image by its digest, a host by its machine id.
const (
	Live  Origin = "live"
	Code  Origin = "code"
	Image Origin = "image"
	Host  Origin = "host"
)

// AssetID returns the stable identity <origin>:<native id>. Names never enter
// it; see docs/formats/identity.md for the native ids.
func AssetID(o Origin, native string) string { return string(o) + ":" + native }

// OriginOf returns the origin of an asset id.
func OriginOf(id string) Origin {
	o, _, _ := strings.Cut(id, ":")
	return Origin(o)
}

// Asset is one thing an organisation has: a bucket, a Deployment, a host, a
// Dockerfile stage. It is an upsert under ID; it is immutable once gathered.
type Asset struct {
	ID        string
	Type      string // id of its type file: AWS::S3::Bucket, apps/v1/Deployment
	Name      string // what people call it; not unique
	Scope     string // path in the tree of scopes: aws/123456789012, code/shop//infra
	Region    string // "" where it has none
	Connector string // what gathered it

	Properties Value      // declarative properties: `asset.…` in expressions
	Observed   Value      // what only a live provider knows: `observed.…`; absent for code
	Relations  []Relation // to other assets, sorted by name and target
	Aliases    []string   // other ids of the same thing, sorted
	Position   Position   // where it is declared; zero unless its origin is code

	Declarations []Declaration // the resources of code that make it up; its own first
	Suppressions []Suppression // written beside it in its source
}

// Declaration is a resource of code that declares an asset or adds to it.
type Declaration struct {
	Address  string   `json:"address"` // aws_s3_bucket_versioning.logs
	Position Position `json:"position"`
}

// Origin returns the asset's origin.
func (a *Asset) Origin() Origin { return OriginOf(a.ID) }

// Relation says that an asset stands in a named relation to others. A
// relation that could not be learned has a Reason and no Target.
type Relation struct {
	Name    string `json:"name"`              // role, account, subnets
	Inverse string `json:"inverse,omitempty"` // how the target calls it: functions
	Type    string `json:"type,omitempty"`    // of the target
	Target  string `json:"target,omitempty"`  // asset id
	Reason  string `json:"reason,omitempty"`  // why it is unknown
}

// SortRelations puts relations in the order in which assets keep them, each
// once.
func SortRelations(list []Relation) []Relation {
	slices.SortFunc(list, func(a, b Relation) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Target, b.Target), strings.Compare(a.Reason, b.Reason), strings.Compare(a.Type, b.Type))
	})
	return slices.Compact(list)
}

// Names of the relations that the product itself knows.
const (
	RelParent     = "parent"      // the asset that contains it
	RelAccount    = "account"     // the account, subscription, project or cluster
	RelController = "controller"  // the object that made it: its verdict is inherited
	RelSameAs     = "same as"     // host and instance
	RelDeclaredBy = "declared by" // live and code
)

// Suppression is a comment in source that silences checks on an asset
// (bulwark:ignore ID reason, or another tool's own form).
type Suppression struct {
	Tool     string   `json:"tool"` // bulwark, checkov, trivy …: the key under equivalents
	ID       string   `json:"id"`   // a check's id, the tool's id, or * for all
	Reason   string   `json:"reason,omitempty"`
	Position Position `json:"position"`
}

// Gap is something that could not be read, so that verdicts are unknown or
// missing. A gap is shown to people beside the numbers it weakens.
type Gap struct {
	What     string   `json:"what"`            // file, listing, property, relation
	Where    string   `json:"where"`           // file:line, or connector/scope/type/region
	Why      string   `json:"why"`             // what went wrong, in one sentence
	Needs    string   `json:"needs,omitempty"` // the permission or change that would mend it
	Position Position `json:"-"`
}

// Listing tells that all assets of one type in one place were listed, or why
// not. Only a complete listing may make an asset gone.
type Listing struct {
	Connector string
	Scope     string
	Type      string
	Region    string
	Whole     bool // it tells of all that its connector has, in other scopes too
	Complete  bool
	Gap       *Gap // why it is not complete
	At        time.Time
}

// ScopeInfo tells what people call a scope: an account, subscription, project
// or cluster that a connector reaches.
type ScopeInfo struct {
	Path string `json:"path"` // aws/123456789012
	Name string `json:"name"` // not unique; may change
	Kind string `json:"kind"` // account, subscription, project, cluster, host
}

// Gathered is one item of what a gatherer yields: exactly one field is set.
type Gathered struct {
	Asset   *Asset
	Gap     *Gap
	Listing *Listing
	Scope   *ScopeInfo
	Gone    *Gone
}

// Gone tells that an asset was seen to be deleted; only a watch yields it. A
// run tells by its complete listings.
type Gone struct{ ID, Scope string }
