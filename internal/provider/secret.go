package provider

import "strings"

// secretNames end the names of texts that hold secrets, in lower case and
// without marks between words.
var secretNames = []string{"password", "passwd", "passphrase", "secret", "secretkey", "secretstring", "secretvalue", "privatekey", "accesskey", "accountkey",
	"sharedkey", "primarykey", "secondarykey", "apikey", "authtoken", "sastoken", "keystring", "connectionstring", "userdata"}

var unmarked = strings.NewReplacer("_", "", "-", "")

// SecretName tells whether a text of that name is taken for a secret where no
// type file says what it is: providers tell some that nobody lists.
func SecretName(name string) bool {
	if strings.ContainsAny(name, "_-") {
		name = unmarked.Replace(name)
	}
	for _, s := range secretNames {
		if n := len(name) - len(s); n >= 0 && strings.EqualFold(name[n:], s) {
			return true
		}
	}
	return false
}
