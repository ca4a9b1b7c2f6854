package quota

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestQuotasAreWellFormed(t *testing.T) {
	if _, err := parse(quotas); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		"aws: {default: {rate: 0, burst: 1, per: region, assumed: true}}",
		"aws: {default: {rate: 1, burst: 1, per: planet, assumed: true}}",
		"aws: {ec2: {default: {rate: 1, burst: 1, per: region}}}", // neither assumed nor with a source
		"a: b\n---\nc: d",
	} {
		if _, err := parse([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestForSharesBuckets(t *testing.T) {
	tests := []struct {
		name   string
		k      Key
		shared Key
	}{
		{"an action of its own", Key{"aws", "1", "eu", "kms", "DescribeKey"}, Key{"aws", "1", "eu", "kms", "DescribeKey"}},
		{"others of the service", Key{"aws", "1", "eu", "kms", "ListKeys"}, Key{"aws", "1", "eu", "kms", ""}},
		{"a service that is not listed", Key{"aws", "1", "eu", "none", "X"}, Key{"aws", "1", "eu", "none", ""}},
		{"for the whole account", Key{"aws", "1", "eu", "iam", "ListUsers"}, Key{"aws", "1", "", "iam", ""}},
	}
	for _, tt := range tests {
		if l, shared := For(tt.k); shared != tt.shared || l.Rate <= 0 || l.Burst < 1 {
			t.Errorf("%s: %+v in %+v, want %+v", tt.name, l, shared, tt.shared)
		}
	}
}

// clock is a time that passes only in sleeps.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func (c *clock) sleep(_ context.Context, d time.Duration) error {
	c.at = c.at.Add(d)
	return nil
}

func limiter(c *clock, l Limit) *Limiter {
	return &Limiter{buckets: map[Key]*adaptive{}, now: c.now, sleep: c.sleep, limits: func(k Key) (Limit, Key) { return l, k }}
}

// TestLimiterKeepsTheQuota runs a caller against a server of the same quota: no
// call is refused, and the calls take no longer than the quota asks.
func TestLimiterKeepsTheQuota(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := Limit{Rate: rapid.Float64Range(0.1, 50).Draw(t, "rate"), Burst: float64(rapid.IntRange(1, 50).Draw(t, "burst"))}
		calls := rapid.IntRange(1, 300).Draw(t, "calls")
		c := &clock{at: time.Unix(0, 0)}
		server := NewBucket(limit, c.at)
		l := limiter(c, limit)
		for range calls {
			if err := l.Wait(context.Background(), Key{}); err != nil {
				t.Fatal(err)
			}
			if wait := server.Take(c.at); wait > time.Microsecond {
				t.Fatalf("refused: %s too early", wait)
			}
			l.Done(Key{}, false)
		}
		limit = below(limit)
		bound := max(0, float64(calls)-limit.Burst) / limit.Rate
		if took := c.at.Sub(time.Unix(0, 0)).Seconds(); took > bound+0.001*float64(calls) {
			t.Errorf("%d calls took %.3f s, want %.3f", calls, took, bound)
		}
	})
}

func TestLimiterAdapts(t *testing.T) {
	c := &clock{at: time.Unix(0, 0)}
	l := limiter(c, Limit{Rate: 10, Burst: 1})
	pace := func() time.Duration { // between calls, once the bucket is empty
		_ = l.Wait(t.Context(), Key{})
		from := c.at
		_ = l.Wait(t.Context(), Key{})
		return c.at.Sub(from)
	}
	first := pace()
	l.Done(Key{}, true)
	slow := pace()
	if slow < 2*first-time.Millisecond {
		t.Errorf("throttled: %s between calls, want twice %s", slow, first)
	}
	for range 60 {
		l.Done(Key{}, false)
	}
	if again := pace(); again > first+time.Millisecond {
		t.Errorf("after successes: %s between calls, want %s", again, first)
	}
}

func TestWaitEndsWithTheContext(t *testing.T) {
	l := NewLimiter()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Wait(ctx, Key{Provider: "aws"}); err == nil {
		t.Error("a call was allowed after the context ended")
	}
}

// TestForkShares lets two callers share a quota and count their own calls.
func TestForkShares(t *testing.T) {
	c := &clock{at: time.Unix(0, 0)}
	l := limiter(c, Limit{Rate: 1, Burst: 1})
	a, b := l.Fork(), l.Fork()
	for _, f := range []*Limiter{a, b, a} {
		if err := f.Wait(t.Context(), Key{}); err != nil {
			t.Fatal(err)
		}
	}
	if took := c.at.Sub(time.Unix(0, 0)); took < 2*time.Second-time.Millisecond {
		t.Errorf("three calls of two forks took %s, want two seconds: they have one bucket", took)
	}
	if a.Calls() != 2 || b.Calls() != 1 || l.Calls() != 0 {
		t.Errorf("calls = %d, %d, %d, want 2, 1 and none of the whole", a.Calls(), b.Calls(), l.Calls())
	}
	before := c.at
	b.Done(Key{}, true)
	if err := a.Wait(t.Context(), Key{}); err != nil || c.at.Sub(before) < 2*time.Second-time.Millisecond {
		t.Errorf("after one fork was throttled the other waited %s, want two seconds", c.at.Sub(before))
	}
}

// TestBucketRate wants a bucket that is asked as soon as it says to grant what
// its limit is, at rates whose waits are no whole nanoseconds.
func TestBucketRate(t *testing.T) {
	for _, rate := range []float64{0.3, 1.6, 3, 7, 15, 1000} {
		now := time.Unix(0, 0)
		end := now.Add(100 * time.Second)
		b := NewBucket(Limit{Rate: rate, Burst: 20}, now)
		granted := 0
		for now.Before(end) {
			d := b.Take(now)
			if d == 0 {
				granted++
			}
			now = now.Add(d)
		}
		if want := 20 + 100*rate; float64(granted) > want+1e-6 || float64(granted) < want-1 {
			t.Errorf("at %v a second: %d granted in 100 s, want %v", rate, granted, want)
		}
	}
}
