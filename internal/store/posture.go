package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark"
)

// Scopes returns the tree of scopes, sorted by path; parents that hold no asset
// of their own are part of it, and Assets counts those of a node itself.
func (s *Store) Scopes(ctx context.Context) ([]bulwark.Scope, error) {
	counts := map[string]int64{}
	err := s.each(ctx, s.read, func(r *sql.Rows) error {
		var id, n int64
		err := r.Scan(&id, &n)
		path := s.pathOf(id, nil)
		counts[path] += n
		for i := strings.IndexByte(path, '/'); i >= 0; {
			counts[path[:i]] += 0
			j := strings.IndexByte(path[i+1:], '/')
			if j < 0 {
				break
			}
			i += 1 + j
		}
		return err
	}, `SELECT scope_id, COUNT(*) FROM assets WHERE gone = 0 GROUP BY scope_id`)
	if err != nil {
		return nil, fmt.Errorf("store: list scopes: %w", err)
	}
	out := make([]bulwark.Scope, 0, len(counts))
	for path, n := range counts {
		name := path[strings.LastIndexByte(path, '/')+1:]
		out = append(out, bulwark.Scope{Path: path, Name: name, Kind: scopeKind(path), Assets: n})
	}
	slices.SortFunc(out, func(a, b bulwark.Scope) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

// scopeKind is what a scope's path says that it is.
func scopeKind(path string) string {
	first, rest, below := strings.Cut(path, "/")
	if !below {
		return "group"
	}
	kinds := map[string]string{"aws": "account", "azure": "subscription", "gcp": "project", "kubernetes": "cluster", "host": "host", "code": "repository"}
	if first == "code" && strings.Contains(rest, "/") {
		return "root"
	}
	if k := kinds[first]; k != "" {
		return k
	}
	return "group"
}

// Counts returns the counters of the leaf scopes below the scopes.
func (s *Store) Counts(ctx context.Context, scopes []string) ([]bulwark.Count, error) {
	w := &where{}
	s.within(w, "scope_id", scopes)
	var out []bulwark.Count
	err := s.each(ctx, s.read, func(r *sql.Rows) error {
		var c bulwark.Count
		var id int64
		err := r.Scan(&id, &c.Kind, &c.ID, &c.Healthy, &c.Unhealthy, &c.Unknown, &c.NotApplicable)
		c.Scope = s.pathOf(id, nil)
		if !c.IsZero() {
			out = append(out, c)
		}
		return err
	}, `SELECT scope_id, kind, id, healthy, unhealthy, unknown, inapplicable FROM counts`+w.String(), w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: read counters: %w", err)
	}
	return out, nil
}

// EachStates yields the states of every judged asset below the scopes, with the
// exemptions in force.
func (s *Store) EachStates(ctx context.Context, scopes []string, yield func(*bulwark.States) error) error {
	return s.eachVerdict(ctx, scopes, nil, 0, func(m missed) error {
		st, err := s.statesOf(m.key, s.pathOf(m.scopeID, nil), s.checksOf(m.layout), m.states, m.evidence)
		if err != nil {
			return err
		}
		return yield(st)
	})
}

// eachVerdict yields stored verdicts in order of row ids after last, of the
// layouts given when there are some.
func (s *Store) eachVerdict(ctx context.Context, scopes []string, layouts []string, last int64, yield func(missed) error) error {
	for {
		w := &where{}
		w.add("a.gone = 0")
		w.add("a.id > ?", last)
		s.within(w, "a.scope_id", scopes)
		if layouts != nil {
			w.parts = append(w.parts, "a.layout_id IN ("+strings.Join(layouts, ", ")+")")
		}
		var page []missed
		err := s.each(ctx, s.read, func(r *sql.Rows) error {
			var m missed
			err := r.Scan(&m.id, &m.scopeID, &m.layout, &m.key, &m.states, &m.evidence)
			page = append(page, m)
			return err
		}, `SELECT a.id, a.scope_id, a.layout_id, a.key, a.states, a.evidence FROM assets a`+w.String()+` ORDER BY a.id LIMIT 1000`, w.args...)
		if err != nil {
			return fmt.Errorf("store: read verdicts: %w", err)
		}
		for _, m := range page {
			if err := yield(m); err != nil {
				return err
			}
			last = m.id
		}
		if len(page) < 1000 {
			return nil
		}
	}
}

// Recount computes the counters of a scope afresh and returns those that the
// stored ones differ from, as (stored − recounted); none is right.
func (s *Store) Recount(ctx context.Context, scope string) ([]bulwark.Count, error) {
	sums := map[bulwark.CountKey]bulwark.Tally{}
	stored, err := s.Counts(ctx, []string{scope})
	if err != nil {
		return nil, err
	}
	for _, c := range stored {
		sums[c.CountKey] = c.Tally
	}
	err = s.EachStates(ctx, []string{scope}, func(st *bulwark.States) error {
		for _, c := range s.opts.Delta(nil, st) {
			sums[c.CountKey] = sums[c.CountKey].Add(c.Tally.Neg())
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store: recount %s: %w", scope, err)
	}
	var out []bulwark.Count
	for k, t := range sums {
		if !t.IsZero() {
			out = append(out, bulwark.Count{CountKey: k, Tally: t})
		}
	}
	return out, nil
}

// Assessments lists assessments of one check or one asset, in order of assets.
func (s *Store) Assessments(ctx context.Context, q bulwark.AssessmentQuery) ([]bulwark.AssessmentRow, string, error) {
	if q.Check == "" && q.Asset == "" {
		return nil, "", fmt.Errorf("store: list assessments: %w: name a check or an asset", bulwark.ErrInvalid)
	}
	if q.Asset != "" {
		return s.assetAssessments(ctx, q)
	}
	var layouts []string
	s.mu.RLock()
	for id, checks := range s.layout {
		if slices.Contains(checks, q.Check) {
			layouts = append(layouts, fmt.Sprint(id))
		}
	}
	s.mu.RUnlock()
	if len(layouts) == 0 {
		return nil, "", nil
	}
	slices.Sort(layouts)
	last := int64(0)
	if q.Cursor != "" {
		if _, err := fmt.Sscanf(q.Cursor, "%d", &last); err != nil {
			return nil, "", fmt.Errorf("store: list assessments: %w: cursor", bulwark.ErrInvalid)
		}
	}
	var found []bulwark.AssessmentRow
	var ids []int64
	errFull := fmt.Errorf("full")
	err := s.eachVerdict(ctx, q.Scopes, layouts, last, func(m missed) error {
		list, err := s.assessmentsOf(m.key, s.checksOf(m.layout), m.states, m.evidence)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(list, func(a bulwark.Assessment) bool { return a.Check == q.Check })
		if i < 0 || len(q.States) > 0 && !slices.Contains(q.States, list[i].State) {
			return nil
		}
		if q.Text != "" && !strings.Contains(strings.ToLower(m.key), strings.ToLower(q.Text)) {
			if rows, err := s.AssetRows(ctx, []string{m.key}); err != nil || len(rows) == 0 || !strings.Contains(strings.ToLower(rows[0].Name), strings.ToLower(q.Text)) {
				return err
			}
		}
		if len(found) == pageLimit(q.Page) {
			return errFull
		}
		found, ids = append(found, s.assessmentRow(list[i], s.pathOf(m.scopeID, nil))), append(ids, m.id)
		return nil
	})
	next := ""
	if err == errFull {
		next, err = fmt.Sprint(ids[len(ids)-1]), nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("store: list assessments of %s: %w", q.Check, err)
	}
	return s.withRows(ctx, found, next)
}

func (s *Store) assessmentRow(a bulwark.Assessment, scope string) bulwark.AssessmentRow {
	row := bulwark.AssessmentRow{Assessment: a, Category: s.exemptAssessment(a.Asset, scope, a)}
	if row.Category != "" {
		key := bulwark.FindingID(a.Check, a.Asset, "")
		if len(a.Instances) > 0 {
			key = bulwark.FindingID(a.Check, a.Asset, a.Instances[0].Key)
		}
		row.Exemption, _ = s.exemptFinding(a.Check, a.Asset, scope, key)
	}
	return row
}

// withRows fills in the assets of assessments.
func (s *Store) withRows(ctx context.Context, list []bulwark.AssessmentRow, next string) ([]bulwark.AssessmentRow, string, error) {
	ids := make([]string, len(list))
	for i, r := range list {
		ids[i] = r.Asset
	}
	rows, err := s.AssetRows(ctx, ids)
	if err != nil {
		return nil, "", err
	}
	byID := map[string]bulwark.AssetRow{}
	for _, r := range rows {
		byID[r.ID] = r
	}
	for i := range list {
		list[i].Row = byID[list[i].Asset]
	}
	return list, next, nil
}

func (s *Store) assetAssessments(ctx context.Context, q bulwark.AssessmentQuery) ([]bulwark.AssessmentRow, string, error) {
	var m missed
	err := s.read.QueryRowContext(ctx, `SELECT id, scope_id, layout_id, key, states, evidence FROM assets WHERE key = $1 AND gone = 0`, q.Asset).
		Scan(&m.id, &m.scopeID, &m.layout, &m.key, &m.states, &m.evidence)
	if err != nil {
		return nil, "", fmt.Errorf("store: assessments of %s: %w", q.Asset, kind(err))
	}
	list, err := s.assessmentsOf(m.key, s.checksOf(m.layout), m.states, m.evidence)
	if err != nil {
		return nil, "", err
	}
	var out []bulwark.AssessmentRow
	for _, a := range list {
		if (q.Check == "" || a.Check == q.Check) && (len(q.States) == 0 || slices.Contains(q.States, a.State)) {
			out = append(out, s.assessmentRow(a, s.pathOf(m.scopeID, nil)))
		}
	}
	out, next, err := cut(out, q.Page, func(r bulwark.AssessmentRow) string { return r.Check })
	if err != nil {
		return nil, "", err
	}
	return s.withRows(ctx, out, next)
}

// ScoreHistory returns the points recorded for a scope since then.
func (s *Store) ScoreHistory(ctx context.Context, scope string, since time.Time) ([]bulwark.ScorePoint, error) {
	var out []bulwark.ScorePoint
	err := s.each(ctx, s.read, func(r *sql.Rows) error {
		p := bulwark.ScorePoint{Scope: scope}
		var at int64
		err := r.Scan(&at, &p.Current, &p.Max)
		p.At = fromMicros(at)
		out = append(out, p)
		return err
	}, `SELECT at, current, maximum FROM scores WHERE scope = $1 AND at >= $2 ORDER BY at`, scope, micros(since))
	if err != nil {
		return nil, fmt.Errorf("store: score history of %s: %w", scope, err)
	}
	return out, nil
}

// AddScore records the score of a scope, unless it is what the last one was.
func (s *Store) AddScore(ctx context.Context, p bulwark.ScorePoint) error {
	var current, maximum float64
	err := s.read.QueryRowContext(ctx, `SELECT current, maximum FROM scores WHERE scope = $1 ORDER BY at DESC LIMIT 1`, p.Scope).Scan(&current, &maximum)
	if err == nil && current == p.Current && maximum == p.Max {
		return nil
	}
	err = s.tx(ctx, true, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO scores (scope, at, current, maximum) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, p.Scope, micros(p.At), p.Current, p.Max)
		return kind(err)
	})
	if err != nil {
		return fmt.Errorf("store: record score of %s: %w", p.Scope, err)
	}
	return nil
}

// Turns counts findings that opened or were resolved since then, by check and
// leaf scope.
func (s *Store) Turns(ctx context.Context, scopes []string, since time.Time) ([]bulwark.Turn, error) {
	w := &where{}
	w.add("f.changed >= ?", micros(since))
	s.within(w, "f.scope_id", scopes)
	byKey := map[[2]string]*bulwark.Turn{}
	err := s.each(ctx, s.read, func(r *sql.Rows) error {
		var check, asset string
		var scope, changed int64
		var open bool
		if err := r.Scan(&check, &scope, &asset, &open, &changed); err != nil {
			return err
		}
		path := s.pathOf(scope, nil)
		t := byKey[[2]string{check, path}]
		if t == nil {
			t = &bulwark.Turn{Check: check, Scope: path}
			byKey[[2]string{check, path}] = t
		}
		if open {
			t.Opened++
		} else {
			t.Resolved++
		}
		if at := fromMicros(changed); !at.Before(t.At) {
			t.At, t.Asset = at, asset
		}
		return nil
	}, `SELECT c.name, f.scope_id, a.key, f.open, f.changed FROM findings f JOIN checks c ON c.id = f.check_id JOIN assets a ON a.id = f.asset_id`+w.String()+` ORDER BY f.changed DESC LIMIT 100000`, w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: what turned: %w", err)
	}
	out := make([]bulwark.Turn, 0, len(byKey))
	for _, t := range byKey {
		out = append(out, *t)
	}
	slices.SortFunc(out, func(a, b bulwark.Turn) int { return strings.Compare(a.Check+"\x00"+a.Scope, b.Check+"\x00"+b.Scope) })
	return out, nil
}

const findingColumns = `f.id, f.key, c.name, a.key, f.instance, f.open, f.severity, f.because, f.location, f.first_seen, f.changed, f.resolved_at, f.reopened, f.unverified, f.exemption`

func (s *Store) scanFinding(r interface{ Scan(...any) error }) (int64, bulwark.FindingRow, error) {
	var f bulwark.FindingRow
	var id, first, changed, resolved, unverified int64
	var open bool
	var severity int
	var location string
	err := r.Scan(&id, &f.ID, &f.Check, &f.Asset, &f.Instance, &open, &severity, &f.Because, &location, &first, &changed, &resolved, &f.Reopened, &unverified, &f.Exemption)
	if err != nil {
		return 0, f, err
	}
	f.State = bulwark.Resolved
	if open {
		f.State = bulwark.Open
	}
	f.Severity, f.Risk = bulwark.Severity(severity), bulwark.Severity(severity)
	f.FirstSeen, f.LastChanged, f.ResolvedAt, f.UnverifiedSince = fromMicros(first), fromMicros(changed), fromMicros(resolved), fromMicros(unverified)
	if location != "" {
		err = json.Unmarshal([]byte(location), &f.Location)
	}
	return id, f, err
}

func (s *Store) findingFilter(q bulwark.FindingQuery) *where {
	w := &where{}
	s.within(w, "f.scope_id", q.Scopes)
	w.in("c.name", q.Checks)
	if q.Asset != "" {
		w.add("a.key = ?", q.Asset)
	}
	if len(q.States) == 1 {
		w.add("f.open = ?", bit(q.States[0] == bulwark.Open))
	}
	if len(q.Severities) > 0 {
		var list []string
		for _, sev := range q.Severities {
			list = append(list, fmt.Sprint(int(sev)))
		}
		w.parts = append(w.parts, "f.severity IN ("+strings.Join(list, ", ")+")")
	}
	if q.Exempt != nil {
		op := "="
		if *q.Exempt {
			op = "<>"
		}
		w.parts = append(w.parts, "f.exemption "+op+" ''")
	}
	w.text(q.Text, "a.name", "a.key", "c.name", "f.because")
	return w
}

const findingTables = ` FROM findings f JOIN checks c ON c.id = f.check_id JOIN assets a ON a.id = f.asset_id`

// Findings lists findings, the worst first unless sorted by firstSeen.
func (s *Store) Findings(ctx context.Context, q bulwark.FindingQuery) ([]bulwark.FindingRow, string, error) {
	name, down := strings.CutPrefix(q.Sort, "-")
	k, ok := map[string]keyset{"": {"f.severity", false, true}, "severity": {"f.severity", false, down}, "firstSeen": {"f.first_seen", false, down}}[name]
	if !ok {
		return nil, "", fmt.Errorf("store: list findings: %w: sort %q", bulwark.ErrInvalid, q.Sort)
	}
	w := s.findingFilter(q)
	if err := k.after(w, q.Cursor, "f.id"); err != nil {
		return nil, "", fmt.Errorf("store: list findings: %w", err)
	}
	limit := pageLimit(q.Page)
	var rows []bulwark.FindingRow
	var last int64
	next := ""
	err := s.each(ctx, s.read, func(r *sql.Rows) error {
		id, f, err := s.scanFinding(r)
		if err != nil {
			return err
		}
		if len(rows) == limit {
			value := any(int(rows[limit-1].Severity))
			if name == "firstSeen" {
				value = micros(rows[limit-1].FirstSeen)
			}
			next = cursorOf(value, last)
			return nil
		}
		rows, last = append(rows, f), id
		return nil
	}, `SELECT `+findingColumns+findingTables+w.String()+k.order("f.id")+fmt.Sprintf(" LIMIT %d", limit+1), w.args...)
	if err != nil {
		return nil, "", fmt.Errorf("store: list findings: %w", err)
	}
	return rows, next, s.fillFindings(ctx, rows)
}

func (s *Store) fillFindings(ctx context.Context, list []bulwark.FindingRow) error {
	ids := make([]string, 0, len(list))
	for _, f := range list {
		ids = append(ids, f.Asset)
	}
	rows, err := s.AssetRows(ctx, ids)
	if err != nil {
		return err
	}
	byID := map[string]bulwark.AssetRow{}
	for _, r := range rows {
		byID[r.ID] = r
	}
	for i := range list {
		list[i].Row = byID[list[i].Asset]
	}
	return nil
}

// FindingFacets counts the findings that a query selects by severity, state,
// check and exemption, and in all.
func (s *Store) FindingFacets(ctx context.Context, q bulwark.FindingQuery) (map[string][]bulwark.Facet, int64, error) {
	w := s.findingFilter(q)
	counts := map[string]map[string]int64{"severity": {}, "state": {}, "check": {}, "exempt": {}}
	var total int64
	err := s.each(ctx, s.read, func(r *sql.Rows) error {
		var check string
		var severity, exempt int
		var open bool
		var n int64
		if err := r.Scan(&check, &severity, &open, &exempt, &n); err != nil {
			return err
		}
		state := bulwark.Resolved
		if open {
			state = bulwark.Open
		}
		total += n
		counts["severity"][bulwark.Severity(severity).String()] += n
		counts["state"][string(state)] += n
		counts["check"][check] += n
		counts["exempt"][map[int]string{0: "no", 1: "yes"}[exempt]] += n
		return nil
	}, `SELECT c.name, f.severity, f.open, CASE WHEN f.exemption = '' THEN 0 ELSE 1 END, COUNT(*)`+findingTables+w.String()+` GROUP BY 1, 2, 3, 4`, w.args...)
	if err != nil {
		return nil, 0, fmt.Errorf("store: count findings: %w", err)
	}
	return facets(counts), total, nil
}

// Finding returns one finding by its public id.
func (s *Store) Finding(ctx context.Context, id string) (bulwark.FindingRow, error) {
	_, f, err := s.scanFinding(s.read.QueryRowContext(ctx, `SELECT `+findingColumns+findingTables+` WHERE f.key = $1`, id))
	if err != nil {
		return f, fmt.Errorf("store: finding %s: %w", id, kind(err))
	}
	list := []bulwark.FindingRow{f}
	err = s.fillFindings(ctx, list)
	return list[0], err
}

func (s *Store) gapFilter(q bulwark.GapQuery) *where {
	w := &where{}
	if len(q.Scopes) > 0 && !slices.Contains(q.Scopes, "") {
		var parts []string
		for _, scope := range q.Scopes {
			w.args = append(w.args, scope, likePrefix(scope+"/"))
			parts = append(parts, fmt.Sprintf("(scope = $%d OR scope LIKE $%d ESCAPE '!')", len(w.args)-1, len(w.args)))
		}
		w.parts = append(w.parts, "("+strings.Join(parts, " OR ")+")")
	}
	w.in("what", q.What)
	w.in("connector", q.Connectors)
	w.text(q.Text, "place", "why")
	return w
}

// Gaps lists what could not be read.
func (s *Store) Gaps(ctx context.Context, q bulwark.GapQuery) ([]bulwark.GapRow, string, error) {
	w := s.gapFilter(q)
	last := int64(0)
	if q.Cursor != "" {
		if _, err := fmt.Sscanf(q.Cursor, "%d", &last); err != nil {
			return nil, "", fmt.Errorf("store: list gaps: %w: cursor", bulwark.ErrInvalid)
		}
	}
	w.add("id > ?", last)
	limit := pageLimit(q.Page)
	var out []bulwark.GapRow
	next := ""
	err := s.each(ctx, s.read, func(r *sql.Rows) error {
		var g bulwark.GapRow
		var id, at int64
		if err := r.Scan(&id, &g.Connector, &g.Scope, &g.What, &g.Where, &g.Why, &g.Needs, &at); err != nil {
			return err
		}
		if len(out) == limit {
			next = fmt.Sprint(last)
			return nil
		}
		g.At = fromMicros(at)
		out, last = append(out, g), id
		return nil
	}, `SELECT id, connector, scope, what, place, why, needs, at FROM gaps`+w.String()+fmt.Sprintf(" ORDER BY id LIMIT %d", limit+1), w.args...)
	if err != nil {
		return nil, "", fmt.Errorf("store: list gaps: %w", err)
	}
	return out, next, nil
}

// GapFacets counts gaps by what and connector, and in all.
func (s *Store) GapFacets(ctx context.Context, q bulwark.GapQuery) (map[string][]bulwark.Facet, int64, error) {
	w := s.gapFilter(q)
	counts := map[string]map[string]int64{"what": {}, "connector": {}}
	var total int64
	err := s.each(ctx, s.read, func(r *sql.Rows) error {
		var what, connector string
		var n int64
		err := r.Scan(&what, &connector, &n)
		total += n
		counts["what"][what] += n
		counts["connector"][connector] += n
		return err
	}, `SELECT what, connector, COUNT(*) FROM gaps`+w.String()+` GROUP BY 1, 2`, w.args...)
	if err != nil {
		return nil, 0, fmt.Errorf("store: count gaps: %w", err)
	}
	return facets(counts), total, nil
}

// Listings returns the last listing of every connector, scope, type and region
// below the scopes.
func (s *Store) Listings(ctx context.Context, scopes []string) ([]bulwark.Listing, error) {
	var out []bulwark.Listing
	err := s.each(ctx, s.read, func(r *sql.Rows) error {
		var l bulwark.Listing
		var why string
		var at int64
		if err := r.Scan(&l.Connector, &l.Scope, &l.Type, &l.Region, &l.Complete, &why, &at); err != nil {
			return err
		}
		l.At = fromMicros(at)
		if !l.Complete {
			l.Gap = &bulwark.Gap{What: "listing", Where: l.Scope, Why: why}
		}
		if slices.ContainsFunc(orAll(scopes), func(scope string) bool { return within(l.Scope, scope) }) {
			out = append(out, l)
		}
		return nil
	}, `SELECT connector, scope, type, region, complete, why, at FROM listings ORDER BY connector, scope, type, region`)
	if err != nil {
		return nil, fmt.Errorf("store: read listings: %w", err)
	}
	return out, nil
}
