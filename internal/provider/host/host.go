// Package host reads a Linux system into one asset of type host/Linux:
// distribution, packages, users, sshd, sudo, mounts, kernel settings, cron,
// services and file permissions. All that is a file is read through an fs.FS,
// so that one reader serves this machine, a mounted disk and an unpacked image;
// what only a running system knows (sockets, effective kernel settings) is read
// from /proc when the system is live.
package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark"
)

// TypeLinux is the type of the asset that Gather yields.
const TypeLinux = "host/Linux"

// Host reads one system.
type Host struct {
	FS        fs.FS          // its root folder
	Live      bool           // FS is the running system's own, with /proc
	ID        string         // machine id; "" means the one in /etc/machine-id
	Name      string         // host name; "" means the one in /etc/hostname
	Connector string         // written on the asset
	Names     *bulwark.Names // table of property names, may be nil
	Now       func() time.Time
}

// Local returns the reader of the machine this process runs on.
func Local(names *bulwark.Names) *Host {
	name, _ := os.Hostname()
	return &Host{FS: os.DirFS("/"), Live: true, Name: name, Connector: "host", Names: names, Now: time.Now}
}

// Gather yields the host's asset, a gap for each part that could not be read,
// and the listing that says the host was seen. Parts that could not be read are
// unknown in the asset. It reads at most 16 MiB of any file.
func (h *Host) Gather(ctx context.Context, yield func(bulwark.Gathered) error) error {
	r := &reader{fs: h.FS}
	id := h.ID
	if id == "" {
		id = strings.TrimSpace(r.text("etc/machine-id"))
	}
	name := h.Name
	if name == "" {
		name = strings.TrimSpace(r.text("etc/hostname"))
	}
	switch {
	case id == "" && name == "":
		return fmt.Errorf("host: read /etc/machine-id: %w: a host needs an id or a name; give one with --host-id", bulwark.ErrInvalid)
	case id == "": // containers have none
		id = "name-" + name
	case name == "":
		name = id
	}
	assetID := bulwark.AssetID(bulwark.Host, id)
	properties, err := h.properties(ctx, r, assetID)
	if err != nil {
		return fmt.Errorf("host: read %s: %w", name, err)
	}
	observed, err := h.observed(r, assetID)
	if err != nil {
		return fmt.Errorf("host: observe %s: %w", name, err)
	}
	scope := "host/" + id
	asset := &bulwark.Asset{ID: assetID, Type: TypeLinux, Name: name, Scope: scope, Connector: h.Connector, Properties: properties, Observed: observed}
	if err := yield(bulwark.Gathered{Scope: &bulwark.ScopeInfo{Path: scope, Name: name, Kind: "host"}}); err != nil {
		return err
	}
	if err := yield(bulwark.Gathered{Asset: asset}); err != nil {
		return err
	}
	for i := range r.gaps {
		r.gaps[i].Where = scope + r.gaps[i].Where
		if err := yield(bulwark.Gathered{Gap: &r.gaps[i]}); err != nil {
			return err
		}
	}
	return yield(bulwark.Gathered{Listing: &bulwark.Listing{Connector: h.Connector, Scope: scope, Type: TypeLinux, Complete: true, At: h.Now()}})
}

// properties writes what files say, part by part.
func (h *Host) properties(ctx context.Context, r *reader, id string) (bulwark.Value, error) {
	w := &writer{b: bulwark.NewBuilder(h.Names, bulwark.Limits{})}
	w.at("", 0)
	w.b.Object()
	for _, part := range []func(*reader, *writer){
		writeOS, writePackages, writeAccounts, writeSSHD, writeSudo, h.writeMounts, h.writeSysctl,
		writeCron, writeServices, writeLogin, writePAM, writeAudit, writeModules, writeUpdates, writeFiles,
	} {
		if err := ctx.Err(); err != nil {
			return bulwark.Value{}, err
		}
		part(r, w)
	}
	w.b.End()
	return w.b.Build(id)
}

// observed writes what only the running system knows.
func (h *Host) observed(r *reader, id string) (bulwark.Value, error) {
	if !h.Live {
		return bulwark.Value{}, nil
	}
	w := &writer{b: bulwark.NewBuilder(h.Names, bulwark.Limits{})}
	w.at("", 0)
	w.b.Object()
	w.object("kernel", func() {
		w.text("release", strings.TrimSpace(r.text("proc/sys/kernel/osrelease")))
	})
	writeSockets(r, w)
	w.b.End()
	return w.b.Build(id)
}

