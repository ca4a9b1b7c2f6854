package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// MaxBatch is the most verdicts that one Apply takes.
const MaxBatch = 500

// Applied says what a batch changed.
type Applied struct {
	Changed  int // assets whose configuration or verdict differs
	Dropped  int // verdicts older than the stored one
	Opened   int // findings, reopened ones included
	Resolved int // findings
}

// Apply stores the verdicts of one leaf scope in one transaction: what differs
// of assets, history, verdicts and findings, the changes of the counters, and
// one outbox row. Applying it again changes nothing.
func (s *Store) Apply(ctx context.Context, scope string, verdicts []bulwark.Verdict) (Applied, error) {
	if len(verdicts) > MaxBatch {
		return Applied{}, fmt.Errorf("store: apply %d verdicts of %s: %w: at most %d", len(verdicts), scope, bulwark.ErrInvalid, MaxBatch)
	}
	b := &batch{s: s, now: micros(s.opts.Now()), counts: map[bulwark.CountKey]bulwark.Tally{}, layouts: map[int64][]string{}}
	err := s.tx(ctx, len(verdicts) == 1, func(tx *sql.Tx) error {
		b.tx = tx
		var err error
		if b.scopeID, err = s.scopeID(ctx, tx, scope); err != nil {
			return err
		}
		b.scope = scope
		if _, err := tx.ExecContext(ctx, `UPDATE scopes SET epoch = epoch + 1 WHERE id = $1`, b.scopeID); err != nil {
			return kind(err)
		}
		for i := range verdicts {
			if err := b.verdict(ctx, &verdicts[i]); err != nil {
				return fmt.Errorf("asset %s: %w", verdicts[i].Asset.ID, err)
			}
		}
		return b.finish(ctx)
	})
	if err != nil {
		return Applied{}, fmt.Errorf("store: apply %d verdicts of %s: %w", len(verdicts), scope, err)
	}
	s.remember(scope, b.scopeID, b.layouts)
	return b.applied, nil
}

// remember keeps in memory what a committed transaction made.
func (s *Store) remember(scope string, id int64, layouts map[int64][]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scopes[scope], s.paths[id] = id, scope
	for id, checks := range layouts {
		s.layout[id] = checks
	}
}

// scopeID returns the id of a scope, which is made if it is not there.
func (s *Store) scopeID(ctx context.Context, tx querier, scope string) (int64, error) {
	s.mu.RLock()
	id, ok := s.scopes[scope]
	s.mu.RUnlock()
	if ok {
		return id, nil
	}
	err := tx.QueryRowContext(ctx, `INSERT INTO scopes (path) VALUES ($1) ON CONFLICT (path) DO UPDATE SET epoch = scopes.epoch RETURNING id`, scope).Scan(&id)
	return id, kind(err)
}

// batch is one Apply under way.
type batch struct {
	s       *Store
	tx      *sql.Tx
	scope   string
	scopeID int64
	now     int64
	applied Applied
	counts  map[bulwark.CountKey]bulwark.Tally
	layouts map[int64][]string // made by this batch
	changed []string           // asset ids, for the outbox
}

// stored is an asset's row before the change.
type stored struct {
	id, scopeID, version, revision, layout, first, changed, until int64
	stale, gone                                                   int
	digest                                                        string
	config, states, evidence                                      []byte
}

func (b *batch) old(ctx context.Context, key string) (*stored, error) {
	var o stored
	err := b.tx.QueryRowContext(ctx, `SELECT id, scope_id, version, revision, layout_id, first_seen, changed, until, stale, gone, digest, config, states, evidence
		FROM assets WHERE key = $1`, key).Scan(&o.id, &o.scopeID, &o.version, &o.revision, &o.layout, &o.first, &o.changed, &o.until, &o.stale, &o.gone, &o.digest, &o.config, &o.states, &o.evidence)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &o, kind(err)
}

