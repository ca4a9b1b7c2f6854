package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTally(t *testing.T) {
	tests := []struct {
		name, in, want          string
		passed, failed, skipped int
	}{
		{
			name: "passing_tests_show_only_the_package_and_figures",
			in: `{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: figure: 3 kills, 0 lost\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:2: noise\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"PASS\n"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p"}
`,
			want:   "    p TestA: 3 kills, 0 lost\nok  \tp\t0.1s\n",
			passed: 1,
		},
		{
			name: "failed_test_shows_its_output_and_counts_once",
			in: `{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: got 1, want 2\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}
{"Action":"fail","Package":"p"}
`,
			want:   "    a_test.go:1: got 1, want 2\nFAIL\tp\t0.1s\n",
			failed: 1,
		},
		{
			name: "package_that_does_not_build_is_a_failure",
			in: `{"ImportPath":"p","Action":"build-output","Output":"p/a.go:1: undefined: x\n"}
{"ImportPath":"p","Action":"build-fail"}
{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}
{"Action":"fail","Package":"p","FailedBuild":"p"}
`,
			want:   "p/a.go:1: undefined: x\nFAIL\tp [build failed]\n",
			failed: 1,
		},
		{
			name: "test_that_never_ended_is_shown",
			in: `{"Action":"output","Package":"p","Test":"TestA","Output":"panic: boom\n"}
{"Action":"fail","Package":"p"}
`,
			want:   "panic: boom\n",
			failed: 1,
		},
		{
			name: "skips_are_grouped_by_reason",
			in: `{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: corpora are not there: ../x\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- SKIP: TestA (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestA"}
{"Action":"output","Package":"q","Output":"?   \tq\t[no test files]\n"}
{"Action":"skip","Package":"q"}
`,
			want:    "skipped 1: corpora are not there: ../x\n",
			skipped: 1,
		},
		{
			name: "what_is_no_event_is_passed_on",
			in:   "go: downloading x\n",
			want: "go: downloading x\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			got := &tally{out: &out, lines: map[string][]string{}, broken: map[string]bool{}, reasons: map[string]int{}}
			if err := got.read(strings.NewReader(tt.in)); err != nil {
				t.Fatal(err)
			}
			got.printSkips()
			if diff := cmp.Diff(tt.want, out.String()); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
			if got.passed != tt.passed || got.failed != tt.failed || got.skipped != tt.skipped {
				t.Errorf("counts = %d %d %d, want %d %d %d", got.passed, got.failed, got.skipped, tt.passed, tt.failed, tt.skipped)
			}
		})
	}
}
