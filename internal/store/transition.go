package store

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// The states of a finding's row.
const (
	rowOpen     = 0
	rowResolved = 1
)

// maxInstances bounds the findings of one check on one asset; what is beyond is
// in the assessment's text only.
const maxInstances = 1000

// findingRow is a finding as stored.
type findingRow struct {
	id, hash, asset, scope, rule   int64
	instance                       string
	state, severity                int64
	first, changed                 int64
	reopened, unverified, exempted int64
}

func (f *findingRow) key() findingKey {
	return findingKey{f.scope, f.rule, f.severity, f.state, bit(f.exempted != 0)}
}

// findingHash is the first 8 bytes of a finding's public id.
func findingHash(public string) int64 {
	if len(public) < 17 {
		return 0
	}
	n, err := strconv.ParseUint(public[1:17], 16, 64)
	if err != nil {
		return 0
	}
	return int64(n)
}

// instanceKey is an instance as stored: bounded, and told apart by a digest
// where it had to be cut.
func instanceKey(key string) string {
	key = clean(key)
	if len(key) <= 256 {
		return key
	}
	h := hash64(key)
	var b [8]byte
	for i := range b {
		b[i] = byte(h >> (8 * i))
	}
	return clip(key, 236) + "…" + hex.EncodeToString(b[:])
}

const findingColumns = "SELECT id, hash, asset, scope, rule, instance, state, severity, first, changed, reopened, unverified, exemption FROM findings "

func scanFinding(r rows) (*findingRow, error) {
	f := &findingRow{}
	err := r.Scan(&f.id, &f.hash, &f.asset, &f.scope, &f.rule, &f.instance, &f.state, &f.severity, &f.first, &f.changed, &f.reopened, &f.unverified, &f.exempted)
	return f, err
}

// findingsOf reads the findings of assets.
func (t *tally) findingsOf(ctx context.Context, ids []int64) (map[int64][]*findingRow, error) {
	out := map[int64][]*findingRow{}
	for _, part := range parts(ids) {
		err := each(ctx, t.c, findingColumns+"WHERE asset IN ("+marks(1, len(part))+") ORDER BY id", anys(part), func(r rows) error {
			f, err := scanFinding(r)
			out[f.asset] = append(out[f.asset], f)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read findings: %w", err)
		}
	}
	return out, nil
}

func (s *Store) severity(check string) bulwark.Severity {
	if f := s.know.Load().Severity; f != nil {
		if v, ok := f(check); ok {
			return v
		}
	}
	return bulwark.Medium
}

// wanted is one problem that a verdict says there is.
type wanted struct {
	rule     int64
	instance string
}

// transition moves an asset's findings to what its new verdict says, and
// returns them with the highest severity of the open ones.
func (b *batch) transition(ctx context.Context, it *item, asset int64, have []*findingRow) ([]*findingRow, int64, error) {
	want := map[wanted]int{} // to the assessment
	var order []wanted
	states := map[int64]bulwark.State{}
	for i := range it.verdict.Assessments {
		a := &it.verdict.Assessments[i]
		rule := b.s.wordID(it.checks[i])
		states[rule] = a.State
		if a.State != bulwark.Unhealthy {
			continue
		}
		if a.Partial { // what is not among the instances may still be at fault
			states[rule] = bulwark.Undetermined
		}
		keys := []bulwark.Instance{{}}
		if len(a.Instances) > 0 {
			keys = a.Instances[:min(len(a.Instances), maxInstances)]
		}
		for _, in := range keys {
			w := wanted{rule, instanceKey(in.Key)}
			if _, ok := want[w]; !ok {
				want[w] = i
				order = append(order, w)
			}
		}
	}
	for _, f := range have {
		w := wanted{f.rule, f.instance}
		i, unhealthy := want[w]
		delete(want, w)
		var check string
		if unhealthy {
			check = it.checks[i]
		}
		if err := b.moveFinding(ctx, it.public, f, unhealthy, states[f.rule], check); err != nil {
			return nil, 0, err
		}
	}
	for _, w := range order {
		if i, ok := want[w]; ok {
			have = append(have, b.openFinding(it, asset, w, it.checks[i]))
		}
	}
	var highest int64
	for _, f := range have {
		if f.state == rowOpen {
			highest = max(highest, f.severity)
		}
	}
	return have, highest, nil
}

// moveFinding writes one stored finding's next state, if it differs.
func (b *batch) moveFinding(ctx context.Context, asset string, f *findingRow, unhealthy bool, state bulwark.State, check string) error {
	was := *f
	switch {
	case unhealthy && f.state == rowResolved:
		f.state, f.changed, f.reopened, f.unverified = rowOpen, b.now, f.reopened+1, 0
		f.severity = int64(b.s.severity(check))
		f.exempted = b.exempt.overFinding(asset, b.path, check, f.instance)
		b.applied.Reopened++
		b.event.add(&b.event.Reopened, bulwark.FindingID(check, asset, f.instance))
	case unhealthy:
		f.unverified, f.severity = 0, int64(b.s.severity(check))
	case f.state == rowResolved:
		return nil
	case state == bulwark.Undetermined:
		if f.unverified == 0 {
			f.unverified = b.now
		}
	default:
		f.state, f.changed, f.unverified, f.exempted = rowResolved, b.now, 0, 0
		b.applied.Resolved++
		b.event.add(&b.event.Resolved, bulwark.FindingID(b.s.word(f.rule), asset, f.instance))
	}
	return b.updateFinding(ctx, &was, f)
}

// updateFinding writes what differs and counts it.
func (t *tally) updateFinding(ctx context.Context, was, f *findingRow) error {
	if *was == *f {
		return nil
	}
	t.findings[was.key()]--
	t.findings[f.key()]++
	return t.c.exec(ctx, "UPDATE findings SET state = $1, severity = $2, changed = $3, reopened = $4, unverified = $5, exemption = $6 WHERE id = $7",
		f.state, f.severity, f.changed, f.reopened, f.unverified, f.exempted, f.id)
}

// openFinding makes a new finding, which is numbered and inserted at the end.
func (b *batch) openFinding(it *item, asset int64, w wanted, check string) *findingRow {
	public := bulwark.FindingID(check, it.public, w.instance)
	f := &findingRow{hash: findingHash(public), asset: asset, scope: b.scope, rule: w.rule, instance: w.instance,
		severity: int64(b.s.severity(check)), first: b.now, changed: b.now, exempted: b.exempt.overFinding(it.public, b.path, check, w.instance)}
	b.findings[f.key()]++
	b.inserts = append(b.inserts, f)
	b.applied.Opened++
	b.event.add(&b.event.Opened, public)
	return f
}

// Findings are inserted many at a time.
const (
	findingsAtOnce = 32
	findingArgs    = 11
)

var insertFindingTexts = map[bool]string{false: insertFindingText(1), true: insertFindingText(findingsAtOnce)}

func insertFindingText(n int) string {
	var b strings.Builder
	b.WriteString("INSERT INTO findings (id, hash, asset, scope, rule, instance, state, severity, first, changed, exemption, reopened, unverified) VALUES ")
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("(" + marks(1+i*findingArgs, findingArgs) + ", 0, 0)")
	}
	return b.String()
}

