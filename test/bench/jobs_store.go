package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/api"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	"github.com/bulwarksec/bulwark/internal/pipeline/fleet"
	"github.com/bulwarksec/bulwark/internal/store"
)

// Deployments of 3 KB, decoded, judged by all checks that apply and stored, those
// of people who heed the checks and those of people who do not; the same again; and what one changed asset takes until the HTTP API shows it, at
// rest and while all others change. In a process of its own; a database server's
// time is not in it. A last row is the program idle over that SQLite file.
var (
	_ = register(job{name: "store", run: benchStore})
	_ = child("store", storeChild)
)

var (
	storeAssets         = flag.Int("assets", 100_000, "assets of the store's job")
	storeAssetsCareless = flag.Int("assets-careless", 20_000, "the same with twenty findings an asset")
	storeAssetsPostgres = flag.Int("assets-postgres", 10_000, "the same on PostgreSQL, whose server shares the processors")
)

// stored is what the child measures.
type stored struct {
	First, Again  time.Duration // of CPU
	Wall          time.Duration // of the first
	RSSBytes      int64         // after both
	FindingsAsset float64
	BytesAsset    float64
	Changed       time.Duration // until one change is visible
	ChangedAtWork time.Duration // the slowest while all change
	ChangesAtWork int
	AppliedChecks int
}

func benchStore(log io.Writer) ([]row, error) {
	dir, err := os.MkdirTemp("", "bulwark-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	careless, err := benchOneStore(log, "SQLite, careless", filepath.Join(dir, "careless.db"), *storeAssetsCareless, fleetCareless)
	if err != nil {
		return nil, err
	}
	rows, err := benchOneStore(log, "SQLite", filepath.Join(dir, "bulwark.db"), *storeAssets, fleetCareful)
	if err != nil {
		return nil, err
	}
	rows = append(rows, careless...)
	idle, err := benchIdle(log, filepath.Join(dir, idleFolder))
	if err != nil {
		return nil, err
	}
	rows = append(rows, idle)
	address := os.Getenv("BULWARK_TEST_POSTGRES")
	if address == "" {
		fmt.Fprintln(log, "  no PostgreSQL: BULWARK_TEST_POSTGRES is not set (make bench starts one)")
		return rows, nil
	}
	more, err := benchOneStore(log, "PostgreSQL", address, *storeAssetsPostgres, fleetCareful)
	return append(rows, more...), err
}

func benchOneStore(log io.Writer, name, address string, n int, kind string) ([]row, error) {
	var s stored
	u, err := inChild(log, &s, "store", address, strconv.Itoa(n), kind)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(log, "  %s: %d assets, %d checks, %.1f findings an asset; first %.1f s CPU (%.1f s), again %.1f s CPU, %.0f bytes an asset\n", name, n, s.AppliedChecks, s.FindingsAsset, s.First.Seconds(), s.Wall.Seconds(), s.Again.Seconds(), s.BytesAsset)
	fmt.Fprintf(log, "  %s: one change visible after %v, the slowest of %d while all change %v; %d MB, %s\n", name, s.Changed.Round(time.Millisecond), s.ChangesAtWork, s.ChangedAtWork.Round(time.Millisecond), s.RSSBytes>>20, u)
	per := func(d time.Duration) float64 { return round(d.Seconds() / float64(n) * 100_000) }
	of := fmt.Sprintf("%s, %d assets: ", name, n)
	return []row{
		{of + "decode, judge by all checks, store", per(s.First), "s CPU/100,000 assets", nil},
		{of + "the same again, unchanged", per(s.Again), "s CPU/100,000 assets", nil},
		{of + "memory of both", round(float64(s.RSSBytes) / (1 << 20)), "MB", nil},
		{of + "stored", round(s.BytesAsset), "bytes/asset", nil},
		{of + "findings", round(s.FindingsAsset), "findings/asset", nil},
		{of + "one change visible in the API", round(s.Changed.Seconds()), "s", nil},
		{of + "the slowest while all change", round(s.ChangedAtWork.Seconds()), "s", nil},
	}, nil
}

// benchIdle measures the program over the file that the job has filled.
func benchIdle(log io.Writer, dir string) (row, error) {
	bin, err := product()
	if err != nil {
		return row{}, err
	}
	s, err := startServer(bin, "serve", "--data", dir, "--listen", "127.0.0.1:0")
	if err != nil {
		return row{}, err
	}
	time.Sleep(3 * time.Second) // its first rounds of upkeep
	rss, err := s.end()
	fmt.Fprintf(log, "  idle over %d assets: %d MB, ready after %v\n", *storeAssets, rss>>20, s.ready.Round(time.Millisecond))
	return row{fmt.Sprintf("idle server over %d assets", *storeAssets), round(float64(rss) / (1 << 20)), "MB", nil}, err
}

// storeChild runs the pipeline over an empty store at an address.
func storeChild(args []string) (any, error) {
	ctx := context.Background()
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return nil, err
	}
	loaded, problems := pipeline.LoadContent(pipeline.ContentOptions{})
	if len(problems) > 0 {
		return nil, fmt.Errorf("content: %s", problems[0])
	}
	st, err := store.Open(ctx, args[0], store.Options{})
	if err != nil {
		return nil, err
	}
	empty, err := storeSize(ctx, args[0])
	if err != nil {
		return nil, err
	}
	quiet := slog.New(slog.DiscardHandler)
	e := pipeline.NewEngine(st, loaded, time.Now, quiet)
	docs := fleet.Careful()
	if args[2] == fleetCareless {
		docs = fleet.Docs()
	}
	f := &fleet.Fleet{Names: loaded.Content.Types.Names(), Docs: docs, N: n}
	e.Add(pipeline.Source{ID: "fleet", Gatherer: f})
	out := &stored{AppliedChecks: len(loaded.Checks.For("apps/v1/Deployment"))}
	for _, d := range []*time.Duration{&out.First, &out.Again} {
		began, used := time.Now(), cpu()
		run, err := e.Collect(ctx, "fleet")
		if err != nil {
			return nil, err
		}
		*d = time.Duration(cpu() - used)
		if d == &out.First {
			out.Wall = time.Since(began)
			if run.Judged != int64(n) {
				return nil, fmt.Errorf("%d of %d assets judged", run.Judged, n)
			}
		}
	}
	out.RSSBytes = peakRSS()
	_, findings, err := st.FindingFacets(ctx, bulwark.FindingQuery{})
	if err != nil {
		return nil, err
	}
	if err := st.Close(); err != nil { // SQLite's log goes into its file
		return nil, err
	}
	full, err := storeSize(ctx, args[0])
	if err != nil {
		return nil, err
	}
	if err := keepIdle(args[0]); err != nil {
		return nil, err
	}
	if st, err = store.Open(ctx, args[0], store.Options{}); err != nil {
		return nil, err
	}
	e = pipeline.NewEngine(st, loaded, time.Now, quiet)
	e.Add(pipeline.Source{ID: "fleet", Gatherer: f})
	out.FindingsAsset, out.BytesAsset = float64(findings)/float64(n), float64(full-empty)/float64(n)
	if err := measureChange(ctx, st, e, loaded, f, quiet, out); err != nil {
		return nil, err
	}
	return out, st.Close()
}

