package pipeline

import (
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/check"
	"github.com/bulwarksec/bulwark/internal/pipeline/fleet"
	"github.com/bulwarksec/bulwark/internal/store"
)

func cpu() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkCollect decodes, stores and judges a fleet by the product's own
// content: the first time, again unchanged, and with 1 % changed. Its size is
// BULWARK_BENCH_ASSETS or 10,000, its store BULWARK_BENCH_STORE or a SQLite
// file. Processor time is this process's alone.
func BenchmarkCollect(b *testing.B) {
	n := 10_000
	if v, err := strconv.Atoi(os.Getenv("BULWARK_BENCH_ASSETS")); err == nil {
		n = v
	}
	for _, some := range []int{30, 0} {
		b.Run(map[int]string{30: "thirty_checks", 0: "all_checks"}[some], func(b *testing.B) { benchCollect(b, n, benchContent(b, some)) })
	}
}

// benchContent is the product's content, or of it some checks of Deployments
// of which three fail on a typical one.
func benchContent(b *testing.B, some int) *Loaded {
	l, problems := LoadContent(ContentOptions{})
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	if some == 0 {
		return l
	}
	sample, err := (&fleet.Fleet{Names: l.Content.Types.Names(), Docs: fleet.Docs()}).Asset(0)
	if err != nil {
		b.Fatal(err)
	}
	var chosen []*bulwark.Check
	bad := 0
	for _, a := range l.Checks.Judge(sample, NewWorld(nil), time.Now()) {
		if a.State == bulwark.Unhealthy || a.State == bulwark.Undetermined {
			if bad++; bad > 3 {
				continue
			}
		}
		if len(chosen) < some-max(0, 3-bad) {
			chosen = append(chosen, l.Check(a.Check))
		}
	}
	set, problems := check.Compile(chosen, l.Content.Types, check.Options{})
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	out := &Loaded{Content: l.Content, Checks: set, byID: map[string]*bulwark.Check{}}
	for _, c := range set.Checks() {
		out.byID[c.ID] = c
	}
	return out
}

func benchCollect(b *testing.B, n int, l *Loaded) {
	checks := len(l.Checks.For("apps/v1/Deployment"))
	for b.Loop() {
		file := tempFile(b)
		address := os.Getenv("BULWARK_BENCH_STORE")
		if address == "" {
			address = file
		}
		st, err := store.Open(b.Context(), address, store.Options{})
		if err != nil {
			b.Fatal(err)
		}
		e := NewEngine(st, l, time.Now, testLog(b))
		f := &fleet.Fleet{Names: l.Content.Types.Names(), Docs: fleet.Docs(), N: n}
		e.Add(Source{ID: "fleet", Gatherer: f})
		for _, step := range []struct {
			name   string
			change int
		}{{"first", 0}, {"unchanged", 0}, {"1percent", 1}} {
			f.Change = step.change
			began, used := time.Now(), cpu()
			run := collect(b, e, "fleet")
			used = cpu() - used
			b.Logf("%-9s %d assets, %d checks: %d judged, %d changed; cpu %v (%v an asset), wall %v, %.0f assets/s", step.name, n, checks, run.Judged, run.Changed,
				used.Round(time.Millisecond), (used / time.Duration(n)).Round(time.Microsecond), time.Since(began).Round(time.Millisecond), float64(n)/time.Since(began).Seconds())
			b.ReportMetric(float64(used.Microseconds())/float64(n), step.name+"-cpu-µs/asset")
			if step.name == "first" {
				reportSize(b, file, n, st)
			}
		}
		if err := st.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func reportSize(b *testing.B, file string, n int, st *store.Store) {
	_, findings, err := st.FindingFacets(b.Context(), bulwark.FindingQuery{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(findings)/float64(n), "findings/asset")
	if info, err := os.Stat(file); err == nil {
		b.ReportMetric(float64(info.Size())/float64(n), "B/asset")
	}
}

// BenchmarkDecode is the yardstick of BenchmarkCollect: reading one of its
// documents alone, which tells how fast a machine is.
func BenchmarkDecode(b *testing.B) {
	doc, names := fleet.Docs()[0], bulwark.NewNames(nil)
	b.ReportAllocs()
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		if _, err := bulwark.DecodeJSON(doc, bulwark.DecodeOptions{Names: names}); err != nil {
			b.Fatal(err)
		}
	}
}
