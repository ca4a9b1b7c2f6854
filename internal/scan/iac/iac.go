// Package iac reads infrastructure code into assets: Terraform roots, plans and
// states, CloudFormation templates, Kubernetes manifests and Dockerfiles. All
// languages yield the types that live providers yield, by the mappings in the
// type files, and every value keeps its file and lines.
//
// Code is hostile input. Files, nesting and expansion are bounded, nothing is
// run, nothing outside the tree is read, and a file that cannot be read is a
// gap that costs no other.
package iac

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/scan/iac/docker"
	"github.com/bulwarksec/bulwark/internal/scan/iac/kube"
	"github.com/bulwarksec/bulwark/internal/scan/iac/tf"
)

// Options say what to scan and as what.
type Options struct {
	FS           fs.FS  // must not lead out of the tree through links: os.Root.FS
	File         string // when set, only this file of FS
	RepositoryID string // begins the ids of assets; stable across machines
	Types        *bulwark.Types
	Connector    string // written on assets
	SecretKey    []byte // of the digests of secret values; nil leaves them empty
	VarFiles     []string
	Now          func() time.Time
}

// Scanner scans one tree.
type Scanner struct {
	opts      Options
	terraform *mapper
	cfn       *mapper
	arm       *mapper
}

// New returns a scanner. An error is a mistake in the type files.
func New(opts Options) (*Scanner, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	terraform, err := newMapper(opts.Types, func(f bulwark.From) []bulwark.Mapping { return f.Terraform })
	if err != nil {
		return nil, err
	}
	cfn, err := newMapper(opts.Types, func(f bulwark.From) []bulwark.Mapping { return f.CloudFormation })
	if err != nil {
		return nil, err
	}
	arm, err := newMapper(opts.Types, func(f bulwark.From) []bulwark.Mapping { return f.ARM })
	if err != nil {
		return nil, err
	}
	return &Scanner{opts, terraform, cfn, arm}, nil
}

const (
	maxFiles = 200_000 // looked at in one tree
	maxSniff = 16 << 20
	maxDepth = 64 // of folders
)

// Gather yields the assets of the tree in order of their files, then the gaps,
// then the listing of the whole.
func (s *Scanner) Gather(ctx context.Context, yield func(bulwark.Gathered) error) error {
	files, gaps, err := s.files(ctx)
	if err != nil {
		return err
	}
	var assets []*bulwark.Asset
	more, moreGaps, err := s.scanTerraform(ctx, files)
	if err != nil {
		return err
	}
	assets, gaps = append(assets, more...), append(gaps, moreGaps...)
	var objects []*bulwark.Asset
	for _, name := range files {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("iac: scan %s: %w", name, err)
		}
		found, kind, fileGaps := s.scanFile(ctx, name)
		gaps = append(gaps, fileGaps...)
		if kind == "kubernetes" {
			objects = append(objects, found...)
		} else {
			assets = append(assets, found...)
		}
	}
	gaps = append(gaps, kube.Link(objects)...)
	assets = append(assets, objects...)
	return s.emit(assets, gaps, yield)
}

func (s *Scanner) emit(assets []*bulwark.Asset, gaps []bulwark.Gap, yield func(bulwark.Gathered) error) error {
	scope := "code/" + s.opts.RepositoryID
	for _, a := range assets {
		a.Connector = s.opts.Connector
		if a.Scope == "" {
			a.Scope = scope
		}
		if err := yield(bulwark.Gathered{Asset: a}); err != nil {
			return err
		}
	}
	for i := range gaps {
		if err := yield(bulwark.Gathered{Gap: &gaps[i]}); err != nil {
			return err
		}
	}
	return yield(bulwark.Gathered{Listing: &bulwark.Listing{Connector: s.opts.Connector, Scope: scope, Complete: true, At: s.opts.Now()}})
}

// files lists the files of the tree that may be infrastructure code, sorted by
// path. Folders that tools fill (.git, .terraform, node_modules) are left out.
func (s *Scanner) files(ctx context.Context) ([]string, []bulwark.Gap, error) {
	if s.opts.File != "" {
		if _, err := fs.Stat(s.opts.FS, s.opts.File); err != nil {
			return nil, nil, fmt.Errorf("iac: open %s: %w", s.opts.File, err)
		}
		return []string{s.opts.File}, nil, nil
	}
	var out []string
	var gaps []bulwark.Gap
	seen := 0
	err := fs.WalkDir(s.opts.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if cerr := ctx.Err(); cerr != nil {
			return cerr
		}
		if err != nil {
			if name == "." {
				return err
			}
			gaps = append(gaps, bulwark.Gap{What: "folder", Where: name, Why: err.Error()})
			return fs.SkipDir
		}
		if d.IsDir() {
			if skippedFolders[d.Name()] || strings.Count(name, "/") > maxDepth {
				return fs.SkipDir
			}
			return nil
		}
		if seen++; seen > maxFiles {
			gaps = append(gaps, bulwark.Gap{What: "tree", Where: ".", Why: fmt.Sprintf("more than %d files; the rest was not looked at", maxFiles)})
			return fs.SkipAll
		}
		if interesting(name) {
			out = append(out, name)
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("iac: read the tree: %w", err)
	}
	slices.Sort(out)
	return out, gaps, nil
}

var skippedFolders = map[string]bool{".git": true, ".terraform": true, "node_modules": true, ".hg": true, ".svn": true, "__pycache__": true}

// interesting reports whether a file's name is one that infrastructure code
// bears.
func interesting(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".tf", ".yaml", ".yml", ".json", ".template", ".tfstate", ".tfplan":
		return true
	}
	return docker.IsDockerfile(name)
}

// scanFile reads a file that stands alone, and says which language it is.
func (s *Scanner) scanFile(ctx context.Context, name string) ([]*bulwark.Asset, string, []bulwark.Gap) {
	ext := strings.ToLower(path.Ext(name))
	switch {
	case ext == ".tf" || strings.HasSuffix(name, ".tf.json"):
		return nil, "terraform", nil
	case docker.IsDockerfile(name):
		assets, gaps := docker.Parse(ctx, s.opts.FS, name, docker.Options{RepositoryID: s.opts.RepositoryID, Types: s.opts.Types})
		return assets, "dockerfile", gaps
	}
	data, err := readFile(s.opts.FS, name, maxSniff)
	if err != nil {
		return nil, "", []bulwark.Gap{{What: "file", Where: name, Why: err.Error(), Position: bulwark.Position{File: name}}}
	}
	switch {
	case (ext == ".json" || ext == ".tfstate" || ext == ".tfplan") && tf.IsPlan(data[:min(len(data), 4096)]):
		assets, gaps := s.scanPlan(ctx, data, name)
		return assets, "terraform", gaps
	case ext == ".json" && isARM(data):
		assets, gaps := s.scanARM(data, name)
		return assets, "arm", gaps
	case isTemplate(data):
		assets, gaps := s.scanTemplate(data, name)
		return assets, "cloudformation", gaps
	case kube.IsManifest(data):
		assets, gaps := kube.ParseBytes(ctx, data, name, kube.Options{RepositoryID: s.opts.RepositoryID, Types: s.opts.Types, SecretKey: s.opts.SecretKey})
		return assets, "kubernetes", gaps
	}
	return nil, "", nil
}

// readFile reads a regular file of at most limit bytes.
func readFile(fsys fs.FS, name string, limit int64) ([]byte, error) {
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
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("more than %d bytes", limit)
	}
	return data, err
}
