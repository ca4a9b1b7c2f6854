package check

import (
	"testing"
	"time"

	"github.com/bulwarksec/bulwark"
)

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
	for b.Loop() {
		states = s.States(states[:0], assets[i], nil, now)
		i = (i + 1) % len(assets)
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "assets/s")
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
	for b.Loop() {
		s.Judge(assets[i], nil, now)
		i = (i + 1) % len(assets)
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "assets/s")
}
