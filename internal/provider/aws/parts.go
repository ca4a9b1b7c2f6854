package aws

import (
	"context"

	"github.com/bulwarksec/bulwark"
)

// within lists what each of some parents contains, a few parents at once. A
// parent that is gone since it was listed has nothing; one whose list fails for
// any other reason makes the listing incomplete, and the others go on.
func within[P any](ctx context.Context, s *session, parents []P, list func(ctx context.Context, parent P) error) error {
	if s.trial != nil {
		parents = parents[:min(len(parents), 1)]
	}
	return aside(ctx, s, parents, func(ctx context.Context, p P) error {
		err := safely(s.asks, func() error { return list(ctx, p) })()
		if ended := s.ended(ctx, err); ended != nil || err == nil {
			return ended
		}
		if f := s.fault(err, s.where()); f.Kind != bulwark.FaultAbsent {
			s.incomplete(f)
		}
		return nil
	})
}

// chunks returns parts of a list of n items at the most, for calls that take
// several names.
func chunks[T any](list []T, n int) [][]T {
	var out [][]T
	for len(list) > n {
		out = append(out, list[:n:n])
		list = list[n:]
	}
	if len(list) > 0 {
		out = append(out, list)
	}
	return out
}
