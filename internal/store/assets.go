package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/bulwarksec/bulwark"
)

const assetColumns = `SELECT a.id, a.public, a.name, a.place, a.first, a.changed, a.unhealthy, a.unknown, a.highest, p.stale
 FROM assets a JOIN places p ON p.id = a.place `

var assetSorts = map[string]sortColumn{
	"": {column: "a.name"}, "name": {column: "a.name"}, "type": {column: "w.word"},
	"unhealthy": {column: "a.unhealthy", number: true}, "highest": {column: "a.highest", number: true}, "changed": {column: "a.changed", number: true},
}

func scanAsset(r rows, s *Store) (id int64, row bulwark.AssetRow, err error) {
	var place, first, changed, unhealthy, unknown, highest, stale int64
	err = r.Scan(&id, &row.ID, &row.Name, &place, &first, &changed, &unhealthy, &unknown, &highest, &stale)
	s.fillRow(&row, place)
	row.FirstSeen, row.Changed, row.Stale = instant(first), instant(changed), stale != 0
	row.Unhealthy, row.Unknown, row.Highest = int(unhealthy), int(unknown), bulwark.Severity(highest)
	return id, row, err
}

// fillRow gives a row what its place says.
func (s *Store) fillRow(row *bulwark.AssetRow, place int64) {
	var a bulwark.Asset
	s.fillPlace(&a, place)
	row.Type, row.Region, row.Connector, row.Scope = a.Type, a.Region, a.Connector, a.Scope
	row.Origin = bulwark.OriginOf(row.ID)
}

// assetFilter is the condition of a query for assets as a and places as p.
func assetFilter(q bulwark.AssetQuery) *filter {
	f := &filter{}
	f.add("a.gone = 0")
	placeFilter(f, q)
	f.text(q.Text, "a.name", "a.public")
	return f
}

func placeFilter(f *filter, q bulwark.AssetQuery) {
	f.scopes("p.scope", q.Scopes)
	f.words("p.type", q.Types)
	f.words("p.region", q.Regions)
	if len(q.Origins) > 0 {
		numbers := make([]int64, len(q.Origins))
		for i, o := range q.Origins {
			if numbers[i] = originNumber(o); numbers[i] == 0 {
				numbers[i] = -1
			}
		}
		in(f, "p.origin", numbers)
	}
	if q.Stale != nil {
		f.add("p.stale = ?", bit(*q.Stale))
	}
}

