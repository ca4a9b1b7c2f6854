package store

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/bulwarksec/bulwark"
)

// MaxBatch is how many assets one transaction may take.
const MaxBatch = 500

// Applied is what a transaction changed.
type Applied struct {
	Assets   int64 // stored anew or changed
	Verdicts int64 // that differ
	Dropped  int64 // verdicts of an older revision
	Opened   int64 // findings
	Reopened int64
	Resolved int64
	Gone     int64 // assets
	Dirty    int64 // marks left by queries that other verdicts rest on; their own left out
}

// Add returns the sum of two.
func (a Applied) Add(b Applied) Applied {
	return Applied{a.Assets + b.Assets, a.Verdicts + b.Verdicts, a.Dropped + b.Dropped, a.Opened + b.Opened,
		a.Reopened + b.Reopened, a.Resolved + b.Resolved, a.Gone + b.Gone, a.Dirty + b.Dirty}
}

// item is one asset to be written, prepared outside the transaction.
type item struct {
	asset     *bulwark.Asset
	public    string
	hash      int64
	body      []byte
	positions []byte
	sum       int64
	packed    []byte // configuration, compressed once it is known to differ
	digest    []byte // likewise
	place     place

	verdict  *bulwark.Verdict // nil where only the asset is stored
	kept     bool             // the asset is as stored: it is not written
	checks   []string
	layout   int64
	states   []byte
	evidence []byte
	zipped   []byte
	asks     []int64
	vsum     int64 // of states, evidence, queries and until; the layout is compared apart
}

// Put stores gathered assets of one scope, at most MaxBatch, and marks those
// that differ, and all whose verdict rests on them, to be judged. Storing twice
// changes nothing.
func (s *Store) Put(ctx context.Context, scope string, assets []*bulwark.Asset) (Applied, error) {
	items := make([]*item, 0, len(assets))
	for _, a := range assets {
		items = append(items, &item{asset: a})
	}
	return s.apply(ctx, scope, items)
}

// Apply stores verdicts of one scope, at most MaxBatch, and with them their
// assets, in one transaction. Verdicts older than what is stored are dropped;
// where states, evidence and queries are equal nothing is written. A verdict's
// mark is removed unless the asset was marked again after the verdict's
// revision. Where what the verdict rests on has changed since, the asset is
// marked; where it is the asset itself, the verdict is dropped as well, so that
// an old asset never replaces a new one.
func (s *Store) Apply(ctx context.Context, scope string, verdicts []bulwark.Verdict) (Applied, error) {
	items := make([]*item, 0, len(verdicts))
	for i := range verdicts {
		v := &verdicts[i]
		if v.Asset == nil {
			return Applied{}, fmt.Errorf("store: apply in %s: %w: a verdict has no asset", scope, bulwark.ErrInvalid)
		}
		items = append(items, &item{asset: v.Asset, verdict: v})
	}
	return s.apply(ctx, scope, items)
}

// ApplyJudged is Apply for assets that were read from the store after their
// verdict's revision was taken: they are not written, nor encoded to be
// compared. A verdict of an asset that has changed since, or is gone, is
// dropped.
func (s *Store) ApplyJudged(ctx context.Context, scope string, verdicts []bulwark.Verdict) (Applied, error) {
	items := make([]*item, 0, len(verdicts))
	for i := range verdicts {
		v := &verdicts[i]
		if v.Asset == nil {
			return Applied{}, fmt.Errorf("store: apply in %s: %w: a verdict has no asset", scope, bulwark.ErrInvalid)
		}
		items = append(items, &item{asset: v.Asset, verdict: v, kept: true})
	}
	return s.apply(ctx, scope, items)
}

func (s *Store) apply(ctx context.Context, scope string, items []*item) (Applied, error) {
	if len(items) == 0 {
		return Applied{}, nil
	}
	if len(items) > MaxBatch {
		return Applied{}, fmt.Errorf("store: apply in %s: %w: %d assets, more than %d", scope, bulwark.ErrInvalid, len(items), MaxBatch)
	}
	items, err := s.prepare(scope, items)
	if err != nil {
		return Applied{}, fmt.Errorf("store: apply in %s: %w", scope, err)
	}
	if items, err = s.compare(ctx, items); err != nil {
		return Applied{}, fmt.Errorf("store: apply in %s: %w", scope, err)
	}
	if len(items) == 0 {
		return Applied{}, nil
	}
	b := &batch{tally: tally{s: s}, path: clean(scope), items: items}
	queue := s.w.single
	if len(items) > 1 {
		queue = s.w.bulk
	}
	if err := s.w.do(ctx, queue, &job{before: b.names, change: b.run, after: b.committed}); err != nil {
		return Applied{}, fmt.Errorf("store: apply in %s: %w", scope, err)
	}
	return b.applied, nil
}

