package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/bulwarksec/bulwark"
)

// exec runs one statement in a write transaction of its own.
func (s *Store) exec(ctx context.Context, what, query string, args ...any) (int64, error) {
	var n int64
	err := s.tx(ctx, true, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return kind(err)
		}
		n, err = res.RowsAffected()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("store: %s: %w", what, err)
	}
	return n, nil
}

// must is exec of a statement that has to find its row.
func (s *Store) must(ctx context.Context, what, query string, args ...any) error {
	n, err := s.exec(ctx, what, query, args...)
	if err == nil && n == 0 {
		err = fmt.Errorf("store: %s: %w", what, bulwark.ErrNotFound)
	}
	return err
}

// User returns a user and the hash of the password.
func (s *Store) User(ctx context.Context, name string) (u bulwark.User, password string, err error) {
	var body string
	if err := s.read.QueryRowContext(ctx, `SELECT body, password FROM users WHERE name = $1`, name).Scan(&body, &password); err != nil {
		return u, "", fmt.Errorf("store: user %q: %w", name, kind(err))
	}
	return u, password, json.Unmarshal([]byte(body), &u)
}

// Users returns all users, by name.
func (s *Store) Users(ctx context.Context) ([]bulwark.User, error) {
	out := []bulwark.User{}
	err := s.each(ctx, s.read, func(r *sql.Rows) error {
		var body string
		var u bulwark.User
		if err := r.Scan(&body); err != nil {
			return err
		}
		err := json.Unmarshal([]byte(body), &u)
		out = append(out, u)
		return err
	}, `SELECT body FROM users ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("store: list users: %w", err)
	}
	return out, nil
}

// AddUser adds a user; a taken name is ErrConflict.
func (s *Store) AddUser(ctx context.Context, u bulwark.User, password string) error {
	return s.tx(ctx, true, func(tx *sql.Tx) error { return addUser(ctx, tx, u, password) })
}

func addUser(ctx context.Context, tx querier, u bulwark.User, password string) error {
	body, err := json.Marshal(u)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO users (name, body, password) VALUES ($1, $2, $3)`, u.Name, string(body), password); err != nil {
		return fmt.Errorf("store: add user %q: %w", u.Name, kind(err))
	}
	return nil
}

// DeleteUser deletes a user with all sessions and tokens.
func (s *Store) DeleteUser(ctx context.Context, name string) error {
	return s.tx(ctx, true, func(tx *sql.Tx) error {
		for _, q := range []string{`DELETE FROM sessions WHERE username = $1`, `DELETE FROM tokens WHERE username = $1`} {
			if _, err := tx.ExecContext(ctx, q, name); err != nil {
				return fmt.Errorf("store: delete user %q: %w", name, kind(err))
			}
		}
		res, err := tx.ExecContext(ctx, `DELETE FROM users WHERE name = $1`, name)
		if err != nil {
			return fmt.Errorf("store: delete user %q: %w", name, kind(err))
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return fmt.Errorf("store: delete user %q: %w", name, errors.Join(bulwark.ErrNotFound, err))
		}
		return nil
	})
}

// AddSession keeps a session, and drops those that have ended.
func (s *Store) AddSession(ctx context.Context, x bulwark.Session) error {
	if _, err := s.exec(ctx, "drop ended sessions", `DELETE FROM sessions WHERE expires < $1`, micros(s.opts.Now())); err != nil {
		return err
	}
	_, err := s.exec(ctx, "add session", `INSERT INTO sessions (hash, username, created, expires) VALUES ($1, $2, $3, $4)`, x.Hash, x.User, micros(x.Created), micros(x.Expires))
	return err
}

// Session returns the session of a hash.
func (s *Store) Session(ctx context.Context, hash string) (bulwark.Session, error) {
	x := bulwark.Session{Hash: hash}
	var created, expires int64
	if err := s.read.QueryRowContext(ctx, `SELECT username, created, expires FROM sessions WHERE hash = $1`, hash).Scan(&x.User, &created, &expires); err != nil {
		return x, fmt.Errorf("store: session: %w", kind(err))
	}
	x.Created, x.Expires = fromMicros(created), fromMicros(expires)
	return x, nil
}

