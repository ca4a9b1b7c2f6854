package providers_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/content"
	"github.com/bulwarksec/bulwark/internal/check"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	replay "github.com/bulwarksec/bulwark/internal/replay/azure"
)

// TestAzureVerdicts judges the estate by the product's own checks, read whole
// and read by a caller who lacks much: what he may not read is unknown, and
// nothing becomes healthy by it.
func TestAzureVerdicts(t *testing.T) {
	c, problems := content.Load(content.Options{}, content.Embedded())
	set, more := check.Compile(c.Checks, c.Types, check.Options{})
	if problems = append(problems, more...); len(problems) > 0 {
		t.Fatal(problems)
	}
	run := func(denied ...string) map[string]bulwark.State {
		s := azureServer(t, 0)
		s.Change(func(st *replay.State) { st.Clients[client].Denied = denied })
		report, err := pipeline.Once(t.Context(), set, azureNow, nil, azureEstate(t, s, azureConfig()))
		if err != nil {
			t.Fatal(err)
		}
		if len(denied) > 0 && len(report.Gaps) == 0 {
			t.Error("no gap tells of what was denied")
		}
		out := map[string]bulwark.State{}
		for _, a := range report.Assessments {
			out[a.Check+" "+a.Asset] = a.State
		}
		return out
	}
	whole := run()
	var lines []string
	for key, state := range whole {
		if state != bulwark.NotApplicable {
			lines = append(lines, fmt.Sprintf("%-9s %s", state, key))
		}
	}
	slices.Sort(lines)
	golden(t, "azure_verdicts.golden", strings.Join(lines, "\n")+"\n")
	poor := run("Microsoft.Storage/storageAccounts/blobServices/read", "Microsoft.Insights/diagnosticSettings/read", "Microsoft.Web/sites/config/read", "Microsoft.Sql/servers/*/read",
		"Microsoft.Authorization/roleAssignments/read", "Policy.Read.All", "AuditLog.Read.All", "RoleManagement.Read.Directory")
	for key, state := range poor {
		if was := whole[key]; state != was && state != bulwark.Undetermined && state != bulwark.NotApplicable {
			t.Errorf("%s is %s to who may not read it, and %s to who may", key, state, was)
		}
	}
}
