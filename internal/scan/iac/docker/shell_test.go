package docker

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestShellWords holds the splitter to what quoting means: any words, quoted
// as a shell wants them, come back as they were.
func TestShellWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.StringMatching(`[a-z0-9 '"\\$;&|()#<>=*~\n-]{0,12}`), 0, 6).Draw(t, "words")
		script := "run"
		for _, w := range words {
			script += " '" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
		operator := rapid.SampledFrom([]string{" && ", "; ", " || ", "\n", " & "}).Draw(t, "operator")
		got, cut := splitShell("first" + operator + script + operator + "last")
		if cut || len(got) != 3 || got[0].name != "first" || got[2].name != "last" {
			t.Fatalf("%q splits into %+v", script, got)
		}
		if c := got[1]; c.name != "run" || strings.Join(c.args, "\x00") != strings.Join(words, "\x00") || len(c.args) != len(words) {
			t.Fatalf("%q has arguments %q, want %q", script, c.args, words)
		}
	})
}
