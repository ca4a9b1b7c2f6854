package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/bulwarksec/bulwark"
)

// verdictRow is a judged asset in a list of assessments.
type verdictRow struct {
	number, scope, layout int64
	row                   bulwark.AssetRow
	states, evidence      []byte
}

// Assessments returns a page of assessments in the order of their assets'
// names, those of one asset by check. There is no other sort.
func (s *Store) Assessments(ctx context.Context, q bulwark.AssessmentQuery) ([]bulwark.AssessmentRow, string, error) {
	sel, err := newSelect(q.Page, "a.id", map[string]sortColumn{"": {column: "a.name"}})
	if err != nil {
		return nil, "", fmt.Errorf("store: list assessments: %w", err)
	}
	limit := sel.limit
	sel.limit = max(limit, 200) // assets read at once
	out := []bulwark.AssessmentRow{}
	for {
		list, err := s.verdictRows(ctx, q, sel)
		if err != nil {
			return nil, "", fmt.Errorf("store: list assessments: %w", err)
		}
		for i, v := range list[:min(len(list), sel.limit)] {
			rows, err := s.assessmentRows(ctx, q, v)
			if err != nil {
				return nil, "", fmt.Errorf("store: list assessments: %w", err)
			}
			out = append(out, rows...)
			// A page ends with an asset, so it may be longer than its limit
			// by the checks of one.
			if len(out) >= limit && i+1 < len(list) {
				return out, sel.cursor(v.row.Name, v.number), nil
			}
		}
		if len(list) <= sel.limit {
			return out, "", nil
		}
		last := list[sel.limit-1]
		sel.after(last.row.Name, last.number)
	}
}

func (s *Store) verdictRows(ctx context.Context, q bulwark.AssessmentQuery, sel *selection) ([]verdictRow, error) {
	f := &filter{}
	f.add("a.gone = 0")
	f.scopes("p.scope", q.Scopes)
	f.text(q.Text, "a.name", "a.public")
	if q.Asset != "" {
		f.add("a.hash = ? AND a.public = ?", hash64(clean(q.Asset)), clean(q.Asset))
	}
	if q.Check != "" {
		layouts := s.layoutsWith(q.Check)
		if len(layouts) == 0 {
			return nil, nil
		}
		in(f, "v.layout", layouts)
		if len(q.States) == 1 && q.States[0] == bulwark.Unhealthy { // each has an open finding
			f.add("EXISTS (SELECT 1 FROM findings g WHERE g.asset = a.id AND g.state = 0 AND g.rule = ?)", s.wordID(q.Check))
		}
	}
	text := `SELECT a.id, a.public, a.name, a.place, a.first, a.changed, a.unhealthy, a.unknown, a.highest, p.stale, p.scope, v.layout, v.states, v.evidence
 FROM assets a JOIN places p ON p.id = a.place JOIN verdicts v ON v.asset = a.id ` + sel.clause(f)
	var list []verdictRow
	err := each(ctx, s.r, text, f.args, func(r rows) error {
		var v verdictRow
		var place, first, changed, unhealthy, unknown, highest, stale int64
		row := &v.row
		err := r.Scan(&v.number, &row.ID, &row.Name, &place, &first, &changed, &unhealthy, &unknown, &highest, &stale, &v.scope, &v.layout, &v.states, &v.evidence)
		s.fillRow(row, place)
		row.FirstSeen, row.Changed, row.Stale = instant(first), instant(changed), stale != 0
		row.Unhealthy, row.Unknown, row.Highest = int(unhealthy), int(unknown), bulwark.Severity(highest)
		list = append(list, v)
		return err
	})
	return list, err
}

// layoutsWith returns the layouts that hold a check, sorted.
func (s *Store) layoutsWith(check string) []int64 {
	s.words.mu.RLock()
	defer s.words.mu.RUnlock()
	var out []int64
	for id, checks := range s.words.checks {
		if slices.Contains(checks, check) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// assessmentRows returns the assessments of one asset that a query selects.
func (s *Store) assessmentRows(ctx context.Context, q bulwark.AssessmentQuery, v verdictRow) ([]bulwark.AssessmentRow, error) {
	checks := s.layoutChecks(v.layout)
	states := unpackStates(v.states, len(checks))
	wanted := func(i int) bool {
		return (q.Check == "" || checks[i] == q.Check) && (len(q.States) == 0 || slices.Contains(q.States, states[i]))
	}
	any := false
	for i := range checks {
		any = any || wanted(i)
	}
	if !any {
		return nil, nil
	}
	list, err := s.assessmentsOf(ctx, v.row.ID, v.layout, v.states, v.evidence)
	if err != nil {
		return nil, err
	}
	x := s.exempt.get()
	var findings []*findingRow
	if x.single[v.row.ID] {
		if findings, err = s.openFindings(ctx, v.number); err != nil {
			return nil, err
		}
	}
	exempt := s.statesOf(x, v.row.ID, s.pathOf(v.scope), v.layout, v.states, findings)
	var out []bulwark.AssessmentRow
	for i, a := range list {
		if !wanted(i) {
			continue
		}
		row := bulwark.AssessmentRow{Assessment: a, Row: v.row}
		if exempt.Exempt != nil && exempt.Exempt[i] != "" {
			row.Category = exempt.Exempt[i]
			if e := x.over(v.row.ID, exempt.Scope, a.Check); e != nil {
				row.Exemption = e.ID
			}
		}
		out = append(out, row)
	}
	return out, nil
}

// openFindings reads the open findings of one asset.
func (s *Store) openFindings(ctx context.Context, asset int64) ([]*findingRow, error) {
	var out []*findingRow
	err := each(ctx, s.r, findingColumns+"WHERE asset = $1 AND state = 0", []any{asset}, func(r rows) error {
		f, err := scanFinding(r)
		out = append(out, f)
		return err
	})
	return out, err
}
