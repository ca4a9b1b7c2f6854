package docker

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// Bounds of one file; what goes beyond is left out, with a gap.
const (
	maxInstructions = 5000
	maxStages       = 500
	maxPorts        = 256  // of a stage
	maxVariables    = 1000 // of a stage
)

// instruction is one instruction with what it says.
type instruction struct {
	word     string // in upper case
	flags    []pair
	args     []string // words, or the elements of the JSON form; a shell command is one
	pairs    []pair   // of ENV, LABEL and ARG
	json     bool
	onbuild  bool
	raw      string
	line     *line
	stage    int // -1 before the first FROM
	commands []ran
	inline   bool // COPY or ADD of a here-document
}

type pair struct {
	name, value string
	set         bool // with a value
}

type ran struct {
	command
	line int
}

// stage is what the instructions of one stage amount to. What it builds on an
// earlier stage it takes from there.
type stage struct {
	index       int
	name        string
	platform    string
	from        image // what FROM names
	base        image // the image at the bottom, through earlier stages
	user        string
	userLine    *line
	workdir     string
	ports       []port
	healthcheck *instruction
	entrypoint  *instruction
	cmd         *instruction
	shell       string // name of the shell that runs commands, sh when not set
	env         *environment
	line        *line
	last        int
}

type port struct {
	first, last int // numbers; 0 is not known
	protocol    string
	line        *line
}

type parser struct {
	file   string
	opts   Options
	syms   *symbols
	bytes  int // of expanded text still allowed
	esc    byte
	dirs   map[string]string
	args   *environment // arguments before the first FROM
	list   []instruction
	stages []*stage
	gaps   []bulwark.Gap
}

func (p *parser) gap(line int, why, needs string) {
	pos := bulwark.Position{File: p.file, Line: line}
	p.gaps = append(p.gaps, bulwark.Gap{What: "dockerfile", Where: pos.String(), Why: why, Needs: needs, Position: pos})
}

func (p *parser) read(src source) {
	p.dirs, p.esc = src.directives, '\\'
	if src.directives["escape"] == "`" {
		p.esc = '`'
	}
	p.args = &environment{vars: map[string]string{}, file: p.file, syms: p.syms, esc: p.esc}
	for _, d := range src.unclosed {
		p.gap(d.first, fmt.Sprintf("here-document %s has no end", d.name), "close it")
	}
	for i := range src.lines {
		if i >= maxInstructions || len(p.stages) >= maxStages || p.bytes <= 0 {
			p.gap(src.lines[i].first, "the rest of the file is left out: too many instructions or stages, or variables too long", "split the file")
			break
		}
		p.instruction(&src.lines[i], src.lines[i].text, false)
	}
}

func (p *parser) stage() *stage {
	if len(p.stages) == 0 {
		return nil
	}
	return p.stages[len(p.stages)-1]
}

var words = []string{"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER",
	"ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}

// instruction reads one instruction; text is the line's, or the part of it
// after ONBUILD.
func (p *parser) instruction(l *line, text string, onbuild bool) {
	word, _, _ := strings.Cut(strings.ReplaceAll(text, "\t", " "), " ")
	rest := strings.TrimSpace(text[len(word):])
	in := instruction{word: strings.ToUpper(word), raw: text, line: l, onbuild: onbuild, stage: len(p.stages) - 1}
	if _, ok := slices.BinarySearch(words, in.word); !ok {
		p.gap(l.first, fmt.Sprintf("%.40q is no instruction", word), "mend the line")
		return
	}
	s := p.stage()
	if s == nil && in.word != "FROM" && in.word != "ARG" {
		p.gap(l.first, in.word+" before the first FROM", "mend the line")
		return
	}
	if in.word == "ONBUILD" {
		if onbuild {
			p.gap(l.first, "ONBUILD in ONBUILD", "mend the line")
			return
		}
		p.instruction(l, rest, true)
		return
	}
	in.flags, rest = p.readFlags(in.word, rest)
	p.operands(&in, s, rest)
	if s != nil {
		s.last = l.last
	}
	if !onbuild {
		in = p.apply(in, s)
	}
	p.list = append(p.list, in)
}

// readFlags cuts --name=value words off the front.
func (p *parser) readFlags(word, rest string) ([]pair, string) {
	switch word {
	case "ADD", "COPY", "FROM", "HEALTHCHECK", "RUN":
	default:
		return nil, rest
	}
	var flags []pair
	for strings.HasPrefix(rest, "--") && len(flags) < 64 {
		w, after, _ := strings.Cut(rest, " ")
		name, value, set := strings.Cut(w[2:], "=")
		flags = append(flags, pair{name, value, set})
		rest = strings.TrimSpace(after)
	}
	return flags, rest
}

// environment returns the variables in force.
func (p *parser) environment() *environment {
	if s := p.stage(); s != nil {
		return s.env
	}
	return p.args
}

func (p *parser) expand(text string) string {
	s := p.environment().expand(text)
	p.bytes -= len(s)
	return s
}

// operands reads what follows the flags.
func (p *parser) operands(in *instruction, s *stage, rest string) {
	if in.word == "FROM" { // read when it begins its stage
		return
	}
	if in.word == "HEALTHCHECK" {
		word, after, _ := strings.Cut(rest, " ")
		in.args = []string{strings.ToUpper(word)}
		if list, ok := jsonForm(after); ok {
			in.json, in.args = true, append(in.args, list...)
		} else if after = strings.TrimSpace(after); after != "" {
			in.args = append(in.args, after)
		}
		return
	}
	if list, ok := jsonForm(rest); ok && in.word != "ENV" && in.word != "ARG" && in.word != "LABEL" {
		in.args, in.json = list, true
		switch in.word {
		case "ADD", "COPY", "VOLUME":
			for i := range in.args {
				in.args[i] = p.expand(in.args[i])
			}
		case "RUN":
			p.execForm(in)
		}
		return
	}
	switch in.word {
	case "RUN":
		in.args = []string{rest}
		p.shellForm(in, s, rest)
	case "CMD", "ENTRYPOINT", "SHELL", "MAINTAINER":
		in.args = []string{rest}
	case "ENV", "LABEL", "ARG":
		in.pairs = p.readPairs(in.word, rest)
	case "WORKDIR", "STOPSIGNAL", "USER":
		in.args = []string{p.expand(rest)}
	case "ADD", "COPY":
		in.inline = len(in.line.docs) > 0
		fallthrough
	default: // EXPOSE, VOLUME
		for _, w := range fields(rest, p.esc) {
			if !in.inline || !heredocMark.MatchString(w) {
				in.args = append(in.args, p.expand(w))
			}
		}
	}
}

// jsonForm reads ["a", "b"].
func jsonForm(text string) ([]string, bool) {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "[") || !strings.HasSuffix(text, "]") {
		return nil, false
	}
	var list []string
	if json.Unmarshal([]byte(text), &list) != nil {
		return nil, false
	}
	for i := range list {
		list[i] = clean(list[i]) // an escape may hide what clean took out
	}
	return list, true
}

