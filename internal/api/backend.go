package api

import (
	"context"
	"time"

	"github.com/bulwarksec/bulwark"
)

// Store is what the API reads and changes of the stored state. Scopes are
// prefixes of scope paths that match at / boundaries; none means everything.
// Methods that take a Page return the next page's cursor, "" after the last.
// What is not there is ErrNotFound; a malformed cursor or sort is ErrInvalid.
type Store interface {
	Posture
	Exempter
	Chooser
	Accounts
}

// Posture is what was collected and judged.
type Posture interface {
	// Scopes returns the tree of scopes, sorted by path.
	Scopes(ctx context.Context) ([]bulwark.Scope, error)
	// Counts returns the counters of every leaf scope below the scopes.
	Counts(ctx context.Context, scopes []string) ([]bulwark.Count, error)
	// EachStates yields the states of every judged asset below the scopes,
	// exemptions in force included, in no order. The value is the callee's
	// after yield returns. An error of yield stops and is returned.
	EachStates(ctx context.Context, scopes []string, yield func(*bulwark.States) error) error
	// ScoreHistory returns the points recorded for exactly this scope ("" is
	// everything) since then, oldest first.
	ScoreHistory(ctx context.Context, scope string, since time.Time) ([]bulwark.ScorePoint, error)
	// Turns counts findings that opened or were resolved since then, by check
	// and leaf scope.
	Turns(ctx context.Context, scopes []string, since time.Time) ([]bulwark.Turn, error)

	// Assets sorts by name, type, unhealthy, highest and changed.
	Assets(ctx context.Context, q bulwark.AssetQuery) ([]bulwark.AssetRow, string, error)
	// AssetFacets counts, ignoring q's page: type, origin, region, scope and
	// stale (yes, no); and the rows that q selects.
	AssetFacets(ctx context.Context, q bulwark.AssetQuery) (map[string][]bulwark.Facet, int64, error)
	// AssetRows returns the rows of those ids that exist, in any order.
	AssetRows(ctx context.Context, ids []string) ([]bulwark.AssetRow, error)
	// Asset returns an asset with its configuration, positions included.
	Asset(ctx context.Context, id string) (*bulwark.Asset, bulwark.AssetRow, error)
	// RelationsTo returns the relations of other assets that target this one:
	// Target is the other asset. At most limit of them.
	RelationsTo(ctx context.Context, id string, limit int) ([]bulwark.Relation, error)
	// Versions returns the kept configurations, newest first.
	Versions(ctx context.Context, id string) ([]bulwark.Version, error)
	// ConfigAt returns the properties of a kept version.
	ConfigAt(ctx context.Context, id string, version int64) (bulwark.Value, error)

	Assessments(ctx context.Context, q bulwark.AssessmentQuery) ([]bulwark.AssessmentRow, string, error)
	// Findings sorts by severity and firstSeen.
	Findings(ctx context.Context, q bulwark.FindingQuery) ([]bulwark.FindingRow, string, error)
	// FindingFacets counts, ignoring q's page: severity, state, check and
	// exempt (yes, no); and the rows that q selects.
	FindingFacets(ctx context.Context, q bulwark.FindingQuery) (map[string][]bulwark.Facet, int64, error)
	Finding(ctx context.Context, id string) (bulwark.FindingRow, error)

	Gaps(ctx context.Context, q bulwark.GapQuery) ([]bulwark.GapRow, string, error)
	// GapFacets counts, ignoring q's page: what, connector and needs; and the
	// rows that q selects.
	GapFacets(ctx context.Context, q bulwark.GapQuery) (map[string][]bulwark.Facet, int64, error)
	// Listings returns the last listing of every connector, scope, type and
	// region below the scopes.
	Listings(ctx context.Context, scopes []string) ([]bulwark.Listing, error)
}

// Chooser keeps which standards people put into use, and out of it.
type Chooser interface {
	// StandardChoices returns what was chosen, by the standard's id.
	StandardChoices(ctx context.Context) (map[string]bool, error)
	ChooseStandard(ctx context.Context, id string, on bool) error
}

// Exempter keeps exemptions. Adding or deleting one changes counts and
// findings before it returns.
type Exempter interface {
	// Exemptions returns those whose scope lies below the scopes, newest first.
	Exemptions(ctx context.Context, scopes []string, p bulwark.Page) ([]bulwark.Exemption, string, error)
	Exemption(ctx context.Context, id string) (bulwark.Exemption, error)
	AddExemption(ctx context.Context, e bulwark.Exemption) error
	// AddExemptions adds all or, with an error, none.
	AddExemptions(ctx context.Context, list []bulwark.Exemption) error
	DeleteExemption(ctx context.Context, id string) error
}

