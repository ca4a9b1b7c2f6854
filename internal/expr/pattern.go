package expr

import (
	"regexp"
	"regexp/syntax"
	"strings"
)

// matcher returns the fastest test that means the same as a regular
// expression. Most patterns of checks are a few words, perhaps at the begin
// or end of the text: (PASSWORD|SECRET|TOKEN)$. Those need no engine.
func matcher(re *regexp.Regexp) func(string) bool {
	parsed, err := syntax.Parse(re.String(), syntax.Perl)
	if err != nil {
		return re.MatchString
	}
	parsed = parsed.Simplify()
	subs := []*syntax.Regexp{parsed}
	if parsed.Op == syntax.OpConcat {
		subs = parsed.Sub
	}
	var begin, end bool
	if len(subs) > 0 && subs[0].Op == syntax.OpBeginText {
		begin, subs = true, subs[1:]
	}
	if n := len(subs); n > 0 && subs[n-1].Op == syntax.OpEndText {
		end, subs = true, subs[:n-1]
	}
	words := []string{""}
	for _, s := range subs {
		if words = cross(words, language(s)); words == nil {
			return re.MatchString
		}
	}
	test := strings.Contains
	switch {
	case begin && end:
		test = func(s, w string) bool { return s == w }
	case begin:
		test = strings.HasPrefix
	case end:
		test = strings.HasSuffix
	}
	return func(s string) bool {
		for _, w := range words {
			if test(s, w) {
				return true
			}
		}
		return false
	}
}

// maxWords bounds a finite language that is tried word by word.
const maxWords = 12

// language lists all texts that an expression matches, nil when they are too
// many or it is no plain one.
func language(re *syntax.Regexp) []string {
	if re.Flags&syntax.FoldCase != 0 {
		return nil
	}
	switch re.Op {
	case syntax.OpLiteral:
		return []string{string(re.Rune)}
	case syntax.OpEmptyMatch:
		return []string{""}
	case syntax.OpCapture:
		return language(re.Sub[0])
	case syntax.OpQuest:
		return union([]string{""}, language(re.Sub[0]))
	case syntax.OpCharClass:
		var words []string
		for i := 0; i+1 < len(re.Rune); i += 2 {
			for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
				if words = append(words, string(r)); len(words) > maxWords {
					return nil
				}
			}
		}
		return words
	case syntax.OpConcat:
		words := []string{""}
		for _, s := range re.Sub {
			words = cross(words, language(s))
		}
		return words
	case syntax.OpAlternate:
		words := language(re.Sub[0])
		for _, s := range re.Sub[1:] {
			words = union(words, language(s))
		}
		return words
	}
	return nil
}

func cross(a, b []string) []string {
	if len(a)*len(b) == 0 || len(a)*len(b) > maxWords {
		return nil
	}
	var words []string
	for _, x := range a {
		for _, y := range b {
			words = append(words, x+y)
		}
	}
	return words
}

func union(a, b []string) []string {
	if a == nil || b == nil || len(a)+len(b) > maxWords {
		return nil
	}
	return append(append([]string(nil), a...), b...)
}
