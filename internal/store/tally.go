package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/bulwarksec/bulwark"
)

// tally gathers within a transaction what is written at its end: changes of
// counters in the order of their keys, marks, and the message.
type tally struct {
	s        *Store
	c        conn
	now      int64
	seq      int64
	exempt   *exemptions
	counts   map[bulwark.CountKey]bulwark.Tally
	findings map[findingKey]int64
	places   map[int64]int64
	scopes   map[int64]int64
	queries  []int64          // that the change alters
	words    map[string]int64 // made within the transaction
	event    Event
}

// findingKey is a counter of findings.
type findingKey struct {
	scope, rule, severity, state, exempt int64
}

// Event is what a transaction changed, as the outbox hands it on. Lists are
// bounded; More says that they are cut.
type Event struct {
	Scope    string   `json:"scope"`
	Assets   []string `json:"assets,omitempty"` // ids, stored anew or changed
	Gone     []string `json:"gone,omitempty"`
	Opened   []string `json:"opened,omitempty"` // ids of findings
	Reopened []string `json:"reopened,omitempty"`
	Resolved []string `json:"resolved,omitempty"`
	Counts   bool     `json:"counts,omitempty"` // counters changed
	More     bool     `json:"more,omitempty"`
}

const maxEvent = 1000 // names in one list

func (e *Event) add(list *[]string, name string) {
	if len(*list) >= maxEvent {
		e.More = true
		return
	}
	*list = append(*list, name)
}

func (e *Event) asset(id string) { e.add(&e.Assets, id) }

func (t *tally) start(ctx context.Context, c conn, s *Store) error {
	t.s, t.c, t.now = s, c, s.now()
	t.counts, t.findings = map[bulwark.CountKey]bulwark.Tally{}, map[findingKey]int64{}
	t.places, t.scopes = map[int64]int64{}, map[int64]int64{}
	t.queries, t.event = nil, Event{}
	var err error
	if t.seq, err = s.nextRevision(ctx, c); err != nil {
		return fmt.Errorf("number change: %w", err)
	}
	t.exempt, err = s.exempt.current(ctx, c)
	return err
}

// count adds what changes when states go from old to new; either may be nil.
func (t *tally) count(old, new *bulwark.States) {
	delta := t.s.know.Load().Delta
	if delta == nil {
		return
	}
	for _, d := range delta(old, new) {
		t.counts[d.CountKey] = t.counts[d.CountKey].Add(d.Tally)
	}
}

// alter notes the queries whose answers differ between two versions of an
// asset.
func (t *tally) alter(old, new *bulwark.Asset) {
	keys := t.s.know.Load().Keys
	if keys == nil {
		for _, a := range []*bulwark.Asset{old, new} {
			if a != nil {
				t.queries = append(t.queries, hash64("asset:"+a.ID))
			}
		}
		return
	}
	for _, k := range keys(old, new) {
		t.queries = append(t.queries, hash64(k))
	}
}

// spread marks all assets whose verdict rests on an altered query.
func (t *tally) spread(ctx context.Context) (int64, error) {
	slices.Sort(t.queries)
	t.queries = slices.Compact(t.queries)
	scopes := map[int64]int64{}
	for _, part := range parts(t.queries) {
		err := each(ctx, t.c, "SELECT DISTINCT k.asset, p.scope FROM asks k JOIN assets a ON a.id = k.asset JOIN places p ON p.id = a.place WHERE k.query IN ("+marks(1, len(part))+")", anys(part), func(r rows) error {
			var asset, scope int64
			err := r.Scan(&asset, &scope)
			scopes[asset] = scope
			return err
		})
		if err != nil {
			return 0, fmt.Errorf("find dependents: %w", err)
		}
	}
	for _, asset := range sorted(scopes) {
		err := t.c.exec(ctx, "INSERT INTO dirty (asset, scope, mark) VALUES ($1, $2, $3) ON CONFLICT (asset) DO UPDATE SET scope = excluded.scope, mark = excluded.mark", asset, scopes[asset], t.seq)
		if err != nil {
			return 0, fmt.Errorf("mark dependents: %w", err)
		}
	}
	return int64(len(scopes)), nil
}

