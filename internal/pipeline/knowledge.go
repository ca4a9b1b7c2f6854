package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/compliance"
	"github.com/bulwarksec/bulwark/internal/store"
)

// Knowledge is what a store needs of loaded content.
func (l *Loaded) Knowledge() store.Knowledge {
	return store.Knowledge{
		Names: l.Content.Types.Names(),
		Delta: func(old, new *bulwark.States) []bulwark.Count { return compliance.Delta(old, new, l.Control) },
		Severity: func(id string) (bulwark.Severity, bool) {
			if c := l.Check(id); c != nil {
				return c.Severity, true
			}
			return 0, false
		},
		Keys:   l.Checks.Keys,
		Digest: l.digest,
	}
}

// digest is of an asset's data, volatile properties left out.
func (l *Loaded) digest(a *bulwark.Asset) string {
	var volatile []string
	if t := l.Content.Types.Get(a.Type); t != nil {
		for _, p := range t.Properties {
			if p.Volatile {
				volatile = append(volatile, strings.NewReplacer("[]", "", "{}", "").Replace(p.Path))
			}
		}
	}
	var skip func(string) bool
	if len(volatile) > 0 {
		skip = func(path string) bool { return slices.Contains(volatile, path) }
	}
	digest := bulwark.Digest(a.Properties, skip)
	if a.Observed.IsAbsent() {
		return digest
	}
	sum := sha256.Sum256([]byte(digest + bulwark.Digest(a.Observed, skip)))
	return hex.EncodeToString(sum[:16])
}

// arithmetic stands for how checks count: their controls.
func (l *Loaded) arithmetic() string {
	h := sha256.New()
	for _, c := range l.Checks.Checks() {
		fmt.Fprintf(h, "%s\x00%s\x00", c.ID, l.Control(c.ID))
	}
	return "1 " + hex.EncodeToString(h.Sum(nil)[:16])
}

// fingerprints stand for what decides the verdicts of each type: its checks, in
// order, and its type file.
func (l *Loaded) fingerprints() (map[string]string, error) {
	out := map[string]string{}
	for _, id := range l.typeIDs() {
		h := sha256.New()
		enc := json.NewEncoder(h)
		if t := l.Content.Types.Get(id); t != nil {
			if err := enc.Encode([]any{t.Groups, t.Properties, t.References, t.Views}); err != nil {
				return nil, fmt.Errorf("fingerprint of type %s: %w", id, err)
			}
		}
		for _, c := range l.Checks.For(id) {
			if err := enc.Encode([]any{c.ID, c.Severity, c.Parameters, c.When.Text, c.Let, c.Healthy.Text, c.Because.Text, c.Was, c.Equivalents}); err != nil {
				return nil, fmt.Errorf("fingerprint of check %s: %w", c.ID, err)
			}
		}
		out[id] = hex.EncodeToString(h.Sum(nil)[:8])
	}
	return out, nil
}

func (l *Loaded) typeIDs() []string {
	var ids []string
	for _, t := range l.Content.Types.All() {
		ids = append(ids, t.ID)
	}
	return ids
}

const fingerprintSetting = "content fingerprints"

// takeUp makes loaded content the store's, and marks the assets of those types
// of which something differs from what they were last judged by.
func (e *Engine) takeUp(ctx context.Context, l *Loaded) error {
	now, err := l.fingerprints()
	if err != nil {
		return err
	}
	data, err := e.store.Setting(ctx, fingerprintSetting)
	if err != nil {
		return err
	}
	before := map[string]string{}
	if len(data) > 0 {
		if err := json.Unmarshal(data, &before); err != nil {
			return fmt.Errorf("read fingerprints of content: %w", err)
		}
	}
	e.loaded.Store(l)
	recounted, err := e.store.Use(ctx, l.Knowledge(), l.arithmetic())
	if err != nil {
		return err
	}
	if recounted {
		e.notify(bulwark.Notice{Kind: "score"})
	}
	var changed []string
	for id, f := range now {
		if before[id] != f {
			changed = append(changed, id)
		}
	}
	for id := range before {
		if _, ok := now[id]; !ok {
			changed = append(changed, id)
		}
	}
	if len(changed) == 0 {
		return nil
	}
	slices.Sort(changed)
	for part := range slices.Chunk(changed, 500) {
		if err := e.store.MarkTypes(ctx, part); err != nil {
			return err
		}
	}
	if data, err = json.Marshal(now); err != nil {
		return err
	}
	return e.store.SetSetting(ctx, fingerprintSetting, data) // after the marks: a kill between marks again
}

// Adopt replaces the content and returns when it is in force. Assets of the
// types whose checks or type file differ are marked, and judged while Run runs
// or by Judge; where checks count otherwise, counters are made afresh.
func (e *Engine) Adopt(ctx context.Context, l *Loaded) error {
	if err := e.prepare(ctx); err != nil {
		return err
	}
	if err := e.takeUp(ctx, l); err != nil {
		return fmt.Errorf("pipeline: take up content: %w", err)
	}
	select {
	case e.marked <- struct{}{}:
	default: // it will be seen
	}
	return nil
}
