package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bulwarksec/bulwark"
)

// writer is the one goroutine that writes. It takes single changes before
// bulk, each in a transaction of its own.
type writer struct {
	engine engine
	log    *slog.Logger
	single chan *job
	bulk   chan *job
	quit   chan struct{}
	done   chan struct{}
	once   sync.Once
	why    atomic.Pointer[string] // it is read-only
}

// job is a change to be made in one transaction.
type job struct {
	ctx    context.Context
	before func(ctx context.Context, c conn) error // in transactions of its own, before the change; may be nil
	change func(ctx context.Context, c conn) error
	after  func() // committed; still in the writer's goroutine; may be nil
	result chan error
}

func newWriter(e engine, log *slog.Logger) *writer {
	w := &writer{engine: e, log: log, single: make(chan *job, 64), bulk: make(chan *job, 4), quit: make(chan struct{}), done: make(chan struct{})}
	go w.run()
	return w
}

func (w *writer) stop() {
	w.once.Do(func() { close(w.quit) })
	<-w.done
}

// write runs a change. It returns when the change is committed or has failed,
// or ctx has ended before it began.
func (s *Store) write(ctx context.Context, change func(ctx context.Context, c conn) error) error {
	return s.w.do(ctx, s.w.single, &job{change: change})
}

func (w *writer) do(ctx context.Context, queue chan *job, j *job) error {
	j.ctx, j.result = ctx, make(chan error, 1)
	select {
	case queue <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.quit:
		return fmt.Errorf("store: %w: closed", bulwark.ErrUnavailable)
	}
	select {
	case err := <-j.result:
		return err
	case <-w.done:
		select {
		case err := <-j.result:
			return err
		default:
			return fmt.Errorf("store: %w: closed", bulwark.ErrUnavailable)
		}
	}
}

func (w *writer) run() {
	ctx := context.Background() // a transaction is never cut short; the caller's context is asked before it begins
	var c conn
	defer func() {
		if c != nil {
			c.close(ctx)
		}
		close(w.done)
	}()
	for {
		j := w.next(ctx, c)
		if j == nil {
			return
		}
		if err := j.ctx.Err(); err != nil {
			j.result <- err
			continue
		}
		var err error
		if c == nil {
			if c, err = w.engine.writer(ctx); err != nil {
				j.result <- fmt.Errorf("store: %w: %w", bulwark.ErrUnavailable, err)
				continue
			}
		}
		keep := false
		if keep, err = w.attempt(ctx, c, j); !keep {
			c.close(ctx)
			c = nil
		}
		j.result <- err
	}
}

// restAfter is how long nothing is written before memory is given back.
const restAfter = 3 * time.Second

// next waits for a job; nil is the end. Meanwhile c, which may be nil, rests.
func (w *writer) next(ctx context.Context, c conn) *job {
	select {
	case <-w.quit:
		return nil
	case j := <-w.single:
		return j
	default:
	}
	var quiet <-chan time.Time
	if c != nil {
		t := time.NewTimer(restAfter)
		defer t.Stop()
		quiet = t.C
	}
	for {
		select {
		case <-w.quit:
			return nil
		case j := <-w.single:
			return j
		case j := <-w.bulk:
			return j
		case <-quiet:
			c.rest(ctx)
		}
	}
}

// attempt makes a job's change, and reports whether the connection can go on.
func (w *writer) attempt(ctx context.Context, c conn, j *job) (keep bool, err error) {
	if j.before != nil {
		if err := j.before(ctx, c); err != nil {
			return false, w.explain(err)
		}
	}
	if err = transact(ctx, c, j.change); err != nil {
		var refusal refused
		return errors.As(err, &refusal), w.explain(err)
	}
	if w.why.Swap(nil) != nil {
		w.log.Info("store writes again")
	}
	if j.after != nil {
		j.after()
	}
	return true, nil
}

// transact runs a change in a transaction.
func transact(ctx context.Context, c conn, change func(ctx context.Context, c conn) error) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	err := change(ctx, c)
	if err == nil {
		err = c.commit(ctx)
	}
	if err != nil {
		c.rollback(ctx)
	}
	return err
}

// refused is an answer of ours, after which the connection is as good as before.
type refused struct{ error }

func (r refused) Unwrap() error { return r.error }

func refuse(kind error, format string, args ...any) error {
	return refused{fmt.Errorf("%w: "+format, append([]any{kind}, args...)...)}
}

// explain turns an engine's error into one of ours, and notes a full disk.
func (w *writer) explain(err error) error {
	if !w.engine.full(err) {
		return err
	}
	why := "the disk is full: the store is read-only until there is room"
	if w.why.Swap(&why) == nil {
		w.log.Error("store is read-only", "error", err)
	}
	return fmt.Errorf("%w: %s: %w", bulwark.ErrUnavailable, why, err)
}

func (w *writer) readOnly() string {
	if p := w.why.Load(); p != nil {
		return *p
	}
	return ""
}
