package tf

import (
	"errors"
	"regexp"
	"strings"

	"github.com/zclconf/go-cty/cty/function/stdlib"
)

func registerText() {
	register(
		fn{"chomp", 1, 1, symDerive, library(stdlib.ChompFunc)},
		fn{"format", 1, -1, symRaw, format},
		fn{"formatlist", 1, -1, symRaw, formatList},
		fn{"indent", 2, 2, symDerive, indent},
		fn{"join", 1, -1, symRaw, join},
		fn{"lower", 1, 1, symDerive, library(stdlib.LowerFunc)},
		fn{"upper", 1, 1, symDerive, library(stdlib.UpperFunc)},
		fn{"title", 1, 1, symDerive, library(stdlib.TitleFunc)},
		fn{"regex", 2, 2, symDerive, library(stdlib.RegexFunc)},
		fn{"regexall", 2, 2, symDerive, library(stdlib.RegexAllFunc)},
		fn{"replace", 3, 3, symRaw, replace},
		fn{"split", 2, 2, symDerive, splitText},
		fn{"startswith", 2, 2, symRaw, startsWith},
		fn{"endswith", 2, 2, symRaw, endsWith},
		fn{"strcontains", 2, 2, symRaw, contained},
		fn{"strrev", 1, 1, symDerive, library(stdlib.ReverseFunc)},
		fn{"substr", 3, 3, symRaw, substr},
		fn{"trim", 2, 2, symDerive, library(stdlib.TrimFunc)},
		fn{"trimprefix", 2, 2, symRaw, trimPrefix},
		fn{"trimsuffix", 2, 2, symRaw, trimSuffix},
		fn{"trimspace", 1, 1, symDerive, library(stdlib.TrimSpaceFunc)},
		fn{"tostring", 1, 1, symRaw, func(c *call) *Node { return c.ev.convertText(c.args[0]) }},
	)
}

// verbs matches the verbs of a format.
var verbs = regexp.MustCompile(`%[^a-zA-Z%]*[a-zA-Z%]`)
var wide = regexp.MustCompile(`%[^a-zA-Z%]*(\d{5,}|\*)`)

// plainFormat reports whether a format only puts texts in their places.
func plainFormat(f string) bool {
	for _, v := range verbs.FindAllString(f, -1) {
		switch v {
		case "%s", "%v", "%%":
		default:
			return false
		}
	}
	return true
}

func format(c *call) *Node {
	f, ok := c.text(0)
	if !ok {
		return c.bad(0)
	}
	if wide.MatchString(f) {
		return failure("format: a field is too wide")
	}
	plain := plainFormat(f)
	for i, a := range c.args[1:] {
		switch {
		case plain && a.Kind == Unknown:
			c.args[i+1] = str(c.ev.textOf(a))
		case a.Kind == Unknown:
			return a
		case !plain && c.ev.symbolic(a):
			return c.derived()
		case a.Kind == List || a.Kind == Object:
			if c.ev.symbolic(a) {
				return c.derived()
			}
		}
	}
	return library(stdlib.FormatFunc)(c)
}

func formatList(c *call) *Node {
	f, ok := c.text(0)
	if !ok {
		return c.bad(0)
	}
	if wide.MatchString(f) {
		return failure("formatlist: a field is too wide")
	}
	n, open := -1, false
	for _, a := range c.args[1:] {
		if a.Kind == List {
			open = open || a.Open
			if n >= 0 && n != len(a.Items) {
				return failure("formatlist: lists of different lengths")
			}
			n = len(a.Items)
		} else if a.loneToken() {
			open = true
		}
	}
	if n < 0 {
		if open {
			return c.derived()
		}
		n = 1
	}
	out := &Node{Kind: List, Open: open}
	for i := range n {
		one := &call{ev: c.ev, sc: c.sc, fn: c.fn, args: []*Node{c.args[0]}}
		for _, a := range c.args[1:] {
			if a.Kind == List {
				a = a.Items[i]
			}
			one.args = append(one.args, a)
		}
		v := format(one)
		if v.isErr() {
			return v
		}
		out.Items = append(out.Items, v)
	}
	return out
}

func indent(c *call) *Node {
	if n, ok := c.integer(0); !ok || n < 0 || n > 10_000 {
		return failure("indent: bad number of spaces")
	}
	s, _ := c.text(1)
	if n, _ := c.integer(0); (strings.Count(s, "\n")+1)*int(n) > maxText {
		return unknown("a text grew too large")
	}
	return library(stdlib.IndentFunc)(c)
}

func join(c *call) *Node {
	sep, ok := c.text(0)
	if !ok {
		return c.bad(0)
	}
	var b strings.Builder
	first := true
	for i, l := range c.args[1:] {
		switch {
		case l.Kind == Unknown:
			return l
		case l.loneToken(), l.Kind == List && l.Open:
			return c.derived()
		case l.Kind != List:
			return c.bad(i + 1)
		}
		for _, it := range l.Items {
			if it.Kind == Null {
				return failure("join: a null in the list")
			}
			if !first {
				b.WriteString(sep)
			}
			first = false
			b.WriteString(c.ev.textOf(it))
			if b.Len() > maxText {
				return unknown("a text grew too large")
			}
		}
	}
	return str(b.String())
}

