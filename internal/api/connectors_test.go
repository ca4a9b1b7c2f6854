package api

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/bulwarksec/bulwark"
)

// workshop is connectors in memory, of one kind.
type workshop struct {
	e       *estate
	specs   []bulwark.ConnectorSpec
	secrets map[string]string
	probed  []string // kind, configuration and secret of each
	probes  []bulwark.Probe
	fail    error

	meanwhile func() // another change, which comes between reading and writing
}

func (w *workshop) Permissions(c *bulwark.Check) []bulwark.CheckPermission {
	return []bulwark.CheckPermission{{Kind: "lab", Access: bulwark.Access{Permission: "lab:read", Types: c.Assets}}}
}

func (w *workshop) Kinds() []bulwark.ConnectorKind {
	return []bulwark.ConnectorKind{{Kind: "cloud", Title: "A cloud", Probes: true, Config: []bulwark.ConnectorField{{Name: "region", Type: "text"}}}}
}

func (w *workshop) Specs(context.Context) ([]bulwark.ConnectorSpec, map[string]bool, error) {
	has := map[string]bool{}
	for id := range w.secrets {
		has[id] = true
	}
	return slices.Clone(w.specs), has, nil
}

func (w *workshop) check(spec bulwark.ConnectorSpec) error {
	if spec.Kind != "cloud" || strings.Contains(string(spec.Config), "regoin") {
		return fmt.Errorf("%w: config.regoin is no field: did you mean region?", bulwark.ErrInvalid)
	}
	return nil
}

func (w *workshop) Add(_ context.Context, spec bulwark.ConnectorSpec, secret json.RawMessage) (bulwark.ConnectorSpec, error) {
	if err := w.check(spec); err != nil {
		return spec, err
	}
	if spec.ID == "" {
		spec.ID = "cloud-1"
	}
	w.specs = append(w.specs, spec)
	if secret != nil {
		w.secrets[spec.ID] = string(secret)
	}
	w.e.configured = append(w.e.configured, bulwark.Connector{ID: spec.ID, Kind: spec.Kind, Name: spec.Name, Enabled: spec.Enabled, Interval: spec.Interval,
		LastRun: &bulwark.Run{ID: "r", Calls: 42}, Scopes: []bulwark.ConnectorScope{
			{Gaps: 1}, {ScopeInfo: bulwark.ScopeInfo{Path: "aws/1", Name: "shop", Kind: "account"}, Assets: 7, Stale: 2, Gaps: 3},
			{ScopeInfo: bulwark.ScopeInfo{Path: "aws/2", Name: "lab", Kind: "account"}, Assets: 5}}})
	return spec, nil
}

func (w *workshop) Change(_ context.Context, id string, edit func(*bulwark.ConnectorSpec), secret json.RawMessage) error {
	if w.meanwhile != nil {
		w.meanwhile()
	}
	i := slices.IndexFunc(w.specs, func(s bulwark.ConnectorSpec) bool { return s.ID == id })
	if i < 0 {
		return fmt.Errorf("connector %s: %w", id, bulwark.ErrNotFound)
	}
	spec := w.specs[i]
	if edit(&spec); w.check(spec) != nil {
		return w.check(spec)
	}
	w.specs[i] = spec
	if secret != nil {
		w.secrets[spec.ID] = string(secret)
	}
	w.e.configured[i].Name, w.e.configured[i].Enabled = spec.Name, spec.Enabled
	return nil
}

func (w *workshop) Remove(_ context.Context, id string) error {
	_, err := find(w.specs, func(s bulwark.ConnectorSpec) bool { return s.ID == id }, "connector")
	if err == nil {
		w.specs, w.e.configured = nil, nil
	}
	return err
}

func (w *workshop) Probe(_ context.Context, spec bulwark.ConnectorSpec, secret json.RawMessage, yield func(bulwark.Probe)) error {
	w.probed = append(w.probed, fmt.Sprintf("%s %s %s %s", spec.ID, spec.Kind, spec.Config, secret))
	for _, p := range w.probes {
		yield(p)
	}
	return w.fail
}

