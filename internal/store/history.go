package store

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/bulwarksec/bulwark"
)

// Versions returns the kept configurations of an asset, newest first.
func (s *Store) Versions(ctx context.Context, id string) ([]bulwark.Version, error) {
	n, err := s.numberOf(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("store: versions of %s: %w", id, err)
	}
	var out []bulwark.Version
	err = each(ctx, s.r, `SELECT version, changed, digest, gone FROM assets WHERE id = $1 UNION ALL SELECT version, at, digest, gone FROM history WHERE asset = $2 ORDER BY 1 DESC`, []any{n, n}, func(r rows) error {
		var v bulwark.Version
		var at, gone int64
		var digest []byte
		err := r.Scan(&v.Number, &at, &digest, &gone)
		v.At, v.Digest, v.Gone = instant(at), hex.EncodeToString(digest), gone != 0
		out = append(out, v)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: versions of %s: %w", id, err)
	}
	return out, nil
}

// ConfigAt returns the properties of a kept version, positions left out. A
// version that is not kept, or at which the asset was gone, is ErrNotFound.
func (s *Store) ConfigAt(ctx context.Context, id string, version int64) (bulwark.Value, error) {
	v, err := s.configAt(ctx, id, version)
	if err != nil {
		return bulwark.Value{}, fmt.Errorf("store: version %d of %s: %w", version, id, err)
	}
	return v, nil
}

func (s *Store) configAt(ctx context.Context, id string, version int64) (bulwark.Value, error) {
	n, err := s.numberOf(ctx, id)
	if err != nil {
		return bulwark.Value{}, err
	}
	// One statement, so that a version written meanwhile cannot come between.
	type step struct {
		version, gone int64
		data          []byte
	}
	var steps []step
	err = each(ctx, s.r, `SELECT a.version, a.gone, c.data FROM assets a JOIN configs c ON c.asset = a.id WHERE a.id = $1
 UNION ALL SELECT version, gone, diff FROM history WHERE asset = $2 AND version >= $3 ORDER BY 1 DESC`, []any{n, n, version}, func(r rows) error {
		var st step
		err := r.Scan(&st.version, &st.gone, &st.data)
		steps = append(steps, st)
		return err
	})
	if err != nil {
		return bulwark.Value{}, err
	}
	if len(steps) == 0 || steps[len(steps)-1].version != version {
		return bulwark.Value{}, bulwark.ErrNotFound
	}
	if steps[len(steps)-1].gone != 0 {
		return bulwark.Value{}, fmt.Errorf("%w: %w", bulwark.ErrNotFound, errGone)
	}
	body, err := s.unpack(ctx, steps[0].data)
	if err != nil {
		return bulwark.Value{}, err
	}
	for _, st := range steps[1:] {
		if len(st.data) == 0 {
			continue // the same configuration
		}
		if body, err = patch(body, st.data); err != nil {
			return bulwark.Value{}, fmt.Errorf("version %d: %w", st.version, err)
		}
	}
	a := &bulwark.Asset{ID: id}
	if err := decodeBody(a, body, nil, s.know.Load().Names); err != nil {
		return bulwark.Value{}, err
	}
	return a.Properties, nil
}
