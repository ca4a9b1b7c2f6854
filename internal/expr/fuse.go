package expr

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"

	"github.com/bulwarksec/bulwark"
)

// equality fuses comparisons of a property with a constant.
func (k *compiler) equality(a, b ast.Expr) triFn {
	if a.Kind() == ast.LiteralKind {
		a, b = b, a
	}
	x := k.val(a)
	if b.Kind() != ast.LiteralKind {
		y := k.val(b)
		return func(r *Run) tri { return r.equal(x(r), y(r)) }
	}
	lit := val{r: b.AsLiteral()}
	general := func(r *Run) tri { return r.equal(x(r), lit) }
	l := k.plain(a)
	if l == nil {
		return general
	}
	switch c := b.AsLiteral().(type) {
	case types.Bool:
		return l.isBool(bool(c), general)
	case types.String:
		return l.isText(string(c), general)
	case types.Null:
		return l.isUnset(general)
	}
	return general
}

func (l *loader) isBool(want bool, general triFn) triFn {
	return func(r *Run) tri {
		if v, ok := l.value(r); ok {
			switch v.Kind() {
			case bulwark.Bool:
				return triOf(v.Bool() == want)
			case bulwark.Absent:
				return no
			}
		}
		return general(r)
	}
}

func (l *loader) isText(want string, general triFn) triFn {
	return func(r *Run) tri {
		if v, ok := l.value(r); ok {
			switch v.Kind() {
			case bulwark.String:
				return triOf(v.Text() == want)
			case bulwark.Absent:
				return no
			}
		}
		return general(r)
	}
}

func (l *loader) isUnset(general triFn) triFn {
	return func(r *Run) tri {
		if v, ok := l.value(r); ok {
			switch v.Kind() {
			case bulwark.Absent:
				return yes
			case bulwark.Unknown:
				return unsure
			}
			return no
		}
		return general(r)
	}
}

// member fuses membership in a list of constant texts.
func (k *compiler) member(a, b ast.Expr) triFn {
	x := k.val(a)
	if b.Kind() == ast.ListKind && len(b.AsList().OptionalIndices()) == 0 {
		var texts []string
		var all seq
		for _, e := range b.AsList().Elements() {
			if e.Kind() != ast.LiteralKind {
				break
			}
			if s, ok := e.AsLiteral().(types.String); ok {
				texts = append(texts, string(s))
			}
			all.items = append(all.items, val{r: e.AsLiteral()})
		}
		if len(all.items) == b.AsList().Size() {
			list := val{r: &all}
			plain := len(texts) == len(all.items)
			if l := k.plain(a); l != nil && plain {
				return func(r *Run) tri {
					if v, ok := l.value(r); ok {
						switch v.Kind() {
						case bulwark.String:
							s := v.Text()
							for _, t := range texts {
								if s == t {
									return yes
								}
							}
							return no
						case bulwark.Absent:
							return no
						}
					}
					return r.in(x(r), list)
				}
			}
			return func(r *Run) tri {
				v := x(r)
				if plain && v.r == nil && v.v.Kind() == bulwark.String {
					s := v.v.Text()
					for _, t := range texts {
						if s == t {
							return yes
						}
					}
					return no
				}
				return r.in(v, list)
			}
		}
	}
	y := k.val(b)
	if s, ok := constText(a); ok {
		lit := val{r: types.String(s)}
		return func(r *Run) tri { return r.textIn(s, lit, y(r)) }
	}
	return func(r *Run) tri { return r.in(x(r), y(r)) }
}

func constText(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

// textIn is in for a constant text.
func (r *Run) textIn(s string, lit, b val) tri {
	if b.r != nil || b.v.Kind() != bulwark.List {
		return r.in(lit, b)
	}
	n := b.v.Len()
	if !r.spend(n) {
		return unsure
	}
	for i := range n {
		switch c := b.v.Index(i); c.Kind() {
		case bulwark.String:
			if c.Text() == s {
				return yes
			}
		case bulwark.Unknown, bulwark.Symbolic, bulwark.Secret:
			return r.in(lit, b)
		}
	}
	return no
}