// texts returns all arguments as texts; a non-nil Node is the call's result
// when that cannot be.
func (c *call) texts() ([]string, *Node) {
	out := make([]string, len(c.args))
	for i, a := range c.args {
		if a.Kind == Unknown {
			return nil, a
		}
		s, ok := c.text(i)
		if !ok {
			return nil, c.bad(i)
		}
		out[i] = s
	}
	return out, nil
}

// replace replaces a text, or what a pattern between slashes matches.
func replace(c *call) *Node {
	a, failed := c.texts()
	if failed != nil {
		return failed
	}
	if hasToken(a[0]) || hasToken(a[1]) {
		return c.derived()
	}
	if n := strings.Count(a[0], a[1]); n*len(a[2]) > maxText {
		return unknown("a text grew too large")
	}
	if len(a[1]) > 1 && strings.HasPrefix(a[1], "/") && strings.HasSuffix(a[1], "/") {
		re, err := regexp.Compile(a[1][1 : len(a[1])-1])
		if err != nil {
			return failure("replace: " + err.Error())
		}
		if n := len(re.FindAllStringIndex(a[0], -1)); n*(len(a[2])+len(a[0])) > 64*maxText {
			return unknown("a text grew too large")
		}
		s := re.ReplaceAllString(a[0], a[2])
		if len(s) > maxText {
			return unknown("a text grew too large")
		}
		return str(s)
	}
	return str(strings.ReplaceAll(a[0], a[1], a[2]))
}

func splitText(c *call) *Node {
	sep, ok := c.text(0)
	s, ok2 := c.text(1)
	if !ok || !ok2 {
		return c.bad(boolInt(ok))
	}
	out := &Node{Kind: List}
	if s == "" {
		out.Items = []*Node{str("")}
		return out
	}
	parts := strings.Split(s, sep)
	if len(parts) > c.ev.lim.ValueNodes {
		return unknown("a list grew too large")
	}
	for _, p := range parts {
		out.Items = append(out.Items, str(p))
	}
	return out
}

func startsWith(c *call) *Node {
	a, failed := c.texts()
	if failed != nil {
		return failed
	}
	if !hasToken(a[1]) {
		lit, _ := c.ev.syms.literalEnds(a[0])
		switch {
		case strings.HasPrefix(lit, a[1]):
			return boolean(true)
		case !hasToken(a[0]) || !strings.HasPrefix(a[1], lit):
			return boolean(false)
		}
	} else if strings.HasPrefix(a[0], a[1]) && !c.ev.syms.indeterminate(a[1]) {
		return boolean(true)
	}
	return unknown("what a text starts with is not known" + c.ev.whyAny(c.args))
}

func endsWith(c *call) *Node {
	a, failed := c.texts()
	if failed != nil {
		return failed
	}
	if !hasToken(a[1]) {
		_, lit := c.ev.syms.literalEnds(a[0])
		switch {
		case strings.HasSuffix(lit, a[1]):
			return boolean(true)
		case !hasToken(a[0]) || !strings.HasSuffix(a[1], lit):
			return boolean(false)
		}
	} else if strings.HasSuffix(a[0], a[1]) && !c.ev.syms.indeterminate(a[1]) {
		return boolean(true)
	}
	return unknown("what a text ends with is not known" + c.ev.whyAny(c.args))
}

func contained(c *call) *Node {
	a, failed := c.texts()
	if failed != nil {
		return failed
	}
	switch {
	case hasToken(a[1]) && c.ev.syms.indeterminate(a[1]):
	case strings.Contains(a[0], a[1]):
		return boolean(true)
	case !hasToken(a[0]) && !hasToken(a[1]):
		return boolean(false)
	}
	return unknown("what a text contains is not known" + c.ev.whyAny(c.args))
}

// substr of a text that begins with enough literal text is known.
func substr(c *call) *Node {
	s, ok := c.text(0)
	off, ok2 := c.integer(1)
	n, ok3 := c.integer(2)
	for i, a := range c.args {
		if a.Kind == Unknown {
			return a
		}
		if i > 0 && a.Kind == Symbolic {
			return c.derived()
		}
	}
	if !ok || !ok2 || !ok3 {
		return failure("substr: bad arguments")
	}
	if hasToken(s) {
		lit, _ := c.ev.syms.literalEnds(s)
		if off < 0 || n < 0 || off+n > int64(len(lit)) || !ascii(lit) {
			return c.derived()
		}
		c.args[0] = str(lit)
	}
	return library(stdlib.SubstrFunc)(c)
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func trimPrefix(c *call) *Node {
	a, failed := c.texts()
	if failed != nil {
		return failed
	}
	lit, _ := c.ev.syms.literalEnds(a[0])
	if hasToken(a[1]) || hasToken(a[0]) && len(lit) < len(a[1]) {
		return c.derived()
	}
	return str(strings.TrimPrefix(a[0], a[1]))
}

func trimSuffix(c *call) *Node {
	a, failed := c.texts()
	if failed != nil {
		return failed
	}
	_, lit := c.ev.syms.literalEnds(a[0])
	if hasToken(a[1]) || hasToken(a[0]) && len(lit) < len(a[1]) {
		return c.derived()
	}
	return str(strings.TrimSuffix(a[0], a[1]))
}

var errNotText = errors.New("the result is no valid UTF-8")
