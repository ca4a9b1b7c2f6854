package store

import (
	"context"
	"fmt"
	"time"

	"github.com/bulwarksec/bulwark"
)

const findingRowColumns = `SELECT f.id, f.hash, f.asset, f.scope, f.rule, f.instance, f.state, f.severity, f.first, f.changed, f.reopened, f.unverified, f.exemption,
 a.public, a.name, a.place, a.first, a.changed, a.unhealthy, a.unknown, a.highest, p.stale, COALESCE(x.public, '')
 FROM findings f JOIN assets a ON a.id = f.asset JOIN places p ON p.id = a.place LEFT JOIN exemptions x ON x.id = f.exemption `

var findingSorts = map[string]sortColumn{
	"": {column: "f.severity", desc: true, number: true}, "severity": {column: "f.severity", number: true}, "firstSeen": {column: "f.first", number: true},
}

var rowStates = map[bulwark.FindingState]int64{bulwark.Open: rowOpen, bulwark.Resolved: rowResolved}

// findingFilter is the condition of a query for findings as f with assets as a.
func findingFilter(q bulwark.FindingQuery) *filter {
	f := &filter{}
	states := make([]int64, 0, len(q.States))
	for _, st := range q.States {
		n, ok := rowStates[st]
		if !ok {
			n = -1
		}
		states = append(states, n)
	}
	if len(states) == 1 { // as the partial indexes are written
		f.conds = append(f.conds, fmt.Sprintf("f.state = %d", states[0]))
	} else {
		in(f, "f.state", states)
	}
	f.scopes("f.scope", q.Scopes)
	f.words("f.rule", q.Checks)
	severities := make([]int64, len(q.Severities))
	for i, v := range q.Severities {
		severities[i] = int64(v)
	}
	in(f, "f.severity", severities)
	if q.Asset != "" {
		f.add("f.asset IN (SELECT id FROM assets WHERE hash = ? AND public = ?)", hash64(clean(q.Asset)), clean(q.Asset))
	}
	if q.Exempt != nil {
		if *q.Exempt {
			f.add("f.exemption <> 0")
		} else {
			f.add("f.exemption = 0")
		}
	}
	return f
}

// findingText adds the search, which also looks at the ids of checks.
func findingText(f *filter, text string) {
	if text != "" {
		f.text(text, "a.name", "a.public", "f.instance", "(SELECT word FROM words WHERE id = f.rule)")
	}
}

// joined is a finding with its asset, as read.
type joined struct {
	finding findingRow
	row     bulwark.FindingRow
}

func scanJoined(r rows, s *Store) (*joined, error) {
	j := &joined{}
	f, row := &j.finding, &j.row.Row
	var place, first, changed, unhealthy, unknown, highest, stale int64
	err := r.Scan(&f.id, &f.hash, &f.asset, &f.scope, &f.rule, &f.instance, &f.state, &f.severity, &f.first, &f.changed, &f.reopened, &f.unverified, &f.exempted,
		&row.ID, &row.Name, &place, &first, &changed, &unhealthy, &unknown, &highest, &stale, &j.row.Exemption)
	s.fillRow(row, place)
	row.FirstSeen, row.Changed, row.Stale = instant(first), instant(changed), stale != 0
	row.Unhealthy, row.Unknown, row.Highest = int(unhealthy), int(unknown), bulwark.Severity(highest)
	check := s.word(f.rule)
	exemption := j.row.Exemption
	j.row.Finding = bulwark.Finding{
		ID: bulwark.FindingID(check, row.ID, f.instance), Check: check, Asset: row.ID, Instance: f.instance, State: bulwark.Open,
		Severity: bulwark.Severity(f.severity), Risk: bulwark.Severity(f.severity), FirstSeen: instant(f.first), LastChanged: instant(f.changed),
		Reopened: int(f.reopened), UnverifiedSince: instant(f.unverified), Exemption: exemption,
	}
	if f.state == rowResolved {
		j.row.State, j.row.ResolvedAt = bulwark.Resolved, instant(f.changed)
	}
	return j, err
}

