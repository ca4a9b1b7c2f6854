package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	"github.com/bulwarksec/bulwark/internal/store"
)

// history makes the demo's past by gathering it, step by step, as it would have
// been gathered.
type history struct {
	store    *store.Store
	engine   *pipeline.Engine
	clock    *demoClock
	sources  []pipeline.Source
	progress func(percent int)
}

// make gathers the estate at the beginning, after each step and at the end.
func (h history) make(ctx context.Context, s span, steps int) error {
	var done atomic.Int64
	all := int64((steps + 1) * len(h.sources))
	for i := range steps + 1 {
		h.clock.set(s.From.Add(s.Until.Sub(s.From) * time.Duration(i) / time.Duration(steps)))
		g, group := errgroup.WithContext(ctx)
		g.SetLimit(2)
		for _, source := range h.sources {
			g.Go(func() error {
				if _, err := h.engine.Collect(group, source.ID); err != nil {
					return fmt.Errorf("%s: %w", source.ID, err)
				}
				h.progress(int(done.Add(1) * 100 / all))
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			return err
		}
		if err := h.tend(ctx, i, steps); err != nil {
			return err
		}
	}
	return nil
}

// tend does what time and people do between two gatherings.
func (h history) tend(ctx context.Context, step, steps int) error {
	if err := h.engine.Tend(ctx); err != nil {
		return err
	}
	return h.exempt(ctx, step, steps)
}

// decision is an exemption that somebody of the company made: at is a part of
// the history.
type decision struct {
	at       float64
	check    string
	scope    string
	category bulwark.ExemptionCategory
	author   string
	reason   string
	days     int // until it ends; 0 is never
}

var decisions = []decision{
	{0.20, "aws/ec2/instance_metadata_v2", "aws/286071449930", bulwark.Waiver, "ines.dahl", "Workshop images still need the old metadata service; the sandbox holds no customer data.", 60},
	{0.35, "aws/s3/access_logged", "aws/174938205566", bulwark.Waiver, "jonas.becker", "Test data only. Logging is paid for where there is something to lose.", 365},
	{0.50, "aws/rds/multi_az", "aws/962250741185", bulwark.Mitigated, "petra.novak", "Staging is rebuilt from code within an hour, and nightly.", 0},
	{0.62, "aws/ec2/no_default_vpc", "aws/607714938822", bulwark.Waiver, "omar.haddad", "Fennel moves into our networks by the end of the year: see the integration plan.", 120},
	{0.75, "aws/ec2/vpc_flow_logs", "aws/286071449930", bulwark.Waiver, "ines.dahl", "Short-lived networks; the egress firewall logs what leaves.", 90},
}

// exempt makes the decisions of a step.
func (h history) exempt(ctx context.Context, step, steps int) error {
	var errs []error
	for i, d := range decisions {
		if int(d.at*float64(steps)) != step {
			continue
		}
		e := bulwark.Exemption{ID: fmt.Sprintf("demo-%d", i+1), Check: d.check, Scope: d.scope, Category: d.category, Author: d.author, Reason: d.reason, Created: h.clock.now()}
		if d.days > 0 {
			e.Expires = e.Created.AddDate(0, 0, d.days)
		}
		errs = append(errs, h.store.AddExemption(ctx, e))
	}
	return errors.Join(errs...)
}

// hushed is a log that tells only of warnings and errors until a history is
// made: its runs are many, and none of them is news.
type hushed struct {
	slog.Handler
	made *atomic.Bool
}

func (h hushed) Enabled(ctx context.Context, l slog.Level) bool {
	return (l >= slog.LevelWarn || h.made.Load()) && h.Handler.Enabled(ctx, l)
}

func (h hushed) WithAttrs(attrs []slog.Attr) slog.Handler {
	return hushed{h.Handler.WithAttrs(attrs), h.made}
}

func (h hushed) WithGroup(name string) slog.Handler { return hushed{h.Handler.WithGroup(name), h.made} }
