// Package check judges assets by checks: the heart of the product. Compile
// takes the checks and types of content, Set.Judge one asset with its world,
// and what comes back are assessments with their evidence and with the
// queries and the instant on which each answer rests.
//
// It is pure: no network, files, clock or logger.
package check

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/expr"
)

// World is what checks may ask about beyond the asset they judge.
type World = expr.World

// Options say how Compile works.
type Options struct {
	// Lazy compiles each of our checks when it is first needed, for content that has
	// been tested already. A check that then does not compile answers unknown.
	Lazy bool
	// Cost bounds one check on one asset; 0 means expr.DefaultCost.
	Cost int
}

// Set is an immutable set of compiled checks, safe for concurrent use.
type Set struct {
	env    *expr.Env
	types  *bulwark.Types
	opts   Options
	checks []*bulwark.Check // enabled ones, sorted by id
	byType map[string]*layout
	runs   sync.Pool
}

// layout is the checks of one type in the order of their answers.
type layout struct {
	checks []*bulwark.Check
	rules  []*rule
	once   sync.Once
	space  *expr.Space
}

// rule is one check compiled for one type.
type rule struct {
	check *bulwark.Check
	typ   string
	set   *Set

	once     sync.Once
	problems []bulwark.Problem
	scope    *expr.Scope
	when     *expr.Program // nil is always
	healthy  *expr.Program
	because  []hole
	observed bool // reads what only a live provider knows
}

// hole is a piece of a because text: a literal, or an expression.
type hole struct {
	text string
	expr *expr.Program
}

// Compile makes a set of checks. Checks that are wrong are reported and left
// out; the others go on. Overrides are applied and not listed themselves.
func Compile(checks []*bulwark.Check, types *bulwark.Types, opts Options) (*Set, []bulwark.Problem) {
	env, err := expr.New(types)
	if err != nil {
		return &Set{byType: map[string]*layout{}}, []bulwark.Problem{{File: "types", Message: err.Error()}}
	}
	s := &Set{env: env, types: types, opts: opts, byType: map[string]*layout{}}
	s.runs.New = func() any { return &expr.Run{Limit: opts.Cost} }
	checks, problems := applyOverrides(checks)
	rules, unknown := make([][]*rule, len(checks)), make([][]bulwark.Problem, len(checks))
	for i, c := range checks {
		var ids []string
		ids, unknown[i] = s.typesOf(c)
		for _, id := range ids {
			rules[i] = append(rules[i], &rule{check: c, typ: id, set: s})
		}
	}
	s.readyAll(rules)
	for i, c := range checks {
		problems = append(problems, unknown[i]...)
		bad := slices.IndexFunc(rules[i], func(r *rule) bool { return s.early(r) && len(r.problems) > 0 })
		switch {
		case bad >= 0:
			problems = append(problems, rules[i][bad].problems...)
		case len(rules[i]) > 0:
			s.checks = append(s.checks, c)
			for _, r := range rules[i] {
				s.add(r)
			}
		}
	}
	return s, compactProblems(problems)
}

// early reports whether a rule is compiled at once: no test of ours has seen a
// user's.
func (s *Set) early(r *rule) bool { return !s.opts.Lazy || r.check.Custom }

// readyAll compiles on all processors what is to be compiled at once.
func (s *Set) readyAll(rules [][]*rule) {
	var wg sync.WaitGroup
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(rules)); i = next.Add(1) - 1 {
				for _, r := range rules[i] {
					if !s.early(r) {
						break // they are of one check
					}
					if r.ready(); len(r.problems) > 0 {
						break
					}
				}
			}
		})
	}
	wg.Wait()
}

func (s *Set) add(r *rule) {
	l := s.byType[r.typ]
	if l == nil {
		l = &layout{}
		s.byType[r.typ] = l
	}
	l.checks, l.rules = append(l.checks, r.check), append(l.rules, r)
}

func compactProblems(list []bulwark.Problem) []bulwark.Problem {
	seen := map[bulwark.Problem]bool{}
	return slices.DeleteFunc(list, func(p bulwark.Problem) bool {
		was := seen[p]
		seen[p] = true
		return was
	})
}

