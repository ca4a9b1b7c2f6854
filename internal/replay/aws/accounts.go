package aws

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

// An Account is one that can be called.
type Account struct {
	ID              string
	DisabledRegions []string // not opted in: no key is known there
	Roles           []Role   // that others may assume
}

// A Role can be assumed by any principal that knows its external id.
type Role struct {
	Name       string   // with its path, if any, but without the first slash
	ExternalID string   // "" asks for none
	Trusts     []string // accounts whose principals may assume it; empty is all
	Deny       []string // IAM actions that its sessions are denied, with * and ?
}

// A Key is an access key: long-lived, or a session's.
type Key struct {
	ID           string // access key id
	Secret       string
	SessionToken string // of a session's key
	Principal
	Expires time.Time // of a session's key
}

// A Principal is who calls.
type Principal struct {
	Account string
	ARN     string
	UserID  string
	Deny    []string // IAM actions, with * and ?
}

// denied tells whether the principal may not do an IAM action.
func (p Principal) denied(action string) bool {
	for _, pattern := range p.Deny {
		if ok, _ := path.Match(strings.ToLower(pattern), strings.ToLower(action)); ok {
			return true
		}
	}
	return false
}

// keyring holds who has which key. Sessions are added as roles are assumed.
type keyring struct {
	mu       sync.Mutex
	keys     map[string]Key
	accounts map[string]Account
	seed     int64
	issued   int
}

// maxSessions bounds how many keys of sessions are kept.
const maxSessions = 1 << 16

func newKeyring(o Options) *keyring {
	k := &keyring{keys: map[string]Key{}, accounts: map[string]Account{}, seed: o.Seed}
	for _, a := range o.Accounts {
		k.accounts[a.ID] = a
	}
	for _, key := range o.Keys {
		k.keys[key.ID] = key
	}
	return k
}

// A scope is what a request's signature says: whose key, and for which region
// and service.
type scope struct {
	key, region, service string
}

// readScope reads a request's signing scope, of
// Credential=KEY/DATE/REGION/SERVICE/aws4_request.
func readScope(r *http.Request) (scope, bool) {
	_, rest, ok := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if !ok {
		return scope{}, false
	}
	credential, _, _ := strings.Cut(rest, ",")
	parts := strings.Split(strings.TrimSpace(credential), "/")
	if len(parts) != 5 || parts[4] != "aws4_request" {
		return scope{}, false
	}
	return scope{key: parts[0], region: parts[2], service: parts[3]}, true
}

// errKey says why a key is not taken.
type errKey string

const (
	unknownKey errKey = "unknown"
	expiredKey errKey = "expired"
)

// find returns the principal of a key in a region.
func (k *keyring) find(s scope, token string, now time.Time) (Principal, errKey) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key, ok := k.keys[s.key]
	switch {
	case !ok, key.SessionToken != token:
		return Principal{}, unknownKey
	case !key.Expires.IsZero() && now.After(key.Expires):
		return Principal{}, expiredKey
	}
	account, ok := k.accounts[key.Account]
	if !ok {
		return Principal{}, unknownKey
	}
	for _, r := range account.DisabledRegions {
		if r == s.region {
			return Principal{}, unknownKey
		}
	}
	return key.Principal, ""
}

// role returns a role that the caller may assume.
func (k *keyring) role(roleARN, externalID, callerAccount string) (Role, string, bool) {
	parts := strings.SplitN(roleARN, ":", 6)
	if len(parts) != 6 || parts[2] != "iam" {
		return Role{}, "", false
	}
	name, ok := strings.CutPrefix(parts[5], "role/")
	if !ok {
		return Role{}, "", false
	}
	for _, r := range k.accounts[parts[4]].Roles {
		if r.Name == name && r.ExternalID == externalID && r.trusts(callerAccount) {
			return r, parts[4], true
		}
	}
	return Role{}, "", false
}

func (r Role) trusts(account string) bool {
	for _, a := range r.Trusts {
		if a == account {
			return true
		}
	}
	return len(r.Trusts) == 0
}

// issue makes a key for a session of a role.
func (k *keyring) issue(r Role, account, session string, now, expires time.Time) Key {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.issued++
	k.forget(func(key Key) bool { return now.After(key.Expires) })
	k.forget(func(Key) bool { return true }) // of whom does not matter: they ask for another
	random := func(what string) string {
		sum := sha256.Sum256(fmt.Appendf(nil, "%d/%s/%s/%s/%s/%d", k.seed, account, r.Name, session, what, k.issued))
		return base32.StdEncoding.EncodeToString(sum[:])
	}
	short := r.Name[strings.LastIndex(r.Name, "/")+1:]
	key := Key{
		ID: "ASIA" + random("id")[:16], Secret: random("secret")[:40], SessionToken: random("token"), Expires: expires,
		Principal: Principal{
			Account: account,
			ARN:     "arn:aws:sts::" + account + ":assumed-role/" + short + "/" + session,
			UserID:  roleID(account, r.Name) + ":" + session,
			Deny:    r.Deny,
		},
	}
	k.keys[key.ID] = key
	return key
}

// forget drops keys of sessions that may be dropped while there are too many.
func (k *keyring) forget(may func(Key) bool) {
	for id, key := range k.keys {
		if len(k.keys) <= maxSessions {
			return
		}
		if !key.Expires.IsZero() && may(key) {
			delete(k.keys, id)
		}
	}
}

// roleID returns a role's stable unique id.
func roleID(account, name string) string {
	sum := sha256.Sum256([]byte(account + "/" + name))
	return "AROA" + base32.StdEncoding.EncodeToString(sum[:])[:17]
}
