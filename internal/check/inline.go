package check

import (
	"fmt"
	"sort"

	"github.com/bulwarksec/bulwark"
)

// Test runs the inline tests of every check in the set and reports those that
// do not answer as they want, with file and line.
func (s *Set) Test() []bulwark.Problem {
	var problems []bulwark.Problem
	for _, c := range s.checks {
		for i := range c.Tests {
			if p := s.test(c, &c.Tests[i]); p != nil {
				problems = append(problems, *p)
			}
		}
	}
	return problems
}

// Results runs the inline tests of one check, in their order; a nil problem is a
// test that passed. It is nil for a check that is not in the set.
func (s *Set) Results(id string) []*bulwark.Problem {
	var list []*bulwark.Problem
	for _, c := range s.checks {
		if c.ID == id {
			for i := range c.Tests {
				list = append(list, s.test(c, &c.Tests[i]))
			}
		}
	}
	return list
}

func (s *Set) test(c *bulwark.Check, t *bulwark.CheckTest) *bulwark.Problem {
	fail := func(mend, format string, args ...any) *bulwark.Problem {
		p := &bulwark.Problem{File: t.Position.File, Line: t.Position.Line, Message: fmt.Sprintf("check %s: test %q ", c.ID, t.Name) + fmt.Sprintf(format, args...), Mend: mend}
		if p.File == "" {
			p.File, p.Line = c.Position.File, c.Position.Line
		}
		return p
	}
	ids, _ := s.typesOf(c)
	typ := t.Type
	if typ == "" && len(ids) > 0 {
		typ = ids[0]
		if s.types.Get(c.Assets[0]) != nil {
			typ = c.Assets[0]
		}
	}
	r := s.rule(c, typ)
	if r == nil {
		return fail("name one of the check's types", "is of type %s, which the check does not judge", typ)
	}
	if r.ready(); len(r.problems) > 0 {
		p := r.problems[0]
		return &p
	}
	a, w, err := s.fixture(c, t, typ)
	if err != nil {
		return fail("", "cannot be set up: %v", err)
	}
	run := s.run(s.byType[typ], a, w, t.Now)
	defer s.runs.Put(run)
	got := r.assess(run, parameters(t.Parameters))
	if got.State != t.Want {
		why := ""
		if got.Because != "" {
			why = ": " + got.Because
		}
		return fail("mend the check or the test", "is %s, want %s%s", got.State, t.Want, why)
	}
	return nil
}

func (s *Set) rule(c *bulwark.Check, typ string) *rule {
	if l := s.byType[typ]; l != nil {
		for _, r := range l.rules {
			if r.check == c {
				return r
			}
		}
	}
	return nil
}

// fixture makes the asset and the world of a test.
func (s *Set) fixture(c *bulwark.Check, t *bulwark.CheckTest, typ string) (*bulwark.Asset, *fixture, error) {
	origin := t.Origin
	if origin == "" {
		origin = bulwark.Live
	}
	a := &bulwark.Asset{ID: bulwark.AssetID(origin, "test"), Type: typ, Name: t.Name, Scope: "test"}
	var err error
	if a.Properties, err = s.own(t.Asset, a.ID); err != nil {
		return nil, nil, err
	}
	if a.Observed, err = s.own(t.Observed, a.ID); err != nil {
		return nil, nil, err
	}
	w := &fixture{asset: a, related: map[string][]*bulwark.Asset{}, reasons: map[string]string{}, facts: t.Facts}
	for relation, v := range t.Related {
		if v.Kind() == bulwark.Unknown {
			w.reasons[relation] = v.Reason()
			continue
		}
		if v.Kind() != bulwark.List && v.Kind() != bulwark.Absent {
			return nil, nil, fmt.Errorf("%w: related %s is %s, want a list", bulwark.ErrInvalid, relation, v.Kind())
		}
		for i := range v.Len() {
			r := &bulwark.Asset{ID: fmt.Sprintf("%s:related/%s/%03d", origin, relation, i), Type: s.env.RelationType(typ, relation), Scope: "test"}
			if r.Properties, err = s.own(v.Index(i), r.ID); err != nil {
				return nil, nil, err
			}
			w.related[relation] = append(w.related[relation], r)
		}
	}
	return a, w, nil
}

// own copies a part of a test file into a document of its own, as a gathered
// asset has.
func (s *Set) own(v bulwark.Value, asset string) (bulwark.Value, error) {
	if v.Doc() == nil {
		b := bulwark.NewBuilder(s.types.Names(), bulwark.Limits{})
		b.Object()
		b.End()
		return b.Build(asset)
	}
	b := bulwark.NewBuilder(s.types.Names(), bulwark.Limits{})
	if p := v.Position(); p.Line > 0 {
		b.At(p)
	}
	b.Copy(v)
	return b.Build(asset)
}

// parameters makes one value of a test's parameters.
func parameters(m map[string]bulwark.Value) bulwark.Value {
	if len(m) == 0 {
		return bulwark.Value{}
	}
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	b := bulwark.NewBuilder(nil, bulwark.Limits{})
	b.Object()
	for _, name := range names {
		b.Key(name)
		b.Copy(m[name])
	}
	b.End()
	v, _ := b.Build("")
	return v
}

// fixture is the world of a test: what it does not mention is not there.
type fixture struct {
	asset   *bulwark.Asset
	related map[string][]*bulwark.Asset
	reasons map[string]string
	facts   map[string]bulwark.Value
}

func (f *fixture) Related(a *bulwark.Asset, relation string) ([]*bulwark.Asset, string) {
	if a != f.asset {
		return nil, ""
	}
	return f.related[relation], f.reasons[relation]
}

func (f *fixture) Fact(a *bulwark.Asset, kind string) bulwark.Value {
	if a != f.asset {
		return bulwark.Value{}
	}
	return f.facts[kind]
}
