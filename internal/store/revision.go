package store

import (
	"context"
	"sync"
	"sync/atomic"
)

// recent numbers committed changes and remembers which queries the latest of
// them altered, so that a verdict judged meanwhile from what was there before
// is judged again.
type recent struct {
	seq   atomic.Int64 // of the last committed change
	mu    sync.Mutex
	at    map[int64]int64 // query → number of the last change that altered it
	queue []int64         // queries in the order of their changes
	order []int64         // their numbers
	floor int64           // changes up to here are forgotten
	limit int64           // numbers reserved so far; written by the writer only
}

const (
	maxRecent     = 1 << 18
	revisionBlock = 1 << 20
)

// startRevisions goes on behind every number that was ever given.
func (s *Store) startRevisions(ctx context.Context) error {
	s.recent.at = map[int64]int64{}
	return s.write(ctx, func(ctx context.Context, c conn) error {
		first, err := s.next(ctx, c, "revisions", revisionBlock)
		if err != nil {
			return err
		}
		s.recent.seq.Store(first)
		s.recent.floor, s.recent.limit = first, first+revisionBlock-1
		return nil
	})
}

// Revision returns the number of the last committed change. What is read from
// now on and judged may be applied under it: a verdict that rests on something
// that has changed since is marked to be judged again.
func (s *Store) Revision() int64 { return s.recent.seq.Load() }

// nextRevision returns the number of the change being made, in the writer's
// goroutine within its transaction.
func (s *Store) nextRevision(ctx context.Context, c conn) (int64, error) {
	n := s.recent.seq.Load() + 1
	if n < s.recent.limit {
		return n, nil
	}
	first, err := s.next(ctx, c, "revisions", revisionBlock)
	if err != nil {
		return 0, err
	}
	s.recent.limit = first + revisionBlock - 1
	return max(n, first), nil
}

// committed notes that change n altered the answers of queries.
func (r *recent) committed(n int64, queries []int64) {
	r.mu.Lock()
	for _, q := range queries {
		r.at[q] = n
		r.queue, r.order = append(r.queue, q), append(r.order, n)
	}
	for len(r.queue) > maxRecent {
		q, at := r.queue[0], r.order[0]
		r.queue, r.order = r.queue[1:], r.order[1:]
		if r.at[q] == at {
			delete(r.at, q)
		}
		r.floor = at
	}
	r.mu.Unlock()
	r.seq.Store(n)
}

// altered reports whether one of the queries may have other answers than at
// revision n.
func (r *recent) altered(n int64, queries []int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n < r.floor && len(queries) > 0 {
		return true
	}
	for _, q := range queries {
		if r.at[q] > n {
			return true
		}
	}
	return false
}