// prepare encodes and hashes; of assets with one id the last counts.
func (s *Store) prepare(scope string, items []*item) ([]*item, error) {
	byHash := make(map[int64]int, len(items))
	out := make([]*item, 0, len(items))
	for _, it := range items {
		if it.asset.Scope != scope {
			return nil, fmt.Errorf("%w: asset %s is of scope %s", bulwark.ErrInvalid, it.asset.ID, it.asset.Scope)
		}
		it.public = clean(it.asset.ID)
		it.hash = hash64(it.public)
		if !it.kept {
			var err error
			if it.body, it.positions, err = encodeBody(it.asset); err != nil {
				return nil, fmt.Errorf("encode asset %s: %w", it.public, err)
			}
			it.sum = sumOf(it.body, it.positions)
		}
		if it.verdict != nil {
			s.prepareVerdict(it)
		}
		if at, ok := byHash[it.hash]; ok {
			out[at] = it
			continue
		}
		byHash[it.hash] = len(out)
		out = append(out, it)
	}
	slices.SortFunc(out, func(a, b *item) int { return bytes.Compare([]byte(a.public), []byte(b.public)) })
	return out, nil
}

func (s *Store) prepareVerdict(it *item) {
	list := it.verdict.Assessments
	it.checks = make([]string, len(list))
	for i := range list {
		it.checks[i] = clean(list[i].Check)
	}
	it.states = packStates(list)
	it.evidence = packEvidence(it.asset.ID, list)
	it.asks = asksOf(it.asset, list)
	var due [8]byte
	for i, ms := 0, until(it.verdict.Until); i < 8; i++ {
		due[i] = byte(ms >> (8 * i))
	}
	var severities []byte // a changed one changes findings
	for i := range list {
		if list[i].State == bulwark.Unhealthy {
			severities = append(severities, byte(s.severity(it.checks[i])))
			if list[i].Partial { // and so does whether all instances are known
				severities = append(severities, 0xff)
			}
		}
	}
	it.vsum = sumOf(it.states, it.evidence, packHashes(it.asks), due[:], severities)
}

// compare reads what is stored, before the transaction, compresses what differs
// and returns what is to be written: not assets that are stored as they are. A
// verdict stays, since it also takes its mark away.
func (s *Store) compare(ctx context.Context, items []*item) ([]*item, error) {
	if items[0].kept {
		return items, s.packJudged(ctx, items)
	}
	old, err := s.stored(ctx, s.r, items)
	if err != nil {
		return nil, err
	}
	var bodies, evidence [][]byte
	todo := items[:0]
	for _, it := range items {
		was := old[it.hash]
		if it.verdict == nil && was != nil && !was.gone && was.body == it.sum && s.samePlace(was.place, it.asset) {
			continue
		}
		todo = append(todo, it)
		if was == nil || was.body != it.sum {
			bodies = append(bodies, it.body)
		}
		if it.verdict != nil && len(it.evidence) > 0 && (was == nil || was.vsum != it.vsum) {
			evidence = append(evidence, it.evidence)
		}
	}
	if err := s.train(ctx, dictConfig, bodies); err != nil {
		return nil, err
	}
	if err := s.train(ctx, dictEvidence, evidence); err != nil {
		return nil, err
	}
	for _, it := range todo {
		was := old[it.hash]
		if was == nil || was.body != it.sum {
			it.packed, it.digest = s.codec.pack(dictConfig, it.body), s.digestOf(it)
		}
		if it.verdict != nil && (was == nil || was.vsum != it.vsum) {
			it.zipped = s.codec.pack(dictEvidence, it.evidence)
		}
	}
	return todo, nil
}

// packJudged compresses the evidence of verdicts whose assets are kept.
func (s *Store) packJudged(ctx context.Context, items []*item) error {
	var evidence [][]byte
	for _, it := range items {
		if len(it.evidence) > 0 {
			evidence = append(evidence, it.evidence)
		}
	}
	if err := s.train(ctx, dictEvidence, evidence); err != nil {
		return err
	}
	for _, it := range items {
		it.zipped = s.codec.pack(dictEvidence, it.evidence)
	}
	return nil
}

