package main

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/pipeline"
	"github.com/bulwarksec/bulwark/internal/replay/estate"
)

// TestDemoSources gathers the estate by every collector at one time.
func TestDemoSources(t *testing.T) {
	until := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	e, err := estate.New(1, until.Add(-26*7*24*time.Hour), until)
	if err != nil {
		t.Fatal(err)
	}
	loaded, _ := pipeline.LoadContent(pipeline.ContentOptions{})
	sources, err := demoSources(e, loaded.Content.Types, func() time.Time { return until }, []byte("key"))
	if err != nil {
		t.Fatal(err)
	}
	types, gaps := map[string]int{}, map[string]int{}
	for _, s := range sources {
		start := time.Now()
		err := s.Gatherer.Gather(t.Context(), func(g bulwark.Gathered) error {
			if g.Asset != nil {
				types[g.Asset.Type]++
			}
			if g.Gap != nil {
				gaps[s.ID+" "+g.Gap.What+" "+g.Gap.Needs+" "+g.Gap.Why]++
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", s.ID, err)
		}
		t.Logf("%s took %s", s.ID, time.Since(start))
	}
	total := 0
	for _, typ := range slices.Sorted(maps.Keys(types)) {
		t.Logf("%5d %s", types[typ], typ)
		total += types[typ]
	}
	t.Logf("%d assets", total)
	for _, g := range slices.Sorted(maps.Keys(gaps)) {
		t.Logf("gap %d × %s", gaps[g], g)
	}
}
