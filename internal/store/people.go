package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/bulwarksec/bulwark"
)

// User returns a user and the hash of the password.
func (s *Store) User(ctx context.Context, name string) (u bulwark.User, password string, err error) {
	u, password, err = s.user(ctx, "name = $1", name)
	if err != nil {
		return u, "", fmt.Errorf("store: read user %s: %w", name, err)
	}
	return u, password, nil
}

// UserBySubject returns the user who is this subject of an issuer.
func (s *Store) UserBySubject(ctx context.Context, subject string) (bulwark.User, error) {
	u, _, err := s.user(ctx, "subject = $1 AND subject <> ''", subject)
	if err != nil {
		return u, fmt.Errorf("store: read user by subject: %w", err)
	}
	return u, nil
}

const selectUser = "SELECT name, password, grants, created, disabled, subject FROM users "

// user returns the one user for whom a condition holds.
func (s *Store) user(ctx context.Context, condition string, arg any) (u bulwark.User, password string, err error) {
	found := false
	err = each(ctx, s.r, selectUser+"WHERE "+condition, []any{arg}, func(r rows) (err error) {
		found = true
		u, password, err = scanUser(r)
		return err
	})
	if err == nil && !found {
		err = bulwark.ErrNotFound
	}
	return u, password, err
}

func scanUser(r rows) (u bulwark.User, password string, err error) {
	var grants string
	var created, disabled int64
	if err = r.Scan(&u.Name, &password, &grants, &created, &disabled, &u.Subject); err != nil {
		return u, "", err
	}
	u.Created, u.Disabled = instant(created), disabled != 0
	return u, password, json.Unmarshal([]byte(grants), &u.Grants)
}

