package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	"github.com/bulwarksec/bulwark/internal/provider/aws"
	"github.com/bulwarksec/bulwark/internal/quota"
	"github.com/bulwarksec/bulwark/internal/replay"
	awsreplay "github.com/bulwarksec/bulwark/internal/replay/aws"
	"github.com/bulwarksec/bulwark/internal/store"
	"github.com/bulwarksec/bulwark/test/estates"
)

// 47,000 assets of 20 AWS accounts, read through the SDK from a server that
// enforces the providers' quotas: once by a clock of its own, on which only
// waiting takes time and every answer 50 ms, and once in real time over loopback,
// into a store and judged by all checks, in a process of its own.
//
// The bound is what the quotas allow at best: of all buckets the longest
// (calls - burst) / rate.
var (
	_ = register(job{name: "estates", run: benchEstates})
	_ = child("estates-clock", estatesClock)
	_ = child("estates-live", estatesLive)
)

// answerTime is how long an answer of the simulated run takes.
const answerTime = 50 * time.Millisecond

// read is what reading an estate once came to.
type read struct {
	Assets   int
	Gaps     []string
	Took     time.Duration
	CPU      time.Duration
	RSSBytes int64
	Judged   int64
	Meter    metered
}

// metered is what the server saw.
type metered struct {
	Calls, Throttled int
	Bound            time.Duration
	Bucket           string // that sets the bound
}

func benchEstates(log io.Writer) ([]row, error) {
	var simulated read
	if _, err := inChild(log, &simulated, "estates-clock"); err != nil {
		return nil, err
	}
	tellRead(log, "simulated clock", simulated)
	live, err := benchLive(log)
	if err != nil {
		return nil, err
	}
	tellRead(log, "real clock", live)
	of := fmt.Sprintf("AWS, %d assets, %d accounts: ", simulated.Assets, estates.Company.Accounts)
	return []row{
		{of + "time by the quotas' bound", round(simulated.Took.Seconds() / simulated.Meter.Bound.Seconds()), "× the bound", nil},
		{of + "bound of the quotas", round(simulated.Meter.Bound.Seconds()), "s", nil},
		{of + "calls", float64(simulated.Meter.Calls), "calls", nil},
		{of + "calls that were throttled", float64(simulated.Meter.Throttled), "calls", nil},
		{of + "throttled and not made up for", float64(unmade(simulated.Gaps) + unmade(live.Gaps)), "listings or parts", nil},
		{of + "collect, store and judge, real time", round(live.Took.Seconds()), "s", nil},
		{of + "memory of that", round(float64(live.RSSBytes) / (1 << 20)), "MB", nil},
		{of + "assets", round(float64(live.Assets) / live.CPU.Seconds()), "assets/s CPU", nil},
	}, nil
}

func tellRead(log io.Writer, name string, r read) {
	fmt.Fprintf(log, "  %s: %d assets, %d judged, in %.1f s; the quotas' bound is %.1f s (%s): × %.2f\n", name, r.Assets, r.Judged, r.Took.Seconds(), r.Meter.Bound.Seconds(), r.Meter.Bucket, r.Took.Seconds()/r.Meter.Bound.Seconds())
	fmt.Fprintf(log, "  %s: %d calls, %d throttled, %d of these not made up for, %d gaps; %.1f s CPU, %d MB\n", name, r.Meter.Calls, r.Meter.Throttled, unmade(r.Gaps), len(r.Gaps), r.CPU.Seconds(), r.RSSBytes>>20)
	for _, g := range r.Gaps[:min(len(r.Gaps), 10)] {
		fmt.Fprintf(log, "    gap: %s\n", g)
	}
}

// unmade counts the gaps that throttling left.
func unmade(gaps []string) int {
	n := 0
	for _, g := range gaps {
		if strings.Contains(g, string(bulwark.FaultThrottled)) {
			n++
		}
	}
	return n
}

func meter(counts map[replay.Call]replay.Count) metered {
	var m metered
	served := map[quota.Key]int{}
	limits := map[quota.Key]quota.Limit{}
	for call, n := range counts {
		m.Calls += n.Calls
		m.Throttled += n.Throttled
		limit, key := quota.For(quota.Key{Provider: "aws", Scope: call.Scope, Region: call.Region, Service: call.Service, Action: call.Operation})
		served[key] += n.Calls - n.Throttled
		limits[key] = limit
	}
	for key, n := range served {
		l := limits[key]
		if d := time.Duration((float64(n) - l.Burst) / l.Rate * float64(time.Second)); d > m.Bound {
			m.Bound, m.Bucket = d, strings.Trim(fmt.Sprintf("%s %s in %s %s", key.Service, key.Action, key.Scope, key.Region), " ")
		}
	}
	return m
}

// slow has each answer take a while.
type slow struct{ http.RoundTripper }

