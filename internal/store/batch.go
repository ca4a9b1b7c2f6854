package store

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/bulwarksec/bulwark"
)

// batch is one transaction of one scope.
type batch struct {
	tally
	path  string
	items []*item
	scope int64

	old     map[int64]*stored        // by hash
	bodies  map[int64][]byte         // former configurations by asset, of those that differ
	found   map[int64][]*findingRow  // by asset, of those whose verdict differs
	former  map[int64]*bulwark.Asset // decoded from bodies
	inserts []*findingRow
	applied Applied
}

// run is the transaction.
func (b *batch) run(ctx context.Context, c conn) error {
	if err := b.start(ctx, c, b.s); err != nil {
		return err
	}
	if err := c.exec(ctx, "UPDATE scopes SET epoch = epoch + 1 WHERE id = $1", b.scope); err != nil {
		return fmt.Errorf("lock scope: %w", err)
	}
	var err error
	if b.old, err = b.s.stored(ctx, c, b.items); err != nil {
		return err
	}
	if err := b.readFormer(ctx); err != nil {
		return err
	}
	if err := b.readFindings(ctx); err != nil {
		return err
	}
	if err := b.writeItems(ctx); err != nil {
		return err
	}
	if err := b.insertFindings(ctx, b.inserts); err != nil {
		return err
	}
	if b.applied.Dirty, err = b.spread(ctx); err != nil {
		return err
	}
	return b.finish(ctx, b.path)
}

// differs reports whether an item's asset is to be written.
func (b *batch) differs(it *item) bool {
	if it.kept {
		return false
	}
	was := b.old[it.hash]
	return was == nil || was.gone || was.body != it.sum || b.s.placeOf(was.place) != it.place
}

// readFormer reads the configurations that are about to change.
func (b *batch) readFormer(ctx context.Context) error {
	b.bodies, b.former = map[int64][]byte{}, map[int64]*bulwark.Asset{}
	var ids []int64
	publics := map[int64]string{}
	for _, it := range b.items {
		if was := b.old[it.hash]; was != nil && b.differs(it) {
			ids = append(ids, was.id)
			publics[was.id] = it.public
		}
	}
	for _, part := range parts(ids) {
		err := each(ctx, b.c, "SELECT asset, data FROM configs WHERE asset IN ("+marks(1, len(part))+")", anys(part), func(r rows) error {
			var id int64
			var data []byte
			if err := r.Scan(&id, &data); err != nil {
				return err
			}
			body, err := b.s.unpack(ctx, data)
			if err != nil {
				return err
			}
			b.bodies[id] = body
			a := &bulwark.Asset{ID: publics[id]}
			if err := decodeBody(a, body, nil, nil); err != nil {
				return err
			}
			b.former[id] = a
			return nil
		})
		if err != nil {
			return fmt.Errorf("read configurations: %w", err)
		}
	}
	for id, a := range b.former {
		for _, was := range b.old {
			if was.id == id {
				b.s.fillPlace(a, was.place)
			}
		}
	}
	return nil
}

// readFindings reads the findings of the assets whose verdict differs.
func (b *batch) readFindings(ctx context.Context) error {
	var ids []int64
	for _, it := range b.items {
		was := b.old[it.hash]
		if was == nil {
			continue
		}
		moved := b.s.placeOf(was.place).scope != b.scope
		if moved || it.verdict != nil && (was.layout != it.layout || was.vsum != it.vsum) {
			ids = append(ids, was.id)
		}
	}
	var err error
	b.found, err = b.findingsOf(ctx, ids)
	return err
}

