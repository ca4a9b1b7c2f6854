package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/bulwarksec/bulwark"
)

// exemptions are those in force, as one transaction sees them. It is
// immutable.
type exemptions struct {
	version int64
	list    []*exemption          // of no single finding, most specific first
	finding map[string]*exemption // by finding
	single  map[string]bool       // assets with an exempt single finding
}

type exemption struct {
	bulwark.Exemption
	id int64
}

// specificity orders exemptions: an asset's before a scope's, longer scopes
// first, one check's before all checks', older first.
func specificity(a, b *exemption) int {
	return cmp.Or(
		cmp.Compare(bit(b.Asset != ""), bit(a.Asset != "")),
		cmp.Compare(len(b.Scope), len(a.Scope)),
		cmp.Compare(bit(b.Check != ""), bit(a.Check != "")),
		cmp.Compare(a.id, b.id))
}

// under reports whether a path lies below a scope, or is it; "" is everything.
func under(path, scope string) bool {
	return scope == "" || path == scope || strings.HasPrefix(path, scope) && path[len(scope)] == '/'
}

// matches reports whether an exemption of no single finding applies.
func (e *exemption) matches(asset, path, check string) bool {
	if e.Check != "" && e.Check != check {
		return false
	}
	if e.Asset != "" {
		return e.Asset == asset
	}
	return under(path, e.Scope)
}

// over returns the most specific exemption of a whole assessment, or nil.
func (x *exemptions) over(asset, path, check string) *exemption {
	for _, e := range x.list {
		if e.matches(asset, path, check) {
			return e
		}
	}
	return nil
}

// overFinding returns the number of the exemption of a finding, 0 for none.
func (x *exemptions) overFinding(asset, path, check, instance string) int64 {
	if len(x.finding) > 0 {
		if e := x.finding[bulwark.FindingID(check, asset, instance)]; e != nil {
			return e.id
		}
	}
	if e := x.over(asset, path, check); e != nil {
		return e.id
	}
	return 0
}

// overAll returns the category of an assessment whose open findings are all
// exempt one by one: mitigated if all are, else waiver.
func (x *exemptions) overAll(asset, check string, rule int64, findings []*findingRow) bulwark.ExemptionCategory {
	category := bulwark.ExemptionCategory("")
	for _, f := range findings {
		if f.rule != rule || f.state != rowOpen {
			continue
		}
		e := x.finding[bulwark.FindingID(check, asset, f.instance)]
		switch {
		case e == nil:
			return ""
		case category == "" || e.Category == bulwark.Waiver:
			category = e.Category
		}
	}
	return category
}

// exempter keeps the exemptions in force in memory.
type exempter struct {
	mu  sync.RWMutex
	now *exemptions
}

func (x *exempter) get() *exemptions {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.now
}

func (x *exempter) set(e *exemptions) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.now = e
}

func (x *exempter) reload(ctx context.Context, q querier) error {
	e, err := readExemptions(ctx, q)
	if err == nil {
		x.set(e)
	}
	return err
}

// current returns the exemptions as a transaction sees them, read again when
// another process has changed them.
func (x *exempter) current(ctx context.Context, c conn) (*exemptions, error) {
	version, err := exemptionVersion(ctx, c)
	if err != nil {
		return nil, err
	}
	if now := x.get(); now.version == version {
		return now, nil
	}
	return readExemptions(ctx, c)
}

// exemptionVersion changes whenever exemptions do.
func exemptionVersion(ctx context.Context, q querier) (version int64, err error) {
	if _, err = one(ctx, q, "SELECT next FROM sequences WHERE name = 'exemptions'", nil, &version); err != nil {
		return 0, fmt.Errorf("read version of exemptions: %w", err)
	}
	return version, nil
}

func readExemptions(ctx context.Context, q querier) (*exemptions, error) {
	version, err := exemptionVersion(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &exemptions{version: version, finding: map[string]*exemption{}, single: map[string]bool{}}
	err = each(ctx, q, "SELECT id, data FROM exemptions WHERE ended = 0 ORDER BY id", nil, func(r rows) error {
		e := &exemption{}
		var data string
		if err := r.Scan(&e.id, &data); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(data), &e.Exemption); err != nil {
			return fmt.Errorf("exemption %d: %w", e.id, err)
		}
		if e.Finding != "" {
			out.finding[e.Finding] = e
			out.single[e.Asset] = true
		} else {
			out.list = append(out.list, e)
		}
		return nil
	})
	slices.SortStableFunc(out.list, specificity)
	if err != nil {
		return nil, fmt.Errorf("read exemptions: %w", err)
	}
	return out, nil
}

// AddExemption puts an exemption in force: counts and findings change in the
// same transaction. A known ID is ErrConflict; one of a finding gets the
// finding's check, asset and scope, and one of an asset the asset's scope.
func (s *Store) AddExemption(ctx context.Context, e bulwark.Exemption) error {
	return s.AddExemptions(ctx, []bulwark.Exemption{e})
}

