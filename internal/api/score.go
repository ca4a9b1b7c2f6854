package api

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/bulwarksec/bulwark"
)

// Explanation is a score with every point explained.
type Explanation struct {
	Score
	Controls []ExplainedControl `json:"controls"`
	Scopes   []ScopePoints      `json:"scopes" doc:"leaf scopes: the ratio is Σ ratio × weight ÷ Σ weight"`
	LeftOut  []LeftOut          `json:"leftOut,omitempty" doc:"with detail: what adds nothing and why"`
	Gains    []Gain             `json:"gains,omitempty" doc:"with detail: what mending each check alone would give"`
}

// ExplainedControl is a control and the assets that lose its points.
type ExplainedControl struct {
	ControlScore
	Losing      []Loss `json:"losing" doc:"the assets that lose most, at most limit"`
	LosingTotal int64  `json:"losingTotal" doc:"all of them"`
}

// Loss is what one asset costs in one control.
type Loss struct {
	Asset  string   `json:"asset"`
	Name   string   `json:"name"`
	Scope  string   `json:"scope"`
	Points float64  `json:"points"`
	Checks []string `json:"checks" doc:"that fail on it"`
}

// Explain is the question for an explanation.
type Explain struct {
	Scoped
	Control string `query:"control" maxLength:"64" doc:"only this control"`
	Limit   int    `query:"limit" minimum:"0" maximum:"1000" default:"50" doc:"assets of a control"`
	Detail  bool   `query:"detail" doc:"also what is left out, and what mending each check would give"`
}

// WhatIf names what would be mended.
type WhatIf struct {
	Scoped
	Body struct {
		Checks []string `json:"checks,omitempty" maxItems:"1000" doc:"on all assets, or on those named"`
		Assets []string `json:"assets,omitempty" maxItems:"1000" doc:"all checks on them, or those named"`
	}
}

// WhatIfAnswer is the score as it is and as it would be.
type WhatIfAnswer struct {
	Before  Score `json:"before"`
	After   Score `json:"after"`
	Changed int64 `json:"changed" doc:"assets whose states would differ"`
}

// History is the question for a score over time.
type History struct {
	Scoped
	Days int `query:"days" minimum:"1" maximum:"400" default:"90"`
}

var (
	readers = Permission{bulwark.Reader, Somewhere}

	_ = route(op{method: "GET", path: "/score", id: "score", summary: "The secure score, and which assets lose how many points", tag: "score", allow: readers}, (*Server).explain)
	_ = route(op{method: "GET", path: "/score/explain", id: "score-explain", summary: "The same, under the name of what it does", tag: "score", allow: readers}, (*Server).explain)
	_ = route(op{method: "POST", path: "/score/what-if", id: "score-what-if", summary: "The score as it would be with checks or assets mended", tag: "score", allow: readers}, (*Server).whatIf)
	_ = route(op{method: "GET", path: "/score/history", id: "score-history", summary: "The score over time", tag: "score", allow: readers}, (*Server).history)
)