func (b *batch) writeItems(ctx context.Context) error {
	fresh := 0
	for _, it := range b.items {
		if b.old[it.hash] == nil && !it.kept {
			fresh++
		}
	}
	var next int64
	if fresh > 0 {
		var err error
		if next, err = b.s.next(ctx, b.c, "assets", fresh); err != nil {
			return fmt.Errorf("number assets: %w", err)
		}
	}
	for _, it := range b.items {
		was := b.old[it.hash]
		differs := b.differs(it)
		if it.kept && (was == nil || was.gone || b.s.placeOf(was.place).scope != b.scope) {
			b.applied.Dropped++
			continue
		}
		if it.verdict != nil && was != nil && b.s.recent.altered(it.verdict.Revision, []int64{hash64("asset:" + it.asset.ID)}) {
			b.applied.Dropped++
			if err := b.mark(ctx, was); err != nil {
				return err
			}
			continue
		}
		var err error
		switch {
		case was == nil:
			was, err = b.insertAsset(ctx, next, it)
			next++
		case differs:
			err = b.updateAsset(ctx, it, was)
		}
		if err == nil && it.verdict != nil {
			err = b.writeVerdict(ctx, it, was)
		} else if err == nil && differs {
			err = b.mark(ctx, was)
		}
		if err != nil {
			return fmt.Errorf("write asset %s: %w", it.public, err)
		}
	}
	return nil
}

func (b *batch) placeID(it *item) int64 {
	b.s.words.mu.RLock()
	defer b.s.words.mu.RUnlock()
	return b.s.words.places[it.place]
}

// rowName is the name as lists sort it: bounded, for an index cannot hold long
// texts.
func rowName(a *bulwark.Asset) string { return clip(clean(a.Name), 256) }

func (b *batch) insertAsset(ctx context.Context, id int64, it *item) (*stored, error) {
	was := &stored{id: id, place: b.placeID(it), version: 1, body: it.sum, first: b.now, changed: b.now}
	err := b.c.exec(ctx, `INSERT INTO assets (id, hash, public, name, place, digest, body, version, first, changed, gone, unhealthy, unknown, highest)
 VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, 0, 0, 0, 0)`,
		id, it.hash, it.public, rowName(it.asset), was.place, b.digest(it), it.sum, b.now, b.now)
	if err != nil {
		return nil, err
	}
	if err := b.c.exec(ctx, "INSERT INTO configs (asset, data, positions) VALUES ($1, $2, $3)", id, b.packed(it), zipPositions(&b.s.codec, it.positions)); err != nil {
		return nil, err
	}
	b.arrive(was.place, b.scope, 1)
	return was, b.relate(ctx, it, id, nil)
}

func zipPositions(c *codec, positions []byte) []byte { return c.pack(dictEvidence, positions) }

func (b *batch) digest(it *item) []byte {
	if it.digest == nil {
		it.digest = b.s.digestOf(it)
	}
	return it.digest
}

func (b *batch) packed(it *item) []byte {
	if it.packed == nil {
		it.packed = b.s.codec.pack(dictConfig, it.body)
	}
	return it.packed
}

// arrive counts assets that come to a place, or leave it.
func (b *batch) arrive(place, scope, n int64) {
	b.places[place] += n
	b.scopes[scope] += n
}

// relate writes what differs between an asset's old and new relations, and
// notes which queries the change alters.
func (b *batch) relate(ctx context.Context, it *item, id int64, old *bulwark.Asset) error {
	b.applied.Assets++
	b.event.asset(it.public)
	b.alter(old, it.asset)
	before, after := b.links(old), b.links(it.asset)
	for l := range before {
		if !after[l] {
			if err := b.c.exec(ctx, "DELETE FROM relations WHERE target = $1 AND source = $2 AND name = $3 AND inverse = $4", l.target, id, l.name, l.inverse); err != nil {
				return err
			}
		}
	}
	for l := range after {
		if !before[l] {
			if err := b.c.exec(ctx, "INSERT INTO relations (target, source, name, inverse) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING", l.target, id, l.name, l.inverse); err != nil {
				return err
			}
		}
	}
	return nil
}

type link struct{ target, name, inverse int64 }

