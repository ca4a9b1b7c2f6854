package expr

import (
	"fmt"
	"slices"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/functions"
	"cel.dev/cel-go/common/types"

	"github.com/bulwarksec/bulwark"
)

// Env compiles expressions against an index of types. It is safe for
// concurrent use; parsing is concurrent, the rest of compiling serial.
type Env struct {
	types     *bulwark.Types
	relations map[[2]string]string // {type, relation} → the one type at its other end

	mu      sync.Mutex
	cel     *cel.Env
	prov    *provider
	roots   map[string][2]*node
	spaces  map[string]*Space
	problem map[string][]bulwark.Problem // of spaces

	bindings map[string]*functions.Overload // by function name
}

// New returns an environment for the types, which may be nil.
func New(types *bulwark.Types) (*Env, error) {
	if types == nil {
		types = bulwark.NewTypes(nil)
	}
	e := &Env{types: types, roots: map[string][2]*node{}, spaces: map[string]*Space{}, problem: map[string][]bulwark.Problem{}, bindings: map[string]*functions.Overload{}}
	e.relations = relationTypes(types)
	var err error
	if e.prov, err = newProvider(e); err != nil {
		return nil, fmt.Errorf("expr: %w", err)
	}
	if e.cel, err = cel.NewCustomEnv(celOptions(e.prov)...); err != nil {
		return nil, fmt.Errorf("expr: %w", err)
	}
	return e, nil
}

// relationTypes finds for each type and relation the one type at the other
// end; several types leave it out.
func relationTypes(types *bulwark.Types) map[[2]string]string {
	m := map[[2]string]string{}
	put := func(from, relation, to string) {
		if relation == "" {
			return
		}
		k := [2]string{from, relation}
		if was, ok := m[k]; ok && was != to {
			to = ""
		}
		m[k] = to
	}
	for _, t := range types.All() {
		for _, r := range t.References {
			put(t.ID, r.Name, r.To)
			put(r.To, r.Inverse, t.ID)
		}
	}
	return m
}

// relationType returns the type at the other end of a relation, or "".
func (e *Env) relationType(typ, relation string) string {
	return e.relations[[2]string{typ, relation}]
}

// RelationType returns the type that `related` yields for a type's relation,
// or "" when it is not known or not one. It is part of the key rel:….
func (e *Env) RelationType(typ, relation string) string { return e.relationType(typ, relation) }

// rootOf returns the property tree of a type, nil for an unknown one.
func (e *Env) rootOf(id string) *node {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.nodes(id)[0]
}

func (e *Env) nodes(id string) [2]*node {
	if n, ok := e.roots[id]; ok {
		return n
	}
	var n [2]*node
	if t := e.types.Get(id); t != nil {
		n[0], n[1] = buildNodes(t)
	}
	e.roots[id] = n
	return n
}

// Space holds what all checks of one type share: its properties and views.
type Space struct {
	env      *Env
	typ      *bulwark.Type
	root     *node
	observed *node
	views    []*Program
	names    []string // of views
	slots    int
}

// Space returns the space of a type; its views are compiled once, and their
// problems returned each time. An unknown type yields nil.
func (e *Env) Space(typeID string) (*Space, []bulwark.Problem) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if s, ok := e.spaces[typeID]; ok {
		return s, e.problem[typeID]
	}
	t := e.types.Get(typeID)
	if t == nil {
		return nil, nil
	}
	n := e.nodes(typeID)
	s := &Space{env: e, typ: t, root: n[0], observed: n[1]}
	var problems []bulwark.Problem
	for _, v := range t.Views {
		p, ps := e.compile(e.parse(v.Expr), &Scope{Space: s, first: s.slots}, false)
		problems = append(problems, ps...)
		if p == nil {
			continue
		}
		s.views, s.names, s.slots = append(s.views, p), append(s.names, v.Name), p.slots
	}
	e.spaces[typeID], e.problem[typeID] = s, problems
	return s, problems
}

// Scope is a space with the names of one check: its parameters and lets, or
// free variables for expressions that judge no asset.
type Scope struct {
	*Space
	params *node
	lets   []*Program
	names  []string // of lets
	free   []string
	first  int // slot for the next local
}

// Scope returns a scope with parameters; lets are added by Let.
func (s *Space) Scope(parameters []bulwark.Parameter) *Scope {
	return &Scope{Space: s, params: paramsNode(parameters), first: s.slots}
}

// Free returns a scope in which the names given stand for values of any
// shape, set in Run.Vars.
func (e *Env) Free(names ...string) *Scope {
	return &Scope{Space: &Space{env: e}, free: names}
}

// Let adds a named expression, which may use those before it.
func (sc *Scope) Let(n bulwark.NamedExpr) []bulwark.Problem {
	p, problems := sc.Compile(n.Expr)
	if p != nil {
		sc.lets, sc.names, sc.first = append(sc.lets, p), append(sc.names, n.Name), p.slots
	}
	return problems
}

// Lets returns the number of lets.
func (sc *Scope) Lets() int { return len(sc.lets) }

// Compile type-checks an expression of any type.
func (sc *Scope) Compile(x bulwark.Expr) (*Program, []bulwark.Problem) {
	parsed := sc.env.parse(x)
	sc.env.mu.Lock()
	defer sc.env.mu.Unlock()
	return sc.env.compile(parsed, sc, false)
}

// CompileBool type-checks an expression that must be a boolean which is never
// null.
func (sc *Scope) CompileBool(x bulwark.Expr) (*Program, []bulwark.Problem) {
	parsed := sc.env.parse(x)
	sc.env.mu.Lock()
	defer sc.env.mu.Unlock()
	return sc.env.compile(parsed, sc, true)
}

