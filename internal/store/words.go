package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/bulwarksec/bulwark"
)

// words keeps in memory what few rows name and many point at: interned texts,
// scopes, places and layouts. It mirrors what is committed and grows only.
type words struct {
	mu      sync.RWMutex
	ids     map[string]int64
	texts   map[int64]string
	scopes  map[string]int64
	paths   map[int64]string
	places  map[place]int64
	where   map[int64]place
	layouts map[string]int64 // type word and check words, packed
	checks  map[int64][]string
}

// place is where and by whom assets of a type are listed. The fields are words
// and, for scope, the scope's id.
type place struct {
	connector, scope, typ, region, origin int64
}

var origins = []bulwark.Origin{"", bulwark.Live, bulwark.Code, bulwark.Image, bulwark.Host}

func originNumber(o bulwark.Origin) int64 { return int64(max(0, slices.Index(origins, o))) }

func originOf(n int64) bulwark.Origin {
	if n < 0 || int(n) >= len(origins) {
		return ""
	}
	return origins[n]
}

// reload reads everything afresh.
func (w *words) reload(ctx context.Context, q querier) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ids, w.texts = map[string]int64{}, map[int64]string{}
	w.scopes, w.paths = map[string]int64{}, map[int64]string{}
	w.places, w.where = map[place]int64{}, map[int64]place{}
	w.layouts, w.checks = map[string]int64{}, map[int64][]string{}
	err := each(ctx, q, "SELECT id, word FROM words", nil, func(r rows) error {
		var id int64
		var s string
		err := r.Scan(&id, &s)
		w.ids[s], w.texts[id] = id, s
		return err
	})
	if err != nil {
		return err
	}
	err = each(ctx, q, "SELECT id, path FROM scopes", nil, func(r rows) error {
		var id int64
		var s string
		err := r.Scan(&id, &s)
		w.scopes[s], w.paths[id] = id, s
		return err
	})
	if err != nil {
		return err
	}
	err = each(ctx, q, "SELECT id, connector, scope, type, region, origin FROM places", nil, func(r rows) error {
		var id int64
		var p place
		err := r.Scan(&id, &p.connector, &p.scope, &p.typ, &p.region, &p.origin)
		w.places[p], w.where[id] = id, p
		return err
	})
	if err != nil {
		return err
	}
	return each(ctx, q, "SELECT id, type, checks FROM layouts", nil, func(r rows) error {
		var id, typ int64
		var checks []byte
		if err := r.Scan(&id, &typ, &checks); err != nil {
			return err
		}
		w.addLayout(id, typ, checks)
		return nil
	})
}

// addLayout is called with the lock held.
func (w *words) addLayout(id, typ int64, checks []byte) {
	list := make([]string, 0, 32)
	for rest := checks; len(rest) > 0; {
		n, size := binary.Uvarint(rest)
		if size <= 0 {
			break
		}
		list = append(list, w.texts[int64(n)])
		rest = rest[size:]
	}
	w.layouts[layoutKey(typ, checks)], w.checks[id] = id, list
}

func layoutKey(typ int64, checks []byte) string {
	return string(binary.AppendUvarint(nil, uint64(typ))) + "/" + string(checks)
}

// look reads from memory, once more after reading the words again when a row
// points at one that another process has added since.
func look[T any](s *Store, get func(w *words) (T, bool)) T {
	s.words.mu.RLock()
	v, ok := get(&s.words)
	s.words.mu.RUnlock()
	if ok || !s.shared {
		return v
	}
	if err := s.words.reload(s.life, s.r); err != nil {
		s.log.Error("words not read", "error", err)
	}
	s.words.mu.RLock()
	defer s.words.mu.RUnlock()
	v, _ = get(&s.words)
	return v
}

// word returns the text of an id, which the database has given out.
func (s *Store) word(id int64) string {
	return look(s, func(w *words) (string, bool) { t, ok := w.texts[id]; return t, ok || id == 0 })
}

// wordID returns the id of a text, 0 when nothing is called so.
func (s *Store) wordID(text string) int64 {
	s.words.mu.RLock()
	defer s.words.mu.RUnlock()
	return s.words.ids[text]
}

func (s *Store) placeOf(id int64) place {
	return look(s, func(w *words) (place, bool) { p, ok := w.where[id]; return p, ok })
}

// scopeID returns the id of a scope, 0 when there is none.
func (s *Store) scopeID(path string) int64 {
	return look(s, func(w *words) (int64, bool) { id, ok := w.scopes[path]; return id, ok })
}

func (s *Store) pathOf(scope int64) string {
	return look(s, func(w *words) (string, bool) { p, ok := w.paths[scope]; return p, ok || scope == 0 })
}

func (s *Store) layoutChecks(id int64) []string {
	return look(s, func(w *words) ([]string, bool) { c, ok := w.checks[id]; return c, ok })
}

// fillPlace gives an asset what its place says.
func (s *Store) fillPlace(a *bulwark.Asset, id int64) {
	p := s.placeOf(id)
	s.words.mu.RLock()
	defer s.words.mu.RUnlock()
	a.Type, a.Region, a.Connector, a.Scope = s.words.texts[p.typ], s.words.texts[p.region], s.words.texts[p.connector], s.words.paths[p.scope]
}