// Assets returns a page of assets. They sort by name, type, unhealthy, highest
// and changed.
func (s *Store) Assets(ctx context.Context, q bulwark.AssetQuery) ([]bulwark.AssetRow, string, error) {
	sel, err := newSelect(q.Page, "a.id", assetSorts)
	if err != nil {
		return nil, "", fmt.Errorf("store: list assets: %w", err)
	}
	f := assetFilter(q)
	text := assetColumns
	if sel.by.column == "w.word" {
		text += "JOIN words w ON w.id = p.type "
	}
	text += sel.clause(f)
	var list []bulwark.AssetRow
	var ids []int64
	err = each(ctx, s.r, text, f.args, func(r rows) error {
		id, row, err := scanAsset(r, s)
		ids, list = append(ids, id), append(list, row)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("store: list assets: %w", err)
	}
	if len(list) <= sel.limit {
		return list, "", nil
	}
	list = list[:sel.limit]
	last := list[sel.limit-1]
	var value any
	switch sel.by.column {
	case "a.name":
		value = last.Name
	case "w.word":
		value = last.Type
	case "a.unhealthy":
		value = int64(last.Unhealthy)
	case "a.highest":
		value = int64(last.Highest)
	case "a.changed":
		value = millis(last.Changed)
	}
	return list, sel.cursor(value, ids[sel.limit-1]), nil
}

// facets counts values of fields.
type facets map[string]map[string]int64

func (f facets) add(field, value string, n int64) {
	if f[field] == nil {
		f[field] = map[string]int64{}
	}
	f[field][value] += n
}

// list returns the values of each field, most frequent first; values that do
// not occur are left out.
func (f facets) list(fields ...string) map[string][]bulwark.Facet {
	out := make(map[string][]bulwark.Facet, len(fields))
	for _, field := range fields {
		list := []bulwark.Facet{}
		for v, n := range f[field] {
			if n > 0 {
				list = append(list, bulwark.Facet{Value: v, Count: n})
			}
		}
		slices.SortFunc(list, func(a, b bulwark.Facet) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
		})
		out[field] = list
	}
	return out
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// AssetFacets counts the assets that q selects, its page ignored, by type,
// origin, region, scope and stale (yes, no), and together. Without a text it
// sums counters and reads no asset.
func (s *Store) AssetFacets(ctx context.Context, q bulwark.AssetQuery) (map[string][]bulwark.Facet, int64, error) {
	var f *filter
	var text string
	if q.Text == "" {
		f = &filter{}
		placeFilter(f, q)
		text = "SELECT p.id, p.stale, p.assets FROM places p WHERE p.assets <> 0 AND " + f.where()
	} else {
		f = assetFilter(q)
		text = "SELECT p.id, p.stale, COUNT(*) FROM assets a JOIN places p ON p.id = a.place WHERE " + f.where() + " GROUP BY p.id, p.stale"
	}
	counts, total := facets{}, int64(0)
	err := each(ctx, s.r, text, f.args, func(r rows) error {
		var place, stale, n int64
		if err := r.Scan(&place, &stale, &n); err != nil {
			return err
		}
		p := s.placeOf(place)
		counts.add("type", s.word(p.typ), n)
		counts.add("origin", string(originOf(p.origin)), n)
		counts.add("region", s.word(p.region), n)
		counts.add("scope", s.pathOf(p.scope), n)
		counts.add("stale", yesNo(stale != 0), n)
		total += n
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("store: count assets: %w", err)
	}
	return counts.list("type", "origin", "region", "scope", "stale"), total, nil
}

// hashesOf returns the hashes of public ids.
func hashesOf(ids []string) []int64 {
	out := make([]int64, len(ids))
	for i, id := range ids {
		out[i] = hash64(clean(id))
	}
	return out
}

// AssetRows returns the rows of those ids that exist, gone ones left out, in no
// order.
func (s *Store) AssetRows(ctx context.Context, ids []string) ([]bulwark.AssetRow, error) {
	var list []bulwark.AssetRow
	for _, part := range parts(hashesOf(ids)) {
		err := each(ctx, s.r, assetColumns+"WHERE a.gone = 0 AND a.hash IN ("+marks(1, len(part))+")", anys(part), func(r rows) error {
			_, row, err := scanAsset(r, s)
			list = append(list, row)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("store: read assets: %w", err)
		}
	}
	return list, nil
}

// Asset returns an asset with its configuration, positions included. One that
// is gone is found, with its last configuration.
func (s *Store) Asset(ctx context.Context, id string) (*bulwark.Asset, bulwark.AssetRow, error) {
	fail := func(err error) (*bulwark.Asset, bulwark.AssetRow, error) {
		return nil, bulwark.AssetRow{}, fmt.Errorf("store: read asset %s: %w", id, err)
	}
	var row bulwark.AssetRow
	found := false
	var number int64
	err := each(ctx, s.r, assetColumns+"WHERE a.hash = $1 AND a.public = $2", []any{hash64(clean(id)), clean(id)}, func(r rows) (err error) {
		found = true
		number, row, err = scanAsset(r, s)
		return err
	})
	if err == nil && !found {
		err = bulwark.ErrNotFound
	}
	if err != nil {
		return fail(err)
	}
	list, err := s.configs(ctx, []int64{number}, true)
	if err != nil {
		return fail(err)
	}
	if len(list) == 0 {
		return fail(bulwark.ErrNotFound)
	}
	return list[0].Asset, row, nil
}

// loaded is an asset with what is stored beside it.
type loaded struct {
	*bulwark.Asset
	number int64
	mark   int64
}

// configs reads whole assets, in the order of their numbers; gone ones only if
// asked for.
func (s *Store) configs(ctx context.Context, numbers []int64, gone bool) ([]loaded, error) {
	type packed struct {
		loaded
		data, positions []byte
	}
	var list []packed
	for _, part := range parts(numbers) {
		err := each(ctx, s.r, `SELECT a.id, a.public, a.place, a.gone, c.data, c.positions, COALESCE(d.mark, 0) FROM assets a JOIN configs c ON c.asset = a.id
 LEFT JOIN dirty d ON d.asset = a.id WHERE a.id IN (`+marks(1, len(part))+") ORDER BY a.id", anys(part), func(r rows) error {
			p := packed{loaded: loaded{Asset: &bulwark.Asset{}}}
			var place, isGone int64
			if err := r.Scan(&p.number, &p.ID, &place, &isGone, &p.data, &p.positions, &p.mark); err != nil {
				return err
			}
			s.fillPlace(p.Asset, place)
			if isGone == 0 || gone {
				list = append(list, p)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	out := make([]loaded, 0, len(list))
	names := s.know.Load().Names
	for _, p := range list {
		body, err := s.unpack(ctx, p.data)
		var positions []byte
		if err == nil {
			positions, err = s.unpack(ctx, p.positions)
		}
		if err == nil {
			err = decodeBody(p.Asset, body, positions, names)
		}
		if err != nil {
			return nil, fmt.Errorf("decode asset %s: %w", p.ID, err)
		}
		out = append(out, p.loaded)
	}
	return out, nil
}

// Load returns those of the assets that exist, gone ones left out, sorted by
// id.
func (s *Store) Load(ctx context.Context, ids []string) ([]*bulwark.Asset, error) {
	var numbers []int64
	for _, part := range parts(hashesOf(ids)) {
		err := each(ctx, s.r, "SELECT id FROM assets WHERE gone = 0 AND hash IN ("+marks(1, len(part))+")", anys(part), func(r rows) error {
			var id int64
			err := r.Scan(&id)
			numbers = append(numbers, id)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("store: load assets: %w", err)
		}
	}
	list, err := s.configs(ctx, numbers, false)
	if err != nil {
		return nil, fmt.Errorf("store: load assets: %w", err)
	}
	return sortAssets(list), nil
}

func sortAssets(list []loaded) []*bulwark.Asset {
	out := make([]*bulwark.Asset, len(list))
	for i, l := range list {
		out[i] = l.Asset
	}
	slices.SortFunc(out, func(a, b *bulwark.Asset) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(out, func(a, b *bulwark.Asset) bool { return a.ID == b.ID })
}

// Sources returns the ids of the assets that have a relation whose inverse
// name this is to the target, sorted, at most limit of them.
func (s *Store) Sources(ctx context.Context, target, inverse string, limit int) ([]string, error) {
	var out []string
	err := each(ctx, s.r, fmt.Sprintf(`SELECT DISTINCT a.public FROM relations r JOIN assets a ON a.id = r.source
 WHERE r.target = $1 AND r.inverse IN (SELECT id FROM words WHERE word = $2) AND a.gone = 0 ORDER BY a.public LIMIT %d`, limit),
		[]any{hash64(clean(target)), clean(inverse)}, func(r rows) error {
			var id string
			err := r.Scan(&id)
			out = append(out, id)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("store: relations to %s: %w", target, err)
	}
	return out, nil
}

// RelationsTo returns the relations of other assets that target this one:
// Target is the other asset and Type its type. At most limit, sorted by name
// and target.
func (s *Store) RelationsTo(ctx context.Context, id string, limit int) ([]bulwark.Relation, error) {
	var out []bulwark.Relation
	err := each(ctx, s.r, fmt.Sprintf(`SELECT n.word, i.word, t.word, a.public FROM relations r JOIN assets a ON a.id = r.source JOIN places p ON p.id = a.place
 JOIN words n ON n.id = r.name JOIN words i ON i.id = r.inverse JOIN words t ON t.id = p.type WHERE r.target = $1 AND a.gone = 0 ORDER BY n.word, a.public LIMIT %d`, limit),
		[]any{hash64(clean(id))}, func(r rows) error {
			var rel bulwark.Relation
			err := r.Scan(&rel.Name, &rel.Inverse, &rel.Type, &rel.Target)
			out = append(out, rel)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("store: relations to %s: %w", id, err)
	}
	return out, nil
}

// numberOf returns an asset's number, ErrNotFound when it was never stored.
func (s *Store) numberOf(ctx context.Context, id string) (int64, error) {
	var n int64
	found, err := one(ctx, s.r, "SELECT id FROM assets WHERE hash = $1 AND public = $2", []any{hash64(clean(id)), clean(id)}, &n)
	if err == nil && !found {
		err = bulwark.ErrNotFound
	}
	return n, err
}

var errGone = errors.New("the asset was gone")
