package iac

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/scan/iac/tf"
)

// scanTerraform evaluates every root folder of the tree.
func (s *Scanner) scanTerraform(ctx context.Context, files []string) ([]*bulwark.Asset, []bulwark.Gap, error) {
	if !slices.ContainsFunc(files, func(f string) bool { return strings.HasSuffix(f, ".tf") || strings.HasSuffix(f, ".tf.json") }) {
		return nil, nil, nil
	}
	roots := []string{path.Dir(files[0])}
	if s.opts.File == "" {
		var err error
		if roots, err = tf.FindRoots(ctx, s.opts.FS, ".", tf.Limits{}); err != nil {
			return nil, nil, fmt.Errorf("iac: find Terraform roots: %w", err)
		}
	}
	var assets []*bulwark.Asset
	var gaps []bulwark.Gap
	for _, root := range roots {
		result, err := tf.Evaluate(ctx, s.opts.FS, root, tf.Options{VarFiles: s.opts.VarFiles})
		if err != nil {
			if ctx.Err() != nil {
				return nil, nil, err
			}
			gaps = append(gaps, bulwark.Gap{What: "Terraform root", Where: root, Why: err.Error()})
			continue
		}
		more, moreGaps := s.fromTerraform(result, root)
		assets, gaps = append(assets, more...), append(gaps, moreGaps...)
	}
	return assets, gaps, nil
}

// scanPlan reads a plan or state.
func (s *Scanner) scanPlan(ctx context.Context, data []byte, name string) ([]*bulwark.Asset, []bulwark.Gap) {
	result, err := tf.ReadPlan(ctx, data, name, tf.Limits{})
	if err != nil {
		return nil, []bulwark.Gap{{What: "Terraform plan or state", Where: name, Why: err.Error(), Position: bulwark.Position{File: name}}}
	}
	return s.fromTerraform(result, name)
}

// fromTerraform maps what one root describes to assets.
func (s *Scanner) fromTerraform(result *tf.Result, root string) ([]*bulwark.Asset, []bulwark.Gap) {
	var resources []resource
	for _, r := range result.Resources {
		if r.Mode != tf.Managed {
			continue
		}
		res := resource{typ: r.Type, address: r.Address, body: r.Body, pos: r.Pos, partial: r.Partial}
		if r.Provider != nil {
			res.scope = r.Provider.Scope
		}
		resources = append(resources, res)
	}
	a := newAssembler(s.terraform)
	a.assemble(resources)
	comments := map[string][]tf.Comment{}
	for _, c := range result.Comments {
		comments[c.File] = append(comments[c.File], c)
	}
	assets, gaps := s.finish(a, root, func(d bulwark.Declaration) []bulwark.Suppression {
		var out []bulwark.Suppression
		for _, c := range comments[d.Position.File] {
			// a comment counts for the resource that it stands in or right above
			if c.Line >= d.Position.Line-1 && c.Line <= d.Position.EndLine {
				out = append(out, parseSuppressions(c.Text, bulwark.Position{File: c.File, Line: c.Line, EndLine: c.Line})...)
			}
		}
		return out
	})
	return assets, append(slices.Clone(result.Gaps), gaps...)
}

// finish turns the entries of a root into assets.
func (s *Scanner) finish(a *assembler, root string, suppressions func(bulwark.Declaration) []bulwark.Suppression) ([]*bulwark.Asset, []bulwark.Gap) {
	ids := map[*entry]string{}
	count := map[string]int{}
	for _, e := range a.entries {
		address := e.address
		if count[address]++; count[address] > 1 {
			address = fmt.Sprintf("%s#%d", address, count[address])
			a.gaps = append(a.gaps, bulwark.Gap{What: "declaration", Where: e.pos.String(), Position: e.pos, Why: e.address + " is declared more than once; each is judged"})
		}
		ids[e] = bulwark.AssetID(bulwark.Code, s.opts.RepositoryID+"//"+root+"//"+address)
	}
	scope := "code/" + s.opts.RepositoryID
	if root != "." {
		scope += "/" + root
	}
	var out []*bulwark.Asset
	gaps := a.gaps
	for _, e := range a.entries {
		id := ids[e]
		v, err := toValue(e.tree, valueOptions{names: s.opts.Types.Names(), asset: id, typ: e.typ, key: s.opts.SecretKey})
		if err != nil {
			gaps = append(gaps, bulwark.Gap{What: "resource", Where: e.pos.String() + " " + e.address, Why: err.Error(), Position: e.pos})
			continue
		}
		asset := &bulwark.Asset{ID: id, Type: e.typ.ID, Name: e.name, Scope: scope, Properties: v, Position: e.pos, Declarations: e.decls}
		asset.Relations = a.relations(e, func(to *entry) string { return ids[to] })
		for _, d := range e.decls {
			asset.Suppressions = append(asset.Suppressions, suppressions(d)...)
		}
		out = append(out, asset)
	}
	return out, gaps
}