// intern makes sure that all texts have ids, in the writer's goroutine and in
// transactions of its own, so that a later rollback takes none back.
func (s *Store) intern(ctx context.Context, c conn, texts ...string) error {
	var missing []string
	s.words.mu.RLock()
	for _, t := range texts {
		if _, ok := s.words.ids[t]; !ok {
			missing = append(missing, t)
		}
	}
	s.words.mu.RUnlock()
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	missing = slices.Compact(missing)
	return s.define(ctx, c, "words", len(missing), func(first int64) error {
		for i, t := range missing {
			if err := c.exec(ctx, "INSERT INTO words (id, word) VALUES ($1, $2) ON CONFLICT (word) DO NOTHING", first+int64(i), t); err != nil {
				return err
			}
		}
		return nil
	}, func() error {
		for _, part := range parts(missing) {
			err := each(ctx, c, "SELECT id, word FROM words WHERE word IN ("+marks(1, len(part))+")", anys(part), func(r rows) error {
				var id int64
				var t string
				err := r.Scan(&id, &t)
				s.words.mu.Lock()
				s.words.ids[t], s.words.texts[id] = id, t
				s.words.mu.Unlock()
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// define inserts rows under fresh ids and then reads what came of it; another
// process may have been first.
func (s *Store) define(ctx context.Context, c conn, sequence string, n int, insert func(first int64) error, read func() error) error {
	err := transact(ctx, c, func(ctx context.Context, c conn) error {
		first, err := s.next(ctx, c, sequence, n)
		if err != nil {
			return err
		}
		return insert(first)
	})
	if err != nil {
		return fmt.Errorf("define %s: %w", sequence, err)
	}
	if err := read(); err != nil {
		return fmt.Errorf("read %s: %w", sequence, err)
	}
	return nil
}

// next takes n consecutive ids of a sequence, within a transaction.
func (s *Store) next(ctx context.Context, c conn, sequence string, n int) (int64, error) {
	var end int64
	found, err := one(ctx, c, "INSERT INTO sequences (name, next) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET next = sequences.next + $3 RETURNING next",
		[]any{sequence, int64(n) + 1, int64(n)}, &end)
	if err == nil && !found {
		err = fmt.Errorf("sequence %s gave no number", sequence)
	}
	return end - int64(n), err
}

// defineScope returns the id of a scope, making it when missing.
func (s *Store) defineScope(ctx context.Context, c conn, path string) (int64, error) {
	known := func() int64 {
		s.words.mu.RLock()
		defer s.words.mu.RUnlock()
		return s.words.scopes[path]
	}
	if id := known(); id != 0 {
		return id, nil
	}
	err := s.define(ctx, c, "scopes", 1, func(first int64) error {
		return c.exec(ctx, "INSERT INTO scopes (id, path, epoch, assets) VALUES ($1, $2, 0, 0) ON CONFLICT (path) DO NOTHING", first, path)
	}, func() error {
		var id int64
		if _, err := one(ctx, c, "SELECT id FROM scopes WHERE path = $1", []any{path}, &id); err != nil {
			return err
		}
		s.words.mu.Lock()
		s.words.scopes[path], s.words.paths[id] = id, path
		s.words.mu.Unlock()
		return nil
	})
	return known(), err
}

// definePlaces makes sure that all places have ids.
func (s *Store) definePlaces(ctx context.Context, c conn, list []place) error {
	for _, p := range list {
		s.words.mu.RLock()
		_, ok := s.words.places[p]
		s.words.mu.RUnlock()
		if ok {
			continue
		}
		err := s.define(ctx, c, "places", 1, func(first int64) error {
			return c.exec(ctx, "INSERT INTO places (id, connector, scope, type, region, origin, stale, assets) VALUES ($1, $2, $3, $4, $5, $6, 0, 0) ON CONFLICT (scope, type, connector, region, origin) DO NOTHING",
				first, p.connector, p.scope, p.typ, p.region, p.origin)
		}, func() error {
			var id int64
			if _, err := one(ctx, c, "SELECT id FROM places WHERE scope = $1 AND type = $2 AND connector = $3 AND region = $4 AND origin = $5",
				[]any{p.scope, p.typ, p.connector, p.region, p.origin}, &id); err != nil {
				return err
			}
			s.words.mu.Lock()
			s.words.places[p], s.words.where[id] = id, p
			s.words.mu.Unlock()
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// defineLayout returns the id of a type's ordered checks, whose words exist.
func (s *Store) defineLayout(ctx context.Context, c conn, typ string, checks []string) (int64, error) {
	s.words.mu.RLock()
	t := s.words.ids[typ]
	packed := make([]byte, 0, 2*len(checks))
	for _, check := range checks {
		packed = binary.AppendUvarint(packed, uint64(s.words.ids[check]))
	}
	key := layoutKey(t, packed)
	id := s.words.layouts[key]
	s.words.mu.RUnlock()
	if id != 0 {
		return id, nil
	}
	err := s.define(ctx, c, "layouts", 1, func(first int64) error {
		return c.exec(ctx, "INSERT INTO layouts (id, type, checks) VALUES ($1, $2, $3) ON CONFLICT (type, checks) DO NOTHING", first, t, packed)
	}, func() error {
		if _, err := one(ctx, c, "SELECT id FROM layouts WHERE type = $1 AND checks = $2", []any{t, packed}, &id); err != nil {
			return err
		}
		s.words.mu.Lock()
		s.words.addLayout(id, t, packed)
		s.words.mu.Unlock()
		return nil
	})
	return id, err
}

// marks writes the parameters $from … of a list.
func marks(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "$%d", from+i)
	}
	return b.String()
}

// maxList is the longest list in one statement; lengths are padded to few
// sizes, so that few texts are prepared.
const maxList = 512

// parts cuts a list into pieces of 1, 8, 64 or 512, the last padded by
// repeating its last value.
func parts[T any](list []T) [][]T {
	var out [][]T
	for len(list) > 0 {
		n := min(len(list), maxList)
		part := list[:n:n]
		list = list[n:]
		size := 1
		for size < n {
			size *= 8
		}
		for len(part) < size {
			part = append(part, part[n-1])
		}
		out = append(out, part)
	}
	return out
}

func anys[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}
