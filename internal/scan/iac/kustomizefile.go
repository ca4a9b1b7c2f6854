package iac

import (
	"context"
	"fmt"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/scan/iac/kustomize"
)

// scanKustomizations builds every kustomization that no other names. What it
// reads for them is not judged a second time as plain manifests; a base is
// judged through its overlays alone.
func (s *Scanner) scanKustomizations(ctx context.Context, files []string, read map[string]bool, out *output) ([]*bulwark.Asset, error) {
	var names []string
	for _, name := range files {
		if kustomize.IsKustomization(name) && !read[name] {
			names = append(names, name)
		}
	}
	tree := kustomize.Read(s.opts.FS, names)
	roots, gaps := tree.Roots()
	out.gaps = append(out.gaps, gaps...)
	var objects []*bulwark.Asset
	for _, root := range roots {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("iac: scan %s: %w", root, err)
		}
		result := tree.Build(ctx, root, kustomize.Options{RepositoryID: s.opts.RepositoryID, Types: s.opts.Types, SecretKey: s.opts.SecretKey})
		for _, name := range result.Files {
			read[name] = true
		}
		s.suppressPlaces(result.Assets)
		objects = append(objects, result.Assets...)
		out.gaps = append(out.gaps, result.Gaps...)
	}
	return objects, nil
}

// suppressPlaces attaches the comments in the files that objects were written
// in, and the annotations of objects.
func (s *Scanner) suppressPlaces(assets []*bulwark.Asset) {
	silenced := map[string]comments{}
	for _, a := range assets {
		name := a.Position.File
		list, ok := silenced[name]
		if !ok {
			if data, err := readFile(s.opts.FS, name); err == nil {
				list = lineSuppressions(data, name, "#")
			}
			silenced[name] = list
		}
		a.Suppressions = append(a.Suppressions, list.within(a.Position)...)
		a.Suppressions = append(a.Suppressions, annotationSuppressions(a.Properties.At("metadata", "annotations"))...)
	}
}
