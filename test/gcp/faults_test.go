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
	"github.com/bulwarksec/bulwark/internal/provider/gcp"
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

// TestFaults makes each call go wrong in each way, at once, at its second time
// and at its third: what a run tells is then less than in a clean one, it says
// so, and it says nothing else.
func TestFaults(t *testing.T) {
	var calls []string
	var want result
	synctest.Test(t, func(t *testing.T) { want, calls = clean(t) })
	for _, call := range calls {
		for _, kind := range replaygcp.Kinds {
			for after := range 3 {
				if kind == replay.Endless && after > 0 { // each reads 64 MiB several times
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/%d", call, kind, after), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s := server(t, replaygcp.Options{State: state(t), Page: 5, Limits: replay.Unlimited,
							Faults: []replay.Rule{{Call: named(call), Kind: kind, From: after + 1, Delay: time.Minute}}})
						got := gather(t, estate(t, s, gcp.Config{}))
						less := compare(t, want, got)
						struck := s.Counts()[call].Calls > after && kind != replay.EmptyPage && kind != replay.Slow
						if less && got.err == nil && len(got.gaps) == 0 && !incomplete(got) {
							t.Error("less was told, and nothing says so")
						}
						if struck && !less && got.err == nil {
							t.Error("the fault changed nothing")
						}
						if got.err != nil {
							var f *bulwark.Fault
							if !errors.As(got.err, &f) {
								t.Errorf("Gather = %v, want a fault", got.err)
							}
						}
					})
				})
			}
		}
	}
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

// compare reports whether got tells less than want, and fails the test where it
// tells something else, or calls complete what is not.
func compare(t *testing.T, want, got result) (less bool) {
	t.Helper()
	for id, a := range got.assets {
		w := want.assets[id]
		if w == nil {
			t.Errorf("%s is not in the estate", id)
			continue
		}
		less = weaker(t, id, w.Properties, a.Properties) || less
		less = weaker(t, id+" observed", w.Observed, a.Observed) || less
	}
	for id, a := range want.assets {
		if got.assets[id] != nil {
			continue
		}
		less = true
		if got.err == nil && got.listings[a.Scope].Complete {
			t.Errorf("the listing of %s is complete without %s", a.Scope, id)
		}
	}
	for scope, l := range got.listings {
		if !l.Complete && (l.Gap == nil || l.Gap.Why == "") {
			t.Errorf("the listing of %s is not complete and does not say why", scope)
		}
	}
	return less
}

// weaker reports whether got has an unknown value where want has one, and fails
// the test where it differs otherwise.
func weaker(t *testing.T, where string, want, got bulwark.Value) bool {
	t.Helper()
	switch {
	case got.Kind() == bulwark.Unknown:
		if got.Reason() == "" {
			t.Errorf("%s: unknown without a reason", where)
		}
		return want.Kind() != bulwark.Unknown
	case got.Kind() == bulwark.List && got.Len() > 0 && got.Index(got.Len()-1).Kind() == bulwark.Unknown: // and there may be more
		for _, c := range got.Children() {
			if c.Kind() != bulwark.Unknown && !has(want, c) {
				t.Errorf("%s: %s is not in %s", where, bulwark.AppendJSON(nil, c), bulwark.AppendJSON(nil, want))
			}
		}
		return true
	case want.Kind() != got.Kind() || want.Len() != got.Len():
		t.Errorf("%s: got %s, want %s", where, bulwark.AppendJSON(nil, got), bulwark.AppendJSON(nil, want))
		return false
	case got.Kind() == bulwark.Object || got.Kind() == bulwark.List:
		less := false
		for i := range got.Len() {
			w := want.Index(i)
			if name := got.Key(i); name != "" {
				w = want.Get(name)
			}
			less = weaker(t, fmt.Sprintf("%s %s", where, got.Key(i)), w, got.Index(i)) || less
		}
		return less
	case !bulwark.Equal(want, got):
		t.Errorf("%s: got %s, want %s", where, bulwark.AppendJSON(nil, got), bulwark.AppendJSON(nil, want))
	}
	return false
}

func has(list, v bulwark.Value) bool {
	for _, c := range list.Children() {
		if bulwark.Equal(c, v) {
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
				if got.err != nil || incomplete(got) || !compare(t, want, got) {
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
