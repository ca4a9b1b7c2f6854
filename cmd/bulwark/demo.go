package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/api"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	"github.com/bulwarksec/bulwark/internal/replay"
	"github.com/bulwarksec/bulwark/internal/replay/estate"
	"github.com/bulwarksec/bulwark/internal/store"
)

const (
	demoID      = "demo"
	demoName    = "Halden Markets (demo)"
	demoSetting = "demo" // of the main store: wanted, removed, or nothing yet
	demoSeed    = 1
)

// demos keeps the demo estate, an organisation beside the main one: its store
// in a folder of its own, its engine over the ordinary collectors, and a server
// that shares the main one's users. It is safe for concurrent use.
type demos struct {
	main   *store.Store
	loaded *pipeline.Loaded
	dir    string // below the data folder; all of the demo is in it
	log    *slog.Logger
	serve  func(st api.Store, e *pipeline.Engine, now func() time.Time) (*api.Server, error)
	steps  int  // of history
	wanted bool // by a flag

	mu   sync.Mutex
	life context.Context // of Run; nil before
	one  *demo           // nil without
	work sync.WaitGroup
}

var _ api.Organizations = (*demos)(nil)

// demo is the demo estate while it is there.
type demo struct {
	stop    context.CancelFunc
	done    chan struct{} // closed when nothing uses the folder any more
	state   bulwark.Organization
	handler http.Handler
}

// Run brings the demo estate up where it is wanted, and waits for its end when
// ctx ends. It is called once.
func (d *demos) Run(ctx context.Context) error {
	d.mu.Lock()
	d.life = ctx
	d.mu.Unlock()
	said, err := d.main.Setting(ctx, demoSetting)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if string(said) == "wanted" || d.wanted && string(said) != "removed" {
		if err := d.AddDemo(ctx); err != nil && !errors.Is(err, bulwark.ErrConflict) {
			return err
		}
	}
	<-ctx.Done()
	d.work.Wait()
	return nil
}

// Organizations implements api.Organizations.
func (d *demos) Organizations() []bulwark.Organization {
	list := []bulwark.Organization{{Name: "Main", State: bulwark.OrganizationReady}}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.one != nil {
		list = append(list, d.one.state)
	}
	return list
}

// Handler implements api.Organizations.
func (d *demos) Handler(id string) http.Handler {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.one == nil || id != demoID || d.one.handler == nil {
		return nil
	}
	return d.one.handler
}

// AddDemo implements api.Organizations.
func (d *demos) AddDemo(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.one != nil:
		return fmt.Errorf("add the demo: %w: it is there", bulwark.ErrConflict)
	case d.life == nil || d.life.Err() != nil:
		return fmt.Errorf("add the demo: %w: the server is not running", bulwark.ErrUnavailable)
	}
	if err := d.main.SetSetting(ctx, demoSetting, []byte("wanted")); err != nil {
		return fmt.Errorf("add the demo: %w", err)
	}
	life, stop := context.WithCancel(d.life)
	one := &demo{stop: stop, done: make(chan struct{}),
		state: bulwark.Organization{ID: demoID, Name: demoName, Demo: true, State: bulwark.OrganizationPreparing, Doing: "making six months of history"}}
	d.one = one
	d.work.Go(func() {
		defer close(one.done)
		if err := d.run(life, one); err != nil && life.Err() == nil {
			d.log.Error("demo estate not made", "error", err)
			d.change(one, func() {
				one.handler, one.state.State, one.state.Doing = nil, bulwark.OrganizationFailed, err.Error()
			})
		}
	})
	return nil
}

