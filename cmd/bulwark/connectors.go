package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	"github.com/bulwarksec/bulwark/internal/quota"
	"github.com/bulwarksec/bulwark/internal/store"
)

// connectors are those that people configure: kept by the store, run by the
// engine. It is safe for concurrent use; one change is made at a time.
type connectors struct {
	*catalog
	store  *store.Store
	engine *pipeline.Engine
	deps   deps
	log    *slog.Logger

	mu    sync.Mutex
	flags map[string]string // what connectors that flags name claim, by id
}

func newConnectors(st *store.Store, engine *pipeline.Engine, loaded *pipeline.Loaded, log *slog.Logger, key []byte) *connectors {
	return &connectors{catalog: newCatalog(loaded.Content.Types), store: st, engine: engine, log: log, flags: map[string]string{},
		deps: deps{types: loaded.Content.Types, limiter: quota.NewLimiter(), now: time.Now, secretKey: key}}
}

// addFlag adds a connector that a flag names, which cannot be changed.
func (m *connectors) addFlag(s pipeline.Source, claim string) {
	m.flags[s.ID] = claim
	m.engine.Add(s)
}

func (m *connectors) named(id string) bool {
	_, ok := m.flags[id]
	return ok
}

// load runs what is configured. One that cannot be built any more is there, and
// its runs fail with the reason.
func (m *connectors) load(ctx context.Context) error {
	specs, err := m.store.Connectors(ctx)
	if err != nil {
		return err
	}
	for _, spec := range specs {
		if m.named(spec.ID) {
			return fmt.Errorf("connector %s: %w: it is configured, and flags name it as well", spec.ID, bulwark.ErrConflict)
		}
		source, err := m.stored(ctx, spec)
		if err != nil {
			m.log.Warn("connector cannot be used", "connector", spec.ID, "error", err)
			source = sourceOf(spec, broken{err})
		}
		m.engine.Add(source)
	}
	return nil
}

// broken gathers nothing but the reason.
type broken struct{ err error }

func (b broken) Gather(context.Context, func(bulwark.Gathered) error) error { return b.err }

// Specs implements api.Connectors.
func (m *connectors) Specs(ctx context.Context) ([]bulwark.ConnectorSpec, map[string]bool, error) {
	specs, err := m.store.Connectors(ctx)
	if err != nil {
		return nil, nil, err
	}
	secrets := map[string]bool{}
	names, err := m.store.Secrets(ctx)
	for _, spec := range specs {
		secrets[spec.ID] = slices.Contains(names, store.SecretOf(spec.ID))
	}
	return specs, secrets, err
}

// Add implements api.Connectors.
func (m *connectors) Add(ctx context.Context, spec bulwark.ConnectorSpec, secret json.RawMessage) (bulwark.ConnectorSpec, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if spec.ID == "" {
		spec.ID = spec.Kind + "-" + strings.ToLower(rand.Text()[:8])
	}
	source, err := m.source(&spec, secret)
	if err != nil {
		return spec, err
	}
	specs, err := m.store.Connectors(ctx)
	if err != nil {
		return spec, err
	}
	if m.named(spec.ID) || slices.ContainsFunc(specs, func(s bulwark.ConnectorSpec) bool { return s.ID == spec.ID }) {
		return spec, fmt.Errorf("connector %s: %w: there is one of this id", spec.ID, bulwark.ErrConflict)
	}
	if err := m.unclaimed(spec, specs); err != nil {
		return spec, err
	}
	if err := m.store.SaveConnector(ctx, spec, secret); err != nil {
		return spec, err
	}
	m.engine.Add(source)
	return spec, nil
}

// unclaimed refuses a connector that would gather what another gathers, so that
// each would take the other's assets for gone.
func (m *connectors) unclaimed(spec bulwark.ConnectorSpec, others []bulwark.ConnectorSpec) error {
	own := claimOf(spec)
	if own == "" {
		return nil
	}
	claims := maps.Clone(m.flags)
	for _, other := range others {
		claims[other.ID] = claimOf(other)
	}
	delete(claims, spec.ID)
	for id, claim := range claims {
		if claim == own {
			return fmt.Errorf("connector %s: %w: %s is gathered by connector %s", spec.ID, bulwark.ErrConflict, own, id)
		}
	}
	return nil
}

func claimOf(spec bulwark.ConnectorSpec) string {
	k, err := kindOf(spec.Kind)
	if err != nil || k.claim == nil {
		return ""
	}
	return k.claim(spec.Config)
}

// Change implements api.Connectors.
func (m *connectors) Change(ctx context.Context, id string, edit func(*bulwark.ConnectorSpec), secret json.RawMessage) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	specs, err := m.store.Connectors(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(specs, func(s bulwark.ConnectorSpec) bool { return s.ID == id })
	if i < 0 { // it may have been removed since it was looked at
		return fmt.Errorf("connector %s: %w", id, bulwark.ErrNotFound)
	}
	spec := specs[i]
	edit(&spec)
	spec.ID, spec.Kind = specs[i].ID, specs[i].Kind
	if err := m.unclaimed(spec, specs); err != nil {
		return err
	}
	use, err := m.secretFor(ctx, spec, secret)
	if err != nil {
		return err
	}
	source, err := m.source(&spec, use)
	if err != nil {
		return err
	}
	if secret != nil && empty(secret) {
		secret = []byte{}
	}
	if err := m.store.SaveConnector(ctx, spec, secret); err != nil {
		return err
	}
	m.engine.Add(source)
	return nil
}

// Remove implements api.Connectors.
func (m *connectors) Remove(ctx context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.named(id) {
		return fmt.Errorf("connector %s: %w: the server's flags name it", id, bulwark.ErrConflict)
	}
	if _, err := m.find(ctx, id); err != nil {
		return err
	}
	return m.engine.Remove(ctx, id)
}