func (b *batch) verdict(ctx context.Context, v *bulwark.Verdict) error {
	old, err := b.old(ctx, v.Asset.ID)
	if err != nil {
		return err
	}
	if old != nil && v.Revision < old.revision {
		b.applied.Dropped++
		return nil
	}
	layout, err := b.layoutID(ctx, v)
	if err != nil {
		return err
	}
	states, evidence, err := b.s.packVerdict(v.Assessments)
	if err != nil {
		return err
	}
	if old != nil && old.gone == 0 && old.stale == 0 && old.digest == v.Digest && old.layout == layout && old.until == micros(v.Until) &&
		bytes.Equal(old.states, states) && bytes.Equal(old.evidence, evidence) {
		return nil
	}
	b.applied.Changed++
	b.changed = append(b.changed, v.Asset.ID)
	id, err := b.writeAsset(ctx, v, old, layout, states, evidence)
	if err != nil {
		return err
	}
	highest, err := b.findings(ctx, id, v, old == nil)
	if err != nil {
		return err
	}
	if _, err := b.tx.ExecContext(ctx, `UPDATE assets SET highest = $1 WHERE id = $2 AND highest <> $1`, highest, id); err != nil {
		return kind(err)
	}
	return b.count(v, old)
}

// count adds how the counters change.
func (b *batch) count(v *bulwark.Verdict, old *stored) error {
	var before *bulwark.States
	if old != nil && old.gone == 0 {
		var err error
		if before, err = b.s.statesOf(v.Asset.ID, b.s.pathOf(old.scopeID, b), b.checksOf(old.layout), old.states, old.evidence); err != nil {
			return err
		}
	}
	after := &bulwark.States{Asset: v.Asset.ID, Scope: b.scope}
	for _, a := range v.Assessments {
		after.Checks = append(after.Checks, a.Check)
		after.States = append(after.States, a.State)
		after.Exempt = append(after.Exempt, b.s.exemptAssessment(v.Asset.ID, b.scope, a))
	}
	for _, c := range b.s.opts.Delta(before, after) {
		b.counts[c.CountKey] = b.counts[c.CountKey].Add(c.Tally)
	}
	return nil
}

func (s *Store) pathOf(id int64, b *batch) string {
	if b != nil && id == b.scopeID {
		return b.scope
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.paths[id]
}

func (b *batch) checksOf(layout int64) []string {
	if checks, ok := b.layouts[layout]; ok {
		return checks
	}
	return b.s.checksOf(layout)
}

func (s *Store) checksOf(layout int64) []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.layout[layout]
}

// layoutID returns the id of the ordered checks of a verdict.
func (b *batch) layoutID(ctx context.Context, v *bulwark.Verdict) (int64, error) {
	names := make([]string, len(v.Assessments))
	for i, a := range v.Assessments {
		names[i] = a.Check
	}
	checks := strings.Join(names, "\n")
	var id int64
	err := b.tx.QueryRowContext(ctx, `SELECT id FROM layouts WHERE type = $1 AND checks = $2`, v.Asset.Type, checks).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		err = b.tx.QueryRowContext(ctx, `INSERT INTO layouts (type, checks) VALUES ($1, $2) RETURNING id`, v.Asset.Type, checks).Scan(&id)
	}
	if err != nil {
		return 0, kind(err)
	}
	b.layouts[id] = names
	return id, nil
}

// packVerdict packs states, and the assessments that need evidence kept.
func (s *Store) packVerdict(list []bulwark.Assessment) (states, evidence []byte, err error) {
	var kept []bulwark.Assessment
	for _, a := range list {
		if a.State == bulwark.Unhealthy || a.State == bulwark.Undetermined {
			kept = append(kept, bulwark.Assessment{Check: a.Check, State: a.State, Because: clean(a.Because, 4096), Evidence: a.Evidence, Instances: a.Instances})
		}
	}
	if len(kept) == 0 {
		return packStates(list), nil, nil
	}
	data, err := json.Marshal(kept)
	if err != nil {
		return nil, nil, err
	}
	return packStates(list), s.pack(data), nil
}