func (s *Server) explain(ctx context.Context, in *Explain) (*Answer[Explanation], error) {
	scopes, err := callerOf(ctx).readable(in.Scope)
	if err != nil {
		return nil, err
	}
	counts, err := s.Store.Counts(ctx, scopes)
	if err != nil {
		return nil, err
	}
	g := s.scoring(counts)
	losses := newLosses(g.perAsset(), s.Content, in.Limit, in.Control)
	more := s.newDetail()
	err = s.Store.EachStates(ctx, scopes, func(st *bulwark.States) error {
		losses.add(st, s.Scorer.Effective)
		if in.Detail {
			more.add(st)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := Explanation{Score: g.score(), Controls: []ExplainedControl{}, Scopes: g.scopes()}
	if in.Detail {
		out.LeftOut, out.Gains = more.leftOut(), more.gains(counts, g)
	}
	for _, c := range g.controls() {
		if in.Control == "" || in.Control == c.ID {
			list, total := losses.of(c.ID)
			out.Controls = append(out.Controls, ExplainedControl{c, list, total})
		}
	}
	return answer(out, s.nameLosses(ctx, out.Controls))
}

// nameLosses fills in the names of the assets.
func (s *Server) nameLosses(ctx context.Context, controls []ExplainedControl) error {
	var ids []string
	for _, c := range controls {
		for _, l := range c.Losing {
			ids = append(ids, l.Asset)
		}
	}
	rows, err := s.rows(ctx, ids)
	if err != nil {
		return err
	}
	for _, c := range controls {
		for i := range c.Losing {
			c.Losing[i].Name = rows[c.Losing[i].Asset].Name
		}
	}
	return nil
}

// rows returns assets' rows by id.
func (s *Server) rows(ctx context.Context, ids []string) (map[string]bulwark.AssetRow, error) {
	slices.Sort(ids)
	ids = slices.Compact(ids)
	out := make(map[string]bulwark.AssetRow, len(ids))
	for chunk := range slices.Chunk(ids, 500) {
		rows, err := s.Store.AssetRows(ctx, chunk)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[r.ID] = r
		}
	}
	return out, nil
}

// losses gathers, for each control, the assets that lose most.
type losses struct {
	worth    map[[2]string]float64
	controls map[string]string // check → control
	limit    int
	kept     map[string][]Loss
	total    map[string]int64
}

func newLosses(worth map[[2]string]float64, content Content, limit int, only string) *losses {
	l := &losses{worth: worth, controls: map[string]string{}, limit: limit, kept: map[string][]Loss{}, total: map[string]int64{}}
	for _, c := range content.Checks() {
		if control := scoreControl(c); control != "" && (only == "" || only == control) {
			l.controls[c.ID] = control
		}
	}
	return l
}

func (l *losses) add(st *bulwark.States, effective func(bulwark.State, bulwark.ExemptionCategory) bulwark.State) {
	var failing map[string][]string
	for i, check := range st.Checks {
		control := l.controls[check]
		if control == "" {
			continue
		}
		var exempt bulwark.ExemptionCategory
		if i < len(st.Exempt) {
			exempt = st.Exempt[i]
		}
		if effective(st.States[i], exempt) == bulwark.Unhealthy {
			if failing == nil {
				failing = map[string][]string{}
			}
			failing[control] = append(failing[control], check)
		}
	}
	for control, checks := range failing {
		l.total[control]++
		list := append(l.kept[control], Loss{Asset: st.Asset, Scope: st.Scope, Points: l.worth[[2]string{st.Scope, control}], Checks: checks})
		if len(list) >= 2*l.limit+64 {
			list = l.cut(list)
		}
		l.kept[control] = list
	}
}

func (l *losses) cut(list []Loss) []Loss {
	slices.SortFunc(list, func(a, b Loss) int {
		return cmp.Or(cmp.Compare(b.Points, a.Points), cmp.Compare(len(b.Checks), len(a.Checks)), cmp.Compare(a.Asset, b.Asset))
	})
	return list[:min(len(list), l.limit)]
}

func (l *losses) of(control string) ([]Loss, int64) {
	list := l.cut(l.kept[control])
	if list == nil {
		list = []Loss{}
	}
	return list, l.total[control]
}

func (s *Server) whatIf(ctx context.Context, in *WhatIf) (*Answer[WhatIfAnswer], error) {
	if len(in.Body.Checks) == 0 && len(in.Body.Assets) == 0 {
		return nil, invalid("Nothing is named that would be mended.", "Name checks, assets or both.")
	}
	scopes, err := callerOf(ctx).readable(in.Scope)
	if err != nil {
		return nil, err
	}
	counts, err := s.Store.Counts(ctx, scopes)
	if err != nil {
		return nil, err
	}
	after, changed, err := s.mended(ctx, scopes, counts, set(in.Body.Checks), set(in.Body.Assets))
	if err != nil {
		return nil, err
	}
	return answer(WhatIfAnswer{Before: s.scoring(counts).score(), After: s.scoring(after).score(), Changed: changed}, nil)
}

func set(list []string) map[string]bool {
	out := make(map[string]bool, len(list))
	for _, s := range list {
		out[s] = true
	}
	return out
}

// mended returns the counts as they would be with checks mended on assets; an
// empty set of either is all.
func (s *Server) mended(ctx context.Context, scopes []string, counts []bulwark.Count, checks, assets map[string]bool) ([]bulwark.Count, int64, error) {
	fix := func(check string) bool { return len(checks) == 0 || checks[check] }
	sums := map[bulwark.CountKey]bulwark.Tally{}
	var changed int64
	err := s.Store.EachStates(ctx, scopes, func(st *bulwark.States) error {
		if len(assets) > 0 && !assets[st.Asset] {
			return nil
		}
		fixed := s.Scorer.Fixed(st, fix)
		if fixed == st {
			return nil
		}
		changed++
		for _, d := range s.Scorer.Delta(st, fixed) {
			sums[d.CountKey] = sums[d.CountKey].Add(d.Tally)
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	deltas := make([]bulwark.Count, 0, len(sums))
	for k, t := range sums {
		deltas = append(deltas, bulwark.Count{CountKey: k, Tally: t})
	}
	return s.Scorer.Apply(counts, deltas), changed, nil
}

// history is that of one scope: points of several cannot be added up after the
// fact, since their weights are not kept.
func (s *Server) history(ctx context.Context, in *History) (*Answer[List[bulwark.ScorePoint]], error) {
	scopes, err := callerOf(ctx).readable(in.Scope)
	if err != nil {
		return nil, err
	}
	scope := ""
	switch len(scopes) {
	case 0:
	case 1:
		scope = scopes[0]
	default:
		return answer(list[bulwark.ScorePoint](nil, ""), nil)
	}
	points, err := s.Store.ScoreHistory(ctx, scope, s.Now().Add(-time.Duration(in.Days)*24*time.Hour))
	return answer(list(points, ""), err)
}
