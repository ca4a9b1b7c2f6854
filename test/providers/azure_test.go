package providers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/content"
	"github.com/bulwarksec/bulwark/internal/provider/azure"
	"github.com/bulwarksec/bulwark/internal/quota"
	replay "github.com/bulwarksec/bulwark/internal/replay/azure"
)

var update = flag.Bool("update", false, "rewrite golden files")

const (
	tenant = "11111111-1111-4111-8111-111111111111"
	shop   = "aaaaaaaa-0000-4000-8000-000000000001"
	lab    = "bbbbbbbb-0000-4000-8000-000000000002"
	client = "cccccccc-0000-4000-8000-00000000000c"
)

var azureNow = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// azureState reads the estate that the tests share; each gets its own.
func azureState(t testing.TB) *replay.State {
	t.Helper()
	data, err := os.ReadFile("testdata/azure.json")
	if err != nil {
		t.Fatal(err)
	}
	s := &replay.State{}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(s); err != nil {
		t.Fatal(err)
	}
	return s
}

var azureTypes = func() *bulwark.Types {
	c, problems := content.Load(content.Options{}, content.Embedded())
	if len(problems) > 0 {
		panic(fmt.Sprint(problems))
	}
	return c.Types
}()

// noQuota lets as many calls through as come.
func noQuota(k quota.Key) (quota.Limit, quota.Key) { return quota.Limit{Rate: 1e9, Burst: 1e9}, k }

func azureConfig() azure.Config {
	return azure.Config{TenantID: tenant, ClientID: client, Credential: azure.CredentialSecret, Entra: true}
}

// azureEstate is an estate of a server in this process, whose waits are over at
// once.
func azureEstate(t testing.TB, s *replay.Server, c azure.Config) *azure.Estate {
	t.Helper()
	e, err := azure.New(c, azure.Options{Secret: azure.Secret{ClientSecret: "s3cret"}, Types: azureTypes, HTTP: s.Transport(), SecretKey: []byte("k"),
		Now: func() time.Time { return azureNow }, Limiter: quota.Unlimited(), Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func azureServer(t testing.TB, page int) *replay.Server {
	return replay.New(replay.Options{State: azureState(t), Limits: noQuota, Page: page, Now: func() time.Time { return azureNow }})
}

// gathered is what a run yielded, as sorted text and by kind.
type gathered struct {
	assets   map[string]*bulwark.Asset
	listings map[string]*bulwark.Listing // by scope and type
	gaps     []bulwark.Gap
	scopes   []bulwark.ScopeInfo
}

func gather(ctx context.Context, e interface {
	Gather(context.Context, func(bulwark.Gathered) error) error
}) (*gathered, error) {
	g := &gathered{assets: map[string]*bulwark.Asset{}, listings: map[string]*bulwark.Listing{}}
	err := e.Gather(ctx, func(item bulwark.Gathered) error {
		switch {
		case item.Asset != nil:
			g.assets[item.Asset.ID] = item.Asset
		case item.Listing != nil:
			g.listings[item.Listing.Scope+" "+item.Listing.Type] = item.Listing
			if item.Listing.Gap != nil {
				g.gaps = append(g.gaps, *item.Listing.Gap)
			}
		case item.Gap != nil:
			g.gaps = append(g.gaps, *item.Gap)
		case item.Scope != nil:
			g.scopes = append(g.scopes, *item.Scope)
		}
		return nil
	})
	return g, err
}

func (g *gathered) text() string {
	var b strings.Builder
	for _, s := range g.scopes {
		fmt.Fprintf(&b, "scope %s %q %s\n", s.Path, s.Name, s.Kind)
	}
	ids := make([]string, 0, len(g.assets))
	for id := range g.assets {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		a := g.assets[id]
		fmt.Fprintf(&b, "\n%s\n  %s %q in %s %s\n  %s\n", a.ID, a.Type, a.Name, a.Scope, a.Region, a.Properties)
		if !a.Observed.IsAbsent() {
			fmt.Fprintf(&b, "  observed %s\n", a.Observed)
		}
		for _, r := range a.Relations {
			fmt.Fprintf(&b, "  %s -> %s %s%s\n", r.Name, r.Type, r.Target, r.Reason)
		}
	}
	b.WriteByte('\n')
	var lines []string
	whole := map[string][]string{}
	for key, l := range g.listings {
		if l.Complete {
			whole[l.Scope] = append(whole[l.Scope], l.Type)
		} else {
			lines = append(lines, "not whole: "+key)
		}
	}
	for scope, types := range whole {
		slices.Sort(types)
		lines = append(lines, fmt.Sprintf("%d whole in %s: %s", len(types), scope, strings.Join(types, " ")))
	}
	for _, gap := range g.gaps {
		lines = append(lines, fmt.Sprintf("gap %s at %s: %s; needs %s", gap.What, gap.Where, gap.Why, gap.Needs))
	}
	slices.Sort(lines)
	return b.String() + strings.Join(lines, "\n") + "\n"
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// TestAzureGather reads a whole estate, by pages of two and in one.
func TestAzureGather(t *testing.T) {
	for _, page := range []int{2, 0} {
		t.Run(fmt.Sprintf("page_%d", page), func(t *testing.T) {
			g, err := gather(t.Context(), azureEstate(t, azureServer(t, page), azureConfig()))
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "azure.golden", g.text())
		})
	}
}

// TestAzurePort reads the same over a port, by HTTP, as a user of a private
// cloud would.
func TestAzurePort(t *testing.T) {
	server := httptest.NewServer(azureServer(t, 0))
	defer server.Close()
	c := azureConfig()
	c.Endpoints = &azure.Endpoints{ARM: server.URL, Graph: server.URL, Authority: server.URL}
	e, err := azure.New(c, azure.Options{Secret: azure.Secret{ClientSecret: "s3cret"}, Types: azureTypes, Limiter: quota.Unlimited(), SecretKey: []byte("k"), Now: func() time.Time { return azureNow }})
	if err != nil {
		t.Fatal(err)
	}
	g, err := gather(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "azure.golden", g.text())
}
