package main

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// stateTime bounds how long a reading of the metrics waits for one part.
const stateTime = 2 * time.Second

// registerState adds what /metrics tells of the parts: whether the store and
// the stream answer, how many messages wait for the stream, and the process's
// own memory and processor time. It is asked when somebody reads it.
func registerState(to *prometheus.Registry, p parts) error {
	gauge := func(name, help string, read func(ctx context.Context) (float64, error)) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), stateTime) // a collector is given none
			defer cancel()
			n, err := read(ctx)
			if err != nil {
				p.log.Warn("metric not read", "metric", name, "error", err)
			}
			return n
		})
	}
	up := func(ping func(context.Context) error) func(context.Context) (float64, error) {
		return func(ctx context.Context) (float64, error) {
			if err := ping(ctx); err != nil {
				return 0, err
			}
			return 1, nil
		}
	}
	for _, c := range []prometheus.Collector{
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		gauge("bulwark_store_up", "1 when the store answers and takes writes.", up(p.store.Ping)),
		gauge("bulwark_stream_up", "1 when the stream answers.", up(p.stream.Ping)),
		gauge("bulwark_outbox_messages", "Messages that wait to be handed to the stream.", func(ctx context.Context) (float64, error) {
			n, err := p.store.OutboxSize(ctx)
			return float64(n), err
		}),
	} {
		if err := to.Register(c); err != nil {
			return fmt.Errorf("register metrics: %w", err)
		}
	}
	return nil
}
