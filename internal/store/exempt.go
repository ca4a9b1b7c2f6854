package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/bulwarksec/bulwark"
)

func (s *Store) loadExemptions(ctx context.Context, q querier) error {
	var list []bulwark.Exemption
	err := s.each(ctx, q, func(r *sql.Rows) error {
		var body string
		if err := r.Scan(&body); err != nil {
			return err
		}
		var e bulwark.Exemption
		err := json.Unmarshal([]byte(body), &e)
		list = append(list, e)
		return err
	}, `SELECT body FROM exemptions WHERE active = 1 ORDER BY created, id`)
	if err != nil {
		return fmt.Errorf("store: read exemptions: %w", err)
	}
	s.mu.Lock()
	s.exempt = list
	s.mu.Unlock()
	return nil
}

func (s *Store) hasExemptions() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.exempt) > 0
}

// within reports whether path is the scope or lies below it; "" is everything.
func within(path, scope string) bool {
	return scope == "" || path == scope || strings.HasPrefix(path, scope+"/")
}

// applies reports whether an exemption covers a check on an asset as a whole.
func applies(e *bulwark.Exemption, check, asset, scope string) bool {
	return e.Finding == "" && (e.Check == "" || e.Check == check) && (e.Asset == "" || e.Asset == asset) && within(scope, e.Scope) && (e.Asset != "" || e.Check != "" || e.Scope != "")
}

// exemptFinding returns the id and category of the exemption in force on a
// finding: its own, else its asset's, else the latest of its check and scope.
func (s *Store) exemptFinding(check, asset, scope, key string) (string, bulwark.ExemptionCategory) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var best *bulwark.Exemption
	for i := range s.exempt {
		e := &s.exempt[i]
		switch {
		case e.Finding != "" && e.Finding == key:
			return e.ID, e.Category
		case applies(e, check, asset, scope) && (best == nil || best.Asset == "" || e.Asset != ""):
			best = e
		}
	}
	if best == nil {
		return "", ""
	}
	return best.ID, best.Category
}

// exemptAssessment returns the category with which an assessment counts. Where
// only single findings are exempt, it does when all of them are.
func (s *Store) exemptAssessment(asset, scope string, a bulwark.Assessment) bulwark.ExemptionCategory {
	if !s.hasExemptions() || a.State != bulwark.Unhealthy && a.State != bulwark.Undetermined {
		return ""
	}
	instances := a.Instances
	if len(instances) == 0 {
		instances = []bulwark.Instance{{}}
	}
	var category bulwark.ExemptionCategory
	for _, in := range instances {
		_, c := s.exemptFinding(a.Check, asset, scope, bulwark.FindingID(a.Check, asset, in.Key))
		if c == "" {
			return ""
		}
		if category == "" || c == bulwark.Waiver {
			category = c
		}
	}
	return category
}

// Exemptions returns those whose scope lies below the scopes, newest first.
func (s *Store) Exemptions(ctx context.Context, scopes []string, p bulwark.Page) ([]bulwark.Exemption, string, error) {
	var all []bulwark.Exemption
	err := s.each(ctx, s.read, func(r *sql.Rows) error {
		var body string
		if err := r.Scan(&body); err != nil {
			return err
		}
		var e bulwark.Exemption
		if err := json.Unmarshal([]byte(body), &e); err != nil {
			return err
		}
		for _, scope := range orAll(scopes) {
			if within(e.Scope, scope) {
				all = append(all, e)
				break
			}
		}
		return nil
	}, `SELECT body FROM exemptions ORDER BY created DESC, id`)
	if err != nil {
		return nil, "", fmt.Errorf("store: list exemptions: %w", err)
	}
	return cut(all, p, func(e bulwark.Exemption) string { return e.ID })
}

func orAll(scopes []string) []string {
	if len(scopes) == 0 {
		return []string{""}
	}
	return scopes
}

// cut pages through a list in memory, by the key of the last item.
func cut[T any](all []T, p bulwark.Page, key func(T) string) ([]T, string, error) {
	limit := pageLimit(p)
	start := 0
	if p.Cursor != "" {
		start = -1
		for i, item := range all {
			if key(item) == p.Cursor {
				start = i + 1
			}
		}
		if start < 0 {
			return nil, "", fmt.Errorf("%w: cursor", bulwark.ErrInvalid)
		}
	}
	end := min(start+limit, len(all))
	next := ""
	if end < len(all) && end > start {
		next = key(all[end-1])
	}
	return all[start:end], next, nil
}

// Exemption returns one exemption.
func (s *Store) Exemption(ctx context.Context, id string) (bulwark.Exemption, error) {
	var body string
	var e bulwark.Exemption
	if err := s.read.QueryRowContext(ctx, `SELECT body FROM exemptions WHERE id = $1`, id).Scan(&body); err != nil {
		return e, fmt.Errorf("store: exemption %s: %w", id, kind(err))
	}
	return e, json.Unmarshal([]byte(body), &e)
}