// AddExemptions does so with several in one transaction: all or none.
func (s *Store) AddExemptions(ctx context.Context, list []bulwark.Exemption) error {
	list = slices.Clone(list)
	data := make([]string, len(list))
	for i := range list {
		e := &list[i]
		if err := s.completeExemption(ctx, e); err != nil {
			return fmt.Errorf("store: add exemption %s: %w", e.ID, err)
		}
		text, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("store: add exemption %s: %w", e.ID, err)
		}
		data[i] = string(text)
	}
	err := s.changeExemptions(ctx, func(ctx context.Context, c conn, id int64) ([]bulwark.Exemption, error) {
		for i, e := range list {
			if i > 0 {
				var err error
				if id, err = s.next(ctx, c, "exemptions", 1); err != nil {
					return nil, err
				}
			}
			taken, err := one(ctx, c, "SELECT id FROM exemptions WHERE public = $1", []any{e.ID}, new(int64))
			if err != nil {
				return nil, err
			}
			if taken {
				return nil, refuse(bulwark.ErrConflict, "the id %s is taken", e.ID)
			}
			if err := c.exec(ctx, "INSERT INTO exemptions (id, public, created, expires, ended, data) VALUES ($1, $2, $3, $4, 0, $5)", id, e.ID, millis(e.Created), millis(e.Expires), data[i]); err != nil {
				return nil, err
			}
		}
		return list, nil
	})
	if err != nil {
		return fmt.Errorf("store: add %d exemptions: %w", len(list), err)
	}
	return nil
}

// completeExemption checks an exemption and completes what it applies to.
func (s *Store) completeExemption(ctx context.Context, e *bulwark.Exemption) error {
	if e.ID == "" || e.Check == "" && e.Scope == "" && e.Asset == "" && e.Finding == "" {
		return fmt.Errorf("%w: it has no id or names nothing", bulwark.ErrInvalid)
	}
	if e.Category != bulwark.Waiver && e.Category != bulwark.Mitigated {
		return fmt.Errorf("%w: category %q", bulwark.ErrInvalid, e.Category)
	}
	e.Reason, e.Author = clean(e.Reason), clean(e.Author)
	return s.locate(ctx, e)
}

// locate completes what an exemption applies to.
func (s *Store) locate(ctx context.Context, e *bulwark.Exemption) error {
	if e.Finding != "" {
		f, err := s.Finding(ctx, e.Finding)
		if err != nil {
			return err
		}
		e.Check, e.Asset, e.Scope = f.Check, f.Asset, f.Row.Scope
		return nil
	}
	if e.Asset == "" {
		return nil
	}
	list, err := s.AssetRows(ctx, []string{e.Asset})
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return fmt.Errorf("asset %s: %w", e.Asset, bulwark.ErrNotFound)
	}
	e.Scope = list[0].Scope
	return nil
}

// DeleteExemption ends an exemption and forgets it.
func (s *Store) DeleteExemption(ctx context.Context, id string) error {
	err := s.changeExemptions(ctx, func(ctx context.Context, c conn, _ int64) ([]bulwark.Exemption, error) {
		var data string
		var ended int64
		found, err := one(ctx, c, "SELECT data, ended FROM exemptions WHERE public = $1", []any{id}, &data, &ended)
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, refuse(bulwark.ErrNotFound, "no such exemption")
		}
		var e bulwark.Exemption
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			return nil, err
		}
		if err := c.exec(ctx, "DELETE FROM exemptions WHERE public = $1", id); err != nil || ended != 0 {
			return nil, err
		}
		return []bulwark.Exemption{e}, nil
	})
	if err != nil {
		return fmt.Errorf("store: delete exemption %s: %w", id, err)
	}
	return nil
}

// ExpireExemptions ends those whose time has come, and returns them. They stay
// listed.
func (s *Store) ExpireExemptions(ctx context.Context) ([]bulwark.Exemption, error) {
	now := s.now()
	var due int64
	if _, err := one(ctx, s.r, "SELECT COUNT(*) FROM exemptions WHERE ended = 0 AND expires > 0 AND expires <= $1", []any{now}, &due); err != nil || due == 0 {
		return nil, err
	}
	var ended []bulwark.Exemption
	err := s.changeExemptions(ctx, func(ctx context.Context, c conn, _ int64) ([]bulwark.Exemption, error) {
		var list []bulwark.Exemption
		err := each(ctx, c, "SELECT data FROM exemptions WHERE ended = 0 AND expires > 0 AND expires <= $1 ORDER BY id", []any{now}, func(r rows) error {
			var data string
			var e bulwark.Exemption
			if err := r.Scan(&data); err != nil {
				return err
			}
			err := json.Unmarshal([]byte(data), &e)
			list = append(list, e)
			return err
		})
		if err != nil {
			return nil, err
		}
		ended = list
		return list, c.exec(ctx, "UPDATE exemptions SET ended = $1 WHERE ended = 0 AND expires > 0 AND expires <= $2", now, now)
	})
	if err != nil {
		return nil, fmt.Errorf("store: expire exemptions: %w", err)
	}
	return ended, nil
}

// changeExemptions makes a change and brings counts and findings of what the
// returned exemptions touch up to date, in one transaction.
func (s *Store) changeExemptions(ctx context.Context, change func(ctx context.Context, c conn, id int64) ([]bulwark.Exemption, error)) error {
	t := &tally{}
	var after *exemptions
	j := &job{change: func(ctx context.Context, c conn) error {
		if err := t.start(ctx, c, s); err != nil {
			return err
		}
		id, err := s.next(ctx, c, "exemptions", 1)
		if err != nil {
			return err
		}
		touched, err := change(ctx, c, id)
		if err != nil {
			return err
		}
		if after, err = readExemptions(ctx, c); err != nil {
			return err
		}
		seen := map[int64]bool{}
		for _, e := range touched {
			if err := t.overlay(ctx, e, after, seen); err != nil {
				return err
			}
		}
		return t.finish(ctx, "")
	}, after: func() {
		s.exempt.set(after)
		t.committed()
	}}
	return s.w.do(ctx, s.w.single, j)
}
