package store

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark"
)

func pageLimit(p bulwark.Page) int {
	switch {
	case p.Limit <= 0:
		return 100
	case p.Limit > 1000:
		return 1000
	}
	return p.Limit
}

// where builds a condition with numbered parameters.
type where struct {
	parts []string
	args  []any
}

// add adds a condition in which each ? is the next of args.
func (w *where) add(cond string, args ...any) {
	for _, a := range args {
		w.args = append(w.args, a)
		cond = strings.Replace(cond, "?", fmt.Sprintf("$%d", len(w.args)), 1)
	}
	w.parts = append(w.parts, cond)
}

// in adds column IN (values) when there are some.
func (w *where) in(column string, values []string) {
	if len(values) == 0 {
		return
	}
	marks := make([]string, len(values))
	for i, v := range values {
		w.args = append(w.args, v)
		marks[i] = fmt.Sprintf("$%d", len(w.args))
	}
	w.parts = append(w.parts, column+" IN ("+strings.Join(marks, ", ")+")")
}

// scopes restricts a column of scope ids to the scopes and below.
func (s *Store) within(w *where, column string, scopes []string) {
	if len(scopes) == 0 || slices.Contains(scopes, "") {
		return
	}
	s.mu.RLock()
	var ids []string
	for path, id := range s.scopes {
		if slices.ContainsFunc(scopes, func(scope string) bool { return within(path, scope) }) {
			ids = append(ids, fmt.Sprint(id))
		}
	}
	s.mu.RUnlock()
	if len(ids) == 0 {
		w.parts = append(w.parts, "1 = 0")
		return
	}
	slices.Sort(ids)
	w.parts = append(w.parts, column+" IN ("+strings.Join(ids, ", ")+")")
}

func (w *where) text(s string, columns ...string) {
	if s == "" {
		return
	}
	var parts []string
	pattern := "%" + likePrefix(strings.ToLower(s))
	for _, c := range columns {
		w.args = append(w.args, pattern)
		parts = append(parts, fmt.Sprintf("lower(%s) LIKE $%d ESCAPE '!'", c, len(w.args)))
	}
	w.parts = append(w.parts, "("+strings.Join(parts, " OR ")+")")
}

func (w *where) String() string {
	if len(w.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.parts, " AND ")
}

// keyset is a list's order: one column, then the row's id. A cursor is the
// last row's value and id, so that a page costs the same wherever it is.
type keyset struct {
	column string
	text   bool // the column's values are texts
	down   bool
}

// after restricts to the rows after a cursor.
func (k keyset) after(w *where, cursor string, id string) error {
	if cursor == "" {
		return nil
	}
	var c []any
	data, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	if err != nil || len(c) != 2 {
		return fmt.Errorf("%w: cursor", bulwark.ErrInvalid)
	}
	n, ok := c[1].(float64)
	if _, isText := c[0].(string); !ok || isText != k.text {
		return fmt.Errorf("%w: cursor", bulwark.ErrInvalid)
	}
	value := c[0]
	if f, ok := value.(float64); ok {
		value = int64(f)
	}
	op := ">"
	if k.down {
		op = "<"
	}
	w.add(fmt.Sprintf("(%s, %s) %s (?, ?)", k.column, id, op), value, int64(n))
	return nil
}

func (k keyset) order(id string) string {
	if k.down {
		return fmt.Sprintf(" ORDER BY %s DESC, %s DESC", k.column, id)
	}
	return fmt.Sprintf(" ORDER BY %s, %s", k.column, id)
}

func cursorOf(value any, id int64) string {
	data, _ := json.Marshal([]any{value, id})
	return base64.RawURLEncoding.EncodeToString(data)
}

const rowColumns = `a.id, a.key, a.type, a.name, a.scope_id, a.region, a.connector, a.stale, a.first_seen, a.changed, a.unhealthy, a.unknown, a.highest`