// DeleteSession ends a session.
func (s *Store) DeleteSession(ctx context.Context, hash string) error {
	return s.must(ctx, "delete session", `DELETE FROM sessions WHERE hash = $1`, hash)
}

// keptToken is a token's body: its hash has a column of its own.
type keptToken struct {
	bulwark.Token
}

// AddToken keeps a token.
func (s *Store) AddToken(ctx context.Context, t bulwark.Token) error {
	body, err := json.Marshal(keptToken{t})
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, "add token", `INSERT INTO tokens (id, hash, username, body, last_used) VALUES ($1, $2, $3, $4, $5)`, t.ID, t.Hash, t.User, string(body), micros(t.LastUsed))
	return err
}

func scanToken(r interface{ Scan(...any) error }) (bulwark.Token, error) {
	var t keptToken
	var body, hash string
	var used int64
	if err := r.Scan(&body, &hash, &used); err != nil {
		return t.Token, kind(err)
	}
	err := json.Unmarshal([]byte(body), &t)
	t.Hash, t.LastUsed = hash, fromMicros(used)
	return t.Token, err
}

// Tokens returns all tokens.
func (s *Store) Tokens(ctx context.Context) ([]bulwark.Token, error) {
	out := []bulwark.Token{}
	err := s.each(ctx, s.read, func(r *sql.Rows) error {
		t, err := scanToken(r)
		out = append(out, t)
		return err
	}, `SELECT body, hash, last_used FROM tokens ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("store: list tokens: %w", err)
	}
	return out, nil
}

// Token returns the token of a hash and notes, at most once a minute, that it
// was used now.
func (s *Store) Token(ctx context.Context, hash string, now time.Time) (bulwark.Token, error) {
	t, err := scanToken(s.read.QueryRowContext(ctx, `SELECT body, hash, last_used FROM tokens WHERE hash = $1`, hash))
	if err != nil {
		return t, fmt.Errorf("store: token: %w", err)
	}
	if now.Sub(t.LastUsed) > time.Minute {
		if _, err := s.exec(ctx, "note use of token", `UPDATE tokens SET last_used = $1 WHERE hash = $2`, micros(now), hash); err != nil {
			return t, err
		}
	}
	return t, nil
}

// DeleteToken withdraws a token.
func (s *Store) DeleteToken(ctx context.Context, id string) error {
	return s.must(ctx, "delete token", `DELETE FROM tokens WHERE id = $1`, id)
}

// AddLink keeps a one-time link, and drops those that have ended.
func (s *Store) AddLink(ctx context.Context, l bulwark.Link) error {
	body, err := json.Marshal(l)
	if err != nil {
		return err
	}
	if _, err := s.exec(ctx, "drop ended links", `DELETE FROM links WHERE expires < $1`, micros(s.opts.Now())); err != nil {
		return err
	}
	_, err = s.exec(ctx, "add link", `INSERT INTO links (hash, body, expires) VALUES ($1, $2, $3)`, l.Hash, string(body), micros(l.Expires))
	return err
}

// Link returns a link without using it up.
func (s *Store) Link(ctx context.Context, hash string) (bulwark.Link, error) {
	var l bulwark.Link
	var body string
	if err := s.read.QueryRowContext(ctx, `SELECT body FROM links WHERE hash = $1`, hash).Scan(&body); err != nil {
		return l, fmt.Errorf("store: link: %w", kind(err))
	}
	return l, json.Unmarshal([]byte(body), &l)
}

// TakeLink deletes the link and adds the user in one transaction.
func (s *Store) TakeLink(ctx context.Context, hash string, u bulwark.User, password string) error {
	return s.tx(ctx, true, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM links WHERE hash = $1`, hash)
		if err != nil {
			return fmt.Errorf("store: take link: %w", kind(err))
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return fmt.Errorf("store: take link: %w", errors.Join(bulwark.ErrNotFound, err))
		}
		return addUser(ctx, tx, u, password)
	})
}

