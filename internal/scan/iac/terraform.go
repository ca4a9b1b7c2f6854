package iac

import (
	"context"
	"fmt"
	"path"
	"slices"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/scan/iac/tf"
)

// scanTerraform evaluates every root folder of the tree, or the one file that
// is scanned alone.
func (s *Scanner) scanTerraform(ctx context.Context, files []string, out *output) error {
	if !slices.ContainsFunc(files, isTerraform) {
		return nil
	}
	var cache tf.Cache
	opts := tf.Options{VarFiles: s.opts.VarFiles, Cache: &cache}
	var roots []string
	if s.opts.File != "" {
		roots, opts.File = []string{path.Dir(files[0])}, path.Base(files[0])
	} else {
		var err error
		if roots, err = tf.FindRoots(ctx, s.opts.FS, ".", tf.Limits{}); err != nil {
			return fmt.Errorf("iac: find Terraform roots: %w", err)
		}
	}
	for _, root := range roots {
		if inSkipped(root) {
			continue
		}
		result, err := tf.Evaluate(ctx, s.opts.FS, root, opts)
		if err != nil {
			if ctx.Err() != nil {
				return fmt.Errorf("iac: %w", err)
			}
			out.gaps = append(out.gaps, fileGap("Terraform root", root, err))
			continue
		}
		if err := out.add(s.fromTerraform(result, root)); err != nil {
			return err
		}
	}
	return nil
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
		res := resource{typ: r.Type, address: r.Address, body: r.Body, pos: r.Pos, partial: r.Partial, maybe: r.Conditional}
		if r.Provider != nil {
			res.scope = r.Provider.Scope
		}
		resources = append(resources, res)
	}
	a := newAssembler(s.terraform())
	a.assemble(resources)
	silenced := terraformComments(result)
	assets, gaps := s.finish(a, root, func(d bulwark.Declaration) []bulwark.Suppression {
		return silenced[d.Position.File].within(d.Position)
	})
	return assets, append(slices.Clone(result.Gaps), gaps...)
}

// terraformComments are the comments of each file that silence checks. One that
// stands in a resource says nothing about the next.
func terraformComments(result *tf.Result) map[string]comments {
	out := map[string]comments{}
	for _, c := range result.Comments {
		for _, s := range parseSuppressions(c.Text, bulwark.Position{File: c.File, Line: c.Line, EndLine: c.Line}) {
			out[c.File] = append(out[c.File], comment{s, true})
		}
	}
	for _, list := range out {
		list.sort()
	}
	for _, r := range result.Resources {
		list := out[r.Pos.File]
		i, _ := slices.BinarySearchFunc(list, r.Pos.Line, func(c comment, line int) int { return c.Position.Line - line })
		for ; i < len(list) && list[i].Position.Line <= r.Pos.EndLine; i++ {
			list[i].alone = false
		}
	}
	return out
}
