// Package providertest holds the contract that every provider passes: what a
// run tells when one of its calls goes wrong. A provider's test brings a server
// whose calls can be made to fail; the contract lists the calls of a run, has
// each fail in each way, and compares what is told with what a run tells in
// which nothing fails.
package providertest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/bulwarksec/bulwark"
)

// A Kind is a way in which a call goes wrong.
type Kind string

// The kinds that every provider is tried with.
const (
	Denied        Kind = "denied"
	Throttled     Kind = "throttled"
	TimedOut      Kind = "timed out"
	Malformed     Kind = "malformed"
	EmptyPage     Kind = "empty page"     // no items, and a token for more
	RepeatedToken Kind = "repeated token" // every page has the same token
)

// Kinds are those.
var Kinds = []Kind{Denied, Throttled, TimedOut, Malformed, EmptyPage, RepeatedToken}

// Kinds that some servers have besides.
const (
	Endless Kind = "endless" // a body without end; it is read up to the bound, so that each takes a while
	Slow    Kind = "slow"
)

// passing are those that need not take anything away: of a page without items
// the next may have them, a call may have no pages, and an answer that comes
// late comes.
var passing = []Kind{EmptyPage, RepeatedToken, Slow}

// Fault has a call fail, from the nth time on that it is made.
type Fault struct {
	Call string
	Kind Kind
	From int
}

// Gatherer is a provider's reader.
type Gatherer interface {
	Gather(ctx context.Context, yield func(bulwark.Gathered) error) error
}

// World is what the contract needs of a provider's test. Each run is within a
// bubble of synctest, so that waits and timeouts take no time.
type World struct {
	// Start returns a reader of a new server, of which one call fails or, for nil,
	// none, and what tells how often each call was made.
	Start func(t *testing.T, f *Fault) (g Gatherer, calls func() map[string]int)

	// More are ways to fail that the server has besides those of all.
	More []Kind

	// Without are kinds of Kinds that are not tried, and Known the calls that are
	// not, with what is wrong about each: what the contract is still to hold.
	Without []Kind
	Known   map[string]string

	// From are the times from which a call fails; nil is the first.
	From []int

	// Every is of how many faults one is tried, for a world of many calls; 0 is
	// all. Each call and each kind has its turn.
	Every int

	// Names reports whether what people are told (a gap's texts, an error) names
	// a call; nil wants the call's name in it.
	Names func(call, text string) bool

	// Needless are the calls whose failure leaves nothing unknown that is told:
	// they only find out what else there is to ask.
	Needless []string

	// Judge returns the states of all checks of assets, by check and asset; nil
	// judges none.
	Judge func(assets []*bulwark.Asset) map[string]bulwark.State
}

// Faults has each call of a run fail in each way. Whatever fails: nothing is
// gone, nothing that was known is absent, other or made up, though it may be
// unknown with a reason; a listing that lacks an asset is not complete; nothing
// becomes healthy that was not; a gap names the call, and the permission if it
// was denied. A run that fails as a whole does so by a fault that names the
// call.
func Faults(t *testing.T, w World) {
	if w.Names == nil {
		w.Names = func(call, text string) bool { return strings.Contains(text, call) }
	}
	if w.From == nil {
		w.From = []int{1}
	}
	var clean *told
	var counts map[string]int
	synctest.Test(t, func(t *testing.T) { clean, counts = w.run(t, nil) })
	if clean.err != nil || len(clean.gaps) > 0 || len(clean.assets) == 0 {
		t.Fatalf("a run in which nothing fails: error %v, gaps %v, %d assets", clean.err, clean.gaps, len(clean.assets))
	}
	states := clean.judged(w)
	runs, n := 0, 0
	for call := range w.Known {
		if counts[call] == 0 {
			t.Errorf("%s is known to fail and is not called", call)
		}
		delete(counts, call)
	}
	for _, call := range slices.Sorted(maps.Keys(counts)) {
		for _, kind := range slices.Concat(Kinds, w.More) {
			if slices.Contains(w.Without, kind) {
				continue
			}
			for _, from := range w.From {
				if counts[call] < from || kind == Endless && from > w.From[0] {
					continue
				}
				if n++; w.Every > 1 && n%w.Every > 0 {
					continue
				}
				runs++
				f := Fault{call, kind, from}
				t.Run(fmt.Sprintf("%s/%s/%d", strings.ReplaceAll(call, "/", "_"), kind, from), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						got, _ := w.run(t, &f)
						w.compare(t, f, clean, got, states)
					})
				})
			}
		}
	}
	t.Logf("figure: %d faults of %d calls", runs, len(counts))
}

// told is what a run yielded.
type told struct {
	assets   map[string]*bulwark.Asset
	listings []bulwark.Listing
	gaps     []bulwark.Gap
	gone     []string
	err      error
}

func (w *World) run(t *testing.T, f *Fault) (*told, map[string]int) {
	t.Helper()
	g, calls := w.Start(t, f)
	r := &told{assets: map[string]*bulwark.Asset{}}
	r.err = g.Gather(t.Context(), func(x bulwark.Gathered) error {
		switch {
		case x.Asset != nil:
			r.assets[x.Asset.ID] = x.Asset
		case x.Listing != nil:
			r.listings = append(r.listings, *x.Listing)
			if x.Listing.Gap != nil {
				r.gaps = append(r.gaps, *x.Listing.Gap)
			}
		case x.Gap != nil:
			r.gaps = append(r.gaps, *x.Gap)
		case x.Gone != nil:
			r.gone = append(r.gone, x.Gone.ID)
		}
		return nil
	})
	return r, calls()
}

