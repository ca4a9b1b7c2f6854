package providers_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	"github.com/bulwarksec/bulwark/internal/provider/azure"
	"github.com/bulwarksec/bulwark/internal/provider/providertest"
	"github.com/bulwarksec/bulwark/internal/quota"
	replay "github.com/bulwarksec/bulwark/internal/replay/azure"
)

// azureFaults are faults of no kind yet, by the names of what fails: the path,
// or of Resource Graph the table that is asked for.
func azureFaults(calls []string) map[string]replay.Fault {
	out := map[string]replay.Fault{}
	for _, c := range calls {
		_, path, _ := strings.Cut(c, " ")
		if !strings.Contains(path, ".well-known") && !strings.Contains(path, "/discovery/") && path != azureGraph {
			out[path] = replay.Fault{Path: path}
		}
	}
	for _, table := range []string{"\"resources |", "resourcecontainers | where type in~", "resourcecontainers | where type =~", "roleassignments", "roledefinitions"} {
		out[azureGraph+" "+table] = replay.Fault{Path: azureGraph, Body: table}
	}
	return out
}

const azureGraph = "/providers/Microsoft.ResourceGraph/resources"

// azureCalls are the faults of all that a run asks for.
func azureCalls(t *testing.T) map[string]replay.Fault {
	t.Helper()
	s := azureServer(t, 0)
	if _, err := gather(t.Context(), azureEstate(t, s, azureConfig())); err != nil {
		t.Fatal(err)
	}
	return azureFaults(s.Calls())
}

