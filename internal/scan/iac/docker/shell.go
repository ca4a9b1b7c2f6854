package docker

import (
	"path"
	"slices"
	"strings"
)

// command is one simple command of a shell script.
type command struct {
	name   string   // without its folder: /usr/bin/apt-get is apt-get
	args   []string // quotes removed, variables as written
	via    []string // commands that run it, outermost first: sudo, sh
	pipes  []string // names of the commands that its output is piped into
	offset int      // of its name in the script
}

const (
	maxCommands = 2000 // in one instruction
	maxWords    = 2000 // in one command
	maxShell    = 4    // scripts in scripts
)

// shell splits scripts into simple commands, as far as one can without running
// them: it knows quotes, comments, lists, pipes, groups, substitutions, the
// keywords of compound commands, and commands that run others.
type shell struct {
	out  []command
	full bool
}

// split returns the simple commands of a script and whether some were left
// out because there are too many.
func splitShell(script string) (commands []command, cut bool) {
	var s shell
	s.script(script, 0, nil, 0)
	return s.out, s.full
}

// reader walks one script.
type reader struct {
	sh      *shell
	text    string
	i       int
	base    int // offset of text in the outermost script
	depth   int
	via     []string
	words   []string
	starts  []int
	pipe    []int  // indices in out of the commands of the pipeline so far
	cases   int    // case … esac that are open
	pattern bool   // inside a pattern of one
	skip    string // the word that ends what is passed over: case … in, [[ … ]]
}

func (s *shell) script(text string, base int, via []string, depth int) {
	if depth > maxShell {
		s.full = true
		return
	}
	r := &reader{sh: s, text: text, base: base, depth: depth, via: via}
	for r.i < len(r.text) && !s.full {
		r.token()
	}
	r.flush()
}

func (r *reader) token() {
	switch c := r.text[r.i]; c {
	case ' ', '\t', '\r':
		r.i++
	case '\n', ';':
		r.i++
		r.end()
		if c == ';' && r.i < len(r.text) && r.text[r.i] == ';' && r.cases > 0 {
			r.i++
			r.pattern = true
		}
	case '#':
		if n := strings.IndexByte(r.text[r.i:], '\n'); n >= 0 {
			r.i += n
		} else {
			r.i = len(r.text)
		}
	case '&':
		if r.redirectBoth() {
			return
		}
		r.i++
		r.end()
	case '|':
		if r.pattern {
			r.i++
			return
		}
		if strings.HasPrefix(r.text[r.i:], "||") {
			r.i += 2
			r.end()
			return
		}
		r.i++
		if r.i < len(r.text) && r.text[r.i] == '&' {
			r.i++
		}
		r.flush()
	case '(':
		r.i++
		if r.pattern {
			return
		}
		if len(r.words) > 0 { // a function's name
			r.words, r.starts = nil, nil
			return
		}
		r.end()
	case ')':
		r.i++
		if r.pattern {
			r.pattern = false
			return
		}
		r.end()
	case '<', '>':
		r.redirect()
	default:
		r.word()
	}
}

// redirectBoth passes over &> and &>>.
func (r *reader) redirectBoth() bool {
	if !strings.HasPrefix(r.text[r.i:], "&>") {
		return false
	}
	r.i++
	r.redirect()
	return true
}

