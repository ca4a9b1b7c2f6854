package expr

import (
	"fmt"
	"slices"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/bulwarksec/bulwark"
)

// Program is a compiled expression. It is safe for concurrent use.
type Program struct {
	text  string
	at    bulwark.Position
	scope *Scope
	ast   *cel.Ast
	typ   *types.Type
	slots int // locals used, counted from the scope's first

	code        code // closures; zero when left to cel-go
	tracing     sync.Once
	trace       code
	interpreted sync.Once
	cel         cel.Program
	celErr      error
}

// Uses reports whether the expression, or a let or view that it names, reads
// the variable of a name.
func (p *Program) Uses(name string) bool {
	for _, n := range p.names() {
		if n == name {
			return true
		}
		if i := slices.Index(p.scope.names, n); i >= 0 && p.scope.lets[i] != p && p.scope.lets[i].Uses(name) {
			return true
		}
		if i := slices.Index(p.scope.Space.names, n); i >= 0 && p.scope.views[i] != p && p.scope.views[i].Uses(name) {
			return true
		}
	}
	return false
}

// names lists the variables that the expression itself names.
func (p *Program) names() []string {
	var list []string
	ast.PreOrderVisit(p.ast.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.SelectKind {
			return
		}
		if s := e.AsSelect(); s.Operand().Kind() == ast.IdentKind && s.Operand().AsIdent() == varsName {
			list = append(list, s.FieldName())
		}
	}))
	return list
}

// Text returns the expression as it was written.
func (p *Program) Text() string { return p.text }

// build compiles the checked tree.
func (p *Program) build() []bulwark.Problem {
	p.slots = p.scope.first
	c, slots, err := p.closures(false)
	if err == nil {
		p.code, p.slots = c, slots
	}
	return nil
}

// Compiled reports whether the expression is closures, and not left to
// cel-go.
func (p *Program) Compiled() bool { return p.code.tri != nil || p.code.val != nil }

func (p *Program) eval(r *Run) val {
	if len(r.slots) < p.slots {
		r.slots = append(r.slots, make([]val, p.slots-len(r.slots))...)
	}
	switch {
	case p.code.tri != nil:
		return boxed(p.code.tri(r))
	case p.code.val != nil:
		return p.code.val(r)
	}
	return p.interpret(r)
}

// traced is eval, noting what is read in the run's tracer.
func (p *Program) traced(r *Run) val {
	p.tracing.Do(func() {
		if !p.Compiled() {
			return
		}
		p.scope.env.mu.Lock()
		defer p.scope.env.mu.Unlock()
		if c, _, err := p.closures(true); err == nil {
			p.trace = c
		}
	})
	if len(r.slots) < p.slots {
		r.slots = append(r.slots, make([]val, p.slots-len(r.slots))...)
	}
	switch {
	case p.trace.tri != nil:
		return boxed(p.trace.tri(r))
	case p.trace.val != nil:
		return p.trace.val(r)
	}
	return p.interpret(r)
}

// interpret evaluates by cel-go over the adapter.
func (p *Program) interpret(r *Run) val {
	p.interpreted.Do(func() {
		env := p.scope.env
		env.mu.Lock()
		defer env.mu.Unlock()
		env.prov.scope = p.scope
		p.cel, p.celErr = env.cel.Program(p.ast, cel.CostLimit(uint64(DefaultCost)))
	})
	if p.celErr != nil {
		return errVal(p.celErr.Error())
	}
	out, _, err := p.cel.Eval(&activation{r, p.scope})
	if err != nil {
		return errVal(err.Error())
	}
	return fromRef(out)
}

// activation is the one variable of every expression.
type activation struct {
	run   *Run
	scope *Scope
}

func (a *activation) ResolveName(name string) (any, bool) {
	if name == varsName {
		return ref.Val(&varsVal{a.run, a.scope}), true
	}
	return nil, false
}

func (a *activation) Parent() cel.Activation { return nil }

// Answer is the result of a condition.
type Answer uint8

// The answers.
const (
	False Answer = iota
	True
	Unknown
)

// Ask evaluates a condition; everything that is neither true nor false is
// unknown, with the reason.
func (p *Program) Ask(r *Run) (a Answer, reason string) {
	if p.code.tri != nil {
		if len(r.slots) < p.slots {
			r.slots = append(r.slots, make([]val, p.slots-len(r.slots))...)
		}
		switch p.code.tri(r) {
		case yes:
			return True, ""
		case no:
			return False, ""
		}
		return Unknown, "unknown"
	}
	v := p.eval(r)
	switch v.truth() {
	case yes:
		return True, ""
	case no:
		return False, ""
	}
	if v.class() == cUnknown {
		return Unknown, v.reason()
	}
	return Unknown, "the expression yields " + v.class().String() + ", not a boolean"
}

// Eval evaluates to data; an unknown result is an unknown value.
func (p *Program) Eval(r *Run) bulwark.Value {
	v, err := export(p.eval(r))
	if err != nil {
		return unknownValue(err.Error())
	}
	return v
}

// TextOf evaluates to a text for people.
func (p *Program) TextOf(r *Run) string { return textOf(p.eval(r)) }

func unknownValue(reason string) bulwark.Value {
	b := bulwark.NewBuilder(nil, bulwark.Limits{})
	b.Unknown(reason)
	v, _ := b.Build("")
	return v
}

func sprintf(format string, args ...any) string { return fmt.Sprintf(format, args...) }