// Probe implements api.Connectors.
func (m *connectors) Probe(ctx context.Context, spec bulwark.ConnectorSpec, secret json.RawMessage, yield func(bulwark.Probe)) error {
	p, err := m.tried(ctx, spec, secret)
	if err != nil {
		return err
	}
	try, ok := p.(prober)
	if !ok {
		return fmt.Errorf("%w: a connector of kind %s has no permissions to try", bulwark.ErrInvalid, spec.Kind)
	}
	return try.Probe(ctx, func(p bulwark.Probe) error { yield(p); return ctx.Err() })
}

// Plan implements api.Connectors.
func (m *connectors) Plan(ctx context.Context, spec bulwark.ConnectorSpec, secret json.RawMessage) (bulwark.CallPlan, error) {
	p, err := m.tried(ctx, spec, secret)
	if err != nil {
		return bulwark.CallPlan{}, err
	}
	plan, ok := p.(planner)
	if !ok {
		return bulwark.CallPlan{}, fmt.Errorf("%w: a connector of kind %s makes no API calls", bulwark.ErrInvalid, spec.Kind)
	}
	return plan.Plan(ctx)
}

// tried builds a connector that is only to be tried.
func (m *connectors) tried(ctx context.Context, spec bulwark.ConnectorSpec, secret json.RawMessage) (pipeline.Gatherer, error) {
	if spec.ID != "" {
		var err error
		if secret, err = m.secretFor(ctx, spec, secret); err != nil {
			return nil, err
		}
	}
	source, err := m.source(&spec, secret)
	return source.Gatherer, err
}

// find returns what is configured under an id.
func (m *connectors) find(ctx context.Context, id string) (bulwark.ConnectorSpec, error) {
	specs, err := m.store.Connectors(ctx)
	if err != nil {
		return bulwark.ConnectorSpec{}, err
	}
	i := slices.IndexFunc(specs, func(s bulwark.ConnectorSpec) bool { return s.ID == id })
	if i < 0 {
		return bulwark.ConnectorSpec{}, fmt.Errorf("connector %s: %w", id, bulwark.ErrNotFound)
	}
	return specs[i], nil
}

// secretFor returns the secret to use with a changed configuration: the given
// one, or the sealed one, unless that would be sent elsewhere than before. An
// empty one is none.
func (m *connectors) secretFor(ctx context.Context, spec bulwark.ConnectorSpec, secret json.RawMessage) (json.RawMessage, error) {
	if secret != nil {
		if empty(secret) {
			return nil, nil
		}
		return secret, nil
	}
	sealed, err := m.sealed(ctx, spec.ID)
	if err != nil || sealed == nil {
		return nil, err
	}
	was, err := m.find(ctx, spec.ID)
	if err != nil {
		return nil, err
	}
	k, err := kindOf(spec.Kind)
	if err != nil {
		return nil, err
	}
	if name := changedField(k.address, was.Config, spec.Config); name != "" {
		return nil, fmt.Errorf("%w: config.%s would send the secret elsewhere: give the secret again", bulwark.ErrInvalid, name)
	}
	return sealed, nil
}

// sealed returns a connector's secret, nil for none.
func (m *connectors) sealed(ctx context.Context, id string) (json.RawMessage, error) {
	names, err := m.store.Secrets(ctx)
	if err != nil || !slices.Contains(names, store.SecretOf(id)) {
		return nil, err
	}
	return m.store.Unseal(ctx, store.SecretOf(id))
}

// changedField returns the first of the fields that two configurations have
// otherwise, "" for none.
func changedField(names []string, a, b json.RawMessage) string {
	var x, y map[string]json.RawMessage
	if errors.Join(json.Unmarshal(a, &x), json.Unmarshal(b, &y)) != nil {
		return cmp.Or(append(slices.Clone(names), "")...)
	}
	for _, name := range names {
		if !bytes.Equal(bytes.TrimSpace(x[name]), bytes.TrimSpace(y[name])) {
			return name
		}
	}
	return ""
}

func empty(secret json.RawMessage) bool {
	var fields map[string]json.RawMessage
	return json.Unmarshal(secret, &fields) == nil && len(fields) == 0
}

// stored builds a connector with its sealed secret.
func (m *connectors) stored(ctx context.Context, spec bulwark.ConnectorSpec) (pipeline.Source, error) {
	secret, err := m.sealed(ctx, spec.ID)
	if err != nil {
		return pipeline.Source{}, err
	}
	return m.source(&spec, secret)
}

// source builds what a spec asks for, and writes its configuration compactly.
func (m *connectors) source(spec *bulwark.ConnectorSpec, secret json.RawMessage) (pipeline.Source, error) {
	k, err := kindOf(spec.Kind)
	if err != nil {
		return pipeline.Source{}, err
	}
	if len(spec.Config) == 0 {
		spec.Config = json.RawMessage("{}")
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, spec.Config); err != nil {
		return pipeline.Source{}, fmt.Errorf("%w: config is not JSON: %w", bulwark.ErrInvalid, err)
	}
	spec.Config = compact.Bytes()
	d := m.deps
	d.connector, d.limiter = spec.ID, m.deps.limiter.Fork()
	g, err := k.build(d, spec.Config, secret)
	if err != nil {
		return pipeline.Source{}, err
	}
	out := sourceOf(*spec, g)
	out.Calls = d.limiter.Calls
	return out, nil
}

func sourceOf(spec bulwark.ConnectorSpec, g pipeline.Gatherer) pipeline.Source {
	return pipeline.Source{ID: spec.ID, Kind: spec.Kind, Name: spec.Name, Interval: spec.Interval, Disabled: !spec.Enabled, Gatherer: g}
}
