package check

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bulwarksec/bulwark"
)

// world is a small estate that changes.
type world struct {
	assets map[string]*bulwark.Asset
	facts  map[string]bulwark.Value // kind/id
}

func (w *world) Related(a *bulwark.Asset, relation string) ([]*bulwark.Asset, string) {
	for _, r := range a.Relations {
		if r.Name == relation && r.Reason != "" {
			return nil, r.Reason
		}
	}
	var list []*bulwark.Asset
	for _, r := range a.Relations {
		if t := w.assets[r.Target]; r.Name == relation && t != nil {
			list = append(list, t)
		}
	}
	for _, s := range w.assets {
		for _, r := range s.Relations {
			if r.Inverse == relation && r.Target == a.ID {
				list = append(list, s)
			}
		}
	}
	slices.SortFunc(list, func(x, y *bulwark.Asset) int { return strings.Compare(x.ID, y.ID) })
	return slices.Compact(list), ""
}

func (w *world) Fact(a *bulwark.Asset, kind string) bulwark.Value { return w.facts[kind+"/"+a.ID] }

// driver judges again only what its queries and instants say is dirty.
type driver struct {
	set    *Set
	world  *world
	now    time.Time
	got    map[string][]bulwark.Assessment
	judged int
}

func (d *driver) judge(id string) {
	d.judged++
	if a := d.world.assets[id]; a != nil {
		d.got[id] = d.set.Judge(a, d.world, d.now)
		return
	}
	delete(d.got, id)
}

func (d *driver) change(keys ...string) {
	dirty := map[string]bool{}
	for _, k := range keys {
		if id, ok := strings.CutPrefix(k, "asset:"); ok {
			dirty[id] = true
		}
		for id, list := range d.got {
			for _, a := range list {
				if slices.Contains(a.Queries, k) {
					dirty[id] = true
				}
			}
		}
	}
	for id := range dirty {
		d.judge(id)
	}
}

func (d *driver) advance(to time.Time) {
	d.now = to
	for id, list := range d.got {
		for _, a := range list {
			if !a.Until.IsZero() && !a.Until.After(to) {
				d.judge(id)
				break
			}
		}
	}
}

const incrementalContent = `
-- types/test/test.Bucket.yaml --
id: test/Bucket
properties:
  public: boolean
  account: string
  expires: string
  encrypted: {kind: boolean, default: true, since: '2024-01-10'}
references:
  account: {property: account, to: test/Account, by: id, inverse: buckets}
views:
  owners: related(asset, 'account')
-- types/test/test.Account.yaml --
id: test/Account
properties:
  id: string
  blocked: boolean
  parent: string
references:
  parent: {property: parent, to: test/Account, by: id, inverse: children}
-- checks/a.yaml --
asset: test/Bucket
healthy: asset.public != true || owners.exists(a, a.blocked == true || related(a, 'parent').exists(p, p.blocked == true))
-- checks/b.yaml --
asset: test/Bucket
when: asset.expires != null
healthy: timestamp(asset.expires) - now > duration('48h')
-- checks/c.yaml --
asset: test/Account
healthy: related(asset, 'buckets').all(b, b.public != true && b.encrypted == true) && related(asset, 'children').all(c, fact(c, 'exposure/internet') != true)
-- checks/d.yaml --
asset: test/Account
healthy: size(related(asset, 'unlisted')) < 1 || related(asset, 'parent').all(p, related(p, 'buckets').exists(b, b.expires != null && timestamp(b.expires) < now))
`

// TestIncrementalEqualsFull changes random worlds (insert, update, delete,
// re-parent, facts, listings denied, time) and holds verdicts that are judged
// again only where dirty to those of a full run.
func TestIncrementalEqualsFull(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	worlds := 60
	if testing.Short() {
		worlds = 10
	}
	set := incrementalSet(t)
	var judged, full int
	states := map[bulwark.State]int{}
	for n := range worlds {
		rng := rand.New(rand.NewPCG(seed, uint64(n)))
		d := &driver{set: set, world: &world{assets: map[string]*bulwark.Asset{}, facts: map[string]bulwark.Value{}}, now: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), got: map[string][]bulwark.Assessment{}}
		for step := range 80 {
			what := d.step(t, rng)
			for _, id := range ids(d.world.assets) {
				want := set.Judge(d.world.assets[id], d.world, d.now)
				full++
				for i := range want {
					states[want[i].State]++
					if got := d.got[id]; len(got) != len(want) || got[i].State != want[i].State || got[i].Because != want[i].Because {
						t.Fatalf("world %d, step %d (%s): check %s on %s is %v, want %+v", n, step, what, want[i].Check, id, got, want[i])
					}
				}
			}
			if len(d.got) != len(d.world.assets) {
				t.Fatalf("world %d, step %d (%s): %d verdicts of %d assets", n, step, what, len(d.got), len(d.world.assets))
			}
		}
		judged += d.judged
	}
	t.Logf("%d judged of %d in full runs; states %v", judged, full, states)
	if judged*2 > full {
		t.Errorf("%d of %d judged again: nothing is incremental", judged, full)
	}
	for _, s := range []bulwark.State{bulwark.Healthy, bulwark.Unhealthy, bulwark.Undetermined, bulwark.NotApplicable} {
		if states[s] == 0 {
			t.Errorf("no verdict was %s", s)
		}
	}
}