// samePlace reports whether an asset is stored where it belongs.
func (s *Store) samePlace(id int64, a *bulwark.Asset) bool {
	s.words.mu.RLock()
	defer s.words.mu.RUnlock()
	p := s.words.where[id]
	w := s.words.texts
	return w[p.typ] == a.Type && w[p.region] == a.Region && w[p.connector] == a.Connector && s.words.paths[p.scope] == a.Scope && p.origin == originNumber(a.Origin())
}

// stored is an asset's row with its verdict's.
type stored struct {
	id, place, version, body, first, changed int64
	digest                                   []byte
	gone                                     bool
	unhealthy, unknown, highest              int64

	revision, layout, vsum int64 // of its verdict; layout 0 is none
	states, asks           []byte
	mark                   int64 // 0 is not marked
}

const storedColumns = `SELECT a.hash, a.public, a.id, a.place, a.version, a.body, a.first, a.changed, a.digest, a.gone, a.unhealthy, a.unknown, a.highest,
 COALESCE(v.revision, 0), COALESCE(v.layout, 0), COALESCE(v.sum, 0), v.states, v.asks, COALESCE(d.mark, 0)
 FROM assets a LEFT JOIN verdicts v ON v.asset = a.id LEFT JOIN dirty d ON d.asset = a.id WHERE `

// stored reads the rows of items, by hash.
func (s *Store) stored(ctx context.Context, q querier, items []*item) (map[int64]*stored, error) {
	out := make(map[int64]*stored, len(items))
	hashes := make([]int64, len(items))
	publics := make(map[int64]string, len(items))
	for i, it := range items {
		hashes[i] = it.hash
		publics[it.hash] = it.public
	}
	for _, part := range parts(hashes) {
		err := each(ctx, q, storedColumns+"a.hash IN ("+marks(1, len(part))+")", anys(part), func(r rows) error {
			hash, public, row, err := scanStored(r)
			if err == nil && publics[hash] != public {
				err = fmt.Errorf("%w: assets %q and %q have one digest", bulwark.ErrConflict, public, publics[hash])
			}
			out[hash] = row
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read assets: %w", err)
		}
	}
	return out, nil
}

func scanStored(r rows) (hash int64, public string, row *stored, err error) {
	row = &stored{}
	var gone int64
	err = r.Scan(&hash, &public, &row.id, &row.place, &row.version, &row.body, &row.first, &row.changed, &row.digest, &gone,
		&row.unhealthy, &row.unknown, &row.highest, &row.revision, &row.layout, &row.vsum, &row.states, &row.asks, &row.mark)
	row.gone = gone != 0
	return hash, public, row, err
}

// digestOf returns an asset's digest in 16 bytes.
func (s *Store) digestOf(it *item) []byte {
	text := ""
	switch {
	case it.verdict != nil && it.verdict.Digest != "":
		text = it.verdict.Digest
	case s.know.Load().Digest != nil:
		text = s.know.Load().Digest(it.asset)
	default:
		text = bulwark.Digest(it.asset.Properties, nil)
	}
	if d, err := hex.DecodeString(text); err == nil {
		return d
	}
	return []byte(text)
}

// names makes ids for all texts that the batch is about to write.
func (b *batch) names(ctx context.Context, c conn) error {
	s := b.s
	texts := make([]string, 0, 4*len(b.items))
	for _, it := range b.items {
		texts = append(texts, clean(it.asset.Type), clean(it.asset.Region), clean(it.asset.Connector))
		for _, r := range it.asset.Relations {
			texts = append(texts, clean(r.Name), clean(r.Inverse))
		}
		if it.verdict != nil {
			texts = append(texts, it.checks...)
		}
	}
	if err := s.intern(ctx, c, texts...); err != nil {
		return err
	}
	var err error
	if b.scope, err = s.defineScope(ctx, c, b.path); err != nil {
		return err
	}
	places := make([]place, len(b.items))
	for i, it := range b.items {
		it.place = place{connector: s.wordID(clean(it.asset.Connector)), scope: b.scope, typ: s.wordID(clean(it.asset.Type)),
			region: s.wordID(clean(it.asset.Region)), origin: originNumber(it.asset.Origin())}
		places[i] = it.place
	}
	if err := s.definePlaces(ctx, c, places); err != nil {
		return err
	}
	for _, it := range b.items {
		if it.verdict == nil {
			continue
		}
		if it.layout, err = s.defineLayout(ctx, c, clean(it.asset.Type), it.checks); err != nil {
			return err
		}
	}
	return nil
}
