package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// maxSealed bounds a sealed cookie; browsers keep 4 KiB of one.
const maxSealed = 4 << 10

// seal writes a value that only this process can have written, for a cookie of
// this name. It hides nothing.
func (s *Server) seal(name string, v any) string {
	data, err := json.Marshal(v)
	if err != nil { // plain strings and numbers always marshal
		panic("api: " + err.Error())
	}
	text := base64.RawURLEncoding.EncodeToString(data)
	return text + "." + base64.RawURLEncoding.EncodeToString(s.mac(name, text))
}

// unseal reads what seal wrote under the same name.
func (s *Server) unseal(name, sealed string, v any) bool {
	text, mark, ok := strings.Cut(sealed, ".")
	if !ok || len(sealed) > maxSealed {
		return false
	}
	got, err := base64.RawURLEncoding.DecodeString(mark)
	if err != nil || !hmac.Equal(got, s.mac(name, text)) {
		return false
	}
	data, err := base64.RawURLEncoding.DecodeString(text)
	return err == nil && json.Unmarshal(data, v) == nil
}

func (s *Server) mac(name, text string) []byte {
	mac := hmac.New(sha256.New, s.sealKey)
	mac.Write([]byte(name + "\x00" + text))
	return mac.Sum(nil)
}

// logoutAddress names the client, which RP-Initiated Logout 1.0 (section 2)
// asks for where no ID token is kept.
func logoutAddress(page, client string) string {
	u, err := url.Parse(page)
	if err != nil { // it was checked
		return ""
	}
	q := u.Query()
	q.Set("client_id", client)
	u.RawQuery = q.Encode()
	return u.String()
}

func sameGrants(a, b []bulwark.Grant) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(g bulwark.Grant) bool { return !slices.Contains(b, g) })
}

// grantsText writes grants for the audit log.
func grantsText(grants []bulwark.Grant) string {
	if len(grants) == 0 {
		return "none"
	}
	list := make([]string, len(grants))
	for i, g := range grants {
		list[i] = string(g.Role) + " on " + scopeName(g.Scope)
	}
	return strings.Join(list, ", ")
}
