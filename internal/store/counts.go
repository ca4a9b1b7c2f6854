package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bulwarksec/bulwark"
)

// Scopes returns the tree of scopes, sorted by path: the leaves that hold
// assets and the groups above them. A scope has the name and kind that its
// connector told, else those that its path tells.
func (s *Store) Scopes(ctx context.Context) ([]bulwark.Scope, error) {
	nodes := map[string]*bulwark.Scope{}
	err := each(ctx, s.r, "SELECT path, name, kind, assets FROM scopes", nil, func(r rows) error {
		var path, name, kind string
		var n int64
		if err := r.Scan(&path, &name, &kind, &n); err != nil {
			return err
		}
		for i := 0; i <= len(path); i++ { // every prefix that ends at a / is a node
			if i < len(path) && (path[i] != '/' || i == 0 || path[i-1] == '/') {
				continue
			}
			p := path[:i]
			if nodes[p] == nil {
				nodes[p] = &bulwark.Scope{Path: p, Name: lastName(p), Kind: "group"}
			}
			nodes[p].Assets += n
		}
		nodes[path].Kind = cmp.Or(kind, kindOfScope(path))
		nodes[path].Name = cmp.Or(name, nodes[path].Name)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store: list scopes: %w", err)
	}
	out := make([]bulwark.Scope, 0, len(nodes))
	for _, n := range nodes {
		if n.Assets > 0 || n.Kind != "group" {
			out = append(out, *n)
		}
	}
	slices.SortFunc(out, func(a, b bulwark.Scope) int { return cmp.Compare(a.Path, b.Path) })
	return out, nil
}

func lastName(path string) string {
	for i := len(path) - 2; i >= 0; i-- {
		if path[i] == '/' {
			return path[i+1:]
		}
	}
	return path
}

var scopeKinds = map[string]string{"aws": "account", "azure": "subscription", "gcp": "project", "kubernetes": "cluster", "host": "host", "code": "repository"}

func kindOfScope(path string) string {
	for i := range len(path) {
		if path[i] == '/' {
			if k, ok := scopeKinds[path[:i]]; ok {
				return k
			}
			break
		}
	}
	return "group"
}

// Counts returns the counters of every leaf scope below the scopes, sorted by
// scope, kind and id, those of no assets left out.
func (s *Store) Counts(ctx context.Context, scopes []string) ([]bulwark.Count, error) {
	f := &filter{}
	f.scopes("scope", scopes)
	f.add("(healthy <> 0 OR unhealthy <> 0 OR unknown <> 0 OR inapplicable <> 0)")
	var out []bulwark.Count
	err := each(ctx, s.r, "SELECT scope, kind, word, healthy, unhealthy, unknown, inapplicable FROM counts WHERE "+f.where(), f.args, func(r rows) error {
		var scope, kind, word int64
		var c bulwark.Count
		if err := r.Scan(&scope, &kind, &word, &c.Healthy, &c.Unhealthy, &c.Unknown, &c.NotApplicable); err != nil {
			return err
		}
		c.Scope, c.Kind, c.ID = s.pathOf(scope), countKinds[kind], s.word(word)
		out = append(out, c)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store: read counters: %w", err)
	}
	sortCounts(out)
	return out, nil
}

func sortCounts(list []bulwark.Count) {
	slices.SortFunc(list, func(a, b bulwark.Count) int {
		return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID))
	})
}

