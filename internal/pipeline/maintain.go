package pipeline

import (
	"context"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/store"
	"github.com/bulwarksec/bulwark/internal/stream"
)

// maintain does, every few seconds, what time alone asks for: it ends
// exemptions, judges what a killed process left marked or whose answer no
// longer holds, and recounts one scope a minute.
func (e *Engine) maintain(ctx context.Context) {
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	unscored, scored := false, time.Time{}
	for counted := e.now(); ; {
		changed, err := e.tend(ctx)
		unscored = unscored || changed
		if err == nil && unscored && time.Since(scored) > scoreEvery {
			if err = e.recordScores(ctx); err == nil {
				unscored, scored = false, time.Now()
			}
		}
		if err != nil && ctx.Err() == nil {
			e.log.Error("what is due not done: trying again", "error", err)
		}
		if e.now().Sub(counted) > time.Minute {
			counted = e.now()
			e.recount(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-e.marked:
			unscored = true
		}
	}
}

// scoreEvery is how often scores are recorded while a watch changes them.
const scoreEvery = time.Second

// Tend ends exemptions and judges again what time asks for, once, and records
// the scores that this changes.
func (e *Engine) Tend(ctx context.Context) error {
	changed, err := e.tend(ctx)
	if err != nil || !changed {
		return err
	}
	return e.recordScores(ctx)
}

// tend is Tend that records no scores; changed is whether there may be others.
func (e *Engine) tend(ctx context.Context) (changed bool, err error) {
	if err := e.prepare(ctx); err != nil {
		return false, err
	}
	ended, err := e.store.ExpireExemptions(ctx)
	if err != nil {
		return false, err
	}
	if len(ended) > 0 {
		e.notify(bulwark.Notice{Kind: "exemptions"})
		e.notify(bulwark.Notice{Kind: "findings"})
	}
	if _, err := e.store.MarkDue(ctx); err != nil {
		return len(ended) > 0, err
	}
	judged := 0
	err = e.Judge(ctx, func(n int, _ Applied) { judged += n })
	return judged+len(ended) > 0, err
}

// recount checks the counters of one scope at random against a recount; a
// difference is a bug, and is said so.
func (e *Engine) recount(ctx context.Context) {
	scopes, err := e.store.Scopes(ctx)
	if err != nil || len(scopes) == 0 {
		return
	}
	scope := scopes[mathrand.IntN(len(scopes))]
	if scope.Kind == "group" {
		return
	}
	diff, err := e.store.Recount(ctx, scope.Path)
	if err == nil && len(diff) > 0 {
		e.log.Error("counters differ from a recount: this is a bug", "scope", scope.Path, "counters", len(diff), "first", fmt.Sprintf("%+v", diff[0]))
	}
}

// outbox shows the store's outbox to the stream.
type outbox struct{ store *store.Store }

// verdictSubject is where transactions' events go.
const verdictSubject = stream.Events + ".verdicts"

func (o outbox) Next(ctx context.Context, limit int) ([]stream.Message, error) {
	rows, err := o.store.Outbox(ctx, limit)
	out := make([]stream.Message, len(rows))
	for i, r := range rows {
		out[i] = stream.Message{ID: r.ID, Subject: verdictSubject, Data: r.Data}
	}
	return out, err
}

func (o outbox) Done(ctx context.Context, list []stream.Message) error {
	ids := make([]string, len(list))
	for i, m := range list {
		ids[i] = m.ID
	}
	return o.store.DeleteOutbox(ctx, ids)
}

// publish hands the outbox on until ctx ends. Without a stream nobody listens,
// and what the outbox holds is dropped.
func (e *Engine) publish(ctx context.Context) {
	if e.stream != nil {
		e.stream.Pump(ctx, outbox{e.store}, e.pump)
		return
	}
	for {
		box := outbox{e.store}
		list, err := box.Next(ctx, 500)
		if err == nil && len(list) > 0 {
			if err = box.Done(ctx, list); err == nil {
				continue
			}
		}
		if err != nil && ctx.Err() == nil {
			e.log.Warn("outbox not emptied", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-e.pump:
		}
	}
}