// redirect passes over an operator and its target.
func (r *reader) redirect() {
	operator := r.i
	for r.i < len(r.text) && strings.IndexByte("<>&|-", r.text[r.i]) >= 0 {
		r.i++
	}
	if n := len(r.words); n > 0 && r.starts[n-1]+len(r.words[n-1]) == operator && isDigits(r.words[n-1]) {
		r.words, r.starts = r.words[:n-1], r.starts[:n-1] // 2> : the number belongs to the operator
	}
	if r.i < len(r.text) && r.text[r.i] == '(' {
		return // process substitution: a group
	}
	for r.i < len(r.text) && (r.text[r.i] == ' ' || r.text[r.i] == '\t') {
		r.i++
	}
	r.readWord()
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func (r *reader) word() {
	start := r.i
	w, quoted := r.readWord()
	if r.i == start { // cannot happen, but must not loop
		r.i++
		return
	}
	if r.skip != "" {
		if w == r.skip {
			r.skip = ""
		}
		return
	}
	if r.pattern {
		if w == "esac" {
			r.pattern = false
			r.cases--
		}
		return
	}
	if len(r.words) == 0 && !quoted && r.keyword(w) {
		return
	}
	if len(r.words) == 0 && !quoted && isAssignment(w) {
		return
	}
	if len(r.words) < maxWords {
		r.words, r.starts = append(r.words, w), append(r.starts, start)
	}
}

// keyword reports whether w, at the beginning of a command, is a word of the
// shell's grammar, and does what it asks.
func (r *reader) keyword(w string) bool {
	switch w {
	case "if", "then", "else", "elif", "fi", "while", "until", "do", "done", "{", "}", "!", "time", "[[", "function":
		if w == "[[" {
			r.skip = "]]"
		}
		return true
	case "for", "select":
		if n := strings.IndexAny(r.text[r.i:], ";\n"); n >= 0 {
			r.i += n
		} else {
			r.i = len(r.text)
		}
		return true
	case "case":
		r.cases++
		r.pattern, r.skip = true, "in"
		return true
	case "esac":
		r.cases = max(r.cases-1, 0)
		return true
	}
	return false
}

func isAssignment(w string) bool {
	n := nameLen(w)
	return n > 0 && (strings.HasPrefix(w[n:], "=") || strings.HasPrefix(w[n:], "+="))
}

// readWord reads one word, with quotes removed, and the commands of its
// substitutions. Variables stay as they are written.
func (r *reader) readWord() (w string, quoted bool) {
	var b strings.Builder
	for r.i < len(r.text) {
		c := r.text[r.i]
		switch {
		case strings.IndexByte(" \t\r\n;&|()<>", c) >= 0:
			return b.String(), quoted
		case c == '\\':
			r.i++
			if r.i < len(r.text) && r.text[r.i] != '\n' {
				b.WriteByte(r.text[r.i])
			}
			r.i++
		case c == '\'':
			quoted = true
			end := strings.IndexByte(r.text[r.i+1:], '\'')
			if end < 0 {
				end = len(r.text) - r.i - 1
			}
			b.WriteString(r.text[r.i+1 : r.i+1+end])
			r.i = min(r.i+end+2, len(r.text))
		case c == '"':
			quoted = true
			r.double(&b)
		case c == '`' || c == '$':
			r.dollar(&b)
		default:
			b.WriteByte(c)
			r.i++
		}
	}
	return b.String(), quoted
}

func (r *reader) double(b *strings.Builder) {
	for r.i++; r.i < len(r.text); {
		switch c := r.text[r.i]; c {
		case '"':
			r.i++
			return
		case '\\':
			if r.i+1 < len(r.text) {
				if n := r.text[r.i+1]; n != '\n' {
					if n != '"' && n != '\\' && n != '$' && n != '`' {
						b.WriteByte('\\')
					}
					b.WriteByte(n)
				}
			}
			r.i += 2
		case '`', '$':
			r.dollar(b)
		default:
			b.WriteByte(c)
			r.i++
		}
	}
	r.i = min(r.i, len(r.text))
}

// dollar copies a variable or substitution, and reads the commands in it.
func (r *reader) dollar(b *strings.Builder) {
	start := r.i
	switch {
	case r.text[r.i] == '`':
		end := strings.IndexByte(r.text[r.i+1:], '`')
		if end < 0 {
			end = len(r.text) - r.i - 1
		}
		r.nest(r.text[r.i+1:r.i+1+end], r.i+1)
		r.i = min(r.i+end+2, len(r.text))
	case strings.HasPrefix(r.text[r.i:], "$(("):
		r.i = r.closing(r.i+1, '(', ')')
	case strings.HasPrefix(r.text[r.i:], "$("):
		end := r.closing(r.i+1, '(', ')')
		r.nest(strings.TrimSuffix(r.text[r.i+2:end], ")"), r.i+2)
		r.i = end
	case strings.HasPrefix(r.text[r.i:], "${"):
		r.i = r.closing(r.i+1, '{', '}')
	default:
		r.i++
	}
	b.WriteString(r.text[start:r.i])
}

// closing returns the index after the bracket that closes the one at i, or the
// end of the text.
func (r *reader) closing(i int, open, shut byte) int {
	depth := 0
	for ; i < len(r.text); i++ {
		switch c := r.text[i]; {
		case c == '\\':
			i++
		case c == '\'' && open == '(':
			if end := strings.IndexByte(r.text[i+1:], '\''); end >= 0 {
				i += end + 1
			}
		case c == open:
			depth++
		case c == shut:
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(r.text)
}

// nest reads a script that stands at offset i of this one.
func (r *reader) nest(text string, i int) {
	r.sh.script(text, r.offset(i), r.via, r.depth+1)
}

func (r *reader) offset(i int) int { return r.base + i }

// end ends a pipeline.
func (r *reader) end() {
	r.flush()
	r.pipe = nil
}

// flush ends one command and adds it, and what it runs, to the output. The
// earlier commands of the pipeline are told its name.
func (r *reader) flush() {
	words, starts := r.words, r.starts
	r.words, r.starts = nil, nil
	if len(words) == 0 {
		return
	}
	first := len(r.sh.out)
	r.sh.run(words, starts, r.base, r.via, r.depth)
	if first >= len(r.sh.out) {
		return
	}
	names := make([]string, 0, 2)
	for _, c := range r.sh.out[first:] {
		names = append(names, c.name)
	}
	for _, i := range r.pipe {
		if c := &r.sh.out[i]; len(c.pipes) < 16 {
			c.pipes = append(c.pipes, names...)
		}
	}
	for i := first; i < len(r.sh.out) && len(r.pipe) < 64; i++ {
		r.pipe = append(r.pipe, i)
	}
}

// run adds a command and the one that it runs, if it is a wrapper.
func (s *shell) run(words []string, starts []int, base int, via []string, depth int) {
	if len(s.out) >= maxCommands {
		s.full = true
		return
	}
	name := path.Base(words[0])
	s.out = append(s.out, command{name: name, args: words[1:], via: via, offset: base + starts[0]})
	if depth >= maxShell {
		return
	}
	inner := append(slices.Clip(via), name)
	switch name {
	case "sh", "bash", "dash", "ash", "zsh", "ksh", "su", "runuser":
		for i, w := range words[1:] {
			if len(w) > 1 && w[0] == '-' && w[1] != '-' && strings.HasSuffix(w, "c") && i+2 < len(words) {
				s.script(words[i+2], base+starts[i+2], inner, depth+1)
				return
			}
		}
	case "eval":
		s.script(strings.Join(words[1:], " "), base+starts[0], inner, depth+1)
	default:
		if n := wrapped(name, words); n > 0 && n < len(words) {
			s.run(words[n:], starts[n:], base, inner, depth+1)
		}
	}
}

// wrappers are commands that run the command in their arguments, with the
// options of theirs that take a value.
var wrappers = map[string]string{
	"sudo": "ugCDghprTtRU", "doas": "uC", "env": "uCS", "exec": "a", "nice": "n", "nohup": "", "command": "", "builtin": "",
	"time": "fo", "timeout": "ks", "xargs": "aEIiLlnPsd", "gosu": "", "su-exec": "", "tini": "pe", "ionice": "cnp", "stdbuf": "ioe", "chroot": "", "setpriv": "",
}

// wrapped returns the index of the command that a wrapper runs, or 0.
func wrapped(name string, words []string) int {
	valued, ok := wrappers[name]
	if !ok {
		return 0
	}
	i := 1
	for ; i < len(words); i++ {
		w := words[i]
		switch {
		case w == "--":
			i++
		case len(w) > 1 && w[0] == '-':
			if len(w) == 2 && strings.IndexByte(valued, w[1]) >= 0 {
				i++
			}
			continue
		case (name == "env" || name == "sudo") && isAssignment(w):
			continue
		}
		break
	}
	switch name {
	case "timeout", "gosu", "su-exec", "chroot":
		i++ // a duration, user or folder comes first
	case "command", "builtin":
		if len(words) > 1 && strings.HasPrefix(words[1], "-") { // command -v only asks
			return 0
		}
	}
	return i
}