// evidenceOf returns the kept assessments of an asset.
func (s *Store) evidenceOf(key string, packed []byte) ([]bulwark.Assessment, error) {
	data, err := s.unpack(packed)
	if err != nil || len(data) == 0 {
		return nil, err
	}
	var list []bulwark.Assessment
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("store: evidence of %s: %w", key, err)
	}
	for i := range list {
		list[i].Asset = key
	}
	return list, nil
}

// assessmentsOf returns all assessments of an asset, with evidence where kept.
func (s *Store) assessmentsOf(key string, checks []string, packed, evidence []byte) ([]bulwark.Assessment, error) {
	kept, err := s.evidenceOf(key, evidence)
	if err != nil {
		return nil, err
	}
	out := make([]bulwark.Assessment, len(checks))
	for i, state := range unpackStates(packed, len(checks)) {
		out[i] = bulwark.Assessment{Check: checks[i], Asset: key, State: state}
		if j := slices.IndexFunc(kept, func(a bulwark.Assessment) bool { return a.Check == checks[i] }); j >= 0 {
			out[i] = kept[j]
		}
	}
	return out, nil
}

// statesOf returns an asset's stored states with the exemptions in force.
func (s *Store) statesOf(key, scope string, checks []string, packed, evidence []byte) (*bulwark.States, error) {
	st := &bulwark.States{Asset: key, Scope: scope, Checks: checks, States: unpackStates(packed, len(checks))}
	if !s.hasExemptions() {
		return st, nil
	}
	list, err := s.assessmentsOf(key, checks, packed, evidence)
	if err != nil {
		return nil, err
	}
	for _, a := range list {
		st.Exempt = append(st.Exempt, s.exemptAssessment(key, scope, a))
	}
	return st, nil
}

// writeAsset writes the asset's row, its relations and the history of what it
// was, and returns the row's id.
func (b *batch) writeAsset(ctx context.Context, v *bulwark.Verdict, old *stored, layout int64, states, evidence []byte) (int64, error) {
	a := v.Asset
	unhealthy, unknown := 0, 0
	for _, x := range v.Assessments {
		switch x.State {
		case bulwark.Unhealthy:
			unhealthy++
		case bulwark.Undetermined:
			unknown++
		}
	}
	if old != nil && old.digest == v.Digest && old.gone == 0 {
		_, err := b.tx.ExecContext(ctx, `UPDATE assets SET scope_id = $1, connector = $2, stale = 0, revision = $3, layout_id = $4, states = $5, evidence = $6,
			unhealthy = $7, unknown = $8, until = $9 WHERE id = $10`, b.scopeID, a.Connector, v.Revision, layout, states, evidence, unhealthy, unknown, micros(v.Until), old.id)
		return old.id, kind(err)
	}
	rec, err := encodeRecord(a)
	if err != nil {
		return 0, err
	}
	config := b.s.pack(rec)
	var id int64
	if old == nil {
		err = b.tx.QueryRowContext(ctx, `INSERT INTO assets (key, scope_id, type, name, region, connector, digest, config, version, first_seen, changed, revision, layout_id, states, evidence, unhealthy, unknown, highest, until)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $9, $10, $11, $12, $13, $14, $15, 0, $16) RETURNING id`,
			a.ID, b.scopeID, a.Type, clean(a.Name, 1024), clean(a.Region, 128), a.Connector, v.Digest, config, b.now, v.Revision, layout, states, evidence, unhealthy, unknown, micros(v.Until)).Scan(&id)
	} else {
		id = old.id
		if err := b.keepHistory(ctx, a.ID, old, rec); err != nil {
			return 0, err
		}
		_, err = b.tx.ExecContext(ctx, `UPDATE assets SET scope_id = $1, type = $2, name = $3, region = $4, connector = $5, digest = $6, config = $7, version = version + 1, changed = $8,
			stale = 0, gone = 0, revision = $9, layout_id = $10, states = $11, evidence = $12, unhealthy = $13, unknown = $14, until = $15 WHERE id = $16`,
			b.scopeID, a.Type, clean(a.Name, 1024), clean(a.Region, 128), a.Connector, v.Digest, config, b.now, v.Revision, layout, states, evidence, unhealthy, unknown, micros(v.Until), id)
	}
	if err != nil {
		return 0, kind(err)
	}
	return id, b.writeRelations(ctx, id, a, old == nil)
}

