package expr

import (
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/traits"

	"github.com/bulwarksec/bulwark"
)

// equal compares in three-valued logic.
func (r *Run) equal(a, b val) tri {
	ca, cb := a.class(), b.class()
	if ca > cb {
		a, b, ca, cb = b, a, cb, ca
	}
	switch {
	case ca == cUnknown:
		return unsure
	case ca == cNull || ca == cAbsent:
		if cb == cNull || cb == cAbsent {
			return yes
		}
		if n, ok := b.length(); ok && n == 0 && ca == cAbsent && (cb == cList || cb == cMap) {
			return yes
		}
		return no
	case cb == cSecret || ca == cSecret:
		return unsure
	case cb == cSymbolic || ca == cSymbolic:
		return equalSymbolic(a, b, ca, cb)
	case ca == cInt && cb == cInt:
		x, xf, xi := a.number()
		y, yf, yi := b.number()
		if xi && yi {
			return triOf(x == y)
		}
		return triOf(xf == yf)
	case (ca == cInt || ca == cDouble) && (cb == cInt || cb == cDouble):
		_, x, _ := a.number()
		_, y, _ := b.number()
		return triOf(x == y)
	case ca != cb:
		return no
	}
	switch ca {
	case cBool:
		return triOf(a.truth() == b.truth())
	case cString:
		return triOf(a.text() == b.text())
	case cList:
		return r.equalLists(a, b)
	case cMap:
		return r.equalMaps(a, b)
	case cTime, cDuration:
		c, t := r.compareTimes(a, b)
		if t == unsure {
			return unsure
		}
		return triOf(c == 0)
	}
	if e, ok := a.r.Equal(b.r).(types.Bool); ok {
		return triOf(bool(e))
	}
	return unsure
}

// equalSymbolic compares texts of which at least one is known in part: equal
// parts are equal; null, empty texts and wildcards that a provider never makes
// are not, nor are literal ends that contradict each other.
func equalSymbolic(a, b val, ca, cb class) tri {
	if ca == cSymbolic && cb == cSymbolic {
		if bulwark.Equal(a.v, b.v) {
			return yes
		}
		return unsure
	}
	sym, other, co := a, b, cb
	if cb == cSymbolic {
		sym, other, co = b, a, ca
	}
	if co != cString {
		return unsure
	}
	s := other.text()
	prefix, suffix := literalEnds(sym.v)
	if s == "" || isWildcard(s) && isMade(sym.v.Parts()) || !strings.HasPrefix(s, prefix) || !strings.HasSuffix(s, suffix) || len(s) < len(prefix)+len(suffix) {
		return no
	}
	return unsure
}

// isWildcard reports whether a text stands for everything: * or the network of
// all addresses, in the ways in which it is written.
func isWildcard(s string) bool {
	switch s {
	case "*", "0.0.0.0/0", "::/0", "0.0.0.0", "::", "::0":
		return true
	}
	return false
}

// isMade reports whether every symbol of a text stands for what a provider makes
// up: an attribute of a resource (an id, an ARN, a network), an account, a
// region. None of those is a wildcard, nor does one come of them.
func isMade(parts []bulwark.Part) bool {
	for _, p := range parts {
		if p.Symbol != nil && !isMadeUp(p.Symbol) {
			return false
		}
	}
	return true
}

func isMadeUp(s *bulwark.Symbol) bool {
	switch s.Kind {
	case "account", "region", "partition", "stackname", "stack":
		return true
	case "computed":
		return s.Attribute != ""
	case "undeclared":
		for part := range strings.SplitSeq(s.Address, ".") {
			if part == "var" || part == "local" || part == "data" {
				return false
			}
		}
		return s.Attribute != ""
	}
	return false
}

// literalEnds returns the literal text before the first and after the last
// symbol.
func literalEnds(v bulwark.Value) (prefix, suffix string) {
	parts := v.Parts()
	for _, p := range parts {
		if p.Symbol != nil {
			break
		}
		prefix += p.Literal
	}
	for i := len(parts) - 1; i >= 0 && parts[i].Symbol == nil; i-- {
		suffix = parts[i].Literal + suffix
	}
	return prefix, suffix
}

func (r *Run) equalLists(a, b val) tri {
	n, _ := a.length()
	m, _ := b.length()
	if n != m {
		return no
	}
	answer := yes
	for i := range n {
		if !r.spend(1) {
			return unsure
		}
		switch r.equal(a.at(i), b.at(i)) {
		case no:
			return no
		case unsure:
			answer = unsure
		}
	}
	return answer
}

func (r *Run) equalMaps(a, b val) tri {
	n, _ := a.length()
	m, _ := b.length()
	if n != m {
		return no
	}
	answer := yes
	for _, k := range a.keys() {
		if !r.spend(1) {
			return unsure
		}
		if r.hasKey(b, k) == no {
			return no
		}
		switch r.equal(r.index(a, k), r.index(b, k)) {
		case no:
			return no
		case unsure:
			answer = unsure
		}
	}
	return answer
}

func (r *Run) hasKey(m, k val) tri {
	if m.r != nil {
		_, ok := m.r.(traits.Mapper).Find(r.toRef(k))
		return triOf(ok)
	}
	if k.class() != cString {
		return no
	}
	name := k.text()
	for i := range m.v.Len() {
		if m.v.Key(i) == name {
			return yes
		}
	}
	return no
}

// in reports membership: an element of a list, a key of a map.
func (r *Run) in(a, b val) tri {
	ca, cb := a.class(), b.class()
	switch {
	case cb == cAbsent || cb == cNull:
		return no
	case cb == cUnknown || cb != cList && cb != cMap:
		return unsure
	case cb == cMap:
		if ca == cUnknown || ca == cSecret || ca == cSymbolic {
			return unsure
		}
		return r.hasKey(b, a)
	}
	n, _ := b.length()
	answer := no
	for i := range n {
		if !r.spend(1) {
			return unsure
		}
		switch r.equal(a, b.at(i)) {
		case yes:
			return yes
		case unsure:
			answer = unsure
		}
	}
	if n > 0 && ca == cUnknown {
		return unsure
	}
	return answer
}

// compare orders numbers, texts, booleans, times, quantities and versions;
// ok is unsure for everything else.
func (r *Run) compare(a, b val) (c int, ok tri) {
	ca, cb := a.class(), b.class()
	switch {
	case (ca == cInt || ca == cDouble) && (cb == cInt || cb == cDouble):
		x, xf, xi := a.number()
		y, yf, yi := b.number()
		if xi && yi {
			return sign(x < y, x > y), yes
		}
		return sign(xf < yf, xf > yf), yes
	case ca != cb:
		return 0, unsure
	case ca == cString:
		return strings.Compare(a.text(), b.text()), yes
	case ca == cBool:
		return sign(a.truth() < b.truth(), a.truth() > b.truth()), yes
	case ca == cTime || ca == cDuration:
		return r.compareTimes(a, b)
	case ca == cOther:
		x, okx := a.r.(orderer)
		y, oky := b.r.(orderer)
		if okx && oky {
			return x.order(y)
		}
	}
	return 0, unsure
}

// orderer is an opaque value with an order among its own kind.
type orderer interface{ order(other any) (int, tri) }

func sign(less, more bool) int {
	switch {
	case less:
		return -1
	case more:
		return 1
	}
	return 0
}
