package docker

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// apply lets an instruction change its stage, and returns it, placed in the
// stage that it begins or belongs to.
func (p *parser) apply(in instruction, s *stage) instruction {
	switch in.word {
	case "FROM":
		p.from(&in)
	case "ARG":
		p.declare(in, s)
	case "ENV":
		for _, kv := range in.pairs {
			s.env.set(kv.name, kv.value)
		}
	case "USER":
		s.user, s.userLine = strings.Join(in.args, " "), in.line
	case "WORKDIR":
		if dir := strings.Join(in.args, " "); strings.HasPrefix(dir, "/") || s.workdir == "" || hasToken(dir) {
			s.workdir = dir
		} else {
			s.workdir = path.Join(s.workdir, dir)
		}
	case "EXPOSE":
		for _, w := range in.args {
			if len(s.ports) < maxPorts {
				s.ports = append(s.ports, parsePort(w, in.line))
			}
		}
	case "HEALTHCHECK":
		s.healthcheck = &in
	case "ENTRYPOINT":
		s.entrypoint = &in
	case "CMD":
		s.cmd = &in
	case "SHELL":
		if len(in.args) > 0 {
			base := strings.ToLower(path.Base(strings.ReplaceAll(in.args[0], `\`, "/")))
			s.shell = strings.TrimSuffix(base, ".exe")
		}
	}
	return in
}

// declare adds the arguments of an ARG. In a stage an argument without a
// default takes the one that it has before the first FROM; a variable of ENV
// goes before an argument of its name.
func (p *parser) declare(in instruction, s *stage) {
	env := p.environment()
	for _, kv := range in.pairs {
		value := kv.value
		if !kv.set {
			value = p.syms.token(p.file, kv.name)
			if s != nil {
				if global, ok := p.args.vars[kv.name]; ok {
					value = global
				}
			}
		}
		if _, ok := env.vars[kv.name]; !ok || s == nil || kv.set {
			env.set(kv.name, value)
		}
	}
}

// from begins a stage.
func (p *parser) from(in *instruction) {
	// FROM knows only the arguments before the first one.
	_, rest, _ := strings.Cut(strings.ReplaceAll(in.raw, "\t", " "), " ")
	_, rest = p.readFlags("FROM", strings.TrimSpace(rest))
	in.args = nil
	for _, w := range fields(rest, p.esc) {
		in.args = append(in.args, p.args.expand(w))
	}
	s := &stage{index: len(p.stages), line: in.line, last: in.line.last}
	in.stage = s.index
	if len(in.args) == 0 {
		p.gap(in.line.first, "FROM names no image", "mend the line")
		in.args = []string{""}
	}
	if len(in.args) >= 3 && strings.EqualFold(in.args[1], "AS") {
		s.name = in.args[2]
	}
	for _, f := range in.flags {
		if f.name == "platform" {
			s.platform = p.args.expand(f.value)
		}
	}
	s.env = p.args.clone()
	s.env.vars = map[string]string{}
	s.from = image{text: in.args[0]}
	if earlier := p.find(in.args[0]); earlier != nil {
		s.from.stage = earlier.name
		s.base, s.user, s.userLine, s.workdir, s.shell = earlier.base, earlier.user, earlier.userLine, earlier.workdir, earlier.shell
		s.ports, s.healthcheck, s.entrypoint, s.cmd = slices.Clip(earlier.ports), earlier.healthcheck, earlier.entrypoint, earlier.cmd
		s.env = earlier.env.clone()
	} else {
		s.from = parseImage(in.args[0])
		s.base = s.from
	}
	p.stages = append(p.stages, s)
}

// find returns the earlier stage of a name.
func (p *parser) find(name string) *stage {
	for _, s := range slices.Backward(p.stages) {
		if s.name != "" && strings.EqualFold(s.name, name) {
			return s
		}
	}
	return nil
}

func parsePort(text string, l *line) port {
	number, protocol, _ := strings.Cut(text, "/")
	p := port{protocol: strings.ToLower(protocol), line: l}
	if protocol == "" {
		p.protocol = "tcp"
	}
	first, last, ranged := strings.Cut(number, "-")
	p.first = portNumber(first)
	p.last = p.first
	if ranged {
		p.last = portNumber(last)
	}
	return p
}

// portNumber returns the number, or 0 where text is none; numbers beyond all
// ports stay, for a check to find.
func portNumber(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 1<<30 {
		return 0
	}
	return n
}
