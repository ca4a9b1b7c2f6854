package pipeline

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/bulwarksec/bulwark"
	"github.com/bulwarksec/bulwark/internal/store"
)

// Keep stores a report as if it had been collected and judged now, so that all
// that reads a store reads a report: its assets, without configuration where
// the report has none, their verdicts, and its gaps. What a comment silences
// does not apply, as in a store.
func Keep(ctx context.Context, st *store.Store, r *bulwark.Report) error {
	type key struct{ check, asset string }
	silenced := map[key]bulwark.Suppression{}
	for _, s := range r.Suppressed {
		silenced[key{s.Finding.Check, s.Finding.Asset}] = s.By
	}
	verdicts := make(map[string]*bulwark.Verdict, len(r.Assets))
	scopes := map[string][]*bulwark.Verdict{}
	for _, a := range r.Assets {
		v := &bulwark.Verdict{Asset: a, Digest: bulwark.Digest(a.Properties, nil), Revision: st.Revision()}
		verdicts[a.ID] = v
		scopes[a.Scope] = append(scopes[a.Scope], v)
	}
	for _, as := range r.Assessments { // sorted by check within an asset
		if by, ok := silenced[key{as.Check, as.Asset}]; ok && as.State == bulwark.Unhealthy {
			as = bulwark.Assessment{Check: as.Check, Asset: as.Asset, State: bulwark.NotApplicable, Because: "silenced at " + by.Position.String()}
		}
		if v := verdicts[as.Asset]; v != nil {
			v.Assessments = append(v.Assessments, as)
		}
	}
	for _, scope := range slices.Sorted(maps.Keys(scopes)) {
		for part := range slices.Chunk(scopes[scope], putBatch) {
			batch := make([]bulwark.Verdict, len(part))
			for i, v := range part {
				batch[i] = *v
			}
			if _, err := st.Apply(ctx, scope, batch); err != nil {
				return fmt.Errorf("pipeline: keep report: %w", err)
			}
		}
	}
	rows := make([]bulwark.GapRow, len(r.Gaps))
	for i, g := range r.Gaps {
		rows[i] = bulwark.GapRow{Gap: g, Connector: "report", At: r.Started}
	}
	for part := range slices.Chunk(rows, 500) {
		if err := st.ReportGaps(ctx, "report", part); err != nil {
			return fmt.Errorf("pipeline: keep report: %w", err)
		}
	}
	return nil
}