func (b *batch) writeRelations(ctx context.Context, id int64, a *bulwark.Asset, fresh bool) error {
	if !fresh {
		if _, err := b.tx.ExecContext(ctx, `DELETE FROM relations WHERE asset_id = $1`, id); err != nil {
			return kind(err)
		}
	}
	for _, r := range a.Relations {
		if r.Target == "" {
			continue
		}
		if _, err := b.tx.ExecContext(ctx, `INSERT INTO relations (asset_id, name, inverse, target) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, id, r.Name, r.Inverse, r.Target); err != nil {
			return kind(err)
		}
	}
	return nil
}

// History kept of one asset: at most maxVersions, none older than
// maxHistoryDays.
const (
	maxVersions    = 100
	maxHistoryDays = 400
)

// keepHistory keeps the configuration that a change replaces.
func (b *batch) keepHistory(ctx context.Context, key string, old *stored, next []byte) error {
	was, err := b.s.unpack(old.config)
	if err != nil {
		return err
	}
	diff, err := packAgainst(was, next)
	if err != nil {
		return err
	}
	if _, err := b.tx.ExecContext(ctx, `INSERT INTO history (asset_key, version, at, digest, gone, config) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
		key, old.version, old.changed, old.digest, old.gone, diff); err != nil {
		return kind(err)
	}
	_, err = b.tx.ExecContext(ctx, `DELETE FROM history WHERE asset_key = $1 AND (version <= $2 OR at < $3)`, key, old.version-maxVersions, b.now-maxHistoryDays*86400e6)
	return kind(err)
}

// finish writes the counters in key order and the outbox row.
func (b *batch) finish(ctx context.Context) error {
	if err := writeCounts(ctx, b.s, b.tx, b.counts); err != nil {
		return err
	}
	if len(b.changed) == 0 {
		return nil
	}
	body, err := json.Marshal(map[string]any{"scope": b.scope, "assets": b.changed, "opened": b.applied.Opened, "resolved": b.applied.Resolved})
	if err != nil {
		return err
	}
	return enqueue(ctx, b.tx, "posture.changed", body, b.now)
}

// enqueue writes an outbox row with a random id, which is its message's id.
func enqueue(ctx context.Context, tx querier, subject string, body []byte, now int64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO outbox (id, subject, body, at) VALUES ($1, $2, $3, $4)`, rand.Text(), subject, body, now)
	return kind(err)
}

// writeCounts adds changes to the counters, in key order so that writers of
// several scopes take rows in one order.
func writeCounts(ctx context.Context, s *Store, tx querier, counts map[bulwark.CountKey]bulwark.Tally) error {
	keys := make([]bulwark.CountKey, 0, len(counts))
	for k, t := range counts {
		if !t.IsZero() {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b bulwark.CountKey) int {
		return strings.Compare(a.Scope+"\x00"+a.Kind+"\x00"+a.ID, b.Scope+"\x00"+b.Kind+"\x00"+b.ID)
	})
	for _, k := range keys {
		id, err := s.scopeID(ctx, tx, k.Scope)
		if err != nil {
			return err
		}
		t := counts[k]
		if _, err := tx.ExecContext(ctx, `INSERT INTO counts (scope_id, kind, id, healthy, unhealthy, unknown, inapplicable) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (scope_id, kind, id) DO UPDATE SET healthy = counts.healthy + excluded.healthy, unhealthy = counts.unhealthy + excluded.unhealthy,
			unknown = counts.unknown + excluded.unknown, inapplicable = counts.inapplicable + excluded.inapplicable`,
			id, k.Kind, k.ID, t.Healthy, t.Unhealthy, t.Unknown, t.NotApplicable); err != nil {
			return kind(err)
		}
	}
	return nil
}
