package gcp_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	"github.com/bulwarksec/bulwark/internal/provider/gcp"
	"github.com/bulwarksec/bulwark/internal/provider/providertest"
	"github.com/bulwarksec/bulwark/internal/quota"
	"github.com/bulwarksec/bulwark/internal/replay"
	replaygcp "github.com/bulwarksec/bulwark/internal/replay/gcp"
)

// clean is a run in which nothing goes wrong, with pages of five.
func clean(t *testing.T) (result, []string) {
	s := server(t, replaygcp.Options{State: state(t), Page: 5, Limits: replay.Unlimited})
	r := gather(t, estate(t, s, gcp.Config{}))
	if r.err != nil || len(r.gaps) > 0 {
		t.Fatalf("a clean run: %v, gaps %v", r.err, r.gaps)
	}
	return r, slices.Sorted(maps.Keys(s.Counts()))
}

// named is a call by its name in counts.
func named(call string) replay.Call {
	service, operation, _ := strings.Cut(call, ":")
	return replay.Call{Service: service, Operation: operation}
}

// TestContract has each call go wrong in each way, at once, at its second time
// and at its third.
func TestContract(t *testing.T) {
	loaded, problems := pipeline.LoadContent(pipeline.ContentOptions{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	w := providertest.World{
		Start: func(t *testing.T, f *providertest.Fault) (providertest.Gatherer, func() map[string]int) {
			o := replaygcp.Options{State: state(t), Page: 5, Limits: replay.Unlimited}
			if f != nil {
				kind := replay.Kind(f.Kind)
				if f.Kind == providertest.TimedOut {
					kind = replay.Timeout
				}
				o.Faults = []replay.Rule{{Call: named(f.Call), Kind: kind, From: f.From, Delay: time.Minute}}
			}
			s := server(t, o)
			return estate(t, s, gcp.Config{}), func() map[string]int {
				counts := map[string]int{}
				for call, n := range s.Counts() {
					counts[call] += n.Calls
				}
				return counts
			}
		},
		From: []int{1, 2, 3},
		Names: func(call, text string) bool { // cloudasset:assets.list RESOURCE: with the place in between
			if call == "oauth2:token" && strings.Contains(text, string(bulwark.FaultCredentials)) { // it gave one that is not taken
				return true
			}
			return !slices.ContainsFunc(strings.Fields(call), func(word string) bool { return !strings.Contains(text, word) })
		},
		Judge: func(assets []*bulwark.Asset) map[string]bulwark.State {
			world, states := pipeline.NewWorld(assets), map[string]bulwark.State{}
			for _, a := range assets {
				for _, x := range loaded.Checks.Judge(a, world, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) {
					states[x.Check+" "+a.ID] = x.State
				}
			}
			return states
		},
	}
	for _, kind := range replaygcp.Kinds {
		if k := providertest.Kind(kind); kind != replay.Timeout && !slices.Contains(providertest.Kinds, k) {
			w.More = append(w.More, k)
		}
	}
	providertest.Faults(t, w)
}

// TestPassing makes each call go wrong once in each way that may pass: the run
// tells all.
func TestPassing(t *testing.T) {
	var calls []string
	var want result
	synctest.Test(t, func(t *testing.T) { want, calls = clean(t) })
	for _, call := range calls {
		for _, kind := range []replay.Kind{replay.Throttled, replay.Timeout, replay.ServerError, replay.Truncated} {
			t.Run(call+"/"+string(kind), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := server(t, replaygcp.Options{State: state(t), Page: 5, Limits: replay.Unlimited,
						Faults: []replay.Rule{{Call: named(call), Kind: kind, Nth: 1}}})
					got := gather(t, estate(t, s, gcp.Config{}))
					if got.err != nil || got.String() != want.String() {
						t.Errorf("Gather = %v, want as if nothing had happened:\n%s", got.err, got)
					}
				})
			})
		}
	}
}

func incomplete(r result) bool {
	for _, l := range r.listings {
		if !l.Complete {
			return true
		}
	}
	return false
}

