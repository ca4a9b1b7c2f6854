package bulwark

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// SecretDigest is what stands for a secret's text in a value (Builder.Secret):
// the first 16 bytes of its HMAC-SHA-256 under the installation's key, in
// hexadecimal, so that two equal secrets are known to be equal and a change is
// seen, and nothing else. Without a key it is empty.
func SecretDigest(key []byte, text string) string {
	if len(key) == 0 {
		return ""
	}
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil)[:16])
}
