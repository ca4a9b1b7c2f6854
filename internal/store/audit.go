package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/bulwarksec/bulwark"
)

// auditHash covers an entry and the hash of the one before.
func auditHash(prev []byte, e bulwark.AuditEntry) []byte {
	h := sha256.New()
	h.Write(prev)
	var n [8]byte
	num := func(v int64) {
		binary.BigEndian.PutUint64(n[:], uint64(v))
		h.Write(n[:])
	}
	num(e.Number)
	num(millis(e.At))
	for _, s := range []string{e.Actor, e.Action, e.Object, e.Detail} {
		num(int64(len(s)))
		h.Write([]byte(s))
	}
	return h.Sum(nil)
}

// Audit appends to the log: the store numbers, hashes and chains. At is now
// where it is zero.
func (s *Store) Audit(ctx context.Context, e bulwark.AuditEntry) error {
	e.Actor, e.Action, e.Object, e.Detail = clean(e.Actor), clean(e.Action), clean(e.Object), clean(e.Detail)
	if e.At.IsZero() {
		e.At = s.opts.Now()
	}
	err := s.write(ctx, func(ctx context.Context, c conn) error {
		// The sequence's row serialises writers of every process.
		if _, err := s.next(ctx, c, "audit", 1); err != nil {
			return err
		}
		var last int64
		var prev []byte
		if _, err := one(ctx, c, "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1", nil, &last, &prev); err != nil {
			return err
		}
		e.Number = last + 1
		return c.exec(ctx, "INSERT INTO audit (number, at, actor, action, object, detail, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)",
			e.Number, millis(e.At), e.Actor, e.Action, e.Object, e.Detail, auditHash(prev, e))
	})
	if err != nil {
		return fmt.Errorf("store: write audit log: %w", err)
	}
	return nil
}

const auditColumns = "SELECT number, at, actor, action, object, detail, hash FROM audit "

func scanAudit(r rows) (e bulwark.AuditEntry, hash []byte, err error) {
	var at int64
	err = r.Scan(&e.Number, &at, &e.Actor, &e.Action, &e.Object, &e.Detail, &hash)
	e.At, e.Hash = instant(at), hex.EncodeToString(hash)
	return e, hash, err
}

// AuditLog returns a page of the log, newest first.
func (s *Store) AuditLog(ctx context.Context, p bulwark.Page) ([]bulwark.AuditEntry, string, error) {
	sel, err := newSelect(p, "number", map[string]sortColumn{"": {column: "number", desc: true, number: true}})
	if err != nil {
		return nil, "", fmt.Errorf("store: read audit log: %w", err)
	}
	f := &filter{}
	var list []bulwark.AuditEntry
	text := auditColumns + sel.clause(f)
	err = each(ctx, s.r, text, f.args, func(r rows) error {
		e, _, err := scanAudit(r)
		list = append(list, e)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("store: read audit log: %w", err)
	}
	if len(list) <= sel.limit {
		return list, "", nil
	}
	list = list[:sel.limit]
	last := list[sel.limit-1].Number
	return list, sel.cursor(last, last), nil
}

// VerifyAudit checks the whole chain, and returns the number of entries and the
// hash of the last: kept elsewhere, it also shows a log that was cut short. A
// broken chain is ErrConflict and names the entry.
func (s *Store) VerifyAudit(ctx context.Context) (entries int64, head string, err error) {
	var prev []byte
	for {
		n := 0
		err := each(ctx, s.r, auditColumns+"WHERE number > $1 ORDER BY number LIMIT 1000", []any{entries}, func(r rows) error {
			e, hash, err := scanAudit(r)
			if err != nil {
				return err
			}
			n++
			if e.Number != entries+1 || !bytes.Equal(hash, auditHash(prev, e)) {
				return fmt.Errorf("%w: the chain is broken at entry %d", bulwark.ErrConflict, entries+1)
			}
			entries, prev = e.Number, hash
			return nil
		})
		if err != nil {
			return entries, "", fmt.Errorf("store: verify audit log: %w", err)
		}
		if n < 1000 {
			return entries, hex.EncodeToString(prev), nil
		}
	}
}
