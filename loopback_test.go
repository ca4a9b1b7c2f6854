package bulwark_test

import (
	"testing"

	"github.com/bulwarksec/bulwark"
)

func TestIsLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "127.1.2.3": true, "::1": true,
		"": false, "0.0.0.0": false, "::": false, "10.0.0.1": false, "169.254.169.254": false, "localhost.elsewhere.example": false, "127.0.0.1.elsewhere.example": false, "127.0.0.1:80": false,
	} {
		if got := bulwark.IsLoopback(host); got != want {
			t.Errorf("IsLoopback(%q) = %v, want %v", host, got, want)
		}
	}
}
