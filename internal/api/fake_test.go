package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/bulwarksec/bulwark"
)

// estate is a backend in memory: few assets, honest answers.
type estate struct {
	mu         sync.Mutex
	checks     []*bulwark.Check
	standards  []*bulwark.Standard
	assets     []*bulwark.Asset
	states     map[string]*bulwark.States // by asset
	versions   map[string][]bulwark.Value
	gaps       []bulwark.GapRow
	exemptions []bulwark.Exemption
	users      map[string]bulwark.User
	passwords  map[string]string
	sessions   map[string]bulwark.Session
	tokens     map[string]bulwark.Token
	links      map[string]bulwark.Link
	log        []bulwark.AuditEntry
	configured []bulwark.Connector
	choices    map[string]bool // of standards
	notices    chan bulwark.Notice
	fail       error // what Counts answers
}

func find[T any](list []T, is func(T) bool, what string) (T, error) {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i], nil
	}
	var zero T
	return zero, fmt.Errorf("%s: %w", what, bulwark.ErrNotFound)
}

func inScopes(scopes []string, path string) bool {
	return len(scopes) == 0 || slices.ContainsFunc(scopes, func(s string) bool { return under(path, s) })
}

// cut pages by number of row.
func cut[T any](rows []T, p bulwark.Page) ([]T, string, error) {
	from := 0
	if p.Cursor != "" {
		n, err := strconv.Atoi(p.Cursor)
		if err != nil || n < 0 || n > len(rows) {
			return nil, "", fmt.Errorf("cursor: %w", bulwark.ErrInvalid)
		}
		from = n
	}
	limit := p.Limit
	if limit == 0 {
		limit = 100
	}
	if from+limit < len(rows) {
		return rows[from : from+limit], strconv.Itoa(from + limit), nil
	}
	return rows[from:], "", nil
}

func (e *estate) Checks() []*bulwark.Check       { return e.checks }
func (e *estate) Standards() []*bulwark.Standard { return e.standards }
func (e *estate) Check(id string) *bulwark.Check {
	c, err := find(e.checks, func(c *bulwark.Check) bool { return c.ID == id }, "check")
	if err != nil {
		return nil
	}
	return c
}

func (e *estate) Scopes(context.Context) ([]bulwark.Scope, error) {
	counts := map[string]int64{}
	for _, a := range e.assets {
		counts[a.Scope]++
	}
	var out []bulwark.Scope
	for path, n := range counts {
		out = append(out, bulwark.Scope{Path: path, Name: path, Kind: "account", Assets: n})
	}
	slices.SortFunc(out, func(a, b bulwark.Scope) int { return cmp.Compare(a.Path, b.Path) })
	return out, nil
}

// exempted returns the states of an asset with the exemptions in force.
func (e *estate) exempted(st *bulwark.States) *bulwark.States {
	out := *st
	out.Exempt = make([]bulwark.ExemptionCategory, len(st.Checks))
	for i, check := range st.Checks {
		for _, x := range e.exemptions {
			if (x.Check == "" || x.Check == check) && (x.Asset == "" || x.Asset == st.Asset) && under(st.Scope, x.Scope) {
				out.Exempt[i] = x.Category
			}
		}
	}
	return &out
}

