package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/bulwarksec/bulwark"
)

// Seen is the set of asset ids that a listing named, at 8 bytes each. The zero
// Seen is empty. It is for one goroutine.
type Seen struct {
	hashes []int64
	sorted int
}

// Add puts an asset's id in the set.
func (s *Seen) Add(id string) {
	s.hashes = append(s.hashes, hash64(clean(id)))
	if n := len(s.hashes); n > 2*s.sorted+4096 { // repeated ids must not make it grow
		s.sort()
	}
}

func (s *Seen) sort() {
	if s.sorted == len(s.hashes) {
		return
	}
	slices.Sort(s.hashes)
	s.hashes = slices.Compact(s.hashes)
	s.sorted = len(s.hashes)
}

func (s *Seen) has(hash int64) bool {
	_, ok := slices.BinarySearch(s.hashes, hash)
	return ok
}

// Len returns the number of ids.
func (s *Seen) Len() int {
	s.sort()
	return len(s.hashes)
}

// Absent takes out what a complete listing did not name: assets stored for its
// connector, scope, type and region (an empty type or region is every one) and
// not in seen are gone, their findings are resolved and their counts taken out.
// After a listing that is not complete nothing is gone.
func (s *Store) Absent(ctx context.Context, l bulwark.Listing, seen *Seen) (Applied, error) {
	fail := func(err error) (Applied, error) {
		return Applied{}, fmt.Errorf("store: take out what is gone of %s in %s: %w", l.Type, l.Scope, err)
	}
	if !l.Complete {
		return Applied{}, nil
	}
	if seen == nil {
		seen = &Seen{}
	}
	seen.sort()
	gone, err := s.missing(ctx, l, seen)
	if err != nil {
		return fail(err)
	}
	var total Applied
	for len(gone) > 0 {
		n := min(len(gone), MaxBatch)
		a, err := s.remove(ctx, clean(l.Scope), gone[:n])
		if err != nil {
			return fail(err)
		}
		total, gone = total.Add(a), gone[n:]
	}
	return total, nil
}

// NoteListings writes how listings went and which places are stale by it: after
// one that failed the assets of its connector, scope, type and region are, and
// its gap is shown. Nothing is gone.
func (s *Store) NoteListings(ctx context.Context, list []bulwark.Listing) error {
	for part := range slices.Chunk(list, MaxBatch) {
		if err := s.noteListings(ctx, part); err != nil {
			return fmt.Errorf("store: note %d listings: %w", len(part), err)
		}
	}
	return nil
}

func (s *Store) noteListings(ctx context.Context, list []bulwark.Listing) error {
	gaps, scopes := make([]string, len(list)), make([]int64, len(list))
	texts := make([]string, 0, 3*len(list))
	for i, l := range list {
		texts = append(texts, clean(l.Connector), clean(l.Type), clean(l.Region))
		if l.Gap == nil {
			continue
		}
		data, err := json.Marshal(l.Gap)
		if err != nil {
			return err
		}
		gaps[i] = string(data)
	}
	before := func(ctx context.Context, c conn) (err error) {
		if err := s.intern(ctx, c, texts...); err != nil {
			return err
		}
		for i, l := range list {
			if scopes[i], err = s.defineScope(ctx, c, clean(l.Scope)); err != nil {
				return err
			}
		}
		return nil
	}
	change := func(ctx context.Context, c conn) error {
		for i, l := range list {
			typeText, regionText := texts[3*i+1], texts[3*i+2]
			connector, typ, region := s.wordID(texts[3*i]), s.wordID(typeText), s.wordID(regionText)
			err := c.exec(ctx, `INSERT INTO listings (connector, scope, type, region, complete, at, gap) VALUES ($1, $2, $3, $4, $5, $6, $7)
 ON CONFLICT (connector, scope, type, region) DO UPDATE SET complete = excluded.complete, at = excluded.at, gap = excluded.gap`,
				connector, scopes[i], typ, region, bit(l.Complete), millis(l.At), gaps[i])
			if err != nil {
				return err
			}
			err = c.exec(ctx, `UPDATE places SET stale = $1 WHERE stale <> $2 AND scope = $3 AND connector = $4 AND ($5 = '' OR type = $6) AND ($7 = '' OR region = $8)`,
				bit(!l.Complete), bit(!l.Complete), scopes[i], connector, typeText, typ, regionText, region)
			if err != nil {
				return err
			}
		}
		return nil
	}
	return s.w.do(ctx, s.w.single, &job{before: before, change: change})
}

// missing returns the stored assets of a listing's places that are not in seen.
func (s *Store) missing(ctx context.Context, l bulwark.Listing, seen *Seen) ([]int64, error) {
	var gone []int64
	var last int64
	for {
		var n int
		err := each(ctx, s.r, `SELECT a.id, a.hash FROM assets a WHERE a.id > $1 AND a.gone = 0 AND a.place IN
 (SELECT id FROM places WHERE scope = $2 AND connector = $3 AND ($4 = '' OR type = $5) AND ($6 = '' OR region = $7)) ORDER BY a.id LIMIT 10000`,
			[]any{last, s.scopeID(clean(l.Scope)), s.wordID(clean(l.Connector)), clean(l.Type), s.wordID(clean(l.Type)), clean(l.Region), s.wordID(clean(l.Region))},
			func(r rows) error {
				var hash int64
				if err := r.Scan(&last, &hash); err != nil {
					return err
				}
				n++
				if !seen.has(hash) {
					gone = append(gone, last)
				}
				return nil
			})
		if err != nil {
			return nil, fmt.Errorf("read assets: %w", err)
		}
		if n < 10000 {
			return gone, nil
		}
	}
}