// maxFile bounds what is read of one file; package databases are the largest.
const maxFile = 16 << 20

// reader reads files of the system and remembers what could not be read.
type reader struct {
	fs   fs.FS
	gaps []bulwark.Gap
}

// read returns a file's bytes. A missing file is nil without an error; any
// other failure becomes a gap and is returned.
func (r *reader) read(name string) ([]byte, error) {
	f, err := r.fs.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		defer f.Close()
		var data []byte
		if data, err = readAll(f, maxFile); err == nil {
			return data, nil
		}
	}
	r.gap("file", "/"+name, err)
	return nil, err
}

func readAll(f fs.File, limit int) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: not a regular file", bulwark.ErrInvalid)
	}
	buf := make([]byte, 0, min(max(int(info.Size())+1, 512), limit+1))
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := f.Read(buf[len(buf):min(cap(buf), limit+1)])
		buf = buf[:len(buf)+n]
		switch {
		case len(buf) > limit:
			return nil, fmt.Errorf("%w: more than %d bytes", bulwark.ErrInvalid, limit)
		case err != nil && err.Error() == "EOF":
			return buf, nil
		case err != nil:
			return nil, err
		}
	}
}

func (r *reader) gap(what, where string, err error) {
	g := bulwark.Gap{What: what, Where: where, Why: err.Error()}
	if errors.Is(err, fs.ErrPermission) {
		g.Why, g.Needs = "permission denied", "run as root, or as a member of a group that may read it"
	}
	r.gaps = append(r.gaps, g)
}

// text returns a file's text, "" when it is missing or cannot be read.
func (r *reader) text(name string) string {
	data, _ := r.read(name)
	return string(data)
}

// list returns the names in a folder, sorted; a missing folder is empty.
func (r *reader) list(dir string) []fs.DirEntry {
	entries, err := fs.ReadDir(r.fs, dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.gap("folder", "/"+dir, err)
	}
	return entries
}

func (r *reader) exists(name string) bool {
	_, err := fs.Stat(r.fs, name)
	return err == nil
}

// writer writes a value tree with positions.
type writer struct{ b *bulwark.Builder }

// at sets where the values that follow stand; file is relative to the root.
func (w *writer) at(file string, line int) {
	if file != "" {
		file = "/" + file
	}
	w.b.At(bulwark.Position{File: file, Line: line, EndLine: line})
}

func (w *writer) object(name string, members func()) {
	w.key(name)
	w.b.Object()
	members()
	w.b.End()
}

func (w *writer) list(name string, elements func()) {
	w.key(name)
	w.b.List()
	elements()
	w.b.End()
}

func (w *writer) key(name string) {
	if name != "" {
		w.b.Key(name)
	}
}

func (w *writer) text(name, v string) {
	w.key(name)
	w.b.String(v)
}

func (w *writer) boolean(name string, v bool) {
	w.key(name)
	w.b.Bool(v)
}

func (w *writer) integer(name string, v int64) {
	w.key(name)
	w.b.Int(v)
}

func (w *writer) unknown(name string, err error) {
	w.key(name)
	if errors.Is(err, fs.ErrPermission) {
		w.b.Unknown("permission denied")
		return
	}
	w.b.Unknown(err.Error())
}

func (w *writer) texts(name string, list []string) {
	w.list(name, func() {
		for _, s := range list {
			w.b.String(s)
		}
	})
}

// line is one line of a configuration file, comments and blanks left out.
type line struct {
	file string
	n    int // from 1
	text string
}

// lines returns the lines of a file that say something: trimmed, joined where
// they end in a backslash, without those that begin with # or ;.
func (r *reader) lines(name string) ([]line, error) {
	data, err := r.read(name)
	if err != nil {
		return nil, err
	}
	var out []line
	n, start, joined := 0, 0, ""
	for text := range strings.Lines(string(data)) {
		n++
		text = strings.TrimSpace(text)
		if joined == "" {
			start = n
		}
		if before, ok := strings.CutSuffix(text, "\\"); ok && !strings.HasPrefix(text, "#") {
			joined += before + " "
			continue
		}
		text, joined = joined+text, ""
		if text != "" && text[0] != '#' && text[0] != ';' {
			out = append(out, line{name, start, text})
		}
	}
	return out, nil
}

// glob returns the paths that match, sorted. A malformed pattern, which a
// hostile file may name, matches nothing.
func (r *reader) glob(pattern string) []string {
	names, err := fs.Glob(r.fs, strings.TrimPrefix(pattern, "/"))
	if err != nil {
		return nil
	}
	return names
}