// Findings returns a page of findings. They sort by severity and firstSeen; the
// list's own order is the most severe first.
func (s *Store) Findings(ctx context.Context, q bulwark.FindingQuery) ([]bulwark.FindingRow, string, error) {
	sel, err := newSelect(q.Page, "f.id", findingSorts)
	if err != nil {
		return nil, "", fmt.Errorf("store: list findings: %w", err)
	}
	f := findingFilter(q)
	findingText(f, q.Text)
	text := findingRowColumns + sel.clause(f)
	list, err := s.joinedFindings(ctx, text, f.args)
	if err != nil {
		return nil, "", fmt.Errorf("store: list findings: %w", err)
	}
	next := ""
	if len(list) > sel.limit {
		list = list[:sel.limit]
		last := list[sel.limit-1].finding
		value := last.severity
		if sel.by.column == "f.first" {
			value = last.first
		}
		next = sel.cursor(value, last.id)
	}
	rows, err := s.withEvidence(ctx, list)
	if err != nil {
		return nil, "", fmt.Errorf("store: list findings: %w", err)
	}
	return rows, next, nil
}

func (s *Store) joinedFindings(ctx context.Context, text string, args []any) ([]*joined, error) {
	var list []*joined
	err := each(ctx, s.r, text, args, func(r rows) error {
		j, err := scanJoined(r, s)
		list = append(list, j)
		return err
	})
	return list, err
}

// withEvidence adds to open findings why they are and where.
func (s *Store) withEvidence(ctx context.Context, list []*joined) ([]bulwark.FindingRow, error) {
	var ids []int64
	seen := map[int64]bool{}
	for _, j := range list {
		if j.finding.state == rowOpen && !seen[j.finding.asset] {
			seen[j.finding.asset] = true
			ids = append(ids, j.finding.asset)
		}
	}
	verdicts, err := s.verdictsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]bulwark.FindingRow, len(list))
	for i, j := range list {
		out[i] = j.row
		if j.finding.state != rowOpen {
			continue
		}
		for _, a := range verdicts[j.finding.asset] {
			if a.Check == j.row.Check && a.State == bulwark.Unhealthy {
				out[i].Because, out[i].Location = a.Because, placeOfFinding(a, j.row.Asset, j.row.Instance)
			}
		}
	}
	return out, nil
}

// placeOfFinding returns where an instance stands: its own place, else that of
// the first evidence on the asset.
func placeOfFinding(a bulwark.Assessment, asset, instance string) bulwark.Position {
	for _, in := range a.Instances {
		if instanceKey(in.Key) == instance && in.Location.File != "" {
			return in.Location
		}
	}
	for _, e := range a.Evidence {
		if e.Asset == asset && e.Position.File != "" {
			return e.Position
		}
	}
	return bulwark.Position{}
}

