package pipeline

import (
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/bulwarksec/bulwark"
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
// content: the first time, again unchanged, and with 1 % changed; once a fleet
// of people who heed the checks, once of people who do not. Its size is
// BULWARK_BENCH_ASSETS or 10,000, its store BULWARK_BENCH_STORE or a SQLite
// file. Processor time is this process's alone.
func BenchmarkCollect(b *testing.B) {
	n := 10_000
	if v, err := strconv.Atoi(os.Getenv("BULWARK_BENCH_ASSETS")); err == nil {
		n = v
	}
	l, problems := LoadContent(ContentOptions{})
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	b.Run("careful", func(b *testing.B) { benchCollect(b, n, l, fleet.Careful()) })
	b.Run("careless", func(b *testing.B) { benchCollect(b, n, l, fleet.Docs()) })
}

func benchCollect(b *testing.B, n int, l *Loaded, docs [][]byte) {
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
		f := &fleet.Fleet{Names: l.Content.Types.Names(), Docs: docs, N: n}
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
