package pipeline

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/content"
	"github.com/bulwarksec/bulwark/internal/check"
	"github.com/bulwarksec/bulwark/internal/store"
)

// tiny is a small content: buckets of accounts, which have parents.
var tiny = map[string]string{
	"types/aws/test.Bucket.yaml": `
id: test/Bucket
name: Bucket
properties:
  public: boolean
  account: string
  expires: string
  used: {kind: string, volatile: true}
references:
  account: {property: account, to: test/Account, by: id, inverse: buckets}
`,
	"types/aws/test.Account.yaml": `
id: test/Account
name: Account
properties:
  id: string
  blocked: boolean
  parent: string
references:
  parent: {property: parent, to: test/Account, by: id, inverse: children}
`,
	"checks/test/public.yaml":   checkText("test/Bucket", "high", "restrict-unauthorized-network-access", "asset.public != true || related(asset, 'account').exists(a, a.blocked == true || related(a, 'parent').exists(p, p.blocked == true))"),
	"checks/test/expires.yaml":  checkText("test/Bucket", "low", "enable-auditing-and-logging", "asset.expires == null || timestamp(asset.expires) - now > duration('48h')"),
	"checks/test/children.yaml": checkText("test/Account", "medium", "restrict-unauthorized-network-access", "related(asset, 'buckets').all(b, b.public != true)"),
}

func checkText(asset, severity, control, healthy string) string {
	return fmt.Sprintf("title: %s is in order\nasset: %s\nseverity: %s\ncontrol: %s\nhealthy: >\n  %s\nbecause: \"it is not\"\nrisk: Something.\nremediation: {shell: mend it}\nreferences: [https://example.com]\n", asset, asset, severity, control, healthy)
}

