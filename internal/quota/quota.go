// Package quota knows how often a provider's calls may be made, and keeps to
// it: quotas.yaml is the one list, Limiter the caller's side, which slows down
// when it is throttled, and Bucket the same arithmetic for who enforces it.
package quota

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Limit is a token bucket: Burst calls at once, Rate a second refilled.
type Limit struct {
	Rate    float64 // calls a second
	Burst   float64 // calls
	Assumed bool    // not published by the provider: a guess, on the low side
	Source  string  // where it is published, or what the guess rests on
}

// Key names a bucket. Calls that share a quota share the bucket: Action is ""
// for those of a service that have none of their own.
type Key struct {
	Provider string // aws, azure, gcp, kubernetes
	Scope    string // account, subscription, project, cluster
	Region   string
	Service  string
	Action   string
}

// Bucket is a token bucket. The zero value is not usable; see NewBucket. It is
// not safe for concurrent use.
type Bucket struct {
	limit  Limit
	tokens float64
	at     time.Time
}

// NewBucket returns a full bucket.
func NewBucket(l Limit, now time.Time) *Bucket { return &Bucket{limit: l, tokens: l.Burst, at: now} }

// Take takes a token and returns 0, or how long until there is one, at least a
// nanosecond: what is rounded to nothing would be a token for free.
func (b *Bucket) Take(now time.Time) time.Duration {
	b.refill(now)
	if b.tokens >= 1 {
		b.tokens--
		return 0
	}
	return max(1, time.Duration(math.Ceil((1-b.tokens)/b.limit.Rate*float64(time.Second))))
}

func (b *Bucket) refill(now time.Time) {
	if d := now.Sub(b.at); d > 0 {
		b.tokens = min(b.limit.Burst, b.tokens+d.Seconds()*b.limit.Rate)
		b.at = now
	}
}

// Limiter spaces calls so that they stay within their quotas, and a little below
// them, since calls may arrive closer to each other than they were let through.
// A throttled call halves its bucket's rate, down to a hundredth; calls that are
// throttled within a second of that were on their way by then and count as the
// same. Each success gives a fiftieth back. It is safe for concurrent use.
type Limiter struct {
	mu      sync.Mutex
	buckets map[Key]*adaptive
	now     func() time.Time
	sleep   func(ctx context.Context, d time.Duration) error
	limits  func(Key) (Limit, Key)
	shared  *Limiter // whose buckets are used, of one that Fork made

	calls, throttled atomic.Int64
}

// settles is how long calls are on their way.
const settles = time.Second

type adaptive struct {
	Bucket
	full float64   // the rate when nothing is throttled
	cut  time.Time // when it was halved last
}

// NewLimiter returns a limiter over the quotas of quotas.yaml.
func NewLimiter() *Limiter {
	return &Limiter{buckets: map[Key]*adaptive{}, now: time.Now, sleep: Sleep, limits: For}
}

// Fork returns a limiter that shares the buckets and counts calls of its own.
func (l *Limiter) Fork() *Limiter { return &Limiter{shared: l} }

// Calls returns how many calls Wait has let through.
func (l *Limiter) Calls() int64 { return l.calls.Load() }

// Throttled returns how many calls Done was told to be throttled.
func (l *Limiter) Throttled() int64 { return l.throttled.Load() }

// Wait waits until a call may be made, or ctx ends.
func (l *Limiter) Wait(ctx context.Context, k Key) error {
	err := l.wait(ctx, k)
	if err == nil {
		l.calls.Add(1)
	}
	return err
}

func (l *Limiter) wait(ctx context.Context, k Key) error {
	if l.shared != nil {
		return l.shared.wait(ctx, k)
	}
	for {
		l.mu.Lock()
		d := l.bucket(k).Take(l.now())
		l.mu.Unlock()
		if d == 0 {
			return ctx.Err()
		}
		if err := l.sleep(ctx, d); err != nil {
			return err
		}
	}
}

// Done tells how a call went.
func (l *Limiter) Done(k Key, throttled bool) {
	if throttled {
		l.throttled.Add(1)
	}
	if l.shared != nil {
		l.shared.Done(k, throttled)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b, now := l.bucket(k), l.now()
	b.refill(now)
	switch {
	case throttled && now.Sub(b.cut) >= settles:
		b.limit.Rate, b.cut = max(b.limit.Rate/2, b.full/100), now
		b.tokens = min(b.tokens, 0)
	case !throttled && b.limit.Rate < b.full:
		b.limit.Rate = min(b.full, b.limit.Rate+b.full/50)
	}
}

func (l *Limiter) bucket(k Key) *adaptive {
	limit, shared := l.limits(k)
	b := l.buckets[shared]
	if b == nil {
		limit = below(limit)
		b = &adaptive{Bucket: *NewBucket(limit, l.now()), full: limit.Rate}
		l.buckets[shared] = b
	}
	return b
}

// below is what is used of a quota: a twentieth of the rate, and of the calls at
// once a tenth and at least one, where there are more, are left.
func below(l Limit) Limit {
	l.Rate *= 0.95
	l.Burst = max(1, min(l.Burst-1, math.Floor(0.9*l.Burst)))
	return l
}

// Sleep waits for d, or until ctx ends and then returns its error.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Unlimited returns a limiter that never makes a call wait, for servers in this
// process.
func Unlimited() *Limiter {
	l := NewLimiter()
	l.limits = func(k Key) (Limit, Key) { return Limit{Rate: 1e9, Burst: 1e9}, k }
	return l
}
