package main

import (
	"context"
	"os"
	"path"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	"github.com/bulwarksec/bulwark/internal/scan/iac/kube"
)

var _ = register("kubernetes-policies", scoreKubernetesPolicies)

// scoreKubernetesPolicies judges the objects of each policy's own test and
// compares by policy and rule. Files lie relative to the folder of path.
func scoreKubernetesPolicies(ctx context.Context, b *bench) ([]row, error) {
	type labelled struct {
		Policy, Rule, Resource, Label, Path string
		Rkind                               string
		Files                               []string `json:"resource_files"`
	}
	index, err := readIndex[labelled](b, "kubernetes-policies")
	if err != nil {
		return nil, err
	}
	fsys := os.DirFS(path.Join(b.corpora, "kubernetes-policies"))
	var rows []row
	for _, l := range index {
		checks := b.checks("kyverno", func(id string) bool { return id == l.Policy || id == l.Policy+"/"+l.Rule })
		r := row{Key: l.Policy + "/" + l.Rule, Where: l.Path + " " + l.Rkind + "/" + l.Resource, Covered: len(checks) > 0, Want: l.Label}
		if r.Covered {
			var assets []*bulwark.Asset
			for _, file := range l.Files {
				more, _ := kube.Parse(ctx, fsys, path.Join(path.Dir(l.Path), file), kube.Options{Types: b.loaded.Content.Types})
				assets = append(assets, more...)
			}
			kube.Link(assets)
			state, found := judgeNamed(b, assets, checks, func(a *bulwark.Asset) bool {
				return a.Name == path.Base(l.Resource) && (l.Rkind == "" || path.Base(a.Type) == l.Rkind)
			})
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

// judgeNamed judges the assets that match and joins the answers of checks.
func judgeNamed(b *bench, assets []*bulwark.Asset, checks []*bulwark.Check, match func(*bulwark.Asset) bool) (bulwark.State, bool) {
	return judgeStates(b, assets, checks, match, func(as bulwark.Assessment) bulwark.State { return as.State })
}

// judgeStates is judgeNamed where an assessment counts as the state that it is
// given.
func judgeStates(b *bench, assets []*bulwark.Asset, checks []*bulwark.Check, match func(*bulwark.Asset) bool, state func(bulwark.Assessment) bulwark.State) (bulwark.State, bool) {
	wanted := map[string]bool{}
	for _, c := range checks {
		wanted[c.ID] = true
	}
	world := pipeline.NewWorld(assets)
	var states []bulwark.State
	found := false
	for _, a := range assets {
		if !match(a) {
			continue
		}
		found = true
		for _, as := range b.loaded.Checks.Judge(a, world, b.now) {
			if wanted[as.Check] {
				states = append(states, state(as))
			}
		}
	}
	return verdict(states), found
}
