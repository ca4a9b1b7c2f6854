package main

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing/fstest"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/scan/iac"
)

var (
	_ = register("iac-resources", scoreIaCResources)
	_ = register("iac-snippets", scoreIaCSnippets)
)

// gather scans a tree as code.
func (b *bench) gather(ctx context.Context, opts iac.Options) ([]*bulwark.Asset, error) {
	opts.RepositoryID, opts.Types = "q", b.loaded.Content.Types
	s, err := iac.New(opts)
	if err != nil {
		return nil, err
	}
	var assets []*bulwark.Asset
	err = s.Gather(ctx, func(g bulwark.Gathered) error {
		if g.Asset != nil {
			assets = append(assets, g.Asset)
		}
		return nil
	})
	return assets, err
}

// scoreIaCResources compares by resource address. A label may name a block that
// is folded into an asset with others of its kind, such as one rule of a
// firewall: of a faulty asset, such a block is faulty only where the evidence
// lies in its lines or in those of no other block than the asset's own.
func scoreIaCResources(ctx context.Context, b *bench) ([]row, error) {
	type labelled struct{ Check, Kind, Label, Path, Provider, Resource string }
	index, err := readIndex[labelled](b, "iac-resources")
	if err != nil {
		return nil, err
	}
	scanned := map[string][]*bulwark.Asset{}
	var rows []row
	for _, l := range index {
		checks := b.checks("checkov", func(id string) bool { return id == l.Check })
		r := row{Key: l.Check, Where: l.Path + " " + l.Resource, Covered: len(checks) > 0, Want: l.Label}
		if r.Covered {
			assets, ok := scanned[l.Path]
			if !ok {
				root, err := os.OpenRoot(filepath.Join(b.corpora, "iac-resources", l.Path))
				if err != nil {
					return nil, err
				}
				if assets, err = b.gather(ctx, iac.Options{FS: root.FS()}); err != nil {
					return nil, err
				}
				scanned[l.Path] = assets
			}
			state, found := judgeResource(b, assets, checks, l.Kind, l.Resource)
			r.Got = state.String()
			if !found {
				r.Got = "no such resource"
			}
			r.Agreed = found && agrees(l.Label == "fail", state)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// judgeResource joins the answers of checks about the asset, or the block of
// one, that a label names, and reports whether there is one.
func judgeResource(b *bench, assets []*bulwark.Asset, checks []*bulwark.Check, kind, address string) (bulwark.State, bool) {
	named := map[string]*bulwark.Asset{}
	for _, a := range assets {
		if isResource(a, kind, address) {
			named[a.ID] = a
		}
	}
	return judgeStates(b, assets, checks, func(a *bulwark.Asset) bool { return named[a.ID] != nil }, func(as bulwark.Assessment) bulwark.State {
		if as.State == bulwark.Unhealthy && !concerns(as, named[as.Asset], address) {
			return bulwark.Healthy
		}
		return as.State
	})
}

// concerns reports whether an asset's fault is one of the block at an address.
func concerns(as bulwark.Assessment, a *bulwark.Asset, address string) bool {
	at := slices.IndexFunc(a.Declarations, func(d bulwark.Declaration) bool { return d.Address == address })
	if at <= 0 { // the asset's own block, or not told apart
		return true
	}
	kind, _, _ := strings.Cut(address, ".")
	alike := 0
	for _, d := range a.Declarations {
		if strings.HasPrefix(d.Address, kind+".") {
			alike++
		}
	}
	if alike < 2 { // one of its kind, such as a bucket's policy: it stands for the asset
		return true
	}
	elsewhere := false
	for _, e := range as.Evidence {
		for i, d := range a.Declarations {
			if e.Position.File != d.Position.File || e.Position.Line < d.Position.Line || e.Position.Line > d.Position.EndLine {
				continue
			}
			if i == at {
				return true
			}
			elsewhere = elsewhere || i > 0
		}
	}
	return !elsewhere
}

// isResource reports whether an asset is the resource that a label names.
func isResource(a *bulwark.Asset, kind, address string) bool {
	switch kind {
	case "dockerfile": // /<file path>.<instruction>
		file := strings.TrimPrefix(address[:max(strings.LastIndexByte(address, '.'), 0)], "/")
		return a.Type == "docker/Dockerfile" && a.Position.File == file
	case "kubernetes": // Kind.namespace.name
		parts := strings.SplitN(address, ".", 3)
		return len(parts) == 3 && path.Base(a.Type) == parts[0] && a.Name == parts[2]
	}
	return slices.ContainsFunc(a.Declarations, func(d bulwark.Declaration) bool {
		return d.Address == address || a.Type+"."+d.Address == address
	})
}

// scoreIaCSnippets judges each text as a whole.
func scoreIaCSnippets(ctx context.Context, b *bench) ([]row, error) {
	type labelled struct{ Check, Kind, Label, Provider, Text string }
	index, err := readIndex[labelled](b, "iac-snippets")
	if err != nil {
		return nil, err
	}
	names := map[string]string{"terraform": "main.tf", "cloudformation": "template.yaml", "kubernetes": "manifest.yaml", "dockerfile": "Dockerfile"}
	var rows []row
	for i, l := range index {
		checks := b.checks("trivy", func(id string) bool { return id == l.Check })
		r := row{Key: l.Check, Where: fmt.Sprintf("row %d (%s)", i+1, l.Kind), Covered: len(checks) > 0, Want: l.Label}
		if r.Covered {
			assets, err := b.gather(ctx, iac.Options{FS: fstest.MapFS{names[l.Kind]: {Data: []byte(l.Text)}}})
			if err != nil {
				return nil, err
			}
			state, _ := judgeNamed(b, assets, checks, func(*bulwark.Asset) bool { return true })
			r.Got = state.String()
			r.Agreed = agrees(l.Label == "fail", state)
		}
		rows = append(rows, r)
	}
	return rows, nil
}
