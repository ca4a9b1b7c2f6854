// Command quality scores the checks against the labelled corpora of others and
// prints, by area, how many rows some check covers, how many of these it
// agrees with, and the disagreements. It writes build/quality.json.
//
//	go run ./test/quality [-v] [AREA …]
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/pipeline"
)

// area is one corpus and how to score it.
type area struct {
	name  string
	score func(ctx context.Context, b *bench) ([]row, error)
}

// areas are filled by one file each.
var areas []area

func register(name string, score func(context.Context, *bench) ([]row, error)) area {
	a := area{name, score}
	areas = append(areas, a)
	return a
}

// row is one labelled case.
type row struct {
	Key     string // the other tool's id
	Where   string // file and resource, for the list of disagreements
	Covered bool   // some check of ours names Key
	Agreed  bool
	Want    string
	Got     string
}

// bench is what areas share.
type bench struct {
	corpora string
	loaded  *pipeline.Loaded
	now     time.Time
}

// checks returns our checks that name id under the tool's equivalents, by id.
func (b *bench) checks(tool string, match func(id string) bool) []*bulwark.Check {
	var out []*bulwark.Check
	for _, c := range b.loaded.Checks.Checks() {
		if slices.ContainsFunc(c.Equivalents[tool], match) {
			out = append(out, c)
		}
	}
	return out
}

// result is one line of build/quality.json.
type result struct {
	Name    string  `json:"name"`
	Cases   int     `json:"cases"`
	Covered float64 `json:"covered"` // share of the cases
	Agreed  float64 `json:"agreed"`  // share of the covered
}

func main() {
	verbose := flag.Bool("v", false, "list every disagreement")
	flag.Parse()
	if err := run(context.Background(), *verbose, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "quality:", err)
		os.Exit(2)
	}
}

func run(ctx context.Context, verbose bool, only []string) error {
	b := &bench{corpora: os.Getenv("BULWARK_CORPORA"), now: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)}
	if b.corpora == "" {
		b.corpora = "../shared/corpora"
	}
	if _, err := os.Stat(b.corpora); err != nil {
		fmt.Printf("no labelled corpora at %s (set BULWARK_CORPORA); nothing is scored\n", b.corpora)
		return nil
	}
	var problems []bulwark.Problem
	if b.loaded, problems = pipeline.LoadContent(pipeline.ContentOptions{}); len(problems) > 0 {
		return fmt.Errorf("load content: %s", problems[0])
	}
	slices.SortFunc(areas, func(x, y area) int { return strings.Compare(x.name, y.name) })
	fmt.Printf("%-24s %7s %9s %9s %12s\n", "AREA", "CASES", "COVERED", "AGREED", "DISAGREED")
	var results []result
	var bad []string
	for _, a := range areas {
		if len(only) > 0 && !slices.Contains(only, a.name) {
			continue
		}
		rows, err := a.score(ctx, b)
		if err != nil {
			return fmt.Errorf("score %s: %w", a.name, err)
		}
		r, disagreed := summarize(a.name, rows)
		results = append(results, r)
		fmt.Printf("%-24s %7d %8.1f%% %8.1f%% %12d\n", r.Name, r.Cases, 100*r.Covered, 100*r.Agreed, len(disagreed))
		for _, d := range disagreed {
			bad = append(bad, fmt.Sprintf("%s: %s %s: want %s, got %s", a.name, d.Key, d.Where, d.Want, d.Got))
		}
	}
	for i, line := range bad {
		if i == 40 && !verbose {
			fmt.Printf("… and %d more (-v lists all)\n", len(bad)-i)
			break
		}
		fmt.Println(line)
	}
	return writeResults(results)
}

func summarize(name string, rows []row) (result, []row) {
	r := result{Name: name, Cases: len(rows)}
	var covered, agreed int
	var disagreed []row
	for _, x := range rows {
		switch {
		case x.Covered && x.Agreed:
			covered, agreed = covered+1, agreed+1
		case x.Covered:
			covered++
			disagreed = append(disagreed, x)
		}
	}
	if len(rows) > 0 {
		r.Covered = float64(covered) / float64(len(rows))
	}
	if covered > 0 {
		r.Agreed = float64(agreed) / float64(covered)
	}
	return r, disagreed
}

func writeResults(results []result) error {
	data, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll("build", 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join("build", "quality.json"), append(data, '\n'), 0o644)
}

// readIndex reads a corpus's index.jsonl.
func readIndex[T any](b *bench, corpus string) ([]T, error) {
	data, err := os.ReadFile(filepath.Join(b.corpora, corpus, "index.jsonl"))
	if err != nil {
		return nil, err
	}
	var out []T
	for line := range strings.Lines(string(data)) {
		var v T
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// verdict joins the states of several checks on one asset: unhealthy if any
// is, else unknown if any is, else healthy or not applicable.
func verdict(states []bulwark.State) bulwark.State {
	out := bulwark.NotApplicable
	for _, s := range states {
		switch {
		case s == bulwark.Unhealthy:
			return s
		case s == bulwark.Undetermined, out == bulwark.NotApplicable:
			out = s
		}
	}
	return out
}

// agrees compares a label with our verdict: what passes elsewhere must not be
// unhealthy or unknown here.
func agrees(fail bool, got bulwark.State) bool {
	if fail {
		return got == bulwark.Unhealthy
	}
	return got == bulwark.Healthy || got == bulwark.NotApplicable
}