func (b *batch) links(a *bulwark.Asset) map[link]bool {
	if a == nil || len(a.Relations) == 0 {
		return nil
	}
	out := make(map[link]bool, len(a.Relations))
	for _, r := range a.Relations {
		if r.Target != "" {
			out[link{hash64(clean(r.Target)), b.s.wordID(clean(r.Name)), b.s.wordID(clean(r.Inverse))}] = true
		}
	}
	return out
}

// updateAsset writes an asset that differs from what is stored, or is back.
func (b *batch) updateAsset(ctx context.Context, it *item, was *stored) error {
	digest := b.digest(it)
	old := b.former[was.id]
	if was.gone || !bytes.Equal(digest, was.digest) {
		if err := b.keepVersion(ctx, was, it.body); err != nil {
			return err
		}
		was.version, was.changed, was.digest = was.version+1, b.now, digest
	}
	if was.gone {
		old = nil
		b.arrive(b.placeID(it), b.scope, 1)
	} else if place := b.placeID(it); place != was.place {
		from := b.s.placeOf(was.place).scope
		b.arrive(was.place, from, -1)
		b.arrive(place, b.scope, 1)
		if from != b.scope {
			if err := b.move(ctx, it.public, was, from); err != nil {
				return err
			}
		}
	}
	was.place = b.placeID(it)
	err := b.c.exec(ctx, "UPDATE assets SET name = $1, place = $2, digest = $3, body = $4, version = $5, changed = $6, gone = 0 WHERE id = $7",
		rowName(it.asset), was.place, digest, it.sum, was.version, was.changed, was.id)
	if err != nil {
		return err
	}
	if was.body != it.sum {
		if err := b.c.exec(ctx, "UPDATE configs SET data = $1, positions = $2 WHERE asset = $3", b.packed(it), zipPositions(&b.s.codec, it.positions), was.id); err != nil {
			return err
		}
	}
	was.gone, was.body = false, it.sum
	return b.relate(ctx, it, was.id, old)
}

// keepVersion writes the version that ends as a diff against the new body, and
// forgets what is too old.
func (b *batch) keepVersion(ctx context.Context, was *stored, body []byte) error {
	d := []byte{}
	if old := b.bodies[was.id]; !bytes.Equal(old, body) {
		var err error
		if d, err = diff(old, body); err != nil {
			return fmt.Errorf("diff configuration: %w", err)
		}
	}
	err := b.c.exec(ctx, "INSERT INTO history (asset, version, at, digest, gone, diff) VALUES ($1, $2, $3, $4, $5, $6)",
		was.id, was.version, was.changed, was.digest, bit(was.gone), d)
	if err != nil {
		return err
	}
	oldest := was.version + 1 - int64(b.s.opts.HistoryVersions)
	return b.c.exec(ctx, "DELETE FROM history WHERE asset = $1 AND (version <= $2 OR at < $3)", was.id, oldest, b.now-b.s.opts.HistoryAge.Milliseconds())
}

// move takes an asset's verdict and findings out of another scope, which is
// locked as well. The verdict is made again; findings go along.
func (b *batch) move(ctx context.Context, public string, was *stored, from int64) error {
	if err := b.c.exec(ctx, "UPDATE scopes SET epoch = epoch + 1 WHERE id = $1", from); err != nil {
		return err
	}
	if was.layout != 0 {
		b.count(b.states(public, from, was, b.found[was.id]), nil)
		if err := b.dropVerdict(ctx, was); err != nil {
			return err
		}
		was.layout, was.vsum, was.states, was.asks, was.revision = 0, 0, nil, nil, 0
	}
	for _, f := range b.found[was.id] {
		b.findings[f.key()]--
		f.scope = b.scope
		b.findings[f.key()]++
	}
	return b.c.exec(ctx, "UPDATE findings SET scope = $1 WHERE asset = $2", b.scope, was.id)
}

// dropVerdict deletes a verdict and its queries.
func (b *batch) dropVerdict(ctx context.Context, was *stored) error {
	for _, q := range unpackHashes(was.asks) {
		if err := b.c.exec(ctx, "DELETE FROM asks WHERE query = $1 AND asset = $2", q, was.id); err != nil {
			return err
		}
	}
	return b.c.exec(ctx, "DELETE FROM verdicts WHERE asset = $1", was.id)
}