// verdictsOf reads the assessments of assets with their evidence.
func (s *Store) verdictsOf(ctx context.Context, ids []int64) (map[int64][]bulwark.Assessment, error) {
	type packed struct {
		id, layout       int64
		public           string
		states, evidence []byte
	}
	var list []packed
	for _, part := range parts(ids) {
		err := each(ctx, s.r, "SELECT v.asset, v.layout, a.public, v.states, v.evidence FROM verdicts v JOIN assets a ON a.id = v.asset WHERE v.asset IN ("+marks(1, len(part))+")", anys(part), func(r rows) error {
			var p packed
			err := r.Scan(&p.id, &p.layout, &p.public, &p.states, &p.evidence)
			list = append(list, p)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read verdicts: %w", err)
		}
	}
	out := make(map[int64][]bulwark.Assessment, len(list))
	for _, p := range list {
		assessments, err := s.assessmentsOf(ctx, p.public, p.layout, p.states, p.evidence)
		if err != nil {
			return nil, err
		}
		out[p.id] = assessments
	}
	return out, nil
}

func (s *Store) assessmentsOf(ctx context.Context, public string, layout int64, states, evidence []byte) ([]bulwark.Assessment, error) {
	checks := s.layoutChecks(layout)
	out := make([]bulwark.Assessment, len(checks))
	for i, st := range unpackStates(states, len(checks)) {
		out[i] = bulwark.Assessment{Check: checks[i], Asset: public, State: st}
	}
	data, err := s.unpack(ctx, evidence)
	if err == nil {
		err = fillEvidence(data, public, out)
	}
	if err != nil {
		return nil, fmt.Errorf("evidence of %s: %w", public, err)
	}
	return out, nil
}

// Finding returns the finding of a public id.
func (s *Store) Finding(ctx context.Context, id string) (bulwark.FindingRow, error) {
	list, err := s.joinedFindings(ctx, findingRowColumns+"WHERE f.hash = $1", []any{findingHash(id)})
	if err != nil {
		return bulwark.FindingRow{}, fmt.Errorf("store: read finding %s: %w", id, err)
	}
	for _, j := range list {
		if j.row.ID != id {
			continue
		}
		rows, err := s.withEvidence(ctx, []*joined{j})
		if err != nil {
			return bulwark.FindingRow{}, fmt.Errorf("store: read finding %s: %w", id, err)
		}
		return rows[0], nil
	}
	return bulwark.FindingRow{}, fmt.Errorf("store: read finding %s: %w", id, bulwark.ErrNotFound)
}

var stateNames = map[int64]string{rowOpen: string(bulwark.Open), rowResolved: string(bulwark.Resolved)}

// FindingFacets counts the findings that q selects, its page ignored, by
// severity, state, check and exempt (yes, no), and together. Without an asset
// or a text it sums counters and reads no finding.
func (s *Store) FindingFacets(ctx context.Context, q bulwark.FindingQuery) (map[string][]bulwark.Facet, int64, error) {
	f := findingFilter(q)
	var text string
	if q.Asset == "" && q.Text == "" {
		if q.Exempt != nil {
			f = findingFilter(bulwark.FindingQuery{Scopes: q.Scopes, Checks: q.Checks, States: q.States, Severities: q.Severities})
			f.add("f.exempt = ?", bit(*q.Exempt))
		}
		text = "SELECT f.severity, f.state, f.rule, f.exempt, SUM(f.n) FROM finding_counts f WHERE " + f.where() + " GROUP BY f.severity, f.state, f.rule, f.exempt"
	} else {
		findingText(f, q.Text)
		const exempt = "CASE WHEN f.exemption = 0 THEN 0 ELSE 1 END"
		text = "SELECT f.severity, f.state, f.rule, " + exempt + ", COUNT(*) FROM findings f JOIN assets a ON a.id = f.asset WHERE " + f.where() + " GROUP BY f.severity, f.state, f.rule, " + exempt
	}
	counts, total := facets{}, int64(0)
	err := each(ctx, s.r, text, f.args, func(r rows) error {
		var severity, state, rule, exempt, n int64
		if err := r.Scan(&severity, &state, &rule, &exempt, &n); err != nil {
			return err
		}
		counts.add("severity", bulwark.Severity(severity).String(), n)
		counts.add("state", stateNames[state], n)
		counts.add("check", s.word(rule), n)
		counts.add("exempt", yesNo(exempt != 0), n)
		total += n
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("store: count findings: %w", err)
	}
	return counts.list("severity", "state", "check", "exempt"), total, nil
}

// Turns counts the findings that opened, again or for the first time, and that
// were resolved since an instant, by check and leaf scope, latest first.
func (s *Store) Turns(ctx context.Context, scopes []string, since time.Time) ([]bulwark.Turn, error) {
	f := &filter{}
	from := millis(since)
	f.add("f.changed >= ?", from)
	f.scopes("f.scope", scopes)
	// Of an open finding the last change is its opening.
	a, b, c := f.arg(from), f.arg(from), f.arg(from)
	text := fmt.Sprintf(`SELECT t.rule, t.scope, t.opened, t.resolved, t.at, a.public FROM (
 SELECT f.rule AS rule, f.scope AS scope, SUM(CASE WHEN f.state = 0 OR f.first >= %s THEN 1 ELSE 0 END) AS opened,
 SUM(CASE WHEN f.state = 1 AND f.changed >= %s THEN 1 ELSE 0 END) AS resolved, MAX(f.changed) AS at FROM findings f WHERE %s GROUP BY f.rule, f.scope) t
 LEFT JOIN assets a ON a.id = (SELECT MIN(g.asset) FROM findings g WHERE g.changed = t.at AND g.rule = t.rule AND g.scope = t.scope AND g.changed >= %s)
 ORDER BY t.at DESC, t.rule, t.scope`, a, b, f.where(), c)
	var out []bulwark.Turn
	err := each(ctx, s.r, text, f.args, func(r rows) error {
		var rule, scope, at int64
		var t bulwark.Turn
		err := r.Scan(&rule, &scope, &t.Opened, &t.Resolved, &at, &t.Asset)
		t.Check, t.Scope, t.At = s.word(rule), s.pathOf(scope), instant(at)
		out = append(out, t)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: count turns: %w", err)
	}
	return out, nil
}
