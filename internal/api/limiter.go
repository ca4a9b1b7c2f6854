package api

import (
	"net/http"
	"sync"
	"time"
)

// Sign-in attempts that fail: at most ten of one name from one address, a
// hundred of one name, and thirty from one
// address in a quarter of an hour.
const (
	attemptWindow    = 15 * time.Minute
	attemptsByName   = 10
	attemptsByHost   = 30
	attemptsAnywhere = 100    // of one name, from all addresses
	attemptKeys      = 50_000 // names and addresses remembered
)

// limiter counts failures by key in fixed windows.
type limiter struct {
	mu     sync.Mutex
	counts map[string]attempts
}

type attempts struct {
	n     int
	since time.Time
}

func newLimiter() *limiter { return &limiter{counts: map[string]attempts{}} }

// allow reports whether a key has failed less than most times, and counts an
// attempt at once, so that parallel ones count too; clear takes it back.
func (l *limiter) allow(key string, most int, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.counts[key]
	if now.Sub(a.since) >= attemptWindow {
		a = attempts{since: now}
	}
	if a.n >= most {
		return false
	}
	if len(l.counts) >= attemptKeys {
		l.forget(now)
	}
	a.n++
	l.counts[key] = a
	return true
}

// clear forgets a key's failures.
func (l *limiter) clear(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.counts, key)
}

// forget drops what is over, or everything when nothing is.
func (l *limiter) forget(now time.Time) {
	for k, a := range l.counts {
		if now.Sub(a.since) >= attemptWindow {
			delete(l.counts, k)
		}
	}
	if len(l.counts) >= attemptKeys {
		clear(l.counts)
	}
}

var errTooOften = &Problem{Status: http.StatusTooManyRequests, Code: "throttled", Message: "Too many attempts to sign in.", Mend: "Wait a quarter of an hour, then try again."}