// step makes one random change and lets the driver follow it.
func (d *driver) step(t *testing.T, rng *rand.Rand) string {
	w := d.world
	all := ids(w.assets)
	switch op := rng.IntN(10); {
	case op < 5 || len(all) < 3:
		id := fmt.Sprintf("live:%s%d", []string{"b", "a"}[rng.IntN(2)], rng.IntN(5))
		old, next := w.assets[id], randomAsset(t, rng, d.set, id)
		w.assets[id] = next
		d.change(d.set.Keys(old, next)...)
		return "put " + id
	case op < 6:
		id := all[rng.IntN(len(all))]
		old := w.assets[id]
		delete(w.assets, id)
		d.change(d.set.Keys(old, nil)...)
		return "delete " + id
	case op < 8:
		id := all[rng.IntN(len(all))]
		w.facts["exposure/internet/"+id] = decodeText(t, d.set, id, []string{"true", "false", "null", `{"$unknown":"denied"}`}[rng.IntN(4)])
		d.change("fact:exposure/internet/" + id)
		return "fact of " + id
	}
	to := d.now.Add(time.Duration(rng.IntN(100)) * time.Hour)
	d.advance(to)
	return "time " + to.String()
}

func randomAsset(t *testing.T, rng *rand.Rand, s *Set, id string) *bulwark.Asset {
	pick := func(list ...string) string { return list[rng.IntN(len(list))] }
	target := "live:a" + fmt.Sprint(rng.IntN(5))
	rel := bulwark.Relation{Name: "parent", Inverse: "children", Type: "test/Account", Target: target}
	a := &bulwark.Asset{ID: id, Type: "test/Account"}
	text := `{"id":"1","blocked":` + pick("true", "false", `{"$unknown":"denied"}`) + `}`
	if strings.HasPrefix(id, "live:b") {
		a.Type = "test/Bucket"
		rel.Name, rel.Inverse = "account", "buckets"
		at := time.Date(2024, 1, 1, rng.IntN(900), 0, 0, 0, time.UTC)
		text = `{"public":` + pick("true", "true", "false", "null", `{"$unknown":"denied"}`) + `,"expires":` + pick("null", `"`+at.Format(time.RFC3339)+`"`) + `,"encrypted":` + pick("null", "true", "false") + `}`
	}
	a.Properties = decodeText(t, s, id, text)
	switch rng.IntN(6) {
	case 0:
	case 1:
		a.Relations = []bulwark.Relation{{Name: rel.Name, Type: rel.Type, Reason: "denied"}}
	default:
		a.Relations = []bulwark.Relation{rel}
	}
	return a
}

func decodeText(t *testing.T, s *Set, id, text string) bulwark.Value {
	t.Helper()
	v, err := bulwark.DecodeJSON([]byte(text), bulwark.DecodeOptions{Names: s.types.Names(), Asset: id, Marks: true})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func ids(m map[string]*bulwark.Asset) []string {
	list := make([]string, 0, len(m))
	for id := range m {
		list = append(list, id)
	}
	sort.Strings(list)
	return list
}

// TestRelatedCulprit names the related asset that is at fault.
func TestRelatedCulprit(t *testing.T) {
	set := incrementalSet(t)
	w := &world{assets: map[string]*bulwark.Asset{}, facts: map[string]bulwark.Value{}}
	rel := []bulwark.Relation{{Name: "account", Inverse: "buckets", Type: "test/Account", Target: "live:a"}}
	w.assets["live:a"] = &bulwark.Asset{ID: "live:a", Type: "test/Account", Properties: decodeText(t, set, "live:a", `{"id":"1"}`)}
	for id, text := range map[string]string{"live:b1": `{"public":false}`, "live:b2": `{"public":true}`} {
		w.assets[id] = &bulwark.Asset{ID: id, Type: "test/Bucket", Properties: decodeText(t, set, id, text), Relations: rel}
	}
	got := set.Judge(w.assets["live:a"], w, time.Date(2024, 2, 1, 0, 0, 0, 0, time.UTC))[0]
	want := bulwark.Assessment{Check: "c", Asset: "live:a", State: bulwark.Unhealthy,
		Evidence:  []bulwark.Evidence{{Asset: "live:b2", Path: "public", Value: "true"}},
		Instances: []bulwark.Instance{{Key: "live:b2"}},
		Queries:   []string{"asset:live:a", "asset:live:b1", "asset:live:b2", "rel:live:a/buckets/test/Bucket"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Judge (-want +got):\n%s", diff)
	}
}

// TestConcurrent judges with a lazy set from several goroutines at once.
func TestConcurrent(t *testing.T) {
	checks, types := load(t, "pods.txtar")
	full, _ := Compile(checks, types, Options{})
	lazy, _ := Compile(checks, types, Options{Lazy: true})
	a := deployment(t, types, 1)[0]
	want := full.Judge(a, nil, time.Time{})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				if diff := cmp.Diff(want, lazy.Judge(a, nil, time.Time{})); diff != "" {
					t.Errorf("Judge of the lazy set (-want +got):\n%s", diff)
					return
				}
			}
		})
	}
	group.Wait()
}
