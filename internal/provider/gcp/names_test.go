package gcp

import (
	"strings"
	"testing"
)

func TestFullName(t *testing.T) {
	accounts := map[string]string{"a@shop-prod.iam.gserviceaccount.com": "//iam.googleapis.com/projects/shop-prod/serviceAccounts/5", projectKey + "shop-prod": managerHost + "projects/1"}
	const network, key = "compute.googleapis.com/Network", typeKey
	tests := []struct{ to, text, want string }{
		{network, "https://www.googleapis.com/compute/v1/projects/p/global/networks/n", "//compute.googleapis.com/projects/p/global/networks/n"},
		{network, "https://www.googleapis.com/compute/beta/projects/p/global/networks/n", "//compute.googleapis.com/projects/p/global/networks/n"},
		{network, "https://compute.googleapis.com/compute/v1/projects/p/global/networks/n", "//compute.googleapis.com/projects/p/global/networks/n"},
		{network, "projects/host/global/networks/n", "//compute.googleapis.com/projects/host/global/networks/n"},
		{network, "global/networks/n", "//compute.googleapis.com/projects/shop-prod/global/networks/n"},
		{network, "n", ""},
		{network, "https://elsewhere.example/compute/v1/projects/p", ""},
		{network, "https://www.googleapis.com/compute", ""},
		{"container.googleapis.com/Cluster", "https://container.googleapis.com/v1/projects/p/zones/z/clusters/c", "//container.googleapis.com/projects/p/zones/z/clusters/c"},
		{typeBucket, "https://www.googleapis.com/storage/v1/b/logs", "//storage.googleapis.com/logs"},
		{typeBucket, "logs", ""},
		{key, "projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/3", "//cloudkms.googleapis.com/projects/p/locations/l/keyRings/r/cryptoKeys/k"},
		{key, "//cloudkms.googleapis.com/projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1", "//cloudkms.googleapis.com/projects/p/locations/l/keyRings/r/cryptoKeys/k"},
		{typeAccount, "a@shop-prod.iam.gserviceaccount.com", "//iam.googleapis.com/projects/shop-prod/serviceAccounts/5"},
		{typeAccount, "projects/-/serviceAccounts/a@shop-prod.iam.gserviceaccount.com", "//iam.googleapis.com/projects/shop-prod/serviceAccounts/5"},
		{typeAccount, "//iam.googleapis.com/projects/shop-prod/serviceAccounts/a@shop-prod.iam.gserviceaccount.com", "//iam.googleapis.com/projects/shop-prod/serviceAccounts/5"},
		{typeAccount, "default", ""},
		{typeProject, "shop-prod", managerHost + "projects/1"},
		{typeProject, "elsewhere", ""},
		{"x.googleapis.com/Y", "//odd", "//odd"},
	}
	for _, tt := range tests {
		if got := fullName(tt.to, tt.text, "shop-prod", accounts); got != tt.want {
			t.Errorf("fullName(%s, %s) = %q, want %q", tt.to, tt.text, got, tt.want)
		}
	}
}

// FuzzFullName makes of any text a full name or nothing.
func FuzzFullName(f *testing.F) {
	f.Add(typeKey, "https://www.googleapis.com/compute/v1/projects/p", "p")
	f.Add("", "//", "")
	f.Fuzz(func(t *testing.T, to, text, project string) {
		got := fullName(to, text, project, nil)
		if got != "" && !strings.HasPrefix(got, "//") {
			t.Errorf("fullName(%q, %q) = %q", to, text, got)
		}
		if len(got) > len(to)+len(text)+len(project)+64 {
			t.Errorf("fullName(%q, %q) has %d bytes", to, text, len(got))
		}
	})
}