func (w *workshop) Plan(_ context.Context, spec bulwark.ConnectorSpec, _ json.RawMessage) (bulwark.CallPlan, error) {
	return bulwark.CallPlan{Total: 12, Logged: 3}, w.check(spec)
}

func (w *workshop) Mend(kind string, needs []string) []bulwark.Template {
	if kind != "iac" {
		return nil
	}
	return []bulwark.Template{{Name: "mend.json", ContentType: "application/json", Text: strings.Join(needs, " ")}}
}

func newWorkshop(t *testing.T) (*harness, *workshop) {
	h := newHarness(t)
	w := &workshop{e: h.e, secrets: map[string]string{}}
	h.s.Connectors, h.s.Catalog = w, w
	return h, w
}

func TestConnectors(t *testing.T) {
	h, w := newWorkshop(t)
	secret := map[string]any{"token": "open sesame"}
	h.refused("POST", "/connectors", map[string]any{"kind": "cloud", "name": "x", "config": map[string]any{"regoin": "eu"}}, 400, "invalid")
	h.refused("POST", "/connectors", map[string]any{"kind": "cloud", "name": "x", "interval": "5s"}, 400, "invalid")
	h.refused("POST", "/connectors", map[string]any{"kind": "cloud", "name": "x", "id": "../etc"}, 422, "invalid")
	h.refused("POST", "/connectors", map[string]any{"kind": "cloud", "name": "a\nb"}, 400, "invalid")
	var made Connector
	h.call("POST", "/connectors", map[string]any{"kind": "cloud", "name": " All ", "interval": "30m", "config": map[string]any{"region": "eu"}, "secret": secret}, 201, &made)
	want := Connector{ID: "cloud-1", Kind: "cloud", Name: "All", Enabled: true, Configured: true, HasSecret: true, Interval: "30m0s", LastRun: &bulwark.Run{ID: "r", Calls: 42}, Calls: 42,
		Scopes: []ConnectorScope{{"aws/1", "shop", "account", 7, 2, 3}, {"aws/2", "lab", "account", 5, 0, 0}}, Assets: 12, Stale: 2, Gaps: 4,
		Config: map[string]any{"region": "eu"}, About: &ConnectorKindRef{Title: "A cloud", Probes: true}}
	if diff := cmp.Diff(want, made); diff != "" {
		t.Errorf("the new connector (-want +got):\n%s", diff)
	}
	h.call("PATCH", "/connectors/cloud-1", map[string]any{"enabled": false}, 200, &made)
	if made.Enabled || made.Name != "All" || w.specs[0].Interval != 30*time.Minute || w.secrets["cloud-1"] != `{"token":"open sesame"}` {
		t.Errorf("changed = %+v, stored %+v, want it disabled and the rest as it was", made, w.specs[0])
	}
	h.call("PATCH", "/connectors/cloud-1", map[string]any{"secret": map[string]any{}}, 200, nil)
	if w.secrets["cloud-1"] != "{}" {
		t.Errorf("an empty secret is passed on as %q, want {}", w.secrets["cloud-1"])
	}
	w.meanwhile = func() { w.specs[0].Name = "Another's" }
	h.call("PATCH", "/connectors/cloud-1", map[string]any{"interval": "30m"}, 200, nil)
	if w.meanwhile = nil; w.specs[0].Name != "Another's" {
		t.Errorf("a change of the interval takes back another's name: %+v", w.specs[0])
	}
	h.refused("PATCH", "/connectors/cloud-1", map[string]any{}, 400, "invalid")
	h.refused("PATCH", "/connectors/cloud-1", map[string]any{"config": map[string]any{"regoin": 1}}, 400, "invalid")
	h.refused("PATCH", "/connectors/nobody", map[string]any{"name": "x"}, 404, "not-found")
	h.refused("PATCH", "/connectors/c1", map[string]any{"name": "x"}, 409, "conflict") // the flags name it
	h.refused("GET", "/connectors/nobody", nil, 404, "not-found")

	for _, path := range []string{"/connectors", "/connectors/cloud-1", "/audit"} {
		if body := h.request("GET", prefix+path, nil).Body.String(); strings.Contains(body, "sesame") {
			t.Errorf("%s shows the secret: %s", path, body)
		}
	}
	owner := h.secret
	h.reader(bulwark.Reader, "aws/1")
	var seen Connector
	h.call("GET", "/connectors/cloud-1", nil, 200, &seen)
	if seen.Config != nil || len(seen.Scopes) != 1 || seen.Assets != 7 || seen.Gaps != 3 {
		t.Errorf("a reader of aws/1 sees %+v, want its scope alone and no configuration", seen)
	}
	h.secret = owner
	h.call("DELETE", "/connectors/cloud-1", nil, 204, nil)
	h.refused("DELETE", "/connectors/cloud-1", nil, 404, "not-found")
	var actions []string
	for _, e := range h.e.log {
		actions = append(actions, e.Action+" "+e.Object+" "+e.Detail)
	}
	wantLog := []string{"connector.add cloud-1 cloud: All", "connector.change cloud-1 enabled false", "connector.change cloud-1 secret", "connector.change cloud-1 interval 30m0s", "connector.remove cloud-1 "}
	if diff := cmp.Diff(wantLog, actions); diff != "" {
		t.Errorf("audit log (-want +got):\n%s", diff)
	}
}