func (s *Store) scanRow(r interface{ Scan(...any) error }, more ...any) (int64, bulwark.AssetRow, error) {
	var row bulwark.AssetRow
	var id, scope, first, changed int64
	var stale, highest int
	err := r.Scan(append([]any{&id, &row.ID, &row.Type, &row.Name, &scope, &row.Region, &row.Connector, &stale, &first, &changed, &row.Unhealthy, &row.Unknown, &highest}, more...)...)
	row.Scope, row.Origin, row.Stale = s.pathOf(scope, nil), bulwark.OriginOf(row.ID), stale == 1
	row.FirstSeen, row.Changed, row.Highest = fromMicros(first), fromMicros(changed), bulwark.Severity(highest)
	return id, row, err
}

// assetFilter is the condition of an asset query, its page apart.
func (s *Store) assetFilter(q bulwark.AssetQuery) *where {
	w := &where{}
	w.add("a.gone = 0")
	s.within(w, "a.scope_id", q.Scopes)
	w.in("a.type", q.Types)
	w.in("a.region", q.Regions)
	if len(q.Origins) > 0 {
		var parts []string
		for _, o := range q.Origins {
			w.args = append(w.args, likePrefix(string(o)+":"))
			parts = append(parts, fmt.Sprintf("a.key LIKE $%d ESCAPE '!'", len(w.args)))
		}
		w.parts = append(w.parts, "("+strings.Join(parts, " OR ")+")")
	}
	w.text(q.Text, "a.name", "a.key")
	if q.Stale != nil {
		w.add("a.stale = ?", bit(*q.Stale))
	}
	return w
}

// Assets lists assets, by name unless sorted by type, unhealthy, highest or
// changed.
func (s *Store) Assets(ctx context.Context, q bulwark.AssetQuery) ([]bulwark.AssetRow, string, error) {
	name, down := strings.CutPrefix(q.Sort, "-")
	k, ok := map[string]keyset{"": {"a.name", true, down}, "name": {"a.name", true, down}, "type": {"a.type", true, down}, "unhealthy": {"a.unhealthy", false, down},
		"highest": {"a.highest", false, down}, "changed": {"a.changed", false, down}}[name]
	if !ok {
		return nil, "", fmt.Errorf("store: list assets: %w: sort %q", bulwark.ErrInvalid, q.Sort)
	}
	w := s.assetFilter(q)
	if err := k.after(w, q.Cursor, "a.id"); err != nil {
		return nil, "", fmt.Errorf("store: list assets: %w", err)
	}
	limit := pageLimit(q.Page)
	var rows []bulwark.AssetRow
	var last int64
	next := ""
	err := s.each(ctx, s.read, func(r *sql.Rows) error {
		id, row, err := s.scanRow(r)
		if err != nil {
			return err
		}
		if len(rows) == limit {
			next = cursorOf(assetSortValue(name, rows[limit-1]), last)
			return nil
		}
		rows, last = append(rows, row), id
		return nil
	}, `SELECT `+rowColumns+` FROM assets a`+w.String()+k.order("a.id")+fmt.Sprintf(" LIMIT %d", limit+1), w.args...)
	if err != nil {
		return nil, "", fmt.Errorf("store: list assets: %w", err)
	}
	return rows, next, nil
}

func assetSortValue(name string, r bulwark.AssetRow) any {
	switch name {
	case "type":
		return r.Type
	case "unhealthy":
		return r.Unhealthy
	case "highest":
		return int(r.Highest)
	case "changed":
		return micros(r.Changed)
	}
	return r.Name
}

