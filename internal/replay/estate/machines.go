package estate

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// A Machine is one of the company's Linux servers outside of the clouds.
type Machine struct {
	Name  string // its host name
	Title string

	role     string
	os       string // debian, or the release of Ubuntu
	care     float64
	services []string // beside what every machine runs
	upgraded float64  // the part of the history when its Ubuntu became 24.04; 0 is never
}

// Machines are all of them.
var Machines = []Machine{
	{Name: "jump-1", Title: "Jump host", role: "jump host", os: "debian", care: 0.4},
	{Name: "build-1", Title: "Build server", role: "build server", os: "24.04", care: 1.2, services: []string{"docker"}},
	{Name: "shop-oslo-1", Title: "Shop server in Oslo", role: "shop floor", os: "debian", care: 0.8, services: []string{"postgresql", "nginx"}},
	{Name: "shop-malmo-1", Title: "Shop server in Malmö", role: "shop floor", os: "debian", care: 1.3, services: []string{"postgresql", "nginx", "cups"}},
	{Name: "shop-hamburg-1", Title: "Shop server in Hamburg", role: "shop floor", os: "debian", care: 1.8, services: []string{"postgresql", "nginx", "cups"}},
	{Name: "warehouse-1", Title: "Warehouse server", role: "warehouse", os: "18.04", care: 1.9, services: []string{"redis-server", "nginx"}, upgraded: 0.64},
}

// machine is one whose files are being made.
type machine struct {
	page
	*Machine
	files map[string]file
}

// Role, OS, Release, Shop, Has, PasswordDays and People are what templates ask.
func (m *machine) Role() string         { return m.role }
func (m *machine) Shop() bool           { return m.role == "shop floor" }
func (m *machine) Has(what string) bool { return slices.Contains(m.services, what) }

// OS is debian or ubuntu.
func (m *machine) OS() string {
	if m.os == "debian" {
		return m.os
	}
	return "ubuntu"
}

// Release is that of Ubuntu.
func (m *machine) Release() string {
	if m.upgraded > 0 && m.since(m.upgraded) {
		return "24.04"
	}
	return m.os
}

// PasswordDays are how long passwords are good.
func (m *machine) PasswordDays() int { return unless(m.Wrong("password-age", 0.4), 99999, 180) }

// A login is an account of somebody who works on a machine.
type login struct {
	Login string
	UID   int
}

// People are those with an account, who are there as long as they are in the
// company.
func (m *machine) People() []login {
	var out []login
	for i, p := range m.people(120) {
		if (p.team == "platform" || m.Shop() && p.team == "shops") && m.ratio("login", m.Name, p.login) < 0.35 && (p.joined == 0 || m.since(p.joined)) && (p.left == 0 || !m.since(p.left)) {
			out = append(out, login{p.login, 1100 + i})
		}
	}
	return out
}

// machine makes the files of a machine that its reader reads.
func (b *builder) machine(of *Machine) (*tree, error) {
	m := &machine{page: page{b, of.Name, of.care}, Machine: of}
	var err error
	if m.files, err = write("machine", m); err != nil {
		return nil, err
	}
	m.files["etc/machine-id"] = file{data: m.hex(32, "machine", of.Name) + "\n"}
	m.files["etc/hostname"] = file{data: of.Name + "\n"}
	m.packages()
	m.kernel()
	m.running()
	m.sockets()
	m.guarded()
	return newTree(m.files, time.Time{}), nil
}

