package iac

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/scan/iac/docker"
	"github.com/bulwarksec/bulwark/internal/scan/iac/kustomize"
	"github.com/bulwarksec/bulwark/internal/scan/iac/tf"
)

const (
	maxFiles     = 200_000   // looked at in one tree
	maxFileBytes = 16 << 20  // of one file
	maxPlanBytes = 128 << 20 // of one plan or state
	maxFolders   = 64        // one in the other
)

var skippedFolders = map[string]bool{".git": true, ".terraform": true, "node_modules": true, ".hg": true, ".svn": true, "__pycache__": true}

// inSkipped reports whether a path leads through a folder that tools fill.
func inSkipped(name string) bool {
	return slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool { return skippedFolders[part] })
}

// files lists the files of the tree that may be infrastructure code, sorted by
// path. Folders that tools fill (.git, .terraform, node_modules) are left out.
func (s *Scanner) files(ctx context.Context) ([]string, []bulwark.Gap, error) {
	if s.opts.File != "" {
		if _, err := fs.Stat(s.opts.FS, s.opts.File); err != nil {
			return nil, nil, fmt.Errorf("iac: open %s: %w", s.opts.File, err)
		}
		return []string{path.Clean(s.opts.File)}, nil, nil
	}
	w := &walker{ctx: ctx, fsys: s.opts.FS}
	if err := fs.WalkDir(s.opts.FS, ".", w.visit); err != nil {
		return nil, nil, fmt.Errorf("iac: read the tree: %w", err)
	}
	slices.Sort(w.files)
	return w.files, w.gaps, nil
}

type walker struct {
	ctx   context.Context
	fsys  fs.FS
	files []string
	gaps  []bulwark.Gap
	seen  int
}

func (w *walker) visit(name string, d fs.DirEntry, err error) error {
	if cerr := w.ctx.Err(); cerr != nil {
		return cerr
	}
	if err != nil {
		if name == "." {
			return err
		}
		w.gaps = append(w.gaps, fileGap("folder", name, err))
		return fs.SkipDir
	}
	if d.IsDir() {
		if skippedFolders[d.Name()] {
			return fs.SkipDir
		}
		if strings.Count(name, "/") >= maxFolders {
			w.gaps = append(w.gaps, fileGap("folder", name, fmt.Errorf("more than %d folders one in the other", maxFolders)))
			return fs.SkipDir
		}
		return nil
	}
	if w.seen++; w.seen > maxFiles {
		w.gaps = append(w.gaps, bulwark.Gap{What: "tree", Where: ".", Why: fmt.Sprintf("more than %d files; the rest was not looked at", maxFiles)})
		return fs.SkipAll
	}
	switch {
	case !interesting(name):
	case d.Type()&fs.ModeSymlink != 0:
		w.link(name)
	case d.Type().IsRegular():
		w.files = append(w.files, name)
	}
	return nil
}

// link takes a symbolic link to a file that is not read under its own name. One
// that leads out of the tree, to nothing or in a circle is a gap; one to a
// folder is passed over, since the folder is read where it is.
func (w *walker) link(name string) {
	info, err := fs.Stat(w.fsys, name)
	switch {
	case err != nil:
		w.gaps = append(w.gaps, fileGap("file", name, fmt.Errorf("the link leads nowhere in the tree: %w", cause(err))))
		return
	case !info.Mode().IsRegular():
		return
	}
	if to, err := fs.ReadLink(w.fsys, name); err == nil {
		if to = path.Join(path.Dir(name), to); interesting(to) && fs.ValidPath(to) && !inSkipped(to) {
			return
		}
	}
	w.files = append(w.files, name)
}

// cause is an error without the path that it names.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// interesting reports whether a file's name is one that infrastructure code
// bears.
func interesting(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".tf", ".bicep", ".yaml", ".yml", ".json", ".template", ".tfstate", ".tfplan", ".tgz":
		return true
	}
	return docker.IsDockerfile(name) || kustomize.IsKustomization(name)
}

func isTerraform(name string) bool {
	return strings.HasSuffix(name, ".tf") || strings.HasSuffix(name, ".tf.json")
}

// readFile reads a regular file of at most maxFileBytes, a plan of at most
// maxPlanBytes, as UTF-8.
func readFile(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name) // before opening, which would wait for a pipe
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	limit := int64(maxFileBytes)
	head := make([]byte, 4096)
	n, err := io.ReadFull(f, head)
	if head = head[:n]; err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return nil, err
	}
	if mayBePlan(name, head) {
		limit = maxPlanBytes
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%d bytes, more than the %d that are read", info.Size(), limit)
	}
	data := bytes.NewBuffer(make([]byte, 0, max(info.Size(), 512)+512))
	data.Write(head)
	if _, err := data.ReadFrom(io.LimitReader(f, limit+1-int64(n))); err != nil {
		return nil, err
	}
	if int64(data.Len()) > limit {
		return nil, fmt.Errorf("more than the %d bytes that are read", limit)
	}
	return toUTF8(data.Bytes()), nil
}

// toUTF8 drops a byte-order mark, and decodes the UTF-16 that some shells write.
func toUTF8(data []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return data[3:]
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return data
	}
	units := make([]uint16, 0, len(data)/2)
	for i := 2; i+1 < len(data); i += 2 {
		units = append(units, order.Uint16(data[i:]))
	}
	return []byte(string(utf16.Decode(units)))
}

// mayBePlan tells by a file's name and beginning whether it is a plan or state.
func mayBePlan(name string, head []byte) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".json", ".tfstate", ".tfplan":
		return tf.IsPlan(head)
	}
	return false
}