// EachStates yields the states of every judged asset below the scopes,
// exemptions in force included, in no order. An error of yield stops and is
// returned.
func (s *Store) EachStates(ctx context.Context, scopes []string, yield func(*bulwark.States) error) error {
	f := &filter{}
	f.scopes("p.scope", scopes)
	x := s.exempt.get()
	err := s.eachJudged(ctx, s.r, f.where(), f.args, func(chunk []judgedRow) error {
		for _, j := range chunk {
			var findings []*findingRow
			if x.single[j.public] {
				var err error
				if findings, err = s.openFindings(ctx, j.id); err != nil {
					return err
				}
			}
			if err := yield(s.statesOf(x, j.public, s.pathOf(j.scope), j.layout, j.states, findings)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store: read states: %w", err)
	}
	return nil
}

// Difference is a counter that is not what a recount says: a bug.
type Difference struct {
	bulwark.CountKey
	Stored, Counted bulwark.Tally
}

// Recount counts one scope afresh and returns where its counters differ,
// within one transaction of the scope. Nothing is changed. An unknown scope is
// ErrNotFound.
func (s *Store) Recount(ctx context.Context, scope string) ([]Difference, error) {
	var out []Difference
	id := s.scopeID(scope)
	if id == 0 {
		return nil, fmt.Errorf("store: recount %s: %w", scope, bulwark.ErrNotFound)
	}
	if s.know.Load().Delta == nil {
		return nil, nil
	}
	err := s.w.do(ctx, s.w.bulk, &job{change: func(ctx context.Context, c conn) error {
		if err := c.exec(ctx, "UPDATE scopes SET epoch = epoch + 1 WHERE id = $1", id); err != nil {
			return err
		}
		t := &tally{}
		if err := t.start(ctx, c, s); err != nil {
			return err
		}
		err := s.eachJudged(ctx, c, "p.scope = $1", []any{id}, func(chunk []judgedRow) error {
			return t.recount(ctx, chunk)
		})
		if err != nil {
			return err
		}
		out, err = t.compare(ctx, id)
		return err
	}})
	if err != nil {
		return nil, fmt.Errorf("store: recount %s: %w", scope, err)
	}
	return out, nil
}

// recountAll makes all counters afresh.
func (t *tally) recountAll(ctx context.Context, c conn, s *Store, arithmetic string) error {
	if err := t.start(ctx, c, s); err != nil {
		return err
	}
	if err := t.lockScopes(ctx, bulwark.Exemption{}); err != nil {
		return err
	}
	if err := c.exec(ctx, "DELETE FROM counts"); err != nil {
		return err
	}
	if err := s.eachJudged(ctx, c, "1 = 1", nil, func(chunk []judgedRow) error { return t.recount(ctx, chunk) }); err != nil {
		return err
	}
	if err := c.exec(ctx, "INSERT INTO settings (name, value) VALUES ('arithmetic', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value", []byte(arithmetic)); err != nil {
		return err
	}
	return t.finish(ctx, "")
}

func (t *tally) recount(ctx context.Context, chunk []judgedRow) error {
	ids := make([]int64, 0, len(chunk))
	for _, j := range chunk {
		if t.exempt.single[j.public] {
			ids = append(ids, j.id)
		}
	}
	found, err := t.findingsOf(ctx, ids)
	if err != nil {
		return err
	}
	for _, j := range chunk {
		t.count(nil, t.s.statesOf(t.exempt, j.public, t.s.pathOf(j.scope), j.layout, j.states, found[j.id]))
	}
	return nil
}

func (t *tally) compare(ctx context.Context, scope int64) ([]Difference, error) {
	differ := map[bulwark.CountKey]Difference{}
	for k, n := range t.counts {
		differ[k] = Difference{CountKey: k, Counted: n}
	}
	err := each(ctx, t.c, "SELECT kind, word, healthy, unhealthy, unknown, inapplicable FROM counts WHERE scope = $1", []any{scope}, func(r rows) error {
		var kind, word int64
		var n bulwark.Tally
		if err := r.Scan(&kind, &word, &n.Healthy, &n.Unhealthy, &n.Unknown, &n.NotApplicable); err != nil {
			return err
		}
		k := bulwark.CountKey{Scope: t.s.pathOf(scope), Kind: countKinds[kind], ID: t.s.word(word)}
		d := differ[k]
		d.CountKey, d.Stored = k, n
		differ[k] = d
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []Difference
	for _, d := range differ {
		if d.Stored != d.Counted {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b Difference) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}

// AddScorePoint records a scope's score, unless the last point says the same.
// It reports whether it did.
func (s *Store) AddScorePoint(ctx context.Context, p bulwark.ScorePoint) (added bool, err error) {
	err = s.write(ctx, func(ctx context.Context, c conn) error {
		var current, possible float64
		found, err := one(ctx, c, "SELECT current, possible FROM score_points WHERE scope = $1 ORDER BY at DESC LIMIT 1", []any{p.Scope}, &current, &possible)
		if err != nil || found && current == p.Current && possible == p.Max {
			return err
		}
		added = true
		return c.exec(ctx, "INSERT INTO score_points (scope, at, current, possible) VALUES ($1, $2, $3, $4) ON CONFLICT (scope, at) DO UPDATE SET current = excluded.current, possible = excluded.possible",
			p.Scope, millis(p.At), p.Current, p.Max)
	})
	if err != nil {
		return false, fmt.Errorf("store: record score of %q: %w", p.Scope, err)
	}
	return added, nil
}

// ScoreHistory returns the points recorded for exactly this scope ("" is
// everything) since then, oldest first.
func (s *Store) ScoreHistory(ctx context.Context, scope string, since time.Time) ([]bulwark.ScorePoint, error) {
	var out []bulwark.ScorePoint
	err := each(ctx, s.r, "SELECT at, current, possible FROM score_points WHERE scope = $1 AND at >= $2 ORDER BY at", []any{scope, millis(since)}, func(r rows) error {
		var at int64
		p := bulwark.ScorePoint{Scope: scope}
		err := r.Scan(&at, &p.Current, &p.Max)
		p.At = instant(at)
		out = append(out, p)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: read score history of %q: %w", scope, err)
	}
	return out, nil
}
