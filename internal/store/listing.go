package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// FinishListing records that a connector listed one type (all types when Type
// is "") in a scope and below. A complete listing makes assets that it did not
// see gone: their findings are resolved and they leave the counters. One that
// is not complete makes them stale and deletes nothing. It returns how many
// assets are gone.
func (s *Store) FinishListing(ctx context.Context, l bulwark.Listing, seen map[string]bool) (int, error) {
	why := ""
	if l.Gap != nil {
		why = l.Gap.Why
	}
	gone := 0
	err := s.tx(ctx, false, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO listings (connector, scope, type, region, complete, why, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (connector, scope, type, region) DO UPDATE SET complete = excluded.complete, why = excluded.why, at = excluded.at`,
			l.Connector, l.Scope, l.Type, l.Region, bit(l.Complete), clean(why, 1024), micros(l.At)); err != nil {
			return kind(err)
		}
		missing, err := s.unseen(ctx, tx, l, seen)
		if err != nil {
			return err
		}
		if !l.Complete {
			for _, m := range missing {
				if _, err := tx.ExecContext(ctx, `UPDATE assets SET stale = 1 WHERE id = $1`, m.id); err != nil {
					return kind(err)
				}
			}
			return nil
		}
		gone = len(missing)
		return s.forget(ctx, tx, missing)
	})
	if err != nil {
		return 0, fmt.Errorf("store: finish listing of %s in %s: %w", l.Type, l.Scope, err)
	}
	return gone, nil
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// missed is an asset that a listing did not see.
type missed struct {
	id, scopeID, layout int64
	key                 string
	states, evidence    []byte
}

func (s *Store) unseen(ctx context.Context, tx querier, l bulwark.Listing, seen map[string]bool) ([]missed, error) {
	var out []missed
	query := `SELECT a.id, a.scope_id, a.layout_id, a.key, a.states, a.evidence FROM assets a JOIN scopes sc ON sc.id = a.scope_id
		WHERE a.connector = $1 AND a.gone = 0 AND (sc.path = $2 OR sc.path LIKE $3 ESCAPE '!')`
	args := []any{l.Connector, l.Scope, likePrefix(l.Scope + "/")}
	if l.Type != "" {
		query += ` AND a.type = $4`
		args = append(args, l.Type)
	}
	err := s.each(ctx, tx, func(r *sql.Rows) error {
		var m missed
		if err := r.Scan(&m.id, &m.scopeID, &m.layout, &m.key, &m.states, &m.evidence); err != nil {
			return err
		}
		if !seen[m.key] {
			out = append(out, m)
		}
		return nil
	}, query, args...)
	return out, err
}

// forget makes assets gone.
func (s *Store) forget(ctx context.Context, tx querier, list []missed) error {
	now := micros(s.opts.Now())
	counts := map[bulwark.CountKey]bulwark.Tally{}
	for _, m := range list {
		states, err := s.statesOf(m.key, s.pathOf(m.scopeID, nil), s.checksOf(m.layout), m.states, m.evidence)
		if err != nil {
			return err
		}
		for _, c := range s.opts.Delta(states, nil) {
			counts[c.CountKey] = counts[c.CountKey].Add(c.Tally)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE findings SET open = 0, resolved_at = $1, changed = $1, unverified = 0 WHERE asset_id = $2 AND open = 1`, now, m.id); err != nil {
			return kind(err)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE assets SET gone = 1, highest = 0, until = 0 WHERE id = $1`, m.id); err != nil {
			return kind(err)
		}
	}
	if err := writeCounts(ctx, s, tx, counts); err != nil {
		return err
	}
	if len(list) == 0 {
		return nil
	}
	return enqueue(ctx, tx, "posture.changed", []byte(fmt.Sprintf(`{"gone":%d}`, len(list))), now)
}

// likePrefix is a LIKE pattern for texts that begin so, with ! as escape.
func likePrefix(s string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(s) + "%"
}

// ReplaceGaps makes gaps the whole list of what a connector could not read.
func (s *Store) ReplaceGaps(ctx context.Context, connector, scope string, gaps []bulwark.Gap) error {
	now := micros(s.opts.Now())
	err := s.tx(ctx, false, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM gaps WHERE connector = $1`, connector); err != nil {
			return kind(err)
		}
		for i, g := range gaps {
			if i >= 10_000 {
				g = bulwark.Gap{What: "gaps", Where: scope, Why: fmt.Sprintf("%d more gaps were not kept", len(gaps)-i)}
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO gaps (connector, scope, what, place, why, needs, at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
				connector, scope, clean(g.What, 256), clean(g.Where, 2048), clean(g.Why, 2048), clean(g.Needs, 1024), now); err != nil {
				return kind(err)
			}
			if i >= 10_000 {
				break
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store: keep %d gaps of %s: %w", len(gaps), connector, err)
	}
	return nil
}