// Users returns all users, sorted by name.
func (s *Store) Users(ctx context.Context) ([]bulwark.User, error) {
	var out []bulwark.User
	err := each(ctx, s.r, selectUser+"ORDER BY name", nil, func(r rows) error {
		u, _, err := scanUser(r)
		out = append(out, u)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: list users: %w", err)
	}
	return out, nil
}

// AddUser adds a user with the hash of a password; a taken name or subject is
// ErrConflict.
func (s *Store) AddUser(ctx context.Context, u bulwark.User, password string) error {
	err := s.write(ctx, func(ctx context.Context, c conn) error { return insertUser(ctx, c, u, password) })
	if err != nil {
		return fmt.Errorf("store: add user %s: %w", u.Name, err)
	}
	return nil
}

func insertUser(ctx context.Context, c conn, u bulwark.User, password string) error {
	if u.Name == "" || clean(u.Name) != u.Name {
		return refuse(bulwark.ErrInvalid, "the name %q", u.Name)
	}
	grants, err := json.Marshal(u.Grants)
	if err != nil {
		return err
	}
	taken, err := one(ctx, c, "SELECT name FROM users WHERE name = $1 OR (subject = $2 AND subject <> '')", []any{u.Name, u.Subject}, new(string))
	if err != nil {
		return err
	}
	if taken {
		return refuse(bulwark.ErrConflict, "the name is taken")
	}
	return c.exec(ctx, "INSERT INTO users (name, password, grants, created, disabled, subject) VALUES ($1, $2, $3, $4, $5, $6)", u.Name, password, string(grants), millis(u.Created), bit(u.Disabled), u.Subject)
}

// SetGrants replaces what a user may do.
func (s *Store) SetGrants(ctx context.Context, name string, grants []bulwark.Grant) error {
	text, err := json.Marshal(grants)
	if err == nil {
		err = s.setUser(ctx, "UPDATE users SET grants = $2 WHERE name = $1 RETURNING name", name, string(text))
	}
	if err != nil {
		return fmt.Errorf("store: set grants of %s: %w", name, err)
	}
	return nil
}

// SetDisabled keeps a user out, or lets them in again.
func (s *Store) SetDisabled(ctx context.Context, name string, disabled bool) error {
	if err := s.setUser(ctx, "UPDATE users SET disabled = $2 WHERE name = $1 RETURNING name", name, bit(disabled)); err != nil {
		return fmt.Errorf("store: set whether %s is disabled: %w", name, err)
	}
	return nil
}

func (s *Store) setUser(ctx context.Context, text string, args ...any) error {
	return s.write(ctx, func(ctx context.Context, c conn) error {
		found, err := one(ctx, c, text, args, new(string))
		if err == nil && !found {
			err = refuse(bulwark.ErrNotFound, "there is no such user")
		}
		return err
	})
}

// deleted runs a DELETE … RETURNING and is ErrNotFound when nothing was there.
func deleted(ctx context.Context, c conn, text string, args ...any) error {
	found, err := one(ctx, c, text, args, new(string))
	if err == nil && !found {
		return refuse(bulwark.ErrNotFound, "nothing to delete")
	}
	return err
}

// DeleteUser deletes the user with all sessions and tokens.
func (s *Store) DeleteUser(ctx context.Context, name string) error {
	err := s.write(ctx, func(ctx context.Context, c conn) error {
		if err := deleted(ctx, c, "DELETE FROM users WHERE name = $1 RETURNING name", name); err != nil {
			return err
		}
		if err := c.exec(ctx, "DELETE FROM sessions WHERE person = $1", name); err != nil {
			return err
		}
		return c.exec(ctx, "DELETE FROM tokens WHERE person = $1", name)
	})
	if err != nil {
		return fmt.Errorf("store: delete user %s: %w", name, err)
	}
	return nil
}

// AddSession stores a session and forgets those that have ended.
func (s *Store) AddSession(ctx context.Context, v bulwark.Session) error {
	err := s.write(ctx, func(ctx context.Context, c conn) error {
		if err := c.exec(ctx, "DELETE FROM sessions WHERE expires < $1", s.now()); err != nil {
			return err
		}
		return c.exec(ctx, "INSERT INTO sessions (hash, person, created, expires) VALUES ($1, $2, $3, $4)", v.Hash, v.User, millis(v.Created), millis(v.Expires))
	})
	if err != nil {
		return fmt.Errorf("store: add session: %w", err)
	}
	return nil
}

// Session returns the session of a hash, ended or not.
func (s *Store) Session(ctx context.Context, hash string) (bulwark.Session, error) {
	v := bulwark.Session{Hash: hash}
	var created, expires int64
	found, err := one(ctx, s.r, "SELECT person, created, expires FROM sessions WHERE hash = $1", []any{hash}, &v.User, &created, &expires)
	if err == nil && !found {
		err = bulwark.ErrNotFound
	}
	if err != nil {
		return bulwark.Session{}, fmt.Errorf("store: read session: %w", err)
	}
	v.Created, v.Expires = instant(created), instant(expires)
	return v, nil
}

// DeleteSession signs out; a session that is not there is no error.
func (s *Store) DeleteSession(ctx context.Context, hash string) error {
	err := s.write(ctx, func(ctx context.Context, c conn) error {
		return c.exec(ctx, "DELETE FROM sessions WHERE hash = $1", hash)
	})
	if err != nil {
		return fmt.Errorf("store: delete session: %w", err)
	}
	return nil
}

// AddToken stores a token; a known id is ErrConflict.
func (s *Store) AddToken(ctx context.Context, t bulwark.Token) error {
	grant, err := json.Marshal(t.Grant)
	if err != nil {
		return fmt.Errorf("store: add token: %w", err)
	}
	err = s.write(ctx, func(ctx context.Context, c conn) error {
		taken, err := one(ctx, c, "SELECT id FROM tokens WHERE id = $1 OR hash = $2", []any{t.ID, t.Hash}, new(string))
		if err != nil {
			return err
		}
		if taken {
			return refuse(bulwark.ErrConflict, "the id is taken")
		}
		return c.exec(ctx, "INSERT INTO tokens (id, hash, name, grants, person, created, expires, used) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
			t.ID, t.Hash, clean(t.Name), string(grant), t.User, millis(t.Created), millis(t.Expires), millis(t.LastUsed))
	})
	if err != nil {
		return fmt.Errorf("store: add token %s: %w", t.ID, err)
	}
	return nil
}

const tokenColumns = "SELECT id, hash, name, grants, person, created, expires, used FROM tokens "

func scanToken(r rows) (t bulwark.Token, err error) {
	var grant string
	var created, expires, used int64
	if err = r.Scan(&t.ID, &t.Hash, &t.Name, &grant, &t.User, &created, &expires, &used); err != nil {
		return t, err
	}
	t.Created, t.Expires, t.LastUsed = instant(created), instant(expires), instant(used)
	return t, json.Unmarshal([]byte(grant), &t.Grant)
}

// Tokens returns all tokens, newest first.
func (s *Store) Tokens(ctx context.Context) ([]bulwark.Token, error) {
	var out []bulwark.Token
	err := each(ctx, s.r, tokenColumns+"ORDER BY created DESC, id", nil, func(r rows) error {
		t, err := scanToken(r)
		out = append(out, t)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: list tokens: %w", err)
	}
	return out, nil
}

// Token returns the token of a hash and notes, at most once a minute, that it
// was used now. A store that cannot write lets it be used all the same.
func (s *Store) Token(ctx context.Context, hash string, now time.Time) (bulwark.Token, error) {
	var t bulwark.Token
	found := false
	err := each(ctx, s.r, tokenColumns+"WHERE hash = $1", []any{hash}, func(r rows) (err error) {
		found = true
		t, err = scanToken(r)
		return err
	})
	if err == nil && !found {
		err = bulwark.ErrNotFound
	}
	if err != nil {
		return bulwark.Token{}, fmt.Errorf("store: read token: %w", err)
	}
	if now.Sub(t.LastUsed) >= time.Minute {
		err := s.write(ctx, func(ctx context.Context, c conn) error {
			return c.exec(ctx, "UPDATE tokens SET used = $1 WHERE hash = $2", millis(now), hash)
		})
		if err != nil {
			s.log.Warn("use of a token not noted", "token", t.ID, "error", err)
		} else {
			t.LastUsed = instant(millis(now))
		}
	}
	return t, nil
}

// DeleteToken deletes the token of an id.
func (s *Store) DeleteToken(ctx context.Context, id string) error {
	err := s.write(ctx, func(ctx context.Context, c conn) error {
		return deleted(ctx, c, "DELETE FROM tokens WHERE id = $1 RETURNING id", id)
	})
	if err != nil {
		return fmt.Errorf("store: delete token %s: %w", id, err)
	}
	return nil
}

// AddLink stores a link and forgets those that have ended.
func (s *Store) AddLink(ctx context.Context, l bulwark.Link) error {
	grants, err := json.Marshal(l.Grants)
	if err != nil {
		return fmt.Errorf("store: add link: %w", err)
	}
	err = s.write(ctx, func(ctx context.Context, c conn) error {
		if err := c.exec(ctx, "DELETE FROM links WHERE expires < $1", s.now()); err != nil {
			return err
		}
		return c.exec(ctx, "INSERT INTO links (hash, person, grants, expires) VALUES ($1, $2, $3, $4)", l.Hash, l.User, string(grants), millis(l.Expires))
	})
	if err != nil {
		return fmt.Errorf("store: add link: %w", err)
	}
	return nil
}

// Link returns a link without using it up, ended or not.
func (s *Store) Link(ctx context.Context, hash string) (bulwark.Link, error) {
	l := bulwark.Link{Hash: hash}
	var grants string
	var expires int64
	found, err := one(ctx, s.r, "SELECT person, grants, expires FROM links WHERE hash = $1", []any{hash}, &l.User, &grants, &expires)
	if err == nil && !found {
		err = bulwark.ErrNotFound
	}
	if err == nil {
		err = json.Unmarshal([]byte(grants), &l.Grants)
	}
	if err != nil {
		return bulwark.Link{}, fmt.Errorf("store: read link: %w", err)
	}
	l.Expires = instant(expires)
	return l, nil
}

// TakeLink deletes the link and adds the user in one transaction, so that it
// works once. A taken name is ErrConflict and leaves the link.
func (s *Store) TakeLink(ctx context.Context, hash string, u bulwark.User, password string) error {
	err := s.write(ctx, func(ctx context.Context, c conn) error {
		if err := deleted(ctx, c, "DELETE FROM links WHERE hash = $1 RETURNING hash", hash); err != nil {
			return err
		}
		return insertUser(ctx, c, u, password)
	})
	if err != nil {
		return fmt.Errorf("store: take link for %s: %w", u.Name, err)
	}
	return nil
}