// mark says that an asset is to be judged.
func (b *batch) mark(ctx context.Context, was *stored) error {
	return b.c.exec(ctx, "INSERT INTO dirty (asset, scope, mark) VALUES ($1, $2, $3) ON CONFLICT (asset) DO UPDATE SET scope = excluded.scope, mark = excluded.mark", was.id, b.scope, b.seq)
}

// writeVerdict writes a verdict that differs, with all that follows from it.
func (b *batch) writeVerdict(ctx context.Context, it *item, was *stored) error {
	v := it.verdict
	if was.layout != 0 && v.Revision < was.revision {
		b.applied.Dropped++
		return nil
	}
	switch {
	case b.s.recent.altered(v.Revision, it.asks):
		if err := b.mark(ctx, was); err != nil {
			return err
		}
	case was.mark != 0 && was.mark <= v.Revision:
		if err := b.c.exec(ctx, "DELETE FROM dirty WHERE asset = $1 AND mark <= $2", was.id, v.Revision); err != nil {
			return err
		}
	}
	if was.layout == it.layout && was.vsum == it.vsum {
		return nil
	}
	b.applied.Verdicts++
	if it.zipped == nil {
		it.zipped = b.s.codec.pack(dictEvidence, it.evidence)
	}
	err := b.c.exec(ctx, `INSERT INTO verdicts (asset, revision, layout, states, sum, until, evidence, asks) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
 ON CONFLICT (asset) DO UPDATE SET revision = excluded.revision, layout = excluded.layout, states = excluded.states, sum = excluded.sum,
 until = excluded.until, evidence = excluded.evidence, asks = excluded.asks`,
		was.id, v.Revision, it.layout, it.states, it.vsum, until(v.Until), it.zipped, packHashes(it.asks))
	if err != nil {
		return err
	}
	if err := b.writeAsks(ctx, was, it.asks); err != nil {
		return err
	}
	open := b.found[was.id]
	var before *bulwark.States
	if was.layout != 0 {
		before = b.states(it.public, b.scope, was, open)
	}
	now := &stored{id: was.id, layout: it.layout, states: it.states}
	after, highest, err := b.transition(ctx, it, was.id, open)
	if err != nil {
		return err
	}
	b.count(before, b.states(it.public, b.scope, now, after))
	return b.summarize(ctx, it, was, highest)
}

func (b *batch) writeAsks(ctx context.Context, was *stored, asks []int64) error {
	before := unpackHashes(was.asks)
	for _, q := range before {
		if _, ok := slices.BinarySearch(asks, q); !ok {
			if err := b.c.exec(ctx, "DELETE FROM asks WHERE query = $1 AND asset = $2", q, was.id); err != nil {
				return err
			}
		}
	}
	for _, q := range asks {
		if _, ok := slices.BinarySearch(before, q); !ok {
			if err := b.c.exec(ctx, "INSERT INTO asks (query, asset) VALUES ($1, $2) ON CONFLICT DO NOTHING", q, was.id); err != nil {
				return err
			}
		}
	}
	return nil
}

// summarize keeps on the asset's row what lists sort by.
func (b *batch) summarize(ctx context.Context, it *item, was *stored, highest int64) error {
	var unhealthy, unknown int64
	for _, a := range it.verdict.Assessments {
		switch a.State {
		case bulwark.Unhealthy:
			unhealthy++
		case bulwark.Undetermined:
			unknown++
		}
	}
	if unhealthy == was.unhealthy && unknown == was.unknown && highest == was.highest {
		return nil
	}
	was.unhealthy, was.unknown, was.highest = unhealthy, unknown, highest
	return b.c.exec(ctx, "UPDATE assets SET unhealthy = $1, unknown = $2, highest = $3 WHERE id = $4", unhealthy, unknown, highest, was.id)
}
