package oidc

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzClaims reads claims of any shape: a name is bounded and never holds what
// separates it from the issuer's.
func FuzzClaims(f *testing.F) {
	for _, s := range []string{`{}`, `{"groups":["a"],"email":"a@b","email_verified":true}`, `{"groups":null,"_claim_names":{"groups":"x"}}`, `{"hasgroups":true}`, `{"sub":1,"email":{},"groups":[1]}`} {
		f.Add([]byte(s), "groups", "email")
	}
	f.Fuzz(func(t *testing.T, data []byte, groups, user string) {
		var c claims
		if json.Unmarshal(data, &c) != nil {
			return
		}
		if list, err := c.groups(groups); err == nil && len(list) > mostGroups {
			t.Errorf("%d groups", len(list))
		}
		name, err := c.name(user, "sub:ject")
		if err == nil && (name == "" || len(name) > longestName || strings.ContainsAny(name, ": /\\\n\x00")) {
			t.Errorf("name %q", name)
		}
	})
}
