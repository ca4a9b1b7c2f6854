package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/expr"
)

// maxBecause bounds the text that says why.
const maxBecause = 1024

// Judge answers every check of the asset's type, in the order of For, with
// the queries each asked and until when it holds. Unhealthy and unknown
// answers carry evidence, instances and a because text, found by running the
// check a second time. An asset of a type that no check names yields nil.
func (s *Set) Judge(a *bulwark.Asset, w World, now time.Time) []bulwark.Assessment {
	l := s.byType[a.Type]
	if l == nil {
		return nil
	}
	run := s.run(l, a, w, now)
	defer s.runs.Put(run)
	out := make([]bulwark.Assessment, len(l.rules))
	for i, r := range l.rules {
		out[i] = r.assess(run, bulwark.Value{})
	}
	return out
}

// States appends the answer of every check of the asset's type to dst, in the
// order of For: Judge without evidence.
func (s *Set) States(dst []bulwark.State, a *bulwark.Asset, w World, now time.Time) []bulwark.State {
	l := s.byType[a.Type]
	if l == nil {
		return dst
	}
	run := s.run(l, a, w, now)
	defer s.runs.Put(run)
	for _, r := range l.rules {
		state, _ := r.state(run, bulwark.Value{})
		dst = append(dst, state)
	}
	return dst
}

// Explain answers one check of an asset with the evidence of whatever answer it
// is: of a healthy one the values that make it so, of one that does not apply
// those by which it does not. It is false when the check does not judge the
// asset's type.
func (s *Set) Explain(a *bulwark.Asset, w World, now time.Time, id string) (bulwark.Assessment, bool) {
	l := s.byType[a.Type]
	if l == nil {
		return bulwark.Assessment{}, false
	}
	i := slices.IndexFunc(l.checks, func(c *bulwark.Check) bool { return c.ID == id })
	if i < 0 {
		return bulwark.Assessment{}, false
	}
	run := s.run(l, a, w, now)
	defer s.runs.Put(run)
	r := l.rules[i]
	out := r.assess(run, bulwark.Value{})
	switch {
	case len(r.problems) > 0:
	case out.State == bulwark.NotApplicable && r.observed && a.Origin() == bulwark.Code:
		out.Because = "it reads what only a live provider knows, and this is code"
	case out.State == bulwark.Healthy || out.State == bulwark.NotApplicable:
		r.explain(run, bulwark.Value{}, &out)
	}
	return out, true
}

func (s *Set) run(l *layout, a *bulwark.Asset, w World, now time.Time) *expr.Run {
	run := s.runs.Get().(*expr.Run)
	l.once.Do(func() { l.space, _ = s.env.Space(a.Type) })
	run.Reset(l.space, a, w, now)
	return run
}

// state is the answer alone, with the reason when it is unknown.
func (r *rule) state(run *expr.Run, parameters bulwark.Value) (state bulwark.State, reason string) {
	r.ready()
	if len(r.problems) > 0 {
		return bulwark.Undetermined, "the check does not compile: " + r.problems[0].String()
	}
	if r.observed && run.Asset.Origin() == bulwark.Code {
		return bulwark.NotApplicable, ""
	}
	defer func() {
		if p := recover(); p != nil {
			state, reason = bulwark.Undetermined, fmt.Sprintf("the check failed: %v", p)
		}
	}()
	run.Begin(r.scope, parameters)
	if r.when != nil {
		switch a, why := r.when.Ask(run); {
		case run.Overrun():
			return bulwark.Undetermined, "the check looks at more than it may"
		case a == expr.False:
			return bulwark.NotApplicable, ""
		case a == expr.Unknown:
			return bulwark.Undetermined, why
		}
	}
	a, why := r.healthy.Ask(run)
	switch {
	case run.Overrun():
		return bulwark.Undetermined, "the check looks at more than it may"
	case a == expr.True:
		return bulwark.Healthy, ""
	case a == expr.False:
		return bulwark.Unhealthy, ""
	}
	return bulwark.Undetermined, why
}

// assess is the whole answer.
func (r *rule) assess(run *expr.Run, parameters bulwark.Value) bulwark.Assessment {
	out := bulwark.Assessment{Check: r.check.ID, Asset: run.Asset.ID}
	var reason string
	out.State, reason = r.state(run, parameters)
	out.Queries, out.Until = run.Queries(), run.Until()
	if len(r.problems) > 0 {
		out.Because = reason
		return out
	}
	switch out.State {
	case bulwark.Unhealthy:
		out.Because = r.text(run)
		r.explain(run, parameters, &out)
	case bulwark.Undetermined:
		r.explain(run, parameters, &out)
		if out.Because = reasons(out.Evidence); out.Because == "" || reason != "unknown" {
			out.Because = reason
		}
	}
	return out
}

// text fills the holes of the because text.
func (r *rule) text(run *expr.Run) (text string) {
	var b strings.Builder
	defer func() {
		if p := recover(); p != nil {
			text = b.String()
		}
	}()
	for _, h := range r.because {
		if h.expr == nil {
			b.WriteString(h.text)
			continue
		}
		b.WriteString(clip(h.expr.TextOf(run), 256))
	}
	return clip(b.String(), maxBecause)
}

// clip cuts a text to n bytes at a character's edge.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n] + "…"
}
