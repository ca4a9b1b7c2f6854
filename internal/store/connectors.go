package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bulwarksec/bulwark"
)

// SecretOf is the name under which a connector's secret is sealed.
func SecretOf(connector string) string { return "connector/" + connector }

// SaveConnector stores a connector, and in the same transaction its secret,
// sealed under SecretOf its id; a nil secret leaves what is sealed, an empty one
// forgets it.
func (s *Store) SaveConnector(ctx context.Context, v bulwark.ConnectorSpec, secret []byte) error {
	fail := func(err error) error { return fmt.Errorf("store: save connector %s: %w", v.ID, err) }
	name := SecretOf(v.ID)
	var version int64
	var sealed []byte
	if len(secret) > 0 {
		if s.keys == nil {
			return fail(errNoKeys)
		}
		var err error
		if version, sealed, err = s.keys.seal(name, secret); err != nil {
			return fail(err)
		}
	}
	config := clean(string(v.Config))
	if config == "" {
		config = "{}"
	}
	err := s.write(ctx, func(ctx context.Context, c conn) error {
		err := c.exec(ctx, `INSERT INTO connectors (id, kind, name, enabled, every, config) VALUES ($1, $2, $3, $4, $5, $6)
 ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, name = excluded.name, enabled = excluded.enabled, every = excluded.every, config = excluded.config`,
			v.ID, v.Kind, clean(v.Name), bit(v.Enabled), int64(v.Interval/time.Second), config)
		switch {
		case err != nil || secret == nil:
			return err
		case len(secret) == 0:
			return c.exec(ctx, "DELETE FROM secrets WHERE name = $1", name)
		}
		return putSecret(ctx, c, name, version, sealed)
	})
	if err != nil {
		return fail(err)
	}
	return nil
}

