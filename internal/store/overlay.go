package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/bulwarksec/bulwark"
)

// judgedRow is a judged asset as counting needs it.
type judgedRow struct {
	id, scope, layout int64
	public            string
	states            []byte
}

// eachJudged yields the judged assets that a condition selects, in chunks read
// to their end before any is yielded, so that no statement stays open.
func (s *Store) eachJudged(ctx context.Context, q querier, where string, args []any, yield func([]judgedRow) error) error {
	var last int64
	for {
		var chunk []judgedRow
		text := fmt.Sprintf(`SELECT a.id, p.scope, v.layout, a.public, v.states FROM verdicts v JOIN assets a ON a.id = v.asset JOIN places p ON p.id = a.place
 WHERE v.asset > $%d AND %s ORDER BY v.asset LIMIT 1000`, len(args)+1, where)
		err := each(ctx, q, text, append(args[:len(args):len(args)], last), func(r rows) error {
			var j judgedRow
			err := r.Scan(&j.id, &j.scope, &j.layout, &j.public, &j.states)
			chunk = append(chunk, j)
			return err
		})
		if err != nil {
			return err
		}
		if len(chunk) == 0 {
			return nil
		}
		if err := yield(chunk); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		last = chunk[len(chunk)-1].id
	}
}

// overlay brings counts and findings of all that an exemption touches from the
// transaction's exemptions to new ones, each asset once.
func (t *tally) overlay(ctx context.Context, e bulwark.Exemption, after *exemptions, seen map[int64]bool) error {
	where, args := "1 = 1", []any{}
	switch {
	case e.Asset != "":
		where, args = "a.hash = $1 AND a.public = $2", []any{hash64(e.Asset), e.Asset}
	case e.Scope != "":
		where, args = "p.scope IN (SELECT id FROM scopes WHERE path = $1 OR path >= $2 AND path < $3)", []any{e.Scope, e.Scope + "/", e.Scope + "0"}
	}
	if err := t.lockScopes(ctx, e); err != nil {
		return err
	}
	err := t.s.eachJudged(ctx, t.c, where, args, func(chunk []judgedRow) error {
		ids := make([]int64, 0, len(chunk))
		for _, j := range chunk {
			if !seen[j.id] {
				ids = append(ids, j.id)
			}
		}
		found, err := t.findingsOf(ctx, ids)
		if err != nil {
			return err
		}
		for _, j := range chunk {
			if seen[j.id] {
				continue
			}
			seen[j.id] = true
			if err := t.overlayAsset(ctx, j, found[j.id], after); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("apply exemption: %w", err)
	}
	return nil
}

// lockScopes serialises with the writers of all scopes that an exemption
// touches, in the order of their ids.
func (t *tally) lockScopes(ctx context.Context, e bulwark.Exemption) error {
	var ids []int64
	err := each(ctx, t.c, "SELECT id FROM scopes WHERE $1 = '' OR path = $2 OR path >= $3 AND path < $4 ORDER BY id", []any{e.Scope, e.Scope, e.Scope + "/", e.Scope + "0"}, func(r rows) error {
		var id int64
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := t.c.exec(ctx, "UPDATE scopes SET epoch = epoch + 1 WHERE id = $1", id); err != nil {
			return err
		}
	}
	return nil
}

func (t *tally) overlayAsset(ctx context.Context, j judgedRow, findings []*findingRow, after *exemptions) error {
	path := t.s.pathOf(j.scope)
	before := t.s.statesOf(t.exempt, j.public, path, j.layout, j.states, findings)
	t.count(before, t.s.statesOf(after, j.public, path, j.layout, j.states, findings))
	for _, f := range findings {
		if f.state != rowOpen {
			continue
		}
		was := *f
		f.exempted = after.overFinding(j.public, path, t.s.word(f.rule), f.instance)
		if err := t.updateFinding(ctx, &was, f); err != nil {
			return err
		}
	}
	return nil
}

// Exemptions returns those whose scope lies below the scopes, newest first,
// expired ones included.
func (s *Store) Exemptions(ctx context.Context, scopes []string, p bulwark.Page) ([]bulwark.Exemption, string, error) {
	sel, err := newSelect(p, "id", map[string]sortColumn{"": {column: "id", desc: true, number: true}})
	if err != nil {
		return nil, "", fmt.Errorf("store: list exemptions: %w", err)
	}
	out := []bulwark.Exemption{}
	for { // few: those of other scopes are left out here
		var list []bulwark.Exemption
		var ids []int64
		f := &filter{}
		text := "SELECT id, data FROM exemptions " + sel.clause(f)
		err := each(ctx, s.r, text, f.args, func(r rows) error {
			var id int64
			var data string
			var e bulwark.Exemption
			if err := r.Scan(&id, &data); err != nil {
				return err
			}
			ids = append(ids, id)
			err := json.Unmarshal([]byte(data), &e)
			list = append(list, e)
			return err
		})
		if err != nil {
			return nil, "", fmt.Errorf("store: list exemptions: %w", err)
		}
		for i, e := range list[:min(len(list), sel.limit)] {
			if len(scopes) == 0 || anyUnder(e.Scope, scopes) {
				out = append(out, e)
			}
			more := i+1 < len(list)
			if len(out) == sel.limit && more {
				return out, sel.cursor(ids[i], ids[i]), nil
			}
		}
		if len(list) <= sel.limit {
			return out, "", nil
		}
		sel.after(ids[sel.limit-1], ids[sel.limit-1])
	}
}

func anyUnder(path string, scopes []string) bool {
	for _, s := range scopes {
		if under(path, s) {
			return true
		}
	}
	return false
}

// Exemption returns the exemption of an id.
func (s *Store) Exemption(ctx context.Context, id string) (bulwark.Exemption, error) {
	var e bulwark.Exemption
	var data string
	found, err := one(ctx, s.r, "SELECT data FROM exemptions WHERE public = $1", []any{id}, &data)
	if err == nil && !found {
		err = bulwark.ErrNotFound
	}
	if err == nil {
		err = json.Unmarshal([]byte(data), &e)
	}
	if err != nil {
		return e, fmt.Errorf("store: read exemption %s: %w", id, err)
	}
	return e, nil
}
