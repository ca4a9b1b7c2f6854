package pipeline

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/check"
)

// Gatherer yields what one source has: assets, gaps and listings, in any
// order. A part that fails is a gap; an error means that nothing more comes.
type Gatherer interface {
	Gather(ctx context.Context, yield func(bulwark.Gathered) error) error
}

// Progress is told how far a scan is; it may be called from any goroutine, one
// call at a time.
type Progress func(stage string, done, total int)

// Once gathers from all sources, judges every asset at the given time and
// returns the report. Nothing is stored. An object whose controller is also an
// asset is left to it: one fault, counted once.
func Once(ctx context.Context, set *check.Set, now time.Time, progress Progress, sources ...Gatherer) (*bulwark.Report, error) {
	if progress == nil {
		progress = func(string, int, int) {}
	}
	r := &bulwark.Report{Started: now, Checks: map[string]*bulwark.Check{}}
	seen, told := map[string]int{}, map[[3]string]bool{} // seen has each asset's place in the report
	for _, s := range sources {
		err := s.Gather(ctx, func(g bulwark.Gathered) error {
			switch {
			case g.Asset != nil:
				if i, ok := seen[g.Asset.ID]; ok { // read again: the later is the truer
					r.Assets[i] = g.Asset
					break
				}
				seen[g.Asset.ID] = len(r.Assets)
				r.Assets = append(r.Assets, g.Asset)
				progress("gathered", len(r.Assets), 0)
			case g.Gap != nil:
				addGap(r, told, *g.Gap)
			case g.Listing != nil && g.Listing.Gap != nil:
				addGap(r, told, *g.Listing.Gap)
			}
			return ctx.Err()
		})
		if err != nil {
			return nil, err
		}
	}
	r.Sort()
	if err := judge(ctx, r, set, now, progress); err != nil {
		return nil, err
	}
	addFindings(r)
	r.Sort()
	return r, nil
}

// addGap adds a gap that is not told yet; a listing may repeat one.
func addGap(r *bulwark.Report, told map[[3]string]bool, g bulwark.Gap) {
	if key := [3]string{g.What, g.Where, g.Why}; !told[key] {
		told[key] = true
		r.Gaps = append(r.Gaps, g)
	}
}

// judge fills the assessments of a report whose assets are sorted, on all
// processors.
func judge(ctx context.Context, r *bulwark.Report, set *check.Set, now time.Time, progress Progress) error {
	world := NewWorld(r.Assets)
	results := make([][]bulwark.Assessment, len(r.Assets))
	next := make(chan int)
	var wg sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				if !controlled(world, r.Assets[i]) {
					results[i] = set.Judge(r.Assets[i], world, now)
					for j := range results[i] {
						results[i][j].Queries = nil // nothing is judged again
					}
				}
				mu.Lock()
				done++
				progress("judged", done, len(r.Assets))
				mu.Unlock()
			}
		})
	}
	for i := range r.Assets {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("judge %d assets: %w", len(r.Assets), err)
	}
	n := 0
	for _, list := range results {
		n += len(list)
	}
	r.Assessments = slices.Grow(r.Assessments, n)
	for i, list := range results {
		results[i] = nil
		r.Assessments = append(r.Assessments, list...)
	}
	for _, c := range set.Checks() {
		r.Checks[c.ID] = c
	}
	return nil
}

// controlled reports whether another asset made this one, so that its verdict
// is the other's.
func controlled(w check.World, a *bulwark.Asset) bool {
	if !slices.ContainsFunc(a.Relations, func(r bulwark.Relation) bool { return r.Name == bulwark.RelController && r.Target != "" }) {
		return false // and a store need not be asked
	}
	owners, _ := w.Related(a, bulwark.RelController)
	return len(owners) > 0
}

// addFindings turns unhealthy assessments into findings, one an instance, and
// sets apart those that comments in source silence.
func addFindings(r *bulwark.Report) {
	for _, as := range r.Assessments {
		if as.State != bulwark.Unhealthy {
			continue
		}
		c, asset := r.Checks[as.Check], r.Asset(as.Asset)
		instances := as.Instances
		if len(instances) == 0 {
			instances = []bulwark.Instance{{Location: deciding(as, asset)}}
		}
		for _, in := range instances {
			f := bulwark.Finding{
				ID: bulwark.FindingID(as.Check, as.Asset, in.Key), Check: as.Check, Asset: as.Asset, Instance: in.Key,
				State: bulwark.Open, Severity: c.Severity, Risk: c.Severity, Because: as.Because, Location: in.Location,
				FirstSeen: r.Started, LastChanged: r.Started,
			}
			if f.Location.File == "" {
				f.Location = deciding(as, asset)
			}
			if by, ok := suppressed(c, asset); ok {
				r.Suppressed = append(r.Suppressed, bulwark.Suppressed{Finding: f, By: by})
				continue
			}
			r.Findings = append(r.Findings, f)
		}
	}
}

// deciding returns where the verdict was decided: at the first evidence with a
// place, else where the asset is declared.
func deciding(as bulwark.Assessment, asset *bulwark.Asset) bulwark.Position {
	for _, e := range as.Evidence {
		if e.Position.File != "" && e.Asset == as.Asset {
			return e.Position
		}
	}
	return asset.Position
}

// suppressed finds a comment that silences a check on an asset. A comment
// counts on the whole asset that it stands in.
func suppressed(c *bulwark.Check, a *bulwark.Asset) (bulwark.Suppression, bool) {
	for _, s := range a.Suppressions {
		if s.ID == "*" || s.ID == c.ID || slices.Contains(c.Was, s.ID) || slices.Contains(c.Equivalents[s.Tool], s.ID) {
			return s, true
		}
	}
	return bulwark.Suppression{}, false
}