// RemoveDemo implements api.Organizations. What is kept of it is deleted before
// it returns, and no start brings it back.
func (d *demos) RemoveDemo(ctx context.Context) error {
	d.mu.Lock()
	one := d.one
	d.mu.Unlock()
	if one == nil {
		return fmt.Errorf("remove the demo: %w", bulwark.ErrNotFound)
	}
	if err := d.main.SetSetting(ctx, demoSetting, []byte("removed")); err != nil {
		return fmt.Errorf("remove the demo: %w", err)
	}
	d.change(one, func() { one.handler = nil })
	one.stop()
	select {
	case <-one.done:
	case <-ctx.Done():
		return fmt.Errorf("remove the demo: its work does not end: %w", ctx.Err())
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.one != one {
		return nil // another call has done it
	}
	if err := os.RemoveAll(d.dir); err != nil {
		return fmt.Errorf("remove the demo: %w", err)
	}
	d.one = nil
	return nil
}

func (d *demos) change(one *demo, f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

// span is when the history began and ended. Its file is written when that is
// made whole: a folder without it is one that a killed process left.
type span struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
}

func (d *demos) spanFile() string { return filepath.Join(d.dir, "history.json") }

// readSpan returns the span of a whole demo, or makes room for a new one.
func (d *demos) readSpan() (s span, whole bool, err error) {
	data, err := os.ReadFile(d.spanFile())
	if err == nil && json.Unmarshal(data, &s) == nil && s.From.Before(s.Until) {
		return s, true, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s, false, err
	}
	if err := errors.Join(os.RemoveAll(d.dir), os.MkdirAll(d.dir, 0o700)); err != nil {
		return s, false, err
	}
	until := time.Now().UTC().Truncate(time.Second)
	return span{until.Add(-demoHistory), until}, false, nil
}

func (d *demos) writeSpan(s span) error {
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	part := d.spanFile() + ".part"
	if err := os.WriteFile(part, data, 0o600); err != nil {
		return err
	}
	return os.Rename(part, d.spanFile())
}

// demoClock is the time of the demo: that of its history while it is made, and
// then the wall's.
type demoClock struct{ at atomic.Pointer[time.Time] }

func (c *demoClock) set(t time.Time) { c.at.Store(&t) }
func (c *demoClock) release()        { c.at.Store(nil) }

func (c *demoClock) now() time.Time {
	if t := c.at.Load(); t != nil {
		return *t
	}
	return time.Now()
}

// run makes the demo's history where it is not whole, and then lets it live
// until ctx ends.
func (d *demos) run(ctx context.Context, one *demo) (err error) {
	s, whole, err := d.readSpan()
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	clock := &demoClock{}
	if !whole {
		clock.set(s.From)
	}
	st, err := openStore(ctx, "sqlite:"+filepath.Join(d.dir, "bulwark.db"), d.loaded, clock.now, d.log, filepath.Join(d.dir, "key"))
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	key, err := st.Subkey(digests)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	e, err := estate.New(estate.Options{Seed: demoSeed, From: s.From, Until: s.Until, Limits: replay.Unlimited})
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	sources, err := demoSources(e, d.loaded.Content.Types, clock.now, key)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	var made atomic.Bool
	engine := pipeline.NewEngine(st, d.loaded, clock.now, slog.New(hushed{d.log.Handler(), &made}))
	for _, source := range sources {
		engine.Add(source)
	}
	if !whole {
		d.log.Info("the demo estate is being made: six months of a company")
		h := history{st, engine, clock, sources, func(percent int) { d.change(one, func() { one.state.Percent = percent }) }}
		if err := h.make(ctx, s, d.steps); err != nil {
			return fmt.Errorf("demo: make the history: %w", err)
		}
		if err := d.writeSpan(s); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	clock.release()
	made.Store(true)
	d.log.Info("the demo estate is there")
	server, err := d.serve(demoStore{st, st, st, d.main}, engine, clock.now)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	d.change(one, func() {
		one.handler, one.state.State, one.state.Doing, one.state.Percent = server.Handler(), bulwark.OrganizationReady, "", 0
	})
	engine.Run(ctx)
	return nil
}

// demoStore is the demo's own posture with the main organisation's users.
type demoStore struct {
	api.Posture
	api.Exempter
	api.Chooser
	api.Accounts
}