// packages are what dpkg says is installed.
func (m *machine) packages() {
	minor := m.between(1, 4, "minor", m.Name)
	if m.since(audit) { // and updated then
		minor += 2
	}
	list := [][2]string{{"adduser", "3.134"}, {"apt", "2.6.1"}, {"auditd", "1:3.0.9-1"}, {"bash", "5.2.15-2"}, {"borgbackup", "1.2.4-1"}, {"coreutils", "9.1-1"}, {"libc6", fmt.Sprintf("2.36-9+deb12u%d", minor+3)}, {"libssl3", fmt.Sprintf("3.0.1%d-1~deb12u1", minor)}, {"linux-image-amd64", fmt.Sprintf("6.1.1%d0-1", minor)},
		{"openssh-server", fmt.Sprintf("1:9.2p1-2+deb12u%d", minor)}, {"openssl", fmt.Sprintf("3.0.1%d-1~deb12u1", minor)}, {"rsyslog", "8.2302.0-1"}, {"sudo", "1.9.13p3-1"}, {"systemd", fmt.Sprintf("252.%d-1~deb12u1", 20+minor)}, {"tzdata", "2025b-0"}, {"unattended-upgrades", "2.9.1"}}
	for _, s := range m.services {
		list = append(list, [2]string{s, m.version(s)})
	}
	for _, p := range []string{"telnetd", "tftpd-hpa", "rsh-server", "nis"} {
		if m.Wrong("package/"+p, 0.12) {
			list = append(list, [2]string{p, "0.17-44"})
		}
	}
	var text strings.Builder
	for _, p := range list {
		fmt.Fprintf(&text, "Package: %s\nStatus: install ok installed\nArchitecture: amd64\nVersion: %s\n\n", p[0], p[1])
	}
	m.files["var/lib/dpkg/status"] = file{data: text.String()}
}

// version draws that of a package.
func (m *machine) version(name string) string {
	return fmt.Sprintf("%d.%d.%d-1", m.between(1, 15, "major", name), m.between(0, 9, "minor", name), m.between(0, 20, "patch", name))
}

// settings are the kernel's as they should be, and what stands there otherwise.
var settings = []struct{ key, good, bad string }{
	{"fs.protected_fifos", "2", "0"}, {"fs.protected_hardlinks", "1", "0"}, {"fs.protected_regular", "2", "0"}, {"fs.protected_symlinks", "1", "0"}, {"fs.suid_dumpable", "0", "2"},
	{"kernel.dmesg_restrict", "1", "0"}, {"kernel.kptr_restrict", "2", "0"}, {"kernel.randomize_va_space", "2", "0"}, {"kernel.sysrq", "0", "438"}, {"kernel.unprivileged_bpf_disabled", "1", "0"}, {"kernel.yama.ptrace_scope", "1", "0"},
	{"net.ipv4.conf.all.accept_redirects", "0", "1"}, {"net.ipv4.conf.all.accept_source_route", "0", "1"}, {"net.ipv4.conf.all.log_martians", "1", "0"}, {"net.ipv4.conf.all.rp_filter", "1", "0"}, {"net.ipv4.conf.all.secure_redirects", "0", "1"}, {"net.ipv4.conf.all.send_redirects", "0", "1"},
	{"net.ipv4.conf.default.accept_redirects", "0", "1"}, {"net.ipv4.conf.default.accept_source_route", "0", "1"}, {"net.ipv4.conf.default.rp_filter", "1", "0"}, {"net.ipv4.conf.default.send_redirects", "0", "1"},
	{"net.ipv4.icmp_echo_ignore_broadcasts", "1", "0"}, {"net.ipv4.icmp_ignore_bogus_error_responses", "1", "0"}, {"net.ipv4.ip_forward", "0", "1"}, {"net.ipv4.tcp_syncookies", "1", "0"},
	{"net.ipv6.conf.all.accept_ra", "0", "1"}, {"net.ipv6.conf.all.accept_redirects", "0", "1"}, {"net.ipv6.conf.all.accept_source_route", "0", "1"}, {"net.ipv6.conf.all.forwarding", "0", "1"}, {"net.ipv6.conf.default.accept_redirects", "0", "1"}, {"net.ipv6.conf.default.accept_source_route", "0", "1"},
}

// kernel are its settings in force, and its release.
func (m *machine) kernel() {
	for _, s := range settings {
		value := unless(m.Wrong("sysctl/"+s.key, 0.18), s.bad, s.good)
		if s.key == "net.ipv4.ip_forward" && m.Has("docker") {
			value = "1"
		}
		m.files["proc/sys/"+strings.ReplaceAll(s.key, ".", "/")] = file{data: value + "\n", mode: 0o644}
	}
	m.files["proc/sys/kernel/osrelease"] = file{data: "6.1.0-" + m.digits(2, "kernel", m.Name) + "-amd64\n"}
}

// running are the services that start with the machine.
func (m *machine) running() {
	list := append([]string{"auditd", "cron", "rsyslog", "ssh", "systemd-timesyncd", "unattended-upgrades"}, m.services...)
	for _, s := range []string{"avahi-daemon", "rpcbind", "xinetd"} {
		if m.Wrong("service/"+s, 0.2) {
			list = append(list, s)
		}
	}
	for _, s := range list {
		m.files["etc/systemd/system/multi-user.target.wants/"+s+".service"] = file{data: "[Service]\n"}
	}
}

