// Package gcp_test holds the contract of the Google Cloud connector: it gathers
// from a server that is shaped like the provider, in fake time, and over every
// way in which a call may go wrong.
package gcp_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	godiff "github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/content"
	"github.com/bulwarksec/bulwark/internal/provider/gcp"
	"github.com/bulwarksec/bulwark/internal/replay"
	replaygcp "github.com/bulwarksec/bulwark/internal/replay/gcp"
)

var update = flag.Bool("update", false, "write what is got as what is wanted")

const estateFile = "testdata/estate.txtar"

var types *bulwark.Types // the product's own

func TestMain(m *testing.M) {
	c, _ := content.Load(content.Options{}, content.Embedded()) // its problems are its own tests' to tell
	types = c.Types
	if s, err := replaygcp.New(replaygcp.Options{}); err == nil {
		s.Credential("") // makes the key pair in real time
	}
	m.Run()
}

func readArchive(t testing.TB) *txtar.Archive {
	t.Helper()
	a, err := txtar.ParseFile(estateFile)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func section(a *txtar.Archive, name string) *txtar.File {
	return &a.Files[slices.IndexFunc(a.Files, func(f txtar.File) bool { return f.Name == name })]
}

// state is the estate of the file, there since an hour.
func state(t testing.TB) *replaygcp.State {
	t.Helper()
	var list []replaygcp.Resource
	if err := json.Unmarshal(section(readArchive(t), "estate.json").Data, &list); err != nil {
		t.Fatal(err)
	}
	s := replaygcp.NewState()
	s.Set(time.Now().Add(-time.Hour), list...)
	return s
}

func server(t testing.TB, o replaygcp.Options) *replaygcp.Server {
	t.Helper()
	s, err := replaygcp.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// estate is a connector to a server.
func estate(t testing.TB, s *replaygcp.Server, config gcp.Config) *gcp.Estate {
	t.Helper()
	if config.Organization+config.Folder+config.Project == "" {
		config.Organization = "900"
	}
	config.Credential.Kind = gcp.CredentialKey
	e, err := gcp.New(config, gcp.Options{Connector: "c", Secret: &gcp.Secret{File: string(s.Credential(""))}, Types: types, HTTP: s.Transport(), SecretKey: []byte("k")})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// result is what a run yielded.
type result struct {
	assets   map[string]*bulwark.Asset
	scopes   []bulwark.ScopeInfo
	gaps     []bulwark.Gap
	listings map[string]bulwark.Listing
	err      error
}

func gather(t testing.TB, e *gcp.Estate) result {
	t.Helper()
	r := result{assets: map[string]*bulwark.Asset{}, listings: map[string]bulwark.Listing{}}
	r.err = e.Gather(t.Context(), func(g bulwark.Gathered) error {
		switch {
		case g.Asset != nil:
			r.assets[g.Asset.ID] = g.Asset
		case g.Scope != nil:
			r.scopes = append(r.scopes, *g.Scope)
		case g.Gap != nil:
			r.gaps = append(r.gaps, *g.Gap)
		case g.Listing != nil:
			r.listings[g.Listing.Scope] = *g.Listing
		}
		return nil
	})
	return r
}

func (r result) String() string {
	var b strings.Builder
	for _, s := range r.scopes {
		fmt.Fprintf(&b, "scope %s %s %q\n", s.Path, s.Kind, s.Name)
	}
	ids := make([]string, 0, len(r.assets))
	for id := range r.assets {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		a := r.assets[id]
		fmt.Fprintf(&b, "%s\n  %s %q in %s %s\n  %s\n", id, a.Type, a.Name, a.Scope, a.Region, bulwark.AppendJSON(nil, a.Properties))
		if !a.Observed.IsAbsent() {
			fmt.Fprintf(&b, "  observed %s\n", bulwark.AppendJSON(nil, a.Observed))
		}
		for _, r := range a.Relations {
			fmt.Fprintf(&b, "  %s: %s\n", r.Name, cmp.Or(r.Target, "? "+r.Reason))
		}
		for _, alias := range a.Aliases {
			fmt.Fprintf(&b, "  = %s\n", alias)
		}
	}
	for _, g := range r.gaps {
		fmt.Fprintf(&b, "gap %s %s: %s; needs %s\n", g.What, g.Where, g.Why, g.Needs)
	}
	scopes := make([]string, 0, len(r.listings))
	for s := range r.listings {
		scopes = append(scopes, s)
	}
	slices.Sort(scopes)
	for _, s := range scopes {
		fmt.Fprintf(&b, "listing %s complete %v\n", s, r.listings[s].Complete)
	}
	return b.String()
}

// TestGather compares a whole run with what is written in the file.
func TestGather(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server(t, replaygcp.Options{State: state(t)})
		r := gather(t, estate(t, s, gcp.Config{}))
		if r.err != nil {
			t.Fatal(r.err)
		}
		a := readArchive(t)
		want := section(a, "want")
		if *update {
			want.Data = []byte(r.String())
			if err := os.WriteFile(estateFile, txtar.Format(a), 0o644); err != nil {
				t.Fatal(err)
			}
			return
		}
		if diff := godiff.Diff(string(want.Data), r.String()); diff != "" {
			t.Errorf("Gather (-want +got):\n%s", diff)
		}
		if bytes.Contains([]byte(r.String()), []byte("hunter2")) {
			t.Error("a secret is in what was gathered")
		}
	})
}

// TestPages reads the same through pages of every size, some of them empty.
func TestPages(t *testing.T) {
	for _, size := range []int{1, 2, 3, 7, 100} {
		for _, fault := range []replay.Kind{"", replay.EmptyPage} {
			t.Run(fmt.Sprintf("%d %s", size, fault), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					o := replaygcp.Options{State: state(t), Page: size, Limits: replay.Unlimited}
					if fault != "" {
						o.Faults = []replay.Rule{{Call: replay.Call{Service: "cloudasset"}, Kind: fault}}
					}
					r := gather(t, estate(t, server(t, o), gcp.Config{}))
					if diff := godiff.Diff(string(section(readArchive(t), "want").Data), r.String()); diff != "" || r.err != nil {
						t.Errorf("Gather = %v (-want +got):\n%s", r.err, diff)
					}
				})
			})
		}
	}
}
