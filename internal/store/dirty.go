package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark"
)

// DirtyScopes returns the scopes with assets to be judged, sorted.
func (s *Store) DirtyScopes(ctx context.Context) ([]string, error) {
	var out []string
	err := each(ctx, s.r, "SELECT path FROM scopes WHERE id IN (SELECT scope FROM dirty) ORDER BY path", nil, func(r rows) error {
		var path string
		err := r.Scan(&path)
		out = append(out, path)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: find what is to be judged: %w", err)
	}
	return out, nil
}

// Dirty returns up to limit assets of a scope that are to be judged, behind a
// number and in the order of their numbers, and the number of the last; no
// assets are the end.
func (s *Store) Dirty(ctx context.Context, scope string, behind int64, limit int) ([]*bulwark.Asset, int64, error) {
	numbers, err := s.Marked(ctx, scope, behind, limit)
	if err != nil || len(numbers) == 0 {
		return nil, behind, err
	}
	out, err := s.LoadMarked(ctx, scope, numbers)
	return out, numbers[len(numbers)-1], err
}

// Marked returns the numbers of up to limit assets of a scope that are to be
// judged, behind a number, rising.
func (s *Store) Marked(ctx context.Context, scope string, behind int64, limit int) ([]int64, error) {
	var numbers []int64
	err := each(ctx, s.r, fmt.Sprintf("SELECT asset FROM dirty WHERE scope = $1 AND asset > $2 ORDER BY asset LIMIT %d", limit), []any{s.scopeID(scope), behind}, func(r rows) error {
		var id int64
		err := r.Scan(&id)
		numbers = append(numbers, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: find what is to be judged in %s: %w", scope, err)
	}
	return numbers, nil
}

// MarkedAmong returns the numbers of those of the named assets of a scope that
// are to be judged, rising.
func (s *Store) MarkedAmong(ctx context.Context, scope string, ids []string) ([]int64, error) {
	var numbers []int64
	for _, part := range parts(hashesOf(ids)) {
		args := append([]any{s.scopeID(scope)}, anys(part)...)
		err := each(ctx, s.r, "SELECT d.asset FROM dirty d JOIN assets a ON a.id = d.asset WHERE d.scope = $1 AND a.hash IN ("+marks(2, len(part))+")", args, func(r rows) error {
			var id int64
			err := r.Scan(&id)
			numbers = append(numbers, id)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("store: find what is to be judged in %s: %w", scope, err)
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers), nil
}

// LoadMarked reads assets by their numbers, those that have left the scope or
// are gone meanwhile left out. What is judged of them is to be applied under a
// Revision taken before.
func (s *Store) LoadMarked(ctx context.Context, scope string, numbers []int64) ([]*bulwark.Asset, error) {
	list, err := s.configs(ctx, numbers, false)
	if err != nil {
		return nil, fmt.Errorf("store: read what is to be judged in %s: %w", scope, err)
	}
	out := make([]*bulwark.Asset, 0, len(list))
	for _, l := range list {
		if l.Scope == scope {
			out = append(out, l.Asset)
		}
	}
	return out, nil
}

// CountDirty returns how many assets are to be judged.
func (s *Store) CountDirty(ctx context.Context) (int64, error) {
	var n int64
	if _, err := one(ctx, s.r, "SELECT COUNT(*) FROM dirty", nil, &n); err != nil {
		return 0, fmt.Errorf("store: count what is to be judged: %w", err)
	}
	return n, nil
}

// MarkTypes marks all assets of the types to be judged; none are all.
func (s *Store) MarkTypes(ctx context.Context, types []string) error {
	f := &filter{}
	f.add("a.gone = 0")
	f.words("p.type", types)
	return s.markWhere(ctx, "assets a JOIN places p ON p.id = a.place", f)
}

// MarkDue marks the assets whose verdict holds no longer than now, and returns
// when the next one ends; zero is never.
func (s *Store) MarkDue(ctx context.Context) (next time.Time, err error) {
	now := s.now()
	var due int64
	if _, err := one(ctx, s.r, "SELECT COUNT(*) FROM verdicts WHERE until > 0 AND until <= $1", []any{now}, &due); err != nil {
		return time.Time{}, fmt.Errorf("store: find what is due: %w", err)
	}
	if due > 0 {
		f := &filter{}
		f.add("v.until > 0 AND v.until <= ?", now)
		if err := s.markWhere(ctx, "verdicts v JOIN assets a ON a.id = v.asset JOIN places p ON p.id = a.place", f); err != nil {
			return time.Time{}, err
		}
	}
	var ms int64
	if _, err := one(ctx, s.r, "SELECT COALESCE(MIN(until), 0) FROM verdicts WHERE until > $1", []any{now}, &ms); err != nil {
		return time.Time{}, fmt.Errorf("store: find what is due: %w", err)
	}
	return instant(ms), nil
}

// markWhere marks assets a with places p.
func (s *Store) markWhere(ctx context.Context, from string, f *filter) error {
	var t tally
	err := s.w.do(ctx, s.w.single, &job{change: func(ctx context.Context, c conn) error {
		if err := t.start(ctx, c, s); err != nil {
			return err
		}
		seq := f.arg(t.seq)
		if strings.HasPrefix(from, "verdicts") {
			// A due verdict stays due until judged; its mark must not move, or
			// the judgement that is under way would not take it away.
			return c.exec(ctx, "INSERT INTO dirty (asset, scope, mark) SELECT a.id, p.scope, CAST("+seq+" AS BIGINT) FROM "+from+" WHERE "+f.where()+" ON CONFLICT (asset) DO NOTHING", f.args...)
		}
		return c.exec(ctx, "INSERT INTO dirty (asset, scope, mark) SELECT a.id, p.scope, CAST("+seq+" AS BIGINT) FROM "+from+" WHERE "+f.where()+" ON CONFLICT (asset) DO UPDATE SET scope = excluded.scope, mark = excluded.mark", f.args...)
	}, after: func() { t.committed() }})
	if err != nil {
		return fmt.Errorf("store: mark what is to be judged: %w", err)
	}
	return nil
}
