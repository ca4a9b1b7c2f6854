package check

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/bulwarksec/bulwark"
)

// cpu is the processor time this process has used, in nanoseconds: steadier
// than the clock on a busy machine.
func cpu() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// BenchmarkStates judges 10,000 distinct copies of one Deployment of 3 KB by
// 20 pod-security checks, limits on, evidence off.
func BenchmarkStates10000Deployments20Checks(b *testing.B) {
	checks, types := load(b, "pods.txtar")
	s, problems := Compile(checks, types, Options{})
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	assets := deployment(b, types, 10_000)
	now := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	var states []bulwark.State
	i, n := 0, 0
	b.ReportAllocs()
	start := cpu()
	for b.Loop() {
		states = s.States(states[:0], assets[i], nil, now)
		i = (i + 1) % len(assets)
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "assets/s")
	b.ReportMetric(float64(cpu()-start)/float64(n), "cpu-ns/op")
}

// BenchmarkJudge is the same with queries and evidence.
func BenchmarkJudge1000Deployments20Checks(b *testing.B) {
	checks, types := load(b, "pods.txtar")
	s, problems := Compile(checks, types, Options{})
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	assets := deployment(b, types, 1_000)
	now := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	i, n := 0, 0
	b.ReportAllocs()
	start := cpu()
	for b.Loop() {
		s.Judge(assets[i], nil, now)
		i = (i + 1) % len(assets)
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "assets/s")
	b.ReportMetric(float64(cpu()-start)/float64(n), "cpu-ns/op")
}

// BenchmarkCompile readies 1,500 checks of one group, all at once and as they
// are needed.
func BenchmarkCompile1500Checks(b *testing.B) {
	checks, types := load(b, "pods.txtar")
	var many []*bulwark.Check
	for i := range 75 {
		for _, c := range checks {
			copied := *c
			copied.ID += fmt.Sprint(i)
			many = append(many, &copied)
		}
	}
	for _, lazy := range []bool{false, true} {
		b.Run(fmt.Sprintf("lazy=%v", lazy), func(b *testing.B) {
			for b.Loop() {
				if s, problems := Compile(many, types, Options{Lazy: lazy}); len(problems) > 0 || len(s.Checks()) != 1500 {
					b.Fatal(problems)
				}
			}
		})
	}
}
