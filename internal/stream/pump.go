package stream

import (
	"context"
	"time"
)

// Outbox holds messages until they are handed on.
type Outbox interface {
	// Next returns the first messages, in order; none when it is empty.
	Next(ctx context.Context, limit int) ([]Message, error)
	// Done takes away messages that the stream has synced.
	Done(ctx context.Context, list []Message) error
}

const pumpBatch = 100

// Pump hands an outbox's messages on until ctx ends: at once, when wake says
// that there are some, and every second. Errors are logged and tried again.
func (s *Stream) Pump(ctx context.Context, box Outbox, wake <-chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if _, err := s.Drain(ctx, box); err != nil && ctx.Err() == nil {
			s.opts.Log.Warn("outbox not handed on", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-tick.C:
		}
	}
}

// Drain hands on what an outbox holds and returns how many messages that were.
func (s *Stream) Drain(ctx context.Context, box Outbox) (int, error) {
	n := 0
	for {
		list, err := box.Next(ctx, pumpBatch)
		if err != nil || len(list) == 0 {
			return n, err
		}
		if err := s.Publish(ctx, list...); err != nil {
			return n, err
		}
		if err := box.Done(ctx, list); err != nil {
			return n, err
		}
		n += len(list)
	}
}
