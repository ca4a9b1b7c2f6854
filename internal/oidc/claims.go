package oidc

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Bounds of claims.
const (
	clockSkew   = 5 * time.Minute
	mostGroups  = 5000
	longestName = 128 // bytes
)

// Person is who signed in.
type Person struct {
	Subject string   // issuer and subject, which never change for a person
	Name    string   // host of the issuer, a colon, and the name there
	Groups  []string // sorted
}

// claims are those of an ID token or of userinfo, not yet decoded.
type claims map[string]json.RawMessage

func (c claims) has(name string) bool {
	v, ok := c[name]
	return ok && string(v) != "null"
}

// fill adds what is missing; what the signed token says stays.
func (c claims) fill(more claims) {
	for name, v := range more {
		if !c.has(name) {
			c[name] = v
		}
	}
}

func (c claims) text(name string) string {
	var s string
	if json.Unmarshal(c[name], &s) != nil {
		return ""
	}
	return s
}

// lacks reports whether userinfo is worth asking. Groups that the token says
// stand elsewhere are not in userinfo either.
func (p *Provider) lacks(c claims) bool {
	name := p.UserClaim
	if name == "" {
		name = "email"
	}
	return !c.has(name) || !c.has(p.GroupsClaim) && !c.elsewhere(p.GroupsClaim)
}

// elsewhere reports whether a claim was too large for the token, which then
// names a source instead (Core 1.0, section 5.6.2; Entra's groups overage).
func (c claims) elsewhere(name string) bool {
	var names map[string]json.RawMessage
	if json.Unmarshal(c["_claim_names"], &names) == nil {
		if _, ok := names[name]; ok {
			return true
		}
	}
	var has bool // Entra's mark in tokens of the implicit flow
	return name == "groups" && json.Unmarshal(c["hasgroups"], &has) == nil && has
}

// groups reads a list of names, or one name. A claim that is not there is no
// group; one that cannot be read is an error, never fewer groups.
func (c claims) groups(name string) ([]string, error) {
	if !c.has(name) {
		if c.elsewhere(name) {
			return nil, &Refused{
				Reason: fmt.Sprintf("The person is in too many groups: the issuer left the claim %q out of the token.", name),
				Mend:   "At the issuer, emit only the groups that are assigned to Bulwark's application, or use its application roles and --oidc-groups-claim roles.",
			}
		}
		return nil, nil
	}
	var list []string
	if json.Unmarshal(c[name], &list) != nil {
		var one string
		if json.Unmarshal(c[name], &one) != nil {
			return nil, &Refused{Reason: fmt.Sprintf("The claim %q is no list of names.", name), Mend: "Name the claim that is by --oidc-groups-claim."}
		}
		list = []string{one}
	}
	if len(list) > mostGroups {
		return nil, &Refused{Reason: fmt.Sprintf("The claim %q holds over %d groups.", name, mostGroups), Mend: "At the issuer, emit only the groups that Bulwark grants roles to."}
	}
	return list, nil
}

// name returns what the person is called. Without a claim of the owner's choice
// it is the email address, where the issuer says that it verified it, else the
// subject.
func (c claims) name(claim, subject string) (string, error) {
	var verified any
	_ = json.Unmarshal(c["email_verified"], &verified) // absent is not verified
	if claim == "" {
		claim = "sub"
		if (verified == true || verified == "true") && c.text("email") != "" {
			claim = "email"
		}
	}
	if claim == "email" && (verified == false || verified == "false") {
		return "", &Refused{Reason: "The issuer has not verified the person's email address.", Mend: "Verify it there, or name another claim by --oidc-user-claim."}
	}
	name := c.text(claim)
	if claim == "sub" {
		name = subject
	}
	if name == "" || len(name) > longestName || strings.ContainsFunc(name, unnameable) {
		return "", &Refused{
			Reason: fmt.Sprintf("The claim %q does not name the person in 1 to %d letters, digits and . - _ @ + |", claim, longestName),
			Mend:   "Name a claim that does by --oidc-user-claim.",
		}
	}
	return name, nil
}

func unnameable(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(".-_@+|", r))
}
