package quota

import (
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestJitter lets many callers at once call a server that enforces the same
// quota, over a network of uneven delays, which has calls arrive closer to each
// other than they were let through: they are throttled now and then, and must
// still come near to what the quota allows, in simulated time.
func TestJitter(t *testing.T) {
	for _, tt := range []struct {
		name         string
		limit        Limit
		calls, delay int     // delay is the longest way there, in milliseconds
		most         float64 // of the quota's bound
	}{
		{"usual", Limit{Rate: 10, Burst: 20}, 600, 150, 1.1},
		{"quick", Limit{Rate: 100, Burst: 200}, 6000, 150, 1.1},
		{"without a burst", Limit{Rate: 4, Burst: 1}, 200, 150, 2},
		{"slow network", Limit{Rate: 15, Burst: 20}, 900, 2000, 1.1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := NewLimiter()
				l.limits = func(k Key) (Limit, Key) { return tt.limit, k }
				rng := rand.New(rand.NewPCG(1, 2))
				var mu sync.Mutex
				server, left, throttled := NewBucket(tt.limit, time.Now()), tt.calls, 0
				began := time.Now()
				var callers sync.WaitGroup
				for range 64 {
					callers.Go(func() {
						for {
							mu.Lock()
							done := left <= 0
							left--
							mu.Unlock()
							if done {
								return
							}
							for refused := true; refused; {
								if err := l.Wait(t.Context(), Key{}); err != nil {
									t.Error(err)
									return
								}
								mu.Lock()
								there := time.Duration(1+rng.IntN(tt.delay)) * time.Millisecond
								mu.Unlock()
								time.Sleep(there)
								mu.Lock()
								refused = server.Take(time.Now()) > 0
								if refused {
									throttled++
								}
								mu.Unlock()
								time.Sleep(10 * time.Millisecond)
								l.Done(Key{}, refused)
							}
						}
					})
				}
				callers.Wait()
				bound := (float64(tt.calls) - tt.limit.Burst) / tt.limit.Rate
				took := time.Since(began).Seconds()
				t.Logf("%d calls took %.1f s, %.2f of the bound; %d throttled", tt.calls, took, took/bound, throttled)
				if took > tt.most*bound {
					t.Errorf("that is more than %.1f of the bound of %.1f s", tt.most, bound)
				}
			})
		})
	}
}
