package store

import (
	"context"
	"fmt"

	"github.com/bulwarksec/bulwark"
)

// SaveRun stores a run's progress under its ID.
func (s *Store) SaveRun(ctx context.Context, v bulwark.Run) error {
	err := s.write(ctx, func(ctx context.Context, c conn) error {
		id, err := s.next(ctx, c, "runs", 1)
		if err != nil {
			return err
		}
		return c.exec(ctx, `INSERT INTO runs (id, public, connector, started, ended, assets, judged, changed, gaps, calls, error) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
 ON CONFLICT (public) DO UPDATE SET ended = excluded.ended, assets = excluded.assets, judged = excluded.judged, changed = excluded.changed, gaps = excluded.gaps, calls = excluded.calls, error = excluded.error`,
			id, v.ID, v.Connector, millis(v.Started), millis(v.Ended), v.Assets, v.Judged, v.Changed, v.Gaps, v.Calls, clip(clean(v.Error), 4096))
	})
	if err != nil {
		return fmt.Errorf("store: save run %s: %w", v.ID, err)
	}
	return nil
}

// Runs returns a page of runs, newest first; connector "" is all.
func (s *Store) Runs(ctx context.Context, connector string, p bulwark.Page) ([]bulwark.Run, string, error) {
	sel, err := newSelect(p, "id", map[string]sortColumn{"": {column: "id", desc: true, number: true}})
	if err != nil {
		return nil, "", fmt.Errorf("store: list runs: %w", err)
	}
	f := &filter{}
	if connector != "" {
		f.add("connector = ?", connector)
	}
	var list []bulwark.Run
	var ids []int64
	text := "SELECT id, public, connector, started, ended, assets, judged, changed, gaps, calls, error FROM runs " + sel.clause(f)
	err = each(ctx, s.r, text, f.args, func(r rows) error {
		var id, started, ended int64
		var v bulwark.Run
		err := r.Scan(&id, &v.ID, &v.Connector, &started, &ended, &v.Assets, &v.Judged, &v.Changed, &v.Gaps, &v.Calls, &v.Error)
		v.Started, v.Ended = instant(started), instant(ended)
		ids, list = append(ids, id), append(list, v)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("store: list runs: %w", err)
	}
	if len(list) <= sel.limit {
		return list, "", nil
	}
	return list[:sel.limit], sel.cursor(ids[sel.limit-1], ids[sel.limit-1]), nil
}

// EndRuns ends the runs that a killed process left open.
func (s *Store) EndRuns(ctx context.Context, why string) error {
	err := s.write(ctx, func(ctx context.Context, c conn) error {
		return c.exec(ctx, "UPDATE runs SET ended = $1, error = $2 WHERE ended = 0", s.now(), why)
	})
	if err != nil {
		return fmt.Errorf("store: end runs: %w", err)
	}
	return nil
}

// Message is a packed row of the outbox.
type Message struct {
	ID   string // random: its Nats-Msg-Id
	Data []byte // an Event as JSON
}

// Outbox returns the first messages that are not deleted yet, in order.
func (s *Store) Outbox(ctx context.Context, limit int) ([]Message, error) {
	var out []Message
	err := each(ctx, s.r, fmt.Sprintf("SELECT message, data FROM outbox ORDER BY id LIMIT %d", limit), nil, func(r rows) error {
		var m Message
		err := r.Scan(&m.ID, &m.Data)
		out = append(out, m)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: read outbox: %w", err)
	}
	return out, nil
}

// OutboxSize returns how many messages are not deleted yet.
func (s *Store) OutboxSize(ctx context.Context) (n int64, err error) {
	if _, err := one(ctx, s.r, "SELECT COUNT(*) FROM outbox", nil, &n); err != nil {
		return 0, fmt.Errorf("store: count outbox: %w", err)
	}
	return n, nil
}

// DeleteOutbox deletes messages, by their ids, that the stream has synced.
func (s *Store) DeleteOutbox(ctx context.Context, ids []string) error {
	err := s.write(ctx, func(ctx context.Context, c conn) error {
		for _, id := range ids {
			if err := c.exec(ctx, "DELETE FROM outbox WHERE message = $1", id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store: delete from outbox: %w", err)
	}
	return nil
}

// Setting returns a setting's value, nil when it was never set.
func (s *Store) Setting(ctx context.Context, name string) ([]byte, error) {
	var v []byte
	if _, err := one(ctx, s.r, "SELECT value FROM settings WHERE name = $1", []any{name}, &v); err != nil {
		return nil, fmt.Errorf("store: read setting %s: %w", name, err)
	}
	return v, nil
}

// SetSetting sets a setting.
func (s *Store) SetSetting(ctx context.Context, name string, value []byte) error {
	err := s.write(ctx, func(ctx context.Context, c conn) error {
		return c.exec(ctx, "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, append([]byte{}, value...))
	})
	if err != nil {
		return fmt.Errorf("store: write setting %s: %w", name, err)
	}
	return nil
}