// Whose Deployments a child takes.
const (
	fleetCareful  = "careful"
	fleetCareless = "careless"
)

// idleFolder holds the state before everything changes: a server over what is
// there afterwards would still be judging.
const idleFolder = "idle"

// keepIdle copies a SQLite file that nobody has open.
func keepIdle(address string) error {
	if strings.HasPrefix(address, "postgres") {
		return nil
	}
	from, err := os.Open(address)
	if err != nil {
		return err
	}
	defer from.Close()
	dir := filepath.Join(filepath.Dir(address), idleFolder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	to, err := os.Create(filepath.Join(dir, "bulwark.db"))
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

// storeSize is the bytes that a database holds on disk.
func storeSize(ctx context.Context, address string) (size int64, err error) {
	if !strings.HasPrefix(address, "postgres") {
		info, err := os.Stat(address)
		if err != nil {
			return 0, err
		}
		return info.Size(), nil
	}
	c, err := pgx.Connect(ctx, address)
	if err != nil {
		return 0, err
	}
	defer c.Close(ctx)
	return size, c.QueryRow(ctx, "SELECT pg_database_size(current_database())").Scan(&size)
}

// lone gathers one asset, which is privileged or not.
type lone struct {
	fleet.Fleet
	privileged bool
}

func (l *lone) asset() (*bulwark.Asset, error) {
	a, err := l.Asset(0)
	if err != nil {
		return nil, err
	}
	a.ID, a.Name = "live:k8s/bench/lone", "lone"
	doc := strings.ReplaceAll(string(bulwark.AppendJSON(nil, a.Properties)), `"runAsNonRoot":true`, fmt.Sprintf(`"runAsNonRoot":true,"privileged":%v`, l.privileged))
	a.Properties, err = bulwark.DecodeJSON([]byte(doc), bulwark.DecodeOptions{Names: l.Names, Asset: a.ID})
	return a, err
}

func (l *lone) Gather(_ context.Context, yield func(bulwark.Gathered) error) error {
	a, err := l.asset()
	if err != nil {
		return err
	}
	return yield(bulwark.Gathered{Asset: a})
}

// unscored is an API that is asked for no score.
type unscored struct{ api.Scorer }

// measureChange lets one asset change at rest, and again and again while every
// other asset changes.
func measureChange(ctx context.Context, st *store.Store, e *pipeline.Engine, loaded *pipeline.Loaded, f *fleet.Fleet, log *slog.Logger, out *stored) error {
	server, err := api.New(api.Options{Store: st, Content: e, Runs: e, Scorer: unscored{}, Version: "bench", URL: "http://127.0.0.1", Log: log})
	if err != nil {
		return err
	}
	const secret = "bwk_benchmark"
	sum := sha256.Sum256([]byte(secret))
	owner := bulwark.Grant{Role: bulwark.Owner}
	if err := st.AddUser(ctx, bulwark.User{Name: "bench", Grants: []bulwark.Grant{owner}, Created: time.Now()}, ""); err != nil {
		return err
	}
	if err := st.AddToken(ctx, bulwark.Token{ID: "bench", Name: "bench", Hash: hex.EncodeToString(sum[:]), Grant: owner, User: "bench", Created: time.Now(), Expires: time.Now().Add(time.Hour)}); err != nil {
		return err
	}
	l := &lone{Fleet: fleet.Fleet{Names: f.Names, Docs: f.Docs}}
	e.Add(pipeline.Source{ID: "lone", Gatherer: l})
	if _, err := e.Collect(ctx, "lone"); err != nil {
		return err
	}
	web := httptest.NewServer(server.Handler())
	defer web.Close()
	see := func() (time.Duration, error) { return seeChange(ctx, e, l, web.URL, secret) }
	if out.Changed, err = see(); err != nil {
		return err
	}
	out.ChangedAtWork, out.ChangesAtWork, err = changeAtWork(ctx, e, f, see)
	return err
}

// changeAtWork lets every other asset change, and returns the slowest of so many
// changes of one that were seen meanwhile: while all are stored, and until a
// twentieth of them is judged.
func changeAtWork(ctx context.Context, e *pipeline.Engine, f *fleet.Fleet, see func() (time.Duration, error)) (slowest time.Duration, seen int, err error) {
	f.Change = 100
	var wg sync.WaitGroup
	var bulk error
	work, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	wg.Go(func() {
		defer close(done)
		_, bulk = e.Collect(work, "fleet")
	})
	defer wg.Wait()
	defer cancel()
	for {
		took, err := see()
		if err != nil {
			return 0, 0, err
		}
		select {
		case <-done:
			return slowest, seen, bulk
		case <-time.After(500 * time.Millisecond):
			slowest, seen = max(slowest, took), seen+1
		}
		runs, _, err := e.Runs(ctx, "fleet", bulwark.Page{Limit: 1})
		if err != nil {
			return 0, 0, err
		}
		if len(runs) > 0 && runs[0].Ended.IsZero() && runs[0].Judged > int64(f.N/20) {
			return slowest, seen, nil
		}
	}
}

// seeChange changes the lone asset and returns how long it takes until the API
// shows its new verdict.
func seeChange(ctx context.Context, e *pipeline.Engine, l *lone, address, secret string) (time.Duration, error) {
	ask := func() (unhealthy int, err error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/api/v1/asset?id="+url.QueryEscape("live:k8s/bench/lone"), nil)
		if err != nil {
			return 0, err
		}
		req.Header.Set("Authorization", "Bearer "+secret)
		r, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0, err
		}
		defer r.Body.Close()
		data, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != http.StatusOK {
			return 0, fmt.Errorf("asset: status %d: %s (%v)", r.StatusCode, data, err)
		}
		var a struct{ Unhealthy int }
		return a.Unhealthy, json.Unmarshal(data, &a)
	}
	before, err := ask()
	if err != nil {
		return 0, err
	}
	l.privileged = !l.privileged
	began := time.Now()
	failed := make(chan error, 1)
	go func() {
		_, err := e.Collect(ctx, "lone")
		failed <- err
	}()
	defer func() { <-failed }()
	for time.Since(began) < 5*time.Minute {
		now, err := ask()
		if err != nil {
			return 0, err
		}
		if now != before {
			return time.Since(began), nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	return 0, fmt.Errorf("the change of one asset was not seen")
}
