package content

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
)

// standards returns the product's standards by id, and its checks.
func standards(t *testing.T) (map[string]*bulwark.Standard, []*bulwark.Check) {
	t.Helper()
	c, problems := Load(Options{}, Embedded())
	if len(problems) > 0 {
		t.Fatalf("Load: %v", problems)
	}
	byID := map[string]*bulwark.Standard{}
	for _, s := range c.Standards {
		byID[s.ID] = s
	}
	return byID, c.Checks
}

// TestSecurityHubControls holds the controls of aws-fsbp to the checks that
// name them as equivalent: adding one to a check is adding it to the standard.
func TestSecurityHubControls(t *testing.T) {
	byID, checks := standards(t)
	want := map[string][]string{}
	for _, c := range checks {
		for _, id := range c.Equivalents["securityhub"] {
			want[id] = append(want[id], c.ID)
		}
	}
	for _, section := range byID["aws-fsbp"].Sections {
		for _, c := range section.Controls {
			slices.Sort(want[c.ID])
			if diff := cmp.Diff(want[c.ID], c.Checks); diff != "" {
				t.Errorf("%s: control %s (-named by checks +in the standard):\n%s", c.Position, c.ID, diff)
			}
		}
	}
}

// TestStandardsOfConnectors holds what comes into use with each kind of
// connector: the benchmark of all clouds and the provider's own, in its newest
// edition.
func TestStandardsOfConnectors(t *testing.T) {
	byID, _ := standards(t)
	got := map[string][]string{}
	for id, s := range byID {
		for _, kind := range s.Connectors {
			got[kind] = append(got[kind], id)
		}
	}
	for _, list := range got {
		slices.Sort(list)
	}
	want := map[string][]string{
		"aws":        {"aws-fsbp", "cis-aws-foundations-v7.0.0", "mcsb-v1"},
		"azure":      {"cis-azure-foundations-v5.0.0", "mcsb-v1"},
		"gcp":        {"cis-gcp-foundations-v4.0.0", "mcsb-v1"},
		"kubernetes": {"cis-kubernetes-v1.10.0", "mcsb-v1"},
		"host":       {"mcsb-v1"},
		"iac":        {"mcsb-v1"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("standards by kind of connector (-want +got):\n%s", diff)
	}
}

// TestCoverage logs how much of each standard is assessed, and holds manual
// controls to a reason that is a sentence.
func TestCoverage(t *testing.T) {
	byID, _ := standards(t)
	for id, s := range byID {
		var all, assessed, manual int
		for _, section := range s.Sections {
			for _, c := range section.Controls {
				all++
				switch {
				case len(c.Checks) > 0:
					assessed++
				case c.Manual != "":
					manual++
				}
				if c.Manual != "" && (!strings.HasSuffix(c.Manual, ".") || !strings.Contains(c.Manual, " ")) {
					t.Errorf("%s: control %s is manual because of %q, want a sentence", c.Position, c.ID, c.Manual)
				}
			}
		}
		t.Logf("figure: %s: %d controls, %d assessed, %d manual, %d not covered", id, all, assessed, manual, all-assessed-manual)
	}
}
