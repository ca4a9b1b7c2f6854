package host

import (
	"bytes"
	"io"
	"os"
	"slices"
	"strings"
)

// pkg is an installed package of the distribution.
type pkg struct{ name, version, arch, source, manager string }

// writePackages writes what the distribution's package managers say is
// installed, sorted by name.
func writePackages(r *reader, w *writer) {
	var list []pkg
	found := false
	data, err := r.read("var/lib/dpkg/status")
	if err != nil {
		w.unknown("packages", err)
		return
	}
	if data != nil {
		found = true
		list = append(list, dpkgPackages(data)...)
	}
	for _, file := range r.glob("var/lib/dpkg/status.d/*") { // distroless images
		if data, _ := r.read(file); data != nil && !strings.HasSuffix(file, ".md5sums") {
			found = true
			list = append(list, dpkgPackages(append(data, "\nStatus: install ok installed\n"...))...)
		}
	}
	if data, _ := r.read("lib/apk/db/installed"); data != nil {
		found = true
		list = append(list, apkPackages(data)...)
	}
	for _, file := range []string{"var/lib/rpm/rpmdb.sqlite", "usr/lib/sysimage/rpm/rpmdb.sqlite", "var/lib/rpm/Packages.db", "usr/lib/sysimage/rpm/Packages.db", "var/lib/rpm/Packages"} {
		data, err := r.read(file)
		if data == nil || err != nil {
			continue
		}
		found = true
		more, err := rpmPackages(data)
		if err != nil {
			r.gap("package database", "/"+file, err)
			w.unknown("packages", err)
			return
		}
		list = append(list, more...)
		break
	}
	if !found {
		return
	}
	slices.SortFunc(list, func(a, b pkg) int { return strings.Compare(a.name+"\x00"+a.arch, b.name+"\x00"+b.arch) })
	w.list("packages", func() {
		for _, p := range list {
			w.object("", func() {
				w.text("name", p.name)
				w.text("version", p.version)
				w.text("architecture", p.arch)
				w.text("source", p.source)
				w.text("manager", p.manager)
			})
		}
	})
}

// dpkgPackages reads the stanzas of a dpkg status file that are installed.
func dpkgPackages(data []byte) []pkg {
	var list []pkg
	for stanza := range bytes.SplitSeq(data, []byte("\n\n")) {
		p := pkg{manager: "dpkg"}
		installed := false
		for text := range strings.Lines(string(stanza)) {
			key, value, _ := strings.Cut(text, ":")
			value = strings.TrimSpace(value)
			switch key {
			case "Package":
				p.name = value
			case "Version":
				p.version = value
			case "Architecture":
				p.arch = value
			case "Source":
				p.source, _, _ = strings.Cut(value, " ")
			case "Status":
				installed = strings.HasSuffix(value, " installed")
			}
		}
		if p.source == "" {
			p.source = p.name
		}
		if installed && p.name != "" {
			list = append(list, p)
		}
	}
	return list
}

// apkPackages reads Alpine's installed database.
func apkPackages(data []byte) []pkg {
	var list []pkg
	for stanza := range bytes.SplitSeq(data, []byte("\n\n")) {
		p := pkg{manager: "apk"}
		for text := range strings.Lines(string(stanza)) {
			text = strings.TrimSpace(text)
			if len(text) < 2 || text[1] != ':' {
				continue
			}
			switch text[0] {
			case 'P':
				p.name = text[2:]
			case 'V':
				p.version = text[2:]
			case 'A':
				p.arch = text[2:]
			case 'o':
				p.source = text[2:]
			}
		}
		if p.name != "" {
			list = append(list, p)
		}
	}
	return list
}

// rpmPackages reads an RPM database of any of its three formats. The library
// wants a file, so the bytes are laid in a temporary one; its panics on hostile
// databases become errors.
func rpmPackages(data []byte) (list []pkg, err error) {
	f, err := os.CreateTemp("", "bulwark-rpmdb-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	_, err = io.Copy(f, bytes.NewReader(data))
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, err
	}
	return readRPM(f.Name())
}
