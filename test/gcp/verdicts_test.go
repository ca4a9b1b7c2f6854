package gcp_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/content"
	"github.com/bulwarksec/bulwark/internal/check"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	"github.com/bulwarksec/bulwark/internal/provider/gcp"
	replaygcp "github.com/bulwarksec/bulwark/internal/replay/gcp"
)

// TestVerdicts judges what was gathered with the product's own checks.
func TestVerdicts(t *testing.T) {
	c, _ := content.Load(content.Options{}, content.Embedded())
	set, _ := check.Compile(c.Checks, c.Types, check.Options{})
	var r result
	synctest.Test(t, func(t *testing.T) {
		r = gather(t, estate(t, server(t, replaygcp.Options{State: state(t)}), gcp.Config{}))
	})
	var list []*bulwark.Asset
	for _, a := range r.assets {
		list = append(list, a)
	}
	world := pipeline.NewWorld(list)
	got := map[string]bulwark.State{}
	for _, a := range list {
		for _, x := range set.Judge(a, world, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) {
			got[x.Check+" "+a.Name] = x.State
			if x.State == bulwark.Undetermined {
				t.Errorf("%s of %s is unknown: %s", x.Check, a.ID, x.Because)
			}
		}
	}
	for key, want := range map[string]bulwark.State{
		"gcp/storage/bucket_not_public shop-site":            bulwark.Unhealthy,
		"gcp/storage/bucket_not_public shop-logs":            bulwark.NotApplicable,
		"gcp/storage/acl_not_public shop-logs":               bulwark.Unhealthy,
		"gcp/storage/access_logged shop-site":                bulwark.Healthy,
		"gcp/bigquery/dataset_not_public sales":              bulwark.Unhealthy,
		"gcp/compute/os_login_not_overridden till":           bulwark.Unhealthy,
		"gcp/iam/no_default_network Shop":                    bulwark.Unhealthy,
		"gcp/iam/no_default_network Lab":                     bulwark.Healthy,
		"gcp/iam/key_creation_disabled Shop":                 bulwark.Healthy,
		"gcp/compute/os_login_enforced Shop":                 bulwark.Unhealthy,
		"gcp/compute/os_login_enforced Lab":                  bulwark.Healthy,
		"gcp/logging/audit_logs Lab":                         bulwark.Healthy,
		"gcp/logging/all_entries_exported Lab":               bulwark.Healthy,
		"gcp/iam/service_account_key_rotated aa":             bulwark.Unhealthy,
		"gcp/iam/organization_security_contact shop.example": bulwark.Healthy,
		"gcp/run/service_not_public hello":                   bulwark.Unhealthy,
	} {
		if got[key] != want {
			t.Errorf("%s is %s, want %s", key, got[key], want)
		}
	}
}
