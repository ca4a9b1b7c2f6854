package api

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/bulwarksec/bulwark"
)

// Cost of a password hash: argon2id with 64 MiB, two passes, one lane; about
// a tenth of a second. RFC 9106 asks for at least one pass at 2 GiB or three at
// 64 MiB with four lanes; OWASP's floor is 19 MiB and two passes.
const (
	argonMemory = 64 << 10 // KiB
	argonPasses = 2
	argonLanes  = 1
)

// hashPassword returns the password's hash in the PHC string format.
func hashPassword(password string) string {
	salt := make([]byte, 16)
	rand.Read(salt) // never fails
	return encodeHash(salt, argonMemory, argonPasses, argonLanes, argon2.IDKey([]byte(password), salt, argonPasses, argonMemory, argonLanes, 32))
}

func encodeHash(salt []byte, memory, passes uint32, lanes uint8, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memory, passes, lanes, b64.EncodeToString(salt), b64.EncodeToString(key))
}

// nobody is what a password is compared with when there is no such user, so
// that the answer takes as long.
var nobody = encodeHash(make([]byte, 16), argonMemory, argonPasses, argonLanes, make([]byte, 32))

// parsedHash is what a PHC string says.
type parsedHash struct {
	memory, passes uint32
	lanes          uint8
	salt, key      []byte
}

// parseHash reads a hash; ok is false when it cannot be read or when its cost
// is out of bounds (256 MiB, ten passes, sixteen lanes).
func parseHash(hash string) (p parsedHash, ok bool) {
	var version int
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return p, false
	}
	if n, err := fmt.Sscanf(parts[2], "v=%d", &version); n != 1 || err != nil || version != argon2.Version {
		return p, false
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.passes, &p.lanes); n != 3 || err != nil {
		return p, false
	}
	if p.memory > 256<<10 || p.passes == 0 || p.passes > 10 || p.lanes == 0 || p.lanes > 16 {
		return p, false
	}
	var err error
	if p.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return p, false
	}
	p.key, err = base64.RawStdEncoding.DecodeString(parts[5])
	return p, err == nil && len(p.key) >= 16 && len(p.key) <= 64
}

// verifyPassword compares in constant time. A hash that cannot be read matches
// nothing.
func verifyPassword(hash, password string) bool {
	p, ok := parseHash(hash)
	if !ok {
		return false
	}
	got := argon2.IDKey([]byte(password), p.salt, p.passes, p.memory, p.lanes, uint32(len(p.key)))
	return subtle.ConstantTimeCompare(got, p.key) == 1
}

// checkPassword tells what is wrong with a new password.
func checkPassword(name, password string) error {
	switch {
	case utf8.RuneCountInString(password) < 12:
		return invalid("The password is too short.", "Choose at least 12 characters.")
	case len(password) > 1024:
		return invalid("The password is too long.", "Choose at most 1024 bytes.")
	case strings.EqualFold(password, name) || strings.Count(password, password[:1]) == len(password):
		return invalid("The password is too easy to guess.", "Choose another.")
	}
	return nil
}

// checkName tells what is wrong with a new user's name.
func checkName(name string) error {
	if name == "" || len(name) > 64 {
		return invalid("The name must have 1 to 64 characters.", "")
	}
	for _, r := range name {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(".-_@+", r) {
			continue
		}
		return invalid("The name holds a character that names cannot have.", "Use letters, digits and . - _ @ +")
	}
	return nil
}

// newSecret returns 32 random bytes as text, after a mark that secret scanners
// can know it by.
func newSecret(mark string) string {
	b := make([]byte, 32)
	rand.Read(b) // never fails
	return mark + base64.RawURLEncoding.EncodeToString(b)
}

// newID returns a random id.
func newID(mark string) string {
	b := make([]byte, 12)
	rand.Read(b) // never fails
	return mark + hex.EncodeToString(b)
}

// hashSecret returns what is kept of a random secret. It needs no salt or cost:
// there is nothing to guess.
func hashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// checkRole tells whether a role exists.
func checkRole(r bulwark.Role) error {
	if ranks[r] == 0 {
		return invalid("There is no such role.", "Use reader, contributor, security-admin or owner.")
	}
	return nil
}
