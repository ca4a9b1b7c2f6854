// Command bench measures Bulwark against its peers: in one run, on the same
// data, with their answers compared. It prints a table and writes
// build/bench.json:
//
//	[{"name","ours","unit","ratios":{"peer":x}}]
//
// where ours is a measurement in the unit, and a ratio how many times that
// the peer took. Run it from the repository's root: go run ./test/bench.
//
// A job is one file, jobs_<name>.go, that ends in var _ = register(job{…}).
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
)

// row is one measurement and how its peers compare.
type row struct {
	Name   string             `json:"name"`
	Ours   float64            `json:"ours"`
	Unit   string             `json:"unit"`
	Ratios map[string]float64 `json:"ratios"`
}

// job measures one thing. It reports progress to log, and an error when
// answers differ or a peer cannot be run.
type job struct {
	name string
	run  func(log io.Writer) ([]row, error)
}

var jobs []job

func register(j job) struct{} {
	jobs = append(jobs, j)
	return struct{}{}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "-child" {
		if err := runChild(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	only := flag.String("only", "", "run only the jobs of these names, parted by commas")
	out := flag.String("o", filepath.Join("build", "bench.json"), "file to write")
	flag.Parse()
	if err := run(*only, *out); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(only, out string) error {
	slices.SortFunc(jobs, func(a, b job) int { return strings.Compare(a.name, b.name) })
	var rows []row
	for _, j := range jobs {
		if only != "" && !slices.Contains(strings.Split(only, ","), j.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "%s …\n", j.name)
		got, err := j.run(os.Stderr)
		if err != nil {
			return fmt.Errorf("%s: %w", j.name, err)
		}
		rows = append(rows, got...)
		runtime.GC()
	}
	print(rows)
	data, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	return os.WriteFile(out, append(data, '\n'), 0o644)
}

func print(rows []row) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "WHAT\tOURS\tUNIT\tPEERS")
	for _, r := range rows {
		var peers []string
		for _, name := range slices.Sorted(maps.Keys(r.Ratios)) {
			peers = append(peers, fmt.Sprintf("%s ×%.2f", name, r.Ratios[name]))
		}
		fmt.Fprintf(w, "%s\t%.2f\t%s\t%s\n", r.Name, r.Ours, r.Unit, strings.Join(peers, "  "))
	}
	w.Flush()
}

// cpu is the processor time of this process in nanoseconds: on a busy machine
// steadier than the clock. It includes the garbage collector's.
func cpu() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// rounds is how often a measurement is repeated; the least counts.
const rounds = 5

// measure returns the least processor nanoseconds an item of running f, which
// handles n items.
func measure(n int, f func() error) (float64, error) {
	best := 0.0
	for i := range rounds {
		runtime.GC()
		start := cpu()
		if err := f(); err != nil {
			return 0, err
		}
		if t := float64(cpu()-start) / float64(n); i == 0 || t < best {
			best = t
		}
	}
	return best, nil
}

func round(f float64) float64 { return float64(int64(f*1000+0.5)) / 1000 }