// AssetFacets counts the assets that a query selects by type, origin, region,
// scope and staleness, and in all.
func (s *Store) AssetFacets(ctx context.Context, q bulwark.AssetQuery) (map[string][]bulwark.Facet, int64, error) {
	w := s.assetFilter(q)
	counts := map[string]map[string]int64{"type": {}, "origin": {}, "region": {}, "scope": {}, "stale": {}}
	var total int64
	err := s.each(ctx, s.read, func(r *sql.Rows) error {
		var typ, origin, region string
		var scope, n int64
		var stale int
		if err := r.Scan(&typ, &origin, &region, &scope, &stale, &n); err != nil {
			return err
		}
		total += n
		counts["type"][typ] += n
		counts["origin"][strings.TrimSuffix(origin, ":")] += n
		counts["region"][region] += n
		counts["scope"][s.pathOf(scope, nil)] += n
		counts["stale"][map[int]string{0: "no", 1: "yes"}[stale]] += n
		return nil
	}, `SELECT a.type, CASE WHEN a.key LIKE 'live:%' THEN 'live' WHEN a.key LIKE 'code:%' THEN 'code' WHEN a.key LIKE 'host:%' THEN 'host' ELSE 'image' END AS origin, a.region, a.scope_id, a.stale, COUNT(*) FROM assets a`+
		w.String()+` GROUP BY 1, 2, 3, 4, 5`, w.args...)
	if err != nil {
		return nil, 0, fmt.Errorf("store: count assets: %w", err)
	}
	return facets(counts), total, nil
}

// facets sorts counters by falling count, then by value.
func facets(counts map[string]map[string]int64) map[string][]bulwark.Facet {
	out := map[string][]bulwark.Facet{}
	for field, values := range counts {
		list := []bulwark.Facet{}
		for v, n := range values {
			if v != "" {
				list = append(list, bulwark.Facet{Value: v, Count: n})
			}
		}
		slices.SortFunc(list, func(a, b bulwark.Facet) int {
			if a.Count != b.Count {
				return int(b.Count - a.Count)
			}
			return strings.Compare(a.Value, b.Value)
		})
		out[field] = list
	}
	return out
}

// AssetRows returns the rows of the ids that exist.
func (s *Store) AssetRows(ctx context.Context, ids []string) ([]bulwark.AssetRow, error) {
	var rows []bulwark.AssetRow
	for chunk := range slices.Chunk(ids, 500) {
		w := &where{}
		w.in("a.key", chunk)
		err := s.each(ctx, s.read, func(r *sql.Rows) error {
			_, row, err := s.scanRow(r)
			rows = append(rows, row)
			return err
		}, `SELECT `+rowColumns+` FROM assets a`+w.String(), w.args...)
		if err != nil {
			return nil, fmt.Errorf("store: read %d assets: %w", len(ids), err)
		}
	}
	return rows, nil
}

// Asset returns an asset with its configuration and positions.
func (s *Store) Asset(ctx context.Context, id string) (*bulwark.Asset, bulwark.AssetRow, error) {
	var config []byte
	_, row, err := s.scanRow(s.read.QueryRowContext(ctx, `SELECT `+rowColumns+`, a.config FROM assets a WHERE a.key = $1 AND a.gone = 0`, id), &config)
	if err != nil {
		return nil, row, fmt.Errorf("store: asset %s: %w", id, kind(err))
	}
	data, err := s.unpack(config)
	if err != nil {
		return nil, row, err
	}
	a := &bulwark.Asset{ID: row.ID, Type: row.Type, Name: row.Name, Scope: row.Scope, Region: row.Region, Connector: row.Connector}
	return a, row, s.decodeRecord(data, a)
}

// EachAsset yields the assets below the scopes that are not gone, with their
// configuration, in order of their rows.
func (s *Store) EachAsset(ctx context.Context, scopes []string, yield func(*bulwark.Asset) error) error {
	last := int64(0)
	for {
		w := &where{}
		w.add("a.gone = 0")
		w.add("a.id > ?", last)
		s.within(w, "a.scope_id", scopes)
		var page []*bulwark.Asset
		err := s.each(ctx, s.read, func(r *sql.Rows) error {
			var config []byte
			id, row, err := s.scanRow(r, &config)
			if err != nil {
				return err
			}
			last = id
			data, err := s.unpack(config)
			if err != nil {
				return err
			}
			a := &bulwark.Asset{ID: row.ID, Type: row.Type, Name: row.Name, Scope: row.Scope, Region: row.Region, Connector: row.Connector}
			page = append(page, a)
			return s.decodeRecord(data, a)
		}, `SELECT `+rowColumns+`, a.config FROM assets a`+w.String()+` ORDER BY a.id LIMIT 500`, w.args...)
		if err != nil {
			return fmt.Errorf("store: read assets: %w", err)
		}
		for _, a := range page {
			if err := yield(a); err != nil {
				return err
			}
		}
		if len(page) < 500 {
			return nil
		}
	}
}

