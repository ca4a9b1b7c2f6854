// Package iac reads infrastructure code into assets: Terraform roots, plans and
// states, CloudFormation and ARM templates, Bicep files, Kubernetes manifests,
// Helm charts,
// kustomizations and Dockerfiles. All languages yield the types that live providers yield, by the
// mappings in the type files, and every value keeps its file and lines.
//
// Code is hostile input. Files, nesting and expansion are bounded, nothing is
// run, nothing outside the tree is read, and a file that cannot be read is a
// gap that costs no other.
package iac

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/expr"
	"github.com/bulwarksec/bulwark/internal/scan/iac/docker"
	"github.com/bulwarksec/bulwark/internal/scan/iac/helm"
	"github.com/bulwarksec/bulwark/internal/scan/iac/kube"
	"github.com/bulwarksec/bulwark/internal/scan/iac/kustomize"
)

// Options say what to scan and as what.
type Options struct {
	FS           fs.FS  // must not lead out of the tree through links: os.Root.FS
	File         string // when set, only this file of FS
	RepositoryID string // begins the ids of assets; stable across machines
	Types        *bulwark.Types
	Connector    string   // written on assets
	SecretKey    []byte   // of the digests of secret values; nil leaves them empty
	VarFiles     []string // of Terraform variable values
	HelmValues   []string // files of values that override those of the charts
	Now          func() time.Time
}

// Scanner scans one tree. It is safe for concurrent use.
type Scanner struct {
	opts      Options
	terraform func() *mapper
	cfn       func() *mapper
	arm       func() *mapper
}

// New returns a scanner. Mappings are indexed and their expressions compiled
// when a file first needs them; one that does not compile is a gap then, and
// Lint tells all beforehand.
func New(opts Options) (*Scanner, error) {
	if opts.FS == nil || opts.Types == nil {
		return nil, fmt.Errorf("iac: new scanner: %w: neither the tree nor the types may be missing", bulwark.ErrInvalid)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	index := sync.OnceValue(func() *typeIndex { return newTypeIndex(opts.Types) })
	env := sync.OnceValues(func() (*expr.Env, error) { return expr.New(opts.Types) })
	language := func(of func(bulwark.From) []bulwark.Mapping) func() *mapper {
		return sync.OnceValue(func() *mapper { return newMapper(index(), env, of) })
	}
	return &Scanner{
		opts: opts,
		terraform: sync.OnceValue(func() *mapper {
			m := newMapper(index(), env, terraformMappings)
			m.emptyUnset = true
			return m
		}),
		cfn: language(cloudFormationMappings),
		arm: language(armMappings),
	}, nil
}

func terraformMappings(f bulwark.From) []bulwark.Mapping      { return f.Terraform }
func cloudFormationMappings(f bulwark.From) []bulwark.Mapping { return f.CloudFormation }
func armMappings(f bulwark.From) []bulwark.Mapping            { return f.ARM }

// Lint compiles the expressions of all mappings and returns what is wrong with
// them, in the order of types.
func Lint(types *bulwark.Types) []bulwark.Problem {
	index := newTypeIndex(types)
	env := sync.OnceValues(func() (*expr.Env, error) { return expr.New(types) })
	var out []bulwark.Problem
	for _, of := range []func(bulwark.From) []bulwark.Mapping{terraformMappings, cloudFormationMappings, armMappings} {
		m := newMapper(index, env, of)
		for _, tg := range m.all {
			out = append(out, m.ready(tg)...)
		}
	}
	slices.SortStableFunc(out, func(a, b bulwark.Problem) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		return a.Line - b.Line
	})
	return slices.Compact(out)
}

// Gather yields the assets of the tree as it finds them, in the order of roots
// and files and Kubernetes objects last, then the gaps, then the listing of the
// whole, which is complete when every file could be read. The error is of ctx,
// of the tree's root or of yield.
func (s *Scanner) Gather(ctx context.Context, yield func(bulwark.Gathered) error) error {
	files, gaps, err := s.files(ctx)
	if err != nil {
		return err
	}
	out := &output{s: s, yield: yield, gaps: gaps}
	if err := s.scanTerraform(ctx, files, out); err != nil {
		return err
	}
	if err := s.scanBicep(ctx, files, out); err != nil {
		return err
	}
	read := map[string]bool{} // files that are judged through a chart or kustomization
	objects, err := s.scanCharts(ctx, files, read, out)
	if err != nil {
		return err
	}
	built, err := s.scanKustomizations(ctx, files, read, out)
	if err != nil {
		return err
	}
	objects = append(objects, built...)
	configured := map[string]bool{} // folders with Terraform configuration
	for _, name := range files {
		if isTerraform(name) {
			configured[path.Dir(name)] = true
		}
	}
	for _, name := range files {
		if read[name] {
			continue
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("iac: scan %s: %w", name, err)
		}
		found, language, fileGaps := s.scanFile(ctx, name, configured[path.Dir(name)])
		if language == kubernetes { // related to each other when all are there
			objects, found = append(objects, found...), nil
		}
		if err := out.add(found, fileGaps); err != nil {
			return err
		}
	}
	linkGaps := kube.Link(objects)
	if err := out.add(objects, linkGaps); err != nil {
		return err
	}
	return out.end()
}

