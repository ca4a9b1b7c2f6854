package host

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// writeAccounts writes users, with what /etc/shadow says of their passwords
// but never a hash, and groups.
func writeAccounts(r *reader, w *writer) {
	shadow, shadowErr := r.lines("etc/shadow")
	bySName := map[string][]string{}
	for _, l := range shadow {
		if f := strings.Split(l.text, ":"); len(f) >= 2 {
			bySName[f[0]] = f
		}
	}
	users, err := r.lines("etc/passwd")
	if err != nil {
		w.unknown("users", err)
	} else {
		w.list("users", func() {
			for _, l := range users {
				f := strings.Split(l.text, ":")
				if len(f) < 7 {
					continue
				}
				w.at(l.file, l.n)
				w.object("", func() { writeUser(r, w, f, bySName[f[0]], shadowErr) })
			}
		})
	}
	groups, err := r.lines("etc/group")
	if err != nil {
		w.unknown("groups", err)
		return
	}
	w.list("groups", func() {
		for _, l := range groups {
			f := strings.Split(l.text, ":")
			if len(f) < 4 {
				continue
			}
			w.at(l.file, l.n)
			w.object("", func() {
				w.text("name", f[0])
				w.number("gid", f[2])
				w.texts("members", slices.DeleteFunc(strings.Split(f[3], ","), func(s string) bool { return s == "" }))
			})
		}
	})
}

var noLogin = []string{"/usr/sbin/nologin", "/sbin/nologin", "/bin/false", "/usr/bin/false", "/bin/sync"}

func writeUser(r *reader, w *writer, f, shadow []string, shadowErr error) {
	w.text("name", f[0])
	w.number("uid", f[2])
	w.number("gid", f[3])
	w.text("home", f[5])
	w.text("shell", f[6])
	w.boolean("login", f[6] != "" && !slices.Contains(noLogin, f[6]))
	switch {
	case f[1] != "x":
		w.text("password", passwordState(f[1]))
		w.text("hash", hashName(f[1]))
	case shadowErr != nil:
		w.unknown("password", shadowErr)
		w.unknown("hash", shadowErr)
	case shadow == nil:
		w.text("password", "locked")
	default:
		w.text("password", passwordState(shadow[1]))
		w.text("hash", hashName(shadow[1]))
		if len(shadow) >= 6 {
			w.number("minDays", shadow[3])
			w.number("maxDays", shadow[4])
			w.number("warnDays", shadow[5])
		}
	}
	home := strings.TrimPrefix(path.Clean(f[5]), "/")
	if info, err := fs.Stat(r.fs, home); err == nil && home != "" && home != "." && fs.ValidPath(home) {
		w.boolean("homeWritable", info.Mode().Perm()&0o022 != 0)
		w.boolean("homeReadable", info.Mode().Perm()&0o007 != 0)
	}
}

// passwordState says whether a password field lets somebody in: none (anybody
// without a password), locked (nobody by password) or set.
func passwordState(field string) string {
	switch {
	case field == "":
		return "none"
	case field[0] == '!' || field[0] == '*':
		return "locked"
	}
	return "set"
}

// hashName names the crypt(5) method of a password field, "" for none.
func hashName(field string) string {
	field = strings.TrimLeft(field, "!*")
	methods := []struct{ prefix, name string }{
		{"$y$", "yescrypt"}, {"$gy$", "gost-yescrypt"}, {"$7$", "scrypt"}, {"$2", "bcrypt"},
		{"$6$", "sha512"}, {"$5$", "sha256"}, {"$1$", "md5"}, {"$3$", "nt"}, {"_", "bsdi"},
	}
	for _, m := range methods {
		if strings.HasPrefix(field, m.prefix) {
			return m.name
		}
	}
	if len(field) == 13 {
		return "des"
	}
	return ""
}

// number writes an integer, or nothing when the text is none.
func (w *writer) number(name, text string) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		w.integer(name, n)
	}
}

// writeSudo writes the rules of /etc/sudoers and what it includes.
func writeSudo(r *reader, w *writer) {
	lines, err := r.sudoLines("etc/sudoers", 0)
	if err != nil {
		w.unknown("sudo", err)
		return
	}
	w.object("sudo", func() {
		w.texts("defaults", sudoDefaults(lines))
		w.list("rules", func() {
			for _, l := range lines {
				who, rest, ok := strings.Cut(l.text, " ")
				if i := strings.IndexByte(l.text, '\t'); i > 0 && i < len(who) {
					who, rest, ok = l.text[:i], l.text[i+1:], true
				}
				_, spec, isRule := strings.Cut(rest, "=")
				if !ok || !isRule || strings.HasPrefix(who, "Defaults") || strings.HasSuffix(who, "_Alias") {
					continue
				}
				w.at(l.file, l.n)
				w.object("", func() {
					w.text("who", who)
					w.boolean("noPassword", strings.Contains(spec, "NOPASSWD:"))
					w.boolean("all", slices.Contains(strings.FieldsFunc(spec, func(c rune) bool { return strings.ContainsRune(" \t,:()", c) }), "ALL") && strings.HasSuffix(strings.TrimSpace(spec), "ALL"))
					w.text("commands", strings.TrimSpace(spec))
				})
			}
		})
	})
}

func sudoDefaults(lines []line) []string {
	var out []string
	for _, l := range lines {
		if rest, ok := strings.CutPrefix(l.text, "Defaults"); ok {
			for d := range strings.SplitSeq(rest, ",") {
				if d = strings.TrimSpace(d); d != "" {
					out = append(out, d)
				}
			}
		}
	}
	return out
}

// sudoLines returns a sudoers file's lines with includes in their place.
func (r *reader) sudoLines(name string, depth int) ([]line, error) {
	data, err := r.read(name)
	if err != nil || depth > 16 {
		return nil, err
	}
	var out []line
	n := 0
	for text := range strings.Lines(string(data)) {
		n++
		text = strings.TrimSpace(text)
		directive, arg, _ := strings.Cut(strings.TrimLeft(text, "#@"), " ")
		included := strings.HasPrefix(text, "#include") || strings.HasPrefix(text, "@include")
		arg = strings.Trim(strings.TrimSpace(arg), `"`)
		switch {
		case included && directive == "include":
			more, _ := r.sudoLines(strings.TrimPrefix(arg, "/"), depth+1)
			out = append(out, more...)
		case included && directive == "includedir":
			dir := strings.TrimPrefix(arg, "/")
			for _, e := range r.list(dir) {
				if strings.Contains(e.Name(), ".") || strings.HasSuffix(e.Name(), "~") || e.IsDir() {
					continue
				}
				more, _ := r.sudoLines(path.Join(dir, e.Name()), depth+1)
				out = append(out, more...)
			}
		case text != "" && text[0] != '#':
			out = append(out, line{name, n, text})
		}
	}
	return out, nil
}
