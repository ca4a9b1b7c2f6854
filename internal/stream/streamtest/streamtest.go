// Package streamtest is the contract that a stream must keep, embedded or in a
// cluster.
package streamtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/stream"
)

// Open opens the same stream each time that it is called within one test.
type Open func() *stream.Stream

// Run runs the contract; open makes a new stream for each test.
func Run(t *testing.T, open func(t *testing.T) Open) {
	for _, tt := range []struct {
		name string
		run  func(t *testing.T, open Open)
	}{
		{"events_reach_all", testEvents}, {"work_reaches_one", testWork}, {"once_an_id", testOnce},
		{"again_until_acknowledged", testAgain}, {"subjects", testSubjects}, {"outbox", testOutbox},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, open(t)) })
	}
}

// collector gathers what is delivered.
type collector struct {
	mu   sync.Mutex
	data []string
}

func (c *collector) handle(_ context.Context, m stream.Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.data = append(c.data, string(m.Data))
	return nil
}

func (c *collector) sorted() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := slices.Clone(c.data)
	slices.Sort(out)
	return out
}

// wait waits until n are delivered, and a little longer for what should not be.
func (c *collector) wait(t *testing.T, n int) []string {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end) && len(c.sorted()) < n; {
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(100 * time.Millisecond)
	return c.sorted()
}

// subscribe runs until the test or cancel ends it.
func subscribe(t *testing.T, s *stream.Stream, durable, subject string, handle func(context.Context, stream.Message) error) (cancel func()) {
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.Subscribe(ctx, durable, subject, handle); err != nil {
			t.Error(err)
		}
	}()
	cancel = func() { stop(); <-done }
	t.Cleanup(cancel)
	return cancel
}

func publish(t *testing.T, s *stream.Stream, subject string, from, to int) {
	t.Helper()
	var list []stream.Message
	for i := from; i < to; i++ {
		list = append(list, stream.Message{ID: fmt.Sprint(subject, i), Subject: subject, Data: fmt.Append(nil, i)})
	}
	if err := s.Publish(t.Context(), list...); err != nil {
		t.Fatal(err)
	}
}

func numbers(from, to int) []string {
	var out []string
	for i := from; i < to; i++ {
		out = append(out, fmt.Sprint(i))
	}
	slices.Sort(out)
	return out
}

func testEvents(t *testing.T, open Open) {
	s := open()
	publish(t, s, "events.verdicts", 0, 10)
	var a, b collector
	subscribe(t, s, "a", "events.>", a.handle)
	subscribe(t, s, "b", "events.verdicts", b.handle)
	publish(t, s, "events.other", 10, 20)
	if got := a.wait(t, 20); !slices.Equal(got, numbers(0, 20)) {
		t.Errorf("a got %v, want 0 … 19", got)
	}
	if got := b.wait(t, 10); !slices.Equal(got, numbers(0, 10)) {
		t.Errorf("b got %v, want 0 … 9", got)
	}
}

func testWork(t *testing.T, open Open) {
	s := open()
	var a collector
	subscribe(t, s, "workers", "work.scan", a.handle)
	subscribe(t, s, "workers", "work.scan", a.handle)
	publish(t, s, "work.scan", 0, 50)
	if got := a.wait(t, 50); !slices.Equal(got, numbers(0, 50)) {
		t.Errorf("workers got %v, want each of 50 once", got)
	}
}

func testOnce(t *testing.T, open Open) {
	s := open()
	publish(t, s, "events.x", 0, 10)
	publish(t, s, "events.x", 5, 15)
	again := open()
	publish(t, again, "events.x", 0, 15)
	var a collector
	subscribe(t, again, "a", "events.>", a.handle)
	if got := a.wait(t, 15); !slices.Equal(got, numbers(0, 15)) {
		t.Errorf("got %v, want 0 … 14 once", got)
	}
}

func testAgain(t *testing.T, open Open) {
	s := open()
	publish(t, s, "work.x", 0, 3)
	var a collector
	failures := 0
	cancel := subscribe(t, s, "w", "work.x", func(ctx context.Context, m stream.Message) error {
		if string(m.Data) == "1" && failures < 2 {
			failures++
			return errors.New("not yet")
		}
		return a.handle(ctx, m)
	})
	if got := a.wait(t, 3); !slices.Equal(got, numbers(0, 3)) {
		t.Errorf("got %v, want 0 1 2", got)
	}
	cancel()
	publish(t, s, "work.x", 3, 5)
	again := open()
	var b collector
	subscribe(t, again, "w", "work.x", b.handle)
	if got := b.wait(t, 2); !slices.Equal(got, numbers(3, 5)) {
		t.Errorf("after a restart got %v, want 3 4", got)
	}
}

func testSubjects(t *testing.T, open Open) {
	s := open()
	for _, subject := range []string{"", "events", "other.x", "events.", "events.*", "events.a b", "events..x"} {
		if err := s.Publish(t.Context(), stream.Message{Subject: subject}); !errors.Is(err, bulwark.ErrInvalid) {
			t.Errorf("Publish to %q = %v, want invalid", subject, err)
		}
	}
	if err := s.Subscribe(t.Context(), "a.b", "events.x", nil); !errors.Is(err, bulwark.ErrInvalid) {
		t.Errorf("Subscribe as a.b = %v, want invalid", err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// box is an outbox whose Done fails now and then, as a killed process's would.
type box struct {
	rows  []stream.Message
	fails int
}

func (b *box) Next(_ context.Context, limit int) ([]stream.Message, error) {
	return slices.Clone(b.rows[:min(limit, len(b.rows))]), nil
}

func (b *box) Done(_ context.Context, list []stream.Message) error {
	if b.fails > 0 {
		b.fails--
		return errors.New("killed")
	}
	b.rows = b.rows[len(list):]
	return nil
}

func testOutbox(t *testing.T, open Open) {
	s := open()
	b := &box{fails: 3}
	for i := range 250 {
		b.rows = append(b.rows, stream.Message{ID: fmt.Sprint("id", i), Subject: "events.verdicts", Data: fmt.Append(nil, i)})
	}
	for range 10 {
		if _, err := s.Drain(t.Context(), b); err == nil {
			break
		}
	}
	var a collector
	subscribe(t, s, "a", "events.>", a.handle)
	if got := a.wait(t, 250); len(b.rows) != 0 || !slices.Equal(got, numbers(0, 250)) {
		t.Errorf("%d rows left, got %d messages, want none and each of 250 once", len(b.rows), len(got))
	}
}