// output yields assets at once and keeps the gaps for the end.
type output struct {
	s     *Scanner
	yield func(bulwark.Gathered) error
	gaps  []bulwark.Gap
}

func (o *output) add(assets []*bulwark.Asset, gaps []bulwark.Gap) error {
	o.gaps = append(o.gaps, gaps...)
	for _, a := range assets {
		a.Connector = o.s.opts.Connector
		if a.Scope == "" {
			a.Scope = "code/" + o.s.opts.RepositoryID
		}
		if err := o.yield(bulwark.Gathered{Asset: a}); err != nil {
			return err
		}
	}
	return nil
}

// unread are the kinds of gap for which assets may be missing.
var unread = map[string]bool{
	"file": true, "folder": true, "tree": true, "manifest": true, "dockerfile": true, "Terraform root": true,
	"CloudFormation template": true, "ARM template": true, "Bicep file": true, "Terraform plan or state": true,
	helm.GapChart: true, helm.GapTemplate: true, helm.GapDependency: true,
	kustomize.Gap: true,
}

// end yields the gaps, each once, and the listing.
func (o *output) end() error {
	listing := &bulwark.Listing{Connector: o.s.opts.Connector, Scope: "code/" + o.s.opts.RepositoryID, Whole: true, Complete: true, At: o.s.opts.Now()}
	type key struct{ what, where, why string }
	seen := map[key]bool{} // a module that several roots call has the same gap in each
	for i, g := range o.gaps {
		k := key{g.What, g.Where, g.Why}
		if seen[k] {
			continue
		}
		seen[k] = true
		if unread[g.What] && listing.Complete {
			listing.Complete, listing.Gap = false, &o.gaps[i]
		}
		if err := o.yield(bulwark.Gathered{Gap: &o.gaps[i]}); err != nil {
			return err
		}
	}
	return o.yield(bulwark.Gathered{Listing: listing})
}

// The languages of files that stand alone.
const (
	terraform      = "terraform"
	cloudFormation = "cloudformation"
	azure          = "arm"
	kubernetes     = "kubernetes"
	dockerfile     = "dockerfile"
)

// scanFile reads a file that stands alone, and says which language it is.
// beside tells that Terraform configuration stands in its folder.
func (s *Scanner) scanFile(ctx context.Context, name string, beside bool) ([]*bulwark.Asset, string, []bulwark.Gap) {
	ext := strings.ToLower(path.Ext(name))
	switch {
	case isTerraform(name):
		return nil, terraform, nil
	case ext == ".bicep":
		return nil, azure, nil
	case docker.IsDockerfile(name):
		assets, gaps := docker.Parse(ctx, s.opts.FS, name, docker.Options{RepositoryID: s.opts.RepositoryID, Types: s.opts.Types})
		s.suppressLines(assets, name, nil)
		return assets, dockerfile, gaps
	}
	if ext == ".tgz" && !s.isPackagedChart(name) {
		return nil, "", nil
	}
	data, err := readFile(s.opts.FS, name)
	if err != nil {
		return nil, "", []bulwark.Gap{fileGap("file", name, err)}
	}
	switch {
	case ext == ".tgz":
		assets, gaps := s.scanArchive(ctx, data, name)
		return assets, kubernetes, gaps
	case ext == ".tfplan" && strings.HasPrefix(string(data[:min(len(data), 4)]), "PK\x03\x04"):
		return nil, terraform, []bulwark.Gap{{What: "Terraform plan or state", Where: name, Why: "a plan in Terraform's own form is not read",
			Needs: "scan the output of terraform show -json", Position: bulwark.Position{File: name}}}
	case mayBePlan(name, data[:min(len(data), 4096)]):
		if beside {
			return nil, terraform, []bulwark.Gap{{What: "plan beside configuration", Where: name, Why: "the configuration in its folder is judged instead",
				Needs: "scan the file alone to judge it", Position: bulwark.Position{File: name}}}
		}
		assets, gaps := s.scanPlan(ctx, data, name)
		return assets, terraform, gaps
	case ext == ".json" && isARM(data):
		assets, gaps := s.scanARM(ctx, data, name)
		return assets, azure, gaps
	case isTemplate(data):
		assets, gaps := s.scanTemplate(ctx, data, name)
		return assets, cloudFormation, gaps
	case kube.IsManifest(data):
		assets, gaps := kube.Parse(ctx, s.opts.FS, name, kube.Options{RepositoryID: s.opts.RepositoryID, Types: s.opts.Types, SecretKey: s.opts.SecretKey})
		s.suppressLines(assets, name, data)
		return assets, kubernetes, gaps
	}
	return nil, "", nil
}

func fileGap(what, name string, err error) bulwark.Gap {
	why := err.Error()
	var pe *fs.PathError
	if errors.As(err, &pe) { // the name is in Where
		why = pe.Err.Error()
	}
	return bulwark.Gap{What: what, Where: name, Why: why, Position: bulwark.Position{File: name}}
}