// fields cuts text at blanks outside quotes; quotes and escapes stay.
func fields(text string, esc byte) []string {
	var list []string
	var quote byte
	start := -1
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == esc && i+1 < len(text):
			if start < 0 {
				start = i
			}
			i++
			continue
		case quote != 0:
			if c == quote {
				quote = 0
			}
			continue
		case c == ' ' || c == '\t':
			if start >= 0 {
				list = append(list, text[start:i])
				start = -1
			}
			continue
		case c == '"' || c == '\'':
			quote = c
		}
		if start < 0 {
			start = i
		}
	}
	if start >= 0 {
		list = append(list, text[start:])
	}
	return list
}

// readPairs reads name=value words, or the old `ENV name value`.
func (p *parser) readPairs(word, rest string) []pair {
	list := fields(rest, p.esc)
	if len(list) == 0 {
		return nil
	}
	if word != "ARG" && !strings.Contains(list[0], "=") {
		name := list[0]
		return []pair{{p.expand(name), p.expand(strings.TrimSpace(strings.TrimPrefix(rest, name))), true}}
	}
	var pairs []pair
	for _, w := range list {
		name, value, set := strings.Cut(w, "=")
		pairs = append(pairs, pair{p.expand(name), p.expand(value), set})
	}
	return pairs
}

func (p *parser) execForm(in *instruction) {
	if len(in.args) == 0 {
		return
	}
	var s shell
	s.run(in.args, make([]int, len(in.args)), 0, nil, 0)
	for _, c := range s.out {
		in.commands = append(in.commands, ran{c, in.line.first})
	}
}

// shellForm splits the script of a RUN, and the here-documents that are
// scripts, into commands. Scripts of other shells than POSIX ones are not read.
func (p *parser) shellForm(in *instruction, s *stage, script string) {
	if s != nil && s.shell != "" && !isShell(s.shell) {
		return
	}
	shift := strings.LastIndex(in.line.text, script)
	commands, cut := splitShell(script)
	for _, c := range commands {
		in.commands = append(in.commands, ran{c, in.line.at(max(shift, 0) + c.offset)})
	}
	for _, d := range in.line.docs {
		fed := strings.HasPrefix(strings.TrimSpace(script), "<<") || len(commands) > 0 && isShell(commands[0].name)
		first, _, _ := strings.Cut(d.body, "\n")
		if !fed || strings.HasPrefix(first, "#!") && !isShell(first[strings.LastIndexAny(first, "/ ")+1:]) {
			continue
		}
		more, over := splitShell(d.body)
		cut = cut || over
		for _, c := range more {
			in.commands = append(in.commands, ran{c, d.first + strings.Count(d.body[:min(c.offset, len(d.body))], "\n")})
		}
	}
	if cut {
		p.gap(in.line.first, fmt.Sprintf("more than %d commands in one instruction, or shells nested deeper than %d", maxCommands, maxShell), "")
	}
}

func isShell(name string) bool {
	return slices.Contains([]string{"sh", "bash", "dash", "ash", "zsh", "ksh"}, name)
}