// remove takes assets of one scope out in one transaction: history and resolved
// findings stay.
func (s *Store) remove(ctx context.Context, path string, ids []int64) (Applied, error) {
	b := &batch{tally: tally{s: s}, path: path, scope: s.scopeID(path)}
	err := s.w.do(ctx, s.w.bulk, &job{change: func(ctx context.Context, c conn) error {
		if err := b.start(ctx, c, s); err != nil {
			return err
		}
		if err := c.exec(ctx, "UPDATE scopes SET epoch = epoch + 1 WHERE id = $1", b.scope); err != nil {
			return err
		}
		if err := b.removeAll(ctx, ids); err != nil {
			return err
		}
		var err error
		if b.applied.Dirty, err = b.spread(ctx); err != nil {
			return err
		}
		return b.finish(ctx, path)
	}, after: b.committed})
	return b.applied, err
}

func (b *batch) removeAll(ctx context.Context, ids []int64) error {
	type row struct {
		*stored
		public string
	}
	var list []row
	for _, part := range parts(ids) {
		err := each(ctx, b.c, storedColumns+"a.gone = 0 AND a.id IN ("+marks(1, len(part))+")", anys(part), func(r rows) error {
			_, public, was, err := scanStored(r)
			list = append(list, row{was, public})
			return err
		})
		if err != nil {
			return fmt.Errorf("read assets: %w", err)
		}
	}
	slices.SortFunc(list, func(x, y row) int { return int(x.id - y.id) })
	found, err := b.findingsOf(ctx, ids)
	if err != nil {
		return err
	}
	for _, r := range list {
		if b.s.placeOf(r.place).scope != b.scope {
			continue // it has moved meanwhile
		}
		if err := b.removeOne(ctx, r.public, r.stored, found[r.id]); err != nil {
			return fmt.Errorf("remove asset %s: %w", r.public, err)
		}
	}
	return nil
}

func (b *batch) removeOne(ctx context.Context, public string, was *stored, findings []*findingRow) error {
	var data []byte
	if _, err := one(ctx, b.c, "SELECT data FROM configs WHERE asset = $1", []any{was.id}, &data); err != nil {
		return err
	}
	body, err := b.s.unpack(ctx, data)
	if err != nil {
		return err
	}
	old := &bulwark.Asset{ID: public}
	if err := decodeBody(old, body, nil, nil); err != nil {
		return err
	}
	b.s.fillPlace(old, was.place)
	b.alter(old, nil)
	for l := range b.links(old) {
		if err := b.c.exec(ctx, "DELETE FROM relations WHERE target = $1 AND source = $2 AND name = $3 AND inverse = $4", l.target, was.id, l.name, l.inverse); err != nil {
			return err
		}
	}
	if was.layout != 0 {
		b.count(b.states(public, b.scope, was, findings), nil)
		if err := b.dropVerdict(ctx, was); err != nil {
			return err
		}
	}
	for _, f := range findings {
		if err := b.moveFinding(ctx, public, f, false, bulwark.NotApplicable, ""); err != nil {
			return err
		}
	}
	b.bodies = map[int64][]byte{was.id: body}
	if err := b.keepVersion(ctx, was, body); err != nil {
		return err
	}
	if err := b.c.exec(ctx, "UPDATE assets SET gone = 1, version = version + 1, changed = $1, unhealthy = 0, unknown = 0, highest = 0 WHERE id = $2", b.now, was.id); err != nil {
		return err
	}
	b.arrive(was.place, b.scope, -1)
	b.applied.Gone++
	b.event.add(&b.event.Gone, public)
	return b.c.exec(ctx, "DELETE FROM dirty WHERE asset = $1", was.id)
}

// Listings returns the last listing of every connector, scope, type and region
// below the scopes.
func (s *Store) Listings(ctx context.Context, scopes []string) ([]bulwark.Listing, error) {
	f := &filter{}
	f.scopes("scope", scopes)
	var out []bulwark.Listing
	err := each(ctx, s.r, "SELECT connector, scope, type, region, complete, at, gap FROM listings WHERE "+f.where()+" ORDER BY scope, connector, type, region", f.args, func(r rows) error {
		var connector, scope, typ, region, complete, at int64
		var gap string
		if err := r.Scan(&connector, &scope, &typ, &region, &complete, &at, &gap); err != nil {
			return err
		}
		l := bulwark.Listing{Connector: s.word(connector), Scope: s.pathOf(scope), Type: s.word(typ), Region: s.word(region), Complete: complete != 0, At: instant(at)}
		if gap != "" {
			l.Gap = &bulwark.Gap{}
			if err := json.Unmarshal([]byte(gap), l.Gap); err != nil {
				return err
			}
		}
		out = append(out, l)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store: list listings: %w", err)
	}
	return out, nil
}

// Union adds another set's ids.
func (s *Seen) Union(other *Seen) {
	s.hashes = append(s.hashes, other.hashes...)
	s.sort()
}
