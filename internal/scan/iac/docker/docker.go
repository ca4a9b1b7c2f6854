// Package docker reads Dockerfiles into assets: one of type docker/Dockerfile
// for each file, with its instructions, the shell commands that they run, and
// what its stages amount to: base image, user, ports, health check. It follows
// the builder's own rules for directives, continued lines, here-documents and
// variables, and runs nothing. Sizes and counts are bounded.
package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/bulwarksec/bulwark"
)

// TypeID is the type of the assets that Parse makes.
const TypeID = "docker/Dockerfile"

// Options say whose Dockerfile Parse reads and how.
type Options struct {
	RepositoryID string
	Types        *bulwark.Types // names of properties; may be nil
	Limits       bulwark.Limits // of one file; zero fields take 1 MiB, 64 levels, 200,000 nodes
}

func (o Options) limits() bulwark.Limits {
	l := o.Limits
	if l.Bytes == 0 {
		l.Bytes = 1 << 20
	}
	if l.Depth == 0 {
		l.Depth = 64
	}
	if l.Nodes == 0 {
		l.Nodes = 200_000
	}
	return l
}

// IsDockerfile reports whether a path bears a name that Dockerfiles have:
// Dockerfile, Containerfile, Dockerfile.x, x.Dockerfile, in any case.
func IsDockerfile(name string) bool {
	base := strings.ToLower(path.Base(name))
	switch path.Ext(base) {
	case ".dockerfile", ".containerfile":
		return true
	case ".dockerignore", ".md", ".go", ".py", ".js", ".ts", ".sh", ".txt", ".yaml", ".yml", ".json", ".tmpl", ".j2", ".tpl":
		return false
	}
	return base == "dockerfile" || base == "containerfile" || strings.HasPrefix(base, "dockerfile.") || strings.HasPrefix(base, "containerfile.")
}

// Parse reads one Dockerfile of fsys into one asset, whose id is the file's.
// What cannot be read is a gap; a file without a FROM makes no asset.
func Parse(ctx context.Context, fsys fs.FS, name string, opts Options) ([]*bulwark.Asset, []bulwark.Gap) {
	data, err := readFile(fsys, name, opts.limits().Bytes)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, []bulwark.Gap{{What: "file", Where: name, Why: err.Error(), Position: bulwark.Position{File: name}}}
	}
	return ParseBytes(data, name, opts)
}

// ParseBytes is Parse for a file that was read already.
func ParseBytes(data []byte, name string, opts Options) ([]*bulwark.Asset, []bulwark.Gap) {
	p := &parser{file: name, opts: opts, syms: &symbols{}, bytes: opts.limits().Bytes}
	text := clean(string(data))
	p.read(scan(text))
	if len(p.stages) == 0 {
		p.gap(1, "no FROM instruction, so it builds nothing", "")
		return nil, p.gaps
	}
	id := bulwark.AssetID(bulwark.Code, opts.RepositoryID+"//"+name+"//")
	props, err := p.properties(id, 1+strings.Count(strings.TrimRight(text, "\n"), "\n"))
	if err != nil {
		p.gap(1, err.Error(), "split the file")
		return nil, p.gaps
	}
	return []*bulwark.Asset{{
		ID:         id,
		Type:       TypeID,
		Name:       name,
		Scope:      "code/" + opts.RepositoryID + "/" + name,
		Properties: props,
		Position:   props.Position(),
	}}, p.gaps
}

func readFile(fsys fs.FS, name string, limit int) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	data, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if len(data) > limit {
		return nil, fmt.Errorf("more than %d bytes", limit)
	}
	return data, nil
}
