package provider_test

import (
	"testing"

	"github.com/bulwarksec/bulwark/internal/provider"
)

func TestSecretName(t *testing.T) {
	for name, want := range map[string]bool{
		"Password": true, "MasterUserPassword": true, "client_secret": true, "ClientSecret": true, "SecretString": true, "primary-key": true, "AuthToken": true, "UserData": true, "user_data": true,
		"": false, "AccessKeyId": false, "SecretArn": false, "PasswordPolicy": false, "PublicKey": false, "Key": false, "NextToken": false, "Ärger": false,
	} {
		if got := provider.SecretName(name); got != want {
			t.Errorf("SecretName(%q) = %v, want %v", name, got, want)
		}
	}
}
