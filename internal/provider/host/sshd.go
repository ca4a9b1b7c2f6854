package host

import (
	"path"
	"strconv"
	"strings"
)

// sshdOptions are the keywords of sshd_config(5) that checks name, by their
// lower-case form, with the kind of their value.
var sshdOptions = map[string]struct{ name, kind string }{
	"permitrootlogin":                 {"permitRootLogin", "word"},
	"passwordauthentication":          {"passwordAuthentication", "yes"},
	"kbdinteractiveauthentication":    {"kbdInteractiveAuthentication", "yes"},
	"challengeresponseauthentication": {"kbdInteractiveAuthentication", "yes"},
	"permitemptypasswords":            {"permitEmptyPasswords", "yes"},
	"hostbasedauthentication":         {"hostbasedAuthentication", "yes"},
	"ignorerhosts":                    {"ignoreRhosts", "word"},
	"permituserenvironment":           {"permitUserEnvironment", "word"},
	"x11forwarding":                   {"x11Forwarding", "yes"},
	"allowtcpforwarding":              {"allowTcpForwarding", "word"},
	"allowagentforwarding":            {"allowAgentForwarding", "yes"},
	"maxauthtries":                    {"maxAuthTries", "int"},
	"maxsessions":                     {"maxSessions", "int"},
	"clientaliveinterval":             {"clientAliveInterval", "seconds"},
	"clientalivecountmax":             {"clientAliveCountMax", "int"},
	"logingracetime":                  {"loginGraceTime", "seconds"},
	"loglevel":                        {"logLevel", "word"},
	"protocol":                        {"protocol", "word"},
	"strictmodes":                     {"strictModes", "yes"},
	"usepam":                          {"usePAM", "yes"},
	"banner":                          {"banner", "word"},
	"ciphers":                         {"ciphers", "list"},
	"macs":                            {"macs", "list"},
	"kexalgorithms":                   {"kexAlgorithms", "list"},
	"allowusers":                      {"allowUsers", "words"},
	"allowgroups":                     {"allowGroups", "words"},
}

// writeSSHD writes the server's settings as it reads them: of one keyword the
// first counts, Include takes its place, and what follows Match is conditional
// and left out. Without a configuration file there is no server to judge.
func writeSSHD(r *reader, w *writer) {
	const main = "etc/ssh/sshd_config"
	if !r.exists(main) {
		return
	}
	lines, err := r.sshdLines(main, 0)
	if err != nil {
		w.unknown("sshd", err)
		return
	}
	w.at(main, 1)
	w.object("sshd", func() {
		seen := map[string]bool{}
		for _, l := range lines {
			keyword, value := sshdSplit(l.text)
			o, ok := sshdOptions[strings.ToLower(keyword)]
			if !ok || seen[o.name] || value == "" {
				continue
			}
			seen[o.name] = true
			w.at(l.file, l.n)
			writeSSHDOption(w, o.name, o.kind, value)
		}
	})
}

func sshdSplit(text string) (keyword, value string) {
	i := strings.IndexAny(text, " \t=")
	if i < 0 {
		return text, ""
	}
	value = strings.TrimLeft(text[i:], " \t=")
	if j := strings.Index(value, " #"); j >= 0 {
		value = value[:j]
	}
	return text[:i], strings.Trim(strings.TrimSpace(value), `"`)
}

func writeSSHDOption(w *writer, name, kind, value string) {
	switch kind {
	case "yes":
		switch strings.ToLower(value) {
		case "yes", "no":
			w.boolean(name, strings.EqualFold(value, "yes"))
		default:
			w.key(name)
			w.b.Unknown("sshd_config: " + name + " is neither yes nor no")
		}
	case "int":
		w.number(name, value)
	case "seconds":
		if n, ok := sshdSeconds(value); ok {
			w.integer(name, n)
		}
	case "list":
		w.texts(name, strings.Split(strings.ToLower(value), ","))
	case "words":
		w.texts(name, strings.Fields(value))
	default:
		w.text(name, strings.ToLower(value))
	}
}

// sshdSeconds reads a time of sshd_config(5): 90, 2m, 1h30m.
func sshdSeconds(s string) (int64, bool) {
	units := map[byte]int64{'s': 1, 'm': 60, 'h': 3600, 'd': 86400, 'w': 604800}
	var total int64
	for s != "" {
		i := 0
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		n, err := strconv.ParseInt(s[:i], 10, 32)
		if err != nil {
			return 0, false
		}
		unit := int64(1)
		if i < len(s) {
			if unit = units[s[i]|0x20]; unit == 0 {
				return 0, false
			}
			i++
		}
		total += n * unit
		s = s[i:]
	}
	return total, true
}

// sshdLines returns the lines before the first Match, with included files in
// the place of their Include.
func (r *reader) sshdLines(name string, depth int) ([]line, error) {
	lines, err := r.lines(name)
	if err != nil || depth > 16 {
		return nil, err
	}
	var out []line
	for _, l := range lines {
		keyword, value := sshdSplit(l.text)
		switch strings.ToLower(keyword) {
		case "match":
			return out, nil
		case "include":
			for pattern := range strings.FieldsSeq(value) {
				if !strings.HasPrefix(pattern, "/") {
					pattern = path.Join("etc/ssh", pattern)
				}
				for _, file := range r.glob(pattern) {
					more, err := r.sshdLines(file, depth+1)
					if err != nil {
						return nil, err
					}
					out = append(out, more...)
				}
			}
		default:
			out = append(out, l)
		}
	}
	return out, nil
}