func paramsNode(list []bulwark.Parameter) *node {
	n := &node{fields: map[string]*node{}}
	for _, p := range list {
		n.fields[p.Name] = valueNode(p.Name, p.Default)
		n.fields[p.Name].defaults = []nodeDefault{{value: p.Default}}
	}
	return n
}

func valueNode(path string, v bulwark.Value) *node {
	n := &node{path: path, kind: bulwark.KindAny}
	switch v.Kind() {
	case bulwark.String:
		n.kind = bulwark.KindString
	case bulwark.Bool:
		n.kind = bulwark.KindBoolean
	case bulwark.Int:
		n.kind = bulwark.KindInteger
	case bulwark.List:
		n.kind = ""
		n.elem = valueNode(path+"[]", v.Index(0))
		for _, c := range v.Children() {
			if c.Kind() != v.Index(0).Kind() {
				n.elem.kind = bulwark.KindAny
			}
		}
	}
	return n
}

// varNames lists what a scope's expressions may name.
func (sc *Scope) varNames() []string {
	names := slices.Concat(sc.names, sc.free)
	if sc.typ != nil {
		names = append(names, "asset", "observed", "parameters")
		names = append(names, sc.Space.names...)
	}
	return append(names, "now")
}

// varType returns the type of a name.
func (sc *Scope) varType(name string) (*types.Type, bool) {
	reg := sc.env.prov.register
	if i := slices.Index(sc.names, name); i >= 0 {
		return sc.lets[i].typ, true
	}
	if slices.Contains(sc.free, name) {
		return types.DynType, true
	}
	if name == "now" {
		return types.TimestampType, true
	}
	if sc.typ == nil {
		return nil, false
	}
	if i := slices.Index(sc.Space.names, name); i >= 0 {
		return sc.views[i].typ, true
	}
	switch name {
	case "asset":
		return sc.root.celType(reg, false), true
	case "observed":
		return sc.observed.celType(reg, false), true
	case "parameters":
		if sc.params != nil {
			return sc.params.celType(reg, false), true
		}
	}
	return nil, false
}

// lookup is a name's value.
func (r *Run) lookup(sc *Scope, name string) val {
	if i := slices.Index(sc.names, name); i >= 0 {
		return r.let(sc, i)
	}
	if slices.Contains(sc.free, name) {
		return val{v: r.Vars[name]}
	}
	if i := slices.Index(sc.Space.names, name); i >= 0 {
		return *r.view(i)
	}
	switch name {
	case "asset":
		return r.asset
	case "observed":
		return r.obs
	case "parameters":
		return r.params
	case "now":
		return r.now()
	}
	return errVal("no " + name)
}

// let is the i-th let, computed once for a check.
func (r *Run) let(sc *Scope, i int) val {
	m := &r.lets[i]
	if !m.done {
		v := sc.lets[i].eval(r)
		m.val, m.done = v, !r.over
	}
	return m.val
}

const varsName = "@v"

// maxExpr bounds the text of one expression.
const maxExpr = 16 << 10

// unchecked is an expression's syntax tree, or why there is none.
type unchecked struct {
	x        bulwark.Expr
	ast      *cel.Ast
	issues   *cel.Issues
	problems []bulwark.Problem
}

// parse needs no lock. It is half of the time that compiling takes.
func (e *Env) parse(x bulwark.Expr) (p *unchecked) {
	p = &unchecked{x: x}
	at := bulwark.Problem{File: x.Position.File, Line: x.Position.Line}
	defer uncompiled(at, &p.problems)
	if len(x.Text) > maxExpr {
		at.Message, at.Mend = fmt.Sprintf("expression has %d bytes, more than %d", len(x.Text), maxExpr), "part it by let:"
		p.problems = []bulwark.Problem{at}
		return p
	}
	p.ast, p.issues = e.cel.Parse(x.Text)
	return p
}

// uncompiled, deferred, makes a panic a problem: a bug of a library must not
// stop the others.
func uncompiled(at bulwark.Problem, problems *[]bulwark.Problem) {
	if v := recover(); v != nil {
		at.Message = fmt.Sprintf("expression cannot be compiled: %v", v)
		*problems = []bulwark.Problem{at}
	}
}

// compile rewrites, checks and lints one expression, under the lock. With
// problems there is no program.
func (e *Env) compile(from *unchecked, sc *Scope, boolean bool) (p *Program, problems []bulwark.Problem) {
	x := from.x
	at := bulwark.Problem{File: x.Position.File, Line: x.Position.Line}
	defer func() {
		if len(problems) > 0 {
			p = nil
		}
	}()
	defer uncompiled(at, &problems)
	if len(from.problems) > 0 {
		return nil, from.problems
	}
	parsed, iss := from.ast, from.issues
	if iss.Err() != nil {
		return nil, e.report(x, sc, iss.Errors())
	}
	native := parsed.NativeRep()
	e.prov.scope, e.prov.missed = sc, nil
	rewrite(native, sc)
	checked, iss := e.cel.Check(parsed)
	joined := false
	if iss.Err() != nil && looseJoins(native, iss.Errors()) {
		e.prov.missed = nil
		checked, iss = e.cel.Check(parsed)
		joined = true
	}
	if iss.Err() != nil {
		return nil, e.report(x, sc, iss.Errors())
	}
	p = &Program{text: x.Text, scope: sc, ast: checked, typ: checked.OutputType(), at: x.Position}
	if joined {
		if t := e.joinedType(checked.NativeRep()); t != nil {
			p.typ = t
		}
	}
	l := &linter{x: x, ast: checked.NativeRep(), at: at}
	l.run(boolean)
	if len(l.problems) > 0 {
		return nil, l.problems
	}
	return p, p.build()
}