func (e *estate) EachStates(_ context.Context, scopes []string, yield func(*bulwark.States) error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, a := range e.assets {
		if st := e.states[a.ID]; st != nil && inScopes(scopes, a.Scope) {
			if err := yield(e.exempted(st)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *estate) Counts(ctx context.Context, scopes []string) ([]bulwark.Count, error) {
	if e.fail != nil {
		return nil, e.fail
	}
	var out []bulwark.Count
	err := e.EachStates(ctx, scopes, func(st *bulwark.States) error {
		out = arithmetic{e}.Apply(out, arithmetic{e}.Delta(nil, st))
		return nil
	})
	return out, err
}

func (e *estate) ScoreHistory(_ context.Context, scope string, _ time.Time) ([]bulwark.ScorePoint, error) {
	return []bulwark.ScorePoint{{At: testNow, Scope: scope, Current: 1, Max: 2}}, nil
}

func (e *estate) Turns(_ context.Context, scopes []string, _ time.Time) ([]bulwark.Turn, error) {
	var out []bulwark.Turn
	for _, t := range []bulwark.Turn{{Check: "t/open", Scope: "aws/1", Asset: "live:b1", Opened: 1, At: testNow}, {Check: "t/preview", Scope: "aws/1", Opened: 9, At: testNow}} {
		if inScopes(scopes, t.Scope) {
			out = append(out, t)
		}
	}
	return out, nil
}

func (e *estate) row(a *bulwark.Asset) bulwark.AssetRow {
	r := bulwark.AssetRow{ID: a.ID, Type: a.Type, Name: a.Name, Scope: a.Scope, Origin: a.Origin(), Region: a.Region}
	if st := e.states[a.ID]; st != nil {
		for _, s := range st.States {
			switch s {
			case bulwark.Unhealthy:
				r.Unhealthy++
			case bulwark.Undetermined:
				r.Unknown++
			}
		}
	}
	return r
}

func (e *estate) selected(q bulwark.AssetQuery) []bulwark.AssetRow {
	var rows []bulwark.AssetRow
	for _, a := range e.assets {
		if inScopes(q.Scopes, a.Scope) && wanted(q.Types, a.Type) && holds(q.Text, a.Name, a.ID) {
			rows = append(rows, e.row(a))
		}
	}
	return rows
}

func (e *estate) Assets(_ context.Context, q bulwark.AssetQuery) ([]bulwark.AssetRow, string, error) {
	return cut(e.selected(q), q.Page)
}

func (e *estate) AssetFacets(_ context.Context, q bulwark.AssetQuery) (map[string][]bulwark.Facet, int64, error) {
	rows := e.selected(q)
	return map[string][]bulwark.Facet{
		"type":  facet(rows, func(r bulwark.AssetRow) []string { return []string{r.Type} }),
		"scope": facet(rows, func(r bulwark.AssetRow) []string { return []string{r.Scope} }),
		"stale": facet(rows, func(r bulwark.AssetRow) []string { return []string{yesNo(r.Stale)} }),
	}, int64(len(rows)), nil
}

func (e *estate) AssetRows(_ context.Context, ids []string) ([]bulwark.AssetRow, error) {
	var rows []bulwark.AssetRow
	for _, a := range e.assets {
		if slices.Contains(ids, a.ID) {
			rows = append(rows, e.row(a))
		}
	}
	return rows, nil
}

func (e *estate) Asset(_ context.Context, id string) (*bulwark.Asset, bulwark.AssetRow, error) {
	a, err := find(e.assets, func(a *bulwark.Asset) bool { return a.ID == id }, "asset")
	if err != nil {
		return nil, bulwark.AssetRow{}, err
	}
	return a, e.row(a), nil
}

func (e *estate) RelationsTo(_ context.Context, id string, _ int) ([]bulwark.Relation, error) {
	var out []bulwark.Relation
	for _, a := range e.assets {
		for _, r := range a.Relations {
			if r.Target == id {
				out = append(out, bulwark.Relation{Name: r.Name, Inverse: r.Inverse, Type: a.Type, Target: a.ID})
			}
		}
	}
	return out, nil
}

func (e *estate) Versions(_ context.Context, id string) ([]bulwark.Version, error) {
	var out []bulwark.Version
	for i := range e.versions[id] {
		out = append(out, bulwark.Version{Number: int64(i + 1), At: testNow})
	}
	slices.Reverse(out)
	return out, nil
}

func (e *estate) ConfigAt(_ context.Context, id string, n int64) (bulwark.Value, error) {
	if n > int64(len(e.versions[id])) {
		return bulwark.Value{}, bulwark.ErrNotFound
	}
	return e.versions[id][n-1], nil
}

func (e *estate) Assessments(_ context.Context, q bulwark.AssessmentQuery) ([]bulwark.AssessmentRow, string, error) {
	var rows []bulwark.AssessmentRow
	for _, a := range e.assets {
		st := e.states[a.ID]
		if st == nil || !inScopes(q.Scopes, a.Scope) || q.Asset != "" && q.Asset != a.ID {
			continue
		}
		for i, check := range st.Checks {
			if (q.Check == "" || q.Check == check) && (len(q.States) == 0 || slices.Contains(q.States, st.States[i])) {
				rows = append(rows, bulwark.AssessmentRow{Assessment: bulwark.Assessment{Check: check, Asset: a.ID, State: st.States[i]}, Row: e.row(a)})
			}
		}
	}
	return cut(rows, q.Page)
}

func (e *estate) open(q bulwark.FindingQuery) []bulwark.FindingRow {
	var rows []bulwark.FindingRow
	for _, a := range e.assets {
		st := e.states[a.ID]
		if st == nil || !inScopes(q.Scopes, a.Scope) {
			continue
		}
		for i, check := range st.Checks {
			if st.States[i] == bulwark.Unhealthy {
				rows = append(rows, bulwark.FindingRow{Finding: bulwark.Finding{ID: bulwark.FindingID(check, a.ID, ""), Check: check, Asset: a.ID, State: bulwark.Open, Severity: e.Check(check).Severity}, Row: e.row(a)})
			}
		}
	}
	return rows
}

func (e *estate) Findings(_ context.Context, q bulwark.FindingQuery) ([]bulwark.FindingRow, string, error) {
	return cut(e.open(q), q.Page)
}

func (e *estate) FindingFacets(_ context.Context, q bulwark.FindingQuery) (map[string][]bulwark.Facet, int64, error) {
	rows := e.open(q)
	return map[string][]bulwark.Facet{"severity": facet(rows, func(r bulwark.FindingRow) []string { return []string{r.Severity.String()} })}, int64(len(rows)), nil
}

func (e *estate) Finding(_ context.Context, id string) (bulwark.FindingRow, error) {
	return find(e.open(bulwark.FindingQuery{}), func(r bulwark.FindingRow) bool { return r.ID == id }, "finding")
}

func (e *estate) Gaps(_ context.Context, q bulwark.GapQuery) ([]bulwark.GapRow, string, error) {
	var rows []bulwark.GapRow
	for _, g := range e.gaps {
		if inScopes(q.Scopes, g.Scope) && (len(q.Connectors) == 0 || slices.Contains(q.Connectors, g.Connector)) && (len(q.Needs) == 0 || slices.Contains(q.Needs, g.Needs)) {
			rows = append(rows, g)
		}
	}
	return cut(rows, q.Page)
}

func (e *estate) GapFacets(ctx context.Context, q bulwark.GapQuery) (map[string][]bulwark.Facet, int64, error) {
	rows, _, err := e.Gaps(ctx, bulwark.GapQuery{Scopes: q.Scopes, Connectors: q.Connectors, Needs: q.Needs})
	return map[string][]bulwark.Facet{
		"what":      facet(rows, func(r bulwark.GapRow) []string { return []string{r.What} }),
		"connector": facet(rows, func(r bulwark.GapRow) []string { return []string{r.Connector} }),
		"needs":     facet(rows, func(r bulwark.GapRow) []string { return []string{r.Needs} }),
	}, int64(len(rows)), err
}

func (e *estate) Listings(_ context.Context, scopes []string) ([]bulwark.Listing, error) {
	var out []bulwark.Listing
	for _, l := range []bulwark.Listing{{Scope: "aws/1", Complete: true}, {Scope: "aws/2"}} {
		if inScopes(scopes, l.Scope) {
			out = append(out, l)
		}
	}
	return out, nil
}

func (e *estate) Exemptions(_ context.Context, scopes []string, p bulwark.Page) ([]bulwark.Exemption, string, error) {
	var rows []bulwark.Exemption
	for _, x := range e.exemptions {
		if inScopes(scopes, x.Scope) {
			rows = append(rows, x)
		}
	}
	return cut(rows, p)
}

func (e *estate) Exemption(_ context.Context, id string) (bulwark.Exemption, error) {
	return find(e.exemptions, func(x bulwark.Exemption) bool { return x.ID == id }, "exemption")
}

func (e *estate) AddExemption(_ context.Context, x bulwark.Exemption) error {
	e.exemptions = append(e.exemptions, x)
	return nil
}

func (e *estate) AddExemptions(_ context.Context, list []bulwark.Exemption) error {
	e.exemptions = append(e.exemptions, list...)
	return nil
}

func (e *estate) DeleteExemption(_ context.Context, id string) error {
	e.exemptions = slices.DeleteFunc(e.exemptions, func(x bulwark.Exemption) bool { return x.ID == id })
	return nil
}

func get[T any](m map[string]T, key string) (T, error) {
	v, ok := m[key]
	if !ok {
		return v, fmt.Errorf("%q: %w", key, bulwark.ErrNotFound)
	}
	return v, nil
}

func (e *estate) User(_ context.Context, name string) (bulwark.User, string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	u, err := get(e.users, name)
	return u, e.passwords[name], err
}

func (e *estate) Users(context.Context) ([]bulwark.User, error) {
	var out []bulwark.User
	for _, u := range e.users {
		out = append(out, u)
	}
	slices.SortFunc(out, func(a, b bulwark.User) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

func (e *estate) AddUser(_ context.Context, u bulwark.User, password string) error {
	if _, taken := e.users[u.Name]; taken {
		return bulwark.ErrConflict
	}
	e.users[u.Name], e.passwords[u.Name] = u, password
	return nil
}

func (e *estate) UserBySubject(_ context.Context, subject string) (bulwark.User, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, u := range e.users {
		if subject != "" && u.Subject == subject {
			return u, nil
		}
	}
	return bulwark.User{}, bulwark.ErrNotFound
}

func (e *estate) change(name string, change func(*bulwark.User)) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	u, err := get(e.users, name)
	if err != nil {
		return err
	}
	change(&u)
	e.users[name] = u
	return nil
}

func (e *estate) SetGrants(_ context.Context, name string, grants []bulwark.Grant) error {
	return e.change(name, func(u *bulwark.User) { u.Grants = grants })
}

func (e *estate) SetDisabled(_ context.Context, name string, disabled bool) error {
	return e.change(name, func(u *bulwark.User) { u.Disabled = disabled })
}

func (e *estate) DeleteUser(_ context.Context, name string) error {
	if _, err := get(e.users, name); err != nil {
		return err
	}
	delete(e.users, name)
	return nil
}

func (e *estate) AddSession(_ context.Context, s bulwark.Session) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sessions[s.Hash] = s
	return nil
}

func (e *estate) Session(_ context.Context, hash string) (bulwark.Session, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return get(e.sessions, hash)
}

func (e *estate) DeleteSession(_ context.Context, hash string) error {
	delete(e.sessions, hash)
	return nil
}

func (e *estate) AddToken(_ context.Context, t bulwark.Token) error {
	e.tokens[t.Hash] = t
	return nil
}

func (e *estate) Tokens(context.Context) ([]bulwark.Token, error) {
	var out []bulwark.Token
	for _, t := range e.tokens {
		out = append(out, t)
	}
	return out, nil
}

func (e *estate) Token(_ context.Context, hash string, _ time.Time) (bulwark.Token, error) {
	return get(e.tokens, hash)
}

func (e *estate) DeleteToken(_ context.Context, id string) error {
	for hash, t := range e.tokens {
		if t.ID == id {
			delete(e.tokens, hash)
		}
	}
	return nil
}

func (e *estate) AddLink(_ context.Context, l bulwark.Link) error {
	e.links[l.Hash] = l
	return nil
}

func (e *estate) Link(_ context.Context, hash string) (bulwark.Link, error) {
	return get(e.links, hash)
}

func (e *estate) TakeLink(ctx context.Context, hash string, u bulwark.User, password string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, err := get(e.links, hash); err != nil {
		return err
	}
	if err := e.AddUser(ctx, u, password); err != nil {
		return err
	}
	delete(e.links, hash)
	return nil
}

func (e *estate) Audit(_ context.Context, entry bulwark.AuditEntry) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	entry.Number = int64(len(e.log) + 1)
	e.log = append(e.log, entry)
	return nil
}

func (e *estate) AuditLog(_ context.Context, p bulwark.Page) ([]bulwark.AuditEntry, string, error) {
	rows := slices.Clone(e.log)
	slices.Reverse(rows)
	return cut(rows, p)
}

func (e *estate) Connectors(context.Context) ([]bulwark.Connector, error) {
	list := []bulwark.Connector{{ID: "c1", Kind: "iac", Name: "examples", Enabled: true, Interval: time.Hour}}
	return append(list, e.configured...), nil
}

func (e *estate) Kinds() []string {
	kinds := []string{"iac"}
	for _, c := range e.configured {
		kinds = append(kinds, c.Kind)
	}
	return kinds
}

func (e *estate) StandardChoices(context.Context) (map[string]bool, error) { return e.choices, nil }

func (e *estate) ChooseStandard(_ context.Context, id string, on bool) error {
	if e.choices == nil {
		e.choices = map[string]bool{}
	}
	e.choices[id] = on
	return nil
}

func (e *estate) Runs(_ context.Context, connector string, p bulwark.Page) ([]bulwark.Run, string, error) {
	return cut([]bulwark.Run{{ID: "r1", Connector: "c1", Assets: 3}}, p)
}

func (e *estate) Start(_ context.Context, connector string) (bulwark.Run, error) {
	if connector != "c1" {
		return bulwark.Run{}, fmt.Errorf("connector %q: %w", connector, bulwark.ErrNotFound)
	}
	return bulwark.Run{ID: "r2", Connector: connector, Started: testNow}, nil
}

func (e *estate) Subscribe(context.Context) <-chan bulwark.Notice { return e.notices }

var errBroken = errors.New("secret detail of a broken disk")