// sockets are what listens: SSH, what the services have, and what should not.
func (m *machine) sockets() {
	const any4, own4 = "00000000", "0100007F"
	type socket struct {
		address string
		port    int
		uid     int
	}
	list := []socket{{any4, 22, 0}}
	for i, s := range []struct {
		service string
		port    int
		open    float64 // how often it listens to everybody; 1 is meant to
	}{{"nginx", 443, 1}, {"postgresql", 5432, 0.4}, {"redis-server", 6379, 0.4}, {"cups", 631, 0.5}} {
		if m.Has(s.service) {
			list = append(list, socket{unless(s.open == 1 || m.Wrong("open/"+s.service, s.open), any4, own4), s.port, 110 + i})
		}
	}
	if m.Wrong("package/telnetd", 0.12) {
		list = append(list, socket{any4, 23, 0})
	}
	if m.Shop() && m.flicker("ftp/"+m.Name, 13*time.Minute) { // somebody fetches pictures from a camera
		list = append(list, socket{any4, 21, 1000})
	}
	text := "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	for i, s := range list {
		text += fmt.Sprintf("%4d: %s:%04X 00000000:0000 0A 00000000:00000000 00:00000000 00000000 %5d        0 %d 1 0000000000000000 100 0 0 10 0\n", i, s.address, s.port, s.uid, 20000+i)
	}
	m.files["proc/net/tcp"] = file{data: text}
}

// guarded sets owners and modes of what must be guarded.
func (m *machine) guarded() {
	for name, f := range map[string]file{
		"etc/passwd":               {mode: 0o644},
		"etc/group":                {mode: 0o644},
		"etc/shadow":               {mode: unless(m.Wrong("mode/shadow", 0.25), fs.FileMode(0o644), 0o640), gid: 42},
		"etc/ssh/sshd_config":      {mode: unless(m.Wrong("mode/sshd", 0.4), fs.FileMode(0o644), 0o600)},
		"etc/ssh/ssh_host_rsa_key": {data: "a key\n", mode: unless(m.Wrong("mode/host-key", 0.2), fs.FileMode(0o640), 0o600)},
		"etc/sudoers":              {mode: 0o440},
		"etc/sudoers.d/operator":   {mode: 0o440},
		"etc/crontab":              {mode: unless(m.Wrong("mode/crontab", 0.4), fs.FileMode(0o644), 0o600)},
		"etc/cron.d":               {mode: fs.ModeDir | unless(m.Wrong("mode/cron", 0.4), fs.FileMode(0o755), 0o700)},
		"boot/grub/grub.cfg":       {data: "set timeout=1\n", mode: unless(m.Wrong("mode/grub", 0.4), fs.FileMode(0o644), 0o600)},
		"tmp":                      {mode: fs.ModeDir | fs.ModeSticky | 0o777},
		"var/tmp":                  {mode: fs.ModeDir | unless(m.Wrong("mode/tmp", 0.2), 0, fs.ModeSticky) | 0o777},
		"root":                     {mode: fs.ModeDir | 0o700},
		"usr/bin":                  {mode: fs.ModeDir | 0o755},
		"usr/sbin":                 {mode: fs.ModeDir | 0o755},
		"usr/local/bin":            {mode: fs.ModeDir | unless(m.Wrong("mode/local", 0.3), fs.FileMode(0o777), 0o755)},
		"home/operator":            {mode: fs.ModeDir | 0o750, uid: 1000, gid: 1000},
	} {
		if f.data == "" {
			f.data = m.files[name].data
		}
		m.files[name] = f
	}
	for _, p := range m.People() {
		m.files["home/"+p.Login] = file{mode: fs.ModeDir | unless(m.Wrong("home/"+p.Login, 0.15), fs.FileMode(0o777), 0o750), uid: uint32(p.UID), gid: uint32(p.UID)}
	}
	if m.Has("docker") {
		m.files["var/run/docker.sock"] = file{mode: fs.ModeSocket | unless(m.Wrong("mode/docker", 0.6), fs.FileMode(0o666), 0o660), gid: 998}
	}
}
