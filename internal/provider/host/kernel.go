package host

import (
	"path"
	"slices"
	"strings"
)

// sysctlKeys are the kernel settings that checks name.
var sysctlKeys = []string{
	"fs.protected_fifos", "fs.protected_hardlinks", "fs.protected_regular", "fs.protected_symlinks", "fs.suid_dumpable",
	"kernel.dmesg_restrict", "kernel.kptr_restrict", "kernel.randomize_va_space", "kernel.sysrq", "kernel.unprivileged_bpf_disabled",
	"kernel.yama.ptrace_scope", "net.ipv4.conf.all.accept_redirects", "net.ipv4.conf.all.accept_source_route",
	"net.ipv4.conf.all.log_martians", "net.ipv4.conf.all.rp_filter", "net.ipv4.conf.all.secure_redirects", "net.ipv4.conf.all.send_redirects",
	"net.ipv4.conf.default.accept_redirects", "net.ipv4.conf.default.accept_source_route", "net.ipv4.conf.default.rp_filter",
	"net.ipv4.conf.default.send_redirects", "net.ipv4.icmp_echo_ignore_broadcasts", "net.ipv4.icmp_ignore_bogus_error_responses",
	"net.ipv4.ip_forward", "net.ipv4.tcp_syncookies", "net.ipv6.conf.all.accept_ra", "net.ipv6.conf.all.accept_redirects",
	"net.ipv6.conf.all.accept_source_route", "net.ipv6.conf.all.forwarding", "net.ipv6.conf.default.accept_redirects",
	"net.ipv6.conf.default.accept_source_route",
}

// writeSysctl writes the settings in force: on a live system as /proc/sys has
// them, else as the files of sysctl.d(5) set them at start, where a later file
// wins. A setting that neither names is absent.
func (h *Host) writeSysctl(r *reader, w *writer) {
	configured := map[string]line{}
	for _, l := range r.sysctlLines() {
		key, value, ok := strings.Cut(l.text, "=")
		if ok {
			key = strings.ReplaceAll(strings.TrimLeft(strings.TrimSpace(key), "-"), "/", ".")
			configured[key] = line{l.file, l.n, strings.TrimSpace(value)}
		}
	}
	w.object("sysctl", func() {
		for _, key := range sysctlKeys {
			l, ok := configured[key]
			w.at(l.file, l.n)
			if h.Live {
				data, err := r.read("proc/sys/" + strings.ReplaceAll(key, ".", "/"))
				if err != nil {
					w.unknown(key, err)
					continue
				}
				ok, l.text = data != nil, strings.TrimSpace(string(data))
			}
			if ok {
				w.text(key, l.text)
			}
		}
	})
	w.at("", 0)
}

// sysctlLines returns the lines of all files in the order they apply: by base
// name, a folder of higher precedence hiding same names in the lower ones, and
// /etc/sysctl.conf last.
func (r *reader) sysctlLines() []line {
	byBase := map[string]string{}
	for _, dir := range []string{"usr/lib/sysctl.d", "run/sysctl.d", "etc/sysctl.d"} {
		for _, e := range r.list(dir) {
			if strings.HasSuffix(e.Name(), ".conf") {
				byBase[e.Name()] = path.Join(dir, e.Name())
			}
		}
	}
	bases := make([]string, 0, len(byBase))
	for base := range byBase {
		bases = append(bases, base)
	}
	slices.Sort(bases)
	var out []line
	for _, base := range bases {
		lines, _ := r.lines(byBase[base])
		out = append(out, lines...)
	}
	last, _ := r.lines("etc/sysctl.conf")
	return append(out, last...)
}

// writeMounts writes what is mounted: on a live system /proc/self/mounts, else
// /etc/fstab.
func (h *Host) writeMounts(r *reader, w *writer) {
	file := "etc/fstab"
	if h.Live {
		file = "proc/self/mounts"
	}
	lines, err := r.lines(file)
	if err != nil {
		w.unknown("mounts", err)
		return
	}
	w.list("mounts", func() {
		for _, l := range lines {
			f := strings.Fields(l.text)
			if len(f) < 4 || f[1] == "none" || f[2] == "swap" {
				continue
			}
			w.at(l.file, l.n)
			w.object("", func() {
				w.text("device", f[0])
				w.text("path", strings.ReplaceAll(f[1], `\040`, " "))
				w.text("type", f[2])
				w.texts("options", strings.Split(f[3], ","))
			})
		}
	})
	w.at("", 0)
}

// writeModules writes the kernel modules that modprobe.d(5) keeps from being
// loaded.
func writeModules(r *reader, w *writer) {
	w.object("modules", func() {
		w.list("disabled", func() {
			for _, pattern := range []string{"usr/lib/modprobe.d/*.conf", "etc/modprobe.d/*.conf"} {
				for _, file := range r.glob(pattern) {
					lines, _ := r.lines(file)
					for _, l := range lines {
						f := strings.Fields(l.text)
						if len(f) >= 3 && f[0] == "install" && (strings.HasSuffix(f[2], "/true") || strings.HasSuffix(f[2], "/false")) {
							w.at(l.file, l.n)
							w.b.String(f[1])
						}
					}
				}
			}
		})
	})
	w.at("", 0)
}

// writeAudit writes the rules of auditd, in the order they are loaded.
func writeAudit(r *reader, w *writer) {
	files := r.glob("etc/audit/rules.d/*.rules")
	if len(files) == 0 {
		files = r.glob("etc/audit/audit.rules")
	}
	w.object("audit", func() {
		w.list("rules", func() {
			for _, file := range files {
				lines, _ := r.lines(file)
				for _, l := range lines {
					w.at(l.file, l.n)
					w.b.String(l.text)
				}
			}
		})
	})
	w.at("", 0)
}
