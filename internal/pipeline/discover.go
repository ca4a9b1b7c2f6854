package pipeline

import (
	"context"
	"time"

	"github.com/bulwarksec/bulwark"
)

const (
	discoverEvery   = 4 * time.Minute
	discoverTimeout = 2 * time.Minute
)

// toDiscover returns the sources whose scopes are to be asked for now.
func (e *Engine) toDiscover() []*source {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now()
	var out []*source
	for _, s := range e.sources {
		if _, ok := s.Gatherer.(Discoverer); ok && !s.Disabled && !s.asking && now.Sub(s.asked) >= discoverEvery {
			s.asked, s.asking = now, true
			out = append(out, s)
		}
	}
	return out
}

// discover asks a source which scopes it reaches now, and plans a run at once
// if one of them was never gathered by it. A scope starts a run once, so that
// one that cannot be read does not start others. One that is no longer reached
// is left to the next run.
func (e *Engine) discover(ctx context.Context, s *source) {
	ctx, release := s.within(ctx)
	defer release()
	asking, cancel := context.WithTimeout(ctx, discoverTimeout)
	defer cancel()
	fresh, err := e.freshScopes(asking, s)
	e.mu.Lock()
	s.asking = false
	if len(fresh) > 0 && e.find(s.ID) == s && !s.Disabled {
		for _, path := range fresh {
			s.known[path] = true
		}
		e.next[s.ID] = e.now() // or as soon as the run that goes on has ended
	}
	e.mu.Unlock()
	if len(fresh) > 0 {
		e.log.Info("new scopes: gathering now", "connector", s.ID, "scopes", len(fresh), "first", fresh[0])
	}
	if ctx.Err() != nil { // the process ends, or the source: that is no fault of it
		return
	}
	if err != nil {
		e.log.Warn("scopes not read", "connector", s.ID, "error", err)
		gap := bulwark.GapRow{Gap: bulwark.Gap{What: "scopes", Where: s.ID, Why: err.Error()}, Connector: s.ID, At: e.now()}
		err = e.store.ReportGaps(ctx, "scopes", []bulwark.GapRow{gap})
	} else {
		err = e.store.EndGapsOf(ctx, s.ID, "scopes")
	}
	if err != nil && ctx.Err() == nil {
		e.log.Error("gap of scopes not stored", "connector", s.ID, "error", err)
	}
}

// freshScopes returns the paths of the scopes that a source reaches and that
// were never gathered by it.
func (e *Engine) freshScopes(ctx context.Context, s *source) ([]string, error) {
	now, err := s.Gatherer.(Discoverer).Scopes(ctx)
	if err != nil {
		return nil, err
	}
	had, err := e.store.ConnectorScopes(ctx)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, v := range had[s.ID] {
		known[v.Path] = true
	}
	e.mu.Lock()
	var fresh []string
	for _, v := range now {
		if !known[v.Path] && !s.known[v.Path] {
			fresh = append(fresh, v.Path)
		}
	}
	e.mu.Unlock()
	return fresh, e.store.NameScopes(ctx, now)
}