// load compiles content; files replace those of tiny, and empty ones remove.
func load(t testing.TB, files map[string]string) *Loaded {
	t.Helper()
	all := maps.Clone(tiny)
	maps.Copy(all, files)
	fs := fstest.MapFS{}
	for name, text := range all {
		if text != "" {
			fs[name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	c, problems := content.Load(content.Options{}, content.Layer{FS: fs, Name: "tiny"})
	set, more := check.Compile(c.Checks, c.Types, check.Options{})
	if problems = append(problems, more...); len(problems) > 0 {
		t.Fatalf("tiny content: %v", problems)
	}
	l := &Loaded{Content: c, Checks: set, byID: map[string]*bulwark.Check{}}
	for _, k := range set.Checks() {
		l.byID[k.ID] = k
	}
	return l
}

// cloud is a source whose assets a test changes.
type cloud struct {
	mu     sync.Mutex
	names  *bulwark.Names
	assets map[string]*bulwark.Asset
	scopes map[string]bool // that were ever seen: they are listed, empty or not
	denied map[string]bool // scopes that cannot be listed
	fail   error
	gate   chan struct{} // when set, gathering waits for it
}

func (c *cloud) Gather(ctx context.Context, yield func(bulwark.Gathered) error) error {
	if c.gate != nil {
		select {
		case <-c.gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(c.assets)) {
		a := c.assets[id]
		if c.denied[a.Scope] {
			continue
		}
		if err := yield(bulwark.Gathered{Asset: a}); err != nil {
			return err
		}
	}
	for _, scope := range slices.Sorted(maps.Keys(c.scopes)) {
		for _, typ := range []string{"test/Account", "test/Bucket"} {
			l := bulwark.Listing{Scope: scope, Type: typ, Complete: !c.denied[scope]}
			if c.denied[scope] {
				l.Gap = &bulwark.Gap{What: "listing", Where: scope + "/" + typ, Why: "denied"}
			}
			if err := yield(bulwark.Gathered{Listing: &l}); err != nil {
				return err
			}
		}
	}
	return c.fail
}

func (c *cloud) decode(t testing.TB, id, text string) bulwark.Value {
	v, err := bulwark.DecodeJSON([]byte(text), bulwark.DecodeOptions{Names: c.names, Asset: id, Marks: true})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (c *cloud) put(a *bulwark.Asset) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.assets[a.ID], c.scopes[a.Scope] = a, true
}

// account and bucket make assets; parent "" is none.
func (c *cloud) account(t testing.TB, scope, name, parent string, blocked bool) {
	a := &bulwark.Asset{ID: "live:" + scope + "/account/" + name, Type: "test/Account", Name: name, Scope: scope}
	a.Properties = c.decode(t, a.ID, fmt.Sprintf(`{"id":%q,"blocked":%v}`, name, blocked))
	if parent != "" {
		a.Relations = []bulwark.Relation{{Name: "parent", Inverse: "children", Type: "test/Account", Target: parent}}
	}
	c.put(a)
}

func (c *cloud) bucket(t testing.TB, scope, name, account, properties string) {
	a := &bulwark.Asset{ID: "live:" + scope + "/bucket/" + name, Type: "test/Bucket", Name: name, Scope: scope, Properties: c.decode(t, "live:"+scope+"/bucket/"+name, properties)}
	switch account {
	case "":
	case "denied":
		a.Relations = []bulwark.Relation{{Name: "account", Type: "test/Account", Reason: "denied"}}
	default:
		a.Relations = []bulwark.Relation{{Name: "account", Inverse: "buckets", Type: "test/Account", Target: account}}
	}
	c.put(a)
}

func newCloud(l *Loaded) *cloud {
	return &cloud{names: l.Content.Types.Names(), assets: map[string]*bulwark.Asset{}, scopes: map[string]bool{}, denied: map[string]bool{}}
}

// fill makes an estate of scopes with an account and buckets each.
func (c *cloud) fill(t testing.TB, scopes, buckets int, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	for s := range scopes {
		scope := fmt.Sprintf("aws/%d", s)
		parent := ""
		if s > 0 {
			parent = fmt.Sprintf("live:aws/%d/account/a", rng.IntN(s))
		}
		c.account(t, scope, "a", parent, rng.IntN(3) == 0)
		for b := range buckets {
			c.bucket(t, scope, fmt.Sprintf("b%d", b), "live:"+scope+"/account/a", fmt.Sprintf(`{"public":%v,"used":"%d","padding":%q}`, rng.IntN(4) == 0, rng.Int(), strings.Repeat("x", rng.IntN(300))))
		}
	}
}

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newClock() *clock { return &clock{at: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)} }

func newEngine(t testing.TB, file string, l *Loaded, c *clock) *Engine {
	t.Helper()
	s, err := store.Open(t.Context(), file, store.Options{Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return NewEngine(s, l, c.now, testLog(t))
}

func tempFile(t testing.TB) string { return filepath.Join(t.TempDir(), "bulwark.db") }

// dump is all that two stores of one estate must agree on: assets, states,
// findings and counters, times and numbers of versions left out.
func dump(t testing.TB, s *store.Store) string {
	t.Helper()
	ctx := t.Context()
	var lines []string
	add := func(kind string, v any) {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, kind+" "+string(data))
	}
	for cursor := ""; ; {
		rows, next, err := s.Assets(ctx, bulwark.AssetQuery{Page: bulwark.Page{Limit: 1000, Cursor: cursor}})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			r.FirstSeen, r.Changed = time.Time{}, time.Time{}
			add("asset", r)
		}
		if cursor = next; next == "" {
			break
		}
	}
	err := s.EachStates(ctx, nil, func(st *bulwark.States) error { add("states", st); return nil })
	if err != nil {
		t.Fatal(err)
	}
	for cursor := ""; ; {
		rows, next, err := s.Findings(ctx, bulwark.FindingQuery{States: []bulwark.FindingState{bulwark.Open}, Page: bulwark.Page{Limit: 1000, Cursor: cursor}})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			add("finding", []any{r.ID, r.Check, r.Asset, r.Instance, r.Severity, r.Because, !r.UnverifiedSince.IsZero()})
		}
		if cursor = next; next == "" {
			break
		}
	}
	counts, err := s.Counts(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	add("counts", counts)
	slices.SortFunc(lines, cmp.Compare)
	return strings.Join(lines, "\n")
}