// AddExemption adds an exemption, and changes counters and findings with it.
func (s *Store) AddExemption(ctx context.Context, e bulwark.Exemption) error {
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	err = s.changeExemptions(ctx, func(tx querier) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO exemptions (id, body, active, created, expires) VALUES ($1, $2, 1, $3, $4)`, e.ID, string(body), micros(e.Created), micros(e.Expires))
		return kind(err)
	}, e)
	if err != nil {
		return fmt.Errorf("store: add exemption %s: %w", e.ID, err)
	}
	return nil
}

// DeleteExemption deletes an exemption, and changes counters and findings.
func (s *Store) DeleteExemption(ctx context.Context, id string) error {
	e, err := s.Exemption(ctx, id)
	if err != nil {
		return err
	}
	err = s.changeExemptions(ctx, func(tx querier) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM exemptions WHERE id = $1`, id)
		return kind(err)
	}, e)
	if err != nil {
		return fmt.Errorf("store: delete exemption %s: %w", id, err)
	}
	return nil
}

// ExpireExemptions ends the exemptions whose time has come and returns them.
func (s *Store) ExpireExemptions(ctx context.Context) ([]bulwark.Exemption, error) {
	now := s.opts.Now()
	var due []bulwark.Exemption
	s.mu.RLock()
	for _, e := range s.exempt {
		if !e.Expires.IsZero() && !e.Expires.After(now) {
			due = append(due, e)
		}
	}
	s.mu.RUnlock()
	for _, e := range due {
		err := s.changeExemptions(ctx, func(tx querier) error {
			_, err := tx.ExecContext(ctx, `UPDATE exemptions SET active = 0 WHERE id = $1`, e.ID)
			return kind(err)
		}, e)
		if err != nil {
			return nil, fmt.Errorf("store: expire exemption %s: %w", e.ID, err)
		}
	}
	return due, nil
}

// changeExemptions changes the exemptions and, in the same transaction, the
// counters and findings of the assets that one concerns.
func (s *Store) changeExemptions(ctx context.Context, change func(querier) error, e bulwark.Exemption) error {
	before := s.exemptions()
	err := s.tx(ctx, true, func(tx *sql.Tx) error {
		list, err := s.concerned(ctx, tx, e)
		if err != nil {
			return err
		}
		was := make([]*bulwark.States, len(list))
		for i, m := range list {
			if was[i], err = s.statesOf(m.key, s.pathOf(m.scopeID, nil), s.checksOf(m.layout), m.states, m.evidence); err != nil {
				return err
			}
		}
		if err := change(tx); err != nil {
			return err
		}
		if err := s.loadExemptions(ctx, tx); err != nil {
			return err
		}
		counts := map[bulwark.CountKey]bulwark.Tally{}
		for i, m := range list {
			is, err := s.statesOf(m.key, s.pathOf(m.scopeID, nil), s.checksOf(m.layout), m.states, m.evidence)
			if err != nil {
				return err
			}
			for _, c := range s.opts.Delta(was[i], is) {
				counts[c.CountKey] = counts[c.CountKey].Add(c.Tally)
			}
			if err := s.overlay(ctx, tx, m); err != nil {
				return err
			}
		}
		if err := writeCounts(ctx, s, tx, counts); err != nil {
			return err
		}
		return enqueue(ctx, tx, "exemptions.changed", []byte(`{}`), micros(s.opts.Now()))
	})
	if err != nil {
		s.mu.Lock()
		s.exempt = before
		s.mu.Unlock()
	}
	return err
}

func (s *Store) exemptions() []bulwark.Exemption {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.exempt
}

// concerned returns the assets that an exemption may touch.
func (s *Store) concerned(ctx context.Context, tx querier, e bulwark.Exemption) ([]missed, error) {
	query := `SELECT a.id, a.scope_id, a.layout_id, a.key, a.states, a.evidence FROM assets a JOIN scopes sc ON sc.id = a.scope_id WHERE a.gone = 0 AND (a.unhealthy > 0 OR a.unknown > 0)`
	var args []any
	switch {
	case e.Finding != "":
		query += ` AND a.id IN (SELECT asset_id FROM findings WHERE key = $1)`
		args = append(args, e.Finding)
	case e.Asset != "":
		query += ` AND a.key = $1`
		args = append(args, e.Asset)
	case e.Scope != "":
		query += ` AND (sc.path = $1 OR sc.path LIKE $2 ESCAPE '!')`
		args = append(args, e.Scope, likePrefix(e.Scope+"/"))
	}
	var out []missed
	err := s.each(ctx, tx, func(r *sql.Rows) error {
		var m missed
		err := r.Scan(&m.id, &m.scopeID, &m.layout, &m.key, &m.states, &m.evidence)
		out = append(out, m)
		return err
	}, query, args...)
	return out, err
}

// overlay writes on the findings of an asset which exemption is in force.
func (s *Store) overlay(ctx context.Context, tx querier, m missed) error {
	type row struct {
		id              int64
		key, check, was string
	}
	var rows []row
	err := s.each(ctx, tx, func(r *sql.Rows) error {
		var x row
		err := r.Scan(&x.id, &x.key, &x.check, &x.was)
		rows = append(rows, x)
		return err
	}, `SELECT f.id, f.key, c.name, f.exemption FROM findings f JOIN checks c ON c.id = f.check_id WHERE f.asset_id = $1 AND f.open = 1`, m.id)
	if err != nil {
		return err
	}
	for _, x := range rows {
		if is, _ := s.exemptFinding(x.check, m.key, s.pathOf(m.scopeID, nil), x.key); is != x.was {
			if _, err := tx.ExecContext(ctx, `UPDATE findings SET exemption = $1 WHERE id = $2`, is, x.id); err != nil {
				return kind(err)
			}
		}
	}
	return nil
}
