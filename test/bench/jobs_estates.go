package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/bulwarksec/bulwark/internal/pipeline"
	awsreplay "github.com/bulwarksec/bulwark/internal/replay/aws"
	"github.com/bulwarksec/bulwark/internal/store"
	"github.com/bulwarksec/bulwark/test/estates"
)

// 47,000 assets of 20 AWS accounts, read through the SDK from a server that
// enforces the providers' quotas: once by a clock of its own, on which only
// waiting takes time and every answer 50 ms, and once in real time over loopback,
// into a store and judged by all checks, in a process of its own.
var (
	_ = register(job{name: "estates", run: benchEstates})
	_ = child("estates-live", estatesLive)
)

func benchEstates(log io.Writer) ([]row, error) {
	simulated, err := benchClock()
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(log, "  simulated clock: %v\n", simulated)
	live, err := benchLive(log)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(log, "  real clock, stored and judged: %v\n", live)
	of := fmt.Sprintf("AWS, %d assets, %d accounts: ", simulated.Assets, estates.Company.Accounts)
	return []row{
		{of + "time by the quotas' bound", round(simulated.Ratio()), "× the bound", nil},
		{of + "bound of the quotas", round(simulated.Meter.Bound.Seconds()), "s", nil},
		{of + "calls", float64(simulated.Meter.Calls), "calls", nil},
		{of + "calls that were throttled", float64(simulated.Meter.Throttled), "calls", nil},
		{of + "throttled and not made up for", float64(simulated.Unmade() + live.Unmade()), "listings or parts", nil},
		{of + "collect, store and judge, real time", round(live.Took.Seconds()), "s", nil},
		{of + "memory of that", round(float64(live.RSSBytes) / (1 << 20)), "MB", nil},
		{of + "assets", round(float64(live.Assets) / live.CPU.Seconds()), "assets/s CPU", nil},
	}, nil
}

// benchClock runs the test that has the simulated clock.
func benchClock() (*estates.Read, error) {
	dir, err := os.MkdirTemp("", "bulwark-estates")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "read.json")
	cmd := exec.Command("go", "test", "-count=1", "-run", "^TestQuotas$", "./test/estates")
	cmd.Env = append(os.Environ(), "BULWARK_BENCH_OUT="+out)
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, text)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		return nil, err
	}
	r := &estates.Read{}
	return r, json.Unmarshal(data, r)
}

// benchLive serves the estate on a port and has a child read it.
func benchLive(log io.Writer) (*estates.Read, error) {
	dir, err := os.MkdirTemp("", "bulwark-estates")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	server, err := awsreplay.New(estates.Company.Serve())
	if err != nil {
		return nil, err
	}
	web := httptest.NewServer(server)
	defer web.Close()
	debug.FreeOSMemory()
	live := &estates.Read{}
	if _, err := inChild(log, live, "estates-live", web.URL, filepath.Join(dir, "bulwark.db")); err != nil {
		return live, err
	}
	live.Meter = estates.Metered("aws", server.Counts())
	return live, nil
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
	estate, err := estates.Reader(loaded.Content.Types, nil)
	if err != nil {
		return nil, err
	}
	out := &estates.Read{}
	e := pipeline.NewEngine(st, loaded, time.Now, slog.New(slog.DiscardHandler))
	e.Add(pipeline.Source{ID: "aws", Gatherer: out.Count(estate)})
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