// Connectors returns all configured connectors, sorted by id.
func (s *Store) Connectors(ctx context.Context) ([]bulwark.ConnectorSpec, error) {
	var out []bulwark.ConnectorSpec
	err := each(ctx, s.r, "SELECT id, kind, name, enabled, every, config FROM connectors ORDER BY id", nil, func(r rows) error {
		var v bulwark.ConnectorSpec
		var enabled, every int64
		var config string
		err := r.Scan(&v.ID, &v.Kind, &v.Name, &enabled, &every, &config)
		v.Enabled, v.Interval, v.Config = enabled != 0, time.Duration(every)*time.Second, []byte(config)
		out = append(out, v)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: list connectors: %w", err)
	}
	return out, nil
}

// Secrets returns the names under which secrets are sealed, sorted.
func (s *Store) Secrets(ctx context.Context) ([]string, error) {
	var out []string
	err := each(ctx, s.r, "SELECT name FROM secrets ORDER BY name", nil, func(r rows) error {
		var name string
		err := r.Scan(&name)
		out = append(out, name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: list secrets: %w", err)
	}
	return out, nil
}

// RemoveConnector says that nothing is gathered by a connector any more: its
// assets stay and are stale, its gaps and listings end, its secret is
// forgotten. Runs stay. One that is not there is no error.
func (s *Store) RemoveConnector(ctx context.Context, id string) error {
	err := s.write(ctx, func(ctx context.Context, c conn) error {
		if err := c.exec(ctx, "DELETE FROM connectors WHERE id = $1", id); err != nil {
			return err
		}
		if err := c.exec(ctx, "DELETE FROM secrets WHERE name = $1", SecretOf(id)); err != nil {
			return err
		}
		for _, change := range []string{"UPDATE places SET stale = 1", "DELETE FROM gaps", "DELETE FROM listings"} {
			if err := c.exec(ctx, change+" WHERE connector IN (SELECT id FROM words WHERE word = $1)", id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store: remove connector %s: %w", id, err)
	}
	return nil
}

// ConnectorScopes returns the scopes that each connector has gathered from, by
// connector's id, sorted by path: those with a listing, assets or gaps of it.
func (s *Store) ConnectorScopes(ctx context.Context) (map[string][]bulwark.ConnectorScope, error) {
	type key struct{ connector, scope int64 }
	sums := map[key]*bulwark.ConnectorScope{}
	add := func(text string, into func(v *bulwark.ConnectorScope, a, b int64)) error {
		return each(ctx, s.r, text, nil, func(r rows) error {
			var k key
			var a, b int64
			if err := r.Scan(&k.connector, &k.scope, &a, &b); err != nil {
				return err
			}
			if sums[k] == nil {
				sums[k] = &bulwark.ConnectorScope{}
			}
			into(sums[k], a, b)
			return nil
		})
	}
	for _, q := range []struct {
		text string
		into func(v *bulwark.ConnectorScope, a, b int64)
	}{
		{"SELECT connector, scope, 0, 0 FROM listings GROUP BY connector, scope", func(*bulwark.ConnectorScope, int64, int64) {}},
		{"SELECT connector, scope, CAST(SUM(assets) AS BIGINT), CAST(SUM(assets * stale) AS BIGINT) FROM places WHERE assets > 0 GROUP BY connector, scope",
			func(v *bulwark.ConnectorScope, a, b int64) { v.Assets, v.Stale = a, b }},
		{"SELECT connector, scope, COUNT(*), 0 FROM gaps GROUP BY connector, scope", func(v *bulwark.ConnectorScope, a, _ int64) { v.Gaps = a }},
	} {
		if err := add(q.text, q.into); err != nil {
			return nil, fmt.Errorf("store: read scopes of connectors: %w", err)
		}
	}
	named, err := s.scopeInfos(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string][]bulwark.ConnectorScope{}
	for k, v := range sums {
		v.ScopeInfo = named[k.scope] // zero for gaps of no scope
		connector := s.word(k.connector)
		out[connector] = append(out[connector], *v)
	}
	for _, list := range out {
		slices.SortFunc(list, func(a, b bulwark.ConnectorScope) int { return cmp.Compare(a.Path, b.Path) })
	}
	return out, nil
}

func (s *Store) scopeInfos(ctx context.Context) (map[int64]bulwark.ScopeInfo, error) {
	out := map[int64]bulwark.ScopeInfo{}
	err := each(ctx, s.r, "SELECT id, path, name, kind FROM scopes", nil, func(r rows) error {
		var id int64
		var v bulwark.ScopeInfo
		err := r.Scan(&id, &v.Path, &v.Name, &v.Kind)
		v.Name, v.Kind = cmp.Or(v.Name, lastName(v.Path)), cmp.Or(v.Kind, kindOfScope(v.Path))
		out[id] = v
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: read scopes: %w", err)
	}
	return out, nil
}

// maxScopeText bounds a scope's name, in bytes.
const maxScopeText = 256

// NameScopes keeps what people call scopes; an empty name or kind leaves what
// is kept. What is as it was is not written.
func (s *Store) NameScopes(ctx context.Context, list []bulwark.ScopeInfo) error {
	if len(list) == 0 {
		return nil
	}
	fail := func(err error) error { return fmt.Errorf("store: name %d scopes: %w", len(list), err) }
	have, err := s.scopeInfos(ctx)
	if err != nil {
		return fail(err)
	}
	known := make(map[string]bulwark.ScopeInfo, len(have))
	for _, v := range have {
		known[v.Path] = v
	}
	var todo []bulwark.ScopeInfo
	for _, v := range list {
		v = bulwark.ScopeInfo{Path: clean(v.Path), Name: clip(clean(v.Name), maxScopeText), Kind: clip(clean(v.Kind), maxScopeText)}
		was, ok := known[v.Path]
		if v.Path != "" && (!ok || v.Name != "" && v.Name != was.Name || v.Kind != "" && v.Kind != was.Kind) {
			todo = append(todo, v)
		}
	}
	if len(todo) == 0 {
		return nil
	}
	ids := make([]int64, len(todo))
	before := func(ctx context.Context, c conn) (err error) {
		for i, v := range todo {
			if ids[i], err = s.defineScope(ctx, c, v.Path); err != nil {
				return err
			}
		}
		return nil
	}
	change := func(ctx context.Context, c conn) error {
		for i, v := range todo {
			if err := c.exec(ctx, "UPDATE scopes SET name = CASE WHEN $1 = '' THEN name ELSE $2 END, kind = CASE WHEN $3 = '' THEN kind ELSE $4 END WHERE id = $5",
				v.Name, v.Name, v.Kind, v.Kind, ids[i]); err != nil {
				return err
			}
		}
		return nil
	}
	if err := s.w.do(ctx, s.w.single, &job{before: before, change: change}); err != nil {
		return fail(err)
	}
	return nil
}

// Place is where a connector has assets of one type; a region of "" is none.
type Place struct{ Scope, Type, Region string }

// Places returns where a connector has assets.
func (s *Store) Places(ctx context.Context, connector string) ([]Place, error) {
	var out []Place
	err := each(ctx, s.r, "SELECT id FROM places WHERE connector = $1 AND assets > 0", []any{s.wordID(clean(connector))}, func(r rows) error {
		var id int64
		if err := r.Scan(&id); err != nil {
			return err
		}
		w := s.placeOf(id)
		out = append(out, Place{Scope: s.pathOf(w.scope), Type: s.word(w.typ), Region: s.word(w.region)})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store: find places of %s: %w", connector, err)
	}
	return out, nil
}

// Unlisted marks stale the places of a connector that hold assets and that
// listed refuses, and returns them, sorted. Nothing is gone. Of its earlier
// listings that listed refuses, those of such places are complete no more, and
// the others are forgotten: nothing is known of there.
func (s *Store) Unlisted(ctx context.Context, connector string, listed func(Place) bool) ([]Place, error) {
	var out []Place
	err := s.write(ctx, func(ctx context.Context, c conn) error {
		out = nil
		var ids []int64
		err := each(ctx, c, "SELECT id, stale FROM places WHERE connector = $1 AND assets > 0", []any{s.wordID(clean(connector))}, func(r rows) error {
			var id, stale int64
			if err := r.Scan(&id, &stale); err != nil {
				return err
			}
			w := s.placeOf(id)
			p := Place{Scope: s.pathOf(w.scope), Type: s.word(w.typ), Region: s.word(w.region)}
			if listed(p) {
				return nil
			}
			out = append(out, p)
			if stale == 0 {
				ids = append(ids, id)
			}
			return nil
		})
		for _, id := range ids {
			if err == nil {
				err = c.exec(ctx, "UPDATE places SET stale = 1 WHERE id = $1", id)
			}
		}
		if err != nil {
			return err
		}
		return s.endListings(ctx, c, connector, listed, out)
	})
	if err != nil {
		return nil, fmt.Errorf("store: find what %s did not list: %w", connector, err)
	}
	slices.SortFunc(out, func(a, b Place) int {
		return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Type, b.Type))
	})
	return slices.Compact(out), nil
}

// endListings takes back what listings of a connector say that listed refuses:
// stale has the places of these that hold assets.
func (s *Store) endListings(ctx context.Context, c conn, connector string, listed func(Place) bool, stale []Place) error {
	type row struct{ scope, typ, region int64 }
	own := s.wordID(clean(connector))
	ended := map[row]bool{} // whether it covers a stale place
	err := each(ctx, c, "SELECT scope, type, region FROM listings WHERE connector = $1", []any{own}, func(r rows) error {
		var v row
		if err := r.Scan(&v.scope, &v.typ, &v.region); err != nil {
			return err
		}
		if p := (Place{Scope: s.pathOf(v.scope), Type: s.word(v.typ), Region: s.word(v.region)}); !listed(p) {
			ended[v] = slices.ContainsFunc(stale, func(q Place) bool {
				return q.Scope == p.Scope && (p.Type == "" || p.Type == q.Type) && (p.Region == "" || p.Region == q.Region)
			})
		}
		return nil
	})
	for v, keep := range ended {
		text := "DELETE FROM listings"
		if keep {
			text = "UPDATE listings SET complete = 0"
		}
		if err == nil {
			err = c.exec(ctx, text+" WHERE connector = $1 AND scope = $2 AND type = $3 AND region = $4", own, v.scope, v.typ, v.region)
		}
	}
	return err
}

// Remove says that assets of a connector are gone, by their ids: their findings
// are resolved and their counts taken out, as by a complete listing. What is
// gone already, or was gathered by another connector, stays as it is.
func (s *Store) Remove(ctx context.Context, connector string, ids []string) (Applied, error) {
	fail := func(err error) (Applied, error) {
		return Applied{}, fmt.Errorf("store: remove %d assets: %w", len(ids), err)
	}
	byScope := map[string][]int64{}
	own := s.wordID(clean(connector))
	for _, part := range parts(hashesOf(ids)) {
		err := each(ctx, s.r, "SELECT id, place FROM assets WHERE gone = 0 AND hash IN ("+marks(1, len(part))+")", anys(part), func(r rows) error {
			var id, at int64
			if err := r.Scan(&id, &at); err != nil {
				return err
			}
			if p := s.placeOf(at); p.connector == own {
				scope := s.pathOf(p.scope)
				byScope[scope] = append(byScope[scope], id)
			}
			return nil
		})
		if err != nil {
			return fail(err)
		}
	}
	var total Applied
	for scope, list := range byScope {
		for part := range slices.Chunk(list, MaxBatch) {
			a, err := s.remove(ctx, scope, part)
			if err != nil {
				return fail(err)
			}
			total = total.Add(a)
		}
	}
	return total, nil
}
