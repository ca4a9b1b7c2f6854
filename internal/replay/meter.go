package replay

import (
	"sync"
	"time"

	"github.com/bulwarksec/bulwark/internal/quota"
)

// Count is how often an operation was called, and how often it was refused for
// its quota.
type Count struct {
	Calls, Throttled int
}

// Limits returns a call's limit and the bucket that it shares; quota.For is
// the providers' own.
type Limits func(quota.Key) (quota.Limit, quota.Key)

// Unlimited is a limit that no test reaches.
func Unlimited(k quota.Key) (quota.Limit, quota.Key) {
	return quota.Limit{Rate: 1e9, Burst: 1e9}, k
}

// Meter counts calls and enforces quotas. It is safe for concurrent use.
type Meter struct {
	mu       sync.Mutex
	provider string
	limits   Limits
	buckets  map[quota.Key]*quota.Bucket
	counts   map[Call]Count
}

// NewMeter returns a meter of a provider's quotas.
func NewMeter(provider string, limits Limits) *Meter {
	if limits == nil {
		limits = quota.For
	}
	return &Meter{provider: provider, limits: limits, buckets: map[quota.Key]*quota.Bucket{}, counts: map[Call]Count{}}
}

// Take counts a call and returns which one of its kind it is, from 1, and how
// long until the quota has room for it; 0 is now.
func (m *Meter) Take(c Call, now time.Time) (n int, wait time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	limit, key := m.limits(quota.Key{Provider: m.provider, Scope: c.Scope, Region: c.Region, Service: c.Service, Action: c.Operation})
	b := m.buckets[key]
	if b == nil {
		b = quota.NewBucket(limit, now)
		m.buckets[key] = b
	}
	count := m.counts[c]
	count.Calls++
	if wait = b.Take(now); wait > 0 {
		count.Throttled++
	}
	m.counts[c] = count
	return count.Calls, wait
}

// Counts returns a copy of what was counted.
func (m *Meter) Counts() map[Call]Count {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make(map[Call]Count, len(m.counts))
	for k, v := range m.counts {
		out[k] = v
	}
	return out
}