func (s slow) RoundTrip(r *http.Request) (*http.Response, error) {
	t := time.NewTimer(answerTime)
	defer t.Stop()
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case <-t.C:
		return s.RoundTripper.RoundTrip(r)
	}
}

func awsCompany(types *bulwark.Types, transport http.RoundTripper) (*aws.Estate, error) {
	return aws.New(aws.Config{Organization: true}, aws.Options{Connector: "aws", Types: types, HTTP: transport, SecretKey: []byte("bench"),
		Secret: &aws.Secret{AccessKeyID: estates.AWSKey, SecretAccessKey: estates.AWSSecret}})
}

// count counts what is gathered.
func (r *read) count(g bulwark.Gathered) error {
	switch {
	case g.Asset != nil:
		r.Assets++
	case g.Gap != nil:
		r.Gaps = append(r.Gaps, g.Gap.Where+": "+g.Gap.Why)
	case g.Listing != nil && g.Listing.Gap != nil:
		r.Gaps = append(r.Gaps, g.Listing.Gap.Where+": "+g.Listing.Gap.Why)
	}
	return nil
}

// estatesClock reads the estate in a bubble, whose clock goes on when everybody
// waits. Bubbles are made for tests, so it runs as one.
func estatesClock([]string) (any, error) {
	loaded, problems := pipeline.LoadContent(pipeline.ContentOptions{})
	if len(problems) > 0 {
		return nil, fmt.Errorf("content: %s", problems[0])
	}
	out := &read{}
	var failed error
	testing.Init()
	any := func(string, string) (bool, error) { return true, nil }
	stdout := os.Stdout // which a test's PASS is not to reach
	os.Stdout = os.Stderr
	defer func() { os.Stdout = stdout }()
	ok := testing.RunTests(any, []testing.InternalTest{{Name: "Estates", F: func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			server, err := awsreplay.New(estates.Company.Serve())
			if err != nil {
				failed = err
				return
			}
			e, err := awsCompany(loaded.Content.Types, slow{server.Transport()})
			if err != nil {
				failed = err
				return
			}
			began, used := time.Now(), cpu()
			failed = e.Gather(t.Context(), out.count)
			out.Took, out.CPU = time.Since(began), time.Duration(cpu()-used)
			out.Meter = meter(server.Counts())
		})
	}}})
	if !ok && failed == nil {
		failed = fmt.Errorf("the simulated run failed")
	}
	out.RSSBytes = peakRSS()
	return out, failed
}

// benchLive serves the estate on a port and has a child read it.
func benchLive(log io.Writer) (read, error) {
	dir, err := os.MkdirTemp("", "bulwark-estates")
	if err != nil {
		return read{}, err
	}
	defer os.RemoveAll(dir)
	server, err := awsreplay.New(estates.Company.Serve())
	if err != nil {
		return read{}, err
	}
	web := httptest.NewServer(server)
	defer web.Close()
	debug.FreeOSMemory()
	var live read
	if _, err := inChild(log, &live, "estates-live", web.URL, filepath.Join(dir, "bulwark.db")); err != nil {
		return live, err
	}
	live.Meter = meter(server.Counts())
	return live, nil
}

// told is a gatherer of which read counts what comes.
type told struct {
	pipeline.Gatherer
	read *read
}

func (g told) Gather(ctx context.Context, yield func(bulwark.Gathered) error) error {
	return g.Gatherer.Gather(ctx, func(item bulwark.Gathered) error {
		if err := g.read.count(item); err != nil {
			return err
		}
		return yield(item)
	})
}

// estatesLive collects the estate at an address, stores and judges it.
func estatesLive(args []string) (any, error) {
	if err := os.Setenv("AWS_ENDPOINT_URL", args[0]); err != nil {
		return nil, err
	}
	ctx := context.Background()
	loaded, problems := pipeline.LoadContent(pipeline.ContentOptions{})
	if len(problems) > 0 {
		return nil, fmt.Errorf("content: %s", problems[0])
	}
	st, err := store.Open(ctx, args[1], store.Options{})
	if err != nil {
		return nil, err
	}
	estate, err := awsCompany(loaded.Content.Types, nil)
	if err != nil {
		return nil, err
	}
	out := &read{}
	e := pipeline.NewEngine(st, loaded, time.Now, slog.New(slog.DiscardHandler))
	e.Add(pipeline.Source{ID: "aws", Gatherer: told{estate, out}})
	began, used := time.Now(), cpu()
	run, err := e.Collect(ctx, "aws")
	if err != nil {
		return nil, err
	}
	if run.Error != "" {
		return nil, fmt.Errorf("the run failed: %s", run.Error)
	}
	out.Took, out.CPU, out.Judged = time.Since(began), time.Duration(cpu()-used), run.Judged
	out.RSSBytes = peakRSS()
	return out, st.Close()
}

