package api

import (
	"slices"
	"testing"

	"github.com/bulwarksec/bulwark"
)

// A standard comes into use with the first connector of its kind, and what a
// person chose stays whatever is connected.
func TestStandardsInUse(t *testing.T) {
	h := newHarness(t)
	h.e.standards = append(h.e.standards, &bulwark.Standard{ID: "cis-lab", Title: "Of the lab", Connectors: []string{"lab"}})
	want := func(when string, inUse, chosen bool) {
		t.Helper()
		var list List[Standard]
		h.call("GET", "/standards", nil, 200, &list)
		var one Standard
		h.call("GET", "/standard?id=cis-lab", nil, 200, &one)
		i := slices.IndexFunc(list.Items, func(s Standard) bool { return s.ID == "cis-lab" })
		for _, got := range []Standard{list.Items[i], one} {
			if got.InUse != inUse || got.Chosen != chosen {
				t.Errorf("%s: in use %v, chosen %v, want %v, %v", when, got.InUse, got.Chosen, inUse, chosen)
			}
		}
	}
	want("before a connector", false, false)
	h.e.configured = []bulwark.Connector{{ID: "lab-1", Kind: "lab"}}
	want("with the first connector", true, false)
	h.call("PUT", "/standard?id=cis-lab", map[string]any{"inUse": false}, 204, nil)
	want("switched off by a person", false, true)
	h.e.configured = append(h.e.configured, bulwark.Connector{ID: "lab-2", Kind: "lab"})
	want("with another connector", false, true)
	h.call("PUT", "/standard?id=cis-lab", map[string]any{"inUse": true}, 204, nil)
	h.e.configured = nil
	want("chosen without a connector", true, true)
	log, _, err := h.e.AuditLog(t.Context(), bulwark.Page{Limit: 1})
	if err != nil || len(log) != 1 || log[0].Action != "standard.choose" || log[0].Object != "cis-lab" || log[0].Detail != "in use" {
		t.Errorf("the audit log ends with %+v, %v", log, err)
	}
	h.refused("PUT", "/standard?id=nothing", map[string]any{"inUse": true}, 404, "not-found")
	h.reader(bulwark.Contributor, "")
	h.refused("PUT", "/standard?id=cis-lab", map[string]any{"inUse": true}, 403, "denied")
}