func sorted[V any](m map[int64]V) []int64 {
	keys := make([]int64, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

var countKinds = []string{bulwark.CountControl, bulwark.CountCheck, bulwark.CountScope}

// finish writes the counters and the message.
func (t *tally) finish(ctx context.Context, scope string) error {
	if err := t.writeCounts(ctx); err != nil {
		return fmt.Errorf("write counters: %w", err)
	}
	if err := t.writeFindingCounts(ctx); err != nil {
		return fmt.Errorf("write counters of findings: %w", err)
	}
	for _, id := range sorted(t.places) {
		if n := t.places[id]; n != 0 {
			if err := t.c.exec(ctx, "UPDATE places SET assets = assets + $1 WHERE id = $2", n, id); err != nil {
				return err
			}
		}
	}
	for _, id := range sorted(t.scopes) {
		if n := t.scopes[id]; n != 0 {
			if err := t.c.exec(ctx, "UPDATE scopes SET assets = assets + $1 WHERE id = $2", n, id); err != nil {
				return err
			}
		}
	}
	return t.writeEvent(ctx, scope)
}

func (t *tally) writeCounts(ctx context.Context) error {
	keys := make([]bulwark.CountKey, 0, len(t.counts))
	texts := make([]string, 0, len(t.counts))
	for k, n := range t.counts {
		if !n.IsZero() {
			keys = append(keys, k)
			texts = append(texts, k.ID)
		}
	}
	slices.SortFunc(keys, func(a, b bulwark.CountKey) int {
		return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID))
	})
	t.event.Counts = len(keys) > 0
	ids, err := t.wordsWithin(ctx, texts)
	if err != nil {
		return err
	}
	for _, k := range keys {
		n := t.counts[k]
		err := t.c.exec(ctx, `INSERT INTO counts (scope, kind, word, healthy, unhealthy, unknown, inapplicable) VALUES ($1, $2, $3, $4, $5, $6, $7)
 ON CONFLICT (scope, kind, word) DO UPDATE SET healthy = counts.healthy + excluded.healthy, unhealthy = counts.unhealthy + excluded.unhealthy,
 unknown = counts.unknown + excluded.unknown, inapplicable = counts.inapplicable + excluded.inapplicable`,
			t.s.scopeID(k.Scope), int64(slices.Index(countKinds, k.Kind)), ids[k.ID], n.Healthy, n.Unhealthy, n.Unknown, n.NotApplicable)
		if err != nil {
			return err
		}
	}
	return nil
}

// wordsWithin returns the ids of texts, of which a few (controls) may still
// lack one: those are made within the transaction, and known once it is
// committed.
func (t *tally) wordsWithin(ctx context.Context, texts []string) (map[string]int64, error) {
	ids := make(map[string]int64, len(texts))
	for _, text := range texts {
		if id := t.s.wordID(text); id != 0 {
			ids[text] = id
			continue
		}
		if ids[text] != 0 {
			continue
		}
		id, err := t.s.next(ctx, t.c, "words", 1)
		if err != nil {
			return nil, err
		}
		if err := t.c.exec(ctx, "INSERT INTO words (id, word) VALUES ($1, $2) ON CONFLICT (word) DO NOTHING", id, text); err != nil {
			return nil, err
		}
		if _, err := one(ctx, t.c, "SELECT id FROM words WHERE word = $1", []any{text}, &id); err != nil {
			return nil, err
		}
		ids[text] = id
		if t.words == nil {
			t.words = map[string]int64{}
		}
		t.words[text] = id
	}
	return ids, nil
}

func (t *tally) writeFindingCounts(ctx context.Context) error {
	keys := make([]findingKey, 0, len(t.findings))
	for k, n := range t.findings {
		if n != 0 {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b findingKey) int {
		return cmp.Or(cmp.Compare(a.scope, b.scope), cmp.Compare(a.rule, b.rule), cmp.Compare(a.severity, b.severity), cmp.Compare(a.state, b.state), cmp.Compare(a.exempt, b.exempt))
	})
	for _, k := range keys {
		err := t.c.exec(ctx, `INSERT INTO finding_counts (scope, rule, severity, state, exempt, n) VALUES ($1, $2, $3, $4, $5, $6)
 ON CONFLICT (scope, rule, severity, state, exempt) DO UPDATE SET n = finding_counts.n + excluded.n`,
			k.scope, k.rule, k.severity, k.state, k.exempt, t.findings[k])
		if err != nil {
			return err
		}
	}
	return nil
}

// writeEvent leaves the message in the outbox, if there is something to tell.
func (t *tally) writeEvent(ctx context.Context, scope string) error {
	e := &t.event
	e.Scope = scope
	if len(e.Assets)+len(e.Gone)+len(e.Opened)+len(e.Reopened)+len(e.Resolved) == 0 && !e.Counts {
		return nil
	}
	data, err := json.Marshal(e)
	if err != nil {
		return err
	}
	id, err := t.s.next(ctx, t.c, "outbox", 1)
	if err != nil {
		return err
	}
	return t.c.exec(ctx, "INSERT INTO outbox (id, message, at, data) VALUES ($1, $2, $3, $4)", id, randomID(), t.now, data)
}

// randomID returns 16 random bytes in hexadecimal.
func randomID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// committed tells what only a committed change may tell.
func (t *tally) committed() {
	t.s.words.mu.Lock()
	for text, id := range t.words {
		t.s.words.ids[text], t.s.words.texts[id] = id, text
	}
	t.s.words.mu.Unlock()
	t.s.recent.committed(t.seq, t.queries)
}
