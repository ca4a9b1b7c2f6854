package host

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"
)

// writeOS writes the distribution as os-release(5) names it.
func writeOS(r *reader, w *writer) {
	file := "etc/os-release"
	if !r.exists(file) {
		file = "usr/lib/os-release"
	}
	lines, _ := r.lines(file)
	w.object("os", func() {
		keys := map[string]string{"ID": "id", "VERSION_ID": "versionId", "PRETTY_NAME": "name", "VERSION_CODENAME": "codename", "ID_LIKE": "like"}
		for _, l := range lines {
			key, value, _ := strings.Cut(l.text, "=")
			if name := keys[key]; name != "" {
				w.at(l.file, l.n)
				w.text(name, strings.Trim(value, `"'`))
				delete(keys, key)
			}
		}
	})
	w.at("", 0)
}

// writeCron writes the jobs of /etc/crontab, /etc/cron.d and users' own tables.
func writeCron(r *reader, w *writer) {
	files := append([]string{"etc/crontab"}, r.glob("etc/cron.d/*")...)
	own := append(r.glob("var/spool/cron/crontabs/*"), r.glob("var/spool/cron/*")...)
	w.list("cron", func() {
		for _, file := range append(files, own...) {
			if info, err := fs.Stat(r.fs, file); err != nil || !info.Mode().IsRegular() {
				continue
			}
			lines, _ := r.lines(file)
			for _, l := range lines {
				writeCronJob(w, l, slices.Contains(own, file))
			}
		}
	})
	w.at("", 0)
}

func writeCronJob(w *writer, l line, own bool) {
	f := strings.Fields(l.text)
	n := 5
	if len(f) > 0 && strings.HasPrefix(f[0], "@") {
		n = 1
	}
	user := path.Base(l.file)
	if !own {
		n++
	}
	if len(f) <= n || strings.Contains(f[0], "=") {
		return
	}
	if !own {
		user = f[n-1]
	}
	w.at(l.file, l.n)
	w.object("", func() {
		w.text("file", "/"+l.file)
		w.text("user", user)
		w.text("command", strings.Join(f[n:], " "))
	})
}

// writeServices writes the systemd units that are enabled: wanted or required
// by a target, or started from /etc/rc*.d.
func writeServices(r *reader, w *writer) {
	enabled := map[string]string{}
	for _, pattern := range []string{"etc/systemd/system/*.wants/*", "etc/systemd/system/*.requires/*", "usr/lib/systemd/system/*.wants/*"} {
		for _, file := range r.glob(pattern) {
			enabled[path.Base(file)] = file
		}
	}
	for _, file := range r.glob("etc/rc[2345].d/S*") {
		if name := path.Base(file); len(name) > 3 {
			enabled[name[3:]+".service"] = file
		}
	}
	for name := range enabled { // a unit that is masked does not start
		if target, err := fs.ReadLink(r.fs, "etc/systemd/system/"+name); err == nil && target == "/dev/null" {
			delete(enabled, name)
		}
	}
	names := make([]string, 0, len(enabled))
	for name := range enabled {
		names = append(names, name)
	}
	slices.Sort(names)
	w.list("services", func() {
		for _, name := range names {
			w.at(enabled[name], 0)
			w.object("", func() {
				w.text("name", strings.TrimSuffix(name, ".service"))
				w.text("unit", name)
			})
		}
	})
	w.at("", 0)
}

// writeLogin writes the settings of login.defs(5).
func writeLogin(r *reader, w *writer) {
	lines, err := r.lines("etc/login.defs")
	if err != nil {
		w.unknown("login", err)
		return
	}
	numbers := map[string]string{"PASS_MAX_DAYS": "passMaxDays", "PASS_MIN_DAYS": "passMinDays", "PASS_WARN_AGE": "passWarnAge", "LOGIN_RETRIES": "retries"}
	texts := map[string]string{"UMASK": "umask", "ENCRYPT_METHOD": "encryptMethod"}
	w.object("login", func() {
		seen := map[string]bool{}
		for _, l := range lines {
			f := strings.Fields(l.text)
			if len(f) < 2 || seen[f[0]] {
				continue
			}
			seen[f[0]] = true
			w.at(l.file, l.n)
			if name := numbers[f[0]]; name != "" {
				w.number(name, f[1])
			}
			if name := texts[f[0]]; name != "" {
				w.text(name, f[1])
			}
		}
	})
	w.at("", 0)
}

// writePAM writes what the password and authentication stacks do.
func writePAM(r *reader, w *writer) {
	var lines []line
	for _, file := range []string{"etc/pam.d/common-password", "etc/pam.d/common-auth", "etc/pam.d/system-auth", "etc/pam.d/password-auth", "etc/pam.d/su"} {
		more, _ := r.lines(file)
		lines = append(lines, more...)
	}
	if len(lines) == 0 {
		return
	}
	w.list("pam", func() {
		for _, l := range lines {
			f := strings.Fields(strings.NewReplacer("[", " ", "]", " ").Replace(l.text))
			i := slices.IndexFunc(f, func(s string) bool { return strings.HasSuffix(s, ".so") })
			if i < 1 {
				continue
			}
			w.at(l.file, l.n)
			w.object("", func() {
				w.text("service", path.Base(l.file))
				w.text("stack", strings.TrimPrefix(f[0], "-"))
				w.text("module", strings.TrimSuffix(path.Base(f[i]), ".so"))
				w.texts("arguments", f[i+1:])
			})
		}
	})
	w.at("", 0)
	lines, err := r.lines("etc/security/pwquality.conf")
	if err != nil {
		return
	}
	w.object("passwordQuality", func() {
		for _, l := range lines {
			key, value, _ := strings.Cut(l.text, "=")
			if name := map[string]string{"minlen": "minLength", "minclass": "minClasses"}[strings.TrimSpace(key)]; name != "" {
				w.at(l.file, l.n)
				w.number(name, strings.TrimSpace(value))
			}
		}
	})
	w.at("", 0)
}

