// Command tally reads what `go test -json` prints and shows what `go test`
// would have: a line a package, the output of failed tests, and, which go test
// hides, the figures that passing tests print (lines with "figure: ") and why
// tests were skipped. It writes "PASSED FAILED SKIPPED" to the file named by
// -counts and exits 1 if anything failed.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
)

// event is one line of test2json's output; fields that are not used are left out.
type event struct {
	Action, Package, Test, Output string
}

// tally is the running count and what is still undecided.
type tally struct {
	out                     io.Writer
	passed, failed, skipped int
	lines                   map[string][]string // output by package + test, until it is decided
	broken                  map[string]bool     // packages in which a test failed
	reasons                 map[string]int      // skip reason → tests
}

func main() {
	counts := flag.String("counts", "", "file to write \"PASSED FAILED SKIPPED\" to")
	flag.Parse()
	t := &tally{out: os.Stdout, lines: map[string][]string{}, broken: map[string]bool{}, reasons: map[string]int{}}
	if err := t.read(os.Stdin); err != nil {
		fmt.Fprintf(os.Stderr, "tally: read test events: %v\n", err)
		os.Exit(2)
	}
	t.printSkips()
	if *counts != "" {
		line := fmt.Sprintf("%d %d %d\n", t.passed, t.failed, t.skipped)
		if err := os.WriteFile(*counts, []byte(line), 0o644); err != nil {
			fmt.Fprintf(os.Stderr, "tally: write counts: %v\n", err)
			os.Exit(2)
		}
	}
	if t.failed > 0 {
		os.Exit(1)
	}
}

// read consumes events until the end of r. A line that is no event (what the go
// command itself says) is passed on as it is.
func (t *tally) read(r io.Reader) error {
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) == nil && e.Action != "" {
				t.add(e)
			} else {
				t.out.Write(line)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (t *tally) add(e event) {
	key := e.Package + "\x00" + e.Test
	switch e.Action {
	case "build-output":
		fmt.Fprint(t.out, e.Output)
	case "output":
		if e.Test == "" {
			t.packageOutput(e)
			return
		}
		t.lines[key] = append(t.lines[key], e.Output)
	case "pass":
		if e.Test != "" {
			t.passed++
			t.printFigures(key)
		}
		delete(t.lines, key)
	case "skip":
		if e.Test != "" {
			t.skipped++
			t.reasons[skipReason(t.lines[key])]++
		}
		delete(t.lines, key)
	case "fail":
		t.fail(e, key)
	}
}

// packageOutput prints what a package says of itself, less go test's own PASS
// and its line about packages without tests.
func (t *tally) packageOutput(e event) {
	if e.Output == "PASS\n" || strings.HasSuffix(e.Output, "[no test files]\n") {
		return
	}
	fmt.Fprint(t.out, e.Output)
}

// fail prints what led to a failure. A package fails with its tests, which are
// already counted, or by itself: it does not build, or ended early.
func (t *tally) fail(e event, key string) {
	if e.Test != "" {
		t.failed++
		t.broken[e.Package] = true
		for _, line := range t.lines[key] {
			fmt.Fprint(t.out, line)
		}
		delete(t.lines, key)
		return
	}
	if t.broken[e.Package] {
		return
	}
	t.failed++
	// What was running when the package ended is printed, since it may tell why.
	prefix := e.Package + "\x00"
	keys := make([]string, 0, len(t.lines))
	for k := range t.lines {
		if strings.HasPrefix(k, prefix) {
			keys = append(keys, k)
		}
	}
	sort.Strings(keys)
	for _, k := range keys {
		fmt.Fprint(t.out, strings.Join(t.lines[k], ""))
	}
}

func (t *tally) printFigures(key string) {
	for _, line := range t.lines[key] {
		if _, figure, ok := strings.Cut(line, "figure: "); ok {
			fmt.Fprintf(t.out, "    %s: %s", strings.Replace(key, "\x00", " ", 1), figure)
		}
	}
}

func (t *tally) printSkips() {
	reasons := make([]string, 0, len(t.reasons))
	for r := range t.reasons {
		reasons = append(reasons, r)
	}
	sort.Strings(reasons)
	for _, r := range reasons {
		fmt.Fprintf(t.out, "skipped %d: %s\n", t.reasons[r], r)
	}
}

// skipReason is the last thing that a skipped test said, without file and line.
func skipReason(lines []string) string {
	for i := len(lines) - 1; i >= 0; i-- {
		line := strings.TrimSpace(lines[i])
		if line == "" || strings.HasPrefix(line, "---") || strings.HasPrefix(line, "===") {
			continue
		}
		if file, rest, ok := strings.Cut(line, ": "); ok && strings.Contains(file, ".go:") {
			return rest
		}
		return line
	}
	return "no reason given"
}