// Accounts keeps who may do what, and what they did.
type Accounts interface {
	// User returns a user and the hash of the password, as hashPassword wrote
	// it.
	User(ctx context.Context, name string) (u bulwark.User, password string, err error)
	Users(ctx context.Context) ([]bulwark.User, error)
	// UserBySubject returns the user who is a subject of an issuer.
	UserBySubject(ctx context.Context, subject string) (bulwark.User, error)
	// AddUser is ErrConflict when the name or the subject is taken.
	AddUser(ctx context.Context, u bulwark.User, password string) error
	SetGrants(ctx context.Context, name string, grants []bulwark.Grant) error
	SetDisabled(ctx context.Context, name string, disabled bool) error
	// DeleteUser deletes the user with all sessions and tokens.
	DeleteUser(ctx context.Context, name string) error

	AddSession(ctx context.Context, s bulwark.Session) error
	Session(ctx context.Context, hash string) (bulwark.Session, error)
	DeleteSession(ctx context.Context, hash string) error

	AddToken(ctx context.Context, t bulwark.Token) error
	Tokens(ctx context.Context) ([]bulwark.Token, error)
	// Token returns the token of a hash and notes, at most once a minute, that
	// it was used now.
	Token(ctx context.Context, hash string, now time.Time) (bulwark.Token, error)
	DeleteToken(ctx context.Context, id string) error

	AddLink(ctx context.Context, l bulwark.Link) error
	// Link returns a link without using it up.
	Link(ctx context.Context, hash string) (bulwark.Link, error)
	// TakeLink deletes the link and adds the user in one transaction, so that
	// it works once. A taken name is ErrConflict and leaves the link.
	TakeLink(ctx context.Context, hash string, u bulwark.User, password string) error

	// Audit appends to the log; the store numbers, hashes and chains.
	Audit(ctx context.Context, e bulwark.AuditEntry) error
	// AuditLog returns the newest first.
	AuditLog(ctx context.Context, p bulwark.Page) ([]bulwark.AuditEntry, string, error)
}

// Content is what the product knows. It may change between calls, never
// within what a call returned.
type Content interface {
	Checks() []*bulwark.Check // sorted by id
	Check(id string) *bulwark.Check
	Standards() []*bulwark.Standard // sorted by id
}

// Runs collects and judges.
type Runs interface {
	Connectors(ctx context.Context) ([]bulwark.Connector, error)
	// Kinds returns the kinds of connectors that there are, sorted.
	Kinds() []string
	// Runs returns the newest first; connector "" is all.
	Runs(ctx context.Context, connector string, p bulwark.Page) ([]bulwark.Run, string, error)
	// Start begins a run, or returns the one that is going on.
	Start(ctx context.Context, connector string) (bulwark.Run, error)
	// Subscribe returns notices until ctx ends, then closes the channel. A
	// listener that does not keep up loses notices, never delays others.
	Subscribe(ctx context.Context) <-chan bulwark.Notice
}

// Scorer does the arithmetic of the secure score and of standards.
type Scorer interface {
	// Score returns the score of each leaf scope in counts, and their weighted
	// ratio; scored is false when nothing counts.
	Score(counts []bulwark.Count) (scopes []LeafScore, ratio float64, scored bool)
	// Delta returns how counts change when an asset's states do.
	Delta(old, new *bulwark.States) []bulwark.Count
	// Apply returns counts with the changes added.
	Apply(counts, changes []bulwark.Count) []bulwark.Count
	// Fixed returns the states with the unhealthy ones that fix names mended.
	Fixed(s *bulwark.States, fix func(check string) bool) *bulwark.States
	// Effective returns the state with which an exempt assessment counts.
	Effective(s bulwark.State, exempt bulwark.ExemptionCategory) bulwark.State
	// Standard returns the status (passed, failed, unknown, not applicable,
	// manual, not covered) and the summed tally of each control, in order of
	// sections and controls.
	Standard(s *bulwark.Standard, counts []bulwark.Count) []ControlStatus
}

// LeafScore is the score of one leaf scope, in points.
type LeafScore struct {
	Scope        string
	Current, Max float64
	Weight       int64         // assets that are healthy or unhealthy in a control
	Assets       bulwark.Tally // by their state in all controls together
	Controls     []LeafControl
}

// LeafControl is a control in a leaf scope. Current + Lost is Points when
// Counted.
type LeafControl struct {
	ID       string
	Points   int
	Tally    bulwark.Tally
	PerAsset float64 // points that one asset is worth
	Current  float64
	Lost     float64
	Counted  bool
}

// ControlStatus is a standard's control, judged.
type ControlStatus struct {
	Status string
	Tally  bulwark.Tally
}
