package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing/fstest"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/scan/iac"
	"github.com/bulwarksec/bulwark/internal/yamldoc"
)

var _ = register("cloudformation-rules", scoreCloudFormationRules)

// scoreCloudFormationRules judges the template of each case, the idx-th of its
// test file, and compares by rule name.
func scoreCloudFormationRules(ctx context.Context, b *bench) ([]row, error) {
	type labelled struct {
		Case, Label, Path, Rule string
		Idx                     int
	}
	index, err := readIndex[labelled](b, "cloudformation-rules")
	if err != nil {
		return nil, err
	}
	files := map[string][]bulwark.Value{}
	var rows []row
	for _, l := range index {
		checks := b.checks("awsconfig", func(id string) bool { return normalRule(id) == normalRule(l.Rule) })
		r := row{Key: l.Rule, Where: fmt.Sprintf("%s case %d (%s)", l.Path, l.Idx, l.Case), Covered: len(checks) > 0, Want: strings.ToLower(l.Label)}
		if r.Covered {
			cases, ok := files[l.Path]
			if !ok {
				if cases, err = readCases(filepath.Join(b.corpora, "cloudformation-rules", l.Path)); err != nil {
					return nil, err
				}
				files[l.Path] = cases
			}
			if l.Idx >= len(cases) {
				return nil, fmt.Errorf("%s has no case %d", l.Path, l.Idx)
			}
			template := bulwark.AppendJSON(nil, cases[l.Idx].Get("input"))
			assets, err := b.gather(ctx, iac.Options{FS: fstest.MapFS{"template.json": {Data: template}}})
			if err != nil {
				return nil, err
			}
			state, _ := judgeNamed(b, assets, checks, func(*bulwark.Asset) bool { return true })
			r.Got = state.String()
			r.Agreed = agrees(l.Label == "FAIL", state)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func normalRule(s string) string { return strings.ReplaceAll(strings.ToLower(s), "_", "-") }

// readCases reads the list of cases that a test file holds.
func readCases(file string) ([]bulwark.Value, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	docs, err := yamldoc.Decode(data, yamldoc.Options{Tag: func(tag string) string {
		switch name := strings.TrimPrefix(tag, "!"); name {
		case "Ref", "Condition":
			return name
		default:
			return "Fn::" + name
		}
	}})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var cases []bulwark.Value
	for _, d := range docs {
		for _, c := range d.Children() {
			cases = append(cases, c)
		}
	}
	return cases, nil
}