// RelationsTo returns the relations of other assets that target this one, at
// most limit; Target is the other asset.
func (s *Store) RelationsTo(ctx context.Context, id string, limit int) ([]bulwark.Relation, error) {
	var out []bulwark.Relation
	err := s.each(ctx, s.read, func(r *sql.Rows) error {
		var rel bulwark.Relation
		err := r.Scan(&rel.Name, &rel.Inverse, &rel.Type, &rel.Target)
		out = append(out, rel)
		return err
	}, `SELECT r.name, r.inverse, a.type, a.key FROM relations r JOIN assets a ON a.id = r.asset_id WHERE r.target = $1 AND a.gone = 0 ORDER BY r.name, a.key LIMIT $2`, id, limit)
	if err != nil {
		return nil, fmt.Errorf("store: relations to %s: %w", id, err)
	}
	return out, nil
}

// Versions returns the kept configurations of an asset, newest first.
func (s *Store) Versions(ctx context.Context, id string) ([]bulwark.Version, error) {
	var out []bulwark.Version
	scan := func(r *sql.Rows) error {
		var v bulwark.Version
		var at int64
		var gone int
		err := r.Scan(&v.Number, &at, &v.Digest, &gone)
		v.At, v.Gone = fromMicros(at), gone == 1
		out = append(out, v)
		return err
	}
	err := s.each(ctx, s.read, scan, `SELECT version, changed, digest, gone FROM assets WHERE key = $1`, id)
	if err == nil && len(out) == 0 {
		err = bulwark.ErrNotFound
	}
	if err == nil {
		err = s.each(ctx, s.read, scan, `SELECT version, at, digest, gone FROM history WHERE asset_key = $1 ORDER BY version DESC`, id)
	}
	if err != nil {
		return nil, fmt.Errorf("store: versions of %s: %w", id, err)
	}
	return out, nil
}

// ConfigAt returns the properties of a kept version. It walks back from the
// newest, since each is kept as a difference from the next.
func (s *Store) ConfigAt(ctx context.Context, id string, version int64) (bulwark.Value, error) {
	var packed []byte
	var current int64
	if err := s.read.QueryRowContext(ctx, `SELECT version, config FROM assets WHERE key = $1`, id).Scan(&current, &packed); err != nil {
		return bulwark.Value{}, fmt.Errorf("store: version %d of %s: %w", version, id, kind(err))
	}
	data, err := s.unpack(packed)
	if err != nil {
		return bulwark.Value{}, err
	}
	if version != current {
		found := false
		err = s.each(ctx, s.read, func(r *sql.Rows) error {
			var n int64
			var diff []byte
			if err := r.Scan(&n, &diff); err != nil {
				return err
			}
			found = n == version
			data, err = unpackAgainst(diff, data)
			return err
		}, `SELECT version, config FROM history WHERE asset_key = $1 AND version >= $2 ORDER BY version DESC`, id, version)
		if err == nil && !found {
			err = bulwark.ErrNotFound
		}
	}
	if err != nil {
		return bulwark.Value{}, fmt.Errorf("store: version %d of %s: %w", version, id, err)
	}
	a := &bulwark.Asset{ID: id}
	return propertiesOf(s, data, a)
}

func propertiesOf(s *Store, data []byte, a *bulwark.Asset) (bulwark.Value, error) {
	err := s.decodeRecord(data, a)
	return a.Properties, err
}

// Due returns the ids of at most limit assets to be judged again by now.
func (s *Store) Due(ctx context.Context, now time.Time, limit int) ([]string, error) {
	var out []string
	err := s.each(ctx, s.read, func(r *sql.Rows) error {
		var id string
		err := r.Scan(&id)
		out = append(out, id)
		return err
	}, `SELECT key FROM assets WHERE until > 0 AND until <= $1 AND gone = 0 ORDER BY until LIMIT $2`, micros(now), limit)
	return out, err
}