func (r *told) judged(w World) map[string]bulwark.State {
	if w.Judge == nil {
		return nil
	}
	return w.Judge(slices.Collect(maps.Values(r.assets)))
}

// covers reports whether a complete listing says that an asset is not there
// unless it was told.
func (r *told) covers(a *bulwark.Asset) bool {
	return slices.ContainsFunc(r.listings, func(l bulwark.Listing) bool {
		return l.Complete && l.Scope == a.Scope && (l.Type == "" || l.Type == a.Type) && (l.Region == "" || l.Region == a.Region)
	})
}

func (w *World) compare(t *testing.T, f Fault, want, got *told, states map[string]bulwark.State) {
	t.Helper()
	if len(got.gone) > 0 {
		t.Errorf("told to be gone: %v", got.gone)
	}
	if got.err != nil {
		var fault *bulwark.Fault
		if !errors.As(got.err, &fault) || !w.Names(f.Call, got.err.Error()+" "+fault.Needs) {
			t.Errorf("Gather = %v, want a fault of the call", got.err)
		}
	}
	c := comparison{T: t}
	for id, a := range want.assets {
		b := got.assets[id]
		if b == nil {
			if c.less = true; got.err == nil && got.covers(a) {
				t.Errorf("a complete listing lacks %s", id)
			}
			continue
		}
		if a.Type != b.Type || a.Scope != b.Scope || a.Region != b.Region {
			t.Errorf("%s is a %s of %s %s, want a %s of %s %s", id, b.Type, b.Scope, b.Region, a.Type, a.Scope, a.Region)
		}
		c.value(id, a.Properties, b.Properties)
		c.value(id+" observed", a.Observed, b.Observed)
		c.relations(id, a.Relations, b.Relations)
	}
	for id := range got.assets {
		if want.assets[id] == nil {
			t.Errorf("%s is made up", id)
		}
	}
	for _, l := range got.listings {
		if c.less = c.less || !l.Complete; l.Complete && l.Gap != nil {
			t.Errorf("listing %+v is complete with a gap", l)
		}
	}
	if got.err == nil {
		w.gaps(t, f, c.less, got.gaps)
	}
	for key, state := range got.judged(*w) {
		if state == bulwark.Healthy && states[key] != bulwark.Healthy {
			t.Errorf("%s is healthy, and %q where nothing fails", key, states[key])
		}
	}
}

// gaps wants the gaps of a run that ended well, which tells less than it might
// or does not.
func (w *World) gaps(t *testing.T, f Fault, less bool, gaps []bulwark.Gap) {
	t.Helper()
	if !less {
		if !slices.Contains(passing, f.Kind) && !slices.Contains(w.Needless, f.Call) {
			t.Errorf("the fault changed nothing, gaps %v", gaps)
		}
		return
	}
	for _, g := range gaps {
		if w.Names(f.Call, g.Where+" "+g.Why+" "+g.Needs) && (f.Kind != Denied || g.Needs != "") {
			return
		}
	}
	t.Errorf("less is told, and no gap names the call (and what it needs): %+v", gaps)
}

// comparison holds what a run told against what it would have told.
type comparison struct {
	*testing.T
	less bool // something is unknown or missing that was not
}

func (c *comparison) value(where string, want, got bulwark.Value) {
	c.Helper()
	switch {
	case got.Kind() == bulwark.Unknown:
		if got.Reason() == "" {
			c.Errorf("%s: unknown without a reason", where)
		}
		c.less = c.less || want.Kind() != bulwark.Unknown
	case got.Kind() == bulwark.List && got.Len() > 0 && got.Index(got.Len()-1).Kind() == bulwark.Unknown && want.Kind() == bulwark.List: // and there may be more
		c.less = true
		for _, x := range got.Children() {
			if x.Kind() != bulwark.Unknown && !contains(want, x) {
				c.Errorf("%s: %s is made up", where, bulwark.AppendJSON(nil, x))
			}
		}
	case want.Kind() != got.Kind() || got.Kind() == bulwark.List && want.Len() != got.Len():
		c.Errorf("%s: %s, want %s or unknown", where, bulwark.AppendJSON(nil, got), bulwark.AppendJSON(nil, want))
	case got.Kind() == bulwark.Object:
		for name, x := range want.Children() {
			c.value(where+" "+name, x, got.Get(name))
		}
		for name, x := range got.Children() {
			if want.Get(name).IsAbsent() && !x.IsAbsent() {
				c.value(where+" "+name, bulwark.Value{}, x)
			}
		}
	case got.Kind() == bulwark.List:
		for i := range got.Len() {
			c.value(fmt.Sprintf("%s[%d]", where, i), want.Index(i), got.Index(i))
		}
	case !bulwark.Equal(want, got):
		c.Errorf("%s: %s, want %s or unknown", where, bulwark.AppendJSON(nil, got), bulwark.AppendJSON(nil, want))
	}
}

func contains(list, v bulwark.Value) bool {
	for _, x := range list.Children() {
		if bulwark.Equal(x, v) {
			return true
		}
	}
	return false
}

// relations wants each relation again, or one of its name that says why it is
// not known.
func (c *comparison) relations(where string, want, got []bulwark.Relation) {
	c.Helper()
	for _, r := range want {
		if r.Target == "" || slices.Contains(got, r) {
			continue
		}
		c.less = true
		if !slices.ContainsFunc(got, func(x bulwark.Relation) bool { return x.Name == r.Name && x.Reason != "" }) {
			c.Errorf("%s: the relation %s to %s is missing, and none says why", where, r.Name, r.Target)
		}
	}
	for _, r := range got {
		if r.Target != "" && !slices.Contains(want, r) {
			c.Errorf("%s: the relation %s to %s is made up", where, r.Name, r.Target)
		}
	}
}