// TestAzureContract breaks each call of a run in each way, alone.
func TestAzureContract(t *testing.T) {
	loaded, problems := pipeline.LoadContent(pipeline.ContentOptions{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	faults := azureCalls(t)
	kinds := map[providertest.Kind]replay.FaultKind{providertest.Throttled: replay.Throttle, providertest.TimedOut: replay.Hang, providertest.EmptyPage: replay.Empty, providertest.RepeatedToken: replay.Repeated}
	w := providertest.World{
		Start: func(t *testing.T, f *providertest.Fault) (providertest.Gatherer, func() map[string]int) {
			s := azureServer(t, 0)
			if f != nil {
				fault := faults[f.Call]
				if fault.Kind = kinds[f.Kind]; fault.Kind == "" {
					fault.Kind = replay.FaultKind(f.Kind)
				}
				s.Fail(fault)
			}
			return azureEstate(t, s, azureConfig()), func() map[string]int {
				counts := map[string]int{}
				for name := range azureFaults(s.Calls()) {
					counts[name] = 1
				}
				return counts
			}
		},
		Names: func(call, text string) bool { // without the table
			path, _, _ := strings.Cut(call, " ")
			if strings.HasSuffix(path, "/token") { // what it was to be for is told instead
				return strings.Contains(text, " token: ")
			}
			return strings.Contains(strings.ToLower(text), strings.ToLower(path))
		},
		Judge: func(assets []*bulwark.Asset) map[string]bulwark.State {
			world, states := pipeline.NewWorld(assets), map[string]bulwark.State{}
			for _, a := range assets {
				for _, x := range loaded.Checks.Judge(a, world, azureNow) {
					states[x.Check+" "+a.ID] = x.State
				}
			}
			return states
		},
	}
	for _, kind := range []replay.FaultKind{replay.Expired, replay.Broken, replay.Truncated, replay.Redirect, replay.Missing} {
		w.More = append(w.More, providertest.Kind(kind))
	}
	providertest.Faults(t, w)
}

// TestAzurePassing breaks the first attempt of each call in the ways that pass;
// the run must be as if nothing had been.
func TestAzurePassing(t *testing.T) {
	for _, kind := range []replay.FaultKind{replay.Throttle, replay.Broken, replay.Truncated} {
		t.Run(string(kind), func(t *testing.T) {
			s := azureServer(t, 0)
			for _, f := range azureCalls(t) {
				if strings.Contains(f.Path, "/token") && kind == replay.Truncated {
					continue // azidentity does not repeat it
				}
				f.Kind, f.Nth = kind, 1
				s.Fail(f)
			}
			g, err := gather(t.Context(), azureEstate(t, s, azureConfig()))
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "azure.golden", g.text())
		})
	}
}

// TestAzureHang leaves a call without an answer: the run goes on without it as
// soon as its context lets it, and an end of the context is no gap.
func TestAzureHang(t *testing.T) {
	s := azureServer(t, 0)
	s.Fail(replay.Fault{Kind: replay.Hang, Path: "/firewallRules"})
	ctx, cancel := context.WithCancel(t.Context())
	e := azureEstate(t, s, azureConfig())
	done := make(chan error, 1)
	go func() {
		_, err := gather(ctx, e)
		done <- err
	}()
	for !slices.ContainsFunc(s.Calls(), func(c string) bool { return strings.HasSuffix(c, "/firewallRules") }) {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; err == nil {
		t.Error("Gather returned no error after its context ended")
	}
}

// TestAzureEndless reads a body without end up to the bound and no further.
func TestAzureEndless(t *testing.T) {
	s := azureServer(t, 0)
	s.Fail(replay.Fault{Kind: replay.Endless, Path: "/vaults/shop-kv/keys"})
	g, err := gather(t.Context(), azureEstate(t, s, azureConfig()))
	if err != nil {
		t.Fatal(err)
	}
	if l := g.listings["azure/"+shop+" Microsoft.KeyVault/vaults/keys"]; l.Complete || !strings.Contains(l.Gap.Why, "larger than") {
		t.Errorf("listing of keys = %+v, want one that is not whole since the answer is too large", l)
	}
}

// TestAzureQuota reads an estate from a server with small quotas: throttled
// calls are repeated until they succeed, by a limiter that knows other quotas.
func TestAzureQuota(t *testing.T) {
	clock := &azureClock{at: azureNow}
	s := replay.New(replay.Options{State: azureState(t), Now: clock.now, Limits: func(k quota.Key) (quota.Limit, quota.Key) {
		return quota.Limit{Rate: 2, Burst: 3}, quota.Key{Service: k.Service, Scope: k.Scope}
	}})
	e, err := azure.New(azureConfig(), azure.Options{Secret: azure.Secret{ClientSecret: "s3cret"}, Types: azureTypes, HTTP: s.Transport(), SecretKey: []byte("k"),
		Now: func() time.Time { return azureNow }, Limiter: quota.Unlimited(), Sleep: clock.sleep})
	if err != nil {
		t.Fatal(err)
	}
	g, err := gather(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "azure.golden", g.text())
	if n := s.Counts().Throttled; n == 0 {
		t.Error("nothing was throttled; the test proves nothing")
	}
	t.Logf("%+v", s.Counts())
}

// TestAzureRights takes away one action: what Resource Graph then leaves out
// must not be taken for gone.
func TestAzureRights(t *testing.T) {
	s := azureServer(t, 0)
	s.Change(func(st *replay.State) { st.Clients[client].Denied = []string{"Microsoft.Network/*", "Policy.Read.All"} })
	g, err := gather(t.Context(), azureEstate(t, s, azureConfig()))
	if err != nil {
		t.Fatal(err)
	}
	l := g.listings["azure/"+shop+" Microsoft.Network/networkSecurityGroups"]
	if l == nil || l.Complete || !strings.HasPrefix(l.Gap.Needs, "Microsoft.Network/networkSecurityGroups/read") {
		t.Errorf("listing of security groups = %+v, want one that is not whole and names the action", l)
	}
	if l := g.listings["azure/"+shop+" Microsoft.Storage/storageAccounts"]; l == nil || !l.Complete {
		t.Errorf("listing of storage accounts = %+v, want a whole one", l)
	}
	org := g.assets["live:/providers/microsoft.graph/organizations/"+tenant]
	if org == nil || org.Properties.Get("_securityDefaults").Kind() != bulwark.Unknown || org.Properties.Get("_conditionalAccessPolicies").Kind() != bulwark.Unknown {
		t.Errorf("organization = %v, want its policies unknown", org)
	}
}

// TestAzureScopes tells what is reached by management group, by list, and what
// was configured but is not reached.
func TestAzureScopes(t *testing.T) {
	tests := []struct {
		name   string
		change func(*azure.Config)
		want   []string
	}{
		{"all", func(*azure.Config) {}, []string{shop, lab}},
		{"listed", func(c *azure.Config) { c.Subscriptions = []string{lab} }, []string{lab}},
		{"below_a_group", func(c *azure.Config) { c.ManagementGroup = "prod" }, []string{shop}},
		{"below_the_root", func(c *azure.Config) { c.ManagementGroup = tenant }, []string{shop, lab}},
		{"excluded", func(c *azure.Config) { c.Exclude.Subscriptions = []string{shop} }, []string{lab}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := azureConfig()
			tt.change(&c)
			infos, err := azureEstate(t, azureServer(t, 1), c).Scopes(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range infos {
				if s.Kind == "subscription" {
					got = append(got, strings.TrimPrefix(s.Path, "azure/"))
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("Scopes = %v, want %v", got, tt.want)
			}
		})
	}
	t.Run("not_reached", func(t *testing.T) {
		c := azureConfig()
		c.Subscriptions = []string{shop, "ffffffff-0000-4000-8000-000000000000"}
		g, err := gather(t.Context(), azureEstate(t, azureServer(t, 0), c))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(g.gaps, func(g bulwark.Gap) bool { return strings.HasSuffix(g.Where, "ffffffff-0000-4000-8000-000000000000") }) {
			t.Errorf("gaps = %v, want one of the subscription that is not reached", g.gaps)
		}
	})
}

// TestAzureCredentials signs in by each kind that needs no machine of Azure's,
// and is refused with what Entra says.
func TestAzureCredentials(t *testing.T) {
	token := t.TempDir() + "/token"
	writeFile(t, token, "a.federated.token")
	bad := t.TempDir() + "/bad"
	writeFile(t, bad, "another")
	tests := []struct {
		name   string
		kind   azure.CredentialKind
		file   string
		secret string
		want   string // in the error; "" is none
	}{
		{"secret", azure.CredentialSecret, "", "s3cret", ""},
		{"wrong_secret", azure.CredentialSecret, "", "wrong", "AADSTS7000215"},
		{"federated", azure.CredentialFederated, token, "", ""},
		{"wrong_token", azure.CredentialFederated, bad, "", "AADSTS700213"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := azureConfig()
			c.Credential, c.TokenFile = tt.kind, tt.file
			e, err := azure.New(c, azure.Options{Secret: azure.Secret{ClientSecret: tt.secret}, Types: azureTypes, HTTP: azureServer(t, 0).Transport(), Limiter: quota.Unlimited(), Now: func() time.Time { return azureNow }})
			if err != nil {
				t.Fatal(err)
			}
			_, err = e.Scopes(t.Context())
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("Scopes: %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), string(bulwark.FaultCredentials))):
				t.Errorf("Scopes: %v, want a fault of credentials with %s", err, tt.want)
			}
		})
	}
}

// TestAzureProbe tries permissions of a caller that lacks two.
func TestAzureProbe(t *testing.T) {
	s := azureServer(t, 0)
	s.Change(func(st *replay.State) {
		st.Clients[client].Denied = []string{"Microsoft.KeyVault/vaults/keys/read", "Policy.Read.All"}
	})
	states := map[bulwark.ProbeState]int{}
	var denied []string
	if err := azureEstate(t, s, azureConfig()).Probe(t.Context(), func(p bulwark.Probe) error {
		states[p.State]++
		if p.State == bulwark.ProbeDenied {
			denied = append(denied, p.Permission)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"Microsoft.KeyVault/vaults/keys/read", "Policy.Read.All"}; !slices.Equal(denied, want) {
		t.Errorf("denied = %v, want %v", denied, want)
	}
	if states[bulwark.ProbeUnreachable] != 0 || states[bulwark.ProbeAllowed] < 40 {
		t.Errorf("states = %v", states)
	}
}

// TestAzurePlan counts the calls before a run: those counted and fixed are
// exactly what the run then makes.
func TestAzurePlan(t *testing.T) {
	s := azureServer(t, 0)
	e := azureEstate(t, s, azureConfig())
	plan, err := e.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before := len(s.Calls())
	if _, err := gather(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	arm, queries := int64(0), int64(0)
	for _, c := range plan.Calls {
		switch c.Service {
		case "arm":
			arm += c.Count
		case "resourcegraph":
			queries += c.Count
		}
	}
	gotARM, gotQueries := int64(0), int64(0)
	for _, c := range s.Calls()[before:] {
		switch {
		case strings.HasSuffix(c, "ResourceGraph/resources"):
			gotQueries++
		case strings.HasPrefix(c, "GET /subscriptions"), strings.HasPrefix(c, "GET /providers"):
			gotARM++
		}
	}
	if queries != gotQueries {
		t.Errorf("plan says %d queries, the run made %d", queries, gotQueries)
	}
	if arm < gotARM || arm > gotARM+4 { // details that a kind of asset lacks are counted
		t.Errorf("plan says %d calls of Resource Manager, the run made %d", arm, gotARM)
	}
	if plan.Logged != 0 || plan.Total == 0 || len(plan.Filter) == 0 {
		t.Errorf("plan = %+v", plan)
	}
}
