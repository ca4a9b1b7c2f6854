package estate

import (
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// file is a file or, where its mode says so, a folder.
type file struct {
	data     string
	mode     fs.FileMode // without permissions it is 0644, or 0755 of a folder
	uid, gid uint32
}

// tree is files in memory, by their paths, with the folders that they lie in.
// It is not changed once it is made.
type tree struct {
	nodes  map[string]*file
	inside map[string][]fs.DirEntry // of a folder, sorted
	at     time.Time                // when all of it was last written
}

// newTree makes a tree of files, and of folders where there is more to say of
// them than that something lies in them.
func newTree(files map[string]file, at time.Time) *tree {
	t := &tree{nodes: map[string]*file{".": {mode: fs.ModeDir | 0o755}}, inside: map[string][]fs.DirEntry{}, at: at}
	for name, f := range files {
		switch {
		case f.mode.Perm() != 0:
		case f.mode.IsDir():
			f.mode |= 0o755
		default:
			f.mode |= 0o644
		}
		t.nodes[name] = &f
		for dir := path.Dir(name); t.nodes[dir] == nil; dir = path.Dir(dir) {
			if _, told := files[dir]; !told {
				t.nodes[dir] = &file{mode: fs.ModeDir | 0o755}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.nodes)) {
		if name != "." {
			t.inside[path.Dir(name)] = append(t.inside[path.Dir(name)], fs.FileInfoToDirEntry(t.info(name)))
		}
	}
	return t
}

func (t *tree) info(name string) fs.FileInfo { return fileInfo{path.Base(name), t.nodes[name], t.at} }

// Open implements fs.FS.
func (t *tree) Open(name string) (fs.File, error) {
	f := t.nodes[name]
	switch {
	case !fs.ValidPath(name):
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	case f == nil:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	case f.mode.IsDir():
		return &openFolder{info: t.info(name), rest: t.inside[name]}, nil
	}
	return &openFile{*strings.NewReader(f.data), t.info(name)}, nil
}

type openFile struct {
	strings.Reader
	info fs.FileInfo
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *openFile) Close() error               { return nil }

type openFolder struct {
	info fs.FileInfo
	rest []fs.DirEntry
}

func (f *openFolder) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *openFolder) Close() error               { return nil }

func (f *openFolder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.info.Name(), Err: fs.ErrInvalid}
}

// ReadDir implements fs.ReadDirFile.
func (f *openFolder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(f.rest) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(f.rest) {
		n = len(f.rest)
	}
	out := slices.Clone(f.rest[:n])
	f.rest = f.rest[n:]
	return out, nil
}

// fileInfo implements fs.FileInfo, with an owner.
type fileInfo struct {
	name string
	*file
	at time.Time
}

func (i fileInfo) Name() string       { return i.name }
func (i fileInfo) Size() int64        { return int64(len(i.data)) }
func (i fileInfo) Mode() fs.FileMode  { return i.mode }
func (i fileInfo) ModTime() time.Time { return i.at }
func (i fileInfo) IsDir() bool        { return i.mode.IsDir() }
func (i fileInfo) Sys() any           { return &syscall.Stat_t{Uid: i.uid, Gid: i.gid} }

// trees is the tree of a part as it was moved last.
type trees struct{ atomic.Pointer[tree] }

// Open implements fs.FS.
func (t *trees) Open(name string) (fs.File, error) { return t.Load().Open(name) }