// auditHash chains an entry to the one before.
func auditHash(previous string, e bulwark.AuditEntry) string {
	h := sha256.New()
	for _, part := range []string{previous, fmt.Sprint(e.Number), fmt.Sprint(micros(e.At)), e.Actor, e.Action, e.Object, e.Detail} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Audit appends an action to the log, numbered and chained to the one before.
func (s *Store) Audit(ctx context.Context, e bulwark.AuditEntry) error {
	e.Actor, e.Action, e.Object, e.Detail = clean(e.Actor, 256), clean(e.Action, 256), clean(e.Object, 1024), clean(e.Detail, 4096)
	if e.At.IsZero() {
		e.At = s.opts.Now()
	}
	return s.tx(ctx, true, func(tx *sql.Tx) error {
		var number int64
		var previous string
		err := tx.QueryRowContext(ctx, `SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1`).Scan(&number, &previous)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("store: audit %s: %w", e.Action, kind(err))
		}
		e.Number = number + 1
		if _, err := tx.ExecContext(ctx, `INSERT INTO audit (number, at, actor, action, object, detail, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			e.Number, micros(e.At), e.Actor, e.Action, e.Object, e.Detail, auditHash(previous, e)); err != nil {
			return fmt.Errorf("store: audit %s: %w", e.Action, kind(err))
		}
		return nil
	})
}

func scanAudit(r interface{ Scan(...any) error }) (bulwark.AuditEntry, error) {
	var e bulwark.AuditEntry
	var at int64
	err := r.Scan(&e.Number, &at, &e.Actor, &e.Action, &e.Object, &e.Detail, &e.Hash)
	e.At = fromMicros(at)
	return e, err
}

// AuditLog returns the newest entries first.
func (s *Store) AuditLog(ctx context.Context, p bulwark.Page) ([]bulwark.AuditEntry, string, error) {
	before := int64(1) << 62
	if p.Cursor != "" {
		if _, err := fmt.Sscanf(p.Cursor, "%d", &before); err != nil {
			return nil, "", fmt.Errorf("store: audit log: %w: cursor", bulwark.ErrInvalid)
		}
	}
	limit := pageLimit(p)
	out := []bulwark.AuditEntry{}
	next := ""
	err := s.each(ctx, s.read, func(r *sql.Rows) error {
		e, err := scanAudit(r)
		if err != nil {
			return err
		}
		if len(out) == limit {
			next = fmt.Sprint(out[limit-1].Number)
			return nil
		}
		out = append(out, e)
		return nil
	}, `SELECT number, at, actor, action, object, detail, hash FROM audit WHERE number < $1 ORDER BY number DESC LIMIT $2`, before, limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("store: audit log: %w", err)
	}
	return out, next, nil
}

// VerifyAudit checks the whole chain and returns the number of the first entry
// that does not fit, 0 when all do.
func (s *Store) VerifyAudit(ctx context.Context) (int64, error) {
	previous, bad, want := "", int64(0), int64(1)
	err := s.each(ctx, s.read, func(r *sql.Rows) error {
		e, err := scanAudit(r)
		if err == nil && bad == 0 && (e.Number != want || e.Hash != auditHash(previous, e)) {
			bad = e.Number
		}
		previous = e.Hash
		want++
		return err
	}, `SELECT number, at, actor, action, object, detail, hash FROM audit ORDER BY number`)
	if err != nil {
		return 0, fmt.Errorf("store: verify the audit log: %w", err)
	}
	return bad, nil
}

// SaveRun keeps a run of a connector.
func (s *Store) SaveRun(ctx context.Context, r bulwark.Run) error {
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, "save run", `INSERT INTO runs (id, connector, started, body) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE SET body = excluded.body`, r.ID, r.Connector, micros(r.Started), string(body))
	return err
}

// Runs returns the newest runs first; connector "" is all.
func (s *Store) Runs(ctx context.Context, connector string, p bulwark.Page) ([]bulwark.Run, string, error) {
	w := &where{}
	if connector != "" {
		w.add("connector = ?", connector)
	}
	var all []bulwark.Run
	err := s.each(ctx, s.read, func(r *sql.Rows) error {
		var body string
		var run bulwark.Run
		if err := r.Scan(&body); err != nil {
			return err
		}
		err := json.Unmarshal([]byte(body), &run)
		all = append(all, run)
		return err
	}, `SELECT body FROM runs`+w.String()+` ORDER BY started DESC, id LIMIT 5000`, w.args...)
	if err != nil {
		return nil, "", fmt.Errorf("store: list runs: %w", err)
	}
	return cut(all, p, func(r bulwark.Run) string { return r.ID })
}
