package docker

import (
	"strings"

	"github.com/bulwarksec/bulwark"
)

// writer builds the asset's properties.
type writer struct {
	*bulwark.Builder
	p *parser
}

// properties returns the file as a value: syntax, stages, final (a copy of the
// stage that is built), instructions.
func (p *parser) properties(id string, lines int) (bulwark.Value, error) {
	var names *bulwark.Names
	if p.opts.Types != nil {
		names = p.opts.Types.Names()
	}
	limits := p.opts.limits()
	limits.Bytes *= 8 // a text stands as written, expanded, and in stages that inherit it
	w := writer{bulwark.NewBuilder(names, limits), p}
	w.lines(1, lines)
	w.Object()
	w.text("file", p.file)
	if s := p.dirs["syntax"]; s != "" {
		w.text("syntax", s)
	}
	w.Key("stages")
	w.List()
	for _, s := range p.stages {
		w.stage(s)
	}
	w.End()
	w.Key("final")
	w.stage(p.stage())
	w.lines(1, lines)
	w.Key("instructions")
	w.List()
	for i := range p.list {
		w.instruction(&p.list[i])
	}
	w.End()
	w.End()
	return w.Build(id)
}

func (w writer) lines(first, last int) {
	w.At(bulwark.Position{File: w.p.file, Line: first, EndLine: last})
}

func (w writer) on(l *line) { w.lines(l.first, l.last) }

func (w writer) text(key, value string) {
	w.Key(key)
	w.value(value)
}

// optional adds a text that is absent when empty.
func (w writer) optional(key, value string) {
	if value != "" {
		w.text(key, value)
	}
}

// value adds a text in which tokens stand for symbols.
func (w writer) value(text string) {
	if hasToken(text) {
		w.Symbolic(w.p.syms.parts(text))
		return
	}
	w.String(text)
}

func (w writer) flag(key string, v bool) {
	w.Key(key)
	w.Bool(v)
}

func (w writer) strings(key string, list []string) {
	w.Key(key)
	w.List()
	for _, s := range list {
		w.value(s)
	}
	w.End()
}

func (w writer) stage(s *stage) {
	w.lines(s.line.first, s.last)
	w.Object()
	w.Key("index")
	w.Int(int64(s.index))
	w.optional("name", s.name)
	w.flag("final", s.index == len(w.p.stages)-1)
	w.on(s.line)
	w.image("from", s.from)
	w.image("base", s.base)
	w.optional("platform", s.platform)
	if s.user != "" {
		w.on(s.userLine)
		user, group, _ := strings.Cut(s.user, ":")
		w.text("user", user)
		w.optional("group", group)
	}
	w.on(s.line)
	w.optional("workdir", s.workdir)
	w.optional("shell", s.shell)
	w.Key("ports")
	w.List()
	for _, p := range s.ports {
		w.port(p)
	}
	w.End()
	w.healthcheck(s.healthcheck)
	w.process("entrypoint", s.entrypoint)
	w.process("cmd", s.cmd)
	w.on(s.line)
	w.End()
}

func (w writer) image(key string, im image) {
	w.Key(key)
	w.Object()
	w.text("image", im.text)
	w.optional("stage", im.stage)
	w.flag("scratch", im.scratch)
	if im.stage == "" {
		w.optional("registry", im.registry)
		w.text("name", im.name)
		w.part("tag", im.tag, im.hidden)
		w.part("digest", im.digest, im.hidden)
	}
	w.End()
}

// part adds a piece of an image reference; one that a variable may hold is
// unknown when it does not stand there itself.
func (w writer) part(key, value string, hidden bool) {
	switch {
	case value != "":
		w.text(key, value)
	case hidden:
		w.Key(key)
		w.Unknown("it may be part of a build argument without default")
	}
}

func (w writer) port(p port) {
	w.on(p.line)
	w.Object()
	for _, n := range []struct {
		key    string
		number int
	}{{"port", p.first}, {"last", p.last}} {
		w.Key(n.key)
		if n.number == 0 {
			w.Unknown("the port is no number")
		} else {
			w.Int(int64(n.number))
		}
	}
	w.text("protocol", p.protocol)
	w.End()
}

func (w writer) healthcheck(in *instruction) {
	if in == nil {
		return
	}
	w.on(in.line)
	w.Key("healthcheck")
	w.Object()
	w.flag("disabled", len(in.args) > 0 && in.args[0] == "NONE")
	if len(in.args) > 1 {
		w.strings("command", in.args[1:])
	}
	w.pairs("flags", in.flags)
	w.End()
}

func (w writer) process(key string, in *instruction) {
	if in == nil {
		return
	}
	w.on(in.line)
	w.Key(key)
	w.Object()
	w.flag("shell", !in.json)
	w.strings("args", in.args)
	w.End()
}

func (w writer) pairs(key string, list []pair) {
	w.Key(key)
	w.List()
	for _, p := range list {
		w.Object()
		w.text("name", p.name)
		if p.set {
			w.text("value", p.value)
		}
		w.End()
	}
	w.End()
}

func (w writer) instruction(in *instruction) {
	w.on(in.line)
	w.Object()
	w.text("instruction", in.word)
	w.text("raw", in.raw)
	w.Key("line")
	w.Int(int64(in.line.first))
	w.Key("stage")
	w.Int(int64(in.stage))
	w.flag("final", in.stage == len(w.p.stages)-1)
	w.flag("json", in.json)
	w.flag("onbuild", in.onbuild)
	w.flag("heredoc", len(in.line.docs) > 0)
	w.pairs("flags", in.flags)
	w.strings("args", in.args)
	w.pairs("pairs", in.pairs)
	w.Key("commands")
	w.List()
	for _, c := range in.commands {
		w.command(c)
	}
	w.End()
	w.on(in.line)
	w.End()
}

func (w writer) command(c ran) {
	w.lines(c.line, c.line)
	w.Object()
	w.text("name", c.name)
	w.strings("args", c.args)
	w.strings("via", c.via)
	w.strings("pipes", c.pipes)
	w.End()
}