func (b *batch) insertFindings(ctx context.Context, list []*findingRow) error {
	if len(list) == 0 {
		return nil
	}
	next, err := b.s.next(ctx, b.c, "findings", len(list))
	if err != nil {
		return fmt.Errorf("number findings: %w", err)
	}
	for i, f := range list {
		f.id = next + int64(i)
	}
	for len(list) > 0 {
		n := len(list)
		if n >= findingsAtOnce {
			n = findingsAtOnce
		} else {
			n = 1 // two texts are prepared, not one for every length
		}
		args := make([]any, 0, n*findingArgs) // anew: PostgreSQL's are sent later, many together
		for _, f := range list[:n] {
			args = append(args, f.id, f.hash, f.asset, f.scope, f.rule, f.instance, f.state, f.severity, f.first, f.changed, f.exempted)
		}
		if err := b.c.exec(ctx, insertFindingTexts[n > 1], args...); err != nil {
			return fmt.Errorf("insert findings: %w", err)
		}
		list = list[n:]
	}
	return nil
}

// states returns an asset's states with the exemptions in force. The findings
// are needed only where single ones are exempt.
func (t *tally) states(public string, scope int64, v *stored, findings []*findingRow) *bulwark.States {
	return t.s.statesOf(t.exempt, public, t.s.pathOf(scope), v.layout, v.states, findings)
}

func (s *Store) statesOf(x *exemptions, public, path string, layout int64, packed []byte, findings []*findingRow) *bulwark.States {
	checks := s.layoutChecks(layout)
	out := &bulwark.States{Asset: public, Scope: path, Checks: checks, States: unpackStates(packed, len(checks))}
	if len(x.list) == 0 {
		return out
	}
	for i, state := range out.States {
		if state != bulwark.Unhealthy && state != bulwark.Undetermined {
			continue
		}
		category := bulwark.ExemptionCategory("")
		if e := x.over(public, path, checks[i]); e != nil {
			category = e.Category
		} else if x.single[public] {
			category = x.overAll(public, checks[i], s.wordID(checks[i]), findings)
		}
		if category != "" {
			if out.Exempt == nil {
				out.Exempt = make([]bulwark.ExemptionCategory, len(checks))
			}
			out.Exempt[i] = category
		}
	}
	return out
}