func TestTryConnector(t *testing.T) {
	h, w := newWorkshop(t)
	h.call("POST", "/connectors", map[string]any{"kind": "cloud", "name": "All", "config": map[string]any{"region": "eu"}, "secret": map[string]any{"token": "x"}}, 201, nil)
	w.probes = []bulwark.Probe{{Access: bulwark.Access{Permission: "t:List"}, State: bulwark.ProbeDenied, Why: "no"}, {Access: bulwark.Access{Permission: "t:Get"}, State: bulwark.ProbeAllowed}}
	var got Probes
	h.call("POST", "/connectors/probe", map[string]any{"id": "cloud-1"}, 200, &got)
	if len(got.Items) != 2 || got.Counts["denied"] != 1 || !got.Whole {
		t.Errorf("probes = %+v, want both", got)
	}
	w.fail = context.DeadlineExceeded
	h.call("POST", "/connectors/probe", map[string]any{"kind": "cloud", "config": map[string]any{"region": "us"}, "secret": map[string]any{"token": "y"}}, 200, &got)
	if got.Whole || got.Problem == "" {
		t.Errorf("probes that were cut short = %+v, want that to be told", got)
	}
	w.fail = nil
	h.call("POST", "/connectors/probe", map[string]any{"id": "cloud-1", "config": map[string]any{"region": "us"}}, 200, nil)
	want := []string{`cloud-1 cloud {"region":"eu"} `, ` cloud {"region":"us"} {"token":"y"}`, `cloud-1 cloud {"region":"us"} `}
	if diff := cmp.Diff(want, w.probed); diff != "" {
		t.Errorf("probed (-want +got):\n%s", diff)
	}
	h.refused("POST", "/connectors/probe", map[string]any{}, 400, "invalid")
	h.refused("POST", "/connectors/probe", map[string]any{"id": "cloud-1", "kind": "other"}, 400, "invalid")
	h.refused("POST", "/connectors/probe", map[string]any{"id": "nobody"}, 404, "not-found")
	var plan bulwark.CallPlan
	h.call("POST", "/connectors/plan", map[string]any{"id": "cloud-1"}, 200, &plan)
	if plan.Total != 12 || plan.Logged != 3 {
		t.Errorf("plan = %+v", plan)
	}
	probed := len(w.probed)
	for _, role := range []bulwark.Role{bulwark.Reader, bulwark.Contributor} {
		h.reader(role, "")
		h.refused("POST", "/connectors/probe", map[string]any{"id": "cloud-1"}, 403, "denied")
		h.refused("POST", "/connectors/plan", map[string]any{"id": "cloud-1"}, 403, "denied")
		h.refused("POST", "/connectors", map[string]any{"kind": "cloud", "name": "x"}, 403, "denied")
	}
	h.reader(bulwark.SecurityAdmin, "aws/1") // of a part of the organisation only
	h.refused("POST", "/connectors/probe", map[string]any{"id": "cloud-1"}, 403, "denied")
	if len(w.probed) != probed {
		t.Errorf("who may not probe has probed: %v", w.probed[probed:])
	}
}

