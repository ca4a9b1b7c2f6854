package bulwark

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// AssessmentID returns the public id of one check on one asset.
func AssessmentID(check, asset string) string { return publicID("a", check, asset) }

// FindingID returns the public id of a problem: one check on one asset, at
// one instance of it ("" for the asset as a whole). It is stable over time
// and across installations.
func FindingID(check, asset, instance string) string { return publicID("f", check, asset, instance) }

// publicID is the first 16 bytes of the SHA-256 of length-separated parts.
func publicID(prefix string, parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return prefix + hex.EncodeToString(h.Sum(nil)[:16])
}

// FindingState is where a finding is in its life.
type FindingState string

// The life of a finding: open, then resolved on a healthy or not-applicable
// verdict or when its asset is gone; open again it is reopened, under the
// same id. Exempt is an overlay and not a state.
const (
	Open     FindingState = "open"
	Resolved FindingState = "resolved"
)

// Finding is a problem with an identity over time.
type Finding struct {
	ID              string       `json:"id"`
	Check           string       `json:"check"`
	Asset           string       `json:"asset"`
	Instance        string       `json:"instance,omitempty"`
	State           FindingState `json:"state"`
	Severity        Severity     `json:"severity"`
	Risk            Severity     `json:"risk"`
	Because         string       `json:"because,omitempty"`
	Location        Position     `json:"location,omitzero"`
	FirstSeen       time.Time    `json:"firstSeen"`
	LastChanged     time.Time    `json:"lastChanged"`
	ResolvedAt      time.Time    `json:"resolvedAt,omitzero"`
	Reopened        int          `json:"reopened,omitempty"`       // how many times
	UnverifiedSince time.Time    `json:"unverifiedSince,omitzero"` // the verdict has been unknown since
	Exemption       string       `json:"exemption,omitempty"`      // id of the exemption in force
}

// ExemptionCategory is how an exemption counts in the score.
type ExemptionCategory string

// Waiver takes the asset out of the control's counts; Mitigated counts it as
// healthy.
const (
	Waiver    ExemptionCategory = "waiver"
	Mitigated ExemptionCategory = "mitigated"
)

// Exemption says that a problem is accepted, by whom, why and until when. It
// applies to a check (or all when empty) on the assets under Scope, or on one
// asset, or on one finding; the most specific that is set counts.
type Exemption struct {
	ID       string            `json:"id"`
	Check    string            `json:"check,omitempty"`
	Scope    string            `json:"scope,omitempty"`
	Asset    string            `json:"asset,omitempty"`
	Finding  string            `json:"finding,omitempty"`
	Category ExemptionCategory `json:"category"`
	Reason   string            `json:"reason"`
	Author   string            `json:"author"`
	Created  time.Time         `json:"created"`
	Expires  time.Time         `json:"expires,omitzero"` // zero is never
}
