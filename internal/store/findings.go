package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/bulwarksec/bulwark"
)

// finding is a stored finding of an asset.
type finding struct {
	id         int64
	key, check string
	open       bool
	severity   int
	because    string
	location   string
	unverified int64
	seen       bool
}

// findings brings the findings of an asset in line with its verdict and
// returns the severity of the worst open one. A finding opens on an unhealthy
// verdict and is resolved only on a healthy or not-applicable one; an unknown
// keeps it and marks it unverified.
func (b *batch) findings(ctx context.Context, assetID int64, v *bulwark.Verdict, fresh bool) (int, error) {
	have := map[string]*finding{}
	if !fresh {
		err := b.s.each(ctx, b.tx, func(r *sql.Rows) error {
			f := &finding{}
			err := r.Scan(&f.id, &f.key, &f.check, &f.open, &f.severity, &f.because, &f.location, &f.unverified)
			have[f.key] = f
			return err
		}, `SELECT f.id, f.key, c.name, f.open, f.severity, f.because, f.location, f.unverified FROM findings f JOIN checks c ON c.id = f.check_id WHERE f.asset_id = $1`, assetID)
		if err != nil {
			return 0, err
		}
	}
	states := map[string]bulwark.State{}
	highest := 0
	for _, a := range v.Assessments {
		states[a.Check] = a.State
		if a.State != bulwark.Unhealthy {
			continue
		}
		instances := a.Instances
		if len(instances) == 0 {
			instances = []bulwark.Instance{{Location: locationOf(a, v.Asset)}}
		}
		for _, in := range instances {
			severity, err := b.open(ctx, assetID, v.Asset, a, in, have)
			if err != nil {
				return 0, err
			}
			highest = max(highest, severity)
		}
	}
	for _, f := range have {
		if f.seen || !f.open {
			continue
		}
		if states[f.check] == bulwark.Undetermined {
			highest = max(highest, f.severity)
			if f.unverified == 0 {
				if _, err := b.tx.ExecContext(ctx, `UPDATE findings SET unverified = $1 WHERE id = $2`, b.now, f.id); err != nil {
					return 0, kind(err)
				}
			}
			continue
		}
		if err := resolve(ctx, b.tx, f.id, b.now); err != nil {
			return 0, err
		}
		b.applied.Resolved++
	}
	return highest, nil
}

func resolve(ctx context.Context, tx querier, id, now int64) error {
	_, err := tx.ExecContext(ctx, `UPDATE findings SET open = 0, resolved_at = $1, changed = $1, unverified = 0 WHERE id = $2`, now, id)
	return kind(err)
}

// open opens, reopens or refreshes one finding and returns its severity.
func (b *batch) open(ctx context.Context, assetID int64, asset *bulwark.Asset, a bulwark.Assessment, in bulwark.Instance, have map[string]*finding) (int, error) {
	key := bulwark.FindingID(a.Check, asset.ID, in.Key)
	severity := int(bulwark.Medium)
	if s, ok := b.s.opts.Severity(a.Check); ok {
		severity = int(s)
	}
	place := in.Location
	if place.File == "" {
		place = locationOf(a, asset)
	}
	location := ""
	if place.File != "" {
		data, err := json.Marshal(place)
		if err != nil {
			return 0, err
		}
		location = clean(string(data), 4096)
	}
	because := clean(a.Because, 4096)
	exemption, _ := b.s.exemptFinding(a.Check, asset.ID, b.scope, key)
	f := have[key]
	var err error
	switch {
	case f == nil:
		var check int64
		if check, err = b.checkID(ctx, a.Check); err != nil {
			return 0, err
		}
		_, err = b.tx.ExecContext(ctx, `INSERT INTO findings (key, asset_id, scope_id, check_id, instance, open, severity, because, location, first_seen, changed, resolved_at, reopened, unverified, exemption)
			VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8, $9, $9, 0, 0, 0, $10)`, key, assetID, b.scopeID, check, clean(in.Key, 1024), severity, because, location, b.now, exemption)
		b.applied.Opened++
		have[key] = &finding{seen: true, open: true}
	case !f.open:
		f.seen = true
		_, err = b.tx.ExecContext(ctx, `UPDATE findings SET open = 1, scope_id = $1, severity = $2, because = $3, location = $4, changed = $5, resolved_at = 0, reopened = reopened + 1, unverified = 0, exemption = $6 WHERE id = $7`,
			b.scopeID, severity, because, location, b.now, exemption, f.id)
		b.applied.Opened++
	default:
		f.seen = true
		if f.severity != severity || f.because != because || f.location != location || f.unverified != 0 {
			_, err = b.tx.ExecContext(ctx, `UPDATE findings SET scope_id = $1, severity = $2, because = $3, location = $4, unverified = 0 WHERE id = $5`, b.scopeID, severity, because, location, f.id)
		}
	}
	return severity, kind(err)
}

// locationOf is where a verdict was decided: at the first evidence of the asset
// itself that has a place, else where the asset is declared.
func locationOf(a bulwark.Assessment, asset *bulwark.Asset) bulwark.Position {
	for _, e := range a.Evidence {
		if e.Position.File != "" && e.Asset == asset.ID {
			return e.Position
		}
	}
	return asset.Position
}

func (b *batch) checkID(ctx context.Context, name string) (int64, error) {
	var id int64
	err := b.tx.QueryRowContext(ctx, `SELECT id FROM checks WHERE name = $1`, name).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		err = b.tx.QueryRowContext(ctx, `INSERT INTO checks (name) VALUES ($1) RETURNING id`, name).Scan(&id)
	}
	return id, kind(err)
}
