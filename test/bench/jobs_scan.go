package main

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/hashicorp/hcl/v2/hclparse"
)

// A Terraform tree of 50,000 lines, scanned, judged by all checks and reported
// as JSON by the program itself: its own processor time and memory. Its peer is
// the parser alone, which every reader of Terraform has to run.
var (
	_ = register(job{name: "scan", run: benchScan})
	_ = child("hcl", parseTree)
)

const scanLines = 50_000

func benchScan(log io.Writer) ([]row, error) {
	dir, err := os.MkdirTemp("", "bulwark-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	tree, report := filepath.Join(dir, "tree"), filepath.Join(dir, "report.json")
	lines, err := writeTerraform(tree, scanLines)
	if err != nil {
		return nil, err
	}
	bin, err := product()
	if err != nil {
		return nil, err
	}
	var best usage
	for i := range 2 {
		u, err := runProcess(exec.Command(bin, "scan", "iac", tree, "-o", "json", "--out", report, "--fail-on", "none", "-q"))
		if err != nil {
			return nil, err
		}
		if i == 0 || u.CPU < best.CPU {
			best = u
		}
	}
	counts, err := countReport(report)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(log, "  %d lines: %s; %s\n", lines, counts, best)
	var files int
	parse, err := inChild(log, &files, "hcl", tree)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(log, "  hcl alone: %d files; %s\n", files, parse)
	return []row{
		{"scan and judge 50,000 lines of Terraform", round(best.CPU.Seconds()), "s CPU", map[string]float64{"hcl, parsing alone": round(parse.CPU.Seconds() / best.CPU.Seconds())}},
		{"scan and judge 50,000 lines of Terraform, clock", round(best.Wall.Seconds()), "s", nil},
		{"memory of that scan", round(float64(best.RSSBytes) / (1 << 20)), "MB", map[string]float64{"hcl, parsing alone": round(float64(parse.RSSBytes) / float64(best.RSSBytes))}},
	}, nil
}

// countReport describes a report, and refuses one that lacks what the tree has.
func countReport(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var r struct{ Assets, Assessments, Findings, Gaps []struct{} }
	if err := json.NewDecoder(f).Decode(&r); err != nil {
		return "", fmt.Errorf("report: %w", err)
	}
	if len(r.Assets) < scanLines/20 || len(r.Findings) == 0 {
		return "", fmt.Errorf("report: only %d assets and %d findings", len(r.Assets), len(r.Findings))
	}
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d assets, %d assessments, %d findings, %d gaps, %d MB of JSON", len(r.Assets), len(r.Assessments), len(r.Findings), len(r.Gaps), info.Size()>>20), nil
}

// parseTree parses all Terraform below a folder and returns how many files.
func parseTree(args []string) (any, error) {
	p := hclparse.NewParser()
	files := 0
	err := filepath.WalkDir(args[0], func(name string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".tf" {
			return err
		}
		files++
		if _, diags := p.ParseHCLFile(name); diags.HasErrors() {
			return diags
		}
		return nil
	})
	return files, err
}

// The program with 1,500 checks: the product's own, and so many of a user's,
// which are compiled at once, that it is as many together.
var _ = register(job{name: "start", run: benchStart})

const startChecks = 1500

func benchStart(log io.Writer) ([]row, error) {
	dir, err := os.MkdirTemp("", "bulwark-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	custom := filepath.Join(dir, "content")
	own, err := fillChecks(custom, startChecks)
	if err != nil {
		return nil, err
	}
	bin, err := product()
	if err != nil {
		return nil, err
	}
	type start struct {
		ready, used time.Duration
		rss         int64
	}
	best := map[bool]start{}
	for _, many := range []bool{false, true} {
		for i := range 5 {
			data := filepath.Join(dir, strconv.FormatBool(many)+strconv.Itoa(i))
			args := []string{"serve", "--data", data, "--listen", "127.0.0.1:0"}
			if many {
				args = append(args, "--content", custom)
			}
			s, err := startServer(bin, args...)
			if err != nil {
				return nil, err
			}
			rss, err := s.end()
			if err != nil {
				return nil, err
			}
			b := best[many]
			if i == 0 {
				b = start{s.ready, s.used, rss}
			}
			best[many] = start{min(b.ready, s.ready), min(b.used, s.used), max(b.rss, rss)}
		}
	}
	for _, many := range []bool{false, true} {
		b := best[many]
		fmt.Fprintf(log, "  %d checks, %d of a user: ready in %v, %v of processors, %d MB\n", map[bool]int{false: own, true: startChecks}[many], map[bool]int{true: startChecks - own}[many], b.ready.Round(time.Millisecond), b.used, b.rss>>20)
	}
	return []row{
		{"start until ready", round(best[false].ready.Seconds()), "s", nil},
		{"start until ready with 1,500 checks", round(best[true].ready.Seconds()), "s", nil},
		{"the same, processors", round(best[true].used.Seconds()), "s CPU", nil},
	}, nil
}