// writeUpdates writes whether security updates install by themselves.
func writeUpdates(r *reader, w *writer) {
	w.object("updates", func() {
		automatic, at := false, line{}
		for _, file := range r.glob("etc/apt/apt.conf.d/*") {
			lines, _ := r.lines(file)
			for _, l := range lines {
				if rest, ok := strings.CutPrefix(l.text, "APT::Periodic::Unattended-Upgrade"); ok {
					automatic, at = strings.Trim(rest, ` ";`) != "0", l
				}
			}
		}
		for _, file := range []string{"etc/dnf/automatic.conf", "etc/yum/yum-cron.conf"} {
			lines, _ := r.lines(file)
			for _, l := range lines {
				if key, value, _ := strings.Cut(l.text, "="); strings.TrimSpace(key) == "apply_updates" && strings.TrimSpace(value) == "yes" {
					automatic, at = true, l
				}
			}
		}
		w.at(at.file, at.n)
		w.boolean("automatic", automatic)
	})
	w.at("", 0)
}

// judgedFiles are the files and folders whose owner and mode checks name.
var judgedFiles = []string{
	"etc/passwd", "etc/passwd-", "etc/shadow", "etc/shadow-", "etc/group", "etc/group-", "etc/gshadow", "etc/gshadow-",
	"etc/ssh/sshd_config", "etc/sudoers", "etc/crontab", "etc/anacrontab", "etc/cron.d", "etc/cron.hourly", "etc/cron.daily",
	"etc/cron.weekly", "etc/cron.monthly", "etc/hosts.equiv", "root/.rhosts", "boot/grub/grub.cfg", "boot/grub2/grub.cfg", "tmp", "var/tmp",
	"root", "bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin",
	"var/run/docker.sock",
	"etc/kubernetes/admin.conf", "etc/kubernetes/super-admin.conf", "etc/kubernetes/scheduler.conf", "etc/kubernetes/controller-manager.conf",
	"etc/kubernetes/kubelet.conf", "etc/kubernetes/proxy.conf", "etc/kubernetes/pki", "etc/kubernetes/pki/etcd", "var/lib/etcd",
	"var/lib/kubelet/config.yaml", "var/lib/kube-proxy/kubeconfig", "var/lib/kube-proxy/kubeconfig.conf",
	"etc/systemd/system/kubelet.service", "usr/lib/systemd/system/kubelet.service",
}

// judgedGlobs are patterns of further such files: private keys of the SSH
// server, and what a node of a Kubernetes cluster keeps.
var judgedGlobs = []string{
	"etc/ssh/ssh_host_*_key", "etc/kubernetes/manifests/*", "etc/cni/net.d/*", "etc/kubernetes/pki/*.crt", "etc/kubernetes/pki/*.key",
	"etc/kubernetes/pki/etcd/*.crt", "etc/kubernetes/pki/etcd/*.key", "etc/systemd/system/kubelet.service.d/*", "usr/lib/systemd/system/kubelet.service.d/*",
}

// writeFiles writes owner and mode of files that must be guarded.
func writeFiles(r *reader, w *writer) {
	names := slices.Clone(judgedFiles)
	for _, pattern := range judgedGlobs {
		names = append(names, r.glob(pattern)...)
	}
	w.list("files", func() {
		for _, name := range names {
			info, err := fs.Stat(r.fs, name)
			if err != nil {
				continue
			}
			w.at(name, 0)
			w.object("", func() {
				perm := info.Mode().Perm()
				w.text("path", "/"+name)
				w.text("kind", fileKind(info.Mode()))
				w.text("mode", octal(perm, info.Mode()))
				w.boolean("groupRead", perm&0o040 != 0)
				w.boolean("groupWrite", perm&0o020 != 0)
				w.boolean("otherRead", perm&0o004 != 0)
				w.boolean("otherWrite", perm&0o002 != 0)
				w.boolean("otherExecute", perm&0o001 != 0)
				w.boolean("sticky", info.Mode()&fs.ModeSticky != 0)
				if st, ok := info.Sys().(*syscall.Stat_t); ok {
					w.integer("uid", int64(st.Uid))
					w.integer("gid", int64(st.Gid))
				}
			})
		}
	})
	w.at("", 0)
}

func fileKind(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "folder"
	case m.IsRegular():
		return "file"
	case m&fs.ModeSocket != 0:
		return "socket"
	}
	return "other"
}

func octal(perm, mode fs.FileMode) string {
	special := byte('0')
	if mode&fs.ModeSticky != 0 {
		special++
	}
	if mode&fs.ModeSetgid != 0 {
		special += 2
	}
	if mode&fs.ModeSetuid != 0 {
		special += 4
	}
	return string([]byte{special, '0' + byte(perm>>6&7), '0' + byte(perm>>3&7), '0' + byte(perm&7)})
}
