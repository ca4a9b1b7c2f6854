package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// ReportGaps stores what a run could not read. The same gap twice is one, and
// keeps when it was first seen.
func (s *Store) ReportGaps(ctx context.Context, run string, list []bulwark.GapRow) error {
	if len(list) == 0 {
		return nil
	}
	texts := make([]string, 0, len(list))
	scopes := map[string]int64{}
	for _, g := range list {
		texts = append(texts, clean(g.Connector))
		scopes[clean(g.Scope)] = 0
	}
	before := func(ctx context.Context, c conn) error {
		if err := s.intern(ctx, c, texts...); err != nil {
			return err
		}
		for path := range scopes {
			if path == "" {
				continue
			}
			id, err := s.defineScope(ctx, c, path)
			if err != nil {
				return err
			}
			scopes[path] = id
		}
		return nil
	}
	change := func(ctx context.Context, c conn) error {
		next, err := s.next(ctx, c, "gaps", len(list))
		if err != nil {
			return err
		}
		for i, g := range list {
			at := millis(g.At)
			if at == 0 {
				at = s.now()
			}
			connector, scope, what, where, why := clean(g.Connector), clean(g.Scope), clean(g.What), clip(clean(g.Where), 2048), clip(clean(g.Why), 2048)
			err := c.exec(ctx, `INSERT INTO gaps (id, hash, connector, scope, what, place, why, needs, at, run) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
 ON CONFLICT (hash) DO UPDATE SET needs = excluded.needs, run = excluded.run`,
				next+int64(i), hash64(strings.Join([]string{connector, scope, what, where, why}, "\x00")), s.wordID(connector), scopes[scope], what, where, why, clip(clean(g.Needs), 2048), at, run)
			if err != nil {
				return err
			}
		}
		return nil
	}
	if err := s.w.do(ctx, s.w.bulk, &job{before: before, change: change}); err != nil {
		return fmt.Errorf("store: report %d gaps: %w", len(list), err)
	}
	return nil
}

// EndGaps deletes a connector's gaps that its last whole run did not report
// again.
func (s *Store) EndGaps(ctx context.Context, connector, run string) error {
	err := s.write(ctx, func(ctx context.Context, c conn) error {
		return c.exec(ctx, "DELETE FROM gaps WHERE connector = $1 AND run <> $2", s.wordID(clean(connector)), run)
	})
	if err != nil {
		return fmt.Errorf("store: end gaps of %s: %w", connector, err)
	}
	return nil
}

// EndGapsOf deletes a connector's gaps of one kind, whichever run they are of.
func (s *Store) EndGapsOf(ctx context.Context, connector, what string) error {
	err := s.write(ctx, func(ctx context.Context, c conn) error {
		return c.exec(ctx, "DELETE FROM gaps WHERE connector = $1 AND what = $2", s.wordID(clean(connector)), what)
	})
	if err != nil {
		return fmt.Errorf("store: end gaps of %s: %w", connector, err)
	}
	return nil
}

// gapID is the public id of a gap's row.
func gapID(hash int64) string { return fmt.Sprintf("g%016x", uint64(hash)) }

// gapFilter is the condition of a query for gaps as g.
func gapFilter(q bulwark.GapQuery) (*filter, error) {
	f := &filter{}
	if q.ID != "" {
		hash, err := strconv.ParseUint(strings.TrimPrefix(q.ID, "g"), 16, 64)
		if err != nil || gapID(int64(hash)) != q.ID {
			return nil, fmt.Errorf("%w: %q is no id of a gap", bulwark.ErrInvalid, q.ID)
		}
		f.add("g.hash = ?", int64(hash))
	}
	f.scopes("g.scope", q.Scopes)
	in(f, "g.what", q.What)
	f.words("g.connector", q.Connectors)
	in(f, "g.needs", q.Needs)
	f.text(q.Text, "g.place", "g.why")
	return f, nil
}

// Gaps returns a page of gaps, by what they are and where. They sort by what,
// where and at.
func (s *Store) Gaps(ctx context.Context, q bulwark.GapQuery) ([]bulwark.GapRow, string, error) {
	sel, err := newSelect(q.Page, "g.id", map[string]sortColumn{"": {column: "g.place"}, "where": {column: "g.place"}, "what": {column: "g.what"}, "at": {column: "g.at", number: true}})
	if err != nil {
		return nil, "", fmt.Errorf("store: list gaps: %w", err)
	}
	f, err := gapFilter(q)
	if err != nil {
		return nil, "", fmt.Errorf("store: list gaps: %w", err)
	}
	var list []bulwark.GapRow
	var ids []int64
	text := "SELECT g.id, g.hash, g.connector, g.scope, g.what, g.place, g.why, g.needs, g.at FROM gaps g " + sel.clause(f)
	err = each(ctx, s.r, text, f.args, func(r rows) error {
		var id, hash, connector, scope, at int64
		var g bulwark.GapRow
		err := r.Scan(&id, &hash, &connector, &scope, &g.What, &g.Where, &g.Why, &g.Needs, &at)
		g.ID, g.Connector, g.Scope, g.At = gapID(hash), s.word(connector), s.pathOf(scope), instant(at)
		ids, list = append(ids, id), append(list, g)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("store: list gaps: %w", err)
	}
	if len(list) <= sel.limit {
		return list, "", nil
	}
	list = list[:sel.limit]
	last := list[sel.limit-1]
	var value any = last.Where
	switch sel.by.column {
	case "g.what":
		value = last.What
	case "g.at":
		value = millis(last.At)
	}
	return list, sel.cursor(value, ids[sel.limit-1]), nil
}

// maxNeeds bounds the values of the facet needs; the most frequent are kept.
const maxNeeds = 200

// GapFacets counts the gaps that q selects, its page ignored, by what,
// connector and needs (those that name none left out), and together.
func (s *Store) GapFacets(ctx context.Context, q bulwark.GapQuery) (map[string][]bulwark.Facet, int64, error) {
	f, err := gapFilter(q)
	if err != nil {
		return nil, 0, fmt.Errorf("store: count gaps: %w", err)
	}
	counts, total := facets{}, int64(0)
	err = each(ctx, s.r, "SELECT g.what, g.connector, g.needs, COUNT(*) FROM gaps g WHERE "+f.where()+" GROUP BY g.what, g.connector, g.needs", f.args, func(r rows) error {
		var what, needs string
		var connector, n int64
		err := r.Scan(&what, &connector, &needs, &n)
		if needs != "" {
			counts.add("needs", needs, n)
		}
		counts.add("what", what, n)
		counts.add("connector", s.word(connector), n)
		total += n
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("store: count gaps: %w", err)
	}
	out := counts.list("what", "connector", "needs")
	if len(out["needs"]) > maxNeeds {
		out["needs"] = out["needs"][:maxNeeds]
	}
	return out, total, nil
}