// An organisation whose connectors cannot be configured still tells what they
// are, what they lack and what would give it.
func TestCatalogWithoutConnectors(t *testing.T) {
	h, w := newWorkshop(t)
	h.s.Connectors = nil
	var needs List[ConnectorNeeds]
	h.call("GET", "/gaps/permissions", nil, 200, &needs)
	if len(needs.Items) != 1 || len(needs.Items[0].Mend) != 1 {
		t.Errorf("what is lacking = %+v, want the policy that gives it", needs.Items)
	}
	var kinds List[bulwark.ConnectorKind]
	h.call("GET", "/connector-kinds", nil, 200, &kinds)
	if diff := cmp.Diff(w.Kinds(), kinds.Items, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
	w.e.configured = []bulwark.Connector{{ID: "demo", Kind: "cloud", Name: "Demo"}}
	var row Connector
	h.call("GET", "/connectors/demo", nil, 200, &row)
	if row.Configured || row.About == nil || row.About.Title != "A cloud" {
		t.Errorf("connector = %+v, want it with its kind, and not to be changed", row)
	}
	h.refused("PATCH", "/connectors/demo", map[string]any{"name": "x"}, 503, "unavailable")
	h.refused("POST", "/connectors", map[string]any{"kind": "cloud", "name": "x"}, 503, "unavailable")
}

func TestGapPermissions(t *testing.T) {
	h, _ := newWorkshop(t)
	var got List[ConnectorNeeds]
	h.call("GET", "/gaps/permissions", nil, 200, &got)
	want := []ConnectorNeeds{{Connector: "c1", Kind: "iac", Name: "examples", Needs: []bulwark.Facet{{Value: "t:List", Count: 1}},
		Mend: []bulwark.Template{{Name: "mend.json", ContentType: "application/json", Text: "t:List"}}}}
	if diff := cmp.Diff(want, got.Items); diff != "" {
		t.Errorf("permissions (-want +got):\n%s", diff)
	}
	var gaps List[bulwark.GapRow]
	h.call("GET", "/gaps?needs=t:Other", nil, 200, &gaps)
	if len(gaps.Items) != 0 {
		t.Errorf("gaps that need something else = %+v, want none", gaps.Items)
	}
	h.reader(bulwark.Reader, "aws/1")
	h.call("GET", "/gaps/permissions", nil, 200, &got)
	if len(got.Items) != 0 {
		t.Errorf("a reader of aws/1 sees what aws/2 lacks: %+v", got.Items)
	}
}

// What a provider refuses must not read as if this server had refused it.
func TestFaultOfProvider(t *testing.T) {
	tests := []struct {
		name string
		err  error
		mend string
	}{
		{"denied", &bulwark.Fault{Kind: bulwark.FaultDenied, Call: "s3:ListBuckets", Needs: "s3:ListAllMyBuckets"}, "The provider asks for s3:ListAllMyBuckets."},
		{"credentials", fmt.Errorf("aws: %w", &bulwark.Fault{Kind: bulwark.FaultCredentials, Call: "sts:GetCallerIdentity"}), "The provider refuses these credentials: give access, or give others."},
		{"unreachable", &bulwark.Fault{Kind: bulwark.FaultUnreachable, Call: "GET /api"}, "Check the configuration, and that this server can reach the provider."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := problemOf(faultOf(tt.err))
			if got.Status != 503 || got.Code != "unavailable" || got.Mend != tt.mend {
				t.Errorf("faultOf(%v) = %d %s, mend %q, want 503 unavailable, %q", tt.err, got.Status, got.Code, got.Mend, tt.mend)
			}
		})
	}
	if got := problemOf(faultOf(bulwark.ErrDenied)); got.Status != 403 {
		t.Errorf("what this server refuses answers %d, want 403", got.Status)
	}
}