// typesOf returns the ids of the types a check judges.
func (s *Set) typesOf(c *bulwark.Check) ([]string, []bulwark.Problem) {
	var ids []string
	var problems []bulwark.Problem
	for _, id := range c.Assets {
		switch group := s.types.InGroup(id); {
		case s.types.Get(id) != nil:
			ids = append(ids, id)
		case len(group) > 0:
			ids = append(ids, group...)
		default:
			problems = append(problems, bulwark.Problem{File: c.Position.File, Line: c.Position.Line,
				Message: fmt.Sprintf("asset %q is neither a type nor a group", id), Mend: "add its type file, or name another"})
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), problems
}

// applyOverrides returns the enabled checks sorted by id, with what overrides
// change. Of several overrides of one check the last wins. An override's
// severity of informational leaves the check's own.
func applyOverrides(checks []*bulwark.Check) ([]*bulwark.Check, []bulwark.Problem) {
	byID := map[string]*bulwark.Check{}
	var overrides []*bulwark.Check
	var problems []bulwark.Problem
	for _, c := range checks {
		if c.Overrides != "" {
			overrides = append(overrides, c)
			continue
		}
		if was := byID[c.ID]; was != nil {
			problems = append(problems, bulwark.Problem{File: c.Position.File, Line: c.Position.Line, Message: "two checks are called " + c.ID, Mend: "rename one"})
			continue
		}
		byID[c.ID] = c
	}
	for _, o := range overrides {
		at := bulwark.Problem{File: o.Position.File, Line: o.Position.Line}
		target := byID[o.Overrides]
		if target == nil {
			at.Message, at.Mend = "overrides "+o.Overrides+", which is no check", "write the id of a check"
			problems = append(problems, at)
			continue
		}
		changed := *target
		if o.Severity != bulwark.Informational {
			changed.Severity = o.Severity
		}
		changed.Disabled = o.Disabled
		changed.Parameters = slices.Clone(target.Parameters)
		for _, p := range o.Parameters {
			i := slices.IndexFunc(changed.Parameters, func(q bulwark.Parameter) bool { return q.Name == p.Name })
			if i < 0 {
				at.Message, at.Mend = "check "+o.Overrides+" has no parameter "+p.Name, "remove it"
				problems = append(problems, at)
				continue
			}
			changed.Parameters[i].Default = p.Default
		}
		changed.Tests = target.Tests
		byID[o.Overrides] = &changed
	}
	list := make([]*bulwark.Check, 0, len(byID))
	for _, c := range byID {
		if !c.Disabled {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b *bulwark.Check) int { return strings.Compare(a.ID, b.ID) })
	return list, problems
}

// Checks returns all checks in the set, sorted by id; the caller must not
// change the slice.
func (s *Set) Checks() []*bulwark.Check { return s.checks }

// For returns the checks of a type, sorted by id: the order of the answers of
// Judge and States. The caller must not change the slice.
func (s *Set) For(typeID string) []*bulwark.Check {
	if l := s.byType[typeID]; l != nil {
		return l.checks
	}
	return nil
}

// ready compiles the rule, once.
func (r *rule) ready() { r.once.Do(r.compile) }

func (r *rule) compile() {
	c := r.check
	space, problems := r.set.env.Space(r.typ)
	if len(problems) > 0 {
		r.problems = problems
		return
	}
	r.scope = space.Scope(c.Parameters)
	for _, n := range c.Let {
		if p := r.scope.Let(n); len(p) > 0 {
			r.problems = append(r.problems, p...)
			return // what follows names it
		}
	}
	note := func(p *expr.Program, problems []bulwark.Problem) *expr.Program {
		r.problems = append(r.problems, problems...)
		if p != nil {
			r.observed = r.observed || p.Uses("observed")
		}
		return p
	}
	if strings.TrimSpace(c.When.Text) != "" {
		r.when = note(r.scope.CompileBool(c.When))
	}
	r.healthy = note(r.scope.CompileBool(c.Healthy))
	r.because = r.template(c.Because)
}

// template compiles a text with {{expression}} holes.
func (r *rule) template(x bulwark.Expr) []hole {
	var list []hole
	rest := x.Text
	for {
		before, after, ok := strings.Cut(rest, "{{")
		if before != "" {
			list = append(list, hole{text: before})
		}
		if !ok {
			return list
		}
		inner, next, ok := strings.Cut(after, "}}")
		if !ok {
			r.problems = append(r.problems, bulwark.Problem{File: x.Position.File, Line: x.Position.Line, Message: "because has {{ without }}", Mend: "close it"})
			return list
		}
		p, problems := r.scope.Compile(bulwark.Expr{Text: inner, Position: x.Position})
		r.problems = append(r.problems, problems...)
		if p != nil {
			list = append(list, hole{expr: p})
		}
		rest = next
	}
}
