package stream_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/stream"
	"github.com/bulwarksec/bulwark/internal/stream/streamtest"
)

func TestEmbedded(t *testing.T) {
	streamtest.Run(t, func(t *testing.T) streamtest.Open {
		dir := t.TempDir()
		var last *stream.Stream
		t.Cleanup(func() { closeStream(t, last) })
		return func() *stream.Stream { // a folder belongs to one process: opening again is a restart
			closeStream(t, last)
			last = openDir(t, dir)
			return last
		}
	})
}

func TestCluster(t *testing.T) {
	address := os.Getenv("BULWARK_TEST_NATS")
	if address == "" {
		t.Skip("BULWARK_TEST_NATS is not set: no cluster to test with")
	}
	streamtest.Run(t, func(t *testing.T) streamtest.Open {
		prefix := fmt.Sprintf("t%d", time.Now().UnixNano())
		return func() *stream.Stream {
			s, err := stream.Open(t.Context(), stream.Options{URL: address, Prefix: prefix, MaxBytes: 64 << 20})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { closeStream(t, s) })
			return s
		}
	})
}

func closeStream(t *testing.T, s *stream.Stream) {
	if s == nil {
		return
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func openDir(t *testing.T, dir string) *stream.Stream {
	t.Helper()
	s, err := stream.Open(t.Context(), stream.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestLostTail gives the stream back an older state than it had, as a disk
// that lost what was not synced would: what the outbox still holds is published
// again, and nothing is missing or doubled.
func TestLostTail(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "now")
	message := func(i int) stream.Message {
		return stream.Message{ID: fmt.Sprint("id", i), Subject: "events.x", Data: fmt.Append(nil, i)}
	}
	s := openDir(t, dir)
	for i := range 20 {
		if err := s.Publish(t.Context(), message(i)); err != nil {
			t.Fatal(err)
		}
	}
	closeStream(t, s)
	older := filepath.Join(t.TempDir(), "older")
	if err := os.CopyFS(older, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	s = openDir(t, dir)
	for i := 20; i < 40; i++ {
		if err := s.Publish(t.Context(), message(i)); err != nil {
			t.Fatal(err)
		}
	}
	closeStream(t, s)
	s = openDir(t, older)
	defer closeStream(t, s)
	for i := 10; i < 40; i++ { // the rows that were not yet deleted
		if err := s.Publish(t.Context(), message(i)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	got := map[string]int{}
	err := s.Subscribe(ctx, "all", "events.>", func(_ context.Context, m stream.Message) error {
		if got[string(m.Data)]++; len(got) == 40 {
			cancel()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		if n := got[fmt.Sprint(i)]; n != 1 {
			t.Errorf("message %d came %d times, want once", i, n)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, o := range []stream.Options{{}, {URL: "nats://example.com:4222"}, {URL: "nonsense"}, {Dir: t.TempDir(), Prefix: "a.b"}} {
		s, err := stream.Open(t.Context(), o)
		if !errors.Is(err, bulwark.ErrInvalid) {
			t.Errorf("Open(%+v) = %v, want invalid", o, err)
		}
		closeStream(t, s)
	}
}