// TestDenied takes one permission away after the other: what it was for is
// unknown or not listed, and a gap names the permission.
func TestDenied(t *testing.T) {
	for _, permission := range []string{"cloudasset.assets.listIamPolicy", "cloudasset.assets.listOrgPolicy", "cloudasset.assets.listAccessPolicy",
		"essentialcontacts.contacts.list", "bigquery.datasets.get"} {
		t.Run(permission, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				want, _ := clean(t)
				s := server(t, replaygcp.Options{State: state(t), Page: 5, Limits: replay.Unlimited, Denied: []string{permission}})
				got := gather(t, estate(t, s, gcp.Config{}))
				if got.err != nil || incomplete(got) || got.String() == want.String() {
					t.Errorf("Gather = %v, want a whole run that tells less:\n%s", got.err, got)
				}
				if len(got.gaps) != 1 || got.gaps[0].Needs != permission {
					t.Errorf("gaps %+v, want one that needs %s", got.gaps, permission)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s := server(t, replaygcp.Options{State: state(t), Denied: []string{"cloudasset.assets.listResource"}})
		got := gather(t, estate(t, s, gcp.Config{}))
		var f *bulwark.Fault
		if !errors.As(got.err, &f) || f.Kind != bulwark.FaultDenied || f.Needs != "cloudasset.assets.listResource" || !errors.Is(got.err, bulwark.ErrDenied) {
			t.Errorf("Gather without any permission = %v, want a denied fault", got.err)
		}
	})
}

// TestDisabled says what to enable.
func TestDisabled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server(t, replaygcp.Options{State: state(t), Disabled: []string{"cloudasset"}})
		got := gather(t, estate(t, s, gcp.Config{}))
		var f *bulwark.Fault
		if !errors.As(got.err, &f) || f.Kind != bulwark.FaultDisabled || f.Needs != "enable cloudasset.googleapis.com" {
			t.Errorf("Gather without the API = %v, want a disabled fault", got.err)
		}
	})
}

// TestQuota keeps to the published quotas over more pages than they allow at
// once: the server refuses nothing that is not asked again.
func TestQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server(t, replaygcp.Options{State: state(t), Page: 1})
		want, _ := clean(t)
		got := gather(t, estate(t, s, gcp.Config{}))
		if got.err != nil || got.String() != want.String() {
			t.Errorf("Gather = %v, want all:\n%s", got.err, got)
		}
		calls, throttled := 0, 0
		for _, c := range s.Counts() {
			calls += c.Calls
			throttled += c.Throttled
		}
		if calls < 30 || throttled > 1 {
			t.Errorf("%d calls of which %d were throttled, want more than the quota has at once and at most one", calls, throttled)
		}
	})
}

// slow is a quota of one call in ten seconds.
func slow(k quota.Key) (quota.Limit, quota.Key) {
	return quota.Limit{Rate: 0.1, Burst: 1}, quota.Key{Service: k.Service}
}

// TestThrottled asks again until a server that allows far less than is published
// has answered everything.
func TestThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		want, _ := clean(t)
		s := server(t, replaygcp.Options{State: state(t), Page: 2, Limits: slow})
		e := estate(t, s, gcp.Config{})
		got := gather(t, e)
		throttled, calls := 0, 0
		for _, c := range s.Counts() {
			throttled += c.Throttled
			calls += c.Calls
		}
		if got.err != nil || got.String() != want.String() || throttled == 0 {
			t.Errorf("Gather = %v with %d calls throttled of %d, want all:\n%s", got.err, throttled, calls, got)
		}
		if calls > 300 {
			t.Errorf("%d calls, want the connector to slow down", calls)
		}
	})
}

// TestCancelled ends a run at once, whatever it waits for.
func TestCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server(t, replaygcp.Options{State: state(t), Faults: []replay.Rule{{Call: replay.Call{Service: "cloudasset"}, Kind: replay.Timeout}}})
		e := estate(t, s, gcp.Config{})
		done := make(chan error)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { done <- e.Gather(ctx, func(bulwark.Gathered) error { return nil }) }()
		synctest.Wait()
		cancel()
		if err := <-done; !strings.Contains(fmt.Sprint(err), "canceled") {
			t.Errorf("Gather = %v, want that it was cancelled", err)
		}
	})
}
